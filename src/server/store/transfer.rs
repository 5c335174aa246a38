//! Tables `transfer` and `transfer_reversal` with its parts: finished transfers and their receipts, and for a
//! day what taking one back needs (XFER-19).

use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use super::{
    CHUNK, DbError, Result, Tx,
    values::{Json, from_columns},
};
use crate::{
    domain::{
        id::{LicenceId, OrganizationId, PersonId, ResourceId, TransferId},
        permit::Permit,
        time::Timestamp,
        transfer::{Plan, Scope, Summary, reversal::ContentFingerprint},
        undo::FormerPlace,
    },
    view::transfer::{TransferDirection, TransferRow},
};

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| DbError::Inconsistent(error.to_string()))
}

/// A finished transfer.
#[derive(Debug, Clone)]
pub struct Transfer {
    pub id: TransferId,
    /// Who did it.
    pub person: PersonId,
    /// Their name at the time.
    pub person_name: String,
    /// The source organization.
    pub source: OrganizationId,
    /// Its name at the time.
    pub source_name: String,
    /// The target organization.
    pub target: OrganizationId,
    /// Its name at the time.
    pub target_name: String,
    /// Digest of the plan.
    pub digest: String,
    /// The plan that was carried out.
    pub plan: Plan,
    pub at: Timestamp,
    /// The transfer that this one took back.
    pub undoes: Option<TransferId>,
    /// The transfer that took this one back.
    pub undone_by: Option<TransferId>,
}

/// Writes the receipt.
pub async fn insert(tx: &mut Tx, _permit: &Permit, transfer: &Transfer) -> Result<()> {
    let (plan, summary) = (json(&transfer.plan)?, json(&transfer.plan.summary())?);
    tx.sql(
        "INSERT INTO transfer (id, scope, source_organization_id, target_organization_id, destination_id, person_id, person_name, source_name, target_name, digest, plan, created_at, summary, reversal_of_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(transfer.id)
    .bind(match transfer.plan.scope {
        Scope::Within => "within",
        Scope::Between => "between",
    })
    .bind(transfer.source)
    .bind(transfer.target)
    .bind(transfer.plan.destination.id)
    .bind(transfer.person)
    .bind(transfer.person_name.clone())
    .bind(transfer.source_name.clone())
    .bind(transfer.target_name.clone())
    .bind(transfer.digest.clone())
    .bind(plan)
    .bind(transfer.at)
    .bind(summary)
    .bind(transfer.undoes)
    .execute()
    .await
    .map(|_| ())
}

from_columns! {
    Transfer: id: TransferId,
    person_id: PersonId,
    person_name: String,
    source_organization_id: OrganizationId,
    source_name: String,
    target_organization_id: OrganizationId,
    target_name: String,
    digest: String,
    plan: Json<Plan>,
    created_at: Timestamp,
    reversal_of_id: Option<TransferId>,
    reversed_by_id: Option<TransferId>;
    Self {
        id,
        person: person_id,
        person_name,
        source: source_organization_id,
        source_name,
        target: target_organization_id,
        target_name,
        digest,
        plan: plan.0,
        at: created_at,
        undoes: reversal_of_id,
        undone_by: reversed_by_id,
}
}

/// A finished transfer by id.
pub async fn find(tx: &mut Tx, id: TransferId) -> Result<Option<Transfer>> {
    tx
        .sql(
        "SELECT id, person_id, person_name, source_organization_id, source_name, target_organization_id, target_name, digest, plan, created_at, reversal_of_id, reversed_by_id
         FROM transfer WHERE id = $1",
        )
        .bind(id)
        .optional()
        .await
}

#[derive(FromRow)]
struct ShortRow {
    id: TransferId,
    person_id: PersonId,
    person_name: String,
    source_name: String,
    target_name: String,
    created_at: Timestamp,
    summary: Json<Summary>,
    reversal_of_id: Option<TransferId>,
    reversed_by_id: Option<TransferId>,
}

impl ShortRow {
    fn into_view(self, direction: TransferDirection) -> TransferRow {
        TransferRow {
            id: self.id,
            at: self.created_at,
            direction,
            by: self.person_id,
            by_name: self.person_name,
            source_name: self.source_name,
            target_name: self.target_name,
            what: self.summary.0,
            undoes: self.reversal_of_id,
            undone_by: self.reversed_by_id,
        }
    }
}

/// Finished transfers out of an organization, or into it, newest first, before one of them.
pub async fn list(
    tx: &mut Tx,
    organization: OrganizationId,
    direction: TransferDirection,
    before: Option<TransferId>,
    limit: i64,
) -> Result<Vec<TransferRow>> {
    let sql = match direction {
        TransferDirection::Out => {
            "SELECT id, person_id, person_name, source_name, target_name, created_at, summary, reversal_of_id, reversed_by_id
             FROM transfer WHERE source_organization_id = $1 AND scope = 'between' AND id < $2 ORDER BY id DESC LIMIT CAST($3 AS BIGINT)"
        }
        TransferDirection::In => {
            "SELECT id, person_id, person_name, source_name, target_name, created_at, summary, reversal_of_id, reversed_by_id
             FROM transfer WHERE target_organization_id = $1 AND scope = 'between' AND id < $2 ORDER BY id DESC LIMIT CAST($3 AS BIGINT)"
        }
    };
    let rows: Vec<ShortRow> =
        tx.sql(sql).bind(organization).bind(before.map_or(Uuid::max(), |id| id.0)).bind(limit).all().await?;
    Ok(rows.into_iter().map(|row| row.into_view(direction)).collect())
}

/// Whether an organization has more than a given number of receipts, in one direction or both.
pub async fn has_more_than(
    tx: &mut Tx,
    organization: OrganizationId,
    direction: Option<TransferDirection>,
    number: i64,
) -> Result<bool> {
    let (out, into) = (direction != Some(TransferDirection::In), direction != Some(TransferDirection::Out));
    let found = tx
        .sql(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM (
                SELECT 1 AS one FROM (
                    SELECT id FROM transfer WHERE source_organization_id = $1 AND scope = 'between' AND $2
                    UNION ALL
                    SELECT id FROM transfer WHERE target_organization_id = $1 AND scope = 'between' AND $3) AS listed
                LIMIT CAST($4 AS BIGINT)) AS first",
        )
        .bind(organization)
        .bind(out)
        .bind(into)
        .bind(number + 1)
        .number()
        .await?;
    Ok(found > number)
}

/// Writes down what taking a transfer back needs: where each item was, and what is there right after it.
pub async fn insert_undo(
    tx: &mut Tx,
    _permit: &Permit,
    id: TransferId,
    items: &[FormerPlace],
    left: ContentFingerprint,
    at: Timestamp,
) -> Result<()> {
    tx.sql("INSERT INTO transfer_reversal (transfer_id, items, resource_count, touched_at_sum, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(json(&items)?)
        .bind(left.things)
        .bind(left.changed)
        .bind(at)
        .execute()
        .await
        .map(|_| ())
}

/// What taking a transfer back needs, while it is kept.
pub async fn find_undo(tx: &mut Tx, id: TransferId) -> Result<Option<(Vec<FormerPlace>, ContentFingerprint)>> {
    let row: Option<(Json<Vec<FormerPlace>>, i64, i64)> = tx
        .sql("SELECT items, resource_count, touched_at_sum FROM transfer_reversal WHERE transfer_id = $1")
        .bind(id)
        .optional()
        .await?;
    Ok(row.map(|(items, things, changed)| {
        (items.0, ContentFingerprint { things, changed, ..ContentFingerprint::default() })
    }))
}

/// Writes down which grants on resources end with a transfer, and which links stop: those that are not of the permit's
/// organization, and those that work. Call this before they end.
pub async fn insert_ending(tx: &mut Tx, permit: &Permit, id: TransferId, resources: &[ResourceId]) -> Result<()> {
    for chunk in resources.chunks(CHUNK) {
        tx.sql_list(
            "INSERT INTO transfer_reversal_grant (transfer_id, grant_id, resource_id, person_id, organization_id, level, carried, created_by, created_at, owner_organization_id)
             SELECT {1}, id, resource_id, person_id, organization_id, level, carried, created_by, created_at, owner_organization_id
             FROM access_grant WHERE resource_id IN ({ids}) AND (
                organization_id <> {2}
                OR person_id NOT IN (SELECT person_id FROM membership WHERE organization_id = {2}))",
            chunk,
        )
        .bind(id)
        .bind(permit.organization())
        .execute()
        .await?;
        tx.sql_list(
            "INSERT INTO transfer_reversal_link (transfer_id, link_id)
             SELECT {1}, id FROM share_link WHERE resource_id IN ({ids}) AND state = 'active'",
            chunk,
        )
        .bind(id)
        .execute()
        .await?;
    }
    Ok(())
}

/// Writes down which datasets are charged elsewhere than to the licence whose books a transfer is in. Call this before they
/// are charged to another.
pub async fn insert_charges(
    tx: &mut Tx,
    _permit: &Permit,
    id: TransferId,
    resources: &[ResourceId],
    licence: Option<LicenceId>,
) -> Result<()> {
    for chunk in resources.chunks(CHUNK) {
        tx.sql_list(
            "INSERT INTO transfer_reversal_charge (transfer_id, resource_id, charged_to)
             SELECT {1}, id, charged_to FROM resource
             WHERE id IN ({ids}) AND kind = 'dataset' AND charged_to IS DISTINCT FROM {2}",
            chunk,
        )
        .bind(id)
        .bind(licence)
        .execute()
        .await?;
    }
    Ok(())
}

/// Charges datasets again to what they were charged to when a transfer took them away.
pub async fn give_charges_back(tx: &mut Tx, _permit: &Permit, id: TransferId) -> Result<u64> {
    tx.sql(
        "UPDATE resource SET charged_to = (
            SELECT c.charged_to FROM transfer_reversal_charge c WHERE c.transfer_id = $1 AND c.resource_id = resource.id)
         WHERE id IN (SELECT resource_id FROM transfer_reversal_charge WHERE transfer_id = $1)",
    )
    .bind(id)
    .execute()
    .await
}

/// Gives back what ended with a transfer: the grants of who is still somebody, in the organization of the permit, and the
/// links.
pub async fn give_back(tx: &mut Tx, permit: &Permit, id: TransferId) -> Result<(u64, u64)> {
    // Whoever was given access again meanwhile keeps that, and the unique indexes allow no second grant
    // of the same sort.
    let grants = tx
        .sql(
            "INSERT INTO access_grant (id, resource_id, person_id, organization_id, level, carried, created_by, created_at, owner_organization_id)
             SELECT g.grant_id, g.resource_id, g.person_id, g.organization_id, g.level, g.carried, g.created_by, g.created_at, $2
             FROM transfer_reversal_grant g JOIN resource r ON r.id = g.resource_id
             WHERE g.transfer_id = $1
                AND (g.person_id IS NULL OR EXISTS (SELECT 1 FROM person p WHERE p.id = g.person_id AND p.deleted_at IS NULL))
                AND NOT EXISTS (SELECT 1 FROM access_grant a WHERE a.resource_id = g.resource_id AND a.carried = g.carried
                    AND (a.person_id = g.person_id OR a.organization_id = g.organization_id))",
        )
        .bind(id)
        .bind(permit.organization())
        .execute()
        .await?;
    let links = tx
        .sql(
            "UPDATE share_link SET state = 'active' WHERE state = 'moved'
                AND id IN (SELECT link_id FROM transfer_reversal_link WHERE transfer_id = $1)",
        )
        .bind(id)
        .execute()
        .await?;
    Ok((grants, links))
}

/// Notes that a transfer was taken back by another; `false` if it was already.
pub async fn update_undone(tx: &mut Tx, _permit: &Permit, id: TransferId, by: TransferId) -> Result<bool> {
    tx.sql("UPDATE transfer SET reversed_by_id = $2 WHERE id = $1 AND reversed_by_id IS NULL")
        .bind(id)
        .bind(by)
        .execute()
        .await
        .map(|changed| changed > 0)
}

/// Forgets what taking back needs of transfers before a moment.
pub async fn delete_undo_before(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.sql("DELETE FROM transfer_reversal WHERE created_at < $1").bind(before).execute().await
}
