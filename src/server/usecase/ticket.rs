//! **Contact support** (HELP-1): tickets of people, for whoever opened them and for the operator, and for nobody else.
//!
//! # Invariants
//! - Whose a ticket is decides who may see it, and nothing else does: of everybody else's there is none.
//! - The operator is mailed what a requester writes, and the requester what the operator writes. Nobody is mailed their own words.

use crate::{
    domain::{
        audit::Action,
        person::full_name,
        profile::own,
        refusal::Refusal,
        text::FieldIssue,
        ticket::{self as rules, MAX_THREAD_MESSAGES, NewTicket, TicketAct, TicketForm, TicketSide, TicketState},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result, at_field},
        mail::{self, EmailMessage},
        store::{
            Tx, live, person,
            ticket::{self, NewTicketMessage},
        },
        usecase::{
            audit::{self, AuditEvent},
            operator::Operator,
            organization,
            pager::Pager,
        },
    },
    view::{
        Page, PersonView,
        ticket::{OperatorThreadView, OperatorTicketView, TicketThreadView, TicketView},
    },
};

/// Reads the number of a ticket: what is no number does not exist.
fn number(text: &str) -> Result<i64> {
    super::subject(text)
}

/// One page of the caller's tickets, newest first.
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, cursor: &str, limit: Option<i64>) -> Result<Page<TicketView>> {
    let limit = super::limit(limit)?;
    let pager = Pager::new("my tickets");
    let before = pager.read(cursor)?;
    let mut tx = ctx.db().read().await?;
    let tickets = ticket::list(&mut tx, by.person, before, limit + 1).await?;
    pager.page(tickets, limit, |ticket| ticket.number)
}

/// A ticket of the caller, with its thread.
///
/// # Errors
/// `NotFound`, also for everybody else's.
pub async fn show(ctx: &Ctx, by: &Principal, number_text: &str) -> Result<TicketThreadView> {
    show_in(&mut ctx.db().read().await?, by, number(number_text)?).await
}

async fn show_in(tx: &mut Tx, by: &Principal, number: i64) -> Result<TicketThreadView> {
    let ticket = ticket::find_of(tx, by.person, number).await?.ok_or(Refusal::NotFound)?;
    let messages = ticket::list_messages(tx, number, MAX_THREAD_MESSAGES).await?;
    let messages = messages.into_iter().map(|one| one.message).collect();
    let full = rules::may_write(TicketSide::Requester, ticket.messages).err().map(|refusal| refusal.to_string());
    Ok(TicketThreadView { ticket, messages, full })
}

/// **Contact support**: opens a ticket. It is kept, and mailed to the operator where they said where they read mail.
///
/// # Errors
/// `Invalid` with the problem of every field, an organization that the caller does not belong to among them; `RateLimited` for
/// too many in a day.
pub async fn open(ctx: &Ctx, by: &Principal, form: &TicketForm) -> Result<TicketThreadView> {
    ctx.db().write(|tx, _| Box::pin(async { open_in(tx, ctx, by, form).await })).await
}

async fn open_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, form: &TicketForm) -> Result<TicketThreadView> {
    let (new, now) = (NewTicket::parse(form)?, ctx.now());
    let (opened, written) = ticket::count_since(tx, by.person, now.plus_days(-1)).await?;
    rules::may_open(opened, written)?;
    let organization = match &new.org {
        Some(org) => Some(organization::belonging(tx, by, org).await.map_err(not_theirs)?),
        None => None,
    };
    let number = ticket::next_number(tx).await?;
    ticket::insert(tx, &own(by.person), number, &new, organization.as_ref().map(|one| one.id), now).await?;
    let (side, text) = (TicketSide::Requester, new.message.as_str());
    let first = NewTicketMessage { ticket: number, number: 1, side, author_name: None, text, at: now };
    ticket::insert_message(tx, &first).await?;
    let event = AuditEvent {
        after: Some(serde_json::json!({ "ticket": number })),
        ..AuditEvent::new(Action::TicketOpened, format!("opened the support ticket {number}"))
    };
    audit::record(tx, ctx, by, event).await?;
    let opened = show_in(tx, by, number).await?;
    mail_to_operator(tx, ctx, by, &opened.ticket, text).await?;
    Ok(opened)
}

/// Whether there is such an organization, nobody learns who does not belong to it.
fn not_theirs(error: Error) -> Error {
    match error {
        Error::Refused(Refusal::NotFound) => Refusal::field("org", FieldIssue::NoSuchOrganization).into(),
        other => other,
    }
}

/// Mails the operator what a requester wrote; a reply to that goes to the requester.
async fn mail_to_operator(tx: &mut Tx, ctx: &Ctx, by: &Principal, ticket: &TicketView, text: &str) -> Result<()> {
    let Some(operator) = ctx.operator_mail() else { return Ok(()) };
    let requester = person::find(tx, by.person).await?.ok_or(Refusal::NotFound)?;
    let name = full_name(&requester.first_name, &requester.last_name);
    let message = EmailMessage::TicketWritten {
        number: ticket.number,
        subject: &ticket.subject,
        reply: ticket.messages > 1,
        by: &name,
        email: &requester.email,
        email_verified: requester.email_verified,
        text,
        organization: ticket.organization.as_ref().map(|(org_id, name)| (name.as_str(), org_id.as_str())),
        page: ticket.page.as_deref(),
        request_id: ticket.request_id.as_deref(),
    };
    mail::post_with_reply_to(tx, ctx, operator, &message, Some(&requester.email)).await?;
    Ok(())
}

/// **Send** of a reply in a ticket of the caller. It opens a closed ticket again.
///
/// # Errors
/// `NotFound`, also for everybody else's; `Invalid` at `text`; `BadRequest` if the thread is full; `RateLimited` for too many
/// messages in a day.
pub async fn reply(ctx: &Ctx, by: &Principal, number_text: &str, text: &str) -> Result<TicketThreadView> {
    ctx.db().write(|tx, _| Box::pin(async { reply_in(tx, ctx, by, number_text, text).await })).await
}

async fn reply_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, number_text: &str, text: &str) -> Result<TicketThreadView> {
    let number = number(number_text)?;
    let found = ticket::find_of(tx, by.person, number).await?.ok_or(Refusal::NotFound)?;
    let text = rules::message(text)?;
    let (_, written) = ticket::count_since(tx, by.person, ctx.now().plus_days(-1)).await?;
    rules::may_write_today(written)?;
    write(tx, ctx, &found, TicketSide::Requester, None, &text).await?;
    let event = AuditEvent {
        after: Some(serde_json::json!({ "ticket": number })),
        ..AuditEvent::new(Action::TicketReplied, format!("replied in the support ticket {number}"))
    };
    audit::record(tx, ctx, by, event).await?;
    let replied = show_in(tx, by, number).await?;
    mail_to_operator(tx, ctx, by, &replied.ticket, &text).await?;
    // What they have open elsewhere shows it.
    live::touch_person(tx, by.person);
    Ok(replied)
}

/// Adds a message to a thread.
async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    found: &TicketView,
    side: TicketSide,
    author_name: Option<&str>,
    text: &str,
) -> Result<()> {
    rules::may_write(side, found.messages)?;
    let (at, state) = (ctx.now(), TicketState::after(side, TicketAct::Write));
    if !ticket::update_written(tx, found.number, found.messages, state, at).await? {
        return Err(Refusal::Conflict.into());
    }
    let new = NewTicketMessage { ticket: found.number, number: found.messages + 1, side, author_name, text, at };
    Ok(ticket::insert_message(tx, &new).await?)
}

/// **Close ticket** of the caller. One that is closed stays as it is.
///
/// # Errors
/// `NotFound`, also for everybody else's.
pub async fn close(ctx: &Ctx, by: &Principal, number_text: &str) -> Result<TicketThreadView> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let number = number(number_text)?;
                let found = ticket::find_of(tx, by.person, number).await?.ok_or(Refusal::NotFound)?;
                if let Some(event) = close_in(tx, ctx, &found, TicketSide::Requester).await? {
                    audit::record(tx, ctx, by, event).await?;
                    live::touch_person(tx, by.person);
                }
                show_in(tx, by, number).await
            })
        })
        .await
}

/// Closes a ticket; what to write into the audit log, unless it was closed.
async fn close_in(tx: &mut Tx, ctx: &Ctx, found: &TicketView, side: TicketSide) -> Result<Option<AuditEvent>> {
    let (number, state) = (found.number, TicketState::after(side, TicketAct::Close));
    if found.state == state {
        return Ok(None);
    }
    ticket::update_state(tx, number, state, ctx.now()).await?;
    Ok(Some(AuditEvent {
        before: Some(serde_json::json!({ "ticket": number, "state": found.state })),
        after: Some(serde_json::json!({ "ticket": number, "state": state })),
        ..AuditEvent::new(Action::TicketClosed, format!("closed the support ticket {number}"))
    }))
}

/// One page of all tickets, newest first; of one state, or all. For the operator.
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn list_as_operator(
    ctx: &Ctx,
    state: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<OperatorTicketView>> {
    let limit = super::limit(limit)?;
    let state = match state.trim() {
        "" => None,
        word => Some(TicketState::parse(word).map_err(at_field("state"))?),
    };
    let pager = Pager::new("all tickets");
    let before = pager.read(cursor)?;
    let mut tx = ctx.db().read().await?;
    let tickets = ticket::list_all(&mut tx, state, before, limit + 1).await?;
    pager.page(tickets, limit, |one| one.ticket.number)
}

/// A ticket with its thread, for the operator.
///
/// # Errors
/// `NotFound`.
pub async fn show_as_operator(ctx: &Ctx, number_text: &str) -> Result<OperatorThreadView> {
    operator_thread(&mut ctx.db().read().await?, number(number_text)?).await
}

async fn operator_thread(tx: &mut Tx, number: i64) -> Result<OperatorThreadView> {
    let about = ticket::find_any(tx, number).await?.ok_or(Refusal::NotFound)?;
    let messages = ticket::list_messages(tx, number, MAX_THREAD_MESSAGES).await?;
    let messages = messages.into_iter().map(|one| (one.message, one.author_name)).collect();
    Ok(OperatorThreadView { about, messages })
}

/// The operator's answer in a ticket; its requester is mailed.
///
/// # Errors
/// `NotFound`; `Invalid` at `text`; `BadRequest` if the thread is full.
pub async fn answer(ctx: &Ctx, operator: &Operator, number_text: &str, text: &str) -> Result<OperatorThreadView> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let number = number(number_text)?;
                let found = ticket::find_any(tx, number).await?.ok_or(Refusal::NotFound)?;
                let text = rules::message(text)?;
                write(tx, ctx, &found.ticket, TicketSide::Operator, Some(&operator.name), &text).await?;
                let PersonView { id, email, first_name, .. } = &found.requester;
                let subject = &found.ticket.subject;
                let message = EmailMessage::TicketAnswered { number, subject, first_name, text: &text };
                mail::post(tx, ctx, email, &message).await?;
                let event = AuditEvent {
                    after: Some(serde_json::json!({ "ticket": number })),
                    ..AuditEvent::new(Action::TicketAnswered, format!("answered the support ticket {number}"))
                };
                audit::note_as(tx, ctx, operator, event).await?;
                live::touch_person(tx, *id);
                operator_thread(tx, number).await
            })
        })
        .await
}

/// Closes a ticket as the operator. Nobody is mailed; one that is closed stays as it is.
///
/// # Errors
/// `NotFound`.
pub async fn close_as_operator(ctx: &Ctx, operator: &Operator, number_text: &str) -> Result<OperatorThreadView> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let number = number(number_text)?;
                let found = ticket::find_any(tx, number).await?.ok_or(Refusal::NotFound)?;
                if let Some(event) = close_in(tx, ctx, &found.ticket, TicketSide::Operator).await? {
                    audit::note_as(tx, ctx, operator, event).await?;
                    live::touch_person(tx, found.requester.id);
                }
                operator_thread(tx, number).await
            })
        })
        .await
}
