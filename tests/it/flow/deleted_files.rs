//! Deleting files can be undone for a day (FILE-6, DRIVE-4): they come back as they were, or not at all; and their bytes are freed when
//! nobody has brought them back.

use commonhold::{
    domain::{access::Level, id::ResourceId, resource::DatasetStatus, role::Role, transfer::Grantee},
    rpc::{file::DeleteFiles, trash::UndoChange},
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use super::{
    apps::published,
    engines::Engine,
    files::{content_of, facts, files, limit_storage, objects, paths, photo, sound, sweep_all, upload, world},
    jobs::started,
};
use crate::{
    both,
    support::{Answer, Person},
};

async fn delete(by: &Person, dataset: ResourceId, numbers: &[i64]) -> Answer {
    let body = json!({ "numbers": numbers });
    by.post(&format!("/api/v1/datasets/{dataset}/files/delete"), &body).await
}

/// Deletes files; the token that brings them back.
async fn deleted(by: &Person, dataset: ResourceId, numbers: &[i64]) -> String {
    delete(by, dataset, numbers).await.expect(204).header("undo-token").to_owned()
}

async fn undo(by: &Person, token: &str) -> Answer {
    by.post("/api/v1/undo", &json!({ "token": token })).await
}

both!(file_6_deleted_files_come_back_with_their_numbers_their_bytes_and_all_that_was_known_of_them, async |app| {
    let (anna, org, dataset) = world(app).await;
    for name in ["a/1.jpg", "a/2.jpg", "3.jpg"] {
        upload(&anna, dataset, name, &photo(name, 1_000)).await;
    }
    anna.patch(&format!("/api/v1/datasets/{dataset}/files/2"), &json!({ "left_out": true })).await.expect(200);
    let (before, all) = (facts(&anna, dataset).await, files(&anna, dataset, "").await);
    let token = deleted(&anna, dataset, &[1, 2, 3]).await;
    assert_eq!(facts(&anna, dataset).await, (0, 0, 0));
    for number in [1, 2, 3] {
        anna.get(&content_of(dataset, number)).await.expect(404);
        anna.get(&format!("/api/v1/datasets/{dataset}/files/{number}")).await.expect(404);
        anna.patch(&format!("/api/v1/datasets/{dataset}/files/{number}"), &json!({ "left_out": true }))
            .await
            .expect(404);
    }
    sweep_all(app).await;
    app.tick(23 * 3_600_000);
    sweep_all(app).await;
    sound(app).await;
    let undone = undo(&anna, &token).await.expect(200).json();
    assert_eq!(undone["message"], "Brought 3 files back");
    assert_eq!((facts(&anna, dataset).await, files(&anna, dataset, "").await), (before, all));
    assert_eq!(anna.get(&content_of(dataset, 3)).await.expect(200).header("content-length"), "1000");
    undo(&anna, &token).await.expect(422);
    assert!(anna.audit(&org).await.contains(&"files.restored".to_owned()));
    // Only some of them, and a number that is given to none other.
    let token = deleted(&anna, dataset, &[3]).await;
    assert_eq!(upload(&anna, dataset, "4.jpg", &photo("4", 10)).await, 4);
    assert_eq!(undo(&anna, &token).await.expect(200).json()["message"], "Brought “3.jpg” back");
    assert_eq!(facts(&anna, dataset).await.0, 4);
    sound(app).await;
});

both!(drive_4_file_6_the_message_after_deleting_files_brings_them_back_without_a_script, async |app| {
    let (anna, org, dataset) = world(app).await;
    upload(&anna, dataset, "a.jpg", &photo("a", 100)).await;
    let here = format!("/o/{}/drive/{dataset}?tab=images", org.org_id);
    let id = dataset.to_string();
    let form = [("dataset", id.as_str()), ("numbers", "1"), ("back", here.as_str())];
    let answer = anna.form(DeleteFiles::url(), &here, &form).await;
    let page = anna.page(answer.location()).await.expect(200).body;
    assert!(page.contains("Deleted “a.jpg”"));
    let token = page.split("name=\"token\"").nth(1).and_then(|after| after.split("value=\"").nth(1));
    let token = token.and_then(|after| after.split('"').next()).expect("a button");
    anna.form(UndoChange::url(), &here, &[("token", token), ("back", &here)]).await;
    let page = anna.page(&here).await.expect(200).body;
    assert!(page.contains("Brought “a.jpg” back") && page.contains("Select a.jpg"));
});

both!(file_6_deleted_files_do_not_come_back_over_what_took_their_place, async |app| {
    let (anna, org, dataset) = world(app).await;
    upload(&anna, dataset, "a/1.jpg", &photo("1", 400)).await;
    upload(&anna, dataset, "a/2.jpg", &photo("2", 400)).await;
    let token = deleted(&anna, dataset, &[1, 2]).await;
    // One name is taken, so none of them comes.
    let other = upload(&anna, dataset, "A/2.JPG", &photo("other", 10)).await;
    let refused = undo(&anna, &token).await.expect(409);
    assert!(refused.body.contains("Another file is called “a/2.jpg” by now."), "{}", refused.body);
    assert_eq!(paths(&anna, dataset).await, ["A/2.JPG"]);
    // A refusal takes nothing away: once there is room, they come.
    let taken_away = deleted(&anna, dataset, &[other]).await;
    let folder = upload(&anna, dataset, "a", &photo("a", 10)).await;
    undo(&anna, &token).await.expect(409);
    deleted(&anna, dataset, &[folder]).await;
    limit_storage(app, &org, Some(700)).await;
    assert_eq!(undo(&anna, &token).await.expect(402).code(), "quota_exceeded");
    limit_storage(app, &org, None).await;
    undo(&anna, &token).await.expect(200);
    assert_eq!(paths(&anna, dataset).await, ["a/1.jpg", "a/2.jpg"]);
    undo(&anna, &taken_away).await.expect(409);
    // Images are fixed while they are processed (LIC-2).
    let token = deleted(&anna, dataset, &[1]).await;
    app.set_status(dataset, DatasetStatus::Queued).await;
    assert_eq!(undo(&anna, &token).await.expect(409).code(), "inputs_held");
    sound(app).await;
});

both!(file_6_xfer_13_deleted_files_stay_behind_in_copies_moves_and_transfers_and_go_with_their_dataset, async |app| {
    let (anna, org, dataset) = world(app).await;
    let target = anna.create_org("Tunnel North").await;
    app.images_licence(&target, 10_000, 100).await;
    let folder = anna.folder(org.root, "Folder").await;
    upload(&anna, dataset, "a.jpg", &photo("a", 400)).await;
    upload(&anna, dataset, "b.jpg", &photo("b", 400)).await;
    let token = deleted(&anna, dataset, &[1]).await;
    let copy: ResourceId = crate::support::read(&anna.copy(dataset, folder).await.expect(201).json()["id"]);
    assert_eq!(paths(&anna, copy).await, ["b.jpg"]);
    // A transfer leaves them with whom they were of, and whoever gets the dataset never sees them.
    app.set_status(dataset, DatasetStatus::Processed).await;
    anna.transfer(&[dataset], target.root).await.expect(201);
    undo(&anna, &token).await.expect(409);
    sound(app).await;
    // What is in the trash keeps them, and what is deleted for good does not.
    let token = deleted(&anna, copy, &[2]).await;
    anna.trash(copy).await.expect(204);
    undo(&anna, &token).await.expect(404);
    anna.restore(copy).await.expect(200);
    undo(&anna, &token).await.expect(200);
    let token = deleted(&anna, copy, &[2]).await;
    anna.trash(copy).await.expect(204);
    anna.delete_for_good(copy).await.expect(204);
    undo(&anna, &token).await.expect(404);
    sound(app).await;
});

both!(file_6_bytes_of_deleted_files_are_freed_a_day_after_nobody_can_bring_them_back, async |app| {
    let (anna, org, dataset) = world(app).await;
    upload(&anna, dataset, "a.jpg", &photo("a", 400)).await;
    limit_storage(app, &org, Some(400)).await;
    let token = deleted(&anna, dataset, &[1]).await;
    // They take no room of the organization, and the same bytes are stored once.
    let again = upload(&anna, dataset, "b.jpg", &photo("a", 400)).await;
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM blob").await, 1);
    deleted(&anna, dataset, &[again]).await;
    app.later(1);
    assert_eq!(sweep_all(app).await.files, 0, "a day");
    app.tick(1);
    assert_eq!(sweep_all(app).await.files, 2);
    undo(&anna, &token).await.expect(422);
    assert_eq!(objects(app).await.len(), 1, "a day of grace");
    sound(app).await;
    app.later(1);
    assert_eq!(sweep_all(app).await.objects, 1);
    assert!(objects(app).await.is_empty());
    sound(app).await;
});

both!(file_6_attack_97_nobody_else_brings_files_back_and_nobody_who_may_not_edit_any_more, async |app| {
    let (anna, org, dataset) = world(app).await;
    let john = app.person("John").await;
    app.join(&org, &john, Role::Member).await;
    app.give(dataset, Grantee::Person(john.id), Level::Editor, false).await;
    upload(&anna, dataset, "a.jpg", &photo("a", 400)).await;
    let token = deleted(&john, dataset, &[1]).await;
    assert_eq!(token.len(), 36);
    let refused = undo(&anna, &token).await.expect(422);
    assert!(refused.body.contains("can no longer be undone"));
    app.give(dataset, Grantee::Person(john.id), Level::Reader, false).await;
    undo(&john, &token).await.expect(403);
    app.give(dataset, Grantee::Person(john.id), Level::Editor, false).await;
    let twice = tokio::join!(undo(&john, &token), undo(&john, &token));
    let mut answers = [twice.0.status, twice.1.status];
    answers.sort_unstable();
    assert_eq!(answers, [200, 422], "once");
    assert_eq!(paths(&anna, dataset).await, ["a.jpg"]);
    sound(app).await;
});

both!(file_6_job_2_a_result_that_was_deleted_is_replaced_with_the_others_of_its_app, async |app| {
    let (anna, org, dataset) = world(app).await;
    app.credits_licence(&org, 1_000).await;
    upload(&anna, dataset, "a.jpg", &photo("a", 400)).await;
    published(&anna, &org, "ortho", "processing", true).await;
    let engine = Engine::new(app, &anna, &org, "Machine", &["engine"]).await;
    let mut token = String::new();
    for round in ["first", "second"] {
        started(&anna, dataset, "ortho").await;
        let job = engine.claim("ortho").await.expect("a job");
        job.write(&format!("{round}.txt"), "report", round).await.expect(204);
        job.complete().await.expect(200);
        let results: Vec<Value> = files(&anna, dataset, "?side=output").await;
        assert_eq!(results.len(), 1, "{results:?}");
        if round == "first" {
            token = deleted(&anna, dataset, &[results[0]["number"].as_i64().expect("a number")]).await;
        }
    }
    undo(&anna, &token).await.expect(422);
    sound(app).await;
});
