//! The model that the server is compared with: the rules once more, in a few hundred lines without database or HTTP.
//! [`ModelState::apply`] answers one action and changes the state accordingly. It calls nothing of the domain but its enums.
//!
//! It is written from the rules (LIC, DRIVE, ACCESS, XFER, ORG, ROLE) and not from the code, so that only a mistake made twice
//! goes unnoticed. A refused action changes nothing.
//!
//! To add a verb (an offer, an undo of a transfer), write a variant of [`Action`], an arm of [`ModelState::apply`], an arm of
//! `Server::perform`, and a line of `Generator::action`.

use std::collections::{BTreeMap, BTreeSet};

use commonhold::domain::{
    access::Level,
    job::JobState,
    licence::{Model, Product},
    resource::{DatasetStatus, Kind},
    role::Role,
    time::Timestamp,
};

/// How many people and organizations there are.
pub const PEOPLE: usize = 4;
pub const ORGS: usize = 3;

/// A resource, by the number of the action that made it.
pub type Label = u32;

/// Images, projects and credits.
pub type Amounts = [i64; 3];

/// Who was granted something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum GrantedTo {
    Person(usize),
    Organization(usize),
}

/// An action of a person, an engine or the operator.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    Create {
        by: usize,
        parent: Label,
        kind: Kind,
        name: &'static str,
        images: i64,
    },
    /// An engine or the operator sets the status of a dataset.
    Engine {
        dataset: Label,
        status: DatasetStatus,
    },
    /// With `planned`, the plan is requested first and then confirmed by its digest.
    Transfer {
        by: usize,
        items: Vec<Label>,
        to: Label,
        planned: bool,
    },
    Copy {
        by: usize,
        item: Label,
        to: Label,
    },
    Trash {
        by: usize,
        item: Label,
    },
    Restore {
        by: usize,
        item: Label,
    },
    DeleteForGood {
        by: usize,
        item: Label,
    },
    /// The worker deletes what has been in the trash for its time.
    Purge,
    /// The operator grants a licence; `days` from now is its last day.
    Grant {
        org: usize,
        product: Product,
        model: Model,
        amounts: Amounts,
        days: Option<i64>,
    },
    /// The operator ends a licence.
    Expire {
        licence: usize,
    },
    /// The operator tops up a licence.
    TopUp {
        licence: usize,
        amounts: Amounts,
    },
    /// The operator changes the last day of a licence, counted from today.
    Extend {
        licence: usize,
        days: i64,
    },
    ChangeRole {
        by: usize,
        org: usize,
        whom: usize,
        to: Role,
    },
    Leave {
        by: usize,
        org: usize,
    },
    /// An invitation is accepted.
    Join {
        org: usize,
        whom: usize,
        role: Role,
    },
    DeleteOrg {
        by: usize,
        org: usize,
    },
    RestoreOrg {
        by: usize,
        org: usize,
    },
    /// Access is given, by hand or carried along.
    Give {
        item: Label,
        whom: GrantedTo,
        level: Level,
        carried: bool,
    },
    /// A licence is lent to another organization; `days` from now is the last day.
    Lend {
        by: usize,
        org: usize,
        licence: usize,
        to: usize,
        days: i64,
    },
    /// A loan is called back by the lender or returned by the borrower.
    EndLoan {
        by: usize,
        loan: usize,
    },
    /// An app that costs what processing costs, and makes datasets Processed, is started on a dataset.
    StartJob {
        by: usize,
        dataset: Label,
    },
    CancelJob {
        by: usize,
        job: Label,
    },
    /// An engine takes the job that waits longest.
    TakeJob,
    /// The engine that is at a job says what became of it.
    EndJob {
        job: Label,
        how: JobEnd,
    },
    /// The worker looks after jobs whose engines were lost or whose time is over.
    LoseJobs,
    /// What a membership lets through to somebody is changed (JOB-5).
    Cap {
        by: usize,
        org: usize,
        whom: usize,
        level: Level,
        billable: bool,
    },
    /// The clock moves by days.
    Days(i64),
}

/// What an engine says of its job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobEnd {
    Done,
    Broke,
    Released,
}

/// The answer to an action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    Done,
    /// The code of the refusal, and the codes of the blockers.
    No(String, BTreeSet<String>),
}

fn no(code: &str) -> Answer {
    Answer::No(code.to_owned(), BTreeSet::new())
}

/// A trashed resource: the item it went with, and when, if it is that item itself.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Trash {
    pub with: Label,
    pub at: Option<i64>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    pub parent: Option<Label>,
    pub kind: Kind,
    pub name: String,
    pub org: usize,
    pub images: i64,
    /// Datasets only.
    pub status: Option<DatasetStatus>,
    /// The licence that paid for it.
    pub charged: Option<usize>,
    /// When it began to wait for credits.
    pub waiting: Option<i64>,
    pub created: i64,
    pub trash: Option<Trash>,
    pub grants: BTreeMap<(GrantedTo, bool), Level>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Organization {
    pub root: Label,
    pub roles: [Option<Role>; PEOPLE],
    /// What each membership lets through: the highest level, and billable activity where somebody said so.
    pub caps: [(Level, Option<bool>); PEOPLE],
    pub deleted: Option<i64>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Licence {
    pub org: usize,
    pub product: Product,
    pub model: Model,
    pub from: i64,
    pub until: Option<i64>,
    pub left: Amounts,
}

impl Licence {
    fn active(&self, now: i64) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Loan {
    pub licence: usize,
    pub to: usize,
    pub ends: i64,
    /// Whether it was ended before `ends`.
    pub ended: bool,
}

/// A job, by the number of the action that started it.
#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    pub dataset: Label,
    /// The organization that pays.
    pub org: usize,
    pub state: JobState,
    /// How far the dataset had come before.
    pub before: DatasetStatus,
    /// The licence that was charged, and how much.
    pub paid: Option<(usize, Amounts)>,
    pub refunded: bool,
    pub queued: i64,
    pub claimed: i64,
}

/// The whole state.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelState {
    pub now: i64,
    pub orgs: Vec<Organization>,
    pub licences: Vec<Licence>,
    pub loans: Vec<Loan>,
    pub nodes: BTreeMap<Label, Node>,
    pub jobs: BTreeMap<Label, Job>,
    /// The order of the ids of jobs.
    pub job_order: BTreeMap<Label, u128>,
    /// The order of ids, which breaks ties between datasets that wait since the same moment.
    pub order: BTreeMap<Label, u128>,
}

pub const DAY: i64 = 86_400_000;

/// What a membership lets through where nobody said otherwise (JOB-5).
const NO_CAP: (Level, Option<bool>) = (Level::Editor, None);

/// LIC-2: what processing a dataset costs.
fn price(model: Model, images: i64) -> Amounts {
    match model {
        Model::ImagesProjects => [images, 1, 0],
        Model::Credits => [0, 0, (images * 20 + 99) / 100],
    }
}

fn plus(a: Amounts, b: Amounts) -> Amounts {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn minus(a: Amounts, b: Amounts) -> Amounts {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn covers(left: Amounts, cost: Amounts) -> bool {
    (0..3).all(|at| left[at] >= cost[at])
}

fn has_sites(product: Product) -> bool {
    matches!(product, Product::CloudPro | Product::CloudTeams | Product::CloudEnterprise)
}

/// DRIVE-1.
fn holds(container: Kind, kind: Kind) -> bool {
    match container {
        Kind::Root | Kind::Folder => kind != Kind::Root,
        Kind::Site | Kind::Asset => kind == Kind::Dataset,
        Kind::Dataset => false,
    }
}

impl ModelState {
    /// The first person owns every organization; each root has its own label.
    pub fn new(now: i64) -> Self {
        let root = |org| Node {
            parent: None,
            kind: Kind::Root,
            name: String::new(),
            org,
            images: 0,
            status: None,
            charged: None,
            waiting: None,
            created: now,
            trash: None,
            grants: BTreeMap::new(),
        };
        let mut roles = [None; PEOPLE];
        roles[0] = Some(Role::Owner);
        let label = |org: usize| u32::try_from(org).unwrap_or(0);
        Self {
            now,
            orgs: (0..ORGS)
                .map(|org| Organization { root: label(org), roles, caps: [NO_CAP; PEOPLE], deleted: None })
                .collect(),
            licences: Vec::new(),
            loans: Vec::new(),
            nodes: (0..ORGS).map(|org| (label(org), root(org))).collect(),
            jobs: BTreeMap::new(),
            job_order: BTreeMap::new(),
            order: BTreeMap::new(),
        }
    }

    fn node(&self, label: Label) -> &Node {
        &self.nodes[&label]
    }

    /// Whether it exists and is not in the trash.
    pub fn is_there(&self, label: Label) -> bool {
        self.nodes.get(&label).is_some_and(|node| node.trash.is_none())
    }

    /// It and its ancestors.
    fn way_up(&self, label: Label) -> Vec<Label> {
        std::iter::successors(Some(label), |at| self.node(*at).parent).collect()
    }

    /// It and everything below it that is not in the trash.
    pub fn below(&self, label: Label) -> Vec<Label> {
        let mut found = vec![label];
        let mut at = 0;
        while at < found.len() {
            let inside = self.nodes.iter().filter(|(_, node)| node.parent == Some(found[at]) && node.trash.is_none());
            let inside: Vec<Label> = inside.map(|(label, _)| *label).collect();
            found.extend(inside);
            at += 1;
        }
        found
    }

    fn depth(&self, label: Label) -> usize {
        self.way_up(label).len() - 1
    }

    fn height(&self, label: Label) -> usize {
        let depths = self.below(label).into_iter().map(|at| self.depth(at));
        depths.max().unwrap_or(0) - self.depth(label)
    }

    fn names_in(&self, container: Label) -> BTreeSet<String> {
        let inside = self.nodes.values().filter(|node| node.parent == Some(container) && node.trash.is_none());
        inside.map(|node| node.name.clone()).collect()
    }

    /// DRIVE-5.
    fn free_name(name: &str, taken: &BTreeSet<String>) -> String {
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        candidates.find(|candidate| !taken.contains(candidate)).unwrap_or_default()
    }

    /// ACCESS-4: whether a grant reaches a person.
    fn reaches(&self, whom: GrantedTo, who: usize) -> bool {
        match whom {
            GrantedTo::Person(person) => person == who,
            GrantedTo::Organization(org) => self.orgs[org].deleted.is_none() && self.orgs[org].roles[who].is_some(),
        }
    }

    /// ACCESS-1, of what is there or in the trash; `None`: it does not exist for them.
    fn level(&self, who: usize, label: Label) -> Option<Level> {
        let org = &self.orgs[self.nodes.get(&label)?.org];
        if org.deleted.is_some() {
            return None;
        }
        let by_role = match org.roles[who] {
            Some(Role::Owner | Role::Manager) => Some(Level::Manager),
            Some(Role::Editor) => Some(Level::Editor),
            Some(Role::Reader) => Some(Level::Reader),
            Some(Role::Member) | None => None,
        };
        let way = self.way_up(label);
        let grants = way.iter().flat_map(|at| &self.node(*at).grants);
        // JOB-5: what an organization was given reaches its people up to their cap.
        let through = |whom: GrantedTo, level: Level| match whom {
            GrantedTo::Person(_) => level,
            GrantedTo::Organization(org) => level.min(self.orgs[org].caps[who].0),
        };
        let reaching = grants.filter(|((whom, _), _)| self.reaches(*whom, who));
        reaching.map(|((whom, _), level)| through(*whom, *level)).chain(by_role).max()
    }

    fn sees(&self, who: usize, label: Label) -> Option<Level> {
        if self.is_there(label) { self.level(who, label) } else { None }
    }

    /// Whether a loan has neither ended nor run out.
    pub fn runs(&self, loan: &Loan) -> bool {
        !loan.ended && self.now < loan.ends
    }

    /// ACCT-3: who uses a licence now, if anybody does. The loans of a deleted organization do not count.
    fn user(&self, licence: usize) -> usize {
        let running = self.loans.iter().find(|loan| loan.licence == licence && self.runs(loan));
        running.map_or(self.licences[licence].org, |loan| loan.to)
    }

    fn uses(&self, org: usize, licence: usize) -> bool {
        let owner = self.licences[licence].org;
        self.user(licence) == org && (owner == org || self.orgs[owner].deleted.is_none())
    }

    /// Owners and Managers lend, call back and return, but not in a deleted organization.
    fn role(&self, who: usize, org: usize) -> Option<Role> {
        self.orgs[org].roles[who].filter(|_| self.orgs[org].deleted.is_none())
    }

    /// The cloud licence that governs an organization: the active one of the highest tier, else the one that expired last.
    pub fn governing(&self, org: usize) -> Option<usize> {
        let own = || (0..self.licences.len()).filter(|at| self.uses(org, *at));
        let active = own().filter(|at| self.licences[*at].active(self.now));
        let best = active.max_by_key(|at| {
            let Licence { product, left, .. } = &self.licences[*at];
            (*product, left[0], left[2], *at)
        });
        let expired = || own().filter(|at| self.licences[*at].until.is_some_and(|until| until <= self.now));
        best.or_else(|| expired().max_by_key(|at| (self.licences[*at].until, *at)))
    }

    fn active(&self, org: usize) -> Option<usize> {
        self.governing(org).filter(|at| self.licences[*at].active(self.now))
    }

    /// LIC-6, for what is new: an expired licence takes it away; who never had one keeps what Discovery gives.
    fn may_create(&self, org: usize) -> bool {
        self.governing(org).is_none() || self.active(org).is_some()
    }

    /// LIC-4.
    fn may_assign(&self, org: usize) -> bool {
        self.active(org).is_some_and(|at| has_sites(self.licences[at].product))
    }

    /// LIC-4: Team Access Control.
    fn may_have_members(&self, org: usize) -> bool {
        let teams = |at: usize| matches!(self.licences[at].product, Product::CloudTeams | Product::CloudEnterprise);
        self.active(org).is_some_and(teams)
    }

    fn owners(&self, org: usize) -> usize {
        self.orgs[org].roles.iter().filter(|role| **role == Some(Role::Owner)).count()
    }

    /// Does what is asked, or says why not. What it makes is called `label`, and what is inside that by the numbers after it.
    pub fn apply(&mut self, action: &Action, label: Label) -> Answer {
        match action {
            Action::Create { by, parent, kind, name, images } => self.create(*by, *parent, *kind, name, *images, label),
            Action::Engine { dataset, status } => self.engine(*dataset, *status),
            Action::Transfer { by, items, to, .. } => self.transfer(*by, items, *to),
            Action::Copy { by, item, to } => self.copy(*by, *item, *to, label),
            Action::Trash { by, item } => self.trash(*by, *item),
            Action::Restore { by, item } => self.restore(*by, *item),
            Action::DeleteForGood { by, item } => match self.top_of_trash(*by, *item) {
                Some(_) => self.delete_for_good(*item),
                // Whoever sees that it is not in the trash is told so.
                None if self.sees(*by, *item).is_some() => no("conflict"),
                None => no("not_found"),
            },
            Action::Purge => {
                let overdue = |trash: Trash| trash.at.is_some_and(|at| at + 30 * DAY <= self.now);
                let tops = self.nodes.iter().filter(|(_, node)| node.trash.is_some_and(overdue));
                let since = |node: &Node| node.trash.and_then(|trash| trash.at);
                let mut tops: Vec<(Option<i64>, Option<u128>, Label)> =
                    tops.map(|(label, node)| (since(node), self.order.get(label).copied(), *label)).collect();
                tops.sort_unstable();
                for (.., top) in tops {
                    self.delete_for_good(top);
                }
                Answer::Done
            }
            Action::Grant { org, product, model, amounts, days } => {
                if self.orgs[*org].deleted.is_some() {
                    return no("not_found");
                }
                // The last day is still a day of the licence.
                let until = days.map(|days| (self.now.div_euclid(DAY) + days + 1) * DAY);
                let (org, product, model, left) = (*org, *product, *model, *amounts);
                self.licences.push(Licence { org, product, model, from: self.now, until, left });
                self.start_waiting(org);
                Answer::Done
            }
            Action::TopUp { licence, amounts } => {
                let topped = &mut self.licences[*licence];
                if self.orgs[topped.org].deleted.is_some() {
                    return no("not_found");
                }
                let other = match topped.model {
                    Model::ImagesProjects => [0, 0, amounts[2]],
                    Model::Credits => [amounts[0], amounts[1], 0],
                };
                if *amounts == [0; 3] || other != [0; 3] || !covers(*amounts, [0; 3]) {
                    return no("invalid");
                }
                topped.left = plus(topped.left, *amounts);
                let user = self.user(*licence);
                self.start_waiting(user);
                Answer::Done
            }
            Action::Extend { licence, days } => {
                let last = self.now.div_euclid(DAY) + days;
                let extended = &mut self.licences[*licence];
                if self.orgs[extended.org].deleted.is_some() {
                    return no("not_found");
                }
                if last < extended.from.div_euclid(DAY) {
                    return no("invalid");
                }
                extended.until = Some((last + 1) * DAY);
                let user = self.user(*licence);
                self.start_waiting(user);
                Answer::Done
            }
            Action::Expire { licence } => {
                let licence = &mut self.licences[*licence];
                if licence.until.is_none_or(|until| self.now < until) {
                    licence.until = Some(self.now);
                }
                Answer::Done
            }
            Action::ChangeRole { by, org, whom, to } => self.change_role(*by, *org, *whom, *to),
            Action::Leave { by, org } => self.leave(*by, *org),
            Action::Join { org, whom, role } => {
                self.orgs[*org].roles[*whom] = Some(*role);
                self.orgs[*org].caps[*whom] = NO_CAP;
                Answer::Done
            }
            Action::DeleteOrg { by, org } => match (self.orgs[*org].deleted, self.orgs[*org].roles[*by]) {
                (Some(_), _) | (None, None) => no("not_found"),
                (None, Some(Role::Owner)) => {
                    self.orgs[*org].deleted = Some(self.now);
                    Answer::Done
                }
                (None, Some(_)) => no("forbidden"),
            },
            Action::RestoreOrg { by, org } => {
                let restorable = self.orgs[*org].deleted.is_some_and(|at| self.now - 30 * DAY < at);
                if !restorable || self.orgs[*org].roles[*by] != Some(Role::Owner) {
                    return no("not_found");
                }
                self.orgs[*org].deleted = None;
                Answer::Done
            }
            Action::Give { item, whom, level, carried } => {
                if let Some(node) = self.nodes.get_mut(item) {
                    node.grants.insert((*whom, *carried), *level);
                }
                Answer::Done
            }
            Action::Lend { by, org, licence, to, days } => self.lend(*by, *org, *licence, *to, *days),
            Action::EndLoan { by, loan } => {
                let Loan { licence, to, .. } = self.loans[*loan];
                let (lender, borrower) = (self.role(*by, self.licences[licence].org), self.role(*by, to));
                if lender.is_none() && borrower.is_none() {
                    return no("not_found");
                }
                if lender < Some(Role::Manager) && borrower < Some(Role::Manager) {
                    return no("forbidden");
                }
                if !self.runs(&self.loans[*loan]) {
                    return no("conflict");
                }
                self.loans[*loan].ended = true;
                self.start_waiting(self.licences[licence].org);
                Answer::Done
            }
            Action::StartJob { by, dataset } => self.start_job(*by, *dataset, label),
            Action::CancelJob { by, job } => self.cancel_job(*by, *job),
            Action::TakeJob => {
                let queued = self.jobs.iter().filter(|(_, job)| job.state == JobState::Queued);
                let takeable = queued.filter(|(_, job)| {
                    let node = self.nodes.get(&job.dataset).filter(|node| node.trash.is_none());
                    node.is_some_and(|node| self.orgs[node.org].deleted.is_none())
                });
                let next = takeable.map(|(label, job)| (job.queued, self.order_of_job(*label), *label)).min();
                if let Some((.., label)) = next {
                    let now = self.now;
                    if let Some(job) = self.jobs.get_mut(&label) {
                        job.claimed = now;
                    }
                    self.to(label, JobState::Running, false);
                }
                Answer::Done
            }
            Action::EndJob { job, how } => {
                let state = self.jobs.get(job).map(|job| job.state);
                let (to, refunds) = match (state, how) {
                    (Some(JobState::Cancelling), _) => (JobState::Cancelled, false),
                    (Some(JobState::Running), JobEnd::Done) => (JobState::Done, false),
                    (Some(JobState::Running), JobEnd::Broke) => (JobState::Failed, true),
                    (Some(JobState::Running), JobEnd::Released) => (JobState::Queued, false),
                    _ => return no("lease_lost"),
                };
                self.to(*job, to, refunds);
                Answer::Done
            }
            Action::LoseJobs => {
                let lost =
                    |job: &Job| matches!(job.state, JobState::Running | JobState::Cancelling) && job.claimed < self.now;
                let lost = self.jobs.iter().filter(|(_, job)| lost(job));
                let mut lost: Vec<(i64, u128, Label)> =
                    lost.map(|(label, job)| (job.claimed, self.order_of_job(*label), *label)).collect();
                lost.sort_unstable();
                for (.., label) in lost {
                    // A day is longer than the app allows.
                    match self.jobs[&label].state {
                        JobState::Running => self.to(label, JobState::Failed, true),
                        _ => self.to(label, JobState::Cancelled, false),
                    }
                }
                Answer::Done
            }
            Action::Cap { by, org, whom, level, billable } => {
                let Some(mine) = self.role(*by, *org) else { return no("not_found") };
                if mine < Role::Manager {
                    return no("forbidden");
                }
                match self.orgs[*org].roles[*whom] {
                    None => return no("not_found"),
                    Some(Role::Owner) => return no(if mine == Role::Owner { "invalid" } else { "forbidden" }),
                    Some(_) => {}
                }
                self.orgs[*org].caps[*whom] = (*level, Some(*billable));
                Answer::Done
            }
            Action::Days(days) => {
                self.now += days * DAY;
                Answer::Done
            }
        }
    }

    fn order_of_job(&self, label: Label) -> u128 {
        self.job_order.get(&label).copied().unwrap_or(u128::MAX)
    }

    /// The job that is under way on a dataset.
    fn live_job(&self, dataset: Label) -> Option<Label> {
        let live = |job: &Job| job.dataset == dataset && !job.state.has_ended();
        self.jobs.iter().find(|(_, job)| live(job)).map(|(label, _)| *label)
    }

    /// LIC-2: what a job costs under a licence.
    fn price_of_job(&self, licence: usize, dataset: &Node) -> Amounts {
        match self.licences[licence].model {
            Model::ImagesProjects if dataset.charged.is_some() => [0; 3],
            model => price(model, dataset.images),
        }
    }

    /// JOB-2: another state, what that makes of the dataset, and what it gives back.
    fn to(&mut self, label: Label, state: JobState, refunds: bool) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(&label) else { return };
        job.state = state;
        if state == JobState::Queued {
            job.queued = now;
        }
        let back = job.paid.filter(|_| refunds && !job.refunded);
        job.refunded |= back.is_some();
        let (dataset, before) = (job.dataset, job.before);
        let status = match state {
            JobState::Done => DatasetStatus::Processed,
            _ if before == DatasetStatus::Processed => DatasetStatus::Processed,
            JobState::WaitingForCredits => DatasetStatus::WaitingForCredits,
            JobState::Queued => DatasetStatus::Queued,
            JobState::Running | JobState::Cancelling => DatasetStatus::Processing,
            JobState::Failed => DatasetStatus::Failed,
            JobState::Cancelled => before,
        };
        if let Some(node) = self.nodes.get_mut(&dataset) {
            node.status = Some(status);
            let since = node.waiting.unwrap_or(now);
            node.waiting = (state == JobState::WaitingForCredits).then_some(since);
            if back.is_some_and(|(_, price)| price[1] > 0) {
                node.charged = None;
            }
        }
        if let Some((licence, price)) = back {
            self.licences[licence].left = plus(self.licences[licence].left, price);
            self.start_waiting(self.user(licence));
        }
    }

    /// Charges a job and queues it.
    fn queue_job(&mut self, label: Label, licence: usize, cost: Amounts) {
        let images_projects = self.licences[licence].model == Model::ImagesProjects;
        self.licences[licence].left = minus(self.licences[licence].left, cost);
        let Some(job) = self.jobs.get_mut(&label) else { return };
        job.paid = (cost != [0; 3]).then_some((licence, cost));
        let paid = job.paid.is_some();
        if let Some(node) = self.nodes.get_mut(&job.dataset)
            && images_projects
            && paid
        {
            node.charged = node.charged.or(Some(licence));
        }
        self.to(label, JobState::Queued, false);
    }

    fn start_job(&mut self, by: usize, dataset: Label, label: Label) -> Answer {
        match self.sees(by, dataset) {
            None => return no("not_found"),
            Some(level) if level < Level::Editor => return no("forbidden"),
            Some(_) => {}
        }
        let node = self.node(dataset).clone();
        if node.kind != Kind::Dataset {
            return no("not_found");
        }
        // The app is that of the first organization, for everybody.
        if self.orgs[0].deleted.is_some() {
            return no("invalid");
        }
        // JOB-5: people of the organization that pays, Members only where somebody said so.
        let may_spend = match self.orgs[node.org].roles[by] {
            None => false,
            Some(role) => self.orgs[node.org].caps[by].1.unwrap_or(role != Role::Member),
        };
        let Some(paying) = self.active(node.org).filter(|_| may_spend) else { return no("forbidden") };
        if node.images == 0 {
            return no("invalid");
        }
        if self.live_job(dataset).is_some() {
            return no("conflict");
        }
        let before = match node.status {
            Some(done @ (DatasetStatus::Processed | DatasetStatus::Failed)) => done,
            _ => DatasetStatus::Draft,
        };
        let cost = self.price_of_job(paying, &node);
        let job = Job {
            dataset,
            org: node.org,
            state: JobState::WaitingForCredits,
            before,
            paid: None,
            refunded: false,
            queued: self.now,
            claimed: self.now,
        };
        self.jobs.insert(label, job);
        if covers(self.licences[paying].left, cost) {
            self.queue_job(label, paying, cost);
        } else {
            self.to(label, JobState::WaitingForCredits, false);
        }
        Answer::Done
    }

    fn cancel_job(&mut self, by: usize, label: Label) -> Answer {
        let Some(job) = self.jobs.get(&label).cloned() else { return no("not_found") };
        let node = self.nodes.get(&job.dataset).filter(|node| node.org == job.org);
        match node.and_then(|_| self.level(by, job.dataset)) {
            Some(level) if level < Level::Editor => return no("forbidden"),
            Some(_) => {}
            // What is not here any more is only looked at, by who sees everything.
            None if self.role(by, job.org) >= Some(Role::Reader) => return no("conflict"),
            None => return no("not_found"),
        }
        match job.state {
            JobState::WaitingForCredits => self.to(label, JobState::Cancelled, false),
            JobState::Queued => self.to(label, JobState::Cancelled, true),
            JobState::Running => self.to(label, JobState::Cancelling, false),
            JobState::Cancelling => {}
            _ => return no("conflict"),
        }
        Answer::Done
    }

    /// ACCT-3: what is active, one's own and not lent is lent until the end of a day.
    fn lend(&mut self, by: usize, org: usize, licence: usize, to: usize, days: i64) -> Answer {
        match self.role(by, org) {
            None => return no("not_found"),
            Some(role) if role < Role::Manager => return no("forbidden"),
            Some(_) => {}
        }
        let Licence { org: owner, .. } = self.licences[licence];
        let lendable = owner == org && self.licences[licence].active(self.now) && self.user(licence) == org;
        if !lendable || to == org || self.orgs[to].deleted.is_some() || days < 0 {
            return no("invalid");
        }
        let ends = (self.now.div_euclid(DAY) + days + 1) * DAY;
        self.loans.push(Loan { licence, to, ends, ended: false });
        self.start_waiting(to);
        Answer::Done
    }

    fn create(&mut self, by: usize, parent: Label, kind: Kind, name: &str, images: i64, label: Label) -> Answer {
        match self.sees(by, parent) {
            None => return no("not_found"),
            Some(Level::Reader) => return no("forbidden"),
            Some(_) => {}
        }
        let org = self.node(parent).org;
        if !holds(self.node(parent).kind, kind) || self.depth(parent) >= 64 {
            return no("invalid");
        }
        let in_site = self.node(parent).kind == Kind::Site || kind == Kind::Site;
        if !self.may_create(org) || (in_site && !self.may_assign(org)) {
            return no("forbidden");
        }
        if self.names_in(parent).contains(name) {
            return no("name_taken");
        }
        let dataset = kind == Kind::Dataset;
        let node = Node {
            parent: Some(parent),
            kind,
            name: name.to_owned(),
            org,
            images: if dataset { images } else { 0 },
            status: dataset.then_some(DatasetStatus::Draft),
            charged: None,
            waiting: None,
            created: self.now,
            trash: None,
            grants: BTreeMap::new(),
        };
        self.nodes.insert(label, node);
        Answer::Done
    }

    /// LIC-2: the first step towards processing is paid for, once; what fails is given back.
    fn engine(&mut self, dataset: Label, wanted: DatasetStatus) -> Answer {
        if !self.is_there(dataset) || self.node(dataset).kind != Kind::Dataset {
            return no("not_found");
        }
        // The status follows from the job.
        if self.live_job(dataset).is_some() {
            return no("conflict");
        }
        if self.orgs[self.node(dataset).org].deleted.is_some() {
            return no("not_found");
        }
        let Node { org, images, mut charged, .. } = *self.node(dataset);
        let (mut status, mut given_back) = (wanted, None);
        if wanted == DatasetStatus::WaitingForCredits && charged.is_some() {
            status = DatasetStatus::Queued;
        }
        if matches!(wanted, DatasetStatus::Queued | DatasetStatus::Processing | DatasetStatus::Processed)
            && charged.is_none()
        {
            let able = |at: &usize| covers(self.licences[*at].left, price(self.licences[*at].model, images));
            charged = self.active(org).filter(able);
            match charged {
                Some(paying) => {
                    let licence = &mut self.licences[paying];
                    licence.left = minus(licence.left, price(licence.model, images));
                }
                None if wanted == DatasetStatus::Processed => {}
                None => status = DatasetStatus::WaitingForCredits,
            }
        }
        if wanted == DatasetStatus::Failed
            && let Some(paid) = charged.take()
        {
            let licence = &mut self.licences[paid];
            let back = price(licence.model, images);
            licence.left = plus(licence.left, back);
            given_back = Some(paid).filter(|_| back != [0; 3]);
        }
        if let Some(node) = self.nodes.get_mut(&dataset) {
            (node.status, node.charged) = (Some(status), charged);
            let since = node.waiting.unwrap_or(self.now);
            node.waiting = (status == DatasetStatus::WaitingForCredits).then_some(since);
        }
        if let Some(paid) = given_back {
            self.start_waiting(self.user(paid));
        }
        Answer::Done
    }

    /// LIC-2: what waits starts when it can be paid, the longest first; what is too dear does not hold up the others.
    fn start_waiting(&mut self, org: usize) {
        let Some(paying) = self.active(org).filter(|_| self.orgs[org].deleted.is_none()) else { return };
        let waits = |node: &Node| node.org == org && node.trash.is_none() && node.waiting.is_some();
        let mut waiting: Vec<(Option<i64>, u128, Label)> = self
            .nodes
            .iter()
            .filter(|(_, node)| waits(node))
            .map(|(label, node)| (node.waiting, self.order.get(label).copied().unwrap_or(u128::MAX), *label))
            .collect();
        waiting.sort_unstable();
        for (_, _, label) in waiting {
            if let Some(job) = self.live_job(label) {
                let cost = self.price_of_job(paying, &self.nodes[&label]);
                if covers(self.licences[paying].left, cost) {
                    self.queue_job(job, paying, cost);
                }
                continue;
            }
            let licence = &mut self.licences[paying];
            let cost = price(licence.model, self.nodes[&label].images);
            if covers(licence.left, cost)
                && let Some(node) = self.nodes.get_mut(&label)
            {
                licence.left = minus(licence.left, cost);
                (node.status, node.charged, node.waiting) = (Some(DatasetStatus::Queued), Some(paying), None);
            }
        }
    }

    fn copy(&mut self, by: usize, item: Label, to: Label, label: Label) -> Answer {
        let (Some(_), Some(there)) = (self.sees(by, item), self.sees(by, to)) else { return no("not_found") };
        if there < Level::Uploader {
            return no("forbidden");
        }
        let (original, place) = (self.node(item).clone(), self.node(to).clone());
        let fits = holds(place.kind, original.kind) && self.depth(to) + 1 + self.height(item) <= 64;
        if original.kind == Kind::Root || original.org != place.org || self.way_up(to).contains(&item) || !fits {
            return no("invalid");
        }
        let sites = place.kind == Kind::Site || self.below(item).iter().any(|of| self.node(*of).kind == Kind::Site);
        if !self.may_create(place.org) || (sites && !self.may_assign(place.org)) {
            return no("forbidden");
        }
        let name = Self::free_name(&original.name, &self.names_in(to));
        let copies: BTreeMap<Label, Label> = self.below(item).into_iter().zip(label..).collect();
        for (of, copy) in &copies {
            let node = self.node(*of);
            let status = node.status.map(|status| match status {
                DatasetStatus::Queued | DatasetStatus::WaitingForCredits | DatasetStatus::Processing => {
                    DatasetStatus::Draft
                }
                status => status,
            });
            let made = Node {
                parent: if *of == item { Some(to) } else { node.parent.map(|parent| copies[&parent]) },
                name: if *of == item { name.clone() } else { node.name.clone() },
                status,
                charged: None,
                waiting: None,
                created: self.now,
                grants: BTreeMap::new(),
                ..node.clone()
            };
            self.nodes.insert(*copy, made);
        }
        Answer::Done
    }

    fn trash(&mut self, by: usize, item: Label) -> Answer {
        match self.sees(by, item) {
            None => return no("not_found"),
            Some(level) if level < Level::Editor => return no("forbidden"),
            Some(_) => {}
        }
        if self.node(item).kind == Kind::Root {
            return no("invalid");
        }
        for at in self.below(item) {
            let trash = Trash { with: item, at: (at == item).then_some(self.now) };
            if let Some(node) = self.nodes.get_mut(&at) {
                node.trash = Some(trash);
            }
        }
        Answer::Done
    }

    /// What somebody put into the trash, for who could have.
    fn top_of_trash(&self, by: usize, item: Label) -> Option<&Node> {
        let top = self.nodes.get(&item).filter(|node| node.trash.is_some_and(|trash| trash.at.is_some()))?;
        self.level(by, item).filter(|level| *level >= Level::Editor).map(|_| top)
    }

    fn restore(&mut self, by: usize, item: Label) -> Answer {
        let Some(top) = self.top_of_trash(by, item).cloned() else { return no("not_found") };
        let Some(was) = top.parent else { return no("not_found") };
        let (root, mut to) = (self.orgs[top.org].root, was);
        if !self.is_there(was) {
            // XFER-3: whoever had access from where it was keeps it in the Drive.
            to = root;
            let between = self.way_up(was).into_iter().filter(|at| *at != root).collect::<Vec<_>>();
            self.carry(item, &between, &BTreeMap::new());
        }
        let name = Self::free_name(&top.name, &self.names_in(to));
        if let Some(node) = self.nodes.get_mut(&item) {
            (node.parent, node.name) = (Some(to), name);
        }
        for node in self.nodes.values_mut().filter(|node| node.trash.is_some_and(|trash| trash.with == item)) {
            node.trash = None;
        }
        Answer::Done
    }

    fn delete_for_good(&mut self, top: Label) -> Answer {
        let gone: BTreeSet<Label> = self
            .nodes
            .iter()
            .filter(|(_, node)| node.trash.is_some_and(|trash| trash.with == top))
            .map(|(label, _)| *label)
            .collect();
        self.leave_trash(&gone);
        let live = self.jobs.iter().filter(|(_, job)| gone.contains(&job.dataset) && !job.state.has_ended());
        let mut live: Vec<(u128, Label)> = live.map(|(label, _)| (self.order_of_job(*label), *label)).collect();
        live.sort_unstable();
        for (_, label) in live {
            let refunds = self.jobs[&label].state == JobState::Queued;
            self.to(label, JobState::Cancelled, refunds);
        }
        self.nodes.retain(|label, _| !gone.contains(label));
        Answer::Done
    }

    /// What is in the trash of these by itself is from now on as if it had been in the root.
    fn leave_trash(&mut self, of: &BTreeSet<Label>) {
        let roots: Vec<Label> = self.orgs.iter().map(|org| org.root).collect();
        for node in self.nodes.values_mut() {
            let left =
                node.trash.is_some_and(|trash| trash.at.is_some()) && node.parent.is_some_and(|p| of.contains(&p));
            if left {
                node.parent = Some(roots[node.org]);
            }
        }
    }

    /// The highest level of each grantee on any of these.
    fn highest(&self, on: &[Label]) -> BTreeMap<GrantedTo, Level> {
        let mut levels = BTreeMap::new();
        for ((whom, _), level) in on.iter().flat_map(|at| &self.node(*at).grants) {
            let highest = levels.entry(*whom).or_insert(*level);
            *highest = (*level).max(*highest);
        }
        levels
    }

    /// XFER-3: access from the old surroundings comes along, where neither the new ones nor the item give as much.
    fn carry(&mut self, item: Label, old: &[Label], new: &BTreeMap<GrantedTo, Level>) {
        let (own, above) = (self.highest(&[item]), self.highest(old));
        for (whom, level) in above {
            let kept = own.get(&whom).max(new.get(&whom)).copied();
            if kept.is_none_or(|kept| kept < level)
                && let Some(node) = self.nodes.get_mut(&item)
            {
                node.grants.insert((whom, true), level);
            }
        }
    }

    fn transfer(&mut self, by: usize, items: &[Label], to: Label) -> Answer {
        if !self.is_there(to) || items.iter().any(|item| !self.is_there(*item)) {
            return no("not_found");
        }
        let root = |item: &Label| self.node(*item).kind == Kind::Root;
        if items.iter().any(|item| !root(item) && self.level(by, *item).is_none()) {
            return no("not_found");
        }
        // The oldest of them is looked at first.
        if let Some(item) = items.iter().filter(|item| root(item)).min() {
            return no(if self.level(by, *item).is_none() { "not_found" } else { "invalid" });
        }
        let (source, target) = (self.node(items[0]).org, self.node(to).org);
        if items.iter().any(|item| self.node(*item).org != source) {
            return no("invalid");
        }
        let Some(there) = self.level(by, to) else { return no("not_found") };

        let moving: Vec<Label> = items
            .iter()
            .filter(|item| self.node(**item).parent != Some(to))
            .filter(|item| !self.way_up(**item)[1..].iter().any(|above| items.contains(above)))
            .copied()
            .collect();
        let inside: Vec<Label> = moving.iter().flat_map(|item| self.below(*item)).collect();
        let mut way = BTreeSet::new();
        let between = source != target;
        if between {
            self.roles_between(by, source, target, &mut way);
            self.accounts(source, target, &inside, &mut way);
        } else {
            if moving.iter().any(|item| self.level(by, *item) < Some(Level::Editor)) {
                way.insert("source_role_too_low");
            }
            if there < Level::Editor {
                way.insert("target_role_too_low");
            }
        }
        // XFER-2 and XFER-7.
        let by_hand = |at: &Label| self.node(*at).grants.keys().any(|(_, carried)| !carried);
        if if between { inside.iter().any(by_hand) } else { moving.iter().any(by_hand) } {
            way.insert("direct_access");
        }
        self.places(&moving, to, target, &mut way);
        if !way.is_empty() {
            return Answer::No("blocked".to_owned(), way.into_iter().map(str::to_owned).collect());
        }
        self.carry_out(&moving, &inside, source, to);
        Answer::Done
    }

    /// XFER-6.
    fn roles_between(&self, by: usize, source: usize, target: usize, way: &mut BTreeSet<&'static str>) {
        if self.orgs[source].roles[by] < Some(Role::Manager) {
            way.insert("source_role_too_low");
        }
        match self.orgs[target].roles[by] {
            None => way.insert("not_in_target"),
            Some(Role::Reader | Role::Member) => way.insert("target_role_too_low"),
            Some(_) => false,
        };
    }

    fn datasets<'w>(&'w self, inside: &'w [Label]) -> impl Iterator<Item = &'w Node> {
        inside.iter().map(|at| self.node(*at)).filter(|node| node.kind == Kind::Dataset)
    }

    fn cost(&self, inside: &[Label]) -> Amounts {
        self.datasets(inside).fold([0; 3], |cost, node| plus(cost, price(Model::ImagesProjects, node.images)))
    }

    fn models(&self, source: usize, target: usize) -> Option<(Model, Model)> {
        let model = |org| self.governing(org).map(|at| self.licences[at].model);
        Some((model(source)?, model(target)?))
    }

    /// XFER-8 to XFER-12.
    fn accounts(&self, source: usize, target: usize, inside: &[Label], way: &mut BTreeSet<&'static str>) {
        let under_way = |at: &Label| self.live_job(*at).is_some();
        if self.datasets(inside).any(|node| node.status != Some(DatasetStatus::Processed))
            || inside.iter().any(under_way)
        {
            way.insert("not_processed");
        }
        if self.active(target).is_none() {
            way.insert("target_licence_inactive");
        }
        let source_active = self.active(source).is_some();
        let models = self.models(source, target);
        if models == Some((Model::ImagesProjects, Model::Credits)) {
            let month_ago = Timestamp(self.now).one_month_earlier().0;
            if source_active && self.datasets(inside).any(|node| node.created >= month_ago) {
                way.insert("too_recent");
            }
            return;
        }
        if !source_active {
            way.insert("source_licence_inactive");
        }
        match models {
            Some((Model::ImagesProjects, Model::ImagesProjects)) => {
                let left = self.governing(target).map_or([0; 3], |at| self.licences[at].left);
                if !covers(left, self.cost(inside)) {
                    way.insert("allowance_too_small");
                }
            }
            Some((Model::Credits, Model::ImagesProjects)) => {
                way.insert("credits_to_images");
            }
            _ => {}
        }
    }

    /// DRIVE-1, XFER-4, XFER-5, LIC-4.
    fn places(&self, moving: &[Label], to: Label, target: usize, way: &mut BTreeSet<&'static str>) {
        let place = self.node(to).kind;
        for item in moving {
            if self.way_up(to).contains(item) {
                way.insert("into_itself");
            }
            if !holds(place, self.node(*item).kind) {
                way.insert("kind_not_allowed_here");
            }
            let from = self.node(*item).parent.map(|parent| self.node(parent).kind);
            if place == Kind::Site && from == Some(Kind::Site) {
                way.insert("already_in_site");
            }
            if self.depth(to) + 1 + self.height(*item) > 64 {
                way.insert("depth_exceeded");
            }
        }
        if place == Kind::Site && !moving.is_empty() && !self.may_assign(target) {
            way.insert("licence_tier_too_low");
        }
    }

    fn carry_out(&mut self, moving: &[Label], inside: &[Label], source: usize, to: Label) {
        let (target, into_site) = (self.node(to).org, self.node(to).kind == Kind::Site);
        let new_surroundings = self.highest(&self.way_up(to));
        let mut taken = self.names_in(to);
        let (governs, cost, models) =
            ((self.governing(source), self.governing(target)), self.cost(inside), self.models(source, target));
        for item in moving {
            let old: Vec<Label> = self.way_up(*item)[1..].to_vec();
            if into_site {
                // XFER-5: only who reaches the site keeps access.
                if let Some(node) = self.nodes.get_mut(item) {
                    node.grants.retain(|(_, carried), _| !carried);
                }
            } else if source == target {
                self.carry(*item, &old, &new_surroundings);
            }
            let name = Self::free_name(&self.node(*item).name, &taken);
            taken.insert(name.clone());
            if let Some(node) = self.nodes.get_mut(item) {
                (node.parent, node.name) = (Some(to), name);
            }
        }
        if source == target {
            return;
        }
        let inside: BTreeSet<Label> = inside.iter().copied().collect();
        self.leave_trash(&inside);
        let (mut pays, mut given_back) = (None, false);
        if let ((Some(from), Some(into)), Some((Model::ImagesProjects, Model::ImagesProjects))) = (governs, models) {
            // XFER-10: what one side is charged, the other gets back.
            self.licences[from].left = plus(self.licences[from].left, cost);
            self.licences[into].left = minus(self.licences[into].left, cost);
            pays = Some(into).filter(|_| cost != [0; 3]);
            given_back = pays.is_some();
        }
        let in_target = self.orgs[target].roles;
        for at in inside {
            let Some(node) = self.nodes.get_mut(&at) else { continue };
            node.org = target;
            // Who paid for it now is who gets it back should it fail, and does not pay for it again.
            if node.kind == Kind::Dataset {
                node.charged = pays.or(node.charged);
            }
            // XFER-13.
            node.grants.retain(|(whom, _), _| match whom {
                GrantedTo::Person(person) => in_target[*person].is_some(),
                GrantedTo::Organization(org) => *org == target,
            });
        }
        if let Some(from) = governs.0.filter(|_| given_back) {
            self.start_waiting(self.user(from));
        }
    }

    /// ROLE-3, ORG-3.
    fn change_role(&mut self, by: usize, org: usize, whom: usize, to: Role) -> Answer {
        let Some(mine) = self.orgs[org].roles[by].filter(|_| self.orgs[org].deleted.is_none()) else {
            return no("not_found");
        };
        if mine < Role::Manager {
            return no("forbidden");
        }
        let Some(theirs) = self.orgs[org].roles[whom] else { return no("not_found") };
        if mine != Role::Owner && (theirs == Role::Owner || to == Role::Owner) {
            return no("forbidden");
        }
        if theirs == Role::Owner && to != Role::Owner && self.owners(org) == 1 {
            return no("last_owner");
        }
        if to == Role::Member && theirs != Role::Member && !self.may_have_members(org) {
            return no("forbidden");
        }
        if theirs != to {
            self.orgs[org].caps[whom] = NO_CAP;
        }
        self.orgs[org].roles[whom] = Some(to);
        Answer::Done
    }

    /// PEOPLE-7, ORG-3: their access ends at once.
    fn leave(&mut self, by: usize, org: usize) -> Answer {
        let Some(role) = self.orgs[org].roles[by].filter(|_| self.orgs[org].deleted.is_none()) else {
            return no("not_found");
        };
        if role == Role::Owner && self.owners(org) == 1 {
            return no("last_owner");
        }
        self.orgs[org].roles[by] = None;
        for node in self.nodes.values_mut().filter(|node| node.org == org) {
            node.grants.retain(|(whom, _), _| *whom != GrantedTo::Person(by));
        }
        Answer::Done
    }
}
