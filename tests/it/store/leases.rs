//! Tasks and mail are claimed under a lease: whoever lost it writes nothing.

use commonhold::{
    domain::{
        id::{MailId, TransferId},
        mail::MailState,
        task::TaskState,
    },
    server::{
        error::Error,
        store::{outbox, task},
    },
};
use serde_json::json;
use uuid::Uuid;

use crate::both;

both!(xfer_16_a_task_has_one_worker_and_one_without_its_lease_changes_nothing, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (item, place) = (anna.folder(org.root, "Item").await, anna.folder(org.root, "Place").await);
    let body = json!({ "items": [item], "destination": place, "background": true });
    anna.post("/api/v1/transfers", &body).await.expect(202);
    let now = app.ctx().now();
    app.db()
        .write(move |tx, _| {
            Box::pin(async move {
                let (first, second) = (now.plus_millis(100), now.plus_millis(200));
                let mut held = task::claim(tx, now, first).await?.expect("a task");
                let id = held.id;
                assert!(task::claim(tx, now, first).await?.is_none() && !task::is_waiting(tx, now).await?);
                held.done = 1;
                assert!(task::update_progress(tx, &held, first, second).await?);
                // The lease is `second` from here on.
                assert!(!task::update_progress(tx, &held, first, second).await?);
                assert!(!task::update_ended(tx, id, first, TaskState::Done, "", now).await?);
                let receipt = TransferId(Uuid::from_u128(7));
                assert!(!task::update_transferred(tx, &held, first, receipt, None, "", now).await?);
                task::release(tx, id, first).await?;
                assert!(task::is_held(tx, id, second).await? && !task::is_held(tx, id, first).await?);
                task::release(tx, id, second).await?;
                let again = task::claim(tx, now, first).await?.expect("a task");
                assert_eq!((again.id, again.done), (id, 1));
                assert!(task::update_ended(tx, id, first, TaskState::Done, "", now).await?);
                assert!(!task::update_cancelled(tx, id, "Cancelled", now).await?, "it has ended");
                assert!(task::claim(tx, second.plus_days(1), second.plus_days(2)).await?.is_none());
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("a task from its beginning to its end");
});

both!(mail_1_a_mail_has_one_worker_and_one_without_its_lease_changes_nothing, async |app| {
    let (first, second, now) = (MailId(app.ctx().id()), MailId(app.ctx().id()), app.ctx().now());
    app.db()
        .write(move |tx, _| {
            Box::pin(async move {
                for (id, at) in [(second, now.plus_millis(1)), (first, now)] {
                    let mail = outbox::NewMail {
                        id,
                        to: "a@example.com",
                        reply_to: None,
                        subject: "S",
                        text: "T",
                        html: "H",
                        at,
                    };
                    outbox::insert(tx, &mail).await?;
                }
                let (at, until) = (now.plus_millis(10), now.plus_millis(1_000));
                let claimed = outbox::claim(tx, at, until, 10).await?;
                assert_eq!(claimed.iter().map(|mail| MailId(mail.id)).collect::<Vec<_>>(), [first, second]);
                assert!(!outbox::is_due(tx, at).await? && outbox::claim(tx, at, until, 10).await?.is_empty());
                let other = until.plus_millis(1);
                outbox::release(tx, &[second], other).await?;
                assert!(!outbox::is_due(tx, at).await?, "not its lease");
                outbox::release(tx, &[second], until).await?;
                assert_eq!(outbox::claim(tx, at, until, 10).await?.len(), 1);
                assert!(!outbox::update_sent(tx, first, other, at).await?, "not its lease");
                assert!(outbox::update_sent(tx, first, until, at).await?);
                assert!(!outbox::update_unsent(tx, second, other, None, "never").await?, "not its lease");
                assert!(outbox::update_unsent(tx, second, until, Some(until), "busy").await?);
                assert!(outbox::claim(tx, at, until, 10).await?.is_empty(), "not before its next attempt");
                let again = outbox::claim(tx, until, other, 10).await?;
                assert_eq!(again.iter().map(|mail| mail.attempts).collect::<Vec<_>>(), [1]);
                assert!(outbox::update_unsent(tx, second, other, None, "never").await?);
                let all = outbox::list(tx, None, 10).await?;
                let states: Vec<_> = all.iter().map(|mail| (mail.id, mail.state, mail.attempts)).collect();
                assert_eq!(states, [(second, MailState::Failed, 2), (first, MailState::Sent, 1)]);
                assert!(!outbox::update_retry(tx, first, at).await?, "it was sent");
                assert!(outbox::update_retry(tx, second, at).await?);
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("two mails from their beginning to their end");
});

both!(mail_1_a_mail_about_something_is_held_back_and_replaced_until_it_is_due, async |app| {
    let (first, second, now) = (MailId(app.ctx().id()), MailId(app.ctx().id()), app.ctx().now());
    app.db()
        .write(move |tx, _| {
            Box::pin(async move {
                for (id, due) in [(first, now), (second, now.plus_millis(1_000))] {
                    let mail = outbox::NewMail {
                        id,
                        to: "a@example.com",
                        reply_to: None,
                        subject: "S",
                        text: "T",
                        html: "H",
                        at: now,
                    };
                    outbox::insert_about(tx, &mail, "access", due).await?;
                }
                assert_eq!(outbox::find_last_about(tx, "access", "a@example.com").await?, Some(now));
                assert_eq!(outbox::find_last_about(tx, "access", "b@example.com").await?, None);
                assert_eq!(outbox::delete_held_about(tx, "other", now).await?, 0);
                assert_eq!(outbox::delete_held_about(tx, "access", now).await?, 1, "only the one that is held back");
                let due = outbox::claim(tx, now.plus_days(1), now.plus_days(2), 10).await?;
                assert_eq!(due.iter().map(|mail| MailId(mail.id)).collect::<Vec<_>>(), [first]);
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("one of two mails");
});
