//! What was done to one thing (AUDIT-1): found by its id in the log of each organization that it was in, also once it is gone.

use commonhold::domain::{id::ResourceId, resource::DatasetStatus, role::Role};
use serde_json::json;

use crate::{
    both,
    support::{Org, Person},
};

/// The actions of a thing's history in the log of an organization, newest first.
async fn history(person: &Person, org: &Org, thing: ResourceId, query: &str) -> Vec<String> {
    let path = format!("/api/v1/orgs/{}/audit?resource={thing}{query}", org.org_id);
    let lines = person.get(&path).await.expect(200).json();
    let lines = lines["items"].as_array().expect("a list");
    lines.iter().map(|line| line["action"].as_str().expect("an action").to_owned()).collect()
}

both!(audit_1_the_history_of_a_thing_is_found_by_its_id_and_outlives_it, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    for org in [&source, &target] {
        app.images_licence(org, 1_000, 10).await;
    }
    app.team_licence(&target).await;
    let folder = anna.folder(source.root, "Folder").await;
    let dataset = anna.dataset(source.root, "Flight", 5).await;
    let other = anna.dataset(source.root, "Other", 5).await;
    for each in [dataset, other] {
        app.set_status(each, DatasetStatus::Processed).await;
    }
    anna.rename(dataset, "Flight 1").await.expect(200);
    anna.transfer(&[dataset], folder).await.expect(201);
    anna.transfer(&[dataset], target.root).await.expect(201);
    app.join(&target, &john, Role::Reader).await;
    anna.give(dataset, json!({ "email": john.email }), "editor").await.expect(200);
    anna.trash(dataset).await.expect(204);
    let in_source = ["transfer.sent", "resource.moved", "resource.renamed", "dataset.status_set", "resource.created"];
    let in_target = ["resource.trashed", "access.given", "transfer.received"];
    assert_eq!(history(&anna, &source, dataset, "").await, in_source);
    assert_eq!(history(&anna, &target, dataset, "").await, in_target);
    anna.delete_for_good(dataset).await.expect(204);
    assert_eq!(history(&anna, &source, dataset, "").await, in_source);
    assert_eq!(history(&anna, &target, dataset, "").await, [["resource.deleted"].as_slice(), &in_target].concat());
    // The other filters hold as well, a page at a time, and another thing has a history of its own.
    assert_eq!(history(&anna, &source, dataset, "&action=resource.renamed").await, ["resource.renamed"]);
    assert!(history(&anna, &source, dataset, &format!("&actor={}", john.id)).await.is_empty());
    assert_eq!(history(&anna, &source, other, "").await, ["dataset.status_set", "resource.created"]);
    let path = format!("/api/v1/orgs/{}/audit?resource={dataset}&limit=2", source.org_id);
    let first = anna.get(&path).await.expect(200).json();
    let cursor = first["next_cursor"].as_str().expect("there is more");
    assert_eq!(history(&anna, &source, dataset, &format!("&limit=2&cursor={cursor}")).await, in_source[2..4]);
});

both!(audit_1_what_is_done_to_many_at_once_is_in_the_history_of_each, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Folder").await;
    let mut both = Vec::new();
    for name in ["A", "B"] {
        both.push(anna.folder(org.root, name).await);
    }
    anna.transfer(&both, folder).await.expect(201);
    assert_eq!(anna.audit(&org).await.iter().filter(|action| *action == "resource.moved").count(), 1, "one entry");
    for each in &both {
        assert_eq!(history(&anna, &org, *each, "").await, ["resource.moved", "resource.created"]);
    }
    assert_eq!(history(&anna, &org, folder, "").await, ["resource.created"]);
    // Whoever may not read the log may not read it of one thing either.
    let path = format!("/api/v1/orgs/{}/audit?resource={}", org.org_id, both[0]);
    john.get(&path).await.expect(404);
    app.join(&org, &john, Role::Editor).await;
    john.get(&path).await.expect(403);
    let path = format!("/api/v1/orgs/{}/audit?resource=folder", org.org_id);
    assert_eq!(anna.get(&path).await.expect(422).fields(), ["resource"]);
});
