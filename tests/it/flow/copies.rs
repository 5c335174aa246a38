//! Copying (DRIVE-4, DRIVE-5, POL-1).

use commonhold::domain::{access::Level, resource::DatasetStatus, role::Role, transfer::Grantee};
use serde_json::json;

use crate::{both, support::read};

both!(drive_4_a_copy_has_everything_but_access_links_and_charges, async |app| {
    let (anna, john, mary) = (app.person("Anna").await, app.person("John").await, app.person("Mary").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Editor).await;
    app.join(&org, &mary, Role::Member).await;
    let licence = app.images_licence(&org, 1_000, 50).await;
    let folder = anna.folder(org.root, "Tunnels").await;
    let inside = anna.folder(folder, "Inside").await;
    let site = anna.site(inside, "Site").await;
    let done = anna.dataset(site, "Done", 7).await;
    let queued = anna.dataset(inside, "Queued", 3).await;
    let trashed = anna.dataset(inside, "Trashed", 3).await;
    app.set_status(done, DatasetStatus::Processed).await;
    app.set_status(queued, DatasetStatus::Queued).await;
    anna.trash(trashed).await.expect(204);
    app.give(folder, Grantee::Person(mary.id), Level::Reader, false).await;
    app.share(folder, "a-link").await;
    let left = app.left(licence).await;
    app.tick(5_000);
    let copy = john.copy(folder, org.root).await.expect(201).json();
    assert_eq!(copy["name"], "Tunnels (2)");
    assert_eq!((&copy["access"], &copy["created_by"]), (&json!("inherited"), &json!(john.id)));
    mary.show(read(&copy["id"])).await.expect(404);
    let child = |parent, name: &'static str| {
        let anna = anna.clone();
        async move {
            let list = anna.children(parent, "").await.expect(200).json();
            let items = list["items"].as_array().expect("a list").clone();
            items.into_iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no {name}: {list}"))
        }
    };
    let inner = read(&child(read(&copy["id"]), "Inside").await["id"]);
    assert_eq!(anna.children(inner, "").await.names(), ["Site", "Queued"], "what is in the trash is not copied");
    let copied = child(read(&child(inner, "Site").await["id"]), "Done").await;
    assert_eq!((&copied["dataset"]["status"], &copied["dataset"]["images"]), (&json!("processed"), &json!(7)));
    assert_eq!(child(inner, "Queued").await["dataset"]["status"], "draft");
    let stored = app.stored(read(&copied["id"])).await;
    assert_eq!((stored.charged_to, stored.created_by, stored.created_at), (None, Some(john.id), app.ctx().now()));
    assert_eq!(app.left(licence).await, left, "nothing is charged");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM share_link").await, 1);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant").await, 1);
    assert_eq!(anna.audit(&org).await[0], "resource.copied");
    app.healthy().await;
});

both!(drive_4_who_may_copy_what_where, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.join(&org, &john, Role::Member).await;
    let (source, target) = (anna.folder(org.root, "Source").await, anna.folder(org.root, "Target").await);
    let item = anna.dataset(source, "Flight", 1).await;
    john.copy(item, target).await.expect(404);
    app.give(source, Grantee::Person(john.id), Level::Reader, false).await;
    john.copy(item, target).await.expect(404);
    john.copy(item, source).await.expect(403);
    app.give(target, Grantee::Person(john.id), Level::Uploader, false).await;
    john.copy(item, target).await.expect(201);
    app.nobody().copy(item, target).await.expect(401);
    // What cannot be.
    assert_eq!(anna.copy(item, other.root).await.expect(422).code(), "invalid");
    assert_eq!(anna.copy(source, source).await.expect(422).code(), "invalid");
    assert_eq!(anna.copy(org.root, target).await.expect(422).code(), "invalid");
    assert_eq!(anna.copy(target, item).await.expect(422).code(), "invalid");
    let nowhere = anna.post(&format!("/api/v1/resources/{item}/copy"), &json!({})).await.expect(422);
    assert_eq!(nowhere.fields(), ["destination"]);
    anna.post(&format!("/api/v1/resources/{item}/copy"), &json!({ "to": target })).await.expect(400);
    // LIC-6.
    let licence = app.images_licence(&org, 100, 10).await;
    app.expire(licence).await;
    anna.copy(item, target).await.expect(403);
    app.healthy().await;
});

both!(pol_1_what_is_restricted_is_not_copied_and_a_copy_is_no_way_around_a_restriction, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Folder").await;
    let inside = anna.folder(folder, "Inside").await;
    let kept = anna.dataset(inside, "Kept", 1).await;
    app.corrupt("UPDATE resource SET restrict_copy = TRUE WHERE name = 'Kept'").await;
    for id in [kept, inside, folder] {
        assert_eq!(anna.copy(id, org.root).await.expect(403).code(), "forbidden");
    }
    app.corrupt("UPDATE resource SET restrict_copy = FALSE, restrict_download = TRUE WHERE name = 'Kept'").await;
    app.corrupt("UPDATE resource SET restrict_download = TRUE, restrict_delete = TRUE WHERE name = 'Folder'").await;
    // From above and from inside, it comes along.
    anna.copy(inside, org.root).await.expect(201);
    assert_eq!(
        app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource c JOIN resource p ON p.id = c.parent_id WHERE c.name = 'Inside' AND p.kind = 'root' AND c.restrict_download AND c.restrict_delete").await,
        1
    );
    assert_eq!(
        app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE name = 'Kept' AND restrict_download").await,
        2
    );
    app.healthy().await;
});

both!(drive_1_a_copy_is_never_too_deep, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let mut way = vec![org.root];
    for depth in 1..=63 {
        way.push(anna.folder(way[depth - 1], &format!("Level {depth}")).await);
    }
    let tall = anna.folder(org.root, "Tall").await;
    anna.folder(tall, "Inside").await;
    anna.copy(tall, way[63]).await.expect(422);
    anna.copy(tall, way[62]).await.expect(201);
    app.healthy().await;
});
