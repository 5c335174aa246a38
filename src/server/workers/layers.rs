//! Makes the layers of the viewer (VIEW-1): reads a raster that a job made, and writes its pyramid of tiles.
//!
//! A layer is claimed under a lease, which is extended while it is made. Each node makes one at a time in each of two lanes. Every layer
//! begins in the fast lane. What needs more time or memory than that lane gives goes to the back of the slow one and begins anew there, so
//! that a large raster, which takes minutes, keeps no small one waiting. In each lane people take turns, as with photos. What cannot be
//! shown is never tried again; what storage did not give, or a crash interrupted, is tried a few times.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use crate::{
    domain::{
        file::Media,
        id::{BlobId, ObjectId},
        layer::{LEASE_MILLIS, Lane, LayerKind, LayerProblem, MAX_ATTEMPTS},
        photo::retry_after_millis,
        time::Timestamp,
        upload::ABANDONED_KEPT_MILLIS,
    },
    server::{
        context::Ctx,
        error::{Error, Result},
        files::{Failure, ObjectOutput, PieceSum, StoredReader},
        pictures::{MadeTiles, NotMade, make_tiles},
        store::{
            blob,
            layer::{self, ClaimedLayer},
            photo, turn,
        },
        workers::turns::{Spent, Turns},
    },
};

/// How often is looked for rasters.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// How often a lease is extended.
const RENEWAL_INTERVAL: Duration = Duration::from_mins(1);

/// Makes layers until it is told to stop.
pub async fn run(ctx: Ctx, spent: Spent, stop: watch::Receiver<bool>) {
    if let Err(error) = begin_again(&ctx).await {
        tracing::warn!(%error, "layers that a stopped process made go on once its claims have run out");
    }
    let lane = |lane| run_lane(&ctx, lane, Turns::new(spent.clone()), stop.clone());
    tokio::join!(lane(Lane::Fast), lane(Lane::Slow));
}

async fn run_lane(ctx: &Ctx, lane: Lane, mut turns: Turns, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match make_next(ctx, lane, time_in(lane), &mut turns, &stop).await {
            Ok(Turn::Nobody) => {}
            Ok(_) => continue,
            Err(error) => tracing::warn!(%error, "could not make a layer; trying again later"),
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// How long a layer may take in a lane.
const fn time_in(lane: Lane) -> Duration {
    Duration::from_millis(lane.max_millis())
}

/// Makes every layer that is due; how many were made or given up.
///
/// # Errors
/// The database.
pub async fn run_due(ctx: &Ctx) -> Result<usize> {
    let fast = drain(ctx, Lane::Fast, time_in(Lane::Fast)).await?;
    Ok(fast + drain(ctx, Lane::Slow, time_in(Lane::Slow)).await?)
}

/// Makes every layer that is due in a lane, with so much time for each; how many were made or given up.
///
/// # Errors
/// The database.
pub async fn drain(ctx: &Ctx, lane: Lane, most: Duration) -> Result<usize> {
    let (_go_on, stop) = watch::channel(false);
    let (mut done, mut turns) = (0, Turns::new(Spent::default()));
    loop {
        match make_next(ctx, lane, most, &mut turns, &stop).await? {
            Turn::Nobody => return Ok(done),
            Turn::Ended => done += 1,
            Turn::Moved => {}
        }
    }
}

/// With SQLite there is one process only, so at its start nobody is at a layer.
async fn begin_again(ctx: &Ctx) -> Result<()> {
    let (now, alone) = (ctx.now(), ctx.db().is_sqlite());
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                layer::update_without_turn(tx).await?;
                if alone {
                    layer::release_all(tx, now).await?;
                }
                Ok(())
            })
        })
        .await
}

/// A layer that is claimed, and the object that its tiles are going to be.
struct Held {
    claim: Uuid,
    object: ObjectId,
    layer: ClaimedLayer,
}

impl Held {
    fn key(&self) -> (BlobId, LayerKind) {
        (self.layer.blob, self.layer.kind)
    }
}

/// Tiles that are written.
struct Written {
    made: MadeTiles,
    bytes: i64,
    sum: PieceSum,
}

/// Why there are none.
enum Failed {
    /// It needs more time or memory than the fast lane gives.
    Slow,
    /// The raster cannot be shown.
    Problem(LayerProblem),
    /// Storage does not answer, or there is no room for a temporary file.
    Later(String),
    /// The node stops, or somebody else has the layer by now.
    Stopped,
}

/// What became of a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Nothing is due.
    Nobody,
    /// A layer was made or given up, or waits to be tried again.
    Ended,
    /// A layer waits in the slow lane now.
    Moved,
}

/// Makes a layer that is due in a lane, in so much time, of the person whose turn is next.
async fn make_next(
    ctx: &Ctx,
    lane: Lane,
    most: Duration,
    turns: &mut Turns,
    stop: &watch::Receiver<bool>,
) -> Result<Turn> {
    let now = ctx.now();
    let waiting = turn::list_with_layers(&mut ctx.db().read().await?, lane, now, turns.served()).await?;
    let Some(next) = turns.next(&waiting, Instant::now()) else { return Ok(Turn::Nobody) };
    let claim = layer::Claim {
        id: ctx.id(),
        object: ObjectId(ctx.id()),
        now,
        until: now.plus_millis(LEASE_MILLIS),
        not_before: now.plus_millis(ABANDONED_KEPT_MILLIS),
    };
    let claimed: Result<Option<ClaimedLayer>> =
        ctx.db().write(|tx, _| Box::pin(async { Ok(layer::claim(tx, lane, next.person, &claim).await?) })).await;
    let Some(layer) = claimed? else { return Ok(Turn::Nobody) };
    let held = Held { claim: claim.id, object: claim.object, layer };
    let begun = Instant::now();
    let running = turns.begin(next, begun);
    let ended = make(ctx, &held, lane, most, stop).await;
    turns.note(next.person, &[next.organization], begun.elapsed(), Instant::now());
    drop(running);
    ended
}

/// Makes a claimed layer, or says why not.
async fn make(ctx: &Ctx, held: &Held, lane: Lane, most: Duration, stop: &watch::Receiver<bool>) -> Result<Turn> {
    let outcome = if held.layer.attempts > MAX_ATTEMPTS {
        give_up(ctx, held, &LayerProblem::Interrupted).await?;
        "failed"
    } else {
        match Box::pin(write(ctx, held, lane, most, stop)).await? {
            Ok(written) => {
                finish(ctx, held, &written).await?;
                "made"
            }
            Err(Failed::Slow) => {
                put_back(ctx, held, Lane::Slow).await?;
                "moved"
            }
            Err(Failed::Problem(problem)) => {
                tracing::info!(%problem, blob = %held.layer.blob, "a raster cannot be shown");
                give_up(ctx, held, &problem).await?;
                "failed"
            }
            Err(Failed::Later(error)) => {
                tracing::warn!(%error, blob = %held.layer.blob, "a layer could not be made yet");
                match retry_after_millis(held.layer.attempts) {
                    Some(millis) => release(ctx, held, None, ctx.now().plus_millis(millis)).await?,
                    None => give_up(ctx, held, &LayerProblem::Unavailable).await?,
                }
                "retried"
            }
            Err(Failed::Stopped) => {
                put_back(ctx, held, lane).await?;
                "retried"
            }
        }
    };
    metrics::counter!("layers_made_total", "outcome" => outcome).increment(1);
    Ok(if outcome == "moved" { Turn::Moved } else { Turn::Ended })
}

/// Writes the tiles on a thread of their own, and extends the lease meanwhile.
async fn write(
    ctx: &Ctx,
    held: &Held,
    lane: Lane,
    most: Duration,
    stop: &watch::Receiver<bool>,
) -> Result<std::result::Result<Written, Failed>> {
    if held.layer.media != Media::Tiff {
        return Ok(Err(Failed::Problem(LayerProblem::NotTiff)));
    }
    let pieces = blob::list_pieces(&mut ctx.db().read().await?, held.layer.blob).await?;
    let (cluster, kind) = (held.layer.cluster.clone(), held.layer.kind);
    let (files, failure, ended) = (ctx.files()?.clone(), Failure::default(), Arc::new(AtomicBool::new(false)));
    let output = ObjectOutput::new(&files, &cluster, held.object, &failure);
    let mut working = tokio::task::spawn_blocking({
        let (failure, ended) = (failure.clone(), ended.clone());
        move || {
            let begun = Instant::now();
            let before = || {
                if ended.load(Ordering::SeqCst) {
                    Err(LayerProblem::Interrupted)
                } else if begun.elapsed() > most {
                    Err(LayerProblem::TooLong)
                } else {
                    Ok(())
                }
            };
            let open = || StoredReader::new(&files, &cluster, &pieces, &failure, &ended);
            let mut output = output;
            match make_tiles(kind, lane.max_bytes(), open, &before, &mut output) {
                Ok(made) => output.finish().map(|(bytes, sum)| Written { made, bytes, sum }).map_err(NotMade::Files),
                Err(error) => {
                    output.abort();
                    Err(error)
                }
            }
        }
    });
    let mut renewed = Instant::now();
    let worked = loop {
        tokio::select! {
            worked = &mut working => break worked,
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
        if *stop.borrow() {
            ended.store(true, Ordering::SeqCst);
        }
        if renewed.elapsed() >= RENEWAL_INTERVAL {
            renewed = Instant::now();
            match renew(ctx, held).await {
                Ok(true) => {}
                Ok(false) => ended.store(true, Ordering::SeqCst),
                Err(error) => tracing::warn!(%error, "could not extend the claim of a layer; trying again"),
            }
        }
    };
    Ok(match worked {
        Ok(Ok(written)) => Ok(written),
        Ok(Err(_)) if ended.load(Ordering::SeqCst) => Err(Failed::Stopped),
        Ok(Err(error)) if failure.happened() => Err(Failed::Later(error.to_string())),
        Ok(Err(NotMade::Large(_) | NotMade::Problem(LayerProblem::TooLong))) if lane == Lane::Fast => Err(Failed::Slow),
        // There is no lane beyond.
        Ok(Err(NotMade::Large(_))) => Err(Failed::Problem(LayerProblem::LargePieces)),
        Ok(Err(NotMade::Problem(problem))) => Err(Failed::Problem(problem)),
        Ok(Err(NotMade::Files(error))) => Err(Failed::Later(error.to_string())),
        // A reader that panics costs one layer.
        Err(_) => Err(Failed::Problem(LayerProblem::Broke)),
    })
}

async fn renew(ctx: &Ctx, held: &Held) -> Result<bool> {
    let until = ctx.now().plus_millis(LEASE_MILLIS);
    ctx.db().write(|tx, _| Box::pin(async { Ok(layer::renew(tx, held.claim, held.key(), until).await?) })).await
}

/// Makes a blob of what was written, and the layer ready. Whoever has the dataset open is told.
async fn finish(ctx: &Ctx, held: &Held, written: &Written) -> Result<()> {
    let now = ctx.now();
    let made = layer::MadeLayer {
        index_bytes: i64::try_from(written.made.index_bytes).unwrap_or(i64::MAX),
        width: written.made.width,
        height: written.made.height,
        levels: written.made.levels,
        grid: &written.made.grid,
    };
    let new = blob::NewBlob {
        id: BlobId(ctx.id()),
        cluster: &held.layer.cluster,
        sha256: &written.sum.sha256,
        bytes: written.bytes,
        crc32: written.sum.crc32,
        media: written.sum.media,
        at: now,
    };
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let Some(object) = layer::find_object(tx, held.claim, held.key()).await? else { return Ok(()) };
                // Bytes that the cluster has already are not kept twice (FILE-1).
                let same = blob::find_same(tx, new.cluster, new.sha256, new.bytes).await?;
                let discarded_at = same.map(|_| now.plus_millis(ABANDONED_KEPT_MILLIS));
                if same.is_none() {
                    blob::insert_object(tx, &new, object).await?;
                }
                layer::update_made(tx, held.key(), same.unwrap_or(new.id), &made, discarded_at).await?;
                photo::touch_datasets(tx, &[held.layer.blob]).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

/// Puts a layer at the back of a lane; the object that was to be its tiles is freed.
async fn put_back(ctx: &Ctx, held: &Held, lane: Lane) -> Result<()> {
    let now = ctx.now();
    let not_before = now.plus_millis(ABANDONED_KEPT_MILLIS);
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                layer::update_lane(tx, held.claim, held.key(), lane, now, not_before).await?;
                Ok(())
            })
        })
        .await
}

async fn give_up(ctx: &Ctx, held: &Held, problem: &LayerProblem) -> Result<()> {
    release(ctx, held, Some(&problem.to_string()), ctx.now()).await
}

/// Lets go of a layer; the object that was to be its tiles is freed. Whoever has the dataset open is told of a problem.
async fn release(ctx: &Ctx, held: &Held, problem: Option<&str>, due_at: Timestamp) -> Result<()> {
    let not_before = ctx.now().plus_millis(ABANDONED_KEPT_MILLIS);
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let held_still =
                    layer::update_not_made(tx, held.claim, held.key(), problem, due_at, not_before).await?;
                if held_still && problem.is_some() {
                    photo::touch_datasets(tx, &[held.layer.blob]).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await
}
