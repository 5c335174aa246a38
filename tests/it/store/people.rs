//! What Manage People and invitations ask of the store, on both databases.

use commonhold::{
    domain::{
        access::Level,
        id::{GrantId, InvitationId, MailId, PersonId, ResourceId},
        invitation::InvitationState,
        permit::{found, operate},
        role::Role,
        transfer::Grantee,
    },
    server::{
        error::Error,
        store::{
            Tx, grant, invitation,
            membership::{self, Cursor, PeopleFilter, Sort},
            organization, person, search, subtree,
        },
    },
};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::{
    both,
    support::{Org, Person, TestApp},
};

const NOBODY: Uuid = Uuid::from_u128(1);

/// One write.
async fn write<T: Send>(
    app: &TestApp,
    work: impl for<'t> FnMut(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send,
) -> Result<T, Error> {
    app.db().write(work).await
}

async fn team(app: &TestApp) -> (Person, Org, Vec<Person>) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let mut people = Vec::new();
    for (name, role) in [("Zoe", Role::Manager), ("Bert", Role::Reader), ("eva", Role::Reader), ("Chris", Role::Member)]
    {
        let one = app.person(name).await;
        app.join(&org, &one, role).await;
        people.push(one);
    }
    (anna, org, people)
}

both!(people_1_lists_are_sorted_filtered_searched_and_paged, async |app| {
    let (anna, org, people) = team(app).await;
    let mut tx = app.db().read().await.expect("a connection");
    let mut names = async |pattern: &str, role: Option<Role>, sort: Sort, descending: bool| {
        let (mut found, mut after) = (Vec::new(), Cursor::start(descending));
        loop {
            let wanted = PeopleFilter { pattern, role, sort, descending, after: &after, limit: 2 };
            let page = membership::list(&mut tx, org.id, &wanted).await.expect("an answer");
            let Some(last) = page.last() else { return found };
            let key = if sort == Sort::Email { last.email_key.clone() } else { last.name_key.clone() };
            after = Cursor { rank: membership::rank(last.role), key, id: last.id.0 };
            found.extend(page.into_iter().map(|member| member.name.split(' ').next().unwrap_or_default().to_owned()));
        }
    };
    let by_name = ["Anna", "Bert", "Chris", "eva", "Zoe"];
    let backwards: Vec<&str> = by_name.into_iter().rev().collect();
    assert_eq!(names("%", None, Sort::Name, false).await, by_name);
    assert_eq!(names("%", None, Sort::Name, true).await, backwards);
    assert_eq!(names("%", None, Sort::Email, false).await, by_name);
    assert_eq!(names("%", None, Sort::Email, true).await, backwards);
    assert_eq!(names("%", None, Sort::Role, false).await, ["Anna", "Zoe", "Bert", "eva", "Chris"]);
    assert_eq!(names("%", None, Sort::Role, true).await, ["Chris", "eva", "Bert", "Zoe", "Anna"]);
    assert_eq!(names("%", Some(Role::Reader), Sort::Name, false).await, ["Bert", "eva"]);
    assert_eq!(names("%eva%", None, Sort::Name, false).await, ["eva"]);
    assert!(names("%!%%", None, Sort::Name, false).await.is_empty(), "a percent sign is a letter like others");
    let ids = [people[0].id, anna.id, PersonId(NOBODY)];
    let mut found: Vec<PersonId> =
        membership::list_by_id(&mut tx, org.id, &ids).await.expect("an answer").iter().map(|one| one.id).collect();
    found.sort_unstable();
    assert_eq!(found, [anna.id, people[0].id]);
    let keys = [anna.email.clone(), "nobody@example.com".to_owned()];
    assert_eq!(membership::list_known(&mut tx, org.id, &keys).await.expect("an answer"), [anna.email.as_str()]);
    assert!(organization::find_space(&mut tx, anna.id).await.expect("an answer").is_some());
    drop(tx);
    let id = app.stranger("Nora").await.id;
    write(app, move |tx| Box::pin(async move { Ok(person::update_verified(tx, id).await?) })).await.expect("noted");
    let mut tx = app.db().read().await.expect("a connection");
    assert!(person::find(&mut tx, id).await.expect("an answer").is_some_and(|one| one.email_verified));
});

both!(people_9_externals_and_what_they_reach, async |app| {
    let (anna, org, people) = team(app).await;
    let other = anna.create_org("Tunnel North").await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let (fatima, at) = (app.person("Fatima").await, app.ctx().now());
    for who in [fatima.id, people[3].id] {
        let permit = operate(anna.id, org.id, folder);
        let grantee = Grantee::Person(who);
        let new = grant::NewGrant {
            id: GrantId(app.ctx().id()),
            resource: folder,
            grantee,
            level: Level::Reader,
            carried: false,
            at,
        };
        write(app, move |tx| Box::pin(async move { Ok(grant::upsert(tx, &permit, &new).await?) }))
            .await
            .expect("given");
    }
    let mut tx = app.db().read().await.expect("a connection");
    let externals = grant::list_externals(&mut tx, org.id, "%", 10).await.expect("an answer");
    assert_eq!(externals.iter().map(|one| (one.id, one.resources)).collect::<Vec<_>>(), [(fatima.id, 1)]);
    assert!(grant::list_externals(&mut tx, org.id, "%nobody%", 10).await.expect("an answer").is_empty());
    let reached = grant::list_reached(&mut tx, org.id, &[fatima.id], 10).await.expect("an answer");
    assert_eq!(reached, [(fatima.id, "Gotthard".to_owned(), Level::Reader)]);
    let mut shared = grant::list_people(&mut tx, &[folder, ResourceId(NOBODY)], 10).await.expect("an answer");
    shared.sort_unstable();
    assert_eq!(shared, [people[3].id, fatima.id]);
    assert_eq!(grant::list_known(&mut tx, org.id, &[fatima.id, anna.id]).await.expect("an answer"), [fatima.id]);
    drop(tx);
    // What crosses to another organization is theirs from then on.
    let permit = operate(anna.id, other.id, folder);
    let moved =
        write(app, move |tx| Box::pin(async move { Ok(subtree::update_grant_owner(tx, &permit, &[folder]).await?) }));
    assert_eq!(moved.await.expect("an answer"), 2);
    let permit = operate(anna.id, other.id, folder);
    let found = write(app, move |tx| Box::pin(async move { Ok(search::update_owner(tx, &permit, &[folder]).await?) }));
    assert!(found.await.expect("an answer") > 0);
    let mut tx = app.db().read().await.expect("a connection");
    assert!(grant::list_externals(&mut tx, org.id, "%", 10).await.expect("an answer").is_empty());
    assert_eq!(grant::list_externals(&mut tx, other.id, "%", 10).await.expect("an answer").len(), 2);
});

both!(people_3_invitations_are_listed_changed_renewed_and_counted, async |app| {
    let (anna, org, _) = team(app).await;
    let (id, by, now) = (org.id, anna.id, app.ctx().now());
    let mut made = Vec::new();
    for (email, name, days) in
        [("eve@example.com", Some("Eve"), 14), ("adam@example.com", None, 14), ("old@example.com", None, -1)]
    {
        let one = InvitationId(app.ctx().id());
        made.push(one);
        write(app, move |tx| {
            Box::pin(async move {
                let hash = format!("token of {email}");
                let new = invitation::NewInvitation {
                    id: one,
                    email,
                    email_key: email,
                    name,
                    role: Role::Member,
                    reach: Some((ResourceId(NOBODY), Level::Editor)),
                    accounts: None,
                    token_hash: &hash,
                    mail: MailId(one.0),
                    at: now,
                    expires_at: now.plus_days(days),
                };
                Ok(invitation::insert(tx, &found(by, id), &new).await?)
            })
        })
        .await
        .expect("an invitation");
    }
    let keys: Vec<String> = ["eve@example.com", "old@example.com", "x@example.com"].map(str::to_owned).to_vec();
    let mut tx = app.db().read().await.expect("a connection");
    let one = invitation::find(&mut tx, made[0]).await.expect("an answer").expect("it");
    assert_eq!((one.name.as_deref(), one.reach), (Some("Eve"), Some((ResourceId(NOBODY), Level::Editor))));
    assert!(invitation::find(&mut tx, InvitationId(NOBODY)).await.expect("an answer").is_none());
    assert_eq!(invitation::list_known(&mut tx, id, &keys, now).await.expect("an answer"), ["eve@example.com"]);
    assert_eq!(invitation::count_pending(&mut tx, id).await.expect("an answer"), 3);
    assert_eq!(invitation::count_sent_by(&mut tx, by, now.plus_days(-1)).await.expect("an answer"), 3);
    assert_eq!(invitation::count_sent_by(&mut tx, by, now.plus_days(1)).await.expect("an answer"), 0);
    assert_eq!(invitation::count_sent_of(&mut tx, id, now.plus_days(-1)).await.expect("an answer"), 3);
    assert_eq!(invitation::count_sent_of(&mut tx, id, now.plus_days(1)).await.expect("an answer"), 0);
    let mut counts = invitation::count_sent_to(&mut tx, &keys, now.plus_days(-1)).await.expect("an answer");
    counts.sort_unstable();
    assert_eq!(counts, [("eve@example.com".to_owned(), 1), ("old@example.com".to_owned(), 1)]);
    let waiting = invitation::list_waiting(&mut tx, "eve@example.com", now).await.expect("an answer");
    assert_eq!(waiting.iter().map(|one| one.organization.as_deref()).collect::<Vec<_>>(), [Some("Alpine Survey")]);
    assert!(invitation::list_waiting(&mut tx, "old@example.com", now).await.expect("an answer").is_empty());
    let rows =
        invitation::list(&mut tx, id, InvitationState::Pending, &Cursor::start(false), 2).await.expect("an answer");
    assert_eq!(
        rows.iter().map(|(row, _)| row.email.as_str()).collect::<Vec<_>>(),
        ["adam@example.com", "eve@example.com"]
    );
    let (row, key) = &rows[1];
    let after = Cursor { rank: 0, key: key.clone(), id: row.id.0 };
    assert_eq!(invitation::list(&mut tx, id, InvitationState::Pending, &after, 2).await.expect("an answer").len(), 1);
    for (sort, descending, first) in [
        (Sort::Name, false, "adam@example.com"),
        (Sort::Name, true, "old@example.com"),
        (Sort::Email, false, "adam@example.com"),
        (Sort::Email, true, "old@example.com"),
        (Sort::Role, false, "adam@example.com"),
    ] {
        let after = Cursor::start(descending);
        let wanted =
            PeopleFilter { pattern: "%", role: Some(Role::Member), sort, descending, after: &after, limit: 10 };
        let both = invitation::list_pending(&mut tx, id, &wanted, (true, true), now).await.expect("an answer");
        assert_eq!((both.len(), both[0].email.as_str()), (3, first));
        let late = invitation::list_pending(&mut tx, id, &wanted, (false, true), now).await.expect("an answer");
        assert_eq!(late.iter().map(|one| one.email.as_str()).collect::<Vec<_>>(), ["old@example.com"]);
    }
    drop(tx);
    let (first, third) = (made[0], made[2]);
    let changed = write(app, move |tx| {
        Box::pin(async move {
            let permit = found(by, id);
            let renewed = (now.plus_days(1), now.plus_days(15));
            Ok((
                invitation::update_link(tx, &permit, first, "another", MailId(NOBODY), renewed).await?,
                invitation::update_role(tx, &permit, first, Role::Editor).await?,
                invitation::revoke_expired(tx, &permit, &["old@example.com".to_owned()], now).await?,
                invitation::update_role(tx, &permit, third, Role::Editor).await?,
            ))
        })
    });
    assert_eq!(changed.await.expect("an answer"), (true, true, 1, false));
    let mut tx = app.db().read().await.expect("a connection");
    assert!(invitation::find_by_token(&mut tx, "token of eve@example.com").await.expect("an answer").is_none());
    let one = invitation::find_by_token(&mut tx, "another").await.expect("an answer").expect("it");
    assert_eq!((one.role, one.reach, one.expires_at), (Role::Editor, None, now.plus_days(15)));
    let old = invitation::find(&mut tx, third).await.expect("an answer").expect("it");
    assert_eq!(old.state, InvitationState::Revoked);
});
