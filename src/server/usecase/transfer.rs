//! Moving and transferring (XFER): loads the facts, asks `domain::transfer`, and carries the plan out.
//!
//! # Invariants
//! - A transfer plans again inside its own transaction, and compares with what was confirmed (XFER-15).
//! - The tree, the books, the grants, the links and both audit logs change in that one transaction (XFER-13).

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        access::{Act, Level, role_level},
        id::{AccountId, EntryId, GrantId, LicenceId, OrganizationId, PersonId, ResourceId, TaskId, TransferId},
        licence::{Amount, Entitlement, EntryKind, allows, governing},
        permit::{Permit, permit as permit_on},
        refusal::Refusal,
        resource::{Kind, MAX_DEPTH, MAX_ITEMS},
        role::{Permission, Role, may},
        task::{MAX_INLINE_ITEMS, TaskKind},
        text::FieldIssue,
        time::Timestamp,
        transfer::{
            self as rules, Contents, Destination, Facts, GrantFact, Grantee, Item, MAX_NAMED, PersonWithAccess, Plan,
            Scope, Side, Truncated, reversal::ContentFingerprint,
        },
        undo::{FormerPlace, Inverse, MAX_CONTAINERS},
    },
    view::{Control, Crumb, DestinationRow, DestinationView, Page, PlanView, ReceiptView, task::TaskView},
};

use super::{
    super::{
        context::{Ctx, Principal, digest},
        error::{Error, Result},
        store::{
            Tx, account, grant, invitation, licence, membership, organization as organizations, resource, subtree,
            task, transfer,
        },
        task_progress::TaskProgress,
    },
    access::{self, AccessPath},
    accounts::AccountNames,
    audit::{self, AuditEvent},
    drive, grant as grants, organization, reversal, undo,
};

/// How many people who are limited to the account of what moves are kept seeing it in another account.
const MAX_LIMITED_PEOPLE: i64 = 10_000;

/// Reads a list of ids with commas between them.
///
/// # Errors
/// `Invalid` at `items`: none, too many, not ids, or one twice.
pub fn read_items(text: &str) -> Result<Vec<ResourceId>> {
    let parts: Vec<String> =
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    check_items(&parts)
}

/// Reads a list of ids.
///
/// # Errors
/// `Invalid` at `items`: none, too many, not ids, or one twice.
pub fn check_items(parts: &[String]) -> Result<Vec<ResourceId>> {
    if parts.is_empty() {
        return Err(Refusal::field("items", FieldIssue::Missing).into());
    }
    if parts.len() > MAX_ITEMS {
        return Err(Refusal::field("items", FieldIssue::TooMany(MAX_ITEMS)).into());
    }
    let items = parts.iter().map(|part| super::id("items", part)).collect::<Result<Vec<ResourceId>>>()?;
    if items.iter().collect::<BTreeSet<_>>().len() < items.len() {
        return Err(Refusal::field("items", FieldIssue::Duplicate).into());
    }
    Ok(items)
}

/// How many rows are changed before is looked whether to go on.
const PROGRESS_BATCH_SIZE: usize = 2_000;

/// Who is at work: whose right in the source counts, and who carries it out, by their right in the target. Mostly they are
/// the same person; not where an offer is accepted (XFER-18).
#[derive(Clone, Copy)]
pub(super) struct Parties<'a> {
    /// Whose right in the source counts.
    pub(super) giver: PersonId,
    /// Who carries it out.
    pub(super) by: &'a Principal,
}

impl<'a> Parties<'a> {
    const fn own(by: &'a Principal) -> Self {
        Self { giver: by.person, by }
    }
}

/// Everything that a plan depends on, and what carrying it out needs besides.
pub(super) struct PlanInput {
    pub(super) facts: Facts,
    /// The account that things go to.
    account: AccountId,
    /// The source's Org ID and the target's.
    target_org_id: String,
    /// Whether something that was inside the items is in the trash.
    trash_inside: bool,
    /// Whether something inside the items, or one of them, has a grant.
    grants_inside: bool,
    /// When everything in each item was changed last, added up, without the item itself.
    changed: BTreeMap<ResourceId, i64>,
    /// Whether an item comes from another account than it goes to.
    other_account: bool,
}

impl PlanInput {
    /// The target's Org ID.
    pub(super) fn target_org_id(&self) -> &str {
        &self.target_org_id
    }
}

/// The items, as far as they are there for somebody, and the ways to them.
struct Selection {
    found: BTreeMap<ResourceId, resource::Resource>,
    access_paths: BTreeMap<ResourceId, AccessPath>,
    own: Vec<(ResourceId, Level)>,
    source: OrganizationId,
}

impl Selection {
    /// Looks up the ways to items, and to one more place, for somebody.
    async fn load(
        tx: &mut Tx,
        giver: PersonId,
        found: BTreeMap<ResourceId, resource::Resource>,
        items: &[ResourceId],
        also: Option<ResourceId>,
    ) -> Result<Self> {
        if found.len() < items.len() {
            return Err(Refusal::NotFound.into());
        }
        // Of the containers that the items are in: most items share one.
        let starts: BTreeSet<ResourceId> = found.values().filter_map(|item| item.parent).chain(also).collect();
        let starts: Vec<ResourceId> = starts.into_iter().collect();
        let access_paths = access::access_paths(tx, giver, &starts).await?;
        let own = grant::list_levels(tx, giver, items).await?;
        let source = found.values().next().map(|item| item.organization).ok_or(Refusal::NotFound)?;
        let selection = Self { found, access_paths, own, source };
        if selection.found.values().any(|item| item.kind != Kind::Root && selection.level_of(item).is_none()) {
            return Err(Refusal::NotFound.into());
        }
        if let Some(root) = selection.found.values().find(|item| item.kind == Kind::Root) {
            let access_path = access::access_paths(tx, giver, &[root.id]).await?;
            access_path.get(&root.id).and_then(AccessPath::level).ok_or(Refusal::NotFound)?;
            let text = "The Drive itself cannot be moved. Select items in it.";
            return Err(Refusal::BadRequest(text.to_owned()).into());
        }
        if selection.found.values().any(|item| item.organization != source) {
            return Err(Refusal::field("items", FieldIssue::MixedOrganizations).into());
        }
        Ok(selection)
    }

    fn level_of(&self, item: &resource::Resource) -> Option<Level> {
        let granted = self.own.iter().filter(|(id, _)| *id == item.id).map(|(_, level)| *level).max();
        // Without a way there is nothing: what a deleted organization owns does not exist, granted or not.
        item.parent.and_then(|parent| self.access_paths.get(&parent))?.level().max(granted)
    }

    /// The account that the items are in.
    fn account(&self) -> Result<Option<AccountId>> {
        let accounts: BTreeSet<AccountId> = self.found.values().map(|item| item.account).collect();
        if accounts.len() > 1 {
            let text = "These items are in different accounts. Transfer one account at a time.";
            return Err(Refusal::BadRequest(text.to_owned()).into());
        }
        Ok(accounts.first().copied())
    }

    /// The items as the rules see them, in the order they were asked for.
    fn prepare(
        &self,
        items: &[ResourceId],
        below: &BTreeMap<ResourceId, subtree::SubtreeContents>,
        grants: &BTreeMap<ResourceId, Vec<GrantFact>>,
        within: bool,
    ) -> Vec<Item> {
        let mut prepared = Vec::with_capacity(items.len());
        for item in items.iter().filter_map(|id| self.found.get(id)) {
            let (Some(level), Some(parent)) = (self.level_of(item), item.parent) else { continue };
            let Some(way) = self.access_paths.get(&parent) else { continue };
            let inside = below.get(&item.id).cloned().unwrap_or_default();
            prepared.push(Item {
                id: item.id,
                name: item.name.clone(),
                kind: item.kind,
                parent,
                parent_kind: way.ancestors.first().map_or(Kind::Folder, |step| step.kind),
                ancestors: way.ancestors.iter().map(|step| step.id).collect(),
                kept_by: kept_by(way),
                level,
                height: inside.height,
                grants: grants.get(&item.id).cloned().unwrap_or_default(),
                above: on_way(way, grants),
                contents: if within {
                    Contents { direct: Truncated::default(), ..inside.contents }
                } else {
                    inside.contents
                },
            });
        }
        prepared
    }
}

fn on_way(access_path: &AccessPath, grants: &BTreeMap<ResourceId, Vec<GrantFact>>) -> Vec<GrantFact> {
    access_path.ancestors.iter().filter_map(|step| grants.get(&step.id)).flatten().cloned().collect()
}

/// The grants on the items and on the ways to them.
async fn grants_of(
    tx: &mut Tx,
    access_paths: impl Iterator<Item = &AccessPath>,
    items: &[ResourceId],
) -> Result<BTreeMap<ResourceId, Vec<GrantFact>>> {
    let on_the_ways = access_paths.flat_map(|access_path| access_path.ancestors.iter().map(|step| step.id));
    let all: BTreeSet<ResourceId> = on_the_ways.chain(items.iter().copied()).collect();
    let all: Vec<ResourceId> = all.into_iter().collect();
    let mut grants: BTreeMap<ResourceId, Vec<GrantFact>> = BTreeMap::new();
    for (id, fact) in grant::list_facts(tx, &all).await? {
        grants.entry(id).or_default().push(fact);
    }
    Ok(grants)
}

/// What is offered, as far as it is known without a target (XFER-18).
///
/// # Errors
/// `NotFound` if an item does not exist for who offers; `Invalid` at `items`.
pub(super) async fn load_offered(
    tx: &mut Tx,
    ctx: &Ctx,
    giver: PersonId,
    items: &[ResourceId],
) -> Result<(Side, Vec<Item>)> {
    let now = ctx.now();
    let found = resource::find_all(tx, items).await?.into_iter().map(|item| (item.id, item)).collect();
    let selection = Selection::load(tx, giver, found, items, None).await?;
    let account = selection.account()?.ok_or(Refusal::NotFound)?;
    let below = subtree::load(tx, items, Some(now.one_month_earlier()), now).await?;
    let grants = grants_of(tx, selection.access_paths.values(), items).await?;
    let (source, _) = side(tx, ctx, giver, selection.source, account, false).await?;
    Ok((source, selection.prepare(items, &below, &grants, false)))
}

pub(super) async fn load(
    tx: &mut Tx,
    ctx: &Ctx,
    parties: Parties<'_>,
    items: &[ResourceId],
    destination: ResourceId,
) -> Result<PlanInput> {
    let Parties { giver, by } = parties;
    let now = ctx.now();
    let wanted: Vec<ResourceId> = items.iter().copied().chain([destination]).collect();
    let mut found: BTreeMap<ResourceId, resource::Resource> =
        resource::find_all(tx, &wanted).await?.into_iter().map(|resource| (resource.id, resource)).collect();
    let container =
        if items.contains(&destination) { found.get(&destination).cloned() } else { found.remove(&destination) }
            .ok_or(Refusal::NotFound)?;
    let also = Some(destination).filter(|_| giver == by.person);
    let selection = Selection::load(tx, giver, found, items, also).await?;
    let access_path = match selection.access_paths.get(&destination).filter(|_| also.is_some()) {
        Some(access_path) => Some(access_path.clone()),
        None => access::access_paths(tx, by.person, &[destination]).await?.remove(&destination),
    };
    let access_path = access_path.ok_or(Refusal::NotFound)?;
    let (source_id, target_id) = (selection.source, container.organization);
    let within = source_id == target_id;
    let pending = !within
        && access_path.facts.role.is_none()
        && invitation::is_pending(tx, target_id, &by.email_key, now).await?;
    let sees_destination = access_path.level().is_some();
    if !sees_destination && !pending {
        return Err(Refusal::NotFound.into());
    }

    let below = subtree::load(tx, items, (!within).then(|| now.one_month_earlier()), now).await?;
    let grants = grants_of(tx, selection.access_paths.values().chain([&access_path]), items).await?;
    let taken = if sees_destination {
        let names = selection
            .found
            .values()
            .filter(|item| item.parent != Some(destination))
            .map(|item| item.name.clone())
            .collect();
        resource::list_taken_names(tx, destination, &names).await?
    } else {
        BTreeSet::new()
    };
    let mut prepared = selection.prepare(items, &below, &grants, within);
    let source_account =
        if within { selection.found.values().next().map(|item| item.account) } else { selection.account()? }
            .unwrap_or(container.account);
    let from: BTreeSet<AccountId> =
        selection.found.values().map(|item| item.account).filter(|account| *account != container.account).collect();
    let other_account = !from.is_empty();
    if within && other_account {
        // Who sees an item by their role in its account alone keeps seeing it, as if they had been given that (XFER-3).
        let from: Vec<AccountId> = from.into_iter().collect();
        let limited =
            membership::list_limited_between(tx, source_id, &from, container.account, MAX_LIMITED_PEOPLE).await?;
        let by_role: Vec<GrantFact> = limited
            .into_iter()
            .filter_map(|one| {
                let (grantee, level) = (Grantee::Person(one.id), role_level(one.role)?);
                Some(GrantFact { grantee, name: one.name, level, carried: false })
            })
            .collect();
        for item in &mut prepared {
            item.above.extend(by_role.iter().cloned());
        }
    }
    let (target, target_org_id) = side(tx, ctx, by.person, target_id, container.account, pending).await?;
    let source = if within && source_account == container.account {
        target.clone()
    } else {
        side(tx, ctx, giver, source_id, source_account, false).await?.0
    };
    let destination_grants = on_way(&access_path, &grants);
    let people_with_access = if within {
        Truncated::default()
    } else {
        let granted = below.values().any(|below| below.granted > 0);
        let above: Vec<GrantFact> = prepared.iter().flat_map(|item| item.above.iter().cloned()).collect();
        let between = (source_account, (target_id, container.account));
        people_with_access(tx, items, granted, between, &above, &destination_grants).await?
    };
    let names = AccountNames::of(tx, by, target_id).await?;
    let destination_name = match (container.kind, sees_destination) {
        (Kind::Root, true) if names.of_account(container.account).is_some() => {
            names.of_account(container.account).unwrap_or_default()
        }
        (Kind::Root, _) | (_, false) => target.name.clone(),
        _ => container.name.clone(),
    };
    let facts = Facts {
        person: by.person,
        now,
        source,
        target,
        destination: Destination {
            id: destination,
            name: destination_name,
            kind: container.kind,
            level: access_path.level(),
            depth: access_path.depth(),
            facts: access_path.ancestors.iter().map(|step| step.id).collect(),
            taken,
            grants: destination_grants,
        },
        items: prepared,
        people_with_access,
    };
    let trash_inside = below.values().any(|below| below.in_trash > 0);
    let grants_inside = below.values().any(|below| below.granted > 0);
    let changed = below.iter().map(|(id, below)| (*id, below.changed)).collect();
    let account = container.account;
    Ok(PlanInput { facts, account, target_org_id, trash_inside, grants_inside, changed, other_account })
}

/// What on a way only lets Managers delete (POL-1), each by name where the caller sees it.
fn kept_by(way: &AccessPath) -> Vec<(ResourceId, Option<String>)> {
    if way.ancestors.iter().all(|step| !step.restrictions.delete) {
        return Vec::new();
    }
    let visible = way.visible_path();
    let name = |id| {
        let shown =
            |crumb: &Crumb| if crumb.kind == Kind::Root { crumb.kind.label().to_owned() } else { crumb.name.clone() };
        visible.iter().find(|crumb| crumb.id == id).map(shown)
    };
    way.ancestors.iter().filter(|step| step.restrictions.delete).map(|step| (step.id, name(step.id))).collect()
}

/// One side of a transfer, and its Org ID.
pub(super) async fn side(
    tx: &mut Tx,
    ctx: &Ctx,
    person: PersonId,
    id: OrganizationId,
    account: AccountId,
    invitation_pending: bool,
) -> Result<(Side, String)> {
    let (found, _) = organizations::find_with_role(tx, id, person).await?.ok_or(Refusal::NotFound)?;
    let role = membership::find_role_in(tx, account, person).await?;
    let licences = licence::list_of_account(tx, account, ctx.now()).await?;
    let licence = governing(&licences, ctx.now()).cloned();
    Ok((Side { organization: id, name: found.name, role, invitation_pending, licence }, found.org_id))
}

/// Who can reach the items now, and how they stand to the target.
async fn people_with_access(
    tx: &mut Tx,
    items: &[ResourceId],
    granted: bool,
    (source, (target, target_account)): (AccountId, (OrganizationId, AccountId)),
    above: &[GrantFact],
    in_target: &[GrantFact],
) -> Result<Truncated<PersonWithAccess>> {
    let (total, by_role) = membership::list_candidates(tx, source, target_account, MAX_NAMED).await?;
    let (carried_people, carried_organizations) =
        if granted { subtree::list_grantees(tx, items).await? } else { (Vec::new(), Vec::new()) };
    let mut people: BTreeSet<_> = carried_people.iter().copied().collect();
    let mut organizations: BTreeSet<_> = carried_organizations.iter().copied().collect();
    for grant in above {
        match grant.grantee {
            Grantee::Person(person) => people.insert(person),
            Grantee::Organization(organization) => organizations.insert(organization),
        };
    }
    let (people, organizations): (Vec<_>, Vec<_>) = (people.into_iter().collect(), organizations.into_iter().collect());
    let by_grant = membership::list_grantees(tx, &people, &organizations, target_account, MAX_NAMED).await?;

    // Grants on the way to the destination may be to any organization; its people are reached too.
    let to_organizations: Vec<OrganizationId> = in_target
        .iter()
        .filter_map(|grant| match grant.grantee {
            Grantee::Organization(organization) => Some(organization),
            Grantee::Person(_) => None,
        })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let in_target_by_organization: BTreeSet<_> =
        membership::list_grantees(tx, &[], &to_organizations, target_account, 100_000)
            .await?
            .into_iter()
            .map(|c| c.id)
            .collect();

    let mut seen = BTreeSet::new();
    let mut first: Vec<PersonWithAccess> = Vec::new();
    let named = by_role.len() as u64;
    for candidate in by_role.into_iter().chain(by_grant) {
        if !seen.insert(candidate.id) {
            continue;
        }
        let person = Grantee::Person(candidate.id);
        let everyone_in_target = candidate.target_role.is_some();
        first.push(PersonWithAccess {
            id: candidate.id,
            name: candidate.name,
            target_role: candidate.target_role,
            reached_in_target: in_target.iter().any(|grant| grant.grantee == person)
                || in_target_by_organization.contains(&candidate.id),
            holds_carried: carried_people.contains(&candidate.id)
                || (everyone_in_target && carried_organizations.contains(&target)),
        });
    }
    Ok(Truncated { total: first.len() as u64 + total.saturating_sub(named), first })
}

/// What a plan is recognized by (XFER-15): everything in it.
pub(super) fn digest_of(plan: &Plan) -> Result<String> {
    serde_json::to_vec(plan).map(|json| digest(&json)).map_err(|error| Error::Internal(error.to_string()))
}

async fn plan_view(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    items: &[ResourceId],
    destination: ResourceId,
) -> Result<PlanView> {
    let loaded = load(tx, ctx, Parties::own(by), items, destination).await?;
    let plan = rules::plan(&loaded.facts);
    let may_take_access = match plan.only_direct_access() {
        Some(resources) => grants::may_take_by_hand(tx, by, &resources).await?,
        None => false,
    };
    Ok(PlanView {
        may_take_access,
        digest: digest_of(&plan)?,
        plan,
        source_name: loaded.facts.source.name,
        target_name: loaded.facts.target.name,
        target_org_id: loaded.target_org_id,
    })
}

/// The plan of a transfer, before anything is done (XFER-15).
///
/// # Errors
/// `NotFound` if an item or the destination does not exist for the caller; `Invalid` at `items` or `destination`.
pub async fn plan(ctx: &Ctx, by: &Principal, items: &str, destination: &str) -> Result<PlanView> {
    let (items, destination) = (read_items(items)?, super::id("destination", destination)?);
    plan_of(ctx, by, &items, destination).await
}

/// The plan of a transfer whose ids are read.
///
/// # Errors
/// See [`plan`].
pub async fn plan_of(ctx: &Ctx, by: &Principal, items: &[ResourceId], destination: ResourceId) -> Result<PlanView> {
    let mut tx = ctx.db().read().await?;
    plan_view(&mut tx, ctx, by, items, destination).await
}

/// Moves or transfers items (XFER-1 to XFER-13). With a digest, only what was confirmed.
///
/// # Errors
/// `Blocked` with everything that is in the way; `PlanChanged` if the digest is of another plan; `NotFound`; `Conflict`
/// if somebody took a name at the same moment.
pub async fn transfer(
    ctx: &Ctx,
    by: &Principal,
    items: Vec<ResourceId>,
    destination: ResourceId,
    confirmed: Option<String>,
) -> Result<ReceiptView> {
    let done = transfer_with_inverse(ctx, by, items, destination, confirmed).await?.receipt;
    // Whether it can be taken back is looked at once it is through.
    if done.plan.scope == Scope::Between { receipt(ctx, by, &done.id.to_string()).await } else { Ok(done) }
}

/// [`transfer()`], and how to take it back, where that is offered.
///
/// # Errors
/// See [`transfer()`].
pub async fn transfer_with_undo(
    ctx: &Ctx,
    by: &Principal,
    items: Vec<ResourceId>,
    destination: ResourceId,
    confirmed: Option<String>,
) -> Result<(ReceiptView, Option<String>)> {
    let MoveOutcome { receipt: done, inverse } = transfer_with_inverse(ctx, by, items, destination, confirmed).await?;
    let undo = match inverse {
        Some(inverse) => undo::offer(ctx, by, inverse).await,
        None => None,
    };
    let between = done.plan.scope == Scope::Between;
    let shown = if between { receipt(ctx, by, &done.id.to_string()).await? } else { done };
    Ok((shown, undo))
}

async fn transfer_with_inverse(
    ctx: &Ctx,
    by: &Principal,
    items: Vec<ResourceId>,
    destination: ResourceId,
    confirmed: Option<String>,
) -> Result<MoveOutcome> {
    let done: Result<MoveOutcome> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async { transfer_in(tx, ctx, by, &items, destination, confirmed.as_deref(), None).await })
        })
        .await;
    match done {
        Err(error) if error.is_taken() => Err(Refusal::Conflict.into()),
        done => done,
    }
}

/// What was moved, and how that is taken back; between organizations it is not.
#[derive(Debug, Clone)]
pub struct MoveOutcome {
    /// The receipt.
    pub receipt: ReceiptView,
    /// The inverse.
    pub inverse: Option<Inverse>,
}

/// Takes a move within an organization back (DRIVE-4), in a transaction: a move the other way, but for what was carried
/// along (XFER-3). Whoever reaches the place they are taken from got that access by the move alone.
///
/// # Errors
/// See [`transfer()`].
pub(super) async fn put_back_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    items: &[ResourceId],
    destination: ResourceId,
) -> Result<Permit> {
    let loaded = load(tx, ctx, Parties::own(by), items, destination).await?;
    by.who().may_act(Act::Move)?;
    let mut plan = rules::plan(&loaded.facts);
    if plan.scope != Scope::Within {
        return Err(Refusal::Conflict.into());
    }
    plan.effects.carried.clear();
    let (permit, digest) = (plan.permit()?, digest_of(&plan)?);
    carry_out(tx, ctx, by, loaded, plan, digest, None).await?;
    Ok(permit)
}

/// Plans and carries out, in a transaction. With a digest, only what was confirmed; with work, counted and to be ended.
///
/// # Errors
/// See [`transfer()`].
pub(super) async fn transfer_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    items: &[ResourceId],
    destination: ResourceId,
    confirmed: Option<&str>,
    progress: Option<&TaskProgress>,
) -> Result<MoveOutcome> {
    let loaded = load(tx, ctx, Parties::own(by), items, destination).await?;
    by.who().may_act(Act::Move)?;
    let plan = rules::plan(&loaded.facts);
    let digest = digest_of(&plan)?;
    if confirmed.is_some_and(|confirmed| confirmed != digest) {
        return Err(Refusal::PlanChanged.into());
    }
    carry_out(tx, ctx, by, loaded, plan, digest, progress).await
}

/// Where everything that moves was, and what it was called.
fn places_of(facts: &Facts, plan: &Plan) -> Vec<FormerPlace> {
    let containers: BTreeMap<ResourceId, ResourceId> = facts.items.iter().map(|item| (item.id, item.parent)).collect();
    let names: BTreeMap<ResourceId, (String, String)> =
        plan.effects.renamed.iter().map(|r| (r.id, (r.from.clone(), r.to.clone()))).collect();
    plan.items
        .iter()
        .filter_map(|item| {
            let container = *containers.get(&item.id)?;
            Some(FormerPlace { item: item.id, container, name: names.get(&item.id).cloned() })
        })
        .collect()
}

/// How a move is taken back; not where access ended with it, which nobody would get back.
fn inverse_of(facts: &Facts, plan: &Plan, at: Timestamp) -> Option<Inverse> {
    if plan.scope != Scope::Within || plan.items.is_empty() || !plan.effects.carried_grants_ended.is_empty() {
        return None;
    }
    Some(Inverse::PutBack { from: plan.destination.id, at, items: places_of(facts, plan) })
}

/// The licence of the target that pays for what a transfer brings, if one does (XFER-10).
pub(super) fn paid_by(plan: &Plan) -> Option<LicenceId> {
    plan.effects.target.as_ref().filter(|side| side.left_after != side.left_before).and_then(|side| side.licence)
}

/// Hands what crosses to the other organization, a part at a time: the tree, its grants and its links (XFER-13).
pub(super) struct Handover<'a> {
    /// Leave to.
    pub(super) permit: Permit,
    /// The account it goes to.
    pub(super) account: AccountId,
    /// Who paid for it, from now on.
    pub(super) charge: subtree::Charge,
    /// The licence whose books it leaves.
    pub(super) paid_before: Option<LicenceId>,
    /// Whether there are grants on it.
    pub(super) grants: bool,
    /// Whether there are links to it.
    pub(super) links: bool,
    /// The transfer that what ends is written down for, so that it can be given back.
    pub(super) kept_for: Option<TransferId>,
    /// Where it is counted.
    pub(super) progress: Option<&'a TaskProgress>,
}

impl Handover<'_> {
    pub(super) async fn hand_over(&self, tx: &mut Tx, items: &[ResourceId]) -> Result<()> {
        let Self { permit, .. } = self;
        for part in subtree::list_ids(tx, items).await?.chunks(PROGRESS_BATCH_SIZE) {
            if let (Some(id), subtree::Charge::To(_)) = (self.kept_for, self.charge) {
                transfer::insert_charges(tx, permit, id, part, self.paid_before).await?;
            }
            subtree::update_owner(tx, permit, part, self.account, self.charge).await?;
            if let Some(id) = self.kept_for.filter(|_| self.grants || self.links) {
                transfer::insert_ending(tx, permit, id, part).await?;
            }
            if self.grants {
                subtree::delete_foreign_grants(tx, permit, part).await?;
                subtree::update_grant_owner(tx, permit, part).await?;
            }
            if self.links {
                subtree::stop_links(tx, permit, part).await?;
            }
            count_done(self.progress, part.len())?;
        }
        super::organization::turn_space(tx, permit.organization()).await?;
        Ok(())
    }
}

/// Counts rows that are changed.
///
/// # Errors
/// Where the work is to end: all of it is undone with its transaction.
fn count_done(progress: Option<&TaskProgress>, rows: usize) -> Result<()> {
    let rows = u64::try_from(rows).unwrap_or(u64::MAX);
    if progress.is_none_or(|progress| progress.goes_on(rows)) {
        Ok(())
    } else {
        Err(Error::Internal("a transfer was ended before it was done".to_owned()))
    }
}

/// Carries a plan out, if nothing is in its way.
pub(super) async fn carry_out(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    loaded: PlanInput,
    plan: Plan,
    digest: String,
    progress: Option<&TaskProgress>,
) -> Result<MoveOutcome> {
    let permit = plan.permit()?;
    if plan.rows() > MAX_INLINE_ITEMS {
        tx.require_exclusive()?;
    }
    count_done(progress, 0)?;
    let inverse = inverse_of(&loaded.facts, &plan, ctx.now());
    let (id, now) = (TransferId(ctx.id()), ctx.now());
    let moving: Vec<ResourceId> = plan.items.iter().map(|item| item.id).collect();
    let renamed: Vec<(ResourceId, &str)> =
        plan.effects.renamed.iter().map(|renamed| (renamed.id, renamed.to.as_str())).collect();
    let with_new_name: BTreeSet<ResourceId> = renamed.iter().map(|(id, _)| *id).collect();
    let same_name: Vec<ResourceId> = moving.iter().filter(|id| !with_new_name.contains(id)).copied().collect();
    for part in renamed.chunks(PROGRESS_BATCH_SIZE) {
        resource::update_parent_and_name(tx, &permit, part, now).await?;
        if plan.scope == Scope::Within {
            count_done(progress, part.len())?;
        }
    }
    for part in same_name.chunks(PROGRESS_BATCH_SIZE) {
        resource::update_parent(tx, &permit, part, now).await?;
        if plan.scope == Scope::Within {
            count_done(progress, part.len())?;
        }
    }
    grant::delete_carried(tx, &permit, &plan.effects.carried_grants_ended).await?;
    for part in plan.effects.carried.chunks(PROGRESS_BATCH_SIZE) {
        let new: Vec<grant::NewGrant> = part
            .iter()
            .map(|carried| grant::NewGrant {
                id: GrantId(ctx.id()),
                resource: carried.resource,
                grantee: carried.grantee,
                level: carried.level,
                carried: true,
                at: now,
            })
            .collect();
        grant::upsert_carried(tx, &permit, &new).await?;
        count_done(progress, 0)?;
    }
    leave_trash(tx, &permit, &plan, &moving, &loaded).await?;
    if plan.scope == Scope::Within && loaded.other_account {
        subtree::update_account(tx, &permit, &moving, loaded.account).await?;
    }
    let record = transfer::Transfer {
        id,
        person: by.person,
        person_name: by.name.clone(),
        source: plan.source,
        source_name: loaded.facts.source.name.clone(),
        target: plan.target,
        target_name: loaded.facts.target.name.clone(),
        digest,
        plan,
        at: now,
        undoes: None,
        undone_by: None,
    };
    transfer::insert(tx, &permit, &record).await?;
    let plan = &record.plan;
    if plan.scope == Scope::Between {
        let changed = moving.iter().filter_map(|item| loaded.changed.get(item)).map(|changed| changed + now.0).sum();
        let things = i64::try_from(plan.rows()).unwrap_or(i64::MAX);
        let left = ContentFingerprint { things, changed, ..ContentFingerprint::default() };
        let places = places_of(&loaded.facts, plan);
        let containers: BTreeSet<ResourceId> = places.iter().map(|was| was.container).collect();
        let can_go_back = containers.len() <= MAX_CONTAINERS;
        if can_go_back {
            transfer::insert_undo(tx, &permit, id, &places, left, now).await?;
        }
        let crossing = Handover {
            permit,
            account: loaded.account,
            charge: paid_by(plan).map_or(subtree::Charge::Keep, |licence| subtree::Charge::To(Some(licence))),
            paid_before: plan.effects.source.as_ref().and_then(|side| side.licence),
            grants: loaded.grants_inside,
            links: plan.effects.links_stopped.total > 0,
            kept_for: Some(id).filter(|_| can_go_back),
            progress,
        };
        crossing.hand_over(tx, &moving).await?;
        settle(tx, ctx, plan, id).await?;
    }
    note(tx, ctx, by, &record).await?;
    Ok(MoveOutcome { receipt: receipt_view(record, Some(loaded.target_org_id), Control::Absent), inverse })
}

/// What is in the trash of the items stays in its account, in the root of its Drive (attack 6); within one account it comes
/// along, unless that made the tree too deep (DRIVE-1).
async fn leave_trash(
    tx: &mut Tx,
    permit: &Permit,
    plan: &Plan,
    moving: &[ResourceId],
    loaded: &PlanInput,
) -> Result<()> {
    if !loaded.trash_inside {
        return Ok(());
    }
    let too_deep = plan.scope == Scope::Within
        && loaded.facts.destination.depth + 1 + subtree::height_with_trash(tx, moving).await? > MAX_DEPTH;
    if plan.scope == Scope::Between || loaded.other_account || too_deep {
        subtree::leave_trash_behind(tx, permit, moving).await?;
    }
    Ok(())
}

/// Writes both sides' changes into the books (XFER-10).
pub(super) async fn settle(tx: &mut Tx, ctx: &Ctx, plan: &Plan, transfer: TransferId) -> Result<()> {
    for (side, kind) in [(&plan.effects.source, EntryKind::TransferOut), (&plan.effects.target, EntryKind::TransferIn)]
    {
        let Some(side) = side else { continue };
        let change = side.left_after.plus(side.left_before.negated());
        let Some(licence) = side.licence.filter(|_| !change.is_nothing()) else { continue };
        let entry = licence::NewEntry {
            id: EntryId(ctx.id()),
            licence,
            kind,
            change,
            transfer: Some(transfer),
            resource: None,
            at: ctx.now(),
        };
        if !licence::append(tx, &entry).await? {
            return Err(Refusal::PlanChanged.into());
        }
        // What came back is enough for something that waits, perhaps (LIC-2).
        if change.covers(Amount::default()) {
            super::dataset::start_waiting_with(tx, ctx, licence).await?;
        }
    }
    Ok(())
}

/// "the folder “A”", "3 items".
fn what_moves(plan: &Plan) -> String {
    match plan.items.as_slice() {
        [one] => format!("“{}”", one.name),
        several => format!("{} items", several.len()),
    }
}

pub(super) async fn note(tx: &mut Tx, ctx: &Ctx, by: &Principal, record: &transfer::Transfer) -> Result<()> {
    let plan = &record.plan;
    let what = what_moves(plan);
    let items: Vec<&rules::NamedResource> = plan.items.iter().take(100).collect();
    let line = |organization, action, summary, before, after| AuditEvent {
        organization: Some(organization),
        action,
        summary,
        resources: plan.items.iter().map(|item| item.id).collect(),
        transfer: Some(record.id),
        before,
        after,
    };
    if plan.scope == Scope::Within {
        let summary = format!("moved {what} to “{}”", plan.destination.name);
        let after = serde_json::json!({ "items": items, "parent": plan.destination.id });
        return audit::record(tx, ctx, by, line(plan.source, "resource.moved", summary, None, Some(after))).await;
    }
    let books = |side: &Option<rules::SideEffect>, after: bool| {
        side.as_ref().map(|side| serde_json::json!({ "left": if after { side.left_after } else { side.left_before } }))
    };
    let (sent, received) = if record.undoes.is_some() {
        (
            format!("undid the transfer of {what} from {}", record.target_name),
            format!("undid the transfer of {what} to {}", record.source_name),
        )
    } else {
        (
            format!("transferred {what} to {}", record.target_name),
            format!("transferred {what} here from {}", record.source_name),
        )
    };
    let effects = &plan.effects;
    let out = line(plan.source, "transfer.sent", sent, books(&effects.source, false), books(&effects.source, true));
    audit::record(tx, ctx, by, out).await?;
    let into =
        line(plan.target, "transfer.received", received, books(&effects.target, false), books(&effects.target, true));
    audit::record(tx, ctx, by, into).await
}

pub(super) fn receipt_view(record: transfer::Transfer, target_org_id: Option<String>, undo: Control) -> ReceiptView {
    ReceiptView {
        id: record.id,
        at: record.at,
        by: record.person,
        by_name: record.person_name,
        source_name: record.source_name,
        target_name: record.target_name,
        target_org_id,
        plan: record.plan,
        undoes: record.undoes,
        undone_by: record.undone_by,
        undo,
    }
}

/// The receipt of a finished transfer (XFER-18), for who did it and for who may read the audit log of either side.
///
/// # Errors
/// `NotFound` for everybody else.
pub async fn receipt(ctx: &Ctx, by: &Principal, id: &str) -> Result<ReceiptView> {
    let id: TransferId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    let (record, in_target) = readable(&mut tx, by, id).await?;
    let target_org_id = match in_target {
        Some(_) => organizations::find(&mut tx, record.target).await?.map(|found| found.org_id),
        None => None,
    };
    let undo = reversal::control(&mut tx, ctx, by, &record).await?;
    Ok(receipt_view(record, target_org_id, undo))
}

/// A finished transfer whose receipt somebody may read, and their role in its target.
///
/// # Errors
/// `NotFound` for everybody else.
pub(super) async fn readable(
    tx: &mut Tx,
    by: &Principal,
    id: TransferId,
) -> Result<(transfer::Transfer, Option<Role>)> {
    let record = transfer::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let in_source = membership::find_role(tx, record.source, by.person).await?;
    let in_target = membership::find_role(tx, record.target, by.person).await?;
    let reads = |role: Option<Role>| role.is_some_and(|role| may(role, Permission::ReadAudit));
    // Who did it keeps the receipt while they are in either organization; a removed person's access ends at once.
    let did_it = record.person == by.person && (in_source.is_some() || in_target.is_some());
    if !(did_it || reads(in_source) || reads(in_target)) {
        return Err(Refusal::NotFound.into());
    }
    if !did_it && let Some(machine) = &by.key {
        super::key::reach_the_whole(tx, by, machine.organization).await?;
    }
    Ok((record, in_target))
}

/// A change was made, or there is something to look at first: where to go, and what to say.
#[derive(Debug, Clone)]
pub struct Next {
    /// A page of this site.
    pub to: String,
    /// A message; empty for none.
    pub toast: String,
    /// How to take it back, if that is offered.
    pub undo: Option<String>,
}

/// **Move here**: moves at once within an organization when nothing is in the way and nobody's access changes (XFER-3);
/// otherwise leads to the page `back` with the plan in a dialog.
///
/// # Errors
/// See [`plan`] and [`transfer()`].
pub async fn move_here(ctx: &Ctx, by: &Principal, items: &str, destination: &str, back: Option<&str>) -> Result<Next> {
    let (ids, container) = (read_items(items)?, super::id::<ResourceId>("destination", destination)?);
    let plan = plan_of(ctx, by, &ids, container).await?;
    if plan.plan.scope == Scope::Within && plan.plan.is_clear() && !plan.plan.effects.change_access() {
        if plan.plan.rows() > MAX_INLINE_ITEMS {
            begin_planned(ctx, by, &ids, container, Some(plan.digest), &plan.plan).await?;
            return begun(ctx, &plan.plan, &plan.target_name, back).await;
        }
        return moved(ctx, by, transfer_with_inverse(ctx, by, ids, container, None).await?).await;
    }
    to_plan(ctx, plan.plan.source, &ids, container, back, String::new()).await
}

/// To the page `back` with the plan in a dialog.
async fn to_plan(
    ctx: &Ctx,
    source: OrganizationId,
    items: &[ResourceId],
    destination: ResourceId,
    back: Option<&str>,
    toast: String,
) -> Result<Next> {
    let back = if let Some(back) = back {
        back.to_owned()
    } else {
        let mut tx = ctx.db().read().await?;
        drive::container_path(&mut tx, source, None).await?
    };
    let join = if back.contains('?') { '&' } else { '?' };
    let selected: String = items.iter().map(|id| format!("&item={id}")).collect();
    Ok(Next { to: format!("{back}{join}dialog=transfer{selected}&destination={destination}"), toast, undo: None })
}

/// The way out of XFER-2 in one click: takes away the access made by hand that alone is in the way. Within an organization
/// the same transaction moves the items; between two the plan is to be looked at again, and confirmed.
///
/// # Errors
/// `Blocked` if something else is in the way; `PlanChanged` if the digest is of another plan; `Forbidden` and `NotFound` for
/// who may not manage the access to all of it. Then nothing is done.
pub async fn take_access_and_move(
    ctx: &Ctx,
    by: &Principal,
    items: &str,
    destination: &str,
    confirmed: &str,
    back: Option<&str>,
) -> Result<Next> {
    let (ids, container) = (read_items(items)?, super::id::<ResourceId>("destination", destination)?);
    if confirmed.is_empty() {
        return Err(Refusal::field("digest", FieldIssue::Missing).into());
    }
    let done: Result<(usize, OrganizationId, Option<MoveOutcome>)> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let plan = rules::plan(&load(tx, ctx, Parties::own(by), &ids, container).await?.facts);
                if confirmed != digest_of(&plan)? {
                    return Err(Refusal::PlanChanged.into());
                }
                let resources = plan.only_direct_access().ok_or_else(|| Refusal::Blocked(plan.blockers.clone()))?;
                let taken = grants::take_by_hand(tx, ctx, by, &resources).await?;
                let done = match plan.scope {
                    Scope::Within => Some(transfer_in(tx, ctx, by, &ids, container, None, None).await?),
                    Scope::Between => None,
                };
                Ok((taken, plan.source, done))
            })
        })
        .await;
    let (taken, source, done) = match done {
        Err(error) if error.is_taken() => return Err(Refusal::Conflict.into()),
        done => done?,
    };
    match done {
        Some(done) => moved(ctx, by, done).await,
        None => {
            let toast = if taken == 1 {
                "Removed direct access".to_owned()
            } else {
                format!("Removed direct access in {taken} places")
            };
            to_plan(ctx, source, &ids, container, back, toast).await
        }
    }
}

/// **Confirm transfer**: does exactly what was confirmed. Where that is much, work begins that goes on by itself, and it leads
/// to the page `back` (XFER-16).
///
/// # Errors
/// See [`transfer()`]; a missing digest is `Invalid`.
pub async fn confirm(
    ctx: &Ctx,
    by: &Principal,
    items: &str,
    destination: &str,
    confirmed: &str,
    back: Option<&str>,
) -> Result<Next> {
    let (ids, container) = (read_items(items)?, super::id::<ResourceId>("destination", destination)?);
    if confirmed.is_empty() {
        return Err(Refusal::field("digest", FieldIssue::Missing).into());
    }
    let plan = plan_of(ctx, by, &ids, container).await?;
    if plan.digest == confirmed && plan.plan.is_clear() && plan.plan.rows() > MAX_INLINE_ITEMS {
        begin_planned(ctx, by, &ids, container, Some(plan.digest), &plan.plan).await?;
        return begun(ctx, &plan.plan, &plan.target_name, back).await;
    }
    moved(ctx, by, transfer_with_inverse(ctx, by, ids, container, Some(confirmed.to_owned())).await?).await
}

/// Begins a move or a transfer that goes on by itself (XFER-16). What is in the way is told at once; what gets in the way
/// until it is done, by the work.
///
/// # Errors
/// See [`transfer()`].
pub async fn begin(
    ctx: &Ctx,
    by: &Principal,
    items: &[ResourceId],
    destination: ResourceId,
    confirmed: Option<String>,
) -> Result<TaskView> {
    let plan = plan_of(ctx, by, items, destination).await?;
    if confirmed.as_ref().is_some_and(|confirmed| *confirmed != plan.digest) {
        return Err(Refusal::PlanChanged.into());
    }
    begin_planned(ctx, by, items, destination, confirmed, &plan.plan).await
}

async fn begin_planned(
    ctx: &Ctx,
    by: &Principal,
    items: &[ResourceId],
    destination: ResourceId,
    confirmed: Option<String>,
    plan: &Plan,
) -> Result<TaskView> {
    plan.permit()?;
    by.who().may_act(Act::Move)?;
    let name = match plan.items.as_slice() {
        [one] => one.name.clone(),
        several => format!("{} items", several.len()),
    };
    let progress = task::Task {
        id: TaskId(ctx.id()),
        organization: plan.source,
        person: by.person,
        person_name: by.name.clone(),
        kind: TaskKind::Transfer,
        name,
        top: None,
        source: None,
        destination: Some(destination),
        at: None,
        done: 0,
        total: plan.rows(),
        stoppable: true,
        shared_with: None,
    };
    let asked = task::TransferRequest {
        items: items.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        digest: confirmed,
        address: by.address.clone(),
    };
    let now = ctx.now();
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                task::insert(tx, &progress, now).await?;
                task::insert_asked(tx, progress.id, &asked).await?;
                Ok(task::find_own(tx, progress.person, progress.id).await?.ok_or(Refusal::NotFound)?)
            })
        })
        .await
}

/// What is said once work has begun, and where.
async fn begun(ctx: &Ctx, plan: &Plan, target: &str, back: Option<&str>) -> Result<Next> {
    let to = match back {
        Some(back) => back.to_owned(),
        None => drive::container_path(&mut ctx.db().read().await?, plan.source, None).await?,
    };
    let toast = match plan.scope {
        Scope::Between => format!("Transferring {} to {target}", what_moves(plan)),
        Scope::Within => format!("Moving {} to {}", what_moves(plan), place_of(plan, target)),
    };
    Ok(Next { to, toast: format!("{toast}. You can leave this page; it continues in the background."), undo: None })
}

/// "Drive" or "“Handover”". A root is called like its organization.
fn place_of(plan: &Plan, target: &str) -> String {
    if plan.destination.name == target { "Drive".to_owned() } else { format!("“{}”", plan.destination.name) }
}

/// What work did, as it is said when it is done.
pub(super) fn told(receipt: &ReceiptView) -> String {
    let what = what_moves(&receipt.plan);
    match receipt.plan.scope {
        Scope::Between => format!("Transferred {what} to {}", receipt.target_name),
        Scope::Within => format!("Moved {what} to {}", place_of(&receipt.plan, &receipt.target_name)),
    }
}

async fn moved(ctx: &Ctx, by: &Principal, moved: MoveOutcome) -> Result<Next> {
    let MoveOutcome { receipt, inverse } = moved;
    let undo = match inverse {
        Some(inverse) => undo::offer(ctx, by, inverse).await,
        None => None,
    };
    let what = what_moves(&receipt.plan);
    if receipt.plan.scope == Scope::Between {
        let org = receipt.target_org_id.unwrap_or_default();
        return Ok(Next {
            to: format!("/o/{org}/transfers/{}", receipt.id),
            toast: format!("Transferred {what} to {}", receipt.target_name),
            undo: None,
        });
    }
    let mut tx = ctx.db().read().await?;
    let to = drive::container_path(&mut tx, receipt.plan.target, Some(receipt.plan.destination.id)).await?;
    let toast = if receipt.plan.items.is_empty() {
        "Everything is already here".to_owned()
    } else {
        format!("Moved {what} to {}", place_of(&receipt.plan, &receipt.target_name))
    };
    Ok(Next { to, toast, undo })
}

/// What the **Move to** dialog shows (XFER-14), and **Copy to**, which is for the items' own organization (DRIVE-4).
///
/// # Errors
/// `NotFound` if an item, the organization or the container does not exist for the caller; `Invalid` at a field.
pub async fn destinations(
    ctx: &Ctx,
    by: &Principal,
    items: &str,
    org: &str,
    container: &str,
    cursor: &str,
    copying: bool,
) -> Result<DestinationView> {
    let items = read_items(items)?;
    let mut tx = ctx.db().read().await?;
    let first = access::access_paths(&mut tx, by.person, &items[..items.len().min(5)]).await?;
    let mut named = Vec::new();
    for id in items.iter().take(5) {
        let access_path = first.get(id).filter(|access_path| access_path.level().is_some()).ok_or(Refusal::NotFound)?;
        named.extend(access_path.ancestors.first().map(|step| Crumb {
            id: *id,
            name: step.name.clone(),
            kind: step.kind,
        }));
    }
    let source = first.values().next().map(|access_path| access_path.facts.organization).ok_or(Refusal::NotFound)?;
    let asked = if org.is_empty() { source.to_string() } else { org.to_owned() };
    let shown = organization::belonging(&mut tx, by, &asked).await?;
    let (organizations, _) = organization::listed(&mut tx, by, &asked).await?;
    let visible = account::list_visible(&mut tx, shown.id, by.person).await?;
    // Where one sees no root at all, the first one, which does not exist for them.
    let root = match visible.first() {
        Some(first) => first.root,
        None => account::list(&mut tx, shown.id).await?.first().map(|first| first.root).ok_or(Refusal::NotFound)?,
    };
    let id: ResourceId =
        if container.is_empty() { root } else { super::id("container", container).map_err(|_| Refusal::NotFound)? };
    let access_path = access::access_paths(&mut tx, by.person, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    if access_path.facts.organization != shown.id {
        return Err(Refusal::NotFound.into());
    }
    let called = AccountNames::among(visible);
    let mut path = access_path.visible_path();
    called.label(&mut path);
    let base = DestinationView {
        items: named,
        count: items.len() as u64,
        source,
        organizations,
        organization: shown,
        accounts: called.links(),
        path,
        rows: Page { items: Vec::new(), next_cursor: None },
        create: Control::Absent,
        move_here: Control::Enabled,
        may_offer: !copying
            && first
                .values()
                .next()
                .is_some_and(|access_path| access_path.facts.role.is_some_and(|role| role >= Role::Manager)),
    };
    if access_path.level().is_none() {
        if !container.is_empty() {
            return Err(Refusal::NotFound.into());
        }
        let rows = drive::shared(&mut tx, by, base.organization.id)
            .await?
            .into_iter()
            .map(|row| destination_row(row.id, row.kind, row.name, &items, copying));
        let rows = Page { items: rows.collect(), next_cursor: None };
        let move_here = Control::Disabled("Choose one of the places that were shared with you.".to_owned());
        return Ok(DestinationView { rows, move_here, ..base });
    }
    let query = drive::ListQuery { cursor: cursor.to_owned(), ..drive::ListQuery::default() };
    let rows = drive::list(&mut tx, by, &access_path, &query, drive::PAGE_SIZE).await?;
    let rows = Page {
        items: rows.items.into_iter().map(|row| destination_row(row.id, row.kind, row.name, &items, copying)).collect(),
        next_cursor: rows.next_cursor,
    };
    // Creating and copying are what an expired licence takes away (LIC-6); moving is not.
    let account = resource::find(&mut tx, id).await?.ok_or(Refusal::NotFound)?.account;
    let licences = licence::list_of_account(&mut tx, account, ctx.now()).await?;
    let may_create = allows(&licences, Entitlement::Create, ctx.now());
    let in_site = access_path.ancestors.first().is_some_and(|step| step.kind == Kind::Site);
    let copies_site = base.items.iter().any(|item| item.kind == Kind::Site);
    let may_copy = may_create
        .clone()
        .and_then(|()| if in_site || copies_site { allows(&licences, Entitlement::Sites, ctx.now()) } else { Ok(()) });
    let create = match (permit_on(by.who(), Act::Create, &access_path.facts), may_create) {
        (Ok(_), may) if access_path.ancestors.first().is_some_and(|step| step.kind.may_hold(Kind::Folder)) => {
            may.map_or_else(|refusal| Control::Disabled(refusal.to_string()), |()| Control::Enabled)
        }
        _ => Control::Absent,
    };
    let act = if copying { Act::Create } else { Act::Move };
    let move_here = match permit_on(by.who(), act, &access_path.facts) {
        Ok(_) if copying && base.organization.id != source => Control::Disabled(
            "Copying to another organization is not possible yet. Choose a place in this one.".to_owned(),
        ),
        Ok(_) if copying => {
            may_copy.map_or_else(|refusal| Control::Disabled(refusal.to_string()), |()| Control::Enabled)
        }
        Err(refusal) => Control::Disabled(refusal.to_string()),
        Ok(_) if resource::find(&mut tx, items[0]).await?.is_some_and(|item| item.parent == Some(id)) => {
            Control::Disabled("It is already here. Choose another place.".to_owned())
        }
        Ok(_) => Control::Enabled,
    };
    Ok(DestinationView { rows, create, move_here, ..base })
}

fn destination_row(id: ResourceId, kind: Kind, name: String, items: &[ResourceId], copying: bool) -> DestinationRow {
    let why_not = if items.contains(&id) {
        Some(if copying { "This is what you are copying" } else { "This is what you are moving" }.to_owned())
    } else if !kind.is_container() {
        Some("Not a folder".to_owned())
    } else {
        None
    };
    DestinationRow { id, kind, name, why_not }
}
