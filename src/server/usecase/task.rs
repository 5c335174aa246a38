//! Long work: how far it is, and going on with it under a lease.

use crate::{
    domain::{
        id::{ResourceId, TaskId},
        refusal::Refusal,
        task::{SHOWN_AFTER_END_MILLIS, TaskKind, TaskState, go_on, has_ended},
        text::key,
        time::Timestamp,
    },
    view::task::TaskView,
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{
            Tx, person,
            task::{self, Task},
            trash as hidden,
        },
    },
    audit::{self, AuditEvent},
    copy::{self, Making},
    organization, transfer, undo,
};

/// How long a worker holds a task, in milliseconds; every step extends it.
const LEASE_MILLIS: i64 = 60_000;
/// How long it holds one that is a single step, and cannot extend it meanwhile.
const TRANSFER_LEASE_MILLIS: i64 = 180_000;
/// How many items a step deletes at most.
const DELETE_BATCH_SIZE: i64 = 500;
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
        (TaskKind::Copy, Some(_)) => task::insert(tx, &tidying(ctx, task), ctx.now()).await?,
        (TaskKind::Delete, Some(top)) => {
            hidden::show_again(tx, &go_on(task.person, task.organization, top), ctx.now()).await?;
        }
        (TaskKind::Transfer, _) | (_, None) => {}
    }
    let event = AuditEvent {
        organization: Some(task.organization),
        action: "work.cancelled",
        summary: format!("cancelled {what} “{}”", task.name),
        resources: task.source.or(task.top).into_iter().collect(),
        ..AuditEvent::default()
    };
    audit::record(tx, ctx, by, event).await
}

/// What takes away again what was made of a copy.
fn tidying(ctx: &Ctx, copy: &Task) -> Task {
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

/// Gives back what nobody is at: where there is one node, that is everything when it starts.
///
/// # Errors
/// The database.
pub async fn begin_again(ctx: &Ctx) -> Result<()> {
    if ctx.db().is_sqlite() {
        ctx.db().write(|tx, _| Box::pin(async { task::release_all(tx).await.map_err(Error::from) })).await?;
    }
    Ok(())
}

/// A task that is held until a moment.
#[derive(Debug, Clone)]
pub struct LeasedTask {
    task: Task,
    until: Timestamp,
    /// Whether a name was taken in the last try.
    taken: bool,
}

/// Takes on a task that nobody is at, if there is one.
///
/// # Errors
/// The database.
pub async fn claim(ctx: &Ctx) -> Result<Option<LeasedTask>> {
    let now = ctx.now();
    if !task::is_waiting(&mut ctx.db().read().await?, now).await? {
        return Ok(None);
    }
    let until = now.plus_millis(LEASE_MILLIS);
    let claimed: Result<Option<Task>> =
        ctx.db().write(|tx, _| Box::pin(async { Ok(task::claim(tx, now, until).await?) })).await;
    Ok(claimed?.map(|task| LeasedTask { task, until, taken: false }))
}

/// Gives a task back untouched.
///
/// # Errors
/// The database.
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
        return Err(lost());
    }
    held.until = until;
    Ok(Some(held))
}

/// Undoes the step of who lost the lease: whoever has it now does that step.
fn lost() -> Error {
    Error::Internal("another worker has taken over the lease of a task".to_owned())
}

async fn end(tx: &mut Tx, ctx: &Ctx, held: &LeasedTask, state: TaskState, message: &str) -> Result<Option<LeasedTask>> {
    if task::update_ended(tx, held.task.id, held.until, state, message, ctx.now()).await? {
        Ok(None)
    } else {
        Err(lost())
    }
}

fn top(task: &Task) -> Result<ResourceId> {
    task.top.ok_or_else(|| Error::Internal(format!("job {} has nothing to go on with", task.id)))
}

async fn step_copy(tx: &mut Tx, ctx: &Ctx, mut held: LeasedTask) -> Result<Option<LeasedTask>> {
    let task = &held.task;
    let destination = task.destination.ok_or(Refusal::NotFound)?;
    let mut making =
        Making { top: top(task)?, organization: task.organization, person: task.person, at: task.at, done: task.done };
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
    let told = match (&held.task.shared_with, held.task.source) {
        (Some(sharing_id), Some(original)) => {
            copy::show_shared(tx, ctx, &by, &making, (original, destination), &held.task.name, sharing_id).await?
        }
        _ => copy::show(tx, ctx, &by, &making, destination, &held.task.name).await?,
    };
    end(tx, ctx, &held, TaskState::Done, &told).await
}

async fn step_delete(tx: &mut Tx, ctx: &Ctx, mut held: LeasedTask) -> Result<Option<LeasedTask>> {
    let permit = go_on(held.task.person, held.task.organization, top(&held.task)?);
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
    let message = format!("Nothing was copied. {refusal}");
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                task::insert(tx, &tidying(ctx, &held.task), ctx.now()).await?;
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
    let running = ctx.tasks().begin(held.task.id);
    let (asked, by) = {
        let mut tx = ctx.db().read().await?;
        let asked = task::find_asked(&mut tx, held.task.id).await?;
        let person = person::find(&mut tx, held.task.person).await?;
        let email_key = person.map(|person| key(&person.email)).unwrap_or_default();
        let address = asked.as_ref().and_then(|asked| asked.address.clone());
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
    let items = transfer::read_items(&asked.items)?;
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
                if !task::is_held(tx, held.task.id, held.until).await? {
                    return Err(lost());
                }
                let moved =
                    transfer::transfer_in(tx, &ctx, &by, &items, destination, digest.as_deref(), Some(&progress))
                        .await?;
                let undo = match &moved.inverse {
                    Some(inverse) => undo::offer_in(tx, &ctx, &by, inverse).await?,
                    None => None,
                };
                let receipt = moved.receipt;
                held.task.done = receipt.plan.rows();
                let told = transfer::told(&receipt);
                if task::update_transferred(tx, &held.task, held.until, receipt.id, undo, &told, ctx.now()).await? {
                    Ok(())
                } else {
                    Err(lost())
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
        other => other.to_string(),
    }
}
