//! `commonhold ticket`: what people ask with **Contact support**, and answering it.

use clap::Subcommand;
use commonhold::{
    domain::{mail::one_line, person::full_name},
    server::{
        self, Fatal,
        config::{DatabaseArgs, public_url},
        usecase::{MAX_PAGE_SIZE, operator::Operator, ticket},
    },
    view::ticket::OperatorTicketView,
};

use super::output::{explain, say};

#[derive(Subcommand)]
pub enum TicketCommand {
    /// List tickets, newest first: number, date, state, subject, and who opened it.
    List {
        /// Only tickets that are open, answered or closed; `open` lists what needs an answer.
        #[arg(long, default_value = "")]
        state: String,
    },
    /// Show one ticket with all its messages.
    Show {
        /// The ticket's number.
        number: String,
    },
    /// Answer in a ticket, and mail the answer to whoever opened it.
    ///
    /// For example: commonhold ticket answer 12 --text "Fixed in the version of today."
    Answer {
        /// The ticket's number.
        number: String,
        /// The text of the answer.
        #[arg(long)]
        text: String,
        /// The address that people use, for the link in the mail.
        #[arg(long, env = "COMMONHOLD_PUBLIC_URL", default_value = "http://localhost:3000", value_parser = public_url)]
        public_url: String,
    },
    /// Close a ticket. Nobody is mailed, and a message of whoever opened it opens it again.
    Close {
        /// The ticket's number.
        number: String,
    },
}

pub async fn run(database: &DatabaseArgs, command: TicketCommand) -> Result<(), Fatal> {
    match command {
        TicketCommand::List { state } => list(database, &state).await,
        TicketCommand::Show { number } => show(database, &number).await,
        TicketCommand::Answer { number, text, public_url } => {
            answer(database, &number, &text, public_url.trim_end_matches('/')).await
        }
        TicketCommand::Close { number } => close(database, &number).await,
    }
}

async fn list(database: &DatabaseArgs, state: &str) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    let mut cursor = Some(String::new());
    while let Some(from) = cursor {
        let page = ticket::list_as_operator(&ctx, state, &from, Some(MAX_PAGE_SIZE)).await.map_err(explain)?;
        for one in page.items {
            say(describe(&one))?;
        }
        cursor = page.next_cursor;
    }
    Ok(())
}

async fn show(database: &DatabaseArgs, number: &str) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    let thread = ticket::show_as_operator(&ctx, number).await.map_err(explain)?;
    say(describe(&thread.about))?;
    let about = &thread.about.ticket;
    if let Some((org_id, name)) = &about.organization {
        say(format!("Organization: {} ({org_id})", one_line(name)))?;
    }
    for (label, text) in [("Page", &about.page), ("Request", &about.request_id)] {
        if let Some(text) = text {
            say(format!("{label}: {}", one_line(text)))?;
        }
    }
    if !thread.about.requester.email_verified {
        say("The address is not verified.")?;
    }
    for (message, author) in &thread.messages {
        let who = author.clone().unwrap_or_else(|| name(&thread.about));
        say("")?;
        say(format!("{}  {}", message.created_at.rfc3339(), one_line(&who)))?;
        for line in message.text.lines() {
            say(format!("  {}", one_line(line)))?;
        }
    }
    Ok(())
}

async fn answer(database: &DatabaseArgs, number: &str, text: &str, public_url: &str) -> Result<(), Fatal> {
    let ctx = server::open(database, true, false, public_url).await?;
    let thread = ticket::answer(&ctx, &Operator::command_line(), number, text).await.map_err(explain)?;
    say(format!("The ticket is answered. {} gets a mail.", one_line(&name(&thread.about))))
}

async fn close(database: &DatabaseArgs, number: &str) -> Result<(), Fatal> {
    let ctx = super::open(database).await?;
    ticket::close_as_operator(&ctx, &Operator::command_line(), number).await.map_err(explain)?;
    say("The ticket is closed.")
}

fn name(about: &OperatorTicketView) -> String {
    full_name(&about.requester.first_name, &about.requester.last_name)
}

/// A line for a ticket: number, when, state, subject, and who opened it.
fn describe(about: &OperatorTicketView) -> String {
    let ticket = &about.ticket;
    let (at, state, subject) = (ticket.created_at.rfc3339(), ticket.state.as_str(), one_line(&ticket.subject));
    format!("{}  {at}  {state:<8}  {subject}  {} <{}>", ticket.number, one_line(&name(about)), about.requester.email)
}
