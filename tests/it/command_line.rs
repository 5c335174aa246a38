//! The program's commands, besides `serve`: what they print, refuse and change.

use std::{
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::support::{TestApp, at_once, closed_port};

/// The program with these arguments, over a test's database.
fn program(app: &TestApp, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commonhold"));
    command.arg("--database").arg(format!("sqlite://{}", app.folder().join("it.db").display())).args(words);
    command.current_dir(app.folder()).stdin(Stdio::null());
    command
}

/// Runs it with a standard output that is closed already.
async fn unread(app: &TestApp, words: &[&str]) -> Output {
    let mut command = program(app, words);
    let work = move || {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        command.stdout(writer).stderr(Stdio::piped());
        command.spawn().expect("the program starts").wait_with_output().expect("it ends")
    };
    tokio::task::spawn_blocking(work).await.expect("well")
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_end_quietly_when_their_output_is_closed() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 10, 1).await.to_string();
    anna.invite(&org, "john@example.com", "reader").await;
    let commands: [&[&str]; 12] = [
        &["migrate"],
        &["licence", "grant", "--org", "alpine-survey", "--product", "desktop", "--seats", "1"],
        &["licence", "extend", &licence, "--until", "2030-12-31"],
        &["licence", "list"],
        &["plan", "set", "--org", "alpine-survey", "premier"],
        &["request", "list"],
        &["ticket", "list"],
        &["operator-key", "list"],
        &["mail", "list"],
        &["doctor"],
        &["generate", "--resources", "1"],
        &["--help"],
    ];
    for words in commands {
        let ended = unread(&app, words).await;
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.is_empty(), "{words:?}: {:?} {said}", ended.status);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_key_that_could_not_be_printed_is_revoked() {
    let app = TestApp::sqlite().await;
    let ended = unread(&app, &["operator-key", "create", "billing system"]).await;
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("revoked"), "{:?} {said}", ended.status);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM operator_key").await, 1);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM operator_key WHERE revoked_at IS NULL").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_addresses_are_refused_with_a_valid_example() {
    let app = TestApp::sqlite().await;
    let wrong: [(&[&str], &str); 6] = [
        (&["serve", "--listen", ":3000"], "localhost:3000"),
        (&["serve", "--listen", "hold.example.com:3000"], "0.0.0.0:3000"),
        (&["serve", "--public-url", "http://:3000"], "http://HOST"),
        (&["serve", "--public-url", "http://localhost:99999"], "1 to 65535"),
        (&["serve", "--trusted-proxy", "10.0.0.0/99"], "10.0.0.0/8"),
        (&["serve", "--sign-up", "domains"], "--sign-up-domains"),
    ];
    let tried = wrong.map(|(words, right)| {
        let mut command = program(&app, words);
        async move {
            let ended = tokio::task::spawn_blocking(move || command.output().expect("it ends")).await.expect("well");
            (ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned(), right)
        }
    });
    for (started, said, right) in at_once(tried.into_iter().collect()).await {
        assert!(!started && said.contains(right), "{said}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn org_1_the_operator_creates_an_organization_for_somebody() {
    let app = TestApp::sqlite().await;
    let words = ["organization", "create", "--name", "Alpine Survey", "--country", "CH", "--owner", "anna@example.com"];
    let mut nameless = program(&app, &words);
    let ended = tokio::task::spawn_blocking(move || nameless.output().expect("it ends")).await.expect("well");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && said.contains("--first-name"), "{said}");
    let mut command = program(&app, &[words.as_slice(), &["--first-name", "Anna", "--last-name", "Muster"]].concat());
    let ended = tokio::task::spawn_blocking(move || command.output().expect("it ends")).await.expect("well");
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "alpine-survey\n", "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(!app.token_in_mail("anna@example.com", "/reset?token=").await.is_empty());
    // Somebody who has an account gets another organization.
    let mut command = program(&app, &words);
    let ended = tokio::task::spawn_blocking(move || command.output().expect("it ends")).await.expect("well");
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "alpine-survey-2\n");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM person").await, 1);
    app.healthy().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_1_the_operator_lists_shows_answers_and_closes_tickets() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let asked = serde_json::json!({
        "subject": "The map stays grey", "message": "Since today.\nOn every dataset.", "org": org.org_id, "page": "/o/alpine-survey/drive",
    });
    anna.post("/api/v1/support/tickets", &asked).await.expect(201);
    let run = async |words: &[&str]| {
        let mut command = program(&app, words);
        let ended = tokio::task::spawn_blocking(move || command.output().expect("it ends")).await.expect("well");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (ended.status.success(), text(&ended.stdout), text(&ended.stderr))
    };
    let (_, listed, _) = run(&["ticket", "list", "--state", "open"]).await;
    assert!(listed.starts_with("1  ") && listed.contains("open") && listed.contains("The map stays grey"), "{listed}");
    assert!(listed.contains(&format!("Anna Muster <{}>", anna.email)) && listed.lines().count() == 1, "{listed}");
    let (_, shown, _) = run(&["ticket", "show", "1"]).await;
    for part in ["Organization: Alpine Survey (alpine-survey)", "Page: /o/alpine-survey/drive", "  On every dataset."] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let (done, _, said) = run(&["ticket", "answer", "1", "--text", " "]).await;
    assert!(!done && said.contains("--text: Enter a text."), "{said}");
    let url = "https://hold.example.com";
    let (done, says, said) = run(&["ticket", "answer", "1", "--text", "Fixed.", "--public-url", url]).await;
    assert!(done && says.contains("Anna Muster gets a mail"), "{says} {said}");
    let mails = app.mail_to(&anna.email).await;
    assert!(mails[0].1.contains("https://hold.example.com/support/1"), "{}", mails[0].1);
    assert!(run(&["ticket", "list", "--state", "open"]).await.1.is_empty());
    assert!(run(&["ticket", "show", "1"]).await.1.contains("Operator\n  Fixed."));
    assert!(run(&["ticket", "close", "1"]).await.0);
    assert!(run(&["ticket", "list"]).await.1.contains("closed"));
    for missing in [["ticket", "show", "2"], ["ticket", "close", "2"], ["ticket", "show", "one"]] {
        let (done, _, said) = run(&missing).await;
        assert!(!done && said.contains("does not exist"), "{missing:?}: {said}");
    }
    app.healthy().await;
    app.finish().await;
}

/// Runs the program without a database of its own.
fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let done = Command::new(env!("CARGO_BIN_EXE_commonhold"))
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .env_remove("COMMONHOLD_DATABASE")
        .env_remove("DATABASE_URL")
        .output();
    done.expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_postgres_that_is_not_there_is_told_at_once_by_every_command() {
    let nowhere = format!("postgres://nobody:nothing@{}/nowhere", closed_port().await);
    let id = "0198c0de-0000-7000-8000-000000000000";
    for command in [
        vec!["serve", "--listen", "127.0.0.1:0"],
        vec!["migrate"],
        vec!["demo"],
        vec!["licence", "list"],
        vec!["licence", "grant", "--org", "a", "--product", "desktop"],
        vec!["plan", "set", "--org", "a", "premier"],
        vec!["request", "list"],
        vec!["operator-key", "list"],
        vec!["dataset", "set-status", id, "queued"],
        vec!["mail", "list"],
        vec!["doctor"],
        vec!["generate"],
    ] {
        let began = Instant::now();
        let output = run(&[vec!["--database", nowhere.as_str()], command.clone()].concat());
        let took = began.elapsed();
        assert!(!output.status.success(), "{command:?}");
        assert!(said(&output).contains("refused"), "{command:?}: {}", said(&output));
        assert!(took < Duration::from_secs(10), "{command:?} waits {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_is_made_while_others_write_and_is_whole() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    anna.folder(org.root, "Before").await;
    let writing = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let writer = tokio::spawn({
        let (anna, root, writing) = (anna.clone(), org.root, writing.clone());
        async move {
            let mut number = 0;
            while writing.load(std::sync::atomic::Ordering::SeqCst) {
                anna.folder(root, &format!("Folder {number}")).await;
                number += 1;
            }
            number
        }
    });
    let url = format!("sqlite://{}", app.folder().join("it.db").display());
    let copies = tempfile::tempdir().expect("a folder");
    let copy = copies.path().join("copy.db");
    let copy = copy.to_str().expect("a name").to_owned();
    let (url_in, copy_in) = (url.clone(), copy.clone());
    let made = tokio::task::spawn_blocking(move || run(&["--database", &url_in, "backup", &copy_in]));
    let made = made.await.expect("it runs");
    writing.store(false, std::sync::atomic::Ordering::SeqCst);
    writer.await.expect("everybody writes on");
    assert!(made.status.success() && made.stdout.is_empty() && made.stderr.is_empty(), "{}", said(&made));
    let rights = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&copy).expect("a file").permissions());
    assert_eq!(rights & 0o077, 0, "it is its maker's alone");
    // An existing file is not overwritten, and the attempt leaves nothing behind.
    let again = run(&["--database", &url, "backup", &copy]);
    assert!(!again.status.success() && said(&again).contains("already exists"), "{}", said(&again));
    assert_eq!(std::fs::read_dir(copies.path()).expect("a folder").count(), 1);
    let doctor = run(&["--database", &format!("sqlite://{copy}"), "doctor"]);
    assert!(doctor.status.success(), "{} {}", String::from_utf8_lossy(&doctor.stdout), said(&doctor));
    let node = app.node(&format!("sqlite://{copy}")).await;
    let before = node.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE name = 'Before'").await;
    assert_eq!(before, 1);
    node.ctx().db().close().await;
}

#[test]
fn a_backup_that_cannot_be_made_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().join("copy.db").display().to_string();
    let postgres = run(&["--database", "postgres://a@b/c", "backup", &name]);
    assert!(!postgres.status.success() && said(&postgres).contains("pg_dump"), "{}", said(&postgres));
    let missing = run(&["--database", &format!("sqlite://{name}.missing"), "backup", &name]);
    assert!(!missing.status.success() && said(&missing).contains("cannot be opened"), "{}", said(&missing));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is made");
}
