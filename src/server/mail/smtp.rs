//! A conversation with a mail server.
//!
//! It speaks lettre's connection by hand instead of using its pooled transport, for two reasons. A refusal means another
//! thing at each step: "no such mailbox" is about this mail, "wrong password" and "you may not send" are about the
//! configuration, and every mail is to wait for that to be mended. And every step has a limit of time after which the
//! connection is thrown away; a pool would keep it in the middle of a message.

use std::time::Duration;

use lettre::{
    Address, Message,
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt, Rset},
        extension::ClientId,
    },
};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::domain::mail::reason;

/// Which mail server, and as whom.
#[derive(Clone, Debug)]
pub struct Delivery {
    server: Server,
    /// The sender of every mail.
    pub from: Mailbox,
    /// How long one step of a conversation may take. Some servers let a stranger wait half a minute before they greet.
    pub timeout: Duration,
}

/// How many steps of [`Delivery::timeout`] a mail takes at most: three to open a connection, five to hand it over.
pub const STEPS: u32 = 8;

#[derive(Clone)]
struct Server {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    hello: ClientId,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{} ({:?})", self.host, self.port, self.tls)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tls {
    /// Never.
    None,
    /// If the server offers it.
    Opportunistic,
    /// By STARTTLS, or not at all.
    Required,
    /// From the first byte.
    Wrapped,
}

const SHAPE: &str =
    "--smtp: use smtp://HOST:PORT or smtps://USER:PASSWORD@HOST; for STARTTLS, add ?tls=required to smtp://";

impl Delivery {
    /// Reads `smtp://` or `smtps://` addresses as lettre writes them: `smtps://user:password@host:465/name?tls=required`.
    /// The server is greeted with `name`, or with the host of the public URL. No message repeats the address, which may
    /// hold a password.
    ///
    /// # Errors
    /// A sentence for the person at the command line.
    pub fn parse(smtp: &str, from: Option<&str>, public_url: &str) -> Result<Self, String> {
        let host = Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let from = from.map_or_else(|| format!("Commonhold <no-reply@{host}>"), str::to_owned);
        let from: Mailbox = from.parse().map_err(|_| {
            format!(
                "--mail-from: \"{from}\" is not a sender. Use an address like \"Commonhold <no-reply@example.com>\""
            )
        })?;
        Ok(Self { server: Server::parse(smtp, &host)?, from, timeout: Duration::from_mins(1) })
    }

    /// Host and port of the mail server, for the log.
    pub fn server(&self) -> String {
        format!("{:?}", self.server)
    }
}

impl Server {
    fn parse(text: &str, hello: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| SHAPE.to_owned())?;
        let host = url.host().ok_or_else(|| SHAPE.to_owned())?;
        let local = match &host {
            Host::Domain(name) => {
                *name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        };
        let wanted = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let (tls, port) = match (url.scheme(), wanted.as_deref()) {
            ("smtps", None | Some("required")) => (Tls::Wrapped, 465),
            ("smtp", None | Some("none")) => (Tls::None, 25),
            ("smtp", Some("opportunistic")) => (Tls::Opportunistic, 587),
            ("smtp", Some("required")) => (Tls::Required, 587),
            ("smtp" | "smtps", Some(_)) => {
                return Err(
                    "--smtp: tls must be required, opportunistic or none; smtps:// always requires it".to_owned()
                );
            }
            _ => return Err(SHAPE.to_owned()),
        };
        let decode = |text: &str| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) | (_, None) => {
                return Err(
                    "--smtp: give a user and a password, or neither; write special characters as %XX".to_owned()
                );
            }
            (user, Some(password)) => match (decode(user), decode(password)) {
                (Ok(user), Ok(password)) => Some(Credentials::new(user, password)),
                _ => {
                    return Err(
                        "--smtp: the user or the password cannot be read; write special characters as %XX".to_owned()
                    );
                }
            },
        };
        if credentials.is_some() && !local && tls == Tls::None && wanted.is_none() {
            return Err("--smtp: the password would be sent unencrypted. Use smtps://, or add ?tls=required, or ?tls=none if that is what you want"
                .to_owned());
        }
        let name = url.path().trim_matches('/');
        let hello = if name.is_empty() { hello } else { name };
        Ok(Self {
            host: host.to_string().trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(port),
            tls,
            credentials,
            hello: match hello.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
                Ok(std::net::IpAddr::V4(ip)) => ClientId::Ipv4(ip),
                Ok(std::net::IpAddr::V6(ip)) => ClientId::Ipv6(ip),
                Err(_) => ClientId::Domain(hello.to_owned()),
            },
        })
    }
}

/// Why a mail was not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// It never will be: the recipient or the message is refused.
    Never(String),
    /// It may be later.
    Later(String),
}

/// An open connection.
pub struct Conversation {
    connection: AsyncSmtpConnection,
    timeout: Duration,
    /// In the middle of something, or gone: not to be used again.
    broken: bool,
}

impl Conversation {
    /// Connects, greets and signs in.
    ///
    /// # Errors
    /// Why the server cannot be used now.
    pub async fn open(delivery: &Delivery) -> Result<Self, String> {
        let Server { host, port, tls, credentials, hello } = &delivery.server;
        let timeout = delivery.timeout;
        let parameters = || TlsParameters::new(host.clone()).map_err(|error| reason(&error.to_string()));
        let wrapped = if *tls == Tls::Wrapped { Some(parameters()?) } else { None };
        let connecting =
            AsyncSmtpConnection::connect_tokio1((host.as_str(), *port), Some(timeout), hello, wrapped, None);
        let mut connection = within(timeout, connecting).await.map_err(|failure| failure.words())?;
        let encrypt = match tls {
            Tls::Required => true,
            Tls::Opportunistic => connection.can_starttls(),
            Tls::None | Tls::Wrapped => false,
        };
        if encrypt {
            within(timeout, connection.starttls(parameters()?, hello)).await.map_err(|failure| failure.words())?;
        }
        if let Some(credentials) = credentials {
            within(timeout, connection.auth(DEFAULT_MECHANISMS, credentials))
                .await
                .map_err(|failure| failure.words())?;
        }
        Ok(Self { connection, timeout, broken: false })
    }

    /// Whether the next mail needs a new connection.
    pub const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Hands a message over. Once this is `Ok` the server answers for it.
    ///
    /// # Errors
    /// Why not.
    pub async fn deliver(&mut self, message: &Message) -> Result<(), Undelivered> {
        let from = message.envelope().from().cloned();
        // A sender that is refused is a matter of configuration: every mail waits for it to be mended.
        self.step(Step::Sender(from)).await.map_err(|failure| Undelivered::Later(failure.words()))?;
        for to in message.envelope().to() {
            self.step(Step::Recipient(to.clone())).await.map_err(Failure::of_this_mail)?;
        }
        self.step(Step::Data).await.map_err(Failure::of_this_mail)?;
        self.step(Step::Message(message.formatted())).await.map_err(Failure::of_this_mail)
    }

    async fn step(&mut self, step: Step) -> Result<(), Failure> {
        let (connection, timeout) = (&mut self.connection, self.timeout);
        let answer = match step {
            Step::Sender(from) => within(timeout, connection.command(Mail::new(from, Vec::new()))).await,
            Step::Recipient(to) => within(timeout, connection.command(Rcpt::new(to, Vec::new()))).await,
            Step::Data => within(timeout, connection.command(Data)).await,
            Step::Message(bytes) => within(timeout, connection.message(&bytes)).await,
        };
        let Err(failure) = answer else { return Ok(()) };
        // After a clear no the connection is good for the next mail; after anything else nobody knows where it is.
        self.broken = !failure.is_answer() || within(timeout, self.connection.command(Rset)).await.is_err();
        Err(failure)
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        if !self.broken {
            // A server that does not answer a goodbye has taken everything all the same.
            let _ = tokio::time::timeout(self.timeout.min(Duration::from_secs(5)), self.connection.quit()).await;
        }
    }
}

enum Step {
    Sender(Option<Address>),
    Recipient(Address),
    Data,
    Message(Vec<u8>),
}

/// Why a step failed.
enum Failure {
    Smtp(Error),
    TooSlow(Duration),
}

impl Failure {
    /// Whether the server said no, instead of nothing.
    fn is_answer(&self) -> bool {
        matches!(self, Self::Smtp(error) if error.is_permanent() || error.is_transient())
    }

    fn words(&self) -> String {
        match self {
            Self::Smtp(error) => reason(&error.to_string()),
            Self::TooSlow(timeout) => format!("The mail server did not answer within {} seconds.", timeout.as_secs()),
        }
    }

    fn of_this_mail(self) -> Undelivered {
        match &self {
            Self::Smtp(error) if error.is_permanent() => Undelivered::Never(self.words()),
            _ => Undelivered::Later(self.words()),
        }
    }
}

async fn within<T>(timeout: Duration, step: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
    match tokio::time::timeout(timeout, step).await {
        Ok(answer) => answer.map_err(Failure::Smtp),
        Err(_) => Err(Failure::TooSlow(timeout)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Result<String, String> {
        Server::parse(text, "hold.example.com").map(|server| format!("{server:?}"))
    }

    #[test]
    fn mail_1_the_address_of_a_mail_server() {
        for (text, means) in [
            ("smtp://localhost:1025", "localhost:1025 (None)"),
            ("smtp://[::1]:1025", "::1:1025 (None)"),
            ("smtp://mail.example.com", "mail.example.com:25 (None)"),
            ("smtp://u:p@127.0.0.1:1025", "127.0.0.1:1025 (None)"),
            ("smtp://u:p@mail.example.com?tls=required", "mail.example.com:587 (Required)"),
            ("smtp://u:p@mail.example.com?tls=opportunistic", "mail.example.com:587 (Opportunistic)"),
            ("smtp://u:p@mail.example.com:2525?tls=none", "mail.example.com:2525 (None)"),
            ("smtps://u%40example.com:p%2F@mail.example.com/hold", "mail.example.com:465 (Wrapped)"),
        ] {
            assert_eq!(server(text).as_deref(), Ok(means), "{text}");
        }
    }

    #[test]
    fn mail_1_a_wrong_address_is_refused_without_repeating_the_password() {
        for text in [
            "",
            "mail.example.com",
            "http://mail.example.com",
            "smtp://",
            "smtp://u:secret@mail.example.com",
            "smtp://user@mail.example.com?tls=required",
            "smtps://u:secret@mail.example.com?tls=none",
            "smtp://u:secret@mail.example.com?tls=maybe",
            "smtp://u:secret@mail.example.com:99999",
            "smtps://u:%ff%secret@mail.example.com",
        ] {
            let said = server(text).expect_err(text);
            assert!(said.starts_with("--smtp: ") && !said.contains("secret"), "{text}: {said}");
        }
        let delivery = Delivery::parse("smtps://user:secret@mail.example.com", None, "https://hold.example.com");
        assert!(!format!("{delivery:?}").contains("secret"));
    }

    #[test]
    fn mail_1_the_sender_is_of_the_public_address() {
        let from = |from: Option<&str>, url: &str| {
            Delivery::parse("smtp://localhost", from, url).map(|delivery| delivery.from.to_string())
        };
        assert_eq!(
            from(None, "https://hold.example.com:8443").as_deref(),
            Ok("Commonhold <no-reply@hold.example.com>")
        );
        assert_eq!(from(None, "http://localhost:3000").as_deref(), Ok("Commonhold <no-reply@localhost>"));
        assert_eq!(from(Some("mail@example.com"), "http://localhost").as_deref(), Ok("mail@example.com"));
        for wrong in ["", "nobody", "a@b@c", "x\r\nBcc: y@example.com"] {
            let said = from(Some(wrong), "http://localhost").expect_err(wrong);
            assert!(said.starts_with("--mail-from: "), "{said}");
        }
    }
}
