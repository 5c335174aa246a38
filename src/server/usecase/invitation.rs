//! Inviting people and answering invitations (PEOPLE-2 to PEOPLE-4, PEOPLE-10, SPACE-1).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{
        access::{Act, Level, may_be_given, role_level},
        account::may_be_limited,
        id::{AccountId, GrantId, InvitationId, OrganizationId, ResourceId},
        invitation::{AnswerFacts, InvitationState, LINK_DAYS, MAX_PER_ADDRESS, RESEND_INTERVAL_MILLIS, may_come_with},
        invitation_list::{CheckedInvitee, Invitee, MAX_INVITATIONS, read_list},
        invitation_review::{InvitationReview, InviteOutcome, ReviewedInvitee},
        licence::{Entitlement, allows, entitlement_for_role},
        permit::{Permit, RolePermit},
        plan::{PlanTier, may_give, may_limit},
        refusal::Refusal,
        requester::may_invite,
        role::{Affiliation, Permission, Role},
        role_change::may_invite_as,
        sender::{Sender, Sent, still_valid},
        text::{Email, FieldError, FieldIssue, key},
        time::Timestamp,
        transfer::Grantee,
    },
    view::{
        OrganizationMembership, Page,
        people::{InvitationRow, InvitationView, InvitationsView, PendingInvitation},
    },
};

use super::{
    super::{
        context::{Ctx, Principal, digest, machine_name},
        error::{Error, Result},
        mail::{self, EmailMessage},
        store::{
            Tx, account, grant,
            invitation::{self, Invitation, PromisedGrant},
            licence,
            membership::{self, Cursor},
            organization as organizations, outbox, person, resource,
        },
    },
    access,
    audit::{self, AuditEvent},
    key as keys,
    mail_limit::{MailBudget, may_email_strangers, proved},
    organization,
};

pub use super::super::store::outbox::Delivery;

/// How many rows a page of invitations has in the browser.
const PAGE_SIZE: i64 = 100;

/// A person to invite.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InviteForm {
    pub email: String,
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub name: String,
    /// `owner`, `manager`, `editor`, `reader` or `member`.
    pub role: String,
    /// For a `member`: the id of the resource they get access to.
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub resource: String,
    /// For a `member`: `reader`, `uploader`, `editor` or `manager`. Default: `reader`.
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub level: String,
    /// The ids of the only accounts in which the role will apply. Default: all.
    pub accounts: Option<Vec<String>>,
}

/// Somebody who can be invited, and to what.
#[derive(Debug)]
struct Ready {
    invite: CheckedInvitee,
    /// What they will reach, how, and what it is called.
    reach: Option<(ResourceId, Level, String)>,
    /// The accounts in which alone the role will count.
    accounts: Option<Vec<AccountId>>,
}

/// What is known of each person of a list, and who of them can be invited (at the same place). Roles above one's own are
/// no verdict: they refuse everything (attack 8).
async fn judge(
    tx: &mut Tx,
    permit: &RolePermit,
    by: &Principal,
    people: &[InviteForm],
    now: Timestamp,
) -> Result<Vec<(ReviewedInvitee, Option<Ready>)>> {
    let read: Vec<std::result::Result<CheckedInvitee, FieldIssue>> = people
        .iter()
        .map(|one| {
            let invitee = Invitee { email: one.email.clone(), name: one.name.clone(), role: one.role.clone() };
            CheckedInvitee::parse(&invitee, Role::Member)
        })
        .collect();
    let accounts = if by.key.is_some() { account::count(tx, permit.organization()).await? } else { 1 };
    for (form, invite) in people.iter().zip(&read) {
        if let Ok(invite) = invite {
            may_invite_as(permit.role(), invite.role)?;
            may_invite(by.who(), invite.role, !form.resource.trim().is_empty(), accounts)?;
        }
    }
    let plan = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?.plan;
    let keys: Vec<String> =
        read.iter().flatten().map(|invite| invite.email.key()).collect::<BTreeSet<_>>().into_iter().collect();
    let inside: BTreeSet<String> =
        membership::list_known(tx, permit.organization(), &keys).await?.into_iter().collect();
    let waiting: BTreeSet<String> =
        invitation::list_known(tx, permit.organization(), &keys, now).await?.into_iter().collect();
    let sent: BTreeMap<String, u64> =
        invitation::count_sent_to(tx, &keys, now.plus_days(-1)).await?.into_iter().collect();
    let reached = invited_resources(tx, permit, by, people, now).await?;
    let no_members =
        super::licence::allowed_in_any(tx, permit.organization(), entitlement_for_role(Role::Member), now).await?.err();
    let accounts: Vec<AccountId> = if people.iter().any(|one| one.accounts.is_some()) {
        account::list(tx, permit.organization()).await?.into_iter().map(|account| account.id).collect()
    } else {
        Vec::new()
    };
    let mut seen = BTreeSet::new();
    let mut judged = Vec::with_capacity(people.len());
    for (form, read) in people.iter().zip(read) {
        let mut verdict = ReviewedInvitee {
            email: form.email.trim().to_owned(),
            name: Some(form.name.trim().to_owned()).filter(|name| !name.is_empty()),
            role: None,
            outcome: InviteOutcome::Invalid,
            why: None,
            invitation: None,
            expires_at: None,
        };
        let mut ready = None;
        match read {
            Err(problem) => verdict.why = Some(problem.to_string()),
            Ok(invite) => {
                invite.email.as_str().clone_into(&mut verdict.email);
                verdict.role = Some(invite.role);
                let key = invite.email.key();
                let first = seen.insert(key.clone());
                if inside.contains(&key) {
                    verdict.outcome = InviteOutcome::AlreadyMember;
                    verdict.why = Some(if key == by.email_key {
                        "This is you.".to_owned()
                    } else {
                        Refusal::AlreadyMember.to_string()
                    });
                } else if !first {
                    verdict.outcome = InviteOutcome::AlreadyInvited;
                    verdict.why = Some("This address is listed twice.".to_owned());
                } else if waiting.contains(&key) {
                    verdict.outcome = InviteOutcome::AlreadyInvited;
                    verdict.why = Some(Refusal::AlreadyInvited.to_string());
                } else if let Err(refusal) = may_give(plan, invite.role) {
                    verdict.why = Some(refusal.to_string());
                } else if let Some(refusal) = no_members.as_ref().filter(|_| invite.role == Role::Member) {
                    verdict.why = Some(refusal.to_string());
                } else if sent.get(&key).is_some_and(|sent| *sent >= MAX_PER_ADDRESS) {
                    verdict.why =
                        Some("This address has received too many invitations today. Try again tomorrow.".to_owned());
                } else {
                    match (resource_of_invite(form, &invite, &reached), accounts_of(form, &invite, plan, &accounts)) {
                        (Ok(reach), Ok(accounts)) => {
                            verdict.outcome = InviteOutcome::Invited;
                            ready = Some(Ready { invite, reach, accounts });
                        }
                        (Err(why), _) | (_, Err(why)) => verdict.why = Some(why),
                    }
                }
            }
        }
        judged.push((verdict, ready));
    }
    Ok(judged)
}

/// What the resources are called that Members are invited to, as far as the inviter may give access to them; or why the
/// licence does not allow it (LIC-4).
async fn invited_resources(
    tx: &mut Tx,
    permit: &RolePermit,
    by: &Principal,
    people: &[InviteForm],
    now: Timestamp,
) -> Result<BTreeMap<ResourceId, std::result::Result<String, String>>> {
    let ids: Vec<ResourceId> =
        people.iter().filter_map(|one| one.resource.trim().parse().ok()).collect::<BTreeSet<_>>().into_iter().collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let access_paths = access::access_paths(tx, by.person, &ids).await?;
    let may: BTreeSet<ResourceId> = access_paths
        .into_iter()
        .filter(|(_, reach)| reach.facts.organization == permit.organization())
        .filter(|(_, reach)| crate::domain::permit::permit(by.who(), Act::GiveAccess, &reach.facts).is_ok())
        .map(|(id, _)| id)
        .collect();
    let found = resource::find_all(tx, &may.iter().copied().collect::<Vec<_>>()).await?;
    let mut lacking = BTreeMap::new();
    for account in found.iter().map(|one| one.account).collect::<BTreeSet<_>>() {
        let licences = licence::list_of_account(tx, account, now).await?;
        if let Err(refusal) = allows(&licences, Entitlement::TeamAccess, now) {
            lacking.insert(account, refusal.to_string());
        }
    }
    let named = |one: resource::Resource| (one.id, lacking.get(&one.account).cloned().map_or(Ok(one.name), Err));
    Ok(found.into_iter().map(named).collect())
}

/// What one person is invited to reach.
fn resource_of_invite(
    form: &InviteForm,
    invite: &CheckedInvitee,
    reached: &BTreeMap<ResourceId, std::result::Result<String, String>>,
) -> std::result::Result<Option<(ResourceId, Level, String)>, String> {
    if form.resource.trim().is_empty() {
        return if form.level.trim().is_empty() {
            Ok(None)
        } else {
            Err("Choose what this person gets access to.".to_owned())
        };
    }
    let id: ResourceId = form.resource.trim().parse().map_err(|_| Refusal::NotFound.to_string())?;
    let name = reached.get(&id).ok_or_else(|| Refusal::NotFound.to_string())?.clone()?;
    let level = if form.level.trim().is_empty() {
        Level::Reader
    } else {
        Level::parse(form.level.trim()).map_err(|problem| problem.to_string())?
    };
    may_come_with(invite.role, level).map_err(|refusal| match refusal {
        Refusal::Invalid(fields) => fields.first().map_or_else(String::new, FieldError::words),
        other => other.to_string(),
    })?;
    Ok(Some((id, level, name)))
}

/// The accounts in which alone the role of one person will count, by the rules for limiting somebody who is in the
/// organization (ACCT-2).
fn accounts_of(
    form: &InviteForm,
    invite: &CheckedInvitee,
    plan: PlanTier,
    known: &[AccountId],
) -> std::result::Result<Option<Vec<AccountId>>, String> {
    let Some(chosen) = &form.accounts else { return Ok(None) };
    may_limit(plan).and_then(|()| may_be_limited(invite.role)).map_err(|refusal| refusal.to_string())?;
    let ids: Option<BTreeSet<AccountId>> =
        chosen.iter().map(|id| id.trim().parse::<AccountId>().ok().filter(|id| known.contains(id))).collect();
    match ids {
        None => Err("One of these accounts no longer exists.".to_owned()),
        Some(ids) if ids.is_empty() => Err("Choose at least one account.".to_owned()),
        Some(ids) => Ok(Some(ids.into_iter().collect())),
    }
}

/// Invites people (PEOPLE-2): each has a verdict of their own, and the good ones go out.
///
/// # Errors
/// `NotFound` and `Forbidden` by role, also for a role above one's own; `Invalid` for an empty or too long list;
/// `EmailUnverified`; `RateLimited` for too many in a day.
pub async fn invite(ctx: &Ctx, by: &Principal, org: &str, people: Vec<InviteForm>) -> Result<Vec<ReviewedInvitee>> {
    if people.is_empty() {
        return Err(Refusal::field("invitations", FieldIssue::Missing).into());
    }
    if people.len() > MAX_INVITATIONS {
        return Err(Refusal::field("invitations", FieldIssue::TooMany(MAX_INVITATIONS)).into());
    }
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
    if people.is_empty() {
        return Err(Refusal::field("invitations", FieldIssue::Missing).into());
    }
    if people.len() > MAX_INVITATIONS {
        return Err(Refusal::field("invitations", FieldIssue::TooMany(MAX_INVITATIONS)).into());
    }
    let mut tx = ctx.db().read().await?;
    let permit = team_permit(&mut tx, by, org).await?;
    let judged = judge(&mut tx, &permit, by, &people, ctx.now()).await?;
    Ok(judged.into_iter().map(|(verdict, _)| verdict).collect())
}

/// Leave to invite into an organization; a personal space has no team (SPACE-1).
async fn team_permit(tx: &mut Tx, by: &Principal, org: &str) -> Result<RolePermit> {
    let permit = organization::permit(tx, by, org, Permission::ManagePeople).await?;
    let found = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    if found.space_of.is_some() { Err(Refusal::NotFound.into()) } else { Ok(permit) }
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
    // An invitation that has expired makes room for a new one.
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
            // Somebody else invited them at the same moment: told as what it is, and nothing is done.
            invitation::insert(tx, permit, &new)
                .await
                .map_err(Error::from)
                .map_err(|error| if error.is_taken() { Refusal::Conflict.into() } else { error })?;
            let what = AuditEvent {
                organization: Some(permit.organization()),
                action: "invitation.sent",
                summary: format!("invited {} as {}", invite.email.as_str(), invite.role.with_article()),
                after: Some(serde_json::json!({
                    "email": invite.email.as_str(), "role": invite.role,
                    "resource": reach.as_ref().map(|(resource, _, _)| resource), "level": reach.as_ref().map(|(_, level, _)| level),
                    "accounts": accounts,
                })),
                resources: reach.iter().map(|(resource, _, _)| *resource).collect(),
                ..AuditEvent::default()
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
    /// The role of those that come without one.
    pub role: String,
    /// For Members: the id of what they will reach.
    pub resource: String,
    /// For Members: how.
    pub level: String,
    /// The ids of the accounts in which alone the roles will count (ACCT-2); `None` for all of them.
    pub accounts: Option<Vec<String>>,
    /// Whether only what will come of it is asked for.
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
            // What goes with a Member goes with nobody else in the list.
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

/// One page of an organization's invitations in one state, for the API.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn list(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    state: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<InvitationRow>> {
    let mut tx = ctx.db().read().await?;
    let permit = team_permit(&mut tx, by, org).await?;
    keys::reach_the_whole(&mut tx, by, permit.organization()).await?;
    page(&mut tx, permit.organization(), state, cursor, super::limit(limit)?).await
}

/// [`list`], and what became of the mail of each.
///
/// # Errors
/// See [`list`].
pub async fn list_with_delivery(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    state: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<(InvitationRow, Option<Delivery>)>> {
    let page = list(ctx, by, org, state, cursor, limit).await?;
    let ids: Vec<InvitationId> = page.items.iter().map(|row| row.id).collect();
    let mut mails: BTreeMap<InvitationId, Delivery> =
        outbox::list_of_invitations(&mut ctx.db().read().await?, &ids).await?.into_iter().collect();
    let items = page.items.into_iter().map(|row| {
        let mail = mails.remove(&row.id);
        (row, mail)
    });
    Ok(Page { items: items.collect(), next_cursor: page.next_cursor })
}

async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    state: &str,
    cursor: &str,
    limit: i64,
) -> Result<Page<InvitationRow>> {
    let state = match state {
        "" => InvitationState::Pending,
        word => InvitationState::parse(word).map_err(|problem| Refusal::field("status", problem))?,
    };
    let name = format!("{organization} {}", state.as_str());
    let wrong = || Error::from(Refusal::field("cursor", FieldIssue::NotAnId));
    let after = match super::read_cursor(cursor, 3)? {
        None => Cursor::start(false),
        Some(parts) if parts[0] != name => return Err(wrong()),
        Some(parts) => Cursor { rank: 0, key: parts[1].clone(), id: parts[2].parse().map_err(|_| wrong())? },
    };
    let rows = invitation::list(tx, organization, state, &after, limit + 1).await?;
    let page = super::page(rows, limit, |(row, key)| super::cursor(&[&name, key, &row.id.to_string()]));
    let mut items: Vec<InvitationRow> = page.items.into_iter().map(|(row, _)| row).collect();
    let external: Vec<InvitationId> = items.iter().filter(|row| row.external).map(|row| row.id).collect();
    if state == InvitationState::Pending && !external.is_empty() {
        let promised = invitation::list_promised(tx, &external).await?;
        for row in items.iter_mut().filter(|row| row.external) {
            row.sender_lost = no_sender_can_give(promised.iter().filter(|one| one.invitation == row.id));
        }
    }
    let ids: Vec<InvitationId> = items.iter().map(|row| row.id).collect();
    for (id, name) in invitation::list_account_names(tx, &ids).await? {
        if let Some(row) = items.iter_mut().find(|row| row.id == id) {
            row.accounts.push(name);
        }
    }
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// Whether there is access to be given, and nobody who gave it still could.
fn no_sender_can_give<'a>(promised: impl Iterator<Item = &'a PromisedGrant>) -> bool {
    let mut there = false;
    for one in promised {
        there = true;
        if still_valid(one.sender, Sent::Access(one.level)) {
            return false;
        }
    }
    there
}

/// Whether who answers for an invitation that waits can no longer give what it gives (ROLE-3).
async fn sender_lost(tx: &mut Tx, found: &Invitation) -> Result<bool> {
    if found.external {
        return Ok(no_sender_can_give(invitation::list_promised(tx, &[found.id]).await?.iter()));
    }
    Ok(!still_valid(sender(tx, found).await?, Sent::Role(found.role)))
}

/// What who answers for the role of an invitation may do now.
async fn sender(tx: &mut Tx, found: &Invitation) -> Result<Sender> {
    Ok(Sender { role: membership::find_role(tx, found.organization, found.role_by).await?, level: None })
}

/// The page Invitations of Manage People.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn view_list(ctx: &Ctx, by: &Principal, org: &str, state: &str, cursor: &str) -> Result<InvitationsView> {
    let mut tx = ctx.db().read().await?;
    let permit = team_permit(&mut tx, by, org).await?;
    Ok(InvitationsView {
        organization: organization::belonging(&mut tx, by, org).await?,
        rows: page(&mut tx, permit.organization(), state, cursor, PAGE_SIZE).await?,
        people: membership::count(&mut tx, permit.organization()).await?,
        waiting: invitation::count_pending(&mut tx, permit.organization()).await?,
    })
}

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
                super::licence::allow_role(tx, permit.organization(), role, ctx.now()).await?;
                if (found.external || found.role != role) && invitation::update_role(tx, &permit, id, role).await? {
                    if may_be_limited(role).is_err() {
                        // An Owner stands above every account.
                        invitation::delete_accounts(tx, &permit, id).await?;
                    }
                    let what = AuditEvent {
                        organization: Some(permit.organization()),
                        action: "invitation.changed",
                        summary: format!("changed the invitation of {} to {}", found.email, role.label()),
                        before: Some(serde_json::json!({ "email": found.email, "role": found.role })),
                        after: Some(serde_json::json!({ "email": found.email, "role": role })),
                        ..AuditEvent::default()
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
                    action: "invitation.revoked",
                    summary: format!("revoked the invitation of {}", found.email),
                    before: Some(serde_json::json!({ "email": found.email, "role": found.role })),
                    ..AuditEvent::default()
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
                super::licence::allow_role(tx, permit.organization(), found.role, now).await?;
                let reach = reach_name(tx, &found).await?;
                let (token, expires_at) = (ctx.token(), now.plus_days(LINK_DAYS));
                let message =
                    message(found.name.as_deref(), &at.name, by, found.role, found.external, reach.as_deref(), &token, expires_at);
                let mail = mail::post(tx, ctx, &found.email, &message).await?;
                let hash = digest(token.as_bytes());
                invitation::update_link(tx, &permit, id, &hash, mail, (now, expires_at)).await?;
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    action: "invitation.resent",
                    summary: format!("resent the invitation of {}", found.email),
                    after: Some(serde_json::json!({ "email": found.email, "role": found.role })),
                    ..AuditEvent::default()
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

/// What is mailed with an invitation: to join, or to reach something from outside.
fn message<'a>(
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

/// An invitation that is being made by giving access to an address that the organization does not know (ACCESS-2).
#[derive(Debug, Clone)]
pub struct AccessInvitation<'a> {
    /// The address.
    pub email: &'a Email,
    /// What they will reach.
    pub resource: ResourceId,
    /// What that is called.
    pub name: &'a str,
    /// How.
    pub level: Level,
}

/// Invites an address to reach something: from outside, or as a Member where leave for that is given. Its id, and when it
/// stops working.
///
/// # Errors
/// `EmailUnverified`; `RateLimited` for an address that got many invitations today, and for who sent many; `Conflict` for
/// two at once.
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
    let what = AuditEvent {
        organization: Some(permit.organization()),
        action: "invitation.sent",
        summary: format!("invited {} {as_what} to “{}”", asked.email.as_str(), asked.name),
        after: Some(serde_json::json!({
            "email": asked.email.as_str(), "role": member.map(|_| Role::Member), "resource": asked.resource, "level": asked.level,
        })),
        resources: vec![asked.resource],
        ..AuditEvent::default()
    };
    audit::record(tx, ctx, by, what).await?;
    Ok((id, expires_at))
}

/// The invitations that wait for somebody's answer; without names until their address is verified.
pub async fn waiting(tx: &mut Tx, by: &Principal, verified: bool, now: Timestamp) -> Result<Vec<PendingInvitation>> {
    let mut waiting = invitation::list_waiting(tx, &by.email_key, now).await?;
    if !verified {
        for one in &mut waiting {
            one.organization = None;
            one.invited_by = None;
        }
    }
    Ok(waiting)
}

/// The invitations that wait for my answer, for the API.
pub async fn mine(ctx: &Ctx, by: &Principal) -> Result<Vec<PendingInvitation>> {
    let mut tx = ctx.db().read().await?;
    let verified = is_verified(&mut tx, by).await?;
    waiting(&mut tx, by, verified, ctx.now()).await
}

/// What a Member is invited to reach is called, while it is in the organization that invites.
async fn reach_name(tx: &mut Tx, found: &Invitation) -> Result<Option<String>> {
    let Some((on, _)) = found.reach else { return Ok(None) };
    let there = resource::find(tx, on).await?.filter(|one| one.organization == found.organization);
    Ok(there.map(|one| one.name))
}

/// What the page of a mailed link shows (PEOPLE-10). Looking changes nothing.
///
/// # Errors
/// `NotFound` for a link that is none, or not any more.
pub async fn open(ctx: &Ctx, by: Option<&Principal>, token: &str) -> Result<InvitationView> {
    let mut tx = ctx.db().read().await?;
    let found = find(&mut tx, &InvitationRef::Token(token.to_owned())).await?;
    let at = organizations::find(&mut tx, found.organization).await?.ok_or(Refusal::NotFound)?;
    let inviter = person::find(&mut tx, found.invited_by).await?;
    let machine = match &inviter {
        Some(_) => None,
        None => keys::of_identity(&mut tx, found.invited_by, None).await?,
    };
    let role = match by {
        Some(by) => membership::find_role(&mut tx, found.organization, by.person).await?,
        None => None,
    };
    // Whoever has a link that was replaced learns that it was, and nothing that came after it.
    let replaced_at = (found.replaced && found.state == InvitationState::Pending).then_some(found.sent_at);
    if replaced_at.is_some() {
        return Ok(InvitationView {
            organization: at.name,
            organization_id: at.id,
            invited_by: String::new(),
            email: found.email,
            name: None,
            role: Role::Member,
            external: false,
            resource: None,
            state: found.state,
            expires_at: found.expires_at,
            expired: false,
            has_account: false,
            org_id: at.org_id,
            inside: role.is_some(),
            sender_lost: false,
            replaced_at,
        });
    }
    let resource = reach_name(&mut tx, &found).await?;
    let expired = ctx.now() >= found.expires_at;
    let lost = found.state == InvitationState::Pending && !expired && sender_lost(&mut tx, &found).await?;
    Ok(InvitationView {
        sender_lost: lost,
        replaced_at,
        organization: at.name,
        organization_id: at.id,
        invited_by: match (inviter, machine) {
            (Some(one), _) => crate::domain::person::full_name(&one.first_name, &one.last_name),
            (None, Some(machine)) => machine_name(&machine.name),
            (None, None) => String::new(),
        },
        has_account: person::find_credentials(&mut tx, &found.email_key).await?.is_some(),
        email: found.email,
        name: found.name,
        role: found.role,
        external: found.external,
        resource,
        state: found.state,
        expires_at: found.expires_at,
        expired,
        inside: role.is_some(),
        org_id: at.org_id,
    })
}

/// Which invitation is answered.
#[derive(Debug, Clone)]
pub enum InvitationRef {
    /// By its mailed link, which proves the address.
    Token(String),
    /// By its id: only with a verified address.
    Id(InvitationId),
}

impl InvitationRef {
    /// Reads what a form or a body says: exactly one of both.
    ///
    /// # Errors
    /// `Invalid` for neither, both, or what is no id.
    pub fn read(token: &str, id: &str) -> Result<Self> {
        match (token.trim(), id.trim()) {
            ("", "") => Err(Refusal::field("token", FieldIssue::Missing).into()),
            ("", id) => Ok(Self::Id(super::id("id", id)?)),
            (token, "") => Ok(Self::Token(token.to_owned())),
            _ => Err(Refusal::BadRequest("Send a token or an id, not both.".to_owned()).into()),
        }
    }
}

async fn find(tx: &mut Tx, which: &InvitationRef) -> Result<Invitation> {
    let found = match which {
        InvitationRef::Token(token) => {
            let hash = digest(token.as_bytes());
            match invitation::find_by_token(tx, &hash).await? {
                Some(found) => Some(found),
                None => invitation::find_by_old_token(tx, &hash).await?,
            }
        }
        InvitationRef::Id(id) => invitation::find(tx, *id).await?,
    };
    found.ok_or_else(|| Refusal::NotFound.into())
}

/// What came of accepting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The organization, and the role in it.
    pub organization: OrganizationMembership,
    /// What had been the personal space, where it became an organization (PEOPLE-4b).
    pub space: Option<OrganizationMembership>,
}

/// **Accept** (PEOPLE-4). Accepting what one has accepted before changes nothing, and is fine.
///
/// # Errors
/// `InvitationWrongPerson`, `EmailUnverified`, `InvitationClosed`, `InvitationReplaced`, `InvitationExpired`;
/// `InvitationSenderLost`, of which the Owners are told; `NotFound`.
pub async fn accept(ctx: &Ctx, by: &Principal, which: &InvitationRef) -> Result<Joined> {
    let joined = ctx.db().write(|tx, _| Box::pin(async { accept_in(tx, ctx, by, which).await })).await;
    if let Err(Error::Refused(Refusal::InvitationSenderLost)) = &joined {
        tell_owners(ctx, which).await?;
    }
    joined
}

/// Tells the Owners of an organization, once, that somebody wants to accept what its sender can no longer give; by the token of
/// the mailed link, or by id for who may see it. What the organization is called.
///
/// # Errors
/// `NotFound`; the database.
pub async fn tell_owners(ctx: &Ctx, which: &InvitationRef) -> Result<String> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = find(tx, which).await?;
                let at = organizations::find(tx, found.organization).await?.ok_or(Refusal::NotFound)?;
                let (now, open) = (ctx.now(), found.state == InvitationState::Pending && !found.replaced);
                if open
                    && now < found.expires_at
                    && sender_lost(tx, &found).await?
                    && invitation::update_owners_told(tx, found.id, now).await?
                {
                    let sender = person::find(tx, found.role_by).await?;
                    let sender = sender.map_or_else(
                        || "the sender".to_owned(),
                        |one| crate::domain::person::full_name(&one.first_name, &one.last_name),
                    );
                    let message = EmailMessage::InvitationSenderLost {
                        organization: &at.name,
                        org_id: &at.org_id,
                        email: &found.email,
                        sender: &sender,
                    };
                    for address in membership::list_owner_addresses(tx, found.organization).await? {
                        mail::post(tx, ctx, &address, &message).await?;
                    }
                }
                Ok(at.name)
            })
        })
        .await
}

/// [`accept`] within a transaction that does more, like signing up.
///
/// # Errors
/// As [`accept`].
pub async fn accept_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, which: &InvitationRef) -> Result<Joined> {
    let found = find_for(tx, by, which).await?;
    let role = membership::find_role(tx, found.organization, by.person).await?;
    if found.state == InvitationState::Accepted && found.email_key == by.email_key && (role.is_some() || found.external)
    {
        return joined(tx, by, found.organization, None).await;
    }
    let verified = is_verified(tx, by).await?;
    let answering = answering(&found, by, which, verified);
    answering.check(ctx.now())?;
    let joins = !found.external && role.is_none();
    let permit = if joins {
        let sender = sender(tx, &found).await?;
        Some(answering.accept(by.person, found.organization, found.role, sender, ctx.now())?)
    } else {
        None
    };
    let promised = invitation::list_promised(tx, &[found.id]).await?;
    if found.external && no_sender_can_give(promised.iter()) {
        return Err(Refusal::InvitationSenderLost.into());
    }
    if !invitation::update_state(tx, found.id, InvitationState::Accepted, ctx.now()).await? {
        return Err(InvitationState::Accepted.closed().into());
    }
    if matches!(which, InvitationRef::Token(_)) {
        person::update_verified(tx, by.person).await?;
    }
    if let Some(permit) = &permit {
        let at = organizations::find(tx, found.organization).await?.ok_or(Refusal::NotFound)?;
        may_give(at.plan, found.role)?;
        super::licence::allow_role(tx, found.organization, found.role, ctx.now()).await?;
        membership::insert(tx, permit, by.person, found.role, ctx.now()).await?;
        if found.limited {
            may_limit(at.plan)?;
            let accounts = invitation::list_accounts(tx, found.id).await?;
            account::update_limits(tx, permit, by.person, Some(&accounts)).await?;
        }
    }
    // What came with a membership is not given to who had one already.
    let promised = promised.into_iter().filter(|one| !one.first || joins || found.external);
    let (mut given, mut not_given) = (Vec::new(), Vec::new());
    for one in promised {
        if still_valid(one.sender, Sent::Access(one.level)) {
            if give(tx, ctx, by, &answering, &one, found.organization).await? {
                given.push(one.resource);
            }
        } else {
            not_given.push(one.resource);
        }
    }
    let what = AuditEvent {
        organization: Some(found.organization),
        action: if found.external { "access.accepted" } else { "person.joined" },
        summary: if found.external {
            "accepted access from outside".to_owned()
        } else {
            format!("joined as {}", found.role.with_article())
        },
        after: Some(serde_json::json!({
            "person": by.person, "role": (!found.external).then_some(found.role), "invitation": found.id,
            // Who gave access to these can no longer give it (ROLE-3).
            "not_given": (!not_given.is_empty()).then_some(not_given),
        })),
        resources: given,
        ..AuditEvent::default()
    };
    audit::record(tx, ctx, by, what).await?;
    if found.external {
        return joined(tx, by, found.organization, None).await;
    }
    let space = organization::turn_space_of(tx, by.person).await?;
    joined(tx, by, found.organization, space).await
}

/// Gives what waited with the invitation, if it is still there and more than the role gives (ROLE-1); whether it was given.
async fn give(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    answering: &AnswerFacts<'_>,
    promised: &PromisedGrant,
    organization: OrganizationId,
) -> Result<bool> {
    let (on, level) = (promised.resource, promised.level);
    let there = resource::find(tx, on).await?.filter(|one| one.organization == organization);
    let Some(there) = there else { return Ok(false) };
    // As it counts there: who is limited to other accounts may well be given something (ACCT-2).
    let role = membership::find_role_in(tx, there.account, by.person).await?;
    let standing = role.map_or(Affiliation::External, Affiliation::In);
    let by_role = role.and_then(role_level).is_some_and(|by_role| by_role >= level);
    if by_role || may_be_given(level, standing).is_err() {
        return Ok(false);
    }
    allows(&licence::list_of_account(tx, there.account, ctx.now()).await?, Entitlement::TeamAccess, ctx.now())?;
    let permit = answering.receive((promised.by, promised.sender), organization, (on, level), ctx.now())?;
    let grantee = Grantee::Person(by.person);
    // They may have been given more by now, in another way.
    let held = grant::find_of(tx, on, grantee).await?;
    if held.iter().any(|one| !one.carried && one.level >= level) {
        return Ok(false);
    }
    let new = grant::NewGrant { id: GrantId(ctx.id()), resource: on, grantee, level, carried: false, at: ctx.now() };
    grant::upsert(tx, &permit, &new).await?;
    Ok(true)
}

async fn joined(
    tx: &mut Tx,
    by: &Principal,
    organization: OrganizationId,
    space: Option<OrganizationId>,
) -> Result<Joined> {
    let space = match space {
        Some(space) => Some(organization::belonging(tx, by, &space.to_string()).await?),
        None => None,
    };
    Ok(Joined { organization: organization::belonging(tx, by, &organization.to_string()).await?, space })
}

/// The invitation that somebody wants to answer. By its id, one for somebody else does not exist.
async fn find_for(tx: &mut Tx, by: &Principal, which: &InvitationRef) -> Result<Invitation> {
    let found = find(tx, which).await?;
    if matches!(which, InvitationRef::Id(_)) && found.email_key != by.email_key {
        return Err(Refusal::NotFound.into());
    }
    Ok(found)
}

/// Whether the address of who answers was verified before.
async fn is_verified(tx: &mut Tx, by: &Principal) -> Result<bool> {
    Ok(person::find(tx, by.person).await?.is_some_and(|one| one.email_verified))
}

/// What decides whether somebody may answer.
fn answering<'a>(found: &'a Invitation, by: &'a Principal, which: &InvitationRef, verified: bool) -> AnswerFacts<'a> {
    AnswerFacts {
        state: found.state,
        expires_at: found.expires_at,
        replaced: found.replaced.then_some((found.sent_at, found.email.as_str())),
        email_key: &found.email_key,
        by_email_key: &by.email_key,
        by_link: matches!(which, InvitationRef::Token(_)),
        verified,
    }
}

/// **Decline** (PEOPLE-4). Declining twice is fine.
///
/// # Errors
/// As [`accept`].
pub async fn decline(ctx: &Ctx, by: &Principal, which: &InvitationRef) -> Result<()> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = find_for(tx, by, which).await?;
                if found.state == InvitationState::Declined && found.email_key == by.email_key {
                    return Ok(());
                }
                let now = ctx.now();
                let verified = is_verified(tx, by).await?;
                answering(&found, by, which, verified).check(now)?;
                if !invitation::update_state(tx, found.id, InvitationState::Declined, now).await? {
                    return Err(InvitationState::Declined.closed().into());
                }
                let what = AuditEvent {
                    organization: Some(found.organization),
                    action: "invitation.declined",
                    summary: if found.external {
                        "declined access from outside".to_owned()
                    } else {
                        format!("declined to join as {}", found.role.with_article())
                    },
                    before: Some(serde_json::json!({ "email": found.email, "role": found.role })),
                    ..AuditEvent::default()
                };
                audit::record(tx, ctx, by, what).await
            })
        })
        .await
}

/// Whom an invitation's link is for, for who signs up from it: the address must be this one.
///
/// # Errors
/// `NotFound`, `InvitationClosed`, `InvitationExpired`.
pub async fn addressee(tx: &mut Tx, ctx: &Ctx, token: &str) -> Result<String> {
    let found = find(tx, &InvitationRef::Token(token.to_owned())).await?;
    let answering = AnswerFacts {
        state: found.state,
        expires_at: found.expires_at,
        replaced: found.replaced.then_some((found.sent_at, found.email.as_str())),
        email_key: &found.email_key,
        by_email_key: &found.email_key,
        by_link: true,
        verified: false,
    };
    answering.check(ctx.now())?;
    Ok(found.email_key)
}
