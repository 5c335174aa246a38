//! What the pages Licences and a licence's own show (LIC-1, LIC-2, LIC-3).

use serde::{Deserialize, Serialize};

use super::{EntryView, LicenceView, OrganizationMembership};
use crate::domain::{
    id::AccountId,
    licence::{Amount, Model},
};

/// The licences of an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountLicences {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Its licences, oldest first.
    pub licences: Vec<LicenceView>,
}

/// The page Licences.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicencesView {
    /// The organization and my role in it.
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
    /// The organization and my role in it.
    pub organization: OrganizationMembership,
    /// The licence.
    pub licence: LicenceView,
    /// The account it belongs to, where there are several (ACCT-4).
    pub account_name: Option<String>,
    /// The entries.
    pub entries: Vec<EntryView>,
    /// Where the page with older entries starts.
    pub older: Option<String>,
    /// Where the page with newer entries ends.
    pub newer: Option<String>,
    /// Whether I manage billing: then **Contact sales** is there.
    pub may_buy: bool,
}

/// What having a dataset processed would cost, and what is left for it (LIC-2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ProcessingView {
    /// It can be paid for, or not yet.
    Priced {
        /// What it is billed in.
        model: Model,
        /// What it costs.
        cost: Amount,
        /// What is left.
        left: Amount,
        /// Why it would wait, if it would.
        why_not: Option<String>,
    },
    /// No licence pays for it now: the refusal's own text says why (LIC-6).
    Refused(String),
}
