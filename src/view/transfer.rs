//! What the pages of transfers show: lists of receipts, offers, and one offer with what taking it would do (XFER-18).

use serde::{Deserialize, Serialize};

use super::{Crumb, DestinationRow, OrganizationMembership, Page, PlanView};
use crate::domain::words::words;
use crate::domain::{
    id::{OfferId, OrganizationId, PersonId, ResourceId, TransferId},
    offer::OfferState,
    time::Timestamp,
    transfer::{NamedResource, Summary, offer::OfferPlan},
};

/// Which way something went, seen from an organization.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Out of it.
    Out,
    /// Into it.
    In,
}

words! {
    Direction
    Out => "out";
    In => "in";
}

/// A receipt in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TransferRow {
    /// Id.
    pub id: TransferId,
    /// When.
    pub at: Timestamp,
    /// Which way.
    pub direction: Direction,
    /// Who did it.
    pub by: PersonId,
    /// Their name.
    pub by_name: String,
    /// The source organization's name at the time.
    pub source_name: String,
    /// The target organization's name at the time.
    pub target_name: String,
    /// What crossed.
    pub what: Summary,
    /// The transfer that this one undid.
    pub undoes: Option<TransferId>,
    /// The transfer that undid this one.
    pub undone_by: Option<TransferId>,
}

/// An offer, as one side sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferView {
    /// Id.
    pub id: OfferId,
    /// Which way it would go, seen from the organization it is looked at from.
    pub direction: Direction,
    /// What became of it.
    pub state: OfferState,
    /// The organization that offers.
    pub source: OrganizationId,
    /// Its name at the time.
    pub source_name: String,
    /// The organization it is offered to, by the name it had at the time.
    pub target_name: String,
    /// Its Org ID, for who is in it.
    pub target_org_id: Option<String>,
    /// Who offers.
    pub by_name: String,
    /// What they say to it; may be empty.
    pub note: String,
    /// The first of the items.
    pub items: Vec<NamedResource>,
    /// What is offered.
    pub what: Summary,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be taken.
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
pub struct Offered {
    /// The item.
    pub item: ResourceId,
    /// The offer.
    pub offer: OfferId,
    /// Who it is offered to.
    pub target: String,
}

/// What would be offered: the dialog before it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferingView {
    /// What, and what is in the way.
    pub offering: OfferPlan,
    /// The organization that offers.
    pub source_name: String,
}

/// An offer and, for who may take it, where to and with which effects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferPageView {
    /// The organization it is looked at from.
    pub organization: OrganizationMembership,
    /// The offer.
    pub offer: OfferView,
    /// Where it could go.
    pub place: Option<PlaceView>,
}

/// A place that offered items could go to, and what taking them there would do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlaceView {
    /// The container.
    pub destination: ResourceId,
    /// From its root down to it.
    pub path: Vec<Crumb>,
    /// Containers in it.
    pub rows: Page<DestinationRow>,
    /// What taking them there would do, and what is in the way.
    pub plan: PlanView,
}

/// The page of an organization's transfers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TransfersView {
    /// The organization and my role in it.
    pub organization: OrganizationMembership,
    /// Receipts, newest first; for who may read the audit log.
    pub receipts: Option<Page<TransferRow>>,
    /// Offers, newest first.
    pub offers: Option<Page<OfferView>>,
}
