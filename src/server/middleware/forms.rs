//! Keeps a copy of a form that was posted without WebAssembly, so that a refusal can show it again.

use axum::{
    body::Body,
    extract::Request,
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::super::request::accepts_html;

/// The body of a form that was posted without WebAssembly.
#[derive(Clone, Debug)]
pub struct SubmittedForm(axum::body::Bytes);

/// The longest form that is kept.
const MAX_FORM_BYTES: usize = 64 * 1024;

impl SubmittedForm {
    /// Its fields, without passwords and tokens.
    pub fn values(&self) -> Vec<(String, String)> {
        serde_urlencoded::from_bytes::<Vec<(String, String)>>(&self.0)
            .unwrap_or_default()
            .into_iter()
            .filter(|(name, _)| !name.contains("password") && name != "current" && name != "token")
            .collect()
    }
}

/// Middleware: keeps a copy of a plain form, for [`SubmittedForm::values`].
pub async fn remember_form(request: Request, next: Next) -> Response {
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    if !is_form || !accepts_html(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    // `DefaultBodyLimit` counts for extractors only, so this layer has a limit of its own.
    match axum::body::to_bytes(body, 1024 * 1024).await {
        Ok(bytes) => {
            if bytes.len() <= MAX_FORM_BYTES {
                parts.extensions.insert(SubmittedForm(bytes.clone()));
            }
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
        Err(_) => axum::http::StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    }
}
