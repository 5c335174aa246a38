//! `commonhold engine nodeodm`: has jobs done by a NodeODM. Takes a job, sends its images, follows the task, brings back its results.
//!
//! # Invariants
//! - At most one job at a time, and none while the node is busy or away: another engine may have it.
//! - A node that is away is not the job's failure. Who waits too long for one gives the job back.
//! - What is not certain to have arrived once is not sent again into the same task: a task is begun anew, at most `MAX_TASKS` times.
//! - Images are on this machine's disk a few at a time, results one at a time beside the archive that they are in.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use clap::Args;
use commonhold::{
    domain::{job::FailureKind, job_log::LogLevel, upload::MAX_PLANNED_FILES},
    server::{Fatal, config::SecretText},
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use uuid::Uuid;

use super::{
    super::{
        client::{Remote, ServerArgs, Trouble},
        output::{complain, say},
    },
    archive::{Archive, Contents},
    folder::Folder,
    job::{End, Input, Job, Output, Planned},
    node::{Node, NodeError, TaskState},
};

/// How long a server is asked to wait for a job at most; so long the end waits for an answer, which may bring one.
const MAX_CLAIM_WAIT_SECONDS: u64 = 10;
/// How long nothing is done after the server did not answer, or after a job was given back.
const PAUSE: Duration = Duration::from_secs(30);
/// How many tasks a node is given for one job.
const MAX_TASKS: u8 = 3;
/// How many images are sent at the same moment.
const PARALLEL_IMAGES: usize = 4;
/// How much of the progress sending images is, and how much the node's work, in thousandths; the rest is bringing results back.
const SENT: u64 = 150;
const PROCESSED: u64 = 850;
/// How often an archive is asked for that turns out to be none.
const MAX_ARCHIVES: u32 = 3;
/// How many files that are left out are named in the log.
const MAX_NAMED: usize = 100;

/// The options of `engine nodeodm`.
#[derive(Args)]
pub struct NodeodmArgs {
    #[command(flatten)]
    server: ServerArgs,

    /// The address of the node, for example <http://localhost:3001>
    #[arg(long, env = "COMMONHOLD_NODE", value_parser = node_url)]
    node: NodeUrl,

    /// The token that the node wants, if it wants one.
    #[arg(long, env = "COMMONHOLD_NODE_TOKEN", hide_env_values = true)]
    node_token: Option<SecretText>,

    /// The slug of an app that the key's organization publishes; several times for several apps.
    #[arg(long = "app", required = true)]
    apps: Vec<String>,

    /// NAME=VALUE: an option of the node for every job, whatever the job says; several times for several options.
    #[arg(long = "option", value_parser = option)]
    options: Vec<(String, String)>,

    /// The folder for images on their way and for archives; that of the system for temporary files, unless this says otherwise.
    #[arg(long)]
    work: Option<PathBuf>,

    /// How often the node is asked how far it is, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    poll: u64,

    /// How often the server hears of a job at least, in seconds: so long takes a cancellation.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=60))]
    heartbeat: u64,

    /// For how many seconds a node may be away before its job is given back.
    #[arg(long, default_value_t = 1_800, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    patience: u64,
}

/// Where a node is, and the token that stood behind its address.
#[derive(Clone, Debug)]
struct NodeUrl {
    url: String,
    token: Option<SecretText>,
}

fn node_url(text: &str) -> Result<NodeUrl, String> {
    let example = "use an address like http://localhost:3001";
    let mut url = url::Url::parse(text.trim()).map_err(|_| example.to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(example.to_owned());
    }
    let token = url.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
    url.set_query(None);
    url.set_fragment(None);
    let token = token.map(|token| token.parse().unwrap_or_else(|never| match never {}));
    Ok(NodeUrl { url: url.as_str().trim_end_matches('/').to_owned(), token })
}

fn option(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("use NAME=VALUE, for example max-concurrency=4".to_owned()),
    }
}

/// Why a task at the node did not come to its end.
enum Halt {
    /// The job ends.
    End(End),
    /// Another task may do it.
    Again(String),
}

impl From<End> for Halt {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Self {
        Self::End(trouble.into())
    }
}

/// What the node says no to, in its words.
fn refused(words: &str) -> End {
    End::Failed(FailureKind::AppError, format!("The node says: {}", readable(words)))
}

/// The words of an error; a list of problems with options arrives as JSON.
fn readable(words: &str) -> String {
    let problems: Vec<Value> = serde_json::from_str(words).unwrap_or_default();
    let problems: Vec<String> = problems
        .iter()
        .filter_map(|problem| Some(format!("{}: {}", problem["name"].as_str()?, problem["error"].as_str()?)))
        .collect();
    if problems.is_empty() { words.to_owned() } else { problems.join("; ") }
}

/// How long something that does not answer has been waited for.
struct Patience {
    began: Instant,
    limit: Duration,
    pause: Duration,
}

impl Patience {
    /// # Errors
    /// The job is given back.
    async fn wait(&self, words: String) -> Result<(), End> {
        if self.began.elapsed() > self.limit {
            return Err(End::GiveBack(words));
        }
        tokio::time::sleep(self.pause).await;
        Ok(())
    }
}

struct Bridge<'a> {
    args: &'a NodeodmArgs,
    remote: Remote,
    node: Node,
}

pub async fn run(args: &NodeodmArgs) -> Result<ExitCode, Fatal> {
    let remote = Remote::connect(&args.server).await?;
    let token = args.node_token.as_ref().or(args.node.token.as_ref());
    let bridge = Bridge { args, remote, node: Node::new(&args.node.url, token.map(SecretText::reveal))? };
    let (stop, stopped) = watch::channel(false);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Nobody listens any more where it has ended by itself.
        let _ = stop.send(true);
    });
    // On the heap: work on a job is a large future.
    Box::pin(bridge.run(stopped)).await?;
    Ok(ExitCode::SUCCESS)
}

/// Waits, or until the program is to end.
async fn pause(stopped: &mut watch::Receiver<bool>, time: Duration) {
    let _ = tokio::time::timeout(time, stopped.wait_for(|stop| *stop)).await;
}

impl Bridge<'_> {
    async fn run(&self, mut stopped: watch::Receiver<bool>) -> Result<(), Fatal> {
        let (mut was_away, mut introduced) = (false, false);
        while !*stopped.borrow() {
            match self.node.info().await {
                Ok(info) => {
                    if !introduced || was_away {
                        say(format!(
                            "The node at {} is there: {} with API {}.",
                            self.args.node.url, info.engine, info.version
                        ))?;
                    }
                    (was_away, introduced) = (false, true);
                    if info.is_busy() {
                        pause(&mut stopped, Duration::from_secs(self.args.poll)).await;
                        continue;
                    }
                }
                Err(NodeError::Refused(words)) if !introduced => return Err(format!("The node says: {words}").into()),
                Err(error) => {
                    if !was_away {
                        complain(format!("The node at {} is away: {}", self.args.node.url, error.words()));
                    }
                    was_away = true;
                    pause(&mut stopped, PAUSE.min(Duration::from_secs(self.args.poll))).await;
                    continue;
                }
            }
            // Not broken off at the end: what it brings is to be given back.
            match Job::claim(&self.remote, &self.args.apps, self.args.poll.min(MAX_CLAIM_WAIT_SECONDS)).await {
                Ok(None) => {}
                Ok(Some(job)) => {
                    say(format!("Job {}: {} of “{}”, {} images.", job.id, job.app, job.dataset, job.images))?;
                    let (words, given_back) = self.carry_out(&job, &mut stopped).await;
                    say(format!("Job {}: {words}", job.id))?;
                    if given_back {
                        pause(&mut stopped, PAUSE).await;
                    }
                }
                Err(Trouble::Later(reason)) => {
                    complain(reason);
                    pause(&mut stopped, PAUSE.min(Duration::from_secs(self.args.poll))).await;
                }
                Err(other) => return Err(other.words().into()),
            }
        }
        Ok(())
    }

    /// Does a job, or says why not; the words for it, and whether it was given back.
    async fn carry_out(&self, job: &Job<'_>, stopped: &mut watch::Receiver<bool>) -> (String, bool) {
        let tasks = Mutex::new(Vec::new());
        let worked = tokio::select! {
            worked = Box::pin(self.work(job, &tasks)) => worked,
            end = job.keep_alive(Duration::from_secs(self.args.heartbeat)) => Err(end),
            _ = stopped.wait_for(|stop| *stop) => Err(End::GiveBack("The bridge to the node is stopped.".to_owned())),
        };
        if let Err(End::Failed(_, words) | End::GiveBack(words)) = &worked {
            job.note(LogLevel::Warning, words);
        }
        if !matches!(worked, Err(End::LeaseLost)) {
            // Without its last lines it ends as well.
            let _ = job.flush().await;
        }
        let given_back = matches!(worked, Err(End::GiveBack(_)));
        let (ended, why) = match worked {
            Ok(outputs) => (job.complete(outputs).await, format!("{outputs} results")),
            Err(End::Failed(kind, words)) => (job.fail(kind, &words).await, words),
            Err(End::GiveBack(words)) => (job.release().await, words),
            Err(End::Cancelled) => (job.release().await, "somebody cancelled it".to_owned()),
            Err(End::LeaseLost) => (Err(Trouble::LeaseLost), "it was under way".to_owned()),
        };
        // Whatever became of it, the node need not keep it, nor go on.
        for task in tasks.into_inner().unwrap_or_else(PoisonError::into_inner) {
            if let Err(error) = self.node.remove(&task).await {
                complain(format!("Task {task} is still at the node: {}", error.words()));
            }
        }
        match ended {
            Ok(state) => (format!("{state} ({why})."), given_back),
            Err(trouble) => (format!("{} ({why})", trouble.words()), given_back),
        }
    }

    fn patience(&self) -> Patience {
        let (limit, pause) = (Duration::from_secs(self.args.patience), Duration::from_secs(self.args.poll));
        Patience { began: Instant::now(), limit, pause }
    }

    /// Asks the node until it answers. For what may be asked twice.
    async fn patiently<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Halt>
    where
        F: Future<Output = Result<T, NodeError>>,
    {
        let patience = self.patience();
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(NodeError::Busy(words) | NodeError::Away(words)) => patience.wait(words).await?,
                Err(NodeError::Refused(words)) => return Err(refused(&words).into()),
                Err(error @ NodeError::Forgotten) => return Err(Halt::Again(error.words())),
            }
        }
    }

    /// Has a job done; how many results there are.
    async fn work(&self, job: &Job<'_>, tasks: &Mutex<Vec<String>>) -> Result<usize, End> {
        let work = self.args.work.clone().unwrap_or_else(std::env::temp_dir);
        let folder = Folder::new(&work, &format!("commonhold-{}", job.lease()))
            .map_err(|error| End::GiveBack(format!("The work folder cannot be written to: {error}")))?;
        let (mut why, mut number) = (String::new(), 0);
        while number < MAX_TASKS {
            let uuid = task_id(job.lease(), number).ok_or_else(|| refused("The lease is no UUID."))?;
            number += 1;
            tasks.lock().unwrap_or_else(PoisonError::into_inner).push(uuid.clone());
            match self.task(job, &uuid, &folder).await {
                Ok(outputs) => return Ok(outputs),
                Err(Halt::End(end)) => return Err(end),
                Err(Halt::Again(words)) => {
                    job.note(
                        LogLevel::Warning,
                        &format!("{words} This was task {number} of {MAX_TASKS} for this job."),
                    );
                    why = words;
                }
            }
        }
        Err(End::Failed(FailureKind::InsufficientResources, format!("It was tried {MAX_TASKS} times. {why}")))
    }

    /// One task at the node, from its beginning to its results.
    async fn task(&self, job: &Job<'_>, uuid: &str, folder: &Folder) -> Result<usize, Halt> {
        let info = self.patiently(|| self.node.info()).await?;
        if let Some(most) = info.max_images.filter(|most| *most < job.images) {
            let words = format!("The node takes at most {most} images, and the dataset has {}.", job.images);
            return Err(End::Failed(FailureKind::InsufficientResources, words).into());
        }
        let known = self.patiently(|| self.node.options()).await?;
        let options = self.options(job, &known);
        job.at(0, "sending images");
        self.patiently(|| self.node.init(uuid, &job.dataset, &options)).await?;
        let sent = self.send_images(job, uuid, folder).await?;
        if sent == 0 {
            return Err(End::Failed(FailureKind::InputError, "The dataset has no images.".to_owned()).into());
        }
        self.commit(uuid).await?;
        self.follow(job, uuid, sent).await?;
        job.at(thousandths(PROCESSED), "bringing results back");
        self.bring_back(job, uuid, folder).await
    }

    /// The options of a job that the node has, with those of the command line, as the node takes them.
    fn options(&self, job: &Job<'_>, known: &[String]) -> Value {
        let mut chosen = job.options.clone();
        chosen.extend(self.args.options.iter().map(|(name, value)| (name.clone(), json!(value))));
        let (taken, unknown): (Vec<_>, Vec<_>) =
            chosen.into_iter().partition(|(name, _)| known.iter().any(|known| known == name));
        // A node leaves them out without a word.
        for (name, _) in unknown {
            job.note(LogLevel::Warning, &format!("The node has no option “{name}”. It is left out."));
        }
        taken.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
    }

    /// Sends the inputs, a few at a time; how many there were.
    async fn send_images(&self, job: &Job<'_>, uuid: &str, folder: &Folder) -> Result<u64, Halt> {
        let (mut names, mut sent, mut cursor) = (Names::default(), 0, String::new());
        loop {
            let (page, next) = job.inputs(&cursor).await?;
            let mut wanted = Vec::with_capacity(page.len());
            for input in page {
                // A node unpacks some archives over its own files.
                if input.path.to_lowercase().ends_with(".zip") {
                    job.note(LogLevel::Warning, &format!("“{}” is an archive, and is not sent.", input.path));
                } else {
                    wanted.push((names.free(&input.path), input));
                }
            }
            let mut sending = stream::iter(wanted)
                .map(|(name, input)| async move { self.send_image(job, uuid, folder, &name, &input).await })
                .buffer_unordered(PARALLEL_IMAGES);
            while sending.try_next().await?.is_some() {
                sent += 1;
                job.at(thousandths(SENT * sent / job.images.max(sent)), "sending images");
            }
            drop(sending);
            // What the server does not take now goes with the next lines.
            let _ = job.flush().await;
            match next {
                Some(next) => cursor = next,
                None => return Ok(sent),
            }
        }
    }

    async fn send_image(
        &self,
        job: &Job<'_>,
        uuid: &str,
        folder: &Folder,
        name: &str,
        input: &Input,
    ) -> Result<(), Halt> {
        let file = folder.file(&format!("in-{name}"));
        job.fetch(input, &file).await?;
        let patience = self.patience();
        loop {
            match self.node.upload(uuid, name, &file).await {
                Ok(()) => break,
                Err(NodeError::Busy(words)) => patience.wait(words).await?,
                Err(NodeError::Away(words)) => {
                    return Err(Halt::Again(format!("{words} Nobody knows whether “{}” has arrived.", input.path)));
                }
                Err(NodeError::Refused(words)) => return Err(refused(&words).into()),
                Err(error @ NodeError::Forgotten) => return Err(Halt::Again(error.words())),
            }
        }
        // The folder goes in the end, with everything in it.
        let _ = tokio::task::spawn_blocking(move || std::fs::remove_file(file)).await;
        Ok(())
    }

    /// Has the task begin; an answer that got lost is found out about.
    async fn commit(&self, uuid: &str) -> Result<(), Halt> {
        let patience = self.patience();
        loop {
            let error = match self.node.commit(uuid).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if self.node.task(uuid).await.is_ok() {
                return Ok(());
            }
            match error {
                NodeError::Busy(words) | NodeError::Away(words) => patience.wait(words).await?,
                NodeError::Refused(words) => return Err(refused(&words).into()),
                NodeError::Forgotten => return Err(Halt::Again(error.words())),
            }
        }
    }

    /// Follows the task to its end: progress, step, and what it prints.
    async fn follow(&self, job: &Job<'_>, uuid: &str, sent: u64) -> Result<(), Halt> {
        let (mut lines, mut step, mut was_running) = (0, "waiting at the node".to_owned(), false);
        let mut patience = self.patience();
        let mut last = 0.0_f64;
        loop {
            let task = match self.node.task(uuid).await {
                Ok(task) => task,
                Err(NodeError::Busy(words) | NodeError::Away(words)) => {
                    job.at(node_progress(last), "waiting for the node, which does not answer");
                    patience.wait(words).await?;
                    continue;
                }
                Err(NodeError::Refused(words)) => return Err(refused(&words).into()),
                Err(error @ NodeError::Forgotten) => return Err(Halt::Again(error.words())),
            };
            patience = self.patience();
            last = task.percent;
            if task.images.is_some_and(|images| images > sent) {
                return Err(Halt::Again("The node has more images than were sent.".to_owned()));
            }
            if was_running && task.state == TaskState::Queued {
                job.note(LogLevel::Warning, "The node was restarted, and begins the task again.");
                lines = 0;
            }
            was_running = task.state == TaskState::Running;
            if !job.log_is_full() {
                // Where there is none now, it comes with the next look.
                let printed = self.node.output(uuid, lines).await.unwrap_or_default();
                lines += printed.len();
                for line in &printed {
                    job.note(level(line), line);
                    if let Some(stage) = stage(line) {
                        stage.clone_into(&mut step);
                    }
                }
            }
            job.at(node_progress(last), &step);
            // What the server does not take now goes with the next lines.
            if let Err(Trouble::LeaseLost) = job.flush().await {
                return Err(End::LeaseLost.into());
            }
            match task.state {
                TaskState::Completed => return Ok(()),
                TaskState::Failed => {
                    let words = task.message.unwrap_or_else(|| "Processing failed.".to_owned());
                    return Err(End::Failed(failure(&words), format!("The node says: {words}")).into());
                }
                TaskState::Cancelled => {
                    let words = "Somebody cancelled the task at the node.".to_owned();
                    return Err(End::Failed(FailureKind::AppError, words).into());
                }
                TaskState::Queued | TaskState::Running => {}
            }
            tokio::time::sleep(Duration::from_secs(self.args.poll)).await;
        }
    }

    /// Brings back what came of the task; how many results there are.
    async fn bring_back(&self, job: &Job<'_>, uuid: &str, folder: &Folder) -> Result<usize, Halt> {
        let file = folder.file("all.zip");
        let (archive, contents) = self.download(uuid, &file).await?;
        let archive = Arc::new(Mutex::new(archive));
        for words in contents.left_out.iter().take(MAX_NAMED) {
            job.note(LogLevel::Warning, words);
        }
        if contents.left_out.len() > MAX_NAMED {
            let more = contents.left_out.len() - MAX_NAMED;
            job.note(LogLevel::Warning, &format!("Left out {more} more files."));
        }
        let (all, mut brought, mut done) = (contents.entries.len(), 0, 0);
        let unpacked = folder.file("out");
        let mut entries = contents.entries.into_iter();
        loop {
            let chunk: Vec<_> = entries.by_ref().take(MAX_PLANNED_FILES).collect();
            if chunk.is_empty() {
                break;
            }
            let outputs: Vec<Output> = chunk.iter().map(|entry| entry.output.clone()).collect();
            for (entry, planned) in chunk.into_iter().zip(job.plan(&outputs).await?) {
                let (path, bytes) = (entry.output.path.clone(), entry.output.bytes);
                match planned {
                    Planned::Present => brought += 1,
                    Planned::Refused(reason) => {
                        job.note(LogLevel::Warning, &format!("“{path}” was not taken: {reason}"));
                    }
                    Planned::Send(url, offset) => {
                        let (archive, to) = (archive.clone(), unpacked.clone());
                        let unpack = tokio::task::spawn_blocking(move || {
                            archive.lock().unwrap_or_else(PoisonError::into_inner).unpack(&entry, &to)
                        });
                        let unpacking = unpack.await.unwrap_or_else(|error| Err(error.to_string()));
                        unpacking.map_err(|error| {
                            End::Failed(FailureKind::AppError, format!("“{path}” cannot be unpacked: {error}."))
                        })?;
                        job.send(&unpacked, bytes, &url, offset).await?;
                        brought += 1;
                    }
                }
                done += 1;
                let share = PROCESSED + (1_000 - PROCESSED) * done / u64::try_from(all.max(1)).unwrap_or(1);
                job.at(thousandths(share), "bringing results back");
            }
        }
        if brought == 0 {
            return Err(End::Failed(FailureKind::AppError, "The node sent no results.".to_owned()).into());
        }
        Ok(brought)
    }

    /// Brings the archive, again where it was cut.
    async fn download(&self, uuid: &str, file: &Path) -> Result<(Archive, Contents), Halt> {
        let (patience, mut archives) = (self.patience(), 0);
        loop {
            let words = match self.node.download(uuid, file).await {
                Ok(()) => {
                    let from = file.to_owned();
                    let opened = tokio::task::spawn_blocking(move || {
                        let mut archive = Archive::open(&from)?;
                        let contents = archive.contents()?;
                        Ok::<_, String>((archive, contents))
                    });
                    match opened.await.unwrap_or_else(|error| Err(error.to_string())) {
                        Ok(opened) => return Ok(opened),
                        Err(error) => {
                            archives += 1;
                            let words = format!("The archive with the results cannot be read: {error}.");
                            if archives == MAX_ARCHIVES {
                                return Err(End::Failed(FailureKind::AppError, words).into());
                            }
                            words
                        }
                    }
                }
                Err(NodeError::Busy(words) | NodeError::Away(words)) => words,
                Err(NodeError::Refused(words)) if words.to_lowercase().contains("not ready") => words,
                Err(NodeError::Refused(words)) => return Err(refused(&words).into()),
                Err(error @ NodeError::Forgotten) => return Err(Halt::Again(error.words())),
            };
            patience.wait(words).await?;
        }
    }
}

/// The id of a task: the lease, but for its last digits, so that one that was begun before a restart of the node is told apart.
fn task_id(lease: &str, number: u8) -> Option<String> {
    let lease: Uuid = lease.parse().ok()?;
    Some(Uuid::from_u128(lease.as_u128() ^ u128::from(number)).to_string())
}

fn thousandths(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(0)
}

/// How far the job is when the node is so far with its part.
fn node_progress(percent: f64) -> i64 {
    let percent = if percent.is_finite() { percent.clamp(0.0, 100.0) } else { 0.0 };
    // Whole percents, found without a cast.
    let whole = (0_u64..=100).rev().find(|whole| f64::from(u32::try_from(*whole).unwrap_or(0)) <= percent).unwrap_or(0);
    thousandths(SENT + (PROCESSED - SENT) * whole / 100)
}

/// How much a line that a node printed matters.
fn level(line: &str) -> LogLevel {
    match line.trim_start_matches(['\u{1b}', '[', '0', '1', '3', '9', 'm', ';']).split(']').next() {
        Some("ERROR") => LogLevel::Error,
        Some("WARNING") => LogLevel::Warning,
        Some("DEBUG") => LogLevel::Debug,
        _ => LogLevel::Info,
    }
}

/// What OpenDroneMap begins with a line like `[INFO]    Running opensfm stage`.
fn stage(line: &str) -> Option<&str> {
    line.split_once("Running ")?.1.trim_end().strip_suffix(" stage").filter(|stage| stage.len() <= 40)
}

/// What kind of failure the words of a node tell.
fn failure(words: &str) -> FailureKind {
    let words = words.to_ascii_lowercase();
    if words.contains("memory") {
        FailureKind::InsufficientResources
    } else if words.contains("dataset") {
        FailureKind::InputError
    } else {
        FailureKind::AppError
    }
}

/// The names that images have at a node, which keeps them in one folder: each once, in letters that every system takes.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    /// The name of a file, or with its folders where another has it.
    fn free(&mut self, path: &str) -> String {
        let plain = |text: &str| -> String {
            let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
            let name: String = text.chars().map(kept).collect();
            // From its end, which says what kind of file it is.
            name.get(name.len().saturating_sub(150)..).unwrap_or_default().trim_start_matches('.').to_owned()
        };
        let short = plain(path.rsplit('/').next().unwrap_or_default());
        let long = plain(path);
        let numbered = (2..).map(|number: u32| format!("{number}_{long}"));
        let mut candidates = [short, long.clone()].into_iter().chain(numbered);
        let free = |name: &String| !name.is_empty() && !self.0.contains(&name.to_ascii_lowercase());
        let name = candidates.find(free).unwrap_or_default();
        self.0.insert(name.to_ascii_lowercase());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::{FailureKind, LogLevel, Names, failure, level, node_progress, node_url, readable, stage, task_id};

    #[test]
    fn job_6_images_of_several_folders_get_names_of_their_own() {
        let mut names = Names::default();
        let paths = ["100/DJI_1.JPG", "101/DJI_1.JPG", "101_DJI_1.JPG", "Ü/é.jpg", "geo.txt", "102/dji_1.jpg"];
        let given: Vec<String> = paths.iter().map(|path| names.free(path)).collect();
        assert_eq!(given, ["DJI_1.JPG", "101_DJI_1.JPG", "2_101_DJI_1.JPG", "_.jpg", "geo.txt", "102_dji_1.jpg"]);
        for (path, name) in [("a\"b\r\n/c;d", "c_d"), ("x/..", "x_.."), ("", "2_")] {
            assert_eq!(names.free(path), name);
        }
    }

    #[test]
    fn job_6_what_a_node_says_is_understood() {
        assert_eq!(level("[ERROR]   no"), LogLevel::Error);
        assert_eq!(level("\u{1b}[93m[WARNING] hm\u{1b}[0m"), LogLevel::Warning);
        assert_eq!(level("anything"), LogLevel::Info);
        assert_eq!(stage("[INFO]    Running opensfm stage"), Some("opensfm"));
        assert_eq!(stage("[INFO]    Running away"), None);
        assert_eq!((node_progress(0.0), node_progress(50.9), node_progress(250.0)), (150, 500, 850));
        assert_eq!(node_progress(f64::NAN), 150);
        assert_eq!(failure("Not enough memory"), FailureKind::InsufficientResources);
        assert_eq!(failure("Cannot process dataset"), FailureKind::InputError);
        assert_eq!(failure("Processing failed (1)"), FailureKind::AppError);
        assert_eq!(readable(r#"[{"name":"dsm","error":"no"}]"#), "dsm: no");
        assert_eq!(readable("no"), "no");
    }

    #[test]
    fn job_6_a_token_behind_the_address_of_a_node_is_taken_out_of_it() {
        let node = node_url("http://localhost:3001/?token=a%20b").expect("an address");
        assert_eq!((node.url.as_str(), node.token.expect("a token").reveal()), ("http://localhost:3001", "a b"));
        for wrong in ["", "localhost:3001", "ftp://localhost"] {
            assert!(node_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn job_6_each_task_for_a_job_has_an_id_of_its_own() {
        let lease = "0199a1b2-0000-7000-8000-000000000000";
        assert_eq!(task_id(lease, 0).as_deref(), Some(lease));
        assert_eq!(task_id(lease, 2).as_deref(), Some("0199a1b2-0000-7000-8000-000000000002"));
    }
}
