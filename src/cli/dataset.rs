//! `commonhold dataset`: what a processing engine says about a dataset.

use clap::Subcommand;
use commonhold::{
    domain::{id::ResourceId, resource::DatasetStatus},
    server::{Fatal, config::DatabaseArgs, usecase::dataset},
};

use super::output::{explain, say};

#[derive(Subcommand)]
pub enum DatasetCommand {
    /// Set a dataset's status. The first step towards processing is charged once, to the account's licence.
    SetStatus {
        /// The dataset's id.
        id: String,
        /// draft, queued, waiting-for-credits, processing, processed or failed.
        status: String,
    },
}

pub async fn run(database: &DatabaseArgs, command: DatasetCommand) -> Result<(), Fatal> {
    let DatasetCommand::SetStatus { id, status } = command;
    let ctx = super::open(database).await?;
    let id: ResourceId = id.parse().map_err(|_| format!("{id} is not a valid id."))?;
    let status = DatasetStatus::parse(&status).map_err(|_| format!("{status} is not a status. See --help."))?;
    let set = dataset::set_status(&ctx, id, status).await.map_err(explain)?;
    say(format!("The dataset is {}.", set.status.label()))?;
    if !set.charged.is_nothing() {
        let paid = set.charged;
        say(format!("Charged: {} images, {} projects, {} credits.", paid.images, paid.projects, paid.credits))?;
    }
    Ok(())
}
