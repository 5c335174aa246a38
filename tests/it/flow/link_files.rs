//! Files that a share link shows (LINK-1, FILE-4, FILE-5, POL-1): its pages, and that its doors to bytes give nothing that the link does
//! not show now (attacks 41 and 70).

use std::io::Cursor;

use axum::http::Method;
use commonhold::{
    domain::{id::ResourceId, photo::Position, time::Timestamp},
    server::{pictures::survey::Survey, workers::photos},
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp},
};

/// A dataset with three photos (numbers 1 to 3) and a text (4) in a folder, and one beside it with a file of its own.
struct World {
    anna: Person,
    org: Org,
    folder: ResourceId,
    dataset: ResourceId,
    /// In the same folder.
    beside: ResourceId,
    first: String,
}

async fn world(app: &TestApp) -> World {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 10_000, 100).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let dataset = anna.dataset(folder, "Portal flight", 0).await;
    let begins = Timestamp::parse_rfc3339("2026-11-18T10:00:00Z").expect("a time");
    let middle = Position { latitude: 46_662_400_000, longitude: 8_585_600_000 };
    let survey = Survey { width: 400, seed: 3, lines: 1, photos_in_line: 3, middle, begins, planted: &[] };
    let mut shots = survey.fly().expect("it flies");
    shots.sort_by(|a, b| a.name.cmp(&b.name));
    for shot in &shots {
        anna.upload(dataset, &shot.name, &shot.jpeg).await;
    }
    anna.upload(dataset, "zz notes.txt", b"what was seen").await;
    photos::run_due(app.ctx()).await.expect("photos are opened");
    let beside = anna.dataset(folder, "Secret flight", 0).await;
    anna.upload(beside, "secret.txt", b"nobody may know").await;
    let first = shots[0].name.clone();
    World { anna, org, folder, dataset, beside, first }
}

/// Switches a link on; its id and its path.
async fn link(by: &Person, resource: ResourceId, body: &Value) -> (String, String) {
    let made = by.post(&format!("/api/v1/resources/{resource}/links"), body).await.expect(201).json();
    let (id, url) = (made["id"].as_str().expect("an id"), made["url"].as_str().expect("an address"));
    (id.to_owned(), url.strip_prefix("http://localhost:3000").expect("the public URL").to_owned())
}

async fn open(app: &TestApp, path: &str) -> Answer {
    app.nobody().page(path).await
}

/// Every door to bytes of a dataset.
fn doors(path: &str, dataset: ResourceId) -> [String; 5] {
    [
        format!("{path}/{dataset}/files/1/preview?size=320"),
        format!("{path}/{dataset}/files/1/preview?size=1600"),
        format!("{path}/{dataset}/files/1/content"),
        format!("{path}/{dataset}/zip"),
        format!("{path}/{dataset}/zip?side=input&numbers=1&numbers=4"),
    ]
}

async fn all(app: &TestApp, path: &str, dataset: ResourceId, status: u16) {
    for door in doors(path, dataset) {
        let answer = open(app, &door).await;
        assert_eq!(answer.status, status, "{door}: {}", answer.body);
    }
}

both!(link_1_file_5_a_link_shows_photos_with_previews_a_view_of_each_and_downloads, async |app| {
    let World { anna, dataset, first, .. } = world(app).await;
    let (_, path) = link(&anna, dataset, &json!({})).await;
    let page = open(app, &path).await.expect(200);
    assert_eq!(page.body.matches("<img src=\"").count(), 3, "{}", page.body);
    assert!(page.body.contains("zz notes.txt") && page.body.contains(&first));
    assert!(page.body.contains("Download all") && page.body.contains("Download selected"));
    // Nobody's name, no script, and nothing of the application.
    for word in ["Anna", "Muster", "Alpine", "<script", "/api/", "/o/"] {
        assert!(!page.body.contains(word), "{word}: {}", page.body);
    }
    // Each picture that it shows is there, encoded by the server, and asked about each time.
    for address in page.body.split("<img src=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()) {
        let preview = open(app, address).await.expect(200);
        assert_eq!(preview.header("content-type"), "image/jpeg");
        assert_eq!(preview.header("cache-control"), "private, no-cache");
        assert_eq!(preview.header("content-disposition"), "inline");
        assert!(preview.header("x-robots-tag").contains("noindex"));
        assert_eq!(preview.header("referrer-policy"), "no-referrer");
        let tag = preview.header("etag").to_owned();
        let again = app.nobody().call(Method::GET, address, None, &[("if-none-match", &tag)]).await;
        assert_eq!(again.status, 304, "{}", again.body);
    }
    let one = open(app, &format!("{path}?file=2")).await.expect(200);
    assert!(one.body.contains("preview?size=1600") && one.body.contains("Position") && one.body.contains("Taken"));
    assert!(one.body.contains("?file=1") && one.body.contains("?file=3"), "its neighbours: {}", one.body);
    assert!(!one.body.contains("Anna"));
    open(app, &format!("{path}?file=99")).await.expect(404);
    open(app, &format!("{path}?file=x")).await.expect(404);
    open(app, &format!("{path}?side=sideways")).await.expect(404);
    let results = open(app, &format!("{path}?side=output")).await.expect(200);
    assert!(results.body.contains("Nothing here yet.") && !results.body.contains("<img"));
    // What was uploaded is an attachment, with ranges.
    let content = format!("{path}/{dataset}/files/4/content");
    let whole = open(app, &content).await.expect(200);
    assert_eq!(whole.body, "what was seen");
    assert_eq!(whole.header("content-disposition"), "attachment; filename*=UTF-8''zz%20notes.txt");
    assert!(whole.header("content-security-policy").contains("sandbox"), "not the policy of the page");
    let part = app.nobody().call(Method::GET, &content, None, &[("range", "bytes=5-7")]).await;
    assert_eq!((part.status, part.body.as_str()), (206, "was"));
    // A selection, and the whole dataset.
    let names = |answer: &Answer| {
        let archive = zip::ZipArchive::new(Cursor::new(answer.bytes.to_vec())).expect("an archive");
        archive.file_names().map(|name| name.expect("a name").into_owned()).collect::<Vec<_>>()
    };
    let some = open(app, &format!("{path}/{dataset}/zip?numbers=1&numbers=4")).await.expect(200);
    assert_eq!(names(&some).len(), 2);
    let every = open(app, &format!("{path}/{dataset}/zip")).await.expect(200);
    assert_eq!(names(&every).len(), 4);
    assert_eq!(every.header("content-disposition"), "attachment; filename*=UTF-8''Portal%20flight.zip");
    // A HEAD tells the same and sends nothing; a POST changes nothing.
    let head = app.nobody().call(Method::HEAD, &content, None, &[]).await;
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    for door in doors(&path, dataset) {
        assert_eq!(app.nobody().call(Method::POST, &door, None, &[]).await.status, 405, "{door}");
    }
});

both!(attack_70_a_link_gives_no_bytes_that_it_does_not_show, async |app| {
    let World { anna, org, folder, dataset, beside, .. } = world(app).await;
    let (id, path) = link(&anna, dataset, &json!({})).await;
    all(app, &path, dataset, 200).await;
    let nothing = open(app, "/s/nonsense").await.expect(404);
    // Another dataset, with the numbers of its own files and of this one's.
    all(app, &path, beside, 404).await;
    for door in doors(&path, beside) {
        assert_eq!(open(app, &door).await.body, nothing.body, "{door}");
    }
    for (other, number) in [(folder, "1"), (org.root, "1"), (dataset, "99"), (dataset, "-1"), (dataset, "1%20OR%201=1")]
    {
        open(app, &format!("{path}/{other}/files/{number}/content")).await.expect(404);
        open(app, &format!("{path}/{other}/files/{number}/preview?size=320")).await.expect(404);
    }
    open(app, &format!("{path}/nonsense/files/1/content")).await.expect(404);
    open(app, &format!("{path}/{dataset}/zip?numbers=1,99")).await.expect(404);
    open(app, &format!("{path}/{dataset}/files/1/preview?size=7")).await.expect(404);
    // A text has no preview.
    open(app, &format!("{path}/{dataset}/files/4/preview?size=320")).await.expect(404);
    // A link to the folder shows both; a wrong token shows none.
    let (_, above) = link(&anna, folder, &json!({})).await;
    all(app, &above, dataset, 200).await;
    open(app, &format!("{above}/{beside}/files/1/content")).await.expect(200);
    all(app, &format!("/s/{}", "A".repeat(43)), dataset, 404).await;
    // Revoked, at once.
    anna.delete(&format!("/api/v1/links/{id}")).await.expect(204);
    all(app, &path, dataset, 404).await;
    // In the trash, and restored.
    anna.trash(dataset).await.expect(204);
    all(app, &above, dataset, 404).await;
    app.healthy().await;
});

both!(attack_70_a_link_that_has_ended_or_asks_for_its_password_gives_no_bytes, async |app| {
    let World { anna, dataset, .. } = world(app).await;
    let (_, ends) = link(&anna, dataset, &json!({ "expires_at": "2026-11-22T00:00:00Z" })).await;
    all(app, &ends, dataset, 200).await;
    let (_, locked) = link(&anna, dataset, &json!({ "password": "open sesame" })).await;
    all(app, &locked, dataset, 404).await;
    let form = serde_urlencoded::to_string([("password", "open sesame")]).expect("a form");
    let request = axum::http::Request::builder()
        .method(Method::POST)
        .uri(&locked)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "null")
        .body(axum::body::Body::from(form));
    let unlocked = app.nobody().send(request.expect("a request")).await.expect(303);
    let pair = unlocked.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let visitor = app.nobody();
    visitor.set_cookie(Some(&pair));
    for door in doors(&locked, dataset) {
        visitor.page(&door).await.expect(200);
    }
    // What was kept for one link opens no other, and nothing is opened by what was made up.
    let (_, other) = link(&anna, dataset, &json!({ "password": "open sesame" })).await;
    for door in doors(&other, dataset) {
        visitor.page(&door).await.expect(404);
    }
    visitor.set_cookie(Some("commonhold-link=forged"));
    for door in doors(&locked, dataset) {
        visitor.page(&door).await.expect(404);
    }
    app.later(1);
    all(app, &ends, dataset, 404).await;
});

both!(link_1_pol_1_where_no_one_may_download_a_link_shows_previews_and_gives_nothing_else, async |app| {
    let World { anna, folder, dataset, .. } = world(app).await;
    let (_, path) = link(&anna, dataset, &json!({})).await;
    // Also where it was restricted above what the link shows.
    let restricted = json!({ "copy": false, "delete": false, "download": true });
    anna.call(Method::PUT, &format!("/api/v1/resources/{folder}/restrictions"), Some(&restricted), &[])
        .await
        .expect(200);
    let page = open(app, &path).await.expect(200);
    assert_eq!(page.body.matches("<img src=\"").count(), 3);
    assert!(page.body.contains("Managers have restricted downloading"), "{}", page.body);
    for word in ["Download all", "Download selected", "type=\"checkbox\"", "/content"] {
        assert!(!page.body.contains(word), "{word}");
    }
    assert!(!open(app, &format!("{path}?file=1")).await.expect(200).body.contains("/content"));
    for door in doors(&path, dataset) {
        let status = if door.contains("/preview") { 200 } else { 404 };
        open(app, &door).await.expect(status);
    }
});

both!(link_1_many_files_are_shown_a_page_at_a_time, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 10_000, 100).await;
    let dataset = anna.dataset(org.root, "Flight", 0).await;
    for number in 0..125 {
        anna.upload(dataset, &format!("{number:03}.txt"), format!("{number}").as_bytes()).await;
    }
    let (_, path) = link(&anna, dataset, &json!({})).await;
    let first = open(app, &path).await.expect(200);
    assert_eq!(first.body.matches("class=\"file-row\"").count(), 120);
    let next = first.body.split("href=\"").find(|rest| rest.contains("cursor=")).expect("more");
    let next = next.split('"').next().expect("an address").replace("&#38;", "&").replace("&amp;", "&");
    let second = open(app, &next).await.expect(200);
    assert_eq!(second.body.matches("class=\"file-row\"").count(), 5);
    assert!(second.body.contains("Back to the start"));
});
