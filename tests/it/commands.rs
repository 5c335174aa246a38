//! What the program does at the command line, besides serving.

use std::{
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::support::{TestApp, closed_port};

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
    // It is not made over another one, and nothing is left of that try.
    let again = run(&["--database", &url, "backup", &copy]);
    assert!(!again.status.success() && said(&again).contains("is there already"), "{}", said(&again));
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
