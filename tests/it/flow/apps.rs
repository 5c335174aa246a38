//! Apps (JOB-1): published by an organization in versions that never change, and run by whom they name.

use axum::http::Method;
use commonhold::{
    domain::role::Role,
    server::usecase::{self, operator::Operator},
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Org, Person},
};

/// A published app with one version.
pub async fn published(by: &Person, org: &Org, slug: &str, price: &str, makes_processed: bool) {
    let body =
        json!({ "slug": slug, "title": format!("The {slug}"), "price": price, "makes_processed": makes_processed });
    by.post(&format!("/api/v1/orgs/{}/apps", org.org_id), &body).await.expect(201);
    let version = json!({
        "label": "1.0",
        "options": [
            { "name": "quality", "type": "enum", "value": "low", "domain": ["low", "high"], "help": "How fine." },
            { "name": "tiles", "type": "int", "value": 4 },
            { "name": "fast", "type": "bool", "value": true },
        ],
        "outputs": ["report", "orthophoto"],
        "timeout_minutes": 60,
    });
    by.post(&format!("/api/v1/apps/{slug}/versions"), &version).await.expect(201);
    by.patch(&format!("/api/v1/apps/{slug}"), &json!({ "state": "published" })).await.expect(200);
}

pub async fn authorize(by: &Person, slug: &str, user: &str) {
    by.call(Method::PUT, &format!("/api/v1/apps/{slug}/users/{user}"), None, &[]).await.expect(204);
}

async fn slugs(by: &Person) -> Vec<String> {
    let items = by.get("/api/v1/apps").await.expect(200).json()["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|app| app["slug"].as_str().map(str::to_owned)).collect()
}

both!(job_1_an_app_is_a_draft_then_published_in_versions_then_withdrawn, async |app| {
    let (anna, rolf, eve) = (app.person("Anna").await, app.person("Rolf").await, app.person("Eve").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &rolf, Role::Reader).await;
    let apps = format!("/api/v1/orgs/{}/apps", org.org_id);
    let draft = json!({ "slug": "Ortho", "title": "Orthophoto", "price": "processing", "makes_processed": true });
    let made = anna.post(&apps, &draft).await.expect(201).json();
    assert_eq!(
        (made["slug"].as_str(), made["state"].as_str(), made["version"].as_i64()),
        (Some("ortho"), Some("draft"), Some(0))
    );
    // A slug is claimed for good, in any case, and those of what is built in are taken.
    for (slug, status) in [("ORTHO", 422), ("qc-report", 422), ("a b", 422), ("", 422)] {
        let answer = anna.post(&apps, &json!({ "slug": slug, "title": "T", "price": "free" })).await.expect(status);
        assert_eq!(answer.fields(), ["slug"], "{slug}");
    }
    // Only Owners and Managers publish, and others do not see a draft.
    rolf.post(&apps, &draft).await.expect(403);
    eve.post(&apps, &draft).await.expect(404);
    assert_eq!(anna.get(&apps).await.expect(200).json()["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(rolf.get(&apps).await.expect(200).json()["items"].as_array().map(Vec::len), Some(0));
    eve.get(&apps).await.expect(404);
    rolf.get("/api/v1/apps/ortho").await.expect(404);
    anna.get("/api/v1/apps/Ortho").await.expect(200);
    // Nothing is published without a version.
    let publish = json!({ "state": "published" });
    anna.patch("/api/v1/apps/ortho", &publish).await.expect(422);
    let version = json!({ "label": "1.0", "options": [{ "name": "quality", "type": "enum", "value": "low", "domain": ["low", "high"] }] });
    let one = anna.post("/api/v1/apps/ortho/versions", &version).await.expect(201).json();
    assert_eq!((one["version"].as_i64(), one["timeout_minutes"].as_i64()), (Some(1), Some(1_440)));
    assert_eq!(one["options"][0]["domain"], json!(["low", "high"]));
    anna.patch("/api/v1/apps/ortho", &publish).await.expect(200);
    anna.patch("/api/v1/apps/ortho", &json!({ "state": "draft" })).await.expect(422);
    rolf.patch("/api/v1/apps/ortho", &publish).await.expect(403);
    rolf.post("/api/v1/apps/ortho/versions", &version).await.expect(403);
    let wrong = json!({ "label": "", "options": [{ "name": "tiles", "type": "int", "value": "many" }] });
    let wrong = anna.post("/api/v1/apps/ortho/versions", &wrong).await.expect(422);
    assert_eq!(wrong.fields(), ["label", "options.0.value"]);
    // What publishes it may run it, newest version first.
    assert_eq!((slugs(&anna).await, slugs(&rolf).await), (vec!["ortho".to_owned()], vec!["ortho".to_owned()]));
    anna.post("/api/v1/apps/ortho/versions", &json!({ "label": "1.1", "notes": "Faster." })).await.expect(201);
    let shown = rolf.get("/api/v1/apps/ortho").await.expect(200).json();
    let labels: Vec<&str> =
        shown["versions"].as_array().expect("versions").iter().filter_map(|v| v["label"].as_str()).collect();
    assert_eq!(labels, ["1.1", "1.0"]);
    assert_eq!(shown["users"], Value::Null, "only who publishes it sees who may run it");
    // What is withdrawn is run by nobody, and can be published again.
    anna.patch("/api/v1/apps/ortho", &json!({ "state": "withdrawn", "summary": "Was good." })).await.expect(200);
    assert!(slugs(&anna).await.is_empty());
    assert_eq!(rolf.get("/api/v1/apps/ortho").await.expect(403).code(), "app_not_authorized");
    anna.get("/api/v1/apps/ortho").await.expect(200);
    anna.patch("/api/v1/apps/ortho", &publish).await.expect(200);
    let log = anna.audit(&org).await;
    for action in ["app.created", "app.version_published", "app.changed"] {
        assert!(log.iter().any(|found| found == action), "{action} in {log:?}");
    }
    app.healthy().await;
});

both!(job_1_who_may_run_an_app_and_the_refusal_names_the_reason, async |app| {
    let names = ["Anna", "Bob", "Carla", "Dora", "Eve"];
    let mut people = Vec::new();
    for name in names {
        people.push(app.person(name).await);
    }
    let [anna, bob, carla, dora, eve] = people.as_slice() else { panic!("five people") };
    // The example of the reference: A has the organization with members B and C; D is in it too, and publishes the QC app elsewhere.
    let (org, lab) = (anna.create_org("Alpine Survey").await, dora.create_org("Tunnel North").await);
    for member in [bob, carla] {
        app.join(&org, member, Role::Member).await;
    }
    app.join(&org, dora, Role::Manager).await;
    published(dora, &lab, "qc", "free", false).await;
    let refused = async |by: &Person| {
        let answer = by.get("/api/v1/apps/qc").await.expect(403);
        assert_eq!(answer.code(), "app_not_authorized");
        answer.json()["detail"].as_str().expect("a reason").to_owned()
    };
    for somebody in [anna, bob, eve] {
        let reason = refused(somebody).await;
        assert!(reason.contains("No organization of yours") && reason.contains("Tunnel North"), "{reason}");
        assert!(slugs(somebody).await.is_empty());
    }
    authorize(dora, "qc", &org.org_id).await;
    authorize(dora, "qc", &org.org_id).await;
    for somebody in [anna, bob, carla, dora] {
        assert_eq!(slugs(somebody).await, ["qc"], "{}", somebody.name);
    }
    refused(eve).await;
    // Who leaves the organization loses it at once.
    anna.remove(&org, &[carla.id]).await.expect(204);
    assert!(refused(carla).await.contains("No organization of yours"));
    // A person can be named alone, and everybody by the operator.
    authorize(dora, "qc", &carla.id.to_string()).await;
    assert_eq!(slugs(carla).await, ["qc"]);
    let shown = dora.get("/api/v1/apps/qc").await.expect(200).json();
    assert_eq!(shown["users"].as_array().map(Vec::len), Some(2), "{shown}");
    dora.delete(&format!("/api/v1/apps/qc/users/{}", carla.id)).await.expect(204);
    dora.delete(&format!("/api/v1/apps/qc/users/{}", carla.id)).await.expect(404);
    refused(carla).await;
    usecase::app::authorize_everybody(app.ctx(), &Operator::command_line(), "QC", true).await.expect("it is there");
    for somebody in [carla, eve] {
        assert_eq!(slugs(somebody).await, ["qc"]);
    }
    usecase::app::authorize_everybody(app.ctx(), &Operator::command_line(), "qc", false).await.expect("it is there");
    refused(eve).await;
    // A membership that lets no apps through says so (JOB-5).
    app.corrupt("UPDATE membership SET without_apps = TRUE WHERE role = 'member'").await;
    assert!(slugs(bob).await.is_empty());
    let reason = refused(bob).await;
    assert!(reason.contains("your membership there does not include the use of apps"), "{reason}");
    // Nobody authorizes but who publishes, and only whom there is.
    anna.call(Method::PUT, "/api/v1/apps/qc/users/alpine-survey", None, &[]).await.expect(403);
    eve.call(Method::PUT, "/api/v1/apps/qc/users/alpine-survey", None, &[]).await.expect(403);
    dora.call(Method::PUT, "/api/v1/apps/qc/users/nobody-at-all", None, &[]).await.expect(404);
    eve.get("/api/v1/apps/there-is-none").await.expect(404);
    // An organization that was deleted takes its apps along.
    dora.call(
        Method::DELETE,
        &format!("/api/v1/orgs/{}", lab.org_id),
        Some(&json!({ "confirm": "Tunnel North" })),
        &[],
    )
    .await
    .expect(204);
    assert!(slugs(anna).await.is_empty());
    anna.get("/api/v1/apps/qc").await.expect(404);
    app.healthy().await;
});
