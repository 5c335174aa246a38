//! What is done with a mailed single-use link: prove an address (AUTH-2, SET-1), set a password (AUTH-5, PEOPLE-8).

use std::time::Duration;

use crate::{
    domain::{
        audit::Action,
        id::{OneTimeLinkId, PersonId},
        one_time_link::{LinkState, Purpose, SET_PASSWORD_DAYS, an_hour_before, may_send},
        person::full_name,
        profile::own,
        refusal::Refusal,
        text::{Email, FieldIssue, Password, key},
    },
    view::{PersonView, my_account::OneTimeLinkView},
};

use super::{
    super::{
        super::{
            context::{Client, Ctx, Principal, digest},
            error::{Error, Result},
            limit::Key,
            mail::{EmailMessage, post},
            password::judge,
            store::{Tx, one_time_link, person},
        },
        audit::{self, AuditEvent},
        client::client_name,
    },
    check_password, check_password_unchanged, myself, set_password,
};

/// When it is answered whatever could tell whether somebody has an account: always so long after the request, so that the
/// time tells nothing (attack 28).
const ANSWERED_AFTER: Duration = Duration::from_millis(200);

/// Does some work, and answers at the same moment however long it takes. Work that takes longer goes on.
async fn at_a_fixed_moment(work: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
    let running = tokio::spawn(async move {
        let done = work.await;
        if let Err(error) = &done
            && !matches!(error, Error::Refused(_))
        {
            tracing::error!(%error, "could not write a mail");
        }
        done
    });
    tokio::time::sleep(ANSWERED_AFTER).await;
    if running.is_finished() { running.await.map_err(|error| Error::Internal(error.to_string()))? } else { Ok(()) }
}

/// Makes a link; older ones for the same purpose die. The token that it has.
async fn issue(tx: &mut Tx, ctx: &Ctx, person: PersonId, purpose: Purpose, email: &str) -> Result<String> {
    one_time_link::update_expired(tx, person, purpose, ctx.now()).await?;
    let token = ctx.token();
    let new = one_time_link::NewLink {
        id: OneTimeLinkId(ctx.id()),
        person,
        purpose,
        token_hash: &digest(token.as_bytes()),
        email,
        at: ctx.now(),
    };
    one_time_link::insert(tx, &new).await?;
    Ok(token)
}

/// Whether another link for a purpose may be sent to somebody now.
async fn check_rate(tx: &mut Tx, ctx: &Ctx, person: PersonId, purpose: Purpose) -> Result<()> {
    let sent = one_time_link::list_sent(tx, person, purpose, an_hour_before(ctx.now())).await?;
    Ok(may_send(&sent, ctx.now())?)
}

/// Mails somebody the link that proves their address (AUTH-2).
pub async fn send_verification(tx: &mut Tx, ctx: &Ctx, person: &PersonView) -> Result<()> {
    let token = issue(tx, ctx, person.id, Purpose::VerifyEmail, &person.email).await?;
    let message = EmailMessage::VerifyEmail { first_name: &person.first_name, token: &token };
    post(tx, ctx, &person.email, &message).await.map(|_| ())
}

/// Mails me that link again; nothing if my address is proven.
///
/// # Errors
/// `RateLimited` if the last one was sent less than a minute ago, or several in an hour.
pub async fn send_verification_again(ctx: &Ctx, by: &Principal) -> Result<()> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let me = myself(tx, by).await?;
                if me.email_verified {
                    return Ok(());
                }
                check_rate(tx, ctx, me.id, Purpose::VerifyEmail).await?;
                send_verification(tx, ctx, &me).await
            })
        })
        .await
}

/// Mails a link to set a first password to somebody whose account was created for them (PEOPLE-8), in the transaction that
/// creates it. `organization` is the organization's name.
pub async fn invite_to_set_password(
    tx: &mut Tx,
    ctx: &Ctx,
    person: PersonId,
    email: &str,
    organization: &str,
    by: &Principal,
) -> Result<()> {
    let first_name = person::find(tx, person).await?.map(|found| found.first_name).unwrap_or_default();
    let token = issue(tx, ctx, person, Purpose::SetPassword, email).await?;
    let message = EmailMessage::SetPassword {
        first_name: &first_name,
        organization,
        by: &by.name,
        token: &token,
        days: SET_PASSWORD_DAYS,
        expires_at: Purpose::SetPassword.expires(ctx.now()),
    };
    post(tx, ctx, email, &message).await.map(|_| ())
}

/// What a link can still do. Looking at it changes nothing: mail scanners open links.
pub async fn check_link(ctx: &Ctx, token: &str) -> Result<OneTimeLinkView> {
    let mut tx = ctx.db().read().await?;
    let found = one_time_link::find(&mut tx, &digest(token.as_bytes())).await?;
    let state = found.as_ref().map_or(LinkState::Unknown, |link| state(ctx, link));
    let open = found.filter(|_| state == LinkState::Open);
    Ok(OneTimeLinkView { state, purpose: open.as_ref().map(|link| link.purpose), email: open.map(|link| link.email) })
}

fn state(ctx: &Ctx, link: &one_time_link::OneTimeLink) -> LinkState {
    LinkState::of(link.used_at, link.expires_at, ctx.now())
}

/// A link that works, and whose it is.
async fn find_open(
    tx: &mut Tx,
    ctx: &Ctx,
    token: &str,
    proves_address: bool,
) -> Result<(one_time_link::OneTimeLink, PersonView)> {
    let link = one_time_link::find(tx, &digest(token.as_bytes()))
        .await?
        .filter(|link| link.purpose.proves_address() == proves_address)
        .ok_or(Refusal::NotFound)?;
    state(ctx, &link).open()?;
    let person = person::find(tx, link.person).await?.ok_or(Refusal::NotFound)?;
    Ok((link, person))
}

/// Whoever holds a link, as the audit log names them.
fn holder(person: &PersonView, client: &Client) -> Principal {
    Principal {
        person: person.id,
        name: full_name(&person.first_name, &person.last_name),
        email_key: key(&person.email),
        address: client.address.clone(),
        session: None,
        key: None,
    }
}

/// Proves the address that a link was mailed to: the one that somebody has (AUTH-2), or the one that takes its place (SET-1).
/// Whoever holds the link need not be signed in. Returns which of both it was.
///
/// # Errors
/// `LinkUsed`, `LinkExpired`, `NotFound`; `Invalid` at `email` if the new address became somebody else's meanwhile.
pub async fn verify_email(ctx: &Ctx, client: &Client, token: &str) -> Result<Purpose> {
    ctx.db().write(|tx, _| Box::pin(async { verify_email_in(tx, ctx, client, token).await })).await
}

async fn verify_email_in(tx: &mut Tx, ctx: &Ctx, client: &Client, token: &str) -> Result<Purpose> {
    let (link, person) = find_open(tx, ctx, token, true).await?;
    if !one_time_link::update_used(tx, link.id, ctx.now()).await? {
        return Err(Refusal::LinkUsed.into());
    }
    let by = holder(&person, client);
    if link.purpose == Purpose::VerifyEmail {
        // The address was changed since this link was mailed, and it would prove the old one.
        if key(&link.email) != by.email_key {
            return Err(Refusal::LinkExpired.into());
        }
        person::update_verified(tx, person.id).await?;
        audit::record(tx, ctx, &by, AuditEvent::new(Action::EmailVerified, "verified their email address")).await?;
        return Ok(link.purpose);
    }
    may_change(ctx, &person.email, &link.email)?;
    match person::update_email(tx, &own(person.id), &link.email, &key(&link.email)).await.map_err(Error::from) {
        Err(error) if error.is_taken() => return Err(Refusal::field("email", FieldIssue::EmailTaken).into()),
        updated => updated?,
    }
    // What was mailed to the old address works no more.
    for purpose in [Purpose::VerifyEmail, Purpose::ResetPassword, Purpose::SetPassword] {
        one_time_link::update_expired(tx, person.id, purpose, ctx.now()).await?;
    }
    let message = EmailMessage::EmailChanged { first_name: &person.first_name, email: &link.email };
    post(tx, ctx, &person.email, &message).await?;
    let what = AuditEvent {
        before: Some(serde_json::json!({ "email": person.email })),
        after: Some(serde_json::json!({ "email": link.email })),
        ..AuditEvent::new(Action::EmailChanged, "changed their email address")
    };
    audit::record(tx, ctx, &by, what).await?;
    Ok(link.purpose)
}

/// Whether the installation lets somebody have another address: asked again when it is proved, as the operator may have decided
/// otherwise meanwhile.
fn may_change(ctx: &Ctx, from: &str, to: &str) -> Result<()> {
    let read = |email: &str| Email::parse(email).map_err(|problem| Refusal::field("email", problem));
    Ok(ctx.policy().may_change_email(&read(from)?, &read(to)?)?)
}

/// Asks for another address (SET-1): a link is mailed to it, and until that is used the old one stays. Whether the new address
/// is somebody's already is not told, neither by the answer nor by its time.
///
/// # Errors
/// `Invalid` at `email` or `password`; `RateLimited`.
pub async fn change_email(ctx: &Ctx, by: &Principal, email: &str, password: &str) -> Result<()> {
    let email = Email::parse(email).map_err(|problem| Refusal::field("email", problem))?;
    if email.key() == by.email_key {
        return Err(Refusal::field("email", FieldIssue::SameEmail).into());
    }
    may_change(ctx, &by.email_key, email.as_str())?;
    let password_hash = check_password(ctx, by, "password", password).await?;
    let (ctx, by) = (ctx.clone(), by.clone());
    at_a_fixed_moment(async move {
        ctx.db()
            .write(|tx, _| {
                Box::pin(async {
                    check_password_unchanged(tx, &by, &password_hash).await?;
                    let me = myself(tx, &by).await?;
                    // The link is stored whether or not the address is somebody's already, so that the next request is
                    // limited alike and the answer tells nothing (attack 28).
                    check_rate(tx, &ctx, me.id, Purpose::ChangeEmail).await?;
                    let token = issue(tx, &ctx, me.id, Purpose::ChangeEmail, email.as_str()).await?;
                    if person::find_by_email(tx, &email.key()).await?.is_none() {
                        let message = EmailMessage::VerifyEmail { first_name: &me.first_name, token: &token };
                        post(tx, &ctx, email.as_str(), &message).await?;
                    }
                    audit::record(
                        tx,
                        &ctx,
                        &by,
                        AuditEvent::new(Action::EmailChangeAsked, "requested another email address"),
                    )
                    .await
                })
            })
            .await
    })
    .await
}

/// Mails a link to set a new password, if there is such an account (AUTH-5). Neither the answer nor its time tells whether
/// there is, and nobody's inbox is filled: a few links an hour at most.
///
/// # Errors
/// `RateLimited` after too many tries for an address or from a client.
pub async fn forgot_password(ctx: &Ctx, client: &Client, email: &str) -> Result<()> {
    let email_key = Email::parse(email).map(|email| email.key()).unwrap_or_default();
    let keys =
        [Key::failures(format!("forgot {email_key}")), Key::failures(format!("forgot client {}", client_name(client)))];
    ctx.limits().take(&keys, 1)?;
    let (ctx, client) = (ctx.clone(), client.clone());
    at_a_fixed_moment(async move {
        ctx.db().write(|tx, _| Box::pin(async { send_reset(tx, &ctx, &client, &email_key).await })).await
    })
    .await
}

async fn send_reset(tx: &mut Tx, ctx: &Ctx, client: &Client, email_key: &str) -> Result<()> {
    let Some(person) = person::find_by_email(tx, email_key).await? else { return Ok(()) };
    match check_rate(tx, ctx, person.id, Purpose::ResetPassword).await {
        // The link that was sent last still works.
        Err(Error::Refused(_)) => return Ok(()),
        paced => paced?,
    }
    let token = issue(tx, ctx, person.id, Purpose::ResetPassword, &person.email).await?;
    let expires_at = Purpose::ResetPassword.expires(ctx.now());
    let message = EmailMessage::ResetPassword { first_name: &person.first_name, token: &token, expires_at };
    post(tx, ctx, &person.email, &message).await?;
    let what = AuditEvent::new(Action::PasswordResetAsked, "requested a link to set a new password");
    audit::record(tx, ctx, &holder(&person, client), what).await
}

/// Sets a password by a mailed link (AUTH-5, PEOPLE-8): all sessions end, and the address is proven, as the link came there.
///
/// # Errors
/// `LinkUsed`, `LinkExpired`, `NotFound`; `Invalid` at `password`.
pub async fn reset_password(ctx: &Ctx, client: &Client, token: &str, password: &str) -> Result<()> {
    // Looked up before the transaction as well, because hashing takes too long to be done inside one.
    let about = {
        let mut tx = ctx.db().read().await?;
        find_open(&mut tx, ctx, token, false).await?.1
    };
    let new = Password::parse(password).map_err(|problem| Refusal::field("password", problem))?;
    judge(&new, &[&about.first_name, &about.last_name, &about.email])?;
    let password_hash = ctx.hasher().hash(&client_name(client), &new).await?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (link, person) = find_open(tx, ctx, token, false).await?;
                if !one_time_link::update_used(tx, link.id, ctx.now()).await? {
                    return Err(Refusal::LinkUsed.into());
                }
                set_password(tx, ctx, &person, &password_hash, None).await?;
                // The address may have changed since: a link that went to the old one does not prove the new one.
                if key(&link.email) == key(&person.email) {
                    person::update_verified(tx, person.id).await?;
                }
                let first = link.purpose == Purpose::SetPassword;
                if !first {
                    let message =
                        EmailMessage::PasswordChanged { first_name: &person.first_name, public_url: ctx.public_url() };
                    post(tx, ctx, &person.email, &message).await?;
                }
                let summary = if first { "set their first password" } else { "set a new password with a mailed link" };
                audit::record(tx, ctx, &holder(&person, client), AuditEvent::new(Action::PasswordChanged, summary))
                    .await
            })
        })
        .await
}
