//! The database is away, full or read-only (attack 56): every door says so with 503, words, and when to come back; nobody is told to
//! sign in; and all is well again by itself.

use std::{
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use commonhold::server::{
    error::Error,
    store::fault::{Fault, striking},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    both,
    support::{Answer, PASSWORD, Person, TestApp, Wire, closed_port, on_postgres, on_sqlite},
};

/// Far longer than it takes to hear that nobody is there, and far shorter than a pool waits.
const FAST: Duration = Duration::from_secs(8);

/// What every door says.
fn says_later(what: &str, answer: &Answer) {
    assert_eq!(answer.status, 503, "{what}: {} {}", answer.status, answer.body);
    let soon = answer.header("retry-after").parse::<u64>();
    assert!(soon.is_ok_and(|seconds| (1..=60).contains(&seconds)), "{what}: when to come back");
    assert!(answer.body.to_lowercase().contains("try again"), "{what}: words: {:?}", answer.body);
    assert!(answer.header("set-cookie").is_empty(), "{what}: the cookie stays what it was");
}

/// A server function, as the browser's half calls it.
async fn function(by: &Person, name: &str, fields: &[(&str, &str)]) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(name)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .header(header::ORIGIN, "http://localhost:3000")
        .header(header::HOST, "localhost:3000")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(serde_urlencoded::to_string(fields).expect("fields")));
    by.send(request.expect("a request")).await
}

const SIGN_IN: &str = "/fn/commonhold/rpc/session/sign_in";
const SIGN_OUT: &str = "/fn/commonhold/rpc/session/sign_out";
const CREATE: &str = "/fn/commonhold/rpc/drive/create_resource";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attack_56_postgres_away_is_said_at_once_and_at_every_door() {
    on_postgres(async |app| {
        let (wire, url) = Wire::to(&app.database_url().expect("this is PostgreSQL")).await;
        let node = app.node(&url).await;
        let anna = node.person("Anna").await;
        let org = anna.create_org("Alpine Survey").await;
        let folder = anna.folder(org.root, "Gotthard").await;
        let link = anna.post(&format!("/api/v1/resources/{folder}/links"), &json!({})).await.expect(201).json();
        let link =
            link["url"].as_str().and_then(|url| url.strip_prefix("http://localhost:3000")).expect("a link").to_owned();
        anna.get("/readyz").await.expect(200);
        let cookie = anna.cookie();

        wire.cut().await;
        let nobody = node.nobody();
        let (drive, root) = (format!("/o/{}/drive", org.org_id), org.root.to_string());
        let fields = [("parent", root.as_str()), ("kind", "folder"), ("name", "Furka"), ("back", drive.as_str())];
        let wrong = [("email", anna.email.as_str()), ("password", PASSWORD)];
        let session = json!({ "email": anna.email, "password": PASSWORD });
        let bearer = [("authorization", "Bearer cho_00000000000070008000000000000000_x")];
        let token = [("authorization", "Bearer nonsense")];
        let key = [("idempotency-key", "one")];
        let third = json!({ "name": "Third", "kind": "individual", "country": "CH" });
        macro_rules! door {
            ($what:literal, $ask:expr) => {
                let began = Instant::now();
                says_later($what, &$ask.await);
                assert!(began.elapsed() < FAST, "{} takes {:?}", $what, began.elapsed());
            };
        }
        door!("a call", anna.get("/api/v1/me"));
        door!("a change", anna.post("/api/v1/orgs", &third));
        door!("a change with a key", anna.call(Method::POST, "/api/v1/orgs", Some(&third), &key));
        door!("signing in", nobody.post("/api/v1/session", &session));
        door!("signing out", anna.delete("/api/v1/session"));
        door!("a page", anna.page(&drive));
        door!("the first page", anna.page("/"));
        door!("a function", function(&anna, CREATE, &fields));
        door!("a function of nobody", function(&nobody, SIGN_IN, &wrong));
        door!("a form", anna.form(CREATE, &drive, &fields));
        door!("signing in by a form", nobody.form(SIGN_IN, "/signin", &wrong));
        door!("signing out by a form", anna.form(SIGN_OUT, &drive, &[]));
        door!("a share link", nobody.page(&link));
        door!("the operator", nobody.call(Method::GET, "/api/v1/operator/licences", None, &bearer));
        door!("a machine", nobody.call(Method::GET, "/api/v1/orgs", None, &token));
        let began = Instant::now();
        let form = "grant_type=client_credentials&client_id=ck_00000000000070008000000000000000&client_secret=x";
        let request = Request::builder()
            .method(Method::POST)
            .uri("/oauth/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form));
        says_later("a token", &nobody.send(request.expect("a request")).await);
        assert_eq!(anna.get("/readyz").await.status, 503);
        assert!(began.elapsed() < FAST);
        assert_eq!(anna.get("/api/v1/me").await.code(), "unavailable");
        anna.get("/healthz").await.expect(200);

        wire.mend().await;
        let until = Instant::now() + Duration::from_secs(30);
        while anna.get("/readyz").await.status != 200 {
            assert!(Instant::now() < until, "it is ready again by itself");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(anna.cookie(), cookie);
        anna.get("/api/v1/me").await.expect(200);
        anna.folder(org.root, "Furka").await;
        node.ctx().db().close().await;
    })
    .await;
}

both!(attack_56_what_cannot_be_written_is_said_at_every_door, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (drive, root) = (format!("/o/{}/drive", org.org_id), org.root.to_string());
    let fields = [("parent", root.as_str()), ("kind", "folder"), ("name", "Furka"), ("back", drive.as_str())];
    let right = [("email", anna.email.as_str()), ("password", PASSWORD)];
    let session = json!({ "email": anna.email, "password": PASSWORD });
    macro_rules! door {
        ($what:literal, $ask:expr) => {
            let (answer, struck) = striking(0, Fault::Gone, $ask).await;
            assert!(struck, "{} writes", $what);
            says_later($what, &answer);
        };
    }
    let nobody = app.nobody();
    door!("signing in", nobody.post("/api/v1/session", &session));
    door!("signing in by a form", nobody.form(SIGN_IN, "/signin", &right));
    door!("signing in with a script", function(&nobody, SIGN_IN, &right));
    assert_eq!(nobody.cookie(), None);
    door!("a folder", anna.create(org.root, "folder", "Furka"));
    door!("a folder by a form", anna.form(CREATE, &drive, &fields));
    door!("a folder with a script", function(&anna, CREATE, &fields));
    door!("signing out", anna.delete("/api/v1/session"));
    door!("signing out by a form", anna.form(SIGN_OUT, &drive, &[]));
    door!("signing out with a script", function(&anna, SIGN_OUT, &[]));
    // The session is what it was, and nothing was made.
    assert_eq!(anna.show(org.root).await.expect(200).json()["children_count"], 0);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attack_56_a_full_disk_is_not_ready_and_recovers_by_itself() {
    on_sqlite(async |app| {
        let anna = app.person("Anna").await;
        let org = anna.create_org("Alpine Survey").await;
        anna.get("/readyz").await.expect(200);
        // The file may not grow by a page any more.
        let limit = async |sql: &'static str| {
            let set = app.db().write(move |tx| Box::pin(async move { Ok::<_, Error>(tx.sql(sql).number().await?) }));
            set.await.expect("a limit")
        };
        limit("PRAGMA max_page_count = 1").await;
        let mut number = 0;
        let full = loop {
            let answer = anna.create(org.root, "folder", &format!("Folder {number}")).await;
            if answer.status != 201 {
                break answer;
            }
            number += 1;
            assert!(number < 1_000, "it is full at some time");
        };
        says_later("a folder", &full);
        let until = Instant::now() + Duration::from_secs(30);
        while anna.get("/readyz").await.status != 503 {
            assert!(Instant::now() < until, "what was written a second ago is not believed for long");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anna.page(&format!("/o/{}/drive", org.org_id)).await.expect(200);
        limit("PRAGMA max_page_count = 1000000").await;
        anna.get("/readyz").await.expect(200);
        anna.folder(org.root, "There is room again").await;
        app.healthy().await;
    })
    .await;
}

/// The built program, started as somebody whom permissions bind; killed when this goes.
struct Server(Child, std::net::SocketAddr);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The status and body of one request.
async fn ask(to: std::net::SocketAddr, request: String) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(to).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some((answer.split(' ').nth(1)?.parse().ok()?, answer))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attack_56_a_file_that_was_read_only_at_the_start_is_written_as_soon_as_it_can_be() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    app.db().close().await;
    let file = app.folder().join("it.db");
    let data = app.folder().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let mode = |path: &std::path::Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions");
    };
    // Root may write everything; somebody else starts the program then.
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    if is_root {
        for path in [app.folder(), &file, &data] {
            std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).expect("another owner");
        }
    }
    mode(app.folder(), 0o755);
    mode(&file, 0o444);
    let address = closed_port().await;
    // Whoever it is may not come to where it was built.
    let program = app.folder().join("commonhold");
    std::fs::copy(env!("CARGO_BIN_EXE_commonhold"), &program).expect("a copy of the program");
    mode(&program, 0o755);
    let mut command = Command::new(&program);
    command
        .args(["serve", "--rate-limits", "off", "--log", "error", "--public-url", "http://localhost:3000"])
        .args(["--listen", &address.to_string(), "--database", &format!("sqlite://{}", file.display())])
        .current_dir(app.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if is_root {
        command.uid(65_534).gid(65_534);
    }
    let server = Server(command.spawn().expect("the program starts"), address);
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let body = json!({ "email": anna.email, "password": PASSWORD }).to_string();
    let sign_in = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let until = Instant::now() + Duration::from_secs(60);
    while ask(server.1, get("/healthz")).await.is_none_or(|(status, _)| status != 200) {
        assert!(Instant::now() < until, "it starts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (status, text) = ask(server.1, get("/readyz")).await.expect("an answer");
    assert_eq!(status, 503, "{text}");
    let (status, text) = ask(server.1, sign_in.clone()).await.expect("an answer");
    assert!(status == 503 && text.to_lowercase().contains("retry-after"), "{text}");
    mode(&file, 0o644);
    let (status, text) = ask(server.1, sign_in).await.expect("an answer");
    assert_eq!(status, 200, "{text}");
    let (status, text) = ask(server.1, get("/readyz")).await.expect("an answer");
    assert_eq!(status, 200, "{text}");
}

both!(attack_56_readiness_is_no_matter_of_who_else_writes, async |app| {
    // Somebody writes for long: that is no reason to be taken out of service.
    let (begun, end) =
        (std::sync::Arc::new(tokio::sync::Notify::new()), std::sync::Arc::new(tokio::sync::Notify::new()));
    let (ctx, told, until) = (app.ctx().clone(), begun.clone(), end.clone());
    let long = tokio::spawn(async move {
        let work = ctx.db().write(move |tx| {
            let (told, until) = (told.clone(), until.clone());
            Box::pin(async move {
                tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM person").number().await?;
                told.notify_one();
                until.notified().await;
                Ok::<_, Error>(())
            })
        });
        work.await
    });
    begun.notified().await;
    app.nobody().get("/readyz").await.expect(200);
    end.notify_one();
    long.await.expect("it ends").expect("well");
    app.nobody().get("/readyz").await.expect(200);
});
