//! Table `job`: apps' runs on datasets (JOB-2), the queues that engines take them from, and what Monitor lists.
//!
//! # Invariants
//! - Every change of a state names the state that it leaves, and every write of an engine its lease: what came too late changes nothing.

use sqlx::FromRow;

use super::{
    Result, Tx, live,
    values::{Json, from_columns},
};
use crate::domain::{
    app::PriceRule,
    id::{AccountId, AppId, JobId, KeyId, LeaseId, LicenceId, OrganizationId, PersonId, ResourceId},
    job::{FailureKind, JobState, PricedImages},
    licence::Amount,
    permit::Permit,
    resource::DatasetStatus,
    time::Timestamp,
};

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: JobId,
    /// The organization and the account that pay.
    pub organization: OrganizationId,
    pub account: AccountId,
    pub dataset: ResourceId,
    pub dataset_name: String,
    pub app: AppId,
    pub app_version: i64,
    /// The values of its options, as JSON.
    pub options: String,
    pub price_rule: PriceRule,
    pub makes_processed: bool,
    pub exclusive: bool,
    pub state: JobState,
    pub progress: i64,
    pub step: String,
    pub attempts: i64,
    pub lease: Option<LeaseId>,
    pub lease_until: Option<Timestamp>,
    pub engine_name: Option<String>,
    pub deadline_at: Option<Timestamp>,
    pub timeout_millis: i64,
    pub images: i64,
    pub inputs_digest: Option<String>,
    pub status_before: DatasetStatus,
    pub max_price: Option<Amount>,
    pub licence: Option<LicenceId>,
    pub price: Amount,
    pub refunded: bool,
    pub failure: Option<FailureKind>,
    pub message: Option<String>,
    pub log_lines: i64,
    /// How many bytes of text engines wrote into its log.
    pub log_bytes: i64,
    pub log_start: i64,
    pub person: PersonId,
    pub person_name: String,
    pub created_at: Timestamp,
    pub queued_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// The app's slug and title.
    pub app_slug: String,
    pub app_title: String,
    /// What its version is called.
    pub version_label: String,
}

from_columns! {
    Job: id: JobId, organization_id: OrganizationId, account_id: AccountId, dataset_id: ResourceId, dataset_name: String,
        app_id: AppId, app_version: i64, options: String, price_rule: PriceRule, makes_processed: bool, exclusive: bool,
        state: JobState, progress: i64, step: String, attempts: i64, lease_id: Option<LeaseId>, lease_until: Option<Timestamp>,
        engine_name: Option<String>, deadline_at: Option<Timestamp>, timeout_millis: i64, images: i64,
        inputs_digest: Option<String>, status_before: DatasetStatus, max_price: Option<Json<Amount>>, licence_id: Option<LicenceId>,
        price_images: i64, price_projects: i64, price_credits: i64, refunded: bool, failure_kind: Option<FailureKind>,
        message: Option<String>, log_lines: i64, log_bytes: i64, log_start: i64, person_id: PersonId, person_name: String,
        created_at: Timestamp, queued_at: Option<Timestamp>, started_at: Option<Timestamp>, ended_at: Option<Timestamp>,
        app_slug: String, app_title: String, version_label: String;
    Self {
        id,
        organization: organization_id,
        account: account_id,
        dataset: dataset_id,
        dataset_name,
        app: app_id,
        app_version,
        options,
        price_rule,
        makes_processed,
        exclusive,
        state,
        progress,
        step,
        attempts,
        lease: lease_id,
        lease_until,
        engine_name,
        deadline_at,
        timeout_millis,
        images,
        inputs_digest,
        status_before,
        max_price: max_price.map(|price| price.0),
        licence: licence_id,
        price: Amount { images: price_images, projects: price_projects, credits: price_credits },
        refunded,
        failure: failure_kind,
        message,
        log_lines,
        log_bytes,
        log_start,
        person: person_id,
        person_name,
        created_at,
        queued_at,
        started_at,
        ended_at,
        app_slug,
        app_title,
        version_label,
    }
}

/// The columns of a job, once for all queries.
macro_rules! jobs {
    ($where_and_order:literal) => {
        concat!(
            "SELECT j.id, j.organization_id, j.account_id, j.dataset_id, j.dataset_name, j.app_id, j.app_version, j.options, j.price_rule,
                j.makes_processed, j.exclusive, j.state, j.progress, j.step, j.attempts, j.lease_id, j.lease_until, j.engine_name, j.deadline_at,
                j.timeout_millis, j.images, j.inputs_digest, j.status_before, j.max_price, j.licence_id, j.price_images, j.price_projects,
                j.price_credits, j.refunded, j.failure_kind, j.message, j.log_lines, j.log_bytes, j.log_start, j.person_id, j.person_name, j.created_at,
                j.queued_at, j.started_at, j.ended_at, a.slug AS app_slug, a.title AS app_title, v.label AS version_label
             FROM job j JOIN app a ON a.id = j.app_id JOIN app_version v ON v.app_id = j.app_id AND v.number = j.app_version WHERE ",
            $where_and_order
        )
    };
}

/// A job that begins: waiting for credits. What can be paid is queued in the same transaction.
#[derive(Debug, Clone)]
pub struct NewJob<'a> {
    pub id: JobId,
    pub organization: OrganizationId,
    pub account: AccountId,
    pub dataset: ResourceId,
    pub dataset_name: &'a str,
    pub app: AppId,
    pub app_version: i64,
    pub options: &'a str,
    pub price_rule: PriceRule,
    pub makes_processed: bool,
    pub exclusive: bool,
    pub timeout_millis: i64,
    pub images: i64,
    pub status_before: DatasetStatus,
    pub max_price: Option<Amount>,
    pub person: PersonId,
    pub person_name: &'a str,
    pub at: Timestamp,
}

/// Adds a job that waits.
///
/// # Errors
/// `Taken` where one that it excludes is under way.
pub async fn insert(tx: &mut Tx, new: &NewJob<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO job (id, organization_id, account_id, dataset_id, dataset_name, app_id, app_version, options, price_rule, makes_processed, exclusive,
            state, progress, step, attempts, timeout_millis, images, status_before, max_price, price_images, price_projects, price_credits,
            log_lines, log_bytes, log_start, person_id, person_name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'waiting_for_credits', 0, '', 0, $12, $13, $14, $15, 0, 0, 0, 0, 0, 0, $16, $17, $18)",
    )
    .bind(new.id)
    .bind(new.organization)
    .bind(new.account)
    .bind(new.dataset)
    .bind(new.dataset_name.to_owned())
    .bind(new.app)
    .bind(new.app_version)
    .bind(new.options.to_owned())
    .bind(new.price_rule)
    .bind(new.makes_processed)
    .bind(new.exclusive)
    .bind(new.timeout_millis)
    .bind(new.images)
    .bind(new.status_before)
    .bind(new.max_price.and_then(|price| serde_json::to_string(&price).ok()))
    .bind(new.person)
    .bind(new.person_name.to_owned())
    .bind(new.at)
    .execute()
    .await
    .map(|_| ())
}

/// A job by id.
pub async fn find(tx: &mut Tx, id: JobId) -> Result<Option<Job>> {
    tx.sql(jobs!("j.id = $1")).bind(id).optional().await
}

/// How many jobs are under way on a dataset, how many of these exclude others like them, and how many are of its organization.
pub async fn count_live(tx: &mut Tx, dataset: ResourceId, organization: OrganizationId) -> Result<(i64, i64, i64)> {
    tx.sql(
        "SELECT (SELECT CAST(COUNT(*) AS BIGINT) FROM job WHERE dataset_id = $1 AND ended_at IS NULL),
            (SELECT CAST(COUNT(*) AS BIGINT) FROM job WHERE dataset_id = $1 AND ended_at IS NULL AND exclusive),
            (SELECT CAST(COUNT(*) AS BIGINT) FROM job WHERE organization_id = $2 AND ended_at IS NULL)",
    )
    .bind(dataset)
    .bind(organization)
    .one()
    .await
}

/// What was charged for a job.
#[derive(Debug, Clone, Copy)]
pub struct Charged {
    /// `None` where it costs nothing.
    pub licence: Option<LicenceId>,
    pub price: Amount,
    /// How many images it works on.
    pub images: i64,
}

/// Queues a job that waited; whether it did.
pub async fn update_queued(
    tx: &mut Tx,
    id: JobId,
    account: AccountId,
    charged: &Charged,
    inputs_digest: Option<&str>,
    at: Timestamp,
) -> Result<bool> {
    tx.sql(
        "UPDATE job SET state = 'queued', queued_at = $2, licence_id = $3, price_images = $4, price_projects = $5, price_credits = $6,
            images = $7, inputs_digest = $8, account_id = $9
         WHERE id = $1 AND state = 'waiting_for_credits'",
    )
    .bind(id)
    .bind(at)
    .bind(charged.licence)
    .bind(charged.price.images)
    .bind(charged.price.projects)
    .bind(charged.price.credits)
    .bind(charged.images)
    .bind(inputs_digest.map(str::to_owned))
    .bind(account)
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Notes a digest of the inputs of a job that has none.
pub async fn update_inputs_digest(tx: &mut Tx, id: JobId, digest: &str) -> Result<()> {
    tx.sql("UPDATE job SET inputs_digest = $2 WHERE id = $1 AND inputs_digest IS NULL")
        .bind(id)
        .bind(digest.to_owned())
        .execute()
        .await
        .map(|_| ())
}

/// Whether something is queued for any of these apps: asked before anything is written, because mostly there is nothing.
pub async fn find_next(tx: &mut Tx, apps: &[AppId]) -> Result<Option<JobId>> {
    let next: Option<(JobId,)> = tx
        .sql_list(
            // The oldest of each app is found by its index, however long its queue is; what is in the trash, or of a deleted
            // organization, is passed over.
            "WITH listed(job_id) AS (
                SELECT (SELECT j.id FROM job j JOIN resource r ON r.id = j.dataset_id JOIN active_organization o ON o.id = r.organization_id
                    WHERE j.app_id = a.id AND j.state = 'queued' AND r.trashed_with IS NULL ORDER BY j.queued_at, j.id LIMIT 1) AS job_id
                FROM app a WHERE a.id IN ({ids}))
             SELECT j.id FROM listed JOIN job j ON j.id = listed.job_id ORDER BY j.queued_at, j.id LIMIT 1",
            apps,
        )
        .optional()
        .await?;
    Ok(next.map(|(id,)| id))
}

/// How many jobs of an app are queued, and how many an engine has: each counted up to a number.
pub async fn count_of_app(tx: &mut Tx, app: AppId, most: i64) -> Result<(i64, i64)> {
    tx.sql(
        "SELECT (SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS line FROM job
                WHERE app_id = $1 AND state = 'queued' LIMIT CAST($2 AS BIGINT)) AS first),
            (SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS line FROM job
                WHERE lease_until > 0 AND app_id = $1 LIMIT CAST($2 AS BIGINT)) AS first)",
    )
    .bind(app)
    .bind(most)
    .one()
    .await
}

/// The job of an app that has waited longest and whose photos have all been opened, of an organization that was not served lately if
/// there is one: whoever queues many does not keep the others waiting.
pub async fn find_next_opened(tx: &mut Tx, app: AppId, served: &[OrganizationId]) -> Result<Option<JobId>> {
    let nobody = [OrganizationId(uuid::Uuid::nil())];
    for passed_over in [served, &nobody] {
        if passed_over.is_empty() {
            continue;
        }
        let next: Option<(JobId,)> = tx
            .sql_list(
                "SELECT j.id FROM job j JOIN resource r ON r.id = j.dataset_id JOIN active_organization o ON o.id = r.organization_id
                 WHERE j.app_id = {1} AND j.state = 'queued' AND r.trashed_with IS NULL AND j.organization_id NOT IN ({ids})
                    AND NOT EXISTS (SELECT 1 FROM dataset_file f JOIN photo p ON p.blob_id = f.blob_id
                        WHERE f.dataset_id = j.dataset_id AND f.side = 'input' AND NOT f.left_out AND p.state = 'waiting')
                 ORDER BY j.queued_at, j.id LIMIT 1",
                passed_over,
            )
            .bind(app)
            .optional()
            .await?;
        if let Some((id,)) = next {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// What an engine takes a job with.
#[derive(Debug, Clone)]
pub struct NewLease<'a> {
    pub lease: LeaseId,
    pub until: Timestamp,
    /// `None` for what is built in.
    pub key: Option<KeyId>,
    pub engine: &'a str,
    pub at: Timestamp,
}

/// Gives a queued job to an engine; whether it was still queued.
pub async fn claim(tx: &mut Tx, id: JobId, lease: &NewLease<'_>) -> Result<bool> {
    tx.sql(
        "UPDATE job SET state = 'running', lease_id = $2, lease_until = $3, engine_key_id = $4, engine_name = $5, attempts = attempts + 1,
            started_at = COALESCE(started_at, $6), deadline_at = timeout_millis + COALESCE(started_at, $6), progress = 0, step = '', log_start = log_lines
         WHERE id = $1 AND state = 'queued'",
    )
    .bind(id)
    .bind(lease.lease)
    .bind(lease.until)
    .bind(lease.key)
    .bind(lease.engine.to_owned())
    .bind(lease.at)
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Notes how far an engine is, and holds its lease for longer; whether it has it.
pub async fn update_progress(
    tx: &mut Tx,
    id: JobId,
    lease: LeaseId,
    progress: i64,
    step: &str,
    until: Timestamp,
) -> Result<bool> {
    tx.sql("UPDATE job SET progress = $3, step = $4, lease_until = $5 WHERE id = $1 AND lease_id = $2")
        .bind(id)
        .bind(lease)
        .bind(progress)
        .bind(step.to_owned())
        .bind(until)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// A change of a job's state.
#[derive(Debug, Clone)]
pub struct StateChange<'a> {
    pub from: JobState,
    /// The lease that it is made under, if an engine makes it.
    pub lease: Option<LeaseId>,
    pub to: JobState,
    /// How often an engine took it, from now on.
    pub attempts: i64,
    pub refunded: bool,
    pub failure: Option<FailureKind>,
    pub message: Option<&'a str>,
    pub at: Timestamp,
}

/// Changes the state of a job, unless it has another one by now; whether it did. A job that is not run any more has no lease.
pub async fn update_state(tx: &mut Tx, id: JobId, change: &StateChange<'_>) -> Result<bool> {
    let keeps_lease = matches!(change.to, JobState::Running | JobState::Cancelling);
    tx.sql(
        "UPDATE job SET state = $4, attempts = $5, refunded = $6, failure_kind = $7, message = $8,
            ended_at = CASE WHEN $9 THEN $10 ELSE NULL END, queued_at = CASE WHEN $4 = 'queued' THEN $10 ELSE queued_at END,
            progress = CASE WHEN $4 = 'done' THEN 1000 WHEN $4 = 'queued' THEN 0 ELSE progress END,
            lease_id = CASE WHEN $11 THEN lease_id ELSE NULL END, lease_until = CASE WHEN $11 THEN lease_until ELSE NULL END,
            deadline_at = CASE WHEN $11 THEN deadline_at ELSE NULL END
         WHERE id = $1 AND state = $2 AND ($3 IS NULL OR lease_id = $3)",
    )
    .bind(id)
    .bind(change.from)
    .bind(change.lease)
    .bind(change.to)
    .bind(change.attempts)
    .bind(change.refunded)
    .bind(change.failure)
    .bind(change.message.map(str::to_owned))
    .bind(change.to.has_ended())
    .bind(change.at)
    .bind(keeps_lease)
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Ends the leases of what is built in.
pub async fn end_built_in_leases(tx: &mut Tx, now: Timestamp) -> Result<()> {
    tx.sql("UPDATE job SET lease_until = $1 WHERE lease_until > $1 AND engine_key_id IS NULL")
        .bind(now.plus_millis(-1))
        .execute()
        .await?;
    Ok(())
}

/// A job whose lease has run out at a moment.
pub async fn find_lost(tx: &mut Tx, now: Timestamp) -> Result<Option<JobId>> {
    tx.sql("SELECT id FROM job WHERE lease_until IS NOT NULL AND lease_until < $1 ORDER BY lease_until, id LIMIT 1")
        .bind(now)
        .value()
        .await
}

/// A job whose time is over at a moment.
pub async fn find_overdue(tx: &mut Tx, now: Timestamp) -> Result<Option<JobId>> {
    tx.sql("SELECT id FROM job WHERE deadline_at IS NOT NULL AND deadline_at < $1 ORDER BY deadline_at, id LIMIT 1")
        .bind(now)
        .value()
        .await
}

/// A dataset as a job knows it, also in the trash.
#[derive(Debug, Clone, FromRow)]
pub struct JobDataset {
    #[sqlx(rename = "organization_id")]
    pub organization: OrganizationId,
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    pub name: String,
    pub status: DatasetStatus,
    pub images: i64,
    pub files: i64,
    pub cluster: String,
    pub charged_to: Option<LicenceId>,
    pub charged_images: i64,
    pub paid_images: i64,
    pub live_jobs: i64,
    pub waiting: bool,
}

impl JobDataset {
    /// Its images, as its price depends on them.
    pub fn priced(&self) -> PricedImages {
        let unpaid = self.charged_to.map(|_| self.images - self.paid_images);
        PricedImages { total: self.images, unpaid }
    }
}

/// The dataset of a job, also in the trash; `None` once it is deleted for good.
pub async fn find_dataset(tx: &mut Tx, id: ResourceId) -> Result<Option<JobDataset>> {
    tx.sql(
        "SELECT organization_id, account_id, name, status, images, files, COALESCE(cluster, '') AS cluster, charged_to, charged_images, paid_images, live_jobs,
            waiting_since IS NOT NULL AS waiting
         FROM resource WHERE id = $1 AND kind = 'dataset'",
    )
    .bind(id)
    .optional()
    .await
}

/// What a job does to its dataset.
#[derive(Debug, Clone, Copy)]
pub struct DatasetEffect {
    pub status: DatasetStatus,
    pub charged_to: Option<LicenceId>,
    pub charged_images: i64,
    pub paid_images: i64,
    /// Whether it waits for credits.
    pub waits: bool,
    /// How many jobs more hold its images.
    pub holds: i64,
}

/// Writes what a job does to the permit's dataset.
pub async fn update_dataset(tx: &mut Tx, permit: &Permit, effect: &DatasetEffect, at: Timestamp) -> Result<()> {
    tx.sql(
        "UPDATE resource SET status = $2, status_rank = $3, charged_to = $4, charged_images = $5, paid_images = $9,
            waiting_since = CASE WHEN $6 THEN COALESCE(waiting_since, $8) ELSE NULL END, live_jobs = live_jobs + $7,
            modified_at = CASE WHEN status <> $2 THEN $8 ELSE modified_at END, touched_at = $8
         WHERE id = $1 AND kind = 'dataset'",
    )
    .bind(permit.resource())
    .bind(effect.status)
    .bind(effect.status.rank())
    .bind(effect.charged_to)
    .bind(effect.charged_images)
    .bind(effect.waits)
    .bind(effect.holds)
    .bind(at)
    .bind(effect.paid_images)
    .execute()
    .await?;
    live::touch_jobs(tx, permit.organization());
    live::touch(tx, &[permit.resource()]).await
}

/// The jobs that are under way on what went to the trash with the permits' resources, by their ids.
pub async fn list_live_of_doomed(tx: &mut Tx, permits: &[Permit]) -> Result<Vec<JobId>> {
    let tops: Vec<ResourceId> = permits.iter().map(Permit::resource).collect();
    let mut found = Vec::new();
    for chunk in tops.chunks(super::CHUNK) {
        let rows: Vec<JobId> = tx
            .sql_list(
                "SELECT j.id FROM resource r JOIN job j ON j.dataset_id = r.id AND j.ended_at IS NULL WHERE r.trashed_with IN ({ids})",
                chunk,
            )
            .column()
            .await?;
        found.extend(rows);
    }
    found.sort_unstable();
    Ok(found)
}

/// The jobs of an organization that are under way.
pub async fn list_live_of_organization(tx: &mut Tx, organization: OrganizationId, limit: i64) -> Result<Vec<JobId>> {
    tx.sql("SELECT id FROM job WHERE organization_id = $1 AND ended_at IS NULL LIMIT CAST($2 AS BIGINT)")
        .bind(organization)
        .bind(limit)
        .column()
        .await
}

/// Which jobs Monitor lists.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    pub state: Option<JobState>,
    pub app: Option<AppId>,
    pub person: Option<PersonId>,
    pub dataset: Option<ResourceId>,
    /// Only those that began at this moment or later.
    pub from: Option<Timestamp>,
    /// Only those that began before this moment.
    pub until: Option<Timestamp>,
    /// Only those of this account.
    pub account: Option<AccountId>,
    /// Where the page starts.
    pub after: Option<(Timestamp, JobId)>,
    pub limit: i64,
}

/// One page of the jobs of an organization, newest first. Each filter that narrows most has its index; the others are checked in the
/// rows.
pub async fn list(tx: &mut Tx, organization: OrganizationId, filter: &JobFilter) -> Result<Vec<Job>> {
    let (at, id) = filter.after.unwrap_or((Timestamp(i64::MAX), JobId(uuid::Uuid::max())));
    // What began at the moment itself is behind it.
    let (at, id) = match filter.until {
        Some(until) if until <= at => (until, JobId(uuid::Uuid::nil())),
        _ => (at, id),
    };
    // A dataset narrows most: its condition is the only one that an index is for, and ids are in the order of time.
    let sql = match (filter.dataset, filter.person, filter.app, filter.state) {
        (Some(_), ..) => jobs!(
            "j.dataset_id = $10 AND CASE WHEN j.organization_id = $1 THEN 1 ELSE 0 END = 1
             AND (j.created_at, j.id) < ($2, $3) AND j.created_at >= $4
             AND ($5 IS NULL OR j.person_id = $5) AND ($6 IS NULL OR j.app_id = $6) AND ($7 IS NULL OR j.state = $7)
             AND ($8 IS NULL OR j.account_id = $8)
             ORDER BY j.id DESC LIMIT CAST($9 AS BIGINT)"
        ),
        (None, Some(_), ..) => jobs!(
            "j.organization_id = $1 AND (j.created_at, j.id) < ($2, $3) AND j.created_at >= $4 AND j.person_id = $5
             AND ($6 IS NULL OR j.app_id = $6) AND ($7 IS NULL OR j.state = $7) AND ($8 IS NULL OR j.account_id = $8) AND $10 IS NULL
             ORDER BY j.created_at DESC, j.id DESC LIMIT CAST($9 AS BIGINT)"
        ),
        (None, None, Some(_), _) => jobs!(
            "j.organization_id = $1 AND (j.created_at, j.id) < ($2, $3) AND j.created_at >= $4 AND $5 IS NULL
             AND j.app_id = $6 AND ($7 IS NULL OR j.state = $7) AND ($8 IS NULL OR j.account_id = $8) AND $10 IS NULL
             ORDER BY j.created_at DESC, j.id DESC LIMIT CAST($9 AS BIGINT)"
        ),
        (None, None, None, Some(_)) => jobs!(
            "j.organization_id = $1 AND (j.created_at, j.id) < ($2, $3) AND j.created_at >= $4 AND $5 IS NULL AND $6 IS NULL
             AND j.state = $7 AND ($8 IS NULL OR j.account_id = $8) AND $10 IS NULL
             ORDER BY j.created_at DESC, j.id DESC LIMIT CAST($9 AS BIGINT)"
        ),
        (None, None, None, None) => jobs!(
            "j.organization_id = $1 AND (j.created_at, j.id) < ($2, $3) AND j.created_at >= $4 AND $5 IS NULL AND $6 IS NULL
             AND $7 IS NULL AND ($8 IS NULL OR j.account_id = $8) AND $10 IS NULL
             ORDER BY j.created_at DESC, j.id DESC LIMIT CAST($9 AS BIGINT)"
        ),
    };
    tx.sql(sql)
        .bind(organization)
        .bind(at)
        .bind(id)
        .bind(filter.from.unwrap_or(Timestamp(i64::MIN)))
        .bind(filter.person)
        .bind(filter.app)
        .bind(filter.state)
        .bind(filter.account)
        .bind(filter.limit)
        .bind(filter.dataset)
        .all()
        .await
}

/// How many jobs a filter finds, as far as its limit.
pub async fn count_at_most(tx: &mut Tx, organization: OrganizationId, filter: &JobFilter) -> Result<i64> {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS line FROM job
               WHERE organization_id = $1 AND created_at >= $2 AND created_at < $3
               AND ($4 IS NULL OR person_id = $4) AND ($5 IS NULL OR app_id = $5) AND ($6 IS NULL OR state = $6)
               AND ($7 IS NULL OR account_id = $7) AND ($8 IS NULL OR dataset_id = $8)
               LIMIT CAST($9 AS BIGINT)) AS first";
    tx.sql(sql)
        .bind(organization)
        .bind(filter.from.unwrap_or(Timestamp(i64::MIN)))
        .bind(filter.until.unwrap_or(Timestamp(i64::MAX)))
        .bind(filter.person)
        .bind(filter.app)
        .bind(filter.state)
        .bind(filter.account)
        .bind(filter.dataset)
        .bind(filter.limit)
        .number()
        .await
}

/// One page of the jobs of a dataset, newest first, after a given one.
pub async fn list_of_dataset(
    tx: &mut Tx,
    organization: OrganizationId,
    dataset: ResourceId,
    after: Option<JobId>,
    limit: i64,
) -> Result<Vec<Job>> {
    tx.sql(jobs!(
        "j.dataset_id = $1 AND j.id < $2 AND j.organization_id = $3 ORDER BY j.id DESC LIMIT CAST($4 AS BIGINT)"
    ))
    .bind(dataset)
    .bind(after.map_or(uuid::Uuid::max(), |id| id.0))
    .bind(organization)
    .bind(limit)
    .all()
    .await
}

/// How many jobs of a dataset its organization has, counted up to a number.
pub async fn count_of_dataset(
    tx: &mut Tx,
    organization: OrganizationId,
    dataset: ResourceId,
    most: i64,
) -> Result<i64> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT 1 AS one FROM job WHERE dataset_id = $1 AND organization_id = $2 LIMIT CAST($3 AS BIGINT)) AS first",
    )
    .bind(dataset)
    .bind(organization)
    .bind(most)
    .number()
    .await
}

/// A token of a job, with what it is bound to.
#[derive(Debug, Clone, FromRow)]
pub struct JobToken {
    #[sqlx(rename = "job_id")]
    pub job: JobId,
    #[sqlx(rename = "lease_id")]
    pub lease: LeaseId,
    #[sqlx(rename = "key_id")]
    pub key: KeyId,
    pub key_name: String,
}

/// Hands out a token of a job.
pub async fn insert_token(
    tx: &mut Tx,
    token_hash: &str,
    job: JobId,
    lease: LeaseId,
    key: KeyId,
    at: Timestamp,
) -> Result<()> {
    tx.sql("INSERT INTO job_token (token_hash, job_id, lease_id, key_id, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(token_hash.to_owned())
        .bind(job)
        .bind(lease)
        .bind(key)
        .bind(at)
        .execute()
        .await
        .map(|_| ())
}

/// A token by its digest, while its key works. Whether its lease is still the job's is another question.
pub async fn find_token(tx: &mut Tx, token_hash: &str) -> Result<Option<JobToken>> {
    tx.sql(
        "SELECT t.job_id, t.lease_id, t.key_id, k.name AS key_name FROM job_token t JOIN credential_key k ON k.id = t.key_id
         JOIN active_machine m ON m.person_id = t.key_id WHERE t.token_hash = $1",
    )
    .bind(token_hash.to_owned())
    .optional()
    .await
}

/// Forgets tokens of jobs that ended before a moment: until then an engine that comes late is told that its lease is lost.
pub async fn delete_tokens_before(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.sql(
        "DELETE FROM job_token WHERE created_at < $1 AND EXISTS (
            SELECT 1 FROM job j WHERE j.id = job_token.job_id AND j.ended_at IS NOT NULL AND j.ended_at < $1)",
    )
    .bind(before)
    .execute()
    .await
}
