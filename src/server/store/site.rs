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
    TimelineDataset: id: ResourceId, name: String, captured_on: Day, images: i64, status: DatasetStatus;
    Self { id, name, on: captured_on, images, status }
}

/// The datasets of a site whose day is known, newest first.
pub async fn list_captured(tx: &mut Tx, site: ResourceId, limit: i64) -> Result<Vec<TimelineDataset>> {
    tx.sql(
        "SELECT id, name, captured_on, images, status FROM resource
         WHERE parent_id = $1 AND captured_on IS NOT NULL AND trashed_with IS NULL ORDER BY captured_on DESC, id DESC LIMIT CAST($2 AS BIGINT)",
    )
    .bind(site)
    .bind(limit)
    .all()
    .await
}
