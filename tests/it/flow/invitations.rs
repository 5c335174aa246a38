//! Inviting, and every way of answering (PEOPLE-2 to PEOPLE-4, PEOPLE-10, SPACE-1, attacks 8, 18 to 23, 27, 48).

use std::collections::BTreeSet;

use commonhold::domain::role::Role;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Org, PASSWORD, Person, TestApp},
};

async fn invite_all(by: &Person, org: &Org, rows: Value) -> Value {
    let path = format!("/api/v1/orgs/{}/invitations", org.org_id);
    by.post(&path, &json!({ "invitations": rows })).await.expect(200).json()["results"].clone()
}

fn outcomes(results: &Value) -> Vec<&str> {
    results.as_array().expect("a list").iter().map(|row| row["outcome"].as_str().expect("an outcome")).collect()
}

async fn me(person: &Person) -> Value {
    person.get("/api/v1/me").await.expect(200).json()
}

fn organizations(me: &Value) -> Vec<(String, String)> {
    let list = me["organizations"].as_array().expect("a list");
    list.iter()
        .map(|one| {
            (one["name"].as_str().unwrap_or_default().to_owned(), one["role"].as_str().unwrap_or_default().to_owned())
        })
        .collect()
}

async fn sign_up_from(app: &TestApp, email: &str, token: &str) -> (u16, Person) {
    let nobody = app.nobody();
    let body = json!({ "first_name": "Eve", "last_name": "Muster", "email": email, "password": PASSWORD, "invitation_token": token });
    let answer = nobody.post("/api/v1/signup", &body).await;
    (answer.status, nobody)
}

both!(people_2_every_row_has_its_verdict_and_the_good_ones_go_out, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    app.join(&org, &john, Role::Reader).await;
    anna.invite(&org, "waiting@example.com", "reader").await;
    let rows = json!([
        { "email": "Eve@Example.com", "name": "Eve", "role": "editor" },
        { "email": "not an address", "role": "reader" },
        { "email": john.email, "role": "reader" },
        { "email": anna.email.to_uppercase(), "role": "reader" },
        { "email": "waiting@example.com", "role": "reader" },
        { "email": "eve@example.com", "role": "reader" },
        { "email": "boss@example.com", "role": "boss" },
        { "email": "chris@example.com", "role": "member" },
    ]);
    let results = invite_all(&anna, &org, rows).await;
    assert_eq!(
        outcomes(&results),
        [
            "invited",
            "invalid",
            "already_member",
            "already_member",
            "already_invited",
            "already_invited",
            "invalid",
            "invited"
        ]
    );
    assert!(results[0]["invitation"]["expires_at"].is_string());
    assert!(results[1]["message"].as_str().is_some_and(|text| text.contains("name@example.com")));
    // One mail each, with a link; nothing of the token anywhere else.
    for email in ["Eve@Example.com", "chris@example.com", "waiting@example.com"] {
        assert_eq!(app.mail_to(email).await.len(), 1, "{email}");
    }
    let token = app.invitation_token("Eve@Example.com").await;
    assert!(token.len() >= 43, "attack 23: 256 bits");
    let listed = anna.get(&format!("/api/v1/orgs/{}/invitations", org.org_id)).await.expect(200);
    assert!(!listed.body.contains(&token) && !results.to_string().contains(&token), "attack 23");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM invitation WHERE token_hash LIKE '%-%'").await, 0);
    let people = anna.get(&format!("/api/v1/orgs/{}/people", org.org_id)).await.expect(200).json();
    let status: Vec<&str> =
        people["items"].as_array().expect("rows").iter().map(|row| row["status"].as_str().expect("a status")).collect();
    assert_eq!(status.iter().filter(|status| **status == "invited").count(), 3);
    assert_eq!(anna.audit(&org).await.iter().filter(|action| *action == "invitation.sent").count(), 3);
    app.healthy().await;
});

both!(people_2_200_people_at_once_and_no_more_than_500, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let rows: Vec<Value> =
        (0..200).map(|n| json!({ "email": format!("p{n}@example.com"), "role": "reader" })).collect();
    let results = invite_all(&anna, &org, json!(rows)).await;
    assert!(outcomes(&results).iter().all(|outcome| *outcome == "invited"));
    let many: Vec<Value> =
        (0..501).map(|n| json!({ "email": format!("q{n}@example.com"), "role": "reader" })).collect();
    let path = format!("/api/v1/orgs/{}/invitations", org.org_id);
    assert_eq!(anna.post(&path, &json!({ "invitations": many })).await.expect(422).fields(), ["invitations"]);
    assert_eq!(anna.post(&path, &json!({ "invitations": [] })).await.expect(422).fields(), ["invitations"]);
});

both!(attack_8_nobody_is_invited_as_more_than_the_inviter_is, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let owners = anna.invite(&org, "boss@example.com", "owner").await;
    let path = format!("/api/v1/orgs/{}/invitations", org.org_id);
    for (name, role) in [("Mary", Role::Manager), ("Ed", Role::Editor), ("Rita", Role::Reader), ("Mem", Role::Member)] {
        let by = app.person(name).await;
        app.join(&org, &by, role).await;
        let pending = anna.invite(&org, &format!("for-{name}@example.com"), "reader").await;
        for wanted in ["owner", "manager", "reader"] {
            let rows = json!([{ "email": "good@example.com", "role": "reader" }, { "email": "x@example.com", "role": wanted }]);
            let fine = role == Role::Manager && wanted != "owner";
            if !fine {
                by.post(&path, &json!({ "invitations": rows })).await.expect(403);
                by.patch(&format!("{path}/{pending}"), &json!({ "role": wanted })).await.expect(403);
            }
        }
        // An Owner's invitation is not a Manager's to touch.
        app.tick(61_000);
        by.post(&format!("{path}/{owners}/resend"), &json!({})).await.expect(403);
        by.patch(&format!("{path}/{owners}"), &json!({ "role": "reader" })).await.expect(403);
        by.delete(&format!("{path}/{owners}")).await.expect(403);
    }
    assert!(app.mail_to("good@example.com").await.is_empty(), "all or nothing where a role is too high");
    let outsider = app.person("Xaver").await;
    outsider.post(&path, &json!({ "invitations": [{ "email": "x@example.com", "role": "reader" }] })).await.expect(404);
});

both!(people_4a_a_newcomer_signs_up_from_the_invitation_and_lands_in_the_organization, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    anna.invite(&org, "eve@example.com", "editor").await;
    let token = app.invitation_token("eve@example.com").await;
    // Under another address the invitation is not theirs, and nothing is made.
    assert_eq!(sign_up_from(app, "mallory@example.com", &token).await.0, 403);
    let (status, eve) = sign_up_from(app, "EVE@example.com", &token).await;
    assert_eq!(status, 201);
    let me = me(&eve).await;
    assert_eq!(organizations(&me), [("Alpine Survey".to_owned(), "editor".to_owned())]);
    assert_eq!((&me["space"], &me["email_verified"]), (&Value::Null, &json!(true)), "SPACE-1, AUTH-2");
    assert!(me["invitations"].as_array().is_some_and(Vec::is_empty));
    eve.accept(&token).await.expect(200);
    assert_eq!(sign_up_from(app, "eve2@example.com", &token).await.0, 410, "used");
    assert_eq!(sign_up_from(app, "eve2@example.com", "nonsense").await.0, 404);
    app.healthy().await;
});

both!(people_4b_an_individuals_space_becomes_an_organization_with_everything_in_it, async |app| {
    // The reference's Anna: two licences and seventy projects.
    let (john, anna) = (app.person("John").await, app.person("Anna").await);
    let org = john.create_org("Alpine Survey").await;
    let space = me(&anna).await["space"].clone();
    let space_org = Org {
        id: space["id"].as_str().and_then(|id| id.parse().ok()).expect("an id"),
        org_id: space["org_id"].as_str().expect("an Org ID").to_owned(),
        root: space["root"].as_str().and_then(|id| id.parse().ok()).expect("a root"),
        account: commonhold::domain::id::AccountId(uuid::Uuid::nil()),
    };
    app.images_licence(&space_org, 1_000, 100).await;
    let folder = anna.folder(space_org.root, "Projects").await;
    for n in 0..70 {
        anna.dataset(folder, &format!("Project {n:02}"), 1).await;
    }
    john.invite(&org, &anna.email, "reader").await;
    let token = app.invitation_token(&anna.email).await;
    let joined = anna.accept(&token).await.expect(200).json();
    assert_eq!(
        (&joined["organization"]["name"], &joined["organization"]["role"]),
        (&json!("Alpine Survey"), &json!("reader"))
    );
    assert_eq!((&joined["space"]["name"], &joined["space"]["role"]), (&json!("Anna Muster's Space"), &json!("owner")));
    let after = me(&anna).await;
    assert_eq!(after["space"], Value::Null);
    let mut both = organizations(&after);
    both.sort();
    assert_eq!(
        both,
        [("Alpine Survey".to_owned(), "reader".to_owned()), ("Anna Muster's Space".to_owned(), "owner".to_owned())]
    );
    let licences = anna.get(&format!("/api/v1/orgs/{}/licences", space_org.org_id)).await.expect(200).json();
    assert_eq!(licences["items"].as_array().map(Vec::len), Some(2), "Discovery and Cloud Pro");
    assert_eq!(anna.show(folder).await.expect(200).json()["children_count"], 70);
    app.healthy().await;
});

/// A person's space, as an organization.
async fn space_of(person: &Person) -> Org {
    let space = me(person).await["space"].clone();
    Org {
        id: space["id"].as_str().and_then(|id| id.parse().ok()).expect("an id"),
        org_id: space["org_id"].as_str().expect("an Org ID").to_owned(),
        root: space["root"].as_str().and_then(|id| id.parse().ok()).expect("a root"),
        account: commonhold::domain::id::AccountId(uuid::Uuid::nil()),
    }
}

both!(people_4b_space_1_a_space_with_a_licence_becomes_an_organization, async |app| {
    let john = app.person("John").await;
    let org = john.create_org("Alpine Survey").await;
    // A licence alone, before joining.
    let anna = app.person("Anna").await;
    let space = space_of(&anna).await;
    app.images_licence(&space, 100, 10).await;
    john.invite(&org, &anna.email, "reader").await;
    let joined = anna.accept(&app.invitation_token(&anna.email).await).await.expect(200).json();
    assert_eq!(joined["space"]["name"], json!("Anna Muster's Space"));
    assert_eq!(me(&anna).await["space"], Value::Null);
    // Joined with an empty space, which stays one, until a folder, a licence, a copy or a transfer comes into it.
    let target = john.create_org("Handover").await;
    for target in [&org, &target] {
        app.images_licence(target, 1_000, 100).await;
    }
    for how in ["folder", "licence", "founded"] {
        let eve = app.person("Eve").await;
        let space = space_of(&eve).await;
        if how == "founded" {
            eve.create_org("Her own").await;
        } else {
            john.invite(&org, &eve.email, "editor").await;
            let joined = eve.accept(&app.invitation_token(&eve.email).await).await.expect(200).json();
            assert_eq!(joined["space"], Value::Null, "{how}: an empty one stays");
        }
        assert_eq!(me(&eve).await["space"]["id"], json!(space.id), "{how}");
        if how == "licence" {
            app.credits_licence(&space, 100).await;
        } else {
            eve.folder(space.root, "Work").await;
        }
        let after = me(&eve).await;
        assert_eq!(after["space"], Value::Null, "{how}: it turns at that moment");
        let names: Vec<String> = organizations(&after).into_iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"Eve Muster's Space".to_owned()), "{how}: {names:?}");
        eve.get(&format!("/api/v1/orgs/{}/people", space.org_id)).await.expect(200);
    }
    // Something transferred into it.
    let eve = app.person("Eve").await;
    let space = space_of(&eve).await;
    john.invite(&org, &eve.email, "manager").await;
    eve.accept(&app.invitation_token(&eve.email).await).await.expect(200);
    let folder = john.folder(org.root, "Handed over").await;
    // Without work of its own it has Discovery alone, which takes no transfer; a licence turns it first.
    eve.transfer(&[folder], space.root).await.expect(409);
    assert_eq!(me(&eve).await["space"]["id"], json!(space.id), "nothing came");
    app.healthy().await;
});

both!(people_4c_a_member_elsewhere_joins_and_keeps_an_empty_space, async |app| {
    let (anna, chris) = (app.person("Anna").await, app.stranger("Chris").await);
    let (third, fourth) = (chris.create_org("Org3").await, anna.create_org("Org4").await);
    let inviter = fourth;
    anna.invite(&inviter, &chris.email, "manager").await;
    let waiting = me(&chris).await["invitations"].clone();
    assert_eq!(
        (&waiting[0]["role"], &waiting[0]["organization"]),
        (&json!("manager"), &Value::Null),
        "not verified yet"
    );
    let id = waiting[0]["id"].clone();
    assert_eq!(
        chris.post("/api/v1/invitations/accept", &json!({ "id": id })).await.expect(403).code(),
        "email_unverified",
        "attack 19"
    );
    app.verify(&chris).await;
    assert_eq!(me(&chris).await["invitations"][0]["organization"], json!("Org4"));
    let joined = chris.post("/api/v1/invitations/accept", &json!({ "id": id })).await.expect(200).json();
    assert_eq!(joined["space"], Value::Null);
    assert_eq!(app.role(inviter.id, chris.id).await, Some(Role::Manager));
    assert_eq!(app.role(third.id, chris.id).await, Some(Role::Owner), "nothing changes elsewhere");
    // What was accepted is accepted; once more is fine.
    chris.post("/api/v1/invitations/accept", &json!({ "id": id })).await.expect(200);
    assert_eq!(anna.audit(&inviter).await.iter().filter(|action| *action == "person.joined").count(), 1);
});

both!(people_2_a_member_reaches_what_came_with_the_invitation, async |app| {
    let (anna, mem) = (app.person("Anna").await, app.person("Mem").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, mem.create_org("Other").await);
    let (folder, foreign) = (anna.folder(org.root, "Gotthard").await, mem.folder(other.root, "Mine").await);
    let with_folder = json!([{ "email": mem.email, "role": "member", "resource": folder, "level": "editor" }]);
    // LIC-4: not without Team Access Control, and said so.
    for product in [None, Some("cloud-pro")] {
        if let Some(product) = product {
            app.licence(&org, product, "images-projects", 100, 10, 0).await;
        }
        let results = invite_all(&anna, &org, with_folder.clone()).await;
        let message = results[0]["message"].as_str().unwrap_or_default();
        assert!(outcomes(&results) == ["invalid"] && message.contains("Cloud Teams"), "{results}");
    }
    assert!(app.mail_to(&mem.email).await.iter().all(|(subject, _)| !subject.contains("invites")));
    app.team_licence(&org).await;
    let results = invite_all(
        &anna,
        &org,
        json!([
            { "email": mem.email, "role": "member", "resource": folder, "level": "editor" },
            { "email": "a@example.com", "role": "reader", "resource": folder, "level": "editor" },
            { "email": "b@example.com", "role": "member", "resource": foreign },
            { "email": "c@example.com", "role": "member", "resource": folder, "level": "king" },
            { "email": "d@example.com", "role": "member", "level": "editor" },
        ]),
    )
    .await;
    assert_eq!(outcomes(&results), ["invited", "invalid", "invalid", "invalid", "invalid"]);
    mem.accept(&app.invitation_token(&mem.email).await).await.expect(200);
    assert_eq!(mem.show(folder).await.expect(200).json()["level"], "editor");
    mem.show(org.root).await.expect(404);
    // A Member sees only the people they share a resource with (PEOPLE-11).
    let seen = mem.get(&format!("/api/v1/orgs/{}/people", org.org_id)).await.expect(200);
    assert_eq!(seen.names(), ["Mem Muster"]);
    app.healthy().await;
});

both!(attack_18_an_invitation_is_for_one_address_and_stays_pending_for_it, async |app| {
    let (anna, eve, mallory) = (app.person("Anna").await, app.person("Eve").await, app.person("Mallory").await);
    let org = anna.create_org("Alpine Survey").await;
    let id = anna.invite(&org, &eve.email, "editor").await;
    let token = app.invitation_token(&eve.email).await;
    app.verify(&mallory).await;
    assert_eq!(mallory.accept(&token).await.expect(403).code(), "invitation_wrong_person");
    mallory.post("/api/v1/invitations/decline", &json!({ "token": token })).await.expect(403);
    mallory.post("/api/v1/invitations/accept", &json!({ "id": id })).await.expect(404);
    assert!(me(&mallory).await["invitations"].as_array().is_some_and(Vec::is_empty));
    // Attack 21: looking spends nothing.
    for who in [&app.nobody(), &mallory, &eve] {
        let page = who.page(&format!("/invitations/{token}")).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("Alpine Survey"));
    }
    eve.accept(&token).await.expect(200);
    assert_eq!(app.role(org.id, mallory.id).await, None);
    app.nobody().accept(&token).await.expect(401);
});

both!(attack_22_expired_revoked_declined_used_and_resent_each_say_so, async |app| {
    let (anna, eve) = (app.person("Anna").await, app.person("Eve").await);
    let org = anna.create_org("Alpine Survey").await;
    let path = format!("/api/v1/orgs/{}/invitations", org.org_id);
    let refused = async |token: &str, words: &str| {
        let answer = eve.accept(token).await.expect(410).json();
        assert_eq!(answer["code"], "invitation_expired");
        assert!(answer["detail"].as_str().is_some_and(|text| text.contains(words)), "{answer}");
        let page = eve.page(&format!("/invitations/{token}")).await;
        assert!(page.body.contains(words), "the page says {words}");
    };
    // Declined, and then invited again.
    anna.invite(&org, &eve.email, "editor").await;
    let declined = app.invitation_token(&eve.email).await;
    eve.post("/api/v1/invitations/decline", &json!({ "token": declined })).await.expect(204);
    eve.post("/api/v1/invitations/decline", &json!({ "token": declined })).await.expect(204);
    refused(&declined, "declined").await;
    // Revoked.
    let id = anna.invite(&org, &eve.email, "editor").await;
    let revoked = app.invitation_token(&eve.email).await;
    anna.delete(&format!("{path}/{id}")).await.expect(204);
    assert_eq!(anna.delete(&format!("{path}/{id}")).await.expect(410).code(), "invitation_expired");
    refused(&revoked, "withdrawn").await;
    // Resent: at most once a minute, and the old link is gone.
    let id = anna.invite(&org, &eve.email, "reader").await;
    let first = app.invitation_token(&eve.email).await;
    assert!(
        anna.post(&format!("{path}/{id}/resend"), &json!({}))
            .await
            .expect(429)
            .header("retry-after")
            .parse::<u64>()
            .is_ok()
    );
    app.tick(61_000);
    anna.post(&format!("{path}/{id}/resend"), &json!({})).await.expect(200);
    let second = app.invitation_token(&eve.email).await;
    assert_ne!(first, second);
    // PEOPLE-10: the old link says that there is a newer one, and where it went; nothing of what came after it.
    refused(&first, "A newer invitation was sent on").await;
    let page = app.nobody().page(&format!("/invitations/{first}")).await.body;
    assert!(page.contains(&eve.email) && !page.contains("as <b>"), "no more than who has the link knew");
    assert_eq!(sign_up_from(app, &eve.email, &first).await.0, 410);
    assert_eq!(anna.accept(&first).await.expect(403).code(), "invitation_wrong_person");
    eve.post("/api/v1/invitations/decline", &json!({ "token": first })).await.expect(410);
    // The role is the one it has now, not the one in the mail.
    anna.patch(&format!("{path}/{id}"), &json!({ "role": "manager" })).await.expect(200);
    // Expired, and invited anew.
    app.later(14);
    refused(&second, "expired").await;
    let people = anna.get(&format!("/api/v1/orgs/{}/people?status=expired", org.org_id)).await.expect(200).json();
    assert_eq!(people["items"].as_array().map(Vec::len), Some(1));
    app.team_licence(&org).await;
    anna.invite(&org, &eve.email, "member").await;
    let last = app.invitation_token(&eve.email).await;
    eve.accept(&last).await.expect(200);
    assert_eq!(app.role(org.id, eve.id).await, Some(Role::Member));
    // Used, and then removed: the old link does not bring anybody back.
    anna.remove(&org, &[eve.id]).await.expect(204);
    refused(&last, "used").await;
    assert_eq!(app.role(org.id, eve.id).await, None);
});

both!(attack_48_one_invitation_accepted_by_many_clicks_makes_one_membership, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for round in 0..5 {
        let eve = app.person("Eve").await;
        anna.invite(&org, &eve.email, "editor").await;
        let token = app.invitation_token(&eve.email).await;
        let clicks: Vec<_> = (0..8)
            .map(|_| {
                let (eve, token) = (eve.clone(), token.clone());
                tokio::spawn(async move { eve.accept(&token).await.status })
            })
            .collect();
        let mut seen = BTreeSet::new();
        for click in clicks {
            seen.insert(click.await.expect("an answer"));
        }
        assert_eq!(seen, [200].into_iter().collect(), "round {round}");
        assert_eq!(app.role(org.id, eve.id).await, Some(Role::Editor));
    }
    assert_eq!(anna.audit(&org).await.iter().filter(|action| *action == "person.joined").count(), 5);
    app.healthy().await;
});

both!(attack_27_one_address_is_not_bombed_and_one_person_does_not_flood, async |app| {
    let mut last = String::new();
    for n in 0..11 {
        let anna = app.person("Anna").await;
        let org = anna.create_org(&format!("Org {n}")).await;
        let results = invite_all(&anna, &org, json!([{ "email": "victim@example.com", "role": "reader" }])).await;
        last = results[0]["outcome"].as_str().expect("an outcome").to_owned();
    }
    assert_eq!((last.as_str(), app.mail_to("victim@example.com").await.len()), ("invalid", 10));
    // Sending again counts like sending.
    let eve = app.person("Erna").await;
    let again = eve.create_org("Again").await;
    let id = eve.invite(&again, "again@example.com", "reader").await;
    for sent in 1..=10 {
        app.tick(61_000);
        let path = format!("/api/v1/orgs/{}/invitations/{id}/resend", again.org_id);
        assert_eq!(eve.post(&path, &json!({})).await.status, if sent < 10 { 200 } else { 429 });
    }
    assert_eq!(app.mail_to("again@example.com").await.len(), 10);
    let anna = app.person("Flora").await;
    let org = anna.create_org("Flood").await;
    let path = format!("/api/v1/orgs/{}/invitations", org.org_id);
    for batch in 0..5 {
        let rows: Vec<Value> =
            (0..500).map(|n| json!({ "email": format!("p{batch}-{n}@example.com"), "role": "reader" })).collect();
        let answer = anna.post(&path, &json!({ "invitations": rows })).await;
        assert_eq!(answer.status, if batch < 4 { 200 } else { 429 });
    }
});

both!(attack_14_nothing_is_slipped_into_an_invitation, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let path = format!("/api/v1/orgs/{}/invitations", org.org_id);
    for extra in ["organization", "token", "state", "invited_by", "expires_at"] {
        let mut row = json!({ "email": "eve@example.com", "role": "reader" });
        row[extra] = json!("x");
        anna.post(&path, &json!({ "invitations": [row] })).await.expect(400);
    }
    anna.post("/api/v1/invitations/accept", &json!({ "token": "x", "role": "owner" })).await.expect(400);
    anna.post("/api/v1/invitations/accept", &json!({})).await.expect(422);
    anna.post("/api/v1/invitations/accept", &json!({ "token": "x", "id": org.id })).await.expect(422);
});

both!(space_1_a_personal_space_has_no_team, async |app| {
    let anna = app.person("Anna").await;
    let space = me(&anna).await["space"]["org_id"].as_str().expect("an Org ID").to_owned();
    let rows = json!({ "invitations": [{ "email": "eve@example.com", "role": "reader" }] });
    anna.post(&format!("/api/v1/orgs/{space}/invitations"), &rows).await.expect(404);
    anna.get(&format!("/api/v1/orgs/{space}/invitations")).await.expect(404);
    anna.get(&format!("/api/v1/orgs/{space}/people")).await.expect(404);
});

both!(people_2_two_who_invite_one_at_the_same_moment_make_one_invitation, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Manager).await;
    for round in 0..10 {
        let tasks: Vec<_> = [&anna, &john, &anna, &john]
            .into_iter()
            .map(|by| {
                let (by, path) = (by.clone(), format!("/api/v1/orgs/{}/invitations", org.org_id));
                let row = json!({ "email": format!("eve{round}@example.com"), "role": "reader" });
                tokio::spawn(async move { by.post(&path, &json!({ "invitations": [row] })).await })
            })
            .collect();
        let mut invited = 0;
        for task in tasks {
            let answer = task.await.expect("an answer");
            assert!(matches!(answer.status, 200 | 409), "{}", answer.body);
            invited += usize::from(answer.status == 200 && answer.json()["results"][0]["outcome"] == "invited");
        }
        assert_eq!((invited, app.mail_to(&format!("eve{round}@example.com")).await.len()), (1, 1), "round {round}");
    }
});

both!(attack_6_a_mail_names_nothing_that_went_to_another_organization, async |app| {
    let anna = app.person("Anna").await;
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Other").await);
    app.team_licence(&org).await;
    app.images_licence(&other, 100, 10).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let rows = json!([{ "email": "mem@example.com", "role": "member", "resource": folder }]);
    let id = invite_all(&anna, &org, rows).await[0]["invitation"]["id"].clone();
    assert!(app.mail_to("mem@example.com").await[0].1.contains("Gotthard"));
    anna.transfer(&[folder], other.root).await.expect(201);
    app.tick(61_000);
    let path = format!("/api/v1/orgs/{}/invitations/{}/resend", org.org_id, id.as_str().expect("an id"));
    anna.post(&path, &json!({})).await.expect(200);
    assert!(!app.mail_to("mem@example.com").await[0].1.contains("Gotthard"));
    let token = app.invitation_token("mem@example.com").await;
    assert!(!app.nobody().page(&format!("/invitations/{token}")).await.body.contains("Gotthard"));
});
