//! Concurrency (attacks 46, 47, 49 to 53): many rounds of tasks that start at one barrier. Afterwards the doctor finds nothing
//! broken, and no answer is ever 500.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use commonhold::{
    domain::{id::ResourceId, resource::DatasetStatus, role::Role},
    server::{error::Error, usecase},
};

use crate::{
    both,
    support::{Person, TestApp, at_once, rounds},
};

/// How many rounds each has: a hundred with `COMMONHOLD_TEST_ROUNDS=100`, fewer by default, so that everything is tried in
/// seconds.
fn usual() -> usize {
    rounds(12)
}

/// Two Owners of an organization of their own.
async fn two_owners(app: &TestApp) -> (Person, Person) {
    (app.person("Anna").await, app.person("John").await)
}

both!(attack_46_org_3_two_owners_leave_at_once_and_one_stays, async |app| {
    let (anna, john) = two_owners(app).await;
    for round in 0..usual() {
        let org = anna.create_org(&format!("Leaving {round}")).await;
        app.join(&org, &john, Role::Owner).await;
        let leave = |person: &Person| {
            let (person, org) = (person.clone(), org.clone());
            async move { person.leave(&org).await }
        };
        let answers = at_once(vec![leave(&anna), leave(&john)]).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409], "exactly one leaves");
        let loser = answers.iter().find(|answer| answer.status == 409).expect("one is refused");
        assert_eq!(loser.code(), "last_owner");
        assert_eq!(app.owners(org.id).await, 1);
    }
    app.healthy().await;
});

both!(attack_46_org_3_two_owners_demote_each_other_at_once_and_one_stays, async |app| {
    let (anna, john) = two_owners(app).await;
    for round in 0..usual() {
        let org = anna.create_org(&format!("Demoting {round}")).await;
        app.join(&org, &john, Role::Owner).await;
        let demote = |by: &Person, whom: &Person| {
            let (by, whom, org) = (by.clone(), whom.id, org.clone());
            async move { by.change_role(&org, whom, "reader").await }
        };
        let answers = at_once(vec![demote(&anna, &john), demote(&john, &anna)]).await;
        let done = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(done, 1, "exactly one is demoted: {answers:?}");
        let loser = answers.iter().find(|answer| answer.status != 200).expect("one is refused");
        // The second one is no longer an Owner, or is the last one.
        assert!(matches!(loser.code().as_str(), "forbidden" | "last_owner"), "{}", loser.body);
        assert_eq!(app.owners(org.id).await, 1);
    }
    app.healthy().await;
});

both!(attack_47_leaving_removing_and_demoting_in_all_pairs_keep_an_owner, async |app| {
    let (anna, john) = two_owners(app).await;
    let act = |how: usize, by: &Person, whom: &Person, org: &crate::support::Org| {
        let (by, whom, org) = (by.clone(), whom.id, org.clone());
        async move {
            match how {
                0 => by.leave(&org).await,
                1 => by.remove(&org, &[whom]).await,
                _ => by.change_role(&org, whom, "member").await,
            }
        }
    };
    for round in 0..usual().div_ceil(4) {
        for (first, second) in [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (1, 0)] {
            let org = anna.create_org(&format!("Pair {round} {first} {second}")).await;
            app.team_licence(&org).await;
            app.join(&org, &john, Role::Owner).await;
            let answers = at_once(vec![act(first, &anna, &john, &org), act(second, &john, &anna, &org)]).await;
            for answer in &answers {
                assert!(answer.status < 500, "{}", answer.body);
            }
            assert!(app.owners(org.id).await >= 1, "pair {first} {second}");
        }
    }
    app.healthy().await;
});

both!(attack_49_lic_2_a_hundred_spend_an_allowance_of_ten_and_ten_get_it, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let mut datasets = Vec::new();
    for number in 0..100 {
        datasets.push(anna.dataset(org.root, &format!("Flight {number}"), 1).await);
    }
    let spend = |id: ResourceId| {
        let ctx = app.ctx().clone();
        async move { usecase::dataset::set_status(&ctx, id, DatasetStatus::Queued).await }
    };
    // Images & Projects and credits in turn. What failed or waits in one round is there again in the next.
    for round in 0..usual().div_ceil(10) {
        let licence =
            if round % 2 == 0 { app.images_licence(&org, 10, 10).await } else { app.credits_licence(&org, 10).await };
        let answers = at_once(datasets.iter().map(|id| spend(*id)).collect()).await;
        let mut queued = 0;
        for answer in answers {
            match answer.expect("nobody is turned away").status {
                DatasetStatus::Queued => queued += 1,
                other => assert_eq!(other, DatasetStatus::WaitingForCredits),
            }
        }
        assert_eq!(queued, 10, "round {round}");
        assert_eq!(app.left(licence).await, (0, 0, 0), "round {round}");
        for dataset in &datasets {
            app.set_status(*dataset, DatasetStatus::Failed).await;
        }
        let left = app.left(licence).await;
        assert_eq!(left.0 + left.2, 10, "round {round}: all of it comes back, once");
        app.expire(licence).await;
        app.tick(1);
    }
    app.healthy().await;
});

both!(attack_49_lic_2_one_dataset_queued_many_times_at_once_is_charged_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 1_000, 50).await;
    for round in 0..usual() {
        let before = app.left(licence).await;
        let dataset = anna.dataset(org.root, &format!("Flight {round}"), 7).await;
        let spend = |status| {
            let ctx = app.ctx().clone();
            async move { usecase::dataset::set_status(&ctx, dataset, status).await.map(|_| ()) }
        };
        let queue = vec![
            spend(DatasetStatus::Queued),
            spend(DatasetStatus::Processing),
            spend(DatasetStatus::Queued),
            spend(DatasetStatus::Processed),
        ];
        for answer in at_once(queue).await {
            answer.expect("nobody is turned away");
        }
        let after = app.left(licence).await;
        assert_eq!((before.0 - after.0, before.1 - after.1), (7, 1));
    }
    app.healthy().await;
});

both!(attack_50_xfer_4_two_folders_moved_into_each_other_at_once_make_no_ring, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for round in 0..usual() {
        let x = anna.folder(org.root, &format!("X {round}")).await;
        let y = anna.folder(org.root, &format!("Y {round}")).await;
        let into = |item: ResourceId, destination: ResourceId| {
            let anna = anna.clone();
            async move { anna.transfer(&[item], destination).await }
        };
        let answers = at_once(vec![into(x, y), into(y, x)]).await;
        let moved = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(moved, 1, "{answers:?}");
        let loser = answers.iter().find(|answer| answer.status != 201).expect("one is refused");
        assert_eq!((loser.status, loser.blockers()), (409, vec!["into_itself".to_owned()]));
    }
    app.healthy().await;
});

both!(attack_50_xfer_4_three_folders_moved_in_a_circle_at_once_make_no_ring, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for round in 0..usual() / 2 {
        let mut ids = Vec::new();
        for name in ["A", "B", "C"] {
            ids.push(anna.folder(org.root, &format!("{name} {round}")).await);
        }
        let into = |item: ResourceId, destination: ResourceId| {
            let anna = anna.clone();
            async move { anna.transfer(&[item], destination).await }
        };
        let answers = at_once(vec![into(ids[0], ids[1]), into(ids[1], ids[2]), into(ids[2], ids[0])]).await;
        let moved = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(moved, 2, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)), "{answers:?}");
    }
    app.healthy().await;
});

both!(attack_50_drive_4_things_are_moved_into_a_folder_while_it_goes_to_the_trash, async |app| {
    let (anna, john) = two_owners(app).await;
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Editor).await;
    for round in 0..usual() {
        let parent = anna.folder(org.root, &format!("Parent {round}")).await;
        let inside = anna.folder(parent, "Inside").await;
        let item = anna.folder(org.root, &format!("Item {round}")).await;
        let into = {
            let anna = anna.clone();
            async move { anna.transfer(&[item], inside).await }
        };
        let out = {
            let (anna, root) = (anna.clone(), org.root);
            async move { anna.transfer(&[inside], root).await }
        };
        let trash = {
            let john = john.clone();
            async move { john.trash(parent).await }
        };
        let tasks: Vec<futures::future::BoxFuture<'static, crate::support::Answer>> =
            vec![Box::pin(into), Box::pin(out), Box::pin(trash)];
        let answers = at_once(tasks).await;
        assert!(answers[2].status < 300, "{answers:?}");
        assert!(answers[..2].iter().all(|answer| matches!(answer.status, 201 | 404 | 409)), "{answers:?}");
        // Whatever came first: what is there is in something that is there, and nothing is lost.
        let gone = app.in_trash_of(parent).await;
        let there = anna.show(item).await.status == 200;
        assert!(there || gone.contains(&item), "{answers:?}");
    }
    app.healthy().await;
});

both!(attack_50_xfer_4_a_chain_of_folders_is_turned_around_by_many_at_once_and_stays_a_tree, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let mut folders = vec![org.root];
    for number in 0..6 {
        let at = *folders.last().expect("the root at least");
        folders.push(anna.folder(at, &format!("Level {number}")).await);
    }
    for round in 0..usual() {
        let moves: Vec<(ResourceId, ResourceId)> = (1..folders.len())
            .map(|at| (folders[at], folders[(at * (round + 2) + round) % folders.len()]))
            .filter(|(item, to)| item != to)
            .collect();
        let answers = at_once(
            moves
                .into_iter()
                .map(|(item, to)| {
                    let anna = anna.clone();
                    async move { anna.transfer(&[item], to).await }
                })
                .collect(),
        )
        .await;
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!((answer.status, answer.blockers()), (409, vec!["into_itself".to_owned()]), "{}", answer.body);
        }
    }
    app.healthy().await;
});

both!(attack_51_drive_5_the_same_name_created_twice_at_once_is_taken_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for round in 0..usual() {
        let create = |name: String| {
            let (anna, root) = (anna.clone(), org.root);
            async move { anna.create(root, "folder", &name).await }
        };
        // The names differ only in case, so they are equal.
        let answers = at_once(vec![create(format!("Tunnel {round}")), create(format!("TUNNEL {round}"))]).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{answers:?}");
        let loser = answers.iter().find(|answer| answer.status == 409).expect("one is refused");
        assert_eq!(loser.code(), "name_taken");
    }
    app.healthy().await;
});

both!(attack_51_drive_5_two_renames_to_one_name_at_once_and_a_change_of_case, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for round in 0..usual() {
        let a = anna.folder(org.root, &format!("a {round}")).await;
        let b = anna.folder(org.root, &format!("b {round}")).await;
        let rename = |id: ResourceId| {
            let anna = anna.clone();
            async move { anna.rename(id, &format!("New {round}")).await }
        };
        let answers = at_once(vec![rename(a), rename(b)]).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{answers:?}");
        let winner = if answers[0].status == 200 { a } else { b };
        anna.rename(winner, &format!("NEW {round}")).await.expect(200);
    }
});

both!(attack_51_org_2_organizations_of_one_name_founded_at_once_get_org_ids_of_their_own, async |app| {
    let (anna, john) = two_owners(app).await;
    for round in 0..usual() / 2 {
        let found = |person: &Person| {
            let person = person.clone();
            async move { person.create_org(&format!("Same Name {round}")).await.org_id }
        };
        let mut ids = at_once(vec![found(&anna), found(&john), found(&anna), found(&john)]).await;
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 4, "{ids:?}");
    }
    app.healthy().await;
});

both!(attack_20_auth_1_one_email_signs_up_twice_at_once_and_is_one_person, async |app| {
    for round in 0..usual() / 2 {
        let sign_up = |email: String| {
            let nobody = app.nobody();
            async move {
                let body = serde_json::json!({ "first_name": "Eve", "last_name": "Muster", "email": email, "password": crate::support::PASSWORD });
                nobody.post("/api/v1/signup", &body).await
            }
        };
        let answers =
            at_once(vec![sign_up(format!("eve.{round}@example.com")), sign_up(format!("EVE.{round}@Example.com"))])
                .await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 422], "{answers:?}");
    }
    app.healthy().await;
});

both!(attack_52_xfer_13_two_transfers_of_one_item_at_once_and_it_is_in_one_place, async |app| {
    let anna = app.person("Anna").await;
    let source = anna.create_org("Source").await;
    let mut licences = vec![app.images_licence(&source, 10_000, 100).await];
    let mut targets = Vec::new();
    for name in ["Target One", "Target Two"] {
        let target = anna.create_org(name).await;
        licences.push(app.images_licence(&target, 10_000, 100).await);
        targets.push(target);
    }
    for round in 0..usual() {
        let folder = anna.folder(source.root, &format!("Folder {round}")).await;
        let dataset = anna.dataset(folder, "Flight", 5).await;
        app.set_status(dataset, DatasetStatus::Processed).await;
        let to = |root: ResourceId| {
            let anna = anna.clone();
            async move { anna.transfer(&[folder], root).await }
        };
        let before = app.count("SELECT COUNT(*) FROM transfer").await;
        let answers = at_once(vec![to(targets[0].root), to(targets[1].root)]).await;
        assert!(answers.iter().all(|answer| answer.status < 500), "{answers:?}");
        // The loser planned again and found it in the winner's organization: from there it went on, or not at all.
        let done = answers.iter().filter(|answer| answer.status == 201).count() as i64;
        assert!(done >= 1, "{answers:?}");
        assert_eq!(app.count("SELECT COUNT(*) FROM transfer").await - before, done, "one receipt each");
        let (stored, inside) = (app.stored(folder).await, app.stored(dataset).await);
        assert_ne!(stored.organization, source.id);
        assert_eq!((stored.organization, stored.account), (inside.organization, inside.account));
    }
    let mut sum = 0;
    for licence in licences {
        sum += app.left(licence).await.0;
    }
    assert_eq!(sum, 30_000 - 5 * usual() as i64, "XFER-10: what was spent stays spent, no more and no less");
    app.healthy().await;
});

both!(attack_52_xfer_15_a_confirmed_transfer_sent_twice_at_once_happens_once, async |app| {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Source").await, anna.create_org("Target").await);
    app.images_licence(&source, 10_000, 100).await;
    let allowance = app.images_licence(&target, 10_000, 100).await;
    for round in 0..usual() {
        let dataset = anna.dataset(source.root, &format!("Flight {round}"), 5).await;
        app.set_status(dataset, DatasetStatus::Processed).await;
        let digest = anna.plan(&[dataset], target.root).await.expect(200).json()["digest"].to_string();
        let confirm = || {
            let (anna, digest, root) = (anna.clone(), digest.trim_matches('"').to_owned(), target.root);
            async move { anna.confirm(&[dataset], root, &digest).await }
        };
        let answers = at_once(vec![confirm(), confirm(), confirm()]).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409], "{answers:?}");
        assert!(answers.iter().filter(|a| a.status == 409).all(|a| a.code() == "plan_changed"), "{answers:?}");
        assert_eq!(app.left(allowance).await.0, 10_000 - 5 * (round as i64 + 1), "charged once");
    }
    app.healthy().await;
});

both!(attack_52_xfer_10_transfers_compete_for_the_last_allowance_and_one_gets_it, async |app| {
    let anna = app.person("Anna").await;
    let source = anna.create_org("Source").await;
    app.images_licence(&source, 100_000, 1_000).await;
    for round in 0..usual() / 2 {
        let target = anna.create_org(&format!("Target {round}")).await;
        let last = app.images_licence(&target, 10, 5).await;
        let mut datasets = Vec::new();
        for number in 0..4 {
            let dataset = anna.dataset(source.root, &format!("Flight {round} {number}"), 10).await;
            app.set_status(dataset, DatasetStatus::Processed).await;
            datasets.push(dataset);
        }
        let to = |item: ResourceId| {
            let (anna, root) = (anna.clone(), target.root);
            async move { anna.transfer(&[item], root).await }
        };
        let answers = at_once(datasets.iter().map(|id| to(*id)).collect()).await;
        let done = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(done, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)), "{answers:?}");
        assert_eq!(app.left(last).await, (0, 4, 0));
    }
    app.healthy().await;
});

both!(attack_52_others_work_in_a_folder_while_it_is_transferred, async |app| {
    let (anna, john) = two_owners(app).await;
    let (source, target) = (anna.create_org("Source").await, anna.create_org("Target").await);
    app.join(&source, &john, Role::Editor).await;
    app.images_licence(&source, 10_000, 100).await;
    app.images_licence(&target, 10_000, 100).await;
    for round in 0..usual() {
        let folder = anna.folder(source.root, &format!("Folder {round}")).await;
        let inside = anna.folder(folder, "Inside").await;
        let transfer = {
            let (anna, root) = (anna.clone(), target.root);
            async move { anna.transfer(&[folder], root).await }
        };
        let create = {
            let john = john.clone();
            async move { john.create(inside, "folder", "New").await }
        };
        let rename = {
            let john = john.clone();
            async move { john.rename(inside, "Other").await }
        };
        let tasks: Vec<std::pin::Pin<Box<dyn Future<Output = crate::support::Answer> + Send>>> =
            vec![Box::pin(transfer), Box::pin(create), Box::pin(rename)];
        let answers = at_once(tasks).await;
        assert_eq!(answers[0].status, 201, "{answers:?}");
        // John is not in the target: what came too late does not exist for him.
        assert!(matches!(answers[1].status, 201 | 404), "{answers:?}");
        assert!(matches!(answers[2].status, 200 | 404), "{answers:?}");
    }
    app.healthy().await;
});

both!(
    attack_52_while_a_folder_is_transferred_others_share_delete_and_process_in_it_and_the_target_spends,
    async |app| {
        let (anna, john) = two_owners(app).await;
        let (source, target) = (anna.create_org("Source").await, anna.create_org("Target").await);
        app.join(&source, &john, Role::Owner).await;
        app.join(&target, &john, Role::Editor).await;
        let from = app.images_licence(&source, 100_000, 10_000).await;
        for round in 0..usual() {
            // Enough for the folder or for what the target processes, not for both.
            let to = app.licence(&target, "cloud-enterprise", "images-projects", 10, 3, 0).await;
            let folder = anna.folder(source.root, &format!("Folder {round}")).await;
            let dataset = anna.dataset(folder, "Flight", 8).await;
            let theirs = anna.dataset(target.root, &format!("Theirs {round}"), 5).await;
            app.set_status(dataset, DatasetStatus::Processed).await;
            let before = (app.left(from).await, app.left(to).await);
            let transfer = {
                let (anna, root) = (anna.clone(), target.root);
                async move { anna.transfer(&[folder], root).await.status }
            };
            let share = {
                let john = john.clone();
                async move { john.post(&format!("/api/v1/resources/{dataset}/links"), &serde_json::json!({})).await.status }
            };
            let trash = {
                let john = john.clone();
                async move { john.trash(dataset).await.status }
            };
            let spend = {
                let ctx = app.ctx().clone();
                async move {
                    let set = usecase::dataset::set_status(&ctx, theirs, DatasetStatus::Queued)
                        .await
                        .expect("nobody is turned away");
                    if set.status == DatasetStatus::Queued { 200 } else { 402 }
                }
            };
            let tasks: Vec<futures::future::BoxFuture<'static, u16>> =
                vec![Box::pin(transfer), Box::pin(share), Box::pin(trash), Box::pin(spend)];
            let answers = at_once(tasks).await;
            assert!(answers.iter().all(|status| *status < 500), "{answers:?}");
            // All or nothing, and in exactly one organization.
            let moved = answers[0] == 201;
            let stored = app.stored(folder).await;
            assert_eq!(stored.organization, if moved { target.id } else { source.id }, "{answers:?}");
            let after = (app.left(from).await, app.left(to).await);
            let paid = if answers[3] == 200 { 5 } else { 0 };
            let back = after.0.0 - before.0.0;
            assert!(matches!(back, 0 | 8), "{answers:?}: {back}");
            // Datasets that waited since an earlier round started with the grant and are charged as well (LIC-2).
            let most = 10 - paid - back;
            assert!((0..=most).contains(&after.1.0), "{answers:?}: what one side gets back, the other pays: {after:?}");
            // The licence of this round ends before the next one.
            app.expire(to).await;
        }
        app.healthy().await;
    }
);

both!(attack_13_a_role_lowered_while_a_request_is_under_way_is_read_again_when_it_writes, async |app| {
    let (anna, john) = two_owners(app).await;
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Editor).await;
    for round in 0..usual() / 2 {
        anna.change_role(&org, john.id, "editor").await.expect(200);
        let lower = {
            let (anna, org, john) = (anna.clone(), org.clone(), john.id);
            async move { anna.change_role(&org, john, "reader").await }
        };
        let create = {
            let (john, root) = (john.clone(), org.root);
            async move { john.create(root, "folder", &format!("Folder {round}")).await }
        };
        let tasks: Vec<std::pin::Pin<Box<dyn Future<Output = crate::support::Answer> + Send>>> =
            vec![Box::pin(lower), Box::pin(create)];
        let answers = at_once(tasks).await;
        assert_eq!(answers[0].status, 200, "{answers:?}");
        assert!(matches!(answers[1].status, 201 | 403), "{answers:?}");
        john.create(org.root, "folder", &format!("Late {round}")).await.expect(403);
    }
    app.healthy().await;
});

both!(attack_53_many_writers_queue_and_none_is_told_busy, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    // 32 writers; how long they go on is what the rounds say: with 1,500 of them about a minute on SQLite.
    let each = usual().div_ceil(2);
    // One reads all the while, and does not keep what is written from being folded into the file.
    let reading = Arc::new(AtomicBool::new(true));
    let reader = tokio::spawn({
        let (ctx, reading) = (app.ctx().clone(), reading.clone());
        async move {
            while reading.load(Ordering::SeqCst) {
                commonhold::server::doctor::examine(&ctx).await.expect("who reads is not told busy either");
            }
        }
    });
    let write = |writer: usize| {
        let (anna, root) = (anna.clone(), org.root);
        async move {
            for number in 0..each {
                anna.create(root, "folder", &format!("Folder {writer} {number}")).await.expect(201);
                anna.children(root, "?limit=5").await.expect(200);
            }
            Ok::<_, Error>(())
        }
    };
    for answer in at_once((0..32).map(write).collect()).await {
        answer.expect("everybody writes");
    }
    reading.store(false, Ordering::SeqCst);
    reader.await.expect("the reader ends well");
    assert_eq!(anna.show(org.root).await.json()["children_count"], 32 * each);
    if app.db().is_sqlite() {
        let log = std::fs::metadata(app.folder().join("it.db-wal")).map_or(0, |file| file.len());
        assert!(log < 64_000_000, "the write-ahead log is folded in now and then: {log} bytes");
    }
    app.healthy().await;
});

async fn delete_account(person: &Person) -> crate::support::Answer {
    let body = serde_json::json!({ "password": crate::support::PASSWORD, "confirm": person.email });
    person.call(axum::http::Method::DELETE, "/api/v1/me", Some(&body), &[]).await
}

both!(attack_46_org_3_two_owners_delete_their_accounts_at_once_and_one_stays, async |app| {
    for round in 0..usual() {
        let (anna, john) = two_owners(app).await;
        let org = anna.create_org(&format!("Going {round}")).await;
        app.join(&org, &john, Role::Owner).await;
        let go = |person: &Person| {
            let person = person.clone();
            async move { delete_account(&person).await }
        };
        let answers = at_once(vec![go(&anna), go(&john)]).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409], "exactly one goes");
        let loser = answers.iter().find(|answer| answer.status == 409).expect("one is refused");
        assert_eq!(loser.code(), "last_owner");
        assert_eq!(app.owners(org.id).await, 1);
    }
    app.healthy().await;
});

both!(attack_47_org_3_deleting_an_account_and_leaving_removing_or_demoting_at_once_keep_an_owner, async |app| {
    for round in 0..usual().div_ceil(4) {
        for how in 0..3 {
            let (anna, john) = two_owners(app).await;
            let org = anna.create_org(&format!("Pair {round} {how}")).await;
            app.team_licence(&org).await;
            app.join(&org, &john, Role::Owner).await;
            let go = {
                let (anna, john, org) = (anna.clone(), john.clone(), org.clone());
                async move {
                    match how {
                        0 => john.leave(&org).await,
                        1 => john.remove(&org, &[anna.id]).await,
                        _ => john.change_role(&org, anna.id, "member").await,
                    }
                }
            };
            let delete = {
                let anna = anna.clone();
                async move { delete_account(&anna).await }
            };
            let tasks: Vec<futures::future::BoxFuture<'static, crate::support::Answer>> =
                vec![Box::pin(go), Box::pin(delete)];
            for answer in at_once(tasks).await {
                assert!(answer.status < 500, "{}", answer.body);
            }
            assert!(app.owners(org.id).await >= 1, "{how}");
        }
    }
    app.healthy().await;
});
