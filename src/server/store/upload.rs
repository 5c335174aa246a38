//! Tables `upload` and `upload_piece`: files on their way (FILE-3).
//!
//! # Invariants
//! - The row of a piece is there before its object, and goes to `object_trash` where it does not become a part of a blob. So every
//!   object is known, whenever a node dies.
//! - Who sends bytes holds the upload by a claim; what it wrote counts only under that claim.

use std::collections::BTreeSet;

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx};
use crate::domain::{
    app::OutputRole,
    file::Side,
    id::{JobId, ObjectId, OrganizationId, PersonId, ResourceId, UploadId},
    permit::Permit,
    resource::DatasetStatus,
    time::Timestamp,
    upload::{Fingerprint, OnConflict, OpenUpload, UploadProgress},
};

/// How many uploads one statement inserts.
const INSERT_BATCH: usize = 64;

/// An upload into the permit's dataset.
#[derive(Debug, Clone)]
pub struct NewUpload {
    pub id: UploadId,
    pub path: String,
    pub path_key: String,
    pub fingerprint: Fingerprint,
}

/// What all uploads of a plan have in common.
#[derive(Debug, Clone)]
pub struct NewUploads<'a> {
    pub side: Side,
    pub on_conflict: OnConflict,
    /// The checksum of nothing.
    pub hash_state: &'a str,
    pub at: Timestamp,
    pub expires_at: Timestamp,
}

/// Begins uploads into the permit's dataset.
///
/// # Errors
/// `Taken` where an upload of the same person to the same path is under way.
pub async fn insert_all(tx: &mut Tx, permit: &Permit, common: &NewUploads<'_>, uploads: &[NewUpload]) -> Result<()> {
    for chunk in uploads.chunks(INSERT_BATCH) {
        tx.sql_rows(
            "INSERT INTO upload (id, dataset_id, person_id, side, path, path_key, on_conflict, modified_at, bytes, received, pieces, hash_state, crc32, head, created_at, expires_at)
             WITH listed(id, path, path_key, bytes, modified_at) AS (VALUES {rows:5})
             SELECT DISTINCT id, {1}, {2}, {3}, path, path_key, {4}, modified_at, bytes, 0, 0, {5}, 0, '', {6}, {7} FROM listed",
            chunk,
            |statement, new| {
                statement
                    .bind(new.id)
                    .bind(new.path.clone())
                    .bind(new.path_key.clone())
                    .bind(new.fingerprint.bytes)
                    .bind(new.fingerprint.modified_at)
            },
        )
        .bind(permit.resource())
        .bind(permit.person())
        .bind(common.side)
        .bind(common.on_conflict)
        .bind(common.hash_state.to_owned())
        .bind(common.at)
        .bind(common.expires_at)
        .execute()
        .await?;
    }
    Ok(())
}

/// An upload.
#[derive(Debug, Clone, FromRow)]
pub struct Upload {
    pub id: UploadId,
    #[sqlx(rename = "dataset_id")]
    pub dataset: ResourceId,
    #[sqlx(rename = "organization_id")]
    pub organization: OrganizationId,
    /// Who sends it.
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    /// Their name; a key's where a machine sends it.
    pub person_name: String,
    pub side: Side,
    pub path: String,
    pub path_key: String,
    pub on_conflict: OnConflict,
    pub modified_at: Option<Timestamp>,
    pub bytes: i64,
    pub received: i64,
    /// How many pieces were begun.
    pub pieces: i64,
    /// The state of SHA-256, in hexadecimal.
    pub hash_state: String,
    pub crc32: i64,
    /// The first bytes, in hexadecimal.
    pub head: String,
    #[sqlx(rename = "claim_id")]
    pub claim: Option<Uuid>,
    pub claimed_until: Option<Timestamp>,
    pub expires_at: Timestamp,
    /// The file it became.
    pub file_number: Option<i64>,
    /// Where the dataset is stored.
    pub cluster: String,
    /// How far the dataset has come.
    pub status: DatasetStatus,
    /// How many jobs hold the dataset's images.
    pub live_jobs: i64,
    /// The job that it is an output of, and what it will be.
    #[sqlx(rename = "job_id")]
    pub job: Option<JobId>,
    pub role: Option<OutputRole>,
}

impl Upload {
    /// How far it is.
    pub const fn progress(&self) -> UploadProgress {
        UploadProgress {
            bytes: self.bytes,
            received: self.received,
            pieces: self.pieces,
            claimed_until: self.claimed_until,
            expires_at: self.expires_at,
            finished: self.file_number.is_some(),
        }
    }
}

/// The columns of an upload, once for all queries.
macro_rules! uploads {
    ($where_and_order:literal) => {
        concat!(
            "SELECT u.id, u.dataset_id, r.organization_id, u.person_id, p.first_name || ' ' || p.last_name AS person_name, u.side, u.path, u.path_key, u.on_conflict, u.modified_at, u.bytes, u.received, u.pieces,
                u.hash_state, u.crc32, u.head, u.claim_id, u.claimed_until, u.expires_at, u.file_number, COALESCE(r.cluster, '') AS cluster, r.status,
                r.live_jobs, u.job_id, u.role
             FROM upload u JOIN resource r ON r.id = u.dataset_id JOIN person p ON p.id = u.person_id WHERE ",
            $where_and_order
        )
    };
}

/// An upload of a person.
pub async fn find(tx: &mut Tx, id: UploadId, person: PersonId) -> Result<Option<Upload>> {
    tx.sql(uploads!("u.id = $1 AND u.person_id = $2 AND u.job_id IS NULL")).bind(id).bind(person).optional().await
}

/// An upload of an output of a job.
pub async fn find_of_job(tx: &mut Tx, id: UploadId, job: JobId) -> Result<Option<Upload>> {
    tx.sql(uploads!("u.id = $1 AND u.job_id = $2")).bind(id).bind(job).optional().await
}

/// How many uploads of outputs of a job are under way.
pub async fn count_open_of_job(tx: &mut Tx, job: JobId) -> Result<i64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM upload WHERE job_id = $1 AND file_number IS NULL")
        .bind(job)
        .number()
        .await
}

/// The key of the path of an upload that is under way, its id, size, time of change, how much was received, and until when it is kept.
type OpenRow = (String, UploadId, i64, Option<Timestamp>, i64, Timestamp);

fn open_upload((key, id, bytes, modified_at, received, expires_at): OpenRow) -> (String, OpenUpload, i64, Timestamp) {
    let fingerprint = Fingerprint { bytes, modified_at };
    (key, OpenUpload { id, fingerprint, complete: received == bytes }, received, expires_at)
}

/// The uploads of outputs of a job to one of these paths that are under way: their keys, and what the plan has to know.
pub async fn list_open_of_job_by_keys(
    tx: &mut Tx,
    job: JobId,
    keys: &[String],
) -> Result<Vec<(String, OpenUpload, i64, Timestamp)>> {
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<OpenRow> = tx
            .sql_list(
                "SELECT path_key, id, bytes, modified_at, received, expires_at FROM upload
                 WHERE job_id = {1} AND file_number IS NULL AND path_key IN ({ids})",
                chunk,
            )
            .bind(job)
            .all()
            .await?;
        found.extend(rows.into_iter().map(open_upload));
    }
    Ok(found)
}

/// Begins uploads of outputs of a job, each with what it will be.
///
/// # Errors
/// `Taken` where an upload of the job to the same path is under way.
pub async fn insert_outputs(
    tx: &mut Tx,
    permit: &Permit,
    common: &NewUploads<'_>,
    job: JobId,
    uploads: &[(NewUpload, OutputRole)],
) -> Result<()> {
    for chunk in uploads.chunks(INSERT_BATCH) {
        tx.sql_rows(
            "INSERT INTO upload (id, dataset_id, person_id, side, path, path_key, on_conflict, modified_at, bytes, received, pieces, hash_state, crc32, head, created_at, expires_at, job_id, role)
             WITH listed(id, path, path_key, bytes, modified_at, role) AS (VALUES {rows:6})
             SELECT DISTINCT id, {1}, {2}, {3}, path, path_key, {4}, modified_at, bytes, 0, 0, {5}, 0, '', {6}, {7}, {8}, role FROM listed",
            chunk,
            |statement, (new, role)| {
                statement
                    .bind(new.id)
                    .bind(new.path.clone())
                    .bind(new.path_key.clone())
                    .bind(new.fingerprint.bytes)
                    .bind(new.fingerprint.modified_at)
                    .bind(*role)
            },
        )
        .bind(permit.resource())
        .bind(permit.person())
        .bind(common.side)
        .bind(common.on_conflict)
        .bind(common.hash_state.to_owned())
        .bind(common.at)
        .bind(common.expires_at)
        .bind(job)
        .execute()
        .await?;
    }
    Ok(())
}

/// The uploads of a person into a dataset that are under way, by their ids, after a given one.
pub async fn list_open(
    tx: &mut Tx,
    dataset: ResourceId,
    person: PersonId,
    after: UploadId,
    limit: i64,
) -> Result<Vec<Upload>> {
    tx.sql(uploads!(
        "u.dataset_id = $1 AND u.person_id = $2 AND u.file_number IS NULL AND u.job_id IS NULL AND u.id > $3 ORDER BY u.id LIMIT CAST($4 AS BIGINT)"
    ))
    .bind(dataset)
    .bind(person)
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// The uploads of everybody into a dataset that are under way, by who sends them and by their ids, after a given one.
pub async fn list_all_open(
    tx: &mut Tx,
    dataset: ResourceId,
    after: (PersonId, UploadId),
    limit: i64,
) -> Result<Vec<Upload>> {
    tx.sql(uploads!(
        "u.dataset_id = $1 AND u.file_number IS NULL AND (u.person_id, u.id) > ($2, $3)
         ORDER BY u.person_id, u.id LIMIT CAST($4 AS BIGINT)"
    ))
    .bind(dataset)
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .all()
    .await
}

/// Who sends files to which dataset just now, in their order, after a given one.
pub async fn list_senders(
    tx: &mut Tx,
    after: (ResourceId, PersonId),
    limit: i64,
) -> Result<Vec<(ResourceId, PersonId)>> {
    tx.sql(
        "SELECT DISTINCT dataset_id, person_id FROM upload WHERE file_number IS NULL AND (dataset_id, person_id) > ($1, $2)
         ORDER BY dataset_id, person_id LIMIT CAST($3 AS BIGINT)",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .all()
    .await
}

/// Uploads of these people into these datasets that are under way, at most `limit` for every `CHUNK` of them.
pub async fn list_of_senders(
    tx: &mut Tx,
    senders: &[(ResourceId, PersonId)],
    limit: i64,
) -> Result<BTreeSet<UploadId>> {
    let mut found = BTreeSet::new();
    for chunk in senders.chunks(CHUNK) {
        let rows: Vec<UploadId> = tx
            .sql_rows(
                "WITH listed(dataset_id, person_id) AS (VALUES {rows:2})
                 SELECT u.id FROM listed JOIN upload u ON u.dataset_id = listed.dataset_id AND u.person_id = listed.person_id AND u.file_number IS NULL
                 LIMIT CAST({1} AS BIGINT)",
                chunk,
                |statement, (dataset, person)| statement.bind(*dataset).bind(*person),
            )
            .bind(limit)
            .column()
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// The uploads of a person to one of these paths that are under way: their keys, and what the plan has to know.
pub async fn list_open_by_keys(
    tx: &mut Tx,
    permit: &Permit,
    side: Side,
    keys: &[String],
) -> Result<Vec<(String, OpenUpload, i64, Timestamp)>> {
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<OpenRow> = tx
            .sql_list(
                "SELECT path_key, id, bytes, modified_at, received, expires_at FROM upload
                 WHERE dataset_id = {1} AND person_id = {2} AND side = {3} AND file_number IS NULL AND job_id IS NULL AND path_key IN ({ids})",
                chunk,
            )
            .bind(permit.resource())
            .bind(permit.person())
            .bind(side)
            .all()
            .await?;
        found.extend(rows.into_iter().map(open_upload));
    }
    Ok(found)
}

/// Gives the uploads of a job up: its outputs are not written any more.
pub async fn delete_of_job(tx: &mut Tx, job: JobId, not_before: Timestamp) -> Result<u64> {
    let uploads: Vec<UploadId> =
        tx.sql("SELECT id FROM upload WHERE job_id = $1 LIMIT 20000").bind(job).column().await?;
    delete(tx, &uploads, not_before).await
}

/// How many uploads of everybody are under way, counted up to `limit`.
pub async fn count_all_open(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<i64> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT 1 AS one FROM upload WHERE expires_at > $1 AND file_number IS NULL LIMIT CAST($2 AS BIGINT)) AS first",
    )
    .bind(now)
    .bind(limit)
    .number()
    .await
}

/// How many uploads into a dataset are under way: those of a person, and those of everybody.
pub async fn count_open(tx: &mut Tx, dataset: ResourceId, person: PersonId) -> Result<(i64, i64)> {
    tx.sql(
        "SELECT CAST(COALESCE(SUM(CASE WHEN person_id = $2 THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(COUNT(*) AS BIGINT)
         FROM upload WHERE dataset_id = $1 AND file_number IS NULL",
    )
    .bind(dataset)
    .bind(person)
    .one()
    .await
}

/// How many uploads of a person into a dataset are under way, and how many ended lately (see `FINISHED_KEPT_MILLIS`).
pub async fn count_of_person(tx: &mut Tx, dataset: ResourceId, person: PersonId) -> Result<(i64, i64)> {
    let row: Option<(i64, i64)> = tx
        .sql(
            "SELECT CAST(COALESCE(SUM(CASE WHEN file_number IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT),
                CAST(COALESCE(SUM(CASE WHEN file_number IS NULL THEN 0 ELSE 1 END), 0) AS BIGINT)
             FROM upload WHERE dataset_id = $1 AND person_id = $2 AND job_id IS NULL",
        )
        .bind(dataset)
        .bind(person)
        .optional()
        .await?;
    Ok(row.unwrap_or_default())
}

/// Changes what happens to uploads where another file has the path, and how long they wait: until `expires_at`, and until `unbegun_until`
/// where nothing of them came yet.
pub async fn update_plan(
    tx: &mut Tx,
    permit: &Permit,
    uploads: &[UploadId],
    on_conflict: OnConflict,
    (expires_at, unbegun_until): (Timestamp, Timestamp),
) -> Result<()> {
    for chunk in uploads.chunks(CHUNK) {
        tx.sql_list(
            "UPDATE upload SET on_conflict = {2}, expires_at = CASE WHEN received > 0 THEN {3} ELSE {4} END WHERE dataset_id = {1} AND id IN ({ids})",
            chunk,
        )
        .bind(permit.resource())
        .bind(on_conflict)
        .bind(expires_at)
        .bind(unbegun_until)
        .execute()
        .await?;
    }
    Ok(())
}

/// Lets a request hold an upload that no other holds. What one before it left unfinished goes to the trash.
pub async fn claim(tx: &mut Tx, upload: &Upload, claim: Uuid, until: Timestamp, now: Timestamp) -> Result<()> {
    discard_unwritten(tx, &[upload.id], now).await?;
    tx.sql("UPDATE upload SET claim_id = $2, claimed_until = $3 WHERE id = $1")
        .bind(upload.id)
        .bind(claim)
        .bind(until)
        .execute()
        .await
        .map(|_| ())
}

/// Holds an upload for longer; `false` where another request holds it now.
pub async fn renew(tx: &mut Tx, id: UploadId, claim: Uuid, until: Timestamp) -> Result<bool> {
    tx.sql("UPDATE upload SET claimed_until = $3 WHERE id = $1 AND claim_id = $2")
        .bind(id)
        .bind(claim)
        .bind(until)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Lets go of an upload.
pub async fn release(tx: &mut Tx, id: UploadId, claim: Uuid) -> Result<()> {
    tx.sql("UPDATE upload SET claim_id = NULL, claimed_until = NULL WHERE id = $1 AND claim_id = $2")
        .bind(id)
        .bind(claim)
        .execute()
        .await
        .map(|_| ())
}

/// Notes that an object is going to be written, under a claim; `false` where another request holds the upload now.
pub async fn insert_piece(tx: &mut Tx, id: UploadId, claim: Uuid, object: ObjectId) -> Result<bool> {
    let held = tx
        .sql("UPDATE upload SET pieces = pieces + 1 WHERE id = $1 AND claim_id = $2")
        .bind(id)
        .bind(claim)
        .execute()
        .await?;
    if held == 0 {
        return Ok(false);
    }
    tx.sql(
        "INSERT INTO upload_piece (upload_id, number, object_id, bytes, state)
         SELECT u.id, u.pieces, $2, 0, 'writing' FROM upload u WHERE u.id = $1",
    )
    .bind(id)
    .bind(object)
    .execute()
    .await?;
    Ok(true)
}

/// What is known once an object is written.
#[derive(Debug, Clone)]
pub struct WrittenPiece<'a> {
    pub object: ObjectId,
    pub bytes: i64,
    /// The state of SHA-256 behind it, in hexadecimal.
    pub hash_state: &'a str,
    pub crc32: u32,
    /// The first bytes of the file, in hexadecimal.
    pub head: &'a str,
    pub expires_at: Timestamp,
}

/// Notes that an object is written, under a claim; `false` where another request holds the upload now.
pub async fn update_written(tx: &mut Tx, id: UploadId, claim: Uuid, piece: &WrittenPiece<'_>) -> Result<bool> {
    let held = tx
        .sql(
            "UPDATE upload SET received = received + $3, hash_state = $4, crc32 = $5, head = $6, expires_at = $7
             WHERE id = $1 AND claim_id = $2",
        )
        .bind(id)
        .bind(claim)
        .bind(piece.bytes)
        .bind(piece.hash_state.to_owned())
        .bind(i64::from(piece.crc32))
        .bind(piece.head.to_owned())
        .bind(piece.expires_at)
        .execute()
        .await?;
    if held == 0 {
        return Ok(false);
    }
    tx.sql("UPDATE upload_piece SET bytes = $3, state = 'written' WHERE upload_id = $1 AND object_id = $2")
        .bind(id)
        .bind(piece.object)
        .bind(piece.bytes)
        .execute()
        .await?;
    Ok(true)
}

/// Notes how large the file of an upload is, once that is known.
pub async fn update_bytes(tx: &mut Tx, id: UploadId, bytes: i64) -> Result<()> {
    tx.sql("UPDATE upload SET bytes = $2 WHERE id = $1").bind(id).bind(bytes).execute().await.map(|_| ())
}

/// Puts what uploads have not finished writing into the trash; it may be deleted from `not_before` on.
pub async fn discard_unwritten(tx: &mut Tx, uploads: &[UploadId], not_before: Timestamp) -> Result<()> {
    for chunk in uploads.chunks(CHUNK) {
        tx.sql_list(
            "INSERT INTO object_trash (object_id, cluster, not_before, attempts)
             SELECT p.object_id, COALESCE(r.cluster, ''), {1}, 0 FROM upload_piece p JOIN upload u ON u.id = p.upload_id JOIN resource r ON r.id = u.dataset_id
             WHERE p.upload_id IN ({ids}) AND p.state = 'writing'",
            chunk,
        )
        .bind(not_before)
        .execute()
        .await?;
        tx.sql_list("DELETE FROM upload_piece WHERE upload_id IN ({ids}) AND state = 'writing'", chunk)
            .execute()
            .await?;
    }
    Ok(())
}

/// Puts every object of uploads into the trash; they may be deleted from `not_before` on.
pub async fn discard_pieces(tx: &mut Tx, uploads: &[UploadId], not_before: Timestamp) -> Result<()> {
    for chunk in uploads.chunks(CHUNK) {
        tx.sql_list(
            "INSERT INTO object_trash (object_id, cluster, not_before, attempts)
             SELECT p.object_id, COALESCE(r.cluster, ''), {1}, 0 FROM upload_piece p JOIN upload u ON u.id = p.upload_id JOIN resource r ON r.id = u.dataset_id
             WHERE p.upload_id IN ({ids})",
            chunk,
        )
        .bind(not_before)
        .execute()
        .await?;
        tx.sql_list("DELETE FROM upload_piece WHERE upload_id IN ({ids})", chunk).execute().await?;
    }
    Ok(())
}

/// Notes which file an upload became; nobody holds it any more.
pub async fn update_finished(tx: &mut Tx, id: UploadId, number: i64, expires_at: Timestamp) -> Result<()> {
    tx.sql("UPDATE upload SET file_number = $2, expires_at = $3, claim_id = NULL, claimed_until = NULL WHERE id = $1")
        .bind(id)
        .bind(number)
        .bind(expires_at)
        .execute()
        .await
        .map(|_| ())
}

/// Forgets uploads. Their objects go to the trash and may be deleted from `not_before` on.
pub async fn delete(tx: &mut Tx, uploads: &[UploadId], not_before: Timestamp) -> Result<u64> {
    if uploads.is_empty() {
        return Ok(0);
    }
    discard_pieces(tx, uploads, not_before).await?;
    let mut deleted = 0;
    for chunk in uploads.chunks(CHUNK) {
        deleted += tx.sql_list("DELETE FROM upload WHERE id IN ({ids})", chunk).execute().await?;
    }
    Ok(deleted)
}

/// Uploads that nobody went on with, and those that ended long enough ago.
pub async fn list_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<UploadId>> {
    tx.sql(
        "SELECT id FROM upload WHERE expires_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)
         ORDER BY expires_at LIMIT CAST($2 AS BIGINT)",
    )
    .bind(now)
    .bind(limit)
    .column()
    .await
}

/// Uploads that a request held which died.
pub async fn list_abandoned(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<UploadId>> {
    tx.sql(
        "SELECT id FROM upload WHERE claimed_until IS NOT NULL AND claimed_until <= $1 ORDER BY claimed_until LIMIT CAST($2 AS BIGINT)",
    )
    .bind(now)
    .bind(limit)
    .column()
    .await
}

/// Takes uploads from requests that died.
pub async fn release_abandoned(tx: &mut Tx, uploads: &[UploadId], now: Timestamp) -> Result<()> {
    discard_unwritten(tx, uploads, now).await?;
    for chunk in uploads.chunks(CHUNK) {
        tx.sql_list("UPDATE upload SET claim_id = NULL, claimed_until = NULL WHERE id IN ({ids})", chunk)
            .execute()
            .await?;
    }
    Ok(())
}

/// Takes every upload from the request that holds it, at the start of the only process.
pub async fn release_all(tx: &mut Tx, not_before: Timestamp) -> Result<()> {
    let held: Vec<UploadId> = tx.sql("SELECT id FROM upload WHERE claimed_until IS NOT NULL").column().await?;
    release_abandoned(tx, &held, not_before).await
}
