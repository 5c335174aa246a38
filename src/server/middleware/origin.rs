//! Refuses changes that do not come from a page of ours (attacks 24 and 32).

use axum::{
    extract::{Request, State},
    http::{Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::super::{
    context::Ctx,
    request::{bearer_token, referring_path},
    rest::problem::Problem,
};
use crate::domain::refusal::Refusal;

/// Middleware for forms: drops a `Referer` of another host, so that no redirect leads there (attack 24).
pub async fn own_referer(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::REFERER)
        && !matches!(*request.method(), Method::GET | Method::HEAD)
        && referring_path(&ctx, request.headers()).is_none()
    {
        request.headers_mut().remove(header::REFERER);
    }
    next.run(request).await
}

/// Middleware for server functions (attack 32): a change must have an `Origin` or `Sec-Fetch-Site` header, which the CSRF layer
/// then checks. Browsers always send one with a form post. What sends none is not a browser and can use the REST API.
pub async fn same_origin(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let says = request.headers().contains_key(header::ORIGIN) || request.headers().contains_key("sec-fetch-site");
    if safe || says {
        next.run(request).await
    } else {
        Problem::refusal(&Refusal::Forbidden("This request does not say which site it comes from.".to_owned()))
            .into_response()
    }
}

/// Middleware for the REST API: an unsafe call with a cookie must say where it comes from, or have a header that no form of
/// another site can send.
pub async fn no_forged_calls(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // With a bearer token the cookie is ignored. With any other `Authorization` it still counts.
    let by_cookie = headers.contains_key(header::COOKIE) && bearer_token(headers).is_none();
    let says = headers.contains_key(header::ORIGIN)
        || headers.contains_key("sec-fetch-site")
        || headers.get("x-requested-with").is_some_and(|value| value == "commonhold");
    if safe || !by_cookie || says {
        next.run(request).await
    } else {
        let text = "Send the header X-Requested-With: commonhold with calls that use the session cookie.";
        Problem::refusal(&Refusal::Forbidden(text.to_owned())).into_response()
    }
}
