//! Errors as RFC 9457 problem details.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{blocker::Blocker, refusal::Refusal},
    server::{error::Error, http_status::status_of},
};

const PROBLEM_JSON: &str = "application/problem+json";
const REALM: &str = "Bearer realm=\"commonhold\"";

/// A problem at a field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldBody {
    /// The field.
    field: String,
    /// What is wrong with it, in words for people.
    message: String,
}

/// One thing that is in the way of a transfer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BlockerBody {
    /// Which rule.
    #[schema(example = "not_processed")]
    code: &'static str,
    /// The item it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// That item's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What is wrong and what to do.
    message: String,
}

impl From<&Blocker> for BlockerBody {
    fn from(blocker: &Blocker) -> Self {
        Self {
            code: blocker.code.as_str(),
            resource: blocker.resource.map(|id| id.to_string()),
            name: blocker.name.clone(),
            message: blocker.message.clone(),
        }
    }
}

/// Why a request was not carried out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the code says more.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong and what to do.
    detail: String,
    /// Stable code.
    code: &'static str,
    /// The id to report for an internal error; the same as the header `x-request-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// Problems at fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldBody>,
    /// What is in the way of a transfer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blockers: Vec<BlockerBody>,
    /// Where somebody else changed something first: what it is by now, as the call would have answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    current: Option<serde_json::Value>,
    #[serde(skip)]
    retry_after: Option<u64>,
    /// The error for the `WWW-Authenticate` header (RFC 6750), if a token was sent.
    #[serde(skip)]
    challenge: Option<String>,
}

impl Problem {
    /// A problem with a code and a text.
    pub fn new(status: StatusCode, code: &'static str, detail: String) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            code,
            request_id: None,
            errors: Vec::new(),
            blockers: Vec::new(),
            current: None,
            retry_after: None,
            challenge: None,
        }
    }

    /// The same problem, for a token that does not work.
    pub fn for_a_bad_token(self) -> Self {
        let text = "error=\"invalid_token\", error_description=\"The token has expired, or its key was revoked\"";
        Self { challenge: Some(text.to_owned()), ..self }
    }

    /// The same problem, for a token without any of these scopes.
    pub fn for_want_of_scope(self, scopes: &str) -> Self {
        Self { challenge: Some(format!("error=\"insufficient_scope\", scope=\"{scopes}\"")), ..self }
    }

    /// The same problem, at a field.
    pub fn at_field(mut self, field: &str, message: &str) -> Self {
        self.errors.push(FieldBody { field: field.to_owned(), message: message.to_owned() });
        self
    }

    /// The same problem, with what somebody else has changed.
    pub fn with_current(self, current: &impl Serialize) -> Self {
        Self { current: serde_json::to_value(current).ok(), ..self }
    }

    /// A refusal.
    pub fn refusal(refusal: &Refusal) -> Self {
        let mut problem = Self::new(status_of(&Error::Refused(refusal.clone())), refusal.code(), refusal.to_string());
        match refusal {
            Refusal::Invalid(fields) => {
                problem.errors = fields
                    .iter()
                    .map(|error| FieldBody { field: error.field.clone(), message: error.words() })
                    .collect();
            }
            Refusal::Blocked(blockers) => problem.blockers = blockers.iter().map(Into::into).collect(),
            Refusal::RateLimited(seconds) => problem.retry_after = Some(*seconds),
            Refusal::Unavailable => problem.retry_after = Some(2),
            Refusal::Busy(_) => problem.retry_after = Some(1),
            Refusal::ManyUploads => problem.retry_after = Some(5),
            _ => {}
        }
        problem
    }

    /// A problem for a response of a layer that knows no problems, from its status alone.
    fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::UNAUTHORIZED => ("unauthenticated", "Sign in to continue."),
            StatusCode::FORBIDDEN => ("forbidden", "This is not allowed."),
            StatusCode::NOT_FOUND => ("not_found", "This does not exist."),
            StatusCode::METHOD_NOT_ALLOWED => {
                ("invalid", "This address does not support this method. See the Allow header.")
            }
            StatusCode::PAYLOAD_TOO_LARGE => ("invalid", "The body is too large."),
            StatusCode::TOO_MANY_REQUESTS => ("rate_limited", "Too many requests. Try again later."),
            StatusCode::GATEWAY_TIMEOUT => {
                ("internal", "This took too long and was stopped. Check what was done before you try again.")
            }
            status if status.is_server_error() => {
                ("internal", "Something went wrong on our side. Nothing was lost; try again.")
            }
            _ => ("invalid", "The request could not be understood."),
        };
        Self::new(status, code, detail.to_owned())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if let Some(refusal) = error.later() {
            tracing::error!(%error, "cannot answer an API request right now");
            return Self::refusal(&refusal);
        }
        match error {
            Error::Refused(refusal) => Self::refusal(&refusal),
            hidden => {
                tracing::error!(error = %hidden, "an API request failed with an internal error");
                let text = "Something went wrong on our side. Nothing was lost; try again.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", text.to_owned())
            }
        }
    }
}

/// Marks a response whose body is a problem, so that the request id is written into it.
#[derive(Clone, Debug)]
pub struct IsProblem(pub Problem);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        // RFC 9110, 15.5.2: a 401 names the authentication scheme.
        let challenge = match &self.challenge {
            Some(wrong) => Some(format!("{REALM}, {wrong}")),
            None => (status == StatusCode::UNAUTHORIZED).then(|| REALM.to_owned()),
        };
        if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(IsProblem(self));
        response
    }
}

/// Middleware: writes the request id into problems.
pub async fn with_request_id(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let mut response = next.run(request).await;
    // The body is written already, so the problem travels beside it and is written again with the id.
    match response.extensions_mut().remove::<IsProblem>() {
        Some(IsProblem(problem)) if problem.request_id.is_none() && id.is_some() => {
            let mut again = Problem { request_id: id, ..problem }.into_response();
            again.extensions_mut().remove::<IsProblem>();
            // What a handler said besides, such as the length of a file that a range was not in.
            for (name, value) in response.headers() {
                if *name != header::CONTENT_LENGTH && !again.headers().contains_key(name) {
                    again.headers_mut().insert(name.clone(), value.clone());
                }
            }
            again
        }
        _ => response,
    }
}

/// Middleware around everything: turns every error under `/api/` into a problem, whoever refused the request: the router for an
/// unknown method, the timeout, a handler that panicked.
pub async fn in_the_api(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    // The API documentation is a page for people.
    if !request.uri().path().starts_with("/api/") || request.uri().path() == "/api/docs" {
        return next.run(request).await;
    }
    let request_id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let response = next.run(request).await;
    let status = response.status();
    let told = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON);
    if told || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let (_, body) = Problem { request_id, ..Problem::of_status(status) }.into_response().into_parts();
    for of_the_old_body in [header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::ETAG, header::LAST_MODIFIED] {
        parts.headers.remove(of_the_old_body);
    }
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    Response::from_parts(parts, body)
}
