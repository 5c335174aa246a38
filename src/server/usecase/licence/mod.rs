//! Licences and their ledgers.
//!
//! - `list` and `ledger` are for people who may see usage; `operator` is for the operator.
//! - `entitlement` is what the licences of an organization allow.

pub mod entitlement;
pub mod ledger;
pub mod list;
pub mod operator;
