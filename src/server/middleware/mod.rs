//! Middleware: one file for each subject. `server/router.rs` says where each one applies, and in which order.

pub mod authenticate;
pub mod cookies;
pub mod forms;
pub mod origin;
pub mod pages;
pub mod retry_later;
pub mod same_person;
pub mod view_as;
