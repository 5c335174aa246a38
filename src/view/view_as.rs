//! **View as**: a Drive as another person sees it.

use serde::{Deserialize, Serialize};

use crate::domain::{id::PersonId, role::Role};

/// The person as whom a Drive is viewed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ViewAs {
    pub person: PersonId,
    pub name: String,
    /// Their role in the organization; `None`: from outside.
    pub role: Option<Role>,
}
