//! The ledger of a licence: guarded against negative balances, in one order, listed in both directions.

use commonhold::{
    domain::{
        id::EntryId,
        licence::{Amount, EntryKind},
        time::Timestamp,
    },
    server::{
        error::Error,
        store::{DbError, licence},
    },
};

use crate::both;

both!(lic_2_lic_3_the_ledger_never_falls_below_zero_and_keeps_its_order, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (id, now) = (app.licence(&org, "cloud-pro", "credits", 0, 0, 10).await, app.ctx().now());
    let append = async |kind: EntryKind, credits: i64, at: Timestamp| {
        let change = Amount { images: 0, projects: 0, credits };
        let entry = EntryId(app.ctx().id());
        let entry =
            licence::NewEntry { id: entry, licence: id, kind, change, transfer: None, resource: None, job: None, at };
        let work =
            app.db().write(move |tx, _| Box::pin(async move { Ok::<_, Error>(licence::append(tx, &entry).await?) }));
        work.await.expect("an answer")
    };
    assert!(append(EntryKind::Spend, -10, now).await);
    assert!(!append(EntryKind::Spend, -1, now).await, "nothing is left");
    // A clock that is set back writes behind the newest entry, not before it.
    assert!(append(EntryKind::Refund, 1, now.plus_millis(-5_000)).await);
    let mut tx = app.db().read().await.expect("a connection");
    let stored = licence::find(&mut tx, id).await.expect("an answer").expect("the licence");
    let all = licence::EntryFilter::default();
    let entries = licence::list_entries(&mut tx, &stored, &all, None, 10).await.expect("an answer");
    assert_eq!(
        entries.iter().map(|entry| (entry.number, entry.at)).collect::<Vec<_>>(),
        [(3, now), (2, now), (1, now)]
    );
    assert_eq!(entries.iter().map(|entry| entry.left.credits).collect::<Vec<_>>(), [1, 0, 10]);
    // From any entry, in both directions, by every filter.
    let cursor = |index: usize| licence::Cursor { at: entries[index].at, number: entries[index].number };
    let older = licence::list_entries(&mut tx, &stored, &all, Some(cursor(0)), 10).await.expect("an answer");
    assert_eq!(older, entries[1..]);
    let newer = licence::list_newer_entries(&mut tx, &stored, &all, cursor(2), 1).await.expect("an answer");
    assert_eq!(newer, entries[1..2], "the nearest first");
    for (kind, from, to, count) in [
        (Some(EntryKind::Grant), None, None, 1),
        (Some(EntryKind::TransferIn), None, None, 0),
        (None, Some(now), None, 3),
        (None, Some(now.plus_millis(1)), None, 0),
        (None, None, Some(now), 0),
        (Some(EntryKind::Spend), Some(now), Some(now.plus_millis(1)), 1),
    ] {
        let filter = licence::EntryFilter { kind, from, to };
        let listed = licence::list_entries(&mut tx, &stored, &filter, None, 10).await.expect("an answer");
        assert_eq!(listed.len(), count, "{filter:?}");
        let start = licence::Cursor { at: Timestamp(0), number: 0 };
        let upwards = licence::list_newer_entries(&mut tx, &stored, &filter, start, 10).await.expect("an answer");
        assert_eq!(upwards, listed.into_iter().rev().collect::<Vec<_>>(), "{filter:?}");
        let more = licence::has_more_entries_than(&mut tx, id, &filter, 1).await.expect("an answer");
        assert_eq!(more, count > 1, "{filter:?}");
    }
});

both!(lic_2_no_balance_falls_below_zero_whoever_writes, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 1, 1).await;
    let below = app.db().write(|tx, _| {
        Box::pin(async move {
            Ok::<_, Error>(tx.sql("UPDATE licence SET images_left = -1 WHERE images_left = 1").execute().await?)
        })
    });
    assert!(matches!(below.await, Err(Error::Store(DbError::Other(_)))));
});
