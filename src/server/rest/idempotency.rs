//! Middleware: a POST with an `Idempotency-Key` takes effect once, however often it is sent (API-1).

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, response::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    domain::{annotation::MAX_IMPORT_BYTES, refusal::Refusal, text::FieldIssue as FieldProblem},
    server::{
        context::Ctx,
        session::Caller,
        usecase::idempotency::{Answer, Asker, Turn, begin, carry_out, rehearse},
    },
};

use super::{contract::EXEMPT, operator::OperatorSession, problem::Problem};

/// The longest body of an unsafe call, but for an import.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The longest body of a call.
fn max_body_bytes(call: &str) -> usize {
    if call.ends_with("/annotations/import") { MAX_IMPORT_BYTES } else { MAX_BODY_BYTES }
}

/// The longest response that is kept.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// The middleware.
pub async fn once(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let key = request.headers().get("idempotency-key").map(|key| key.to_str().unwrap_or_default().to_owned());
    let path = request.uri().path().to_owned();
    let call = path.strip_prefix("/api/v1").unwrap_or(&path);
    let takes = *request.method() == Method::POST && EXEMPT.iter().all(|(without, _)| *without != call);
    let Some(key) = key.filter(|_| takes) else { return next.run(request).await };
    if key.is_empty() || key.len() > 255 {
        return Problem::refusal(&Refusal::field("Idempotency-Key", FieldProblem::TooLong(255))).into_response();
    }
    let asker = match (request.extensions().get::<OperatorSession>(), request.extensions().get::<Caller>()) {
        (Some(operating), _) => Asker::Operator(operating.key),
        (None, Some(Caller { principal: Some(principal), .. })) => Asker::Person(principal.person),
        (None, Some(Caller { key: Some(key), .. })) => Asker::Key(key.key, key.scopes.clone()),
        // Nobody is signed in, so the handler refuses it.
        _ => return next.run(request).await,
    };
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, max_body_bytes(call)).await else {
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid", "The body is too large.".to_owned())
            .into_response();
    };
    let sent = (parts.clone(), bytes.clone());
    // The transaction may be retried after a conflict. Each try starts from nothing, as the earlier one was rolled back.
    let work = move || {
        let request = Request::from_parts(sent.0.clone(), Body::from(sent.1.clone()));
        let next = next.clone();
        async move {
            let (parts, body) = next.run(request).await.into_parts();
            Replied { parts, body: to_bytes(body, MAX_RESPONSE_BYTES).await.unwrap_or_default() }
        }
    };
    let query = parts.uri.query().unwrap_or_default();
    let request = [parts.method.as_str().as_bytes(), call.as_bytes(), query.as_bytes(), &bytes];
    let done = match begin(&ctx, &asker, &key, &request).await {
        Err(error) => return Problem::from(error).into_response(),
        Ok(Turn::Again(answer)) => return again(answer),
        Ok(Turn::AgainIfAllowed(answer)) => match rehearse(&ctx, work).await {
            Ok(replied) if is_refused_today(replied.parts.status) => Ok(replied),
            Ok(_) => return again(answer),
            Err(error) => Err(error),
        },
        Ok(Turn::First(claim)) => carry_out(&ctx, asker, claim, work, worth_keeping).await,
    };
    match done {
        Ok(replied) => Response::from_parts(replied.parts, Body::from(replied.body)),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// A complete response of a handler.
struct Replied {
    parts: Parts,
    body: Bytes,
}

/// The response to keep; `None` if a retry may succeed.
fn worth_keeping(replied: &Replied) -> Option<Answer> {
    let status = replied.parts.status;
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned);
    let headers = replied.parts.headers.iter().filter_map(|(name, value)| Some((name.to_string(), text(value).ok()?)));
    let body = String::from_utf8_lossy(&replied.body).into_owned();
    Some(Answer { status: status.as_u16(), headers: headers.collect(), body })
}

/// Whether this status says that the caller may no longer do it. Other refusals of a repeated call come from the first one's
/// effect, like a name that is taken now.
fn is_refused_today(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE)
}

fn again(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.clear();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}
