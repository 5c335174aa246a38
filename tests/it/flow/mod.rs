//! What people do, from beginning to end.

mod concurrency;
mod drive;
mod histories;
mod invitations;
mod licences;
mod links;
mod live;
mod mail;
mod organizations;
mod people;
mod restrictions;
mod settings;
mod transfers;
