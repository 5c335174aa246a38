//! One story per table: adding, finding, listing, changing; what is unknown, taken, too much or too late.

use std::collections::BTreeSet;

use commonhold::{
    domain::{
        access::Level,
        id::{
            AccountId, AuditId, EntryId, GrantId, InvitationId, LicenceId, MailId, OrganizationId, PersonId,
            ResourceId, TransferId,
        },
        invitation::InvitationState,
        legal::LegalInformation,
        licence::{Amount, EntryKind, Product},
        mail,
        organization::{OrganizationDetails, OrganizationKind},
        people_visibility::PeopleVisibility,
        permit::{found, operate},
        plan::PlanTier,
        refusal::Refusal,
        resource::Kind,
        role::Role,
        time::Timestamp,
        transfer::Grantee,
    },
    server::{
        error::Error,
        store::{
            DbError, Tx, account, audit, grant, health, idempotency, invitation, licence, membership, organization,
            outbox, person, resource, session, transfer,
        },
        usecase,
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

const NOBODY: Uuid = Uuid::from_u128(1);

/// One write.
async fn write<T: Send>(
    app: &TestApp,
    work: impl for<'t> FnMut(&'t mut Tx) -> BoxFuture<'t, Result<T, Error>> + Send,
) -> Result<T, Error> {
    app.db().write(work).await
}

both!(person_by_id_by_email_and_email_taken_regardless_of_case, async |app| {
    let mut tx = app.db().read().await.expect("a connection");
    assert!(!person::any(&mut tx).await.expect("an answer"));
    drop(tx);
    let anna = app.person("Anna").await;
    let mut tx = app.db().read().await.expect("a connection");
    assert!(person::any(&mut tx).await.expect("an answer"));
    assert_eq!(person::find(&mut tx, anna.id).await.expect("an answer").expect("Anna").email, anna.email);
    assert!(person::find(&mut tx, PersonId(NOBODY)).await.expect("an answer").is_none());
    assert_eq!(person::find_by_email(&mut tx, &anna.email).await.expect("an answer").map(|p| p.id), Some(anna.id));
    assert!(person::find_by_email(&mut tx, "nobody").await.expect("an answer").is_none());
    let known = person::find_credentials(&mut tx, &anna.email).await.expect("an answer").expect("Anna");
    assert_eq!(known.id, anna.id.0);
    assert!(known.password_hash.starts_with("$argon2id$"));
    assert!(person::find_credentials(&mut tx, "nobody").await.expect("an answer").is_none());
    drop(tx);
    let (id, email, at) = (PersonId(app.ctx().id()), anna.email.clone(), app.ctx().now());
    let taken = write(app, move |tx| {
        let email = email.clone();
        Box::pin(async move {
            let new = person::NewPerson {
                id,
                email: "Other",
                email_key: &email,
                first_name: "A",
                last_name: "B",
                password_hash: "x",
                cluster: "eu",
                at,
            };
            Ok(person::insert(tx, &new).await?)
        })
    })
    .await;
    assert!(taken.expect_err("taken").is_taken());
});

both!(organization_org_id_taken_found_by_key_by_alias_and_of_a_person, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (id, second, by, at) = (org.id, OrganizationId(app.ctx().id()), anna.id, app.ctx().now());
    let new = move |org_id: &'static str| organization::NewOrganizationRow {
        org_id,
        org_key: org_id,
        name: "Second",
        kind: OrganizationKind::Business,
        plan: PlanTier::Premier,
        space_of: None,
        legal: Box::leak(Box::new(LegalInformation {
            city: Some("Zug".to_owned()),
            country: "CH".to_owned(),
            ..LegalInformation::default()
        })),
        at,
    };
    let taken = write(app, move |tx| {
        Box::pin(async move { Ok(organization::insert(tx, &found(by, second), &new("alpine-survey")).await?) })
    });
    assert!(taken.await.expect_err("taken").is_taken());
    // Both rows or none: an organization without an Owner is never left behind.
    write(app, move |tx| {
        Box::pin(async move {
            organization::insert(tx, &found(by, second), &new("alpine-survey-9")).await?;
            membership::insert(tx, &found(by, second), by, Role::Owner, at).await?;
            Ok(())
        })
    })
    .await
    .expect("a second one");
    let mut tx = app.db().read().await.expect("a connection");
    let stored = organization::find(&mut tx, second).await.expect("an answer").expect("the second");
    assert_eq!((stored.plan, stored.legal.city.as_deref(), stored.space_of), (PlanTier::Premier, Some("Zug"), None));
    assert!(organization::find(&mut tx, OrganizationId(NOBODY)).await.expect("an answer").is_none());
    let (shown, role) =
        organization::find_with_role(&mut tx, second, by).await.expect("an answer").expect("the second");
    assert_eq!((shown.id, role), (second, Some(Role::Owner)));
    let outside = organization::find_with_role(&mut tx, second, PersonId(NOBODY)).await.expect("an answer");
    assert!(outside.is_some_and(|(_, role)| role.is_none()));
    assert_eq!(organization::find_id(&mut tx, "alpine-survey").await.expect("an answer"), Some(id));
    assert_eq!(organization::find_id(&mut tx, "nobody").await.expect("an answer"), None);
    let taken: BTreeSet<String> =
        organization::taken_keys(&mut tx, "alpine-survey").await.expect("an answer").into_iter().collect();
    assert!(taken.contains("alpine-survey") && taken.contains("alpine-survey-9"), "{taken:?}");
    let start = organization::Cursor::default();
    let mine = organization::list_by_name(&mut tx, by, "%", &start, 20).await.expect("an answer");
    let names = |rows: &[(commonhold::view::OrganizationMembership, organization::Cursor)]| {
        rows.iter().map(|(one, _)| one.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&mine), ["Alpine Survey", "Anna Muster's Space", "Second"]);
    let behind = organization::list_by_name(&mut tx, by, "%s%", &mine[0].1, 1).await.expect("an answer");
    assert_eq!(names(&behind), ["Anna Muster's Space"]);
    assert_eq!(organization::list_used(&mut tx, by, 2).await.expect("an answer").len(), 2);
    drop(tx);
    // ORG-5: an old Org ID leads on until somebody else takes it.
    app.corrupt("INSERT INTO org_alias (org_key, organization_id, created_at) SELECT 'old-name', id, 1 FROM organization WHERE org_key = 'alpine-survey'").await;
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(organization::find_id(&mut tx, "old-name").await.expect("an answer"), Some(id));
    assert!(organization::taken_keys(&mut tx, "old-name").await.expect("an answer").contains(&"old-name".to_owned()));
    drop(tx);
    anna.get("/api/v1/orgs/OLD-NAME").await.expect(200);
    app.corrupt("UPDATE organization SET org_key = 'old-name' WHERE org_key = 'alpine-survey-9'").await;
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(organization::find_id(&mut tx, "old-name").await.expect("an answer"), Some(second));
    drop(tx);
    // Everything that its Owners and Managers change.
    let permit = found(by, id);
    let legal = LegalInformation {
        country: "DE".to_owned(),
        vat_exempt: true,
        officer_phone: Some("1".to_owned()),
        ..LegalInformation::default()
    };
    let details = OrganizationDetails {
        name: "Alpine".to_owned(),
        website: Some("https://alpine.ch".to_owned()),
        cluster: Some("us-east".to_owned()),
        people_visible_to: PeopleVisibility::Managers,
        ..OrganizationDetails::default()
    };
    let (wanted_legal, wanted) = (legal.clone(), details.clone());
    write(app, move |tx| {
        let (legal, details) = (legal.clone(), details.clone());
        Box::pin(async move {
            organization::update_legal(tx, &permit, &legal).await?;
            organization::update_details(tx, &permit, &details).await?;
            assert!(organization::is_taken(tx, &permit, "old-name").await?, "by the second");
            assert!(!organization::is_taken(tx, &permit, "alpine-survey").await?, "one's own");
            organization::update_org_id(tx, &permit, ("alpine-survey", "alpine"), "Alpine", at).await?;
            Ok(())
        })
    })
    .await
    .expect("changed");
    let mut tx = app.db().read().await.expect("a connection");
    let stored = organization::find(&mut tx, id).await.expect("an answer").expect("it");
    assert_eq!((stored.legal, stored.details, stored.org_id.as_str()), (wanted_legal, wanted, "Alpine"));
    let led_on = organization::find_new_org_id(&mut tx, "alpine-survey").await.expect("an answer");
    assert_eq!(led_on.as_deref(), Some("Alpine"));
    assert_eq!(organization::find_new_org_id(&mut tx, "old-name").await.expect("an answer"), None, "somebody has it");
    drop(tx);
    // Deleted, it has no people and is not found; restored, it is.
    let delete = async |deleted_at: Option<Timestamp>| {
        write(app, move |tx| {
            Box::pin(async move { Ok(organization::update_deleted_at(tx, &permit, deleted_at).await?) })
        })
        .await
        .expect("written");
    };
    delete(Some(at)).await;
    let mut tx = app.db().read().await.expect("a connection");
    assert!(organization::find(&mut tx, id).await.expect("an answer").is_none());
    assert_eq!(organization::find_id(&mut tx, "alpine").await.expect("an answer"), None);
    assert_eq!(organization::find_new_org_id(&mut tx, "alpine-survey").await.expect("an answer"), None);
    assert_eq!(membership::find_role(&mut tx, id, by).await.expect("an answer"), None);
    assert_eq!(organization::list_used(&mut tx, by, 20).await.expect("an answer").len(), 2);
    let gone = organization::list_deleted(&mut tx, by, at.plus_days(-30)).await.expect("an answer");
    assert_eq!(gone.iter().map(|one| (one.id, one.until)).collect::<Vec<_>>(), [(id, at.plus_days(30))]);
    assert!(organization::list_deleted(&mut tx, by, at).await.expect("an answer").is_empty(), "too long ago");
    assert!(organization::list_deleted(&mut tx, PersonId(NOBODY), Timestamp(0)).await.expect("an answer").is_empty());
    drop(tx);
    delete(None).await;
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(organization::find_id(&mut tx, "alpine").await.expect("an answer"), Some(id));
    drop(tx);
    // An empty space stays one (SPACE-1).
    let released = write(app, move |tx| Box::pin(async move { usecase::organization::turn_space_of(tx, by).await }));
    assert_eq!(released.await.expect("an answer"), None);
});

both!(account_its_root_and_its_id_taken, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let mut tx = app.db().read().await.expect("a connection");
    let accounts = account::list(&mut tx, org.id).await.expect("an answer");
    assert_eq!(accounts.len(), 1);
    assert_eq!((accounts[0].root, accounts[0].id), (org.root, org.account));
    assert!(account::list(&mut tx, OrganizationId(NOBODY)).await.expect("an answer").is_empty());
    drop(tx);
    let (by, id, at) = (anna.id, org.id, app.ctx().now());
    let new = account::Account {
        id: AccountId(app.ctx().id()),
        organization: id,
        name: "Second".to_owned(),
        account_id: "PRIMARY".to_owned(),
        root: ResourceId(app.ctx().id()),
    };
    let insert = |new: account::Account| {
        write(app, move |tx| {
            let new = new.clone();
            Box::pin(async move {
                account::insert(tx, &found(by, id), &new, at).await?;
                let root = resource::NewResource {
                    id: new.root,
                    account: new.id,
                    kind: Kind::Root,
                    name: "Drive",
                    dataset: None,
                    at,
                };
                Ok(resource::insert_root(tx, &found(by, id), &root).await?)
            })
        })
    };
    assert!(insert(new.clone()).await.expect_err("taken").is_taken(), "regardless of case");
    insert(account::Account { account_id: "chair".to_owned(), ..new }).await.expect("a second account");
    app.healthy().await;
});

both!(membership_roles_counts_owners_and_candidates, async |app| {
    let (anna, john, mary) = (app.person("Anna").await, app.person("John").await, app.person("Mary").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.join(&org, &john, Role::Reader).await;
    app.join(&org, &mary, Role::Member).await;
    let (id, by, whom, at) = (org.id, anna.id, john.id, app.ctx().now());
    let again = write(app, move |tx| {
        Box::pin(async move { Ok(membership::insert(tx, &found(by, id), whom, Role::Editor, at).await?) })
    });
    assert!(again.await.expect_err("in it already").is_taken());
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(membership::find_role(&mut tx, id, whom).await.expect("an answer"), Some(Role::Reader));
    assert_eq!(membership::find_role(&mut tx, id, PersonId(NOBODY)).await.expect("an answer"), None);
    assert_eq!(membership::count(&mut tx, id).await.expect("an answer"), 3);
    assert_eq!(membership::count_owners(&mut tx, id).await.expect("an answer"), 1);
    assert_eq!(membership::find_any_owner(&mut tx, id).await.expect("an answer"), Some(by));
    assert_eq!(membership::find_any_owner(&mut tx, OrganizationId(NOBODY)).await.expect("an answer"), None);
    let names = membership::list_names(&mut tx, id, 2).await.expect("an answer");
    assert_eq!(names, [(by, "Anna Muster".to_owned()), (whom, "John Muster".to_owned())], "by name, and not all");
    assert_eq!(membership::list_owner_names(&mut tx, id).await.expect("an answer"), [(by, "Anna Muster".to_owned())]);
    // Anna sees all of both; Mary sees none of it by role.
    let (total, candidates) =
        membership::list_candidates(&mut tx, org.account, other.account, 10).await.expect("an answer");
    assert_eq!((total, candidates.len(), candidates[0].id), (1, 1, whom));
    assert_eq!(
        membership::list_candidates(&mut tx, org.account, other.account, 0).await.expect("an answer").0,
        1,
        "counted all the same"
    );
    let grantees = membership::list_grantees(&mut tx, &[mary.id, PersonId(NOBODY)], &[org.id], other.account, 10)
        .await
        .expect("an answer");
    let ids: BTreeSet<PersonId> = grantees.iter().map(|one| one.id).collect();
    assert_eq!(ids, [anna.id, john.id, mary.id].into_iter().collect());
    assert_eq!(grantees.iter().find(|one| one.id == by).and_then(|one| one.target_role), Some(Role::Owner));
    drop(tx);
    let changed = write(app, move |tx| {
        Box::pin(async move {
            let permit = found(by, id);
            Ok((
                membership::update_role(tx, &permit, whom, Role::Editor).await?,
                membership::update_role(tx, &permit, PersonId(NOBODY), Role::Editor).await?,
                membership::delete(tx, &permit, &[whom, PersonId(NOBODY)]).await?,
                membership::delete(tx, &permit, &[whom]).await?,
            ))
        })
    });
    assert_eq!(changed.await.expect("an answer"), (true, false, 1, 0));
});

both!(invitation_pending_once_per_email_and_answered_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (id, by, now) = (org.id, anna.id, app.ctx().now());
    let insert = |invitation: Uuid, token: &'static str| {
        write(app, move |tx| {
            Box::pin(async move {
                let new = invitation::NewInvitation {
                    id: InvitationId(invitation),
                    email: "John@example.com",
                    email_key: "john@example.com",
                    name: Some("John"),
                    role: Role::Editor,
                    reach: None,
                    accounts: None,
                    token_hash: token,
                    mail: MailId(invitation),
                    at: now,
                    expires_at: now.plus_days(14),
                };
                Ok(invitation::insert(tx, &found(by, id), &new).await?)
            })
        })
    };
    let (first, second) = (app.ctx().id(), app.ctx().id());
    insert(first, "token").await.expect("an invitation");
    assert!(insert(second, "other").await.expect_err("one is pending").is_taken());
    let mut tx = app.db().read().await.expect("a connection");
    let found = invitation::find_by_token(&mut tx, "token").await.expect("an answer").expect("it");
    assert_eq!(
        (found.role, found.state, found.invited_by, found.organization),
        (Role::Editor, InvitationState::Pending, by, id)
    );
    assert!(invitation::find_by_token(&mut tx, "nonsense").await.expect("an answer").is_none());
    let pending = async |tx: &mut Tx, at: Timestamp| {
        invitation::is_pending(tx, id, "john@example.com", at).await.expect("an answer")
    };
    assert!(pending(&mut tx, now).await);
    assert!(!pending(&mut tx, now.plus_days(14)).await, "too late");
    assert!(
        !invitation::is_pending(&mut tx, OrganizationId(NOBODY), "john@example.com", now).await.expect("an answer")
    );
    drop(tx);
    let answered = write(app, move |tx| {
        Box::pin(async move {
            Ok((
                invitation::update_state(tx, InvitationId(first), InvitationState::Declined, now).await?,
                invitation::update_state(tx, InvitationId(first), InvitationState::Accepted, now).await?,
                invitation::update_state(tx, InvitationId(NOBODY), InvitationState::Accepted, now).await?,
            ))
        })
    });
    assert_eq!(answered.await.expect("an answer"), (true, false, false), "attack 48: once");
    insert(second, "other").await.expect("and invited again");
});

both!(licence_the_ledger_never_falls_below_zero_and_pages_newest_first, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (licence_id, at) = (LicenceId(app.ctx().id()), app.ctx().now());
    let new = licence::NewLicence {
        id: licence_id,
        organization: org.id,
        account: org.account,
        product: Product::Desktop,
        model: None,
        seats: Some(3),
        active_from: at,
        active_until: None,
        at,
    };
    write(app, move |tx| {
        let new = new.clone();
        Box::pin(async move { Ok(licence::insert(tx, &new).await?) })
    })
    .await
    .expect("a licence");
    let append_at = |at: Timestamp| {
        let entry = licence::NewEntry {
            id: EntryId(app.ctx().id()),
            licence: licence_id,
            kind: EntryKind::Refund,
            change: Amount { images: 1, projects: 0, credits: 0 },
            transfer: None,
            resource: None,
            at,
        };
        write(app, move |tx| Box::pin(async move { Ok(licence::append(tx, &entry).await?) }))
    };
    let append = |kind: EntryKind, images: i64, projects: i64, credits: i64| {
        let entry = licence::NewEntry {
            id: EntryId(app.ctx().id()),
            licence: licence_id,
            kind,
            change: Amount { images, projects, credits },
            transfer: Some(TransferId(NOBODY)),
            resource: None,
            at,
        };
        write(app, move |tx| Box::pin(async move { Ok(licence::append(tx, &entry).await?) }))
    };
    assert!(append(EntryKind::Grant, 10, 2, 5).await.expect("an answer"));
    assert!(append(EntryKind::Spend, -10, -1, 0).await.expect("an answer"));
    for below in [(-1, 0, 0), (0, -2, 0), (0, 0, -6), (5, 5, -6)] {
        assert!(!append(EntryKind::Spend, below.0, below.1, below.2).await.expect("an answer"), "{below:?}");
    }
    assert_eq!(app.left(licence_id).await, (0, 1, 5));
    let mut tx = app.db().read().await.expect("a connection");
    let stored = licence::find(&mut tx, licence_id).await.expect("an answer").expect("it");
    assert_eq!((stored.seats, stored.licence.granted.images), (Some(3), 10));
    assert!(licence::find(&mut tx, LicenceId(NOBODY)).await.expect("an answer").is_none());
    assert_eq!(licence::list(&mut tx, org.id).await.expect("an answer").len(), 2);
    assert_eq!(licence::list_of_account(&mut tx, org.account, at).await.expect("an answer").len(), 2);
    let everything = licence::EntryFilter::default();
    let entries = licence::list_entries(&mut tx, &stored, &everything, None, 10).await.expect("an answer");
    assert_eq!(entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [EntryKind::Spend, EntryKind::Grant]);
    assert_eq!(entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(entries[0].left, Amount { images: 0, projects: 1, credits: 5 });
    let place = |at: usize| licence::Cursor { at: entries[at].at, number: entries[at].number };
    let older = licence::list_entries(&mut tx, &stored, &everything, Some(place(0)), 10).await.expect("an answer");
    assert_eq!(older, entries[1..]);
    let newer = licence::list_newer_entries(&mut tx, &stored, &everything, place(1), 10).await.expect("an answer");
    assert_eq!(newer, entries[..1]);
    for (kind, from, to, found) in [
        (Some(EntryKind::Grant), None, None, 1),
        (Some(EntryKind::Refund), None, None, 0),
        (None, Some(at), None, 2),
        (None, Some(at.plus_millis(1)), None, 0),
        (None, None, Some(at), 0),
        (Some(EntryKind::Spend), Some(at), Some(at.plus_millis(1)), 1),
    ] {
        let filter = licence::EntryFilter { kind, from, to };
        let listed = licence::list_entries(&mut tx, &stored, &filter, None, 10).await.expect("an answer");
        assert_eq!(listed.len(), found, "{filter:?}");
        let start = licence::Cursor { at: Timestamp(0), number: 0 };
        let upwards = licence::list_newer_entries(&mut tx, &stored, &filter, start, 10).await.expect("an answer");
        assert_eq!(upwards, listed.into_iter().rev().collect::<Vec<_>>(), "{filter:?}");
        let more = licence::has_more_entries_than(&mut tx, licence_id, &filter, 1).await.expect("an answer");
        assert_eq!(more, found > 1, "{filter:?}");
    }
    let all = licence::list_all(&mut tx, None, None, 10).await.expect("an answer");
    let own = licence::list_all(&mut tx, Some(org.id), None, 10).await.expect("an answer");
    assert_eq!((all.len(), own.len(), own[1].1.as_str()), (3, 2, "alpine-survey"), "Anna's space has one");
    let behind = Some(own[0].0.licence.id);
    assert_eq!(licence::list_all(&mut tx, Some(org.id), behind, 10).await.expect("an answer").len(), 1);
    drop(tx);
    // A clock that is behind writes behind, not before.
    let late = append_at(at.plus_millis(-5_000));
    assert!(late.await.expect("an answer"));
    let mut tx = app.db().read().await.expect("a connection");
    let newest = licence::list_entries(&mut tx, &stored, &everything, None, 1).await.expect("an answer");
    assert_eq!((newest[0].number, newest[0].at), (3, at));
    drop(tx);
    let ended = write(app, move |tx| {
        Box::pin(async move {
            Ok((
                licence::update_active_until(tx, licence_id, at).await?,
                licence::update_active_until(tx, LicenceId(NOBODY), at).await?,
            ))
        })
    });
    assert_eq!(ended.await.expect("an answer"), (true, false));
});

both!(grant_given_again_is_set_listed_and_ended, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.join(&other, &john, Role::Member).await;
    let folder = anna.folder(org.root, "Folder").await;
    let permit = operate(anna.id, org.id, folder);
    let at = app.ctx().now();
    let upsert = |grantee: Grantee, level: Level, carried: bool| {
        let new = grant::NewGrant { id: GrantId(app.ctx().id()), resource: folder, grantee, level, carried, at };
        write(app, move |tx| Box::pin(async move { Ok(grant::upsert(tx, &permit, &new).await?) }))
    };
    for level in [Level::Reader, Level::Editor] {
        upsert(Grantee::Person(john.id), level, false).await.expect("a grant");
        upsert(Grantee::Organization(other.id), Level::Uploader, false).await.expect("a grant");
        upsert(Grantee::Person(john.id), Level::Manager, true).await.expect("a carried one");
    }
    let mut tx = app.db().read().await.expect("a connection");
    let facts = grant::list_facts(&mut tx, &[folder, ResourceId(NOBODY)]).await.expect("an answer");
    assert_eq!(facts.len(), 3, "set, not added");
    let mut levels = grant::list_levels(&mut tx, john.id, &[folder, org.root]).await.expect("an answer");
    levels.sort_unstable();
    assert_eq!(levels, [(folder, Level::Uploader), (folder, Level::Editor), (folder, Level::Manager)]);
    // The way up says the same, each step once.
    let ways = resource::list_ancestors(&mut tx, john.id, &[folder]).await.expect("an answer");
    assert_eq!(ways.iter().map(|step| step.id).collect::<Vec<_>>(), [folder, org.root]);
    let mut on_the_way = ways[0].levels.clone();
    on_the_way.sort_unstable();
    assert_eq!((on_the_way, ways[0].role), (vec![Level::Uploader, Level::Editor, Level::Manager], None));
    let nobody = resource::list_ancestors(&mut tx, PersonId(NOBODY), &[folder]).await.expect("an answer");
    assert!(nobody.iter().all(|step| step.role.is_none() && step.levels.is_empty()));
    assert_eq!(grant::list_shared(&mut tx, john.id, org.id, 10).await.expect("an answer"), [folder]);
    assert!(grant::list_shared(&mut tx, john.id, other.id, 10).await.expect("an answer").is_empty());
    drop(tx);
    write(app, move |tx| Box::pin(async move { Ok(grant::delete_carried(tx, &permit, &[folder]).await?) }))
        .await
        .expect("ended");
    let ended = write(app, {
        let (organization, john) = (org.id, john.id);
        let by = anna.id;
        move |tx| Box::pin(async move { Ok(grant::delete_of_people(tx, &found(by, organization), &[john]).await?) })
    });
    assert_eq!(ended.await.expect("an answer"), 1);
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(grant::list_facts(&mut tx, &[folder]).await.expect("an answer").len(), 1);
});

both!(audit_newest_first_filtered_and_paged, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (id, by) = (org.id, anna.id);
    for (number, action) in ["a.first", "a.second", "a.first"].into_iter().enumerate() {
        let (line, at) = (AuditId(app.ctx().id()), Timestamp(1_000 * (number as i64 + 1)));
        write(app, move |tx| {
            Box::pin(async move {
                let new = audit::NewAudit {
                    id: line,
                    organization: Some(id),
                    actor: (action == "a.first").then_some(by),
                    actor_name: "Anna",
                    action,
                    summary: "did something".to_owned(),
                    transfer: None,
                    before: None,
                    after: Some(serde_json::json!({ "ä": [1, null] })),
                    address: Some("::1"),
                    at,
                };
                Ok(audit::insert(tx, &new).await?)
            })
        })
        .await
        .expect("a line");
    }
    let mut tx = app.db().read().await.expect("a connection");
    let list = async |tx: &mut Tx, filter: audit::Filter, before: Option<audit::Cursor>| {
        audit::list(tx, id, &filter, before, 10).await.expect("an answer")
    };
    let all = list(&mut tx, audit::Filter::default(), None).await;
    assert_eq!(
        all.iter().map(|(_, line)| line.action.as_str()).collect::<Vec<_>>(),
        ["organization.created", "a.first", "a.second", "a.first"]
    );
    assert_eq!(all[1].1.after, Some(serde_json::json!({ "ä": [1, null] })));
    let place = |index: usize| audit::Cursor { at: all[index].1.at, id: all[index].0 };
    assert_eq!(list(&mut tx, audit::Filter::default(), Some(place(1))).await.len(), 2);
    let newer = async |tx: &mut Tx, filter: audit::Filter, after: audit::Cursor| {
        let lines = audit::list_newer(tx, id, &filter, after, 10).await.expect("an answer");
        lines.into_iter().map(|(_, line)| line.action).collect::<Vec<_>>()
    };
    let any = audit::Filter::default;
    assert_eq!(newer(&mut tx, any(), place(2)).await, ["a.first", "organization.created"], "oldest first");
    let firsts = audit::Filter { action: Some("a.first".to_owned()), ..any() };
    assert_eq!(newer(&mut tx, firsts.clone(), place(3)).await, ["a.first"]);
    assert_eq!(newer(&mut tx, audit::Filter { actor: Some(by), ..any() }, place(3)).await.len(), 2);
    assert_eq!(
        newer(&mut tx, audit::Filter { actor: Some(by), to: Some(Timestamp(3_000)), ..firsts.clone() }, place(3))
            .await
            .len(),
        0
    );
    assert_eq!(newer(&mut tx, audit::Filter { from: Some(Timestamp(3_000)), ..any() }, place(3)).await.len(), 2);
    for (filter, lines) in [
        (any(), 4),
        (firsts.clone(), 2),
        (audit::Filter { actor: Some(by), ..any() }, 3),
        (audit::Filter { actor: Some(by), ..firsts }, 2),
    ] {
        assert_eq!(list(&mut tx, filter.clone(), None).await.len(), usize::try_from(lines).expect("few"));
        assert!(audit::is_longer_than(&mut tx, id, &filter, lines - 1).await.expect("an answer"));
        assert!(!audit::is_longer_than(&mut tx, id, &filter, lines).await.expect("an answer"));
    }
    assert_eq!(list(&mut tx, audit::Filter { actor: Some(by), ..audit::Filter::default() }, None).await.len(), 3);
    assert_eq!(
        list(&mut tx, audit::Filter { action: Some("a.second".to_owned()), ..audit::Filter::default() }, None)
            .await
            .len(),
        1
    );
    let between =
        audit::Filter { from: Some(Timestamp(2_000)), to: Some(Timestamp(3_000)), ..audit::Filter::default() };
    assert_eq!(list(&mut tx, between, None).await.len(), 1);
});

both!(outbox_the_newest_mail_first, async |app| {
    for subject in ["First", "Second"] {
        let (id, at) = (MailId(app.ctx().id()), app.ctx().now());
        write(app, move |tx| {
            Box::pin(async move {
                let mail = outbox::NewMail { id, to: "anna@example.com", subject, text: "Text <b>", html: "<p>", at };
                Ok(outbox::insert(tx, &mail).await?)
            })
        })
        .await
        .expect("a mail");
    }
    let mut tx = app.db().read().await.expect("a connection");
    let newest = outbox::list_newest(&mut tx, 1).await.expect("an answer");
    assert_eq!(newest.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), ["Second"]);
    drop(tx);
    let inbox = app.nobody().get("/dev/inbox.json").await.expect(200).json();
    assert_eq!(inbox[0]["subject"], "Second");
    assert!(!app.nobody().get("/dev/inbox").await.expect(200).body.contains("Text <b>"), "escaped");
});

both!(idempotency_a_key_is_claimed_answered_given_back_and_forgotten, async |app| {
    let now = app.ctx().now();
    let named = |id: u128, caller: &str, hash: &str| idempotency::Claim {
        id: Uuid::from_u128(id),
        caller: caller.to_owned(),
        key: "key".to_owned(),
        request_hash: hash.to_owned(),
    };
    let claim = async |wanted: idempotency::Claim, at| {
        let claimed = write(app, move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move { Ok(idempotency::claim(tx, &wanted, at).await?) })
        });
        claimed.await.expect("an answer")
    };
    let answer = async |of: idempotency::Claim| {
        let kept = write(app, move |tx| {
            let of = of.clone();
            Box::pin(async move { Ok(idempotency::update_answer(tx, &of, 201, "sealed", "a b").await?) })
        });
        kept.await.expect("an answer")
    };
    let give_back = async |claim: idempotency::Claim| {
        let given = write(app, move |tx| {
            let claim = claim.clone();
            Box::pin(async move { Ok(idempotency::delete(tx, &claim).await?) })
        });
        given.await.expect("given back");
    };
    let mine = named(1, "anna", "hash");
    assert_eq!(claim(mine.clone(), now).await, None);
    let known = claim(named(2, "anna", "other"), now).await.expect("claimed before");
    assert_eq!((known.request_hash.as_str(), known.status, known.body), ("hash", None, None));
    assert_eq!(claim(named(3, "john", "hash"), now).await, None, "a key is its caller's");
    // Whoever takes over has the claim, and who was slow has lost it.
    let later = now.plus_millis(idempotency::UNANSWERED + 1);
    assert!(claim(named(4, "anna", "other"), later).await.is_some(), "for the same request only");
    let taken = named(5, "anna", "hash");
    assert_eq!(claim(taken.clone(), later).await, None);
    assert!(!answer(mine.clone()).await);
    give_back(mine).await;
    assert!(answer(taken.clone()).await && !answer(taken.clone()).await, "once");
    let known = claim(named(6, "anna", "hash"), later).await.expect("answered");
    assert_eq!((known.status, known.body.as_deref(), known.claim), (Some(201), Some("sealed"), Some(taken.id)));
    assert_eq!(known.standing.as_deref(), Some("a b"));
    give_back(taken).await;
    assert!(claim(named(7, "anna", "hash"), later).await.is_some(), "what is answered is not given back");
    let free = named(8, "eve", "hash");
    assert_eq!(claim(free.clone(), now).await, None);
    give_back(free).await;
    assert_eq!(claim(named(9, "eve", "new"), now).await, None);
    let forgotten =
        write(app, move |tx| Box::pin(async move { Ok(idempotency::delete_before(tx, later.plus_millis(1)).await?) }));
    assert_eq!(forgotten.await.expect("an answer"), 3);
});

both!(idempotency_standing_tells_what_was_lost, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let standing = async || {
        let mut tx = app.db().read().await.expect("a connection");
        idempotency::list_standing(&mut tx, john.id).await.expect("an answer")
    };
    let before = standing().await;
    app.join(&org, &john, Role::Manager).await;
    let manager = standing().await;
    assert!(before.iter().all(|line| manager.contains(line)) && manager.len() > before.len());
    anna.change_role(&org, john.id, "reader").await.expect(200);
    let reader = standing().await;
    assert!(manager.iter().any(|line| !reader.contains(line)));
    anna.remove(&org, &[john.id]).await.expect(204);
    assert_eq!(standing().await, before);
});

both!(health_one_row_is_written_in_the_place_of_the_last, async |app| {
    let rows = "SELECT CAST(COUNT(*) AS BIGINT) FROM health";
    for number in 1..=3 {
        let id = Uuid::from_u128(number);
        write(app, move |tx| Box::pin(async move { Ok(health::replace(tx, id, 7).await?) })).await.expect("written");
        assert_eq!(app.count(rows).await, 1);
    }
    app.db().check_writable(Uuid::from_u128(9), 8).await.expect("it can be written");
    app.db().check_writable(Uuid::from_u128(10), 9).await.expect("it could be a moment ago");
    assert_eq!(app.count("SELECT checked_at FROM health").await, 8, "it is not written each time");
});

both!(session_what_keeps_it_tells_when_it_cannot, async |app| {
    use commonhold::server::store::fault::{Fault, striking};
    let store = session::Sessions::new(app.db().clone());
    let mut record = Record {
        id: Id(-43),
        data: std::collections::HashMap::new(),
        expiry_date: OffsetDateTime::now_utc() + Duration::days(1),
    };
    let ((kept, away), struck) = striking(0, Fault::Gone, session::noticing(store.create(&mut record))).await;
    assert!(struck && kept.is_err());
    assert_eq!(away, Some(Refusal::Unavailable));
    let error = tower_sessions::session::Error::Store(kept.expect_err("it failed"));
    assert_eq!(session::later(&error), Some(Refusal::Unavailable));
    let (kept, away) = session::noticing(store.create(&mut record)).await;
    assert!(kept.is_ok() && away.is_none());
});

both!(session_kept_under_a_digest_until_it_expires_or_ends, async |app| {
    let store = session::Sessions::new(app.db().clone());
    let anna = app.person("Anna").await;
    let at = |days: i64| OffsetDateTime::now_utc() + Duration::days(days);
    let mut record = Record { id: Id(-42), data: std::collections::HashMap::new(), expiry_date: at(1) };
    record.data.insert(session::PERSON.to_owned(), serde_json::json!(anna.id));
    store.create(&mut record).await.expect("created");
    let mut loaded = store.load(&record.id).await.expect("an answer").expect("it");
    assert!(loaded.data.remove(session::SEEN).is_some(), "when it was used comes along");
    assert_eq!(loaded.data, record.data);
    assert!(store.load(&Id(43)).await.expect("an answer").is_none());
    let whose = async |id: i128| {
        let mut tx = app.db().read().await.expect("a connection");
        session::find_person(&mut tx, Id(id)).await.expect("an answer").map(|(person, _)| person.id)
    };
    assert_eq!((whose(-42).await, whose(43).await), (Some(anna.id), None));
    record.data.insert("flash".to_owned(), serde_json::json!("ä"));
    store.save(&record).await.expect("saved");
    assert_eq!(store.load(&record.id).await.expect("an answer").expect("it").data.len(), 3);
    // Attack 30: a request that was under way when the session ended does not bring it back.
    store.delete(&record.id).await.expect("ended");
    store.save(&record).await.expect("an answer");
    assert!(store.load(&record.id).await.expect("an answer").is_none(), "ended is ended");
    assert_eq!(whose(-42).await, None, "at once");
    store.delete(&record.id).await.expect("ended twice");
    let mut late = Record { id: Id(44), expiry_date: at(-1), ..record.clone() };
    store.create(&mut late).await.expect("created");
    assert!(store.load(&late.id).await.expect("an answer").is_none(), "expired");
    assert_eq!(whose(44).await, None, "expired");
    let now = Timestamp(i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).expect("a moment"));
    let gone = write(app, move |tx| Box::pin(async move { Ok(session::delete_expired(tx, now).await?) }));
    assert_eq!(gone.await.expect("an answer"), 1);
    anna.get("/api/v1/me").await.expect(200);
});

both!(transfer_a_receipt_and_none, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (a, b) = (anna.folder(org.root, "A").await, anna.folder(org.root, "B").await);
    let receipt: TransferId = crate::support::read(&anna.transfer(&[a], b).await.expect(201).json()["id"]);
    let mut tx = app.db().read().await.expect("a connection");
    let stored = transfer::find(&mut tx, receipt).await.expect("an answer").expect("it");
    assert_eq!((stored.person, stored.source, stored.plan.items.len()), (anna.id, org.id, 1));
    assert!(transfer::find(&mut tx, TransferId(NOBODY)).await.expect("an answer").is_none());
    drop(tx);
    // The same receipt cannot be written twice.
    let permit = stored.plan.permit().expect("it was clear");
    let again = write(app, move |tx| {
        let stored = stored.clone();
        Box::pin(async move { Ok(transfer::insert(tx, &permit, &stored).await?) })
    });
    assert!(again.await.expect_err("there already").is_taken());
});

both!(lic_3_org_3_every_invariant_is_counted_and_the_file_checked, async |app| {
    let anna = app.person("Anna").await;
    anna.create_org("Alpine Survey").await;
    let mut tx = app.db().read().await.expect("a connection");
    for invariant in commonhold::server::store::doctor::INVARIANTS {
        assert_eq!(invariant.count(&mut tx).await.expect("an answer"), 0, "{}", invariant.name);
    }
    let sqlite = app.db().is_sqlite();
    assert_eq!(commonhold::server::store::doctor::check_file(&mut tx, sqlite).await.expect("an answer"), None);
});

both!(lic_2_no_row_falls_below_zero_whoever_writes, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 1, 1).await;
    let below = write(app, |tx| {
        Box::pin(
            async move { Ok(tx.sql("UPDATE licence SET images_left = -1 WHERE images_left = 1").execute().await?) },
        )
    });
    assert!(matches!(below.await, Err(Error::Store(DbError::Other(_)))));
});

both!(xfer_16_a_long_write_gets_through_while_others_write, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (permit, account, root) = (operate(anna.id, org.id, org.root), org.account, org.root);
    let counted = "SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE organization_id = $1";
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    // Others make something where it counts, and count themselves: in its way whenever they are not after or before it.
    let others = {
        let (app, done) = (app.clone(), done.clone());
        tokio::spawn(async move {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
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
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let (id, at) = (ResourceId(app.ctx().id()), app.ctx().now());
    let tried = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counting = tried.clone();
    let long: Result<(), Error> = write(app, move |tx| {
        let counting = counting.clone();
        Box::pin(async move {
            counting.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let before = tx.sql(counted).bind(permit.organization().0).number().await?;
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            let name = format!("Long, after {before}");
            let new = resource::NewResource { id, account, kind: Kind::Folder, name: &name, dataset: None, at };
            Ok(resource::insert(tx, &permit, &new).await?)
        })
    })
    .await;
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    others.await.expect("they end");
    let attempts = tried.load(std::sync::atomic::Ordering::Relaxed);
    // Beside others once, then alone, and in turn where that does not help either.
    assert!(long.is_ok() && attempts <= 5, "{long:?} after {attempts}");
    let found = anna.children(root, "?query=long,").await.expect(200).names();
    assert_eq!(found.len(), 1, "{found:?}");
    app.healthy().await;
});

both!(one_transaction_is_all_or_nothing, async |app| {
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

#[tokio::test]
async fn a_database_of_this_program_opens_again_and_migrates_twice() {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn org_2_org_ids_are_found_under_another_collation_than_the_bytes() {
    // Databases made with a language of their own sort punctuation otherwise than by its bytes.
    let options = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' ENCODING 'UTF8'";
    let Some(app) = TestApp::postgres_with(options).await else { return };
    let anna = app.person("Anna").await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(anna.create_org("Table").await.org_id);
    }
    assert_eq!(ids[11], "table-12");
    let org = anna.create_org("Names").await;
    for name in ["a", "B", "ä", "Z", "a-b", "a b", "_", "(1)", "Tunnel", "tunnel (2)", "tunnel (10)"] {
        anna.folder(org.root, name).await;
    }
    let whole = anna.children(org.root, "?limit=200").await.expect(200).names();
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = anna.children(org.root, &format!("?limit=2&cursor={cursor}")).await.expect(200);
        paged.extend(page.names());
        match page.json()["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(paged, whole);
    let from = anna.folder(org.root, "from").await;
    let item = anna.folder(from, "Tunnel").await;
    anna.transfer(&[item], org.root).await.expect(201);
    assert_eq!(anna.show(item).await.json()["name"], "Tunnel (3)");
    assert_eq!(anna.children(org.root, "?query=tun").await.names().len(), 4);
    app.healthy().await;
    app.finish().await;
}

both!(outbox_claimed_under_a_lease_and_written_down_under_it, async |app| {
    let (first, second) = (MailId(app.ctx().id()), MailId(app.ctx().id()));
    let now = app.ctx().now();
    write(app, move |tx| {
        Box::pin(async move {
            for (id, at) in [(second, now.plus_millis(1)), (first, now)] {
                let mail = outbox::NewMail { id, to: "a@example.com", subject: "S", text: "T", html: "H", at };
                outbox::insert(tx, &mail).await?;
            }
            Ok(())
        })
    })
    .await
    .expect("two mails");
    let mut tx = app.db().read().await.expect("a connection");
    assert!(!outbox::is_due(&mut tx, now.plus_millis(-1)).await.expect("an answer"));
    assert!(outbox::is_due(&mut tx, now).await.expect("an answer"));
    assert_eq!(outbox::count_waiting(&mut tx).await.expect("an answer"), 2);
    drop(tx);
    let at = now.plus_millis(10);
    let until = now.plus_millis(1_000);
    write(app, move |tx| {
        Box::pin(async move {
            let claimed = outbox::claim(tx, at, until, 10).await?;
            assert_eq!(claimed.iter().map(|mail| MailId(mail.id)).collect::<Vec<_>>(), [first, second]);
            assert!(!outbox::is_due(tx, at).await?);
            assert_eq!(outbox::claim(tx, at, until, 10).await?, []);
            outbox::release(tx, &[second], until.plus_millis(1)).await?;
            assert!(!outbox::is_due(tx, at).await?, "not its lease");
            outbox::release(tx, &[second], until).await?;
            outbox::release(tx, &[], until).await?;
            assert_eq!(outbox::claim(tx, at, until, 10).await?.len(), 1);
            assert!(!outbox::update_sent(tx, first, at, at).await?, "not its lease");
            assert!(outbox::update_sent(tx, first, until, at).await?);
            assert!(outbox::update_unsent(tx, second, until, Some(until), "busy").await?);
            assert_eq!(outbox::claim(tx, at, until, 10).await?, []);
            let lease = until.plus_millis(1);
            assert_eq!(
                outbox::claim(tx, until, lease, 10).await?.iter().map(|mail| mail.attempts).collect::<Vec<_>>(),
                [1]
            );
            assert!(outbox::update_unsent(tx, second, lease, None, "never").await?);
            Ok(())
        })
    })
    .await
    .expect("claims");
    let mut tx = app.db().read().await.expect("a connection");
    let all = outbox::list(&mut tx, None, 10).await.expect("an answer");
    assert_eq!(
        all.iter().map(|mail| (mail.id, mail.state, mail.attempts)).collect::<Vec<_>>(),
        [(second, mail::MailState::Failed, 2), (first, mail::MailState::Sent, 1)]
    );
    assert_eq!(outbox::list(&mut tx, Some(mail::MailState::Sent), 10).await.expect("an answer").len(), 1);
    let mut states = outbox::list_states(&mut tx, &[second, first, MailId(NOBODY)]).await.expect("an answer");
    states.sort_by_key(|(id, _, _)| *id != first);
    assert_eq!(
        states,
        [(first, mail::MailState::Sent, None), (second, mail::MailState::Failed, Some("never".to_owned()))]
    );
    assert_eq!(outbox::list_states(&mut tx, &[]).await.expect("an answer"), []);
    drop(tx);
    write(app, move |tx| {
        Box::pin(async move {
            assert!(!outbox::update_retry(tx, first, at).await?, "it was sent");
            assert!(!outbox::update_retry(tx, MailId(NOBODY), at).await?);
            assert!(outbox::update_retry(tx, second, at).await?);
            assert!(outbox::is_due(tx, at).await?);
            assert_eq!(outbox::update_retry_failed(tx, at).await?, 0);
            assert_eq!(outbox::forget_texts_before(tx, now).await?, 0);
            assert_eq!(outbox::forget_texts_before(tx, now.plus_millis(2)).await?, 1);
            assert_eq!(outbox::update_retry_failed(tx, at).await?, 0, "without its text");
            assert_eq!(outbox::delete_before(tx, now.plus_millis(1)).await?, 1);
            assert_eq!(outbox::delete_before(tx, now.plus_millis(2)).await?, 1);
            Ok(())
        })
    })
    .await
    .expect("the end of both");
});

both!(mail_1_a_letter_about_something_is_held_and_replaced, async |app| {
    let now = app.ctx().now();
    let (first, second) = (MailId(app.ctx().id()), MailId(app.ctx().id()));
    app.db()
        .write(move |tx| {
            Box::pin(async move {
                for (id, due) in [(first, now), (second, now.plus_millis(1_000))] {
                    let mail = outbox::NewMail { id, to: "a@example.com", subject: "S", text: "T", html: "H", at: now };
                    outbox::insert_about(tx, &mail, "access", due).await?;
                }
                assert_eq!(outbox::delete_held_about(tx, "other", now).await?, 0);
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("written");
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(outbox::find_last_about(&mut tx, "access", "a@example.com").await.expect("an answer"), Some(now));
    assert_eq!(outbox::find_last_about(&mut tx, "access", "b@example.com").await.expect("an answer"), None);
    drop(tx);
    let gone = app
        .db()
        .write(move |tx| {
            Box::pin(async move {
                let held = outbox::delete_held_about(tx, "access", now).await?;
                let due = outbox::claim(tx, now.plus_days(1), now.plus_days(2), 10).await?;
                Ok::<_, Error>((held, due.into_iter().map(|mail| mail.id).collect::<Vec<_>>()))
            })
        })
        .await
        .expect("taken back");
    assert_eq!(gone, (1, vec![first.0]), "only the one that waited");
});
