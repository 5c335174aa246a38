//! A NodeODM that processes nothing: the REST API of its specification (docs/index.adoc of OpenDroneMap/NodeODM, 2.2), written anew, and
//! its peculiarities, which can be switched on. `tests/deep/nodeodm.py` has pyodm, a client of others, work against it.

use std::{
    collections::BTreeMap,
    io::{Cursor, Write},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Multipart, Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use commonhold::server::context::digest;
use futures::stream;
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime};
use zip::{ZipWriter, write::SimpleFileOptions};

/// What a node does that a client has to live with.
#[derive(Debug, Clone)]
pub struct Quirks {
    /// What every call has to have behind `?token=`.
    pub token: Option<String>,
    pub max_images: Option<u64>,
    /// How many tasks of others it has.
    pub others: u64,
    /// How long a task takes once it was begun; `None`: until that is changed.
    pub takes: Option<Duration>,
    /// What a task fails with in the end.
    pub fails: Option<String>,
    /// How long each answer takes.
    pub slow: Duration,
    /// How many uploads are refused with 500 before they arrive, as with its switch `--test_drop_uploads`.
    pub drops_uploads: u32,
    /// How many uploads arrive without an answer.
    pub loses_answers: u32,
    /// How many archives are cut in the middle.
    pub cuts_archives: u32,
    /// How many questions for a task are answered by a proxy in front of it, which says 502.
    pub bad_gateways: u32,
    /// The archive has names that lead out of a folder, and a link.
    pub bad_names: bool,
    /// Lines that a task prints besides the others.
    pub prints: Vec<String>,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            token: None,
            max_images: None,
            others: 0,
            takes: Some(Duration::from_millis(1_500)),
            fails: None,
            slow: Duration::ZERO,
            drops_uploads: 0,
            loses_answers: 0,
            cuts_archives: 0,
            bad_gateways: 0,
            bad_names: false,
            prints: Vec::new(),
        }
    }
}

/// A task.
#[derive(Debug, Clone)]
pub struct Task {
    pub name: String,
    /// As it was sent: `[{"name": …, "value": …}]`.
    pub options: Value,
    /// The SHA-256 of each image, by its name.
    pub images: BTreeMap<String, String>,
    began: Option<Instant>,
    cancelled: bool,
}

/// What a node knows.
#[derive(Debug, Default)]
pub struct Memory {
    pub quirks: Quirks,
    /// Begun, but not committed.
    pub uploads: BTreeMap<String, Task>,
    pub tasks: BTreeMap<String, Task>,
    /// What was removed, in that order.
    pub removed: Vec<String>,
    /// How often each call was made, by its path without ids.
    pub calls: BTreeMap<String, u32>,
}

type Shared = Arc<Mutex<Memory>>;

/// A node that listens, on threads of its own.
pub struct FakeNode {
    pub address: SocketAddr,
    memory: Shared,
    serving: Option<Runtime>,
}

impl FakeNode {
    pub fn start(quirks: Quirks) -> Self {
        // A node that dies comes back at the same place, which nobody else may have got meanwhile: these ports are given to no one
        // who asks for any.
        let first = std::process::id() % 800 * 13;
        let is_free = |port: &u32| std::net::TcpListener::bind(format!("127.0.0.1:{port}")).is_ok();
        let port = (0..1_000).map(|step| 20_000 + (first + step) % 11_000).find(is_free).expect("a free port");
        Self::start_at(format!("127.0.0.1:{port}").parse().expect("an address"), quirks)
    }

    pub fn start_at(address: SocketAddr, quirks: Quirks) -> Self {
        let memory = Arc::new(Mutex::new(Memory { quirks, ..Memory::default() }));
        let mut node = Self { address, memory, serving: None };
        node.revive();
        node
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("not poisoned")
    }

    /// Ends it in the middle of whatever it does, with every connection. Its port is free afterwards.
    pub fn die(&mut self) {
        if let Some(serving) = self.serving.take() {
            // A runtime may be waited for only by a thread that is in none.
            let ended = std::thread::spawn(move || serving.shutdown_timeout(Duration::from_secs(10))).join();
            ended.expect("it ends");
        }
    }

    /// Has it listen at the same place again, with what it knows.
    pub fn revive(&mut self) {
        let listener = std::net::TcpListener::bind(self.address).expect("the port is free");
        listener.set_nonblocking(true).expect("it waits for nothing");
        self.address = listener.local_addr().expect("an address");
        let router = router(self.memory.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads");
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, router).await.expect("it serves");
        });
        self.serving = Some(runtime);
    }

    /// Forgets every task, as a node does that was restarted with another folder.
    pub fn forget(&self) {
        let mut memory = self.memory();
        memory.tasks.clear();
        memory.uploads.clear();
    }
}

impl Drop for FakeNode {
    fn drop(&mut self) {
        self.die();
    }
}

fn router(memory: Shared) -> Router {
    Router::new()
        .route("/info", get(info))
        .route("/options", get(options))
        .route("/auth/info", get(auth_info))
        .route("/task/list", get(list))
        .route("/task/new", post(new))
        .route("/task/new/init", post(init))
        .route("/task/new/upload/{uuid}", post(upload))
        .route("/task/new/commit/{uuid}", post(commit))
        .route("/task/{uuid}/info", get(task_info))
        .route("/task/{uuid}/output", get(task_output))
        .route("/task/{uuid}/download/{asset}", get(download))
        .route("/task/cancel", post(cancel))
        .route("/task/remove", post(remove))
        .route("/task/restart", post(restart))
        .layer(middleware::from_fn_with_state(memory.clone(), every_call))
        .layer(DefaultBodyLimit::disable())
        .with_state(memory)
}

/// Errors have the status 200.
fn error(text: impl Into<String>) -> Response {
    Json(json!({ "error": text.into() })).into_response()
}

fn locked(memory: &Shared) -> MutexGuard<'_, Memory> {
    memory.lock().expect("not poisoned")
}

/// Counts it, waits, and wants a token.
async fn every_call(
    State(memory): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
    next: Next,
) -> Response {
    let (slow, wanted) = {
        let mut memory = locked(&memory);
        let path: Vec<&str> = request.uri().path().split('/').filter(|part| part.len() != 36).collect();
        *memory.calls.entry(path.join("/")).or_default() += 1;
        (memory.quirks.slow, memory.quirks.token.clone())
    };
    tokio::time::sleep(slow).await;
    let open = request.uri().path() == "/auth/info";
    if wanted.is_some_and(|wanted| !open && query.get("token") != Some(&wanted)) {
        return error("Invalid authentication token: it is missing or another one");
    }
    next.run(request).await
}

async fn info(State(memory): State<Shared>) -> Response {
    let memory = locked(&memory);
    let running = memory.tasks.values().filter(|task| task.code(&memory.quirks) < 30).count();
    let count = memory.quirks.others + u64::try_from(running).unwrap_or(0);
    Json(json!({
        "version": "2.2.4", "taskQueueCount": count, "maxImages": memory.quirks.max_images, "maxParallelTasks": 1,
        "engine": "odm", "engineVersion": "3.5.6", "cpuCores": 4, "totalMemory": 16_000_000_000_u64, "availableMemory": 9_000_000_000_u64,
    }))
    .into_response()
}

/// The kinds of options that there are, each as its own words have it.
fn known_options() -> Value {
    json!([
        { "name": "dsm", "type": "bool", "value": "false", "domain": "bool", "help": "Build a surface model." },
        { "name": "fast-orthophoto", "type": "bool", "value": "false", "domain": "bool", "help": "Skip the dense cloud." },
        { "name": "orthophoto-resolution", "type": "float", "value": "5", "domain": "float > 0.0", "help": "cm a pixel." },
        { "name": "tiles", "type": "int", "value": "4", "domain": "positive integer", "help": "How many at once." },
        { "name": "quality", "type": "enum", "value": "low", "domain": ["low", "medium"], "help": "How fine." },
        { "name": "boundary", "type": "string", "value": "", "domain": "json", "help": "A polygon." },
    ])
}

/// The first thing that is wrong with options, as a list in JSON.
fn refused_options(options: &Value) -> Option<String> {
    let known = known_options();
    let wrong: Vec<Value> = options
        .as_array()?
        .iter()
        .filter_map(|option| {
            // What it does not know it leaves out without a word.
            let known = known.as_array()?.iter().find(|known| known["name"] == option["name"])?;
            let text = option["value"].as_str().map_or_else(|| option["value"].to_string(), str::to_owned);
            let fits = match known["type"].as_str()? {
                "bool" => ["true", "false", "0", "1"].contains(&text.as_str()),
                "int" => text.parse::<u64>().is_ok(),
                "float" => text.parse::<f64>().is_ok_and(|value| value > 0.0),
                "enum" => known["domain"].as_array()?.iter().any(|choice| *choice == text.as_str()),
                _ => true,
            };
            let said = format!("Invalid value {text} (out of range)");
            (!fits).then(|| json!({ "name": option["name"], "error": said }))
        })
        .collect();
    (!wrong.is_empty()).then(|| Value::Array(wrong).to_string())
}

async fn options() -> Response {
    Json(known_options()).into_response()
}

async fn auth_info() -> Response {
    let message = "Authentication not available on this node";
    Json(json!({ "message": message, "loginUrl": null, "registerUrl": null })).into_response()
}

async fn list(State(memory): State<Shared>) -> Response {
    let uuids: Vec<Value> = locked(&memory).tasks.keys().map(|uuid| json!({ "uuid": uuid })).collect();
    Json(uuids).into_response()
}

/// The id that a client wants, or one by chance.
fn chosen_uuid(memory: &Memory, headers: &HeaderMap) -> Result<String, String> {
    let Some(wanted) = headers.get("set-uuid").and_then(|value| value.to_str().ok()) else {
        return Ok(uuid::Uuid::from_u128(rand::random::<u128>()).to_string());
    };
    let is_new = !memory.tasks.contains_key(wanted);
    let version = wanted.parse::<uuid::Uuid>().map_or(0, |uuid| uuid.get_version_num());
    if is_new && (1..=7).contains(&version) {
        Ok(wanted.to_owned())
    } else {
        Err(format!("Invalid set-uuid: {wanted}"))
    }
}

/// What a form has besides files, and the names and sums of its files.
async fn form(mut form: Multipart) -> Result<(BTreeMap<String, String>, Vec<(String, String)>), String> {
    let broken = |problem: axum::extract::multipart::MultipartError| problem.body_text();
    let (mut texts, mut files) = (BTreeMap::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            Some(file) if name == "images" => {
                files.push((file, digest(&field.bytes().await.map_err(broken)?)));
            }
            Some(_) => return Err("Unexpected field".to_owned()),
            None => {
                texts.insert(name, field.text().await.map_err(broken)?);
            }
        }
    }
    Ok((texts, files))
}

fn begun(texts: &BTreeMap<String, String>) -> Result<Task, String> {
    let options = texts.get("options").map_or("[]", String::as_str);
    let options: Value = serde_json::from_str(options).map_err(|problem| problem.to_string())?;
    if let Some(wrong) = refused_options(&options) {
        return Err(wrong);
    }
    let name = texts.get("name").cloned().unwrap_or_default();
    Ok(Task { name, options, images: BTreeMap::new(), began: None, cancelled: false })
}

impl Task {
    /// Keeps an image; one of a name that is there already becomes another one.
    fn keep(&mut self, name: String, sum: String) {
        let mut name = name;
        while self.images.contains_key(&name) {
            name = match name.rsplit_once('.') {
                Some((stem, end)) => format!("{stem}_.{end}"),
                None => format!("{name}_"),
            };
        }
        self.images.insert(name, sum);
    }

    fn percent(&self, quirks: &Quirks) -> f64 {
        let began = self.began.map_or(Duration::ZERO, |began| began.elapsed());
        quirks.takes.map_or(40.0, |takes| (began.as_secs_f64() / takes.as_secs_f64().max(0.001)).min(1.0) * 100.0)
    }

    /// 10 queued, 20 running, 30 failed, 40 completed, 50 cancelled.
    fn code(&self, quirks: &Quirks) -> u64 {
        match self.percent(quirks) {
            _ if self.cancelled => 50,
            percent if percent < 5.0 => 10,
            percent if percent < 100.0 => 20,
            _ if quirks.fails.is_some() => 30,
            _ => 40,
        }
    }

    /// What it has printed.
    fn printed(&self, quirks: &Quirks) -> Vec<String> {
        let percent = self.percent(quirks);
        let stages = ["dataset", "opensfm", "odm_filterpoints", "odm_meshing", "odm_orthophoto", "odm_report"];
        let mut lines = vec!["[INFO]    Initializing ODM 3.5.6".to_owned()];
        for (at, stage) in (0_u32..).zip(stages) {
            if percent >= f64::from(at * 16) {
                lines.push(format!("[INFO]    Running {stage} stage"));
                lines.push("\u{1b}[39m[WARNING] Not really\u{1b}[0m\n".to_owned());
            }
        }
        lines.extend(quirks.prints.iter().cloned());
        lines
    }
}

async fn new(State(memory): State<Shared>, headers: HeaderMap, multipart: Multipart) -> Response {
    let (texts, files) = match form(multipart).await {
        Ok(read) => read,
        Err(refused) => return error(refused),
    };
    let mut memory = locked(&memory);
    let uuid = match chosen_uuid(&memory, &headers) {
        Ok(uuid) => uuid,
        Err(refused) => return error(refused),
    };
    if files.is_empty() {
        return error("Need at least 1 file or a zip file url.");
    }
    let mut task = match begun(&texts) {
        Ok(task) => task,
        Err(refused) => return error(refused),
    };
    for (name, sum) in files {
        task.keep(name, sum);
    }
    task.began = Some(Instant::now());
    memory.tasks.insert(uuid.clone(), task);
    Json(json!({ "uuid": uuid })).into_response()
}

async fn init(State(memory): State<Shared>, headers: HeaderMap, multipart: Multipart) -> Response {
    let (texts, _) = match form(multipart).await {
        Ok(read) => read,
        Err(refused) => return error(refused),
    };
    let mut memory = locked(&memory);
    let uuid = match chosen_uuid(&memory, &headers) {
        Ok(uuid) => uuid,
        Err(refused) => return error(refused),
    };
    match begun(&texts) {
        Ok(task) => {
            memory.uploads.entry(uuid.clone()).or_insert(task);
            Json(json!({ "uuid": uuid })).into_response()
        }
        Err(refused) => error(refused),
    }
}

async fn upload(State(memory): State<Shared>, Path(uuid): Path<String>, multipart: Multipart) -> Response {
    if !locked(&memory).uploads.contains_key(&uuid) {
        return error("Invalid uuid (not found)");
    }
    let drops = {
        let left = &mut locked(&memory).quirks.drops_uploads;
        let drops = *left > 0;
        *left = left.saturating_sub(1);
        drops
    };
    if drops {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let (_, files) = match form(multipart).await {
        Ok(read) => read,
        Err(refused) => return error(refused),
    };
    let mut memory = locked(&memory);
    if files.is_empty() {
        return Json(json!({ "error": "Need at least 1 file.", "noRetry": true })).into_response();
    }
    let Some(task) = memory.uploads.get_mut(&uuid) else { return error("Invalid uuid (not found)") };
    for (name, sum) in files {
        task.keep(name, sum);
    }
    if memory.quirks.loses_answers > 0 {
        memory.quirks.loses_answers -= 1;
        return cut(b"{\"success\":true}", 3);
    }
    Json(json!({ "success": true })).into_response()
}

/// An answer that breaks off after some bytes.
fn cut(bytes: &[u8], after: usize) -> Response {
    let parts = vec![Ok(Bytes::copy_from_slice(&bytes[..after])), Err(std::io::Error::other("cut"))];
    let mut response = Response::new(Body::from_stream(stream::iter(parts)));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    response
}

async fn commit(State(memory): State<Shared>, Path(uuid): Path<String>) -> Response {
    let mut memory = locked(&memory);
    let Some(mut task) = memory.uploads.remove(&uuid) else { return error("Invalid uuid (not found)") };
    if task.images.is_empty() {
        return error("Need at least 1 file.");
    }
    let most = memory.quirks.max_images.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    if task.images.len() > most {
        return error(format!("{} images uploaded, but this node can only process up to {most}.", task.images.len()));
    }
    task.began = Some(Instant::now());
    memory.tasks.insert(uuid.clone(), task);
    Json(json!({ "uuid": uuid })).into_response()
}

async fn task_info(
    State(memory): State<Shared>,
    Path(uuid): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let mut memory = locked(&memory);
    if memory.quirks.bad_gateways > 0 {
        memory.quirks.bad_gateways -= 1;
        return (StatusCode::BAD_GATEWAY, "<html>502</html>").into_response();
    }
    let Some(task) = memory.tasks.get(&uuid) else { return error(format!("{uuid} not found")) };
    let code = task.code(&memory.quirks);
    let mut status = json!({ "code": code });
    if let (30, Some(words)) = (code, &memory.quirks.fails) {
        status["errorMessage"] = json!(words);
    }
    let time = task.began.map_or(-1, |began| i64::try_from(began.elapsed().as_millis()).unwrap_or(0));
    let mut info = json!({
        "uuid": uuid, "name": task.name, "dateCreated": 1_795_287_903_007_u64, "processingTime": time, "status": status,
        "options": task.options, "imagesCount": task.images.len(), "progress": task.percent(&memory.quirks),
    });
    if let Some(from) = query.get("with_output") {
        info["output"] = json!(lines_from(&task.printed(&memory.quirks), from));
    }
    Json(info).into_response()
}

/// The lines from one on; a negative number counts from the end.
fn lines_from(lines: &[String], from: &str) -> Vec<String> {
    let from: i64 = from.parse().unwrap_or(0);
    let from = if from < 0 { i64::try_from(lines.len()).unwrap_or(0) + from } else { from };
    lines.iter().skip(usize::try_from(from.max(0)).unwrap_or(0)).cloned().collect()
}

async fn task_output(
    State(memory): State<Shared>,
    Path(uuid): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let memory = locked(&memory);
    let Some(task) = memory.tasks.get(&uuid) else { return error(format!("{uuid} not found")) };
    Json(lines_from(&task.printed(&memory.quirks), query.get("line").map_or("0", String::as_str))).into_response()
}

async fn download(State(memory): State<Shared>, Path((uuid, asset)): Path<(String, String)>) -> Response {
    let mut memory = locked(&memory);
    let Some(task) = memory.tasks.get(&uuid) else { return error(format!("{uuid} not found")) };
    if asset != "all.zip" {
        return error("Invalid asset");
    }
    if task.code(&memory.quirks) != 40 {
        return error("Asset not ready");
    }
    let bytes = archive(task, &memory.quirks);
    if memory.quirks.cuts_archives > 0 {
        memory.quirks.cuts_archives -= 1;
        return cut(&bytes, bytes.len() / 2);
    }
    let headers =
        [(header::CONTENT_TYPE, "application/zip"), (header::CONTENT_DISPOSITION, "attachment; filename=all.zip")];
    (headers, bytes).into_response()
}

/// What comes of a task: files where OpenDroneMap puts them, with little in them.
fn archive(task: &Task, quirks: &Quirks) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default();
    let ortho = format!("II*\0 of {} images", task.images.len());
    let images = json!(task.images).to_string();
    let mut files: Vec<(&str, &[u8])> = vec![
        ("odm_orthophoto/odm_orthophoto.tif", ortho.as_bytes()),
        ("odm_dem/dsm.tif", b"II*\0 heights"),
        ("odm_georeferencing/odm_georeferenced_model.laz", b"LASF points"),
        ("odm_texturing/odm_textured_model_geo.obj", b"v 0 0 0"),
        ("odm_report/report.pdf", b"%PDF-1.4 what was done"),
        ("3d_tiles/model/0/0.b3dm", b"a tile"),
        ("images.json", images.as_bytes()),
        ("log.json", b"{}"),
        ("task_output.txt", b""),
    ];
    if quirks.bad_names {
        files.extend([
            ("../../up.txt", b"evil".as_slice()),
            ("/etc/absolute.txt", b"evil"),
            ("odm_report/../../../up.txt", b"evil"),
            ("..\\..\\windows.txt", b"evil"),
            ("C:\\windows.txt", b"evil"),
            ("a\0b.txt", b"evil"),
        ]);
    }
    zip.add_directory("odm_orthophoto", plain).expect("it is written");
    for (name, bytes) in files {
        zip.start_file(name, plain).expect("it is written");
        zip.write_all(bytes).expect("it is written");
    }
    if quirks.bad_names {
        zip.add_symlink("odm_report/link.txt", "/etc/passwd", plain).expect("it is written");
    }
    zip.finish().expect("it is finished").into_inner()
}

/// The id in a body, of a form or of JSON.
fn named(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        let body: Value = serde_json::from_slice(body).ok()?;
        return body["uuid"].as_str().map(str::to_owned);
    }
    let body: BTreeMap<String, String> = serde_urlencoded::from_bytes(body).ok()?;
    body.get("uuid").cloned()
}

fn done(ended: Result<(), String>) -> Response {
    match ended {
        Ok(()) => Json(json!({ "success": true })).into_response(),
        Err(text) => Json(json!({ "success": false, "error": text })).into_response(),
    }
}

async fn cancel(State(memory): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(uuid) = named(&headers, &body) else { return error("uuid param missing.") };
    let mut memory = locked(&memory);
    done(match memory.tasks.get_mut(&uuid) {
        Some(task) if task.cancelled => Err("Task already cancelled".to_owned()),
        Some(task) => {
            task.cancelled = true;
            Ok(())
        }
        None => Err(format!("{uuid} not found")),
    })
}

async fn remove(State(memory): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(uuid) = named(&headers, &body) else { return error("uuid param missing.") };
    let mut memory = locked(&memory);
    done(if memory.tasks.remove(&uuid).is_some() {
        memory.removed.push(uuid);
        Ok(())
    } else {
        Err(format!("{uuid} not found"))
    })
}

async fn restart(State(memory): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(uuid) = named(&headers, &body) else { return error("uuid param missing.") };
    let mut memory = locked(&memory);
    let quirks = memory.quirks.clone();
    done(match memory.tasks.get_mut(&uuid) {
        Some(task) if task.code(&quirks) < 30 => Err("Task cannot be restarted".to_owned()),
        Some(task) => {
            (task.cancelled, task.began) = (false, Some(Instant::now()));
            Ok(())
        }
        None => Err(format!("{uuid} not found")),
    })
}
