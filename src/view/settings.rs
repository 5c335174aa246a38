//! What the settings of an organization show (ORG-4), already cut down to what the reader may see.

use serde::{Deserialize, Serialize};

use super::{Control, LegalView, OrganizationMembership, accounts::AccountsView};
use crate::domain::{
    id::OrganizationId,
    organization::{OrganizationKind, PeopleVisibility, PlanTier},
    time::Timestamp,
};

/// What Owners and Managers change of an organization (ORG-4, PEOPLE-11).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DetailsView {
    /// Display name.
    pub name: String,
    /// Website.
    pub website: Option<String>,
    /// A word of [`crate::domain::organization::INDUSTRIES`].
    pub industry: Option<String>,
    /// A code of [`crate::domain::organization::LANGUAGES`].
    pub language: Option<String>,
    /// Where what is created next is processed and stored; where its maker prefers, if nothing is chosen.
    pub cluster: Option<String>,
    /// Who sees the people list.
    pub people_visible_to: PeopleVisibility,
}

/// The settings of an organization: a section that the reader may not see is `None`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SettingsView {
    /// The organization and my role in it.
    pub organization: OrganizationMembership,
    /// Legal definition.
    pub kind: OrganizationKind,
    /// "My Organization": Owners and Managers.
    pub legal: Option<LegalView>,
    /// Whether I may change legal information and the Org ID: Owners.
    pub edits_legal: bool,
    /// "Details" and "Security": Owners and Managers.
    pub details: Option<DetailsView>,
    /// The plan (ACCT-2).
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
    /// Id.
    pub id: OrganizationId,
    /// Org ID.
    pub org_id: String,
    /// Display name.
    pub name: String,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// Until when it can be restored.
    pub until: Timestamp,
}
