//! The store by itself: every function at least once on both databases, and how SQLite plans every query.

mod access;
mod account;
mod accounts;
mod billing;
mod keys;
mod links;
mod offers;
mod people;
mod query_plans;
mod search;
mod seats;
mod tables;
mod trash;
mod trees;
