//! Everything that the plan of a transfer depends on, found out in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        access::{Level, role_level},
        id::{AccountId, OrganizationId, PersonId, ResourceId},
        licence::governing,
        refusal::Refusal,
        resource::Kind,
        restriction::{Restriction, Restrictions},
        text::FieldIssue,
        transfer::{
            Contents, Destination, Facts, GrantFact, Grantee, Item, MAX_NAMED, PersonWithAccess, Plan, Side, Truncated,
        },
    },
    server::{
        context::{Ctx, Principal, digest},
        error::{Error, Result},
        store::{
            Tx, grant, invitation, licence, membership, organization as organizations, resource, storage, subtree,
        },
        usecase::{
            access::{self, AccessPath},
            accounts::AccountNames,
        },
    },
    view::Crumb,
};

/// How many people keep access to items that move to an account outside their limits (XFER-3).
const MAX_LIMITED_PEOPLE: i64 = 10_000;

/// The two people of a transfer. They differ only when an offer is accepted (XFER-18): whoever made it gives, whoever accepts it
/// acts.
#[derive(Clone, Copy)]
pub(crate) struct Parties<'a> {
    /// Their role counts in the source.
    pub(crate) giver: PersonId,
    /// They act, and their role counts in the target.
    pub(crate) by: &'a Principal,
}

impl<'a> Parties<'a> {
    pub(super) const fn own(by: &'a Principal) -> Self {
        Self { giver: by.person, by }
    }
}

/// What a plan depends on, and what carrying it out needs in addition.
pub(crate) struct PlanInput {
    pub(crate) facts: Facts,
    /// The account of the destination.
    pub(super) account: AccountId,
    /// The target's Org ID.
    pub(super) target_org_id: String,
    /// Whether the trash holds something that was deleted from inside the items.
    pub(super) trash_inside: bool,
    /// Whether an item, or something inside it, has a grant.
    pub(super) grants_inside: bool,
    /// Per item, the sum of the last changes of everything inside it: undo compares it to see whether something was changed since.
    pub(super) changed: BTreeMap<ResourceId, i64>,
    /// Whether an item changes its account.
    pub(super) other_account: bool,
}

impl PlanInput {
    pub(crate) fn target_org_id(&self) -> &str {
        &self.target_org_id
    }
}

/// The items, and the giver's access to them.
struct Selection {
    found: BTreeMap<ResourceId, resource::Resource>,
    access_paths: BTreeMap<ResourceId, AccessPath>,
    own: Vec<(ResourceId, Level)>,
    source: OrganizationId,
}

impl Selection {
    /// Loads the giver's access to the items and to `also`: the destination, where giver and actor are the same.
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
        // Access is computed per container, not per item: most items of a selection share one.
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
        // A grant alone is not enough: what a deleted organization owns has no access path, and must not exist for anybody.
        item.parent.and_then(|parent| self.access_paths.get(&parent))?.level().max(granted)
    }

    /// The account of the items: a transfer to another organization settles with one account.
    fn account(&self) -> Result<Option<AccountId>> {
        let accounts: BTreeSet<AccountId> = self.found.values().map(|item| item.account).collect();
        if accounts.len() > 1 {
            let text = "These items are in different accounts. Transfer one account at a time.";
            return Err(Refusal::BadRequest(text.to_owned()).into());
        }
        Ok(accounts.first().copied())
    }

    /// The items as the domain plans with them, in the order of the request.
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
                restricted_by: restricted_by(way),
                level,
                height: inside.height,
                grants: grants.get(&item.id).cloned().unwrap_or_default(),
                above: grants_on_path(way, grants),
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

fn grants_on_path(access_path: &AccessPath, grants: &BTreeMap<ResourceId, Vec<GrantFact>>) -> Vec<GrantFact> {
    access_path.ancestors.iter().filter_map(|step| grants.get(&step.id)).flatten().cloned().collect()
}

/// The grants on the items and on their ancestors.
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

/// The source side of an offer (XFER-18): an offer has no destination yet.
///
/// # Errors
/// `NotFound` if an item does not exist for who offers; `Invalid` at `items`.
pub(crate) async fn load_offered(
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

pub(crate) async fn load(
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
    // The destination may be one of the items. It then stays among them, so that the plan can say so (XFER-4).
    let container =
        if items.contains(&destination) { found.get(&destination).cloned() } else { found.remove(&destination) }
            .ok_or(Refusal::NotFound)?;
    // Where an offer is accepted, the destination is looked at with the access of who accepts it, not of who gave.
    let also = Some(destination).filter(|_| giver == by.person);
    let selection = Selection::load(tx, giver, found, items, also).await?;
    let access_path = match selection.access_paths.get(&destination).filter(|_| also.is_some()) {
        Some(access_path) => Some(access_path.clone()),
        None => access::access_paths(tx, by.person, &[destination]).await?.remove(&destination),
    };
    let access_path = access_path.ok_or(Refusal::NotFound)?;
    let (source_id, target_id) = (selection.source, container.organization);
    let within = source_id == target_id;
    // Who was invited may name the destination without seeing it yet: the plan then says to accept the
    // invitation first (XFER-6).
    let pending = !within
        && access_path.facts.role.is_none()
        && invitation::is_pending(tx, target_id, &by.email_key, now).await?;
    let sees_destination = access_path.level().is_some();
    if !sees_destination && !pending {
        return Err(Refusal::NotFound.into());
    }

    let below = subtree::load(tx, items, (!within).then(|| now.one_month_earlier()), now).await?;
    let grants = grants_of(tx, selection.access_paths.values().chain([&access_path]), items).await?;
    // Whoever does not see the destination learns no names in it, not even that one is taken (ACCESS-3).
    let taken = if sees_destination {
        let names = selection
            .found
            .values()
            // An item that is in the destination already would find its own name taken.
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
    let destination_grants = grants_on_path(&access_path, &grants);
    let people_with_access = if within {
        Truncated::default()
    } else {
        let granted = below.values().any(|below| below.granted > 0);
        let above: Vec<GrantFact> = prepared.iter().flat_map(|item| item.above.iter().cloned()).collect();
        let between = (source_account, (target_id, container.account));
        people_with_access(tx, items, granted, between, &above, &destination_grants).await?
    };
    let names = AccountNames::of(tx, by, target_id).await?;
    // A root, and a place that the caller does not see, is named like its organization.
    let destination_name = match (container.kind, sees_destination) {
        (Kind::Root, true) if names.of_account(container.account).is_some() => {
            names.of_account(container.account).unwrap_or_default()
        }
        // Who does not see the destination yet is not told its name.
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
            self_and_ancestors: access_path.ancestors.iter().map(|step| step.id).collect(),
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

/// What the ancestors forbid (POL-1). Each has its name if the caller sees it.
fn restricted_by(way: &AccessPath) -> Vec<(Restriction, ResourceId, Option<String>)> {
    if way.ancestors.iter().all(|step| step.restrictions == Restrictions::default()) {
        return Vec::new();
    }
    let visible = way.visible_path();
    let name = |id| {
        let shown =
            |crumb: &Crumb| if crumb.kind == Kind::Root { crumb.kind.label().to_owned() } else { crumb.name.clone() };
        visible.iter().find(|crumb| crumb.id == id).map(shown)
    };
    // Deleting first: it is the one that people know about.
    [Restriction::Delete, Restriction::Copy, Restriction::Download]
        .into_iter()
        .flat_map(|what| {
            way.ancestors.iter().filter(move |step| step.restrictions.forbids(what)).map(move |step| (what, step.id))
        })
        .map(|(what, id)| (what, id, name(id)))
        .collect()
}

/// One side of a transfer, and its Org ID.
pub(crate) async fn side(
    tx: &mut Tx,
    ctx: &Ctx,
    person: PersonId,
    id: OrganizationId,
    account: AccountId,
    invitation_pending: bool,
) -> Result<(Side, String)> {
    let (found, _) = organizations::find_with_role(tx, id, person).await?.ok_or(Refusal::NotFound)?;
    let role = membership::find_role_in(tx, account, person).await?;
    let billable = membership::find_caps(tx, id, person).await?.is_some_and(|(_, caps)| caps.billable);
    let licences = licence::list_of_account(tx, account, ctx.now()).await?;
    let licence = governing(&licences, ctx.now()).cloned();
    let storage_left = match storage::find_limit(tx, id).await? {
        Some(limit) => Some(limit.saturating_sub(storage::sum_used(tx, id).await?)),
        None => None,
    };
    Ok((
        Side { organization: id, name: found.name, role, billable, invitation_pending, licence, storage_left },
        found.org_id,
    ))
}

/// Who has access to the items now, and what they are in the target.
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

/// The digest that a confirmation names (XFER-15). It covers the whole plan, so that nothing changes unnoticed in between.
pub(crate) fn digest_of(plan: &Plan) -> Result<String> {
    serde_json::to_vec(plan).map(|json| digest(&json)).map_err(|error| Error::Internal(error.to_string()))
}
