//! Share links (LINK-1): who switches, copies and sees them, what a link shows, and when it stops (attacks 17, 23, 35, 36,
//! 41).

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use commonhold::{
    domain::{access::Level, id::ResourceId, role::Role, transfer::Grantee},
    rpc::link::{CreateLink, RevokeLink},
    server::error::Error,
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp},
};

/// Somebody with a licence that shares, and a folder with a site with a dataset.
async fn world(app: &TestApp) -> (Person, Org, ResourceId, ResourceId, ResourceId) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 1_000, 10).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let site = anna.site(folder, "Portal").await;
    let dataset = anna.dataset(site, "Flight 1", 42).await;
    (anna, org, folder, site, dataset)
}

async fn make(by: &Person, resource: ResourceId, body: &Value) -> Answer {
    by.post(&format!("/api/v1/resources/{resource}/links"), body).await
}

/// Switches a link on; its id and its path.
async fn link(by: &Person, resource: ResourceId, body: &Value) -> (String, String) {
    let made = make(by, resource, body).await.expect(201).json();
    let (id, url) = (made["id"].as_str().expect("an id"), made["url"].as_str().expect("an address"));
    (id.to_owned(), url.strip_prefix("http://localhost:3000").expect("the public URL").to_owned())
}

async fn links(by: &Person, resource: ResourceId) -> Answer {
    by.get(&format!("/api/v1/resources/{resource}/links")).await
}

/// Somebody who has only the link.
async fn open(app: &TestApp, path: &str) -> Answer {
    app.nobody().page(path).await
}

/// A password as a browser sends it from a page without a referrer, from an address of its own.
async fn unlock(app: &TestApp, path: &str, password: &str) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, "null")
        .body(Body::from(serde_urlencoded::to_string([("password", password)]).expect("a form")));
    app.nobody().send(request.expect("a request")).await
}

both!(link_1_managers_switch_editors_copy_others_do_not_see_it, async |app| {
    let (anna, org, folder, ..) = world(app).await;
    let (_, path) = link(&anna, folder, &json!({})).await;
    for (role, make_status, list_status) in
        [(Role::Manager, 201, 200), (Role::Editor, 403, 200), (Role::Reader, 403, 403), (Role::Member, 404, 404)]
    {
        let john = app.person("John").await;
        app.join(&org, &john, role).await;
        assert_eq!(make(&john, folder, &json!({})).await.status, make_status, "{role:?}");
        let listed = links(&john, folder).await.expect(list_status);
        if list_status == 200 {
            assert!(listed.body.contains(&path), "{role:?} can copy it again: {}", listed.body);
        } else {
            assert!(!listed.body.contains("/s/"));
        }
        // The dialog shows the same.
        let page = john.page(&format!("/o/{}/drive?dialog=share&item={folder}", org.org_id)).await;
        assert_eq!(page.body.contains(&path), list_status == 200, "{role:?}");
        assert_eq!(page.body.contains(">Create link"), make_status == 201, "{role:?}");
    }
    // By a grant of Manager, as far as it reaches.
    let jane = app.person("Jane").await;
    app.join(&org, &jane, Role::Member).await;
    app.give(folder, Grantee::Person(jane.id), Level::Manager, false).await;
    make(&jane, folder, &json!({})).await.expect(201);
    make(&jane, org.root, &json!({})).await.expect(404);
    assert!(anna.audit(&org).await.contains(&"link.created".to_owned()));
    app.healthy().await;
});

both!(link_1_who_has_it_sees_the_resource_and_what_is_below_and_never_above, async |app| {
    let (anna, org, folder, site, dataset) = world(app).await;
    let beside = anna.folder(org.root, "Secret plans").await;
    let (_, path) = link(&anna, site, &json!({})).await;
    let top = open(app, &path).await.expect(200);
    assert!(top.body.contains("Portal") && top.body.contains("Flight 1") && top.body.contains("Read-only"));
    assert!(top.body.contains(&format!("{path}/{dataset}")));
    let below = open(app, &format!("{path}/{dataset}")).await.expect(200);
    assert!(below.body.contains("Flight 1") && below.body.contains("42") && below.body.contains("Draft"));
    for page in [&top, &below] {
        for word in ["Gotthard", "Secret", "Alpine", "Anna", "Muster", "<script", "/o/"] {
            assert!(!page.body.contains(word), "{word}: {}", page.body);
        }
    }
    for elsewhere in
        [folder.to_string(), org.root.to_string(), beside.to_string(), "nonsense".into(), uuid::Uuid::nil().to_string()]
    {
        open(app, &format!("{path}/{elsewhere}")).await.expect(404);
    }
    // The whole Drive is never shared.
    make(&anna, org.root, &json!({})).await.expect(422);
});

both!(link_1_a_folder_of_many_is_shown_a_page_at_a_time, async |app| {
    let (anna, _, folder, ..) = world(app).await;
    for number in 0..120 {
        anna.folder(folder, &format!("Folder {number:03}")).await;
    }
    let (_, path) = link(&anna, folder, &json!({})).await;
    let names = |answer: &Answer| answer.body.matches(&format!("href=\"{path}/")).count();
    let first = open(app, &path).await.expect(200);
    assert_eq!(names(&first), 100 + 1, "a hundred rows, and the way on");
    let next = first.body.split("href=\"").find(|rest| rest.contains("cursor=")).expect("more");
    let next = next.split('"').next().expect("an address");
    let second = open(app, next).await.expect(200);
    assert_eq!(names(&second), 21);
    assert!(second.body.contains("Folder 119") && !second.body.contains("Folder 000"));
    // The cursor of another list does not lead out of the link.
    let cursor = next.split_once('?').expect("a query").1;
    let inside = anna.folder(folder, "Inside").await;
    open(app, &format!("{path}/{inside}?{cursor}")).await.expect(404);
    open(app, &format!("{path}?cursor=nonsense")).await.expect(404);
});

both!(attack_41_wrong_revoked_and_expired_links_show_the_same_page, async |app| {
    let (anna, org, folder, _, dataset) = world(app).await;
    let wrong = open(app, &format!("/s/{}", "A".repeat(43))).await.expect(404);
    let (id, revoked) = link(&anna, folder, &json!({})).await;
    open(app, &revoked).await.expect(200);
    anna.delete(&format!("/api/v1/links/{id}")).await.expect(204);
    let (_, expired) = link(&anna, folder, &json!({ "expires_at": "2026-11-22T00:00:00Z" })).await;
    open(app, &expired).await.expect(200);
    app.later(1);
    for path in [revoked.clone(), expired.clone(), format!("{revoked}/{dataset}"), "/s/x".into(), "/s/%FF".into()] {
        let answer = open(app, &path).await.expect(404);
        assert_eq!(answer.body, wrong.body, "{path}");
        for name in ["x-robots-tag", "referrer-policy", "content-security-policy", "cache-control", "content-length"] {
            assert_eq!(answer.header(name), wrong.header(name), "{path}: {name}");
        }
        let tried = unlock(app, &path, "a guess at it").await.expect(404);
        assert_eq!(tried.body, wrong.body, "{path}");
    }
    // Revoking again, or by who may not, finds nothing to revoke.
    anna.delete(&format!("/api/v1/links/{id}")).await.expect(404);
    let (id, path) = link(&anna, folder, &json!({})).await;
    let john = app.person("John").await;
    john.delete(&format!("/api/v1/links/{id}")).await.expect(404);
    app.join(&org, &john, Role::Editor).await;
    john.delete(&format!("/api/v1/links/{id}")).await.expect(403);
    open(app, &path).await.expect(200);
    let states: Vec<Value> = links(&anna, folder).await.expect(200).json()["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|link| json!([link["state"], link["url"].is_string()]))
        .collect();
    assert_eq!(states, [json!(["on", true]), json!(["expired", false])]);
    assert!(anna.audit(&org).await.contains(&"link.revoked".to_owned()));
});

both!(attack_17_a_link_is_dead_while_its_resource_is_in_the_trash_or_its_organization_deleted, async |app| {
    let (anna, org, folder, site, dataset) = world(app).await;
    let (_, path) = link(&anna, site, &json!({})).await;
    let below = format!("{path}/{dataset}");
    let id = folder.0;
    // Like the trash: everything inside is marked as well.
    let trash = async |with: Option<uuid::Uuid>| {
        let done: Result<u64, Error> = app
            .db()
            .write(move |tx, _| {
                Box::pin(async move {
                    let sql = "UPDATE resource SET trashed_with = $1 WHERE kind <> 'root'";
                    Ok(tx.sql(sql).bind(with).execute().await?)
                })
            })
            .await;
        done.expect("put there");
    };
    trash(Some(id)).await;
    for path in [&path, &below] {
        open(app, path).await.expect(404);
    }
    links(&anna, site).await.expect(404);
    trash(None).await;
    open(app, &below).await.expect(200);
    let at = format!("/api/v1/orgs/{}", org.org_id);
    anna.call(Method::DELETE, &at, Some(&json!({ "confirm": "Alpine Survey" })), &[]).await.expect(204);
    open(app, &path).await.expect(404);
    anna.post(&format!("{at}/restore"), &json!({})).await.expect(200);
    open(app, &path).await.expect(200);
    app.healthy().await;
    assert_eq!(app.role(org.id, anna.id).await, Some(Role::Owner));
});

both!(link_1_xfer_13_a_link_that_a_transfer_stopped_says_that_the_resource_has_moved, async |app| {
    let (anna, _, folder, _, dataset) = world(app).await;
    let target = anna.create_org("Tunnel North JV").await;
    app.images_licence(&target, 1_000, 10).await;
    app.set_status(dataset, commonhold::domain::resource::DatasetStatus::Processed).await;
    app.later(60);
    let (id, path) = link(&anna, folder, &json!({})).await;
    let (_, protected) = link(&anna, dataset, &json!({ "password": "open sesame" })).await;
    let plan = anna.plan(&[folder], target.root).await.expect(200).json();
    assert_eq!(plan["effects"]["links_stopped"], 2);
    anna.transfer(&[folder], target.root).await.expect(201);
    for path in [&path, &protected] {
        let moved = open(app, path).await.expect(410);
        assert!(moved.body.contains("has moved") && !moved.body.contains("Gotthard"), "{}", moved.body);
    }
    unlock(app, &protected, "open sesame").await.expect(404);
    let listed = links(&anna, folder).await.expect(200).json();
    assert_eq!((&listed["items"][0]["state"], &listed["items"][0]["url"]), (&json!("moved"), &Value::Null));
    // Nothing is on that could be switched off, and a new one is new.
    anna.delete(&format!("/api/v1/links/{id}")).await.expect(404);
    let (_, new) = link(&anna, folder, &json!({})).await;
    open(app, &new).await.expect(200);
    // Within an organization a link goes along.
    let inside = anna.folder(target.root, "Inside").await;
    anna.transfer(&[folder], inside).await.expect(201);
    open(app, &new).await.expect(200);
});

both!(link_1_a_password_is_asked_for_and_remembered_for_this_link_alone, async |app| {
    let (anna, _, folder, site, dataset) = world(app).await;
    let body = json!({ "password": "open sesame" });
    let (_, path) = link(&anna, folder, &body).await;
    let (_, other) = link(&anna, site, &body).await;
    let locked = open(app, &path).await.expect(200);
    assert!(locked.body.contains("type=\"password\""));
    for word in ["Gotthard", "Portal", "Flight"] {
        assert!(!locked.body.contains(word), "{word}");
    }
    let below = open(app, &format!("{path}/{site}")).await.expect(200);
    assert_eq!(below.body, locked.body, "what is below asks as well");
    let wrong = unlock(app, &path, "wrong password").await.expect(422);
    assert!(wrong.body.contains("not the password") && !wrong.body.contains("wrong password"));
    assert!(unlock(app, &path, "").await.expect(422).body.contains("Enter a password"));
    let right = unlock(app, &format!("{path}/{site}"), "open sesame").await.expect(303);
    assert_eq!(right.location(), format!("{path}/{site}"));
    let cookie = right.header("set-cookie").to_owned();
    for word in ["HttpOnly", "SameSite=Lax", &format!("Path={path};")] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let pair = cookie.split(';').next().expect("a cookie").to_owned();
    let visit = async |path: &str, pair: &str| {
        let visitor = app.nobody();
        visitor.set_cookie(Some(pair));
        visitor.page(path).await.expect(200).body
    };
    assert!(visit(&path, &pair).await.contains("Portal"));
    assert!(visit(&format!("{path}/{dataset}"), &pair).await.contains("Flight 1"));
    assert!(!visit(&other, &pair).await.contains("Flight 1"), "another link with the same password");
    assert!(!visit(&path, "commonhold-link=forged").await.contains("Portal"));
    // A new password invalidates what was remembered.
    app.corrupt("UPDATE share_link SET password_hash = password_hash || 'x'").await;
    assert!(!visit(&path, &pair).await.contains("Portal"));
    for (body, field) in [
        (json!({ "password": "short" }), "password"),
        (json!({ "expires_at": "2020-01-01" }), "expires_at"),
        (json!({ "expires_at": "soon" }), "expires_at"),
        (json!({ "expires_at": "2047-01-01" }), "expires_at"),
    ] {
        assert_eq!(make(&anna, folder, &body).await.expect(422).fields(), [field]);
    }
    make(&anna, folder, &json!({ "nonsense": 1 })).await.expect(400);
});

both!(attack_41_password_guesses_at_a_link_are_rate_limited, async |app| {
    let (anna, _, folder, ..) = world(app).await;
    let (_, path) = link(&anna, folder, &json!({ "password": "open sesame" })).await;
    let mut statuses = std::collections::BTreeMap::new();
    for number in 0..1_000 {
        let answer = unlock(app, &path, &format!("guess {number:04}")).await;
        if answer.status == 429 {
            assert!(!answer.header("retry-after").is_empty());
        }
        *statuses.entry(answer.status).or_insert(0) += 1;
    }
    assert_eq!(statuses.keys().copied().collect::<Vec<_>>(), [422, 429]);
    assert!(statuses[&422] <= 25, "{statuses:?}");
    unlock(app, &path, "open sesame").await.expect(429);
    // The limit ends with time, and is not shared with signing in.
    app.tick(10_000);
    unlock(app, &path, "open sesame").await.expect(303);
    anna.elsewhere().await;
    // Invalid tokens count as well.
    app.tick(3_600_000);
    let mut last = 404;
    for number in 0..60 {
        last = open(app, &format!("/s/{number:043}")).await.status;
    }
    assert_eq!(last, 429);
});

both!(attack_23_no_token_is_stored_and_each_has_256_bits, async |app| {
    let (anna, org, folder, ..) = world(app).await;
    let key = [("idempotency-key", "once")];
    let body = json!({ "password": "open sesame" });
    let made = anna.call(Method::POST, &format!("/api/v1/resources/{folder}/links"), Some(&body), &key).await;
    let made = made.expect(201).json();
    let token = made["url"].as_str().expect("an address").rsplit('/').next().expect("a token").to_owned();
    assert_eq!(token.len(), 43);
    let mut tx = app.db().read().await.expect("a connection");
    let rows: Vec<(String, Option<String>)> =
        tx.sql("SELECT token_hash, password_hash FROM share_link").all().await.expect("rows");
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].0.contains(&token) && rows[0].1.as_deref().is_some_and(|hash| hash.starts_with("$argon2id$")));
    // Nor in what is kept of calls and of what was done.
    let kept: Vec<(String,)> = tx.sql("SELECT COALESCE(body, '') FROM idempotency_key").all().await.expect("rows");
    let audit: Vec<(String,)> =
        tx.sql("SELECT summary || COALESCE(after_state, '') FROM audit").all().await.expect("rows");
    for (text,) in kept.into_iter().chain(audit) {
        assert!(!text.contains(&token) && !text.contains("sesame"), "{text}");
    }
    drop(tx);
    assert!(anna.audit(&org).await.contains(&"link.created".to_owned()));
});

both!(attack_35_the_page_of_a_link_runs_nothing_and_tells_nobody_where_it_is, async |app| {
    let (anna, _, folder, ..) = world(app).await;
    let (_, path) = link(&anna, folder, &json!({})).await;
    let (_, locked) = link(&anna, folder, &json!({ "password": "open sesame" })).await;
    for path in [&path, &locked, &"/s/wrong".to_owned()] {
        let answer = open(app, path).await;
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("x-robots-tag").contains("noindex"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
        assert!(answer.body.contains("<meta name=\"robots\" content=\"noindex") && !answer.body.contains("<script"));
        assert!(answer.headers.get(header::SET_COOKIE).is_none(), "no session is begun");
        assert!(answer.body.len() < 12_000, "{} bytes", answer.body.len());
    }
});

both!(attack_36_names_on_the_page_of_a_link_are_only_text, async |app| {
    let (anna, _, folder, ..) = world(app).await;
    let nasty = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\" onload=\"x {{7*7}} <!--";
    let inside = anna.folder(folder, nasty).await;
    anna.dataset(inside, nasty, 1).await;
    let (_, path) = link(&anna, folder, &json!({})).await;
    for path in [path.clone(), format!("{path}/{inside}")] {
        let page = open(app, &path).await.expect(200).body;
        for raw in ["<script", "<img", "\" onload", "</title><", "<!--"] {
            assert!(!page.contains(raw), "{raw} in {page}");
        }
        assert!(page.contains("alert(1)") && page.contains("{{7*7}}"), "it is shown as it is");
    }
});

both!(link_1_lic_6_without_a_licence_that_shares_links_are_only_looked_at_and_revoked, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 1_000, 10).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let (id, path) = link(&anna, folder, &json!({})).await;
    app.expire(licence).await;
    let refused = make(&anna, folder, &json!({})).await.expect(403);
    assert_eq!(refused.code(), "forbidden");
    let reason = refused.json()["detail"].as_str().expect("words").to_owned();
    let page = anna.page(&format!("/o/{}/drive?dialog=share&item={folder}", org.org_id)).await.expect(200);
    assert!(page.body.contains(&reason), "the dialog says why: {reason}");
    open(app, &path).await.expect(200);
    anna.delete(&format!("/api/v1/links/{id}")).await.expect(204);
});

both!(link_1_there_are_twenty_links_to_a_resource_at_most, async |app| {
    let (anna, _, folder, site, _) = world(app).await;
    for _ in 0..20 {
        make(&anna, folder, &json!({})).await.expect(201);
    }
    assert_eq!(make(&anna, folder, &json!({})).await.expect(422).code(), "invalid");
    make(&anna, site, &json!({})).await.expect(201);
    let first = links(&anna, folder).await.expect(200).json()["items"][0]["id"].clone();
    anna.delete(&format!("/api/v1/links/{}", first.as_str().expect("an id"))).await.expect(204);
    make(&anna, folder, &json!({})).await.expect(201);
});

both!(link_1_the_dialog_works_without_a_script, async |app| {
    let (anna, org, folder, ..) = world(app).await;
    let dialog = format!("/o/{}/drive?dialog=share&item={folder}", org.org_id);
    let fields = [("id", folder.to_string()), ("password", "2brief".into()), ("back", dialog.clone())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = anna.form(CreateLink::url(), &dialog, &fields).await;
    assert_eq!((refused.status, refused.location()), (302, dialog.as_str()));
    let page = anna.page(&dialog).await.expect(200).body;
    assert!(page.contains("Use at least 8 characters") && !page.contains("2brief"), "{page}");
    let fields = [("id", folder.to_string()), ("expires_at", "2027-01-31".into()), ("back", dialog.clone())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let made = anna.form(CreateLink::url(), &dialog, &fields).await;
    assert_eq!((made.status, made.location()), (302, dialog.as_str()));
    let page = anna.page(&dialog).await.expect(200).body;
    let address = page.split("value=\"http://localhost:3000").nth(1).expect("an address in a field");
    let path = address.split('"').next().expect("an address").to_owned();
    assert!(page.contains("readonly") && page.contains("until 1 Feb 2027"), "{page}");
    open(app, &path).await.expect(200);
    let id = links(&anna, folder).await.json()["items"][0]["id"].as_str().expect("an id").to_owned();
    anna.form(RevokeLink::url(), &dialog, &[("id", &id), ("back", &dialog)]).await.expect(302);
    open(app, &path).await.expect(404);
    assert!(!anna.page(&dialog).await.expect(200).body.contains(&path));
});
