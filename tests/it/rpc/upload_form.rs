//! The form that uploads without script (FILE-2).

use axum::{
    body::{Body, Bytes},
    http::{Method, Request},
};
use commonhold::domain::{access::Level, id::ResourceId, resource::DatasetStatus, role::Role, transfer::Grantee};
use futures::{StreamExt, stream};

use crate::{
    both,
    support::{Answer, MAX_FILE_BYTES, Org, Person, TestApp},
};

const BOUNDARY: &str = "----form";

/// A form as a browser sends it: what happens where a name is taken, then the files.
fn form(on_conflict: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body =
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"on_conflict\"\r\n\r\n{on_conflict}\r\n")
            .into_bytes();
    for (name, bytes) in files {
        body.extend(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: image/jpeg\r\n\r\n"
            )
            .bytes(),
        );
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}

fn request(dataset: &str, from: &str, length: Option<usize>, body: Body) -> Request<Body> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("/upload/{dataset}"))
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .header("accept", "text/html")
        .header("host", "localhost:3000")
        .header("origin", "http://localhost:3000")
        .header("sec-fetch-site", "same-origin")
        .header("referer", format!("http://localhost:3000{from}"));
    if let Some(length) = length {
        request = request.header("content-length", length);
    }
    request.body(body).expect("a request")
}

/// Sends a form from the page of a dataset; the page that comes then.
async fn send(by: &Person, org: &Org, dataset: ResourceId, on_conflict: &str, files: &[(&str, &[u8])]) -> String {
    let body = form(on_conflict, files);
    let back = format!("/o/{}/drive/{dataset}", org.org_id);
    let answer = by.send(request(&dataset.to_string(), &back, Some(body.len()), Body::from(body))).await;
    assert_eq!((answer.status, answer.location()), (303, back.as_str()), "{}", answer.body);
    by.page(&back).await.body
}

async fn paths(by: &Person, dataset: ResourceId) -> Vec<String> {
    let listed = by.get(&format!("/api/v1/datasets/{dataset}/files?limit=200")).await.expect(200).json();
    let items = listed["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|file| file["path"].as_str().map(str::to_owned)).collect()
}

/// Nothing is under way, and everything that is stored is known.
async fn nothing_half_there(app: &TestApp) {
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM upload WHERE file_number IS NULL").await, 0);
    app.healthy().await;
    app.storage_healthy().await;
}

/// An Owner with a licence, and a dataset without files.
async fn world(app: &TestApp) -> (Person, Org, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 10_000, 100).await;
    let dataset = anna.dataset(org.root, "Flight 1", 0).await;
    (anna, org, dataset)
}

both!(file_2_a_form_without_script_uploads_several_files_and_says_what_came_of_each, async |app| {
    let (anna, org, dataset) = world(app).await;
    let page = anna.page(&format!("/o/{}/drive/{dataset}", org.org_id)).await.expect(200).body;
    assert!(page.contains(&format!("action=\"/upload/{dataset}?page_of={}\"", anna.id)), "the form is on the page");
    let large = vec![b'x'; 3_000_000];
    let files: [(&str, &[u8]); 3] = [("a.jpg", b"\xFF\xD8\xFFone"), ("100MEDIA/b.jpg", &large), ("empty.txt", b"")];
    let page = send(&anna, &org, dataset, "", &files).await;
    assert!(page.contains("3 files added"), "told on the next page");
    assert_eq!(paths(&anna, dataset).await, ["100MEDIA/b.jpg", "a.jpg", "empty.txt"]);
    let facts = anna.show(dataset).await.expect(200).json()["dataset"].clone();
    assert_eq!((&facts["files"], &facts["images"], &facts["bytes"]), (&3.into(), &1.into(), &3_000_006.into()));
    let taken = anna.get(&format!("/api/v1/datasets/{dataset}/files/2/content")).await.expect(200);
    assert_eq!(taken.body.as_bytes(), large);
    // The same again is not there twice, and another file of the same name has a number.
    let again: [(&str, &[u8]); 3] = [("a.jpg", b"\xFF\xD8\xFFone"), ("empty.txt", b""), ("A.JPG", b"other")];
    let page = send(&anna, &org, dataset, "", &again).await;
    assert!(page.contains("1 file added, 2 were there already"), "{page}");
    assert_eq!(paths(&anna, dataset).await, ["100MEDIA/b.jpg", "A (1).JPG", "a.jpg", "empty.txt"]);
    assert!(anna.audit(&org).await.contains(&"files.upload_started".to_owned()));
    nothing_half_there(app).await;
});

both!(file_2_set_1_a_form_on_a_folder_makes_a_new_dataset_of_its_files, async |app| {
    let (anna, org, _) = world(app).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let back = format!("/o/{}/drive/{folder}", org.org_id);
    let page = anna.page(&back).await.expect(200).body;
    assert!(page.contains(&format!("action=\"/upload/{folder}?page_of={}\"", anna.id)), "the form is on the page");
    for name in ["Portal", "Portal", ""] {
        let body = form("", &[("a.jpg", b"one"), ("b.jpg", b"two")]);
        let named = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n{name}\r\n");
        let body = [named.as_bytes(), &body].concat();
        let answer = anna.send(request(&folder.to_string(), &back, Some(body.len()), Body::from(body))).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let page = anna.page(answer.location()).await.expect(200).body;
        assert!(page.contains("2 files added"), "told on the page of the dataset");
    }
    let names = anna.children(folder, "").await.expect(200).names();
    assert_eq!(names.len(), 3);
    assert!(
        names.iter().any(|name| name.ends_with(" Upload")) && names.contains(&"Portal (2)".to_owned()),
        "{names:?}"
    );
    // Who may not add anything there makes nothing, and is told where they were.
    let john = app.person("John").await;
    app.join(&org, &john, Role::Reader).await;
    let body = form("", &[("a.jpg", b"one")]);
    let answer = john.send(request(&folder.to_string(), &back, Some(body.len()), Body::from(body.clone()))).await;
    assert_eq!(answer.location(), back);
    assert!(!john.page(&back).await.body.contains("upload-new-name"));
    // To whom it does not exist, it does not exist.
    let eve = app.person("Eve").await;
    eve.send(request(&folder.to_string(), "/", Some(body.len()), Body::from(body))).await;
    assert_eq!(anna.children(folder, "").await.expect(200).names().len(), 3);
    nothing_half_there(app).await;
});

both!(file_2_a_form_skips_or_replaces_where_it_says_so, async |app| {
    let (anna, org, dataset) = world(app).await;
    send(&anna, &org, dataset, "", &[("a.jpg", b"one")]).await;
    let page = send(&anna, &org, dataset, "skip", &[("a.jpg", b"two"), ("b.jpg", b"b")]).await;
    assert!(page.contains("1 file added, 1 skipped"));
    let page = send(&anna, &org, dataset, "replace", &[("a.jpg", b"three")]).await;
    assert!(page.contains("1 file added"));
    assert_eq!(paths(&anna, dataset).await, ["a.jpg", "b.jpg"]);
    // An Uploader adds and nothing else.
    let john = app.person("John").await;
    app.join(&org, &john, Role::Member).await;
    app.give(dataset, Grantee::Person(john.id), Level::Uploader, false).await;
    let page = send(&john, &org, dataset, "replace", &[("a.jpg", b"four")]).await;
    assert!(page.contains("Editor") && !page.contains("file added"), "who may replace is told");
    let page = send(&john, &org, dataset, "", &[("a.jpg", b"four")]).await;
    assert!(page.contains("1 file added"));
    assert!(!page.contains("value=\"replace\""), "not offered");
    assert_eq!(paths(&anna, dataset).await, ["a (1).jpg", "a.jpg", "b.jpg"]);
    nothing_half_there(app).await;
});

both!(file_2_what_a_form_cannot_add_is_told_by_name_and_the_others_are_added, async |app| {
    let (anna, org, dataset) = world(app).await;
    let long = "x".repeat(256);
    let files: [(&str, &[u8]); 5] =
        [("../up.jpg", b"x"), ("CON", b"x"), (&long, b"x"), ("good.jpg", b"x"), ("C:\\photo.jpg", b"x")];
    let page = send(&anna, &org, dataset, "", &files).await;
    assert!(page.contains("1 file added") && page.contains("4 files were not added."), "{page}");
    for told in ["../up.jpg", "CON"] {
        assert!(page.contains(told), "{told}");
    }
    assert_eq!(paths(&anna, dataset).await, ["good.jpg"]);
    // No file system has such a name, and no browser sends it.
    let nul = send(&anna, &org, dataset, "", &[("nul\0.jpg", b"x")]).await;
    assert!(!nul.contains("file added"), "{nul}");
    assert_eq!(paths(&anna, dataset).await, ["good.jpg"]);
    let nothing = send(&anna, &org, dataset, "", &[("", b"")]).await;
    assert!(nothing.contains("Choose files first."));
    nothing_half_there(app).await;
});

#[tokio::test(flavor = "multi_thread")]
async fn file_2_a_file_of_a_form_that_is_too_large_is_refused_and_leaves_nothing() {
    let app = TestApp::sqlite().await;
    let (anna, org, dataset) = world(&app).await;
    let (head, rest) = {
        let whole = form("", &[("huge.bin", b"@"), ("small.jpg", b"x")]);
        let at = whole.iter().position(|byte| *byte == b'@').expect("the file");
        (whole[..at].to_vec(), whole[at + 1..].to_vec())
    };
    let chunk = Bytes::from(vec![0; 1_000_000]);
    let chunks = usize::try_from(MAX_FILE_BYTES).expect("a size") / chunk.len() + 1;
    let length = head.len() + chunks * chunk.len() + rest.len();
    let parts = [Bytes::from(head)].into_iter().chain(std::iter::repeat_n(chunk, chunks)).chain([Bytes::from(rest)]);
    let body = Body::from_stream(stream::iter(parts.map(Ok::<_, std::io::Error>)));
    let back = format!("/o/{}/drive/{dataset}", org.org_id);
    assert_eq!(anna.send(request(&dataset.to_string(), &back, Some(length), body)).await.status, 303);
    let page = anna.page(&back).await.body;
    assert!(page.contains("1 file added") && page.contains("1 file was not added."));
    assert!(page.contains("huge.bin") && page.contains("A file can have at most 200.0 MB."));
    assert_eq!(paths(&anna, dataset).await, ["small.jpg"]);
    nothing_half_there(&app).await;
}

both!(file_2_file_6_a_form_that_does_not_fit_leaves_nothing, async |app| {
    let (anna, org, dataset) = world(app).await;
    commonhold::server::usecase::storage::set(app.ctx(), &org.org_id, Some(2_000)).await.expect("a limit");
    let bytes = vec![b'x'; 1_200];
    // Each file reserves what is left of the form, so what is too much as a whole is refused at its first file.
    let page = send(&anna, &org, dataset, "", &[("a.jpg", &bytes), ("b.jpg", &bytes)]).await;
    assert!(page.contains("left of 2.0 kB"), "{page}");
    assert!(paths(&anna, dataset).await.len() < 2);
    nothing_half_there(app).await;
    // Used up by somebody else while a form is on its way.
    let other = anna.dataset(org.root, "Flight 2", 0).await;
    anna.upload(other, "x.jpg", &[0; 700]).await;
    let page = send(&anna, &org, dataset, "", &[("c.jpg", &bytes)]).await;
    assert!(page.contains("left of 2.0 kB"));
    nothing_half_there(app).await;
});

both!(file_2_a_form_is_refused_where_files_cannot_be_added, async |app| {
    let (anna, org, dataset) = world(app).await;
    let reader = app.person("Rita").await;
    app.join(&org, &reader, Role::Reader).await;
    let file: [(&str, &[u8]); 1] = [("a.jpg", b"x")];
    let page = send(&reader, &org, dataset, "", &file).await;
    assert!(page.contains("class=\"problems\"") && !page.contains("file added"), "a Reader is told who may");
    assert!(!page.contains("multipart/form-data"), "and has no form");
    let stranger = app.person("Sam").await;
    let own = stranger.create_org("Elsewhere").await;
    let page = send(&stranger, &own, dataset, "", &file).await;
    assert!(!page.contains("Flight 1"), "nobody learns what is there");
    // Held by what is processed.
    let held = anna.dataset(org.root, "Held", 0).await;
    anna.upload(held, "x.jpg", b"\xFF\xD8\xFFx").await;
    app.set_status(held, DatasetStatus::Queued).await;
    let page = send(&anna, &org, held, "", &file).await;
    assert!(page.contains("A job works on the images of this dataset"));
    assert!(!page.contains("multipart/form-data"), "the page says so and has no form");
    // In the trash.
    let gone = anna.dataset(org.root, "Gone", 0).await;
    anna.trash(gone).await.expect(204);
    let body = form("", &file);
    let back = format!("/o/{}/drive", org.org_id);
    let answer = anna.send(request(&gone.to_string(), &back, Some(body.len()), Body::from(body))).await;
    assert_eq!(answer.status, 303);
    assert_eq!(paths(&anna, dataset).await.len(), 0);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM dataset_file").await, 1);
    nothing_half_there(app).await;
});

both!(file_2_what_happens_to_a_dataset_while_a_form_is_sent_counts_for_the_files_that_are_left, async |app| {
    let (anna, org, dataset) = world(app).await;
    let back = format!("/o/{}/drive/{dataset}", org.org_id);
    let first = form("", &[("a.jpg", b"one"), ("b.jpg", b"two")]);
    // The form up to the middle of the second file; then the dataset goes to the trash; then the rest.
    let middle = first.windows(5).position(|part| part == b"b.jpg").expect("the second file");
    let (before, after) = (first[..middle].to_vec(), first[middle..].to_vec());
    let (person, item) = (anna.clone(), dataset);
    let parts = stream::unfold(0, move |step| {
        let (before, after, person) = (before.clone(), after.clone(), person.clone());
        async move {
            match step {
                0 => Some((Ok::<_, std::io::Error>(Bytes::from(before)), 1)),
                1 => {
                    // The first file is there by then.
                    for _ in 0..200 {
                        if !paths(&person, item).await.is_empty() {
                            break;
                        }
                        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    }
                    person.trash(item).await.expect(204);
                    Some((Ok(Bytes::from(after)), 2))
                }
                _ => None,
            }
        }
    });
    let answer = anna.send(request(&dataset.to_string(), &back, Some(first.len()), Body::from_stream(parts))).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    anna.restore(dataset).await.expect(200);
    assert_eq!(paths(&anna, dataset).await, ["a.jpg"]);
    nothing_half_there(app).await;
});

both!(file_2_a_form_that_is_cut_in_the_middle_leaves_no_half_file, async |app| {
    let (anna, org, dataset) = world(app).await;
    let back = format!("/o/{}/drive/{dataset}", org.org_id);
    let large = vec![b'x'; 200_000];
    let whole = form("", &[("a.jpg", b"one"), ("b.jpg", &large)]);
    let half = whole[..whole.len() / 2].to_vec();
    let broken = stream::iter([Ok(Bytes::from(half.clone())), Err(std::io::Error::other("the connection broke"))]);
    for (what, body) in [("ends early", Body::from(half)), ("breaks", Body::from_stream(broken))] {
        let answer = anna.send(request(&dataset.to_string(), &back, Some(whole.len()), body)).await;
        assert_eq!(answer.status, 303, "{what}");
        let page = anna.page(&back).await.body;
        assert!(page.contains("did not arrive whole"), "{what}");
        assert_eq!(paths(&anna, dataset).await, ["a.jpg"], "{what}");
        nothing_half_there(app).await;
    }
    // A file that was not ended is discarded by the task that wrote it, also where nobody waits for the answer.
    let endless = stream::iter([Ok::<_, std::io::Error>(Bytes::from(whole[..whole.len() / 2].to_vec()))])
        .chain(stream::pending());
    let sent = anna.send(request(&dataset.to_string(), &back, Some(whole.len()), Body::from_stream(endless)));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(500), sent).await.is_err(), "nobody waits");
    for _ in 0..200 {
        let open = app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM upload WHERE file_number IS NULL").await;
        if open == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    nothing_half_there(app).await;
});

both!(attack_32_file_2_a_form_of_another_site_or_of_another_person_adds_nothing, async |app| {
    let (anna, org, dataset) = world(app).await;
    let back = format!("/o/{}/drive/{dataset}", org.org_id);
    let body = form("", &[("a.jpg", b"x")]);
    let send = async |by: &Person, address: &str, change: fn(&mut Request<Body>)| -> Answer {
        let mut request = request(address, &back, Some(body.len()), Body::from(body.clone()));
        change(&mut request);
        by.send(request).await
    };
    let id = dataset.to_string();
    let foreign = send(&anna, &id, |request| {
        request.headers_mut().insert("origin", "https://evil.example".parse().expect("a value"));
        request.headers_mut().insert("sec-fetch-site", "cross-site".parse().expect("a value"));
    });
    assert_eq!(foreign.await.status, 403);
    let silent = send(&anna, &id, |request| {
        request.headers_mut().remove("origin");
        request.headers_mut().remove("sec-fetch-site");
    });
    assert_eq!(silent.await.status, 403);
    // Somebody else has signed in with the same browser since the page was shown.
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    let other = send(&john, &format!("{id}?page_of={}", anna.id), |_| ()).await;
    assert_eq!(other.status, 303);
    assert!(john.page(&back).await.body.contains("John"), "told who is signed in");
    // View as shows and changes nothing.
    let viewed = send(&anna, &id, |request| {
        let referer = request.headers()["referer"].to_str().expect("text").to_owned() + "?as=1";
        request.headers_mut().insert("referer", referer.parse().expect("a value"));
    });
    assert_eq!(viewed.await.status, 403);
    let nobody = send(&app.nobody(), &id, |_| ()).await;
    assert_eq!(nobody.status, 303);
    assert!(nobody.location().starts_with("/signin"), "{}", nobody.location());
    let plain = anna.form(&format!("/upload/{id}"), &back, &[("files", "x")]).await;
    assert_eq!(plain.status, 415);
    assert_eq!(anna.call(Method::GET, &format!("/upload/{id}"), None, &[]).await.status, 405);
    for wrong in ["nonsense", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(send(&anna, wrong, |_| ()).await.status, 303, "{wrong}");
    }
    assert!(paths(&anna, dataset).await.is_empty());
    nothing_half_there(app).await;
});

both!(file_2_an_upload_that_was_left_is_told_on_the_page_of_its_dataset_and_can_be_discarded, async |app| {
    use commonhold::rpc::upload::DiscardUploads;
    use leptos::server_fn::ServerFn;
    let (anna, org, dataset) = world(app).await;
    let back = format!("/o/{}/drive/{dataset}", org.org_id);
    anna.upload(dataset, "a.jpg", b"one").await;
    let plan = serde_json::json!({ "files": [{ "path": "b.jpg", "bytes": 5 }, { "path": "c.jpg", "bytes": 5 }] });
    anna.post(&format!("/api/v1/datasets/{dataset}/uploads"), &plan).await.expect(200);
    let page = anna.page(&back).await.expect(200).body;
    assert!(page.contains("Upload unfinished: 1 of 3 files are here."), "{page}");
    // It is the sender's alone.
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    assert!(!john.page(&back).await.expect(200).body.contains("Upload unfinished"));
    let id = dataset.to_string();
    let form = [("dataset", id.as_str()), ("back", back.as_str())];
    let answer = anna.form(DiscardUploads::url(), &back, &form).await;
    assert_eq!(answer.location(), back);
    let page = anna.page(&back).await.expect(200).body;
    assert!(page.contains("Discarded 2 files") && !page.contains("Upload unfinished"));
    assert_eq!(paths(&anna, dataset).await, ["a.jpg"]);
    nothing_half_there(app).await;
});
