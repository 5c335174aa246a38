//! Long work: how far it is, and going on with it under a lease.

use crate::{
    domain::{
        audit::Action,
        id::{ResourceId, TaskId},
        items::Items,
        refusal::Refusal,
        task::{SHOWN_AFTER_END_MILLIS, TaskKind, TaskState, go_on, has_ended},
        text::key,
        time::Timestamp,
        transfer::Scope,
        upload::ABANDONED_KEPT_MILLIS,
    },
    view::{ReceiptView, task::TaskView},
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{
            Tx, annotation,
            dataset_file::{self, Doomed},
            person,
            task::{self, Task},
            trash as hidden,
        },
    },
    audit::{self, AuditEvent},
    copy::{self, CopyProgress},
    organization, transfer, undo_token,
};

/// How long a worker holds a task, in milliseconds; every step extends it.
const LEASE_MILLIS: i64 = 60_000;
/// How long it holds one that is a single step, and cannot extend it meanwhile.
const TRANSFER_LEASE_MILLIS: i64 = 180_000;
/// How many items a step deletes at most.
const DELETE_BATCH_SIZE: i64 = 500;
/// How many files or annotations a step deletes at most.
const DELETE_FILES_BATCH_SIZE: i64 = 5_000;
/// How many tasks are shown.
const MAX_LISTED: i64 = 20;

/// A task of the caller's.
///
/// # Errors
/// `NotFound` if it is none of theirs.
pub async fn show(ctx: &Ctx, by: &Principal, id: &str) -> Result<TaskView> {
    let id: TaskId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    Ok(counted(ctx, task::find_own(&mut tx, by.person, id).await?.ok_or(Refusal::NotFound)?))
}

/// A task with how far it is, where this node is at it and counts.
fn counted(ctx: &Ctx, task: TaskView) -> TaskView {
    let done = ctx.tasks().find(task.id).map_or(task.done, |progress| progress.done());
    TaskView { done: done.max(task.done).min(task.total), ..task }
}

/// The caller's tasks in an organization: what runs, and what ended lately.
///
/// # Errors
/// `NotFound` if the organization is not the caller's.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str) -> Result<Vec<TaskView>> {
    let mut tx = ctx.db().read().await?;
    let organization = organization::belonging(&mut tx, by, org).await?;
    let since = ctx.now().plus_millis(-SHOWN_AFTER_END_MILLIS);
    let tasks = task::list_own(&mut tx, by.person, organization.id, since, MAX_LISTED).await?;
    Ok(tasks.into_iter().map(|task| counted(ctx, task)).collect())
}

/// **Cancel**: ends work before it is done. Of a copy and of a transfer nothing is left; what was deleted for good is
/// gone, and the rest is in the trash again.
///
/// # Errors
/// `NotFound` if it is none of theirs; `BadRequest` if it has ended, or cannot be cancelled.
pub async fn cancel(ctx: &Ctx, by: &Principal, id: &str) -> Result<TaskView> {
    let id: TaskId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let shown = task::find_own(&mut ctx.db().read().await?, by.person, id).await?.ok_or(Refusal::NotFound)?;
    if !shown.cancellable {
        return Err(has_ended(shown.state).into());
    }
    // First what goes on here: where there is one writer, this waits until that has ended.
    if let Some(progress) = ctx.tasks().find(id) {
        progress.cancel();
    }
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                if let Some(task) = task::find_stoppable(tx, by.person, id).await? {
                    cancel_in(tx, ctx, by, &task).await?;
                }
                let ended = task::find_own(tx, by.person, id).await?.ok_or(Refusal::NotFound)?;
                if ended.state == TaskState::Cancelled { Ok(ended) } else { Err(has_ended(ended.state).into()) }
            })
        })
        .await
}

async fn cancel_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, task: &Task) -> Result<()> {
    let (what, message) = match task.kind {
        TaskKind::Transfer => ("the transfer of", "Cancelled. Nothing was moved.".to_owned()),
        TaskKind::Copy => ("the copy of", "Cancelled. Nothing was copied.".to_owned()),
        TaskKind::Delete => (
            "the deletion of",
            format!("Cancelled. {} of {} items were deleted; the rest are back in the trash.", task.done, task.total),
        ),
    };
    if !task::update_cancelled(tx, task.id, &message, ctx.now()).await? {
        return Ok(());
    }
    match (task.kind, task.top) {
        // What was copied is hidden, but may be far too much to delete within this request.
        (TaskKind::Copy, Some(_)) => task::insert(tx, &cleanup_task(ctx, task), ctx.now()).await?,
        (TaskKind::Delete, Some(top)) => {
            hidden::show_again(tx, &go_on(task.person, task.organization, top), ctx.now()).await?;
        }
        (TaskKind::Transfer, _) | (_, None) => {}
    }
    let event = AuditEvent {
        organization: Some(task.organization),
        resources: task.source.or(task.top).into_iter().collect(),
        ..AuditEvent::new(Action::WorkCancelled, format!("cancelled {what} “{}”", task.name))
    };
    audit::record(tx, ctx, by, event).await
}

/// A task that deletes an unfinished copy.
fn cleanup_task(ctx: &Ctx, copy: &Task) -> Task {
    Task {
        id: TaskId(ctx.id()),
        kind: TaskKind::Delete,
        source: None,
        destination: None,
        at: None,
        total: copy.done,
        done: 0,
        stoppable: false,
        ..copy.clone()
    }
}

/// Releases the leases of a process that is gone. With SQLite there is one process only, so at its start that is every lease.
pub async fn begin_again(ctx: &Ctx) -> Result<()> {
    if ctx.db().is_sqlite() {
        ctx.db().write(|tx, _| Box::pin(async { task::release_all(tx).await.map_err(Error::from) })).await?;
    }
    Ok(())
}

/// A task under a lease.
#[derive(Debug, Clone)]
pub struct LeasedTask {
    task: Task,
    until: Timestamp,
    /// Whether a name was taken in the last try.
    taken: bool,
}

/// Leases a task that nobody works on, if there is one.
pub async fn claim(ctx: &Ctx) -> Result<Option<LeasedTask>> {
    let now = ctx.now();
    // Usually nothing waits, and on SQLite even a write that changes nothing would make others wait.
    if !task::is_waiting(&mut ctx.db().read().await?, now).await? {
        return Ok(None);
    }
    let until = now.plus_millis(LEASE_MILLIS);
    let claimed: Result<Option<Task>> =
        ctx.db().write(|tx, _| Box::pin(async { Ok(task::claim(tx, now, until).await?) })).await;
    Ok(claimed?.map(|task| LeasedTask { task, until, taken: false }))
}

/// Ends the lease without a change.
pub async fn release(ctx: &Ctx, held: &LeasedTask) -> Result<()> {
    let (id, until) = (held.task.id, held.until);
    ctx.db().write(|tx, _| Box::pin(async { Ok::<_, Error>(task::release(tx, id, until).await?) })).await
}

/// Goes on by one step, in a transaction of its own; nothing when the task has ended, or somebody else has it.
///
/// # Errors
/// The database; what was done before stays done, and whoever comes next goes on from there.
pub async fn step(ctx: &Ctx, held: LeasedTask) -> Result<Option<LeasedTask>> {
    if held.task.kind == TaskKind::Transfer {
        transfer_all(ctx, held).await?;
        return Ok(None);
    }
    let stepped: Result<Option<LeasedTask>> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                if held.task.kind == TaskKind::Copy {
                    step_copy(tx, ctx, held.clone()).await
                } else {
                    step_delete(tx, ctx, held.clone()).await
                }
            })
        })
        .await;
    match stepped {
        // Somebody took the name that was free a moment ago: the next try finds another. If not, names changed places inside
        // the original while it was copied, and two are the same.
        Err(error) if error.is_taken() && !held.taken => Ok(Some(LeasedTask { taken: true, ..held })),
        Err(error) if error.is_taken() => {
            fail(ctx, held, &Refusal::Conflict).await?;
            Ok(None)
        }
        Err(Error::Refused(refusal)) => {
            fail(ctx, held, &refusal).await?;
            Ok(None)
        }
        stepped => stepped,
    }
}

/// Notes progress; nothing where the lease has passed to somebody else.
async fn note(tx: &mut Tx, ctx: &Ctx, mut held: LeasedTask) -> Result<Option<LeasedTask>> {
    let until = ctx.now().plus_millis(LEASE_MILLIS);
    if !task::update_progress(tx, &held.task, held.until, until).await? {
        return Err(lease_lost());
    }
    held.until = until;
    Ok(Some(held))
}

/// Rolls the step back: another worker has the lease now and repeats it.
fn lease_lost() -> Error {
    Error::Internal("another worker has taken over the lease of a task".to_owned())
}

async fn end(tx: &mut Tx, ctx: &Ctx, held: &LeasedTask, state: TaskState, message: &str) -> Result<Option<LeasedTask>> {
    if task::update_ended(tx, held.task.id, held.until, state, message, ctx.now()).await? {
        Ok(None)
    } else {
        Err(lease_lost())
    }
}

fn top(task: &Task) -> Result<ResourceId> {
    task.top.ok_or_else(|| Error::Internal(format!("task {} has nothing to go on with", task.id)))
}

async fn step_copy(tx: &mut Tx, ctx: &Ctx, mut held: LeasedTask) -> Result<Option<LeasedTask>> {
    let task = &held.task;
    let destination = task.destination.ok_or(Refusal::NotFound)?;
    let mut making = CopyProgress {
        top: top(task)?,
        organization: task.organization,
        person: task.person,
        at: task.at,
        done: task.done,
    };
    let all = copy::step(tx, ctx, &mut making).await?;
    held.task.at = making.at;
    held.task.done = making.done;
    let Some(held) = note(tx, ctx, held).await? else { return Ok(None) };
    if !all {
        return Ok(Some(held));
    }
    let by = Principal {
        person: held.task.person,
        name: held.task.person_name.clone(),
        email_key: String::new(),
        address: None,
        session: None,
        key: None,
    };
    let name = &held.task.name;
    let message = match (&held.task.shared_with, held.task.source) {
        (Some(sharing_id), Some(original)) => {
            copy::show_shared(tx, ctx, &by, &making, (original, destination), name, sharing_id).await?;
            format!("Shared a copy of “{name}” with {sharing_id}")
        }
        _ => {
            let (copy, to) = copy::show(tx, ctx, &by, &making, destination, name).await?;
            let new_name = copy.renamed_to.map(|name| format!(" as “{name}”")).unwrap_or_default();
            format!("Copied “{name}” to “{to}”{new_name}")
        }
    };
    end(tx, ctx, &held, TaskState::Done, &message).await
}

async fn step_delete(tx: &mut Tx, ctx: &Ctx, mut held: LeasedTask) -> Result<Option<LeasedTask>> {
    let permit = go_on(held.task.person, held.task.organization, top(&held.task)?);
    let unused_at = ctx.now().plus_millis(ABANDONED_KEPT_MILLIS);
    let doomed = Doomed::WithTops(&[permit]);
    if dataset_file::delete_doomed(tx, doomed, DELETE_FILES_BATCH_SIZE, ctx.now(), unused_at).await? > 0 {
        return note(tx, ctx, held).await;
    }
    if annotation::delete_in_trash(tx, &[permit], DELETE_FILES_BATCH_SIZE).await? > 0 {
        return note(tx, ctx, held).await;
    }
    let deleted = hidden::delete_some(tx, &permit, DELETE_BATCH_SIZE).await?;
    held.task.done += deleted;
    let Some(held) = note(tx, ctx, held).await? else { return Ok(None) };
    if deleted > 0 {
        return Ok(Some(held));
    }
    end(tx, ctx, &held, TaskState::Done, "").await
}

/// Ends a copy that cannot be shown: what was made of it goes, behind the scenes as well.
async fn fail(ctx: &Ctx, held: LeasedTask, refusal: &Refusal) -> Result<()> {
    let message = format!("Nothing was copied. {}", refusal.sentence());
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                task::insert(tx, &cleanup_task(ctx, &held.task), ctx.now()).await?;
                end(tx, ctx, &held, TaskState::Failed, &message).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

/// Moves or transfers what was asked for, all of it in one transaction, or nothing (XFER-16). It is planned again in there,
/// and compared with what was confirmed.
///
/// # Errors
/// The database; then nothing was done, and whoever comes next begins anew.
async fn transfer_all(ctx: &Ctx, mut held: LeasedTask) -> Result<()> {
    // Registered before anything is read, so that cancelling and stopping the server reach it from the start.
    let running = ctx.tasks().begin(held.task.id);
    let (asked, by) = {
        let mut tx = ctx.db().read().await?;
        let asked = task::find_asked(&mut tx, held.task.id).await?;
        let person = person::find(&mut tx, held.task.person).await?;
        let email_key = person.map(|person| key(&person.email)).unwrap_or_default();
        let address = asked.as_ref().and_then(|asked| asked.address.clone());
        // The task of a machine is done with the scopes of its key. Where the key was revoked meanwhile, the machine
        // has no role either, and sees nothing.
        let key_of = super::key::of_identity(&mut tx, held.task.person, address.clone()).await?;
        let by = Principal {
            person: held.task.person,
            name: held.task.person_name.clone(),
            email_key,
            address,
            session: None,
            key: key_of.map(Box::new),
        };
        (asked.ok_or_else(|| Error::Internal(format!("job {} does not say what to move", held.task.id)))?, by)
    };
    let items: Items = asked.items.parse()?;
    let destination = held.task.destination.ok_or(Refusal::NotFound)?;
    let until = ctx.now().plus_millis(TRANSFER_LEASE_MILLIS);
    let (held_in, at_it) = (held.clone(), ctx.db());
    let extended: Result<bool> = at_it
        .write(|tx, _| {
            let held = &held_in;
            Box::pin(async { Ok(task::update_progress(tx, &held.task, held.until, until).await?) })
        })
        .await;
    if !extended? {
        return Ok(());
    }
    held.until = until;
    let (ctx_in, by_in, held_in, progress) = (ctx.clone(), by, held.clone(), running.progress());
    let done: Result<()> = ctx
        .db()
        .write(move |tx, _| {
            let (ctx, by, mut held, progress) = (ctx_in.clone(), by_in.clone(), held_in.clone(), progress.clone());
            let (items, digest) = (items.clone(), asked.digest.clone());
            Box::pin(async move {
                progress.restart();
                // The lease may have run out while this waited for its turn to write.
                if !task::is_held(tx, held.task.id, held.until).await? {
                    return Err(lease_lost());
                }
                let moved = transfer::execute::transfer_in(
                    tx,
                    &ctx,
                    &by,
                    &items,
                    destination,
                    digest.as_deref(),
                    Some(&progress),
                )
                .await?;
                let undo = match &moved.inverse {
                    Some(inverse) => undo_token::issue_in(tx, &ctx, &by, inverse).await?,
                    None => None,
                };
                let receipt = moved.receipt;
                held.task.done = receipt.plan.rows();
                let message = moved_message(&receipt);
                if task::update_transferred(tx, &held.task, held.until, receipt.id, undo, &message, ctx.now()).await? {
                    Ok(())
                } else {
                    Err(lease_lost())
                }
            })
        })
        .await;
    let why = match done {
        Ok(()) => return Ok(()),
        // Whoever cancelled it notes that.
        Err(_) if running.progress().is_cancelled() => return Ok(()),
        Err(_) if running.progress().is_interrupted() => return release(ctx, &held).await,
        Err(Error::Refused(refusal)) => refusal,
        Err(error) if error.is_taken() => Refusal::Conflict,
        Err(error) => return Err(error),
    };
    let message = in_the_way(&why);
    ctx.db().write(|tx, _| Box::pin(async { end(tx, ctx, &held, TaskState::Failed, &message).await.map(|_| ()) })).await
}

/// The message of a task that has moved or transferred its items.
fn moved_message(receipt: &ReceiptView) -> String {
    let what = receipt.plan.summary().what();
    match receipt.plan.scope {
        Scope::Between => format!("Transferred {what} to {}", receipt.target_name),
        Scope::Within if receipt.plan.is_into_drive(&receipt.target_name) => format!("Moved {what} to Drive"),
        Scope::Within => format!("Moved {what} to “{}”", receipt.plan.destination.name),
    }
}

/// Why nothing was moved: with the first thing that is in the way.
fn in_the_way(why: &Refusal) -> String {
    match why {
        Refusal::Blocked(blockers) => {
            let first = blockers.first().map(|blocker| format!(" {}", blocker.message)).unwrap_or_default();
            let more = match blockers.len() {
                0 | 1 => String::new(),
                several => format!(" And {} more.", several - 1),
            };
            format!("{why}{first}{more}")
        }
        other => other.sentence(),
    }
}
