//! The rules, and nothing else.
//!
//! Everything that may or may not happen in Commonhold is decided here, once, and the browser and the server both call
//! it: the browser to show what is possible and say why not, the server to enforce.
//!
//! # Invariants
//! - Pure: no I/O, no async, no framework, no clock, no randomness. Time and ids come in as arguments.
//! - Depends on `serde`, `thiserror`, `uuid` and `std` only (asserted in `tests/it/architecture.rs`).
//! - A reason to say no is a [`refusal::Refusal`]; its text is what people read, wherever they meet it.
#![deny(missing_docs)]

#[macro_use]
pub(crate) mod words;

pub mod access;
pub mod account;
pub mod audit;
pub mod billing;
pub mod command;
pub mod copy;
pub mod device;
pub mod grant;
pub mod id;
pub mod invitation;
pub mod key;
pub mod licence;
pub mod loan;
pub mod mail;
pub mod name;
pub mod offer;
pub mod one_time_link;
pub mod organization;
pub mod person;
pub mod plan;
pub mod policy;
pub mod profile;
pub mod refusal;
pub mod resource;
pub mod restriction;
pub mod role;
pub mod search;
pub mod seat;
pub mod sender;
pub mod share_link;
pub mod site;
pub mod task;
#[cfg(test)]
mod testing;
pub mod text;
pub mod time;
pub mod transfer;
pub mod trash;
pub mod undo;
pub mod view_as;
