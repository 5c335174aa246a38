//! Table `outbox` (MAIL-1): mail written in the transaction of what it tells.
//!
//! # Invariants
//! - A worker that delivers a mail holds a lease on it, `claimed_until`. The result is written only under that lease, so that a
//!   worker that lost it changes nothing.
//! - A mail that was sent keeps no text: links in it carry secrets.

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx};
use crate::domain::{
    id::{InvitationId, MailId},
    mail::MailState,
    time::Timestamp,
};

/// A mail to be sent.
#[derive(Debug, Clone)]
pub struct NewMail<'a> {
    pub id: MailId,
    /// To whom.
    pub to: &'a str,
    /// To whom a reply goes, where that is not the sender.
    pub reply_to: Option<&'a str>,
    /// Subject: one line.
    pub subject: &'a str,
    pub text: &'a str,
    pub html: &'a str,
    pub at: Timestamp,
}

/// Puts a mail into the outbox.
pub async fn insert(tx: &mut Tx, mail: &NewMail<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO outbox (id, recipient, subject, text, html, state, attempts, next_attempt_at, created_at, reply_to)
         VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, $6, $7)",
    )
    .bind(mail.id)
    .bind(mail.to.to_owned())
    .bind(mail.subject.to_owned())
    .bind(mail.text.to_owned())
    .bind(mail.html.to_owned())
    .bind(mail.at)
    .bind(mail.reply_to.map(str::to_owned))
    .execute()
    .await
    .map(|_| ())
}

/// Puts a mail into the outbox that is about something, and goes out no sooner than `due`.
pub async fn insert_about(tx: &mut Tx, mail: &NewMail<'_>, topic: &str, due: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO outbox (id, recipient, subject, text, html, state, attempts, next_attempt_at, created_at, topic, reply_to)
         VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $7, $6, $8, $9)",
    )
    .bind(mail.id)
    .bind(mail.to.to_owned())
    .bind(mail.subject.to_owned())
    .bind(mail.text.to_owned())
    .bind(mail.html.to_owned())
    .bind(mail.at)
    .bind(due)
    .bind(topic.to_owned())
    .bind(mail.reply_to.map(str::to_owned))
    .execute()
    .await
    .map(|_| ())
}

/// When the last mail about something was written to somebody.
pub async fn find_last_about(tx: &mut Tx, topic: &str, recipient: &str) -> Result<Option<Timestamp>> {
    let last: Option<(i64,)> = tx
        .sql("SELECT created_at FROM outbox WHERE topic = $1 AND recipient = $2 ORDER BY created_at DESC LIMIT 1")
        .bind(topic.to_owned())
        .bind(recipient.to_owned())
        .optional()
        .await?;
    Ok(last.map(|(at,)| Timestamp(at)))
}

/// Deletes mails about something that are held for later and were never tried; returns how many.
pub async fn delete_held_about(tx: &mut Tx, topic: &str, now: Timestamp) -> Result<u64> {
    tx.sql(
        "DELETE FROM outbox WHERE topic = $1 AND state = 'waiting' AND attempts = 0 AND next_attempt_at > $2 AND claimed_until IS NULL",
    )
    .bind(topic.to_owned())
    .bind(now)
    .execute()
    .await
}

/// A mail in the outbox.
#[derive(Debug, Clone, FromRow)]
pub struct Mail {
    pub id: Uuid,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// When it was written, in unix milliseconds.
    pub created_at: i64,
}

/// The newest mails, newest first: for the development inbox.
pub async fn list_newest(tx: &mut Tx, limit: i64) -> Result<Vec<Mail>> {
    tx.sql(
        "SELECT id, recipient, subject, text, html, created_at FROM outbox ORDER BY id DESC LIMIT CAST($1 AS BIGINT)",
    )
    .bind(limit)
    .all()
    .await
}

/// A mail that a worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Claimed {
    pub id: Uuid,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// To whom a reply goes, where that is not the sender.
    pub reply_to: Option<String>,
    /// How often it was tried before.
    pub attempts: i64,
    /// When it was due, in unix milliseconds.
    pub next_attempt_at: i64,
    /// When it was written, in unix milliseconds.
    pub created_at: i64,
}

/// Whether there may be something to [`claim`].
pub async fn is_due(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    let due: Option<(i64,)> = tx
        .sql(
            "SELECT next_attempt_at FROM outbox WHERE state = 'waiting' AND next_attempt_at <= $1
                AND (claimed_until IS NULL OR claimed_until < $1) ORDER BY next_attempt_at LIMIT 1",
        )
        .bind(now)
        .optional()
        .await?;
    Ok(due.is_some())
}

/// Claims due mails, the longest waiting first. `until` identifies the lease, so no other claim may use the same moment.
pub async fn claim(tx: &mut Tx, now: Timestamp, until: Timestamp, limit: i64) -> Result<Vec<Claimed>> {
    let mut claimed: Vec<Claimed> = tx
        .sql(
            "UPDATE outbox SET claimed_until = $2 WHERE id IN (
                SELECT id FROM outbox WHERE state = 'waiting' AND next_attempt_at <= $1
                    AND (claimed_until IS NULL OR claimed_until < $1) ORDER BY next_attempt_at LIMIT CAST($3 AS BIGINT)
             ) RETURNING id, recipient, subject, text, html, reply_to, attempts, next_attempt_at, created_at",
        )
        .bind(now)
        .bind(until)
        .bind(limit)
        .all()
        // RETURNING gives the rows in no particular order.
        .await?;
    claimed.sort_by_key(|mail| (mail.next_attempt_at, mail.id));
    Ok(claimed)
}

/// Gives claimed mails back untried.
pub async fn release(tx: &mut Tx, ids: &[MailId], until: Timestamp) -> Result<()> {
    for ids in ids.chunks(CHUNK) {
        tx.sql_list("UPDATE outbox SET claimed_until = NULL WHERE id IN ({ids}) AND claimed_until = {1}", ids)
            .bind(until)
            .execute()
            .await?;
    }
    Ok(())
}

/// The mail server took a mail: its text is forgotten. Returns whether the lease still held.
pub async fn update_sent(tx: &mut Tx, id: MailId, until: Timestamp, now: Timestamp) -> Result<bool> {
    let changed = tx
        .sql(
            "UPDATE outbox SET state = 'sent', sent_at = $3, attempts = attempts + 1, claimed_until = NULL,
                last_error = NULL, text = '', html = '', reply_to = NULL WHERE id = $1 AND claimed_until = $2",
        )
        .bind(id)
        .bind(until)
        .bind(now)
        .execute()
        .await?;
    Ok(changed > 0)
}

/// A mail could not be sent: it is tried again at `next`, or, where that is `None`, given up. Whether the lease still
/// held.
pub async fn update_unsent(
    tx: &mut Tx,
    id: MailId,
    until: Timestamp,
    next: Option<Timestamp>,
    reason: &str,
) -> Result<bool> {
    let state = if next.is_some() { MailState::Waiting } else { MailState::Failed };
    let changed = tx
        .sql(
            "UPDATE outbox SET state = $3, next_attempt_at = COALESCE($4, next_attempt_at), attempts = attempts + 1,
                claimed_until = NULL, last_error = $5 WHERE id = $1 AND claimed_until = $2",
        )
        .bind(id)
        .bind(until)
        .bind(state)
        .bind(next)
        .bind(reason.to_owned())
        .execute()
        .await?;
    Ok(changed > 0)
}

/// A mail as the operator sees it: without its text.
#[derive(Debug, Clone, FromRow)]
pub struct Entry {
    pub id: MailId,
    pub recipient: String,
    pub subject: String,
    /// What became of it.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next, if it is waiting.
    pub next_attempt_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// Why it could not be sent the last time.
    pub last_error: Option<String>,
}

/// What became of a mail.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// How far it is.
    pub state: MailState,
    /// Why it could not be sent the last time.
    pub last_error: Option<String>,
}

/// What became of the mails with the links of some invitations, as far as they are kept.
pub async fn list_of_invitations(tx: &mut Tx, ids: &[InvitationId]) -> Result<Vec<(InvitationId, Delivery)>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<(InvitationId, MailState, Option<String>)> = tx
            .sql_list(
                "SELECT i.id, o.state, o.last_error FROM invitation i JOIN outbox o ON o.id = i.mail_id WHERE i.id IN ({ids})",
                chunk,
            )
            .all()
            .await?;
        found.extend(rows.into_iter().map(|(id, state, last_error)| {
            (id, Delivery { state, last_error: last_error.filter(|_| state != MailState::Sent) })
        }));
    }
    Ok(found)
}

/// Mails of a state, or all, the newest first.
pub async fn list(tx: &mut Tx, of: Option<MailState>, limit: i64) -> Result<Vec<Entry>> {
    match of {
        Some(state) => {
            tx.sql(
                "SELECT id, recipient, subject, state, attempts, next_attempt_at, sent_at, last_error FROM outbox
                 WHERE state = $1 ORDER BY id DESC LIMIT CAST($2 AS BIGINT)",
            )
            .bind(state)
            .bind(limit)
            .all()
            .await
        }
        None => {
            tx.sql(
                "SELECT id, recipient, subject, state, attempts, next_attempt_at, sent_at, last_error FROM outbox
                 ORDER BY id DESC LIMIT CAST($1 AS BIGINT)",
            )
            .bind(limit)
            .all()
            .await
        }
    }
}

/// How many mails are waiting.
pub async fn count_waiting(tx: &mut Tx) -> Result<i64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM outbox WHERE state = 'waiting'").number().await
}

/// Puts a mail that was given up, or waits for its next try, at the front of the queue. Whether there was such a mail,
/// with its text still kept.
pub async fn update_retry(tx: &mut Tx, id: MailId, now: Timestamp) -> Result<bool> {
    let changed = tx
        .sql(
            "UPDATE outbox SET state = 'waiting', attempts = 0, next_attempt_at = $2
             WHERE id = $1 AND state <> 'sent' AND text <> ''",
        )
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    Ok(changed > 0)
}

/// Puts every mail that was given up, and whose text is still kept, at the front of the queue; returns how many.
pub async fn update_retry_failed(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    tx.sql(
        "UPDATE outbox SET state = 'waiting', attempts = 0, next_attempt_at = $1 WHERE state = 'failed' AND text <> ''",
    )
    .bind(now)
    .execute()
    .await
}

/// Gives up what is still not sent and older than a moment, and forgets its text; returns how many.
pub async fn forget_texts_before(tx: &mut Tx, at: Timestamp) -> Result<u64> {
    // A mail that was sent has no text any more, so it does not become a failed one.
    tx.sql(
        "UPDATE outbox SET state = 'failed', text = '', html = '', reply_to = NULL, claimed_until = NULL,
            last_error = COALESCE(last_error, 'It was not sent for too long.')
         WHERE created_at < $1 AND text <> ''",
    )
    .bind(at)
    .execute()
    .await
}

/// Forgets mails that are older than a moment; returns how many.
pub async fn delete_before(tx: &mut Tx, at: Timestamp) -> Result<u64> {
    tx.sql("DELETE FROM outbox WHERE created_at < $1").bind(at).execute().await
}
