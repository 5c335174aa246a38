//! Credential keys (AUTH-6): made, shown once, exchanged for a token, revoked; and what a machine may ask with it.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use base64::Engine;
use commonhold::{domain::role::Role, rpc::key::CreateKey};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp},
};

async fn make(by: &Person, org: &Org, name: &str, scopes: &[&str]) -> Value {
    let body = json!({ "name": name, "scopes": scopes });
    by.post(&format!("/api/v1/orgs/{}/keys", org.org_id), &body).await.expect(201).json()
}

/// Asks for a token with a form, and headers of its own.
async fn ask(app: &TestApp, form: &[(&str, &str)], headers: &[(&str, String)]) -> Answer {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("/oauth/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let body = serde_urlencoded::to_string(form).expect("fields");
    app.nobody().send(request.body(Body::from(body)).expect("a request")).await
}

async fn token_of(app: &TestApp, key: &Value) -> String {
    let text = |field: &str| key[field].as_str().expect("a text").to_owned();
    let (id, secret) = (text("client_id"), text("client_secret"));
    let form = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret)];
    ask(app, &form, &[]).await.expect(200).json()["access_token"].as_str().expect("a token").to_owned()
}

async fn with(app: &TestApp, token: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
    app.nobody().call(method, path, body, &[("authorization", &format!("Bearer {token}"))]).await
}

both!(auth_6_a_secret_is_exchanged_for_a_token_of_one_hour_in_the_words_of_rfc_6749, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let key = make(&anna, &org, "Farm", &["read", "engine", "read"]).await;
    assert_eq!((&key["scopes"], &key["account"]), (&json!(["read", "engine"]), &json!("primary")));
    let (id, secret) = (key["client_id"].as_str().expect("an id"), key["client_secret"].as_str().expect("a secret"));
    assert!(secret.len() >= 43, "256 bits");
    let grant = ("grant_type", "client_credentials");
    let basic = |id: &str, secret: &str| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        [("authorization", format!("Basic {encoded}"))]
    };
    for answer in [
        ask(app, &[grant, ("client_id", id), ("client_secret", secret)], &[]).await,
        ask(app, &[grant], &basic(id, secret)).await,
    ] {
        let answer = answer.expect(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        let body = answer.json();
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    }
    for (form, headers, status, error) in [
        (vec![], vec![], 400, "invalid_request"),
        (vec![("grant_type", "password")], vec![], 400, "unsupported_grant_type"),
        (vec![grant, ("client_id", id), ("client_secret", secret)], basic(id, secret).to_vec(), 400, "invalid_request"),
        (vec![grant], vec![], 401, "invalid_client"),
        (vec![grant, ("client_id", id), ("client_secret", "wrong")], vec![], 401, "invalid_client"),
        (vec![grant, ("client_id", "ck_7"), ("client_secret", secret)], vec![], 401, "invalid_client"),
        (vec![grant], basic("nobody", secret).to_vec(), 401, "invalid_client"),
    ] {
        let refused = ask(app, &form, &headers).await.expect(status);
        assert_eq!(refused.json()["error"], error, "{form:?}");
        assert_eq!(!refused.header("www-authenticate").is_empty(), status == 401);
    }
    // The secret is nowhere else, and nothing of it is in the database.
    let list = anna.get(&format!("/api/v1/orgs/{}/keys", org.org_id)).await.expect(200);
    assert!(!list.body.contains(secret) && list.json()["items"][0]["last_used_at"].is_string());
    assert_eq!(
        app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM credential_key WHERE LENGTH(secret_hash) = 64").await,
        1
    );
    // An hour later it is over.
    let token = token_of(app, &key).await;
    let path = format!("/api/v1/orgs/{}/licences", org.org_id);
    with(app, &token, Method::GET, &path, None).await.expect(200);
    app.tick(3_599_999);
    with(app, &token, Method::GET, &path, None).await.expect(200);
    app.tick(1);
    let over = with(app, &token, Method::GET, &path, None).await.expect(401);
    assert!(over.body.contains("/oauth/token"), "{}", over.body);
    app.healthy().await;
});

both!(auth_6_the_secret_is_on_the_page_once_and_in_no_table, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let from = format!("/o/{}/settings/keys?dialog=new-key", org.org_id);
    let fields = [("org", org.org_id.as_str()), ("name", "Farm"), ("read", "on")];
    let made = anna.form(CreateKey::url(), &from, &fields).await;
    let secret_on = |page: &Answer| -> Option<String> {
        let (before, _) = page.body.split_once("aria-label=\"Client secret\"")?;
        let tag = before.rsplit_once("<input")?.1;
        tag.split_once("value=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value.to_owned())
    };
    let mut tx = app.db().read().await.expect("a connection");
    let waiting: Vec<(String,)> = tx.sql("SELECT data FROM session").all().await.expect("rows");
    drop(tx);
    let page = anna.page(made.location()).await.expect(200);
    let secret = secret_on(&page).expect("the secret");
    assert!(secret.len() >= 43 && waiting.iter().any(|(data,)| data.contains("Farm")), "{waiting:?}");
    assert!(waiting.iter().all(|(data,)| !data.contains(&secret)), "it waits covered");
    assert_eq!(secret_on(&anna.page(made.location()).await.expect(200)), None, "once");
    let keys = anna.get(&format!("/api/v1/orgs/{}/keys", org.org_id)).await.expect(200).json();
    let id = keys["items"][0]["client_id"].as_str().expect("an id").to_owned();
    let form = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret)];
    ask(app, &form, &[]).await.expect(200);
});

both!(auth_6_auth_3_guessing_secrets_is_limited, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let key = make(&anna, &org, "Farm", &["read"]).await;
    let id = key["client_id"].as_str().expect("an id");
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", "guess")];
    let mut last = 401;
    for _ in 0..25 {
        let answer = ask(app, &form, &[]).await;
        last = answer.status;
        if last == 429 {
            assert!(!answer.header("retry-after").is_empty());
            break;
        }
    }
    assert_eq!(last, 429);
});

both!(auth_6_what_a_machine_may_ask_is_what_its_scopes_and_its_account_allow, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    let (licence, theirs) = (app.images_licence(&org, 100, 10).await, app.images_licence(&other, 100, 10).await);
    let (dataset, foreign) = (anna.dataset(org.root, "Flight", 40).await, john.dataset(other.root, "Portal", 1).await);
    let reads = token_of(app, &make(&anna, &org, "Reporter", &["read"]).await).await;
    let tasks = token_of(app, &make(&anna, &org, "Engine", &["engine"]).await).await;

    let list = with(app, &reads, Method::GET, "/api/v1/orgs/ALPINE-survey/licences", None).await.expect(200).json();
    assert_eq!(list["items"][1]["id"], json!(licence));
    let ledger = format!("/api/v1/licences/{licence}/ledger");
    with(app, &reads, Method::GET, &ledger, None).await.expect(200);
    with(app, &tasks, Method::GET, &ledger, None).await.expect(403);
    for path in ["/api/v1/orgs/tunnel-north/licences".to_owned(), format!("/api/v1/licences/{theirs}/ledger")] {
        with(app, &reads, Method::GET, &path, None).await.expect(404);
    }

    // How far a dataset has come follows from its jobs (JOB-2): nobody says it here, whatever their scopes.
    let status = |id: &str| format!("/api/v1/resources/{id}/dataset");
    let body = json!({ "status": "processed" });
    with(app, &tasks, Method::PATCH, &status(&dataset.to_string()), Some(&body)).await.expect(403);
    anna.patch(&status(&dataset.to_string()), &body).await.expect(400);
    anna.patch(&status(&foreign.to_string()), &json!({ "bytes": 1 })).await.expect(404);
    assert_eq!(app.left(licence).await, (100, 10, 0));
    // What is somebody's own takes no token, whatever its scopes, and whatever cookie comes along.
    let all = token_of(app, &make(&anna, &org, "All", &["read", "write", "people", "engine", "desktop"]).await).await;
    for (method, path, body) in [
        (Method::GET, "/api/v1/me".to_owned(), None),
        (Method::GET, format!("/api/v1/orgs/{}/keys", org.org_id), None),
        (Method::POST, "/api/v1/orgs".to_owned(), Some(json!({ "name": "X", "kind": "individual", "country": "CH" }))),
    ] {
        let refused = with(app, &all, method.clone(), &path, body.as_ref()).await.expect(403);
        assert!(refused.body.contains("credential key"), "{}", refused.body);
        let headers = [("authorization", format!("Bearer {all}"))];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        anna.call(method, &path, body.as_ref(), &headers).await.expect(403);
    }
    with(app, "nonsense", Method::GET, "/api/v1/me", None).await.expect(401);
    app.healthy().await;
});

both!(auth_6_a_revoked_key_and_one_of_a_deleted_organization_are_dead_at_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (first, second) = (make(&anna, &org, "First", &["read"]).await, make(&anna, &org, "Second", &["read"]).await);
    let (token, other) = (token_of(app, &first).await, token_of(app, &second).await);
    let path = format!("/api/v1/orgs/{}/licences", org.org_id);
    let key = format!("/api/v1/orgs/{}/keys/{}", org.org_id, first["id"].as_str().expect("an id"));
    anna.delete(&key).await.expect(204);
    anna.delete(&key).await.expect(404);
    with(app, &token, Method::GET, &path, None).await.expect(401);
    with(app, &other, Method::GET, &path, None).await.expect(200);
    let secret = |key: &Value, field: &str| key[field].as_str().expect("a text").to_owned();
    let form = |key: &Value| {
        [
            ("grant_type".to_owned(), "client_credentials".to_owned()),
            ("client_id".to_owned(), secret(key, "client_id")),
            ("client_secret".to_owned(), secret(key, "client_secret")),
        ]
    };
    let borrowed = |form: &[(String, String); 3]| -> Vec<(String, String)> { form.to_vec() };
    let try_again = async |key: &Value| {
        let form = borrowed(&form(key));
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        ask(app, &form, &[]).await.status
    };
    assert_eq!(try_again(&first).await, 401);
    let at = format!("/api/v1/orgs/{}", org.org_id);
    anna.call(Method::DELETE, &at, Some(&json!({ "confirm": "Alpine Survey" })), &[]).await.expect(204);
    with(app, &other, Method::GET, &path, None).await.expect(401);
    assert_eq!(try_again(&second).await, 401);
    anna.post(&format!("{at}/restore"), &json!({})).await.expect(200);
    with(app, &other, Method::GET, &path, None).await.expect(200);
    assert_eq!(
        anna.audit(&org).await[..4],
        ["organization.restored", "organization.deleted", "key.revoked", "key.created"]
    );
});

both!(auth_6_the_number_of_keys_is_limited, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for number in 0..commonhold::domain::key::MAX_KEYS {
        make(&anna, &org, &format!("Key {number}"), &["read"]).await;
    }
    let body = json!({ "name": "One more", "scopes": ["read"] });
    let refused = anna.post(&format!("/api/v1/orgs/{}/keys", org.org_id), &body).await.expect(422);
    assert!(refused.body.contains("Revoke one that you no longer use."), "{}", refused.body);
});

both!(auth_6_who_manages_accounts_makes_keys_and_fields_are_read_one_by_one, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let path = format!("/api/v1/orgs/{}/keys", org.org_id);
    for (body, fields) in [
        (json!({}), vec!["name", "scopes"]),
        (json!({ "name": "Farm", "scopes": ["admin"] }), vec!["scopes"]),
        (json!({ "name": "Farm", "scopes": ["read"], "account": "nothing" }), vec!["account"]),
    ] {
        assert_eq!(anna.post(&path, &body).await.expect(422).fields(), fields);
    }
    anna.post(&path, &json!({ "name": "Farm", "scopes": ["read"], "secret": "x" })).await.expect(400);
    anna.post(&path, &json!({ "name": "Farm", "scopes": ["read"], "account": "PRIMARY" })).await.expect(201);
    for (role, status) in [(Role::Manager, 201), (Role::Editor, 403), (Role::Reader, 403)] {
        let person = app.person("Some").await;
        app.join(&org, &person, role).await;
        person.post(&path, &json!({ "name": "Theirs", "scopes": ["read"] })).await.expect(status);
        person.get(&path).await.expect(if status == 201 { 200 } else { 403 });
    }
    app.person("Eve").await.get(&path).await.expect(404);
});

both!(auth_6_lic_5_a_machine_takes_a_seat_of_its_accounts_desktop_licences, async |app| {
    let (anna, john, mary) = (app.person("Anna").await, app.person("John").await, app.person("Mary").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    app.join(&org, &mary, Role::Editor).await;
    let (licence, theirs) = (app.desktop_licence(&org, 1).await, app.desktop_licence(&other, 1).await);
    let key = make(&anna, &org, "Render farm", &["desktop"]).await;
    let farm = token_of(app, &key).await;
    let reads = token_of(app, &make(&anna, &org, "Reporter", &["read"]).await).await;
    let at = |licence, what: &str| format!("/api/v1/desktop/licences/{licence}/{what}");
    let rack = json!({ "device": "Rack 1" });

    let list = with(app, &farm, Method::GET, "/api/v1/desktop/licences", None).await.expect(200).json();
    assert_eq!((&list["org_id"], &list["items"][0]["may_take"]), (&json!("alpine-survey"), &json!(true)));
    with(app, &reads, Method::GET, "/api/v1/desktop/licences", None).await.expect(403);
    with(app, &reads, Method::POST, &at(licence, "take"), Some(&rack)).await.expect(403);
    for what in ["take", "heartbeat", "release"] {
        with(app, &farm, Method::POST, &at(theirs, what), Some(&rack)).await.expect(404);
    }
    with(app, &farm, Method::POST, &at(licence, "heartbeat"), Some(&rack)).await.expect(409);
    with(app, &farm, Method::POST, &at(licence, "take"), Some(&json!({}))).await.expect(422);
    with(app, &farm, Method::POST, &at(licence, "take"), Some(&rack)).await.expect(200);
    with(app, &farm, Method::POST, &at(licence, "heartbeat"), Some(&rack)).await.expect(200);
    // The only seat is in use, and people see by what.
    mary.post(&at(licence, "take"), &json!({ "device": "Desk" })).await.expect(409);
    let seats = format!("/api/v1/licences/{licence}/seats");
    let seen = anna.get(&seats).await.expect(200).json();
    let seat = &seen["items"][0];
    assert_eq!((&seat["name"], &seat["key"], &seat["device"]), (&json!("Render farm"), &key["id"], &json!("Rack 1")));
    assert!(seat["person"].is_null() && seat["role"].is_null() && seen["used"] == 1);
    // Let go of by itself, by an Owner, by silence, and with its key.
    with(app, &farm, Method::POST, &at(licence, "release"), Some(&rack)).await.expect(204);
    mary.post(&at(licence, "take"), &json!({ "device": "Desk" })).await.expect(200);
    with(app, &farm, Method::POST, &at(licence, "take"), Some(&rack)).await.expect(409);
    mary.post(&at(licence, "release"), &json!({ "device": "Desk" })).await.expect(204);
    with(app, &farm, Method::POST, &at(licence, "take"), Some(&rack)).await.expect(200);
    let id = key["id"].as_str().expect("an id");
    anna.delete(&format!("{seats}/{id}")).await.expect(204);
    with(app, &farm, Method::POST, &at(licence, "heartbeat"), Some(&rack)).await.expect(409);
    with(app, &farm, Method::POST, &at(licence, "take"), Some(&rack)).await.expect(200);
    anna.delete(&format!("/api/v1/orgs/{}/keys/{id}", org.org_id)).await.expect(204);
    assert_eq!(anna.get(&seats).await.expect(200).json()["used"], 0);
    let audit = anna.audit(&org).await;
    assert_eq!(audit[..3], ["key.revoked", "seat.taken", "seat.released"]);
    app.healthy().await;
});

both!(auth_6_acct_1_a_key_of_an_account_reaches_no_other_and_dies_with_it, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (licence, desktop) = (app.images_licence(&org, 100, 10).await, app.desktop_licence(&org, 1).await);
    let made = anna.post(&format!("/api/v1/orgs/{}/accounts", org.org_id), &json!({ "name": "Tunnels" })).await;
    let second = made.expect(201).json();
    let body = json!({ "name": "Reporter", "scopes": ["read", "desktop"], "account": second["account_id"] });
    let key = anna.post(&format!("/api/v1/orgs/{}/keys", org.org_id), &body).await.expect(201).json();
    let token = token_of(app, &key).await;
    let path = format!("/api/v1/orgs/{}/licences", org.org_id);
    let list = with(app, &token, Method::GET, &path, None).await.expect(200).json();
    assert!(list["items"].as_array().is_some_and(|items| items.iter().all(|one| one["id"] != json!(licence))));
    with(app, &token, Method::GET, &format!("/api/v1/licences/{licence}/ledger"), None).await.expect(404);
    let take = format!("/api/v1/desktop/licences/{desktop}/take");
    with(app, &token, Method::POST, &take, Some(&json!({ "device": "Rack" }))).await.expect(404);
    // What the whole organization stores is not for the key of one of its accounts.
    let shown = with(app, &token, Method::GET, &format!("/api/v1/orgs/{}", org.org_id), None).await.expect(200).json();
    assert!(shown.get("storage").is_none(), "{shown}");
    let account = second["id"].as_str().expect("an id");
    anna.delete(&format!("/api/v1/orgs/{}/accounts/{account}", org.org_id)).await.expect(204);
    with(app, &token, Method::GET, &path, None).await.expect(401);
});
