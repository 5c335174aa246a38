//! What people do, from beginning to end.

mod access;
mod concurrency;
mod drive;
mod histories;
mod invitations;
mod licences;
mod mail;
mod organizations;
mod people;
mod reach;
mod search;
mod settings;
mod transfers;
mod trash;
