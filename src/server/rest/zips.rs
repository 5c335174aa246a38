//! `/datasets/{id}/zip` and `/resources/{id}/zip`: several files as one download (FILE-4).

use axum::{
    extract::{Path, State},
    http::{HeaderMap, Method},
    response::Response,
};

use crate::{
    domain::file::safe_segment,
    server::{
        context::Ctx,
        usecase::zip::{self, ZipContent, ZipQuery},
    },
};

use super::{
    CurrentPerson, Params,
    download::{Disposition, Download},
    problem::Problem,
};

/// The files of a dataset as a ZIP, or those with the given numbers. The same files make the same bytes, so that a range of it, with
/// `If-Range`, goes on with a download that was cut.
#[utoipa::path(get, path = "/datasets/{id}/zip", tag = "files",
    params(("id" = String, Path), ZipQuery, ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip"), (status = 206, body = Vec<u8>, content_type = "application/zip"), (status = 304), (status = 403, body = Problem), (status = 404, body = Problem), (status = 412, body = Problem), (status = 416, body = Problem), (status = 422, body = Problem)))]
pub async fn dataset(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(query): Params<ZipQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let zip = zip::dataset(&ctx, &by, &id, &query).await?;
    answer(&ctx, &zip, &method, &headers).await
}

/// The files of all datasets in a container as a ZIP, in folders as they are in the Drive.
#[utoipa::path(get, path = "/resources/{id}/zip", tag = "files",
    params(("id" = String, Path), ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip"), (status = 206, body = Vec<u8>, content_type = "application/zip"), (status = 304), (status = 403, body = Problem), (status = 404, body = Problem), (status = 412, body = Problem), (status = 416, body = Problem), (status = 422, body = Problem)))]
pub async fn folder(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let zip = zip::folder(&ctx, &by, &id).await?;
    answer(&ctx, &zip, &method, &headers).await
}

async fn answer(ctx: &Ctx, zip: &ZipContent, method: &Method, headers: &HeaderMap) -> Result<Response, Problem> {
    let name = format!("{}.zip", safe_segment(&zip.name));
    let download = Download {
        disposition: Disposition::Attachment(&name),
        media: "application/zip",
        bytes: zip.bytes(),
        tag: &zip.tag,
    };
    download.answer(method, headers, |part| zip.read(ctx, part)).await
}
