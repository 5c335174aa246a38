//! My account over the API (AUTH-2, AUTH-4, AUTH-5, SET-1, SET-2): sessions, mailed links, passwords, profile, my data.

use std::io::Read;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use commonhold::{
    domain::{access::Level, id::PersonId, role::Role, transfer::Grantee},
    rpc::{
        my_account::{ResetPassword, SavePrivacy, VerifyEmail},
        session::SignIn,
    },
    server::{context::Principal, error::Error, usecase},
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    both,
    support::{Answer, PASSWORD, Person, TestApp, read},
};

/// The password that replaces [`PASSWORD`].
const NEW: &str = "quarry-lantern-teaspoon";

/// The mail to an address, newest first: subject and text.
async fn mail(app: &TestApp, to: &str) -> Vec<(String, String)> {
    let inbox = app.nobody().get("/dev/inbox.json").await.expect(200).json();
    let text = |mail: &Value, field: &str| mail[field].as_str().unwrap_or_default().to_owned();
    let mails = inbox.as_array().cloned().unwrap_or_default();
    mails.iter().filter(|mail| mail["to"] == to).map(|mail| (text(mail, "subject"), text(mail, "text"))).collect()
}

/// The token of the newest link that was mailed to an address, to a page like `verify`.
async fn token(app: &TestApp, to: &str, page: &str) -> String {
    let start = format!("/{page}?token=");
    let text = mail(app, to).await.into_iter().map(|(_, text)| text).find(|text| text.contains(&start));
    let text = text.unwrap_or_else(|| panic!("no link to {page} for {to}"));
    let rest = text.split(&start).nth(1).expect("a token");
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> u16 {
    app.nobody().post("/api/v1/session", &json!({ "email": email, "password": password })).await.status
}

async fn verify(app: &TestApp, token: &str) -> Answer {
    app.nobody().post("/api/v1/email/verify", &json!({ "token": token })).await
}

async fn forgot(app: &TestApp, email: &str) -> Answer {
    app.nobody().post("/api/v1/password/forgot", &json!({ "email": email })).await
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Answer {
    app.nobody().post("/api/v1/password/reset", &json!({ "token": token, "password": password })).await
}

async fn delete(person: &Person, body: &Value) -> Answer {
    person.call(Method::DELETE, "/api/v1/me", Some(body), &[]).await
}

async fn sessions(person: &Person) -> Vec<Value> {
    person.get("/api/v1/me/sessions").await.expect(200).json()["items"].as_array().cloned().expect("a list")
}

// Sessions (AUTH-4)

both!(auth_4_sessions_are_listed_with_their_device_and_ended_one_by_one_or_all, async |app| {
    let anna = app.person("Anna").await;
    let phone = anna.elsewhere().await;
    phone.set_cookie(None);
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0";
    let body = json!({ "email": anna.email, "password": PASSWORD });
    phone.call(Method::POST, "/api/v1/session", Some(&body), &[("user-agent", agent)]).await.expect(200);
    let all = sessions(&anna).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all.iter().filter(|one| one["current"] == true).count(), 1);
    assert!(all.iter().any(|one| one["device"] == "Firefox on Linux" && one["current"] == false), "{all:?}");
    for field in ["id", "device", "address", "created_at", "last_seen", "current"] {
        assert!(all[0].get(field).is_some(), "{field}");
    }
    let mine = sessions(&phone).await.into_iter().find(|one| one["current"] == true).expect("the phone's");
    // The public id of a session signs nobody in, and is no digest of the secret.
    let cookie = phone.cookie().expect("a cookie");
    assert!(!cookie.contains(mine["id"].as_str().expect("an id")));
    // Sessions of others are not found.
    let john = app.person("John").await;
    let path = format!("/api/v1/me/sessions/{}", mine["id"].as_str().expect("an id"));
    for id in
        [path.as_str(), "/api/v1/me/sessions/nonsense", "/api/v1/me/sessions/00000000-0000-0000-0000-000000000001"]
    {
        john.delete(id).await.expect(404);
    }
    phone.get("/api/v1/me").await.expect(200);
    anna.delete(&path).await.expect(204);
    anna.delete(&path).await.expect(404);
    phone.get("/api/v1/me").await.expect(401);
    assert_eq!(sessions(&anna).await.len(), 2);
    anna.delete("/api/v1/me/sessions").await.expect(204);
    let left = sessions(&anna).await;
    assert_eq!((left.len(), left[0]["current"].clone()), (1, json!(true)));
    assert_eq!(sessions(&john).await.len(), 1, "others' stay");
    app.nobody().get("/api/v1/me/sessions").await.expect(401);
});

both!(auth_4_using_a_session_is_noted_every_five_minutes_and_lengthens_it, async |app| {
    let anna = app.person("Anna").await;
    let state = async || {
        (
            app.count("SELECT last_seen_at FROM session").await,
            app.count("SELECT expires_at FROM session").await,
            app.count("SELECT last_seen_at FROM person").await,
        )
    };
    let begun = state().await;
    assert_eq!((begun.0, begun.2), (app.ctx().now().0, app.ctx().now().0));
    app.tick(299_000);
    let answer = anna.get("/api/v1/me").await.expect(200);
    assert_eq!(answer.header("set-cookie"), "");
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(state().await, begun, "most requests write nothing");
    app.tick(2 * 86_400_000);
    let before = anna.cookie();
    let answer = anna.get("/api/v1/me").await.expect(200);
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=1209600"),
        "{cookie}"
    );
    assert_eq!(anna.cookie(), before, "the same session");
    let now = app.ctx().now();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while state().await.0 != now.0 {
        assert!(std::time::Instant::now() < until, "the use is noted");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(state().await, (now.0, now.plus_days(14).0, now.0));
    anna.get("/api/v1/me").await.expect(200);
    // The response to signing out does not renew the cookie.
    app.tick(2 * 86_400_000);
    anna.delete("/api/v1/session").await.expect(204);
    assert_eq!(anna.cookie(), None);
});

// Verification (AUTH-2)

both!(auth_2_a_new_email_is_verified_by_a_mailed_link_once, async |app| {
    let anna = app.stranger("Anna").await;
    assert_eq!(anna.get("/api/v1/me").await.json()["email_verified"], false);
    let token = token(app, &anna.email, "verify").await;
    assert!(token.len() >= 22, "at least 128 bits: {token}");
    // Attack 21: opening the link changes nothing, however often.
    for method in [Method::GET, Method::HEAD] {
        let request =
            Request::builder().method(method).uri(format!("/verify?token={token}")).header(header::ACCEPT, "text/html");
        app.nobody().send(request.body(Body::empty()).expect("a request")).await.expect(200);
    }
    let page = app.nobody().page(&format!("/verify?token={token}")).await.expect(200);
    assert!(page.body.contains("Verify email") && page.body.contains(&anna.email));
    assert_eq!(anna.get("/api/v1/me").await.json()["email_verified"], false);
    // The link works without signing in.
    verify(app, &token).await.expect(204);
    assert_eq!(anna.get("/api/v1/me").await.json()["email_verified"], true);
    assert_eq!(verify(app, &token).await.expect(410).code(), "link_used");
    assert!(app.nobody().page(&format!("/verify?token={token}")).await.expect(200).body.contains("already been used"));
    verify(app, "nonsense").await.expect(404);
    verify(app, "").await.expect(404);
    assert!(app.nobody().page("/verify?token=nonsense").await.expect(200).body.contains("incomplete"));
    assert!(app.nobody().page("/verify").await.expect(200).body.contains("incomplete"));
    // A link for an address sets no password.
    reset(app, &token, NEW).await.expect(404);
});

both!(auth_2_a_link_works_seven_days_and_a_newer_one_takes_its_place, async |app| {
    let anna = app.stranger("Anna").await;
    let first = token(app, &anna.email, "verify").await;
    let again = async || anna.post("/api/v1/me/verification", &json!({})).await;
    let soon = again().await.expect(429);
    assert!(soon.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    app.tick(61_000);
    again().await.expect(202);
    assert_eq!(verify(app, &first).await.expect(410).code(), "link_expired");
    assert!(app.nobody().page(&format!("/verify?token={first}")).await.body.contains("no longer works"));
    for _ in 0..2 {
        app.tick(61_000);
        again().await.expect(202);
    }
    app.tick(61_000);
    again().await.expect(429);
    assert_eq!(mail(app, &anna.email).await.len(), 4, "no mail bomb");
    let last = token(app, &anna.email, "verify").await;
    app.later(7);
    assert_eq!(verify(app, &last).await.expect(410).code(), "link_expired");
    again().await.expect(202);
    verify(app, &token(app, &anna.email, "verify").await).await.expect(204);
    let before = mail(app, &anna.email).await.len();
    app.tick(61_000);
    again().await.expect(202);
    assert_eq!(mail(app, &anna.email).await.len(), before, "nothing to prove any more");
});

// Forgotten password (AUTH-5)

both!(auth_5_a_forgotten_password_is_set_by_a_mailed_link_once_within_an_hour, async |app| {
    let anna = app.stranger("Anna").await;
    let other = anna.elsewhere().await;
    forgot(app, &anna.email.to_uppercase()).await.expect(202);
    let link = token(app, &anna.email, "reset").await;
    assert!(app.nobody().page(&format!("/reset?token={link}")).await.expect(200).body.contains("Set password"));
    assert_eq!(reset(app, &link, "short").await.expect(422).fields(), ["password"]);
    assert_eq!(reset(app, &link, "password1234").await.expect(422).fields(), ["password"]);
    verify(app, &link).await.expect(404);
    let answer = reset(app, &link, NEW).await.expect(204);
    assert!(!answer.headers.contains_key("set-cookie"), "nobody is signed in by it");
    // Attack 29: every session is dead, and the old password.
    for session in [&anna, &other] {
        session.get("/api/v1/me").await.expect(401);
    }
    assert_eq!(sign_in(app, &anna.email, PASSWORD).await, 401);
    assert_eq!(sign_in(app, &anna.email, NEW).await, 200);
    assert_eq!(
        app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM person WHERE email_verified").await,
        1,
        "the link proved it"
    );
    assert_eq!(mail(app, &anna.email).await.len(), 3, "to verify, to reset, and that it was done");
    assert_eq!(reset(app, &link, NEW).await.expect(410).code(), "link_used");
    assert!(app.nobody().page(&format!("/reset?token={link}")).await.body.contains("already been used"));
    // One hour, and a newer link takes the older one's place.
    app.tick(61_000);
    forgot(app, &anna.email).await.expect(202);
    let older = token(app, &anna.email, "reset").await;
    app.tick(61_000);
    forgot(app, &anna.email).await.expect(202);
    assert_eq!(reset(app, &older, PASSWORD).await.expect(410).code(), "link_expired");
    let newer = token(app, &anna.email, "reset").await;
    app.tick(3_600_000);
    assert_eq!(reset(app, &newer, PASSWORD).await.expect(410).code(), "link_expired");
    reset(app, "nonsense", PASSWORD).await.expect(404);
    assert_eq!(sign_in(app, &anna.email, NEW).await, 200);
});

both!(attack_28_auth_5_asking_for_a_link_never_tells_whether_there_is_an_account, async |app| {
    let anna = app.person("Anna").await;
    let before = mail(app, &anna.email).await.len();
    let mut shortest = Vec::new();
    let mut answers = Vec::new();
    for email in [anna.email.as_str(), "nobody@example.com"] {
        let mut times = Vec::new();
        for _ in 0..5 {
            let start = std::time::Instant::now();
            let answer = forgot(app, email).await;
            times.push(start.elapsed());
            answers.push((answer.status, answer.body, answer.headers.contains_key("set-cookie")));
            app.tick(61_000);
        }
        // Compare the shortest times, as an attacker would: a busy machine only makes some of them longer.
        shortest.push(times.into_iter().min().expect("five").as_secs_f64());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]) && answers[0].0 == 202, "{answers:?}");
    let apart = (shortest[0] - shortest[1]).abs() / shortest[0];
    assert!(apart < 0.25, "{shortest:?}; a missing write shows");
    // Four an hour reach an inbox, however often somebody asks.
    assert_eq!(mail(app, &anna.email).await.len() - before, 4);
    assert!(mail(app, "nobody@example.com").await.is_empty());
    for nonsense in ["", "anna", "a@b@c", "anna@example.com\r\nBcc: x@example.com"] {
        forgot(app, nonsense).await.expect(202);
    }
});

#[tokio::test(flavor = "multi_thread")]
async fn attack_27_auth_5_asking_for_links_is_limited_for_known_and_unknown_alike() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    for email in [anna.email.as_str(), "nobody@example.com"] {
        // An hour before, so that what is counted for the client has been forgotten.
        app.tick(3_600_000);
        let statuses = crate::support::at_once(
            (0..25)
                .map(|_| {
                    let (app, email) = (app.clone(), email.to_owned());
                    async move { forgot(&app, &email).await.status }
                })
                .collect(),
        )
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 20, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 5);
    }
    app.finish().await;
}

both!(people_8_a_first_password_is_set_by_a_link_of_14_days, async |app| {
    let (anna, ben) = (app.person("Anna").await, app.person("Ben").await);
    let (ctx, person, email) = (app.ctx().clone(), ben.id, ben.email.clone());
    let by = Principal {
        person: anna.id,
        name: anna.name.clone(),
        email_key: anna.email.clone(),
        address: None,
        session: None,
        key: None,
    };
    app.db()
        .write(move |tx, _| {
            let (ctx, by, email) = (ctx.clone(), by.clone(), email.clone());
            Box::pin(async move {
                usecase::my_account::invite_to_set_password(tx, &ctx, person, &email, "Alpine Survey", &by).await?;
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("a link is mailed");
    let link = token(app, &ben.email, "reset").await;
    app.later(13);
    assert!(app.nobody().page(&format!("/reset?token={link}")).await.expect(200).body.contains("for your new account"));
    reset(app, &link, NEW).await.expect(204);
    assert_eq!(sign_in(app, &ben.email, NEW).await, 200);
    assert_eq!(reset(app, &link, NEW).await.expect(410).code(), "link_used");
});

both!(auth_2_who_is_signed_in_and_verifies_their_address_goes_on_where_they_begin_or_asked, async |app| {
    let nina = app.stranger("Nina").await;
    let verify = async |email: &str| {
        let proof = token(app, email, "verify").await;
        let from = format!("/verify?token={proof}");
        nina.form(VerifyEmail::url(), &from, &[("token", &proof)]).await.location().to_owned()
    };
    assert_eq!(verify(&nina.email).await, "/");
    let new = format!("new.{}", nina.email);
    nina.post("/api/v1/me/email", &json!({ "email": new, "password": crate::support::PASSWORD })).await.expect(202);
    assert_eq!(verify(&new).await, "/account");
});

both!(attack_23_tokens_are_long_stored_as_digests_and_gone_from_addresses_after_use, async |app| {
    let anna = app.person("Anna").await;
    forgot(app, &anna.email).await.expect(202);
    let (proof, link) = (token(app, &anna.email, "verify").await, token(app, &anna.email, "reset").await);
    assert!(proof.len() >= 43 && link.len() >= 43 && proof != link);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM one_time_link WHERE LENGTH(token_hash) <> 64").await, 0);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM one_time_link").await, 2);
    let page = anna.page(&format!("/reset?token={link}")).await.expect(200);
    assert_eq!(page.header("referrer-policy"), "same-origin", "no other site is told the address");
    assert_eq!(page.header("cache-control"), "no-store");
    let nobody = app.nobody();
    let from = format!("/verify?token={proof}");
    let answer = nobody.form(VerifyEmail::url(), &from, &[("token", &proof)]).await;
    assert_eq!((answer.location(), answer.status / 100), ("/signin", 3), "{}", answer.body);
    assert!(nobody.page("/signin").await.body.contains("Your email address is verified"));
    let from = format!("/reset?token={link}");
    let form = [("token", link.as_str()), ("password", NEW)];
    assert_eq!(nobody.form(ResetPassword::url(), &from, &form).await.location(), "/signin");
    // Refused, a form comes back without its secrets.
    nobody.form(ResetPassword::url(), &from, &form).await;
    for secret in [link.as_str(), proof.as_str(), NEW] {
        let mut kept = app.db().read().await.expect("a connection");
        let rows: Vec<(String,)> = kept.sql("SELECT data FROM session").all().await.expect("rows");
        assert!(rows.iter().all(|(data,)| !data.contains(secret)), "{rows:?}");
    }
});

// Changing the password (AUTH-4)

both!(attack_29_attack_30_auth_4_a_new_password_ends_all_other_sessions_and_changes_this_ones_id, async |app| {
    let anna = app.person("Anna").await;
    let other = anna.elsewhere().await;
    forgot(app, &anna.email).await.expect(202);
    let link = token(app, &anna.email, "reset").await;
    let before = anna.cookie().expect("a cookie");
    let change = async |current: &str, password: &str| {
        anna.post("/api/v1/me/password", &json!({ "current": current, "password": password })).await
    };
    assert_eq!(change("", NEW).await.expect(422).fields(), ["current"]);
    assert_eq!(change("not my password", NEW).await.expect(422).fields(), ["current"]);
    assert_eq!(change(PASSWORD, "short").await.expect(422).fields(), ["password"]);
    assert_eq!(change(PASSWORD, "password1234").await.expect(422).fields(), ["password"]);
    other.get("/api/v1/me").await.expect(200);
    change(PASSWORD, NEW).await.expect(204);
    let after = anna.cookie().expect("a cookie");
    assert_ne!(before, after);
    anna.get("/api/v1/me").await.expect(200);
    other.get("/api/v1/me").await.expect(401);
    anna.set_cookie(Some(&before));
    anna.get("/api/v1/me").await.expect(401);
    anna.set_cookie(Some(&after));
    assert_eq!(sessions(&anna).await.len(), 1);
    assert_eq!(sign_in(app, &anna.email, PASSWORD).await, 401);
    assert_eq!(sign_in(app, &anna.email, NEW).await, 200);
    reset(app, &link, PASSWORD).await.expect(410);
    assert_eq!(mail(app, &anna.email).await.len(), 3, "to verify, to reset, and that it was changed");
    // Guessing the current one is limited.
    for _ in 0..19 {
        change("not my password", PASSWORD).await.expect(422);
    }
    change(NEW, PASSWORD).await.expect(429);
    app.nobody().post("/api/v1/me/password", &json!({ "current": NEW, "password": PASSWORD })).await.expect(401);
});

both!(attack_23_no_digest_of_a_password_is_kept_under_an_idempotency_key, async |app| {
    let anna = app.person("Anna").await;
    for (path, body) in [
        ("/api/v1/me/password", json!({ "current": "wrong wrong wrong", "password": NEW })),
        ("/api/v1/me/email", json!({ "email": "new@example.com", "password": "wrong wrong wrong" })),
        ("/api/v1/password/reset", json!({ "token": "x", "password": NEW })),
    ] {
        anna.call(Method::POST, path, Some(&body), &[("idempotency-key", "one")]).await;
    }
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM idempotency_key").await, 0);
});

// Profile (SET-1)

both!(set_1_only_what_is_given_of_a_profile_changes, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let foreign = john.create_org("Tunnel North").await;
    let me = anna.get("/api/v1/me").await.expect(200).json();
    assert_eq!(
        (&me["default_organization"], &me["cluster"], &me["language"]),
        (&json!(null), &json!("eu-central"), &json!("en"))
    );
    let patch = async |body: Value| anna.patch("/api/v1/me", &body).await;
    let after =
        patch(json!({ "first_name": " Annabel ", "default_organization": "ALPINE-SURVEY" })).await.expect(200).json();
    assert_eq!((&after["first_name"], &after["last_name"]), (&json!("Annabel"), &json!("Muster")));
    assert_eq!(after["default_organization"], json!(org.id));
    assert_eq!(after, anna.get("/api/v1/me").await.json());
    let after = patch(json!({ "cluster": "us-east", "language": "de" })).await.expect(200).json();
    assert_eq!((&after["cluster"], &after["language"]), (&json!("us-east"), &json!("de")));
    assert_eq!(after["default_organization"], json!(org.id), "what is left out stays");
    let flight = anna.dataset(org.root, "Flight", 1).await;
    assert_eq!(anna.show(flight).await.json()["dataset"]["cluster"], "us-east", "what is created next is stored there");
    assert_eq!(
        patch(json!({ "default_organization": null })).await.expect(200).json()["default_organization"],
        json!(null)
    );
    assert_eq!(
        patch(json!({ "default_organization": org.id })).await.expect(200).json()["default_organization"],
        json!(org.id)
    );
    for (body, field) in [
        (json!({ "first_name": "" }), "first_name"),
        (json!({ "last_name": "x".repeat(256) }), "last_name"),
        (json!({ "language": "tlh" }), "language"),
        (json!({ "cluster": "moon" }), "cluster"),
        (json!({ "default_organization": foreign.org_id }), "default_organization"),
        (json!({ "default_organization": "nobody" }), "default_organization"),
    ] {
        assert_eq!(patch(body).await.expect(422).fields(), [field]);
    }
    // Attack 14.
    let before = anna.get("/api/v1/me").await.json();
    for field in [
        "id",
        "email",
        "email_verified",
        "password",
        "password_hash",
        "role",
        "created_at",
        "organizations",
        "space",
        "deleted_at",
    ] {
        let mut body = json!({ "first_name": "Eve" });
        body[field] = json!("x");
        assert_eq!(patch(body).await.expect(400).code(), "invalid", "{field}");
    }
    assert_eq!(anna.get("/api/v1/me").await.json(), before);
    // Every copy of the name has changed.
    assert_eq!(
        app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE name_search = 'annabel muster'").await,
        2
    );
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM person WHERE name_search = 'annabel muster'").await, 1);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM audit WHERE action = 'profile.changed'").await, 4);
    // Who leaves has no default organization there any more.
    app.join(&org, &john, Role::Owner).await;
    anna.leave(&org).await.expect(204);
    assert_eq!(anna.get("/api/v1/me").await.json()["default_organization"], json!(null));
});

both!(set_1_another_email_counts_once_it_is_proven_and_the_old_one_is_told, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    anna.create_org("Alpine Survey").await;
    let change = async |email: &str, password: &str| {
        anna.post("/api/v1/me/email", &json!({ "email": email, "password": password })).await
    };
    assert_eq!(change("anna", PASSWORD).await.expect(422).fields(), ["email"]);
    assert_eq!(change(&anna.email.to_uppercase(), PASSWORD).await.expect(422).fields(), ["email"]);
    assert_eq!(change("new@example.com", "wrong").await.expect(422).fields(), ["password"]);
    let asked = change("New@Example.com", PASSWORD).await.expect(202);
    assert_eq!(anna.get("/api/v1/me").await.json()["email"], json!(anna.email), "until then the old one stays");
    assert!(anna.page("/account").await.expect(200).body.contains("New@Example.com"));
    let link = token(app, "New@Example.com", "verify").await;
    // An address that is somebody's already looks the same, and gets no mail.
    app.tick(61_000);
    let johns = mail(app, &john.email).await.len();
    let taken = change(&john.email, PASSWORD).await.expect(202);
    assert_eq!(taken.body, asked.body);
    assert_eq!(mail(app, &john.email).await.len(), johns);
    assert_eq!(verify(app, &link).await.expect(410).code(), "link_expired", "a newer link took its place");
    app.tick(61_000);
    change("New@Example.com", PASSWORD).await.expect(202);
    forgot(app, &anna.email).await.expect(202);
    let stale = token(app, &anna.email, "reset").await;
    verify(app, &token(app, "New@Example.com", "verify").await).await.expect(204);
    let me = anna.get("/api/v1/me").await.expect(200).json();
    assert_eq!((&me["email"], &me["email_verified"]), (&json!("New@Example.com"), &json!(true)));
    assert_eq!(sign_in(app, &anna.email, PASSWORD).await, 401);
    assert_eq!(sign_in(app, "new@example.com", PASSWORD).await, 200);
    assert_eq!(
        app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE email_key = 'new@example.com'").await,
        2
    );
    assert!(mail(app, &anna.email).await[0].1.contains("New@Example.com"), "the old address is told");
    reset(app, &stale, NEW).await.expect(410);
    // Somebody signed up with the address meanwhile: whoever proves it learns so, and nothing changes.
    app.tick(61_000);
    anna.post("/api/v1/me/email", &json!({ "email": "late@example.com", "password": PASSWORD })).await.expect(202);
    let late = token(app, "late@example.com", "verify").await;
    Person::sign_up(app, "Late", "Muster", "late@example.com").await;
    assert_eq!(verify(app, &late).await.expect(422).fields(), ["email"]);
    assert_eq!(anna.get("/api/v1/me").await.json()["email"], "New@Example.com");
});

both!(set_1_sign_in_leads_to_the_default_organization, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let land = async |next: &str| {
        let form = [("email", anna.email.as_str()), ("password", PASSWORD), ("next", next)];
        app.nobody().form(SignIn::url(), "/signin", &form).await.location().to_owned()
    };
    assert_eq!(land("").await, "/");
    anna.patch("/api/v1/me", &json!({ "default_organization": org.org_id })).await.expect(200);
    assert_eq!(land("").await, "/o/alpine-survey");
    assert_eq!(land("/o/alpine-survey/drive").await, "/o/alpine-survey/drive");
    // Attack 24: what is no path of this site is as if nothing had been said.
    for evil in ["//evil.example", "https:evil", "/\\evil", "javascript:alert(1)"] {
        assert_eq!(land(evil).await, "/o/alpine-survey", "{evil}");
    }
});

// Privacy and data (SET-2)

both!(set_2_consents_are_no_by_default, async |app| {
    let anna = app.person("Anna").await;
    let choices = async || anna.get("/api/v1/me/privacy").await.expect(200).json();
    assert_eq!(choices().await, json!({ "usage_statistics": false, "product_news": false }));
    let put = async |body: Value| anna.call(Method::PUT, "/api/v1/me/privacy", Some(&body), &[]).await;
    put(json!({ "usage_statistics": true, "product_news": false })).await.expect(200);
    assert_eq!(choices().await, json!({ "usage_statistics": true, "product_news": false }));
    put(json!({ "usage_statistics": true })).await.expect(400);
    let form = [("product_news", "yes")];
    assert_eq!(anna.form(SavePrivacy::url(), "/account/privacy", &form).await.location(), "/account/privacy");
    assert_eq!(choices().await, json!({ "usage_statistics": false, "product_news": true }), "not ticked is not sent");
    assert!(anna.page("/account/privacy").await.body.contains("Saved"));
});

/// The files of an export, by name.
async fn export(app: &TestApp, person: &Person) -> std::collections::BTreeMap<String, Value> {
    let mut request = Request::builder().uri("/api/v1/me/export").body(Body::empty()).expect("a request");
    let cookie = person.cookie().expect("a cookie").parse().expect("a header");
    request.headers_mut().insert(header::COOKIE, cookie);
    let response = app.router().oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/zip");
    assert!(response.headers()["content-disposition"].to_str().is_ok_and(|text| text.starts_with("attachment")));
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes.to_vec())).expect("an archive");
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).expect("a file");
            let mut text = String::new();
            file.read_to_string(&mut text).expect("text");
            let dated = file.last_modified().expect("a date");
            let day = (i64::from(dated.year()), i64::from(dated.month()), i64::from(dated.day()));
            assert_eq!(day, app.ctx().now().day().civil(), "now, as the clock of the tests has it");
            (
                file.name().expect("a name").into_owned(),
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")),
            )
        })
        .collect()
}

both!(set_2_the_export_has_everything_about_me_and_no_secret, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let foreign = john.create_org("Tunnel North").await;
    let shared = john.folder(foreign.root, "Shared with Anna").await;
    app.give(shared, Grantee::Person(anna.id), Level::Editor, false).await;
    for number in 0..3 {
        anna.folder(org.root, &format!("By Anna {number}")).await;
    }
    anna.folder(shared, "In Tunnel North").await;
    let (own, theirs) = (anna.dataset(org.root, "Own", 0).await, anna.dataset(shared, "Theirs", 0).await);
    anna.upload(own, "a/1.txt", b"mine").await;
    anna.upload(own, "a/2.txt", b"mine as well").await;
    anna.upload(theirs, "3.txt", b"in the dataset of others").await;
    let asked = json!({ "subject": "Grey map", "message": "Since today." });
    anna.post("/api/v1/support/tickets", &asked).await.expect(201);
    john.post("/api/v1/support/tickets", &json!({ "subject": "Not Anna's", "message": "Nor this." })).await.expect(201);
    for (dataset, name) in [(own, "Roof"), (theirs, "Of others")] {
        let drawn = json!({ "kind": "point", "coordinates": [[8.5, 46.6]], "name": name });
        anna.post(&format!("/api/v1/datasets/{dataset}/annotations"), &drawn).await.expect(201);
    }
    let files = export(app, &anna).await;
    let count = |name: &str| files[name]["items"].as_array().map_or(0, Vec::len);
    assert_eq!(
        files.keys().map(String::as_str).collect::<Vec<_>>(),
        [
            "activity.json",
            "annotations.json",
            "created.json",
            "files.json",
            "grants.json",
            "invitations.json",
            "memberships.json",
            "profile.json",
            "seats.json",
            "sessions.json",
            "tickets.json"
        ]
    );
    assert_eq!(files["profile.json"]["email"], json!(anna.email));
    assert_eq!((count("memberships.json"), count("sessions.json"), count("grants.json")), (2, 1, 1));
    // What was made where only a grant leads is not named: it may have a name by now that Anna must not know.
    assert_eq!(count("created.json"), 4);
    assert_eq!(count("files.json"), 2);
    let first = &files["files.json"]["items"][0];
    assert_eq!(
        (&first["path"], &first["bytes"], &first["dataset_name"]),
        (&json!("a/1.txt"), &json!(4), &json!("Own"))
    );
    assert_eq!(count("tickets.json"), 1);
    let written = &files["tickets.json"]["items"][0];
    assert_eq!((&written["subject"], &written["text"]), (&json!("Grey map"), &json!("Since today.")));
    assert_eq!((count("annotations.json"), &files["annotations.json"]["items"][0]["name"]), (1, &json!("Roof")));
    assert_eq!(files["created.json"]["complete"], true);
    assert!(count("activity.json") >= 5);
    let all: String = files.values().map(Value::to_string).collect();
    for secret in ["argon2", "token", "password_hash", "Muster's Space of John", "Tunnel North Owner"] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert!(!all.contains(&john.email));
    app.nobody().get("/api/v1/me/export").await.expect(401);
});

both!(set_2_a_deleted_account_leaves_what_was_made_and_nothing_of_who_made_it, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = john.create_org("Alpine Survey").await;
    let other = john.create_org("Tunnel North").await;
    app.join(&org, &anna, Role::Owner).await;
    let folder = anna.folder(org.root, "By Anna").await;
    let shared = john.folder(other.root, "Shared").await;
    app.give(shared, Grantee::Person(anna.id), Level::Editor, false).await;
    // From before the settings of a personal space were closed.
    app.corrupt(
        "UPDATE organization SET legal_contact = 'Anna', protection_officer_name = 'Anna', website = 'https://anna.ch'
         WHERE name LIKE 'Anna%'",
    )
    .await;
    let phone = anna.elsewhere().await;
    let body = |password: &str, confirm: &str| json!({ "password": password, "confirm": confirm });
    assert_eq!(delete(&anna, &body("wrong", &anna.email)).await.expect(422).fields(), ["password"]);
    assert_eq!(delete(&anna, &body(PASSWORD, "anna")).await.expect(422).fields(), ["confirm"]);
    anna.call(
        Method::DELETE,
        "/api/v1/me",
        Some(&json!({ "password": PASSWORD, "confirm": anna.email, "id": "x" })),
        &[],
    )
    .await
    .expect(400);
    delete(&anna, &body(PASSWORD, &anna.email.to_uppercase())).await.expect(204);
    assert_eq!(anna.cookie(), None);
    phone.get("/api/v1/me").await.expect(401);
    assert_eq!(sign_in(app, &anna.email, PASSWORD).await, 401);
    assert_eq!(app.role(org.id, anna.id).await, None);
    for (sql, left) in [
        ("SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant WHERE person_id IS NOT NULL", 0),
        (
            "SELECT CAST(COUNT(*) AS BIGINT) FROM one_time_link l JOIN person p ON p.id = l.person_id WHERE p.deleted_at IS NOT NULL",
            0,
        ),
        (
            "SELECT CAST(COUNT(*) AS BIGINT) FROM session s JOIN person p ON p.id = s.person_id WHERE p.deleted_at IS NOT NULL",
            0,
        ),
        (
            "SELECT CAST(COUNT(*) AS BIGINT) FROM person WHERE first_name = 'Anna' OR email LIKE 'anna%' OR email_key LIKE 'anna%'",
            0,
        ),
        (
            "SELECT CAST(COUNT(*) AS BIGINT) FROM organization WHERE name LIKE 'Anna%' OR org_id LIKE 'anna%' OR name_key LIKE '%anna%'
                OR name_search LIKE '%anna%' OR legal_contact IS NOT NULL OR protection_officer_name IS NOT NULL OR website IS NOT NULL",
            0,
        ),
        (
            "SELECT CAST(COUNT(*) AS BIGINT) FROM audit WHERE action = 'account.deleted' AND actor_name = 'Deleted person'",
            1,
        ),
    ] {
        assert_eq!(app.count(sql).await, left, "{sql}");
    }
    let shown = john.show(folder).await.expect(200).json();
    assert_eq!(shown["name"], "By Anna");
    assert!(!shown.to_string().contains("Anna Muster"));
    john.page(&format!("/o/{}/drive/{folder}", org.org_id)).await.expect(200);
    assert!(john.audit(&org).await.contains(&"person.left".to_owned()));
    assert!(mail(app, &anna.email).await.len() >= 2, "told by mail");
    app.healthy().await;
    // The address is free again, for a new person.
    let again = Person::sign_up(app, "Anna", "Muster", &anna.email).await;
    assert_ne!(again.id, anna.id);
    assert_eq!(again.get("/api/v1/me").await.json()["organizations"], json!([]));
});

both!(org_3_set_2_the_last_owner_cannot_go_and_is_told_where, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (alpine, tunnel) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let body = json!({ "password": PASSWORD, "confirm": anna.email });
    app.join(&alpine, &john, Role::Manager).await;
    app.join(&tunnel, &john, Role::Owner).await;
    let refused = delete(&anna, &body).await.expect(409);
    assert_eq!(refused.code(), "last_owner");
    assert!(refused.body.contains("Alpine Survey") && !refused.body.contains("Tunnel North"), "{}", refused.body);
    let page = anna.page("/account/privacy").await.expect(200);
    assert!(page.body.contains("last Owner of Alpine Survey"));
    anna.get("/api/v1/me").await.expect(200);
    anna.change_role(&alpine, john.id, "owner").await.expect(200);
    delete(&anna, &body).await.expect(204);
    assert_eq!((app.owners(alpine.id).await, app.owners(tunnel.id).await), (1, 1));
    app.healthy().await;
});

both!(set_2_a_personal_space_with_work_goes_only_if_somebody_says_so, async |app| {
    let anna = app.person("Anna").await;
    let space = anna.get("/api/v1/me").await.json()["space"].clone();
    let root = read(&space["root"]);
    let folder = anna.folder(root, "Work").await;
    anna.dataset(folder, "Flight", 3).await;
    app.share(folder, "a link").await;
    let body =
        |delete_space: bool| json!({ "password": PASSWORD, "confirm": anna.email, "delete_space": delete_space });
    assert_eq!(delete(&anna, &body(false)).await.expect(409).code(), "space_holds_work");
    anna.show(folder).await.expect(200);
    assert!(
        anna.page("/account/privacy?dialog=delete").await.body.contains("Delete the work in my personal space too")
    );
    delete(&anna, &body(true)).await.expect(204);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE kind <> 'root'").await, 0);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM share_link").await, 0);
    app.healthy().await;
});

both!(attack_12_a_session_of_a_deleted_account_is_not_signed_in, async |app| {
    let anna = app.person("Anna").await;
    let id: PersonId = anna.id;
    delete(&anna, &json!({ "password": PASSWORD, "confirm": anna.email })).await.expect(204);
    // A sign-in that was checked before and ended afterwards leaves a session: it is worth nothing.
    let john = app.person("John").await;
    let cookie = john.cookie();
    app.db()
        .write(move |tx, _| {
            Box::pin(async move {
                tx.sql("UPDATE session SET person_id = $1, data = $2")
                    .bind(id.0)
                    .bind(json!({ "person": id }).to_string())
                    .execute()
                    .await?;
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("planted");
    let late = app.nobody();
    late.set_cookie(cookie.as_deref());
    late.get("/api/v1/me").await.expect(401);
});

both!(attack_33_no_page_of_the_account_changes_anything, async |app| {
    let anna = app.person("Anna").await;
    let link = token(app, &anna.email, "verify").await;
    let before = app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM audit").await;
    for path in [
        "/account".to_owned(),
        "/account/security".to_owned(),
        "/account/privacy".to_owned(),
        "/account/privacy?dialog=delete".to_owned(),
        "/forgot?email=anna".to_owned(),
        "/forgot?sent=yes".to_owned(),
        format!("/verify?token={link}"),
        format!("/reset?token={link}"),
    ] {
        anna.page(&path).await.expect(200);
    }
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM audit").await, before);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM one_time_link WHERE used_at IS NOT NULL").await, 0);
    for path in ["/account", "/account/security", "/account/privacy"] {
        assert_eq!(app.nobody().page(path).await.status, 303, "{path}");
    }
});
