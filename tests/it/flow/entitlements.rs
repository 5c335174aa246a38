//! LIC-6 in every call: with an expired cloud licence everything that the rule names is refused and everything else works; with
//! no credits left, everything but processing works. One table of actions.

use axum::http::Method;
use commonhold::domain::{id::LicenceId, id::ResourceId, resource::DatasetStatus};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Org, Person, TestApp, read},
};

const EXPIRED: &str = "The cloud licence has expired.";

/// The resources of an organization before its licence changes.
struct Fixture {
    folder: ResourceId,
    other: ResourceId,
    site: ResourceId,
    dataset: ResourceId,
    second: ResourceId,
    in_site: ResourceId,
    trashed: ResourceId,
    grant: String,
    link: String,
}

async fn fixture(app: &TestApp, anna: &Person, org: &Org) -> Fixture {
    let folder = anna.folder(org.root, "Folder").await;
    let site = anna.site(org.root, "Site").await;
    let other = anna.folder(org.root, "Other").await;
    let trashed = anna.folder(org.root, "Trashed").await;
    let member = app.person("Mem").await;
    app.join(org, &member, commonhold::domain::role::Role::Member).await;
    let given = anna.give(other, json!({ "email": member.email }), "reader").await.expect(200).json();
    let link = anna.post(&format!("/api/v1/resources/{other}/links"), &json!({})).await.expect(201).json();
    let dataset = anna.dataset(org.root, "Dataset", 1).await;
    let second = anna.dataset(org.root, "Second", 1).await;
    let in_site = anna.dataset(org.root, "In site", 1).await;
    anna.post(&format!("/api/v1/resources/{in_site}/assign"), &json!({ "site": site })).await.expect(200);
    anna.post(&format!("/api/v1/resources/{trashed}/trash"), &json!({})).await.expect(204);
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    Fixture {
        folder,
        other,
        site,
        dataset,
        second,
        in_site,
        trashed,
        grant: text(&given["access"]["grant"]),
        link: text(&link["id"]),
    }
}

/// Everything that a person can do, one after the other: what, the answer's status, and its text. What takes something away
/// comes last.
async fn everything(anna: &Person, org: &Org, at: &Fixture) -> Vec<(&'static str, u16, String)> {
    let Fixture { folder, other, site, dataset, second, in_site, trashed, grant, link } = at;
    let (root, org_id) = (org.root, &org.org_id);
    let one = |id: &ResourceId, rest: &str| format!("/api/v1/resources/{id}{rest}");
    let make =
        |parent: ResourceId, kind: &str| json!({ "parent": parent, "kind": kind, "name": format!("New {kind}") });
    let (post, put, get, patch, delete) = (Method::POST, Method::PUT, Method::GET, Method::PATCH, Method::DELETE);
    let resources = "/api/v1/resources".to_owned();
    let invited = |email: &str, resource: Value| json!({ "invitations": [{ "email": email, "role": "member", "resource": resource, "level": "reader" }] });
    let calls: Vec<(&'static str, Method, String, Option<Value>)> = vec![
        ("create a folder", post.clone(), resources.clone(), Some(make(root, "folder"))),
        ("create a site", post.clone(), resources.clone(), Some(make(root, "site"))),
        ("create an asset", post.clone(), resources.clone(), Some(make(root, "asset"))),
        ("create a dataset", post.clone(), resources, Some(make(root, "dataset"))),
        ("copy", post.clone(), one(folder, "/copy"), Some(json!({ "destination": other }))),
        ("assign to a site", post.clone(), one(dataset, "/assign"), Some(json!({ "site": site }))),
        ("assign to a new site", post.clone(), one(second, "/assign"), Some(json!({ "site_name": "Fresh" }))),
        ("switch a link on", post.clone(), one(folder, "/links"), Some(json!({}))),
        (
            "give access",
            put.clone(),
            one(folder, "/grants"),
            Some(json!({ "email": "x@example.com", "level": "reader" })),
        ),
        (
            "invite a Member to something",
            post.clone(),
            format!("/api/v1/orgs/{org_id}/invitations"),
            Some(invited("m@example.com", json!(folder))),
        ),
        ("open", get.clone(), one(folder, ""), None),
        ("look inside", get.clone(), one(folder, "/children"), None),
        ("search", get.clone(), format!("/api/v1/orgs/{org_id}/search?q=folder"), None),
        ("see who has access", get.clone(), one(other, "/access"), None),
        ("see links", get.clone(), one(other, "/links"), None),
        ("see licences", get, format!("/api/v1/orgs/{org_id}/licences"), None),
        ("rename", patch, one(folder, ""), Some(json!({ "name": "Renamed" }))),
        ("restrict", put, one(folder, "/restrictions"), Some(json!({ "copy": true }))),
        (
            "move to a folder",
            post.clone(),
            "/api/v1/transfers".to_owned(),
            Some(json!({ "items": [folder], "destination": other })),
        ),
        ("remove from a site", post.clone(), one(in_site, "/unassign"), Some(json!({}))),
        ("restore from the trash", post.clone(), one(trashed, "/restore"), Some(json!({}))),
        ("switch a link off", delete.clone(), format!("/api/v1/links/{link}"), None),
        ("take access away", delete.clone(), one(other, &format!("/grants/{grant}")), None),
        ("move to the trash", post, one(folder, "/trash"), Some(json!({}))),
        ("delete for good", delete, one(folder, ""), None),
    ];
    let mut answers = Vec::new();
    for (what, method, path, body) in calls {
        let answer = anna.call(method, &path, body.as_ref(), &[]).await;
        answers.push((what, answer.status, answer.body));
    }
    answers
}

/// What LIC-6 takes away: everything that is named here, and nothing else.
const TAKEN: [&str; 10] = [
    "create a folder",
    "create a site",
    "create an asset",
    "create a dataset",
    "copy",
    "assign to a site",
    "assign to a new site",
    "switch a link on",
    "give access",
    "invite a Member to something",
];

async fn begin(app: &TestApp, credits: i64) -> (Person, Org, Fixture, LicenceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.licence(&org, "cloud-teams", "credits", 0, 0, credits).await;
    let fixture = fixture(app, &anna, &org).await;
    (anna, org, fixture, licence)
}

both!(lic_6_an_expired_licence_takes_away_what_is_named_and_leaves_the_rest, async |app| {
    let (anna, org, at, licence) = begin(app, 100).await;
    app.expire(licence).await;
    for (what, status, body) in everything(&anna, &org, &at).await {
        if what == "invite a Member to something" {
            // Each row of a list has a verdict of its own.
            assert!(status == 200 && body.contains("\"invalid\"") && body.contains(EXPIRED), "{what}: {status} {body}");
        } else if TAKEN.contains(&what) {
            // Moving into a site is a transfer, which lists all that is in the way.
            let told =
                if what == "assign to a site" { body.contains("licence_tier_too_low") } else { body.contains(EXPIRED) };
            assert!((status == 403 || status == 409) && told, "{what}: {status} {body}");
        } else {
            assert!(status < 300, "{what}: {status} {body}");
        }
    }
    assert_eq!(app.set_status(at.dataset, DatasetStatus::Queued).await.status, DatasetStatus::WaitingForCredits);
    assert_eq!(app.left(licence).await, (0, 0, 100));
    // With another day it is all there again.
    let today = app.ctx().now().day().iso();
    let operator = commonhold::server::usecase::operator::Operator::command_line();
    commonhold::server::usecase::licence::operator::extend(app.ctx(), &operator, licence, &today)
        .await
        .expect("extended");
    let made: ResourceId = read(&anna.create(org.root, "folder", "Again").await.expect(201).json()["id"]);
    anna.show(made).await.expect(200);
    assert_eq!(app.stored(at.dataset).await.dataset.map(|dataset| dataset.status), Some(DatasetStatus::Queued));
    app.healthy().await;
});

both!(lic_6_with_credits_used_up_everything_but_processing_is_allowed, async |app| {
    let (anna, org, at, _) = begin(app, 0).await;
    for (what, status, body) in everything(&anna, &org, &at).await {
        assert!(status < 300 && !body.contains("\"invalid\""), "{what}: {status} {body}");
    }
    assert_eq!(app.set_status(at.dataset, DatasetStatus::Queued).await.status, DatasetStatus::WaitingForCredits);
    app.healthy().await;
});

both!(lic_6_disabled_actions_have_the_text_of_the_refusal, async |app| {
    let (anna, org, at, licence) = begin(app, 100).await;
    let drive = format!("/o/{}/drive", org.org_id);
    let pages = [
        // Where, and which controls are greyed out there.
        (drive.clone(), vec!["New"]),
        (format!("{drive}/{}", at.dataset), vec!["Assign to", "Copy to"]),
        (format!("{drive}?dialog=move&item={}", at.folder), vec!["New folder"]),
        (format!("{drive}?dialog=copy&item={}", at.folder), vec!["New folder", "Copy here"]),
        (format!("{drive}?dialog=share&item={}", at.folder), vec!["Create link"]),
        (format!("{drive}?dialog=access&item={}", at.other), vec!["Give access"]),
        // A choice, not a button.
        (format!("/o/{}/people?dialog=invite&resource={}", org.org_id, at.folder), vec![]),
    ];
    // The text of a button, wherever its markup breaks off.
    let disabled = |body: &str, label: &str| {
        body.split("<button").skip(1).any(|button| {
            let (tag, rest) = button.split_once('>').unwrap_or_default();
            let inner = rest.split("</button>").next().unwrap_or_default();
            inner.contains(label) && tag.contains("disabled")
        })
    };
    for (path, labels) in &pages {
        let page = anna.page(path).await.expect(200);
        for label in labels {
            assert!(!disabled(&page.body, label), "{path}: {label} before");
        }
        assert!(!page.body.contains(EXPIRED), "{path} before");
    }
    app.expire(licence).await;
    for (path, labels) in &pages {
        let page = anna.page(path).await.expect(200);
        assert!(page.body.contains(EXPIRED), "{path}");
        for label in labels {
            assert!(disabled(&page.body, label), "{path}: {label}");
        }
    }
    // What stays allowed is not greyed out.
    let page = anna.page(&format!("{drive}/{}", at.in_site)).await.expect(200);
    for label in ["Rename", "Move to", "Remove from site", "Move to trash"] {
        assert!(page.body.contains(label) && !disabled(&page.body, label), "{label}");
    }
    // Whoever may buy is shown where; nobody else is.
    let eddi = app.person("Eddi").await;
    app.join(&org, &eddi, commonhold::domain::role::Role::Editor).await;
    assert!(anna.page(&drive).await.expect(200).body.contains("Contact sales"));
    let page = eddi.page(&drive).await.expect(200);
    assert!(page.body.contains(EXPIRED) && !page.body.contains("Contact sales"));
});
