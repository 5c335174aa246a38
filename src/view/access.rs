//! What **Manage access** shows (ACCESS-2).

use serde::{Deserialize, Serialize};

use super::{Control, Crumb, Page};
use crate::domain::{
    access::Level,
    grant::{InviteAs, Origin},
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
    /// Their name.
    pub name: String,
    /// For a grant: the person's address, or the Org ID.
    pub address: Option<String>,
    /// The person's role in the organization that owns the resource, if they have one.
    pub role: Option<Role>,
    /// How much.
    pub level: Level,
    /// Why.
    pub origin: Origin,
    /// For what is inherited: where the grant is, if the reader may see that.
    pub from: Option<Crumb>,
    /// The grant; not for a role, nor for one on something that the reader does not see.
    pub grant: Option<GrantId>,
}

/// Access that waits until somebody accepts an invitation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WaitingAccess {
    /// The invitation.
    pub invitation: InvitationId,
    /// The address it is for.
    pub email: String,
    /// How much they will have.
    pub level: Level,
    /// As what they will come.
    pub way: InviteAs,
    /// When the invitation stops working.
    pub expires_at: Timestamp,
}

/// How many people reach everything by a role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleCount {
    /// The role.
    pub role: Role,
    /// How many people have it.
    pub people: u64,
}

/// The dialog **Manage access**.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessView {
    /// The resource.
    pub resource: Crumb,
    /// The organization that owns it.
    pub organization: OrganizationId,
    /// That organization's name.
    pub organization_name: String,
    /// Me.
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
    /// Whether I may look at the Drive as others see it.
    pub looks: bool,
}

/// The result of giving access.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Given {
    /// They have it.
    Now(AccessRow),
    /// They will have it once they accept; the same answer whether or not they have an account (attack 28).
    Invited(WaitingAccess),
}

impl Given {
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

/// One link of the chain that answers "Why can they see this?".
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// The level it gives.
    pub level: Level,
    /// Why.
    pub origin: Origin,
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
    /// When.
    pub at: Option<Timestamp>,
    /// What they would have if only this were taken away.
    pub left: Option<Level>,
}

/// Why somebody can reach a resource: every reason; the highest counts (ACCESS-1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WhyView {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// The resource.
    pub resource: Crumb,
    /// Whether I may look at the Drive as they see it.
    pub looks: bool,
    /// What they have in the end; `None`: they do not reach it.
    pub level: Option<Level>,
    /// Why, the highest first.
    pub reasons: Vec<Reason>,
}
