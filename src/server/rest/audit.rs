//! `/orgs/{org}/audit`.

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{refusal::Refusal, text, view::ActivityView},
    server::{
        context::Ctx,
        error::{Error, Result as Answer},
        usecase::{
            self,
            audit::{AuditQuery, Export, LONGEST_EXPORT},
        },
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

/// Which lines, and as what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ExportParams {
    /// `csv` or `json`; `csv` where it is not given.
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

/// The audit log of an organization as a file, newest first: at most 100,000 lines, as the header `x-row-limit` says;
/// `x-truncated` says whether there are more.
#[utoipa::path(get, path = "/orgs/{org}/audit/export", tag = "licences", params(("org" = String, Path), ExportParams),
    responses((status = 200, description = "The file"), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export(
    State(ctx): State<Ctx>,
    By(by): By,
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
    let export = usecase::audit::begin_export(&ctx, &by, &org, &query).await?;
    let (format, kind, ending) = match params.format.as_deref() {
        None | Some("csv") => (Format::Csv, "text/csv; charset=utf-8", "csv"),
        Some("json") => (Format::Json, "application/json", "json"),
        Some(_) => return Err(Problem::refusal(&Refusal::field("format", text::Problem::NotAChoice))),
    };
    // An Org ID or a UUID, or else there was no such organization.
    let name: String = org.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"activity-{name}.{ending}\"")),
        (HeaderName::from_static("x-row-limit"), LONGEST_EXPORT.to_string()),
        (HeaderName::from_static("x-truncated"), export.truncated.to_string()),
    ];
    let file = File { ctx, export, format, lines: 0, ended: false };
    let body = Body::from_stream(stream::try_unfold(file, async |mut file: File| match file.part().await {
        Ok(Some(bytes)) => Ok(Some((bytes, file))),
        Ok(None) => Ok(None),
        Err(error) => {
            tracing::error!(%error, "an export stopped half way");
            Err(error)
        }
    }));
    Ok((headers, body).into_response())
}

/// A file that is being written.
struct File {
    ctx: Ctx,
    export: Export,
    format: Format,
    lines: usize,
    ended: bool,
}

impl File {
    /// The next part of it; nothing after the last.
    async fn part(&mut self) -> Answer<Option<Bytes>> {
        if self.ended {
            return Ok(None);
        }
        let rows = self.export.next(&self.ctx).await?;
        self.ended = rows.is_empty();
        let first = self.lines == 0;
        self.lines += rows.len();
        let bytes = match self.format {
            Format::Csv => csv_part(first, rows)?,
            Format::Json => json_part(first, self.ended, rows)?,
        };
        Ok(Some(bytes))
    }
}

fn csv_part(first: bool, rows: Vec<ActivityView>) -> Answer<Bytes> {
    let failed = |error: String| Error::Internal(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    if first {
        let heads = ["at", "actor", "actor_name", "action", "summary", "transfer", "before", "after", "address"];
        writer.write_record(heads).map_err(|error| failed(error.to_string()))?;
    }
    for row in rows {
        let row = AuditBody::from(row);
        let state = |state: Option<serde_json::Value>| state.map(|state| state.to_string()).unwrap_or_default();
        let cells = [
            row.at,
            row.actor.unwrap_or_default(),
            row.actor_name,
            row.action,
            row.summary,
            row.transfer.unwrap_or_default(),
            state(row.before),
            state(row.after),
            row.address.unwrap_or_default(),
        ];
        writer.write_record(cells.map(inert)).map_err(|error| failed(error.to_string()))?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| failed(error.to_string()))
}

/// A cell that no spreadsheet takes for a formula.
pub(super) fn inert(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

fn json_part(first: bool, last: bool, rows: Vec<ActivityView>) -> Answer<Bytes> {
    let mut bytes = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        bytes.extend_from_slice(if first && index == 0 { b"[\n" } else { b",\n" });
        serde_json::to_writer(&mut bytes, &AuditBody::from(row)).map_err(|error| Error::Internal(error.to_string()))?;
    }
    if last {
        bytes.extend_from_slice(if first { b"[]\n" } else { b"\n]\n" });
    }
    Ok(Bytes::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn audit_1_no_cell_is_a_formula() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@a", "'@a"),
            ("\ta", "'\ta"),
            ("\ra", "'\ra"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(inert(cell.to_owned()), written);
        }
    }
}
