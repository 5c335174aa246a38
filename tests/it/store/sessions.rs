//! How sessions are kept: under a digest, until they expire or end, and never brought back.

use commonhold::{
    domain::{id::PersonId, refusal::Refusal, time::Timestamp},
    server::{
        error::Error,
        store::{
            fault::{Fault, striking},
            session,
        },
    },
};
use tower_sessions::{
    SessionStore,
    cookie::time::{Duration, OffsetDateTime},
    session::{Id, Record},
};

use crate::both;

/// A session that expires in so many days, by the session library's own clock.
fn record(id: i128, person: Option<PersonId>, days: i64) -> Record {
    let expiry_date = OffsetDateTime::now_utc() + Duration::days(days);
    let data = person.map(|person| (session::PERSON.to_owned(), serde_json::json!(person)));
    Record { id: Id(id), data: data.into_iter().collect(), expiry_date }
}

both!(attack_30_a_session_is_kept_until_it_expires_or_ends_and_is_not_brought_back, async |app| {
    let store = session::Sessions::new(app.db().clone());
    let anna = app.person("Anna").await;
    let mut record = record(-42, Some(anna.id), 1);
    store.create(&mut record).await.expect("created");
    let mut loaded = store.load(&record.id).await.expect("an answer").expect("the session");
    assert!(loaded.data.remove(session::SEEN).is_some(), "when it was used comes from its column");
    assert_eq!(loaded.data, record.data);
    assert!(store.load(&Id(43)).await.expect("an answer").is_none());
    let person_of = async |id: i128| {
        let mut tx = app.db().read().await.expect("a connection");
        session::find_person(&mut tx, Id(id)).await.expect("an answer").map(|(person, _)| person.id)
    };
    assert_eq!((person_of(-42).await, person_of(43).await), (Some(anna.id), None));
    record.data.insert("flash".to_owned(), serde_json::json!("ä"));
    store.save(&record).await.expect("saved");
    assert_eq!(store.load(&record.id).await.expect("an answer").expect("the session").data.len(), 3);
    // A request that was under way when the session ended does not bring it back.
    store.delete(&record.id).await.expect("ended");
    store.save(&record).await.expect("an answer");
    assert!(store.load(&record.id).await.expect("an answer").is_none());
    assert_eq!(person_of(-42).await, None);
    store.delete(&record.id).await.expect("ended twice");
    let mut expired = self::record(44, Some(anna.id), -1);
    store.create(&mut expired).await.expect("created");
    assert!(store.load(&expired.id).await.expect("an answer").is_none());
    assert_eq!(person_of(44).await, None);
    let now = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    let now = Timestamp(i64::try_from(now).expect("a moment"));
    let gone =
        app.db().write(move |tx, _| Box::pin(async move { Ok::<_, Error>(session::delete_expired(tx, now).await?) }));
    assert_eq!(gone.await.expect("an answer"), 1);
    anna.get("/api/v1/me").await.expect(200);
});

both!(auth_4_of_two_requests_at_once_one_notes_that_a_session_was_used, async |app| {
    let anna = app.person("Anna").await;
    let store = session::Sessions::new(app.db().clone());
    let now = app.ctx().now();
    let mut record = record(-42, Some(anna.id), 1);
    record.data.insert(session::SEEN.to_owned(), serde_json::json!(now.0 + 1));
    store.create(&mut record).await.expect("created");
    let touch = async |not_since: Timestamp| {
        let at = now.plus_millis(60_000);
        let (device, expires_at) = ("Edge on Windows".to_owned(), at.plus_days(14));
        let how = session::Use { person: anna.id, device, address: None, at, not_since, expires_at };
        let work = app.db().write(move |tx, _| {
            let how = how.clone();
            Box::pin(async move { Ok::<_, Error>(session::touch(tx, Id(-42), &how).await?) })
        });
        work.await.expect("an answer")
    };
    assert!(!touch(now).await, "another request was faster");
    assert!(touch(now.plus_millis(1)).await);
});

both!(attack_56_a_session_that_cannot_be_stored_is_an_outage, async |app| {
    let store = session::Sessions::new(app.db().clone());
    let mut record = record(-43, None, 1);
    let ((kept, away), struck) = striking(0, Fault::Gone, session::noticing(store.create(&mut record))).await;
    assert!(struck && kept.is_err());
    assert_eq!(away, Some(Refusal::Unavailable));
    let error = tower_sessions::session::Error::Store(kept.expect_err("it failed"));
    assert_eq!(session::later(&error), Some(Refusal::Unavailable));
    let (kept, away) = session::noticing(store.create(&mut record)).await;
    assert!(kept.is_ok() && away.is_none());
});
