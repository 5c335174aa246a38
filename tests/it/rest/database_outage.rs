//! The database is unreachable, full or read-only (attack 56): API, pages, forms and server functions answer 503 with a message
//! and `Retry-After`, nobody is told to sign in, and the server recovers by itself.

use std::{
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use commonhold::{
    domain::refusal::Refusal,
    rpc::{Failure, PostcardEncoding},
    server::{
        error::Error,
        store::fault::{Fault, striking},
        usecase::{operator::Operator, operator_key::create_key},
    },
};
use leptos::server_fn::ContentType;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    both,
    support::{Answer, PASSWORD, Person, TcpProxy, TestApp, closed_port, on_postgres},
};

/// Far longer than a refused connection takes, and far shorter than the timeout of the pool.
const FAST: Duration = Duration::from_secs(8);

/// Asserts that API, pages, forms and server functions say so.
fn says_later(what: &str, answer: &Answer) {
    assert_eq!(answer.status, 503, "{what}: {} {}", answer.status, answer.body);
    let soon = answer.header("retry-after").parse::<u64>();
    assert!(soon.is_ok_and(|seconds| (1..=60).contains(&seconds)), "{what}: when to come back");
    // A script gets the refusal, whose message the domain has.
    let has_words = answer.body.to_lowercase().contains("try again")
        || answer.decoded() == Ok(Failure::Refused(Refusal::Unavailable));
    assert!(has_words, "{what}: words: {:?}", answer.body);
    assert!(answer.header("set-cookie").is_empty(), "{what}: the cookie stays what it was");
}

/// A server function, as WebAssembly calls it.
async fn function(by: &Person, name: &str, fields: &[(&str, &str)]) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(name)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, PostcardEncoding::CONTENT_TYPE)
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
async fn attack_56_an_unreachable_postgres_answers_503_everywhere_at_once() {
    on_postgres(async |app| {
        let (proxy, url) = TcpProxy::to(&app.database_url().expect("this is PostgreSQL")).await;
        let node = app.node(&url).await;
        let anna = node.person("Anna").await;
        let org = anna.create_org("Alpine Survey").await;
        app.images_licence(&org, 100, 5).await;
        let folder = anna.folder(org.root, "Gotthard").await;
        let link = anna.post(&format!("/api/v1/resources/{folder}/links"), &json!({})).await.expect(201).json();
        let link =
            link["url"].as_str().and_then(|url| url.strip_prefix("http://localhost:3000")).expect("a link").to_owned();
        let body = json!({ "name": "Farm", "scopes": ["read"] });
        let key = anna.post(&format!("/api/v1/orgs/{}/keys", org.org_id), &body).await.expect(201).json();
        let (id, secret) =
            (key["client_id"].as_str().expect("an id"), key["client_secret"].as_str().expect("a secret"));
        let operator = create_key(node.ctx(), &Operator::command_line(), "tests").await.expect("a key").1;
        anna.get("/readyz").await.expect(200);
        let cookie = anna.cookie();

        proxy.cut().await;
        let nobody = node.nobody();
        let (drive, root) = (format!("/o/{}/drive", org.org_id), org.root.to_string());
        let fields = [("parent", root.as_str()), ("kind", "folder"), ("name", "Furka"), ("back", drive.as_str())];
        let wrong = [("email", anna.email.as_str()), ("password", PASSWORD)];
        let session = json!({ "email": anna.email, "password": PASSWORD });
        let operator = format!("Bearer {operator}");
        let bearer = [("authorization", operator.as_str())];
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
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let form = serde_urlencoded::to_string(form).expect("a form");
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

        proxy.restore().await;
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

both!(attack_56_a_database_that_cannot_be_written_answers_503_everywhere, async |app| {
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

/// The built program, killed on drop.
struct Server(Child, std::net::SocketAddr);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Server {
    /// Starts a command that execs the program, over the file of a closed application.
    async fn start(app: &TestApp, mut command: Command) -> Self {
        let (address, file) = (closed_port().await, app.folder().join("it.db"));
        let child = command
            .args(["serve", "--rate-limits", "off", "--log", "error", "--public-url", "http://localhost:3000"])
            .args(["--listen", &address.to_string(), "--database", &format!("sqlite://{}", file.display())])
            .current_dir(app.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = Self(child.expect("the program starts"), address);
        let until = Instant::now() + Duration::from_mins(2);
        while server.try_ask("GET", "/healthz", "", "").await.is_none_or(|(status, _)| status != 200) {
            assert!(Instant::now() < until, "it starts");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    async fn try_ask(&self, method: &str, path: &str, cookie: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.1).await.ok()?;
        // Bytes of a file are the only bodies that are sent with PATCH here.
        let media = if method == "PATCH" { "application/offset+octet-stream" } else { "application/json" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\nX-Requested-With: commonhold\r\n{cookie}\
             Content-Type: {media}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        Some((answer.split(' ').nth(1)?.parse().ok()?, answer))
    }

    /// The status and the whole text of an answer.
    async fn ask(&self, method: &str, path: &str, cookie: &str, body: &str) -> (u16, String) {
        self.try_ask(method, path, cookie, body).await.expect("an answer")
    }
}

/// The body of a sign-in, and the cookie of its response.
fn session_of(anna: &Person) -> String {
    json!({ "email": anna.email, "password": PASSWORD }).to_string()
}

fn cookie_in(answer: &str) -> String {
    let set = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    format!("Cookie: {}\r\n", set.split(';').next().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attack_56_a_full_disk_is_not_ready_and_recovers_by_itself() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.db().close().await;
    // `ulimit` keeps every file below a few megabytes, like a full disk for this program alone.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -S -f 3000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_commonhold")]);
    let server = Server::start(&app, command).await;
    let (status, text) = server.ask("POST", "/api/v1/session", "", &session_of(&anna)).await;
    assert_eq!(status, 200, "{text}");
    let cookie = cookie_in(&text);
    assert_eq!(server.ask("GET", "/readyz", "", "").await.0, 200);
    let folder =
        |number: usize| json!({ "parent": org.root, "kind": "folder", "name": format!("Folder {number}") }).to_string();
    let mut number = 0;
    let full = loop {
        let answer = server.ask("POST", "/api/v1/resources", &cookie, &folder(number)).await;
        if answer.0 != 201 {
            break answer;
        }
        number += 1;
        assert!(number < 3_000, "it is full at some time");
    };
    assert!(full.0 == 503 && full.1.contains("retry-after") && full.1.contains("try again"), "{}", full.1);
    let until = Instant::now() + Duration::from_mins(1);
    while server.ask("GET", "/readyz", "", "").await.0 != 503 {
        assert!(Instant::now() < until, "what was written a second ago is not believed for long");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.ask("POST", "/api/v1/session", "", &session_of(&anna)).await.0, 503);
    let path = format!("/api/v1/resources/{}/children", org.root);
    assert_eq!(server.ask("GET", &path, &cookie, "").await.0, 200, "who reads is answered");
    // There is room again.
    let more = Command::new("prlimit").args(["--pid", &server.0.id().to_string(), "--fsize=unlimited"]).status();
    assert!(more.is_ok_and(|status| status.success()), "prlimit of util-linux is there");
    let (status, text) = server.ask("POST", "/api/v1/resources", &cookie, &folder(number)).await;
    assert_eq!(status, 201, "{text}");
    assert_eq!(server.ask("GET", "/readyz", "", "").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attack_56_an_upload_that_storage_has_no_room_for_goes_on_once_there_is() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let dataset = anna.dataset(org.root, "Flight", 0).await;
    // The pages of the database that uploads need are there already, so that storage is what fails.
    for number in 0..20 {
        anna.upload(dataset, &format!("{number}.txt"), b"small").await;
    }
    app.db().close().await;
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_commonhold")]);
    let server = Server::start(&app, command).await;
    let cookie = cookie_in(&server.ask("POST", "/api/v1/session", "", &session_of(&anna)).await.1);
    let bytes = "x".repeat(20_000_000);
    let plan = json!({ "files": [{ "path": "large.bin", "bytes": bytes.len() }] }).to_string();
    let (status, text) = server.ask("POST", &format!("/api/v1/datasets/{dataset}/uploads"), &cookie, &plan).await;
    assert_eq!(status, 200, "{text}");
    let planned: serde_json::Value =
        serde_json::from_str(text.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    let url = planned["items"][0]["upload"]["url"].as_str().expect("where to send it").to_owned();
    let limit = |bytes: &str| {
        let changed =
            Command::new("prlimit").args(["--pid", &server.0.id().to_string(), &format!("--fsize={bytes}")]).status();
        assert!(changed.is_ok_and(|status| status.success()), "prlimit of util-linux is there");
    };
    let from = |offset: usize| format!("{cookie}Tus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n");
    limit("15000000:unlimited");
    let (status, text) = server.ask("PATCH", &url, &from(0), &bytes).await;
    assert!(status == 503 && text.contains("retry-after"), "{text}");
    let (status, text) = server.ask("HEAD", &url, &from(0), "").await;
    assert_eq!(status, 200, "{text}");
    let offset = text.lines().find_map(|line| line.strip_prefix("upload-offset: ")).expect("an offset");
    let offset: usize = offset.trim().parse().expect("a number");
    assert!(offset < bytes.len());
    limit("unlimited");
    let (status, text) = server.ask("PATCH", &url, &from(offset), &bytes[offset..]).await;
    assert_eq!(status, 204, "{text}");
    let (status, text) = server.ask("GET", &format!("/api/v1/datasets/{dataset}/files/21/content"), &cookie, "").await;
    assert_eq!(status, 200);
    assert!(text.ends_with(&format!("\r\n\r\n{bytes}")), "the file is whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attack_56_a_file_that_was_read_only_at_the_start_is_written_as_soon_as_it_can_be() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    app.db().close().await;
    let data = app.folder().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let program = app.folder().join("commonhold");
    std::fs::copy(env!("CARGO_BIN_EXE_commonhold"), &program).expect("a copy of the program");
    let files = || {
        let entries = std::fs::read_dir(app.folder()).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.to_string_lossy().contains("it.db")).collect::<Vec<_>>()
    };
    let mode = |path: &std::path::Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions");
    };
    let mut command = Command::new(&program);
    // Root ignores file modes, so another user starts the program, who may not read where it was built.
    if std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0) {
        for path in files().into_iter().chain([app.folder().to_owned(), data, program.clone()]) {
            std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).expect("another owner");
        }
        command.uid(65_534).gid(65_534);
    }
    mode(app.folder(), 0o755);
    mode(&program, 0o755);
    for file in files() {
        mode(&file, 0o444);
    }
    let server = Server::start(&app, command).await;
    assert_eq!(server.ask("GET", "/readyz", "", "").await.0, 503);
    let (status, text) = server.ask("POST", "/api/v1/session", "", &session_of(&anna)).await;
    assert!(status == 503 && text.contains("retry-after"), "{text}");
    for file in files() {
        mode(&file, 0o644);
    }
    let (status, text) = server.ask("POST", "/api/v1/session", "", &session_of(&anna)).await;
    assert_eq!(status, 200, "{text}");
    assert_eq!(server.ask("GET", "/readyz", "", "").await.0, 200);
}

both!(attack_56_a_long_write_does_not_end_readiness, async |app| {
    // A long write is no reason to be taken out of service.
    let (begun, end) =
        (std::sync::Arc::new(tokio::sync::Notify::new()), std::sync::Arc::new(tokio::sync::Notify::new()));
    let (ctx, told, until) = (app.ctx().clone(), begun.clone(), end.clone());
    let long = tokio::spawn(async move {
        let work = ctx.db().write(move |tx, _| {
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
