//! What pages show of the accounts of an organization (ACCT-1, ACCT-4).

use serde::{Deserialize, Serialize};

use crate::domain::{
    command::Control,
    id::{AccountId, PersonId, ResourceId},
    plan::PlanTier,
};

/// A link to the Drive of an account, for somebody who sees several.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountLink {
    pub id: AccountId,
    pub name: String,
    pub root: ResourceId,
}

/// An account, for who manages accounts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountRow {
    pub id: AccountId,
    pub name: String,
    pub account_id: String,
    pub sharing_id: String,
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
    pub plan: PlanTier,
}

/// An account that a person can be limited to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountChoice {
    pub id: AccountId,
    pub name: String,
    /// Whether the person's role counts there.
    pub chosen: bool,
}

/// The dialog **Accounts** of a person (ACCT-2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LimitsView {
    pub person: PersonId,
    pub name: String,
    /// Whether their role counts in chosen accounts only.
    pub limited: bool,
    /// Every account of the organization, oldest first.
    pub accounts: Vec<AccountChoice>,
    /// Whether it can be changed, and why not.
    pub change: Control,
}
