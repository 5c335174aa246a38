//! `/orgs/{org}/audit`.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::view::ActivityView,
    server::{
        context::Ctx,
        usecase::{self, audit::AuditQuery},
    },
};

use super::{By, Json, PageBody, Params, problem::Problem};

/// Which lines.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct AuditParams {
    /// A person's id.
    actor: Option<String>,
    /// A stable word like `transfer.sent`.
    action: Option<String>,
    /// A day: not before it.
    from: Option<String>,
    /// A day: not after it.
    to: Option<String>,
    /// Where the page starts.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<i64>,
}

/// One line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditBody {
    at: String,
    /// The person; null for the operator.
    actor: Option<String>,
    actor_name: String,
    action: String,
    summary: String,
    transfer: Option<String>,
    #[schema(value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    #[schema(value_type = Option<Object>)]
    after: Option<serde_json::Value>,
    address: Option<String>,
}

impl From<ActivityView> for AuditBody {
    fn from(line: ActivityView) -> Self {
        Self {
            at: line.at.rfc3339(),
            actor: line.actor.map(|id| id.to_string()),
            actor_name: line.actor_name,
            action: line.action,
            summary: line.summary,
            transfer: line.transfer.map(|id| id.to_string()),
            before: line.before,
            after: line.after,
            address: line.address,
        }
    }
}

/// The audit log of an organization, newest first.
#[utoipa::path(get, path = "/orgs/{org}/audit", tag = "licences", params(("org" = String, Path), AuditParams),
    responses((status = 200, body = PageBody<AuditBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    By(by): By,
    Path(org): Path<String>,
    Params(params): Params<AuditParams>,
) -> Result<Json<PageBody<AuditBody>>, Problem> {
    let query = AuditQuery {
        actor: params.actor,
        action: params.action,
        from: params.from,
        to: params.to,
        cursor: params.cursor,
        limit: params.limit,
    };
    Ok(Json(PageBody::of(usecase::audit::list(&ctx, &by, &org, &query).await?, Into::into)))
}
