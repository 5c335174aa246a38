//! Table `resource`, what is in the trash (DRIVE-4): each thing that somebody put there, and what went along.
//!
//! What somebody put there (a *top*) is marked with itself, a moment and who; what went along is marked with the top
//! alone. A top without a moment is hidden from the trash as well: a task makes it, or deletes it.

use std::collections::BTreeMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, live, search};
use crate::domain::{
    id::{AccountId, OrganizationId, PersonId, ResourceId},
    name::{same_key, sort_key},
    permit::Permit,
    resource::Kind,
    time::Timestamp,
};

/// Something that somebody put into the trash.
#[derive(Debug, Clone, FromRow)]
pub struct Trashed {
    pub id: ResourceId,
    /// The organization that owns it.
    #[sqlx(rename = "organization_id")]
    pub organization: OrganizationId,
    /// The account it is in.
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    /// The root of that account's Drive.
    #[sqlx(rename = "root_id")]
    pub root: ResourceId,
    /// The container it was in.
    #[sqlx(rename = "parent_id")]
    pub container: ResourceId,
    /// Whether that is in the trash itself.
    pub container_in_trash: bool,
    pub kind: Kind,
    pub name: String,
    /// When it was put there.
    #[sqlx(rename = "trashed_at")]
    pub at: Timestamp,
    /// Who put it there.
    #[sqlx(rename = "trashed_by")]
    pub by: Option<PersonId>,
    /// Their name.
    pub by_name: Option<String>,
}

/// What is in the trash of an organization, newest first, after a moment and an id.
pub async fn list(
    tx: &mut Tx,
    organization: OrganizationId,
    behind: Option<(Timestamp, ResourceId)>,
    limit: i64,
) -> Result<Vec<Trashed>> {
    let (at, id) = behind.unwrap_or((Timestamp(i64::MAX), ResourceId(Uuid::max())));
    tx.sql(
        "SELECT r.id, r.organization_id, r.account_id, a.root_id, r.parent_id, c.trashed_with IS NOT NULL AS container_in_trash, r.kind, r.name,
            r.trashed_at, r.trashed_by, p.first_name || ' ' || p.last_name AS by_name
         FROM resource r JOIN account a ON a.id = r.account_id JOIN resource c ON c.id = r.parent_id LEFT JOIN person p ON p.id = r.trashed_by
         WHERE r.organization_id = $1 AND r.trashed_at IS NOT NULL AND (r.trashed_at, r.id) < ($2, $3)
         ORDER BY r.trashed_at DESC, r.id DESC LIMIT CAST($4 AS BIGINT)",
    )
    .bind(organization)
    .bind(at)
    .bind(id)
    .bind(limit)
    .all()
    .await
}

/// Things in the trash by id, in no order; what is not there, or only went along, is left out.
pub async fn find_all(tx: &mut Tx, ids: &[ResourceId]) -> Result<Vec<Trashed>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Trashed> = tx
            .sql_list(
                "SELECT r.id, r.organization_id, r.account_id, a.root_id, r.parent_id, c.trashed_with IS NOT NULL AS container_in_trash, r.kind, r.name,
                    r.trashed_at, r.trashed_by, p.first_name || ' ' || p.last_name AS by_name
                 FROM resource r JOIN account a ON a.id = r.account_id JOIN resource c ON c.id = r.parent_id LEFT JOIN person p ON p.id = r.trashed_by
                 WHERE r.id IN ({ids}) AND r.trashed_at IS NOT NULL",
                chunk,
            )
            .all()
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// What has been in any trash since before a moment, the oldest first.
pub async fn list_overdue(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<Vec<Trashed>> {
    tx.sql(
        "SELECT r.id, r.organization_id, r.account_id, a.root_id, r.parent_id, c.trashed_with IS NOT NULL AS container_in_trash, r.kind, r.name,
            r.trashed_at, r.trashed_by, p.first_name || ' ' || p.last_name AS by_name
         FROM resource r JOIN account a ON a.id = r.account_id JOIN resource c ON c.id = r.parent_id LEFT JOIN person p ON p.id = r.trashed_by
         WHERE r.trashed_at IS NOT NULL AND r.trashed_at <= $1 ORDER BY r.trashed_at, r.id LIMIT CAST($2 AS BIGINT)",
    )
    .bind(before)
    .bind(limit)
    .all()
    .await
}

/// How many rows went into the trash with each of some tops, the top included.
pub async fn count_inside(tx: &mut Tx, tops: &[ResourceId]) -> Result<BTreeMap<ResourceId, u64>> {
    let mut counts = BTreeMap::new();
    for chunk in tops.chunks(CHUNK) {
        let rows: Vec<(ResourceId, i64)> = tx
            .sql_list(
                "SELECT trashed_with, CAST(COUNT(*) AS BIGINT) FROM resource WHERE trashed_with IN ({ids}) GROUP BY trashed_with",
                chunk,
            )
            .all()
            .await?;
        counts.extend(rows.into_iter().map(|(id, n)| (id, u64::try_from(n).unwrap_or(0))));
    }
    Ok(counts)
}

/// How many files the datasets have that went into the trash with each of some tops, the tops included, and how many annotations at
/// most.
pub async fn count_rows_of_datasets(tx: &mut Tx, tops: &[ResourceId]) -> Result<BTreeMap<ResourceId, u64>> {
    let mut counts = BTreeMap::new();
    for chunk in tops.chunks(CHUNK) {
        let rows: Vec<(ResourceId, i64)> = tx
            .sql_list(
                "SELECT trashed_with, CAST(COALESCE(SUM(files + last_annotation), 0) AS BIGINT) FROM resource WHERE trashed_with IN ({ids}) GROUP BY trashed_with",
                chunk,
            )
            .all()
            .await?;
        counts.extend(rows.into_iter().map(|(id, n)| (id, u64::try_from(n).unwrap_or(0))));
    }
    Ok(counts)
}

fn ids_of(permits: &[Permit]) -> Vec<ResourceId> {
    permits.iter().map(Permit::resource).collect()
}

/// Puts the permits' resources into the trash, each with everything below it. What was put there before stays a top of its own.
/// None of the resources may be below another.
///
/// `COALESCE` changes no result. It keeps SQLite from scanning all of `resource`: the planner then starts from the tree.
pub async fn put(tx: &mut Tx, permits: &[Permit], by: PersonId, at: Timestamp) -> Result<u64> {
    let mut gone = 0;
    for chunk in ids_of(permits).chunks(CHUNK) {
        gone += tx
            .sql_list(
                "WITH RECURSIVE tree(root_id, id) AS (
                    SELECT id, id FROM resource WHERE id IN ({ids}) AND trashed_with IS NULL
                    UNION ALL
                    SELECT tree.root_id, r.id FROM tree JOIN resource r ON r.parent_id = tree.id AND r.trashed_with IS NULL
                 )
                 UPDATE resource SET trashed_with = tree.root_id FROM tree WHERE resource.id = COALESCE(tree.id, tree.root_id)",
                chunk,
            )
            .execute()
            .await?;
        tx.sql_list("UPDATE resource SET trashed_at = {1}, trashed_by = {2} WHERE id IN ({ids})", chunk)
            .bind(at)
            .bind(by)
            .execute()
            .await?;
    }
    touch(tx, permits).await?;
    Ok(gone)
}

/// Sets the container and the name under which the permit's resource, which is in the trash or hidden, will come out.
pub async fn update_place(tx: &mut Tx, permit: &Permit, container: ResourceId, name: &str) -> Result<()> {
    tx.sql("UPDATE resource SET parent_id = $2, name = $3, name_key = $4, name_unique = $5 WHERE id = $1 AND trashed_with = $1")
        .bind(permit.resource())
        .bind(container)
        .bind(name.to_owned())
        .bind(sort_key(name))
        .bind(same_key(name))
        .execute()
        .await?;
    search::write(tx, permit.organization(), permit.resource(), name, false).await
}

/// Takes the permits' resources out of the trash with everything that went along; hidden ones are shown.
///
/// # Errors
/// `Taken` if a name is.
pub async fn take_out(tx: &mut Tx, permits: &[Permit]) -> Result<u64> {
    let mut back = 0;
    for chunk in ids_of(permits).chunks(CHUNK) {
        back += tx
            .sql_list(
                "UPDATE resource SET trashed_with = NULL, trashed_at = NULL, trashed_by = NULL, copied_from = NULL WHERE trashed_with IN ({ids})",
                chunk,
            )
            .execute()
            .await?;
    }
    touch(tx, permits).await?;
    Ok(back)
}

/// Tells everyone who has the containers of these resources open.
async fn touch(tx: &mut Tx, permits: &[Permit]) -> Result<()> {
    live::touch(tx, &ids_of(permits)).await
}

/// Hides the permits' resources from the trash: they are being deleted.
pub async fn hide(tx: &mut Tx, permits: &[Permit]) -> Result<u64> {
    let mut hidden = 0;
    for chunk in ids_of(permits).chunks(CHUNK) {
        hidden += tx
            .sql_list(
                "UPDATE resource SET trashed_at = NULL, trashed_by = NULL WHERE id IN ({ids}) AND trashed_with = id",
                chunk,
            )
            .execute()
            .await?;
    }
    Ok(hidden)
}

/// Shows the permit's resource in the trash again, as if it had been put there now: it is not being deleted any more.
pub async fn show_again(tx: &mut Tx, permit: &Permit, at: Timestamp) -> Result<bool> {
    tx.sql("UPDATE resource SET trashed_at = $2, trashed_by = $3 WHERE id = $1 AND trashed_with = $1 AND trashed_at IS NULL")
        .bind(permit.resource())
        .bind(at)
        .bind(permit.person())
        .execute()
        .await
        .map(|changed| changed > 0)
}

/// Moves other tops in the trash that were inside the permits' resources to the root of their Drive, so that they are not
/// deleted with what they were in.
pub async fn leave_behind(tx: &mut Tx, permits: &[Permit]) -> Result<u64> {
    let mut left = 0;
    for chunk in ids_of(permits).chunks(CHUNK) {
        left += tx
            .sql_list(
                "UPDATE resource SET parent_id = (SELECT a.root_id FROM account a WHERE a.id = resource.account_id)
                 WHERE trashed_with IS NOT NULL AND trashed_with = id AND parent_id IN (SELECT t.id FROM resource t WHERE t.trashed_with IN ({ids}))",
                chunk,
            )
            .execute()
            .await?;
    }
    Ok(left)
}

/// Deletes the permits' resources for good with everything that went along; their files and annotations are deleted
/// before ([`super::dataset_file::delete_doomed`], [`super::annotation::delete_in_trash`]).
pub async fn delete(tx: &mut Tx, permits: &[Permit]) -> Result<u64> {
    let mut deleted = 0;
    for chunk in ids_of(permits).chunks(CHUNK) {
        deleted += tx.sql_list("DELETE FROM resource WHERE trashed_with IN ({ids})", chunk).execute().await?;
    }
    Ok(deleted)
}

/// Deletes at most `limit` of what is hidden with the permit's resource, from the leaves up; nothing is left when nothing
/// was deleted.
pub async fn delete_some(tx: &mut Tx, permit: &Permit, limit: i64) -> Result<u64> {
    tx.sql(
        "DELETE FROM resource WHERE id IN (
            SELECT r.id FROM resource r WHERE r.trashed_with = $1
                AND NOT EXISTS (SELECT 1 FROM resource c WHERE c.parent_id = r.id) LIMIT CAST($2 AS BIGINT))",
    )
    .bind(permit.resource())
    .bind(limit)
    .execute()
    .await
}
