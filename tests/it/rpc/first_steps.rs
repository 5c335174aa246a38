//! First steps, and the reminder to verify the address, in a browser without WebAssembly (ORG-9, AUTH-2).

use axum::{
    body::Body,
    http::{Method, Request},
};
use commonhold::{
    domain::{licence::Product, role::Role, trial::Trial},
    rpc::{
        PostcardEncoding,
        first_steps::{HideFirstSteps, SaveFirstSteps},
        my_account::SendVerificationAgain,
        organization::OrganizationHome,
    },
    view::{HomeView, preferences::UiPreferences},
};
use leptos::server_fn::{ContentType, ServerFn};

use crate::{
    both,
    support::{Answer, Person},
};

const STEPS: &str = "id=\"first-steps\"";

/// How many steps a page says are done; `None` where it has no first steps.
async fn done(by: &Person, path: &str) -> Option<String> {
    let page = by.page(path).await.expect(200).body;
    let steps = page.split(STEPS).nth(1)?;
    let (count, _) = steps.split_once(" done")?;
    Some(count.rsplit('>').next().unwrap_or_default().to_owned())
}

fn home(org: &str) -> String {
    format!("/o/{org}")
}

both!(org_9_a_newcomer_ticks_one_step_after_the_other_by_doing_it, async |app| {
    let _ = app.ctx().clone().with_trial(Trial::new(Product::CloudPro, 28));
    let nina = app.stranger("Nina").await;
    assert_eq!(done(&nina, "/").await.as_deref(), Some("0 of 5"));
    let page = nina.page("/").await.body;
    assert!(page.contains("Welcome, Nina") && page.contains(&nina.email), "{page}");
    app.verify(&nina).await;
    assert_eq!(done(&nina, "/").await.as_deref(), Some("1 of 5"));

    // The trial turns processing on.
    let org = nina.create_org("Northwind Surveys").await;
    for path in ["/".to_owned(), home(&org.org_id)] {
        assert_eq!(done(&nina, &path).await.as_deref(), Some("3 of 5"), "{path}");
        let page = nina.page(&path).await.body;
        assert!(page.contains("Your trial of Cloud Pro runs until 19 Dec 2026"), "{page}");
        for way in
            ["/o/northwind-surveys/drive", "/o/northwind-surveys/people?dialog=invite", "/o/northwind-surveys/licences"]
        {
            assert!(page.contains(way), "{way}");
        }
    }
    nina.invite(&org, "ben@example.com", "editor").await;
    assert_eq!(done(&nina, "/").await.as_deref(), Some("4 of 5"));
    // An invitation that has run out is none; the trial goes on.
    app.later(15);
    assert_eq!(done(&nina, "/").await.as_deref(), Some("3 of 5"));
    let ben = app.person("Ben").await;
    app.join(&org, &ben, Role::Editor).await;
    let dataset = nina.dataset(org.root, "Flight", 0).await;
    assert_eq!(done(&nina, "/").await.as_deref(), Some("4 of 5"), "a dataset without files is no upload");
    nina.upload(dataset, "a.jpg", b"bytes").await;
    // All is done: the pages are what they are to everybody.
    for path in ["/".to_owned(), home(&org.org_id)] {
        assert_eq!(done(&nina, &path).await, None, "{path}");
    }
    assert!(!nina.page("/").await.body.contains("Welcome, Nina"));
    app.later(14);
    assert_eq!(done(&nina, "/").await.as_deref(), Some("4 of 5"), "the trial is over");
    app.later(1);
    assert_eq!(done(&nina, "/").await, None, "after 30 days nobody is new");
});

both!(org_9_who_sees_first_steps, async |app| {
    let anna = app.person("Anna").await;
    let old = anna.create_org("Alpine Survey").await;
    app.later(20);
    let new = anna.create_org("Chair").await;
    let (mia, ed) = (app.person("Mia").await, app.person("Ed").await);
    app.join(&new, &mia, Role::Manager).await;
    app.join(&new, &ed, Role::Editor).await;
    let all = async |path: &str| [done(&anna, path).await, done(&mia, path).await, done(&ed, path).await];
    let counted = |one: &str| Some(one.to_owned());
    assert_eq!(all(&home(&new.org_id)).await, [counted("3 of 5"), counted("3 of 5"), None]);
    assert_eq!(all("/").await, [counted("3 of 5"), None, None], "who works for others begins nothing");
    assert_eq!(done(&anna, &home(&old.org_id)).await.as_deref(), Some("2 of 5"), "it is new for 30 days");
    app.later(11);
    assert_eq!(done(&anna, &home(&old.org_id)).await, None);
    assert_eq!(done(&anna, "/").await.as_deref(), Some("3 of 5"), "the newest counts");
    // Not in the API's answer for somebody who may not see it.
    let stranger = app.person("Eve").await;
    assert_eq!(stranger.page(&home(&new.org_id)).await.status, 404);
});

both!(org_9_hidden_first_steps_stay_hidden_in_this_browser_and_come_back_from_my_account, async |app| {
    let nina = app.person("Nina").await;
    let org = nina.create_org("Northwind Surveys").await;
    let session = nina.cookie().expect("signed in");
    // The client of these tests keeps one cookie: what a browser keeps beside it is added by hand.
    let with = |nina: &Person, kept: &str| nina.set_cookie(Some(&format!("{session}; {kept}")));
    let path = home(&org.org_id);
    let hidden = nina.form(HideFirstSteps::url(), &path, &[("back", &path)]).await;
    assert_eq!(hidden.location(), path, "back to the page");
    let kept = cookie_of(&hidden);
    assert!(!UiPreferences::parse(kept.trim_start_matches("preferences=")).first_steps, "{kept}");
    with(&nina, &kept);
    assert_eq!((done(&nina, "/").await, done(&nina, &path).await), (None, None));
    assert!(nina.page("/").await.body.contains("Your organizations"));
    // Nowhere else.
    let elsewhere = nina.elsewhere().await;
    assert_eq!(done(&elsewhere, &path).await.as_deref(), Some("2 of 5"));

    let account = nina.page("/account").await.body;
    assert!(account.contains("Show first steps"), "{account}");
    let shown = nina.form(SaveFirstSteps::url(), "/account", &[("first_steps", "on")]).await;
    assert_eq!(shown.location(), "/account");
    with(&nina, &cookie_of(&shown));
    assert_eq!(done(&nina, &path).await.as_deref(), Some("2 of 5"));
    // A checkbox that is not ticked is not sent.
    let unticked = nina.form(SaveFirstSteps::url(), "/account", &[]).await;
    with(&nina, &cookie_of(&unticked));
    assert_eq!(done(&nina, &path).await, None);
    // It leads to this site only.
    let led = nina.form(HideFirstSteps::url(), "/", &[("back", "https://evil.example/")]).await;
    assert_eq!(led.location(), "/");
});

fn cookie_of(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter().filter_map(|set| set.to_str().ok());
    let kept = set.map(|set| set.split(';').next().unwrap_or_default()).find(|pair| pair.starts_with("preferences="));
    kept.expect("the preferences are kept").to_owned()
}

both!(auth_2_who_has_not_verified_the_address_is_reminded_and_gets_the_link_again, async |app| {
    let nina = app.stranger("Nina").await;
    let org = nina.create_org("Northwind Surveys").await;
    let pages = ["/".to_owned(), home(&org.org_id), "/account".to_owned(), "/account/security".to_owned()];
    for path in &pages {
        let page = nina.page(path).await.expect(200).body;
        assert!(page.contains("Open it, so that others can find you.") && page.contains("Send again"), "{path}");
    }
    app.tick(61_000);
    for path in &pages[..2] {
        app.tick(61_000);
        let mails = app.mail_to(&nina.email).await.len();
        assert_eq!(nina.form(SendVerificationAgain::url(), path, &[("back", path)]).await.location(), path);
        assert!(nina.page(path).await.body.contains("We sent the link again."), "{path}");
        assert_eq!(app.mail_to(&nina.email).await.len(), mails + 1);
    }
    // Too soon: the page says so, and nothing is sent.
    let mails = app.mail_to(&nina.email).await.len();
    assert_eq!(nina.form(SendVerificationAgain::url(), "/", &[("back", "/")]).await.location(), "/");
    assert!(nina.page("/").await.body.contains("role=\"alert\""));
    assert_eq!(app.mail_to(&nina.email).await.len(), mails);
    app.verify(&nina).await;
    for path in &pages {
        assert!(!nina.page(path).await.body.contains("Send again"), "{path}");
    }
});

both!(org_9_where_the_operator_creates_organizations_a_newcomer_is_asked_for_nothing, async |app| {
    use commonhold::domain::installation_policy::{Founders, Policy};
    let _ = app.ctx().clone().with_policy(Policy { founders: Founders::Operator, ..Policy::default() });
    let nina = app.person("Nina").await;
    assert_eq!(done(&nina, "/").await, None);
    let page = nina.page("/").await.expect(200).body;
    assert!(page.contains("Your organizations") && !page.contains("Welcome, Nina"), "{page}");
});

both!(org_7_the_browser_can_read_what_home_says, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let request = Request::builder()
        .method(Method::POST)
        .uri(OrganizationHome::url())
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", PostcardEncoding::CONTENT_TYPE)
        .header("host", "localhost:3000")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(format!("org={}", org.org_id)));
    let answer = anna.send(request.expect("a request")).await.expect(200);
    // In the API a line of the audit log has JSON; postcard could encode that, and nobody could decode it.
    let home: HomeView = answer.decoded().expect("the browser decodes it");
    let lines = home.activity.expect("an Owner sees it");
    assert_eq!(lines.first().map(|line| line.summary.as_str()), Some("created Alpine Survey"));
});
