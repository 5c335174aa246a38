//! The rules, and nothing else.
//!
//! Everything that may or may not happen in Commonhold is decided here, once, and the browser and the server both call
//! it: the browser to show what is possible and say why not, the server to enforce.
//!
//! # Invariants
//! - Pure: no I/O, no async, no framework, no clock, no randomness. Time and ids come in as arguments.
//! - Depends on `serde`, `thiserror`, `uuid`, `unicode-normalization` and `std` only, and names no other room (asserted in
//!   `tests/it/architecture.rs`).
//! - No circle of imports goes through two subjects. [`refusal`] is at the bottom: it names no rule, so every rule can return it.
//! - A reason to say no is a [`refusal::Refusal`]; its text is what people read, wherever they meet it.

#[macro_use]
pub(crate) mod words;

pub mod access;
pub mod account;
pub mod annotation;
pub mod app;
pub mod audit;
pub mod billing;
pub mod blocker;
pub mod cap;
pub mod command;
pub mod copy;
pub mod country;
pub mod device;
pub mod fields;
pub mod file;
pub mod file_command;
pub mod first_steps;
pub mod geo;
pub mod geojson;
pub mod grant;
pub mod id;
pub mod installation_policy;
pub mod invitation;
pub mod invitation_list;
pub mod invitation_review;
pub mod items;
pub mod job;
pub mod job_log;
pub mod key;
pub mod layer;
pub mod legal;
pub mod licence;
pub mod loan;
pub mod mail;
pub mod measure;
pub mod name;
pub mod offer;
pub mod on_map;
pub mod one_time_link;
pub mod organization;
pub mod output;
pub mod people_visibility;
pub mod permit;
pub mod person;
pub mod photo;
pub mod plan;
pub mod profile;
pub mod qc;
pub mod refusal;
pub mod requester;
pub mod resource;
pub mod restriction;
pub mod role;
pub mod role_change;
pub mod search;
pub mod seat;
pub mod sender;
pub mod share_link;
pub mod site;
pub mod spreadsheet;
pub mod storage;
pub mod survey;
pub mod task;
#[cfg(test)]
mod testing;
pub mod text;
pub mod ticket;
pub mod time;
pub mod transfer;
pub mod trash;
pub mod trial;
pub mod undo;
pub mod upload;
pub mod view_as;
pub mod viewport;
pub mod zip;
