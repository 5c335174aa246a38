//! Read models: what pages and the REST API show, already cut down to what the reader may see. One file per subject.

pub mod access;
pub mod accounts;
pub mod activity;
pub mod app;
pub mod billing;
pub mod destination;
pub mod drive;
pub mod file;
pub mod first_steps;
pub mod home;
pub mod job;
pub mod key;
pub mod licence;
pub mod link;
pub mod loan;
pub mod membership;
pub mod my_account;
pub mod outcome;
pub mod page;
pub mod people;
pub mod preferences;
pub mod query;
pub mod resource;
pub mod restriction;
pub mod seat;
pub mod session;
pub mod settings;
pub mod shared;
pub mod survey;
pub mod task;
pub mod ticket;
pub mod transfer;
pub mod trash;
pub mod view_as;
pub mod viewer;

pub use self::{
    activity::ActivityView,
    destination::{DestinationRow, DestinationView},
    drive::{DriveView, MAX_COUNTED_ROWS, MoreRows, TreeFolder},
    home::HomeView,
    licence::{EntryView, LicenceLoan, LicenceState, LicenceView},
    membership::OrganizationMembership,
    page::Page,
    resource::{Crumb, DatasetView, ResourceView, RowView},
    session::{PersonView, SessionView},
    shared::SharedResourceView,
    transfer::{PlanView, ReceiptView},
};
pub use crate::domain::command::Control;
