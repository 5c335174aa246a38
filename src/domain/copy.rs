//! Copying inside one organization (DRIVE-4, POL-1), and for the account behind a Sharing ID (ACCT-3): who may, what, and
//! where to.

use super::{
    access::{Act, Level, may_act},
    id::{OrganizationId, ResourceId},
    permit::{Permit, RolePermit},
    refusal::Refusal,
    resource::{DatasetStatus, Kind, MAX_DEPTH, a},
    restriction::Restrictions,
};

/// What is to be copied.
#[derive(Clone, Debug)]
pub struct Original {
    pub id: ResourceId,
    pub name: String,
    pub kind: Kind,
    pub organization: OrganizationId,
    /// The copier's level on it.
    pub level: Level,
    /// What is forbidden on it, by itself and from above.
    pub restrictions: Restrictions,
    /// How many levels of things are below it.
    pub height: i64,
    /// Whether it is a site, or has one in it.
    pub holds_sites: bool,
    /// Something inside that cannot be copied, if there is any: its name.
    pub uncopyable: Option<String>,
}

/// Where to put a copy.
#[derive(Clone, Debug)]
pub struct CopyDestination {
    pub name: String,
    pub kind: Kind,
    pub organization: OrganizationId,
    /// The copier's level on it.
    pub level: Level,
    /// Its depth; a root's is 0.
    pub depth: i64,
    /// Itself and everything above it.
    pub self_and_ancestors: Vec<ResourceId>,
}

/// Whether one thing may be copied to a place.
///
/// # Errors
/// `Forbidden` where the copier's level or a restriction is in the way, of the whole or of something inside; `BadRequest`
/// where a copy cannot be.
pub fn may_copy(original: &Original, place: &CopyDestination) -> Result<(), Refusal> {
    let no = |text: String| Err(Refusal::BadRequest(text));
    may_act(Act::Copy, original.level, original.restrictions)?;
    may_act(Act::Create, place.level, Restrictions::default())?;
    if original.kind == Kind::Root {
        return no("The Drive itself cannot be copied. Select items in it.".to_owned());
    }
    if original.organization != place.organization {
        return no(
            "To copy to another organization, use Share a copy. Here, choose a place in this organization.".to_owned()
        );
    }
    copyable(original, place)
}

/// Whether one thing may be copied for the account behind a Sharing ID (ACCT-3): by who manages accounts where it is. They
/// need no access to where it goes.
///
/// # Errors
/// As [`may_copy`].
pub fn may_share(original: &Original, place: &CopyDestination) -> Result<(), Refusal> {
    may_act(Act::Copy, original.level, original.restrictions)?;
    if original.kind == Kind::Root {
        return Err(Refusal::BadRequest("The Drive itself cannot be copied. Select items in it.".to_owned()));
    }
    copyable(original, place)
}

/// A permit to put a shared copy into the root of another account. Whoever manages accounts where the original is may do so.
pub fn receive(sharer: &RolePermit, owner: OrganizationId, root: ResourceId) -> Permit {
    Permit::of_task(sharer.person(), owner, root)
}

fn copyable(original: &Original, place: &CopyDestination) -> Result<(), Refusal> {
    let no = |text: String| Err(Refusal::BadRequest(text));
    if let Some(name) = &original.uncopyable {
        return Err(Refusal::Forbidden(format!(
            "“{name}”, which is inside, cannot be copied, because its Managers have restricted copying."
        )));
    }
    if place.self_and_ancestors.contains(&original.id) {
        return no(format!("“{}” cannot be copied into itself or into something inside it.", original.name));
    }
    fits(&original.name, original.kind, original.height, place)
}

/// Whether something of this kind and height may be in a place (DRIVE-1).
///
/// # Errors
/// `BadRequest`, saying why not.
pub fn fits(name: &str, kind: Kind, height: i64, place: &CopyDestination) -> Result<(), Refusal> {
    let no = |text: String| Err(Refusal::BadRequest(text));
    if !place.kind.may_hold(kind) {
        return no(match place.kind {
            Kind::Dataset => format!("“{}” is a dataset and cannot hold “{name}”.", place.name),
            container => format!(
                "“{}” is {} and holds only datasets; “{name}” is {}.",
                place.name,
                a(container).to_lowercase(),
                a(kind).to_lowercase()
            ),
        });
    }
    if place.depth + 1 + height > MAX_DEPTH {
        return no(format!("Folders can be at most {MAX_DEPTH} levels deep. “{name}” would go deeper."));
    }
    Ok(())
}

/// The status of the copy of a dataset. The copy of a processed dataset refers to the same results. One that is still being
/// processed is copied as a draft, so that it is neither processed nor charged twice (LIC-2).
pub const fn status_of_copy(status: DatasetStatus) -> DatasetStatus {
    match status {
        DatasetStatus::Draft | DatasetStatus::Queued | DatasetStatus::WaitingForCredits | DatasetStatus::Processing => {
            DatasetStatus::Draft
        }
        DatasetStatus::Processed => DatasetStatus::Processed,
        DatasetStatus::Failed => DatasetStatus::Failed,
    }
}

/// The restrictions of a copy: all those of the original, also those from above, so that copying is no way around a
/// restriction (POL-1).
pub const fn restrictions_of_copy(of_original: Restrictions) -> Restrictions {
    of_original
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::id;

    fn original() -> Original {
        Original {
            id: ResourceId(id(1)),
            name: "Tunnel".to_owned(),
            kind: Kind::Folder,
            organization: OrganizationId(id(9)),
            level: Level::Reader,
            restrictions: Restrictions::default(),
            height: 1,
            holds_sites: false,
            uncopyable: None,
        }
    }

    fn place() -> CopyDestination {
        CopyDestination {
            name: "Here".to_owned(),
            kind: Kind::Folder,
            organization: OrganizationId(id(9)),
            level: Level::Uploader,
            depth: 3,
            self_and_ancestors: vec![ResourceId(id(2)), ResourceId(id(3))],
        }
    }

    #[test]
    fn drive_4_who_sees_it_copies_it_to_where_they_may_create() {
        assert_eq!(may_copy(&original(), &place()), Ok(()));
        let low = CopyDestination { level: Level::Reader, ..place() };
        assert!(matches!(may_copy(&original(), &low), Err(Refusal::Forbidden(_))));
    }

    #[test]
    fn acct_3_a_shared_copy_goes_to_any_organization_but_not_past_a_restriction() {
        let elsewhere = CopyDestination { organization: OrganizationId(id(8)), level: Level::Reader, ..place() };
        assert_eq!(may_share(&original(), &elsewhere), Ok(()));
        let restricted = Restrictions { copy: true, ..Restrictions::default() };
        assert!(may_share(&Original { restrictions: restricted, ..original() }, &elsewhere).is_err());
        assert!(may_share(&Original { uncopyable: Some("Secret".to_owned()), ..original() }, &elsewhere).is_err());
        assert!(may_share(&Original { kind: Kind::Root, ..original() }, &elsewhere).is_err());
        assert!(may_share(&Original { height: 64, ..original() }, &elsewhere).is_err());
    }

    #[test]
    fn pol_1_what_is_restricted_is_not_copied_nor_what_it_is_in() {
        let restrictions = Restrictions { copy: true, ..Restrictions::default() };
        let whole = Original { restrictions, level: Level::Manager, ..original() };
        assert!(matches!(may_copy(&whole, &place()), Err(Refusal::Forbidden(_))));
        let inside = Original { uncopyable: Some("Secret".to_owned()), ..original() };
        let Err(Refusal::Forbidden(text)) = may_copy(&inside, &place()) else { panic!("refused") };
        assert!(text.contains("Secret"), "{text}");
    }

    #[test]
    fn drive_1_a_copy_is_where_it_may_be() {
        let refused = |original: Original, place: CopyDestination| match may_copy(&original, &place) {
            Err(Refusal::BadRequest(text)) => text,
            other => panic!("{other:?}"),
        };
        let site = CopyDestination { kind: Kind::Site, ..place() };
        assert!(refused(original(), site.clone()).contains("holds only datasets"));
        assert!(refused(original(), CopyDestination { kind: Kind::Dataset, ..place() }).contains("is a dataset"));
        assert!(refused(original(), CopyDestination { depth: 63, ..place() }).contains("64 levels"));
        assert!(
            refused(original(), CopyDestination { self_and_ancestors: vec![ResourceId(id(1))], ..place() })
                .contains("into itself")
        );
        assert!(
            refused(original(), CopyDestination { organization: OrganizationId(id(8)), ..place() })
                .contains("organization")
        );
        assert!(refused(Original { kind: Kind::Root, ..original() }, place()).contains("Drive itself"));
        assert_eq!(may_copy(&Original { kind: Kind::Dataset, height: 0, ..original() }, &site), Ok(()));
    }

    #[test]
    fn lic_2_a_copy_of_what_is_on_its_way_is_a_draft() {
        let copies: Vec<&str> = DatasetStatus::ALL.into_iter().map(|status| status_of_copy(status).as_str()).collect();
        assert_eq!(copies, ["draft", "draft", "draft", "draft", "processed", "failed"]);
    }
}
