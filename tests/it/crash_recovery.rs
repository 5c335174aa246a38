//! `kill -9` at any moment (attack 54): the built program runs as a process, which is killed while it transfers thousands of
//! items, copies, and creates organizations. Ledger, tree and doctor then find the state before or after, never in between,
//! and the program starts again and continues.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use commonhold::{
    domain::id::ResourceId,
    server::{
        context::{Clock, Ctx, digest},
        doctor,
        generate::{self, Amounts},
        limit::RateLimiter,
        password::Hasher,
        store::{Db, Synchronous},
    },
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{PASSWORD, TestApp, closed_port, read};

/// How often it is killed, on each database.
const ROUNDS: usize = 8;
/// How many items a transfer has.
const ITEMS: u64 = 3_000;

/// The program, killed on drop.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    async fn start(url: &str, data: &Path) -> Self {
        let address = closed_port().await;
        let child = Command::new(env!("CARGO_BIN_EXE_commonhold"))
            .args([
                "serve",
                "--listen",
                &address.to_string(),
                "--database",
                url,
                "--rate-limits",
                "off",
                "--log",
                "error",
            ])
            .args(["--public-url", "http://localhost:3000"])
            .current_dir(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        let server = Self { child, address };
        let until = Instant::now() + Duration::from_mins(2);
        while server.ask(None, "GET", "/readyz", None).await.is_none_or(|(status, _, _)| status != 200) {
            assert!(Instant::now() < until, "it is ready within two minutes");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    /// Sends SIGKILL and waits for the end.
    fn kill(mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it has ended");
    }

    /// One request on its own connection; `None` if the server ended before it answered.
    async fn ask(
        &self,
        cookie: Option<&str>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Option<(u16, Option<String>, String)> {
        ask(self.address, cookie, method, path, body).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn ask(
    address: SocketAddr,
    cookie: Option<&str>,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Option<(u16, Option<String>, String)> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let cookie = cookie.map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost:3000\r\nX-Requested-With: commonhold\r\nConnection: close\r\n{cookie}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let cookie = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().starts_with("set-cookie:").then(|| &line["set-cookie:".len()..]))
        .and_then(|set| set.trim().split(';').next())
        .map(str::to_owned);
    Some((status, cookie, body.to_owned()))
}

/// Where the items are, and what is left of the licences.
#[derive(PartialEq, Eq, Debug, Clone)]
struct State {
    in_source: i64,
    in_target: i64,
    images_left: (i64, i64),
    receipts: i64,
}

async fn number(db: &Db, sql: &'static str, id: uuid::Uuid) -> i64 {
    let mut tx = db.read().await.expect("the database answers");
    tx.sql(sql).bind(id).number().await.expect("a number")
}

/// Checks the database while no server runs: every invariant, and nothing half done.
async fn examined(url: &str, source: uuid::Uuid, target: uuid::Uuid) -> State {
    let db = Db::open(url, Synchronous::Normal, false).await.expect("the database opens");
    if !db.is_sqlite() {
        // PostgreSQL rolls the last transaction back only after it notices that the client is gone.
        let others = "SELECT CAST(COUNT(*) AS BIGINT) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let mut tx = db.read().await.expect("the database answers");
        let until = Instant::now() + Duration::from_mins(2);
        while tx.sql(others).number().await.expect("a number") > 0 {
            assert!(Instant::now() < until, "the killed one's connections end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let hasher = Hasher::quick().expect("quick parameters");
    let ctx = Ctx::new(db.clone(), Clock::System, hasher, RateLimiter::new(false), "http://localhost:3000");
    for finding in doctor::examine(&ctx).await.expect("the doctor comes") {
        assert_eq!(finding.broken, 0, "broken: {}", finding.invariant);
    }
    let inside = "SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE organization_id = $1 AND parent_id IS NOT NULL AND trashed_with IS NULL AND (name LIKE 'Dataset %' OR name LIKE 'Folder %' OR name LIKE 'Generated %')";
    let left = "SELECT CAST(SUM(images_left) AS BIGINT) FROM licence WHERE organization_id = $1";
    let state = State {
        in_source: number(&db, inside, source).await,
        in_target: number(&db, inside, target).await,
        images_left: (number(&db, left, source).await, number(&db, left, target).await),
        receipts: number(
            &db,
            "SELECT CAST(COUNT(*) AS BIGINT) FROM transfer WHERE source_organization_id = $1 OR target_organization_id = $1",
            source,
        )
        .await,
    };
    // The doctor has checked that every organization has an account, a root and an Owner.
    db.close().await;
    state
}

async fn killed_again_and_again(app: TestApp, url: String, folder: &Path) {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.images_licence(&source, 10_000_000, 1_000_000).await;
    app.images_licence(&target, 10_000_000, 1_000_000).await;
    let amounts = Amounts {
        org: Some(source.org_id.clone()),
        orgs: 0,
        people: 0,
        resources: ITEMS,
        processed: true,
        flat: false,
    };
    generate::generate(app.ctx(), &amounts).await.expect("generated");
    let moving: ResourceId = read(&anna.children(source.root, "").await.expect(200).json()["items"][0]["id"]);
    let copied = anna.folder(source.root, "To copy").await;
    for n in 0..40 {
        anna.dataset(copied, &format!("Original {n}"), 1).await;
    }
    let (email, roots) = (anna.email.clone(), [source.root, target.root]);
    let ids = (source.id.0, target.id.0);
    app.db().close().await;

    let mut server = Server::start(&url, folder).await;
    let credentials = json!({ "email": email, "password": PASSWORD });
    let (status, cookie, body) =
        server.ask(None, "POST", "/api/v1/session", Some(&credentials)).await.expect("an answer");
    assert_eq!(status, 200, "{body}");
    let cookie = cookie.expect("a cookie");
    // The duration of a whole transfer: the kill comes somewhere within it, and now and then after it.
    let began = Instant::now();
    let body = json!({ "items": [moving], "destination": roots[1] });
    let (status, _, text) =
        server.ask(Some(&cookie), "POST", "/api/v1/transfers", Some(&body)).await.expect("an answer");
    assert_eq!(status, 201, "{text}");
    let whole = began.elapsed();
    server.kill();
    let mut before = examined(&url, ids.0, ids.1).await;
    let all = i64::try_from(ITEMS).expect("a number");
    assert_eq!((before.in_source, before.in_target), (0, all));

    let (mut done, mut undone) = (0, 0);
    for round in 0..ROUNDS {
        server = Server::start(&url, folder).await;
        let home = before.in_source == 0;
        let destination = roots[usize::from(!home)];
        let address = server.address;
        // Every other time as a background task, which continues after the next start.
        let asks = {
            let cookie = cookie.clone();
            let body = json!({ "items": [moving], "destination": destination });
            tokio::spawn(async move { ask(address, Some(&cookie), "POST", "/api/v1/transfers", Some(&body)).await })
        };
        let founds = {
            let cookie = cookie.clone();
            tokio::spawn(async move {
                for n in 0..50 {
                    let body = json!({ "name": format!("Founded {round} {n}"), "kind": "individual", "country": "CH" });
                    if ask(address, Some(&cookie), "POST", "/api/v1/orgs", Some(&body)).await.is_none() {
                        break;
                    }
                }
            })
        };
        let asked_for_copies = {
            let cookie = cookie.clone();
            let (path, body) = (format!("/api/v1/resources/{copied}/copy"), json!({ "destination": roots[0] }));
            tokio::spawn(
                async move { while ask(address, Some(&cookie), "POST", &path, Some(&body)).await.is_some() {} },
            )
        };
        let until = whole.mul_f64(rand::random_range(0.05..1.4));
        tokio::time::sleep(until).await;
        server.kill();
        let answer = asks.await.expect("it asked");
        founds.await.expect("it founded");
        asked_for_copies.await.expect("it copied");
        let after = examined(&url, ids.0, ids.1).await;
        // Copies have other names; what was transferred is on one side, together with its images.
        let moved = State {
            in_source: before.in_target,
            in_target: before.in_source,
            receipts: before.receipts + 1,
            images_left: after.images_left,
        };
        if after.receipts == before.receipts {
            undone += 1;
            assert_eq!(after, before, "round {round}: as before, after {until:?}");
            assert!(answer.is_none_or(|(status, _, _)| status != 201), "what was said to be done is done");
        } else {
            done += 1;
            assert_eq!(after, moved, "round {round}: all of it, after {until:?}");
            let (was, is) = (before.images_left, after.images_left);
            assert_eq!(was.0 + was.1, is.0 + is.1, "what one side gave the other got");
            assert_ne!(was, is);
        }
        before = after;
    }
    eprintln!("killed {ROUNDS} times, a whole transfer takes {whole:?}: {undone} times as before, {done} times after");

    // A task that was started is not lost: it continues after the next start.
    server = Server::start(&url, folder).await;
    let destination = roots[usize::from(before.in_source != 0)];
    let body = json!({ "items": [moving], "destination": destination, "background": true });
    let (status, _, task) =
        server.ask(Some(&cookie), "POST", "/api/v1/transfers", Some(&body)).await.expect("an answer");
    assert_eq!(status, 202, "{task}");
    let task: Value = serde_json::from_str(&task).expect("JSON");
    let path = format!("/api/v1/tasks/{}", task["id"].as_str().expect("an id"));
    tokio::time::sleep(whole.mul_f64(0.3)).await;
    server.kill();
    let after = examined(&url, ids.0, ids.1).await;
    assert!(after.in_source == 0 || after.in_target == 0, "{after:?}");
    if url.starts_with("sqlite") {
        server = Server::start(&url, folder).await;
        let until = Instant::now() + Duration::from_mins(5);
        loop {
            let (status, _, body) = server.ask(Some(&cookie), "GET", &path, None).await.expect("an answer");
            assert_eq!(status, 200, "{body}");
            if body.contains("\"done\"") && body.contains("\"state\":\"done\"") {
                break;
            }
            assert!(Instant::now() < until, "it goes on: {body}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        server.kill();
        examined(&url, ids.0, ids.1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attack_54_killed_at_any_moment_it_is_all_or_nothing_on_sqlite() {
    let app = TestApp::sqlite().await;
    let folder = app.folder().to_owned();
    let url = format!("sqlite://{}", folder.join("it.db").display());
    killed_again_and_again(app.clone(), url, &folder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attack_54_killed_at_any_moment_it_is_all_or_nothing_on_postgres() {
    let Some(app) = TestApp::postgres().await else {
        eprintln!("skipped: COMMONHOLD_TEST_POSTGRES is not set");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = app.database_url().expect("an address");
    killed_again_and_again(app.clone(), url, folder.path()).await;
    app.finish().await;
}

/// A request with the bytes of a body, and the head of the answer in lower case; `None` if the server ended before.
async fn send_bytes(
    address: SocketAddr,
    cookie: &str,
    method: &str,
    url: &str,
    offset: usize,
    body: &[u8],
) -> Option<String> {
    let head = format!(
        "{method} {url} HTTP/1.1\r\nHost: localhost:3000\r\nX-Requested-With: commonhold\r\nConnection: close\r\nCookie: {cookie}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8_lossy(&answer).to_lowercase();
    answer.contains("\r\n\r\n").then_some(answer)
}

/// The bytes of a file by its number.
fn content(number: usize) -> Vec<u8> {
    (0..150_000_usize + number * 1_000).map(|at| u8::try_from((at * (number + 7)) % 251).expect("small")).collect()
}

/// Sends what is missing of every upload, until all is there (`true`) or the server ends.
async fn send_all(address: SocketAddr, cookie: &str, urls: &[String]) -> bool {
    for (number, url) in urls.iter().enumerate() {
        let bytes = content(number);
        loop {
            let Some(asked) = send_bytes(address, cookie, "HEAD", url, 0, &[]).await else { return false };
            let offset = asked.lines().find_map(|line| line.strip_prefix("upload-offset: "));
            let offset: usize = offset.unwrap_or_else(|| panic!("{asked}")).trim().parse().expect("a number");
            if offset == bytes.len() {
                break;
            }
            let end = bytes.len().min(offset + 60_000);
            match send_bytes(address, cookie, "PATCH", url, offset, &bytes[offset..end]).await {
                Some(answer) => assert!(answer.starts_with("http/1.1 204"), "{answer}"),
                None => return false,
            }
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attack_54_file_3_an_upload_goes_on_after_the_program_was_killed_in_the_middle_and_its_sums_are_right() {
    const FILES: usize = 40;
    let app = TestApp::sqlite().await;
    let folder = app.folder().to_owned();
    let url = format!("sqlite://{}", folder.join("it.db").display());
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let dataset = anna.dataset(org.root, "Flight", 0).await;
    app.db().close().await;
    let mut server = Server::start(&url, &folder).await;
    let credentials = json!({ "email": anna.email, "password": PASSWORD });
    let (_, cookie, body) = server.ask(None, "POST", "/api/v1/session", Some(&credentials)).await.expect("an answer");
    let cookie = cookie.unwrap_or_else(|| panic!("{body}"));
    let names: Vec<Value> =
        (0..FILES).map(|n| json!({ "path": format!("{n}.bin"), "bytes": content(n).len() })).collect();
    let path = format!("/api/v1/datasets/{dataset}/uploads");
    let plan = json!({ "files": names });
    let (status, _, planned) = server.ask(Some(&cookie), "POST", &path, Some(&plan)).await.expect("an answer");
    assert_eq!(status, 200, "{planned}");
    let planned: Value = serde_json::from_str(&planned).expect("JSON");
    let items = planned["items"].as_array().expect("items");
    let urls: Vec<String> =
        items.iter().map(|item| item["upload"]["url"].as_str().expect("an address").to_owned()).collect();
    let mut kills = 0;
    loop {
        let sending = {
            let (address, cookie, urls) = (server.address, cookie.clone(), urls.clone());
            tokio::spawn(async move { send_all(address, &cookie, &urls).await })
        };
        tokio::time::sleep(Duration::from_millis(rand::random_range(60..400))).await;
        if kills >= ROUNDS {
            assert!(sending.await.expect("it sends"), "the server runs");
            break;
        }
        server.kill();
        kills += 1;
        let complete = sending.await.expect("it sends");
        server = Server::start(&url, &folder).await;
        if complete {
            break;
        }
    }
    assert!(kills > 0);
    let path = format!("/api/v1/datasets/{dataset}/files?limit=200");
    let (_, _, listed) = server.ask(Some(&cookie), "GET", &path, None).await.expect("an answer");
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let listed = listed["items"].as_array().expect("items");
    assert_eq!(listed.len(), FILES);
    for (number, file) in listed.iter().enumerate() {
        assert_eq!(file["path"], format!("{number}.bin"));
        assert_eq!(file["sha256"], digest(&content(number)), "{number}");
    }
    server.kill();
    let program = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_commonhold"));
        command.arg("--database").arg(&url).args(words).current_dir(&folder);
        command.output().expect("the program runs")
    };
    let says = program(&["doctor", "--files"]);
    assert!(says.status.success(), "{}", String::from_utf8_lossy(&says.stdout));
    eprintln!("killed {kills} times");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn file_7_a_folder_is_sent_from_the_command_line_and_a_command_that_was_killed_goes_on() {
    let app = TestApp::sqlite().await;
    let folder = app.folder().to_owned();
    let url = format!("sqlite://{}", folder.join("it.db").display());
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let dataset = anna.dataset(org.root, "Flight", 0).await;
    let body = json!({ "name": "Capture", "scopes": ["write"] });
    let key = anna.post(&format!("/api/v1/orgs/{}/keys", org.org_id), &body).await.expect(201).json();
    let text = |field: &str| key[field].as_str().expect("a text").to_owned();
    let (client, secret) = (text("client_id"), text("client_secret"));
    app.db().close().await;
    let card = folder.join("card");
    std::fs::create_dir_all(card.join("100MEDIA/é")).expect("a folder");
    std::fs::write(card.join(".hidden"), "x").expect("written");
    std::fs::write(card.join("empty.txt"), "").expect("written");
    for number in 0..24 {
        let name = if number % 2 == 0 {
            format!("100MEDIA/DJI_{number}.JPG")
        } else {
            format!("100MEDIA/é/DJI_{number}.JPG")
        };
        let bytes: Vec<u8> = content(number).into_iter().cycle().take(1_500_000 + number).collect();
        std::fs::write(card.join(name), bytes).expect("written");
    }
    let server = Server::start(&url, &folder).await;
    let command = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_commonhold"));
        command.arg("upload").arg(&card).args(["--dataset", &dataset.to_string()]);
        command.args(["--server", &format!("http://{}", server.address), "--client-id", &client]).args(more);
        command.env("COMMONHOLD_CLIENT_SECRET", &secret).stdin(Stdio::null());
        command
    };
    let mut cut = command(&[]).stdout(Stdio::null()).spawn().expect("the program starts");
    tokio::time::sleep(Duration::from_millis(700)).await;
    cut.kill().expect("it is killed");
    cut.wait().expect("it has ended");
    let ran = |mut command: Command| {
        tokio::task::spawn_blocking(move || {
            let ran = command.output().expect("the program runs");
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            (ran.status.code(), text(ran.stdout), text(ran.stderr))
        })
    };
    let (code, says, complains) = ran(command(&[])).await.expect("it ends");
    assert_eq!(code, Some(0), "{says}{complains}");
    assert!(says.contains("25 files with 36.0 MB") && says.contains(" 0 not sent."), "{says}");
    let (_, says, _) = ran(command(&[])).await.expect("it ends");
    assert!(says.ends_with("0 sent (0 B), 25 already there, 0 not sent.\n"), "{says}");
    // What was changed meanwhile is another file of the same path.
    std::fs::write(card.join("empty.txt"), "no more").expect("written");
    let (code, says, _) = ran(command(&[])).await.expect("it ends");
    assert_eq!(code, Some(1), "{says}");
    assert!(says.contains("not sent: card/empty.txt: Another file has this name."), "{says}");
    let (code, says, _) = ran(command(&["--on-conflict", "keep-both"])).await.expect("it ends");
    assert_eq!((code, says.contains("1 sent (7 B)")), (Some(0), true), "{says}");
    // Without a dataset a new one is made, in the Drive of the key's account.
    let dam = folder.join("Dam");
    std::fs::create_dir(&dam).expect("a folder");
    std::fs::write(dam.join("a(1).txt"), "one").expect("written");
    let mut fresh = Command::new(env!("CARGO_BIN_EXE_commonhold"));
    fresh.arg("upload").arg(&dam).args(["--server", &format!("http://{}", server.address), "--client-id", &client]);
    fresh.env("COMMONHOLD_CLIENT_SECRET", &secret).stdin(Stdio::null());
    let (code, says, complains) = ran(fresh).await.expect("it ends");
    assert_eq!(code, Some(0), "{says}{complains}");
    assert!(says.contains("Made the dataset “") && says.contains(" Dam”") && says.contains("1 sent (3 B)"), "{says}");
    let (code, _, complains) = ran(command(&["--side", "left"])).await.expect("it ends");
    assert_ne!(code, Some(0));
    assert!(!complains.is_empty());
    server.kill();
    let db = Db::open(&url, Synchronous::Normal, false).await.expect("the database opens");
    let mut tx = db.read().await.expect("the database answers");
    let rows: Vec<(String, String)> = tx
        .sql("SELECT f.path, b.sha256 FROM dataset_file f JOIN blob b ON b.id = f.blob_id ORDER BY f.path")
        .all()
        .await
        .expect("rows");
    assert_eq!(rows.len(), 27);
    for (path, sha256) in rows.iter().filter(|(path, _)| !path.contains('(') && path != "card/empty.txt") {
        assert_eq!(*sha256, digest(&std::fs::read(folder.join(path)).expect("a file")), "{path}");
    }
}
