//! Table `object_trash`: objects that nothing refers to any more, until they are deleted from storage.

use sqlx::FromRow;

use super::{CHUNK, Result, Tx};
use crate::domain::{id::ObjectId, time::Timestamp};

/// An object to be deleted.
#[derive(Debug, Clone, FromRow)]
pub struct TrashedObject {
    #[sqlx(rename = "object_id")]
    pub object: ObjectId,
    pub cluster: String,
}

/// Whether anything is due.
pub async fn any_due(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM object_trash WHERE not_before <= $1 LIMIT 1) AS first")
        .bind(now)
        .count()
        .await
        .map(|due| due > 0)
}

/// How many objects are due, counted up to `limit`.
pub async fn count_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<i64> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT 1 AS one FROM object_trash WHERE not_before <= $1 LIMIT CAST($2 AS BIGINT)) AS first",
    )
    .bind(now)
    .bind(limit)
    .number()
    .await
}

/// Leases objects that are due: until then no other node deletes them.
pub async fn claim(tx: &mut Tx, now: Timestamp, until: Timestamp, limit: i64) -> Result<Vec<TrashedObject>> {
    tx.sql(
        "UPDATE object_trash SET not_before = $2, attempts = attempts + 1 WHERE object_id IN (
            SELECT object_id FROM object_trash WHERE not_before <= $1 ORDER BY not_before LIMIT CAST($3 AS BIGINT))
         RETURNING object_id, cluster",
    )
    .bind(now)
    .bind(until)
    .bind(limit)
    .all()
    .await
}

/// Forgets objects that are deleted.
pub async fn delete(tx: &mut Tx, objects: &[ObjectId]) -> Result<u64> {
    let mut deleted = 0;
    for chunk in objects.chunks(CHUNK) {
        deleted += tx.sql_list("DELETE FROM object_trash WHERE object_id IN ({ids})", chunk).execute().await?;
    }
    Ok(deleted)
}
