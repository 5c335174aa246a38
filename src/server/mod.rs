//! Everything that exists only on the server.
pub mod context;
pub mod error;
pub mod limit;
pub mod password;
pub mod store;
pub mod usecase;
