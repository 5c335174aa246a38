//! **View as**: somebody who manages access looks at a Drive through the eyes of another, to see what they see (ACCESS-2,
//! ACCESS-3).
//!
//! # Invariants
//! - Whoever may look as another sees everything in the organization themselves, so nothing is shown that they do not see.
//! - Nothing changes while one looks as another.

use super::{
    access::Level,
    id::{OrganizationId, PersonId},
    permit::{RolePermit, allow},
    refusal::Refusal,
    requester::{PeopleOnly, Requester},
    role::{Permission, Role},
    time::Timestamp,
};

/// The audit log gets one line when somebody starts to view as another person, and another after this time (AUDIT-1).
pub const AUDIT_INTERVAL_MILLIS: i64 = 60 * 60 * 1_000;

/// Why nothing can be changed.
pub const READ_ONLY_MESSAGE: &str = "You are viewing as someone else. Exit the preview to make changes.";

/// ACCESS-2: whether somebody may look at the Drive of an organization as another person sees it. It takes the
/// permission to give access to any resource; `known` says that the person belongs to the organization, or was given
/// something in it.
///
/// # Errors
/// `NotFound` for who is not in the organization and for a person whom it does not know; `Forbidden`, naming the role it
/// takes; `BadRequest` for oneself.
pub fn authorize(
    viewer: Requester<'_>,
    organization: OrganizationId,
    role: Option<Role>,
    person: PersonId,
    known: bool,
) -> Result<RolePermit, Refusal> {
    role.ok_or(Refusal::NotFound)?;
    viewer.is_a_person(PeopleOnly::Viewer)?;
    let permit = allow(viewer, organization, role, Permission::GiveAccess)?;
    if !known {
        return Err(Refusal::NotFound);
    }
    if viewer.id() == person {
        return Err(Refusal::BadRequest("This is your own view already. Choose someone else.".to_owned()));
    }
    Ok(permit)
}

/// The level that is shown: that of the other person, and only where the viewer sees the resource too (ACCESS-3).
pub const fn visible_level(own: Option<Level>, theirs: Option<Level>) -> Option<Level> {
    match own {
        Some(_) => theirs,
        None => None,
    }
}

/// Whether an audit line is due.
pub const fn needs_audit(before: Option<Timestamp>, now: Timestamp) -> bool {
    match before {
        // A clock that was set back does not keep lines out of the log.
        Some(before) => now.0 - before.0 >= AUDIT_INTERVAL_MILLIS || now.0 < before.0,
        None => true,
    }
}

/// The refusal of every change while somebody views as another person.
pub fn read_only() -> Refusal {
    Refusal::Forbidden(READ_ONLY_MESSAGE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{access::role_level, testing::id};

    const VIEWER: PersonId = PersonId(id(1));
    const OTHER: PersonId = PersonId(id(2));
    const ORGANIZATION: OrganizationId = OrganizationId(id(3));

    #[test]
    fn access_2_only_who_may_give_access_anywhere_looks_as_another() {
        let answer = |role| authorize(Requester::person(VIEWER), ORGANIZATION, role, OTHER, true);
        for role in Role::ALL {
            let may = matches!(role, Role::Owner | Role::Manager);
            assert_eq!(answer(Some(role)).is_ok(), may, "{role:?}");
            assert_eq!(matches!(answer(Some(role)), Err(Refusal::Forbidden(_))), !may, "{role:?}");
        }
        assert_eq!(answer(None).err(), Some(Refusal::NotFound));
    }

    #[test]
    fn access_3_whom_the_organization_does_not_know_does_not_exist_and_oneself_is_no_other() {
        let answer =
            |person, known| authorize(Requester::person(VIEWER), ORGANIZATION, Some(Role::Owner), person, known);
        assert_eq!(answer(OTHER, false).err(), Some(Refusal::NotFound));
        assert_eq!(answer(VIEWER, false).err(), Some(Refusal::NotFound));
        assert!(matches!(answer(VIEWER, true), Err(Refusal::BadRequest(_))));
    }

    #[test]
    fn access_3_whoever_looks_as_another_sees_everything_there_themselves() {
        for role in Role::ALL
            .into_iter()
            .filter(|role| authorize(Requester::person(VIEWER), ORGANIZATION, Some(*role), OTHER, true).is_ok())
        {
            assert_eq!(role_level(role), Some(Level::Manager), "{role:?}");
        }
    }

    #[test]
    fn access_3_what_the_viewer_does_not_see_is_not_shown() {
        for level in Level::ALL.map(Some).into_iter().chain([None]) {
            assert_eq!(visible_level(None, level), None);
            for own in Level::ALL {
                assert_eq!(visible_level(Some(own), level), level);
            }
        }
    }

    #[test]
    fn audit_1_a_look_is_written_down_when_it_begins_and_again_after_an_hour() {
        let at = Timestamp(1_000_000_000);
        assert!(needs_audit(None, at));
        assert!(!needs_audit(Some(at), at));
        assert!(!needs_audit(Some(at), at.plus_millis(AUDIT_INTERVAL_MILLIS - 1)));
        assert!(needs_audit(Some(at), at.plus_millis(AUDIT_INTERVAL_MILLIS)));
        assert!(needs_audit(Some(at), at.plus_millis(-1)), "a clock that went back hides nothing");
    }
}
