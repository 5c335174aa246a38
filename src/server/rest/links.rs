//! `/resources/{id}/links` and `/links`.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::time::Timestamp,
    server::{
        context::Ctx,
        usecase::link::{self, LinkForm},
    },
    view::link::ShareLinkView,
};

use super::{CurrentPerson, Json, PageBody, problem::Problem};

/// A new link.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewLinkBody {
    /// 8 to 128 characters. Without it, anyone who has the link sees the resource.
    password: Option<String>,
    /// A time like `2026-11-21T18:00:00Z`, or a day. Without it, the link works until it is revoked.
    expires_at: Option<String>,
}

/// A new link.
#[derive(Debug, Serialize, ToSchema)]
pub struct SharedLinkBody {
    id: String,
    url: String,
}

/// One link.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkBody {
    id: String,
    /// Null if it does not work.
    url: Option<String>,
    /// `on`, `expired`, or `moved` if a transfer stopped it.
    state: &'static str,
    has_password: bool,
    expires_at: Option<String>,
    created_at: String,
    last_opened_at: Option<String>,
}

impl From<ShareLinkView> for LinkBody {
    fn from(view: ShareLinkView) -> Self {
        Self {
            id: view.id.to_string(),
            url: view.url,
            state: view.standing.as_str(),
            has_password: view.has_password,
            expires_at: view.expires_at.map(Timestamp::rfc3339),
            created_at: view.created_at.rfc3339(),
            last_opened_at: view.last_opened_at.map(Timestamp::rfc3339),
        }
    }
}

/// Creates a link that shows a resource and its contents to anyone who has it.
#[utoipa::path(post, path = "/resources/{id}/links", tag = "drive", params(("id" = String, Path)), request_body = NewLinkBody,
    responses((status = 201, body = SharedLinkBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(body): Json<NewLinkBody>,
) -> Result<(StatusCode, Json<SharedLinkBody>), Problem> {
    let form =
        LinkForm { password: body.password.unwrap_or_default(), expires_at: body.expires_at.unwrap_or_default() };
    let made = link::create(&ctx, &by, &id, &form).await?;
    Ok((StatusCode::CREATED, Json(SharedLinkBody { id: made.id.to_string(), url: made.url })))
}

/// The links of a resource that are not revoked, newest first: all for callers who may create links, active ones for
/// callers who may copy them.
#[utoipa::path(get, path = "/resources/{id}/links", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = PageBody<LinkBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<Json<PageBody<LinkBody>>, Problem> {
    let items = link::list(&ctx, &by, &id).await?.links.into_iter().map(Into::into).collect();
    Ok(Json(PageBody { items, next_cursor: None }))
}

/// Revokes a link at once.
#[utoipa::path(delete, path = "/links/{id}", tag = "drive", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    link::revoke(&ctx, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
