//! The apps that the program has built in (JOB-4), run as the server runs them: with real photos, storage and leases.

use std::time::Duration;

use commonhold::{
    domain::{
        app::BuiltIn,
        id::{AppId, OrganizationId, ResourceId},
        job::{LEASE_MILLIS, TOLD_AFTER_MILLIS},
        photo::Position,
        resource::DatasetStatus,
        role::Role,
        time::Timestamp,
    },
    server::{
        pictures::survey::{Planted, Shot, Survey},
        usecase::{
            self,
            engine::{self, Engine},
            storage,
        },
        workers::{builtin, jobs, photos},
    },
};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::jobs::{cancel, show, start, started};
use crate::{
    both,
    support::{Org, Person, TestApp},
};

/// How wide the photos are: small ones are rendered quickly.
const WIDTH: u32 = 400;

const MIDDLE: Position = Position { latitude: 46_662_400_000, longitude: 8_585_600_000 };

fn flight(planted: &'static [(u32, Planted)]) -> Vec<Shot> {
    let begins = Timestamp::parse_rfc3339("2026-11-18T10:00:00Z").expect("a time");
    Survey { width: WIDTH, seed: 5, lines: 2, photos_in_line: 4, middle: MIDDLE, begins, planted }
        .fly()
        .expect("it flies")
}

/// An organization with credits, and a dataset with the photos of a flight, which nobody has opened yet.
async fn world(app: &TestApp, planted: &'static [(u32, Planted)]) -> (Person, Org, ResourceId, Vec<(BuiltIn, AppId)>) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.credits_licence(&org, 1_000).await;
    let dataset = anna.dataset(org.root, "Flight 1", 0).await;
    for shot in flight(planted) {
        anna.upload(dataset, &shot.name, &shot.jpeg).await;
    }
    let apps = usecase::app::add_built_in(app.ctx()).await.expect("the apps are added");
    (anna, org, dataset, apps)
}

async fn open_all(app: &TestApp) {
    photos::run_due(app.ctx()).await.expect("photos are opened");
}

async fn run_all(app: &TestApp) -> usize {
    builtin::run_due(app.ctx()).await.expect("jobs are run")
}

/// The results of a dataset by their paths.
async fn results(by: &Person, dataset: ResourceId) -> Vec<(String, i64)> {
    let files = by.get(&format!("/api/v1/datasets/{dataset}/files?side=output")).await.expect(200).json();
    let files = files["items"].as_array().cloned().unwrap_or_default();
    let file = |file: &Value| Some((file["path"].as_str()?.to_owned(), file["number"].as_i64()?));
    files.iter().filter_map(file).collect()
}

/// A result that is JSON.
async fn result(by: &Person, dataset: ResourceId, path: &str) -> Value {
    let results = results(by, dataset).await;
    let number = results.iter().find(|(other, _)| other == path).unwrap_or_else(|| panic!("{path}: {results:?}")).1;
    let content = by.get(&format!("/api/v1/datasets/{dataset}/files/{number}/content")).await.expect(200);
    serde_json::from_str(&content.body).unwrap_or_else(|error| panic!("{error}: {}", content.body))
}

async fn log(by: &Person, job: &str) -> Vec<String> {
    let log = by.get(&format!("/api/v1/jobs/{job}/log")).await.expect(200).json();
    let lines = log["items"].as_array().cloned().unwrap_or_default();
    lines.iter().filter_map(|line| line["text"].as_str().map(str::to_owned)).collect()
}

async fn sound(app: &TestApp) {
    app.healthy().await;
    app.storage_healthy().await;
}

both!(job_4_survey_index_makes_a_dataset_processed_and_waits_until_its_photos_were_read, async |app| {
    let (anna, _, dataset, _) = world(app, &[(2, Planted::NoPosition)]).await;
    let (id, _) = started(&anna, dataset, "survey-index").await;
    let price = show(&anna, &id).await["price"].clone();
    assert!(price["credits"].as_i64().is_some_and(|credits| credits > 0), "it costs: {price}");
    // Nobody is at it as long as its photos have not been opened, so it keeps nobody waiting.
    assert_eq!(run_all(app).await, 0);
    assert_eq!(show(&anna, &id).await["state"], "queued");
    open_all(app).await;
    assert_eq!(run_all(app).await, 1);
    let done = show(&anna, &id).await;
    assert_eq!(
        (&done["state"], &done["engine"], &done["progress"]),
        (&json!("done"), &json!("Built in"), &json!(1_000)),
        "{done}"
    );
    assert_eq!(app.stored(dataset).await.dataset.map(|facts| facts.status), Some(DatasetStatus::Processed));
    let names: Vec<String> = results(&anna, dataset).await.into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        names,
        [
            "coverage.tif",
            "footprints.geojson",
            "index.json",
            "mosaic.jpg",
            "mosaic.tif",
            "photos.csv",
            "photos.geojson"
        ]
    );
    let index = result(&anna, dataset, "index.json").await;
    assert_eq!((&index["photos"], &index["placed"]), (&json!(8), &json!(7)));
    assert_eq!(result(&anna, dataset, "photos.geojson").await["features"].as_array().map(Vec::len), Some(7));
    let log = log(&anna, &id).await;
    assert!(
        log.contains(&"8 photos.".to_owned()) && log.contains(&"7 of 8 photos are laid on the ground.".to_owned()),
        "{log:?}"
    );
    assert_eq!(run_all(app).await, 0);
    sound(app).await;
});

both!(job_4_qc_report_is_free_names_photos_and_does_not_see_what_was_left_out, async |app| {
    let (anna, _, dataset, _) = world(app, &[(2, Planted::NoPosition), (5, Planted::Blur)]).await;
    open_all(app).await;
    let (id, _) = started(&anna, dataset, "qc-report").await;
    assert_eq!(show(&anna, &id).await["price"]["credits"], json!(0));
    assert_eq!(run_all(app).await, 1);
    assert_eq!(show(&anna, &id).await["state"], "done");
    assert_eq!(app.stored(dataset).await.dataset.map(|facts| facts.status), Some(DatasetStatus::Draft));
    let photos_of = |report: &Value, kind: &str| {
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        let found = findings.iter().find(|finding| finding["kind"] == kind).cloned().unwrap_or_default();
        let photos = found["photos"].as_array().cloned().unwrap_or_default();
        photos.iter().filter_map(|photo| photo["number"].as_i64()).collect::<Vec<_>>()
    };
    let report = result(&anna, dataset, "qc.json").await;
    assert_eq!(photos_of(&report, "no_position"), [3], "{report}");
    anna.patch(&format!("/api/v1/datasets/{dataset}/files/3"), &json!({ "left_out": true })).await.expect(200);
    let again = anna.post(&format!("/api/v1/jobs/{id}/again"), &json!({})).await.expect(201).json();
    assert_eq!(run_all(app).await, 1);
    assert_eq!(show(&anna, again["id"].as_str().expect("an id")).await["state"], "done");
    let report = result(&anna, dataset, "qc.json").await;
    assert!(photos_of(&report, "no_position").is_empty(), "{report}");
    assert_eq!(results(&anna, dataset).await.len(), 2, "the newer report takes the place of the older one");
    sound(app).await;
});

both!(job_4_a_built_in_app_is_cancelled_while_it_runs_as_every_other, async |app| {
    let (anna, _, dataset, _) = world(app, &[]).await;
    open_all(app).await;
    let (id, _) = started(&anna, dataset, "survey-index").await;
    let (ran, ()) = tokio::join!(run_all(app), async {
        while show(&anna, &id).await["state"] == "queued" {
            tokio::task::yield_now().await;
        }
        cancel(&anna, &id).await.expect(200);
    });
    assert_eq!(ran, 1);
    assert_eq!(show(&anna, &id).await["state"], "cancelled");
    assert!(results(&anna, dataset).await.is_empty());
    // A process that stops begins nothing.
    let (id, _) = started(&anna, dataset, "survey-index").await;
    let (stop, stopped) = watch::channel(false);
    stop.send_replace(true);
    let worker = tokio::spawn(builtin::run(app.ctx().clone(), 1, stopped));
    worker.await.expect("it ends");
    assert_eq!(show(&anna, &id).await["state"], "queued");
    assert_eq!(run_all(app).await, 1);
    let done = show(&anna, &id).await;
    assert_eq!((&done["state"], &done["attempts"]), (&json!("done"), &json!(1)));
    sound(app).await;
});

both!(attack_76_who_queues_many_jobs_of_a_built_in_app_keeps_others_waiting_for_one, async |app| {
    let (anna, _, dataset, apps) = world(app, &[]).await;
    open_all(app).await;
    for _ in 0..3 {
        started(&anna, dataset, "qc-report").await;
    }
    let ben = app.person("Ben").await;
    let other = ben.create_org("Tunnel North").await;
    app.credits_licence(&other, 1_000).await;
    let flight = ben.dataset(other.root, "Flight", 0).await;
    ben.upload(flight, "notes.txt", b"fair weather").await;
    let (id, _) = started(&ben, flight, "qc-report").await;
    let qc = apps.iter().find(|(app, _)| *app == BuiltIn::QcReport).expect("the app").1;
    let engine = Engine { key: None, name: "Built in".to_owned() };
    let take = async |served: &[OrganizationId]| {
        let taken = engine::claim_built_in(app.ctx(), &engine, qc, served).await.expect("an answer");
        taken.map(|taken| (taken.job.organization, taken.job.id.to_string()))
    };
    let (first, _) = take(&[]).await.expect("a job");
    assert_ne!(first, other.id, "the oldest comes first");
    assert_eq!(take(&[first]).await, Some((other.id, id)), "then it is another's turn");
    assert_eq!(take(&[first, other.id]).await.map(|(organization, _)| organization), Some(first));
});

both!(job_4_a_built_in_app_whose_process_is_gone_begins_anew, async |app| {
    let (anna, _, dataset, apps) = world(app, &[]).await;
    open_all(app).await;
    let (id, _) = started(&anna, dataset, "qc-report").await;
    let ids: Vec<AppId> = apps.iter().map(|(_, id)| *id).collect();
    let engine = Engine { key: None, name: "Built in".to_owned() };
    let lost = engine::claim_built_in(app.ctx(), &engine, ids[1], &[]).await.expect("an answer").expect("a job");
    assert_eq!(lost.token, "", "what is built in needs no token");
    if app.ctx().db().is_sqlite() {
        // There is one process only, so it need not wait until the lease has run out.
        engine::end_built_in_leases(app.ctx()).await.expect("ended");
    } else {
        app.tick(LEASE_MILLIS + 1);
    }
    assert_eq!(jobs::run_due(app.ctx()).await.expect("looked after"), 1);
    assert_eq!(run_all(app).await, 1);
    let done = show(&anna, &id).await;
    assert_eq!((&done["state"], &done["attempts"]), (&json!("done"), &json!(2)));
    sound(app).await;
});

both!(job_4_file_6_a_built_in_app_that_finds_no_room_says_so_without_numbers_and_is_refunded, async |app| {
    let (anna, org, dataset, _) = world(app, &[]).await;
    open_all(app).await;
    let used = storage::show(app.ctx(), org.id).await.expect("storage").used;
    storage::set(app.ctx(), &org.org_id, Some(used + 10)).await.expect("limited");
    let (id, _) = started(&anna, dataset, "survey-index").await;
    assert_eq!(run_all(app).await, 1);
    let failed = show(&anna, &id).await;
    assert_eq!((&failed["state"], &failed["price"]["refunded"]), (&json!("failed"), &json!(true)), "{failed}");
    let message = failed["failure"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("storage is full") && !message.contains(" of "), "{message}");
    assert!(results(&anna, dataset).await.is_empty());
    sound(app).await;
});

both!(job_4_adding_the_built_in_apps_again_changes_nothing_and_everybody_may_run_them, async |app| {
    let apps = usecase::app::add_built_in(app.ctx()).await.expect("added");
    assert_eq!(usecase::app::add_built_in(app.ctx()).await.expect("added"), apps);
    let ben = app.person("Ben").await;
    let listed = ben.get("/api/v1/apps").await.expect(200).json();
    let slugs: Vec<&str> =
        listed["items"].as_array().expect("items").iter().filter_map(|app| app["slug"].as_str()).collect();
    assert_eq!(slugs, ["qc-report", "survey-index"]);
    let shown = ben.get("/api/v1/apps/survey-index").await.expect(200).json();
    assert_eq!(shown["versions"].as_array().map(Vec::len), Some(1), "{shown}");
});

both!(job_4_the_survey_of_a_dataset_is_a_page_with_a_map_and_findings_that_can_be_left_out, async |app| {
    let (anna, org, dataset, _) = world(app, &[(2, Planted::NoPosition), (5, Planted::Duplicate)]).await;
    let page = format!("/o/{}/drive/{dataset}?tab=survey", org.org_id);
    assert!(anna.page(&page).await.expect(200).body.contains("No survey yet"));
    open_all(app).await;
    started(&anna, dataset, "survey-index").await;
    started(&anna, dataset, "qc-report").await;
    assert_eq!(run_all(app).await, 2);
    let shown = anna.page(&page).await.expect(200).body;
    assert_eq!(shown.matches("class=\"dot\"").count(), 7, "one photo has no position");
    assert!(shown.contains("7 of 8") && shown.contains("Leave out 1 photo"), "{shown}");
    // What was left out says so, and nothing proposes it again.
    let report = result(&anna, dataset, "qc.json").await;
    let copy = report["findings"].as_array().expect("findings").iter().find(|finding| finding["kind"] == "duplicate");
    let copies = copy.and_then(|finding| finding["photos"].as_array()).expect("a duplicate");
    let number = copies.iter().find(|photo| photo["leave_out"] == true).map(|photo| photo["number"].clone());
    let number = number.expect("one of them is proposed");
    anna.patch(&format!("/api/v1/datasets/{dataset}/files/{number}"), &json!({ "left_out": true })).await.expect(200);
    let shown = anna.page(&page).await.expect(200).body;
    assert!(shown.contains("Left out") && shown.contains("The dataset has 7 images to process now"), "{shown}");
    // A Reader sees it and changes nothing; a stranger sees no dataset.
    let rita = app.person("Rita").await;
    anna.page(&page).await.expect(200);
    rita.page(&page).await.expect(404);
    app.join(&org, &rita, Role::Reader).await;
    let shown = rita.page(&page).await.expect(200).body;
    assert!(shown.contains("class=\"dot\"") && !shown.contains("Leave out 1"), "{shown}");
});

both!(attack_78_a_result_that_somebody_sent_is_no_survey, async |app| {
    let (anna, org, dataset, _) = world(app, &[]).await;
    let forged = b"{\"photos\": 3, \"findings\": [], \"not_judged\": [\"<script>\"]}";
    let plan = json!({ "side": "output", "files": [{ "path": "qc.json", "bytes": forged.len() }] });
    let plan = anna.post(&format!("/api/v1/datasets/{dataset}/uploads"), &plan).await.expect(200).json();
    let url = plan["items"][0]["upload"]["url"].as_str().expect("an address").to_owned();
    anna.send_bytes(&url, 0, std::str::from_utf8(forged).expect("text")).await.expect(204);
    let page = format!("/o/{}/drive/{dataset}?tab=survey", org.org_id);
    assert!(anna.page(&page).await.expect(200).body.contains("No survey yet"));
});

both!(job_3_the_log_of_a_job_is_text_and_a_stream_that_ends_with_it, async |app| {
    let (anna, _, dataset, _) = world(app, &[]).await;
    open_all(app).await;
    let (id, _) = started(&anna, dataset, "qc-report").await;
    let follow = format!("/api/v1/jobs/{id}/log/events");
    // Whoever follows from before it begins gets every line, and the end.
    let (ran, followed) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            run_all(app).await
        },
        anna.get(&follow)
    );
    assert_eq!(ran, 1);
    let followed = followed.expect(200).body;
    assert!(followed.contains("event: lines") && followed.contains("8 photos."), "{followed}");
    assert_eq!(followed.matches("event: end").count(), 1, "{followed}");
    let text = anna.get(&format!("/api/v1/jobs/{id}/log.txt")).await.expect(200);
    let lines: Vec<&str> = text.body.lines().collect();
    assert_eq!(lines.len(), log(&anna, &id).await.len());
    assert!(lines.iter().all(|line| line.contains("Z INFO    ")), "{}", text.body);
    // What one may not see does not exist.
    let mallory = app.person("Mallory").await;
    for path in [follow, format!("/api/v1/jobs/{id}/log.txt"), format!("/api/v1/jobs/{id}/log")] {
        mallory.get(&path).await.expect(404);
        app.nobody().get(&path).await.expect(401);
    }
});

both!(job_2_who_waited_long_for_a_job_gets_mail_once_and_only_while_they_see_its_dataset, async |app| {
    let (anna, org, dataset, _) = world(app, &[]).await;
    open_all(app).await;
    let ended = async |by: &Person| {
        let mails = app.mail_to(&by.email).await;
        mails.into_iter().filter(|(subject, _)| subject.starts_with("QC report on")).count()
    };
    started(&anna, dataset, "qc-report").await;
    run_all(app).await;
    assert_eq!(ended(&anna).await, 0, "it was quick");
    let (id, _) = started(&anna, dataset, "qc-report").await;
    app.tick(TOLD_AFTER_MILLIS);
    run_all(app).await;
    let mails = app.mail_to(&anna.email).await;
    let (subject, text) = mails.iter().find(|(subject, _)| subject.starts_with("QC report on")).expect("a mail");
    assert_eq!(subject, "QC report on Flight 1 is done");
    assert!(text.contains(&format!("/o/{}/monitor/{id}", org.org_id)), "{text}");
    // Who lost access meanwhile is told nothing.
    let ed = app.person("Ed").await;
    app.join(&org, &ed, Role::Editor).await;
    started(&ed, dataset, "qc-report").await;
    app.tick(TOLD_AFTER_MILLIS);
    let removed = json!({ "people": [ed.id] });
    anna.post(&format!("/api/v1/orgs/{}/people/remove", org.org_id), &removed).await.expect(204);
    run_all(app).await;
    assert_eq!((ended(&ed).await, ended(&anna).await), (0, 1));
    sound(app).await;
});

both!(job_4_lic_2_what_has_no_photos_or_no_positions_is_not_paid_for, async |app| {
    let (anna, org, _, _) = world(app, &[]).await;
    // Images that were only counted are nothing to read.
    let typed = anna.dataset(org.root, "Typed", 50).await;
    let refused = start(&anna, typed, "survey-index").await.expect(422);
    assert!(refused.body.contains("There are no images in this dataset."), "{}", refused.body);
    let plan = anna.post(&format!("/api/v1/datasets/{typed}/jobs?plan=true"), &json!({ "app": "survey-index" })).await;
    assert!(plan.expect(200).body.contains("There are no images in this dataset."));
    // Without any position there is nothing to put on a map, and what it cost is given back.
    let placeless = anna.dataset(org.root, "Placeless", 0).await;
    for shot in flight(&[(0, Planted::NoPosition), (1, Planted::NoPosition)]).into_iter().take(2) {
        anna.upload(placeless, &shot.name, &shot.jpeg).await;
    }
    open_all(app).await;
    let (id, _) = started(&anna, placeless, "survey-index").await;
    assert_eq!(run_all(app).await, 1);
    let failed = show(&anna, &id).await;
    assert_eq!((&failed["state"], &failed["price"]["refunded"]), (&json!("failed"), &json!(true)), "{failed}");
    assert_eq!(failed["failure"]["kind"], "input_error");
    assert!(results(&anna, placeless).await.is_empty());
    sound(app).await;
});
