//! Carrying a plan out, in a transaction: the tree, the grants, the links, the books and both audit logs (XFER-13).

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        access::Act,
        audit::Action,
        id::{AccountId, EntryId, GrantId, LicenceId, ResourceId, TransferId},
        licence::{Amount, EntryKind},
        permit::Permit,
        refusal::Refusal,
        resource::MAX_DEPTH,
        task::MAX_INLINE_ITEMS,
        time::Timestamp,
        transfer::{self as rules, Facts, Plan, Scope, reversal::ContentFingerprint},
        undo::{FormerPlace, Inverse, MAX_CONTAINERS},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, grant, licence, resource, subtree, transfer},
        task_progress::TaskProgress,
        usecase::{
            audit::{self, AuditEvent},
            transfer::{
                load::{Parties, PlanInput, digest_of, load},
                receipt::receipt_view,
            },
        },
    },
    view::{Control, ReceiptView},
};

/// How many rows are changed between two checks for a cancelled task.
const PROGRESS_BATCH_SIZE: usize = 2_000;

/// What a transfer did. A move within an organization has an inverse; a transfer between two is undone by its receipt.
#[derive(Debug, Clone)]
pub struct MoveOutcome {
    /// The receipt.
    pub receipt: ReceiptView,
    /// The inverse.
    pub inverse: Option<Inverse>,
}

/// Plans and carries out, in a transaction. With a digest, only the plan that was confirmed. With `progress`, the changes are
/// counted, and can be cancelled.
///
/// # Errors
/// See [`super::transfer()`].
pub(crate) async fn transfer_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    items: &[ResourceId],
    destination: ResourceId,
    confirmed: Option<&str>,
    progress: Option<&TaskProgress>,
) -> Result<MoveOutcome> {
    let loaded = load(tx, ctx, Parties::own(by), items, destination).await?;
    // Asked after loading: whoever may not see an item is told that it does not exist, whatever their scopes are.
    by.who().may_act(Act::Move)?;
    let plan = rules::plan(&loaded.facts);
    let digest = digest_of(&plan)?;
    if confirmed.is_some_and(|confirmed| confirmed != digest) {
        return Err(Refusal::PlanChanged.into());
    }
    carry_out(tx, ctx, by, loaded, plan, digest, progress).await
}

/// Takes a move within an organization back (DRIVE-4), in a transaction: a move the other way, but for what was carried
/// along (XFER-3). Whoever reaches the place they are taken from got that access by the move alone.
///
/// # Errors
/// See [`super::transfer()`].
pub(crate) async fn put_back_in(
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

/// Where the items were, and under which names, for undo.
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

/// The inverse of a move, where it can be undone.
fn inverse_of(facts: &Facts, plan: &Plan, at: Timestamp) -> Option<Inverse> {
    let put_back = || Inverse::PutBack { from: plan.destination.id, at, items: places_of(facts, plan) };
    rules::may_be_undone(facts, plan).then(put_back)
}

/// The target's licence that pays for the items, if one does (XFER-10).
pub(crate) fn paid_by(plan: &Plan) -> Option<LicenceId> {
    plan.effects.target.as_ref().filter(|side| side.left_after != side.left_before).and_then(|side| side.licence)
}

/// Makes the other organization the owner of a subtree: its rows, grants and links, a batch at a time (XFER-13).
pub(crate) struct Handover<'a> {
    /// Permission to write.
    pub(crate) permit: Permit,
    /// The account it goes to.
    pub(crate) account: AccountId,
    /// Which licence counts as having paid, from now on.
    pub(crate) charge: subtree::Charge,
    /// The licence whose books it leaves.
    pub(crate) paid_before: Option<LicenceId>,
    /// Whether the subtree has grants.
    pub(crate) grants: bool,
    /// Whether the subtree has share links.
    pub(crate) links: bool,
    /// The transfer to keep ended grants and links for, so that undoing it can restore them.
    pub(crate) kept_for: Option<TransferId>,
    /// Where progress is counted, if a task does this.
    pub(crate) progress: Option<&'a TaskProgress>,
}

impl Handover<'_> {
    pub(crate) async fn hand_over(&self, tx: &mut Tx, items: &[ResourceId]) -> Result<()> {
        let Self { permit, .. } = self;
        for part in subtree::list_ids(tx, items).await?.chunks(PROGRESS_BATCH_SIZE) {
            // Charges, grants and links are noted before the rows that hold them change.
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
        crate::server::usecase::organization::turn_space(tx, permit.organization()).await?;
        Ok(())
    }
}

/// Counts changed rows.
///
/// # Errors
/// `Internal` if the task was cancelled or the server stops: the transaction is rolled back as a whole.
fn count_done(progress: Option<&TaskProgress>, rows: usize) -> Result<()> {
    let rows = u64::try_from(rows).unwrap_or(u64::MAX);
    if progress.is_none_or(|progress| progress.goes_on(rows)) {
        Ok(())
    } else {
        Err(Error::Internal("a transfer was ended before it was done".to_owned()))
    }
}

/// Carries a plan out, unless it has blockers.
pub(crate) async fn carry_out(
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
    // A task that was cancelled while it waited for its turn ends here, before anything is written.
    count_done(progress, 0)?;
    let (id, now) = (TransferId(ctx.id()), ctx.now());
    // The same moment as that of the carried grants, by which the undo finds them.
    let inverse = inverse_of(&loaded.facts, &plan, now);
    let moving: Vec<ResourceId> = plan.items.iter().map(|item| item.id).collect();
    let renamed: Vec<(ResourceId, &str)> =
        plan.effects.renamed.iter().map(|renamed| (renamed.id, renamed.to.as_str())).collect();
    let with_new_name: BTreeSet<ResourceId> = renamed.iter().map(|(id, _)| *id).collect();
    let same_name: Vec<ResourceId> = moving.iter().filter(|id| !with_new_name.contains(id)).copied().collect();
    for part in renamed.chunks(PROGRESS_BATCH_SIZE) {
        resource::update_parent_and_name(tx, &permit, part, now).await?;
        // Between two organizations `hand_over` counts the rows, the items among them.
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
        // The items were touched just now, and everything below them kept its `touched_at`, so the fingerprint needs no
        // second walk of the trees.
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
    record_in_audit_logs(tx, ctx, by, &record).await?;
    Ok(MoveOutcome { receipt: receipt_view(record, Some(loaded.target_org_id), Control::Absent), inverse })
}

/// Trash from inside the items stays in its account, moved to the root (attack 6): the new owner must not be able to restore it.
/// Within one account it moves along, unless the tree would become too deep (DRIVE-1).
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

/// Writes the ledger entries of both sides (XFER-10).
pub(crate) async fn settle(tx: &mut Tx, ctx: &Ctx, plan: &Plan, transfer: TransferId) -> Result<()> {
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
            job: None,
            at: ctx.now(),
        };
        if !licence::append(tx, &entry).await? {
            return Err(Refusal::PlanChanged.into());
        }
        // Credits that came back may be enough for a dataset that waits for them (LIC-2).
        if change.covers(Amount::default()) {
            crate::server::usecase::waiting::start_waiting_with(tx, ctx, licence).await?;
        }
    }
    Ok(())
}

pub(crate) async fn record_in_audit_logs(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    record: &transfer::Transfer,
) -> Result<()> {
    let plan = &record.plan;
    let what = plan.summary().what();
    let items: Vec<&rules::NamedResource> = plan.items.iter().take(100).collect();
    let line = |organization, action, summary, before, after| AuditEvent {
        organization: Some(organization),
        resources: plan.items.iter().map(|item| item.id).collect(),
        transfer: Some(record.id),
        before,
        after,
        ..AuditEvent::new(action, summary)
    };
    if plan.scope == Scope::Within {
        let summary = format!("moved {what} to “{}”", plan.destination.name);
        let after = serde_json::json!({ "items": items, "parent": plan.destination.id });
        return audit::record(tx, ctx, by, line(plan.source, Action::ResourceMoved, summary, None, Some(after))).await;
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
    let out =
        line(plan.source, Action::TransferSent, sent, books(&effects.source, false), books(&effects.source, true));
    audit::record(tx, ctx, by, out).await?;
    let into = line(
        plan.target,
        Action::TransferReceived,
        received,
        books(&effects.target, false),
        books(&effects.target, true),
    );
    audit::record(tx, ctx, by, into).await
}
