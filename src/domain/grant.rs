//! Giving, changing and taking access to single resources (ACCESS-2, ACCESS-4, ROLE-1, ROLE-3, LIC-4).

use serde::{Deserialize, Serialize};

use super::{
    access::{Level, Source, may_be_given, role_level},
    licence::Entitlement,
    refusal::Refusal,
    role::{Affiliation, Role},
    text::FieldIssue,
};

/// Why somebody is in the list of who can reach a resource (ACCESS-2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessOrigin {
    /// Their role in the organization reaches everything in it.
    Role,
    /// A grant on something above it.
    Inherited,
    /// A grant made by hand on it.
    Direct,
    /// A grant on it that came along with a move (XFER-3).
    Carried,
}

words! {
    AccessOrigin
    Role => "role";
    Inherited => "inherited";
    Direct => "direct";
    Carried => "carried";
}

impl AccessOrigin {
    /// Where a grant comes from, by whether it is on the resource itself.
    pub const fn of_grant(here: bool, carried: bool) -> Self {
        match Source::of(here && !carried, here && carried) {
            Source::Direct => Self::Direct,
            Source::Carried => Self::Carried,
            Source::Inherited => Self::Inherited,
        }
    }
}

/// How an address that the organization does not know yet is to get access (ACCESS-2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InviteAs {
    /// From outside, without a membership.
    #[default]
    External,
    /// As a Member of the organization.
    Member,
}

words! {
    InviteAs without parse
    External => "external";
    Member => "member";
}

impl InviteAs {
    /// Reads [`InviteAs::as_str`]. An empty word means from outside, because that gives least.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, FieldIssue> {
        if word.is_empty() {
            return Ok(Self::default());
        }
        Self::ALL.into_iter().find(|way| way.as_str() == word).ok_or(FieldIssue::NotAChoice)
    }

    /// How they will stand to the organization.
    pub const fn standing(self) -> Affiliation {
        match self {
            Self::External => Affiliation::External,
            Self::Member => Affiliation::In(Role::Member),
        }
    }
}

/// Access that somebody wants to give, or to set to another level.
#[derive(Clone, Copy, Debug)]
pub struct NewAccess<'a> {
    /// The level on the resource of who gives.
    pub own: Level,
    /// To whom, by name or address.
    pub name: &'a str,
    /// How they stand to the organization that owns the resource.
    pub standing: Affiliation,
    /// What they were given on the very resource before.
    pub from: Option<Level>,
    /// What they are to have.
    pub to: Level,
}

impl NewAccess<'_> {
    /// Whether the access may be given. Nobody gives or changes a level above their own (ROLE-3). Manager is for the
    /// organization's own people (ROLE). Access that the role gives anyway is refused (ROLE-1).
    ///
    /// # Errors
    /// `Forbidden` by ROLE-3 and ROLE; `BadRequest` by ROLE-1, saying what the role gives.
    pub fn check(&self) -> Result<(), Refusal> {
        may_touch(self.own, self.from.max(Some(self.to)))?;
        may_be_given(self.to, self.standing)?;
        let Affiliation::In(role) = self.standing else { return Ok(()) };
        match role_level(role) {
            Some(level) if level >= self.to => Err(Refusal::BadRequest(format!(
                "{} is {} of the organization and already has {} access to everything in it. Giving {} access here would change nothing.",
                self.name,
                role.with_article(),
                level.label(),
                self.to.label()
            ))),
            _ => Ok(()),
        }
    }

    /// LIC-4: what the licences have to allow. Removing or lowering access is always allowed.
    pub fn takes(&self) -> Entitlement {
        if self.from.is_some_and(|from| from >= self.to) { Entitlement::Keep } else { Entitlement::TeamAccess }
    }
}

/// ROLE-3: nobody gives, changes or takes a level above their own.
///
/// # Errors
/// `Forbidden`, naming both levels.
pub fn may_touch(own: Level, level: Option<Level>) -> Result<(), Refusal> {
    match level {
        Some(level) if level > own => Err(Refusal::Forbidden(format!(
            "You have {} access here. You cannot give, change or remove {} access.",
            own.label(),
            level.label()
        ))),
        _ => Ok(()),
    }
}

/// ACCESS-1: for each reason for access, the level that would remain if that reason alone were removed.
pub fn left_without_each(levels: &[Level]) -> Vec<Option<Level>> {
    let others = |at: usize| levels.iter().enumerate().filter(move |(other, _)| *other != at).map(|(_, level)| *level);
    (0..levels.len()).map(|at| others(at).max()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{row, table};

    #[test]
    fn access_1_what_is_left_when_one_reason_is_taken_away_is_the_highest_of_the_others() {
        use Level::{Editor, Manager, Reader};
        assert_eq!(left_without_each(&[]), []);
        assert_eq!(left_without_each(&[Editor]), [None]);
        assert_eq!(left_without_each(&[Manager, Reader, Editor]), [Some(Editor), Some(Manager), Some(Manager)]);
        assert_eq!(left_without_each(&[Editor, Editor]), [Some(Editor), Some(Editor)], "each alone changes nothing");
    }

    fn standing(role: Option<Role>) -> Affiliation {
        role.map_or(Affiliation::External, Affiliation::In)
    }

    #[test]
    fn access_2_role_1_role_3_what_may_be_given_to_whom_by_whom() {
        let mut rows = vec![row(["by", "to", "Reader", "Uploader", "Editor", "Manager"])];
        for own in [Level::Manager, Level::Editor] {
            let all = Role::ALL.into_iter().map(Some).chain([None]);
            for role in all {
                let answers = Level::ALL.map(|to| {
                    let gift = NewAccess { own, name: "Anna", standing: standing(role), from: None, to };
                    match gift.check() {
                        Ok(()) => "yes",
                        Err(Refusal::BadRequest(_)) => "has it by role",
                        Err(Refusal::Forbidden(text)) if text.starts_with("You have") => "above own",
                        Err(Refusal::Forbidden(_)) => "not from outside",
                        Err(other) => panic!("{other:?}"),
                    }
                });
                let name = role.map_or("External", Role::label);
                rows.push([own.label(), name].into_iter().chain(answers).map(str::to_owned).collect());
            }
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn role_3_what_stands_above_oneself_is_not_lowered_or_removed() {
        for own in Level::ALL {
            for from in Level::ALL {
                for to in Level::ALL {
                    let gift =
                        NewAccess { own, name: "Anna", standing: Affiliation::In(Role::Member), from: Some(from), to };
                    assert_eq!(gift.check().is_ok(), from <= own && to <= own, "{own:?}: {from:?} to {to:?}");
                }
                assert_eq!(may_touch(own, Some(from)).is_ok(), from <= own);
            }
            assert_eq!(may_touch(own, None), Ok(()));
        }
    }

    #[test]
    fn role_1_a_grant_that_a_role_outdoes_is_refused_saying_so() {
        let gift = NewAccess {
            own: Level::Manager,
            name: "Anna Muster",
            standing: Affiliation::In(Role::Editor),
            from: None,
            to: Level::Reader,
        };
        let text = "Anna Muster is an Editor of the organization and already has Editor access to everything in it. Giving Reader access here would change nothing.";
        assert_eq!(gift.check(), Err(Refusal::BadRequest(text.to_owned())));
        assert_eq!(NewAccess { to: Level::Manager, ..gift }.check(), Ok(()));
    }

    #[test]
    fn lic_4_giving_takes_team_access_and_taking_away_nothing() {
        let gift = |from, to| NewAccess {
            own: Level::Manager,
            name: "Anna",
            standing: Affiliation::In(Role::Member),
            from,
            to,
        };
        for to in Level::ALL {
            assert_eq!(gift(None, to).takes(), Entitlement::TeamAccess);
            for from in Level::ALL {
                let wanted = if to > from { Entitlement::TeamAccess } else { Entitlement::Keep };
                assert_eq!(gift(Some(from), to).takes(), wanted, "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn access_2_origins_and_ways_are_words_of_their_own() {
        assert_eq!(AccessOrigin::of_grant(true, false), AccessOrigin::Direct);
        assert_eq!(AccessOrigin::of_grant(true, true), AccessOrigin::Carried);
        assert_eq!(AccessOrigin::of_grant(false, true), AccessOrigin::Inherited);
        assert_eq!(AccessOrigin::of_grant(false, false), AccessOrigin::Inherited);
        assert_eq!(AccessOrigin::ALL.map(AccessOrigin::as_str), ["role", "inherited", "direct", "carried"]);
        for way in InviteAs::ALL {
            assert_eq!(InviteAs::parse(way.as_str()), Ok(way));
        }
        assert_eq!(
            (InviteAs::parse(""), InviteAs::parse("owner")),
            (Ok(InviteAs::External), Err(FieldIssue::NotAChoice))
        );
        assert_eq!(InviteAs::Member.standing(), Affiliation::In(Role::Member));
    }
}
