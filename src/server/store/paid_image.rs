//! Table `paid_image`: which images of a dataset Images & Projects has paid for, by their bytes (LIC-2). How many of them a dataset has
//! now is in its row (`paid_images`), changed with its files.
//!
//! # Invariants
//! - Rows say something only while their dataset is charged to a licence. Whoever charges one that was charged to none calls [`begin`].

use uuid::Uuid;

use super::{CHUNK, Result, Tx};
use crate::domain::{
    id::{JobId, LicenceId, ResourceId},
    permit::Permit,
};

/// Who paid.
#[derive(Debug, Clone, Copy)]
pub enum PaidBy {
    Job(JobId),
    /// A transfer or the operator charged it.
    Licence(LicenceId),
}

impl PaidBy {
    const fn id(self) -> Uuid {
        match self {
            Self::Job(id) => id.0,
            Self::Licence(id) => id.0,
        }
    }
}

/// Forgets what was paid for in those of some datasets that are charged to nobody, and notes that all images that they have now are paid
/// for. Call this before they are charged; those that are charged already stay as they are. Also those without files begin anew: files may
/// come back.
pub async fn begin(tx: &mut Tx, permit: &Permit, datasets: &[ResourceId], by: PaidBy) -> Result<()> {
    for chunk in datasets.chunks(CHUNK) {
        let uncharged: Vec<ResourceId> = tx
            .sql_list("SELECT id FROM resource WHERE id IN ({ids}) AND kind = 'dataset' AND charged_to IS NULL", chunk)
            .column()
            .await?;
        if uncharged.is_empty() {
            continue;
        }
        tx.sql_list("DELETE FROM paid_image WHERE dataset_id IN ({ids})", &uncharged).execute().await?;
        insert(tx, permit, &uncharged, by).await?;
    }
    Ok(())
}

/// Notes that all images that some datasets have now are paid for.
pub async fn insert(tx: &mut Tx, _permit: &Permit, datasets: &[ResourceId], by: PaidBy) -> Result<()> {
    for chunk in datasets.chunks(CHUNK) {
        tx.sql_list(
            "INSERT INTO paid_image (dataset_id, sha256, paid_by)
             SELECT DISTINCT f.dataset_id, b.sha256, {1} FROM dataset_file f JOIN blob b ON b.id = f.blob_id
             WHERE f.dataset_id IN ({ids}) AND f.side = 'input' AND NOT f.left_out AND b.media LIKE 'image/%'
             ON CONFLICT (dataset_id, sha256) DO NOTHING",
            chunk,
        )
        .bind(by.id())
        .execute()
        .await?;
    }
    Ok(())
}

/// Forgets what a job paid for in the permit's dataset: it was given back.
pub async fn delete_of_job(tx: &mut Tx, permit: &Permit, job: JobId) -> Result<()> {
    tx.sql("DELETE FROM paid_image WHERE dataset_id = $1 AND paid_by = $2")
        .bind(permit.resource())
        .bind(job)
        .execute()
        .await
        .map(|_| ())
}

/// Forgets at most `limit` images of a dataset that is about to be deleted itself; how many.
pub(super) async fn delete_of_dataset(tx: &mut Tx, dataset: ResourceId, limit: i64) -> Result<u64> {
    tx.sql(
        "DELETE FROM paid_image WHERE dataset_id = $1 AND sha256 IN (
            SELECT sha256 FROM paid_image WHERE dataset_id = $1 LIMIT CAST($2 AS BIGINT))",
    )
    .bind(dataset)
    .bind(limit)
    .execute()
    .await
}
