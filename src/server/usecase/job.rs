//! Long work: how far it is, and going on with it under a lease.

use crate::domain::{
    id::{JobId, ResourceId},
    job::{JobKind, JobState, SHOWN_AFTER_END, go_on, has_ended},
    refusal::Refusal,
    text::key,
    time::Timestamp,
    view::work::JobView,
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{
            Tx,
            job::{self, Job},
            person, trash as hidden,
        },
    },
    audit::{self, Happened},
    copy::{self, Making},
    organization, transfer, undo,
};

/// How long a worker holds a job, in milliseconds; every step extends it.
const LEASE: i64 = 60_000;
/// How long it holds one that is a single step, and cannot extend it meanwhile.
const LONG_LEASE: i64 = 180_000;
/// How many items a step deletes at most.
const DELETED: i64 = 500;
/// How many jobs are shown.
const SHOWN: i64 = 20;

/// A job of the caller's.
///
/// # Errors
/// `NotFound` if it is none of theirs.
pub async fn show(ctx: &Ctx, by: &Principal, id: &str) -> Result<JobView> {
    let id: JobId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    Ok(counted(ctx, job::find_own(&mut tx, by.person, id).await?.ok_or(Refusal::NotFound)?))
}

/// A job with how far it is, where this node is at it and counts.
fn counted(ctx: &Ctx, job: JobView) -> JobView {
    let done = ctx.works().find(job.id).map_or(job.done, |work| work.done());
    JobView { done: done.max(job.done).min(job.total), ..job }
}

/// The caller's jobs in an organization: what runs, and what ended lately.
///
/// # Errors
/// `NotFound` if the organization is not the caller's.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str) -> Result<Vec<JobView>> {
    let mut tx = ctx.db().read().await?;
    let organization = organization::belonging(&mut tx, by, org).await?;
    let since = ctx.now().plus_millis(-SHOWN_AFTER_END);
    let jobs = job::list_own(&mut tx, by.person, organization.id, since, SHOWN).await?;
    Ok(jobs.into_iter().map(|job| counted(ctx, job)).collect())
}

/// **Cancel**: ends work before it is done. Of a copy and of a transfer nothing is left; what was deleted for good is
/// gone, and the rest is in the trash again.
///
/// # Errors
/// `NotFound` if it is none of theirs; `BadRequest` if it has ended, or cannot be cancelled.
pub async fn cancel(ctx: &Ctx, by: &Principal, id: &str) -> Result<JobView> {
    let id: JobId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let shown = job::find_own(&mut ctx.db().read().await?, by.person, id).await?.ok_or(Refusal::NotFound)?;
    if !shown.cancellable {
        return Err(has_ended(shown.state).into());
    }
    // First what goes on here: where there is one writer, this waits until that has ended.
    if let Some(work) = ctx.works().find(id) {
        work.cancel();
    }
    let (ctx_in, by_in) = (ctx.clone(), by.clone());
    ctx.db()
        .write(move |tx| {
            let (ctx, by) = (ctx_in.clone(), by_in.clone());
            Box::pin(async move {
                if let Some(job) = job::find_stoppable(tx, by.person, id).await? {
                    cancel_in(tx, &ctx, &by, &job).await?;
                }
                let ended = job::find_own(tx, by.person, id).await?.ok_or(Refusal::NotFound)?;
                if ended.state == JobState::Cancelled { Ok(ended) } else { Err(has_ended(ended.state).into()) }
            })
        })
        .await
}

async fn cancel_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, job: &Job) -> Result<()> {
    let (what, message) = match job.kind {
        JobKind::Transfer => ("the transfer of", "Cancelled. Nothing was moved.".to_owned()),
        JobKind::Copy => ("the copy of", "Cancelled. Nothing was copied.".to_owned()),
        JobKind::Delete => (
            "the deletion of",
            format!("Cancelled. {} of {} items were deleted; the rest is in the trash again.", job.done, job.total),
        ),
    };
    if !job::update_cancelled(tx, job.id, &message, ctx.now()).await? {
        return Ok(());
    }
    match (job.kind, job.top) {
        (JobKind::Copy, Some(_)) => job::insert(tx, &tidying(ctx, job), ctx.now()).await?,
        (JobKind::Delete, Some(top)) => {
            hidden::show_again(tx, &go_on(job.person, job.organization, top), ctx.now()).await?;
        }
        (JobKind::Transfer, _) | (_, None) => {}
    }
    let happened = Happened {
        organization: Some(job.organization),
        action: "work.cancelled",
        summary: format!("cancelled {what} “{}”", job.name),
        resources: job.source.or(job.top).into_iter().collect(),
        ..Happened::default()
    };
    audit::note(tx, ctx, by, happened).await
}

/// What takes away again what was made of a copy.
fn tidying(ctx: &Ctx, copy: &Job) -> Job {
    Job {
        id: JobId(ctx.id()),
        kind: JobKind::Delete,
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
        ctx.db().write(|tx| Box::pin(async move { job::release_all(tx).await.map_err(Error::from) })).await?;
    }
    Ok(())
}

/// A job that is held until a moment.
#[derive(Debug, Clone)]
pub struct Held {
    job: Job,
    until: Timestamp,
    /// Whether a name was taken in the last try.
    taken: bool,
}

/// Takes on a job that nobody is at, if there is one.
///
/// # Errors
/// The database.
pub async fn claim(ctx: &Ctx) -> Result<Option<Held>> {
    let now = ctx.now();
    if !job::is_waiting(&mut ctx.db().read().await?, now).await? {
        return Ok(None);
    }
    let until = now.plus_millis(LEASE);
    let claimed: Result<Option<Job>> =
        ctx.db().write(move |tx| Box::pin(async move { Ok(job::claim(tx, now, until).await?) })).await;
    Ok(claimed?.map(|job| Held { job, until, taken: false }))
}

/// Gives a job back untouched.
///
/// # Errors
/// The database.
pub async fn release(ctx: &Ctx, held: &Held) -> Result<()> {
    let (id, until) = (held.job.id, held.until);
    ctx.db().write(move |tx| Box::pin(async move { Ok::<_, Error>(job::release(tx, id, until).await?) })).await
}

/// Goes on by one step, in a transaction of its own; nothing when the job has ended, or somebody else has it.
///
/// # Errors
/// The database; what was done before stays done, and whoever comes next goes on from there.
pub async fn step(ctx: &Ctx, held: Held) -> Result<Option<Held>> {
    if held.job.kind == JobKind::Transfer {
        transfer_all(ctx, held).await?;
        return Ok(None);
    }
    let (ctx_in, held_in) = (ctx.clone(), held.clone());
    let stepped: Result<Option<Held>> = ctx
        .db()
        .write(move |tx| {
            let (ctx, held) = (ctx_in.clone(), held_in.clone());
            Box::pin(async move {
                if held.job.kind == JobKind::Copy {
                    step_copy(tx, &ctx, held).await
                } else {
                    step_delete(tx, &ctx, held).await
                }
            })
        })
        .await;
    match stepped {
        // Somebody took the name that was free a moment ago: the next try finds another. If not, names changed places inside
        // the original while it was copied, and two are the same.
        Err(error) if error.is_taken() && !held.taken => Ok(Some(Held { taken: true, ..held })),
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
async fn note(tx: &mut Tx, ctx: &Ctx, mut held: Held) -> Result<Option<Held>> {
    let until = ctx.now().plus_millis(LEASE);
    if !job::update_progress(tx, &held.job, held.until, until).await? {
        return Err(lost());
    }
    held.until = until;
    Ok(Some(held))
}

/// Undoes the step of who lost the lease: whoever has it now does that step.
fn lost() -> Error {
    Error::Internal("a job's lease has passed to somebody else".to_owned())
}

async fn end(tx: &mut Tx, ctx: &Ctx, held: &Held, state: JobState, message: &str) -> Result<Option<Held>> {
    if job::update_ended(tx, held.job.id, held.until, state, message, ctx.now()).await? {
        Ok(None)
    } else {
        Err(lost())
    }
}

fn top(job: &Job) -> Result<ResourceId> {
    job.top.ok_or_else(|| Error::Internal(format!("job {} has nothing to go on with", job.id)))
}

async fn step_copy(tx: &mut Tx, ctx: &Ctx, mut held: Held) -> Result<Option<Held>> {
    let job = &held.job;
    let destination = job.destination.ok_or(Refusal::NotFound)?;
    let mut making =
        Making { top: top(job)?, organization: job.organization, person: job.person, at: job.at, done: job.done };
    let all = copy::step(tx, ctx, &mut making).await?;
    held.job.at = making.at;
    held.job.done = making.done;
    let Some(held) = note(tx, ctx, held).await? else { return Ok(None) };
    if !all {
        return Ok(Some(held));
    }
    let by = Principal {
        person: held.job.person,
        name: held.job.person_name.clone(),
        email_key: String::new(),
        address: None,
        session: None,
        key: None,
    };
    let told = match (&held.job.shared_with, held.job.source) {
        (Some(sharing_id), Some(original)) => {
            copy::show_shared(tx, ctx, &by, &making, (original, destination), &held.job.name, sharing_id).await?
        }
        _ => copy::show(tx, ctx, &by, &making, destination, &held.job.name).await?,
    };
    end(tx, ctx, &held, JobState::Done, &told).await
}

async fn step_delete(tx: &mut Tx, ctx: &Ctx, mut held: Held) -> Result<Option<Held>> {
    let permit = go_on(held.job.person, held.job.organization, top(&held.job)?);
    let deleted = hidden::delete_some(tx, &permit, DELETED).await?;
    held.job.done += deleted;
    let Some(held) = note(tx, ctx, held).await? else { return Ok(None) };
    if deleted > 0 {
        return Ok(Some(held));
    }
    end(tx, ctx, &held, JobState::Done, "").await
}

/// Ends a copy that cannot be shown: what was made of it goes, behind the scenes as well.
async fn fail(ctx: &Ctx, held: Held, refusal: &Refusal) -> Result<()> {
    let (ctx_in, message) = (ctx.clone(), format!("Nothing was copied. {refusal}"));
    ctx.db()
        .write(move |tx| {
            let (ctx, held, message) = (ctx_in.clone(), held.clone(), message.clone());
            Box::pin(async move {
                job::insert(tx, &tidying(&ctx, &held.job), ctx.now()).await?;
                end(tx, &ctx, &held, JobState::Failed, &message).await?;
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
async fn transfer_all(ctx: &Ctx, mut held: Held) -> Result<()> {
    let running = ctx.works().begin(held.job.id);
    let (asked, by) = {
        let mut tx = ctx.db().read().await?;
        let asked = job::find_asked(&mut tx, held.job.id).await?;
        let person = person::find(&mut tx, held.job.person).await?;
        let email_key = person.map(|person| key(&person.email)).unwrap_or_default();
        let address = asked.as_ref().and_then(|asked| asked.address.clone());
        let key_of = super::key::of_identity(&mut tx, held.job.person, address.clone()).await?;
        let by = Principal {
            person: held.job.person,
            name: held.job.person_name.clone(),
            email_key,
            address,
            session: None,
            key: key_of.map(Box::new),
        };
        (asked.ok_or_else(|| Error::Internal(format!("job {} does not say what to move", held.job.id)))?, by)
    };
    let items = transfer::read_items(&asked.items)?;
    let destination = held.job.destination.ok_or(Refusal::NotFound)?;
    let until = ctx.now().plus_millis(LONG_LEASE);
    let (held_in, at_it) = (held.clone(), ctx.db());
    let extended: Result<bool> = at_it
        .write(move |tx| {
            let held = held_in.clone();
            Box::pin(async move { Ok(job::update_progress(tx, &held.job, held.until, until).await?) })
        })
        .await;
    if !extended? {
        return Ok(());
    }
    held.until = until;
    let (ctx_in, by_in, held_in, work) = (ctx.clone(), by, held.clone(), running.work());
    let done: Result<()> = ctx
        .db()
        .write(move |tx| {
            let (ctx, by, mut held, work) = (ctx_in.clone(), by_in.clone(), held_in.clone(), work.clone());
            let (items, digest) = (items.clone(), asked.digest.clone());
            Box::pin(async move {
                work.begin_anew();
                if !job::is_held(tx, held.job.id, held.until).await? {
                    return Err(lost());
                }
                let moved =
                    transfer::transfer_in(tx, &ctx, &by, &items, destination, digest.as_deref(), Some(&work)).await?;
                let undo = match &moved.inverse {
                    Some(inverse) => undo::offer_in(tx, &ctx, &by, inverse).await?,
                    None => None,
                };
                let receipt = moved.receipt;
                held.job.done = receipt.plan.rows();
                let told = transfer::told(&receipt);
                if job::update_transferred(tx, &held.job, held.until, receipt.id, undo, &told, ctx.now()).await? {
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
        Err(_) if running.work().is_cancelled() => return Ok(()),
        Err(_) if running.work().is_interrupted() => return release(ctx, &held).await,
        Err(Error::Refused(refusal)) => refusal,
        Err(error) if error.is_taken() => Refusal::Conflict,
        Err(error) => return Err(error),
    };
    let ctx_in = ctx.clone();
    ctx.db()
        .write(move |tx| {
            let (ctx, held, message) = (ctx_in.clone(), held.clone(), in_the_way(&why));
            Box::pin(async move { end(tx, &ctx, &held, JobState::Failed, &message).await.map(|_| ()) })
        })
        .await
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
