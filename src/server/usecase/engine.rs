//! What engines do (JOB-6): they take jobs of their organization's apps, say how far they are, write logs and results, and end them.
//!
//! # Invariants
//! - An engine has no right on a dataset. The token that it gets with a job reads that job's inputs and writes its outputs, as long as
//!   its lease is the job's, and nothing else.
//! - Every write names the lease, in the statement that writes: what comes too late is refused, and changes nothing.

use std::time::Duration;

use crate::{
    domain::{
        id::{AppId, JobId, KeyId, LeaseId, OrganizationId},
        job::{
            FailureKind, HEARTBEAT_SECONDS, JobEvent, JobState, LEASE_MILLIS, MAX_ATTEMPTS, MAX_CLAIM_WAIT_SECONDS,
            MAX_CLAIMED_APPS, MAX_MESSAGE_LENGTH, MAX_PROGRESS, MAX_STEP_LENGTH, Step, after, dataset_status, go_on,
            step,
        },
        job_log::{LEFT_OUT, LogLevel, LogSize, MAX_CALL_BYTES, MAX_CALL_LINES, Room, clean},
        key::Scope,
        refusal::Refusal,
        text::{FieldIssue, key, optional_line},
        time::Timestamp,
    },
    server::{
        context::{Ctx, JobPrincipal, KeyPrincipal, digest, machine_identity, machine_name},
        error::{Error, Result, at_field},
        store::{
            Tx, app, dataset_file,
            job::{self, DatasetEffect, Job, NewLease},
            job_log::{self, LogLine},
            job_output, live, upload,
        },
    },
    view::Page,
};

use super::{
    file::{self, FileContent},
    job as jobs,
    pager::Pager,
};

/// How often is looked again for a job while an engine waits for one: another node may have queued it.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How the token of a job begins, so that it is told apart from that of a key.
pub const TOKEN_PREFIX: &str = "chj_";

/// What an engine asks for.
#[derive(Debug, Clone, Default)]
pub struct ClaimForm {
    /// The slugs of apps of its organization.
    pub apps: Vec<String>,
    /// For how many seconds to wait for a job.
    pub wait: i64,
}

/// A job that an engine has taken.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    pub job: Job,
    pub lease: LeaseId,
    pub lease_until: Timestamp,
    /// Empty for what is built in.
    pub token: String,
    pub heartbeat_seconds: i64,
}

/// Which engine takes a job.
#[derive(Debug, Clone)]
pub struct Engine {
    /// `None` for what is built in.
    pub key: Option<KeyId>,
    pub name: String,
}

/// Takes a job of one of the apps, or waits for one (JOB-6).
///
/// # Errors
/// `Forbidden` without the scope `engine`; `Invalid` at `apps` for what is no app of the key's organization, and at `wait`.
pub async fn claim(ctx: &Ctx, by: &KeyPrincipal, form: &ClaimForm) -> Result<Option<ClaimedJob>> {
    by.scopes.allow(Scope::Engine)?;
    if !(0..=MAX_CLAIM_WAIT_SECONDS).contains(&form.wait) {
        return Err(Refusal::field("wait", FieldIssue::NotInRange(0, MAX_CLAIM_WAIT_SECONDS)).into());
    }
    let slugs: Vec<String> = form.apps.iter().map(|slug| key(slug.trim())).collect();
    match slugs.len() {
        0 => return Err(Refusal::field("apps", FieldIssue::Missing).into()),
        count if count > MAX_CLAIMED_APPS => {
            return Err(Refusal::field("apps", FieldIssue::TooMany(MAX_CLAIMED_APPS)).into());
        }
        _ => {}
    }
    let apps = app::list_by_slugs(&mut ctx.db().read().await?, by.organization, &slugs).await?;
    if slugs.iter().any(|slug| apps.iter().all(|app| app.slug != *slug)) {
        return Err(Refusal::field("apps", FieldIssue::NotAChoice).into());
    }
    let apps: Vec<AppId> = apps.into_iter().map(|app| app.id).collect();
    let engine = Engine { key: Some(by.key), name: machine_name(&by.name) };
    if form.wait == 0 {
        return claim_next(ctx, &engine, &apps).await;
    }
    let seconds = u64::try_from(form.wait).unwrap_or(0);
    let waiting = async {
        loop {
            // Asked for before the look, so that what is queued in between wakes it.
            let queued = ctx.jobs_queued().notified();
            if let Some(claimed) = claim_next(ctx, &engine, &apps).await? {
                return Ok(Some(claimed));
            }
            tokio::select! {
                () = queued => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(seconds), waiting).await.unwrap_or(Ok(None))
}

/// Takes the job that waits longest for one of the apps, if there is any.
///
/// # Errors
/// The database.
pub async fn claim_next(ctx: &Ctx, engine: &Engine, apps: &[AppId]) -> Result<Option<ClaimedJob>> {
    take(ctx, engine, Queue::Of(apps)).await
}

/// Takes a job of an app that is built in, once all photos of its dataset have been opened; rather one of an organization that was not
/// served lately.
///
/// # Errors
/// The database.
pub async fn claim_built_in(
    ctx: &Ctx,
    engine: &Engine,
    app: AppId,
    served: &[OrganizationId],
) -> Result<Option<ClaimedJob>> {
    take(ctx, engine, Queue::Opened(app, served)).await
}

/// Which queue a job is taken from.
#[derive(Clone, Copy)]
enum Queue<'a> {
    Of(&'a [AppId]),
    /// What is built in, and whom it served lately.
    Opened(AppId, &'a [OrganizationId]),
}

impl Queue<'_> {
    async fn next(self, tx: &mut Tx) -> Result<Option<JobId>> {
        Ok(match self {
            Self::Of(apps) => job::find_next(tx, apps).await?,
            Self::Opened(app, served) => job::find_next_opened(tx, app, served).await?,
        })
    }
}

async fn take(ctx: &Ctx, engine: &Engine, queue: Queue<'_>) -> Result<Option<ClaimedJob>> {
    // Mostly there is nothing, and then nothing is written.
    if queue.next(&mut ctx.db().read().await?).await?.is_none() {
        return Ok(None);
    }
    let token = format!("{TOKEN_PREFIX}{}", ctx.token());
    let token_hash = digest(token.as_bytes());
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let Some(id) = queue.next(tx).await? else { return Ok(None) };
                let Some(found) = job::find(tx, id).await? else { return Ok(None) };
                let Some(next) = after(found.state, JobEvent::Claimed) else { return Ok(None) };
                let now = ctx.now();
                let (lease, until) = (LeaseId(ctx.id()), now.plus_millis(LEASE_MILLIS));
                let new = NewLease { lease, until, key: engine.key, engine: &engine.name, at: now };
                if !job::claim(tx, id, &new).await? {
                    return Ok(None);
                }
                if found.inputs_digest.is_none() {
                    // It was queued together with many others, and its images have been held since.
                    let inputs = jobs::digest_inputs(tx, found.dataset).await?;
                    job::update_inputs_digest(tx, id, &inputs).await?;
                }
                show_on_dataset(tx, &found, next.to, now).await?;
                if let Some(key) = engine.key {
                    job::insert_token(tx, &token_hash, id, lease, key, now).await?;
                }
                let claimed = job::find(tx, id).await?.ok_or(Refusal::NotFound)?;
                Ok(Some(ClaimedJob {
                    job: claimed,
                    lease,
                    lease_until: until,
                    token: if engine.key.is_some() { token.clone() } else { String::new() },
                    heartbeat_seconds: HEARTBEAT_SECONDS,
                }))
            })
        })
        .await
}

/// Shows on the dataset that an engine is at its job.
async fn show_on_dataset(tx: &mut Tx, found: &Job, state: JobState, at: Timestamp) -> Result<()> {
    let Some(dataset) = job::find_dataset(tx, found.dataset).await? else { return Ok(()) };
    let status = if found.makes_processed { dataset_status(found.status_before, state) } else { dataset.status };
    let effect = DatasetEffect {
        status,
        charged_to: dataset.charged_to,
        charged_images: dataset.charged_images,
        paid_images: dataset.paid_images,
        waits: dataset.waiting,
        holds: 0,
    };
    let permit = go_on(found.person, dataset.organization, found.dataset);
    Ok(job::update_dataset(tx, &permit, &effect, at).await?)
}

/// Which job a token is of, while the key of the engine works.
pub async fn identify(ctx: &Ctx, token: &str, address: Option<String>) -> Result<Option<JobPrincipal>> {
    let found = job::find_token(&mut ctx.db().read().await?, &digest(token.as_bytes())).await?;
    Ok(found.map(|token| JobPrincipal {
        job: token.job,
        lease: token.lease,
        identity: machine_identity(token.key),
        name: machine_name(&token.key_name),
        address,
    }))
}

/// The job of an engine, under the lease that it names.
///
/// # Errors
/// `NotFound` for another job; `LeaseLost`.
pub(super) async fn held(tx: &mut Tx, by: &JobPrincipal, id: &str, lease: Option<&str>) -> Result<Job> {
    let id: JobId = super::subject(id.trim())?;
    if id != by.job {
        return Err(Refusal::NotFound.into());
    }
    let found = job::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let named = match lease {
        None => Some(by.lease),
        Some(text) if text.trim().is_empty() => return Err(Refusal::field("lease", FieldIssue::Missing).into()),
        Some(text) => text.trim().parse().ok(),
    };
    if found.lease != Some(by.lease) || named != Some(by.lease) {
        return Err(Refusal::LeaseLost.into());
    }
    Ok(found)
}

/// What an engine is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    /// Whether somebody wants the job to end.
    pub cancel: bool,
    pub lease_until: Timestamp,
    pub heartbeat_seconds: i64,
}

/// Says how far a job is, and holds its lease for longer. The answer says whether somebody wants it to end; then the lease is not held
/// for longer.
///
/// # Errors
/// `NotFound` for another job; `LeaseLost`; `Invalid` at `progress` or `step`.
pub async fn heartbeat(
    ctx: &Ctx,
    by: &JobPrincipal,
    id: &str,
    lease: &str,
    progress: Option<i64>,
    step: Option<&str>,
) -> Result<Beat> {
    if progress.is_some_and(|progress| !(0..=MAX_PROGRESS).contains(&progress)) {
        return Err(Refusal::field("progress", FieldIssue::NotInRange(0, MAX_PROGRESS)).into());
    }
    let step = step.map(|step| optional_line(step, MAX_STEP_LENGTH)).transpose().map_err(at_field("step"))?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = held(tx, by, id, Some(lease)).await?;
                let cancel = found.state == JobState::Cancelling;
                let until = match found.lease_until {
                    Some(until) if cancel => until,
                    _ => ctx.now().plus_millis(LEASE_MILLIS),
                };
                let progress = progress.unwrap_or(found.progress);
                let step = step.clone().map_or_else(|| found.step.clone(), Option::unwrap_or_default);
                if !job::update_progress(tx, found.id, by.lease, progress, &step, until).await? {
                    return Err(Refusal::LeaseLost.into());
                }
                if (progress, step.as_str()) != (found.progress, found.step.as_str()) {
                    live::touch_jobs(tx, found.organization);
                    live::touch(tx, &[found.dataset]).await?;
                }
                Ok(Beat { cancel, lease_until: until, heartbeat_seconds: HEARTBEAT_SECONDS })
            })
        })
        .await
}

/// A line that an engine writes, unread.
#[derive(Debug, Clone, Default)]
pub struct LineForm {
    /// When; now where it is empty.
    pub at: String,
    /// `info` where it is empty.
    pub level: String,
    pub text: String,
}

/// Writes lines of a job's log, the first of which has the number `first`: what was written already stays, so that a call may be
/// repeated. How many lines the log has.
///
/// # Errors
/// `NotFound` for another job; `LeaseLost`; `Invalid` at `first` or `lines`; `TooLarge` for more than a call may write.
pub async fn log(ctx: &Ctx, by: &JobPrincipal, id: &str, lease: &str, first: i64, lines: &[LineForm]) -> Result<i64> {
    if !(1..=i64::from(i32::MAX)).contains(&first) {
        return Err(Refusal::field("first", FieldIssue::NotInRange(1, i64::from(i32::MAX))).into());
    }
    if lines.len() > MAX_CALL_LINES {
        return Err(Refusal::field("lines", FieldIssue::TooMany(MAX_CALL_LINES)).into());
    }
    if lines.iter().map(|line| line.text.len()).sum::<usize>() > MAX_CALL_BYTES {
        return Err(
            Refusal::TooLarge(format!("A call can write at most {} kB of a log.", MAX_CALL_BYTES / 1024)).into()
        );
    }
    let now = ctx.now();
    let read: std::result::Result<Vec<(Timestamp, LogLevel, String)>, FieldIssue> = lines
        .iter()
        .map(|line| {
            let at = match line.at.trim() {
                "" => Ok(now),
                text => Timestamp::parse_rfc3339(text).ok_or(FieldIssue::NotAMoment),
            };
            let level = match line.level.trim() {
                "" => Ok(LogLevel::default()),
                word => LogLevel::parse(word),
            };
            Ok((at?, level?, clean(&line.text)))
        })
        .collect();
    let read = read.map_err(at_field("lines"))?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = held(tx, by, id, Some(lease)).await?;
                let mut size = LogSize { lines: found.log_lines, bytes: found.log_bytes };
                let mut kept = Vec::new();
                for (number, (at, level, text)) in (found.log_start + first..).zip(&read) {
                    let line = match size.take(number, text.len()) {
                        Room::Kept => LogLine { number, at: *at, level: *level, text: text.clone() },
                        Room::Full => {
                            let (number, level) = (size.lines, LogLevel::Warning);
                            LogLine { number, at: now, level, text: LEFT_OUT.to_owned() }
                        }
                        Room::None => break,
                    };
                    kept.push(line);
                }
                if kept.is_empty() {
                    return Ok(found.log_lines);
                }
                job_log::insert_all(tx, found.id, &kept).await?;
                if !job_log::update_size(tx, found.id, by.lease, size).await? {
                    return Err(Refusal::LeaseLost.into());
                }
                live::touch_jobs(tx, found.organization);
                live::touch(tx, &[found.dataset]).await?;
                Ok(size.lines)
            })
        })
        .await
}

/// One page of the inputs of a job, in the order of their numbers.
///
/// # Errors
/// `NotFound` for another job; `LeaseLost`; `Invalid` at `limit` or `cursor`.
pub async fn inputs(
    ctx: &Ctx,
    by: &JobPrincipal,
    id: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<dataset_file::Input>> {
    let limit = super::limit(limit)?;
    let mut tx = ctx.db().read().await?;
    let found = held(&mut tx, by, id, None).await?;
    let pager = Pager::new(format!("{} inputs", found.id));
    let after: i64 = pager.read(cursor)?.unwrap_or(0);
    let inputs = dataset_file::list_inputs(&mut tx, found.dataset, after, limit + 1).await?;
    pager.page(inputs, limit, |input| input.number)
}

/// The bytes of an input of a job.
///
/// # Errors
/// `NotFound` for another job, and for what is no input; `LeaseLost`.
pub async fn input_content(ctx: &Ctx, by: &JobPrincipal, id: &str, number: &str) -> Result<FileContent> {
    let mut tx = ctx.db().read().await?;
    let found = held(&mut tx, by, id, None).await?;
    file::input_content(&mut tx, found.dataset, number).await
}

/// Ends a job: its outputs become results of the dataset, in the place of what the same app made before, in one step. `outputs` is
/// how many the engine has written, if it says so.
///
/// # Errors
/// `NotFound` for another job; `LeaseLost`; `JobConflict` where outputs are missing.
pub async fn complete(ctx: &Ctx, by: &JobPrincipal, id: &str, lease: &str, outputs: Option<i64>) -> Result<JobState> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = held(tx, by, id, Some(lease)).await?;
                let here = job_output::count(tx, found.id).await?;
                let on_the_way = upload::count_open_of_job(tx, found.id).await?;
                if found.state == JobState::Running
                    && (on_the_way > 0 || outputs.is_some_and(|outputs| outputs != here))
                {
                    return Err(Refusal::JobConflict(format!(
                        "{here} outputs of this job are here, and {on_the_way} are on their way. Send the others, or discard them, and complete it then."
                    ))
                    .into());
                }
                end(tx, ctx, &found, by, JobEvent::Completed, None).await
            })
        })
        .await
}

/// Ends a job that did not work. What was charged is given back, and earlier results stay as they were.
///
/// # Errors
/// `NotFound` for another job; `LeaseLost`; `Invalid` at `kind` or `message`.
pub async fn fail(ctx: &Ctx, by: &JobPrincipal, id: &str, lease: &str, kind: &str, message: &str) -> Result<JobState> {
    let kind = FailureKind::parse(kind.trim()).ok().filter(|kind| kind.is_said_by_engines());
    let kind = kind.ok_or_else(|| Refusal::field("kind", FieldIssue::NotAChoice))?;
    let message: String = message.lines().map(clean).collect::<Vec<_>>().join("\n");
    let message: String = message.chars().take(MAX_MESSAGE_LENGTH).collect();
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = held(tx, by, id, Some(lease)).await?;
                end(tx, ctx, &found, by, JobEvent::Broke(kind), Some(&message)).await
            })
        })
        .await
}

/// Gives a job back, for another engine or a later moment: it is queued again, and this attempt does not count.
///
/// # Errors
/// `NotFound` for another job; `LeaseLost`.
pub async fn release(ctx: &Ctx, by: &JobPrincipal, id: &str, lease: &str) -> Result<JobState> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = held(tx, by, id, Some(lease)).await?;
                let found = Job { attempts: (found.attempts - 1).max(0), ..found };
                end(tx, ctx, &found, by, JobEvent::Released, None).await
            })
        })
        .await
}

/// Carries out what an engine says of its job; what became of it.
async fn end(
    tx: &mut Tx,
    ctx: &Ctx,
    found: &Job,
    by: &JobPrincipal,
    event: JobEvent,
    message: Option<&str>,
) -> Result<JobState> {
    let next: Step = step(found.state, event)?;
    jobs::settle::apply(tx, ctx, found, next, message, Some(by.lease)).await?;
    jobs::settle::note_ended(tx, ctx, found, next).await?;
    Ok(next.to)
}

/// Ends the leases of what is built in, whose process is gone: their jobs are looked after as if nobody had been heard of for too long.
///
/// # Errors
/// The database.
pub async fn end_built_in_leases(ctx: &Ctx) -> Result<()> {
    let now = ctx.now();
    ctx.db().write(|tx, _| Box::pin(async { Ok(job::end_built_in_leases(tx, now).await?) })).await
}

/// Looks after one job whose engine was lost, or whose time is over; whether there was one. Several nodes may do so at once.
///
/// # Errors
/// The database.
pub async fn expire_next(ctx: &Ctx) -> Result<bool> {
    let (lost, overdue) = {
        // Mostly there is nothing, and then nothing is written.
        let mut tx = ctx.db().read().await?;
        let now = ctx.now();
        (job::find_lost(&mut tx, now).await?, job::find_overdue(&mut tx, now).await?)
    };
    let Some(id) = lost.or(overdue) else { return Ok(false) };
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let Some(found) = job::find(tx, id).await? else { return Ok(()) };
                let now = ctx.now();
                let event = if found.deadline_at.is_some_and(|at| at < now) {
                    JobEvent::TimedOut
                } else if found.lease_until.is_some_and(|at| at < now) {
                    JobEvent::LeaseLost(found.attempts)
                } else {
                    // The engine was heard of meanwhile.
                    return Ok(());
                };
                let Some(next) = after(found.state, event) else { return Ok(()) };
                let message = match next.failure {
                    Some(FailureKind::Timeout) => "It took longer than the app allows.",
                    Some(_) => "Its engines were lost one after the other: none of them was heard of any more.",
                    None => "The engine was not heard of any more.",
                };
                jobs::settle::apply(tx, ctx, &found, next, Some(message), None).await?;
                let engine = found.engine_name.as_deref().unwrap_or("The engine");
                let line = if next.to == JobState::Queued {
                    format!(
                        "{engine} was not heard of any more. Attempt {} of {MAX_ATTEMPTS} was lost.",
                        found.attempts
                    )
                } else {
                    message.to_owned()
                };
                job_log::append(tx, found.id, LogLevel::Warning, &line, now).await?;
                jobs::settle::note_ended(tx, ctx, &found, next).await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    Ok(true)
}
