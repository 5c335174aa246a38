//! Who of a list can be invited, and to what (PEOPLE-2): each person has a verdict of their own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{
        access::{Act, Level},
        account::may_be_limited,
        id::{AccountId, ResourceId},
        invitation::{MAX_PER_ADDRESS, may_come_with},
        invitation_list::{CheckedInvitee, Invitee},
        invitation_review::{InviteOutcome, ReviewedInvitee},
        licence::{Entitlement, allows, entitlement_for_role},
        permit::RolePermit,
        plan::{PlanTier, may_give, may_limit},
        refusal::Refusal,
        requester::may_invite,
        role::{Permission, Role},
        role_change::may_invite_as,
        text::{FieldError, FieldIssue},
        time::Timestamp,
    },
    server::{
        context::Principal,
        error::Result,
        store::{Tx, account, invitation, licence, membership, organization as organizations, resource},
        usecase::{self, access, organization},
    },
};

/// A person to invite.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InviteForm {
    pub email: String,
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub name: String,
    /// `owner`, `manager`, `editor`, `reader` or `member`.
    pub role: String,
    /// For a `member`: the id of the resource they get access to.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub resource: String,
    /// For a `member`: `reader`, `uploader`, `editor` or `manager`. Default: `reader`.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub level: String,
    /// The ids of the only accounts in which the role will apply. Default: all.
    pub accounts: Option<Vec<String>>,
}

/// Somebody who can be invited, and to what.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) invite: CheckedInvitee,
    /// What they will reach, how, and what it is called.
    pub(super) reach: Option<(ResourceId, Level, String)>,
    /// The only accounts in which the role will count; `None` for all of them.
    pub(super) accounts: Option<Vec<AccountId>>,
}

/// A permit to manage the people of an organization. A personal space has no team, so the answer there is "not found"
/// (SPACE-1).
pub(super) async fn team_permit(tx: &mut Tx, by: &Principal, org: &str) -> Result<RolePermit> {
    let permit = organization::permit(tx, by, org, Permission::ManagePeople).await?;
    let found = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    if found.space_of.is_some() { Err(Refusal::NotFound.into()) } else { Ok(permit) }
}

/// A verdict on each person, in the order of the list; with what is needed to invite them, if they can be invited. A role
/// above the inviter's own is not a verdict: it refuses the whole list (attack 8).
///
/// Everything is loaded for the whole list at once: no statement runs per person.
pub(super) async fn judge(
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
    // A machine has one account. How many there are decides whom it may invite, and matters for machines only.
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
    let no_members = usecase::licence::entitlement::allowed_in_any(
        tx,
        permit.organization(),
        entitlement_for_role(Role::Member),
        now,
    )
    .await?
    .err();
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
                // Several reasons may apply. The first of them is told, so the order is from who they are to what is wrong
                // with the row.
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

/// The names of the resources to which Members are invited, or why a licence does not allow it (LIC-4). A resource to which
/// the inviter may not give access is left out: the verdict is then the same as for one that does not exist.
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

/// The only accounts in which the role of one person will count, by the same rules as for somebody who is in the organization
/// already (ACCT-2).
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
