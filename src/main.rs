//! The command line: each command calls one function of `server`.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use clap::{ArgGroup, Args, Parser, Subcommand};
use commonhold::{
    domain::{
        id::{LicenceId, MailId, ResourceId},
        licence::{Amount, Model, last_day},
        mail::{MailState, one_line},
        organization::NewOrganizationForm,
        refusal::Refusal,
        resource::DatasetStatus,
    },
    server::{
        self, Fatal,
        config::{DatabaseArgs, SecretArgs, ServeArgs, public_url},
        demo, doctor,
        error::Error,
        generate::{self, Amounts},
        usecase::{
            self,
            licence::{GrantForm, OwnedLicence},
            operator::Operator,
            organization::OwnerForm,
        },
    },
    view::{LicenceView, billing::RequestView},
};

/// Rendering a page is thousands of small allocations, which this one answers in much less time than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Organizations own licences and data, people act through roles, and work moves between organizations without anything
/// being lost.
///
/// Start with `commonhold demo` (fills an empty database with an example) and `commonhold serve`.
#[derive(Parser)]
#[command(name = "commonhold", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the web app and the REST API. On SIGTERM, requests in progress have 10 seconds to finish.
    Serve(ServeArgs),
    /// Bring the database up to date, then exit. Safe to run twice, and on two machines at once.
    Migrate,
    /// Fill an empty database with example data, and print its sign-ins.
    Demo {
        /// The address that people use, for links in the example's mail.
        #[arg(long, env = "COMMONHOLD_PUBLIC_URL", default_value = "http://localhost:3000", value_parser = public_url)]
        public_url: String,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// Grant, top up, extend, end and list licences.
    ///
    /// Datasets that wait for credits start by themselves once a grant, top-up or extension allows it. The REST API can
    /// do the same under /api/v1/operator, with a key from `operator-key create`.
    #[command(subcommand)]
    Licence(LicenceCommand),
    /// Create an organization for someone.
    #[command(subcommand)]
    Organization(OrganizationCommand),
    /// Give an organization another plan.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// List and answer the requests that Owners send with "Contact sales".
    #[command(subcommand)]
    Request(RequestCommand),
    /// Create, list and revoke keys for the operator API.
    #[command(subcommand)]
    OperatorKey(KeyCommand),
    /// Set the status of a dataset, as a processing engine does.
    #[command(subcommand)]
    Dataset(DatasetCommand),
    /// List mail and its state, and retry mail that could not be delivered.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Copy the SQLite database into a new file, even while a server writes to it. Prints nothing on success; never
    /// overwrites a file.
    ///
    /// For example: `commonhold backup /backup/commonhold.db`
    Backup {
        /// The file to create.
        file: std::path::PathBuf,
    },
    /// Check every invariant of the database without changing it. Exit code 1 if one is broken.
    Doctor,
    /// Generate large amounts of data for measurements.
    Generate(GenerateArgs),
}

#[derive(Subcommand)]
enum LicenceCommand {
    /// Grant a licence to an organization, and print its id.
    ///
    /// For example: commonhold licence grant --org alpine-survey --product cloud-pro --model images-projects --images
    /// 20000 --projects 50 --until 2027-12-31
    Grant(GrantArgs),
    /// Change the last day of a licence, to an earlier or a later one. This can make an expired licence active again.
    ///
    /// For example: commonhold licence extend 0198c0de-0000-7000-8000-000000000000 --until 2028-12-31
    Extend {
        /// The licence's id, as `licence grant` and `licence list` print it.
        id: String,
        /// The new last day, like 2027-12-31, in UTC; not before the first one.
        #[arg(long)]
        until: String,
    },
    /// End a licence now. After that, people can only view, rename, move and delete.
    Expire {
        /// The licence's id, as `licence grant` and `licence list` print it.
        id: String,
    },
    /// Add to the balance of a licence, as an entry in its ledger.
    ///
    /// A licence on Images & Projects takes --images and --projects, one on Credits takes --credits. Amounts cannot be
    /// negative.
    ///
    /// For example: commonhold licence top-up 0198c0de-0000-7000-8000-000000000000 --credits 500
    TopUp {
        /// The licence's id, as `licence grant` and `licence list` print it.
        id: String,
        /// Images to add.
        #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
        images: i64,
        /// Projects to add.
        #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
        projects: i64,
        /// Credits to add.
        #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
        credits: i64,
    },
    /// List licences, oldest first: id, Org ID, product, state, last day and balance.
    List {
        /// Only licences of this organization (Org ID or id).
        #[arg(long, default_value = "")]
        org: String,
    },
}

#[derive(Subcommand)]
enum RequestCommand {
    /// List requests of Owners, newest first: id, date, state, Org ID, product, and who to reply to.
    List {
        /// Only requests that are open, answered, declined or withdrawn; `open` lists what needs an answer.
        #[arg(long, default_value = "")]
        state: String,
    },
    /// Show one request with all its text.
    Show {
        /// The request's id, as `request list` printed it.
        id: String,
    },
    /// Answer a request and mail the answer to the organization's Owners. Grant the licence with `licence grant` first.
    ///
    /// For example: commonhold request answer 0198c0de-0000-7000-8000-000000000000 --text "Granted until the end of 2027."
    Answer {
        /// The request's id, as `request list` printed it.
        id: String,
        /// The text for the Owners.
        #[arg(long)]
        text: String,
        /// Decline the request.
        #[arg(long)]
        decline: bool,
        /// The address that people use, for the link in the mail.
        #[arg(long, env = "COMMONHOLD_PUBLIC_URL", default_value = "http://localhost:3000", value_parser = public_url)]
        public_url: String,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Create a key and print it. It is shown only once; the database keeps only its digest.
    ///
    /// Use it as: `curl -H "Authorization: Bearer KEY" http://localhost:3000/api/v1/operator/licences`
    Create {
        /// What it is for, like "billing system". It appears in audit logs.
        name: String,
    },
    /// List the keys: id, when created, when last used, whether active, what it is for.
    List,
    /// Revoke a key at once.
    Revoke {
        /// The key's id, as `operator-key list` printed it.
        id: String,
    },
}

#[derive(Subcommand)]
enum PlanCommand {
    /// Set the plan of an organization. A smaller plan is refused while the organization uses more than it allows.
    Set {
        /// Org ID or id of the organization.
        #[arg(long)]
        org: String,
        /// essential, premier or enterprise.
        plan: String,
    },
}

#[derive(Subcommand)]
enum OrganizationCommand {
    /// Create an organization, and print its Org ID. If its Owner has no account, one is created, and they get a mail
    /// to set their password.
    ///
    /// For example: commonhold organization create --name "Alpine Survey" --country CH --owner anna@example.com --first-name
    /// Anna --last-name Muster
    Create {
        /// Its name.
        #[arg(long)]
        name: String,
        /// Its country, as a two-letter code like CH.
        #[arg(long)]
        country: String,
        /// business or individual.
        #[arg(long, default_value = "business")]
        kind: String,
        /// Email address of its Owner.
        #[arg(long)]
        owner: String,
        /// First name of the Owner, if they have no account yet.
        #[arg(long, default_value = "", hide_default_value = true)]
        first_name: String,
        /// Last name of the Owner, if they have no account yet.
        #[arg(long, default_value = "", hide_default_value = true)]
        last_name: String,
        /// The address that people use, for the link in the mail.
        #[arg(long, env = "COMMONHOLD_PUBLIC_URL", default_value = "http://localhost:3000", value_parser = public_url)]
        public_url: String,
    },
}

#[derive(Args)]
struct GrantArgs {
    /// Org ID or id of the organization.
    #[arg(long)]
    org: String,
    /// Account ID or id of one of its accounts; required if it has several.
    #[arg(long)]
    account: Option<String>,
    /// discovery, desktop, cloud, cloud-pro, cloud-teams or cloud-enterprise.
    #[arg(long)]
    product: String,
    /// How a cloud licence is billed: images-projects or credits.
    #[arg(long)]
    model: Option<String>,
    /// Total images, for images-projects.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    images: i64,
    /// Total projects, for images-projects.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    projects: i64,
    /// Total credits, for credits.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    credits: i64,
    /// Seats of a desktop licence.
    #[arg(long, allow_negative_numbers = true)]
    seats: Option<i64>,
    /// First day, like 2026-11-21. Default: today.
    #[arg(long)]
    from: Option<String>,
    /// Last day, like 2027-12-31. Default: no end.
    #[arg(long)]
    until: Option<String>,
}

#[derive(Subcommand)]
enum DatasetCommand {
    /// Set a dataset's status. The first step towards processing is charged once, to the account's licence.
    SetStatus {
        /// The dataset's id.
        id: String,
        /// draft, queued, waiting-for-credits, processing, processed or failed.
        status: String,
    },
}

#[derive(Subcommand)]
enum MailCommand {
    /// List the newest mails: id, state, tries, time, recipient, subject, and why it could not be delivered.
    List {
        /// Only mails that are waiting, sent or failed.
        #[arg(long)]
        state: Option<String>,
        /// The maximum number to list.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Retry at once: one mail that failed or is waiting, or all that failed.
    #[command(group(ArgGroup::new("which").required(true).args(["id", "all_failed"])))]
    Retry {
        /// The mail's id, as `mail list` printed it.
        id: Option<String>,
        /// Retry all failed mails whose text is still kept.
        #[arg(long)]
        all_failed: bool,
    },
}

#[derive(Args)]
struct GenerateArgs {
    /// Fill this organization (Org ID or id) instead of new ones.
    #[arg(long)]
    org: Option<String>,
    /// Number of new organizations.
    #[arg(long, default_value_t = 1)]
    orgs: u64,
    /// People in each.
    #[arg(long, default_value_t = 0)]
    people: u64,
    /// Resources in each: folders of a hundred datasets.
    #[arg(long, default_value_t = 0)]
    resources: u64,
    /// Make all datasets Processed; otherwise one in ten is a Draft.
    #[arg(long)]
    processed: bool,
    /// Put everything into one folder, instead of a hundred in each.
    #[arg(long)]
    flat: bool,
}

/// The command line writes no mail with links in it.
const NO_LINKS: &str = "";

/// Stack of a thread, in bytes: builds for debugging need more than the usual 2 MiB for a transfer.
const STACK: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build() {
        Ok(runtime) => runtime.block_on(answer()),
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn answer() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        // Whoever read this has seen enough: `commonhold mail list | head`.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// A line for the person or the program at the other end. Not `println!`, which panics where nobody reads any more.
fn say(line: impl Display) -> Result<(), Fatal> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// A line on standard error. Where nobody reads that, there is nobody to tell.
fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn is_closed_pipe(error: &Fatal) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A refusal's fields one a line, for the person at the command line.
fn explain(error: Error) -> Fatal {
    match error {
        Error::Refused(Refusal::Invalid(fields)) => {
            let lines: Vec<String> =
                fields.iter().map(|error| format!("--{}: {}", error.field.replace('_', "-"), error.words())).collect();
            lines.join("\n").into()
        }
        other => other.to_string().into(),
    }
}

fn licence_id(text: &str) -> Result<LicenceId, Fatal> {
    text.parse().map_err(|_| format!("{text} is not a valid id.").into())
}

/// A licence as a line: id, product, state, last day, what is left.
fn licence_line(licence: &LicenceView) -> String {
    let until = licence.active_until.map_or_else(|| "no end".to_owned(), |until| last_day(until).iso());
    let left = match licence.model {
        Some(Model::ImagesProjects) => {
            format!("{} images, {} projects left", licence.left.images, licence.left.projects)
        }
        Some(Model::Credits) => format!("{} credits left", licence.left.credits),
        None => licence.seats.map_or_else(String::new, |seats| format!("{seats} seats")),
    };
    format!("{}  {:<16}  {:<8}  {until:<10}  {left}", licence.id, licence.product.as_str(), licence.state.as_str())
}

/// A request as a line: id, when, state, Org ID, what, and whom to answer.
fn request_line(request: &RequestView) -> String {
    let (at, state) = (request.created_at.rfc3339(), request.state.as_str());
    let (what, name) = (request.summary(), one_line(&request.contact_name));
    format!("{}  {at}  {state:<9}  {}  {what}  {name} <{}>", request.id, request.org_id, request.contact_email)
}

async fn run(cli: Cli) -> Result<ExitCode, Fatal> {
    let database = &cli.database;
    match cli.command {
        Command::Serve(args) => server::run(database, &args).await?,
        Command::Migrate => {
            server::open(database, true, true, NO_LINKS).await?.db().close().await;
            say("The database is up to date.")?;
        }
        Command::Demo { public_url, secret } => {
            let public_url = public_url.trim_end_matches('/');
            let ctx = server::open_with(database, true, true, public_url, secret.secret()?).await?;
            demo::fill(&ctx).await.map_err(explain)?;
            say(format!("The example data is in place. Everyone's password is: {}", demo::PASSWORD))?;
            for one in demo::PEOPLE {
                say(format!("  {:<20} {}", one.email(), one.shows))?;
            }
            ctx.db().close().await;
        }
        Command::Licence(LicenceCommand::Grant(args)) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let form = GrantForm {
                org: args.org,
                account: args.account,
                product: args.product,
                model: args.model,
                images: args.images,
                projects: args.projects,
                credits: args.credits,
                seats: args.seats,
                from: args.from,
                until: args.until,
            };
            say(usecase::licence::grant(&ctx, &form).await.map_err(explain)?)?;
        }
        Command::Licence(LicenceCommand::Extend { id, until }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let operator = Operator::command_line();
            let licence = usecase::licence::extend(&ctx, &operator, licence_id(&id)?, &until).await.map_err(explain)?;
            say(licence_line(&licence))?;
        }
        Command::Licence(LicenceCommand::Expire { id }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            usecase::licence::expire(&ctx, licence_id(&id)?).await.map_err(explain)?;
            say("The licence has ended.")?;
        }
        Command::Organization(OrganizationCommand::Create {
            name,
            country,
            kind,
            owner,
            first_name,
            last_name,
            public_url,
        }) => {
            let ctx = server::open(database, true, false, &public_url).await?;
            let form = NewOrganizationForm { name, country, kind, ..NewOrganizationForm::default() };
            let owner = OwnerForm { email: owner, first_name, last_name };
            say(usecase::organization::create_for(&ctx, &owner, &form).await.map_err(explain)?)?;
            ctx.db().close().await;
        }
        Command::Plan(PlanCommand::Set { org, plan }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let (before, now) = usecase::plan::set(&ctx, &org, &plan).await.map_err(explain)?;
            if before == now {
                say(format!("The plan is already {}.", now.label()))?;
            } else {
                say(format!("The plan was {} and is now {}.", before.label(), now.label()))?;
            }
        }
        Command::Licence(LicenceCommand::TopUp { id, images, projects, credits }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let (operator, wanted) = (Operator::command_line(), Amount { images, projects, credits });
            let licence = usecase::licence::top_up(&ctx, &operator, licence_id(&id)?, wanted).await.map_err(explain)?;
            say(licence_line(&licence))?;
        }
        Command::Licence(LicenceCommand::List { org }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let mut cursor = Some(String::new());
            while let Some(from) = cursor {
                let page = usecase::licence::list_as_operator(&ctx, &org, &from, Some(usecase::MAX_PAGE_SIZE))
                    .await
                    .map_err(explain)?;
                for OwnedLicence { licence, org_id } in page.items {
                    say(format!("{}  {org_id}", licence_line(&licence)))?;
                }
                cursor = page.next_cursor;
            }
        }
        Command::Request(RequestCommand::List { state }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let mut cursor = Some(String::new());
            while let Some(from) = cursor {
                let page = usecase::operator::list_requests(&ctx, &state, &from, Some(usecase::MAX_PAGE_SIZE))
                    .await
                    .map_err(explain)?;
                for request in page.items {
                    say(request_line(&request))?;
                }
                cursor = page.next_cursor;
            }
        }
        Command::Request(RequestCommand::Show { id }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let request = usecase::operator::show_request(&ctx, &id).await.map_err(explain)?;
            say(request_line(&request))?;
            say(format!("{} of {}", one_line(&request.by_name), one_line(&request.organization_name)))?;
            if let Some(phone) = &request.contact_phone {
                say(phone)?;
            }
            for text in [&request.message, &request.answer].into_iter().flatten() {
                say("")?;
                for line in text.lines() {
                    say(format!("  {}", one_line(line)))?;
                }
            }
        }
        Command::Request(RequestCommand::Answer { id, text, decline, public_url }) => {
            let ctx = server::open(database, true, false, public_url.trim_end_matches('/')).await?;
            let state = if decline { "declined" } else { "answered" };
            let operator = Operator::command_line();
            usecase::operator::answer(&ctx, &operator, &id, state, &text).await.map_err(explain)?;
            say(format!("The request is {state}. The Owners get a mail."))?;
        }
        Command::OperatorKey(KeyCommand::Create { name }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let operator = Operator::command_line();
            let (made, key) = usecase::operator::create_key(&ctx, &operator, &name).await.map_err(explain)?;
            if let Err(error) = say(&key) {
                // It is shown this once, and nobody saw it.
                usecase::operator::revoke_key(&ctx, &operator, &made.id.to_string()).await.map_err(explain)?;
                complain(format!("The key could not be shown ({error}), so it was revoked. Create another."));
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::OperatorKey(KeyCommand::List) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let mut cursor = Some(String::new());
            while let Some(from) = cursor {
                let page =
                    usecase::operator::list_keys(&ctx, &from, Some(usecase::MAX_PAGE_SIZE)).await.map_err(explain)?;
                for key in page.items {
                    let used = key
                        .last_used_at
                        .map_or_else(|| "never used".to_owned(), commonhold::domain::time::Timestamp::rfc3339);
                    let state = if key.revoked_at.is_some() { "revoked" } else { "active" };
                    let (made, name) = (key.created_at.rfc3339(), one_line(&key.name));
                    say(format!("{}  {made}  {used:<24}  {state:<7}  {name}", key.id))?;
                }
                cursor = page.next_cursor;
            }
        }
        Command::OperatorKey(KeyCommand::Revoke { id }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            usecase::operator::revoke_key(&ctx, &Operator::command_line(), &id).await.map_err(explain)?;
            say("The key no longer works.")?;
        }
        Command::Dataset(DatasetCommand::SetStatus { id, status }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let id: ResourceId = id.parse().map_err(|_| format!("{id} is not a valid id."))?;
            let status = DatasetStatus::parse(&status).map_err(|_| format!("{status} is not a status. See --help."))?;
            let set = usecase::dataset::set_status(&ctx, id, status).await.map_err(explain)?;
            say(format!("The dataset is {}.", set.status.label()))?;
            if !set.charged.is_nothing() {
                let paid = set.charged;
                say(format!("Charged: {} images, {} projects, {} credits.", paid.images, paid.projects, paid.credits))?;
            }
        }
        Command::Mail(MailCommand::List { state, limit }) => {
            let state = match &state {
                Some(word) => Some(
                    MailState::parse(word)
                        .map_err(|_| format!("{word} is not a state. Use waiting, sent or failed."))?,
                ),
                None => None,
            };
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            for mail in usecase::mail::list(&ctx, state, i64::from(limit)).await.map_err(explain)? {
                say(usecase::mail::line(&mail))?;
            }
        }
        Command::Mail(MailCommand::Retry { id, .. }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let tried = match id {
                Some(id) => {
                    let id: MailId = id.parse().map_err(|_| format!("{id} is not a valid id."))?;
                    usecase::mail::retry(&ctx, id).await.map_err(explain)?;
                    1
                }
                None => usecase::mail::retry_failed(&ctx).await.map_err(explain)?,
            };
            say(format!("{tried} to be retried. A running server with --smtp does so within seconds."))?;
        }
        Command::Backup { file } => server::backup::backup(database, &file).await?,
        Command::Doctor => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let findings = doctor::examine(&ctx).await.map_err(explain)?;
            let healthy = findings.iter().all(|finding| finding.broken == 0);
            let verdict = if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE };
            for finding in findings {
                let mark = if finding.broken == 0 { "ok    " } else { "BROKEN" };
                let count = if finding.broken == 0 { String::new() } else { format!(" ({} times)", finding.broken) };
                match say(format!("{mark} {}{count}", finding.invariant)) {
                    // The exit code tells it even where nobody reads on.
                    Err(error) if is_closed_pipe(&error) => break,
                    said => said?,
                }
            }
            return Ok(verdict);
        }
        Command::Generate(args) => {
            let ctx = server::open(database, true, true, NO_LINKS).await?;
            let amounts = Amounts {
                org: args.org,
                orgs: args.orgs,
                people: args.people,
                resources: args.resources,
                processed: args.processed,
                flat: args.flat,
            };
            for org in generate::generate(&ctx, &amounts).await.map_err(explain)? {
                say(&org)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
