//! What becomes of a job and of its dataset when something happens to it (JOB-2): one place, so that whatever ends a job refunds it
//! once, lets its images go, and leaves earlier results as they were unless it is done.

use crate::{
    domain::{
        app::OutputRole,
        audit::Action,
        id::{JobId, LeaseId, OrganizationId},
        job::{JobEvent, JobState, MAX_LIVE_JOBS_OF_ORGANIZATION, Step, after, dataset_status, go_on, is_told},
        licence::{Amount, EntryKind},
        permit::Permit,
        refusal::Refusal,
        upload::ABANDONED_KEPT_MILLIS,
    },
    paths,
    server::{
        context::Ctx,
        error::Result,
        mail::{self, EmailMessage},
        store::{
            Tx,
            job::{self, DatasetEffect, Job, StateChange},
            job_output, live, organization, paid_image, person, upload,
        },
    },
};

use super::super::{
    access::{self, AccessPath},
    audit::{self, AuditEvent},
    waiting,
};

/// Carries a step of a job out, under a lease where an engine asks for it.
///
/// # Errors
/// `LeaseLost` if the job is not in the state any more that the step leaves.
pub(in super::super) async fn apply(
    tx: &mut Tx,
    ctx: &Ctx,
    found: &Job,
    step: Step,
    message: Option<&str>,
    lease: Option<LeaseId>,
) -> Result<()> {
    let now = ctx.now();
    let refund = found.licence.filter(|_| step.refunds && !found.refunded);
    let change = StateChange {
        from: found.state,
        lease,
        to: step.to,
        attempts: found.attempts,
        refunded: found.refunded || refund.is_some(),
        failure: step.failure,
        message,
        at: now,
    };
    if !job::update_state(tx, found.id, &change).await? {
        return Err(Refusal::LeaseLost.into());
    }
    // Also of a job whose dataset is gone, or elsewhere.
    live::touch_jobs(tx, found.organization);
    let dataset = job::find_dataset(tx, found.dataset).await?;
    if let Some(dataset) = &dataset {
        let permit = go_on(found.person, dataset.organization, found.dataset);
        if step.to == JobState::Done {
            let app = (found.app, found.app_slug.as_str());
            job_output::publish(tx, &permit, found.id, app, found.person, now).await?;
        }
        let holds = i64::from(step.to.holds_inputs()) - i64::from(found.state.holds_inputs());
        let mut effect = DatasetEffect {
            status: if found.makes_processed { dataset_status(found.status_before, step.to) } else { dataset.status },
            charged_to: dataset.charged_to,
            charged_images: dataset.charged_images,
            paid_images: dataset.paid_images,
            waits: dataset.waiting && !found.exclusive,
            holds,
        };
        if refund.is_some() && found.price.credits == 0 {
            // The images are those that were paid for: nothing changed while the job was under way.
            effect.charged_images = (dataset.charged_images - found.price.images).max(0);
            effect.paid_images = (dataset.paid_images - found.price.images).max(0);
            effect.charged_to = dataset.charged_to.filter(|_| found.price.projects == 0);
            paid_image::delete_of_job(tx, &permit, found.id).await?;
        }
        job::update_dataset(tx, &permit, &effect, now).await?;
    }
    if step.to.has_ended() {
        // Of what failed, its log is kept with the job's other facts; nothing of it becomes a result.
        let kept = (step.to == JobState::Failed).then_some(OutputRole::Log);
        job_output::delete(tx, found.id, kept, now).await?;
        upload::delete_of_job(tx, found.id, now.plus_millis(ABANDONED_KEPT_MILLIS)).await?;
    } else if step.to == JobState::Queued {
        // The next engine begins anew.
        job_output::delete(tx, found.id, None, now).await?;
        upload::delete_of_job(tx, found.id, now.plus_millis(ABANDONED_KEPT_MILLIS)).await?;
        ctx.jobs_queued().notify_waiters();
    }
    if let Some(licence) = refund {
        let price: Amount = found.price;
        waiting::book(tx, ctx, licence, EntryKind::Refund, price, (found.dataset, Some(found.id))).await?;
        // It is enough for something that waits, perhaps.
        waiting::start_waiting_with(tx, ctx, licence).await?;
    }
    Ok(())
}

/// Notes in the audit log that a job ended by itself, or by its engine.
pub(in super::super) async fn note_ended(tx: &mut Tx, ctx: &Ctx, found: &Job, step: Step) -> Result<()> {
    if !step.to.has_ended() {
        return Ok(());
    }
    let what = AuditEvent {
        organization: Some(found.organization),
        before: Some(serde_json::json!({ "job": found.id, "state": found.state })),
        after: Some(
            serde_json::json!({ "job": found.id, "state": step.to, "failure": step.failure, "refunded": step.refunds }),
        ),
        resources: vec![found.dataset],
        ..AuditEvent::new(
            Action::JobEnded,
            format!("“{}” on “{}”: {}", found.app_title, found.dataset_name, step.to.label().to_lowercase()),
        )
    };
    audit::note_by_itself(tx, ctx, what).await?;
    tell(tx, ctx, found, step).await
}

/// Tells whoever started a job by email that it is done or has failed, if it took a while and they still see its dataset.
async fn tell(tx: &mut Tx, ctx: &Ctx, found: &Job, step: Step) -> Result<()> {
    if !is_told(step.to, found.created_at, ctx.now()) {
        return Ok(());
    }
    let Some(to) = person::find(tx, found.person).await?.filter(|person| person.email_verified) else { return Ok(()) };
    let access_paths = access::access_paths(tx, found.person, &[found.dataset]).await?;
    if access_paths.get(&found.dataset).and_then(AccessPath::level).is_none() {
        return Ok(());
    }
    let Some(owner) = organization::find(tx, found.organization).await? else { return Ok(()) };
    let ended = job::find(tx, found.id).await?.ok_or(Refusal::NotFound)?;
    let message = EmailMessage::JobEnded {
        organization: &owner.name,
        path: &paths::job(&owner.org_id, &found.id.to_string()),
        app: &found.app_title,
        dataset: &found.dataset_name,
        failure: step.failure,
        message: ended.message.as_deref().unwrap_or_default(),
        refunded: ended.refunded,
    };
    mail::post(tx, ctx, &to.email, &message).await.map(|_| ())
}

/// Ends jobs whose datasets are about to be deleted for good.
async fn end_gone(tx: &mut Tx, ctx: &Ctx, jobs: Vec<JobId>) -> Result<()> {
    for id in jobs {
        let Some(found) = job::find(tx, id).await? else { continue };
        let Some(step) = after(found.state, JobEvent::DatasetGone) else { continue };
        apply(tx, ctx, &found, step, Some("The dataset was deleted."), None).await?;
        note_ended(tx, ctx, &found, step).await?;
    }
    Ok(())
}

/// Ends the jobs on what is about to be deleted for good from the trash.
pub(in super::super) async fn end_of_doomed(tx: &mut Tx, ctx: &Ctx, tops: &[Permit]) -> Result<()> {
    let jobs = job::list_live_of_doomed(tx, tops).await?;
    end_gone(tx, ctx, jobs).await
}

/// Ends the jobs of an organization whose Drives are about to be deleted: a personal space that goes with its person.
pub(in super::super) async fn end_of_organization(tx: &mut Tx, ctx: &Ctx, organization: OrganizationId) -> Result<()> {
    let most = i64::try_from(MAX_LIVE_JOBS_OF_ORGANIZATION).unwrap_or(i64::MAX);
    let jobs = job::list_live_of_organization(tx, organization, most).await?;
    end_gone(tx, ctx, jobs).await
}
