//! The same call twice under one Idempotency-Key (API-1): one effect and one answer.

use axum::http::Method;
use serde_json::json;

use crate::{both, support::at_once};

both!(api_1_the_same_key_caller_and_body_give_the_first_answer_again, async |app| {
    let anna = app.person("Anna").await;
    let body = json!({ "name": "Alpine Survey", "kind": "individual", "country": "CH" });
    let key = [("idempotency-key", "one")];
    let first = anna.call(Method::POST, "/api/v1/orgs", Some(&body), &key).await.expect(201);
    let second = anna.call(Method::POST, "/api/v1/orgs", Some(&body), &key).await.expect(201);
    assert_eq!(first.json(), second.json());
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.header("content-type"), "application/json");
    assert_eq!(anna.get("/api/v1/orgs").await.names().len(), 1);
    // Another body, another path.
    let other = json!({ "name": "Other", "kind": "individual", "country": "CH" });
    let mismatch = anna.call(Method::POST, "/api/v1/orgs", Some(&other), &key).await.expect(422);
    assert_eq!(mismatch.code(), "idempotency_mismatch");
    let mismatch = anna.call(Method::POST, "/api/v1/resources", Some(&body), &key).await.expect(422);
    assert_eq!(mismatch.code(), "idempotency_mismatch");
    // Another caller, another key.
    let john = app.person("John").await;
    john.call(Method::POST, "/api/v1/orgs", Some(&body), &key).await.expect(201);
    assert_ne!(john.get("/api/v1/orgs").await.json()["items"][0]["id"], first.json()["id"]);
    anna.call(Method::POST, "/api/v1/orgs", Some(&body), &[("idempotency-key", "two")]).await.expect(201);
});

both!(api_1_refusals_are_answered_again_and_odd_keys_refused, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let body = json!({ "parent": org.root, "kind": "folder", "name": "" });
    let key = [("idempotency-key", "refused")];
    anna.call(Method::POST, "/api/v1/resources", Some(&body), &key).await.expect(422);
    let again = anna.call(Method::POST, "/api/v1/resources", Some(&body), &key).await.expect(422);
    assert_eq!(
        (again.header("idempotency-replayed"), again.header("content-type")),
        ("true", "application/problem+json")
    );
    assert_eq!(again.fields(), ["name"]);
    for odd in ["", &"x".repeat(256)] {
        let answer = anna.call(Method::POST, "/api/v1/resources", Some(&body), &[("idempotency-key", odd)]).await;
        assert_eq!(answer.expect(422).fields(), ["Idempotency-Key"]);
    }
});

both!(attack_61_one_key_sent_many_times_at_once_has_one_effect, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for round in 0..5 {
        let send = || {
            let (anna, root) = (anna.clone(), org.root);
            async move {
                let body = json!({ "parent": root, "kind": "folder", "name": format!("Folder {round}") });
                let key = format!("key {round}");
                anna.call(Method::POST, "/api/v1/resources", Some(&body), &[("idempotency-key", &key)]).await
            }
        };
        let answers = at_once((0..8).map(|_| send()).collect()).await;
        // A call that arrives before the first is answered is told so; none is told that the name is taken.
        assert!(answers.iter().all(|a| a.status == 201 || (a.status == 409 && a.code() == "conflict")), "{answers:?}");
        assert!(answers.iter().any(|answer| answer.status == 201));
        send().await.expect(201);
    }
    assert_eq!(anna.show(org.root).await.json()["children_count"], 5);
});

both!(api_1_a_key_is_forgotten_after_two_days, async |app| {
    let anna = app.person("Anna").await;
    let body = json!({ "name": "Alpine Survey", "kind": "individual", "country": "CH" });
    let key = [("idempotency-key", "one")];
    anna.call(Method::POST, "/api/v1/orgs", Some(&body), &key).await.expect(201);
    app.later(3);
    commonhold::server::workers::tidy(app.ctx()).await.expect("tidied up");
    let john = anna.elsewhere().await;
    john.call(Method::POST, "/api/v1/orgs", Some(&body), &key).await.expect(201);
    assert_eq!(john.get("/api/v1/orgs").await.names().len(), 2);
});
