//! What pages show of the accounts of an organization (ACCT-1, ACCT-4).

use serde::{Deserialize, Serialize};

use super::Control;
use crate::domain::{
    id::{AccountId, PersonId, ResourceId},
    organization::PlanTier,
};

/// An account whose Drive I see, where I see several: a way to go.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountLink {
    /// Id.
    pub id: AccountId,
    /// Name.
    pub name: String,
    /// The root of its Drive.
    pub root: ResourceId,
}

/// An account, for who manages accounts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountRow {
    /// Id.
    pub id: AccountId,
    /// Name.
    pub name: String,
    /// Account ID.
    pub account_id: String,
    /// Sharing ID.
    pub sharing_id: String,
    /// The root of its Drive.
    pub root: ResourceId,
    /// **Delete account**.
    pub delete: Control,
}

/// The accounts of an organization, for who manages them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountsView {
    /// The accounts, oldest first.
    pub rows: Vec<AccountRow>,
    /// **New account**.
    pub create: Control,
    /// The plan (ACCT-2).
    pub plan: PlanTier,
}

/// An account that a person can be limited to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountChoice {
    /// Id.
    pub id: AccountId,
    /// Name.
    pub name: String,
    /// Whether the person's role counts there.
    pub chosen: bool,
}

/// The dialog **Accounts** of a person (ACCT-2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LimitsView {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Whether their role counts in chosen accounts only.
    pub limited: bool,
    /// Every account of the organization, oldest first.
    pub accounts: Vec<AccountChoice>,
    /// Whether it can be changed, and why not.
    pub change: Control,
}
