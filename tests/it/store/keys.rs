//! Tables `credential_key` and `access_token`.

use commonhold::{
    domain::{
        id::{InvitationId, KeyId, OrganizationId},
        key::Scopes,
        mail::MailState,
        permit::{found, operate},
    },
    server::{
        error::Error,
        store::{Tx, key, outbox, resource, seat},
    },
    view::DatasetView,
};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::{both, support::TestApp};

/// One write.
async fn write<T: Send>(
    app: &TestApp,
    work: impl for<'t> FnMut(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send,
) -> T {
    app.db().write(work).await.expect("it is written")
}

both!(credential_key_found_by_secret_and_token_until_it_is_revoked, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (permit, now, id, account) = (found(anna.id, org.id), app.ctx().now(), KeyId(app.ctx().id()), org.account);
    write(app, move |tx| {
        Box::pin(async move {
            let scopes = Scopes::read("read engine").expect("scopes");
            let new = key::NewKey {
                id,
                account,
                name: "Farm",
                secret_hash: "digest",
                scopes: &scopes,
                by_name: "Anna Muster",
                at: now,
            };
            key::insert(tx, &permit, &new).await?;
            key::insert_token(tx, id, "old", now, now.plus_millis(1)).await?;
            key::insert_token(tx, id, "token", now.plus_millis(1), now.plus_millis(1_000)).await?;
            Ok(())
        })
    })
    .await;
    let mut tx = app.db().read().await.expect("a connection");
    let by_secret = key::find_by_secret(&mut tx, id, "digest").await.expect("an answer").expect("a key");
    assert_eq!((by_secret.account, by_secret.scopes.text().as_str()), (account, "read engine"));
    assert!(key::find_by_secret(&mut tx, id, "other").await.expect("an answer").is_none());
    let by_token = key::find_by_token(&mut tx, "token", now).await.expect("an answer");
    assert_eq!(by_token, Some(by_secret));
    assert!(key::find_by_token(&mut tx, "token", now.plus_millis(1_000)).await.expect("an answer").is_none());
    assert!(key::find_by_token(&mut tx, "old", now).await.expect("an answer").is_none(), "let go of");
    let by_id = key::find(&mut tx, id).await.expect("an answer").expect("a key");
    assert_eq!((by_id.id, by_id.organization), (id, org.id));
    let list = key::list(&mut tx, org.id).await.expect("an answer");
    assert_eq!((list[0].account.as_str(), list[0].last_used_at), ("primary", Some(now.plus_millis(1))));
    drop(tx);
    let desktop = app.desktop_licence(&org, 1).await;
    let freed = write(app, move |tx| {
        Box::pin(async move {
            let place = seat::SeatScope {
                licence: desktop,
                organization: permit.organization(),
                loan: None,
                holder: id.into(),
            };
            seat::upsert_taken(tx, &place, "Rack", now).await?;
            let listed = seat::list_of_holder(tx, permit.organization(), id.into(), now).await?;
            assert!(listed[0].row.name == "Farm" && listed[0].row.role.is_none());
            Ok((seat::delete_of_key(tx, &permit, id).await?, seat::delete_of_key(tx, &permit, id).await?))
        })
    });
    assert_eq!(freed.await, (1, 0));
    let stranger = found(anna.id, OrganizationId(Uuid::from_u128(1)));
    let revoked = write(app, move |tx| {
        Box::pin(async move {
            Ok([
                key::revoke(tx, &stranger, id, now).await?,
                key::revoke(tx, &permit, id, now).await?,
                key::revoke(tx, &permit, id, now).await?,
            ])
        })
    });
    assert_eq!(revoked.await, [None, Some("Farm".to_owned()), None]);
    let named = write(app, move |tx| {
        Box::pin(async move { Ok([key::find_name(tx, &stranger, id).await?, key::find_name(tx, &permit, id).await?]) })
    });
    assert_eq!(named.await, [None, Some("Farm".to_owned())], "it is called what it was");
    let mut tx = app.db().read().await.expect("a connection");
    assert!(key::find_by_token(&mut tx, "token", now).await.expect("an answer").is_none());
    assert!(key::find_by_secret(&mut tx, id, "digest").await.expect("an answer").is_none());
    assert!(key::list(&mut tx, org.id).await.expect("an answer").is_empty());
    assert!(key::find(&mut tx, id).await.expect("an answer").is_none());
    let all = key::list_names(&mut tx, org.id, 10).await.expect("an answer");
    assert_eq!(all, [(id, "Farm".to_owned())], "what it did is in the log under its name");
});

both!(resource_facts_of_a_dataset_and_what_became_of_the_mail_of_an_invitation, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.verify(&anna).await;
    let (dataset, now) = (anna.dataset(org.root, "Flight", 3).await, app.ctx().now());
    let permit = operate(anna.id, org.id, dataset);
    let facts = DatasetView { images: 5, bytes: 7, ..app.stored(dataset).await.dataset.expect("a dataset") };
    write(app, move |tx| {
        let facts = facts.clone();
        Box::pin(async move { Ok(resource::update_facts(tx, &permit, &facts, now).await?) })
    })
    .await;
    let stored = app.stored(dataset).await.dataset.expect("a dataset");
    assert_eq!((stored.images, stored.bytes), (5, 7));
    anna.invite(&org, "jane@example.com", "reader").await;
    let list = anna.get(&format!("/api/v1/orgs/{}/invitations", org.org_id)).await.expect(200).json();
    let id: InvitationId = crate::support::read(&list["items"][0]["id"]);
    let mut tx = app.db().read().await.expect("a connection");
    let mails = outbox::list_of_invitations(&mut tx, &[id, InvitationId(Uuid::from_u128(7))]).await.expect("an answer");
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].0, mails[0].1.state, mails[0].1.last_error.as_deref()), (id, MailState::Waiting, None));
});
