//! What is shared with somebody outside an organization (PEOPLE-9).

use serde::{Deserialize, Serialize};

use crate::domain::{
    access::Level,
    id::{OrganizationId, ResourceId},
    resource::Kind,
};

/// Something that an organization shares with me without my being in it (PEOPLE-9): what it is called and whose it is, and
/// nothing else of the organization (ACCESS-3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SharedResourceView {
    pub organization: OrganizationId,
    pub org_id: String,
    pub organization_name: String,
    /// What is shared.
    pub resource: ResourceId,
    pub name: String,
    pub kind: Kind,
    pub level: Level,
}
