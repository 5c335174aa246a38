//! Jobs: taking one from a short and a long queue, heartbeats beside other work, what Survey index costs next to decoding,
//! and tiles next to static files.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    body::{Body, to_bytes},
    http::{Request, header},
};
use commonhold::{
    domain::{photo::Position, time::Timestamp},
    server::pictures::survey::Survey,
};
use serde_json::{Value, json};

use super::{CLIENTS, Client, SECONDS, Server, dataset, line, measure, organization, prove, sized, summarize};

/// How many jobs a dataset has under way at most.
const JOBS_OF_DATASET: u64 = 20;
/// How many jobs are taken in each measurement.
const TAKEN: usize = 200;
const APP: &str = "bench";

/// A call with a bearer token; the status and the answer.
async fn call(client: &mut Client, bearer: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::post(path)
        .header(header::HOST, "localhost")
        .header(header::AUTHORIZATION, format!("Bearer {bearer}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .expect("a request");
    client.sender.ready().await.expect("the connection is open");
    let response = client.sender.send_request(request).await.expect("an answer");
    let status = response.status().as_u16();
    let bytes = to_bytes(Body::new(response.into_body()), usize::MAX).await.expect("a body");
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// The token of a new engine of an organization.
async fn engine(client: &mut Client, org: &str) -> String {
    let key = json!({ "name": "Bench", "scopes": ["engine"] });
    let key = client.json("POST", &format!("/api/v1/orgs/{org}/keys"), Some(&key)).await;
    let text = |name: &str| key[name].as_str().expect("a text").to_owned();
    let form = serde_urlencoded::to_string([
        ("grant_type", "client_credentials"),
        ("client_id", &text("client_id")),
        ("client_secret", &text("client_secret")),
    ]);
    let request = Request::post("/oauth/token")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.expect("fields")))
        .expect("a request");
    client.sender.ready().await.expect("the connection is open");
    let response = client.sender.send_request(request).await.expect("an answer");
    let bytes = to_bytes(Body::new(response.into_body()), usize::MAX).await.expect("a body");
    let token: Value = serde_json::from_slice(&bytes).expect("JSON");
    token["access_token"].as_str().expect("a token").to_owned()
}

/// Starts so many jobs.
async fn queue(client: &mut Client, root: &str, jobs: u64) {
    for number in 0..jobs.div_ceil(JOBS_OF_DATASET) {
        let place = dataset(client, root, format!("Queue {jobs} {number}")).await;
        for _ in 0..JOBS_OF_DATASET.min(jobs - number * JOBS_OF_DATASET) {
            let path = format!("/api/v1/datasets/{place}/jobs");
            client.json("POST", &path, Some(&json!({ "app": APP }))).await;
        }
    }
}

/// An engine's place at a job.
struct Held {
    job: String,
    lease: String,
    token: String,
}

/// Asks for jobs one after the other, and tells how long that takes.
async fn claim(server: &Server, client: &mut Client, bearer: &str, name: &str) -> Vec<Held> {
    let (mut times, mut held) = (Vec::new(), Vec::new());
    let (before, start) = (server.cpu(), Instant::now());
    for _ in 0..TAKEN {
        let asked = Instant::now();
        let (status, claimed) = call(client, bearer, "/api/v1/engine/claim", &json!({ "apps": [APP] })).await;
        times.push(asked.elapsed());
        if status == 204 {
            continue;
        }
        assert_eq!(status, 200, "{claimed}");
        let text = |name: &str| claimed[name].as_str().expect("a text").to_owned();
        held.push(Held { job: text("job"), lease: text("lease"), token: text("token") });
    }
    let measured = summarize(times, start.elapsed());
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let number = measured.number as f64;
    line(name, &measured, (server.cpu() - before) / number);
    held
}

/// Heartbeats of all engines at once, as fast as the server answers.
async fn heartbeats(server: &Server, held: Vec<Held>) {
    let (held, next) = (Arc::new(held), Arc::new(AtomicUsize::new(0)));
    let (before, start) = (server.cpu(), Instant::now());
    let until = start + Duration::from_secs(SECONDS);
    let address = server.address;
    let clients = (0..CLIENTS).map(|_| {
        let (held, next) = (held.clone(), next.clone());
        tokio::spawn(async move {
            let mut client = Client::connect(address, None).await;
            let mut times = Vec::new();
            while Instant::now() < until {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Held { job, lease, token } = &held[number % held.len()];
                let body = json!({ "lease": lease, "progress": number / held.len() % 1_000 });
                let path = format!("/api/v1/engine/jobs/{job}/heartbeat");
                let asked = Instant::now();
                let (status, answer) = call(&mut client, token, &path, &body).await;
                times.push(asked.elapsed());
                assert_eq!(status, 200, "{answer}");
            }
            times
        })
    });
    let mut times = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        times.extend(client.await.expect("an engine"));
    }
    let measured = summarize(times, start.elapsed());
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let number = measured.number.max(1) as f64;
    line("heartbeats with progress, each of another job", &measured, (server.cpu() - before) / number);
}

/// Survey index of photos that are rendered for it, next to decoding the same photos alone. Returns the dataset.
async fn survey(server: &Server, client: &mut Client, root: &str) -> String {
    let photos = u32::try_from(sized(1_000)).expect("a count");
    let survey = Survey {
        width: 1_600,
        seed: 1,
        lines: photos.div_ceil(25),
        photos_in_line: 25.min(photos),
        middle: Position { latitude: 46_662_400_000, longitude: 8_585_600_000 },
        begins: Timestamp::parse_rfc3339("2026-11-18T10:00:00Z").expect("a time"),
        planted: &[],
    };
    let shots = tokio::task::spawn_blocking(move || survey.fly()).await.expect("a flight").expect("photos");
    let begun = Instant::now();
    for shot in &shots {
        image::load_from_memory(&shot.jpeg).expect("a photo");
    }
    let decoded = begun.elapsed();
    // The server ends connections on which nothing was asked for meanwhile.
    *client = Client::connect(server.address, client.cookie.clone()).await;
    let place = dataset(client, root, "Survey".to_owned()).await;
    let count = shots.len();
    super::files::send_photos(client, &place, shots.into_iter().map(|shot| (shot.name, shot.jpeg)).collect()).await;
    let before = server.cpu();
    let begun = Instant::now();
    loop {
        let page =
            client.json("GET", &format!("/api/v1/datasets/{place}/files?limit=200&query=_{count:04}"), None).await;
        let waits =
            page["items"].as_array().is_some_and(|files| files.iter().any(|file| file["photo"]["state"] == "waiting"));
        if !waits && begun.elapsed() > Duration::from_secs(2) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!(
        "{count} photos opened: {:.1} s, CPU {:.1} s",
        begun.elapsed().as_secs_f64(),
        (server.cpu() - before) / 1e3
    );
    for app in ["qc-report", "survey-index"] {
        server.forget_peak();
        let (idle, before, begun) = (server.memory().0, server.cpu(), Instant::now());
        let job = client.json("POST", &format!("/api/v1/datasets/{place}/jobs"), Some(&json!({ "app": app }))).await;
        let path = format!("/api/v1/jobs/{}", job["id"].as_str().expect("an id"));
        let state = loop {
            let job = client.json("GET", &path, None).await;
            match job["state"].as_str() {
                Some("queued" | "running") => tokio::time::sleep(Duration::from_millis(200)).await,
                _ => break job["state"].clone(),
            }
        };
        assert_eq!(state, "done", "{app}");
        let cpu = (server.cpu() - before) / 1e3;
        println!(
            "{app} of {count} photos: {:.1} s, CPU {cpu:.1} s: {:.2}x of decoding them alone on one core ({:.1} s); memory {idle} MB, at its peak {} MB",
            begun.elapsed().as_secs_f64(),
            cpu / decoded.as_secs_f64(),
            decoded.as_secs_f64(),
            server.memory().1
        );
    }
    place
}

/// The file of the site that is nearest to a size, as a path on the server, and its size.
fn static_file(bytes: u64) -> (String, u64) {
    let files = std::fs::read_dir("target/site/pkg").expect("the site: run `make build` first");
    let sizes = files.filter_map(|file| {
        let file = file.ok()?;
        let name = file.file_name().into_string().ok()?;
        Some((format!("/pkg/{name}"), file.metadata().ok().filter(std::fs::Metadata::is_file)?.len()))
    });
    sizes.min_by_key(|(_, size)| size.abs_diff(bytes)).expect("a file")
}

/// Tiles of the dataset's first layer, next to a static file of about their size.
async fn tiles(server: &Server, client: &mut Client, place: &str) {
    let path = format!("/api/v1/datasets/{place}/layers");
    let layer = loop {
        let layers = client.json("GET", &path, None).await;
        let ready = layers["items"].as_array().and_then(|layers| layers.iter().find(|one| one["state"] == "ready"));
        match ready {
            Some(layer) => break layer.clone(),
            None => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    let field = |name: &str| layer[name].as_u64().expect("a number");
    let tile = format!("{path}/{}/{}/1/1", field("number"), field("levels") - 1);
    let bytes = client.ask("GET", &tile, None).await.body.len() as u64;
    let (file, size) = static_file(bytes);
    let cookie = client.cookie.clone();
    measure(server, &format!("a tile of {bytes} bytes"), cookie.clone(), move |_| ("GET", tile.clone(), None)).await;
    measure(server, &format!("a static file of {size} bytes"), cookie, move |_| ("GET", file.clone(), None)).await;
}

/// Measures jobs on SQLite.
pub async fn jobs(folder: &Path) {
    let server = Server::start(folder, 3975).await;
    let mut client = Client::connect(server.address, None).await;
    let person = json!({ "first_name": "Load", "last_name": "Test", "email": "jobs@example.com", "password": "survey-the-alps-by-drone" });
    client.json("POST", "/api/v1/signup", Some(&person)).await;
    prove(&mut client, "jobs@example.com").await;
    let (org, root) = organization(&mut client, &server, "Jobs").await;
    let app = json!({ "slug": APP, "title": "Bench", "price": "free" });
    client.json("POST", &format!("/api/v1/orgs/{org}/apps"), Some(&app)).await;
    client.json("POST", &format!("/api/v1/apps/{APP}/versions"), Some(&json!({ "label": "1" }))).await;
    client.json("PATCH", &format!("/api/v1/apps/{APP}"), Some(&json!({ "state": "published" }))).await;
    let bearer = engine(&mut client, &org).await;

    println!("\nJobs, {CLIENTS} clients for heartbeats");
    claim(&server, &mut client, &bearer, "asking for a job when there is none").await;
    queue(&mut client, &root, 2 * TAKEN as u64).await;
    claim(&server, &mut client, &bearer, "taking a job of 400").await;
    let long = sized(9_000);
    queue(&mut client, &root, long).await;
    let held = claim(&server, &mut client, &bearer, &format!("taking a job of {}", long + TAKEN as u64)).await;
    heartbeats(&server, held).await;
    let list = format!("/api/v1/orgs/{org}/jobs?limit=50");
    measure(&server, &format!("Monitor, 50 of {} jobs, JSON", long + 400), client.cookie.clone(), move |_| {
        ("GET", list.clone(), None)
    })
    .await;
    let place = survey(&server, &mut client, &root).await;
    let mut client = Client::connect(server.address, client.cookie.clone()).await;
    tiles(&server, &mut client, &place).await;
}
