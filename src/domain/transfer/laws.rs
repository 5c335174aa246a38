//! The laws of moving and transferring, over random facts and over random histories of a small world.
#![expect(clippy::cast_possible_wrap, reason = "small worlds")]

use proptest::prelude::*;

use super::{tests::*, *};
use crate::domain::{access::AccessFacts, restriction::Restrictions, testing::id};

fn some_licence() -> impl Strategy<Value = Option<Licence>> {
    let model = proptest::sample::select(&Model::ALL[..]);
    let held = (model, 0_i64..2_000, 0_i64..20, any::<bool>()).prop_map(|(model, images, projects, active)| {
        let licence = licence(model, images, projects);
        if active { licence } else { expired(licence) }
    });
    proptest::option::weighted(0.9, held)
}

proptest! {
    #[test]
    fn xfer_10_whatever_is_transferred_what_is_left_on_both_sides_together_stays(
        source in some_licence(),
        target in some_licence(),
        sizes in proptest::collection::vec((0_u64..4, 0_u64..6, 0_i64..500), 1..6),
    ) {
        let mut facts = between();
        facts.source.licence = source;
        facts.target.licence = target;
        let item = |(number, &(folders, datasets, images))| {
            let contents = Contents { folders, datasets, images, ..Contents::default() };
            Item { contents, ..folder(number, "Item") }
        };
        facts.items = (101..).zip(&sizes).map(item).collect();
        let plan = plan(&facts);

        prop_assert_eq!(plan.items.len(), sizes.len());
        prop_assert_eq!(plan.folders, sizes.iter().map(|size| size.0).sum::<u64>());
        prop_assert_eq!(plan.datasets, sizes.iter().map(|size| size.1).sum::<u64>());
        prop_assert_eq!(plan.images, sizes.iter().map(|size| size.2).sum::<i64>());
        let (Some(source), Some(target)) = (&plan.effects.source, &plan.effects.target) else {
            return Err(TestCaseError::fail("a transfer has two sides"));
        };
        prop_assert_eq!(source.left_before.plus(target.left_before), source.left_after.plus(target.left_after));
        if plan.is_clear() {
            let nothing = Amount::default();
            prop_assert!(source.left_after.covers(nothing) && target.left_after.covers(nothing), "nothing below zero");
            let cost = match (source.model, target.model) {
                (Some(Model::ImagesProjects), Some(Model::ImagesProjects)) => {
                    Amount { images: plan.images, projects: plan.datasets as i64, credits: 0 }
                }
                (Some(_), Some(Model::Credits)) => nothing,
                other => return Err(TestCaseError::fail(format!("{other:?} is never clear (XFER-8, XFER-11)"))),
            };
            prop_assert_eq!(target.left_after.plus(cost), target.left_before);
        }
    }
}

/// A small world to carry plans out in: two organizations, each with its tree, and a handful of people.
mod world {
    use super::*;

    pub(super) const PEOPLE: usize = 6;

    /// How deep the chain of folders is that every world starts with, and the number of the first node after it.
    const CHAIN: usize = 63;
    const FIRST: usize = CHAIN + 2;

    /// Everyone's level on one node.
    pub(super) type Levels = [Option<Level>; PEOPLE];

    /// The kinds that nodes are of, the common ones more than once.
    pub(super) const KINDS: [Kind; 8] =
        [Kind::Folder, Kind::Folder, Kind::Site, Kind::Site, Kind::Asset, Kind::Dataset, Kind::Dataset, Kind::Dataset];

    #[derive(Clone, Debug)]
    pub(super) struct Node {
        pub(super) parent: Option<usize>,
        pub(super) kind: Kind,
        pub(super) name: String,
        pub(super) grants: Vec<GrantFact>,
    }

    #[derive(Clone, Debug)]
    pub(super) struct World {
        /// The first two are the roots of Alpine Survey and of Tunnel North.
        pub(super) nodes: Vec<Node>,
        /// What is left of the two allowances.
        pub(super) left: [Amount; 2],
    }

    pub(super) fn person(number: usize) -> PersonId {
        PersonId(id(500 + number as u128))
    }

    /// Everyone's roles in the two organizations.
    fn role(person: usize, organization: usize) -> Option<Role> {
        let roles: [[Option<Role>; 2]; PEOPLE] = [
            [Some(Role::Member), None],
            [None, Some(Role::Member)],
            [None, None],
            [Some(Role::Member), Some(Role::Member)],
            [Some(Role::Reader), None],
            [Some(Role::Editor), Some(Role::Reader)],
        ];
        roles[person][organization]
    }

    const ORGANIZATIONS: [OrganizationId; 2] = [ALPINE, TUNNEL];

    fn reaches(grant: &GrantFact, who: usize) -> bool {
        match grant.grantee {
            Grantee::Person(person) => person == self::person(who),
            Grantee::Organization(organization) => {
                ORGANIZATIONS.iter().position(|known| *known == organization).is_some_and(|at| role(who, at).is_some())
            }
        }
    }

    fn resource(node: usize) -> ResourceId {
        ResourceId(id(1_000 + node as u128))
    }

    impl World {
        /// A chain of folders nearly as deep as a tree may be, and then everything of `nodes` where it fits.
        pub(super) fn new(
            higher_up: [Vec<GrantFact>; 4],
            nodes: Vec<(prop::sample::Index, Kind, &'static str, Vec<GrantFact>)>,
        ) -> Self {
            let root = |grants| Node { parent: None, kind: Kind::Root, name: "Drive".to_owned(), grants };
            let [alpine, tunnel, middle, bottom] = higher_up;
            let mut all = vec![root(alpine), root(tunnel)];
            for depth in 1..=CHAIN {
                let parent = if depth == 1 { 0 } else { all.len() - 1 };
                all.push(Node {
                    parent: Some(parent),
                    kind: Kind::Folder,
                    name: format!("Level {depth}"),
                    grants: vec![],
                });
            }
            all[CHAIN / 2].grants = middle;
            all[CHAIN + 1].grants = bottom;
            let mut world = Self { nodes: all, left: [Amount { images: 500, projects: 5, credits: 0 }; 2] };
            for (parent, kind, name, grants) in nodes {
                let candidates: Vec<usize> = world.places().collect();
                let at = candidates[parent.index(candidates.len())];
                let at = if world.nodes[at].kind.may_hold(kind) && world.depth(at) < MAX_DEPTH {
                    at
                } else {
                    parent.index(2)
                };
                let taken = world.taken(at);
                let (name, _) = free_name_from(name, 2, |name| taken.contains(name));
                world.nodes.push(Node { parent: Some(at), kind, name, grants });
            }
            world
        }

        /// Places worth choosing: the roots, some of the chain, and what was put in later.
        fn places(&self) -> impl Iterator<Item = usize> {
            [0, 1, CHAIN / 2, CHAIN + 1].into_iter().chain(FIRST..self.nodes.len())
        }

        /// Things to move, all of one organization.
        pub(super) fn select(&self, chosen: &[prop::sample::Index]) -> Vec<usize> {
            let movable: Vec<usize> = self.places().skip(2).collect();
            let mut selected: Vec<usize> = chosen.iter().map(|at| movable[at.index(movable.len())]).collect();
            let organization = self.organization(selected[0]);
            selected.retain(|node| self.organization(*node) == organization);
            selected
        }

        /// Somewhere to move them; of the right kind, if asked for.
        pub(super) fn destination(&self, selected: &[usize], right: bool, chosen: prop::sample::Index) -> usize {
            let holds =
                |place: &usize| selected.iter().all(|node| self.nodes[*place].kind.may_hold(self.nodes[*node].kind));
            let places: Vec<usize> = self.places().filter(|place| !right || holds(place)).collect();
            places[chosen.index(places.len())]
        }

        /// Everything above a node, nearest first.
        fn ancestors(&self, node: usize) -> Vec<usize> {
            let above: Vec<usize> = std::iter::successors(self.nodes[node].parent, |at| self.nodes[*at].parent)
                .take(self.nodes.len() + 1)
                .collect();
            assert!(above.len() <= self.nodes.len(), "no cycle");
            above
        }

        fn depth(&self, node: usize) -> i64 {
            self.ancestors(node).len() as i64
        }

        pub(super) fn organization(&self, node: usize) -> usize {
            self.ancestors(node).last().copied().unwrap_or(node)
        }

        /// A node and everything inside it.
        pub(super) fn subtree(&self, node: usize) -> Vec<usize> {
            (0..self.nodes.len()).filter(|at| *at == node || self.ancestors(*at).contains(&node)).collect()
        }

        fn taken(&self, container: usize) -> BTreeSet<String> {
            self.nodes.iter().filter(|node| node.parent == Some(container)).map(|node| same_key(&node.name)).collect()
        }

        fn grants_from(&self, node: usize) -> Vec<GrantFact> {
            [node].into_iter().chain(self.ancestors(node)).flat_map(|at| self.nodes[at].grants.clone()).collect()
        }

        /// What everyone may do on a node (ACCESS-1).
        fn levels_on(&self, node: usize) -> Levels {
            let (organization, grants) = (self.organization(node), self.grants_from(node));
            std::array::from_fn(|who| {
                let facts = AccessFacts {
                    resource: resource(node),
                    organization: ORGANIZATIONS[organization],
                    role: role(who, organization),
                    grants: grants.iter().filter(|grant| reaches(grant, who)).map(|grant| grant.level).collect(),
                    restrictions: Restrictions::default(),
                };
                facts.level()
            })
        }

        /// What everyone may do on every node.
        pub(super) fn levels(&self) -> Vec<Levels> {
            (0..self.nodes.len()).map(|node| self.levels_on(node)).collect()
        }

        fn item(&self, node: usize) -> Item {
            let Node { parent, kind, name, grants } = &self.nodes[node];
            let parent = parent.unwrap_or(node);
            let subtree = self.subtree(node);
            let datasets = subtree.iter().filter(|at| self.nodes[**at].kind == Kind::Dataset).count() as u64;
            let by_hand = |at: &usize| self.nodes[*at].grants.iter().any(|grant| !grant.carried);
            let direct = subtree.iter().filter(|at| **at != node && by_hand(at));
            let direct =
                direct.map(|at| (NamedResource { id: resource(*at), name: self.nodes[*at].name.clone() }, vec![]));
            Item {
                id: resource(node),
                name: name.clone(),
                kind: *kind,
                parent: resource(parent),
                parent_kind: self.nodes[parent].kind,
                ancestors: self.ancestors(node).into_iter().map(resource).collect(),
                restricted_by: Vec::new(),
                level: Level::Manager,
                height: subtree.iter().map(|at| self.depth(*at)).max().unwrap_or(0) - self.depth(node),
                grants: grants.clone(),
                above: self.grants_from(parent),
                contents: Contents {
                    folders: subtree.len() as u64 - datasets,
                    datasets,
                    images: 10 * datasets as i64,
                    direct: Truncated::all(direct.collect()),
                    ..Contents::default()
                },
            }
        }

        fn side(&self, organization: usize) -> Side {
            let mut side = side(ORGANIZATIONS[organization], ["Alpine", "Tunnel"][organization], Role::Manager);
            if let Some(licence) = &mut side.licence {
                licence.left = self.left[organization];
            }
            side
        }

        /// What a plan is given, as the store would load it.
        pub(super) fn facts(&self, selected: &[usize], into: usize) -> Facts {
            let (source, target) = (self.organization(selected[0]), self.organization(into));
            let moved: BTreeSet<usize> = selected.iter().flat_map(|node| self.subtree(*node)).collect();
            let stays =
                |grant: &GrantFact| grant.carried && grant.grantee != Grantee::Organization(ORGANIZATIONS[1 - target]);
            let person_with_access = |who: usize| PersonWithAccess {
                id: person(who),
                name: format!("Person {who}"),
                target_role: role(who, target),
                reached_in_target: self.grants_from(into).iter().any(|grant| reaches(grant, who)),
                holds_carried: moved
                    .iter()
                    .flat_map(|at| &self.nodes[*at].grants)
                    .any(|grant| stays(grant) && reaches(grant, who)),
            };
            let levels: Vec<Levels> = moved.iter().map(|at| self.levels_on(*at)).collect();
            let view_as = (0..PEOPLE).filter(|who| levels.iter().any(|levels| levels[*who].is_some()));
            Facts {
                person: ANNA,
                now: NOW,
                source: self.side(source),
                target: self.side(target),
                destination: Destination {
                    id: resource(into),
                    name: self.nodes[into].name.clone(),
                    kind: self.nodes[into].kind,
                    level: Some(Level::Manager),
                    depth: self.depth(into),
                    self_and_ancestors: [into].into_iter().chain(self.ancestors(into)).map(resource).collect(),
                    taken: self.taken(into),
                    grants: self.grants_from(into),
                },
                items: selected.iter().map(|node| self.item(*node)).collect(),
                people_with_access: Truncated::all(view_as.map(person_with_access).collect()),
            }
        }

        pub(super) fn node(&self, id: ResourceId) -> usize {
            (0..self.nodes.len()).find(|node| resource(*node) == id).unwrap()
        }

        /// Does what a plan says, as the store would.
        pub(super) fn carry_out(&mut self, plan: &Plan) {
            let into = self.node(plan.destination.id);
            let target = self.organization(into);
            for item in &plan.items {
                let node = self.node(item.id);
                self.nodes[node].parent = Some(into);
                if plan.scope == Scope::Between {
                    for at in self.subtree(node) {
                        self.nodes[at].grants.retain(|grant| match grant.grantee {
                            Grantee::Organization(organization) => organization == ORGANIZATIONS[target],
                            Grantee::Person(id) => {
                                (0..PEOPLE).any(|who| person(who) == id && role(who, target).is_some())
                            }
                        });
                    }
                }
            }
            for Renamed { id, to, .. } in &plan.effects.renamed {
                let node = self.node(*id);
                self.nodes[node].name.clone_from(to);
            }
            for id in &plan.effects.carried_grants_ended {
                let node = self.node(*id);
                self.nodes[node].grants.retain(|grant| !grant.carried);
            }
            for CarriedGrant { resource, grantee, level } in &plan.effects.carried {
                let node = self.node(*resource);
                self.nodes[node].grants.retain(|grant| grant.grantee != *grantee);
                let name = "Carried".to_owned();
                self.nodes[node].grants.push(GrantFact { grantee: *grantee, name, level: *level, carried: true });
            }
            for side in [&plan.effects.source, &plan.effects.target].into_iter().flatten() {
                let at = usize::from(side.organization == TUNNEL);
                self.left[at] = side.left_after;
            }
        }

        /// What must be true of every world.
        pub(super) fn check(&self) -> Result<(), TestCaseError> {
            for node in 0..self.nodes.len() {
                let above = self.ancestors(node);
                prop_assert!(above.last().copied().unwrap_or(node) < 2, "everything hangs from a root");
                prop_assert!(self.depth(node) <= MAX_DEPTH, "DRIVE-1");
                if let Some(parent) = self.nodes[node].parent {
                    prop_assert!(self.nodes[parent].kind.may_hold(self.nodes[node].kind), "DRIVE-1");
                    let children = self.nodes.iter().filter(|other| other.parent == Some(parent)).count();
                    prop_assert_eq!(self.taken(parent).len(), children, "DRIVE-5");
                }
            }
            Ok(())
        }
    }

    /// Grants to people and organizations, some made by hand.
    pub(super) fn grants() -> impl Strategy<Value = Vec<GrantFact>> {
        let grantee = prop_oneof![
            4 => (0..PEOPLE).prop_map(|who| Grantee::Person(person(who))),
            1 => prop::sample::select(&ORGANIZATIONS[..]).prop_map(Grantee::Organization),
        ];
        let level = prop::sample::select(&Level::ALL[..]);
        let grant = (grantee, level, prop::bool::weighted(0.85)).prop_map(|(grantee, level, carried)| GrantFact {
            grantee,
            name: "Somebody".to_owned(),
            level,
            carried,
        });
        prop::collection::vec(grant, 0..3)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn xfer_3_xfer_4_xfer_10_xfer_13_no_history_of_moves_and_transfers_breaks_a_tree_or_takes_what_it_should_not(
        higher_up in [world::grants(), world::grants(), world::grants(), world::grants()],
        nodes in prop::collection::vec(
            (
                any::<prop::sample::Index>(),
                prop::sample::select(&world::KINDS[..]),
                prop::sample::select(&["Portal", "portal", "Heap", "Heap (2)"][..]),
                world::grants(),
            ),
            4..16,
        ),
        moves in prop::collection::vec(
            (
                prop::collection::vec(any::<prop::sample::Index>(), 1..4),
                prop::bool::weighted(0.8),
                any::<prop::sample::Index>(),
            ),
            1..12,
        ),
    ) {
        let mut world = world::World::new(higher_up, nodes);
        world.check()?;
        for (selected, right, into) in moves {
            let selected = world.select(&selected);
            let into = world.destination(&selected, right, into);
            let plan = plan(&world.facts(&selected, into));
            if !plan.is_clear() {
                prop_assert!(plan.permit().is_err());
                continue;
            }

            let moving: Vec<usize> = plan.items.iter().map(|item| world.node(item.id)).collect();
            let moved: BTreeSet<usize> = moving.iter().flat_map(|node| world.subtree(*node)).collect();
            prop_assert_eq!(plan.folders + plan.datasets, moved.len() as u64, "everything is counted once");
            let (levels_before, left_before) = (world.levels(), world.left[0].plus(world.left[1]));
            world.carry_out(&plan);
            world.check()?;
            let levels_after = world.levels();

            prop_assert_eq!(world.left[0].plus(world.left[1]), left_before, "XFER-10");
            prop_assert!(world.left.iter().all(|left| left.covers(Amount::default())));
            let into_site = world.nodes[into].kind == Kind::Site;
            for (node, (before, after)) in levels_before.iter().zip(&levels_after).enumerate() {
                for (before, after) in before.iter().zip(after) {
                    if !moved.contains(&node) {
                        prop_assert_eq!(before, after, "what does not move is reached as before");
                    } else if plan.scope == Scope::Within && !into_site {
                        prop_assert!(after >= before, "XFER-3: everyone keeps access");
                    }
                }
                if moved.contains(&node) && into_site {
                    prop_assert_eq!(after, &levels_after[into], "XFER-5: who reaches the site, and nobody else");
                }
            }
            if plan.scope == Scope::Between {
                let reach = |levels: &[world::Levels], who: usize| moved.iter().any(|node| levels[*node][who].is_some());
                let loses = |who: &usize| reach(&levels_before, *who) && !reach(&levels_after, *who);
                let losing: Vec<PersonId> = (0..world::PEOPLE).filter(loses).map(world::person).collect();
                let told = &plan.effects.people_losing_access;
                prop_assert_eq!(told.first.iter().map(|person| person.id).collect::<Vec<_>>(), losing, "XFER-13");
            }
        }
    }
}
