//! Layers of the viewer (VIEW-1, VIEW-4): what jobs made becomes tiles, for whoever may see it, as long as they may.

use std::time::Duration;

use axum::http::Method;
use commonhold::{
    domain::{
        id::ResourceId,
        layer::{LEASE_MILLIS, Lane, MAX_ATTEMPTS},
        photo::Position,
        role::Role,
        time::Timestamp,
        upload::ABANDONED_KEPT_MILLIS,
    },
    server::{
        pictures::{Place, survey::Survey, write_counts},
        store::{layer, live::Change},
        usecase,
        workers::{builtin, layers, photos, sweep},
    },
};
use serde_json::{Value, json};

use super::{
    apps::published,
    engines::Engine,
    jobs::{show, started},
};
use crate::{
    both,
    support::{Answer, Org, Person, TestApp, read},
};

async fn list(by: &Person, dataset: ResourceId) -> Vec<Value> {
    let listed = by.get(&format!("/api/v1/datasets/{dataset}/layers")).await.expect(200).json();
    listed["items"].as_array().cloned().expect("layers")
}

async fn make_all(app: &TestApp) -> usize {
    layers::run_due(app.ctx()).await.expect("layers are made")
}

fn tile(dataset: ResourceId, number: &Value, at: &str) -> String {
    format!("/api/v1/datasets/{dataset}/layers/{number}/{at}")
}

fn states(layers: &[Value]) -> Vec<(&str, &str)> {
    layers
        .iter()
        .map(|layer| (layer["kind"].as_str().expect("a kind"), layer["state"].as_str().expect("a state")))
        .collect()
}

async fn sound(app: &TestApp) {
    app.healthy().await;
    app.storage_healthy().await;
}

/// Frees what can be freed by now.
async fn sweep_all(app: &TestApp) {
    app.tick(ABANDONED_KEPT_MILLIS + 25 * 3_600_000);
    sweep::run_due(app.ctx()).await.expect("storage is freed");
    app.tick(ABANDONED_KEPT_MILLIS + 25 * 3_600_000);
    sweep::run_due(app.ctx()).await.expect("storage is freed");
}

/// A survey that was indexed, in a folder of an organization: the mosaic and the coverage are to be shown.
async fn surveyed(app: &TestApp) -> (Person, Org, ResourceId, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.credits_licence(&org, 1_000).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let dataset = anna.dataset(folder, "Flight 1", 0).await;
    let begins = Timestamp::parse_rfc3339("2026-11-18T10:00:00Z").expect("a time");
    let middle = Position { latitude: 46_662_400_000, longitude: 8_585_600_000 };
    let survey = Survey { width: 400, seed: 5, lines: 2, photos_in_line: 4, middle, begins, planted: &[] };
    for shot in survey.fly().expect("it flies") {
        anna.upload(dataset, &shot.name, &shot.jpeg).await;
    }
    usecase::app::add_built_in(app.ctx()).await.expect("the apps are added");
    photos::run_due(app.ctx()).await.expect("photos are opened");
    let (id, _) = started(&anna, dataset, "survey-index").await;
    builtin::run_due(app.ctx()).await.expect("jobs are run");
    assert_eq!(show(&anna, &id).await["state"], "done");
    (anna, org, folder, dataset)
}

both!(view_1_survey_index_makes_layers_whose_tiles_are_ranges_of_one_file, async |app| {
    let (anna, org, _, dataset) = surveyed(app).await;
    let waiting = list(&anna, dataset).await;
    assert_eq!(states(&waiting), [("mosaic", "waiting"), ("coverage", "waiting")]);
    anna.get(&tile(dataset, &waiting[0]["number"], "0/0/0")).await.expect(404);
    anna.get(&tile(dataset, &waiting[0]["number"], "content")).await.expect(404);
    let mut heard = app.db().changes();
    assert_eq!(make_all(app).await, 2);
    let mut told = 0;
    while let Ok(Ok(change)) = tokio::time::timeout(std::time::Duration::from_secs(1), heard.recv()).await {
        told += usize::from(matches!(change, Change::These(_)) && change.is_about(dataset.0));
    }
    assert_eq!(told, 2, "who looks is told of each layer");
    let ready = list(&anna, dataset).await;
    assert_eq!(states(&ready), [("mosaic", "ready"), ("coverage", "ready")]);
    assert_eq!((&ready[0]["title"], &ready[1]["title"]), (&json!("Preview mosaic"), &json!("Coverage")));
    assert!(ready[0]["attribution"].as_str().is_some_and(|text| !text.is_empty()));
    for layer in &ready {
        assert_eq!(layer["grid"].as_array().map(Vec::len), Some(17 * 17));
        let bounds: Vec<f64> = layer["bounds"].as_array().expect("bounds").iter().filter_map(Value::as_f64).collect();
        assert!((bounds[0] - 8.5856).abs() < 0.01 && (bounds[1] - 46.6624).abs() < 0.01, "{bounds:?}");
        assert!(bounds[0] < bounds[2] && bounds[1] < bounds[3]);
        let levels = layer["levels"].as_u64().expect("levels");
        for level in 0..levels {
            let address = tile(dataset, &layer["number"], &format!("{level}/0/0"));
            let got = anna.get(&address).await.expect(200);
            // Something is missing at the edges, so these have transparent pixels.
            assert_eq!(got.header("content-type"), "image/webp");
            assert!(got.bytes.starts_with(b"RIFF") && got.bytes[8..].starts_with(b"WEBP"), "an image of its own");
            assert_eq!(got.header("cache-control"), "private, max-age=86400, immutable");
            assert_eq!(got.header("vary"), "cookie, authorization");
            assert_eq!(got.header("x-content-type-options"), "nosniff");
            let tag = got.header("etag").to_owned();
            let again = anna.call(Method::GET, &address, None, &[("if-none-match", &tag)]).await;
            assert_eq!((again.status, again.bytes.len()), (304, 0));
        }
        anna.get(&tile(dataset, &layer["number"], &format!("{levels}/0/0"))).await.expect(404);
    }
    // All of it is one file, with ranges, whose last tile is what was sent.
    let number = &ready[0]["number"];
    let whole = anna.get(&tile(dataset, number, "content")).await.expect(200);
    assert_eq!(whole.header("content-disposition"), "attachment; filename*=UTF-8''mosaic-tiled.tif");
    assert!(whole.bytes.starts_with(b"II*\0"));
    let first = anna.get(&tile(dataset, number, "0/0/0")).await.expect(200);
    assert!(whole.bytes.windows(first.bytes.len()).any(|part| part == first.bytes), "a tile is a part of the file");
    // A Reader sees tiles, also where downloading is restricted; the file is not theirs then.
    let reader = app.person("Rita").await;
    app.join(&org, &reader, Role::Reader).await;
    let restricted = json!({ "copy": false, "delete": false, "download": true });
    let at = format!("/api/v1/resources/{dataset}/restrictions");
    anna.call(Method::PUT, &at, Some(&restricted), &[]).await.expect(200);
    reader.get(&tile(dataset, number, "0/0/0")).await.expect(200);
    reader.get(&tile(dataset, number, "content")).await.expect(403);
    // Nobody took results for photos.
    let files = anna.get(&format!("/api/v1/datasets/{dataset}/files?side=output")).await.expect(200).json();
    for file in files["items"].as_array().expect("files") {
        let is_tiff = file["media"] == "image/tiff";
        assert!(!is_tiff || file["photo"].is_null(), "{file}");
    }
    assert_eq!(make_all(app).await, 0);
    assert_eq!(photos::run_due(app.ctx()).await.expect("photos"), 1, "the mosaic as a JPEG");
    sound(app).await;
});

both!(view_1_a_tile_is_transparent_where_pixels_are_missing_and_a_jpeg_where_none_is, async |app| {
    let (anna, _, dataset) = processed(app, &[("coverage.tif", "coverage", counts())]).await;
    make_all(app).await;
    let layer = list(&anna, dataset).await.remove(0);
    let finest = layer["levels"].as_u64().expect("levels") - 1;
    let (_, path) = link(&anna, dataset, &json!({})).await;
    for (at, media) in [("0/0", "image/webp"), ("1/0", "image/jpeg"), ("1/1", "image/jpeg")] {
        let at = format!("{finest}/{at}");
        let got = anna.get(&tile(dataset, &layer["number"], &at)).await.expect(200);
        let shared = app.nobody().page(&format!("{path}/datasets/{dataset}/layers/{}/{at}", layer["number"])).await;
        assert_eq!([got.header("content-type"), shared.expect(200).header("content-type")], [media; 2], "{at}");
        let picture = image::load_from_memory(&got.bytes).expect("a picture").into_rgba8();
        // No photo sees the first 150 columns.
        let opacity = [picture.get_pixel(149, 9)[3], picture.get_pixel(150, 9)[3]];
        assert_eq!(opacity, if media == "image/webp" { [0, 255] } else { [255; 2] }, "{at}");
    }
    sound(app).await;
});

both!(job_3_view_1_what_was_made_of_other_images_says_so_and_is_up_to_date_once_they_are_back, async |app| {
    let (anna, org, _, dataset) = surveyed(app).await;
    make_all(app).await;
    let rita = app.person("Rita").await;
    app.join(&org, &rita, Role::Reader).await;
    let (_, path) = link(&anna, dataset, &json!({})).await;
    let (viewer, results) =
        (format!("/o/{}/drive/{dataset}/view", org.org_id), format!("/o/{}/drive/{dataset}?tab=results", org.org_id));
    let visit = format!("{path}/view/{dataset}");
    let overview = format!("/o/{}/drive/{dataset}", org.org_id);
    let said = async || -> [bool; 6] {
        let layers = list(&anna, dataset).await.iter().all(|layer| layer["outdated"] == true);
        let pages = [
            anna.page(&viewer).await.expect(200).body,
            rita.page(&viewer).await.expect(200).body,
            app.nobody().page(&visit).await.expect(200).body,
        ]
        .map(|page| page.contains("The images have changed since these layers were made."));
        // The overview says the same as the results.
        let results = [anna.page(&results).await.expect(200).body, rita.page(&overview).await.expect(200).body]
            .map(|page| page.contains("The images have changed since these results were made: Survey index."));
        [layers, pages[0], pages[1], pages[2], results[0], results[1]]
    };
    let leave_out = async |number: u32, left_out: bool| {
        let at = format!("/api/v1/datasets/{dataset}/files/{number}");
        anna.patch(&at, &json!({ "left_out": left_out })).await.expect(200);
    };
    assert_eq!(said().await, [false; 6]);
    leave_out(1, true).await;
    assert_eq!(said().await, [true; 6]);
    // One that is in again does not make up for another that is out: as many as before are still not the same.
    leave_out(1, false).await;
    assert_eq!(said().await, [false; 6]);
    anna.upload(dataset, "later.jpg", b"\xff\xd8\xffphoto").await;
    assert_eq!(said().await, [true; 6]);
    // Only who may process is led there.
    let again = "Process again";
    for page in [&viewer, &results] {
        assert!(anna.page(page).await.expect(200).body.contains(again));
        assert!(!rita.page(page).await.expect(200).body.contains(again));
    }
    assert!(!app.nobody().page(&visit).await.expect(200).body.contains(again));
    leave_out(1, true).await;
    let images =
        anna.get(&format!("/api/v1/resources/{dataset}")).await.expect(200).json()["dataset"]["images"].clone();
    assert_eq!((images, said().await), (json!(8), [true; 6]), "as many as the job had, and not the same");
    sound(app).await;
});

both!(view_1_a_folder_has_no_layers_and_says_so_as_it_does_of_files, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 100, 10).await;
    let folder = anna.folder(org.root, "Folder").await;
    let dataset = anna.dataset(folder, "Flight", 0).await;
    for path in ["layers", "files"] {
        anna.get(&format!("/api/v1/datasets/{dataset}/{path}")).await.expect(200);
        anna.get(&format!("/api/v1/datasets/{folder}/{path}")).await.expect(404);
    }
});

both!(view_1_file_6_copies_share_layers_and_the_last_one_frees_them, async |app| {
    let (anna, _, folder, dataset) = surveyed(app).await;
    make_all(app).await;
    let numbers: Vec<Value> = list(&anna, dataset).await.iter().map(|layer| layer["number"].clone()).collect();
    let copy: ResourceId = read(&anna.copy(dataset, folder).await.expect(201).json()["id"]);
    let copied = list(&anna, copy).await;
    assert_eq!(states(&copied), [("mosaic", "ready"), ("coverage", "ready")]);
    assert_eq!(make_all(app).await, 0, "nothing is made twice");
    let address = tile(copy, &numbers[0], "0/0/0");
    let before = anna.get(&address).await.expect(200).bytes;
    // The original goes for good; what the copy shows stays.
    anna.trash(dataset).await.expect(204);
    anna.get(&tile(dataset, &numbers[0], "0/0/0")).await.expect(404);
    anna.delete_for_good(dataset).await.expect(204);
    sweep_all(app).await;
    assert_eq!(anna.get(&address).await.expect(200).bytes, before);
    sound(app).await;
    // To another organization, with its layers.
    let other = anna.create_org("Tunnel North").await;
    app.credits_licence(&other, 1_000).await;
    anna.transfer(&[copy], other.root).await.expect(201);
    assert_eq!(anna.get(&address).await.expect(200).bytes, before);
    // A result that is deleted takes its layer along.
    let left = format!("/api/v1/datasets/{copy}/files/{}", numbers[1]);
    anna.delete(&left).await.expect(204);
    assert_eq!(states(&list(&anna, copy).await), [("mosaic", "ready")]);
    sweep_all(app).await;
    sound(app).await;
    anna.trash(copy).await.expect(204);
    anna.delete_for_good(copy).await.expect(204);
    sweep_all(app).await;
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM view_layer").await, 0);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM blob").await, 0, "and with it the tiles");
    sound(app).await;
});

/// A raster of counts, large enough for several levels.
fn counts() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let place = Place { west: 8.58, north: 46.66, pixel_longitude: 2.5e-6, pixel_latitude: 1.7e-6 };
    let counts: Vec<u8> = (0..1_200_u32 * 700).map(|at| u8::try_from(at % 1_200 / 150).expect("small")).collect();
    write_counts(&mut bytes, (1_200, 700), &place, "Counts", &counts).expect("written");
    bytes.into_inner()
}

/// What an engine wrote with these roles becomes results of a dataset.
async fn processed(app: &TestApp, outputs: &[(&str, &str, Vec<u8>)]) -> (Person, Org, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.credits_licence(&org, 1_000).await;
    published(&anna, &org, "ortho", "processing", true).await;
    let engine = Engine::new(app, &anna, &org, "Farm", &["engine"]).await;
    let dataset = anna.dataset(org.root, "Flight", 0).await;
    anna.upload(dataset, "a.jpg", b"\xff\xd8\xffphoto").await;
    started(&anna, dataset, "ortho").await;
    let held = engine.claim("ortho").await.expect("a job");
    for (path, role, bytes) in outputs {
        held.write(path, role, bytes).await.expect(204);
    }
    held.complete().await.expect(200);
    (anna, org, dataset)
}

both!(view_1_attack_83_what_cannot_be_shown_says_why_and_stays_a_file, async |app| {
    let good = counts();
    let cut = good[..good.len() / 2].to_vec();
    let outputs = [
        ("odm/ortho.tif", "orthophoto", b"this is no TIFF".to_vec()),
        ("odm/dsm.tif", "dsm", cut.clone()),
        ("odm/dtm.tif", "dtm", b"II*\0\xff\xff\xff\xff".to_vec()),
        ("odm/coverage.tif", "coverage", good.clone()),
        ("odm/other.tif", "other", good.clone()),
        ("odm/ortho.png", "orthophoto", b"\x89PNG\r\n\x1a\n".to_vec()),
    ];
    let (anna, _, dataset) = processed(app, &outputs).await;
    assert_eq!(make_all(app).await, 4);
    let layers = list(&anna, dataset).await;
    assert_eq!(
        states(&layers),
        [("orthophoto", "failed"), ("elevation", "failed"), ("elevation", "failed"), ("coverage", "ready")]
    );
    assert_eq!((&layers[1]["title"], &layers[2]["title"]), (&json!("Surface model"), &json!("Terrain model")));
    for layer in &layers[..3] {
        assert!(layer["problem"].as_str().is_some_and(|problem| problem.ends_with('.')), "{layer}");
        anna.get(&tile(dataset, &layer["number"], "0/0/0")).await.expect(404);
        let file = anna.get(&format!("/api/v1/datasets/{dataset}/files/{}/content", layer["number"])).await.expect(200);
        assert!([15, cut.len(), 8].contains(&file.bytes.len()));
    }
    assert_eq!(layers[0]["problem"], "This file is no TIFF.");
    assert_eq!(make_all(app).await, 0, "it is not tried again");
    sound(app).await;
});

both!(view_1_attack_101_a_raster_that_takes_long_goes_to_the_slow_lane_and_keeps_no_other_waiting, async |app| {
    const ENOUGH: Duration = Duration::from_mins(1);
    let outputs =
        [("ortho.tif", "orthophoto", counts()), ("dsm.tif", "dsm", counts()), ("coverage.tif", "coverage", counts())];
    let (anna, _, dataset) = processed(app, &outputs).await;
    let drain = |lane, most| layers::drain(app.ctx(), lane, most);
    // No time at all: none is made, none is given up, and none was tried in vain.
    assert_eq!(drain(Lane::Fast, Duration::ZERO).await.expect("it runs"), 0);
    let moved = "SELECT CAST(COUNT(*) AS BIGINT) FROM view_layer WHERE is_slow AND attempts = 0 AND claim_id IS NULL";
    assert_eq!(app.count(moved).await, 3);
    assert!(states(&list(&anna, dataset).await).iter().all(|(_, state)| *state == "waiting"));
    sound(app).await;
    assert_eq!(drain(Lane::Fast, ENOUGH).await.expect("it runs"), 0, "each lane has its own");
    // One that comes later is made though others wait in the slow lane.
    app.corrupt("UPDATE view_layer SET is_slow = FALSE WHERE kind = 'coverage'").await;
    app.corrupt("UPDATE view_layer SET due_at = due_at + 60000 WHERE kind = 'elevation'").await;
    assert_eq!(drain(Lane::Fast, ENOUGH).await.expect("it runs"), 1);
    let ready = |layers: Vec<Value>| states(&layers).iter().map(|(_, state)| (*state).to_owned()).collect::<Vec<_>>();
    assert_eq!(ready(list(&anna, dataset).await), ["waiting", "waiting", "ready"]);
    assert_eq!(drain(Lane::Slow, ENOUGH).await.expect("it runs"), 1);
    assert_eq!(ready(list(&anna, dataset).await), ["ready", "waiting", "ready"]);
    // In the slow lane there is an end as well.
    app.tick(60_000);
    assert_eq!(drain(Lane::Slow, Duration::ZERO).await.expect("it runs"), 1);
    let layers = list(&anna, dataset).await;
    assert_eq!(layers[1]["problem"], "It takes too long to make a map of it.");
    sweep_all(app).await;
    sound(app).await;
});

both!(view_1_a_node_that_died_leaves_a_layer_to_the_next_and_not_for_ever, async |app| {
    let (anna, _, dataset) = processed(app, &[("coverage.tif", "coverage", counts())]).await;
    // As a node leaves it that was killed in the middle.
    app.corrupt(
        "UPDATE view_layer SET attempts = 1, due_at = due_at + 300000, claim_id = blob_id, object_id = blob_id WHERE state = 'waiting'",
    )
    .await;
    app.healthy().await;
    assert_eq!(make_all(app).await, 0, "another node is at it");
    // At the start of the only process nobody is at it, but it may be what the process died of: it waits, as after any failure.
    app.db().write(|tx, _| Box::pin(async { layer::release_all(tx, app.ctx().now()).await })).await.expect("released");
    assert_eq!(make_all(app).await, 0, "it waits");
    app.tick(59_000);
    assert_eq!(make_all(app).await, 0, "a minute after the first attempt");
    app.healthy().await;
    app.tick(LEASE_MILLIS + 1);
    assert_eq!(make_all(app).await, 1);
    assert_eq!(states(&list(&anna, dataset).await), [("coverage", "ready")]);
    sweep_all(app).await;
    sound(app).await;
    app.corrupt(
        "UPDATE view_layer SET state = 'waiting', attempts = 5, tiles_blob_id = NULL, due_at = 0, claim_id = blob_id, object_id = blob_id",
    )
    .await;
    assert_eq!(MAX_ATTEMPTS, 5);
    assert_eq!(make_all(app).await, 1);
    let layers = list(&anna, dataset).await;
    assert_eq!(states(&layers), [("coverage", "failed")]);
    assert!(layers[0]["problem"].as_str().is_some_and(|problem| problem.contains("interrupted")), "{layers:?}");
});

both!(view_1_what_is_uploaded_as_an_image_is_a_photo_though_a_result_has_its_bytes, async |app| {
    let raster = counts();
    let (anna, org, dataset) = processed(app, &[("coverage.tif", "coverage", raster.clone())]).await;
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM photo").await, 1, "the image");
    let other = anna.dataset(org.root, "Images", 0).await;
    anna.upload(other, "scan.tif", &raster).await;
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM photo").await, 2);
    assert_eq!(photos::run_due(app.ctx()).await.expect("photos"), 2);
    let shown = anna.get(&format!("/api/v1/datasets/{other}/files/1")).await.expect(200).json();
    assert_eq!(shown["photo"]["state"], "made", "{shown}");
    assert_eq!(make_all(app).await, 1);
    assert_eq!(list(&anna, other).await, Vec::<Value>::new(), "what somebody uploaded is no layer");
    assert_eq!(states(&list(&anna, dataset).await), [("coverage", "ready")]);
    sound(app).await;
});

both!(view_1_attack_81_tiles_are_given_to_nobody_who_does_not_see_the_dataset, async |app| {
    let (anna, org, dataset) = processed(app, &[("coverage.tif", "coverage", counts())]).await;
    make_all(app).await;
    let layer = list(&anna, dataset).await.remove(0);
    let number = layer["number"].clone();
    assert_eq!((&layer["levels"], &layer["width"], &layer["height"]), (&json!(3), &json!(1_200), &json!(700)));
    anna.get(&tile(dataset, &number, "2/2/1")).await.expect(200);
    for beyond in [
        "2/3/1",
        "2/2/2",
        "3/0/0",
        "0/1/0",
        "-1/0/0",
        "0/-1/0",
        "0/0/-0",
        "+0/0/0",
        "4294967295/4294967295/4294967295",
        "99999999999999999999999/0/0",
        "0/99999999999999999999999/0",
        "x/y/z",
        "0/0/0.jpg",
        "0/0/%2e%2e",
        "0/0/0x0",
        "%20/0/0",
    ] {
        let answer = anna.get(&tile(dataset, &number, beyond)).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{beyond}: {}", answer.body);
    }
    for other in ["0", "1", "-1", "99", "9223372036854775807", "99999999999999999999999", "x", "%00"] {
        anna.get(&tile(dataset, &json!(null), "0/0/0").replace("null", other)).await.expect(404);
    }
    // Another organization's, and nobody's: the same answer.
    let john = app.person("John").await;
    john.create_org("Tunnel North").await;
    let address = tile(dataset, &number, "0/0/0");
    let nowhere = address.replace(&dataset.to_string(), "00000000-0000-0000-0000-000000000007");
    let (theirs, nobodys) = (john.get(&address).await.expect(404), john.get(&nowhere).await.expect(404));
    assert_eq!(theirs.json()["detail"], nobodys.json()["detail"]);
    assert_eq!(theirs.header("etag"), "");
    john.get(&format!("/api/v1/datasets/{dataset}/layers")).await.expect(404);
    app.nobody().get(&address).await.expect(401);
    // A tag that somebody kept is no way in.
    let tag = anna.get(&address).await.expect(200).header("etag").to_owned();
    let kept: Answer = john.call(Method::GET, &address, None, &[("if-none-match", &tag)]).await;
    assert_eq!(kept.status, 404);
    // A Member sees what was shared with them, and not a moment longer.
    app.team_licence(&org).await;
    let mary = app.person("Mary").await;
    app.join(&org, &mary, Role::Member).await;
    mary.get(&address).await.expect(404);
    let given = anna.give(dataset, json!({ "person": mary.id }), "reader").await.expect(200).json();
    mary.get(&address).await.expect(200);
    anna.take(dataset, given["access"]["grant"].as_str().expect("a grant")).await.expect(204);
    mary.get(&address).await.expect(404);
    // In the trash there is nothing.
    anna.trash(dataset).await.expect(204);
    anna.get(&address).await.expect(404);
    anna.get(&format!("/api/v1/datasets/{dataset}/layers")).await.expect(404);
    anna.restore(dataset).await.expect(200);
    anna.get(&address).await.expect(200);
});

/// Switches a link on; its id and its path.
async fn link(by: &Person, resource: ResourceId, body: &Value) -> (String, String) {
    let made = by.post(&format!("/api/v1/resources/{resource}/links"), body).await.expect(201).json();
    let (id, url) = (made["id"].as_str().expect("an id"), made["url"].as_str().expect("an address"));
    (id.to_owned(), url.strip_prefix("http://localhost:3000").expect("the public URL").to_owned())
}

both!(view_4_attack_82_tiles_of_a_link_end_with_it, async |app| {
    let (anna, org, dataset) = processed(app, &[("coverage.tif", "coverage", counts())]).await;
    make_all(app).await;
    let number = list(&anna, dataset).await.remove(0)["number"].clone();
    let tail = format!("datasets/{dataset}/layers/{number}/0/0/0");
    let visitor = app.nobody();
    let (id, path) = link(&anna, dataset, &json!({})).await;
    let address = format!("{path}/{tail}");
    let got = visitor.page(&address).await.expect(200);
    assert_eq!((got.header("content-type"), got.header("cache-control")), ("image/webp", "private, no-cache"));
    assert_eq!(got.bytes, anna.get(&tile(dataset, &number, "0/0/0")).await.expect(200).bytes);
    assert!(got.header("x-robots-tag").contains("noindex"));
    let tag = got.header("etag").to_owned();
    assert_eq!(visitor.call(Method::GET, &address, None, &[("if-none-match", &tag)]).await.status, 304);
    for wrong in ["9/0/0", "0/5/0", "-1/0/0", "x/0/0"] {
        visitor.page(&address.replace("0/0/0", wrong)).await.expect(404);
    }
    // What the link does not show is not there, whatever the address says.
    let beside = anna.dataset(org.root, "Beside", 0).await;
    let (_, elsewhere) = link(&anna, beside, &json!({})).await;
    visitor.page(&format!("{elsewhere}/{tail}")).await.expect(404);
    visitor.page(&format!("/s/nonsense/{tail}")).await.expect(404);
    // Restricting downloads takes no tiles away.
    let restricted = json!({ "copy": false, "delete": false, "download": true });
    let at = format!("/api/v1/resources/{dataset}/restrictions");
    anna.call(Method::PUT, &at, Some(&restricted), &[]).await.expect(200);
    visitor.page(&address).await.expect(200);
    // A link that was switched off gives nothing, also to who has kept the tile.
    anna.delete(&format!("/api/v1/links/{id}")).await.expect(204);
    visitor.page(&address).await.expect(404);
    assert_eq!(visitor.call(Method::GET, &address, None, &[("if-none-match", &tag)]).await.status, 404);
    // Another with a password, and one that ends.
    let (_, path) = link(&anna, dataset, &json!({ "password": "open sesame" })).await;
    visitor.page(&format!("{path}/{tail}")).await.expect(404);
    let (_, ends) = link(&anna, dataset, &json!({ "expires_at": app.ctx().now().plus_days(1).rfc3339() })).await;
    visitor.page(&format!("{ends}/{tail}")).await.expect(200);
    app.later(2);
    visitor.page(&format!("{ends}/{tail}")).await.expect(404);
    // In the trash there is nothing.
    let (_, path) = link(&anna, dataset, &json!({})).await;
    visitor.page(&format!("{path}/{tail}")).await.expect(200);
    anna.trash(dataset).await.expect(204);
    visitor.page(&format!("{path}/{tail}")).await.expect(404);
});
