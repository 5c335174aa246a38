//! One file per page: the page (address, resource, `Suspense`) over plain views that take plain values.

pub mod accounts;
pub mod activity;
pub mod billing;
pub mod drive;
pub mod forgot;
pub mod home;
pub mod invitation;
pub mod keys;
pub mod licences;
pub mod loans;
pub mod my_account;
pub mod new_organization;
pub mod not_found;
pub mod offer;
pub mod people;
pub mod receipt;
pub mod reset;
pub mod roles;
pub mod seats;
pub mod settings;
pub mod sign_in;
pub mod sign_up;
pub mod transfers;
pub mod trash;
pub mod verify;
pub mod welcome;
