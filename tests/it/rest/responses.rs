//! Successful responses as snapshots without ids and times, the same on both databases; and the OpenAPI document, so that a
//! change of the contract shows as a change of its snapshot.

use commonhold::domain::{resource::DatasetStatus, role::Role};
use insta::assert_json_snapshot;
use serde_json::json;

use crate::{
    both,
    support::{Answer, TestApp, redacted},
};

fn body(answer: &Answer) -> serde_json::Value {
    redacted(&answer.json())
}

both!(api_1_every_call_answers_in_the_words_of_the_contract, async |app| {
    let nobody = app.nobody();
    let sign_up = json!({ "first_name": "Anna", "last_name": "Muster", "email": "Anna@Example.com", "password": crate::support::PASSWORD });
    let signed_up = nobody.post("/api/v1/signup", &sign_up).await.expect(201);
    assert_json_snapshot!("signup", body(&signed_up));
    let sign_in = json!({ "email": "anna@example.COM", "password": crate::support::PASSWORD });
    assert_json_snapshot!("session", body(&nobody.post("/api/v1/session", &sign_in).await.expect(200)));
    let anna = nobody;

    let business = json!({ "name": "Alpine Survey", "kind": "business", "country": "CH", "legal_name": "Alpine Survey AG", "vat_number": "CHE-1", "city": "Zug" });
    let created = anna.post("/api/v1/orgs", &business).await.expect(201);
    assert_json_snapshot!("org_created", body(&created));
    let source = created.json();
    let target = anna.create_org("Tunnel North").await;
    assert_json_snapshot!("orgs", body(&anna.get("/api/v1/orgs").await.expect(200)));
    assert_json_snapshot!("org", body(&anna.get("/api/v1/orgs/alpine-survey").await.expect(200)));
    assert_json_snapshot!("me", body(&anna.get("/api/v1/me").await.expect(200)));

    let org = crate::support::Org {
        id: crate::support::read(&source["id"]),
        org_id: "alpine-survey".to_owned(),
        root: crate::support::read(&source["accounts"][0]["root"]),
        account: crate::support::read(&source["accounts"][0]["id"]),
    };
    let licence = app.images_licence(&org, 1_000, 10).await;
    app.images_licence(&target, 1_000, 10).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let dataset = json!({ "parent": folder, "kind": "dataset", "name": "Flight", "dataset": { "images": 30, "bytes": 9_000_000_000_i64, "captured_on": "2026-11-03", "cluster": "" } });
    let created = anna.post("/api/v1/resources", &dataset).await.expect(201);
    assert_json_snapshot!("dataset_created", body(&created));
    let dataset = crate::support::read(&created.json()["id"]);
    app.set_status(dataset, DatasetStatus::Processed).await;
    assert_json_snapshot!("resource", body(&anna.show(dataset).await.expect(200)));
    assert_json_snapshot!("children", body(&anna.children(folder, "").await.expect(200)));
    assert_json_snapshot!("renamed", body(&anna.rename(folder, "Gotthard Base").await.expect(200)));

    app.share(dataset, "token").await;
    assert_json_snapshot!("plan", body(&anna.plan(&[folder], target.root).await.expect(200)));
    let receipt = anna.transfer(&[folder], target.root).await.expect(201);
    assert_json_snapshot!("receipt", body(&receipt));
    let path = format!("/api/v1/transfers/{}", receipt.json()["id"].as_str().expect("an id"));
    assert_eq!(anna.get(&path).await.expect(200).json(), receipt.json());

    assert_json_snapshot!("licences", body(&anna.get("/api/v1/orgs/alpine-survey/licences").await.expect(200)));
    assert_json_snapshot!("ledger", body(&anna.get(&format!("/api/v1/licences/{licence}/ledger")).await.expect(200)));
    assert_json_snapshot!("audit", body(&anna.get("/api/v1/orgs/alpine-survey/audit").await.expect(200)));
    let john = app.person("John").await;
    app.join(&org, &john, Role::Reader).await;
    assert_json_snapshot!("role_changed", body(&anna.change_role(&org, john.id, "editor").await.expect(200)));
    anna.remove(&org, &[john.id]).await.expect(204);
    anna.delete("/api/v1/session").await.expect(204);
    anna.get("/api/v1/me").await.expect(401);
});

#[tokio::test(flavor = "multi_thread")]
async fn api_1_the_openapi_document() {
    let app = TestApp::sqlite().await;
    let document = app.nobody().get("/api/v1/openapi.json").await.expect(200).json();
    assert_json_snapshot!("openapi", document);
    app.finish().await;
}

both!(drive_audit_1_the_log_is_filtered_and_paged, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Editor).await;
    for number in 0..5 {
        anna.folder(org.root, &format!("By Anna {number}")).await;
    }
    app.later(2);
    for number in 0..5 {
        john.folder(org.root, &format!("By John {number}")).await;
    }
    let count = async |query: &str| {
        let list = anna.get(&format!("/api/v1/orgs/{}/audit?limit=200{query}", org.org_id)).await.expect(200).json();
        list["items"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(count("").await, 11);
    assert_eq!(count(&format!("&actor={}", john.id)).await, 5);
    assert_eq!(count("&action=resource.created").await, 10);
    assert_eq!(count("&action=nothing").await, 0);
    assert_eq!(count("&from=2026-11-23").await, 5);
    assert_eq!(count("&to=2026-11-22").await, 6);
    assert_eq!(count("&from=2026-11-21&to=2026-11-23").await, 11);
    let mut seen = 0;
    let mut cursor = String::new();
    loop {
        let page =
            anna.get(&format!("/api/v1/orgs/{}/audit?limit=4&cursor={cursor}", org.org_id)).await.expect(200).json();
        seen += page["items"].as_array().map_or(0, Vec::len);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, 11);
});
