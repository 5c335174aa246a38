//! `commonhold organization` and `commonhold plan`.

use clap::Subcommand;
use commonhold::{
    domain::{organization::NewOrganizationForm, storage::size},
    server::{
        self, Fatal,
        config::{DatabaseArgs, public_url},
        usecase::{self, founding_by_operator::OwnerForm},
    },
};

use super::output::{explain, say};

#[derive(Subcommand)]
pub enum OrganizationCommand {
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

#[derive(Subcommand)]
pub enum PlanCommand {
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
pub enum StorageCommand {
    /// Set how much an organization may store. A limit that is exceeded already deletes nothing.
    ///
    /// For example: commonhold storage set --org alpine-survey 500000000000
    Set {
        /// Org ID or id of the organization.
        #[arg(long)]
        org: String,
        /// A number of bytes, or none.
        #[arg(value_parser = limit)]
        limit: Limit,
    },
    /// Show how much an organization stores, and may store.
    Show {
        /// Org ID or id of the organization.
        #[arg(long)]
        org: String,
    },
}

/// A number of bytes, or none.
#[derive(Clone, Copy, Debug)]
pub struct Limit(Option<i64>);

fn limit(text: &str) -> Result<Limit, String> {
    match text {
        "none" => Ok(Limit(None)),
        text => text.parse().map(|bytes| Limit(Some(bytes))).map_err(|_| "use a number of bytes, or none".to_owned()),
    }
}

pub async fn run_storage(database: &DatabaseArgs, command: StorageCommand) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    let storage = match command {
        StorageCommand::Set { org, limit } => usecase::storage::set(&ctx, &org, limit.0).await.map_err(explain)?,
        StorageCommand::Show { org } => usecase::storage::show_to_operator(&ctx, &org).await.map_err(explain)?,
    };
    match storage.limit {
        Some(limit) => say(format!("{} of {} are used.", size(storage.used), size(limit))),
        None => say(format!("{} are used. There is no limit.", size(storage.used))),
    }
}

pub async fn run(database: &DatabaseArgs, command: OrganizationCommand) -> Result<(), Fatal> {
    let OrganizationCommand::Create { name, country, kind, owner, first_name, last_name, public_url } = command;
    let ctx = server::open(database, true, false, &public_url).await?;
    let form = NewOrganizationForm { name, country, kind, ..NewOrganizationForm::default() };
    let owner = OwnerForm { email: owner, first_name, last_name };
    say(usecase::founding_by_operator::create_for(&ctx, &owner, &form).await.map_err(explain)?)?;
    ctx.db().close().await;
    Ok(())
}

pub async fn run_plan(database: &DatabaseArgs, command: PlanCommand) -> Result<(), Fatal> {
    let PlanCommand::Set { org, plan } = command;
    let ctx = super::open(database).await?;
    let (before, now) = usecase::plan::set(&ctx, &org, &plan).await.map_err(explain)?;
    if before == now {
        say(format!("The plan is already {}.", now.label()))
    } else {
        say(format!("The plan was {} and is now {}.", before.label(), now.label()))
    }
}
