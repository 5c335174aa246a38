//! Which images of a dataset were paid for (LIC-2): each image once, whatever becomes of the others, and none for nothing.

use commonhold::domain::{
    access::Level,
    id::{LicenceId, ResourceId},
    resource::DatasetStatus,
    role::Role,
    transfer::Grantee,
};
use serde_json::{Value, json};

use super::{
    apps::published,
    engines::Engine,
    files::{facts, patch, photo, plan_one, sound, upload, url_of, world},
    jobs::{cancel, show, start, started},
};
use crate::{
    both,
    support::{Org, Person, TestApp, read},
};

/// A dataset with so many photos, an app that costs, and an engine for it.
async fn flight(app: &TestApp, photos: usize) -> (Person, Org, ResourceId, Engine) {
    let (anna, org, dataset) = world(app).await;
    published(&anna, &org, "ortho", "processing", true).await;
    let engine = Engine::new(app, &anna, &org, "engine", &["engine"]).await;
    for number in 1..=photos {
        upload(&anna, dataset, &format!("{number}.jpg"), &photo(&format!("photo {number}"), 100)).await;
    }
    (anna, org, dataset, engine)
}

/// Processes a dataset to the end; what it cost in images and projects.
async fn processed(by: &Person, dataset: ResourceId, engine: &Engine) -> (i64, i64) {
    let (job, _) = started(by, dataset, "ortho").await;
    engine.claim("ortho").await.expect("a job").complete().await.expect(200);
    price(&show(by, &job).await)
}

fn price(job: &Value) -> (i64, i64) {
    let number = |name: &str| job["price"][name].as_i64().expect("a number");
    (number("images"), number("projects"))
}

async fn replace(by: &Person, dataset: ResourceId, path: &str, bytes: Vec<u8>) {
    let item = plan_one(by, dataset, path, bytes.len(), "replace").await;
    patch(by, &url_of(&item), 0, bytes).await.expect(204);
}

async fn leave_out(by: &Person, dataset: ResourceId, number: i64, left_out: bool) {
    let at = format!("/api/v1/datasets/{dataset}/files/{number}");
    by.patch(&at, &json!({ "left_out": left_out })).await.expect(200);
}

async fn delete(by: &Person, dataset: ResourceId, numbers: &[i64]) -> String {
    let at = format!("/api/v1/datasets/{dataset}/files/delete");
    by.post(&at, &json!({ "numbers": numbers })).await.expect(204).header("undo-token").to_owned()
}

/// Images and projects that are left.
async fn left(app: &TestApp, licence: LicenceId) -> (i64, i64) {
    let (images, projects, _) = app.left(licence).await;
    (images, projects)
}

both!(attack_98_lic_2_images_that_took_the_place_of_paid_ones_are_paid, async |app| {
    let (anna, _, dataset, engine) = flight(app, 3).await;
    assert_eq!(processed(&anna, dataset, &engine).await, (3, 1));
    assert_eq!(processed(&anna, dataset, &engine).await, (0, 0), "the same images again");
    // Replaced, deleted with others in their place, or left out with others taken in: what is new is paid.
    replace(&anna, dataset, "1.jpg", photo("another 1", 120)).await;
    assert_eq!(processed(&anna, dataset, &engine).await, (1, 0));
    delete(&anna, dataset, &[2]).await;
    upload(&anna, dataset, "4.jpg", &photo("photo 4", 100)).await;
    assert_eq!(processed(&anna, dataset, &engine).await, (1, 0));
    let five = upload(&anna, dataset, "5.jpg", &photo("photo 5", 100)).await;
    leave_out(&anna, dataset, five, true).await;
    assert_eq!(processed(&anna, dataset, &engine).await, (0, 0));
    leave_out(&anna, dataset, 3, true).await;
    leave_out(&anna, dataset, five, false).await;
    assert_eq!(facts(&anna, dataset).await.1, 3, "as many as before");
    assert_eq!(processed(&anna, dataset, &engine).await, (1, 0));
    leave_out(&anna, dataset, 3, false).await;
    assert_eq!(processed(&anna, dataset, &engine).await, (0, 0), "it was paid for before it was left out");
    sound(app).await;
});

both!(lic_2_an_image_is_paid_once_though_it_is_deleted_brought_back_renamed_or_uploaded_again, async |app| {
    let (anna, org, dataset, engine) = flight(app, 3).await;
    assert_eq!(processed(&anna, dataset, &engine).await, (3, 1));
    let token = delete(&anna, dataset, &[1]).await;
    anna.post("/api/v1/undo", &json!({ "token": token })).await.expect(200);
    let renamed = json!({ "path": "renamed.jpg" });
    anna.patch(&format!("/api/v1/datasets/{dataset}/files/2"), &renamed).await.expect(200);
    delete(&anna, dataset, &[3]).await;
    upload(&anna, dataset, "again.jpg", &photo("photo 3", 100)).await;
    assert_eq!(processed(&anna, dataset, &engine).await, (0, 0));
    // A copy is a dataset of its own, which nobody paid for.
    let copy: ResourceId = read(&anna.copy(dataset, org.root).await.expect(201).json()["id"]);
    assert_eq!(processed(&anna, copy, &engine).await, (3, 1));
    sound(app).await;
    for id in [copy, dataset] {
        anna.trash(id).await;
        anna.delete_for_good(id).await.expect(204);
    }
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM paid_image").await, 0);
    sound(app).await;
});

both!(job_2_lic_2_what_is_given_back_is_to_be_paid_again_and_nothing_else, async |app| {
    let (anna, _, dataset, engine) = flight(app, 2).await;
    let (first, _) = started(&anna, dataset, "ortho").await;
    cancel(&anna, &first).await.expect(200);
    // One of the images that were given back is not processed in the end.
    leave_out(&anna, dataset, 1, true).await;
    assert_eq!(processed(&anna, dataset, &engine).await, (1, 1));
    leave_out(&anna, dataset, 1, false).await;
    let (second, _) = started(&anna, dataset, "ortho").await;
    assert_eq!(price(&show(&anna, &second).await), (1, 0));
    cancel(&anna, &second).await.expect(200);
    assert_eq!(processed(&anna, dataset, &engine).await, (1, 0));
    sound(app).await;
});

both!(xfer_10_lic_2_what_a_transfer_charged_is_paid_for_and_what_was_left_out_is_not, async |app| {
    let (anna, org, dataset, engine) = flight(app, 3).await;
    let target = anna.create_org("Tunnel North").await;
    let licence = app.images_licence(&target, 100, 5).await;
    processed(&anna, dataset, &engine).await;
    // Nobody paid for the copy; two of its images cross, and are charged by that.
    let copy: ResourceId = read(&anna.copy(dataset, org.root).await.expect(201).json()["id"]);
    leave_out(&anna, copy, 3, true).await;
    anna.transfer(&[copy], target.root).await.expect(201);
    assert_eq!(left(app, licence).await, (98, 4));
    leave_out(&anna, copy, 3, false).await;
    let (job, _) = started(&anna, copy, "ortho").await;
    assert_eq!(price(&show(&anna, &job).await), (1, 0));
    cancel(&anna, &job).await.expect(200);
    sound(app).await;
    // Taken back, it is what it was: nobody paid for any of its images.
    let another: ResourceId = read(&anna.copy(dataset, org.root).await.expect(201).json()["id"]);
    let receipt = anna.transfer(&[another], target.root).await.expect(201).json();
    let undo = format!("/api/v1/transfers/{}/undo", receipt["id"].as_str().expect("an id"));
    anna.post(&undo, &json!({})).await.expect(201);
    leave_out(&anna, another, 1, true).await;
    assert_eq!(processed(&anna, another, &engine).await, (2, 1));
    leave_out(&anna, another, 1, false).await;
    assert_eq!(processed(&anna, another, &engine).await, (1, 0));
    sound(app).await;
});

both!(attack_98_lic_2_what_a_transfer_that_was_taken_back_charged_is_paid_again, async |app| {
    let (anna, org, dataset, engine) = flight(app, 3).await;
    let target = anna.create_org("Tunnel North").await;
    app.images_licence(&target, 100, 5).await;
    processed(&anna, dataset, &engine).await;
    let copy: ResourceId = read(&anna.copy(dataset, org.root).await.expect(201).json()["id"]);
    let receipt = anna.transfer(&[copy], target.root).await.expect(201).json();
    let undo = format!("/api/v1/transfers/{}/undo", receipt["id"].as_str().expect("an id"));
    anna.post(&undo, &json!({})).await.expect(201);
    // Without files it is charged for one image that is only counted, and then the files come back.
    delete(&anna, copy, &[1, 2, 3]).await;
    anna.patch(&format!("/api/v1/resources/{copy}/dataset"), &json!({ "images": 1 })).await.expect(200);
    assert_eq!(processed(&anna, copy, &engine).await, (1, 1));
    for number in 1..=3 {
        upload(&anna, copy, &format!("{number}.jpg"), &photo(&format!("photo {number}"), 100)).await;
    }
    assert_eq!(processed(&anna, copy, &engine).await, (3, 0));
    sound(app).await;
});

both!(attack_98_lic_2_what_waits_does_not_start_without_an_image, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.credits_licence(&org, 30).await;
    published(&anna, &org, "ortho", "processing", true).await;
    let dataset = anna.dataset(org.root, "Flight", 5_000).await;
    let (job, state) = started(&anna, dataset, "ortho").await;
    assert_eq!(state, "waiting_for_credits");
    upload(&anna, dataset, "flight.mp4", b"\0\0\0\x18ftypmp42 a film").await;
    assert_eq!(facts(&anna, dataset).await.1, 0);
    commonhold::server::usecase::waiting::start_waiting_behind(app.ctx(), None).await.expect("the worker looks");
    let shown = show(&anna, &job).await;
    assert_eq!(shown["state"], "waiting_for_credits");
    upload(&anna, dataset, "1.jpg", &photo("photo 1", 100)).await;
    commonhold::server::usecase::waiting::start_waiting_behind(app.ctx(), None).await.expect("the worker looks");
    let shown = show(&anna, &job).await;
    assert_eq!((&shown["state"], &shown["price"]["credits"]), (&json!("queued"), &json!(1)));
    sound(app).await;
});

both!(attack_98_lic_2_nothing_is_processed_for_nothing, async |app| {
    let (anna, org, dataset) = world(app).await;
    published(&anna, &org, "ortho", "processing", true).await;
    published(&anna, &org, "qc", "free", false).await;
    upload(&anna, dataset, "flight.mp4", b"\0\0\0\x18ftypmp42 a film").await;
    assert_eq!(facts(&anna, dataset).await.1, 0);
    let refused = start(&anna, dataset, "ortho").await.expect(422);
    assert!(refused.body.contains("paid by the image"), "{}", refused.body);
    let plan = anna.post(&format!("/api/v1/datasets/{dataset}/jobs?plan=true"), &json!({ "app": "ortho" })).await;
    let plan = plan.expect(200);
    assert!(plan.body.contains("paid by the image"), "the plan says it before");
    assert_eq!(plan.json()["price"], Value::Null, "and has no price");
    let dialog = format!("/o/{}/drive/{dataset}?dialog=process&app=ortho", org.org_id);
    let page = anna.page(&dialog).await.expect(200).body;
    assert!(page.contains("paid by the image") && !page.contains("Nothing to pay"));
    start(&anna, dataset, "qc").await.expect(201);
    sound(app).await;
});

both!(attack_99_lic_2_others_do_not_make_dearer_what_waits, async |app| {
    let (anna, eve) = (app.person("Anna").await, app.person("Eve").await);
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 1, 5).await;
    published(&anna, &org, "ortho", "processing", true).await;
    let waiting = anna.dataset(org.root, "Waits", 0).await;
    app.give(waiting, Grantee::Person(eve.id), Level::Editor, false).await;
    for name in ["a", "b"] {
        upload(&anna, waiting, &format!("{name}.jpg"), &photo(name, 100)).await;
    }
    let (job, state) = started(&anna, waiting, "ortho").await;
    // Whoever started it said nothing of a most: what it cost then is the most.
    assert_eq!(state, "waiting_for_credits");
    for number in 1..=5 {
        upload(&eve, waiting, &format!("{number}.jpg"), &photo(&format!("eve {number}"), 100)).await;
    }
    let more = commonhold::domain::licence::Amount { images: 50, projects: 0, credits: 0 };
    let operator = commonhold::server::usecase::operator::Operator::command_line();
    commonhold::server::usecase::licence::operator::top_up(app.ctx(), &operator, licence, more)
        .await
        .expect("topped up");
    let shown = show(&anna, &job).await;
    assert_eq!(shown["state"], "waiting_for_credits", "seven images were not agreed to");
    assert_eq!(left(app, licence).await, (51, 5));
    // With as many images as were agreed to, it starts by itself.
    delete(&anna, waiting, &[3, 4, 5, 6, 7]).await;
    assert_eq!(show(&anna, &job).await["state"], "queued");
    assert_eq!(left(app, licence).await, (49, 4));
    sound(app).await;
});

both!(job_5_xfer_10_a_transfer_that_charges_takes_billable_activity_in_the_target, async |app| {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    for org in [&source, &target] {
        app.images_licence(org, 100, 5).await;
    }
    let mary = app.person("Mary").await;
    app.join(&source, &mary, Role::Manager).await;
    app.join(&target, &mary, Role::Editor).await;
    let dataset = anna.dataset(source.root, "Flight", 10).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    let caps = format!("/api/v1/orgs/{}/people/{}/caps", target.org_id, mary.id);
    anna.patch(&caps, &json!({ "billable": false })).await.expect(200);
    assert_eq!(mary.transfer(&[dataset], target.root).await.expect(409).blockers(), ["not_billable"]);
    anna.patch(&caps, &json!({ "billable": true })).await.expect(200);
    mary.transfer(&[dataset], target.root).await.expect(201);
    app.healthy().await;
});
