//! Long work: how far it is, and going on with it under a lease.

use crate::domain::{
    id::JobId,
    job::{JobKind, JobState, SHOWN_AFTER_END, go_on},
    refusal::Refusal,
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
            trash as hidden,
        },
    },
    copy::{self, Making},
    organization,
};

/// How long a worker holds a job, in milliseconds; every step extends it.
const LEASE: i64 = 60_000;
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
    Ok(job::find_own(&mut tx, by.person, id).await?.ok_or(Refusal::NotFound)?)
}

/// The caller's jobs in an organization: what runs, and what ended lately.
///
/// # Errors
/// `NotFound` if the organization is not the caller's.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str) -> Result<Vec<JobView>> {
    let mut tx = ctx.db().read().await?;
    let organization = organization::belonging(&mut tx, by, org).await?;
    let since = ctx.now().plus_millis(-SHOWN_AFTER_END);
    Ok(job::list_own(&mut tx, by.person, organization.id, since, SHOWN).await?)
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
    let (ctx_in, held_in) = (ctx.clone(), held.clone());
    let stepped: Result<Option<Held>> = ctx
        .db()
        .write(move |tx| {
            let (ctx, held) = (ctx_in.clone(), held_in.clone());
            Box::pin(async move {
                match held.job.kind {
                    JobKind::Copy => step_copy(tx, &ctx, held).await,
                    JobKind::Delete => step_delete(tx, &ctx, held).await,
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

async fn step_copy(tx: &mut Tx, ctx: &Ctx, mut held: Held) -> Result<Option<Held>> {
    let job = &held.job;
    let destination = job.destination.ok_or(Refusal::NotFound)?;
    let mut making =
        Making { top: job.top, organization: job.organization, person: job.person, at: job.at, done: job.done };
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
    let permit = go_on(held.job.person, held.job.organization, held.job.top);
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
                let next = Job {
                    id: JobId(ctx.id()),
                    kind: JobKind::Delete,
                    source: None,
                    destination: None,
                    at: None,
                    total: held.job.done,
                    done: 0,
                    ..held.job.clone()
                };
                job::insert(tx, &next, ctx.now()).await?;
                end(tx, &ctx, &held, JobState::Failed, &message).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}
