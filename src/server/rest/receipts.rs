//! `/orgs/{org}/transfers`, exports of receipts, and taking a transfer back (XFER-18).

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        refusal::Refusal,
        text,
        view::{ReceiptView, transfer::TransferRow},
    },
    server::{
        context::Ctx,
        error::{Error, Result as Answer},
        usecase::{
            self,
            receipts::{Export, LONGEST_EXPORT, ReceiptQuery},
        },
    },
};

use super::{By, Json, PageBody, Params, audit::inert, problem::Problem, transfers::ReceiptBody};

/// Which receipts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiptParams {
    /// `in` or `out`; both where it is not given.
    direction: String,
    /// Where the page starts.
    cursor: String,
    /// 1 to 200.
    limit: Option<i64>,
}

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
    /// The item's name, where it is only one.
    name: Option<String>,
    items: u64,
    /// Folders, sites and assets, at any depth.
    folders: u64,
    datasets: u64,
    images: i64,
    /// Like `images_projects_to_credits`.
    model_pair: Option<String>,
    /// The transfer that this one took back.
    undoes: Option<String>,
    /// The transfer that took this one back.
    undone_by: Option<String>,
}

impl From<TransferRow> for ReceiptRowBody {
    fn from(row: TransferRow) -> Self {
        Self {
            id: row.id.to_string(),
            at: row.at.rfc3339(),
            direction: row.direction.word(),
            by: row.by.to_string(),
            by_name: row.by_name,
            source_name: row.source_name,
            target_name: row.target_name,
            name: row.what.name,
            items: row.what.items,
            folders: row.what.folders,
            datasets: row.what.datasets,
            images: row.what.images,
            model_pair: row.what.model_pair.map(|pair| format!("{}_to_{}", pair.source.word(), pair.target.word())),
            undoes: row.undoes.map(|id| id.to_string()),
            undone_by: row.undone_by.map(|id| id.to_string()),
        }
    }
}

/// Receipts of transfers out of an organization and into it, newest first.
#[utoipa::path(get, path = "/orgs/{org}/transfers", tag = "transfers", params(("org" = String, Path), ReceiptParams),
    responses((status = 200, body = PageBody<ReceiptRowBody>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    By(by): By,
    Path(org): Path<String>,
    Params(params): Params<ReceiptParams>,
) -> Result<Json<PageBody<ReceiptRowBody>>, Problem> {
    let query = ReceiptQuery { direction: params.direction, cursor: params.cursor, limit: params.limit };
    Ok(Json(PageBody::of(usecase::receipts::list(&ctx, &by, &org, &query).await?, Into::into)))
}

/// Which receipts, and as what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ExportParams {
    /// `csv` or `json`; `csv` where it is not given.
    format: Option<String>,
    /// `in` or `out`; both where it is not given.
    direction: String,
}

/// As what one receipt is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct FormatParams {
    /// `csv` or `json`; `csv` where it is not given.
    format: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

impl Format {
    #[expect(clippy::result_large_err, reason = "as of every handler: a refusal is the rare answer")]
    fn read(word: Option<&str>) -> Result<Self, Problem> {
        match word {
            None | Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some(_) => Err(Problem::refusal(&Refusal::field("format", text::Problem::NotAChoice))),
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }

    fn file(self, name: &str) -> String {
        let ending = if self == Self::Csv { "csv" } else { "json" };
        format!("attachment; filename=\"{name}.{ending}\"")
    }
}

/// Receipts as a file, newest first: at most 100,000 lines, as the header `x-row-limit` says.
#[utoipa::path(get, path = "/orgs/{org}/transfers/export", tag = "transfers", params(("org" = String, Path), ExportParams),
    responses((status = 200, description = "The file"), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export(
    State(ctx): State<Ctx>,
    By(by): By,
    Path(org): Path<String>,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let export = usecase::receipts::begin_export(&ctx, &by, &org, &params.direction).await?;
    let format = Format::read(params.format.as_deref())?;
    // An Org ID or a UUID, or else there was no such organization.
    let name: String = org.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, format.file(&format!("transfers-{name}"))),
        (HeaderName::from_static("x-row-limit"), LONGEST_EXPORT.to_string()),
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
        let rows: Vec<ReceiptRowBody> = rows.into_iter().map(Into::into).collect();
        let bytes = match self.format {
            Format::Csv => csv_part(first, rows)?,
            Format::Json => json_part(first, self.ended, &rows)?,
        };
        Ok(Some(bytes))
    }
}

fn written(writer: csv::Writer<Vec<u8>>) -> Answer<Bytes> {
    writer.into_inner().map(Bytes::from).map_err(|error| Error::Internal(error.to_string()))
}

fn line<const N: usize>(writer: &mut csv::Writer<Vec<u8>>, cells: [String; N]) -> Answer<()> {
    writer.write_record(cells.map(inert)).map_err(|error| Error::Internal(error.to_string()))
}

fn csv_part(first: bool, rows: Vec<ReceiptRowBody>) -> Answer<Bytes> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if first {
        let heads = [
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
        line(&mut writer, heads.map(str::to_owned))?;
    }
    for row in rows {
        let cells = [
            row.id,
            row.at,
            row.direction.to_owned(),
            row.by,
            row.by_name,
            row.source_name,
            row.target_name,
            row.name.unwrap_or_default(),
            row.items.to_string(),
            row.folders.to_string(),
            row.datasets.to_string(),
            row.images.to_string(),
            row.model_pair.unwrap_or_default(),
            row.undoes.unwrap_or_default(),
            row.undone_by.unwrap_or_default(),
        ];
        line(&mut writer, cells)?;
    }
    written(writer)
}

fn json_part(first: bool, last: bool, rows: &[ReceiptRowBody]) -> Answer<Bytes> {
    let mut bytes = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        bytes.extend_from_slice(if first && index == 0 { b"[\n" } else { b",\n" });
        serde_json::to_writer(&mut bytes, row).map_err(|error| Error::Internal(error.to_string()))?;
    }
    if last {
        bytes.extend_from_slice(if first { b"[]\n" } else { b"\n]\n" });
    }
    Ok(Bytes::from(bytes))
}

/// One receipt as a file: as CSV a line for each item, as JSON all of it.
#[utoipa::path(get, path = "/transfers/{id}/export", tag = "transfers", params(("id" = String, Path), FormatParams),
    responses((status = 200, description = "The file"), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export_one(
    State(ctx): State<Ctx>,
    By(by): By,
    Path(id): Path<String>,
    Params(params): Params<FormatParams>,
) -> Result<Response, Problem> {
    let receipt = usecase::transfer::receipt(&ctx, &by, &id).await?;
    let format = Format::read(params.format.as_deref())?;
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, format.file(&format!("receipt-{}", receipt.id))),
    ];
    let body = match format {
        Format::Csv => receipt_csv(receipt)?,
        Format::Json => {
            let json = serde_json::to_vec_pretty(&ReceiptBody::from(receipt));
            Bytes::from(json.map_err(|error| Error::Internal(error.to_string()))?)
        }
    };
    Ok((headers, body).into_response())
}

fn receipt_csv(receipt: ReceiptView) -> Answer<Bytes> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let heads =
        ["receipt", "at", "by_name", "source_name", "target_name", "destination_name", "item", "name", "renamed_to"];
    line(&mut writer, heads.map(str::to_owned))?;
    for item in &receipt.plan.items {
        let renamed = receipt.plan.effects.renamed.iter().find(|renamed| renamed.id == item.id);
        let cells = [
            receipt.id.to_string(),
            receipt.at.rfc3339(),
            receipt.by_name.clone(),
            receipt.source_name.clone(),
            receipt.target_name.clone(),
            receipt.plan.destination.name.clone(),
            item.id.to_string(),
            item.name.clone(),
            renamed.map(|renamed| renamed.to.clone()).unwrap_or_default(),
        ];
        line(&mut writer, cells)?;
    }
    written(writer)
}

/// Takes a transfer between two organizations back, within a day and while nothing in it was changed: items, names, both
/// books, grants and links, all of it or nothing. The answer is the receipt of that.
#[utoipa::path(post, path = "/transfers/{id}/undo", tag = "transfers", params(("id" = String, Path)),
    responses((status = 201, body = ReceiptBody), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn undo(
    State(ctx): State<Ctx>,
    By(by): By,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<ReceiptBody>), Problem> {
    let receipt = usecase::back::undo(&ctx, &by, &id).await?;
    Ok((StatusCode::CREATED, Json(receipt.into())))
}
