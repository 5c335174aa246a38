//! Signing in (AUTH-1, AUTH-3): failures do not tell what was wrong, are limited, and lock nobody out.

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
    // The address from another client, and the client with other addresses. A forged header changes nothing.
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
    // A homoglyph makes another address.
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

both!(attack_31_invalid_cookies_are_not_signed_in, async |app| {
    let anna = app.person("Anna").await;
    let good = anna.cookie().expect("a cookie");
    let value = good.split('=').nth(1).expect("a value").to_owned();
    let mut flipped = value.clone().into_bytes();
    flipped[3] = if flipped[3] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).expect("ASCII");
    for cookie in [
        format!("commonhold-3000={flipped}"),
        "commonhold-3000=".to_owned(),
        format!("commonhold-3000={}", "A".repeat(4_096)),
        "commonhold-3000=../../etc/passwd".to_owned(),
        "commonhold-3000=%00".to_owned(),
        format!("commonhold-3000={value}A"),
        format!("commonhold-3000={}", value.to_lowercase() + "!"),
        format!("__Host-commonhold-3000={value}"),
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
async fn attack_31_the_cookie_is_http_only_same_site_lax_and_has_the_root_path() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    let answer = anna.post("/api/v1/session", &json!({ "email": anna.email, "password": PASSWORD })).await.expect(200);
    let cookie = answer.header("set-cookie");
    for part in ["commonhold-3000=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain="), "{cookie}");
    app.finish().await;
}

/// Signs up from a network address.
async fn sign_up_from(app: &TestApp, address: &str, n: usize) -> u16 {
    let body =
        json!({ "first_name": "A", "last_name": "B", "email": format!("{n}@example.com"), "password": PASSWORD });
    let request =
        Request::builder().method(Method::POST).uri("/api/v1/signup").header("content-type", "application/json");
    let mut request = request.body(Body::from(body.to_string())).expect("a request");
    let socket: std::net::SocketAddr = format!("{address}:1234").parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(socket));
    app.nobody().send(request).await.status
}

both!(attack_42_parallel_guesses_are_limited_like_sequential_ones, async |app| {
    let anna = app.person("Anna").await;
    let guess = || {
        let (app, email) = (app.clone(), anna.email.clone());
        async move { from(&app.nobody(), "192.0.2.1", &[], &email, "wrong").await.status }
    };
    let statuses = at_once((0..200).map(|_| guess()).collect()).await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 20, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 180, "{statuses:?}");
});

both!(attack_42_a_client_is_an_ipv4_address_or_the_64_of_an_ipv6_one, async |app| {
    let nobody = app.nobody();
    let guess = async |address: &str, n: usize| {
        from(&nobody, address, &[], &format!("nobody.{n}@example.com"), "wrong").await.status
    };
    for n in 0..20 {
        assert_eq!(guess(&format!("[2001:db8:1:2::{n:x}]"), n).await, 401, "{n}");
    }
    assert_eq!(guess("[2001:db8:1:2:aaaa::1]", 20).await, 429, "another address of the same line");
    assert_eq!(guess("[2001:db8:1:3::1]", 21).await, 401, "another line");
    for n in 0..20 {
        let address = if n % 2 == 0 { "192.0.2.1" } else { "[::ffff:192.0.2.1]" };
        assert_eq!(guess(address, n + 100).await, 401, "{n}");
    }
    assert_eq!(guess("[::ffff:192.0.2.1]", 200).await, 429, "one client, whatever it is written like");
    assert_eq!(guess("192.0.2.1", 201).await, 429);
});

both!(attack_43_guesses_by_others_do_not_lock_out_a_known_address, async |app| {
    let anna = app.person("Anna").await;
    from(&app.nobody(), "198.51.100.7", &[], &anna.email, PASSWORD).await.expect(200);
    for n in 0..20 {
        from(&app.nobody(), &format!("203.0.113.{n}"), &[], &anna.email, "wrong").await.expect(401);
    }
    from(&app.nobody(), "203.0.113.99", &[], &anna.email, PASSWORD).await.expect(429);
    from(&app.nobody(), "198.51.100.7", &[], &anna.email, PASSWORD).await.expect(200);
    // Guessing is limited there too, per client.
    for _ in 0..20 {
        from(&app.nobody(), "198.51.100.7", &[], &anna.email, "wrong").await.expect(401);
    }
    from(&app.nobody(), "198.51.100.7", &[], &anna.email, PASSWORD).await.expect(429);
});

both!(attack_43_sign_ups_of_one_client_are_limited_and_keep_nobody_from_signing_in, async |app| {
    let anna = app.person("Anna").await;
    let sign_ups = (0..80).map(|n| {
        let app = app.clone();
        async move { sign_up_from(&app, "192.0.2.1", n).await }
    });
    let (sign_ups, sign_ins) = tokio::join!(at_once(sign_ups.collect()), async {
        let mut statuses = Vec::new();
        for n in 0..30 {
            statuses.push(from(&app.nobody(), &format!("198.51.100.{n}"), &[], &anna.email, PASSWORD).await.status);
        }
        statuses
    });
    assert!(sign_ins.iter().all(|status| *status == 200), "{sign_ins:?}");
    assert_eq!(sign_ups.iter().filter(|status| **status == 201).count(), 20, "{sign_ups:?}");
    assert_eq!(sign_ups.iter().filter(|status| **status == 429).count(), 60, "{sign_ups:?}");
    assert_eq!(sign_up_from(app, "192.0.2.2", 100).await, 201, "others sign up");
    app.tick(20_001);
    assert_eq!(sign_up_from(app, "192.0.2.1", 101).await, 201, "and so does this one, later");
    assert_eq!(sign_up_from(app, "192.0.2.1", 102).await, 429);
});

both!(attack_43_many_invited_people_sign_up_from_one_address_at_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for n in 0..25 {
        let email = format!("invited.{n}@example.com");
        anna.invite(&org, &email, "reader").await;
        let token = app.invitation_token(&email).await;
        let body = json!({ "first_name": "A", "last_name": "B", "email": email, "password": PASSWORD, "invitation_token": token });
        let request =
            Request::builder().method(Method::POST).uri("/api/v1/signup").header("content-type", "application/json");
        let mut request = request.body(Body::from(body.to_string())).expect("a request");
        let socket: std::net::SocketAddr = "192.0.2.1:1234".parse().expect("an address");
        request.extensions_mut().insert(ConnectInfo(socket));
        app.nobody().send(request).await.expect(201);
    }
});

both!(auth_3_a_clock_that_is_set_back_locks_nobody_out, async |app| {
    let anna = app.person("Anna").await;
    from(&app.nobody(), "192.0.2.1", &[], "nobody@example.com", "wrong").await.expect(401);
    app.tick(-3_600_000);
    from(&app.nobody(), "192.0.2.1", &[], &anna.email, PASSWORD).await.expect(200);
    assert_eq!(sign_up_from(app, "192.0.2.1", 1).await, 201);
});

both!(attack_31_an_unreadable_cookie_of_another_program_signs_nobody_out, async |app| {
    let anna = app.person("Anna").await;
    let own = anna.cookie().expect("a cookie");
    for order in [true, false] {
        let mut value = b"theirs=caf\xe9".to_vec();
        value = if order {
            [value, b"; ".to_vec(), own.clone().into_bytes()].concat()
        } else {
            [own.clone().into_bytes(), b"; ".to_vec(), value].concat()
        };
        let value = axum::http::HeaderValue::from_bytes(&value).expect("a value");
        let request = Request::builder().uri("/api/v1/me").header("cookie", value).body(Body::empty());
        anna.send(request.expect("a request")).await.expect(200);
    }
});

both!(api_1_a_body_is_an_object, async |app| {
    let anna = app.person("Anna").await;
    let array = json!([anna.email, crate::support::PASSWORD]);
    let answer = app.nobody().post("/api/v1/session", &array).await.expect(400);
    assert!(answer.body.contains("an object") || answer.body.contains("a JSON object"), "{}", answer.body);
    anna.patch("/api/v1/me", &json!(["Jon"])).await.expect(400);
});

both!(attack_32_an_invalid_bearer_token_does_not_replace_the_csrf_header, async |app| {
    let anna = app.person("Anna").await;
    for said in ["Basic eDp5", "Bearer", "Bearer ", "junk", ""] {
        let request = axum::http::Request::builder()
            .method(axum::http::Method::PATCH)
            .uri("/api/v1/me")
            .header("content-type", "application/json")
            .header("authorization", said)
            .body(axum::body::Body::from(json!({ "first_name": "Eve" }).to_string()));
        anna.send(request.expect("a request")).await.expect(403);
    }
    assert_eq!(anna.get("/api/v1/me").await.json()["first_name"], "Anna");
});
