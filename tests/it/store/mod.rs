//! The store by itself: every function at least once on both databases, and how SQLite plans every query.

mod account;
mod people;
mod plans;
mod tables;
mod trash;
mod trees;
