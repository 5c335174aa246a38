//! What people see of restrictions (POL-1).

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::ResourceId,
    resource::Kind,
    restriction::{RestrictionOrigin, Restrictions},
};

/// The restrictions of one resource.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RestrictionsView {
    pub id: ResourceId,
    pub name: String,
    pub kind: Kind,
    /// What is forbidden on the resource itself.
    pub own: Restrictions,
    /// What is forbidden by itself and from above.
    pub effective: Restrictions,
    /// Where each comes from.
    pub origins: Vec<RestrictionOrigin>,
    /// Whether the reader may change them.
    pub manages: bool,
}
