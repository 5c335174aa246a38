//! Who is signed in, and what the frame of every page shows.

use serde::{Deserialize, Serialize};

use super::{membership::OrganizationMembership, people::PendingInvitation, shared::SharedResourceView};
use crate::domain::{id::PersonId, time::Timestamp};

/// A person, as pages mention one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonView {
    pub id: PersonId,
    /// Email as typed at sign-up.
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    /// Whether the email was verified (AUTH-2).
    pub email_verified: bool,
}

/// Who is signed in and where they belong: what the frame of every page shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionView {
    /// Who is signed in, if anybody.
    pub person: Option<PersonView>,
    /// The organizations they used last, the last one first, their personal space behind them; and the one that is shown.
    pub organizations: Vec<OrganizationMembership>,
    /// Whether there are more.
    pub more_organizations: bool,
    /// What was last shared with them by organizations they are not in (PEOPLE-9).
    pub shared: Vec<SharedResourceView>,
    /// Invitations that wait for their answer (PEOPLE-4).
    pub invitations: Vec<PendingInvitation>,
    /// The server's time, so that both renderings agree on "today".
    pub now: Timestamp,
}
