//! What people do, from beginning to end.

mod access;
mod billing;
mod concurrency;
mod copies;
mod drive;
mod histories;
mod invitations;
mod keys;
mod lacking;
mod licences;
mod links;
mod live;
mod loans;
mod mail;
mod organizations;
mod people;
mod reach;
mod restrictions;
mod search;
mod seats;
mod settings;
mod sites;
mod transfers;
mod trash;
mod undo;
mod waiting;
