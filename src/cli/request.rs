//! `commonhold request`: what Owners asked for with **Contact sales**, and answering it.

use clap::Subcommand;
use commonhold::{
    domain::mail::one_line,
    server::{
        self, Fatal,
        config::{DatabaseArgs, public_url},
        usecase::{MAX_PAGE_SIZE, operator::Operator, purchase_request},
    },
    view::billing::RequestView,
};

use super::output::{explain, say};

#[derive(Subcommand)]
pub enum RequestCommand {
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

pub async fn run(database: &DatabaseArgs, command: RequestCommand) -> Result<(), Fatal> {
    match command {
        RequestCommand::List { state } => list(database, &state).await,
        RequestCommand::Show { id } => show(database, &id).await,
        RequestCommand::Answer { id, text, decline, public_url } => {
            answer(database, &id, &text, decline, public_url.trim_end_matches('/')).await
        }
    }
}

async fn list(database: &DatabaseArgs, state: &str) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    let mut cursor = Some(String::new());
    while let Some(from) = cursor {
        let page = purchase_request::list_requests(&ctx, state, &from, Some(MAX_PAGE_SIZE)).await.map_err(explain)?;
        for request in page.items {
            say(describe(&request))?;
        }
        cursor = page.next_cursor;
    }
    Ok(())
}

async fn show(database: &DatabaseArgs, id: &str) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    let request = purchase_request::show_request(&ctx, id).await.map_err(explain)?;
    say(describe(&request))?;
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
    Ok(())
}

async fn answer(database: &DatabaseArgs, id: &str, text: &str, decline: bool, public_url: &str) -> Result<(), Fatal> {
    let ctx = server::open(database, true, false, public_url).await?;
    let state = if decline { "declined" } else { "answered" };
    purchase_request::answer(&ctx, &Operator::command_line(), id, state, text).await.map_err(explain)?;
    say(format!("The request is {state}. The Owners get a mail."))
}

/// A line for a request: id, when, state, Org ID, what, and whom to answer.
fn describe(request: &RequestView) -> String {
    let (at, state) = (request.created_at.rfc3339(), request.state.as_str());
    let (what, name) = (request.summary(), one_line(&request.contact_name));
    format!("{}  {at}  {state:<9}  {}  {what}  {name} <{}>", request.id, request.org_id, request.contact_email)
}
