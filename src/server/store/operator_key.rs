//! Table `operator_key`: who may use the operator's API. Keys are kept as digests.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::domain::{id::OperatorKeyId, time::Timestamp};

/// A key, without the key.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct OperatorKey {
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
    tx.sql("SELECT id, name, key_hash, created_at, last_used_at, revoked_at FROM operator_key WHERE id = $1")
        .bind(id)
        .optional()
        .await
}

/// A page of the keys, oldest first, after a given one.
pub async fn list(tx: &mut Tx, behind: Option<OperatorKeyId>, limit: i64) -> Result<Vec<OperatorKey>> {
    tx.sql(
        "SELECT id, name, key_hash, created_at, last_used_at, revoked_at FROM operator_key
         WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)",
    )
    .bind(behind.map_or(Uuid::nil(), |id| id.0))
    .bind(limit)
    .all()
    .await
}

/// Notes that a key was used.
pub async fn update_used(tx: &mut Tx, id: OperatorKeyId, at: Timestamp) -> Result<()> {
    tx.sql("UPDATE operator_key SET last_used_at = $2 WHERE id = $1").bind(id).bind(at).execute().await.map(|_| ())
}

/// Ends a key; returns whether it worked until now.
pub async fn update_revoked(tx: &mut Tx, id: OperatorKeyId, at: Timestamp) -> Result<bool> {
    tx.sql("UPDATE operator_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
        .bind(id)
        .bind(at)
        .execute()
        .await
        .map(|rows| rows > 0)
}
