//! Tables `ticket`, `ticket_message` and `ticket_number`: what people ask the operator, and the thread of each (HELP-1).
//!
//! # Invariants
//! - What a person reads or changes is found by their id too, so that nobody meets the ticket of somebody else.
//! - A ticket counts its messages, which are numbered from 1.

use super::{Result, Tx, values::from_columns};
use crate::{
    domain::{
        id::{OrganizationId, PersonId},
        profile::OwnPermit,
        ticket::{NewTicket, TicketSide, TicketState},
        time::Timestamp,
    },
    view::{
        PersonView,
        ticket::{OperatorTicketView, TicketMessageView, TicketView},
    },
};

/// The number of the next ticket. No other gets it, also if this one is deleted.
pub async fn next_number(tx: &mut Tx) -> Result<i64> {
    let (number,): (i64,) =
        tx.sql("UPDATE ticket_number SET last = last + 1 WHERE id = 1 RETURNING last").one().await?;
    Ok(number)
}

/// Adds a ticket of the permit's person, without its first message.
pub async fn insert(
    tx: &mut Tx,
    permit: &OwnPermit,
    number: i64,
    new: &NewTicket,
    organization: Option<OrganizationId>,
    at: Timestamp,
) -> Result<()> {
    tx.sql(
        "INSERT INTO ticket (number, person_id, subject, organization_id, page, request_id, state, messages, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'open', 1, $7, $7)",
    )
    .bind(number)
    .bind(permit.person())
    .bind(new.subject.clone())
    .bind(organization)
    .bind(new.page.clone())
    .bind(new.request_id.clone())
    .bind(at)
    .execute()
    .await
    .map(|_| ())
}

/// A message to add to a thread.
#[derive(Debug)]
pub struct NewTicketMessage<'a> {
    pub ticket: i64,
    /// Its number in the thread.
    pub number: i64,
    pub side: TicketSide,
    /// What the audit log calls the operator who writes; `None` for the requester.
    pub author_name: Option<&'a str>,
    pub text: &'a str,
    pub at: Timestamp,
}

/// Adds a message. The ticket counts it with [`insert`] or [`update_written`].
pub async fn insert_message(tx: &mut Tx, new: &NewTicketMessage<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO ticket_message (ticket_number, number, side, author_name, text, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(new.ticket)
    .bind(new.number)
    .bind(new.side)
    .bind(new.author_name.map(str::to_owned))
    .bind(new.text.to_owned())
    .bind(new.at)
    .execute()
    .await
    .map(|_| ())
}

/// Counts one more message, after so many; returns whether there were so many.
pub async fn update_written(
    tx: &mut Tx,
    number: i64,
    messages: i64,
    state: TicketState,
    at: Timestamp,
) -> Result<bool> {
    tx.sql("UPDATE ticket SET messages = messages + 1, state = $3, updated_at = $4 WHERE number = $1 AND messages = $2")
        .bind(number)
        .bind(messages)
        .bind(state)
        .bind(at)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Changes the state of a ticket in which nobody writes.
pub async fn update_state(tx: &mut Tx, number: i64, state: TicketState, at: Timestamp) -> Result<()> {
    tx.sql("UPDATE ticket SET state = $2, updated_at = $3 WHERE number = $1")
        .bind(number)
        .bind(state)
        .bind(at)
        .execute()
        .await
        .map(|_| ())
}

/// Deletes the tickets of the permit's person, with their threads (SET-2).
pub async fn delete_own(tx: &mut Tx, permit: &OwnPermit) -> Result<()> {
    tx.sql("DELETE FROM ticket WHERE person_id = $1").bind(permit.person()).execute().await.map(|_| ())
}

/// How many tickets a person has opened since a moment, and how many messages they wrote.
pub async fn count_since(tx: &mut Tx, person: PersonId, since: Timestamp) -> Result<(u64, u64)> {
    let (opened, written): (i64, i64) = tx
        .sql(
            "SELECT CAST(COALESCE(SUM(CASE WHEN t.created_at > $2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS opened,
                CAST(COALESCE(SUM((SELECT COUNT(*) FROM ticket_message m
                    WHERE m.ticket_number = t.number AND m.side = 'requester' AND m.created_at > $2)), 0) AS BIGINT) AS written
             FROM ticket t WHERE t.person_id = $1 AND t.updated_at > $2",
        )
        .bind(person)
        .bind(since)
        .one()
        .await?;
    Ok((u64::try_from(opened).unwrap_or(0), u64::try_from(written).unwrap_or(0)))
}

from_columns! {
    TicketView: number: i64, subject: String, state: TicketState, org_id: Option<String>, organization_name: Option<String>,
        page: Option<String>, request_id: Option<String>, messages: i64, created_at: Timestamp, updated_at: Timestamp;
    Self {
        number,
        subject,
        state,
        organization: org_id.zip(organization_name),
        page,
        request_id,
        messages,
        created_at,
        updated_at,
    }
}

/// The columns of a ticket with the organization that it is about, once for all lists.
macro_rules! tickets {
    ($where_and_order:literal) => {
        concat!(
            "SELECT t.number, t.subject, t.state, o.org_id, o.name AS organization_name, t.page, t.request_id, t.messages,
                t.created_at, t.updated_at
             FROM ticket t LEFT JOIN organization o ON o.id = t.organization_id WHERE ",
            $where_and_order
        )
    };
}

/// A ticket of a person.
pub async fn find_of(tx: &mut Tx, person: PersonId, number: i64) -> Result<Option<TicketView>> {
    tx.sql(tickets!("t.number = $1 AND t.person_id = $2")).bind(number).bind(person).optional().await
}

/// A page of a person's tickets, newest first, after a given one.
pub async fn list(tx: &mut Tx, person: PersonId, before: Option<i64>, limit: i64) -> Result<Vec<TicketView>> {
    tx.sql(tickets!("t.person_id = $1 AND t.number < $2 ORDER BY t.number DESC LIMIT CAST($3 AS BIGINT)"))
        .bind(person)
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        .all()
        .await
}

/// A message of a thread, and what the audit log calls the operator who wrote it.
#[derive(Debug)]
pub struct ThreadMessage {
    pub message: TicketMessageView,
    pub author_name: Option<String>,
}

from_columns! {
    ThreadMessage: number: i64, side: TicketSide, text: String, created_at: Timestamp, author_name: Option<String>;
    Self { message: TicketMessageView { number, side, text, created_at }, author_name }
}

/// The thread of a ticket, the oldest message first.
pub async fn list_messages(tx: &mut Tx, number: i64, limit: i64) -> Result<Vec<ThreadMessage>> {
    tx.sql(
        "SELECT number, side, text, created_at, author_name FROM ticket_message WHERE ticket_number = $1
         ORDER BY number LIMIT CAST($2 AS BIGINT)",
    )
    .bind(number)
    .bind(limit)
    .all()
    .await
}

/// A message in a ticket of a person, for the export of their data (SET-2).
#[derive(Debug, sqlx::FromRow)]
pub struct OwnTicketMessage {
    pub ticket_number: i64,
    pub number: i64,
    pub subject: String,
    pub side: TicketSide,
    pub text: String,
    pub created_at: Timestamp,
}

/// A batch of all messages in a person's tickets, by ticket, after a given one.
pub async fn list_own_messages(
    tx: &mut Tx,
    person: PersonId,
    (ticket, number): (i64, i64),
    limit: i64,
) -> Result<Vec<OwnTicketMessage>> {
    tx.sql(
        "SELECT m.ticket_number, m.number, t.subject, m.side, m.text, m.created_at
         FROM ticket t JOIN ticket_message m ON m.ticket_number = t.number
         WHERE t.person_id = $1 AND t.number >= $2 AND (m.ticket_number, m.number) > ($2, $3)
         ORDER BY t.number, m.number LIMIT CAST($4 AS BIGINT)",
    )
    .bind(person)
    .bind(ticket)
    .bind(number)
    .bind(limit)
    .all()
    .await
}

from_columns! {
    OperatorTicketView: number: i64, subject: String, state: TicketState, org_id: Option<String>,
        organization_name: Option<String>, page: Option<String>, request_id: Option<String>, messages: i64,
        created_at: Timestamp, updated_at: Timestamp, person_id: PersonId, email: String, first_name: String,
        last_name: String, email_verified: bool;
    Self {
        ticket: TicketView {
            number,
            subject,
            state,
            organization: org_id.zip(organization_name),
            page,
            request_id,
            messages,
            created_at,
            updated_at,
        },
        requester: PersonView { id: person_id, email, first_name, last_name, email_verified },
    }
}

/// The columns of a ticket with its requester, for the operator.
macro_rules! operator_tickets {
    ($where_and_order:literal) => {
        concat!(
            "SELECT t.number, t.subject, t.state, o.org_id, o.name AS organization_name, t.page, t.request_id, t.messages,
                t.created_at, t.updated_at, t.person_id, p.email, p.first_name, p.last_name, p.email_verified
             FROM ticket t JOIN person p ON p.id = t.person_id LEFT JOIN organization o ON o.id = t.organization_id WHERE ",
            $where_and_order
        )
    };
}

/// A ticket, for the operator.
pub async fn find_any(tx: &mut Tx, number: i64) -> Result<Option<OperatorTicketView>> {
    tx.sql(operator_tickets!("t.number = $1")).bind(number).optional().await
}

/// A page of all tickets, or of those in a state, newest first, after a given one: what the operator lists.
pub async fn list_all(
    tx: &mut Tx,
    state: Option<TicketState>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<OperatorTicketView>> {
    let before = before.unwrap_or(i64::MAX);
    match state {
        Some(state) => {
            tx.sql(operator_tickets!("t.state = $2 AND t.number < $1 ORDER BY t.number DESC LIMIT CAST($3 AS BIGINT)"))
                .bind(before)
                .bind(state)
                .bind(limit)
                .all()
                .await
        }
        None => {
            tx.sql(operator_tickets!("t.number < $1 ORDER BY t.number DESC LIMIT CAST($2 AS BIGINT)"))
                .bind(before)
                .bind(limit)
                .all()
                .await
        }
    }
}
