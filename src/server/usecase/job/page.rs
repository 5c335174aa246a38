//! What the pages of jobs show (JOB-2, JOB-3): the dialog **Process**, Monitor, and a job with its log.

use std::collections::BTreeMap;

use crate::{
    domain::{
        access::Act,
        app::PriceRule,
        id::{JobId, ResourceId},
        job::{
            JobState, LEASE_MILLIS, cancelling_forfeits, has_inputs, may_spend, preselected, price_of, queued_for,
            sees_price,
        },
        job_log::{LogLevel, MAX_LINES},
        licence::governing,
        permit::permit,
        refusal::Refusal,
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result, at_field},
        store::{
            Tx, app, dataset_file,
            job::{self, Job},
            job_log::{self, LogLine},
            licence, membership,
        },
        usecase::{
            access::{self, AccessPath},
            organization,
            waiting::why_it_waits,
        },
    },
    view::{
        Control,
        job::{
            JobOutputView, JobPageView, JobPlanView, LogLineView, LogPageView, MonitorView, ProcessView, RunnableApp,
        },
        query::{JobQuery, LogQuery, MonitorQuery},
    },
};

use super::{
    StartForm, cancellable,
    list::{JobsQuery, find_seen, list_in, sees_all, view},
    plan_view,
};

/// How many apps a page offers.
const APPS: i64 = 200;

/// How many people the filter of Monitor offers.
const PEOPLE: i64 = 200;

/// How many jobs are on a page of Monitor.
const JOBS: i64 = 50;

/// How many results of a job its page lists; all of them are on the page of its dataset.
const OUTPUTS: i64 = 100;

/// How many lines of a log are on a page, and are read at once where all of them fit.
const LINES: usize = 500;
const LINES_READ: i64 = 500;

/// How many lines are read at once to look for some.
const READ_AT_ONCE: i64 = 2_000;

/// A plan, or the reason why there is none. What cannot be read at all is still an error.
async fn planned(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    form: &StartForm,
) -> Result<std::result::Result<JobPlanView, Refusal>> {
    match plan_view(tx, ctx, by, dataset, form).await {
        Ok(plan) => Ok(Ok(plan)),
        Err(Error::Refused(refusal)) => Ok(Err(refusal)),
        Err(other) => Err(other),
    }
}

/// What the dialog **Process** shows: the apps that the caller may run, what each would cost, and all about the one that is chosen.
///
/// # Errors
/// `NotFound`, `Forbidden` for who may not process the dataset.
pub async fn process(ctx: &Ctx, by: &Principal, dataset: &str, chosen: &str) -> Result<ProcessView> {
    let id: ResourceId = crate::server::usecase::subject(dataset)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::Process, id).await?;
    let found = job::find_dataset(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
    let apps = app::list_usable(&mut tx, by.person, None, "", APPS).await?;
    let caps = membership::find_caps(&mut tx, found.organization, by.person).await?;
    let role = caps.map(|(role, _)| role);
    let may_start = |rule| may_spend(rule, caps.map(|(_, caps)| caps.billable), by.key.is_some()).is_ok();
    let now = ctx.now();
    let licences = licence::list_of_account(&mut tx, found.account, now).await?;
    let payer = governing(&licences, now).filter(|licence| licence.is_active(now));
    let model = payer.and_then(|licence| licence.model).filter(|_| sees_price(role));
    let chosen = match chosen.trim() {
        "" => {
            let last = job::list_of_dataset(&mut tx, found.organization, id, None, 1).await?;
            let last = last.first().map(|job| job.app_slug.as_str());
            let listed: Vec<(&str, bool, bool)> =
                apps.iter().map(|app| (app.slug.as_str(), app.makes_processed, may_start(app.price))).collect();
            let at = preselected(&listed, last, found.status);
            at.and_then(|at| apps.get(at)).map_or_else(String::new, |app| app.slug.clone())
        }
        slug => slug.to_owned(),
    };
    let plan = if chosen.is_empty() {
        None
    } else {
        let form = StartForm { app: chosen.clone(), ..StartForm::default() };
        Some(planned(&mut tx, ctx, by, id, &form).await?)
    };
    let apps = apps
        .into_iter()
        .map(|app| RunnableApp {
            price: Some(price_of(app.price, model, found.priced())).filter(|price| {
                let works = has_inputs(app.price, app.publisher.is_none(), found.files, found.images).is_ok();
                // Who may not start it is not told that there is nothing to pay.
                let pays = model.is_some() && works && (may_start(app.price) || !price.is_nothing());
                app.price == PriceRule::Free || pays
            }),
            slug: app.slug,
            title: app.title,
            summary: app.summary,
            publisher: app.publisher.map(|(_, name)| name),
            price_rule: app.price,
        })
        .collect();
    Ok(ProcessView { dataset_name: found.name, apps, model, chosen, plan })
}

/// The page Monitor: the jobs of an organization, newest first, as far as the caller sees them (JOB-3).
///
/// # Errors
/// As [`super::list::list`].
pub async fn monitor(ctx: &Ctx, by: &Principal, query: &MonitorQuery) -> Result<MonitorView> {
    let MonitorQuery { org, state, app: slug, person, dataset, from, to, cursor } = query.clone();
    let mut tx = ctx.db().read().await?;
    let organization = organization::belonging(&mut tx, by, &org).await?;
    let sees_all = sees_all(&mut tx, by, organization.id, organization.role).await?;
    let filter = JobsQuery { state, app: slug, person, dataset, from, to, cursor, limit: None };
    let jobs = list_in(&mut tx, by, &org, &filter, JOBS).await?;
    let mut apps: Vec<(String, String)> = app::list_usable(&mut tx, by.person, None, "", APPS)
        .await?
        .into_iter()
        .map(|app| (app.slug, app.title))
        .collect();
    for job in &jobs.items {
        if !apps.iter().any(|(slug, _)| *slug == job.app_slug) {
            apps.push((job.app_slug.clone(), job.app_title.clone()));
        }
    }
    if !filter.app.is_empty() && !apps.iter().any(|(slug, _)| *slug == filter.app) {
        apps.push((filter.app.clone(), filter.app.clone()));
    }
    let people = if sees_all { membership::list_names(&mut tx, organization.id, PEOPLE).await? } else { Vec::new() };
    let dataset_name = match filter.dataset.parse::<ResourceId>() {
        Err(_) => None,
        Ok(id) => {
            let seen = access::access_paths_in_trash(&mut tx, by.person, &[id]).await?;
            if seen.get(&id).is_some_and(|path| path.level().is_some()) {
                job::find_dataset(&mut tx, id).await?.map(|found| found.name)
            } else {
                jobs.items.first().map(|job| job.dataset_name.clone())
            }
        }
    };
    Ok(MonitorView { organization, jobs, sees_all, apps, people, dataset_name })
}

/// Whether a job can be cancelled and run again by somebody who sees it.
fn controls(
    by: &Principal,
    found: &Job,
    path: Option<&AccessPath>,
    cancellable: std::result::Result<(), Refusal>,
) -> (Control, Control) {
    let Some(path) = path else {
        let reason = "The dataset of this job is not here any more.".to_owned();
        return (Control::Absent, if found.state.has_ended() { Control::Disabled(reason) } else { Control::Absent });
    };
    if permit(by.who(), Act::Process, &path.facts).is_err() {
        return (Control::Absent, Control::Absent);
    }
    let cancel = match cancellable {
        _ if !found.state.may_be_cancelled() => Control::Absent,
        Ok(()) => Control::Enabled,
        Err(refusal) => Control::Disabled(refusal.to_string()),
    };
    let again = if found.state.has_ended() { Control::Enabled } else { Control::Absent };
    (cancel, again)
}

/// The page of a job.
///
/// # Errors
/// `NotFound` for who may not see it, and for a job of another organization; `Invalid` at `level`.
pub async fn page(ctx: &Ctx, by: &Principal, query: &JobQuery) -> Result<JobPageView> {
    let id: JobId = crate::server::usecase::subject(&query.id)?;
    let mut tx = ctx.db().read().await?;
    let (found, path) = find_seen(&mut tx, by, id).await?;
    let organization = organization::belonging(&mut tx, by, &query.org).await?;
    if organization.id != found.organization {
        return Err(Refusal::NotFound.into());
    }
    let cancellable = cancellable(&mut tx, by, &found).await?;
    let (cancel, again) = controls(by, &found, path.as_ref(), cancellable);
    // What is in the trash has no page.
    let reach = access::access_paths(&mut tx, by.person, &[found.dataset]).await?;
    let outputs = if found.state == JobState::Done && path.is_some() {
        dataset_file::list_of_job(&mut tx, found.dataset, found.app, id, OUTPUTS).await?
    } else {
        Vec::new()
    };
    let plan = if query.again && again == Control::Enabled {
        let options: BTreeMap<String, String> =
            serde_json::from_str(&found.options).map_err(|error| Error::Internal(error.to_string()))?;
        let (app, version) = (found.app_slug.clone(), Some(found.app_version));
        let form = StartForm { app, version, options, max_price: None };
        Some(planned(&mut tx, ctx, by, found.dataset, &form).await?)
    } else {
        None
    };
    let log = log_page(&mut tx, id, found.log_lines, &query.log).await?;
    let outputs = outputs
        .into_iter()
        .map(|file| JobOutputView { number: file.number, path: file.path, bytes: file.bytes, role: file.role })
        .collect();
    let sees = sees_price(organization.role);
    let waits_for = match found.state {
        JobState::WaitingForCredits if sees => why_it_waits(&mut tx, ctx, &found).await?,
        JobState::Queued => {
            let publisher = app::find_by_id(&mut tx, found.app).await?.and_then(|app| app.publisher);
            let publisher = publisher.as_ref().map(|(_, name)| name.as_str());
            Some(queued_for(publisher, sees && !found.price.is_nothing()))
        }
        _ => None,
    };
    Ok(JobPageView {
        waits_for,
        sees_dataset: reach.values().any(|path| path.level().is_some()) && path.is_some(),
        outputs,
        log,
        cancel,
        again,
        forfeits: cancelling_forfeits(found.state, found.price_rule),
        heard_at: found.lease_until.map(|until| until.plus_millis(-LEASE_MILLIS)),
        plan,
        job: view(found, organization.role)?,
        organization,
    })
}

/// Lines of a log that fit a search. All of it is read at most, a part at a time, and only as much as it takes to fill the page.
async fn log_page(tx: &mut Tx, id: JobId, total: i64, query: &LogQuery) -> Result<LogPageView> {
    let lowest = match query.level.trim() {
        "" => LogLevel::Debug,
        word => LogLevel::parse(word).map_err(at_field("level"))?,
    };
    let find = query.find.trim().to_lowercase();
    let fits = |line: &LogLine| line.level >= lowest && (find.is_empty() || line.text.to_lowercase().contains(&find));
    let first_read = if find.is_empty() && lowest == LogLevel::Debug { LINES_READ } else { READ_AT_ONCE };
    let mut lines: Vec<LogLine> = Vec::new();
    // What is no number is as if nothing were said.
    let from = query.from.trim().parse::<i64>().ok().map(|from| from.max(1));
    let (earlier, later) = if let Some(from) = from {
        let mut next = from;
        while lines.len() < LINES {
            let read = job_log::list(tx, id, next, first_read).await?;
            let Some(last) = read.last().map(|line| line.number) else { break };
            next = last + 1;
            lines.extend(read.into_iter().filter(&fits));
        }
        lines.truncate(LINES);
        let end = if lines.len() == LINES { lines.last().map_or(next, |line| line.number + 1) } else { next };
        ((from > 1).then_some(from), (end <= total).then_some(end))
    } else {
        let before = query.before.trim().parse::<i64>().ok().unwrap_or(MAX_LINES + 2);
        let mut next = before;
        while lines.len() < LINES {
            let read = job_log::list_before(tx, id, next, first_read).await?;
            let Some(first) = read.last().map(|line| line.number) else { break };
            next = first;
            lines.extend(read.into_iter().filter(&fits));
        }
        lines.truncate(LINES);
        let start = if lines.len() == LINES { lines.last().map_or(next, |line| line.number) } else { next };
        lines.reverse();
        ((start > 1 && !lines.is_empty()).then_some(start), (before <= total).then_some(before))
    };
    let lines = lines
        .into_iter()
        .map(|line| LogLineView { number: line.number, at: line.at, level: line.level, text: line.text })
        .collect();
    Ok(LogPageView { lines, total, earlier, later })
}
