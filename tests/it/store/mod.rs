//! What no request reaches: query plans, transactions, leases, retention, ended sessions, and the edges of lists.

mod leases;
mod ledger;
mod lists;
mod query_plans;
mod retention;
mod sessions;
mod transactions;
