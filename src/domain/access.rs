//! What a person may do on a resource (ACCESS-1): the highest of their role and every grant on it or above it.

use serde::{Deserialize, Serialize};

use super::{
    id::{OrganizationId, PersonId, ResourceId},
    refusal::Refusal,
    role::Role,
    text::Problem,
};

/// An access level on a resource. The order is the meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Look and measure.
    Reader,
    /// And add new things.
    Uploader,
    /// And rename, move, delete.
    Editor,
    /// And give access.
    Manager,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Uploader, Self::Editor, Self::Manager];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Uploader => "uploader",
            Self::Editor => "editor",
            Self::Manager => "manager",
        }
    }

    /// The word on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Reader => "Reader",
            Self::Uploader => "Uploader",
            Self::Editor => "Editor",
            Self::Manager => "Manager",
        }
    }

    /// Reads [`Level::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|level| level.word() == word).ok_or(Problem::NotAChoice)
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
    /// Take it out of where it is, or put something moved into it.
    Move,
    /// Give, change or take access to it.
    GiveAccess,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 6] = [Self::View, Self::Create, Self::Rename, Self::Process, Self::Move, Self::GiveAccess];

    /// The level an act takes. Exhaustive: a new act does not compile until it is decided here.
    pub const fn needs(self) -> Level {
        match self {
            Self::View => Level::Reader,
            Self::Create => Level::Uploader,
            Self::Rename | Self::Process | Self::Move => Level::Editor,
            Self::GiveAccess => Level::Manager,
        }
    }
}

/// The level a role gives on every resource of its organization; a Member has none.
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
pub struct Lineage {
    /// The resource.
    pub resource: ResourceId,
    /// The organization that owns it.
    pub organization: OrganizationId,
    /// The person's role there, if they have one.
    pub role: Option<Role>,
    /// The levels of every grant to the person, or to an organization they belong to, on the resource or above it.
    pub grants: Vec<Level>,
}

impl Lineage {
    /// ACCESS-1 and ROLE-1: the highest of role and grants; a grant only ever raises. `None`: the resource does not
    /// exist for this person.
    pub fn level(&self) -> Option<Level> {
        self.grants.iter().copied().chain(self.role.and_then(role_level)).max()
    }
}

/// Proof that a person may do something on a resource. Only [`permit`] and a transfer plan without blockers make one,
/// so a change of resources or grants cannot be reached past the check.
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

    /// Who may.
    pub const fn person(&self) -> PersonId {
        self.person
    }

    /// The organization that owns the resource.
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// On which resource.
    pub const fn resource(&self) -> ResourceId {
        self.resource
    }
}

/// A permit for the operator, who acts from the command line of the machine itself and needs nobody's leave. `person` is
/// whom the rows name as their maker.
pub const fn operate(person: PersonId, organization: OrganizationId, resource: ResourceId) -> Permit {
    Permit { person, organization, resource }
}

/// Whether a person may do an act on a resource.
///
/// # Errors
/// `NotFound` if they cannot even see it (ACCESS-3); `Forbidden`, naming the level it takes, if they can.
pub fn permit(person: PersonId, act: Act, on: &Lineage) -> Result<Permit, Refusal> {
    let level = on.level().ok_or(Refusal::NotFound)?;
    if level >= act.needs() {
        Ok(Permit { person, organization: on.organization, resource: on.resource })
    } else {
        Err(Refusal::Forbidden(format!(
            "You need {} access to do this. You have {} access.",
            act.needs().title(),
            level.title()
        )))
    }
}

/// Why somebody has the access they have, as lists show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// From a role, or from a grant higher up.
    Inherited,
    /// From a grant made by hand on this very resource. Direct items do not move (XFER-2).
    Direct,
    /// From a grant that came along with a move (XFER-3).
    Carried,
}

impl Source {
    /// How a resource's own grants make it look: one made by hand counts more than one carried along.
    pub const fn of(direct: bool, carried: bool) -> Self {
        match (direct, carried) {
            (true, _) => Self::Direct,
            (false, true) => Self::Carried,
            (false, false) => Self::Inherited,
        }
    }

    /// The word on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Inherited => "Inherited",
            Self::Direct => "Direct",
            Self::Carried => "Carried",
        }
    }
}
