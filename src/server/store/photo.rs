//! Tables `photo` and `photo_preview`: what is known of blobs that are photos, and the objects of their previews (FILE-5).
//!
//! A node claims photos that are due for a while, and with the claim come the rows of the objects that it is going to write. Whoever
//! finishes shows the claim: a node that was too slow changes nothing. Objects that a claim left behind go to the trash.
//!
//! # Invariants
//! - The row of an object is written before the object, as everywhere.
//! - A photo has both previews, both while it is claimed, or none.

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, live, values::from_columns};
use crate::domain::{
    file::Media,
    id::{BlobId, ObjectId, OrganizationId, PersonId, ResourceId},
    photo::{CaptureTime, Luminance, MAX_ATTEMPTS, MAX_COMPARED, Measured, PhotoFacts, Position, PreviewSize},
    survey::SurveyPhoto,
    time::Timestamp,
};

/// How many datasets are told that a photo of theirs is ready, at most.
const MAX_TOLD: i64 = 200;

/// A photo that is to be opened in the turn of a person, unless it was before.
pub async fn insert(
    tx: &mut Tx,
    blob: BlobId,
    (person, organization): (PersonId, OrganizationId),
    at: Timestamp,
) -> Result<()> {
    tx.sql(
        "INSERT INTO photo (blob_id, person_id, organization_id, state, due_at, attempts) VALUES ($1, $2, $3, 'waiting', $4, 0)
         ON CONFLICT (blob_id) DO NOTHING",
    )
    .bind(blob)
    .bind(person)
    .bind(organization)
    .bind(at)
    .execute()
    .await
    .map(|_| ())
}

/// When the first and the last photo of a dataset were taken, of those that are not left out, by the clocks of the cameras.
pub async fn find_span(tx: &mut Tx, dataset: ResourceId) -> Result<Option<(Timestamp, Timestamp)>> {
    let (first, last): (Option<Timestamp>, Option<Timestamp>) = tx
        .sql(
            "SELECT MIN(o.taken_at), MAX(o.taken_at) FROM dataset_file f JOIN photo o ON o.blob_id = f.blob_id
             WHERE f.dataset_id = $1 AND f.side = 'input' AND NOT f.left_out",
        )
        .bind(dataset)
        .one()
        .await?;
    Ok(first.zip(last))
}

/// A photo that a node has claimed.
#[derive(Debug, Clone, FromRow)]
pub struct ClaimedPhoto {
    #[sqlx(rename = "blob_id")]
    pub blob: BlobId,
    pub cluster: String,
    pub media: Media,
    pub bytes: i64,
    /// How many times it was tried, with this one.
    pub attempts: i64,
    /// The organization that it came to first.
    #[sqlx(rename = "organization_id")]
    pub organization: Option<OrganizationId>,
}

/// What a node claims photos with.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    pub id: Uuid,
    pub now: Timestamp,
    /// Until then no other node is at them.
    pub until: Timestamp,
    pub limit: i64,
    /// Objects that an earlier claim left behind are freed then.
    pub not_before: Timestamp,
}

/// Claims photos of a person that are due. Those that were tried too often are claimed as well, so that somebody gives them up.
pub async fn claim(tx: &mut Tx, person: PersonId, claim: &Claim) -> Result<Vec<ClaimedPhoto>> {
    let claiming = tx
        .sql(
            "UPDATE photo SET due_at = $2, claim_id = $3, attempts = attempts + 1 WHERE blob_id IN (
                SELECT blob_id FROM photo WHERE state = 'waiting' AND due_at <= $1 AND person_id = $5
                ORDER BY due_at LIMIT CAST($4 AS BIGINT))
             RETURNING blob_id",
        )
        .bind(claim.now)
        .bind(claim.until)
        .bind(claim.id)
        .bind(claim.limit)
        .bind(person);
    let blobs: Vec<BlobId> = claiming.column().await?;
    discard_previews(tx, &blobs, claim.not_before).await?;
    let mut claimed = Vec::with_capacity(blobs.len());
    for chunk in blobs.chunks(CHUNK) {
        let rows: Vec<ClaimedPhoto> = tx
            .sql_list(
                "SELECT p.blob_id, b.cluster, b.media, b.bytes, p.attempts, p.organization_id FROM photo p JOIN blob b ON b.id = p.blob_id
                 WHERE p.blob_id IN ({ids})",
                chunk,
            )
            .all()
            .await?;
        claimed.extend(rows);
    }
    Ok(claimed)
}

/// Says which objects the previews of claimed photos are going to be.
pub async fn insert_previews(tx: &mut Tx, previews: &[(BlobId, PreviewSize, ObjectId)]) -> Result<()> {
    for chunk in previews.chunks(CHUNK) {
        tx.sql_rows(
            "INSERT INTO photo_preview (blob_id, size, object_id, bytes)
             WITH listed(blob_id, size, object_id) AS (VALUES {rows:3})
             SELECT blob_id, size, object_id, 0 FROM listed WHERE TRUE
             ON CONFLICT (blob_id, size) DO NOTHING",
            chunk,
            |statement, (blob, size, object)| statement.bind(*blob).bind(i64::from(size.pixels())).bind(*object),
        )
        .execute()
        .await?;
    }
    Ok(())
}

/// What became of a photo that could be opened.
#[derive(Debug, Clone)]
pub struct MadePhoto<'a> {
    pub blob: BlobId,
    pub facts: &'a PhotoFacts,
    pub measured: &'a Measured,
    /// The sizes of its previews in bytes.
    pub small: i64,
    pub large: i64,
}

/// Gives the datasets that have a photo to process and no day yet the day on which it was taken, by the clock of its camera (DRIVE-6).
pub async fn update_captured(tx: &mut Tx, blob: BlobId) -> Result<()> {
    tx.sql(
        "UPDATE resource SET captured_on = (SELECT o.taken_at / 86400000 FROM photo o WHERE o.blob_id = $1)
         WHERE captured_on IS NULL AND kind = 'dataset' AND EXISTS (SELECT 1 FROM photo o WHERE o.blob_id = $1 AND o.taken_at > 0)
            AND id IN (SELECT f.dataset_id FROM dataset_file f WHERE f.blob_id = $1 AND f.side = 'input' LIMIT CAST($2 AS BIGINT))",
    )
    .bind(blob)
    .bind(MAX_TOLD)
    .execute()
    .await
    .map(|_| ())
}

/// Says what became of a claimed photo, and forgets the claim; whether the claim still held.
pub async fn update_made(tx: &mut Tx, claim: Uuid, made: &MadePhoto<'_>) -> Result<bool> {
    let (facts, measured) = (made.facts, made.measured);
    let updated = tx
        .sql(
            "UPDATE photo SET state = 'made', claim_id = NULL, width = $3, height = $4, taken_at = $5, taken_offset_minutes = $6,
                latitude = $7, longitude = $8, altitude_mm = $9, height_mm = $10, yaw_mdeg = $11, pitch_mdeg = $12, roll_mdeg = $13,
                accuracy_mm = $14, focal_um = $15, focal35_um = $16, make = $17, model = $18, serial = $19, sharpness = $20,
                luminance = $21, look = $22
             WHERE blob_id = $1 AND claim_id = $2",
        )
        .bind(made.blob)
        .bind(claim)
        .bind(i64::from(measured.width))
        .bind(i64::from(measured.height))
        .bind(facts.taken.map(|taken| taken.clock))
        .bind(facts.taken.and_then(|taken| taken.offset_minutes))
        .bind(facts.position.map(|position| position.latitude))
        .bind(facts.position.map(|position| position.longitude))
        .bind(facts.altitude_mm)
        .bind(facts.height_mm)
        .bind(facts.yaw_mdeg)
        .bind(facts.pitch_mdeg)
        .bind(facts.roll_mdeg)
        .bind(facts.accuracy_mm)
        .bind(facts.focal_um)
        .bind(facts.focal35_um)
        .bind(facts.make.clone())
        .bind(facts.model.clone())
        .bind(facts.serial.clone())
        .bind(measured.sharpness)
        .bind(measured.luminance.text())
        .bind(measured.look)
        .execute()
        .await?;
    if updated == 0 {
        return Ok(false);
    }
    tx.sql("UPDATE photo_preview SET bytes = CASE WHEN size = 320 THEN $2 ELSE $3 END WHERE blob_id = $1")
        .bind(made.blob)
        .bind(made.small)
        .bind(made.large)
        .execute()
        .await?;
    Ok(true)
}

/// Lets go of a claimed photo: it is due again then, or, with a problem, never. Whether the claim still held.
pub async fn update_not_made(
    tx: &mut Tx,
    claim: Uuid,
    blob: BlobId,
    problem: Option<&str>,
    due_at: Timestamp,
    not_before: Timestamp,
) -> Result<bool> {
    let updated = tx
        .sql(
            "UPDATE photo SET state = CASE WHEN $3 IS NULL THEN 'waiting' ELSE 'failed' END, problem = $3, claim_id = NULL, due_at = $4
             WHERE blob_id = $1 AND claim_id = $2",
        )
        .bind(blob)
        .bind(claim)
        .bind(problem.map(str::to_owned))
        .bind(due_at)
        .execute()
        .await?;
    if updated > 0 {
        discard_previews(tx, &[blob], not_before).await?;
    }
    Ok(updated > 0)
}

/// Lets go of a claimed photo that nobody has begun with: that was no attempt.
pub async fn update_not_begun(
    tx: &mut Tx,
    claim: Uuid,
    blob: BlobId,
    now: Timestamp,
    not_before: Timestamp,
) -> Result<()> {
    let updated = tx
        .sql("UPDATE photo SET claim_id = NULL, due_at = $3, attempts = attempts - 1 WHERE blob_id = $1 AND claim_id = $2")
        .bind(blob)
        .bind(claim)
        .bind(now)
        .execute()
        .await?;
    if updated > 0 {
        discard_previews(tx, &[blob], not_before).await?;
    }
    Ok(())
}

/// Gives a turn to what has none: a node of an older version wrote it.
pub async fn update_without_turn(tx: &mut Tx) -> Result<()> {
    tx.sql("UPDATE photo SET person_id = blob_id WHERE state = 'waiting' AND person_id IS NULL")
        .execute()
        .await
        .map(|_| ())
}

/// Makes all photos due again that a process had claimed that is gone. The claim stays, as long as there is what it was going to write:
/// who takes the photo next discards that.
pub async fn release_all(tx: &mut Tx, now: Timestamp) -> Result<()> {
    tx.sql("UPDATE photo SET due_at = $1 WHERE state = 'waiting' AND due_at > $1 AND claim_id IS NOT NULL AND attempts < $2")
        .bind(now)
        .bind(MAX_ATTEMPTS)
        .execute()
        .await?;
    Ok(())
}

/// Forgets photos, whose blobs are deleted; their previews go to the trash.
pub async fn delete(tx: &mut Tx, blobs: &[BlobId], not_before: Timestamp) -> Result<()> {
    discard_previews(tx, blobs, not_before).await?;
    for chunk in blobs.chunks(CHUNK) {
        tx.sql_list("DELETE FROM photo WHERE blob_id IN ({ids})", chunk).execute().await?;
    }
    Ok(())
}

async fn discard_previews(tx: &mut Tx, blobs: &[BlobId], not_before: Timestamp) -> Result<()> {
    for chunk in blobs.chunks(CHUNK) {
        tx.sql_list(
            "INSERT INTO object_trash (object_id, cluster, not_before, attempts)
             SELECT v.object_id, b.cluster, {1}, 0 FROM photo_preview v JOIN blob b ON b.id = v.blob_id WHERE v.blob_id IN ({ids})",
            chunk,
        )
        .bind(not_before)
        .execute()
        .await?;
        tx.sql_list("DELETE FROM photo_preview WHERE blob_id IN ({ids})", chunk).execute().await?;
    }
    Ok(())
}

/// How many files of a dataset are looked at for the photo that it is shown with.
const MAX_PICTURES: i64 = 8;

/// The photos that datasets are shown with, by their numbers: of each the first that was opened, among its first few files.
pub async fn list_pictures(tx: &mut Tx, datasets: &[ResourceId]) -> Result<Vec<(ResourceId, i64)>> {
    let mut found = Vec::new();
    for chunk in datasets.chunks(CHUNK) {
        let rows: Vec<(ResourceId, Option<i64>)> = tx
            .sql_rows(
                "WITH listed(id) AS (VALUES {rows:1})
                 SELECT listed.id, (
                    SELECT f.number FROM (
                        SELECT d.number, d.blob_id, d.path_sort FROM dataset_file d WHERE d.dataset_id = listed.id AND d.side = 'input'
                        ORDER BY d.path_sort, d.number LIMIT CAST({1} AS BIGINT)) f JOIN photo p ON p.blob_id = f.blob_id
                    WHERE p.state = 'made' ORDER BY f.path_sort, f.number LIMIT 1)
                 FROM listed",
                chunk,
                |statement, id| statement.bind(*id),
            )
            .bind(MAX_PICTURES)
            .all()
            .await?;
        found.extend(rows.into_iter().filter_map(|(dataset, number)| Some((dataset, number?))));
    }
    Ok(found)
}

/// The object of a preview that is written, and its size.
pub async fn find_preview(tx: &mut Tx, blob: BlobId, size: PreviewSize) -> Result<Option<(ObjectId, i64)>> {
    tx.sql("SELECT object_id, bytes FROM photo_preview WHERE blob_id = $1 AND size = $2 AND bytes > 0")
        .bind(blob)
        .bind(i64::from(size.pixels()))
        .optional()
        .await
}

/// A photo of a survey, and where its large preview is.
#[derive(Debug, Clone)]
pub struct ListedPhoto {
    pub photo: SurveyPhoto,
    /// The path as it sorts.
    pub path_sort: String,
    pub cluster: String,
    /// The object and its size.
    pub preview: Option<(ObjectId, i64)>,
}

from_columns! {
    ListedPhoto: number: i64, path: String, path_sort: String, blob_id: BlobId, cluster: String, width: Option<i64>, height: Option<i64>,
        taken_at: Option<Timestamp>, taken_offset_minutes: Option<i64>, latitude: Option<i64>, longitude: Option<i64>,
        altitude_mm: Option<i64>, height_mm: Option<i64>, yaw_mdeg: Option<i64>, pitch_mdeg: Option<i64>,
        roll_mdeg: Option<i64>, accuracy_mm: Option<i64>, focal_um: Option<i64>, focal35_um: Option<i64>,
        make: Option<String>, model: Option<String>, serial: Option<String>, sharpness: Option<i64>, luminance: Option<String>,
        look: Option<i64>, problem: Option<String>, object_id: Option<ObjectId>, preview_bytes: Option<i64>;
    Self {
        photo: SurveyPhoto {
            number,
            path,
            blob: blob_id,
            facts: PhotoFacts {
                taken: taken_at.map(|clock| CaptureTime { clock, offset_minutes: taken_offset_minutes }),
                position: latitude.zip(longitude).and_then(|(latitude, longitude)| Position::new(latitude, longitude)),
                altitude_mm, height_mm, yaw_mdeg, pitch_mdeg, roll_mdeg, accuracy_mm, focal_um, focal35_um, make, model, serial,
            },
            opened: measured(width.zip(height), sharpness, luminance.as_deref(), look)
                .ok_or_else(|| problem.unwrap_or_else(|| "It has not been opened.".to_owned())),
        },
        path_sort,
        cluster,
        preview: object_id.zip(preview_bytes).filter(|(_, bytes)| *bytes > 0),
    }
}

/// What was measured of a photo, if it was.
fn measured(
    size: Option<(i64, i64)>,
    sharpness: Option<i64>,
    luminance: Option<&str>,
    look: Option<i64>,
) -> Option<Measured> {
    let (width, height) = size?;
    Some(Measured {
        width: u32::try_from(width).ok()?,
        height: u32::try_from(height).ok()?,
        sharpness: sharpness?,
        luminance: luminance.and_then(Luminance::read)?,
        look: look?,
    })
}

/// The photos of a dataset that are not left out, in the order of their paths, after one (its path as it sorts, and its number).
pub async fn list_of_survey(
    tx: &mut Tx,
    dataset: ResourceId,
    after: (&str, i64),
    limit: i64,
) -> Result<Vec<ListedPhoto>> {
    tx.sql(
        "SELECT f.number, f.path, f.path_sort, f.blob_id, b.cluster, o.width, o.height, o.taken_at, o.taken_offset_minutes, o.latitude,
            o.longitude, o.altitude_mm, o.height_mm, o.yaw_mdeg, o.pitch_mdeg, o.roll_mdeg, o.accuracy_mm, o.focal_um, o.focal35_um,
            o.make, o.model, o.serial, o.sharpness, o.luminance, o.look, o.problem, v.object_id, v.bytes AS preview_bytes
         FROM dataset_file f JOIN blob b ON b.id = f.blob_id JOIN photo o ON o.blob_id = f.blob_id
            LEFT JOIN photo_preview v ON v.blob_id = f.blob_id AND v.size = $5
         WHERE f.dataset_id = $1 AND f.side = 'input' AND (f.path_sort, f.number) > ($2, $3) AND NOT f.left_out
         ORDER BY f.path_sort, f.number LIMIT CAST($4 AS BIGINT)",
    )
    .bind(dataset)
    .bind(after.0.to_owned())
    .bind(after.1)
    .bind(limit)
    .bind(i64::from(PreviewSize::Large.pixels()))
    .all()
    .await
}

/// A photo of a dataset that knows where it was taken.
#[derive(Debug, Clone, FromRow)]
pub struct PhotoPlace {
    pub number: i64,
    pub path: String,
    pub left_out: bool,
    pub latitude: i64,
    pub longitude: i64,
}

/// The first photos of a dataset that know where they were taken, in the order of their paths.
pub async fn list_places(tx: &mut Tx, dataset: ResourceId, limit: i64) -> Result<Vec<PhotoPlace>> {
    tx.sql(
        "SELECT f.number, f.path, f.left_out, o.latitude, o.longitude FROM dataset_file f JOIN photo o ON o.blob_id = f.blob_id
         WHERE f.dataset_id = $1 AND f.side = 'input' AND o.latitude IS NOT NULL AND o.longitude IS NOT NULL
         ORDER BY f.path_sort, f.number LIMIT CAST($2 AS BIGINT)",
    )
    .bind(dataset)
    .bind(limit)
    .all()
    .await
}

/// How sharp the first photos of a dataset are.
pub async fn list_sharpness(tx: &mut Tx, dataset: ResourceId) -> Result<Vec<i64>> {
    tx.sql(
        "SELECT p.sharpness FROM (
            SELECT blob_id, left_out FROM dataset_file WHERE dataset_id = $1 AND side = 'input' ORDER BY path_sort, number LIMIT CAST($2 AS BIGINT)) f
         JOIN photo p ON p.blob_id = f.blob_id WHERE p.state = 'made' AND NOT f.left_out",
    )
    .bind(dataset)
    .bind(MAX_COMPARED)
    .column()
    .await
}

/// Tells everyone who has a dataset with one of these blobs open.
pub async fn touch_datasets(tx: &mut Tx, blobs: &[BlobId]) -> Result<()> {
    for chunk in blobs.chunks(CHUNK) {
        let mut datasets: Vec<ResourceId> = tx
            .sql_list("SELECT dataset_id FROM dataset_file WHERE blob_id IN ({ids}) LIMIT CAST({1} AS BIGINT)", chunk)
            .bind(MAX_TOLD)
            .column()
            .await?;
        datasets.sort_unstable();
        datasets.dedup();
        live::touch(tx, &datasets).await?;
    }
    Ok(())
}
