//! Middleware: a POST with an Idempotency-Key has one effect, however often it is sent (API-1).

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    domain::{refusal::Refusal, text::Problem as FieldProblem},
    server::{
        context::{Ctx, digest},
        session::Caller,
        usecase::idempotency::{Turn, begin, finish},
    },
};

use super::{operator::Operating, problem::Problem};

/// The longest body of an unsafe call.
pub const LONGEST_BODY: usize = 1024 * 1024;

/// See the module.
pub async fn once(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let key = request.headers().get("idempotency-key").map(|key| key.to_str().unwrap_or_default().to_owned());
    let path = request.uri().path().to_owned();
    // Signing in and up and a new password hand out a session, which a stored answer could not; and what they are sent is
    // secret: not even a digest of it is kept. Nor is the address of a share link, nor a key.
    let is_session =
        ["/session", "/signup", "/password", "/password/reset", "/email", "/email/verify", "/links", "/operator/keys"]
            .iter()
            .any(|end| path.ends_with(end));
    let Some(key) = key.filter(|_| *request.method() == Method::POST && !is_session) else {
        return next.run(request).await;
    };
    if key.is_empty() || key.len() > 255 {
        return Problem::refusal(&Refusal::field("Idempotency-Key", FieldProblem::TooLong(255))).into_response();
    }
    let (operating, caller) = (request.extensions().get::<Operating>(), request.extensions().get::<Caller>());
    let caller = match (operating, caller) {
        (Some(operating), _) => format!("operator {}", operating.key),
        (None, Some(Caller { principal: Some(principal), .. })) => principal.person.to_string(),
        (None, Some(Caller { key: Some(key), .. })) => format!("key {}", key.key),
        _ => return next.run(request).await,
    };
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, LONGEST_BODY).await else {
        return Problem::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, "invalid", "The body is too large.".to_owned())
            .into_response();
    };
    let hash = digest(&[parts.method.as_str().as_bytes(), b" ", path.as_bytes(), b"\n", &bytes].concat());
    match begin(&ctx, &caller, &key, &hash).await {
        Err(error) => return Problem::from(error).into_response(),
        Ok(Turn::Again { status, body }) => return again(status, body),
        Ok(Turn::First) => {}
    }
    // Finished in a task of its own: a caller who hangs up meanwhile finds the answer under the key.
    let work = tokio::spawn(async move {
        let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 64 * 1024 * 1024).await.unwrap_or_default();
        let keep = !parts.status.is_server_error() && parts.status != axum::http::StatusCode::TOO_MANY_REQUESTS;
        let answer = keep.then(|| (parts.status.as_u16(), String::from_utf8_lossy(&body).into_owned()));
        if let Err(error) = finish(&ctx, &caller, &key, answer).await {
            tracing::error!(%error, "an answer could not be kept");
        }
        Response::from_parts(parts, Body::from(body))
    });
    work.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a call ended without an answer");
        Problem::unavailable().into_response()
    })
}

fn again(status: u16, body: String) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap_or(axum::http::StatusCode::OK);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}
