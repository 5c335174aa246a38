//! Several files as one ZIP (FILE-4): chosen ones, a dataset's, a folder's.

use std::io::{Cursor, Read};

use axum::http::Method;
use commonhold::domain::{access::Level, id::ResourceId, role::Role, transfer::Grantee};
use serde_json::json;

use crate::{
    both,
    support::{Answer, Org, Person, TestApp},
};

async fn world(app: &TestApp) -> (Person, Org, ResourceId, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 10_000, 100).await;
    let folder = anna.folder(org.root, "Dams").await;
    let dataset = anna.dataset(folder, "Week: 46", 0).await;
    (anna, org, folder, dataset)
}

fn dataset_zip(dataset: ResourceId, query: &str) -> String {
    format!("/api/v1/datasets/{dataset}/zip{query}")
}

fn folder_zip(folder: ResourceId) -> String {
    format!("/api/v1/resources/{folder}/zip")
}

/// The files of an archive with their contents, whose checksums are right.
fn unpacked(answer: &Answer) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(answer.bytes.to_vec())).expect("an archive");
    (0..archive.len())
        .map(|number| {
            let mut file = archive.by_index(number).expect("a file");
            let mut content = Vec::new();
            file.read_to_end(&mut content).expect("its content");
            (file.name().expect("a name").into_owned(), content)
        })
        .collect()
}

fn names(answer: &Answer) -> Vec<String> {
    unpacked(answer).into_iter().map(|(name, _)| name).collect()
}

both!(attack_38_what_windows_takes_in_no_name_is_replaced_and_no_two_files_get_one_name, async |app| {
    let (anna, _, _, dataset) = world(app).await;
    for (path, bytes) in [("ab:c.txt", "1"), ("ab_c.txt", "2"), ("d/q?.txt", "3"), ("ab|c.txt", "4")] {
        anna.upload(dataset, path, bytes.as_bytes()).await;
    }
    let mut files: Vec<(String, Vec<u8>)> = unpacked(&anna.get(&dataset_zip(dataset, "")).await.expect(200));
    files.sort();
    let content = |name: &str| files.iter().find(|(of, _)| of == name).map(|(_, bytes)| bytes.as_slice());
    assert_eq!(content("ab_c.txt"), Some(&b"2"[..]), "who is called so keeps the name: {files:?}");
    assert_eq!(content("d/q_.txt"), Some(&b"3"[..]));
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["ab_c (1).txt", "ab_c (2).txt", "ab_c.txt", "d/q_.txt"]);
    let listed = anna.get(&format!("/api/v1/datasets/{dataset}/files")).await.expect(200);
    assert!(listed.body.contains("ab:c.txt"), "stored as it was sent");
});

both!(file_4_a_dataset_is_taken_as_a_zip_and_goes_on_where_it_was_cut, async |app| {
    let (anna, _, _, dataset) = world(app).await;
    anna.get(&dataset_zip(dataset, "")).await.expect(422);
    let second = anna.upload(dataset, "b/DJI_0002.JPG", &[7; 3_000]).await;
    let first = anna.upload(dataset, "a/DJI_0001.JPG", b"one").await;
    let empty = anna.upload(dataset, "empty.txt", b"").await;
    let whole = anna.get(&dataset_zip(dataset, "")).await.expect(200);
    assert_eq!(whole.header("content-type"), "application/zip");
    assert_eq!(whole.header("content-disposition"), "attachment; filename*=UTF-8''Week_%2046.zip");
    assert_eq!(whole.header("content-length"), whole.bytes.len().to_string());
    assert_eq!(whole.header("content-security-policy"), "default-src 'none'; sandbox; frame-ancestors 'none'");
    let wanted = [("a/DJI_0001.JPG", b"one".to_vec()), ("b/DJI_0002.JPG", vec![7; 3_000]), ("empty.txt", Vec::new())];
    assert_eq!(unpacked(&whole), wanted.map(|(name, content)| (name.to_owned(), content)));
    // The same again, and the rest of one that was cut.
    assert_eq!(anna.get(&dataset_zip(dataset, "?side=input")).await.expect(200).bytes, whole.bytes);
    let tag = whole.header("etag").to_owned();
    let get = async |headers: &[(&str, &str)]| anna.call(Method::GET, &dataset_zip(dataset, ""), None, headers).await;
    let rest = get(&[("range", "bytes=1500-"), ("if-range", &tag)]).await.expect(206);
    assert_eq!(rest.bytes, whole.bytes.slice(1500..));
    let length = whole.bytes.len();
    assert_eq!(rest.header("content-range"), format!("bytes 1500-{}/{length}", length - 1));
    get(&[("if-none-match", &tag)]).await.expect(304);
    let head = anna.call(Method::HEAD, &dataset_zip(dataset, ""), None, &[]).await.expect(200);
    assert_eq!((head.header("content-length"), head.bytes.len()), (whole.header("content-length"), 0));
    // Chosen ones, in the order of their paths, wherever they were chosen.
    let chosen = anna.get(&dataset_zip(dataset, &format!("?numbers={second},{first}"))).await.expect(200);
    assert_eq!(names(&chosen), ["a/DJI_0001.JPG", "b/DJI_0002.JPG"]);
    let range = anna.get(&dataset_zip(dataset, &format!("?numbers=1-{empty}"))).await.expect(200);
    assert_eq!(range.bytes, whole.bytes);
    for (query, status) in [
        ("?numbers=99", 404),
        ("?numbers=1-99", 404),
        ("?numbers=x", 422),
        ("?numbers=1-20000", 422),
        ("?side=sideways", 422),
        ("?side=output", 422),
        ("?side=output&numbers=1", 404),
        ("?colour=red", 400),
    ] {
        let refused = anna.get(&dataset_zip(dataset, query)).await;
        assert_eq!(refused.status, status, "{query}: {}", refused.body);
    }
    // A change makes another archive, and a resumed download begins anew.
    anna.patch(&format!("/api/v1/datasets/{dataset}/files/{first}"), &json!({ "path": "a/renamed.jpg" }))
        .await
        .expect(200);
    let anew = get(&[("range", "bytes=1500-"), ("if-range", &tag)]).await.expect(200);
    assert_eq!(names(&anew), ["a/renamed.jpg", "b/DJI_0002.JPG", "empty.txt"]);
});

both!(file_4_a_folder_is_taken_with_its_datasets_in_folders, async |app| {
    let (anna, org, folder, dataset) = world(app).await;
    let inner = anna.folder(folder, "North/South").await;
    let deep = anna.dataset(inner, "CON", 0).await;
    let elsewhere = anna.dataset(org.root, "Elsewhere", 0).await;
    let gone = anna.dataset(folder, "Gone", 0).await;
    for (dataset, path) in [(dataset, "1.jpg"), (deep, "2.jpg"), (elsewhere, "3.jpg"), (gone, "4.jpg")] {
        anna.upload(dataset, path, path.as_bytes()).await;
    }
    anna.post(&format!("/api/v1/resources/{gone}/trash"), &json!({})).await.expect(204);
    let taken = anna.get(&folder_zip(folder)).await.expect(200);
    assert_eq!(names(&taken), ["North_South/_CON/2.jpg", "Week_ 46/1.jpg"]);
    assert!(taken.header("content-disposition").ends_with("Dams.zip"));
    let all = anna.get(&folder_zip(org.root)).await.expect(200);
    assert_eq!(names(&all), ["Dams/North_South/_CON/2.jpg", "Dams/Week_ 46/1.jpg", "Elsewhere/3.jpg"]);
    // A dataset alone is one, too.
    assert_eq!(names(&anna.get(&folder_zip(dataset)).await.expect(200)), ["1.jpg"]);
    anna.get(&folder_zip(gone)).await.expect(404);
    anna.get(&dataset_zip(folder, "")).await.expect(404);
    let nothing = anna.folder(org.root, "Nothing").await;
    let refused = anna.get(&folder_zip(nothing)).await.expect(422);
    assert!(refused.body.contains("no files to download"), "{}", refused.body);
});

both!(file_4_pol_1_access_4_a_zip_is_for_who_may_download_all_of_it, async |app| {
    let (anna, org, folder, dataset) = world(app).await;
    let number = anna.upload(dataset, "1.jpg", b"one").await;
    let addresses = [dataset_zip(dataset, ""), dataset_zip(dataset, &format!("?numbers={number}")), folder_zip(folder)];
    let stranger = app.person("Stranger").await;
    let reader = app.person("Reader").await;
    app.join(&org, &reader, Role::Member).await;
    app.give(dataset, Grantee::Person(reader.id), Level::Reader, false).await;
    for address in &addresses {
        stranger.get(address).await.expect(404);
        anna.get(address).await.expect(200);
    }
    reader.get(&addresses[0]).await.expect(200);
    // The folder around is not there for them.
    reader.get(&addresses[2]).await.expect(404);
    let restrict = json!({ "copy": false, "delete": false, "download": true });
    anna.call(Method::PUT, &format!("/api/v1/resources/{dataset}/restrictions"), Some(&restrict), &[])
        .await
        .expect(200);
    for address in &addresses {
        let refused = anna.get(address).await.expect(403);
        assert!(refused.body.contains("restricted downloading"), "{}", refused.body);
    }
    assert!(anna.get(&addresses[2]).await.body.contains("“Week: 46”"));
});

both!(pol_1_what_cannot_be_copied_is_found_among_hundreds_that_cannot_be_deleted, async |app| {
    let (anna, org, folder, _) = world(app).await;
    let restrict = async |resource: ResourceId, what: &str| {
        let body = json!({ what: true });
        anna.call(Method::PUT, &format!("/api/v1/resources/{resource}/restrictions"), Some(&body), &[])
            .await
            .expect(200);
    };
    for number in 0..101 {
        restrict(anna.folder(folder, &format!("Kept {number}")).await, "delete").await;
    }
    restrict(anna.folder(folder, "Secret").await, "copy").await;
    let copied = anna.post(&format!("/api/v1/resources/{folder}/copy"), &json!({ "destination": org.root })).await;
    assert!(copied.expect(403).body.contains("“Secret”"));
});
