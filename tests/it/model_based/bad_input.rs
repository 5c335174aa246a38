//! Numbers that make no sense, and facts that change between plan and confirmation: each is refused in so many words, and the
//! books stay as they were.

use commonhold::{
    domain::{id::LicenceId, id::ResourceId, resource::DatasetStatus, role::Role},
    rpc::transfer::ConfirmTransfer,
    server::usecase::{self, licence::operator::GrantForm},
};
use leptos::server_fn::ServerFn;
use serde_json::json;

use super::doctor::program;
use crate::{
    both,
    support::{Answer, Org, Person, TestApp},
};

/// Two organizations of Anna's, and a processed dataset of 30 images in the first, with a plan for the second.
struct Fixture {
    app: TestApp,
    anna: Person,
    source: Org,
    target: Org,
    from: LicenceId,
    to: LicenceId,
    flight: ResourceId,
    digest: String,
}

impl Fixture {
    async fn new(app: &TestApp, until: Option<&str>) -> Self {
        let anna = app.person("Anna").await;
        let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
        let grant = async |org: &Org, until: Option<&str>| {
            let form = GrantForm {
                org: org.org_id.clone(),
                product: "cloud-pro".to_owned(),
                model: Some("images-projects".to_owned()),
                images: 100,
                projects: 4,
                until: until.map(str::to_owned),
                ..GrantForm::default()
            };
            usecase::licence::operator::grant(app.ctx(), &form).await.expect("a licence")
        };
        let (from, to) = (grant(&source, None).await, grant(&target, until).await);
        let flight = anna.dataset(source.root, "Flight", 30).await;
        app.set_status(flight, DatasetStatus::Processed).await;
        let plan = anna.plan(&[flight], target.root).await.expect(200);
        assert_eq!(plan.blockers(), Vec::<String>::new());
        let digest = plan.json()["digest"].as_str().expect("a digest").to_owned();
        Self { app: app.clone(), anna, source, target, from, to, flight, digest }
    }

    async fn confirm(&self) -> Answer {
        self.anna.confirm(&[self.flight], self.target.root, &self.digest).await
    }

    async fn transfer(&self) -> Answer {
        self.anna.transfer(&[self.flight], self.target.root).await
    }

    async fn books(&self) -> [(i64, i64, i64); 2] {
        [self.app.left(self.from).await, self.app.left(self.to).await]
    }

    /// Both ways of asking are refused like this, and nothing has changed.
    async fn refused(&self, confirmed: (u16, &str), asked: (u16, &str)) {
        let before = self.books().await;
        for (answer, (status, code)) in [(self.confirm().await, confirmed), (self.transfer().await, asked)] {
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.body);
            let words = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
            assert!(!words.is_empty(), "it says why: {}", answer.body);
        }
        assert_eq!(self.books().await, before);
        let stored = self.app.stored(self.flight).await;
        assert_eq!((stored.organization, stored.charged_to), (self.source.id, Some(self.from)));
        assert_eq!(self.app.count("SELECT COUNT(*) FROM transfer").await, 0);
        self.app.healthy().await;
    }
}

both!(xfer_10_xfer_15_an_allowance_used_up_between_plan_and_confirmation, async |app| {
    let fixture = Fixture::new(app, None).await;
    let other = fixture.anna.dataset(fixture.target.root, "Theirs", 71).await;
    app.set_status(other, DatasetStatus::Queued).await;
    assert_eq!(app.left(fixture.to).await, (29, 3, 0), "one image too few");
    fixture.refused((409, "plan_changed"), (409, "blocked")).await;
    assert_eq!(fixture.transfer().await.blockers(), ["allowance_too_small"]);
    // What failed there is given back, and the plan is what it was.
    app.set_status(other, DatasetStatus::Failed).await;
    fixture.confirm().await.expect(201);
    assert_eq!(fixture.books().await, [(100, 4, 0), (70, 3, 0)]);
    app.healthy().await;
});

both!(xfer_8_lic_1_a_licence_that_expires_at_that_moment, async |app| {
    let fixture = Fixture::new(app, Some("2026-11-22")).await;
    // Until the first moment of the 23rd.
    let until = commonhold::domain::time::Day::parse_iso("2026-11-23").expect("a day").start();
    app.tick(until.0 - app.ctx().now().0);
    fixture.refused((409, "plan_changed"), (409, "blocked")).await;
    assert_eq!(fixture.transfer().await.blockers(), ["target_licence_inactive"]);
    let theirs = fixture.anna.plan(&[fixture.flight], fixture.target.root).await.expect(200);
    assert_eq!(theirs.blockers(), ["target_licence_inactive"]);
    // One millisecond before, it was fine.
    app.tick(-1);
    fixture.confirm().await.expect(201);
    // Neither is anything processed from that moment on.
    let late = async |name: &str| fixture.anna.dataset(fixture.target.root, name, 1).await;
    let (early, at_the_end) = (late("Early").await, late("At the end").await);
    assert_eq!(app.set_status(early, DatasetStatus::Queued).await.status, DatasetStatus::Queued);
    app.tick(1);
    assert_eq!(app.set_status(at_the_end, DatasetStatus::Queued).await.status, DatasetStatus::WaitingForCredits);
    assert_eq!(app.left(fixture.to).await, (69, 2, 0));
    app.healthy().await;
});

both!(xfer_12_the_sources_licence_expires_between_plan_and_confirmation, async |app| {
    let fixture = Fixture::new(app, None).await;
    app.expire(fixture.from).await;
    fixture.refused((409, "plan_changed"), (409, "blocked")).await;
    assert_eq!(fixture.transfer().await.blockers(), ["source_licence_inactive"]);
    // Ending it once more changes nothing: when it ended says which licence ended last.
    let ended = app.count("SELECT active_until FROM licence WHERE active_until IS NOT NULL").await;
    app.later(3);
    app.expire(fixture.from).await;
    assert_eq!(app.count("SELECT active_until FROM licence WHERE active_until IS NOT NULL").await, ended);
});

both!(xfer_13_org_4_the_target_organization_is_deleted_meanwhile, async |app| {
    let fixture = Fixture::new(app, None).await;
    let delete = async |org: &Org, name: &str| {
        let path = format!("/api/v1/orgs/{}", org.id);
        let gone = fixture.anna.call(axum::http::Method::DELETE, &path, Some(&json!({ "confirm": name })), &[]).await;
        assert!(gone.status < 300, "{}", gone.body);
    };
    let restore = async |org: &Org| {
        let back = fixture.anna.post(&format!("/api/v1/orgs/{}/restore", org.id), &json!({})).await;
        assert!(back.status < 300, "{}", back.body);
    };
    for (org, name) in [(&fixture.target, "Tunnel North"), (&fixture.source, "Alpine Survey")] {
        delete(org, name).await;
        fixture.refused((404, "not_found"), (404, "not_found")).await;
        fixture.anna.plan(&[fixture.flight], fixture.target.root).await.expect(404);
        // The dialog's form leads back to its page, and that says so.
        let (item, to) = (fixture.flight.to_string(), fixture.target.root.to_string());
        let from = format!("/o/{}/drive?dialog=transfer&item={item}&destination={to}", fixture.source.org_id);
        let fields = [("items", item.as_str()), ("destination", to.as_str()), ("digest", fixture.digest.as_str())];
        let answer = fixture.anna.form(ConfirmTransfer::url(), &from, &fields).await;
        assert_eq!((matches!(answer.status, 302 | 303), answer.location()), (true, from.as_str()), "{}", answer.body);
        let page = fixture.anna.page(&from).await;
        assert!(page.body.contains("This does not exist, or you do not have access to it."), "{}", page.status);
        restore(org).await;
    }
    // Restored, everything is as it was when it was planned.
    fixture.confirm().await.expect(201);
    app.healthy().await;
});

both!(xfer_6_xfer_15_a_role_or_the_place_goes_between_plan_and_confirmation, async |app| {
    let fixture = Fixture::new(app, None).await;
    let john = app.person("John").await;
    app.join(&fixture.target, &john, Role::Owner).await;
    john.change_role(&fixture.target, fixture.anna.id, "reader").await.expect(200);
    fixture.refused((409, "plan_changed"), (409, "blocked")).await;
    assert_eq!(fixture.transfer().await.blockers(), ["target_role_too_low"]);
    john.remove(&fixture.target, &[fixture.anna.id]).await;
    fixture.refused((404, "not_found"), (404, "not_found")).await;

    app.join(&fixture.target, &fixture.anna, Role::Manager).await;
    let place = fixture.anna.folder(fixture.target.root, "Place").await;
    let plan = fixture.anna.plan(&[fixture.flight], place).await.expect(200).json();
    john.trash(place).await;
    let digest = plan["digest"].as_str().expect("a digest");
    assert_eq!(fixture.anna.confirm(&[fixture.flight], place, digest).await.expect(404).code(), "not_found");
    assert_eq!(app.stored(fixture.flight).await.organization, fixture.source.id);
    app.healthy().await;
});

both!(lic_1_negative_and_huge_numbers_on_the_command_line, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let credits = ["licence", "grant", "--org", &org.org_id, "--product", "cloud-pro", "--model", "credits"];
    let images = ["licence", "grant", "--org", &org.org_id, "--product", "cloud-pro", "--model", "images-projects"];
    let desktop = ["licence", "grant", "--org", &org.org_id, "--product", "desktop"];
    let cases: &[(&[&str], &[&str], &str)] = &[
        (&credits, &["--credits", "-1"], "--credits: Enter a whole number from 0 to 1,000,000,000,000."),
        (&credits, &["--credits=-5"], "--credits: Enter a whole number from 0"),
        (&credits, &["--credits", "1000000000001"], "--credits: Enter a whole number from 0 to 1,000,000,000,000."),
        (&credits, &["--credits", "9223372036854775807"], "--credits: Enter a whole number from 0"),
        (&credits, &["--credits", "9223372036854775808"], "invalid value '9223372036854775808' for '--credits"),
        (&credits, &["--credits", "1e6"], "invalid value '1e6' for '--credits"),
        (&credits, &["--images", "5"], "--model"),
        (&images, &["--images", "-1", "--projects", "-1"], "--projects: Enter a whole number from 0"),
        (&images, &["--images", "-9223372036854775808"], "--images: Enter a whole number from 0"),
        (&images, &["--credits", "1"], "--model"),
        (&desktop, &["--seats", "-1"], "--seats: Enter a whole number from 1"),
        (&desktop, &["--seats", "0"], "--seats: Enter a whole number from 1"),
        (&desktop, &["--credits", "1"], "--model"),
        (&credits, &["--until", "2026-02-30"], "--until: Enter a day like 2026-11-21."),
    ];
    let licences = app.count("SELECT COUNT(*) FROM licence").await;
    for (grant, words, told) in cases {
        let words: Vec<&str> = grant.iter().chain(*words).copied().collect();
        let (code, says, complains) = program(app, &words).await;
        assert!(matches!(code, Some(1 | 2)), "{words:?}: {code:?} {says} {complains}");
        assert!(complains.contains(told), "{words:?}: {complains}");
    }
    for words in [["licence", "expire", "nonsense"], ["licence", "expire", "00000000-0000-0000-0000-000000000000"]] {
        let (code, _, complains) = program(app, &words).await;
        assert!(code == Some(1) && !complains.trim().is_empty(), "{words:?}: {complains}");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM licence").await, licences, "nothing was granted");
    assert_eq!(app.count("SELECT COUNT(*) FROM ledger_entry").await, 0);
    let (code, id, complains) = program(app, &[&credits[..], &["--credits", "1000000000000"]].concat()).await;
    assert_eq!(code, Some(0), "{complains}");
    let id: LicenceId = id.trim().parse().expect("an id");
    assert_eq!(app.left(id).await, (0, 0, 1_000_000_000_000), "the most that is granted at a time");
    app.healthy().await;
});

both!(lic_2_the_largest_dataset_costs_more_than_anybody_has_and_nothing_overflows, async |app| {
    const MOST: i64 = 1_000_000_000_000_000;
    let fixture = Fixture::new(app, None).await;
    let mut big = Vec::new();
    for number in 0..20 {
        let dataset = fixture.anna.dataset(fixture.source.root, &format!("Big {number}"), MOST).await;
        let set = app.set_status(dataset, DatasetStatus::Queued).await;
        assert_eq!(set.status, DatasetStatus::WaitingForCredits);
        assert!(set.charged.is_nothing());
        // The operator may say so where no licence paid.
        app.set_status(dataset, DatasetStatus::Processed).await;
        big.push(dataset);
    }
    let plan = fixture.anna.plan(&big, fixture.target.root).await.expect(200);
    assert_eq!(plan.blockers(), ["allowance_too_small"]);
    assert_eq!(plan.json()["images"], 20 * MOST);
    assert_eq!(fixture.anna.transfer(&big, fixture.target.root).await.expect(409).code(), "blocked");
    let credits = app.credits_licence(&fixture.anna.create_org("Credits").await, 5).await;
    assert_eq!(app.left(credits).await, (0, 0, 5));
    assert_eq!(fixture.books().await, [(70, 3, 0), (100, 4, 0)]);
    app.healthy().await;
});
