//! What Managers of a resource forbid on it and below it (POL-1).

use serde::{Deserialize, Serialize};

use super::id::ResourceId;

/// One thing that can be forbidden.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restriction {
    /// No one may copy it.
    Copy,
    /// Only Managers of it may delete it.
    Delete,
    /// No one may download it.
    Download,
}

words! {
    Restriction
    Copy => "copy", "Who may copy it";
    Delete => "delete", "Who may delete it";
    Download => "download", "Who may download it";
}

impl Restriction {
    /// The answer where it is not forbidden.
    pub const fn open(self) -> &'static str {
        match self {
            Self::Copy | Self::Download => "Everyone with access",
            Self::Delete => "Editors and Managers",
        }
    }

    /// The answer where it is.
    pub const fn closed(self) -> &'static str {
        match self {
            Self::Copy | Self::Download => "No one",
            Self::Delete => "Managers only",
        }
    }

    /// What it means, in a sentence without its end: "No one can copy this".
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Copy => "No one can copy this",
            Self::Delete => "Only Managers can delete this",
            Self::Download => "No one can download this",
        }
    }
}

/// What is forbidden on a resource. Restrictions of a resource also hold for everything in it, so they only ever add up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Restrictions {
    /// No one may copy it.
    pub copy: bool,
    /// Only Managers of it may delete it.
    pub delete: bool,
    /// No one may download it.
    pub download: bool,
}

impl Restrictions {
    /// Both together: what either forbids.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            copy: self.copy || other.copy,
            delete: self.delete || other.delete,
            download: self.download || other.download,
        }
    }

    /// Whether it forbids one thing.
    pub const fn forbids(self, what: Restriction) -> bool {
        match what {
            Restriction::Copy => self.copy,
            Restriction::Delete => self.delete,
            Restriction::Download => self.download,
        }
    }
}

/// Where a restriction of a resource comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RestrictionOrigin {
    /// What is forbidden.
    pub what: Restriction,
    /// By what on the way up: its id and name; `None` where the reader does not see it.
    pub from: Option<(ResourceId, String)>,
    /// Whether it is the resource itself.
    pub own: bool,
}

impl RestrictionOrigin {
    /// Whose restriction it is, in words: "set here", "set on “Gotthard”", "set on a folder above".
    pub fn words(&self) -> String {
        match &self.from {
            _ if self.own => "set here".to_owned(),
            Some((_, name)) => format!("set on “{name}”"),
            None => "set on a folder above".to_owned(),
        }
    }
}

/// A resource or one of its ancestors, with its restrictions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RestrictingResource {
    /// Its id, and its name as it is shown; `None` where the reader does not see it.
    pub shown: Option<(ResourceId, String)>,
    /// What is forbidden there.
    pub restrictions: Restrictions,
}

/// Where the restrictions of a resource come from. `ancestors` is the resource itself and its ancestors, up to the root. Ancestors
/// that the reader does not see are told as one, so that nobody learns how many there are.
pub fn origins(ancestors: &[RestrictingResource]) -> Vec<RestrictionOrigin> {
    let mut found: Vec<RestrictionOrigin> = Vec::new();
    for what in Restriction::ALL {
        for (distance, resource) in
            ancestors.iter().enumerate().filter(|(_, resource)| resource.restrictions.forbids(what))
        {
            let origin = RestrictionOrigin { what, from: resource.shown.clone(), own: distance == 0 };
            if !found.contains(&origin) {
                found.push(origin);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::id;

    #[test]
    fn pol_1_restrictions_only_ever_add_up() {
        let all = [false, true];
        for (a, b) in all.into_iter().flat_map(|a| all.map(|b| (a, b))) {
            let (one, other) = (
                Restrictions { copy: a, delete: b, download: a },
                Restrictions { copy: b, delete: b, download: false },
            );
            for what in Restriction::ALL {
                assert_eq!(one.and(other).forbids(what), one.forbids(what) || other.forbids(what), "{what:?}");
            }
        }
    }

    #[test]
    fn pol_1_everything_on_the_way_up_that_restricts_is_named_and_what_is_hidden_is_not() {
        let copy = Restrictions { copy: true, ..Restrictions::default() };
        let both = Restrictions { delete: true, ..copy };
        let resource = |number: u128, restrictions| RestrictingResource {
            shown: Some((ResourceId(id(number)), format!("F{number}"))),
            restrictions,
        };
        let hidden = |restrictions| RestrictingResource { shown: None, restrictions };
        let ancestors =
            [resource(1, copy), resource(2, Restrictions::default()), resource(3, both), hidden(both), hidden(copy)];
        let words: Vec<(Restriction, String)> =
            origins(&ancestors).into_iter().map(|origin| (origin.what, origin.words())).collect();
        let expected = [
            (Restriction::Copy, "set here"),
            (Restriction::Copy, "set on “F3”"),
            (Restriction::Copy, "set on a folder above"),
            (Restriction::Delete, "set on “F3”"),
            (Restriction::Delete, "set on a folder above"),
        ];
        assert_eq!(words, expected.map(|(what, words)| (what, words.to_owned())));
        assert_eq!(origins(&[resource(1, Restrictions::default())]), []);
    }
}
