//! Moving within an organization and transferring between two (XFER): facts in, plan out.
//!
//! [`plan`] is the one place that decides. It is given everything that matters as [`Facts`], looks at all of it, and
//! answers with a [`Plan`]: every blocker at once, not the first, and every effect. The dialog shows the plan, the API
//! returns it as a dry run, and the transfer itself plans again inside its transaction and compares (XFER-15).
//!
//! # Invariants
//! - A plan with a blocker makes no permit, and no store function moves anything without one.
//! - What leaves one allowance arrives in the other: a plan's two sides change by the same amount (XFER-10).
//! - The accounting cases are rows of [`PAIRS`], not branches (XFER-17).

pub mod offer;
pub mod reversal;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    access::{Level, role_level},
    blocker::{Blocker, BlockerCode},
    id::{LicenceId, OrganizationId, PersonId, ResourceId},
    licence::{Amount, Entitlement, Licence, Model, allowance},
    name::same_key,
    permit::Permit,
    refusal::Refusal,
    resource::{Kind, MAX_DEPTH, free_name_from},
    restriction::Restriction,
    role::{Permission, Role, may},
    storage::size,
    time::Timestamp,
};

/// A resource with the name it had when the plan was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NamedResource {
    pub id: ResourceId,
    pub name: String,
}

/// The first entries of a list, and the length of the whole list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Truncated<T> {
    /// How many there are.
    pub total: u64,
    /// The first of them.
    pub first: Vec<T>,
}

impl<T> Default for Truncated<T> {
    fn default() -> Self {
        Self { total: 0, first: Vec::new() }
    }
}

impl<T> Truncated<T> {
    /// All of a short list.
    pub fn all(first: Vec<T>) -> Self {
        Self { total: first.len() as u64, first }
    }
}

/// How many entries of one kind a plan names. Further ones are only counted, so that a plan of a huge transfer stays readable.
pub const MAX_NAMED: usize = 1_000;

/// The source or the target organization of a transfer.
#[derive(Clone, Debug)]
pub struct Side {
    pub organization: OrganizationId,
    /// Its display name.
    pub name: String,
    /// The role there of the person who transfers, if they have one.
    pub role: Option<Role>,
    /// Whether their membership there includes billable activity (JOB-5).
    pub billable: bool,
    /// Whether that person has an invitation to it which they have not answered.
    pub invitation_pending: bool,
    /// The cloud licence that governs the account (see [`super::licence::governing`]).
    pub licence: Option<Licence>,
    /// How many more bytes it may store (FILE-6); `None` for no limit.
    pub storage_left: Option<i64>,
}

/// Who was granted something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    Person(PersonId),
    /// Everyone in an organization (ACCESS-4).
    Organization(OrganizationId),
}

/// A grant as the rules see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantFact {
    pub grantee: Grantee,
    pub name: String,
    pub level: Level,
    /// Whether it came along with a move (XFER-3) rather than by hand.
    pub carried: bool,
}

/// Where things are to go.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The container.
    pub id: ResourceId,
    pub name: String,
    pub kind: Kind,
    /// The level on it of the person who transfers.
    pub level: Option<Level>,
    /// Its depth; a root's is 0.
    pub depth: i64,
    pub self_and_ancestors: Vec<ResourceId>,
    /// The keys of the names in it that are taken, as far as they matter to the items: their own names, and these with
    /// a number behind them (DRIVE-5).
    pub taken: BTreeSet<String>,
    /// The grants on it and above it.
    pub grants: Vec<GrantFact>,
}

/// One selected item, and what is in it.
#[derive(Clone, Debug)]
pub struct Item {
    pub id: ResourceId,
    pub name: String,
    pub kind: Kind,
    /// The container it is in.
    pub parent: ResourceId,
    /// What that container is.
    pub parent_kind: Kind,
    /// Everything above it.
    pub ancestors: Vec<ResourceId>,
    /// What its ancestors forbid (POL-1), with their names where the person sees them.
    pub restricted_by: Vec<(Restriction, ResourceId, Option<String>)>,
    /// The level on it of the person who transfers.
    pub level: Level,
    /// How many levels of things are below it; 0 for one that holds nothing.
    pub height: i64,
    /// The grants on it itself.
    pub grants: Vec<GrantFact>,
    /// The grants above it, from which access is inherited.
    pub above: Vec<GrantFact>,
    /// It and everything inside it.
    pub contents: Contents,
}

/// An item and everything inside it, counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contents {
    /// Folders, sites and assets.
    pub folders: u64,
    pub datasets: u64,
    /// Images of all datasets.
    pub images: i64,
    /// Files of all datasets, and the bytes that they store, with those of uploads.
    pub files: u64,
    pub stored: i64,
    /// Clusters where the datasets are stored.
    pub clusters: BTreeSet<String>,
    /// Datasets that are not Processed.
    pub not_processed: Truncated<NamedResource>,
    /// Datasets that are not older than a month.
    pub too_recent: Truncated<NamedResource>,
    /// Things *inside* the item (not the item itself) that have a grant made by hand, with the names of who has it.
    pub direct: Truncated<(NamedResource, Vec<String>)>,
    /// Share links that work, each by the resource it shows.
    pub links: Truncated<NamedResource>,
}

/// A person who can reach some of the items now.
#[derive(Clone, Debug)]
pub struct PersonWithAccess {
    pub id: PersonId,
    pub name: String,
    /// Their role in the target organization.
    pub target_role: Option<Role>,
    /// Whether a grant on the destination or above it reaches them.
    pub reached_in_target: bool,
    /// Whether they hold a carried grant on what moves, of their own or as one of the target organization; it stays if
    /// they are in the target organization. A carried grant to any other organization ends, and does not count here.
    pub holds_carried: bool,
}

/// Everything that a plan depends on.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The person who transfers.
    pub person: PersonId,
    pub now: Timestamp,
    /// Where the items are.
    pub source: Side,
    /// Where they are to go; the same organization for a move within one.
    pub target: Side,
    /// The container they are to go into.
    pub destination: Destination,
    /// The selected items.
    pub items: Vec<Item>,
    /// People who can reach the items now; only for a transfer between organizations. Whoever is not loaded counts as
    /// losing access, so load everyone, or first those who will lose it.
    pub people_with_access: Truncated<PersonWithAccess>,
}

/// Whether things stay in their organization.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A move within one organization.
    Within,
    /// A transfer between two.
    Between,
}

/// The models of source and target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ModelPair {
    /// How the source is billed.
    pub source: Model,
    /// How the target is billed.
    pub target: Model,
}

/// A condition of a model pair, checked before anything is transferred.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// The source's licence is active.
    SourceActive,
    /// The target has images and projects enough left (XFER-10).
    TargetCanPay,
    /// Whoever transfers may have the target pay (JOB-5).
    MaySpend,
    /// The target does not pay with the allowance of a trial what another licence would be given back (LIC-7).
    NoTrialPays,
    /// Every dataset is older than one month, or the source's licence has expired (XFER-12).
    OldOrSourceExpired,
    /// Nothing ever crosses this way (XFER-11).
    Never,
}

/// What a transfer between a model pair charges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Charge {
    /// The target is charged images and projects; the source is given them back.
    MovesAllowance,
    /// Nothing is charged.
    Nothing,
}

/// The conditions and the charge of one pair of licence models.
#[derive(Clone, Copy, Debug)]
pub struct PairRule {
    /// How the source is billed.
    pub source: Model,
    /// How the target is billed.
    pub target: Model,
    /// What it asks.
    pub conditions: &'static [Condition],
    /// What it does.
    pub charge: Charge,
}

/// The accounting rules (XFER-8, XFER-10 to XFER-12, XFER-17): one row for each pair of licence models.
pub const PAIRS: [PairRule; 4] = [
    PairRule {
        source: Model::ImagesProjects,
        target: Model::ImagesProjects,
        conditions: &[Condition::SourceActive, Condition::TargetCanPay, Condition::MaySpend, Condition::NoTrialPays],
        charge: Charge::MovesAllowance,
    },
    PairRule {
        source: Model::ImagesProjects,
        target: Model::Credits,
        conditions: &[Condition::OldOrSourceExpired],
        charge: Charge::Nothing,
    },
    PairRule {
        source: Model::Credits,
        target: Model::Credits,
        conditions: &[Condition::SourceActive],
        charge: Charge::Nothing,
    },
    PairRule {
        source: Model::Credits,
        target: Model::ImagesProjects,
        conditions: &[Condition::SourceActive, Condition::Never],
        charge: Charge::Nothing,
    },
];

/// How a transfer changes the balance of one side.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SideEffect {
    pub organization: OrganizationId,
    pub name: String,
    /// How it is billed.
    pub model: Option<Model>,
    /// The licence whose books change, or would.
    pub licence: Option<LicenceId>,
    /// The total of the licence. The source may get back more than it ever used. The total then rises with it, so that one
    /// side's use falls by exactly what the other side's rises by.
    pub total: Amount,
    pub left_before: Amount,
    pub left_after: Amount,
}

impl SideEffect {
    /// What is used before and after. Never below zero.
    pub fn used(&self) -> (Amount, Amount) {
        let used = |left: Amount| Amount {
            images: (self.total.images - left.images).max(0),
            projects: (self.total.projects - left.projects).max(0),
            credits: (self.total.credits - left.credits).max(0),
        };
        (used(self.left_before), used(self.left_after))
    }
}

/// A name that changes because the destination has it already (DRIVE-5).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Renamed {
    /// The item.
    pub id: ResourceId,
    /// What it is called now.
    pub from: String,
    /// What it will be called.
    pub to: String,
}

/// Access from the old surroundings that comes along as a carried grant (XFER-3), or raises the one there is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CarriedGrant {
    /// The moved item.
    pub resource: ResourceId,
    /// Who keeps access.
    pub grantee: Grantee,
    pub level: Level,
}

/// A person, or everyone in an organization, and their level (XFER-3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessChange {
    pub grantee: Grantee,
    pub name: String,
    pub level: Level,
}

/// Somebody whose access ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonNamed {
    pub id: PersonId,
    pub name: String,
}

/// What a transfer does besides moving the items.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
pub struct Effects {
    /// The models of both sides; only between organizations, and only where both have a cloud licence.
    pub model_pair: Option<ModelPair>,
    /// What happens to the source's books; only between organizations.
    pub source: Option<SideEffect>,
    /// What happens to the target's books; only between organizations.
    pub target: Option<SideEffect>,
    /// Share links that stop working (XFER-13), each by the resource it shows.
    pub links_stopped: Truncated<NamedResource>,
    /// People who can reach the items now and will not afterwards (XFER-13).
    pub people_losing_access: Truncated<PersonNamed>,
    /// Names that change (DRIVE-5).
    pub renamed: Vec<Renamed>,
    /// Access that comes along (XFER-3).
    pub carried: Vec<CarriedGrant>,
    /// Items whose earlier carried grants end, because they go into a site (XFER-5).
    pub carried_grants_ended: Vec<ResourceId>,
    /// Who gets access, or more of it, by grants at the destination; within one organization only.
    #[serde(default)]
    pub gaining: Truncated<AccessChange>,
    /// Who keeps access by a carried grant; within one organization only.
    #[serde(default)]
    pub keeping: Truncated<AccessChange>,
    /// Who loses what they have by a grant, with the level they had; within one organization only (XFER-5).
    #[serde(default)]
    pub losing: Truncated<AccessChange>,
    /// Where the data is stored, and stays (XFER-13).
    pub clusters: BTreeSet<String>,
}

/// What a transfer would do, and what is in its way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Within one organization, or between two.
    pub scope: Scope,
    pub person: PersonId,
    /// The organization the items are in.
    pub source: OrganizationId,
    /// The organization they go to.
    pub target: OrganizationId,
    /// The container they go into.
    pub destination: NamedResource,
    /// What that container is.
    pub destination_kind: Kind,
    /// The items that move, without those inside another item of the selection, and those that are there already.
    pub items: Vec<NamedResource>,
    /// Folders, sites and assets that move, at any depth.
    pub folders: u64,
    /// Datasets that move, at any depth.
    pub datasets: u64,
    pub images: i64,
    /// Everything that is in the way.
    pub blockers: Vec<Blocker>,
    /// How many more things are in the way than are listed.
    pub more_blockers: u64,
    /// What happens if nothing is in the way.
    pub effects: Effects,
}

/// What a list shows of a transfer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// The item, where it is only one.
    pub name: Option<String>,
    pub items: u64,
    /// Folders, sites and assets, at any depth.
    pub folders: u64,
    /// Datasets, at any depth.
    pub datasets: u64,
    pub images: i64,
    /// The models of both sides.
    pub model_pair: Option<ModelPair>,
}

impl Summary {
    /// "“Tunnel”", "3 items".
    pub fn what(&self) -> String {
        self.name.as_ref().map_or_else(|| format!("{} items", self.items), |name| format!("“{name}”"))
    }
}

impl Effects {
    /// Whether a move within an organization changes who has access. If so, it needs a confirmation (XFER-3).
    pub fn change_access(&self) -> bool {
        self.gaining.total + self.keeping.total + self.losing.total > 0
            || !self.carried.is_empty()
            || !self.carried_grants_ended.is_empty()
    }
}

impl Plan {
    /// Whether the items go to the root of the organization itself, which people know as the Drive. The root of one of several
    /// accounts has the account's name. `target_name` is the organization's name.
    pub fn is_into_drive(&self, target_name: &str) -> bool {
        self.destination_kind == Kind::Root && self.destination.name == target_name
    }

    /// The resources with access given by hand, if that access is all that is in the way (XFER-2). `None` if something else is.
    pub fn only_direct_access(&self) -> Option<Vec<ResourceId>> {
        let direct = self.blockers.iter().all(|blocker| blocker.code == BlockerCode::DirectAccess);
        let all = !self.blockers.is_empty() && self.more_blockers == 0 && direct;
        all.then(|| self.blockers.iter().filter_map(|blocker| blocker.resource).collect())
    }

    /// What a list shows of it.
    pub fn summary(&self) -> Summary {
        let name = match self.items.as_slice() {
            [one] => Some(one.name.clone()),
            _ => None,
        };
        Summary {
            name,
            items: self.items.len() as u64,
            folders: self.folders,
            datasets: self.datasets,
            images: self.images,
            model_pair: self.effects.model_pair,
        }
    }

    /// How many rows it changes. A move within an organization changes the items only, not what is in them.
    pub fn rows(&self) -> u64 {
        match self.scope {
            Scope::Within => self.items.len() as u64,
            Scope::Between => self.folders + self.datasets,
        }
    }

    /// Whether nothing is in the way, named or only counted.
    pub const fn is_clear(&self) -> bool {
        self.blockers.is_empty() && self.more_blockers == 0
    }

    /// Leave to carry the plan out.
    ///
    /// # Errors
    /// `Blocked`, with everything that is in the way.
    pub fn permit(&self) -> Result<Permit, Refusal> {
        if self.is_clear() {
            Ok(Permit::of_plan(self.person, self.target, self.destination.id))
        } else {
            Err(Refusal::Blocked(self.blockers.clone()))
        }
    }
}

/// Collects blockers: the first [`MAX_NAMED`] of each kind by name, the rest as a number.
#[derive(Default)]
struct Blockers {
    first: Vec<Blocker>,
    named: BTreeMap<BlockerCode, usize>,
    more: u64,
}

impl Blockers {
    fn note(&mut self, blocker: Blocker) {
        let named = self.named.entry(blocker.code).or_default();
        if *named < MAX_NAMED {
            *named += 1;
            self.first.push(blocker);
        } else {
            self.more += 1;
        }
    }

    fn whole(&mut self, code: BlockerCode, message: String) {
        self.note(Blocker { code, resource: None, name: None, message });
    }

    fn item(&mut self, code: BlockerCode, id: ResourceId, name: &str, message: String) {
        self.note(Blocker { code, resource: Some(id), name: Some(name.to_owned()), message });
    }

    fn items(&mut self, code: BlockerCode, items: &Truncated<NamedResource>, message: impl Fn(&str) -> String) {
        for item in &items.first {
            self.item(code, item.id, &item.name, message(&item.name));
        }
        self.more += items.total.saturating_sub(items.first.len() as u64);
    }
}

/// Decides a transfer: every blocker and every effect (XFER-1 to XFER-13, XFER-15, XFER-17).
pub fn plan(facts: &Facts) -> Plan {
    let scope = if facts.source.organization == facts.target.organization { Scope::Within } else { Scope::Between };
    let moving = moving(facts);
    let mut blockers = Blockers::default();

    match scope {
        Scope::Within => roles_within(facts, &moving, &mut blockers),
        Scope::Between => roles_between(facts, &mut blockers),
    }
    direct_access(&moving, scope, &mut blockers);
    check_restrictions(facts, &moving, &mut blockers);
    check_destination(facts, &moving, &mut blockers);
    let mut effects = Effects {
        renamed: names(facts, &moving),
        carried_grants_ended: carried_grants_ended(facts, &moving),
        ..Effects::default()
    };
    let images = moving.iter().map(|item| item.contents.images).sum();
    let datasets = moving.iter().map(|item| item.contents.datasets).sum::<u64>();
    match scope {
        Scope::Within => {
            carry(facts, &moving, &mut effects);
            who_gains_keeps_and_loses(facts, &moving, &mut effects);
        }
        Scope::Between => {
            for item in &moving {
                blockers.items(BlockerCode::NotProcessed, &item.contents.not_processed, |name| {
                    format!("“{name}” is not processed yet. Only processed datasets can be transferred; leave it out, or share a copy of it instead.")
                });
            }
            storage(facts, &moving, &mut blockers);
            check_licences_and_charge(facts, &moving, images, datasets, &mut blockers, &mut effects);
            end_access(facts, &moving, &mut effects);
        }
    }

    Plan {
        scope,
        person: facts.person,
        source: facts.source.organization,
        target: facts.target.organization,
        destination: NamedResource { id: facts.destination.id, name: facts.destination.name.clone() },
        destination_kind: facts.destination.kind,
        items: moving.iter().map(|item| NamedResource { id: item.id, name: item.name.clone() }).collect(),
        folders: moving.iter().map(|item| item.contents.folders).sum(),
        datasets,
        images,
        blockers: blockers.first,
        more_blockers: blockers.more,
        effects,
    }
}

/// The items that really move, each once. Items inside another selected item come along with it. Items that are in the
/// destination already stay.
fn moving(facts: &Facts) -> Vec<&Item> {
    let selected: BTreeSet<ResourceId> = facts.items.iter().map(|item| item.id).collect();
    let mut seen = BTreeSet::new();
    facts
        .items
        .iter()
        .filter(|item| seen.insert(item.id))
        .filter(|item| item.parent != facts.destination.id)
        .filter(|item| !item.ancestors.iter().any(|ancestor| selected.contains(ancestor)))
        .collect()
}

/// FILE-6: what moves has to fit into the storage of the target.
fn storage(facts: &Facts, moving: &[&Item], blockers: &mut Blockers) {
    let stored = moving.iter().fold(0_i64, |sum, item| sum.saturating_add(item.contents.stored));
    if let Some(left) = facts.target.storage_left.filter(|left| stored > (*left).max(0)) {
        let target = &facts.target;
        // How much is left is for who may view the usage there.
        let text = if target.role.is_some_and(|role| may(role, Permission::ViewUsage)) {
            format!("This needs {} of {}’s storage, and {} are left.", size(stored), target.name, size(left.max(0)))
        } else {
            format!("{}’s storage is full.", target.name)
        };
        blockers.whole(BlockerCode::StorageTooSmall, text);
    }
}

/// XFER-1.
fn roles_within(facts: &Facts, moving: &[&Item], blockers: &mut Blockers) {
    for item in moving.iter().filter(|item| item.level < Level::Editor) {
        blockers.item(
            BlockerCode::SourceRoleTooLow,
            item.id,
            &item.name,
            format!("You need Editor access to “{}” to move it; you have {} access.", item.name, item.level.label()),
        );
    }
    if facts.destination.level.is_none_or(|level| level < Level::Editor) {
        blockers.whole(
            BlockerCode::TargetRoleTooLow,
            format!("You need Editor access to “{}” to move something into it.", facts.destination.name),
        );
    }
}

/// XFER-6: at least Manager in the source and at least Editor in the target, a person of both.
fn roles_between(facts: &Facts, blockers: &mut Blockers) {
    let (source, target) = (&facts.source, &facts.target);
    if source.role.is_none_or(|role| role < Role::Manager) {
        blockers.whole(
            BlockerCode::SourceRoleTooLow,
            format!("You need at least the Manager role in {} to transfer out of it.", source.name),
        );
    }
    match target.role {
        Some(role) if role >= Role::Editor => {}
        Some(role) => blockers.whole(
            BlockerCode::TargetRoleTooLow,
            format!("You need at least the Editor role in {} to transfer into it, and you have the {} role. Ask an Owner there to change it, or offer it instead.", target.name, role.label()),
        ),
        None if target.invitation_pending => {
            blockers.whole(BlockerCode::InvitationPending, format!("Accept your invitation to {} first.", target.name));
        }
        None => blockers.whole(
            BlockerCode::NotInTarget,
            format!("You are not in {}. Ask an Owner or Manager there to invite you.", target.name),
        ),
    }
}

/// "Chris, Jane and Ben".
fn and_list(names: &[String]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.join(", "),
    }
}

/// XFER-2 for the items themselves; XFER-7 for everything inside them as well.
fn direct_access(moving: &[&Item], scope: Scope, blockers: &mut Blockers) {
    let message = |name: &str, people: &[String]| {
        let have = if people.len() == 1 { "has" } else { "have" };
        format!("{} {have} direct access to “{name}”. Remove it before moving.", and_list(people))
    };
    for item in moving {
        let people: Vec<String> =
            item.grants.iter().filter(|grant| !grant.carried).map(|grant| grant.name.clone()).collect();
        if !people.is_empty() {
            blockers.item(BlockerCode::DirectAccess, item.id, &item.name, message(&item.name, &people));
        }
        if scope == Scope::Between {
            for (inside, people) in &item.contents.direct.first {
                blockers.item(BlockerCode::DirectAccess, inside.id, &inside.name, message(&inside.name, people));
            }
            blockers.more += item.contents.direct.total.saturating_sub(item.contents.direct.first.len() as u64);
        }
    }
}

/// POL-1: whoever cannot lift the restrictions of a folder does not get around them by moving an item out of it. Moving it
/// within the folder is allowed. An item's own restrictions move with it.
fn check_restrictions(facts: &Facts, moving: &[&Item], blockers: &mut Blockers) {
    for item in moving.iter().filter(|item| item.level < Level::Manager) {
        let restricted =
            item.restricted_by.iter().find(|(_, id, _)| !facts.destination.self_and_ancestors.contains(id));
        if let Some((what, _, name)) = restricted {
            let place = name.as_ref().map_or_else(|| "of its folder".to_owned(), |name| format!("of “{name}”"));
            let (code, doing) = match what {
                Restriction::Delete => (BlockerCode::DeletionRestricted, "deleting from there is restricted"),
                Restriction::Copy => (BlockerCode::CopyRestricted, "no one can copy what is there"),
                Restriction::Download => (BlockerCode::DownloadRestricted, "no one can download what is there"),
            };
            let message =
                format!("Only people with Manager access can take “{}” out {place}, because {doing}.", item.name);
            blockers.item(code, item.id, &item.name, message);
        }
    }
}

/// DRIVE-1, XFER-4, XFER-5 and LIC-4: what may be where.
fn check_destination(facts: &Facts, moving: &[&Item], blockers: &mut Blockers) {
    let destination = &facts.destination;
    for item in moving {
        if destination.self_and_ancestors.contains(&item.id) {
            blockers.item(
                BlockerCode::IntoItself,
                item.id,
                &item.name,
                format!("“{}” cannot move into itself or into something inside it.", item.name),
            );
        }
        if !destination.kind.may_hold(item.kind) {
            let message = match destination.kind {
                Kind::Dataset => format!("“{}” is a dataset and cannot hold “{}”.", destination.name, item.name),
                _ if item.kind == Kind::Root => "The Drive itself cannot be moved. Select items in it.".to_owned(),
                kind => format!(
                    "“{}” is {} and holds only datasets; “{}” is {}.",
                    destination.name,
                    super::resource::a(kind).to_lowercase(),
                    item.name,
                    super::resource::a(item.kind).to_lowercase()
                ),
            };
            blockers.item(BlockerCode::KindNotAllowedHere, item.id, &item.name, message);
        }
        if destination.kind == Kind::Site && item.parent_kind == Kind::Site {
            blockers.item(
                BlockerCode::AlreadyInSite,
                item.id,
                &item.name,
                format!("“{}” is already in a site. Remove it from that site first.", item.name),
            );
        }
        if destination.depth + 1 + item.height > MAX_DEPTH {
            blockers.item(
                BlockerCode::DepthExceeded,
                item.id,
                &item.name,
                format!("Folders can be at most {MAX_DEPTH} levels deep. “{}” would go deeper.", item.name),
            );
        }
    }
    let into_site = destination.kind == Kind::Site && !moving.is_empty();
    let has_sites = facts
        .target
        .licence
        .as_ref()
        .is_some_and(|licence| licence.is_active(facts.now) && licence.product.allows(Entitlement::Sites));
    if into_site && !has_sites {
        blockers.whole(
            BlockerCode::LicenceTierTooLow,
            format!("To assign datasets to a site, {} needs an active Cloud Pro licence or higher.", facts.target.name),
        );
    }
}

/// DRIVE-5: names that are taken in the destination, or by another of the items, get a number.
fn names(facts: &Facts, moving: &[&Item]) -> Vec<Renamed> {
    let mut taken = facts.destination.taken.clone();
    // Numbering continues where it stopped for the same name. Otherwise thousands of items of one name would each be counted
    // up from 2, which is quadratic.
    let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
    let mut renamed = Vec::new();
    for item in moving {
        let number = numbers.entry(same_key(&item.name)).or_insert(2);
        let (name, next) = free_name_from(&item.name, *number, |candidate| taken.contains(candidate));
        *number = next;
        taken.insert(same_key(&name));
        if name != item.name {
            renamed.push(Renamed { id: item.id, from: item.name.clone(), to: name });
        }
    }
    renamed
}

/// XFER-5: the items whose carried grants end because they go into a site. In a site, only people with access to the site
/// have access.
/// Whether a move within an organization can be undone (DRIVE-4): not if somebody lost access by it, or if it raised a grant that
/// an earlier move had carried along. Moving back would restore neither.
pub fn may_be_undone(facts: &Facts, plan: &Plan) -> bool {
    let raised = |carried: &CarriedGrant| {
        let item = facts.items.iter().find(|item| item.id == carried.resource);
        item.is_some_and(|item| item.grants.iter().any(|grant| grant.carried && grant.grantee == carried.grantee))
    };
    plan.scope == Scope::Within
        && !plan.items.is_empty()
        && plan.effects.carried_grants_ended.is_empty()
        && !plan.effects.carried.iter().any(raised)
}

fn carried_grants_ended(facts: &Facts, moving: &[&Item]) -> Vec<ResourceId> {
    if facts.destination.kind != Kind::Site {
        return Vec::new();
    }
    moving.iter().filter(|item| item.grants.iter().any(|grant| grant.carried)).map(|item| item.id).collect()
}

/// The highest level of each grantee.
fn highest<'a>(grants: impl IntoIterator<Item = &'a GrantFact>) -> BTreeMap<Grantee, (Level, &'a str)> {
    let mut levels: BTreeMap<Grantee, (Level, &str)> = BTreeMap::new();
    for grant in grants {
        let entry = levels.entry(grant.grantee).or_insert((grant.level, &grant.name));
        entry.0 = entry.0.max(grant.level);
    }
    levels
}

/// XFER-3: who gains access, who keeps it by a carried grant, and who loses it. Roles do not change, so they are left out.
fn who_gains_keeps_and_loses(facts: &Facts, moving: &[&Item], effects: &mut Effects) {
    let into_site = facts.destination.kind == Kind::Site;
    let (mut gaining, mut keeping, mut losing) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let note = |list: &mut BTreeMap<Grantee, (Level, String)>, grantee, level: Level, name: &str| {
        let entry = list.entry(grantee).or_insert_with(|| (level, name.to_owned()));
        entry.0 = entry.0.max(level);
    };
    let carried: BTreeSet<(ResourceId, Grantee)> =
        effects.carried.iter().map(|carried| (carried.resource, carried.grantee)).collect();
    let there = highest(&facts.destination.grants);
    for item in moving {
        let before = highest(item.above.iter().chain(&item.grants));
        // Earlier carried grants end in a site.
        let own = item.grants.iter().filter(|grant| !(into_site && grant.carried));
        let after = highest(facts.destination.grants.iter().chain(own));
        for (grantee, (level, name)) in &there {
            if before.get(grantee).is_none_or(|(before, _)| before < level) {
                note(&mut gaining, *grantee, *level, name);
            }
        }
        for (grantee, (level, name)) in before {
            if carried.contains(&(item.id, grantee)) {
                note(&mut keeping, grantee, level, name);
            } else if after.get(&grantee).is_none_or(|(after, _)| *after < level) {
                note(&mut losing, grantee, level, name);
            }
        }
    }
    let listed = |list: BTreeMap<Grantee, (Level, String)>| {
        let total = list.len() as u64;
        let reached = |(grantee, (level, name))| AccessChange { grantee, name, level };
        Truncated { total, first: list.into_iter().take(MAX_NAMED).map(reached).collect() }
    };
    effects.gaining = listed(gaining);
    effects.keeping = listed(keeping);
    effects.losing = listed(losing);
}

/// XFER-3: inherited access comes along as a carried grant where the destination gives less. Nothing is carried into a site.
fn carry(facts: &Facts, moving: &[&Item], effects: &mut Effects) {
    if facts.destination.kind == Kind::Site {
        return;
    }
    let new = highest(&facts.destination.grants);
    for item in moving {
        let own = highest(&item.grants);
        for (grantee, (level, _)) in highest(&item.above) {
            let kept = new.get(&grantee).map(|(level, _)| *level).max(own.get(&grantee).map(|(level, _)| *level));
            if kept.is_none_or(|kept| kept < level) {
                effects.carried.push(CarriedGrant { resource: item.id, grantee, level });
            }
        }
    }
}

/// XFER-8 and XFER-10 to XFER-12: checks both licences, and records what is taken from one and given back to the other.
fn check_licences_and_charge(
    facts: &Facts,
    moving: &[&Item],
    images: i64,
    datasets: u64,
    blockers: &mut Blockers,
    effects: &mut Effects,
) {
    let (source, target) = (&facts.source, &facts.target);
    let active = |side: &Side| side.licence.as_ref().is_some_and(|licence| licence.is_active(facts.now));
    let source_inactive = |blockers: &mut Blockers| {
        blockers.whole(
            BlockerCode::SourceLicenceInactive,
            format!("{} has no active cloud licence. An Owner can contact sales.", source.name),
        );
    };
    if !active(target) {
        blockers.whole(
            BlockerCode::TargetLicenceInactive,
            format!("{} has no active cloud licence. An Owner can contact sales.", target.name),
        );
    }
    effects.source = Some(side_effect(source));
    effects.target = Some(side_effect(target));
    let models = (source.licence.as_ref().and_then(|l| l.model), target.licence.as_ref().and_then(|l| l.model));
    let (Some(from), Some(to)) = models else {
        if !active(source) {
            source_inactive(blockers);
        }
        return;
    };
    effects.model_pair = Some(ModelPair { source: from, target: to });
    let Some(rule) = PAIRS.iter().find(|rule| rule.source == from && rule.target == to) else { return };

    let cost = Amount { images, projects: i64::try_from(datasets).unwrap_or(i64::MAX), credits: 0 };
    for condition in rule.conditions {
        match condition {
            Condition::SourceActive if !active(source) => source_inactive(blockers),
            Condition::TargetCanPay => {
                let left = target.licence.as_ref().map_or(Amount::default(), |licence| licence.left);
                if !left.covers(cost) {
                    blockers.whole(
                        BlockerCode::AllowanceTooSmall,
                        format!(
                            "This needs {} of {}’s allowance, and {} are left.",
                            allowance(cost),
                            target.name,
                            allowance(left)
                        ),
                    );
                }
            }
            // Whoever has no role there is told so elsewhere.
            Condition::MaySpend if target.role.is_some() && !target.billable && !cost.is_nothing() => {
                blockers.whole(
                    BlockerCode::NotBillable,
                    format!(
                        "Your membership in {} does not include billable activity, and this uses its allowance. Ask an Owner or a Manager there.",
                        target.name
                    ),
                );
            }
            Condition::NoTrialPays
                if is_trial(target) && !is_trial(source) && (cost.images, cost.projects) != (0, 0) =>
            {
                blockers.whole(
                    BlockerCode::TargetOnTrial,
                    format!(
                        "{} is on a trial, and the allowance of a trial cannot pay for processed work of another organization. An Owner can contact sales, or you share a copy instead.",
                        target.name
                    ),
                );
            }
            Condition::OldOrSourceExpired if active(source) => {
                for item in moving {
                    blockers.items(BlockerCode::TooRecent, &item.contents.too_recent, |name| {
                        format!(
                            "“{name}” is not older than one month. While the source’s licence is active, only older datasets can be transferred from Images & Projects to Credits."
                        )
                    });
                }
            }
            // A licence that has yet to begin is neither active nor expired.
            Condition::OldOrSourceExpired if source.licence.as_ref().is_none_or(|l| !l.has_expired(facts.now)) => {
                source_inactive(blockers);
            }
            Condition::Never => blockers.whole(
                BlockerCode::CreditsToImages,
                format!(
                    "{} is on Credits and {} on Images & Projects. Nothing can be transferred in this direction. Share a copy instead.",
                    source.name, target.name
                ),
            ),
            Condition::SourceActive
            | Condition::MaySpend
            | Condition::OldOrSourceExpired
            | Condition::NoTrialPays => {}
        }
    }
    if rule.charge == Charge::MovesAllowance {
        if let Some(side) = &mut effects.source {
            side.left_after = side.left_before.plus(cost);
            side.total.images = side.total.images.max(side.left_after.images);
            side.total.projects = side.total.projects.max(side.left_after.projects);
        }
        if let Some(side) = &mut effects.target {
            side.left_after = side.left_before.plus(cost.negated());
        }
    }
}

fn is_trial(side: &Side) -> bool {
    side.licence.as_ref().is_some_and(|licence| licence.trial)
}

fn side_effect(side: &Side) -> SideEffect {
    let left = side.licence.as_ref().map_or(Amount::default(), |licence| licence.left);
    SideEffect {
        organization: side.organization,
        name: side.name.clone(),
        model: side.licence.as_ref().and_then(|licence| licence.model),
        licence: side.licence.as_ref().map(|licence| licence.id),
        total: side.licence.as_ref().map_or(Amount::default(), Licence::total),
        left_before: left,
        left_after: left,
    }
}

/// XFER-13: share links stop, grants to people outside the target organization end, and the data stays in its cluster.
fn end_access(facts: &Facts, moving: &[&Item], effects: &mut Effects) {
    for item in moving {
        effects.links_stopped.total += item.contents.links.total;
        let room = MAX_NAMED.saturating_sub(effects.links_stopped.first.len());
        effects.links_stopped.first.extend(item.contents.links.first.iter().take(room).cloned());
        effects.clusters.extend(item.contents.clusters.iter().cloned());
    }
    if moving.is_empty() {
        return;
    }
    let into_site = facts.destination.kind == Kind::Site;
    let mut losing: Vec<PersonNamed> = facts
        .people_with_access
        .first
        .iter()
        .filter(|person| !keeps_access(person, into_site))
        .map(|person| PersonNamed { id: person.id, name: person.name.clone() })
        .collect();
    let unnamed = facts.people_with_access.total.saturating_sub(facts.people_with_access.first.len() as u64);
    let total = losing.len() as u64 + unnamed;
    losing.truncate(MAX_NAMED);
    effects.people_losing_access = Truncated { total, first: losing };
}

/// Whether somebody can still reach the items in the target organization: by their role, by a grant on the destination or
/// above it, or by a carried grant. Carried grants stay only for people of the target organization, and not in a site.
fn keeps_access(person: &PersonWithAccess, into_site: bool) -> bool {
    let by_role = person.target_role.and_then(role_level).is_some();
    let by_carried = !into_site && person.holds_carried && person.target_role.is_some();
    by_role || person.reached_in_target || by_carried
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
