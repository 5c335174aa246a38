//! Random acts: mostly such as people do, some that make no sense.

use commonhold::domain::{
    access::Level,
    licence::{Model, Product},
    resource::{DatasetStatus, Kind},
    role::Role,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    model::{Act, Label, ORGS, PEOPLE, Whom, World},
    server::Server,
};

/// The same seed, the same history.
pub struct Dice(StdRng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    pub fn chance(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Mostly the first person, who founded everything.
    fn person(&mut self) -> usize {
        if self.chance(65) { 0 } else { self.below(PEOPLE) }
    }

    /// Something there is, of these kinds if there is one; now and then anything that ever was.
    fn resource(&mut self, world: &World, server: &Server, kinds: &[Kind]) -> Label {
        let fits = |label: &&Label| world.is_there(**label) && kinds.contains(&world.nodes[*label].kind);
        let there: Vec<Label> = world.nodes.keys().filter(fits).copied().collect();
        if there.is_empty() || self.chance(4) {
            let all: Vec<Label> = server.ids.keys().copied().collect();
            return self.one(&all);
        }
        self.one(&there)
    }

    fn trashed(&mut self, world: &World, server: &Server) -> Label {
        let top = |label: &&Label| world.nodes[*label].trash.is_some_and(|trash| trash.at.is_some());
        let tops: Vec<Label> = world.nodes.keys().filter(top).copied().collect();
        if tops.is_empty() { self.resource(world, server, &Kind::ALL) } else { self.one(&tops) }
    }

    /// A licence of some model and size.
    pub fn grant(&mut self, org: usize) -> Act {
        let model = self.one(&Model::ALL);
        let amounts = match model {
            Model::ImagesProjects => [self.one(&[0, 40, 300, 1_000]), self.one(&[0, 3, 20]), 0],
            Model::Credits => [0, 0, self.one(&[0, 15, 200, 1_000])],
        };
        let product = self.one(&[Product::Cloud, Product::CloudPro, Product::CloudPro, Product::CloudTeams]);
        let days = if self.chance(40) { Some(self.one(&[0, 3, 45, 400])) } else { None };
        Act::Grant { org, product, model, amounts, days }
    }

    /// One act. What cannot happen to two at once, because a test does it past the rules, is left out with `at_once`.
    pub fn act(&mut self, world: &World, server: &Server, at_once: bool) -> Act {
        const CONTAINERS: [Kind; 4] = [Kind::Root, Kind::Folder, Kind::Folder, Kind::Site];
        const ITEMS: [Kind; 4] = [Kind::Folder, Kind::Site, Kind::Asset, Kind::Dataset];
        let (by, org) = (self.person(), self.below(ORGS));
        match self.below(if at_once { 73 } else { 110 }) {
            0..15 => {
                let kind =
                    self.one(&[Kind::Dataset, Kind::Dataset, Kind::Dataset, Kind::Folder, Kind::Folder, Kind::Site]);
                let name = self.one(&["north", "south", "ridge", "shaft", "portal", "heap"]);
                let images = self.one(&[0, 1, 7, 40, 120]);
                Act::Create { by, parent: self.resource(world, server, &CONTAINERS), kind, name, images }
            }
            15..31 => {
                let dataset = self.resource(world, server, &[Kind::Dataset]);
                let status = if self.chance(65) { DatasetStatus::Processed } else { self.one(&DatasetStatus::ALL) };
                Act::Engine { dataset, status }
            }
            31..51 => {
                let mut items = vec![self.resource(world, server, &ITEMS)];
                if self.chance(35) {
                    let another = self.resource(world, server, &ITEMS);
                    if !items.contains(&another) {
                        items.push(another);
                    }
                }
                let to = self.resource(world, server, &CONTAINERS);
                Act::Transfer { by, items, to, planned: self.chance(50) }
            }
            51..54 => {
                let item = self.resource(world, server, &ITEMS);
                // A copy's things are numbered from its own number on.
                if world.nodes.contains_key(&item) && world.below(item).len() > 60 {
                    return Act::Trash { by, item };
                }
                Act::Copy { by, item, to: self.resource(world, server, &CONTAINERS) }
            }
            54..57 => Act::Trash { by, item: self.resource(world, server, &ITEMS) },
            57..60 => Act::Restore { by, item: self.trashed(world, server) },
            60..62 => Act::DeleteForGood { by, item: self.trashed(world, server) },
            62..66 => {
                let role = self.one(&Role::ALL);
                Act::ChangeRole { by, org, whom: self.below(PEOPLE), to: role }
            }
            66..68 => Act::Leave { by: self.below(PEOPLE), org },
            68..69 => Act::DeleteOrg { by, org },
            69..70 => Act::RestoreOrg { by, org },
            70..73 if !world.loans.is_empty() => Act::EndLoan { by, loan: self.below(world.loans.len()) },
            70..73 => Act::Transfer {
                by,
                items: vec![self.resource(world, server, &ITEMS)],
                to: self.resource(world, server, &CONTAINERS),
                planned: true,
            },
            73..75 => Act::Purge,
            75..80 => self.grant(org),
            80..83 if !world.licences.is_empty() => {
                let licence = self.below(world.licences.len());
                let amounts = self.one(&[
                    [50, 2, 0],
                    [0, 1, 0],
                    [300, 9, 0],
                    [0, 0, 7],
                    [0, 0, 200],
                    [0, 0, 0],
                    [1, 1, 1],
                    [-1, 0, 0],
                ]);
                match self.below(4) {
                    0 | 1 => Act::TopUp { licence, amounts },
                    2 => Act::Extend { licence, days: self.one(&[-40, -1, 0, 5, 100]) },
                    _ => Act::Expire { licence },
                }
            }
            83..89 => {
                let whom = self.below(PEOPLE);
                let role =
                    self.one(&[Role::Owner, Role::Manager, Role::Editor, Role::Editor, Role::Reader, Role::Member]);
                if world.orgs[org].roles[whom].is_some() {
                    Act::Leave { by: whom, org }
                } else {
                    Act::Join { org, whom, role }
                }
            }
            89..94 => {
                let item = self.resource(world, server, &ITEMS);
                let whom = if self.chance(80) { Whom::Person(self.below(PEOPLE)) } else { Whom::Organization(org) };
                if world.is_there(item) && world.nodes[&item].parent.is_some() {
                    Act::Give { item, whom, level: self.one(&Level::ALL), carried: self.chance(60) }
                } else {
                    Act::Purge
                }
            }
            94..98 => match world.orgs.iter().position(|org| org.deleted.is_some()) {
                Some(org) => Act::RestoreOrg { by: 0, org },
                None => self.grant(org),
            },
            98..106 if !world.licences.is_empty() => {
                let licence = self.below(world.licences.len());
                let org = if self.chance(85) { world.licences[licence].org } else { org };
                Act::Lend { by, org, licence, to: self.below(ORGS), days: self.one(&[-1, 0, 2, 2, 30, 400]) }
            }
            _ => Act::Days(self.one(&[1, 1, 10, 32])),
        }
    }
}
