//! Whose names somebody sees in an organization (PEOPLE-11).

use serde::{Deserialize, Serialize};

use super::role::Role;

/// Who sees the people list of an organization (PEOPLE-11).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleVisibility {
    /// Everyone with an organization-level role.
    #[default]
    Everyone,
    /// Owners and Managers.
    Managers,
}

words! {
    PeopleVisibility
    Managers => "managers", "Owners and Managers";
    Everyone => "everyone", "Everyone in the organization";
}

impl PeopleVisibility {
    /// PEOPLE-11: whether somebody with this role sees the whole people list. A Member never does; they see whom they
    /// share a resource with.
    pub fn shows_to(self, role: Role) -> bool {
        match self {
            Self::Everyone => role > Role::Member,
            Self::Managers => role >= Role::Manager,
        }
    }
}

/// Which people of an organization somebody sees (PEOPLE-11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VisiblePeople {
    /// All of them.
    Everyone,
    /// Those with whom they share a resource.
    Shared,
    /// Nobody: the page does not exist for them.
    Nobody,
}

/// PEOPLE-11: whose names somebody with this role sees. A Member sees those they share a resource with, unless only Owners
/// and Managers see the list.
pub fn visible_people(role: Option<Role>, shown_to: PeopleVisibility) -> VisiblePeople {
    match role {
        Some(role) if shown_to.shows_to(role) => VisiblePeople::Everyone,
        Some(Role::Member) if shown_to == PeopleVisibility::Everyone => VisiblePeople::Shared,
        _ => VisiblePeople::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_11_which_roles_see_everybody() {
        let seen = |choice: PeopleVisibility| Role::ALL.map(|role| choice.shows_to(role));
        assert_eq!(seen(PeopleVisibility::Everyone), [true, true, true, true, false]);
        assert_eq!(seen(PeopleVisibility::Managers), [true, true, false, false, false]);
        for choice in PeopleVisibility::ALL {
            assert_eq!(PeopleVisibility::parse(choice.as_str()), Ok(choice));
        }
        assert!(PeopleVisibility::parse("nobody").is_err());
    }

    #[test]
    fn people_11_who_sees_the_people_list() {
        let table = [
            (Some(Role::Owner), VisiblePeople::Everyone, VisiblePeople::Everyone),
            (Some(Role::Manager), VisiblePeople::Everyone, VisiblePeople::Everyone),
            (Some(Role::Editor), VisiblePeople::Everyone, VisiblePeople::Nobody),
            (Some(Role::Reader), VisiblePeople::Everyone, VisiblePeople::Nobody),
            (Some(Role::Member), VisiblePeople::Shared, VisiblePeople::Nobody),
            (None, VisiblePeople::Nobody, VisiblePeople::Nobody),
        ];
        for (role, everyone, managers_only) in table {
            assert_eq!(
                (visible_people(role, PeopleVisibility::Everyone), visible_people(role, PeopleVisibility::Managers)),
                (everyone, managers_only),
                "{role:?}"
            );
        }
    }
}
