//! What Owners and Managers see of the seats of desktop licences (LIC-5), and what a desktop program is told.

use serde::{Deserialize, Serialize};

use super::{licence::LicenceView, membership::OrganizationMembership, page::Page};
use crate::domain::{command::Control, role::Role, seat::Holder, time::Timestamp};

/// The desktop licences of an organization with their seats.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeatsView {
    pub organization: OrganizationMembership,
    /// Its desktop licences, those it borrows among them.
    pub licences: Vec<LicenceSeats>,
    /// Readers and Members, for the dialog that gives a seat: name and email, the first of them by name.
    pub people: Vec<(String, String)>,
}

/// One desktop licence with its seats.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicenceSeats {
    /// The licence, with the number of its used seats.
    pub licence: LicenceView,
    /// Who holds a seat, one page of them. The licence has the number of all.
    pub seats: Page<SeatRow>,
    /// **Give a seat**.
    pub give: Control,
}

/// A seat and who holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeatRow {
    pub holder: Holder,
    /// Their name; of a machine, what its key is called.
    pub name: String,
    /// Their email; `None` of a machine.
    pub email: Option<String>,
    /// Their role; `None` of a machine.
    pub role: Option<Role>,
    /// Since when it is reserved for them. `None` if it is not.
    pub given_at: Option<Timestamp>,
    /// Who gave it.
    pub given_by: Option<String>,
    /// The device that uses it now.
    pub device: Option<String>,
    pub since: Option<Timestamp>,
    /// The time of the last heartbeat.
    pub seen: Option<Timestamp>,
}

/// What a desktop program may take (SET-1): the desktop licences of one organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DesktopView {
    /// The Org ID of the organization.
    pub org_id: String,
    pub name: String,
    /// Its active desktop licences; for a machine, those of its account.
    pub licences: Vec<DesktopLicence>,
}

/// One desktop licence, for a program that would take a seat of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DesktopLicence {
    /// The licence, with the number of its used seats.
    pub licence: LicenceView,
    /// My seat, if I have one.
    pub mine: Option<SeatRow>,
    /// Taking a seat, and why not.
    pub take: Control,
}
