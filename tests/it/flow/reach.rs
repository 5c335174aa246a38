//! ACCESS-1 and ACCESS-3 as a property: for random trees, roles, grants to people and to organizations, and moves, what each
//! person can list, open and fetch is exactly what the rule says, before and after (XFER-3 among it).

use std::collections::{BTreeMap, BTreeSet};

use commonhold::domain::{
    access::{Level, role_level},
    id::{OrganizationId, PersonId, ResourceId},
    role::Role,
    transfer::Grantee,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::support::{Org, Person, TestApp, on_postgres, on_sqlite};

/// A node as this test knows it.
struct Node {
    parent: Option<ResourceId>,
    name: String,
    site: bool,
    dataset: bool,
}

/// The rule, written once more and as plainly as can be.
#[derive(Default)]
struct World {
    nodes: BTreeMap<ResourceId, Node>,
    grants: BTreeMap<(ResourceId, Grantee, bool), Level>,
    roles: BTreeMap<(OrganizationId, PersonId), Role>,
    owner: Option<OrganizationId>,
}

impl World {
    fn up(&self, from: ResourceId) -> Vec<ResourceId> {
        let mut way = vec![from];
        while let Some(parent) = self.nodes[&way[way.len() - 1]].parent {
            way.push(parent);
        }
        way
    }

    fn children(&self, of: ResourceId) -> Vec<ResourceId> {
        self.nodes.iter().filter(|(_, node)| node.parent == Some(of)).map(|(id, _)| *id).collect()
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
        granted.map(|(_, level)| *level).chain(by_role).max()
    }

    fn highest(&self, on: &[ResourceId], to: Grantee) -> Option<Level> {
        self.grants.iter().filter(|((id, who, _), _)| on.contains(id) && *who == to).map(|(_, level)| *level).max()
    }

    /// XFER-3: what was inherited comes along as a carried grant where the new place does not give as much.
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

/// What everybody sees is what the rule says.
async fn compare(world: &World, org: &Org, people: &[Person], pages: bool, told: &str) {
    for person in people {
        let mut seen_anything = false;
        for (id, node) in &world.nodes {
            let expected = world.level(person.id, *id);
            let shown = person.show(*id).await;
            let listed = person.children(*id, "?limit=200").await;
            let Some(level) = expected else {
                assert_eq!((shown.status, listed.status), (404, 404), "{told}: {} and {}", person.name, node.name);
                continue;
            };
            seen_anything = true;
            let shown = shown.expect(200).json();
            assert_eq!(shown["level"], level.word(), "{told}: {} and {}", person.name, node.name);
            let children: BTreeSet<String> =
                world.children(*id).iter().map(|child| world.nodes[child].name.clone()).collect();
            assert_eq!(shown["children_count"], children.len(), "{told}");
            assert_eq!(listed.expect(200).names().into_iter().collect::<BTreeSet<_>>(), children, "{told}");
            // ACCESS-3: a folder on the way that one does not see is not shown.
            let path: Vec<String> = world
                .up(*id)
                .into_iter()
                .take_while(|step| world.level(person.id, *step).is_some())
                .map(|step| world.nodes[&step].name.clone())
                .collect();
            let crumbs = shown["path"].as_array().expect("a path");
            let crumbs: Vec<&str> = crumbs.iter().rev().filter_map(|crumb| crumb["name"].as_str()).collect();
            assert_eq!(crumbs, path, "{told}: {} and {}", person.name, node.name);
            assert_eq!(shown["parent"].is_null(), path.len() == 1, "{told}");
        }
        let member = world.roles.contains_key(&(org.id, person.id));
        let organization = person.get(&format!("/api/v1/orgs/{}", org.org_id)).await.status;
        assert_eq!(organization, if member || seen_anything { 200 } else { 404 }, "{told}: {}", person.name);
        if pages && (member || seen_anything) {
            shared_page(world, org, person, told).await;
        }
    }
}

/// "Shared with you" names what was given, and nothing else.
async fn shared_page(world: &World, org: &Org, person: &Person, told: &str) {
    if world.level(person.id, org.root).is_some() {
        return;
    }
    let listed = person.get(&format!("/api/v1/orgs/{}/shared?limit=200", org.org_id)).await.expect(200).names();
    let given = |id: &ResourceId| world.grants.iter().any(|((on, to, _), _)| on == id && world.is(*to, person.id));
    let expected: BTreeSet<String> =
        world.nodes.iter().filter(|(id, _)| given(id)).map(|(_, node)| node.name.clone()).collect();
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), expected, "{told}: {}", person.name);
    let page = person.page(&format!("/o/{}/drive", org.org_id)).await.expect(200).body;
    assert!(page.contains("Shared with you"), "{told}");
    for (id, node) in &world.nodes {
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
    let mut world = World { owner: Some(org.id), ..World::default() };
    for organization in [&org, &guests] {
        world.roles.insert((organization.id, anna.id), Role::Owner);
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
            world.roles.insert((org.id, one.id), role);
        }
        if guest {
            app.join(&guests, &one, Role::Member).await;
            world.roles.insert((guests.id, one.id), Role::Member);
        }
        people.push(one);
    }
    world.nodes.insert(org.root, Node { parent: None, name: "Drive".to_owned(), site: false, dataset: false });
    let mut order = vec![org.root];
    for number in 0..12 {
        let parent = loop {
            let id = order[random.random_range(0..order.len())];
            if !world.nodes[&id].dataset && !world.nodes[&id].site {
                break id;
            }
        };
        let kind = ["folder", "folder", "folder", "site", "dataset"][random.random_range(0..5)];
        // Names that are no beginning of each other.
        let name = format!("{kind}-{number:02}-x");
        let id = crate::support::read(&anna.create(parent, kind, &name).await.expect(201).json()["id"]);
        let node = Node { parent: Some(parent), name, site: kind == "site", dataset: kind == "dataset" };
        world.nodes.insert(id, node);
        order.push(id);
    }
    compare(&world, &org, &people, false, &format!("seed {seed}, before")).await;
    for step in 0..steps {
        let node = order[random.random_range(0..order.len())];
        match random.random_range(0..10) {
            0..=4 => {
                let to = match random.random_range(0..8) {
                    0 => Grantee::Organization(org.id),
                    1 => Grantee::Organization(guests.id),
                    n => Grantee::Person(people[n % people.len()].id),
                };
                let (level, carried) = (Level::ALL[random.random_range(0..4)], random.random_bool(0.6));
                app.give(node, to, level, carried).await;
                world.grants.insert((node, to, carried), level);
            }
            5 => {
                // Somebody comes to, or leaves, the guests.
                let one = &people[random.random_range(1..people.len())];
                if world.roles.remove(&(guests.id, one.id)).is_some() {
                    one.leave(&guests).await.expect(204);
                } else {
                    app.join(&guests, one, Role::Reader).await;
                    world.roles.insert((guests.id, one.id), Role::Reader);
                }
            }
            _ => {
                let destination = order[random.random_range(0..order.len())];
                let before: BTreeMap<_, _> = people.iter().map(|one| (one.id, world.level(one.id, node))).collect();
                let answer = anna.transfer(&[node], destination).await;
                assert!(answer.status < 500, "seed {seed}, step {step}: {}", answer.body);
                if answer.status == 201 && world.nodes[&node].parent != Some(destination) {
                    world.move_to(node, destination);
                    if !world.nodes[&destination].site {
                        for one in &people {
                            let after = world.level(one.id, node);
                            assert!(after >= before[&one.id], "seed {seed}, step {step}: {} keeps access", one.name);
                        }
                    }
                }
            }
        }
        if step % 10 == 9 || step + 1 == steps {
            let last = step + 1 == steps;
            compare(&world, &org, &people, last, &format!("seed {seed}, step {step}")).await;
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
