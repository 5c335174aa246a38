//! What people see of restrictions (POL-1).

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::ResourceId,
    resource::Kind,
    restriction::{Origin, Restrictions},
};

/// The restrictions of one resource.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RestrictionsView {
    /// The resource.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// What is forbidden on the resource itself.
    pub own: Restrictions,
    /// What is forbidden by itself and from above.
    pub effective: Restrictions,
    /// Where each comes from.
    pub origins: Vec<Origin>,
    /// Whether the reader may change them.
    pub manages: bool,
}
