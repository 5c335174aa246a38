//! Organizations, personal spaces, roles, and who stays (ORG, SPACE, ROLE, PEOPLE).

use commonhold::domain::{access::Level, role::Role, transfer::Grantee};
use serde_json::json;

use crate::both;

both!(org_1_org_2_a_founder_gets_everything_an_organization_starts_with, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Müller & Söhne").await;
    assert_eq!(org.org_id, "mueller-soehne");
    let shown = anna.get(&format!("/api/v1/orgs/{}", org.org_id)).await.expect(200).json();
    assert_eq!(shown["role"], "owner");
    assert_eq!(shown["accounts"][0]["name"], "Primary");
    assert_eq!(shown["accounts"][0]["sharing_id"], "mueller-soehne/primary");
    let root = anna.show(org.root).await.expect(200).json();
    assert_eq!((root["kind"].as_str(), root["level"].as_str()), (Some("root"), Some("manager")));
    let licences = anna.get(&format!("/api/v1/orgs/{}/licences", org.org_id)).await.expect(200).json();
    assert_eq!(licences["items"][0]["product"], "discovery");
    assert_eq!(anna.audit(&org).await, ["organization.created"]);
    app.healthy().await;
});

both!(org_1_people_belong_to_many_organizations_with_different_roles, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let first = anna.create_org("First").await;
    app.join(&first, &john, Role::Member).await;
    john.create_org("Second").await;
    john.create_org("Third").await;
    let mine = john.get("/api/v1/orgs").await.expect(200).names();
    assert_eq!(mine, ["First", "Second", "Third"]);
    app.healthy().await;
});

both!(org_2_the_same_name_again_gets_a_number, async |app| {
    let anna = app.person("Anna").await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(anna.create_org("Table").await.org_id);
    }
    assert_eq!(ids[..3], ["table", "table-2", "table-3"]);
    assert_eq!(ids[11], "table-12");
    assert_eq!(anna.create_org("Table 2").await.org_id, "table-2-2", "table-2 is taken");
});

both!(org_5_an_org_id_is_found_regardless_of_case_and_by_its_uuid, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Table").await;
    for way in ["table", "TABLE", &org.id.to_string(), &org.id.to_string().to_uppercase()] {
        assert_eq!(anna.get(&format!("/api/v1/orgs/{way}")).await.expect(200).json()["org_id"], "table");
    }
});

both!(org_3_the_last_owner_neither_leaves_nor_steps_down_nor_is_removed, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    for answer in
        [anna.leave(&org).await, anna.change_role(&org, anna.id, "manager").await, anna.remove(&org, &[anna.id]).await]
    {
        assert_eq!((answer.status, answer.code().as_str()), (409, "last_owner"));
    }
    app.join(&org, &john, Role::Manager).await;
    for answer in [john.change_role(&org, anna.id, "reader").await, john.remove(&org, &[anna.id]).await] {
        assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"), "attack 9");
    }
    anna.change_role(&org, john.id, "owner").await.expect(200);
    anna.leave(&org).await.expect(204);
    assert_eq!(john.leave(&org).await.expect(409).code(), "last_owner");
    assert_eq!(john.audit(&org).await[..2], ["person.left", "role.changed"]);
    app.healthy().await;
});

both!(org_3_people_5_removing_both_owners_together_removes_nobody, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Owner).await;
    assert_eq!(anna.remove(&org, &[john.id, anna.id]).await.expect(409).code(), "last_owner");
    assert_eq!(app.owners(org.id).await, 2, "all or none");
    app.healthy().await;
});

both!(attack_9_role_3_nobody_gives_a_role_above_their_own, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let somebody = app.person("Some").await;
    app.join(&org, &somebody, Role::Reader).await;
    for (role, allowed) in [
        (Role::Manager, ["manager", "editor", "reader", "member"].as_slice()),
        (Role::Editor, &[]),
        (Role::Reader, &[]),
        (Role::Member, &[]),
    ] {
        let by = app.person("By").await;
        app.join(&org, &by, role).await;
        for wanted in ["owner", "manager", "editor", "reader", "member"] {
            let answer = by.change_role(&org, somebody.id, wanted).await;
            let expected = if allowed.contains(&wanted) { 200 } else { 403 };
            assert_eq!(answer.status, expected, "{role:?} makes a {wanted}: {}", answer.body);
            let own = by.change_role(&org, by.id, "owner").await;
            assert_eq!(own.status, 403, "{role:?} promotes itself");
        }
        by.remove(&org, &[anna.id]).await.expect(403);
        anna.change_role(&org, somebody.id, "reader").await.expect(200);
    }
    app.healthy().await;
});

both!(attack_12_people_5_whoever_is_removed_sees_nothing_with_the_next_request, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Member).await;
    let folder = anna.folder(org.root, "Tunnels").await;
    app.give(folder, Grantee::Person(john.id), Level::Editor, false).await;
    let tab = john.elsewhere().await;
    tab.show(folder).await.expect(200);
    john.page(&format!("/o/{}/drive", org.org_id)).await.expect(200);
    anna.remove(&org, &[john.id]).await.expect(204);
    for answer in [
        tab.show(folder).await,
        tab.rename(folder, "Mine").await,
        tab.create(folder, "folder", "Mine").await,
        tab.get(&format!("/api/v1/orgs/{}", org.org_id)).await,
        john.page(&format!("/o/{}/drive", org.org_id)).await,
        john.page(&format!("/o/{}/drive/{folder}", org.org_id)).await,
    ] {
        assert_eq!(answer.status, 404, "{}", answer.body);
    }
    app.healthy().await;
});

both!(people_7_whoever_leaves_keeps_nothing_by_hand_and_what_they_made_stays, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.join(&org, &john, Role::Editor).await;
    let made = john.folder(org.root, "By John").await;
    let elsewhere = anna.folder(other.root, "Shared").await;
    for resource in [made, elsewhere] {
        app.give(resource, Grantee::Person(john.id), Level::Manager, false).await;
    }
    john.leave(&org).await.expect(204);
    john.show(made).await.expect(404);
    john.show(elsewhere).await.expect(200);
    assert_eq!(anna.show(made).await.expect(200).json()["created_by"], json!(john.id));
    app.healthy().await;
});

both!(space_1_a_personal_space_becomes_an_organization_if_it_holds_anything, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let me = anna.get("/api/v1/me").await.expect(200).json();
    assert_eq!(me["organizations"], json!([]));
    let root = crate::support::read(&me["space"]["root"]);
    anna.folder(root, "Mine").await;
    anna.create_org("Alpine Survey").await;
    let me = anna.get("/api/v1/me").await.expect(200).json();
    assert_eq!(me["space"], json!(null));
    let names: Vec<&str> =
        me["organizations"].as_array().expect("a list").iter().filter_map(|o| o["name"].as_str()).collect();
    assert_eq!(names, ["Alpine Survey", "Anna Muster's Space"]);
    // An empty one stays what it was.
    john.create_org("Tunnel North").await;
    let me = john.get("/api/v1/me").await.expect(200).json();
    assert!(me["space"].is_object());
    assert_eq!(me["organizations"].as_array().map(Vec::len), Some(1));
    app.healthy().await;
});

both!(attack_7_org_pages_show_each_role_only_its_part, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for (role, licences, audit) in [
        (Some(Role::Manager), 200, 200),
        (Some(Role::Editor), 403, 403),
        (Some(Role::Reader), 403, 403),
        (Some(Role::Member), 403, 403),
        (None, 404, 404),
    ] {
        let somebody = app.person("Some").await;
        if let Some(role) = role {
            app.join(&org, &somebody, role).await;
        }
        let at = |path: &str| format!("/api/v1/orgs/{}/{path}", org.org_id);
        assert_eq!(somebody.get(&at("licences")).await.status, licences, "{role:?}");
        assert_eq!(somebody.get(&at("audit")).await.status, audit, "{role:?}");
    }
});
