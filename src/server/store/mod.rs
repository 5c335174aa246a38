//! SQL and nothing else: one file per table.
//!
//! Ids, times, days and enums of the domain are bound and read as they are (`values.rs`). A struct whose fields are columns derives
//! `FromRow`; one that is not the store's, or is made of its columns in another way, is read with `from_columns!`.
//!
//! # The contract of the SQL
//! One text runs on SQLite and on PostgreSQL, so:
//! - DDL in `TEXT`, `BIGINT`, `BOOLEAN`, and `UUID` for ids. Times are BIGINT unix milliseconds, enumerations TEXT.
//! - `$1` placeholders; `WITH RECURSIVE`, row-value comparison, `ON CONFLICT`, `RETURNING` work on both.
//! - `SUM` and `COUNT` are written `CAST(… AS BIGINT)`. Errors are told apart by kind, not by constraint name.
//! - A bound limit is written `LIMIT CAST($1 AS BIGINT)`: with a bare parameter there, SQLite prepares the statement anew
//!   every time it runs.
//! - Not allowed: `ILIKE`, `now()`, arrays, JSON operators, `AUTOINCREMENT`, `FOR UPDATE`, `LOWER()` on user text
//!   (store a folded `_key`).
//! - Every list has its index and its limit; no query stands in a loop over rows.
//!
//! # Invariants
//! - `sqlx` is named in this folder only.
//! - What changes resources, grants, links, memberships, organizations or accounts takes a permit of the domain: a forgotten
//!   check does not compile.
//! - Not found is `Ok(None)`.

pub mod account;
pub mod annotation;
pub mod app;
pub mod audit;
pub mod billing_contact;
pub mod blob;
mod connectivity;
pub mod copying;
pub mod dataset_file;
mod db;
pub mod deleted_file;
pub mod doctor;
pub mod fault;
pub mod grant;
pub mod health;
pub mod idempotency;
pub mod invitation;
pub mod job;
pub mod job_log;
pub mod job_output;
pub mod kept_form;
pub mod key;
pub mod layer;
pub mod licence;
pub mod link;
pub mod live;
pub mod loan;
pub mod membership;
pub mod naming;
pub mod object_trash;
pub mod offer;
pub mod one_time_link;
pub mod operator_key;
pub mod organization;
pub mod outbox;
pub mod paid_image;
pub mod person;
pub mod photo;
pub mod purchase_request;
pub mod resource;
pub mod search;
pub mod seat;
pub mod session;
pub mod site;
pub mod storage;
pub mod subtree;
pub mod task;
pub mod ticket;
mod together;
pub mod transfer;
pub mod trash;
pub mod turn;
pub mod undo;
pub mod upload;
mod values;
pub mod view_as;
pub mod waiting;

pub use db::{AsDbError, Bind, Db, DbError, Record, Result, Statement, Synchronous, Tx};

/// How many ids one statement names at most.
const CHUNK: usize = 1_000;
