//! Table `annotation`: what people draw on datasets (VIEW-3).
//!
//! # Invariants
//! - Whatever changes annotations tells who has the dataset open, in the same transaction.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, live, values::from_columns};
use crate::{
    domain::{
        annotation::{Annotation, AnnotationKind, Colour, Places},
        id::{PersonId, ResourceId},
        permit::{Permit, RolePermit},
        time::Timestamp,
        undo::DeletedAnnotation,
    },
    view::viewer::AnnotationView,
};

/// How many annotations one statement inserts at most.
const INSERTED_AT_ONCE: usize = 64;

from_columns! {
    AnnotationView: number: i64, kind: AnnotationKind, places: Places, name: String, description: String, colour: Colour,
        version: i64, created_by: PersonId, created_by_name: Option<String>, created_at: Timestamp, modified_at: Timestamp;
    Self {
        number,
        kind,
        annotation: Annotation { places: places.0, name, description, colour },
        version,
        created_by: created_by_name,
        created_by_id: Some(created_by),
        created_at,
        modified_at,
    }
}

/// The columns of an annotation, once for all queries.
macro_rules! annotations {
    ($where_and_order:literal) => {
        concat!(
            "SELECT a.number, a.kind, a.places, a.name, a.description, a.colour, a.version, a.created_by,
                p.first_name || ' ' || p.last_name AS created_by_name, a.created_at, a.modified_at
             FROM annotation a LEFT JOIN person p ON p.id = a.created_by
             WHERE a.dataset_id = $1 AND ",
            $where_and_order
        )
    };
}

/// Annotations of a dataset by their numbers, after a given one.
pub async fn list(tx: &mut Tx, dataset: ResourceId, after: i64, limit: i64) -> Result<Vec<AnnotationView>> {
    tx.sql(annotations!("a.number > $2 ORDER BY a.number LIMIT CAST($3 AS BIGINT)"))
        .bind(dataset)
        .bind(after)
        .bind(limit)
        .all()
        .await
}

/// An annotation by its number.
pub async fn find(tx: &mut Tx, dataset: ResourceId, number: i64) -> Result<Option<AnnotationView>> {
    tx.sql(annotations!("a.number = $2")).bind(dataset).bind(number).optional().await
}

/// How many annotations a dataset has, and how many places these have together.
pub async fn count(tx: &mut Tx, dataset: ResourceId) -> Result<(i64, i64)> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(place_count), 0) AS BIGINT) FROM annotation WHERE dataset_id = $1",
    )
    .bind(dataset)
    .one()
    .await
}

/// How many places an annotation has.
fn place_count(annotation: &Annotation) -> i64 {
    i64::try_from(annotation.places.len()).unwrap_or(i64::MAX)
}

/// Notes that something in the permit's dataset was changed: a transfer of it is not undone then (XFER-19).
async fn touch(tx: &mut Tx, permit: &Permit, at: Timestamp) -> Result<()> {
    tx.sql("UPDATE resource SET touched_at = $2 WHERE id = $1").bind(permit.resource()).bind(at).execute().await?;
    live::touch_container(tx, permit.resource());
    Ok(())
}

/// Adds annotations to the permit's dataset; their numbers, in the same order.
pub async fn insert(
    tx: &mut Tx,
    permit: &Permit,
    new: &[(AnnotationKind, Annotation)],
    at: Timestamp,
) -> Result<Vec<i64>> {
    let count = i64::try_from(new.len()).unwrap_or(i64::MAX);
    let last = tx
        .sql("UPDATE resource SET last_annotation = last_annotation + $2, touched_at = $3 WHERE id = $1 AND kind = 'dataset' RETURNING last_annotation")
        .bind(permit.resource())
        .bind(count)
        .bind(at)
        .number()
        .await?;
    let numbers: Vec<i64> = (last - count + 1..=last).collect();
    let rows: Vec<(i64, AnnotationKind, &Annotation)> =
        numbers.iter().zip(new).map(|(number, (kind, annotation))| (*number, *kind, annotation)).collect();
    for chunk in rows.chunks(INSERTED_AT_ONCE) {
        tx.sql_rows(
            "INSERT INTO annotation (dataset_id, number, kind, places, place_count, name, description, colour, version, created_by, created_at, modified_at)
             WITH listed(number, kind, places, place_count, name, description, colour) AS (VALUES {rows:7})
             SELECT {1}, number, kind, places, place_count, name, description, colour, 1, {2}, {3}, {3} FROM listed WHERE TRUE
             ON CONFLICT (dataset_id, number) DO NOTHING",
            chunk,
            |statement, (number, kind, annotation)| {
                statement
                    .bind(*number)
                    .bind(*kind)
                    .bind(Places(annotation.places.clone()))
                    .bind(place_count(annotation))
                    .bind(annotation.name.clone())
                    .bind(annotation.description.clone())
                    .bind(annotation.colour)
            },
        )
        .bind(permit.resource())
        .bind(permit.person())
        .bind(at)
        .execute()
        .await?;
    }
    live::touch_container(tx, permit.resource());
    Ok(numbers)
}

/// Brings an annotation of the permit's dataset back that was deleted, under its number.
///
/// # Errors
/// `Taken` if it is there already.
pub async fn restore(tx: &mut Tx, permit: &Permit, deleted: &DeletedAnnotation, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO annotation (dataset_id, number, kind, places, place_count, name, description, colour, version, created_by, created_at, modified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(permit.resource())
    .bind(deleted.number)
    .bind(deleted.kind)
    .bind(Places(deleted.annotation.places.clone()))
    .bind(place_count(&deleted.annotation))
    .bind(deleted.annotation.name.clone())
    .bind(deleted.annotation.description.clone())
    .bind(deleted.annotation.colour)
    .bind(deleted.version + 1)
    .bind(deleted.created_by)
    .bind(deleted.created_at)
    .bind(at)
    .execute()
    .await?;
    touch(tx, permit, at).await
}

/// Changes an annotation of the permit's dataset; its version rises.
pub async fn update(tx: &mut Tx, permit: &Permit, number: i64, annotation: &Annotation, at: Timestamp) -> Result<()> {
    tx.sql(
        "UPDATE annotation SET places = $3, place_count = $4, name = $5, description = $6, colour = $7, modified_at = $8, version = version + 1
         WHERE dataset_id = $1 AND number = $2",
    )
    .bind(permit.resource())
    .bind(number)
    .bind(Places(annotation.places.clone()))
    .bind(place_count(annotation))
    .bind(annotation.name.clone())
    .bind(annotation.description.clone())
    .bind(annotation.colour)
    .bind(at)
    .execute()
    .await?;
    touch(tx, permit, at).await
}

/// Which of some annotations of a dataset are there in the version that is named with each.
pub async fn count_unchanged(tx: &mut Tx, dataset: ResourceId, annotations: &[(i64, i64)]) -> Result<u64> {
    let mut found = 0;
    for chunk in annotations.chunks(super::CHUNK) {
        let rows: Vec<i64> = tx
            .sql_rows(
                "WITH listed(number, version) AS (VALUES {rows:2})
                 SELECT a.number FROM annotation a WHERE a.dataset_id = {1} AND (a.number, a.version) IN (SELECT number, version FROM listed)",
                chunk,
                |statement, (number, version)| statement.bind(*number).bind(*version),
            )
            .bind(dataset)
            .column()
            .await?;
        found += rows.len() as u64;
    }
    Ok(found)
}

/// Deletes annotations of the permit's dataset; how many.
pub async fn delete(tx: &mut Tx, permit: &Permit, numbers: &[i64], at: Timestamp) -> Result<u64> {
    let mut deleted = 0;
    for chunk in numbers.chunks(super::CHUNK) {
        deleted += tx
            .sql_rows(
                "WITH listed(number) AS (VALUES {rows:1})
                 DELETE FROM annotation WHERE dataset_id = {1} AND number IN (SELECT number FROM listed)",
                chunk,
                |statement, number| statement.bind(*number),
            )
            .bind(permit.resource())
            .execute()
            .await?;
    }
    touch(tx, permit, at).await?;
    Ok(deleted)
}

/// Gives a copy of a dataset the annotations of its original. Like files, they are from then on those of who copied.
pub async fn copy(tx: &mut Tx, permit: &Permit, copy: ResourceId, original: ResourceId, at: Timestamp) -> Result<u64> {
    let copied = tx
        .sql(
            "INSERT INTO annotation (dataset_id, number, kind, places, place_count, name, description, colour, version, created_by, created_at, modified_at)
             SELECT $1, a.number, a.kind, a.places, a.place_count, a.name, a.description, a.colour, 1, $3, $4, $4
             FROM annotation a WHERE a.dataset_id = $2",
        )
        .bind(copy)
        .bind(original)
        .bind(permit.person())
        .bind(at)
        .execute()
        .await?;
    if copied > 0 {
        tx.sql(
            "UPDATE resource SET last_annotation = (SELECT MAX(a.number) FROM annotation a WHERE a.dataset_id = $1) WHERE id = $1",
        )
        .bind(copy)
        .execute()
        .await?;
    }
    Ok(copied)
}

/// An annotation that somebody drew, for the export of their data.
#[derive(Debug, Clone, FromRow)]
pub struct OwnAnnotation {
    pub dataset_id: Uuid,
    pub number: i64,
    pub dataset: String,
    /// The organization that owns it.
    pub organization: String,
    pub kind: AnnotationKind,
    pub name: String,
    pub description: String,
    pub created_at: Timestamp,
}

/// What a person drew on datasets that they see by their role, by dataset and number, after a given one.
pub async fn list_own(tx: &mut Tx, person: PersonId, after: (Uuid, i64), limit: i64) -> Result<Vec<OwnAnnotation>> {
    tx.sql(
        "SELECT a.dataset_id, a.number, r.name AS dataset, o.name AS organization, a.kind, a.name, a.description, a.created_at
         FROM annotation a JOIN resource r ON r.id = a.dataset_id JOIN organization o ON o.id = r.organization_id
         JOIN account_membership m ON m.account_id = r.account_id AND m.person_id = $1
         WHERE a.created_by = $1 AND (a.dataset_id, a.number) > ($2, CAST($3 AS BIGINT)) AND r.trashed_with IS NULL AND m.role <> 'member'
         ORDER BY a.dataset_id, a.number LIMIT CAST($4 AS BIGINT)",
    )
    .bind(person)
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .all()
    .await
}

/// Deletes at most `limit` annotations of datasets in the trash that are about to be deleted themselves, by the permits of their tops.
/// How many.
pub async fn delete_in_trash(tx: &mut Tx, permits: &[Permit], limit: i64) -> Result<u64> {
    let tops: Vec<ResourceId> = permits.iter().map(Permit::resource).collect();
    let mut deleted = 0;
    for chunk in tops.chunks(super::CHUNK) {
        deleted += tx
            .sql_list(
                "DELETE FROM annotation WHERE (dataset_id, number) IN (
                    SELECT a.dataset_id, a.number FROM resource r JOIN annotation a ON a.dataset_id = r.id
                    WHERE r.trashed_with IN ({ids}) AND r.kind = 'dataset' LIMIT CAST({1} AS BIGINT))",
                chunk,
            )
            .bind(limit)
            .execute()
            .await?;
    }
    Ok(deleted)
}

/// Deletes every annotation of the permit's organization, which is about to be deleted itself.
pub async fn delete_of_organization(tx: &mut Tx, permit: &RolePermit) -> Result<u64> {
    tx.sql("DELETE FROM annotation WHERE dataset_id IN (SELECT r.id FROM resource r WHERE r.organization_id = $1 AND r.kind = 'dataset')")
        .bind(permit.organization())
        .execute()
        .await
}
