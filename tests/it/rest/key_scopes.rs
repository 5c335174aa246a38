//! What a program with a credential key may call (API-1, AUTH-6): every operation of the OpenAPI document with every scope, and
//! what it does under its own name in its own account.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use commonhold::{
    domain::{id::ResourceId, key::Scope, requester::PeopleOnly, resource::DatasetStatus, role::Role},
    server::{
        rest::contract::{Calls, OPERATIONS},
        usecase::{
            licence::operator::{GrantForm, grant},
            operator::Operator,
            operator_key::create_key,
        },
    },
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, read},
};

/// A program with a token.
struct Machine {
    nobody: Person,
    bearer: String,
    id: String,
}

impl Machine {
    /// With a key that somebody creates, for the first account or another.
    async fn new(app: &TestApp, by: &Person, org: &Org, name: &str, scopes: &[Scope], account: Option<&str>) -> Self {
        let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let body = json!({ "name": name, "scopes": words, "account": account });
        let key = by.post(&format!("/api/v1/orgs/{}/keys", org.org_id), &body).await.expect(201).json();
        let text = |field: &str| key[field].as_str().expect("a text").to_owned();
        let (client, secret) = (text("client_id"), text("client_secret"));
        let form = [("grant_type", "client_credentials"), ("client_id", &client), ("client_secret", &secret)];
        let request = Request::builder()
            .method(Method::POST)
            .uri("/oauth/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(serde_urlencoded::to_string(form).expect("fields")))
            .expect("a request");
        let token = app.nobody().send(request).await.expect(200).json();
        let bearer = format!("Bearer {}", token["access_token"].as_str().expect("a token"));
        Self { nobody: app.nobody(), bearer, id: text("id") }
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let method: Method = method.parse().expect("a method");
        self.nobody.call(method, path, body, &[("authorization", &self.bearer)]).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }
}

/// The path parameters and bodies of calls in one organization, which the machine may reach or not.
struct Fixture<'a> {
    by: &'a Person,
    org: &'a Org,
    /// A licence, and a desktop licence.
    licence: String,
    desktop: String,
    john: String,
    mary: Person,
    /// A published app of the organization.
    app: String,
    number: std::sync::atomic::AtomicU32,
}

impl Fixture<'_> {
    fn next(&self) -> u32 {
        self.number.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    async fn dataset(&self) -> ResourceId {
        self.by.dataset(self.org.root, &format!("Flight {}", self.next()), 1).await
    }

    /// A call that is valid in everything but, possibly, its caller.
    async fn call(&self, method: &str, path: &str) -> (String, Option<Value>) {
        let (org, by) = (self.org, self.by);
        let mut at = path.replace("{org}", &org.org_id).replace("{person}", &self.john).replace("{holder}", &self.john);
        let fresh = |text: &str| format!("{text} {}", self.next());
        let mut body = None;
        if path.starts_with("/resources") {
            let item = self.dataset().await;
            if path.contains("/grants") {
                let given = by.give(item, json!({ "person": self.john }), "editor").await.expect(200).json();
                at = at.replace("{grant}", given["access"]["grant"].as_str().expect("a grant"));
            }
            if path.ends_with("/restore") || (method == "DELETE" && path == "/resources/{id}") {
                by.trash(item).await.expect(204);
            }
            if path.ends_with("/unassign") {
                by.assign(item, &fresh("Site")).await.expect(200);
            }
            at = at.replace("{id}", &item.to_string());
            body = match (method, path) {
                ("POST", "/resources") => {
                    Some(json!({ "parent": org.root, "kind": "folder", "name": fresh("Folder") }))
                }
                ("POST", "/resources/trash" | "/resources/restore") => Some(json!({ "items": [item] })),
                ("PATCH", "/resources/{id}") => Some(json!({ "name": fresh("Renamed") })),
                ("PATCH", "/resources/{id}/dataset") => Some(json!({ "bytes": 1 })),
                ("POST", "/resources/{id}/copy") => Some(json!({ "destination": org.root })),
                ("POST", "/resources/{id}/assign") => Some(json!({ "site_name": fresh("Site") })),
                ("PUT", "/resources/{id}/grants") => Some(json!({ "person": self.john, "level": "editor" })),
                ("PUT", "/resources/{id}/restrictions") => {
                    Some(json!({ "copy": false, "delete": false, "download": false }))
                }
                ("POST", _) => Some(json!({})),
                _ => None,
            };
        } else if path.starts_with("/transfers") && !path.contains("{id}") {
            let folder = by.folder(org.root, &fresh("Destination")).await;
            body = Some(json!({ "items": [self.dataset().await], "destination": folder }));
        } else if path.starts_with("/datasets") {
            let item = self.dataset().await;
            let number = by.upload(item, "photo.jpg", b"photo").await;
            at = at.replace("{id}", &item.to_string()).replace("{number}", &number.to_string());
            let point = json!({ "kind": "point", "coordinates": [[8.5, 46.6]] });
            if path.contains("/annotations/") {
                let drawn = by.post(&format!("/api/v1/datasets/{item}/annotations"), &point).await.expect(201);
                assert_eq!(drawn.json()["number"].as_i64(), Some(number));
            }
            at = at.replace("{level}", "0").replace("{x}", "0").replace("{y}", "0");
            body = match (method, path) {
                ("POST", "/datasets/{id}/annotations") | ("PUT", "/datasets/{id}/annotations/{number}") => Some(point),
                ("POST", "/datasets/{id}/annotations/import") => {
                    Some(json!({ "type": "Point", "coordinates": [8.5, 46.6] }))
                }
                ("POST", "/datasets") => {
                    Some(json!({ "name": fresh("Dataset"), "files": [{ "path": "a.jpg", "bytes": 1 }] }))
                }
                ("POST", "/datasets/{id}/uploads") => {
                    Some(json!({ "files": [{ "path": fresh("photo"), "bytes": 1 }] }))
                }
                ("POST", "/datasets/{id}/files/delete") => Some(json!({ "numbers": [number] })),
                ("POST", "/datasets/{id}/jobs") => Some(json!({ "app": self.app })),
                ("PATCH", _) => Some(json!({ "left_out": true })),
                _ => None,
            };
        } else if path.starts_with("/apps") {
            at = at.replace("{slug}", &self.app).replace("{user}", &self.john);
            body = match method {
                "PATCH" => Some(json!({ "summary": fresh("Good.") })),
                "POST" => Some(json!({ "label": fresh("1.") })),
                _ => None,
            };
        } else if path.starts_with("/jobs") {
            let item = self.dataset().await;
            let started =
                by.post(&format!("/api/v1/datasets/{item}/jobs"), &json!({ "app": self.app })).await.expect(201).json();
            let id = started["id"].as_str().expect("an id");
            if path.ends_with("/again") {
                by.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({})).await.expect(200);
            }
            at = at.replace("{id}", id);
            body = (method == "POST").then(|| json!({}));
        } else if path == "/engine/claim" {
            body = Some(json!({ "apps": [self.app] }));
        } else if path == "/undo" {
            body = Some(json!({ "token": "00000000-0000-0000-0000-000000000001" }));
        } else if path.starts_with("/licences") {
            at = at.replace("{id}", if path.contains("/seats") { &self.desktop } else { &self.licence });
            body = (method == "POST").then(|| json!({ "person": self.john }));
        } else if path.starts_with("/desktop") {
            at = at.replace("{id}", &self.desktop);
            body = (method == "POST").then(|| json!({ "device": "Rack" }));
        } else if path.contains("/invitations/{id}") {
            let email = format!("invited-{}@example.com", self.next());
            by.invite(org, &email, "reader").await;
            let list = by.get(&format!("/api/v1/orgs/{}/invitations?limit=200", org.org_id)).await.expect(200).json();
            let items = list["items"].as_array().expect("items");
            let one = items.iter().find(|one| one["email"] == email.as_str()).expect("it waits");
            at = at.replace("{id}", one["id"].as_str().expect("an id"));
            body = (method == "PATCH").then(|| json!({ "role": "editor" }));
        } else if path.ends_with("/invitations") && method == "POST" {
            let email = format!("new-{}@example.com", self.next());
            body = Some(json!({ "invitations": [{ "email": email, "role": "reader" }] }));
        } else if path.ends_with("/people/remove") {
            body = Some(json!({ "people": [self.mary.id] }));
        } else if path.ends_with("/caps") {
            body = (method == "PATCH").then(|| json!({ "apps": true }));
        } else if path.ends_with("/people/{person}") {
            body = Some(json!({ "role": "reader" }));
        } else if method == "POST" || method == "PUT" || method == "PATCH" {
            body = Some(json!({}));
        }
        if path.ends_with("/search") {
            at.push_str("?q=flight");
        }
        // The other parameters name nothing that exists.
        let missing = uuid::Uuid::from_u128(7).to_string();
        at = at.replace("{id}", &missing).replace("{grant}", &missing);
        (format!("/api/v1{at}"), body)
    }
}

async fn fixture<'a>(app: &TestApp, by: &'a Person, org: &'a Org, name: &str) -> Fixture<'a> {
    let (john, mary) = (app.person(&format!("John{name}")).await, app.person(&format!("Mary{name}")).await);
    app.join(org, &john, Role::Reader).await;
    app.join(org, &mary, Role::Member).await;
    let licence = app.team_licence(org).await.to_string();
    let desktop = app.desktop_licence(org, 3).await.to_string();
    app.verify(by).await;
    let slug = format!("app-{}", name.to_lowercase());
    crate::flow::apps::published(by, org, &slug, "free", false).await;
    Fixture {
        by,
        org,
        licence,
        desktop,
        john: john.id.to_string(),
        mary,
        app: slug,
        number: std::sync::atomic::AtomicU32::new(1),
    }
}

both!(api_1_auth_6_every_operation_with_a_key_of_each_scope_answers_what_the_table_says, async |app| {
    let (anna, eve) = (app.person("Anna").await, app.person("Eve").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, eve.create_org("Tunnel North").await);
    let (ours, theirs) = (fixture(app, &anna, &org, "A").await, fixture(app, &eve, &other, "B").await);
    let document = anna.get("/api/v1/openapi.json").await.expect(200).json();
    let mut machines = Vec::new();
    for scope in Scope::ALL {
        machines.push((scope, Machine::new(app, &anna, &org, scope.as_str(), &[scope], None).await));
    }
    let (mut allowed, mut named, mut people_only) = (0, 0, 0);
    for (method, path, calls) in OPERATIONS {
        let operation = &document["paths"][format!("/api/v1{path}")][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {path} is not in the document");
        let scopes: Vec<&str> = operation["security"]
            .as_array()
            .expect("security")
            .iter()
            .filter_map(|way| way["key"].as_array())
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (scope, machine) in &machines {
            let said = format!("{method} {path} with {}", scope.as_str());
            assert_eq!(
                scopes.contains(&scope.as_str()),
                matches!(calls, Calls::Scopes(of) if of.contains(scope)),
                "{said}"
            );
            let (at, body) = ours.call(method, path).await;
            let answer = machine.call(method, &at, body.as_ref()).await;
            assert!(answer.status < 500, "{said}: {}", answer.body);
            match calls {
                // These calls are public, and their bodies here are invalid.
                Calls::Anyone => assert_ne!(answer.status, 403, "{said}: {}", answer.body),
                // What an engine does with the token of its job, no key does.
                Calls::Job => assert_eq!(answer.status, 403, "{said}: {}", answer.body),
                // Many wrong keys are rate limited.
                Calls::Operator => assert!([401, 429].contains(&answer.status), "{said}"),
                Calls::People(why) => {
                    people_only += 1;
                    assert_eq!(answer.status, 403, "{said}: {}", answer.body);
                    assert!(answer.body.contains(why.reason()), "{said}: {}", answer.body);
                }
                Calls::Scopes(of) if of.contains(scope) => {
                    allowed += 1;
                    // What is nobody's, and an undo that is none, is told as such; everything else is done.
                    let nothing = [
                        ("GET", "/transfers/{id}"),
                        ("GET", "/transfers/{id}/export"),
                        ("GET", "/tasks/{id}"),
                        ("DELETE", "/tasks/{id}"),
                        // The file is no photo, and no layer.
                        ("GET", "/datasets/{id}/files/{number}/preview"),
                        ("GET", "/datasets/{id}/layers/{number}/content"),
                        ("GET", "/datasets/{id}/layers/{number}/{level}/{x}/{y}"),
                    ];
                    let expected: &[u16] = match (*method, *path) {
                        one if nothing.contains(&one) => &[404],
                        ("POST", "/undo") => &[422],
                        // These take bytes, which `auth_6_a_machine_uploads_and_takes_files` sends.
                        ("POST" | "PATCH", path) if path.starts_with("/uploads") => &[400, 415],
                        ("HEAD" | "DELETE", "/uploads/{id}") => &[404],
                        // There may be no file left.
                        ("GET", "/datasets/{id}/zip" | "/resources/{id}/zip") => &[200, 422],
                        // It has just been mailed.
                        ("POST", "/orgs/{org}/invitations/{id}/resend") => &[429],
                        // No seat is held yet, or it was let go of before.
                        ("POST", "/desktop/licences/{id}/heartbeat") => &[200, 409],
                        ("POST", "/desktop/licences/{id}/release") => &[204, 404],
                        ("GET", "/resources/{id}/access/{person}") => &[200],
                        // She is out after the first time.
                        ("POST", "/orgs/{org}/people/remove") => &[204, 404],
                        _ => &[200, 201, 202, 204],
                    };
                    assert!(expected.contains(&answer.status), "{said}: {} {}", answer.status, answer.body);
                    if path.contains('{') && *path != "/uploads/{id}" {
                        let (at, body) = theirs.call(method, path).await;
                        let answer = machine.call(method, &at, body.as_ref()).await;
                        // Who may not run a published app is told why (JOB-1).
                        let wanted = if (*method, *path) == ("GET", "/apps/{slug}") { 403 } else { 404 };
                        assert_eq!(answer.status, wanted, "{said}, of another organization: {}", answer.body);
                    }
                }
                Calls::Scopes(of) => {
                    named += 1;
                    assert_eq!(answer.status, 403, "{said}: {}", answer.body);
                    if *method == "HEAD" {
                        continue;
                    }
                    let words = of.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
                    assert!(answer.body.contains(&format!("“{}”", of[0].as_str())), "{said}: {}", answer.body);
                    let told = format!("Bearer realm=\"commonhold\", error=\"insufficient_scope\", scope=\"{words}\"");
                    assert_eq!(answer.header("www-authenticate"), told, "{said}");
                }
            }
        }
    }
    assert!(allowed > 50 && named > 150 && people_only > 200, "{allowed} {named} {people_only}");
    // Nothing of it reached the other organization.
    assert!(eve.audit(&other).await.iter().all(|action| action != "key.created"));
    let log = eve.get(&format!("/api/v1/orgs/{}/audit?limit=200", other.org_id)).await.expect(200);
    assert!(!log.body.contains("(key)"), "{}", log.body);
    app.healthy().await;
});

both!(auth_6_audit_1_a_machine_does_what_an_editor_may_under_the_name_of_its_key, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let farm = Machine::new(app, &anna, &org, "Farm", &[Scope::Read, Scope::Write], None).await;
    let made =
        farm.post("/api/v1/resources", &json!({ "parent": org.root, "kind": "folder", "name": "Flights" })).await;
    let folder = made.expect(201).json();
    assert_eq!((&folder["level"], &folder["created_by"]), (&json!("manager"), &json!(farm.id)));
    let folder: ResourceId = read(&folder["id"]);
    let body = json!({ "parent": org.root, "kind": "dataset", "name": "Flight 1", "dataset": { "images": 40 } });
    let dataset: ResourceId = read(&farm.post("/api/v1/resources", &body).await.expect(201).json()["id"]);
    let moved = farm.post("/api/v1/transfers", &json!({ "items": [dataset], "destination": folder })).await.expect(201);
    assert_eq!(moved.json()["by_name"], "Farm (key)");
    assert_eq!(farm.get(&format!("/api/v1/resources/{folder}/children")).await.expect(200).names(), ["Flight 1"]);
    // And takes it back.
    let token = moved.header("undo-token").to_owned();
    anna.post("/api/v1/undo", &json!({ "token": token })).await.expect(422);
    farm.post("/api/v1/undo", &json!({ "token": token })).await.expect(200);
    assert!(farm.get(&format!("/api/v1/resources/{folder}/children")).await.expect(200).names().is_empty());
    farm.post(&format!("/api/v1/resources/{dataset}/trash"), &json!({})).await.expect(204);
    let trash = farm.get(&format!("/api/v1/orgs/{}/trash", org.org_id)).await.expect(200).json();
    assert_eq!(
        (&trash["items"][0]["trashed_by_name"], &trash["items"][0]["trashed_by"]),
        (&json!("Farm (key)"), &json!(farm.id))
    );
    farm.post(&format!("/api/v1/resources/{dataset}/restore"), &json!({})).await.expect(200);
    // What only Managers decide is not for it.
    for (method, path) in [("POST", "links"), ("PUT", "restrictions"), ("POST", "share-copy")] {
        let refused =
            farm.call(method, &format!("/api/v1/resources/{folder}/{path}"), Some(&json!({}))).await.expect(403);
        assert!(refused.body.contains("credential key"), "{}", refused.body);
    }
    // The log names the key, and is filtered by it, in every form.
    let log = format!("/api/v1/orgs/{}/audit", org.org_id);
    let lines = anna.get(&format!("{log}?actor={}", farm.id)).await.expect(200).json();
    let lines = lines["items"].as_array().expect("items");
    let actions: Vec<&str> = lines.iter().filter_map(|line| line["action"].as_str()).collect();
    assert_eq!(
        actions,
        [
            "resource.restored",
            "resource.trashed",
            "resource.moved",
            "resource.moved",
            "resource.created",
            "resource.created"
        ]
    );
    assert!(lines.iter().all(|line| line["actor_name"] == "Farm (key)" && line["actor"] == farm.id.as_str()));
    let csv = anna.get(&format!("{log}/export?format=csv&actor={}", farm.id)).await.expect(200).body;
    assert_eq!(csv.matches("Farm (key)").count(), 6, "{csv}");
    let page = anna.page(&format!("/o/{}/activity", org.org_id)).await.expect(200).body;
    assert!(page.contains("Farm (key)") && page.contains(&format!("value=\"{}\"", farm.id)), "the filter offers it");
    // Nobody finds it among people, and nobody signs in as it.
    let people = anna.get(&format!("/api/v1/orgs/{}/people", org.org_id)).await.expect(200);
    assert_eq!(people.names(), [anna.name.as_str()]);
    anna.give(folder, json!({ "person": farm.id }), "reader").await.expect(404);
    for email in [format!("key {}", farm.id), String::new(), farm.id.clone()] {
        let body = json!({ "email": email, "password": crate::support::PASSWORD });
        assert!([401, 422].contains(&app.nobody().post("/api/v1/session", &body).await.status));
    }
    // A revoked key is not signed in; what it created stays.
    anna.delete(&format!("/api/v1/orgs/{}/keys/{}", org.org_id, farm.id)).await.expect(204);
    let gone = farm.get(&format!("/api/v1/resources/{folder}")).await.expect(401);
    assert!(gone.header("www-authenticate").contains("error=\"invalid_token\""), "{:?}", gone.headers);
    anna.show(folder).await.expect(200);
    app.healthy().await;
});

both!(auth_6_role_3_a_machine_manages_people_below_manager, async |app| {
    let (anna, john, chris) = (app.person("Anna").await, app.person("John").await, app.person("Chris").await);
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    app.verify(&anna).await;
    app.join(&org, &john, Role::Reader).await;
    app.join(&org, &chris, Role::Manager).await;
    let desk = Machine::new(app, &anna, &org, "Desk", &[Scope::Read, Scope::People], None).await;
    let at = |rest: &str| format!("/api/v1/orgs/{}/{rest}", org.org_id);
    let role = |role: &str| json!({ "role": role });
    desk.call("PATCH", &at(&format!("people/{}", john.id)), Some(&role("editor"))).await.expect(200);
    for (person, to) in [(&john, "manager"), (&john, "owner"), (&chris, "reader"), (&anna, "reader")] {
        desk.call("PATCH", &at(&format!("people/{}", person.id)), Some(&role(to))).await.expect(403);
    }
    desk.post(&at("people/remove"), &json!({ "people": [chris.id] })).await.expect(403);
    desk.post(&at("people/remove"), &json!({ "people": [john.id, anna.id] })).await.expect(403);
    for (to, status) in [("reader", 200), ("editor", 200), ("manager", 403), ("owner", 403)] {
        let body = json!({ "invitations": [{ "email": format!("{to}@example.com"), "role": to }] });
        desk.post(&at("invitations"), &body).await.expect(status);
    }
    let letter = app.mail_to("reader@example.com").await;
    assert!(letter.iter().any(|(_, text)| text.contains("Desk (key)")), "{letter:?}");
    let folder = anna.folder(org.root, "Flights").await;
    desk.call(
        "PUT",
        &format!("/api/v1/resources/{folder}/grants"),
        Some(&json!({ "person": john.id, "level": "manager" })),
    )
    .await
    .expect(200);
    desk.call("PATCH", &format!("/api/v1/resources/{folder}"), Some(&json!({ "name": "X" }))).await.expect(403);
    desk.post(&at("people/remove"), &json!({ "people": [john.id] })).await.expect(204);
    let names: Vec<String> = desk.get(&at("people")).await.expect(200).names();
    assert!(!names.contains(&john.name) && names.contains(&chris.name), "{names:?}");
    app.healthy().await;
});

both!(auth_6_access_3_a_machine_reaches_nothing_outside_its_account, async |app| {
    let (anna, john, eve) = (app.person("Anna").await, app.person("John").await, app.person("Eve").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, eve.create_org("Tunnel North").await);
    let licence = app.team_licence(&org).await;
    app.team_licence(&other).await;
    app.verify(&anna).await;
    app.join(&org, &john, Role::Reader).await;
    let account = anna.post(&format!("/api/v1/orgs/{}/accounts", org.org_id), &json!({ "name": "Tunnels" })).await;
    let account = account.expect(201).json();
    let (second, root) = (account["account_id"].as_str().expect("an id"), read::<ResourceId>(&account["root"]));
    let granted = GrantForm {
        org: org.org_id.clone(),
        account: Some(second.to_owned()),
        product: "cloud-teams".to_owned(),
        model: Some("images-projects".to_owned()),
        images: 100,
        projects: 10,
        ..GrantForm::default()
    };
    grant(app.ctx(), &granted).await.expect("a licence is granted");
    let hidden = anna.folder(org.root, "Secret Portal").await;
    let shared = eve.folder(other.root, "Secret Shared").await;
    eve.give(shared, json!({ "organization": org.org_id }), "editor").await.expect(200);
    anna.show(shared).await.expect(200);
    let machine = Machine::new(app, &anna, &org, "All", &Scope::ALL, Some(second)).await;
    for id in [hidden, org.root, shared, other.root] {
        machine.get(&format!("/api/v1/resources/{id}")).await.expect(404);
        let body = json!({ "parent": id, "kind": "folder", "name": "Mine" });
        machine.post("/api/v1/resources", &body).await.expect(404);
    }
    let body = json!({ "parent": root, "kind": "folder", "name": "Mine" });
    let mine: ResourceId = read(&machine.post("/api/v1/resources", &body).await.expect(201).json()["id"]);
    machine.post("/api/v1/transfers", &json!({ "items": [mine], "destination": org.root })).await.expect(404);
    machine.post("/api/v1/transfers", &json!({ "items": [mine], "destination": shared })).await.expect(404);
    machine.post(&format!("/api/v1/resources/{mine}/copy"), &json!({ "destination": hidden })).await.expect(404);
    let at = |rest: &str| format!("/api/v1/orgs/{}/{rest}", org.org_id);
    let found = machine.get(&at("search?q=secret")).await.expect(200).json();
    assert_eq!((&found["items"], &found["next_cursor"]), (&json!([]), &Value::Null));
    let accounts = machine.get(&at("accounts")).await.expect(200).json();
    assert_eq!(accounts["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(accounts["items"][0]["account_id"], json!(second));
    let whole = machine.get(&format!("/api/v1/orgs/{}", org.org_id)).await.expect(200);
    assert!(!whole.body.contains(&org.root.to_string()), "{}", whole.body);
    machine.get(&format!("/api/v1/licences/{licence}/ledger")).await.expect(404);
    anna.trash(hidden).await.expect(204);
    assert_eq!(machine.get(&at("trash")).await.expect(200).json()["items"], json!([]));
    assert_eq!(machine.get("/api/v1/orgs").await.expect(200).json()["items"].as_array().map(Vec::len), Some(1));
    machine.get(&format!("/api/v1/orgs/{}", other.org_id)).await.expect(404);
    // What is of the whole organization would reach into the other account.
    for (method, path, body) in [
        ("GET", at("transfers"), None),
        ("GET", at("invitations"), None),
        ("GET", at("loans"), None),
        ("PATCH", at(&format!("people/{}", john.id)), Some(json!({ "role": "editor" }))),
        ("POST", at("people/remove"), Some(json!({ "people": [john.id] }))),
        ("POST", at("invitations"), Some(json!({ "invitations": [{ "email": "x@example.com", "role": "editor" }] }))),
        ("POST", at("invitations"), Some(json!({ "invitations": [{ "email": "x@example.com", "role": "member" }] }))),
    ] {
        let refused = machine.call(method, &path, body.as_ref()).await.expect(403);
        assert!(refused.body.contains("whole organization"), "{}", refused.body);
    }
    let body = json!({ "invitations": [{ "email": "x@example.com", "role": "member", "resource": hidden }] });
    assert_eq!(machine.post(&at("invitations"), &body).await.expect(200).json()["results"][0]["outcome"], "invalid");
    // Who is limited to the other account does not exist for it.
    let accounts = json!({ "accounts": [org.account] });
    anna.patch(&at(&format!("people/{}", john.id)), &accounts).await.expect(200);
    assert_eq!(machine.get(&at("people")).await.expect(200).names(), [anna.name.as_str()]);
    machine.call("GET", &format!("/api/v1/resources/{mine}?as={}", john.id), None).await.expect(403);
    app.healthy().await;
});

both!(auth_6_a_machine_uploads_and_takes_files, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let dataset = anna.dataset(org.root, "Flight", 0).await;
    let writer = Machine::new(app, &anna, &org, "Capture", &[Scope::Write], None).await;
    let reader = Machine::new(app, &anna, &org, "Archive", &[Scope::Read], None).await;
    let plan = json!({ "files": [{ "path": "photo.jpg", "bytes": 5 }] });
    let planned = writer.post(&format!("/api/v1/datasets/{dataset}/uploads"), &plan).await.expect(200).json();
    let url = planned["items"][0]["upload"]["url"].as_str().expect("an address").to_owned();
    let send = async |machine: &Machine, offset: &str, body: &'static str| {
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(&url)
            .header(header::AUTHORIZATION, &machine.bearer)
            .header("tus-resumable", "1.0.0")
            .header(header::CONTENT_TYPE, "application/offset+octet-stream")
            .header("upload-offset", offset)
            .body(Body::from(body));
        app.nobody().send(request.expect("a request")).await
    };
    send(&reader, "0", "ph").await.expect(403);
    send(&writer, "0", "ph").await.expect(204);
    writer.call("HEAD", &url, None).await.expect(200);
    anna.call(Method::HEAD, &url, None, &[]).await.expect(404);
    send(&writer, "2", "oto").await.expect(204);
    let listed = reader.get(&format!("/api/v1/datasets/{dataset}/files")).await.expect(200).json();
    assert_eq!(listed["items"][0]["created_by_name"], "Capture (key)");
    let content = format!("/api/v1/datasets/{dataset}/files/1/content");
    assert_eq!(reader.get(&content).await.expect(200).body, "photo");
    writer.get(&content).await.expect(403);
    app.healthy().await;
});

both!(api_1_query_parameters_that_are_not_known_are_refused_by_every_operation, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let document = anna.get("/api/v1/openapi.json").await.expect(200).json();
    let key = create_key(app.ctx(), &Operator::command_line(), "tests").await.expect("a key").1;
    let bearer = format!("Bearer {key}");
    let mut walked = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            if path == "/oauth/token" {
                continue;
            }
            let at = path.replace("{org}", &org.org_id);
            let at = ["{id}", "{person}", "{grant}", "{holder}", "{number}", "{level}", "{x}", "{y}"]
                .iter()
                .fold(at, |at, name| at.replace(name, &org.root.to_string()));
            let headers: &[(&str, &str)] =
                if path.contains("/operator/") { &[("authorization", bearer.as_str())] } else { &[] };
            let verb: Method = method.to_uppercase().parse().expect("a method");
            let answer = anna.call(verb, &format!("{at}?nonsense=1"), None, headers).await;
            assert_eq!(answer.status, 400, "{method} {path}: {}", answer.body);
            walked += 1;
            if method == "head" {
                continue;
            }
            assert_eq!((answer.code().as_str(), answer.fields()), ("invalid", vec!["nonsense".to_owned()]), "{path}");
        }
    }
    assert_eq!(walked, OPERATIONS.len());
    let form = Request::builder()
        .method(Method::POST)
        .uri("/oauth/token?client_secret=x")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("grant_type=client_credentials"))
        .expect("a request");
    app.nobody().send(form).await.expect(400);
    anna.get("/api/v1/me").await.expect(200);
});

both!(api_1_unauthorized_answers_name_the_way_to_sign_in, async |app| {
    let anna = app.person("Anna").await;
    let nobody = app.nobody();
    for (method, path, _) in OPERATIONS.iter().filter(|(.., calls)| !matches!(calls, Calls::Anyone)) {
        let at = format!("/api/v1{path}").replace('{', "").replace('}', "");
        let answer = nobody.call(method.parse().expect("a method"), &at, None, &[]).await;
        // A body that is missing may be told first.
        assert!([400, 401].contains(&answer.status), "{method} {path}: {}", answer.body);
        if answer.status == 401 {
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"commonhold\"", "{method} {path}");
        }
    }
    let wrong = json!({ "email": anna.email, "password": "not-the-password-of-anna" });
    let refused = nobody.post("/api/v1/session", &wrong).await.expect(401);
    assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"commonhold\"");
    let bad = nobody.call(Method::GET, "/api/v1/me", None, &[("authorization", "Bearer nonsense")]).await.expect(401);
    assert!(bad.header("www-authenticate").starts_with("Bearer realm=\"commonhold\", error=\"invalid_token\""));
});

both!(api_1_options_says_what_may_be_asked, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for (path, allow) in [
        ("/".to_owned(), "GET, HEAD, OPTIONS"),
        (format!("/o/{}", org.org_id), "GET, HEAD, OPTIONS"),
        ("/signin".to_owned(), "GET, HEAD, OPTIONS"),
        ("/fn/commonhold/rpc/session/sign_in".to_owned(), "OPTIONS, POST"),
        ("/oauth/token".to_owned(), "OPTIONS, POST"),
        ("/api/v1/orgs".to_owned(), "GET, HEAD, OPTIONS, POST"),
        (format!("/api/v1/resources/{}", org.root), "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/api/v1/openapi.json".to_owned(), "GET, HEAD, OPTIONS"),
    ] {
        for person in [&anna, &app.nobody()] {
            for headers in [&[][..], &[("origin", "https://elsewhere.example"), ("sec-fetch-site", "cross-site")][..]] {
                let answer = person.call(Method::OPTIONS, &path, None, headers).await.expect(204);
                assert_eq!(answer.header("allow"), allow, "{path}");
                assert!(answer.header("access-control-allow-origin").is_empty());
            }
        }
    }
    app.nobody().call(Method::OPTIONS, "/api/v1/nothing", None, &[]).await.expect(404);
});

both!(people_2_invitations_are_previewed_over_rest_and_nothing_is_sent, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.verify(&anna).await;
    let path = format!("/api/v1/orgs/{}/invitations", org.org_id);
    let body = json!({ "invitations": [
        { "email": "jane@example.com", "role": "reader" }, { "email": anna.email, "role": "reader" }, { "email": "nonsense", "role": "reader" },
    ] });
    let outcomes = |answer: &Answer| -> Vec<String> {
        let results = answer.json()["results"].as_array().cloned().unwrap_or_default();
        results.iter().filter_map(|one| one["outcome"].as_str().map(str::to_owned)).collect()
    };
    let seen = anna.post(&format!("{path}?preview=true"), &body).await.expect(200);
    assert_eq!(outcomes(&seen), ["invited", "already_member", "invalid"]);
    assert!(seen.json()["results"][0].get("invitation").is_none());
    assert!(app.mail_to("jane@example.com").await.is_empty());
    assert_eq!(anna.get(&path).await.expect(200).json()["items"], json!([]));
    anna.post(&format!("{path}?preview=perhaps"), &body).await.expect(400);
    anna.post(&format!("{path}?preview=true"), &json!({ "invitations": [] })).await.expect(422);
    let john = app.person("John").await;
    john.post(&format!("{path}?preview=true"), &body).await.expect(404);
    assert_eq!(outcomes(&anna.post(&format!("{path}?preview=false"), &body).await.expect(200))[0], "invited");
    // Its link is looked at without signing in, and that changes nothing.
    let token = app.invitation_token("jane@example.com").await;
    for _ in 0..2 {
        let opened = app.nobody().post("/api/v1/invitations/show", &json!({ "token": token })).await.expect(200).json();
        assert_eq!(
            (&opened["organization"], &opened["role"], &opened["status"]),
            (&json!("Alpine Survey"), &json!("reader"), &json!("pending"))
        );
        assert_eq!((&opened["email"], &opened["has_account"]), (&json!("jane@example.com"), &json!(false)));
    }
    app.nobody().post("/api/v1/invitations/show", &json!({ "token": "nonsense" })).await.expect(404);
});

both!(drive_4_changes_are_taken_back_over_rest, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let (one, two) = (anna.folder(org.root, "One").await, anna.folder(org.root, "Two").await);
    let dataset = anna.dataset(org.root, "Flight", 3).await;
    let undo = async |answer: &Answer| {
        let token = answer.header("undo-token");
        assert!(!token.is_empty(), "{:?}", answer.headers);
        anna.post("/api/v1/undo", &json!({ "token": token })).await.expect(200);
        anna.post("/api/v1/undo", &json!({ "token": token })).await.expect(422);
    };
    let path = |id: ResourceId, rest: &str| format!("/api/v1/resources/{id}{rest}");
    undo(&anna.patch(&path(one, ""), &json!({ "name": "Renamed" })).await.expect(200)).await;
    assert_eq!(anna.show(one).await.json()["name"], "One");
    undo(&anna.transfer(&[one], two).await.expect(201)).await;
    assert_eq!(anna.show(one).await.json()["parent"], json!(org.root));
    undo(&anna.post(&path(dataset, "/assign"), &json!({ "site_name": "Portal" })).await.expect(200)).await;
    assert_eq!(anna.show(dataset).await.json()["parent"], json!(org.root));
    undo(&anna.post("/api/v1/resources/trash", &json!({ "items": [one, two] })).await.expect(204)).await;
    assert_eq!(anna.children(org.root, "?kind=folder").await.expect(200).names(), ["One", "Two"]);
    // All of them or none, and back again.
    let missing = uuid::Uuid::from_u128(7);
    anna.post("/api/v1/resources/trash", &json!({ "items": [one, missing] })).await.expect(404);
    anna.post("/api/v1/resources/trash", &json!({ "items": [] })).await.expect(422);
    anna.post("/api/v1/resources/trash", &json!({ "items": [one, two] })).await.expect(204);
    let back = anna.post("/api/v1/resources/restore", &json!({ "items": [one, two] })).await.expect(200);
    let mut names = back.names();
    names.sort();
    assert_eq!(names, ["One", "Two"]);
    // Somebody else's change is not theirs to take back.
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    let renamed = anna.patch(&path(one, ""), &json!({ "name": "Other" })).await.expect(200);
    john.post("/api/v1/undo", &json!({ "token": renamed.header("undo-token") })).await.expect(422);
    // The list of long work.
    let begun = json!({ "items": [one], "destination": two, "background": true });
    let task = anna.post("/api/v1/transfers", &begun).await.expect(202);
    let listed = anna.get(&format!("/api/v1/orgs/{}/tasks", org.org_id)).await.expect(200).json();
    assert_eq!(listed["items"][0]["id"], task.json()["id"]);
    anna.get(task.header("location")).await.expect(200);
    assert_eq!(john.get(&format!("/api/v1/orgs/{}/tasks", org.org_id)).await.expect(200).json()["items"], json!([]));
    app.nobody().get(&format!("/api/v1/orgs/{}/tasks", org.org_id)).await.expect(401);
});

both!(drive_6_what_is_in_a_dataset_is_said_by_who_may_change_it, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 50, 10).await;
    app.join(&org, &john, Role::Reader).await;
    let dataset = anna.dataset(org.root, "Flight", 40).await;
    let path = format!("/api/v1/resources/{dataset}/dataset");
    let changed =
        anna.patch(&path, &json!({ "images": 60, "bytes": 5, "captured_on": "2026-11-20" })).await.expect(200).json();
    let facts = &changed["dataset"];
    assert_eq!(
        (&facts["images"], &facts["bytes"], &facts["captured_on"]),
        (&json!(60), &json!(5), &json!("2026-11-20"))
    );
    let kept = anna.patch(&path, &json!({ "bytes": 6 })).await.expect(200).json();
    assert_eq!((&kept["dataset"]["images"], &kept["dataset"]["captured_on"]), (&json!(60), &json!("2026-11-20")));
    assert_eq!(
        anna.patch(&path, &json!({ "captured_on": "" })).await.expect(200).json()["dataset"]["captured_on"],
        Value::Null
    );
    for (body, field) in [
        (json!({ "images": -1 }), "images"),
        (json!({ "bytes": i64::MAX }), "bytes"),
        (json!({ "captured_on": "yesterday" }), "captured_on"),
    ] {
        assert_eq!(anna.patch(&path, &body).await.expect(422).fields(), [field]);
        assert!(john.patch(&path, &body).await.expect(403).fields().is_empty());
    }
    anna.patch(&path, &json!({ "size": 1 })).await.expect(400);
    anna.patch(&path, &json!({ "status": "processed" })).await.expect(400);
    let folder = anna.folder(org.root, "Folder").await;
    anna.patch(&format!("/api/v1/resources/{folder}/dataset"), &json!({ "bytes": 1 })).await.expect(404);
    app.nobody().patch(&path, &json!({ "bytes": 1 })).await.expect(401);
    let logged = anna.audit(&org).await.into_iter().filter(|action| action == "dataset.changed").count();
    assert_eq!(logged, 3);
    // With fewer images what is left is enough, and what waited starts; then they are counted.
    assert_eq!(app.set_status(dataset, DatasetStatus::Queued).await.status, DatasetStatus::WaitingForCredits);
    let started = anna.patch(&path, &json!({ "images": 30 })).await.expect(200).json();
    assert_eq!(started["dataset"]["status"], "queued");
    assert_eq!(app.left(licence).await, (20, 9, 0));
    let refused = anna.patch(&path, &json!({ "images": 10 })).await.expect(422);
    assert!(refused.body.contains("was fixed when"), "{}", refused.body);
    anna.patch(&path, &json!({ "bytes": 7 })).await.expect(200);
    assert_eq!(app.left(licence).await, (20, 9, 0));
    app.healthy().await;
});

both!(api_1_the_operator_does_by_rest_what_the_command_line_does, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 100, 10).await;
    let dataset = anna.dataset(org.root, "Flight", 40).await;
    let key = create_key(app.ctx(), &Operator::command_line(), "tests").await.expect("a key").1;
    let bearer = format!("Bearer {key}");
    let call = async |method: &str, path: &str, body: Option<Value>| {
        let headers = [("authorization", bearer.as_str())];
        app.nobody()
            .call(method.parse().expect("a method"), &format!("/api/v1/operator/{path}"), body.as_ref(), &headers)
            .await
    };
    let at = format!("orgs/{}/plan", org.org_id);
    let set = call("PUT", &at, Some(json!({ "plan": "premier" }))).await.expect(200).json();
    assert_eq!((&set["before"], &set["plan"]), (&json!("enterprise"), &json!("premier")));
    assert_eq!(call("PUT", &at, Some(json!({ "plan": "gold" }))).await.expect(422).fields(), ["plan"]);
    call("PUT", "orgs/nobody/plan", Some(json!({ "plan": "premier" }))).await.expect(404);
    let status = format!("datasets/{dataset}/status");
    let set = call("PUT", &status, Some(json!({ "status": "processed" }))).await.expect(200).json();
    assert_eq!((&set["status"], &set["charged"]["images"]), (&json!("processed"), &json!(40)));
    assert_eq!(call("PUT", &status, Some(json!({ "status": "done" }))).await.expect(422).fields(), ["status"]);
    call("PUT", &format!("datasets/{}/status", org.root), Some(json!({ "status": "processed" }))).await.expect(404);
    let log = anna.get(&format!("/api/v1/orgs/{}/audit?limit=2", org.org_id)).await.expect(200).json();
    let names: Vec<&Value> = log["items"].as_array().expect("items").iter().map(|line| &line["actor_name"]).collect();
    assert!(names.iter().all(|name| name.as_str().is_some_and(|name| name.contains("tests"))), "{names:?}");
    let mail = call("GET", "mail?state=waiting", None).await.expect(200).json();
    let first = &mail["items"][0];
    assert!(first["to"].as_str().is_some_and(|to| to.contains('@')) && first.get("text").is_none(), "{first}");
    call("POST", &format!("mail/{}/retry", first["id"].as_str().expect("an id")), None).await.expect(204);
    call("POST", &format!("mail/{}/retry", uuid::Uuid::from_u128(7)), None).await.expect(422);
    assert_eq!(call("POST", "mail/retry", None).await.expect(200).json()["retried"], 0);
    assert_eq!(call("GET", "mail?state=lost", None).await.expect(422).fields(), ["state"]);
    let doctor = call("GET", "doctor", None).await.expect(200).json();
    assert!(doctor["healthy"] == true && doctor["findings"].as_array().is_some_and(|all| all.len() > 5));
    for path in ["mail", "doctor"] {
        anna.get(&format!("/api/v1/operator/{path}")).await.expect(401);
    }
});

#[test]
fn auth_6_every_reason_to_exclude_keys_is_used() {
    for why in PeopleOnly::ALL {
        // View as is a parameter of many operations, and refused to machines.
        let given = OPERATIONS.iter().any(|(.., calls)| *calls == Calls::People(why));
        assert!(given || why == PeopleOnly::Viewer, "{why:?}");
    }
}

both!(attack_27_a_key_needs_a_verified_address, async |app| {
    let eve = Person::sign_up_unproved(app, "Eve", "Muster", "eve@example.com").await;
    let org = eve.create_org("Your Bank").await;
    let (path, form) = (format!("/api/v1/orgs/{}/keys", org.org_id), json!({ "name": "Bank", "scopes": ["people"] }));
    assert_eq!(eve.post(&path, &form).await.expect(403).code(), "email_unverified");
    app.verify(&eve).await;
    eve.post(&path, &form).await.expect(201);
});
