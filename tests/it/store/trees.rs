//! Resources: nodes, ways up, lists in every order, and everything below a node.

use std::collections::BTreeSet;

use commonhold::{
    domain::{
        access::{Level, Source},
        id::{LicenceId, ResourceId},
        name::sort_key,
        permit::operate,
        resource::{DatasetStatus, Kind},
        role::Role,
        transfer::Grantee,
    },
    server::{
        error::Error,
        store::{
            resource::{self, Children, Cursor, Sort},
            subtree,
        },
    },
};
use uuid::Uuid;

use crate::both;

const NOBODY: ResourceId = ResourceId(Uuid::from_u128(1));

both!(drive_1_nodes_ways_up_and_changes, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let a = anna.folder(org.root, "A").await;
    let b = anna.folder(a, "B").await;
    let dataset = anna.dataset(b, "Flight", 7).await;
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(resource::find(&mut tx, b).await.expect("an answer").expect("B").parent, Some(a));
    assert!(resource::find(&mut tx, NOBODY).await.expect("an answer").is_none());
    // More ids than one statement names.
    let many: Vec<ResourceId> = (10..2_510_u128).map(|n| ResourceId(Uuid::from_u128(n))).chain([a, b]).collect();
    assert_eq!(resource::find_all(&mut tx, &many).await.expect("an answer").len(), 2);
    assert!(resource::find_all(&mut tx, &[]).await.expect("an answer").is_empty());
    let steps = resource::list_ancestors(&mut tx, anna.id, &[dataset, a, NOBODY]).await.expect("an answer");
    let way: Vec<_> = steps.iter().filter(|step| step.start == dataset).map(|step| step.id).collect();
    assert_eq!(way, [dataset, b, a, org.root]);
    assert_eq!(steps.len(), 6);
    assert!(steps.iter().all(|step| step.role == Some(Role::Owner) && step.levels.is_empty()));
    let shown = resource::find_shown(&mut tx, a, 100).await.expect("an answer").expect("A");
    assert_eq!((shown.children, shown.access), (1, Source::Inherited));
    assert!(shown.created_by_name.is_some_and(|name| name.starts_with("Anna")));
    assert_eq!(resource::find_shown(&mut tx, dataset, 100).await.expect("an answer").expect("a flight").children, 0);
    assert!(resource::find_shown(&mut tx, NOBODY, 100).await.expect("an answer").is_none());
    assert_eq!(resource::list_rows(&mut tx, &[b, dataset, NOBODY]).await.expect("an answer").len(), 2);
    assert!(resource::list_rows(&mut tx, &[]).await.expect("an answer").is_empty());
    drop(tx);
    let at = app.ctx().now().plus_millis(5);
    let (by, organization, account, root) = (anna.id, org.id, org.account, org.root);
    let (new, licence) = (ResourceId(app.ctx().id()), LicenceId(app.ctx().id()));
    app.db()
        .write(move |tx| {
            Box::pin(async move {
                let on = |id| operate(by, organization, id);
                let node =
                    resource::NewResource { id: new, account, kind: Kind::Folder, name: "New", dataset: None, at };
                resource::insert(tx, &on(a), &node).await?;
                resource::update_name(tx, &on(b), "Bee", at, at).await?;
                resource::update_parent(tx, &on(root), &[new], at).await?;
                resource::update_parent_and_name(tx, &on(a), &[(dataset, "Flown")], at).await?;
                resource::update_status(tx, &on(dataset), DatasetStatus::Processing, Some(licence), at).await?;
                resource::update_status(tx, &on(b), DatasetStatus::Processing, None, at).await?;
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("changes");
    assert_eq!(app.stored(new).await.parent, Some(org.root));
    assert_eq!(app.stored(b).await.name, "Bee");
    assert_eq!(app.stored(b).await.dataset, None, "a folder has no status");
    let stored = app.stored(dataset).await;
    assert_eq!((stored.parent, stored.name.as_str(), stored.charged_to), (Some(a), "Flown", Some(licence)));
    assert_eq!(stored.modified_at, at);
    let taken = app
        .db()
        .write(move |tx| {
            Box::pin(async move {
                Ok::<_, Error>(resource::update_name(tx, &operate(by, organization, new), "a", at, at).await?)
            })
        })
        .await;
    assert!(taken.expect_err("taken regardless of case").is_taken());
});

both!(drive_2_children_in_every_order_both_ways_page_by_page, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for number in 0..9 {
        // Three at each moment, so that the id settles ties.
        if number % 3 == 0 {
            app.tick(1);
        }
        anna.dataset(org.root, &format!("d{number}"), 1).await;
        anna.folder(org.root, &format!("f{number}")).await;
    }
    let mut tx = app.db().read().await.expect("a connection");
    for sort in [Sort::Name, Sort::ModifiedAt, Sort::Size, Sort::Images, Sort::Status, Sort::Owner] {
        for descending in [false, true] {
            let list = Children {
                parent: org.root,
                sort,
                descending,
                kind: None,
                status: None,
                prefix: None,
                after: None,
                limit: 100,
                level: Level::Reader,
            };
            let whole = resource::list_children(&mut tx, &list).await.expect("an answer");
            assert_eq!(whole.len(), 18);
            let mut seen = Vec::new();
            let mut after: Option<Cursor> = None;
            loop {
                let list = Children { after: after.clone(), limit: 4, ..list.clone() };
                let page = resource::list_children(&mut tx, &list).await.expect("an answer");
                let Some(end) = page.last() else { break };
                let number = match (sort, &end.dataset) {
                    (Sort::ModifiedAt, _) => end.modified_at.0,
                    (Sort::Size, Some(dataset)) => dataset.bytes,
                    (Sort::Images, Some(dataset)) => dataset.images,
                    (Sort::Status, Some(dataset)) => dataset.status.rank(),
                    _ => 0,
                };
                let owner_key = end.created_by_name.as_deref().map(sort_key).unwrap_or_default();
                after = Some(Cursor {
                    rank: end.kind.rank(),
                    name_key: sort_key(&end.name),
                    number,
                    owner_key,
                    id: end.id,
                });
                seen.extend(page);
            }
            assert_eq!(seen, whole, "{sort:?} {descending}");
        }
    }
    let filtered = Children {
        parent: org.root,
        sort: Sort::Name,
        descending: false,
        kind: Some(Kind::Dataset),
        status: None,
        prefix: Some("d1"),
        after: None,
        limit: 100,
        level: Level::Reader,
    };
    assert_eq!(resource::list_children(&mut tx, &filtered).await.expect("an answer").len(), 1);
});

both!(drive_5_names_that_matter_are_looked_up_few_and_many, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for name in ["Tunnel", "Tunnel (2)", "Tunnel (10)", "Tunnels", "100%", "100% (2)", "Other"] {
        anna.folder(org.root, name).await;
    }
    let mut tx = app.db().read().await.expect("a connection");
    let keys = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let few = resource::list_taken_names(&mut tx, org.root, &keys(&["tunnel", "100%"])).await.expect("an answer");
    for taken in ["tunnel", "tunnel (2)", "tunnel (10)", "100%", "100% (2)"] {
        assert!(few.contains(taken), "{taken}: {few:?}");
    }
    assert!(!few.contains("other"));
    let names: Vec<String> = (0..40).map(|n| format!("name {n}")).collect();
    let many: Vec<&str> = names.iter().map(String::as_str).chain(["tunnel"]).collect();
    let many = resource::list_taken_names(&mut tx, org.root, &keys(&many)).await.expect("an answer");
    assert!(many.contains("tunnel (10)"));
});

both!(xfer_13_everything_below_is_counted_named_handed_over_and_cut_off, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let top = anna.folder(org.root, "Top").await;
    let inside = anna.folder(top, "Inside").await;
    let (first, second) = (anna.dataset(top, "First", 3).await, anna.dataset(inside, "Second", 4).await);
    let apart = anna.folder(org.root, "Apart").await;
    app.give(inside, Grantee::Person(john.id), Level::Reader, false).await;
    app.give(first, Grantee::Organization(org.id), Level::Reader, true).await;
    app.share(second, "token").await;
    let now = app.ctx().now();
    let mut tx = app.db().read().await.expect("a connection");
    let below = subtree::load(&mut tx, &[top, apart, NOBODY], Some(now), now).await.expect("an answer");
    assert_eq!(below.len(), 2);
    let contents = &below[&top].contents;
    assert_eq!((below[&top].height, below[&top].granted), (2, 2));
    assert_eq!((contents.folders, contents.datasets, contents.images), (2, 2, 7));
    assert_eq!((contents.not_processed.total, contents.too_recent.total, contents.links.total), (2, 2, 1));
    assert_eq!(
        (contents.direct.total, contents.direct.first[0].1.as_slice()),
        (1, ["John Muster".to_owned()].as_slice())
    );
    assert_eq!((below[&apart].height, below[&apart].contents.folders), (0, 1));
    let within = subtree::load(&mut tx, &[top], None, now).await.expect("an answer");
    assert!(within[&top].contents.direct.first.is_empty(), "a move within looks at what it needs");
    let (people, organizations) = subtree::list_grantees(&mut tx, &[top]).await.expect("an answer");
    assert_eq!((people, organizations), (vec![john.id], vec![org.id]));
    drop(tx);
    let permit = operate(anna.id, target.id, target.root);
    let account = target.account;
    let changed = app
        .db()
        .write(move |tx| {
            Box::pin(async move {
                resource::update_parent(tx, &permit, &[top], now).await?;
                let all = subtree::list_ids(tx, &[top]).await?;
                let moved = subtree::update_owner(tx, &permit, &all, account, subtree::Charge::Keep).await?;
                let ended = subtree::delete_foreign_grants(tx, &permit, &all).await?;
                let stopped = subtree::stop_links(tx, &permit, &all).await?;
                Ok::<_, Error>((moved, ended, stopped))
            })
        })
        .await
        .expect("handed over");
    assert_eq!(changed, (4, 2, 1));
    assert_eq!(app.stored(second).await.organization, target.id);
    assert_eq!(app.stored(apart).await.organization, org.id);
    assert_eq!(app.link_state("token").await, "moved");
    app.healthy().await;
});

both!(drive_2_a_list_begins_anywhere_and_is_counted, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Folder").await;
    anna.folder(folder, "Inside").await;
    for number in 0..4 {
        anna.dataset(org.root, &format!("d{number}"), number).await;
    }
    let mut tx = app.db().read().await.expect("a connection");
    let list = Children {
        parent: org.root,
        sort: Sort::Name,
        descending: false,
        kind: None,
        status: None,
        prefix: None,
        after: None,
        limit: 100,
        level: Level::Reader,
    };
    let whole = resource::list_children(&mut tx, &list).await.expect("an answer");
    let after = resource::find_after(&mut tx, &list, 2).await.expect("an answer");
    let rest = resource::list_children(&mut tx, &Children { after, ..list.clone() }).await.expect("an answer");
    assert_eq!(rest, whole[2..]);
    assert_eq!(resource::find_after(&mut tx, &list, 9).await.expect("an answer"), None);
    for (kind, status, most, expected) in [
        (None, None, 100, 5),
        (None, None, 3, 3),
        (Some(Kind::Dataset), None, 100, 4),
        (None, Some(DatasetStatus::Draft), 100, 4),
        (Some(Kind::Folder), Some(DatasetStatus::Draft), 100, 0),
    ] {
        let counted = resource::count_children(&mut tx, org.root, kind, status, most).await.expect("an answer");
        assert_eq!(counted, expected, "{kind:?} {status:?} {most}");
    }
    let folders = resource::list_folders(&mut tx, &[org.root, folder], 10).await.expect("an answer");
    let names: BTreeSet<&str> = folders.iter().map(|(_, _, name)| name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["Folder", "Inside"]));
    assert_eq!(resource::list_folders(&mut tx, &[org.root], 0).await.expect("an answer"), []);
});
