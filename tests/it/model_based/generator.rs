//! Random actions: mostly plausible ones, some invalid.

use commonhold::domain::{
    access::Level,
    licence::{Model, Product},
    resource::{DatasetStatus, Kind},
    role::Role,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    model::{Action, GrantedTo, JobEnd, Label, ModelState, ORGS, PEOPLE},
    server::Server,
};

/// The same seed generates the same history.
pub struct Generator(StdRng);

impl Generator {
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

    /// An existing resource of these kinds if there is one; now and then any that ever existed.
    fn resource(&mut self, model: &ModelState, server: &Server, kinds: &[Kind]) -> Label {
        let fits = |label: &&Label| model.is_there(**label) && kinds.contains(&model.nodes[*label].kind);
        let there: Vec<Label> = model.nodes.keys().filter(fits).copied().collect();
        if there.is_empty() || self.chance(4) {
            let all: Vec<Label> = server.ids.keys().copied().collect();
            return self.one(&all);
        }
        self.one(&there)
    }

    fn trashed(&mut self, model: &ModelState, server: &Server) -> Label {
        let top = |label: &&Label| model.nodes[*label].trash.is_some_and(|trash| trash.at.is_some());
        let tops: Vec<Label> = model.nodes.keys().filter(top).copied().collect();
        if tops.is_empty() { self.resource(model, server, &Kind::ALL) } else { self.one(&tops) }
    }

    /// A licence of some model and size.
    pub fn grant(&mut self, org: usize) -> Action {
        let model = self.one(&Model::ALL);
        let amounts = match model {
            Model::ImagesProjects => [self.one(&[0, 40, 300, 1_000]), self.one(&[0, 3, 20]), 0],
            Model::Credits => [0, 0, self.one(&[0, 15, 200, 1_000])],
        };
        let product = self.one(&[Product::Cloud, Product::CloudPro, Product::CloudPro, Product::CloudTeams]);
        let days = if self.chance(40) { Some(self.one(&[0, 3, 45, 400])) } else { None };
        Action::Grant { org, product, model, amounts, days }
    }

    /// Something about jobs, or about who may start them.
    fn job(&mut self, model: &ModelState, server: &Server, at_once: bool) -> Action {
        let jobs: Vec<Label> = server.jobs.keys().copied().collect();
        let (by, org, choice) = (self.person(), self.below(ORGS), self.below(100));
        if jobs.is_empty() || choice < 40 {
            return Action::StartJob { by, dataset: self.resource(model, server, &[Kind::Dataset]) };
        }
        let job = if self.chance(70) { jobs[jobs.len() - 1] } else { self.one(&jobs) };
        match choice {
            40..54 => Action::CancelJob { by, job },
            54..62 => Action::Cap {
                by,
                org,
                whom: self.below(PEOPLE),
                level: self.one(&Level::ALL),
                billable: self.chance(50),
            },
            62..78 if !at_once => Action::TakeJob,
            78..82 if !at_once => Action::LoseJobs,
            _ => Action::EndJob { job, how: self.one(&[JobEnd::Done, JobEnd::Done, JobEnd::Broke, JobEnd::Released]) },
        }
    }

    /// One action. `at_once` leaves out those that bypass the use cases and are not safe to run concurrently.
    pub fn action(&mut self, model: &ModelState, server: &Server, at_once: bool) -> Action {
        const CONTAINERS: [Kind; 4] = [Kind::Root, Kind::Folder, Kind::Folder, Kind::Site];
        const ITEMS: [Kind; 4] = [Kind::Folder, Kind::Site, Kind::Asset, Kind::Dataset];
        let (by, org) = (self.person(), self.below(ORGS));
        if self.chance(22) {
            return self.job(model, server, at_once);
        }
        match self.below(if at_once { 73 } else { 110 }) {
            0..15 => {
                let kind =
                    self.one(&[Kind::Dataset, Kind::Dataset, Kind::Dataset, Kind::Folder, Kind::Folder, Kind::Site]);
                let name = self.one(&["north", "south", "ridge", "shaft", "portal", "heap"]);
                let images = self.one(&[0, 1, 7, 40, 120]);
                Action::Create { by, parent: self.resource(model, server, &CONTAINERS), kind, name, images }
            }
            15..31 => {
                let dataset = self.resource(model, server, &[Kind::Dataset]);
                let status = if self.chance(65) { DatasetStatus::Processed } else { self.one(&DatasetStatus::ALL) };
                Action::Engine { dataset, status }
            }
            31..51 => {
                let mut items = vec![self.resource(model, server, &ITEMS)];
                if self.chance(35) {
                    let another = self.resource(model, server, &ITEMS);
                    if !items.contains(&another) {
                        items.push(another);
                    }
                }
                let to = self.resource(model, server, &CONTAINERS);
                Action::Transfer { by, items, to, planned: self.chance(50) }
            }
            51..54 => {
                let item = self.resource(model, server, &ITEMS);
                // A copy's things are numbered from its own number on.
                if model.nodes.contains_key(&item) && model.below(item).len() > 60 {
                    return Action::Trash { by, item };
                }
                Action::Copy { by, item, to: self.resource(model, server, &CONTAINERS) }
            }
            54..57 => Action::Trash { by, item: self.resource(model, server, &ITEMS) },
            57..60 => Action::Restore { by, item: self.trashed(model, server) },
            60..62 => Action::DeleteForGood { by, item: self.trashed(model, server) },
            62..66 => {
                let role = self.one(&Role::ALL);
                Action::ChangeRole { by, org, whom: self.below(PEOPLE), to: role }
            }
            66..68 => Action::Leave { by: self.below(PEOPLE), org },
            68..69 => Action::DeleteOrg { by, org },
            69..70 => Action::RestoreOrg { by, org },
            70..73 if !model.loans.is_empty() => Action::EndLoan { by, loan: self.below(model.loans.len()) },
            70..73 => Action::Transfer {
                by,
                items: vec![self.resource(model, server, &ITEMS)],
                to: self.resource(model, server, &CONTAINERS),
                planned: true,
            },
            73..75 => Action::Purge,
            75..80 => self.grant(org),
            80..83 if !model.licences.is_empty() => {
                let licence = self.below(model.licences.len());
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
                    0 | 1 => Action::TopUp { licence, amounts },
                    2 => Action::Extend { licence, days: self.one(&[-40, -1, 0, 5, 100]) },
                    _ => Action::Expire { licence },
                }
            }
            83..89 => {
                let whom = self.below(PEOPLE);
                let role =
                    self.one(&[Role::Owner, Role::Manager, Role::Editor, Role::Editor, Role::Reader, Role::Member]);
                if model.orgs[org].roles[whom].is_some() {
                    Action::Leave { by: whom, org }
                } else {
                    Action::Join { org, whom, role }
                }
            }
            89..94 => {
                let item = self.resource(model, server, &ITEMS);
                let whom =
                    if self.chance(80) { GrantedTo::Person(self.below(PEOPLE)) } else { GrantedTo::Organization(org) };
                if model.is_there(item) && model.nodes[&item].parent.is_some() {
                    Action::Give { item, whom, level: self.one(&Level::ALL), carried: self.chance(60) }
                } else {
                    Action::Purge
                }
            }
            94..98 => match model.orgs.iter().position(|org| org.deleted.is_some()) {
                Some(org) => Action::RestoreOrg { by: 0, org },
                None => self.grant(org),
            },
            98..106 if !model.licences.is_empty() => {
                let licence = self.below(model.licences.len());
                let org = if self.chance(85) { model.licences[licence].org } else { org };
                Action::Lend { by, org, licence, to: self.below(ORGS), days: self.one(&[-1, 0, 2, 2, 30, 400]) }
            }
            _ => Action::Days(self.one(&[1, 1, 10, 32])),
        }
    }
}
