//! The only way to change anything: each use case loads facts, asks the domain, writes, and returns.
//!
//! # Invariants
//! - Two doors lead here, `rpc` and `rest`; neither decides anything.
//! - One transaction per use case, opened and committed here; audit lines and ledger entries are written in it.
//! - No `axum`, no `http`, no `sqlx` in this folder. Time, ids and randomness come from `Ctx`.

pub mod access;
pub mod accounts;
pub mod annotation;
pub mod app;
pub mod audit;
pub mod audit_log;
pub mod billing;
pub mod client;
pub mod copy;
pub mod dataset;
pub mod desktop;
pub mod drive;
pub mod engine;
pub mod file;
pub mod first_steps;
pub mod founding;
pub mod founding_by_operator;
pub mod grant;
pub mod home;
pub mod idempotency;
pub mod invitation;
pub mod job;
pub mod key;
pub mod layer;
pub mod licence;
pub mod link;
pub mod live;
pub mod loan;
pub mod mail;
pub mod mail_limit;
pub mod my_account;
pub mod offer;
pub mod operator;
pub mod operator_key;
pub mod organization;
pub mod outdated;
pub mod pager;
pub mod people;
pub mod plan;
pub mod purchase_request;
pub mod restriction;
pub mod search;
pub mod seat;
pub mod session;
pub mod settings;
pub mod site;
pub mod storage;
pub mod survey;
pub mod task;
pub mod ticket;
pub mod transfer;
pub mod transfers_page;
pub mod trash;
pub mod undo;
pub mod undo_token;
pub mod upload;
pub mod view_as;
pub mod viewer;
pub mod waiting;
pub mod zip;

use serde::{Deserialize, Deserializer};

use crate::domain::{items::Items, refusal::Refusal, text::FieldIssue};

use super::error::Result;

/// How many rows a page of the Drive or of the API has when nobody says.
pub const DEFAULT_PAGE_SIZE: i64 = 50;
/// How many rows it has at most.
pub const MAX_PAGE_SIZE: i64 = 200;

/// Reads `limit`: 1 to 200.
///
/// # Errors
/// `Invalid` at `limit`.
pub fn limit(asked: Option<i64>) -> Result<i64> {
    match asked {
        None => Ok(DEFAULT_PAGE_SIZE),
        Some(rows) if (1..=MAX_PAGE_SIZE).contains(&rows) => Ok(rows),
        Some(_) => Err(Refusal::field("limit", FieldIssue::NotInRange(1, MAX_PAGE_SIZE)).into()),
    }
}

/// Reads `null` as an empty text: machines send it for a field that people leave empty in a form.
///
/// # Errors
/// Neither `null` nor a text.
pub fn null_is_empty<'de, D: Deserializer<'de>>(value: D) -> std::result::Result<String, D::Error> {
    Option::<String>::deserialize(value).map(Option::unwrap_or_default)
}

/// Reads an id at a field.
///
/// # Errors
/// `Invalid` at the field.
pub fn id<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::field(field, FieldIssue::Missing).into());
    }
    text.parse().map_err(|_| Refusal::field(field, FieldIssue::NotAnId).into())
}

/// Reads the items of a request's body.
///
/// # Errors
/// `Invalid` at `items`.
pub fn items(ids: &[String]) -> Result<Items> {
    Ok(Items::parse_list(ids)?)
}

/// Reads ids at a field.
///
/// # Errors
/// `Invalid` at the field.
pub fn ids<T: std::str::FromStr>(field: &'static str, texts: &[String]) -> Result<Vec<T>> {
    texts.iter().map(|text| id(field, text)).collect()
}

/// Reads the id of what a form or an address is about: what is no id does not exist.
///
/// # Errors
/// `NotFound`.
pub fn subject<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Refusal::NotFound.into())
}

/// The digest of a plan that a form confirms.
///
/// # Errors
/// `Invalid` at `digest` if it is missing.
pub fn confirmed_digest(digest: String) -> Result<String> {
    if digest.is_empty() { Err(Refusal::field("digest", FieldIssue::Missing).into()) } else { Ok(digest) }
}
