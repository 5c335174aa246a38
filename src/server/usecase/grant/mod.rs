//! **Manage access**: who can reach a resource and why, giving, changing and taking access (ACCESS-1 to ACCESS-4, ROLE-1,
//! ROLE-3, LIC-4).
//!
//! - `list` is who reaches it, `why` the reasons of one person.
//! - `give` gives access and changes it; `recipient` finds out to whom, `invite` invites who is not known. `take` takes it.
//! - `managed` is what all of them begin with: the resource, and leave to manage its access.
//!
//! # Invariants
//! - Whoever gives, changes, takes or looks has Manager access to the very resource. This is checked in the same transaction,
//!   because access that was lost a moment ago must not be passed on.
//! - The answer about an address that the organization does not know is the same whether or not it has an account (attack
//!   28): it is invited, and nothing of its account shows until it accepts.

pub mod give;
mod invite;
pub mod list;
mod managed;
pub mod recipient;
pub mod take;
pub mod why;
