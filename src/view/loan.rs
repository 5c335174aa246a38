//! What both sides see of loans of licences (ACCT-3).

use serde::{Deserialize, Serialize};

use super::{licence::LicenceView, membership::OrganizationMembership, page::Page};
use crate::domain::{
    command::Control,
    id::{LicenceId, LoanId},
    licence::{Amount, Model, Product},
    loan::{LoanDirection, LoanPeriod},
};

/// A loan, from one side.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoanView {
    pub id: LoanId,
    /// From which side.
    pub direction: LoanDirection,
    pub licence: LicenceId,
    pub product: Product,
    /// Its billing model; cloud only.
    pub model: Option<Model>,
    /// Its seats; desktop only.
    pub seats: Option<i64>,
    /// The organization on the other side, as it was called when it was lent.
    pub other: String,
    /// The Sharing ID on the other side.
    pub other_sharing_id: String,
    /// The Sharing ID on this side.
    pub own_sharing_id: String,
    pub lent_by: String,
    /// From when to when.
    pub term: LoanPeriod,
    /// What was used of it during the loan.
    pub used: Amount,
}

/// The loans of an organization.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoansView {
    pub organization: OrganizationMembership,
    /// Lent and borrowed, newest first.
    pub loans: Page<LoanView>,
    /// Its licences that can be lent now, for the dialog.
    pub lendable: Vec<LicenceView>,
    /// **Lend**.
    pub lend: Control,
}
