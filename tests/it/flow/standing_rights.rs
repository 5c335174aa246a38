//! Invitations and grants that somebody sent with a right they have lost since: every kind, for every role (ROLE-3;
//! `domain/sender.rs` has the rule, `docs/standing-rights.md` each kind).

use commonhold::domain::{access::Level, id::ResourceId, role::Role, transfer::Grantee};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Org, Person, TestApp},
};

fn invitations(org: &Org) -> String {
    format!("/api/v1/orgs/{}/invitations", org.org_id)
}

/// The pending invitations that the list marks as no longer valid.
async fn lost(by: &Person, org: &Org) -> Vec<String> {
    let rows = by.get(&format!("{}?limit=200", invitations(org))).await.expect(200).json();
    let rows = rows["items"].as_array().cloned().expect("rows");
    let lost = rows.iter().filter(|row| row["sender_lost"] == json!(true));
    lost.map(|row| row["email"].as_str().expect("an address").to_owned()).collect()
}

/// Asserts that it is refused by the API, on the page of the link, and at sign-up, and that it gives nothing.
async fn refused(app: &TestApp, org: &Org, who: &Person, token: &str, case: &str) {
    let answer = who.accept(token).await.expect(410).json();
    assert_eq!(answer["code"], "invitation_expired", "{case}");
    let words = answer["detail"].as_str().expect("words");
    assert!(words.contains("can no longer send it") && words.contains("Ask an Owner"), "{case}: {words}");
    assert_eq!(app.role(org.id, who.id).await, None, "{case}");
    let page = who.page(&format!("/invitations/{token}")).await;
    assert!(page.body.contains("no longer valid") && page.body.contains("Tell the Owners"), "{case}: the page says it");
    assert!(!page.body.contains(">Accept</button>"), "{case}");
}

both!(people_3_role_3_what_a_manager_sent_ends_with_their_right_for_every_role, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    for how in ["removed", "left", "editor", "reader", "member", "limited", "deleted"] {
        let mary = app.person("Mary").await;
        app.join(&org, &mary, Role::Manager).await;
        let mut sent = Vec::new();
        for role in [Role::Manager, Role::Editor, Role::Reader, Role::Member] {
            let eve = app.person("Eve").await;
            let id = mary.invite(&org, &eve.email, role.as_str()).await;
            let token = app.invitation_token(&eve.email).await;
            sent.push((role, eve, id, token));
        }
        assert!(lost(&anna, &org).await.is_empty(), "{how}: not yet");
        let person = format!("/api/v1/orgs/{}/people/{}", org.org_id, mary.id);
        match how {
            "removed" => drop(anna.remove(&org, &[mary.id]).await.expect(204)),
            "left" => drop(mary.leave(&org).await.expect(204)),
            "limited" => drop(anna.patch(&person, &json!({ "accounts": [org.account] })).await.expect(200)),
            "deleted" => {
                let body = json!({ "password": crate::support::PASSWORD, "confirm": mary.email, "delete_space": true });
                mary.call(axum::http::Method::DELETE, "/api/v1/me", Some(&body), &[]).await.expect(204);
            }
            role => drop(anna.change_role(&org, mary.id, role).await.expect(200)),
        }
        let told = app.mail_to(&anna.email).await.len();
        let mut expected: Vec<String> = sent.iter().map(|(_, eve, _, _)| eve.email.clone()).collect();
        for (role, eve, _, token) in &sent {
            let case = format!("a {role:?} that a Manager sent who is {how}");
            refused(app, &org, eve, token, &case).await;
            // Once more from the page: each Owner was told once.
            refused(app, &org, eve, token, &case).await;
        }
        assert_eq!(app.mail_to(&anna.email).await.len(), told + 4, "{how}: the Owner is told once of each");
        let mut listed = lost(&anna, &org).await;
        listed.sort();
        expected.sort();
        assert_eq!(listed, expected, "{how}");
        // Resent by somebody with the right, it is valid; the old link says so.
        app.tick(61_000);
        for (role, eve, id, old) in &sent {
            anna.post(&format!("{}/{id}/resend", invitations(&org)), &json!({})).await.expect(200);
            let replaced = eve.accept(old).await.expect(410).json();
            assert!(replaced["detail"].as_str().is_some_and(|text| text.starts_with("A newer invitation was sent on")));
            eve.accept(&app.invitation_token(&eve.email).await).await.expect(200);
            assert_eq!(app.role(org.id, eve.id).await, Some(*role), "{how}");
        }
    }
    app.healthy().await;
});

both!(people_3_role_3_a_demoted_owner_gives_what_a_manager_gives_and_no_more, async |app| {
    let (anna, olga) = (app.person("Anna").await, app.person("Olga").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &olga, Role::Owner).await;
    let (boss, ed, newcomer) = (app.person("Boss").await, app.person("Ed").await, "new.boss@example.com");
    for (email, role) in [(boss.email.as_str(), "owner"), (ed.email.as_str(), "editor"), (newcomer, "owner")] {
        olga.invite(&org, email, role).await;
    }
    anna.change_role(&org, olga.id, "manager").await.expect(200);
    refused(app, &org, &boss, &app.invitation_token(&boss.email).await, "an Owner").await;
    // Signing up from it is refused too, and creates no account.
    let token = app.invitation_token(newcomer).await;
    let body = json!({ "first_name": "New", "last_name": "Boss", "email": newcomer, "password": crate::support::PASSWORD, "invitation_token": token });
    let nobody = app.nobody();
    assert_eq!(nobody.post("/api/v1/signup", &body).await.expect(410).code(), "invitation_expired");
    let people = "SELECT CAST(COUNT(*) AS BIGINT) FROM person WHERE email_key = 'new.boss@example.com'";
    assert_eq!(app.count(people).await, 0);
    ed.accept(&app.invitation_token(&ed.email).await).await.expect(200);
    assert_eq!(app.role(org.id, ed.id).await, Some(Role::Editor));
    // An Owner who changes it becomes its sender.
    let id = lost(&anna, &org).await;
    assert_eq!(id.len(), 2);
    let rows = anna.get(&invitations(&org)).await.expect(200).json();
    let row = rows["items"].as_array().expect("rows").iter().find(|row| row["email"] == json!(boss.email)).cloned();
    let row = row.expect("Boss")["id"].as_str().expect("an id").to_owned();
    anna.patch(&format!("{}/{row}", invitations(&org)), &json!({ "role": "manager" })).await.expect(200);
    anna.change_role(&org, olga.id, "reader").await.expect(200);
    boss.accept(&app.invitation_token(&boss.email).await).await.expect(200);
    assert_eq!(app.role(org.id, boss.id).await, Some(Role::Manager));
    app.healthy().await;
});

/// An organization, what is shared, and a Member who manages it.
async fn project(app: &TestApp) -> (Person, Org, ResourceId, Person) {
    let (anna, mem) = (app.person("Anna").await, app.person("Mem").await);
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    app.join(&org, &mem, Role::Member).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    (anna, org, folder, mem)
}

both!(access_2_role_3_a_pending_grant_to_an_unknown_address_ends_with_its_senders_right, async |app| {
    let (anna, org, folder, mem) = project(app).await;
    let inside = anna.folder(folder, "Tunnels").await;
    for how in ["removed", "taken", "lowered", "editor"] {
        let (giver, eve) =
            (if how == "editor" { app.person("Mary").await } else { mem.clone() }, app.person("Eve").await);
        if how == "editor" {
            app.join(&org, &giver, Role::Manager).await;
        } else {
            if app.role(org.id, mem.id).await.is_none() {
                app.join(&org, &mem, Role::Member).await;
            }
            app.give(folder, Grantee::Person(mem.id), Level::Manager, false).await;
        }
        let invited = giver.give(inside, json!({ "email": eve.email }), "editor").await.expect(200).json();
        let token = app.invitation_token(&eve.email).await;
        assert!(lost(&anna, &org).await.is_empty(), "{how}: not yet");
        let grant = |level: Value| json!({ "person": mem.id, "level": level });
        match how {
            "removed" => drop(anna.remove(&org, &[mem.id]).await.expect(204)),
            "editor" => drop(anna.change_role(&org, giver.id, "editor").await.expect(200)),
            "lowered" => {
                let path = format!("/api/v1/resources/{folder}/grants");
                anna.call(axum::http::Method::PUT, &path, Some(&grant(json!("editor"))), &[]).await.expect(200);
            }
            _ => {
                let rows = anna.access(folder, "").await.expect(200).json();
                let rows = rows["items"].as_array().cloned().expect("rows");
                let row = rows.iter().find(|row| row["person"] == json!(mem.id)).expect("Mem");
                anna.take(folder, row["grant"].as_str().expect("an id")).await.expect(204);
            }
        }
        refused(app, &org, &eve, &token, &format!("given by somebody who is {how}")).await;
        eve.show(inside).await.expect(404);
        assert_eq!(lost(&anna, &org).await, std::slice::from_ref(&eve.email), "{how}");
        app.tick(61_000);
        let id = invited["invitation"]["id"].as_str().expect("an invitation").to_owned();
        anna.post(&format!("{}/{id}/resend", invitations(&org)), &json!({})).await.expect(200);
        eve.accept(&app.invitation_token(&eve.email).await).await.expect(200);
        assert_eq!(eve.show(inside).await.expect(200).json()["level"], "editor", "{how}");
    }
    app.healthy().await;
});

both!(access_2_role_3_pending_grants_count_only_if_their_sender_may_still_give_them, async |app| {
    let (anna, org, folder, mem) = project(app).await;
    let (good, bad) = (anna.folder(org.root, "Good").await, anna.folder(folder, "Bad").await);
    app.give(folder, Grantee::Person(mem.id), Level::Manager, false).await;
    let eve = app.person("Eve").await;
    mem.give(bad, json!({ "email": eve.email }), "editor").await.expect(200);
    anna.give(good, json!({ "email": eve.email }), "reader").await.expect(200);
    anna.remove(&org, &[mem.id]).await.expect(204);
    assert!(lost(&anna, &org).await.is_empty(), "there is something that can be given");
    eve.accept(&app.invitation_token(&eve.email).await).await.expect(200);
    eve.show(good).await.expect(200);
    eve.show(bad).await.expect(404);
    let audit = anna.get(&format!("/api/v1/orgs/{}/audit", org.org_id)).await.expect(200).json();
    let line = audit["items"].as_array().and_then(|lines| lines.iter().find(|one| one["action"] == "access.accepted"));
    assert_eq!(line.expect("a line")["after"]["not_given"], json!([bad]));
    // Whoever changes the level becomes its sender.
    let (ray, other) = (app.person("Ray").await, app.person("Other").await);
    app.join(&org, &ray, Role::Manager).await;
    ray.give(bad, json!({ "email": other.email }), "editor").await.expect(200);
    anna.give(bad, json!({ "email": other.email }), "reader").await.expect(200);
    anna.remove(&org, &[ray.id]).await.expect(204);
    other.accept(&app.invitation_token(&other.email).await).await.expect(200);
    assert_eq!(other.show(bad).await.expect(200).json()["level"], "reader");
    app.healthy().await;
});

both!(role_3_what_belongs_to_the_organization_survives_its_author, async |app| {
    let (anna, mary) = (app.person("Anna").await, app.person("Mary").await);
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    app.join(&org, &mary, Role::Manager).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    // A share link, access that was taken, a credential key.
    let made = mary.post(&format!("/api/v1/resources/{folder}/links"), &json!({})).await.expect(201).json();
    let url = made["url"].as_str().expect("an address").trim_start_matches("http://localhost:3000").to_owned();
    let eve = app.person("Eve").await;
    mary.give(folder, json!({ "email": eve.email }), "reader").await.expect(200);
    eve.accept(&app.invitation_token(&eve.email).await).await.expect(200);
    let key = json!({ "name": "Import", "scopes": ["read"] });
    mary.post(&format!("/api/v1/orgs/{}/keys", org.org_id), &key).await.expect(201);
    anna.remove(&org, &[mary.id]).await.expect(204);
    assert_eq!(app.nobody().page(&url).await.status, 200, "the link shows what the organization shares");
    eve.show(folder).await.expect(200);
    let keys = anna.get(&format!("/api/v1/orgs/{}/keys", org.org_id)).await.expect(200);
    assert_eq!(keys.names(), ["Import"]);
    // And whoever made it does nothing more with it.
    mary.get(&format!("/api/v1/orgs/{}/keys", org.org_id)).await.expect(404);
    mary.get(&format!("/api/v1/resources/{folder}/links")).await.expect(404);
    app.healthy().await;
});

both!(people_2_acct_2_people_are_invited_to_chosen_accounts_and_limited_to_them_at_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let north = anna.post(&format!("/api/v1/orgs/{}/accounts", org.org_id), &json!({ "name": "North" })).await;
    let north = north.expect(201).json();
    let (id, root) = (north["id"].clone(), north["root"].as_str().and_then(|id| id.parse().ok()).expect("a root"));
    let invite = async |email: &str, role: &str, accounts: Value| {
        let rows = json!({ "invitations": [{ "email": email, "role": role, "accounts": accounts }] });
        anna.post(&invitations(&org), &rows).await.expect(200).json()["results"][0].clone()
    };
    for (role, accounts, words) in [
        ("owner", json!([id]), "Owners cannot be limited"),
        ("reader", json!([]), "Choose at least one account."),
        ("reader", json!([uuid::Uuid::nil()]), "no longer exists"),
    ] {
        let result = invite("x@example.com", role, accounts).await;
        assert_eq!(result["outcome"], "invalid", "{result}");
        assert!(result["message"].as_str().is_some_and(|text| text.contains(words)), "{result}");
    }
    for (role, level) in [("editor", "editor"), ("reader", "reader"), ("manager", "manager")] {
        let eve = app.person("Eve").await;
        assert_eq!(invite(&eve.email, role, json!([id])).await["outcome"], "invited");
        let listed = anna.get(&invitations(&org)).await.expect(200).json();
        let row = listed["items"].as_array().and_then(|rows| rows.iter().find(|row| row["email"] == json!(eve.email)));
        assert_eq!(row.expect("Eve")["accounts"], json!(["North"]));
        eve.accept(&app.invitation_token(&eve.email).await).await.expect(200);
        eve.show(org.root).await.expect(404);
        assert_eq!(eve.show(root).await.expect(200).json()["level"], level, "{role}");
        let people =
            anna.get(&format!("/api/v1/orgs/{}/people?query={}", org.org_id, eve.email)).await.expect(200).json();
        assert_eq!(people["items"][0]["accounts"], json!([id]));
    }
    // An Owner stands above every account.
    let boss = app.person("Boss").await;
    let made = invite(&boss.email, "reader", json!([id])).await["invitation"]["id"].clone();
    let path = format!("{}/{}", invitations(&org), made.as_str().expect("an id"));
    anna.patch(&path, &json!({ "role": "owner" })).await.expect(200);
    boss.accept(&app.invitation_token(&boss.email).await).await.expect(200);
    boss.show(org.root).await.expect(200);
    app.healthy().await;
});
