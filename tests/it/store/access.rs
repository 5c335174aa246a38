//! What **Manage access** asks of the store, on both databases.

use commonhold::{
    domain::{
        access::Level,
        id::{InvitationId, MailId, ResourceId},
        permit::{found, operate},
        role::Role,
        transfer::Grantee,
    },
    server::{
        error::Error,
        store::{
            grant::{self, GrantCursor},
            invitation,
            membership::{self, Cursor},
            view_as,
        },
    },
};
use uuid::Uuid;

use crate::both;

both!(access_2_grants_are_found_listed_in_pages_and_taken_away, async |app| {
    let (anna, mem) = (app.person("Anna").await, app.person("Mem").await);
    let (org, guests) = (anna.create_org("Alpine Survey").await, anna.create_org("Guests").await);
    app.join(&org, &mem, Role::Member).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    app.give(folder, Grantee::Person(mem.id), Level::Editor, false).await;
    app.give(folder, Grantee::Person(mem.id), Level::Reader, true).await;
    app.give(org.root, Grantee::Organization(guests.id), Level::Uploader, false).await;
    let mut tx = app.db().read().await.expect("a connection");
    let of_mem = grant::find_of(&mut tx, folder, Grantee::Person(mem.id)).await.expect("an answer");
    assert_eq!(of_mem.iter().map(|one| one.level).max(), Some(Level::Editor));
    assert_eq!(of_mem.len(), 2);
    assert_eq!(grant::find_of(&mut tx, org.root, Grantee::Organization(guests.id)).await.expect("an answer").len(), 1);
    assert!(grant::find_of(&mut tx, folder, Grantee::Person(anna.id)).await.expect("an answer").is_empty());
    let by_hand = of_mem.iter().find(|one| !one.carried).expect("one").id;
    assert_eq!(grant::find(&mut tx, by_hand).await.expect("an answer").map(|one| one.resource), Some(folder));
    assert_eq!(grant::find(&mut tx, commonhold::domain::id::GrantId(Uuid::nil())).await.expect("an answer"), None);
    let way = [folder, org.root];
    let mut seen = Vec::new();
    let mut after = GrantCursor::START;
    loop {
        let page = grant::list_on_way(&mut tx, folder, &way, after, 1).await.expect("an answer");
        let Some(last) = page.last() else { break };
        after = GrantCursor { rank: i64::from(last.grant.resource != folder), id: last.grant.id.0 };
        seen.extend(page);
    }
    let names: Vec<(&str, Option<Role>)> = seen.iter().map(|one| (one.name.as_str(), one.role)).collect();
    assert_eq!(
        names,
        [("Mem Muster", Some(Role::Member)), ("Mem Muster", Some(Role::Member)), ("Guests", None)],
        "its own first"
    );
    assert_eq!(seen[2].address, "guests");
    let hands = grant::list_by_hand(&mut tx, &[folder], 10).await.expect("an answer");
    assert_eq!(hands.iter().map(|one| one.grant.id).collect::<Vec<_>>(), [by_hand]);
    assert_eq!(grant::list_reaching(&mut tx, mem.id, &way).await.expect("an answer").len(), 2);
    let as_guest = grant::list_reaching(&mut tx, anna.id, &way).await.expect("an answer");
    assert_eq!((as_guest.len(), as_guest[0].through.as_deref()), (1, Some("Guests")));
    app.give(org.root, Grantee::Person(mem.id), Level::Reader, false).await;
    let (mut shared, mut after) = (Vec::new(), None);
    loop {
        let page = grant::list_shared_page(&mut tx, mem.id, org.id, after.as_ref(), 1).await.expect("an answer");
        let Some((id, last)) = page.into_iter().next() else { break };
        shared.push(id);
        after = Some(last);
    }
    assert_eq!(shared, [org.root, folder], "each once, however often it was given");
    let roles =
        membership::list_reaching(&mut tx, org.id, org.account, &Cursor::start(false), 10).await.expect("an answer");
    assert_eq!(roles.iter().map(|one| one.id).collect::<Vec<_>>(), [anna.id], "not Members");
    let mut counts = membership::count_by_role(&mut tx, org.id, org.account).await.expect("an answer");
    counts.sort();
    assert_eq!(counts, [(Role::Member, 1), (Role::Owner, 1)]);
    assert_eq!(
        membership::list_owner_addresses(&mut tx, org.id).await.expect("an answer"),
        std::slice::from_ref(&anna.email)
    );
    drop(tx);
    let (here, elsewhere) = (operate(anna.id, org.id, folder), operate(anna.id, org.id, org.root));
    let gone = app
        .db()
        .write(move |tx| {
            Box::pin(async move {
                let elsewhere = grant::delete(tx, &elsewhere, by_hand).await?;
                let first = grant::delete(tx, &here, by_hand).await?;
                Ok::<_, Error>((elsewhere, first, grant::delete(tx, &here, by_hand).await?))
            })
        })
        .await
        .expect("taken away");
    assert_eq!(gone, (false, true, false), "only on its own resource, and once");
});

both!(access_2_access_waits_with_an_invitation, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (folder, other) = (anna.folder(org.root, "Gotthard").await, anna.folder(org.root, "Other").await);
    let (by, organization, now) = (anna.id, org.id, app.ctx().now());
    let on = move |id: ResourceId| operate(by, organization, id);
    let (first, second) = (InvitationId(app.ctx().id()), InvitationId(app.ctx().id()));
    let mail = MailId(app.ctx().id());
    app.db()
        .write(move |tx| {
            Box::pin(async move {
                let late = invitation::NewInvitation {
                    id: first,
                    email: "Eve@example.com",
                    email_key: "eve@example.com",
                    name: None,
                    role: Role::Member,
                    reach: Some((folder, Level::Reader)),
                    accounts: None,
                    token_hash: "one",
                    mail,
                    at: now.plus_days(-20),
                    expires_at: now.plus_days(-6),
                };
                invitation::insert_external(tx, &on(folder), &late).await?;
                // One that has expired makes room.
                let new = invitation::NewInvitation {
                    id: second,
                    token_hash: "two",
                    at: now,
                    expires_at: now.plus_days(14),
                    ..late
                };
                invitation::insert_external(tx, &on(folder), &new).await?;
                invitation::upsert_grant(tx, &on(folder), second, Level::Editor, now).await?;
                invitation::upsert_grant(tx, &on(other), second, Level::Reader, now).await?;
                invitation::upsert_grant(tx, &on(other), second, Level::Uploader, now).await?;
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("invited");
    let mut tx = app.db().read().await.expect("a connection");
    let pending = invitation::find_pending(&mut tx, org.id, "eve@example.com", now).await.expect("an answer");
    let pending = pending.expect("one that waits");
    assert_eq!((pending.id, pending.external, pending.reach), (second, true, Some((folder, Level::Editor))));
    assert!(!invitation::is_pending(&mut tx, org.id, "eve@example.com", now).await.expect("an answer"), "not to join");
    assert_eq!(invitation::list_grants(&mut tx, second).await.expect("an answer"), [(other, Level::Uploader, anna.id)]);
    for (on, level) in [(folder, Level::Editor), (other, Level::Uploader)] {
        let waiting = invitation::list_on(&mut tx, on, now, 10).await.expect("an answer");
        assert_eq!(waiting.iter().map(|one| (one.id, one.level)).collect::<Vec<_>>(), [(second, level)]);
        assert!(waiting[0].external && waiting[0].email == "Eve@example.com");
        assert!(invitation::list_on(&mut tx, on, now.plus_days(15), 10).await.expect("an answer").is_empty());
    }
    drop(tx);
    let gone = app
        .db()
        .write(move |tx| {
            Box::pin(async move {
                let permit = found(by, organization);
                let taken = (
                    invitation::delete_grant(tx, &on(folder), second).await?,
                    invitation::delete_grant(tx, &on(other), second).await?,
                    invitation::delete_grant(tx, &on(other), second).await?,
                );
                invitation::update_role(tx, &permit, second, Role::Member).await?;
                Ok::<_, Error>(taken)
            })
        })
        .await
        .expect("taken back");
    assert_eq!(gone, (true, true, false));
    let mut tx = app.db().read().await.expect("a connection");
    assert!(invitation::is_pending(&mut tx, org.id, "eve@example.com", now).await.expect("an answer"), "to join now");
});

both!(access_2_when_somebody_began_to_look_as_another_is_noted_once_each, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let (by, organization, other, now) = (anna.id, org.id, john.id, app.ctx().now());
    for at in [now, now.plus_days(1)] {
        app.db()
            .write(move |tx| {
                Box::pin(async move { Ok::<_, Error>(view_as::upsert(tx, &found(by, organization), other, at).await?) })
            })
            .await
            .expect("noted");
        let mut tx = app.db().read().await.expect("a connection");
        assert_eq!(view_as::find(&mut tx, org.id, anna.id, john.id).await.expect("an answer"), Some(at));
        assert_eq!(view_as::find(&mut tx, org.id, john.id, anna.id).await.expect("an answer"), None);
    }
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM looked_as").await, 1);
});
