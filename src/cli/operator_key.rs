//! `commonhold operator-key`: the keys of the operator's API.

use std::process::ExitCode;

use clap::Subcommand;
use commonhold::{
    domain::{mail::one_line, time::Timestamp},
    server::{
        Fatal,
        config::DatabaseArgs,
        usecase::{MAX_PAGE_SIZE, operator::Operator, operator_key},
    },
};

use super::output::{complain, explain, say};

#[derive(Subcommand)]
pub enum KeyCommand {
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

pub async fn run(database: &DatabaseArgs, command: KeyCommand) -> Result<ExitCode, Fatal> {
    match command {
        KeyCommand::Create { name } => return create(database, &name).await,
        KeyCommand::List => list(database).await?,
        KeyCommand::Revoke { id } => revoke(database, &id).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(database: &DatabaseArgs, name: &str) -> Result<ExitCode, Fatal> {
    let ctx = super::open(database).await?;
    let operator = Operator::command_line();
    let (made, key) = operator_key::create_key(&ctx, &operator, name).await.map_err(explain)?;
    if let Err(error) = say(&key) {
        // The key is shown only this once, and nobody saw it.
        operator_key::revoke_key(&ctx, &operator, &made.id.to_string()).await.map_err(explain)?;
        complain(format!("The key could not be shown ({error}), so it was revoked. Create another."));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(database: &DatabaseArgs) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    let mut cursor = Some(String::new());
    while let Some(from) = cursor {
        let page = operator_key::list_keys(&ctx, &from, Some(MAX_PAGE_SIZE)).await.map_err(explain)?;
        for key in page.items {
            let used = key.last_used_at.map_or_else(|| "never used".to_owned(), Timestamp::rfc3339);
            let state = if key.revoked_at.is_some() { "revoked" } else { "active" };
            let (made, name) = (key.created_at.rfc3339(), one_line(&key.name));
            say(format!("{}  {made}  {used:<24}  {state:<7}  {name}", key.id))?;
        }
        cursor = page.next_cursor;
    }
    Ok(())
}

async fn revoke(database: &DatabaseArgs, id: &str) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    operator_key::revoke_key(&ctx, &Operator::command_line(), id).await.map_err(explain)?;
    say("The key no longer works.")
}
