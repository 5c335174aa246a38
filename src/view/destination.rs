//! The dialog **Move to**.

use serde::{Deserialize, Serialize};

use super::{accounts::AccountLink, membership::OrganizationMembership, page::Page, resource::Crumb};
use crate::domain::{
    command::Control,
    id::{OrganizationId, ResourceId},
    resource::Kind,
};

/// A place in the Move to dialog.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DestinationRow {
    pub id: ResourceId,
    pub kind: Kind,
    pub name: String,
    /// Why it cannot be the destination, if so ("Not a folder").
    pub why_not: Option<String>,
}

/// What the Move to dialog shows: an organization, a container in it, and what is in that.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DestinationView {
    /// Names of the first few selected items.
    pub items: Vec<Crumb>,
    /// How many items are selected.
    pub count: u64,
    /// The organization the items are in.
    pub source: OrganizationId,
    /// All my organizations, for the dialog's own switcher.
    pub organizations: Vec<OrganizationMembership>,
    /// The one that is shown.
    pub organization: OrganizationMembership,
    /// Its accounts that I see, where these are several (ACCT-4).
    pub accounts: Vec<AccountLink>,
    /// From its root down to the container shown.
    pub path: Vec<Crumb>,
    /// What is in that container.
    pub rows: Page<DestinationRow>,
    /// Whether a folder can be made here.
    pub create: Control,
    /// Whether **Move here** can be pressed, and why not.
    pub move_here: Control,
    /// Whether I may offer the items to an organization that I am not in (XFER-18).
    pub may_offer: bool,
}
