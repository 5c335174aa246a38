//! The whole server under load on loopback, next to the limits of this machine measured in the same run: a handler that
//! returns a constant, the bare SQLite statement, the bare password hash. Compare ratios within one run, because the machine
//! may be shared.
//!
//! Needs `make build` first: it runs `target/release/commonhold` on a database of its own, on a port of its own, and
//! stops it by its process id. The Drive and transfers are measured on PostgreSQL as well where `COMMONHOLD_TEST_POSTGRES`
//! names a server (`scripts/with-postgres`).
//!
//! Environment: `COMMONHOLD_PROGRAM` names another build; `COMMONHOLD_BENCH=transfers` measures transfers alone, `drive` the
//! Drive alone, `files` files alone, `jobs` jobs alone, `writers` many writers alone, and `COMMONHOLD_BENCH_SIZES=10,1000` transfers of so many items; with
//! `COMMONHOLD_BENCH_SMALL=1` folders and searches are a hundredth as large, to see that the bench itself works.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench that cannot go on says why and stops, and is told what to measure"
)]

mod files;
mod jobs;

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{Request, header},
};
use commonhold::server::{
    password::Hasher,
    store::{Db, Synchronous},
};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// The number of concurrent connections.
const CLIENTS: usize = 32;
/// How long each kind of request is measured.
const SECONDS: u64 = 4;

struct Answer {
    status: u16,
    cookie: Option<String>,
    body: Bytes,
}

/// A keep-alive connection, and the session cookie of its user.
struct Client {
    sender: SendRequest<Body>,
    cookie: Option<String>,
}

impl Client {
    async fn connect(address: SocketAddr, cookie: Option<String>) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        // The connection ends when its sender is dropped.
        tokio::spawn(connection);
        Self { sender, cookie }
    }

    async fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-requested-with", "commonhold");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.body(body).expect("a request");
        self.sender.ready().await.expect("the connection is open");
        let response = self.sender.send_request(request).await.expect("an answer");
        let status = response.status().as_u16();
        let cookie = response.headers().get(header::SET_COOKIE).and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|value| value.split(';').next()).map(str::to_owned);
        let body = to_bytes(Body::new(response.into_body()), usize::MAX).await.expect("a body");
        Answer { status, cookie, body }
    }

    async fn json(&mut self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.ask(method, path, body).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {text}", answer.status);
        if let Some(cookie) = answer.cookie {
            self.cookie = Some(cookie);
        }
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

/// Follows the link that verifies an address, which inviting needs.
async fn prove(client: &mut Client, email: &str) {
    let inbox = client.json("GET", "/dev/inbox.json", None).await;
    let mails = inbox.as_array().cloned().unwrap_or_default();
    let text = mails.iter().filter(|mail| mail["to"] == email).find_map(|mail| mail["text"].as_str());
    let token = text.and_then(|text| text.split("/verify?token=").nth(1)).expect("a link to verify");
    let token: String = token.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    client.json("POST", "/api/v1/email/verify", Some(&json!({ "token": token }))).await;
}

/// The program under test.
fn program() -> String {
    std::env::var("COMMONHOLD_PROGRAM").unwrap_or_else(|_| "target/release/commonhold".to_owned())
}

/// A size, or a hundredth of it with `COMMONHOLD_BENCH_SMALL`.
fn sized(number: u64) -> u64 {
    if std::env::var_os("COMMONHOLD_BENCH_SMALL").is_some() { (number / 100).max(10) } else { number }
}

/// The server under test, stopped on drop.
struct Server {
    child: Child,
    address: SocketAddr,
    database: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    async fn start(folder: &Path, port: u16) -> Self {
        Self::start_on(folder, port, format!("sqlite://{}/load.db", folder.display())).await
    }

    async fn start_on(folder: &Path, port: u16, database: String) -> Self {
        Self::start_as(Command::new(program()), folder, port, database).await
    }

    /// Restricted to the first core.
    async fn start_squeezed(folder: &Path, port: u16, database: String) -> Self {
        let mut command = Command::new("taskset");
        command.args(["-c", "0", &program()]);
        Self::start_as(command, folder, port, database).await
    }

    async fn start_as(mut command: Command, folder: &Path, port: u16, database: String) -> Self {
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        let data = folder.join(format!("data-{port}"));
        let child = command
            .args([
                "serve",
                "--listen",
                &address.to_string(),
                "--database",
                &database,
                "--data",
                &data.display().to_string(),
                "--rate-limits",
                "off",
                "--log",
                "error",
            ])
            .stdin(Stdio::null())
            .spawn()
            .expect("the program starts: run `make build` first");
        for _ in 0..200 {
            if TcpStream::connect(address).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self { child, address, database }
    }

    fn operator(&self, args: &[&str]) -> String {
        let output = Command::new(program())
            .args(args)
            .args(["--database", &self.database])
            .output()
            .expect("the command line runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// CPU time so far, in milliseconds.
    fn cpu(&self) -> f64 {
        cpu(&self.child.id().to_string())
    }

    /// Memory now and at its peak, in MB.
    fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|kb| kb.parse::<u64>().ok())
                .unwrap_or(0)
                / 1024
        };
        (field("VmRSS:"), field("VmHWM:"))
    }

    /// Resets the peak of its memory.
    fn forget_peak(&self) {
        // Without the right to reset it, the peak is that of the whole run.
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
    }
}

/// CPU time of a process so far, in milliseconds (100 ticks a second on Linux).
fn cpu(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |n: usize| fields.get(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) * 10.0
}

/// The result of a measurement.
struct Measured {
    number: usize,
    per_second: f64,
    p50: f64,
    p99: f64,
}

fn summarize(mut times: Vec<Duration>, took: Duration) -> Measured {
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let millis = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let number = times.len() as f64;
    Measured { number: times.len(), per_second: number / took.as_secs_f64(), p50: millis(at(50)), p99: millis(at(99)) }
}

/// Sends the same kind of request over many connections for some seconds.
async fn load(
    address: SocketAddr,
    cookie: Option<String>,
    request: impl Fn(usize) -> (&'static str, String, Option<Value>) + Send + Sync + 'static,
) -> Measured {
    let request = Arc::new(request);
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let until = start + Duration::from_secs(SECONDS);
    let mut tasks = Vec::new();
    for _ in 0..CLIENTS {
        let (request, next, cookie) = (request.clone(), next.clone(), cookie.clone());
        tasks.push(tokio::spawn(async move {
            let mut client = Client::connect(address, cookie).await;
            let mut times = Vec::new();
            while Instant::now() < until {
                let (method, path, body) = request(next.fetch_add(1, Ordering::Relaxed));
                let asked = Instant::now();
                let answer = client.ask(method, &path, body.as_ref()).await;
                times.push(asked.elapsed());
                assert!(answer.status < 400, "{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
            }
            times
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("a client"));
    }
    summarize(times, start.elapsed())
}

fn line(name: &str, measured: &Measured, cpu: f64) {
    println!(
        "{name:<52} {:>9.0}/s  p50 {:>8.2} ms  p99 {:>8.2} ms  CPU {cpu:>7.3} ms",
        measured.per_second, measured.p50, measured.p99
    );
}

/// Prints a limit of the machine, with the CPU time of this process: for the constant handler, that of its clients too.
fn limit(name: &str, number: usize, cpu_before: f64, measured: &Measured) {
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let number = number.max(1) as f64;
    line(name, measured, (cpu("self") - cpu_before) / number);
}

/// Measures one kind of request of the server, CPU included.
async fn measure(
    server: &Server,
    name: &str,
    cookie: Option<String>,
    request: impl Fn(usize) -> (&'static str, String, Option<Value>) + Send + Sync + 'static,
) {
    let before = server.cpu();
    let measured = load(server.address, cookie, request).await;
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let number = measured.number.max(1) as f64;
    line(name, &measured, (server.cpu() - before) / number);
}

/// The limits of this machine, which no server on it can exceed.
async fn limits(folder: &Path) {
    println!("\nThe machine's own limits, {CLIENTS} clients");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let constant = axum::Router::new().route("/", axum::routing::get(async || "ok"));
    let serving = tokio::spawn(async move { axum::serve(listener, constant).await });
    let before = cpu("self");
    let measured = load(address, None, |_| ("GET", "/".to_owned(), None)).await;
    limit("an axum handler that returns a constant", measured.number, before, &measured);
    serving.abort();

    let db = Db::open(&format!("sqlite://{}/limit.db", folder.display()), Synchronous::Normal, true)
        .await
        .expect("a database");
    let made: Result<u64, commonhold::server::store::DbError> = db
        .write(|tx, _| {
            Box::pin(async move {
                tx.sql("CREATE TABLE thing (id BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL)").execute().await
            })
        })
        .await;
    made.expect("a table");
    let mut times = Vec::new();
    let (before, start) = (cpu("self"), Instant::now());
    let mut n = 0_i64;
    while start.elapsed() < Duration::from_secs(SECONDS) {
        let asked = Instant::now();
        n += 1;
        let written: Result<u64, commonhold::server::store::DbError> = db
            .write(|tx, _| {
                Box::pin(
                    async move { tx.sql("INSERT INTO thing (id, name) VALUES ($1, 'thing')").bind(n).execute().await },
                )
            })
            .await;
        written.expect("a row");
        times.push(asked.elapsed());
    }
    limit("the bare SQLite insert, a transaction each", times.len(), before, &summarize(times, start.elapsed()));
    let mut tx = db.read().await.expect("a reader");
    let mut times = Vec::new();
    let (before, start) = (cpu("self"), Instant::now());
    while start.elapsed() < Duration::from_secs(SECONDS) {
        let asked = Instant::now();
        tx.sql("SELECT id, name FROM thing WHERE id > $1 ORDER BY id LIMIT 100")
            .bind(n / 2)
            .all::<(i64, String)>()
            .await
            .expect("rows");
        times.push(asked.elapsed());
    }
    limit("the bare SQLite page of 100 rows", times.len(), before, &summarize(times, start.elapsed()));

    let hasher = Hasher::new().expect("a hasher");
    let mut times = Vec::new();
    let (before, start) = (cpu("self"), Instant::now());
    while start.elapsed() < Duration::from_secs(SECONDS) {
        let asked = Instant::now();
        hasher.verify("bench", "the wrong password", None).await.expect("a hash");
        times.push(asked.elapsed());
    }
    limit("the bare argon2id hash, one core", times.len(), before, &summarize(times, start.elapsed()));
}

async fn dataset(client: &mut Client, parent: &str, name: String) -> String {
    let body = json!({ "parent": parent, "kind": "dataset", "name": name, "dataset": { "images": 10 } });
    client.json("POST", "/api/v1/resources", Some(&body)).await["id"].as_str().expect("an id").to_owned()
}

async fn folder(client: &mut Client, parent: &str, name: &str) -> String {
    let body = json!({ "parent": parent, "kind": "folder", "name": name });
    client.json("POST", "/api/v1/resources", Some(&body)).await["id"].as_str().expect("an id").to_owned()
}

/// An organization with an Images & Projects licence, and the root of its Drive.
async fn organization(client: &mut Client, server: &Server, name: &str) -> (String, String) {
    let body = json!({ "name": name, "kind": "business", "country": "CH" });
    let org = client.json("POST", "/api/v1/orgs", Some(&body)).await;
    let (org_id, root) =
        (org["org_id"].as_str().expect("an Org ID"), org["accounts"][0]["root"].as_str().expect("a root"));
    server.operator(&[
        "licence",
        "grant",
        "--org",
        org_id,
        "--product",
        "cloud-pro",
        "--model",
        "images-projects",
        "--images",
        "100000000",
        "--projects",
        "1000000",
    ]);
    (org_id.to_owned(), root.to_owned())
}

/// Manage People with 10,000 people: lists, bytes, inviting one and 200.
async fn people(server: &Server, cookie: Option<&String>, org: &str) {
    server.operator(&["generate", "--org", org, "--people", "10000"]);
    let list = format!("/api/v1/orgs/{org}/people");
    for (name, path) in [
        ("100 people of 10,000, JSON", format!("{list}?limit=100")),
        ("100 people of 10,000 by role, backwards, JSON", format!("{list}?limit=100&sort=-role")),
        ("one person of 10,000 by search, JSON", format!("{list}?query=09876")),
        ("Manage People, 100 rows of 10,000, page", format!("/o/{org}/people")),
    ] {
        let mut client = Client::connect(server.address, cookie.cloned()).await;
        let bytes = client.ask("GET", &path, None).await.body.len();
        let asked = path.clone();
        measure(server, name, cookie.cloned(), move |_| ("GET", asked.clone(), None)).await;
        println!("    {bytes} bytes");
    }
    let path = format!("/api/v1/orgs/{org}/invitations");
    let asked = path.clone();
    measure(server, "invite one person, with mail and audit", cookie.cloned(), move |n| {
        let one = json!({ "email": format!("one-{n}@example.com"), "role": "reader" });
        ("POST", asked.clone(), Some(json!({ "invitations": [one] })))
    })
    .await;
    let mut client = Client::connect(server.address, cookie.cloned()).await;
    let many: Vec<Value> =
        (0..200).map(|n| json!({ "email": format!("many-{n}@example.com"), "role": "reader" })).collect();
    let (before, asked) = (server.cpu(), Instant::now());
    client.json("POST", &path, Some(&json!({ "invitations": many }))).await;
    let took = asked.elapsed().as_secs_f64() * 1000.0;
    println!("200 invitations in one go: {took:.1} ms, CPU {:.0} ms", server.cpu() - before);
}

/// Plans a transfer of so many generated items, then does it, timing both.
async fn transfers(client: &mut Client, server: &Server, items: u64, source: (&str, &str), target: &str) {
    server.operator(&["generate", "--org", source.0, "--resources", &items.to_string(), "--processed"]);
    let listed = client
        .json("GET", &format!("/api/v1/resources/{}/children?sort=-modified_at&kind=folder&limit=200", source.1), None)
        .await;
    let top = listed["items"]
        .as_array()
        .expect("items")
        .iter()
        .find(|item| item["name"].as_str().is_some_and(|name| name.starts_with("Generated")))
        .expect("a generated folder")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let body = json!({ "items": [top], "destination": target });
    let before = server.cpu();
    let asked = Instant::now();
    client.json("POST", "/api/v1/transfers/plan", Some(&body)).await;
    let planned = asked.elapsed();
    let asked = Instant::now();
    client.json("POST", "/api/v1/transfers", Some(&body)).await;
    println!(
        "a transfer of {items:>6} items: plan {:>8.1} ms, transfer {:>8.1} ms, CPU {:>7.0} ms",
        planned.as_secs_f64() * 1000.0,
        asked.elapsed().as_secs_f64() * 1000.0,
        server.cpu() - before
    );
}

/// Sets a flag on drop.
struct WhenGone(Arc<AtomicBool>);

impl Drop for WhenGone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The throughput of other clients during a transfer.
struct Others {
    reads: Measured,
    writes: Measured,
    longest_write: f64,
}

/// Reads lists and makes folders with a few connections, until `done`.
async fn others(server: &Server, cookie: Option<String>, parent: &str, done: Arc<AtomicBool>) -> Others {
    let start = Instant::now();
    let mut tasks = Vec::new();
    for client in 0..8_usize {
        let (cookie, parent, done, address) = (cookie.clone(), parent.to_owned(), done.clone(), server.address);
        tasks.push(tokio::spawn(async move {
            let writes = client == 0;
            let mut client = Client::connect(address, cookie).await;
            let mut times = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let asked = Instant::now();
                if writes {
                    let name = format!("Meanwhile {}", times.len());
                    let body = json!({ "parent": parent, "kind": "folder", "name": name });
                    client.ask("POST", "/api/v1/resources", Some(&body)).await;
                } else {
                    client.ask("GET", &format!("/api/v1/resources/{parent}/children?limit=100"), None).await;
                }
                times.push(asked.elapsed());
            }
            (writes, times)
        }));
    }
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for task in tasks {
        let (writing, times) = task.await.expect("a client");
        if writing { writes.extend(times) } else { reads.extend(times) }
    }
    let longest = writes.iter().max().map_or(0.0, Duration::as_secs_f64) * 1000.0;
    let took = start.elapsed();
    Others { reads: summarize(reads, took), writes: summarize(writes, took), longest_write: longest }
}

fn tell(what: &str, others: &Others) {
    println!(
        "    others {what}: {:>7.0} reads/s (p99 {:.1} ms), {:>6.0} writes/s (longest {:.0} ms)",
        others.reads.per_second, others.reads.p99, others.writes.per_second, others.longest_write
    );
}

/// The bare UPDATE that gives all resources of an organization to another one, and back.
async fn bare_update(db: &Db, from: uuid::Uuid, to: uuid::Uuid) -> (u64, Duration) {
    let mut measured = (0, Duration::ZERO);
    for (from, to) in [(from, to), (to, from)] {
        let asked = Instant::now();
        let changed: Result<u64, commonhold::server::store::DbError> = db
            .write(move |tx, _| {
                Box::pin(async move {
                    tx.sql("UPDATE resource SET organization_id = $2 WHERE organization_id = $1 AND kind <> 'root'")
                        .bind(from)
                        .bind(to)
                        .execute()
                        .await
                })
            })
            .await;
        let changed = changed.expect("rows");
        if measured.0 == 0 {
            measured = (changed, asked.elapsed());
        }
    }
    measured
}

/// Transfers of several sizes next to the bare UPDATE of as many rows, with memory and the throughput of other clients.
async fn transfers_of_sizes(database: String, folder: &Path, port: u16) {
    let server = Server::start_on(folder, port, database.clone()).await;
    let mut client = Client::connect(server.address, None).await;
    let person = json!({ "first_name": "Load", "last_name": "Test", "email": "load@example.com", "password": "survey-the-alps-by-drone" });
    client.json("POST", "/api/v1/signup", Some(&person)).await;
    let (_, elsewhere) = organization(&mut client, &server, "Elsewhere").await;
    for n in 0..100 {
        dataset(&mut client, &elsewhere, format!("Row {n:03}")).await;
    }
    let cookie = client.cookie.clone();
    let db = Db::open(&database, Synchronous::Normal, false).await.expect("the database opens");
    let done = Arc::new(AtomicBool::new(false));
    let quiet = {
        let done = done.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            done.store(true, Ordering::Relaxed);
        })
    };
    tell("before", &others(&server, cookie.clone(), &elsewhere, done).await);
    quiet.await.expect("a moment");
    let sizes = std::env::var("COMMONHOLD_BENCH_SIZES").unwrap_or_else(|_| "10,1000,100000".to_owned());
    for size in sizes.split(',').map(|size| size.trim().parse::<u64>().expect("a number of items")) {
        let (source, root) = organization(&mut client, &server, &format!("Source {size}")).await;
        let (target, target_root) = organization(&mut client, &server, &format!("Target {size}")).await;
        server.operator(&["generate", "--org", &source, "--resources", &size.to_string(), "--processed"]);
        // Generating takes longer than the server keeps an idle connection.
        let mut client = Client::connect(server.address, cookie.clone()).await;
        let listed = client.json("GET", &format!("/api/v1/resources/{root}/children?limit=200"), None).await;
        let items: Vec<Value> =
            listed["items"].as_array().expect("items").iter().map(|item| item["id"].clone()).collect();
        let id = async |client: &mut Client, org: &str| -> uuid::Uuid {
            let shown = client.json("GET", &format!("/api/v1/orgs/{org}"), None).await;
            shown["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
        };
        let (from, to) = (id(&mut client, &source).await, id(&mut client, &target).await);
        let (rows, bare) = bare_update(&db, from, to).await;
        server.forget_peak();
        let before = server.memory().0;
        // There while nothing else runs, as with the bare UPDATE, and back while others work.
        let body = json!({ "items": items, "destination": target_root });
        let asked = Instant::now();
        client.json("POST", "/api/v1/transfers", Some(&body)).await;
        let quiet = asked.elapsed();
        let body = json!({ "items": items, "destination": root });
        let done = Arc::new(AtomicBool::new(false));
        let transfer = {
            let (done, cookie, address) = (done.clone(), cookie.clone(), server.address);
            tokio::spawn(async move {
                // Set on a failure as well, so that the others stop.
                let _done = WhenGone(done);
                let mut client = Client::connect(address, cookie).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
                let asked = Instant::now();
                client.json("POST", "/api/v1/transfers", Some(&body)).await;
                asked.elapsed()
            })
        };
        let meanwhile = others(&server, cookie.clone(), &elsewhere, done).await;
        let busy = transfer.await.expect("a transfer");
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        println!(
            "a transfer of {rows:>6} things: {:>8.1} ms; the bare UPDATE of as many rows {:>8.1} ms; {:>5.2} times; while others work {:>8.1} ms; memory {before} MB, at its peak {} MB",
            millis(quiet),
            millis(bare),
            quiet.as_secs_f64() / bare.as_secs_f64(),
            millis(busy),
            server.memory().1
        );
        tell("meanwhile", &meanwhile);
    }
    db.close().await;
    println!("doctor: {}", if server.operator(&["doctor"]).contains("BROKEN") { "BROKEN" } else { "healthy" });
}

/// How many folders each writer creates.
const EACH: usize = 10;

/// Many writers who create folders in one organization at the same moment: the longest wait, and that none is refused.
async fn many_writers(server: &Server, how: &str, writers: usize) {
    let mut client = Client::connect(server.address, None).await;
    let email = format!("writers.{writers}@example.com");
    let person =
        json!({ "first_name": "Load", "last_name": "Test", "email": email, "password": "survey-the-alps-by-drone" });
    client.json("POST", "/api/v1/signup", Some(&person)).await;
    let (_, root) = organization(&mut client, server, &format!("Writers {writers}")).await;
    let barrier = Arc::new(tokio::sync::Barrier::new(writers));
    let start = Instant::now();
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let (cookie, root, barrier, address) = (client.cookie.clone(), root.clone(), barrier.clone(), server.address);
        tasks.push(tokio::spawn(async move {
            let mut client = Client::connect(address, cookie).await;
            let (mut times, mut refused) = (Vec::new(), 0);
            barrier.wait().await;
            for number in 0..EACH {
                let body = json!({ "parent": root, "kind": "folder", "name": format!("Folder {writer} {number}") });
                let asked = Instant::now();
                refused += usize::from(client.ask("POST", "/api/v1/resources", Some(&body)).await.status != 201);
                times.push(asked.elapsed());
            }
            (times, refused)
        }));
    }
    let (mut times, mut refused) = (Vec::new(), 0);
    for task in tasks {
        let (its, not) = task.await.expect("a writer");
        times.extend(its);
        refused += not;
    }
    let longest = times.iter().max().map_or(0.0, Duration::as_secs_f64);
    let all = summarize(times, start.elapsed());
    println!(
        "{writers:>4} writers {how:<22} {:>6.0} folders/s  p50 {:>7.1} ms  p99 {:>8.1} ms  longest {longest:>5.1} s  refused {refused}",
        all.per_second, all.p50, all.p99
    );
    assert_eq!(refused, 0, "nobody is refused");
}

/// A process that keeps the first core busy, ended on drop.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        Self(
            Command::new("taskset")
                .args(["-c", "0", "sh", "-c", "while :; do :; done"])
                .spawn()
                .expect("taskset is there"),
        )
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn many_writers_on(database: String, folder: &Path, port: u16) {
    let server = Server::start_on(folder, port, database.clone()).await;
    for writers in [32, 256] {
        many_writers(&server, "", writers).await;
    }
    drop(server);
    // The same with half of one core, next to a busy loop.
    let busy = Busy::start();
    let server = Server::start_squeezed(folder, port + 1, database).await;
    for writers in [33, 257] {
        many_writers(&server, "with half of one core", writers).await;
    }
    drop(busy);
    println!("doctor: {}", if server.operator(&["doctor"]).contains("BROKEN") { "BROKEN" } else { "healthy" });
}

async fn many_writers_on_both(folder: &Path) {
    println!("\nMany writers in one organization, {EACH} folders each, on SQLite");
    many_writers_on(format!("sqlite://{}/writers.db", folder.display()), folder, 3980).await;
    let Some(server) = std::env::var("COMMONHOLD_TEST_POSTGRES").ok().filter(|url| !url.is_empty()) else {
        println!("\nMany writers on PostgreSQL: skipped, COMMONHOLD_TEST_POSTGRES is not set");
        return;
    };
    println!("\nMany writers in one organization, {EACH} folders each, on PostgreSQL");
    let name = format!("bench_writers_{}", std::process::id());
    let db = Db::open(&server, Synchronous::Normal, false).await.expect("the server answers");
    let mut tx = db.read().await.expect("the server answers");
    tx.sql(format!("CREATE DATABASE {name}").leak()).execute().await.expect("a database is created");
    let (base, _) = server.rsplit_once('/').expect("the address names a database");
    many_writers_on(format!("{base}/{name}"), folder, 3982).await;
    tx.sql(format!("DROP DATABASE {name} WITH (FORCE)").leak()).execute().await.expect("the database is dropped");
    drop(tx);
    db.close().await;
}

/// [`transfers_of_sizes`] on SQLite and, where there is one, on PostgreSQL.
async fn transfers_on_both(folder: &Path) {
    println!("\nTransfers on SQLite");
    transfers_of_sizes(format!("sqlite://{}/transfers.db", folder.display()), folder, 3974).await;
    let Some(server) = std::env::var("COMMONHOLD_TEST_POSTGRES").ok().filter(|url| !url.is_empty()) else {
        println!("\nTransfers on PostgreSQL: skipped, COMMONHOLD_TEST_POSTGRES is not set");
        return;
    };
    println!("\nTransfers on PostgreSQL");
    let name = format!("bench_{}", std::process::id());
    let db = Db::open(&server, Synchronous::Normal, false).await.expect("the server answers");
    let mut tx = db.read().await.expect("the server answers");
    tx.sql(format!("CREATE DATABASE {name}").leak()).execute().await.expect("a database is created");
    let (base, _) = server.rsplit_once('/').expect("the address names a database");
    transfers_of_sizes(format!("{base}/{name}"), folder, 3975).await;
    tx.sql(format!("DROP DATABASE {name} WITH (FORCE)").leak()).execute().await.expect("the database is dropped");
    drop(tx);
    db.close().await;
}

/// The id of the newest folder in a root whose name begins so.
async fn newest(client: &mut Client, root: &str, beginning: &str) -> String {
    let path = format!("/api/v1/resources/{root}/children?kind=folder&limit=200&query={beginning}");
    let listed = client.json("GET", &path, None).await;
    let ids = listed["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str());
    // Ids are UUIDv7: later ones sort last.
    ids.max().expect("a generated folder").to_owned()
}

/// A folder with so many datasets in it.
async fn flat(client: &mut Client, server: &Server, org: &str, root: &str, number: u64) -> String {
    server.operator(&["generate", "--org", org, "--resources", &number.to_string(), "--processed", "--flat"]);
    *client = Client::connect(server.address, client.cookie.clone()).await;
    newest(client, root, "flat").await
}

/// The ids of everything in a folder.
async fn inside(client: &mut Client, folder: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/resources/{folder}/children?limit=200&cursor={cursor}");
        let page = client.json("GET", &path, None).await;
        ids.extend(
            page["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).map(str::to_owned),
        );
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return ids,
        }
    }
}

/// Folders of a hundred, ten thousand and a hundred thousand: what a page of them costs (DRIVE-1: the same).
async fn folders(client: &mut Client, server: &Server, org: &str, root: &str) {
    for number in [100, sized(10_000), sized(100_000)] {
        let folder = flat(client, server, org, root, number).await;
        let children = format!("/api/v1/resources/{folder}/children?limit=100");
        let middle = format!("{children}&at={}", number / 2);
        let page = format!("/o/{org}/drive/{folder}");
        for (what, path) in
            [("children, 100 rows, JSON", children), ("the same from the middle", middle), ("the Drive page", page)]
        {
            let bytes = client.ask("GET", &path, None).await.body.len();
            let name = format!("{what}, of {number}");
            measure(server, &name, client.cookie.clone(), move |_| ("GET", path.clone(), None)).await;
            println!("    {bytes} bytes");
        }
    }
}

/// Search among very many names: a rare word, one that every name has, and nothing.
async fn searches(client: &mut Client, server: &Server, org: &str) {
    let number = sized(1_000_000);
    let asked = Instant::now();
    server.operator(&["generate", "--org", org, "--resources", &number.to_string(), "--processed"]);
    println!("{number} resources generated in {:.0} s", asked.elapsed().as_secs_f64());
    *client = Client::connect(server.address, client.cookie.clone()).await;
    for (what, q) in [
        ("a rare word", "004711"),
        ("a word of every name", "dataset"),
        ("two words", "dataset%200047"),
        ("nothing", "xylophone"),
    ] {
        let path = format!("/api/v1/orgs/{org}/search?limit=50&q={q}");
        let found = client.json("GET", &path, None).await["items"].as_array().map_or(0, Vec::len);
        let name = format!("search, {what}, among {number}");
        measure(server, &name, client.cookie.clone(), move |_| ("GET", path.clone(), None)).await;
        println!("    {found} on the first page");
    }
}

/// Moves items into a folder, and waits for the background task if there is one.
async fn move_all(client: &mut Client, server: &Server, what: &str, items: &[String], destination: &str) {
    let body = json!({ "items": items, "destination": destination });
    let (before, asked) = (server.cpu(), Instant::now());
    let answer = client.ask("POST", "/api/v1/transfers", Some(&body)).await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!((200..300).contains(&answer.status), "a move of {}: {} {text}", items.len(), answer.status);
    let answered = asked.elapsed();
    if answer.status == 202 {
        let task: Value = serde_json::from_str(&text).expect("a job");
        let path = format!("/api/v1/tasks/{}", task["id"].as_str().expect("an id"));
        while client.json("GET", &path, None).await["state"] == "running" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    println!(
        "a move of {:>6} items, {what}: answered after {:>8.1} ms, done after {:>8.1} ms, CPU {:>7.0} ms",
        items.len(),
        answered.as_secs_f64() * 1000.0,
        asked.elapsed().as_secs_f64() * 1000.0,
        server.cpu() - before
    );
}

/// A move of ten thousand selected items within one organization, without and with clashes of names.
async fn moves(client: &mut Client, server: &Server, org: &str, root: &str) {
    let number = sized(10_000);
    let empty = folder(client, root, &format!("Empty of {number}")).await;
    let one = flat(client, server, org, root, number).await;
    let items = inside(client, &one).await;
    move_all(client, server, "no name clashes", &items, &empty).await;
    // The same names once more, so that all of them clash.
    let two = flat(client, server, org, root, number).await;
    let items = inside(client, &two).await;
    move_all(client, server, "all of the names clash", &items, &empty).await;
}

/// The Drive with many resources, on one database.
async fn drive(server: &Server, name: &str) {
    println!("\nThe Drive on {name}, {CLIENTS} clients, {SECONDS} s each");
    let mut client = Client::connect(server.address, None).await;
    let person = json!({ "first_name": "Drive", "last_name": "Test", "email": "drive@example.com", "password": "survey-the-alps-by-drone" });
    client.json("POST", "/api/v1/signup", Some(&person)).await;
    let (org, root) = organization(&mut client, server, "Drive of many").await;
    folders(&mut client, server, &org, &root).await;
    moves(&mut client, server, &org, &root).await;
    let (org, _) = organization(&mut client, server, "Search of many").await;
    searches(&mut client, server, &org).await;
    let (now, peak) = server.memory();
    println!("memory now {now} MB, at its peak {peak} MB");
}

/// [`drive`] on SQLite and, where there is one, on PostgreSQL.
async fn drive_on_both(folder: &Path) {
    let database = format!("sqlite://{}/drive.db", folder.display());
    drive(&Server::start_on(folder, 3972, database).await, "SQLite").await;
    match std::env::var("COMMONHOLD_TEST_POSTGRES") {
        Ok(database) => drive(&Server::start_on(folder, 3973, database).await, "PostgreSQL").await,
        Err(_) => println!("\nNo PostgreSQL: COMMONHOLD_TEST_POSTGRES names none (scripts/with-postgres cargo bench)."),
    }
}

/// Bytes of what the browser gets, raw and brotli.
fn sizes() {
    println!("\nWhat the browser gets");
    let Ok(files) = std::fs::read_dir("target/site/pkg") else { return };
    for file in files.flatten() {
        let path = file.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let kind = Path::new(&name).extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        if matches!(kind, "wasm" | "js" | "css") {
            let size = |path: &Path| std::fs::metadata(path).map_or(0, |data| data.len());
            let brotli = path.with_file_name(format!("{name}.br"));
            println!("{name:<52} {:>9} bytes  {:>9} brotli", size(&path), size(&brotli));
        }
    }
}

#[tokio::main]
async fn main() {
    let place = tempfile::tempdir().expect("a folder");
    match std::env::var("COMMONHOLD_BENCH").as_deref() {
        Ok("transfers") => return transfers_on_both(place.path()).await,
        Ok("drive") => return drive_on_both(place.path()).await,
        Ok("files") => return files::files(place.path()).await,
        Ok("jobs") => return jobs::jobs(place.path()).await,
        Ok("writers") => return many_writers_on_both(place.path()).await,
        _ => {}
    }
    limits(place.path()).await;

    println!("\nThe server, {CLIENTS} clients, {SECONDS} s each; CPU is the server's, per request");
    let started = Instant::now();
    let server = Server::start(place.path(), 3971).await;
    println!("ready after {} ms (the database was new)", started.elapsed().as_millis());
    println!("memory idle {} MB", server.memory().0);

    let mut client = Client::connect(server.address, None).await;
    let person = json!({ "first_name": "Load", "last_name": "Test", "email": "load@example.com", "password": "survey-the-alps-by-drone" });
    client.json("POST", "/api/v1/signup", Some(&person)).await;
    prove(&mut client, "load@example.com").await;
    let (source, root) = organization(&mut client, &server, "Source").await;
    let (_, target_root) = organization(&mut client, &server, "Target").await;
    let (one, two) = (folder(&mut client, &root, "One").await, folder(&mut client, &root, "Two").await);
    let mut moving = Vec::new();
    for n in 0..100 {
        moving.push(dataset(&mut client, &one, format!("Flight {n:03}")).await);
    }
    let cookie = client.cookie.clone();

    measure(&server, "health", None, |_| ("GET", "/healthz".to_owned(), None)).await;
    measure(&server, "the sign-in page", None, |_| ("GET", "/signin".to_owned(), None)).await;
    measure(&server, "session check (GET /api/v1/me)", cookie.clone(), |_| ("GET", "/api/v1/me".to_owned(), None))
        .await;
    let path = format!("/o/{source}/drive/{one}");
    measure(&server, "the Drive page, 100 rows", cookie.clone(), move |_| ("GET", path.clone(), None)).await;
    let path = format!("/api/v1/resources/{one}/children?limit=100");
    measure(&server, "children, 100 rows, JSON", cookie.clone(), move |_| ("GET", path.clone(), None)).await;
    let parent = two.clone();
    measure(&server, "create a folder", cookie.clone(), move |n| {
        (
            "POST",
            "/api/v1/resources".to_owned(),
            Some(json!({ "parent": parent, "kind": "folder", "name": format!("Folder {n}") })),
        )
    })
    .await;
    // Requests arrive in any order: moving an item to where it already is counts as a move too.
    let (items, places) = (moving.clone(), [one.clone(), two.clone()]);
    measure(&server, "move one item", cookie.clone(), move |n| {
        let body = json!({ "items": [items[n % items.len()]], "destination": places[(n / items.len() + 1) % 2] });
        ("POST", "/api/v1/transfers".to_owned(), Some(body))
    })
    .await;
    people(&server, cookie.as_ref(), &source).await;
    // From here on the switcher has thousands of organizations.
    measure(&server, "create an organization", cookie.clone(), |n| {
        (
            "POST",
            "/api/v1/orgs".to_owned(),
            Some(json!({ "name": format!("Organization {n}"), "kind": "individual", "country": "CH" })),
        )
    })
    .await;
    measure(&server, "sign in", None, |_| {
        (
            "POST",
            "/api/v1/session".to_owned(),
            Some(json!({ "email": "load@example.com", "password": "survey-the-alps-by-drone" })),
        )
    })
    .await;

    println!();
    let mut client = Client::connect(server.address, cookie).await;
    for items in [10, 1_000, 10_000] {
        transfers(&mut client, &server, items, (&source, &root), &target_root).await;
    }
    let (now, peak) = server.memory();
    println!("memory now {now} MB, at its peak {peak} MB");
    println!("doctor: {}", if server.operator(&["doctor"]).contains("BROKEN") { "BROKEN" } else { "healthy" });
    drop(server);
    many_writers_on_both(place.path()).await;
    transfers_on_both(place.path()).await;
    drive_on_both(place.path()).await;
    files::files(place.path()).await;
    jobs::jobs(place.path()).await;
    sizes();
}
