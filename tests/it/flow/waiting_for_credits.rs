//! Datasets that wait for credits start when there are enough (LIC-2): after everything that adds credits, those that waited
//! longest first, never below zero, a bounded number in each transaction, and also under concurrency.

use commonhold::{
    domain::{
        id::{LicenceId, ResourceId},
        licence::Amount,
        resource::DatasetStatus,
    },
    server::{
        usecase::{
            licence::operator::{self as licences, GrantForm},
            operator::Operator,
        },
        workers::waiting,
    },
};
use serde_json::json;

use super::{
    apps::{authorize, published},
    jobs::{show, started},
};
use crate::{
    both,
    support::{Org, Person, TestApp, at_once, in_time},
};

async fn status(app: &TestApp, id: ResourceId) -> DatasetStatus {
    app.stored(id).await.dataset.expect("a dataset").status
}

/// Waiting datasets of so many images each, in the order in which they began to wait.
async fn waiting_datasets(app: &TestApp, anna: &Person, org: &Org, images: &[i64]) -> Vec<ResourceId> {
    let mut ids = Vec::new();
    for (number, images) in images.iter().enumerate() {
        let id = anna.dataset(org.root, &format!("Flight {number}"), *images).await;
        assert_eq!(
            app.set_status(id, DatasetStatus::Queued).await.status,
            DatasetStatus::WaitingForCredits,
            "{number}"
        );
        app.tick(1_000);
        ids.push(id);
    }
    ids
}

async fn statuses(app: &TestApp, ids: &[ResourceId]) -> Vec<DatasetStatus> {
    let mut found = Vec::new();
    for id in ids {
        found.push(status(app, *id).await);
    }
    found
}

async fn top_up(app: &TestApp, id: LicenceId, images: i64, projects: i64, credits: i64) {
    let wanted = Amount { images, projects, credits };
    licences::top_up(app.ctx(), &Operator::command_line(), id, wanted).await.expect("topped up");
}

const WAITS: DatasetStatus = DatasetStatus::WaitingForCredits;
const STARTS: DatasetStatus = DatasetStatus::Queued;

both!(lic_2_a_grant_starts_what_waits_longest_first_and_what_fits, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    // 20 megapixels each: 10 images are 2 credits.
    let ids = waiting_datasets(app, &anna, &org, &[50, 5_000, 40, 30]).await;
    let id = app.credits_licence(&org, 20).await;
    // 10 and 8 credits; the second never fits, and the last would take 6 of the 2 that are left.
    assert_eq!(statuses(app, &ids).await, [STARTS, WAITS, STARTS, WAITS]);
    assert_eq!(app.left(id).await, (0, 0, 2));
    top_up(app, id, 0, 0, 4).await;
    assert_eq!(statuses(app, &ids).await, [STARTS, WAITS, STARTS, STARTS]);
    top_up(app, id, 0, 0, 1_000).await;
    assert_eq!(status(app, ids[1]).await, STARTS);
    assert_eq!(app.left(id).await, (0, 0, 0));
    let audit = anna.get(&format!("/api/v1/orgs/{}/audit?limit=200", org.org_id)).await.expect(200);
    assert!(audit.body.contains("started “Flight 1”, which was waiting for credits"), "{}", audit.body);
    app.healthy().await;
});

both!(lic_2_an_extension_a_refund_and_a_transfer_start_what_waits, async |app| {
    let anna = app.person("Anna").await;
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let id = app.images_licence(&org, 100, 3).await;
    let paid = anna.dataset(org.root, "Paid", 60).await;
    app.set_status(paid, DatasetStatus::Processed).await;
    let failing = anna.dataset(org.root, "Failing", 40).await;
    app.set_status(failing, DatasetStatus::Queued).await;
    let ids = waiting_datasets(app, &anna, &org, &[40, 60]).await;
    // A refund gives 40 images back: enough for the first.
    app.set_status(failing, DatasetStatus::Failed).await;
    assert_eq!(statuses(app, &ids).await, [STARTS, WAITS]);
    // A transfer gives 60 back: enough for the second.
    app.images_licence(&other, 100, 3).await;
    anna.transfer(&[paid], other.root).await.expect(201);
    assert_eq!(statuses(app, &ids).await, [STARTS, STARTS]);
    assert_eq!(app.left(id).await, (0, 1, 0));
    // An expired licence pays for nothing until it is extended.
    let late = anna.dataset(org.root, "Late", 10).await;
    app.expire(id).await;
    top_up(app, id, 500, 5, 0).await;
    assert_eq!(app.set_status(late, DatasetStatus::Queued).await.status, WAITS);
    let today = app.ctx().now().day().iso();
    licences::extend(app.ctx(), &Operator::command_line(), id, &today).await.expect("extended");
    assert_eq!(status(app, late).await, STARTS);
    app.healthy().await;
});

both!(lic_2_a_transaction_starts_some_and_the_worker_goes_on, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let ids = waiting_datasets(app, &anna, &org, &[1; 60]).await;
    let id = app.images_licence(&org, 100, 100).await;
    let started = async || statuses(app, &ids).await.into_iter().filter(|status| *status == STARTS).count();
    assert_eq!(started().await, 50, "as many as one transaction starts");
    assert_eq!(status(app, ids[50]).await, WAITS);
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    waiting::round(app.ctx(), &stopped).await.expect("a round");
    assert_eq!(started().await, 60);
    assert_eq!(app.left(id).await, (40, 40, 0));
    app.healthy().await;
});

both!(lic_2_what_goes_on_waiting_keeps_nothing_behind_it_from_starting, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 0, 0).await;
    published(&anna, &org, "ortho", "processing", true).await;
    // More than one transaction looks at, all of them dearer than was agreed to by now.
    for number in 0..51 {
        let dataset = anna.dataset(org.root, &format!("Grows {number}"), 1).await;
        started(&anna, dataset, "ortho").await;
        anna.patch(&format!("/api/v1/resources/{dataset}/dataset"), &json!({ "images": 2 })).await.expect(200);
        app.tick(1);
    }
    let last = anna.dataset(org.root, "Last", 1).await;
    let (job, _) = started(&anna, last, "ortho").await;
    top_up(app, licence, 500, 500, 0).await;
    let (_go_on, stop) = tokio::sync::watch::channel(false);
    in_time("the worker", Box::pin(waiting::round(app.ctx(), &stop))).await.expect("it ends");
    assert_eq!(show(&anna, &job).await["state"], "queued");
    assert_eq!(app.left(licence).await, (499, 499, 0));
    app.healthy().await;
});

both!(lic_2_the_worker_starts_what_became_possible_by_time_alone, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let ids = waiting_datasets(app, &anna, &org, &[10]).await;
    let tomorrow = app.ctx().now().plus_days(1).day();
    let form = GrantForm {
        org: org.org_id.clone(),
        product: "cloud".to_owned(),
        model: Some("credits".to_owned()),
        credits: 100,
        from: Some(tomorrow.iso()),
        ..GrantForm::default()
    };
    let id = licences::grant(app.ctx(), &form).await.expect("a licence");
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    waiting::round(app.ctx(), &stopped).await.expect("a round");
    assert_eq!(statuses(app, &ids).await, [WAITS]);
    app.later(1);
    waiting::round(app.ctx(), &stopped).await.expect("a round");
    assert_eq!(statuses(app, &ids).await, [STARTS]);
    assert_eq!(app.left(id).await, (0, 0, 98));
    // Nothing starts in a deleted organization.
    let late = anna.dataset(org.root, "Late", 500).await;
    assert_eq!(app.set_status(late, DatasetStatus::Queued).await.status, WAITS);
    anna.call(
        axum::http::Method::DELETE,
        &format!("/api/v1/orgs/{}", org.org_id),
        Some(&json!({ "confirm": "Alpine Survey" })),
        &[],
    )
    .await
    .expect(204);
    app.corrupt("UPDATE resource SET images = 1 WHERE name = 'Late'").await;
    waiting::round(app.ctx(), &stopped).await.expect("a round");
    assert_eq!(status(app, late).await, WAITS);
    app.healthy().await;
});

both!(lic_2_however_many_start_at_once_each_is_paid_once_and_nothing_falls_below_zero, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let ids = waiting_datasets(app, &anna, &org, &[50; 12]).await;
    // 10 credits each: what comes in all is enough for eight, while others spend as well.
    let id = app.credits_licence(&org, 0).await;
    let spender = anna.dataset(org.root, "Spender", 50).await;
    let mut tasks: Vec<futures::future::BoxFuture<'static, ()>> = Vec::new();
    for _ in 0..8 {
        let app = app.clone();
        tasks.push(Box::pin(async move { top_up(&app, id, 0, 0, 10).await }));
    }
    for _ in 0..3 {
        let app = app.clone();
        tasks.push(Box::pin(async move {
            let (_stop, stopped) = tokio::sync::watch::channel(false);
            waiting::round(app.ctx(), &stopped).await.expect("a round");
        }));
    }
    let spending = app.clone();
    tasks.push(Box::pin(async move {
        spending.set_status(spender, DatasetStatus::Queued).await;
    }));
    at_once(tasks).await;
    let mut all = ids.clone();
    all.push(spender);
    let started = statuses(app, &all).await.into_iter().filter(|status| *status == STARTS).count();
    assert_eq!(started, 8);
    assert_eq!(app.left(id).await, (0, 0, 0));
    let spent = "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger_entry WHERE kind = 'spend'";
    assert_eq!(app.count(spent).await, 8);
    let twice = "SELECT CAST(COUNT(*) AS BIGINT) FROM (
        SELECT resource_id FROM ledger_entry WHERE kind = 'spend' GROUP BY resource_id HAVING COUNT(*) > 1) AS twice";
    assert_eq!(app.count(twice).await, 0);
    app.healthy().await;
});

both!(lic_2_editors_of_a_dataset_see_what_processing_costs_and_what_is_left, async |app| {
    use commonhold::domain::{access::Level, role::Role, transfer::Grantee};
    let (anna, eve, rolf) = (app.person("Anna").await, app.person("Eve").await, app.person("Rolf").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &rolf, Role::Reader).await;
    let dataset = anna.dataset(org.root, "Flight", 500).await;
    app.give(dataset, Grantee::Person(eve.id), Level::Editor, false).await;
    published(&anna, &org, "ortho", "processing", true).await;
    authorize(&anna, "ortho", &eve.id.to_string()).await;
    let path = format!("/o/{}/drive/{dataset}?dialog=process", org.org_id);
    let page = anna.page(&path).await.expect(200);
    assert!(page.body.contains("You need an active cloud licence") && page.body.contains("Contact sales"));
    let id = app.credits_licence(&org, 40).await;
    let page = anna.page(&path).await.expect(200);
    assert!(page.body.contains("100 credits") && page.body.contains("40 credits"), "cost and balance");
    assert!(page.body.contains("This needs 100 credits, and 40 are left."));
    top_up(app, id, 0, 0, 1_000).await;
    let page = anna.page(&path).await.expect(200);
    assert!(page.body.contains("1,040 credits") && !page.body.contains("are left."));
    // Readers, and people outside of the organization that pays, see no price.
    for somebody in [&rolf, &eve] {
        let page = somebody.page(&path).await.expect(200);
        assert!(!page.body.contains("1,040") && !page.body.contains("100 credits"), "{}", somebody.name);
    }
});
