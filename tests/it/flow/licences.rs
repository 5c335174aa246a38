//! Licences: what processing costs, what is given back, and what an expired one leaves (LIC).

use commonhold::{
    domain::{licence::Amount, resource::DatasetStatus, role::Role},
    server::usecase,
};
use serde_json::json;

use crate::both;

both!(lic_2_images_and_projects_are_charged_once_and_refunded_on_failure, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 100, 5).await;
    let dataset = anna.dataset(org.root, "Flight", 40).await;
    let set = app.set_status(dataset, DatasetStatus::Queued).await;
    assert_eq!((set.status, set.charged), (DatasetStatus::Queued, Amount { images: 40, projects: 1, credits: 0 }));
    for status in [DatasetStatus::Processing, DatasetStatus::Processed, DatasetStatus::Queued, DatasetStatus::Processed]
    {
        assert!(app.set_status(dataset, status).await.charged.is_nothing());
    }
    assert_eq!(app.left(licence).await, (60, 4, 0));
    app.set_status(dataset, DatasetStatus::Failed).await;
    assert_eq!(app.left(licence).await, (100, 5, 0));
    assert!(app.set_status(dataset, DatasetStatus::Failed).await.charged.is_nothing(), "refunded once");
    assert_eq!(app.left(licence).await, (100, 5, 0));
    let ledger = anna.get(&format!("/api/v1/licences/{licence}/ledger")).await.expect(200).json();
    let kinds: Vec<&str> =
        ledger["items"].as_array().expect("a list").iter().filter_map(|e| e["kind"].as_str()).collect();
    assert_eq!(kinds, ["refund", "spend", "grant"]);
    app.healthy().await;
});

both!(lic_1_a_licence_granted_today_is_active_also_where_the_clock_is_set_back, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.images_licence(&org, 100, 5).await;
    let desktop = app.desktop_licence(&org, 1).await;
    // It was 19:05.
    app.tick(-3_600_000);
    let listed = anna.get(&format!("/api/v1/orgs/{}/licences", org.org_id)).await.expect(200).json();
    let states: Vec<&str> =
        listed["items"].as_array().expect("a list").iter().filter_map(|row| row["state"].as_str()).collect();
    assert_eq!(states, ["active", "active", "active"], "{listed}");
    let dataset = anna.dataset(org.root, "Flight", 40).await;
    assert_eq!(app.set_status(dataset, DatasetStatus::Queued).await.status, DatasetStatus::Queued);
    assert_eq!(app.left(licence).await, (60, 4, 0));
    let reader = app.person("Rita").await;
    app.join(&org, &reader, Role::Reader).await;
    let seat = json!({ "person": reader.id });
    let given = anna.post(&format!("/api/v1/licences/{desktop}/seats"), &seat).await;
    assert!(given.status < 300, "{}", given.body);
    app.healthy().await;
});

both!(lic_2_credits_are_megapixels_times_images_by_a_hundred_rounded_up, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.credits_licence(&org, 100).await;
    let dataset = anna.dataset(org.root, "Flight", 101).await;
    assert_eq!(app.set_status(dataset, DatasetStatus::Processing).await.charged.credits, 21);
    assert_eq!(app.left(licence).await, (0, 0, 79));
    app.healthy().await;
});

both!(lic_2_what_cannot_be_paid_waits_and_starts_when_it_can, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let dataset = anna.dataset(org.root, "Flight", 40).await;
    assert_eq!(
        app.set_status(dataset, DatasetStatus::Queued).await.status,
        DatasetStatus::WaitingForCredits,
        "no cloud licence"
    );
    let small = app.images_licence(&org, 39, 5).await;
    assert_eq!(
        app.set_status(dataset, DatasetStatus::Queued).await.status,
        DatasetStatus::WaitingForCredits,
        "one image short"
    );
    assert_eq!(app.left(small).await, (39, 5, 0));
    app.expire(small).await;
    let enough = app.images_licence(&org, 40, 1).await;
    assert_eq!(app.set_status(dataset, DatasetStatus::Queued).await.status, DatasetStatus::Queued);
    assert_eq!(app.left(enough).await, (0, 0, 0));
    app.healthy().await;
});

both!(lic_6_with_an_expired_licence_one_looks_renames_and_moves_and_creates_nothing, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.credits_licence(&org, 10).await;
    let (a, b) = (anna.folder(org.root, "A").await, anna.folder(org.root, "B").await);
    let site = anna.site(org.root, "Site").await;
    let dataset = anna.dataset(site, "Flight", 1).await;
    let draft = anna.dataset(a, "Draft", 1).await;
    app.expire(licence).await;
    anna.show(a).await.expect(200);
    anna.rename(a, "A renamed").await.expect(200);
    anna.transfer(&[a], b).await.expect(201);
    anna.transfer(&[dataset], b).await.expect(201);
    let refused = anna.create(b, "folder", "New").await.expect(403);
    assert_eq!(refused.code(), "forbidden");
    assert!(refused.body.contains("expired"), "{}", refused.body);
    assert_eq!(anna.plan(&[draft], site).await.expect(200).blockers(), ["licence_tier_too_low"]);
    assert_eq!(app.set_status(draft, DatasetStatus::Queued).await.status, DatasetStatus::WaitingForCredits);
    app.healthy().await;
});

both!(lic_6_with_credits_used_up_everything_but_processing_works, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.credits_licence(&org, 0).await;
    let dataset = anna.dataset(org.root, "Flight", 10).await;
    let site = anna.site(org.root, "Site").await;
    anna.transfer(&[dataset], site).await.expect(201);
    assert_eq!(app.set_status(dataset, DatasetStatus::Queued).await.status, DatasetStatus::WaitingForCredits);
});

both!(lic_1_what_the_operator_grants_is_read_field_by_field, async |app| {
    use usecase::licence::operator::{GrantForm, grant};
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let form = |change: fn(&mut GrantForm)| {
        let mut form = GrantForm {
            org: org.org_id.clone(),
            product: "cloud-pro".to_owned(),
            model: Some("credits".to_owned()),
            credits: 5,
            ..GrantForm::default()
        };
        change(&mut form);
        form
    };
    grant(app.ctx(), &form(|_| {})).await.expect("this is right");
    grant(app.ctx(), &form(|form| form.org = form.org.to_uppercase())).await.expect("regardless of case");
    for wrong in [
        form(|form| form.credits = -1),
        form(|form| form.credits = i64::MAX),
        form(|form| form.images = 1),
        form(|form| form.model = None),
        form(|form| form.product = "discovery".to_owned()),
        form(|form| form.product = "moon".to_owned()),
        form(|form| form.until = Some("2026-02-30".to_owned())),
        form(|form| form.org = "nobody".to_owned()),
    ] {
        assert!(grant(app.ctx(), &wrong).await.is_err(), "{wrong:?}");
    }
    app.healthy().await;
});

both!(lic_1_a_licence_ends_after_its_last_day, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let form = usecase::licence::operator::GrantForm {
        org: org.org_id.clone(),
        product: "cloud-teams".to_owned(),
        model: Some("credits".to_owned()),
        credits: 100,
        until: Some("2026-11-22".to_owned()),
        ..usecase::licence::operator::GrantForm::default()
    };
    usecase::licence::operator::grant(app.ctx(), &form).await.expect("a licence");
    let state = async || {
        let list = anna.get(&format!("/api/v1/orgs/{}/licences", org.org_id)).await.expect(200).json();
        list["items"][1]["state"].clone()
    };
    app.later(1);
    assert_eq!(state().await, json!("active"), "on its last day");
    app.later(1);
    assert_eq!(state().await, json!("expired"));
    anna.create(org.root, "folder", "Late").await.expect(403);
});
