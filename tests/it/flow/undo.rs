//! Undo (DRIVE-4): by the small form in the message, without a script.

use commonhold::{
    domain::{access::Level, id::ResourceId, resource::DatasetStatus, role::Role, transfer::Grantee},
    rpc::{
        drive::RenameResource,
        task::{AssignToSite, RemoveFromSite},
        transfer::{ConfirmTransfer, MoveHere},
        trash::{MoveToTrash, UndoChange},
    },
};
use leptos::server_fn::ServerFn;

use crate::{
    both,
    support::{Answer, Org, Person},
};

fn drive(org: &Org) -> String {
    format!("/o/{}/drive", org.org_id)
}

/// Sends a form from the Drive, and finds the token of the button in the message on the next page.
async fn send(person: &Person, org: &Org, function: &str, fields: &[(&str, &str)]) -> (String, Option<String>) {
    let at = drive(org);
    let answer = person.form(function, &at, fields).await;
    assert!(matches!(answer.status, 302 | 303), "{} {}", answer.status, answer.body);
    let page = person.page(answer.location()).await.expect(200).body;
    let form = page.split(UndoChange::url()).nth(1).and_then(|after| after.split("</form>").next());
    let token =
        form.and_then(|form| form.split("name=\"token\"").nth(1)).and_then(|after| after.split("value=\"").nth(1));
    (page.clone(), token.and_then(|after| after.split('"').next()).map(str::to_owned))
}

/// Presses the button; the next page.
async fn press(person: &Person, org: &Org, token: &str) -> String {
    let at = drive(org);
    let answer: Answer = person.form(UndoChange::url(), &at, &[("token", token), ("back", &at)]).await;
    assert_eq!(answer.location(), at, "{answer:?}");
    person.page(&at).await.expect(200).body
}

both!(drive_4_each_change_is_taken_back_by_the_button_in_its_message_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 100, 10).await;
    let (here, there) = (anna.folder(org.root, "Here").await, anna.folder(org.root, "There").await);
    let dataset = anna.dataset(here, "Flight", 1).await;
    anna.dataset(there, "flight", 1).await;
    let id = dataset.to_string();
    let back = drive(&org);

    let (page, token) =
        send(&anna, &org, RenameResource::url(), &[("id", &id), ("name", "Else"), ("back", &back)]).await;
    assert!(page.contains("Renamed to “Else”"));
    let token = token.expect("a button");
    assert!(press(&anna, &org, &token).await.contains("Renamed back to “Flight”"));
    assert_eq!(app.stored(dataset).await.name, "Flight");
    assert!(press(&anna, &org, &token).await.contains("can no longer be undone"));

    // A move that also changed the name: both are undone.
    let destination = there.to_string();
    let fields = [("items", id.as_str()), ("destination", &destination), ("back", &back)];
    let (_, token) = send(&anna, &org, MoveHere::url(), &fields).await;
    assert_eq!(
        (app.stored(dataset).await.name.as_str(), app.stored(dataset).await.parent),
        ("Flight (2)", Some(there))
    );
    press(&anna, &org, &token.expect("a button")).await;
    assert_eq!((app.stored(dataset).await.name.as_str(), app.stored(dataset).await.parent), ("Flight", Some(here)));

    let (page, token) = send(&anna, &org, MoveToTrash::url(), &[("items", &id), ("back", &back)]).await;
    assert!(page.contains("Moved “Flight” to the trash"));
    anna.show(dataset).await.expect(404);
    press(&anna, &org, &token.expect("a button")).await;
    assert_eq!(app.stored(dataset).await.parent, Some(here));

    let fields = [("items", id.as_str()), ("site_name", "Quarry"), ("back", &back)];
    let (_, token) = send(&anna, &org, AssignToSite::url(), &fields).await;
    let site: ResourceId = app.stored(dataset).await.parent.expect("a site");
    // The site that was created for it is deleted, because it is empty.
    let page = press(&anna, &org, &token.expect("a button")).await;
    assert!(page.contains("the site “Quarry” to the trash"));
    assert_eq!(app.stored(dataset).await.parent, Some(here));
    anna.show(site).await.expect(404);

    // A site that is not empty stays, and so does one that existed before.
    let (_, token) = send(&anna, &org, AssignToSite::url(), &fields).await;
    let site: ResourceId = app.stored(dataset).await.parent.expect("a site");
    let other = anna.dataset(here, "Other", 1).await;
    anna.assign(other, "Quarry").await.expect(200);
    press(&anna, &org, &token.expect("a button")).await;
    assert_eq!(app.stored(dataset).await.parent, Some(here));
    anna.show(site).await.expect(200);

    anna.assign(dataset, "Quarry").await.expect(200);
    let (_, token) = send(&anna, &org, RemoveFromSite::url(), &[("items", &id), ("back", &back)]).await;
    assert_eq!(app.stored(dataset).await.parent, Some(here));
    press(&anna, &org, &token.expect("a button")).await;
    assert_eq!(app.stored(dataset).await.parent, Some(site));
    app.healthy().await;
});

both!(drive_4_undo_is_authorized_afresh_and_refused_where_the_facts_changed, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Editor).await;
    let (here, there) = (anna.folder(org.root, "Here").await, anna.folder(org.root, "There").await);
    let item = anna.folder(here, "Item").await;
    let (id, destination, back) = (item.to_string(), there.to_string(), drive(&org));
    let fields = [("items", id.as_str()), ("destination", &destination), ("back", &back)];
    let (_, token) = send(&john, &org, MoveHere::url(), &fields).await;
    let token = token.expect("a button");
    // Nobody else may undo it, whatever their role.
    assert!(press(&anna, &org, &token).await.contains("can no longer be undone"));
    // Nor may he, once he has lost the right.
    anna.change_role(&org, john.id, "reader").await.expect(200);
    let page = press(&john, &org, &token).await;
    assert!(page.contains("role=\"alert\"") && page.contains("something is in the way"), "{page}");
    anna.change_role(&org, john.id, "editor").await.expect(200);
    // Somebody moved it on meanwhile.
    anna.transfer(&[item], org.root).await.expect(201);
    assert!(press(&john, &org, &token).await.contains("Someone else changed this"));
    assert_eq!(app.stored(item).await.parent, Some(org.root));
    // Once he does not see it any more, he is not told either that it was moved (ACCESS-3).
    anna.remove(&org, &[john.id]).await.expect(204);
    assert_eq!(john.post("/api/v1/undo", &serde_json::json!({ "token": token })).await.expect(404).code(), "not_found");
    app.join(&org, &john, Role::Editor).await;
    // It is kept for a day.
    anna.transfer(&[item], there).await.expect(201);
    app.later(2);
    commonhold::server::workers::tidy(app.ctx()).await.expect("tidied");
    assert!(press(&john, &org, &token).await.contains("can no longer be undone"));
    assert_eq!(app.stored(item).await.parent, Some(there));
    app.healthy().await;
});

both!(drive_4_moving_does_not_change_the_modification_time, async |app| {
    let anna = app.person("Anna").await;
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    for org in [&org, &other] {
        app.images_licence(org, 100, 10).await;
    }
    let (here, there) = (anna.folder(org.root, "Here").await, anna.folder(org.root, "There").await);
    let dataset = anna.dataset(here, "Flight", 1).await;
    anna.dataset(there, "flight", 1).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    let before = app.stored(dataset).await.modified_at;
    let (id, destination, back) = (dataset.to_string(), there.to_string(), drive(&org));
    let modified = async || app.stored(dataset).await.modified_at;

    // A move to where its name is taken, and back.
    app.tick(60_000);
    let fields = [("items", id.as_str()), ("destination", &destination), ("back", &back)];
    let (_, token) = send(&anna, &org, MoveHere::url(), &fields).await;
    assert_eq!((app.stored(dataset).await.name.as_str(), modified().await), ("Flight (2)", before));
    app.tick(60_000);
    press(&anna, &org, &token.expect("a button")).await;
    assert_eq!((app.stored(dataset).await.name.as_str(), modified().await), ("Flight", before));

    // To another organization, and back.
    app.tick(60_000);
    anna.transfer(&[dataset], other.root).await.expect(201);
    assert_eq!(modified().await, before);
    // To the trash, and back.
    app.tick(60_000);
    anna.trash(dataset).await.expect(204);
    anna.restore(dataset).await.expect(200);
    assert_eq!(modified().await, before);

    // A name is a change; taking it back restores everything.
    let changed = app.stored(here).await.modified_at;
    let here = here.to_string();
    let (_, token) =
        send(&anna, &org, RenameResource::url(), &[("id", &here), ("name", "Else"), ("back", &back)]).await;
    let folder: ResourceId = here.parse().expect("an id");
    assert!(app.stored(folder).await.modified_at > changed);
    app.tick(60_000);
    press(&anna, &org, &token.expect("a button")).await;
    assert_eq!(app.stored(folder).await.modified_at, changed);
    app.healthy().await;
});

both!(xfer_3_taking_a_move_back_leaves_nobody_with_access_they_did_not_have, async |app| {
    let (anna, john, mary) = (app.person("Anna").await, app.person("John").await, app.person("Mary").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Member).await;
    app.join(&org, &mary, Role::Member).await;
    let (here, there) = (anna.folder(org.root, "Here").await, anna.folder(org.root, "There").await);
    let item = anna.folder(here, "Item").await;
    app.give(here, Grantee::Person(john.id), Level::Reader, false).await;
    app.give(there, Grantee::Person(mary.id), Level::Reader, false).await;
    let (id, destination) = (item.to_string(), there.to_string());
    let digest = anna.plan(&[item], there).await.expect(200).json()["digest"].as_str().expect("a digest").to_owned();
    let fields = [("items", id.as_str()), ("destination", &destination), ("digest", &digest)];
    // What is undone is found by the moment of the move, however often the clock is read during it.
    app.tick_with_each_reading();
    let (_, token) = send(&anna, &org, ConfirmTransfer::url(), &fields).await;
    for person in [&john, &mary] {
        person.show(item).await.expect(200);
    }
    assert_eq!(anna.show(item).await.json()["access"], "carried");
    press(&anna, &org, &token.expect("a button")).await;
    john.show(item).await.expect(200);
    mary.show(item).await.expect(404);
    assert_eq!(anna.show(item).await.json()["access"], "inherited");
    app.healthy().await;
});

both!(xfer_3_a_move_that_raises_access_carried_along_before_cannot_be_undone, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Member).await;
    let (here, there) = (anna.folder(org.root, "Here").await, anna.folder(org.root, "There").await);
    let item = anna.folder(here, "Item").await;
    app.give(item, Grantee::Person(john.id), Level::Reader, true).await;
    app.give(here, Grantee::Person(john.id), Level::Editor, false).await;
    app.tick(7);
    let digest = anna.plan(&[item], there).await.expect(200).json()["digest"].as_str().expect("a digest").to_owned();
    let (id, destination) = (item.to_string(), there.to_string());
    let fields = [("items", id.as_str()), ("destination", &destination), ("digest", &digest)];
    let (page, token) = send(&anna, &org, ConfirmTransfer::url(), &fields).await;
    assert_eq!(john.show(item).await.expect(200).json()["level"], "editor", "carried along");
    assert_eq!(token, None, "moving back would leave John an Editor: {page}");
    app.healthy().await;
});
