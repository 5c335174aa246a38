//! Table `transfer`: finished transfers and their receipts (XFER-18).

use sqlx::FromRow;
use uuid::Uuid;

use super::{DbError, Result, Tx};
use crate::domain::{
    access::Permit,
    id::{OrganizationId, PersonId, TransferId},
    time::Timestamp,
    transfer::{Plan, Scope},
};

/// A finished transfer.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Id.
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
    /// When.
    pub at: Timestamp,
}

/// Writes the receipt.
///
/// # Errors
/// The database.
pub async fn insert(tx: &mut Tx, _permit: &Permit, transfer: &Transfer) -> Result<()> {
    let plan = serde_json::to_string(&transfer.plan).map_err(|error| DbError::Inconsistent(error.to_string()))?;
    tx.sql(
        "INSERT INTO transfer (id, scope, source_id, target_id, destination_id, person_id, person_name, source_name, target_name, digest, plan, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(transfer.id.0)
    .bind(match transfer.plan.scope {
        Scope::Within => "within",
        Scope::Between => "between",
    })
    .bind(transfer.source.0)
    .bind(transfer.target.0)
    .bind(transfer.plan.destination.id.0)
    .bind(transfer.person.0)
    .bind(transfer.person_name.clone())
    .bind(transfer.source_name.clone())
    .bind(transfer.target_name.clone())
    .bind(transfer.digest.clone())
    .bind(plan)
    .bind(transfer.at.0)
    .execute()
    .await
    .map(|_| ())
}

#[derive(FromRow)]
struct TransferRow {
    id: Uuid,
    person_id: Uuid,
    person_name: String,
    source_id: Uuid,
    source_name: String,
    target_id: Uuid,
    target_name: String,
    digest: String,
    plan: String,
    at: i64,
}

/// A finished transfer by id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: TransferId) -> Result<Option<Transfer>> {
    let row: Option<TransferRow> = tx
        .sql(
            "SELECT id, person_id, person_name, source_id, source_name, target_id, target_name, digest, plan, at
             FROM transfer WHERE id = $1",
        )
        .bind(id.0)
        .optional()
        .await?;
    row.map(|row| {
        let plan = serde_json::from_str(&row.plan)
            .map_err(|error| DbError::Inconsistent(format!("transfer.plan of {}: {error}", row.id)))?;
        Ok(Transfer {
            id: TransferId(row.id),
            person: PersonId(row.person_id),
            person_name: row.person_name,
            source: OrganizationId(row.source_id),
            source_name: row.source_name,
            target: OrganizationId(row.target_id),
            target_name: row.target_name,
            digest: row.digest,
            plan,
            at: Timestamp(row.at),
        })
    })
    .transpose()
}
