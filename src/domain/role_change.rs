//! Who may give which role to whom (ROLE-3), and that an organization keeps an Owner (ORG-3).

use super::{
    refusal::Refusal,
    role::{Permission, Role, may},
};

/// ROLE-3: nobody gives a role above their own, or changes the role of somebody above them. Only Owners change Owners.
///
/// # Errors
/// `Forbidden`, saying which of these it is.
pub fn change_role(by: Role, of: Role, to: Role) -> Result<(), Refusal> {
    if !may(by, Permission::ManagePeople) {
        return Err(Refusal::Forbidden(
            "You need at least the Manager role in this organization to change roles.".to_owned(),
        ));
    }
    if (of == Role::Owner || to == Role::Owner) && !may(by, Permission::TouchOwner) {
        return Err(Refusal::Forbidden("Only an Owner can make, change or remove an Owner.".to_owned()));
    }
    if of > by || to > by {
        return Err(Refusal::Forbidden(
            "You cannot change someone with a higher role, or give a role above your own.".to_owned(),
        ));
    }
    Ok(())
}

/// The roles that a menu offers for somebody, with their present one (ROLE-3, ORG-3). The last Owner can only stay Owner.
pub fn roles_to_give(by: Role, of: Role, last_owner: bool) -> Vec<Role> {
    let fits = |to: Role| to == of || (!last_owner && change_role(by, of, to).is_ok());
    Role::ALL.into_iter().filter(|to| fits(*to)).collect()
}

/// ROLE-3: whether a change of role needs a confirmation. It does when somebody becomes an Owner, and when people lower their
/// own role.
pub fn asks_first(own: bool, from: Role, to: Role) -> bool {
    (to == Role::Owner && from != Role::Owner) || (own && to < from)
}

/// ROLE-3 for an invitation: nobody invites somebody as more than they are themselves, and only an Owner as an Owner.
///
/// # Errors
/// `Forbidden`, saying which of these it is.
pub fn may_invite_as(by: Role, role: Role) -> Result<(), Refusal> {
    change_role(by, Role::Member, role)
}

/// The roles that somebody may invite as, lowest first.
pub fn roles_to_invite_as(by: Role) -> Vec<Role> {
    Role::ALL.into_iter().rev().filter(|role| may_invite_as(by, *role).is_ok()).collect()
}

/// ORG-3: an organization with `owners` Owners may lose `leaving` of them.
///
/// # Errors
/// `LastOwner` if none would be left.
pub const fn keep_an_owner(owners: u64, leaving: u64) -> Result<(), Refusal> {
    if leaving == 0 || owners > leaving { Ok(()) } else { Err(Refusal::LastOwner) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::{row, table};

    #[test]
    fn role_3_org_3_a_menu_offers_what_may_be_given() {
        assert_eq!(roles_to_give(Role::Owner, Role::Owner, true), [Role::Owner]);
        assert_eq!(roles_to_give(Role::Owner, Role::Reader, false), Role::ALL);
        assert_eq!(roles_to_give(Role::Manager, Role::Owner, false), [Role::Owner]);
        assert!(!roles_to_give(Role::Manager, Role::Reader, false).contains(&Role::Owner));
        assert_eq!(roles_to_give(Role::Editor, Role::Reader, false), [Role::Reader]);
    }

    #[test]
    fn role_3_who_may_be_invited_as_what() {
        for by in Role::ALL {
            for role in Role::ALL {
                let fine = by >= Role::Manager && role <= by && (role != Role::Owner || by == Role::Owner);
                assert_eq!(may_invite_as(by, role).is_ok(), fine, "{by:?} invites {role:?}");
            }
        }
    }

    #[test]
    fn role_3_who_may_make_whom_what() {
        let header = ["by, of", "to Owner", "to Manager", "to Editor", "to Reader", "to Member"];
        let mut rows = vec![row(header)];
        for by in Role::ALL {
            for of in Role::ALL {
                let cells = Role::ALL.map(|to| match change_role(by, of, to) {
                    Ok(()) => "yes",
                    Err(Refusal::Forbidden(text)) if text.contains("at least the Manager role") => "takes a Manager",
                    Err(Refusal::Forbidden(text)) if text.contains("Only an Owner") => "takes an Owner",
                    Err(other) => panic!("{other:?}"),
                });
                let name = format!("{}, {}", by.label(), of.label());
                rows.push([name].into_iter().chain(cells.map(str::to_owned)).collect());
            }
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn role_3_becoming_an_owner_and_stepping_down_are_asked_about() {
        for from in Role::ALL {
            for to in Role::ALL {
                let rises = to == Role::Owner && from != Role::Owner;
                assert_eq!(asks_first(false, from, to), rises, "{from:?} to {to:?}");
                assert_eq!(asks_first(true, from, to), rises || to < from, "me, {from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn org_3_the_last_owner_stays() {
        let table = [(1, 0, true), (1, 1, false), (2, 1, true), (2, 2, false), (2, 3, false), (3, 2, true)];
        for (owners, leaving, fine) in table {
            let expected = if fine { Ok(()) } else { Err(Refusal::LastOwner) };
            assert_eq!(keep_an_owner(owners, leaving), expected, "{leaving} of {owners}");
        }
    }

    /// What may happen to the people of an organization, by their position in the list.
    #[derive(Clone, Debug)]
    enum Step {
        Change { by: usize, of: usize, to: Role },
        Remove { by: usize, whom: Vec<usize> },
        Leave(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let someone = 0..6_usize;
        prop_oneof![
            (someone.clone(), someone.clone(), proptest::sample::select(&Role::ALL[..]))
                .prop_map(|(by, of, to)| Step::Change { by, of, to }),
            (someone.clone(), proptest::collection::vec(someone.clone(), 1..4))
                .prop_map(|(by, whom)| Step::Remove { by, whom }),
            someone.prop_map(Step::Leave),
        ]
    }

    proptest! {
        #[test]
        fn org_3_whoever_may_go_an_owner_is_left(owners in 1_u64..1_000, leaving in 0_u64..1_100) {
            prop_assert_eq!(keep_an_owner(owners, leaving).is_ok(), leaving == 0 || leaving < owners);
        }

        #[test]
        fn role_3_nobody_rises_above_who_lifts_them(
            by in proptest::sample::select(&Role::ALL[..]),
            of in proptest::sample::select(&Role::ALL[..]),
            to in proptest::sample::select(&Role::ALL[..]),
        ) {
            if change_role(by, of, to).is_ok() {
                prop_assert!(of <= by && to <= by && by >= Role::Manager);
            }
        }

        #[test]
        fn org_3_no_history_of_changes_ends_without_an_owner(steps in proptest::collection::vec(step(), 0..40)) {
            // Two Owners, and one of every other role.
            let mut people: Vec<Option<Role>> = [Role::Owner].into_iter().chain(Role::ALL).map(Some).collect();
            for step in steps {
                let owners = people.iter().filter(|role| **role == Some(Role::Owner)).count() as u64;
                match step {
                    Step::Change { by, of, to } => {
                        let (Some(by), Some(from)) = (people[by], people[of]) else { continue };
                        let leaving = u64::from(from == Role::Owner && to != Role::Owner);
                        if change_role(by, from, to).and_then(|()| keep_an_owner(owners, leaving)).is_ok() {
                            people[of] = Some(to);
                        }
                    }
                    Step::Remove { by, mut whom } => {
                        whom.sort_unstable();
                        whom.dedup();
                        let Some(by) = people[by] else { continue };
                        let roles: Vec<Role> = whom.iter().filter_map(|person| people[*person]).collect();
                        let leaving = roles.iter().filter(|role| **role == Role::Owner).count() as u64;
                        let may_touch = roles.iter().all(|role| change_role(by, *role, Role::Member).is_ok());
                        if may_touch && keep_an_owner(owners, leaving).is_ok() {
                            for person in &whom {
                            people[*person] = None;
                        }
                        }
                    }
                    Step::Leave(person) => {
                        if keep_an_owner(owners, u64::from(people[person] == Some(Role::Owner))).is_ok() {
                            people[person] = None;
                        }
                    }
                }
                prop_assert!(people.contains(&Some(Role::Owner)));
            }
        }
    }
}
