//! `/orgs/{org}/transfers`, exports of receipts, (XFER-18), and undoing a transfer (XFER-19).

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{spreadsheet::escape_formula, transfer::NamedResource},
    server::{
        context::Ctx,
        error::{Error, Result as Answer},
        usecase::{
            self,
            transfer::receipts::{Export, MAX_EXPORT_ROWS, ReceiptQuery},
        },
    },
    view::{ReceiptView, transfer::TransferRow},
};

use super::{
    CurrentPerson, Json, PageBody, Params,
    export::{self, Format, Row, Rows},
    problem::Problem,
    transfers::ReceiptBody,
};

/// A receipt in a list; `/transfers/{id}` has all of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptRowBody {
    id: String,
    at: String,
    /// `out` or `in`, seen from the organization.
    direction: &'static str,
    by: String,
    by_name: String,
    source_name: String,
    target_name: String,
    /// The item's name, if there is only one.
    name: Option<String>,
    items: u64,
    /// Folders, sites and assets, at any depth.
    folders: u64,
    datasets: u64,
    images: i64,
    /// Like `images_projects_to_credits`.
    model_pair: Option<String>,
    /// The transfer that this one undid.
    undoes: Option<String>,
    /// The transfer that undid this one.
    undone_by: Option<String>,
}

impl From<TransferRow> for ReceiptRowBody {
    fn from(row: TransferRow) -> Self {
        Self {
            id: row.id.to_string(),
            at: row.at.rfc3339(),
            direction: row.direction.as_str(),
            by: row.by.to_string(),
            by_name: row.by_name,
            source_name: row.source_name,
            target_name: row.target_name,
            name: row.what.name,
            items: row.what.items,
            folders: row.what.folders,
            datasets: row.what.datasets,
            images: row.what.images,
            model_pair: row.what.model_pair.map(|pair| format!("{}_to_{}", pair.source.as_str(), pair.target.as_str())),
            undoes: row.undoes.map(|id| id.to_string()),
            undone_by: row.undone_by.map(|id| id.to_string()),
        }
    }
}

/// Receipts of transfers out of an organization and into it, newest first.
#[utoipa::path(get, path = "/orgs/{org}/transfers", tag = "transfers", params(("org" = String, Path), ReceiptQuery),
    responses((status = 200, body = PageBody<ReceiptRowBody>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(query): Params<ReceiptQuery>,
) -> Result<Json<PageBody<ReceiptRowBody>>, Problem> {
    Ok(Json(PageBody::of(usecase::transfer::receipts::list(&ctx, &by, &org, &query).await?, Into::into)))
}

/// Which receipts, and as what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ExportParams {
    /// `csv` or `json`. Default: `csv`.
    format: Option<String>,
    /// `in` or `out`. Default: both.
    direction: String,
}

/// As what one receipt is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct FormatParams {
    /// `csv` or `json`. Default: `csv`.
    format: Option<String>,
}

/// Receipts as a file, newest first: at most 100,000 lines, as the header `x-row-limit` says; `x-truncated` says
/// whether there are more.
#[utoipa::path(get, path = "/orgs/{org}/transfers/export", tag = "transfers", params(("org" = String, Path), ExportParams),
    responses((status = 200, description = "The file"), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let export = usecase::transfer::receipts::begin_export(&ctx, &by, &org, &params.direction).await?;
    let format = Format::read(params.format.as_deref())?;
    // The organization was found, so this is an Org ID or a UUID. Filtered all the same, as it goes into a header.
    let name: String = org.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let truncated = export.truncated;
    Ok(export::answer(ctx, export, format, &format!("transfers-{name}"), MAX_EXPORT_ROWS, truncated))
}

impl Rows for Export {
    type Row = ReceiptRowBody;

    async fn part(&mut self, ctx: &Ctx) -> Answer<Vec<ReceiptRowBody>> {
        Ok(self.next(ctx).await?.into_iter().map(Into::into).collect())
    }
}

impl Row for ReceiptRowBody {
    const HEADER: &'static [&'static str] = &[
        "id",
        "at",
        "direction",
        "by",
        "by_name",
        "source_name",
        "target_name",
        "name",
        "items",
        "folders",
        "datasets",
        "images",
        "model_pair",
        "undoes",
        "undone_by",
    ];

    fn cells(self) -> Vec<String> {
        let cells = [
            self.id,
            self.at,
            self.direction.to_owned(),
            self.by,
            self.by_name,
            self.source_name,
            self.target_name,
            self.name.unwrap_or_default(),
            self.items.to_string(),
            self.folders.to_string(),
            self.datasets.to_string(),
            self.images.to_string(),
            self.model_pair.unwrap_or_default(),
            self.undoes.unwrap_or_default(),
            self.undone_by.unwrap_or_default(),
        ];
        cells.map(escape_formula).to_vec()
    }
}

/// One receipt as a file: as CSV with a line for each item, as JSON in full.
#[utoipa::path(get, path = "/transfers/{id}/export", tag = "transfers", params(("id" = String, Path), FormatParams),
    responses((status = 200, description = "The file"), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export_one(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(params): Params<FormatParams>,
) -> Result<Response, Problem> {
    let receipt = usecase::transfer::receipts::show(&ctx, &by, &id).await?;
    let format = Format::read(params.format.as_deref())?;
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, format.file(&format!("receipt-{}", receipt.id))),
    ];
    let body = match format {
        Format::Csv => receipt_csv(&receipt)?,
        Format::Json => {
            let json = serde_json::to_vec_pretty(&ReceiptBody::from(receipt));
            Bytes::from(json.map_err(|error| Error::Internal(error.to_string()))?)
        }
    };
    Ok((headers, body).into_response())
}

/// An item of a receipt.
#[derive(Serialize)]
struct ReceiptLine([String; 9]);

impl Row for ReceiptLine {
    const HEADER: &'static [&'static str] =
        &["receipt", "at", "by_name", "source_name", "target_name", "destination_name", "item", "name", "renamed_to"];

    fn cells(self) -> Vec<String> {
        self.0.map(escape_formula).to_vec()
    }
}

fn receipt_csv(receipt: &ReceiptView) -> Answer<Bytes> {
    let line = |item: &NamedResource| {
        let renamed = receipt.plan.effects.renamed.iter().find(|renamed| renamed.id == item.id);
        ReceiptLine([
            receipt.id.to_string(),
            receipt.at.rfc3339(),
            receipt.by_name.clone(),
            receipt.source_name.clone(),
            receipt.target_name.clone(),
            receipt.plan.destination.name.clone(),
            item.id.to_string(),
            item.name.clone(),
            renamed.map(|renamed| renamed.to.clone()).unwrap_or_default(),
        ])
    };
    export::csv(Some(ReceiptLine::HEADER), receipt.plan.items.iter().map(line).collect())
}

/// Undoes a transfer between two organizations within one day, if nothing in it has changed: items, names, both
/// ledgers, grants and links, all of it or nothing. The response is the receipt of the undo.
#[utoipa::path(post, path = "/transfers/{id}/undo", tag = "transfers", params(("id" = String, Path)),
    responses((status = 201, body = ReceiptBody), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn undo(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<ReceiptBody>), Problem> {
    let receipt = usecase::transfer::undo::undo(&ctx, &by, &id).await?;
    Ok((StatusCode::CREATED, Json(receipt.into())))
}
