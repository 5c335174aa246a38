//! `/orgs/{org}/licences`, `/licences/{id}/ledger` and its export.

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
    domain::{
        licence::{Amount, Family, Model},
        refusal::Refusal,
        text,
        view::{EntryView, LicenceView},
    },
    server::{
        context::{Actor, Ctx},
        error::{Error, Result as Answer},
        usecase::{
            self,
            licence::{Export, LONGEST_EXPORT, LedgerQuery},
        },
    },
};

use super::{By, ByAny, Json, PageBody, Params, problem::Problem};

/// What there is in all and what has been used of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageBody {
    total: i64,
    used: i64,
}

/// A licence.
#[derive(Debug, Serialize, ToSchema)]
pub struct LicenceBody {
    id: String,
    product: &'static str,
    /// `desktop` or `cloud`.
    family: &'static str,
    /// The product's name without its family; the same as `product`.
    tier: &'static str,
    /// `images_projects` or `credits`; null for desktop.
    model: Option<&'static str>,
    /// Images & Projects only.
    images: Option<UsageBody>,
    /// Images & Projects only.
    projects: Option<UsageBody>,
    /// What is left; Credits only.
    credits: Option<i64>,
    seats: Option<i64>,
    /// `upcoming`, `active` or `expired`.
    state: &'static str,
    active_from: String,
    active_until: Option<String>,
    account: String,
    /// How many seats are given or taken; desktop only, and not while it is lent to another organization.
    seats_used: Option<u64>,
    /// That it is lent to, or borrowed from, another account now (ACCT-3).
    loan: Option<LoanTermBody>,
}

/// That a licence is lent, or borrowed.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoanTermBody {
    /// The loan.
    id: String,
    /// `lent`: who owns it cannot use it. `borrowed`: it is another organization's.
    direction: &'static str,
    /// The organization on the other side.
    organization: String,
    /// The Sharing ID on the other side.
    sharing_id: String,
    /// Its last day.
    until: String,
}

impl From<LicenceView> for LicenceBody {
    fn from(view: LicenceView) -> Self {
        let by_images = view.model == Some(Model::ImagesProjects);
        let usage = |part: fn(&Amount) -> i64| {
            by_images.then(|| UsageBody { total: part(&view.total), used: part(&view.used) })
        };
        Self {
            id: view.id.to_string(),
            product: view.product.word(),
            family: match view.product.family() {
                Family::Desktop => "desktop",
                Family::Cloud => "cloud",
            },
            tier: view.product.word(),
            model: view.model.map(Model::word),
            images: usage(|amount| amount.images),
            projects: usage(|amount| amount.projects),
            credits: (view.model == Some(Model::Credits)).then_some(view.left.credits),
            seats: view.seats,
            state: view.state.word(),
            active_from: view.active_from.rfc3339(),
            active_until: view.active_until.map(crate::domain::time::Timestamp::rfc3339),
            account: view.account.to_string(),
            seats_used: view.seats_used,
            loan: view.loan.map(|loan| LoanTermBody {
                id: loan.id.to_string(),
                direction: loan.direction.word(),
                organization: loan.other,
                sharing_id: loan.sharing_id,
                until: loan.until.iso(),
            }),
        }
    }
}

/// The licences of an organization.
#[utoipa::path(get, path = "/orgs/{org}/licences", tag = "licences", params(("org" = String, Path)),
    responses((status = 200, body = PageBody<LicenceBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    ByAny(by): ByAny,
    Path(org): Path<String>,
) -> Result<Json<PageBody<LicenceBody>>, Problem> {
    let licences = match by {
        Actor::Person(by) => usecase::licence::list(&ctx, &by, &org).await?,
        Actor::Key(by) => usecase::licence::list_by_key(&ctx, &by, &org).await?,
    };
    let items = licences.into_iter().map(Into::into).collect();
    Ok(Json(PageBody { items, next_cursor: None }))
}

/// One change of what is left of a licence.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryBody {
    /// Its number in the books of the licence, from 1.
    number: i64,
    at: String,
    /// `grant`, `spend`, `refund`, `transfer_out` or `transfer_in`.
    kind: &'static str,
    images: i64,
    projects: i64,
    credits: i64,
    /// What was left after it.
    images_after: i64,
    /// What was left after it.
    projects_after: i64,
    /// What was left after it.
    credits_after: i64,
    transfer: Option<String>,
    resource: Option<String>,
    /// What that is called, while it is in the organization.
    resource_name: Option<String>,
}

impl From<EntryView> for EntryBody {
    fn from(entry: EntryView) -> Self {
        Self {
            number: entry.number,
            at: entry.at.rfc3339(),
            kind: entry.kind.word(),
            images: entry.change.images,
            projects: entry.change.projects,
            credits: entry.change.credits,
            images_after: entry.left.images,
            projects_after: entry.left.projects,
            credits_after: entry.left.credits,
            transfer: entry.transfer.map(|id| id.to_string()),
            resource: entry.resource.map(|id| id.to_string()),
            resource_name: entry.resource_name,
        }
    }
}

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerParams {
    /// `grant`, `spend`, `refund`, `transfer_out` or `transfer_in`.
    kind: Option<String>,
    /// A day: not before it.
    from: Option<String>,
    /// A day: not after it.
    to: Option<String>,
    /// Where the page starts.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<i64>,
}

/// A licence's ledger, newest first.
#[utoipa::path(get, path = "/licences/{id}/ledger", tag = "licences", params(("id" = String, Path), LedgerParams),
    responses((status = 200, body = PageBody<EntryBody>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn ledger(
    State(ctx): State<Ctx>,
    ByAny(by): ByAny,
    Path(id): Path<String>,
    Params(params): Params<LedgerParams>,
) -> Result<Json<PageBody<EntryBody>>, Problem> {
    let LedgerParams { kind, from, to, cursor, limit } = params;
    let query = LedgerQuery { kind, from, to, cursor, limit };
    let page = match by {
        Actor::Person(by) => usecase::licence::ledger(&ctx, &by, &id, &query).await?,
        Actor::Key(by) => usecase::licence::ledger_by_key(&ctx, &by, &id, &query).await?,
    };
    Ok(Json(PageBody::of(page, Into::into)))
}

/// Which entries, and as what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ExportParams {
    /// `csv` or `json`; `csv` where it is not given.
    format: Option<String>,
    /// `grant`, `spend`, `refund`, `transfer_out` or `transfer_in`.
    kind: Option<String>,
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

/// A licence's ledger as a file, newest first: at most 100,000 entries, as the header `x-row-limit` says; `x-truncated`
/// says whether there are more.
#[utoipa::path(get, path = "/licences/{id}/ledger/export", tag = "licences", params(("id" = String, Path), ExportParams),
    responses((status = 200, description = "The file"), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export(
    State(ctx): State<Ctx>,
    By(by): By,
    Path(id): Path<String>,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let ExportParams { format, kind, from, to } = params;
    let query = LedgerQuery { kind, from, to, ..LedgerQuery::default() };
    let export = usecase::licence::begin_export(&ctx, &by, &id, &query).await?;
    let (format, kind, ending) = match format.as_deref() {
        None | Some("csv") => (Format::Csv, "text/csv; charset=utf-8", "csv"),
        Some("json") => (Format::Json, "application/json", "json"),
        Some(_) => return Err(Problem::refusal(&Refusal::field("format", text::Problem::NotAChoice))),
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"ledger-{}.{ending}\"", export.licence())),
        (HeaderName::from_static("x-row-limit"), LONGEST_EXPORT.to_string()),
        (HeaderName::from_static("x-truncated"), export.truncated.to_string()),
    ];
    let file = File { ctx, export, format, begun: false, ended: false };
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
    begun: bool,
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
        let first = !self.begun;
        self.begun = true;
        let bytes = match self.format {
            Format::Csv => csv_part(first, rows)?,
            Format::Json => json_part(first, self.ended, rows)?,
        };
        Ok(Some(bytes))
    }
}

fn csv_part(first: bool, rows: Vec<EntryView>) -> Answer<Bytes> {
    let failed = |error: String| Error::Internal(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    if first {
        let heads = [
            "number",
            "at",
            "kind",
            "images",
            "projects",
            "credits",
            "images_after",
            "projects_after",
            "credits_after",
            "transfer",
            "resource",
            "resource_name",
        ];
        writer.write_record(heads).map_err(|error| failed(error.to_string()))?;
    }
    for row in rows {
        let row = EntryBody::from(row);
        // Numbers are ours, and negative ones stay numbers; a name could be taken for a formula.
        let cells = [
            row.number.to_string(),
            row.at,
            row.kind.to_owned(),
            row.images.to_string(),
            row.projects.to_string(),
            row.credits.to_string(),
            row.images_after.to_string(),
            row.projects_after.to_string(),
            row.credits_after.to_string(),
            row.transfer.unwrap_or_default(),
            row.resource.unwrap_or_default(),
            super::audit::inert(row.resource_name.unwrap_or_default()),
        ];
        writer.write_record(cells).map_err(|error| failed(error.to_string()))?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| failed(error.to_string()))
}

fn json_part(first: bool, last: bool, rows: Vec<EntryView>) -> Answer<Bytes> {
    let mut bytes = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        bytes.extend_from_slice(if first && index == 0 { b"[\n" } else { b",\n" });
        serde_json::to_writer(&mut bytes, &EntryBody::from(row)).map_err(|error| Error::Internal(error.to_string()))?;
    }
    if last {
        bytes.extend_from_slice(if first { b"[]\n" } else { b"\n]\n" });
    }
    Ok(Bytes::from(bytes))
}
