//! A NodeODM, as its specification describes it (version 2.2 of its REST API).
//!
//! What is special about it: errors arrive with the status 200 and a field `error`; the token travels in the query; an upload whose
//! answer got lost may have arrived, and sent again becomes a second image; and a node that was restarted may know nothing of a task.
//!
//! # Invariants
//! - The token is in no message: addresses are taken out of errors.
//! - Of no answer but an archive is more than `MAX_ANSWER_BYTES` taken into memory.

use std::{
    io::Read,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::folder::Sink;

/// How much of an answer is read.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// How large an archive with results may be.
const MAX_ARCHIVE_BYTES: u64 = 500_000_000_000;
/// How long a call may take that sends and brings little.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long nothing of an archive may arrive.
const SILENCE: Duration = Duration::from_mins(2);
/// The slowest upload that is worth waiting for.
const SLOWEST_BYTES_PER_SECOND: u64 = 20_000;
/// How much of an image is read at once, and how many such pieces wait to be sent.
const PIECE_BYTES: usize = 256 * 1024;
const WAITING_PIECES: usize = 4;

/// Why a node did not do what it should.
#[derive(Debug)]
pub enum NodeError {
    /// It did nothing, and may do it later.
    Busy(String),
    /// Nobody knows whether it did it.
    Away(String),
    /// It says no, in its own words.
    Refused(String),
    /// It knows nothing of the task.
    Forgotten,
}

impl NodeError {
    pub fn words(self) -> String {
        match self {
            Self::Busy(words) | Self::Away(words) | Self::Refused(words) => words,
            Self::Forgotten => "The node knows nothing of the task.".to_owned(),
        }
    }
}

/// What a node says of itself.
#[derive(Debug)]
pub struct NodeInfo {
    pub version: String,
    pub engine: String,
    queued: u64,
    parallel: u64,
    /// How many images a task may have.
    pub max_images: Option<u64>,
}

impl NodeInfo {
    /// Whether another task would have to wait.
    pub fn is_busy(&self) -> bool {
        self.queued >= self.parallel
    }
}

/// The state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    Queued,
    Running,
    Failed,
    Completed,
    Cancelled,
}

/// What a node says of a task.
#[derive(Debug)]
pub struct TaskInfo {
    pub state: TaskState,
    /// What it says went wrong.
    pub message: Option<String>,
    /// From 0 to 100.
    pub percent: f64,
    pub images: Option<u64>,
}

/// A node.
pub struct Node {
    client: Client,
    url: String,
    token: Option<String>,
}

impl Node {
    pub fn new(url: &str, token: Option<&str>) -> reqwest::Result<Self> {
        // A node that sends us elsewhere could have us read what only this machine reaches.
        let client = Client::builder().connect_timeout(Duration::from_secs(10)).redirect(Policy::none()).build()?;
        Ok(Self { client, url: url.to_owned(), token: token.map(str::to_owned) })
    }

    /// An address of the node, with its token.
    fn address(&self, path: &str, query: &[(&str, String)]) -> String {
        let token = self.token.iter().map(|token| ("token", token.clone()));
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| (*name, value.clone()))
            .chain(token)
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC)))
            .collect();
        let separator = if query.is_empty() { "" } else { "?" };
        format!("{}{path}{separator}{}", self.url, query.join("&"))
    }

    async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, NodeError> {
        call(self.client.get(self.address(path, query)).timeout(CALL_TIMEOUT)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, NodeError> {
        let request = self.client.post(self.address(path, &[])).timeout(CALL_TIMEOUT);
        call(request.header("content-type", "application/json").body(body.to_string())).await
    }

    pub async fn info(&self) -> Result<NodeInfo, NodeError> {
        let info = self.get("/info", &[]).await?;
        let text = |field: &str| info[field].as_str().unwrap_or("unknown").to_owned();
        let Some(queued) = info["taskQueueCount"].as_u64() else {
            return Err(NodeError::Refused("It does not answer as a NodeODM does.".to_owned()));
        };
        Ok(NodeInfo {
            version: text("version"),
            engine: text("engine"),
            queued,
            parallel: info["maxParallelTasks"].as_u64().unwrap_or(1).max(1),
            max_images: info["maxImages"].as_u64(),
        })
    }

    /// The names of the options that it has.
    pub async fn options(&self) -> Result<Vec<String>, NodeError> {
        let options = self.get("/options", &[]).await?;
        let options = options.as_array().into_iter().flatten();
        Ok(options.filter_map(|option| option["name"].as_str().map(str::to_owned)).collect())
    }

    /// Begins a task under an id of ours; doing so again changes nothing.
    pub async fn init(&self, uuid: &str, name: &str, options: &Value) -> Result<(), NodeError> {
        let fields = [("name", name), ("options", &options.to_string()), ("skipPostProcessing", "true")];
        let boundary = boundary(uuid);
        let mut body = String::new();
        for (field, value) in fields {
            body += &format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        }
        body += &format!("--{boundary}--\r\n");
        let request = self.client.post(self.address("/task/new/init", &[])).timeout(CALL_TIMEOUT);
        let answer = call(
            request
                .header("set-uuid", uuid)
                .header("content-type", format!("multipart/form-data; boundary={boundary}"))
                .body(body),
        );
        match answer.await?["uuid"].as_str() {
            Some(said) if said.eq_ignore_ascii_case(uuid) => Ok(()),
            _ => Err(NodeError::Refused("It does not take the id of a task (set-uuid).".to_owned())),
        }
    }

    /// Sends an image, as a stream from the disk.
    pub async fn upload(&self, uuid: &str, name: &str, file: &Path) -> Result<(), NodeError> {
        let here = |error: std::io::Error| NodeError::Busy(format!("The work folder cannot be read: {error}"));
        let bytes = std::fs::metadata(file).map_err(here)?.len();
        let boundary = boundary(uuid);
        let before = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"images\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        let body = FileBody::new(file.to_owned(), bytes, before, format!("\r\n--{boundary}--\r\n"));
        let timeout = CALL_TIMEOUT + Duration::from_secs(bytes / SLOWEST_BYTES_PER_SECOND);
        let request = self.client.post(self.address(&format!("/task/new/upload/{uuid}"), &[])).timeout(timeout);
        let request = request
            .header("content-type", format!("multipart/form-data; boundary={boundary}"))
            .body(reqwest::Body::wrap(body));
        match call(request).await?["success"].as_bool() {
            Some(true) => Ok(()),
            _ => Err(NodeError::Away("It does not say that an image arrived.".to_owned())),
        }
    }

    /// Has the task begin.
    pub async fn commit(&self, uuid: &str) -> Result<(), NodeError> {
        self.post(&format!("/task/new/commit/{uuid}"), &json!({})).await.map(|_| ())
    }

    pub async fn task(&self, uuid: &str) -> Result<TaskInfo, NodeError> {
        let info = self.get(&format!("/task/{uuid}/info"), &[]).await?;
        let state = match info["status"]["code"].as_u64() {
            Some(10) => TaskState::Queued,
            Some(20) => TaskState::Running,
            Some(30) => TaskState::Failed,
            Some(40) => TaskState::Completed,
            Some(50) => TaskState::Cancelled,
            _ => return Err(NodeError::Away("The state of the task is not understood.".to_owned())),
        };
        Ok(TaskInfo {
            state,
            message: info["status"]["errorMessage"].as_str().map(str::to_owned),
            percent: info["progress"].as_f64().unwrap_or(0.0),
            images: info["imagesCount"].as_u64(),
        })
    }

    /// What the task has printed, from a line on, which is counted from 0.
    pub async fn output(&self, uuid: &str, from: usize) -> Result<Vec<String>, NodeError> {
        let lines = self.get(&format!("/task/{uuid}/output"), &[("line", from.to_string())]).await?;
        let lines = lines.as_array().cloned().unwrap_or_default();
        Ok(lines
            .iter()
            .map(|line| line.as_str().unwrap_or_default().trim_end_matches(['\n', '\r']).to_owned())
            .collect())
    }

    /// Stops a task and removes everything of it; what is gone already is fine.
    pub async fn remove(&self, uuid: &str) -> Result<(), NodeError> {
        // A task that has ended, or was not begun, cannot be cancelled; it can be removed.
        if let Err(error @ (NodeError::Away(_) | NodeError::Busy(_))) =
            self.post("/task/cancel", &json!({ "uuid": uuid })).await
        {
            return Err(error);
        }
        match self.post("/task/remove", &json!({ "uuid": uuid })).await {
            Err(error @ (NodeError::Away(_) | NodeError::Busy(_))) => Err(error),
            _ => Ok(()),
        }
    }

    /// Brings the archive with everything that came of a task into a file. A node cannot go on in the middle of one.
    pub async fn download(&self, uuid: &str, file: &Path) -> Result<(), NodeError> {
        let request = self.client.get(self.address(&format!("/task/{uuid}/download/all.zip"), &[]));
        let answer = tokio::time::timeout(CALL_TIMEOUT, request.send()).await;
        let mut answer = answer.map_err(|_| NodeError::Away("It does not answer.".to_owned()))?.map_err(trouble)?;
        let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !answer.status().is_success() || kind.contains("json") {
            read(answer).await?;
            return Err(NodeError::Away("It sends no archive.".to_owned()));
        }
        let (announced, mut received) = (answer.content_length(), 0_u64);
        let sink = Sink::new(file.to_owned());
        loop {
            match tokio::time::timeout(SILENCE, answer.chunk()).await {
                Ok(Ok(Some(piece))) => {
                    received += u64::try_from(piece.len()).unwrap_or(0);
                    if received > MAX_ARCHIVE_BYTES {
                        return Err(NodeError::Refused("The archive with the results is too large.".to_owned()));
                    }
                    sink.write(piece).await;
                }
                Ok(Ok(None)) => break,
                Ok(Err(error)) => return Err(trouble(error)),
                Err(_) => return Err(NodeError::Away("It stopped in the middle of the archive.".to_owned())),
            }
        }
        sink.finish().await.map_err(NodeError::Busy)?;
        match announced {
            Some(announced) if announced != received => Err(NodeError::Away("The archive was cut.".to_owned())),
            _ => Ok(()),
        }
    }
}

/// What parts the fields of a form: nothing that is in a photo, as the id of a task is.
fn boundary(uuid: &str) -> String {
    format!("commonhold-{uuid}")
}

/// What went wrong with the connection, without the address, which has the token in it.
fn trouble(error: reqwest::Error) -> NodeError {
    let never_sent = error.is_connect();
    let mut words = error.without_url().to_string();
    words.insert_str(0, "The connection to the node failed: ");
    if never_sent { NodeError::Busy(words) } else { NodeError::Away(words) }
}

/// One request, and its JSON.
async fn call(request: RequestBuilder) -> Result<Value, NodeError> {
    read(request.send().await.map_err(trouble)?).await
}

async fn read(mut answer: reqwest::Response) -> Result<Value, NodeError> {
    let status = answer.status();
    let mut body: Vec<u8> = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(trouble)? {
        if body.len() + piece.len() > MAX_ANSWER_BYTES {
            return Err(NodeError::Refused("Its answer is too long.".to_owned()));
        }
        body.extend_from_slice(&piece);
    }
    let said = format!("The node answered {status}.");
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(NodeError::Refused("The node wants a token, or another one.".to_owned()));
        }
        // It says itself that it did not do it.
        StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            return Err(NodeError::Busy(said));
        }
        status if status.is_server_error() => return Err(NodeError::Away(said)),
        status if !status.is_success() => return Err(NodeError::Refused(said)),
        _ => {}
    }
    let Ok(answer) = serde_json::from_slice::<Value>(&body) else {
        return Err(NodeError::Away("Its answer was cut, or is no JSON.".to_owned()));
    };
    match answer["error"].as_str() {
        Some(error) if is_forgotten(error) => Err(NodeError::Forgotten),
        Some(error) => Err(NodeError::Refused(error.to_owned())),
        None if answer["success"] == json!(false) => Err(NodeError::Refused("It says that it failed.".to_owned())),
        None => Ok(answer),
    }
}

/// Whether an error says that there is no such task: "… not found", "Invalid uuid (not found)", "Invalid UUID".
fn is_forgotten(error: &str) -> bool {
    let error = error.to_ascii_lowercase();
    error.trim_end_matches(['.', ')']).ends_with("not found") || error == "invalid uuid"
}

/// A form with a file in it, read piece by piece on a thread that may wait for the disk.
struct FileBody {
    pieces: mpsc::Receiver<std::io::Result<Bytes>>,
    left: u64,
}

impl FileBody {
    fn new(file: PathBuf, bytes: u64, before: String, after: String) -> Self {
        let ends = u64::try_from(before.len() + after.len()).unwrap_or(0);
        let (sender, pieces) = mpsc::channel(WAITING_PIECES);
        tokio::task::spawn_blocking(move || {
            // Who does not listen any more needs no more of it.
            let send = |piece| sender.blocking_send(piece).is_ok();
            let read = || -> std::io::Result<()> {
                let mut file = std::fs::File::open(file)?.take(bytes);
                if !send(Ok(Bytes::from(before))) {
                    return Ok(());
                }
                let mut piece = vec![0; PIECE_BYTES];
                loop {
                    let length = file.read(&mut piece)?;
                    let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { break };
                    if !send(Ok(Bytes::copy_from_slice(read))) {
                        return Ok(());
                    }
                }
                send(Ok(Bytes::from(after)));
                Ok(())
            };
            if let Err(error) = read() {
                send(Err(error));
            }
        });
        Self { pieces, left: bytes + ends }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.pieces.poll_recv(context).map(|piece| {
            piece.map(|piece| {
                let piece = piece?;
                self.left = self.left.saturating_sub(u64::try_from(piece.len()).unwrap_or(0));
                Ok(Frame::data(piece))
            })
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
