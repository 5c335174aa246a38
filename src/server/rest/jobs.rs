//! `/datasets/{id}/jobs`, `/orgs/{org}/jobs` and `/jobs/{id}` (JOB-2, JOB-3).

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{licence::Amount, spreadsheet::escape_formula, time::Timestamp},
    server::{
        context::Ctx,
        error::Error,
        usecase::job::{
            self,
            list::{self, JobsQuery},
        },
    },
    view::job::{JobPlanView, JobView, LogLineView, LogView},
};

use super::{
    CurrentPerson, Json, PageBody, PageParams, Params,
    apps::{AppOptionBody, as_text},
    export::{self, Format, Row, Rows},
    problem::Problem,
};

/// What a job costs.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PriceBody {
    images: i64,
    projects: i64,
    credits: i64,
}

impl From<Amount> for PriceBody {
    fn from(Amount { images, projects, credits }: Amount) -> Self {
        Self { images, projects, credits }
    }
}

/// What a job may cost at most.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum MaxPriceBody {
    /// So many credits, or so many images and whatever projects.
    Number(i64),
    /// The `price` of a plan.
    Amount(PriceBody),
}

impl From<MaxPriceBody> for Amount {
    fn from(body: MaxPriceBody) -> Self {
        match body {
            MaxPriceBody::Number(most) => Self { images: most, projects: i64::MAX, credits: most },
            MaxPriceBody::Amount(PriceBody { images, projects, credits }) => Self { images, projects, credits },
        }
    }
}

/// What was charged for a job.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobPriceBody {
    images: i64,
    projects: i64,
    credits: i64,
    /// Whether it was given back.
    refunded: bool,
}

/// Why a job failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobFailureBody {
    /// `app_error`, `input_error`, `insufficient_resources`, `engine_lost` or `timeout`.
    kind: &'static str,
    message: String,
}

/// Who started a job, or the dataset that it is on.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedBody {
    id: String,
    name: String,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobBody {
    id: String,
    /// `waiting_for_credits`, `queued`, `running`, `cancelling`, `done`, `failed` or `cancelled`.
    state: &'static str,
    /// In thousandths.
    progress: i64,
    step: String,
    /// The app's slug.
    app: String,
    app_title: String,
    version: i64,
    options: BTreeMap<String, String>,
    /// The id of the organization that pays.
    organization: String,
    dataset: NamedBody,
    person: NamedBody,
    /// The engine that is, or was last, at it.
    engine: Option<String>,
    attempts: i64,
    /// How many images it works on.
    images: i64,
    /// A digest of the paths and checksums of all inputs.
    inputs_digest: Option<String>,
    log_lines: i64,
    created_at: String,
    queued_at: Option<String>,
    started_at: Option<String>,
    ended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<JobFailureBody>,
    /// Only for people of the organization that pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<JobPriceBody>,
}

impl From<JobView> for JobBody {
    fn from(view: JobView) -> Self {
        Self {
            id: view.id.to_string(),
            state: view.state.as_str(),
            progress: view.progress,
            step: view.step,
            app: view.app_slug,
            app_title: view.app_title,
            version: view.app_version,
            options: view.options,
            organization: view.organization.to_string(),
            dataset: NamedBody { id: view.dataset.to_string(), name: view.dataset_name },
            person: NamedBody { id: view.person.to_string(), name: view.person_name },
            engine: view.engine,
            attempts: view.attempts,
            images: view.images,
            inputs_digest: view.inputs_digest,
            log_lines: view.log_lines,
            created_at: view.created_at.rfc3339(),
            queued_at: view.queued_at.map(Timestamp::rfc3339),
            started_at: view.started_at.map(Timestamp::rfc3339),
            ended_at: view.ended_at.map(Timestamp::rfc3339),
            failure: view.failure.map(|(kind, message)| JobFailureBody { kind: kind.as_str(), message }),
            price: view.price.map(|price| JobPriceBody {
                images: price.amount.images,
                projects: price.amount.projects,
                credits: price.amount.credits,
                refunded: price.refunded,
            }),
        }
    }
}

/// What a job would cost, and what is in the way.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobPlanBody {
    app: String,
    version: i64,
    options: Vec<AppOptionBody>,
    /// Only for people of the organization that pays, as is `balance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PriceBody>,
    /// What is left of the licence that would pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<PriceBody>,
    /// `images_projects` or `credits`; null without a licence.
    model: Option<&'static str>,
    /// Why it cannot begin, or would wait for credits, in words.
    missing: Vec<String>,
}

impl From<JobPlanView> for JobPlanBody {
    fn from(view: JobPlanView) -> Self {
        let missing = view.blocked.into_iter().chain(view.waits).collect();
        Self {
            app: view.app_slug,
            version: view.version,
            options: view.options.into_iter().map(Into::into).collect(),
            price: view.price.map(Into::into),
            balance: view.balance.map(Into::into),
            model: view.model.map(crate::domain::licence::Model::as_str),
            missing,
        }
    }
}

/// An app to run.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewJobBody {
    /// The app's slug.
    app: String,
    /// The newest one where it is left out.
    version: Option<i64>,
    /// Values of options by their names: texts, numbers or booleans. Those that are left out are what the version says.
    #[schema(value_type = Object)]
    options: BTreeMap<String, Value>,
    /// What it may cost at most: `price_changed` if it costs more.
    max_price: Option<MaxPriceBody>,
}

/// Whether only to plan.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct NewJobParams {
    /// With `true`, says what it would cost and what is in the way, and begins nothing.
    plan: bool,
}

/// Starts an app on a dataset. What can be paid is charged and queued; what cannot waits for credits, and starts by itself.
#[utoipa::path(post, path = "/datasets/{id}/jobs", tag = "jobs", params(("id" = String, Path), NewJobParams), request_body = NewJobBody,
    responses((status = 200, body = JobPlanBody, description = "What it would cost, with `plan=true`"), (status = 201, body = JobBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(params): Params<NewJobParams>,
    Json(body): Json<NewJobBody>,
) -> Result<Response, Problem> {
    let form = job::StartForm {
        app: body.app,
        version: body.version,
        options: body.options.iter().map(|(name, value)| (name.clone(), as_text(value))).collect(),
        max_price: body.max_price.map(Into::into),
    };
    if params.plan {
        let plan: JobPlanBody = job::plan(&ctx, &by, &id, &form).await?.into();
        return Ok(Json(plan).into_response());
    }
    let started: JobBody = job::start(&ctx, &by, &id, &form).await?.into();
    Ok((StatusCode::CREATED, Json(started)).into_response())
}

/// The jobs of a dataset, newest first.
#[utoipa::path(get, path = "/datasets/{id}/jobs", tag = "jobs", params(("id" = String, Path), PageParams),
    responses((status = 200, body = PageBody<JobBody>), (status = 404, body = Problem)))]
pub async fn list_of_dataset(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(page): Params<PageParams>,
) -> Result<Json<PageBody<JobBody>>, Problem> {
    Ok(Json(PageBody::of(list::list_of_dataset(&ctx, &by, &id, &page.cursor, page.limit).await?, Into::into)))
}

/// The jobs of an organization, newest first: all for who sees everything there, else those that the caller started.
#[utoipa::path(get, path = "/orgs/{org}/jobs", tag = "jobs", params(("org" = String, Path), JobsQuery),
    responses((status = 200, body = PageBody<JobBody>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list_of(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(query): Params<JobsQuery>,
) -> Result<Json<PageBody<JobBody>>, Problem> {
    Ok(Json(PageBody::of(list::list(&ctx, &by, &org, &query).await?, Into::into)))
}

/// Which jobs are exported, and as what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct JobsExportParams {
    /// `csv` or `json`. Default: `csv`.
    format: Option<String>,
    /// `waiting_for_credits`, `queued`, `running`, `cancelling`, `done`, `failed` or `cancelled`.
    state: String,
    /// The slug of an app.
    app: String,
    /// The id of who started it; `me` for oneself.
    person: String,
    /// The id of a dataset.
    dataset: String,
    /// Only those that began on this day or later, or at this moment.
    from: String,
    /// Only those that began on this day or earlier, or before this moment.
    to: String,
}

/// The jobs of an organization as a file, newest first: at most 100,000 jobs, as the header `x-row-limit` says; `x-truncated` says
/// whether there are more. What they cost is in it for people of the organization that pays.
#[utoipa::path(get, path = "/orgs/{org}/jobs/export", tag = "jobs", params(("org" = String, Path), JobsExportParams),
    responses((status = 200, description = "The file"), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export_of(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(params): Params<JobsExportParams>,
) -> Result<Response, Problem> {
    let JobsExportParams { format, state, app, person, dataset, from, to } = params;
    let format = Format::read(format.as_deref())?;
    let query = JobsQuery { state, app, person, dataset, from, to, ..JobsQuery::default() };
    let export = list::begin_export(&ctx, &by, &org, query).await?;
    // The organization was found, so this is an Org ID or a UUID. Filtered all the same, as it goes into a header.
    let name: String = org.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let truncated = export.truncated;
    Ok(export::answer(ctx, export, format, &format!("jobs-{name}"), list::MAX_EXPORT_ROWS, truncated))
}

impl Rows for list::Export {
    type Row = JobBody;

    fn header(&self) -> Vec<&'static str> {
        let prices: &[&str] = if self.has_prices { &PRICE_HEADER } else { &[] };
        [JobBody::HEADER, prices].concat()
    }

    async fn part(&mut self, ctx: &Ctx) -> Result<Vec<JobBody>, Error> {
        Ok(self.next(ctx).await?.into_iter().map(Into::into).collect())
    }
}

/// What follows [`JobBody::HEADER`] for who sees what jobs cost.
const PRICE_HEADER: [&str; 4] = ["price_images", "price_projects", "price_credits", "refunded"];

impl Row for JobBody {
    const HEADER: &'static [&'static str] = &[
        "id",
        "state",
        "app",
        "version",
        "dataset",
        "dataset_name",
        "person",
        "person_name",
        "engine",
        "attempts",
        "images",
        "created_at",
        "queued_at",
        "started_at",
        "ended_at",
        "failure_kind",
        "failure",
    ];

    fn cells(self) -> Vec<String> {
        let (kind, message) =
            self.failure.map(|failure| (failure.kind.to_owned(), failure.message)).unwrap_or_default();
        let cells = [
            self.id,
            self.state.to_owned(),
            self.app,
            self.version.to_string(),
            self.dataset.id,
            self.dataset.name,
            self.person.id,
            self.person.name,
            self.engine.unwrap_or_default(),
            self.attempts.to_string(),
            self.images.to_string(),
            self.created_at,
            self.queued_at.unwrap_or_default(),
            self.started_at.unwrap_or_default(),
            self.ended_at.unwrap_or_default(),
            kind,
            message,
        ];
        let prices = self.price.map(|price| {
            let amounts = [price.images, price.projects, price.credits].map(|amount| amount.to_string());
            [amounts.to_vec(), vec![price.refunded.to_string()]].concat()
        });
        cells.into_iter().chain(prices.unwrap_or_default()).map(escape_formula).collect()
    }
}

/// One job.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = JobBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<Json<JobBody>, Problem> {
    Ok(Json(list::show(&ctx, &by, &id).await?.into()))
}

/// Which lines of a log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct LogParams {
    /// The number of the first line. Default: 1.
    from: i64,
    /// 1 to 1,000. Default: 1,000.
    limit: Option<i64>,
}

/// A line of a log.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogLineBody {
    /// From 1.
    number: i64,
    at: String,
    /// `debug`, `info`, `warning` or `error`.
    level: &'static str,
    text: String,
}

impl From<LogLineView> for LogLineBody {
    fn from(line: LogLineView) -> Self {
        Self { number: line.number, at: line.at.rfc3339(), level: line.level.as_str(), text: line.text }
    }
}

/// Lines of a log.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogBody {
    items: Vec<LogLineBody>,
    /// What to pass as `from` for the lines behind these.
    next: i64,
    /// Whether more may come.
    open: bool,
}

impl From<LogView> for LogBody {
    fn from(view: LogView) -> Self {
        Self { items: view.lines.into_iter().map(Into::into).collect(), next: view.next, open: view.is_open }
    }
}

/// Lines of a job's log, from a number on.
#[utoipa::path(get, path = "/jobs/{id}/log", tag = "jobs", params(("id" = String, Path), LogParams),
    responses((status = 200, body = LogBody), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn log(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(params): Params<LogParams>,
) -> Result<Json<LogBody>, Problem> {
    Ok(Json(list::log(&ctx, &by, &id, params.from, params.limit).await?.into()))
}

/// A job's log as text, a line each: when, how much it matters, and what it says.
#[utoipa::path(get, path = "/jobs/{id}/log.txt", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = Problem)))]
pub async fn log_text(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let first = list::log(&ctx, &by, &id, 1, None).await?;
    let name = format!("attachment; filename=\"job-{}.log.txt\"", list::show(&ctx, &by, &id).await?.id);
    let pages = stream::try_unfold(Some(first), move |page| {
        let (ctx, by, id) = (ctx.clone(), by.clone(), id.clone());
        async move {
            let Some(page) = page.filter(|page| !page.lines.is_empty()) else { return Ok::<_, Error>(None) };
            let line = |line: &LogLineView| {
                format!("{} {:<7} {}\n", line.at.rfc3339(), line.level.label().to_uppercase(), line.text)
            };
            let text: String = page.lines.iter().map(line).collect();
            Ok(Some((text, Some(list::log(&ctx, &by, &id, page.next, None).await?))))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from_stream(pages)).into_response())
}

/// Cancels a job. Before an engine is at it, it ends at once and is refunded; else it is `cancelling` until the engine has stopped.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = JobBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<Json<JobBody>, Problem> {
    Ok(Json(job::cancel(&ctx, &by, &id).await?.into()))
}

/// What running it again may cost.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgainBody {
    max_price: Option<MaxPriceBody>,
}

/// Runs a job again: the same version of the app with the same options, on what the dataset holds now.
#[utoipa::path(post, path = "/jobs/{id}/again", tag = "jobs", params(("id" = String, Path)), request_body = AgainBody,
    responses((status = 201, body = JobBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn again(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(body): Json<AgainBody>,
) -> Result<(StatusCode, Json<JobBody>), Problem> {
    let started = job::again(&ctx, &by, &id, body.max_price.map(Into::into)).await?;
    Ok((StatusCode::CREATED, Json(started.into())))
}
