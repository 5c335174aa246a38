//! `/api/docs`: the API documentation, a page with Swagger UI. Swagger UI's files come from npm (`scripts/package.json`), and
//! `tools/site` puts them into the site under hashed names. The page itself is `public/api-docs`. Its policy allows
//! nothing from elsewhere and no inline scripts.

use std::{path::PathBuf, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use leptos::config::LeptosOptions;

/// What the page may load. `data:` is for the pictures in Swagger UI's style sheet. It also sets styles by script, which
/// needs no permission.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The file of the page.
#[derive(Clone, Debug)]
pub struct DocsPath(Arc<PathBuf>);

impl DocsPath {
    /// In the folder that the build made.
    pub fn of(leptos: &LeptosOptions) -> Self {
        Self(Arc::new(PathBuf::from(leptos.site_root.to_string()).join("api-docs").join("index.html")))
    }
}

/// The page. If the site was not built, a page that says so and links the OpenAPI document.
pub async fn page(State(DocsPath(file)): State<DocsPath>) -> Response {
    let (status, html) = match tokio::fs::read(file.as_ref()).await {
        Ok(html) => (StatusCode::OK, html),
        Err(error) => {
            tracing::warn!(%error, file = %file.display(), "the page of the API is not there");
            (StatusCode::SERVICE_UNAVAILABLE, MISSING.as_bytes().to_vec())
        }
    };
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

const MISSING: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>API · Commonhold</title>\
    <h1>The files of this page are missing</h1><p>The site was not built: run <code>scripts/build</code>, or <code>scripts/build site</code>. \
    The OpenAPI document itself is at <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p></html>";
