//! `commonhold upload DIR`: sends a folder to a dataset, and goes on where it was cut (FILE-7). Without `--dataset` it makes a new one.
//!
//! It speaks the public API alone: a plan for up to 500 files, then tus, three files at a time. What is here already is not sent again, so
//! after whatever went wrong the command is simply run again, with the dataset that it said it made.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Mutex,
    time::{Duration, UNIX_EPOCH},
};

use clap::Args;
use commonhold::{
    domain::{storage::size, time::Timestamp, upload::MAX_PLANNED_FILES},
    server::{
        Fatal,
        config::{SecretText, public_url},
    },
};
use futures::{StreamExt, stream};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::output::say;

/// How many files are sent at the same moment.
const PARALLEL_FILES: usize = 3;
/// How much of a file one request sends.
const PIECE_BYTES: u64 = 16 * 1024 * 1024;
/// How often a file is tried again while nothing of it gets through.
const MAX_RETRIES: u32 = 8;
/// How long is waited before a file is tried again: twice as long each time, up to the last.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(500);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);

/// The options of `upload`.
#[derive(Args)]
pub struct UploadArgs {
    /// The folder to send, with everything in it. Hidden files are left out.
    folder: PathBuf,

    /// The id of the dataset. Without it a new one is made, in the Drive of the key's account.
    #[arg(long)]
    dataset: Option<String>,

    /// What a new dataset is called: the day and the folder, unless this says otherwise.
    #[arg(long, conflicts_with = "dataset")]
    name: Option<String>,

    /// The address of the server.
    #[arg(long, env = "COMMONHOLD_SERVER", default_value = "http://localhost:3000", value_parser = public_url)]
    server: String,

    /// Client ID of a credential key with the scope "write".
    #[arg(long, env = "COMMONHOLD_CLIENT_ID")]
    client_id: String,

    /// Its secret.
    #[arg(long, env = "COMMONHOLD_CLIENT_SECRET", hide_env_values = true)]
    client_secret: SecretText,

    /// Where in the dataset: input (images) or output (results).
    #[arg(long, default_value = "input")]
    side: String,

    /// What happens where another file has the path: ask (it is left out and told), keep-both, replace or skip.
    #[arg(long, default_value = "ask")]
    on_conflict: String,
}

/// A file of the folder.
struct LocalFile {
    /// Its path in the dataset, with slashes; it begins with the name of the folder.
    path: String,
    at: PathBuf,
    bytes: u64,
    /// When it was changed last.
    modified: Option<String>,
}

/// What came of the files.
#[derive(Default)]
struct Outcome {
    sent: usize,
    sent_bytes: u64,
    present: usize,
    /// Why the others are not there.
    failed: BTreeMap<String, String>,
}

pub async fn run(args: &UploadArgs) -> Result<ExitCode, Fatal> {
    // Two libraries choose a provider of cryptography for themselves if none is installed. An error says that one is.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = args.folder.clone();
    let files = tokio::task::spawn_blocking(move || list(&folder)).await??;
    if files.is_empty() {
        return Err(format!("There are no files in {}.", args.folder.display()).into());
    }
    let all: u64 = files.iter().map(|file| file.bytes).sum();
    say(format!("{} files with {} in {}.", files.len(), words(all), args.folder.display()))?;
    let remote = Remote::connect(args).await?;
    let outcome = Mutex::new(Outcome::default());
    let mut dataset = args.dataset.clone();
    for chunk in files.chunks(MAX_PLANNED_FILES) {
        let planned = remote.plan(args, &mut dataset, chunk).await?;
        let mut wanted = Vec::new();
        for (file, item) in chunk.iter().zip(&planned) {
            match (item["state"].as_str(), item["upload"]["url"].as_str()) {
                (Some("new" | "resume"), Some(url)) => {
                    wanted.push((file, url.to_owned(), item["upload"]["offset"].as_u64().unwrap_or(0)));
                }
                (Some("present"), _) => locked(&outcome).present += 1,
                _ => {
                    let reason = item["reason"].as_str().unwrap_or("The server did not say what to do.").to_owned();
                    locked(&outcome).failed.insert(file.path.clone(), reason);
                }
            }
        }
        let sending = stream::iter(wanted).for_each_concurrent(PARALLEL_FILES, |(file, url, offset)| {
            let (remote, outcome) = (&remote, &outcome);
            async move {
                match remote.send(file, &url, offset).await {
                    Ok(()) => {
                        let mut outcome = locked(outcome);
                        outcome.sent += 1;
                        outcome.sent_bytes += file.bytes;
                    }
                    Err(reason) => {
                        locked(outcome).failed.insert(file.path.clone(), reason);
                    }
                }
            }
        });
        sending.await;
    }
    tell(&outcome.into_inner().unwrap_or_default())
}

/// The outcome; a thread that panicked while it held it has ended the program's task anyway.
fn locked(outcome: &Mutex<Outcome>) -> std::sync::MutexGuard<'_, Outcome> {
    outcome.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn tell(outcome: &Outcome) -> Result<ExitCode, Fatal> {
    for (path, reason) in &outcome.failed {
        say(format!("not sent: {path}: {reason}"))?;
    }
    say(format!(
        "{} sent ({}), {} already there, {} not sent.",
        outcome.sent,
        words(outcome.sent_bytes),
        outcome.present,
        outcome.failed.len()
    ))?;
    Ok(if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn words(bytes: u64) -> String {
    size(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// The files below a folder, in the order of their paths. Links are not followed.
fn list(folder: &Path) -> Result<Vec<LocalFile>, Fatal> {
    let whole = folder.canonicalize().map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    // The folder's name is part of every path, as it is when a browser uploads the folder.
    let before = match whole.file_name().map(|name| name.to_str()) {
        Some(Some(name)) => format!("{name}/"),
        Some(None) => return Err(format!("{} is no name in Unicode. Rename it.", folder.display()).into()),
        None => String::new(),
    };
    let (mut files, mut folders) = (Vec::new(), vec![(folder.to_owned(), before)]);
    while let Some((folder, before)) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return Err(format!("{} is no name in Unicode. Rename it.", entry.path().display()).into());
            };
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{before}{name}");
            let facts = entry.metadata()?;
            if facts.is_dir() {
                folders.push((entry.path(), format!("{path}/")));
            } else if facts.is_file() {
                let modified = facts.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
                let modified = modified.and_then(|since| i64::try_from(since.as_millis()).ok());
                let modified = modified.map(|millis| Timestamp(millis).rfc3339());
                files.push(LocalFile { path, at: entry.path(), bytes: facts.len(), modified });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// Why a request did not do what it should.
enum Trouble {
    /// Trying again may help.
    Later(String),
    /// The server says no.
    Refused(String),
    /// The upload goes on at another byte.
    Elsewhere,
}

/// The server, and the token that opens it.
struct Remote {
    client: Client,
    server: String,
    client_id: String,
    client_secret: String,
    token: Mutex<String>,
}

impl Remote {
    async fn connect(args: &UploadArgs) -> Result<Self, Fatal> {
        let remote = Self {
            client: Client::builder().connect_timeout(Duration::from_secs(10)).build()?,
            server: args.server.clone(),
            client_id: args.client_id.clone(),
            client_secret: args.client_secret.reveal().to_owned(),
            token: Mutex::new(String::new()),
        };
        remote.sign_in().await.map_err(|trouble| match trouble {
            Trouble::Later(reason) | Trouble::Refused(reason) => reason,
            Trouble::Elsewhere => String::new(),
        })?;
        Ok(remote)
    }

    /// Gets a token, which works for an hour.
    async fn sign_in(&self) -> Result<(), Trouble> {
        let later = |error: reqwest::Error| Trouble::Later(format!("{} does not answer: {error}", self.server));
        let request = self
            .client
            .post(format!("{}/oauth/token", self.server))
            .basic_auth(&self.client_id, Some(&self.client_secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials");
        let answer = request.send().await.map_err(later)?;
        let status = answer.status();
        let body: Value = serde_json::from_slice(&answer.bytes().await.map_err(later)?).unwrap_or_default();
        match body["access_token"].as_str() {
            Some(token) if status.is_success() => {
                token.clone_into(&mut self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
                Ok(())
            }
            _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(Trouble::Later(format!("The server answered {status}.")))
            }
            _ => Err(Trouble::Refused("The client ID or the client secret is wrong.".to_owned())),
        }
    }

    /// One request; with a new token if the old one has run out.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<(reqwest::header::HeaderMap, Value), Trouble> {
        for fresh in [false, true] {
            if fresh {
                self.sign_in().await?;
            }
            let token = self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let mut request = self
                .client
                .request(method.clone(), format!("{}{path}", self.server))
                .bearer_auth(token)
                .header("tus-resumable", "1.0.0")
                .body(body.clone());
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            let later = |error: reqwest::Error| Trouble::Later(format!("The connection failed: {error}"));
            let answer = request.send().await.map_err(later)?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body: Value = serde_json::from_slice(&answer.bytes().await.map_err(later)?).unwrap_or_default();
            let reason =
                body["detail"].as_str().map_or_else(|| format!("The server answered {status}."), str::to_owned);
            return match (status, body["code"].as_str()) {
                (status, _) if status.is_success() => Ok((headers, body)),
                (StatusCode::UNAUTHORIZED, _) if !fresh => continue,
                (StatusCode::CONFLICT, Some("wrong_offset")) => Err(Trouble::Elsewhere),
                (StatusCode::LOCKED | StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT, _) => {
                    Err(Trouble::Later(reason))
                }
                (status, _) if status.is_server_error() => Err(Trouble::Later(reason)),
                _ => Err(Trouble::Refused(reason)),
            };
        }
        Err(Trouble::Refused("The client ID or the client secret does not work any more.".to_owned()))
    }

    /// Plans files, for a new dataset where there is none yet.
    async fn plan(
        &self,
        args: &UploadArgs,
        dataset: &mut Option<String>,
        files: &[LocalFile],
    ) -> Result<Vec<Value>, Fatal> {
        let listed: Vec<Value> = files
            .iter()
            .map(|file| json!({ "path": file.path, "bytes": file.bytes, "modified": file.modified }))
            .collect();
        let (path, body) = match dataset {
            Some(dataset) => (
                format!("/api/v1/datasets/{dataset}/uploads"),
                json!({ "side": args.side, "on_conflict": args.on_conflict.replace('-', "_"), "files": listed }),
            ),
            None => (
                "/api/v1/datasets".to_owned(),
                json!({ "name": name_of(args, files), "side": args.side, "files": listed }),
            ),
        };
        let json = [("content-type", "application/json".to_owned())];
        let mut delays = Delays::default();
        loop {
            match self.ask(Method::POST, &path, &json, body.to_string().into_bytes()).await {
                Ok((_, answer)) => {
                    if let (None, Some(made)) = (&dataset, answer["dataset"].as_str()) {
                        let name = answer["name"].as_str().unwrap_or_default();
                        say(format!("Made the dataset “{name}”. If this is cut, go on with --dataset {made}"))?;
                        *dataset = Some(made.to_owned());
                    }
                    let items = answer["items"].as_array().cloned().unwrap_or_default();
                    return if items.len() == files.len() {
                        Ok(items)
                    } else {
                        Err("The plan is not understood.".into())
                    };
                }
                Err(Trouble::Later(reason)) => delays.wait(reason).await?,
                Err(Trouble::Refused(reason)) => return Err(reason.into()),
                Err(Trouble::Elsewhere) => return Err("The plan is not understood.".into()),
            }
        }
    }

    /// Sends a file from a byte on.
    async fn send(&self, file: &LocalFile, url: &str, mut offset: u64) -> Result<(), String> {
        let mut delays = Delays::default();
        loop {
            let piece = piece(file, offset).await?;
            let (length, headers) = (
                u64::try_from(piece.len()).unwrap_or(0),
                [("content-type", "application/offset+octet-stream".to_owned()), ("upload-offset", offset.to_string())],
            );
            let Err(trouble) = self.ask(Method::PATCH, url, &headers, piece).await else {
                offset += length;
                if offset >= file.bytes {
                    return Ok(());
                }
                delays = Delays::default();
                continue;
            };
            match trouble {
                Trouble::Refused(reason) => return Err(reason),
                Trouble::Later(reason) => delays.wait(reason).await?,
                Trouble::Elsewhere => delays.wait("The server lost track of this file.".to_owned()).await?,
            }
            // How far it came is asked once it answers again.
            match self.ask(Method::HEAD, url, &[], Vec::new()).await {
                Ok((headers, _)) => {
                    let told = headers.get("upload-offset").and_then(|value| value.to_str().ok());
                    let told = told.and_then(|text| text.parse().ok()).unwrap_or(offset);
                    if told > offset {
                        delays = Delays::default();
                    }
                    offset = told;
                    if offset >= file.bytes && file.bytes > 0 {
                        return Ok(());
                    }
                }
                Err(Trouble::Refused(reason)) => return Err(reason),
                Err(Trouble::Later(_) | Trouble::Elsewhere) => {}
            }
        }
    }
}

/// What a new dataset is called: "2026-11-21 Dam", by when the first file was changed and what the folder is called. The server puts the
/// day of today in place of a name that is empty.
fn name_of(args: &UploadArgs, files: &[LocalFile]) -> String {
    if let Some(name) = &args.name {
        return name.clone();
    }
    let day = files.first().and_then(|file| file.modified.as_deref()).and_then(|modified| modified.get(..10));
    let folder = args.folder.canonicalize().ok();
    let folder = folder.as_deref().and_then(Path::file_name).and_then(std::ffi::OsStr::to_str);
    [day, folder].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The next bytes of a file to be sent.
async fn piece(file: &LocalFile, offset: u64) -> Result<Vec<u8>, String> {
    let (at, path) = (file.at.clone(), file.path.clone());
    let length = usize::try_from(PIECE_BYTES.min(file.bytes.saturating_sub(offset))).unwrap_or(0);
    let read = tokio::task::spawn_blocking(move || {
        use std::os::unix::fs::FileExt;
        let mut bytes = vec![0; length];
        std::fs::File::open(at)?.read_exact_at(&mut bytes, offset)?;
        Ok::<_, std::io::Error>(bytes)
    });
    match read.await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(format!("{path} cannot be read, or was changed meanwhile: {error}")),
        Err(error) => Err(error.to_string()),
    }
}

/// How long is waited between tries.
#[derive(Default)]
struct Delays {
    tried: u32,
}

impl Delays {
    /// Waits before the next try.
    ///
    /// # Errors
    /// The reason, once there were enough tries.
    async fn wait(&mut self, reason: String) -> Result<(), String> {
        if self.tried == MAX_RETRIES {
            return Err(reason);
        }
        let delay = FIRST_RETRY_DELAY.saturating_mul(1 << self.tried).min(MAX_RETRY_DELAY);
        self.tried += 1;
        tokio::time::sleep(delay).await;
        Ok(())
    }
}
