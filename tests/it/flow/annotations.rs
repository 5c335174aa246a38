//! Annotations (VIEW-2, VIEW-3): drawings that are saved, changed by two at once, taken back, exported and imported; who may, and what
//! becomes of them when their dataset is copied, transferred or deleted.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{Method, Request},
};
use commonhold::{
    domain::{
        access::Level,
        annotation::{MAX_ALL_PLACES, MAX_ANNOTATIONS, MAX_PLACES, NotSaved},
        id::{LicenceId, ResourceId},
        resource::DatasetStatus,
        role::Role,
        transfer::Grantee,
    },
    server::usecase,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, at_once, read, rounds},
};

/// An Owner with a licence, and a dataset.
async fn world(app: &TestApp) -> (Person, Org, ResourceId) {
    let (anna, org, dataset, _) = licensed_world(app).await;
    (anna, org, dataset)
}

/// The same with the licence.
async fn licensed_world(app: &TestApp) -> (Person, Org, ResourceId, LicenceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 10_000, 100).await;
    let dataset = anna.dataset(org.root, "Flight 1", 3).await;
    (anna, org, dataset, licence)
}

fn at(dataset: ResourceId) -> String {
    format!("/api/v1/datasets/{dataset}/annotations")
}

fn point(name: &str) -> Value {
    json!({ "kind": "point", "coordinates": [[8.5, 46.6]], "name": name })
}

async fn add(by: &Person, dataset: ResourceId, body: &Value) -> Answer {
    by.post(&at(dataset), body).await
}

async fn put(by: &Person, dataset: ResourceId, number: i64, body: &Value, version: Option<&str>) -> Answer {
    let headers: Vec<(&str, &str)> = version.map(|version| ("if-match", version)).into_iter().collect();
    by.call(Method::PUT, &format!("{}/{number}", at(dataset)), Some(body), &headers).await
}

async fn delete(by: &Person, dataset: ResourceId, number: i64, version: Option<&str>) -> Answer {
    let headers: Vec<(&str, &str)> = version.map(|version| ("if-match", version)).into_iter().collect();
    by.call(Method::DELETE, &format!("{}/{number}", at(dataset)), None, &headers).await
}

async fn import(by: &Person, dataset: ResourceId, body: impl Into<Body>, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("{}/import", at(dataset)))
        .header("x-requested-with", "commonhold")
        .header("content-type", "application/geo+json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    by.send(request.body(body.into()).expect("a request")).await
}

async fn undo(by: &Person, of: &Answer) -> Answer {
    by.post("/api/v1/undo", &json!({ "token": of.header("undo-token") })).await
}

async fn list(by: &Person, dataset: ResourceId) -> Vec<Value> {
    let listed = by.get(&format!("{}?limit=200", at(dataset))).await.expect(200).json();
    listed["items"].as_array().expect("items").clone()
}

async fn names(by: &Person, dataset: ResourceId) -> Vec<String> {
    list(by, dataset).await.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
}

/// So many places, one beside the other.
fn places(count: usize) -> Vec<Value> {
    let count = u32::try_from(count).expect("few");
    (0..count).map(|n| json!([8.0 + f64::from(n) / 1e5, 46.6])).collect()
}

/// A square of about 100 m.
fn square() -> Value {
    let (east, north) = (0.001_305_1, 0.000_899_4);
    json!([[8.6, 46.6], [8.6 + east, 46.6], [8.6 + east, 46.6 + north], [8.6, 46.6 + north], [8.6, 46.6]])
}

both!(view_2_view_3_what_is_drawn_is_saved_measured_changed_and_deleted, async |app| {
    let (anna, org, dataset) = world(app).await;
    let area = json!({ "kind": "area", "coordinates": square(), "name": " Roof ", "description": "Flat.\r\nWet.", "colour": "red" });
    let added = add(&anna, dataset, &area).await.expect(201);
    assert_eq!(added.header("etag"), "\"1\"");
    let roof = added.json();
    assert_eq!(
        (&roof["number"], &roof["kind"], &roof["name"], &roof["description"], &roof["colour"], &roof["version"]),
        (&json!(1), &json!("area"), &json!("Roof"), &json!("Flat.\nWet."), &json!("red"), &json!(1))
    );
    assert_eq!((&roof["created_by"], &roof["created_by_name"]), (&json!(anna.id), &json!("Anna Muster")));
    assert_eq!(roof["coordinates"].as_array().map(Vec::len), Some(4), "the end of an area is not its beginning");
    let (length, measured) = (roof["length_m"].as_f64().expect("a length"), roof["area_m2"].as_f64().expect("an area"));
    assert!((length - 400.0).abs() < 0.5 && (measured - 10_000.0).abs() < 20.0, "{length} {measured}");
    for (kind, coordinates) in [
        ("point", json!([[8.5, 46.6]])),
        ("text", json!([[0.0, 0.0]])),
        ("line", json!([[179.9, 10.0], [-179.9, 10.0]])),
    ] {
        let one = add(&anna, dataset, &json!({ "kind": kind, "coordinates": coordinates })).await.expect(201).json();
        assert_eq!((&one["kind"], &one["coordinates"]), (&json!(kind), &coordinates));
        assert_eq!((one["area_m2"].is_null(), one["length_m"].is_null()), (true, kind != "line"), "{one}");
    }
    let line = list(&anna, dataset).await[3].clone();
    assert!(line["length_m"].as_f64().is_some_and(|length| length < 22_000.0), "the short way round the earth: {line}");

    app.tick(1_000);
    let moved = json!({ "coordinates": [[8.5, 46.7]], "name": "Here" });
    let changed = put(&anna, dataset, 2, &moved, Some("\"1\"")).await.expect(200);
    assert_eq!((changed.header("etag"), &changed.json()["name"]), ("\"2\"", &json!("Here")));
    assert_ne!(changed.json()["created_at"], changed.json()["modified_at"]);
    // What is the same already is no change.
    let again = put(&anna, dataset, 2, &moved, None).await.expect(200);
    assert_eq!((again.header("etag"), again.header("undo-token")), ("\"2\"", ""));
    assert_eq!(
        put(&anna, dataset, 2, &json!({ "kind": "line", "coordinates": [[1, 1], [2, 2]] }), None).await.status,
        422
    );
    delete(&anna, dataset, 3, None).await.expect(204);
    delete(&anna, dataset, 3, None).await.expect(404);
    // No number is given twice.
    assert_eq!(add(&anna, dataset, &point("")).await.expect(201).json()["number"], 5);
    let page = anna.get(&format!("{}?limit=2", at(dataset))).await.expect(200).json();
    let cursor = page["next_cursor"].as_str().expect("there are more");
    let rest = anna.get(&format!("{}?limit=2&cursor={cursor}", at(dataset))).await.expect(200).json();
    let numbers: Vec<i64> = [&page, &rest]
        .iter()
        .flat_map(|page| page["items"].as_array().expect("items"))
        .map(|one| one["number"].as_i64().expect("a number"))
        .collect();
    assert_eq!((numbers, &rest["next_cursor"]), (vec![1, 2, 4, 5], &Value::Null));
    let log = anna.audit(&org).await;
    let of_annotations: Vec<&str> =
        log.iter().map(String::as_str).filter(|action| action.starts_with("annotation")).collect();
    assert_eq!(
        of_annotations,
        ["annotation.added", "annotation.deleted", "annotation.changed"]
            .into_iter()
            .chain(["annotation.added"; 4])
            .collect::<Vec<_>>()
    );
    let told =
        anna.get(&format!("/api/v1/orgs/{}/audit?action=annotation.changed", org.org_id)).await.expect(200).json();
    assert_eq!(told["items"][0]["summary"], "changed “Here” of “Flight 1”");
    app.healthy().await;
});

both!(view_3_every_problem_of_a_drawing_is_told_at_its_field, async |app| {
    let (anna, _, dataset) = world(app).await;
    let wrong = json!({ "kind": "circle", "coordinates": [[8.5, 91]], "name": "x".repeat(256), "description": "x".repeat(2_001), "colour": "pink" });
    let refused = add(&anna, dataset, &wrong).await.expect(422);
    assert_eq!(refused.fields(), ["kind", "coordinates", "name", "description", "colour"]);
    for (body, status) in [
        (json!({}), 422),
        (json!({ "kind": "point" }), 422),
        (json!({ "kind": "line", "coordinates": [[1, 2]] }), 422),
        (json!({ "kind": "point", "coordinates": [[1, 2], [3, 4]] }), 422),
        (json!({ "kind": "point", "coordinates": [[1, 2, 3]] }), 422),
        (json!({ "kind": "point", "coordinates": [1, 2] }), 400),
        (json!({ "kind": "point", "coordinates": [["1", "2"]] }), 400),
        (json!({ "kind": "point", "coordinates": [[1, 2]], "created_by": anna.id }), 400),
        (json!([]), 400),
    ] {
        assert_eq!(add(&anna, dataset, &body).await.status, status, "{body}");
    }
    let folder = anna.folder(dataset_parent(app, dataset).await, "Folder").await;
    add(&anna, folder, &point("")).await.expect(404);
    anna.get(&at(folder)).await.expect(404);
    anna.get(&format!("{}?cursor=x", at(dataset))).await.expect(422);
    assert!(list(&anna, dataset).await.is_empty());
});

async fn dataset_parent(app: &TestApp, dataset: ResourceId) -> ResourceId {
    app.stored(dataset).await.parent.expect("a container")
}

both!(view_3_who_comes_second_is_shown_what_the_first_one_saved, async |app| {
    let (anna, org, dataset) = world(app).await;
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    add(&anna, dataset, &point("Crack")).await.expect(201);
    put(&john, dataset, 1, &point("Crack, 2 mm"), Some("\"1\"")).await.expect(200);
    for tag in ["\"1\"", "W/\"1\"", "\"nonsense\"", "\"99\""] {
        let late = put(&anna, dataset, 1, &point("Crack in the wall"), Some(tag)).await.expect(409);
        assert_eq!(late.code(), "conflict");
        let current = &late.json()["current"];
        assert_eq!((&current["name"], &current["version"]), (&json!("Crack, 2 mm"), &json!(2)), "{tag}");
        assert_eq!(delete(&anna, dataset, 1, Some(tag)).await.expect(409).json()["current"]["version"], 2, "{tag}");
    }
    assert_eq!(names(&anna, dataset).await, ["Crack, 2 mm"]);
    // Whoever has seen it goes on; whoever does not ask, does not wait.
    put(&anna, dataset, 1, &point("Crack in the wall"), Some("\"2\"")).await.expect(200);
    put(&john, dataset, 1, &point("Crack"), Some("*")).await.expect(200);
    delete(&john, dataset, 1, Some("\"4\"")).await.expect(204);
    put(&anna, dataset, 1, &point("Crack"), Some("\"4\"")).await.expect(404);
    app.healthy().await;
});

both!(view_3_drive_4_each_change_is_taken_back_once_unless_somebody_went_on, async |app| {
    let (anna, org, dataset) = world(app).await;
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    let added = add(&anna, dataset, &point("Crack")).await.expect(201);
    let changed = put(&anna, dataset, 1, &point("Wall"), None).await.expect(200);
    // It is not what was added any more.
    assert_eq!(undo(&anna, &added).await.expect(409).code(), "conflict");
    assert!(undo(&anna, &changed).await.expect(200).body.contains("Changed “Crack” back"));
    undo(&anna, &changed).await.expect(422);
    assert_eq!(names(&anna, dataset).await, ["Crack"]);
    let deleted = delete(&john, dataset, 1, None).await.expect(204);
    assert!(undo(&anna, &deleted).await.status == 422, "his, not hers");
    assert!(undo(&john, &deleted).await.expect(200).body.contains("Brought “Crack” back"));
    let back = list(&anna, dataset).await[0].clone();
    assert_eq!(
        (&back["number"], &back["created_by_name"], &back["name"]),
        (&json!(1), &json!("Anna Muster"), &json!("Crack"))
    );
    // Whoever knew it before knows an older version.
    delete(&anna, dataset, 1, Some("\"3\"")).await.expect(409);
    let second = add(&john, dataset, &json!({ "kind": "line", "coordinates": [[1, 1], [2, 2]] })).await.expect(201);
    anna.change_role(&org, john.id, "reader").await.expect(200);
    undo(&john, &second).await.expect(403);
    anna.change_role(&org, john.id, "editor").await.expect(200);
    assert_eq!(list(&anna, dataset).await.len(), 2);
    assert!(undo(&john, &second).await.expect(200).body.contains("Deleted a line again"));
    let imported =
        import(&anna, dataset, r#"{"type":"MultiPoint","coordinates":[[1,1],[2,2]]}"#, &[]).await.expect(201);
    assert_eq!(imported.json()["numbers"], json!([3, 4]));
    assert!(undo(&anna, &imported).await.expect(200).body.contains("Deleted 2 annotations again"));
    assert_eq!(list(&anna, dataset).await.len(), 1);
    app.healthy().await;
});

both!(role_4_lic_6_attack_84_only_editors_save_drawings_and_nobody_under_an_expired_licence, async |app| {
    let (anna, org, dataset, licence) = licensed_world(app).await;
    add(&anna, dataset, &point("Crack")).await.expect(201);
    let (reader, stranger) = (app.person("Rolf").await, app.person("Sam").await);
    app.join(&org, &reader, Role::Reader).await;
    let (uploader, editor, outside) = (app.person("Uma").await, app.person("Ed").await, app.person("Olga").await);
    app.give(dataset, Grantee::Person(uploader.id), Level::Uploader, false).await;
    app.give(dataset, Grantee::Person(editor.id), Level::Editor, false).await;
    app.give(dataset, Grantee::Person(outside.id), Level::Reader, false).await;
    let all = async |by: &Person| {
        let geojson = r#"{"type":"Point","coordinates":[1,1]}"#;
        [
            add(by, dataset, &point("Mine")).await,
            put(by, dataset, 1, &point("Mine"), None).await,
            delete(by, dataset, 1, None).await,
            import(by, dataset, geojson, &[]).await,
        ]
    };
    for by in [&reader, &uploader, &outside] {
        for answer in all(by).await {
            assert_eq!(answer.expect(403).code(), "forbidden");
        }
        // They see what others drew.
        assert_eq!(names(by, dataset).await, ["Crack"]);
        by.get(&format!("{}.geojson", at(dataset))).await.expect(200);
    }
    for answer in all(&stranger).await {
        answer.expect(404);
    }
    for answer in all(&app.nobody()).await {
        answer.expect(401);
    }
    for path in [at(dataset), format!("{}.geojson", at(dataset)), format!("{}.csv", at(dataset))] {
        stranger.get(&path).await.expect(404);
        app.nobody().get(&path).await.expect(401);
    }
    add(&editor, dataset, &point("Ed’s")).await.expect(201);
    // While she looks as Rolf, Anna changes nothing, and sees what he sees.
    let as_rolf = format!("{}?as={}", at(dataset), reader.id);
    anna.call(Method::POST, &as_rolf, Some(&point("As Rolf")), &[]).await.expect(403);
    assert_eq!(anna.get(&as_rolf).await.expect(200).names(), ["Crack", "Ed’s"]);
    reader.get(&format!("{}?as={}", at(dataset), anna.id)).await.expect(403);
    let lives = app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM annotation").await;
    assert_eq!(lives, 2);
    // An expired licence: everybody still sees, nobody saves.
    app.expire(licence).await;
    for answer in all(&editor).await {
        let refused = answer.expect(403);
        assert!(refused.body.contains("The cloud licence has expired."), "{}", refused.body);
    }
    assert_eq!(names(&editor, dataset).await.len(), 2);
    app.healthy().await;
});

both!(role_4_view_4_pages_are_told_why_nothing_is_saved_and_visitors_no_names, async |app| {
    let (anna, org, dataset, licence) = licensed_world(app).await;
    let reader = app.person("Rolf").await;
    app.join(&org, &reader, Role::Reader).await;
    add(&anna, dataset, &point("Crack")).await.expect(201);
    let account = app.stored(dataset).await.account;
    let not_saved = async |by: &Person| {
        let mut tx = app.db().read().await.expect("a connection");
        let principal = principal(by);
        let path = usecase::access::access_path(&mut tx, &principal, dataset).await.expect("they see it");
        usecase::annotation::find_not_saved(&mut tx, app.ctx(), &path.facts, account).await.expect("it is known")
    };
    assert_eq!(not_saved(&anna).await, None);
    assert_eq!(not_saved(&reader).await, Some(NotSaved::Role(Role::Reader)));
    app.expire(licence).await;
    assert_eq!(not_saved(&anna).await, Some(NotSaved::Licence));
    let mut tx = app.db().read().await.expect("a connection");
    let seen = usecase::annotation::list_all_for_visitor(&mut tx, dataset).await.expect("a list");
    assert_eq!(seen.len(), 1);
    assert!(seen.iter().all(|one| one.created_by.is_none() && one.created_by_id.is_none()));
});

fn principal(person: &Person) -> commonhold::server::context::Principal {
    commonhold::server::context::Principal {
        person: person.id,
        name: person.name.clone(),
        email_key: person.email.clone(),
        address: None,
        session: None,
        key: None,
    }
}

both!(view_3_attack_86_what_is_exported_holds_everything_and_no_formula_or_script, async |app| {
    let (anna, _, dataset) = world(app).await;
    let nasty = json!({ "kind": "area", "coordinates": square(), "name": "=HYPERLINK(\"http://evil\";\"x\")", "description": "<script>alert(1)</script>\n+1" });
    add(&anna, dataset, &nasty).await.expect(201);
    add(
        &anna,
        dataset,
        &json!({ "kind": "text", "coordinates": [[-8.5, -46.6]], "name": "@SUM(1)", "colour": "blue" }),
    )
    .await
    .expect(201);
    let csv = anna.get(&format!("{}.csv", at(dataset))).await.expect(200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename*=UTF-8''Flight%201%20drawings.csv");
    let mut rows =
        csv.body.trim_start_matches('\u{FEFF}').split("\r\n").flat_map(|text| text.split('\n')).collect::<Vec<_>>();
    rows.retain(|row| !row.is_empty());
    assert_eq!(rows[0], "number,kind,name,description,colour,wkt,length_m,area_m2,created_by,created_at,modified_at");
    assert!(
        rows[1].starts_with("1,area,\"'=HYPERLINK(\"\"http://evil\"\";\"\"x\"\")\",\"<script>alert(1)</script>"),
        "{}",
        rows[1]
    );
    assert!(rows[2].starts_with("'+1\",yellow,\"POLYGON ((8.6 46.6,"), "{}", rows[2]);
    assert!(rows[3].starts_with("2,text,'@SUM(1),,blue,POINT (-8.5 -46.6),,,Anna Muster,2026-11-21T"), "{}", rows[3]);
    let geojson = anna.get(&format!("{}.geojson", at(dataset))).await.expect(200);
    assert_eq!(geojson.header("content-type"), "application/geo+json");
    let disposition = geojson.header("content-disposition").to_owned();
    assert_eq!(disposition, "attachment; filename*=UTF-8''Flight%201%20drawings.geojson");
    assert_eq!((geojson.header("x-content-type-options"), geojson.header("cache-control")), ("nosniff", "no-store"));
    let collection = geojson.json();
    let first = &collection["features"][0];
    assert_eq!((&first["id"], &first["geometry"]["type"]), (&json!(1), &json!("Polygon")));
    assert_eq!(first["properties"]["description"], "<script>alert(1)</script>\n+1");
    assert!(first["properties"]["area_m2"].as_f64().is_some_and(|area| (area - 10_000.0).abs() < 20.0), "{first}");
    // Into another dataset it goes as it came out.
    let other = anna.dataset(dataset_parent(app, dataset).await, "Flight 2", 1).await;
    import(&anna, other, geojson.body.clone(), &[]).await.expect(201);
    let bare = |mut one: Value| {
        for field in ["created_at", "modified_at", "length_m", "area_m2"] {
            one.as_object_mut().expect("an object").remove(field);
        }
        one
    };
    let (before, after) = (list(&anna, dataset).await, list(&anna, other).await);
    assert_eq!(before.into_iter().map(bare).collect::<Vec<_>>(), after.into_iter().map(bare).collect::<Vec<_>>());
});

both!(attack_96_a_file_is_called_like_its_dataset_and_leads_nowhere, async |app| {
    let (anna, org, _) = world(app).await;
    for (name, file) in [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a\"; filename=\"evil.exe", "a__%20filename=_evil.exe"),
        ("Tunnel Süd", "Tunnel%20S%C3%BCd"),
        ("CON", "_CON"),
    ] {
        let dataset = anna.dataset(org.root, name, 1).await;
        let told = anna.get(&format!("{}.csv", at(dataset))).await.expect(200);
        let disposition =
            told.header("content-disposition").replace("%5F", "_").replace("%3B", "_").replace("%3D", "=");
        assert_eq!(disposition, format!("attachment; filename*=UTF-8''{file}%20drawings.csv"), "{name}");
    }
});

both!(view_3_what_is_in_metres_of_a_national_grid_is_told_so, async |app| {
    let (anna, _, dataset) = world(app).await;
    let refused = import(&anna, dataset, r#"{"type":"Point","coordinates":[2600000,1200000]}"#, &[]).await.expect(422);
    let told = refused.json()["detail"].as_str().expect("a sentence").to_owned();
    assert!(told.contains("LV95") && told.contains("Export the file again in the coordinate system WGS 84"), "{told}");
    assert!(names(&anna, dataset).await.is_empty());
});

both!(view_3_attack_85_an_import_is_whole_or_nothing_however_large_or_strange, async |app| {
    let (anna, org, dataset) = world(app).await;
    let feature = |geometry: &str, properties: &str| {
        format!(r#"{{"type":"Feature","geometry":{geometry},"properties":{properties}}}"#)
    };
    let collection =
        |features: &[String]| format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let fine = feature(r#"{"type":"Point","coordinates":[8.5,46.6,1200]}"#, r#"{"name":"A"}"#);
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(300));
    let mixed = collection(&[
        fine.clone(),
        feature(r#"{"type":"Point","coordinates":[8.5,146.6]}"#, "{}"),
        feature(r#"{"type":"Point","coordinates":[1,1]}"#, &long),
    ]);
    let refused = import(&anna, dataset, mixed, &[]).await.expect(422);
    assert_eq!(refused.fields(), ["features[1].geometry", "features[2].properties.name"]);
    assert!(
        refused.body.contains("Feature 2, geometry: ") && refused.body.contains("Feature 3, name: "),
        "{}",
        refused.body
    );
    assert!(list(&anna, dataset).await.is_empty(), "nothing of it");
    // Exactly 2 MB is read, more is not, with a key or without.
    let padded = |bytes: usize| format!("{}{fine}", " ".repeat(bytes - fine.len()));
    let most = 2 * 1024 * 1024;
    import(&anna, dataset, padded(most), &[]).await.expect(201);
    import(&anna, dataset, padded(most), &[("idempotency-key", "one")]).await.expect(201);
    let again = import(&anna, dataset, padded(most), &[("idempotency-key", "one")]).await.expect(201);
    assert_eq!(again.json()["numbers"], json!([2]), "not again");
    for headers in [&[][..], &[("idempotency-key", "two")]] {
        let refused = import(&anna, dataset, padded(most + 1), headers).await.expect(413);
        assert!(["too_large", "invalid"].contains(&refused.code().as_str()), "{}", refused.body);
    }
    // 10,001 places.
    let line = |count: usize| json!({ "kind": "line", "coordinates": places(count) });
    assert_eq!(add(&anna, dataset, &line(MAX_PLACES + 1)).await.expect(422).fields(), ["coordinates"]);
    add(&anna, dataset, &line(MAX_PLACES)).await.expect(201);
    let geometry = json!({ "type": "LineString", "coordinates": places(MAX_PLACES + 1) }).to_string();
    assert_eq!(import(&anna, dataset, geometry, &[]).await.expect(422).fields(), ["features[0].geometry"]);
    // Huge numbers, none at all, and depth without end.
    for (body, status) in [
        (r#"{"kind":"point","coordinates":[[1e999,1]]}"#.to_owned(), 400),
        (r#"{"kind":"point","coordinates":[[NaN,1]]}"#.to_owned(), 400),
        (r#"{"kind":"point","coordinates":[[1e308,-1e308]]}"#.to_owned(), 422),
        (format!(r#"{{"kind":"point","coordinates":[[{},1]]}}"#, "9".repeat(400)), 400),
        (format!(r#"{{"kind":"point","coordinates":{}}}"#, "[".repeat(100_000)), 400),
    ] {
        let request = Request::builder()
            .method(Method::POST)
            .uri(at(dataset))
            .header("x-requested-with", "commonhold")
            .header("content-type", "application/json")
            .body(Body::from(body.clone()))
            .expect("a request");
        assert_eq!(anna.send(request).await.status, status, "{}", body.chars().take(80).collect::<String>());
    }
    for geojson in ["", "[", "\u{0}", r#"{"type":"Point","coordinates":[1e400,1]}"#, &"[".repeat(200_000)] {
        import(&anna, dataset, geojson.to_owned(), &[]).await.expect(422);
    }
    assert_eq!(list(&anna, dataset).await.len(), 3);
    let lines =
        anna.get(&format!("/api/v1/orgs/{}/audit?action=annotation.imported", org.org_id)).await.expect(200).json();
    assert_eq!(lines["items"][0]["summary"], "imported “A” into “Flight 1”");
    app.healthy().await;
});

both!(view_3_attack_87_a_dataset_has_so_many_drawings_also_when_all_come_at_once, async |app| {
    let (anna, _, dataset) = world(app).await;
    let points = |count: usize| {
        let all = vec!["[8.5,46.6]"; count].join(",");
        format!(r#"{{"type":"MultiPoint","coordinates":[{all}]}}"#)
    };
    import(&anna, dataset, points(MAX_ANNOTATIONS + 1), &[]).await.expect(422);
    import(&anna, dataset, points(MAX_ANNOTATIONS - 3), &[]).await.expect(201);
    import(&anna, dataset, points(4), &[]).await.expect(422);
    let all = (0..12).map(|_| {
        let anna = anna.clone();
        async move { add(&anna, dataset, &point("")).await.status }
    });
    let answers = at_once(all.collect()).await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 3, "{answers:?}");
    assert!(answers.iter().all(|status| [201, 422, 503].contains(status)), "{answers:?}");
    let refused = add(&anna, dataset, &point("")).await.expect(422);
    assert!(refused.body.contains("at most 1,000 annotations"), "{}", refused.body);
    // Deleted ones make room, and one that is brought back needs it.
    let deleted = delete(&anna, dataset, 1, None).await.expect(204);
    add(&anna, dataset, &point("")).await.expect(201);
    undo(&anna, &deleted).await.expect(422);
    app.healthy().await;
});

both!(view_3_attack_87_all_drawings_together_have_so_many_places, async |app| {
    let (anna, _, dataset) = world(app).await;
    let line = |count: usize| json!({ "kind": "line", "coordinates": places(count) });
    for _ in 0..MAX_ALL_PLACES / MAX_PLACES - 1 {
        add(&anna, dataset, &line(MAX_PLACES)).await.expect(201);
    }
    add(&anna, dataset, &line(MAX_PLACES - 10)).await.expect(201);
    let refused = add(&anna, dataset, &line(11)).await.expect(422);
    assert!(refused.body.contains("at most 100,000 places"), "{}", refused.body);
    add(&anna, dataset, &line(8)).await.expect(201);
    put(&anna, dataset, 11, &line(11), None).await.expect(422);
    put(&anna, dataset, 11, &line(10), None).await.expect(200);
    app.healthy().await;
});

both!(view_3_of_two_who_change_the_same_at_the_same_moment_one_is_told, async |app| {
    let (anna, org, dataset) = world(app).await;
    let john = app.person("John").await;
    app.join(&org, &john, Role::Editor).await;
    for round in 0..rounds(4) {
        let added = add(&anna, dataset, &point("Crack")).await.expect(201).json();
        let number = added["number"].as_i64().expect("a number");
        let tries = [&anna, &john, &anna, &john].into_iter().enumerate().map(|(who, by)| {
            let by = by.clone();
            async move {
                match who {
                    3 => delete(&by, dataset, number, Some("\"1\"")).await.status,
                    _ => put(&by, dataset, number, &point(&format!("{who}")), Some("\"1\"")).await.status,
                }
            }
        });
        let answers = at_once(tries.collect()).await;
        let done = answers.iter().filter(|status| [200, 204].contains(status)).count();
        assert_eq!(done, 1, "round {round}: {answers:?}");
        assert!(answers.iter().all(|status| [200, 204, 404, 409, 503].contains(status)), "round {round}: {answers:?}");
    }
    app.healthy().await;
});

both!(view_3_drawings_go_along_with_copies_transfers_and_deletions, async |app| {
    let (anna, org, dataset) = world(app).await;
    let (john, target) = (app.person("John").await, anna.create_org("Tunnel North").await);
    app.join(&org, &john, Role::Editor).await;
    app.images_licence(&target, 10_000, 100).await;
    for name in ["One", "Two", "Three"] {
        add(&anna, dataset, &point(name)).await.expect(201);
    }
    delete(&anna, dataset, 3, None).await.expect(204);
    put(&anna, dataset, 2, &point("Second"), None).await.expect(200);
    // A copy, in one step and of a folder.
    let folder = anna.folder(org.root, "Folder").await;
    let copy: ResourceId = read(&john.copy(dataset, folder).await.expect(201).json()["id"]);
    let copied = list(&anna, copy).await;
    let told = |one: &Value| {
        (one["number"].clone(), one["name"].clone(), one["version"].clone(), one["created_by_name"].clone())
    };
    assert_eq!(
        copied.iter().map(told).collect::<Vec<_>>(),
        [
            (json!(1), json!("One"), json!(1), json!("John Muster")),
            (json!(2), json!("Second"), json!(1), json!("John Muster"))
        ]
    );
    // They are drawings of their own from then on.
    delete(&john, copy, 1, None).await.expect(204);
    assert_eq!(names(&anna, dataset).await, ["One", "Second"]);
    assert_eq!(add(&john, copy, &point("New")).await.expect(201).json()["number"], 3);
    let whole: ResourceId = read(&anna.copy(folder, org.root).await.expect(201).json()["id"]);
    let inside = anna.children(whole, "").await.expect(200).json();
    assert_eq!(names(&anna, read(&inside["items"][0]["id"])).await, ["Second", "New"]);
    // Another account gets them as well.
    let shared = anna
        .post(&format!("/api/v1/resources/{dataset}/share-copy"), &json!({ "sharing_id": "tunnel-north/primary" }))
        .await;
    assert!([200, 201].contains(&shared.status), "{}", shared.body);
    let there = anna.children(target.root, "").await.expect(200).json();
    assert_eq!(names(&anna, read(&there["items"][0]["id"])).await, ["One", "Second"]);
    // A transfer takes them along, and they stay as they are.
    app.set_status(copy, DatasetStatus::Processed).await;
    let before = list(&anna, copy).await;
    anna.transfer(&[copy], target.root).await.expect(201);
    assert_eq!(list(&anna, copy).await, before);
    john.get(&at(copy)).await.expect(404);
    // In the trash they are not there; out of it they are; deleted for good they are gone.
    anna.trash(copy).await.expect(204);
    anna.get(&at(copy)).await.expect(404);
    add(&anna, copy, &point("")).await.expect(404);
    anna.restore(copy).await.expect(200);
    assert_eq!(list(&anna, copy).await, before);
    let left = app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM annotation").await;
    anna.trash(copy).await.expect(204);
    anna.delete_for_good(copy).await.expect(204);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM annotation").await, left - 2);
    app.healthy().await;
});

both!(view_3_set_2_a_personal_space_is_deleted_with_its_drawings, async |app| {
    let ben = app.person("Ben").await;
    let me = ben.get("/api/v1/me").await.expect(200).json();
    let dataset = ben.dataset(read(&me["space"]["root"]), "Own", 1).await;
    add(&ben, dataset, &point("Mine")).await.expect(201);
    let body = json!({ "password": crate::support::PASSWORD, "confirm": ben.email, "delete_space": true });
    ben.call(Method::DELETE, "/api/v1/me", Some(&body), &[]).await.expect(204);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM annotation").await, 0);
    app.healthy().await;
});

/// What a random history does.
#[derive(Clone, Debug)]
enum Step {
    Add,
    Change { which: usize, knows: bool },
    Delete { which: usize, knows: bool },
    Undo { which: usize },
}

/// What a token takes back.
#[derive(Clone, Debug)]
enum Token {
    Added { number: i64, version: i64 },
    Changed { number: i64, version: i64, to: String },
    Deleted { number: i64, version: i64, name: String },
}

both!(view_3_histories_of_drawings_are_what_a_small_model_says, async |app| {
    use proptest::prelude::{Just, any, prop_oneof};
    let (anna, _, dataset) = world(app).await;
    let step = prop_oneof![
        3 => Just(Step::Add),
        4 => (0_usize..9, any::<bool>()).prop_map(|(which, knows)| Step::Change { which, knows }),
        2 => (0_usize..9, any::<bool>()).prop_map(|(which, knows)| Step::Delete { which, knows }),
        4 => (0_usize..9).prop_map(|which| Step::Undo { which }),
    ];
    let mut runner = TestRunner::deterministic();
    // Number, to version and name; tokens that were not used.
    let mut model: BTreeMap<i64, (i64, String)> = BTreeMap::new();
    let mut tokens: Vec<(String, Token)> = Vec::new();
    let mut last = 0;
    for round in 0..rounds(60) {
        let step = step.new_tree(&mut runner).expect("a step").current();
        let picked =
            |which: usize| model.iter().nth(which % model.len().max(1)).map(|(number, one)| (*number, one.clone()));
        let token = |answer: &Answer| answer.header("undo-token").to_owned();
        match step {
            Step::Add => {
                last += 1;
                let name = format!("New {round}");
                let answer = add(&anna, dataset, &point(&name)).await.expect(201);
                assert_eq!(answer.json()["number"], last);
                tokens.push((token(&answer), Token::Added { number: last, version: 1 }));
                model.insert(last, (1, name));
            }
            Step::Change { which, knows } => {
                let Some((number, (version, was))) = picked(which) else { continue };
                let (name, tag) =
                    (format!("Changed {round}"), format!("\"{}\"", if knows { version } else { version + 1 }));
                let answer =
                    put(&anna, dataset, number, &point(&name), Some(&tag)).await.expect(if knows { 200 } else { 409 });
                if knows {
                    tokens.push((token(&answer), Token::Changed { number, version: version + 1, to: was }));
                    model.insert(number, (version + 1, name));
                }
            }
            Step::Delete { which, knows } => {
                let Some((number, (version, name))) = picked(which) else { continue };
                let tag = format!("\"{}\"", if knows { version } else { version - 1 });
                let answer = delete(&anna, dataset, number, Some(&tag)).await.expect(if knows { 204 } else { 409 });
                if knows {
                    tokens.push((token(&answer), Token::Deleted { number, version, name }));
                    model.remove(&number);
                }
            }
            Step::Undo { which } => {
                if tokens.is_empty() {
                    continue;
                }
                let (text, token) = tokens.remove(tokens.len() - 1 - which % tokens.len());
                let answer = anna.post("/api/v1/undo", &json!({ "token": text })).await;
                let holds = |number: &i64, version: &i64| model.get(number).is_some_and(|(is, _)| is == version);
                let fits = match &token {
                    Token::Added { number, version } | Token::Changed { number, version, .. } => holds(number, version),
                    Token::Deleted { number, .. } => !model.contains_key(number),
                };
                assert_eq!(answer.status, if fits { 200 } else { 409 }, "{token:?} in {model:?}: {}", answer.body);
                match token {
                    _ if !fits => {}
                    Token::Added { number, .. } => drop(model.remove(&number)),
                    Token::Changed { number, version, to } => drop(model.insert(number, (version + 1, to))),
                    Token::Deleted { number, version, name } => drop(model.insert(number, (version + 1, name))),
                }
            }
        }
        let stored: BTreeMap<i64, (i64, String)> = list(&anna, dataset)
            .await
            .iter()
            .map(|one| {
                let number = |field: &str| one[field].as_i64().expect("a number");
                (number("number"), (number("version"), one["name"].as_str().expect("a name").to_owned()))
            })
            .collect();
        assert_eq!(stored, model, "round {round}");
    }
    app.healthy().await;
});
