//! The page of a share link (LINK-1), `/s/{token}`: for anybody who has it, read-only.
//!
//! It is plain HTML with the site's style sheet: no script, no session, no WebAssembly, because strangers open it once, with
//! whatever browser they have. `usecase::link` decides what it shows.
//!
//! The bytes of a dataset's files have doors of their own here, which ask each time whether the link still shows them.
//!
//! # Invariants
//! - Search engines are told not to index it, and other sites do not get its address as a referrer.
//! - Wrong, revoked and expired links get the same page, byte for byte.
//! - That the password was given is remembered in a cookie for this link alone. The password does not follow from it.

mod viewer;

use askama::Template;
use axum::{
    Router,
    extract::{
        DefaultBodyLimit, Form, Path, Query, Request, State,
        rejection::{FormRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use leptos::config::LeptosOptions;
use serde::Deserialize;

use crate::{
    domain::{
        file::{Side, safe_segment},
        id::ResourceId,
        photo::PreviewSize,
        refusal::Refusal,
        time::{Day, Timestamp},
        viewport::way_back,
    },
    paths,
    ui::{
        pages::drive::dataset::{
            row::{badges, media_icon, preview_pixels},
            show::{no_picture, photo_facts},
        },
        words,
    },
    view::{
        DatasetView,
        file::{FileView, FileWithNeighbours},
        link::{LinkFiles, LinkTargetRow, LinkTargetView},
        task::{TimelineDataset, TimelineStop, TimelineView},
    },
};

pub use viewer::{VIEWER_ROUTE, viewer_router};

use super::{
    context::{Client, Ctx},
    error::Error,
    http_status::status_of,
    rest::{
        download::{Disposition, Download},
        layers::download_of,
        problem::Problem,
    },
    session::{Caller, LINK_COOKIE, cookie_value, is_secure, set_cookie},
    usecase::{
        layer::TileAddress,
        link::{self, LinkRequest, UnlockedLink, Visit},
    },
};

/// How long that is remembered.
const UNLOCKED_SECONDS: i64 = 12 * 60 * 60;
/// The longest body of the password form.
const MAX_FORM_BYTES: usize = 16 * 1024;
/// The page may load our style sheet and send its own form, nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[derive(Clone, axum::extract::FromRef)]
struct LinkState {
    ctx: Ctx,
    style: Style,
}

/// Where the style sheet is.
#[derive(Clone)]
struct Style(String);

/// The routes of share links.
pub fn router(ctx: &Ctx, options: &LeptosOptions) -> Router {
    let door = LinkState { ctx: ctx.clone(), style: Style(style_sheet(options)) };
    Router::new()
        .route("/s/{token}", get(show).post(unlock))
        .route("/s/{token}/{resource}", get(show).post(unlock))
        .with_state(door)
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(from_fn(unlisted))
}

/// The routes of the bytes that links show (FILE-4, FILE-5), which may take as long as they do.
pub fn bytes_router(ctx: &Ctx, options: &LeptosOptions) -> Router {
    let door = LinkState { ctx: ctx.clone(), style: Style(style_sheet(options)) };
    Router::new()
        .route("/s/{token}/{resource}/files/{number}/preview", get(preview))
        .route("/s/{token}/{resource}/files/{number}/content", get(content))
        .route("/s/{token}/{resource}/zip", get(zip))
        .route("/s/{token}/datasets/{dataset}/layers/{number}/{level}/{x}/{y}", get(tile))
        .with_state(door)
        .layer(from_fn(unlisted))
}

/// The address of the style sheet. If the build wrote a hash file, its name contains the hash, as Leptos does it for pages.
fn style_sheet(options: &LeptosOptions) -> String {
    let hashes = options.hash_files.then(|| {
        let beside = std::env::current_exe().ok().and_then(|path| path.parent().map(std::path::Path::to_path_buf));
        beside.and_then(|folder| std::fs::read_to_string(folder.join(options.hash_file.as_ref())).ok())
    });
    let hash = hashes.flatten().and_then(|text| {
        text.lines().find_map(|line| line.trim().strip_prefix("css:").map(|hash| format!(".{}", hash.trim())))
    });
    format!("/{}/{}{}.css", options.site_pkg_dir, options.output_name, hash.unwrap_or_default())
}

/// Middleware: the headers of every response here.
async fn unlisted(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow, noarchive"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // What was uploaded comes with a stricter one.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    response
}

/// The parts of the address.
#[derive(Debug, Deserialize)]
struct Address {
    token: String,
    resource: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SharedQuery {
    cursor: String,
    side: String,
    file: String,
    /// The parameters of the viewer that a photo was opened from.
    map: String,
}

/// The parts of the address of a file.
#[derive(Debug, Deserialize)]
struct FileAddress {
    token: String,
    resource: String,
    number: String,
}

/// The parts of the address of a ZIP.
#[derive(Debug, Deserialize)]
struct ZipAddress {
    token: String,
    resource: String,
}

/// The parts of the address of a tile.
#[derive(Debug, Deserialize)]
struct LayerTileAddress {
    token: String,
    dataset: String,
    number: String,
    level: String,
    x: String,
    y: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SizeQuery {
    size: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    password: String,
}

/// The content of the page.
enum Content<'a> {
    Shown(SharedContent<'a>),
    Locked { problem: Option<String> },
    Moved,
    Nothing,
    Later { words: String },
}

struct SharedContent<'a> {
    view: &'a LinkTargetView,
    token: &'a str,
    /// Of the viewer that a photo was opened from (attack 95).
    map: Option<&'a str>,
    now: Timestamp,
}

#[derive(Template)]
#[template(path = "shared.html")]
struct Page<'a> {
    style: &'a str,
    title: &'a str,
    content: Content<'a>,
}

impl SharedContent<'_> {
    fn href(&self, id: ResourceId) -> String {
        format!("/s/{}/{id}", self.token)
    }

    fn when(&self, at: Timestamp) -> String {
        words::day(at.day(), self.now)
    }

    /// The line below the heading.
    fn lead(&self) -> String {
        let kind = self.view.kind.label();
        format!("{kind} · shared with you through a link. You can view it; nothing you do here is saved.")
    }

    fn next(&self) -> Option<String> {
        let cursor = self.view.rows.next_cursor.as_ref()?;
        Some(format!("{}?cursor={cursor}", self.href(self.view.id)))
    }

    /// The viewer of a dataset that has files (VIEW-4).
    fn viewer(&self) -> Option<String> {
        self.view.files.as_ref().map(|_| paths::link_viewer(self.token, &self.view.id.to_string()))
    }

    /// The datasets on the timeline of a site.
    fn stops(&self) -> Vec<TimelineStop> {
        self.view.timeline.as_ref().map(TimelineView::stops).unwrap_or_default()
    }

    /// Whether the site has datasets that its timeline does not show.
    fn more_on_timeline(&self) -> bool {
        self.view.timeline.as_ref().is_some_and(|timeline| timeline.more)
    }

    fn viewer_of(&self, stop: &TimelineStop) -> Option<String> {
        stop.dataset.has_place.then(|| paths::link_viewer(self.token, &stop.dataset.id.to_string()))
    }

    /// The comparison with the one before, and its day.
    fn comparison(&self, stop: &TimelineStop) -> Option<(String, String)> {
        let (earlier, day) = stop.earlier?;
        let address = paths::link_comparison(self.token, &earlier.to_string(), &stop.dataset.id.to_string());
        Some((address, day.words()))
    }

    /// The address of one side of a dataset.
    fn side(&self, side: Side) -> String {
        format!("{}?side={}", self.href(self.view.id), side.as_str())
    }

    fn images(&self) -> String {
        self.side(Side::Input)
    }

    fn results(&self) -> String {
        self.side(Side::Output)
    }

    fn this_side(&self, files: &LinkFiles) -> String {
        self.side(files.side)
    }

    /// A page of the files of the side that is shown.
    fn more_files(&self, files: &LinkFiles) -> Option<String> {
        let cursor = files.page.next_cursor.as_ref()?;
        Some(format!("{}&cursor={cursor}", self.side(files.side)))
    }

    fn file(&self, number: i64) -> String {
        let page = paths::Address::new(self.href(self.view.id)).with("file", number.to_string());
        page.with("map", self.map.unwrap_or_default()).text()
    }

    /// The viewer as it was when a photo was opened from it.
    fn back_to_viewer(&self) -> Option<String> {
        Some(format!("{}?{}", paths::link_viewer(self.token, &self.view.id.to_string()), self.map?))
    }

    fn of_file(&self, file: &FileView) -> String {
        self.file(file.number)
    }

    fn previous(&self, shown: &FileWithNeighbours) -> Option<String> {
        shown.previous.map(|number| self.file(number))
    }

    fn following(&self, shown: &FileWithNeighbours) -> Option<String> {
        shown.next.map(|number| self.file(number))
    }

    fn content(&self, file: &FileView) -> String {
        format!("{}/files/{}/content", self.href(self.view.id), file.number)
    }

    /// All files of a side as a ZIP.
    fn zip(&self, files: &LinkFiles) -> String {
        format!("{}/zip?side={}", self.href(self.view.id), files.side.as_str())
    }

    /// Where the form with the selected files leads.
    fn selected(&self) -> String {
        format!("{}/zip", self.href(self.view.id))
    }

    fn picture(&self, file: &FileView, size: PreviewSize) -> Option<Picture> {
        let (width, height) = preview_pixels(file, size)?;
        let address = format!("{}/files/{}/preview?size={}", self.href(self.view.id), file.number, size.pixels());
        Some(Picture { address, width, height })
    }

    fn small(&self, file: &FileView) -> Option<Picture> {
        self.picture(file, PreviewSize::Small)
    }

    fn large(&self, file: &FileView) -> Option<Picture> {
        self.picture(file, PreviewSize::Large)
    }
}

/// A preview, as `<img>` needs it.
struct Picture {
    address: String,
    width: u32,
    height: u32,
}

fn about_dataset(dataset: &TimelineDataset) -> String {
    format!("{} · {}", words::counted(dataset.images, "image", "images"), dataset.status.label())
}

fn is_images(files: &LinkFiles) -> bool {
    files.side == Side::Input
}

fn icon_of(file: &FileView) -> &'static str {
    media_icon(file.media)
}

/// What the camera wrote; nothing of what is no photo.
fn camera_facts(file: &FileView) -> Vec<(&'static str, String)> {
    file.photo.as_ref().map(photo_facts).unwrap_or_default()
}

/// The folder of a file, with its slash; empty for none.
fn folder(file: &FileView) -> &str {
    file.path.strip_suffix(file.name()).unwrap_or_default()
}

fn size(bytes: i64) -> String {
    if bytes > 0 { words::size(bytes) } else { "—".to_owned() }
}

fn captured(day: Option<&Day>) -> String {
    day.map_or_else(|| "Unknown".to_owned(), |day| day.words())
}

fn status_class(dataset: &DatasetView) -> &'static str {
    words::status_tone(dataset.status)
}

fn row_class(row: &LinkTargetRow) -> &'static str {
    row.kind.as_str()
}

fn render(style: &Style, status: StatusCode, title: &str, content: Content<'_>) -> Response {
    match (Page { style: &style.0, title, content }).render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not show the page of a link");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn refused(style: &Style, error: &Error) -> Response {
    match error {
        Error::Refused(Refusal::RateLimited(seconds)) => {
            let words = Refusal::RateLimited(*seconds).to_string();
            let mut response =
                render(style, StatusCode::TOO_MANY_REQUESTS, "Try again later", Content::Later { words });
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            response
        }
        // All other refusals look alike, so that nobody learns whether a link ever existed.
        Error::Refused(refusal) if !matches!(refusal, Refusal::Unavailable | Refusal::Busy(_)) => {
            render(style, StatusCode::NOT_FOUND, "Nothing here", Content::Nothing)
        }
        hidden => {
            tracing::error!(error = %hidden, "could not show the page of a link");
            let words = hidden.later().map_or_else(
                || "Something went wrong on our side. Try again in a moment.".to_owned(),
                |refusal| refusal.to_string(),
            );
            render(style, status_of(hidden), "Try again later", Content::Later { words })
        }
    }
}

fn client(caller: Option<axum::Extension<Caller>>) -> Client {
    caller.map(|axum::Extension(caller)| caller.client).unwrap_or_default()
}

async fn show(
    State(LinkState { ctx, style }): State<LinkState>,
    caller: Option<axum::Extension<Caller>>,
    headers: HeaderMap,
    address: Result<Path<Address>, PathRejection>,
    place: Result<Query<SharedQuery>, QueryRejection>,
) -> Response {
    let (Ok(Path(address)), Ok(Query(place))) = (address, place) else {
        return refused(&style, &Refusal::NotFound.into());
    };
    let asked = LinkRequest {
        token: address.token,
        resource: address.resource,
        cursor: place.cursor,
        side: place.side,
        file: place.file,
        opened: cookie_value(&headers, LINK_COOKIE),
    };
    match link::visit(&ctx, &client(caller), &asked).await {
        Ok(Visit::Shown(view)) => {
            let map = way_back(&place.map);
            let content = Content::Shown(SharedContent { view: &view, token: &asked.token, map, now: ctx.now() });
            render(&style, StatusCode::OK, &view.name, content)
        }
        Ok(Visit::Locked) => render(&style, StatusCode::OK, "Protected link", Content::Locked { problem: None }),
        Ok(Visit::Moved) => render(&style, StatusCode::GONE, "This has moved", Content::Moved),
        Err(error) => refused(&style, &error),
    }
}

async fn unlock(
    State(LinkState { ctx, style }): State<LinkState>,
    caller: Option<axum::Extension<Caller>>,
    address: Result<Path<Address>, PathRejection>,
    form: Result<Form<PasswordForm>, FormRejection>,
) -> Response {
    let (Ok(Path(Address { token, resource })), Ok(Form(form))) = (address, form) else {
        return refused(&style, &Refusal::NotFound.into());
    };
    match link::unlock(&ctx, &client(caller), &token, &form.password).await {
        Ok(UnlockedLink { key, .. }) => {
            let cookie =
                set_cookie(LINK_COOKIE, &key, &format!("/s/{token}"), UNLOCKED_SECONDS, is_secure(ctx.public_url()));
            // An id that cannot be read leads to the resource of the link itself.
            let resource = resource.and_then(|id| id.parse::<ResourceId>().ok());
            let to = resource.map_or_else(|| format!("/s/{token}"), |id| format!("/s/{token}/{id}"));
            let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
            response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
            response
        }
        Err(Error::Refused(Refusal::Invalid(problems))) => {
            let problem = problems.first().map(crate::domain::text::FieldError::words);
            render(&style, StatusCode::UNPROCESSABLE_ENTITY, "Protected link", Content::Locked { problem })
        }
        Err(error) => refused(&style, &error),
    }
}

/// A request for the bytes of a file.
fn of_file(address: FileAddress, headers: &HeaderMap) -> LinkRequest {
    LinkRequest {
        token: address.token,
        resource: Some(address.resource),
        file: address.number,
        opened: cookie_value(headers, LINK_COOKIE),
        ..LinkRequest::default()
    }
}

/// Bytes, which the browser may keep but has to ask about each time: the link may have been switched off since.
fn checked(answer: Result<Response, Problem>) -> Response {
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

async fn preview(
    State(LinkState { ctx, style }): State<LinkState>,
    caller: Option<axum::Extension<Caller>>,
    method: Method,
    headers: HeaderMap,
    address: Result<Path<FileAddress>, PathRejection>,
    query: Result<Query<SizeQuery>, QueryRejection>,
) -> Response {
    let (Ok(Path(address)), Ok(Query(query))) = (address, query) else {
        return refused(&style, &Refusal::NotFound.into());
    };
    match link::preview(&ctx, &client(caller), &of_file(address, &headers), &query.size).await {
        Ok(found) => {
            let tag = found.object.to_string();
            let download =
                Download { disposition: Disposition::Inline, media: "image/jpeg", bytes: found.bytes, tag: &tag };
            checked(download.answer(&method, &headers, |part| found.read(&ctx, part)).await)
        }
        Err(error) => refused(&style, &error),
    }
}

async fn tile(
    State(LinkState { ctx, style }): State<LinkState>,
    caller: Option<axum::Extension<Caller>>,
    method: Method,
    headers: HeaderMap,
    address: Result<Path<LayerTileAddress>, PathRejection>,
) -> Response {
    let Ok(Path(address)) = address else { return refused(&style, &Refusal::NotFound.into()) };
    let LayerTileAddress { token, dataset, number, level, x, y } = address;
    let asked = of_file(FileAddress { token, resource: dataset, number }, &headers);
    match link::tile(&ctx, &client(caller), &asked, &TileAddress { level, x, y }).await {
        Ok(found) => checked(download_of(&found).answer(&method, &headers, |part| found.read(&ctx, part)).await),
        Err(error) => refused(&style, &error),
    }
}

async fn content(
    State(LinkState { ctx, style }): State<LinkState>,
    caller: Option<axum::Extension<Caller>>,
    method: Method,
    headers: HeaderMap,
    address: Result<Path<FileAddress>, PathRejection>,
) -> Response {
    let Ok(Path(address)) = address else { return refused(&style, &Refusal::NotFound.into()) };
    match link::content(&ctx, &client(caller), &of_file(address, &headers)).await {
        Ok(found) => {
            let download = Download::of_file(&found.file);
            checked(download.answer(&method, &headers, |part| found.read(&ctx, part)).await)
        }
        Err(error) => refused(&style, &error),
    }
}

/// `numbers` may be there once for each file that was selected, as a form sends it.
async fn zip(
    State(LinkState { ctx, style }): State<LinkState>,
    caller: Option<axum::Extension<Caller>>,
    method: Method,
    headers: HeaderMap,
    address: Result<Path<ZipAddress>, PathRejection>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let (Ok(Path(address)), Ok(Query(query))) = (address, query) else {
        return refused(&style, &Refusal::NotFound.into());
    };
    let all = |wanted: &str| -> Vec<&str> {
        query.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).collect()
    };
    let asked = LinkRequest {
        side: all("side").concat(),
        opened: cookie_value(&headers, LINK_COOKIE),
        token: address.token,
        resource: Some(address.resource),
        ..LinkRequest::default()
    };
    match link::zip(&ctx, &client(caller), &asked, all("numbers").join(",")).await {
        Ok(found) => {
            let name = format!("{}.zip", safe_segment(&found.name));
            let download = Download {
                disposition: Disposition::Attachment(&name),
                media: "application/zip",
                bytes: found.bytes(),
                tag: &found.tag,
            };
            checked(download.answer(&method, &headers, |part| found.read(&ctx, part)).await)
        }
        Err(error) => refused(&style, &error),
    }
}
