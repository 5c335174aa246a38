//! Opens photos as they arrive (FILE-5): reads what their cameras wrote, measures them, and makes their previews.
//!
//! Photos are claimed under a lease, a few at once, so that several nodes share the work and none is told of each photo. People take turns
//! by the time that their files took ([`Turns`]), so that nobody waits until all photos of somebody else are opened. Photos that a turn has
//! not begun when its time is over are handed back. What cannot be opened
//! is never tried again; what storage did not give, or a crash interrupted, is tried a few times.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use crate::{
    domain::{
        id::{BlobId, ObjectId, PersonId},
        photo::{LEASE_MILLIS, MAX_ATTEMPTS, PhotoProblem, PreviewSize, retry_after_millis},
        time::Timestamp,
        upload::ABANDONED_KEPT_MILLIS,
    },
    server::{
        context::Ctx,
        error::{Error, Result},
        pictures::{Picture, Pictures},
        store::{
            blob,
            photo::{self, ClaimedPhoto, MadePhoto},
            turn,
        },
        workers::turns::{Spent, TURN, Turns},
    },
};

/// How often is looked for photos.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How many photos are claimed for each turn at most, of those that are opened at the same moment: each claim is a transaction.
const PHOTOS_PER_TURN: usize = 4;
/// How often people are told at most while many photos arrive.
const TELL_INTERVAL: Duration = Duration::from_secs(2);

/// Opens photos until it is told to stop, so many at the same moment.
pub async fn run(ctx: Ctx, at_once: usize, spent: Spent, mut stop: watch::Receiver<bool>) {
    let mut worker = Worker::new(at_once, Turns::new(spent));
    if let Err(error) = begin_again(&ctx).await {
        tracing::warn!(%error, "photos that a stopped process opened go on once its claims have run out");
    }
    while !*stop.borrow() {
        if let Err(error) = worker.drain(&ctx, &stop).await {
            tracing::warn!(%error, "could not open photos; trying again later");
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Opens the photos of one turn, which are some of one person, and begins none but the first after so much time; how many were opened or
/// given up.
///
/// # Errors
/// The database.
pub async fn run_turn(ctx: &Ctx, turns: Turns, most: Duration) -> Result<(Turns, usize)> {
    let (_go_on, stop) = watch::channel(false);
    let mut worker = Worker { turn: most, ..Worker::new(2, turns) };
    let opened = worker.turn(ctx, &stop).await?.into_iter().flatten().flatten().count();
    Ok((worker.turns, opened))
}

/// Opens every photo that is due; how many were opened or given up.
///
/// # Errors
/// The database.
pub async fn run_due(ctx: &Ctx) -> Result<usize> {
    let (_go_on, stop) = watch::channel(false);
    Worker::new(2, Turns::new(Spent::default())).drain(ctx, &stop).await
}

/// With SQLite there is one process only, so at its start nobody is at a photo.
async fn begin_again(ctx: &Ctx) -> Result<()> {
    let (now, alone) = (ctx.now(), ctx.db().is_sqlite());
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                photo::update_without_turn(tx).await?;
                if alone {
                    photo::release_all(tx, now).await?;
                }
                Ok(())
            })
        })
        .await
}

struct Worker {
    pictures: Pictures,
    /// How many photos are opened at the same moment.
    at_once: usize,
    turns: Turns,
    /// After what time a turn begins no more photos.
    turn: Duration,
}

/// A photo that is claimed, and the objects that its previews are going to be.
struct Held {
    claim: Uuid,
    until: Timestamp,
    photo: ClaimedPhoto,
    small: ObjectId,
    large: ObjectId,
}

impl Worker {
    fn new(at_once: usize, turns: Turns) -> Self {
        Self { pictures: Pictures::new(at_once), at_once: at_once.max(1), turns, turn: TURN }
    }

    async fn drain(&mut self, ctx: &Ctx, stop: &watch::Receiver<bool>) -> Result<usize> {
        let (mut opened, mut untold, mut told_at) = (0, BTreeSet::new(), Instant::now());
        let ended = loop {
            if *stop.borrow() {
                break Ok(());
            }
            let blobs = match self.turn(ctx, stop).await {
                Ok(None) => break Ok(()),
                Ok(Some(blobs)) => blobs,
                Err(error) => break Err(error),
            };
            for blob in blobs {
                match blob {
                    Ok(blob) => {
                        opened += 1;
                        untold.insert(blob);
                    }
                    Err(error) => tracing::warn!(%error, "a photo is opened again once its claim has run out"),
                }
            }
            if told_at.elapsed() >= TELL_INTERVAL {
                tell(ctx, std::mem::take(&mut untold)).await?;
                told_at = Instant::now();
            }
        };
        tell(ctx, untold).await?;
        ended.map(|()| opened)
    }

    /// Opens photos of the person whose turn is next; `None` if nobody waits.
    async fn turn(&mut self, ctx: &Ctx, stop: &watch::Receiver<bool>) -> Result<Option<Vec<Result<BlobId>>>> {
        let waiting = turn::list_with_photos(&mut ctx.db().read().await?, ctx.now(), self.turns.served()).await?;
        let Some(next) = self.turns.next(&waiting, Instant::now()) else { return Ok(None) };
        let begun = Instant::now();
        let running = self.turns.begin(next, begun);
        let held = self.claim(ctx, next.person).await?;
        let ends = Instant::now() + self.turn;
        let worker = &*self;
        let opening = stream::iter(held).enumerate().map(|(number, held)| async move {
            let whose = held.photo.organization.map_or(next.person.0, |organization| organization.0);
            // A photo that is begun is opened to its end, and the first is always begun (attack 101).
            let is_over = *stop.borrow() || (number > 0 && Instant::now() >= ends);
            if is_over {
                return let_go(ctx, &held).await.err().map(|error| (whose, Err(error)));
            }
            Some((whose, worker.open(ctx, held).await))
        });
        let opened: Vec<_> =
            opening.buffer_unordered(self.at_once).filter_map(|opened| async { opened }).collect().await;
        let (organizations, blobs): (Vec<Uuid>, Vec<_>) = opened.into_iter().unzip();
        self.turns.note(next.person, &organizations, begun.elapsed(), Instant::now());
        drop(running);
        Ok(Some(blobs))
    }

    async fn claim(&self, ctx: &Ctx, person: PersonId) -> Result<Vec<Held>> {
        let now = ctx.now();
        let most = self.turns.files(person, self.at_once * PHOTOS_PER_TURN);
        let claim = photo::Claim {
            id: ctx.id(),
            now,
            until: now.plus_millis(LEASE_MILLIS),
            limit: i64::try_from(most).unwrap_or(i64::MAX),
            not_before: now.plus_millis(ABANDONED_KEPT_MILLIS),
        };
        ctx.db()
            .write(|tx, _| {
                Box::pin(async {
                    let claimed = photo::claim(tx, person, &claim).await?;
                    let held: Vec<Held> = claimed
                        .into_iter()
                        .map(|photo| {
                            let (small, large) = (ObjectId(ctx.id()), ObjectId(ctx.id()));
                            Held { claim: claim.id, until: claim.until, photo, small, large }
                        })
                        .collect();
                    let previews: Vec<(BlobId, PreviewSize, ObjectId)> = held
                        .iter()
                        .flat_map(|held| {
                            let blob = held.photo.blob;
                            [(blob, PreviewSize::Small, held.small), (blob, PreviewSize::Large, held.large)]
                        })
                        .collect();
                    photo::insert_previews(tx, &previews).await?;
                    Ok::<_, Error>(held)
                })
            })
            .await
    }

    /// Opens a photo, or says why not.
    async fn open(&self, ctx: &Ctx, held: Held) -> Result<BlobId> {
        let blob = held.photo.blob;
        if held.photo.attempts > MAX_ATTEMPTS {
            give_up(ctx, &held, &PhotoProblem::Interrupted).await?;
            return Ok(blob);
        }
        let opened = Box::pin(self.pictures.open(held.photo.media, held.photo.bytes, load(ctx, &held.photo))).await;
        let stored = match opened {
            Ok(Ok(picture)) => store(ctx, &held, &picture).await.map(|()| Ok(picture)),
            Ok(Err(problem)) => Ok(Err(problem)),
            Err(error) => Err(error),
        };
        let outcome = match stored {
            Ok(Ok(picture)) => {
                finish(ctx, &held, &picture).await?;
                "made"
            }
            Ok(Err(problem)) => {
                tracing::info!(%problem, blob = %blob, "a photo cannot be opened");
                give_up(ctx, &held, &problem).await?;
                "failed"
            }
            Err(error) => {
                tracing::warn!(%error, blob = %blob, "a photo could not be opened yet");
                match retry_after_millis(held.photo.attempts) {
                    Some(millis) => release(ctx, &held, None, ctx.now().plus_millis(millis)).await?,
                    None => give_up(ctx, &held, &PhotoProblem::Unavailable).await?,
                }
                "retried"
            }
        };
        metrics::counter!("photos_opened_total", "outcome" => outcome).increment(1);
        Ok(blob)
    }
}

/// The bytes of a photo.
async fn load(ctx: &Ctx, photo: &ClaimedPhoto) -> Result<Bytes> {
    let pieces = blob::list_pieces(&mut ctx.db().read().await?, photo.blob).await?;
    Ok(ctx.files()?.read_whole(&photo.cluster, &pieces).await?)
}

/// Writes the previews, unless another node may be at the photo by now.
async fn store(ctx: &Ctx, held: &Held, picture: &Picture) -> Result<()> {
    if ctx.now() >= held.until {
        return Err(Error::Internal("opening a photo took longer than its lease".to_owned()));
    }
    for (object, bytes) in [(held.small, &picture.small), (held.large, &picture.large)] {
        let mut writer = ctx.files()?.write(&held.photo.cluster, object);
        writer.put(bytes.clone()).await?;
        writer.finish().await?;
    }
    Ok(())
}

async fn finish(ctx: &Ctx, held: &Held, picture: &Picture) -> Result<()> {
    let size = |bytes: &Bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let made = MadePhoto {
        blob: held.photo.blob,
        facts: &picture.facts,
        measured: &picture.measured,
        small: size(&picture.small),
        large: size(&picture.large),
    };
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                if photo::update_made(tx, held.claim, &made).await? {
                    photo::update_captured(tx, made.blob).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn give_up(ctx: &Ctx, held: &Held, problem: &PhotoProblem) -> Result<()> {
    release(ctx, held, Some(&problem.to_string()), ctx.now()).await
}

/// Lets go of a photo that nobody has begun with.
async fn let_go(ctx: &Ctx, held: &Held) -> Result<()> {
    let now = ctx.now();
    let not_before = now.plus_millis(ABANDONED_KEPT_MILLIS);
    ctx.db()
        .write(|tx, _| {
            Box::pin(async { Ok(photo::update_not_begun(tx, held.claim, held.photo.blob, now, not_before).await?) })
        })
        .await
}

/// Lets go of a photo; the objects that were to be its previews are freed.
async fn release(ctx: &Ctx, held: &Held, problem: Option<&str>, due_at: Timestamp) -> Result<()> {
    let not_before = ctx.now().plus_millis(ABANDONED_KEPT_MILLIS);
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                photo::update_not_made(tx, held.claim, held.photo.blob, problem, due_at, not_before).await?;
                Ok(())
            })
        })
        .await
}

/// Tells everyone who has a dataset with one of these photos open.
async fn tell(ctx: &Ctx, blobs: BTreeSet<BlobId>) -> Result<()> {
    if blobs.is_empty() {
        return Ok(());
    }
    let blobs: Vec<BlobId> = blobs.into_iter().collect();
    ctx.db().write(|tx, _| Box::pin(async { Ok(photo::touch_datasets(tx, &blobs).await?) })).await
}
