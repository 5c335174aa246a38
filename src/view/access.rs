//! What **Manage access** shows (ACCESS-2).

use serde::{Deserialize, Serialize};

use super::{page::Page, resource::Crumb};
use crate::domain::{
    access::Level,
    command::Control,
    grant::{AccessOrigin, InviteAs},
    id::{GrantId, InvitationId, OrganizationId, PersonId},
    role::Role,
    time::Timestamp,
    transfer::Grantee,
};

/// One reason why somebody can reach a resource.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessRow {
    /// A person, or everyone in an organization.
    pub who: Grantee,
    pub name: String,
    /// For a grant: the person's address, or the Org ID.
    pub address: Option<String>,
    /// The person's role in the organization that owns the resource, if they have one.
    pub role: Option<Role>,
    pub level: Level,
    pub origin: AccessOrigin,
    /// For inherited access: the resource with the grant, if the reader may see it.
    pub from: Option<Crumb>,
    /// `None` for access by a role, and for a grant on something that the reader does not see.
    pub grant: Option<GrantId>,
}

/// Access that waits until somebody accepts an invitation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WaitingAccess {
    pub invitation: InvitationId,
    pub email: String,
    pub level: Level,
    /// Whether they will be a Member or external.
    pub way: InviteAs,
    pub expires_at: Timestamp,
}

/// How many people reach everything by a role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleCount {
    pub role: Role,
    pub people: u64,
}

/// The dialog **Manage access**.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessView {
    pub resource: Crumb,
    pub organization: OrganizationId,
    pub organization_name: String,
    pub me: PersonId,
    /// Grants, those on the resource itself first; or people by role, where these are asked for.
    pub rows: Page<AccessRow>,
    /// Whether `rows` are the people who reach it by their role.
    pub by_role: bool,
    /// How many people reach it by which role, highest first.
    pub roles: Vec<RoleCount>,
    /// Access that waits for an answer.
    pub waiting: Vec<WaitingAccess>,
    /// Whether access can be given, and why not.
    pub give: Control,
    /// Whether I may invite Members.
    pub invites: bool,
    /// Whether I may use **View as**.
    pub looks: bool,
}

/// The result of giving access.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AccessGiven {
    /// They have it.
    Now(AccessRow),
    /// They will have it once they accept. The answer is the same whether or not they have an account (attack 28).
    Invited(WaitingAccess),
}

impl AccessGiven {
    /// "Anna Muster has Editor access now".
    pub fn words(&self) -> String {
        match self {
            Self::Now(row) => format!("{} now has {} access", row.name, row.level.label()),
            Self::Invited(waiting) => {
                format!("Invited {}. They get {} access when they accept", waiting.email, waiting.level.label())
            }
        }
    }
}

/// One answer to "Why can they see this?".
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessReason {
    pub level: Level,
    pub origin: AccessOrigin,
    /// The role, where it is that.
    pub role: Option<Role>,
    /// The organization that it was given to, where it was not to the person.
    pub through: Option<String>,
    /// Where the grant is, if the reader may see that.
    pub from: Option<Crumb>,
    /// Whether the grant came along with a move, here or above.
    pub carried: bool,
    /// Who made the grant, or moved what it came along with; `None` for a role, and where nobody knows any more.
    pub by: Option<String>,
    pub at: Option<Timestamp>,
    /// The level they would still have without this reason.
    pub left: Option<Level>,
}

/// Why somebody can reach a resource: every reason; the highest counts (ACCESS-1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WhyView {
    pub person: PersonId,
    pub name: String,
    pub resource: Crumb,
    /// Whether I may use **View as** for this person.
    pub looks: bool,
    /// Their level. `None` if they cannot reach the resource.
    pub level: Option<Level>,
    /// Why, the highest first.
    pub reasons: Vec<AccessReason>,
}
