//! `commonhold app`: what only the operator decides about apps.

use clap::Subcommand;
use commonhold::server::{
    Fatal,
    config::DatabaseArgs,
    usecase::{app, operator::Operator},
};

use super::output::{explain, say};

#[derive(Subcommand)]
pub enum AppCommand {
    /// Authorize everybody to run an app, or end that with --off. Those whom the app names itself stay authorized.
    ///
    /// For example: commonhold app everybody ortho-fast
    Everybody {
        /// The app, as it is called in its address.
        slug: String,
        /// End it.
        #[arg(long)]
        off: bool,
    },
}

pub async fn run(database: &DatabaseArgs, command: AppCommand) -> Result<(), Fatal> {
    let AppCommand::Everybody { slug, off } = command;
    let ctx = super::open(database).await?;
    let app = app::authorize_everybody(&ctx, &Operator::command_line(), &slug, !off).await.map_err(explain)?;
    say(if app.everybody {
        format!("Everybody may run “{}”.", app.title)
    } else {
        format!("“{}” is for those whom it names.", app.title)
    })
}
