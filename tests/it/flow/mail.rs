//! Mail, from the transaction of a use case to a mail server (MAIL-1, attacks 26 and 58): delivered once and never lost,
//! whatever the mail server does.

use std::{collections::BTreeSet, time::Duration};

use commonhold::{
    domain::{id::MailId, mail::MailState, role::Role, time::Timestamp},
    server::{
        config::Settings,
        error::Error,
        mail::{EmailMessage, post, smtp::Delivery},
        router,
        store::outbox::{self, Entry},
        usecase,
        workers::{
            self,
            mail::{Round, round, run},
        },
    },
};
use tokio::sync::watch;

use crate::{
    both,
    support::{Fault, MailServer, TestApp, at_once, closed_port, delivery_to},
};

const JANE: &str = "jane@example.com";

/// Posts a letter, as a use case does.
async fn write(app: &TestApp, to: &str, name: &str) -> MailId {
    let (ctx, to, name) = (app.ctx().clone(), to.to_owned(), name.to_owned());
    app.db()
        .write(move |tx, _| {
            let (ctx, to, name) = (ctx.clone(), to.clone(), name.clone());
            Box::pin(async move {
                let letter = EmailMessage::Invitation {
                    name: None,
                    organization: &name,
                    inviter: "Anna Muster",
                    role: Role::Editor,
                    resource: None,
                    token: "secret-token",
                    days: 14,
                    expires_at: ctx.now().plus_days(14),
                };
                post(tx, &ctx, &to, &letter).await
            })
        })
        .await
        .expect("a letter is posted")
}

/// One round of a worker that nobody stops.
async fn deliver(app: &TestApp, delivery: &Delivery) -> Round {
    let (_go, stop) = watch::channel(false);
    round(app.ctx(), delivery, &stop).await.expect("the database answers")
}

async fn entries(app: &TestApp, state: Option<MailState>) -> Vec<Entry> {
    usecase::mail::list(app.ctx(), state, 100).await.expect("a list")
}

async fn entry(app: &TestApp, id: MailId) -> Entry {
    entries(app, None).await.into_iter().find(|mail| mail.id == id).expect("the mail is known")
}

const fn sent(sent: u64) -> Round {
    Round { sent, failed: 0, later: 0, released: 0 }
}

const fn later(later: u64) -> Round {
    Round { sent: 0, failed: 0, later, released: 0 }
}

const HOUR: i64 = 3_600_000;

both!(mail_1_a_mail_is_delivered_once_as_text_and_html, async |app| {
    let server = MailServer::start().await;
    let id = write(app, JANE, "Alpine Survey").await;
    assert_eq!(deliver(app, &server.delivery()).await, sent(1));
    assert_eq!(deliver(app, &server.delivery()).await, Round::default());
    app.later(1);
    assert_eq!(deliver(app, &server.delivery()).await, Round::default());
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, [JANE]);
    assert_eq!(mails[0].header("Subject").as_deref(), Some("Anna Muster invites you to Alpine Survey"));
    assert_eq!(mails[0].header("From").as_deref(), Some("Commonhold <no-reply@localhost>"));
    assert_eq!(mails[0].header("Message-ID"), Some(format!("<{id}@localhost>")));
    let text = mails[0].readable();
    for part in ["text/plain", "text/html", "http://localhost:3000/invitations/secret-token"] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    let entry = entry(app, id).await;
    assert_eq!((entry.state, entry.attempts, entry.last_error), (MailState::Sent, 1, None));
    assert!(entry.sent_at.is_some());
    // A later copy of the database has no secret in it.
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM outbox WHERE text <> '' OR html <> ''").await, 0);
});

both!(mail_1_temporary_failures_are_retried_with_growing_delays, async |app| {
    let server = MailServer::start().await;
    server.order([Fault::RecipientLater, Fault::Busy, Fault::SenderRefused]);
    let id = write(app, JANE, "Alpine Survey").await;
    for (tries, minutes, said) in [(1, 1, "Greylisted"), (2, 2, "too busy"), (3, 4, "You may not send")] {
        assert_eq!(deliver(app, &server.delivery()).await, later(1), "{said}");
        assert_eq!(deliver(app, &server.delivery()).await, Round::default(), "not before its time");
        let entry = entry(app, id).await;
        assert_eq!((entry.state, entry.attempts), (MailState::Waiting, tries));
        assert!(entry.last_error.as_deref().is_some_and(|error| error.contains(said)), "{:?}", entry.last_error);
        let wait = entry.next_attempt_at.0 - app.ctx().now().0;
        assert!((minutes * 60_000..=minutes * 66_000).contains(&wait), "{wait}");
        app.tick(wait);
    }
    assert_eq!(deliver(app, &server.delivery()).await, sent(1));
    assert_eq!(server.mails().len(), 1);
});

both!(mail_1_a_rejected_recipient_is_given_up_at_once_and_listed, async |app| {
    let server = MailServer::start().await;
    server.order([Fault::RecipientNever, Fault::MessageNever]);
    let nobody = write(app, "nobody@example.com", "First").await;
    app.tick(1);
    let spam = write(app, "picky@example.com", "Second").await;
    app.tick(1);
    let fine = write(app, JANE, "Third").await;
    assert_eq!(deliver(app, &server.delivery()).await, Round { sent: 1, failed: 2, later: 0, released: 0 });
    assert_eq!(server.conversations(), 1, "a refusal of one mail ends no conversation");
    let failed = entries(app, Some(MailState::Failed)).await;
    assert_eq!(failed.iter().map(|mail| mail.id).collect::<Vec<_>>(), [spam, nobody]);
    let line = usecase::mail::line(&failed[1]);
    for part in ["failed", "nobody@example.com", "invites you to First", "550", "No such mailbox"] {
        assert!(line.contains(part), "{part} is missing: {line}");
    }
    assert!(!usecase::mail::line(&failed[0]).contains("token"), "{:?}", failed[0]);
    assert_eq!(entries(app, Some(MailState::Sent)).await.len(), 1);
    app.later(1);
    assert_eq!(deliver(app, &server.delivery()).await, Round::default());
    // The operator had the mailbox made.
    usecase::mail::retry(app.ctx(), nobody).await.expect("it is tried again");
    assert!(usecase::mail::retry(app.ctx(), fine).await.is_err(), "never sent twice on purpose");
    assert_eq!(deliver(app, &server.delivery()).await, sent(1));
    assert_eq!(usecase::mail::retry_failed(app.ctx()).await.expect("an answer"), 1);
    assert_eq!(deliver(app, &server.delivery()).await, sent(1));
    assert_eq!(server.mails().len(), 3);
});

both!(attack_58_while_the_mail_server_is_down_everything_goes_on_and_nothing_is_lost, async |app| {
    let address = closed_port().await;
    let delivery = delivery_to(address);
    let anna = app.person("Anna").await;
    let ids = [write(app, JANE, "One").await, write(app, "john@example.com", "Two").await];
    // Signing up mailed a link to prove the address.
    assert_eq!(deliver(app, &delivery).await, later(3));
    anna.create_org("Alpine Survey").await;
    // A whole day of it.
    for _ in 0..24 {
        app.tick(HOUR);
        deliver(app, &delivery).await;
    }
    for id in ids {
        let entry = entry(app, id).await;
        assert_eq!(entry.state, MailState::Waiting);
        assert!(entry.attempts < 15, "{} tries in a day", entry.attempts);
    }
    let server = MailServer::at(address).await;
    app.tick(7 * HOUR);
    assert_eq!(deliver(app, &delivery).await, sent(3));
    let subjects: BTreeSet<_> = server.mails().iter().filter_map(|mail| mail.header("Subject")).collect();
    assert_eq!(subjects.len(), 3);
});

both!(attack_58_a_mail_server_that_is_down_for_days_is_given_up_in_the_end, async |app| {
    let delivery = delivery_to(closed_port().await);
    let id = write(app, JANE, "Alpine Survey").await;
    for _ in 0..100 {
        deliver(app, &delivery).await;
        app.tick(HOUR);
    }
    let entry = entry(app, id).await;
    assert_eq!((entry.state, entry.attempts), (MailState::Failed, 20));
});

both!(attack_58_a_mail_server_that_says_nothing_is_not_waited_for, async |app| {
    let server = MailServer::start().await;
    server.order([Fault::SlowGreeting(Duration::from_secs(30))]);
    write(app, JANE, "Alpine Survey").await;
    let mut impatient = server.delivery();
    impatient.timeout = Duration::from_millis(200);
    let start = tokio::time::Instant::now();
    assert_eq!(deliver(app, &impatient).await, later(1));
    assert!(
        start.elapsed() < Duration::from_secs(25),
        "far less than the server takes, also where little else gets done"
    );
    app.tick(HOUR);
    assert_eq!(deliver(app, &server.delivery()).await, sent(1));
});

both!(mail_1_an_unconfirmed_delivery_is_repeated_with_the_same_message_id, async |app| {
    let server = MailServer::start().await;
    server.order([Fault::DroppedAfterData]);
    write(app, JANE, "Alpine Survey").await;
    assert_eq!(deliver(app, &server.delivery()).await, later(1));
    app.tick(HOUR);
    assert_eq!(deliver(app, &server.delivery()).await, sent(1));
    let ids: BTreeSet<_> = server.mails().iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!((server.mails().len(), ids.len()), (2, 1));
});

both!(mail_1_many_workers_at_once_deliver_each_mail_once, async |app| {
    let server = MailServer::start().await;
    for number in 0..50 {
        write(app, JANE, &format!("Organization {number}")).await;
    }
    let worker = |app: TestApp, delivery: Delivery| async move {
        let mut all = 0;
        loop {
            let round = deliver(&app, &delivery).await;
            all += round.sent;
            if round == Round::default() {
                return all;
            }
        }
    };
    let workers = (0..4).map(|_| worker(app.clone(), server.delivery())).collect();
    assert_eq!(at_once(workers).await.iter().sum::<u64>(), 50);
    let ids: BTreeSet<_> = server.mails().iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!((server.mails().len(), ids.len()), (50, 50));
});

both!(mail_1_the_lease_of_a_dead_worker_is_taken_over, async |app| {
    let server = MailServer::start().await;
    let id = write(app, JANE, "Alpine Survey").await;
    let (now, until) = (app.ctx().now(), app.ctx().now().plus_millis(HOUR / 4));
    let claimed = app
        .db()
        .write(move |tx, _| Box::pin(async move { Ok::<_, Error>(outbox::claim(tx, now, until, 10).await?) }))
        .await
        .expect("a claim");
    assert_eq!(claimed.len(), 1);
    assert_eq!(deliver(app, &server.delivery()).await, Round::default(), "another is at it");
    app.tick(HOUR / 4 + 1);
    assert_eq!(deliver(app, &server.delivery()).await, sent(1));
    // The first worker was only slow. What it writes now changes nothing.
    let held = app
        .db()
        .write(move |tx, _| {
            Box::pin(async move { Ok::<_, Error>(outbox::update_unsent(tx, id, until, None, "late").await?) })
        })
        .await
        .expect("an answer");
    assert!(!held);
    assert_eq!(entry(app, id).await.state, MailState::Sent);
});

both!(mail_1_a_worker_that_is_killed_loses_nothing, async |app| {
    let server = MailServer::start().await;
    server.order([Fault::SlowGreeting(Duration::from_mins(1))]);
    write(app, JANE, "Alpine Survey").await;
    let (_go, stop) = watch::channel(false);
    let mut delivery = server.delivery();
    delivery.timeout = Duration::from_mins(1);
    let worker = tokio::spawn(run(app.ctx().clone(), delivery, stop));
    while server.conversations() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    worker.abort();
    assert!(worker.await.is_err());
    app.tick(HOUR);
    assert_eq!(deliver(app, &server.delivery()).await, sent(1));
    assert_eq!(server.mails().len(), 1);
});

both!(mail_1_a_rollback_sends_no_mail, async |app| {
    let ctx = app.ctx().clone();
    let refused = app
        .db()
        .write(move |tx, _| {
            let ctx = ctx.clone();
            Box::pin(async move {
                let message = EmailMessage::PasswordChanged { first_name: "Jane", public_url: ctx.public_url() };
                post(tx, &ctx, JANE, &message).await?;
                Err::<(), _>(Error::Internal("changed our mind".to_owned()))
            })
        })
        .await;
    assert!(refused.is_err());
    assert!(entries(app, None).await.is_empty());
});

both!(mail_1_fresh_mail_goes_out_at_once_and_the_worker_stops_when_asked, async |app| {
    let server = MailServer::start().await;
    let workers = workers::start(app.ctx(), Some(server.delivery()), 0);
    let stopper = workers.stopper();
    // After start-up the worker polls only every five seconds.
    tokio::time::sleep(Duration::from_millis(1_800)).await;
    // Each is written after the one before was sent. If the worker were not notified, this would take eight times five seconds.
    let start = tokio::time::Instant::now();
    for number in 0..8 {
        write(app, JANE, "Alpine Survey").await;
        while server.mails().len() == number {
            assert!(start.elapsed() < Duration::from_secs(30), "they do not go out at once");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    stopper.stop();
    tokio::time::timeout(Duration::from_mins(1), workers.ended()).await.expect("it stops");
    write(app, JANE, "Alpine Survey").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.mails().len(), 8);
});

both!(mail_1_a_worker_that_is_asked_to_stop_gives_back_what_it_did_not_try, async |app| {
    let server = MailServer::start().await;
    for number in 0..3 {
        write(app, JANE, &format!("Organization {number}")).await;
    }
    let (_go, stop) = watch::channel(true);
    let stopped = round(app.ctx(), &server.delivery(), &stop).await.expect("an answer");
    assert_eq!(stopped, Round { released: 3, ..Round::default() });
    assert_eq!(deliver(app, &server.delivery()).await, sent(3));
});

both!(mail_1_texts_and_traces_of_mail_are_forgotten_in_time, async |app| {
    let server = MailServer::start().await;
    server.order([Fault::RecipientNever]);
    let failed = write(app, JANE, "First").await;
    deliver(app, &server.delivery()).await;
    let waiting = write(app, JANE, "Second").await;
    app.later(29);
    workers::tidy(app.ctx()).await.expect("tidied");
    assert_eq!(entry(app, waiting).await.state, MailState::Waiting);
    app.later(2);
    workers::tidy(app.ctx()).await.expect("tidied");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM outbox WHERE text <> '' OR html <> ''").await, 0);
    let entry = entry(app, waiting).await;
    assert_eq!((entry.state, entry.last_error.as_deref()), (MailState::Failed, Some("It was not sent for too long.")));
    assert!(usecase::mail::retry(app.ctx(), failed).await.is_err(), "there is no text any more");
    app.later(60);
    workers::tidy(app.ctx()).await.expect("tidied");
    assert!(entries(app, None).await.is_empty());
});

both!(attack_26_a_name_stays_a_name_in_what_arrives, async |app| {
    let server = MailServer::start().await;
    write(
        app,
        JANE,
        "<b>Alpine</b>\r\nBcc: eve@example.com\r\n\r\n.\r\nMAIL FROM:<eve@example.com> \u{202E}https://evil.example",
    )
    .await;
    assert_eq!(deliver(app, &server.delivery()).await, sent(1));
    let mails = server.mails();
    assert_eq!((mails.len(), mails[0].to.as_slice()), (1, [JANE.to_owned()].as_slice()));
    assert!(mails[0].header("Subject").is_some());
    assert_eq!(mails[0].header("Bcc"), None);
    let text = mails[0].readable();
    let (_, html) = text.split_once("Content-Type: text/html").expect("two parts");
    assert!(!html.contains("<b>Alpine") && !text.contains("evil.example"), "{text}");
});

both!(mail_1_the_development_inbox_shows_mail_safely, async |app| {
    write(app, JANE, "<script>alert(1)</script>").await;
    let inbox = app.nobody().get("/dev/inbox.json").await.expect(200).json();
    let keys: BTreeSet<&str> = inbox[0].as_object().expect("a mail").keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(["at", "html", "subject", "text", "to"]));
    assert_eq!(inbox[0]["at"], Timestamp(crate::support::BEGINNING).rfc3339());
    let page = app.nobody().page("/dev/inbox").await.expect(200);
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert!(page.body.contains("<iframe sandbox=\"\""));
    assert!(page.body.contains("<a href=\"http://localhost:3000/invitations/secret-token\">"), "{}", page.body);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    // With a mail server, or where others reach the server, there is no such page.
    let settings = Settings {
        public_url: "http://localhost:3000".to_owned(),
        rate_limits: true,
        inbox: false,
        trusted_proxies: Vec::new(),
    };
    let router = router::router(app.ctx(), &settings, crate::support::site());
    for path in ["/dev/inbox", "/dev/inbox.json"] {
        let request = axum::http::Request::builder().uri(path).body(axum::body::Body::empty()).expect("a request");
        let answer = tower::ServiceExt::oneshot(router.clone(), request).await.expect("an answer");
        assert_eq!(answer.status(), 404, "{path}");
    }
});

both!(mail_1_rest_tells_what_became_of_the_mail_of_an_invitation, async |app| {
    let server = MailServer::start().await;
    server.order([Fault::RecipientNever]);
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.verify(&anna).await;
    // The mail of the sign-up has been sent.
    workers_empty(app).await;
    let path = format!("/api/v1/orgs/{}/invitations", org.org_id);
    let told = async || anna.get(&path).await.expect(200).json()["items"][0]["delivery"].clone();
    anna.invite(&org, JANE, "reader").await;
    assert_eq!(told().await, serde_json::json!({ "state": "waiting", "reason": null }));
    deliver(app, &server.delivery()).await;
    let failed = told().await;
    assert_eq!(failed["state"], "failed");
    assert!(failed["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{failed}");
    // Sent again, it is another mail.
    app.later(1);
    let id = anna.get(&path).await.json()["items"][0]["id"].as_str().expect("an id").to_owned();
    anna.post(&format!("{path}/{id}/resend"), &serde_json::json!({})).await.expect(200);
    assert_eq!(told().await["state"], "waiting");
    deliver(app, &server.delivery()).await;
    assert_eq!(told().await, serde_json::json!({ "state": "sent", "reason": null }));
});

/// Delivers all waiting mail to a server that accepts everything.
async fn workers_empty(app: &TestApp) {
    let server = MailServer::start().await;
    deliver(app, &server.delivery()).await;
}
