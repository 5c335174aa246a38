//! Responses while the database is unreachable, full or read-only, or too busy: 503 with an explanation and `Retry-After`, as
//! a page, a failure of a server function or a problem of the REST API. Nobody is signed out by it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use crate::domain::refusal::Refusal;

use super::{
    super::{request::accepts_html, rest::problem::Problem, store::session},
    refused_function,
};

/// When to retry.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// A temporary failure that happened somewhere inside a request. Leptos answers a plain form with a redirect whatever the
/// server function returned, so the failure takes this way to the middleware.
#[derive(Clone, Debug, Default)]
pub struct NotedRefusal(Arc<Mutex<Option<Refusal>>>);

impl NotedRefusal {
    /// Records the failure.
    pub fn note(&self, refusal: Refusal) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }

    fn take(&self) -> Option<Refusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The 503 response, in the format that the sender of the request reads.
pub fn unavailable(path: &str, headers: &HeaderMap, refusal: Refusal) -> Response {
    if path.starts_with("/api/") || path.starts_with("/oauth/") {
        return Problem::refusal(&refusal).into_response();
    }
    if path.starts_with("/fn/") && !accepts_html(headers) {
        let mut response = refused_function(refusal);
        // By this header the client half of a server function recognizes an error.
        if let Ok(path) = HeaderValue::from_str(path) {
            response.headers_mut().insert("serverfnerror", path);
        }
        return response;
    }
    // The refusal has no text from outside, so there is nothing to escape.
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Try again in a moment</title>\
         <main><h1>Try again in a moment</h1><p>{refusal}</p>\
         <p>If you sent a form, go back: what you typed is still in it. You are still signed in.</p>\
         <p><a href=\"\">Try again</a></p></main></html>"
    );
    (StatusCode::SERVICE_UNAVAILABLE, Html(page)).into_response()
}

/// Middleware around sessions: replaces responses that say nothing useful while the database is unavailable. The session layer
/// answers with an empty 500, and a plain form is redirected to a page that could not be shown either.
pub async fn answer_unavailable(mut request: Request, next: Next) -> Response {
    let (path, headers, noted) = (request.uri().path().to_owned(), request.headers().clone(), NotedRefusal::default());
    request.extensions_mut().insert(noted.clone());
    let (response, away) = session::noticing(next.run(request)).await;
    let status = response.status();
    // Leptos answers a plain form with an empty redirect, whatever the status.
    let has_words = status == StatusCode::SERVICE_UNAVAILABLE && !(path.starts_with("/fn/") && accepts_html(&headers));
    match noted.take().or(away) {
        Some(refusal) if !status.is_success() && !has_words => unavailable(&path, &headers, refusal),
        _ => response,
    }
}

/// Middleware around everything: adds `Retry-After` to every 503.
pub async fn retry_after(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(RETRY_AFTER_SECONDS);
    }
    response
}
