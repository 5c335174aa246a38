//! Roles and leaving (PEOPLE-5 to PEOPLE-7, ROLE-3, ORG-3).

use crate::domain::{
    id::PersonId,
    refusal::Refusal,
    role::{Permission, Role, allow, change_role as may_change_role, keep_an_owner},
    text::Problem,
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, grant, membership},
    },
    audit::{self, Happened},
    organization,
};

/// Changes somebody's role (PEOPLE-6).
///
/// # Errors
/// `LastOwner`; `Forbidden` by ROLE-3; `NotFound`.
pub async fn change_role(ctx: &Ctx, by: &Principal, org: &str, person: PersonId, role: &str) -> Result<Role> {
    let role = Role::parse(role).map_err(|problem: Problem| Refusal::field("role", problem))?;
    let (ctx_in, by_in, org) = (ctx.clone(), by.clone(), org.to_owned());
    ctx.db()
        .write(move |tx| {
            let (ctx, by, org) = (ctx_in.clone(), by_in.clone(), org.clone());
            Box::pin(async move { change_role_in(tx, &ctx, &by, &org, person, role).await })
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
) -> Result<Role> {
    let permit = organization::permit(tx, by, org, Permission::ManagePeople).await?;
    let before = membership::find_role(tx, permit.organization(), person).await?.ok_or(Refusal::NotFound)?;
    may_change_role(permit.role(), before, role)?;
    if before == Role::Owner && role != Role::Owner {
        keep_an_owner(membership::count_owners(tx, permit.organization()).await?, 1)?;
    }
    membership::update_role(tx, &permit, person, role).await?;
    let what = Happened {
        organization: Some(permit.organization()),
        action: "role.changed",
        summary: format!("changed a role from {} to {}", before.title(), role.title()),
        before: Some(serde_json::json!({ "person": person, "role": before })),
        after: Some(serde_json::json!({ "person": person, "role": role })),
        ..Happened::default()
    };
    audit::note(tx, ctx, by, what).await?;
    Ok(role)
}

/// Takes people out of an organization, all or none (PEOPLE-5). What they made stays.
///
/// # Errors
/// `LastOwner`; `Forbidden` by ROLE-3; `NotFound` if one of them is not in it; `Invalid` for an empty list.
pub async fn remove(ctx: &Ctx, by: &Principal, org: &str, people: Vec<PersonId>) -> Result<()> {
    if people.is_empty() {
        return Err(Refusal::field("people", Problem::Missing).into());
    }
    if people.len() > 1_000 {
        return Err(Refusal::field("people", Problem::TooMany(1_000)).into());
    }
    let (ctx_in, by_in, org) = (ctx.clone(), by.clone(), org.to_owned());
    ctx.db()
        .write(move |tx| {
            let (ctx, by, org, people) = (ctx_in.clone(), by_in.clone(), org.clone(), people.clone());
            Box::pin(async move {
                let permit = organization::permit(tx, &by, &org, Permission::ManagePeople).await?;
                for person in people {
                    let role =
                        membership::find_role(tx, permit.organization(), person).await?.ok_or(Refusal::NotFound)?;
                    may_change_role(permit.role(), role, Role::Member.min(role))?;
                    take_out(tx, &ctx, &by, &permit, person, role, "person.removed").await?;
                }
                Ok(())
            })
        })
        .await
}

/// Leaves an organization (PEOPLE-7).
///
/// # Errors
/// `LastOwner`; `NotFound` if the caller is not in it.
pub async fn leave(ctx: &Ctx, by: &Principal, org: &str) -> Result<()> {
    let (ctx_in, by_in, org) = (ctx.clone(), by.clone(), org.to_owned());
    ctx.db()
        .write(move |tx| {
            let (ctx, by, org) = (ctx_in.clone(), by_in.clone(), org.clone());
            Box::pin(async move {
                let found = organization::find(tx, &by, &org).await?;
                let role = membership::find_role(tx, found.id, by.person).await?;
                let permit = allow(by.person, found.id, role, Permission::Leave)?;
                take_out(tx, &ctx, &by, &permit, by.person, permit.role(), "person.left").await
            })
        })
        .await
}

async fn take_out(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    permit: &crate::domain::role::RolePermit,
    person: PersonId,
    role: Role,
    action: &'static str,
) -> Result<()> {
    if role == Role::Owner {
        keep_an_owner(membership::count_owners(tx, permit.organization()).await?, 1)?;
    }
    membership::delete(tx, permit, person).await?;
    grant::delete_of_person(tx, permit, person).await?;
    let what = Happened {
        organization: Some(permit.organization()),
        action,
        summary: if person == by.person { "left".to_owned() } else { "removed a person".to_owned() },
        before: Some(serde_json::json!({ "person": person, "role": role })),
        ..Happened::default()
    };
    audit::note(tx, ctx, by, what).await
}
