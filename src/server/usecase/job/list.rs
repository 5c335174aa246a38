//! Jobs as they are listed and looked at (JOB-3): Monitor of an organization, the jobs of a dataset, one job, and its log. What a
//! job cost is only in what people of the organization see that pays.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    domain::{
        access::Act,
        id::{JobId, OrganizationId, PersonId, ResourceId},
        job::{JobState, sees_price},
        permit::permit_to_look,
        refusal::Refusal,
        requester::Requester,
        role::{Permission, Role, may},
        text::{FieldIssue, key},
        time::{Day, Timestamp},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result, at_field},
        store::{
            Tx, app,
            job::{self, Job, JobFilter},
            job_log, membership,
        },
        usecase::{
            access::{self, AccessPath},
            organization,
            pager::Pager,
        },
    },
    view::{
        Page,
        job::{JobPrice, JobView, LogLineView, LogView},
    },
};

/// How many lines of a log one page has at most.
pub const LOG_PAGE_SIZE: i64 = 1_000;

/// How many jobs an export has at most.
pub const MAX_EXPORT_ROWS: i64 = 100_000;

/// Which jobs of an organization are listed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct JobsQuery {
    /// `waiting_for_credits`, `queued`, `running`, `cancelling`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// The slug of an app.
    pub app: String,
    /// The id of who started it; `me` for oneself.
    pub person: String,
    /// The id of a dataset.
    pub dataset: String,
    /// Only those that began on this day or later, or at this moment.
    pub from: String,
    /// Only those that began on this day or earlier, or before this moment.
    pub to: String,
    /// Where the page starts: `next_cursor` of the one before.
    pub cursor: String,
    /// 1 to 200. Default: 50.
    pub limit: Option<i64>,
}

/// A job as somebody with a role in the organization that pays sees it.
pub(super) fn view(found: Job, role: Option<Role>) -> Result<JobView> {
    let options: BTreeMap<String, String> =
        serde_json::from_str(&found.options).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(JobView {
        id: found.id,
        organization: found.organization,
        state: found.state,
        progress: found.progress,
        step: found.step,
        app_slug: found.app_slug,
        app_title: found.app_title,
        app_version: found.app_version,
        version_label: found.version_label,
        price_rule: found.price_rule,
        options,
        dataset: found.dataset,
        dataset_name: found.dataset_name,
        person: found.person,
        person_name: found.person_name,
        engine: found.engine_name,
        attempts: found.attempts,
        images: found.images,
        inputs_digest: found.inputs_digest,
        log_lines: found.log_lines,
        failure: found.failure.map(|kind| (kind, found.message.unwrap_or_default())),
        created_at: found.created_at,
        queued_at: found.queued_at,
        started_at: found.started_at,
        ended_at: found.ended_at,
        price: sees_price(role).then_some(JobPrice { amount: found.price, refunded: found.refunded }),
    })
}

/// The caller's role where jobs of an organization are paid.
async fn role_of(tx: &mut Tx, by: &Principal, found: &Job) -> Result<Option<Role>> {
    Ok(membership::find_role(tx, found.organization, by.person).await?)
}

/// A job that the caller may see, and their way to its dataset while that is in the organization that the job is of: who sees the
/// dataset, also in the trash, and who sees everything in the account that pays.
///
/// # Errors
/// `NotFound`; `Forbidden` for a machine without the scope to read.
pub(super) async fn find_seen(tx: &mut Tx, by: &Principal, id: JobId) -> Result<(Job, Option<AccessPath>)> {
    let found = job::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let mut seen = access::access_paths_in_trash(tx, by.person, &[found.dataset]).await?;
    let path = seen.remove(&found.dataset).filter(|path| path.facts.organization == found.organization);
    if let Some(path) = path.filter(|path| path.level().is_some()) {
        return Ok((found, Some(path)));
    }
    let role = membership::find_role_in(tx, found.account, by.person).await?;
    if role.is_some_and(|role| may(role, Permission::ViewResources)) {
        return Ok((found, None));
    }
    Err(Refusal::NotFound.into())
}

pub(super) async fn show_in(tx: &mut Tx, by: &Principal, id: JobId) -> Result<JobView> {
    let (found, _) = find_seen(tx, by, id).await?;
    let role = role_of(tx, by, &found).await?;
    view(found, role)
}

/// One job.
///
/// # Errors
/// `NotFound`.
pub async fn show(ctx: &Ctx, by: &Principal, id: &str) -> Result<JobView> {
    let id: JobId = crate::server::usecase::subject(id)?;
    show_in(&mut ctx.db().read().await?, by, id).await
}

/// Lines of a job's log from a number on.
///
/// # Errors
/// `NotFound`; `Invalid` at `limit`.
pub async fn log(ctx: &Ctx, by: &Principal, id: &str, from: i64, limit: Option<i64>) -> Result<LogView> {
    let id: JobId = crate::server::usecase::subject(id)?;
    let limit = match limit {
        None => LOG_PAGE_SIZE,
        Some(limit) if (1..=LOG_PAGE_SIZE).contains(&limit) => limit,
        Some(_) => return Err(Refusal::field("limit", FieldIssue::NotInRange(1, LOG_PAGE_SIZE)).into()),
    };
    let mut tx = ctx.db().read().await?;
    let (found, _) = find_seen(&mut tx, by, id).await?;
    let lines = job_log::list(&mut tx, id, from.max(1), limit).await?;
    let next = lines.last().map_or(from.max(1), |line| line.number + 1);
    let lines = lines
        .into_iter()
        .map(|line| LogLineView { number: line.number, at: line.at, level: line.level, text: line.text })
        .collect();
    Ok(LogView { lines, next, is_open: !found.state.has_ended() || next <= found.log_lines })
}

/// A moment, or that where a day begins or has ended.
fn moment(field: &'static str, text: &str, of_day: fn(Day) -> Timestamp) -> Result<Option<Timestamp>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let at = Timestamp::parse_rfc3339(text).or_else(|| Day::parse_iso(text).map(of_day));
    at.map(Some).ok_or_else(|| Refusal::field(field, FieldIssue::NotAMoment).into())
}

/// Whether somebody sees all jobs of an organization, and not only those that they started.
pub(super) async fn sees_all(
    tx: &mut Tx,
    by: &Principal,
    organization: OrganizationId,
    role: Option<Role>,
) -> Result<bool> {
    let limited = membership::find_limited(tx, organization, by.person).await?.is_some();
    Ok(role.is_some_and(|role| may(role, Permission::ViewResources)) && !limited)
}

/// One page of the jobs of an organization, newest first (JOB-3): all of them for who sees everything there, those of its account for
/// a machine, and for Members and people from outside those that they started on what they still see.
///
/// # Errors
/// `NotFound` for who does not see the organization; `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str, query: &JobsQuery) -> Result<Page<JobView>> {
    let limit = crate::server::usecase::limit(query.limit)?;
    let mut tx = ctx.db().read().await?;
    list_in(&mut tx, by, org, query, limit).await
}

/// Whose jobs are listed, and what the caller sees of them.
struct Listing {
    organization: OrganizationId,
    role: Option<Role>,
    sees_all: bool,
    pager: Pager<(Timestamp, JobId)>,
    filter: JobFilter,
}

impl Listing {
    /// Reads a query; `None` where it can only find nothing.
    async fn new(
        tx: &mut Tx,
        by: &Principal,
        (organization, role): (OrganizationId, Option<Role>),
        query: &JobsQuery,
        limit: i64,
    ) -> Result<Option<Self>> {
        by.who().may_look()?;
        let state = match query.state.as_str() {
            "" => None,
            word => Some(JobState::parse(word).map_err(at_field("state"))?),
        };
        let app = match query.app.trim() {
            "" => None,
            slug => {
                // Of an app that there is not are no jobs, as of one that nobody may know of.
                match app::find(tx, &key(slug)).await? {
                    Some(found) => Some(found.id),
                    None => return Ok(None),
                }
            }
        };
        let person = match query.person.trim() {
            "" => None,
            "me" => Some(by.person),
            _ => Some(crate::server::usecase::id::<PersonId>("person", &query.person)?),
        };
        let dataset = match query.dataset.trim() {
            "" => None,
            _ => Some(crate::server::usecase::id::<ResourceId>("dataset", &query.dataset)?),
        };
        let sees_all = sees_all(tx, by, organization, role).await?;
        let JobsQuery { state: of_state, app: of_app, person: of_person, dataset: of_dataset, from, to, .. } = query;
        let pager = Pager::new(format!("{organization} jobs {of_state} {of_app} {of_person} {of_dataset} {from} {to}"));
        let filter = JobFilter {
            state,
            app,
            person: if sees_all { person } else { Some(by.person) },
            dataset,
            from: moment("from", from, Day::start)?,
            until: moment("to", to, |day| Day(day.0 + 1).start())?,
            account: by.key.as_ref().map(|key| key.account),
            after: pager.read(&query.cursor)?,
            limit: limit + 1,
        };
        if !sees_all && person.is_some_and(|person| person != by.person) {
            return Ok(None);
        }
        Ok(Some(Self { organization, role, sees_all, pager, filter }))
    }

    async fn page(self, tx: &mut Tx, by: &Principal) -> Result<Page<JobView>> {
        let rows = job::list(tx, self.organization, &self.filter).await?;
        let page = self.pager.page(rows, self.filter.limit - 1, |job| (job.created_at, job.id))?;
        let mut items = page.items;
        if !self.sees_all {
            let datasets: Vec<ResourceId> = items.iter().map(|job| job.dataset).collect();
            let seen = access::access_paths_in_trash(tx, by.person, &datasets).await?;
            items.retain(|job| {
                seen.get(&job.dataset)
                    .is_some_and(|path| path.level().is_some() && path.facts.organization == job.organization)
            });
        }
        let items: Result<Vec<JobView>> = items.into_iter().map(|job| view(job, self.role)).collect();
        Ok(Page { items: items?, next_cursor: page.next_cursor })
    }
}

/// [`list`], in a transaction.
pub(super) async fn list_in(
    tx: &mut Tx,
    by: &Principal,
    org: &str,
    query: &JobsQuery,
    limit: i64,
) -> Result<Page<JobView>> {
    let (organization, role) = organization::find_with_role(tx, by, org).await?;
    match Listing::new(tx, by, (organization.id, role), query, limit).await? {
        Some(listing) => listing.page(tx, by).await,
        None => Ok(Page { items: Vec::new(), next_cursor: None }),
    }
}

/// An export of jobs under way: where it is, and how many it may still have.
#[derive(Debug, Clone)]
pub struct Export {
    by: Principal,
    org: String,
    query: JobsQuery,
    /// Whether what jobs cost is in it (JOB-3).
    pub has_prices: bool,
    /// Whether there are more jobs than an export has.
    pub truncated: bool,
    left: i64,
}

/// Reads which jobs are to be exported, and whether there are more of them than an export has.
///
/// # Errors
/// `NotFound` for who does not see the organization; `Invalid` at a field of the query.
pub async fn begin_export(ctx: &Ctx, by: &Principal, org: &str, query: JobsQuery) -> Result<Export> {
    let mut tx = ctx.db().read().await?;
    let (organization, role) = organization::find_with_role(&mut tx, by, org).await?;
    let truncated = match Listing::new(&mut tx, by, (organization.id, role), &query, MAX_EXPORT_ROWS).await? {
        Some(listing) => job::count_at_most(&mut tx, listing.organization, &listing.filter).await? > MAX_EXPORT_ROWS,
        None => false,
    };
    Ok(Export {
        by: by.clone(),
        org: org.to_owned(),
        query,
        has_prices: sees_price(role),
        truncated,
        left: MAX_EXPORT_ROWS,
    })
}

impl Export {
    /// The next jobs; none at the end. Whoever lost sight of the organization meanwhile is refused.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn next(&mut self, ctx: &Ctx) -> Result<Vec<JobView>> {
        const EXPORT_BATCH_SIZE: i64 = 1_000;
        let mut tx = ctx.db().read().await?;
        // A page may be empty and not the last, where its jobs are of datasets that the caller does not see any more.
        while self.left > 0 {
            let limit = EXPORT_BATCH_SIZE.min(self.left);
            let page = list_in(&mut tx, &self.by, &self.org, &self.query, limit).await?;
            self.left = if page.next_cursor.is_some() { self.left - limit } else { 0 };
            self.query.cursor = page.next_cursor.unwrap_or_default();
            if !page.items.is_empty() {
                return Ok(page.items);
            }
        }
        Ok(Vec::new())
    }
}

/// One page of the jobs of a dataset, newest first, for who sees it. What was done for an organization that had it before is that
/// one's.
///
/// # Errors
/// `NotFound`; `Invalid` at `limit` or `cursor`.
pub async fn list_of_dataset(
    ctx: &Ctx,
    by: &Principal,
    dataset: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<JobView>> {
    let id: ResourceId = crate::server::usecase::subject(dataset)?;
    let limit = crate::server::usecase::limit(limit)?;
    let mut tx = ctx.db().read().await?;
    let access_path = access::access_path(&mut tx, by, id).await?;
    let requester: Requester<'_> = by.who();
    permit_to_look(requester, Act::View, &access_path.facts)?;
    let organization = access_path.facts.organization;
    let pager = Pager::new(format!("{id} jobs"));
    let jobs = job::list_of_dataset(&mut tx, organization, id, pager.read(cursor)?, limit + 1).await?;
    let role = membership::find_role(&mut tx, organization, by.person).await?;
    let page = pager.page(jobs, limit, |job| job.id)?;
    let items: Result<Vec<JobView>> = page.items.into_iter().map(|job| view(job, role)).collect();
    Ok(Page { items: items?, next_cursor: page.next_cursor })
}
