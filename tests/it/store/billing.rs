//! Billing contacts, requests, keys of the operator, and what waits for credits.

use commonhold::{
    domain::{
        billing::{Contact, ContactForm, RequestForm, RequestState, RequestedLicence},
        id::{AccountId, ContactId, OperatorKeyId, OrganizationId, PersonId, RequestId},
        permit::found,
        resource::DatasetStatus,
    },
    server::{
        error::Error,
        store::{Tx, billing_contact, operator_key, purchase_request, waiting},
    },
};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::{both, support::TestApp};

const NOBODY: Uuid = Uuid::from_u128(1);

async fn write<T: Send>(
    app: &TestApp,
    work: impl for<'t> FnMut(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send,
) -> Result<T, Error> {
    app.db().write(work).await
}

fn contact(name: &str, email: &str) -> Contact {
    let form = ContactForm { name: name.to_owned(), email: email.to_owned(), phone: String::new() };
    Contact::parse(&form).expect("a contact")
}

both!(org_4_contacts_are_added_found_changed_and_deleted_in_their_organization_only, async |app| {
    let anna = app.person("Anna").await;
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let (permit, foreign, at) = (found(anna.id, org.id), found(anna.id, other.id), app.ctx().now());
    let (id, second) = (ContactId(app.ctx().id()), ContactId(app.ctx().id()));
    let made = write(app, move |tx| {
        Box::pin(async move {
            billing_contact::insert(tx, &permit, id, &contact("Lena", "Lena@example.com"), at).await?;
            billing_contact::insert(tx, &permit, second, &contact("Otto", "otto@example.com"), at).await?;
            Ok((
                billing_contact::update(tx, &foreign, id, &contact("Eve", "eve@example.com")).await?,
                billing_contact::delete(tx, &foreign, id).await?,
                billing_contact::update(tx, &permit, id, &contact("Lena Lag", "lena@example.com")).await?,
                billing_contact::delete(tx, &permit, ContactId(NOBODY)).await?,
            ))
        })
    });
    assert_eq!(made.await.expect("an answer"), (false, false, true, false));
    let twice = write(app, move |tx| {
        Box::pin(async move {
            let id = ContactId(NOBODY);
            Ok(billing_contact::insert(tx, &permit, id, &contact("Other", "LENA@example.com"), at).await?)
        })
    });
    assert!(twice.await.expect_err("taken").is_taken());
    let mut tx = app.db().read().await.expect("a connection");
    let names: Vec<String> = billing_contact::list(&mut tx, org.id)
        .await
        .expect("an answer")
        .into_iter()
        .map(|contact| contact.name)
        .collect();
    assert_eq!(names, ["Lena Lag", "Otto"]);
    assert!(billing_contact::list(&mut tx, other.id).await.expect("an answer").is_empty());
    assert!(billing_contact::find(&mut tx, other.id, id).await.expect("an answer").is_none());
    assert_eq!(billing_contact::find(&mut tx, org.id, id).await.expect("an answer").map(|found| found.id), Some(id));
    let by_email = billing_contact::find_by_email(&mut tx, org.id, "lena@example.com").await.expect("an answer");
    assert_eq!(by_email, Some(id));
    drop(tx);
    let gone = write(app, move |tx| Box::pin(async move { Ok(billing_contact::delete(tx, &permit, id).await?) }));
    assert!(gone.await.expect("an answer"));
});

both!(org_8_requests_are_listed_newest_first_counted_and_closed_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (permit, at) = (found(anna.id, org.id), app.ctx().now());
    let form = RequestForm {
        product: "cloud".to_owned(),
        contact_name: "Anna".to_owned(),
        contact_email: "anna@example.com".to_owned(),
        ..RequestForm::default()
    };
    let wanted = RequestedLicence::parse(&form).expect("a request");
    let ids: Vec<RequestId> = (0..3).map(|_| RequestId(app.ctx().id())).collect();
    let made = ids.clone();
    let closed = write(app, move |tx| {
        let (wanted, ids) = (wanted.clone(), made.clone());
        Box::pin(async move {
            for id in &ids {
                purchase_request::insert(tx, &permit, *id, "Anna Muster", &wanted, at).await?;
            }
            let answered = RequestState::Answered;
            Ok((
                purchase_request::update_closed(tx, ids[0], answered, Some("Yes."), at).await?,
                purchase_request::update_closed(tx, ids[0], RequestState::Declined, None, at).await?,
            ))
        })
    });
    assert_eq!(closed.await.expect("an answer"), (true, false));
    let mut tx = app.db().read().await.expect("a connection");
    let found = purchase_request::find(&mut tx, ids[0]).await.expect("an answer").expect("it");
    assert_eq!((found.state, found.answer.as_deref()), (RequestState::Answered, Some("Yes.")));
    assert!(purchase_request::find(&mut tx, RequestId(NOBODY)).await.expect("an answer").is_none());
    let listed = purchase_request::list(&mut tx, org.id, None, 2).await.expect("an answer");
    assert_eq!(listed.iter().map(|request| request.id).collect::<Vec<_>>(), [ids[2], ids[1]]);
    let behind = purchase_request::list(&mut tx, org.id, Some(ids[1]), 2).await.expect("an answer");
    assert_eq!(behind.iter().map(|request| request.id).collect::<Vec<_>>(), [ids[0]]);
    let open = purchase_request::list_all(&mut tx, Some(RequestState::Open), None, 10).await.expect("an answer");
    let all = purchase_request::list_all(&mut tx, None, Some(ids[2]), 10).await.expect("an answer");
    assert_eq!((open.len(), all.len()), (2, 2));
    let counted = async |tx: &mut Tx, organization, person, since| {
        purchase_request::count_since(tx, organization, person, since).await.expect("an answer")
    };
    let before = at.plus_millis(-1);
    assert_eq!(counted(&mut tx, org.id, anna.id, before).await, (3, 3));
    assert_eq!(counted(&mut tx, org.id, PersonId(NOBODY), before).await, (3, 0));
    assert_eq!(counted(&mut tx, OrganizationId(NOBODY), anna.id, at).await, (0, 0));
});

both!(operator_keys_are_found_used_and_revoked_once, async |app| {
    let (id, at) = (OperatorKeyId(app.ctx().id()), app.ctx().now());
    let ended = write(app, move |tx| {
        Box::pin(async move {
            operator_key::insert(tx, id, "billing", "digest", at).await?;
            operator_key::update_used(tx, id, at).await?;
            Ok((
                operator_key::update_revoked(tx, id, at).await?,
                operator_key::update_revoked(tx, id, at).await?,
                operator_key::update_revoked(tx, OperatorKeyId(NOBODY), at).await?,
            ))
        })
    });
    assert_eq!(ended.await.expect("an answer"), (true, false, false));
    let mut tx = app.db().read().await.expect("a connection");
    let key = operator_key::find(&mut tx, id).await.expect("an answer").expect("it");
    assert_eq!((key.last_used_at, key.revoked_at, key.key_hash.as_str()), (Some(at), Some(at), "digest"));
    assert!(operator_key::find(&mut tx, OperatorKeyId(NOBODY)).await.expect("an answer").is_none());
    assert_eq!(operator_key::list(&mut tx, None, 10).await.expect("an answer"), [key]);
    assert!(operator_key::list(&mut tx, Some(id), 10).await.expect("an answer").is_empty());
});

both!(lic_2_what_waits_is_listed_by_how_long_and_not_from_the_trash, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let mut ids = Vec::new();
    for (name, images) in [("First", 10), ("Second", 5_000), ("Third", 20), ("Gone", 1)] {
        let id = anna.dataset(org.root, name, images).await;
        assert_eq!(app.set_status(id, DatasetStatus::Queued).await.status, DatasetStatus::WaitingForCredits);
        app.tick(1_000);
        ids.push(id);
    }
    // What it is called says nothing about how long it waits, and asking again does not begin anew.
    anna.rename(ids[0], "Renamed").await.expect(200);
    app.set_status(ids[0], DatasetStatus::Queued).await;
    anna.post(&format!("/api/v1/resources/{}/trash", ids[3]), &serde_json::json!({})).await.expect(204);
    let mut tx = app.db().read().await.expect("a connection");
    let listed = waiting::list(&mut tx, org.account, 100, 10).await.expect("an answer");
    assert_eq!(listed.iter().map(|dataset| dataset.name.as_str()).collect::<Vec<_>>(), ["Renamed", "Third"]);
    assert_eq!(waiting::list(&mut tx, org.account, i64::MAX, 2).await.expect("an answer").len(), 2);
    assert_eq!(waiting::find_account(&mut tx, None).await.expect("an answer"), Some(org.account));
    assert_eq!(waiting::find_account(&mut tx, Some(org.account)).await.expect("an answer"), None);
    assert!(waiting::list(&mut tx, AccountId(NOBODY), 100, 10).await.expect("an answer").is_empty());
    drop(tx);
    app.set_status(ids[0], DatasetStatus::Draft).await;
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(waiting::list(&mut tx, org.account, 100, 10).await.expect("an answer").len(), 1);
    drop(tx);
    app.healthy().await;
});
