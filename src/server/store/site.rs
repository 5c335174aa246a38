//! Table `resource`, sites: by name, and the datasets of one in the order of their days (XFER-5, DRIVE-6).

use super::{Result, Tx, values::from_columns};
use crate::{
    domain::{
        id::{AccountId, ResourceId},
        resource::DatasetStatus,
        time::Day,
    },
    view::task::TimelineDataset,
};

/// The sites of an account that are called like this (see `same_key`), and the containers they are in.
pub async fn list_by_name(
    tx: &mut Tx,
    account: AccountId,
    name_unique: &str,
    limit: i64,
) -> Result<Vec<(ResourceId, ResourceId)>> {
    tx.sql(
        "SELECT id, parent_id FROM resource WHERE account_id = $1 AND name_unique = $2 AND kind = 'site' AND trashed_with IS NULL ORDER BY id LIMIT CAST($3 AS BIGINT)",
    )
    .bind(account)
    .bind(name_unique.to_owned())
    .bind(limit)
    .all()
    .await
}

/// The first sites of an account, by name.
pub async fn list(tx: &mut Tx, account: AccountId, limit: i64) -> Result<Vec<(ResourceId, String)>> {
    tx.sql(
        "SELECT id, name FROM resource WHERE account_id = $1 AND kind = 'site' AND trashed_with IS NULL ORDER BY name_key, id LIMIT CAST($2 AS BIGINT)",
    )
    .bind(account)
    .bind(limit)
    .all()
    .await
}

from_columns! {
    TimelineDataset: id: ResourceId, name: String, captured_on: Day, images: i64, status: DatasetStatus, has_place: bool;
    Self { id, name, on: captured_on, images, status, has_place }
}

/// The datasets of a site whose day is known, newest first. Whether one has a place on a map is looked up among its layers and the
/// first hundred of its photos.
pub async fn list_captured(tx: &mut Tx, site: ResourceId, limit: i64) -> Result<Vec<TimelineDataset>> {
    tx.sql(
        "SELECT r.id, r.name, r.captured_on, r.images, r.status, (r.files > 0 AND (
                EXISTS (SELECT 1 FROM dataset_file f JOIN view_layer l ON l.blob_id = f.blob_id
                    WHERE f.dataset_id = r.id AND f.app_id IS NOT NULL AND l.state = 'ready')
                OR EXISTS (SELECT 1 FROM (SELECT d.blob_id FROM dataset_file d WHERE d.dataset_id = r.id AND d.side = 'input'
                        ORDER BY d.path_sort, d.number LIMIT 100) f
                    JOIN photo o ON o.blob_id = f.blob_id WHERE o.latitude IS NOT NULL AND o.longitude IS NOT NULL))) AS has_place
         FROM resource r WHERE r.parent_id = $1 AND r.captured_on IS NOT NULL AND r.trashed_with IS NULL
         ORDER BY r.captured_on DESC, r.id DESC LIMIT CAST($2 AS BIGINT)",
    )
    .bind(site)
    .bind(limit)
    .all()
    .await
}
