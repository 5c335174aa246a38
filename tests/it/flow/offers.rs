//! Offers to organizations where one has no right (XFER-18), over REST and in the browser.

use commonhold::{
    domain::{id::ResourceId, resource::DatasetStatus, role::Role},
    rpc::offer::{AcceptOffer, DeclineOffer, SendOffer, WithdrawOffer},
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, at_once, read},
};

/// Anna manages the source, John owns the target, and neither is in the other's.
struct Fixture {
    anna: Person,
    john: Person,
    source: Org,
    target: Org,
    folder: ResourceId,
    dataset: ResourceId,
}

async fn fixture(app: &TestApp) -> Fixture {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (source, target) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    app.images_licence(&source, 1_000, 10).await;
    app.images_licence(&target, 1_000, 10).await;
    let folder = anna.folder(source.root, "Gotthard").await;
    let dataset = anna.dataset(folder, "Flight", 30).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    Fixture { anna, john, source, target, folder, dataset }
}

impl Fixture {
    async fn send(&self, by: &Person, items: &[ResourceId], target: &str, note: &str) -> Answer {
        by.post("/api/v1/offers", &json!({ "items": items, "target": target, "note": note })).await
    }

    async fn offer(&self) -> String {
        let made = self.send(&self.anna, &[self.folder], "TUNNEL-north", "As agreed").await.expect(201).json();
        format!("/api/v1/offers/{}", made["id"].as_str().expect("an id"))
    }

    async fn accept(&self, offer: &str) -> Answer {
        self.john.post(&format!("{offer}/accept"), &json!({})).await
    }
}

async fn state(by: &Person, offer: &str) -> String {
    by.get(offer).await.expect(200).json()["state"].as_str().expect("a state").to_owned()
}

both!(xfer_18_what_is_offered_is_taken_by_the_other_side_with_every_rule_of_a_transfer, async |app| {
    let fixture = fixture(app).await;
    let (anna, john) = (&fixture.anna, &fixture.john);
    let editor = app.person("Editor").await;
    app.join(&fixture.target, &editor, Role::Editor).await;
    let offer = fixture.offer().await;
    let made = anna.get(&offer).await.expect(200).json();
    for (field, value) in [
        ("direction", json!("out")),
        ("state", json!("open")),
        ("target_name", json!("Tunnel North")),
        ("note", json!("As agreed")),
        ("datasets", json!(1)),
        ("images", json!(30)),
        ("may_answer", json!(false)),
        ("may_withdraw", json!(true)),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    // What the offerer learns of the target is its name, and nothing else.
    let told = made.to_string();
    assert!(
        !told.contains("John") && !told.contains(&fixture.target.root.to_string()) && !told.contains("1000"),
        "{told}"
    );
    // Its Owners and Managers are told.
    let mail = app.mail_to(&john.email).await;
    assert_eq!(mail[0].0, "Alpine Survey offers “Gotthard” to Tunnel North");
    assert!(mail[0].1.contains("/o/tunnel-north/offers/") && mail[0].1.contains("As agreed"), "{}", mail[0].1);
    assert!(!app.mail_to(&editor.email).await.iter().any(|(subject, _)| subject.contains("offers")));
    assert_eq!(anna.audit(&fixture.source).await[0], "offer.made");
    assert_eq!(john.audit(&fixture.target).await[0], "offer.received");
    let list = john.get(&format!("/api/v1/orgs/{}/offers", fixture.target.org_id)).await.expect(200).json();
    assert_eq!(
        (list["items"][0]["id"].clone(), list["items"][0]["direction"].as_str()),
        (made["id"].clone(), Some("in"))
    );

    // The target sees the whole plan, and none of the source's names of people.
    let place = john.folder(fixture.target.root, "From Alpine").await;
    app.join(&fixture.source, &app.person("Reader").await, Role::Reader).await;
    let plan = editor.post(&format!("{offer}/plan"), &json!({ "destination": place })).await.expect(200);
    assert!(plan.blockers().is_empty() && !plan.body.contains("Muster"), "{}", plan.body);
    let plan = plan.json();
    assert_eq!(plan["effects"]["target"]["images_after"], 30);
    assert_eq!(plan["effects"]["people_losing_access_count"], 2);
    editor.show(fixture.folder).await.expect(404);

    let body = json!({ "destination": place, "digest": plan["digest"] });
    let receipt = editor.post(&format!("{offer}/accept"), &body).await.expect(201).json();
    assert_eq!((receipt["by"].clone(), receipt["datasets"].clone()), (json!(editor.id), json!(1)));
    let stored = app.stored(fixture.dataset).await;
    assert_eq!((stored.organization, app.stored(fixture.folder).await.parent), (fixture.target.id, Some(place)));
    assert_eq!(state(anna, &offer).await, "accepted");
    assert_eq!(anna.get(&offer).await.json()["transfer"], receipt["id"]);
    assert_eq!(anna.audit(&fixture.source).await[..2], ["offer.accepted", "transfer.sent"]);
    assert_eq!(john.audit(&fixture.target).await[..2], ["offer.accepted", "transfer.received"]);
    assert_eq!(app.mail_to(&anna.email).await[0].0, "Tunnel North accepted “Gotthard”");
    anna.get(&format!("/api/v1/transfers/{}", receipt["id"].as_str().expect("an id"))).await.expect(200);
    assert_eq!(fixture.accept(&offer).await.expect(409).code(), "conflict");
    app.healthy().await;
});

both!(xfer_18_the_same_offer_taken_by_several_at_once_is_one_transfer, async |app| {
    let fixture = fixture(app).await;
    let second = app.person("Second").await;
    app.join(&fixture.target, &second, Role::Manager).await;
    let offer = fixture.offer().await;
    let take = |by: &Person| {
        let (by, path) = (by.clone(), format!("{offer}/accept"));
        async move { by.post(&path, &json!({})).await }
    };
    let answers = at_once(vec![take(&fixture.john), take(&second), take(&fixture.john)]).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409], "{answers:?}");
    assert!(
        answers.iter().filter(|a| a.status == 409).all(|a| a.body.contains("already been accepted")),
        "{answers:?}"
    );
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM transfer").await, 1);
    app.healthy().await;
});

both!(xfer_18_offers_are_declined_withdrawn_expired_and_void, async |app| {
    let fixture = fixture(app).await;
    let (anna, john) = (&fixture.anna, &fixture.john);
    let offer = fixture.offer().await;
    john.delete(&offer).await.expect(403);
    anna.post(&format!("{offer}/decline"), &json!({})).await.expect(403);
    anna.post(&format!("{offer}/accept"), &json!({})).await.expect(403);
    assert_eq!(john.post(&format!("{offer}/decline"), &json!({})).await.expect(200).json()["state"], "declined");
    let declined = anna.get(&offer).await.json();
    assert_eq!((&declined["state"], &declined["answered_by_name"]), (&json!("declined"), &Value::Null));
    assert_eq!(app.mail_to(&anna.email).await[0].0, "Tunnel North declined “Gotthard”");
    assert!(!anna.get(&format!("/api/v1/orgs/{}/audit", fixture.source.org_id)).await.body.contains("John"));
    fixture.accept(&offer).await.expect(409);

    let offer = fixture.offer().await;
    let manager = app.person("Manager").await;
    app.join(&fixture.source, &manager, Role::Manager).await;
    manager.delete(&offer).await.expect(204);
    assert!(fixture.accept(&offer).await.expect(409).body.contains("withdrawn"));
    anna.delete(&offer).await.expect(409);

    let offer = fixture.offer().await;
    app.later(7);
    assert_eq!(state(john, &offer).await, "expired");
    assert!(fixture.accept(&offer).await.expect(409).body.contains("expired"));
    john.post(&format!("{offer}/plan"), &json!({})).await.expect(409);

    // Void is what is void: it is open again with what it was about.
    let offer = fixture.offer().await;
    anna.trash(fixture.folder).await.expect(204);
    assert_eq!(state(anna, &offer).await, "void");
    assert!(fixture.accept(&offer).await.expect(409).body.contains("void"));
    anna.restore(fixture.folder).await.expect(200);
    fixture.accept(&offer).await.expect(201);
    app.healthy().await;
});

both!(xfer_18_all_rules_are_checked_when_it_is_offered_and_again_when_it_is_taken, async |app| {
    let fixture = fixture(app).await;
    let (anna, john) = (&fixture.anna, &fixture.john);
    // On this side, before anything is sent.
    let draft = anna.dataset(fixture.source.root, "Draft", 1).await;
    let refused = fixture.send(anna, &[draft], "tunnel-north", "").await.expect(409);
    assert_eq!(refused.blockers(), ["not_processed"]);
    let editor = app.person("Editor").await;
    app.join(&fixture.source, &editor, Role::Editor).await;
    let refused = fixture.send(&editor, &[fixture.folder], "tunnel-north", "").await.expect(409);
    assert_eq!(refused.blockers(), ["source_role_too_low"]);
    app.person("Eve")
        .await
        .post("/api/v1/offers", &json!({ "items": [fixture.folder], "target": "tunnel-north" }))
        .await
        .expect(404);
    for (target, field) in [("", "target"), ("nobody-at-all", "target"), ("alpine-survey", "target"), ("a b", "target")]
    {
        assert_eq!(fixture.send(anna, &[fixture.folder], target, "").await.expect(422).fields(), [field], "{target:?}");
    }
    let long = "a".repeat(501);
    assert_eq!(fixture.send(anna, &[fixture.folder], "tunnel-north", &long).await.expect(422).fields(), ["note"]);
    let offer = fixture.offer().await;
    let again = fixture.send(anna, &[fixture.folder], "tunnel-north", "").await.expect(409);
    assert_eq!(again.blockers(), ["changed_since"], "it is offered already");

    // What is in it changed.
    let new = anna.folder(fixture.folder, "New").await;
    assert_eq!(fixture.accept(&offer).await.expect(409).blockers(), ["changed_since"]);
    anna.trash(new).await.expect(204);
    // Something in it is not processed.
    app.set_status(fixture.dataset, DatasetStatus::Failed).await;
    assert!(fixture.accept(&offer).await.expect(409).blockers().contains(&"not_processed".to_owned()));
    app.set_status(fixture.dataset, DatasetStatus::Processed).await;
    // The target cannot pay.
    let small = john.create_org("Small").await;
    app.images_licence(&small, 10, 10).await;
    anna.delete(&offer).await.expect(204);
    let made = fixture.send(anna, &[fixture.folder], "small", "").await.expect(201).json();
    let at_small = format!("/api/v1/offers/{}", made["id"].as_str().expect("an id"));
    assert_eq!(fixture.accept(&at_small).await.expect(409).blockers(), ["allowance_too_small"]);
    // A destination in another organization is none.
    let body = json!({ "destination": fixture.target.root });
    john.post(&format!("{at_small}/accept"), &body).await.expect(404);
    anna.delete(&at_small).await.expect(204);
    // The offerer is no Manager any more.
    let manager = app.person("Manager").await;
    app.join(&fixture.source, &manager, Role::Manager).await;
    let made = fixture.send(&manager, &[fixture.folder], "tunnel-north", "").await.expect(201).json();
    let offer = format!("/api/v1/offers/{}", made["id"].as_str().expect("an id"));
    anna.change_role(&fixture.source, manager.id, "editor").await.expect(200);
    let refused = fixture.accept(&offer).await.expect(409);
    assert_eq!(refused.blockers(), ["source_role_too_low"]);
    assert!(refused.body.contains("is no longer a Manager of Alpine Survey"), "{}", refused.body);
    anna.remove(&fixture.source, &[manager.id]).await.expect(204);
    assert_eq!(fixture.accept(&offer).await.expect(409).blockers(), ["source_role_too_low"]);
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM transfer").await, 0);
    app.healthy().await;
});

both!(xfer_18_who_sees_an_offer_and_who_does_not, async |app| {
    let fixture = fixture(app).await;
    let offer = fixture.offer().await;
    for (org, role, status) in [
        (&fixture.source, Role::Owner, 200),
        (&fixture.source, Role::Manager, 200),
        (&fixture.source, Role::Editor, 404),
        (&fixture.target, Role::Manager, 200),
        (&fixture.target, Role::Editor, 200),
        (&fixture.target, Role::Reader, 404),
        (&fixture.target, Role::Member, 404),
    ] {
        let somebody = app.person("Some").await;
        app.join(org, &somebody, role).await;
        assert_eq!(somebody.get(&offer).await.status, status, "{role:?}");
        let page = offer.replace("/api/v1/offers", &format!("/o/{}/offers", org.org_id));
        assert_eq!(somebody.page(&page).await.status, status, "{role:?}");
    }
    app.person("Eve").await.get(&offer).await.expect(404);
    app.nobody().get(&offer).await.expect(401);
    // A page of the other side's organization is none of theirs.
    let page = offer.replace("/api/v1/offers", &format!("/o/{}/offers", fixture.target.org_id));
    fixture.anna.page(&page).await.expect(404);
});

both!(attack_18_guessing_org_ids_by_offers_is_slowed_down, async |app| {
    let fixture = fixture(app).await;
    let mut refused = 0;
    for n in 0..30 {
        refused = fixture.send(&fixture.anna, &[fixture.folder], &format!("nobody-{n}"), "").await.status;
        if refused == 429 {
            break;
        }
    }
    assert_eq!(refused, 429);
    // Who cannot offer anything learns nothing at all.
    let eve = app.person("Eve").await;
    let body = |target: &str| json!({ "items": [fixture.folder], "target": target });
    let (known, unknown) =
        (eve.post("/api/v1/offers", &body("tunnel-north")).await, eve.post("/api/v1/offers", &body("nobody")).await);
    assert_eq!((known.status, known.code()), (unknown.status, unknown.code()));
});

both!(xfer_18_in_the_browser_without_a_script, async |app| {
    let fixture = fixture(app).await;
    let (anna, john) = (&fixture.anna, &fixture.john);
    let (item, at) = (fixture.folder.to_string(), format!("/o/{}/drive", fixture.source.org_id));
    let dialog = anna.page(&format!("{at}?dialog=move&item={item}")).await.expect(200).body;
    assert!(dialog.contains("Offer to another organization") && dialog.contains("dialog=offer"), "{dialog}");
    let dialog = anna.page(&format!("{at}?dialog=offer&item={item}")).await.expect(200).body;
    assert!(dialog.contains("Send offer") && dialog.contains("1 dataset"), "{dialog}");
    let wrong = anna.form(SendOffer::url(), &at, &[("items", &item), ("target", "nobody-at-all")]).await;
    let page = anna.page(&format!("{at}?dialog=offer&item={item}")).await.expect(200).body;
    assert!(wrong.status == 302 && page.contains("No organization has this Org ID"), "{page}");
    let sent =
        anna.form(SendOffer::url(), &at, &[("items", &item), ("target", "Tunnel-North"), ("note", "Hello")]).await;
    let offer = sent.location().rsplit('/').next().expect("an id").to_owned();
    let page = anna.page(sent.location()).await.expect(200).body;
    assert!(page.contains("Offered “Gotthard” to Tunnel North") && page.contains("Withdraw"), "{page}");
    let details = anna.page(&format!("{at}/{item}?details=1")).await.expect(200).body;
    assert!(details.contains("Offered to"), "{details}");
    // On the other side: Home, the list, the offer, a folder to put it into.
    let home = john.page(&format!("/o/{}", fixture.target.org_id)).await.expect(200).body;
    assert!(home.contains("Offered to this organization") && home.contains("Gotthard"), "{home}");
    let list = john.page(&format!("/o/{}/transfers?show=offers", fixture.target.org_id)).await.expect(200).body;
    assert!(list.contains("from Alpine Survey") && list.contains("Open"), "{list}");
    let place = john.folder(fixture.target.root, "Handover").await.to_string();
    let there = format!("/o/{}/offers/{offer}", fixture.target.org_id);
    let page = john.page(&there).await.expect(200).body;
    assert!(page.contains("Accept") && page.contains("Decline") && page.contains("Handover"), "{page}");
    let page = john.page(&format!("{there}?in={place}")).await.expect(200).body;
    let digest = page.split("name=\"digest\"").nth(1).and_then(|after| after.split("value=\"").nth(1));
    let digest = digest.and_then(|after| after.split('"').next()).expect("a digest").to_owned();
    let fields =
        [("offer", offer.as_str()), ("org", &fixture.target.org_id), ("destination", &place), ("digest", &digest)];
    let taken = john.form(AcceptOffer::url(), &there, &fields).await;
    assert!(taken.location().contains("/transfers/"), "{taken:?}");
    assert!(john.page(taken.location()).await.expect(200).body.contains("Accepted “Gotthard” from Alpine Survey"));
    let receipts = anna.page(&format!("/o/{}/transfers", fixture.source.org_id)).await.expect(200).body;
    assert!(receipts.contains("to Tunnel North") && receipts.contains("Export CSV"), "{receipts}");
    // Declined and withdrawn, by their buttons.
    for (function, by, org, word) in [
        (DeclineOffer::url(), john, &fixture.target, "Declined"),
        (WithdrawOffer::url(), anna, &fixture.source, "Withdrew"),
    ] {
        let other = anna.folder(fixture.source.root, word).await;
        let made = fixture.send(anna, &[other], "tunnel-north", "").await.expect(201).json();
        let id = made["id"].as_str().expect("an id").to_owned();
        let page = format!("/o/{}/offers/{id}", org.org_id);
        let answer = by.form(function, &page, &[("offer", &id), ("back", &page)]).await;
        assert_eq!(answer.location(), page);
        assert!(by.page(&page).await.expect(200).body.contains(word));
    }
    let _: ResourceId = read(&json!(item));
    app.healthy().await;
});
