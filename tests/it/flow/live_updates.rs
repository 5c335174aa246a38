//! What others change appears while one looks: streams of changes, on one node and across two (attack 34).

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    http::{Request, header},
};
use commonhold::{
    domain::{access::Level, id::ResourceId, role::Role, transfer::Grantee},
    server::{
        context::{Clock, Ctx},
        limit::RateLimiter,
        password::Hasher,
        store::{Db, Synchronous},
        usecase,
    },
};
use futures::StreamExt;
use serde_json::json;
use tower::ServiceExt;

use super::{apps::published, engines::Engine};
use crate::{
    both,
    support::{Person, TestApp},
};

/// A stream that is open, or how it was refused.
struct Events {
    status: u16,
    body: BodyDataStream,
    read: String,
    is_sqlite: bool,
}

/// Less than the ten seconds after which a stream looks by itself, and time enough where little else gets done.
const TOLD: Duration = Duration::from_secs(8);

impl Events {
    async fn open(app: &TestApp, person: &Person, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = Request::builder().uri(path).header(header::ACCEPT, "text/event-stream");
        if let Some(cookie) = person.cookie() {
            request = request.header(header::COOKIE, cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // As browsers do: what is sent at once must not wait for a compressor.
        let request = request.header(header::ACCEPT_ENCODING, "gzip, br").body(Body::empty()).expect("a request");
        let response = app.router().oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        if status == 200 {
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
            assert!(response.headers().get(header::CONTENT_ENCODING).is_none());
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        }
        let (body, is_sqlite) = (response.into_body().into_data_stream(), app.db().is_sqlite());
        let mut events = Self { status, body, read: String::new(), is_sqlite };
        if status == 200 {
            events.until("watching").await.expect("it begins");
        }
        events
    }

    async fn resource(app: &TestApp, person: &Person, resource: ResourceId) -> Self {
        Self::open(app, person, &format!("/api/v1/resources/{resource}/events"), &[]).await
    }

    /// Reads until a text comes; what else came before it, or `None` where the stream ended.
    async fn until(&mut self, text: &str) -> Option<String> {
        while !self.read.contains(text) {
            let piece = self.body.next().await?.expect("a piece");
            self.read.push_str(&String::from_utf8_lossy(&piece));
        }
        Some(std::mem::take(&mut self.read))
    }

    /// Whether a change is told without looking for it.
    async fn changed(&mut self) -> bool {
        let told = tokio::time::timeout(TOLD, self.until("event: changed"));
        told.await.is_ok_and(|told| told.is_some())
    }

    /// Nothing is told for a while.
    async fn quiet(&mut self) {
        let told = tokio::time::timeout(Duration::from_millis(400), self.until("event: changed")).await;
        assert!(told.is_err(), "something was told: {told:?}");
    }

    /// It has ended, or ends without looking.
    async fn ended(&mut self) {
        let told = tokio::time::timeout(TOLD, self.until("event: changed")).await;
        assert!(matches!(told, Ok(None)), "{told:?}");
    }

    /// Lets what was told so far go by, and what PostgreSQL says at the beginning: that anything may have changed. That comes once,
    /// and later where little else gets done.
    async fn settle(&mut self) {
        let patience = Duration::from_millis(if self.is_sqlite { 700 } else { 3_000 });
        while let Ok(Some(_)) = tokio::time::timeout(patience, self.until("event: changed")).await {}
    }
}

both!(drive_live_what_one_changes_another_is_told_at_once, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Reader).await;
    let (from, to) = (anna.folder(org.root, "From").await, anna.folder(org.root, "To").await);
    let mut in_from = Events::resource(app, &john, from).await;
    in_from.settle().await;
    let mut in_to = Events::resource(app, &john, to).await;
    let mut in_root = Events::resource(app, &john, org.root).await;
    // Something new; a name; a place; how far it has come; access; a restriction.
    let item = anna.dataset(from, "Flight", 1).await;
    assert!(in_from.changed().await, "created");
    in_to.quiet().await;
    anna.rename(item, "Flight 2").await.expect(200);
    assert!(in_from.changed().await, "renamed");
    anna.transfer(&[item], to).await.expect(201);
    assert!(in_from.changed().await && in_to.changed().await, "moved: both are told");
    app.images_licence(&org, 100, 10).await;
    app.set_status(item, commonhold::domain::resource::DatasetStatus::Processed).await;
    assert!(in_to.changed().await, "processed");
    app.give(item, Grantee::Person(john.id), Level::Editor, false).await;
    assert!(in_to.changed().await, "given");
    in_from.settle().await;
    in_root.settle().await;
    let path = format!("/api/v1/resources/{to}/restrictions");
    anna.call(axum::http::Method::PUT, &path, Some(&json!({ "copy": true })), &[]).await.expect(200);
    assert!(in_to.changed().await && in_root.changed().await, "restricted: the folder and what it is in");
    in_from.quiet().await;
    // Nothing is told of what was refused.
    anna.rename(item, "").await.expect(422);
    john.rename(to, "No").await.expect(403);
    in_to.quiet().await;
    in_root.quiet().await;
});

both!(job_3_live_people_of_an_organization_are_told_of_its_jobs_and_nobody_else, async |app| {
    let (anna, john, eve) = (app.person("Anna").await, app.person("John").await, app.person("Eve").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Reader).await;
    published(&anna, &org, "qc", "free", false).await;
    let engine = Engine::new(app, &anna, &org, "Farm", &["engine"]).await;
    let dataset = anna.dataset(org.root, "Flight", 3).await;
    app.give(dataset, Grantee::Person(eve.id), Level::Editor, false).await;
    let watched = format!("/api/v1/resources/{}/events", org.id);
    // Who reaches something in it only is told by the dataset.
    assert_eq!(Events::open(app, &eve, &watched, &[]).await.status, 404);
    let mut jobs = Events::open(app, &john, &watched, &[]).await;
    let mut on_dataset = Events::resource(app, &eve, dataset).await;
    jobs.settle().await;
    on_dataset.settle().await;
    let path = format!("/api/v1/datasets/{dataset}/jobs");
    anna.post(&path, &json!({ "app": "qc" })).await.expect(201);
    assert!(jobs.changed().await && on_dataset.changed().await, "started");
    let held = engine.claim("qc").await.expect("a job");
    assert!(jobs.changed().await && on_dataset.changed().await, "taken");
    held.say("heartbeat", json!({ "progress": 310 })).await.expect(200);
    assert!(jobs.changed().await && on_dataset.changed().await, "further");
    held.say("log", json!({ "first": 1, "lines": [{ "text": "counting" }] })).await.expect(200);
    assert!(jobs.changed().await && on_dataset.changed().await, "said");
    held.complete().await.expect(200);
    assert!(jobs.changed().await && on_dataset.changed().await, "done");
    jobs.settle().await;
    anna.rename(dataset, "Flight 2").await.expect(200);
    jobs.quiet().await;
});

both!(view_3_live_a_drawing_is_told_to_who_looks_at_the_dataset_within_a_second, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Reader).await;
    let (dataset, other) = (anna.dataset(org.root, "Flight", 1).await, anna.dataset(org.root, "Other", 1).await);
    let mut looks = Events::resource(app, &john, dataset).await;
    looks.settle().await;
    let mut elsewhere = Events::resource(app, &john, other).await;
    let mut above = Events::resource(app, &john, org.root).await;
    elsewhere.settle().await;
    above.settle().await;
    let path = format!("/api/v1/datasets/{dataset}/annotations");
    let point = json!({ "kind": "point", "coordinates": [[8.5, 46.6]] });
    let began = std::time::Instant::now();
    let added = anna.post(&path, &point).await.expect(201);
    assert!(looks.changed().await, "added");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let one = format!("{path}/1");
    let moved = json!({ "coordinates": [[8.6, 46.6]] });
    anna.call(axum::http::Method::PUT, &one, Some(&moved), &[]).await.expect(200);
    assert!(looks.changed().await, "changed");
    anna.delete(&one).await.expect(204);
    assert!(looks.changed().await, "deleted");
    anna.post(&format!("{path}/import"), &json!({ "type": "Point", "coordinates": [8.5, 46.6] })).await.expect(201);
    assert!(looks.changed().await, "imported");
    // What is refused, or taken back in vain, is told to nobody; nor is anything to who looks elsewhere.
    john.post(&path, &point).await.expect(403);
    anna.post("/api/v1/undo", &json!({ "token": added.header("undo-token") })).await.expect(409);
    looks.quiet().await;
    elsewhere.quiet().await;
    above.quiet().await;
});

both!(drive_live_a_transfer_is_told_on_both_sides, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.images_licence(&org, 100, 10).await;
    app.images_licence(&target, 100, 10).await;
    app.join(&org, &john, Role::Reader).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let mut source = Events::resource(app, &john, org.root).await;
    source.settle().await;
    let mut there = Events::resource(app, &anna, target.root).await;
    let mut inside = Events::resource(app, &john, folder).await;
    anna.transfer(&[folder], target.root).await.expect(201);
    assert!(source.changed().await && there.changed().await);
    inside.ended().await;
});

both!(drive_live_access_3_nobody_is_told_of_what_they_cannot_see, async |app| {
    let (anna, john, eve) = (app.person("Anna").await, app.person("John").await, app.person("Eve").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Member).await;
    let (secret, shared) = (anna.folder(org.root, "Secret").await, anna.folder(org.root, "Shared").await);
    app.give(shared, Grantee::Person(john.id), Level::Reader, false).await;
    for (person, resource) in [(&john, secret), (&john, org.root), (&eve, shared), (&eve, org.root)] {
        assert_eq!(Events::resource(app, person, resource).await.status, 404);
    }
    assert_eq!(Events::resource(app, &app.nobody(), shared).await.status, 401);
    assert_eq!(Events::open(app, &anna, "/api/v1/resources/nonsense/events", &[]).await.status, 404);
    let mut seen = Events::resource(app, &john, shared).await;
    seen.settle().await;
    anna.folder(secret, "Plans").await;
    anna.rename(secret, "Secret plans").await.expect(200);
    seen.quiet().await;
    anna.folder(shared, "For John").await;
    assert!(seen.changed().await);
    // What is shared with somebody is told to them alone.
    let mut mine = Events::open(app, &john, "/api/v1/me/events", &[]).await;
    let mut others = Events::open(app, &eve, "/api/v1/me/events", &[]).await;
    app.give(secret, Grantee::Person(john.id), Level::Reader, false).await;
    assert!(mine.changed().await);
    others.quiet().await;
});

both!(drive_live_one_stream_tells_of_several_and_goes_on_when_one_of_them_is_gone, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Member).await;
    let (one, two, secret) =
        (anna.folder(org.root, "One").await, anna.folder(org.root, "Two").await, anna.folder(org.root, "Secret").await);
    let grants = [one, two];
    for folder in grants {
        app.give(folder, Grantee::Person(john.id), Level::Reader, false).await;
    }
    let path = format!("/api/v1/me/events?resource={one}&resource={two}&resource={secret}");
    let mut all = Events::open(app, &john, &path, &[]).await;
    let gone = all.until(&format!("data: {secret}")).await.expect("what he cannot see is gone from the start");
    assert!(gone.contains("event: gone") && !gone.contains("event: changed"), "{gone}");
    all.settle().await;
    let told = async |all: &mut Events, what: String| {
        let told = tokio::time::timeout(Duration::from_secs(2), all.until(&format!("data: {what}"))).await;
        told.ok().flatten().expect("it is told")
    };
    anna.folder(one, "Inside").await;
    let first = told(&mut all, one.to_string()).await;
    assert!(!first.contains(&two.to_string()), "only what changed: {first}");
    anna.folder(two, "Inside").await;
    told(&mut all, two.to_string()).await;
    anna.folder(secret, "Inside").await;
    all.quiet().await;
    // One of them is taken away: that is told, and the other goes on.
    let taken = anna.get(&format!("/api/v1/resources/{one}/access")).await.expect(200).json();
    let grant = taken["items"].as_array().expect("a list").iter().find(|item| item["source"] == "direct");
    let grant = grant.and_then(|item| item["grant"].as_str()).expect("his grant").to_owned();
    anna.delete(&format!("/api/v1/resources/{one}/grants/{grant}")).await.expect(204);
    told(&mut all, one.to_string()).await;
    all.settle().await;
    anna.folder(two, "More").await;
    told(&mut all, two.to_string()).await;
    anna.folder(one, "More").await;
    all.quiet().await;
    // Too many, and nonsense.
    let many = (0..65).map(|_| format!("resource={one}")).collect::<Vec<_>>().join("&");
    assert_eq!(Events::open(app, &john, &format!("/api/v1/me/events?{many}"), &[]).await.status, 422);
    assert_eq!(Events::open(app, &john, "/api/v1/me/events?resource=nonsense", &[]).await.status, 404);
    // It ends with the session.
    let elsewhere = john.elsewhere().await;
    let mut there = Events::open(app, &elsewhere, &path, &[]).await;
    there.settle().await;
    elsewhere.delete("/api/v1/session").await.expect(204);
    anna.folder(two, "Last").await;
    there.ended().await;
});

both!(drive_live_whoever_is_removed_or_signed_out_is_told_nothing_more, async |app| {
    let (anna, john, jane) = (app.person("Anna").await, app.person("John").await, app.person("Jane").await);
    let org = anna.create_org("Alpine Survey").await;
    for person in [&john, &jane] {
        app.join(&org, person, Role::Editor).await;
    }
    let mut johns = Events::resource(app, &john, org.root).await;
    johns.settle().await;
    let mut janes = Events::resource(app, &jane, org.root).await;
    anna.remove(&org, &[john.id]).await.expect(204);
    johns.ended().await;
    assert_eq!(Events::resource(app, &john, org.root).await.status, 404);
    // Signed out: at the next change at the latest.
    let elsewhere = jane.elsewhere().await;
    let mut there = Events::resource(app, &elsewhere, org.root).await;
    elsewhere.delete("/api/v1/session").await.expect(204);
    anna.folder(org.root, "New").await;
    there.ended().await;
    assert!(janes.changed().await, "her other session goes on");
    assert_eq!(app.ctx().live().count(), 1);
});

both!(attack_34_streams_are_same_origin_and_limited_in_number, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let path = format!("/api/v1/resources/{}/events", org.root);
    for (headers, status) in [
        ([("origin", "https://evil.example")].as_slice(), 403),
        (&[("origin", "null")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("origin", "https://localhost:3000.evil.example"), ("host", "localhost:3000")], 403),
        (&[("sec-fetch-site", "same-origin")], 200),
        (&[("origin", "http://localhost:3000")], 200),
    ] {
        assert_eq!(Events::open(app, &anna, &path, headers).await.status, status, "{headers:?}");
    }
    assert_eq!(app.ctx().live().count(), 0, "what is dropped gives its place back");
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(Events::open(app, &anna, &path, &[]).await);
    }
    assert!(open.iter().all(|events| events.status == 200));
    assert_eq!(Events::open(app, &anna, &path, &[]).await.status, 429);
    open.pop();
    assert_eq!(Events::open(app, &anna, &path, &[]).await.status, 200);
    // Whoever comes back is told that something may have been missed.
    open.clear();
    assert!(Events::open(app, &anna, &path, &[("last-event-id", "1")]).await.changed().await);
    // When the node stops, every stream ends.
    let mut last = Events::open(app, &anna, &path, &[]).await;
    last.settle().await;
    app.ctx().live().stop();
    last.ended().await;
});

/// A second node on the database of the first.
async fn second_node(url: &str) -> Ctx {
    let db = Db::open(url, Synchronous::Normal, false).await.expect("the database opens");
    let millis = Arc::new(std::sync::atomic::AtomicI64::new(crate::support::BEGINNING));
    let clock = Clock::Test { millis, step: Arc::default() };
    Ctx::new(db, clock, Hasher::quick().expect("parameters"), RateLimiter::new(true), "http://localhost:3000")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn drive_live_what_happens_on_one_node_is_told_on_the_other() {
    let Some(app) = TestApp::postgres().await else { return };
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Reader).await;
    let node = second_node(&app.database_url().expect("PostgreSQL")).await;
    let by = commonhold::server::context::Principal {
        person: john.id,
        name: john.name.clone(),
        email_key: john.email.clone(),
        address: None,
        session: None,
        key: None,
    };
    let root = org.root.to_string();
    let mut there = usecase::live::watch(&node, &by, None, Some(&root), false).await.expect("he sees it");
    let mut here = Events::resource(&app, &john, org.root).await;
    here.settle().await;
    drop(tokio::time::timeout(Duration::from_secs(3), there.next()).await);
    for name in ["First", "Second"] {
        anna.folder(org.root, name).await;
        let told = tokio::time::timeout(TOLD, there.next()).await;
        assert!(matches!(told, Ok(Some(usecase::live::LiveEvent::Changed(_)))), "{name}: {told:?}");
        assert!(here.changed().await, "{name}");
    }
    anna.remove(&org, &[john.id]).await.expect(204);
    let told = tokio::time::timeout(TOLD, there.next()).await;
    assert!(matches!(told, Ok(None)), "{told:?}");
    node.db().close().await;
    app.finish().await;
}
