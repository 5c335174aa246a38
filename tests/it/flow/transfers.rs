//! Moving within an organization and transferring between two (XFER), with everything that changes in the same step.

use commonhold::domain::{
    access::Level, id::ResourceId, resource::DatasetStatus, role::Role, share_link::ShareLinkState, transfer::Grantee,
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Org, Person, TestApp, read},
};

/// Two organizations of Anna's by Images & Projects, and a folder in the first with two processed datasets of 30 images.
struct Fixture {
    anna: Person,
    source: Org,
    target: Org,
    folder: ResourceId,
    datasets: [ResourceId; 2],
}

async fn fixture(app: &TestApp) -> Fixture {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let folder = anna.folder(source.root, "Gotthard").await;
    let inside = anna.folder(folder, "2026").await;
    let datasets = [anna.dataset(folder, "Flight 1", 30).await, anna.dataset(inside, "Flight 2", 30).await];
    Fixture { anna, source, target, folder, datasets }
}

async fn processed(app: &TestApp, fixture: &Fixture) {
    for dataset in fixture.datasets {
        app.set_status(dataset, DatasetStatus::Processed).await;
    }
}

fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

both!(xfer_10_xfer_13_images_to_images_moves_tree_books_and_both_logs_in_one_step, async |app| {
    let fixture = fixture(app).await;
    let from = app.images_licence(&fixture.source, 1_000, 10).await;
    let to = app.images_licence(&fixture.target, 500, 5).await;
    processed(app, &fixture).await;
    app.share(fixture.datasets[1], "token").await;
    let reader = app.person("Reader").await;
    app.join(&fixture.source, &reader, Role::Reader).await;

    let plan = fixture.anna.plan(&[fixture.folder], fixture.target.root).await.expect(200);
    assert_eq!(plan.blockers(), Vec::<String>::new());
    let plan = plan.json();
    assert_eq!(
        (at(&plan, "/folders"), at(&plan, "/datasets"), at(&plan, "/images")),
        (&json!(2), &json!(2), &json!(60))
    );
    assert_eq!(at(&plan, "/effects/model_pair"), "images_projects_to_images_projects");
    assert_eq!(at(&plan, "/effects/source/images_before"), 60);
    assert_eq!(at(&plan, "/effects/source/images_after"), 0);
    assert_eq!(at(&plan, "/effects/target/projects_after"), 2);
    assert_eq!(at(&plan, "/effects/links_stopped"), 1);
    assert_eq!(at(&plan, "/effects/people_losing_access/0/name"), "Reader Muster");

    let digest = plan["digest"].as_str().expect("a digest");
    let receipt = fixture.anna.confirm(&[fixture.folder], fixture.target.root, digest).await.expect(201).json();
    assert_eq!(app.left(from).await, (1_000, 10, 0));
    assert_eq!(app.left(to).await, (440, 3, 0));
    for id in [fixture.folder, fixture.datasets[0], fixture.datasets[1]] {
        let stored = app.stored(id).await;
        assert_eq!((stored.organization, stored.account), (fixture.target.id, fixture.target.account));
    }
    assert_eq!(app.stored(fixture.datasets[0]).await.charged_to, Some(to), "paid there from now on");
    assert_eq!(app.link_state("token").await, ShareLinkState::Moved);
    reader.show(fixture.datasets[0]).await.expect(404);
    assert_eq!(fixture.anna.audit(&fixture.source).await[0], "transfer.sent");
    assert_eq!(fixture.anna.audit(&fixture.target).await[0], "transfer.received");
    let again = fixture.anna.get(&format!("/api/v1/transfers/{}", receipt["id"].as_str().expect("an id"))).await;
    assert_eq!(again.expect(200).json()["id"], receipt["id"]);

    // A refund now goes to who paid last.
    app.set_status(fixture.datasets[0], DatasetStatus::Failed).await;
    assert_eq!(app.left(to).await, (470, 4, 0));
    app.healthy().await;
});

both!(xfer_10_too_little_left_refuses_the_whole_and_changes_nothing, async |app| {
    let fixture = fixture(app).await;
    let from = app.images_licence(&fixture.source, 1_000, 10).await;
    let to = app.images_licence(&fixture.target, 59, 10).await;
    processed(app, &fixture).await;
    let before = (app.left(from).await, app.left(to).await);
    let refused = fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(409);
    assert_eq!((refused.code().as_str(), refused.blockers()), ("blocked", vec!["allowance_too_small".to_owned()]));
    assert_eq!((app.left(from).await, app.left(to).await), before);
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id);
    assert_eq!(app.count("SELECT COUNT(*) FROM transfer").await, 0);
    app.healthy().await;
});

both!(xfer_10_credits_to_credits_charges_nothing, async |app| {
    let fixture = fixture(app).await;
    let (from, to) = (app.credits_licence(&fixture.source, 100).await, app.credits_licence(&fixture.target, 0).await);
    processed(app, &fixture).await;
    let before = app.left(from).await;
    fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(201);
    assert_eq!((app.left(from).await, app.left(to).await), (before, (0, 0, 0)));
    app.healthy().await;
});

both!(xfer_11_credits_to_images_never, async |app| {
    let fixture = fixture(app).await;
    app.credits_licence(&fixture.source, 100).await;
    app.images_licence(&fixture.target, 1_000, 10).await;
    processed(app, &fixture).await;
    app.later(400);
    let refused = fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(409);
    assert_eq!(refused.blockers(), ["credits_to_images"]);
    app.healthy().await;
});

both!(xfer_12_images_to_credits_when_older_than_a_month, async |app| {
    let fixture = fixture(app).await;
    let from = app.images_licence(&fixture.source, 1_000, 10).await;
    app.credits_licence(&fixture.target, 0).await;
    processed(app, &fixture).await;
    let refused = fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(409);
    assert_eq!(refused.blockers(), ["too_recent", "too_recent"], "each is named");
    app.later(30);
    fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(409);
    app.later(2);
    fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(201);
    assert_eq!(app.left(from).await, (940, 8, 0), "nothing is given back");
    app.healthy().await;
});

both!(xfer_12_images_to_credits_when_the_sources_licence_has_expired, async |app| {
    let fixture = fixture(app).await;
    let from = app.images_licence(&fixture.source, 1_000, 10).await;
    app.credits_licence(&fixture.target, 0).await;
    processed(app, &fixture).await;
    app.expire(from).await;
    fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(201);
    app.healthy().await;
});

both!(xfer_8_both_sides_need_an_active_cloud_licence, async |app| {
    let fixture = fixture(app).await;
    let blockers = async || fixture.anna.plan(&[fixture.folder], fixture.target.root).await.expect(200).blockers();
    assert_eq!(
        blockers().await,
        ["not_processed", "not_processed", "target_licence_inactive", "source_licence_inactive"]
    );
    let from = app.images_licence(&fixture.source, 1_000, 10).await;
    let to = app.images_licence(&fixture.target, 1_000, 10).await;
    processed(app, &fixture).await;
    assert!(blockers().await.is_empty());
    app.expire(to).await;
    assert_eq!(blockers().await, ["target_licence_inactive"]);
    app.images_licence(&fixture.target, 1_000, 10).await;
    app.expire(from).await;
    assert_eq!(blockers().await, ["source_licence_inactive"], "expired is for Credits only");
});

both!(xfer_9_one_dataset_that_is_not_processed_fails_the_whole, async |app| {
    let fixture = fixture(app).await;
    app.images_licence(&fixture.source, 1_000, 10).await;
    app.images_licence(&fixture.target, 1_000, 10).await;
    app.set_status(fixture.datasets[0], DatasetStatus::Processed).await;
    for status in [
        DatasetStatus::Draft,
        DatasetStatus::Queued,
        DatasetStatus::WaitingForCredits,
        DatasetStatus::Processing,
        DatasetStatus::Failed,
    ] {
        app.set_status(fixture.datasets[1], status).await;
        let refused = fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(409);
        assert_eq!(refused.blockers(), ["not_processed"], "{status:?}");
        assert_eq!(refused.json()["blockers"][0]["name"], "Flight 2");
    }
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id);
    app.healthy().await;
});

both!(xfer_6_who_may_transfer, async |app| {
    let fixture = fixture(app).await;
    app.images_licence(&fixture.source, 1_000, 10).await;
    app.images_licence(&fixture.target, 1_000, 10).await;
    processed(app, &fixture).await;
    for (source, target, expected) in [
        (Some(Role::Manager), Some(Role::Editor), Ok(())),
        (Some(Role::Owner), Some(Role::Reader), Err((200, vec!["target_role_too_low"]))),
        (Some(Role::Manager), Some(Role::Member), Err((404, vec![]))),
        (Some(Role::Editor), Some(Role::Owner), Err((200, vec!["source_role_too_low"]))),
        (Some(Role::Reader), Some(Role::Manager), Err((200, vec!["source_role_too_low"]))),
        (Some(Role::Member), Some(Role::Owner), Err((404, vec![]))),
        (None, Some(Role::Owner), Err((404, vec![]))),
        (Some(Role::Owner), None, Err((404, vec![]))),
    ] {
        let by = app.person("By").await;
        for (org, role) in [(&fixture.source, source), (&fixture.target, target)] {
            if let Some(role) = role {
                app.join(org, &by, role).await;
            }
        }
        let plan = by.plan(&[fixture.folder], fixture.target.root).await;
        match expected {
            Ok(()) => assert!(plan.expect(200).blockers().is_empty()),
            Err((status, blockers)) => {
                assert_eq!(plan.status, status, "{source:?} {target:?}: {}", plan.body);
                assert_eq!(plan.blockers(), blockers, "{source:?} {target:?}");
                let refused = by.transfer(&[fixture.folder], fixture.target.root).await;
                assert!(matches!(refused.status, 404 | 409), "{source:?} {target:?}: {}", refused.body);
            }
        }
    }
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id);
});

both!(xfer_2_xfer_7_direct_access_is_in_the_way_and_named, async |app| {
    let fixture = fixture(app).await;
    app.images_licence(&fixture.source, 1_000, 10).await;
    app.images_licence(&fixture.target, 1_000, 10).await;
    processed(app, &fixture).await;
    let john = app.person("John").await;
    app.join(&fixture.source, &john, Role::Member).await;
    app.give(fixture.datasets[1], Grantee::Person(john.id), Level::Reader, false).await;
    // Within: a grant deeper inside travels along.
    let place = fixture.anna.folder(fixture.source.root, "Place").await;
    fixture.anna.transfer(&[fixture.folder], place).await.expect(201);
    john.show(fixture.datasets[1]).await.expect(200);
    let refused = fixture.anna.transfer(&[fixture.datasets[1]], place).await.expect(409);
    assert_eq!(refused.blockers(), ["direct_access"]);
    assert!(refused.body.contains("John Muster"));
    // Between: nothing with Direct access crosses, at any depth.
    let refused = fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(409);
    assert_eq!(refused.blockers(), ["direct_access"]);
    app.healthy().await;
});

both!(xfer_3_access_from_the_old_place_is_carried_into_the_new_one, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (john, mary) = (app.person("John").await, app.person("Mary").await);
    for person in [&john, &mary] {
        app.join(&org, person, Role::Member).await;
    }
    let (old, new) = (anna.folder(org.root, "Old").await, anna.folder(org.root, "New").await);
    let item = anna.folder(old, "Item").await;
    app.give(old, Grantee::Person(john.id), Level::Editor, false).await;
    app.give(new, Grantee::Person(mary.id), Level::Reader, false).await;
    mary.show(item).await.expect(404);
    anna.transfer(&[item], new).await.expect(201);
    assert_eq!(john.show(item).await.expect(200).json()["level"], "editor");
    john.show(new).await.expect(404);
    mary.show(item).await.expect(200);
    assert_eq!(anna.show(item).await.json()["access"], "carried");
    // Carried is not Direct: it moves on, and back where it came from nothing is needed twice.
    anna.transfer(&[item], old).await.expect(201);
    assert_eq!(john.show(item).await.expect(200).json()["level"], "editor");
    assert_eq!(mary.show(item).await.expect(200).json()["level"], "reader");
    app.healthy().await;
});

both!(xfer_5_into_a_site_only_who_reaches_the_site_keeps_access, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.credits_licence(&org, 10).await;
    let john = app.person("John").await;
    app.join(&org, &john, Role::Member).await;
    let (old, site) = (anna.folder(org.root, "Old").await, anna.site(org.root, "Site").await);
    let second = anna.site(org.root, "Second site").await;
    let dataset = anna.dataset(old, "Flight", 5).await;
    app.give(old, Grantee::Person(john.id), Level::Editor, false).await;
    john.show(dataset).await.expect(200);
    anna.transfer(&[dataset], site).await.expect(201);
    john.show(dataset).await.expect(404);
    assert_eq!(anna.transfer(&[dataset], second).await.expect(409).blockers(), ["already_in_site"]);
    app.healthy().await;
});

both!(xfer_13_grants_of_people_outside_the_target_end_and_inside_stay, async |app| {
    let fixture = fixture(app).await;
    app.images_licence(&fixture.source, 1_000, 10).await;
    app.images_licence(&fixture.target, 1_000, 10).await;
    processed(app, &fixture).await;
    let (john, mary) = (app.person("John").await, app.person("Mary").await);
    app.join(&fixture.source, &john, Role::Member).await;
    app.join(&fixture.source, &mary, Role::Member).await;
    app.join(&fixture.target, &mary, Role::Member).await;
    for person in [&john, &mary] {
        app.give(fixture.datasets[0], Grantee::Person(person.id), Level::Reader, true).await;
    }
    app.give(fixture.datasets[0], Grantee::Organization(fixture.source.id), Level::Reader, true).await;
    let plan = fixture.anna.plan(&[fixture.folder], fixture.target.root).await.expect(200).json();
    let losing: Vec<&str> = at(&plan, "/effects/people_losing_access")
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|p| p["name"].as_str())
        .collect();
    assert_eq!(losing, ["John Muster"]);
    fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(201);
    john.show(fixture.datasets[0]).await.expect(404);
    mary.show(fixture.datasets[0]).await.expect(200);
    mary.show(fixture.folder).await.expect(404);
    app.healthy().await;
});

both!(xfer_15_only_the_confirmed_plan_is_carried_out, async |app| {
    let fixture = fixture(app).await;
    app.images_licence(&fixture.source, 1_000, 10).await;
    app.images_licence(&fixture.target, 1_000, 10).await;
    processed(app, &fixture).await;
    let digest = async || {
        let plan = fixture.anna.plan(&[fixture.folder], fixture.target.root).await.expect(200).json();
        plan["digest"].as_str().expect("a digest").to_owned()
    };
    let first = digest().await;
    assert_eq!(first, digest().await, "the same facts, the same plan");
    // Something came into it meanwhile.
    fixture.anna.folder(fixture.folder, "New").await;
    let refused = fixture.anna.confirm(&[fixture.folder], fixture.target.root, &first).await.expect(409);
    assert_eq!(refused.code(), "plan_changed");
    // The target's allowance changed meanwhile.
    let second = digest().await;
    app.share(fixture.datasets[0], "token").await;
    assert_eq!(
        fixture.anna.confirm(&[fixture.folder], fixture.target.root, &second).await.expect(409).code(),
        "plan_changed"
    );
    // The item moved meanwhile to where it was to go.
    let third = digest().await;
    fixture.anna.transfer(&[fixture.folder], fixture.target.root).await.expect(201);
    assert_eq!(
        fixture.anna.confirm(&[fixture.folder], fixture.target.root, &third).await.expect(409).code(),
        "plan_changed"
    );
    assert_eq!(
        fixture.anna.confirm(&[fixture.folder], fixture.target.root, "nonsense").await.expect(409).code(),
        "plan_changed"
    );
    app.healthy().await;
});

both!(xfer_4_a_folder_neither_moves_into_itself_nor_below, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Folder").await;
    let inside = anna.folder(folder, "Inside").await;
    for destination in [folder, inside] {
        let plan = anna.plan(&[folder], destination).await.expect(200);
        assert_eq!(plan.blockers(), ["into_itself"]);
        anna.transfer(&[folder], destination).await.expect(409);
    }
    anna.plan(&[org.root], folder).await.expect(422);
    anna.transfer(&[org.root], folder).await.expect(422);
    app.healthy().await;
});

both!(xfer_4_a_selection_with_something_and_what_is_in_it_moves_it_once, async |app| {
    let fixture = fixture(app).await;
    let place = fixture.anna.folder(fixture.source.root, "Place").await;
    let receipt = fixture.anna.transfer(&[fixture.datasets[0], fixture.folder], place).await.expect(201).json();
    assert_eq!(receipt["moved"], json!([fixture.folder]));
    assert_eq!(app.stored(fixture.datasets[0]).await.parent, Some(fixture.folder));
    // Where it is already, nothing moves.
    let receipt = fixture.anna.transfer(&[fixture.folder], place).await.expect(201).json();
    assert_eq!(receipt["moved"], json!([]));
    app.healthy().await;
});

both!(attack_3_a_destination_in_a_foreign_organization_is_not_found, async |app| {
    let fixture = fixture(app).await;
    let (john, mallory) = (app.person("John").await, app.person("Mallory").await);
    let theirs = john.create_org("John's").await;
    app.join(&fixture.source, &mallory, Role::Owner).await;
    for answer in [
        mallory.transfer(&[fixture.folder], theirs.root).await,
        mallory.plan(&[fixture.folder], theirs.root).await,
        john.transfer(&[fixture.folder], theirs.root).await,
        john.plan(&[fixture.folder], theirs.root).await,
        john.create(fixture.folder, "folder", "Mine").await,
        mallory.create(theirs.root, "folder", "Mine").await,
    ] {
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{}", answer.body);
    }
    assert_eq!(app.stored(fixture.folder).await.parent, Some(fixture.source.root));
});

both!(attack_4_a_list_of_two_organizations_is_refused_as_a_whole, async |app| {
    let fixture = fixture(app).await;
    let (anna, john) = (&fixture.anna, app.person("John").await);
    let theirs = john.create_org("John's").await;
    let foreign = john.folder(theirs.root, "Foreign").await;
    let mine = anna.folder(fixture.target.root, "Mine").await;
    let place = anna.folder(fixture.source.root, "Place").await;
    anna.transfer(&[fixture.folder, foreign], place).await.expect(404);
    let mixed = anna.transfer(&[fixture.folder, mine], place).await.expect(422);
    assert_eq!(mixed.fields(), ["items"]);
    let twice = anna.transfer(&[fixture.folder, fixture.folder], place).await.expect(422);
    assert_eq!(twice.fields(), ["items"]);
    let many: Vec<ResourceId> = (0..10_001_u128).map(|n| ResourceId(uuid::Uuid::from_u128(n + 1))).collect();
    let answer = anna.transfer(&many, place).await;
    assert!(matches!(answer.status, 413 | 422), "{}", answer.body);
    anna.transfer(&many[..10_000], place).await.expect(404);
    assert_eq!(anna.transfer(&[], place).await.expect(422).fields(), ["items"]);
    assert_eq!(app.stored(fixture.folder).await.parent, Some(fixture.source.root), "nothing moved");
    app.healthy().await;
});

both!(xfer_18_a_receipt_is_read_by_who_did_it_and_by_managers_of_both_sides, async |app| {
    let fixture = fixture(app).await;
    app.images_licence(&fixture.source, 1_000, 10).await;
    app.images_licence(&fixture.target, 1_000, 10).await;
    processed(app, &fixture).await;
    let by = app.person("By").await;
    app.join(&fixture.source, &by, Role::Manager).await;
    app.join(&fixture.target, &by, Role::Editor).await;
    let receipt: uuid::Uuid = read(&by.transfer(&[fixture.folder], fixture.target.root).await.expect(201).json()["id"]);
    let path = format!("/api/v1/transfers/{receipt}");
    for (org, role, status) in [
        (&fixture.source, Role::Manager, 200),
        (&fixture.source, Role::Editor, 404),
        (&fixture.target, Role::Owner, 200),
        (&fixture.target, Role::Editor, 404),
        (&fixture.target, Role::Member, 404),
    ] {
        let somebody = app.person("Some").await;
        app.join(org, &somebody, role).await;
        assert_eq!(somebody.get(&path).await.status, status, "{role:?}");
        let page = somebody.page(&format!("/o/{}/transfers/{receipt}", org.org_id)).await;
        assert_eq!(page.status, status, "{role:?}");
    }
    app.person("Mallory").await.get(&path).await.expect(404);
    by.get(&path).await.expect(200);
    by.leave(&fixture.source).await.expect(204);
    by.get(&path).await.expect(200);
    by.leave(&fixture.target).await.expect(204);
    by.get(&path).await.expect(404);
});

both!(xfer_6_a_pending_invitation_is_told_and_a_foreign_one_is_not, async |app| {
    use commonhold::{
        domain::{
            id::{InvitationId, MailId},
            permit::found,
            time::Timestamp,
        },
        server::{error::Error, store::invitation},
    };
    let fixture = fixture(app).await;
    let by = app.person("By").await;
    app.join(&fixture.source, &by, Role::Manager).await;
    by.plan(&[fixture.folder], fixture.target.root).await.expect(404);
    let (id, organization, anna, email, now) =
        (InvitationId(app.ctx().id()), fixture.target.id, fixture.anna.id, by.email.clone(), app.ctx().now());
    app.db()
        .write(move |tx, _| {
            let email = email.clone();
            Box::pin(async move {
                let new = invitation::NewInvitation {
                    id,
                    email: &email,
                    email_key: &email,
                    name: None,
                    role: Role::Editor,
                    reach: None,
                    accounts: None,
                    token_hash: "token",
                    mail: MailId(id.0),
                    at: now,
                    expires_at: Timestamp(now.0).plus_days(14),
                };
                invitation::insert(tx, &found(anna, organization), &new).await?;
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("an invitation");
    let plan = by.plan(&[fixture.folder], fixture.target.root).await.expect(200);
    assert!(plan.blockers().contains(&"invitation_pending".to_owned()), "{}", plan.body);
    by.transfer(&[fixture.folder], fixture.target.root).await.expect(409);
    app.later(14);
    by.plan(&[fixture.folder], fixture.target.root).await.expect(404);
});
