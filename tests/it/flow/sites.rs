//! Sites: assigning, removing, timelines (XFER-5, LIC-4, LIC-6, DRIVE-6).

use commonhold::domain::{access::Level, role::Role, transfer::Grantee};
use serde_json::json;

use crate::{both, support::read};

both!(xfer_5_a_dataset_is_assigned_to_a_new_or_existing_site_by_name, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 100, 10).await;
    let folder = anna.folder(org.root, "Folder").await;
    let (one, two) = (anna.dataset(folder, "One", 1).await, anna.dataset(org.root, "Two", 1).await);
    // No site has the name: one is created beside the dataset.
    let answer = anna.assign(one, "Quarry North").await.expect(200).json();
    let site = read(&answer["parent"]);
    assert_eq!(app.stored(site).await.parent, Some(folder));
    assert_eq!(anna.show(site).await.json()["kind"], "site");
    // A site with the name exists elsewhere, in another case.
    assert_eq!(anna.assign(two, "quarry north").await.expect(200).json()["parent"], json!(site));
    // Another site is only possible after removing it from the first.
    let other = anna.site(org.root, "Quarry South").await;
    for wanted in
        [json!({ "site": other }), json!({ "site_name": "Quarry South" }), json!({ "site_name": "Brand new" })]
    {
        let refused = anna.post(&format!("/api/v1/resources/{two}/assign"), &wanted).await.expect(409);
        assert_eq!(refused.blockers(), ["already_in_site"]);
    }
    assert_eq!(anna.children(org.root, "?kind=site").await.names(), ["Quarry South"], "nothing was made on the way");
    assert_eq!(anna.unassign(two).await.expect(200).json()["parent"], json!(folder));
    assert_eq!(anna.unassign(two).await.expect(422).code(), "invalid");
    let by_id = anna.post(&format!("/api/v1/resources/{two}/assign"), &json!({ "site": other })).await.expect(200);
    assert_eq!(by_id.json()["parent"], json!(other));
    app.healthy().await;
    // Invalid requests.
    assert_eq!(anna.assign(folder, "Quarry North").await.expect(422).code(), "invalid");
    assert_eq!(anna.assign(one, "").await.expect(422).fields(), ["site_name"]);
    let three = anna.dataset(org.root, "Three", 1).await;
    let folder_as_site = anna.post(&format!("/api/v1/resources/{three}/assign"), &json!({ "site": folder })).await;
    assert_eq!(folder_as_site.expect(422).fields(), ["site"]);
    // Two sites have the name, and neither is beside it.
    let (a, b) = (anna.folder(org.root, "A").await, anna.folder(org.root, "B").await);
    anna.site(a, "Twin").await;
    let beside = anna.site(b, "Twin").await;
    assert_eq!(anna.assign(three, "Twin").await.expect(422).code(), "invalid");
    let four = anna.dataset(b, "Four", 1).await;
    assert_eq!(anna.assign(four, "twin").await.expect(200).json()["parent"], json!(beside));
    app.healthy().await;
});

both!(lic_4_lic_6_which_licence_sites_need, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let dataset = anna.dataset(org.root, "Flight", 1).await;
    // An empty site counts as well.
    assert_eq!(anna.create(org.root, "site", "Site").await.expect(403).code(), "forbidden");
    let first = app.images_licence(&org, 100, 10).await;
    let site = anna.site(org.root, "Site").await;
    app.expire(first).await;
    let refused = anna.assign(dataset, "Elsewhere").await.expect(403);
    assert_eq!(refused.code(), "forbidden");
    assert_eq!(anna.assign(dataset, "Site").await.expect(409).blockers(), ["licence_tier_too_low"]);
    assert_eq!(anna.children(org.root, "?kind=site").await.names(), ["Site"], "nothing is made on the way");
    anna.copy(dataset, site).await.expect(403);
    let licence = app.licence(&org, "cloud", "images-projects", 100, 10, 0).await;
    assert_eq!(anna.assign(dataset, "Site").await.expect(409).blockers(), ["licence_tier_too_low"]);
    app.expire(licence).await;
    let pro = app.images_licence(&org, 100, 10).await;
    anna.assign(dataset, "Site").await.expect(200);
    app.expire(pro).await;
    anna.unassign(dataset).await.expect(200);
    anna.assign(dataset, "Site").await.expect(409);
    app.healthy().await;
});

both!(xfer_3_xfer_5_only_people_with_access_to_the_site_keep_access, async |app| {
    let (anna, john, mary) = (app.person("Anna").await, app.person("John").await, app.person("Mary").await);
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 100, 10).await;
    app.join(&org, &john, Role::Member).await;
    app.join(&org, &mary, Role::Member).await;
    let folder = anna.folder(org.root, "Folder").await;
    let dataset = anna.dataset(folder, "Flight", 1).await;
    let site = anna.site(org.root, "Site").await;
    app.give(folder, Grantee::Person(john.id), Level::Editor, false).await;
    app.give(site, Grantee::Person(mary.id), Level::Editor, false).await;
    john.show(dataset).await.expect(200);
    mary.show(dataset).await.expect(404);
    // He does not see the site, so he creates another one with the name beside the dataset.
    let own = john.assign(dataset, "Site").await.expect(200).json();
    assert_ne!(own["parent"], json!(site));
    john.unassign(dataset).await.expect(200);
    anna.post(&format!("/api/v1/resources/{dataset}/assign"), &json!({ "site": site })).await.expect(200);
    john.show(dataset).await.expect(404);
    mary.show(dataset).await.expect(200);
    // She sees the site alone, and not what it is in.
    mary.unassign(dataset).await.expect(403);
    app.healthy().await;
});

both!(lic_4_drive_6_a_site_shows_its_datasets_on_a_timeline, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let first = app.images_licence(&org, 100, 10).await;
    let site = anna.site(org.root, "Quarry").await;
    app.expire(first).await;
    // A dataset that is created in a site is assigned to it.
    let body = json!({ "parent": site, "kind": "dataset", "name": "Spring", "dataset": { "images": 3 } });
    let refused = anna.post("/api/v1/resources", &body).await.expect(403);
    assert!(refused.body.contains("has expired"), "{}", refused.body);
    app.images_licence(&org, 10, 10).await;
    for (name, day) in [("Spring", Some("2026-03-01")), ("Autumn", Some("2026-10-09")), ("Undated", None)] {
        let body =
            json!({ "parent": site, "kind": "dataset", "name": name, "dataset": { "images": 3, "captured_on": day } });
        anna.post("/api/v1/resources", &body).await.expect(201);
    }
    let page = anna.page(&format!("/o/{}/drive/{site}", org.org_id)).await.expect(200).body;
    let timeline = page.split("Timeline").nth(1).expect("a timeline");
    let timeline = timeline.split("</section>").next().expect("its end");
    let (spring, autumn) = (timeline.find("Spring"), timeline.find("Autumn"));
    assert!(spring.is_some() && spring < autumn, "{timeline}");
    assert!(timeline.contains("1 Mar 2026") && !timeline.contains("Undated"), "{timeline}");
    let folder = anna.folder(org.root, "Folder").await;
    assert!(!anna.page(&format!("/o/{}/drive/{folder}", org.org_id)).await.body.contains("Timeline"));
});
