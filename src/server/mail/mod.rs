//! Mail: what is written to people, and how it gets to them (MAIL-1).
//!
//! A use case posts an [`EmailMessage`] with [`post`], in the transaction of what the email tells; its words are in
//! `templates/`. A worker ([`super::workers::mail`]) takes it from the outbox, makes a [`message`] of it and hands it to the
//! mail server ([`smtp`]).

mod email;
pub mod message;
pub mod smtp;
mod templates;

pub use self::email::EmailMessage;

use crate::domain::{id::MailId, mail::not_before};

use self::templates::RenderedEmail;

use super::{
    context::Ctx,
    error::Result,
    store::{Tx, outbox},
};

/// Puts an email into the outbox, in the transaction of what it tells. It goes out once that is committed.
pub async fn post(tx: &mut Tx, ctx: &Ctx, to: &str, message: &EmailMessage<'_>) -> Result<MailId> {
    post_with_reply_to(tx, ctx, to, message, None).await
}

/// [`post`], with an address that a reply goes to, because it is about somebody who can be asked there.
pub async fn post_with_reply_to(
    tx: &mut Tx,
    ctx: &Ctx,
    to: &str,
    message: &EmailMessage<'_>,
    reply_to: Option<&str>,
) -> Result<MailId> {
    let (id, at) = (MailId(ctx.id()), ctx.now());
    let RenderedEmail { subject, text, html } = templates::render(message, ctx.public_url())?;
    let mail = outbox::NewMail { id, to, reply_to, subject: &subject, text: &text, html: &html, at };
    outbox::insert(tx, &mail).await?;
    ctx.mail_posted().notify_one();
    Ok(id)
}

/// [`post`], about something of which somebody is told at most once in a while: an email that comes too soon after the last
/// waits, and the next about the same takes its place.
pub async fn post_about(tx: &mut Tx, ctx: &Ctx, to: &str, message: &EmailMessage<'_>, topic: &str) -> Result<MailId> {
    let (id, now) = (MailId(ctx.id()), ctx.now());
    let RenderedEmail { subject, text, html } = templates::render(message, ctx.public_url())?;
    let due = not_before(outbox::find_last_about(tx, topic, to).await?, now);
    let mail = outbox::NewMail { id, to, reply_to: None, subject: &subject, text: &text, html: &html, at: now };
    outbox::insert_about(tx, &mail, topic, due).await?;
    ctx.mail_posted().notify_one();
    Ok(id)
}
