//! What the pages Licences and a licence's own show (LIC-1, LIC-2, LIC-3).

use serde::{Deserialize, Serialize};

use super::membership::OrganizationMembership;
use crate::domain::{
    id::{AccountId, JobId, LicenceId, LoanId, ResourceId, TransferId},
    licence::{Amount, EntryKind, Model, Product},
    loan::LoanDirection,
    time::{Day, Timestamp},
    words::words,
};

/// Whether a licence is yet to begin, active or over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenceState {
    /// Not yet.
    Upcoming,
    /// Now.
    Active,
    /// No more.
    Expired,
}

words! {
    LicenceState
    Upcoming => "upcoming";
    Active => "active";
    Expired => "expired";
}

/// A licence with its balance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicenceView {
    pub id: LicenceId,
    pub account: AccountId,
    pub product: Product,
    /// Billing model; cloud only.
    pub model: Option<Model>,
    /// Whether it is yet to begin, active or over.
    pub state: LicenceState,
    /// First active moment.
    pub active_from: Timestamp,
    /// First moment not active any more.
    pub active_until: Option<Timestamp>,
    /// Seats; desktop only.
    pub seats: Option<i64>,
    /// Whether it was given to try it out (LIC-7).
    pub trial: bool,
    /// What there is in all.
    pub total: Amount,
    pub used: Amount,
    pub left: Amount,
    /// How many seats are given or taken; desktop only, and not while it is lent to others.
    pub seats_used: Option<u64>,
    /// The loan, while it is lent or borrowed (ACCT-3).
    pub loan: Option<LicenceLoan>,
}

/// The loan of a licence, from one side.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicenceLoan {
    pub id: LoanId,
    /// Whether it is lent or borrowed.
    pub direction: LoanDirection,
    /// The organization on the other side.
    pub other: String,
    /// The Sharing ID on the other side.
    pub sharing_id: String,
    /// Its last day.
    pub until: Day,
}

/// One entry of a licence's ledger (LIC-3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EntryView {
    /// Its number in the ledger of the licence, from 1.
    pub number: i64,
    pub at: Timestamp,
    pub kind: EntryKind,
    /// The change of what is left.
    pub change: Amount,
    /// What was left after it.
    pub left: Amount,
    pub transfer: Option<TransferId>,
    /// The dataset it is about.
    pub resource: Option<ResourceId>,
    /// What that is called, while it is in the organization.
    pub resource_name: Option<String>,
    /// The job it is about, and what its app is called, where it is one of the licence's account.
    pub job: Option<JobId>,
    pub app_title: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountLicences {
    pub id: AccountId,
    pub name: String,
    /// Its licences, oldest first.
    pub licences: Vec<LicenceView>,
}

/// The page Licences.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicencesView {
    pub organization: OrganizationMembership,
    /// Its accounts with their licences. Accounts are named only where there are several (ACCT-4).
    pub accounts: Vec<AccountLicences>,
    /// Whether I manage billing: then **Contact sales** is there.
    pub may_buy: bool,
    /// Whether I manage seats and loans.
    pub manages: bool,
}

/// A licence's own page: its books, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LedgerView {
    pub organization: OrganizationMembership,
    pub licence: LicenceView,
    /// The account it belongs to, where there are several (ACCT-4).
    pub account_name: Option<String>,
    pub entries: Vec<EntryView>,
    /// The cursor of the page with older entries.
    pub older: Option<String>,
    /// The cursor of the page with newer entries.
    pub newer: Option<String>,
    /// Whether I manage billing: then **Contact sales** is there.
    pub may_buy: bool,
}
