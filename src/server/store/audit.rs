//! Table `audit` (AUDIT-1): written in the transaction of what it tells, never changed.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::domain::{
    id::{AuditId, OrganizationId, PersonId, TransferId},
    time::Timestamp,
    view::ActivityView,
};

/// A line to be written.
#[derive(Debug, Clone)]
pub struct NewAudit<'a> {
    /// Id.
    pub id: AuditId,
    /// In whose log; `None` for what concerns a person alone.
    pub organization: Option<OrganizationId>,
    /// Who; `None` for the operator.
    pub actor: Option<PersonId>,
    /// Their name.
    pub actor_name: &'a str,
    /// What, as a stable word.
    pub action: &'static str,
    /// What, in a sentence without the actor.
    pub summary: String,
    /// The transfer it is about.
    pub transfer: Option<TransferId>,
    /// State before.
    pub before: Option<serde_json::Value>,
    /// State after.
    pub after: Option<serde_json::Value>,
    /// Network address.
    pub address: Option<&'a str>,
    /// Now.
    pub at: Timestamp,
}

/// Writes a line.
///
/// # Errors
/// The database.
pub async fn insert(tx: &mut Tx, line: &NewAudit<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO audit (id, organization_id, actor_id, actor_name, action, summary, transfer_id, before_state, after_state, address, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(line.id.0)
    .bind(line.organization.map(|organization| organization.0))
    .bind(line.actor.map(|actor| actor.0))
    .bind(line.actor_name.to_owned())
    .bind(line.action)
    .bind(line.summary.clone())
    .bind(line.transfer.map(|transfer| transfer.0))
    .bind(line.before.as_ref().map(ToString::to_string))
    .bind(line.after.as_ref().map(ToString::to_string))
    .bind(line.address.map(str::to_owned))
    .bind(line.at.0)
    .execute()
    .await
    .map(|_| ())
}

/// Which lines are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this person.
    pub actor: Option<PersonId>,
    /// Only this action.
    pub action: Option<String>,
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

#[derive(FromRow)]
struct AuditRow {
    id: Uuid,
    actor_id: Option<Uuid>,
    actor_name: String,
    action: String,
    summary: String,
    transfer_id: Option<Uuid>,
    before_state: Option<String>,
    after_state: Option<String>,
    address: Option<String>,
    at: i64,
}

/// One page of an organization's log, newest first: the lines with their ids.
///
/// # Errors
/// The database.
pub async fn list(
    tx: &mut Tx,
    organization: OrganizationId,
    filter: &Filter,
    before: Option<AuditId>,
    limit: i64,
) -> Result<Vec<(AuditId, ActivityView)>> {
    let rows: Vec<AuditRow> = tx
        .sql(
            "SELECT id, actor_id, actor_name, action, summary, transfer_id, before_state, after_state, address, at FROM audit
             WHERE organization_id = $1 AND id < $2 AND ($3 IS NULL OR actor_id = $3) AND ($4 IS NULL OR action = $4)
                AND at >= $5 AND at < $6
             ORDER BY id DESC LIMIT CAST($7 AS BIGINT)",
        )
        .bind(organization.0)
        .bind(before.map_or(Uuid::max(), |line| line.0))
        .bind(filter.actor.map(|actor| actor.0))
        .bind(filter.action.clone())
        .bind(filter.from.map_or(i64::MIN, |at| at.0))
        .bind(filter.to.map_or(i64::MAX, |at| at.0))
        .bind(limit)
        .all()
        .await?;
    let state = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(rows
        .into_iter()
        .map(|row| {
            let line = ActivityView {
                at: Timestamp(row.at),
                actor: row.actor_id.map(PersonId),
                actor_name: row.actor_name,
                action: row.action,
                summary: row.summary,
                transfer: row.transfer_id.map(TransferId),
                before: state(row.before_state),
                after: state(row.after_state),
                address: row.address,
            };
            (AuditId(row.id), line)
        })
        .collect())
}
