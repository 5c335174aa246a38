//! Table `deleted_file`: files that were deleted lately and can be brought back (FILE-6). Each holds its bytes, and counts nowhere.
//!
//! # Invariants
//! - Whatever forgets rows notes their blobs in `blob_check`, in the same transaction.
//! - A number is in `dataset_file` or here, never in both.

use sqlx::FromRow;

use super::{CHUNK, Result, Tx};
use crate::domain::{
    file::Side,
    id::{AppId, ResourceId},
    permit::Permit,
    time::Timestamp,
};

/// Keeps files of the permit's dataset that are about to be deleted.
pub async fn insert(tx: &mut Tx, permit: &Permit, numbers: &[i64], at: Timestamp) -> Result<()> {
    for chunk in numbers.chunks(CHUNK) {
        tx.sql_rows(
            "INSERT INTO deleted_file (dataset_id, number, side, path, path_key, path_sort, blob_id, left_out, modified_at, created_by,
                created_at, role, job_id, app_id, deleted_at)
             WITH listed(number) AS (VALUES {rows:1})
             SELECT f.dataset_id, f.number, f.side, f.path, f.path_key, f.path_sort, f.blob_id, f.left_out, f.modified_at, f.created_by,
                f.created_at, f.role, f.job_id, f.app_id, {2}
             FROM dataset_file f WHERE f.dataset_id = {1} AND f.number IN (SELECT number FROM listed)",
            chunk,
            |statement, number| statement.bind(*number),
        )
        .bind(permit.resource())
        .bind(at)
        .execute()
        .await?;
    }
    Ok(())
}

/// A file that was deleted.
#[derive(Debug, Clone, FromRow)]
pub struct DeletedFile {
    pub number: i64,
    pub side: Side,
    pub path: String,
    pub bytes: i64,
    /// Where its bytes are.
    pub cluster: String,
}

/// The deleted files of a dataset that have one of these numbers.
pub async fn list_by_numbers(tx: &mut Tx, dataset: ResourceId, numbers: &[i64]) -> Result<Vec<DeletedFile>> {
    let mut found = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<DeletedFile> = tx
            .sql_rows(
                "WITH listed(number) AS (VALUES {rows:1})
                 SELECT d.number, d.side, d.path, b.bytes, b.cluster FROM deleted_file d JOIN blob b ON b.id = d.blob_id
                 WHERE d.dataset_id = {1} AND d.number IN (SELECT number FROM listed)",
                chunk,
                |statement, number| statement.bind(*number),
            )
            .bind(dataset)
            .all()
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// Makes deleted files of the permit's dataset files again. What the dataset holds is counted afterwards
/// (`dataset_file::recount_restored()`).
///
/// # Errors
/// `Taken` if a path is.
pub async fn restore(tx: &mut Tx, permit: &Permit, files: &[DeletedFile]) -> Result<()> {
    for chunk in files.chunks(CHUNK) {
        tx.sql_rows(
            "INSERT INTO dataset_file (dataset_id, number, side, path, path_key, path_sort, blob_id, left_out, modified_at, created_by,
                created_at, role, job_id, app_id)
             WITH listed(number) AS (VALUES {rows:1})
             SELECT d.dataset_id, d.number, d.side, d.path, d.path_key, d.path_sort, d.blob_id, d.left_out, d.modified_at, d.created_by,
                d.created_at, d.role, d.job_id, d.app_id
             FROM deleted_file d WHERE d.dataset_id = {1} AND d.number IN (SELECT number FROM listed)",
            chunk,
            |statement, file| statement.bind(file.number),
        )
        .bind(permit.resource())
        .execute()
        .await?;
        tx.sql_rows(
            "WITH listed(number) AS (VALUES {rows:1})
             DELETE FROM deleted_file WHERE dataset_id = {1} AND number IN (SELECT number FROM listed)",
            chunk,
            |statement, file| statement.bind(file.number),
        )
        .bind(permit.resource())
        .execute()
        .await?;
    }
    Ok(())
}

/// Forgets at most `limit` files that were deleted before a moment; how many.
pub async fn delete_before(tx: &mut Tx, before: Timestamp, at: Timestamp, limit: i64) -> Result<u64> {
    tx.sql(
        "INSERT INTO blob_check (blob_id, created_at)
         SELECT DISTINCT d.blob_id, $2 FROM (
            SELECT blob_id FROM deleted_file WHERE deleted_at < $1 ORDER BY deleted_at, dataset_id, number LIMIT CAST($3 AS BIGINT)) d WHERE TRUE
         ON CONFLICT (blob_id) DO NOTHING",
    )
    .bind(before)
    .bind(at)
    .bind(limit)
    .execute()
    .await?;
    tx.sql(
        "DELETE FROM deleted_file WHERE (dataset_id, number) IN (
            SELECT dataset_id, number FROM deleted_file WHERE deleted_at < $1 ORDER BY deleted_at, dataset_id, number LIMIT CAST($2 AS BIGINT))",
    )
    .bind(before)
    .bind(limit)
    .execute()
    .await
}

/// Whether any file was deleted before a moment.
pub async fn any_before(tx: &mut Tx, before: Timestamp) -> Result<bool> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM deleted_file WHERE deleted_at < $1 LIMIT 1) AS first")
        .bind(before)
        .count()
        .await
        .map(|found| found > 0)
}

/// Forgets the deleted results of a dataset that an app made: it has just made others.
pub async fn delete_of_app(tx: &mut Tx, dataset: ResourceId, app: AppId, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO blob_check (blob_id, created_at)
         SELECT DISTINCT d.blob_id, $3 FROM deleted_file d WHERE d.dataset_id = $1 AND d.app_id = $2
         ON CONFLICT (blob_id) DO NOTHING",
    )
    .bind(dataset)
    .bind(app)
    .bind(at)
    .execute()
    .await?;
    tx.sql("DELETE FROM deleted_file WHERE dataset_id = $1 AND app_id = $2")
        .bind(dataset)
        .bind(app)
        .execute()
        .await
        .map(|_| ())
}

/// Forgets at most `limit` deleted files of a dataset that is about to be deleted itself; how many.
pub(super) async fn delete_of_dataset(tx: &mut Tx, dataset: ResourceId, limit: i64, at: Timestamp) -> Result<u64> {
    tx.sql(
        "INSERT INTO blob_check (blob_id, created_at)
         SELECT DISTINCT d.blob_id, $3 FROM (
            SELECT blob_id FROM deleted_file WHERE dataset_id = $1 ORDER BY number LIMIT CAST($2 AS BIGINT)) d WHERE TRUE
         ON CONFLICT (blob_id) DO NOTHING",
    )
    .bind(dataset)
    .bind(limit)
    .bind(at)
    .execute()
    .await?;
    tx.sql(
        "DELETE FROM deleted_file WHERE dataset_id = $1 AND number IN (
            SELECT number FROM deleted_file WHERE dataset_id = $1 ORDER BY number LIMIT CAST($2 AS BIGINT))",
    )
    .bind(dataset)
    .bind(limit)
    .execute()
    .await
}
