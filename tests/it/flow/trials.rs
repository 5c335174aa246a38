//! Trials of new organizations (LIC-7), and the end of a licence, which is told before it comes (LIC-8).

use commonhold::{
    domain::{
        id::LicenceId,
        licence::Product,
        organization::NewOrganizationForm,
        resource::DatasetStatus,
        role::Role,
        time::{Day, Timestamp},
        trial::Trial,
    },
    server::{
        usecase::{
            founding_by_operator::{OwnerForm, create_for},
            licence::operator::{GrantForm, extend, grant},
            operator::Operator,
        },
        workers,
    },
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{BEGINNING, Org, Person, TestApp, at_once, read},
};

/// From now on new organizations begin with a trial of Cloud Pro for 28 days.
fn give_trials(app: &TestApp) {
    let _ = app.ctx().clone().with_trial(Trial::new(Product::CloudPro, 28));
}

async fn licences(by: &Person, org: &str) -> Vec<Value> {
    by.get(&format!("/api/v1/orgs/{org}/licences")).await.expect(200).json()["items"]
        .as_array()
        .expect("a list")
        .clone()
}

/// The mails that tell somebody that a licence ends.
async fn told(app: &TestApp, person: &Person) -> Vec<String> {
    let mails = app.mail_to(&person.email).await;
    mails.into_iter().map(|(subject, _)| subject).filter(|subject| subject.contains(" ends on ")).collect()
}

async fn tell(app: &TestApp) {
    workers::tell_ends(app.ctx()).await.expect("the database answers");
}

/// A licence of an organization whose last day is so many days away.
async fn ending_in(app: &TestApp, org: &Org, product: &str, days: i64) -> LicenceId {
    let cloud = product != "desktop";
    let form = GrantForm {
        org: org.org_id.clone(),
        product: product.to_owned(),
        model: cloud.then(|| "credits".to_owned()),
        seats: (!cloud).then_some(2),
        until: Some(Timestamp(BEGINNING).plus_days(days).day().iso()),
        ..GrantForm::default()
    };
    grant(app.ctx(), &form).await.expect("a licence is granted")
}

both!(lic_7_a_new_organization_begins_with_a_trial_and_a_personal_space_does_not, async |app| {
    let early = app.person("Ada").await;
    let before = early.create_org("Before").await;
    assert_eq!(licences(&early, &before.org_id).await.len(), 1, "out of the box there is none");
    give_trials(app);
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let listed = licences(&anna, &org.org_id).await;
    let [discovery, trial] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((&discovery["product"], &discovery["trial"]), (&json!("discovery"), &json!(false)));
    assert_eq!((&trial["product"], &trial["model"]), (&json!("cloud_pro"), &json!("images_projects")));
    assert_eq!((&trial["trial"], &trial["state"]), (&json!(true), &json!("active")));
    assert_eq!((&trial["images"]["total"], &trial["projects"]["total"]), (&json!(10_000), &json!(10)));
    assert_eq!(trial["active_until"], json!("2026-12-20T00:00:00.000Z"), "the 19th is its last day");

    // The books and the audit log say where it came from.
    let id: LicenceId = read(&trial["id"]);
    let entries = anna.get(&format!("/api/v1/licences/{id}/ledger")).await.expect(200).json();
    assert_eq!(entries["items"][0]["kind"], json!("grant"));
    let log = anna.get(&format!("/api/v1/orgs/{}/audit", org.org_id)).await.expect(200).body;
    assert!(log.contains("began a trial of Cloud Pro until 19 Dec 2026"), "{log}");

    // Nobody has to run anything for it to work, and to end.
    let chair = anna.create_org("Chair").await;
    let folder = anna.folder(org.root, "Tunnels").await;
    anna.transfer(&[folder], chair.root).await.expect(201);
    let site = anna.create(org.root, "site", "Quarry").await;
    assert_eq!(site.status, 201, "Cloud Pro has sites: {}", site.body);
    app.later(28);
    assert_eq!(licences(&anna, &org.org_id).await[1]["state"], json!("active"));
    app.later(1);
    assert_eq!(licences(&anna, &org.org_id).await[1]["state"], json!("expired"));
    anna.create(org.root, "folder", "Late").await.expect(403);

    let spaces = app
        .count(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM licence l JOIN organization o ON o.id = l.organization_id
        WHERE l.trial AND o.space_of IS NOT NULL",
        )
        .await;
    assert_eq!(spaces, 0);
    assert_eq!(licences(&early, &before.org_id).await.len(), 1, "nor did what was there before");
    app.healthy().await;
});

both!(lic_7_the_allowance_of_a_trial_does_not_pay_what_another_licence_is_given_back, async |app| {
    let anna = app.person("Anna").await;
    let paid = anna.create_org("Alpine Survey").await;
    app.images_licence(&paid, 1_000, 10).await;
    give_trials(app);
    let (trial, other) = (anna.create_org("Trial").await, anna.create_org("Other trial").await);
    let dataset = anna.dataset(paid.root, "Flight", 300).await;
    app.set_status(dataset, DatasetStatus::Processed).await;
    let refused = anna.transfer(&[dataset], trial.root).await.expect(409);
    assert_eq!(refused.blockers(), ["target_on_trial"]);
    // Among trials, and out of them, everything is as ever.
    let own = anna.dataset(trial.root, "Own", 300).await;
    app.set_status(own, DatasetStatus::Processed).await;
    anna.transfer(&[own], other.root).await.expect(201);
    anna.transfer(&[own], paid.root).await.expect(201);
    app.healthy().await;
});

both!(lic_7_an_organization_that_the_operator_creates_begins_with_a_trial_too, async |app| {
    give_trials(app);
    let anna = app.person("Anna").await;
    let owner = OwnerForm { email: anna.email.clone(), ..OwnerForm::default() };
    let form = NewOrganizationForm {
        name: "Alpine Survey".to_owned(),
        kind: "individual".to_owned(),
        country: "CH".to_owned(),
        ..NewOrganizationForm::default()
    };
    let org_id = create_for(app.ctx(), &owner, &form).await.expect("an organization");
    let listed = licences(&anna, &org_id).await;
    assert_eq!(listed.iter().map(|one| one["trial"] == json!(true)).collect::<Vec<_>>(), [false, true]);
    app.healthy().await;
});

both!(lic_8_owners_are_told_once_a_week_before_the_last_day, async |app| {
    let (anna, mia, rita) = (app.person("Anna").await, app.person("Mia").await, app.person("Rita").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &mia, Role::Owner).await;
    app.join(&org, &rita, Role::Manager).await;
    let licence = ending_in(app, &org, "cloud-pro", 10).await;
    tell(app).await;
    assert_eq!(told(app, &anna).await, Vec::<String>::new(), "ten days are early");
    app.later(2);
    tell(app).await;
    assert_eq!(told(app, &anna).await, Vec::<String>::new(), "eight too");
    app.later(1);
    // Several nodes, again and again.
    let nodes = (0..4)
        .map(|_| {
            let app = app.clone();
            async move { tell(&app).await }
        })
        .collect();
    at_once(nodes).await;
    tell(app).await;
    let subject = "The Cloud Pro licence of Alpine Survey ends on 1 Dec 2026";
    for owner in [&anna, &mia] {
        assert_eq!(told(app, owner).await, [subject]);
    }
    assert_eq!(told(app, &rita).await, Vec::<String>::new(), "Owners buy");
    let (_, text) = app.mail_to(&anna.email).await.into_iter().find(|(about, _)| about == subject).expect("a mail");
    assert!(text.contains("in 7 days") && text.contains("/o/alpine-survey/licences"), "{text}");
    app.later(3);
    tell(app).await;
    assert_eq!(told(app, &anna).await.len(), 1);

    // Another end is told again, where it is near.
    extend(app.ctx(), &Operator::command_line(), licence, "2027-01-31").await.expect("extended");
    tell(app).await;
    assert_eq!(told(app, &anna).await.len(), 1);
    app.later(60);
    tell(app).await;
    assert_eq!(
        told(app, &anna).await.first().map(String::as_str),
        Some("The Cloud Pro licence of Alpine Survey ends on 31 Jan 2027")
    );
    // What is over is not told of.
    extend(app.ctx(), &Operator::command_line(), licence, "2026-12-01").await.expect("ended long ago");
    tell(app).await;
    assert_eq!(told(app, &anna).await.len(), 2);
    app.healthy().await;
});

both!(lic_8_a_trial_is_called_one_and_a_lent_licence_says_to_whom, async |app| {
    give_trials(app);
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (alpine, tunnel) = (anna.create_org("Alpine Survey").await, john.create_org("Tunnel North").await);
    let licence = ending_in(app, &alpine, "cloud-teams", 25).await;
    let loan = json!({ "licence": licence, "sharing_id": "tunnel-north/primary", "until": "2027-01-31" });
    anna.post(&format!("/api/v1/orgs/{}/loans", alpine.org_id), &loan).await.expect(201);
    let desktop = ending_in(app, &tunnel, "desktop", 20).await;
    app.expire(desktop).await;
    app.later(21);
    tell(app).await;
    let mut subjects = told(app, &anna).await;
    subjects.sort();
    assert_eq!(
        subjects,
        [
            "The Cloud Teams licence of Alpine Survey ends on 16 Dec 2026",
            "The trial of Cloud Pro in Alpine Survey ends on 19 Dec 2026",
        ]
    );
    let mails = app.mail_to(&anna.email).await;
    let lent = mails.iter().filter(|(_, text)| text.contains("It is lent to Tunnel North")).count();
    assert_eq!(lent, 1, "{mails:?}");
    // Who borrows it is told when it comes back, not that it ends with its owner; and what has ended is not told of.
    assert_eq!(told(app, &john).await, ["The trial of Cloud Pro in Tunnel North ends on 19 Dec 2026"]);
    app.healthy().await;
});

both!(lic_8_nobody_is_told_about_a_deleted_organization_until_it_is_restored, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    ending_in(app, &org, "cloud", 5).await;
    anna.call(
        axum::http::Method::DELETE,
        &format!("/api/v1/orgs/{}", org.org_id),
        Some(&json!({ "confirm": "Alpine Survey" })),
        &[],
    )
    .await
    .expect(204);
    tell(app).await;
    assert_eq!(told(app, &anna).await, Vec::<String>::new());
    anna.post(&format!("/api/v1/orgs/{}/restore", org.id), &json!({})).await.expect(200);
    tell(app).await;
    assert_eq!(told(app, &anna).await, ["The Cloud licence of Alpine Survey ends on 26 Nov 2026"]);
});

#[test]
fn lic_8_the_tests_begin_on_the_day_they_count_from() {
    assert_eq!(Timestamp(BEGINNING).day(), Day::from_civil(2026, 11, 21));
}
