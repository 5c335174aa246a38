//! `/datasets/{id}/files` (FILE-1, FILE-4).

use axum::{
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::time::Timestamp,
    server::{
        context::Ctx,
        usecase::file::{self, FileForm, FilesQuery},
    },
    view::file::FileView,
};

use super::{CurrentPerson, Json, PageBody, Params, download::Download, problem::Problem};

/// One file.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileBody {
    /// Its number in the dataset, for good.
    number: i64,
    path: String,
    /// `input` or `output`.
    side: &'static str,
    bytes: i64,
    sha256: String,
    /// What it is by its first bytes, like `image/jpeg`.
    media: &'static str,
    /// Whether it is left out of what is processed and counted.
    left_out: bool,
    /// When it was changed last, as its sender said.
    modified: Option<String>,
    created_at: String,
    created_by: String,
    created_by_name: Option<String>,
}

impl From<FileView> for FileBody {
    fn from(view: FileView) -> Self {
        Self {
            number: view.number,
            path: view.path,
            side: view.side.as_str(),
            bytes: view.bytes,
            sha256: view.sha256,
            media: view.media.as_str(),
            left_out: view.left_out,
            modified: view.modified_at.map(Timestamp::rfc3339),
            created_at: view.created_at.rfc3339(),
            created_by: view.created_by.to_string(),
            created_by_name: view.created_by_name,
        }
    }
}

/// The files of a dataset, in the order of their paths.
#[utoipa::path(get, path = "/datasets/{id}/files", tag = "files", params(("id" = String, Path), FilesQuery),
    responses((status = 200, body = PageBody<FileBody>), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(query): Params<FilesQuery>,
) -> Result<Json<PageBody<FileBody>>, Problem> {
    Ok(Json(PageBody::of(file::list(&ctx, &by, &id, &query).await?, Into::into)))
}

/// One file of a dataset.
#[utoipa::path(get, path = "/datasets/{id}/files/{number}", tag = "files", params(("id" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = FileBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number)): Path<(String, String)>,
) -> Result<Json<FileBody>, Problem> {
    Ok(Json(file::show(&ctx, &by, &id, &number).await?.into()))
}

/// Renames a file, leaves it out, or takes it in again.
#[utoipa::path(patch, path = "/datasets/{id}/files/{number}", tag = "files", params(("id" = String, Path), ("number" = i64, Path)), request_body = FileForm,
    responses((status = 200, body = FileBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number)): Path<(String, String)>,
    Json(form): Json<FileForm>,
) -> Result<Json<FileBody>, Problem> {
    Ok(Json(file::change(&ctx, &by, &id, &number, &form).await?.into()))
}

/// Deletes a file for good.
#[utoipa::path(delete, path = "/datasets/{id}/files/{number}", tag = "files", params(("id" = String, Path), ("number" = i64, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    // What is no number is no file's.
    file::delete(&ctx, &by, &id, &[number.parse().unwrap_or(0)]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Files to be deleted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeleteFilesBody {
    /// 1 to 10,000 numbers.
    numbers: Vec<i64>,
}

/// Deletes files for good, all of them or none.
#[utoipa::path(post, path = "/datasets/{id}/files/delete", tag = "files", params(("id" = String, Path)), request_body = DeleteFilesBody,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn delete_all(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(body): Json<DeleteFilesBody>,
) -> Result<StatusCode, Problem> {
    file::delete(&ctx, &by, &id, &body.numbers).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The bytes of a file, or one range of them. Always an attachment: nothing that was uploaded is shown inline (FILE-4).
#[utoipa::path(get, path = "/datasets/{id}/files/{number}/content", tag = "files",
    params(("id" = String, Path), ("number" = i64, Path), ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 206, body = Vec<u8>, content_type = "application/octet-stream"), (status = 304), (status = 403, body = Problem), (status = 404, body = Problem), (status = 416, body = Problem)))]
pub async fn content(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let content = file::content(&ctx, &by, &id, &number).await?;
    let name = content.file.path.rsplit('/').next().unwrap_or_default();
    let download =
        Download { name, media: content.file.media.as_str(), bytes: content.file.bytes, tag: &content.file.sha256 };
    download.answer(&method, &headers, |part| content.read(&ctx, part)).await
}
