//! `/engine/…` (JOB-6): what engines call. They take a job with a token of a credential key that has the scope `engine`, and do
//! everything else with the token of that job.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::{
    domain::refusal::Refusal,
    server::{
        context::{Actor, Ctx},
        usecase::{
            engine::{self, ClaimForm, ClaimedJob, LineForm},
            upload::{
                PlannedFileForm,
                output::{self, OutputForm},
            },
        },
    },
};

use super::{
    CurrentActor, CurrentJob, Json, PageBody, PageParams, Params, download::Download, problem::Problem,
    uploads::UploadPlanBody,
};

/// What an engine asks for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimBody {
    /// 1 to 50 slugs of apps that the organization of the key publishes.
    apps: Vec<String>,
    /// For how many seconds to wait for a job: 0 (the default) to 30.
    wait: i64,
}

/// A job that an engine has taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimedJobBody {
    /// The id of the job.
    job: String,
    /// To be named in every call that writes.
    lease: String,
    /// Until when it is this engine's without a sign of life.
    lease_until: String,
    /// The bearer token for all other calls about this job.
    token: String,
    /// The app's slug.
    app: String,
    version: i64,
    /// The values of its options, by their names.
    #[schema(value_type = Object)]
    options: BTreeMap<String, String>,
    dataset_name: String,
    /// How many images there are.
    images: i64,
    /// A digest of the paths and checksums of all inputs.
    inputs_digest: Option<String>,
    /// Which attempt this is, from 1.
    attempt: i64,
    /// When the time of its version is over.
    deadline: Option<String>,
    /// Where its inputs are listed.
    inputs_url: String,
    heartbeat_seconds: i64,
}

impl From<ClaimedJob> for ClaimedJobBody {
    fn from(claimed: ClaimedJob) -> Self {
        let job = claimed.job;
        Self {
            inputs_url: format!("/api/v1/engine/jobs/{}/inputs", job.id),
            job: job.id.to_string(),
            lease: claimed.lease.to_string(),
            lease_until: claimed.lease_until.rfc3339(),
            token: claimed.token,
            app: job.app_slug,
            version: job.app_version,
            options: serde_json::from_str(&job.options).unwrap_or_default(),
            dataset_name: job.dataset_name,
            images: job.images,
            inputs_digest: job.inputs_digest,
            attempt: job.attempts,
            deadline: job.deadline_at.map(crate::domain::time::Timestamp::rfc3339),
            heartbeat_seconds: claimed.heartbeat_seconds,
        }
    }
}

/// Takes the job that waits longest for one of the apps; 204 where there is none.
#[utoipa::path(post, path = "/engine/claim", tag = "engine", request_body = ClaimBody,
    responses((status = 200, body = ClaimedJobBody), (status = 204, description = "There is no job"), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn claim(
    State(ctx): State<Ctx>,
    CurrentActor(by): CurrentActor,
    Json(body): Json<ClaimBody>,
) -> Result<Response, Problem> {
    let Actor::Key(key) = by else {
        let text = "Engines take jobs with a token of a credential key that has the scope “engine”.";
        return Err(Problem::refusal(&Refusal::Forbidden(text.to_owned())));
    };
    let form = ClaimForm { apps: body.apps, wait: body.wait };
    match engine::claim(&ctx, &key, &form).await? {
        Some(claimed) => Ok(Json(ClaimedJobBody::from(claimed)).into_response()),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// A sign of life.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeartbeatBody {
    lease: String,
    /// 0 to 1,000; what it was where it is left out.
    progress: Option<i64>,
    /// What it does, in a few words; what it was where it is left out.
    step: Option<String>,
}

/// What an engine is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct BeatBody {
    /// `running`, or `cancel`: stop, and say so with `fail` or `release`.
    state: &'static str,
    lease_until: String,
    heartbeat_seconds: i64,
}

/// Says how far a job is, and holds its lease for longer.
#[utoipa::path(post, path = "/engine/jobs/{id}/heartbeat", tag = "engine", params(("id" = String, Path)), request_body = HeartbeatBody,
    responses((status = 200, body = BeatBody), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn heartbeat(
    State(ctx): State<Ctx>,
    CurrentJob(by): CurrentJob,
    Path(id): Path<String>,
    Json(body): Json<HeartbeatBody>,
) -> Result<Json<BeatBody>, Problem> {
    let beat = engine::heartbeat(&ctx, &by, &id, &body.lease, body.progress, body.step.as_deref()).await?;
    Ok(Json(BeatBody {
        state: if beat.cancel { "cancel" } else { "running" },
        lease_until: beat.lease_until.rfc3339(),
        heartbeat_seconds: beat.heartbeat_seconds,
    }))
}

/// A line of a log.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewLogLineBody {
    /// When, like `2026-11-21T18:00:00Z`; now where it is left out.
    at: Option<String>,
    /// `debug`, `info` (the default), `warning` or `error`.
    level: Option<String>,
    /// Escape sequences are taken out; 4,096 bytes are kept.
    text: String,
}

/// Lines of a log.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewLogBody {
    lease: String,
    /// The number of the first line, from 1 on in each attempt. Lines that were sent already stay as they are.
    first: i64,
    /// At most 2,000 lines and 256 kB.
    lines: Vec<NewLogLineBody>,
}

/// How long a log is.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogWrittenBody {
    /// How many lines it has, those of earlier attempts among them.
    lines: i64,
}

/// Writes lines of a job's log.
#[utoipa::path(post, path = "/engine/jobs/{id}/log", tag = "engine", params(("id" = String, Path)), request_body = NewLogBody,
    responses((status = 200, body = LogWrittenBody), (status = 404, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn log(
    State(ctx): State<Ctx>,
    CurrentJob(by): CurrentJob,
    Path(id): Path<String>,
    Json(body): Json<NewLogBody>,
) -> Result<Json<LogWrittenBody>, Problem> {
    let lines: Vec<LineForm> = body
        .lines
        .into_iter()
        .map(|line| LineForm {
            at: line.at.unwrap_or_default(),
            level: line.level.unwrap_or_default(),
            text: line.text,
        })
        .collect();
    let lines = engine::log(&ctx, &by, &id, &body.lease, body.first, &lines).await?;
    Ok(Json(LogWrittenBody { lines }))
}

/// An input of a job.
#[derive(Debug, Serialize, ToSchema)]
pub struct InputBody {
    number: i64,
    path: String,
    bytes: i64,
    sha256: String,
    /// Where its bytes are; ranges work.
    url: String,
}

/// The inputs of a job, in the order of their numbers: they do not change while it is under way.
#[utoipa::path(get, path = "/engine/jobs/{id}/inputs", tag = "engine", params(("id" = String, Path), PageParams),
    responses((status = 200, body = PageBody<InputBody>), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn inputs(
    State(ctx): State<Ctx>,
    CurrentJob(by): CurrentJob,
    Path(id): Path<String>,
    Params(page): Params<PageParams>,
) -> Result<Json<PageBody<InputBody>>, Problem> {
    let inputs = engine::inputs(&ctx, &by, &id, &page.cursor, page.limit).await?;
    Ok(Json(PageBody::of(inputs, |input| InputBody {
        url: format!("/api/v1/engine/jobs/{}/inputs/{}", by.job, input.number),
        number: input.number,
        path: input.path,
        bytes: input.bytes,
        sha256: input.sha256,
    })))
}

/// The bytes of an input, or one range of them.
#[utoipa::path(get, path = "/engine/jobs/{id}/inputs/{number}", tag = "engine",
    params(("id" = String, Path), ("number" = i64, Path), ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 206, body = Vec<u8>, content_type = "application/octet-stream"), (status = 304), (status = 404, body = Problem), (status = 409, body = Problem), (status = 416, body = Problem)))]
pub async fn input(
    State(ctx): State<Ctx>,
    CurrentJob(by): CurrentJob,
    Path((id, number)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let content = engine::input_content(&ctx, &by, &id, &number).await?;
    Download::of_file(&content.file).answer(&method, &headers, |part| content.read(&ctx, part)).await
}

/// An output to be sent.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewOutputBody {
    /// Its path among the results.
    path: String,
    bytes: i64,
    modified: Option<String>,
    /// `orthophoto`, `mosaic`, `dsm`, `dtm`, `coverage`, `point_cloud`, `mesh`, `index`, `report`, `log` or `other` (the default).
    role: Option<String>,
}

/// Outputs to be sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewOutputsBody {
    lease: String,
    /// 1 to 500 files.
    outputs: Vec<NewOutputBody>,
}

/// Plans outputs: says for each where to send it by tus, with the token of the job. Nobody sees them until the job is complete.
#[utoipa::path(post, path = "/engine/jobs/{id}/outputs", tag = "engine", params(("id" = String, Path)), request_body = NewOutputsBody,
    responses((status = 200, body = UploadPlanBody), (status = 402, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn outputs(
    State(ctx): State<Ctx>,
    CurrentJob(by): CurrentJob,
    Path(id): Path<String>,
    Json(body): Json<NewOutputsBody>,
) -> Result<Json<UploadPlanBody>, Problem> {
    let outputs: Vec<OutputForm> = body
        .outputs
        .into_iter()
        .map(|output| OutputForm {
            file: PlannedFileForm {
                path: output.path,
                bytes: output.bytes,
                modified: output.modified.unwrap_or_default(),
            },
            role: output.role.unwrap_or_default(),
        })
        .collect();
    Ok(Json(UploadPlanBody::of(output::plan(&ctx, &by, &id, &body.lease, &outputs).await?)))
}

/// The end of a job.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CompleteBody {
    lease: String,
    /// How many outputs were sent: refused if others are here.
    outputs: Option<i64>,
}

/// What became of a job.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobEndBody {
    /// `done`, `failed`, `queued` or `cancelled`: somebody wanted it to end.
    state: &'static str,
}

/// Completes a job: its outputs become results of the dataset, in the place of what the same app made before, in one step.
#[utoipa::path(post, path = "/engine/jobs/{id}/complete", tag = "engine", params(("id" = String, Path)), request_body = CompleteBody,
    responses((status = 200, body = JobEndBody), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn complete(
    State(ctx): State<Ctx>,
    CurrentJob(by): CurrentJob,
    Path(id): Path<String>,
    Json(body): Json<CompleteBody>,
) -> Result<Json<JobEndBody>, Problem> {
    let state = engine::complete(&ctx, &by, &id, &body.lease, body.outputs).await?;
    Ok(Json(JobEndBody { state: state.as_str() }))
}

/// Why a job did not work.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FailBody {
    lease: String,
    /// `app_error`, `input_error` or `insufficient_resources`.
    kind: String,
    /// In words, for the person who started it.
    message: String,
}

/// Says that a job did not work. What was charged is given back, and earlier results stay as they were.
#[utoipa::path(post, path = "/engine/jobs/{id}/fail", tag = "engine", params(("id" = String, Path)), request_body = FailBody,
    responses((status = 200, body = JobEndBody), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn fail(
    State(ctx): State<Ctx>,
    CurrentJob(by): CurrentJob,
    Path(id): Path<String>,
    Json(body): Json<FailBody>,
) -> Result<Json<JobEndBody>, Problem> {
    let state = engine::fail(&ctx, &by, &id, &body.lease, &body.kind, &body.message).await?;
    Ok(Json(JobEndBody { state: state.as_str() }))
}

/// A lease to give back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReleaseBody {
    lease: String,
}

/// Gives a job back: it is queued again, and this attempt does not count.
#[utoipa::path(post, path = "/engine/jobs/{id}/release", tag = "engine", params(("id" = String, Path)), request_body = ReleaseBody,
    responses((status = 200, body = JobEndBody), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn release(
    State(ctx): State<Ctx>,
    CurrentJob(by): CurrentJob,
    Path(id): Path<String>,
    Json(body): Json<ReleaseBody>,
) -> Result<Json<JobEndBody>, Problem> {
    let state = engine::release(&ctx, &by, &id, &body.lease).await?;
    Ok(Json(JobEndBody { state: state.as_str() }))
}
