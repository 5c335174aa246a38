//! What people do, from beginning to end.

mod concurrency;
mod drive;
mod histories;
mod licences;
mod organizations;
mod settings;
mod transfers;
