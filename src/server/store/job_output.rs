//! Table `job_output`: what engines have written for jobs that are under way (JOB-6). When a job is done, its outputs become results of
//! the dataset, and take the place of what the same app made before.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;

use super::{CHUNK, Result, Tx, dataset_file, deleted_file, layer};
use crate::domain::{
    app::OutputRole,
    file::{FilePath, Side},
    id::{AppId, BlobId, JobId, PersonId, ResourceId},
    output::{Taken, folders_of, moved},
    permit::Permit,
    time::Timestamp,
    upload::Fingerprint,
};

/// A file that an engine has written.
#[derive(Debug, Clone)]
pub struct NewOutput<'a> {
    pub path: &'a FilePath,
    pub role: OutputRole,
    pub blob: BlobId,
    pub modified_at: Option<Timestamp>,
    pub at: Timestamp,
}

/// An output of a job.
#[derive(Debug, Clone, FromRow)]
pub struct Output {
    pub number: i64,
    pub path: String,
    pub role: OutputRole,
    pub bytes: i64,
    pub sha256: String,
}

/// Adds an output to a job, in the place of one of the same path; its number.
pub async fn insert(tx: &mut Tx, job: JobId, new: &NewOutput<'_>) -> Result<i64> {
    let key = new.path.key();
    let number =
        tx.sql("SELECT COALESCE(MAX(number), 0) + 1 FROM job_output WHERE job_id = $1").bind(job).number().await?;
    tx.sql(
        "INSERT INTO blob_check (blob_id, created_at) SELECT blob_id, $3 FROM job_output WHERE job_id = $1 AND path_key = $2
         ON CONFLICT (blob_id) DO NOTHING",
    )
    .bind(job)
    .bind(key.clone())
    .bind(new.at)
    .execute()
    .await?;
    tx.sql("DELETE FROM job_output WHERE job_id = $1 AND path_key = $2").bind(job).bind(key.clone()).execute().await?;
    tx.sql(
        "INSERT INTO job_output (job_id, number, path, path_key, path_sort, role, blob_id, modified_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(job)
    .bind(number)
    .bind(new.path.as_str().to_owned())
    .bind(key)
    .bind(new.path.sort_key())
    .bind(new.role)
    .bind(new.blob)
    .bind(new.modified_at)
    .bind(new.at)
    .execute()
    .await?;
    Ok(number)
}

/// The outputs of a job that have one of these paths, by their keys.
pub async fn list_by_keys(tx: &mut Tx, job: JobId, keys: &[String]) -> Result<BTreeMap<String, (i64, Fingerprint)>> {
    let mut found = BTreeMap::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<(String, i64, i64, Option<Timestamp>)> = tx
            .sql_list(
                "SELECT o.path_key, o.number, b.bytes, o.modified_at FROM job_output o JOIN blob b ON b.id = o.blob_id
                 WHERE o.job_id = {1} AND o.path_key IN ({ids})",
                chunk,
            )
            .bind(job)
            .all()
            .await?;
        found.extend(
            rows.into_iter()
                .map(|(key, number, bytes, modified_at)| (key, (number, Fingerprint { bytes, modified_at }))),
        );
    }
    Ok(found)
}

/// How many outputs a job has.
pub async fn count(tx: &mut Tx, job: JobId) -> Result<i64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM job_output WHERE job_id = $1").bind(job).number().await
}

/// The outputs of a job while it is under way.
pub async fn list(tx: &mut Tx, job: JobId, limit: i64) -> Result<Vec<Output>> {
    tx.sql(
        "SELECT o.number, o.path, o.role, b.bytes, b.sha256 FROM job_output o JOIN blob b ON b.id = o.blob_id
         WHERE o.job_id = $1 ORDER BY o.number LIMIT CAST($2 AS BIGINT)",
    )
    .bind(job)
    .bind(limit)
    .all()
    .await
}

/// Drops the outputs of a job, but those of a role where one is named; their bytes are freed later.
pub async fn delete(tx: &mut Tx, job: JobId, kept: Option<OutputRole>, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO blob_check (blob_id, created_at) SELECT DISTINCT blob_id, $3 FROM job_output WHERE job_id = $1 AND ($2 IS NULL OR role <> $2)
         ON CONFLICT (blob_id) DO NOTHING",
    )
    .bind(job)
    .bind(kept)
    .bind(at)
    .execute()
    .await?;
    tx.sql("DELETE FROM job_output WHERE job_id = $1 AND ($2 IS NULL OR role <> $2)")
        .bind(job)
        .bind(kept)
        .execute()
        .await
        .map(|_| ())
}

/// Makes the outputs of a job results of the permit's dataset, and the rasters among them layers: what the app made before goes. What somebody uploaded, and what
/// other apps made, stays: outputs whose paths are taken go into a folder that is called like the app. How many there are.
pub async fn publish(
    tx: &mut Tx,
    permit: &Permit,
    job: JobId,
    (app, slug): (AppId, &str),
    by: PersonId,
    at: Timestamp,
) -> Result<u64> {
    let dataset = permit.resource();
    tx.sql(
        "INSERT INTO blob_check (blob_id, created_at)
         SELECT DISTINCT f.blob_id, $3 FROM dataset_file f WHERE f.dataset_id = $1 AND f.side = 'output' AND f.app_id = $2
         ON CONFLICT (blob_id) DO NOTHING",
    )
    .bind(dataset)
    .bind(app)
    .bind(at)
    .execute()
    .await?;
    tx.sql("DELETE FROM dataset_file WHERE dataset_id = $1 AND side = 'output' AND app_id = $2")
        .bind(dataset)
        .bind(app)
        .execute()
        .await?;
    deleted_file::delete_of_app(tx, dataset, app, at).await?;
    make_room(tx, dataset, job, slug).await?;
    let last = last_number(tx, dataset).await?;
    let added = tx
        .sql(
            "INSERT INTO dataset_file (dataset_id, number, side, path, path_key, path_sort, blob_id, modified_at, created_by, created_at, role, job_id, app_id)
             SELECT $1, $2 + ROW_NUMBER() OVER (ORDER BY o.path_sort, o.number), 'output', o.path, o.path_key, o.path_sort, o.blob_id, o.modified_at,
                $3, $4, o.role, o.job_id, $5
             FROM job_output o WHERE o.job_id = $6",
        )
        .bind(dataset)
        .bind(last)
        .bind(by)
        .bind(at)
        .bind(app)
        .bind(job)
        .execute()
        .await?;
    tx.sql("DELETE FROM job_output WHERE job_id = $1").bind(job).execute().await?;
    layer::insert_of_job(tx, permit, job, by, at).await?;
    dataset_file::recount(tx, permit, last + i64::try_from(added).unwrap_or(0), added > 0, at).await?;
    Ok(added)
}

/// Moves outputs of a job whose paths are taken among the results of its dataset.
async fn make_room(tx: &mut Tx, dataset: ResourceId, job: JobId, slug: &str) -> Result<()> {
    let rows: Vec<(i64, String)> =
        tx.sql("SELECT number, path FROM job_output WHERE job_id = $1 ORDER BY number").bind(job).all().await?;
    let mut outputs: Vec<(i64, FilePath)> =
        rows.into_iter().filter_map(|(number, path)| Some((number, FilePath::parse(&path).ok()?))).collect();
    outputs.sort_by_key(|(_, path)| path.sort_key());
    let around = outputs.iter().flat_map(|(_, path)| path.folder_keys().into_iter().chain([path.key()]));
    let around: Vec<String> = around.collect::<BTreeSet<_>>().into_iter().collect();
    let files = dataset_file::list_by_keys(tx, dataset, Side::Output, &around).await?.into_keys().collect();
    let folders = dataset_file::list_folder_keys(tx, dataset, Side::Output, &around).await?;
    let taken = Taken { files, folders };
    let own = folders_of(slug);
    // A slug is in lower case, so these are keys as well.
    let used_files = dataset_file::list_by_keys(tx, dataset, Side::Output, &own).await?;
    let used_folders = dataset_file::list_folder_keys(tx, dataset, Side::Output, &own).await?;
    let written: BTreeSet<String> =
        outputs.iter().filter_map(|(_, path)| path.key().split('/').next().map(str::to_owned)).collect();
    let is_free = |key: &String| !used_files.contains_key(key) && !used_folders.contains(key) && !written.contains(key);
    let free: Vec<String> = own.into_iter().filter(is_free).collect();
    for chunk in moved(&outputs, taken, &free).chunks(CHUNK) {
        tx.sql_rows(
            "WITH listed(number, path, path_key, path_sort) AS (VALUES {rows:4})
             UPDATE job_output SET path = listed.path, path_key = listed.path_key, path_sort = listed.path_sort
             FROM listed WHERE job_output.job_id = {1} AND job_output.number = listed.number",
            chunk,
            |statement, (number, path)| {
                statement.bind(*number).bind(path.as_str().to_owned()).bind(path.key()).bind(path.sort_key())
            },
        )
        .bind(job)
        .execute()
        .await?;
    }
    Ok(())
}

/// The highest number that a file of a dataset ever had.
async fn last_number(tx: &mut Tx, dataset: ResourceId) -> Result<i64> {
    tx.sql("SELECT last_file FROM resource WHERE id = $1").bind(dataset).number().await
}
