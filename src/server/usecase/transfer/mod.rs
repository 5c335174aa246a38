//! Moving and transferring (XFER): the commands.
//!
//! - `load` finds out what a plan depends on; `domain::transfer` makes the plan; `execute` carries it out.
//! - `receipt` says who may read what a transfer did, `receipts` shows and lists it; `undo` takes a transfer back.
//! - `destinations` is what the **Move to** dialog shows.
//!
//! # Invariants
//! - A transfer plans again inside its own transaction, and compares with what was confirmed (XFER-15).
//! - The tree, the books, the grants, the links and both audit logs change in that one transaction (XFER-13).

pub mod destinations;
pub(super) mod execute;
pub(super) mod load;
mod receipt;
pub mod receipts;
pub mod undo;

use crate::{
    domain::{
        access::Act,
        id::{OrganizationId, ResourceId, TaskId},
        items::Items,
        refusal::Refusal,
        task::{MAX_INLINE_ITEMS, TaskKind},
        transfer::{self as rules, Plan, Scope},
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, task},
        usecase::{
            drive, grant as grants,
            transfer::{
                execute::{MoveOutcome, transfer_in},
                load::{Parties, digest_of, load},
            },
            undo_token,
        },
    },
    view::{
        PlanView, ReceiptView,
        outcome::{MoveResult, MoveTarget},
        task::TaskView,
    },
};

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
        Some(resources) => grants::take::may_take_by_hand(tx, by, &resources).await?,
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
/// `NotFound` if an item or the destination does not exist for the caller.
pub async fn plan(ctx: &Ctx, by: &Principal, items: &Items, destination: ResourceId) -> Result<PlanView> {
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
    items: &Items,
    destination: ResourceId,
    confirmed: Option<String>,
) -> Result<ReceiptView> {
    let done = transfer_with_inverse(ctx, by, items, destination, confirmed).await?.receipt;
    // Whether it can be taken back is looked at once it is through.
    if done.plan.scope == Scope::Between { receipts::show(ctx, by, &done.id.to_string()).await } else { Ok(done) }
}

/// [`transfer()`], and how to take it back, where that is offered.
///
/// # Errors
/// See [`transfer()`].
pub async fn transfer_with_undo(
    ctx: &Ctx,
    by: &Principal,
    items: &Items,
    destination: ResourceId,
    confirmed: Option<String>,
) -> Result<(ReceiptView, Option<String>)> {
    let MoveOutcome { receipt: done, inverse } = transfer_with_inverse(ctx, by, items, destination, confirmed).await?;
    let undo = match inverse {
        Some(inverse) => undo_token::issue(ctx, by, inverse).await,
        None => None,
    };
    let between = done.plan.scope == Scope::Between;
    let shown = if between { receipts::show(ctx, by, &done.id.to_string()).await? } else { done };
    Ok((shown, undo))
}

async fn transfer_with_inverse(
    ctx: &Ctx,
    by: &Principal,
    items: &Items,
    destination: ResourceId,
    confirmed: Option<String>,
) -> Result<MoveOutcome> {
    let done: Result<MoveOutcome> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async { transfer_in(tx, ctx, by, items, destination, confirmed.as_deref(), None).await })
        })
        .await;
    match done {
        Err(error) if error.is_taken() => Err(Refusal::Conflict.into()),
        done => done,
    }
}

/// **Move here**: moves at once within an organization if nothing is in the way and nobody's access changes (XFER-3); otherwise
/// the plan has to be confirmed.
///
/// # Errors
/// See [`plan`] and [`transfer()`].
pub async fn move_here(ctx: &Ctx, by: &Principal, items: &Items, destination: ResourceId) -> Result<MoveResult> {
    let plan = plan(ctx, by, items, destination).await?;
    if plan.plan.scope == Scope::Within && plan.plan.is_clear() && !plan.plan.effects.change_access() {
        if plan.plan.rows() > MAX_INLINE_ITEMS {
            return begin_confirmed(ctx, by, items, destination, plan).await;
        }
        return moved(ctx, by, transfer_with_inverse(ctx, by, items, destination, None).await?).await;
    }
    to_confirm(ctx, plan.plan.source, items, destination, 0).await
}

async fn to_confirm(
    ctx: &Ctx,
    source: OrganizationId,
    items: &Items,
    destination: ResourceId,
    grants_removed: usize,
) -> Result<MoveResult> {
    let drive = drive::show::location(&mut ctx.db().read().await?, source, None).await?;
    Ok(MoveResult::ToConfirm { items: items.clone(), destination, drive, grants_removed })
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
    items: &Items,
    destination: ResourceId,
    confirmed: &str,
) -> Result<MoveResult> {
    let done: Result<(usize, OrganizationId, Option<MoveOutcome>)> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let plan = rules::plan(&load(tx, ctx, Parties::own(by), items, destination).await?.facts);
                if confirmed != digest_of(&plan)? {
                    return Err(Refusal::PlanChanged.into());
                }
                let resources = plan.only_direct_access().ok_or_else(|| Refusal::Blocked(plan.blockers.clone()))?;
                let removed = grants::take::take_by_hand(tx, ctx, by, &resources).await?;
                let done = match plan.scope {
                    Scope::Within => Some(transfer_in(tx, ctx, by, items, destination, None, None).await?),
                    Scope::Between => None,
                };
                Ok((removed, plan.source, done))
            })
        })
        .await;
    let (removed, source, done) = match done {
        Err(error) if error.is_taken() => return Err(Refusal::Conflict.into()),
        done => done?,
    };
    match done {
        Some(done) => moved(ctx, by, done).await,
        None => to_confirm(ctx, source, items, destination, removed).await,
    }
}

/// **Confirm transfer**: does exactly what was confirmed; where that is more than one request can do, a task does (XFER-16).
///
/// # Errors
/// See [`transfer()`].
pub async fn confirm(
    ctx: &Ctx,
    by: &Principal,
    items: &Items,
    destination: ResourceId,
    confirmed: String,
) -> Result<MoveResult> {
    let plan = plan(ctx, by, items, destination).await?;
    // All else goes on below: it is done at once, or refused with its reason.
    if plan.digest == confirmed && plan.plan.is_clear() && plan.plan.rows() > MAX_INLINE_ITEMS {
        return begin_confirmed(ctx, by, items, destination, plan).await;
    }
    moved(ctx, by, transfer_with_inverse(ctx, by, items, destination, Some(confirmed)).await?).await
}

/// Starts a move or a transfer as a task (XFER-16). What is in the way now is answered at once; what gets in the way later is
/// reported by the task.
///
/// # Errors
/// See [`transfer()`].
pub async fn begin(
    ctx: &Ctx,
    by: &Principal,
    items: &Items,
    destination: ResourceId,
    confirmed: Option<String>,
) -> Result<TaskView> {
    let plan = plan(ctx, by, items, destination).await?;
    if confirmed.as_ref().is_some_and(|confirmed| *confirmed != plan.digest) {
        return Err(Refusal::PlanChanged.into());
    }
    begin_planned(ctx, by, items, destination, confirmed, &plan.plan).await
}

async fn begin_planned(
    ctx: &Ctx,
    by: &Principal,
    items: &Items,
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
    let asked = task::TransferRequest { items: items.to_string(), digest: confirmed, address: by.address.clone() };
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

/// Begins a task for a plan as it was confirmed.
async fn begin_confirmed(
    ctx: &Ctx,
    by: &Principal,
    items: &Items,
    destination: ResourceId,
    view: PlanView,
) -> Result<MoveResult> {
    let PlanView { plan, digest, target_name, .. } = view;
    begin_planned(ctx, by, items, destination, Some(digest), &plan).await?;
    let drive = drive::show::location(&mut ctx.db().read().await?, plan.source, None).await?;
    let (what, to) = (plan.summary(), target_of(&plan, &target_name));
    Ok(MoveResult::Begun { what, to, drive })
}

fn target_of(plan: &Plan, target_name: &str) -> MoveTarget {
    match plan.scope {
        Scope::Between => MoveTarget::Organization(target_name.to_owned()),
        Scope::Within if plan.is_into_drive(target_name) => MoveTarget::Drive,
        Scope::Within => MoveTarget::Container(plan.destination.name.clone()),
    }
}

async fn moved(ctx: &Ctx, by: &Principal, moved: MoveOutcome) -> Result<MoveResult> {
    let MoveOutcome { receipt, inverse } = moved;
    let what = receipt.plan.summary();
    if receipt.plan.scope == Scope::Between {
        let ReceiptView { target_name, target_org_id, id: receipt, .. } = receipt;
        let target_org_id = target_org_id.unwrap_or_default();
        return Ok(MoveResult::Transferred { what, target_name, target_org_id, receipt });
    }
    let undo = match inverse {
        Some(inverse) => undo_token::issue(ctx, by, inverse).await,
        None => None,
    };
    let (plan, to) = (&receipt.plan, target_of(&receipt.plan, &receipt.target_name));
    let location = drive::show::location(&mut ctx.db().read().await?, plan.target, Some(plan.destination.id)).await?;
    Ok(MoveResult::Moved { what, to, location, undo })
}
