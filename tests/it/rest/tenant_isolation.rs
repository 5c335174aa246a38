//! Tenant isolation (attacks 1, 2, 15): every route with an id in its path, generated from the OpenAPI document so that
//! no new one is missed.

use axum::http::Method;
use commonhold::domain::{access::Level, resource::DatasetStatus, role::Role, transfer::Grantee};
use serde_json::{Value, json};

use crate::{both, support::Answer};

/// An answer without its request id.
fn bare(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    if let Some(object) = body.as_object_mut() {
        object.remove("request_id");
    }
    (answer.status, body)
}

both!(attack_1_every_id_of_another_organization_is_answered_like_a_missing_one, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    // Anna has an organization of her own; everything requested is John's.
    let own = anna.create_org("Alpine Survey").await;
    let (theirs, second) = (john.create_org("Tunnel North").await, john.create_org("Tunnel South").await);
    app.join(&own, &john, Role::Owner).await;
    let licence = app.images_licence(&theirs, 100, 10).await;
    app.images_licence(&second, 100, 10).await;
    let folder = john.folder(theirs.root, "Gotthard").await;
    let dataset = john.dataset(folder, "Flight", 1).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    let receipt = john.transfer(&[dataset], second.root).await.expect(201).json()["id"].clone();
    let receipt = receipt.as_str().expect("an id").to_owned();
    let link =
        john.post(&format!("/api/v1/resources/{folder}/links"), &json!({})).await.expect(201).json()["id"].clone();
    let link = link.as_str().expect("an id").to_owned();
    let session = john.get("/api/v1/me/sessions").await.expect(200).json()["items"][0]["id"].clone();
    let session = session.as_str().expect("an id").to_owned();
    let missing = uuid::Uuid::from_u128(7).to_string();
    app.corrupt(
        "INSERT INTO task (id, organization_id, person_id, person_name, kind, state, name, hidden_root_id, done, total, claimed_until, created_at, ended_at)
         SELECT r.id, r.organization_id, r.created_by, '', 'delete', 'done', r.name, r.id, 1, 1, 0, 0, 0 FROM resource r WHERE r.name = 'Gotthard'",
    )
    .await;
    let task = folder.to_string();
    john.get(&format!("/api/v1/tasks/{task}")).await.expect(200);
    let lent = app.images_licence(&theirs, 100, 10).await;
    let loan = json!({ "licence": lent, "sharing_id": format!("{}/primary", second.org_id), "until": "2026-12-31" });
    let loan =
        john.post(&format!("/api/v1/orgs/{}/loans", theirs.org_id), &loan).await.expect(201).json()["id"].clone();
    let loan = loan.as_str().expect("an id").to_owned();
    let desktop = app.desktop_licence(&theirs, 3).await;
    john.patch("/api/v1/me", &json!({ "default_organization": theirs.org_id })).await.expect(200);
    john.post(&format!("/api/v1/desktop/licences/{desktop}/take"), &json!({ "device": "Desk" })).await.expect(200);
    let invitation = john.invite(&theirs, "eve@example.com", "reader").await;

    let offered = json!({ "items": [folder], "target": second.org_id });
    let offer = john.post("/api/v1/offers", &offered).await.expect(201).json()["id"].clone();
    let offer = offer.as_str().expect("an id").to_owned();

    let draft = john.dataset(folder, "Draft", 0).await;
    let number = john.upload(draft, "photo.jpg", b"photo").await;
    // Numbered alike, so that what stands for a file stands for a drawing as well.
    let point = json!({ "kind": "point", "coordinates": [[8.5, 46.6]] });
    john.post(&format!("/api/v1/datasets/{draft}/annotations"), &point).await.expect(201);
    let begun = json!({ "files": [{ "path": "more.jpg", "bytes": 4 }] });
    let begun = john.post(&format!("/api/v1/datasets/{draft}/uploads"), &begun).await.expect(200).json();
    let upload =
        begun["items"][0]["upload"]["url"].as_str().expect("an address").rsplit('/').next().expect("an id").to_owned();

    crate::flow::apps::published(&john, &theirs, "theirs", "free", false).await;
    john.patch("/api/v1/apps/theirs", &json!({ "state": "withdrawn" })).await.expect(200);
    crate::flow::apps::published(&john, &theirs, "open", "free", false).await;
    let job = john.post(&format!("/api/v1/datasets/{draft}/jobs"), &json!({ "app": "open" })).await.expect(201).json();
    let job = job["id"].as_str().expect("an id").to_owned();

    app.give(folder, Grantee::Person(john.id), Level::Reader, false).await;
    let grants = john.access(folder, "").await.expect(200).json();
    let account = theirs.account.to_string();
    let grant = grants["items"][0]["grant"].as_str().expect("a grant").to_owned();

    let document = anna.get("/api/v1/openapi.json").await.expect(200).json();
    let mut walked = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        // The operator's calls accept operator keys only, so a session is not signed in there.
        if path.contains("/operator/") {
            for method in methods.as_object().expect("methods").keys() {
                let verb: Method = method.to_uppercase().parse().expect("a method");
                let at = |id: &str| {
                    format!("/api/v1{}", path.trim_start_matches("/api/v1").replace("{id}", id).replace("{org}", id))
                };
                let known = anna.call(verb.clone(), &at(&licence.to_string()), None, &[]).await;
                let unknown = anna.call(verb.clone(), &at(&missing), None, &[]).await;
                assert_eq!(bare(&known), bare(&unknown), "{verb} {path}");
                assert_eq!((known.status, known.code().as_str()), (401, "unauthenticated"), "{verb} {path}");
            }
            continue;
        }
        if !path.contains('{') {
            continue;
        }
        // For each parameter an id of John, and one that does not exist.
        let ways: Vec<(String, String)> =
            match path.trim_start_matches("/api/v1").split('/').nth(1).expect("a resource") {
                "orgs" => {
                    vec![(theirs.org_id.clone(), "no-such-org".to_owned()), (theirs.id.to_string(), missing.clone())]
                }
                "resources" => {
                    vec![(folder.to_string(), missing.clone()), (theirs.root.to_string(), "nonsense".to_owned())]
                }
                "me" => vec![(session.clone(), missing.clone())],
                "licences" if path.contains("/seats") => vec![(desktop.to_string(), missing.clone())],
                "licences" => vec![(licence.to_string(), missing.clone())],
                "desktop" => vec![(desktop.to_string(), missing.clone()), (desktop.to_string(), "nonsense".to_owned())],
                "loans" => vec![(loan.clone(), missing.clone())],
                "transfers" => vec![(receipt.clone(), missing.clone())],
                "tasks" => vec![(task.clone(), missing.clone())],
                "links" => vec![(link.clone(), missing.clone())],
                "offers" => vec![(offer.clone(), missing.clone())],
                "datasets" => vec![(draft.to_string(), missing.clone()), (draft.to_string(), "nonsense".to_owned())],
                "uploads" => vec![(upload.clone(), missing.clone()), (upload.clone(), "nonsense".to_owned())],
                "jobs" => vec![(job.clone(), missing.clone()), (job.clone(), "nonsense".to_owned())],
                // That a published app exists is no secret: who may not run it is told why (JOB-1).
                "apps" => vec![],
                // With the token of a job only: `flow::engines` asks for others with it.
                "engine" => vec![],
                other => panic!("say what stands for an id of /{other} in this test"),
            };
        if ways.is_empty() {
            continue;
        }
        for method in methods.as_object().expect("methods").keys() {
            let verb: Method = method.to_uppercase().parse().expect("a method");
            if path.contains("/uploads/{id}") && verb == Method::PATCH {
                for id in [&upload, &missing] {
                    let at = format!("/api/v1/uploads/{id}");
                    anna.send_bytes(&at, 0, "x").await.expect(404);
                    app.nobody().send_bytes(&at, 0, "x").await.expect(401);
                }
                continue;
            }
            let body = match (verb.as_str(), path.rsplit('/').next().unwrap_or_default()) {
                ("GET" | "HEAD" | "DELETE", _) => None,
                ("POST", "uploads") => Some(json!({ "files": [{ "path": "mine.jpg", "bytes": 1 }] })),
                ("POST", "delete") => Some(json!({ "numbers": [number] })),
                ("PATCH", "caps") => Some(json!({ "apps": false })),
                ("POST", "annotations") | ("PUT", "{number}") => {
                    Some(json!({ "kind": "point", "coordinates": [[8.5, 46.6]] }))
                }
                ("POST", "import") => Some(json!({ "type": "Point", "coordinates": [8.5, 46.6] })),
                ("POST", "jobs") => Some(json!({ "app": "open" })),
                ("POST", "cancel" | "again") => Some(json!({})),
                ("POST", "apps") => Some(json!({ "slug": "mine", "title": "Mine", "price": "free" })),
                ("PATCH", "{number}") => Some(json!({ "left_out": true })),
                ("PATCH", "{person}") => Some(json!({ "role": "reader" })),
                ("PATCH", "{org}") => Some(json!({ "name": "Mine" })),
                ("PUT", "restrictions") => Some(json!({ "copy": true })),
                ("POST", "links") => Some(json!({})),
                ("PUT", "legal") => Some(json!({ "country": "CH" })),
                ("PUT", "grants") => Some(json!({ "person": anna.id, "level": "reader" })),
                ("POST", "restore" | "trash" | "unassign") => None,
                ("POST", "undo" | "decline") => None,
                ("POST", "plan" | "accept") => Some(json!({ "destination": own.root })),
                ("POST", "copy") => Some(json!({ "destination": own.root })),
                ("POST", "assign") => Some(json!({ "site_name": "Mine" })),
                ("PATCH", "{id}") if path.contains("/invitations/") => Some(json!({ "role": "editor" })),
                ("PATCH", "{id}") => Some(json!({ "name": "Mine" })),
                ("POST", "invitations") => {
                    Some(json!({ "invitations": [{ "email": "x@example.com", "role": "reader" }] }))
                }
                ("POST", "resend") => Some(json!({})),
                ("POST", "keys") => Some(json!({ "name": "Farm", "scopes": ["read"] })),
                ("PATCH", "dataset") => Some(json!({ "bytes": 1 })),
                ("POST", "seats") => Some(json!({ "person": john.id })),
                ("POST", "loans") => {
                    Some(json!({ "licence": licence, "sharing_id": "alpine-survey/primary", "until": "2026-12-31" }))
                }
                ("POST", "take" | "heartbeat" | "release") => Some(json!({ "device": "Desk" })),
                ("POST", "accounts") => Some(json!({ "name": "Mine" })),
                ("POST", "share-copy") => Some(json!({ "sharing_id": "alpine-survey/primary" })),
                ("POST", "people") => {
                    Some(json!({ "email": "x@example.com", "first_name": "X", "last_name": "Y", "role": "reader" }))
                }
                ("POST", "remove") => Some(json!({ "people": [john.id] })),
                ("POST", "contacts") | ("PUT", "{id}") => Some(json!({ "name": "X", "email": "x@example.com" })),
                ("POST", "requests") => {
                    Some(json!({ "product": "cloud", "contact_name": "X", "contact_email": "x@example.com" }))
                }
                ("POST", "withdraw") => Some(json!({})),
                other => panic!("say what a {other:?} sends in this test"),
            };
            for (foreign, nobodys) in &ways {
                let fill = |id: &str| {
                    let path = path.replace("{org}", id).replace("{person}", &john.id.to_string());
                    let path = path.replace("{grant}", &grant).replace("{number}", &number.to_string());
                    let path = path.replace("{level}", "0").replace("{x}", "0").replace("{y}", "0");
                    let path = if path.contains("/accounts/") { path.replace("{id}", &account) } else { path };
                    let path = path.replace("{id}", if path.contains("/invitations/") { &invitation } else { id });
                    if path.starts_with("/api/v1") { path } else { format!("/api/v1{path}") }
                };
                let at_theirs = anna.call(verb.clone(), &fill(foreign), body.as_ref(), &[]).await;
                let at_nobodys = anna.call(verb.clone(), &fill(nobodys), body.as_ref(), &[]).await;
                if verb == Method::HEAD {
                    let anonymous = app.nobody().call(verb.clone(), &fill(foreign), None, &[]).await.status;
                    assert_eq!((at_theirs.status, at_nobodys.status, anonymous), (404, 404, 401), "{path}");
                    continue;
                }
                assert_eq!(bare(&at_theirs), bare(&at_nobodys), "{verb} {path}");
                assert_eq!((at_theirs.status, at_theirs.code().as_str()), (404, "not_found"), "{verb} {path}");
                assert_eq!(at_theirs.header("content-length"), at_nobodys.header("content-length"), "{verb} {path}");
                let anonymous = app.nobody().call(verb.clone(), &fill(foreign), body.as_ref(), &[]).await;
                assert_eq!((anonymous.status, anonymous.code().as_str()), (401, "unauthenticated"), "{verb} {path}");
                walked += 1;
            }
        }
    }
    assert!(walked >= 14, "{walked} calls");
    assert_eq!(app.role(theirs.id, john.id).await, Some(Role::Owner));
    app.healthy().await;
});

both!(attack_2_the_organization_is_the_paths_and_no_header_changes_it, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (own, theirs) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    for name in ["x-organization", "x-org-id", "x-tenant", "x-forwarded-user"] {
        let at = |org: &str| format!("/api/v1/orgs/{org}");
        let answer = anna.call(Method::GET, &at(&theirs.org_id), None, &[(name, &own.org_id)]).await;
        assert_eq!(answer.status, 404);
        let answer = anna.call(Method::GET, &at(&own.org_id), None, &[(name, &theirs.org_id)]).await.expect(200);
        assert_eq!(answer.json()["org_id"], "alpine-survey");
    }
    // A resource of one organization under the page of another.
    let folder = anna.folder(own.root, "Gotthard").await;
    app.join(&theirs, &anna, Role::Owner).await;
    anna.page(&format!("/o/{}/drive/{folder}", theirs.org_id)).await.expect(404);
    anna.page(&format!("/o/{}/drive/{folder}", own.org_id)).await.expect(200);
});

both!(attack_15_only_a_name_clash_tells_of_what_one_cannot_see, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let theirs = john.create_org("Tunnel North").await;
    john.folder(theirs.root, "Secret plans").await;
    let own = anna.create_org("Tunnel North").await;
    assert_eq!(own.org_id, "tunnel-north-2");
    let audit = anna.get(&format!("/api/v1/orgs/{}/audit", own.org_id)).await.expect(200);
    assert!(!audit.body.contains("Secret") && !audit.body.contains("John"), "{}", audit.body);
    assert_eq!(anna.children(own.root, "?query=secret").await.expect(200).names(), Vec::<String>::new());
});

both!(attack_5_a_person_of_another_organization_is_not_found_in_mine, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let own = anna.create_org("Alpine Survey").await;
    john.create_org("Tunnel North").await;
    assert_eq!(anna.change_role(&own, john.id, "reader").await.expect(404).code(), "not_found");
    assert_eq!(anna.remove(&own, &[john.id]).await.expect(404).code(), "not_found");
    app.healthy().await;
});
