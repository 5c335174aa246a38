//! What the settings of an organization show (ORG-4), already cut down to what the reader may see.

use serde::{Deserialize, Serialize};

use super::{accounts::AccountsView, membership::OrganizationMembership};
use crate::domain::{
    command::Control,
    id::OrganizationId,
    legal::LegalInformation,
    organization::{OrganizationDetails, OrganizationKind},
    plan::PlanTier,
    time::Timestamp,
};

/// The settings of an organization: a section that the reader may not see is `None`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SettingsView {
    pub organization: OrganizationMembership,
    pub kind: OrganizationKind,
    /// "My Organization": Owners and Managers.
    pub legal: Option<LegalInformation>,
    /// Whether I may change legal information and the Org ID: Owners.
    pub edits_legal: bool,
    /// "Details" and "Security": Owners and Managers.
    pub details: Option<OrganizationDetails>,
    pub plan: PlanTier,
    /// "Accounts": Owners and Managers.
    pub accounts: Option<AccountsView>,
    /// **Leave organization**.
    pub leave: Control,
    /// **Delete organization**.
    pub delete: Control,
}

/// An organization that was deleted and can be restored by me.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeletedView {
    pub id: OrganizationId,
    pub org_id: String,
    pub name: String,
    pub deleted_at: Timestamp,
    /// Until when it can be restored.
    pub until: Timestamp,
}
