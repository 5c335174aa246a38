//! Error responses of the API: problem details with a stable code, never a 500 (attacks 14, 45).

use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::json;

use crate::{both, support::Person};

both!(api_1_every_problem_is_problem_json_with_a_request_id, async |app| {
    let anna = app.person("Anna").await;
    for (answer, status, code) in [
        (app.nobody().get("/api/v1/me").await, 401, "unauthenticated"),
        (anna.get("/api/v1/nowhere").await, 404, "not_found"),
        (anna.get("/api/v1/orgs/nobody").await, 404, "not_found"),
        (anna.post("/api/v1/orgs", &json!({})).await, 422, "invalid"),
        (anna.post("/api/v1/orgs", &json!({ "nonsense": 1 })).await, 400, "invalid"),
        (anna.get("/api/v1/orgs/nobody/audit?nonsense=1").await, 400, "invalid"),
        (anna.get("/api/v1/orgs/nobody/audit?limit=many").await, 400, "invalid"),
    ] {
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {problem}");
        }
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], answer.header("x-request-id"));
    }
});

both!(api_1_what_is_wrong_with_each_field_is_told_at_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let sign_up = json!({ "first_name": "", "last_name": "x".repeat(256), "email": "anna", "password": "short" });
    let answer = app.nobody().post("/api/v1/signup", &sign_up).await.expect(422);
    assert_eq!(answer.fields(), ["first_name", "last_name", "email", "password"]);
    let weak =
        json!({ "first_name": "Anna", "last_name": "Muster", "email": "weak@example.com", "password": "password1234" });
    assert_eq!(app.nobody().post("/api/v1/signup", &weak).await.expect(422).fields(), ["password"]);
    let taken = json!({ "first_name": "Anna", "last_name": "Muster", "email": anna.email.to_uppercase(), "password": crate::support::PASSWORD });
    assert_eq!(app.nobody().post("/api/v1/signup", &taken).await.expect(422).fields(), ["email"]);
    assert_eq!(anna.post("/api/v1/orgs", &json!({})).await.expect(422).fields(), ["name", "kind", "country"]);
    assert_eq!(anna.post("/api/v1/resources", &json!({})).await.expect(422).fields(), ["parent", "kind", "name"]);
    let folder = json!({ "parent": org.root, "kind": "folder", "name": "A", "dataset": { "images": 1, "captured_on": "2026-11-21" } });
    assert_eq!(anna.post("/api/v1/resources", &folder).await.expect(422).fields(), ["images", "captured_on"]);
    for number in [-1, i64::MIN, i64::MAX] {
        let dataset = json!({ "parent": org.root, "kind": "dataset", "name": "A", "dataset": { "images": number, "bytes": number } });
        assert_eq!(anna.post("/api/v1/resources", &dataset).await.expect(422).fields(), ["images", "bytes"]);
    }
    assert_eq!(anna.change_role(&org, anna.id, "king").await.expect(422).fields(), ["role"]);
    assert_eq!(anna.remove(&org, &[]).await.expect(422).fields(), ["people"]);
});

both!(attack_14_no_body_sets_what_it_is_not_asked_for, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Folder").await;
    let calls = [
        (Method::POST, "/api/v1/orgs".to_owned(), json!({ "name": "New", "kind": "individual", "country": "CH" })),
        (Method::POST, "/api/v1/resources".to_owned(), json!({ "parent": org.root, "kind": "folder", "name": "New" })),
        (Method::PATCH, format!("/api/v1/resources/{folder}"), json!({ "name": "Renamed" })),
        (Method::PATCH, format!("/api/v1/orgs/{}/people/{}", org.org_id, anna.id), json!({ "role": "owner" })),
        (Method::POST, format!("/api/v1/orgs/{}/people/remove", org.org_id), json!({ "people": [] })),
        (Method::POST, "/api/v1/transfers".to_owned(), json!({ "items": [folder], "destination": org.root })),
        (Method::POST, "/api/v1/transfers/plan".to_owned(), json!({ "items": [folder], "destination": org.root })),
        (
            Method::POST,
            "/api/v1/signup".to_owned(),
            json!({ "first_name": "Eve", "last_name": "Muster", "email": "eve@example.com", "password": crate::support::PASSWORD }),
        ),
        (
            Method::POST,
            "/api/v1/session".to_owned(),
            json!({ "email": anna.email, "password": crate::support::PASSWORD }),
        ),
    ];
    let count = async || {
        let mut all = Vec::new();
        all.push(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM organization").await);
        all.push(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource").await);
        all.push(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM person").await);
        all.push(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM audit").await);
        all
    };
    let before = count().await;
    for (method, path, body) in calls {
        for extra in [
            "org_id",
            "organization_id",
            "owner_id",
            "id",
            "created_at",
            "email_verified",
            "allowance",
            "status",
            "plan",
        ] {
            let mut body = body.clone();
            body[extra] = json!("1");
            let answer = anna.call(method.clone(), &path, Some(&body), &[]).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "invalid"), "{method} {path} with {extra}");
        }
    }
    assert_eq!(count().await, before);
    let nested = json!({ "parent": org.root, "kind": "dataset", "name": "A", "dataset": { "status": "processed" } });
    anna.post("/api/v1/resources", &nested).await.expect(400);
});

both!(api_1_limits_are_1_to_200_and_a_cursor_of_another_list_is_refused, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (a, b) = (anna.folder(org.root, "A").await, anna.folder(org.root, "B").await);
    for parent in [a, b] {
        for name in ["1", "2", "3"] {
            anna.folder(parent, name).await;
        }
    }
    for (limit, status) in [
        ("0", 422),
        ("-1", 422),
        ("201", 422),
        ("9223372036854775807", 422),
        ("1", 200),
        ("200", 200),
        ("1.5", 400),
        ("99999999999999999999", 400),
    ] {
        assert_eq!(anna.children(a, &format!("?limit={limit}")).await.status, status, "{limit}");
        assert_eq!(
            anna.get(&format!("/api/v1/orgs/{}/audit?limit={limit}", org.org_id)).await.status,
            status,
            "{limit}"
        );
    }
    let cursor =
        anna.children(a, "?limit=1").await.expect(200).json()["next_cursor"].as_str().expect("more").to_owned();
    assert!(!cursor.contains(&a.to_string()), "opaque");
    anna.children(a, &format!("?cursor={cursor}")).await.expect(200);
    for wrong in [
        anna.children(b, &format!("?cursor={cursor}")).await,
        anna.children(a, &format!("?sort=size&cursor={cursor}")).await,
        anna.children(a, "?cursor=nonsense").await,
        anna.children(a, "?cursor=%00").await,
        anna.children(a, &format!("?cursor={}", "A".repeat(5_000))).await,
        anna.get(&format!("/api/v1/orgs/{}/audit?cursor={cursor}", org.org_id)).await,
    ] {
        assert_eq!((wrong.status, wrong.fields()), (422, vec!["cursor".to_owned()]), "{}", wrong.body);
    }
    for (query, field) in
        [("?sort=access", "sort"), ("?sort=name%3BDROP", "sort"), ("?sort=--name", "sort"), ("?kind=elephant", "kind")]
    {
        assert_eq!(anna.children(a, query).await.expect(422).fields(), [field]);
    }
});

both!(attack_45_wildcards_null_characters_and_quotes_are_only_text, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "100% _sure_ 'quoted' \"twice\" \\ ; --").await;
    for name in ["a", "b"] {
        anna.folder(org.root, name).await;
    }
    for query in ["%25", "_", "'", "%27%20OR%201=1%20--", "*", "%5C"] {
        assert_eq!(anna.children(org.root, &format!("?query={query}")).await.expect(200).names().len(), 0, "{query}");
    }
    assert_eq!(anna.children(org.root, "?query=100%25").await.expect(200).names().len(), 1);
    assert!(anna.show(folder).await.expect(200).body.contains("--"));
    // PostgreSQL cannot store a null character; that must not be a 500.
    let null_cursor = {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let page = anna.children(org.root, "?limit=1").await.expect(200).json();
        let json = URL_SAFE_NO_PAD.decode(page["next_cursor"].as_str().expect("more")).expect("a cursor");
        let json = String::from_utf8(json).expect("text");
        let changed = json.replace("\"name_key\":\"", "\"name_key\":\"\\u0000");
        assert_ne!(changed, json);
        URL_SAFE_NO_PAD.encode(changed)
    };
    for path in [
        "/api/v1/orgs/%00".to_owned(),
        "/api/v1/orgs/%00/audit".to_owned(),
        format!("/api/v1/orgs/{}/audit?action=%00", org.org_id),
        format!("/api/v1/resources/{}/children?query=%00", org.root),
        format!("/api/v1/resources/{}/children?cursor={null_cursor}", org.root),
        "/api/v1/resources/%00".to_owned(),
        "/api/v1/resources/%FF".to_owned(),
        "/api/v1/orgs/%FF".to_owned(),
        format!("/api/v1/resources/{}/children?query=%FF", org.root),
        "/api/v1/transfers/%00".to_owned(),
        "/api/v1/licences/%00/ledger".to_owned(),
    ] {
        let answer = anna.get(&path).await;
        assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.body);
    }
    for page in ["/o/%00/drive", "/o/%FF", "/o/alpine-survey/drive/%00", "/o/alpine-survey/drive?cursor=%00", "/%00"] {
        let answer = anna.page(page).await;
        assert!(answer.status < 500, "{page}: {}", answer.status);
    }
    for body in [
        json!({ "name": "\0", "kind": "individual", "country": "CH" }),
        json!({ "name": "New", "kind": "\0", "country": "\0" }),
        json!({ "name": "New", "kind": "business", "country": "CH", "legal_name": "\0", "vat_number": "\0", "city": "\0" }),
    ] {
        anna.post("/api/v1/orgs", &body).await.expect(422);
    }
    let body = json!({ "email": "\0@example.com", "password": "\0" });
    let answer = app.nobody().post("/api/v1/session", &body).await;
    assert!(matches!(answer.status, 401 | 422), "{}", answer.body);
    let body = json!({ "email": anna.email, "password": "\0" });
    app.nobody().post("/api/v1/session", &body).await.expect(401);
});

async fn raw(person: &Person, path: &str, kind: &str, body: impl Into<Body>) -> u16 {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", kind)
        .header("x-requested-with", "commonhold")
        .body(body.into())
        .expect("a request");
    person.send(request).await.status
}

both!(attack_45_invalid_deep_or_huge_bodies_are_refused, async |app| {
    let anna = app.person("Anna").await;
    let path = "/api/v1/resources";
    assert_eq!(raw(&anna, path, "application/json", "{").await, 400);
    assert_eq!(raw(&anna, path, "application/json", "[".repeat(100_000)).await, 400);
    assert_eq!(raw(&anna, path, "application/json", vec![b'"', 0xff, 0xfe, b'"']).await, 400);
    assert_eq!(raw(&anna, path, "application/json", "").await, 400);
    assert_eq!(raw(&anna, path, "application/json", "null").await, 400);
    assert_eq!(raw(&anna, path, "application/json", r#"{"name": "\ud800"}"#).await, 400);
    assert_eq!(raw(&anna, path, "text/plain", "{}").await, 400);
    assert_eq!(raw(&anna, path, "application/x-www-form-urlencoded", "name=x").await, 400);
    let huge = json!({ "name": "x".repeat(1_100_000) }).to_string();
    assert_eq!(raw(&anna, path, "application/json", huge).await, 413);
    let long = json!({ "name": "x".repeat(1_000_000), "kind": "individual", "country": "CH" });
    assert_eq!(anna.post("/api/v1/orgs", &long).await.expect(422).fields(), ["name"]);
});

both!(attack_32_a_call_with_the_cookie_needs_the_csrf_header, async |app| {
    let anna = app.person("Anna").await;
    let body = json!({ "name": "New", "kind": "individual", "country": "CH" });
    let send = async |headers: &[(&str, &str)]| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/orgs")
            .header("content-type", "application/json")
            .header("host", "localhost:3000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        anna.send(request.body(Body::from(body.to_string())).expect("a request")).await.status
    };
    for (headers, status) in [
        ([("x-nothing", "")].as_slice(), 403),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site"), ("origin", "http://other.localhost:3000")], 403),
        (&[("origin", "https://evil.example"), ("x-requested-with", "commonhold")], 403),
        (&[("sec-fetch-site", "cross-site"), ("x-requested-with", "commonhold")], 403),
        (&[("x-requested-with", "somebody")], 403),
        (&[("x-requested-with", "commonhold")], 201),
        (&[("sec-fetch-site", "same-origin")], 201),
        (&[("origin", "http://localhost:3000")], 201),
    ] {
        assert_eq!(send(headers).await, status, "{headers:?}");
    }
});

both!(attack_34_no_other_site_is_let_in_by_cors, async |app| {
    let anna = app.person("Anna").await;
    let answer = anna.call(Method::GET, "/api/v1/me", None, &[("origin", "https://evil.example")]).await;
    assert!(answer.headers.get("access-control-allow-origin").is_none());
    let preflight = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    let answer = anna.call(Method::OPTIONS, "/api/v1/orgs", None, &preflight).await;
    assert!(answer.headers.get("access-control-allow-origin").is_none());
    assert_eq!(anna.get("/api/v1/me").await.header("cache-control"), "no-store");
});
