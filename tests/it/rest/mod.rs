//! The REST API: what each call answers, and what it refuses.

mod database_outage;
mod error_responses;
mod http_envelope;
mod idempotency;
mod idempotency_crashes;
mod key_scopes;
mod my_account;
mod responses;
mod reverse_proxy;
mod sign_in;
mod tenant_isolation;
