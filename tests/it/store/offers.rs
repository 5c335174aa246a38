//! Offers, lists of receipts, and what taking a transfer back needs: each statement on both databases.

use commonhold::{
    domain::{
        access::Level,
        id::{GrantId, LicenceId, OfferId, ResourceId, TransferId},
        offer::OfferState,
        permit::{found, operate},
        role::Role,
        time::Timestamp,
        transfer::{Grantee, NamedResource, Summary, reversal::ContentFingerprint},
        undo::FormerPlace,
    },
    server::{
        error::Error,
        store::{grant, link, offer, resource, subtree, transfer},
    },
    view::transfer::TransferDirection,
};
use uuid::Uuid;

use crate::both;

fn summary() -> Summary {
    Summary { name: Some("Folder".to_owned()), items: 1, folders: 1, datasets: 0, images: 0, model_pair: None }
}

both!(xfer_18_offers_are_listed_answered_once_and_void_by_themselves, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (source, target) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    let (folder, other) = (anna.folder(source.root, "Folder").await, anna.folder(source.root, "Other").await);
    let manager = app.person("Manager").await;
    app.join(&target, &manager, Role::Manager).await;
    app.join(&target, &app.person("Editor").await, Role::Editor).await;
    let (by, now) = (anna.id, app.ctx().now());
    let new = |id: u128, at: Timestamp| offer::Offer {
        id: OfferId(Uuid::from_u128(id)),
        source: source.id,
        target: target.id,
        person: by,
        person_name: "Anna".to_owned(),
        source_name: "Alpine Survey".to_owned(),
        target_name: "Tunnel North".to_owned(),
        note: "As agreed".to_owned(),
        state: OfferState::Open,
        digest: "digest".to_owned(),
        items: vec![NamedResource { id: folder, name: "Folder".to_owned() }],
        what: summary(),
        created_at: at,
        expires_at: at.plus_days(7),
        answered_at: None,
        answered_by: None,
        answered_name: None,
        transfer: None,
        all_there: true,
    };
    let (first, second, john_id) = (new(1, now), new(2, now.plus_days(-7)), john.id);
    let (one, two) = (first.id, second.id);
    app.db()
        .write(move |tx| {
            let (first, second) = (first.clone(), second.clone());
            Box::pin(async move {
                offer::insert(tx, &first, &[folder, other]).await?;
                offer::insert(tx, &second, &[other]).await?;
                let found = offer::find(tx, one).await?.expect("it");
                assert_eq!((found.note.as_str(), found.items.len(), found.what), ("As agreed", 1, summary()));
                assert_eq!((found.all_there, found.state), (true, OfferState::Open));
                assert!(offer::find(tx, OfferId(Uuid::nil())).await?.is_none());
                let mut items = offer::list_items(tx, one).await?;
                items.sort_unstable();
                assert_eq!(items, [folder, other]);
                let wanted = |organization, direction, mine, before| offer::OfferFilter {
                    organization,
                    direction,
                    by: mine,
                    before,
                    limit: 10,
                };
                let out = offer::list(tx, &wanted(source.id, TransferDirection::Out, None, None)).await?;
                assert_eq!(out.iter().map(|of| of.id).collect::<Vec<_>>(), [two, one], "newest first, by id");
                let rest = offer::list(tx, &wanted(source.id, TransferDirection::Out, Some(by), Some(two))).await?;
                assert_eq!(rest.iter().map(|of| of.id).collect::<Vec<_>>(), [one]);
                assert!(
                    offer::list(tx, &wanted(source.id, TransferDirection::Out, Some(john_id), None)).await?.is_empty()
                );
                assert_eq!(offer::list(tx, &wanted(target.id, TransferDirection::In, None, None)).await?.len(), 2);
                assert!(offer::list(tx, &wanted(target.id, TransferDirection::Out, None, None)).await?.is_empty());
                let waiting = offer::list_waiting(tx, target.id, now, 10).await?;
                assert_eq!(waiting.iter().map(|of| of.id).collect::<Vec<_>>(), [one], "the other is too old");
                let open = offer::list_open_of(tx, &[other, folder], now).await?;
                assert_eq!(open.len(), 2, "one offer, two items");
                assert_eq!(offer::list_open(tx, source.id, now, 10).await?.len(), 2);
                assert!(offer::list_open(tx, target.id, now, 10).await?.is_empty());
                assert_eq!(offer::count_made_by(tx, by, now.plus_days(-1)).await?, 1);
                let answer =
                    offer::Answer { state: OfferState::Declined, by: john_id, name: "John", transfer: None, at: now };
                assert!(offer::update_answered(tx, two, &answer).await?);
                assert!(!offer::update_answered(tx, two, &answer).await?, "once");
                let found = offer::find(tx, two).await?.expect("it");
                assert_eq!((found.state, found.answered_name.as_deref()), (OfferState::Declined, Some("John")));
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("offered");
    let mut tx = app.db().read().await.expect("a connection");
    let addresses = offer::list_addresses(&mut tx, target.id, 10).await.expect("addresses");
    assert_eq!(addresses, [john.email.clone(), manager.email.clone()], "Owners first, and no Editors");
    drop(tx);
    anna.trash(other).await.expect(204);
    let mut tx = app.db().read().await.expect("a connection");
    let gone = offer::find(&mut tx, one).await.expect("an answer").expect("it");
    assert_eq!((gone.all_there, gone.now(now)), (false, OfferState::Void));
});

both!(xfer_18_receipts_are_listed_and_what_ended_is_given_back, async |app| {
    let (anna, john, mary) = (app.person("Anna").await, app.person("John").await, app.person("Mary").await);
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.credits_licence(&source, 10).await;
    app.credits_licence(&target, 10).await;
    let folder = anna.folder(source.root, "Folder").await;
    let receipt: TransferId =
        crate::support::read(&anna.transfer(&[folder], target.root).await.expect(201).json()["id"]);
    let (by, now) = (anna.id, app.ctx().now());
    let mut tx = app.db().read().await.expect("a connection");
    for (organization, direction, expected) in [
        (source.id, TransferDirection::Out, 1),
        (source.id, TransferDirection::In, 0),
        (target.id, TransferDirection::In, 1),
        (target.id, TransferDirection::Out, 0),
    ] {
        let rows = transfer::list(&mut tx, organization, direction, None, 10).await.expect("a list");
        assert_eq!(rows.len(), expected);
        assert!(rows.iter().all(|row| row.what.what() == "“Folder”" && row.undone_by.is_none()));
        assert!(transfer::list(&mut tx, organization, direction, Some(receipt), 10).await.expect("a list").is_empty());
    }
    for (direction, more) in [(None, true), (Some(TransferDirection::Out), true), (Some(TransferDirection::In), false)]
    {
        assert_eq!(transfer::has_more_than(&mut tx, source.id, direction, 0).await.expect("an answer"), more);
        assert!(!transfer::has_more_than(&mut tx, source.id, direction, 1).await.expect("an answer"));
    }
    let (items, left) = transfer::find_undo(&mut tx, receipt).await.expect("an answer").expect("kept");
    assert_eq!(items, [FormerPlace { item: folder, container: source.root, name: None }]);
    assert_eq!(subtree::find_traces(&mut tx, &[folder], now).await.expect("traces"), left);
    assert_eq!((left.things, left.changed), (1, now.0));
    drop(tx);
    // A row of before: what it was is in its plan only.
    app.corrupt("UPDATE transfer SET summary = NULL").await;
    app.give(folder, Grantee::Person(john.id), Level::Reader, true).await;
    app.give(folder, Grantee::Person(mary.id), Level::Editor, true).await;
    app.share(folder, "token").await;
    let (other, licence) = (TransferId(app.ctx().id()), LicenceId(app.ctx().id()));
    let dataset = anna.dataset(target.root, "Flight", 10).await;
    app.db()
        .write(move |tx| {
            Box::pin(async move {
                let rows = transfer::list(tx, source.id, TransferDirection::Out, None, 10).await?;
                assert_eq!(rows[0].what.what(), "“Folder”");
                let (away, home) = (operate(by, target.id, target.root), operate(by, source.id, source.root));
                let stored = transfer::find(tx, receipt).await?.expect("it");
                let new = transfer::Transfer { id: other, undoes: Some(receipt), ..stored };
                transfer::insert(tx, &home, &new).await?;
                let traces = ContentFingerprint { things: 1, changed: 2, grants: 0, links: 0 };
                transfer::insert_undo(tx, &home, other, &[], traces, now).await?;
                assert_eq!(transfer::find_undo(tx, other).await?, Some((Vec::new(), traces)));
                // As if it went back: everybody there is outside.
                transfer::insert_ending(tx, &home, other, &[folder]).await?;
                assert_eq!(subtree::delete_foreign_grants(tx, &home, &[folder]).await?, 2);
                assert_eq!(subtree::stop_links(tx, &home, &[folder]).await?, 1);
                // Who paid for a dataset is written down where that is not the licence of the books, and given back.
                transfer::insert_charges(tx, &home, other, &[folder, dataset], Some(licence)).await?;
                subtree::update_owner(tx, &away, &[dataset], target.account, subtree::Charge::To(Some(licence)))
                    .await?;
                assert_eq!(resource::find(tx, dataset).await?.expect("it").charged_to, Some(licence));
                assert_eq!(transfer::give_charges_back(tx, &home, other).await?, 1, "the dataset, not the folder");
                assert_eq!(resource::find(tx, dataset).await?.expect("it").charged_to, None);
                // Whoever left meanwhile gets nothing back.
                grant::delete_of_people(tx, &found(by, target.id), &[mary.id]).await?;
                assert_eq!(transfer::give_back(tx, &away, other).await?, (1, 1));
                assert_eq!(transfer::give_back(tx, &away, other).await?, (0, 0), "nothing twice");
                assert_eq!(grant::list_levels(tx, john.id, &[folder]).await?, [(folder, Level::Reader)]);
                assert!(grant::list_levels(tx, mary.id, &[folder]).await?.is_empty());
                assert_eq!(link::find_state(tx, "token").await?.as_deref(), Some("active"));
                assert!(transfer::update_undone(tx, &home, receipt, other).await?);
                assert!(!transfer::update_undone(tx, &home, receipt, other).await?, "once");
                assert_eq!(transfer::find(tx, receipt).await?.expect("it").undone_by, Some(other));
                let traces = subtree::find_traces(tx, &[folder], now.plus_millis(-1)).await?;
                assert_eq!((traces.grants, traces.links), (1, 1));
                resource::update_parent(tx, &away, &[folder], now.plus_millis(7)).await?;
                assert_eq!(subtree::find_traces(tx, &[folder], now).await?.changed, now.0 + 7);
                assert_eq!(transfer::delete_undo_before(tx, now).await?, 0);
                assert_eq!(transfer::delete_undo_before(tx, now.plus_millis(1)).await?, 2);
                assert!(transfer::find_undo(tx, receipt).await?.is_none());
                let none: (GrantId, ResourceId) = (GrantId(Uuid::nil()), folder);
                assert!(grant::find(tx, none.0).await?.is_none());
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("given back");
});
