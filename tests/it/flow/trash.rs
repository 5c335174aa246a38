//! The trash: trashing, restoring and deleting, and nobody elsewhere sees what is in it (DRIVE-4, DRIVE-5, POL-1, attack 6).

use commonhold::{
    domain::{
        access::Level, id::ResourceId, resource::DatasetStatus, role::Role, share_link::ShareLinkState,
        transfer::Grantee,
    },
    server::{usecase, workers},
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, at_once, read},
};

/// What somebody sees of a tree: every node with its path, kind, name, level and moments, in order.
async fn seen(person: &Person, root: ResourceId) -> Vec<Value> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        let answer = person.show(id).await;
        found.push(json!({ "status": answer.status, "body": answer.json() }));
        if answer.status == 200 {
            let children = person.children(id, "?limit=200").await.expect(200).json();
            for child in children["items"].as_array().expect("a list").iter().rev() {
                open.push(read(&child["id"]));
            }
        }
    }
    for view in &mut found {
        if let Some(body) = view["body"].as_object_mut() {
            body.remove("request_id");
        }
    }
    found
}

both!(drive_4_what_is_in_the_trash_is_nowhere_else_and_comes_back_as_it_was, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Member).await;
    let folder = anna.folder(org.root, "Tunnels").await;
    let inside = anna.folder(folder, "Gotthard").await;
    let dataset = anna.dataset(inside, "Flight", 7).await;
    app.give(inside, Grantee::Person(john.id), Level::Editor, false).await;
    app.share(dataset, "a-link").await;
    let (before, johns) = (seen(&anna, org.root).await, seen(&john, inside).await);
    app.tick(1_000);
    anna.trash(folder).await.expect(204);
    for id in [folder, inside, dataset] {
        assert_eq!(anna.show(id).await.expect(404).code(), "not_found");
        anna.children(id, "").await.expect(404);
        anna.rename(id, "Else").await.expect(404);
        anna.create(id, "folder", "In the trash").await.expect(404);
        anna.transfer(&[id], org.root).await.expect(404);
        anna.copy(id, org.root).await.expect(404);
        anna.trash(id).await.expect(404);
        anna.page(&format!("/o/{}/drive/{id}", org.org_id)).await.expect(404);
    }
    anna.transfer(&[], folder).await.expect(422);
    assert_eq!(anna.children(org.root, "").await.names(), Vec::<String>::new());
    john.show(inside).await.expect(404);
    let mine = john.page(&format!("/o/{}/drive", org.org_id)).await.expect(200);
    assert!(!mine.body.contains("Gotthard"), "{}", mine.body);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM share_link l JOIN resource r ON r.id = l.resource_id WHERE r.trashed_with IS NULL").await, 0);
    app.healthy().await;
    assert_eq!(anna.in_trash(&org).await, ["Tunnels"]);
    assert_eq!(john.in_trash(&org).await, Vec::<String>::new(), "he could not have put the whole of it there");
    // Only an item that was trashed itself is restored, and once.
    anna.restore(inside).await.expect(404);
    john.restore(folder).await.expect(404);
    assert_eq!(anna.restore(folder).await.expect(200).json()["name"], "Tunnels");
    anna.restore(folder).await.expect(404);
    assert_eq!(seen(&anna, org.root).await, before);
    assert_eq!(seen(&john, inside).await, johns);
    assert_eq!(app.link_state("a-link").await, ShareLinkState::Active);
    let audit = anna.audit(&org).await;
    assert_eq!(audit[..2], ["resource.restored", "resource.trashed"]);
    app.healthy().await;
});

both!(drive_4_what_was_trashed_earlier_is_restored_separately, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Folder").await;
    let early = anna.dataset(folder, "Early", 1).await;
    let late = anna.dataset(folder, "Late", 1).await;
    anna.trash(early).await.expect(204);
    app.tick(1);
    anna.trash(folder).await.expect(204);
    assert_eq!(anna.in_trash(&org).await, ["Folder", "Early"]);
    // Its container is in the trash, so it is restored to the root, and the answer says so.
    let toast = {
        let token = "/o/alpine-survey/drive/trash";
        let fields = [("items", early.to_string()), ("back", token.to_owned())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        anna.form(commonhold::rpc::trash::RestoreFromTrash::url(), token, &fields).await;
        anna.page(token).await.expect(200).body
    };
    assert!(toast.contains("its old folder is in the trash"), "{toast}");
    assert_eq!(app.stored(early).await.parent, Some(org.root));
    anna.restore(folder).await.expect(200);
    assert_eq!(anna.children(folder, "").await.names(), ["Late"]);
    app.healthy().await;
    // Deleting the folder for good deletes what was trashed with it, and keeps what was trashed separately.
    anna.transfer(&[early], folder).await.expect(201);
    anna.trash(early).await.expect(204);
    anna.trash(folder).await.expect(204);
    anna.delete_for_good(folder).await.expect(204);
    anna.restore(folder).await.expect(404);
    assert_eq!(anna.in_trash(&org).await, ["Early"]);
    app.healthy().await;
    anna.restore(early).await.expect(200);
    assert_eq!(app.stored(early).await.parent, Some(org.root));
    let mut tx = app.db().read().await.expect("a connection");
    assert!(commonhold::server::store::resource::find(&mut tx, late).await.expect("an answer").is_none());
    drop(tx);
    app.healthy().await;
});

both!(drive_5_a_name_that_was_taken_meanwhile_gets_a_number, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let old = anna.folder(org.root, "Tunnel").await;
    anna.trash(old).await.expect(204);
    let new = anna.folder(org.root, "TUNNEL").await;
    assert_eq!(anna.restore(old).await.expect(200).json()["name"], "Tunnel (2)");
    anna.trash(new).await.expect(204);
    anna.trash(old).await.expect(204);
    let again = anna.folder(org.root, "tunnel (2)").await;
    assert_eq!(anna.restore(old).await.expect(200).json()["name"], "Tunnel (2) (2)");
    assert_eq!(anna.restore(new).await.expect(200).json()["name"], "TUNNEL");
    anna.show(again).await.expect(200);
    app.healthy().await;
});

both!(drive_4_deleting_for_good_is_from_the_trash_only, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 100, 10).await;
    let folder = anna.folder(org.root, "Folder").await;
    let dataset = anna.dataset(folder, "Flight", 7).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    assert_eq!(app.left(licence).await, (93, 9, 0));
    assert_eq!(anna.delete_for_good(folder).await.expect(409).code(), "conflict");
    assert_eq!(anna.delete_for_good(org.root).await.status, 409);
    assert_eq!(anna.trash(org.root).await.expect(422).code(), "invalid");
    anna.trash(folder).await.expect(204);
    anna.delete_for_good(dataset).await.expect(404);
    anna.delete_for_good(folder).await.expect(204);
    anna.delete_for_good(folder).await.expect(404);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE parent_id IS NOT NULL").await, 0);
    assert_eq!(app.left(licence).await, (93, 9, 0), "nothing is given back");
    assert_eq!(anna.audit(&org).await[..2], ["resource.deleted", "resource.trashed"]);
    app.healthy().await;
});

both!(drive_4_who_may_and_who_sees_the_trash, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for (level, trash) in [(Level::Reader, 403), (Level::Uploader, 403), (Level::Editor, 204), (Level::Manager, 204)] {
        let john = app.person("John").await;
        app.join(&org, &john, Role::Member).await;
        let folder = anna.folder(org.root, &format!("{level:?}")).await;
        let inside = anna.folder(folder, "Inside").await;
        app.give(folder, Grantee::Person(john.id), level, false).await;
        assert_eq!(john.trash(inside).await.status, trash, "{level:?}");
        if trash != 204 {
            anna.trash(inside).await.expect(204);
        }
        let sees = trash == 204;
        assert_eq!(john.in_trash(&org).await, if sees { vec!["Inside"] } else { vec![] }, "{level:?}");
        assert_eq!(john.restore(inside).await.status, if sees { 200 } else { 404 }, "{level:?}");
        if sees {
            john.trash(inside).await.expect(204);
        }
        assert_eq!(john.delete_for_good(inside).await.status, if sees { 204 } else { 404 }, "{level:?}");
    }
    let (mary, stranger) = (app.person("Mary").await, app.person("Eve").await);
    app.join(&org, &mary, Role::Reader).await;
    assert_eq!(mary.in_trash(&org).await, Vec::<String>::new());
    stranger.get(&format!("/api/v1/orgs/{}/trash", org.org_id)).await.expect(404);
    stranger.page(&format!("/o/{}/drive/trash", org.org_id)).await.expect(404);
    app.nobody().get(&format!("/api/v1/orgs/{}/trash", org.org_id)).await.expect(401);
    app.healthy().await;
});

both!(pol_1_what_is_restricted_is_not_deleted_by_editors_nor_what_it_is_in, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Editor).await;
    let folder = anna.folder(org.root, "Folder").await;
    let inner = anna.folder(folder, "Inner").await;
    anna.dataset(inner, "Kept", 1).await;
    app.corrupt("UPDATE resource SET restrict_delete = TRUE WHERE name = 'Kept'").await;
    let refused = john.trash(folder).await.expect(403);
    assert!(refused.body.contains("Kept"), "{}", refused.body);
    john.trash(inner).await.expect(403);
    anna.trash(folder).await.expect(204);
    app.corrupt("UPDATE resource SET restrict_delete = TRUE WHERE name = 'Folder'").await;
    // An Editor sees it there, but may neither restore nor delete it.
    assert_eq!(john.in_trash(&org).await, ["Folder"]);
    john.restore(folder).await.expect(403);
    john.delete_for_good(folder).await.expect(403);
    john.delete(&format!("/api/v1/orgs/{}/trash", org.org_id)).await.expect(204);
    assert_eq!(anna.in_trash(&org).await, ["Folder"]);
    anna.delete(&format!("/api/v1/orgs/{}/trash", org.org_id)).await.expect(204);
    assert_eq!(anna.in_trash(&org).await, Vec::<String>::new());
    app.healthy().await;
});

both!(attack_6_trashed_items_do_not_cross_with_their_folder, async |app| {
    let anna = app.person("Anna").await;
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.images_licence(&org, 1_000, 50).await;
    app.images_licence(&other, 1_000, 50).await;
    let folder = anna.folder(org.root, "Folder").await;
    let deep = anna.folder(folder, "Deep").await;
    // It is not processed, so it would block the transfer if it were part of it.
    let dataset = anna.dataset(deep, "Draft", 7).await;
    let holder = anna.folder(deep, "Holder").await;
    let below = anna.folder(holder, "Below").await;
    anna.trash(dataset).await.expect(204);
    app.tick(1);
    anna.trash(below).await.expect(204);
    app.tick(1);
    anna.trash(holder).await.expect(204);
    // Within the organization it moves with its folder.
    let place = anna.folder(org.root, "Place").await;
    anna.transfer(&[folder], place).await.expect(201);
    anna.restore(holder).await.expect(200);
    assert_eq!(app.stored(holder).await.parent, Some(deep));
    anna.trash(holder).await.expect(204);
    app.healthy().await;
    let plan = anna.plan(&[folder], other.root).await.expect(200);
    assert_eq!(plan.blockers(), Vec::<String>::new());
    anna.transfer(&[folder], other.root).await.expect(201);
    app.healthy().await;
    assert_eq!(anna.in_trash(&other).await, Vec::<String>::new());
    assert_eq!(anna.in_trash(&org).await, ["Holder", "Below", "Draft"]);
    for id in [dataset, holder, below] {
        anna.restore(id).await.expect(200);
        assert_eq!(app.stored(id).await.organization, org.id);
    }
    assert_eq!(app.stored(dataset).await.parent, Some(org.root));
    app.healthy().await;
});

both!(drive_1_what_is_in_the_trash_never_makes_a_tree_too_deep, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let chain = async |parent: ResourceId, name: &str, length: usize| {
        let mut way = vec![parent];
        for level in 0..length {
            way.push(anna.folder(*way.last().expect("one"), &format!("{name} {level}")).await);
        }
        way
    };
    let deep = chain(org.root, "Deep", 60).await;
    let folder = anna.folder(org.root, "Folder").await;
    let tall = chain(folder, "Tall", 30).await;
    anna.trash(tall[1]).await.expect(204);
    anna.transfer(&[folder], deep[60]).await.expect(201);
    app.healthy().await;
    anna.restore(tall[1]).await.expect(200);
    assert_eq!(app.stored(tall[1]).await.parent, Some(org.root));
    app.healthy().await;
});

both!(drive_4_after_30_days_it_is_gone_whichever_node_comes_first, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for number in 0..25 {
        let folder = anna.folder(org.root, &format!("Old {number}")).await;
        anna.dataset(folder, "Flight", 1).await;
        anna.trash(folder).await.expect(204);
    }
    app.later(29);
    let young = anna.folder(org.root, "Young").await;
    anna.trash(young).await.expect(204);
    workers::empty_trash(app.ctx()).await.expect("looked through");
    assert_eq!(anna.get(&format!("/api/v1/orgs/{}/trash?limit=200", org.org_id)).await.names().len(), 26);
    app.later(1);
    let node = || {
        let ctx = app.ctx().clone();
        async move { workers::empty_trash(&ctx).await }
    };
    for answer in at_once(vec![node(), node(), node()]).await {
        answer.expect("every node gets through");
    }
    assert_eq!(anna.in_trash(&org).await, ["Young"]);
    anna.restore(young).await.expect(200);
    let lines = anna.get(&format!("/api/v1/orgs/{}/audit?action=resource.deleted&limit=200", org.org_id)).await.json();
    assert_eq!(lines["items"].as_array().map(Vec::len), Some(25));
    app.healthy().await;
});

/// Runs all tasks, as a worker does that is never told to stop.
async fn work(app: &TestApp) {
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    workers::task::drain(app.ctx(), &stopped).await.expect("done");
}

mod long {
    use super::*;

    /// A folder with so many resources, created in one transaction.
    async fn filled(app: &TestApp, anna: &Person, org: &Org, number: i64) -> ResourceId {
        let folder = anna.folder(org.root, "Big").await;
        let (by, org, at, ctx) = (anna.id, org.clone(), app.ctx().now(), app.ctx().clone());
        app.db()
            .write(move |tx, _| {
                let (org, ctx) = (org.clone(), ctx.clone());
                Box::pin(async move {
                    use commonhold::{
                        domain::{permit::operate, resource::Kind},
                        server::store::resource,
                        view::DatasetView,
                    };
                    let dataset = DatasetView {
                        status: DatasetStatus::Processed,
                        images: 1,
                        bytes: 1,
                        cluster: "eu-central".into(),
                        captured_on: None,
                        files: 0,
                    };
                    let mut inside = folder;
                    for n in 0..number {
                        let id = ResourceId(ctx.id());
                        let name = format!("Node {n}");
                        let holds = n % 700 == 0;
                        let new = resource::NewResource {
                            id,
                            account: org.account,
                            kind: if holds { Kind::Folder } else { Kind::Dataset },
                            name: &name,
                            dataset: (!holds).then_some(&dataset),
                            at,
                        };
                        let into = if holds { folder } else { inside };
                        resource::insert(tx, &operate(by, org.id, into), &new).await?;
                        if holds {
                            inside = id;
                        }
                    }
                    Ok::<_, commonhold::server::error::Error>(())
                })
            })
            .await
            .expect("filled");
        folder
    }

    both!(drive_4_very_many_are_deleted_behind_the_scenes_and_gone_at_once, async |app| {
        let anna = app.person("Anna").await;
        let org = anna.create_org("Alpine Survey").await;
        let folder = filled(app, &anna, &org, 3_000).await;
        let early: ResourceId = read(&anna.children(folder, "").await.json()["items"][0]["id"]);
        anna.trash(early).await.expect(204);
        app.tick(1);
        anna.trash(folder).await.expect(204);
        anna.delete_for_good(folder).await.expect(204);
        assert_eq!(anna.in_trash(&org).await, ["Node 0"]);
        anna.restore(folder).await.expect(404);
        app.healthy().await;
        let tasks = usecase::task::list(app.ctx(), &principal(&anna), &org.org_id).await.expect("a list");
        assert_eq!((tasks.len(), tasks[0].total), (1, 3_001 - 700));
        // A worker stops in the middle; another continues when the lease has run out.
        let held = usecase::task::claim(app.ctx()).await.expect("an answer").expect("work");
        usecase::task::step(app.ctx(), held).await.expect("a step").expect("there is more");
        assert!(usecase::task::claim(app.ctx()).await.expect("an answer").is_none(), "it is somebody's");
        app.healthy().await;
        app.tick(61_000);
        work(app).await;
        assert_eq!(
            app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE parent_id IS NOT NULL").await,
            700,
            "what was in the trash by itself"
        );
        assert_eq!(anna.get(&format!("/api/v1/tasks/{}", tasks[0].id)).await.expect(200).json()["state"], "done");
        anna.restore(early).await.expect(200);
        app.healthy().await;
    });

    both!(drive_4_very_many_are_copied_behind_the_scenes_and_show_when_all_are_there, async |app| {
        let anna = app.person("Anna").await;
        let org = anna.create_org("Alpine Survey").await;
        let folder = filled(app, &anna, &org, 2_500).await;
        let place = anna.folder(org.root, "Place").await;
        let answer = anna.copy(folder, place).await.expect(202).json();
        let at = format!("/api/v1/tasks/{}", answer["id"].as_str().expect("an id"));
        assert_eq!((answer["state"].as_str(), answer["total"].as_u64()), (Some("running"), Some(2_501)));
        app.nobody().get(&at).await.expect(401);
        app.person("Eve").await.get(&at).await.expect(404);
        let held = usecase::task::claim(app.ctx()).await.expect("an answer").expect("work");
        usecase::task::step(app.ctx(), held).await.expect("a step").expect("there is more");
        assert_eq!(anna.children(place, "").await.names(), Vec::<String>::new(), "nothing is seen of half a copy");
        assert_eq!(anna.in_trash(&org).await, Vec::<String>::new());
        app.healthy().await;
        let half = anna.get(&at).await.expect(200).json();
        assert_eq!((half["done"].as_u64(), half["resource"].as_str()), (Some(501), None));
        // The worker crashed. Meanwhile somebody takes the name.
        anna.folder(place, "big").await;
        app.tick(61_000);
        work(app).await;
        let done = anna.get(&at).await.expect(200).json();
        assert_eq!((done["state"].as_str(), done["done"].as_u64()), (Some("done"), Some(2_501)), "{done}");
        let copy: ResourceId = read(&done["resource"]);
        assert_eq!(anna.show(copy).await.expect(200).json()["name"], "Big (2)");
        assert_eq!(shape(&anna, folder).await, shape(&anna, copy).await);
        assert_eq!(anna.audit(&org).await[0], "resource.copied");
        app.healthy().await;
    });

    both!(drive_4_a_copy_whose_place_is_gone_by_then_leaves_nothing, async |app| {
        let anna = app.person("Anna").await;
        let org = anna.create_org("Alpine Survey").await;
        let folder = filled(app, &anna, &org, 2_100).await;
        let before = app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource").await;
        let place = anna.folder(org.root, "Place").await;
        let answer = anna.copy(folder, place).await.expect(202).json();
        anna.trash(place).await.expect(204);
        anna.delete_for_good(place).await.expect(204);
        app.healthy().await;
        work(app).await;
        let at = format!("/api/v1/tasks/{}", answer["id"].as_str().expect("an id"));
        let failed = anna.get(&at).await.expect(200).json();
        assert_eq!(failed["state"], "failed", "{failed}");
        assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource").await, before);
        app.healthy().await;
    });

    both!(drive_4_a_copy_whose_original_is_gone_by_then_leaves_nothing_and_of_what_is_inside_all_else, async |app| {
        let anna = app.person("Anna").await;
        let org = anna.create_org("Alpine Survey").await;
        let folder = filled(app, &anna, &org, 2_100).await;
        let inside: ResourceId = read(&anna.children(folder, "").await.json()["items"][1]["id"]);
        let copy = |answer: Answer| read::<ResourceId>(&answer.expect(202).json()["id"]);
        let task = copy(anna.copy(folder, org.root).await);
        anna.trash(inside).await.expect(204);
        work(app).await;
        let done = anna.get(&format!("/api/v1/tasks/{task}")).await.json();
        assert_eq!((done["state"].as_str(), done["done"].as_u64()), (Some("done"), Some(2_101 - 700)), "{done}");
        anna.restore(inside).await.expect(200);
        let task = copy(anna.copy(folder, org.root).await);
        anna.trash(folder).await.expect(204);
        work(app).await;
        assert_eq!(anna.get(&format!("/api/v1/tasks/{task}")).await.json()["state"], "failed");
        assert_eq!(anna.children(org.root, "").await.names(), ["Big (2)"]);
        app.healthy().await;
    });

    both!(drive_5_a_copy_whose_names_clash_is_not_shown, async |app| {
        let anna = app.person("Anna").await;
        let org = anna.create_org("Alpine Survey").await;
        let folder = filled(app, &anna, &org, 2_100).await;
        let before = app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource").await;
        let inside: ResourceId = read(&anna.children(folder, "?query=node%200").await.json()["items"][0]["id"]);
        let named = async |name: &str| -> ResourceId {
            let list = anna.children(inside, &format!("?query={}&limit=1", name.replace(' ', "%20"))).await.json();
            assert_eq!(list["items"][0]["name"], name);
            read(&list["items"][0]["id"])
        };
        let (early, late) = (named("Node 1").await, named("Node 699").await);
        let task: ResourceId = read(&anna.copy(folder, org.root).await.expect(202).json()["id"]);
        let held = usecase::task::claim(app.ctx()).await.expect("an answer").expect("work");
        usecase::task::step(app.ctx(), held).await.expect("a step").expect("there is more");
        anna.rename(early, "Else").await.expect(200);
        anna.rename(late, "Node 1").await.expect(200);
        app.tick(61_000);
        work(app).await;
        let failed = anna.get(&format!("/api/v1/tasks/{task}")).await.json();
        assert_eq!(failed["state"], "failed", "{failed}");
        assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource").await, before);
        app.healthy().await;
    });

    /// How many of each name are below a container, two levels down.
    async fn shape(person: &Person, root: ResourceId) -> Vec<(String, u64)> {
        let list = person.children(root, "?limit=200").await.expect(200).json();
        let mut found = Vec::new();
        for child in list["items"].as_array().expect("a list") {
            let name = child["name"].as_str().expect("a name").to_owned();
            let inside = person.show(read(&child["id"])).await.expect(200).json();
            found.push((name, inside["children_count"].as_u64().expect("a number")));
        }
        found
    }

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
}

/// Asserts that an answer is not a server error.
fn fair(answer: &Answer) {
    assert!([200, 201, 204, 403, 404, 409, 422].contains(&answer.status), "{answer:?}");
}

both!(attack_50_trash_move_rename_and_copy_at_once_leave_everything_whole, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for round in 0..15 {
        let a = anna.folder(org.root, &format!("A {round}")).await;
        let b = anna.folder(org.root, &format!("B {round}")).await;
        let inner = anna.folder(a, "Inner").await;
        anna.dataset(inner, "Flight", 1).await;
        let (one, two, three, four, five) = (anna.clone(), anna.clone(), anna.clone(), anna.clone(), anna.clone());
        let tasks: Vec<std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>> = vec![
            Box::pin(async move { one.trash(a).await }),
            Box::pin(async move { two.transfer(&[inner], b).await }),
            Box::pin(async move { three.rename(inner, "Else").await }),
            Box::pin(async move { four.copy(a, b).await }),
            Box::pin(async move { five.transfer(&[b], a).await }),
        ];
        for answer in at_once(tasks).await {
            fair(&answer);
        }
        app.healthy().await;
    }
});

both!(attack_52_restored_or_deleted_twice_at_once_it_happens_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for round in 0..15 {
        let folder = anna.folder(org.root, &format!("Folder {round}")).await;
        anna.dataset(folder, "Flight", 1).await;
        anna.trash(folder).await.expect(204);
        let restore = || {
            let anna = anna.clone();
            async move { anna.restore(folder).await }
        };
        let mut statuses: Vec<u16> =
            at_once(vec![restore(), restore()]).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 404]);
        anna.trash(folder).await.expect(204);
        let (one, two) = (anna.clone(), anna.clone());
        let tasks: Vec<std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>> = vec![
            Box::pin(async move { one.restore(folder).await }),
            Box::pin(async move { two.delete_for_good(folder).await }),
        ];
        let answers = at_once(tasks).await;
        let there = anna.show(folder).await.status;
        let expected = if there == 200 { [200, 409] } else { [404, 204] };
        let got = [answers[0].status, answers[1].status];
        assert!(got == expected || (there == 200 && got == [200, 404]), "{got:?} {there}");
        app.healthy().await;
    }
});
