//! `commonhold mail`: what became of mail, and trying again.

use clap::{ArgGroup, Subcommand};
use commonhold::{
    domain::{id::MailId, mail::MailState},
    server::{Fatal, config::DatabaseArgs, usecase::mail},
};

use super::output::{explain, say};

#[derive(Subcommand)]
pub enum MailCommand {
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

pub async fn run(database: &DatabaseArgs, command: MailCommand) -> Result<(), Fatal> {
    match command {
        MailCommand::List { state, limit } => list(database, state.as_deref(), limit).await,
        // Without an id the command line demands `--all-failed`.
        MailCommand::Retry { id, .. } => retry(database, id.as_deref()).await,
    }
}

async fn list(database: &DatabaseArgs, state: Option<&str>, limit: u32) -> Result<(), Fatal> {
    let state = state
        .map(|word| MailState::parse(word).map_err(|_| format!("{word} is not a state. Use waiting, sent or failed.")))
        .transpose()?;
    let ctx = super::open(database).await?;
    for mail in mail::list(&ctx, state, i64::from(limit)).await.map_err(explain)? {
        say(mail::line(&mail))?;
    }
    Ok(())
}

async fn retry(database: &DatabaseArgs, id: Option<&str>) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    let count = match id {
        Some(id) => {
            let id: MailId = id.parse().map_err(|_| format!("{id} is not a valid id."))?;
            mail::retry(&ctx, id).await.map_err(explain)?;
            1
        }
        None => mail::retry_failed(&ctx).await.map_err(explain)?,
    };
    say(format!("{count} to be retried. A running server with --smtp does so within seconds."))
}
