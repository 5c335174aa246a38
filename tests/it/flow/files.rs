//! Files of datasets (FILE): uploads by tus 1.0 after a plan, downloads, copies, the trash, and what is freed.

use std::collections::BTreeSet;

use axum::{
    body::{Body, Bytes},
    http::{Method, Request},
};
use commonhold::{
    domain::{
        access::Level,
        id::{ObjectId, ResourceId},
        resource::DatasetStatus,
        role::Role,
        transfer::Grantee,
    },
    server::{context::digest, usecase, workers::sweep},
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, at_once, read},
};

pub(super) const BYTES: (&str, &str) = ("content-type", "application/offset+octet-stream");

/// A request with a body that is no JSON.
pub(super) async fn send(by: &Person, method: Method, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("x-requested-with", "commonhold");
    for (name, value) in [("tus-resumable", "1.0.0")].iter().chain(headers) {
        request = request.header(*name, *value);
    }
    by.send(request.body(body).expect("a request")).await
}

pub(super) async fn patch(by: &Person, url: &str, offset: usize, bytes: impl Into<Body>) -> Answer {
    by.send_bytes(url, offset, bytes).await
}

/// Sends bytes, again and again while too many others of the same person are under way.
async fn patch_in_turn(by: &Person, url: &str, offset: usize, bytes: &[u8]) {
    loop {
        match patch(by, url, offset, bytes.to_vec()).await {
            busy if busy.status == 503 => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            answer => return drop(answer.expect(204)),
        }
    }
}

pub(super) async fn head(by: &Person, url: &str) -> Answer {
    send(by, Method::HEAD, url, &[], Body::empty()).await
}

pub(super) async fn plan(by: &Person, dataset: ResourceId, body: &Value) -> Answer {
    by.post(&format!("/api/v1/datasets/{dataset}/uploads"), body).await
}

/// Plans one file; what the plan says of it.
pub(super) async fn plan_one(by: &Person, dataset: ResourceId, path: &str, bytes: usize, on_conflict: &str) -> Value {
    let file = json!({ "path": path, "bytes": bytes, "modified": "2026-11-20T10:00:00Z" });
    let answer = plan(by, dataset, &json!({ "on_conflict": on_conflict, "files": [file] })).await.expect(200);
    answer.json()["items"][0].clone()
}

pub(super) fn url_of(item: &Value) -> String {
    item["upload"]["url"].as_str().unwrap_or_else(|| panic!("no upload: {item}")).to_owned()
}

/// Uploads a file in one piece; its number.
pub(super) async fn upload(by: &Person, dataset: ResourceId, path: &str, bytes: &[u8]) -> i64 {
    by.upload(dataset, path, bytes).await
}

pub(super) async fn files(by: &Person, dataset: ResourceId, query: &str) -> Vec<Value> {
    let answer = by.get(&format!("/api/v1/datasets/{dataset}/files{query}")).await.expect(200).json();
    answer["items"].as_array().expect("items").clone()
}

pub(super) async fn paths(by: &Person, dataset: ResourceId) -> Vec<String> {
    files(by, dataset, "").await.iter().map(|file| file["path"].as_str().expect("a path").to_owned()).collect()
}

pub(super) fn content_of(dataset: ResourceId, number: i64) -> String {
    format!("/api/v1/datasets/{dataset}/files/{number}/content")
}

/// What the dataset says that it holds: files, images, bytes.
pub(super) async fn facts(by: &Person, dataset: ResourceId) -> (i64, i64, i64) {
    let facts = by.show(dataset).await.expect(200).json()["dataset"].clone();
    let number = |name: &str| facts[name].as_i64().expect("a number");
    (number("files"), number("images"), number("bytes"))
}

/// The objects in storage.
pub(super) async fn objects(app: &TestApp) -> BTreeSet<ObjectId> {
    let listed: Vec<Option<ObjectId>> = app.ctx().files().expect("storage").list().try_collect().await.expect("a list");
    listed.into_iter().map(|object| object.expect("an object of ours")).collect()
}

/// A JPEG by its first bytes, and letters that differ with the name.
pub(super) fn photo(name: &str, length: usize) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE1];
    bytes.extend(name.bytes().cycle().take(length.saturating_sub(4)));
    bytes
}

/// An Owner with a licence, and a dataset without files.
pub(super) async fn world(app: &TestApp) -> (Person, Org, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 10_000, 100).await;
    let dataset = anna.dataset(org.root, "Flight 1", 0).await;
    (anna, org, dataset)
}

/// Limits how much an organization may store, as the operator does.
pub(super) async fn limit_storage(app: &TestApp, org: &Org, limit: Option<i64>) {
    usecase::storage::set(app.ctx(), &org.org_id, limit).await.expect("a limit is set");
}

pub(super) async fn sweep_all(app: &TestApp) -> sweep::Swept {
    sweep::run_due(app.ctx()).await.expect("the sweeper runs")
}

pub(super) async fn sound(app: &TestApp) {
    app.healthy().await;
    app.storage_healthy().await;
}

both!(file_3_a_file_is_planned_sent_in_pieces_and_taken_again, async |app| {
    let (anna, org, dataset) = world(app).await;
    let bytes = photo("one", 2_500_000);
    let body = json!({ "files": [
        { "path": "100MEDIA\\DJI_0001.JPG", "bytes": bytes.len(), "modified": "2026-11-20T10:00:00Z" },
        { "path": "notes.txt", "bytes": 5 },
        { "path": "NOTES.TXT", "bytes": 5 },
        { "path": "../up.jpg", "bytes": 5 },
        { "path": "huge.jpg", "bytes": crate::support::MAX_FILE_BYTES + 1 },
        { "path": "less.jpg", "bytes": -1 },
        { "path": "when.jpg", "bytes": 1, "modified": "yesterday" },
    ] });
    let planned = plan(&anna, dataset, &body).await.expect(200).json();
    let states: Vec<&str> = planned["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["state"].as_str().expect("a word"))
        .collect();
    assert_eq!(states, ["new", "new", "refused", "refused", "refused", "refused", "refused"], "{planned}");
    let url = url_of(&planned["items"][0]);
    let (first, rest) = bytes.split_at(1_100_000);
    let answer = patch(&anna, &url, 0, first.to_vec()).await.expect(204);
    assert_eq!((answer.header("upload-offset"), answer.header("tus-resumable")), ("1100000", "1.0.0"));
    assert!(answer.header("upload-expires").ends_with(" GMT"));
    let asked = head(&anna, &url).await.expect(200);
    assert_eq!((asked.header("upload-offset"), asked.header("upload-length")), ("1100000", "2500000"));
    assert_eq!(asked.header("cache-control"), "no-store");
    // The same plan again goes on.
    let again = plan(&anna, dataset, &body).await.expect(200).json();
    assert_eq!(again["items"][0]["state"], "resume");
    assert_eq!(
        (again["items"][0]["upload"]["offset"].as_i64(), url_of(&again["items"][0])),
        (Some(1_100_000), url.clone())
    );
    let under_way = anna.get(&format!("/api/v1/datasets/{dataset}/uploads")).await.expect(200).json();
    assert_eq!(under_way["items"].as_array().map(Vec::len), Some(2), "{under_way}");
    assert!(files(&anna, dataset, "").await.is_empty());
    patch(&anna, &url, 1_100_000, rest.to_vec()).await.expect(204);
    let listed = files(&anna, dataset, "").await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["path"], "100MEDIA/DJI_0001.JPG");
    assert_eq!(listed[0]["sha256"], digest(&bytes));
    assert_eq!((&listed[0]["media"], &listed[0]["bytes"]), (&json!("image/jpeg"), &json!(2_500_000)));
    assert_eq!(listed[0]["created_by_name"], "Anna Muster");
    let taken = anna.get(&content_of(dataset, 1)).await.expect(200);
    assert_eq!(taken.header("content-length"), "2500000");
    assert_eq!(facts(&anna, dataset).await, (1, 1, 2_500_000));
    // Whoever did not hear the answer asks again.
    assert_eq!(head(&anna, &url).await.expect(200).header("upload-offset"), "2500000");
    patch(&anna, &url, 2_500_000, Body::empty()).await.expect(204);
    patch(&anna, &url, 0, "x").await.expect(409);
    assert_eq!(plan(&anna, dataset, &body).await.expect(200).json()["items"][0]["state"], "present");
    assert_eq!(facts(&anna, dataset).await.0, 1);
    assert!(anna.audit(&org).await.contains(&"files.upload_started".to_owned()));
    sound(app).await;
});

both!(file_3_tus_creates_an_upload_with_or_without_its_bytes, async |app| {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let (anna, _, dataset) = world(app).await;
    let meta = |path: &str, dataset: &str| {
        format!(
            "dataset {},path {},modified {}",
            STANDARD.encode(dataset),
            STANDARD.encode(path),
            STANDARD.encode("2026-11-20T10:00:00Z")
        )
    };
    let create = async |path: &str, length: usize, more: &[(&str, &str)], body: Body| {
        let (metadata, length) = (meta(path, &dataset.to_string()), length.to_string());
        let headers = [&[("upload-length", length.as_str()), ("upload-metadata", metadata.as_str())], more].concat();
        send(&anna, Method::POST, "/api/v1/uploads", &headers, body).await
    };
    let asked = app.nobody().call(Method::OPTIONS, "/api/v1/uploads", None, &[]).await.expect(204);
    assert_eq!((asked.header("tus-version"), asked.header("tus-resumable")), ("1.0.0", "1.0.0"));
    assert_eq!(asked.header("tus-extension"), "creation,creation-with-upload,expiration,checksum,termination");
    assert_eq!(asked.header("tus-max-size"), crate::support::MAX_FILE_BYTES.to_string());
    // Without bytes.
    let made = create("a.jpg", 10, &[], Body::empty()).await.expect(201);
    let url = made.location().to_owned();
    assert_eq!(made.header("upload-offset"), "0");
    patch(&anna, &url, 0, "0123456789").await.expect(204);
    // With all of them, with some of them, and an empty file.
    let whole = create("b.jpg", 10, &[BYTES], Body::from("0123456789")).await.expect(201);
    assert_eq!(whole.header("upload-offset"), "10");
    let part = create("c.jpg", 10, &[BYTES], Body::from("0123")).await.expect(201);
    assert_eq!(part.header("upload-offset"), "4");
    patch(&anna, part.location(), 4, "456789").await.expect(204);
    create("empty", 0, &[], Body::empty()).await.expect(201);
    assert_eq!(paths(&anna, dataset).await, ["a.jpg", "b.jpg", "c.jpg", "empty"]);
    let empty = anna.get(&content_of(dataset, 4)).await.expect(200);
    assert_eq!((empty.body.as_str(), empty.header("content-length")), ("", "0"));
    // Equal bytes are stored once.
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM blob").await, 2);
    // What is here is not sent again.
    assert_eq!(create("a.jpg", 10, &[], Body::empty()).await.expect(409).code(), "file_conflict");
    for (headers, status) in [
        (vec![("upload-metadata", meta("d", &dataset.to_string()))], 400),
        (vec![("upload-length", "x".to_owned()), ("upload-metadata", meta("d", &dataset.to_string()))], 400),
        (vec![("upload-length", "1".to_owned()), ("upload-metadata", "path ???".to_owned())], 400),
        (vec![("upload-length", "1".to_owned()), ("upload-metadata", meta("..", &dataset.to_string()))], 422),
        (vec![("upload-length", "1".to_owned()), ("upload-metadata", meta("d", "nonsense"))], 404),
        (
            vec![
                ("upload-length", (crate::support::MAX_FILE_BYTES + 1).to_string()),
                ("upload-metadata", meta("d", &dataset.to_string())),
            ],
            413,
        ),
    ] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = send(&anna, Method::POST, "/api/v1/uploads", &headers, Body::empty()).await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
        assert_eq!(answer.header("tus-resumable"), "1.0.0");
    }
    let old = anna.call(Method::HEAD, &url, None, &[("tus-resumable", "0.2.2")]).await.expect(412);
    assert_eq!(old.header("tus-version"), "1.0.0");
    sound(app).await;
});

both!(file_3_what_is_sent_wrongly_is_refused_and_nothing_is_lost, async |app| {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let (anna, _, dataset) = world(app).await;
    let item = plan_one(&anna, dataset, "a.bin", 10, "ask").await;
    let url = url_of(&item);
    assert_eq!(patch(&anna, &url, 3, "x").await.expect(409).code(), "wrong_offset");
    assert_eq!(patch(&anna, &url, 0, "01234567890").await.expect(413).code(), "too_large");
    // More than stated, without saying how many.
    let endless = stream::iter((0..4).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"0123"))));
    assert_eq!(patch(&anna, &url, 0, Body::from_stream(endless)).await.expect(413).code(), "too_large");
    send(&anna, Method::PATCH, &url, &[("upload-offset", "0")], Body::from("0")).await.expect(415);
    send(&anna, Method::PATCH, &url, &[BYTES], Body::from("0")).await.expect(400);
    assert_eq!(head(&anna, &url).await.header("upload-offset"), "0");
    // Checksums.
    let sha256 = |text: &str| {
        let hex = digest(text.as_bytes());
        let bytes: Vec<u8> = (0..32).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).expect("hex")).collect();
        format!("sha256 {}", STANDARD.encode(bytes))
    };
    let checked = async |offset: &str, sum: &str, body: &'static str| {
        send(
            &anna,
            Method::PATCH,
            &url,
            &[BYTES, ("upload-offset", offset), ("upload-checksum", sum)],
            Body::from(body),
        )
        .await
    };
    let wrong = checked("0", &sha256("0123x"), "01234").await;
    assert_eq!((wrong.status, wrong.code().as_str()), (460, "wrong_checksum"));
    checked("0", "md5 AAAA", "01234").await.expect(400);
    checked("0", "sha256 AAAA", "01234").await.expect(400);
    assert_eq!(head(&anna, &url).await.header("upload-offset"), "0");
    checked("0", &sha256("01234"), "01234").await.expect(204);
    // SHA-1 of "56789".
    checked("5", "sha1 /n7MdkHlSiFyoo0XmqwF/7bd1L4=", "5678x").await.expect(460);
    // A connection that is cut keeps what came; with a checksum it does not.
    let cut = || {
        let parts = [Ok(Bytes::from_static(b"56")), Err(std::io::Error::other("the connection broke"))];
        Body::from_stream(stream::iter(parts))
    };
    send(&anna, Method::PATCH, &url, &[BYTES, ("upload-offset", "5"), ("upload-checksum", &sha256("56789"))], cut())
        .await
        .expect(460);
    assert_eq!(patch(&anna, &url, 5, cut()).await.expect(204).header("upload-offset"), "7");
    assert_eq!(head(&anna, &url).await.header("upload-offset"), "7");
    patch(&anna, &url, 7, "789").await.expect(204);
    assert_eq!(anna.get(&content_of(dataset, 1)).await.expect(200).body, "0123456789");
    assert_eq!(files(&anna, dataset, "").await[0]["sha256"], digest(b"0123456789"));
    sweep_all(app).await;
    assert_eq!(objects(app).await.len(), 3, "what was thrown away is gone");
    sound(app).await;
});

both!(file_3_a_second_request_at_the_same_moment_is_told_so_and_one_that_died_is_forgotten, async |app| {
    let (anna, _, dataset) = world(app).await;
    let url = url_of(&plan_one(&anna, dataset, "a.bin", 10, "ask").await);
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    let slow =
        stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|part| (part, receiver)) });
    let sending = tokio::spawn({
        let (anna, url) = (anna.clone(), url.clone());
        async move { patch(&anna, &url, 0, Body::from_stream(slow.boxed())).await }
    });
    sender.send(Ok(Bytes::from_static(b"01234"))).await.expect("taken");
    while app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM upload WHERE claim_id IS NOT NULL").await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(patch(&anna, &url, 0, "0123456789").await.expect(423).code(), "upload_busy");
    assert_eq!(head(&anna, &url).await.expect(200).header("upload-offset"), "0");
    sender.send(Ok(Bytes::from_static(b"567"))).await.expect("taken");
    drop(sender);
    sending.await.expect("it ends").expect(204);
    assert_eq!(head(&anna, &url).await.header("upload-offset"), "8");
    // A node dies in the middle: its claim runs out, and what it wrote counts for nothing.
    app.corrupt("UPDATE upload SET claim_id = id, claimed_until = 1795287904007, pieces = pieces + 1").await;
    app.corrupt("INSERT INTO upload_piece (upload_id, number, object_id, bytes, state) SELECT id, pieces, id, 0, 'writing' FROM upload").await;
    patch(&anna, &url, 8, "89").await.expect(423);
    app.tick(60_000);
    patch(&anna, &url, 8, "89").await.expect(204);
    assert_eq!(anna.get(&content_of(dataset, 1)).await.expect(200).body, "0123456789");
    app.tick(2 * 60 * 60_000);
    assert_eq!(sweep_all(app).await.objects, 1);
    sound(app).await;
});

both!(file_3_a_client_that_hangs_up_keeps_what_it_sent, async |app| {
    let (anna, _, dataset) = world(app).await;
    let url = url_of(&plan_one(&anna, dataset, "a.bin", 10, "ask").await);
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    let slow =
        stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|part| (part, receiver)) });
    let sending = tokio::spawn({
        let (anna, url) = (anna.clone(), url.clone());
        async move { patch(&anna, &url, 0, Body::from_stream(slow.boxed())).await }
    });
    sender.send(Ok(Bytes::from_static(b"01234"))).await.expect("taken");
    while sender.capacity() < 4 {
        tokio::task::yield_now().await;
    }
    // As the server does with a request whose connection is gone.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    sending.abort();
    for _ in 0..200 {
        if head(&anna, &url).await.header("upload-offset") == "5" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    patch(&anna, &url, 5, "56789").await.expect(204);
    assert_eq!(anna.get(&content_of(dataset, 1)).await.expect(200).body, "0123456789");
    sound(app).await;
});

both!(file_1_equal_bytes_are_stored_once_and_freed_a_day_after_the_last_file, async |app| {
    let (anna, org, dataset) = world(app).await;
    let other = anna.dataset(org.root, "Flight 2", 0).await;
    let bytes = photo("same", 300_000);
    let first = upload(&anna, dataset, "a.jpg", &bytes).await;
    let second = upload(&anna, dataset, "b.jpg", &bytes).await;
    let third = upload(&anna, other, "c.jpg", &bytes).await;
    sweep_all(app).await;
    assert_eq!(objects(app).await.len(), 1);
    assert_eq!(facts(&anna, dataset).await, (2, 2, 600_000), "each counts (FILE-6)");
    anna.delete(&format!("/api/v1/datasets/{dataset}/files/{first}")).await.expect(204);
    anna.delete(&format!("/api/v1/datasets/{dataset}/files/{first}")).await.expect(404);
    let numbers = json!({ "numbers": [second] });
    anna.post(&format!("/api/v1/datasets/{dataset}/files/delete"), &numbers).await.expect(204);
    sweep_all(app).await;
    app.later(2);
    sweep_all(app).await;
    app.later(2);
    sweep_all(app).await;
    assert_eq!(
        anna.get(&content_of(other, third)).await.expect(200).headers.get("content-length").map(|n| n == "300000"),
        Some(true)
    );
    assert_eq!(facts(&anna, dataset).await, (0, 0, 0));
    anna.delete(&format!("/api/v1/datasets/{other}/files/{third}")).await.expect(204);
    assert_eq!(sweep_all(app).await, sweep::Swept { blobs: 1, ..sweep::Swept::default() });
    assert_eq!(objects(app).await.len(), 1, "a day to bring it back");
    app.tick(24 * 60 * 60_000 + 1);
    assert_eq!(sweep_all(app).await, sweep::Swept { files: 1, blobs: 1, ..sweep::Swept::default() });
    assert_eq!(objects(app).await.len(), 1, "a day of grace");
    app.tick(23 * 60 * 60_000);
    assert_eq!(sweep_all(app).await.objects, 0);
    app.tick(60 * 60_000);
    assert_eq!(sweep_all(app).await.objects, 1);
    assert!(objects(app).await.is_empty());
    // Numbers are never given twice, and the same bytes are new ones now.
    assert_eq!(upload(&anna, dataset, "a.jpg", &bytes).await, 3);
    sound(app).await;
});

both!(file_1_another_file_with_the_path_is_kept_replaced_or_left_as_the_plan_says, async |app| {
    let (anna, org, dataset) = world(app).await;
    upload(&anna, dataset, "Photo.jpg", b"first").await;
    for (policy, state) in [("ask", "conflict"), ("skip", "conflict")] {
        let item = plan_one(&anna, dataset, "photo.JPG", 6, policy).await;
        assert_eq!((item["state"].as_str(), item["upload"].is_null()), (Some(state), true), "{item}");
    }
    let item = plan_one(&anna, dataset, "photo.jpg", 6, "keep_both").await;
    patch(&anna, &url_of(&item), 0, "second").await.expect(204);
    assert_eq!(paths(&anna, dataset).await, ["photo (1).jpg", "Photo.jpg"]);
    let item = plan_one(&anna, dataset, "photo.jpg", 5, "replace").await;
    // The same path, size and time: nothing is replaced.
    assert_eq!(item["state"], "present");
    let item = plan_one(&anna, dataset, "photo.jpg", 7, "replace").await;
    patch(&anna, &url_of(&item), 0, "another").await.expect(204);
    assert_eq!(paths(&anna, dataset).await, ["photo (1).jpg", "photo.jpg"]);
    assert_eq!(anna.get(&content_of(dataset, 3)).await.expect(200).body, "another");
    anna.get(&content_of(dataset, 1)).await.expect(404);
    // Another takes the path between plan and end: the bytes stay, and a new plan says what is to happen.
    let late = plan_one(&anna, dataset, "late.jpg", 4, "ask").await;
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    upload(&john, dataset, "LATE.jpg", b"early").await;
    assert_eq!(patch(&anna, &url_of(&late), 0, "late").await.expect(409).code(), "file_conflict");
    assert_eq!(head(&anna, &url_of(&late)).await.header("upload-offset"), "4");
    let again = plan_one(&anna, dataset, "late.jpg", 4, "keep_both").await;
    assert_eq!((again["state"].as_str(), url_of(&again)), (Some("resume"), url_of(&late)));
    patch(&anna, &url_of(&again), 4, Body::empty()).await.expect(204);
    assert!(paths(&anna, dataset).await.contains(&"late (1).jpg".to_owned()));
    // The very same file twice is one.
    let (one, two) =
        (plan_one(&anna, dataset, "twin.jpg", 4, "ask").await, plan_one(&john, dataset, "twin.jpg", 4, "ask").await);
    patch(&anna, &url_of(&one), 0, "twin").await.expect(204);
    patch(&john, &url_of(&two), 0, "twin").await.expect(204);
    assert_eq!(paths(&anna, dataset).await.iter().filter(|path| path.starts_with("twin")).count(), 1);
    // A file is renamed, and two never have one path.
    let at = format!("/api/v1/datasets/{dataset}/files/3");
    assert_eq!(anna.patch(&at, &json!({ "path": "LATE.JPG" })).await.expect(409).code(), "file_conflict");
    assert_eq!(anna.patch(&at, &json!({ "path": "a/../b" })).await.expect(422).fields(), ["path"]);
    anna.patch(&at, &json!({ "path": "best\\photo.jpg" })).await.expect(200);
    assert_eq!(files(&anna, dataset, "?query=BEST").await[0]["path"], "best/photo.jpg");
    sound(app).await;
});

both!(file_3_access_1_rights_count_at_the_plan_at_every_piece_and_at_the_end, async |app| {
    let (anna, org, dataset) = world(app).await;
    let number = upload(&anna, dataset, "a.jpg", &photo("a", 100)).await;
    let at = format!("/api/v1/datasets/{dataset}/files/{number}");
    let file = json!({ "files": [{ "path": "b.jpg", "bytes": 4, "modified": "2026-11-20T10:00:00Z" }] });
    for (level, planned, deleted) in [
        (None, 404, 404),
        (Some(Level::Reader), 403, 403),
        (Some(Level::Uploader), 200, 403),
        (Some(Level::Editor), 200, 204),
    ] {
        let john = app.person("John").await;
        if let Some(level) = level {
            app.give(dataset, Grantee::Person(john.id), level, false).await;
        }
        assert_eq!(plan(&john, dataset, &file).await.status, planned, "{level:?}");
        let replace = json!({ "on_conflict": "replace", "files": [{ "path": "a.jpg", "bytes": 4 }] });
        let replaced = plan(&john, dataset, &replace).await.status;
        assert_eq!(
            replaced,
            if level == Some(Level::Uploader) { 403 } else { planned },
            "an Uploader replaces nothing: {level:?}"
        );
        assert_eq!(
            john.get(&content_of(dataset, number)).await.status,
            if level.is_some() { 200 } else { 404 },
            "{level:?}"
        );
        assert_eq!(
            john.patch(&at, &json!({ "left_out": true })).await.status,
            if deleted == 204 { 200 } else { deleted }
        );
        assert_eq!(john.delete(&at).await.status, deleted, "{level:?}");
    }
    let jane = app.person("Jane").await;
    app.give(dataset, Grantee::Person(jane.id), Level::Uploader, false).await;
    let url = url_of(&plan_one(&jane, dataset, "jane.jpg", 10, "ask").await);
    patch(&jane, &url, 0, "0123").await.expect(204);
    // An id that is known is no right.
    for other in [&anna, &app.person("Eve").await] {
        head(other, &url).await.expect(404);
        patch(other, &url, 4, "4").await.expect(404);
        send(other, Method::DELETE, &url, &[], Body::empty()).await.expect(404);
    }
    app.nobody().call(Method::HEAD, &url, None, &[("tus-resumable", "1.0.0")]).await.expect(401);
    // Access is taken away, and given again.
    app.corrupt("UPDATE access_grant SET level = 'reader'").await;
    patch(&jane, &url, 4, "4").await.expect(403);
    app.corrupt("UPDATE access_grant SET level = 'uploader'").await;
    patch(&jane, &url, 4, "4").await.expect(204);
    // The dataset goes to the trash, and comes back.
    anna.trash(dataset).await.expect(204);
    patch(&jane, &url, 5, "5").await.expect(404);
    head(&jane, &url).await.expect(404);
    anna.restore(dataset).await.expect(200);
    patch(&jane, &url, 5, "5").await.expect(204);
    // It is queued meanwhile: its images are fixed (LIC-2).
    app.set_status(dataset, DatasetStatus::Queued).await;
    assert_eq!(patch(&jane, &url, 6, "6789").await.expect(409).code(), "inputs_held");
    assert_eq!(plan(&jane, dataset, &file).await.expect(409).code(), "inputs_held");
    let output = json!({ "side": "output", "files": [{ "path": "map.tif", "bytes": 4 }] });
    let results = plan(&jane, dataset, &output).await.expect(200).json();
    patch(&jane, &url_of(&results["items"][0]), 0, "II*\0").await.expect(204);
    assert_eq!(files(&jane, dataset, "?side=output").await[0]["media"], "image/tiff");
    app.set_status(dataset, DatasetStatus::Failed).await;
    patch(&jane, &url, 6, "6789").await.expect(204);
    assert_eq!(paths(&jane, dataset).await, ["jane.jpg"]);
    // With an expired licence nothing is added (LIC-6).
    app.corrupt("UPDATE licence SET active_until = 1 WHERE product <> 'discovery'").await;
    plan(&jane, dataset, &file).await.expect(403);
    let _ = org;
    sound(app).await;
});

both!(file_3_an_upload_that_nobody_goes_on_with_expires, async |app| {
    let (anna, _, dataset) = world(app).await;
    let url = url_of(&plan_one(&anna, dataset, "a.bin", 10, "ask").await);
    patch(&anna, &url, 0, "01234").await.expect(204);
    app.later(6);
    let anna = anna.elsewhere().await;
    patch(&anna, &url, 5, "5").await.expect(204);
    app.later(6);
    let anna = anna.elsewhere().await;
    assert_eq!(head(&anna, &url).await.expect(200).header("upload-offset"), "6", "each byte gives it seven days more");
    assert_eq!(sweep_all(app).await, sweep::Swept::default());
    app.later(1);
    head(&anna, &url).await.expect(410);
    assert_eq!(patch(&anna, &url, 6, "6").await.expect(410).code(), "upload_expired");
    assert_eq!(sweep_all(app).await, sweep::Swept { uploads: 1, objects: 2, ..sweep::Swept::default() });
    head(&anna, &url).await.expect(404);
    assert!(objects(app).await.is_empty());
    // What is discarded is gone at once, and its bytes an hour later.
    let url = url_of(&plan_one(&anna, dataset, "b.bin", 10, "ask").await);
    patch(&anna, &url, 0, "01234").await.expect(204);
    send(&anna, Method::DELETE, &url, &[], Body::empty()).await.expect(204);
    head(&anna, &url).await.expect(404);
    let url = url_of(&plan_one(&anna, dataset, "c.bin", 10, "ask").await);
    anna.delete(&format!("/api/v1/datasets/{dataset}/uploads")).await.expect(204);
    head(&anna, &url).await.expect(404);
    // Another content of the same path begins anew.
    let old = url_of(&plan_one(&anna, dataset, "d.bin", 10, "ask").await);
    patch(&anna, &old, 0, "01234").await.expect(204);
    let new = plan_one(&anna, dataset, "d.bin", 11, "ask").await;
    assert_eq!(new["state"], "new");
    head(&anna, &old).await.expect(404);
    patch(&anna, &url_of(&new), 0, "01234567890").await.expect(204);
    app.tick(2 * 60 * 60_000);
    sweep_all(app).await;
    assert_eq!(objects(app).await.len(), 1);
    // A finished upload is known for a day.
    head(&anna, &url_of(&new)).await.expect(200);
    app.later(1);
    assert_eq!(sweep_all(app).await.uploads, 1);
    head(&anna.elsewhere().await, &url_of(&new)).await.expect(404);
    sound(app).await;
});

both!(file_6_an_organization_stores_at_most_what_the_operator_allows, async |app| {
    let (anna, org, dataset) = world(app).await;
    limit_storage(app, &org, Some(1_000)).await;
    let bytes = photo("a", 400);
    upload(&anna, dataset, "a.jpg", &bytes).await;
    let two =
        |size: usize| json!({ "files": [{ "path": "b.jpg", "bytes": size }, { "path": "c.jpg", "bytes": size }] });
    let refused = plan(&anna, dataset, &two(301)).await.expect(402);
    assert_eq!(refused.code(), "quota_exceeded");
    assert!(refused.body.contains("600 B left of 1.0 kB"), "{}", refused.body);
    // A plan reserves, and what is discarded is free again.
    plan(&anna, dataset, &two(300)).await.expect(200);
    assert_eq!(plan_state(&anna, dataset, "d.jpg", 1).await, 402);
    anna.delete(&format!("/api/v1/datasets/{dataset}/uploads")).await.expect(204);
    assert_eq!(plan_state(&anna, dataset, "d.jpg", 1).await, 200);
    // A copy counts, the trash counts, and what is deleted for good does not.
    let copy: ResourceId = read(&anna.copy(dataset, org.root).await.expect(201).json()["id"]);
    assert_eq!(anna.copy(dataset, org.root).await.expect(402).code(), "quota_exceeded");
    anna.trash(copy).await.expect(204);
    anna.copy(dataset, org.root).await.expect(402);
    anna.delete_for_good(copy).await;
    anna.copy(dataset, org.root).await.expect(201);
    limit_storage(app, &org, None).await;
    anna.copy(dataset, org.root).await.expect(201);
    // A transfer has to fit, with what is on its way.
    let target = anna.create_org("Tunnel North").await;
    app.images_licence(&target, 10_000, 100).await;
    plan(&anna, dataset, &two(50)).await.expect(200);
    app.set_status(dataset, DatasetStatus::Processed).await;
    limit_storage(app, &target, Some(499)).await;
    let planned = anna.plan(&[dataset], target.root).await.expect(200);
    assert_eq!(planned.blockers(), ["storage_too_small"]);
    assert_eq!(anna.transfer(&[dataset], target.root).await.expect(409).blockers(), ["storage_too_small"]);
    limit_storage(app, &target, Some(501)).await;
    anna.transfer(&[dataset], target.root).await.expect(201);
    let told = anna.get(&format!("/api/v1/orgs/{}", target.org_id)).await.expect(200).json();
    assert_eq!(told["storage"], json!({ "limit": 501, "used": 501 }));
    let reader = app.person("Rita").await;
    app.join(&target, &reader, Role::Reader).await;
    let told = reader.get(&format!("/api/v1/orgs/{}", target.org_id)).await.expect(200).json();
    assert!(told.get("storage").is_none(), "for Owners and Managers");
    assert!(anna.audit(&target).await.contains(&"organization.storage_changed".to_owned()));
    sound(app).await;
});

async fn plan_state(by: &Person, dataset: ResourceId, path: &str, bytes: usize) -> u16 {
    plan(by, dataset, &json!({ "files": [{ "path": path, "bytes": bytes }] })).await.status
}

both!(file_4_a_file_is_taken_whole_or_by_one_range_and_never_shown, async |app| {
    let (anna, org, dataset) = world(app).await;
    let html = b"<!DOCTYPE html><script>alert(1)</script>".to_vec();
    let number = upload(&anna, dataset, "sites/é-index.html", &html).await;
    let at = content_of(dataset, number);
    let get = async |headers: &[(&str, &str)]| anna.call(Method::GET, &at, None, headers).await;
    let whole = get(&[]).await.expect(200);
    assert_eq!(whole.body.as_bytes(), html);
    let tag = whole.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", digest(&html)));
    assert_eq!(whole.header("content-type"), "application/octet-stream");
    assert_eq!(whole.header("content-disposition"), "attachment; filename*=UTF-8''%C3%A9-index.html");
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    assert_eq!(whole.header("content-security-policy"), "default-src 'none'; sandbox; frame-ancestors 'none'");
    assert_eq!(whole.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!((whole.header("accept-ranges"), whole.header("content-encoding")), ("bytes", ""));
    let part = get(&[("range", "bytes=2-8")]).await.expect(206);
    assert_eq!(
        (part.body.as_str(), part.header("content-range"), part.header("content-length")),
        ("DOCTYPE", "bytes 2-8/40", "7")
    );
    assert_eq!(get(&[("range", "bytes=-3")]).await.expect(206).body, "pt>");
    assert_eq!(get(&[("range", "bytes=0-1,3-4")]).await.expect(200).body.len(), 40);
    let outside = get(&[("range", "bytes=40-")]).await.expect(416);
    assert_eq!(outside.header("content-range"), "bytes */40");
    get(&[("range", "bytes=2-8"), ("if-range", &tag)]).await.expect(206);
    get(&[("range", "bytes=2-8"), ("if-range", "\"other\"")]).await.expect(200);
    assert_eq!(get(&[("if-none-match", &tag)]).await.expect(304).body, "");
    let head = anna.call(Method::HEAD, &at, None, &[]).await.expect(200);
    assert_eq!((head.body.as_str(), head.header("content-length"), head.header("etag")), ("", "40", tag.as_str()));
    // Ranges are of GET alone, and whoever goes on with a part says of which version it is.
    anna.call(Method::HEAD, &at, None, &[("range", "bytes=2-8")]).await.expect(200);
    get(&[("range", "bytes=2-8"), ("if-match", &tag)]).await.expect(206);
    get(&[("range", "bytes=2-8"), ("if-match", "\"other\"")]).await.expect(412);
    anna.get(&content_of(dataset, 99)).await.expect(404);
    anna.get(&format!("/api/v1/datasets/{dataset}/files/x/content")).await.expect(404);
    anna.get(&content_of(org.root, number)).await.expect(404);
    // POL-1.
    let restrict = json!({ "copy": false, "delete": false, "download": true });
    anna.call(Method::PUT, &format!("/api/v1/resources/{dataset}/restrictions"), Some(&restrict), &[])
        .await
        .expect(200);
    let refused = get(&[]).await.expect(403);
    assert!(refused.body.contains("restricted downloading"), "{}", refused.body);
    get(&[("if-none-match", &tag)]).await.expect(403);
    assert_eq!(files(&anna, dataset, "").await.len(), 1, "it is still listed");
    sound(app).await;
});

both!(attack_45_a_search_longer_than_any_path_is_refused, async |app| {
    let (anna, _, dataset) = world(app).await;
    for (length, status) in [(1_000, 200), (1_001, 422), (60_000, 422)] {
        let query = "a".repeat(length);
        anna.get(&format!("/api/v1/datasets/{dataset}/files?query={query}")).await.expect(status);
    }
});

both!(file_4_a_missing_object_is_an_error_and_never_half_a_file, async |app| {
    let (anna, _, dataset) = world(app).await;
    let number = upload(&anna, dataset, "a.bin", b"0123456789").await;
    let object = *objects(app).await.first().expect("an object");
    app.ctx().files().expect("storage").delete("", object).await.expect("deleted");
    anna.get(&content_of(dataset, number)).await.expect(500);
    let findings = commonhold::server::doctor::examine_files(app.ctx()).await.expect("the doctor comes");
    assert_eq!(findings.iter().map(|finding| finding.broken).collect::<Vec<_>>(), [1, 0]);
    // And one that nobody knows.
    let folder = app.storage().join("pieces/00/00");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(uuid::Uuid::nil().to_string()), "x").expect("written");
    let findings = commonhold::server::doctor::examine_files(app.ctx()).await.expect("the doctor comes");
    assert_eq!(findings.iter().map(|finding| finding.broken).collect::<Vec<_>>(), [1, 1]);
});

both!(file_5_images_and_bytes_follow_from_the_files, async |app| {
    let (anna, org, _) = world(app).await;
    let dataset = anna.dataset(org.root, "Typed", 500).await;
    assert_eq!(facts(&anna, dataset).await, (0, 500, 0));
    let photo_number = upload(&anna, dataset, "a.jpg", &photo("a", 100)).await;
    upload(&anna, dataset, "b.txt", b"text").await;
    assert_eq!(facts(&anna, dataset).await, (2, 1, 104));
    let typed = anna.patch(&format!("/api/v1/resources/{dataset}/dataset"), &json!({ "images": 7 })).await.expect(422);
    assert!(typed.body.contains("follow from its files"), "{}", typed.body);
    anna.patch(&format!("/api/v1/resources/{dataset}/dataset"), &json!({ "captured_on": "2026-11-20" }))
        .await
        .expect(200);
    let at = format!("/api/v1/datasets/{dataset}/files/{photo_number}");
    anna.patch(&at, &json!({ "left_out": true })).await.expect(200);
    assert_eq!(facts(&anna, dataset).await, (2, 0, 104));
    anna.patch(&at, &json!({ "left_out": false })).await.expect(200);
    assert_eq!(facts(&anna, dataset).await, (2, 1, 104));
    assert!(anna.audit(&org).await.contains(&"files.changed".to_owned()));
    let all = json!({ "numbers": [1, 2, 2] });
    anna.post(&format!("/api/v1/datasets/{dataset}/files/delete"), &json!({ "numbers": [1, 99] })).await.expect(404);
    anna.post(&format!("/api/v1/datasets/{dataset}/files/delete"), &json!({ "numbers": [] })).await.expect(422);
    anna.post(&format!("/api/v1/datasets/{dataset}/files/delete"), &all).await.expect(204);
    assert_eq!(facts(&anna, dataset).await, (0, 0, 0));
    // Without files it is typed again.
    anna.patch(&format!("/api/v1/resources/{dataset}/dataset"), &json!({ "images": 7 })).await.expect(200);
    sound(app).await;
});

both!(file_5_lic_2_a_result_changes_nothing_of_what_was_counted_and_charged, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 1_000, 10).await;
    let dataset = anna.dataset(org.root, "Typed", 500).await;
    app.set_status(dataset, DatasetStatus::Queued).await;
    assert_eq!(app.left(licence).await, (500, 9, 0));
    let result = |path: &str| json!({ "side": "output", "files": [{ "path": path, "bytes": 4 }] });
    let mut numbers = Vec::new();
    for path in ["log.txt", "report.jpg"] {
        let planned = plan(&anna, dataset, &result(path)).await.expect(200).json();
        patch(&anna, &url_of(&planned["items"][0]), 0, "text").await.expect(204);
        numbers.push(files(&anna, dataset, "?side=output").await.last().expect("a file")["number"].clone());
    }
    assert_eq!(facts(&anna, dataset).await, (2, 500, 8));
    anna.patch(&format!("/api/v1/datasets/{dataset}/files/{}", numbers[0]), &json!({ "path": "log 2.txt" }))
        .await
        .expect(200);
    anna.post(&format!("/api/v1/datasets/{dataset}/files/delete"), &json!({ "numbers": [numbers[0]] }))
        .await
        .expect(204);
    assert_eq!(facts(&anna, dataset).await, (1, 500, 4));
    let left_out =
        anna.patch(&format!("/api/v1/datasets/{dataset}/files/{}", numbers[1]), &json!({ "left_out": true })).await;
    assert!(left_out.expect(422).body.contains("Only images can be left out"));
    app.set_status(dataset, DatasetStatus::Failed).await;
    assert_eq!(app.left(licence).await, (1_000, 10, 0), "all of it is given back");
    // The first image takes the place of what was typed.
    upload(&anna, dataset, "a.jpg", &photo("a", 100)).await;
    assert_eq!(facts(&anna, dataset).await, (2, 1, 104));
    sound(app).await;
});

both!(file_6_copies_share_bytes_the_trash_keeps_them_and_a_transfer_touches_none, async |app| {
    let (anna, org, dataset) = world(app).await;
    let target = anna.create_org("Tunnel North").await;
    app.images_licence(&target, 10_000, 100).await;
    let folder = anna.folder(org.root, "Folder").await;
    let inside = anna.dataset(folder, "Inside", 0).await;
    for (dataset, name) in [(dataset, "a"), (inside, "b")] {
        upload(&anna, dataset, &format!("{name}.jpg"), &photo(name, 1_000)).await;
    }
    let url = url_of(&plan_one(&anna, dataset, "late.jpg", 10, "ask").await);
    patch(&anna, &url, 0, "01234").await.expect(204);
    let before = objects(app).await;
    let copy: ResourceId = read(&anna.copy(dataset, folder).await.expect(201).json()["id"]);
    let both_copied: ResourceId = read(&anna.copy(folder, org.root).await.expect(201).json()["id"]);
    assert_eq!(objects(app).await, before, "no byte is copied");
    assert_eq!(facts(&anna, copy).await, (1, 1, 1_000));
    assert_eq!(anna.children(both_copied, "").await.expect(200).names().len(), 2);
    // The copy and the original are changed one without the other.
    anna.delete(&format!("/api/v1/datasets/{copy}/files/1")).await.expect(204);
    upload(&anna, copy, "more.jpg", &photo("more", 50)).await;
    assert_eq!(paths(&anna, dataset).await, ["a.jpg"]);
    // The trash keeps everything, and deleting for good frees what nothing else has.
    anna.trash(dataset).await.expect(204);
    anna.trash(both_copied).await.expect(204);
    app.later(3);
    let anna = anna.elsewhere().await;
    sweep_all(app).await;
    anna.restore(dataset).await.expect(200);
    assert_eq!(anna.get(&content_of(dataset, 1)).await.expect(200).header("content-length"), "1000");
    patch(&anna, &url, 5, "56789").await.expect(204);
    app.set_status(dataset, DatasetStatus::Processed).await;
    let moved = objects(app).await;
    anna.transfer(&[dataset], target.root).await.expect(201);
    assert_eq!(objects(app).await, moved);
    assert_eq!(paths(&anna, dataset).await, ["a.jpg", "late.jpg"]);
    anna.delete_for_good(both_copied).await;
    anna.trash(folder).await.expect(204);
    anna.delete_for_good(folder).await;
    sweep_all(app).await;
    app.later(2);
    sweep_all(app).await;
    // Left: a.jpg in one piece, late.jpg in two.
    assert_eq!(objects(app).await.len(), 3);
    let anna = anna.elsewhere().await;
    assert_eq!(anna.get(&content_of(dataset, 2)).await.expect(200).body, "0123456789");
    sound(app).await;
});

both!(file_6_deleting_very_many_files_for_good_goes_on_behind_the_scenes, async |app| {
    let (anna, org, dataset) = world(app).await;
    upload(&anna, dataset, "a.jpg", &photo("a", 100)).await;
    app.corrupt(
        "INSERT INTO dataset_file (dataset_id, number, side, path, path_key, path_sort, blob_id, created_by, created_at)
         WITH RECURSIVE n(number) AS (SELECT CAST(2 AS BIGINT) UNION ALL SELECT number + 1 FROM n WHERE number < 7000)
         SELECT f.dataset_id, n.number, f.side, 'x' || n.number, 'x' || n.number, 'x' || n.number, f.blob_id, f.created_by, f.created_at FROM n, dataset_file f",
    )
    .await;
    app.corrupt("UPDATE resource SET files = 7000, last_file = 7000, images = 7000, bytes = 700000 WHERE files > 0")
        .await;
    app.healthy().await;
    let copied = anna.copy(dataset, org.root).await.expect(201);
    assert_eq!(facts(&anna, read(&copied.json()["id"])).await.0, 7_000);
    anna.trash(dataset).await.expect(204);
    anna.delete_for_good(dataset).await;
    let stop = tokio::sync::watch::channel(false).1;
    commonhold::server::workers::task::drain(app.ctx(), &stop).await.expect("the work goes on");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM dataset_file").await, 7_000);
    sweep_all(app).await;
    sound(app).await;
});

both!(acct_3_a_copy_for_another_account_counts_in_its_storage_and_tells_nothing_of_it, async |app| {
    let (anna, _, dataset) = world(app).await;
    app.licence(&anna_org(&anna).await, "cloud-pro", "images-projects", 10, 10, 0).await;
    upload(&anna, dataset, "a.jpg", &photo("a", 1_000)).await;
    let john = app.person("John").await;
    let theirs = john.create_org("Tunnel North").await;
    app.images_licence(&theirs, 100, 10).await;
    let body = json!({ "sharing_id": format!("{}/primary", theirs.org_id) });
    let share = format!("/api/v1/resources/{dataset}/share-copy");
    limit_storage(app, &theirs, Some(999)).await;
    let refused = anna.post(&share, &body).await.expect(422);
    assert!(refused.body.contains("cannot receive") && !refused.body.contains("999"), "{}", refused.body);
    limit_storage(app, &theirs, Some(1_000)).await;
    let shared = anna.post(&share, &body).await;
    assert!([200, 201].contains(&shared.status), "{}", shared.body);
    let received = john.children(theirs.root, "").await.expect(200).json();
    let copy: ResourceId = read(&received["items"][0]["id"]);
    assert_eq!(paths(&john, copy).await, ["a.jpg"]);
    sound(app).await;
});

/// The first organization of somebody.
async fn anna_org(by: &Person) -> Org {
    let first = by.get("/api/v1/orgs").await.expect(200).json()["items"][0].clone();
    let shown =
        by.get(&format!("/api/v1/orgs/{}", first["org_id"].as_str().expect("an Org ID"))).await.expect(200).json();
    let account = &shown["accounts"][0];
    Org {
        id: read(&shown["id"]),
        org_id: shown["org_id"].as_str().expect("an Org ID").to_owned(),
        root: read(&account["root"]),
        account: read(&account["id"]),
    }
}

both!(file_3_a_plan_of_five_hundred_files_is_answered_at_once_and_listed_page_by_page, async |app| {
    let (anna, _, dataset) = world(app).await;
    let names: Vec<Value> = (0..500).map(|n| json!({ "path": format!("DJI_{n}.JPG"), "bytes": 0 })).collect();
    let planned = plan(&anna, dataset, &json!({ "files": names })).await.expect(200).json();
    let items = planned["items"].as_array().expect("items");
    assert!(items.iter().all(|item| item["state"] == "new") && items.len() == 500);
    let more: Vec<Value> = (0..501).map(|n| json!({ "path": format!("{n}"), "bytes": 0 })).collect();
    assert_eq!(plan(&anna, dataset, &json!({ "files": more })).await.expect(422).fields(), ["files"]);
    assert_eq!(plan(&anna, dataset, &json!({})).await.expect(422).fields(), ["files"]);
    assert_eq!(
        plan(&anna, dataset, &json!({ "side": "left", "on_conflict": "x", "files": [{}] })).await.expect(422).fields(),
        ["side", "on_conflict"]
    );
    // An empty file is complete with its first, empty request.
    for item in items.iter().take(120) {
        patch(&anna, &url_of(item), 0, Body::empty()).await.expect(204);
    }
    let (mut cursor, mut listed) = (String::new(), Vec::new());
    loop {
        let page =
            anna.get(&format!("/api/v1/datasets/{dataset}/files?limit=50&cursor={cursor}")).await.expect(200).json();
        listed.extend(
            page["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|file| file["path"].as_str().expect("a path").to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let expected: Vec<String> = (0..120).map(|n| format!("DJI_{n}.JPG")).collect();
    assert_eq!(listed, expected, "numbers sort by how much they are");
    assert_eq!(files(&anna, dataset, "?query=dji_11").await.len(), 11);
    assert_eq!(files(&anna, dataset, "?query=%25").await.len(), 0, "a question has no wildcards");
    sound(app).await;
});

both!(file_3_many_files_at_once_lose_nothing_and_double_nothing, async |app| {
    let (anna, _, dataset) = world(app).await;
    let sends = (0..12).map(|n| {
        let anna = anna.clone();
        async move {
            // Three of each have the same bytes.
            let (path, bytes) = (format!("{n}.jpg"), photo(&format!("{}", n / 3), 5_000));
            let item = plan_one(&anna, dataset, &path, bytes.len(), "ask").await;
            let (first, rest) = bytes.split_at(2_000);
            patch_in_turn(&anna, &url_of(&item), 0, first).await;
            patch_in_turn(&anna, &url_of(&item), 2_000, rest).await;
        }
    });
    at_once(sends.collect()).await;
    assert_eq!(facts(&anna, dataset).await, (12, 12, 60_000));
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM blob").await, 4);
    sweep_all(app).await;
    assert_eq!(objects(app).await.len(), 8);
    // One path, many senders: one file.
    let mut people = Vec::new();
    for _ in 0..4 {
        let john = app.person("John").await;
        app.give(dataset, Grantee::Person(john.id), Level::Uploader, false).await;
        people.push(john);
    }
    let sends = people.into_iter().enumerate().map(|(n, john)| async move {
        let item = plan_one(&john, dataset, "one.jpg", 5, "ask").await;
        match item["state"].as_str() {
            Some("conflict" | "present") => 409,
            _ => patch(&john, &url_of(&item), 0, format!("from{n}")).await.status,
        }
    });
    let answers = at_once(sends.collect()).await;
    assert_eq!(answers.iter().filter(|status| **status == 204).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [204, 409].contains(status)), "{answers:?}");
    sound(app).await;
});

both!(file_3_a_request_longer_than_a_piece_becomes_several, async |app| {
    let (anna, _, dataset) = world(app).await;
    let piece = 64 * 1024 * 1024;
    let bytes = piece + 1_000_000;
    let url = url_of(&plan_one(&anna, dataset, "long.bin", bytes, "ask").await);
    let chunk = Bytes::from((0..1_000_003_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect::<Vec<u8>>());
    let whole: Vec<u8> = chunk.iter().copied().cycle().take(bytes).collect();
    let sum = digest(&whole);
    let parts: Vec<Result<Bytes, std::io::Error>> =
        whole.chunks(777_777).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    patch(&anna, &url, 0, Body::from_stream(stream::iter(parts))).await.expect(204);
    assert_eq!(files(&anna, dataset, "").await[0]["sha256"], sum);
    assert_eq!(objects(app).await.len(), 2);
    let at = content_of(dataset, 1);
    let range = format!("bytes={}-{}", piece - 3, piece + 2);
    let request = Request::builder().uri(&at).header("range", range).body(Body::empty()).expect("a request");
    let over = anna.send(request).await.expect(206);
    assert_eq!(over.header("content-length"), "6");
    sound(app).await;
});

both!(file_2_set_1_an_upload_that_names_no_place_is_a_new_dataset_in_the_default_organization, async |app| {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let (anna, org, _) = world(app).await;
    let other = anna.create_org("Tunnel North").await;
    app.images_licence(&other, 100, 10).await;
    let body = json!({ "name": "2026-11-20 Dam", "files": [{ "path": "a.jpg", "bytes": 3 }, { "path": "../b.jpg", "bytes": 3 }] });
    let asked = anna.post("/api/v1/datasets", &body).await.expect(409);
    assert_eq!(asked.code(), "choose_organization", "there are two, and none is the default");
    anna.patch("/api/v1/me", &json!({ "default_organization": other.org_id })).await.expect(200);
    let made = anna.post("/api/v1/datasets", &body).await.expect(201);
    let answer = made.json();
    assert_eq!((&answer["name"], &answer["org_id"]), (&json!("2026-11-20 Dam"), &json!(other.org_id)));
    assert_eq!((&answer["items"][0]["state"], &answer["items"][1]["state"]), (&json!("new"), &json!("refused")));
    let dataset: ResourceId = read(&answer["dataset"]);
    assert_eq!(made.location(), format!("/api/v1/resources/{dataset}"));
    patch(&anna, &url_of(&answer["items"][0]), 0, "one").await.expect(204);
    assert_eq!(paths(&anna, dataset).await, ["a.jpg"]);
    assert_eq!(app.stored(dataset).await.parent, Some(other.root));
    // A name that is taken gets a number; without a name it is the day.
    let second = anna.post("/api/v1/datasets", &body).await.expect(201).json();
    assert_eq!(second["name"], "2026-11-20 Dam (2)");
    let nameless = json!({ "files": [{ "path": "a.jpg", "bytes": 3 }] });
    let third = anna.post("/api/v1/datasets", &nameless).await.expect(201).json();
    assert!(third["name"].as_str().is_some_and(|name| name.ends_with(" Upload")), "{third}");
    // In a container that is named; and tus alone.
    let folder = anna.folder(org.root, "Dams").await;
    let there = json!({ "parent": folder, "files": [{ "path": "a.jpg", "bytes": 3 }] });
    let there: ResourceId = read(&anna.post("/api/v1/datasets", &there).await.expect(201).json()["dataset"]);
    assert_eq!(app.stored(there).await.parent, Some(folder));
    let metadata = format!("path {},dataset_name {}", STANDARD.encode("x.jpg"), STANDARD.encode("Phone"));
    let headers = [("upload-length", "3"), ("upload-metadata", metadata.as_str()), BYTES];
    let sent = send(&anna, Method::POST, "/api/v1/uploads", &headers, Body::from("one")).await.expect(201);
    let phone: ResourceId = sent.header("upload-dataset").parse().expect("an id");
    assert_eq!(paths(&anna, phone).await, ["x.jpg"]);
    assert_eq!(app.stored(phone).await.name, "Phone");
    sound(app).await;
});

both!(file_2_where_nothing_can_be_uploaded_no_dataset_is_made, async |app| {
    let (anna, org, _) = world(app).await;
    let file = |path: &str, bytes: i64| json!({ "parent": org.root, "files": [{ "path": path, "bytes": bytes }] });
    anna.post("/api/v1/datasets", &file("..", 1)).await.expect(422);
    anna.post("/api/v1/datasets", &json!({ "parent": org.root, "files": [] })).await.expect(422);
    anna.post("/api/v1/datasets", &json!({ "parent": "x", "files": [] })).await.expect(422);
    limit_storage(app, &org, Some(10)).await;
    anna.post("/api/v1/datasets", &file("a.jpg", 11)).await.expect(402);
    let john = app.person("John").await;
    app.join(&org, &john, Role::Reader).await;
    assert_eq!(john.post("/api/v1/datasets", &file("a.jpg", 1)).await.status, 403);
    let sam = app.person("Sam").await;
    assert_eq!(sam.post("/api/v1/datasets", &file("a.jpg", 1)).await.status, 404);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE kind = 'dataset'").await, 1);
    sound(app).await;
});
