//! The viewer (VIEW-1, VIEW-4, VIEW-5): its page inside and by a link, and what a link's viewer never tells (attacks 90 to 92).

use commonhold::{
    domain::{id::ResourceId, photo::Position, role::Role, time::Timestamp},
    server::{pictures::survey::Survey, workers::photos},
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp},
};

/// A dataset with three photos in a folder, something drawn on it, and a dataset beside it without a place.
struct World {
    anna: Person,
    org: Org,
    folder: ResourceId,
    dataset: ResourceId,
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
    let shots = survey.fly().expect("it flies");
    for shot in &shots {
        anna.upload(dataset, &shot.name, &shot.jpeg).await;
    }
    photos::run_due(app.ctx()).await.expect("photos are opened");
    let roof = json!({
        "kind": "area",
        "coordinates": [[8.5855, 46.6624], [8.5857, 46.6624], [8.5857, 46.6625]],
        "name": "Portal roof",
    });
    anna.post(&format!("/api/v1/datasets/{dataset}/annotations"), &roof).await.expect(201);
    let beside = anna.dataset(folder, "Secret flight", 0).await;
    anna.upload(beside, "secret.txt", b"nobody may know").await;
    let first = shots[0].name.clone();
    World { anna, org, folder, dataset, beside, first }
}

fn viewer(org: &Org, dataset: ResourceId) -> String {
    format!("/o/{}/drive/{dataset}/view", org.org_id)
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

both!(view_1_view_5_the_page_holds_what_is_there_for_who_may_see_the_dataset, async |app| {
    let World { anna, org, dataset, beside, folder, first, .. } = world(app).await;
    let page = anna.page(&viewer(&org, dataset)).await.expect(200);
    // Without a script there is the table, with what is measured.
    assert!(page.body.contains("Portal roof") && page.body.contains("Area (2D)"), "{}", page.body);
    assert!(page.body.contains(&first), "the photos come with the page");
    assert!(page.body.contains("Add a point"));
    let empty = anna.page(&viewer(&org, beside)).await.expect(200);
    assert!(empty.body.contains("Nothing here has a place yet."), "{}", empty.body);
    anna.page(&viewer(&org, folder)).await.expect(404);
    let eve = app.person("Eve").await;
    eve.page(&viewer(&org, dataset)).await.expect(404);
    assert_eq!(open(app, &viewer(&org, dataset)).await.status, 303, "sign in first");
});

both!(view_3_role_4_a_reader_is_told_that_nothing_is_saved, async |app| {
    let World { org, dataset, .. } = world(app).await;
    let rita = app.person("Rita").await;
    app.join(&org, &rita, Role::Reader).await;
    let page = rita.page(&viewer(&org, dataset)).await.expect(200);
    assert!(page.body.contains("Nothing is saved: your role is Reader."), "{}", page.body);
    assert!(!page.body.contains("Add a point"));
});

both!(attack_95_a_photo_leads_back_to_the_viewer_it_was_opened_from_and_nowhere_else, async |app| {
    let World { anna, org, dataset, .. } = world(app).await;
    let page = format!("/o/{}/drive/{dataset}?tab=images&file=1&map=", org.org_id);
    let back = format!("{}?lat=46.6&amp;layers=none&amp;photo=1", viewer(&org, dataset));
    let shown = anna.page(&format!("{page}lat%3D46.6%26layers%3Dnone%26photo%3D1")).await.expect(200);
    assert!(shown.body.contains(&back), "{}", shown.body);
    // By a link the same, without leaving it.
    let (_, path) = link(&anna, dataset, &json!({})).await;
    let photo = format!("{path}?file=1&map=");
    let shown = open(app, &format!("{photo}lat%3D46.6%26layers%3Dnone")).await.expect(200);
    // Templates write the sign between parameters as a number.
    let body = shown.body.replace("&#38;", "&amp;");
    assert!(body.contains(&format!("{path}/view/{dataset}?lat=46.6&amp;layers=none")), "{body}");
    for wrong in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%5C%5Cevil.example",
        "x%23%2F%2Fevil.example",
        "a%3D1%26b%3Djavascript%3Aevil.example",
        "%22%3E%3Cscript%3Eevil.example",
        "%0D%0Aevil.example",
    ] {
        for body in [
            anna.page(&format!("{page}{wrong}")).await.expect(200).body,
            open(app, &format!("{photo}{wrong}")).await.expect(200).body,
        ] {
            let links = body.split("href=\"").skip(1).map(|link| link.split('"').next().unwrap_or_default());
            // Contact support is told the address of the page, as text in a parameter of ours.
            let others = links.filter(|link| !link.starts_with("/support/new?"));
            let evil: Vec<&str> = others.filter(|link| link.contains("evil.example")).collect();
            assert!(evil.is_empty(), "{wrong}: {evil:?}");
        }
    }
});

both!(attack_90_the_viewer_of_a_link_tells_no_name_and_nothing_above, async |app| {
    let World { anna, dataset, beside, folder, first, .. } = world(app).await;
    let (_, path) = link(&anna, dataset, &json!({})).await;
    let at = format!("{path}/view/{dataset}");
    // Not even to who is signed in: the page is the same for everybody.
    for visitor in [app.nobody(), anna.elsewhere().await] {
        let page = visitor.page(&at).await.expect(200);
        assert!(page.body.contains(&first) && page.body.contains("Portal roof"), "{}", page.body);
        assert!(page.body.contains("Nothing is saved: you are here by a link."));
        for word in ["Anna", "Muster", "Alpine", "alpine", "Gotthard", "Secret", "Add a point"] {
            assert!(!page.body.contains(word), "{word}: {}", page.body);
        }
    }
    // Only what is below the link.
    open(app, &format!("{path}/view/{beside}")).await.expect(404);
    open(app, &format!("{path}/view/{folder}")).await.expect(404);
    open(app, &format!("{path}/view/none")).await.expect(404);
    let (_, above) = link(&anna, folder, &json!({})).await;
    let page = open(app, &format!("{above}/view/{dataset}")).await.expect(200);
    assert!(!page.body.contains("Gotthard"));
    open(app, &format!("{above}/view/{folder}")).await.expect(404);
    // The page of the link leads there.
    assert!(open(app, &path).await.body.contains(&at));
});

both!(attack_91_one_page_of_a_link_runs_scripts_and_only_our_own, async |app| {
    let World { anna, dataset, .. } = world(app).await;
    let (_, path) = link(&anna, dataset, &json!({})).await;
    let page = open(app, &format!("{path}/view/{dataset}")).await.expect(200);
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self' 'nonce-"), "{policy}");
    assert!(policy.contains("'wasm-unsafe-eval'") && !policy.contains("unsafe-inline"), "{policy}");
    assert!(!policy.contains("'unsafe-eval'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(page.header("x-robots-tag").contains("noindex"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("set-cookie"), "", "no session begins");
    for other in [path.clone(), format!("{path}?file=1"), format!("{path}/view/none")] {
        let policy = open(app, &other).await.header("content-security-policy").to_owned();
        assert!(!policy.contains("script"), "{other}: {policy}");
    }
});

both!(attack_92_a_viewer_behind_a_wrong_revoked_or_locked_link_tells_nothing, async |app| {
    let World { anna, dataset, .. } = world(app).await;
    let wrong = open(app, &format!("/s/{}", "x".repeat(43))).await.expect(404);
    let never = open(app, &format!("/s/{}/view/{dataset}", "x".repeat(43))).await.expect(404);
    assert_eq!(never.body, wrong.body);
    let (id, path) = link(&anna, dataset, &json!({})).await;
    let at = format!("{path}/view/{dataset}");
    open(app, &at).await.expect(200);
    anna.delete(&format!("/api/v1/links/{id}")).await.expect(204);
    assert_eq!(open(app, &at).await.expect(404).body, wrong.body);
    let (_, path) = link(&anna, dataset, &json!({ "password": "open sesame" })).await;
    let locked = open(app, &format!("{path}/view/{dataset}")).await.expect(303);
    assert_eq!(locked.location(), format!("{path}/{dataset}"));
    assert!(!locked.body.contains("Portal"));
    let ends = json!({ "expires_at": "2026-12-24T18:00:00Z" });
    let (_, path) = link(&anna, dataset, &ends).await;
    app.later(365);
    assert_eq!(open(app, &format!("{path}/view/{dataset}")).await.expect(404).body, wrong.body);
});
