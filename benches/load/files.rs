//! Files: uploads and downloads next to what the disk writes by itself, what a small file costs, long lists and plans, memory.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    http::{Request, header},
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::{Client, Server, dataset, measure, organization, sized};

/// How many requests send files at the same moment, as a browser does.
const SENDERS: usize = 3;
/// How many requests with bytes one person sends to a node at the same moment at most.
const AT_ONCE: usize = 8;
/// How large the files are.
const LARGE_BYTES: usize = 10_000_000;
const SMALL_BYTES: usize = 10_000;
/// The most files of one plan.
const PLAN_FILES: usize = 500;
/// What a body is sent in.
const CHUNK_BYTES: usize = 256 * 1024;

/// Bytes that nobody has sent yet, so that all of them are stored.
fn content(seed: usize, bytes: usize) -> Bytes {
    let mut state = u64::try_from(seed).unwrap_or(0) ^ 0x9e37_79b9_7f4a_7c15;
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(bytes);
    content.into()
}

fn megabytes(bytes: f64, took: Duration) -> f64 {
    bytes / 1e6 / took.as_secs_f64()
}

/// What the disk of this folder writes by itself: files that are synchronized, as storage does, as many at once as are sent.
fn disk(folder: &Path, files: usize) -> f64 {
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            scope.spawn(move || {
                for file in (sender..files).step_by(SENDERS) {
                    let bytes = content(file, LARGE_BYTES);
                    let path = folder.join(format!("bare-{file}"));
                    let mut written = File::create(&path).expect("a file");
                    written.write_all(&bytes).expect("bytes");
                    written.sync_all().expect("on the disk");
                }
            });
        }
    });
    #[expect(clippy::cast_precision_loss, reason = "a count of bytes")]
    let rate = megabytes((files * LARGE_BYTES) as f64, begun.elapsed());
    for file in 0..files {
        std::fs::remove_file(folder.join(format!("bare-{file}"))).expect("a file");
    }
    rate
}

/// Plans files of one size, and returns where to send each, and how long the plans took.
async fn plan(
    client: &mut Client,
    dataset: &str,
    files: std::ops::Range<usize>,
    bytes: u64,
) -> (Vec<String>, Duration) {
    let all: Vec<usize> = files.collect();
    let (mut places, begun) = (Vec::new(), Instant::now());
    for some in all.chunks(PLAN_FILES) {
        let files: Vec<Value> =
            some.iter().map(|file| json!({ "path": format!("100MEDIA/{file:06}.bin"), "bytes": bytes })).collect();
        let path = format!("/api/v1/datasets/{dataset}/uploads");
        let plan = client.json("POST", &path, Some(&json!({ "files": files }))).await;
        let items = plan["items"].as_array().cloned().unwrap_or_default();
        places
            .extend(items.iter().map(|item| item["upload"]["url"].as_str().expect("a place to send it to").to_owned()));
    }
    (places, begun.elapsed())
}

/// Sends the bytes of a file.
async fn send(client: &mut Client, place: &str, bytes: u64, body: Body) {
    let request = Request::patch(place)
        .header(header::HOST, "localhost")
        .header("x-requested-with", "commonhold")
        .header("tus-resumable", "1.0.0")
        .header("upload-offset", "0")
        .header(header::CONTENT_TYPE, "application/offset+octet-stream")
        .header(header::CONTENT_LENGTH, bytes.to_string())
        .header(header::COOKIE, client.cookie.as_deref().unwrap_or_default())
        .body(body)
        .expect("a request");
    client.sender.ready().await.expect("the connection is open");
    let response = client.sender.send_request(request).await.expect("an answer");
    assert_eq!(response.status().as_u16(), 204, "{place}");
}

/// Sends all files over a few connections.
async fn send_all(
    server: &Server,
    cookie: Option<&String>,
    places: &[String],
    bytes: usize,
    senders: usize,
) -> Duration {
    let begun = Instant::now();
    let senders = (0..senders).map(|sender| {
        let (address, cookie) = (server.address, cookie.cloned());
        let own: Vec<(usize, String)> = places.iter().cloned().enumerate().skip(sender).step_by(senders).collect();
        tokio::spawn(async move {
            let mut client = Client::connect(address, cookie).await;
            for (number, place) in own {
                send(&mut client, &place, bytes as u64, Body::from(content(number + bytes, bytes))).await;
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.expect("a sender");
    }
    begun.elapsed()
}

/// Sends photos with these names to a dataset, one after the other.
pub async fn send_photos(client: &mut Client, dataset: &str, photos: Vec<(String, Vec<u8>)>) {
    for some in photos.chunks(PLAN_FILES) {
        let files: Vec<Value> =
            some.iter().map(|(name, bytes)| json!({ "path": name, "bytes": bytes.len() })).collect();
        let path = format!("/api/v1/datasets/{dataset}/uploads");
        let plan = client.json("POST", &path, Some(&json!({ "files": files }))).await;
        let items = plan["items"].as_array().cloned().unwrap_or_default();
        for (item, (_, bytes)) in items.iter().zip(some) {
            let place = item["upload"]["url"].as_str().expect("a place to send it to");
            send(client, place, bytes.len() as u64, Body::from(bytes.clone())).await;
        }
    }
}

/// Reads a file to its end, keeping nothing of it.
async fn take(client: &mut Client, path: &str) -> u64 {
    let request = Request::get(path)
        .header(header::HOST, "localhost")
        .header(header::COOKIE, client.cookie.as_deref().unwrap_or_default())
        .body(Body::empty())
        .expect("a request");
    client.sender.ready().await.expect("the connection is open");
    let response = client.sender.send_request(request).await.expect("an answer");
    let chunks = Body::new(response.into_body()).into_data_stream();
    chunks.try_fold(0, async |taken, chunk| Ok(taken + chunk.len() as u64)).await.expect("all of it")
}

/// Measures files on SQLite, in a folder on the disk of `folder`.
#[expect(clippy::cast_precision_loss, reason = "counts of bytes and files")]
pub async fn files(folder: &Path) {
    let server = Server::start(folder, 3974).await;
    let mut client = Client::connect(server.address, None).await;
    let person = json!({ "first_name": "Load", "last_name": "Test", "email": "files@example.com", "password": "survey-the-alps-by-drone" });
    client.json("POST", "/api/v1/signup", Some(&person)).await;
    let (_, root) = organization(&mut client, &server, "Files").await;
    let cookie = client.cookie.clone();

    let number = usize::try_from(sized(200)).expect("a count");
    println!("\nFiles: {number} of {} MB, {SENDERS} at once", LARGE_BYTES / 1_000_000);
    let large = dataset(&mut client, &root, "Large".to_owned()).await;
    let (places, _) = plan(&mut client, &large, 0..number, LARGE_BYTES as u64).await;
    let bare = disk(folder, number);
    let (idle, before) = (server.memory().0, server.cpu());
    server.forget_peak();
    let took = send_all(&server, cookie.as_ref(), &places, LARGE_BYTES, SENDERS).await;
    let rate = megabytes((number * LARGE_BYTES) as f64, took);
    let again = disk(folder, number);
    println!(
        "the bare disk {bare:.0} and {again:.0} MB/s, an upload {rate:.0} MB/s: {:.0} %; CPU {:.2} ms a MB; memory {idle} MB, at its peak {} MB",
        200.0 * rate / (bare + again),
        (server.cpu() - before) / ((number * LARGE_BYTES) as f64 / 1e6),
        server.memory().1
    );

    let bytes = sized(10) * 1_000_000_000;
    let one = dataset(&mut client, &root, "One".to_owned()).await;
    let (places, _) = plan(&mut client, &one, 0..1, bytes).await;
    let chunk = content(1, CHUNK_BYTES);
    let (whole, rest) = (bytes / CHUNK_BYTES as u64, usize::try_from(bytes % CHUNK_BYTES as u64).unwrap_or(0));
    let last = chunk.slice(..rest);
    let chunks = (0..whole).map(move |_| chunk.clone()).chain((rest > 0).then_some(last));
    let body = Body::from_stream(stream::iter(chunks).map(Ok::<_, std::io::Error>));
    server.forget_peak();
    let (begun, before) = (Instant::now(), server.cpu());
    send(&mut client, &places[0], bytes, body).await;
    println!(
        "one file of {} GB: {:.0} MB/s up, CPU {:.2} ms a MB, memory at its peak {} MB",
        bytes / 1_000_000_000,
        megabytes(bytes as f64, begun.elapsed()),
        (server.cpu() - before) / (bytes as f64 / 1e6),
        server.memory().1
    );
    for (what, path) in [
        ("the file", format!("/api/v1/datasets/{one}/files/1/content")),
        ("a ZIP of it", format!("/api/v1/datasets/{one}/zip")),
    ] {
        server.forget_peak();
        let (begun, before) = (Instant::now(), server.cpu());
        let taken = take(&mut client, &path).await;
        assert!(taken >= bytes, "{what} is whole: {taken}");
        println!(
            "{what}, down: {:.0} MB/s, CPU {:.2} ms a MB, memory at its peak {} MB",
            megabytes(taken as f64, begun.elapsed()),
            (server.cpu() - before) / (taken as f64 / 1e6),
            server.memory().1
        );
    }

    let number = usize::try_from(sized(5_000)).expect("a count");
    let small = dataset(&mut client, &root, "Small".to_owned()).await;
    let (places, planned) = plan(&mut client, &small, 0..number, SMALL_BYTES as u64).await;
    println!("a plan of {number} files: {:.0} ms", planned.as_secs_f64() * 1e3);
    let before = server.cpu();
    let took = send_all(&server, cookie.as_ref(), &places, SMALL_BYTES, AT_ONCE).await;
    println!(
        "{number} files of {} kB: {:.0}/s, CPU {:.2} ms each, request and storage included",
        SMALL_BYTES / 1_000,
        number as f64 / took.as_secs_f64(),
        (server.cpu() - before) / number as f64
    );
    let few = dataset(&mut client, &root, "Few".to_owned()).await;
    let (places, _) = plan(&mut client, &few, 0..100, SMALL_BYTES as u64).await;
    send_all(&server, cookie.as_ref(), &places, SMALL_BYTES, AT_ONCE).await;
    for (what, dataset) in [(100, few), (number, small)] {
        let path = format!("/api/v1/datasets/{dataset}/files?limit=100");
        measure(&server, &format!("100 of {what} files, JSON"), cookie.clone(), move |_| ("GET", path.clone(), None))
            .await;
    }
    println!("doctor: {}", if server.operator(&["doctor"]).contains("BROKEN") { "BROKEN" } else { "healthy" });
}
