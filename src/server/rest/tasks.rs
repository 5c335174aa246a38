//! `/orgs/{org}/tasks` and `/tasks/{id}`: long work that goes on by itself; `/undo`: taking a change back.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    rpc::outcome,
    server::{context::Ctx, usecase},
    view::task::TaskView,
};

use super::{CurrentPerson, Json, PageBody, problem::Problem};

/// The header in which a change says how it is taken back.
pub const UNDO_TOKEN: &str = "undo-token";

/// The headers of a change: with how it is taken back, if that is offered.
pub fn undoing(token: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(token) = token.and_then(|token| HeaderValue::from_str(token).ok()) {
        headers.insert(HeaderName::from_static(UNDO_TOKEN), token);
    }
    headers
}

/// A task that runs in the background.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskBody {
    id: String,
    /// `copy`, `delete` or `transfer`.
    kind: &'static str,
    /// `running`, `done`, `failed` or `cancelled`.
    state: &'static str,
    name: String,
    /// The resource it created, once it is done.
    resource: Option<String>,
    /// The receipt of a transfer, once it is done.
    transfer: Option<String>,
    /// Whether it can be cancelled.
    cancellable: bool,
    /// How many items are done, as far as the answering node knows. A transfer is one step and shows 0 on other nodes.
    done: u64,
    total: u64,
    message: Option<String>,
    created_at: String,
    ended_at: Option<String>,
}

impl From<TaskView> for TaskBody {
    fn from(task: TaskView) -> Self {
        Self {
            id: task.id.to_string(),
            kind: task.kind.as_str(),
            state: task.state.as_str(),
            name: task.name,
            resource: task.resource.map(|id| id.to_string()),
            transfer: task.transfer.map(|id| id.to_string()),
            cancellable: task.cancellable,
            done: task.done,
            total: task.total,
            message: task.message,
            created_at: task.created_at.rfc3339(),
            ended_at: task.ended_at.map(crate::domain::time::Timestamp::rfc3339),
        }
    }
}

/// The caller's background tasks in an organization: running ones, and those that ended recently.
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

/// The progress of a background task of the caller.
#[utoipa::path(get, path = "/tasks/{id}", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = TaskBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
) -> Result<Json<TaskBody>, Problem> {
    Ok(Json(usecase::task::show(&ctx, &by, &path).await?.into()))
}

/// Cancels a background task of the caller. A copy or transfer leaves nothing behind; items already deleted for good
/// are gone, and the rest are back in the trash.
#[utoipa::path(delete, path = "/tasks/{id}", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = TaskBody), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn cancel(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
) -> Result<Json<TaskBody>, Problem> {
    Ok(Json(usecase::task::cancel(&ctx, &by, &path).await?.into()))
}

/// The change to undo.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UndoBody {
    /// The header `undo-token` of the response to the change.
    token: String,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UndoneBody {
    /// In words.
    message: String,
}

/// Undoes a change by the caller, once: a rename, a move within an organization, a move to the trash, or an assignment
/// to a site. It is refused if things have changed since.
#[utoipa::path(post, path = "/undo", tag = "drive", request_body = UndoBody,
    responses((status = 200, body = UndoneBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn undo(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<UndoBody>,
) -> Result<Json<UndoneBody>, Problem> {
    let undone = usecase::undo::undo(&ctx, &by, &body.token).await?;
    Ok(Json(UndoneBody { message: outcome::undone(&undone) }))
}
