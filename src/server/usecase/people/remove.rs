//! Removing people from an organization, and leaving one (PEOPLE-5, PEOPLE-7, PEOPLE-9).

use std::collections::BTreeSet;

use crate::{
    domain::{
        audit::Action,
        id::PersonId,
        permit::{RolePermit, allow},
        refusal::Refusal,
        role::{Permission, Role},
        role_change::{change_role as may_change_role, keep_an_owner},
        text::FieldIssue,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        mail::{self, EmailMessage},
        store::{
            Tx, grant,
            membership::{self, Member},
            organization as organizations, seat,
        },
        usecase::{
            audit::{self, AuditEvent},
            key as keys, organization,
        },
    },
};

/// How many people are acted on at a time.
pub(super) const MAX_PEOPLE_PER_CHANGE: usize = 1_000;

/// Removes people from an organization, all or none (PEOPLE-5). An External loses what they were given (PEOPLE-9). What they
/// created stays. Answers how many were removed.
///
/// # Errors
/// `LastOwner`; `Forbidden` by ROLE-3; `NotFound` if one of them is neither in it nor reaches anything; `Invalid` for an
/// empty list.
pub async fn remove(ctx: &Ctx, by: &Principal, org: &str, people: Vec<PersonId>) -> Result<usize> {
    let people: Vec<PersonId> = people.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    if people.is_empty() {
        return Err(Refusal::field("people", FieldIssue::Missing).into());
    }
    if people.len() > MAX_PEOPLE_PER_CHANGE {
        return Err(Refusal::field("people", FieldIssue::TooMany(MAX_PEOPLE_PER_CHANGE)).into());
    }
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = organization::permit(tx, by, org, Permission::ManagePeople).await?;
                let members = membership::list_by_id(tx, permit.organization(), &people).await?;
                if members.len() < people.len() {
                    let inside: BTreeSet<PersonId> = members.iter().map(|member| member.id).collect();
                    let outside: Vec<PersonId> =
                        people.iter().filter(|person| !inside.contains(person)).copied().collect();
                    let known = grant::list_known(tx, permit.organization(), &outside).await?;
                    if known.len() < outside.len() {
                        return Err(Refusal::NotFound.into());
                    }
                }
                keys::reach_the_whole(tx, by, permit.organization()).await?;
                for member in &members {
                    by.who().may_touch(member.role)?;
                    // Removing takes what making them a Member would take: nobody removes somebody above themselves.
                    may_change_role(permit.role(), member.role, Role::Member)?;
                }
                take_out(tx, ctx, by, &permit, &people, &members, Action::PersonRemoved).await?;
                let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
                for member in members.iter().filter(|member| member.id != by.person) {
                    let message = EmailMessage::Removed { organization: &at.name, by: &by.name };
                    mail::post(tx, ctx, &member.email, &message).await?;
                }
                Ok(people.len())
            })
        })
        .await
}

/// Leaves an organization (PEOPLE-7).
///
/// # Errors
/// `LastOwner`; `NotFound` if the caller is not in it.
pub async fn leave(ctx: &Ctx, by: &Principal, org: &str) -> Result<()> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = organization::find(tx, by, org).await?;
                let role = membership::find_role(tx, found.id, by.person).await?;
                let permit = allow(by.who(), found.id, role, Permission::Leave)?;
                let me = membership::list_by_id(tx, found.id, &[by.person]).await?;
                take_out(tx, ctx, by, &permit, &[by.person], &me, Action::PersonLeft).await
            })
        })
        .await
}

/// Ends the memberships, grants and seats of people, and records an event for each person. `members` are those of them who
/// are in the organization; the others are external.
async fn take_out(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    permit: &RolePermit,
    people: &[PersonId],
    members: &[Member],
    action: Action,
) -> Result<()> {
    let leaving = members.iter().filter(|member| member.role == Role::Owner).count() as u64;
    keep_an_owner(membership::count_owners(tx, permit.organization()).await?, leaving)?;
    membership::delete(tx, permit, people).await?;
    grant::delete_of_people(tx, permit, people).await?;
    seat::delete_of_people(tx, permit, people).await?;
    for person in people {
        let member = members.iter().find(|member| member.id == *person);
        let summary = match member {
            Some(_) if *person == by.person => "left".to_owned(),
            Some(member) => format!("removed {}", member.name),
            None => "removed a person from outside".to_owned(),
        };
        let what = AuditEvent {
            organization: Some(permit.organization()),
            before: Some(serde_json::json!({ "person": person, "role": member.map(|member| member.role) })),
            ..AuditEvent::new(action, summary)
        };
        audit::record(tx, ctx, by, what).await?;
    }
    Ok(())
}
