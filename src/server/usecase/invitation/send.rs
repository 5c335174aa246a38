//! Inviting people (PEOPLE-2, PEOPLE-3), also by giving access to an address that the organization does not know (ACCESS-2).

use crate::{
    domain::{
        access::Level,
        audit::Action,
        id::{InvitationId, ResourceId},
        invitation::{LINK_DAYS, MAX_PER_ADDRESS},
        invitation_list::{MAX_INVITATIONS, read_list},
        invitation_review::{InvitationReview, InviteOutcome, ReviewedInvitee},
        permit::{Permit, RolePermit},
        refusal::Refusal,
        role::Role,
        text::{Email, FieldIssue, key},
        time::Timestamp,
    },
    server::{
        context::{Ctx, Principal, digest},
        error::{Error, Result},
        mail::{self, EmailMessage},
        store::{Tx, invitation, organization as organizations},
        usecase::{
            audit::{self, AuditEvent},
            mail_limit::{MailBudget, may_email_strangers, proved},
        },
    },
};

use super::review::{InviteForm, Ready, judge, team_permit};

/// Invites people (PEOPLE-2). Each has a verdict of their own: who can be invited is, whatever the others' verdicts say.
///
/// # Errors
/// `NotFound` and `Forbidden` by role, also for a role above one's own; `Invalid` for an empty or too long list;
/// `EmailUnverified`; `RateLimited` for too many in a day.
pub async fn invite(ctx: &Ctx, by: &Principal, org: &str, people: Vec<InviteForm>) -> Result<Vec<ReviewedInvitee>> {
    check_count(&people)?;
    // Counted in memory, and therefore outside the transaction: one that runs again must not count twice.
    let budget = MailBudget::about(ctx, by, people.len())?;
    let verdicts: Vec<ReviewedInvitee> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = team_permit(tx, by, org).await?;
                let now = ctx.now();
                let judged = judge(tx, &permit, by, &people, now).await?;
                let going = judged.iter().filter(|(_, ready)| ready.is_some()).count() as u64;
                may_email_strangers(tx, ctx, by, permit.organization(), going).await?;
                send(tx, ctx, by, &permit, judged, now).await
            })
        })
        .await?;
    budget.sent(verdicts.iter().filter(|verdict| verdict.outcome == InviteOutcome::Invited).count());
    Ok(verdicts)
}

/// What would come of inviting people (PEOPLE-2): nothing is sent.
///
/// # Errors
/// See [`invite`].
pub async fn preview(ctx: &Ctx, by: &Principal, org: &str, people: Vec<InviteForm>) -> Result<Vec<ReviewedInvitee>> {
    check_count(&people)?;
    let mut tx = ctx.db().read().await?;
    let permit = team_permit(&mut tx, by, org).await?;
    let judged = judge(&mut tx, &permit, by, &people, ctx.now()).await?;
    Ok(judged.into_iter().map(|(verdict, _)| verdict).collect())
}

fn check_count(people: &[InviteForm]) -> Result<()> {
    match people.len() {
        0 => Err(Refusal::field("invitations", FieldIssue::Missing).into()),
        1..=MAX_INVITATIONS => Ok(()),
        _ => Err(Refusal::field("invitations", FieldIssue::TooMany(MAX_INVITATIONS)).into()),
    }
}

async fn send(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    permit: &RolePermit,
    judged: Vec<(ReviewedInvitee, Option<Ready>)>,
    now: Timestamp,
) -> Result<Vec<ReviewedInvitee>> {
    let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    let keys: Vec<String> =
        judged.iter().filter_map(|(_, ready)| ready.as_ref().map(|ready| ready.invite.email.key())).collect();
    // An address has one pending invitation of an organization at most, so one that has expired makes room first.
    invitation::revoke_expired(tx, permit, &keys, now).await?;
    let expires_at = now.plus_days(LINK_DAYS);
    let mut verdicts = Vec::with_capacity(judged.len());
    for (mut verdict, ready) in judged {
        if let Some(Ready { invite, reach, accounts }) = ready {
            let token = ctx.token();
            let name = reach.as_ref().map(|(_, _, name)| name.as_str());
            let message = message(invite.name.as_deref(), &at.name, by, invite.role, false, name, &token, expires_at);
            let id = InvitationId(ctx.id());
            let new = invitation::NewInvitation {
                id,
                email: invite.email.as_str(),
                email_key: &invite.email.key(),
                name: invite.name.as_deref(),
                role: invite.role,
                reach: reach.as_ref().map(|(resource, level, _)| (*resource, *level)),
                accounts: accounts.as_deref(),
                token_hash: &digest(token.as_bytes()),
                mail: mail::post(tx, ctx, invite.email.as_str(), &message).await?,
                at: now,
                expires_at,
            };
            // `judge` found no invitation that waits, so somebody else invited the same address at the same moment. The
            // whole list is refused then, because PostgreSQL runs nothing more in a transaction with an error.
            invitation::insert(tx, permit, &new)
                .await
                .map_err(Error::from)
                .map_err(|error| if error.is_taken() { Refusal::Conflict.into() } else { error })?;
            let summary = format!("invited {} as {}", invite.email.as_str(), invite.role.with_article());
            let what = AuditEvent {
                organization: Some(permit.organization()),
                after: Some(serde_json::json!({
                    "email": invite.email.as_str(), "role": invite.role,
                    "resource": reach.as_ref().map(|(resource, _, _)| resource), "level": reach.as_ref().map(|(_, level, _)| level),
                    "accounts": accounts,
                })),
                resources: reach.iter().map(|(resource, _, _)| *resource).collect(),
                ..AuditEvent::new(Action::InvitationSent, summary)
            };
            audit::record(tx, ctx, by, what).await?;
            verdict.invitation = Some(id);
            verdict.expires_at = Some(expires_at);
        }
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

/// What the form of **Invite people** sends.
#[derive(Debug, Clone, Default)]
pub struct ListForm {
    /// The list, as it was typed or pasted.
    pub people: String,
    /// The role of rows that name none.
    pub role: String,
    /// For Members: the id of the resource they get access to.
    pub resource: String,
    /// For Members: their level.
    pub level: String,
    /// The ids of the only accounts in which the roles will count (ACCT-2); `None` for all of them.
    pub accounts: Option<Vec<String>>,
    /// Asks for the verdicts only: nothing is sent.
    pub preview: bool,
}

/// **Invite people**: what came of each row, or, for a preview, what will.
///
/// # Errors
/// `Invalid` at a field; else as [`invite`].
pub async fn invite_list(ctx: &Ctx, by: &Principal, org: &str, form: &ListForm) -> Result<InvitationReview> {
    let mut fields = crate::domain::fields::Fields::default();
    let listed = fields.check(
        "people",
        read_list(&form.people).and_then(|list| if list.is_empty() { Err(FieldIssue::Missing) } else { Ok(list) }),
    );
    let role = fields.check("role", Role::parse(&form.role));
    fields.done()?;
    let (listed, role) = (listed.unwrap_or_default(), role.unwrap_or(Role::Member));
    let people: Vec<InviteForm> = listed
        .into_iter()
        .map(|one| {
            let role = if one.role.is_empty() { role.as_str().to_owned() } else { one.role };
            // The form has one resource and level, for the Members of the list. Other roles come without them.
            let member = key(&role) == Role::Member.as_str();
            let with = |text: &String| if member { text.clone() } else { String::new() };
            InviteForm {
                email: one.email,
                name: one.name,
                role,
                resource: with(&form.resource),
                level: if form.resource.is_empty() { String::new() } else { with(&form.level) },
                accounts: form.accounts.clone(),
            }
        })
        .collect();
    if form.preview {
        let mut tx = ctx.db().read().await?;
        let permit = team_permit(&mut tx, by, org).await?;
        proved(&mut tx, by).await?;
        let judged = judge(&mut tx, &permit, by, &people, ctx.now()).await?;
        let rows = judged.into_iter().map(|(verdict, _)| verdict).collect();
        return Ok(InvitationReview { rows, sent: false });
    }
    let rows = invite(ctx, by, org, people).await?;
    Ok(InvitationReview { rows, sent: true })
}

/// An invitation that is being made by giving access to an address that the organization does not know (ACCESS-2).
#[derive(Debug, Clone)]
pub struct AccessInvitation<'a> {
    pub email: &'a Email,
    pub resource: ResourceId,
    /// The resource's name.
    pub name: &'a str,
    pub level: Level,
}

/// Invites an address to reach a resource: as a Member where there is a permit for that, from outside otherwise. Answers the
/// invitation's id, and when it expires.
///
/// # Errors
/// `EmailUnverified`; `RateLimited` for an address that got many invitations today, and for who sent many; `Conflict` if
/// somebody else invites the address at the same moment.
pub async fn ask(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    permit: &Permit,
    member: Option<&RolePermit>,
    asked: &AccessInvitation<'_>,
) -> Result<(InvitationId, Timestamp)> {
    let (now, key) = (ctx.now(), asked.email.key());
    let sent = invitation::count_sent_to(tx, std::slice::from_ref(&key), now.plus_days(-1)).await?;
    if sent.iter().any(|(_, sent)| *sent >= MAX_PER_ADDRESS) {
        return Err(Refusal::RateLimited(86_400).into());
    }
    may_email_strangers(tx, ctx, by, permit.organization(), 1).await?;
    let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    let (token, expires_at, id) = (ctx.token(), now.plus_days(LINK_DAYS), InvitationId(ctx.id()));
    let message = message(None, &at.name, by, Role::Member, member.is_none(), Some(asked.name), &token, expires_at);
    let new = invitation::NewInvitation {
        id,
        email: asked.email.as_str(),
        email_key: &key,
        name: None,
        role: Role::Member,
        reach: Some((asked.resource, asked.level)),
        accounts: None,
        token_hash: &digest(token.as_bytes()),
        mail: mail::post(tx, ctx, asked.email.as_str(), &message).await?,
        at: now,
        expires_at,
    };
    let made = match member {
        Some(member) => {
            invitation::revoke_expired(tx, member, std::slice::from_ref(&key), now).await?;
            invitation::insert(tx, member, &new).await
        }
        None => invitation::insert_external(tx, permit, &new).await,
    };
    made.map_err(Error::from).map_err(|error| if error.is_taken() { Refusal::Conflict.into() } else { error })?;
    let as_what = if member.is_some() { "as a Member" } else { "from outside" };
    let summary = format!("invited {} {as_what} to “{}”", asked.email.as_str(), asked.name);
    let what = AuditEvent {
        organization: Some(permit.organization()),
        after: Some(serde_json::json!({
            "email": asked.email.as_str(), "role": member.map(|_| Role::Member), "resource": asked.resource, "level": asked.level,
        })),
        resources: vec![asked.resource],
        ..AuditEvent::new(Action::InvitationSent, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    Ok((id, expires_at))
}

/// The email of an invitation: to join, or to reach something from outside.
pub(super) fn message<'a>(
    name: Option<&'a str>,
    organization: &'a str,
    by: &'a Principal,
    role: Role,
    external: bool,
    resource: Option<&'a str>,
    token: &'a str,
    expires_at: Timestamp,
) -> EmailMessage<'a> {
    let (inviter, days) = (&by.name, LINK_DAYS);
    if external {
        EmailMessage::SharedWith { name, organization, inviter, resource, token, days, expires_at }
    } else {
        EmailMessage::Invitation { name, organization, inviter, role, resource, token, days, expires_at }
    }
}
