//! Tables `audit` and `audit_item` (AUDIT-1): written in the transaction of what it tells, never changed.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx};
use crate::{
    domain::{
        audit::Action,
        id::{AuditId, OrganizationId, PersonId, ResourceId, TransferId},
        profile::OwnPermit,
        time::Timestamp,
    },
    view::ActivityView,
};

/// A line to be written.
#[derive(Debug, Clone)]
pub struct NewAudit<'a> {
    pub id: AuditId,
    /// In whose log; `None` for what concerns a person alone.
    pub organization: Option<OrganizationId>,
    /// Who; `None` for the operator.
    pub actor: Option<PersonId>,
    /// Their name.
    pub actor_name: &'a str,
    pub action: Action,
    /// What, in a sentence without the actor.
    pub summary: String,
    /// The folders, sites, assets and datasets it is about.
    pub resources: &'a [ResourceId],
    /// The transfer it is about.
    pub transfer: Option<TransferId>,
    /// State before.
    pub before: Option<serde_json::Value>,
    /// State after.
    pub after: Option<serde_json::Value>,
    /// Network address.
    pub address: Option<&'a str>,
    pub at: Timestamp,
}

/// Writes a line.
pub async fn insert(tx: &mut Tx, line: &NewAudit<'_>) -> Result<()> {
    let (resource, several) = match line.resources {
        [one] => (Some(*one), [].as_slice()),
        several => (None, several),
    };
    tx.sql(
        "INSERT INTO audit (id, organization_id, actor_id, actor_name, action, summary, transfer_id, before_state, after_state, ip_address, created_at, resource_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(line.id)
    .bind(line.organization)
    .bind(line.actor)
    .bind(line.actor_name.to_owned())
    .bind(line.action)
    .bind(line.summary.clone())
    .bind(line.transfer)
    .bind(line.before.as_ref().map(ToString::to_string))
    .bind(line.after.as_ref().map(ToString::to_string))
    .bind(line.address.map(str::to_owned))
    .bind(line.at)
    .bind(resource)
    .execute()
    .await?;
    for chunk in several.chunks(CHUNK) {
        // DISTINCT drops the rows that pad the list.
        tx.sql_rows(
            "INSERT INTO audit_item (audit_id, resource_id)
             WITH listed(id) AS (VALUES {rows:1}) SELECT DISTINCT {1}, listed.id FROM listed",
            chunk,
            |statement, id| statement.bind(id),
        )
        .bind(line.id)
        .execute()
        .await?;
    }
    Ok(())
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
    id: AuditId,
    actor_id: Option<PersonId>,
    actor_name: String,
    action: String,
    summary: String,
    transfer_id: Option<TransferId>,
    before_state: Option<String>,
    after_state: Option<String>,
    ip_address: Option<String>,
    created_at: Timestamp,
}

impl AuditRow {
    fn into_line(self) -> (AuditId, ActivityView) {
        let state = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        let line = ActivityView {
            at: self.created_at,
            actor: self.actor_id,
            actor_name: self.actor_name,
            action: self.action,
            summary: self.summary,
            transfer: self.transfer_id,
            before: state(self.before_state),
            after: state(self.after_state),
            address: self.ip_address,
        };
        (self.id, line)
    }
}

/// Where a page of the log begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cursor {
    /// When the line was written.
    pub at: Timestamp,
    pub id: AuditId,
}

/// The columns of a line, once for all filters.
macro_rules! lines {
    ($where_and_order:literal) => {
        concat!(
            "SELECT id, actor_id, actor_name, action, summary, transfer_id, before_state, after_state, ip_address, created_at FROM audit
             WHERE organization_id = $1 AND ",
            $where_and_order
        )
    };
}

/// One page of an organization's log, newest first, after a given line: the lines with their ids.
pub async fn list(
    tx: &mut Tx,
    organization: OrganizationId,
    filter: &Filter,
    before: Option<Cursor>,
    limit: i64,
) -> Result<Vec<(AuditId, ActivityView)>> {
    // The end of the period and the cursor become one upper bound, so that a single range of the index answers the query.
    // With the nil id the end is exclusive: no line of that very moment sorts before it.
    let end = Cursor { at: filter.to.unwrap_or(Timestamp(i64::MAX)), id: AuditId(Uuid::nil()) };
    let start = before.map_or(end, |before| before.min(end));
    // A filter is part of both bounds, so that only its own index fits: the planner must not be left a choice.
    let sql = match (filter.actor.is_some(), filter.action.is_some()) {
        (false, false) => lines!(
            "created_at >= $2 AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT CAST($5 AS BIGINT)"
        ),
        (true, false) => lines!(
            "(actor_id, created_at) >= ($6, $2) AND (actor_id, created_at, id) < ($6, $3, $4)
             ORDER BY actor_id DESC, created_at DESC, id DESC LIMIT CAST($5 AS BIGINT)"
        ),
        (false, true) => lines!(
            "(action, created_at) >= ($6, $2) AND (action, created_at, id) < ($6, $3, $4)
             ORDER BY action DESC, created_at DESC, id DESC LIMIT CAST($5 AS BIGINT)"
        ),
        // With both filters the index by person is used. The concatenation keeps the planner from the index by action.
        (true, true) => lines!(
            "(actor_id, created_at) >= ($6, $2) AND (actor_id, created_at, id) < ($6, $3, $4) AND action || '' = $7
             ORDER BY actor_id DESC, created_at DESC, id DESC LIMIT CAST($5 AS BIGINT)"
        ),
    };
    page(tx, sql, organization, filter, filter.from.unwrap_or(Timestamp(i64::MIN)), start, limit).await
}

/// One page of what an organization's log says of one resource, as [`list`] has it. The resource may be gone.
pub async fn list_of_resource(
    tx: &mut Tx,
    organization: OrganizationId,
    resource: ResourceId,
    filter: &Filter,
    before: Option<Cursor>,
    limit: i64,
) -> Result<Vec<(AuditId, ActivityView)>> {
    let end = Cursor { at: filter.to.unwrap_or(Timestamp(i64::MAX)), id: AuditId(Uuid::nil()) };
    let start = before.map_or(end, |before| before.min(end));
    // CROSS JOIN fixes the order of the join: a resource has few lines, an organization's log has many.
    let rows: Vec<AuditRow> = tx
        .sql(
            "SELECT a.id, a.actor_id, a.actor_name, a.action, a.summary, a.transfer_id, a.before_state, a.after_state, a.ip_address, a.created_at
             FROM (SELECT id FROM audit WHERE resource_id = $1 UNION ALL SELECT audit_id FROM audit_item WHERE resource_id = $1) AS listed
             CROSS JOIN audit a
             WHERE a.id = listed.id AND a.organization_id = $2 AND a.created_at >= $3 AND (a.created_at, a.id) < ($4, $5)
                AND ($6 IS NULL OR a.actor_id = $6) AND ($7 IS NULL OR a.action = $7)
             ORDER BY a.created_at DESC, a.id DESC LIMIT CAST($8 AS BIGINT)",
        )
        .bind(resource)
        .bind(organization)
        .bind(filter.from.map_or(i64::MIN, |at| at.0))
        .bind(start.at)
        .bind(start.id)
        .bind(filter.actor)
        .bind(filter.action.clone())
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(AuditRow::into_line).collect())
}

/// The page before a line: the `limit` lines that follow it in time, oldest first.
pub async fn list_newer(
    tx: &mut Tx,
    organization: OrganizationId,
    filter: &Filter,
    after: Cursor,
    limit: i64,
) -> Result<Vec<(AuditId, ActivityView)>> {
    let begin = Cursor { at: filter.from.unwrap_or(Timestamp(i64::MIN)), id: AuditId(Uuid::nil()) };
    let sql = match (filter.actor.is_some(), filter.action.is_some()) {
        (false, false) => {
            lines!("created_at < $2 AND (created_at, id) > ($3, $4) ORDER BY created_at, id LIMIT CAST($5 AS BIGINT)")
        }
        (true, false) => {
            lines!(
                "(actor_id, created_at) < ($6, $2) AND (actor_id, created_at, id) > ($6, $3, $4) ORDER BY actor_id, created_at, id LIMIT CAST($5 AS BIGINT)"
            )
        }
        (false, true) => {
            lines!(
                "(action, created_at) < ($6, $2) AND (action, created_at, id) > ($6, $3, $4) ORDER BY action, created_at, id LIMIT CAST($5 AS BIGINT)"
            )
        }
        (true, true) => lines!(
            "(actor_id, created_at) < ($6, $2) AND (actor_id, created_at, id) > ($6, $3, $4) AND action || '' = $7
             ORDER BY actor_id, created_at, id LIMIT CAST($5 AS BIGINT)"
        ),
    };
    page(tx, sql, organization, filter, filter.to.unwrap_or(Timestamp(i64::MAX)), after.max(begin), limit).await
}

/// Whether more than `lines` lines pass a filter.
pub async fn is_longer_than(tx: &mut Tx, organization: OrganizationId, filter: &Filter, lines: i64) -> Result<bool> {
    let sql = match (filter.actor.is_some(), filter.action.is_some()) {
        (false, false) => {
            "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS line FROM audit
             WHERE organization_id = $1 AND created_at >= $2 AND created_at < $3 LIMIT CAST($4 AS BIGINT)) AS first"
        }
        (true, false) => {
            "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS line FROM audit
             WHERE organization_id = $1 AND actor_id = $5 AND created_at >= $2 AND created_at < $3 LIMIT CAST($4 AS BIGINT)) AS first"
        }
        (false, true) => {
            "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS line FROM audit
             WHERE organization_id = $1 AND action = $5 AND created_at >= $2 AND created_at < $3 LIMIT CAST($4 AS BIGINT)) AS first"
        }
        (true, true) => {
            "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS line FROM audit
             WHERE organization_id = $1 AND actor_id = $5 AND action = $6 AND created_at >= $2 AND created_at < $3 LIMIT CAST($4 AS BIGINT)) AS first"
        }
    };
    let mut statement = tx
        .sql(sql)
        .bind(organization)
        .bind(filter.from.map_or(i64::MIN, |at| at.0))
        .bind(filter.to.map_or(i64::MAX, |at| at.0))
        .bind(lines + 1);
    if let Some(actor) = filter.actor {
        statement = statement.bind(actor);
    }
    if let Some(action) = &filter.action {
        statement = statement.bind(action.clone());
    }
    statement.number().await.map(|count| count > lines)
}

async fn page(
    tx: &mut Tx,
    sql: &'static str,
    organization: OrganizationId,
    filter: &Filter,
    far: Timestamp,
    near: Cursor,
    limit: i64,
) -> Result<Vec<(AuditId, ActivityView)>> {
    let mut statement = tx.sql(sql).bind(organization).bind(far).bind(near.at).bind(near.id).bind(limit);
    if let Some(actor) = filter.actor {
        statement = statement.bind(actor);
    }
    if let Some(action) = &filter.action {
        statement = statement.bind(action.clone());
    }
    let rows: Vec<AuditRow> = statement.all().await?;
    Ok(rows.into_iter().map(AuditRow::into_line).collect())
}

/// Something that somebody did, for the export of their data.
#[derive(Debug, Clone, FromRow)]
pub struct OwnLine {
    pub id: Uuid,
    /// What, as a stable word.
    pub action: String,
    /// What, in a sentence.
    pub summary: String,
    /// Network address.
    pub address: Option<String>,
    pub at: i64,
}

/// What a person did, oldest first, after the line with a given id.
pub async fn list_own(tx: &mut Tx, person: PersonId, after: Uuid, limit: i64) -> Result<Vec<OwnLine>> {
    tx.sql("SELECT id, action, summary, ip_address AS address, created_at AS at FROM audit WHERE actor_id = $1 AND id > $2 ORDER BY id LIMIT CAST($3 AS BIGINT)")
        .bind(person)
        .bind(after)
        .bind(limit)
        .all()
        .await
}

/// Forgets what a person did that is in no organization's log: it concerned them alone, and goes with their account (SET-2).
pub async fn delete_personal(tx: &mut Tx, permit: &OwnPermit) -> Result<u64> {
    tx.sql("DELETE FROM audit WHERE actor_id = $1 AND organization_id IS NULL").bind(permit.person()).execute().await
}
