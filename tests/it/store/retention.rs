//! What is deleted in time is deleted to the millisecond, and not before. Mail texts, undo by its button, kept forms and
//! idempotency keys have their own tests beside what people do with them.

use commonhold::server::workers;
use serde_json::json;

use crate::{both, support::TestApp};

/// The rows of a table, after everything that is old was deleted.
async fn kept(app: &TestApp, count: &'static str) -> i64 {
    workers::tidy(app.ctx()).await.expect("tidied");
    app.count(count).await
}

both!(xfer_16_xfer_19_auth_2_undo_of_transfers_tasks_and_links_are_deleted_in_time, async |app| {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.credits_licence(&source, 10).await;
    app.credits_licence(&target, 10).await;
    let (one, two) = (anna.folder(source.root, "One").await, anna.folder(source.root, "Two").await);
    anna.transfer(&[one], target.root).await.expect(201);
    let undo = "SELECT CAST(COUNT(*) AS BIGINT) FROM transfer_reversal";
    app.later(1);
    assert_eq!(kept(app, undo).await, 1, "for a day");
    app.tick(1);
    assert_eq!(kept(app, undo).await, 0);

    let body = json!({ "items": [two], "destination": target.root, "background": true });
    let task = anna.post("/api/v1/transfers", &body).await.expect(202).location().to_owned();
    let tasks = "SELECT CAST(COUNT(*) AS BIGINT) FROM task";
    app.later(30);
    assert_eq!(kept(app, tasks).await, 1, "it has not ended");
    let anna = anna.elsewhere().await;
    anna.delete(&task).await.expect(200);
    app.later(30);
    assert_eq!(kept(app, tasks).await, 1, "for 30 days after its end");
    app.tick(1);
    assert_eq!(kept(app, tasks).await, 0);

    // The link works for seven days, and is known for 30 whole days more.
    app.stranger("John").await;
    let links = "SELECT CAST(COUNT(*) AS BIGINT) FROM one_time_link";
    app.later(37);
    assert_eq!(kept(app, links).await, 1);
    app.later(1);
    assert_eq!(kept(app, links).await, 0);
});
