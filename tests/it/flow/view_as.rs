//! **View as** and "Why can they see this?": it shows exactly what the other person sees, only to who manages access, and is
//! read-only (ACCESS-1 to ACCESS-3, AUDIT-1; attacks 1, 5, 15).

use axum::http::{Method, header};
use commonhold::{
    domain::{access::Level, id::ResourceId, role::Role, transfer::Grantee},
    rpc::{drive::RenameResource, session::SignOut},
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Org, Person, TestApp},
};

/// Anna's organization with John in it as a Member: "Gotthard" with "Portal" in it was shared with him, "Secret" was not.
async fn shared(app: &TestApp) -> (Person, Person, Org, [ResourceId; 3]) {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    app.join(&org, &john, Role::Member).await;
    let (folder, secret) = (anna.folder(org.root, "Gotthard").await, anna.folder(org.root, "Secret").await);
    let inside = anna.folder(folder, "Portal").await;
    anna.give(folder, json!({ "person": john.id }), "editor").await.expect(200);
    (anna, john, org, [folder, inside, secret])
}

fn looks(lines: &[String]) -> usize {
    lines.iter().filter(|action| *action == "access.viewed_as").count()
}

both!(access_2_view_as_shows_what_the_other_sees_and_nothing_else, async |app| {
    let (anna, john, org, [folder, inside, secret]) = shared(app).await;
    let as_john = format!("?as={}", john.id);
    let both = async |path: &str, with: &str| {
        let theirs = john.get(&format!("{path}{with}")).await;
        let separator = if with.is_empty() { "?" } else { "&" };
        let seen = anna.get(&format!("{path}{with}{separator}as={}", john.id)).await;
        assert_eq!(theirs.status, seen.status, "{path}{with}");
        if theirs.status == 200 {
            assert_eq!(theirs.json(), seen.json(), "{path}{with}");
        }
        theirs.status
    };
    for id in [folder, inside, secret, org.root] {
        let expected = if id == folder || id == inside { 200 } else { 404 };
        assert_eq!(both(&format!("/api/v1/resources/{id}"), "").await, expected);
        assert_eq!(both(&format!("/api/v1/resources/{id}/children"), "?sort=-name").await, expected);
    }
    assert_eq!(both("/api/v1/orgs/alpine-survey/search", "?q=portal").await, 200);
    assert_eq!(both("/api/v1/orgs/alpine-survey/search", "?q=secret").await, 200);
    assert_eq!(both("/api/v1/orgs/alpine-survey/shared", "").await, 200);
    // The pages: what he sees is there, what he does not see is not, and nothing can be done.
    let page = anna.page(&format!("/o/alpine-survey/drive{as_john}")).await.expect(200).body;
    for words in ["You are viewing the Drive as John Muster", "Shared with you", "Select Gotthard\"", "Exit preview"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("Secret") && !page.contains(&secret.to_string()), "what he does not see");
    let page = anna.page(&format!("/o/alpine-survey/drive/{folder}{as_john}")).await.expect(200).body;
    for words in
        ["Editor access here. They can add, rename, move and delete.", "Select Portal\"", "You cannot change anything."]
    {
        assert!(page.contains(words), "{words}");
    }
    for words in ["New folder", "Manage access", "value=\"trash\"", "value=\"move\"", "drive/trash"] {
        assert!(!page.contains(words), "{words}");
    }
    assert!(page.contains(&format!("/o/alpine-survey/drive/{inside}?as={}", john.id)), "links go on as him");
    // No dialog opens, whatever the address says.
    let dialog =
        anna.page(&format!("/o/alpine-survey/drive/{folder}{as_john}&dialog=rename&item={inside}")).await.expect(200);
    assert!(!dialog.body.contains("<dialog"), "no dialog");
    let gone = anna.page(&format!("/o/alpine-survey/drive/{secret}{as_john}")).await.expect(404).body;
    assert!(gone.contains("They cannot see this") && !gone.contains("Secret"), "says why, and the way out");
    assert_eq!(looks(&anna.audit(&org).await), 1, "written down once");
    app.tick(60 * 60 * 1_000);
    anna.show(folder).await.expect(200);
    anna.get(&format!("/api/v1/resources/{folder}{as_john}")).await.expect(200);
    anna.get(&format!("/api/v1/resources/{folder}{as_john}")).await.expect(200);
    assert_eq!(looks(&anna.audit(&org).await), 2, "and again after an hour");
    app.healthy().await;
});

both!(access_3_only_access_managers_view_as_another_and_only_in_their_own_organization, async |app| {
    let (anna, john, org, [folder, ..]) = shared(app).await;
    let (ed, rita, mia) = (app.person("Ed").await, app.person("Rita").await, app.person("Mia").await);
    for (person, role) in [(&ed, Role::Editor), (&rita, Role::Reader), (&mia, Role::Manager)] {
        app.join(&org, person, role).await;
    }
    let eve = app.person("Eve").await;
    let theirs = john.create_org("Tunnel North").await;
    let own = john.folder(theirs.root, "Own").await;
    let at = |id: ResourceId, person: &Person| format!("/api/v1/resources/{id}?as={}", person.id);
    mia.get(&at(folder, &john)).await.expect(200);
    for person in [&ed, &rita] {
        assert_eq!(person.get(&at(folder, &john)).await.expect(403).code(), "forbidden");
        person.page(&format!("/o/alpine-survey/drive?as={}", john.id)).await.expect(403);
    }
    // A Manager of the folder alone does not see the whole organization.
    anna.give(folder, json!({ "person": john.id }), "manager").await.expect(200);
    assert_eq!(john.get(&at(folder, &mia)).await.expect(403).code(), "forbidden");
    assert_eq!(eve.get(&at(folder, &john)).await.expect(404).code(), "not_found");
    // People whom the organization does not know, invalid ids, and oneself.
    let missing = uuid::Uuid::from_u128(7);
    for unknown in [eve.id.to_string(), missing.to_string(), "nonsense".to_owned()] {
        let answer = anna.get(&format!("/api/v1/resources/{folder}?as={unknown}")).await.expect(404);
        assert_eq!(answer.code(), "not_found");
        anna.page(&format!("/o/alpine-survey/drive?as={unknown}")).await.expect(404);
    }
    assert_eq!(anna.get(&at(folder, &anna)).await.status, 422);
    // What John has elsewhere is not there, neither by id nor in the list.
    anna.get(&at(own, &john)).await.expect(404);
    anna.page(&format!("/o/tunnel-north/drive?as={}", john.id)).await.expect(404);
    anna.page(&format!("/o/alpine-survey/drive/{own}?as={}", john.id)).await.expect(404);
    // Somebody who reaches something through another organization alone is not known here.
    app.give(folder, Grantee::Organization(theirs.id), Level::Reader, false).await;
    app.join(&theirs, &eve, Role::Member).await;
    eve.show(folder).await.expect(200);
    anna.get(&at(folder, &eve)).await.expect(404);
    // An External is.
    app.give(folder, Grantee::Person(eve.id), Level::Reader, false).await;
    assert_eq!(anna.get(&at(folder, &eve)).await.expect(200).json()["level"], "reader");
    // Losing the role ends it.
    anna.change_role(&org, mia.id, "editor").await.expect(200);
    mia.get(&at(folder, &john)).await.expect(403);
    assert_eq!(
        looks(&anna.audit(&org).await),
        3,
        "of Mia at John, of Anna at John and at Eve; what was refused is no look"
    );
});

both!(access_3_nothing_is_changed_while_viewing_as_another, async |app| {
    let (anna, john, org, [folder, inside, _]) = shared(app).await;
    let as_john = format!("?as={}", john.id);
    for (method, path, body) in [
        (Method::PATCH, format!("/api/v1/resources/{inside}{as_john}"), Some(json!({ "name": "Else" }))),
        (
            Method::POST,
            format!("/api/v1/resources{as_john}"),
            Some(json!({ "parent": folder, "kind": "folder", "name": "X" })),
        ),
        (Method::POST, format!("/api/v1/resources/{inside}/trash{as_john}"), None),
        (
            Method::PUT,
            format!("/api/v1/resources/{inside}/grants{as_john}"),
            Some(json!({ "person": john.id, "level": "reader" })),
        ),
    ] {
        let answer = anna.call(method, &path, body.as_ref(), &[]).await.expect(403);
        assert_eq!(answer.code(), "forbidden", "{path}");
        assert!(answer.body.contains("Exit preview") || answer.body.contains("Exit the preview"), "{}", answer.body);
    }
    // A form of a page that is shown as he sees it; and a call from there.
    let page = format!("/o/alpine-survey/drive/{folder}{as_john}");
    let fields = [("id", inside.to_string()), ("name", "Else".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    anna.form(RenameResource::url(), &page, &fields).await.expect(403);
    let from = format!("http://localhost:3000{page}");
    let body = json!({ "name": "Else" });
    let headers = [(header::REFERER.as_str(), from.as_str())];
    anna.call(Method::PATCH, &format!("/api/v1/resources/{inside}"), Some(&body), &headers).await.expect(403);
    assert_eq!(anna.show(inside).await.json()["name"], "Portal");
    // Without the parameter the same works, and signing out always does.
    anna.form(RenameResource::url(), &format!("/o/alpine-survey/drive/{folder}"), &fields).await;
    assert_eq!(anna.show(inside).await.json()["name"], "Else");
    anna.form(SignOut::url(), &page, &[]).await;
    anna.show(inside).await.expect(401);
    assert_eq!(app.role(org.id, john.id).await, Some(Role::Member));
});

both!(access_2_why_names_every_source_of_access_its_author_and_what_would_remain, async |app| {
    let (anna, john, org, [folder, inside, _]) = shared(app).await;
    let guests = john.create_org("Guests").await;
    anna.give(inside, json!({ "organization": guests.org_id }), "reader").await.expect(200);
    let why = async |by: &Person, id: ResourceId, person: &str| {
        by.get(&format!("/api/v1/resources/{id}/access/{person}")).await
    };
    let told = why(&anna, inside, &john.id.to_string()).await.expect(200).json();
    assert_eq!((&told["name"], &told["level"]), (&json!("John Muster"), &json!("editor")));
    let reason = |at: usize, field: &str| told["reasons"][at][field].clone();
    assert_eq!(
        [reason(0, "level"), reason(0, "source"), reason(0, "left")],
        [json!("editor"), json!("inherited"), json!("reader")]
    );
    assert_eq!(
        (reason(0, "from"), reason(0, "by")),
        (json!({ "id": folder, "name": "Gotthard" }), json!("Anna Muster"))
    );
    assert!(reason(0, "at").is_string());
    assert_eq!(
        [reason(1, "level"), reason(1, "source"), reason(1, "left")],
        [json!("reader"), json!("direct"), json!("editor")]
    );
    assert_eq!(reason(1, "through"), "Guests");
    // A move carries it along, and that is told.
    let archive = anna.folder(org.root, "Archive").await;
    anna.give(inside, json!({ "person": john.id }), "reader").await.expect(200);
    let deep = anna.folder(folder, "Deep").await;
    anna.transfer(&[deep], archive).await.expect(201);
    let told = why(&anna, deep, &john.id.to_string()).await.expect(200).json();
    assert_eq!(told["reasons"].as_array().map(Vec::len), Some(1));
    let only = &told["reasons"][0];
    assert_eq!((&only["source"], &only["carried"], &only["left"]), (&json!("carried"), &json!(true), &Value::Null));
    // By role alone; and both.
    let told = why(&anna, archive, &anna.id.to_string()).await.expect(200).json();
    assert_eq!((&told["reasons"][0]["source"], &told["reasons"][0]["role"]), (&json!("role"), &json!("owner")));
    // Somebody of the organization who does not reach it is answered; a stranger does not exist.
    let told = why(&anna, archive, &john.id.to_string()).await.expect(200).json();
    assert_eq!((&told["level"], &told["reasons"]), (&Value::Null, &json!([])));
    let eve = app.person("Eve").await;
    for person in [eve.id.to_string(), "nonsense".to_owned()] {
        assert_eq!(why(&anna, archive, &person).await.expect(404).code(), "not_found");
    }
    assert_eq!(why(&john, inside, &anna.id.to_string()).await.expect(403).code(), "forbidden");
    assert_eq!(why(&eve, inside, &john.id.to_string()).await.expect(404).code(), "not_found");
    // The dialog says the same, and leads to View as.
    let page =
        anna.page(&format!("/o/alpine-survey/drive?dialog=access&item={deep}&why={}", john.id)).await.expect(200).body;
    for words in
        ["Carried over when Anna Muster moved it", "Without this, they would not see it.", "View as John Muster"]
    {
        assert!(page.contains(words), "{words}");
    }
    let list = anna.page(&format!("/o/alpine-survey/drive?dialog=access&item={deep}")).await.expect(200).body;
    assert!(list.contains(&format!("/o/alpine-survey/drive/{deep}?as={}", john.id)), "View as is a link of the row");
});
