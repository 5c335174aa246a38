//! What the Activity page shows (AUDIT-1).

use serde::{Deserialize, Serialize};

use super::membership::OrganizationMembership;
use crate::domain::{
    id::{AuditId, PersonId, TransferId},
    time::Timestamp,
};

/// One changed value of an audit line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// The changed field, in words.
    pub what: String,
    pub before: Option<String>,
    /// Its value afterwards.
    pub after: Option<String>,
}

/// One line of the audit log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditLineView {
    pub id: AuditId,
    pub at: Timestamp,
    /// Who; `None` for the operator.
    pub actor: Option<PersonId>,
    pub actor_name: String,
    pub action: String,
    /// The action, as a sentence without its subject, the actor.
    pub summary: String,
    /// The transfer it is about, for a link to its receipt.
    pub transfer: Option<TransferId>,
    pub changes: Vec<Change>,
    pub address: Option<String>,
}

/// One page of the audit log, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditLogView {
    pub organization: OrganizationMembership,
    pub lines: Vec<AuditLineView>,
    /// The cursor of the page with older lines.
    pub older: Option<String>,
    /// The cursor of the page with newer lines.
    pub newer: Option<String>,
    /// People to choose from, by name.
    pub people: Vec<(PersonId, String)>,
}

/// One line of the audit log (AUDIT-1) with its states as JSON, for the API alone: what browsers get is encoded without the names
/// that decoding JSON needs (`rpc/encoding.rs`), so this type cannot be sent to them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActivityView {
    pub at: Timestamp,
    /// Who; `None` for the operator.
    pub actor: Option<PersonId>,
    pub actor_name: String,
    /// What, as a stable word like `transfer.sent`.
    pub action: String,
    /// The action, as a sentence without its subject, the actor: "created the folder “Tunnels”".
    pub summary: String,
    /// The transfer it is about, for a link to its receipt.
    pub transfer: Option<TransferId>,
    /// State before, where it changed something.
    pub before: Option<serde_json::Value>,
    /// State after.
    pub after: Option<serde_json::Value>,
    pub address: Option<String>,
}

/// One line of the audit log, as Home shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecentActivity {
    pub at: Timestamp,
    /// Who; `None` for the operator.
    pub actor: Option<PersonId>,
    pub actor_name: String,
    /// The action, as a sentence without its subject, the actor.
    pub summary: String,
    /// The transfer it is about, for a link to its receipt.
    pub transfer: Option<TransferId>,
}

impl From<ActivityView> for RecentActivity {
    fn from(line: ActivityView) -> Self {
        let ActivityView { at, actor, actor_name, summary, transfer, .. } = line;
        Self { at, actor, actor_name, summary, transfer }
    }
}
