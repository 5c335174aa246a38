//! What Owners and Managers see of credential keys (AUTH-6).

use serde::{Deserialize, Serialize};

use crate::domain::{id::KeyId, key::Scopes, time::Timestamp};

/// The keys of an organization.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeysView {
    /// Those that work, newest first.
    pub keys: Vec<KeyView>,
    /// The organization's accounts: id and name.
    pub accounts: Vec<(String, String)>,
    /// The secret of the key that was just made, once.
    pub secret: Option<NewSecret>,
}

/// A key, without its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyView {
    pub id: KeyId,
    pub name: String,
    pub client_id: String,
    /// The Account ID of its account.
    pub account: String,
    pub scopes: Scopes,
    pub created_by: String,
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// The secret of a new key: shown once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewSecret {
    pub key: KeyId,
    pub name: String,
    pub client_id: String,
    pub secret: String,
}
