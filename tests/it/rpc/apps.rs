//! Pages of apps, and of what a membership lets through, in a browser without WebAssembly (JOB-1, JOB-5).

use commonhold::{
    domain::role::Role,
    rpc::{
        app::{AuthorizeAppUser, ChangeApp, CreateApp, PublishAppVersion, RemoveAppUser, SetAppState},
        people::ChangeCaps,
    },
};
use leptos::server_fn::ServerFn;
use serde_json::json;

use crate::{
    both,
    support::{Answer, Person},
};

/// The page that a form leads to.
async fn after(by: &Person, answer: Answer) -> String {
    assert!(matches!(answer.status, 302 | 303), "{} {}", answer.status, answer.body);
    by.page(answer.location()).await.expect(200).body
}

both!(job_1_an_app_is_made_and_gets_versions_by_forms_whose_empty_rows_are_none, async |app| {
    let (anna, rolf) = (app.person("Anna").await, app.person("Rolf").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &rolf, Role::Reader).await;
    let list = format!("/o/{}/apps", org.org_id);
    assert!(anna.page(&list).await.expect(200).body.contains("No apps yet."));
    assert!(!rolf.page(&list).await.expect(200).body.contains("New app"), "a Reader publishes nothing");
    let new = format!("{list}?dialog=new-app");
    let form = [("org", org.org_id.as_str()), ("title", "Orthophoto"), ("slug", "qc-report"), ("price", "free")];
    let refused = after(&anna, anna.form(CreateApp::url(), &new, &form).await).await;
    assert!(refused.contains("value=\"Orthophoto\"") && refused.contains("aria-invalid=\"true\""), "{refused}");
    let form = [("org", org.org_id.as_str()), ("title", "Orthophoto"), ("slug", "ortho"), ("price", "free")];
    let made = after(&anna, anna.form(CreateApp::url(), &new, &form).await).await;
    assert!(made.contains("Add a version first.") && made.contains("draft"), "{made}");
    rolf.page("/apps/ortho").await.expect(404);
    // The form of a version has at least ten rows, and more where they are asked for.
    let at = format!("/apps/ortho/new-version?org={}", org.org_id);
    let page = anna.page(&at).await.expect(200).body;
    assert!(page.contains("name=\"options[15][name]\"") && !page.contains("name=\"options[16][name]\""));
    assert!(anna.page(&format!("{at}&rows=all")).await.expect(200).body.contains("name=\"options[99][name]\""));
    rolf.page(&at).await.expect(404);
    let version = |second: &'static str| {
        [
            ("org", org.org_id.as_str()),
            ("app", "ortho"),
            ("label", "1.0"),
            ("outputs[]", "orthophoto"),
            ("outputs[]", "report"),
            ("timeout_minutes", "60"),
            ("notes", "The first one."),
            ("options[0][name]", "quality"),
            ("options[0][type]", "enum"),
            ("options[0][domain]", "low, high"),
            ("options[1][name]", ""),
            ("options[1][type]", ""),
            ("options[10][name]", "tiles"),
            ("options[10][type]", "int"),
            ("options[10][value]", second),
        ]
    };
    let refused = anna.form(PublishAppVersion::url(), &at, &version("many")).await;
    assert_eq!(refused.location(), at);
    let page = after(&anna, refused).await;
    assert!(page.contains("value=\"many\"") && page.contains("value=\"low, high\""), "what was typed is kept: {page}");
    assert!(page.contains("aria-invalid=\"true\""));
    let page = after(&anna, anna.form(PublishAppVersion::url(), &at, &version("4")).await).await;
    for text in
        ["Added version 1 (1.0)", "by default low", "by default 4", "1 hour", "Orthophoto, Report", "The first one."]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let shown = anna.get("/api/v1/apps/ortho").await.expect(200).json();
    assert_eq!(shown["versions"][0]["options"].as_array().map(Vec::len), Some(2), "{shown}");
    let here = "/apps/ortho";
    let state = |state: &'static str| [("org", ""), ("app", "ortho"), ("state", state)];
    let page = after(&anna, anna.form(SetAppState::url(), here, &state("published")).await).await;
    assert!(page.contains("Published “Orthophoto”") && page.contains("Withdraw"));
    let change = [("org", ""), ("app", "ortho"), ("title", "True orthophoto"), ("summary", "A map.")];
    assert!(after(&anna, anna.form(ChangeApp::url(), here, &change).await).await.contains("True orthophoto"));
    // The next version begins with what this one has.
    assert!(anna.page(&at).await.expect(200).body.contains("value=\"low, high\""));
    // Who may run it sees it, and nothing to change.
    let page = rolf.page(here).await.expect(200).body;
    assert!(page.contains("True orthophoto") && !page.contains("Who can run it") && !page.contains("New version"));
    assert!(rolf.page("/apps").await.expect(200).body.contains("True orthophoto"));
    let page = after(&anna, anna.form(SetAppState::url(), here, &state("withdrawn")).await).await;
    assert!(page.contains("has been withdrawn"));
    assert!(rolf.page(here).await.expect(403).body.contains("has been withdrawn"));
    app.healthy().await;
});

both!(job_1_who_may_not_run_an_app_sees_why_and_what_to_send_in_place_of_it, async |app| {
    let (anna, dora) = (app.person("Anna").await, app.person("Dora").await);
    let (org, lab) = (anna.create_org("Alpine Survey").await, dora.create_org("Tunnel North").await);
    crate::flow::apps::published(&dora, &lab, "qc", "free", false).await;
    assert_eq!(app.nobody().page("/apps/qc").await.location(), "/signin?next=%2Fapps%2Fqc");
    let page = anna.page("/apps/qc").await.expect(403).body;
    for text in
        ["You cannot run this app", "No organization of yours", &org.org_id, &anna.id.to_string(), "Tunnel North"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let here = "/apps/qc";
    let user = |user: &'static str| [("org", ""), ("app", "qc"), ("user", user)];
    for (who, says) in [("", "Enter an Org ID"), ("nobody", "has this ID"), ("anna@example.com", "has this ID")] {
        let page = after(&dora, dora.form(AuthorizeAppUser::url(), here, &user(who)).await).await;
        assert!(page.contains(says), "{who}: {page}");
    }
    // By the Sharing ID of any of its accounts, in any case.
    let page = after(&dora, dora.form(AuthorizeAppUser::url(), here, &user("ALPINE-survey/Primary")).await).await;
    assert!(page.contains("Authorized Alpine Survey") && page.contains("Remove Alpine Survey"), "{page}");
    anna.page(here).await.expect(200);
    let listed = dora.page(&format!("/o/{}/apps", lab.org_id)).await.expect(200).body;
    assert!(listed.contains("Tunnel North and 1 other"), "{listed}");
    // Only who publishes it changes that.
    let _ = anna.form(RemoveAppUser::url(), here, &user("alpine-survey")).await;
    anna.page(here).await.expect(200);
    let page = after(&dora, dora.form(RemoveAppUser::url(), here, &user("alpine-survey")).await).await;
    assert!(page.contains("Removed Alpine Survey"));
    anna.page(here).await.expect(403);
    app.healthy().await;
});

both!(job_5_limits_are_changed_in_manage_people_and_told_on_the_home, async |app| {
    let (anna, rolf, mona) = (app.person("Anna").await, app.person("Rolf").await, app.person("Mona").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &rolf, Role::Editor).await;
    app.join(&org, &mona, Role::Manager).await;
    let (people, home) = (format!("/o/{}/people", org.org_id), format!("/o/{}", org.org_id));
    let dialog = |person: &Person| format!("{people}?dialog=limits&person={}", person.id);
    assert!(!rolf.page(&home).await.expect(200).body.contains("Limits of your membership"));
    assert!(anna.page(&dialog(&rolf)).await.expect(200).body.contains("Limits of Rolf"));
    // Nobody changes those of somebody above them, or of an Owner.
    for (by, of) in [(&mona, &anna), (&anna, &anna), (&rolf, &mona)] {
        assert!(!by.page(&dialog(of)).await.expect(200).body.contains("Limits of "), "{} {}", by.name, of.name);
    }
    let id = rolf.id.to_string();
    let form = |level: &'static str| {
        [
            ("org", org.org_id.as_str()),
            ("person", id.as_str()),
            ("level", level),
            ("billable", "yes"),
            ("back", people.as_str()),
        ]
    };
    let wrong = after(&anna, anna.form(ChangeCaps::url(), &dialog(&rolf), &form("owner")).await).await;
    assert!(wrong.contains("Choose one of the listed values."), "{wrong}");
    let _ = rolf.form(ChangeCaps::url(), &people, &form("manager")).await;
    let page = after(&anna, anna.form(ChangeCaps::url(), &dialog(&rolf), &form("reader")).await).await;
    assert!(page.contains("Saved the limits"));
    let caps = anna.get(&format!("/api/v1/orgs/{}/people/{id}/caps", org.org_id)).await.expect(200).json();
    assert_eq!(caps, json!({ "level": "reader", "apps": false, "billable": true }));
    let told = rolf.page(&home).await.expect(200).body;
    for text in ["Limits of your membership", "as Reader at most", "You cannot use apps"] {
        assert!(told.contains(text), "{text}");
    }
    assert!(!told.contains("You cannot start what it pays for"));
    assert!(!anna.page(&home).await.expect(200).body.contains("Limits of your membership"));
    app.healthy().await;
});
