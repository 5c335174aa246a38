//! Jobs (JOB-2, JOB-3, LIC-2): started with a price, held, paid once, waiting for credits, cancelled, run again, and seen by whom.

use axum::http::Method;
use commonhold::{
    domain::{
        access::Level,
        id::{LicenceId, ResourceId},
        licence::Amount,
        resource::DatasetStatus,
        role::Role,
        transfer::Grantee,
    },
    server::{
        listen,
        usecase::{licence::operator as licences, operator::Operator},
    },
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    apps::{authorize, published},
    engines::Engine,
    files::photo,
};
use crate::{
    both,
    support::{Answer, Org, Person, TestApp, at_once},
};

pub async fn start(by: &Person, dataset: ResourceId, app: &str) -> Answer {
    by.post(&format!("/api/v1/datasets/{dataset}/jobs"), &json!({ "app": app })).await
}

pub async fn started(by: &Person, dataset: ResourceId, app: &str) -> (String, String) {
    let job = start(by, dataset, app).await.expect(201).json();
    let text = |field: &str| job[field].as_str().expect("a text").to_owned();
    (text("id"), text("state"))
}

pub async fn show(by: &Person, job: &str) -> Value {
    by.get(&format!("/api/v1/jobs/{job}")).await.expect(200).json()
}

pub async fn cancel(by: &Person, job: &str) -> Answer {
    by.post(&format!("/api/v1/jobs/{job}/cancel"), &json!({})).await
}

async fn status(app: &TestApp, id: ResourceId) -> DatasetStatus {
    app.stored(id).await.dataset.expect("a dataset").status
}

async fn top_up(app: &TestApp, id: LicenceId, credits: i64) {
    let wanted = Amount { images: 0, projects: 0, credits };
    licences::top_up(app.ctx(), &Operator::command_line(), id, wanted).await.expect("topped up");
}

/// An organization with an app that costs and makes datasets Processed, and a free one.
async fn with_apps(app: &TestApp, name: &str) -> (Person, Org) {
    let anna = app.person("Anna").await;
    let org = anna.create_org(name).await;
    published(&anna, &org, "ortho", "processing", true).await;
    published(&anna, &org, "qc", "free", false).await;
    (anna, org)
}

both!(job_2_lic_2_a_job_is_planned_paid_once_when_queued_and_refunded_once, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let dataset = anna.dataset(org.root, "Flight", 50).await;
    // What costs takes a cloud licence; what is free does not (LIC-6).
    assert!(start(&anna, dataset, "ortho").await.expect(403).body.contains("cloud licence"));
    let licence = app.credits_licence(&org, 30).await;
    let path = format!("/api/v1/datasets/{dataset}/jobs");
    let plan = anna.post(&format!("{path}?plan=true"), &json!({ "app": "ortho" })).await.expect(200).json();
    assert_eq!((&plan["price"]["credits"], &plan["balance"]["credits"]), (&json!(10), &json!(30)));
    assert_eq!((&plan["model"], &plan["missing"]), (&json!("credits"), &json!([])));
    assert_eq!(app.left(licence).await, (0, 0, 30), "nothing was begun");
    // The price is what was agreed to, or nothing begins.
    for most in [json!(9), json!({ "credits": 9 })] {
        let refused = anna.post(&path, &json!({ "app": "ortho", "max_price": most })).await.expect(409);
        assert_eq!(refused.code(), "price_changed");
    }
    let options = json!({ "quality": "high", "tiles": 8 });
    let job = json!({ "app": "ortho", "max_price": plan["price"], "options": options });
    let job = anna.post(&path, &job).await.expect(201).json();
    assert_eq!((&job["state"], &job["price"]["credits"], &job["version"]), (&json!("queued"), &json!(10), &json!(1)));
    assert_eq!(job["options"], json!({ "quality": "high", "tiles": "8", "fast": "true" }));
    assert_eq!(app.left(licence).await, (0, 0, 20));
    assert_eq!(status(app, dataset).await, DatasetStatus::Queued);
    // One at a time, and its images are held; a free one may work beside it.
    assert_eq!(start(&anna, dataset, "ortho").await.expect(409).code(), "conflict");
    anna.patch(&format!("/api/v1/resources/{dataset}/dataset"), &json!({ "images": 1 })).await.expect(422);
    let upload = json!({ "files": [{ "path": "a.jpg", "bytes": 1 }] });
    let held = anna.post(&format!("/api/v1/datasets/{dataset}/uploads"), &upload).await.expect(409);
    assert_eq!(held.code(), "inputs_held");
    assert!(
        licences_refuse(app, dataset).await.contains("A job is processing this dataset"),
        "the operator does not say otherwise meanwhile"
    );
    let (qc, state) = started(&anna, dataset, "qc").await;
    assert_eq!(state, "queued");
    assert_eq!(show(&anna, &qc).await["price"], json!({ "images": 0, "projects": 0, "credits": 0, "refunded": false }));
    app.healthy().await;
    // Cancelled before an engine was at it: it ends at once, and is refunded once.
    let id = job["id"].as_str().expect("an id");
    let ended = cancel(&anna, id).await.expect(200).json();
    assert_eq!((&ended["state"], &ended["price"]["refunded"]), (&json!("cancelled"), &json!(true)));
    assert_eq!(cancel(&anna, id).await.expect(409).code(), "conflict");
    assert_eq!(app.left(licence).await, (0, 0, 30));
    assert_eq!(status(app, dataset).await, DatasetStatus::Draft);
    anna.post(&format!("/api/v1/datasets/{dataset}/uploads"), &upload).await.expect(409);
    cancel(&anna, &qc).await.expect(200);
    anna.post(&format!("/api/v1/datasets/{dataset}/uploads"), &upload).await.expect(200);
    // The same version with the same options again.
    let again = anna.post(&format!("/api/v1/jobs/{id}/again"), &json!({ "max_price": 10 })).await.expect(201).json();
    assert_eq!((&again["options"], &again["state"]), (&job["options"], &json!("queued")));
    let log = anna.audit(&org).await;
    for action in ["job.started", "job.cancelled"] {
        assert!(log.iter().any(|found| found == action), "{action} in {log:?}");
    }
    app.healthy().await;
});

both!(lic_3_job_3_an_entry_of_a_job_names_its_app_and_leads_to_it, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let dataset = anna.dataset(org.root, "Flight", 50).await;
    let licence = app.credits_licence(&org, 30).await;
    let (job, _) = started(&anna, dataset, "ortho").await;
    let at = format!("/api/v1/licences/{licence}/ledger");
    let entries = anna.get(&at).await.expect(200).json();
    let entry = &entries["items"][0];
    assert_eq!((&entry["job"], &entry["app_title"]), (&json!(job), &json!("The ortho")));
    assert_eq!((&entries["items"][1]["job"], &entries["items"][1]["app_title"]), (&Value::Null, &Value::Null));
    let csv = anna.get(&format!("{at}/export")).await.expect(200).body;
    assert!(csv.contains(",resource_name,job,app_title") && csv.contains(&format!(",{job},The ortho")), "{csv}");
    let page = anna.page(&format!("/o/{}/licences/{licence}", org.org_id)).await.expect(200).body;
    assert!(page.contains(&format!("href=\"/o/{}/monitor/{job}\"", org.org_id)) && page.contains("The ortho"));
    app.healthy().await;
});

both!(lic_3_acct_3_the_lender_of_a_licence_learns_no_job_of_the_borrower, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let john = app.person("John").await;
    let tunnel = john.create_org("Tunnel North").await;
    authorize(&anna, "ortho", &tunnel.org_id).await;
    let licence = app.credits_licence(&org, 30).await;
    let loan = json!({ "licence": licence, "sharing_id": "tunnel-north/primary", "until": "2026-11-23" });
    anna.post(&format!("/api/v1/orgs/{}/loans", org.org_id), &loan).await.expect(201);
    let dataset = john.dataset(tunnel.root, "Portal", 50).await;
    let (job, state) = started(&john, dataset, "ortho").await;
    assert_eq!(state, "queued");
    let entry = anna.get(&format!("/api/v1/licences/{licence}/ledger")).await.expect(200).json()["items"][0].clone();
    assert_eq!((&entry["credits"], &entry["job"], &entry["app_title"]), (&json!(-10), &Value::Null, &Value::Null));
    anna.get(&format!("/api/v1/jobs/{job}")).await.expect(404);
    app.healthy().await;
});

/// What the operator is told who would set the status of a dataset.
async fn licences_refuse(app: &TestApp, dataset: ResourceId) -> String {
    let set = commonhold::server::usecase::dataset::set_status(app.ctx(), dataset, DatasetStatus::Processed).await;
    set.map_err(|error| error.to_string()).err().unwrap_or_default()
}

both!(job_2_lic_2_what_cannot_be_paid_waits_and_starts_by_itself, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let licence = app.credits_licence(&org, 5).await;
    let (large, small) = (anna.dataset(org.root, "Large", 500).await, anna.dataset(org.root, "Small", 50).await);
    let (first, state) = started(&anna, large, "ortho").await;
    assert_eq!(state, "waiting_for_credits");
    app.tick(1_000);
    let (second, _) = started(&anna, small, "ortho").await;
    assert_eq!(status(app, small).await, DatasetStatus::WaitingForCredits);
    assert_eq!(app.left(licence).await, (0, 0, 5));
    // What waits holds nothing: with fewer images it can be paid.
    anna.patch(&format!("/api/v1/resources/{small}/dataset"), &json!({ "images": 25 })).await.expect(200);
    assert_eq!(show(&anna, &second).await["state"], "queued");
    assert_eq!((app.left(licence).await, status(app, small).await), ((0, 0, 0), DatasetStatus::Queued));
    top_up(app, licence, 99).await;
    assert_eq!(show(&anna, &first).await["state"], "waiting_for_credits");
    top_up(app, licence, 1).await;
    let paid = show(&anna, &first).await;
    assert_eq!((&paid["state"], &paid["price"]["credits"]), (&json!("queued"), &json!(100)));
    app.healthy().await;
    // What a refund gives back starts what waits.
    let third = anna.dataset(org.root, "Third", 500).await;
    let (third, _) = started(&anna, third, "ortho").await;
    cancel(&anna, &first).await.expect(200);
    assert_eq!(show(&anna, &third).await["state"], "queued");
    // What would cost more than was agreed to goes on waiting, and is cancelled without a refund.
    let grows = anna.dataset(org.root, "Grows", 50).await;
    let body = json!({ "app": "ortho", "max_price": 10 });
    let job = anna.post(&format!("/api/v1/datasets/{grows}/jobs"), &body).await.expect(201).json();
    anna.patch(&format!("/api/v1/resources/{grows}/dataset"), &json!({ "images": 60 })).await.expect(200);
    top_up(app, licence, 1_000).await;
    let id = job["id"].as_str().expect("an id");
    assert_eq!(show(&anna, id).await["state"], "waiting_for_credits");
    let before = app.left(licence).await;
    let ended = cancel(&anna, id).await.expect(200).json();
    assert_eq!((&ended["state"], &ended["price"]["refunded"]), (&json!("cancelled"), &json!(false)));
    assert_eq!((app.left(licence).await, status(app, grows).await), (before, DatasetStatus::Draft));
    app.healthy().await;
});

both!(job_2_lic_2_images_and_projects_pay_what_was_not_charged_yet, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let licence = app.images_licence(&org, 100, 5).await;
    let dataset = anna.dataset(org.root, "Flight", 40).await;
    let (first, _) = started(&anna, dataset, "ortho").await;
    assert_eq!(app.left(licence).await, (60, 4, 0));
    cancel(&anna, &first).await.expect(200);
    assert_eq!(app.left(licence).await, (100, 5, 0));
    // What the operator said was processed is paid for; only what came since is charged.
    app.set_status(dataset, DatasetStatus::Processed).await;
    assert_eq!(app.left(licence).await, (60, 4, 0));
    let (second, _) = started(&anna, dataset, "ortho").await;
    assert_eq!((app.left(licence).await, status(app, dataset).await), ((60, 4, 0), DatasetStatus::Processed));
    // Nothing crosses to another organization while a job is at it (XFER-9).
    let target = anna.create_org("Tunnel North").await;
    app.images_licence(&target, 100, 5).await;
    assert_eq!(anna.plan(&[dataset], target.root).await.expect(200).blockers(), ["not_processed"]);
    cancel(&anna, &second).await.expect(200);
    anna.patch(&format!("/api/v1/resources/{dataset}/dataset"), &json!({ "images": 55 })).await.expect(200);
    let (third, _) = started(&anna, dataset, "ortho").await;
    assert_eq!(app.left(licence).await, (45, 4, 0));
    cancel(&anna, &third).await.expect(200);
    assert_eq!(app.left(licence).await, (60, 4, 0), "the project stays paid");
    app.healthy().await;
    // What is transferred is what was charged: images that came since are not paid for by moving them.
    anna.transfer(&[dataset], target.root).await.expect(201);
    assert_eq!(app.left(licence).await, (100, 5, 0));
    let (fourth, _) = started(&anna, dataset, "ortho").await;
    assert_eq!(show(&anna, &fourth).await["price"]["images"], 15);
    app.healthy().await;
});

both!(job_1_job_3_job_5_who_may_start_what_and_sees_what_it_cost, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let (rolf, mary, eve) = (app.person("Rolf").await, app.person("Mary").await, app.person("Eve").await);
    let guests = eve.create_org("Guests").await;
    app.team_licence(&org).await;
    for (person, role) in [(&rolf, Role::Reader), (&mary, Role::Member)] {
        app.join(&org, person, role).await;
    }
    let dataset = anna.dataset(org.root, "Flight", 50).await;
    for person in [&mary, &eve] {
        app.give(dataset, Grantee::Person(person.id), Level::Editor, false).await;
    }
    for slug in ["ortho", "qc"] {
        authorize(&anna, slug, &guests.org_id).await;
    }
    // A Reader does not process; Members and people from outside do not start what costs.
    start(&rolf, dataset, "qc").await.expect(403);
    assert!(start(&mary, dataset, "ortho").await.expect(403).body.contains("does not include billable activity"));
    assert!(start(&eve, dataset, "ortho").await.expect(403).body.contains("Only people of the organization that pays"));
    // Who manages people says otherwise, and what they do not say stays.
    let caps = format!("/api/v1/orgs/{}/people/{}/caps", org.org_id, mary.id);
    let before = anna.get(&caps).await.expect(200).json();
    assert_eq!(before, json!({ "level": "editor", "apps": true, "billable": false }));
    for somebody in [&mary, &rolf] {
        somebody.patch(&caps, &json!({ "billable": true })).await.expect(403);
    }
    eve.patch(&caps, &json!({ "billable": true })).await.expect(404);
    anna.patch(&caps, &json!({ "apps": false })).await.expect(200);
    let refused = start(&mary, dataset, "qc").await.expect(403);
    assert!(refused.code() == "app_not_authorized" && refused.body.contains("does not include the use of apps"));
    let after = anna.patch(&caps, &json!({ "apps": true, "billable": true })).await.expect(200).json();
    assert_eq!(after, json!({ "level": "editor", "apps": true, "billable": true }));
    let (job, _) = started(&mary, dataset, "ortho").await;
    let (free, _) = started(&eve, dataset, "qc").await;
    // The price is for the people of the organization that pays, on every door (JOB-3).
    for person in [&anna, &rolf, &mary] {
        assert_eq!(show(person, &job).await["price"]["images"], 50, "{}", person.name);
    }
    for shown in [show(&eve, &job).await, show(&eve, &free).await] {
        assert_eq!(shown.get("price"), None, "{shown}");
    }
    let plan =
        eve.post(&format!("/api/v1/datasets/{dataset}/jobs?plan=true"), &json!({ "app": "qc" })).await.expect(200);
    assert!(!plan.body.contains("price\":") && !plan.body.contains("balance"), "{}", plan.body);
    let jobs = format!("/api/v1/orgs/{}/jobs", org.org_id);
    for (person, count, sees) in [(&anna, 2, true), (&rolf, 2, true), (&eve, 1, false)] {
        let file = person.get(&format!("{jobs}/export")).await.expect(200);
        let header = file.body.lines().next().unwrap_or_default();
        assert_eq!((file.body.lines().count(), header.contains("price_images")), (count + 1, sees), "{}", file.body);
        assert_eq!(header.split(',').count(), if sees { 21 } else { 17 });
        let list = person.get(&format!("{jobs}/export?format=json&state=queued")).await.expect(200).json();
        let list = list.as_array().expect("a list");
        assert!(list.len() == count && list.iter().all(|job| job.get("price").is_some() == sees), "{list:?}");
        assert_eq!((file.header("x-truncated"), file.header("x-row-limit")), ("false", "100000"));
    }
    let own = anna.get(&format!("{jobs}/export?app=ortho")).await.expect(200).body;
    assert!(own.lines().nth(1).is_some_and(|line| line.ends_with("50,1,0,false")), "{own}");
    for (asked, status) in [("format=pdf", 422), ("state=late", 422), ("app=none", 200)] {
        anna.get(&format!("{jobs}/export?{asked}")).await.expect(status);
    }
    app.person("Nobody").await.get(&format!("{jobs}/export")).await.expect(404);
    let ids = |answer: &Value| -> Vec<String> {
        let items = answer["items"].as_array().expect("items");
        items.iter().filter_map(|job| job["id"].as_str().map(str::to_owned)).collect()
    };
    let all = anna.get(&jobs).await.expect(200).json();
    assert_eq!(ids(&all).len(), 2);
    assert_eq!(ids(&rolf.get(&jobs).await.expect(200).json()).len(), 2);
    assert_eq!(ids(&mary.get(&jobs).await.expect(200).json()), std::slice::from_ref(&job));
    let outside = eve.get(&jobs).await.expect(200);
    assert_eq!(ids(&outside.json()), std::slice::from_ref(&free));
    assert!(!outside.body.contains("price"), "{}", outside.body);
    app.person("Stranger").await.get(&jobs).await.expect(404);
    // Filters and pages.
    for (query, expected) in [
        (format!("app=qc&person={}", eve.id), vec![free.clone()]),
        ("state=queued".to_owned(), ids(&all)),
        ("state=done".to_owned(), vec![]),
        ("app=ortho&state=queued".to_owned(), vec![job.clone()]),
        ("from=2026-11-21".to_owned(), ids(&all)),
        ("from=2026-11-22".to_owned(), vec![]),
        ("person=me".to_owned(), vec![]),
        ("to=2026-11-21".to_owned(), ids(&all)),
        ("to=2026-11-20".to_owned(), vec![]),
        ("from=2026-11-21&to=2026-11-21&limit=2".to_owned(), ids(&all)),
        (format!("dataset={dataset}&app=qc"), vec![free.clone()]),
        (format!("dataset={}", org.root), vec![]),
    ] {
        assert_eq!(ids(&anna.get(&format!("{jobs}?{query}")).await.expect(200).json()), expected, "{query}");
    }
    for (query, field) in
        [("state=gone", "state"), ("person=x", "person"), ("from=x", "from"), ("to=x", "to"), ("dataset=x", "dataset")]
    {
        assert_eq!(anna.get(&format!("{jobs}?{query}")).await.expect(422).fields(), [field]);
    }
    // Of an app that there is not are no jobs, as of one that nobody may know of.
    assert_eq!(anna.get(&format!("{jobs}?app=none")).await.expect(200).json()["items"], json!([]));
    let page = anna.get(&format!("{jobs}?limit=1")).await.expect(200).json();
    let next = page["next_cursor"].as_str().expect("a cursor");
    let rest = anna.get(&format!("{jobs}?limit=1&cursor={next}")).await.expect(200).json();
    assert_eq!([ids(&page), ids(&rest)].concat(), ids(&all));
    let narrow = format!("{jobs}?limit=1&to=2026-11-21&dataset={dataset}");
    let page = anna.get(&narrow).await.expect(200).json();
    let next = page["next_cursor"].as_str().expect("a cursor");
    let rest = anna.get(&format!("{narrow}&cursor={next}")).await.expect(200).json();
    assert_eq!([ids(&page), ids(&rest)].concat(), ids(&all));
    assert_eq!(ids(&eve.get(&format!("/api/v1/datasets/{dataset}/jobs")).await.expect(200).json()).len(), 2);
    // Who loses access sees nothing of it any more.
    app.corrupt("DELETE FROM access_grant").await;
    eve.get(&format!("/api/v1/jobs/{free}")).await.expect(404);
    eve.get(&jobs).await.expect(404);
    cancel(&rolf, &job).await.expect(403);
    app.healthy().await;
});

both!(job_2_what_is_deleted_for_good_ends_its_jobs_and_what_is_in_the_trash_waits, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let licence = app.credits_licence(&org, 30).await;
    let folder = anna.folder(org.root, "Flights").await;
    let dataset = anna.dataset(folder, "Flight", 50).await;
    let (job, _) = started(&anna, dataset, "ortho").await;
    anna.trash(folder).await.expect(204);
    assert_eq!(show(&anna, &job).await["state"], "queued");
    start(&anna, dataset, "qc").await.expect(404);
    anna.restore(folder).await.expect(200);
    anna.trash(folder).await.expect(204);
    anna.delete_for_good(folder).await.expect(204);
    let ended = show(&anna, &job).await;
    assert_eq!((&ended["state"], &ended["price"]["refunded"]), (&json!("cancelled"), &json!(true)));
    assert_eq!(app.left(licence).await, (0, 0, 30));
    assert_eq!(cancel(&anna, &job).await.expect(409).code(), "conflict");
    app.healthy().await;
});

both!(job_2_lic_2_started_and_cancelled_by_many_at_once_the_books_are_right, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let licence = app.credits_licence(&org, 35).await;
    let dataset = anna.dataset(org.root, "Flight", 50).await;
    let others = [anna.dataset(org.root, "A", 50).await, anna.dataset(org.root, "B", 50).await];
    let mut tasks: Vec<futures::future::BoxFuture<'static, u16>> = Vec::new();
    for id in [dataset, dataset, dataset, others[0], others[1]] {
        let anna = anna.clone();
        tasks.push(Box::pin(async move { start(&anna, id, "ortho").await.status }));
    }
    let answers = at_once(tasks).await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 3, "{answers:?}");
    assert_eq!(app.left(licence).await, (0, 0, 5));
    app.healthy().await;
    let list = anna.get(&format!("/api/v1/datasets/{dataset}/jobs")).await.expect(200).json();
    let job = list["items"][0]["id"].as_str().expect("an id").to_owned();
    let mut tasks: Vec<futures::future::BoxFuture<'static, u16>> = Vec::new();
    for _ in 0..5 {
        let (anna, job) = (anna.clone(), job.clone());
        tasks.push(Box::pin(async move { cancel(&anna, &job).await.status }));
    }
    let answers = at_once(tasks).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert_eq!(app.left(licence).await, (0, 0, 15));
    app.healthy().await;
});

both!(job_5_what_an_organization_was_given_reaches_each_of_its_people_up_to_their_cap, async |app| {
    let (anna, eve, mary) = (app.person("Anna").await, app.person("Eve").await, app.person("Mary").await);
    let (org, guests) = (anna.create_org("Alpine Survey").await, eve.create_org("Guests").await);
    app.team_licence(&guests).await;
    app.join(&guests, &mary, Role::Member).await;
    let folder = anna.folder(org.root, "Shared").await;
    app.give(folder, Grantee::Organization(guests.id), Level::Editor, false).await;
    let level = async |by: &Person| by.show(folder).await.expect(200).json()["level"].clone();
    let caps = format!("/api/v1/orgs/{}/people/{}/caps", guests.org_id, mary.id);
    for (cap, expected) in [("manager", "editor"), ("uploader", "uploader"), ("reader", "reader"), ("editor", "editor")]
    {
        eve.patch(&caps, &json!({ "level": cap })).await.expect(200);
        assert_eq!((level(&mary).await, level(&eve).await), (json!(expected), json!("editor")), "{cap}");
    }
    eve.patch(&caps, &json!({ "level": "reader" })).await.expect(200);
    mary.rename(folder, "Mine").await.expect(403);
    eve.rename(folder, "Ours").await.expect(200);
    // Why she sees it says what reaches her; what she was given herself is hers, and a new role takes the cap away.
    let why = anna.get(&format!("/api/v1/resources/{folder}/access/{}", mary.id)).await.expect(200).json();
    assert_eq!((&why["level"], &why["reasons"][0]["level"]), (&json!("reader"), &json!("reader")));
    app.give(folder, Grantee::Person(mary.id), Level::Uploader, false).await;
    assert_eq!(level(&mary).await, "uploader");
    eve.change_role(&guests, mary.id, "reader").await.expect(200);
    assert_eq!(level(&mary).await, "editor");
    // Owners have no limits, and a wrong one is told at its field.
    let own = format!("/api/v1/orgs/{}/people/{}/caps", guests.org_id, eve.id);
    eve.patch(&own, &json!({ "apps": false })).await.expect(422);
    assert_eq!(eve.patch(&caps, &json!({ "level": "owner" })).await.expect(422).fields(), ["level"]);
    assert_eq!(eve.patch(&caps, &json!({})).await.expect(422).fields(), ["level"]);
    eve.get(&format!("/api/v1/orgs/{}/people/{}/caps", guests.org_id, anna.id)).await.expect(404);
    assert!(eve.audit(&guests).await.iter().any(|action| action == "person.capped"));
    app.healthy().await;
});

both!(attack_79_nobody_gets_around_the_limits_of_their_membership, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let max = app.person("Max").await;
    app.join(&org, &max, Role::Manager).await;
    let caps = format!("/api/v1/orgs/{}/people/{}/caps", org.org_id, max.id);
    let keys = format!("/api/v1/orgs/{}/keys", org.org_id);
    let key = json!({ "name": "Farm", "scopes": ["read", "write"] });
    let own = max.patch(&caps, &json!({ "apps": true })).await.expect(403);
    assert!(own.body.contains("Ask another Owner or Manager."), "{}", own.body);
    max.post(&keys, &key).await.expect(201);
    anna.patch(&caps, &json!({ "apps": false, "billable": false })).await.expect(200);
    max.patch(&caps, &json!({ "apps": true, "billable": true })).await.expect(403);
    let refused = max.post(&keys, &key).await.expect(403);
    assert!(refused.body.contains("Ask an Owner to create it."), "{}", refused.body);
    let put = async |user: &str| max.call(Method::PUT, &format!("/api/v1/apps/qc/users/{user}"), None, &[]).await;
    assert!(put(&max.id.to_string()).await.expect(422).body.contains("You cannot name yourself."));
    // Nobody finds out by guessing Org IDs who has a personal space.
    let ada = app.person("Ada").await;
    let me = ada.get("/api/v1/me").await.expect(200).json();
    let space = me["space"]["org_id"].as_str().expect("a personal space").to_owned();
    put(&space).await.expect(404);
    put(&ada.id.to_string()).await.expect(204);
});

both!(job_2_job_5_a_running_job_that_cost_is_cancelled_by_who_may_spend_or_who_started_it, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let (mary, eve) = (app.person("Mary").await, app.person("Eve").await);
    app.team_licence(&org).await;
    app.join(&org, &mary, Role::Manager).await;
    let dataset = anna.dataset(org.root, "Flight", 50).await;
    app.give(dataset, Grantee::Person(eve.id), Level::Editor, false).await;
    let engine = Engine::new(app, &anna, &org, "Farm", &["engine"]).await;
    let (id, _) = started(&anna, dataset, "ortho").await;
    let held = engine.claim("ortho").await.expect("a job");
    let refused = cancel(&eve, &id).await.expect(403);
    assert!(refused.body.contains("what was paid for it is not given back") && refused.body.contains("ask an Owner"));
    assert_eq!(show(&anna, &id).await["state"], "running");
    cancel(&mary, &id).await.expect(200);
    held.complete().await.expect(200);
    assert_eq!(show(&anna, &id).await["state"], "cancelled");
    // Before an engine is at it, all is given back.
    let (id, _) = started(&anna, dataset, "ortho").await;
    cancel(&eve, &id).await.expect(200);
    app.healthy().await;
});

both!(job_1_only_an_app_that_costs_makes_datasets_processed_and_a_draft_is_told_to_nobody, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    let (rolf, eve) = (app.person("Rolf").await, app.person("Eve").await);
    app.join(&org, &rolf, Role::Editor).await;
    let apps = format!("/api/v1/orgs/{}/apps", org.org_id);
    let free = json!({ "slug": "gift", "title": "Gift", "price": "free", "makes_processed": true });
    let refused = anna.post(&apps, &free).await.expect(422);
    assert_eq!(refused.fields(), ["makes_processed"]);
    assert!(refused.body.contains("Only an app that costs what processing costs can make a dataset Processed."));
    let draft = json!({ "slug": "draft", "title": "Draft", "price": "free" });
    anna.post(&apps, &draft).await.expect(201);
    // A draft answers as what there is not, to strangers and to those of its publisher who publish nothing.
    let own = eve.create_org("Guests").await;
    let dataset = eve.dataset(own.root, "Flight", 5).await;
    let change = json!({ "title": "Mine" });
    for slug in ["draft", "none"] {
        rolf.patch(&format!("/api/v1/apps/{slug}"), &change).await.expect(404);
        eve.patch(&format!("/api/v1/apps/{slug}"), &change).await.expect(404);
        assert_eq!(start(&eve, dataset, slug).await.expect(422).fields(), ["app"], "{slug}");
        let listed = eve.get(&format!("/api/v1/orgs/{}/jobs?app={slug}", own.org_id)).await.expect(200).json();
        assert_eq!(listed["items"], json!([]), "{slug}");
    }
});

both!(job_2_file_1_held_images_keep_their_names_and_results_do_not, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    app.team_licence(&org).await;
    let dataset = anna.dataset(org.root, "Flight", 0).await;
    let number = anna.upload(dataset, "a.jpg", &photo("a", 100)).await;
    started(&anna, dataset, "ortho").await;
    let at = format!("/api/v1/datasets/{dataset}/files/{number}");
    let held = anna.patch(&at, &json!({ "path": "other.jpg" })).await.expect(409);
    assert_eq!(held.code(), "inputs_held");
    assert!(held.body.contains("Wait until it has ended, or cancel it."), "{}", held.body);
});

both!(job_3_the_command_line_lists_jobs_as_the_key_sees_them, async |app| {
    let (anna, org) = with_apps(app, "Alpine Survey").await;
    app.team_licence(&org).await;
    let dataset = anna.dataset(org.root, "Flight", 50).await;
    started(&anna, dataset, "ortho").await;
    let body = json!({ "name": "Reports", "scopes": ["read"] });
    let key = anna.post(&format!("/api/v1/orgs/{}/keys", org.org_id), &body).await.expect(201).json();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(listen::serve(listener, app.router(), listen::HEADER_TIMEOUT, std::future::pending()));
    let list = async |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_commonhold"));
        command.args(["job", "list", "--server", &address, "--org", &org.org_id]).args(more);
        command.args(["--client-id", key["client_id"].as_str().expect("an id")]);
        command.env("COMMONHOLD_CLIENT_SECRET", key["client_secret"].as_str().expect("a secret"));
        let ended = tokio::task::spawn_blocking(move || command.output().expect("it ends")).await.expect("well");
        (String::from_utf8_lossy(&ended.stdout).into_owned(), String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    let (listed, said) = list(&[]).await;
    let fields: Vec<&str> = listed.trim_end().split('\t').collect();
    assert_eq!(fields.get(1..4), Some(["queued", "ortho 1", "Flight"].as_slice()), "{listed} {said}");
    assert_eq!(fields.get(6..), Some(["-", "50 images, 1 project"].as_slice()), "{listed} {said}");
    assert_eq!(list(&["--state", "done"]).await.0, "");
    assert!(list(&["--state", "late"]).await.1.contains("use one of waiting_for_credits"));
    let refused = list(&["--from", "late"]).await.1;
    assert!(refused.contains("from: Enter a day like 2026-11-21"), "{refused}");
    assert!(list(&["--org", "none"]).await.1.contains("cannot be used multiple times"));
});
