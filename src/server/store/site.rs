//! Table `resource`, sites: by name, and the datasets of one in the order of their days (XFER-5, DRIVE-6).

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, read};
use crate::{
    domain::{
        id::{AccountId, ResourceId},
        resource::DatasetStatus,
        time::Day,
    },
    view::task::TimelineDataset,
};

/// The sites of an account that are called like this (see `same_key`), and the containers they are in.
///
/// # Errors
/// The database.
pub async fn list_by_name(
    tx: &mut Tx,
    account: AccountId,
    name_unique: &str,
    limit: i64,
) -> Result<Vec<(ResourceId, ResourceId)>> {
    let rows: Vec<(Uuid, Uuid)> = tx
        .sql(
            "SELECT id, parent_id FROM resource WHERE account_id = $1 AND name_unique = $2 AND kind = 'site' AND trashed_with IS NULL ORDER BY id LIMIT CAST($3 AS BIGINT)",
        )
        .bind(account.0)
        .bind(name_unique.to_owned())
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id, container)| (ResourceId(id), ResourceId(container))).collect())
}

/// The first sites of an account, by name.
///
/// # Errors
/// The database.
pub async fn list(tx: &mut Tx, account: AccountId, limit: i64) -> Result<Vec<(ResourceId, String)>> {
    let rows: Vec<(Uuid, String)> = tx
        .sql(
            "SELECT id, name FROM resource WHERE account_id = $1 AND kind = 'site' AND trashed_with IS NULL ORDER BY name_key, id LIMIT CAST($2 AS BIGINT)",
        )
        .bind(account.0)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id, name)| (ResourceId(id), name)).collect())
}

#[derive(FromRow)]
struct CapturedRow {
    id: Uuid,
    name: String,
    captured_on: i64,
    images: i64,
    status: String,
}

/// The datasets of a site whose day is known, newest first.
///
/// # Errors
/// The database.
pub async fn list_captured(tx: &mut Tx, site: ResourceId, limit: i64) -> Result<Vec<TimelineDataset>> {
    let rows: Vec<CapturedRow> = tx
        .sql(
            "SELECT id, name, captured_on, images, status FROM resource
             WHERE parent_id = $1 AND captured_on IS NOT NULL AND trashed_with IS NULL ORDER BY captured_on DESC, id DESC LIMIT CAST($2 AS BIGINT)",
        )
        .bind(site.0)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(TimelineDataset {
                id: ResourceId(row.id),
                name: row.name,
                on: Day(row.captured_on),
                images: row.images,
                status: read("resource", "status", &row.status, DatasetStatus::parse)?,
            })
        })
        .collect()
}
