//! Photos (FILE-5): what their cameras wrote, what is wrong with them, their previews, and the worker that opens them.

use std::time::Duration;

use axum::http::Method;
use commonhold::{
    domain::{
        access::Level,
        file::Media,
        id::{ObjectId, ResourceId},
        photo::{LEASE_MILLIS, MAX_ATTEMPTS, Position, PreviewSize, retry_after_millis},
        time::Timestamp,
        transfer::Grantee,
    },
    paths,
    server::{
        pictures::survey::{Planted, Shot, Survey},
        store::live::Change,
        workers::{
            photos, sweep,
            turns::{Spent, TURN, Turns},
        },
    },
};
use futures::TryStreamExt;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Org, Person, TestApp},
};

/// How wide the photos are: small ones are rendered quickly.
const WIDTH: u32 = 400;

const MIDDLE: Position = Position { latitude: 46_662_400_000, longitude: 8_585_600_000 };

fn flight(planted: &'static [(u32, Planted)]) -> Vec<Shot> {
    let begins = Timestamp::parse_rfc3339("2026-11-18T10:00:00Z").expect("a time");
    Survey { width: WIDTH, seed: 3, lines: 2, photos_in_line: 3, middle: MIDDLE, begins, planted }
        .fly()
        .expect("it flies")
}

async fn world(app: &TestApp) -> (Person, Org, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 10_000, 100).await;
    let dataset = anna.dataset(org.root, "Flight 1", 0).await;
    (anna, org, dataset)
}

fn preview(dataset: ResourceId, number: i64, size: PreviewSize) -> String {
    paths::file_preview(&dataset.to_string(), number, size.pixels())
}

async fn photo(by: &Person, dataset: ResourceId, number: i64) -> Value {
    by.get(&format!("/api/v1/datasets/{dataset}/files/{number}")).await.expect(200).json()["photo"].clone()
}

async fn open_all(app: &TestApp) -> usize {
    photos::run_due(app.ctx()).await.expect("photos are opened")
}

async fn sound(app: &TestApp) {
    app.healthy().await;
    app.storage_healthy().await;
}

async fn objects(app: &TestApp) -> usize {
    let listed: Vec<Option<ObjectId>> = app.ctx().files().expect("storage").list().try_collect().await.expect("a list");
    listed.len()
}

both!(file_5_photos_show_what_their_cameras_wrote_and_what_is_wrong_with_them, async |app| {
    let (anna, org, dataset) = world(app).await;
    let shots = flight(&[(1, Planted::Blur), (3, Planted::Dark), (4, Planted::NoPosition), (5, Planted::Duplicate)]);
    for shot in &shots {
        anna.upload(dataset, &shot.name, &shot.jpeg).await;
    }
    let notes = anna.upload(dataset, "notes.txt", b"fair weather").await;
    assert_eq!(photo(&anna, dataset, notes).await, Value::Null);
    let waiting = photo(&anna, dataset, 1).await;
    assert_eq!(
        (&waiting["state"], &waiting["width"], &waiting["faults"]),
        (&json!("waiting"), &Value::Null, &json!([]))
    );
    let small = preview(dataset, 1, PreviewSize::Small);
    anna.get(&small).await.expect(404);
    let mut heard = app.db().changes();
    // Equal bytes are opened once.
    assert_eq!(open_all(app).await, 5);
    assert_eq!(open_all(app).await, 0);
    let mut told = 0;
    while let Ok(Ok(change)) = tokio::time::timeout(std::time::Duration::from_secs(1), heard.recv()).await {
        told += usize::from(matches!(change, Change::These(_)) && change.is_about(dataset.0));
    }
    assert_eq!(told, 1, "who looks is told, but not of each photo");
    let listed = anna.get(&format!("/api/v1/datasets/{dataset}/files")).await.expect(200).json();
    for (shot, file) in shots.iter().zip(listed["items"].as_array().expect("items")) {
        let photo = &file["photo"];
        assert_eq!(
            (&file["path"], &photo["state"], &photo["problem"]),
            (&json!(shot.name), &json!("made"), &Value::Null)
        );
        assert_eq!(
            (&photo["width"], &photo["height"], &photo["camera"]),
            (&json!(400), &json!(300), &json!("DJI FC6310"))
        );
        assert_eq!(photo["taken_at"], shot.taken.iso());
        assert_eq!((&photo["height_above_ground"], &photo["pitch"]), (&json!(99.4), &json!(-90.0)));
        let wrong = match shot.planted {
            Some(Planted::Blur) => json!(["blurred"]),
            Some(Planted::Dark) => json!(["too_dark"]),
            Some(Planted::NoPosition | Planted::Duplicate) => json!(["no_position"]),
            None => json!([]),
        };
        assert_eq!(photo["faults"], wrong, "{file}");
        let latitude = photo["position"]["latitude"].as_f64();
        assert_eq!(latitude.is_some(), shot.said.is_some());
        assert!(latitude.is_none_or(|latitude| (latitude - 46.6624).abs() < 0.01), "{file}");
    }
    // Nothing is left out by itself.
    assert_eq!(anna.show(dataset).await.json()["dataset"]["images"], 6);
    // A photo that is left out says nothing about what is typical: four are too few.
    for number in [3, 4] {
        anna.patch(&format!("/api/v1/datasets/{dataset}/files/{number}"), &json!({ "left_out": true }))
            .await
            .expect(200);
    }
    assert_eq!(photo(&anna, dataset, 2).await["faults"], json!([]));
    // A copy shares all of it, and so does whoever sends the same bytes.
    let copy = anna.copy(dataset, org.root).await.expect(201).json();
    let copy: ResourceId = crate::support::read(&copy["id"]);
    assert_eq!(photo(&anna, copy, 1).await["state"], "made");
    let again = anna.dataset(org.root, "Flight 2", 0).await;
    anna.upload(again, "same.jpg", &shots[0].jpeg).await;
    assert_eq!((open_all(app).await, photo(&anna, again, 1).await["state"].clone()), (0, json!("made")));
    sound(app).await;
});

both!(drive_6_a_dataset_was_captured_when_its_photos_were_taken_unless_somebody_says_otherwise, async |app| {
    let (anna, org, dataset) = world(app).await;
    let shots = flight(&[]);
    let (first, second) = (&shots[0], &shots[1]);
    let captured = async |id: ResourceId| anna.show(id).await.expect(200).json()["dataset"]["captured_on"].clone();
    let say = async |id: ResourceId, day: &str| {
        anna.patch(&format!("/api/v1/resources/{id}/dataset"), &json!({ "captured_on": day })).await.expect(200);
    };
    let said = anna.dataset(org.root, "Said", 0).await;
    say(said, "2026-01-02").await;
    for id in [dataset, said] {
        anna.upload(id, "notes.txt", b"fair weather").await;
        anna.upload(id, &first.name, &first.jpeg).await;
    }
    assert_eq!(captured(dataset).await, Value::Null, "nobody has looked yet");
    open_all(app).await;
    assert_eq!((captured(dataset).await, captured(said).await), (json!("2026-11-18"), json!("2026-01-02")));
    // What is known already says it at once; what was said stays.
    let again = anna.dataset(org.root, "The same photo", 0).await;
    anna.upload(again, &first.name, &first.jpeg).await;
    assert_eq!(captured(again).await, json!("2026-11-18"));
    say(dataset, "2026-11-17").await;
    anna.upload(dataset, &second.name, &second.jpeg).await;
    open_all(app).await;
    assert_eq!(captured(dataset).await, json!("2026-11-17"));
    // So flights that were uploaded are on the timeline of their site.
    let site = anna.site(org.root, "Portal").await;
    anna.transfer(&[again], site).await.expect(201);
    let timeline = anna.page(&format!("/o/{}/drive/{site}", org.org_id)).await.expect(200).body;
    assert!(timeline.contains("18 Nov 2026"), "the timeline has its day");
    sound(app).await;
});

both!(file_5_pol_1_a_preview_is_for_who_may_see_the_dataset, async |app| {
    let (anna, _, dataset) = world(app).await;
    let shots = flight(&[]);
    anna.upload(dataset, "a.jpg", &shots[0].jpeg).await;
    open_all(app).await;
    let small = preview(dataset, 1, PreviewSize::Small);
    let large = preview(dataset, 1, PreviewSize::Large);
    let got = anna.get(&small).await.expect(200);
    assert_eq!(got.header("content-type"), "image/jpeg");
    assert_eq!((got.header("content-disposition"), got.header("x-content-type-options")), ("inline", "nosniff"));
    assert_eq!(got.header("cache-control"), "private, max-age=86400, immutable");
    assert!(got.header("vary").contains("cookie"), "another person in the same browser gets their own answer");
    assert!(got.header("content-encoding").is_empty());
    let bytes = |answer: &crate::support::Answer| answer.header("content-length").parse::<usize>().expect("a length");
    let full = anna.get(&large).await.expect(200);
    assert!(bytes(&got) > 1_000 && bytes(&got) < bytes(&full) && bytes(&full) < shots[0].jpeg.len() * 2);
    let head = anna.call(Method::HEAD, &small, None, &[]).await.expect(200);
    assert_eq!((head.body.as_str(), bytes(&head)), ("", bytes(&got)));
    let known = anna.call(Method::GET, &small, None, &[("if-none-match", got.header("etag"))]).await.expect(304);
    assert_eq!(known.body, "");
    let other = anna.call(Method::GET, &large, None, &[("if-none-match", got.header("etag"))]).await;
    assert_eq!(other.status, 200, "each preview has a tag of its own");
    let at = format!("/api/v1/datasets/{dataset}/files");
    anna.get(&format!("{at}/1/preview")).await.expect(200);
    assert_eq!(anna.get(&format!("{at}/1/preview?size=640")).await.expect(422).fields(), ["size"]);
    anna.get(&format!("{at}/2/preview?size=320")).await.expect(404);
    anna.get(&format!("{at}/x/preview?size=320")).await.expect(404);
    // Nobody else, also not who knows the tag.
    let john = app.person("John").await;
    john.get(&small).await.expect(404);
    john.call(Method::GET, &small, None, &[("if-none-match", got.header("etag"))]).await.expect(404);
    app.nobody().get(&small).await.expect(401);
    app.give(dataset, Grantee::Person(john.id), Level::Reader, false).await;
    john.get(&large).await.expect(200);
    // Where nobody downloads, originals stay away and previews do not.
    let restrict = json!({ "download": true });
    anna.call(Method::PUT, &format!("/api/v1/resources/{dataset}/restrictions"), Some(&restrict), &[])
        .await
        .expect(200);
    john.get(&format!("{at}/1/content")).await.expect(403);
    john.get(&large).await.expect(200);
    anna.trash(dataset).await.expect(204);
    anna.get(&small).await.expect(404);
    sound(app).await;
});

/// A JPEG that says that it has so many pixels.
fn flooded(jpeg: &[u8]) -> Vec<u8> {
    let mut jpeg = jpeg.to_vec();
    let at = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).expect("a frame");
    jpeg[at + 5..at + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
    jpeg
}

both!(file_5_attack_40_pictures_that_are_broken_or_explode_are_files_with_a_problem, async |app| {
    let (anna, _, dataset) = world(app).await;
    let jpeg = flight(&[]).swap_remove(0).jpeg;
    let no_photos =
        [("empty.jpg", Vec::new()), ("drawing.jpg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec())];
    let png = [&b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\xFF\xFF\0\0\xFF\xFF\x10\x06\0\0\0"[..], &[0; 20]].concat();
    let broken = [
        ("cut.jpg", jpeg[..jpeg.len() / 2].to_vec()),
        ("header.jpg", vec![0xFF, 0xD8, 0xFF, 0xE1, 0, 8, b'E', b'x', b'i', b'f']),
        ("flood.jpg", flooded(&jpeg)),
        ("flood.png", png),
        ("loop.tif", b"II*\0\x08\0\0\0\0\0\x08\0\0\0".to_vec()),
    ];
    for (name, bytes) in no_photos.iter().chain(&broken) {
        anna.upload(dataset, name, bytes).await;
    }
    assert_eq!(open_all(app).await, broken.len());
    let listed = anna.get(&format!("/api/v1/datasets/{dataset}/files")).await.expect(200).json();
    for file in listed["items"].as_array().expect("items") {
        let (name, number) = (file["path"].as_str().expect("a path"), file["number"].as_i64().expect("a number"));
        if no_photos.iter().any(|(no_photo, _)| name == *no_photo) {
            assert_eq!((&file["media"], &file["photo"]), (&json!(Media::Other.as_str()), &Value::Null));
        } else {
            let photo = &file["photo"];
            assert_eq!((&photo["state"], &photo["faults"]), (&json!("failed"), &json!([])), "{file}");
            assert!(photo["problem"].as_str().is_some_and(|problem| problem.ends_with('.')), "{file}");
        }
        anna.get(&preview(dataset, number, PreviewSize::Small)).await.expect(404);
        // What was sent is what is there.
        anna.get(&format!("/api/v1/datasets/{dataset}/files/{number}/content")).await.expect(200);
    }
    // They are not tried again.
    app.later(1);
    assert_eq!(open_all(app).await, 0);
    sound(app).await;
});

both!(file_5_people_take_turns_so_that_nobody_waits_for_all_photos_of_somebody_else, async |app| {
    let (anna, _, dataset) = world(app).await;
    let mut shots = flight(&[]);
    let late = shots.pop().expect("a photo");
    // Many that differ in what follows the picture.
    for (number, shot) in shots.iter().cycle().take(25).enumerate() {
        let bytes = [shot.jpeg.as_ref(), number.to_string().as_bytes()].concat();
        anna.upload(dataset, &format!("{number}.jpg"), &bytes).await;
    }
    let ben = app.person("Ben").await;
    let other = ben.create_org("Tunnel North").await;
    app.images_licence(&other, 100, 10).await;
    let few = ben.dataset(other.root, "Tunnel", 0).await;
    ben.upload(few, "late.jpg", &late.jpeg).await;
    let mut turns = Turns::new(Spent::default());
    let mut opened = 0;
    for _ in 0..2 {
        let (after, of_turn) = photos::run_turn(app.ctx(), turns, TURN).await.expect("photos are opened");
        turns = after;
        opened += of_turn;
    }
    assert_eq!(photo(&ben, few, 1).await["state"], "made", "Ben's turn is the second at the latest");
    assert!(opened <= 10, "{opened}");
    // Nobody's turn is lost: the rest is opened as well.
    assert_eq!(open_all(app).await, 26 - opened);
    app.healthy().await;
});

both!(file_5_attack_102_who_took_much_time_waits_for_who_took_little_in_all_of_their_organizations, async |app| {
    let (anna, _, dataset) = world(app).await;
    let shots = flight(&[]);
    anna.upload(dataset, "first.jpg", &shots[0].jpeg).await;
    let spent = Spent::default();
    let (turns, opened) =
        photos::run_turn(app.ctx(), Turns::new(spent.clone()), TURN).await.expect("photos are opened");
    assert_eq!(opened, 1);
    // In another organization of hers she is who she is.
    let second = anna.create_org("Alpine Survey II").await;
    app.images_licence(&second, 100, 10).await;
    let theirs = anna.dataset(second.root, "Flight 2", 0).await;
    let ben = app.person("Ben").await;
    let other = ben.create_org("Tunnel North").await;
    app.images_licence(&other, 100, 10).await;
    let his = ben.dataset(other.root, "Tunnel", 0).await;
    anna.upload(theirs, "second.jpg", &shots[1].jpeg).await;
    ben.upload(his, "his.jpg", &shots[2].jpeg).await;
    for (state, hers) in [("made", "waiting"), ("made", "made")] {
        // Every worker of the node knows what she took, whoever it served last.
        photos::run_turn(app.ctx(), Turns::new(spent.clone()), TURN).await.expect("photos are opened");
        assert_eq!(photo(&ben, his, 1).await["state"], state);
        assert_eq!(photo(&anna, theirs, 1).await["state"], hers);
    }
    assert_eq!(photos::run_turn(app.ctx(), turns, TURN).await.expect("nothing is left").1, 0);
    app.healthy().await;
});

both!(file_5_attack_101_a_turn_ends_when_its_time_is_over_and_hands_back_what_it_has_not_begun, async |app| {
    let (anna, _, dataset) = world(app).await;
    let shots = flight(&[]);
    anna.upload(dataset, "first.jpg", &shots[0].jpeg).await;
    let turns = Turns::new(Spent::default());
    let (turns, opened) = photos::run_turn(app.ctx(), turns, TURN).await.expect("photos are opened");
    assert_eq!(opened, 1);
    // The first was cheap, so the next turn claims several.
    for shot in &shots[1..4] {
        anna.upload(dataset, &shot.name, &shot.jpeg).await;
    }
    let (turns, opened) = photos::run_turn(app.ctx(), turns, Duration::ZERO).await.expect("photos are opened");
    assert_eq!(opened, 1, "the first of a turn is opened at any rate");
    let untouched =
        "SELECT CAST(COUNT(*) AS BIGINT) FROM photo WHERE state = 'waiting' AND attempts = 0 AND claim_id IS NULL";
    assert_eq!(app.count(untouched).await, 2);
    let (_, opened) = photos::run_turn(app.ctx(), turns, TURN).await.expect("photos are opened");
    assert_eq!(opened, 2, "at once, without waiting for the end of a claim");
    app.later(1);
    sweep::run_due(app.ctx()).await.expect("the sweeper runs");
    app.healthy().await;
    sound(app).await;
});

both!(file_5_photos_are_shared_among_nodes_and_tried_again_after_a_crash, async |app| {
    let (anna, _, dataset) = world(app).await;
    let shots = flight(&[]);
    for shot in &shots {
        anna.upload(dataset, &shot.name, &shot.jpeg).await;
    }
    let (one, other) = tokio::join!(photos::run_due(app.ctx()), photos::run_due(app.ctx()));
    assert_eq!(one.expect("it runs") + other.expect("it runs"), shots.len());
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM photo WHERE state = 'made' AND attempts = 1").await, 6);
    let before = objects(app).await;
    assert_eq!(before, 3 * shots.len());
    // A node died in the middle: nobody is at it until its claim has run out, and what it may have written is freed.
    app.corrupt("UPDATE photo SET state = 'waiting', claim_id = blob_id, due_at = 1795288503007 WHERE blob_id = (SELECT blob_id FROM dataset_file WHERE number = 1)").await;
    app.corrupt(
        "UPDATE photo_preview SET bytes = 0 WHERE blob_id = (SELECT blob_id FROM dataset_file WHERE number = 1)",
    )
    .await;
    assert_eq!(app.ctx().now().plus_millis(LEASE_MILLIS).0, 1_795_288_503_007);
    assert_eq!(open_all(app).await, 0);
    app.tick(LEASE_MILLIS);
    assert_eq!(open_all(app).await, 1);
    assert_eq!(photo(&anna, dataset, 1).await["state"], "made");
    assert_eq!(objects(app).await, before + 2);
    app.later(1);
    sweep::run_due(app.ctx()).await.expect("the sweeper runs");
    assert_eq!(objects(app).await, before);
    // It dies again and again: at last it is given up.
    app.corrupt("UPDATE photo SET state = 'waiting', claim_id = blob_id, attempts = 5, due_at = 0 WHERE blob_id = (SELECT blob_id FROM dataset_file WHERE number = 2)").await;
    assert_eq!(open_all(app).await, 1);
    let given_up = photo(&anna, dataset, 2).await;
    assert_eq!(given_up["state"], "failed");
    assert!(given_up["problem"].as_str().is_some_and(|problem| problem.contains("interrupted 5 times")), "{given_up}");
    app.healthy().await;
});

both!(file_5_a_photo_that_storage_does_not_give_is_tried_a_few_times, async |app| {
    let (anna, _, dataset) = world(app).await;
    let jpeg = flight(&[]).swap_remove(0).jpeg;
    anna.upload(dataset, "a.jpg", &jpeg).await;
    let listed: Vec<Option<ObjectId>> = app.ctx().files().expect("storage").list().try_collect().await.expect("a list");
    let object = listed[0].expect("an object of ours");
    app.ctx().files().expect("storage").delete("eu", object).await.expect("deleted");
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!((photo(&anna, dataset, 1).await["state"].clone(), open_all(app).await), (json!("waiting"), 1));
        assert_eq!(open_all(app).await, 0, "not at once");
        app.tick(retry_after_millis(attempt).unwrap_or_default());
    }
    let failed = photo(&anna, dataset, 1).await;
    assert_eq!(
        (&failed["state"], &failed["problem"]),
        (&json!("failed"), &json!("The file could not be read from storage."))
    );
    assert_eq!(open_all(app).await, 0);
    app.later(1);
    sweep::run_due(app.ctx()).await.expect("the sweeper runs");
    app.healthy().await;
});

both!(file_5_file_6_previews_go_with_the_last_file, async |app| {
    let (anna, org, dataset) = world(app).await;
    for shot in flight(&[]).iter().take(3) {
        anna.upload(dataset, &shot.name, &shot.jpeg).await;
    }
    // One is never opened.
    open_all(app).await;
    anna.upload(dataset, "late.jpg", &flight(&[(0, Planted::Blur)])[0].jpeg).await;
    let copy: ResourceId = crate::support::read(&anna.copy(dataset, org.root).await.expect(201).json()["id"]);
    anna.trash(dataset).await.expect(204);
    anna.delete_for_good(dataset).await.expect(204);
    sweep::run_due(app.ctx()).await.expect("the sweeper runs");
    app.later(2);
    sweep::run_due(app.ctx()).await.expect("the sweeper runs");
    assert_eq!(objects(app).await, 3 * 3 + 1, "a copy has them still");
    anna.get(&preview(copy, 1, PreviewSize::Large)).await.expect(200);
    anna.trash(copy).await.expect(204);
    anna.delete_for_good(copy).await.expect(204);
    sweep::run_due(app.ctx()).await.expect("the sweeper runs");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM photo").await, 0);
    sound(app).await;
    app.later(2);
    sweep::run_due(app.ctx()).await.expect("the sweeper runs");
    assert_eq!(objects(app).await, 0);
    sound(app).await;
});
