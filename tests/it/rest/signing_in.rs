//! Signing in (AUTH-1, AUTH-3): failures say one thing, are limited, and lock nobody out.

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request},
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{PASSWORD, Person, TestApp, at_once},
};

fn without_request_id(body: &Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().expect("an object").remove("request_id");
    body
}

both!(attack_28_auth_3_failures_say_one_thing_whatever_was_wrong, async |app| {
    let anna = app.person("Anna").await;
    let try_with = async |email: &str, password: &str| {
        let answer = app.nobody().post("/api/v1/session", &json!({ "email": email, "password": password })).await;
        (answer.status, without_request_id(&answer.json()), answer.headers.contains_key("set-cookie"))
    };
    let wrong = try_with(&anna.email, "not the password at all").await;
    assert_eq!((wrong.0, wrong.2), (401, false));
    assert_eq!(try_with("nobody@example.com", PASSWORD).await, wrong);
    assert_eq!(try_with(&anna.email, &"x".repeat(100_000)).await, wrong);
    assert_eq!(try_with(&anna.email, &PASSWORD.to_uppercase()).await, wrong);
    assert_eq!(try_with(&anna.email, &format!("{PASSWORD} ")).await, wrong);
    anna.post("/api/v1/session", &json!({ "email": format!(" {} ", anna.email.to_uppercase()), "password": PASSWORD }))
        .await
        .expect(200);
});

both!(auth_1_a_password_is_never_cut, async |app| {
    let long = "survey the alps by drone, and nobody else! ".repeat(4)[..127].to_owned() + "x";
    let body = |password: &str| json!({ "first_name": "Anna", "last_name": "Muster", "email": "anna@example.com", "password": password });
    app.nobody().post("/api/v1/signup", &body(&long)).await.expect(201);
    let sign_in = async |password: &str| {
        app.nobody().post("/api/v1/session", &json!({ "email": "anna@example.com", "password": password })).await.status
    };
    assert_eq!(sign_in(&long).await, 200);
    assert_eq!(sign_in(&format!("{long}y")).await, 401);
    assert_eq!(sign_in(&long[..long.len() - 1]).await, 401);
    assert_eq!(
        app.nobody().post("/api/v1/signup", &body(&format!("{}{long}", "y".repeat(129)))).await.expect(422).fields(),
        ["password"]
    );
});

/// Tries to sign in from a network address.
async fn from(
    person: &Person,
    address: &str,
    headers: &[(&str, &str)],
    email: &str,
    password: &str,
) -> crate::support::Answer {
    let mut request =
        Request::builder().method(Method::POST).uri("/api/v1/session").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = json!({ "email": email, "password": password }).to_string();
    let mut request = request.body(Body::from(body)).expect("a request");
    let socket: std::net::SocketAddr = format!("{address}:1234").parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(socket));
    person.send(request).await
}

both!(attack_42_auth_3_failures_are_limited_per_email_and_per_client, async |app| {
    let (anna, nobody) = (app.person("Anna").await, app.nobody());
    for _ in 0..20 {
        from(&nobody, "192.0.2.1", &[], &anna.email, "wrong").await.expect(401);
    }
    let limited = from(&nobody, "192.0.2.1", &[], &anna.email, PASSWORD).await.expect(429);
    assert_eq!(limited.code(), "rate_limited");
    assert!(limited.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=10).contains(&seconds)));
    // The email from elsewhere, and the client with other emails. A header that anybody can write changes nothing.
    from(&nobody, "192.0.2.2", &[], &anna.email, "wrong").await.expect(429);
    from(&nobody, "192.0.2.1", &[("x-forwarded-for", "198.51.100.7")], "john@example.com", "wrong").await.expect(429);
    from(&nobody, "192.0.2.1", &[("forwarded", "for=198.51.100.7")], "john@example.com", "wrong").await.expect(429);
    from(&nobody, "192.0.2.3", &[], "john@example.com", "wrong").await.expect(401);
    // Unknown emails are limited just the same: nothing tells them apart.
    for _ in 0..20 {
        from(&nobody, "192.0.2.4", &[], "nobody@example.com", "wrong").await;
    }
    from(&nobody, "192.0.2.5", &[], "nobody@example.com", "wrong").await.expect(429);
    app.tick(7_000);
    from(&nobody, "192.0.2.6", &[], &anna.email, PASSWORD).await.expect(200);
});

both!(attack_43_auth_3_forty_correct_sign_ins_at_once_are_all_fine, async |app| {
    let anna = app.person("Anna").await;
    let sign_in = || {
        let (app, email) = (app.clone(), anna.email.clone());
        async move { app.nobody().post("/api/v1/session", &json!({ "email": email, "password": PASSWORD })).await.status }
    };
    let statuses = at_once((0..40).map(|_| sign_in()).collect()).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(sign_in().await, 200, "and afterwards");
});

both!(attack_20_auth_1_one_address_is_one_person, async |app| {
    app.person("Anna").await;
    for email in ["ANNA.0@EXAMPLE.COM", " anna.0@example.com ", "Anna.0@Example.Com"] {
        let body = json!({ "first_name": "Anna", "last_name": "Muster", "email": email, "password": PASSWORD });
        assert_eq!(app.nobody().post("/api/v1/signup", &body).await.expect(422).fields(), ["email"], "{email}");
    }
    // A homoglyph is no letter of an address.
    let body =
        json!({ "first_name": "Anna", "last_name": "Muster", "email": "аnna.0@example.com", "password": PASSWORD });
    assert_eq!(app.nobody().post("/api/v1/signup", &body).await.expect(422).fields(), ["email"]);
});

both!(attack_30_auth_3_the_session_id_changes_at_sign_in_and_out, async |app| {
    let anna = app.person("Anna").await;
    let before = anna.cookie().expect("a cookie");
    anna.post("/api/v1/session", &json!({ "email": anna.email, "password": PASSWORD })).await.expect(200);
    let after = anna.cookie().expect("a cookie");
    assert_ne!(before, after);
    anna.set_cookie(Some(&before));
    anna.get("/api/v1/me").await.expect(401);
    anna.set_cookie(Some(&after));
    anna.delete("/api/v1/session").await.expect(204);
    assert_eq!(anna.cookie(), None, "the cookie is taken back");
    anna.set_cookie(Some(&after));
    anna.get("/api/v1/me").await.expect(401);
});

both!(attack_31_cookies_that_are_nothing_are_nobody, async |app| {
    let anna = app.person("Anna").await;
    let good = anna.cookie().expect("a cookie");
    let value = good.split('=').nth(1).expect("a value").to_owned();
    let mut flipped = value.clone().into_bytes();
    flipped[3] = if flipped[3] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).expect("ASCII");
    for cookie in [
        format!("commonhold={flipped}"),
        "commonhold=".to_owned(),
        format!("commonhold={}", "A".repeat(4_096)),
        "commonhold=../../etc/passwd".to_owned(),
        "commonhold=%00".to_owned(),
        format!("commonhold={value}A"),
        format!("commonhold={}", value.to_lowercase() + "!"),
        format!("__Host-commonhold={value}"),
        "=;;=".to_owned(),
    ] {
        anna.set_cookie(Some(&cookie));
        assert_eq!(anna.get("/api/v1/me").await.status, 401, "{cookie}");
        anna.set_cookie(Some(&cookie));
        assert_eq!(anna.page("/").await.status, 200, "{cookie}");
    }
    anna.set_cookie(Some(&good));
    anna.get("/api/v1/me").await.expect(200);
    // A copy of the table signs nobody in.
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM session WHERE LENGTH(id_hash) <> 64").await, 0);
});

#[tokio::test(flavor = "multi_thread")]
async fn attack_31_the_cookie_is_http_only_lax_and_of_the_whole_site() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    let answer = anna.post("/api/v1/session", &json!({ "email": anna.email, "password": PASSWORD })).await.expect(200);
    let cookie = answer.header("set-cookie");
    for part in ["commonhold=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain="), "{cookie}");
    app.finish().await;
}
