//! Every pair of models, and everything that can be in the way of a transfer: brought about, told with what would clear it,
//! cleared, and then the transfer is made (XFER-1 to XFER-13). The cases are a table that the browser's specs play as
//! well: `end2end/support/transfers.json`.

use std::collections::{BTreeMap, BTreeSet};

use commonhold::domain::{
    access::Level, blocker::BlockerCode, id::LicenceId, id::ResourceId, resource::DatasetStatus, role::Role,
    transfer::Grantee,
};
use serde::Deserialize;

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, read},
};

/// The table. A step is a verb and its words; see [`Fixture::step`].
#[derive(Deserialize)]
struct Table {
    pairs: Vec<Pair>,
    blockers: Vec<Case>,
}

type Step = Vec<String>;

#[derive(Deserialize)]
struct Pair {
    rule: String,
    #[serde(rename = "pair")]
    models: String,
    given: Vec<Step>,
    items: Vec<String>,
    /// What is in the way, if this direction is closed.
    blocker: Option<String>,
    /// What is left of each side's newest licence: images, projects, credits.
    left: BTreeMap<String, Books>,
}

#[derive(Deserialize)]
struct Books {
    before: (i64, i64, i64),
    after: (i64, i64, i64),
}

#[derive(Deserialize)]
struct Case {
    code: String,
    rule: String,
    /// The role of who transfers: nothing for the founder, `outside` for none at all.
    source: Option<String>,
    target: Option<String>,
    given: Vec<Step>,
    #[serde(default = "tunnels")]
    items: Vec<String>,
    #[serde(default = "target")]
    to: String,
    says: String,
    clear: Vec<Step>,
}

fn tunnels() -> Vec<String> {
    vec!["Tunnels".to_owned()]
}

fn target() -> String {
    "target".to_owned()
}

fn table() -> Table {
    serde_json::from_str(include_str!("../../../end2end/support/transfers.json")).expect("the table is read")
}

/// One side of a case.
struct Side {
    org: Org,
    founder: Person,
    licences: Vec<LicenceId>,
}

/// A case being played.
struct Fixture {
    app: TestApp,
    anna: Person,
    cora: Option<Person>,
    sides: BTreeMap<String, Side>,
    items: BTreeMap<String, (ResourceId, String)>,
    to: String,
}

impl Fixture {
    async fn new(app: &TestApp, source: Option<&str>, target: Option<&str>) -> Self {
        let anna = Person::sign_up(app, "Anna", "Berg", &format!("anna.{}@example.com", app.ctx().id())).await;
        let mut sides = BTreeMap::new();
        for (side, name, role) in [("source", "Alpine Survey", source), ("target", "Tunnel North", target)] {
            let founder = if role.is_none() { anna.clone() } else { app.person("Olga").await };
            let org = founder.create_org(name).await;
            if let Some(role) = role.and_then(|role| Role::parse(role).ok()) {
                app.join(&org, &anna, role).await;
            }
            sides.insert(side.to_owned(), Side { org, founder, licences: Vec::new() });
        }
        let to = "target".to_owned();
        Self { app: app.clone(), anna, cora: None, sides, items: BTreeMap::new(), to }
    }

    fn name(word: &str) -> String {
        word.to_owned()
    }

    fn item(&self, name: &str) -> ResourceId {
        self.items[name].0
    }

    /// A container: a side, for its root, or something by its name. With it, the side that it is on.
    fn place(&self, name: &str) -> (ResourceId, String) {
        match self.sides.get(name) {
            Some(side) => (side.org.root, name.to_owned()),
            None => self.items[name].clone(),
        }
    }

    async fn create(&mut self, container: &str, kind: &str, word: &str, images: Option<i64>) {
        let (parent, side) = self.place(container);
        let (founder, name) = (&self.sides[&side].founder, Self::name(word));
        let id = match images {
            Some(images) => founder.dataset(parent, &name, images).await,
            None => read(&founder.create(parent, kind, &name).await.expect(201).json()["id"]),
        };
        self.items.insert(word.to_owned(), (id, side));
    }

    async fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            let words: Vec<&str> = step.iter().map(String::as_str).collect();
            self.step(&words).await;
        }
    }

    /// Brings about one thing, as whoever may.
    async fn step(&mut self, words: &[&str]) {
        match words {
            // A folder with a processed dataset in it.
            ["flight"] => {
                self.create("source", "folder", "Tunnels", None).await;
                self.create("Tunnels", "dataset", "Flight", Some(60)).await;
                Box::pin(self.step(&["processed", "Flight"])).await;
            }
            // And nothing in its way.
            ["ready"] => {
                for side in ["source", "target"] {
                    Box::pin(self.step(&["licence", side, "cloud-pro", "images-projects", "1000", "10"])).await;
                }
                Box::pin(self.step(&["flight"])).await;
            }
            ["licence", side, product, model, amounts @ ..] => {
                let amounts: Vec<i64> = amounts.iter().map(|amount| amount.parse().expect("a number")).collect();
                let (images, projects, credits) = match amounts[..] {
                    [images, projects] => (images, projects, 0),
                    [credits] => (0, 0, credits),
                    _ => panic!("{words:?}"),
                };
                let org = self.sides[*side].org.clone();
                let id = self.app.licence(&org, product, model, images, projects, credits).await;
                self.sides.get_mut(*side).expect("a side").licences.push(id);
            }
            ["expire", side] => self.app.expire(*self.sides[*side].licences.last().expect("a licence")).await,
            ["create", container, "dataset", name, images] => {
                let images = images.parse().expect("a number");
                self.create(container, "dataset", name, Some(images)).await;
            }
            ["create", container, kind, name] => self.create(container, kind, name, None).await,
            ["chain", container, levels, name] => {
                let levels: usize = levels.parse().expect("a number");
                let mut at = (*container).to_owned();
                for level in 1..=levels {
                    let next = if level == levels { (*name).to_owned() } else { format!("Level {level}") };
                    self.create(&at, "folder", &next, None).await;
                    at = next;
                }
            }
            ["processed", name] => {
                let set = self.app.set_status(self.item(name), DatasetStatus::Processed).await;
                assert_eq!(set.status, DatasetStatus::Processed);
            }
            ["share", name] => self.app.share(self.item(name), "a link").await,
            ["rename", name, new] => {
                self.anna.rename(self.item(name), new).await.expect(200);
            }
            ["unassign", name] => {
                self.anna.unassign(self.item(name)).await;
            }
            ["role", side, role] => {
                let Side { org, founder, .. } = &self.sides[*side];
                founder.change_role(org, self.anna.id, role).await.expect(200);
            }
            ["outside", name] => {
                let grantee = Grantee::Person(self.anna.id);
                self.app.give(self.item(name), grantee, Level::Editor, false).await;
            }
            ["invite", side, role] => {
                let Side { org, founder, .. } = &self.sides[*side];
                founder.invite(org, &self.anna.email, role).await;
            }
            ["accept", _] => {
                let token = self.app.invitation_token(&self.anna.email).await;
                self.anna.accept(&token).await.expect(200);
            }
            ["colleague", side] => {
                let email = format!("cora.{}@example.com", self.app.ctx().id());
                let cora = Person::sign_up(&self.app, "Cora", "Berg", &email).await;
                self.app.join(&self.sides[*side].org, &cora, Role::Member).await;
                self.cora = Some(cora);
            }
            ["give", name] => {
                let cora = self.cora.as_ref().expect("a colleague");
                let to = serde_json::json!({ "email": cora.email });
                self.anna.give(self.item(name), to, "reader").await.expect(200);
            }
            ["take", name] => {
                let access = self.anna.access(self.item(name), "").await.expect(200).json();
                let items = access["items"].as_array().cloned().unwrap_or_default();
                for grant in items.iter().filter(|one| one["source"] == "direct") {
                    let id = grant["grant"].as_str().or_else(|| grant["id"].as_str()).expect("a grant");
                    self.anna.take(self.item(name), id).await.expect(204);
                }
            }
            ["to", place] => (*place).clone_into(&mut self.to),
            other => panic!("no such step: {other:?}"),
        }
    }

    fn chosen(&self, items: &[String]) -> Vec<ResourceId> {
        items.iter().map(|name| self.item(name)).collect()
    }

    async fn plan(&self, items: &[String]) -> Answer {
        self.anna.plan(&self.chosen(items), self.place(&self.to).0).await.expect(200)
    }

    async fn confirm(&self, items: &[String], digest: &str) -> Answer {
        self.anna.confirm(&self.chosen(items), self.place(&self.to).0, digest).await
    }

    async fn left(&self, side: &str) -> (i64, i64, i64) {
        self.app.left(*self.sides[side].licences.last().expect("a licence")).await
    }

    /// The books of both sides, and where the items are: what a refusal leaves as it was.
    async fn books(&self, items: &[String]) -> (Vec<(i64, i64, i64)>, Vec<Option<ResourceId>>) {
        let mut left = Vec::new();
        for licence in self.sides.values().flat_map(|side| &side.licences) {
            left.push(self.app.left(*licence).await);
        }
        let mut parents = Vec::new();
        for item in self.chosen(items) {
            parents.push(self.app.stored(item).await.parent);
        }
        (left, parents)
    }
}

fn words(says: &str) -> String {
    says.replace("{source}", "Alpine Survey").replace("{target}", "Tunnel North")
}

fn digest(plan: &Answer) -> String {
    plan.json()["digest"].as_str().expect("a digest").to_owned()
}

/// Brought about, told, refused with nothing changed; then cleared, told to be clear, and done.
async fn blocked_then_done(app: &TestApp, case: &Case) {
    let about = format!("{} ({})", case.code, case.rule);
    let mut fixture = Fixture::new(app, case.source.as_deref(), case.target.as_deref()).await;
    fixture.to.clone_from(&case.to);
    fixture.steps(&case.given).await;
    let plan = fixture.plan(&case.items).await;
    let blockers: BTreeSet<String> = plan.blockers().into_iter().collect();
    assert_eq!(blockers, BTreeSet::from([case.code.clone()]), "{about}: {}", plan.body);
    let says = words(&case.says);
    let told = plan.json()["blockers"].as_array().cloned().unwrap_or_default();
    assert!(told.iter().any(|one| one["message"] == says), "{about}: {told:?}");
    // The page of the dialog says the same.
    let query: String = fixture.chosen(&case.items).iter().map(|id| format!("&item={id}")).collect();
    let dialog = |fixture: &Fixture| {
        let (org, to) = (&fixture.sides["source"].org.org_id, fixture.place(&fixture.to).0);
        format!("/o/{org}/drive?dialog=transfer{query}&destination={to}")
    };
    let page = fixture.anna.page(&dialog(&fixture)).await.expect(200);
    let written = page.body.replace("&amp;", "&").replace("&#x27;", "'");
    assert!(written.contains(&says), "{about}: the dialog says so");
    assert!(page.body.contains("What is in the way"), "{about}");

    let before = fixture.books(&case.items).await;
    let refused = fixture.confirm(&case.items, &digest(&plan)).await.expect(409);
    assert_eq!(refused.code(), "blocked", "{about}");
    assert_eq!(refused.blockers().into_iter().collect::<BTreeSet<_>>(), blockers, "{about}");
    assert_eq!(fixture.books(&case.items).await, before, "{about}: nothing changed");

    fixture.steps(&case.clear).await;
    let cleared = fixture.plan(&case.items).await;
    assert_eq!(cleared.blockers(), Vec::<String>::new(), "{about}");
    assert_eq!(fixture.confirm(&case.items, &digest(&plan)).await.expect(409).code(), "plan_changed", "{about}");
    fixture.confirm(&case.items, &digest(&cleared)).await.expect(201);
    let to = fixture.place(&fixture.to).0;
    for item in fixture.chosen(&case.items) {
        assert_eq!(app.stored(item).await.parent, Some(to), "{about}");
    }
}

both!(xfer_15_everything_that_can_be_in_the_way_is_told_cleared_and_then_the_transfer_is_made, async |app| {
    let table = table();
    for case in &table.blockers {
        blocked_then_done(app, case).await;
    }
    // Every code of the API has a case.
    let codes: BTreeSet<&str> = table.blockers.iter().map(|case| case.code.as_str()).collect();
    let mut known: BTreeSet<&str> = BlockerCode::ALL.into_iter().map(BlockerCode::as_str).collect();
    // Of offers and of taking back alone, and tried there (XFER-18, XFER-19): what is planned is what is there.
    assert!(known.remove("changed_since"));
    // Of moves within an organization alone, and tried with restrictions (POL-1).
    for code in ["deletion_restricted", "copy_restricted", "download_restricted"] {
        assert!(known.remove(code));
    }
    // Of organizations on a trial alone (LIC-7).
    assert!(known.remove("target_on_trial"));
    // Of people whose membership is capped alone (JOB-5).
    assert!(known.remove("not_billable"));
    // Of organizations with a limit on storage alone, and tried with files (FILE-6).
    assert!(known.remove("storage_too_small"));
    assert_eq!(codes, known);
    app.healthy().await;
});

both!(xfer_8_xfer_10_xfer_11_xfer_12_every_pair_of_models_with_the_books_of_both_sides, async |app| {
    let table = table();
    let mut pairs = BTreeSet::new();
    for pair in &table.pairs {
        let about = format!("{} ({})", pair.models, pair.rule);
        pairs.insert(pair.models.clone());
        let mut fixture = Fixture::new(app, None, None).await;
        fixture.steps(&pair.given).await;
        for (side, books) in &pair.left {
            assert_eq!(fixture.left(side).await, books.before, "{about}: {side} before");
        }
        let plan = fixture.plan(&pair.items).await;
        assert_eq!(plan.json()["effects"]["model_pair"], pair.models, "{about}");
        if let Some(blocker) = &pair.blocker {
            assert_eq!(plan.blockers(), std::slice::from_ref(blocker), "{about}");
            fixture.confirm(&pair.items, &digest(&plan)).await.expect(409);
        } else {
            let receipt = fixture.confirm(&pair.items, &digest(&plan)).await.expect(201).json();
            assert_eq!(receipt["effects"], plan.json()["effects"], "{about}: what was confirmed is what happened");
            for (side, action) in [("source", "transfer.sent"), ("target", "transfer.received")] {
                let org = &fixture.sides[side].org;
                let told = fixture.anna.audit(org).await;
                assert_eq!(told.iter().filter(|line| *line == action).count(), 1, "{about}: {told:?}");
                assert_eq!(told.iter().filter(|line| line.starts_with("transfer.")).count(), 1, "{about}: {told:?}");
                let page = format!("/o/{}/transfers/{}", org.org_id, receipt["id"].as_str().expect("an id"));
                let page = fixture.anna.page(&page).await.expect(200);
                assert!(page.body.contains("Flight") && page.body.contains("Receipt"), "{about}");
            }
        }
        for (side, books) in &pair.left {
            assert_eq!(fixture.left(side).await, books.after, "{about}: {side} after");
            // As the API says it, too.
            let Side { org, licences, .. } = &fixture.sides[side];
            let list = fixture.anna.get(&format!("/api/v1/orgs/{}/licences", org.org_id)).await.expect(200).json();
            let newest = licences.last().expect("a licence").to_string();
            let shown = list["items"].as_array().cloned().unwrap_or_default();
            let shown = shown.into_iter().find(|one| one["id"] == newest.as_str()).expect("the licence is listed");
            let left = |what: &str| {
                let of = &shown[what];
                of["total"].as_i64().unwrap_or(0) - of["used"].as_i64().unwrap_or(0)
            };
            let told = (left("images"), left("projects"), shown["credits"].as_i64().unwrap_or(0));
            assert_eq!(told, books.after, "{about}: {side}: {shown}");
        }
    }
    assert_eq!(pairs.len(), 4, "every pair");
    app.healthy().await;
});
