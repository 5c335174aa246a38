//! Tables `credential_key` and `access_token`.

use commonhold::{
    domain::{
        id::{KeyId, OrganizationId},
        key::Scopes,
        role::found,
    },
    server::{
        error::Error,
        store::{Tx, key, seat},
    },
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
    let list = key::list(&mut tx, org.id).await.expect("an answer");
    assert_eq!((list[0].account.as_str(), list[0].last_used_at), ("primary", Some(now.plus_millis(1))));
    drop(tx);
    let desktop = app.desktop_licence(&org, 1).await;
    let freed = write(app, move |tx| {
        Box::pin(async move {
            let place =
                seat::Place { licence: desktop, organization: permit.organization(), loan: None, holder: id.into() };
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
});
