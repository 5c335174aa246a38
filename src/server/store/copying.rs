//! Table `resource`, unfinished copies (DRIVE-4): hidden below their top, like the trash, until the copy is complete. A container
//! keeps the id of its original until its contents are copied.

use uuid::Uuid;

use super::{Result, Tx, search};
use crate::domain::{
    id::{AccountId, OrganizationId, PersonId, ResourceId},
    permit::Permit,
    resource::Kind,
    restriction::Restrictions,
    time::Timestamp,
};

/// The top of a copy.
#[derive(Debug, Clone, Copy)]
pub struct NewTop {
    pub id: ResourceId,
    /// What it is a copy of.
    pub original: ResourceId,
    /// The organization that owns that.
    pub owner: OrganizationId,
    /// The account that it goes to.
    pub account: AccountId,
    /// Who copies.
    pub by: PersonId,
    /// What is forbidden on it.
    pub restrictions: Restrictions,
    pub at: Timestamp,
}

/// Makes the hidden top of a copy in the permit's resource.
pub async fn insert_top(tx: &mut Tx, permit: &Permit, new: &NewTop) -> Result<()> {
    // Processing goes on for the original alone, so a copy of what is queued, waiting or being processed is a draft.
    tx.sql(
        "INSERT INTO resource (id, organization_id, account_id, parent_id, kind, kind_rank, name, name_key, name_unique, status, images, bytes, cluster, captured_on,
            created_by, created_at, modified_at, trashed_with, copied_from, restrict_copy, restrict_delete, restrict_download, status_rank, files, last_file, touched_at, owner_name_key)
         SELECT $1, $11, $2, $3, kind, kind_rank, name, name_key, name_unique,
            CASE WHEN status IN ('queued', 'waiting_for_credits', 'processing') THEN 'draft' ELSE status END, images, bytes, cluster, captured_on,
            $4, $5, $5, $1, CASE WHEN kind = 'dataset' THEN NULL ELSE id END, $6, $7, $8,
            CASE WHEN status IN ('queued', 'waiting_for_credits', 'processing') THEN 1 ELSE status_rank END, files, last_file, $5,
            COALESCE((SELECT p.name_key FROM person p WHERE p.id = $4), '')
         FROM resource WHERE id = $9 AND organization_id = $10 AND trashed_with IS NULL",
    )
    .bind(new.id)
    .bind(new.account)
    .bind(permit.resource())
    .bind(new.by)
    .bind(new.at)
    .bind(new.restrictions.copy)
    .bind(new.restrictions.delete)
    .bind(new.restrictions.download)
    .bind(new.original)
    .bind(new.owner)
    .bind(permit.organization())
    .execute()
    .await?;
    search::copy(tx, new.id, new.original).await
}

/// What is in a container of the original, by id, after a given one; only what the organization owns.
pub async fn list_originals(
    tx: &mut Tx,
    organization: OrganizationId,
    container: ResourceId,
    behind: Option<ResourceId>,
    limit: i64,
) -> Result<Vec<ResourceId>> {
    tx.sql(
        "SELECT id FROM resource WHERE parent_id = $1 AND id > $2 AND organization_id = $3 AND trashed_with IS NULL ORDER BY id LIMIT CAST($4 AS BIGINT)",
    )
    .bind(container)
    .bind(behind.map_or(Uuid::nil(), |id| id.0))
    .bind(organization)
    .bind(limit)
    .column()
    .await
}

/// Copies one thing into a container of the permit's copy.
pub async fn insert(
    tx: &mut Tx,
    permit: &Permit,
    id: ResourceId,
    original: ResourceId,
    container: ResourceId,
    at: Timestamp,
) -> Result<u64> {
    let copied = tx.sql(
        "INSERT INTO resource (id, organization_id, account_id, parent_id, kind, kind_rank, name, name_key, name_unique, status, images, bytes, cluster, captured_on,
            created_by, created_at, modified_at, trashed_with, copied_from, restrict_copy, restrict_delete, restrict_download, status_rank, files, last_file, touched_at, owner_name_key)
         SELECT $1, c.organization_id, c.account_id, c.id, r.kind, r.kind_rank, r.name, r.name_key, r.name_unique,
            CASE WHEN r.status IN ('queued', 'waiting_for_credits', 'processing') THEN 'draft' ELSE r.status END, r.images, r.bytes, r.cluster, r.captured_on,
            $2, $3, $3, c.trashed_with, CASE WHEN r.kind = 'dataset' THEN NULL ELSE r.id END, r.restrict_copy, r.restrict_delete, r.restrict_download,
            CASE WHEN r.status IN ('queued', 'waiting_for_credits', 'processing') THEN 1 ELSE r.status_rank END, r.files, r.last_file, $3,
            COALESCE((SELECT p.name_key FROM person p WHERE p.id = $2), '')
         FROM resource r JOIN resource c ON c.id = $4 WHERE r.id = $5 AND c.trashed_with = $6",
    )
    .bind(id)
    .bind(permit.person())
    .bind(at)
    .bind(container)
    .bind(original)
    .bind(permit.resource())
    .execute()
    .await?;
    if copied > 0 {
        search::copy(tx, id, original).await?;
    }
    Ok(copied)
}

/// A container of the permit's copy that is still to be filled, and what it is a copy of.
pub async fn find_unfilled(tx: &mut Tx, top: ResourceId) -> Result<Option<(ResourceId, ResourceId)>> {
    tx.sql(
        "SELECT id, copied_from FROM resource WHERE trashed_with = $1 AND copied_from IS NOT NULL ORDER BY id LIMIT 1",
    )
    .bind(top)
    .optional()
    .await
}

/// Notes that a container of the permit's copy is filled.
pub async fn update_filled(tx: &mut Tx, permit: &Permit, container: ResourceId) -> Result<()> {
    tx.sql("UPDATE resource SET copied_from = NULL WHERE id = $1 AND trashed_with = $2")
        .bind(container)
        .bind(permit.resource())
        .execute()
        .await
        .map(|_| ())
}

/// A copy that is hidden still: the container it is in, its kind and name, and how many levels are below it.
pub async fn find_hidden(tx: &mut Tx, top: ResourceId) -> Result<Option<(ResourceId, Kind, String, i64)>> {
    let row: Option<(ResourceId, Kind, String)> = tx
        .sql("SELECT parent_id, kind, name FROM resource WHERE id = $1 AND trashed_with = $1 AND trashed_at IS NULL")
        .bind(top)
        .optional()
        .await?;
    let Some((container, kind, name)) = row else { return Ok(None) };
    let height = tx
        .sql(
            "WITH RECURSIVE tree(id, depth) AS (
                SELECT id, CAST(0 AS BIGINT) FROM resource WHERE id = $1
                UNION ALL
                SELECT r.id, tree.depth + 1 FROM tree JOIN resource r ON r.parent_id = tree.id
             ) SELECT CAST(MAX(depth) AS BIGINT) FROM tree",
        )
        .bind(top)
        .number()
        .await?;
    Ok(Some((container, kind, name, height)))
}
