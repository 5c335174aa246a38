//! The public API as commands call it: sign-in with a credential key, repeats after what passes, and sending files by tus.
//!
//! # Invariants
//! - What is sent again may arrive twice without harm: plans say what is here already, and a piece names the byte it begins at.
//! - A file is never in memory as a whole.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use clap::Args;
use commonhold::server::{
    Fatal,
    config::{SecretText, public_url},
};
use reqwest::{Client, Method, Response, StatusCode, header::HeaderMap};
use serde_json::Value;

/// How much of a file one request sends.
const PIECE_BYTES: u64 = 16 * 1024 * 1024;
/// How often something is tried again while nothing of it gets through.
const MAX_RETRIES: u32 = 8;
/// How long is waited before something is tried again: twice as long each time, up to the last.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(500);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);
/// How long a request may take, besides the time that its body needs at the slowest that is worth waiting for.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
const SLOWEST_BYTES_PER_SECOND: u64 = 20_000;

/// Why a request did not do what it should.
#[derive(Debug)]
pub enum Trouble {
    /// Trying again may help.
    Later(String),
    /// The server says no.
    Refused(String),
    /// There is no room for what is to be sent.
    NoRoom(String),
    /// The upload goes on at another byte.
    Elsewhere,
    /// The job is another engine's, or has ended.
    LeaseLost,
}

impl Trouble {
    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::Later(reason) | Self::Refused(reason) | Self::NoRoom(reason) => reason,
            Self::Elsewhere => "The server lost track of this file.".to_owned(),
            Self::LeaseLost => "Another engine has the job, or it has ended.".to_owned(),
        }
    }
}

/// Where a command finds the server, and the credential key that it signs in with.
#[derive(Args)]
pub struct ServerArgs {
    /// The address of the server.
    #[arg(long, env = "COMMONHOLD_SERVER", default_value = "http://localhost:3000", value_parser = public_url)]
    server: String,

    /// Client ID of a credential key: with the scope "read" to list, "write" to upload, "engine" to process.
    #[arg(long, env = "COMMONHOLD_CLIENT_ID")]
    client_id: String,

    /// Its secret.
    #[arg(long, env = "COMMONHOLD_CLIENT_SECRET", hide_env_values = true)]
    client_secret: SecretText,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Bearer<'a> {
    /// The credential key.
    Key,
    /// An engine, with the token of its job.
    Job(&'a str),
}

/// The server, and the token that opens it.
pub struct Remote {
    client: Client,
    server: String,
    client_id: String,
    client_secret: String,
    token: Mutex<String>,
}

impl Remote {
    /// Signs in.
    pub async fn connect(args: &ServerArgs) -> Result<Self, Fatal> {
        // Two libraries choose a provider of cryptography for themselves if none is installed. An error says that one is.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let remote = Self {
            client: Client::builder().connect_timeout(Duration::from_secs(10)).build()?,
            server: args.server.clone(),
            client_id: args.client_id.clone(),
            client_secret: args.client_secret.reveal().to_owned(),
            token: Mutex::new(String::new()),
        };
        remote.sign_in().await.map_err(Trouble::words)?;
        Ok(remote)
    }

    /// The token; a thread that panicked while it held it has ended the program's task anyway.
    fn token(&self) -> MutexGuard<'_, String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gets a token, which works for an hour.
    async fn sign_in(&self) -> Result<(), Trouble> {
        let later = |error: reqwest::Error| Trouble::Later(format!("{} does not answer: {error}", self.server));
        let request = self
            .client
            .post(format!("{}/oauth/token", self.server))
            .timeout(REQUEST_TIMEOUT)
            .basic_auth(&self.client_id, Some(&self.client_secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials");
        let answer = request.send().await.map_err(later)?;
        let status = answer.status();
        let body: Value = serde_json::from_slice(&answer.bytes().await.map_err(later)?).unwrap_or_default();
        match body["access_token"].as_str() {
            Some(token) if status.is_success() => {
                token.clone_into(&mut self.token());
                Ok(())
            }
            _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(Trouble::Later(format!("The server answered {status}.")))
            }
            _ => Err(Trouble::Refused("The client ID or the client secret is wrong.".to_owned())),
        }
    }

    /// One request; with a new token of the key if the old one has run out.
    pub async fn ask(
        &self,
        bearer: Bearer<'_>,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: impl Into<Bytes>,
    ) -> Result<(HeaderMap, Value), Trouble> {
        let body = body.into();
        let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let timeout = REQUEST_TIMEOUT + Duration::from_secs(length / SLOWEST_BYTES_PER_SECOND);
        for fresh in [false, true] {
            if fresh {
                self.sign_in().await?;
            }
            let token = match bearer {
                Bearer::Key => self.token().clone(),
                Bearer::Job(token) => token.to_owned(),
            };
            let mut request = self
                .client
                .request(method.clone(), format!("{}{path}", self.server))
                .timeout(timeout)
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
            if status.is_success() {
                return Ok((headers, body));
            }
            match (status, bearer) {
                (StatusCode::UNAUTHORIZED, Bearer::Key) if !fresh => {}
                // The token of a job works as long as its lease, and as the key behind it.
                (StatusCode::UNAUTHORIZED, Bearer::Job(_)) => return Err(Trouble::LeaseLost),
                _ => return Err(trouble(status, &body)),
            }
        }
        Err(Trouble::Refused("The client ID or the client secret does not work any more.".to_owned()))
    }

    /// Posts JSON, again and again while that may help.
    pub async fn post(&self, bearer: Bearer<'_>, path: &str, body: &Value) -> Result<Value, Trouble> {
        let json = [("content-type", "application/json".to_owned())];
        let mut delays = Delays::default();
        loop {
            match self.ask(bearer, Method::POST, path, &json, body.to_string().into_bytes()).await {
                Ok((_, answer)) => return Ok(answer),
                Err(Trouble::Later(reason)) => delays.wait(reason).await.map_err(Trouble::Later)?,
                Err(other) => return Err(other),
            }
        }
    }

    /// Asks for the bytes of an input of a job, from one of them on.
    pub async fn open(&self, bearer: &str, path: &str, from: u64) -> Result<Response, Trouble> {
        let mut request = self.client.get(format!("{}{path}", self.server)).bearer_auth(bearer);
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        let later = |reason: String| Trouble::Later(format!("The connection failed: {reason}"));
        let answer = tokio::time::timeout(REQUEST_TIMEOUT, request.send())
            .await
            .map_err(|_| later("no answer".to_owned()))?
            .map_err(|error| later(error.to_string()))?;
        let status = answer.status();
        match (status, from) {
            (StatusCode::OK, 0) | (StatusCode::PARTIAL_CONTENT, 1..) => Ok(answer),
            (StatusCode::UNAUTHORIZED, _) => Err(Trouble::LeaseLost),
            (StatusCode::OK, _) => Err(Trouble::Refused("The server cannot go on in the middle of a file.".to_owned())),
            _ => {
                let body = answer.bytes().await.unwrap_or_default();
                Err(trouble(status, &serde_json::from_slice(&body).unwrap_or_default()))
            }
        }
    }

    /// Sends a file from a byte on.
    pub async fn send(
        &self,
        bearer: Bearer<'_>,
        file: &Path,
        bytes: u64,
        url: &str,
        mut offset: u64,
    ) -> Result<(), Trouble> {
        let mut delays = Delays::default();
        loop {
            let piece = piece(file, bytes, offset).await.map_err(Trouble::Refused)?;
            let (length, headers) = (
                u64::try_from(piece.len()).unwrap_or(0),
                [("content-type", "application/offset+octet-stream".to_owned()), ("upload-offset", offset.to_string())],
            );
            let Err(trouble) = self.ask(bearer, Method::PATCH, url, &headers, piece).await else {
                offset += length;
                if offset >= bytes {
                    return Ok(());
                }
                delays = Delays::default();
                continue;
            };
            match trouble {
                Trouble::Later(_) | Trouble::Elsewhere => delays.wait(trouble.words()).await.map_err(Trouble::Later)?,
                other => return Err(other),
            }
            // How far it came is asked once it answers again.
            match self.ask(bearer, Method::HEAD, url, &[], Vec::new()).await {
                Ok((headers, _)) => {
                    let told = headers.get("upload-offset").and_then(|value| value.to_str().ok());
                    let told = told.and_then(|text| text.parse().ok()).unwrap_or(offset);
                    if told > offset {
                        delays = Delays::default();
                    }
                    offset = told;
                    if offset >= bytes && bytes > 0 {
                        return Ok(());
                    }
                }
                Err(Trouble::Later(_) | Trouble::Elsewhere) => {}
                Err(other) => return Err(other),
            }
        }
    }
}

/// What an answer that is no success means.
fn trouble(status: StatusCode, body: &Value) -> Trouble {
    let problem = |error: &Value| Some(format!("{}: {}", error["field"].as_str()?, error["message"].as_str()?));
    let fields: Vec<String> = body["errors"].as_array().into_iter().flatten().filter_map(problem).collect();
    let reason = match (fields.is_empty(), body["detail"].as_str()) {
        (false, _) => fields.join("\n"),
        (true, Some(detail)) => detail.to_owned(),
        (true, None) => format!("The server answered {status}."),
    };
    match (status, body["code"].as_str()) {
        (StatusCode::CONFLICT, Some("wrong_offset")) => Trouble::Elsewhere,
        (StatusCode::CONFLICT, Some("lease_lost")) => Trouble::LeaseLost,
        (StatusCode::LOCKED | StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT, _) => Trouble::Later(reason),
        (StatusCode::PAYMENT_REQUIRED, _) => Trouble::NoRoom(reason),
        (status, _) if status.is_server_error() => Trouble::Later(reason),
        _ => Trouble::Refused(reason),
    }
}

/// The next bytes of a file to be sent.
async fn piece(file: &Path, bytes: u64, offset: u64) -> Result<Bytes, String> {
    let (at, name) = (file.to_owned(), file.display().to_string());
    let length = usize::try_from(PIECE_BYTES.min(bytes.saturating_sub(offset))).unwrap_or(0);
    // Made here, by one of few threads: each thread that waits for the disk would keep the memory of what it once made.
    let mut bytes = vec![0; length];
    let read = tokio::task::spawn_blocking(move || {
        use std::os::unix::fs::FileExt;
        std::fs::File::open(at)?.read_exact_at(&mut bytes, offset)?;
        Ok::<_, std::io::Error>(bytes)
    });
    match read.await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(error)) => Err(format!("{name} cannot be read, or was changed meanwhile: {error}")),
        Err(error) => Err(error.to_string()),
    }
}

/// How long is waited between tries.
#[derive(Default)]
pub struct Delays {
    tried: u32,
}

impl Delays {
    /// Waits before the next try.
    ///
    /// # Errors
    /// The reason, once there were enough tries.
    pub async fn wait(&mut self, reason: String) -> Result<(), String> {
        if self.tried == MAX_RETRIES {
            return Err(reason);
        }
        let delay = FIRST_RETRY_DELAY.saturating_mul(1 << self.tried).min(MAX_RETRY_DELAY);
        self.tried += 1;
        tokio::time::sleep(delay).await;
        Ok(())
    }
}
