//! The Home of an organization (ORG-7).

use serde::{Deserialize, Serialize};

use super::{
    activity::RecentActivity, file::StorageView, licence::LicenceView, membership::OrganizationMembership,
    transfer::OfferView,
};
use crate::domain::{
    id::PersonId, legal::LegalInformation, organization::OrganizationKind, plan::PlanTier, time::Timestamp,
};

/// An organization at a glance (ORG-7).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HomeView {
    pub organization: OrganizationMembership,
    /// What the reader's membership does not let through to them (JOB-5), in words.
    pub limits: Vec<String>,
    pub kind: OrganizationKind,
    pub plan: PlanTier,
    pub country: String,
    pub created_at: Timestamp,
    /// Legal information: Owners and Managers only (ORG-4).
    pub legal: Option<LegalInformation>,
    /// How many people belong to it; only for who may see the people list.
    pub people: Option<u64>,
    /// Its Owners by name; only for who may see the people list.
    pub owners: Vec<(PersonId, String)>,
    /// Licences and what is left of them; only for who may see usage.
    pub licences: Option<Vec<LicenceView>>,
    /// How much it stores (FILE-6): Owners and Managers only.
    pub storage: Option<StorageView>,
    /// The newest entries of the audit log; only for who may read it.
    pub activity: Option<Vec<RecentActivity>>,
    /// Offers that wait for an answer of this organization (XFER-18); only for who may answer.
    pub offers: Vec<OfferView>,
}
