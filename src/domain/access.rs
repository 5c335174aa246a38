//! What a person may do on a resource (ACCESS-1): the highest of their role and every grant on it or above it.

use serde::{Deserialize, Serialize};

use super::{
    id::{OrganizationId, ResourceId},
    refusal::Refusal,
    restriction::Restrictions,
    role::{Affiliation, Cell, Permission, Role, cell},
};

/// An access level on a resource. The order of the variants counts: a later level includes the earlier ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Look and measure.
    Reader,
    /// What a Reader can do, and add new things.
    Uploader,
    /// What an Uploader can do, and rename, move and delete.
    Editor,
    /// Everything, and give access to others.
    Manager,
}

words! {
    Level
    Reader => "reader", "Reader";
    Uploader => "uploader", "Uploader";
    Editor => "editor", "Editor";
    Manager => "manager", "Manager";
}

impl Level {
    /// What the level allows, as the end of a sentence that begins with "can".
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Reader => "view and measure",
            Self::Uploader => "view, and add new things",
            Self::Editor => "add, rename, move and delete",
            Self::Manager => "do everything, and give access to others",
        }
    }
}

/// What somebody wants to do with a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Open it, list what is in it, search it.
    View,
    /// Put something new into it.
    Create,
    /// Change its name.
    Rename,
    /// Change a dataset's facts or have it processed.
    Process,
    /// Save what is drawn on it (VIEW-3).
    Annotate,
    /// Take it out of where it is, or put something moved into it.
    Move,
    /// Give, change or take access to it.
    GiveAccess,
    /// Take the bytes of its files away (POL-1).
    Download,
    /// Make another one like it somewhere (POL-1).
    Copy,
    /// Put it into the trash, bring it back, or delete it for good (POL-1).
    Trash,
    /// Switch a link on or off that shows it to anyone (LINK-1).
    Share,
    /// Copy a link that is on (LINK-1).
    CopyLink,
    /// Forbid things on it and below it (POL-1).
    Restrict,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 13] = [
        Self::View,
        Self::Create,
        Self::Rename,
        Self::Process,
        Self::Annotate,
        Self::Move,
        Self::GiveAccess,
        Self::Download,
        Self::Copy,
        Self::Trash,
        Self::Share,
        Self::CopyLink,
        Self::Restrict,
    ];

    /// The lowest level that may do the act. The match is exhaustive, so a new act does not compile until its level is decided.
    pub const fn needs(self) -> Level {
        match self {
            Self::View | Self::Download | Self::Copy => Level::Reader,
            Self::Create => Level::Uploader,
            Self::Rename | Self::Process | Self::Annotate | Self::Move | Self::Trash | Self::CopyLink => Level::Editor,
            Self::GiveAccess | Self::Share | Self::Restrict => Level::Manager,
        }
    }
}

/// The level that a role gives on every resource of its organization. A Member has none.
pub const fn role_level(role: Role) -> Option<Level> {
    match role {
        Role::Owner | Role::Manager => Some(Level::Manager),
        Role::Editor => Some(Level::Editor),
        Role::Reader => Some(Level::Reader),
        Role::Member => None,
    }
}

/// Everything that decides what one person may do on one resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessFacts {
    pub resource: ResourceId,
    pub organization: OrganizationId,
    /// The person's role there, if they have one.
    pub role: Option<Role>,
    /// The levels of every grant to the person, or to an organization they belong to, on the resource or above it.
    pub grants: Vec<Level>,
    /// What is forbidden on the resource, by itself and from above.
    pub restrictions: Restrictions,
}

impl AccessFacts {
    /// The highest of role and grants (ACCESS-1). A grant can raise what the role gives, but not lower it (ROLE-1).
    /// `None` means that the person cannot see the resource at all.
    pub fn level(&self) -> Option<Level> {
        self.grants.iter().copied().chain(self.role.and_then(role_level)).max()
    }
}

/// Whether a level is enough for an act, and nothing forbids it (POL-1).
///
/// # Errors
/// `Forbidden`, naming the level it takes, or what is restricted.
pub fn may_act(act: Act, level: Level, restrictions: Restrictions) -> Result<(), Refusal> {
    if level < act.needs() {
        return Err(Refusal::Forbidden(format!(
            "You need {} access to do this. You have {} access. Ask someone with Manager access for more.",
            act.needs().label(),
            level.label()
        )));
    }
    match act {
        Act::Copy if restrictions.copy => {
            Err(Refusal::Forbidden("This cannot be copied, because its Managers have restricted copying.".to_owned()))
        }
        Act::Download if restrictions.download => Err(Refusal::Forbidden(
            "This cannot be downloaded, because its Managers have restricted downloading.".to_owned(),
        )),
        Act::Trash if restrictions.delete && level < Level::Manager => {
            Err(Refusal::Forbidden("Only people with Manager access can delete this.".to_owned()))
        }
        _ => Ok(()),
    }
}

/// ROLE: whether somebody with this affiliation may be given a level on a resource of the organization. Only the
/// organization's own people can be Manager ("project owner"). Other organizations (ACCESS-4) count as external.
///
/// # Errors
/// `Forbidden`, saying which level it could be.
pub fn may_be_given(level: Level, affiliation: Affiliation) -> Result<(), Refusal> {
    let permission = match level {
        Level::Manager => Permission::BeGivenManager,
        Level::Reader | Level::Uploader | Level::Editor => Permission::BeGivenLevel,
    };
    if cell(permission, affiliation) == Cell::No {
        return Err(Refusal::Forbidden(
            "Only people of this organization can be given Manager access. Choose Editor or below, or invite them first."
                .to_owned(),
        ));
    }
    Ok(())
}

/// Why somebody has the access they have, as lists show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// From a role, or from a grant higher up.
    Inherited,
    /// From a grant made by hand on this very resource. Direct items do not move (XFER-2).
    Direct,
    /// From a grant that came along with a move (XFER-3).
    Carried,
}

words! {
    Source
    Inherited => "inherited", "Inherited";
    Direct => "direct", "Direct";
    Carried => "carried", "Carried";
}

impl Source {
    /// How a resource with these grants of its own is shown: a grant made by hand takes precedence over a carried one.
    pub const fn of(direct: bool, carried: bool) -> Self {
        match (direct, carried) {
            (true, _) => Self::Direct,
            (false, true) => Self::Carried,
            (false, false) => Self::Inherited,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        id::PersonId,
        permit::{Permit, permit},
        requester::Requester,
        testing::{id, row, table},
    };

    const PERSON: PersonId = PersonId(id(1));

    /// Every role, and none; highest first.
    const ROLES: [Option<Role>; 6] =
        [Some(Role::Owner), Some(Role::Manager), Some(Role::Editor), Some(Role::Reader), Some(Role::Member), None];

    /// No grant, and one of every level; lowest first.
    const GRANTED: [Option<Level>; 5] =
        [None, Some(Level::Reader), Some(Level::Uploader), Some(Level::Editor), Some(Level::Manager)];

    fn facts(role: Option<Role>, grants: Vec<Level>) -> AccessFacts {
        AccessFacts {
            resource: ResourceId(id(2)),
            organization: OrganizationId(id(3)),
            role,
            grants,
            restrictions: Restrictions::default(),
        }
    }

    fn role_title(role: Option<Role>) -> &'static str {
        role.map_or("External", Role::label)
    }

    fn level_title(level: Option<Level>) -> &'static str {
        level.map_or("none", Level::label)
    }

    #[test]
    fn access_1_role_1_the_highest_of_role_and_grant_counts() {
        let header = ["", "granted none", "granted Reader", "granted Uploader", "granted Editor", "granted Manager"];
        let mut rows = vec![row(header)];
        for role in ROLES {
            let levels =
                GRANTED.map(|granted| level_title(facts(role, granted.into_iter().collect()).level()).to_owned());
            rows.push([role_title(role).to_owned()].into_iter().chain(levels).collect());
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn access_1_the_highest_of_several_grants_counts() {
        let several = |grants: &[Level]| facts(Some(Role::Member), grants.to_vec()).level();
        assert_eq!(several(&[Level::Reader, Level::Editor, Level::Uploader]), Some(Level::Editor));
        assert_eq!(several(&[Level::Manager, Level::Reader]), Some(Level::Manager));
        assert_eq!(several(&[]), None);
    }

    #[test]
    fn access_1_access_3_what_role_and_grant_together_allow() {
        let acts = Act::ALL.map(|act| format!("{act:?}"));
        let mut rows = vec![["role".to_owned(), "granted".to_owned()].into_iter().chain(acts).collect::<Vec<_>>()];
        for role in ROLES {
            for granted in GRANTED {
                let on = facts(role, granted.into_iter().collect());
                let answers = Act::ALL.map(|act| match permit(Requester::person(PERSON), act, &on) {
                    Ok(_) => "yes",
                    Err(Refusal::Forbidden(_)) => "forbidden",
                    Err(Refusal::NotFound) => "not found",
                    Err(other) => panic!("{other:?}"),
                });
                let names = [role_title(role), level_title(granted)];
                rows.push(names.into_iter().chain(answers).map(str::to_owned).collect());
            }
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn access_1_a_permit_says_who_and_on_what_and_a_refusal_what_it_takes() {
        let on = facts(Some(Role::Reader), vec![Level::Uploader]);
        let given =
            permit(Requester::person(PERSON), Act::Create, &on).map(|p| (p.person(), p.organization(), p.resource()));
        assert_eq!(given, Ok((PERSON, on.organization, on.resource)));
        let text =
            "You need Editor access to do this. You have Uploader access. Ask someone with Manager access for more."
                .to_owned();
        assert_eq!(permit(Requester::person(PERSON), Act::Move, &on), Err(Refusal::Forbidden(text)));
    }

    #[test]
    fn role_who_may_be_given_which_level() {
        let mut rows = vec![row(["", "Reader", "Uploader", "Editor", "Manager"])];
        for role in ROLES {
            let affiliation = role.map_or(Affiliation::External, Affiliation::In);
            let answers = Level::ALL.map(|level| if may_be_given(level, affiliation).is_ok() { "yes" } else { "no" });
            rows.push([role_title(role)].into_iter().chain(answers).map(str::to_owned).collect());
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn access_2_a_grant_by_hand_shows_before_a_carried_one() {
        assert_eq!(Source::of(false, false), Source::Inherited);
        assert_eq!(Source::of(false, true), Source::Carried);
        assert_eq!(Source::of(true, false), Source::Direct);
        assert_eq!(Source::of(true, true), Source::Direct);
    }

    /// How good an answer is.
    fn rank(answer: &Result<Permit, Refusal>) -> u8 {
        match answer {
            Ok(_) => 2,
            Err(Refusal::Forbidden(_)) => 1,
            Err(_) => 0,
        }
    }

    proptest! {
        #[test]
        fn role_1_a_grant_more_never_takes_anything_away(
            role in proptest::sample::select(&ROLES[..]),
            grants in proptest::collection::vec(proptest::sample::select(&Level::ALL[..]), 0..6),
            more in proptest::sample::select(&Level::ALL[..]),
            at in any::<proptest::sample::Index>(),
        ) {
            let before = facts(role, grants.clone());
            let mut with = grants;
            with.insert(at.index(with.len() + 1), more);
            let after = facts(role, with);
            prop_assert!(after.level() >= before.level() && after.level() >= Some(more));
            for act in Act::ALL {
                prop_assert!(rank(&permit(Requester::person(PERSON), act, &after)) >= rank(&permit(Requester::person(PERSON), act, &before)));
            }
        }

        #[test]
        fn role_1_no_grant_lowers_a_role(
            role in proptest::sample::select(&Role::ALL[..]),
            grants in proptest::collection::vec(proptest::sample::select(&Level::ALL[..]), 0..6),
        ) {
            prop_assert!(facts(Some(role), grants).level() >= role_level(role));
        }
    }
}
