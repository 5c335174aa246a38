//! What keeps uploads fair: turns and speed, what is reserved and by whom, who learns what of storage, and names that can be unpacked.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::Method,
};
use commonhold::{
    domain::{access::Level, id::ResourceId, role::Role, transfer::Grantee},
    server::workers::sweep,
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::files::{
    BYTES, content_of, facts, files, head, limit_storage, patch, paths, photo, plan, plan_one, send, sound, sweep_all,
    upload, url_of, world,
};
use crate::{
    both,
    support::{Answer, Org, Person, TestApp},
};

/// How many requests send bytes just now.
async fn sending(app: &TestApp) -> i64 {
    app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM upload WHERE claimed_until IS NOT NULL").await
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}");
}

async fn storage_of(by: &Person, org: &Org) -> Value {
    by.get(&format!("/api/v1/orgs/{}", org.org_id)).await.expect(200).json()["storage"].clone()
}

both!(attack_40_a_person_takes_few_of_the_turns_of_a_node, async |app| {
    let (anna, org, dataset) = world(app).await;
    let mut held = Vec::new();
    for n in 0..8 {
        let url = url_of(&plan_one(&anna, dataset, &format!("{n}.bin"), 10, "ask").await);
        let anna = anna.clone();
        held.push(tokio::spawn(async move {
            let silence = stream::pending::<Result<Bytes, std::io::Error>>();
            patch(&anna, &url, 0, Body::from_stream(silence)).await
        }));
    }
    until("eight requests send", async || sending(app).await == 8).await;
    let url = url_of(&plan_one(&anna, dataset, "ninth.bin", 3, "ask").await);
    let refused = patch(&anna, &url, 0, "one").await.expect(503);
    assert_eq!((refused.code(), refused.header("retry-after")), ("busy".to_owned(), "5"));
    assert!(refused.body.contains("Many uploads are under way. Try again in a moment."), "{}", refused.body);
    // Others are not in the way of it.
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    upload(&john, dataset, "john.bin", b"123").await;
    for request in &held {
        request.abort();
    }
    until("the turns are given back", async || patch(&anna, &url, 0, "one").await.status == 204).await;
    sound(app).await;
});

both!(attack_40_who_sends_too_slowly_is_cut_off_and_keeps_what_came, async |app| {
    let (anna, _, dataset) = world(app).await;
    let node = app.patient(Duration::from_millis(300));
    let there = anna.at(&node).await;
    let url = url_of(&plan_one(&there, dataset, "slow.bin", 1_000, "ask").await);
    let drops = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
    });
    let cut = patch(&there, &url, 0, Body::from_stream(drops.boxed())).await.expect(408);
    assert!(cut.body.contains("too little came"), "{}", cut.body);
    let offset: usize = head(&there, &url).await.expect(200).header("upload-offset").parse().expect("a number");
    assert!((1..20).contains(&offset), "{offset}");
    patch(&there, &url, offset, vec![b'y'; 1_000 - offset]).await.expect(204);
    assert_eq!(facts(&anna, dataset).await, (1, 0, 1_000));
    sound(app).await;
});

both!(attack_40_a_new_organization_stores_as_much_as_the_operator_gives, async |app| {
    drop(app.ctx().clone().with_default_storage(Some(1_000)));
    let anna = app.person("Anna").await;
    let limited = "SELECT CAST(COUNT(*) AS BIGINT) FROM organization WHERE storage_limit = 1000";
    assert_eq!(app.count(limited).await, 1, "a personal space");
    let org = anna.create_org("Alpine Survey").await;
    assert_eq!(storage_of(&anna, &org).await, json!({ "limit": 1_000, "used": 0 }));
    let dataset = anna.dataset(org.root, "Flight 1", 0).await;
    let file = |bytes: i64| json!({ "files": [{ "path": "a.jpg", "bytes": bytes }] });
    assert_eq!(plan(&anna, dataset, &file(1_001)).await.expect(402).code(), "quota_exceeded");
    plan(&anna, dataset, &file(1_000)).await.expect(200);
    sound(app).await;
});

/// Sends bytes in two parts, with something in between; the answer.
async fn patch_with(
    app: &TestApp,
    by: &Person,
    url: &str,
    (first, second): (&'static str, &'static str),
    between: impl AsyncFn(),
) -> Answer {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    let parts =
        stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|part| (part, receiver)) });
    let sends = tokio::spawn({
        let (by, url) = (by.clone(), url.to_owned());
        let offset = head(&by, &url).await.header("upload-offset").parse().expect("a number");
        async move { patch(&by, &url, offset, Body::from_stream(parts.boxed())).await }
    });
    sender.send(Ok(Bytes::from_static(first.as_bytes()))).await.expect("taken");
    until("it sends", async || sending(app).await == 1).await;
    between().await;
    sender.send(Ok(Bytes::from_static(second.as_bytes()))).await.expect("taken");
    drop(sender);
    sends.await.expect("an answer")
}

both!(file_3_lic_6_licence_and_storage_count_at_every_piece_and_at_the_end, async |app| {
    let (anna, org, dataset) = world(app).await;
    let lapse = async || app.corrupt("UPDATE licence SET active_until = 1 WHERE product <> 'discovery'").await;
    let renew =
        async || app.corrupt("UPDATE licence SET active_until = 4102444800000 WHERE product <> 'discovery'").await;
    let url = url_of(&plan_one(&anna, dataset, "a.bin", 10, "ask").await);
    patch(&anna, &url, 0, "0123").await.expect(204);
    // At a piece.
    limit_storage(app, &org, Some(9)).await;
    let full = patch(&anna, &url, 4, "4").await.expect(402);
    assert!(full.body.contains("9 B left of 9 B"), "{}", full.body);
    limit_storage(app, &org, Some(10)).await;
    lapse().await;
    patch(&anna, &url, 4, "4").await.expect(403);
    renew().await;
    // At the end: what was there before the request stays.
    patch_with(app, &anna, &url, ("45", "6789"), &lapse).await.expect(403);
    renew().await;
    patch_with(app, &anna, &url, ("45", "6789"), &async || limit_storage(app, &org, Some(3)).await).await.expect(402);
    assert_eq!(head(&anna, &url).await.header("upload-offset"), "4");
    assert!(paths(&anna, dataset).await.is_empty());
    limit_storage(app, &org, Some(10)).await;
    patch(&anna, &url, 4, "456789").await.expect(204);
    assert_eq!(anna.get(&content_of(dataset, 1)).await.expect(200).body, "0123456789");
    // What has become a file is that, whatever ends afterwards.
    lapse().await;
    patch(&anna, &url, 10, Body::empty()).await.expect(204);
    sound(app).await;
});

both!(attack_15_numbers_of_storage_are_for_who_may_view_the_usage, async |app| {
    let (anna, org, dataset) = world(app).await;
    upload(&anna, dataset, "a.bin", &photo("a", 600)).await;
    limit_storage(app, &org, Some(1_000)).await;
    let file = json!({ "files": [{ "path": "b.bin", "bytes": 500 }] });
    let (editor, manager, outside) = (app.person("Ed").await, app.person("Mary").await, app.person("Uwe").await);
    app.join(&org, &editor, Role::Editor).await;
    app.join(&org, &manager, Role::Manager).await;
    app.give(dataset, Grantee::Person(outside.id), Level::Uploader, false).await;
    for by in [&anna, &manager] {
        let told = plan(by, dataset, &file).await.expect(402);
        assert!(told.body.contains("400 B left of 1.0 kB"), "{}", told.body);
    }
    let untold = |answer: Answer| {
        let answer = answer.expect(402);
        assert_eq!(answer.json()["detail"], "The organization’s storage is full.");
    };
    for by in [&editor, &outside] {
        untold(plan(by, dataset, &file).await);
    }
    untold(editor.copy(dataset, org.root).await);
    let url = url_of(&plan_one(&outside, dataset, "c.bin", 10, "ask").await);
    limit_storage(app, &org, Some(100)).await;
    untold(patch(&outside, &url, 0, "0").await);
    sound(app).await;
});

async fn open_uploads(by: &Person, dataset: ResourceId) -> Vec<(String, String)> {
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = by.get(&format!("/api/v1/datasets/{dataset}/uploads?limit=2&cursor={cursor}")).await.expect(200);
        let page = page.json();
        for item in page["items"].as_array().expect("items") {
            let text = |name: &str| item[name].as_str().expect("a text").to_owned();
            listed.push((text("path"), text("created_by_name")));
        }
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    listed.sort();
    listed
}

both!(attack_40_what_is_reserved_is_listed_and_given_back_by_editors, async |app| {
    let (anna, org, dataset) = world(app).await;
    limit_storage(app, &org, Some(1_000)).await;
    let (jane, john) = (app.person("Jane").await, app.person("John").await);
    for by in [&jane, &john] {
        app.give(dataset, Grantee::Person(by.id), Level::Uploader, false).await;
    }
    plan_one(&jane, dataset, "jane.bin", 300, "ask").await;
    plan_one(&jane, dataset, "empty.bin", 0, "ask").await;
    plan_one(&john, dataset, "john.bin", 300, "ask").await;
    plan_one(&anna, dataset, "anna.bin", 400, "ask").await;
    let names = |listed: Vec<(String, String)>| listed.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    let all = open_uploads(&anna, dataset).await;
    assert!(all.contains(&("jane.bin".to_owned(), "Jane Muster".to_owned())), "{all:?}");
    assert_eq!(names(all), ["anna.bin", "empty.bin", "jane.bin", "john.bin"]);
    assert_eq!(names(open_uploads(&jane, dataset).await), ["empty.bin", "jane.bin"]);
    let at = format!("/api/v1/datasets/{dataset}/uploads");
    jane.delete(&at).await.expect(204);
    assert_eq!(names(open_uploads(&anna, dataset).await), ["anna.bin", "john.bin"]);
    assert!(!anna.audit(&org).await.contains(&"files.upload_discarded".to_owned()), "one's own are nobody's matter");
    anna.delete(&at).await.expect(204);
    assert!(open_uploads(&anna, dataset).await.is_empty() && open_uploads(&john, dataset).await.is_empty());
    assert!(anna.audit(&org).await.contains(&"files.upload_discarded".to_owned()));
    assert_eq!(storage_of(&anna, &org).await["used"], 0);
    let reader = app.person("Rita").await;
    app.join(&org, &reader, Role::Reader).await;
    reader.get(&at).await.expect(403);
    reader.delete(&at).await.expect(403);
    sound(app).await;
});

both!(attack_40_an_upload_ends_with_the_access_of_its_sender, async |app| {
    let (anna, org, dataset) = world(app).await;
    limit_storage(app, &org, Some(1_000)).await;
    let (jane, john) = (app.person("Jane").await, app.person("John").await);
    for by in [&jane, &john] {
        app.give(dataset, Grantee::Person(by.id), Level::Uploader, false).await;
    }
    let kept = url_of(&plan_one(&john, dataset, "john.bin", 300, "ask").await);
    let lost = url_of(&plan_one(&jane, dataset, "jane.bin", 300, "ask").await);
    patch(&jane, &lost, 0, "some").await.expect(204);
    assert_eq!(sweep_all(app).await, sweep::Swept::default());
    // What is in the trash may come back.
    anna.trash(dataset).await.expect(204);
    assert_eq!(sweep_all(app).await, sweep::Swept::default());
    anna.restore(dataset).await.expect(200);
    let lower =
        "UPDATE access_grant SET level = 'reader' WHERE person_id IN (SELECT id FROM person WHERE email LIKE 'jane%')";
    app.corrupt(lower).await;
    assert_eq!(sweep_all(app).await.uploads, 1);
    assert_eq!(storage_of(&anna, &org).await["used"], 300);
    head(&john, &kept).await.expect(200);
    app.corrupt("DELETE FROM access_grant").await;
    assert_eq!(sweep_all(app).await.uploads, 1);
    assert_eq!(storage_of(&anna, &org).await["used"], 0);
    app.tick(2 * 60 * 60_000);
    sweep_all(app).await;
    sound(app).await;
});

both!(attack_40_a_plan_alone_lives_for_a_day, async |app| {
    let (anna, _, dataset) = world(app).await;
    let idle = url_of(&plan_one(&anna, dataset, "idle.bin", 10, "ask").await);
    let begun = url_of(&plan_one(&anna, dataset, "begun.bin", 10, "ask").await);
    patch(&anna, &begun, 0, "0").await.expect(204);
    // Planned again, neither lives longer than that.
    for path in ["idle.bin", "begun.bin"] {
        assert_eq!(plan_one(&anna, dataset, path, 10, "ask").await["state"], "resume");
    }
    app.later(1);
    let anna = anna.elsewhere().await;
    head(&anna, &idle).await.expect(410);
    head(&anna, &begun).await.expect(200);
    assert_eq!(sweep_all(app).await.uploads, 1);
    sound(app).await;
});

both!(attack_40_nobody_fills_the_list_of_uploads_alone, async |app| {
    let (anna, org, dataset) = world(app).await;
    let names = |first: usize| {
        let files: Vec<Value> = (first..first + 500).map(|n| json!({ "path": format!("{n}"), "bytes": 0 })).collect();
        json!({ "files": files })
    };
    for batch in 0..20 {
        plan(&anna, dataset, &names(batch * 500)).await.expect(200);
    }
    let one = json!({ "files": [{ "path": "more", "bytes": 0 }] });
    let refused = plan(&anna, dataset, &one).await.expect(422);
    assert!(refused.body.contains("You have 10000 uploads under way"), "{}", refused.body);
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    plan(&john, dataset, &one).await.expect(200);
    john.delete(&format!("/api/v1/datasets/{dataset}/uploads")).await.expect(204);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM upload").await, 0);
    plan(&anna, dataset, &one).await.expect(200);
    sound(app).await;
});

async fn refusal_of(by: &Person, dataset: ResourceId, path: &str, on_conflict: &str) -> String {
    let item = plan_one(by, dataset, path, 3, on_conflict).await;
    assert_eq!(item["state"], "refused", "{item}");
    item["reason"].as_str().expect("a reason").to_owned()
}

both!(file_1_a_file_and_a_folder_never_have_one_name, async |app| {
    let (anna, org, dataset) = world(app).await;
    let both = json!({ "files": [{ "path": "p", "bytes": 1 }, { "path": "P/q.txt", "bytes": 1 }, { "path": "p2", "bytes": 1 }] });
    let planned = plan(&anna, dataset, &both).await.expect(200).json();
    let states: Vec<&str> = (0..3).map(|n| planned["items"][n]["state"].as_str().expect("a state")).collect();
    assert_eq!(states, ["new", "refused", "new"]);
    let file = upload(&anna, dataset, "dir", b"one").await;
    let inside = upload(&anna, dataset, "photos/É/a.jpg", b"two").await;
    // What merely begins alike is in nobody's way.
    upload(&anna, dataset, "dir.txt", b"x").await;
    upload(&anna, dataset, "dir0/x", b"x").await;
    upload(&anna, dataset, "photo", b"x").await;
    for on_conflict in ["ask", "keep_both", "replace", "skip"] {
        assert!(refusal_of(&anna, dataset, "DIR/a/b.jpg", on_conflict).await.contains("“DIR” is a file"));
        assert!(refusal_of(&anna, dataset, "Photos/e\u{301}", on_conflict).await.contains("is a folder here"));
    }
    // The other place is another one.
    let results = json!({ "side": "output", "files": [{ "path": "dir/map.tif", "bytes": 3 }] });
    assert_eq!(plan(&anna, dataset, &results).await.expect(200).json()["items"][0]["state"], "new");
    // At the end.
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    let (outer, inner) =
        (plan_one(&anna, dataset, "late", 3, "ask").await, plan_one(&john, dataset, "late/x", 3, "keep_both").await);
    patch(&anna, &url_of(&outer), 0, "one").await.expect(204);
    let refused = patch(&john, &url_of(&inner), 0, "two").await.expect(409);
    assert_eq!(refused.code(), "file_conflict");
    assert!(refused.body.contains("“late” is a file"), "{}", refused.body);
    // Renaming, where a file is not in its own way.
    let at = |number: i64| format!("/api/v1/datasets/{dataset}/files/{number}");
    let rename = async |number: i64, path: &str| anna.patch(&at(number), &json!({ "path": path })).await;
    assert_eq!(rename(file, "photos/é").await.expect(409).code(), "file_conflict");
    assert_eq!(rename(inside, "Dir/b").await.expect(409).code(), "file_conflict");
    rename(file, "dir/own").await.expect(200);
    rename(file, "dir").await.expect(200);
    rename(inside, "photos").await.expect(200);
    // A number that a folder has is no free one.
    upload(&anna, dataset, "k.txt", b"x").await;
    upload(&anna, dataset, "k (1).txt/in", b"x").await;
    let kept = plan_one(&anna, dataset, "k.txt", 3, "keep_both").await;
    patch(&anna, &url_of(&kept), 0, "two").await.expect(204);
    let listed = paths(&anna, dataset).await;
    assert!(listed.contains(&"k (2).txt".to_owned()), "{listed:?}");
    sound(app).await;
});

both!(attack_38_names_that_no_disk_of_windows_takes_are_refused, async |app| {
    let (anna, _, dataset) = world(app).await;
    for path in ["NUL:", "nul :x", "C:x", "a:b", "d/com1:s", "\u{200B}", "d/\u{AD}"] {
        refusal_of(&anna, dataset, path, "ask").await;
    }
    let number = upload(&anna, dataset, "10:30 what?.jpg", b"x").await;
    let at = format!("/api/v1/datasets/{dataset}/files/{number}");
    assert_eq!(anna.patch(&at, &json!({ "path": "aux:" })).await.expect(422).fields(), ["path"]);
    sound(app).await;
});

both!(audit_1_file_1_replacing_a_file_is_logged_and_takes_nothing_in_again, async |app| {
    let (anna, org, dataset) = world(app).await;
    let number = upload(&anna, dataset, "a.jpg", &photo("a", 100)).await;
    let at = format!("/api/v1/datasets/{dataset}/files/{number}");
    anna.patch(&at, &json!({ "left_out": true })).await.expect(200);
    assert_eq!(facts(&anna, dataset).await, (1, 0, 100));
    let item = plan_one(&anna, dataset, "A.JPG", 120, "replace").await;
    patch(&anna, &url_of(&item), 0, photo("b", 120)).await.expect(204);
    assert_eq!(facts(&anna, dataset).await, (1, 0, 120), "still left out");
    let listed = files(&anna, dataset, "").await;
    assert_eq!((&listed[0]["path"], &listed[0]["left_out"]), (&json!("A.JPG"), &json!(true)));
    let log = anna.get(&format!("/api/v1/orgs/{}/audit", org.org_id)).await.expect(200).json();
    let lines = log["items"].as_array().expect("items");
    let deleted: Vec<&Value> = lines.iter().filter(|line| line["action"] == "files.deleted").collect();
    assert_eq!(deleted.len(), 1, "{log}");
    let summary = deleted[0]["summary"].as_str().expect("a summary");
    assert!(summary.contains("replaced “a.jpg” of “Flight 1”"), "{summary}");
    sound(app).await;
});

both!(file_3_creating_an_upload_leaves_nothing_behind_or_says_where_to_go_on, async |app| {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let (anna, org, _) = world(app).await;
    anna.patch("/api/v1/me", &json!({ "default_organization": org.org_id })).await.expect(200);
    let metadata = format!("path {}", STANDARD.encode("x.jpg"));
    let create = async |length: &str, checksum: &str, body: &'static str| {
        let sent = body.len().to_string();
        let mut headers = vec![
            ("upload-length", length),
            ("upload-metadata", metadata.as_str()),
            ("content-length", sent.as_str()),
            BYTES,
        ];
        if !checksum.is_empty() {
            headers.push(("upload-checksum", checksum));
        }
        send(&anna, Method::POST, "/api/v1/uploads", &headers, Body::from(body)).await
    };
    let datasets = async || app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE kind = 'dataset'").await;
    create("3", "md5 nonsense", "one").await.expect(400);
    create("3", "", "more than that").await.expect(413);
    create("0", "", "something").await.expect(413);
    create("three", "", "one").await.expect(400);
    assert_eq!(datasets().await, 1, "nothing was made");
    let wrong = format!("sha1 {}", STANDARD.encode([7; 20]));
    let failed = create("3", &wrong, "one").await.expect(460);
    assert_eq!(failed.code(), "wrong_checksum");
    let dataset: ResourceId = failed.header("upload-dataset").parse().expect("an id");
    assert_eq!(datasets().await, 2);
    let url = failed.location().to_owned();
    assert_eq!(head(&anna, &url).await.expect(200).header("upload-offset"), "0");
    patch(&anna, &url, 0, "one").await.expect(204);
    assert_eq!(paths(&anna, dataset).await, ["x.jpg"]);
    sound(app).await;
});

both!(file_3_bytes_that_wait_for_a_name_are_not_sent_again, async |app| {
    let (anna, org, dataset) = world(app).await;
    let timeless = async |on_conflict: &str, bytes: usize| {
        let body = json!({ "on_conflict": on_conflict, "files": [{ "path": "late.jpg", "bytes": bytes }] });
        plan(&anna, dataset, &body).await.expect(200).json()["items"][0].clone()
    };
    let late = timeless("ask", 4).await;
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    upload(&john, dataset, "LATE.jpg", b"early").await;
    assert_eq!(patch(&anna, &url_of(&late), 0, "late").await.expect(409).code(), "file_conflict");
    let again = timeless("keep_both", 4).await;
    assert_eq!((again["state"].as_str(), url_of(&again)), (Some("resume"), url_of(&late)));
    assert_eq!(again["upload"]["offset"], 4);
    patch(&anna, &url_of(&again), 4, Body::empty()).await.expect(204);
    assert!(paths(&anna, dataset).await.contains(&"late (1).jpg".to_owned()));
    // Without all of it, nobody knows that it is the same.
    let half = url_of(&timeless("keep_both", 6).await);
    patch(&anna, &half, 0, "123").await.expect(204);
    assert_eq!(timeless("keep_both", 6).await["state"], "new");
    sound(app).await;
});
