//! The books (LIC-3, XFER-10, ORG-3, DRIVE-1): whatever people, engines, the operator and time do in whatever order, at
//! the same moment or interrupted anywhere, the server does what a small model of the rules says, and nothing is ever
//! counted twice, lost, or left without an Owner.
//!
//! - [`model`]: the rules once more, pure and small. [`server`]: the same acts done to the real server, and everything the database holds.
//! - [`dice`]: random acts from a seed. [`history`]: plays them on both sides and compares, and makes what fails shorter.
//! - [`faults`]: every write, struck at each of its statements.
//! - [`blockers`]: every pair of models and everything that can be in the way of a transfer, from the table that the browser's specs use too.
//! - [`bad_input`]: numbers that make no sense, and facts that change between plan and confirmation.
//! - [`doctor`]: each invariant broken by hand on a live database, and found.
//! - [`spaces`]: when a personal space becomes an organization.
#![expect(clippy::large_futures, reason = "a whole history is one future, and runs once")]

mod bad_input;
mod blockers;
mod dice;
mod doctor;
mod faults;
mod history;
mod model;
mod server;
mod spaces;
