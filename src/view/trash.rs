//! What the page of the trash shows (DRIVE-4).

use serde::{Deserialize, Serialize};

use super::{membership::OrganizationMembership, page::Page, resource::Crumb};
use crate::domain::{
    command::Control,
    id::{PersonId, ResourceId},
    resource::Kind,
    time::Timestamp,
};

/// Something in the trash.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrashRow {
    pub id: ResourceId,
    pub kind: Kind,
    pub name: String,
    /// When it was put there.
    pub at: Timestamp,
    /// Who put it there.
    pub by: Option<PersonId>,
    pub by_name: Option<String>,
    /// The container it was in, if the reader may see that; it may be in the trash itself.
    pub from: Option<Crumb>,
    /// What the account it is in is called, where the reader sees several (ACCT-4).
    pub account_name: Option<String>,
    /// When it is deleted for good.
    pub kept_until: Timestamp,
    /// Whether the reader may restore it, or delete it for good.
    pub change: Control,
}

/// The trash of an organization, as far as the reader sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrashView {
    pub organization: OrganizationMembership,
    /// What is in it, newest first.
    pub rows: Page<TrashRow>,
}
