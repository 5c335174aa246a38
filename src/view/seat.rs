//! What Owners and Managers see of the seats of desktop licences (LIC-5), and what a desktop program is told.

use serde::{Deserialize, Serialize};

use super::{Control, LicenceView, OrganizationMembership, Page};
use crate::domain::{role::Role, seat::Holder, time::Timestamp};

/// The desktop licences of an organization with their seats.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeatsView {
    /// The organization and my role in it.
    pub organization: OrganizationMembership,
    /// Its desktop licences, those it borrows among them.
    pub licences: Vec<SeatedLicence>,
    /// Readers and Members, for the dialog that gives a seat: name and email, the first of them by name.
    pub people: Vec<(String, String)>,
}

/// One desktop licence with its seats.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeatedLicence {
    /// The licence; what is used of its seats is in it.
    pub licence: LicenceView,
    /// Who holds a seat, or some of them: how many more there are is known from what is used.
    pub seats: Page<SeatRow>,
    /// **Give a seat**.
    pub give: Control,
}

/// A seat and who holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeatRow {
    /// Who.
    pub holder: Holder,
    /// Their name; of a machine, what its key is called.
    pub name: String,
    /// Their email; `None` of a machine.
    pub email: Option<String>,
    /// Their role; `None` of a machine.
    pub role: Option<Role>,
    /// Since when it is kept for them, if it is.
    pub given_at: Option<Timestamp>,
    /// Who gave it.
    pub given_by: Option<String>,
    /// What runs on it, if something does.
    pub device: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The last heartbeat.
    pub seen: Option<Timestamp>,
}

/// What a desktop program may take (SET-1): the desktop licences of one organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DesktopView {
    /// The Org ID of the organization.
    pub org_id: String,
    /// Its name.
    pub name: String,
    /// Its active desktop licences; for a machine, those of its account.
    pub licences: Vec<DesktopLicence>,
}

/// One desktop licence, for a program that would take a seat of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DesktopLicence {
    /// The licence; what is used of its seats is in it.
    pub licence: LicenceView,
    /// What I have of it.
    pub mine: Option<SeatRow>,
    /// Taking a seat, and why not.
    pub take: Control,
}
