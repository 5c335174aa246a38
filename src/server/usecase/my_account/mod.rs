//! My account: where I am signed in, my password, my profile and what I agree to (AUTH-4, SET-1, SET-2).

mod deletion;
mod export;
mod links;

pub use deletion::{delete, farewell};
pub use export::export;
pub use links::{
    change_email, check_link, forgot_password, invite_to_set_password, reset_password, send_verification,
    send_verification_again, verify_email,
};

use crate::{
    domain::{
        audit::Action,
        id::{OrganizationId, SessionId},
        one_time_link::Purpose,
        profile::{ProfileChange, ProfileForm, own},
        refusal::Refusal,
        text::{FieldIssue, Name, Password},
    },
    view::{
        PersonView,
        my_account::{ProfileView, SessionItem},
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        limit::{Key, network},
        mail::{EmailMessage, post},
        password::judge,
        store::{Tx, membership, one_time_link, organization as organization_store, person, session},
    },
    audit::{self, AuditEvent},
    organization,
};

/// How many of one's sessions are listed.
const SESSIONS: i64 = 200;

/// Whoever asks, as long as their account is there.
async fn myself(tx: &mut Tx, by: &Principal) -> Result<PersonView> {
    person::find(tx, by.person).await?.ok_or_else(|| Refusal::Unauthenticated.into())
}

/// My sessions, the one used last first.
pub async fn sessions(ctx: &Ctx, by: &Principal) -> Result<Vec<SessionItem>> {
    let mut tx = ctx.db().read().await?;
    Ok(session::list_of_person(&mut tx, by.person, by.session.as_deref(), ctx.now(), SESSIONS).await?)
}

/// Ends one of my sessions.
///
/// # Errors
/// `NotFound` if it is none of mine.
pub async fn end_session(ctx: &Ctx, by: &Principal, id: &str) -> Result<()> {
    let id: SessionId = id.trim().parse().map_err(|_| Refusal::NotFound)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                if !session::delete(tx, by.person, id).await? {
                    return Err(Refusal::NotFound.into());
                }
                audit::record(tx, ctx, by, AuditEvent::new(Action::SessionEnded, "ended a session")).await
            })
        })
        .await
}

/// Ends all my sessions but the one that asks; how many there were.
pub async fn end_other_sessions(ctx: &Ctx, by: &Principal) -> Result<u64> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let ended = session::delete_of_person(tx, by.person, by.session.as_deref()).await?;
                audit::record(tx, ctx, by, AuditEvent::new(Action::SessionEnded, "ended all other sessions")).await?;
                Ok::<_, Error>(ended)
            })
        })
        .await
}

/// Checks the password of whoever asks, at a field of theirs; the PHC string that it was checked against. Failures are
/// limited like those of signing in.
async fn check_password(ctx: &Ctx, by: &Principal, field: &'static str, password: &str) -> Result<String> {
    if password.is_empty() {
        return Err(Refusal::field(field, FieldIssue::Missing).into());
    }
    let keys = [Key::failures(format!("password {}", by.person))];
    let stored = {
        let mut tx = ctx.db().read().await?;
        person::find_profile(&mut tx, by.person).await?.ok_or(Refusal::Unauthenticated)?.password_hash
    };
    // Longer than any password can be, so it is wrong for sure and not worth hashing.
    let tried: String = password.chars().take(crate::domain::text::MAX_TRIED_LENGTH).collect();
    let (name, wrong) = (network(by.address.as_deref()), Refusal::field(field, FieldIssue::WrongPassword));
    ctx.limits()
        .guard(&keys, |refusal| *refusal == wrong, async {
            let right = ctx.hasher().verify(&name, &tried, Some(stored.clone())).await?;
            if right { Ok(()) } else { Err(wrong.clone().into()) }
        })
        .await?;
    Ok(stored)
}

/// Refuses if the password was changed since it was checked, which is before the transaction: hashing takes too long for one.
async fn check_password_unchanged(tx: &mut Tx, by: &Principal, password_hash: &str) -> Result<()> {
    match person::find_profile(tx, by.person).await? {
        Some(profile) if profile.password_hash == password_hash => Ok(()),
        Some(_) => Err(Refusal::Conflict.into()),
        None => Err(Refusal::Unauthenticated.into()),
    }
}

/// Changes my password (AUTH-4): my other sessions end, and I am told by mail. The door gives the session that asks a new id.
///
/// # Errors
/// `Invalid` at `current` or `password`; `RateLimited` after too many wrong ones.
pub async fn change_password(ctx: &Ctx, by: &Principal, current: &str, password: &str) -> Result<()> {
    let new = Password::parse(password).map_err(|problem| Refusal::field("password", problem));
    if current.is_empty() {
        return Err(Refusal::field("current", FieldIssue::Missing).into());
    }
    let new = new?;
    let about = {
        let mut tx = ctx.db().read().await?;
        myself(&mut tx, by).await?
    };
    judge(&new, &[&about.first_name, &about.last_name, &about.email])?;
    let before = check_password(ctx, by, "current", current).await?;
    let after = ctx.hasher().hash(&network(by.address.as_deref()), &new).await?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                check_password_unchanged(tx, by, &before).await?;
                let me = myself(tx, by).await?;
                set_password(tx, ctx, &me, &after, by.session.as_deref()).await?;
                let message =
                    EmailMessage::PasswordChanged { first_name: &me.first_name, public_url: ctx.public_url() };
                post(tx, ctx, &me.email, &message).await?;
                audit::record(tx, ctx, by, AuditEvent::new(Action::PasswordChanged, "changed their password")).await
            })
        })
        .await
}

/// A new password: links to set one die, and so do all sessions but one.
async fn set_password(
    tx: &mut Tx,
    ctx: &Ctx,
    person: &PersonView,
    password_hash: &str,
    except: Option<&str>,
) -> Result<()> {
    person::update_password(tx, person.id, password_hash).await?;
    session::delete_of_person(tx, person.id, except).await?;
    for purpose in [Purpose::ResetPassword, Purpose::SetPassword] {
        one_time_link::update_expired(tx, person.id, purpose, ctx.now()).await?;
    }
    Ok(())
}

/// My profile.
pub async fn profile(ctx: &Ctx, by: &Principal) -> Result<ProfileView> {
    let mut tx = ctx.db().read().await?;
    profile_in(&mut tx, ctx, by).await
}

async fn profile_in(tx: &mut Tx, ctx: &Ctx, by: &Principal) -> Result<ProfileView> {
    let person = myself(tx, by).await?;
    let profile = person::find_profile(tx, by.person).await?.ok_or(Refusal::Unauthenticated)?;
    let page = organization::list_in(tx, by, "", "", super::DEFAULT_PAGE_SIZE).await?;
    let (mut organizations, more_organizations) = (page.items, page.next_cursor);
    // The one that was chosen, and the personal space, are told wherever they stand in the list.
    let space = organization_store::find_space(tx, by.person).await?;
    let chosen = profile.default_organization_id.map(OrganizationId);
    for id in space.into_iter().chain(chosen) {
        if organizations.iter().all(|one| one.id != id) {
            match organization::belonging(tx, by, &id.to_string()).await {
                Ok(found) if found.role.is_some() => organizations.push(found),
                Ok(_) | Err(Error::Refused(Refusal::NotFound)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let new_email = one_time_link::find_open(tx, by.person, Purpose::ChangeEmail, ctx.now()).await?;
    let default_organization = profile
        .default_organization_id
        .map(OrganizationId)
        .filter(|id| organizations.iter().any(|organization| organization.id == *id));
    Ok(ProfileView {
        person,
        default_organization,
        cluster: profile.cluster,
        language: profile.language,
        allows_usage_statistics: profile.allows_usage_statistics,
        allows_product_news: profile.allows_product_news,
        more_organizations,
        new_email: new_email.map(|link| link.email),
        created_at: crate::domain::time::Timestamp(profile.created_at),
        organizations,
    })
}

/// Changes what is given of my profile (SET-1).
///
/// # Errors
/// `Invalid` with the problem of every field; an organization that I do not belong to among them.
pub async fn update_profile(ctx: &Ctx, by: &Principal, form: &ProfileForm) -> Result<ProfileView> {
    let change = ProfileChange::parse(form)?;
    ctx.db().write(|tx, _| Box::pin(async { update_profile_in(tx, ctx, by, &change).await })).await
}

async fn update_profile_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, change: &ProfileChange) -> Result<ProfileView> {
    let before = profile_in(tx, ctx, by).await?;
    let text =
        |name: &Option<Name>, otherwise: &str| name.as_ref().map_or_else(|| otherwise.to_owned(), Name::to_string);
    let first_name = text(&change.first_name, &before.person.first_name);
    let last_name = text(&change.last_name, &before.person.last_name);
    let default_organization = match &change.default_organization {
        None => before.default_organization,
        Some(None) => None,
        Some(Some(org)) => Some(find_own_organization(tx, by, org).await?),
    };
    let language = change.language.clone().unwrap_or_else(|| before.language.clone());
    let cluster = change.cluster.clone().unwrap_or_else(|| before.cluster.clone());
    if (&first_name, &last_name) != (&before.person.first_name, &before.person.last_name) {
        person::update_name(tx, &own(by.person), &first_name, &last_name).await?;
    }
    person::update_preferences(tx, by.person, &language, &cluster, default_organization).await?;
    let after = profile_in(tx, ctx, by).await?;
    if after != before {
        let state = |view: &ProfileView| {
            serde_json::json!({
                "first_name": view.person.first_name, "last_name": view.person.last_name, "language": view.language,
                "cluster": view.cluster, "default_organization": view.default_organization,
            })
        };
        let what = AuditEvent {
            before: Some(state(&before)),
            after: Some(state(&after)),
            ..AuditEvent::new(Action::ProfileChanged, "changed their profile")
        };
        audit::record(tx, ctx, by, what).await?;
    }
    Ok(after)
}

/// An organization that I am in, by Org ID or id.
async fn find_own_organization(tx: &mut Tx, by: &Principal, org: &str) -> Result<OrganizationId> {
    let none = || Error::from(Refusal::field("default_organization", FieldIssue::NotAChoice));
    match super::organization::find(tx, by, org).await {
        Ok(found) => match membership::find_role(tx, found.id, by.person).await? {
            Some(_) => Ok(found.id),
            None => Err(none()),
        },
        Err(Error::Refused(_)) => Err(none()),
        Err(error) => Err(error),
    }
}

/// Saves what I agree to (SET-2).
pub async fn update_consents(ctx: &Ctx, by: &Principal, usage_statistics: bool, product_news: bool) -> Result<()> {
    ctx.db()
        .write(|tx, _| Box::pin(async {
                let before = profile_in(tx, ctx, by).await?;
                person::update_consents(tx, by.person, usage_statistics, product_news).await?;
                let state = |usage_statistics: bool, product_news: bool| {
                    serde_json::json!({ "usage_statistics": usage_statistics, "product_news": product_news })
                };
                let what = AuditEvent {
                    before: Some(state(before.allows_usage_statistics, before.allows_product_news)),
                    after: Some(state(usage_statistics, product_news)),
                    ..AuditEvent::new(Action::ConsentChanged, "changed their consent")
                };
                audit::record(tx, ctx, by, what).await
            }))
        .await
}
