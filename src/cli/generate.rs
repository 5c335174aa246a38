//! `commonhold generate`: big data for measuring.

use clap::Args;
use commonhold::server::{
    self, Fatal,
    config::DatabaseArgs,
    generate::{self, Amounts},
};

use super::{
    NO_LINKS,
    output::{explain, say},
};

#[derive(Args)]
pub struct GenerateArgs {
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

pub async fn run(database: &DatabaseArgs, args: GenerateArgs) -> Result<(), Fatal> {
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
    Ok(())
}
