//! Whom one looks as (**View as**).

use serde::{Deserialize, Serialize};

use crate::domain::{id::PersonId, role::Role};

/// Somebody through whose eyes a Drive is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ViewAs {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Their role in the organization; `None`: from outside.
    pub role: Option<Role>,
}
