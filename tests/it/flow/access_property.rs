//! ACCESS-1 and ACCESS-3 as a property: for random trees, roles, grants to people and to organizations (by hand and carried),
//! moves, trashing and restoring, what each person can list, open, search and fetch is exactly what the rule says, before and
//! after (XFER-3 included). **View as** shows exactly the same.

use std::collections::{BTreeMap, BTreeSet};

use commonhold::domain::{
    access::{Level, role_level},
    id::{OrganizationId, PersonId, ResourceId},
    role::Role,
    transfer::Grantee,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::support::{Org, Person, TestApp, on_postgres, on_sqlite};

/// A resource in the model.
struct Node {
    parent: Option<ResourceId>,
    name: String,
    site: bool,
    dataset: bool,
    /// The item that it was trashed with.
    trashed: Option<ResourceId>,
}

/// The rule, written a second time.
#[derive(Default)]
struct Model {
    nodes: BTreeMap<ResourceId, Node>,
    grants: BTreeMap<(ResourceId, Grantee, bool), Level>,
    roles: BTreeMap<(OrganizationId, PersonId), Role>,
    owner: Option<OrganizationId>,
}

impl Model {
    fn up(&self, from: ResourceId) -> Vec<ResourceId> {
        let mut way = vec![from];
        while let Some(parent) = self.nodes[&way[way.len() - 1]].parent {
            way.push(parent);
        }
        way
    }

    fn children(&self, of: ResourceId) -> Vec<ResourceId> {
        let inside = |node: &Node| node.parent == Some(of) && node.trashed.is_none();
        self.nodes.iter().filter(|(_, node)| inside(node)).map(|(id, _)| *id).collect()
    }

    /// The level on something that is not in the trash.
    fn seen(&self, person: PersonId, id: ResourceId) -> Option<Level> {
        self.level(person, id).filter(|_| self.nodes[&id].trashed.is_none())
    }

    /// The items that were trashed themselves, not with their container.
    fn tops(&self) -> Vec<ResourceId> {
        self.nodes.iter().filter(|(id, node)| node.trashed == Some(**id)).map(|(id, _)| *id).collect()
    }

    fn trash(&mut self, item: ResourceId) {
        let inside: Vec<ResourceId> = self.nodes.keys().copied().filter(|id| self.up(*id).contains(&item)).collect();
        for id in inside {
            let node = self.nodes.get_mut(&id).expect("known");
            node.trashed = node.trashed.or(Some(item));
        }
    }

    /// Restores it to its container. If that is in the trash, to the root, and then whoever had access by the container keeps it.
    fn restore(&mut self, item: ResourceId) {
        let parent = self.nodes[&item].parent.expect("no root");
        if self.nodes[&parent].trashed.is_some() {
            let mut above = self.up(parent);
            let root = above.pop().expect("a root");
            let grantees: BTreeSet<Grantee> =
                self.grants.keys().filter(|(on, _, _)| above.contains(on)).map(|(_, to, _)| *to).collect();
            for to in grantees {
                let had = self.highest(&above, to);
                if had > self.highest(&[item], to) {
                    self.grants.insert((item, to, true), had.expect("a level"));
                }
            }
            self.nodes.get_mut(&item).expect("known").parent = Some(root);
        }
        for node in self.nodes.values_mut().filter(|node| node.trashed == Some(item)) {
            node.trashed = None;
        }
    }

    /// Whether an organization knows somebody: they are in it, or were given something in it themselves.
    fn knows(&self, person: PersonId) -> bool {
        let owner = self.owner.expect("an organization");
        let given = |to: &Grantee| *to == Grantee::Person(person);
        self.roles.contains_key(&(owner, person)) || self.grants.keys().any(|(_, to, _)| given(to))
    }

    fn is(&self, grantee: Grantee, person: PersonId) -> bool {
        match grantee {
            Grantee::Person(id) => id == person,
            Grantee::Organization(id) => self.roles.contains_key(&(id, person)),
        }
    }

    /// ACCESS-1: the highest of the role and every grant on it or above it.
    fn level(&self, person: PersonId, id: ResourceId) -> Option<Level> {
        let owner = self.owner.expect("an organization");
        let by_role = self.roles.get(&(owner, person)).copied().and_then(role_level);
        let way = self.up(id);
        let granted = self.grants.iter().filter(|((on, to, _), _)| way.contains(on) && self.is(*to, person));
        // JOB-5: nobody's membership says otherwise here, so what was granted to an organization comes as Editor at most.
        let reaching = granted.map(|((_, to, _), level)| match to {
            Grantee::Person(_) => *level,
            Grantee::Organization(_) => (*level).min(Level::Editor),
        });
        reaching.chain(by_role).max()
    }

    fn highest(&self, on: &[ResourceId], to: Grantee) -> Option<Level> {
        self.grants.iter().filter(|((id, who, _), _)| on.contains(id) && *who == to).map(|(_, level)| *level).max()
    }

    /// XFER-3: inherited access becomes a carried grant where the new container does not give as much.
    fn move_to(&mut self, item: ResourceId, destination: ResourceId) {
        let (above, below) = (self.up(self.nodes[&item].parent.expect("no root")), self.up(destination));
        if self.nodes[&destination].site {
            self.grants.retain(|(on, _, carried), _| *on != item || !carried);
        } else {
            let grantees: BTreeSet<Grantee> =
                self.grants.keys().filter(|(on, _, _)| above.contains(on)).map(|(_, to, _)| *to).collect();
            for to in grantees {
                let kept = self.highest(&below, to).max(self.highest(&[item], to));
                let had = self.highest(&above, to);
                if had > kept {
                    self.grants.insert((item, to, true), had.expect("a level"));
                }
            }
        }
        self.nodes.get_mut(&item).expect("known").parent = Some(destination);
    }
}

/// Compares what everybody sees with the rule.
async fn compare(model: &Model, org: &Org, people: &[Person], pages: bool, told: &str) {
    for person in people {
        let mut seen_anything = false;
        for (id, node) in &model.nodes {
            let expected = model.seen(person.id, *id);
            let shown = person.show(*id).await;
            let listed = person.children(*id, "?limit=200").await;
            let Some(level) = expected else {
                assert_eq!((shown.status, listed.status), (404, 404), "{told}: {} and {}", person.name, node.name);
                continue;
            };
            seen_anything = true;
            let shown = shown.expect(200).json();
            assert_eq!(shown["level"], level.as_str(), "{told}: {} and {}", person.name, node.name);
            let children: BTreeSet<String> =
                model.children(*id).iter().map(|child| model.nodes[child].name.clone()).collect();
            assert_eq!(shown["children_count"], children.len(), "{told}");
            assert_eq!(listed.expect(200).names().into_iter().collect::<BTreeSet<_>>(), children, "{told}");
            // ACCESS-3: an ancestor that one may not see is not shown.
            let path: Vec<String> = model
                .up(*id)
                .into_iter()
                .take_while(|step| model.level(person.id, *step).is_some())
                .map(|step| model.nodes[&step].name.clone())
                .collect();
            let crumbs = shown["path"].as_array().expect("a path");
            let crumbs: Vec<&str> = crumbs.iter().rev().filter_map(|crumb| crumb["name"].as_str()).collect();
            assert_eq!(crumbs, path, "{told}: {} and {}", person.name, node.name);
            assert_eq!(shown["parent"].is_null(), path.len() == 1, "{told}");
        }
        let member = model.roles.contains_key(&(org.id, person.id));
        let organization = person.get(&format!("/api/v1/orgs/{}", org.org_id)).await.status;
        assert_eq!(organization, if member || seen_anything { 200 } else { 404 }, "{told}: {}", person.name);
        if member || seen_anything {
            found(model, org, person, told).await;
            in_trash(model, org, person, told).await;
            if pages {
                shared_page(model, org, person, told).await;
            }
        }
    }
}

/// A search for a word that every name has finds exactly what one sees (DRIVE-2, ACCESS-3).
async fn found(model: &Model, org: &Org, person: &Person, told: &str) {
    let seen = |id: &ResourceId| *id != org.root && model.seen(person.id, *id).is_some();
    let expected: BTreeSet<String> =
        model.nodes.iter().filter(|(id, _)| seen(id)).map(|(_, node)| node.name.clone()).collect();
    let at = |q: &str| format!("/api/v1/orgs/{}/search?limit=200&q={q}", org.org_id);
    let answer = person.get(&at("x")).await.expect(200);
    let levels: BTreeMap<String, String> = answer.json()["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| {
            let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
            (text("name"), text("level"))
        })
        .collect();
    assert_eq!(levels.keys().cloned().collect::<BTreeSet<_>>(), expected, "{told}: {} searches", person.name);
    for (id, node) in model.nodes.iter().filter(|(id, _)| seen(id)) {
        let level = model.seen(person.id, *id).map(Level::as_str);
        assert_eq!(levels.get(&node.name).map(String::as_str), level, "{told}: {} and {}", person.name, node.name);
    }
    for (id, node) in model.nodes.iter().filter(|(id, _)| **id != org.root) {
        let names = person.get(&at(&node.name)).await.expect(200).names();
        let expected: Vec<String> = seen(id).then(|| node.name.clone()).into_iter().collect();
        assert_eq!(names, expected, "{told}: {} searches for {}", person.name, node.name);
    }
}

/// The trash shows an item to those who could have trashed it.
async fn in_trash(model: &Model, org: &Org, person: &Person, told: &str) {
    let editor = |id: &ResourceId| model.level(person.id, *id) >= Some(Level::Editor);
    let expected: BTreeSet<String> =
        model.tops().iter().filter(|id| editor(id)).map(|id| model.nodes[id].name.clone()).collect();
    let listed: BTreeSet<String> = person.in_trash(org).await.into_iter().collect();
    assert_eq!(listed, expected, "{told}: {} and the trash", person.name);
}

/// **View as** answers exactly like the other person's call; people whom the organization does not know are not found.
async fn with_view(model: &Model, org: &Org, viewer: &Person, people: &[Person], told: &str) {
    for person in people.iter().filter(|person| person.id != viewer.id) {
        let mut paths: Vec<String> = model
            .nodes
            .keys()
            .flat_map(|id| [format!("/api/v1/resources/{id}?"), format!("/api/v1/resources/{id}/children?limit=200&")])
            .collect();
        paths.push(format!("/api/v1/orgs/{}/search?q=x&limit=200&", org.org_id));
        paths.push(format!("/api/v1/orgs/{}/shared?limit=200&", org.org_id));
        for path in paths {
            let own = person.get(path.trim_end_matches(['?', '&'])).await;
            let seen = viewer.get(&format!("{path}as={}", person.id)).await;
            let expected = if model.knows(person.id) { own.status } else { 404 };
            assert_eq!(seen.status, expected, "{told}: {path} as {}", person.name);
            if expected == 200 {
                assert_eq!(seen.json(), own.json(), "{told}: {path} as {}", person.name);
            }
        }
    }
}

/// "Shared with you" names what was given, and nothing else.
async fn shared_page(model: &Model, org: &Org, person: &Person, told: &str) {
    if model.level(person.id, org.root).is_some() {
        return;
    }
    let listed = person.get(&format!("/api/v1/orgs/{}/shared?limit=200", org.org_id)).await.expect(200).names();
    let given = |id: &ResourceId| {
        let granted = model.grants.iter().any(|((on, to, _), _)| on == id && model.is(*to, person.id));
        granted && model.nodes[id].trashed.is_none()
    };
    let expected: BTreeSet<String> =
        model.nodes.iter().filter(|(id, _)| given(id)).map(|(_, node)| node.name.clone()).collect();
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), expected, "{told}: {}", person.name);
    let page = person.page(&format!("/o/{}/drive", org.org_id)).await.expect(200).body;
    assert!(page.contains("Shared with you"), "{told}");
    for (id, node) in &model.nodes {
        let given = given(id);
        assert_eq!(
            page.contains(&format!("Select {}\"", node.name)),
            given,
            "{told}: {} and {}",
            person.name,
            node.name
        );
        assert!(given || !page.contains(&id.to_string()), "{told}: {} and the id of {}", person.name, node.name);
    }
}

async fn history(app: &TestApp, seed: u64, steps: usize) {
    let mut random = StdRng::seed_from_u64(seed);
    let anna = app.person("Anna").await;
    let (org, guests) = (anna.create_org("Alpine Survey").await, anna.create_org("Guests").await);
    app.licence(&org, "cloud-enterprise", "images-projects", 1_000, 100, 0).await;
    let mut people = vec![anna.clone()];
    let mut model = Model { owner: Some(org.id), ..Model::default() };
    for organization in [&org, &guests] {
        model.roles.insert((organization.id, anna.id), Role::Owner);
    }
    for (name, role, guest) in [
        ("Ed", Some(Role::Editor), false),
        ("Rita", Some(Role::Reader), true),
        ("Mem", Some(Role::Member), false),
        ("Max", Some(Role::Member), true),
        ("Ext", None, true),
        ("Xaver", None, false),
    ] {
        let one = app.person(name).await;
        if let Some(role) = role {
            app.join(&org, &one, role).await;
            model.roles.insert((org.id, one.id), role);
        }
        if guest {
            app.join(&guests, &one, Role::Member).await;
            model.roles.insert((guests.id, one.id), Role::Member);
        }
        people.push(one);
    }
    model
        .nodes
        .insert(org.root, Node { parent: None, name: "Drive".to_owned(), site: false, dataset: false, trashed: None });
    let mut order = vec![org.root];
    for number in 0..12 {
        let parent = loop {
            let id = order[random.random_range(0..order.len())];
            if !model.nodes[&id].dataset && !model.nodes[&id].site {
                break id;
            }
        };
        let kind = ["folder", "folder", "folder", "site", "dataset"][random.random_range(0..5)];
        // No name is a prefix of another.
        let name = format!("{kind}-{number:02}-x");
        let id = crate::support::read(&anna.create(parent, kind, &name).await.expect(201).json()["id"]);
        let node = Node { parent: Some(parent), name, site: kind == "site", dataset: kind == "dataset", trashed: None };
        model.nodes.insert(id, node);
        order.push(id);
    }
    compare(&model, &org, &people, false, &format!("seed {seed}, before")).await;
    for step in 0..steps {
        let there: Vec<ResourceId> = order.iter().copied().filter(|id| model.nodes[id].trashed.is_none()).collect();
        let node = there[random.random_range(0..there.len())];
        match random.random_range(0..16) {
            0..=4 => {
                let to = match random.random_range(0..8) {
                    0 => Grantee::Organization(org.id),
                    1 => Grantee::Organization(guests.id),
                    n => Grantee::Person(people[n % people.len()].id),
                };
                let (level, carried) = (Level::ALL[random.random_range(0..4)], random.random_bool(0.6));
                app.give(node, to, level, carried).await;
                model.grants.insert((node, to, carried), level);
            }
            5 => {
                // Somebody joins or leaves the guest organization.
                let one = &people[random.random_range(1..people.len())];
                if model.roles.remove(&(guests.id, one.id)).is_some() {
                    one.leave(&guests).await.expect(204);
                } else {
                    app.join(&guests, one, Role::Reader).await;
                    model.roles.insert((guests.id, one.id), Role::Reader);
                }
            }
            6 => {
                // A role changes, or somebody who was removed joins again.
                let one = &people[random.random_range(1..people.len())];
                let role = [Role::Manager, Role::Editor, Role::Reader, Role::Member][random.random_range(0..4)];
                if model.roles.contains_key(&(org.id, one.id)) {
                    anna.change_role(&org, one.id, role.as_str()).await.expect(200);
                } else {
                    app.join(&org, one, role).await;
                }
                model.roles.insert((org.id, one.id), role);
            }
            7 => {
                // Somebody is removed, and what was given to them ends with it (PEOPLE-5).
                let one = &people[random.random_range(1..people.len())];
                if model.roles.remove(&(org.id, one.id)).is_some() {
                    anna.remove(&org, &[one.id]).await.expect(204);
                    model.grants.retain(|(_, to, _), _| *to != Grantee::Person(one.id));
                }
            }
            8 if node != org.root => {
                anna.trash(node).await.expect(204);
                model.trash(node);
            }
            9..=10 => {
                let tops = model.tops();
                if !tops.is_empty() {
                    let top = tops[random.random_range(0..tops.len())];
                    anna.restore(top).await.expect(200);
                    model.restore(top);
                }
            }
            _ => {
                let destination = order[random.random_range(0..order.len())];
                let before: BTreeMap<_, _> = people.iter().map(|one| (one.id, model.level(one.id, node))).collect();
                let answer = anna.transfer(&[node], destination).await;
                assert!(answer.status < 500, "seed {seed}, step {step}: {}", answer.body);
                if answer.status == 201 && model.nodes[&node].parent != Some(destination) {
                    model.move_to(node, destination);
                    if !model.nodes[&destination].site {
                        for one in &people {
                            let after = model.level(one.id, node);
                            assert!(after >= before[&one.id], "seed {seed}, step {step}: {} keeps access", one.name);
                        }
                    }
                }
            }
        }
        if step % 10 == 9 || step + 1 == steps {
            let last = step + 1 == steps;
            let told = format!("seed {seed}, step {step}");
            compare(&model, &org, &people, last, &told).await;
            if last {
                with_view(&model, &org, &anna, &people, &told).await;
            }
        }
    }
    app.healthy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn access_1_access_3_xfer_3_everybody_reaches_exactly_what_the_rule_says_sqlite() {
    for seed in 0..10 {
        on_sqlite(async |app| history(app, seed, 40).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn access_1_access_3_xfer_3_everybody_reaches_exactly_what_the_rule_says_postgres() {
    for seed in 100..103 {
        on_postgres(async |app| history(app, seed, 25).await).await;
    }
}
