//! Idempotency under crashes (API-1, attack 57): every POST of the OpenAPI document that takes an Idempotency-Key is sent, the
//! program ends before or after the commit, and the same request is sent again. A stored answer reveals no secret to who reads
//! the database, and nothing to who has lost the right to it.

use std::collections::BTreeMap;

use axum::http::Method;
use commonhold::{
    domain::{
        id::{LicenceId, ResourceId},
        licence::Amount,
        refusal::Refusal,
        resource::DatasetStatus,
        role::Role,
    },
    server::{
        context::Ctx,
        error::Error,
        rest::contract::EXEMPT,
        store::fault::{Moment, crashing},
        usecase::{
            idempotency::{Answer as Kept, Asker, Turn, begin, carry_out},
            licence::operator::top_up,
            operator::Operator,
            operator_key::create_key,
        },
    },
};
use serde_json::{Value, json};

use crate::{
    both,
    flow::apps::published,
    support::{Answer, Org, Person, TestApp, redacted},
};

/// Longer than a claimed key waits for its answer.
const LOST: i64 = 181_000;

/// One request, and who sends it.
struct Call {
    by: Person,
    /// The token of a machine or of the operator.
    bearer: Option<String>,
    path: String,
    body: Value,
}

impl Call {
    async fn send(&self, key: &str) -> Answer {
        let bearer = self.bearer.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("idempotency-key", key)];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        self.by.call(Method::POST, &self.path, Some(&self.body), &headers).await
    }
}

/// Two organizations, their Owners, and a bit of everything.
struct Fixture {
    anna: Person,
    john: Person,
    source: Org,
    target: Org,
    licence: LicenceId,
    folder: ResourceId,
    dataset: ResourceId,
}

async fn fixture(app: &TestApp) -> Fixture {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (source, target) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    let licence = app.images_licence(&source, 1_000, 10).await;
    app.images_licence(&target, 1_000, 10).await;
    let folder = anna.folder(source.root, "Gotthard").await;
    let dataset = anna.dataset(folder, "Flight", 30).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    Fixture { anna, john, source, target, licence, folder, dataset }
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap_or_else(|| panic!("no id: {answer}")).to_owned()
}

async fn operator(app: &TestApp) -> String {
    create_key(app.ctx(), &Operator::command_line(), "tests").await.expect("a key").1
}

/// A token of a new credential key with every scope.
async fn machine(app: &TestApp, fixture: &Fixture) -> String {
    let body = json!({ "name": "Farm", "scopes": ["read", "engine", "desktop"] });
    let made =
        fixture.anna.post(&format!("/api/v1/orgs/{}/keys", fixture.source.org_id), &body).await.expect(201).json();
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    let form = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", text("client_id")),
        ("client_secret", text("client_secret")),
    ];
    let request = axum::http::Request::builder()
        .method(Method::POST)
        .uri("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(serde_urlencoded::to_string(form).expect("fields")));
    let answer = app.nobody().send(request.expect("a request")).await.expect(200).json();
    answer["access_token"].as_str().expect("a token").to_owned()
}

/// A valid call of an operation, in new organizations.
async fn call(app: &TestApp, operation: &str) -> Call {
    let w = fixture(app).await;
    let (anna, john) = (w.anna.clone(), w.john.clone());
    let (org, there) = (format!("/api/v1/orgs/{}", w.source.org_id), format!("/api/v1/orgs/{}", w.target.org_id));
    let (folder, dataset, root, licence) = (w.folder, w.dataset, w.source.root, w.licence);
    let at = |id: ResourceId, verb: &str| format!("/api/v1/resources/{id}/{verb}");
    let none = json!({});
    let mut bearer = None;
    let (by, path, body) = match operation.trim_start_matches("/api/v1") {
        "/me/verification" => {
            app.tick(61_000);
            (anna, "/api/v1/me/verification".to_owned(), none)
        }
        "/orgs" => (anna, "/api/v1/orgs".to_owned(), json!({ "name": "Third", "kind": "individual", "country": "CH" })),
        "/orgs/{org}/restore" => {
            let third = anna.create_org("Third").await;
            anna.delete(&format!("/api/v1/orgs/{}?confirm=Third", third.org_id)).await.expect(204);
            (anna, format!("/api/v1/orgs/{}/restore", third.org_id), none)
        }
        "/orgs/{org}/accounts" => (anna, format!("{org}/accounts"), json!({ "name": "South" })),
        "/orgs/{org}/people" => {
            let new = json!({ "email": format!("new.{}@example.com", rand::random::<u64>()), "first_name": "New", "last_name": "Weber",
                "role": "reader" });
            (anna, format!("{org}/people"), new)
        }
        "/orgs/{org}/people/remove" => {
            app.join(&w.source, &john, Role::Editor).await;
            (anna, format!("{org}/people/remove"), json!({ "people": [john.id] }))
        }
        "/orgs/{org}/invitations" => {
            let email = format!("guest.{}@example.com", rand::random::<u64>());
            (anna, format!("{org}/invitations"), json!({ "invitations": [{ "email": email, "role": "editor" }] }))
        }
        "/orgs/{org}/invitations/{id}/resend" => {
            let id = anna.invite(&w.source, &format!("guest.{}@example.com", rand::random::<u64>()), "editor").await;
            app.tick(61_000);
            (anna, format!("{org}/invitations/{id}/resend"), none)
        }
        "/invitations/accept" => {
            anna.invite(&w.source, &john.email, "editor").await;
            (
                john.clone(),
                "/api/v1/invitations/accept".to_owned(),
                json!({ "token": app.invitation_token(&john.email).await }),
            )
        }
        "/invitations/decline" => {
            anna.invite(&w.source, &john.email, "editor").await;
            (
                john.clone(),
                "/api/v1/invitations/decline".to_owned(),
                json!({ "token": app.invitation_token(&john.email).await }),
            )
        }
        "/licences/{id}/seats" => {
            let desktop = app.desktop_licence(&w.source, 3).await;
            app.join(&w.source, &john, Role::Reader).await;
            (anna, format!("/api/v1/licences/{desktop}/seats"), json!({ "person": john.id }))
        }
        "/orgs/{org}/loans" => {
            let body = json!({ "licence": licence, "sharing_id": format!("{}/primary", w.target.org_id), "until": "2027-12-31" });
            (anna, format!("{org}/loans"), body)
        }
        "/orgs/{org}/keys" => (anna, format!("{org}/keys"), json!({ "name": "Farm", "scopes": ["read"] })),
        "/desktop/licences/{id}/take" => {
            let desktop = app.desktop_licence(&w.source, 3).await;
            bearer = Some(machine(app, &w).await);
            (app.nobody(), format!("/api/v1/desktop/licences/{desktop}/take"), json!({ "device": "Desk" }))
        }
        verb @ ("/desktop/licences/{id}/heartbeat" | "/desktop/licences/{id}/release") => {
            let desktop = app.desktop_licence(&w.source, 3).await;
            anna.patch("/api/v1/me", &json!({ "default_organization": w.source.org_id })).await.expect(200);
            let seat = format!("/api/v1/desktop/licences/{desktop}");
            anna.post(&format!("{seat}/take"), &json!({ "device": "Desk" })).await.expect(200);
            let verb = verb.rsplit('/').next().expect("a verb");
            (anna, format!("{seat}/{verb}"), json!({ "device": "Desk" }))
        }
        "/resources" => {
            (anna, "/api/v1/resources".to_owned(), json!({ "parent": root, "kind": "folder", "name": "Furka" }))
        }
        "/resources/{id}/trash" => (anna, at(folder, "trash"), none),
        "/resources/{id}/restore" => {
            anna.trash(folder).await.expect(204);
            (anna, at(folder, "restore"), none)
        }
        "/resources/{id}/copy" => (anna, at(folder, "copy"), json!({ "destination": root })),
        "/resources/{id}/share-copy" => {
            (anna, at(folder, "share-copy"), json!({ "sharing_id": format!("{}/primary", w.target.org_id) }))
        }
        "/resources/{id}/assign" => (anna, at(dataset, "assign"), json!({ "site_name": "Airolo" })),
        "/resources/{id}/unassign" => {
            anna.assign(dataset, "Airolo").await.expect(200);
            (anna, at(dataset, "unassign"), none)
        }
        "/resources/{id}/links" => (anna, at(folder, "links"), json!({ "password": "the-key-to-the-link" })),
        "/transfers/plan" => {
            app.join(&w.target, &anna, Role::Owner).await;
            (anna, "/api/v1/transfers/plan".to_owned(), json!({ "items": [dataset], "destination": w.target.root }))
        }
        "/transfers" => {
            app.join(&w.target, &anna, Role::Owner).await;
            (anna, "/api/v1/transfers".to_owned(), json!({ "items": [dataset], "destination": w.target.root }))
        }
        "/transfers in the background" => {
            app.join(&w.target, &anna, Role::Owner).await;
            let body = json!({ "items": [dataset], "destination": w.target.root, "background": true });
            (anna, "/api/v1/transfers".to_owned(), body)
        }
        "/transfers/{id}/undo" => {
            app.join(&w.target, &anna, Role::Owner).await;
            let receipt = id(&anna.transfer(&[dataset], w.target.root).await.expect(201).json());
            (anna, format!("/api/v1/transfers/{receipt}/undo"), none)
        }
        "/orgs/{org}/billing/contacts" => {
            (anna, format!("{org}/billing/contacts"), json!({ "name": "Lena Lag", "email": "lena@example.com" }))
        }
        "/orgs/{org}/billing/requests" => (anna, format!("{org}/billing/requests"), wish()),
        "/orgs/{org}/billing/requests/{id}/withdraw" => {
            let request = id(&anna.post(&format!("{org}/billing/requests"), &wish()).await.expect(201).json());
            (anna, format!("{org}/billing/requests/{request}/withdraw"), none)
        }
        "/operator/licences" => {
            bearer = Some(operator(app).await);
            let body = json!({ "org": w.source.org_id, "product": "cloud_pro", "model": "credits", "credits": 500 });
            (app.nobody(), "/api/v1/operator/licences".to_owned(), body)
        }
        "/operator/licences/{id}/extend" => {
            bearer = Some(operator(app).await);
            (app.nobody(), format!("/api/v1/operator/licences/{licence}/extend"), json!({ "until": "2028-12-31" }))
        }
        "/operator/licences/{id}/expire" => {
            bearer = Some(operator(app).await);
            (app.nobody(), format!("/api/v1/operator/licences/{licence}/expire"), none)
        }
        "/operator/licences/{id}/top-up" => {
            bearer = Some(operator(app).await);
            (app.nobody(), format!("/api/v1/operator/licences/{licence}/top-up"), json!({ "images": 1 }))
        }
        "/operator/requests/{id}/answer" => {
            bearer = Some(operator(app).await);
            let request = id(&anna.post(&format!("{org}/billing/requests"), &wish()).await.expect(201).json());
            let body = json!({ "state": "answered", "text": "Granted." });
            (app.nobody(), format!("/api/v1/operator/requests/{request}/answer"), body)
        }
        "/operator/keys" => {
            bearer = Some(operator(app).await);
            (app.nobody(), "/api/v1/operator/keys".to_owned(), json!({ "name": "billing system" }))
        }
        "/offers" => (anna, "/api/v1/offers".to_owned(), json!({ "items": [folder], "target": w.target.org_id })),
        verb @ ("/offers/{id}/plan" | "/offers/{id}/accept" | "/offers/{id}/decline") => {
            let body = json!({ "items": [folder], "target": w.target.org_id });
            let offer = id(&anna.post("/api/v1/offers", &body).await.expect(201).json());
            (john, format!("/api/v1/offers/{offer}/{}", verb.rsplit('/').next().expect("a verb")), none)
        }
        "/invitations/show" => {
            anna.invite(&w.source, &john.email, "editor").await;
            let token = app.invitation_token(&john.email).await;
            (john.clone(), "/api/v1/invitations/show".to_owned(), json!({ "token": token }))
        }
        "/datasets" => {
            let body = json!({ "parent": folder, "name": "Camera", "files": [{ "path": "a.jpg", "bytes": 4 }] });
            (anna, "/api/v1/datasets".to_owned(), body)
        }
        "/datasets/{id}/uploads" => {
            let draft = anna.dataset(folder, "Draft", 0).await;
            let body = json!({ "files": [{ "path": "a.jpg", "bytes": 4 }, { "path": "../b.jpg", "bytes": 4 }] });
            (anna, format!("/api/v1/datasets/{draft}/uploads"), body)
        }
        "/datasets/{id}/annotations" => {
            let body = json!({ "kind": "point", "coordinates": [[8.5, 46.6]], "name": "Crack" });
            (anna, format!("/api/v1/datasets/{dataset}/annotations"), body)
        }
        "/datasets/{id}/annotations/import" => {
            let body = json!({ "type": "MultiPoint", "coordinates": [[8.5, 46.6], [8.6, 46.6]] });
            (anna, format!("/api/v1/datasets/{dataset}/annotations/import"), body)
        }
        "/datasets/{id}/files/delete" => {
            let draft = anna.dataset(folder, "Draft", 0).await;
            // Bytes that no other file has, so that each deletion leaves a blob without one.
            let number = anna.upload(draft, "a.jpg", &rand::random::<[u8; 16]>()).await;
            (anna, format!("/api/v1/datasets/{draft}/files/delete"), json!({ "numbers": [number] }))
        }
        "/undo" => {
            let renamed =
                anna.patch(&format!("/api/v1/resources/{folder}"), &json!({ "name": "Renamed" })).await.expect(200);
            (anna, "/api/v1/undo".to_owned(), json!({ "token": renamed.header("undo-token") }))
        }
        "/resources/trash" => (anna, "/api/v1/resources/trash".to_owned(), json!({ "items": [folder, dataset] })),
        "/resources/restore" => {
            anna.post("/api/v1/resources/trash", &json!({ "items": [folder] })).await.expect(204);
            (anna, "/api/v1/resources/restore".to_owned(), json!({ "items": [folder] }))
        }
        "/operator/mail/retry" => {
            bearer = Some(operator(app).await);
            (app.nobody(), "/api/v1/operator/mail/retry".to_owned(), none)
        }
        "/operator/mail/{id}/retry" => {
            let key = operator(app).await;
            anna.invite(&w.source, &john.email, "editor").await;
            let headers = [("authorization", format!("Bearer {key}"))];
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let path = "/api/v1/operator/mail?state=waiting";
            let mail = app.nobody().call(axum::http::Method::GET, path, None, &headers).await.expect(200).json();
            let mail = id(&mail["items"][0]);
            bearer = Some(key);
            (app.nobody(), format!("/api/v1/operator/mail/{mail}/retry"), none)
        }
        "/orgs/{org}/apps" => {
            let slug = format!("app-{}", rand::random::<u32>());
            let body = json!({ "slug": slug, "title": "Orthophoto", "price": "free" });
            (anna, format!("{org}/apps"), body)
        }
        "/apps/{slug}/versions" => {
            let slug = app_of(&w).await;
            (anna, format!("/api/v1/apps/{slug}/versions"), json!({ "label": "1.1" }))
        }
        "/datasets/{id}/jobs" => {
            let slug = app_of(&w).await;
            (anna, format!("/api/v1/datasets/{dataset}/jobs"), json!({ "app": slug }))
        }
        verb @ ("/jobs/{id}/cancel" | "/jobs/{id}/again") => {
            let job = job_of(&w).await;
            if verb.ends_with("/again") {
                anna.post(&format!("/api/v1/jobs/{job}/cancel"), &none).await.expect(200);
            }
            (anna, format!("/api/v1{}", verb.replace("{id}", &job)), none)
        }
        other => panic!("say in this test how {other} is called ({there})"),
    };
    Call { by, bearer, path, body }
}

/// A free app that is published anew: its slug.
async fn app_of(w: &Fixture) -> String {
    let slug = format!("app-{}", rand::random::<u32>());
    published(&w.anna, &w.source, &slug, "free", false).await;
    slug
}

/// A job that is queued.
async fn job_of(w: &Fixture) -> String {
    let slug = app_of(w).await;
    let path = format!("/api/v1/datasets/{}/jobs", w.dataset);
    id(&w.anna.post(&path, &json!({ "app": slug })).await.expect(201).json())
}

fn wish() -> Value {
    json!({ "product": "cloud_pro", "model": "credits", "credits": 5_000, "message": "Please.",
        "contact_name": "Anna Muster", "contact_email": "anna@example.com" })
}

/// Every table of the database.
async fn tables(app: &TestApp) -> Vec<&'static str> {
    let sql = if app.db().is_sqlite() {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    } else {
        "SELECT table_name::TEXT AS name FROM information_schema.tables
         WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name"
    };
    let mut tx = app.db().read().await.expect("a connection");
    let rows: Vec<(String,)> = tx.sql(sql).all().await.expect("an answer");
    rows.into_iter().map(|(name,)| &*name.leak()).collect()
}

/// How many rows each table has, and how much there is of what is counted in rows that stay: licences, and what is in which state.
async fn counted(app: &TestApp) -> BTreeMap<String, i64> {
    let mut counted = BTreeMap::new();
    for table in tables(app).await {
        if !["idempotency_key", "session", "health_check", "_sqlx_migrations"].contains(&table) {
            let sql: &'static str = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}").leak();
            counted.insert(table.to_owned(), app.count(sql).await);
        }
    }
    for (what, sql) in [
        (
            "what is left",
            "SELECT CAST(COALESCE(SUM(images_left + 1000 * projects_left + 1000000 * credits_left), 0) AS BIGINT) FROM licence",
        ),
        ("ended", "SELECT CAST(COUNT(*) AS BIGINT) FROM licence WHERE active_until IS NOT NULL"),
        ("trashed", "SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE trashed_with IS NOT NULL"),
        ("deleted", "SELECT CAST(COUNT(*) AS BIGINT) FROM organization WHERE deleted_at IS NOT NULL"),
        ("invited", "SELECT CAST(COUNT(*) AS BIGINT) FROM invitation WHERE state = 'pending'"),
        ("offered", "SELECT CAST(COUNT(*) AS BIGINT) FROM offer WHERE state = 'pending'"),
        ("asked", "SELECT CAST(COUNT(*) AS BIGINT) FROM purchase_request WHERE state = 'open'"),
    ] {
        counted.insert(what.to_owned(), app.count(sql).await);
    }
    counted
}

fn difference(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    let changed = after.iter().map(|(what, now)| (what.clone(), now - before[what]));
    changed.filter(|(_, by)| *by != 0).collect()
}

/// An answer without ids, times and secrets.
fn shape(answer: &Answer) -> (u16, Value) {
    fn plain(value: &Value) -> Value {
        match value {
            Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
            Value::Array(items) => items.iter().map(plain).collect(),
            Value::String(text) if text.contains("app-") => json!("[app]"),
            Value::String(text) if text.len() > 30 || text.contains('@') || text.contains("://") => json!("[long]"),
            Value::String(text)
                if text.starts_with("alpine-") || text.starts_with("tunnel-") || text.starts_with("third") =>
            {
                json!("[org]")
            }
            other => other.clone(),
        }
    }
    (answer.status, if answer.body.is_empty() { Value::Null } else { plain(&redacted(&answer.json())) })
}

/// The operations of the document that take a key.
async fn operations(app: &TestApp) -> Vec<String> {
    let document = app.nobody().get("/api/v1/openapi.json").await.expect(200).json();
    let paths = document["paths"].as_object().expect("paths").clone();
    for (without, why) in EXEMPT {
        let known = paths
            .iter()
            .any(|(path, ways)| path.trim_start_matches("/api/v1") == without && ways.get("post").is_some());
        assert!(known && !why.is_empty(), "{without} is no operation");
    }
    // `/oauth/token` takes no key: each answer is a new token.
    let posts = paths.iter().filter(|(path, ways)| path.starts_with("/api/v1/") && ways.get("post").is_some());
    // An engine with the token of its job names its lease instead: `flow::engines` sends the same call ten times at once.
    let all = posts.map(|(path, _)| path.clone()).filter(|path| !path.starts_with("/api/v1/engine/jobs/"));
    let taking = all.filter(|path| EXEMPT.iter().all(|(without, _)| *without != path.trim_start_matches("/api/v1")));
    taking.chain(["/transfers in the background".to_owned()]).collect()
}

both!(attack_57_every_post_with_a_key_has_one_effect_wherever_the_program_ends, async |app| {
    let operations = operations(app).await;
    assert!(operations.len() > 30, "{operations:?}");
    for operation in &operations {
        // Without a crash.
        let usual = call(app, operation).await;
        let before = counted(app).await;
        let first = usual.send("usual").await;
        assert!(first.status < 300, "{operation}: {} {}", first.status, first.body);
        let effect = difference(&before, &counted(app).await);
        let again = usual.send("usual").await;
        assert_eq!((again.status, &again.body), (first.status, &first.body), "{operation}");
        assert_eq!(again.header("idempotency-replayed"), "true", "{operation}");
        assert_eq!(again.header("content-type"), first.header("content-type"), "{operation}");
        assert_eq!(difference(&before, &counted(app).await), effect, "{operation}: nothing happens twice");

        // The program ends after the commit and before the answer.
        let after = call(app, operation).await;
        let before = counted(app).await;
        let (lost, crashed) = crashing(Moment::AfterCommit, after.send("after")).await;
        assert!(crashed && lost.status >= 500, "{operation}: {} {}", lost.status, lost.body);
        assert_eq!(difference(&before, &counted(app).await), effect, "{operation}: it was done");
        let again = after.send("after").await;
        assert_eq!(shape(&again), shape(&first), "{operation}, after a crash");
        app.tick(LOST);
        let later = after.send("after").await;
        assert_eq!((later.status, &later.body), (again.status, &again.body), "{operation}");
        assert_eq!(difference(&before, &counted(app).await), effect, "{operation}: nothing happens twice");

        // The program ends before the commit.
        let early = call(app, operation).await;
        let before = counted(app).await;
        let (lost, crashed) = crashing(Moment::BeforeCommit, early.send("early")).await;
        assert!(crashed && lost.status >= 500, "{operation}: {} {}", lost.status, lost.body);
        assert_eq!(difference(&before, &counted(app).await), BTreeMap::new(), "{operation}: nothing was done");
        assert_eq!(early.send("early").await.expect(409).code(), "conflict", "{operation}: it may still be answered");
        app.tick(LOST);
        let again = early.send("early").await;
        assert_eq!(shape(&again), shape(&first), "{operation}, after a crash before the commit");
        assert_eq!(difference(&before, &counted(app).await), effect, "{operation}: it was done once");
        let later = early.send("early").await;
        assert_eq!((later.status, &later.body), (again.status, &again.body), "{operation}");
        assert_eq!(difference(&before, &counted(app).await), effect, "{operation}: nothing happens twice");
    }
    app.healthy().await;
});

both!(attack_57_a_slow_request_and_its_retry_have_one_effect, async |app| {
    let w = fixture(app).await;
    let (ctx, licence) = (app.ctx().clone(), w.licence);
    let asker = || Asker::Operator(commonhold::domain::id::OperatorKeyId(uuid::Uuid::from_u128(1)));
    let claimed = async || match begin(&ctx, &asker(), "slow", &[b"one more"]).await.expect("an answer") {
        Turn::First(claim) => claim,
        other => panic!("{other:?}"),
    };
    let top_up = |ctx: &Ctx| {
        let ctx = ctx.clone();
        move || {
            let ctx = ctx.clone();
            async move {
                let more = Amount { images: 1, projects: 0, credits: 0 };
                top_up(&ctx, &Operator::command_line(), licence, more).await.expect("one more");
                Kept { status: 200, headers: Vec::new(), body: String::new() }
            }
        }
    };
    let keep = |answer: &Kept| Some(answer.clone());
    let slow = claimed().await;
    app.tick(LOST);
    let next = claimed().await;
    assert_ne!(slow.id, next.id);
    let late = carry_out(&ctx, asker(), slow, top_up(&ctx), keep).await;
    assert!(matches!(late, Err(Error::Refused(Refusal::Conflict))), "{late:?}");
    assert_eq!(app.left(licence).await.0, 1_000 - 30, "whose claim it is not any more does nothing");
    carry_out(&ctx, asker(), next, top_up(&ctx), keep).await.expect("carried out");
    assert_eq!(app.left(licence).await.0, 1_000 - 30 + 1);
    let again = begin(&ctx, &asker(), "slow", &[b"one more"]).await.expect("an answer");
    assert!(matches!(again, Turn::Again(Kept { status: 200, .. })), "{again:?}");
    app.healthy().await;
});

both!(api_1_all_writes_of_a_request_with_a_key_are_one_transaction, async |app| {
    // People are made one by one in this call's handlers; what fails in the middle takes everything back, and the key is free.
    let w = fixture(app).await;
    let before = counted(app).await;
    let body = json!({ "parent": w.folder, "kind": "folder", "name": "Furka" });
    let call = Call { by: w.anna.clone(), bearer: None, path: "/api/v1/resources".to_owned(), body };
    let (lost, _) = crashing(Moment::BeforeCommit, call.send("one")).await;
    assert!(lost.status >= 500);
    assert_eq!(difference(&before, &counted(app).await), BTreeMap::new());
    // A refusal in between is answered and kept, and what was refused is not there.
    let twice = json!({ "parent": w.folder, "kind": "folder", "name": "Flight" });
    let twice = Call { body: twice, ..call };
    let refused = twice.send("two").await.expect(409);
    // A refusal says in which request it was given, a kept one does not.
    let without = |answer: Answer| {
        let mut body = answer.json();
        body.as_object_mut().expect("an object").remove("request_id");
        body
    };
    assert_eq!(without(twice.send("two").await.expect(409)), without(refused));
    assert_eq!(difference(&before, &counted(app).await), BTreeMap::new());
});

/// The tables that contain a text.
async fn found_in(app: &TestApp, wanted: &str) -> Vec<String> {
    let mut found = Vec::new();
    for table in tables(app).await {
        let columns: Vec<(String,)> = {
            let sql: &'static str = if app.db().is_sqlite() {
                format!("SELECT name FROM pragma_table_info('{table}') WHERE type = 'TEXT'").leak()
            } else {
                format!("SELECT column_name::TEXT AS name FROM information_schema.columns WHERE table_name = '{table}' AND data_type = 'text'").leak()
            };
            let mut tx = app.db().read().await.expect("a connection");
            tx.sql(sql).all().await.expect("an answer")
        };
        for (column,) in columns {
            let sql: &'static str =
                format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table} WHERE {column} LIKE '%' || $1 || '%'").leak();
            let mut tx = app.db().read().await.expect("a connection");
            if tx.sql(sql).bind(wanted.to_owned()).number().await.expect("a number") > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    found
}

both!(attack_23_no_secret_is_kept_in_clear_whatever_is_made_with_a_key, async |app| {
    let w = fixture(app).await;
    let ops = operator(app).await;
    let org = format!("/api/v1/orgs/{}", w.source.org_id);
    let links = format!("/api/v1/resources/{}/links", w.folder);
    let person = |path: &str, body: Value| Call { by: w.anna.clone(), bearer: None, path: path.to_owned(), body };
    let makes = [
        (person(&format!("{org}/keys"), json!({ "name": "Farm", "scopes": ["read"] })), "client_secret"),
        (person(&links, json!({ "password": "the-key-to-the-link" })), "url"),
        (
            Call {
                by: app.nobody(),
                bearer: Some(ops),
                path: "/api/v1/operator/keys".to_owned(),
                body: json!({ "name": "billing" }),
            },
            "key",
        ),
    ];
    for (number, (call, field)) in makes.into_iter().enumerate() {
        let key = format!("one {number}");
        let made = call.send(&key).await.expect(201);
        let text = made.json()[field].as_str().unwrap_or_else(|| panic!("{field} in {}", made.body)).to_owned();
        let secret = text.rsplit('/').next().expect("something").to_owned();
        assert!(secret.len() >= 20, "{secret}");
        assert_eq!(found_in(app, &secret).await, Vec::<String>::new(), "{}", call.path);
        // Its maker reads it again.
        assert_eq!(call.send(&key).await.expect(201).body, made.body);
    }
    // What was sent is no more in it than what was answered, and something is found where it is.
    assert_eq!(found_in(app, "the-key-to-the-link").await, Vec::<String>::new());
    assert!(found_in(app, "Gotthard").await.contains(&"resource.name".to_owned()));
});

both!(attack_3_a_replayed_answer_needs_the_right_to_the_call, async |app| {
    let w = fixture(app).await;
    let max = app.person("Max").await;
    app.join(&w.source, &max, Role::Manager).await;
    let org = format!("/api/v1/orgs/{}", w.source.org_id);
    let guest = json!({ "invitations": [{ "email": "guest@example.com", "role": "editor" }] });
    let calls = [
        (format!("{org}/keys"), json!({ "name": "Farm", "scopes": ["read"] })),
        (format!("{org}/invitations"), guest),
        ("/api/v1/resources".to_owned(), json!({ "parent": w.source.root, "kind": "folder", "name": "Furka" })),
        (format!("/api/v1/resources/{}/links", w.folder), json!({})),
        (format!("/api/v1/resources/{}/copy", w.folder), json!({ "destination": w.source.root })),
    ];
    let send = async |number: usize| {
        let (path, body) = &calls[number];
        max.call(Method::POST, path, Some(body), &[("idempotency-key", &format!("key {number}"))]).await
    };
    let mut first = Vec::new();
    for number in 0..calls.len() {
        let answer = send(number).await;
        assert!(answer.status < 300, "{}", answer.body);
        first.push(answer.body);
    }
    let before = counted(app).await;
    for (number, first) in first.iter().enumerate() {
        assert_eq!(send(number).await.body, *first, "nothing has changed for Max");
    }
    w.anna.change_role(&w.source, max.id, "reader").await.expect(200);
    for (number, (path, _)) in calls.iter().enumerate() {
        let answer = send(number).await;
        assert_eq!(answer.code(), "forbidden", "{path} {}", answer.body);
    }
    w.anna.remove(&w.source, &[max.id]).await.expect(204);
    for (number, (path, _)) in calls.iter().enumerate() {
        let answer = send(number).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{path} {}", answer.body);
        assert!(answer.header("idempotency-replayed").is_empty());
    }
    // Whoever may do it again reads the first answer again, and nothing of all that happened.
    app.join(&w.source, &max, Role::Manager).await;
    for (number, first) in first.iter().enumerate() {
        assert_eq!(send(number).await.body, *first);
    }
    let gone = ["membership", "audit", "outbox", "org_alias"];
    let mut after = difference(&before, &counted(app).await);
    after.retain(|table, _| !gone.contains(&table.as_str()));
    assert_eq!(after, BTreeMap::new());
});

both!(api_1_a_machine_has_keys_of_its_own, async |app| {
    let w = fixture(app).await;
    let desktop = app.desktop_licence(&w.source, 3).await;
    let path = format!("/api/v1/desktop/licences/{desktop}/take");
    let token = machine(app, &w).await;
    let call = |token: &str, device: &str| Call {
        by: app.nobody(),
        bearer: Some(token.to_owned()),
        path: path.clone(),
        body: json!({ "device": device }),
    };
    let first = call(&token, "Desk").send("one").await.expect(200);
    app.tick(1_000);
    let again = call(&token, "Desk").send("one").await.expect(200);
    assert_eq!((again.body, again.headers.contains_key("idempotency-replayed")), (first.body, true));
    assert_eq!(call(&token, "Other").send("one").await.expect(422).code(), "idempotency_mismatch");
    // The same key of another machine is independent.
    let other = machine(app, &w).await;
    assert!(!call(&other, "Desk").send("one").await.expect(200).headers.contains_key("idempotency-replayed"));
});

both!(api_1_a_preview_and_what_it_previews_have_different_keys, async |app| {
    let w = fixture(app).await;
    let invitations = format!("/api/v1/orgs/{}/invitations", w.source.org_id);
    let body = json!({ "invitations": [{ "email": "guest@example.com", "role": "editor" }] });
    let send = async |path: &str| w.anna.call(Method::POST, path, Some(&body), &[("idempotency-key", "one")]).await;
    send(&format!("{invitations}?preview=true")).await.expect(200);
    assert_eq!(send(&invitations).await.expect(422).code(), "idempotency_mismatch");
    assert!(send(&format!("{invitations}?preview=true")).await.headers.contains_key("idempotency-replayed"));
});

both!(attack_3_a_replay_allows_added_rights_and_refuses_lost_ones, async |app| {
    let w = fixture(app).await;
    let max = app.person("Max").await;
    app.join(&w.source, &max, Role::Editor).await;
    let trash = format!("/api/v1/resources/{}/trash", w.dataset);
    let send = async || max.call(Method::POST, &trash, Some(&json!({})), &[("idempotency-key", "one")]).await;
    send().await.expect(204);
    w.anna.change_role(&w.source, max.id, "manager").await.expect(200);
    assert!(send().await.expect(204).headers.contains_key("idempotency-replayed"), "it is in the trash since");
    // John reaches the folder through his organization alone.
    app.team_licence(&w.source).await;
    let given = w.anna.give(w.folder, json!({ "organization": w.target.org_id }), "editor").await.expect(200).json();
    let body = json!({ "parent": w.folder, "kind": "folder", "name": "Furka" });
    let send =
        async || w.john.call(Method::POST, "/api/v1/resources", Some(&body), &[("idempotency-key", "two")]).await;
    send().await.expect(201);
    w.anna.take(w.folder, given["access"]["grant"].as_str().expect("a grant")).await.expect(204);
    assert_eq!(send().await.expect(404).code(), "not_found");
});
