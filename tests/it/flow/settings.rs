//! Settings of an organization: who may change what, the Org ID and its old ones, deleting and restoring (ORG-4, ORG-5,
//! PEOPLE-11).

use axum::http::Method;
use commonhold::{
    domain::{
        access::Level, id::InvitationId, permit::found, resource::DatasetStatus, role::Role,
        share_link::ShareLinkState, transfer::Grantee,
    },
    server::{
        error::Error,
        store::{invitation, link},
        usecase::{self, licence::operator::GrantForm},
    },
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Org, Person, TestApp, at_once},
};

fn at(org: &Org, rest: &str) -> String {
    format!("/api/v1/orgs/{}{rest}", org.id)
}

async fn patch(person: &Person, org: &Org, body: Value) -> crate::support::Answer {
    person.patch(&at(org, ""), &body).await
}

async fn put_legal(person: &Person, org: &Org, body: Value) -> crate::support::Answer {
    person.call(Method::PUT, &at(org, "/legal"), Some(&body), &[]).await
}

async fn delete(person: &Person, org: &Org, confirm: &str) -> crate::support::Answer {
    person.call(Method::DELETE, &at(org, ""), Some(&json!({ "confirm": confirm })), &[]).await
}

/// One person for each relation to an organization: its roles, an External, and a stranger.
async fn everybody(app: &TestApp, owner: &Person, org: &Org) -> Vec<(&'static str, Person)> {
    let mut all = vec![("owner", owner.clone())];
    for role in [Role::Manager, Role::Editor, Role::Reader, Role::Member] {
        let person = app.person("Some").await;
        app.join(org, &person, role).await;
        all.push((role.as_str(), person));
    }
    let folder = owner.folder(org.root, "For guests").await;
    let guest = app.person("Guest").await;
    app.give(folder, Grantee::Person(guest.id), Level::Editor, false).await;
    all.push(("external", guest));
    all.push(("outsider", app.person("Out").await));
    all
}

both!(org_4_people_11_attack_7_who_may_change_what_role_by_role, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let calls: Vec<(&str, Method, String, Option<Value>)> = vec![
        ("name", Method::PATCH, at(&org, ""), Some(json!({ "name": "Alpine Survey" }))),
        ("website", Method::PATCH, at(&org, ""), Some(json!({ "website": "example.com" }))),
        ("industry", Method::PATCH, at(&org, ""), Some(json!({ "industry": "mining" }))),
        ("language", Method::PATCH, at(&org, ""), Some(json!({ "language": "de" }))),
        ("cluster", Method::PATCH, at(&org, ""), Some(json!({ "cluster": "us-east" }))),
        ("people list", Method::PATCH, at(&org, ""), Some(json!({ "people_visible_to": "managers" }))),
        ("Org ID", Method::PATCH, at(&org, ""), Some(json!({ "org_id": "alpine-survey" }))),
        ("Org ID and name", Method::PATCH, at(&org, ""), Some(json!({ "org_id": "alpine-survey", "name": "Mine" }))),
        ("see legal", Method::GET, at(&org, "/legal"), None),
        ("legal", Method::PUT, at(&org, "/legal"), Some(json!({ "country": "CH" }))),
        ("read the log", Method::GET, at(&org, "/audit"), None),
        ("export the log", Method::GET, at(&org, "/audit/export"), None),
        ("delete, wrong name", Method::DELETE, at(&org, ""), Some(json!({ "confirm": "nonsense" }))),
        ("delete, no name", Method::DELETE, at(&org, ""), None),
        ("delete by query", Method::DELETE, at(&org, "?confirm=nonsense"), None),
        ("restore what is not deleted", Method::POST, at(&org, "/restore"), None),
    ];
    let mut table = Vec::new();
    for (who, person) in everybody(app, &anna, &org).await {
        for (what, method, path, body) in &calls {
            let answer = person.call(method.clone(), path, body.as_ref(), &[]).await;
            table.push(format!("{who:>8}  {what:<27}  {}", answer.status));
        }
    }
    insta::assert_snapshot!("who_may_change_what", table.join("\n"));
    // A Manager, who came last, changed the name, but not together with the Org ID: all of it or nothing.
    assert_eq!(anna.get(&at(&org, "")).await.json()["name"], "Alpine Survey");
    app.healthy().await;
});

both!(org_4_pages_show_each_role_only_its_sections, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    anna.call(Method::PUT, &at(&org, "/legal"), Some(&json!({ "country": "CH", "city": "Zug" })), &[])
        .await
        .expect(200);
    let mut table = Vec::new();
    for (who, person) in everybody(app, &anna, &org).await {
        for part in ["", "/organization", "/details", "/security", "/danger", "/nonsense"] {
            let page = person.page(&format!("/o/alpine-survey/settings{part}")).await;
            let heading = page.body.split("id=\"part\">").nth(1).and_then(|rest| rest.split('<').next());
            let edits = page.body.contains("name=\"officer_phone\"");
            table.push(format!(
                "{who:>8}  {part:<13}  {} {}{}",
                page.status,
                heading.unwrap_or("–"),
                if edits { ", to edit" } else { "" }
            ));
        }
        let activity = person.page("/o/alpine-survey/activity").await.status;
        table.push(format!("{who:>8}  activity       {activity}"));
    }
    insta::assert_snapshot!("who_sees_which_section", table.join("\n"));
    // A personal space has no team, and no settings of one.
    let space = anna.get("/api/v1/me").await.json()["space"]["org_id"].as_str().expect("a space").to_owned();
    anna.page(&format!("/o/{space}/settings")).await.expect(404);
    for change in
        [json!({ "name": "Alpine" }), json!({ "org_id": "alpine" }), json!({ "website": "https://alpine.ch" })]
    {
        anna.patch(&format!("/api/v1/orgs/{space}"), &change).await.expect(404);
    }
    let legal = json!({ "legal_name": "Alpine AG", "country": "CH" });
    anna.call(Method::PUT, &format!("/api/v1/orgs/{space}/legal"), Some(&legal), &[]).await.expect(404);
    let name = "Anna Muster's Space";
    let answer = anna.delete(&format!("/api/v1/orgs/{space}?confirm={}", name.replace(' ', "%20"))).await;
    assert_eq!(answer.expect(422).code(), "invalid");
});

both!(audit_1_settings_are_logged_with_what_changed_and_nothing_else, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let change = json!({ "name": "Alpine", "website": "https://alpine.ch", "org_id": "Alpine" });
    let answer = patch(&anna, &org, change.clone()).await.expect(200).json();
    assert_eq!((answer["org_id"].as_str(), answer["website"].as_str()), (Some("Alpine"), Some("https://alpine.ch")));
    patch(&anna, &org, change).await.expect(200);
    put_legal(&anna, &org, json!({ "country": "DE", "protection_officer": { "name": "Dan", "phone": "1" } }))
        .await
        .expect(200);
    let log = anna.get(&at(&org, "/audit")).await.expect(200).json();
    let lines: Vec<Value> = log["items"].as_array().expect("lines").clone();
    let told: Vec<String> = lines
        .iter()
        .map(|line| format!("{} {} {} {}", line["action"], line["summary"], line["before"], line["after"]))
        .collect();
    assert_eq!(
        told[..3],
        [
            r#""organization.legal_changed" "changed legal information: country, officer name, officer phone" {"country":"CH","officer_name":null,"officer_phone":null} {"country":"DE","officer_name":"Dan","officer_phone":"1"}"#,
            r#""organization.changed" "changed name, website" {"name":"Alpine Survey","website":null} {"name":"Alpine","website":"https://alpine.ch"}"#,
            r#""organization.org_id_changed" "changed the Org ID from alpine-survey to Alpine" {"org_id":"alpine-survey"} {"org_id":"Alpine"}"#,
        ]
    );
    assert_eq!(told.len(), 4, "what changes nothing is not logged");
    // `null` empties a field, and what is not sent stays.
    let answer = patch(&anna, &org, json!({ "website": null })).await.expect(200).json();
    assert_eq!((&answer["website"], answer["name"].as_str()), (&json!(null), Some("Alpine")));
});

both!(org_4_what_is_wrong_is_told_at_the_field, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let wrong = json!({ "name": "", "website": "javascript:alert(1)", "industry": "x", "language": "x", "cluster": "x", "people_visible_to": "x", "org_id": "-" });
    let fields = patch(&anna, &org, wrong).await.expect(422).fields();
    assert_eq!(fields, ["name", "website", "industry", "language", "cluster", "people_visible_to", "org_id"]);
    let legal = json!({ "country": "XX", "legal_name": "A", "vat_number": "1", "vat_exempt": true });
    assert_eq!(
        put_legal(&anna, &org, legal).await.expect(422).fields(),
        ["legal_name", "country", "vat_number", "vat_exempt"],
        "an individual has none of the three"
    );
    // Attack 14: nothing else is taken.
    for extra in ["id", "role", "plan", "kind", "space_of", "owner_id", "created_at", "deleted_at", "accounts"] {
        patch(&anna, &org, json!({ "name": "A", extra: "1" })).await.expect(400);
        put_legal(&anna, &org, json!({ "country": "CH", extra: "1" })).await.expect(400);
        anna.call(Method::DELETE, &at(&org, ""), Some(&json!({ "confirm": "Alpine Survey", extra: "1" })), &[])
            .await
            .expect(400);
    }
    anna.delete(&at(&org, "?confirm=Alpine%20Survey&force=1")).await.expect(400);
    assert_eq!(anna.get(&at(&org, "")).await.expect(200).json()["name"], "Alpine Survey");
});

both!(org_4_a_business_says_its_vat_number_or_that_it_has_none, async |app| {
    let anna = app.person("Anna").await;
    let body = json!({ "name": "Alpine", "kind": "business", "country": "CH" });
    let made = anna.post("/api/v1/orgs", &body).await.expect(201).json();
    let path = format!("/api/v1/orgs/{}/legal", made["id"].as_str().expect("an id"));
    let put = async |body: Value| anna.call(Method::PUT, &path, Some(&body), &[]).await;
    let neither = put(json!({ "legal_name": "Alpine AG", "country": "CH" })).await.expect(422);
    assert_eq!(neither.fields(), ["vat_number"]);
    put(json!({ "legal_name": "Alpine AG", "country": "CH", "vat_exempt": true })).await.expect(200);
    let full = json!({
        "legal_name": "Alpine AG", "address": "Street 1", "postal_code": "6300", "city": "Zug", "country": "CH",
        "vat_number": "CHE-1", "vat_exempt": false, "legal_contact": "legal@alpine.ch",
        "protection_officer": { "name": "Dan", "position": "Lawyer", "phone": "+41 1" }
    });
    assert_eq!(put(full.clone()).await.expect(200).json(), full);
    assert_eq!(anna.get(&path).await.expect(200).json(), full);
});

both!(org_4_what_is_created_next_is_stored_where_the_organization_says, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let before = anna.dataset(org.root, "Before", 1).await;
    patch(&anna, &org, json!({ "cluster": "ap-northeast" })).await.expect(200);
    let after = anna.dataset(org.root, "After", 1).await;
    let cluster = async |id| anna.show(id).await.expect(200).json()["dataset"]["cluster"].clone();
    assert_eq!(cluster(before).await, "eu-central", "it moves nothing");
    assert_eq!(cluster(after).await, "ap-northeast");
    // P46: chosen by hand is chosen, also where it is the one that is shown anyway; another change chooses nothing.
    anna.patch("/api/v1/me", &json!({ "cluster": "us-east" })).await.expect(200);
    let other = anna.create_org("Tunnel North").await;
    app.images_licence(&other, 100, 10).await;
    patch(&anna, &other, json!({ "website": "https://tunnel.example.com" })).await.expect(200);
    let free = anna.dataset(other.root, "Free", 1).await;
    assert_eq!(cluster(free).await, "us-east", "nothing was chosen: as its maker prefers");
    // The form says that nothing is chosen, and choosing nothing is what it sends.
    let form = anna.page("/o/tunnel-north/settings/details").await.expect(200).body;
    let choice =
        form.split("name=\"cluster\"").nth(1).and_then(|rest| rest.split("</select>").next()).expect("a choice");
    assert!(!choice.contains("selected"), "{choice}");
    patch(&anna, &other, json!({ "name": "Tunnel North", "cluster": "" })).await.expect(200);
    let free = anna.dataset(other.root, "Free too", 1).await;
    assert_eq!(cluster(free).await, "us-east");
    patch(&anna, &other, json!({ "cluster": "eu-central" })).await.expect(200);
    let chosen = anna.dataset(other.root, "Chosen", 1).await;
    assert_eq!(cluster(chosen).await, "eu-central");
    patch(&anna, &other, json!({ "name": "Tunnel South" })).await.expect(200);
    let still = anna.dataset(other.root, "Still", 1).await;
    assert_eq!(cluster(still).await, "eu-central");
});

both!(people_11_home_hides_people_from_non_managers_if_the_organization_says_so, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Reader).await;
    let told = async || john.page("/o/alpine-survey").await.expect(200).body.contains("Anna Muster");
    assert!(told().await);
    patch(&anna, &org, json!({ "people_visible_to": "managers" })).await.expect(200);
    assert!(!told().await);
    assert!(anna.page("/o/alpine-survey").await.expect(200).body.contains("Anna Muster"));
});

both!(org_5_links_with_an_old_org_id_lead_on_until_somebody_takes_it, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Table").await;
    patch(&anna, &org, json!({ "org_id": "Chair" })).await.expect(200);
    // Pages redirect, with everything behind the Org ID; only for who may see it; only for looking.
    for (old, new) in [
        ("/o/table", "/o/Chair"),
        ("/o/TABLE/drive?sort=-name&item=1", "/o/Chair/drive?sort=-name&item=1"),
        ("/o/table/settings/details", "/o/Chair/settings/details"),
    ] {
        let page = anna.page(old).await;
        assert_eq!((page.status, page.location()), (302, new), "{old}");
        let page = john.page(old).await;
        assert_eq!((page.status, page.location()), (404, ""), "{old} is nobody's business");
        let page = app.nobody().page(old).await;
        assert!(page.location().starts_with("/signin?next="), "{}", page.location());
    }
    anna.page("/o/chair").await.expect(200);
    assert_eq!(anna.get("/api/v1/orgs/table").await.expect(200).json()["org_id"], "Chair");
    // A new organization of that name gets another one by itself.
    assert_eq!(john.create_org("Table").await.org_id, "table-2");
    // Chosen explicitly, it belongs to the new organization.
    let second = john.create_org("Second").await;
    patch(&john, &second, json!({ "org_id": "TABLE" })).await.expect(200);
    anna.get("/api/v1/orgs/table").await.expect(404);
    anna.page("/o/table").await.expect(404);
    assert_eq!(john.get("/api/v1/orgs/table").await.expect(200).json()["id"], json!(second.id));
    assert_eq!(john.page("/o/second").await.location(), "/o/TABLE");
    // What somebody has is not taken, in no spelling.
    for taken in ["chair", "CHAIR", "Chair"] {
        let answer = patch(&john, &second, json!({ "org_id": taken, "name": "Other" })).await.expect(422);
        assert_eq!(answer.fields(), ["org_id"]);
    }
    assert_eq!(john.get(&at(&second, "")).await.json()["name"], "Second", "all of it or nothing");
    // One's own old one is taken back, and so is its spelling changed.
    for own in ["second", "Second", "TABLE", "second"] {
        patch(&john, &second, json!({ "org_id": own })).await.expect(200);
        assert_eq!(john.get(&at(&second, "")).await.json()["org_id"], own);
    }
    anna.get("/api/v1/orgs/chair").await.expect(200);
    assert_eq!(john.page("/o/table").await.location(), "/o/second");
    app.healthy().await;
});

both!(attack_51_org_5_two_take_one_org_id_at_once_and_one_gets_it, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (first, second) = (anna.create_org("First").await, john.create_org("Second").await);
    for round in 0..20 {
        let take = |person: &Person, org: &Org| {
            let (person, org) = (person.clone(), org.clone());
            async move { patch(&person, &org, json!({ "org_id": format!("wanted-{round}") })).await }
        };
        let answers = at_once(vec![take(&anna, &first), take(&john, &second)]).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422], "{answers:?}");
        let loser = answers.iter().find(|answer| answer.status == 422).expect("one is refused");
        assert_eq!(loser.fields(), ["org_id"]);
    }
    app.healthy().await;
});

/// Everything that people see of an organization.
async fn seen(people: &[&Person], org: &Org, folder: commonhold::domain::id::ResourceId) -> Vec<(u16, String)> {
    let mut all = Vec::new();
    for person in people {
        for path in [
            at(org, ""),
            at(org, "/legal"),
            at(org, "/licences"),
            format!("/api/v1/resources/{}/children", org.root),
            format!("/api/v1/resources/{folder}"),
            format!("/api/v1/resources/{folder}/children"),
            "/api/v1/me".to_owned(),
        ] {
            let answer = person.get(&path).await;
            let mut body = answer.json();
            if let Some(body) = body.as_object_mut() {
                body.remove("request_id");
            }
            all.push((answer.status, body.to_string()));
        }
    }
    all
}

both!(attack_10_attack_17_a_deleted_organization_is_gone_for_everyone_and_restored_as_it_was, async |app| {
    let (anna, john, kim, eve, gus) = (
        app.person("Anna").await,
        app.person("John").await,
        app.person("Kim").await,
        app.person("Eve").await,
        app.person("Gus").await,
    );
    let (org, other, guests) =
        (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await, gus.create_org("Guests").await);
    app.join(&org, &john, Role::Manager).await;
    app.join(&org, &kim, Role::Member).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let dataset = anna.dataset(folder, "Flight", 3).await;
    let elsewhere = anna.folder(other.root, "Elsewhere").await;
    app.give(folder, Grantee::Person(kim.id), Level::Manager, false).await;
    app.give(folder, Grantee::Person(eve.id), Level::Editor, false).await;
    app.give(folder, Grantee::Organization(guests.id), Level::Editor, false).await;
    // What the organization was given in another one.
    app.give(elsewhere, Grantee::Organization(org.id), Level::Editor, false).await;
    app.images_licence(&org, 100, 10).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    app.share(dataset, "link").await;
    let (id, by, now) = (org.id, anna.id, app.ctx().now());
    let pending = InvitationId(app.ctx().id());
    app.db()
        .write(move |tx, _| {
            Box::pin(async move {
                let new = invitation::NewInvitation {
                    id: pending,
                    email: "new@example.com",
                    email_key: "new@example.com",
                    name: None,
                    role: Role::Editor,
                    reach: None,
                    accounts: None,
                    token_hash: "token",
                    mail: commonhold::domain::id::MailId(pending.0),
                    at: now,
                    expires_at: now.plus_days(14),
                };
                Ok::<_, Error>(invitation::insert(tx, &found(by, id), &new).await?)
            })
        })
        .await
        .expect("an invitation");
    let people = [&anna, &john, &kim, &eve, &gus];
    let before = seen(&people, &org, folder).await;
    kim.show(elsewhere).await.expect(200);

    delete(&john, &org, "Alpine Survey").await.expect(403);
    assert_eq!(delete(&anna, &org, "alpine survey").await.expect(422).fields(), ["confirm"]);
    delete(&anna, &org, "Alpine Survey").await.expect(204);

    for person in people {
        for (status, body) in seen(&[person], &org, folder).await {
            assert!(status == 404 || body.contains("\"email\""), "{} sees {body}", person.name);
            assert!(!body.contains("alpine-survey"), "{} sees {body}", person.name);
        }
        for path in ["", "/drive", "/roles", "/activity", "/settings", "/settings/danger"] {
            person.page(&format!("/o/alpine-survey{path}")).await.expect(404);
        }
        person.page(&format!("/o/alpine-survey/drive/{folder}")).await.expect(404);
        person.create(folder, "folder", "New").await.expect(404);
        person.rename(folder, "New").await.expect(404);
        person.plan(&[folder], other.root).await.expect(404);
        person.transfer(&[dataset], org.root).await.expect(404);
        person.leave(&org).await.expect(404);
        delete(person, &org, "Alpine Survey").await.expect(404);
        let mine = person.get("/api/v1/orgs").await.expect(200);
        assert!(!mine.names().contains(&"Alpine Survey".to_owned()));
        assert_eq!(person.page("/").await.expect(200).body.contains("Alpine Survey"), person.id == anna.id);
    }
    // Nothing is transferred into it, and its grants give nothing.
    anna.transfer(&[elsewhere], org.root).await.expect(404);
    anna.plan(&[elsewhere], org.root).await.expect(404);
    kim.show(elsewhere).await.expect(404);
    let mut tx = app.db().read().await.expect("a connection");
    assert!(link::find_by_token(&mut tx, "link").await.expect("an answer").is_none());
    assert!(invitation::find_by_token(&mut tx, "token").await.expect("an answer").is_none());
    assert!(!invitation::is_pending(&mut tx, id, "new@example.com", now).await.expect("an answer"));
    drop(tx);
    let form = GrantForm { org: org.org_id.clone(), product: "discovery".to_owned(), ..GrantForm::default() };
    assert!(usecase::licence::operator::grant(app.ctx(), &form).await.is_err(), "the operator neither");
    assert!(usecase::dataset::set_status(app.ctx(), dataset, DatasetStatus::Failed).await.is_err());
    // Its Org ID stays its own.
    assert_eq!(app.person("Zoe").await.create_org("Alpine Survey").await.org_id, "alpine-survey-2");
    assert_eq!(patch(&gus, &guests, json!({ "org_id": "alpine-survey" })).await.expect(422).fields(), ["org_id"]);
    app.healthy().await;

    // Only its Owners restore it, and only for 30 days.
    assert_eq!(anna.get("/api/v1/orgs?deleted=true").await.expect(200).names(), ["Alpine Survey"]);
    assert_eq!(john.get("/api/v1/orgs?deleted=true").await.expect(200).names(), Vec::<String>::new());
    let restore = at(&org, "/restore");
    john.post(&restore, &json!({})).await.expect(404);
    gus.post(&restore, &json!({})).await.expect(404);
    app.later(29);
    anna.post(&restore, &json!({})).await.expect(200);
    anna.post(&restore, &json!({})).await.expect(404);
    assert_eq!(app.link_state("link").await, ShareLinkState::Active);
    assert_eq!(
        seen(&people, &org, folder).await,
        before.into_iter().collect::<Vec<_>>(),
        "as it was, down to the last grant"
    );
    kim.show(elsewhere).await.expect(200);
    assert_eq!(anna.audit(&org).await[..2], ["organization.restored", "organization.deleted"]);
    delete(&anna, &org, "Alpine Survey").await.expect(204);
    app.later(31);
    anna.post(&restore, &json!({})).await.expect(404);
    assert_eq!(anna.get("/api/v1/orgs?deleted=true").await.expect(200).names(), Vec::<String>::new());
    app.healthy().await;
});

both!(audit_1_the_export_is_a_file_that_no_spreadsheet_runs, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for name in ["=1+1", "A, \"B\""] {
        patch(&anna, &org, json!({ "name": name })).await.expect(200);
    }
    app.corrupt("UPDATE audit SET actor_name = '=HYPERLINK(1)' WHERE action = 'organization.changed'").await;
    let csv = anna.get(&at(&org, "/audit/export?format=csv")).await.expect(200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.header("content-disposition").starts_with("attachment; filename=\"activity-"));
    assert_eq!((csv.header("x-row-limit"), csv.header("x-truncated")), ("100000", "false"));
    let lines: Vec<&str> = csv.body.lines().collect();
    assert_eq!(lines.len(), 4, "{}", csv.body);
    assert!(lines[0].starts_with("\u{FEFF}at,actor,actor_name,action,summary,"));
    assert!(lines[1].contains(",'=HYPERLINK(1),organization.changed,"), "{}", lines[1]);
    assert!(!csv.body.contains(",=HYPERLINK"));
    let file = anna.get(&at(&org, "/audit/export?format=json&action=organization.changed")).await.expect(200);
    let items = file.json();
    assert_eq!(items.as_array().map(Vec::len), Some(2));
    assert_eq!(items[0]["after"]["name"], "A, \"B\"");
    let none = anna.get(&at(&org, "/audit/export?format=json&from=2001-01-01&to=2001-01-02")).await.expect(200);
    assert_eq!(none.json(), json!([]));
    assert_eq!(anna.get(&at(&org, "/audit/export?format=xml")).await.expect(422).fields(), ["format"]);
    anna.get(&at(&org, "/audit/export?nonsense=1")).await.expect(400);
});

both!(audit_1_the_activity_page_is_filtered_and_paged_both_ways, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Editor).await;
    for number in 0..60 {
        app.tick(1_000);
        anna.folder(org.root, &format!("Folder {number:02}")).await;
    }
    app.later(2);
    john.folder(org.root, "By John").await;
    let page = async |query: &str| anna.page(&format!("/o/alpine-survey/activity{query}")).await.expect(200).body;
    let first = page("").await;
    assert!(first.contains("“By John”") && first.contains("Folder 59") && !first.contains("Folder 10"));
    assert!(!first.contains(">Newer<"), "nothing is newer than the newest");
    let link = |body: &str, name: &str| {
        let before = body.split(&format!(">{name}<")).next().expect("text");
        let href = before.rsplit("href=\"").next().and_then(|rest| rest.split('"').next()).expect("a link");
        href.replace("&amp;", "&").split_once('?').map(|(_, query)| format!("?{query}")).expect("a query")
    };
    let second = page(&link(&first, "Older")).await;
    assert!(second.contains("Folder 10") && second.contains("created Alpine Survey") && !second.contains("By John"));
    assert!(!second.contains(">Older<"));
    let back = page(&link(&second, "Newer")).await;
    assert!(back.contains("“By John”") && back.contains("Folder 59") && !back.contains("Folder 10"));
    let johns = page(&format!("?actor={}&action=&from=&to=", john.id)).await;
    assert!(johns.contains("“By John”") && !johns.contains("Folder 59"));
    let none = page("?action=role.changed").await;
    assert!(none.contains("Nothing matches these filters.") && none.contains("Clear filters"));
    let early = page("?to=2026-11-22").await;
    assert!(!early.contains("“By John”") && early.contains("Folder 59"));
    anna.page("/o/alpine-survey/activity?from=nonsense").await.expect(400);
    john.page("/o/alpine-survey/activity").await.expect(404);
});
