//! Forms from people who are not signed in, and from a page that was rendered for another person.

use axum::{
    body::Body,
    http::{Method, Request},
};
use commonhold::{
    domain::{
        installation_policy::{Founders, Policy, SignUp as WhoSignsUp},
        refusal::Refusal,
    },
    rpc::{
        Failure, PostcardEncoding,
        drive::CreateResource,
        invitation::SendInvitations,
        my_account::ForgotPassword,
        organization::CreateOrganization,
        session::{SignIn, SignUp},
    },
};
use leptos::server_fn::{ContentType, ServerFn, axum::server_fn_paths};

use crate::{
    both,
    support::{PASSWORD, Person, TestApp},
};

both!(f_2_refused_forms_of_signed_out_people_store_nothing, async |app| {
    app.person("Anna").await;
    let rows = "SELECT CAST((SELECT COUNT(*) FROM session) + (SELECT COUNT(*) FROM remembered_form) + (SELECT COUNT(*) FROM outbox)
                + (SELECT COUNT(*) FROM audit) + (SELECT COUNT(*) FROM one_time_link) + (SELECT COUNT(*) FROM person) AS BIGINT)";
    let before = app.count(rows).await;
    let long = "y".repeat(60_000);
    let fields = [
        ("email", long.as_str()),
        ("password", "x"),
        ("first_name", "A"),
        ("last_name", ""),
        ("token", "x"),
        ("parent", "x"),
        ("kind", "folder"),
        ("name", "A"),
        ("org", "x"),
    ];
    let paths: Vec<&'static str> = server_fn_paths().map(|(path, _)| path).collect();
    let mut posted = 0;
    while posted < 2_000 {
        for path in &paths {
            let answer = app.nobody().form(path, "/signin", &fields).await;
            assert!(answer.status < 500, "{path}: {}", answer.status);
            for cookie in answer.headers.get_all("set-cookie") {
                assert!(cookie.len() < 4_096, "{path}: browsers keep no longer cookie");
                let text = cookie.to_str().expect("text");
                assert!(text.contains("Max-Age=300") || text.contains("Max-Age=0"), "minutes: {text}");
            }
            posted += 1;
        }
    }
    assert_eq!(app.count(rows).await, before);
});

both!(f_2_a_refused_form_is_shown_again_once_and_only_to_its_sender, async |app| {
    let nobody = app.nobody();
    let form = [("first_name", "Nora"), ("last_name", ""), ("email", "nora@"), ("password", "x")];
    nobody.form(SignUp::url(), "/signup", &form).await;
    assert_eq!(nobody.cookie(), None, "no session");
    // Somebody signs in in the same browser before the page is shown: what was typed by another is not for them.
    let anna = app.person("Anna").await;
    let page = nobody.page("/signup").await.expect(200);
    assert!(page.body.contains("value=\"Nora\"") && page.body.contains("Enter an email address"), "{}", page.body);
    assert!(!nobody.page("/signup").await.body.contains("Nora"), "once");
    let org = anna.create_org("Table").await;
    let root = org.root.to_string();
    let form = [("parent", root.as_str()), ("kind", "folder"), ("name", "")];
    let refused = anna.form(CreateResource::url(), "/o/table/drive?dialog=new-folder", &form).await;
    let said = refused
        .headers
        .get_all("set-cookie")
        .iter()
        .find(|cookie| cookie.to_str().is_ok_and(|text| text.contains("-said-")));
    let said = said.expect("a cookie").to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let john = app.person("John").await;
    app.join(&org, &john, commonhold::domain::role::Role::Editor).await;
    let look = async |who: &Person, said: &str| {
        let cookie = format!("{}; {said}", who.cookie().expect("a session"));
        let request = Request::builder().uri("/o/table/drive?dialog=new-folder").header("cookie", cookie);
        who.send(request.body(Body::empty()).expect("a request")).await.expect(200).body
    };
    assert!(!look(&john, &said).await.contains("Enter a name."), "it was Anna's");
    assert!(look(&anna, &said).await.contains("Enter a name."));
    let other = if said.ends_with('A') { 'E' } else { 'A' };
    let forged = format!("{}{other}", &said[..said.len() - 1]);
    assert!(!look(&anna, &forged).await.contains("Enter a name."), "it is signed");
    app.tick(5 * 60_000);
    assert!(!look(&anna, &said).await.contains("Enter a name."), "for minutes");
});

both!(f_2_one_long_form_per_person_is_kept_for_minutes, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Table").await;
    let people: String = (0..120).map(|n| format!("somebody.number.{n}@example.com\n")).collect();
    let form = [("org", org.org_id.as_str()), ("people", people.as_str()), ("role", "reader"), ("preview", "true")];
    let page = "/o/table/people?dialog=invite";
    for _ in 0..3 {
        anna.form(SendInvitations::url(), page, &form).await;
    }
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM remembered_form").await, 1);
    let longest = "SELECT CAST(MAX(LENGTH(data)) AS BIGINT) FROM session";
    assert!(app.count(longest).await < 1_000, "nothing of it is in the session");
    let shown = anna.page(page).await.expect(200).body;
    assert!(shown.contains("somebody.number.119@example.com") && shown.contains("120 of 120"), "all of it came back");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM remembered_form").await, 0, "and is gone");
    anna.form(SendInvitations::url(), page, &form).await;
    app.tick(5 * 60_000 + 1);
    commonhold::server::workers::tidy(app.ctx()).await.expect("tidied up");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM remembered_form").await, 0);
});

both!(a_page_of_another_person_in_the_same_browser_changes_nothing, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Table").await;
    app.join(&org, &john, commonhold::domain::role::Role::Editor).await;
    // Every form of a page says whose page it is.
    for path in [
        "/",
        "/account",
        "/account/security",
        "/account/privacy",
        "/o/table/drive?dialog=new-folder",
        "/o/table/people?dialog=invite",
        "/o/table/settings",
        "/organizations/new",
    ] {
        let page = anna.page(path).await.expect(200).body;
        let forms: Vec<&str> =
            page.split("action=\"/fn/").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect();
        assert!(!forms.is_empty(), "{path}");
        for form in forms {
            assert!(form.ends_with(&format!("?page_of={}", anna.id)), "{path}: {form}");
        }
    }
    let root = org.root.to_string();
    let of_anna = format!("{}?page_of={}", CreateResource::url(), anna.id);
    let names = async || anna.children(org.root, "").await.expect(200).names();
    // John signed in in another tab; Anna's tab makes a folder. Without script:
    let form = [("parent", root.as_str()), ("kind", "folder"), ("name", "Annas"), ("back", "")];
    let answer = john.form(&of_anna, "/o/table/drive", &form).await;
    assert_eq!((matches!(answer.status, 302 | 303), answer.location()), (true, "/o/table/drive"));
    let page = john.page("/o/table/drive").await.expect(200).body;
    assert!(page.contains("You are now signed in as John Muster"), "{page}");
    // With script:
    let request = Request::builder()
        .method(Method::POST)
        .uri(&of_anna)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", PostcardEncoding::CONTENT_TYPE)
        .header("host", "localhost:3000")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(format!("parent={root}&kind=folder&name=Annas")));
    let answer = john.send(request.expect("a request")).await.expect(409);
    assert_eq!(answer.decoded(), Ok(Failure::Refused(Refusal::SignedInAs("John Muster".to_owned()))));
    assert!(names().await.is_empty(), "nothing was done");
    // Every server function, from whichever page.
    for (path, _) in server_fn_paths() {
        let answer = john.form(&format!("{path}?page_of={}", anna.id), "/o/table", &[("name", "A")]).await;
        assert_eq!(answer.location(), "/o/table", "{path}");
    }
    john.get("/api/v1/me").await.expect(200);
    // Her own page does it, and so does one that does not say.
    anna.form(&of_anna, "/o/table/drive", &form).await;
    assert_eq!(names().await, ["Annas"]);
    // Where nobody is signed in any more, it is to sign in again.
    let nobody = app.nobody();
    let answer = nobody.form(&of_anna, "/o/table/drive", &form).await;
    assert!(matches!(answer.status, 302 | 303 | 401));
});

both!(access_3_view_as_changes_nothing_however_its_address_is_written, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Table").await;
    for query in ["as=x", "%61s=x", "a%73=x", "q=1&%61%73=x"] {
        let path = format!("/api/v1/resources?{query}");
        let body = serde_json::json!({ "parent": org.root, "kind": "folder", "name": "A" });
        anna.post(&path, &body).await.expect(403);
    }
    assert!(anna.children(org.root, "").await.expect(200).names().is_empty());
});

/// An application where nobody signs up without an invitation.
async fn closed(policy: Policy) -> TestApp {
    let app = TestApp::sqlite().await;
    let _ = app.ctx().clone().with_policy(policy);
    app
}

fn sign_up_form(email: &str) -> [(&str, &str); 4] {
    [("first_name", "Anna"), ("last_name", "Muster"), ("email", email), ("password", PASSWORD)]
}

#[tokio::test(flavor = "multi_thread")]
async fn auth_1_where_one_signs_up_by_invitation_pages_say_so_and_nobody_else_does() {
    let app = closed(Policy { sign_up: WhoSignsUp::Invited, ..Policy::default() }).await;
    for path in ["/", "/signin"] {
        let page = app.nobody().page(path).await.expect(200).body;
        assert!(!page.contains("href=\"/signup"), "{path}");
        assert!(page.contains("by invitation"), "{path}");
    }
    let page = app.nobody().page("/signup").await.expect(200).body;
    assert!(
        page.contains("Ask an Owner or a Manager of your organization") && !page.contains("name=\"password\""),
        "{page}"
    );
    let answer = app.nobody().form(SignUp::url(), "/signup", &sign_up_form("anna@example.com")).await;
    assert_eq!(answer.location(), "/signup");
    let body =
        serde_json::json!({ "first_name": "A", "last_name": "B", "email": "anna@example.com", "password": PASSWORD });
    app.nobody().post("/api/v1/signup", &body).await.expect(403);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM person").await, 0);
    // The operator makes the first Owner, who invites.
    let owner = commonhold::server::usecase::founding_by_operator::OwnerForm {
        email: "anna@example.com".to_owned(),
        first_name: "Anna".to_owned(),
        last_name: "Muster".to_owned(),
    };
    let form = commonhold::domain::organization::NewOrganizationForm {
        name: "Alpine Survey".to_owned(),
        kind: "business".to_owned(),
        country: "CH".to_owned(),
        ..Default::default()
    };
    let org_id =
        commonhold::server::usecase::founding_by_operator::create_for(app.ctx(), &owner, &form).await.expect("made");
    let token = app.token_in_mail("anna@example.com", "/reset?token=").await;
    let body = serde_json::json!({ "token": token, "password": "quarry-lantern-teaspoon" });
    app.nobody().post("/api/v1/password/reset", &body).await.expect(204);
    let anna = app.nobody();
    let body = serde_json::json!({ "email": "anna@example.com", "password": "quarry-lantern-teaspoon" });
    anna.post("/api/v1/session", &body).await.expect(200);
    let body = serde_json::json!({ "invitations": [{ "email": "john@example.com", "role": "editor" }] });
    anna.post(&format!("/api/v1/orgs/{org_id}/invitations"), &body).await.expect(200);
    let token = app.invitation_token("john@example.com").await;
    let page = app.nobody().page(&format!("/invitations/{token}")).await.expect(200).body;
    assert!(page.contains("name=\"password\""), "from an invitation there is a form");
    let john = sign_up_form("john@example.com");
    let answer =
        app.nobody().form(SignUp::url(), "/", &[john.as_slice(), &[("invitation", token.as_str())]].concat()).await;
    assert!(matches!(answer.status, 302 | 303));
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM person").await, 2);
    app.healthy().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn auth_1_where_one_signs_up_with_an_address_at_a_domain_others_are_told_at_the_field() {
    let domains = vec!["alpine.example".to_owned()];
    let app = closed(Policy { sign_up: WhoSignsUp::Domains, domains, ..Policy::default() }).await;
    assert!(app.nobody().page("/signup").await.expect(200).body.contains("alpine.example"));
    let nobody = app.nobody();
    nobody.form(SignUp::url(), "/signup", &sign_up_form("anna@elsewhere.example")).await;
    assert!(nobody.page("/signup").await.body.contains("Use an address at alpine.example"));
    let anna = Person::sign_up_unproved(&app, "Anna", "Muster", "Anna@Alpine.Example").await;
    // An address is what lets one in, so it is proved before anything is founded on it.
    let body = serde_json::json!({ "name": "A", "kind": "individual", "country": "CH" });
    assert_eq!(anna.post("/api/v1/orgs", &body).await.expect(403).code(), "email_unverified");
    // Nor is it exchanged for one elsewhere, proved or not.
    let change = async |email: &str| {
        let body = serde_json::json!({ "email": email, "password": PASSWORD });
        anna.post("/api/v1/me/email", &body).await
    };
    assert_eq!(change("anna@elsewhere.example").await.expect(422).fields(), ["email"]);
    app.verify(&anna).await;
    assert_eq!(change("anna@elsewhere.example").await.expect(422).fields(), ["email"]);
    change("anna.muster@alpine.example").await.expect(202);
    anna.post("/api/v1/orgs", &body).await.expect(201);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn org_1_where_the_operator_creates_organizations_nobody_else_does() {
    let app = closed(Policy { founders: Founders::Operator, ..Policy::default() }).await;
    let anna = app.person("Anna").await;
    // A personal space does not become one either.
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM organization").await, 0);
    assert_eq!(anna.get("/api/v1/me").await.expect(200).json()["space"], serde_json::Value::Null);
    assert!(!anna.page("/").await.expect(200).body.contains("href=\"/organizations/new"));
    assert!(
        anna.page("/organizations/new").await.body.contains("Only your administrator can create organizations here")
    );
    let form = [("kind", "individual"), ("name", "Alpine Survey"), ("country", "CH")];
    anna.form(CreateOrganization::url(), "/organizations/new", &form).await;
    let body = serde_json::json!({ "name": "A", "kind": "individual", "country": "CH" });
    anna.post("/api/v1/orgs", &body).await.expect(403);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM organization WHERE space_of IS NULL").await, 0);
    app.finish().await;
}

both!(auth_4_password_managers_find_the_change_page_and_the_username, async |app| {
    let anna = app.person("Anna").await;
    let answer = anna.page("/.well-known/change-password").await;
    assert_eq!((matches!(answer.status, 302 | 303 | 307), answer.location()), (true, "/account/security"));
    let page = anna.page("/account/security").await.expect(200).body;
    let field = page.split("autocomplete=\"username\"").nth(1).expect("a field").split('>').next().unwrap_or_default();
    assert!(field.contains(&anna.email), "{field}");
    app.nobody().form(ForgotPassword::url(), "/forgot", &[("email", anna.email.as_str())]).await;
    let token = app.token_in_mail(&anna.email, "/reset?token=").await;
    assert!(app.nobody().page(&format!("/reset?token={token}")).await.body.contains("autocomplete=\"username\""));
});

both!(attack_25_the_development_inbox_answers_at_this_machines_own_names_only, async |app| {
    for (host, status) in [
        ("localhost:3000", 200),
        ("127.0.0.1:3000", 200),
        ("[::1]:3000", 200),
        ("evil.example", 403),
        ("evil.example:3000", 403),
        ("localhost.evil.example:3000", 403),
        ("127.0.0.1.evil.example", 403),
    ] {
        for path in ["/dev/inbox", "/dev/inbox.json"] {
            let request = Request::builder().uri(path).header("host", host).body(Body::empty()).expect("a request");
            assert_eq!(app.nobody().send(request).await.status, status, "{path} {host}");
        }
    }
});

both!(auth_3_signing_in_from_a_signed_out_page_works, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    // The page Sign in was open when John signed in: whoever sends it becomes who they say.
    let form = [("email", anna.email.as_str()), ("password", PASSWORD)];
    let answer = john.form(SignIn::url(), "/signin", &form).await;
    assert_eq!(answer.location(), "/");
    assert_eq!(john.get("/api/v1/me").await.json()["first_name"], "Anna");
});
