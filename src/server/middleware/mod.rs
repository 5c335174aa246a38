//! The layers around every request, one file each.

pub mod authenticate;
pub mod cookies;
pub mod forms;
pub mod origin;
pub mod pages;
pub mod retry_later;
pub mod same_person;
pub mod view_as;
