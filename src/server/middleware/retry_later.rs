//! How somebody is answered whom nothing can be done for just now: the database is away, full or read-only, or others were in
//! the way for too long. Every door says so in its own way, with 503, words, and when to come back. Nobody is told to sign in,
//! and every session stays what it was.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use crate::{domain::refusal::Refusal, rpc::Failure};

use super::super::{request::accepts_html, rest::problem::Problem, store::session};

/// In how many seconds to come back.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// What could not be done in the middle of a request.
#[derive(Clone, Debug, Default)]
pub struct NotedRefusal(Arc<Mutex<Option<Refusal>>>);

impl NotedRefusal {
    /// Notes that something cannot be done now.
    pub fn note(&self, refusal: Refusal) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }

    fn take(&self) -> Option<Refusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The answer to a request that nothing can be done for now, as its sender reads it.
pub fn answer(path: &str, headers: &HeaderMap, refusal: Refusal) -> Response {
    if path.starts_with("/api/") || path.starts_with("/oauth/") {
        return Problem::refusal(&refusal).into_response();
    }
    let status = StatusCode::SERVICE_UNAVAILABLE;
    if path.starts_with("/fn/") && !accepts_html(headers) {
        let mut response = (status, axum::Json(Failure::Refused(refusal))).into_response();
        // The name by which the browser's half knows a failure.
        if let Ok(path) = HeaderValue::from_str(path) {
            response.headers_mut().insert("serverfnerror", path);
        }
        return response;
    }
    // The words are ours: there is nothing to escape.
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Try again in a moment</title>\
         <main><h1>Try again in a moment</h1><p>{refusal}</p>\
         <p>If you sent a form, go back: what you typed is still in it. You are still signed in.</p>\
         <p><a href=\"\">Try again</a></p></main></html>"
    );
    (status, Html(page)).into_response()
}

/// Middleware around sessions: what keeps them answers with an empty 500 where they cannot be kept, and a plain form is led back to a
/// page that could not be shown either.
pub async fn answer_unavailable(mut request: Request, next: Next) -> Response {
    let (path, headers, noted) = (request.uri().path().to_owned(), request.headers().clone(), NotedRefusal::default());
    request.extensions_mut().insert(noted.clone());
    let (response, away) = session::noticing(next.run(request)).await;
    let status = response.status();
    // A plain form is answered by Leptos with a redirect and no words, whatever the status.
    let has_words = status == StatusCode::SERVICE_UNAVAILABLE && !(path.starts_with("/fn/") && accepts_html(&headers));
    match noted.take().or(away) {
        Some(refusal) if !status.is_success() && !has_words => answer(&path, &headers, refusal),
        _ => response,
    }
}

/// Middleware around everything: whoever is told that it cannot be done now is told when to come back.
pub async fn retry_after(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(RETRY_AFTER_SECONDS);
    }
    response
}
