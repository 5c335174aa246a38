//! `/datasets/{id}/files` (FILE-1, FILE-4).

use axum::{
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        photo::{CaptureTime, PhotoFault},
        time::Timestamp,
    },
    server::{
        context::Ctx,
        usecase::file::{self, FileForm, FilesQuery},
    },
    view::file::{FileView, PhotoView},
};

use super::{
    CurrentPerson, Json, PageBody, Params,
    download::{Disposition, Download},
    problem::Problem,
    tasks::undoing,
};

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
    /// What is known of it, if it is a photo.
    photo: Option<PhotoBody>,
}

/// What is known of a photo. What its camera did not say is null.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoBody {
    /// `waiting`, `made` (there are previews) or `failed` (`problem` says why).
    state: &'static str,
    /// In pixels, upright.
    width: Option<i64>,
    height: Option<i64>,
    /// By the clock of the camera; with an offset only where the camera says which.
    taken_at: Option<String>,
    position: Option<PositionBody>,
    /// Above the sea or the ellipsoid, as the camera takes it, in metres.
    altitude: Option<f64>,
    /// Above where the drone took off, in metres.
    height_above_ground: Option<f64>,
    /// How far off the position may be, in metres.
    accuracy: Option<f64>,
    /// Where the camera looked, in degrees: yaw from north over east, pitch -90 for straight down.
    yaw: Option<f64>,
    pitch: Option<f64>,
    roll: Option<f64>,
    /// In millimetres, as it is and as on 35 mm film.
    focal_length: Option<f64>,
    focal_length_35mm: Option<f64>,
    /// Make and model.
    camera: Option<String>,
    camera_serial: Option<String>,
    /// Of `no_position`, `blurred`, `too_dark`, `too_bright`: what is wrong with it, compared with the others of its dataset.
    faults: Vec<&'static str>,
    /// Why it cannot be opened.
    problem: Option<String>,
}

/// A place on the earth (WGS 84), in degrees.
#[derive(Debug, Serialize, ToSchema)]
pub struct PositionBody {
    latitude: f64,
    longitude: f64,
}

/// A whole number of small units as a decimal number of large ones.
#[expect(clippy::cast_precision_loss, reason = "what cameras say has fewer than the 15 digits that fit")]
fn decimal(units: i64, in_one: f64) -> f64 {
    units as f64 / in_one
}

impl From<PhotoView> for PhotoBody {
    fn from(view: PhotoView) -> Self {
        let facts = view.facts;
        let camera = facts.camera();
        let thousandths = |value: Option<i64>| value.map(|value| decimal(value, 1e3));
        Self {
            state: view.state.as_str(),
            width: view.width,
            height: view.height,
            taken_at: facts.taken.map(CaptureTime::iso),
            position: facts.position.map(|position| PositionBody {
                latitude: decimal(position.latitude, 1e9),
                longitude: decimal(position.longitude, 1e9),
            }),
            altitude: thousandths(facts.altitude_mm),
            height_above_ground: thousandths(facts.height_mm),
            accuracy: thousandths(facts.accuracy_mm),
            yaw: thousandths(facts.yaw_mdeg),
            pitch: thousandths(facts.pitch_mdeg),
            roll: thousandths(facts.roll_mdeg),
            focal_length: thousandths(facts.focal_um),
            focal_length_35mm: thousandths(facts.focal35_um),
            camera,
            camera_serial: facts.serial,
            faults: view.faults.into_iter().map(PhotoFault::as_str).collect(),
            problem: view.problem,
        }
    }
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
            photo: view.photo.map(Into::into),
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

/// Deletes a file. It can be undone for a day; then it is gone.
#[utoipa::path(delete, path = "/datasets/{id}/files/{number}", tag = "files", params(("id" = String, Path), ("number" = i64, Path)),
    responses((status = 204, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number)): Path<(String, String)>,
) -> Result<(StatusCode, HeaderMap), Problem> {
    // What is no number is no file's.
    let deleted = file::delete(&ctx, &by, &id, &[number.parse().unwrap_or(0)]).await?;
    Ok((StatusCode::NO_CONTENT, undoing(deleted.undo.as_deref())))
}

/// Files to be deleted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeleteFilesBody {
    /// 1 to 10,000 numbers.
    numbers: Vec<i64>,
}

/// Deletes files, all of them or none. It can be undone for a day; then they are gone.
#[utoipa::path(post, path = "/datasets/{id}/files/delete", tag = "files", params(("id" = String, Path)), request_body = DeleteFilesBody,
    responses((status = 204, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn delete_all(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(body): Json<DeleteFilesBody>,
) -> Result<(StatusCode, HeaderMap), Problem> {
    let deleted = file::delete(&ctx, &by, &id, &body.numbers).await?;
    Ok((StatusCode::NO_CONTENT, undoing(deleted.undo.as_deref())))
}

/// The bytes of a file, or one range of them. Always an attachment: nothing that was uploaded is shown inline (FILE-4).
#[utoipa::path(get, path = "/datasets/{id}/files/{number}/content", tag = "files",
    params(("id" = String, Path), ("number" = i64, Path), ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 206, body = Vec<u8>, content_type = "application/octet-stream"), (status = 304), (status = 403, body = Problem), (status = 404, body = Problem), (status = 412, body = Problem), (status = 416, body = Problem)))]
pub async fn content(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let content = file::content(&ctx, &by, &id, &number).await?;
    Download::of_file(&content.file).answer(&method, &headers, |part| content.read(&ctx, part)).await
}

/// Which preview is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct PreviewQuery {
    /// The longer side in pixels: 320 (the default) or 1600.
    pub size: String,
}

/// A preview of a photo, a JPEG that the server encoded; 404 while there is none. A preview never changes, so browsers may keep it, for
/// the person that they got it for. Whoever asks again is checked again.
#[utoipa::path(get, path = "/datasets/{id}/files/{number}/preview", tag = "files",
    params(("id" = String, Path), ("number" = i64, Path), PreviewQuery),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 206, body = Vec<u8>, content_type = "image/jpeg"), (status = 304), (status = 404, body = Problem), (status = 412, body = Problem), (status = 416, body = Problem), (status = 422, body = Problem)))]
pub async fn preview(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number)): Path<(String, String)>,
    Params(query): Params<PreviewQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let preview = file::preview(&ctx, &by, &id, &number, &query.size).await?;
    let tag = preview.object.to_string();
    let download = Download { disposition: Disposition::Inline, media: "image/jpeg", bytes: preview.bytes, tag: &tag };
    download.answer(&method, &headers, |part| preview.read(&ctx, part)).await
}
