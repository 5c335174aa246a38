//! The command line: each command calls one function of `server`.

use std::process::ExitCode;

use clap::{ArgGroup, Args, Parser, Subcommand};
use commonhold::{
    domain::{
        id::{LicenceId, MailId, ResourceId},
        mail::State,
        refusal::Refusal,
        resource::Status,
    },
    server::{
        self, Fatal,
        config::{DatabaseArgs, SecretArgs, ServeArgs},
        demo, doctor,
        error::Error,
        generate::{self, Amounts},
        usecase::{self, licence::GrantForm},
    },
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
    /// Serve the web app and the REST API. SIGTERM lets what is being answered finish, within 10 seconds.
    Serve(ServeArgs),
    /// Bring the database up to date, and stop. Safe to run twice, and by two machines at once.
    Migrate,
    /// Fill an empty database with the example, and print its sign-ins.
    Demo {
        /// The address people use, for the links in the example's mail.
        #[arg(long, env = "COMMONHOLD_PUBLIC_URL", default_value = "http://localhost:3000")]
        public_url: String,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// Grant and end licences.
    #[command(subcommand)]
    Licence(LicenceCommand),
    /// Give an organization another plan.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Set how far a dataset has come, as a processing engine does.
    #[command(subcommand)]
    Dataset(DatasetCommand),
    /// See what became of mail, and try again what could not be delivered.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Check every invariant of the database, reading only. Exit code 1 if one is broken.
    Doctor,
    /// Make big data for measuring.
    Generate(GenerateArgs),
}

#[derive(Subcommand)]
enum LicenceCommand {
    /// Grant a licence to an organization, and print its id.
    ///
    /// For example: commonhold licence grant --org alpine-survey --product cloud-pro --model images-projects --images
    /// 20000 --projects 50 --until 2027-12-31
    Grant(GrantArgs),
    /// End a licence now.
    Expire {
        /// The licence's id, as `licence grant` printed it.
        id: String,
    },
}

#[derive(Subcommand)]
enum PlanCommand {
    /// Set the plan of an organization. A smaller one is refused while more is used than it allows.
    Set {
        /// Org ID or id of the organization.
        #[arg(long)]
        org: String,
        /// essential, premier or enterprise.
        plan: String,
    },
}

#[derive(Args)]
struct GrantArgs {
    /// Org ID or id of the organization.
    #[arg(long)]
    org: String,
    /// Account ID or id of one of its accounts; needed where there are several.
    #[arg(long)]
    account: Option<String>,
    /// discovery, desktop, cloud, cloud-pro, cloud-teams or cloud-enterprise.
    #[arg(long)]
    product: String,
    /// How a cloud licence is billed: images-projects or credits.
    #[arg(long)]
    model: Option<String>,
    /// Images in all, for images-projects.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    images: i64,
    /// Projects in all, for images-projects.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    projects: i64,
    /// Credits, for credits.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    credits: i64,
    /// Seats of a desktop licence.
    #[arg(long)]
    seats: Option<i64>,
    /// First day, like 2026-11-21; today where it is not given.
    #[arg(long)]
    from: Option<String>,
    /// Last day, like 2027-12-31; without end where it is not given.
    #[arg(long)]
    until: Option<String>,
}

#[derive(Subcommand)]
enum DatasetCommand {
    /// Set a dataset's status. The first step towards processing is charged to the account's licence, once.
    SetStatus {
        /// The dataset's id.
        id: String,
        /// draft, queued, waiting-for-credits, processing, processed or failed.
        status: String,
    },
}

#[derive(Subcommand)]
enum MailCommand {
    /// List the newest mails: id, state, tries, when, to whom, subject, and why it could not be delivered.
    List {
        /// Only those that are waiting, sent or failed.
        #[arg(long)]
        state: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Try again at once: one mail that failed or waits, or all that failed.
    #[command(group(ArgGroup::new("which").required(true).args(["id", "all_failed"])))]
    Retry {
        /// The mail's id, as `mail list` printed it.
        id: Option<String>,
        /// Every mail that failed and whose text is still kept.
        #[arg(long)]
        all_failed: bool,
    },
}

#[derive(Args)]
struct GenerateArgs {
    /// Fill this organization (Org ID or id) instead of new ones.
    #[arg(long)]
    org: Option<String>,
    /// How many new organizations.
    #[arg(long, default_value_t = 1)]
    orgs: u64,
    /// People in each.
    #[arg(long, default_value_t = 0)]
    people: u64,
    /// Resources in each: folders of a hundred datasets.
    #[arg(long, default_value_t = 0)]
    resources: u64,
    /// All datasets are Processed; without it one in ten is a Draft.
    #[arg(long)]
    processed: bool,
}

/// The command line writes no mail with links in it.
const NO_LINKS: &str = "";

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A refusal's fields one a line, for the person at the command line.
fn explain(error: Error) -> Fatal {
    match error {
        Error::Refused(Refusal::Invalid(fields)) => {
            let lines: Vec<String> =
                fields.iter().map(|error| format!("--{}: {}", error.field.replace('_', "-"), error.problem)).collect();
            lines.join("\n").into()
        }
        other => other.to_string().into(),
    }
}

#[expect(clippy::print_stdout, reason = "the command line talks to people")]
async fn run(cli: Cli) -> Result<ExitCode, Fatal> {
    let database = &cli.database;
    match cli.command {
        Command::Serve(args) => server::run(database, &args).await?,
        Command::Migrate => {
            server::open(database, true, true, NO_LINKS).await?.db().close().await;
            println!("The database is up to date.");
        }
        Command::Demo { public_url, secret } => {
            let public_url = public_url.trim_end_matches('/');
            let ctx = server::open_with(database, true, true, public_url, secret.secret()?).await?;
            demo::fill(&ctx).await.map_err(explain)?;
            println!("The example is in place. Everybody's password is: {}", demo::PASSWORD);
            for one in demo::PEOPLE {
                println!("  {:<20} {}", one.email(), one.shows);
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
            println!("{}", usecase::licence::grant(&ctx, &form).await.map_err(explain)?);
        }
        Command::Licence(LicenceCommand::Expire { id }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let id: LicenceId = id.parse().map_err(|_| format!("{id} is not an id."))?;
            usecase::licence::expire(&ctx, id).await.map_err(explain)?;
            println!("The licence has ended.");
        }
        Command::Plan(PlanCommand::Set { org, plan }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let (before, now) = usecase::plan::set(&ctx, &org, &plan).await.map_err(explain)?;
            if before == now {
                println!("The plan is {} already.", now.title());
            } else {
                println!("The plan was {} and is {} now.", before.title(), now.title());
            }
        }
        Command::Dataset(DatasetCommand::SetStatus { id, status }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let id: ResourceId = id.parse().map_err(|_| format!("{id} is not an id."))?;
            let status = Status::parse(&status).map_err(|_| format!("{status} is not a status. See --help."))?;
            let set = usecase::dataset::set_status(&ctx, id, status).await.map_err(explain)?;
            println!("The dataset is {}.", set.status.title());
            if !set.charged.is_nothing() {
                let paid = set.charged;
                println!("Charged: {} images, {} projects, {} credits.", paid.images, paid.projects, paid.credits);
            }
        }
        Command::Mail(MailCommand::List { state, limit }) => {
            let state = match &state {
                Some(word) => Some(
                    State::parse(word).map_err(|_| format!("{word} is not a state. Use waiting, sent or failed."))?,
                ),
                None => None,
            };
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            for mail in usecase::mail::list(&ctx, state, i64::from(limit)).await.map_err(explain)? {
                println!("{}", usecase::mail::line(&mail));
            }
        }
        Command::Mail(MailCommand::Retry { id, .. }) => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let tried = match id {
                Some(id) => {
                    let id: MailId = id.parse().map_err(|_| format!("{id} is not an id."))?;
                    usecase::mail::retry(&ctx, id).await.map_err(explain)?;
                    1
                }
                None => usecase::mail::retry_failed(&ctx).await.map_err(explain)?,
            };
            println!("{tried} to be tried again. A running server with --smtp does so within seconds.");
        }
        Command::Doctor => {
            let ctx = server::open(database, true, false, NO_LINKS).await?;
            let mut healthy = true;
            for finding in doctor::examine(&ctx).await.map_err(explain)? {
                healthy &= finding.broken == 0;
                let mark = if finding.broken == 0 { "ok    " } else { "BROKEN" };
                let count = if finding.broken == 0 { String::new() } else { format!(" ({} times)", finding.broken) };
                println!("{mark} {}{count}", finding.invariant);
            }
            return Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Generate(args) => {
            let ctx = server::open(database, true, true, NO_LINKS).await?;
            let amounts = Amounts {
                org: args.org,
                orgs: args.orgs,
                people: args.people,
                resources: args.resources,
                processed: args.processed,
            };
            for org in generate::generate(&ctx, &amounts).await.map_err(explain)? {
                println!("{org}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
