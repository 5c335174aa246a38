//! The tables behind My account: sessions, single-use links, what is a person's own.

use commonhold::{
    domain::{
        access::Level,
        id::{OneTimeLinkId, OrganizationId, PersonId, SessionId},
        one_time_link::Purpose,
        permit::found,
        profile::own,
        role::Role,
        time::Timestamp,
        transfer::Grantee,
    },
    server::{
        context::digest,
        error::Error,
        store::{
            Tx, audit, grant, invitation, kept_form, membership, one_time_link, organization, person, resource, session,
        },
    },
};
use futures::future::BoxFuture;
use tower_sessions::{
    SessionStore,
    cookie::time::{Duration, OffsetDateTime},
    session::{Id, Record},
};
use uuid::Uuid;

use crate::{both, support::TestApp};

const NOBODY: PersonId = PersonId(Uuid::from_u128(1));

async fn write<T: Send>(
    app: &TestApp,
    work: impl for<'t> FnMut(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send,
) -> T {
    app.db().write(work).await.expect("it is written")
}

both!(session_listed_touched_when_due_and_ended_by_its_person, async |app| {
    let anna = app.person("Anna").await;
    let store = session::Sessions::new(app.db().clone());
    let now = app.ctx().now();
    let mut record = Record {
        id: Id(-42),
        data: std::collections::HashMap::new(),
        expiry_date: OffsetDateTime::now_utc() + Duration::days(1),
    };
    for (name, value) in [
        (session::PERSON, serde_json::json!(anna.id)),
        (session::DEVICE, serde_json::json!("Firefox on Linux")),
        (session::ADDRESS, serde_json::json!("192.0.2.1")),
        (session::SEEN, serde_json::json!(now.0 + 1)),
    ] {
        record.data.insert(name.to_owned(), value);
    }
    store.create(&mut record).await.expect("created");
    let loaded = store.load(&record.id).await.expect("an answer").expect("it");
    assert_eq!(loaded.data, record.data, "when it was seen comes from its column");
    let key = session::key(record.id);
    let list = async |now: Timestamp, limit: i64| {
        let mut tx = app.db().read().await.expect("a connection");
        session::list_of_person(&mut tx, anna.id, Some(&key), now, limit).await.expect("an answer")
    };
    let all = list(now, 10).await;
    assert_eq!(all.len(), 2);
    assert_eq!(
        (all[0].device.as_str(), all[0].address.as_deref(), all[0].current),
        ("Firefox on Linux", Some("192.0.2.1"), true)
    );
    assert_eq!(all[0].last_seen, now.plus_millis(1), "the one used last first");
    assert_eq!(list(now, 1).await.len(), 1);
    // By the session library's own clock, which is not the frozen one.
    let after = Timestamp(record.expiry_date.unix_timestamp() * 1_000).plus_days(1);
    assert!(list(after, 10).await.iter().all(|one| one.device != "Firefox on Linux"), "expired ones are none");
    let touch = async |at: Timestamp, not_since: Timestamp| {
        let how = session::Use {
            person: anna.id,
            device: "Edge on Windows".to_owned(),
            address: None,
            at,
            not_since,
            expires_at: at.plus_days(14),
        };
        write(app, move |tx| {
            let how = how.clone();
            Box::pin(async move { Ok(session::touch(tx, Id(-42), &how).await?) })
        })
        .await
    };
    assert!(!touch(now.plus_millis(60_000), now).await, "another request was faster");
    assert!(touch(now.plus_millis(60_000), now.plus_millis(1)).await);
    let all = list(now, 10).await;
    assert_eq!(
        (all[0].device.as_str(), all[0].last_seen, &all[0].address),
        ("Edge on Windows", now.plus_millis(60_000), &None)
    );
    let id = all[0].id;
    let delete = async |person: PersonId, id: SessionId| {
        write(app, move |tx| Box::pin(async move { Ok(session::delete(tx, person, id).await?) })).await
    };
    assert!(!delete(NOBODY, id).await, "of somebody else");
    assert!(delete(anna.id, id).await);
    assert!(!delete(anna.id, id).await, "once");
    let mine = anna.id;
    let ended = async |except: Option<&'static str>| {
        write(app, move |tx| Box::pin(async move { Ok(session::delete_of_person(tx, mine, except).await?) })).await
    };
    assert_eq!(ended(Some("nonsense")).await, 1);
    assert_eq!(ended(None).await, 0);
});

both!(one_time_link_added_found_used_once_expired_and_forgotten, async |app| {
    let anna = app.person("Anna").await;
    let (id, person, now) = (OneTimeLinkId(app.ctx().id()), anna.id, app.ctx().now());
    write(app, move |tx| {
        Box::pin(async move {
            let new = one_time_link::NewLink {
                id,
                person,
                purpose: Purpose::ResetPassword,
                token_hash: &digest(b"token"),
                email: "Anna@example.com",
                at: now,
            };
            Ok(one_time_link::insert(tx, &new).await?)
        })
    })
    .await;
    let find = async |token: &[u8]| {
        let mut tx = app.db().read().await.expect("a connection");
        one_time_link::find(&mut tx, &digest(token)).await.expect("an answer")
    };
    let link = find(b"token").await.expect("it");
    assert_eq!((link.id, link.person, link.purpose, link.used_at), (id, person, Purpose::ResetPassword, None));
    assert_eq!((link.email.as_str(), link.expires_at), ("Anna@example.com", now.plus_millis(3_600_000)));
    assert!(find(b"nonsense").await.is_none());
    let mut tx = app.db().read().await.expect("a connection");
    let mut open =
        async |purpose, at| one_time_link::find_open(&mut tx, person, purpose, at).await.expect("an answer").is_some();
    assert!(open(Purpose::ResetPassword, now).await);
    assert!(!open(Purpose::ResetPassword, link.expires_at).await);
    assert!(!open(Purpose::SetPassword, now).await);
    let mut sent = async |since| {
        one_time_link::list_sent(&mut tx, person, Purpose::ResetPassword, since).await.expect("an answer")
    };
    assert_eq!(sent(now.plus_millis(-1)).await, [now]);
    assert_eq!(sent(now).await, []);
    drop(tx);
    let using = async || {
        write(app, move |tx| Box::pin(async move { Ok(one_time_link::update_used(tx, id, now).await?) })).await
    };
    assert!(using().await);
    assert!(!using().await, "once");
    // The one that Anna was sent at sign-up is still open.
    let expire = |purpose: Purpose| {
        write(app, move |tx| {
            Box::pin(async move { Ok(one_time_link::update_expired(tx, person, purpose, now).await?) })
        })
    };
    expire(Purpose::ResetPassword).await;
    assert_eq!(find(b"token").await.expect("it").expires_at, link.expires_at, "a used one stays as it is");
    expire(Purpose::VerifyEmail).await;
    let forgotten = async |moment: Timestamp| {
        write(app, move |tx| Box::pin(async move { Ok(one_time_link::delete_expired_before(tx, moment).await?) })).await
    };
    assert_eq!(forgotten(now).await, 0);
    assert_eq!(forgotten(now.plus_millis(1)).await, 1);
    let gone = write(app, move |tx| Box::pin(async move { Ok(one_time_link::delete_of_person(tx, person).await?) }));
    assert_eq!(gone.await, 1);
});

both!(person_profile_changed_and_anonymized, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (id, organization) = (anna.id, org.id);
    let profile = async || {
        let mut tx = app.db().read().await.expect("a connection");
        person::find_profile(&mut tx, id).await.expect("an answer")
    };
    let landing = async || {
        let mut tx = app.db().read().await.expect("a connection");
        person::find_default_org_id(&mut tx, id).await.expect("an answer")
    };
    assert_eq!(profile().await.expect("Anna").allows_product_news, None, "never asked");
    assert_eq!(landing().await, None);
    write(app, move |tx| {
        Box::pin(async move {
            person::update_name(tx, &own(id), "Änna", "Berg").await?;
            person::update_email(tx, &own(id), "New@Example.com", "new@example.com").await?;
            person::update_verified(tx, id).await?;
            person::update_password(tx, id, "hash").await?;
            person::update_preferences(tx, id, "de", "us-east", Some(organization)).await?;
            person::update_consents(tx, id, true, false).await?;
            Ok(())
        })
    })
    .await;
    let after = profile().await.expect("Anna");
    assert_eq!(
        (after.language.as_str(), after.cluster.as_str(), after.password_hash.as_str()),
        ("de", "us-east", "hash")
    );
    assert_eq!((after.allows_usage_statistics, after.allows_product_news), (Some(true), Some(false)));
    assert_eq!(landing().await.as_deref(), Some("alpine-survey"));
    let copied = "SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE name_search = 'anna berg' AND email_key = 'new@example.com'";
    assert_eq!(app.count(copied).await, 2);
    let john = app.person("John").await;
    let (email, other) = (john.email.clone(), john.id);
    let taken = app.db().write(move |tx| {
        let email = email.clone();
        Box::pin(async move { Ok::<_, Error>(person::update_email(tx, &own(id), &email, &email).await?) })
    });
    assert!(taken.await.expect_err("taken").is_taken());
    let now = app.ctx().now();
    for gone in [id, other] {
        write(app, move |tx| Box::pin(async move { Ok(person::anonymize(tx, &own(gone), now).await?) })).await;
    }
    assert!(profile().await.is_none());
    assert_eq!(
        app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM person WHERE email = '' AND password_hash = ''").await,
        2
    );
});

both!(what_is_ones_own_is_listed_in_pages_and_deleted, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let foreign = john.create_org("Tunnel North").await;
    let folder = anna.folder(org.root, "A").await;
    anna.folder(folder, "B").await;
    let shared = john.folder(foreign.root, "Shared").await;
    app.give(shared, Grantee::Person(anna.id), Level::Reader, false).await;
    let id = anna.id;
    let mut tx = app.db().read().await.expect("a connection");
    let mine = membership::list_own(&mut tx, id, 10).await.expect("an answer");
    assert_eq!(
        mine.iter().map(|one| (one.personal, one.role, one.deleted)).collect::<Vec<_>>(),
        [(true, Role::Owner, false), (false, Role::Owner, false)]
    );
    assert_eq!(membership::list_own(&mut tx, id, 1).await.expect("an answer").len(), 1);
    let first = resource::list_own(&mut tx, id, Uuid::nil(), 1).await.expect("an answer");
    assert_eq!((first.len(), first[0].name.as_str()), (1, "A"));
    let second = resource::list_own(&mut tx, id, first[0].id, 10).await.expect("an answer");
    assert_eq!(second.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["B"]);
    let grants = grant::list_own(&mut tx, id, Uuid::nil(), 10).await.expect("an answer");
    assert_eq!((grants.len(), grants[0].resource.as_str(), grants[0].level.as_str()), (1, "Shared", "reader"));
    assert!(grant::list_own(&mut tx, id, grants[0].id, 10).await.expect("an answer").is_empty());
    let lines = audit::list_own(&mut tx, id, Uuid::nil(), 100).await.expect("an answer");
    assert!(lines.len() >= 4 && lines[0].action == "organization.created", "{lines:?}");
    assert!(resource::any_in(&mut tx, org.id).await.expect("an answer"));
    drop(tx);
    let (organization, space, now) = (org.id, mine[0].organization, app.ctx().now());
    let (deleted, ended) = write(app, move |tx| {
        Box::pin(async move {
            let deleted = resource::delete_all(tx, &found(id, organization)).await?;
            Ok((deleted, grant::delete_own(tx, &own(id)).await?))
        })
    })
    .await;
    assert_eq!((deleted, ended), (2, 1));
    let mut tx = app.db().read().await.expect("a connection");
    assert!(!resource::any_in(&mut tx, org.id).await.expect("an answer"));
    drop(tx);
    app.corrupt(
        "INSERT INTO audit (id, actor_id, actor_name, action, summary, at) SELECT id, id, 'x', 'x', 'x', 1 FROM person",
    )
    .await;
    let gone = write(app, move |tx| Box::pin(async move { Ok(audit::delete_personal(tx, &own(id)).await?) })).await;
    assert_eq!(gone, 1, "the lines in organizations' logs stay, and others'");
    write(app, move |tx| Box::pin(async move { Ok(organization::close_space(tx, &found(id, space), now).await?) }))
        .await;
    let mut tx = app.db().read().await.expect("a connection");
    let closed = organization::find(&mut tx, space).await.expect("an answer");
    assert!(closed.is_none_or(|closed| closed.space_of.is_none()
        && !closed.name.contains("Anna")
        && !closed.org_id.contains("anna")));
    assert!(membership::list_own(&mut tx, id, 10).await.expect("an answer")[0].deleted);
    drop(tx);
    app.healthy().await;
});

both!(invitation_sent_to_an_address_listed_and_forgotten, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (id, by, organization, at): (_, _, OrganizationId, _) = (app.ctx().id(), anna.id, org.id, app.ctx().now());
    write(app, move |tx| {
        Box::pin(async move {
            let new = invitation::NewInvitation {
                id: commonhold::domain::id::InvitationId(id),
                email: "John@example.com",
                email_key: "john@example.com",
                name: None,
                role: Role::Reader,
                reach: None,
                accounts: None,
                token_hash: "hash",
                mail: commonhold::domain::id::MailId(id),
                at,
                expires_at: at.plus_days(14),
            };
            Ok(invitation::insert(tx, &found(by, organization), &new).await?)
        })
    })
    .await;
    let mut tx = app.db().read().await.expect("a connection");
    let sent = invitation::list_sent_to(&mut tx, "john@example.com", 10).await.expect("an answer");
    assert_eq!((sent.len(), sent[0].organization.as_str(), sent[0].state.as_str()), (1, "Alpine Survey", "pending"));
    assert!(invitation::list_sent_to(&mut tx, "nobody", 10).await.expect("an answer").is_empty());
    drop(tx);
    let gone = write(app, |tx| Box::pin(async move { Ok(invitation::delete_sent_to(tx, "john@example.com").await?) }));
    assert_eq!(gone.await, 1);
});

both!(a_kept_form_is_one_for_each_person_taken_once_and_forgotten_in_time, async |app| {
    let (anna, john) = (app.person("Anna").await.id, app.person("John").await.id);
    let now = app.ctx().now();
    let later = now.plus_millis(60_000);
    for (person, data) in [(anna, "first"), (anna, "second"), (john, "johns")] {
        write(app, move |tx| Box::pin(async move { Ok(kept_form::upsert(tx, person, data, later).await?) })).await;
    }
    let take = async |person: PersonId, at: Timestamp| {
        write(app, move |tx| Box::pin(async move { Ok(kept_form::take(tx, person, at).await?) })).await
    };
    assert_eq!(take(anna, now).await.as_deref(), Some("second"), "in place of the one before");
    assert_eq!(take(anna, now).await, None, "once");
    assert_eq!(take(NOBODY, now).await, None);
    let forget = async |at: Timestamp| {
        write(app, move |tx| Box::pin(async move { Ok(kept_form::delete_expired(tx, at).await?) })).await
    };
    assert_eq!(forget(now).await, 0);
    assert_eq!(forget(later).await, 1);
    write(app, move |tx| Box::pin(async move { Ok(kept_form::upsert(tx, anna, "late", later).await?) })).await;
    assert_eq!(take(anna, later).await, None, "too late");
});

both!(a_session_at_an_address_is_known_until_it_expires, async |app| {
    let anna = app.person("Anna").await.id;
    let (store, now) = (session::Sessions::new(app.db().clone()), app.ctx().now());
    let expiry_date = OffsetDateTime::now_utc() + Duration::days(1);
    let data = [
        (session::PERSON.to_owned(), serde_json::json!(anna)),
        (session::ADDRESS.to_owned(), serde_json::json!("192.0.2.1")),
    ];
    let mut record = Record { id: Id::default(), data: data.into_iter().collect(), expiry_date };
    store.create(&mut record).await.expect("kept");
    let mut tx = app.db().read().await.expect("a connection");
    for (person, address, at, known) in [
        (anna, "192.0.2.1", now, true),
        (anna, "192.0.2.2", now, false),
        (anna, "", now, false),
        (NOBODY, "192.0.2.1", now, false),
        (anna, "192.0.2.1", now.plus_days(1_000), false),
    ] {
        assert_eq!(session::has_at(&mut tx, person, address, at).await.expect("an answer"), known, "{address} {at:?}");
    }
});
