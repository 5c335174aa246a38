//! An organization and somebody’s role in it, as every page of it shows them.

use serde::{Deserialize, Serialize};

use super::accounts::AccountLink;
use crate::domain::{
    id::OrganizationId,
    people_visibility::{PeopleVisibility, VisiblePeople, visible_people},
    role::Role,
};

/// One of my organizations, with my role there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrganizationMembership {
    pub id: OrganizationId,
    /// Org ID, as it stands in the URL.
    pub org_id: String,
    pub name: String,
    /// My role; `None` for an organization that I only reach some resource of (External).
    pub role: Option<Role>,
    /// Whether this is my personal space (SPACE-1).
    pub personal: bool,
    /// Whether I see its people list, or those of it that I share a resource with (PEOPLE-11).
    pub sees_people: bool,
    /// The role that I was given, where it counts in some accounts only (ACCT-2). In what is of the organization as a whole,
    /// `role` counts.
    pub limited: Option<Role>,
    /// Its accounts that I see, if there are several (ACCT-4). Filled for the frame of a page only.
    pub accounts: Vec<AccountLink>,
}

impl OrganizationMembership {
    /// The membership of somebody with this role. A personal space has no
    /// team (SPACE-1).
    pub fn new(
        id: OrganizationId,
        org_id: String,
        name: String,
        role: Option<Role>,
        personal: bool,
        shown_to: PeopleVisibility,
    ) -> Self {
        let sees_people = !personal && visible_people(role, shown_to) != VisiblePeople::Nobody;
        Self { id, org_id, name, role, personal, sees_people, limited: None, accounts: Vec::new() }
    }

    /// The same for somebody whose role, `given`, counts in some accounts only.
    #[must_use]
    pub fn limited_to_accounts(self, given: Option<Role>) -> Self {
        Self { limited: given, ..self }
    }
}
