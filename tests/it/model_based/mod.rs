//! Random histories against a model of the rules (LIC-3, XFER-10, ORG-3, DRIVE-1): whatever people, engines, the operator and
//! time do in whatever order, at the same moment or interrupted anywhere, the server does what a small model of the rules says,
//! and nothing is ever counted twice, lost, or left without an Owner.
//!
//! - [`model`]: the rules once more, pure and small. [`server`]: the same actions on the real server, and everything that its
//!   database holds.
//! - [`generator`]: random actions from a seed. [`history`]: plays them on both sides, compares, and shrinks what fails.
//! - [`fault_injection`]: every write fails at each of its statements.
//! - [`files`]: files in random histories, with storage.
//! - [`blockers`]: every pair of licence models and everything that can block a transfer, from the table that the browser's
//!   specs use too.
//! - [`bad_input`]: invalid numbers, and facts that change between plan and confirmation.
//! - [`doctor`]: each invariant is broken by hand on a live database, and found.
//! - [`personal_spaces`]: when a personal space becomes an organization.
#![expect(clippy::large_futures, reason = "a whole history is one future, and runs once")]

mod bad_input;
mod blockers;
mod doctor;
mod fault_injection;
mod files;
mod generator;
mod history;
mod model;
mod personal_spaces;
mod server;
