//! Manage People: the list, roles with their mail, removing many, Externals, who sees whom (PEOPLE-1, PEOPLE-5 to PEOPLE-11).

use commonhold::domain::{access::Level, role::Role, transfer::Grantee};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Org, Person, TestApp},
};

async fn list(by: &Person, org: &Org, query: &str) -> Value {
    by.get(&format!("/api/v1/orgs/{}/people{query}", org.org_id)).await.expect(200).json()
}

fn column<'a>(page: &'a Value, name: &str) -> Vec<&'a str> {
    page["items"].as_array().expect("rows").iter().map(|row| row[name].as_str().unwrap_or_default()).collect()
}

async fn team(app: &TestApp) -> (Person, Person, Person, Org) {
    let (anna, john, rita) = (app.person("Anna").await, app.person("John").await, app.person("Rita").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Manager).await;
    app.join(&org, &rita, Role::Reader).await;
    (anna, john, rita, org)
}

both!(people_1_the_list_is_searched_filtered_sorted_and_paged, async |app| {
    let (anna, john, rita, org) = team(app).await;
    let fatima = app.person("Fatima").await;
    let folder = anna.folder(org.root, "Gotthard").await;
    app.give(folder, Grantee::Person(fatima.id), Level::Reader, false).await;
    anna.invite(&org, "bert@example.com", "editor").await;
    let all = list(&anna, &org, "").await;
    assert_eq!(column(&all, "email"), [&anna.email, "bert@example.com", &fatima.email, &john.email, &rita.email]);
    assert_eq!(column(&all, "status"), ["active", "invited", "external", "active", "active"]);
    assert_eq!(column(&all, "role"), ["owner", "editor", "", "manager", "reader"]);
    assert_eq!(all["items"][2]["resources"], 1);
    for (query, expected) in [
        ("?status=active", vec!["owner", "manager", "reader"]),
        ("?status=invited", vec!["editor"]),
        ("?status=external", vec![""]),
        ("?status=expired", vec![]),
        ("?role=manager", vec!["manager"]),
        ("?query=RITA", vec!["reader"]),
        ("?query=%25", vec![]),
        ("?sort=-name", vec!["reader", "manager", "", "editor", "owner"]),
        ("?sort=email", vec!["owner", "editor", "", "manager", "reader"]),
        ("?sort=role", vec!["owner", "manager", "reader", "editor", ""]),
        ("?sort=-role", vec!["reader", "manager", "owner", "editor", ""]),
    ] {
        assert_eq!(column(&list(&anna, &org, query).await, "role"), expected, "{query}");
    }
    // PEOPLE-1: each status is a part of the list, and who never was here counts as longest ago.
    let statuses = ["active", "invited", "expired", "external"];
    for sort in ["status", "-status"] {
        let page = list(&anna, &org, &format!("?sort={sort}")).await;
        let mut places: Vec<usize> =
            column(&page, "status").iter().filter_map(|status| statuses.iter().position(|one| one == status)).collect();
        if sort.starts_with('-') {
            places.reverse();
        }
        assert!(places.is_sorted() && places.len() > 2, "{sort}: {places:?}");
    }
    for sort in ["last_seen", "-last_seen"] {
        let page = list(&anna, &org, &format!("?sort={sort}")).await;
        let mut seen: Vec<String> = column(&page, "last_seen").into_iter().map(str::to_owned).collect();
        if sort.starts_with('-') {
            seen.reverse();
        }
        assert!(seen.is_sorted(), "{sort}: {seen:?}");
    }
    for sort in ["name", "-name", "email", "-email", "role", "-role", "status", "-status", "last_seen", "-last_seen"] {
        let (mut emails, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = list(&anna, &org, &format!("?sort={sort}&limit=2&cursor={cursor}")).await;
            emails.extend(column(&page, "email").into_iter().map(str::to_owned));
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        let whole = list(&anna, &org, &format!("?sort={sort}")).await;
        assert_eq!(emails, column(&whole, "email"), "{sort}, two at a time");
    }
    let path = format!("/api/v1/orgs/{}/people", org.org_id);
    for (query, field) in [
        ("sort=age", "sort"),
        ("role=king", "role"),
        ("status=gone", "status"),
        ("cursor=!!", "cursor"),
        ("limit=0", "limit"),
    ] {
        assert_eq!(anna.get(&format!("{path}?{query}")).await.expect(422).fields(), [field], "{query}");
    }
    anna.get(&format!("{path}?color=red")).await.expect(400);
    let foreign = list(&anna, &org, "?limit=1").await["next_cursor"].as_str().expect("more").to_owned();
    anna.get(&format!("{path}?limit=1&sort=email&cursor={foreign}")).await.expect(422);
});

both!(people_6_a_changed_role_is_seen_at_once_and_mailed, async |app| {
    let (anna, john, rita, org) = team(app).await;
    anna.change_role(&org, rita.id, "editor").await.expect(200);
    assert!(app.mail_to(&rita.email).await[0].1.contains("Editor"));
    // Nothing changes, nothing is mailed.
    let mails = app.mail_to(&rita.email).await.len();
    anna.change_role(&org, rita.id, "editor").await.expect(200);
    assert_eq!(app.mail_to(&rita.email).await.len(), mails);
    anna.change_role(&org, john.id, "owner").await.expect(200);
    assert!(
        app.mail_to(&john.email).await[0].0.contains("Owner") || app.mail_to(&john.email).await[0].1.contains("Owner")
    );
    assert_eq!(app.owners(org.id).await, 2);
});

both!(people_5_many_are_removed_at_once_or_none, async |app| {
    let (anna, john, rita, org) = team(app).await;
    let outsider = app.person("Xaver").await;
    anna.remove(&org, &[john.id, outsider.id]).await.expect(404);
    assert_eq!(app.role(org.id, john.id).await, Some(Role::Manager), "all or nothing");
    john.remove(&org, &[rita.id, anna.id]).await.expect(403);
    assert_eq!(app.role(org.id, rita.id).await, Some(Role::Reader));
    // Removal ends access at once, in every open session (attack 12).
    let open = rita.elsewhere().await;
    open.get(&format!("/api/v1/orgs/{}", org.org_id)).await.expect(200);
    anna.remove(&org, &[john.id, rita.id, rita.id]).await.expect(204);
    for who in [&rita, &open, &john] {
        who.get(&format!("/api/v1/orgs/{}", org.org_id)).await.expect(404);
        assert_eq!(who.page(&format!("/o/{}/drive", org.org_id)).await.status, 404);
    }
    assert!(app.mail_to(&rita.email).await[0].1.contains("Alpine Survey"));
    anna.remove(&org, &[anna.id]).await.expect(409);
    app.healthy().await;
});

both!(people_9_an_external_is_cut_off_or_invited, async |app| {
    let (anna, john, _, org) = team(app).await;
    let fatima = app.person("Fatima").await;
    let folder = anna.folder(org.root, "Gotthard").await;
    app.give(folder, Grantee::Person(fatima.id), Level::Editor, false).await;
    fatima.show(folder).await.expect(200);
    // Somebody from outside who reaches something may be invited like anybody.
    anna.invite(&org, &fatima.email, "reader").await;
    fatima.accept(&app.invitation_token(&fatima.email).await).await.expect(200);
    assert_eq!(column(&list(&anna, &org, "?query=fatima").await, "status"), ["active"]);
    anna.remove(&org, &[fatima.id]).await.expect(204);
    fatima.show(folder).await.expect(404);
    app.give(folder, Grantee::Person(fatima.id), Level::Editor, false).await;
    john.remove(&org, &[fatima.id]).await.expect(204);
    fatima.show(folder).await.expect(404);
    assert!(column(&list(&anna, &org, "?status=external").await, "status").is_empty());
    app.healthy().await;
});

both!(people_11_who_sees_the_people_list, async |app| {
    let (anna, john, rita, org) = team(app).await;
    let (mem, other, outsider) = (app.person("Mem").await, app.person("Other").await, app.person("Xaver").await);
    app.join(&org, &mem, Role::Member).await;
    app.join(&org, &other, Role::Member).await;
    let (folder, shut) = (anna.folder(org.root, "Gotthard").await, anna.folder(org.root, "Shut").await);
    let inner = anna.folder(folder, "Inner").await;
    app.give(inner, Grantee::Person(mem.id), Level::Reader, false).await;
    app.give(shut, Grantee::Person(other.id), Level::Reader, false).await;
    app.give(folder, Grantee::Person(rita.id), Level::Editor, false).await;
    for who in [&anna, &john, &rita] {
        assert_eq!(list(who, &org, "").await["items"].as_array().map(Vec::len), Some(5));
    }
    // A Member sees those they share a resource with, and nobody else (attack 15).
    assert_eq!(column(&list(&mem, &org, "").await, "name"), ["Mem Muster", "Rita Muster"]);
    outsider.get(&format!("/api/v1/orgs/{}/people", org.org_id)).await.expect(404);
    app.corrupt("UPDATE organization SET people_visible_to = 'managers' WHERE space_of IS NULL").await;
    for who in [&rita, &mem] {
        who.get(&format!("/api/v1/orgs/{}/people", org.org_id)).await.expect(404);
        assert_eq!(who.page(&format!("/o/{}/people", org.org_id)).await.status, 404);
    }
    assert_eq!(list(&john, &org, "").await["items"].as_array().map(Vec::len), Some(5));
    for who in [&rita, &mem] {
        who.get(&format!("/api/v1/orgs/{}/invitations", org.org_id)).await.expect(403);
    }
});

both!(people_1_pages_with_thousands_of_people_are_bounded, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let amounts = commonhold::server::generate::Amounts {
        org: Some(org.org_id.clone()),
        orgs: 0,
        people: 1_000,
        resources: 0,
        processed: false,
        flat: false,
    };
    commonhold::server::generate::generate(app.ctx(), &amounts).await.expect("people");
    let page = list(&anna, &org, "?limit=100&query=person").await;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(100));
    assert!(page["next_cursor"].is_string());
    let found = list(&anna, &org, "?query=00999").await;
    assert_eq!(column(&found, "name"), ["Person 00999"]);
    let body = anna.post(&format!("/api/v1/orgs/{}/people/remove", org.org_id), &json!({ "people": [] })).await;
    assert_eq!(body.expect(422).fields(), ["people"]);
});

both!(people_8_an_owner_creates_an_account_and_its_person_sets_the_password, async |app| {
    let (anna, john, _, org) = team(app).await;
    let path = format!("/api/v1/orgs/{}/people", org.org_id);
    let body = json!({ "email": "New@Example.com", "first_name": "Nora", "last_name": "Neu", "role": "editor" });
    john.post(&path, &body).await.expect(403);
    app.person("Xaver").await.post(&path, &body).await.expect(404);
    let made = anna.post(&path, &body).await.expect(201).json();
    assert_eq!(
        (&made["name"], &made["role"], &made["status"]),
        (&json!("Nora Neu"), &json!("editor"), &json!("active"))
    );
    assert_eq!(anna.post(&path, &body).await.expect(422).fields(), ["email"], "known already");
    let wrong = json!({ "email": "x", "first_name": "", "last_name": "", "role": "king" });
    assert_eq!(anna.post(&path, &wrong).await.expect(422).fields(), ["first_name", "last_name", "email", "role"]);
    let mut sneaky = body.clone();
    sneaky["email_verified"] = json!(true);
    anna.post(&path, &sneaky).await.expect(400);
    let token = app.token_in_mail("New@Example.com", "/reset?token=").await;
    let nobody = app.nobody();
    nobody
        .post("/api/v1/password/reset", &json!({ "token": token, "password": crate::support::PASSWORD }))
        .await
        .expect(204);
    let signed_in = json!({ "email": "new@example.com", "password": crate::support::PASSWORD });
    nobody.post("/api/v1/session", &signed_in).await.expect(200);
    let me = nobody.get("/api/v1/me").await.expect(200).json();
    assert_eq!(
        (&me["email_verified"], &me["organizations"][0]["role"], &me["space"]),
        (&json!(true), &json!("editor"), &Value::Null)
    );
    app.healthy().await;
});

both!(people_11_who_may_not_see_the_people_list_has_no_link_to_it, async |app| {
    let (anna, rita) = (app.person("Anna").await, app.person("Rita").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &rita, Role::Reader).await;
    let link = format!("/o/{}/people\"", org.org_id);
    let home = format!("/o/{}", org.org_id);
    assert!(rita.page(&home).await.body.contains(&link));
    let details = json!({ "people_visible_to": "managers" });
    anna.patch(&format!("/api/v1/orgs/{}", org.org_id), &details).await.expect(200);
    assert!(!rita.page(&home).await.body.contains(&link));
    assert!(anna.page(&home).await.body.contains(&link));
});

#[tokio::test]
async fn attack_28_creating_accounts_does_not_probe_addresses_without_limit() {
    let app = TestApp::sqlite_with(true).await;
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let body = json!({ "email": john.email, "first_name": "J", "last_name": "B", "role": "reader" });
    let path = format!("/api/v1/orgs/{}/people", org.org_id);
    let mut answers = Vec::new();
    for _ in 0..25 {
        answers.push(anna.post(&path, &body).await.status);
    }
    assert_eq!((answers[0], answers[24]), (422, 429), "{answers:?}");
    app.finish().await;
}
