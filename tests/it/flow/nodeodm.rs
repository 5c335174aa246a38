//! `commonhold engine nodeodm` (JOB-6), as a process, between a server and a node that processes nothing but has a node's peculiarities.

use std::{
    fs::File,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use commonhold::{
    domain::{id::ResourceId, job::LEASE_MILLIS},
    server::{context::digest, listen, workers::jobs},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    apps::published,
    jobs::{cancel, show, started},
};
use crate::{
    both,
    support::{FakeNode, Person, Quirks, TestApp},
};

/// What is in the dataset: two cameras began to count at one.
const PHOTOS: [&str; 5] =
    ["100MEDIA/DJI_0001.JPG", "100MEDIA/DJI_0002.JPG", "101MEDIA/DJI_0001.JPG", "é.jpg", "gcp_list.txt"];

/// A server that listens, an organization with an app and credits, a dataset, and a key for engines.
struct Stage {
    anna: Person,
    dataset: ResourceId,
    address: String,
    client: String,
    secret: String,
    folder: tempfile::TempDir,
}

fn photo(name: &str) -> Vec<u8> {
    [&b"\xff\xd8\xffphoto "[..], name.as_bytes()].concat()
}

impl Stage {
    async fn new(app: &TestApp) -> Self {
        let anna = app.person("Anna").await;
        let org = anna.create_org("Alpine Survey").await;
        app.credits_licence(&org, 1_000).await;
        published(&anna, &org, "ortho", "processing", true).await;
        let body = json!({ "name": "Farm", "scopes": ["engine"] });
        let key = anna.post(&format!("/api/v1/orgs/{}/keys", org.org_id), &body).await.expect(201).json();
        let text = |field: &str| key[field].as_str().expect("a text").to_owned();
        let dataset = anna.dataset(org.root, "Flight", 0).await;
        for name in PHOTOS {
            anna.upload(dataset, name, &photo(name)).await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(listen::serve(listener, app.router(), listen::HEADER_TIMEOUT, std::future::pending()));
        Self {
            dataset,
            address,
            client: text("client_id"),
            secret: text("client_secret"),
            folder: tempfile::tempdir().expect("a folder"),
            anna,
        }
    }

    /// Starts the bridge to a node; it asks and says something every second.
    fn bridge(&self, node: &FakeNode, more: &[&str]) -> Bridge {
        let said = self.folder.path().join(format!("said-{}", uuid::Uuid::from_u128(rand::random::<u128>())));
        let work = self.folder.path().join("outer/work");
        std::fs::create_dir_all(&work).expect("a folder");
        let out = File::create(&said).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_commonhold"));
        command.args(["engine", "nodeodm", "--server", &self.address, "--node", &node.url(), "--app", "ortho"]);
        command.args(["--poll", "1", "--heartbeat", "1", "--client-id", &self.client, "--work"]).arg(work).args(more);
        command.env("COMMONHOLD_CLIENT_SECRET", &self.secret).stdin(Stdio::null());
        command.stdout(out.try_clone().expect("a second handle")).stderr(out);
        Bridge { child: command.spawn().expect("the program starts"), said }
    }

    /// Waits until a job is what it should be, and shows it.
    async fn until(&self, job: &str, bridge: &Bridge, right: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let shown = show(&self.anna, job).await;
            if right(&shown) {
                return shown;
            }
            assert!(Instant::now() < end, "the job is {shown}; the bridge said {}", bridge.said());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn until_state(&self, job: &str, bridge: &Bridge, state: &str) -> Value {
        self.until(job, bridge, |shown| shown["state"] == state).await
    }

    /// The lines of a job's log.
    async fn log(&self, job: &str) -> Vec<String> {
        let log = self.anna.get(&format!("/api/v1/jobs/{job}/log")).await.expect(200).json();
        let lines = log["items"].as_array().cloned().unwrap_or_default();
        lines.iter().filter_map(|line| line["text"].as_str().map(str::to_owned)).collect()
    }

    /// The paths and roles of the results.
    async fn results(&self, app: &TestApp) -> Vec<(String, String)> {
        let mut tx = app.db().read().await.expect("the database answers");
        let sql = "SELECT path, role FROM dataset_file WHERE dataset_id = $1 AND side = 'output' ORDER BY path";
        tx.sql(sql).bind(self.dataset).all().await.expect("the database answers")
    }

    /// Asserts that nothing is left where the bridge works, nor beside it.
    fn is_tidy(&self) {
        let names = |folder: PathBuf| -> Vec<String> {
            let entries = std::fs::read_dir(folder).expect("a folder");
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(self.folder.path().join("outer")), ["work"]);
        assert!(names(self.folder.path().join("outer/work")).is_empty());
    }
}

/// The program, killed on drop.
struct Bridge {
    child: Child,
    said: PathBuf,
}

impl Bridge {
    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    /// Sends SIGTERM, and waits for the end.
    async fn stop(mut self) -> (ExitStatus, String) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        (self.end().await, self.said())
    }

    async fn end(&mut self) -> ExitStatus {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return status;
            }
            assert!(Instant::now() < end, "it ends: {}", self.said());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What waits until the node has a task that runs.
async fn task_runs(node: &FakeNode, bridge: &Bridge) -> String {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(uuid) = node.memory().tasks.keys().next() {
            return uuid.clone();
        }
        assert!(Instant::now() < end, "a task begins; the bridge said {}", bridge.said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What waits until the node has no task any more: it is told so after the server has heard of the end.
async fn forgotten(node: &FakeNode, bridge: &Bridge) {
    let end = Instant::now() + Duration::from_mins(1);
    while !node.memory().tasks.is_empty() {
        assert!(Instant::now() < end, "the node keeps nothing; the bridge said {}", bridge.said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

both!(job_6_the_bridge_has_a_node_process_a_job_and_brings_its_results_back, async |app| {
    let stage = Stage::new(app).await;
    // A node that does what nodes do: all of it passes, or is seen through.
    let node = FakeNode::start(Quirks {
        token: Some("se cret".to_owned()),
        drops_uploads: 2,
        bad_gateways: 2,
        cuts_archives: 1,
        bad_names: true,
        prints: vec!["x".repeat(1_000_000)],
        ..Quirks::default()
    });
    let bridge = stage.bridge(&node, &["--node-token", "se cret", "--option", "dsm=true", "--option", "tiles=8"]);
    let (id, _) = started(&stage.anna, stage.dataset, "ortho").await;
    let seen = stage.until(&id, &bridge, |job| job["progress"].as_i64() > Some(150)).await;
    assert_eq!(seen["engine"], "Farm (key)");
    let done = stage.until_state(&id, &bridge, "done").await;
    assert_eq!((&done["attempts"], &done["price"]["refunded"]), (&json!(1), &json!(false)));
    let results = stage.results(app).await;
    let results: Vec<(&str, &str)> = results.iter().map(|(path, role)| (path.as_str(), role.as_str())).collect();
    for wanted in [
        ("images.json", "other"),
        ("log.json", "log"),
        ("odm_dem/dsm.tif", "dsm"),
        ("odm_georeferencing/odm_georeferenced_model.laz", "point_cloud"),
        ("odm_orthophoto/odm_orthophoto.tif", "orthophoto"),
        ("odm_report/report.pdf", "report"),
        ("odm_texturing/odm_textured_model_geo.obj", "mesh"),
        ("task_output.txt", "log"),
    ] {
        assert!(results.contains(&wanted), "{wanted:?} is in {results:?}");
    }
    assert!(
        results.iter().all(|(path, _)| !path.contains("..") && !path.contains("link") && !path.contains("tiles")),
        "{results:?}"
    );
    // Every image arrived once, whole, under a name of its own.
    let sent =
        stage.anna.get(&format!("/api/v1/datasets/{}/files?side=output", stage.dataset)).await.expect(200).json();
    let images = sent["items"].as_array().expect("items").iter().find(|file| file["path"] == "images.json").cloned();
    let number = images.expect("images.json")["number"].as_i64().expect("a number");
    let images =
        stage.anna.get(&format!("/api/v1/datasets/{}/files/{number}/content", stage.dataset)).await.expect(200);
    let wanted: Value = ["DJI_0001.JPG", "DJI_0002.JPG", "101MEDIA_DJI_0001.JPG", "_.jpg", "gcp_list.txt"]
        .into_iter()
        .zip(PHOTOS)
        .map(|(name, path)| (name.to_owned(), json!(digest(&photo(path)))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(images.json(), wanted);
    // The log is text, has each line once, and says what was left out.
    let log = stage.log(&id).await;
    assert!(log.iter().all(|line| !line.contains('\u{1b}') && line.len() <= 4_096), "{log:?}");
    for words in ["Initializing ODM", "[INFO]    Running odm_report stage", "no option “fast”", "up.txt", "link.txt"]
    {
        assert_eq!(
            log.iter().filter(|line| line.contains(words)).count().min(2),
            1 + usize::from(words == "up.txt"),
            "{words}: {log:?}"
        );
    }
    forgotten(&node, &bridge).await;
    let (options, removed) = {
        let memory = node.memory();
        (memory.calls.clone(), memory.removed.clone())
    };
    assert_eq!((removed.len(), options["/task/remove"]), (1, 1), "it was asked once");
    let (status, said) = bridge.stop().await;
    assert!(status.success() && !said.contains("se cret") && !said.contains("se%20cret"), "{said}");
    stage.is_tidy();
    app.healthy().await;
    app.storage_healthy().await;
});

both!(job_6_what_may_have_arrived_is_not_sent_again_into_the_same_task, async |app| {
    let stage = Stage::new(app).await;
    let node = FakeNode::start(Quirks { loses_answers: 1, ..Quirks::default() });
    let bridge = stage.bridge(&node, &[]);
    let (id, _) = started(&stage.anna, stage.dataset, "ortho").await;
    stage.until_state(&id, &bridge, "done").await;
    let log = stage.log(&id).await;
    assert!(log.iter().any(|line| line.contains("Nobody knows whether") && line.contains("task 1 of 3")), "{log:?}");
    let file = stage.results(app).await;
    assert!(file.iter().any(|(path, _)| path == "images.json"), "{file:?}");
    assert!(bridge.stop().await.0.success());
    app.healthy().await;
});

both!(job_6_a_node_that_fails_says_no_or_is_too_small_fails_the_job_in_its_words, async |app| {
    let stage = Stage::new(app).await;
    let node = FakeNode::start(Quirks { takes: Some(Duration::ZERO), ..Quirks::default() });
    let bridge = stage.bridge(&node, &[]);
    for (fails, most, kind, words) in [
        (Some("Not enough memory"), None, "insufficient_resources", "The node says: Not enough memory"),
        (Some("Cannot process dataset"), None, "input_error", "The node says: Cannot process dataset"),
        (Some("Processing failed (1)"), None, "app_error", "The node says: Processing failed (1)"),
        (None, Some(2), "insufficient_resources", "The node takes at most 2 images, and the dataset has"),
    ] {
        {
            let quirks = &mut node.memory().quirks;
            (quirks.fails, quirks.max_images) = (fails.map(str::to_owned), most);
        }
        let (id, _) = started(&stage.anna, stage.dataset, "ortho").await;
        let failed = stage.until_state(&id, &bridge, "failed").await;
        assert_eq!(failed["failure"]["kind"], kind, "{failed}");
        assert!(failed["failure"]["message"].as_str().is_some_and(|said| said.starts_with(words)), "{failed}");
        assert_eq!(failed["price"]["refunded"], true);
        forgotten(&node, &bridge).await;
    }
    // An option that the node refuses; the list of problems that it answers becomes words.
    node.memory().quirks = Quirks::default();
    let body = json!({ "app": "ortho", "options": { "quality": "high" } });
    let path = format!("/api/v1/datasets/{}/jobs", stage.dataset);
    let id = stage.anna.post(&path, &body).await.expect(201).json()["id"].as_str().expect("an id").to_owned();
    let failed = stage.until_state(&id, &bridge, "failed").await;
    assert_eq!(failed["failure"]["kind"], "app_error");
    assert_eq!(failed["failure"]["message"], "The node says: quality: Invalid value high (out of range)");
    assert!(stage.results(app).await.is_empty());
    assert!(bridge.stop().await.0.success());
    // A wrong token ends the program at once, and is in no message.
    node.memory().quirks.token = Some("right".to_owned());
    let mut wrong = stage.bridge(&node, &["--node-token", "wrong-one"]);
    assert!(!wrong.end().await.success());
    assert!(
        wrong.said().contains("Invalid authentication token") && !wrong.said().contains("wrong-one"),
        "{}",
        wrong.said()
    );
    stage.is_tidy();
    app.healthy().await;
});

both!(job_2_job_6_a_cancellation_reaches_the_node_with_the_next_heartbeat, async |app| {
    let stage = Stage::new(app).await;
    let node = FakeNode::start(Quirks { takes: None, others: 1, ..Quirks::default() });
    let bridge = stage.bridge(&node, &[]);
    let (id, _) = started(&stage.anna, stage.dataset, "ortho").await;
    // A node that is busy with others takes no job away from other engines.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(show(&stage.anna, &id).await["state"], "queued");
    node.memory().quirks.others = 0;
    let task = task_runs(&node, &bridge).await;
    let running = stage.until(&id, &bridge, |job| job["step"] == "odm_filterpoints").await;
    assert_eq!(running["progress"], 430, "40 % of the node's part");
    assert_eq!(cancel(&stage.anna, &id).await.expect(200).json()["state"], "cancelling");
    let asked = Instant::now();
    stage.until_state(&id, &bridge, "cancelled").await;
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    let end = Instant::now() + Duration::from_secs(20);
    while node.memory().removed != [task.clone()] {
        assert!(Instant::now() < end, "the task is removed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(stage.results(app).await.is_empty());
    assert!(bridge.stop().await.0.success());
    app.healthy().await;
});

both!(job_6_a_node_that_dies_is_waited_for_and_one_that_forgets_gets_another_task, async |app| {
    let stage = Stage::new(app).await;
    let mut node = FakeNode::start(Quirks { takes: None, ..Quirks::default() });
    let bridge = stage.bridge(&node, &["--patience", "8"]);
    let (id, _) = started(&stage.anna, stage.dataset, "ortho").await;
    let first = task_runs(&node, &bridge).await;
    // It is away for a moment: the task goes on.
    node.die();
    stage.until(&id, &bridge, |job| job["step"].as_str().is_some_and(|step| step.contains("does not answer"))).await;
    node.revive();
    stage.until(&id, &bridge, |job| job["step"] == "odm_filterpoints").await;
    // It comes back and knows nothing.
    node.die();
    node.forget();
    node.revive();
    let second = task_runs(&node, &bridge).await;
    assert_ne!(first, second);
    assert_eq!(node.memory().tasks[&second].images.len(), PHOTOS.len());
    // Its lines come with the next heartbeat.
    let end = Instant::now() + Duration::from_mins(1);
    while !stage.log(&id).await.iter().any(|line| line.contains("knows nothing of the task")) {
        assert!(Instant::now() < end, "the log tells why: {:?}", stage.log(&id).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // It is away for too long: the job is given back, which counts as no attempt, and nobody takes it without a node.
    node.die();
    stage.until_state(&id, &bridge, "queued").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(show(&stage.anna, &id).await["state"], "queued");
    let (status, _) = bridge.stop().await;
    assert!(status.success());
    node.forget();
    node.memory().quirks.takes = Some(Duration::ZERO);
    node.revive();
    let bridge = stage.bridge(&node, &[]);
    assert_eq!(stage.until_state(&id, &bridge, "done").await["attempts"], 1);
    assert!(bridge.stop().await.0.success());
    stage.is_tidy();
    app.healthy().await;
});

both!(job_6_a_bridge_that_is_stopped_gives_back_and_one_that_is_lost_is_fenced, async |app| {
    let stage = Stage::new(app).await;
    let node = FakeNode::start(Quirks { takes: None, ..Quirks::default() });
    let (id, _) = started(&stage.anna, stage.dataset, "ortho").await;
    // Stopped: the job is another's at once, and the node is free.
    let bridge = stage.bridge(&node, &[]);
    task_runs(&node, &bridge).await;
    let (status, said) = bridge.stop().await;
    assert!(status.success(), "{said}");
    assert_eq!(show(&stage.anna, &id).await["state"], "queued");
    assert!(node.memory().tasks.is_empty());
    // Not heard of for too long: it notices that the job is not its own any more, and the node stops. Then it takes it anew.
    let bridge = stage.bridge(&node, &[]);
    let lost = task_runs(&node, &bridge).await;
    app.tick(LEASE_MILLIS + 1_000);
    let mut rounds = 0;
    while jobs::run_due(app.ctx()).await.expect("a round") == 0 {
        // It was quicker with its sign of life.
        app.tick(LEASE_MILLIS + 1_000);
        rounds += 1;
        assert!(rounds < 1_000, "its lease runs out");
    }
    let end = Instant::now() + Duration::from_secs(30);
    while !node.memory().removed.contains(&lost) {
        assert!(Instant::now() < end, "the task of the lost lease is removed: {}", bridge.said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stage.until(&id, &bridge, |job| job["state"] == "running" && job["attempts"] == 2).await;
    let left = task_runs(&node, &bridge).await;
    // Killed: its lease runs out, and the next one waits until the node is done with what it left behind.
    drop(bridge);
    app.tick(LEASE_MILLIS + 1_000);
    assert_eq!(jobs::run_due(app.ctx()).await.expect("a round"), 1);
    assert!(node.memory().tasks.contains_key(&left), "nobody told the node");
    node.memory().quirks.takes = Some(Duration::ZERO);
    let bridge = stage.bridge(&node, &[]);
    let done = stage.until_state(&id, &bridge, "done").await;
    assert_eq!((&done["attempts"], &done["price"]["refunded"]), (&json!(3), &json!(false)));
    assert!(bridge.stop().await.0.success());
    app.healthy().await;
});
