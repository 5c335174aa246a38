//! The trash (DRIVE-4): how long things stay there, and where they go back to.

use super::{
    id::{OrganizationId, PersonId, ResourceId},
    permit::Permit,
    refusal::Refusal,
    resource::MAX_DEPTH,
    time::Timestamp,
};

/// How many days things stay in the trash.
pub const KEPT_DAYS: i64 = 30;

/// The moment from which on what was put into the trash at `at` is deleted for good.
pub const fn kept_until(at: Timestamp) -> Timestamp {
    at.plus_days(KEPT_DAYS)
}

/// What was put into the trash before this moment has been there long enough.
pub const fn overdue_before(now: Timestamp) -> Timestamp {
    now.plus_days(-KEPT_DAYS)
}

/// A permit to delete an item for good, once its days in the trash are over. `None` before that.
pub fn outlived(
    person: PersonId,
    organization: OrganizationId,
    item: ResourceId,
    at: Timestamp,
    now: Timestamp,
) -> Option<Permit> {
    (kept_until(at) <= now).then(|| Permit::of_task(person, organization, item))
}

/// Where an item goes when it is restored from the trash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreTarget {
    Back,
    /// To the root of the Drive, because where it was is in the trash itself.
    RootAsContainerIsInTrash,
    /// To the root of the Drive, because where it was has been moved so far down that it does not fit there any more
    /// (DRIVE-1).
    RootAsTooDeep,
}

/// Where an item with `height` levels below it goes when it is restored to its former container.
pub const fn home(container_in_trash: bool, container_depth: i64, height: i64) -> RestoreTarget {
    if container_in_trash {
        RestoreTarget::RootAsContainerIsInTrash
    } else if container_depth + 1 + height > MAX_DEPTH {
        RestoreTarget::RootAsTooDeep
    } else {
        RestoreTarget::Back
    }
}

/// The refusal to delete a container because of something in it that is restricted (POL-1).
pub fn restricted_inside(name: &str) -> Refusal {
    Refusal::Forbidden(format!("“{name}”, which is inside, can only be deleted by people with Manager access."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::id;

    #[test]
    fn drive_4_things_stay_in_the_trash_for_30_days() {
        let at = Timestamp(1_800_000_000_000);
        let leave = |now| outlived(PersonId(id(1)), OrganizationId(id(2)), ResourceId(id(3)), at, now);
        assert_eq!(leave(at), None);
        assert_eq!(leave(at.plus_days(30).plus_millis(-1)), None);
        let permit = leave(at.plus_days(30));
        assert_eq!(
            permit.map(|permit| (permit.organization(), permit.resource())),
            Some((OrganizationId(id(2)), ResourceId(id(3))))
        );
        assert!(overdue_before(at.plus_days(30)) == at);
    }

    #[test]
    fn drive_4_things_go_back_where_they_were_if_that_is_there() {
        assert_eq!(home(false, 3, 2), RestoreTarget::Back);
        assert_eq!(home(true, 3, 2), RestoreTarget::RootAsContainerIsInTrash);
        assert_eq!(home(false, 61, 2), RestoreTarget::Back);
        assert_eq!(home(false, 62, 2), RestoreTarget::RootAsTooDeep);
    }
}
