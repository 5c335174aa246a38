//! The REST API: what each call answers, and what it refuses.

mod account;
mod answers;
mod isolation;
mod later;
mod machines;
mod once;
mod outermost;
mod proxy;
mod refusals;
mod repeating;
mod signing_in;
