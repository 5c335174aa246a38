//! Changing what somebody may do in an organization: their role, and the accounts in which it counts (PEOPLE-6, ROLE-3,
//! ACCT-2).

use crate::{
    domain::{
        account::may_be_limited,
        audit::Action,
        id::{AccountId, PersonId},
        plan::may_give,
        refusal::Refusal,
        role::{Permission, Role},
        role_change::{asks_first, change_role as may_change_role, keep_an_owner},
        text::FieldIssue,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        mail::{self, EmailMessage},
        store::{Tx, account, membership, organization as organizations},
        usecase::{
            self, accounts,
            audit::{self, AuditEvent},
            key as keys, organization,
        },
    },
};

/// What came of changing a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleChange {
    /// It is changed: the person's name, and their role now.
    Done(String, Role),
    /// Nothing is done yet: this change has to be confirmed (ROLE-3).
    Ask,
}

/// Changes somebody's role (PEOPLE-6). Some changes are done only if they are `confirmed`.
///
/// # Errors
/// `LastOwner`; `Forbidden` by ROLE-3; `NotFound`.
pub async fn change_role(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    person: PersonId,
    role: &str,
    confirmed: bool,
) -> Result<RoleChange> {
    let role = Role::parse(role).map_err(|problem: FieldIssue| Refusal::field("role", problem))?;
    ctx.db().write(|tx, _| Box::pin(async { change_role_in(tx, ctx, by, org, person, role, confirmed).await })).await
}

/// What is to change of a person; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The new role.
    pub role: Option<String>,
    /// The accounts in which the role counts (ACCT-2).
    pub accounts: AccountLimits,
}

/// In which accounts somebody's role is to count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AccountLimits {
    /// In the same as before.
    #[default]
    Stay,
    /// In all of them: the person is not limited.
    None,
    /// Only in these.
    To(Vec<AccountId>),
}

/// Changes role and accounts, both or neither, without asking for confirmation; for the API. Answers the role and the accounts
/// that the person is limited to then.
///
/// # Errors
/// As [`change_role`] and [`accounts::limit_person`]; `Invalid` at `role` where nothing is given.
pub async fn change(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    person: PersonId,
    change: Change,
) -> Result<(Role, Option<Vec<AccountId>>)> {
    if change.role.is_none() && change.accounts == AccountLimits::Stay {
        return Err(Refusal::field("role", FieldIssue::Missing).into());
    }
    let role = change.role.as_deref().map(Role::parse).transpose();
    let role = role.map_err(|problem: FieldIssue| Refusal::field("role", problem))?;
    let wanted = change.accounts;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                if let Some(role) = role {
                    change_role_in(tx, ctx, by, org, person, role, true).await?;
                }
                match &wanted {
                    AccountLimits::Stay => {}
                    AccountLimits::None => drop(accounts::limit_in(tx, ctx, by, org, person, None).await?),
                    AccountLimits::To(ids) => drop(accounts::limit_in(tx, ctx, by, org, person, Some(ids)).await?),
                }
                let at = organization::find(tx, by, org).await?;
                let member = membership::list_by_id(tx, at.id, &[person]).await?.into_iter().next();
                let limits = account::list_limits(tx, at.id, &[person]).await?;
                let limited = !limits.is_empty();
                let chosen = limited.then(|| limits.into_iter().filter_map(|(_, id)| id).collect());
                Ok((member.ok_or(Refusal::NotFound)?.role, chosen))
            })
        })
        .await
}

async fn change_role_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    person: PersonId,
    role: Role,
    confirmed: bool,
) -> Result<RoleChange> {
    let permit = organization::permit(tx, by, org, Permission::ManagePeople).await?;
    let found = membership::list_by_id(tx, permit.organization(), &[person]).await?;
    let member = found.into_iter().next().ok_or(Refusal::NotFound)?;
    let before = member.role;
    keys::reach_the_whole(tx, by, permit.organization()).await?;
    by.who().may_touch(before.max(role))?;
    may_change_role(permit.role(), before, role)?;
    let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    if role != before {
        may_give(at.plan, role)?;
    }
    // Counted in this transaction: when two Owners step down at the same moment, the database makes one of them run again,
    // and that one is refused.
    if before == Role::Owner && role != Role::Owner {
        keep_an_owner(membership::count_owners(tx, permit.organization()).await?, 1)?;
    }
    if before == role {
        return Ok(RoleChange::Done(member.name, role));
    }
    usecase::licence::entitlement::allow_role(tx, permit.organization(), role, ctx.now()).await?;
    if !confirmed && asks_first(person == by.person, before, role) {
        return Ok(RoleChange::Ask);
    }
    membership::update_role(tx, &permit, person, role).await?;
    usecase::seat::role_changed(tx, &permit, person, before, role).await?;
    if may_be_limited(role).is_err() {
        // An Owner stands above every account.
        account::update_limits(tx, &permit, person, None).await?;
    }
    let summary = format!("changed the role of {} from {} to {}", member.name, before.label(), role.label());
    let what = AuditEvent {
        organization: Some(permit.organization()),
        before: Some(serde_json::json!({ "person": person, "role": before })),
        after: Some(serde_json::json!({ "person": person, "role": role })),
        ..AuditEvent::new(Action::RoleChanged, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    if person != by.person {
        let message = if role == Role::Owner {
            EmailMessage::OwnershipGiven { organization: &at.name, org_id: &at.org_id, by: &by.name }
        } else {
            EmailMessage::RoleChanged {
                organization: &at.name,
                org_id: &at.org_id,
                by: &by.name,
                from: before,
                to: role,
            }
        };
        mail::post(tx, ctx, &member.email, &message).await?;
    }
    Ok(RoleChange::Done(member.name, role))
}
