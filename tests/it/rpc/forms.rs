//! Forms without JavaScript: a post is answered with a redirect, its message is shown on the next page, and only our own pages
//! may send one (attacks 24, 30, 32, 33).

use axum::{
    body::Body,
    http::{Method, Request},
};
use commonhold::rpc::{
    PostcardEncoding,
    drive::CreateResource,
    organization::CreateOrganization,
    session::{SignIn, SignOut, SignUp},
    transfer::{ConfirmTransfer, MoveHere},
};
use leptos::server_fn::{ContentType, ServerFn, axum::server_fn_paths};

use crate::{
    both,
    support::{PASSWORD, Person, TestApp},
};

both!(auth_1_auth_3_signing_up_out_and_in_by_forms_alone, async |app| {
    let anna = app.nobody();
    let sign_up = [
        ("first_name", "Anna"),
        ("last_name", "Muster"),
        ("email", "anna@example.com"),
        ("password", PASSWORD),
        ("next", "/organizations/new"),
    ];
    let answer = anna.form(SignUp::url(), "/signup?next=/organizations/new", &sign_up).await;
    assert!(matches!(answer.status, 302 | 303), "{} {}", answer.status, answer.body);
    assert_eq!(answer.location(), "/organizations/new");
    assert!(anna.page("/").await.expect(200).body.contains("Anna Muster"));
    let answer = anna.form(SignOut::url(), "/", &[]).await;
    assert!(matches!(answer.status, 302 | 303));
    assert!(!anna.page("/").await.expect(200).body.contains("Anna Muster"));
    let answer = anna.form(SignIn::url(), "/signin", &[("email", "anna@example.com"), ("password", PASSWORD)]).await;
    assert_eq!((matches!(answer.status, 302 | 303), answer.location()), (true, "/"));
    let form = [("kind", "individual"), ("name", "Alpine Survey"), ("country", "CH")];
    let answer = anna.form(CreateOrganization::url(), "/organizations/new", &form).await;
    assert_eq!(answer.location(), "/o/alpine-survey");
    let page = anna.page("/o/alpine-survey").await.expect(200);
    assert!(page.body.contains("Created Alpine Survey"), "said on the next page");
    assert!(!anna.page("/o/alpine-survey").await.body.contains("Created Alpine Survey"), "and only once");
});

both!(auth_1_a_refused_form_comes_back_filled_in_but_never_with_the_password, async |app| {
    let nobody = app.nobody();
    let secret = "my secret that is short of nothing";
    let form = [("first_name", "Ann <a>"), ("last_name", ""), ("email", "anna"), ("password", secret)];
    let answer = nobody.form(SignUp::url(), "/signup?next=%2Fo%2Fx", &form).await;
    assert!(matches!(answer.status, 302 | 303), "{} {}", answer.status, answer.body);
    assert_eq!(answer.location(), "/signup?next=%2Fo%2Fx");
    assert!(!answer.body.contains(secret) && !answer.location().contains("anna"));
    let page = nobody.page("/signup?next=%2Fo%2Fx").await.expect(200);
    assert!(page.body.contains("Ann &lt;a&gt;") || page.body.contains("Ann &lt;a>"), "kept and escaped");
    assert!(page.body.contains("Enter an email address"), "told at the field");
    assert!(!page.body.contains(secret), "never the password");
    assert!(!nobody.page("/signup").await.body.contains("Enter an email address"), "once");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM session WHERE data LIKE '%my secret%'").await, 0);
    // Wrong credentials the same way.
    let answer = nobody.form(SignIn::url(), "/signin", &[("email", "anna@example.com"), ("password", secret)]).await;
    assert!(matches!(answer.status, 302 | 303));
    let page = nobody.page("/signin").await.expect(200);
    assert!(page.body.contains("Wrong email or password") && !page.body.contains(secret));
});

both!(xfer_14_move_and_transfer_by_forms_alone, async |app| {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.credits_licence(&source, 10).await;
    app.credits_licence(&target, 10).await;
    let (a, b) = (anna.folder(source.root, "A").await, anna.folder(source.root, "B").await);
    let (item, place) = (a.to_string(), b.to_string());
    let back = format!("/o/{}/drive", source.org_id);
    let form = [("items", item.as_str()), ("destination", place.as_str()), ("back", back.as_str())];
    let answer = anna.form(MoveHere::url(), &back, &form).await;
    assert_eq!(answer.location(), format!("/o/alpine-survey/drive/{b}"));
    assert!(anna.page(answer.location()).await.expect(200).body.contains("Moved “A” to “B”"));
    // Between organizations it leads to the confirmation, and from there to the receipt.
    let root = target.root.to_string();
    let form = [("items", item.as_str()), ("destination", root.as_str()), ("back", back.as_str())];
    let answer = anna.form(MoveHere::url(), &back, &form).await;
    assert!(answer.location().contains("dialog=transfer"), "{}", answer.location());
    assert_eq!(app.stored(a).await.parent, Some(b), "nothing moved yet");
    let page = anna.page(answer.location()).await.expect(200);
    let digest = page
        .body
        .split("name=\"digest\"")
        .nth(1)
        .and_then(|rest| rest.split("value=\"").nth(1))
        .and_then(|rest| rest.split('"').next())
        .expect("a digest");
    let form = [("items", item.as_str()), ("destination", root.as_str()), ("digest", digest)];
    let answer = anna.form(ConfirmTransfer::url(), answer.location(), &form).await;
    assert!(answer.location().starts_with("/o/tunnel-north/transfers/"), "{} {}", answer.location(), answer.body);
    assert!(anna.page(answer.location()).await.expect(200).body.contains("Receipt"));
    assert_eq!(app.stored(a).await.organization, target.id);
    // Without a digest nothing is confirmed.
    let form = [("items", place.as_str()), ("destination", root.as_str()), ("digest", "")];
    anna.form(ConfirmTransfer::url(), &back, &form).await;
    assert_eq!(app.stored(b).await.organization, source.id);
    app.healthy().await;
});

both!(attack_24_redirects_stay_on_this_site, async |app| {
    let anna = app.person("Anna").await;
    for evil in [
        "//evil.example",
        "https://evil.example",
        "https:evil",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "javascript:alert(1)",
        "\\\\evil",
        "@evil.example",
        "/\tevil",
        "",
        "evil",
    ] {
        let form = [("email", anna.email.as_str()), ("password", PASSWORD), ("next", evil)];
        assert_eq!(app.nobody().form(SignIn::url(), "/signin", &form).await.location(), "/", "{evil}");
        let org = anna.create_org("Table").await;
        let parent = org.root.to_string();
        let form = [("parent", parent.as_str()), ("kind", "folder"), ("name", "A"), ("back", evil)];
        let answer = anna.form(CreateResource::url(), "/", &form).await;
        assert_eq!(answer.location(), format!("/o/{}/drive", org.org_id), "{evil}");
    }
    // The referrer leads back too, if it is one of ours.
    for (referer, back) in [
        ("http://localhost:3000/signin?next=%2Fo%2Fx", "/signin?next=%2Fo%2Fx"),
        ("https://localhost:3000/..//evil.example", "/"),
        ("http://localhost:3000//evil.example/x", "/"),
        ("https://evil.example/signin", "/"),
        ("https://evil.example//evil.example/x", "/"),
        ("https://evil.example/\\evil.example", "/"),
        ("nonsense", "/"),
        ("https://evil.example", "/"),
    ] {
        let request = Request::builder()
            .method(Method::POST)
            .uri(SignIn::url())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .header("host", "localhost:3000")
            .header("sec-fetch-site", "same-origin")
            .header("referer", referer)
            .body(Body::from("email=nobody%40example.com&password=wrong"))
            .expect("a request");
        assert_eq!(app.nobody().send(request).await.location(), back, "{referer}");
    }
    // Leptos itself redirects a form that it cannot read to its referrer: only to our own pages.
    for (path, _) in server_fn_paths() {
        for (referer, back) in
            [("http://evil.example/x", "/"), ("http://localhost:3000/signin", "http://localhost:3000/signin")]
        {
            let request = Request::builder()
                .method(Method::POST)
                .uri(path)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "text/html")
                .header("host", "localhost:3000")
                .header("sec-fetch-site", "same-origin")
                .header("referer", referer)
                .body(Body::from("email=a&email=b&org=a&org=b&token=a&token=b&id=a&id=b&items=a&items=b"))
                .expect("a request");
            let answer = app.nobody().send(request).await;
            let to = answer.location();
            let own = to.is_empty() || to.starts_with(back) || (to.starts_with('/') && !to.starts_with("//"));
            assert!(own, "{path} from {referer} leads to {to}");
        }
    }
});

async fn post(person: &Person, path: &str, kind: &str, body: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request =
        Request::builder().method(Method::POST).uri(path).header("content-type", kind).header("host", "localhost:3000");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    person.send(request.body(Body::from(body.to_owned())).expect("a request")).await.status
}

both!(attack_32_a_post_from_another_site_changes_nothing, async |app| {
    let anna = app.person("Anna").await;
    let before = app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM audit").await;
    let paths: Vec<&'static str> = server_fn_paths().map(|(path, _)| path).collect();
    assert!(paths.len() >= 13, "{paths:?}");
    for path in paths {
        for headers in [
            [("accept", "text/html")].as_slice(),
            &[("origin", "https://evil.example"), ("accept", "text/html")],
            &[("origin", "null")],
            &[("origin", "http://localhost:3001")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example"), ("referer", "http://localhost:3000/")],
            &[("origin", "https://evil.example"), ("host", "evil.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("x-requested-with", "commonhold")],
        ] {
            for kind in [
                "application/x-www-form-urlencoded",
                "text/plain",
                "multipart/form-data; boundary=x",
                "application/json",
            ] {
                let status = post(&anna, path, kind, "name=A&kind=individual&country=CH", headers).await;
                assert_eq!(status, 403, "{path} {kind} {headers:?}");
            }
        }
    }
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM audit").await, before);
    anna.get("/api/v1/me").await.expect(200);
});

both!(attack_33_every_server_function_is_a_post_and_most_need_somebody, async |app| {
    let anna = app.person("Anna").await;
    let open = [
        "page_start",
        "sign_in",
        "sign_up",
        "sign_out",
        "check_link",
        "verify_email",
        "forgot_password",
        "reset_password",
        "invitation_page",
        "ask_for_invitation",
        // A visitor of a link: 404 for every wrong one, and no second dataset.
        "link_viewer",
        "viewer_compared",
    ];
    for (path, method) in server_fn_paths() {
        assert_eq!(method, Method::POST, "{path}");
        assert!(path.starts_with("/fn/"), "{path}");
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer =
                anna.call(method.clone(), &format!("{path}?name=A"), None, &[("sec-fetch-site", "same-origin")]).await;
            assert!(matches!(answer.status, 403..=405), "{method} {path}: {}", answer.status);
        }
        let name = path.rsplit('/').next().expect("a name");
        if open.contains(&name) {
            continue;
        }
        // With every field that any of them has, so that none is refused for its shape.
        let fields = "org=x&resource=&sort=&cursor=&items=x&destination=x&container=&id=x&name=x&kind=individual&country=CH&parent=x&digest=x&back=&q=&status=&inside=&direction=";
        let headers = [("sec-fetch-site", "same-origin"), ("origin", "http://localhost:3000")];
        let kind = "application/x-www-form-urlencoded";
        assert_eq!(post(&app.nobody(), path, kind, fields, &headers).await, 401, "{path}");
        let plain =
            [("sec-fetch-site", "same-origin"), ("accept", "text/html"), ("referer", "http://localhost:3000/o/x")];
        let status = post(&app.nobody(), path, kind, fields, &plain).await;
        assert!(matches!(status, 302..=303 | 401), "{path}: {status}");
    }
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM organization").await, 1);
});

both!(attack_30_auth_3_a_session_planted_before_signing_in_is_worth_nothing, async |app| {
    let anna = app.person("Anna").await;
    let victim = app.nobody();
    // An attacker plants a session of their own making, and one that was somebody's.
    let gone = anna.elsewhere().await;
    let planted = gone.cookie().expect("a session");
    gone.delete("/api/v1/session").await.expect(204);
    victim.set_cookie(Some(&planted));
    victim.form(SignIn::url(), "/signin", &[("email", anna.email.as_str()), ("password", PASSWORD)]).await;
    let own = victim.cookie().expect("a session");
    assert_ne!(own, planted);
    victim.get("/api/v1/me").await.expect(200);
    let attacker = app.nobody();
    attacker.set_cookie(Some(&planted));
    attacker.get("/api/v1/me").await.expect(401);
    assert!(!attacker.page("/").await.body.contains("Anna Muster"));
    // The other way round: signed in as somebody else before, nothing of theirs is left.
    let john = app.person("John").await;
    victim.form(SignIn::url(), "/signin", &[("email", john.email.as_str()), ("password", PASSWORD)]).await;
    assert_eq!(victim.get("/api/v1/me").await.json()["first_name"], "John");
    attacker.set_cookie(Some(&own));
    attacker.get("/api/v1/me").await.expect(401);
});

both!(attack_24_error_parameters_in_the_address_are_inert, async |app| {
    let anna = app.person("Anna").await;
    anna.create_org("Table").await;
    for path in ["/?", "/signin?", "/o/table/drive?", "/organizations/new?"] {
        let page = anna.page(&format!("{path}__path=%2Ffn%2Fx&__err=PGltZyBzcmM9eD4&message=%3Cimg%20src=x%3E&error=%3Cscript%3Ealert(1)%3C/script%3E")).await;
        assert!(page.status < 500, "{path}");
        assert!(!page.body.contains("<img src=x>") && !page.body.contains("<script>alert(1)"), "{path}");
    }
});

#[tokio::test(flavor = "multi_thread")]
async fn attack_45_malformed_forms_are_4xx() {
    let app = TestApp::sqlite().await;
    let anna = app.person("Anna").await;
    for (path, _) in server_fn_paths() {
        for body in [
            "",
            "=&=&=",
            "name=%FF%FE",
            "name=%00&org=%00&parent=%00&id=%00&items=%00",
            "[]",
            "a[b][c]=1",
            &"x".repeat(300_000),
            &"a=1&".repeat(20_000),
        ] {
            for accept in ["text/html", PostcardEncoding::CONTENT_TYPE] {
                let headers =
                    [("sec-fetch-site", "same-origin"), ("accept", accept), ("referer", "http://localhost:3000/")];
                let status = post(&anna, path, "application/x-www-form-urlencoded", body, &headers).await;
                assert_ne!(status, 500, "{path} with {:?}", body.chars().take(20).collect::<String>());
            }
            if path.ends_with("sign_out") {
                break;
            }
        }
    }
    app.healthy().await;
    app.finish().await;
}
