//! `/datasets/{id}/uploads`, and tus 1.0 at `/uploads` (FILE-3): core, creation, creation-with-upload, expiration, checksum,
//! termination. See <https://tus.io/protocols/resumable-upload>.

use std::collections::BTreeMap;

use axum::{
    body::{Body, HttpBody},
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::ToSchema;

use crate::{
    domain::{
        id::{PersonId, UploadId},
        refusal::Refusal,
        time::Timestamp,
        upload::PlanState,
    },
    server::{
        arrival::{Pace, WAITING_CHUNKS},
        context::Ctx,
        files::Turn,
        usecase::upload::{
            self, PlanForm, PlannedFileForm, Reach, Sender,
            place::{self, NewPlaceForm},
            receive::{Arriving, Checksum, ReceiveRequest, Received, receive},
        },
    },
    view::file::{NewPlaceView, OpenUploadView, PlannedFileView},
};

use super::{CurrentPerson, CurrentSender, Json, PageBody, PageParams, Params, problem::Problem};

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
/// Where the file goes: of ours, for who named no dataset.
const UPLOAD_DATASET: HeaderName = HeaderName::from_static("upload-dataset");
/// The version of the protocol.
const VERSION: &str = "1.0.0";
/// The type of a body that is bytes of an upload.
const BYTES: &str = "application/offset+octet-stream";
/// How many pairs and bytes the metadata of an upload has at most.
const MAX_METADATA_PAIRS: usize = 16;
const MAX_METADATA_BYTES: usize = 8 * 1024;

/// Where to send a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedUploadBody {
    /// The address for HEAD, PATCH and DELETE.
    url: String,
    /// From which byte on.
    offset: i64,
    expires_at: String,
}

/// What is to be done about one file.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedFileBody {
    path: String,
    /// `new` and `resume`: send it; `present`: it is here; `conflict`: another file has the path; `refused`: see `reason`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<PlannedUploadBody>,
    /// Why nothing is to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What is to be done about the files of a plan, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadPlanBody {
    items: Vec<PlannedFileBody>,
}

impl UploadPlanBody {
    /// What is to be done about some files.
    pub(super) fn of(items: Vec<PlannedFileView>) -> Self {
        Self { items: items.into_iter().map(Into::into).collect() }
    }
}

/// An upload that is under way.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadBody {
    id: String,
    /// The address for HEAD, PATCH and DELETE.
    url: String,
    /// `input` or `output`.
    side: &'static str,
    path: String,
    bytes: i64,
    /// How much of it is here.
    offset: i64,
    modified: Option<String>,
    expires_at: String,
    /// Who sends it: nobody else goes on with it.
    created_by: String,
    created_by_name: String,
}

/// The address of an upload. It has no host, so that it is right behind any proxy.
fn url(id: UploadId) -> String {
    format!("/api/v1/uploads/{id}")
}

impl From<OpenUploadView> for UploadBody {
    fn from(OpenUploadView { upload: view, person, person_name }: OpenUploadView) -> Self {
        Self {
            id: view.id.to_string(),
            url: url(view.id),
            side: view.side.as_str(),
            path: view.path,
            bytes: view.bytes,
            offset: view.received,
            modified: view.modified_at.map(Timestamp::rfc3339),
            expires_at: view.expires_at.rfc3339(),
            created_by: person.to_string(),
            created_by_name: person_name,
        }
    }
}

impl From<PlannedFileView> for PlannedFileBody {
    fn from(view: PlannedFileView) -> Self {
        Self {
            path: view.path,
            state: view.state.as_str(),
            upload: view.upload.map(|upload| PlannedUploadBody {
                url: url(upload.id),
                offset: upload.received,
                expires_at: upload.expires_at.rfc3339(),
            }),
            reason: view.reason,
        }
    }
}

/// Plans an upload of up to 500 files: says for each whether and where to send it. Rights, size and storage are checked for all of them
/// first.
#[utoipa::path(post, path = "/datasets/{id}/uploads", tag = "files", params(("id" = String, Path)), request_body = PlanForm,
    responses((status = 200, body = UploadPlanBody), (status = 402, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn plan(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(form): Json<PlanForm>,
) -> Result<Json<UploadPlanBody>, Problem> {
    let planned = upload::plan(&ctx, &by, &id, &form).await?;
    Ok(Json(UploadPlanBody::of(planned.items)))
}

/// Files that somebody wants to upload to a new dataset.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UploadPlaceForm {
    /// The container it is made in; without it, the Drive of one's default organization.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    parent: String,
    /// What it is called, with a number behind it where that is taken; without it, the day, like `2026-11-21 Upload`.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    name: String,
    /// `input` (the default) or `output`.
    #[serde(deserialize_with = "crate::server::usecase::null_is_empty")]
    #[schema(value_type = Option<String>)]
    side: String,
    /// 1 to 500 files; plan the others at `/datasets/{id}/uploads`.
    files: Vec<PlannedFileForm>,
}

/// A new dataset, and what is to be done about its files, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadPlaceBody {
    /// Its id.
    dataset: String,
    name: String,
    /// The Org ID of its organization.
    org_id: String,
    items: Vec<PlannedFileBody>,
}

impl From<NewPlaceView> for UploadPlaceBody {
    fn from(NewPlaceView { dataset, name, org_id, items }: NewPlaceView) -> Self {
        Self { dataset: dataset.to_string(), name, org_id, items: items.into_iter().map(Into::into).collect() }
    }
}

/// Makes a dataset for up to 500 files and plans their upload, in the Drive of one's default organization where no container is named.
/// If rights, licence or storage are in the way, nothing is made.
#[utoipa::path(post, path = "/datasets", tag = "files", request_body = UploadPlaceForm,
    responses((status = 201, body = UploadPlaceBody), (status = 402, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn plan_new(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(form): Json<UploadPlaceForm>,
) -> Result<Response, Problem> {
    let UploadPlaceForm { parent, name, side, files } = form;
    let plan = PlanForm { side, files, ..PlanForm::default() };
    let made = place::plan_new(&ctx, &by, &NewPlaceForm { parent, name }, &plan).await?;
    let location = [(header::LOCATION, format!("/api/v1/resources/{}", made.dataset))];
    Ok((StatusCode::CREATED, location, Json(UploadPlaceBody::from(made))).into_response())
}

/// The uploads into a dataset that are under way: everybody's for who has Editor access to it, and else the caller's.
#[utoipa::path(get, path = "/datasets/{id}/uploads", tag = "files", params(("id" = String, Path), PageParams),
    responses((status = 200, body = PageBody<UploadBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(page): Params<PageParams>,
) -> Result<Json<PageBody<UploadBody>>, Problem> {
    Ok(Json(PageBody::of(upload::list(&ctx, &by, &id, &page.cursor, page.limit).await?, Into::into)))
}

/// Discards the uploads into a dataset that are under way: everybody's for who has Editor access to it, and else the caller's.
#[utoipa::path(delete, path = "/datasets/{id}/uploads", tag = "files", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn discard_all(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    upload::discard_all(&ctx, &by, &id, Reach::All).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Middleware around the calls of tus: every answer names the version, and the one to OPTIONS also says what is supported.
pub async fn tus(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/v1/uploads") {
        return next.run(request).await;
    }
    let asks = *request.method() == Method::OPTIONS;
    let version = request.headers().get(TUS_RESUMABLE).map(HeaderValue::as_bytes);
    let mut response = if asks || version == Some(VERSION.as_bytes()) {
        next.run(request).await
    } else {
        let text = format!("Send the header Tus-Resumable: {VERSION}.");
        Problem::new(StatusCode::PRECONDITION_FAILED, "invalid", text).into_response()
    };
    let failed = response.status() == StatusCode::PRECONDITION_FAILED;
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("tus-resumable", VERSION);
    if asks || failed {
        set("tus-version", VERSION);
    }
    if asks {
        set("tus-extension", "creation,creation-with-upload,expiration,checksum,termination");
        set("tus-checksum-algorithm", "sha1,sha256");
        if let Ok(files) = ctx.files() {
            set("tus-max-size", &files.limits().max_file_bytes.to_string());
        }
    }
    response
}

#[expect(clippy::result_large_err, reason = "as of every handler: a refusal is the rare answer")]
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let number = value.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
    match number.and_then(|text| text.parse().ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(unreadable(format!("The header {name} is not a number."))),
    }
}

fn unreadable(text: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid", text)
}

/// Reads `Upload-Metadata`: keys, each with a value in Base64.
fn metadata(headers: &HeaderMap) -> Option<BTreeMap<String, String>> {
    let Some(text) = headers.get(UPLOAD_METADATA) else { return Some(BTreeMap::new()) };
    let text = text.to_str().ok().filter(|text| text.len() <= MAX_METADATA_BYTES)?;
    let mut pairs = BTreeMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
        if pairs.insert(key.to_owned(), value).is_some() || pairs.len() > MAX_METADATA_PAIRS {
            return None;
        }
    }
    Some(pairs)
}

/// Reads `Upload-Checksum`.
#[expect(clippy::result_large_err, reason = "as of every handler: a refusal is the rare answer")]
fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(value) = headers.get(UPLOAD_CHECKSUM) else { return Ok(None) };
    let (algorithm, digest) = value.to_str().unwrap_or_default().split_once(' ').unwrap_or_default();
    let digest = STANDARD.decode(digest.trim()).unwrap_or_default();
    match Checksum::read(algorithm, digest) {
        Some(checksum) => Ok(Some(checksum)),
        None => {
            Err(unreadable("Send Upload-Checksum as “sha1” or “sha256”, a space, and the digest in Base64.".to_owned()))
        }
    }
}

/// Whether a request has bytes of an upload for a body.
fn sends_bytes(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == BYTES)
}

/// An HTTP date (RFC 9110, 5.6.7).
fn http_date(at: Timestamp) -> Option<HeaderValue> {
    let time = time::OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000)).ok()?;
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    HeaderValue::from_str(&time.format(&format).ok()?).ok()
}

fn progress(response: &mut Response, offset: i64, expires_at: Timestamp) {
    response.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(offset));
    if let Some(date) = http_date(expires_at) {
        response.headers_mut().insert(UPLOAD_EXPIRES, date);
    }
}

/// A turn to receive bytes.
#[expect(clippy::result_large_err, reason = "as of every handler: a refusal is the rare answer")]
fn turn(ctx: &Ctx, sender: PersonId) -> Result<Turn, Problem> {
    ctx.files()?.turn(sender).ok_or_else(|| Problem::refusal(&Refusal::ManyUploads))
}

/// Receives a body. What reads the connection is this request, and what writes is a task of its own: if the client hangs up, the
/// request is dropped, and the task keeps what came.
async fn receive_body(
    ctx: &Ctx,
    by: &Sender,
    id: String,
    request: ReceiveRequest,
    (turn, body): (Turn, Body),
) -> Result<Received, Problem> {
    let (chunks, mut arrivals) = mpsc::channel::<Arriving>(WAITING_CHUNKS);
    let (writes, by) = (ctx.clone(), by.clone());
    let writing = tokio::spawn(async move {
        let arriving = futures::stream::poll_fn(move |context| arrivals.poll_recv(context));
        let received = receive(&writes, &by, &id, &request, arriving).await;
        drop(turn);
        received
    });
    let mut body = body.into_data_stream();
    let mut pace = Pace::new(ctx.files()?.limits().patience);
    let mut too_slow = false;
    while !too_slow {
        let next = match pace.next(body.next()).await {
            Some(Some(Ok(chunk))) => {
                too_slow = !pace.keeps_up(chunk.len());
                Arriving::Chunk(chunk)
            }
            Some(None) => Arriving::End,
            // The connection broke.
            Some(Some(Err(_))) => break,
            None => {
                too_slow = true;
                break;
            }
        };
        let ends = matches!(next, Arriving::End);
        // An error says that the writer has answered already.
        if chunks.send(next).await.is_err() || ends {
            break;
        }
    }
    drop(chunks);
    let received = writing.await.map_err(|_| {
        Problem::from(crate::server::error::Error::Internal("the task that writes an upload ended".to_owned()))
    })?;
    let received = received?;
    if too_slow && received.number.is_none() {
        let text =
            "Nothing or too little came for 30 seconds. What came is kept; ask how far it is and go on from there.";
        return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "invalid", text.to_owned()));
    }
    Ok(received)
}

/// Begins an upload of one file (tus). `Upload-Metadata` has `path` and, if wanted, `dataset`, `side`, `modified` and `on_conflict`.
/// Without `dataset`, a new one is made in the Drive of one's default organization, called `dataset_name` or after the day; the header
/// `Upload-Dataset` says which. With a body, its bytes are taken at once; where that fails, `Location` and `Upload-Dataset` say where to
/// go on. Not repeatable by `Idempotency-Key`.
#[utoipa::path(post, path = "/uploads", tag = "files", params(("Tus-Resumable" = String, Header), ("Upload-Length" = i64, Header), ("Upload-Metadata" = String, Header)),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 201), (status = 402, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem), (status = 460, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let Some(length) = number(&headers, &UPLOAD_LENGTH)? else {
        return Err(unreadable(
            "Send the size of the file in Upload-Length; it has to be known from the beginning.".to_owned(),
        ));
    };
    crate::domain::upload::check_size(length, ctx.files()?.limits().max_file_bytes)
        .map_err(|refusal| Problem::refusal(&refusal))?;
    let Some(metadata) = metadata(&headers) else {
        return Err(unreadable(
            "Upload-Metadata has pairs with commas between them: a key, a space, and a value in Base64.".to_owned(),
        ));
    };
    // All that a request can be refused for by itself, before anything is made for it.
    let request = ReceiveRequest {
        offset: 0,
        length: number(&headers, &header::CONTENT_LENGTH)?,
        checksum: checksum(&headers)?,
        ends_file: false,
    };
    // Nothing is all of an empty file.
    let has_bytes = (sends_bytes(&headers) && !body.is_end_stream()) || length == 0;
    let mut taken = None;
    if has_bytes {
        request.check(length).map_err(|refusal| Problem::refusal(&refusal))?;
        taken = Some(turn(&ctx, by.person)?);
    }
    let field = |name: &str| metadata.get(name).cloned().unwrap_or_default();
    let dataset = field("dataset");
    let path = [field("path"), field("filename"), field("name")].into_iter().find(|path| !path.is_empty());
    let form = PlanForm {
        side: field("side"),
        on_conflict: field("on_conflict"),
        files: vec![PlannedFileForm { path: path.unwrap_or_default(), bytes: length, modified: field("modified") }],
    };
    let (dataset, planned) = if dataset.is_empty() {
        let place = NewPlaceForm { parent: String::new(), name: field("dataset_name") };
        let made = place::plan_new(&ctx, &by, &place, &form).await?;
        (made.dataset.to_string(), made.items)
    } else {
        let planned = upload::plan(&ctx, &by, &dataset, &form).await?;
        (dataset, planned.items)
    };
    let planned = planned.into_iter().next().ok_or_else(|| Problem::refusal(&Refusal::NotFound))?;
    let reason = planned.reason.unwrap_or_default();
    let upload = match (planned.state, planned.upload) {
        (PlanState::New | PlanState::Resume, Some(upload)) => upload,
        (PlanState::Present, _) => {
            let text = "This file is here already: it has the same path, size and time.".to_owned();
            return Err(Problem::refusal(&Refusal::FileConflict(text)));
        }
        (PlanState::Conflict, _) => return Err(Problem::refusal(&Refusal::FileConflict(reason))),
        _ => {
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", reason.clone());
            return Err(problem.at_field("path", &reason));
        }
    };
    let made = [(header::LOCATION, url(upload.id)), (UPLOAD_DATASET, dataset)];
    let (mut offset, mut expires_at) = (upload.received, upload.expires_at);
    if let Some(turn) = taken.filter(|_| upload.received == 0) {
        match receive_body(&ctx, &Sender::Person(by), upload.id.to_string(), request, (turn, body)).await {
            Ok(received) => (offset, expires_at) = (received.offset, received.expires_at),
            // The upload is there, so whoever began it can go on.
            Err(problem) => return Ok((made, problem).into_response()),
        }
    }
    let mut response = (StatusCode::CREATED, made).into_response();
    progress(&mut response, offset, expires_at);
    Ok(response)
}

/// How far an upload is (tus).
#[utoipa::path(head, path = "/uploads/{id}", tag = "files", params(("id" = String, Path), ("Tus-Resumable" = String, Header)),
    responses((status = 200), (status = 404), (status = 410), (status = 412)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentSender(by): CurrentSender,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let upload = upload::show(&ctx, &by, &id).await?;
    let mut response = StatusCode::OK.into_response();
    progress(&mut response, upload.received, upload.expires_at);
    response.headers_mut().insert(UPLOAD_LENGTH, HeaderValue::from(upload.bytes));
    Ok(response)
}

/// Sends bytes of an upload (tus). What a connection delivered before it broke is kept.
#[utoipa::path(patch, path = "/uploads/{id}", tag = "files", params(("id" = String, Path), ("Tus-Resumable" = String, Header), ("Upload-Offset" = i64, Header), ("Upload-Checksum" = Option<String>, Header)),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 410, body = Problem), (status = 412, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 423, body = Problem), (status = 460, body = Problem)))]
pub async fn send(
    State(ctx): State<Ctx>,
    CurrentSender(by): CurrentSender,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if !sends_bytes(&headers) {
        let text = format!("Send bytes with Content-Type: {BYTES}.");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid", text));
    }
    let Some(offset) = number(&headers, &UPLOAD_OFFSET)? else {
        return Err(unreadable("Send Upload-Offset: from which byte of the file on.".to_owned()));
    };
    let request = ReceiveRequest {
        offset,
        length: number(&headers, &header::CONTENT_LENGTH)?,
        checksum: checksum(&headers)?,
        ends_file: false,
    };
    let turn = turn(&ctx, by.person())?;
    let received = receive_body(&ctx, &by, id, request, (turn, body)).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    progress(&mut response, received.offset, received.expires_at);
    Ok(response)
}

/// Gives an upload up (tus).
#[utoipa::path(delete, path = "/uploads/{id}", tag = "files", params(("id" = String, Path), ("Tus-Resumable" = String, Header)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 412, body = Problem)))]
pub async fn discard(
    State(ctx): State<Ctx>,
    CurrentSender(by): CurrentSender,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    upload::discard(&ctx, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a value"))])
    }

    #[test]
    fn file_3_metadata_is_pairs_with_values_in_base64() {
        let read = |text: &str| metadata(&headers(UPLOAD_METADATA, text));
        let pairs = read("path cGhvdG8uanBn, empty, dataset MQ==").expect("pairs");
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("dataset", "1"), ("empty", ""), ("path", "photo.jpg")]);
        assert_eq!(metadata(&HeaderMap::new()), Some(BTreeMap::new()));
        for wrong in ["path ???", "path YQ==,path YQ==", "path //8=", &"x YQ==,".repeat(2_000)] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn file_3_numbers_in_headers_are_whole_and_not_negative() {
        let read = |text: &str| number(&headers(UPLOAD_OFFSET, text), &UPLOAD_OFFSET).ok().flatten();
        assert_eq!((read("0"), read("42")), (Some(0), Some(42)));
        for wrong in ["", "-1", "+1", "1.5", "0x10", "99999999999999999999"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn file_3_the_end_of_an_upload_is_an_http_date() {
        let date = http_date(Timestamp(1_795_287_903_007)).expect("a date");
        assert_eq!(date, "Sat, 21 Nov 2026 19:05:03 GMT");
    }
}
