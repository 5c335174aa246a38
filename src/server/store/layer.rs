//! Table `view_layer`: what rasters are shown as in the viewer (VIEW-1).
//!
//! A row belongs to the bytes of a raster, so copies share it, and transfers touch none of it. Its file of tiles is a blob like any
//! other, which goes when the row goes. A node claims a layer for a while, and with the claim comes the object that it is going to
//! write. Whoever finishes shows the claim: a node that was too slow changes nothing.
//!
//! # Invariants
//! - The row of an object is written before the object, as everywhere.
//! - A layer has a file of tiles once it is ready, and not before.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    CHUNK, Result, Tx,
    values::{Json, from_columns},
};
use crate::{
    domain::{
        app::OutputRole,
        file::Media,
        id::{BlobId, JobId, ObjectId, PersonId, ResourceId},
        layer::{Lane, LayerKind, LayerState, MAX_ATTEMPTS, MAX_SHOWN, titles},
        permit::Permit,
        photo::{Position, retry_after_millis},
        time::Timestamp,
    },
    view::viewer::LayerView,
};

/// How many results of a job are looked at.
const MAX_RESULTS: i64 = 10_000;

/// Makes layers of what a job has just published in the permit's dataset, each in the turn of who started the job.
pub async fn insert_of_job(tx: &mut Tx, permit: &Permit, job: JobId, by: PersonId, at: Timestamp) -> Result<()> {
    let results: Vec<(BlobId, OutputRole, String, Media)> = tx
        .sql(
            "SELECT f.blob_id, f.role, f.path, b.media FROM dataset_file f JOIN blob b ON b.id = f.blob_id
             WHERE f.dataset_id = $1 AND f.app_id IS NOT NULL AND f.job_id = $2 AND f.role IN ('mosaic', 'orthophoto', 'dsm', 'dtm', 'coverage')
             LIMIT CAST($3 AS BIGINT)",
        )
        .bind(permit.resource())
        .bind(job)
        .bind(MAX_RESULTS)
        .all()
        .await?;
    let mut layers: Vec<(BlobId, LayerKind)> = results
        .into_iter()
        .filter_map(|(blob, role, path, media)| Some((blob, LayerKind::of_result(role, media, &path)?)))
        .collect();
    layers.sort_unstable();
    layers.dedup();
    for chunk in layers.chunks(CHUNK) {
        tx.sql_rows(
            "INSERT INTO view_layer (blob_id, kind, person_id, organization_id, state, due_at, attempts)
             WITH listed(blob_id, kind) AS (VALUES {rows:2})
             SELECT blob_id, kind, {3}, {2}, 'waiting', {1}, 0 FROM listed WHERE TRUE
             ON CONFLICT (blob_id, kind) DO NOTHING",
            chunk,
            |statement, (blob, kind)| statement.bind(*blob).bind(*kind),
        )
        .bind(at)
        .bind(permit.organization())
        .bind(by)
        .execute()
        .await?;
    }
    Ok(())
}

/// A result of a dataset, and the layer that its bytes are.
struct ListedLayer {
    role: OutputRole,
    path: String,
    layer: LayerView,
}

from_columns! {
    ListedLayer: number: i64, path: String, role: OutputRole, kind: LayerKind, state: String, width: Option<i64>, height: Option<i64>,
        levels: Option<i64>, grid: Option<Json<Vec<(i64, i64)>>>, problem: Option<String>;
    Self {
        role,
        path,
        layer: LayerView {
            number,
            kind,
            title: String::new(),
            outdated: false,
            state: match (state.as_str(), problem) {
                ("ready", _) => LayerState::Ready,
                (_, Some(problem)) => LayerState::Failed(problem),
                _ => LayerState::Waiting,
            },
            width: pixels(width),
            height: pixels(height),
            levels: pixels(levels),
            grid: grid.map(|Json(places)| places.into_iter().map(|(latitude, longitude)| Position { latitude, longitude }).collect()).unwrap_or_default(),
        },
    }
}

fn pixels(value: Option<i64>) -> u32 {
    value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0)
}

fn grid_text(grid: &[Position]) -> String {
    let places: Vec<(i64, i64)> = grid.iter().map(|at| (at.latitude, at.longitude)).collect();
    serde_json::json!(places).to_string()
}

/// The layers of a dataset, from the lowest to the highest.
pub async fn list(tx: &mut Tx, dataset: ResourceId) -> Result<Vec<LayerView>> {
    let rows: Vec<ListedLayer> = tx
        .sql(
            "SELECT f.number, f.path, f.role, l.kind, l.state, l.width, l.height, l.levels, l.grid, l.problem
             FROM dataset_file f JOIN view_layer l ON l.blob_id = f.blob_id
             WHERE f.dataset_id = $1 AND f.app_id IS NOT NULL AND f.role IN ('mosaic', 'orthophoto', 'dsm', 'dtm', 'coverage')
             LIMIT CAST($2 AS BIGINT)",
        )
        .bind(dataset)
        .bind(MAX_SHOWN)
        .all()
        .await?;
    // Equal bytes may be shown as something else elsewhere.
    let mut rows: Vec<ListedLayer> =
        rows.into_iter().filter(|row| LayerKind::of_role(row.role) == Some(row.layer.kind)).collect();
    rows.sort_by_key(|row| (row.layer.kind, row.layer.number));
    let files: Vec<(OutputRole, String)> = rows.iter().map(|row| (row.role, row.path.clone())).collect();
    let titled = rows.into_iter().zip(titles(&files));
    Ok(titled.map(|(row, title)| LayerView { title, ..row.layer }).collect())
}

/// A layer that is ready, and where its file of tiles is.
#[derive(Debug, Clone)]
pub struct ReadyLayer {
    pub role: OutputRole,
    pub kind: LayerKind,
    /// The path of the result.
    pub path: String,
    /// The file of tiles.
    pub tiles: BlobId,
    pub cluster: String,
    pub bytes: i64,
    pub sha256: String,
    pub index_bytes: i64,
}

from_columns! {
    ReadyLayer: role: OutputRole, kind: LayerKind, path: String, tiles_blob_id: BlobId, cluster: String, bytes: i64, sha256: String, index_bytes: i64;
    Self { role, kind, path, tiles: tiles_blob_id, cluster, bytes, sha256, index_bytes }
}

/// The layer that a result of a dataset is, if it is one that is ready.
pub async fn find_ready(tx: &mut Tx, dataset: ResourceId, number: i64) -> Result<Option<ReadyLayer>> {
    let rows: Vec<ReadyLayer> = tx
        .sql(
            "SELECT f.role, l.kind, f.path, l.tiles_blob_id, t.cluster, t.bytes, t.sha256, l.index_bytes
             FROM dataset_file f JOIN view_layer l ON l.blob_id = f.blob_id JOIN blob t ON t.id = l.tiles_blob_id
             WHERE f.dataset_id = $1 AND f.number = $2 AND f.role IS NOT NULL AND l.state = 'ready'",
        )
        .bind(dataset)
        .bind(number)
        .all()
        .await?;
    Ok(rows.into_iter().find(|layer| LayerKind::of_role(layer.role) == Some(layer.kind)))
}

/// A layer that a node has claimed, and the raster that it is made of.
#[derive(Debug, Clone, FromRow)]
pub struct ClaimedLayer {
    #[sqlx(rename = "blob_id")]
    pub blob: BlobId,
    pub kind: LayerKind,
    pub cluster: String,
    pub media: Media,
    pub bytes: i64,
    /// How many times it was tried, with this one.
    pub attempts: i64,
}

/// What a node claims a layer with.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    pub id: Uuid,
    /// What the node is going to write.
    pub object: ObjectId,
    pub now: Timestamp,
    /// Until then no other node is at it.
    pub until: Timestamp,
    /// The object that an earlier claim left behind is freed then.
    pub not_before: Timestamp,
}

/// Claims a layer of a person that is due in a lane. One that was tried too often is claimed as well, so that somebody gives it up.
pub async fn claim(tx: &mut Tx, lane: Lane, person: PersonId, claim: &Claim) -> Result<Option<ClaimedLayer>> {
    let finding = tx
        .sql(
            "SELECT blob_id, kind FROM view_layer WHERE state = 'waiting' AND due_at <= $1 AND is_slow = $2 AND person_id = $3
             ORDER BY due_at LIMIT 1",
        )
        .bind(claim.now)
        .bind(lane == Lane::Slow)
        .bind(person);
    let due: Option<(BlobId, LayerKind)> = finding.optional().await?;
    let Some((blob, kind)) = due else { return Ok(None) };
    discard_objects(tx, &[blob], Some(kind), claim.not_before).await?;
    tx.sql(
        "UPDATE view_layer SET due_at = $3, claim_id = $4, object_id = $5, attempts = attempts + 1 WHERE blob_id = $1 AND kind = $2",
    )
    .bind(blob)
    .bind(kind)
    .bind(claim.until)
    .bind(claim.id)
    .bind(claim.object)
    .execute()
    .await?;
    tx.sql(
        "SELECT l.blob_id, l.kind, b.cluster, b.media, b.bytes, l.attempts FROM view_layer l JOIN blob b ON b.id = l.blob_id
         WHERE l.blob_id = $1 AND l.kind = $2",
    )
    .bind(blob)
    .bind(kind)
    .optional()
    .await
}

/// Extends a claim; whether it still held.
pub async fn renew(tx: &mut Tx, claim: Uuid, (blob, kind): (BlobId, LayerKind), until: Timestamp) -> Result<bool> {
    tx.sql("UPDATE view_layer SET due_at = $4 WHERE blob_id = $1 AND kind = $2 AND claim_id = $3")
        .bind(blob)
        .bind(kind)
        .bind(claim)
        .bind(until)
        .execute()
        .await
        .map(|renewed| renewed > 0)
}

/// What became of a raster.
#[derive(Debug, Clone)]
pub struct MadeLayer<'a> {
    pub index_bytes: i64,
    pub width: u32,
    pub height: u32,
    pub levels: u32,
    pub grid: &'a [Position],
}

/// The object that who has this claim writes; `None` if the claim holds no more.
pub async fn find_object(tx: &mut Tx, claim: Uuid, (blob, kind): (BlobId, LayerKind)) -> Result<Option<ObjectId>> {
    tx.sql("SELECT object_id FROM view_layer WHERE blob_id = $1 AND kind = $2 AND claim_id = $3")
        .bind(blob)
        .bind(kind)
        .bind(claim)
        .value()
        .await
}

/// Says that a layer is ready: `tiles` is the blob of its tiles. The object of its claim belongs to that blob by now, or, with
/// `discarded_at`, it goes to the trash, as the cluster had these bytes already.
pub async fn update_made(
    tx: &mut Tx,
    (blob, kind): (BlobId, LayerKind),
    tiles: BlobId,
    made: &MadeLayer<'_>,
    discarded_at: Option<Timestamp>,
) -> Result<()> {
    if let Some(not_before) = discarded_at {
        discard_objects(tx, &[blob], Some(kind), not_before).await?;
    }
    tx.sql(
        "UPDATE view_layer SET state = 'ready', claim_id = NULL, object_id = NULL, tiles_blob_id = $3, index_bytes = $4, width = $5,
            height = $6, levels = $7, grid = $8 WHERE blob_id = $1 AND kind = $2",
    )
    .bind(blob)
    .bind(kind)
    .bind(tiles)
    .bind(made.index_bytes)
    .bind(i64::from(made.width))
    .bind(i64::from(made.height))
    .bind(i64::from(made.levels))
    .bind(grid_text(made.grid))
    .execute()
    .await
    .map(|_| ())
}

/// Lets go of a claimed layer: it is due again then, or, with a problem, never. Whether the claim still held.
pub async fn update_not_made(
    tx: &mut Tx,
    claim: Uuid,
    (blob, kind): (BlobId, LayerKind),
    problem: Option<&str>,
    due_at: Timestamp,
    not_before: Timestamp,
) -> Result<bool> {
    if !renew(tx, claim, (blob, kind), due_at).await? {
        return Ok(false);
    }
    discard_objects(tx, &[blob], Some(kind), not_before).await?;
    tx.sql(
        "UPDATE view_layer SET state = CASE WHEN $3 IS NULL THEN 'waiting' ELSE 'failed' END, problem = $3
         WHERE blob_id = $1 AND kind = $2",
    )
    .bind(blob)
    .bind(kind)
    .bind(problem.map(str::to_owned))
    .execute()
    .await?;
    Ok(true)
}

/// Puts a claimed layer at the back of a lane; whether the claim still held. That was no attempt.
pub async fn update_lane(
    tx: &mut Tx,
    claim: Uuid,
    (blob, kind): (BlobId, LayerKind),
    lane: Lane,
    now: Timestamp,
    not_before: Timestamp,
) -> Result<bool> {
    if !renew(tx, claim, (blob, kind), now).await? {
        return Ok(false);
    }
    discard_objects(tx, &[blob], Some(kind), not_before).await?;
    tx.sql("UPDATE view_layer SET is_slow = $3, attempts = attempts - 1 WHERE blob_id = $1 AND kind = $2")
        .bind(blob)
        .bind(kind)
        .bind(lane == Lane::Slow)
        .execute()
        .await?;
    Ok(true)
}

/// Gives a turn to what has none: a node of an older version wrote it.
pub async fn update_without_turn(tx: &mut Tx) -> Result<()> {
    tx.sql(
        "UPDATE view_layer SET person_id = blob_id WHERE state = 'waiting' AND is_slow = FALSE AND person_id IS NULL",
    )
    .execute()
    .await
    .map(|_| ())
}

/// Makes all layers due again that a process had claimed that is gone, each after the time that it waits after so many attempts: one of
/// them may be what the process died of. The claim stays, as long as there is what it was going to write: who takes the layer next
/// discards that.
pub async fn release_all(tx: &mut Tx, now: Timestamp) -> Result<()> {
    for attempts in 1..MAX_ATTEMPTS {
        let Some(millis) = retry_after_millis(attempts) else { continue };
        tx.sql(
            "UPDATE view_layer SET due_at = $1 WHERE state = 'waiting' AND due_at > $1 AND claim_id IS NOT NULL AND attempts = $2",
        )
        .bind(now.plus_millis(millis))
        .bind(attempts)
        .execute()
        .await?;
    }
    Ok(())
}

/// Forgets the layers of blobs that are deleted. Their files of tiles are looked at next; what is being written goes to the trash.
pub async fn delete(tx: &mut Tx, blobs: &[BlobId], at: Timestamp, not_before: Timestamp) -> Result<()> {
    discard_objects(tx, blobs, None, not_before).await?;
    for chunk in blobs.chunks(CHUNK) {
        tx.sql_list(
            "INSERT INTO blob_check (blob_id, created_at)
             SELECT l.tiles_blob_id, {1} FROM view_layer l WHERE l.blob_id IN ({ids}) AND l.tiles_blob_id IS NOT NULL
             ON CONFLICT (blob_id) DO NOTHING",
            chunk,
        )
        .bind(at)
        .execute()
        .await?;
        tx.sql_list("DELETE FROM view_layer WHERE blob_id IN ({ids})", chunk).execute().await?;
    }
    Ok(())
}

/// Moves the objects that are being written to the trash, and forgets who wrote them.
async fn discard_objects(tx: &mut Tx, blobs: &[BlobId], kind: Option<LayerKind>, not_before: Timestamp) -> Result<()> {
    for chunk in blobs.chunks(CHUNK) {
        tx.sql_list(
            "INSERT INTO object_trash (object_id, cluster, not_before, attempts)
             SELECT l.object_id, b.cluster, {1}, 0 FROM view_layer l JOIN blob b ON b.id = l.blob_id
             WHERE l.blob_id IN ({ids}) AND l.object_id IS NOT NULL AND ({2} IS NULL OR l.kind = {2})",
            chunk,
        )
        .bind(not_before)
        .bind(kind)
        .execute()
        .await?;
        tx.sql_list(
            "UPDATE view_layer SET claim_id = NULL, object_id = NULL WHERE blob_id IN ({ids}) AND ({1} IS NULL OR kind = {1})",
            chunk,
        )
        .bind(kind)
        .execute()
        .await?;
    }
    Ok(())
}
