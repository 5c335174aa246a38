//! Permits: proof that a check was made.
//!
//! A store function that changes resources, grants, links, memberships, organizations or accounts takes a permit, and only the
//! checks in this room make permits. A use case that forgets such a check therefore does not compile (docs/adr/0003-permits.md).

use super::{
    access::{AccessFacts, Act, may_act},
    id::{OrganizationId, PersonId, ResourceId},
    refusal::Refusal,
    requester::Requester,
    role::{Permission, Role, may},
};

/// Proof that a person may do something on a resource.
///
/// These make one: [`permit`], a transfer plan without blockers, a task that was started with a permit, an item whose days in
/// the trash are over, and [`operate`] for the operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permit {
    person: PersonId,
    organization: OrganizationId,
    resource: ResourceId,
}

impl Permit {
    /// For [`super::transfer::Plan::permit`], which has checked every item.
    pub(super) const fn of_plan(person: PersonId, organization: OrganizationId, resource: ResourceId) -> Self {
        Self { person, organization, resource }
    }

    /// For [`super::trash`], where an item has been in the trash long enough, and for [`super::task`], whose items nobody can
    /// see yet, or can see no longer.
    pub(super) const fn of_task(person: PersonId, organization: OrganizationId, resource: ResourceId) -> Self {
        Self { person, organization, resource }
    }

    /// Who may.
    pub const fn person(&self) -> PersonId {
        self.person
    }

    /// The organization that owns the resource.
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    pub const fn resource(&self) -> ResourceId {
        self.resource
    }
}

/// Whether somebody may do an act on a resource.
///
/// # Errors
/// `NotFound` if they cannot even see it (ACCESS-3); `Forbidden`, naming the level or the scope it takes, if they can.
pub fn permit(requester: Requester<'_>, act: Act, facts: &AccessFacts) -> Result<Permit, Refusal> {
    let level = facts.level().ok_or(Refusal::NotFound)?;
    requester.may_act(act)?;
    may_act(act, level, facts.restrictions)?;
    Ok(Permit { person: requester.id(), organization: facts.organization, resource: facts.resource })
}

/// Whether somebody may read what an act changes, such as the links of a resource. A person needs the level of the act. A
/// machine also needs the scope to read, but not the one to change.
///
/// # Errors
/// See [`permit`].
pub fn permit_to_look(requester: Requester<'_>, act: Act, facts: &AccessFacts) -> Result<Permit, Refusal> {
    let level = facts.level().ok_or(Refusal::NotFound)?;
    requester.may_look()?;
    may_act(act, level, facts.restrictions)?;
    Ok(Permit { person: requester.id(), organization: facts.organization, resource: facts.resource })
}

/// A permit without a check, for the operator at the command line of the machine itself. The rows name `person` as their
/// creator.
pub const fn operate(person: PersonId, organization: OrganizationId, resource: ResourceId) -> Permit {
    Permit { person, organization, resource }
}

/// A permit to give the access that comes with an invitation, for [`super::invitation::AnswerFacts::receive`], which has checked it.
pub(super) const fn given_by_invitation(by: PersonId, organization: OrganizationId, resource: ResourceId) -> Permit {
    Permit { person: by, organization, resource }
}

/// Proof that a person's role in an organization allows something.
///
/// These make one: [`allow`], [`allow_to_look`], [`found`] for the founder of an organization, and an accepted invitation for
/// the person who joins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RolePermit {
    person: PersonId,
    organization: OrganizationId,
    role: Role,
}

impl RolePermit {
    /// Who may.
    pub const fn person(&self) -> PersonId {
        self.person
    }

    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    pub const fn role(&self) -> Role {
        self.role
    }
}

/// A permit for what the role allows outright.
///
/// # Errors
/// `NotFound` for somebody who is not in the organization (what one may not see does not exist), else `Forbidden`
/// naming the role or the scope it takes.
pub fn allow(
    requester: Requester<'_>,
    organization: OrganizationId,
    role: Option<Role>,
    permission: Permission,
) -> Result<RolePermit, Refusal> {
    let role = role.ok_or(Refusal::NotFound)?;
    requester.may_use(permission)?;
    by_role(requester, organization, role, permission)
}

/// A permit to read what a permission manages, such as the seats of a licence. A person needs the permission. A machine also
/// needs the scope to read, but not the one to change.
///
/// # Errors
/// See [`allow`].
pub fn allow_to_look(
    requester: Requester<'_>,
    organization: OrganizationId,
    role: Option<Role>,
    permission: Permission,
) -> Result<RolePermit, Refusal> {
    let role = role.ok_or(Refusal::NotFound)?;
    requester.may_look()?;
    by_role(requester, organization, role, permission)
}

fn by_role(
    requester: Requester<'_>,
    organization: OrganizationId,
    role: Role,
    permission: Permission,
) -> Result<RolePermit, Refusal> {
    if may(role, permission) {
        Ok(RolePermit { person: requester.id(), organization, role })
    } else {
        let needs = permission.lowest().map_or("Owner", Role::label);
        Err(Refusal::Forbidden(format!(
            "You need at least the {needs} role in this organization to do this. You have the {} role.",
            role.label()
        )))
    }
}

/// A permit for the person who creates an organization: they become its Owner (ORG-2).
pub const fn found(person: PersonId, organization: OrganizationId) -> RolePermit {
    RolePermit { person, organization, role: Role::Owner }
}

/// A permit for somebody who joins by an invitation, for [`super::invitation::AnswerFacts::accept`], which has checked it.
pub(super) const fn join(person: PersonId, organization: OrganizationId, role: Role) -> RolePermit {
    RolePermit { person, organization, role }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::id;

    #[test]
    fn role_a_refusal_names_the_lowest_role_that_may() {
        let (person, organization) = (PersonId(id(1)), OrganizationId(id(2)));
        for permission in Permission::ALL {
            for role in Role::ALL {
                let permit = allow(Requester::person(person), organization, Some(role), permission);
                match permission.lowest() {
                    Some(lowest) if role >= lowest => {
                        assert_eq!(
                            permit.map(|p| (p.person(), p.organization(), p.role())),
                            Ok((person, organization, role))
                        );
                    }
                    lowest => {
                        let Err(Refusal::Forbidden(text)) = permit else { panic!("{permission:?} {role:?}") };
                        let lowest = lowest.map(Role::label).unwrap_or_default();
                        assert!(
                            text.contains(&format!("at least the {lowest} role")) && text.contains(role.label()),
                            "{text}"
                        );
                    }
                }
            }
            assert_eq!(
                allow(Requester::person(person), organization, None, permission),
                Err(Refusal::NotFound),
                "ACCESS-3"
            );
        }
    }
}
