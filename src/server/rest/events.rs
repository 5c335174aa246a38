//! Event streams: pages and clients learn of changes by server-sent events.

use std::convert::Infallible;

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use tower_sessions::Session;

use crate::{
    domain::refusal::Refusal,
    server::{
        context::{Ctx, Principal},
        usecase::{
            job::list,
            live::{LiveEvent, Watch, watch, watch_several},
        },
    },
};

use super::{CurrentPerson, jobs::LogBody, problem::Problem};

/// Refuses a stream that a page of another site opens (attack 34). Browsers say where a request comes from.
fn refuse_cross_site(ctx: &Ctx, headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let elsewhere = text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let foreign = text("origin").is_some_and(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        origin != ctx.public_url() && (host.is_none() || host != text(header::HOST.as_str()))
    });
    if elsewhere || foreign {
        return Err(Refusal::Forbidden("This stream is for our own pages.".to_owned()));
    }
    Ok(())
}

/// What a stream reports on.
enum Watched<'a> {
    /// A resource, or what is shared with the caller.
    One(Option<&'a str>),
    /// What is shared with the caller, and resources.
    Several(&'a [String]),
}

async fn stream(
    ctx: &Ctx,
    by: &Principal,
    session: Option<Extension<Session>>,
    headers: &HeaderMap,
    what: Watched<'_>,
) -> Result<Response, Problem> {
    refuse_cross_site(ctx, headers).map_err(|refusal| Problem::refusal(&refusal))?;
    // With a session, the stream ends when the session does. A bearer token has none; access is checked in both cases.
    let session = by.session.is_some().then(|| session.and_then(|Extension(session)| session.id())).flatten();
    // A client that reconnects may have missed a change, so the stream starts with one.
    let missed = headers.contains_key("last-event-id");
    let watch = match what {
        Watched::One(id) => watch(ctx, by, session, id, missed).await?,
        Watched::Several(ids) => watch_several(ctx, by, session, ids, missed).await?,
    };
    let first = Event::default().comment("watching").id("0").retry(std::time::Duration::from_secs(1));
    let events = stream::unfold((Some(first), watch), |(first, mut watch): (Option<Event>, Watch)| async move {
        if let Some(first) = first {
            return Some((Ok::<_, Infallible>(first), (None, watch)));
        }
        let event = match watch.next().await? {
            LiveEvent::Changed(None) => Event::default().event("changed").id("1").data("me"),
            LiveEvent::Changed(Some(id)) => Event::default().event("changed").id("1").data(id.to_string()),
            LiveEvent::Gone(id) => Event::default().event("gone").data(id.to_string()),
            LiveEvent::Alive => Event::default().comment(""),
        };
        Some((Ok(event), (None, watch)))
    });
    Ok(event_stream(events))
}

fn event_stream(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    let mut response = Sse::new(events).keep_alive(KeepAlive::default()).into_response();
    // Tells nginx not to buffer: each event must pass at once.
    response.headers_mut().insert("x-accel-buffering", header::HeaderValue::from_static("no"));
    // The outer layer sets `no-store`, as for every response.
    response.headers_mut().remove(header::CACHE_CONTROL);
    response
}

/// Follows the log of a job.
struct Follow {
    ctx: Ctx,
    by: Principal,
    job: String,
    /// The number of the next line.
    from: i64,
    /// Tells when there may be more lines; `None` once the job has ended.
    watch: Option<Watch>,
    ended: bool,
}

impl Follow {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        while !self.ended {
            // Who may no longer see it is told nothing more.
            let view = list::log(&self.ctx, &self.by, &self.job, self.from, None).await.ok()?;
            (self.from, self.ended) = (view.next, !view.is_open);
            if !view.lines.is_empty() {
                let body = LogBody::from(view);
                let event = Event::default().event("lines").id(self.from.to_string()).json_data(&body).ok()?;
                return Some((Ok(event), self));
            }
            if !self.ended {
                self.watch.as_mut()?.next().await?;
            }
        }
        // The one that says so is the last.
        self.watch.take()?;
        let event = Event::default().event("end").id(self.from.to_string()).data("");
        Some((Ok(event), self))
    }
}

/// Follows a job's log: an event `lines` with new lines as its data, like those of `log`, and an event `end` once the job has ended and
/// all of them were sent. Who comes back with `Last-Event-ID` goes on behind the last line.
#[utoipa::path(get, path = "/jobs/{id}/log/events", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub async fn job_log(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    session: Option<Extension<Session>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    refuse_cross_site(&ctx, &headers).map_err(|refusal| Problem::refusal(&refusal))?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse::<i64>().ok());
    let job = list::show(&ctx, &by, &id).await?;
    let session = by.session.is_some().then(|| session.and_then(|Extension(session)| session.id())).flatten();
    let dataset = job.dataset.to_string();
    let watch = watch(&ctx, &by, session, Some(&dataset), false).await?;
    let follow = Follow { ctx, by, job: id, from: last.unwrap_or(1), watch: Some(watch), ended: false };
    Ok(event_stream(stream::unfold(follow, Follow::next)))
}

/// Tells when something changes in a container, as an event `changed`; then ask again what is in it. The stream ends when
/// the caller may no longer see it.
#[utoipa::path(get, path = "/resources/{id}/events", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub async fn resource(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    session: Option<Extension<Session>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    stream(&ctx, &by, session, &headers, Watched::One(Some(&id))).await
}

/// Tells when what is shared with the caller, or a ticket of theirs, changes, as an event `changed` with the data `me`. With `resource`, up to 64
/// times, it tells of these too, so that one connection serves several windows: `changed` with the resource's id as data, and
/// `gone` of one that the caller may not see, or no longer.
#[utoipa::path(get, path = "/me/events", tag = "drive", params(("resource" = Option<Vec<String>>, Query)),
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = 400, body = Problem), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub async fn mine(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    session: Option<Extension<Session>>,
    headers: HeaderMap,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let resources: Vec<String> = query.into_iter().filter(|(name, _)| name == "resource").map(|(_, id)| id).collect();
    let what = if resources.is_empty() { Watched::One(None) } else { Watched::Several(&resources) };
    stream(&ctx, &by, session, &headers, what).await
}
