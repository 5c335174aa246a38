//! **Manage access**: giving, changing, taking, inviting, and who may (ACCESS-2 to ACCESS-4, ROLE-1, ROLE-3, LIC-4, XFER-2,
//! XFER-3; attacks 5, 11, 13, 14, 15, 28).

use commonhold::domain::{access::Level, id::ResourceId, role::Role, transfer::Grantee};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Org, Person, TestApp, read},
};

/// An organization with Team Access Control, its Owner, and a folder in its Drive.
async fn team(app: &TestApp) -> (Person, Org, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    (anna, org, folder)
}

fn to(person: &Person) -> Value {
    json!({ "person": person.id })
}

/// Name, level and source of every entry.
fn entries(answer: &Value) -> Vec<(String, String, String)> {
    let word = |item: &Value, field: &str| item[field].as_str().unwrap_or_default().to_owned();
    let items = answer["items"].as_array().expect("a list");
    items.iter().map(|item| (word(item, "name"), word(item, "level"), word(item, "source"))).collect()
}

fn entry(name: &str, level: &str, source: &str) -> (String, String, String) {
    (name.to_owned(), level.to_owned(), source.to_owned())
}

both!(access_2_the_access_list_has_level_and_source, async |app| {
    let (anna, org, folder) = team(app).await;
    let inside = anna.folder(folder, "Inside").await;
    let (ed, mem, guests) = (app.person("Ed").await, app.person("Mem").await, anna.create_org("Guests").await);
    app.join(&org, &ed, Role::Editor).await;
    app.join(&org, &mem, Role::Member).await;
    let given = anna.give(folder, to(&mem), "editor").await.expect(200).json();
    assert_eq!((&given["outcome"], &given["access"]["source"]), (&json!("given"), &json!("direct")));
    anna.give(inside, json!({ "organization": guests.org_id }), "reader").await.expect(200);
    app.give(inside, Grantee::Person(ed.id), Level::Manager, true).await;
    let list = anna.access(inside, "").await.expect(200).json();
    assert_eq!(
        entries(&list),
        [
            entry("Guests", "reader", "direct"),
            entry("Ed Muster", "manager", "carried"),
            entry("Mem Muster", "editor", "inherited"),
            entry("Anna Muster", "manager", "role"),
            entry("Ed Muster", "editor", "role"),
        ]
    );
    assert_eq!(list["items"][2]["from"], json!({ "id": folder, "name": "Gotthard" }));
    assert_eq!(list["items"][0]["org_id"], "guests");
    assert_eq!(list["items"][2]["email"], json!(mem.email));
    assert!(list["items"][0]["grant"].is_string() && list["items"][3]["grant"].is_null());
    // What a Manager of the folder alone sees: not the names of what is above.
    let deep = anna.folder(inside, "Deep").await;
    let project = app.person("Pia").await;
    app.join(&org, &project, Role::Member).await;
    anna.give(deep, to(&project), "manager").await.expect(200);
    let list = project.access(deep, "").await.expect(200);
    assert!(!list.body.contains("Gotthard") && !list.body.contains("Inside"), "{}", list.body);
    let list = list.json();
    assert_eq!(entries(&list)[0], entry("Pia Muster", "manager", "direct"));
    assert!(entries(&list).contains(&entry("Mem Muster", "editor", "inherited")));
    assert!(list["items"].as_array().expect("a list").iter().all(|item| item["from"].is_null()));
    app.healthy().await;
});

both!(access_2_a_long_list_comes_in_pages_that_show_everything_once, async |app| {
    let (anna, org, folder) = team(app).await;
    for number in 0..7 {
        let one = app.person(&format!("P{number}")).await;
        app.join(&org, &one, if number < 4 { Role::Reader } else { Role::Member }).await;
        let level = if number < 4 { "editor" } else { "reader" };
        anna.give(if number % 2 == 0 { folder } else { org.root }, to(&one), level).await.expect(200);
    }
    let whole = entries(&anna.access(folder, "?limit=200").await.expect(200).json());
    assert_eq!(whole.len(), 7 + 5, "seven grants, and five people by role");
    for limit in [1, 2, 3, 5, 7, 11] {
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = anna.access(folder, &format!("?limit={limit}&cursor={cursor}")).await.expect(200).json();
            paged.extend(entries(&page));
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(paged, whole, "{limit} at a time");
    }
    let cursor = anna.access(folder, "?limit=1").await.json()["next_cursor"].as_str().expect("more").to_owned();
    assert_eq!(anna.access(org.root, &format!("?cursor={cursor}")).await.expect(422).fields(), ["cursor"]);
});

both!(access_2_changes_of_a_grant_are_audited_and_given_access_is_mailed, async |app| {
    let (anna, org, folder) = team(app).await;
    let mem = app.person("Mem").await;
    app.join(&org, &mem, Role::Member).await;
    mem.show(folder).await.expect(404);
    let mut grant = Value::Null;
    for (level, mails) in [("reader", 1), ("editor", 2), ("editor", 2), ("reader", 2), ("manager", 2)] {
        let given = anna.give(folder, json!({ "email": mem.email.to_uppercase() }), level).await.expect(200).json();
        assert!(grant.is_null() || grant == given["access"]["grant"], "the same grant is changed");
        grant = given["access"]["grant"].clone();
        assert_eq!(mem.show(folder).await.expect(200).json()["level"], level);
        let letters = app.mail_to(&mem.email).await;
        let about: Vec<_> = letters.iter().filter(|(subject, _)| subject.contains("Gotthard")).collect();
        assert_eq!(about.len(), mails, "{level}");
        assert!(about[0].1.contains(&format!("/o/alpine-survey/drive/{folder}")), "{}", about[0].1);
    }
    anna.take(folder, grant.as_str().expect("a grant")).await.expect(204);
    mem.show(folder).await.expect(404);
    anna.take(folder, grant.as_str().expect("a grant")).await.expect(404);
    let audit = anna.audit(&org).await;
    let count = |action: &str| audit.iter().filter(|line| *line == action).count();
    assert_eq!((count("access.given"), count("access.changed"), count("access.removed")), (1, 3, 1));
    app.healthy().await;
});

both!(access_4_a_grant_to_an_organization_by_its_org_id, async |app| {
    let (anna, _, folder) = team(app).await;
    let (john, mem) = (app.person("John").await, app.person("Mem").await);
    let guests = john.create_org("Guests").await;
    app.join(&guests, &mem, Role::Member).await;
    // The level Manager is for members only.
    anna.give(folder, json!({ "organization": "GUESTS" }), "manager").await.expect(403);
    let given = anna.give(folder, json!({ "organization": "GUESTS" }), "uploader").await.expect(200).json();
    assert_eq!((&given["access"]["name"], &given["access"]["organization"]), (&json!("Guests"), &json!(guests.id)));
    for one in [&john, &mem] {
        assert_eq!(one.show(folder).await.expect(200).json()["level"], "uploader");
    }
    assert!(app.mail_to(&john.email).await.iter().any(|(subject, _)| subject.contains("everyone in Guests")));
    mem.leave(&guests).await.expect(204);
    mem.show(folder).await.expect(404);
    anna.take(folder, given["access"]["grant"].as_str().expect("a grant")).await.expect(204);
    john.show(folder).await.expect(404);
    anna.give(folder, json!({ "organization": "no-such-org" }), "reader").await.expect(404);
});

both!(role_1_role_3_what_is_refused_and_why, async |app| {
    let (anna, org, folder) = team(app).await;
    let (ed, mem, ext) = (app.person("Ed").await, app.person("Mem").await, app.person("Ext").await);
    app.join(&org, &ed, Role::Editor).await;
    app.join(&org, &mem, Role::Member).await;
    app.give(folder, Grantee::Person(ext.id), Level::Reader, false).await;
    // ROLE-1: the role already gives it.
    for level in ["reader", "uploader", "editor"] {
        let refused = anna.give(folder, to(&ed), level).await.expect(422).json();
        assert!(
            refused["detail"].as_str().is_some_and(|text| text.contains("is an Editor of the organization")),
            "{refused}"
        );
    }
    anna.give(folder, to(&ed), "manager").await.expect(200);
    assert_eq!(ed.show(folder).await.json()["level"], "manager");
    // ROLE: from outside, up to Editor.
    anna.give(folder, to(&ext), "manager").await.expect(403);
    anna.give(folder, to(&ext), "editor").await.expect(200);
    assert_eq!(ext.show(folder).await.json()["level"], "editor");
    // Attack 11: who sees it but does not manage it.
    anna.give(folder, to(&mem), "editor").await.expect(200);
    let grant = anna.access(folder, "").await.json()["items"][0]["grant"].as_str().expect("a grant").to_owned();
    for one in [&mem, &ext] {
        let detail = one.access(folder, "").await.expect(403).json()["detail"].clone();
        assert_eq!(
            detail,
            "You need Manager access to do this. You have Editor access. Ask someone with Manager access for more."
        );
        one.give(folder, to(&mem), "manager").await.expect(403);
        one.give(folder, json!({ "email": "x@example.com" }), "reader").await.expect(403);
        one.take(folder, &grant).await.expect(403);
    }
    let stranger = app.person("Xaver").await;
    stranger.access(folder, "").await.expect(404);
    stranger.give(folder, to(&mem), "reader").await.expect(404);
    stranger.take(folder, &grant).await.expect(404);
    app.healthy().await;
});

both!(lic_4_giving_access_needs_cloud_teams_and_removing_it_does_not, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let mem = app.person("Mem").await;
    app.join(&org, &mem, Role::Member).await;
    for (product, status) in [(None, 403), (Some("cloud"), 403), (Some("cloud-pro"), 403), (Some("cloud-teams"), 200)] {
        if let Some(product) = product {
            app.licence(&org, product, "images-projects", 100, 10, 0).await;
        }
        let refused = anna.give(folder, to(&mem), "editor").await;
        assert_eq!(refused.status, status, "{product:?}: {}", refused.body);
        let outside = anna.give(folder, json!({ "email": format!("eve{status}@example.com") }), "reader").await;
        assert_eq!(outside.status, status, "{product:?}: {}", outside.body);
    }
    // The licence ends: what was given stays, and can be looked at, lowered and taken away.
    app.later(1);
    let licences = anna.get(&format!("/api/v1/orgs/{}/licences", org.org_id)).await.json();
    for licence in licences["items"].as_array().expect("a list").iter().filter(|one| one["family"] == "cloud") {
        app.expire(read(&licence["id"])).await;
    }
    assert_eq!(mem.show(folder).await.expect(200).json()["level"], "editor");
    anna.access(folder, "").await.expect(200);
    anna.give(folder, to(&mem), "manager").await.expect(403);
    let given = anna.give(folder, to(&mem), "reader").await.expect(200).json();
    anna.take(folder, given["access"]["grant"].as_str().expect("a grant")).await.expect(204);
    mem.show(folder).await.expect(404);
});

both!(access_2_attack_28_an_unknown_address_is_invited_whether_or_not_it_has_an_account, async |app| {
    let (anna, org, folder) = team(app).await;
    let eve = app.person("Eve").await;
    let known = anna.give(folder, json!({ "email": eve.email }), "editor").await.expect(200);
    let unknown = anna.give(folder, json!({ "email": "new.9@example.com" }), "editor").await.expect(200);
    let bare = |answer: &Value| {
        let mut bare = answer.clone();
        for field in ["id", "email", "expires_at"] {
            bare["invitation"][field] = Value::Null;
        }
        bare
    };
    assert_eq!(bare(&known.json()), bare(&unknown.json()), "the same answer");
    assert_eq!(known.json()["invitation"]["as"], "external");
    // Nothing of an account shows until it is accepted.
    let list = anna.access(folder, "").await.expect(200);
    assert!(!list.body.contains(&eve.name) && !list.body.contains(&eve.id.to_string()), "{}", list.body);
    let list = list.json();
    assert_eq!(list["waiting"].as_array().map(Vec::len), Some(2));
    eve.show(folder).await.expect(404);
    // Eve accepts: she reaches it from outside, and is in no organization more than before.
    let subject = app.mail_to(&eve.email).await[0].0.clone();
    assert_eq!(subject, "Anna Muster shares “Gotthard” with you");
    let token = app.invitation_token(&eve.email).await;
    let page = eve.page(&format!("/invitations/{token}")).await.expect(200).body;
    assert!(page.contains("Shared by Alpine Survey") && !page.contains("Member"), "{page}");
    let joined = eve.accept(&token).await.expect(200).json();
    assert_eq!((&joined["organization"]["role"], &joined["space"]), (&Value::Null, &Value::Null));
    assert_eq!(eve.show(folder).await.expect(200).json()["level"], "editor");
    assert_eq!(app.role(org.id, eve.id).await, None);
    assert!(!eve.get("/api/v1/me").await.json()["space"].is_null(), "the personal space stays one");
    eve.accept(&token).await.expect(200);
    let people = anna.get(&format!("/api/v1/orgs/{}/people?status=external", org.org_id)).await.expect(200);
    assert_eq!(people.names(), ["Eve Muster"]);
    // Now she is known, so more access is given immediately.
    let more = anna.folder(org.root, "More").await;
    let given = anna.give(more, json!({ "email": eve.email }), "reader").await.expect(200).json();
    assert_eq!((&given["outcome"], &given["access"]["person"]), (&json!("given"), &json!(eve.id)));
    // A newcomer signs up on the way.
    let token = app.invitation_token("new.9@example.com").await;
    let nobody = app.nobody();
    let body = json!({ "first_name": "New", "last_name": "Comer", "email": "new.9@example.com", "password": crate::support::PASSWORD, "invitation_token": token });
    nobody.post("/api/v1/signup", &body).await.expect(201);
    assert_eq!(nobody.show(folder).await.expect(200).json()["level"], "editor");
    nobody.show(org.root).await.expect(404);
    nobody.page("/o/alpine-survey/drive").await.expect(200);
    assert_eq!(anna.audit(&org).await.iter().filter(|line| *line == "access.accepted").count(), 2);
    app.healthy().await;
});

both!(access_2_more_is_given_to_an_address_while_its_invitation_waits, async |app| {
    let (anna, org, folder) = team(app).await;
    let (other, third) = (anna.folder(org.root, "Other").await, anna.folder(org.root, "Third").await);
    let eve = app.person("Eve").await;
    let address = json!({ "email": eve.email });
    let first = anna.give(folder, address.clone(), "reader").await.expect(200).json();
    let second = anna.give(other, address.clone(), "editor").await.expect(200).json();
    assert_eq!(first["invitation"]["id"], second["invitation"]["id"], "one invitation, one mail");
    let letters = app.mail_to(&eve.email).await;
    assert_eq!(letters.iter().filter(|(subject, _)| subject.contains("shares")).count(), 1);
    anna.give(folder, address.clone(), "uploader").await.expect(200);
    anna.give(third, address.clone(), "reader").await.expect(200);
    let id = first["invitation"]["id"].as_str().expect("an id");
    assert_eq!(anna.access(folder, "").await.json()["waiting"][0]["level"], "uploader");
    anna.take(third, id).await.expect(204);
    anna.take(third, id).await.expect(404);
    assert_eq!(anna.access(third, "").await.json()["waiting"], json!([]));
    eve.accept(&app.invitation_token(&eve.email).await).await.expect(200);
    for (what, level) in [(folder, Some("uploader")), (other, Some("editor")), (third, None)] {
        let shown = eve.show(what).await;
        assert_eq!(
            level,
            (shown.status == 200).then(|| shown.json()["level"].as_str().unwrap_or_default().to_owned()).as_deref()
        );
    }
    // Taking back all that an invitation from outside was for takes the invitation back.
    let gone = anna.give(folder, json!({ "email": "gone@example.com" }), "reader").await.expect(200).json();
    anna.take(folder, gone["invitation"]["id"].as_str().expect("an id")).await.expect(204);
    let token = app.invitation_token("gone@example.com").await;
    assert!(app.nobody().page(&format!("/invitations/{token}")).await.body.contains("withdrawn"));
    app.healthy().await;
});

both!(access_2_a_member_is_invited_from_a_resource_by_who_may_invite, async |app| {
    let (anna, org, folder) = team(app).await;
    let (eve, pia) = (app.person("Eve").await, app.person("Pia").await);
    app.join(&org, &pia, Role::Member).await;
    anna.give(folder, to(&pia), "manager").await.expect(200);
    let as_member = |email: &str| json!({ "email": email, "as": "member" });
    // Who manages only the resource shares it with someone outside; Members are for Owners and Managers.
    pia.give(folder, as_member(&eve.email), "reader").await.expect(403);
    pia.give(folder, json!({ "email": "out@example.com" }), "reader").await.expect(200);
    pia.give(folder, json!({ "email": "out@example.com" }), "manager").await.expect(403);
    let given = anna.give(folder, as_member(&eve.email), "manager").await.expect(200).json();
    assert_eq!((&given["outcome"], &given["invitation"]["as"]), (&json!("invited"), &json!("member")));
    assert!(app.mail_to(&eve.email).await[0].1.contains("as a Member"));
    eve.accept(&app.invitation_token(&eve.email).await).await.expect(200);
    assert_eq!(app.role(org.id, eve.id).await, Some(Role::Member));
    assert_eq!(eve.show(folder).await.json()["level"], "manager");
    // From outside to Member, by the invitation's role.
    let listed = anna.get(&format!("/api/v1/orgs/{}/invitations", org.org_id)).await.expect(200).json();
    assert_eq!((&listed["items"][0]["email"], &listed["items"][0]["role"]), (&json!("out@example.com"), &Value::Null));
    let id = listed["items"][0]["id"].as_str().expect("an id");
    let path = format!("/api/v1/orgs/{}/invitations/{id}", org.org_id);
    anna.patch(&path, &json!({ "role": "member" })).await.expect(200);
    app.tick(61_000);
    anna.post(&format!("{path}/resend"), &json!({})).await.expect(200);
    assert!(app.mail_to("out@example.com").await[0].1.contains("as a Member"));
    app.healthy().await;
});

both!(attack_5_people_and_organizations_that_are_not_ones_own_are_not_found, async |app| {
    let (anna, _, folder) = team(app).await;
    let john = app.person("John").await;
    let theirs = john.create_org("Tunnel North").await;
    let missing = uuid::Uuid::from_u128(7);
    for (foreign, nobodys) in [
        (json!({ "person": john.id }), json!({ "person": missing })),
        (json!({ "organization": theirs.id }), json!({ "organization": missing })),
    ] {
        let (there, not_there) =
            (anna.give(folder, foreign, "reader").await.expect(404), anna.give(folder, nobodys, "reader").await);
        let bare = |answer: &crate::support::Answer| {
            let mut body = answer.json();
            body["request_id"] = Value::Null;
            (answer.status, body)
        };
        assert_eq!(bare(&there), bare(&not_there));
        assert!(!there.body.contains("John") && !there.body.contains("Tunnel"), "{}", there.body);
    }
    // A personal space is nobody's to share with.
    let me = app.person("Ada").await.get("/api/v1/me").await.expect(200).json();
    let space = me["space"]["org_id"].as_str().expect("a personal space");
    anna.give(folder, json!({ "organization": space }), "reader").await.expect(404);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant").await, 0);
    assert!(app.mail_to(&john.email).await.iter().all(|(subject, _)| !subject.contains("Gotthard")));
});

both!(attack_14_nothing_is_slipped_into_a_grant, async |app| {
    let (anna, org, folder) = team(app).await;
    let mem = app.person("Mem").await;
    app.join(&org, &mem, Role::Member).await;
    for extra in ["id", "owner", "carried", "created_by", "resource", "role", "organization_id"] {
        let mut body = to(&mem);
        body[extra] = json!("x");
        anna.give(folder, body, "reader").await.expect(400);
    }
    for (body, level, fields) in [
        (json!({}), "reader", &["email"][..]),
        (json!({ "email": "x" }), "reader", &["email"][..]),
        (json!({ "person": "x" }), "king", &["person", "level"][..]),
        (to(&mem), "", &["level"][..]),
        (json!({ "email": "x@example.com", "as": "owner" }), "reader", &["as"][..]),
    ] {
        assert_eq!(anna.give(folder, body.clone(), level).await.expect(422).fields(), fields, "{body}");
    }
    anna.give(folder, json!({ "email": mem.email, "person": mem.id }), "reader").await.expect(422);
    // A grant on something else is not found here, whoever may manage both.
    let other = anna.folder(org.root, "Other").await;
    let given = anna.give(folder, to(&mem), "reader").await.expect(200).json();
    anna.take(other, given["access"]["grant"].as_str().expect("a grant")).await.expect(404);
    assert_eq!(mem.show(folder).await.status, 200);
});

both!(attack_13_who_loses_access_in_the_meantime_gives_none, async |app| {
    let (anna, org, folder) = team(app).await;
    let (pia, mem) = (app.person("Pia").await, app.person("Mem").await);
    for one in [&pia, &mem] {
        app.join(&org, one, Role::Member).await;
    }
    for round in 0..8 {
        let given = anna.give(folder, to(&pia), "manager").await.expect(200).json();
        let grant = given["access"]["grant"].as_str().expect("a grant").to_owned();
        let (owner, manager, person, path) = (anna.clone(), pia.clone(), mem.id, folder);
        let taking = tokio::spawn(async move { owner.take(path, &grant).await.status });
        let giving =
            tokio::spawn(async move { manager.give(path, json!({ "person": person }), "editor").await.status });
        let (taken, gave) = (taking.await.expect("an answer"), giving.await.expect("an answer"));
        assert_eq!(taken, 204, "round {round}");
        // Either before the right was removed, or not at all.
        assert!(matches!(gave, 200 | 404), "round {round}: {gave}");
        pia.give(folder, to(&mem), "reader").await.expect(404);
        assert_eq!(mem.show(folder).await.status == 200, gave == 200, "round {round}");
        if gave == 200 {
            let list = anna.access(folder, "").await.json();
            anna.take(folder, list["items"][0]["grant"].as_str().expect("a grant")).await.expect(204);
        }
    }
    app.healthy().await;
});

both!(attack_15_who_was_given_one_resource_learns_of_no_other, async |app| {
    let (anna, org, folder) = team(app).await;
    let secret = anna.folder(folder, "Secret").await;
    let shared = anna.folder(secret, "Shared").await;
    let sibling = anna.dataset(secret, "Neighbour", 5).await;
    let inside = anna.folder(shared, "Inside").await;
    let (mem, ext) = (app.person("Mem").await, app.person("Ext").await);
    app.join(&org, &mem, Role::Member).await;
    anna.give(shared, to(&mem), "editor").await.expect(200);
    anna.give(shared, json!({ "email": ext.email }), "editor").await.expect(200);
    ext.accept(&app.invitation_token(&ext.email).await).await.expect(200);
    for one in [&mem, &ext] {
        let base = format!("/o/{}", org.org_id);
        for path in [
            format!("{base}/drive"),
            format!("{base}/drive/{shared}"),
            format!("{base}/drive/{inside}"),
            format!("{base}/drive/{shared}?dialog=move&item={inside}"),
            format!("{base}/drive/{shared}?dialog=access&item={shared}"),
            format!("{base}/drive/{shared}?dialog=transfer&item={inside}&destination={shared}"),
            format!("/api/v1/resources/{shared}"),
            format!("/api/v1/resources/{shared}/children"),
            "/api/v1/me".to_owned(),
        ] {
            let answer = if path.starts_with("/api") { one.get(&path).await } else { one.page(&path).await };
            assert_eq!(answer.status, 200, "{path}");
            for name in ["Secret", "Neighbour", "Gotthard", &secret.to_string(), &sibling.to_string()] {
                assert!(!answer.body.contains(name), "{path} tells {} of {name}", one.name);
            }
        }
        for hidden in [org.root, folder, secret, sibling] {
            one.show(hidden).await.expect(404);
            one.children(hidden, "").await.expect(404);
            one.access(hidden, "").await.expect(404);
            one.page(&format!("{base}/drive/{hidden}")).await.expect(404);
            one.plan(&[inside], hidden).await.expect(404);
            one.plan(&[hidden], shared).await.expect(404);
        }
        // Nor by the number of the others who reach it.
        let list = one.page(&format!("{base}/drive")).await.body;
        assert!(!list.contains("Direct · 2"), "how many others there are");
    }
    app.healthy().await;
});
