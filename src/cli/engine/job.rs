//! A job that this program has taken: signs of life, log, inputs, outputs, end (docs/engines.md).
//!
//! # Invariants
//! - Every call names the lease. Once the server says that the lease is lost, nothing more is said about the job.
//! - A line of the log has a number before it is sent, so that it is there once, however often it is sent.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use commonhold::domain::{
    app::OutputRole,
    job::{FailureKind, LEASE_MILLIS, MAX_STEP_LENGTH},
    job_log::{LogLevel, MAX_CALL_BYTES, MAX_CALL_LINES, MAX_LINES, clean},
    upload::MAX_PLANNED_FILES,
};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::super::client::{Bearer, Delays, Remote, Trouble};
use super::folder::Sink;

/// How long beyond its lease a job is held on to while the server does not answer: it may have been away for everybody.
const PATIENCE_BEYOND_LEASE: Duration = Duration::from_mins(5);
/// How long nothing of a file may arrive.
const SILENCE: Duration = Duration::from_mins(1);

/// Why work on a job ended early.
#[derive(Debug)]
pub enum End {
    /// It cannot be done: of what kind that is, and why, for the person who started it.
    Failed(FailureKind, String),
    /// It can be done elsewhere, or later.
    GiveBack(String),
    /// Somebody wants it to end.
    Cancelled,
    /// Another engine has it, or it has ended.
    LeaseLost,
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::LeaseLost => Self::LeaseLost,
            Trouble::Later(reason) => Self::GiveBack(reason),
            Trouble::NoRoom(reason) => Self::Failed(FailureKind::InsufficientResources, reason),
            other => Self::Failed(FailureKind::AppError, other.words()),
        }
    }
}

/// How far it is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Progress {
    thousandths: i64,
    step: String,
}

/// A line of the log, not sent yet.
#[derive(Debug)]
struct Line {
    level: LogLevel,
    text: String,
}

/// Lines that were not sent yet.
#[derive(Debug, Default)]
struct Log {
    /// How many were sent.
    sent: i64,
    waiting: Vec<Line>,
}

/// An input.
#[derive(Debug, Clone)]
pub struct Input {
    pub path: String,
    bytes: u64,
    sha256: String,
    url: String,
}

/// An output to be planned.
#[derive(Debug, Clone)]
pub struct Output {
    pub path: String,
    pub bytes: u64,
    pub role: OutputRole,
}

/// What the server says to a planned output.
#[derive(Debug)]
pub enum Planned {
    /// Where to send it, and from which byte on.
    Send(String, u64),
    Present,
    Refused(String),
}

/// A job, held under a lease.
pub struct Job<'a> {
    remote: &'a Remote,
    pub id: String,
    lease: String,
    token: String,
    pub app: String,
    pub dataset: String,
    pub images: u64,
    pub options: Map<String, Value>,
    heartbeat: Duration,
    progress: Mutex<Progress>,
    log: Mutex<Log>,
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Job<'a> {
    /// Asks for a job of one of the apps, and waits a little for one.
    pub async fn claim(remote: &'a Remote, apps: &[String], wait: u64) -> Result<Option<Self>, Trouble> {
        let json = [("content-type", "application/json".to_owned())];
        let body = json!({ "apps": apps, "wait": wait }).to_string().into_bytes();
        // Never repeated by itself: an answer that got lost may have brought a job.
        let (_, claimed) = remote.ask(Bearer::Key, Method::POST, "/api/v1/engine/claim", &json, body).await?;
        let text = |field: &str| claimed[field].as_str().unwrap_or_default().to_owned();
        if text("job").is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            remote,
            id: text("job"),
            lease: text("lease"),
            token: text("token"),
            app: text("app"),
            dataset: text("dataset_name"),
            images: claimed["images"].as_u64().unwrap_or(0),
            options: claimed["options"].as_object().cloned().unwrap_or_default(),
            heartbeat: Duration::from_secs(claimed["heartbeat_seconds"].as_u64().unwrap_or(60).max(1)),
            progress: Mutex::default(),
            log: Mutex::default(),
        }))
    }

    /// The lease, which is unique to this attempt.
    pub fn lease(&self) -> &str {
        &self.lease
    }

    /// One call about the job, with the lease in its body.
    async fn say(&self, what: &str, mut body: Value) -> Result<Value, Trouble> {
        body["lease"] = json!(self.lease);
        self.remote.post(Bearer::Job(&self.token), &format!("/api/v1/engine/jobs/{}/{what}", self.id), &body).await
    }

    /// Notes how far it is, for the next sign of life.
    pub fn at(&self, thousandths: i64, step: &str) {
        let step: String = clean(step).chars().take(MAX_STEP_LENGTH).collect();
        *locked(&self.progress) = Progress { thousandths: thousandths.clamp(0, 1_000), step };
    }

    /// Gives signs of life until the job is lost, or somebody wants it to end; says which.
    pub async fn keep_alive(&self, at_most: Duration) -> End {
        let lease = Duration::from_millis(u64::try_from(LEASE_MILLIS).unwrap_or(0));
        let (mut heard, mut interval) = (Instant::now(), self.heartbeat.min(at_most));
        loop {
            let progress = locked(&self.progress).clone();
            let body = json!({ "progress": progress.thousandths, "step": progress.step });
            match self.say("heartbeat", body).await {
                Ok(answer) if answer["state"] == "cancel" => return End::Cancelled,
                Ok(answer) => {
                    heard = Instant::now();
                    let said = answer["heartbeat_seconds"].as_u64().map_or(self.heartbeat, Duration::from_secs);
                    interval = said.min(at_most);
                }
                Err(Trouble::LeaseLost) => return End::LeaseLost,
                // What the server does not take is no reason to end, but a lease that must have run out is.
                Err(_) if heard.elapsed() > lease + PATIENCE_BEYOND_LEASE => return End::LeaseLost,
                Err(_) => {}
            }
            tokio::time::sleep(interval).await;
        }
    }

    /// Adds a line to the log.
    pub fn note(&self, level: LogLevel, text: &str) {
        let mut log = locked(&self.log);
        let next = log.sent + i64::try_from(log.waiting.len()).unwrap_or(i64::MAX);
        // The server says that more was left out; one line beyond what it keeps is enough for that.
        if next <= MAX_LINES {
            log.waiting.push(Line { level, text: clean(text) });
        }
    }

    /// Whether the log takes no more for now: it is full, or the server has not taken what was noted before.
    pub fn log_is_full(&self) -> bool {
        let log = locked(&self.log);
        log.sent > MAX_LINES || log.waiting.len() > MAX_CALL_LINES
    }

    /// Sends the lines that wait.
    pub async fn flush(&self) -> Result<(), Trouble> {
        loop {
            let (first, lines) = {
                let log = locked(&self.log);
                let mut bytes = 0;
                let lines: Vec<Value> = log
                    .waiting
                    .iter()
                    .take(MAX_CALL_LINES)
                    .take_while(|line| {
                        bytes += line.text.len();
                        bytes <= MAX_CALL_BYTES
                    })
                    .map(|line| json!({ "level": line.level.as_str(), "text": line.text }))
                    .collect();
                (log.sent + 1, lines)
            };
            if lines.is_empty() {
                return Ok(());
            }
            let count = lines.len();
            self.say("log", json!({ "first": first, "lines": lines })).await?;
            let mut log = locked(&self.log);
            log.sent += i64::try_from(count).unwrap_or(0);
            log.waiting.drain(..count);
        }
    }

    /// One page of the inputs, and where the next one begins.
    pub async fn inputs(&self, cursor: &str) -> Result<(Vec<Input>, Option<String>), Trouble> {
        let path = format!("/api/v1/engine/jobs/{}/inputs?limit=200&cursor={cursor}", self.id);
        let mut delays = Delays::default();
        let page = loop {
            match self.remote.ask(Bearer::Job(&self.token), Method::GET, &path, &[], Vec::new()).await {
                Ok((_, page)) => break page,
                Err(Trouble::Later(reason)) => delays.wait(reason).await.map_err(Trouble::Later)?,
                Err(other) => return Err(other),
            }
        };
        let inputs = page["items"].as_array().into_iter().flatten().map(|item| {
            let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
            let bytes = item["bytes"].as_u64().unwrap_or(0);
            Input { path: text("path"), bytes, sha256: text("sha256"), url: text("url") }
        });
        Ok((inputs.collect(), page["next_cursor"].as_str().filter(|cursor| !cursor.is_empty()).map(str::to_owned)))
    }

    /// Brings an input into a file, in several goes if it must be, and checks its sum.
    pub async fn fetch(&self, input: &Input, file: &Path) -> Result<(), End> {
        let sink = Sink::new(file.to_owned());
        let (mut received, mut delays) = (0_u64, Delays::default());
        while received < input.bytes {
            let before = received;
            let trouble = match self.remote.open(&self.token, &input.url, received).await {
                Ok(mut answer) => loop {
                    match tokio::time::timeout(SILENCE, answer.chunk()).await {
                        Ok(Ok(Some(piece))) => {
                            received += u64::try_from(piece.len()).unwrap_or(0);
                            sink.write(piece).await;
                        }
                        Ok(Ok(None)) => break Trouble::Later("The connection was cut.".to_owned()),
                        Ok(Err(error)) => break Trouble::Later(format!("The connection failed: {error}")),
                        Err(_) => break Trouble::Later("The server stopped in the middle of a file.".to_owned()),
                    }
                },
                Err(trouble) => trouble,
            };
            if received >= input.bytes {
                break;
            }
            if received > before {
                delays = Delays::default();
            }
            match trouble {
                Trouble::Later(reason) => delays.wait(reason).await.map_err(Trouble::Later)?,
                other => return Err(other.into()),
            }
        }
        if sink.finish().await.map_err(End::GiveBack)? == input.sha256 {
            Ok(())
        } else {
            Err(End::GiveBack(format!("{} arrived with other bytes than it should have.", input.path)))
        }
    }

    /// Plans up to 500 outputs.
    pub async fn plan(&self, outputs: &[Output]) -> Result<Vec<Planned>, Trouble> {
        debug_assert!(outputs.len() <= MAX_PLANNED_FILES);
        let listed: Vec<Value> = outputs
            .iter()
            .map(|output| json!({ "path": output.path, "bytes": output.bytes, "role": output.role.as_str() }))
            .collect();
        let planned = self.say("outputs", json!({ "outputs": listed })).await?;
        let items = planned["items"].as_array().cloned().unwrap_or_default();
        if items.len() != outputs.len() {
            return Err(Trouble::Refused("The plan is not understood.".to_owned()));
        }
        let read = |item: &Value| match (item["state"].as_str(), item["upload"]["url"].as_str()) {
            (Some("new" | "resume"), Some(url)) => {
                Planned::Send(url.to_owned(), item["upload"]["offset"].as_u64().unwrap_or(0))
            }
            (Some("present"), _) => Planned::Present,
            _ => Planned::Refused(item["reason"].as_str().unwrap_or("The server did not say why.").to_owned()),
        };
        Ok(items.iter().map(read).collect())
    }

    /// Sends a planned output.
    pub async fn send(&self, file: &Path, bytes: u64, url: &str, offset: u64) -> Result<(), Trouble> {
        self.remote.send(Bearer::Job(&self.token), file, bytes, url, offset).await
    }

    /// Completes the job; what became of it.
    pub async fn complete(&self, outputs: usize) -> Result<String, Trouble> {
        self.end("complete", json!({ "outputs": outputs })).await
    }

    /// Says that it cannot be done.
    pub async fn fail(&self, kind: FailureKind, message: &str) -> Result<String, Trouble> {
        self.end("fail", json!({ "kind": kind.as_str(), "message": message })).await
    }

    /// Gives it back.
    pub async fn release(&self) -> Result<String, Trouble> {
        self.end("release", json!({})).await
    }

    async fn end(&self, what: &str, body: Value) -> Result<String, Trouble> {
        Ok(self.say(what, body).await?["state"].as_str().unwrap_or("ended").to_owned())
    }
}
