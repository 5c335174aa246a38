//! One file per page: the page (address, resource, `Suspense`) over plain views that take plain values.

pub mod activity;
pub mod drive;
pub mod home;
pub mod new_organization;
pub mod not_found;
pub mod receipt;
pub mod roles;
pub mod settings;
pub mod sign_in;
pub mod sign_up;
pub mod welcome;
