//! Jobs (JOB-2): starting an app's run on a dataset, cancelling it, running it again. What ends one is in `settle`, what is listed
//! in [`list`]. What engines do is in [`super::engine`].

pub mod list;
pub mod page;
pub(super) mod settle;

use std::collections::BTreeMap;

use ring::digest::{Context, SHA256};

use crate::{
    domain::{
        access::Act,
        app::{PriceRule, choose_options},
        audit::Action,
        cap::may_use_apps,
        id::{JobId, ResourceId},
        job::{
            JobEvent, JobState, go_on, has_inputs, is_exclusive, may_begin, may_cancel, may_process, may_spend,
            price_of, settled, step, within,
        },
        licence::{Amount, Licence, governing, spend},
        permit,
        refusal::Refusal,
        role::Role,
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{
            Tx, app, dataset_file,
            job::{self, DatasetEffect, Job, JobDataset},
            licence, membership, organization,
        },
    },
    view::{
        app::{AppVersionView, AppView},
        job::{JobPlanView, JobView},
    },
};

use super::{
    access::{self, AccessPath},
    app as apps,
    audit::{self, AuditEvent},
    waiting,
};

/// How many inputs one statement reads.
const INPUTS_PAGE_SIZE: i64 = 5_000;

/// A job to start.
#[derive(Debug, Clone, Default)]
pub struct StartForm {
    /// The app's slug.
    pub app: String,
    /// The newest one where nobody says.
    pub version: Option<i64>,
    pub options: BTreeMap<String, String>,
    /// What it may cost at most.
    pub max_price: Option<Amount>,
}

/// What is known of a job before it begins.
struct Planned {
    app: AppView,
    version: AppVersionView,
    dataset: JobDataset,
    licences: Vec<Licence>,
    /// The caller's role where it is paid.
    role: Option<Role>,
    price: Amount,
}

impl Planned {
    fn has_inputs(&self) -> std::result::Result<(), Refusal> {
        has_inputs(self.app.price, self.app.publisher.is_none(), self.dataset.files, self.dataset.images)
    }

    /// The licence that would pay.
    fn payer(&self, ctx: &Ctx) -> Option<&Licence> {
        let now = ctx.now();
        governing(&self.licences, now).filter(|licence| licence.is_active(now))
    }
}

/// Loads what decides about a job, and asks whether the caller may start it.
async fn plan_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, id: ResourceId, form: &StartForm) -> Result<Planned> {
    let (_, access_path) = access::permit(tx, by, Act::Process, id).await?;
    let dataset = job::find_dataset(tx, id).await?.ok_or(Refusal::NotFound)?;
    let slug = form.app.trim();
    if slug.is_empty() {
        return Err(Refusal::field("app", crate::domain::text::FieldIssue::Missing).into());
    }
    let found = app::find(tx, &crate::domain::text::key(slug)).await?;
    let found = found.ok_or_else(|| Refusal::field("app", crate::domain::text::FieldIssue::NotAChoice))?;
    match apps::check_use(tx, by, &found).await {
        // A draft of others is as if it were not there.
        Err(Error::Refused(Refusal::NotFound)) => {
            return Err(Refusal::field("app", crate::domain::text::FieldIssue::NotAChoice).into());
        }
        usable => usable?,
    }
    may_read(by, &access_path, &found, &dataset)?;
    let number = form.version.unwrap_or(found.last_version);
    let version = app::find_version(tx, found.id, number).await?;
    let version = version.ok_or_else(|| Refusal::field("version", crate::domain::text::FieldIssue::NotAChoice))?;
    let caps = match &by.key {
        Some(_) => None,
        None => membership::find_caps(tx, dataset.organization, by.person).await?,
    };
    let named = by.key.is_none() && app::is_user(tx, found.id, by.person.0).await?;
    let owner = organization::find(tx, dataset.organization).await?.ok_or(Refusal::NotFound)?;
    may_use_apps(&owner.name, caps.map(|(_, caps)| caps.apps), named)?;
    may_spend(found.price, caps.map(|(_, caps)| caps.billable), by.key.is_some())?;
    let role = if by.key.is_some() { Some(Role::Manager) } else { caps.map(|(role, _)| role) };
    let now = ctx.now();
    let licences = licence::list_of_account(tx, dataset.account, now).await?;
    may_process(found.price, &licences, now)?;
    let model = governing(&licences, now).filter(|licence| licence.is_active(now)).and_then(|licence| licence.model);
    let price = price_of(found.price, model, dataset.priced());
    Ok(Planned { app: found, version, dataset, licences, role, price })
}

/// Engines of other organizations are refused what may not be downloaded (POL-1); an organization's own are not.
fn may_read(by: &Principal, access_path: &AccessPath, app: &AppView, dataset: &JobDataset) -> Result<()> {
    let is_own = app.publisher.as_ref().is_none_or(|(publisher, _)| *publisher == dataset.organization);
    if !is_own {
        crate::domain::access::may_act(
            Act::Download,
            access_path.level().ok_or(Refusal::NotFound)?,
            access_path.facts.restrictions,
        )?;
        // A machine that may write need not read.
        if by.key.is_none() {
            permit::permit(by.who(), Act::Download, &access_path.facts)?;
        }
    }
    Ok(())
}

/// What a job would cost and what is in the way, without beginning anything.
///
/// # Errors
/// `NotFound`, `Forbidden`; `AppNotAuthorized`; `Licence`; `Invalid` at `app`, `version` and `options`.
pub async fn plan(ctx: &Ctx, by: &Principal, dataset: &str, form: &StartForm) -> Result<JobPlanView> {
    let id: ResourceId = super::subject(dataset)?;
    plan_view(&mut ctx.db().read().await?, ctx, by, id, form).await
}

/// [`plan`], in a transaction.
async fn plan_view(tx: &mut Tx, ctx: &Ctx, by: &Principal, id: ResourceId, form: &StartForm) -> Result<JobPlanView> {
    let planned = plan_in(tx, ctx, by, id, form).await?;
    choose_options(&planned.version.options, &form.options)?;
    let lacks_inputs = planned.has_inputs().err().map(|refusal| refusal.to_string());
    // What works on nothing has no price, and must not look as if it could be had for nothing.
    let priced = planned.app.price == PriceRule::Free || lacks_inputs.is_none();
    let mut blocked: Vec<String> = lacks_inputs.into_iter().collect();
    let (on_dataset, exclusive, of_organization) = job::count_live(tx, id, planned.dataset.organization).await?;
    let is_exclusive = is_exclusive(planned.app.price, planned.app.makes_processed);
    let begins = may_begin(count(on_dataset), count(of_organization), is_exclusive, exclusive > 0);
    blocked.extend(begins.err().map(|refusal| refusal.to_string()));
    let payer = planned.payer(ctx);
    let sees = crate::domain::job::sees_price(planned.role);
    let balance = payer.map(|licence| licence.left);
    let product = payer.map(|licence| licence.product).filter(|_| sees);
    let costs = sees && planned.app.price == PriceRule::Processing;
    let waits = spend(balance.unwrap_or_default(), planned.price).err().filter(|_| costs && priced);
    Ok(JobPlanView {
        model: payer.and_then(|licence| licence.model),
        app_slug: planned.app.slug,
        app_title: planned.app.title,
        version: planned.version.number,
        version_label: planned.version.label,
        options: planned.version.options,
        price_rule: planned.app.price,
        price: Some(planned.price).filter(|_| sees && priced),
        balance: balance.filter(|_| sees),
        product,
        blocked,
        waits: waits.map(|refusal| refusal.to_string()),
    })
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Starts an app on a dataset (JOB-2). What can be paid is charged and queued, and holds the images from now on; what cannot waits
/// for credits, and starts by itself.
///
/// # Errors
/// As [`plan`]; `PriceChanged` where it costs more than the caller agreed to; `JobConflict` where another job is in the way;
/// `BadRequest` for a dataset without images.
pub async fn start(ctx: &Ctx, by: &Principal, dataset: &str, form: &StartForm) -> Result<JobView> {
    let id: ResourceId = super::subject(dataset)?;
    let started = ctx.db().write(|tx, _| Box::pin(async { start_in(tx, ctx, by, id, form).await })).await;
    match started {
        // Somebody started one at the same moment.
        Err(error) if Error::is_taken(&error) => {
            Err(may_begin(1, 1, true, true).err().unwrap_or(Refusal::Conflict).into())
        }
        started => started,
    }
}

async fn start_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, dataset_id: ResourceId, form: &StartForm) -> Result<JobView> {
    let planned = plan_in(tx, ctx, by, dataset_id, form).await?;
    let options = choose_options(&planned.version.options, &form.options)?;
    let (found, dataset) = (&planned.app, &planned.dataset);
    planned.has_inputs()?;
    let exclusive = is_exclusive(found.price, found.makes_processed);
    let (on_dataset, others, of_organization) = job::count_live(tx, dataset_id, dataset.organization).await?;
    may_begin(count(on_dataset), count(of_organization), exclusive, others > 0)?;
    within(planned.price, form.max_price)?;
    let id = JobId(ctx.id());
    let now = ctx.now();
    let options = serde_json::to_string(&options).map_err(|error| Error::Internal(error.to_string()))?;
    let payer = planned.payer(ctx);
    let pays = payer.and_then(|licence| Some((licence.id, licence.model?)));
    let can_pay = match found.price {
        PriceRule::Free => true,
        PriceRule::Processing => payer.is_some_and(|licence| spend(licence.left, planned.price).is_ok()),
    };
    let new = job::NewJob {
        id,
        organization: dataset.organization,
        account: dataset.account,
        dataset: dataset_id,
        dataset_name: &dataset.name,
        app: found.id,
        app_version: planned.version.number,
        options: &options,
        price_rule: found.price,
        makes_processed: found.makes_processed,
        exclusive,
        timeout_millis: planned.version.timeout_minutes * 60_000,
        images: dataset.images,
        status_before: settled(dataset.status),
        // What waits is not paid by more than it cost when it was started: others may add images meanwhile.
        max_price: form.max_price.or((!can_pay).then_some(planned.price)),
        person: by.person,
        person_name: &by.name,
        at: now,
    };
    job::insert(tx, &new).await?;
    let made = job::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    if can_pay {
        let digest = digest_inputs(tx, dataset_id).await?;
        waiting::queue(tx, ctx, &made, dataset, pays, planned.price, Some(&digest)).await?;
    } else {
        let effect = DatasetEffect {
            status: waiting::status_while_waiting(&made, dataset.status),
            charged_to: dataset.charged_to,
            charged_images: dataset.charged_images,
            paid_images: dataset.paid_images,
            waits: true,
            holds: 0,
        };
        job::update_dataset(tx, &go_on(by.person, dataset.organization, dataset_id), &effect, now).await?;
    }
    let what = AuditEvent {
        organization: Some(dataset.organization),
        after: Some(serde_json::json!({
            "job": id, "app": found.slug, "version": planned.version.number, "resource": dataset_id,
            "charged": if can_pay { planned.price } else { Amount::default() },
        })),
        resources: vec![dataset_id],
        ..AuditEvent::new(Action::JobStarted, format!("started “{}” on “{}”", found.title, dataset.name))
    };
    audit::record(tx, ctx, by, what).await?;
    let made = job::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    list::view(made, planned.role)
}

/// A digest of the paths and checksums of all inputs of a dataset: it tells later which images a result is of.
pub(super) async fn digest_inputs(tx: &mut Tx, dataset: ResourceId) -> Result<String> {
    let (mut digest, mut after) = (Context::new(&SHA256), 0);
    loop {
        let inputs = dataset_file::list_inputs(tx, dataset, after, INPUTS_PAGE_SIZE).await?;
        for input in &inputs {
            digest.update(input.path.as_bytes());
            digest.update(b"\0");
            digest.update(input.sha256.as_bytes());
            digest.update(b"\n");
        }
        match inputs.last() {
            Some(last) => after = last.number,
            None => return Ok(crate::server::files::hex(digest.finish().as_ref())),
        }
    }
}

/// A job that the caller may change, with leave for its dataset. It may be in the trash; once it is in another organization, what
/// was done for this one is only looked at.
async fn changeable(tx: &mut Tx, by: &Principal, id: JobId) -> Result<Job> {
    let (found, seen) = list::find_seen(tx, by, id).await?;
    let access_path = seen.ok_or_else(|| {
        Refusal::JobConflict("The dataset of this job is not here any more, so nothing was changed.".to_owned())
    })?;
    permit::permit(by.who(), Act::Process, &access_path.facts)?;
    Ok(found)
}

/// Whether somebody who may process its dataset may cancel a job.
async fn cancellable(tx: &mut Tx, by: &Principal, found: &Job) -> Result<std::result::Result<(), Refusal>> {
    let billable = membership::find_caps(tx, found.organization, by.person).await?.map(|(_, caps)| caps.billable);
    Ok(may_cancel(found.state, found.price_rule, found.person == by.person, billable, by.key.is_some()))
}

/// Wants a job to end (JOB-2): before an engine is at it, it ends at once and is refunded; else its engine is told, and it ends when
/// the engine says so or its lease runs out.
///
/// # Errors
/// `NotFound`, `Forbidden`; `JobConflict` where it has ended.
pub async fn cancel(ctx: &Ctx, by: &Principal, id: &str) -> Result<JobView> {
    let id: JobId = super::subject(id)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = changeable(tx, by, id).await?;
                let next = step(found.state, JobEvent::CancelAsked)?;
                cancellable(tx, by, &found).await??;
                if found.state != JobState::Cancelling {
                    settle::apply(tx, ctx, &found, next, None, None).await?;
                    let what = AuditEvent {
                        organization: Some(found.organization),
                        before: Some(serde_json::json!({ "job": id, "state": found.state })),
                        after: Some(serde_json::json!({ "job": id, "state": next.to, "refunded": next.refunds })),
                        resources: vec![found.dataset],
                        ..AuditEvent::new(
                            Action::JobCancelled,
                            format!("cancelled “{}” on “{}”", found.app_title, found.dataset_name),
                        )
                    };
                    audit::record(tx, ctx, by, what).await?;
                }
                list::show_in(tx, by, id).await
            })
        })
        .await
}

/// Runs a job again: the same version of the app with the same options, on what the dataset holds now.
///
/// # Errors
/// As [`start`].
pub async fn again(ctx: &Ctx, by: &Principal, id: &str, max_price: Option<Amount>) -> Result<JobView> {
    let id: JobId = super::subject(id)?;
    let started = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let found = changeable(tx, by, id).await?;
                let options: BTreeMap<String, String> =
                    serde_json::from_str(&found.options).map_err(|error| Error::Internal(error.to_string()))?;
                let form = StartForm { app: found.app_slug, version: Some(found.app_version), options, max_price };
                start_in(tx, ctx, by, found.dataset, &form).await
            })
        })
        .await;
    match started {
        Err(error) if Error::is_taken(&error) => {
            Err(may_begin(1, 1, true, true).err().unwrap_or(Refusal::Conflict).into())
        }
        started => started,
    }
}
