//! `/orgs/{org}/audit`.

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::spreadsheet::escape_formula,
    server::{
        context::Ctx,
        error::Result as Answer,
        usecase::{
            self,
            audit_log::{AuditQuery, Export, MAX_EXPORT_ROWS},
        },
    },
    view::ActivityView,
};

use super::{
    CurrentPerson, Json, PageBody, Params,
    export::{self, Format, Row, Rows},
    problem::Problem,
};

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
#[utoipa::path(get, path = "/orgs/{org}/audit", tag = "licences", params(("org" = String, Path), AuditQuery),
    responses((status = 200, body = PageBody<AuditBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(query): Params<AuditQuery>,
) -> Result<Json<PageBody<AuditBody>>, Problem> {
    Ok(Json(PageBody::of(usecase::audit_log::list(&ctx, &by, &org, &query).await?, Into::into)))
}

/// Which lines, and as what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ExportParams {
    /// `csv` or `json`. Default: `csv`.
    format: Option<String>,
    /// A person's id.
    actor: Option<String>,
    /// A stable word like `transfer.sent`.
    action: Option<String>,
    /// A day: not before it.
    from: Option<String>,
    /// A day: not after it.
    to: Option<String>,
}

/// The audit log of an organization as a file, newest first: at most 100,000 lines, as the header `x-row-limit` says;
/// `x-truncated` says whether there are more.
#[utoipa::path(get, path = "/orgs/{org}/audit/export", tag = "licences", params(("org" = String, Path), ExportParams),
    responses((status = 200, description = "The file"), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let query = AuditQuery {
        actor: params.actor,
        action: params.action,
        from: params.from,
        to: params.to,
        ..AuditQuery::default()
    };
    let export = usecase::audit_log::begin_export(&ctx, &by, &org, &query).await?;
    let format = Format::read(params.format.as_deref())?;
    // The organization was found, so this is an Org ID or a UUID. Filtered all the same, as it goes into a header.
    let name: String = org.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let truncated = export.truncated;
    Ok(export::answer(ctx, export, format, &format!("activity-{name}"), MAX_EXPORT_ROWS, truncated))
}

impl Rows for Export {
    type Row = AuditBody;

    async fn part(&mut self, ctx: &Ctx) -> Answer<Vec<AuditBody>> {
        Ok(self.next(ctx).await?.into_iter().map(Into::into).collect())
    }
}

impl Row for AuditBody {
    const HEADER: &'static [&'static str] =
        &["at", "actor", "actor_name", "action", "summary", "transfer", "before", "after", "address"];

    fn cells(self) -> Vec<String> {
        let state = |state: Option<serde_json::Value>| state.map(|state| state.to_string()).unwrap_or_default();
        let cells = [
            self.at,
            self.actor.unwrap_or_default(),
            self.actor_name,
            self.action,
            self.summary,
            self.transfer.unwrap_or_default(),
            state(self.before),
            state(self.after),
            self.address.unwrap_or_default(),
        ];
        cells.map(escape_formula).to_vec()
    }
}
