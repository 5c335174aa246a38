//! Restrictions (POL-1): who sets them, what they forbid, where they come from.

use commonhold::{
    domain::{access::Level, id::ResourceId, role::Role, transfer::Grantee},
    rpc::restriction::SaveRestrictions,
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Person},
};

async fn restrict(by: &Person, resource: ResourceId, body: &Value) -> Answer {
    let path = format!("/api/v1/resources/{resource}/restrictions");
    by.call(axum::http::Method::PUT, &path, Some(body), &[]).await
}

async fn restrictions(by: &Person, resource: ResourceId) -> Value {
    by.get(&format!("/api/v1/resources/{resource}/restrictions")).await.expect(200).json()
}

both!(pol_1_managers_restrict_what_is_below_and_everyone_sees_where_it_comes_from, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let top = anna.folder(org.root, "Gotthard").await;
    let inside = anna.folder(top, "Inside").await;
    let dataset = anna.dataset(inside, "Flight", 1).await;
    let nothing = json!({ "copy": false, "delete": false, "download": false });
    assert_eq!(restrictions(&anna, dataset).await["effective"], nothing);
    let set = restrict(&anna, top, &json!({ "copy": true, "delete": true })).await.expect(200).json();
    assert_eq!(set["sources"][0], json!({ "restriction": "copy", "resource": top, "name": "Gotthard" }));
    restrict(&anna, inside, &json!({ "download": true, "copy": true })).await.expect(200);
    let shown = restrictions(&anna, dataset).await;
    assert_eq!((&shown["copy"], &shown["delete"], &shown["download"]), (&json!(false), &json!(false), &json!(false)));
    assert_eq!(shown["effective"], json!({ "copy": true, "delete": true, "download": true }));
    let sources: Vec<(String, String)> = shown["sources"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|source| (source["restriction"].to_string(), source["name"].to_string()))
        .map(|(what, name)| (what.replace('"', ""), name.replace('"', "")))
        .collect();
    let expected = [("copy", "Inside"), ("copy", "Gotthard"), ("delete", "Gotthard"), ("download", "Inside")];
    assert_eq!(sources, expected.map(|(what, name)| (what.to_owned(), name.to_owned())));
    // The strictest wins: nothing below takes it away.
    restrict(&anna, inside, &json!({})).await.expect(200);
    assert_eq!(
        restrictions(&anna, dataset).await["effective"],
        json!({ "copy": true, "delete": true, "download": false })
    );
    // Who sees only a part is not told the name of what is above it.
    let john = app.person("John").await;
    app.join(&org, &john, Role::Member).await;
    app.give(inside, Grantee::Person(john.id), Level::Manager, false).await;
    let seen = restrictions(&john, dataset).await;
    assert_eq!(seen["sources"][0], json!({ "restriction": "copy", "resource": null, "name": "a folder above" }));
    assert!(!seen.to_string().contains("Gotthard"));
    for (person, resource, status) in [(&john, dataset, 200), (&john, top, 404), (&anna, dataset, 200)] {
        assert_eq!(restrict(person, resource, &json!({ "copy": true })).await.status, status);
    }
    restrict(&anna, top, &json!({ "nonsense": true })).await.expect(400);
    assert!(anna.audit(&org).await.contains(&"resource.restricted".to_owned()));
    app.healthy().await;
});

both!(pol_1_only_manager_level_restricts, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Gotthard").await;
    for (role, level, status) in [
        (Role::Manager, None, 200),
        (Role::Editor, None, 403),
        (Role::Reader, None, 403),
        (Role::Reader, Some(Level::Manager), 200),
        (Role::Member, Some(Level::Editor), 403),
        (Role::Member, None, 404),
    ] {
        let john = app.person("John").await;
        app.join(&org, &john, role).await;
        if let Some(level) = level {
            app.give(folder, Grantee::Person(john.id), level, false).await;
        }
        assert_eq!(restrict(&john, folder, &json!({ "copy": true })).await.status, status, "{role:?} {level:?}");
    }
});

both!(pol_1_the_pages_say_what_is_restricted_and_by_what, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Editor).await;
    let top = anna.folder(org.root, "Gotthard").await;
    let inside = anna.folder(top, "Inside").await;
    let dataset = anna.dataset(inside, "Flight", 1).await;
    let drive = format!("/o/{}/drive", org.org_id);
    let dialog = format!("{drive}?dialog=restrict&item={top}");
    let page = anna.page(&dialog).await.expect(200).body;
    for words in ["Who may copy it", "Editors and Managers", "Managers only", "No one", "Everyone with access"] {
        assert!(page.contains(words), "{words}");
    }
    let id = top.to_string();
    let fields = [("id", id.as_str()), ("copy", "no"), ("delete", "yes"), ("download", "no"), ("back", drive.as_str())];
    let saved = anna.form(SaveRestrictions::url(), &dialog, &fields).await;
    assert_eq!((saved.status, saved.location()), (302, drive.as_str()));
    assert!(anna.page(&drive).await.expect(200).body.contains("Saved the restrictions"));
    // On the page of what is below, and fixed in its dialog.
    for id in [inside, dataset] {
        let page = john.page(&format!("{drive}/{id}")).await.expect(200).body;
        assert!(page.contains("Only Managers can delete this: set on “Gotthard”."), "{page}");
        assert!(!page.contains("No one can copy this"));
    }
    assert!(john.page(&format!("{drive}/{top}")).await.body.contains("Only Managers can delete this: set here."));
    let page = anna.page(&format!("{drive}/{top}?dialog=restrict&item={inside}")).await.expect(200).body;
    assert!(page.contains("Managers only, set on “Gotthard”"), "{page}");
    // An Editor is refused, with the reason; and sees no button to save.
    let refused = john.form(SaveRestrictions::url(), &dialog, &fields).await;
    assert_eq!((refused.status, refused.location()), (302, dialog.as_str()));
    assert!(!john.page(&dialog).await.expect(200).body.contains(">Save<"));
});

both!(pol_1_who_may_not_delete_from_a_folder_does_not_move_out_of_it, async |app| {
    let (anna, ed) = (app.person("Anna").await, app.person("Ed").await);
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 100, 10).await;
    app.join(&org, &ed, Role::Editor).await;
    let (kept, free) = (anna.folder(org.root, "Kept").await, anna.folder(org.root, "Free").await);
    let inside = anna.folder(kept, "Inside").await;
    let item = anna.folder(kept, "Item").await;
    let flight = anna.dataset(kept, "Flight", 1).await;
    restrict(&anna, kept, &json!({ "delete": true })).await.expect(200);
    let refused = ed.transfer(&[item], free).await.expect(409);
    assert_eq!(refused.blockers(), ["deletion_restricted"]);
    assert!(refused.body.contains("Only people with Manager access can take “Item” out of “Kept”"), "{}", refused.body);
    // Nor by way of a site, and nothing of a selection moves.
    let beside = anna.site(free, "Quarry").await;
    let body = json!({ "site": beside });
    assert_eq!(
        ed.post(&format!("/api/v1/resources/{flight}/assign"), &body).await.expect(409).blockers(),
        ["deletion_restricted"]
    );
    assert_eq!(app.stored(item).await.parent, Some(kept));
    // Around inside it, and into it, they may. What is restricted by itself stays so wherever it goes.
    ed.transfer(&[item], inside).await.expect(201);
    restrict(&anna, free, &json!({ "delete": true })).await.expect(200);
    ed.transfer(&[free], kept).await.expect(201);
    assert_eq!(ed.trash(free).await.expect(403).code(), "forbidden");
    anna.transfer(&[item], org.root).await.expect(201);
    app.healthy().await;
});

both!(pol_1_nothing_can_be_copied_or_downloaded_by_moving_it_out_first, async |app| {
    let (anna, ed) = (app.person("Anna").await, app.person("Ed").await);
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 100, 10).await;
    app.join(&org, &ed, Role::Editor).await;
    let free = anna.folder(org.root, "Free").await;
    for (what, code) in [("download", "download_restricted"), ("copy", "copy_restricted")] {
        let kept = anna.folder(org.root, &format!("No {what}")).await;
        let (site, flight) = (anna.site(kept, "Quarry").await, anna.dataset(kept, "Flight", 1).await);
        restrict(&anna, site, &json!({ what: true })).await.expect(200);
        ed.post(&format!("/api/v1/resources/{flight}/assign"), &json!({ "site": site })).await.expect(200);
        // Out of the site by its own button, by a move, and by the other site.
        let out = ed.post(&format!("/api/v1/resources/{flight}/unassign"), &json!({})).await.expect(409);
        assert_eq!(out.blockers(), [code]);
        assert_eq!(ed.transfer(&[flight], free).await.expect(409).blockers(), [code]);
        anna.transfer(&[flight], free).await.expect(201);
    }
    app.healthy().await;
});
