//! Tables `share_link`, restrictions of `resource`, and what is told of changes.

use commonhold::{
    domain::{
        id::{LinkId, ResourceId},
        permit::operate,
        restriction::Restrictions,
        share_link,
    },
    server::{
        error::Error,
        store::{Tx, link, live, resource},
    },
};
use futures::future::BoxFuture;

use crate::{both, support::TestApp};

/// One write.
async fn write<T: Send>(
    app: &TestApp,
    work: impl for<'t> FnMut(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send,
) -> Result<T, Error> {
    app.db().write(work).await
}

both!(link_its_state_by_the_digest_of_its_token, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let (permit, at) = (operate(anna.id, org.id, folder), app.ctx().now());
    let [first, second] = [LinkId(app.ctx().id()), LinkId(app.ctx().id())];
    for (id, token_hash, password_hash, expires_at, at) in
        [(first, "digest", None, Some(at.plus_days(1)), at), (second, "second", Some("hash"), None, at.plus_millis(1))]
    {
        write(app, move |tx| {
            Box::pin(async move {
                let new = link::NewLink { id, token_hash, password_hash, expires_at, at };
                Ok(link::insert(tx, &permit, &new).await?)
            })
        })
        .await
        .expect("a link");
    }
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(link::find_state(&mut tx, "digest").await.expect("an answer").as_deref(), Some("active"));
    assert_eq!(link::find_state(&mut tx, "other").await.expect("an answer"), None);
    let found = link::find_by_token(&mut tx, "second").await.expect("an answer").expect("a link");
    assert_eq!((found.id, found.resource, found.organization), (second, folder, org.id));
    assert_eq!(
        (found.state, found.password_hash.as_deref(), found.expires_at),
        (share_link::ShareLinkState::Active, Some("hash"), None)
    );
    assert_eq!(found.created_by_name.as_deref(), Some("Anna Muster"));
    let found = link::find(&mut tx, first).await.expect("an answer").expect("a link");
    assert_eq!((found.token_hash.as_str(), found.expires_at), ("digest", Some(at.plus_days(1))));
    assert!(link::find_by_token(&mut tx, "hash").await.expect("an answer").is_none());
    let ids = |links: Vec<link::Link>| links.into_iter().map(|link| link.id).collect::<Vec<_>>();
    assert_eq!(ids(link::list(&mut tx, folder, 10).await.expect("an answer")), [second, first]);
    assert_eq!(ids(link::list(&mut tx, folder, 1).await.expect("an answer")), [second]);
    assert_eq!(link::count_active(&mut tx, folder, at).await.expect("an answer"), 2);
    assert_eq!(link::count_active(&mut tx, folder, at.plus_days(1)).await.expect("an answer"), 1);
    drop(tx);
    // Opened once an hour; revoked once, and by who may do it with this resource.
    for (moment, not_since, noted) in [(at, at, true), (at, at.plus_millis(-1), false), (at.plus_days(1), at, true)] {
        let opened =
            write(app, move |tx| Box::pin(async move { Ok(link::update_opened(tx, first, moment, not_since).await?) }));
        assert_eq!(opened.await.expect("an answer"), noted);
    }
    let elsewhere = operate(anna.id, org.id, org.root);
    for (permit, revoked) in [(elsewhere, false), (permit, true), (permit, false)] {
        let done = write(app, move |tx| Box::pin(async move { Ok(link::update_revoked(tx, &permit, first).await?) }));
        assert_eq!(done.await.expect("an answer"), revoked);
    }
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(ids(link::list(&mut tx, folder, 10).await.expect("an answer")), [second]);
    let found = link::find(&mut tx, first).await.expect("an answer").expect("a link");
    assert_eq!((found.state, found.last_opened_at), (share_link::ShareLinkState::Revoked, Some(at.plus_days(1))));
});

both!(link_1_the_path_below_a_link_begins_at_its_resource, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let top = anna.folder(org.root, "Top").await;
    let inside = anna.folder(top, "Inside").await;
    let dataset = anna.dataset(inside, "Flight", 1).await;
    let beside = anna.folder(org.root, "Beside").await;
    let mut tx = app.db().read().await.expect("a connection");
    let mut path = async |id| -> Vec<String> {
        let path = link::list_path(&mut tx, top, id).await.expect("an answer");
        path.into_iter().map(|crumb| crumb.name).collect()
    };
    assert_eq!(path(dataset).await, ["Top", "Inside", "Flight"]);
    assert_eq!(path(top).await, ["Top"]);
    for outside in [org.root, beside, ResourceId(uuid::Uuid::nil())] {
        assert!(path(outside).await.is_empty());
    }
});

both!(pol_1_restrictions_are_written_and_found_on_the_way_up, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let top = anna.folder(org.root, "Top").await;
    let inside = anna.folder(top, "Inside").await;
    let permit = operate(anna.id, org.id, top);
    let copy = Restrictions { copy: true, delete: false, download: true };
    write(app, move |tx| Box::pin(async move { Ok(resource::update_restrictions(tx, &permit, copy).await?) }))
        .await
        .expect("written");
    let mut tx = app.db().read().await.expect("a connection");
    let way = resource::list_ancestors(&mut tx, anna.id, &[inside]).await.expect("an answer");
    let restrictions: Vec<Restrictions> = way.into_iter().map(|step| step.restrictions).collect();
    assert_eq!(restrictions, [Restrictions::default(), copy, Restrictions::default()]);
});

both!(live_what_is_touched_is_told_when_the_transaction_is_through, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let mut heard = app.db().changes();
    let mut next = async || tokio::time::timeout(std::time::Duration::from_secs(5), heard.recv()).await;
    if !app.db().is_sqlite() {
        // PostgreSQL is listened to from now on; what was before is not known.
        let first = next().await.expect("told").expect("told");
        assert!(first.is_about(uuid::Uuid::nil()));
    }
    let rolled_back = write(app, move |tx| {
        Box::pin(async move {
            live::touch_container(tx, org.root);
            Err::<(), _>(Error::Internal("no".to_owned()))
        })
    });
    assert!(rolled_back.await.is_err());
    let id = anna.id;
    write(app, move |tx| {
        Box::pin(async move {
            live::touch(tx, &[folder]).await?;
            live::touch_person(tx, id);
            Ok(())
        })
    })
    .await
    .expect("written");
    let change = next().await.expect("told").expect("told");
    for about in [folder.0, org.root.0, anna.id.0] {
        assert!(change.is_about(about), "{change:?}");
    }
    assert!(!change.is_about(org.id.0), "{change:?}");
});
