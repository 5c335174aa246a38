//! Licences and their ledgers.
//!
//! - `list` and `ledger` are for people who may see usage; `operator` is for the operator.
//! - `ending` tells Owners before a licence ends.
//! - `entitlement` is what the licences of an organization allow.

pub mod ending;
pub mod entitlement;
pub mod ledger;
pub mod list;
pub mod operator;
