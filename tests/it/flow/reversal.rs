//! The undo of a transfer (XFER-19), receipts as lists and files (XFER-18), and changes between plan and confirmation.

use axum::http::Method;
use commonhold::{
    domain::{
        access::Level, id::ResourceId, resource::DatasetStatus, role::Role, share_link::ShareLinkState,
        transfer::Grantee,
    },
    rpc::offer::UndoTransfer,
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, read},
};

struct Fixture {
    anna: Person,
    source: Org,
    target: Org,
    folder: ResourceId,
    dataset: ResourceId,
    from: commonhold::domain::id::LicenceId,
    to: commonhold::domain::id::LicenceId,
}

async fn fixture(app: &TestApp) -> Fixture {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let from = app.images_licence(&source, 1_000, 10).await;
    let to = app.images_licence(&target, 1_000, 10).await;
    let place = anna.folder(source.root, "Tunnels").await;
    let folder = anna.folder(place, "Gotthard").await;
    let dataset = anna.dataset(folder, "Flight", 30).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    Fixture { anna, source, target, folder, dataset, from, to }
}

impl Fixture {
    async fn transfer(&self) -> String {
        let receipt = self.anna.transfer(&[self.folder], self.target.root).await.expect(201).json();
        format!("/api/v1/transfers/{}", receipt["id"].as_str().expect("an id"))
    }
}

async fn undo(by: &Person, receipt: &str) -> Answer {
    by.post(&format!("{receipt}/undo"), &json!({})).await
}

both!(xfer_19_a_transfer_taken_back_leaves_everything_as_it_was, async |app| {
    let fixture = fixture(app).await;
    let anna = &fixture.anna;
    let (john, mary) = (app.person("John").await, app.person("Mary").await);
    for person in [&john, &mary] {
        app.join(&fixture.source, person, Role::Member).await;
        app.give(fixture.folder, Grantee::Person(person.id), Level::Editor, true).await;
    }
    anna.folder(fixture.target.root, "gotthard").await;
    app.share(fixture.dataset, "token").await;
    let before = (app.left(fixture.from).await, app.left(fixture.to).await);
    let place = app.stored(fixture.folder).await.parent;
    let receipt = fixture.transfer().await;
    assert_eq!(app.stored(fixture.folder).await.name, "Gotthard (2)");
    john.show(fixture.folder).await.expect(404);
    assert_eq!(anna.get(&receipt).await.json()["can_undo"], true);
    // Whoever was removed meanwhile gets no access back.
    anna.remove(&fixture.source, &[mary.id]).await.expect(204);
    app.tick(1_000);
    let undone = undo(anna, &receipt).await.expect(201).json();
    let stored = app.stored(fixture.folder).await;
    assert_eq!((stored.organization, stored.parent, stored.name.as_str()), (fixture.source.id, place, "Gotthard"));
    assert_eq!((app.left(fixture.from).await, app.left(fixture.to).await), before);
    assert_eq!(app.stored(fixture.dataset).await.charged_to, Some(fixture.from));
    assert_eq!(app.link_state("token").await, ShareLinkState::Active);
    assert_eq!(john.show(fixture.folder).await.expect(200).json()["level"], "editor");
    mary.show(fixture.folder).await.expect(404);
    // The reversal has its own receipt, and the two receipts name each other.
    assert_eq!(undone["undoes"], json!(receipt.rsplit('/').next()));
    let first = anna.get(&receipt).await.expect(200).json();
    assert_eq!((&first["undone_by"], &first["can_undo"]), (&undone["id"], &json!(false)));
    assert_eq!(anna.audit(&fixture.source).await[0], "transfer.received");
    assert_eq!(anna.audit(&fixture.target).await[0], "transfer.sent");
    let found =
        anna.get(&format!("/api/v1/orgs/{}/search?q=gotthard", fixture.source.org_id)).await.expect(200).names();
    assert_eq!(found, ["Gotthard"]);
    assert_eq!(undo(anna, &receipt).await.expect(409).blockers(), ["changed_since"]);
    app.healthy().await;
    // A second transfer and its reversal.
    let again = fixture.transfer().await;
    app.tick(1_000);
    undo(anna, &again).await.expect(201);
    app.healthy().await;
});

both!(xfer_19_a_transfer_whose_items_have_changed_is_not_reversed, async |app| {
    let fixture = fixture(app).await;
    let anna = &fixture.anna;
    let target_place = anna.folder(fixture.target.root, "Place").await;
    let why = async |receipt: &str| {
        let shown = anna.get(receipt).await.expect(200).json();
        assert_eq!(shown["can_undo"], false, "{shown}");
        let refused = undo(anna, receipt).await.expect(409);
        assert_eq!(refused.code(), "blocked");
        assert_eq!(app.stored(fixture.folder).await.organization, fixture.target.id, "nothing is done");
        refused.json()["blockers"][0]["message"].as_str().expect("a reason").to_owned()
    };
    // A dataset was changed, or a restriction set.
    let receipt = fixture.transfer().await;
    app.tick(10);
    anna.patch(&format!("/api/v1/resources/{}/dataset", fixture.dataset), &json!({ "bytes": 12 })).await.expect(200);
    assert!(why(&receipt).await.contains("changed, added or removed"));
    anna.transfer(&[fixture.folder], fixture.source.root).await.expect(201);
    let receipt = fixture.transfer().await;
    app.tick(10);
    let restrictions = json!({ "download": true });
    anna.call(Method::PUT, &format!("/api/v1/resources/{}/restrictions", fixture.folder), Some(&restrictions), &[])
        .await
        .expect(200);
    assert!(why(&receipt).await.contains("changed, added or removed"));
    anna.transfer(&[fixture.folder], fixture.source.root).await.expect(201);
    let receipt = fixture.transfer().await;
    app.tick(10);
    // An item was added.
    let new = anna.folder(fixture.folder, "New").await;
    assert!(why(&receipt).await.contains("changed, added or removed"));
    anna.trash(new).await.expect(204);
    anna.delete_for_good(new).await.expect(204);
    // An item was removed. Once it is back, the reversal is possible again.
    anna.trash(fixture.dataset).await.expect(204);
    assert!(why(&receipt).await.contains("changed, added or removed"));
    anna.restore(fixture.dataset).await.expect(200);
    // An item was shared, with a person and by a link.
    app.give(fixture.dataset, Grantee::Person(anna.id), Level::Reader, false).await;
    assert!(why(&receipt).await.contains("shared since"));
    app.corrupt("DELETE FROM access_grant").await;
    app.share(fixture.dataset, "token").await;
    assert!(why(&receipt).await.contains("shared since"));
    app.corrupt("DELETE FROM share_link").await;
    assert_eq!(anna.get(&receipt).await.json()["can_undo"], true);
    // The items were moved on.
    anna.transfer(&[fixture.folder], target_place).await.expect(201);
    assert!(why(&receipt).await.contains("moved since"));
    anna.transfer(&[fixture.folder], fixture.target.root).await.expect(201);
    assert!(why(&receipt).await.contains("changed, added or removed"), "there again, and not as it was");
    app.healthy().await;
});

both!(xfer_19_what_blocks_the_reversal_of_a_transfer, async |app| {
    let fixture = fixture(app).await;
    let anna = &fixture.anna;
    let place = app.stored(fixture.folder).await.parent.expect("a place");
    let receipt = fixture.transfer().await;
    app.tick(10);
    let refused = async || undo(anna, &receipt).await.expect(409);
    // Its name is taken there.
    let other = anna.folder(place, "GOTTHARD").await;
    assert!(refused().await.body.contains("“Gotthard” already exists"));
    anna.rename(other, "Else").await.expect(200);
    // The place is gone.
    anna.trash(place).await.expect(204);
    assert!(refused().await.body.contains("no longer exists"));
    anna.restore(place).await.expect(200);
    // The allowance that the source got back is used up.
    let spent = anna.dataset(fixture.source.root, "Big", 990).await;
    app.set_status(spent, DatasetStatus::Queued).await;
    assert_eq!(refused().await.blockers(), ["allowance_too_small"]);
    app.set_status(spent, DatasetStatus::Failed).await;
    // Who may reverse it.
    let by = app.person("By").await;
    app.join(&fixture.source, &by, Role::Manager).await;
    undo(&by, &receipt).await.expect(409);
    app.join(&fixture.target, &by, Role::Editor).await;
    assert_eq!(undo(&by, &receipt).await.expect(409).blockers(), ["source_role_too_low"]);
    undo(&app.person("Eve").await, &receipt).await.expect(404);
    // A licence has ended.
    app.expire(fixture.to).await;
    assert_eq!(refused().await.blockers(), ["target_licence_inactive"]);
    // Too late.
    app.later(1);
    assert!(refused().await.body.contains("within one day"));
    // A move within an organization is taken back in the Drive.
    let moved = anna.transfer(&[other], fixture.source.root).await.expect(201).json();
    let moved = format!("/api/v1/transfers/{}", moved["id"].as_str().expect("an id"));
    undo(anna, &moved).await.expect(422);
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.target.id);
    app.healthy().await;
});

both!(xfer_12_xfer_19_to_credits_and_back_charges_nothing, async |app| {
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

both!(lic_2_xfer_19_what_was_taken_back_is_charged_to_what_it_was_charged_to, async |app| {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let folder = anna.folder(source.root, "Gotthard").await;
    // Datasets that were charged to nothing, to a licence that has ended since, and to its successor.
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
    // A dataset that was charged to nothing is not refunded.
    app.set_status(unpaid, DatasetStatus::Failed).await;
    assert_eq!(app.left(from).await, before.1);
    app.healthy().await;
});

both!(lic_2_what_is_paid_for_does_not_wait_and_is_not_paid_again, async |app| {
    let fixture = fixture(app).await;
    let paid = app.left(fixture.from).await;
    assert_eq!(app.set_status(fixture.dataset, DatasetStatus::WaitingForCredits).await.status, DatasetStatus::Queued);
    // Every credit starts waiting datasets; this reversal brings none.
    app.images_licence(&fixture.source, 1_000, 10).await;
    assert_eq!(app.left(fixture.from).await, paid);
    app.healthy().await;
});

both!(xfer_19_several_reversals_at_once_are_one, async |app| {
    let fixture = fixture(app).await;
    let receipt = fixture.transfer().await;
    app.tick(10);
    let press = || {
        let (anna, receipt) = (fixture.anna.clone(), receipt.clone());
        async move { undo(&anna, &receipt).await }
    };
    let answers = crate::support::at_once(vec![press(), press(), press()]).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409], "{answers:?}");
    assert_eq!((app.left(fixture.from).await, app.left(fixture.to).await), ((970, 9, 0), (1_000, 10, 0)));
    app.healthy().await;
});

both!(xfer_19_undo_by_its_button_without_a_script, async |app| {
    let fixture = fixture(app).await;
    let receipt = fixture.transfer().await;
    app.tick(10);
    let id = receipt.rsplit('/').next().expect("an id").to_owned();
    let page = format!("/o/{}/transfers/{id}", fixture.target.org_id);
    assert!(fixture.anna.page(&page).await.expect(200).body.contains("Undo transfer"));
    let dialog = fixture.anna.page(&format!("{page}?dialog=undo")).await.expect(200).body;
    assert!(dialog.contains("Everything goes back, or nothing does."), "{dialog}");
    let answer = fixture.anna.form(UndoTransfer::url(), &page, &[("transfer", &id)]).await;
    assert!(answer.location().starts_with(&format!("/o/{}/transfers/", fixture.source.org_id)), "{answer:?}");
    let body = fixture.anna.page(answer.location()).await.expect(200).body;
    assert!(body.contains("Moved “Gotthard” back to Alpine Survey") && body.contains("See its receipt"), "{body}");
    app.healthy().await;
});

both!(xfer_18_receipts_are_lists_and_files, async |app| {
    let fixture = fixture(app).await;
    let anna = &fixture.anna;
    let mut made = Vec::new();
    for n in 0..3 {
        let folder = anna.folder(fixture.source.root, &format!("=Folder {n}")).await;
        made.push(anna.transfer(&[folder], fixture.target.root).await.expect(201).json()["id"].clone());
    }
    let back = anna.folder(fixture.target.root, "Back").await;
    anna.transfer(&[back], fixture.source.root).await.expect(201);
    anna.transfer(&[fixture.dataset], fixture.source.root).await.expect(201);
    let list = async |org: &Org, query: &str| {
        anna.get(&format!("/api/v1/orgs/{}/transfers{query}", org.org_id)).await.expect(200).json()
    };
    let all = list(&fixture.source, "").await;
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names(&all), ["Back", "=Folder 2", "=Folder 1", "=Folder 0"], "not what moved within");
    assert_eq!(names(&list(&fixture.source, "?direction=in").await), ["Back"]);
    assert_eq!(list(&fixture.target, "?direction=in").await["items"].as_array().map(Vec::len), Some(3));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = list(&fixture.source, &format!("?limit=1&cursor={cursor}")).await;
        seen.extend(names(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, names(&all));
    for wrong in ["?direction=up", "?cursor=x", "?limit=0"] {
        anna.get(&format!("/api/v1/orgs/{}/transfers{wrong}", fixture.source.org_id)).await.expect(422);
    }
    let path = format!("/api/v1/orgs/{}/transfers/export", fixture.source.org_id);
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
    app.join(&fixture.source, &editor, Role::Editor).await;
    for path in [path.as_str(), &format!("/api/v1/orgs/{}/transfers", fixture.source.org_id)] {
        editor.get(path).await.expect(403);
        app.person("Eve").await.get(path).await.expect(404);
    }
    editor.get(&one).await.expect(404);
    // An Editor's page has the offers they may answer; a Reader has none.
    let page = format!("/o/{}/transfers", fixture.source.org_id);
    assert!(editor.page(&page).await.expect(200).body.contains("No offers yet."));
    let reader = app.person("Reader").await;
    app.join(&fixture.source, &reader, Role::Reader).await;
    reader.page(&page).await.expect(404);
});

both!(xfer_15_what_happens_between_plan_and_confirmation_leaves_the_books_alone, async |app| {
    let fixture = fixture(app).await;
    let anna = &fixture.anna;
    let digest = async || {
        let plan = anna.plan(&[fixture.folder], fixture.target.root).await.expect(200).json();
        plan["digest"].as_str().expect("a digest").to_owned()
    };
    let unchanged = async |what: &str, before: ((i64, i64, i64), (i64, i64, i64))| {
        assert_eq!((app.left(fixture.from).await, app.left(fixture.to).await), before, "{what}");
        assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id, "{what}");
        assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM transfer").await, 0, "{what}");
        app.healthy().await;
    };
    // The allowance is used up.
    let confirmed = digest().await;
    let big = anna.dataset(fixture.target.root, "Big", 980).await;
    app.set_status(big, DatasetStatus::Queued).await;
    let before = (app.left(fixture.from).await, app.left(fixture.to).await);
    assert_eq!(
        anna.confirm(&[fixture.folder], fixture.target.root, &confirmed).await.expect(409).code(),
        "plan_changed"
    );
    assert_eq!(
        anna.transfer(&[fixture.folder], fixture.target.root).await.expect(409).blockers(),
        ["allowance_too_small"]
    );
    unchanged("used up", before).await;
    app.set_status(big, DatasetStatus::Failed).await;
    // A licence expires at that moment, on either side.
    for (licence, org, blocker) in [
        (fixture.to, &fixture.target, "target_licence_inactive"),
        (fixture.from, &fixture.source, "source_licence_inactive"),
    ] {
        let confirmed = digest().await;
        let before = (app.left(fixture.from).await, app.left(fixture.to).await);
        app.expire(licence).await;
        assert_eq!(
            anna.confirm(&[fixture.folder], fixture.target.root, &confirmed).await.expect(409).code(),
            "plan_changed"
        );
        let refused = anna.transfer(&[fixture.folder], fixture.target.root).await.expect(409);
        assert!(refused.blockers().contains(&blocker.to_owned()), "{}", refused.body);
        unchanged(blocker, before).await;
        app.images_licence(org, 1_000, 10).await;
    }
    // The target is deleted.
    let confirmed = digest().await;
    let before = (app.left(fixture.from).await, app.left(fixture.to).await);
    let gone = anna
        .call(
            axum::http::Method::DELETE,
            &format!("/api/v1/orgs/{}", fixture.target.org_id),
            Some(&json!({ "confirm": "Tunnel North" })),
            &[],
        )
        .await;
    assert!(matches!(gone.status, 200 | 204), "{}", gone.body);
    anna.confirm(&[fixture.folder], fixture.target.root, &confirmed).await.expect(404);
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
