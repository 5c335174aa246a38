//! The files on a dataset's page, in a browser without WebAssembly (FILE-1, FILE-4, POL-1).

use axum::http::Method;
use commonhold::{
    domain::{
        access::Level, id::ResourceId, photo::Position, resource::DatasetStatus, role::Role, time::Timestamp,
        transfer::Grantee,
    },
    rpc::{
        file::{DeleteFiles, LeaveOutFiles, RenameFile},
        trash::UndoChange,
    },
    server::{
        pictures::survey::{Planted, Survey},
        workers::photos,
    },
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp},
};

/// An Owner with a licence, and a dataset with three photos.
async fn world(app: &TestApp) -> (Person, Org, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 10_000, 100).await;
    let dataset = anna.dataset(org.root, "Flight 1", 0).await;
    for path in ["100MEDIA/DJI_0002.JPG", "100MEDIA/DJI_0010.JPG", "notes.txt"] {
        anna.upload(dataset, path, &photo(path)).await;
    }
    (anna, org, dataset)
}

/// A JPEG by its first bytes, unless it is called a text.
fn photo(path: &str) -> Vec<u8> {
    let mut bytes = if path.rsplit('.').next() == Some("txt") { Vec::new() } else { vec![0xFF, 0xD8, 0xFF, 0xE1] };
    bytes.extend(path.bytes().cycle().take(2_000));
    bytes
}

fn tab(org: &Org, dataset: ResourceId, query: &str) -> String {
    format!("/o/{}/drive/{dataset}?tab={query}", org.org_id)
}

async fn files(by: &Person, dataset: ResourceId) -> Vec<Value> {
    let listed = by.get(&format!("/api/v1/datasets/{dataset}/files")).await.expect(200).json();
    listed["items"].as_array().expect("items").clone()
}

async fn left_out(by: &Person, dataset: ResourceId) -> Vec<i64> {
    let files = files(by, dataset).await;
    files
        .iter()
        .filter(|file| file["left_out"] == true)
        .map(|file| file["number"].as_i64().expect("a number"))
        .collect()
}

/// The page that a form leads to.
async fn after(by: &Person, answer: Answer) -> String {
    assert!(matches!(answer.status, 302 | 303), "{} {}", answer.status, answer.body);
    by.page(answer.location()).await.expect(200).body
}

/// The value of the first field of this name.
fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let rest = page.split(&format!("name=\"{name}\"")).nth(1).unwrap_or_else(|| panic!("no field {name}"));
    rest.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a value")
}

both!(file_1_a_dataset_has_tabs_with_its_files_in_the_order_of_their_paths, async |app| {
    let (anna, org, dataset) = world(app).await;
    let page = anna.page(&tab(&org, dataset, "images")).await.expect(200).body;
    let at = |text: &str| page.find(&format!("aria-label=\"{text}\"")).unwrap_or_else(|| panic!("{text} is not there"));
    assert!(at("100MEDIA/DJI_0002.JPG") < at("100MEDIA/DJI_0010.JPG"), "numbers sort by how much they are");
    assert!(at("100MEDIA/DJI_0010.JPG") < at("notes.txt"));
    for text in ["Select notes.txt", "3 files · 6.0 kB", "Leave out", "Take in again", "Download all", "as-photos"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!anna.page(&tab(&org, dataset, "images&view=list")).await.expect(200).body.contains("as-photos"));
    let found = anna.page(&tab(&org, dataset, "images&find=dji_0010")).await.expect(200).body;
    assert!(found.contains("1 of 3 files") && !found.contains("Select notes.txt"));
    let none = anna.page(&tab(&org, dataset, "images&find=nothing")).await.expect(200).body;
    assert!(none.contains("No file has “nothing” in its path."));
    let results = anna.page(&tab(&org, dataset, "results")).await.expect(200).body;
    assert!(results.contains("No results yet.") && !results.contains("Select notes.txt"));
    let overview = anna.page(&format!("/o/{}/drive/{dataset}", org.org_id)).await.expect(200).body;
    assert!(overview.contains("3 files, 6.0 kB") && overview.contains("Move to trash"));
    // A tab of what is no dataset is no tab.
    anna.page(&tab(&org, org.root, "images")).await.expect(200);
    anna.page(&tab(&org, dataset, "images&cursor=nonsense")).await.expect(400);
    // What one may not see does not exist, and neither does what is in the trash.
    let john = app.person("John").await;
    john.page(&tab(&org, dataset, "images")).await.expect(404);
    anna.trash(dataset).await.expect(204);
    anna.page(&tab(&org, dataset, "images")).await.expect(404);
});

both!(file_1_a_long_list_is_paged_and_a_page_is_never_longer, async |app| {
    let (anna, org, dataset) = world(app).await;
    let planned: Vec<Value> = (0..120).map(|number| json!({ "path": format!("z/{number}"), "bytes": 0 })).collect();
    let plan =
        anna.post(&format!("/api/v1/datasets/{dataset}/uploads"), &json!({ "files": planned })).await.expect(200);
    for item in plan.json()["items"].as_array().expect("items") {
        anna.send_bytes(item["upload"]["url"].as_str().expect("an upload"), 0, Vec::new()).await.expect(204);
    }
    let first = anna.page(&tab(&org, dataset, "images")).await.expect(200).body;
    assert_eq!(first.matches("aria-label=\"Select ").count(), 121, "120 files, and all of them");
    assert!(first.contains("120 of 123 files"));
    let next = first.split("href=\"").find(|rest| rest.contains("cursor=") && rest.contains(">Next page<"));
    let next = next.and_then(|rest| rest.split('"').next()).expect("a link to the next page").replace("&amp;", "&");
    let second = anna.page(&next).await.expect(200).body;
    assert_eq!(second.matches("aria-label=\"Select ").count(), 4);
    assert!(second.contains("Back to the start") && !second.contains("Next page"));
});

both!(file_1_drive_4_files_are_left_out_and_taken_in_again_by_forms_with_undo, async |app| {
    let (anna, org, dataset) = world(app).await;
    let here = tab(&org, dataset, "images");
    let id = dataset.to_string();
    // A button without a selection says so.
    let page = anna.page(&tab(&org, dataset, "images&dialog=leave-out")).await.expect(200).body;
    assert!(page.contains("Select items first, then choose Leave out."));
    let dialog = anna.page(&tab(&org, dataset, "images&item=1&item=2&dialog=leave-out")).await.expect(200).body;
    assert!(dialog.contains("2 files will be kept here, but neither processed nor counted."));
    let form = [("dataset", id.as_str()), ("numbers", "1,2"), ("left_out", "true"), ("back", here.as_str())];
    let page = after(&anna, anna.form(LeaveOutFiles::url(), &here, &form).await).await;
    assert!(page.contains("Left out 2 files") && page.contains("<span class=\"tag\">Left out</span>"));
    assert_eq!(left_out(&anna, dataset).await, [1, 2]);
    assert_eq!(anna.show(dataset).await.json()["dataset"]["images"], 0);
    // Once more changes nothing, and there is nothing to undo.
    let again = after(&anna, anna.form(LeaveOutFiles::url(), &here, &form).await).await;
    assert!(again.contains("These files were left out already"));
    let undo = [("token", field(&page, "token")), ("back", here.as_str())];
    let page = after(&anna, anna.form(UndoChange::url(), &here, &undo).await).await;
    assert!(page.contains("Took 2 files in again"), "said");
    assert_eq!(left_out(&anna, dataset).await, Vec::<i64>::new());
    assert_eq!(anna.show(dataset).await.json()["dataset"]["images"], 2);
    // All of them or none.
    let form = [("dataset", id.as_str()), ("numbers", "1,99"), ("left_out", "true"), ("back", here.as_str())];
    let page = after(&anna, anna.form(LeaveOutFiles::url(), &here, &form).await).await;
    assert!(page.contains("This does not exist, or you do not have access to it."));
    let form = [("dataset", id.as_str()), ("numbers", ""), ("left_out", "true"), ("back", here.as_str())];
    anna.form(LeaveOutFiles::url(), &here, &form).await;
    assert_eq!(left_out(&anna, dataset).await, Vec::<i64>::new());
    app.healthy().await;
});

both!(file_1_drive_4_a_file_is_renamed_by_a_form_with_undo_and_problems_are_told_at_the_field, async |app| {
    let (anna, org, dataset) = world(app).await;
    let (here, id) = (tab(&org, dataset, "images"), dataset.to_string());
    let dialog = tab(&org, dataset, "images&dialog=rename-file&item=3");
    let page = anna.page(&dialog).await.expect(200).body;
    assert_eq!(field(&page, "path"), "notes.txt");
    for (path, problem) in [
        ("100media/dji_0002.jpg", "Another file has this path. Choose another one."),
        ("a/../b", "path"),
        ("", "Enter a path."),
    ] {
        let form = [("dataset", id.as_str()), ("number", "3"), ("path", path), ("back", here.as_str())];
        let answer = anna.form(RenameFile::url(), &dialog, &form).await;
        assert_eq!(answer.location(), dialog, "{path}: the dialog comes back");
        let page = after(&anna, answer).await;
        assert!(page.contains("aria-invalid=\"true\"") && page.contains(problem), "{path}: {problem}");
        assert_eq!(field(&page, "path"), path, "what was typed stays");
    }
    let form = [("dataset", id.as_str()), ("number", "3"), ("path", "docs/notes.txt"), ("back", here.as_str())];
    let page = after(&anna, anna.form(RenameFile::url(), &dialog, &form).await).await;
    assert!(page.contains("Renamed to “docs/notes.txt”") && page.contains("Select docs/notes.txt"));
    let undo = [("token", field(&page, "token")), ("back", here.as_str())];
    let page = after(&anna, anna.form(UndoChange::url(), &here, &undo).await).await;
    assert!(page.contains("Renamed back to “notes.txt”") && page.contains("Select notes.txt"));
    // Where it has been renamed since, nothing is undone.
    let form = [("dataset", id.as_str()), ("number", "3"), ("path", "second.txt"), ("back", here.as_str())];
    let page = after(&anna, anna.form(RenameFile::url(), &dialog, &form).await).await;
    anna.patch(&format!("/api/v1/datasets/{dataset}/files/3"), &json!({ "path": "third.txt" })).await.expect(200);
    let undo = [("token", field(&page, "token")), ("back", here.as_str())];
    anna.form(UndoChange::url(), &here, &undo).await;
    assert!(files(&anna, dataset).await.iter().any(|file| file["path"] == "third.txt"));
    app.healthy().await;
});

both!(file_1_file_6_deleting_files_takes_all_of_them_or_none_and_can_be_undone, async |app| {
    let (anna, org, dataset) = world(app).await;
    let (here, id) = (tab(&org, dataset, "images"), dataset.to_string());
    let dialog = anna.page(&tab(&org, dataset, "images&dialog=delete-files&item=1")).await.expect(200).body;
    assert!(dialog.contains("“100MEDIA/DJI_0002.JPG” will be deleted. The message that comes next has Undo."));
    for numbers in ["1,99", "1,x", ""] {
        let form = [("dataset", id.as_str()), ("numbers", numbers), ("back", here.as_str())];
        anna.form(DeleteFiles::url(), &here, &form).await;
        assert_eq!(files(&anna, dataset).await.len(), 3, "{numbers}");
    }
    let form = [("dataset", id.as_str()), ("numbers", "1,3"), ("back", here.as_str())];
    let page = after(&anna, anna.form(DeleteFiles::url(), &here, &form).await).await;
    assert!(page.contains("Deleted 2 files") && page.contains("1 file · 2.0 kB"));
    let undo = [("token", field(&page, "token")), ("back", here.as_str())];
    let page = after(&anna, anna.form(UndoChange::url(), &here, &undo).await).await;
    assert!(page.contains("Brought 2 files back") && page.contains("3 files"));
    app.healthy().await;
});

both!(file_4_a_file_has_a_view_of_its_own_with_its_neighbours_and_a_download, async |app| {
    let (anna, org, dataset) = world(app).await;
    let page = anna.page(&tab(&org, dataset, "images&file=2")).await.expect(200).body;
    let content = format!("/api/v1/datasets/{dataset}/files/2/content");
    for text in
        ["100MEDIA/DJI_0010.JPG", "aria-label=\"Previous\"", "aria-label=\"Next\"", "file=1", "file=3", &content]
    {
        assert!(page.contains(text), "{text}");
    }
    // A link of a page, followed by the browser: an attachment, by the session alone.
    let request = axum::http::Request::builder().uri(&content).header("sec-fetch-site", "same-origin");
    let answer = anna.send(request.body(axum::body::Body::empty()).expect("a request")).await.expect(200);
    assert_eq!(answer.header("content-disposition"), "attachment; filename*=UTF-8''DJI_0010.JPG");
    let gone = anna.page(&tab(&org, dataset, "images&file=99")).await;
    assert!(gone.body.contains("This does not exist, or you do not have access to it."), "{}", gone.status);
});

both!(file_1_access_1_who_only_reads_or_adds_finds_no_commands_and_is_refused, async |app| {
    let (anna, org, dataset) = world(app).await;
    let (here, id) = (tab(&org, dataset, "images"), dataset.to_string());
    for (name, level) in [("Rolf", Level::Reader), ("Uma", Level::Uploader)] {
        let reader = app.person(name).await;
        app.give(dataset, Grantee::Person(reader.id), level, false).await;
        let page = reader.page(&here).await.expect(200).body;
        assert!(page.contains("Select notes.txt") && page.contains("value=\"download\""), "{name} takes files");
        for command in ["leave-out", "take-in", "rename-file", "delete-files"] {
            assert!(!page.contains(&format!("value=\"{command}\"")), "{name}: {command}");
            let dialog = reader.page(&tab(&org, dataset, &format!("images&item=1&dialog={command}"))).await.body;
            assert!(dialog.contains("You need Editor access to do this."), "{name}: {command}");
        }
        let fields = [
            ("dataset", id.as_str()),
            ("numbers", "1"),
            ("number", "1"),
            ("left_out", "true"),
            ("path", "x"),
            ("back", here.as_str()),
        ];
        for function in [LeaveOutFiles::url(), RenameFile::url(), DeleteFiles::url()] {
            reader.form(function, &here, &fields).await;
        }
        reader.get(&format!("/api/v1/datasets/{dataset}/files/1/content")).await.expect(200);
    }
    let stranger = app.person("Sam").await;
    let fields = [
        ("dataset", id.as_str()),
        ("numbers", "1"),
        ("number", "1"),
        ("left_out", "true"),
        ("path", "x"),
        ("back", here.as_str()),
    ];
    for function in [LeaveOutFiles::url(), RenameFile::url(), DeleteFiles::url()] {
        stranger.form(function, &here, &fields).await;
    }
    let unchanged = files(&anna, dataset).await;
    assert_eq!(unchanged.len(), 3);
    assert!(unchanged.iter().all(|file| file["left_out"] == false && file["path"] != "x"));
    app.healthy().await;
});

both!(pol_1_file_4_where_no_one_may_download_the_buttons_say_why, async |app| {
    let (anna, org, dataset) = world(app).await;
    let restrict = json!({ "copy": false, "delete": false, "download": true });
    let path = format!("/api/v1/resources/{dataset}/restrictions");
    anna.call(Method::PUT, &path, Some(&restrict), &[]).await.expect(200);
    let why = "This cannot be downloaded, because its Managers have restricted downloading.";
    for page in [
        tab(&org, dataset, "images"),
        tab(&org, dataset, "images&file=1"),
        tab(&org, dataset, "images&item=1&dialog=download"),
    ] {
        let body = anna.page(&page).await.expect(200).body;
        assert!(body.contains(why), "{page}");
        assert!(!body.contains("/content\"") && !body.contains("/zip"), "{page}");
    }
    anna.get(&format!("/api/v1/datasets/{dataset}/files/1/content")).await.expect(403);
});

both!(lic_2_images_that_are_fixed_are_neither_left_out_nor_deleted_and_the_page_says_why, async |app| {
    let (anna, org, dataset) = world(app).await;
    let (here, id) = (tab(&org, dataset, "images"), dataset.to_string());
    app.set_status(dataset, DatasetStatus::Queued).await;
    let page = anna.page(&here).await.expect(200).body;
    assert!(page.contains("A job works on the images of this dataset"));
    for (function, fields) in [
        (
            LeaveOutFiles::url(),
            [("dataset", id.as_str()), ("numbers", "1"), ("left_out", "true"), ("back", here.as_str())],
        ),
        (DeleteFiles::url(), [("dataset", id.as_str()), ("numbers", "1"), ("left_out", ""), ("back", here.as_str())]),
    ] {
        anna.form(function, &here, &fields).await;
    }
    assert_eq!((files(&anna, dataset).await.len(), left_out(&anna, dataset).await.len()), (3, 0));
    // Engines know images by their names (JOB-2).
    let fields = [("dataset", id.as_str()), ("number", "1"), ("path", "first.jpg"), ("back", here.as_str())];
    let page = after(&anna, anna.form(RenameFile::url(), &here, &fields).await).await;
    assert!(page.contains("A job works on the images of this dataset") && !page.contains("Renamed to “first.jpg”"));
    app.healthy().await;
});

both!(access_3_in_view_as_files_are_shown_and_nothing_is_changed, async |app| {
    let (anna, org, dataset) = world(app).await;
    let (inga, rolf, mia) = (app.person("Inga").await, app.person("Rolf").await, app.person("Mia").await);
    app.join(&org, &inga, Role::Owner).await;
    app.join(&org, &rolf, Role::Reader).await;
    app.join(&org, &mia, Role::Member).await;
    let as_rolf = tab(&org, dataset, &format!("images&as={}", rolf.id));
    let page = anna.page(&as_rolf).await.expect(200).body;
    assert!(page.contains("Select notes.txt"));
    assert!(!page.contains("Leave out") && !page.contains("/content\"") && !page.contains("/zip"), "reading only");
    let file = anna.page(&format!("{as_rolf}&file=1")).await.expect(200).body;
    assert!(file.contains("aria-label=\"Next\"") && !file.contains("/content\""));
    // What they do not see is not there.
    anna.page(&tab(&org, dataset, &format!("images&as={}", mia.id))).await.expect(404);
    let id = dataset.to_string();
    let form = [("dataset", id.as_str()), ("numbers", "1"), ("left_out", "true"), ("back", as_rolf.as_str())];
    anna.form(LeaveOutFiles::url(), &as_rolf, &form).await;
    assert_eq!(left_out(&anna, dataset).await, Vec::<i64>::new());
    // The API answers as they would see it, for who may look so.
    anna.get(&format!("/api/v1/datasets/{dataset}/files?as={}", rolf.id)).await.expect(200);
    rolf.get(&format!("/api/v1/datasets/{dataset}/files?as={}", anna.id)).await.expect(403);
});

both!(file_5_photos_show_themselves_what_their_cameras_wrote_and_what_seems_wrong, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 10_000, 100).await;
    let dataset = anna.dataset(org.root, "Flight 1", 0).await;
    let survey = Survey {
        width: 512,
        seed: 3,
        lines: 2,
        photos_in_line: 3,
        middle: Position { latitude: 46_662_400_000, longitude: 8_585_600_000 },
        begins: Timestamp::parse_rfc3339("2026-11-18T10:00:00Z").expect("a time"),
        planted: &[(1, Planted::Blur), (4, Planted::NoPosition)],
    };
    for shot in survey.fly().expect("it flies") {
        anna.upload(dataset, &shot.name, &shot.jpeg).await;
    }
    anna.upload(dataset, "broken.jpg", &photo("broken")).await;
    let waiting = anna.page(&tab(&org, dataset, "images&file=1")).await.expect(200).body;
    assert!(waiting.contains("The preview is being prepared.") && !waiting.contains("/preview"));
    photos::run_due(app.ctx()).await.expect("photos are opened");
    let page = anna.page(&tab(&org, dataset, "images")).await.expect(200).body;
    let small = format!("src=\"/api/v1/datasets/{dataset}/files/1/preview?size=320\"");
    assert!(
        page.contains(&small) && page.contains("width=\"320\" height=\"240\" loading=\"lazy\""),
        "a place of its size"
    );
    for badge in ["Blurred", "No position", "Not readable"] {
        assert!(page.contains(badge), "{badge}");
    }
    // That no one may download takes no previews away.
    let restrict = json!({ "copy": false, "delete": false, "download": true });
    let path = format!("/api/v1/resources/{dataset}/restrictions");
    anna.call(Method::PUT, &path, Some(&restrict), &[]).await.expect(200);
    let file = anna.page(&tab(&org, dataset, "images&file=1")).await.expect(200).body;
    for text in [
        "/files/1/preview?size=1600",
        "width=\"512\"",
        "DJI FC6310",
        "Above start",
        "18 Nov 2026, ",
        "46.66",
        "512 × 384",
    ] {
        assert!(file.contains(text), "{text}");
    }
    let broken = anna.page(&tab(&org, dataset, "images&file=7")).await.expect(200).body;
    assert!(broken.contains("This file is damaged, or of a kind that cannot be shown"));
    let overview = anna.page(&format!("/o/{}/drive/{dataset}", org.org_id)).await.expect(200).body;
    assert!(overview.contains("Photos taken") && overview.contains("18 Nov 2026, "), "from the first to the last");
});
