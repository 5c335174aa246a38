//! Table `operator_key`: who may use the operator's API. Keys are kept as digests.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::domain::{id::OperatorKeyId, time::Timestamp};

/// A key, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorKey {
    /// Id.
    pub id: OperatorKeyId,
    /// What it is for.
    pub name: String,
    /// The digest of the key.
    pub key_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, as far as that was noted.
    pub last_used_at: Option<Timestamp>,
    /// Since when it does not work any more.
    pub revoked_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct KeyRow {
    id: Uuid,
    name: String,
    key_hash: String,
    created_at: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl From<KeyRow> for OperatorKey {
    fn from(row: KeyRow) -> Self {
        Self {
            id: OperatorKeyId(row.id),
            name: row.name,
            key_hash: row.key_hash,
            created_at: Timestamp(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp),
            revoked_at: row.revoked_at.map(Timestamp),
        }
    }
}

/// Adds a key.
pub async fn insert(tx: &mut Tx, id: OperatorKeyId, name: &str, key_hash: &str, at: Timestamp) -> Result<()> {
    tx.sql("INSERT INTO operator_key (id, name, key_hash, created_at) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(name.to_owned())
        .bind(key_hash.to_owned())
        .bind(at)
        .execute()
        .await
        .map(|_| ())
}

/// A key by id, also one that was revoked.
pub async fn find(tx: &mut Tx, id: OperatorKeyId) -> Result<Option<OperatorKey>> {
    let row: Option<KeyRow> = tx
        .sql("SELECT id, name, key_hash, created_at, last_used_at, revoked_at FROM operator_key WHERE id = $1")
        .bind(id)
        .optional()
        .await?;
    Ok(row.map(Into::into))
}

/// A page of the keys, oldest first, behind one.
pub async fn list(tx: &mut Tx, behind: Option<OperatorKeyId>, limit: i64) -> Result<Vec<OperatorKey>> {
    let rows: Vec<KeyRow> = tx
        .sql(
            "SELECT id, name, key_hash, created_at, last_used_at, revoked_at FROM operator_key
             WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)",
        )
        .bind(behind.map_or(Uuid::nil(), |id| id.0))
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Notes that a key was used.
pub async fn update_used(tx: &mut Tx, id: OperatorKeyId, at: Timestamp) -> Result<()> {
    tx.sql("UPDATE operator_key SET last_used_at = $2 WHERE id = $1").bind(id).bind(at).execute().await.map(|_| ())
}

/// Ends a key; whether it worked until now.
pub async fn update_revoked(tx: &mut Tx, id: OperatorKeyId, at: Timestamp) -> Result<bool> {
    tx.sql("UPDATE operator_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
        .bind(id)
        .bind(at)
        .execute()
        .await
        .map(|rows| rows > 0)
}
