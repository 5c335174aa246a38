//! The program at a command line: what it says where nobody reads on, and what it refuses.

use std::process::{Command, Output, Stdio};

use crate::support::{TestApp, at_once};

/// The program, with these words, over a test's database.
fn program(app: &TestApp, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commonhold"));
    command.arg("--database").arg(format!("sqlite://{}", app.folder().join("it.db").display())).args(words);
    command.current_dir(app.folder()).stdin(Stdio::null());
    command
}

/// What becomes of it where its reader has closed the pipe before it says anything.
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
async fn every_command_that_prints_ends_quietly_where_nobody_reads() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 10, 1).await.to_string();
    anna.invite(&org, "john@example.com", "reader").await;
    let commands: [&[&str]; 11] = [
        &["migrate"],
        &["licence", "grant", "--org", "alpine-survey", "--product", "desktop", "--seats", "1"],
        &["licence", "extend", &licence, "--until", "2030-12-31"],
        &["licence", "list"],
        &["plan", "set", "--org", "alpine-survey", "premier"],
        &["request", "list"],
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
async fn an_operator_key_that_nobody_saw_does_not_work() {
    let app = TestApp::sqlite().await;
    let ended = unread(&app, &["operator-key", "create", "billing system"]).await;
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("revoked"), "{:?} {said}", ended.status);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM operator_key").await, 1);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM operator_key WHERE revoked_at IS NULL").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_cannot_be_are_refused_with_what_is_right() {
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
    // Somebody who has an account just gets another organization.
    let mut command = program(&app, &words);
    let ended = tokio::task::spawn_blocking(move || command.output().expect("it ends")).await.expect("well");
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "alpine-survey-2\n");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM person").await, 1);
    app.healthy().await;
    app.finish().await;
}
