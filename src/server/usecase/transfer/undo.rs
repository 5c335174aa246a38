//! Undoing a transfer between two organizations (XFER-19): asks `domain::transfer::reversal` who may, and carries it out in one
//! transaction, with a receipt of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        id::{AccountId, OrganizationId, ResourceId, TransferId},
        licence::Licence,
        name::same_key,
        refusal::Refusal,
        resource::{Kind, MAX_DEPTH},
        task::MAX_INLINE_ITEMS,
        time::Timestamp,
        transfer::{
            NamedResource, Renamed, Scope, Side,
            reversal::{self as rules, ContentFingerprint, Facts, FormerContainer},
        },
        undo::FormerPlace,
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, licence, membership, organization, resource, subtree, transfer},
        usecase::{
            access::{self, AccessPath},
            transfer::{execute, load, receipt},
        },
    },
    view::{Control, ReceiptView},
};

/// What undoing a transfer depends on.
struct ReversalInput<'a> {
    facts: Facts<'a>,
    items: Vec<FormerPlace>,
    account: Option<AccountId>,
    former_org_id: String,
    places: BTreeMap<ResourceId, resource::Resource>,
}

/// One organization of the transfer: the role of whoever undoes it, and the licence that its ledger entries were in. With its Org ID.
async fn side(
    tx: &mut Tx,
    by: &Principal,
    now: Timestamp,
    id: OrganizationId,
    name: &str,
    account: Option<AccountId>,
    licence: Option<crate::domain::id::LicenceId>,
) -> Result<(Side, String)> {
    let found = organization::find_with_role(tx, id, by.person).await?;
    let (name, org_id, role) = match found {
        // A person may be limited to some accounts, so the role in the account counts (ACCT-2).
        Some((found, role)) => {
            let role = match account {
                Some(account) => membership::find_role_in(tx, account, by.person).await?,
                None => role,
            };
            (found.name, found.org_id, role)
        }
        None => (name.to_owned(), String::new(), None),
    };
    let licences: Vec<Licence> = match account {
        Some(account) => licence::list_of_account(tx, account, now).await?,
        None => Vec::new(),
    };
    let licence = licences.into_iter().find(|one| Some(one.id) == licence);
    // What is taken back was there before, so that its storage is not asked again.
    let storage_left = None;
    // What is taken back is given back as well, so that nobody is asked whether they may have it paid.
    let billable = true;
    Ok((Side { organization: id, name, role, billable, invitation_pending: false, licence, storage_left }, org_id))
}

async fn load_reversal<'a>(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    record: &'a transfer::Transfer,
) -> Result<ReversalInput<'a>> {
    let kept = transfer::find_undo(tx, record.id).await?;
    let is_kept = kept.is_some();
    let (items, fingerprint_then) = kept.unwrap_or_default();
    let ids: Vec<ResourceId> = items.iter().map(|was| was.item).collect();
    let found: BTreeMap<ResourceId, resource::Resource> =
        resource::find_all(tx, &ids).await?.into_iter().map(|item| (item.id, item)).collect();
    let in_place = items.iter().all(|was| {
        found
            .get(&was.item)
            .is_some_and(|item| item.organization == record.target && item.parent == Some(record.plan.destination.id))
    });
    let fingerprint_now =
        if in_place { subtree::find_traces(tx, &ids, record.at).await? } else { ContentFingerprint::default() };
    let current_account = found.values().next().map(|item| item.account);
    // At most `MAX_CONTAINERS`: a transfer out of more containers keeps nothing to undo it with.
    let wanted: BTreeSet<ResourceId> = items.iter().map(|was| was.container).collect();
    let wanted: Vec<ResourceId> = wanted.into_iter().collect();
    let places: BTreeMap<ResourceId, resource::Resource> = resource::find_all(tx, &wanted)
        .await?
        .into_iter()
        .filter(|place| place.organization == record.source)
        .map(|place| (place.id, place))
        .collect();
    let access_paths = access::access_paths(tx, by.person, &wanted).await?;
    let height = if in_place { subtree::height_with_trash(tx, &ids).await? } else { 0 };
    let mut containers = Vec::with_capacity(wanted.len());
    for id in wanted {
        let access_path = access_paths.get(&id).filter(|_| places.contains_key(&id));
        containers.push(FormerContainer {
            id,
            exists: access_path.is_some(),
            level: access_path.and_then(AccessPath::level),
            too_deep: access_path.is_some_and(|access_path| access_path.depth() + 1 + height > MAX_DEPTH),
            taken: taken_names(tx, id, &items, &found).await?,
        });
    }
    let account = places.values().next().map(|place| place.account);
    let effects = &record.plan.effects;
    let (former_licence, current_licence) =
        (effects.source.as_ref().and_then(|side| side.licence), effects.target.as_ref().and_then(|side| side.licence));
    let (former, former_org_id) =
        side(tx, by, ctx.now(), record.source, &record.source_name, account, former_licence).await?;
    let (current, _) =
        side(tx, by, ctx.now(), record.target, &record.target_name, current_account, current_licence).await?;
    let facts = Facts {
        person: by.person,
        now: ctx.now(),
        at: record.at,
        plan: &record.plan,
        former,
        current,
        undone: record.undone_by.is_some(),
        kept: is_kept,
        in_place,
        fingerprint_then,
        fingerprint_now,
        containers,
    };
    Ok(ReversalInput { facts, items, account, former_org_id, places })
}

/// Which of the former names of the items are taken in their former container by now.
async fn taken_names(
    tx: &mut Tx,
    container: ResourceId,
    items: &[FormerPlace],
    found: &BTreeMap<ResourceId, resource::Resource>,
) -> Result<Vec<String>> {
    let names: Vec<&str> = items
        .iter()
        .filter(|was| was.container == container)
        .filter_map(|was| match &was.name {
            Some((before, _)) => Some(before.as_str()),
            None => found.get(&was.item).map(|item| item.name.as_str()),
        })
        .collect();
    let called: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let taken = resource::list_taken_names(tx, container, &called).await?;
    Ok(names.into_iter().filter(|name| taken.contains(&same_key(name))).take(10).map(str::to_owned).collect())
}

/// Whether the reader of a receipt may undo the transfer, and why not. Absent for a move within an organization, for what is
/// already undone or is itself an undo, and after [`rules::UNDO_DAYS`].
pub(crate) async fn control(tx: &mut Tx, ctx: &Ctx, by: &Principal, record: &transfer::Transfer) -> Result<Control> {
    if record.plan.scope != Scope::Between || record.undone_by.is_some() || record.undoes.is_some() {
        return Ok(Control::Absent);
    }
    // Too long ago to be undone: saves loading the facts.
    if record.at.plus_days(rules::UNDO_DAYS) <= ctx.now() {
        return Ok(Control::Absent);
    }
    let loaded = load_reversal(tx, ctx, by, record).await?;
    Ok(match rules::decide(&loaded.facts) {
        Ok(_) => Control::Enabled,
        Err(Refusal::Blocked(why)) => {
            let reasons: Vec<String> = why.into_iter().map(|blocker| blocker.message).collect();
            Control::Disabled(reasons.join(" "))
        }
        Err(refusal) => Control::Disabled(refusal.to_string()),
    })
}

/// **Undo transfer**: puts everything back where it was, with its name, and both books, the grants and the links as they
/// were, as far as they still can be. All of it or nothing.
///
/// # Errors
/// `NotFound` for who may not read the receipt; `Blocked` with every reason why not; `Conflict` if somebody was faster.
pub async fn undo(ctx: &Ctx, by: &Principal, id: &str) -> Result<ReceiptView> {
    let id: TransferId = crate::server::usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let done: Result<ReceiptView> = ctx.db().write(|tx, _| Box::pin(async { undo_in(tx, ctx, by, id).await })).await;
    match done {
        Err(error) if error.is_taken() => Err(Refusal::Conflict.into()),
        done => done,
    }
}

/// The items that go back to one container: those that keep their names, and those that get their former names.
type Group<'a> = (Vec<ResourceId>, Vec<(ResourceId, &'a str)>);

async fn undo_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, id: TransferId) -> Result<ReceiptView> {
    let (record, _) = receipt::readable(tx, by, id).await?;
    if record.plan.scope != Scope::Between || record.undoes.is_some() {
        return Err(Refusal::BadRequest("Only a transfer between two organizations is undone here.".to_owned()).into());
    }
    let ReversalInput { facts, items, account, former_org_id, places } = load_reversal(tx, ctx, by, &record).await?;
    let reversal = rules::decide(&facts)?;
    let account = account.ok_or_else(|| Error::Internal(format!("transfer {id} has no place to go back to")))?;
    if record.plan.rows() > MAX_INLINE_ITEMS {
        tx.require_exclusive()?;
    }
    let now = ctx.now();
    let mut groups: BTreeMap<ResourceId, Group<'_>> = BTreeMap::new();
    for was in &items {
        let (same, renamed) = groups.entry(was.container).or_default();
        match &was.name {
            Some((before, _)) => renamed.push((was.item, before)),
            None => same.push(was.item),
        }
    }
    // If the items return to several containers, the receipt names the Drive of the organization.
    let (destination, destination_kind) = match places.values().next() {
        Some(one) if places.len() == 1 => (NamedResource { id: one.id, name: one.name.clone() }, one.kind),
        Some(one) => (NamedResource { id: one.id, name: facts.former.name.clone() }, Kind::Root),
        None => return Err(Refusal::NotFound.into()),
    };
    let permit = reversal.into(destination.id);
    for (container, (same, renamed)) in &groups {
        let permit = reversal.into(*container);
        resource::update_parent_and_name(tx, &permit, renamed, now).await?;
        resource::update_parent(tx, &permit, same, now).await?;
    }
    let renamed: Vec<Renamed> = items
        .iter()
        .filter_map(|was| {
            let (before, since) = was.name.clone()?;
            Some(Renamed { id: was.item, from: since, to: before })
        })
        .collect();
    let plan = rules::reversed(&facts, destination, destination_kind, renamed);
    let new = transfer::Transfer {
        id: TransferId(ctx.id()),
        person: by.person,
        person_name: by.name.clone(),
        source: plan.source,
        source_name: facts.current.name.clone(),
        target: plan.target,
        target_name: facts.former.name.clone(),
        digest: load::digest_of(&plan)?,
        plan,
        at: now,
        undoes: Some(id),
        undone_by: None,
    };
    transfer::insert(tx, &permit, &new).await?;
    let ids: Vec<ResourceId> = items.iter().map(|was| was.item).collect();
    let paid = execute::paid_by(&record.plan).is_some();
    let before = record.plan.effects.source.as_ref().and_then(|side| side.licence);
    let crossing = execute::Handover {
        permit,
        account,
        charge: if paid { subtree::Charge::To(before) } else { subtree::Charge::Keep },
        paid_before: None,
        grants: true,
        links: true,
        kept_for: None,
        progress: None,
    };
    // Whatever the target moved to its trash stays with the target (attack 6).
    subtree::leave_trash_behind(tx, &permit, &ids).await?;
    crossing.hand_over(tx, &ids).await?;
    // Only now, because handing over ends every grant and link that is not of the new owner's people.
    transfer::give_back(tx, &permit, id).await?;
    transfer::give_charges_back(tx, &permit, id).await?;
    execute::settle(tx, ctx, &new.plan, new.id).await?;
    if !transfer::update_undone(tx, &permit, id, new.id).await? {
        return Err(Refusal::Conflict.into());
    }
    execute::record_in_audit_logs(tx, ctx, by, &new).await?;
    Ok(receipt::receipt_view(new, Some(former_org_id), Control::Absent))
}
