//! `/orgs/{org}/keys` and `/oauth/token`: how machines sign in (AUTH-6); and what they may ask with it.

use axum::{
    Form,
    extract::{Path, RawQuery, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{
        key::{KeyForm, Scope},
        refusal::Refusal,
        time::Timestamp,
    },
    server::{context::Ctx, error::Error, usecase::key},
    view::key::{KeyView, NewSecret},
};

use super::{ClientInfo, CurrentPerson, Json, PageBody, problem::Problem};

/// A credential key.
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialKeyBody {
    id: String,
    name: String,
    client_id: String,
    /// The Account ID of its account.
    account: String,
    /// `read`, `write`, `people`, `engine`, `desktop`.
    scopes: Vec<&'static str>,
    created_by: String,
    created_at: String,
    last_used_at: Option<String>,
    /// The client secret, only in the response that creates the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

impl CredentialKeyBody {
    fn of(view: KeyView, secret: Option<NewSecret>) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name,
            client_id: view.client_id,
            account: view.account,
            scopes: view.scopes.list().iter().map(|scope| Scope::as_str(*scope)).collect(),
            created_by: view.created_by,
            created_at: view.created_at.rfc3339(),
            last_used_at: view.last_used_at.map(Timestamp::rfc3339),
            client_secret: secret.map(|secret| secret.secret),
        }
    }
}

/// The active credential keys of an organization, newest first.
#[utoipa::path(get, path = "/orgs/{org}/keys", tag = "keys", params(("org" = String, Path)),
    responses((status = 200, body = PageBody<CredentialKeyBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
) -> Result<Json<PageBody<CredentialKeyBody>>, Problem> {
    let items = key::list(&ctx, &by, &org).await?.into_iter().map(|view| CredentialKeyBody::of(view, None)).collect();
    Ok(Json(PageBody { items, next_cursor: None }))
}

/// A key to create.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewCredentialKeyBody {
    name: String,
    /// The id or Account ID of its account. Default: the first account.
    account: Option<String>,
    /// Some of `read`, `write`, `people`, `engine`, `desktop`.
    scopes: Vec<String>,
}

/// Creates a credential key. The response has its secret, which is shown only once.
#[utoipa::path(post, path = "/orgs/{org}/keys", tag = "keys", params(("org" = String, Path)), request_body = NewCredentialKeyBody,
    responses((status = 201, body = CredentialKeyBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Json(body): Json<NewCredentialKeyBody>,
) -> Result<(StatusCode, Json<CredentialKeyBody>), Problem> {
    let form = KeyForm { name: body.name, account: body.account.unwrap_or_default(), scopes: body.scopes };
    let (view, secret) = key::create(&ctx, &by, &org, &form).await?;
    Ok((StatusCode::CREATED, Json(CredentialKeyBody::of(view, Some(secret)))))
}

/// Revokes a key. The key and its tokens stop working at once.
#[utoipa::path(delete, path = "/orgs/{org}/keys/{id}", tag = "keys", params(("org" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    key::revoke(&ctx, &by, &org, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A request for a token, with the names of RFC 6749.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct AccessTokenForm {
    /// `client_credentials`.
    #[schema(required)]
    grant_type: String,
    /// The client ID, unless it is sent with HTTP Basic.
    client_id: String,
    /// The client secret, unless it is sent with HTTP Basic.
    client_secret: String,
}

/// A bearer token (RFC 6749, 5.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessTokenBody {
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// In seconds.
    expires_in: i64,
    /// The key's scopes, separated by spaces.
    scope: String,
}

/// Why there is no token (RFC 6749, 5.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenProblemBody {
    /// `invalid_request`, `invalid_client` or `unsupported_grant_type`.
    error: &'static str,
    error_description: String,
}

/// An error in the words of RFC 6749, 5.2.
fn refused(status: StatusCode, error: &'static str, description: &str) -> Response {
    let body = TokenProblemBody { error, error_description: description.to_owned() };
    let mut response = (status, axum::Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"commonhold\""));
    }
    response
}

/// Client ID and secret from `Authorization: Basic`: form-encoded, with a colon between, in base64 (RFC 6749, 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    // Our client IDs and secrets have no characters that form-encoding changes.
    Some((id.to_owned(), secret.to_owned()))
}

/// A token for one hour, for the client ID and secret of a credential key: the client credentials grant (RFC 6749,
/// 4.4). Send the client ID and secret with HTTP Basic or in the form, not both.
#[utoipa::path(post, path = "/oauth/token", tag = "keys", operation_id = "post_oauth_token",
    request_body(content = AccessTokenForm, content_type = "application/x-www-form-urlencoded"), security(()),
    responses((status = 200, body = AccessTokenBody, description = "A token"), (status = 400, body = TokenProblemBody, description = "The form is not valid"), (status = 401, body = TokenProblemBody, description = "The client ID or the client secret is wrong"), (status = 429, body = TokenProblemBody, description = "Too many requests: see the header Retry-After"), (status = 503, body = Problem, content_type = "application/problem+json", description = "The service cannot reach its data: see the header Retry-After")))]
pub async fn token(
    State(ctx): State<Ctx>,
    ClientInfo(client): ClientInfo,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    form: Result<Form<AccessTokenForm>, FormRejection>,
) -> Response {
    if query.is_some_and(|query| !query.is_empty()) {
        // Proxies log addresses, so a secret must not be in one.
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "Send a form; this address takes no parameters.");
    }
    let Ok(Form(form)) = form else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "Send a form: grant_type=client_credentials.");
    };
    match form.grant_type.as_str() {
        "client_credentials" => {}
        "" => return refused(StatusCode::BAD_REQUEST, "invalid_request", "grant_type is missing."),
        _ => {
            return refused(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "Only grant_type=client_credentials is supported.",
            );
        }
    }
    let in_body = !form.client_id.is_empty() || !form.client_secret.is_empty();
    let (id, secret) = match (basic(&headers), in_body) {
        (Some(_), true) => {
            return refused(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "Send the client secret in the header or in the form, not in both.",
            );
        }
        (Some(both), false) => both,
        (None, _) => (form.client_id, form.client_secret),
    };
    match key::token(&ctx, &client, &id, &secret).await {
        Ok(token) => {
            let body = AccessTokenBody {
                access_token: token.token,
                token_type: "Bearer",
                expires_in: token.seconds,
                scope: token.scopes,
            };
            axum::Json(body).into_response()
        }
        Err(Error::Refused(Refusal::RateLimited(seconds))) => {
            let text = Refusal::RateLimited(seconds).to_string();
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, "invalid_client", &text);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
        Err(Error::Refused(_)) => {
            refused(StatusCode::UNAUTHORIZED, "invalid_client", "The client ID or the client secret is wrong.")
        }
        Err(error) => {
            let problem: Problem = error.into();
            problem.into_response()
        }
    }
}
