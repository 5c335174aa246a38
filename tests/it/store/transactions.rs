//! What a transaction guarantees: all or nothing, changes that are told after the commit, and long writes that get through.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use commonhold::{
    domain::{id::ResourceId, permit::operate, resource::Kind},
    server::{
        error::Error,
        store::{Tx, health, live, person, resource},
    },
};
use futures::future::BoxFuture;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{both, support::TestApp};

async fn write<T: Send>(
    app: &TestApp,
    mut work: impl for<'t> FnMut(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send,
) -> Result<T, Error> {
    app.db().write(|tx, _| work(tx)).await
}

both!(a_transaction_is_all_or_nothing, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let permit = operate(anna.id, org.id, org.root);
    let (id, account, at) = (ResourceId(app.ctx().id()), org.account, app.ctx().now());
    let failed: Result<(), Error> = write(app, move |tx| {
        Box::pin(async move {
            let new = resource::NewResource { id, account, kind: Kind::Folder, name: "Half", dataset: None, at };
            resource::insert(tx, &permit, &new).await?;
            Err(Error::Internal("on purpose".to_owned()))
        })
    })
    .await;
    assert!(failed.is_err());
    anna.show(id).await.expect(404);
    assert!(app.db().is_current().await.expect("an answer"));
});

both!(drive_live_changes_are_told_after_the_commit_and_not_after_a_rollback, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let mut heard = app.db().changes();
    let mut next = async || tokio::time::timeout(Duration::from_secs(5), heard.recv()).await;
    if !app.db().is_sqlite() {
        // The node listens to PostgreSQL only from now on; the first message says that anything may have changed before.
        let first = next().await.expect("told").expect("told");
        assert!(first.is_about(Uuid::nil()));
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

both!(xfer_16_a_long_write_gets_through_while_others_write, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (permit, account, root) = (operate(anna.id, org.id, org.root), org.account, org.root);
    let counted = "SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE organization_id = $1";
    let done = Arc::new(AtomicBool::new(false));
    // Others count and insert in the same place, so they conflict with the long write whenever they overlap with it.
    let others = {
        let (app, done) = (app.clone(), done.clone());
        tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let (id, at) = (ResourceId(app.ctx().id()), app.ctx().now());
                let made: Result<(), Error> = write(&app, move |tx| {
                    Box::pin(async move {
                        let name = tx.sql(counted).bind(permit.organization().0).number().await?.to_string();
                        let new =
                            resource::NewResource { id, account, kind: Kind::Folder, name: &name, dataset: None, at };
                        Ok(resource::insert(tx, &permit, &new).await?)
                    })
                })
                .await;
                assert!(made.is_ok(), "{made:?}");
            }
        })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (id, at) = (ResourceId(app.ctx().id()), app.ctx().now());
    let tried = Arc::new(AtomicU32::new(0));
    let counting = tried.clone();
    let long: Result<(), Error> = write(app, move |tx| {
        let counting = counting.clone();
        Box::pin(async move {
            counting.fetch_add(1, Ordering::Relaxed);
            let before = tx.sql(counted).bind(permit.organization().0).number().await?;
            tokio::time::sleep(Duration::from_millis(400)).await;
            let name = format!("Long, after {before}");
            let new = resource::NewResource { id, account, kind: Kind::Folder, name: &name, dataset: None, at };
            Ok(resource::insert(tx, &permit, &new).await?)
        })
    })
    .await;
    done.store(true, Ordering::Relaxed);
    others.await.expect("they end");
    let attempts = tried.load(Ordering::Relaxed);
    // First beside others, then exclusively, and in a queue where that fails too.
    assert!(long.is_ok() && attempts <= 5, "{long:?} after {attempts}");
    let found = anna.children(root, "?query=long,").await.expect(200).names();
    assert_eq!(found.len(), 1, "{found:?}");
    app.healthy().await;
});

both!(attack_56_the_write_check_uses_one_row_and_is_cached_briefly, async |app| {
    let rows = "SELECT CAST(COUNT(*) AS BIGINT) FROM health_check";
    for number in 1..=3 {
        let id = Uuid::from_u128(number);
        write(app, move |tx| Box::pin(async move { Ok(health::replace(tx, id, 7).await?) })).await.expect("written");
        assert_eq!(app.count(rows).await, 1);
    }
    app.db().check_writable(Uuid::from_u128(9), 8).await.expect("it can be written");
    app.db().check_writable(Uuid::from_u128(10), 9).await.expect("it could be a moment ago");
    assert_eq!(app.count("SELECT checked_at FROM health_check").await, 8, "it is not written each time");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_waits_for_a_lock_in_vain_leaves_no_connection_whose_transaction_has_failed() {
    let Some(app) = TestApp::postgres().await else { return };
    let (told, locked) = oneshot::channel();
    let (done, until) = oneshot::channel();
    let mut once = Some((told, until));
    let holder = write(&app, |tx| {
        let once = once.take();
        Box::pin(async move {
            tx.sql("LOCK TABLE write_lock IN EXCLUSIVE MODE").execute().await?;
            if let Some((told, until)) = once {
                told.send(()).expect("somebody waits");
                until.await.expect("the other has given up");
            }
            Ok(())
        })
    });
    let other = async {
        locked.await.expect("the lock is held");
        app.db().check_writable(Uuid::from_u128(1), 1).await.expect("the database can be reached");
        done.send(()).expect("the lock is still held");
    };
    let (held, ()) = tokio::join!(holder, other);
    held.expect("it is written");
    // All at once, so that no connection is left out.
    let mut readers = Vec::new();
    for _ in 0..6 {
        let mut tx = app.db().read().await.expect("a connection");
        assert_eq!(tx.sql("SELECT CAST(1 AS BIGINT)").number().await.expect("a connection that answers"), 1);
        readers.push(tx);
    }
    drop(readers);
    app.finish().await;
}

#[tokio::test]
async fn a_database_opens_again_and_is_migrated_once() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    app.db().migrate().await.expect("twice is once");
    let folder = app.folder().to_path_buf();
    app.db().close().await;
    let again = crate::support::open_file(&folder).await;
    assert!(again.is_current().await.expect("an answer"));
    let mut tx = again.read().await.expect("a connection");
    assert!(person::find(&mut tx, anna.id).await.expect("an answer").is_some());
}
