//! Accounts: several in an organization, plans, people limited to some, and copies for a Sharing ID (ACCT-1 to ACCT-4).

use std::collections::BTreeSet;

use commonhold::{
    domain::{
        access::{Act, Level, role_level},
        id::{AccountId, PersonId, ResourceId},
        plan::PlanTier,
        refusal::Refusal,
        resource::DatasetStatus,
        role::Role,
        transfer::Grantee,
    },
    server::{error::Error, usecase},
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, read},
};

fn accounts_of(org: &Org) -> String {
    format!("/api/v1/orgs/{}/accounts", org.org_id)
}

/// One more account: its id and the root of its Drive.
async fn open(person: &Person, org: &Org, name: &str) -> (AccountId, ResourceId) {
    let made = person.post(&accounts_of(org), &json!({ "name": name })).await.expect(201).json();
    (read(&made["id"]), read(&made["root"]))
}

async fn limit(by: &Person, org: &Org, person: PersonId, accounts: Value) -> Answer {
    by.patch(&format!("/api/v1/orgs/{}/people/{person}", org.org_id), &json!({ "accounts": accounts })).await
}

async fn share_copy(by: &Person, id: ResourceId, sharing_id: &str) -> Answer {
    by.post(&format!("/api/v1/resources/{id}/share-copy"), &json!({ "sharing_id": sharing_id })).await
}

/// The operator changes a plan.
async fn plan(app: &TestApp, org: &Org, plan: PlanTier) -> Result<(), Refusal> {
    match usecase::plan::set(app.ctx(), &org.org_id, plan.as_str()).await {
        Ok(_) => Ok(()),
        Err(Error::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other}"),
    }
}

both!(acct_1_accounts_are_opened_changed_and_closed, async |app| {
    let (anna, rita) = (app.person("Anna").await, app.person("Rita").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &rita, Role::Reader).await;
    let made = anna.post(&accounts_of(&org), &json!({ "name": "Nord & Süd" })).await.expect(201).json();
    assert_eq!((&made["account_id"], &made["sharing_id"]), (&json!("nord-sued"), &json!("alpine-survey/nord-sued")));
    let second = anna.post(&accounts_of(&org), &json!({ "name": "Nord & Süd" })).await.expect(201).json();
    assert_eq!(second["account_id"], "nord-sued-2", "made anew until it is free");
    // Unique whatever the case, in this organization only.
    let taken = anna.post(&accounts_of(&org), &json!({ "name": "X", "account_id": "NORD-sued" })).await.expect(422);
    assert_eq!(taken.fields(), ["account_id"]);
    let other = anna.create_org("Tunnel North").await;
    anna.post(&accounts_of(&other), &json!({ "name": "X", "account_id": "nord-sued" })).await.expect(201);
    let bad = anna.post(&accounts_of(&org), &json!({ "name": "", "account_id": "-" })).await.expect(422);
    assert_eq!(bad.fields(), ["name", "account_id"]);
    assert_eq!(rita.post(&accounts_of(&org), &json!({ "name": "Mine" })).await.expect(403).code(), "forbidden");

    let one = format!("{}/{}", accounts_of(&org), made["id"].as_str().expect("an id"));
    let changed = anna.patch(&one, &json!({ "account_id": "Chair" })).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["sharing_id"]), (&json!("Nord & Süd"), &json!("alpine-survey/Chair")));
    let renamed = anna.patch(&one, &json!({ "name": "North" })).await.expect(200).json();
    assert_eq!((&renamed["name"], &renamed["account_id"]), (&json!("North"), &json!("Chair")));
    assert_eq!(anna.patch(&one, &json!({ "account_id": "PRIMARY" })).await.expect(422).fields(), ["account_id"]);
    anna.patch(&one, &json!({ "account_id": "CHAIR" })).await.expect(200);
    let listed = rita.get(&accounts_of(&org)).await.expect(200).names();
    assert_eq!(listed, ["Primary", "North", "Nord & Süd"]);

    // All blockers are named.
    let root: ResourceId = read(&made["root"]);
    let folder = anna.folder(root, "Gotthard").await;
    let full = anna.delete(&one).await.expect(409);
    assert_eq!(full.code(), "account_in_use");
    assert!(full.body.contains("its Drive is not empty"), "{}", full.body);
    anna.trash(folder).await.expect(204);
    let form = usecase::licence::operator::GrantForm {
        org: org.org_id.clone(),
        account: Some("chair".to_owned()),
        product: "cloud-pro".to_owned(),
        model: Some("credits".to_owned()),
        credits: 10,
        ..usecase::licence::operator::GrantForm::default()
    };
    let licence = usecase::licence::operator::grant(app.ctx(), &form).await.expect("granted");
    let full = anna.delete(&one).await.expect(409).body;
    assert!(full.contains("its trash is not empty") && full.contains("Cloud Pro licence"), "{full}");
    anna.delete_for_good(folder).await;
    app.expire(licence).await;
    // What is borrowed is returned first (ACCT-3).
    let lender = anna.create_org("Desk Works").await;
    let desk = app.desktop_licence(&lender, 2).await;
    let body = json!({ "licence": desk, "sharing_id": "alpine-survey/chair", "until": "2026-12-24" });
    let loan = anna.post(&format!("/api/v1/orgs/{}/loans", lender.org_id), &body).await.expect(201).json();
    let full = anna.delete(&one).await.expect(409).body;
    assert!(full.contains("it borrows Desktop"), "{full}");
    anna.delete(&format!("/api/v1/loans/{}", loan["id"].as_str().expect("an id"))).await.expect(204);
    assert_eq!(rita.delete(&one).await.status, 403);
    anna.delete(&one).await.expect(204);
    anna.delete(&one).await.expect(404);
    anna.show(root).await.expect(404);
    assert_eq!(anna.get(&accounts_of(&org)).await.expect(200).names(), ["Primary", "Nord & Süd"]);
    // The Account ID is free, and the ledger of the ended licence is kept.
    anna.post(&accounts_of(&org), &json!({ "name": "Chair" })).await.expect(201);
    anna.get(&format!("/api/v1/licences/{licence}/ledger")).await.expect(200);
    let audit = anna.audit(&org).await;
    for action in ["account.created", "account.changed", "account.deleted"] {
        assert!(audit.iter().any(|one| one == action), "{action}");
    }
    let last = format!("{}/{}", accounts_of(&other), other.account);
    let extra = anna.get(&accounts_of(&other)).await.expect(200).json()["items"][1]["id"].clone();
    anna.delete(&format!("{}/{}", accounts_of(&other), extra.as_str().expect("an id"))).await.expect(204);
    assert!(anna.delete(&last).await.expect(409).body.contains("at least one account"));
    app.healthy().await;
});

both!(acct_1_of_two_who_take_an_account_id_at_once_one_gets_it, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let tries = (0..4).map(|_| {
        let (anna, path) = (anna.clone(), accounts_of(&org));
        async move { anna.post(&path, &json!({ "name": "X", "account_id": "same" })).await.status }
    });
    let answers = crate::support::at_once(tries.collect()).await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 201 | 422)), "{answers:?}");
    app.healthy().await;
});

both!(acct_1_a_licence_is_granted_to_the_account_that_is_named_where_there_are_several, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    open(&anna, &org, "North").await;
    let form = |account: Option<&str>| usecase::licence::operator::GrantForm {
        org: org.org_id.clone(),
        account: account.map(str::to_owned),
        product: "discovery".to_owned(),
        ..usecase::licence::operator::GrantForm::default()
    };
    for wrong in [None, Some("south")] {
        let Err(Error::Refused(Refusal::Invalid(fields))) =
            usecase::licence::operator::grant(app.ctx(), &form(wrong)).await
        else {
            panic!("{wrong:?}")
        };
        assert_eq!(fields[0].field, "account");
    }
    usecase::licence::operator::grant(app.ctx(), &form(Some("NORTH"))).await.expect("granted");
    app.healthy().await;
});

both!(acct_2_plans_limit_accounts_managers_and_limited_people, async |app| {
    let (anna, ed) = (app.person("Anna").await, app.person("Ed").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &ed, Role::Editor).await;
    let (north, _) = open(&anna, &org, "North").await;
    let manager = anna.invite(&org, "max@example.com", "manager").await;
    let token = app.invitation_token("max@example.com").await;
    limit(&anna, &org, ed.id, json!([north])).await.expect(200);

    // A smaller plan is refused while more is used, with all of it.
    let Err(Refusal::PlanLimit(text)) = plan(app, &org, PlanTier::Essential).await else { panic!("refused") };
    for what in ["2 accounts", "1 invitation as Manager", "1 person limited"] {
        assert!(text.contains(what), "{what}: {text}");
    }
    limit(&anna, &org, ed.id, Value::Null).await.expect(200);
    anna.delete(&format!("/api/v1/orgs/{}/invitations/{manager}", org.org_id)).await.expect(204);
    plan(app, &org, PlanTier::Premier).await.expect("nothing is in the way");

    // Premier: accounts, but neither Managers nor limits.
    open(&anna, &org, "South").await;
    assert_eq!(anna.change_role(&org, ed.id, "manager").await.expect(402).code(), "plan_limit");
    let people = format!("/api/v1/orgs/{}/people", org.org_id);
    let body = json!({ "email": "new@example.com", "first_name": "N", "last_name": "W", "role": "manager" });
    assert_eq!(anna.post(&people, &body).await.expect(402).code(), "plan_limit");
    assert_eq!(limit(&anna, &org, ed.id, json!([north])).await.expect(402).code(), "plan_limit");
    let invitations = format!("/api/v1/orgs/{}/invitations", org.org_id);
    let rows = json!({ "invitations": [
        { "email": "a@example.com", "role": "manager" }, { "email": "b@example.com", "role": "reader" },
    ] });
    let sent = anna.post(&invitations, &rows).await.expect(200).json();
    assert_eq!(sent["results"][0]["outcome"], "invalid");
    assert!(sent["results"][0].to_string().contains("Premier"), "{sent}");
    assert_eq!(sent["results"][1]["outcome"], "invited");
    let waiting = sent["results"][1]["invitation"]["id"].as_str().expect("an id").to_owned();
    let raised = anna.patch(&format!("{invitations}/{waiting}"), &json!({ "role": "manager" })).await;
    assert_eq!(raised.expect(402).code(), "plan_limit");
    // One that was sent under another plan is not accepted past it.
    app.corrupt("UPDATE invitation SET state = 'pending' WHERE email_key = 'max@example.com'").await;
    let max = Person::sign_up(app, "Max", "Muster", "max@example.com").await;
    assert_eq!(max.accept(&token).await.expect(402).code(), "plan_limit");
    assert_eq!(app.role(org.id, max.id).await, None);

    // Essential: one account.
    let Err(Refusal::PlanLimit(_)) = plan(app, &org, PlanTier::Essential).await else { panic!("three accounts") };
    let single = anna.create_org("Small").await;
    plan(app, &single, PlanTier::Essential).await.expect("nothing is in the way");
    let refused = anna.post(&accounts_of(&single), &json!({ "name": "North" })).await.expect(402);
    assert_eq!(refused.code(), "plan_limit");
    assert!(refused.body.contains("Essential") && refused.body.contains("Premier"), "{}", refused.body);
    let page = anna.page(&format!("/o/{}/settings/accounts", single.org_id)).await.expect(200).body;
    assert!(page.contains("You cannot add another account."), "the control says why");
    let page = anna.page(&format!("/o/{}/people?dialog=invite", single.org_id)).await.expect(200).body;
    assert!(page.contains("There can be no Managers."), "so does the dialog");
    assert_eq!(anna.get(&format!("/api/v1/orgs/{}", single.org_id)).await.json()["plan"], "essential");
    assert!(anna.audit(&single).await.contains(&"organization.plan_changed".to_owned()));
    app.healthy().await;
});

/// The level by the rule: the role in that account, and the grants.
fn expected(role: Role, counts: bool, granted: Option<Level>) -> Option<Level> {
    let by_role = if counts { role_level(role) } else { None };
    by_role.max(granted)
}

both!(acct_2_access_1_access_3_limited_people_do_in_each_account_what_the_rule_says, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.licence(&org, "cloud-enterprise", "images-projects", 1_000, 100, 0).await;
    let (north, north_root) = open(&anna, &org, "Northern branch").await;
    let (south, south_root) = open(&anna, &org, "Southern branch").await;
    let roots = [(org.account, org.root), (north, north_root), (south, south_root)];
    let mut folders = Vec::new();
    for (number, (account, root)) in roots.into_iter().enumerate() {
        let folder = anna.folder(root, &format!("Secret{number}")).await;
        let inside = anna.folder(folder, &format!("Inside{number}")).await;
        folders.push((account, root, folder, inside));
    }
    let mut people = Vec::new();
    for role in [Role::Manager, Role::Editor, Role::Reader, Role::Member] {
        for chosen in [None, Some(vec![]), Some(vec![north]), Some(vec![org.account, south])] {
            let one = app.person("Lim").await;
            app.join(&org, &one, role).await;
            if let Some(chosen) = &chosen {
                limit(&anna, &org, one.id, json!(chosen)).await.expect(200);
            }
            people.push((one, role, chosen));
        }
    }
    // Half of them were given something in the south.
    for (one, ..) in people.iter().step_by(2) {
        app.give(folders[2].3, Grantee::Person(one.id), Level::Editor, false).await;
    }
    for (at, (one, role, chosen)) in people.iter().enumerate() {
        let told = format!("{role:?} in {chosen:?}, number {at}");
        let mut seen = BTreeSet::new();
        for (number, (account, root, folder, inside)) in folders.iter().enumerate() {
            let counts = chosen.as_ref().is_none_or(|chosen| chosen.contains(account));
            for (id, granted) in
                [(root, None), (folder, None), (inside, (number == 2 && at % 2 == 0).then_some(Level::Editor))]
            {
                let level = expected(*role, counts, granted);
                let shown = one.show(*id).await;
                assert_eq!(shown.status, if level.is_some() { 200 } else { 404 }, "{told}: {number}");
                if let Some(level) = level {
                    assert_eq!(shown.json()["level"], level.as_str(), "{told}");
                    seen.insert(*id);
                }
                let may = |act: Act| level.is_some_and(|level| level >= act.needs());
                let status = |act: Act, done: u16| match level {
                    None => 404,
                    Some(_) if may(act) => done,
                    Some(_) => 403,
                };
                assert_eq!(one.children(*id, "").await.status, status(Act::View, 200), "{told}: list");
                assert_eq!(one.access(*id, "").await.status, status(Act::GiveAccess, 200), "{told}: access");
                let name = format!("New{at}-{number}");
                let made = one.create(*id, "folder", &name).await;
                assert_eq!(made.status, status(Act::Create, 201), "{told}: create");
                if made.status == 201 {
                    let made: ResourceId = read(&made.json()["id"]);
                    anna.trash(made).await.expect(204);
                    anna.delete_for_good(made).await;
                }
            }
        }
        // Search finds what is seen, and nothing else.
        for (q, nth) in [("secret", 0), ("inside", 1)] {
            let path = format!("/api/v1/orgs/{}/search?q={q}&limit=50", org.org_id);
            let answer = one.get(&path).await.expect(200);
            let ids: BTreeSet<ResourceId> =
                answer.json()["items"].as_array().expect("rows").iter().map(|row| read(&row["id"])).collect();
            let expect: BTreeSet<ResourceId> = folders
                .iter()
                .map(|(_, _, folder, inside)| if nth == 0 { *folder } else { *inside })
                .filter(|id| seen.contains(id))
                .collect();
            assert_eq!(ids, expect, "{told}: search for {q}");
        }
        // No page and no answer names what is in an account that is not seen, nor the account.
        let org_id = &org.org_id;
        let pages = [
            format!("/o/{org_id}"),
            format!("/o/{org_id}/drive"),
            format!("/o/{org_id}/drive/shared"),
            format!("/o/{org_id}/drive/trash"),
            format!("/o/{org_id}/drive?q=secret"),
            format!("/api/v1/orgs/{org_id}"),
            format!("/api/v1/orgs/{org_id}/accounts"),
            format!("/api/v1/orgs/{org_id}/trash"),
            format!("/api/v1/orgs/{org_id}/shared"),
            format!("/api/v1/orgs/{org_id}/licences"),
            format!("/api/v1/orgs/{org_id}/audit"),
        ];
        for path in pages {
            let body = one.page(&path).await.body;
            for (number, (account, root, folder, inside)) in folders.iter().enumerate() {
                for (what, id, name) in [
                    ("root", root, ["Drive", "Northern branch", "Southern branch"][number].to_owned()),
                    ("folder", folder, format!("Secret{number}")),
                    ("inside", inside, format!("Inside{number}")),
                ] {
                    if seen.contains(id) || (what == "root" && number == 0) {
                        continue;
                    }
                    assert!(!body.contains(&id.to_string()), "{told}: {path} has the id of the {what} {number}");
                    assert!(!body.contains(&name), "{told}: {path} names the {what} {number}");
                }
                // Who sees something inside learns the account's id with it, and no more.
                if !seen.contains(root) && !seen.contains(inside) {
                    assert!(!body.contains(&account.to_string()), "{told}: {path} has the id of account {number}");
                }
            }
        }
    }
    app.healthy().await;
});

both!(acct_2_a_limited_manager_manages_in_their_accounts_and_not_the_organization, async |app| {
    let (anna, max, ed) = (app.person("Anna").await, app.person("Max").await, app.person("Ed").await);
    let org = anna.create_org("Alpine Survey").await;
    app.licence(&org, "cloud-enterprise", "images-projects", 1_000, 100, 0).await;
    let (north, root) = open(&anna, &org, "North").await;
    app.join(&org, &max, Role::Manager).await;
    app.join(&org, &ed, Role::Editor).await;
    let at = format!("/api/v1/orgs/{}", org.org_id);
    max.get(&format!("{at}/audit")).await.expect(200);
    limit(&anna, &org, max.id, json!([north])).await.expect(200);
    for path in [format!("{at}/audit"), format!("{at}/legal"), format!("{at}/invitations")] {
        max.get(&path).await.expect(403);
    }
    assert_eq!(limit(&max, &org, max.id, Value::Null).await.status, 403, "nobody lifts their own limit");
    assert_eq!(max.change_role(&org, ed.id, "reader").await.status, 403);
    assert_eq!(max.post(&accounts_of(&org), &json!({ "name": "Mine" })).await.status, 403);
    max.page(&format!("/o/{}/settings/accounts", org.org_id)).await.expect(404);
    // In the account it is as before.
    let folder = max.folder(root, "Gotthard").await;
    max.access(folder, "").await.expect(200);
    let shown = max.get(&at).await.expect(200).json();
    assert_eq!(shown["accounts"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["accounts"][0]["id"], json!(north));
    let page = max.page(&format!("/o/{}/drive", org.org_id)).await.expect(200).body;
    assert!(page.contains("Manager in chosen accounts") && page.contains("Gotthard"));
    // The licences of that account, and of no other.
    let licences = max.get(&format!("{at}/licences")).await.expect(200).json();
    assert_eq!(licences["items"].as_array().map(Vec::len), Some(0));
    // An Owner is never limited, and becoming one ends it.
    assert_eq!(limit(&anna, &org, anna.id, json!([north])).await.status, 422);
    anna.change_role(&org, max.id, "owner").await.expect(200);
    max.show(org.root).await.expect(200);
    // Both at once, all or nothing.
    let both = json!({ "role": "reader", "accounts": [uuid::Uuid::nil()] });
    anna.patch(&format!("{at}/people/{}", ed.id), &both).await.expect(422);
    assert_eq!(app.role(org.id, ed.id).await, Some(Role::Editor));
    let both = json!({ "role": "reader", "accounts": [north] });
    let now = anna.patch(&format!("{at}/people/{}", ed.id), &both).await.expect(200).json();
    assert_eq!((&now["role"], &now["accounts"]), (&json!("reader"), &json!([north])));
    assert_eq!(limit(&anna, &org, ed.id, json!([app.person("X").await.id])).await.expect(422).fields(), ["accounts"]);
    assert!(anna.audit(&org).await.contains(&"person.limited".to_owned()));
    let listed = anna.get(&format!("{at}/people?query=ed.")).await.expect(200).json();
    assert_eq!(listed["items"][0]["accounts"], json!([north]));
    app.healthy().await;
});

both!(acct_1_xfer_3_what_moves_to_another_account_keeps_its_books_and_who_saw_it, async |app| {
    let (anna, ed, rita) = (app.person("Anna").await, app.person("Ed").await, app.person("Rita").await);
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 100, 10).await;
    let (north, root) = open(&anna, &org, "North").await;
    app.join(&org, &ed, Role::Editor).await;
    app.join(&org, &rita, Role::Reader).await;
    limit(&anna, &org, ed.id, json!([org.account])).await.expect(200);
    limit(&anna, &org, rita.id, json!([north])).await.expect(200);
    let folder = anna.folder(org.root, "Gotthard").await;
    let dataset = anna.dataset(folder, "Flight", 40).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    let thrown = anna.folder(folder, "Old").await;
    anna.trash(thrown).await.expect(204);
    let left = app.left(licence).await;
    rita.show(folder).await.expect(404);
    anna.transfer(&[folder], root).await.expect(201);
    // The whole tree is in the other account; nothing was charged or given back.
    for id in [folder, dataset] {
        assert_eq!(app.stored(id).await.account, north);
    }
    assert_eq!(app.left(licence).await, left);
    // Who saw it by their role goes on doing so, as somebody who was given that; the others see it by theirs.
    assert_eq!(ed.show(folder).await.expect(200).json()["level"], "editor");
    ed.show(root).await.expect(404);
    assert_eq!(ed.get(&format!("/api/v1/orgs/{}/shared", org.org_id)).await.expect(200).names(), ["Gotthard"]);
    assert!(ed.page(&format!("/o/{}/drive", org.org_id)).await.expect(200).body.contains("Shared with you"));
    rita.show(dataset).await.expect(200);
    // What was in the trash stays in its account, at the root.
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource r JOIN account a ON a.id = r.account_id WHERE r.name = 'Old' AND a.name = 'Primary' AND r.parent_id = a.root_id").await, 1);
    anna.restore(thrown).await.expect(200);
    // The same in the other direction.
    anna.transfer(&[folder], org.root).await.expect(201);
    assert_eq!(app.stored(dataset).await.account, org.account);
    rita.show(folder).await.expect(200);
    app.healthy().await;
});

both!(acct_4_with_one_account_no_page_mentions_accounts, async |app| {
    let (anna, ed) = (app.person("Anna").await, app.person("Ed").await);
    let org = anna.create_org("Alpine Survey").await;
    app.licence(&org, "cloud-enterprise", "images-projects", 1_000, 100, 0).await;
    app.join(&org, &ed, Role::Editor).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let dataset = anna.dataset(folder, "Flight", 3).await;
    let gone = anna.folder(org.root, "Old").await;
    anna.trash(gone).await.expect(204);
    let at = format!("/o/{}", org.org_id);
    let pages = [
        "/".to_owned(),
        at.clone(),
        format!("{at}/drive"),
        format!("{at}/drive/{folder}"),
        format!("{at}/drive/{dataset}"),
        format!("{at}/drive/trash"),
        format!("{at}/drive?q=gott"),
        format!("{at}/drive?dialog=move&item={folder}"),
        format!("{at}/drive?dialog=copy&item={folder}"),
        format!("{at}/drive?dialog=share-copy&item={folder}"),
        format!("{at}/drive?dialog=access&item={folder}"),
        format!("{at}/drive?menu={folder}"),
        format!("{at}/people"),
        format!("{at}/people?dialog=invite"),
        format!("{at}/settings/organization"),
        format!("{at}/settings/details"),
    ];
    for one in [&anna, &ed] {
        for path in &pages {
            let answer = one.page(path).await;
            if answer.status == 404 {
                continue;
            }
            let said = words(&answer.expect(200).body);
            // A person's own, which has nothing to do with it; and the part of the settings for who manages accounts.
            let said = said.replace("My account", "").replace("Create an account", "").replace(">Accounts<", "><");
            // What a plan allows is said on its own page.
            let said = said.replace(PlanTier::Enterprise.summary(), "");
            let found = said.to_lowercase().find("account").map(|at| said[at.saturating_sub(80)..].to_owned());
            let found = found.map(|text| text.chars().take(200).collect::<String>());
            assert_eq!(found, None, "{path} for {}", one.name);
        }
    }
    // With two, the same pages do.
    open(&anna, &org, "North").await;
    let page = anna.page(&format!("{at}/drive")).await.expect(200).body;
    assert!(page.contains("Primary") && page.contains("North"), "the switcher lists them");
    let page = anna.page(&format!("{at}/drive?dialog=move&item={folder}")).await.expect(200).body;
    assert!(page.contains("Accounts of Alpine Survey"));
    app.healthy().await;
});

/// What a page says: without what its scripts bring along, and without what only styles read.
fn words(page: &str) -> String {
    let mut text = String::new();
    for (at, part) in page.split("<script").enumerate() {
        text.push_str(if at == 0 { part } else { part.split_once("</script>").map_or("", |(_, rest)| rest) });
    }
    // Addresses and classes are not read by people.
    let mut said = String::new();
    for part in text.split('<') {
        let (tag, rest) = part.split_once('>').unwrap_or(("", part));
        for attribute in ["aria-label=\"", "title=\"", "placeholder=\"", "alt=\""] {
            if let Some((_, value)) = tag.split_once(attribute) {
                said.push_str(value.split('"').next().unwrap_or_default());
                said.push(' ');
            }
        }
        said.push('>');
        said.push_str(rest);
        said.push('<');
    }
    said
}

both!(acct_3_a_copy_goes_to_the_account_behind_a_sharing_id_and_nothing_comes_along, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, theirs) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    app.team_licence(&org).await;
    let licence = app.images_licence(&theirs, 100, 10).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let dataset = anna.dataset(folder, "Flight", 40).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    let mem = app.person("Mem").await;
    app.join(&org, &mem, Role::Member).await;
    app.give(dataset, Grantee::Person(mem.id), Level::Editor, false).await;
    anna.post(&format!("/api/v1/resources/{folder}/links"), &json!({})).await.expect(201);
    john.folder(theirs.root, "gotthard").await;
    let before = app.left(licence).await;
    let done = share_copy(&anna, folder, "TUNNEL-north/Primary").await.expect(201);
    assert_eq!(done.json(), json!({ "copies": 1, "task": null }));
    assert!(!done.body.contains("(2)"), "what is there is not told: {}", done.body);
    assert_eq!(john.children(theirs.root, "").await.names(), ["gotthard", "Gotthard (2)"]);
    let copy: ResourceId = read(&john.children(theirs.root, "").await.json()["items"][1]["id"]);
    let inside = john.children(copy, "").await.expect(200);
    assert_eq!(
        (inside.names(), inside.json()["items"][0]["dataset"]["status"].clone()),
        (vec!["Flight".to_owned()], json!("processed"))
    );
    assert_eq!(app.left(licence).await, before, "a copy costs nothing");
    anna.show(copy).await.expect(404);
    let flight: ResourceId = read(&inside.json()["items"][0]["id"]);
    mem.show(flight).await.expect(404);
    assert_eq!(john.get(&format!("/api/v1/resources/{copy}/links")).await.expect(200).json()["items"], json!([]));
    // It is found where it is, and only there.
    let found = john.get(&format!("/api/v1/orgs/{}/search?q=flight", theirs.org_id)).await.expect(200).names();
    assert_eq!(found, ["Flight"]);
    assert!(anna.audit(&org).await.contains(&"resource.shared".to_owned()));
    assert!(john.audit(&theirs).await.contains(&"resource.received".to_owned()));
    app.healthy().await;
});

both!(acct_3_who_may_not_share_and_what_cannot_receive_is_refused_at_the_field, async |app| {
    let (anna, john, ed) = (app.person("Anna").await, app.person("John").await, app.person("Ed").await);
    let (org, theirs) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    let licence = app.team_licence(&org).await;
    app.join(&org, &ed, Role::Editor).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    for (wrong, problem) in [
        ("", "Enter a Sharing ID."),
        ("nonsense", "Enter a Sharing ID"),
        ("a/b/c", "Enter a Sharing ID"),
        ("tunnel-north/south", "There is no account"),
        ("nobody/primary", "There is no account"),
        ("alpine-SURVEY/primary", "already in this account"),
    ] {
        let refused = share_copy(&anna, folder, wrong).await.expect(422);
        assert_eq!(refused.fields(), ["sharing_id"], "{wrong}");
        assert!(refused.body.contains(problem), "{wrong}: {}", refused.body);
    }
    assert_eq!(share_copy(&ed, folder, "tunnel-north/primary").await.status, 403);
    assert_eq!(share_copy(&john, folder, "tunnel-north/primary").await.status, 404);
    // Somebody from outside who was given everything manages no accounts here.
    app.give(folder, Grantee::Person(john.id), Level::Manager, true).await;
    assert_eq!(share_copy(&john, folder, "tunnel-north/primary").await.status, 403);
    // To another account of the same organization, as a copy.
    let (_, north) = open(&anna, &org, "North").await;
    share_copy(&anna, folder, "alpine-survey/north").await.expect(201);
    assert_eq!(anna.children(north, "").await.names(), ["Gotthard"]);
    // POL-1, on it and inside.
    let inside = anna.folder(folder, "Secret").await;
    let restrict = format!("/api/v1/resources/{inside}/restrictions");
    anna.call(axum::http::Method::PUT, &restrict, Some(&json!({ "copy": true })), &[]).await.expect(200);
    assert!(share_copy(&anna, folder, "tunnel-north/primary").await.expect(403).body.contains("Secret"));
    anna.call(axum::http::Method::PUT, &restrict, Some(&json!({ "copy": false })), &[]).await.expect(200);
    // LIC-6 on both sides; of the other one nothing is told but that it cannot.
    let theirs_licence = app.images_licence(&theirs, 10, 1).await;
    app.expire(theirs_licence).await;
    let refused = share_copy(&anna, folder, "tunnel-north/primary").await.expect(422);
    assert_eq!(refused.fields(), ["sharing_id"]);
    assert!(!refused.body.to_lowercase().contains("licence"), "{}", refused.body);
    app.images_licence(&theirs, 10, 1).await;
    share_copy(&anna, folder, "tunnel-north/primary").await.expect(201);
    app.expire(licence).await;
    assert_eq!(share_copy(&anna, folder, "tunnel-north/primary").await.status, 403);
    // An organization that was deleted receives nothing, and does not exist.
    let form = usecase::licence::operator::GrantForm {
        org: org.org_id.clone(),
        account: Some("primary".to_owned()),
        product: "cloud-teams".to_owned(),
        model: Some("credits".to_owned()),
        credits: 1,
        ..usecase::licence::operator::GrantForm::default()
    };
    usecase::licence::operator::grant(app.ctx(), &form).await.expect("granted");
    let confirm = json!({ "confirm": "Tunnel North" });
    let at = format!("/api/v1/orgs/{}", theirs.org_id);
    john.call(axum::http::Method::DELETE, &at, Some(&confirm), &[]).await.expect(204);
    assert_eq!(share_copy(&anna, folder, "tunnel-north/primary").await.expect(422).fields(), ["sharing_id"]);
    app.healthy().await;
});

both!(acct_3_asking_for_many_sharing_ids_that_do_not_exist_is_limited, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let mut last = 422;
    for number in 0..200 {
        last = share_copy(&anna, folder, &format!("guess-{number}/primary")).await.status;
        if last != 422 {
            break;
        }
    }
    assert_eq!(last, 429);
});

both!(acct_3_a_large_copy_goes_on_behind_the_scenes_and_shows_when_it_is_there, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (org, theirs) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    app.team_licence(&org).await;
    let folder = anna.folder(org.root, "Big").await;
    let amounts = commonhold::server::generate::Amounts {
        org: Some(org.org_id.clone()),
        orgs: 0,
        people: 0,
        resources: 2_100,
        processed: true,
        flat: false,
    };
    commonhold::server::generate::generate(app.ctx(), &amounts).await.expect("made");
    let rows = anna.children(org.root, "?limit=200").await.expect(200).json();
    let others: Vec<ResourceId> =
        rows["items"].as_array().expect("rows").iter().map(|row| read(&row["id"])).filter(|id| *id != folder).collect();
    anna.transfer(&others, folder).await.expect(201);
    let begun = share_copy(&anna, folder, "tunnel-north/primary").await.expect(202).json();
    let task = begun["task"]["id"].as_str().expect("a task").to_owned();
    assert!(john.children(theirs.root, "").await.names().is_empty(), "nothing is seen before all of it is there");
    let mut held = usecase::task::claim(app.ctx()).await.expect("an answer");
    while let Some(one) = held {
        held = usecase::task::step(app.ctx(), one).await.expect("a step");
    }
    assert_eq!(john.children(theirs.root, "").await.names(), ["Big"]);
    let shown = anna.get(&format!("/api/v1/tasks/{task}")).await.expect(200).json();
    assert_eq!((&shown["state"], &shown["resource"]), (&json!("done"), &Value::Null));
    assert!(john.audit(&theirs).await.contains(&"resource.received".to_owned()));
    app.healthy().await;
});
