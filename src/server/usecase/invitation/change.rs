//! Changing an invitation that waits: another role, a new link, taken back (PEOPLE-3).

use crate::{
    domain::{
        account::may_be_limited,
        audit::Action,
        id::InvitationId,
        invitation::{InvitationState, LINK_DAYS, MAX_PER_ADDRESS, RESEND_INTERVAL_MILLIS},
        permit::RolePermit,
        plan::may_give,
        refusal::Refusal,
        role::Role,
        role_change::may_invite_as,
        time::Timestamp,
    },
    server::{
        context::{Ctx, Principal, digest},
        error::Result,
        mail,
        store::{
            Tx,
            invitation::{self, Invitation},
            organization as organizations,
        },
        usecase::{
            self,
            audit::{self, AuditEvent},
            key as keys,
            mail_limit::{MailBudget, may_email_strangers},
        },
    },
};

use super::{review::team_permit, send::message, show::reach_name};

/// The pending invitation behind an id, of the permit's organization, that the permit's role may touch (ROLE-3).
async fn own(tx: &mut Tx, by: &Principal, permit: &RolePermit, id: InvitationId) -> Result<Invitation> {
    keys::reach_the_whole(tx, by, permit.organization()).await?;
    let found = invitation::find(tx, id).await?.filter(|found| found.organization == permit.organization());
    let found = found.ok_or(Refusal::NotFound)?;
    if !found.external {
        by.who().may_touch(found.role)?;
        may_invite_as(permit.role(), found.role)?;
    }
    if found.state == InvitationState::Pending { Ok(found) } else { Err(found.state.closed().into()) }
}

/// Changes the role of an invitation that waits (PEOPLE-3). Answers whom it is for, and the role now.
///
/// # Errors
/// `NotFound`, `Forbidden` by ROLE-3, `InvitationClosed`.
pub async fn change_role(ctx: &Ctx, by: &Principal, org: &str, id: InvitationId, role: &str) -> Result<(String, Role)> {
    let role = Role::parse(role).map_err(|problem| Refusal::field("role", problem))?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = team_permit(tx, by, org).await?;
                let found = own(tx, by, &permit, id).await?;
                by.who().may_touch(role)?;
                may_invite_as(permit.role(), role)?;
                let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
                may_give(at.plan, role)?;
                usecase::licence::entitlement::allow_role(tx, permit.organization(), role, ctx.now()).await?;
                // An invitation from outside has a role in its row, too. Any choice of a role makes it one to join.
                if (found.external || found.role != role) && invitation::update_role(tx, &permit, id, role).await? {
                    if may_be_limited(role).is_err() {
                        // An Owner stands above every account.
                        invitation::delete_accounts(tx, &permit, id).await?;
                    }
                    let summary = format!("changed the invitation of {} to {}", found.email, role.label());
                    let what = AuditEvent {
                        organization: Some(permit.organization()),
                        before: Some(serde_json::json!({ "email": found.email, "role": found.role })),
                        after: Some(serde_json::json!({ "email": found.email, "role": role })),
                        ..AuditEvent::new(Action::InvitationChanged, summary)
                    };
                    audit::record(tx, ctx, by, what).await?;
                }
                Ok((found.email, role))
            })
        })
        .await
}

/// Takes an invitation back (PEOPLE-3). Answers whom it was for.
///
/// # Errors
/// `NotFound`, `Forbidden` by ROLE-3, `InvitationClosed`.
pub async fn revoke(ctx: &Ctx, by: &Principal, org: &str, id: InvitationId) -> Result<String> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = team_permit(tx, by, org).await?;
                let found = own(tx, by, &permit, id).await?;
                invitation::update_state(tx, id, InvitationState::Revoked, ctx.now()).await?;
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    before: Some(serde_json::json!({ "email": found.email, "role": found.role })),
                    ..AuditEvent::new(Action::InvitationRevoked, format!("revoked the invitation of {}", found.email))
                };
                audit::record(tx, ctx, by, what).await?;
                Ok(found.email)
            })
        })
        .await
}

/// Mails an invitation again, with a new link and 14 new days; the old link dies (PEOPLE-3). Answers whom it is for, and
/// when it stops working.
///
/// # Errors
/// `NotFound`, `Forbidden` by ROLE-3, `InvitationClosed`; `RateLimited` within a minute, or for an address that got many
/// today.
pub async fn resend(ctx: &Ctx, by: &Principal, org: &str, id: InvitationId) -> Result<(String, Timestamp)> {
    let budget = MailBudget::about(ctx, by, 1)?;
    let resent: Result<(String, Timestamp)> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = team_permit(tx, by, org).await?;
                let found = own(tx, by, &permit, id).await?;
                let now = ctx.now();
                let wait = found.sent_at.0 + RESEND_INTERVAL_MILLIS - now.0;
                if wait > 0 {
                    return Err(Refusal::RateLimited(u64::try_from(wait / 1_000 + 1).unwrap_or(60)).into());
                }
                let key = std::slice::from_ref(&found.email_key);
                let sent = invitation::count_sent_to(tx, key, now.plus_days(-1)).await?;
                if sent.iter().any(|(_, sent)| *sent >= MAX_PER_ADDRESS) {
                    return Err(Refusal::RateLimited(86_400).into());
                }
                may_email_strangers(tx, ctx, by, permit.organization(), 1).await?;
                let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
                // An invitation as a Member, or to a single item, is of no use where that is not licensed (LIC-4).
                usecase::licence::entitlement::allow_role(tx, permit.organization(), found.role, now).await?;
                let reach = reach_name(tx, &found).await?;
                let (token, expires_at) = (ctx.token(), now.plus_days(LINK_DAYS));
                let message = message(
                    found.name.as_deref(),
                    &at.name,
                    by,
                    found.role,
                    found.external,
                    reach.as_deref(),
                    &token,
                    expires_at,
                );
                let mail = mail::post(tx, ctx, &found.email, &message).await?;
                let hash = digest(token.as_bytes());
                invitation::update_link(tx, &permit, id, &hash, mail, (now, expires_at)).await?;
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    after: Some(serde_json::json!({ "email": found.email, "role": found.role })),
                    ..AuditEvent::new(Action::InvitationResent, format!("resent the invitation of {}", found.email))
                };
                audit::record(tx, ctx, by, what).await?;
                Ok((found.email, expires_at))
            })
        })
        .await;
    let resent = resent?;
    budget.sent(1);
    Ok(resent)
}
