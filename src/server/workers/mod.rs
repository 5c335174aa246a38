//! What happens by itself, again and again: each task idempotent, so that several nodes may run it and a crash costs
//! nothing.

pub mod builtin;
pub mod jobs;
pub mod layers;
pub mod mail;
pub mod photos;
pub mod sweep;
pub mod task;
pub mod turns;
pub mod waiting;

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle};

use crate::domain::{one_time_link::forgotten_before, transfer::reversal, undo::KEPT_DAYS as KEEP_UNDO};

use super::{
    context::Ctx,
    error::{Error, Result},
    mail::smtp::Delivery,
    store::{idempotency, job, kept_form, one_time_link, outbox, session, task as tasks, transfer, undo},
    usecase::{licence::ending, trash},
};

/// How often expired rows are deleted.
const CLEANUP_INTERVAL: Duration = Duration::from_mins(10);
/// How long answers are kept for requests that are sent again, in days.
const IDEMPOTENCY_KEPT_DAYS: i64 = 2;
/// How long the text of a mail that was not sent is kept, in days: the longest that a link in it works, and a little.
const MAIL_TEXT_KEPT_DAYS: i64 = 30;
/// How long is known what became of a mail, in days.
const MAIL_KEPT_DAYS: i64 = 90;
/// How long an engine that comes late is told that its lease is lost, in days.
const JOB_TOKENS_KEPT_DAYS: i64 = 1;
/// How long is known what became of long work, in days.
const TASKS_KEPT_DAYS: i64 = 30;

/// How many ends of licences are told in one round: at the end of a year many may come together.
const MAX_ENDS_TOLD: usize = 200;

/// The workers of this node.
#[derive(Debug)]
pub struct Workers {
    stop: watch::Sender<bool>,
    mail_worker: Option<JoinHandle<()>>,
    task_worker: JoinHandle<()>,
    credit_worker: JoinHandle<()>,
    file_sweeper: JoinHandle<()>,
    job_worker: JoinHandle<()>,
    photo_worker: Option<JoinHandle<()>>,
    app_worker: Option<JoinHandle<()>>,
    layer_worker: Option<JoinHandle<()>>,
}

/// Starts the workers; mail is delivered only where there is a mail server. Photos are opened, built-in apps are run and layers are made
/// only where there are built-in workers.
pub fn start(ctx: &Ctx, delivery: Option<Delivery>, builtin_workers: usize) -> Workers {
    let (stop, stopped) = watch::channel(false);
    let mail_worker = delivery.map(|delivery| tokio::spawn(mail::run(ctx.clone(), delivery, stopped)));
    let task_worker = tokio::spawn(task::run(ctx.clone(), stop.subscribe()));
    let credit_worker = tokio::spawn(waiting::run(ctx.clone(), stop.subscribe()));
    let file_sweeper = tokio::spawn(sweep::run(ctx.clone(), stop.subscribe()));
    let job_worker = tokio::spawn(jobs::run(ctx.clone(), stop.subscribe()));
    let spent = turns::Spent::default();
    let photos = || photos::run(ctx.clone(), builtin_workers, spent.clone(), stop.subscribe());
    let photo_worker = (builtin_workers > 0).then(|| tokio::spawn(photos()));
    let app_worker =
        (builtin_workers > 0).then(|| tokio::spawn(builtin::run(ctx.clone(), builtin_workers, stop.subscribe())));
    let layers = || layers::run(ctx.clone(), spent.clone(), stop.subscribe());
    let layer_worker = (builtin_workers > 0).then(|| tokio::spawn(layers()));
    let ctx = ctx.clone();
    tokio::spawn(async move {
        loop {
            if let Err(error) = tidy(&ctx).await {
                tracing::warn!(%error, "clean-up failed; trying again later");
            }
            if let Err(error) = empty_trash(&ctx).await {
                tracing::warn!(%error, "could not empty the trash; trying again later");
            }
            if let Err(error) = tell_ends(&ctx).await {
                tracing::warn!(%error, "could not tell that licences end; trying again later");
            }
            tokio::time::sleep(CLEANUP_INTERVAL).await;
        }
    });
    Workers {
        stop,
        mail_worker,
        task_worker,
        credit_worker,
        file_sweeper,
        job_worker,
        photo_worker,
        app_worker,
        layer_worker,
    }
}

/// Asks the workers of a node to stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Whoever is at something ends it, and begins nothing more.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Workers {
    /// What asks them to stop.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Until they have stopped.
    pub async fn ended(self) {
        if let Some(mail_worker) = self.mail_worker {
            // A worker that panicked has ended as well; its claims run out.
            let _ = mail_worker.await;
        }
        let _ = self.task_worker.await;
        let _ = self.credit_worker.await;
        let _ = self.file_sweeper.await;
        let _ = self.job_worker.await;
        if let Some(photo_worker) = self.photo_worker {
            let _ = photo_worker.await;
        }
        if let Some(app_worker) = self.app_worker {
            let _ = app_worker.await;
        }
        if let Some(layer_worker) = self.layer_worker {
            let _ = layer_worker.await;
        }
    }
}

/// Forgets sessions that have expired, links that stopped working long ago, answers that nobody will ask for again, and
/// old mail.
pub async fn tidy(ctx: &Ctx) -> Result<()> {
    let now = ctx.now();
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                session::delete_expired(tx, now).await?;
                kept_form::delete_expired(tx, now).await?;
                one_time_link::delete_expired_before(tx, forgotten_before(now)).await?;
                idempotency::delete_before(tx, now.plus_days(-IDEMPOTENCY_KEPT_DAYS)).await?;
                outbox::forget_texts_before(tx, now.plus_days(-MAIL_TEXT_KEPT_DAYS)).await?;
                outbox::delete_before(tx, now.plus_days(-MAIL_KEPT_DAYS)).await?;
                undo::delete_before(tx, now.plus_days(-KEEP_UNDO)).await?;
                job::delete_tokens_before(tx, now.plus_days(-JOB_TOKENS_KEPT_DAYS)).await?;
                tasks::delete_before(tx, now.plus_days(-TASKS_KEPT_DAYS)).await?;
                transfer::delete_undo_before(tx, now.plus_days(-reversal::UNDO_DAYS)).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

/// Tells Owners that licences of theirs end (LIC-8). What is left over is told in the next round.
pub async fn tell_ends(ctx: &Ctx) -> Result<()> {
    for _ in 0..MAX_ENDS_TOLD {
        if !ending::tell_next(ctx).await? {
            break;
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Deletes for good what has been in the trash for its days (DRIVE-4), a few things in each step.
pub async fn empty_trash(ctx: &Ctx) -> Result<()> {
    while trash::purge(ctx).await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}
