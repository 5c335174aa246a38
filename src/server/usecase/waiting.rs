//! What waits for credits, and what starts when there are enough (LIC-2): jobs, and datasets that the operator wants processed.

use crate::{
    domain::{
        audit::Action,
        id::{AccountId, EntryId, JobId, LicenceId, ResourceId},
        job::{
            COSTS_MORE_THAN_AGREED, JobEvent, JobState, affordable, after, dataset_status, go_on, has_inputs, price_of,
            within,
        },
        licence::{Amount, DEFAULT_MEGAPIXELS, EntryKind, Model, governing, price, spend},
        permit::operate,
        resource::DatasetStatus,
        time::Timestamp,
    },
    server::{
        context::Ctx,
        error::{Error, Result},
        store::{
            Tx,
            job::{self, Charged, DatasetEffect, Job, JobDataset},
            licence, loan, organization,
            paid_image::{self, PaidBy},
            resource, waiting,
        },
    },
};

use super::audit::{self, AuditEvent};

/// How many datasets that wait are looked at in one transaction.
const START_BATCH_SIZE: i64 = 50;

/// A place in the queue of an account: since when something waits, and what it is.
type Place = (Timestamp, ResourceId);

/// Starts what waits for credits in an account and can be paid now, what has waited longest first (LIC-2); what is too
/// dear goes on waiting, and does not keep others from starting. At most [`START_BATCH_SIZE`] are looked at in one transaction; if there
/// may be more, the worker is told, and goes on.
pub(super) async fn start_waiting(tx: &mut Tx, ctx: &Ctx, account: AccountId) -> Result<()> {
    if start_some(tx, ctx, account, None).await?.is_some() {
        // The worker may wake before this is committed and find nothing. It looks again every few seconds by itself.
        ctx.credits_came().notify_one();
    }
    Ok(())
}

/// [`start_waiting`] for what waits behind a place; the place to go on from, where there may be more.
async fn start_some(tx: &mut Tx, ctx: &Ctx, account: AccountId, behind: Option<Place>) -> Result<Option<Place>> {
    let now = ctx.now();
    let licences = licence::list_of_account(tx, account, now).await?;
    let Some(governing) = governing(&licences, now).filter(|licence| licence.is_active(now)) else { return Ok(None) };
    let (Some(model), id) = (governing.model, governing.id) else { return Ok(None) };
    let mut left = governing.left;
    let datasets = waiting::list(tx, account, affordable(model, left), behind, START_BATCH_SIZE).await?;
    let (Some(first), Some(last)) = (datasets.first(), datasets.last()) else { return Ok(None) };
    // Nothing goes on in an organization that was deleted.
    if organization::find(tx, first.organization).await?.is_none() {
        return Ok(None);
    }
    let is_full = i64::try_from(datasets.len()).is_ok_and(|count| count == START_BATCH_SIZE);
    let next = is_full.then(|| last.place());
    for dataset in datasets {
        if let Some(job) = dataset.job {
            left = start_job(tx, ctx, job, (id, model), left).await?;
            continue;
        }
        let cost = price(model, dataset.images, DEFAULT_MEGAPIXELS);
        let Ok(after) = spend(left, cost) else { continue };
        if !book(tx, ctx, id, EntryKind::Spend, cost.negated(), (dataset.id, None)).await? {
            return Err(Error::Internal("a licence has less left than it said in the same transaction".to_owned()));
        }
        left = after;
        let permit = operate(dataset.created_by, dataset.organization, dataset.id);
        resource::update_status(tx, &permit, DatasetStatus::Queued, Some(id), now).await?;
        let summary = format!("started “{}”, which was waiting for credits", dataset.name);
        let what = AuditEvent {
            organization: Some(dataset.organization),
            before: Some(serde_json::json!({ "resource": dataset.id, "status": DatasetStatus::WaitingForCredits })),
            after: Some(
                serde_json::json!({ "resource": dataset.id, "status": DatasetStatus::Queued, "charged": cost }),
            ),
            resources: vec![dataset.id],
            ..AuditEvent::new(Action::DatasetStatusSet, summary)
        };
        audit::note_by_itself(tx, ctx, what).await?;
    }
    Ok(next)
}

/// Queues a job that waits, if it can be paid from what is left of a licence; what is left then.
async fn start_job(tx: &mut Tx, ctx: &Ctx, id: JobId, payer: (LicenceId, Model), left: Amount) -> Result<Amount> {
    let Some(found) = job::find(tx, id).await? else { return Ok(left) };
    let Some(dataset) = job::find_dataset(tx, found.dataset).await? else { return Ok(left) };
    let price = price_of(found.price_rule, Some(payer.1), dataset.priced());
    // What would cost more than somebody agreed to goes on waiting, and so does what has no image any more.
    let starts = has_inputs(found.price_rule, false, dataset.files, dataset.images)
        .and_then(|()| within(price, found.max_price))
        .and_then(|()| spend(left, price));
    let Ok(after) = starts else { return Ok(left) };
    queue(tx, ctx, &found, &dataset, Some(payer), price, None).await?;
    let what = AuditEvent {
        organization: Some(found.organization),
        after: Some(serde_json::json!({ "job": id, "resource": found.dataset, "charged": price })),
        resources: vec![found.dataset],
        ..AuditEvent::new(
            Action::JobQueued,
            format!("started “{}” on “{}”, which was waiting for credits", found.app_title, dataset.name),
        )
    };
    audit::note_by_itself(tx, ctx, what).await?;
    Ok(after)
}

/// Why a job still waits: what it needs and what is left, or that it costs more than was agreed to.
pub(super) async fn why_it_waits(tx: &mut Tx, ctx: &Ctx, found: &Job) -> Result<Option<String>> {
    let Some(dataset) = job::find_dataset(tx, found.dataset).await? else { return Ok(None) };
    let now = ctx.now();
    let licences = licence::list_of_account(tx, dataset.account, now).await?;
    let payer = governing(&licences, now).filter(|licence| licence.is_active(now));
    let price = price_of(found.price_rule, payer.and_then(|licence| licence.model), dataset.priced());
    let left = payer.map_or(Amount::default(), |licence| licence.left);
    Ok(match spend(left, price) {
        Err(refusal) => Some(refusal.to_string()),
        Ok(_) if within(price, found.max_price).is_err() => Some(COSTS_MORE_THAN_AGREED.to_owned()),
        Ok(_) => {
            has_inputs(found.price_rule, false, dataset.files, dataset.images).err().map(|refusal| refusal.to_string())
        }
    })
}

/// Charges a job that waits and queues it (JOB-2): from now on it holds the images of its dataset.
///
/// # Errors
/// `Internal` where the licence has less left than it said in the same transaction.
pub(super) async fn queue(
    tx: &mut Tx,
    ctx: &Ctx,
    found: &Job,
    dataset: &JobDataset,
    payer: Option<(LicenceId, Model)>,
    price: Amount,
    inputs_digest: Option<&str>,
) -> Result<()> {
    let now = ctx.now();
    let to = after(found.state, JobEvent::Paid)
        .ok_or_else(|| Error::Internal("a job that does not wait is queued".to_owned()))?
        .to;
    let permit = go_on(found.person, dataset.organization, found.dataset);
    let mut effect = DatasetEffect {
        status: if found.makes_processed { dataset_status(found.status_before, to) } else { dataset.status },
        charged_to: dataset.charged_to,
        charged_images: dataset.charged_images,
        paid_images: dataset.paid_images,
        waits: dataset.waiting && !found.exclusive,
        holds: i64::from(to.holds_inputs()),
    };
    let paid = payer.filter(|_| !price.is_nothing());
    if let Some((licence, model)) = paid {
        if !book(tx, ctx, licence, EntryKind::Spend, price.negated(), (found.dataset, Some(found.id))).await? {
            return Err(Error::Internal("a licence has less left than it said in the same transaction".to_owned()));
        }
        if model == Model::ImagesProjects {
            let (paid, datasets) = (PaidBy::Job(found.id), [found.dataset]);
            if dataset.charged_to.is_some() {
                effect.charged_images += price.images;
                paid_image::insert(tx, &permit, &datasets, paid).await?;
            } else {
                (effect.charged_to, effect.charged_images) = (Some(licence), price.images);
                paid_image::begin(tx, &permit, &datasets, paid).await?;
            }
            effect.paid_images = dataset.images;
        }
    }
    let charged = Charged { licence: paid.map(|(licence, _)| licence), price, images: dataset.images };
    job::update_queued(tx, found.id, dataset.account, &charged, inputs_digest, now).await?;
    job::update_dataset(tx, &permit, &effect, now).await?;
    // An engine may wake before this is committed and find nothing. It looks again by itself.
    ctx.jobs_queued().notify_waiters();
    Ok(())
}

/// How far a dataset has come while a job of it waits.
pub(super) const fn status_while_waiting(found: &Job, status: DatasetStatus) -> DatasetStatus {
    if found.makes_processed { dataset_status(found.status_before, JobState::WaitingForCredits) } else { status }
}

/// Starts what waits where a licence is used, after it got more: in the account that borrows it, else in its own.
pub(super) async fn start_waiting_with(tx: &mut Tx, ctx: &Ctx, id: LicenceId) -> Result<()> {
    let Some(stored) = licence::find(tx, id).await? else { return Ok(()) };
    let loan = loan::find_running(tx, id, ctx.now()).await?;
    start_waiting(tx, ctx, loan.map_or(stored.account, |loan| loan.borrower.account)).await
}

/// Starts what waits in the next account behind one in which something waits, as far as it can be paid; that account, or
/// nothing where there is none behind.
///
/// # Errors
/// The database; what was started before stays so.
pub async fn start_waiting_behind(ctx: &Ctx, behind: Option<AccountId>) -> Result<Option<AccountId>> {
    let mut tx = ctx.db().read().await?;
    let Some(account) = waiting::find_account(&mut tx, behind).await? else { return Ok(None) };
    // Most of what waits goes on waiting: looked at first, so that nobody else is kept from writing for it.
    let now = ctx.now();
    let licences = licence::list_of_account(&mut tx, account, now).await?;
    let payer = governing(&licences, now).filter(|licence| licence.is_active(now));
    let most = payer.and_then(|licence| Some(affordable(licence.model?, licence.left)));
    let starts = match most {
        Some(most) => !waiting::list(&mut tx, account, most, None, 1).await?.is_empty(),
        None => false,
    };
    drop(tx);
    if !starts {
        return Ok(Some(account));
    }
    let mut place = None;
    // Each time behind what was looked at: what goes on waiting is looked at once.
    loop {
        let started: Result<Option<Place>> =
            ctx.db().write(|tx, _| Box::pin(async { start_some(tx, ctx, account, place).await })).await;
        place = started?;
        if place.is_none() {
            return Ok(Some(account));
        }
    }
}

/// Writes an entry about a dataset into the books of a licence; `false`, with nothing written, if there is too little left.
pub(super) async fn book(
    tx: &mut Tx,
    ctx: &Ctx,
    licence: LicenceId,
    kind: EntryKind,
    change: Amount,
    (resource, job): (ResourceId, Option<JobId>),
) -> Result<bool> {
    let entry = licence::NewEntry {
        id: EntryId(ctx.id()),
        licence,
        kind,
        change,
        transfer: None,
        resource: Some(resource),
        job,
        at: ctx.now(),
    };
    Ok(licence::append(tx, &entry).await?)
}
