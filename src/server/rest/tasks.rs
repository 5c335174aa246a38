//! `/orgs/{org}/tasks` and `/tasks/{id}`: long work that goes on by itself; `/undo`: taking a change back.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::server::{context::Ctx, usecase};

use super::{CurrentPerson, Json, PageBody, problem::Problem, trash::TaskBody};

/// The header in which a change says how it is taken back.
pub const UNDO: &str = "undo-token";

/// The headers of a change: with how it is taken back, if that is offered.
pub fn undoing(token: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(token) = token.and_then(|token| HeaderValue::from_str(token).ok()) {
        headers.insert(HeaderName::from_static(UNDO), token);
    }
    headers
}

/// The caller's long work in an organization: what runs, and what ended lately.
#[utoipa::path(get, path = "/orgs/{org}/tasks", tag = "drive", params(("org" = String, Path)),
    responses((status = 200, body = PageBody<TaskBody>), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
) -> Result<Json<PageBody<TaskBody>>, Problem> {
    let items = usecase::task::list(&ctx, &by, &org).await?.into_iter().map(Into::into).collect();
    Ok(Json(PageBody { items, next_cursor: None }))
}

/// How far a piece of long work of the caller's is.
#[utoipa::path(get, path = "/tasks/{id}", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = TaskBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
) -> Result<Json<TaskBody>, Problem> {
    Ok(Json(usecase::task::show(&ctx, &by, &path).await?.into()))
}

/// Cancels a piece of long work of the caller's: of a copy and of a transfer nothing is left; what was deleted for good is gone,
/// and the rest is in the trash again.
#[utoipa::path(delete, path = "/tasks/{id}", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = TaskBody), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn cancel(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
) -> Result<Json<TaskBody>, Problem> {
    Ok(Json(usecase::task::cancel(&ctx, &by, &path).await?.into()))
}

/// The same as `GET /tasks/{id}`.
#[utoipa::path(get, path = "/tasks/{id}", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = TaskBody), (status = 404, body = Problem)))]
pub async fn task(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
) -> Result<Json<TaskBody>, Problem> {
    Ok(Json(usecase::task::show(&ctx, &by, &path).await?.into()))
}

/// The same as `DELETE /tasks/{id}`.
#[utoipa::path(delete, path = "/tasks/{id}", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = TaskBody), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn cancel_job(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
) -> Result<Json<TaskBody>, Problem> {
    Ok(Json(usecase::task::cancel(&ctx, &by, &path).await?.into()))
}

/// Which change is to be taken back.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UndoBody {
    /// What the answer to the change said in its header `undo-token`.
    token: String,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UndoneBody {
    /// In words.
    message: String,
}

/// Takes a change of the caller's back, once: a new name, a move within an organization, the trash, an assignment to a site. It
/// is refused where things have changed since.
#[utoipa::path(post, path = "/undo", tag = "drive", request_body = UndoBody,
    responses((status = 200, body = UndoneBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn undo(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<UndoBody>,
) -> Result<Json<UndoneBody>, Problem> {
    Ok(Json(UndoneBody { message: usecase::undo::undo(&ctx, &by, &body.token).await? }))
}
