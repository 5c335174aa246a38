//! What the pages of transfers show: lists of receipts, offers, and one offer with what taking it would do (XFER-18).

use serde::{Deserialize, Serialize};

use super::{destination::DestinationRow, membership::OrganizationMembership, page::Page, resource::Crumb};
use crate::domain::{
    command::Control,
    id::{OfferId, OrganizationId, PersonId, ResourceId, TransferId},
    offer::OfferState,
    time::Timestamp,
    transfer::{NamedResource, Plan, Summary, offer::OfferPlan},
    words::words,
};

/// The direction of a transfer, seen from one organization.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferDirection {
    Out,
    /// Into it.
    In,
}

words! {
    TransferDirection
    Out => "out";
    In => "in";
}

/// A receipt in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TransferRow {
    pub id: TransferId,
    pub at: Timestamp,
    /// Which way.
    pub direction: TransferDirection,
    pub by: PersonId,
    pub by_name: String,
    /// The source organization's name at the time.
    pub source_name: String,
    /// The target organization's name at the time.
    pub target_name: String,
    /// What crossed.
    pub what: Summary,
    /// The transfer that this one reversed.
    pub undoes: Option<TransferId>,
    /// The transfer that reversed this one.
    pub undone_by: Option<TransferId>,
}

/// An offer, as one side sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferView {
    pub id: OfferId,
    /// Which way it would go, seen from the organization it is looked at from.
    pub direction: TransferDirection,
    pub state: OfferState,
    pub source: OrganizationId,
    /// Its name at the time.
    pub source_name: String,
    /// The organization it is offered to, by the name it had at the time.
    pub target_name: String,
    /// Its Org ID, for who is in it.
    pub target_org_id: Option<String>,
    pub by_name: String,
    /// A note from them; may be empty.
    pub note: String,
    /// The first of the items.
    pub items: Vec<NamedResource>,
    /// What is offered.
    pub what: Summary,
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// When it was answered or withdrawn.
    pub answered_at: Option<Timestamp>,
    /// Who answered or withdrew it, for those on the same side, and for everybody once it was accepted.
    pub answered_by_name: Option<String>,
    /// The receipt, once it was accepted.
    pub transfer: Option<TransferId>,
    /// Whether I may accept or decline it.
    pub may_answer: bool,
    /// Whether I may withdraw it.
    pub may_withdraw: bool,
}

/// Something that is offered to another organization.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferedItem {
    pub item: ResourceId,
    pub offer: OfferId,
    /// Who it is offered to.
    pub target: String,
}

/// What would be offered, for the dialog before it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferPlanView {
    /// What, and what is in the way.
    pub offering: OfferPlan,
    pub source_name: String,
}

/// An offer, with a destination and its effects for whoever may accept it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferPageView {
    /// The organization it is looked at from.
    pub organization: OrganizationMembership,
    pub offer: OfferView,
    /// Where it could go.
    pub place: Option<OfferDestinationView>,
}

/// A possible destination of the offered items, with the plan of accepting them there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferDestinationView {
    /// The container.
    pub destination: ResourceId,
    pub path: Vec<Crumb>,
    /// Containers in it.
    pub rows: Page<DestinationRow>,
    /// The plan of accepting them there.
    pub plan: PlanView,
}

/// The page of an organization's transfers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TransfersView {
    pub organization: OrganizationMembership,
    /// Receipts, newest first; for who may read the audit log.
    pub receipts: Option<Page<TransferRow>>,
    /// Offers, newest first.
    pub offers: Option<Page<OfferView>>,
}

/// A plan, for the confirmation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlanView {
    /// What would happen and what is in the way.
    pub plan: Plan,
    /// What to send back to confirm exactly this plan (XFER-15).
    pub digest: String,
    /// The source organization's name.
    pub source_name: String,
    /// The target organization's name.
    pub target_name: String,
    /// The target organization's Org ID.
    pub target_org_id: String,
    /// Whether access given by hand is all that is in the way, and the reader may remove it (XFER-2).
    pub may_take_access: bool,
}

/// What a finished transfer leaves for both organizations to read (XFER-18).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReceiptView {
    pub id: TransferId,
    pub at: Timestamp,
    pub by: PersonId,
    pub by_name: String,
    /// The source organization's name at the time.
    pub source_name: String,
    /// The target organization's name at the time.
    pub target_name: String,
    /// The target organization's Org ID, if the reader may open it.
    pub target_org_id: Option<String>,
    pub plan: Plan,
    /// The transfer that this one reversed.
    #[serde(default)]
    pub undoes: Option<TransferId>,
    /// The transfer that reversed this one.
    #[serde(default)]
    pub undone_by: Option<TransferId>,
    /// Whether it can be undone, and why not.
    pub undo: Control,
}
