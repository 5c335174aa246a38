//! How much of its storage an organization uses (FILE-6): the bytes of its datasets, the trash included, and of what is on its way.
//! Both are sums of what is there, so there is no counter that could be wrong.

use super::{Result, Tx};
use crate::domain::{
    id::{OrganizationId, ResourceId},
    storage::StoragePermit,
};

/// How many bytes an organization may store; `None` where there is no limit, or no such organization.
pub async fn find_limit(tx: &mut Tx, organization: OrganizationId) -> Result<Option<i64>> {
    let row: Option<(Option<i64>,)> =
        tx.sql("SELECT storage_limit FROM organization WHERE id = $1").bind(organization).optional().await?;
    Ok(row.and_then(|(limit,)| limit))
}

/// Sets how many bytes the permit's organization may store.
pub async fn update_limit(tx: &mut Tx, permit: &StoragePermit) -> Result<()> {
    tx.sql("UPDATE organization SET storage_limit = $2 WHERE id = $1")
        .bind(permit.organization())
        .bind(permit.limit())
        .execute()
        .await
        .map(|_| ())
}

/// How many bytes an organization stores, with those that uploads have reserved.
pub async fn sum_used(tx: &mut Tx, organization: OrganizationId) -> Result<i64> {
    tx.sql(
        "SELECT CAST((SELECT COALESCE(SUM(bytes), 0) FROM resource WHERE organization_id = $1 AND files > 0)
            + (SELECT COALESCE(SUM(u.bytes), 0) FROM upload u JOIN resource r ON r.id = u.dataset_id
                WHERE r.organization_id = $1 AND u.file_number IS NULL)
            + (SELECT COALESCE(SUM(b.bytes), 0) FROM job j JOIN job_output o ON o.job_id = j.id JOIN blob b ON b.id = o.blob_id
                WHERE j.organization_id = $1 AND j.ended_at IS NULL) AS BIGINT)",
    )
    .bind(organization)
    .number()
    .await
}

/// Whether a dataset of an organization holds a file, also in the trash.
pub async fn any_file(tx: &mut Tx, organization: OrganizationId) -> Result<bool> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM resource WHERE organization_id = $1 AND files > 0 LIMIT 1) AS first",
    )
    .bind(organization)
    .number()
    .await
    .map(|found| found > 0)
}

/// How many bytes the files of a dataset have; 0 for what has none.
pub async fn find_bytes(tx: &mut Tx, dataset: ResourceId) -> Result<i64> {
    let row: Option<(i64,)> =
        tx.sql("SELECT bytes FROM resource WHERE id = $1 AND files > 0").bind(dataset).optional().await?;
    Ok(row.map_or(0, |(bytes,)| bytes))
}

/// The organization that owns a resource, also one in the trash or hidden.
pub async fn find_owner(tx: &mut Tx, resource: ResourceId) -> Result<Option<OrganizationId>> {
    tx.sql("SELECT organization_id FROM resource WHERE id = $1").bind(resource).value().await
}
