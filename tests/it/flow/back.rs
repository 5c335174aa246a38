//! Taking a transfer back (XFER-18), receipts as lists and files, and what gets in between plan and confirmation.

use commonhold::{
    domain::{access::Level, id::ResourceId, resource::DatasetStatus, role::Role, transfer::Grantee},
    rpc::offer::UndoTransfer,
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, read},
};

struct World {
    anna: Person,
    source: Org,
    target: Org,
    folder: ResourceId,
    dataset: ResourceId,
    from: commonhold::domain::id::LicenceId,
    to: commonhold::domain::id::LicenceId,
}

async fn world(app: &TestApp) -> World {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let from = app.images_licence(&source, 1_000, 10).await;
    let to = app.images_licence(&target, 1_000, 10).await;
    let place = anna.folder(source.root, "Tunnels").await;
    let folder = anna.folder(place, "Gotthard").await;
    let dataset = anna.dataset(folder, "Flight", 30).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    World { anna, source, target, folder, dataset, from, to }
}

impl World {
    async fn transfer(&self) -> String {
        let receipt = self.anna.transfer(&[self.folder], self.target.root).await.expect(201).json();
        format!("/api/v1/transfers/{}", receipt["id"].as_str().expect("an id"))
    }
}

async fn undo(by: &Person, receipt: &str) -> Answer {
    by.post(&format!("{receipt}/undo"), &json!({})).await
}

both!(xfer_18_a_transfer_taken_back_leaves_everything_as_it_was, async |app| {
    let world = world(app).await;
    let anna = &world.anna;
    let (john, mary) = (app.person("John").await, app.person("Mary").await);
    for person in [&john, &mary] {
        app.join(&world.source, person, Role::Member).await;
        app.give(world.folder, Grantee::Person(person.id), Level::Editor, true).await;
    }
    anna.folder(world.target.root, "gotthard").await;
    app.share(world.dataset, "token").await;
    let before = (app.left(world.from).await, app.left(world.to).await);
    let place = app.stored(world.folder).await.parent;
    let receipt = world.transfer().await;
    assert_eq!(app.stored(world.folder).await.name, "Gotthard (2)");
    john.show(world.folder).await.expect(404);
    assert_eq!(anna.get(&receipt).await.json()["can_undo"], true);
    // Whoever is taken out meanwhile gets nothing back.
    anna.remove(&world.source, &[mary.id]).await.expect(204);
    app.tick(1_000);
    let undone = undo(anna, &receipt).await.expect(201).json();
    let stored = app.stored(world.folder).await;
    assert_eq!((stored.organization, stored.parent, stored.name.as_str()), (world.source.id, place, "Gotthard"));
    assert_eq!((app.left(world.from).await, app.left(world.to).await), before);
    assert_eq!(app.stored(world.dataset).await.charged_to, Some(world.from));
    assert_eq!(app.link_state("token").await, "active");
    assert_eq!(john.show(world.folder).await.expect(200).json()["level"], "editor");
    mary.show(world.folder).await.expect(404);
    // Its own receipt, and each names the other.
    assert_eq!(undone["undoes"], json!(receipt.rsplit('/').next()));
    let first = anna.get(&receipt).await.expect(200).json();
    assert_eq!((&first["undone_by"], &first["can_undo"]), (&undone["id"], &json!(false)));
    assert_eq!(anna.audit(&world.source).await[0], "transfer.received");
    assert_eq!(anna.audit(&world.target).await[0], "transfer.sent");
    let found = anna.get(&format!("/api/v1/orgs/{}/search?q=gotthard", world.source.org_id)).await.expect(200).names();
    assert_eq!(found, ["Gotthard"]);
    assert_eq!(undo(anna, &receipt).await.expect(409).blockers(), ["changed_since"]);
    app.healthy().await;
    // And there again, and back again.
    let again = world.transfer().await;
    app.tick(1_000);
    undo(anna, &again).await.expect(201);
    app.healthy().await;
});

both!(xfer_18_what_was_changed_since_is_not_taken_back, async |app| {
    let world = world(app).await;
    let anna = &world.anna;
    let target_place = anna.folder(world.target.root, "Place").await;
    let why = async |receipt: &str| {
        let shown = anna.get(receipt).await.expect(200).json();
        assert_eq!(shown["can_undo"], false, "{shown}");
        let refused = undo(anna, receipt).await.expect(409);
        assert_eq!(refused.code(), "blocked");
        assert_eq!(app.stored(world.folder).await.organization, world.target.id, "nothing is done");
        refused.json()["blockers"][0]["message"].as_str().expect("a reason").to_owned()
    };
    let receipt = world.transfer().await;
    app.tick(10);
    // Added.
    let new = anna.folder(world.folder, "New").await;
    assert!(why(&receipt).await.contains("changed, added or removed"));
    anna.trash(new).await.expect(204);
    anna.delete_for_good(new).await.expect(204);
    // Removed, and back: then it is as it was.
    anna.trash(world.dataset).await.expect(204);
    assert!(why(&receipt).await.contains("changed, added or removed"));
    anna.restore(world.dataset).await.expect(200);
    // Shared, by hand and by a link.
    app.give(world.dataset, Grantee::Person(anna.id), Level::Reader, false).await;
    assert!(why(&receipt).await.contains("shared since"));
    app.corrupt("DELETE FROM access_grant").await;
    app.share(world.dataset, "token").await;
    assert!(why(&receipt).await.contains("shared since"));
    app.corrupt("DELETE FROM share_link").await;
    assert_eq!(anna.get(&receipt).await.json()["can_undo"], true);
    // Moved on.
    anna.transfer(&[world.folder], target_place).await.expect(201);
    assert!(why(&receipt).await.contains("not where it was put"));
    anna.transfer(&[world.folder], world.target.root).await.expect(201);
    assert!(why(&receipt).await.contains("changed, added or removed"), "there again, and not as it was");
    app.healthy().await;
});

both!(xfer_18_places_names_licences_rights_and_time_are_in_the_way_of_taking_back, async |app| {
    let world = world(app).await;
    let anna = &world.anna;
    let place = app.stored(world.folder).await.parent.expect("a place");
    let receipt = world.transfer().await;
    app.tick(10);
    let refused = async || undo(anna, &receipt).await.expect(409);
    // Its name is taken there.
    let other = anna.folder(place, "GOTTHARD").await;
    assert!(refused().await.body.contains("something named “Gotthard”"));
    anna.rename(other, "Else").await.expect(200);
    // The place is gone.
    anna.trash(place).await.expect(204);
    assert!(refused().await.body.contains("came from is gone"));
    anna.restore(place).await.expect(200);
    // What the source got back is used up.
    let spent = anna.dataset(world.source.root, "Big", 990).await;
    app.set_status(spent, DatasetStatus::Queued).await;
    assert_eq!(refused().await.blockers(), ["allowance_too_small"]);
    app.set_status(spent, DatasetStatus::Failed).await;
    // Who may.
    let by = app.person("By").await;
    app.join(&world.source, &by, Role::Manager).await;
    undo(&by, &receipt).await.expect(409);
    app.join(&world.target, &by, Role::Editor).await;
    assert_eq!(undo(&by, &receipt).await.expect(409).blockers(), ["source_role_too_low"]);
    undo(&app.person("Eve").await, &receipt).await.expect(404);
    // A licence has ended.
    app.expire(world.to).await;
    assert_eq!(refused().await.blockers(), ["target_licence_inactive"]);
    // Too late.
    app.later(1);
    assert!(refused().await.body.contains("within one day"));
    // A move within an organization is taken back in the Drive.
    let moved = anna.transfer(&[other], world.source.root).await.expect(201).json();
    let moved = format!("/api/v1/transfers/{}", moved["id"].as_str().expect("an id"));
    undo(anna, &moved).await.expect(422);
    assert_eq!(app.stored(world.folder).await.organization, world.target.id);
    app.healthy().await;
});

both!(xfer_12_xfer_18_to_credits_and_back_charges_nothing, async |app| {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let from = app.images_licence(&source, 1_000, 10).await;
    let to = app.credits_licence(&target, 50).await;
    let dataset = anna.dataset(source.root, "Flight", 30).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    app.expire(from).await;
    let before = (app.left(from).await, app.left(to).await);
    let receipt = anna.transfer(&[dataset], target.root).await.expect(201).json();
    app.tick(10);
    undo(&anna, &format!("/api/v1/transfers/{}", receipt["id"].as_str().expect("an id"))).await.expect(201);
    assert_eq!((app.left(from).await, app.left(to).await), before);
    assert_eq!(app.stored(dataset).await.organization, source.id);
    app.healthy().await;
});

both!(lic_2_xfer_18_what_was_taken_back_is_charged_to_what_it_was_charged_to, async |app| {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let folder = anna.folder(source.root, "Gotthard").await;
    // Paid by nobody, with a licence that has ended since, and with the one that followed it.
    let (unpaid, early) = (anna.dataset(folder, "Unpaid", 5_000).await, anna.dataset(folder, "Early", 30).await);
    app.set_status(unpaid, DatasetStatus::Processed).await;
    let first = app.images_licence(&source, 1_000, 10).await;
    app.set_status(early, DatasetStatus::Processed).await;
    app.expire(first).await;
    let from = app.images_licence(&source, 10_000, 10).await;
    let to = app.images_licence(&target, 10_000, 10).await;
    let paid = anna.dataset(folder, "Paid", 40).await;
    app.set_status(paid, DatasetStatus::Processed).await;
    let charged = async || {
        let mut all = Vec::new();
        for id in [unpaid, early, paid] {
            all.push(app.stored(id).await.charged_to);
        }
        all
    };
    let before = (charged().await, app.left(from).await, app.left(to).await);
    assert_eq!(before.0, [None, Some(first), Some(from)]);
    let receipt = anna.transfer(&[folder], target.root).await.expect(201).json();
    assert_eq!(charged().await, [Some(to); 3]);
    app.tick(10);
    undo(&anna, &format!("/api/v1/transfers/{}", receipt["id"].as_str().expect("an id"))).await.expect(201);
    assert_eq!((charged().await, app.left(from).await, app.left(to).await), before);
    // What nobody paid for is not given back.
    app.set_status(unpaid, DatasetStatus::Failed).await;
    assert_eq!(app.left(from).await, before.1);
    app.healthy().await;
});

both!(lic_2_what_is_paid_for_does_not_wait_and_is_not_paid_again, async |app| {
    let world = world(app).await;
    let paid = app.left(world.from).await;
    assert_eq!(app.set_status(world.dataset, DatasetStatus::WaitingForCredits).await.status, DatasetStatus::Queued);
    // Whatever brings credits starts what waits: this does not.
    app.images_licence(&world.source, 1_000, 10).await;
    assert_eq!(app.left(world.from).await, paid);
    app.healthy().await;
});

both!(xfer_18_a_transfer_is_taken_back_once_by_several_at_once, async |app| {
    let world = world(app).await;
    let receipt = world.transfer().await;
    app.tick(10);
    let press = || {
        let (anna, receipt) = (world.anna.clone(), receipt.clone());
        async move { undo(&anna, &receipt).await }
    };
    let answers = crate::support::at_once(vec![press(), press(), press()]).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409], "{answers:?}");
    assert_eq!((app.left(world.from).await, app.left(world.to).await), ((970, 9, 0), (1_000, 10, 0)));
    app.healthy().await;
});

both!(xfer_18_undo_by_its_button_without_a_script, async |app| {
    let world = world(app).await;
    let receipt = world.transfer().await;
    app.tick(10);
    let id = receipt.rsplit('/').next().expect("an id").to_owned();
    let page = format!("/o/{}/transfers/{id}", world.target.org_id);
    assert!(world.anna.page(&page).await.expect(200).body.contains("Undo transfer"));
    let dialog = world.anna.page(&format!("{page}?dialog=undo")).await.expect(200).body;
    assert!(dialog.contains("Everything goes back, or nothing does."), "{dialog}");
    let answer = world.anna.form(UndoTransfer::url(), &page, &[("transfer", &id)]).await;
    assert!(answer.location().starts_with(&format!("/o/{}/transfers/", world.source.org_id)), "{answer:?}");
    let body = world.anna.page(answer.location()).await.expect(200).body;
    assert!(body.contains("Put “Gotthard” back into Alpine Survey") && body.contains("Its receipt"), "{body}");
    app.healthy().await;
});

both!(xfer_18_receipts_are_lists_and_files, async |app| {
    let world = world(app).await;
    let anna = &world.anna;
    let mut made = Vec::new();
    for n in 0..3 {
        let folder = anna.folder(world.source.root, &format!("=Folder {n}")).await;
        made.push(anna.transfer(&[folder], world.target.root).await.expect(201).json()["id"].clone());
    }
    let back = anna.folder(world.target.root, "Back").await;
    anna.transfer(&[back], world.source.root).await.expect(201);
    anna.transfer(&[world.dataset], world.source.root).await.expect(201);
    let list = async |org: &Org, query: &str| {
        anna.get(&format!("/api/v1/orgs/{}/transfers{query}", org.org_id)).await.expect(200).json()
    };
    let all = list(&world.source, "").await;
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names(&all), ["Back", "=Folder 2", "=Folder 1", "=Folder 0"], "not what moved within");
    assert_eq!(names(&list(&world.source, "?direction=in").await), ["Back"]);
    assert_eq!(list(&world.target, "?direction=in").await["items"].as_array().map(Vec::len), Some(3));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = list(&world.source, &format!("?limit=1&cursor={cursor}")).await;
        seen.extend(names(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, names(&all));
    for wrong in ["?direction=up", "?cursor=x", "?limit=0"] {
        anna.get(&format!("/api/v1/orgs/{}/transfers{wrong}", world.source.org_id)).await.expect(422);
    }
    let path = format!("/api/v1/orgs/{}/transfers/export", world.source.org_id);
    let csv = anna.get(&path).await.expect(200);
    assert_eq!(csv.body.lines().count(), 5, "{}", csv.body);
    assert!(
        csv.body.contains("'=Folder 0") && csv.header("content-disposition").contains("transfers-alpine-survey.csv")
    );
    let file = anna.get(&format!("{path}?format=json&direction=out")).await.expect(200).json();
    assert_eq!(file.as_array().map(Vec::len), Some(3));
    anna.get(&format!("{path}?format=pdf")).await.expect(422);
    let one = format!("/api/v1/transfers/{}/export", made[0].as_str().expect("an id"));
    assert!(anna.get(&one).await.expect(200).body.contains("'=Folder 0"));
    assert_eq!(anna.get(&format!("{one}?format=json")).await.expect(200).json()["id"], made[0]);
    let editor = app.person("Editor").await;
    app.join(&world.source, &editor, Role::Editor).await;
    for path in [path.as_str(), &format!("/api/v1/orgs/{}/transfers", world.source.org_id)] {
        editor.get(path).await.expect(403);
        app.person("Eve").await.get(path).await.expect(404);
    }
    editor.get(&one).await.expect(404);
    // An Editor's page has the offers they may answer; a Reader has none.
    let page = format!("/o/{}/transfers", world.source.org_id);
    assert!(editor.page(&page).await.expect(200).body.contains("Nothing is offered."));
    let reader = app.person("Reader").await;
    app.join(&world.source, &reader, Role::Reader).await;
    reader.page(&page).await.expect(404);
});

both!(xfer_15_what_happens_between_plan_and_confirmation_leaves_the_books_alone, async |app| {
    let world = world(app).await;
    let anna = &world.anna;
    let digest = async || {
        let plan = anna.plan(&[world.folder], world.target.root).await.expect(200).json();
        plan["digest"].as_str().expect("a digest").to_owned()
    };
    let unchanged = async |what: &str, before: ((i64, i64, i64), (i64, i64, i64))| {
        assert_eq!((app.left(world.from).await, app.left(world.to).await), before, "{what}");
        assert_eq!(app.stored(world.folder).await.organization, world.source.id, "{what}");
        assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM transfer").await, 0, "{what}");
        app.healthy().await;
    };
    // The allowance is used up.
    let confirmed = digest().await;
    let big = anna.dataset(world.target.root, "Big", 980).await;
    app.set_status(big, DatasetStatus::Queued).await;
    let before = (app.left(world.from).await, app.left(world.to).await);
    assert_eq!(anna.confirm(&[world.folder], world.target.root, &confirmed).await.expect(409).code(), "plan_changed");
    assert_eq!(anna.transfer(&[world.folder], world.target.root).await.expect(409).blockers(), ["allowance_too_small"]);
    unchanged("used up", before).await;
    app.set_status(big, DatasetStatus::Failed).await;
    // A licence expires at that moment, on either side.
    for (licence, org, blocker) in
        [(world.to, &world.target, "target_licence_inactive"), (world.from, &world.source, "source_licence_inactive")]
    {
        let confirmed = digest().await;
        let before = (app.left(world.from).await, app.left(world.to).await);
        app.expire(licence).await;
        assert_eq!(
            anna.confirm(&[world.folder], world.target.root, &confirmed).await.expect(409).code(),
            "plan_changed"
        );
        let refused = anna.transfer(&[world.folder], world.target.root).await.expect(409);
        assert!(refused.blockers().contains(&blocker.to_owned()), "{}", refused.body);
        unchanged(blocker, before).await;
        app.images_licence(org, 1_000, 10).await;
    }
    // The target is deleted.
    let confirmed = digest().await;
    let before = (app.left(world.from).await, app.left(world.to).await);
    let gone = anna
        .call(
            axum::http::Method::DELETE,
            &format!("/api/v1/orgs/{}", world.target.org_id),
            Some(&json!({ "confirm": "Tunnel North" })),
            &[],
        )
        .await;
    assert!(matches!(gone.status, 200 | 204), "{}", gone.body);
    anna.confirm(&[world.folder], world.target.root, &confirmed).await.expect(404);
    unchanged("deleted", before).await;
});

both!(xfer_18_an_offer_to_or_of_a_deleted_organization_is_gone_with_it, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (source, target) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    app.credits_licence(&source, 10).await;
    app.credits_licence(&target, 10).await;
    let folder = anna.folder(source.root, "Folder").await;
    let made = anna.post("/api/v1/offers", &json!({ "items": [folder], "target": "tunnel-north" })).await.expect(201);
    let offer = format!("/api/v1/offers/{}", made.json()["id"].as_str().expect("an id"));
    let gone = john
        .call(axum::http::Method::DELETE, "/api/v1/orgs/tunnel-north", Some(&json!({ "confirm": "Tunnel North" })), &[])
        .await;
    assert!(matches!(gone.status, 200 | 204), "{}", gone.body);
    john.get(&offer).await.expect(404);
    john.post(&format!("{offer}/accept"), &json!({})).await.expect(404);
    let again = anna.post("/api/v1/offers", &json!({ "items": [folder], "target": "tunnel-north" })).await.expect(422);
    assert_eq!(again.fields(), ["target"]);
    let id: ResourceId = read(&json!(folder));
    assert_eq!(app.stored(id).await.organization, source.id);
});
