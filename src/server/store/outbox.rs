//! Table `outbox` (MAIL-1): mail written in the transaction of what it tells.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::domain::{id::MailId, time::Timestamp};

/// A mail to be sent.
#[derive(Debug, Clone)]
pub struct NewMail<'a> {
    /// Id.
    pub id: MailId,
    /// To whom.
    pub to: &'a str,
    /// Subject: one line.
    pub subject: &'a str,
    /// Text part.
    pub text: &'a str,
    /// HTML part.
    pub html: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// Puts a mail into the outbox.
///
/// # Errors
/// The database.
pub async fn insert(tx: &mut Tx, mail: &NewMail<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO outbox (id, recipient, subject, text, html, state, attempts, next_attempt_at, created_at)
         VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, $6)",
    )
    .bind(mail.id.0)
    .bind(mail.to.to_owned())
    .bind(mail.subject.to_owned())
    .bind(mail.text.to_owned())
    .bind(mail.html.to_owned())
    .bind(mail.at.0)
    .execute()
    .await
    .map(|_| ())
}

/// A mail in the outbox.
#[derive(Debug, Clone, FromRow)]
pub struct Mail {
    /// Id.
    pub id: Uuid,
    /// To whom.
    pub recipient: String,
    /// Subject.
    pub subject: String,
    /// Text part.
    pub text: String,
    /// HTML part.
    pub html: String,
    /// When it was written, in unix milliseconds.
    pub created_at: i64,
}

/// The newest mails, newest first: for the development inbox.
///
/// # Errors
/// The database.
pub async fn list_newest(tx: &mut Tx, limit: i64) -> Result<Vec<Mail>> {
    tx.sql(
        "SELECT id, recipient, subject, text, html, created_at FROM outbox ORDER BY id DESC LIMIT CAST($1 AS BIGINT)",
    )
    .bind(limit)
    .all()
    .await
}
