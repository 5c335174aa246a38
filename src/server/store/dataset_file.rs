//! Table `dataset_file`: the files of datasets (FILE-1). Their number, images and bytes are in the dataset's row, changed with them.
//!
//! # Invariants
//! - Whatever deletes files notes their blobs in `blob_check`, in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, deleted_file, live, paid_image, values::from_columns};
use crate::{
    domain::{
        app::OutputRole,
        file::{FilePath, Media, Side, counts_as_image},
        id::{AppId, BlobId, JobId, PersonId, ResourceId},
        job::MadeOf,
        permit::{Permit, RolePermit},
        photo::{CaptureTime, Luminance, PhotoFacts, PhotoState, Position},
        time::Timestamp,
        upload::Fingerprint,
    },
    view::file::{FileView, PhotoView},
};

/// A file of the permit's dataset.
#[derive(Debug, Clone)]
pub struct NewFile<'a> {
    pub side: Side,
    pub path: &'a FilePath,
    pub blob: BlobId,
    pub media: Media,
    pub bytes: i64,
    /// When it was changed last, as its sender said.
    pub modified_at: Option<Timestamp>,
    pub by: PersonId,
    pub at: Timestamp,
}

/// Adds a file to the permit's dataset; its number. From the first one on, its bytes follow from its files, and from the first one to
/// process on, so do its images: results say nothing about how many images were processed and charged.
///
/// # Errors
/// `Taken` if the path is.
pub async fn insert(tx: &mut Tx, permit: &Permit, new: &NewFile<'_>) -> Result<i64> {
    let images = i64::from(counts_as_image(new.side, new.media, false));
    let number = tx
        .sql(
            "UPDATE resource SET bytes = CASE WHEN files > 0 THEN bytes ELSE 0 END + $3,
                images = $2 + CASE WHEN $5 = 'input' AND NOT EXISTS (
                    SELECT 1 FROM dataset_file f WHERE f.dataset_id = $1 AND f.side = 'input') THEN 0 ELSE images END,
                paid_images = CASE WHEN $5 = 'input' AND NOT EXISTS (
                    SELECT 1 FROM dataset_file f WHERE f.dataset_id = $1 AND f.side = 'input') THEN 0 ELSE paid_images END
                    + CASE WHEN $2 > 0 AND EXISTS (
                        SELECT 1 FROM paid_image p WHERE p.dataset_id = $1 AND p.sha256 = (SELECT b.sha256 FROM blob b WHERE b.id = $6)) THEN 1 ELSE 0 END,
                files = files + 1, last_file = last_file + 1, modified_at = $4, touched_at = $4
             WHERE id = $1 AND kind = 'dataset' RETURNING last_file",
        )
        .bind(permit.resource())
        .bind(images)
        .bind(new.bytes)
        .bind(new.at)
        .bind(new.side)
        .bind(new.blob)
        .number()
        .await?;
    tx.sql(
        "INSERT INTO dataset_file (dataset_id, number, side, path, path_key, path_sort, blob_id, modified_at, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(permit.resource())
    .bind(number)
    .bind(new.side)
    .bind(new.path.as_str().to_owned())
    .bind(new.path.key())
    .bind(new.path.sort_key())
    .bind(new.blob)
    .bind(new.modified_at)
    .bind(new.by)
    .bind(new.at)
    .execute()
    .await?;
    live::touch(tx, &[permit.resource()]).await?;
    Ok(number)
}

/// A file, where its bytes are, and what was measured if it is a photo. What is wrong with a photo is not known here: that takes the
/// others.
#[derive(Debug, Clone)]
pub struct StoredFile {
    pub file: FileView,
    pub blob: BlobId,
    pub cluster: String,
    pub sharpness: Option<i64>,
    pub luminance: Option<Luminance>,
}

from_columns! {
    StoredFile: number: i64, side: Side, path: String, bytes: i64, sha256: String, media: Media, left_out: bool,
        modified_at: Option<Timestamp>, created_at: Timestamp, created_by: PersonId, created_by_name: Option<String>,
        blob_id: BlobId, cluster: String, photo_state: Option<PhotoState>, width: Option<i64>, height: Option<i64>,
        taken_at: Option<Timestamp>, taken_offset_minutes: Option<i64>, latitude: Option<i64>, longitude: Option<i64>,
        altitude_mm: Option<i64>, height_mm: Option<i64>, yaw_mdeg: Option<i64>, pitch_mdeg: Option<i64>,
        roll_mdeg: Option<i64>, accuracy_mm: Option<i64>, focal_um: Option<i64>, focal35_um: Option<i64>,
        make: Option<String>, model: Option<String>, serial: Option<String>, sharpness: Option<i64>,
        luminance: Option<String>, problem: Option<String>;
    Self {
        file: FileView {
            number, side, path, bytes, sha256, media, left_out, modified_at, created_at, created_by, created_by_name,
            photo: photo_state.map(|state| PhotoView {
                state,
                width,
                height,
                facts: PhotoFacts {
                    taken: taken_at.map(|clock| CaptureTime { clock, offset_minutes: taken_offset_minutes }),
                    position: latitude.zip(longitude).and_then(|(latitude, longitude)| Position::new(latitude, longitude)),
                    altitude_mm, height_mm, yaw_mdeg, pitch_mdeg, roll_mdeg, accuracy_mm, focal_um, focal35_um, make, model, serial,
                },
                faults: Vec::new(),
                problem,
            }),
        },
        blob: blob_id,
        cluster,
        sharpness,
        luminance: luminance.as_deref().and_then(Luminance::read),
    }
}

/// The columns of a file, once for all queries.
macro_rules! files {
    ($where_and_order:literal) => {
        concat!(
            "SELECT f.number, f.side, f.path, b.bytes, b.sha256, b.media, f.left_out, f.modified_at, f.created_at, f.created_by,
                p.first_name || ' ' || p.last_name AS created_by_name, f.blob_id, b.cluster, o.state AS photo_state, o.width, o.height,
                o.taken_at, o.taken_offset_minutes, o.latitude, o.longitude, o.altitude_mm, o.height_mm, o.yaw_mdeg, o.pitch_mdeg,
                o.roll_mdeg, o.accuracy_mm, o.focal_um, o.focal35_um, o.make, o.model, o.serial, o.sharpness, o.luminance, o.problem
             FROM dataset_file f JOIN blob b ON b.id = f.blob_id LEFT JOIN photo o ON o.blob_id = f.blob_id
                LEFT JOIN person p ON p.id = f.created_by
             WHERE f.dataset_id = $1 AND ",
            $where_and_order
        )
    };
}

/// A file by its number.
pub async fn find(tx: &mut Tx, dataset: ResourceId, number: i64) -> Result<Option<StoredFile>> {
    tx.sql(files!("f.number = $2")).bind(dataset).bind(number).optional().await
}

/// Which files are listed.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    pub dataset: ResourceId,
    pub side: Side,
    /// Only with this in their path, in the form of [`FilePath::key`].
    pub query: Option<&'a str>,
    /// Where the page starts: the path as it sorts, and the number.
    pub after: Option<(String, i64)>,
    pub limit: i64,
}

/// A text that `LIKE` finds anywhere, whatever characters it has.
fn anywhere(text: &str) -> String {
    let escaped: String =
        text.chars().flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c])).collect();
    format!("%{escaped}%")
}

/// Files of a place in the order of their paths.
pub async fn list(tx: &mut Tx, listed: &Listed<'_>) -> Result<Vec<StoredFile>> {
    let (sort, number) = listed.after.clone().unwrap_or_default();
    tx.sql(files!(
        "f.side = $2 AND (f.path_sort, f.number) > ($3, $4) AND ($5 IS NULL OR f.path_key LIKE $5 ESCAPE '!')
         ORDER BY f.path_sort, f.number LIMIT CAST($6 AS BIGINT)"
    ))
    .bind(listed.dataset)
    .bind(listed.side)
    .bind(sort)
    .bind(number)
    .bind(listed.query.map(anywhere))
    .bind(listed.limit)
    .all()
    .await
}

/// The numbers of the files before and behind one in the order of their paths.
pub async fn find_neighbours(
    tx: &mut Tx,
    dataset: ResourceId,
    side: Side,
    sort: &str,
    number: i64,
) -> Result<(Option<i64>, Option<i64>)> {
    let previous = tx
        .sql(
            "SELECT f.number FROM dataset_file f WHERE f.dataset_id = $1 AND f.side = $2 AND (f.path_sort, f.number) < ($3, $4)
             ORDER BY f.path_sort DESC, f.number DESC LIMIT 1",
        )
        .bind(dataset)
        .bind(side)
        .bind(sort.to_owned())
        .bind(number)
        .column::<i64>()
        .await?;
    let next = tx
        .sql(
            "SELECT f.number FROM dataset_file f WHERE f.dataset_id = $1 AND f.side = $2 AND (f.path_sort, f.number) > ($3, $4)
             ORDER BY f.path_sort, f.number LIMIT 1",
        )
        .bind(dataset)
        .bind(side)
        .bind(sort.to_owned())
        .bind(number)
        .column::<i64>()
        .await?;
    Ok((previous.first().copied(), next.first().copied()))
}

/// How many results a dataset has, and their bytes. What is left of the dataset's counts are its images.
pub async fn count_outputs(tx: &mut Tx, dataset: ResourceId) -> Result<(i64, i64)> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(b.bytes), 0) AS BIGINT)
         FROM dataset_file f JOIN blob b ON b.id = f.blob_id WHERE f.dataset_id = $1 AND f.side = 'output'",
    )
    .bind(dataset)
    .one()
    .await
}

/// A result that a job has made.
#[derive(Debug, Clone, FromRow)]
pub struct MadeFile {
    pub number: i64,
    pub path: String,
    pub bytes: i64,
    pub role: OutputRole,
}

/// The results of a dataset that a job has made, which are there until the same app makes others.
pub async fn list_of_job(
    tx: &mut Tx,
    dataset: ResourceId,
    app: AppId,
    job: JobId,
    limit: i64,
) -> Result<Vec<MadeFile>> {
    tx.sql(
        "SELECT f.number, f.path, b.bytes, COALESCE(f.role, 'other') AS role FROM dataset_file f JOIN blob b ON b.id = f.blob_id
         WHERE f.dataset_id = $1 AND f.app_id = $2 AND f.job_id = $3 LIMIT CAST($4 AS BIGINT)",
    )
    .bind(dataset)
    .bind(app)
    .bind(job)
    .bind(limit)
    .all()
    .await
}

/// The files of a place that have one of these paths, by their keys.
pub async fn list_by_keys(
    tx: &mut Tx,
    dataset: ResourceId,
    side: Side,
    keys: &[String],
) -> Result<BTreeMap<String, (i64, Fingerprint)>> {
    let mut found = BTreeMap::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<(String, i64, i64, Option<Timestamp>)> = tx
            .sql_list(
                "SELECT f.path_key, f.number, b.bytes, f.modified_at FROM dataset_file f JOIN blob b ON b.id = f.blob_id
                 WHERE f.dataset_id = {1} AND f.side = {2} AND f.path_key IN ({ids})",
                chunk,
            )
            .bind(dataset)
            .bind(side)
            .all()
            .await?;
        found.extend(
            rows.into_iter()
                .map(|(key, number, bytes, modified_at)| (key, (number, Fingerprint { bytes, modified_at }))),
        );
    }
    Ok(found)
}

/// Which of some keys are folders in a place of a dataset: a file's path is inside them.
pub async fn list_folder_keys(
    tx: &mut Tx,
    dataset: ResourceId,
    side: Side,
    keys: &[String],
) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for chunk in keys.chunks(CHUNK) {
        // What begins with "folder/" is what lies between it and "folder0": the digit follows the slash.
        let rows: Vec<String> = tx
            .sql_rows(
                "WITH listed(path_key, low, high) AS (VALUES {rows:3})
                 SELECT listed.path_key FROM listed WHERE EXISTS (
                    SELECT 1 FROM dataset_file f WHERE f.dataset_id = {1} AND f.side = {2} AND f.path_key > listed.low AND f.path_key < listed.high)",
                chunk,
                |statement, key| statement.bind(key.clone()).bind(format!("{key}/")).bind(format!("{key}0")),
            )
            .bind(dataset)
            .bind(side)
            .column()
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// A file that somebody takes together with others.
#[derive(Debug, Clone, FromRow)]
pub struct TakenFile {
    pub dataset_id: ResourceId,
    pub number: i64,
    pub side: Side,
    pub path: String,
    pub path_sort: String,
    pub blob_id: BlobId,
    pub cluster: String,
    pub sha256: String,
    pub bytes: i64,
    pub crc32: i64,
    /// When it was changed last, as its sender said, or when it came.
    pub modified_at: Timestamp,
}

/// The columns of a file that somebody takes.
macro_rules! taken {
    ($rest:literal) => {
        concat!(
            "SELECT f.dataset_id, f.number, f.side, f.path, f.path_sort, f.blob_id, b.cluster, b.sha256, b.bytes, b.crc32,
                COALESCE(f.modified_at, f.created_at) AS modified_at
             FROM dataset_file f JOIN blob b ON b.id = f.blob_id ",
            $rest
        )
    };
}

/// The files of some datasets in one of their places, or in both, in no order; at most `limit` for every `CHUNK` datasets.
pub async fn list_all(tx: &mut Tx, datasets: &[ResourceId], side: Option<Side>, limit: i64) -> Result<Vec<TakenFile>> {
    let mut found = Vec::new();
    for chunk in datasets.chunks(CHUNK) {
        let rows: Vec<TakenFile> = tx
            .sql_list(
                taken!("WHERE f.dataset_id IN ({ids}) AND ({1} IS NULL OR f.side = {1}) LIMIT CAST({2} AS BIGINT)"),
                chunk,
            )
            .bind(side)
            .bind(limit)
            .all()
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// A result that an app made.
#[derive(Debug, Clone, FromRow)]
pub struct AppResult {
    pub number: i64,
    pub path: String,
    pub blob_id: BlobId,
    pub cluster: String,
    pub bytes: i64,
    pub created_at: Timestamp,
}

impl AppResult {
    /// The last part of its path: an app's results may be in a folder that is called like the app.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// How many results of an app are looked at.
const MAX_APP_RESULTS: i64 = 100;

/// The results that an app made of a dataset, at most a hundred of them.
pub async fn list_of_app(tx: &mut Tx, dataset: ResourceId, app: AppId) -> Result<Vec<AppResult>> {
    tx.sql(
        "SELECT f.number, f.path, f.blob_id, b.cluster, b.bytes, f.created_at FROM dataset_file f JOIN blob b ON b.id = f.blob_id
         WHERE f.dataset_id = $1 AND f.app_id = $2 ORDER BY f.number LIMIT CAST($3 AS BIGINT)",
    )
    .bind(dataset)
    .bind(app)
    .bind(MAX_APP_RESULTS)
    .all()
    .await
}

/// How many results are looked at for what they were made of.
const MAX_MADE_OF: i64 = 1_000;

/// What the results of a dataset were made of, at most a thousand of them.
pub async fn list_made_of(tx: &mut Tx, dataset: ResourceId) -> Result<Vec<MadeOf>> {
    let rows: Vec<(i64, String, String)> = tx
        .sql(
            "SELECT f.number, a.title, j.inputs_digest FROM dataset_file f JOIN job j ON j.id = f.job_id JOIN app a ON a.id = j.app_id
             WHERE f.dataset_id = $1 AND f.app_id IS NOT NULL AND j.inputs_digest IS NOT NULL LIMIT CAST($2 AS BIGINT)",
        )
        .bind(dataset)
        .bind(MAX_MADE_OF)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(number, app, inputs_digest)| MadeOf { number, app, inputs_digest }).collect())
}

/// The files of a dataset that have one of these numbers, in no order.
pub async fn list_chosen(tx: &mut Tx, dataset: ResourceId, numbers: &[i64]) -> Result<Vec<TakenFile>> {
    let mut found = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<TakenFile> = tx
            .sql_rows(
                taken!("WHERE f.dataset_id = {1} AND f.number IN (VALUES {rows:1})"),
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

/// A file that somebody uploaded, for the export of their data.
#[derive(Debug, Clone, FromRow)]
pub struct OwnFile {
    pub dataset_id: Uuid,
    pub number: i64,
    pub dataset: String,
    /// The organization that owns it.
    pub organization: String,
    pub side: Side,
    pub path: String,
    pub bytes: i64,
    pub sha256: String,
    pub created_at: Timestamp,
}

/// What a person uploaded to datasets that they see by their role, by dataset and number, after a given one.
pub async fn list_own(tx: &mut Tx, person: PersonId, after: (Uuid, i64), limit: i64) -> Result<Vec<OwnFile>> {
    tx.sql(
        "SELECT f.dataset_id, f.number, r.name AS dataset, o.name AS organization, f.side, f.path, b.bytes, b.sha256, f.created_at
         FROM dataset_file f JOIN blob b ON b.id = f.blob_id
         JOIN resource r ON r.id = f.dataset_id JOIN organization o ON o.id = r.organization_id
         JOIN account_membership m ON m.account_id = r.account_id AND m.person_id = $1
         WHERE f.created_by = $1 AND (f.dataset_id, f.number) > ($2, CAST($3 AS BIGINT)) AND r.trashed_with IS NULL AND m.role <> 'member'
         ORDER BY f.dataset_id, f.number LIMIT CAST($4 AS BIGINT)",
    )
    .bind(person)
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .all()
    .await
}

/// An input of a job: an image that was not left out, or what goes with the images.
#[derive(Debug, Clone, FromRow)]
pub struct Input {
    pub number: i64,
    pub path: String,
    pub bytes: i64,
    pub sha256: String,
}

/// The inputs of a dataset by their numbers, after a given one.
pub async fn list_inputs(tx: &mut Tx, dataset: ResourceId, after: i64, limit: i64) -> Result<Vec<Input>> {
    tx.sql(
        "SELECT f.number, f.path, b.bytes, b.sha256 FROM dataset_file f JOIN blob b ON b.id = f.blob_id
         WHERE f.dataset_id = $1 AND f.number > $2 AND f.side = 'input' AND NOT f.left_out ORDER BY f.number LIMIT CAST($3 AS BIGINT)",
    )
    .bind(dataset)
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// A file that is to be deleted or changed.
#[derive(Debug, Clone, FromRow)]
pub struct FileRef {
    pub number: i64,
    pub side: Side,
    pub path: String,
    pub left_out: bool,
}

/// The files of a dataset that have one of these numbers.
pub async fn list_by_numbers(tx: &mut Tx, dataset: ResourceId, numbers: &[i64]) -> Result<Vec<FileRef>> {
    let mut found = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<FileRef> = tx
            .sql_rows(
                "WITH listed(number) AS (VALUES {rows:1})
                 SELECT f.number, f.side, f.path, f.left_out FROM dataset_file f WHERE f.dataset_id = {1} AND f.number IN (SELECT number FROM listed)",
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

/// Deletes files of the permit's dataset; how many. What is to be brought back is kept before ([`super::deleted_file::insert`]).
pub async fn delete(tx: &mut Tx, permit: &Permit, numbers: &[i64], at: Timestamp) -> Result<u64> {
    let (mut deleted, mut inputs) = (0, false);
    for chunk in numbers.chunks(CHUNK) {
        tx.sql_rows(
            "INSERT INTO blob_check (blob_id, created_at)
             WITH listed(number) AS (VALUES {rows:1})
             SELECT f.blob_id, {2} FROM dataset_file f WHERE f.dataset_id = {1} AND f.number IN (SELECT number FROM listed)
             ON CONFLICT (blob_id) DO NOTHING",
            chunk,
            |statement, number| statement.bind(*number),
        )
        .bind(permit.resource())
        .bind(at)
        .execute()
        .await?;
        let sides: Vec<(Side,)> = tx
            .sql_rows(
                "WITH listed(number) AS (VALUES {rows:1})
                 DELETE FROM dataset_file WHERE dataset_id = {1} AND number IN (SELECT number FROM listed) RETURNING side",
                chunk,
                |statement, number| statement.bind(*number),
            )
            .bind(permit.resource())
            .all()
            .await?;
        deleted += sides.len() as u64;
        inputs |= sides.contains(&(Side::Input,));
    }
    update_counts(tx, permit, inputs, at).await?;
    Ok(deleted)
}

/// Leaves files of the permit's dataset out, or takes them in again.
pub async fn update_left_out(
    tx: &mut Tx,
    permit: &Permit,
    numbers: &[i64],
    left_out: bool,
    at: Timestamp,
) -> Result<()> {
    for chunk in numbers.chunks(CHUNK) {
        tx.sql_rows(
            "WITH listed(number) AS (VALUES {rows:1})
             UPDATE dataset_file SET left_out = {2} WHERE dataset_id = {1} AND number IN (SELECT number FROM listed)",
            chunk,
            |statement, number| statement.bind(*number),
        )
        .bind(permit.resource())
        .bind(left_out)
        .execute()
        .await?;
    }
    update_counts(tx, permit, true, at).await
}

/// Gives a file of the permit's dataset another path.
///
/// # Errors
/// `Taken` if the path is.
pub async fn update_path(tx: &mut Tx, permit: &Permit, number: i64, path: &FilePath, at: Timestamp) -> Result<()> {
    tx.sql("UPDATE dataset_file SET path = $3, path_key = $4, path_sort = $5 WHERE dataset_id = $1 AND number = $2")
        .bind(permit.resource())
        .bind(number)
        .bind(path.as_str().to_owned())
        .bind(path.key())
        .bind(path.sort_key())
        .execute()
        .await?;
    update_counts(tx, permit, false, at).await
}

/// Counts anew what the permit's dataset holds after its results were replaced by files with numbers up to `last_file`.
pub(super) async fn recount(tx: &mut Tx, permit: &Permit, last_file: i64, any: bool, at: Timestamp) -> Result<()> {
    // Without files there was nothing to count: the first ones make it a dataset with files.
    tx.sql(
        "UPDATE resource SET files = CASE WHEN files = 0 AND $3 THEN 1 ELSE files END,
            last_file = CASE WHEN last_file < $2 THEN $2 ELSE last_file END WHERE id = $1 AND kind = 'dataset'",
    )
    .bind(permit.resource())
    .bind(last_file)
    .bind(any)
    .execute()
    .await?;
    update_counts(tx, permit, false, at).await
}

/// Counts anew what the permit's dataset holds after files of it were restored.
pub async fn recount_restored(tx: &mut Tx, permit: &Permit, inputs: bool, at: Timestamp) -> Result<()> {
    // It may have had no file in the meantime.
    tx.sql("UPDATE resource SET files = 1 WHERE id = $1 AND files = 0").bind(permit.resource()).execute().await?;
    update_counts(tx, permit, inputs, at).await
}

/// Counts anew what the permit's dataset holds: its images, and which of them were paid for, only where `inputs` have changed.
async fn update_counts(tx: &mut Tx, permit: &Permit, inputs: bool, at: Timestamp) -> Result<()> {
    tx.sql(
        "UPDATE resource SET (files, images, paid_images, bytes) = (
            SELECT CAST(COUNT(*) AS BIGINT),
                CASE WHEN $3 THEN CAST(COALESCE(SUM(CASE WHEN f.side = 'input' AND NOT f.left_out AND b.media LIKE 'image/%' THEN 1 ELSE 0 END), 0) AS BIGINT)
                    ELSE resource.images END,
                CASE WHEN $3 THEN CAST(COALESCE(SUM(CASE WHEN f.side = 'input' AND NOT f.left_out AND b.media LIKE 'image/%' AND EXISTS (
                        SELECT 1 FROM paid_image p WHERE p.dataset_id = f.dataset_id AND p.sha256 = b.sha256) THEN 1 ELSE 0 END), 0) AS BIGINT)
                    ELSE resource.paid_images END,
                CAST(COALESCE(SUM(b.bytes), 0) AS BIGINT)
            FROM dataset_file f JOIN blob b ON b.id = f.blob_id WHERE f.dataset_id = $1), modified_at = $2, touched_at = $2
         WHERE id = $1 AND files > 0",
    )
    .bind(permit.resource())
    .bind(at)
    .bind(inputs)
    .execute()
    .await?;
    live::touch(tx, &[permit.resource()]).await
}

/// Gives a copy of a dataset the files of its original: other rows, the same bytes (FILE-6). How many.
pub async fn copy(tx: &mut Tx, permit: &Permit, copy: ResourceId, original: ResourceId, at: Timestamp) -> Result<u64> {
    tx.sql(
        "INSERT INTO dataset_file (dataset_id, number, side, path, path_key, path_sort, blob_id, left_out, modified_at, created_by, created_at, role, app_id)
         SELECT $1, f.number, f.side, f.path, f.path_key, f.path_sort, f.blob_id, f.left_out, f.modified_at, $3, $4, f.role, f.app_id
         FROM dataset_file f WHERE f.dataset_id = $2",
    )
    .bind(copy)
    .bind(original)
    .bind(permit.person())
    .bind(at)
    .execute()
    .await
}

/// Which datasets are about to be deleted.
#[derive(Debug, Clone, Copy)]
pub enum Doomed<'a> {
    /// What went to the trash with the permits' resources.
    WithTops(&'a [Permit]),
    /// Everything that the permit's organization has.
    OfOrganization(&'a RolePermit),
}

/// Deletes at most `limit` files, files that could be brought back, uploads, and notes of what was paid for, of datasets that are about to
/// be deleted themselves. How many; nothing is left when it is none. The objects of uploads are freed after `not_before`, those of files
/// once no other file has the same bytes.
pub async fn delete_doomed(
    tx: &mut Tx,
    doomed: Doomed<'_>,
    limit: i64,
    at: Timestamp,
    not_before: Timestamp,
) -> Result<u64> {
    let mut datasets: Vec<ResourceId> = Vec::new();
    match doomed {
        Doomed::WithTops(permits) => {
            let tops: Vec<ResourceId> = permits.iter().map(Permit::resource).collect();
            for chunk in tops.chunks(CHUNK) {
                let rows = tx
                    .sql_list(
                        "SELECT r.id FROM resource r WHERE r.trashed_with IN ({ids}) AND r.kind = 'dataset'
                            AND (EXISTS (SELECT 1 FROM dataset_file f WHERE f.dataset_id = r.id) OR EXISTS (SELECT 1 FROM upload u WHERE u.dataset_id = r.id)
                                OR EXISTS (SELECT 1 FROM deleted_file d WHERE d.dataset_id = r.id) OR EXISTS (SELECT 1 FROM paid_image p WHERE p.dataset_id = r.id))
                         LIMIT CAST({1} AS BIGINT)",
                        chunk,
                    )
                    .bind(limit)
                    .column::<ResourceId>()
                    .await?;
                datasets.extend(rows);
            }
        }
        Doomed::OfOrganization(permit) => {
            datasets = tx
                .sql(
                    "SELECT r.id FROM resource r WHERE r.organization_id = $1 AND r.kind = 'dataset'
                        AND (EXISTS (SELECT 1 FROM dataset_file f WHERE f.dataset_id = r.id) OR EXISTS (SELECT 1 FROM upload u WHERE u.dataset_id = r.id)
                            OR EXISTS (SELECT 1 FROM deleted_file d WHERE d.dataset_id = r.id) OR EXISTS (SELECT 1 FROM paid_image p WHERE p.dataset_id = r.id))
                     LIMIT CAST($2 AS BIGINT)",
                )
                .bind(permit.organization())
                .bind(limit)
                .column()
                .await?;
        }
    }
    let mut deleted = 0;
    for dataset in datasets {
        let left = limit - i64::try_from(deleted).unwrap_or(limit);
        if left <= 0 {
            break;
        }
        tx.sql(
            "INSERT INTO blob_check (blob_id, created_at)
             SELECT f.blob_id, $3 FROM (
                SELECT blob_id FROM dataset_file WHERE dataset_id = $1 ORDER BY number LIMIT CAST($2 AS BIGINT)) f WHERE TRUE
             ON CONFLICT (blob_id) DO NOTHING",
        )
        .bind(dataset)
        .bind(left)
        .bind(at)
        .execute()
        .await?;
        deleted += tx
            .sql(
                "DELETE FROM dataset_file WHERE dataset_id = $1 AND number IN (
                    SELECT number FROM dataset_file WHERE dataset_id = $1 ORDER BY number LIMIT CAST($2 AS BIGINT))",
            )
            .bind(dataset)
            .bind(left)
            .execute()
            .await?;
        deleted += deleted_file::delete_of_dataset(tx, dataset, left, at).await?;
        deleted += paid_image::delete_of_dataset(tx, dataset, left).await?;
        let uploads: Vec<Uuid> = tx
            .sql("SELECT id FROM upload WHERE dataset_id = $1 LIMIT CAST($2 AS BIGINT)")
            .bind(dataset)
            .bind(left)
            .column()
            .await?;
        let uploads: Vec<_> = uploads.into_iter().map(crate::domain::id::UploadId).collect();
        deleted += super::upload::delete(tx, &uploads, not_before).await?;
    }
    Ok(deleted)
}
