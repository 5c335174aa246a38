//! Configuration, by flag or environment variable. A wrong value is refused with what would be right.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use ipnet::{IpNet, Ipv4Net};

use crate::domain::{
    installation_policy::{self, Policy},
    licence::{Family, Product},
    plan::PlanTier,
    trial::{MAX_TRIAL_DAYS, Trial},
};

use super::{files::StorageArgs, mail::smtp::Delivery, secret::Secret, store::Synchronous};
use crate::domain::text::Email;

/// The database, for every command.
#[derive(Args, Clone, Debug)]
pub struct DatabaseArgs {
    /// Database: <sqlite://FILE> (created if missing) or <postgres://USER:PASSWORD@HOST/NAME>. `DATABASE_URL` is used
    /// if neither this nor `COMMONHOLD_DATABASE` is given.
    #[arg(long, env = "COMMONHOLD_DATABASE", global = true, value_parser = database)]
    database: Option<String>,

    /// How durable changes are in SQLite: "normal" survives a crash of the program, "full" also a power cut.
    #[arg(long, env = "COMMONHOLD_SYNCHRONOUS", global = true, value_enum, default_value_t = SynchronousArg::Normal)]
    synchronous: SynchronousArg,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum SynchronousArg {
    Normal,
    Full,
}

impl DatabaseArgs {
    /// The URL of the database.
    ///
    /// # Errors
    /// `DATABASE_URL` is used, and it is not a SQLite or PostgreSQL database.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment besides clap")]
    pub fn url(&self) -> Result<String, String> {
        match (&self.database, std::env::var("DATABASE_URL")) {
            (Some(url), _) => Ok(url.clone()),
            (None, Ok(url)) => database(&url).map_err(|right| format!("DATABASE_URL: {right}")),
            (None, Err(_)) => Ok("sqlite://commonhold.db".to_owned()),
        }
    }

    /// How durable changes are in SQLite.
    pub const fn synchronous(&self) -> Synchronous {
        match self.synchronous {
            SynchronousArg::Normal => Synchronous::Normal,
            SynchronousArg::Full => Synchronous::Full,
        }
    }
}

fn database(text: &str) -> Result<String, String> {
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    if known { Ok(text.to_owned()) } else { Err("use sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME".to_owned()) }
}

/// The secret of this installation.
#[derive(Args, Clone, Debug)]
pub struct SecretArgs {
    /// Folder for files, and for the secret that share links are made from. Created at the first start.
    #[arg(long, env = "COMMONHOLD_DATA", default_value = "data")]
    pub data: PathBuf,

    /// The secret that share links are made from, at least 32 characters, instead of the one in the data folder. Nodes
    /// that share a database need the same secret.
    #[arg(long, env = "COMMONHOLD_SECRET", hide_env_values = true)]
    secret: Option<SecretText>,
}

impl SecretArgs {
    /// The secret. It is created if there is none yet.
    pub fn secret(&self) -> Result<Secret, String> {
        match &self.secret {
            Some(SecretText(text)) if text.chars().count() >= 32 => Ok(Secret::of(text)),
            Some(_) => Err("--secret needs at least 32 characters. Try: openssl rand -base64 32".to_owned()),
            None => Secret::kept_in(&self.data).map_err(|error| {
                let folder = self.data.display();
                format!("The secret cannot be stored in {folder}: {error}. Give a writable --data folder, or --secret.")
            }),
        }
    }
}

/// The options of `serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Address and port to listen on.
    #[arg(long, env = "COMMONHOLD_LISTEN", default_value = "127.0.0.1:3000", value_parser = listen)]
    pub listen: SocketAddr,

    #[command(flatten)]
    pub secret: SecretArgs,

    #[command(flatten)]
    pub storage: StorageArgs,

    /// How many photos this node opens at the same moment, for previews and positions; each takes a core and about 100 MB. 0 leaves it
    /// to other nodes. Default: one less than there are cores, at least 1.
    #[arg(long, env = "COMMONHOLD_BUILTIN_WORKERS", value_parser = clap::value_parser!(u16).range(..=1024))]
    pub builtin_workers: Option<u16>,

    /// The address that people use, for links and for checking where requests come from. Default: `http://localhost` with
    /// the port of --listen.
    #[arg(long, env = "COMMONHOLD_PUBLIC_URL", value_parser = public_url)]
    pub public_url: Option<String>,

    /// What to log: error, warn, info, debug, or per module like "commonhold=debug,info".
    #[arg(long, env = "COMMONHOLD_LOG", default_value = "info,sqlx=warn,tower_sessions=warn,tower_sessions_core=warn")]
    pub log: String,

    /// Log as JSON, one object per line.
    #[arg(long, env = "COMMONHOLD_LOG_JSON")]
    pub log_json: bool,

    /// Whether to limit failed sign-ins; "off" is for tests and measurements on loopback only.
    #[arg(long, env = "COMMONHOLD_RATE_LIMITS", value_enum, default_value_t = OnOff::On)]
    pub rate_limits: OnOff,

    /// Address or network of a proxy in front of this server, like 127.0.0.1 or 10.0.0.0/8, whose X-Forwarded-For
    /// header is trusted. Repeat it, or separate several with commas. Without it, the connecting address counts as the
    /// client's.
    #[arg(long, env = "COMMONHOLD_TRUSTED_PROXY", value_delimiter = ',', value_parser = Network::parse)]
    pub trusted_proxy: Vec<Network>,

    /// Who may sign up: anyone, only people who were invited, or also people with an address at one of
    /// --sign-up-domains.
    #[arg(long, env = "COMMONHOLD_SIGN_UP", value_enum, default_value_t = SignUpArg::Open)]
    pub sign_up: SignUpArg,

    /// The domains for `--sign-up domains`, like example.com,example.org.
    #[arg(long, env = "COMMONHOLD_SIGN_UP_DOMAINS", default_value = "", hide_default_value = true)]
    pub sign_up_domains: String,

    /// Who may create organizations: anyone who is signed in, or the operator alone, with `commonhold organization create`.
    #[arg(long, env = "COMMONHOLD_ORGANIZATIONS", value_enum, default_value_t = OrganizationsArg::Anyone)]
    pub organizations: OrganizationsArg,

    /// Loopback address and port to serve /metrics on. Default: none.
    #[arg(long, env = "COMMONHOLD_METRICS", value_parser = loopback)]
    pub metrics: Option<SocketAddr>,

    /// Mail server: <smtps://USER:PASSWORD@HOST>, smtp://HOST:PORT, or smtp:// with ?tls=required for STARTTLS. Without
    /// it, mail is only kept, and can be read at /dev/inbox while only this machine can reach the server.
    #[arg(long, env = "COMMONHOLD_SMTP", hide_env_values = true)]
    pub smtp: Option<SecretText>,

    /// Sender of mail, like "Commonhold <no-reply@example.com>". Default: no-reply at the host of the public URL.
    #[arg(long, env = "COMMONHOLD_MAIL_FROM")]
    pub mail_from: Option<String>,

    /// The plan of new organizations: essential, premier or enterprise.
    #[arg(long, env = "COMMONHOLD_DEFAULT_PLAN", default_value = "enterprise", value_parser = plan)]
    pub default_plan: PlanTier,

    /// How many days the trial of a new organization lasts, 1 to 365: a licence of --trial-product with 10,000 images and 10
    /// projects. Default: no trial.
    #[arg(long, env = "COMMONHOLD_TRIAL_DAYS", value_parser = trial_days)]
    pub trial_days: Option<i64>,

    /// The product of that trial: cloud, cloud-pro, cloud-teams or cloud-enterprise.
    #[arg(long, env = "COMMONHOLD_TRIAL_PRODUCT", value_parser = trial_product)]
    pub trial_product: Option<Product>,

    /// The operator's email address, for requests that Owners send with "Contact sales" and tickets that people open with
    /// "Contact support". Without it, both are only kept: see `commonhold request list` and `commonhold ticket list`.
    #[arg(long, env = "COMMONHOLD_OPERATOR_MAIL", value_parser = address)]
    pub operator_mail: Option<String>,

    /// Do not bring the database up to date at startup.
    #[arg(long, env = "COMMONHOLD_NO_MIGRATE")]
    pub no_migrate: bool,
}

/// A secret, or an address that may contain a password. It is never printed.
#[derive(Clone)]
pub struct SecretText(String);

impl SecretText {
    /// The secret itself, for whom it is meant.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for SecretText {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// A switch.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnOff {
    /// On.
    On,
    /// Off.
    Off,
}

/// Who may sign up.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignUpArg {
    /// Anybody.
    Open,
    /// Who was invited.
    Invited,
    /// Who has an address at certain domains, or was invited.
    Domains,
}

/// Who may create organizations.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrganizationsArg {
    /// Anybody who is signed in.
    Anyone,
    /// The operator.
    Operator,
}

/// A single address, or a network like 10.0.0.0/8.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network(IpNet);

impl Network {
    /// Reads an address, or a network in CIDR notation. An IPv4-mapped IPv6 address counts as IPv4.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let written = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        let network = written.ok().and_then(|network| match network.addr().to_canonical() {
            IpAddr::V4(address) if network.max_prefix_len() == 128 => {
                let bits = network.prefix_len().checked_sub(96)?;
                // The first 96 bits of a mapped address are fixed, so a shorter prefix is no network of IPv4 addresses.
                Ipv4Net::new(address, bits).ok().map(IpNet::V4)
            }
            _ => Some(network),
        });
        network.map(Self).ok_or_else(|| "use an address like 127.0.0.1 or ::1, or a network like 10.0.0.0/8".to_owned())
    }

    /// Whether an address is in this network.
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip.to_canonical())
    }
}

/// Reads `--listen`. The only name is `localhost`, as the meaning of other names may change.
fn listen(text: &str) -> Result<SocketAddr, String> {
    let right = "use an address and a port: 127.0.0.1:3000 or localhost:3000 for this machine alone, 0.0.0.0:3000 or [::]:3000 for everyone who can reach it";
    let text = text.trim();
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    named.as_deref().unwrap_or(text).parse().map_err(|_| right.to_owned())
}

fn plan(text: &str) -> Result<PlanTier, String> {
    PlanTier::parse(text).map_err(|_| "use essential, premier or enterprise".to_owned())
}

fn trial_days(text: &str) -> Result<i64, String> {
    let days = text.trim().parse().ok().filter(|days| (1..=MAX_TRIAL_DAYS).contains(days));
    days.ok_or_else(|| format!("use a number of days from 1 to {MAX_TRIAL_DAYS}"))
}

fn trial_product(text: &str) -> Result<Product, String> {
    Product::parse(text)
        .ok()
        .filter(|product| product.family() == Family::Cloud)
        .ok_or_else(|| "use cloud, cloud-pro, cloud-teams or cloud-enterprise".to_owned())
}

/// Reads the public URL.
pub fn public_url(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let written = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', '\\', '%']));
    // The parser of URLs decides whether host and port are valid.
    let read = url::Url::parse(text).ok().filter(|url| url.host_str().is_some_and(|host| !host.is_empty()));
    // The parser accepts an empty port and port 0.
    if written && read.is_some_and(|url| url.port() != Some(0)) && !text.ends_with(':') {
        Ok(text.to_owned())
    } else {
        Err("use http://HOST or https://HOST, with :PORT (1 to 65535) if it is not the default, and no path".to_owned())
    }
}

fn address(text: &str) -> Result<String, String> {
    Email::parse(text)
        .map(|email| email.as_str().to_owned())
        .map_err(|_| "use an address like operator@example.com".to_owned())
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        _ => Err("use a loopback address like 127.0.0.1:9090".to_owned()),
    }
}

/// The configuration that the router needs, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The public URL, without a slash at its end.
    pub public_url: String,
    /// Whether failed sign-ins are limited.
    pub rate_limits: bool,
    /// Whether the development inbox is on: only this machine can reach the server.
    pub inbox: bool,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<Network>,
}

impl ServeArgs {
    /// How many photos are opened at the same moment.
    pub fn builtin_workers(&self) -> usize {
        self.builtin_workers.map_or_else(
            || std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1)),
            usize::from,
        )
    }

    /// Checks what clap cannot check option by option.
    pub fn settings(&self) -> Result<Settings, String> {
        let public_url = self.public_url.clone().unwrap_or_else(|| format!("http://localhost:{}", self.listen.port()));
        let rate_limits = self.rate_limits == OnOff::On;
        if !rate_limits && !is_loopback(&public_url) {
            return Err("--rate-limits off is for tests and measuring: it needs a --public-url on loopback.".to_owned());
        }
        let inbox = self.smtp.is_none() && is_loopback(&public_url) && self.listen.ip().is_loopback();
        Ok(Settings { public_url, rate_limits, inbox, trusted_proxies: self.trusted_proxy.clone() })
    }

    /// Who may sign up and create organizations.
    pub fn policy(&self) -> Result<Policy, String> {
        let domains = installation_policy::read_domains(&self.sign_up_domains)
            .map_err(|why| format!("--sign-up-domains: {why}"))?;
        let sign_up = match self.sign_up {
            SignUpArg::Open => installation_policy::SignUp::Open,
            SignUpArg::Invited => installation_policy::SignUp::Invited,
            SignUpArg::Domains => installation_policy::SignUp::Domains,
        };
        match (sign_up, domains.is_empty()) {
            (installation_policy::SignUp::Domains, true) => {
                return Err("--sign-up domains needs --sign-up-domains, like example.com,example.org.".to_owned());
            }
            (installation_policy::SignUp::Open | installation_policy::SignUp::Invited, false) => {
                return Err("--sign-up-domains goes with --sign-up domains only.".to_owned());
            }
            _ => {}
        }
        let founders = match self.organizations {
            OrganizationsArg::Anyone => installation_policy::Founders::Anyone,
            OrganizationsArg::Operator => installation_policy::Founders::Operator,
        };
        Ok(Policy { sign_up, domains, founders })
    }

    /// The trial of new organizations; `None` where they get none.
    pub fn trial(&self) -> Result<Option<Trial>, String> {
        match (self.trial_days, self.trial_product) {
            (None, None) => Ok(None),
            (Some(days), Some(product)) => Trial::new(product, days)
                .map(Some)
                .ok_or_else(|| "A trial is of a cloud product, and of 1 to 365 days.".to_owned()),
            (Some(_), None) => Err("--trial-days needs --trial-product, like cloud-pro.".to_owned()),
            (None, Some(_)) => Err("--trial-product needs --trial-days, like 28.".to_owned()),
        }
    }

    /// How mail is delivered; `None` if it is only kept. `public_url` is that of [`Self::settings`].
    pub fn delivery(&self, public_url: &str) -> Result<Option<Delivery>, String> {
        let Some(SecretText(smtp)) = &self.smtp else { return Ok(None) };
        Delivery::parse(smtp, self.mail_from.as_deref(), public_url).map(Some)
    }
}

/// Whether a public URL is of this machine alone.
pub fn is_loopback(public_url: &str) -> bool {
    let host = public_url.split("://").nth(1).unwrap_or_default();
    let name = host
        .strip_prefix('[')
        .map_or_else(|| host.split(':').next().unwrap_or_default(), |six| six.split(']').next().unwrap_or_default());
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_a_scheme_and_a_host() {
        assert_eq!(public_url("https://hold.example.com/"), Ok("https://hold.example.com".to_owned()));
        for right in
            ["http://localhost:3000", "http://[::1]:3000", "https://hold.example.com:8443", "http://127.0.0.1:80"]
        {
            assert_eq!(public_url(right), Ok(right.to_owned()));
        }
        for wrong in [
            "hold.example.com",
            "ftp://x",
            "https://",
            "https://a/b",
            "https://a@b",
            "http://:3000",
            "http://localhost:99999",
            "http://localhost:0",
            "http://localhost:",
            "http://localhost:x",
            "http://a b",
            "http://[::1",
        ] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_listened_on_is_an_address_or_localhost_and_a_refusal_says_what_is_right() {
        for (text, address) in [
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("localhost:3000", "127.0.0.1:3000"),
            ("[::]:3000", "[::]:3000"),
            ("0.0.0.0:80", "0.0.0.0:80"),
        ] {
            assert_eq!(listen(text).map(|address| address.to_string()).as_deref(), Ok(address));
        }
        for wrong in [":3000", "3000", "localhost", "localhost:99999", "hold.example.com:3000", ""] {
            let said = listen(wrong).expect_err(wrong);
            assert!(said.contains("localhost:3000") && said.contains("0.0.0.0:3000"), "{said}");
        }
    }

    #[test]
    fn attack_42_a_trusted_proxy_is_an_address_or_a_network() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        for (network, address, inside) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe00::1", false),
            ("::1", "::1", true),
            ("::/0", "2001:db8::1", true),
        ] {
            assert_eq!(Network::parse(network).expect(network).contains(ip(address)), inside, "{network} {address}");
        }
        for wrong in
            ["", "proxy.example.com", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/8/8", "::ffff:10.0.0.0/8"]
        {
            assert!(Network::parse(wrong).is_err(), "{wrong}");
        }
        let both = serve(&["--trusted-proxy", "127.0.0.1,10.0.0.0/8"]);
        assert_eq!(both.settings().expect("settings").trusted_proxies.len(), 2);
    }

    #[test]
    fn auth_1_the_operator_says_who_may_sign_up() {
        assert_eq!(serve(&[]).policy(), Ok(Policy::default()));
        let policy =
            serve(&["--sign-up", "domains", "--sign-up-domains", "A.example,b.example"]).policy().expect("one");
        assert_eq!(
            (policy.sign_up, policy.domains.as_slice()),
            (installation_policy::SignUp::Domains, ["a.example".to_owned(), "b.example".to_owned()].as_slice())
        );
        let closed = serve(&["--sign-up", "invited", "--organizations", "operator"]).policy().expect("one");
        assert_eq!((closed.has_sign_up(), closed.has_founding()), (false, false));
        for wrong in [
            &["--sign-up", "domains"] as &[&str],
            &["--sign-up-domains", "a.example"],
            &["--sign-up", "domains", "--sign-up-domains", "nonsense"],
        ] {
            assert!(serve(wrong).policy().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn rate_limits_are_switched_off_on_loopback_only() {
        for (url, local) in [
            ("http://localhost:3000", true),
            ("http://127.0.0.1:80", true),
            ("http://[::1]:3000", true),
            ("https://hold.example.com", false),
            ("http://localhost.example.com", false),
        ] {
            assert_eq!(is_loopback(url), local, "{url}");
        }
    }

    #[derive(clap::Parser)]
    struct Serve {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn serve(flags: &[&str]) -> ServeArgs {
        <Serve as clap::Parser>::parse_from(std::iter::once(&"serve").chain(flags)).serve
    }

    #[test]
    fn org_8_the_operators_address_is_one() {
        assert_eq!(serve(&["--operator-mail", " ops@example.com "]).operator_mail.as_deref(), Some("ops@example.com"));
        assert_eq!(serve(&[]).operator_mail, None);
        for wrong in ["ops", "ops@localhost", "Ops <ops@example.com>", ""] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn mail_1_the_inbox_is_there_only_on_loopback_and_without_a_mail_server() {
        for (flags, inbox, delivers) in [
            (&[] as &[&str], true, false),
            (&["--smtp", "smtp://localhost:1025"], false, true),
            (&["--public-url", "https://hold.example.com"], false, false),
            (&["--listen", "0.0.0.0:3000"], false, false),
        ] {
            let args = serve(flags);
            let settings = args.settings().expect("settings");
            assert_eq!(settings.inbox, inbox, "{flags:?}");
            let delivery = args.delivery(&settings.public_url).expect("a mail server or none");
            assert_eq!(delivery.is_some(), delivers, "{flags:?}");
        }
    }

    #[test]
    fn acct_2_new_organizations_get_the_plan_the_operator_says_or_enterprise() {
        assert_eq!(serve(&[]).default_plan, PlanTier::Enterprise);
        assert_eq!(serve(&["--default-plan", "essential"]).default_plan, PlanTier::Essential);
        assert!(plan("huge").is_err());
    }

    #[test]
    fn lic_7_a_trial_takes_days_and_a_cloud_product_and_is_off_by_default() {
        assert_eq!(serve(&[]).trial(), Ok(None));
        let trial = serve(&["--trial-days", "28", "--trial-product", "cloud-pro"]).trial();
        assert_eq!(trial, Ok(Trial::new(Product::CloudPro, 28)));
        for (half, said) in
            [(["--trial-days", "28"], "--trial-product"), (["--trial-product", "cloud"], "--trial-days")]
        {
            assert!(serve(&half).trial().expect_err("half of it").contains(said), "{half:?}");
        }
        for wrong in ["0", "-1", "366", "28.5", "many", ""] {
            assert!(trial_days(wrong).expect_err(wrong).contains("1 to 365"), "{wrong}");
        }
        for wrong in ["discovery", "desktop", "moon", ""] {
            assert!(trial_product(wrong).expect_err(wrong).contains("cloud-teams"), "{wrong}");
        }
    }

    #[test]
    fn mail_1_the_password_of_the_mail_server_is_never_printed() {
        let args = serve(&["--smtp", "smtp://user:letters-go-out@mail.example.com"]);
        assert!(!format!("{args:?}").contains("letters-go-out"));
        assert!(!args.delivery("http://localhost:3000").expect_err("unencrypted").contains("letters-go-out"));
    }
}
