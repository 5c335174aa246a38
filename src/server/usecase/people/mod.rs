//! Manage People: who is in an organization, and what they may do there (PEOPLE-1, PEOPLE-5 to PEOPLE-9, PEOPLE-11, ROLE-3,
//! ORG-3).
//!
//! - `list` is the list, `page` the page around it.
//! - `caps` says what a membership lets through (JOB-5), `role` changes roles, `remove` removes people and lets them leave, `create` creates an account for somebody.

pub mod caps;
pub mod create;
pub mod list;
pub mod page;
pub mod remove;
pub mod role;
