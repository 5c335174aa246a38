//! The form that uploads without script, to a dataset or to a container that gets a new one (FILE-2): `multipart/form-data`, streamed file by file into storage, and answered with a
//! redirect and a flash like every other form.
//!
//! # Invariants
//! - No file is in memory as a whole, and none is kept in part.
//! - The body is read to its end, also where nothing of it is wanted: a browser that still sends shows no answer.

use axum::{
    Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Path, Request, State,
        multipart::{Field, MultipartError},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use tokio::sync::mpsc;

use crate::{
    domain::refusal::Refusal,
    paths,
    rpc::{Failure, Flash, FormFlash},
    ui::words,
    view::outcome::DriveLocation,
};

use super::{
    arrival::{Pace, WAITING_CHUNKS},
    context::{Ctx, Principal},
    error::Error,
    flash,
    request::referring_path,
    server_fn_response::failure,
    session::Caller,
    usecase::upload::{
        form::{self, FormFile, FormPlace, Sent},
        receive::Arriving,
    },
};

/// The longest value of a field that is no file: a name of 255 characters.
const MAX_VALUE_BYTES: usize = 1_024;
/// How many refused files the next page names.
const MAX_NAMED: usize = 50;

/// The route. It must be outside the layers that limit, time and keep bodies.
pub fn router(ctx: &Ctx) -> Router {
    Router::new()
        .route(&format!("{}{{dataset}}", paths::UPLOAD_FORM), post(upload))
        .with_state(ctx.clone())
        .layer(DefaultBodyLimit::disable())
}

/// What came of a form.
#[derive(Default)]
struct Outcome {
    added: u64,
    present: u64,
    skipped: u64,
    /// Path and reason of files that were not taken.
    refused: Vec<(String, String)>,
    /// Why none could be taken, where that holds for the dataset as a whole.
    whole: Option<Failure>,
    /// The dataset that was made for them.
    made: Option<DriveLocation>,
}

async fn upload(State(ctx): State<Ctx>, Path(dataset): Path<String>, request: Request) -> Response {
    let back = referring_path(&ctx, request.headers()).unwrap_or_else(|| paths::WELCOME.to_owned());
    let by = request.extensions().get::<Caller>().and_then(|caller| caller.principal.clone());
    let Some(by) = by else { return Redirect::to(&paths::sign_in(&back)).into_response() };
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let Ok(mut body) = Multipart::from_request(request, &()).await else {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send a form as multipart/form-data.").into_response();
    };
    let mut outcome = Outcome::default();
    if let Err(failure) = take(&ctx, &by, &dataset, length, &mut body, &mut outcome).await {
        outcome.whole = Some(failure);
    }
    let made = outcome.made.take();
    let made = made.and_then(|made| Some((made.org_id, made.container?.to_string())));
    let (back, dataset) = match made {
        Some((org, dataset)) => (paths::drive(&org, &dataset), dataset),
        None => (back, dataset),
    };
    let mut response = Redirect::to(&back).into_response();
    if let Some(cookie) = flash::set_flash(&ctx, Some(by.person), said(&dataset, outcome)).await {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What the next page says.
fn said(dataset: &str, outcome: Outcome) -> Flash {
    let Outcome { added, present, skipped, mut refused, whole, made: _ } = outcome;
    let mut parts = Vec::new();
    if added > 0 {
        parts.push(format!("{} added", words::totalled(added, "file", "files")));
    }
    if present > 0 {
        parts.push(format!("{} there already", words::totalled(present, "was", "were")));
    }
    if skipped > 0 {
        parts.push(format!("{} skipped", words::total(skipped)));
    }
    let failure = whole.or_else(|| {
        let number = refused.len() as u64;
        (number > 0).then(|| {
            let text = format!("{} not added.", words::totalled(number, "file was", "files were"));
            Failure::Refused(Refusal::BadRequest(text))
        })
    });
    if refused.len() > MAX_NAMED {
        let more = refused.len() - MAX_NAMED;
        refused.truncate(MAX_NAMED);
        refused.push((format!("{} more", words::total(more as u64)), "See the list of files.".to_owned()));
    }
    let form = failure.map(|failure| FormFlash { action: paths::upload_form(dataset), values: refused, failure });
    Flash { toast: (!parts.is_empty()).then(|| parts.join(", ")), undo: None, form }
}

/// Takes the files of a form, one after the other.
async fn take(
    ctx: &Ctx,
    by: &Principal,
    dataset: &str,
    length: Option<i64>,
    body: &mut Multipart,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let mut speed = Pace::new(ctx.files().map_err(failure)?.limits().patience);
    let (mut on_conflict, mut name, mut came) = (String::new(), String::new(), 0_i64);
    let mut place: Option<Result<FormPlace, Failure>> = None;
    while let Some(mut field) = in_time(&mut speed, body.next_field()).await? {
        let path = field.file_name().unwrap_or_default().to_owned();
        match field.name() {
            Some("on_conflict") => on_conflict = value(&mut speed, &mut field).await?,
            Some("name") => name = value(&mut speed, &mut field).await?,
            // A browser sends an empty one where nothing was chosen.
            Some("files") if !path.is_empty() => {
                if place.is_none() {
                    let begun = form::begin(ctx, by, dataset, (&on_conflict, &name)).await.map_err(failure);
                    place = Some(begun.map(|(place, made)| {
                        outcome.made = made;
                        place
                    }));
                }
                let Some(Ok(place)) = &place else {
                    drain(&mut speed, &mut field).await?;
                    continue;
                };
                let most = length.map_or(i64::MAX, |length| length.saturating_sub(came));
                let file = FormFile { path, most };
                let (sent, bytes) = receive(ctx, by, *place, &file, (&mut speed, &mut field)).await?;
                came = came.saturating_add(bytes);
                match sent {
                    Ok(Sent::Added) => outcome.added += 1,
                    Ok(Sent::Present) => outcome.present += 1,
                    Ok(Sent::Skipped) => outcome.skipped += 1,
                    Err(failure) => outcome.refused.push((file.path, failure.to_string())),
                }
            }
            _ => {
                drain(&mut speed, &mut field).await?;
            }
        }
    }
    match place {
        None => Err(Refusal::BadRequest("Choose files first.".to_owned()).into()),
        Some(place) => place.map(|_| ()),
    }
}

/// Receives one file: this request reads the connection, and a task of its own writes, so that a file is discarded also where the
/// client hangs up. What came of it, and how many bytes it had.
async fn receive(
    ctx: &Ctx,
    by: &Principal,
    place: FormPlace,
    file: &FormFile,
    (speed, field): (&mut Pace, &mut Field<'_>),
) -> Result<(Result<Sent, Failure>, i64), Failure> {
    let turn = ctx.files().map_err(failure)?.turn(by.person);
    let Some(turn) = turn else {
        let bytes = drain(speed, field).await?;
        return Ok((Err(Refusal::ManyUploads.into()), bytes));
    };
    let (chunks, mut arrivals) = mpsc::channel::<Arriving>(WAITING_CHUNKS);
    let (ctx, by, file) = (ctx.clone(), by.clone(), file.clone());
    let writing = tokio::spawn(async move {
        let arriving = futures::stream::poll_fn(move |context| arrivals.poll_recv(context));
        let sent = form::receive_file(&ctx, &by, place, &file, arriving).await;
        drop(turn);
        sent
    });
    let mut bytes = 0_i64;
    let mut wanted = true;
    let arrived = loop {
        match next_chunk(speed, field).await {
            Ok(None) => break Ok(()),
            Ok(Some(chunk)) => {
                bytes = bytes.saturating_add(chunk_length(&chunk));
                // An error says that the writer has answered already; the rest is read and dropped.
                wanted = wanted && chunks.send(Arriving::Chunk(chunk)).await.is_ok();
            }
            Err(broken) => break Err(broken),
        }
    };
    if arrived.is_ok() && wanted {
        drop(chunks.send(Arriving::End).await);
    }
    drop(chunks);
    // A file that broke off is discarded before anybody is told.
    let sent =
        writing.await.map_err(|_| failure(Error::Internal("the task that writes a form's file ended".to_owned())))?;
    arrived?;
    Ok((sent.map_err(failure), bytes))
}

fn chunk_length(chunk: &Bytes) -> i64 {
    i64::try_from(chunk.len()).unwrap_or(i64::MAX)
}

/// What a field without a file says.
async fn value(speed: &mut Pace, field: &mut Field<'_>) -> Result<String, Failure> {
    let mut text = Vec::new();
    while let Some(chunk) = next_chunk(speed, field).await? {
        let room = MAX_VALUE_BYTES.saturating_sub(text.len());
        text.extend(chunk.iter().take(room));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Reads a field and drops it; how many bytes it had.
async fn drain(speed: &mut Pace, field: &mut Field<'_>) -> Result<i64, Failure> {
    let mut bytes = 0_i64;
    while let Some(chunk) = next_chunk(speed, field).await? {
        bytes = bytes.saturating_add(chunk_length(&chunk));
    }
    Ok(bytes)
}

/// The next bytes of a field, unless they come too slowly.
async fn next_chunk(speed: &mut Pace, field: &mut Field<'_>) -> Result<Option<Bytes>, Failure> {
    let chunk = in_time(speed, field.chunk()).await?;
    match &chunk {
        Some(bytes) if !speed.keeps_up(bytes.len()) => Err(too_slow()),
        _ => Ok(chunk),
    }
}

/// The next part of a body, unless it breaks or nothing comes for too long.
async fn in_time<T>(
    speed: &mut Pace,
    next: impl Future<Output = Result<Option<T>, MultipartError>>,
) -> Result<Option<T>, Failure> {
    match speed.next(next).await {
        Some(Ok(part)) => Ok(part),
        Some(Err(_)) => Err(cut("The form did not arrive whole. Send the files that are missing again.")),
        None => Err(too_slow()),
    }
}

fn too_slow() -> Failure {
    cut("Nothing or too little came for 30 seconds. Send the files that are missing again.")
}

fn cut(text: &str) -> Failure {
    Failure::Refused(Refusal::BadRequest(text.to_owned()))
}
