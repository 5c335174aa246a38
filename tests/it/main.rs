//! Integration tests over the real store, use cases and router, in one binary. Each runs on SQLite and, where
//! `COMMONHOLD_TEST_POSTGRES` names a server, on PostgreSQL.
//!
//! - [`support`]: an application over a database of its own, and a client for each person.
//! - [`flow`]: what people do, from beginning to end, alone and at the same moment.
//! - [`rest`]: the REST API. [`rpc`]: the pages and forms of a browser without WebAssembly.
//! - [`model_based`]: random histories against a model of the rules, injected faults, the doctor.
//! - [`store`]: query plans, constraints and what no use case reaches.
//! - [`crash_recovery`]: the built program as a process, killed at any moment. [`command_line`]: its commands.
//! - [`architecture`]: who may call whom. [`documents`]: every rule and attack that is cited has its line on a page.
//!
//! Test names begin with the rule (`xfer_10_…`) or the attack (`attack_46_…`) that they are about.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_possible_wrap,
    reason = "tests expect, panic, use randomness and the clock, and cast small counts"
)]

mod architecture;
mod command_line;
mod crash_recovery;
mod documents;
mod flow;
mod model_based;
mod rest;
mod rpc;
mod store;
mod support;
