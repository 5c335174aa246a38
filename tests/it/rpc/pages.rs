//! Pages: who may see which, their headers, and that text never becomes markup (attacks 35, 36).

use commonhold::domain::role::Role;
use serde_json::json;

use crate::{both, support::TestApp};

both!(org_6_pages_are_for_who_may_see_them, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let dataset = anna.dataset(folder, "Flight", 3).await;
    let nobody = app.nobody();
    for path in ["/", "/signin", "/signup"] {
        nobody.page(path).await.expect(200);
    }
    for path in [
        "/organizations/new".to_owned(),
        "/o/alpine-survey".to_owned(),
        "/o/alpine-survey/drive".to_owned(),
        format!("/o/alpine-survey/drive/{folder}"),
        format!("/o/alpine-survey/drive/{dataset}"),
        "/o/alpine-survey/drive?sort=-size".to_owned(),
        "/o/alpine-survey/roles".to_owned(),
        format!("/o/{}/drive", org.id),
    ] {
        let away = nobody.page(&path).await;
        assert_eq!(away.status, 303, "{path}");
        let next: String = url_encoded(&path);
        assert_eq!(away.location(), format!("/signin?next={next}"));
        let page = anna.page(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains("<h1"), "{path}: whole without WebAssembly");
        if path.starts_with("/o/") {
            let foreign = john.page(&path).await;
            assert_eq!(foreign.status, 404, "{path}");
            for secret in ["Alpine Survey", "Gotthard", "Flight"] {
                assert!(!foreign.body.contains(secret), "{path} tells of {secret}");
            }
        }
    }
    anna.page("/o/alpine-survey/drive/nonsense").await.expect(404);
    anna.page(&format!("/o/alpine-survey/drive/{}", uuid::Uuid::from_u128(9))).await.expect(404);
    anna.page("/o/nobody").await.expect(404);
    anna.page("/nowhere").await.expect(404);
});

fn url_encoded(path: &str) -> String {
    serde_urlencoded::to_string([("", path)]).expect("text").trim_start_matches('=').to_owned()
}

both!(attack_35_pages_say_what_a_browser_may_do_with_them, async |app| {
    let anna = app.person("Anna").await;
    anna.create_org("Alpine Survey").await;
    let mut nonces = Vec::new();
    for path in ["/", "/o/alpine-survey", "/o/alpine-survey/drive", "/signin", "/nowhere"] {
        let page = anna.page(path).await;
        let policy = page.header("content-security-policy").to_owned();
        for part in [
            "default-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        let nonce =
            policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
        assert!(nonce.len() >= 16, "{nonce}");
        for script in page.body.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap_or_default();
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{path}: <script{tag}>");
        }
        for handler in [" onclick=", " onload=", " onerror=", " style=\"", "javascript:"] {
            assert!(!page.body.contains(handler), "{path} has {handler}");
        }
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(page.header("cache-control"), "no-store", "attack 37: nothing of it after signing out");
        nonces.push(nonce);
    }
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 5, "a new one each time");
    for (path, wanted) in [("/api/v1/me", "default-src 'none'"), ("/healthz", "")] {
        let answer = anna.get(path).await.expect(200);
        assert!(answer.header("content-security-policy").contains(wanted), "{path}");
    }
});

both!(attack_36_names_never_become_markup, async |app| {
    let names = [
        "</script><script>alert(1)</script>",
        "</title><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\"><svg onload=alert(1)>",
        "<!--<script>",
        "'-alert(1)-'",
        "{{7*7}}${7*7}",
        "]]>&lt;b&gt;",
    ];
    let body = json!({ "first_name": names[0], "last_name": names[2], "email": "xss@example.com", "password": crate::support::PASSWORD });
    let eve = app.nobody();
    eve.post("/api/v1/signup", &body).await.expect(201);
    let org = eve.create_org(names[2]).await;
    let titled = eve.create_org(names[1]).await;
    let colleague = app.person("Anna").await;
    app.join(&org, &colleague, Role::Owner).await;
    let mut parent = org.root;
    for name in names {
        parent = eve.folder(parent, name).await;
        eve.dataset(parent, name, 1).await;
    }
    let base = format!("/o/{}", org.org_id);
    for path in [
        "/".to_owned(),
        base.clone(),
        format!("/o/{}", titled.org_id),
        format!("/o/{}/drive", titled.org_id),
        format!("{base}/drive"),
        format!("{base}/drive/{parent}"),
        format!("{base}/drive?dialog=rename&item={parent}"),
        format!("{base}/drive?dialog=move&item={parent}"),
        format!("{base}/drive?dialog=transfer&item={parent}&destination={}", org.root),
        format!("{base}/drive?sort=%3C/script%3E%3Cscript%3Ealert(1)%3C/script%3E"),
        "/signin?next=%3C/script%3E%3Cscript%3Ealert(1)%3C/script%3E".to_owned(),
        "/signup?next=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E".to_owned(),
    ] {
        for person in [&eve, &colleague] {
            let page = person.page(&path).await;
            assert!(page.status < 500, "{path}: {}", page.status);
            for live in ["<script>alert(1)", "<img src=x", "<svg onload", "<!--<script>"] {
                assert!(!page.body.contains(live), "{path}: {live} is live");
            }
        }
    }
    // In refused forms, kept values and messages as well.
    let id = parent.to_string();
    let form = [("id", id.as_str()), ("name", "")];
    eve.form(
        <commonhold::rpc::drive::RenameResource as leptos::server_fn::ServerFn>::url(),
        &format!("{base}/drive"),
        &form,
    )
    .await;
    let root = org.root.to_string();
    let form = [("parent", root.as_str()), ("kind", "folder"), ("name", names[0]), ("back", "")];
    eve.form(
        <commonhold::rpc::drive::CreateResource as leptos::server_fn::ServerFn>::url(),
        &format!("{base}/drive?dialog=new-folder"),
        &form,
    )
    .await;
    let page = eve.page(&format!("{base}/drive?dialog=new-folder")).await.expect(200);
    assert!(!page.body.contains("<script>alert(1)"), "a refused name comes back as text");
    // What no name may hold: line separators and marks that turn the reading direction.
    for hidden in ["a\u{2028}b", "a\u{2029}b", "a\u{202e}b", "a\nb", "a\u{0}b"] {
        eve.create(org.root, "folder", hidden).await.expect(422);
    }
    // As JSON it is data with the right content type.
    let answer = eve.show(parent).await.expect(200);
    assert_eq!(
        (answer.header("content-type"), answer.header("x-content-type-options")),
        ("application/json", "nosniff")
    );
});

both!(attack_12_pages_of_a_session_that_ended_lead_to_signing_in, async |app| {
    let anna = app.person("Anna").await;
    anna.create_org("Alpine Survey").await;
    let tab = anna.clone();
    anna.delete("/api/v1/session").await.expect(204);
    let page = tab.page("/o/alpine-survey/drive").await;
    assert_eq!((page.status, page.location()), (303, "/signin?next=%2Fo%2Falpine-survey%2Fdrive"));
});

#[tokio::test(flavor = "multi_thread")]
async fn health_and_readiness_are_told_apart() {
    let app = TestApp::sqlite().await;
    let nobody = app.nobody();
    nobody.get("/healthz").await.expect(200);
    nobody.get("/readyz").await.expect(200);
    app.db().close().await;
    nobody.get("/healthz").await.expect(200);
    nobody.get("/readyz").await.expect(503);
    let answer =
        nobody.post("/api/v1/session", &json!({ "email": "x@example.com", "password": "x" })).await.expect(503);
    assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("unavailable", "2"));
}
