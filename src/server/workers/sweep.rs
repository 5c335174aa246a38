//! Frees storage (FILE-6): gives up uploads that nobody went on with, forgets files that were deleted and that nobody brought back, and
//! blobs without files, and deletes objects that nothing refers to.
//!
//! Each step is idempotent. What is deleted from storage is leased first, so that several nodes share the work; an object that is
//! deleted twice is deleted.

use std::time::Duration;

use tokio::sync::watch;

use crate::{
    domain::{
        id::{ObjectId, PersonId, ResourceId, UploadId},
        undo::KEPT_DAYS,
        upload::ABANDONED_KEPT_MILLIS,
    },
    server::{
        context::Ctx,
        error::{Error, Result},
        store::{blob, deleted_file, object_trash, upload},
        usecase::upload::without_access,
    },
};

/// How often is looked for something to free.
const POLL_INTERVAL: Duration = Duration::from_mins(1);
/// How many uploads, blobs or objects a step takes.
const BATCH_SIZE: i64 = 200;
/// How far what waits is counted for the metrics.
const MAX_COUNTED: i64 = 100_000;
/// How long a node has for the objects of a step, in milliseconds. What it could not delete is tried again afterwards.
const LEASE_MILLIS: i64 = 5 * 60_000;

/// What was freed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Uploads that expired, ended long ago, or whose sender lost the right to them.
    pub uploads: u64,
    /// Files that were deleted and can no longer be brought back.
    pub files: u64,
    /// Blobs that lost a file and were looked at.
    pub blobs: u64,
    /// Objects that were deleted from storage.
    pub objects: u64,
}

/// Sweeps until it is told to stop.
pub async fn run(ctx: Ctx, mut stop: watch::Receiver<bool>) {
    if let Err(error) = begin_again(&ctx).await {
        tracing::warn!(%error, "uploads that a stopped process received go on once its claims have run out");
    }
    while !*stop.borrow() {
        match run_due(&ctx).await {
            Ok(swept) if swept != Swept::default() => {
                tracing::info!(swept.uploads, swept.files, swept.blobs, swept.objects, "freed storage");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "could not free storage; trying again later"),
        }
        if let Err(error) = set_gauges(&ctx).await {
            tracing::warn!(%error, "could not count what waits in storage");
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and both counts are bounded")]
async fn set_gauges(ctx: &Ctx) -> Result<()> {
    let mut tx = ctx.db().read().await?;
    metrics::gauge!("uploads_open").set(upload::count_all_open(&mut tx, ctx.now(), MAX_COUNTED).await? as f64);
    metrics::gauge!("storage_objects_waiting")
        .set(object_trash::count_due(&mut tx, ctx.now(), MAX_COUNTED).await? as f64);
    Ok(())
}

/// Frees everything that is due.
///
/// # Errors
/// The database. What storage does not delete stays in the trash.
pub async fn run_due(ctx: &Ctx) -> Result<Swept> {
    let mut swept = Swept::default();
    release_abandoned(ctx).await?;
    swept.uploads += end_without_access(ctx).await?;
    loop {
        let (uploads, files) = (expire_uploads(ctx).await?, forget_files(ctx).await?);
        let (blobs, objects) = (forget_blobs(ctx).await?, delete_objects(ctx).await?);
        if (uploads, files, blobs, objects) == (0, 0, 0, 0) {
            return Ok(swept);
        }
        swept.uploads += uploads;
        swept.files += files;
        swept.blobs += blobs;
        swept.objects += objects;
        // Others write too.
        tokio::task::yield_now().await;
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Takes all uploads from the requests of a process that is gone. With SQLite there is one process only, so at its start that is every
/// upload that is held.
async fn begin_again(ctx: &Ctx) -> Result<()> {
    if !ctx.db().is_sqlite() {
        return Ok(());
    }
    let not_before = ctx.now().plus_millis(ABANDONED_KEPT_MILLIS);
    ctx.db().write(|tx, _| Box::pin(async { Ok(upload::release_all(tx, not_before).await?) })).await
}

/// Takes uploads from requests that died.
async fn release_abandoned(ctx: &Ctx) -> Result<()> {
    let now = ctx.now();
    loop {
        let uploads = upload::list_abandoned(&mut ctx.db().read().await?, now, BATCH_SIZE).await?;
        if uploads.is_empty() {
            return Ok(());
        }
        ctx.db()
            .write(|tx, _| {
                Box::pin(async {
                    // Somebody may hold them again by now.
                    let uploads = upload::list_abandoned(tx, now, BATCH_SIZE).await?;
                    upload::release_abandoned(tx, &uploads, now.plus_millis(ABANDONED_KEPT_MILLIS)).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
    }
}

async fn expire_uploads(ctx: &Ctx) -> Result<u64> {
    let now = ctx.now();
    if upload::list_expired(&mut ctx.db().read().await?, now, 1).await?.is_empty() {
        return Ok(0);
    }
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let uploads = upload::list_expired(tx, now, BATCH_SIZE).await?;
                Ok(upload::delete(tx, &uploads, now).await?)
            })
        })
        .await
}

/// Ends the uploads of people who may not send to their dataset any more (ACCESS-1): what they reserve is given back. A request that
/// still sends is told at its next step that there is nothing.
async fn end_without_access(ctx: &Ctx) -> Result<u64> {
    let mut ended = 0;
    let mut after = (ResourceId(uuid::Uuid::nil()), PersonId(uuid::Uuid::nil()));
    loop {
        let mut tx = ctx.db().read().await?;
        let senders = upload::list_senders(&mut tx, after, BATCH_SIZE).await?;
        let Some(last) = senders.last() else { return Ok(ended) };
        after = *last;
        let ending = without_access(&mut tx, &senders).await?;
        drop(tx);
        if !ending.is_empty() {
            ended += end_uploads_of(ctx, &ending).await?;
        }
    }
}

async fn end_uploads_of(ctx: &Ctx, ending: &[(ResourceId, PersonId)]) -> Result<u64> {
    let not_before = ctx.now().plus_millis(ABANDONED_KEPT_MILLIS);
    let mut ended = 0;
    loop {
        let step: Result<u64> = ctx
            .db()
            .write(|tx, _| {
                Box::pin(async {
                    // They may have got it again by now.
                    let lost = without_access(tx, ending).await?;
                    let uploads = upload::list_of_senders(tx, &lost, BATCH_SIZE).await?;
                    let uploads: Vec<UploadId> = uploads.into_iter().collect();
                    Ok(upload::delete(tx, &uploads, not_before).await?)
                })
            })
            .await;
        match step? {
            0 => return Ok(ended),
            step => ended += step,
        }
    }
}

/// Forgets files that were deleted longer ago than deleting can be undone.
async fn forget_files(ctx: &Ctx) -> Result<u64> {
    let now = ctx.now();
    let before = now.plus_days(-KEPT_DAYS);
    if !deleted_file::any_before(&mut ctx.db().read().await?, before).await? {
        return Ok(0);
    }
    ctx.db()
        .write(|tx, _| Box::pin(async { Ok(deleted_file::delete_before(tx, before, now, BATCH_SIZE).await?) }))
        .await
}

/// Looks at blobs that lost a file; how many were looked at.
async fn forget_blobs(ctx: &Ctx) -> Result<u64> {
    if blob::list_checks(&mut ctx.db().read().await?, 1).await?.is_empty() {
        return Ok(0);
    }
    let now = ctx.now();
    let not_before = now.plus_millis(ctx.files()?.limits().grace_hours * 3_600_000);
    // A node may be writing them at this moment.
    let previews_not_before = not_before.max(now.plus_millis(ABANDONED_KEPT_MILLIS));
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let blobs = blob::list_checks(tx, BATCH_SIZE).await?;
                blob::delete_unused(tx, &blobs, now, not_before, previews_not_before).await?;
                Ok::<_, Error>(count(blobs.len()))
            })
        })
        .await
}

async fn delete_objects(ctx: &Ctx) -> Result<u64> {
    let now = ctx.now();
    if !object_trash::any_due(&mut ctx.db().read().await?, now).await? {
        return Ok(0);
    }
    let until = now.plus_millis(LEASE_MILLIS);
    let claimed: Result<Vec<object_trash::TrashedObject>> =
        ctx.db().write(|tx, _| Box::pin(async { Ok(object_trash::claim(tx, now, until, BATCH_SIZE).await?) })).await;
    let mut deleted: Vec<ObjectId> = Vec::new();
    for trashed in claimed? {
        match ctx.files()?.delete(&trashed.cluster, trashed.object).await {
            Ok(()) => deleted.push(trashed.object),
            Err(error) => tracing::warn!(%error, object = %trashed.object, "an object could not be deleted yet"),
        }
    }
    let forgotten: Result<u64> =
        ctx.db().write(|tx, _| Box::pin(async { Ok(object_trash::delete(tx, &deleted).await?) })).await;
    forgotten
}
