//! Runs the apps that the program has built in (JOB-4). They take jobs under a lease, as every engine does (JOB-6): what they read,
//! write and say goes through the same use cases, so a node that was lost or is too slow changes nothing.
//!
//! An app blocks and computes on threads of its own. Beside it, a task says how far it is and learns whether it is to stop.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU16, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{future, stream};
use tokio::{runtime::Handle, sync::watch, time::Instant};

use crate::{
    domain::{
        app::{BuiltIn, OutputRole},
        id::{AppId, ObjectId, OrganizationId, ResourceId},
        job::FailureKind,
        refusal::Refusal,
        survey::{MAX_PHOTOS, SurveyPhoto},
    },
    server::{
        builtin::{Ended, Host, qc_report, survey_index},
        context::{Ctx, JobPrincipal},
        error::{Error, Result},
        store::photo,
        usecase::{
            app,
            engine::{self, ClaimedJob, Engine, LineForm},
            upload::{
                PlannedFileForm, Sender,
                output::{self, OutputForm},
                receive::{Arriving, ReceiveRequest, receive},
            },
        },
    },
};

/// How often is looked for jobs, where nobody says that there is one: another node may have queued it.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How often is said how far a job is, where it has come further.
const TELL_INTERVAL: Duration = Duration::from_secs(1);
/// How often a sign of life is given in any case.
const BEAT_INTERVAL: Duration = Duration::from_secs(20);
/// How long to wait until a preview or an output is tried again, for storage that does not answer.
const RETRY_DELAYS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];
/// How many photos one statement reads.
const PHOTOS_PAGE_SIZE: i64 = 2_000;
/// How many bytes of an output are sent at once.
const CHUNK_BYTES: usize = 256 * 1024;
/// How many organizations a round has at most.
const MAX_ROUND: usize = 200;
/// What these engines are called.
const NAME: &str = "Built in";

/// Runs jobs of the built-in apps until it is told to stop, one of each app at a time, on so many threads.
pub async fn run(ctx: Ctx, threads: usize, mut stop: watch::Receiver<bool>) {
    let apps = loop {
        match prepare(&ctx).await {
            Ok(apps) => break apps,
            Err(error) => tracing::warn!(%error, "could not add the built-in apps; trying again later"),
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    };
    // A quick app never waits for a slow one.
    future::join_all(apps.into_iter().map(|app| serve(&ctx, app, threads, stop.clone()))).await;
}

/// Runs every job of the built-in apps that is queued; how many.
///
/// # Errors
/// The database.
pub async fn run_due(ctx: &Ctx) -> Result<usize> {
    let (_go_on, stop) = watch::channel(false);
    let mut done = 0;
    for app in prepare(ctx).await? {
        let mut served = Served::default();
        while let Some(organization) = run_next(ctx, app, 2, &served, &stop).await? {
            served.note(organization);
            done += 1;
        }
    }
    Ok(done)
}

/// Adds the apps, and takes back what a process that is gone was at.
async fn prepare(ctx: &Ctx) -> Result<Vec<(BuiltIn, AppId)>> {
    let apps = app::add_built_in(ctx).await?;
    // With SQLite there is one process only, so at its start nobody is at a job.
    if ctx.db().is_sqlite() {
        engine::end_built_in_leases(ctx).await?;
    }
    Ok(apps)
}

async fn serve(ctx: &Ctx, app: (BuiltIn, AppId), threads: usize, mut stop: watch::Receiver<bool>) {
    let mut served = Served::default();
    while !*stop.borrow() {
        // Asked for before the look, so that what is queued in between wakes it.
        let queued = ctx.jobs_queued().notified();
        match run_next(ctx, app, threads, &served, &stop).await {
            Ok(Some(organization)) => {
                served.note(organization);
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "could not run a job of a built-in app; trying again later"),
        }
        tokio::select! {
            () = queued => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Which organizations an app was run for lately, each once: a round in which everybody who waits gets a turn.
#[derive(Default)]
struct Served(Vec<OrganizationId>);

impl Served {
    fn note(&mut self, organization: OrganizationId) {
        // Whoever is served twice was the only one left: a new round begins.
        if self.0.contains(&organization) || self.0.len() >= MAX_ROUND {
            self.0.clear();
        }
        self.0.push(organization);
    }
}

/// Takes the next job of an app and runs it, rather one of an organization that was not served lately; whose it was, if there was one.
async fn run_next(
    ctx: &Ctx,
    (app, id): (BuiltIn, AppId),
    threads: usize,
    served: &Served,
    stop: &watch::Receiver<bool>,
) -> Result<Option<OrganizationId>> {
    let engine = Engine { key: None, name: NAME.to_owned() };
    let Some(claimed) = engine::claim_built_in(ctx, &engine, id, &served.0).await? else { return Ok(None) };
    let mut run = Run::new(ctx, app, &claimed);
    match Box::pin(run.work(threads, stop.clone())).await {
        // Somebody else has the job, or it has ended.
        Err(Error::Refused(Refusal::LeaseLost | Refusal::NotFound)) => {
            tracing::info!(job = %claimed.job.id, "a job went to another engine");
        }
        ended => ended?,
    }
    Ok(Some(claimed.job.organization))
}

/// What an app and the task beside it say to each other.
#[derive(Default)]
struct Shared {
    /// The app is to stop.
    stop: AtomicBool,
    thousandths: AtomicU16,
    step: Mutex<&'static str>,
    /// How many outputs are kept.
    outputs: AtomicI64,
}

impl Shared {
    fn step(&self) -> &'static str {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// A job that is run.
struct Run<'a> {
    ctx: &'a Ctx,
    app: BuiltIn,
    dataset: ResourceId,
    by: JobPrincipal,
    job: String,
    lease: String,
    /// The number of the next line of the log.
    next_line: i64,
}

impl<'a> Run<'a> {
    fn new(ctx: &'a Ctx, app: BuiltIn, claimed: &ClaimedJob) -> Self {
        let job = &claimed.job;
        Self {
            ctx,
            app,
            dataset: job.dataset,
            by: JobPrincipal {
                job: job.id,
                lease: claimed.lease,
                identity: job.person,
                name: NAME.to_owned(),
                address: None,
            },
            job: job.id.to_string(),
            lease: claimed.lease.to_string(),
            next_line: 1,
        }
    }

    /// Runs the app, and ends the job.
    async fn work(&mut self, threads: usize, stop: watch::Receiver<bool>) -> Result<()> {
        let shared = Arc::new(Shared::default());
        let photos = self.photos().await?;
        self.say("info", format!("{} photos.", photos.len())).await?;
        let (app, by, lease) = (self.app, self.by.clone(), self.lease.clone());
        let (ctx, beside) = (self.ctx.clone(), shared.clone());
        let mut working = tokio::task::spawn_blocking(move || compute(app, &ctx, by, lease, photos, threads, &beside));
        let mut said = (0, "");
        let mut beaten = Instant::now();
        let worked = loop {
            tokio::select! {
                worked = &mut working => break worked,
                () = tokio::time::sleep(TELL_INTERVAL) => {}
            }
            if *stop.borrow() {
                shared.stop();
            }
            let now = (shared.thousandths.load(Ordering::SeqCst), shared.step());
            if now == said && beaten.elapsed() < BEAT_INTERVAL {
                continue;
            }
            match self.beat(now.0, now.1).await {
                Ok(false) => {}
                Ok(true) | Err(Error::Refused(_)) => shared.stop(),
                Err(error) => tracing::warn!(%error, "could not say how far a job is; trying again later"),
            }
            if now.1 != said.1 && !shared.stop.load(Ordering::SeqCst) {
                self.say("info", format!("{}.", now.1)).await?;
            }
            (said, beaten) = (now, Instant::now());
        };
        let Ok(worked) = worked else {
            return self.fail(FailureKind::AppError, "The program that runs this app broke.").await;
        };
        match worked {
            Ok(lines) => {
                for line in lines {
                    self.say("info", line).await?;
                }
                let outputs = shared.outputs.load(Ordering::SeqCst);
                engine::complete(self.ctx, &self.by, &self.job, &self.lease, Some(outputs)).await.map(|_| ())
            }
            Err(Ended::Stopped) => self.give_back().await,
            Err(ended @ (Ended::TooManyPhotos(_) | Ended::NoPositions)) => {
                self.fail(FailureKind::InputError, &ended.to_string()).await
            }
            Err(ended @ Ended::Files(_)) => self.fail(FailureKind::AppError, &ended.to_string()).await,
        }
    }

    async fn photos(&self) -> Result<Vec<photo::ListedPhoto>> {
        let mut photos: Vec<photo::ListedPhoto> = Vec::new();
        loop {
            let after = photos.last().map_or(("", 0), |last| (last.path_sort.as_str(), last.photo.number));
            let mut tx = self.ctx.db().read().await?;
            let page = photo::list_of_survey(&mut tx, self.dataset, after, PHOTOS_PAGE_SIZE).await?;
            // One more than an app takes is enough to refuse them.
            if page.is_empty() || photos.len() > MAX_PHOTOS {
                return Ok(photos);
            }
            photos.extend(page);
        }
    }

    /// Says how far the job is; whether it is to stop.
    async fn beat(&self, thousandths: u16, step: &str) -> Result<bool> {
        let progress = Some(i64::from(thousandths));
        let beat = engine::heartbeat(self.ctx, &self.by, &self.job, &self.lease, progress, Some(step)).await?;
        Ok(beat.cancel)
    }

    /// Writes a line of the log.
    async fn say(&mut self, level: &str, text: String) -> Result<()> {
        let line = LineForm { at: String::new(), level: level.to_owned(), text };
        engine::log(self.ctx, &self.by, &self.job, &self.lease, self.next_line, &[line]).await?;
        self.next_line += 1;
        Ok(())
    }

    /// Gives the job back: it was cancelled, or this process stops and another one goes on.
    async fn give_back(&self) -> Result<()> {
        engine::release(self.ctx, &self.by, &self.job, &self.lease).await.map(|_| ())
    }

    async fn fail(&mut self, kind: FailureKind, message: &str) -> Result<()> {
        self.say("error", message.to_owned()).await?;
        engine::fail(self.ctx, &self.by, &self.job, &self.lease, kind.as_str(), message).await.map(|_| ())
    }
}

/// Runs an app on the thread it is called on; what is to be said of the result.
fn compute(
    app: BuiltIn,
    ctx: &Ctx,
    by: JobPrincipal,
    lease: String,
    listed: Vec<photo::ListedPhoto>,
    threads: usize,
    shared: &Shared,
) -> std::result::Result<Vec<String>, Ended> {
    let mut photos: Vec<SurveyPhoto> = Vec::with_capacity(listed.len());
    let mut previews = BTreeMap::new();
    for one in listed {
        if let Some((object, bytes)) = one.preview {
            previews.insert(one.photo.number, (one.cluster, object, bytes));
        }
        photos.push(one.photo);
    }
    let host = JobHost { ctx, by, lease, previews, handle: Handle::current(), shared };
    match app {
        BuiltIn::SurveyIndex => {
            let index = survey_index::run(&photos, threads, &host)?;
            if index.bounds.is_none() {
                return Err(Ended::NoPositions);
            }
            let mut lines = vec![format!("{} of {} photos are laid on the ground.", index.placed, index.photos)];
            if !index.mosaic_note.is_empty() {
                lines.push(index.mosaic_note);
            }
            Ok(lines)
        }
        BuiltIn::QcReport => {
            let report = qc_report::run(&photos, &host)?;
            Ok(vec![match report.findings.len() {
                0 => "Nothing was found.".to_owned(),
                1 => "1 finding.".to_owned(),
                count => format!("{count} findings."),
            }])
        }
    }
}

/// What an app asks for, out of the database and storage.
struct JobHost<'a> {
    ctx: &'a Ctx,
    by: JobPrincipal,
    lease: String,
    /// The cluster, the object and the size of the large preview of each photo.
    previews: BTreeMap<i64, (String, ObjectId, i64)>,
    handle: Handle,
    shared: &'a Shared,
}

fn failed(error: Error) -> Ended {
    match error {
        Error::Refused(Refusal::LeaseLost | Refusal::NotFound) => Ended::Stopped,
        error => Ended::Files(std::io::Error::other(error.to_string())),
    }
}

impl JobHost<'_> {
    /// Does something again that storage may not have answered for once.
    fn retried<T>(&self, work: impl Fn() -> Result<T>) -> std::result::Result<T, Ended> {
        for delay in RETRY_DELAYS {
            match work() {
                Err(error @ Error::Refused(_)) => return Err(failed(error)),
                Err(error) => tracing::warn!(%error, "storage did not answer a built-in app; trying again"),
                Ok(done) => return Ok(done),
            }
            if self.shared.stop.load(Ordering::SeqCst) {
                return Err(Ended::Stopped);
            }
            self.handle.block_on(tokio::time::sleep(delay));
        }
        work().map_err(failed)
    }

    /// Sends an output, from its beginning.
    async fn send(&self, name: &str, bytes: i64, file: &File) -> Result<()> {
        let planned = PlannedFileForm { path: name.to_owned(), bytes, modified: String::new() };
        let form = OutputForm { file: planned, role: role(name).as_str().to_owned() };
        let planned = output::plan(self.ctx, &self.by, &self.by.job.to_string(), &self.lease, &[form]).await?;
        let upload = planned.into_iter().next().and_then(|planned| planned.upload);
        // The same file was sent before, and the answer was lost.
        let Some(upload) = upload else { return Ok(()) };
        let mut rest = file;
        rest.seek(SeekFrom::Start(u64::try_from(upload.received).unwrap_or(0)))
            .map_err(|error| Error::Internal(error.to_string()))?;
        let chunks = stream::unfold(rest, |rest| async move { Some((read_chunk(rest)?, rest)) });
        let chunks = std::pin::pin!(chunks);
        let request = ReceiveRequest { offset: upload.received, ..ReceiveRequest::default() };
        let sender = Sender::Engine(self.by.clone());
        receive(self.ctx, &sender, &upload.id.to_string(), &request, chunks).await.map(|_| ())
    }
}

/// The next bytes of a file; `End` once there are none. A file that cannot be read looks like a connection that was cut.
fn read_chunk(mut file: &File) -> Option<Arriving> {
    let mut chunk = vec![0; CHUNK_BYTES];
    match file.read(&mut chunk).ok()? {
        0 => Some(Arriving::End),
        count => {
            chunk.truncate(count);
            Some(Arriving::Chunk(chunk.into()))
        }
    }
}

/// What an output is.
fn role(name: &str) -> OutputRole {
    match name {
        survey_index::MOSAIC_TIF | survey_index::MOSAIC_JPG => OutputRole::Mosaic,
        survey_index::COVERAGE_TIF => OutputRole::Coverage,
        survey_index::INDEX_JSON => OutputRole::Index,
        qc_report::QC_JSON | qc_report::QC_CSV => OutputRole::Report,
        _ => OutputRole::Other,
    }
}

impl Host for JobHost<'_> {
    type File = File;

    fn preview(&self, photo: &SurveyPhoto) -> std::result::Result<Option<Bytes>, Ended> {
        let Some((cluster, object, bytes)) = self.previews.get(&photo.number) else { return Ok(None) };
        let read = || Ok(self.handle.block_on(self.ctx.files()?.read_whole(cluster, &[(*object, *bytes)]))?);
        self.retried(read).map(Some)
    }

    fn create(&self, _: &'static str) -> std::result::Result<File, Ended> {
        Ok(tempfile::tempfile()?)
    }

    fn keep(&self, name: &'static str, file: File) -> std::result::Result<(), Ended> {
        let bytes = i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX);
        self.retried(|| self.handle.block_on(self.send(name, bytes, &file)))?;
        self.shared.outputs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn progress(&self, thousandths: u16, step: &'static str) -> std::result::Result<(), Ended> {
        self.shared.thousandths.store(thousandths, Ordering::SeqCst);
        *self.shared.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
        if self.shared.stop.load(Ordering::SeqCst) { Err(Ended::Stopped) } else { Ok(()) }
    }
}
