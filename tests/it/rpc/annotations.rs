//! Annotations by forms and by what pages ask for (VIEW-3, VIEW-5).

use commonhold::{
    domain::{id::ResourceId, role::Role},
    rpc::{
        annotation::{AddPoint, Annotations, DeleteAnnotation, DrawAnnotation, EraseAnnotation, RedrawAnnotation},
        trash::UndoChange,
    },
    view::viewer::{AnnotationSaved, AnnotationView},
};
use leptos::server_fn::ServerFn;

use crate::{
    both,
    support::{Answer, Org, Person, TestApp},
};

async fn world(app: &TestApp) -> (Person, Org, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 1_000, 10).await;
    let dataset = anna.dataset(org.root, "Flight 1", 3).await;
    (anna, org, dataset)
}

fn here(org: &Org, dataset: ResourceId) -> String {
    format!("/o/{}/drive/{dataset}", org.org_id)
}

/// What a page asks for with WebAssembly.
async fn ask(by: &Person, function: &str, fields: &[(&str, &str)]) -> Answer {
    let request = axum::http::Request::builder()
        .method("POST")
        .uri(function)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "http://localhost:3000")
        .body(serde_urlencoded::to_string(fields).expect("fields").into())
        .expect("a request");
    by.send(request).await
}

/// The page that a plain form leads to.
async fn after(by: &Person, answer: Answer) -> String {
    assert!(matches!(answer.status, 302 | 303), "{} {}", answer.status, answer.body);
    by.page(answer.location()).await.expect(200).body
}

fn token(page: &str) -> String {
    let form = page.split(UndoChange::url()).nth(1).and_then(|after| after.split("</form>").next()).expect("a form");
    let field = form.split("name=\"token\"").nth(1).and_then(|after| after.split("value=\"").nth(1)).expect("a field");
    field.split('"').next().expect("a token").to_owned()
}

both!(view_5_view_3_a_point_is_added_and_deleted_by_forms_without_script_and_taken_back, async |app| {
    let (anna, org, dataset) = world(app).await;
    let (at, id) = (here(&org, dataset), dataset.to_string());
    let point = |latitude, name| {
        [
            ("dataset", id.as_str()),
            ("latitude", latitude),
            ("longitude", " 8.591230° "),
            ("name", name),
            ("back", at.as_str()),
        ]
    };
    let page = after(&anna, anna.form(AddPoint::url(), &at, &point("46.63456", "<b>Crack</b>")).await).await;
    assert!(page.contains("Saved “&lt;b&gt;Crack&lt;/b&gt;”"), "escaped");
    let stored = anna.get(&format!("/api/v1/datasets/{dataset}/annotations")).await.expect(200).json();
    assert_eq!(stored["items"][0]["coordinates"], serde_json::json!([[8.59123, 46.63456]]));
    // A latitude that is none is told at its field, and nothing is saved.
    let refused = anna.form(AddPoint::url(), &at, &point("north", "Third")).await;
    assert!(matches!(refused.status, 302 | 303), "{}", refused.body);
    anna.form(AddPoint::url(), &at, &point("46.7", "Second")).await;
    let gone = [("dataset", id.as_str()), ("number", "2"), ("version", "1"), ("back", at.as_str())];
    let page = after(&anna, anna.form(DeleteAnnotation::url(), &at, &gone).await).await;
    assert!(page.contains("Deleted “Second”"));
    let undone = anna.form(UndoChange::url(), &at, &[("token", &token(&page)), ("back", &at)]).await;
    assert!(after(&anna, undone).await.contains("Brought “Second” back"));
    // By now it is of another version than the page that was looked at.
    let page = after(&anna, anna.form(DeleteAnnotation::url(), &at, &gone).await).await;
    assert!(page.contains("Someone else changed “Second” in the meantime, so nothing was done"));
    let stored = anna.get(&format!("/api/v1/datasets/{dataset}/annotations")).await.expect(200);
    assert_eq!(stored.names(), ["<b>Crack</b>", "Second"]);
});

both!(view_3_role_4_what_a_page_saves_is_told_with_its_version_or_who_was_first, async |app| {
    let (anna, org, dataset) = world(app).await;
    let rolf = app.person("Rolf").await;
    app.join(&org, &rolf, Role::Reader).await;
    let id = dataset.to_string();
    let line = [
        ("dataset", id.as_str()),
        ("kind", "line"),
        ("places", "46.6,8.5 46.7,8.5"),
        ("name", "Wall"),
        ("colour", "red"),
    ];
    let saved: AnnotationSaved =
        ask(&anna, DrawAnnotation::url(), &line).await.expect(200).decoded().expect("an answer");
    let AnnotationSaved::Saved { annotation, undo } = saved else { panic!("{saved:?}") };
    assert_eq!((annotation.number, annotation.version, annotation.annotation.places.len()), (1, 1, 2));
    assert!(undo.is_some());
    let change = |version| {
        [
            ("dataset", id.as_str()),
            ("number", "1"),
            ("version", version),
            ("places", "46.6,8.5 46.8,8.5"),
            ("name", "Wall"),
        ]
    };
    let saved: AnnotationSaved =
        ask(&anna, RedrawAnnotation::url(), &change("1")).await.expect(200).decoded().expect("an answer");
    assert!(matches!(&saved, AnnotationSaved::Saved { annotation, .. } if annotation.version == 2), "{saved:?}");
    for late in [
        ask(&anna, RedrawAnnotation::url(), &change("1")).await,
        ask(&anna, EraseAnnotation::url(), &change("1")[..3]).await,
    ] {
        let late: AnnotationSaved = late.expect(200).decoded().expect("an answer");
        assert!(matches!(&late, AnnotationSaved::Changed(present) if present.version == 2), "{late:?}");
    }
    let seen = ask(&rolf, Annotations::url(), &[("dataset", &id)]).await.expect(200);
    let seen: Vec<AnnotationView> = seen.decoded().expect("an answer");
    assert_eq!((seen.len(), seen[0].created_by.as_deref()), (1, Some("Anna Muster")));
    for function in [DrawAnnotation::url(), RedrawAnnotation::url(), EraseAnnotation::url()] {
        let fields =
            [("dataset", id.as_str()), ("number", "1"), ("version", "2"), ("kind", "point"), ("places", "1,1")];
        ask(&rolf, function, &fields).await.expect(403);
        ask(&app.nobody(), function, &fields).await.expect(401);
    }
    let erased: AnnotationSaved =
        ask(&anna, EraseAnnotation::url(), &change("2")[..3]).await.expect(200).decoded().expect("an answer");
    assert!(matches!(erased, AnnotationSaved::Deleted { undo: Some(_), .. }), "{erased:?}");
    app.healthy().await;
});
