//! What people do, from beginning to end.

mod concurrency;
mod copies;
mod drive;
mod histories;
mod invitations;
mod licences;
mod mail;
mod organizations;
mod people;
mod settings;
mod sites;
mod transfers;
mod trash;
mod undo;
