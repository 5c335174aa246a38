//! Table `health_check`: one row, written to see whether something can be written.

use uuid::Uuid;

use super::{Result, Tx};

/// More than two pages of SQLite, so that a full disk has no room for it.
const FILLER: usize = 10_000;

/// Replaces the row. The new one is written before the old one is deleted, so that it needs room of its own.
///
/// # Errors
/// The database is full or read-only.
pub async fn replace(tx: &mut Tx, id: Uuid, at: i64) -> Result<()> {
    tx.sql("INSERT INTO health_check (id, checked_at, filler) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(at)
        .bind("x".repeat(FILLER))
        .execute()
        .await?;
    tx.sql("DELETE FROM health_check WHERE id <> $1").bind(id).execute().await.map(|_| ())
}
