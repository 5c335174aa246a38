//! The trash, copies in the making, tasks, undo and sites: each statement on both databases.

use commonhold::{
    domain::{
        access::Level,
        id::{ResourceId, TaskId, TransferId, UndoId},
        permit::operate,
        restriction::Restrictions,
        task::{TaskKind, TaskState},
        time::Timestamp,
        transfer::Grantee,
    },
    server::{
        error::Error,
        store::{copying, grant, resource, site, subtree, task, trash, undo},
    },
};
use uuid::Uuid;

use crate::both;

both!(drive_4_the_trash_in_and_out, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let a = anna.folder(org.root, "A").await;
    let b = anna.folder(a, "B").await;
    let early = anna.dataset(b, "Early", 1).await;
    anna.dataset(b, "Late", 1).await;
    let (by, organization, now) = (anna.id, org.id, app.ctx().now());
    app.corrupt("UPDATE resource SET restrict_delete = TRUE WHERE name = 'Late'").await;
    app.db()
        .write(move |tx| {
            Box::pin(async move {
                let on = |id| operate(by, organization, id);
                let inside = subtree::list_restricted(tx, &[a], 10).await?;
                assert_eq!(inside.len(), 1);
                assert_eq!(
                    (inside[0].root_id, inside[0].name.as_str(), inside[0].restrict_delete),
                    (a.0, "Late", true)
                );
                assert_eq!(trash::put(tx, &[on(early)], by, now).await?, 1);
                assert_eq!(trash::put(tx, &[on(a)], by, now.plus_millis(1)).await?, 3);
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("put");
    app.healthy().await;
    let mut tx = app.db().read().await.expect("a connection");
    let all = trash::list(&mut tx, org.id, None, 10).await.expect("a list");
    assert_eq!(all.iter().map(|top| top.id).collect::<Vec<_>>(), [a, early]);
    assert_eq!((all[1].container, all[1].container_in_trash, all[1].root), (b, true, org.root));
    assert_eq!(all[0].by_name.as_deref(), Some(anna.name.as_str()));
    let behind = Some((all[0].at, all[0].id));
    assert_eq!(trash::list(&mut tx, org.id, behind, 10).await.expect("a list").len(), 1);
    assert_eq!(trash::find_all(&mut tx, &[a, b, early, org.root]).await.expect("a list").len(), 2);
    assert_eq!(trash::list_overdue(&mut tx, now, 10).await.expect("a list").len(), 1);
    let counts = trash::count_inside(&mut tx, &[a, early]).await.expect("counts");
    assert_eq!((counts.get(&a), counts.get(&early)), (Some(&3), Some(&1)));
    assert_eq!(subtree::height_with_trash(&mut tx, &[a]).await.expect("a number"), 2);
    assert!(resource::list_ancestors(&mut tx, by, &[early]).await.expect("a way").is_empty());
    let way = resource::list_ancestors_in_trash(&mut tx, by, &[early]).await.expect("a way");
    assert_eq!(way.iter().map(|step| step.id).collect::<Vec<_>>(), [early, b, a, org.root]);
    drop(tx);
    app.db()
        .write(move |tx| {
            Box::pin(async move {
                let on = |id| operate(by, organization, id);
                assert_eq!(trash::leave_behind(tx, &[on(a)]).await?, 1);
                trash::update_place(tx, &on(a), org.root, "A again").await?;
                assert_eq!(trash::take_out(tx, &[on(a)]).await?, 3);
                assert_eq!(trash::delete(tx, &[on(early)]).await?, 1);
                trash::put(tx, &[on(b)], by, now).await?;
                assert_eq!(subtree::leave_trash_behind(tx, &on(org.root), &[a]).await?, 1);
                trash::put(tx, &[on(a)], by, now).await?;
                assert_eq!(trash::hide(tx, &[on(b)]).await?, 1);
                // From the leaves up, as far as the limit goes.
                assert_eq!(trash::delete_some(tx, &on(b), 1).await?, 1);
                assert_eq!(trash::delete_some(tx, &on(b), 10).await?, 1);
                assert_eq!(trash::delete_some(tx, &on(b), 10).await?, 0);
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("changes");
    let mut tx = app.db().read().await.expect("a connection");
    let left = trash::find_all(&mut tx, &[a, b]).await.expect("a list");
    assert_eq!(left.iter().map(|top| top.name.as_str()).collect::<Vec<_>>(), ["A again"]);
    drop(tx);
    app.healthy().await;
});

both!(drive_4_a_copy_in_the_making, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let a = anna.folder(org.root, "A").await;
    let place = anna.folder(org.root, "Place").await;
    let (one, two) = (anna.dataset(a, "One", 1).await, anna.folder(a, "Two").await);
    let (by, organization, now) = (anna.id, org.id, app.ctx().now());
    let (top, x, y) = (ResourceId(app.ctx().id()), ResourceId(app.ctx().id()), ResourceId(app.ctx().id()));
    app.db()
        .write(move |tx| {
            Box::pin(async move {
                let new = copying::NewTop {
                    id: top,
                    original: a,
                    owner: organization,
                    account: org.account,
                    by,
                    restrictions: Restrictions { download: true, ..Restrictions::default() },
                    at: now,
                };
                copying::insert_top(tx, &operate(by, organization, place), &new).await?;
                let permit = operate(by, organization, top);
                assert_eq!(copying::find_unfilled(tx, top).await?, Some((top, a)));
                assert_eq!(copying::list_originals(tx, organization, a, None, 10).await?, [one, two]);
                assert_eq!(copying::list_originals(tx, organization, a, Some(one), 10).await?, [two]);
                assert!(
                    copying::list_originals(tx, commonhold::domain::id::OrganizationId(top.0), a, None, 10)
                        .await?
                        .is_empty()
                );
                assert_eq!(copying::insert(tx, &permit, x, one, top, now).await?, 1);
                assert_eq!(copying::insert(tx, &permit, y, two, top, now).await?, 1);
                copying::update_filled(tx, &permit, top).await?;
                assert_eq!(copying::find_unfilled(tx, top).await?, Some((y, two)));
                copying::update_filled(tx, &permit, y).await?;
                assert_eq!(copying::find_unfilled(tx, top).await?, None);
                let (container, kind, name, height) = copying::find_hidden(tx, top).await?.expect("it is hidden");
                assert_eq!((container, kind.as_str(), name.as_str(), height), (place, "folder", "A", 1));
                trash::take_out(tx, &[permit]).await?;
                assert!(copying::find_hidden(tx, top).await?.is_none());
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("copied");
    assert_eq!(anna.children(top, "").await.names(), ["Two", "One"]);
    app.healthy().await;
});

both!(drive_4_jobs_are_held_by_one_worker_at_a_time, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let (by, organization, now) = (anna.id, org.id, app.ctx().now());
    let id = TaskId(app.ctx().id());
    let new = task::Task {
        id,
        organization,
        person: by,
        person_name: "Anna".to_owned(),
        kind: TaskKind::Delete,
        name: "Old".to_owned(),
        top: Some(ResourceId(Uuid::from_u128(9))),
        source: None,
        destination: None,
        at: None,
        done: 0,
        total: 10,
        stoppable: true,
        shared_with: None,
    };
    app.db()
        .write(move |tx| {
            let new = new.clone();
            Box::pin(async move {
                let (first, second) = (now.plus_millis(100), now.plus_millis(200));
                assert!(!task::is_waiting(tx, now).await?);
                task::insert(tx, &new, now).await?;
                assert!(task::is_waiting(tx, now).await?);
                let mut held = task::claim(tx, now, first).await?.expect("work");
                assert!(task::claim(tx, now, first).await?.is_none() && !task::is_waiting(tx, now).await?);
                held.at = Some((ResourceId(Uuid::from_u128(1)), Some(ResourceId(Uuid::from_u128(2)))));
                held.done = 4;
                assert!(task::update_progress(tx, &held, first, second).await?);
                assert!(!task::update_progress(tx, &held, first, second).await?, "the lease is another by now");
                task::release(tx, id, second).await?;
                let again = task::claim(tx, now, first).await?.expect("work");
                assert_eq!((again.done, again.at), (4, held.at));
                assert!(!task::update_ended(tx, id, second, TaskState::Done, "", now).await?);
                assert!(task::update_ended(tx, id, first, TaskState::Done, "All of it", now).await?);
                assert!(task::claim(tx, second.plus_days(1), second.plus_days(2)).await?.is_none());
                let view = task::find_own(tx, by, id).await?.expect("hers");
                assert_eq!((view.state, view.done, view.total), (TaskState::Done, 4, 4));
                assert!(task::find_own(tx, john.id, id).await?.is_none());
                assert_eq!(task::list_own(tx, by, organization, now.plus_millis(-1), 10).await?.len(), 1);
                assert!(task::list_own(tx, by, organization, now, 10).await?.is_empty());
                assert_eq!(task::delete_before(tx, now).await?, 0);
                assert_eq!(task::delete_before(tx, now.plus_millis(1)).await?, 1);
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("a job's life");
});

both!(xfer_16_jobs_that_transfer_and_jobs_that_are_cancelled, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Folder").await;
    let (by, organization, now, root) = (anna.id, org.id, app.ctx().now(), org.root);
    let (id, receipt) = (TaskId(app.ctx().id()), TransferId(Uuid::from_u128(7)));
    let new = task::Task {
        id,
        organization,
        person: by,
        person_name: "Anna".to_owned(),
        kind: TaskKind::Transfer,
        name: "Folder".to_owned(),
        top: None,
        source: None,
        destination: Some(root),
        at: None,
        done: 0,
        total: 10,
        stoppable: true,
        shared_with: None,
    };
    app.db()
        .write(move |tx| {
            let mut new = new.clone();
            Box::pin(async move {
                let until = now.plus_millis(100);
                let asked =
                    task::TransferRequest { items: folder.to_string(), digest: None, address: Some("::1".to_owned()) };
                task::insert(tx, &new, now).await?;
                task::insert_asked(tx, id, &asked).await?;
                let found = task::find_asked(tx, id).await?.expect("what was asked");
                assert_eq!((found.items, found.digest, found.address), (asked.items, None, asked.address));
                assert!(task::find_asked(tx, TaskId(folder.0)).await?.is_none());
                assert!(task::find_stoppable(tx, john.id, id).await?.is_none());
                assert_eq!(task::find_stoppable(tx, by, id).await?.map(|task| task.top), Some(None));
                task::claim(tx, now, until).await?.expect("work");
                assert!(task::is_held(tx, id, until).await? && !task::is_held(tx, id, now).await?);
                assert_eq!(task::release_all(tx).await?, 1);
                assert!(!task::is_held(tx, id, until).await?);
                task::claim(tx, now, until).await?.expect("work");
                new.done = 12;
                assert!(!task::update_transferred(tx, &new, now, receipt, None, "Done", now).await?);
                assert!(task::update_transferred(tx, &new, until, receipt, None, "Done", now).await?);
                let view = task::find_own(tx, by, id).await?.expect("hers");
                assert_eq!((view.transfer, view.done, view.total, view.cancellable), (Some(receipt), 12, 12, false));
                assert!(!task::update_cancelled(tx, id, "Cancelled", now).await?, "it has ended");
                let other = TaskId(Uuid::from_u128(8));
                let top = Some(folder);
                task::insert(tx, &task::Task { id: other, kind: TaskKind::Delete, top, ..new.clone() }, now).await?;
                assert!(task::update_cancelled(tx, other, "Cancelled", now).await?);
                assert!(!task::update_cancelled(tx, other, "Cancelled", now).await?);
                assert_eq!(task::find_own(tx, by, other).await?.map(|view| view.state), Some(TaskState::Cancelled));
                // What was hidden is in the trash again.
                let on = operate(by, organization, folder);
                trash::put(tx, &[on], by, now).await?;
                assert!(!trash::show_again(tx, &on, now).await?, "it was not hidden");
                trash::hide(tx, &[on]).await?;
                assert!(trash::show_again(tx, &on, now).await?);
                assert_eq!(trash::find_all(tx, &[folder]).await?.len(), 1);
                assert_eq!(task::delete_before(tx, now.plus_millis(1)).await?, 2, "what was asked goes with them");
                assert!(task::find_asked(tx, id).await?.is_none());
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("two jobs");
});

both!(xfer_3_many_carried_grants_are_given_or_raised_at_once, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, partner) = (anna.create_org("Alpine Survey").await, anna.create_org("Partner").await);
    let mut folders = Vec::new();
    for n in 0..3 {
        folders.push(anna.folder(org.root, &format!("Folder {n}")).await);
    }
    app.give(folders[0], Grantee::Person(john.id), Level::Reader, true).await;
    let (permit, at, ctx) = (operate(anna.id, org.id, org.root), app.ctx().now(), app.ctx().clone());
    let (john, partner, wanted) = (john.id, partner.id, folders.clone());
    app.db()
        .write(move |tx| {
            let new: Vec<grant::NewGrant> = wanted
                .iter()
                .flat_map(|folder| [(*folder, Grantee::Person(john)), (*folder, Grantee::Organization(partner))])
                .map(|(resource, grantee)| grant::NewGrant {
                    id: commonhold::domain::id::GrantId(ctx.id()),
                    resource,
                    grantee,
                    level: Level::Editor,
                    carried: true,
                    at,
                })
                .collect();
            Box::pin(async move {
                grant::upsert_carried(tx, &permit, &[]).await?;
                Ok::<_, Error>(grant::upsert_carried(tx, &permit, &new).await?)
            })
        })
        .await
        .expect("given");
    let mut tx = app.db().read().await.expect("a connection");
    let facts = grant::list_facts(&mut tx, &folders).await.expect("facts");
    assert_eq!(facts.len(), 6);
    assert!(facts.iter().all(|(_, fact)| fact.carried && fact.level == Level::Editor));
    drop(tx);
    app.healthy().await;
});

both!(drive_4_what_can_be_undone_is_taken_once_by_who_did_it, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Folder").await;
    let (one, two, now) = (UndoId(app.ctx().id()), UndoId(app.ctx().id()), app.ctx().now());
    app.give(folder, Grantee::Person(john.id), Level::Reader, true).await;
    let (by, john, organization) = (anna.id, john.id, org.id);
    app.db()
        .write(move |tx| {
            Box::pin(async move {
                undo::insert(tx, one, by, "{}", now).await?;
                undo::insert(tx, two, by, "[]", now.plus_days(1)).await?;
                assert_eq!(undo::take(tx, one, john).await?, None);
                assert_eq!(undo::take(tx, one, by).await?.as_deref(), Some("{}"));
                assert_eq!(undo::take(tx, one, by).await?, None);
                assert_eq!(undo::delete_before(tx, now.plus_days(2)).await?, 1);
                let permit = operate(by, organization, folder);
                grant::delete_carried_at(tx, &permit, &[folder], Timestamp(1)).await?;
                assert_eq!(grant::list_levels(tx, john, &[folder]).await?.len(), 1);
                grant::delete_carried_at(tx, &permit, &[folder], now).await?;
                assert!(grant::list_levels(tx, john, &[folder]).await?.is_empty());
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("taken");
});

both!(xfer_5_sites_by_name_and_by_day, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 10, 10).await;
    let (b, a) = (anna.site(org.root, "B").await, anna.site(org.root, "A").await);
    anna.folder(org.root, "C").await;
    for day in ["2026-01-02", "2026-03-04"] {
        let body =
            serde_json::json!({ "parent": a, "kind": "dataset", "name": day, "dataset": { "captured_on": day } });
        anna.post("/api/v1/resources", &body).await.expect(201);
    }
    anna.dataset(a, "Undated", 1).await;
    let mut tx = app.db().read().await.expect("a connection");
    let names = site::list(&mut tx, org.account, 10).await.expect("a list");
    assert_eq!(names, [(a, "A".to_owned()), (b, "B".to_owned())]);
    assert_eq!(site::list_by_name(&mut tx, org.account, "b", 10).await.expect("a list"), [(b, org.root)]);
    assert!(site::list_by_name(&mut tx, org.account, "c", 10).await.expect("a list").is_empty());
    let days = site::list_captured(&mut tx, a, 10).await.expect("a list");
    assert_eq!(days.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["2026-03-04", "2026-01-02"]);
    assert_eq!(site::list_captured(&mut tx, a, 1).await.expect("a list").len(), 1);
});
