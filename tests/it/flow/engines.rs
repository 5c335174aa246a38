//! Engines (JOB-6): jobs are taken under a lease, every write is fenced by it, and a token reads the inputs of its job and writes its
//! outputs, nothing else.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use commonhold::{
    domain::{
        id::ResourceId,
        job::{LEASE_MILLIS, MAX_ATTEMPTS},
        job_log::{MAX_LINE_BYTES, MAX_LINES},
        resource::DatasetStatus,
        role::Role,
    },
    server::workers::{jobs, sweep},
};
use serde_json::{Value, json};

use super::{
    apps::published,
    jobs::{cancel, show, start, started},
};
use crate::{
    both,
    support::{Answer, Org, Person, TestApp, at_once},
};

/// A program with a bearer token: of a key, or of a job.
#[derive(Clone)]
pub struct Engine {
    nobody: Person,
    bearer: String,
}

impl Engine {
    /// With a key of an organization that has these scopes.
    pub async fn new(app: &TestApp, by: &Person, org: &Org, name: &str, scopes: &[&str]) -> Self {
        let body = json!({ "name": name, "scopes": scopes });
        let key = by.post(&format!("/api/v1/orgs/{}/keys", org.org_id), &body).await.expect(201).json();
        let text = |field: &str| key[field].as_str().expect("a text").to_owned();
        let (client, secret) = (text("client_id"), text("client_secret"));
        let form = [("grant_type", "client_credentials"), ("client_id", &client), ("client_secret", &secret)];
        let request = Request::builder()
            .method(Method::POST)
            .uri("/oauth/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(serde_urlencoded::to_string(form).expect("fields")));
        let token = app.nobody().send(request.expect("a request")).await.expect(200).json();
        Self { nobody: app.nobody(), bearer: format!("Bearer {}", token["access_token"].as_str().expect("a token")) }
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.nobody.call(method, path, body, &[("authorization", &self.bearer)]).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    /// Takes a job, if there is one.
    pub async fn claim(&self, app: &str) -> Option<Held> {
        let answer = self.post("/api/v1/engine/claim", &json!({ "apps": [app] })).await;
        if answer.status == 204 {
            return None;
        }
        let claimed = answer.expect(200).json();
        let text = |field: &str| claimed[field].as_str().expect("a text").to_owned();
        Some(Held {
            engine: Self { nobody: self.nobody.clone(), bearer: format!("Bearer {}", text("token")) },
            id: text("job"),
            lease: text("lease"),
            claimed,
        })
    }
}

/// A job that an engine is at.
#[derive(Clone)]
pub struct Held {
    engine: Engine,
    pub id: String,
    lease: String,
    claimed: Value,
}

impl Held {
    /// A call about the job, with the lease in its body.
    pub async fn say(&self, what: &str, body: Value) -> Answer {
        let mut body = body;
        body["lease"] = json!(self.lease);
        self.engine.post(&format!("/api/v1/engine/jobs/{}/{what}", self.id), &body).await
    }

    pub async fn beat(&self) -> Answer {
        self.say("heartbeat", json!({})).await
    }

    pub async fn complete(&self) -> Answer {
        self.say("complete", json!({})).await
    }

    async fn inputs(&self) -> Vec<Value> {
        let page = self.engine.get(&format!("/api/v1/engine/jobs/{}/inputs", self.id)).await.expect(200).json();
        page["items"].as_array().cloned().expect("items")
    }

    /// Sends an output; the answer to its bytes.
    pub async fn write(&self, path: &str, role: &str, bytes: impl AsRef<[u8]>) -> Answer {
        let output = json!({ "path": path, "bytes": bytes.as_ref().len(), "role": role });
        let planned = self.say("outputs", json!({ "outputs": [output] })).await.expect(200).json();
        let url = planned["items"][0]["upload"]["url"].as_str().unwrap_or_else(|| panic!("no upload: {planned}"));
        self.send(url, bytes).await
    }

    async fn send(&self, url: &str, bytes: impl AsRef<[u8]>) -> Answer {
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(url)
            .header("tus-resumable", "1.0.0")
            .header(header::AUTHORIZATION, &self.engine.bearer)
            .header(header::CONTENT_TYPE, "application/offset+octet-stream")
            .header("upload-offset", "0")
            .body(Body::from(bytes.as_ref().to_vec()));
        self.engine.nobody.send(request.expect("a request")).await
    }
}

/// The paths and roles of the results of a dataset.
async fn results(by: &Person, dataset: ResourceId) -> Vec<String> {
    let files = by.get(&format!("/api/v1/datasets/{dataset}/files?side=output")).await.expect(200).json();
    let files = files["items"].as_array().cloned().unwrap_or_default();
    files.iter().filter_map(|file| file["path"].as_str().map(str::to_owned)).collect()
}

/// An organization with apps, credits, an engine, and a dataset with three files of which one is left out.
async fn studio(app: &TestApp) -> (Person, Org, Engine, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.credits_licence(&org, 1_000).await;
    published(&anna, &org, "ortho", "processing", true).await;
    published(&anna, &org, "qc", "free", false).await;
    let engine = Engine::new(app, &anna, &org, "Farm", &["engine"]).await;
    let dataset = anna.dataset(org.root, "Flight", 0).await;
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        anna.upload(dataset, name, &[&b"\xff\xd8\xffphoto "[..], name.as_bytes()].concat()).await;
    }
    anna.patch(&format!("/api/v1/datasets/{dataset}/files/3"), &json!({ "left_out": true })).await.expect(200);
    (anna, org, engine, dataset)
}

both!(job_6_an_engine_takes_a_job_reads_its_inputs_writes_its_outputs_and_completes_it, async |app| {
    let (anna, org, engine, dataset) = studio(app).await;
    assert!(engine.claim("ortho").await.is_none(), "nothing is queued");
    let (id, _) = started(&anna, dataset, "ortho").await;
    let held = engine.claim("ortho").await.expect("a job");
    assert_eq!((&held.id, &held.claimed["attempt"]), (&id, &json!(1)));
    assert_eq!(held.claimed["options"], json!({ "quality": "low", "tiles": "4", "fast": "true" }));
    assert!(engine.claim("ortho").await.is_none(), "it is taken");
    let running = show(&anna, &id).await;
    assert_eq!((&running["state"], &running["engine"]), (&json!("running"), &json!("Farm (key)")));
    assert_eq!(running["inputs_digest"], held.claimed["inputs_digest"]);
    assert_eq!(app.stored(dataset).await.dataset.map(|facts| facts.status), Some(DatasetStatus::Processing));
    // The inputs are those that were not left out; their bytes come with ranges.
    let inputs = held.inputs().await;
    assert_eq!(
        inputs.iter().map(|input| input["path"].as_str().expect("a path")).collect::<Vec<_>>(),
        ["a.jpg", "b.jpg"]
    );
    let url = inputs[1]["url"].as_str().expect("an address");
    assert!(held.engine.get(url).await.expect(200).body.ends_with("photo b.jpg"));
    held.engine.get(&url.replace("/inputs/2", "/inputs/3")).await.expect(404);
    // Progress and log.
    let beat = held.say("heartbeat", json!({ "progress": 400, "step": "matching" })).await.expect(200).json();
    assert_eq!((&beat["state"], &beat["heartbeat_seconds"]), (&json!("running"), &json!(60)));
    assert_eq!(held.say("heartbeat", json!({ "progress": 1_001 })).await.expect(422).fields(), ["progress"]);
    let shown = show(&anna, &id).await;
    assert_eq!((&shown["progress"], &shown["step"]), (&json!(400), &json!("matching")));
    let lines = json!({ "first": 1, "lines": [{ "text": "\u{1b}[31mred" }, { "text": "two", "level": "warning" }] });
    assert_eq!(held.say("log", lines.clone()).await.expect(200).json()["lines"], 2);
    assert_eq!(held.say("log", lines).await.expect(200).json()["lines"], 2, "what was written already stays");
    let log = anna.get(&format!("/api/v1/jobs/{id}/log")).await.expect(200).json();
    assert_eq!(
        (&log["items"][0]["text"], &log["items"][1]["level"], &log["open"]),
        (&json!("red"), &json!("warning"), &json!(true))
    );
    // Outputs are seen by nobody until the job is done; one of the same path takes the place of the other.
    held.write("map.tif", "orthophoto", "old").await.expect(204);
    held.write("map.tif", "orthophoto", "new map").await.expect(204);
    held.write("report.pdf", "report", "%PDF-1").await.expect(204);
    assert!(results(&anna, dataset).await.is_empty());
    let begun = json!({ "outputs": [{ "path": "more.las", "bytes": 4, "role": "point_cloud" }] });
    let begun = held.say("outputs", begun).await.expect(200).json();
    assert_eq!(held.complete().await.expect(409).code(), "conflict", "one is on its way");
    held.send(begun["items"][0]["upload"]["url"].as_str().expect("an address"), "LASF").await.expect(204);
    assert_eq!(held.say("complete", json!({ "outputs": 4 })).await.expect(409).code(), "conflict");
    app.healthy().await;
    assert_eq!(held.say("complete", json!({ "outputs": 3 })).await.expect(200).json()["state"], "done");
    assert_eq!(results(&anna, dataset).await, ["map.tif", "more.las", "report.pdf"]);
    let stored = app.stored(dataset).await.dataset.expect("a dataset");
    assert_eq!((stored.status, stored.images, stored.files), (DatasetStatus::Processed, 2, 6));
    let done = show(&anna, &id).await;
    assert_eq!(
        (&done["state"], &done["progress"], &done["price"]["refunded"]),
        (&json!("done"), &json!(1_000), &json!(false))
    );
    assert!(anna.audit(&org).await.iter().any(|action| action == "job.ended"));
    // The token is of no use any more.
    for what in ["heartbeat", "complete", "release"] {
        assert_eq!(held.say(what, json!({})).await.expect(409).code(), "lease_lost", "{what}");
    }
    assert_eq!(held.engine.get(url).await.expect(409).code(), "lease_lost");
    // Another success of the same app takes the place of its results, and of nothing else.
    let mine = json!({ "side": "output", "files": [{ "path": "mine.txt", "bytes": 2 }] });
    let mine = anna.post(&format!("/api/v1/datasets/{dataset}/uploads"), &mine).await.expect(200).json();
    anna.send_bytes(mine["items"][0]["upload"]["url"].as_str().expect("an address"), 0, "me").await.expect(204);
    anna.patch(&format!("/api/v1/datasets/{dataset}/files/2"), &json!({ "left_out": true })).await.expect(200);
    started(&anna, dataset, "ortho").await;
    let second = engine.claim("ortho").await.expect("a job");
    assert_ne!(second.claimed["inputs_digest"], held.claimed["inputs_digest"]);
    assert_eq!(app.stored(dataset).await.dataset.map(|facts| facts.status), Some(DatasetStatus::Processed));
    second.write("map.tif", "orthophoto", "newest map").await.expect(204);
    second.complete().await.expect(200);
    assert_eq!(results(&anna, dataset).await, ["map.tif", "mine.txt"]);
    app.healthy().await;
    app.later(2);
    while sweep::run_due(app.ctx()).await.expect("it is swept") != sweep::Swept::default() {}
    app.storage_healthy().await;
    app.healthy().await;
});

both!(job_6_a_failure_is_refunded_leaves_earlier_results_and_says_why, async |app| {
    let (anna, _, engine, dataset) = studio(app).await;
    started(&anna, dataset, "ortho").await;
    let first = engine.claim("ortho").await.expect("a job");
    first.write("map.tif", "orthophoto", "map").await.expect(204);
    first.complete().await.expect(200);
    let (id, _) = started(&anna, dataset, "ortho").await;
    let held = engine.claim("ortho").await.expect("a job");
    held.write("map.tif", "orthophoto", "broken").await.expect(204);
    held.write("run.log", "log", "what happened").await.expect(204);
    for kind in ["engine_lost", "timeout", "", "bad"] {
        assert_eq!(held.say("fail", json!({ "kind": kind, "message": "x" })).await.expect(422).fields(), ["kind"]);
    }
    let failed = json!({ "kind": "input_error", "message": "Too few \u{1b}[1mphotos" });
    assert_eq!(held.say("fail", failed).await.expect(200).json()["state"], "failed");
    let shown = show(&anna, &id).await;
    assert_eq!(shown["failure"], json!({ "kind": "input_error", "message": "Too few photos" }));
    assert_eq!((&shown["state"], results(&anna, dataset).await), (&json!("failed"), vec!["map.tif".to_owned()]));
    assert_eq!(app.stored(dataset).await.dataset.map(|facts| facts.status), Some(DatasetStatus::Processed));
    app.healthy().await;
});

both!(job_6_an_engine_that_is_lost_is_fenced_and_the_third_one_ends_the_job, async |app| {
    let (anna, _, engine, dataset) = studio(app).await;
    let (id, _) = started(&anna, dataset, "ortho").await;
    let mut lost: Vec<Held> = Vec::new();
    for attempt in 1..=MAX_ATTEMPTS {
        let held = engine.claim("ortho").await.expect("a job");
        assert_eq!(held.claimed["attempt"], attempt);
        held.write("map.tif", "orthophoto", &format!("map {attempt}")).await.expect(204);
        held.say("log", json!({ "first": 1, "lines": [{ "text": format!("attempt {attempt}") }] })).await.expect(200);
        // A sign of life holds it.
        app.tick(LEASE_MILLIS - 1_000);
        held.beat().await.expect(200);
        app.tick(LEASE_MILLIS - 1_000);
        assert_eq!(jobs::run_due(app.ctx()).await.expect("a round"), 0);
        app.tick(2_000);
        assert_eq!(jobs::run_due(app.ctx()).await.expect("a round"), 1);
        lost.push(held);
        app.healthy().await;
    }
    let shown = show(&anna, &id).await;
    assert_eq!((&shown["state"], &shown["failure"]["kind"]), (&json!("failed"), &json!("engine_lost")));
    assert_eq!((&shown["price"]["refunded"], shown["attempts"].as_i64()), (&json!(true), Some(MAX_ATTEMPTS)));
    let log = anna.get(&format!("/api/v1/jobs/{id}/log")).await.expect(200).json();
    let texts: Vec<&str> =
        log["items"].as_array().expect("items").iter().filter_map(|line| line["text"].as_str()).collect();
    assert_eq!(texts.len(), 6, "{texts:?}");
    assert!(
        texts[0] == "attempt 1" && texts[1].contains("Attempt 1 of 3 was lost") && texts[2] == "attempt 2",
        "{texts:?}"
    );
    // Whatever the lost ones write comes too late.
    for held in &lost {
        for (what, body) in [
            ("heartbeat", json!({})),
            ("log", json!({ "first": 9, "lines": [{ "text": "late" }] })),
            ("outputs", json!({ "outputs": [{ "path": "late.tif", "bytes": 1 }] })),
            ("complete", json!({})),
            ("fail", json!({ "kind": "app_error", "message": "late" })),
            ("release", json!({})),
        ] {
            assert_eq!(held.say(what, body).await.expect(409).code(), "lease_lost", "{what}");
        }
    }
    assert!(results(&anna, dataset).await.is_empty());
    app.healthy().await;
});

both!(job_6_an_engine_that_is_lost_meets_the_next_one_and_its_upload_stops, async |app| {
    let (anna, _, engine, dataset) = studio(app).await;
    started(&anna, dataset, "ortho").await;
    let first = engine.claim("ortho").await.expect("a job");
    let begun =
        first.say("outputs", json!({ "outputs": [{ "path": "map.tif", "bytes": 3 }] })).await.expect(200).json();
    let url = begun["items"][0]["upload"]["url"].as_str().expect("an address").to_owned();
    app.tick(LEASE_MILLIS + 1_000);
    jobs::run_due(app.ctx()).await.expect("a round");
    let second = engine.claim("ortho").await.expect("a job");
    // The lease of the second one in the hands of the first, and the other way round.
    let stolen = Held { lease: second.lease.clone(), ..first.clone() };
    assert_eq!(stolen.beat().await.expect(409).code(), "lease_lost");
    let wrong = Held { lease: first.lease.clone(), ..second.clone() };
    assert_eq!(wrong.beat().await.expect(409).code(), "lease_lost");
    assert!([404, 409].contains(&first.send(&url, "map").await.status));
    second.write("map.tif", "orthophoto", "map 2").await.expect(204);
    second.complete().await.expect(200);
    assert_eq!(results(&anna, dataset).await, ["map.tif"]);
    app.healthy().await;
});

both!(job_2_job_6_a_cancellation_reaches_the_engine_with_its_next_heartbeat, async |app| {
    let (anna, _, engine, dataset) = studio(app).await;
    let (id, _) = started(&anna, dataset, "ortho").await;
    let held = engine.claim("ortho").await.expect("a job");
    let ended = cancel(&anna, &id).await.expect(200).json();
    assert_eq!((&ended["state"], &ended["price"]["refunded"]), (&json!("cancelling"), &json!(false)));
    assert_eq!(cancel(&anna, &id).await.expect(200).json()["state"], "cancelling");
    assert_eq!(held.beat().await.expect(200).json()["state"], "cancel");
    held.write("map.tif", "orthophoto", "map").await.expect(204);
    // It had run, so it is paid; and nothing of it becomes a result, whatever the engine says.
    assert_eq!(held.complete().await.expect(200).json()["state"], "cancelled");
    assert_eq!(show(&anna, &id).await["price"]["refunded"], false);
    assert!(results(&anna, dataset).await.is_empty());
    assert_eq!(app.stored(dataset).await.dataset.map(|facts| facts.status), Some(DatasetStatus::Draft));
    // An engine that does not answer ends it with its lease.
    let (id, _) = started(&anna, dataset, "qc").await;
    let held = engine.claim("qc").await.expect("a job");
    cancel(&anna, &id).await.expect(200);
    app.tick(LEASE_MILLIS / 2);
    held.beat().await.expect(200);
    app.tick(LEASE_MILLIS / 2 + 1_000);
    assert_eq!(jobs::run_due(app.ctx()).await.expect("a round"), 1);
    assert_eq!(show(&anna, &id).await["state"], "cancelled");
    app.healthy().await;
});

both!(job_6_an_engine_gives_a_job_back_and_the_attempt_does_not_count, async |app| {
    let (anna, _, engine, dataset) = studio(app).await;
    let (id, _) = started(&anna, dataset, "ortho").await;
    for _ in 0..5 {
        let held = engine.claim("ortho").await.expect("a job");
        assert_eq!(held.claimed["attempt"], 1);
        held.write("map.tif", "orthophoto", "map").await.expect(204);
        assert_eq!(held.say("release", json!({})).await.expect(200).json()["state"], "queued");
        app.healthy().await;
    }
    // What is over its time has failed, however alive its engine is.
    let held = engine.claim("ortho").await.expect("a job");
    for _ in 0..7 {
        app.tick(LEASE_MILLIS - 1_000);
        jobs::run_due(app.ctx()).await.expect("a round");
        held.beat().await;
    }
    let shown = show(&anna, &id).await;
    assert_eq!((&shown["state"], &shown["failure"]["kind"]), (&json!("failed"), &json!("timeout")));
    app.healthy().await;
});

both!(job_6_two_engines_race_and_complete_ten_times_at_once_counts_once, async |app| {
    let (anna, org, engine, dataset) = studio(app).await;
    let other = Engine::new(app, &anna, &org, "Second farm", &["engine"]).await;
    let datasets = [dataset, anna.dataset(org.root, "A", 10).await, anna.dataset(org.root, "B", 10).await];
    for dataset in datasets {
        started(&anna, dataset, "ortho").await;
        app.tick(1_000);
    }
    let mut tasks: Vec<futures::future::BoxFuture<'static, Option<Held>>> = Vec::new();
    for number in 0..8 {
        let engine = if number % 2 == 0 { engine.clone() } else { other.clone() };
        tasks.push(Box::pin(async move { engine.claim("ortho").await }));
    }
    let taken: Vec<Held> = at_once(tasks).await.into_iter().flatten().collect();
    let mut ids: Vec<&str> = taken.iter().map(|held| held.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((taken.len(), ids.len()), (3, 3), "each job is taken once");
    let held = taken[0].clone();
    let mut tasks: Vec<futures::future::BoxFuture<'static, u16>> = Vec::new();
    for _ in 0..10 {
        let held = held.clone();
        tasks.push(Box::pin(async move { held.complete().await.status }));
    }
    let answers = at_once(tasks).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 409).count(), 9, "{answers:?}");
    // Complete, cancel and lose at once: one of them wins, and the books are right.
    let held = taken[1].clone();
    app.tick(LEASE_MILLIS + 1_000);
    let (ends, asks, loses) = (held.clone(), anna.clone(), app.clone());
    let id = held.id.clone();
    let tasks: Vec<futures::future::BoxFuture<'static, u16>> = vec![
        Box::pin(async move { ends.complete().await.status }),
        Box::pin(async move { cancel(&asks, &id).await.status }),
        Box::pin(async move {
            jobs::run_due(loses.ctx()).await.expect("a round");
            0
        }),
    ];
    at_once(tasks).await;
    app.healthy().await;
});

both!(job_6_a_key_without_the_scope_of_another_organization_and_a_token_of_another_job_are_refused, async |app| {
    let (anna, org, engine, dataset) = studio(app).await;
    let eve = app.person("Eve").await;
    let theirs = eve.create_org("Tunnel North").await;
    let writes = Engine::new(app, &anna, &org, "Writer", &["read", "write"]).await;
    let foreign = Engine::new(app, &eve, &theirs, "Foreign", &["engine"]).await;
    let body = json!({ "apps": ["ortho"] });
    let claim = "/api/v1/engine/claim";
    writes.post(claim, &body).await.expect(403);
    anna.post(claim, &body).await.expect(403);
    app.nobody().post(claim, &body).await.expect(401);
    assert_eq!(foreign.post(claim, &body).await.expect(422).fields(), ["apps"]);
    for (wrong, field) in
        [(json!({}), "apps"), (json!({ "apps": ["none"] }), "apps"), (json!({ "apps": ["ortho"], "wait": 31 }), "wait")]
    {
        assert_eq!(engine.post(claim, &wrong).await.expect(422).fields(), [field]);
    }
    started(&anna, dataset, "ortho").await;
    let other = anna.dataset(org.root, "Other", 10).await;
    started(&anna, other, "ortho").await;
    let (one, two) = (engine.claim("ortho").await.expect("a job"), engine.claim("ortho").await.expect("a job"));
    let crossed = Held { id: two.id.clone(), ..one.clone() };
    for (what, body) in [("heartbeat", json!({})), ("complete", json!({})), ("outputs", json!({ "outputs": [{}] }))] {
        crossed.say(what, body).await.expect(404);
    }
    one.engine.get(&format!("/api/v1/engine/jobs/{}/inputs", two.id)).await.expect(404);
    // Nobody else goes on with its uploads, and it goes on with nobody else's.
    let begun = one.say("outputs", json!({ "outputs": [{ "path": "map.tif", "bytes": 3 }] })).await.expect(200).json();
    let url = begun["items"][0]["upload"]["url"].as_str().expect("an address").to_owned();
    assert_eq!(two.send(&url, "map").await.status, 404);
    anna.send_bytes(&url, 0, "map").await.expect(404);
    writes.call(Method::DELETE, &url, None).await.expect(404);
    // A token of a job opens nothing but what its job needs.
    for path in [
        "/api/v1/me".to_owned(),
        "/api/v1/orgs".to_owned(),
        "/api/v1/apps".to_owned(),
        format!("/api/v1/jobs/{}", one.id),
        format!("/api/v1/resources/{dataset}"),
        format!("/api/v1/datasets/{dataset}/files"),
    ] {
        one.engine.get(&path).await.expect(401);
    }
    one.engine.post(claim, &body).await.expect(401);
    one.engine.post(&format!("/api/v1/datasets/{dataset}/uploads"), &json!({})).await.expect(401);
    // A key that is revoked takes its tokens along.
    let keys = anna.get(&format!("/api/v1/orgs/{}/keys", org.org_id)).await.expect(200).json();
    let farm =
        keys["items"].as_array().expect("items").iter().find(|key| key["name"] == "Farm").expect("a key").clone();
    let farm = farm["id"].as_str().expect("an id");
    anna.delete(&format!("/api/v1/orgs/{}/keys/{farm}", org.org_id)).await.expect(204);
    one.beat().await.expect(401);
    app.healthy().await;
});

both!(job_6_a_log_is_bounded_and_always_text, async |app| {
    let (anna, _, engine, dataset) = studio(app).await;
    let (id, _) = started(&anna, dataset, "qc").await;
    let held = engine.claim("qc").await.expect("a job");
    let wide = "x".repeat(200_000);
    held.say("log", json!({ "first": 1, "lines": [{ "text": wide }] })).await.expect(200);
    let log = anna.get(&format!("/api/v1/jobs/{id}/log")).await.expect(200).json();
    assert_eq!(log["items"][0]["text"].as_str().map(str::len), Some(MAX_LINE_BYTES));
    let huge = "x".repeat(300_000);
    held.say("log", json!({ "first": 2, "lines": [{ "text": huge }] })).await.expect(413);
    for wrong in [json!({ "first": 0, "lines": [{ "text": "x" }] }), json!({ "lines": [] })] {
        assert_eq!(held.say("log", wrong).await.expect(422).fields(), ["first"]);
    }
    let bad = json!({ "first": 2, "lines": [{ "text": "x", "level": "loud" }] });
    assert_eq!(held.say("log", bad).await.expect(422).fields(), ["lines"]);
    let lines: Vec<Value> = (0..2_000).map(|number| json!({ "text": format!("line {number}") })).collect();
    for part in 0..11 {
        held.say("log", json!({ "first": 2 + part * 2_000, "lines": lines })).await.expect(200);
    }
    let last = anna.get(&format!("/api/v1/jobs/{id}/log?from={}", MAX_LINES - 1)).await.expect(200).json();
    let texts: Vec<&str> =
        last["items"].as_array().expect("items").iter().filter_map(|line| line["text"].as_str()).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[2].contains("more lines were left out"), "{texts:?}");
    let page = anna.get(&format!("/api/v1/jobs/{id}/log?from=5&limit=2")).await.expect(200).json();
    assert_eq!((page["items"].as_array().map(Vec::len), &page["next"]), (Some(2), &json!(7)));
    app.healthy().await;
});

both!(job_6_an_engine_waits_for_a_job_and_gets_it_at_once, async |app| {
    let (anna, org, engine, dataset) = studio(app).await;
    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { engine.post("/api/v1/engine/claim", &json!({ "apps": ["qc", "ortho"], "wait": 30 })).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let began = std::time::Instant::now();
    let (id, _) = started(&anna, dataset, "qc").await;
    let claimed = waiting.await.expect("it ends").expect(200).json();
    assert_eq!(claimed["job"], id.as_str());
    assert!(began.elapsed() < std::time::Duration::from_secs(10));
    // Nothing comes within the second.
    let nothing = engine.post("/api/v1/engine/claim", &json!({ "apps": ["qc"], "wait": 1 })).await;
    assert_eq!(nothing.status, 204);
    // What is in the trash is not taken, nor what is of a deleted organization.
    let other = anna.dataset(org.root, "Other", 10).await;
    started(&anna, other, "qc").await;
    anna.trash(other).await.expect(204);
    assert!(engine.claim("qc").await.is_none());
    anna.restore(other).await.expect(200);
    assert!(engine.claim("qc").await.is_some());
    let rolf = app.person("Rolf").await;
    app.join(&org, &rolf, Role::Reader).await;
    start(&rolf, other, "qc").await.expect(403);
    app.healthy().await;
});

both!(job_6_engines_at_two_nodes_take_each_job_once_and_end_it_at_the_other_node, async |app| {
    let (anna, org, engine, dataset) = studio(app).await;
    let url = app.database_url();
    let node = match &url {
        Some(url) => app.node(url).await,
        None => app.patient(std::time::Duration::from_secs(10)),
    };
    let there = Engine { nobody: node.nobody(), bearer: engine.bearer.clone() };
    let mut datasets = vec![dataset];
    for number in 0..5 {
        datasets.push(anna.dataset(org.root, &format!("Flight {number}"), 10).await);
    }
    for dataset in &datasets {
        started(&anna, *dataset, "ortho").await;
        app.tick(1_000);
    }
    let claims = (0..12).map(|number| {
        let here = number % 2 == 0;
        let engine = if here { engine.clone() } else { there.clone() };
        let claim = async move { engine.claim("ortho").await.map(|held| (here, held)) };
        Box::pin(claim) as futures::future::BoxFuture<'static, Option<(bool, Held)>>
    });
    let taken: Vec<(bool, Held)> = at_once(claims.collect()).await.into_iter().flatten().collect();
    let ids: std::collections::BTreeSet<&str> = taken.iter().map(|(_, held)| held.id.as_str()).collect();
    assert_eq!((taken.len(), ids.len()), (datasets.len(), datasets.len()), "each job is taken once");
    // What is known of a job is in the database: every call may go to the other node.
    for (here, held) in &taken {
        let nobody = if *here { node.nobody() } else { app.nobody() };
        let held = Held { engine: Engine { nobody, bearer: held.engine.bearer.clone() }, ..held.clone() };
        held.beat().await.expect(200);
        held.write("map.tif", "orthophoto", "map").await.expect(204);
        held.complete().await.expect(200);
    }
    for (_, held) in &taken {
        assert_eq!(held.complete().await.expect(409).code(), "lease_lost");
    }
    // An engine that waits at one node gets a job that is started at the other.
    let waiting = tokio::spawn({
        let there = there.clone();
        async move { there.post("/api/v1/engine/claim", &json!({ "apps": ["qc"], "wait": 30 })).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let (id, _) = started(&anna, dataset, "qc").await;
    assert_eq!(waiting.await.expect("it ends").expect(200).json()["job"], id.as_str());
    app.healthy().await;
    if url.is_some() {
        node.finish().await;
    }
});

both!(job_6_a_log_of_a_megabyte_or_full_of_escape_codes_harms_nobody, async |app| {
    let (anna, _, engine, dataset) = studio(app).await;
    let (id, _) = started(&anna, dataset, "qc").await;
    let held = engine.claim("qc").await.expect("a job");
    // Too much for one call, in one line or in many: nothing of it is written.
    let line = json!({ "text": "x".repeat(1_000_000) });
    held.say("log", json!({ "first": 1, "lines": [line] })).await.expect(413);
    let lines: Vec<Value> = (0..1_000).map(|_| json!({ "text": "y".repeat(1_000) })).collect();
    held.say("log", json!({ "first": 1, "lines": lines })).await.expect(413);
    assert_eq!(show(&anna, &id).await["log_lines"], 0);
    // In calls that are short enough it is.
    for part in 0..4 {
        let first = 1 + part * 250;
        held.say("log", json!({ "first": first, "lines": lines[..250] })).await.expect(200);
    }
    assert_eq!(show(&anna, &id).await["log_lines"], 1_000);
    // Colours, a title for the window, a link, what clears the screen, a query that the terminal would answer, bells, directions.
    let hostile = [
        ("\u{1b}[31;1mred\u{1b}[0m", "red"),
        ("\u{1b}]0;title\u{7}text", "text"),
        ("\u{1b}]8;;http://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
        ("\u{1b}[2J\u{1b}[H\u{1b}cclear", "clear"),
        ("\u{1b}P+q544e\u{1b}\\\u{1b}[6nasked", "asked"),
        ("\u{9b}31mone character", "one character"),
        ("bell\u{7}\u{8}\u{0}\u{7f}", "bell"),
        ("left\u{202e}right", "leftright"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ];
    let lines: Vec<Value> = hostile.iter().map(|(text, _)| json!({ "text": text })).collect();
    held.say("log", json!({ "first": 1_001, "lines": lines })).await.expect(200);
    let log = anna.get(&format!("/api/v1/jobs/{id}/log?from=1001")).await.expect(200).json();
    let shown: Vec<&str> =
        log["items"].as_array().expect("items").iter().filter_map(|line| line["text"].as_str()).collect();
    assert_eq!(shown, hostile.map(|(_, text)| text));
    app.healthy().await;
});

both!(attack_77_outputs_of_an_app_take_nothing_away_that_is_not_its_own, async |app| {
    let (anna, _, engine, dataset) = studio(app).await;
    let mine = json!({ "side": "output", "files": [{ "path": "map.tif", "bytes": 2 }, { "path": "notes/a.txt", "bytes": 2 }] });
    let mine = anna.post(&format!("/api/v1/datasets/{dataset}/uploads"), &mine).await.expect(200).json();
    for item in mine["items"].as_array().expect("items") {
        anna.send_bytes(item["upload"]["url"].as_str().expect("an address"), 0, "me").await.expect(204);
    }
    let run = async |paths: &[&str]| {
        started(&anna, dataset, "ortho").await;
        let held = engine.claim("ortho").await.expect("a job");
        for path in paths {
            held.write(path, "other", "output").await.expect(204);
        }
        held.complete().await.expect(200);
    };
    // What somebody uploaded stays, and so does a folder whose name an output has; outputs clash with each other no more.
    run(&["map.tif", "notes", "x", "x/y", "free.txt"]).await;
    let slug = "ortho";
    let expected = ["free.txt", "map.tif", "notes/a.txt", "ortho/map.tif", "ortho/notes", "ortho/x/y", "x"];
    let mut found = results(&anna, dataset).await;
    found.sort();
    assert_eq!(found, expected, "{slug}");
    // The next success of the same app takes the place of all of them.
    run(&["map.tif"]).await;
    let mut found = results(&anna, dataset).await;
    found.sort();
    assert_eq!(found, ["map.tif", "notes/a.txt", "ortho/map.tif"]);
    app.healthy().await;
});
