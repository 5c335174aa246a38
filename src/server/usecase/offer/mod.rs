//! Offers (XFER-18): whoever may transfer out of an organization, but has no rights in another one, offers it the items;
//! somebody there takes them, or not.
//!
//! - `make` offers, `answer` accepts, declines and withdraws; `plan` is what accepting would do.
//! - `show` is a single offer, `list` many of them, `page` the page of one.
//!
//! # Invariants
//! - Who offers learns the target's name, and nothing else of it.
//! - Every rule is checked when an offer is made, as far as the source knows enough, and all of them again when it is taken.
//! - An offer is taken once: its state changes in the transaction of the transfer.

pub mod answer;
pub mod list;
pub mod make;
pub mod page;
pub mod plan;
pub mod show;
