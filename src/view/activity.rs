//! What the Activity page shows (AUDIT-1).

use serde::{Deserialize, Serialize};

use super::OrganizationMembership;
use crate::domain::{
    id::{AuditId, PersonId, TransferId},
    time::Timestamp,
};

/// One thing that a change changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// What, in words.
    pub what: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is since.
    pub after: Option<String>,
}

/// One line of the audit log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LineView {
    /// Id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who; `None` for the operator.
    pub actor: Option<PersonId>,
    /// Their name at the time.
    pub actor_name: String,
    /// What kind of action, as a stable word.
    pub action: String,
    /// What, in a sentence without the actor.
    pub summary: String,
    /// The transfer it is about, for a link to its receipt.
    pub transfer: Option<TransferId>,
    /// What it changed.
    pub changes: Vec<Change>,
    /// Network address it came from.
    pub address: Option<String>,
}

/// One page of the audit log, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogView {
    /// The organization and my role in it.
    pub organization: OrganizationMembership,
    /// The lines.
    pub lines: Vec<LineView>,
    /// Where the page with older lines starts.
    pub older: Option<String>,
    /// Where the page with newer lines ends.
    pub newer: Option<String>,
    /// People to choose from, by name.
    pub people: Vec<(PersonId, String)>,
}
