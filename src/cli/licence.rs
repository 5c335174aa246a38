//! `commonhold licence`: granting, topping up, extending, ending and listing licences.

use clap::{Args, Subcommand};
use commonhold::{
    domain::{
        id::LicenceId,
        licence::{Amount, Model, last_day},
    },
    server::{
        Fatal,
        config::DatabaseArgs,
        usecase::{
            MAX_PAGE_SIZE,
            licence::operator::{self as licences, GrantForm, OwnedLicence},
            operator::Operator,
        },
    },
    view::LicenceView,
};

use super::output::{explain, say};

#[derive(Subcommand)]
pub enum LicenceCommand {
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

#[derive(Args)]
pub struct GrantArgs {
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

pub async fn run(database: &DatabaseArgs, command: LicenceCommand) -> Result<(), Fatal> {
    match command {
        LicenceCommand::Grant(args) => grant(database, args).await,
        LicenceCommand::Extend { id, until } => extend(database, &id, &until).await,
        LicenceCommand::Expire { id } => expire(database, &id).await,
        LicenceCommand::TopUp { id, images, projects, credits } => {
            top_up(database, &id, Amount { images, projects, credits }).await
        }
        LicenceCommand::List { org } => list(database, &org).await,
    }
}

async fn grant(database: &DatabaseArgs, args: GrantArgs) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
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
    say(licences::grant(&ctx, &form).await.map_err(explain)?)
}

async fn extend(database: &DatabaseArgs, id: &str, until: &str) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    let operator = Operator::command_line();
    let licence = licences::extend(&ctx, &operator, read_id(id)?, until).await.map_err(explain)?;
    say(describe(&licence))
}

async fn expire(database: &DatabaseArgs, id: &str) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    licences::expire(&ctx, read_id(id)?).await.map_err(explain)?;
    say("The licence has ended.")
}

async fn top_up(database: &DatabaseArgs, id: &str, amount: Amount) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    let operator = Operator::command_line();
    let licence = licences::top_up(&ctx, &operator, read_id(id)?, amount).await.map_err(explain)?;
    say(describe(&licence))
}

async fn list(database: &DatabaseArgs, org: &str) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    let mut cursor = Some(String::new());
    while let Some(from) = cursor {
        let page = licences::list_as_operator(&ctx, org, &from, Some(MAX_PAGE_SIZE)).await.map_err(explain)?;
        for OwnedLicence { licence, org_id } in page.items {
            say(format!("{}  {org_id}", describe(&licence)))?;
        }
        cursor = page.next_cursor;
    }
    Ok(())
}

fn read_id(text: &str) -> Result<LicenceId, Fatal> {
    text.parse().map_err(|_| format!("{text} is not a valid id.").into())
}

/// A line for a licence: id, product, state, last day, what is left.
fn describe(licence: &LicenceView) -> String {
    let until = licence.active_until.map_or_else(|| "no end".to_owned(), |until| last_day(until).iso());
    let left = match licence.model {
        Some(Model::ImagesProjects) => {
            format!("{} images, {} projects left", licence.left.images, licence.left.projects)
        }
        Some(Model::Credits) => format!("{} credits left", licence.left.credits),
        None => licence.seats.map_or_else(String::new, |seats| format!("{seats} seats")),
    };
    let trial = if licence.trial { ", trial" } else { "" };
    format!(
        "{}  {:<16}  {:<8}  {until:<10}  {left}{trial}",
        licence.id,
        licence.product.as_str(),
        licence.state.as_str()
    )
}
