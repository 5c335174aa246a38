//! The Drive: creating, naming, depth, and rights (DRIVE, ACCESS).

use commonhold::domain::{access::Level, resource::DatasetStatus, role::Role, transfer::Grantee};
use serde_json::json;

use crate::{both, support::read};

both!(drive_1_what_may_be_inside_what, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 10, 10).await;
    let folder = anna.folder(org.root, "Folder").await;
    let site = anna.site(org.root, "Site").await;
    let dataset = anna.dataset(site, "Dataset", 3).await;
    for (parent, kind, status) in [
        (folder, "site", 201),
        (folder, "asset", 201),
        (site, "folder", 422),
        (site, "site", 422),
        (dataset, "folder", 422),
        (dataset, "dataset", 422),
        (folder, "root", 422),
        (folder, "elephant", 422),
    ] {
        let answer = anna.create(parent, kind, &format!("New {kind}")).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.body);
    }
    app.healthy().await;
});

both!(drive_1_a_tree_is_at_most_64_deep, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let mut parent = org.root;
    let mut way = vec![parent];
    for depth in 1..=64 {
        parent = anna.folder(parent, &format!("Level {depth}")).await;
        way.push(parent);
    }
    assert_eq!(anna.create(parent, "folder", "Too deep").await.expect(422).code(), "invalid");
    assert_eq!(anna.show(parent).await.expect(200).json()["path"].as_array().map(Vec::len), Some(65));
    // Moving keeps the limit too: a folder with a child fits on level 63, not on level 64.
    let tall = anna.folder(org.root, "Tall").await;
    anna.folder(tall, "Inside").await;
    let plan = anna.plan(&[tall], way[63]).await.expect(200);
    assert_eq!(plan.blockers(), ["depth_exceeded"]);
    anna.transfer(&[tall], way[63]).await.expect(409);
    anna.transfer(&[tall], way[62]).await.expect(201);
    app.healthy().await;
});

both!(drive_5_names_are_unique_in_a_container_regardless_of_case, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Straße Ü").await;
    for twin in ["Straße Ü", "STRAßE ü", "  straße ü  "] {
        assert_eq!(anna.create(org.root, "folder", twin).await.expect(409).code(), "name_taken", "{twin}");
    }
    anna.create(folder, "folder", "Straße Ü").await.expect(201);
    let other = anna.folder(org.root, "Other").await;
    assert_eq!(anna.rename(other, "straße ü").await.expect(409).code(), "name_taken");
    anna.rename(folder, "STRASSE Ü").await.expect(200);
    anna.rename(folder, "strasse ü").await.expect(200);
    anna.rename(folder, "strasse ü").await.expect(200);
    app.healthy().await;
});

both!(drive_5_a_clash_on_moving_is_solved_with_a_number_and_told, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (from, to) = (anna.folder(org.root, "From").await, anna.folder(org.root, "To").await);
    let item = anna.folder(from, "Tunnel").await;
    for name in ["TUNNEL", "tunnel (2)"] {
        anna.folder(to, name).await;
    }
    let plan = anna.plan(&[item], to).await.expect(200).json();
    assert_eq!(plan["effects"]["renamed"], json!([{ "id": item, "from": "Tunnel", "to": "Tunnel (3)" }]));
    anna.transfer(&[item], to).await.expect(201);
    assert_eq!(anna.show(item).await.json()["name"], "Tunnel (3)");
    app.healthy().await;
});

both!(access_1_access_3_a_member_sees_what_was_granted_and_nothing_on_the_way, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Member).await;
    let secret = anna.folder(org.root, "Secret").await;
    let shared = anna.folder(secret, "Shared").await;
    let inside = anna.folder(shared, "Inside").await;
    app.give(shared, Grantee::Person(john.id), Level::Reader, false).await;
    john.show(org.root).await.expect(404);
    john.show(secret).await.expect(404);
    let shown = john.show(inside).await.expect(200);
    assert!(!shown.body.contains("Secret"), "{}", shown.body);
    let shown = shown.json();
    let path: Vec<&str> = shown["path"].as_array().expect("a path").iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(path, ["Shared", "Inside"]);
    assert_eq!(john.show(shared).await.json()["parent"], json!(null));
    let page = john.page(&format!("/o/{}/drive", org.org_id)).await.expect(200);
    assert!(page.body.contains("Shared with you") && !page.body.contains("Secret"));
    let page = john.page(&format!("/o/{}/drive/{inside}", org.org_id)).await.expect(200);
    assert!(page.body.contains("Inside") && !page.body.contains("Secret"));
});

both!(access_1_each_level_does_what_it_may_and_no_more, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let other = anna.folder(org.root, "Other").await;
    for (level, create, rename) in [
        (Some(Level::Reader), 403, 403),
        (Some(Level::Uploader), 201, 403),
        (Some(Level::Editor), 201, 200),
        (Some(Level::Manager), 201, 200),
        (None, 404, 404),
    ] {
        let john = app.person("John").await;
        app.join(&org, &john, Role::Member).await;
        let folder = anna.folder(org.root, &format!("{level:?}")).await;
        let inside = anna.folder(folder, "Inside").await;
        if let Some(level) = level {
            app.give(folder, Grantee::Person(john.id), level, false).await;
        }
        assert_eq!(john.create(folder, "folder", "New").await.status, create, "{level:?}");
        assert_eq!(john.rename(inside, "Renamed").await.status, rename, "{level:?}");
        assert_eq!(john.rename(other, "Renamed").await.status, 404, "{level:?}");
    }
    app.healthy().await;
});

both!(access_4_a_grant_to_an_organization_is_a_grant_to_each_of_its_people, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, guests) = (anna.create_org("Alpine Survey").await, anna.create_org("Guests").await);
    let folder = anna.folder(org.root, "Shared").await;
    app.give(folder, Grantee::Organization(guests.id), Level::Editor, false).await;
    john.show(folder).await.expect(404);
    app.join(&guests, &john, Role::Reader).await;
    assert_eq!(john.show(folder).await.expect(200).json()["level"], "editor");
    john.leave(&guests).await.expect(204);
    john.show(folder).await.expect(404);
});

both!(drive_2_sorting_and_paging_show_everything_once_in_every_order, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for number in 0..12_i64 {
        // Some of them at the same moment, so that the id breaks the tie.
        app.tick(number % 3);
        let body = json!({ "parent": org.root, "kind": "dataset", "name": format!("Flight {number}"), "dataset": { "bytes": number % 4, "images": number % 5 } });
        anna.post("/api/v1/resources", &body).await.expect(201);
        anna.folder(org.root, &format!("folder {number}")).await;
    }
    // Of different owners and in different states.
    let eddi = app.person("Eddi").await;
    app.join(&org, &eddi, Role::Editor).await;
    app.licence(&org, "cloud", "credits", 0, 0, 1_000).await;
    for number in 12..15_i64 {
        let dataset = eddi.dataset(org.root, &format!("Flight {number}"), number).await;
        let status = if number == 14 { DatasetStatus::Processed } else { DatasetStatus::Queued };
        app.set_status(dataset, status).await;
    }
    for sort in ["name", "modified_at", "size", "kind", "images", "status", "owner"]
        .map(|column| [column.to_owned(), format!("-{column}")])
        .concat()
    {
        let whole = anna.children(org.root, &format!("?sort={sort}&limit=200")).await.expect(200).names();
        assert_eq!(whole.len(), 27, "{sort}");
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = anna.children(org.root, &format!("?sort={sort}&limit=5&cursor={cursor}")).await.expect(200);
            paged.extend(page.names());
            match page.json()["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(paged, whole, "{sort}");
        let mut backwards = anna
            .children(org.root, &format!("?sort=-{}&limit=200", sort.trim_start_matches('-')))
            .await
            .expect(200)
            .names();
        if !sort.starts_with('-') {
            backwards.reverse();
        }
        assert_eq!(backwards, whole, "{sort}");
    }
    let first = async |query: &str| anna.children(org.root, query).await.expect(200).names().remove(0);
    assert_eq!(first("?sort=-images").await, "Flight 14");
    assert_eq!(first("?sort=-status").await, "Flight 14", "as far as it has come");
    assert_eq!(first("?sort=status").await, "folder 0", "what has no status comes first, by name");
    assert_eq!(first("?sort=-owner").await, "Flight 14");
    assert_eq!(first("?sort=owner").await, "Flight 0", "of one owner, by name");
    // The list sorts by the new name of a person.
    eddi.patch("/api/v1/me", &json!({ "first_name": "Aaron" })).await.expect(200);
    assert_eq!(first("?sort=owner").await, "Flight 12");
    app.healthy().await;
    assert_eq!(
        anna.children(org.root, "?kind=folder&query=FOLDER%201").await.expect(200).names(),
        ["folder 1", "folder 10", "folder 11"]
    );
    let first: uuid::Uuid = read(&anna.children(org.root, "?limit=1").await.json()["items"][0]["id"]);
    assert!(!first.is_nil());
});
