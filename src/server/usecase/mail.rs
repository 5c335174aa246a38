//! What the operator sees of mail, and may do about it (MAIL-1).

use crate::domain::{
    id::MailId,
    mail::{MailState, one_line},
    refusal::Refusal,
};

use super::super::{
    context::Ctx,
    error::{Error, Result},
    store::outbox,
};

pub use super::super::store::outbox::Entry;

/// Mails of a state, or all, the newest first.
pub async fn list(ctx: &Ctx, state: Option<MailState>, limit: i64) -> Result<Vec<Entry>> {
    let mut tx = ctx.db().read().await?;
    Ok(outbox::list(&mut tx, state, limit).await?)
}

/// A mail as a line for the command line.
pub fn line(mail: &Entry) -> String {
    let when = match (mail.state, mail.sent_at) {
        (MailState::Waiting, _) => format!("next {}", mail.next_attempt_at.rfc3339()),
        (MailState::Sent, Some(at)) => format!("at {}", at.rfc3339()),
        (MailState::Sent | MailState::Failed, _) => "-".to_owned(),
    };
    let (to, subject) = (one_line(&mail.recipient), one_line(&mail.subject));
    let why = mail.last_error.as_ref().map_or_else(String::new, |why| format!("  ({})", one_line(why)));
    format!("{}  {:<7}  {:>2} tries  {when:<29}  {to}  {subject}{why}", mail.id, mail.state.as_str(), mail.attempts)
}

/// Tries a mail again that was given up, or waits for its next try.
///
/// # Errors
/// `BadRequest` if there is no such mail, it was sent, or its text is not kept any more; the database.
pub async fn retry(ctx: &Ctx, id: MailId) -> Result<()> {
    let now = ctx.now();
    let there =
        ctx.db().write(|tx, _| Box::pin(async { Ok::<_, Error>(outbox::update_retry(tx, id, now).await?) })).await?;
    let text = "This mail cannot be tried again: there is no mail with this id, it has been sent, or its text is no longer kept.";
    if there { Ok(()) } else { Err(Refusal::BadRequest(text.to_owned()).into()) }
}

/// Tries every mail again that was given up; how many.
pub async fn retry_failed(ctx: &Ctx) -> Result<u64> {
    let now = ctx.now();
    ctx.db().write(|tx, _| Box::pin(async { Ok::<_, Error>(outbox::update_retry_failed(tx, now).await?) })).await
}
