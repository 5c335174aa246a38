//! Accounts, and whose role counts in which of them.

use commonhold::{
    domain::{
        access::Level,
        account::stem,
        id::{AccountId, PersonId, ResourceId},
        permit::{found, operate},
        plan::{InUse, PlanTier, may_change_to},
        role::Role,
        search::SearchTerms,
        text::{Identifier, Name},
        transfer::Grantee,
    },
    server::{
        error::Error,
        store::{
            account, grant, invitation, licence,
            membership::{self, Cursor},
            organization, resource, search, subtree,
        },
    },
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    both,
    support::{Org, Person, TestApp, read},
};

/// One more account: its id and the root of its Drive.
async fn open(person: &Person, org: &Org, name: &str) -> (AccountId, ResourceId) {
    let body = json!({ "name": name });
    let made = person.post(&format!("/api/v1/orgs/{}/accounts", org.org_id), &body).await.expect(201).json();
    (read(&made["id"]), read(&made["root"]))
}

async fn limit(app: &TestApp, by: PersonId, org: &Org, person: PersonId, accounts: Option<Vec<AccountId>>) -> bool {
    let organization = org.id;
    app.db()
        .write(move |tx| {
            let accounts = accounts.clone();
            Box::pin(async move {
                let permit = found(by, organization);
                Ok::<_, Error>(account::update_limits(tx, &permit, person, accounts.as_deref()).await?)
            })
        })
        .await
        .expect("limited")
}

both!(acct_1_an_account_is_found_by_id_by_sharing_id_and_among_others, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (north, root) = open(&anna, &org, "North").await;
    let (by, id, now) = (anna.id, org.id, app.ctx().now());
    {
        let mut tx = app.db().read().await.expect("a connection");
        assert_eq!(account::count(&mut tx, id).await.expect("an answer"), 2);
        let one = account::find(&mut tx, north).await.expect("an answer").expect("it is there");
        assert_eq!((one.name.as_str(), one.account_id.as_str(), one.root), ("North", "north", root));
        assert!(account::find(&mut tx, AccountId(Uuid::nil())).await.expect("an answer").is_none());
        let by_sharing_id = account::find_by_sharing_id(&mut tx, "alpine-survey", "north").await.expect("an answer");
        assert_eq!(by_sharing_id.map(|one| one.id), Some(north));
        for (org_key, account_key) in [("alpine-survey", "south"), ("nobody", "north")] {
            assert!(account::find_by_sharing_id(&mut tx, org_key, account_key).await.expect("an answer").is_none());
        }
        let stem = stem(&Name::parse("North").expect("a name")).key();
        assert_eq!(account::list_taken_keys(&mut tx, id, &stem).await.expect("an answer"), ["north"]);
        let held = account::list_held(&mut tx, id).await.expect("an answer");
        assert!(held.len() == 2 && held.iter().all(|(_, held)| !held.in_drive && !held.in_trash));
    }
    let folder = anna.folder(root, "Gotthard").await;
    let trashed = anna.folder(root, "Old").await;
    anna.trash(trashed).await.expect(204);
    let mut tx = app.db().read().await.expect("a connection");
    let held = account::list_held(&mut tx, id).await.expect("an answer");
    let of_north = held.iter().find(|(one, _)| *one == north).expect("it is there").1;
    assert!(of_north.in_drive && of_north.in_trash);
    let tops = resource::list_tops(&mut tx, &[org.root, root], 10).await.expect("an answer");
    assert_eq!(tops.iter().map(|(id, _, _, account)| (*id, *account)).collect::<Vec<_>>(), [(folder, north)]);
    assert!(resource::list_tops(&mut tx, &[], 10).await.expect("an answer").is_empty());
    drop(tx);
    let (name, account_id) = (Name::parse("Süd").expect("a name"), Identifier::parse("South").expect("an id"));
    let changed = app
        .db()
        .write(move |tx| {
            let (name, account_id) = (name.clone(), account_id.clone());
            Box::pin(async move {
                let permit = found(by, id);
                let changed = account::update(tx, &permit, north, &name, &account_id).await?;
                let nobodys = account::update(tx, &permit, AccountId(Uuid::nil()), &name, &account_id).await?;
                organization::update_plan(tx, &may_change_to(id, PlanTier::Premier, InUse::default())?).await?;
                // From one account to the other, with what is below it.
                let moved = subtree::update_account(tx, &operate(by, id, folder), &[folder], org.account).await?;
                subtree::update_account(tx, &operate(by, id, folder), &[folder], north).await?;
                Ok::<_, Error>((changed, nobodys, moved))
            })
        })
        .await
        .expect("changed");
    assert_eq!(changed, (true, false, 1));
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(organization::find(&mut tx, id).await.expect("an answer").map(|one| one.plan), Some(PlanTier::Premier));
    assert!(account::find_by_sharing_id(&mut tx, "alpine-survey", "south").await.expect("an answer").is_some());
    drop(tx);
    anna.trash(folder).await.expect(204);
    for gone in [folder, trashed] {
        anna.delete_for_good(gone).await;
    }
    let ended = app
        .db()
        .write(move |tx| {
            Box::pin(async move {
                let gone = account::find(tx, north).await?.expect("it is there");
                let ended = licence::end_of_account(tx, north, now).await?;
                assert!(account::delete(tx, &found(by, id), &gone, now).await?);
                assert!(!account::delete(tx, &found(by, id), &gone, now).await?);
                Ok::<_, Error>(ended)
            })
        })
        .await
        .expect("deleted");
    assert_eq!(ended, 0, "it had no licences");
    let mut tx = app.db().read().await.expect("a connection");
    assert!(account::find(&mut tx, north).await.expect("an answer").is_none());
    assert!(account::find_by_sharing_id(&mut tx, "alpine-survey", "south").await.expect("an answer").is_none());
    assert_eq!(account::count(&mut tx, id).await.expect("an answer"), 1);
    drop(tx);
    app.healthy().await;
});

both!(acct_2_a_role_counts_where_it_is_not_limited_to_other_accounts, async |app| {
    let (anna, ed, max) = (app.person("Anna").await, app.person("Ed").await, app.person("Max").await);
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let (north, root) = open(&anna, &org, "North").await;
    app.join(&org, &ed, Role::Editor).await;
    app.join(&org, &max, Role::Manager).await;
    let (here, there) = (anna.folder(org.root, "Survey here").await, anna.folder(root, "Survey there").await);
    assert!(limit(app, anna.id, &org, ed.id, Some(vec![north])).await);
    assert!(limit(app, anna.id, &org, max.id, Some(vec![])).await);
    assert!(!limit(app, anna.id, &org, PersonId(Uuid::nil()), None).await, "nobody");
    let mut tx = app.db().read().await.expect("a connection");
    let role_in = membership::find_role_in(&mut tx, north, ed.id).await.expect("an answer");
    assert_eq!(role_in, Some(Role::Editor));
    assert_eq!(membership::find_role_in(&mut tx, org.account, ed.id).await.expect("an answer"), Some(Role::Member));
    assert_eq!(membership::find_limited(&mut tx, org.id, ed.id).await.expect("an answer"), Some(Role::Editor));
    assert_eq!(membership::find_limited(&mut tx, org.id, anna.id).await.expect("an answer"), None);
    // In what is of the organization as a whole, a limited Manager stands as an Editor.
    assert_eq!(membership::find_role(&mut tx, org.id, max.id).await.expect("an answer"), Some(Role::Editor));
    assert_eq!(membership::count_in_role(&mut tx, org.id, Role::Manager).await.expect("an answer"), 1);
    assert_eq!(account::count_limited(&mut tx, org.id).await.expect("an answer"), 2);
    let now = app.ctx().now();
    let waiting = invitation::count_pending_in_role(&mut tx, org.id, Role::Manager, now).await.expect("an answer");
    assert_eq!(waiting, 0);
    let mut roles = account::list_roles(&mut tx, org.id, ed.id).await.expect("an answer");
    roles.sort();
    assert_eq!(roles, [(org.account, Role::Member), (north, Role::Editor)]);
    let limits = account::list_limits(&mut tx, org.id, &[anna.id, ed.id, max.id]).await.expect("an answer");
    let of = |person| limits.iter().filter(|(one, _)| *one == person).map(|(_, account)| *account).collect::<Vec<_>>();
    assert_eq!((of(anna.id), of(ed.id), of(max.id)), (vec![], vec![Some(north)], vec![None]));
    let sees = |accounts: Vec<account::Account>| accounts.into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(sees(account::list_visible(&mut tx, org.id, ed.id).await.expect("an answer")), [north]);
    assert_eq!(sees(account::list_visible(&mut tx, org.id, max.id).await.expect("an answer")), []);
    assert_eq!(
        sees(account::list_of_person(&mut tx, anna.id, &[org.id]).await.expect("an answer")),
        [org.account, north]
    );
    assert_eq!(sees(account::list_of_person(&mut tx, ed.id, &[org.id]).await.expect("an answer")), [north]);
    let reaching = membership::list_reaching(&mut tx, org.id, org.account, &Cursor::start(false), 10).await;
    assert_eq!(reaching.expect("an answer").iter().map(|one| one.id).collect::<Vec<_>>(), [anna.id]);
    let mut counts = membership::count_by_role(&mut tx, org.id, org.account).await.expect("an answer");
    counts.sort();
    assert_eq!(counts, [(Role::Member, 2), (Role::Owner, 1)]);
    let between = membership::list_limited_between(&mut tx, org.id, &[north], org.account, 10).await;
    let between = between.expect("an answer");
    assert_eq!(between.iter().map(|one| (one.id, one.role)).collect::<Vec<_>>(), [(ed.id, Role::Editor)]);
    assert!(
        membership::list_limited_between(&mut tx, org.id, &[], org.account, 10).await.expect("an answer").is_empty()
    );
    let question = SearchTerms::parse("survey").expect("a word");
    let wanted = search::SearchFilter { question: &question, kind: None, status: None, after: None, limit: 10 };
    let (found, next) = search::list_in_accounts(&mut tx, org.id, &[north], &wanted).await.expect("an answer");
    assert_eq!((found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), next), (vec![there], None));
    assert!(search::list_in_accounts(&mut tx, org.id, &[], &wanted).await.expect("an answer").0.is_empty());
    assert!(!grant::any_shared_elsewhere(&mut tx, ed.id, org.id, &[north]).await.expect("an answer"));
    drop(tx);
    app.give(here, Grantee::Person(ed.id), Level::Reader, false).await;
    let mut tx = app.db().read().await.expect("a connection");
    assert!(grant::any_shared_elsewhere(&mut tx, ed.id, org.id, &[north]).await.expect("an answer"));
    assert!(!grant::any_shared_elsewhere(&mut tx, ed.id, org.id, &[north, org.account]).await.expect("an answer"));
    drop(tx);
    app.healthy().await;
});
