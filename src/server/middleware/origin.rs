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

/// Middleware for forms: a `Referer` of another host is forgotten, so that nothing leads there (attack 24).
pub async fn own_referer(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::REFERER)
        && !matches!(*request.method(), Method::GET | Method::HEAD)
        && referring_path(&ctx, request.headers()).is_none()
    {
        request.headers_mut().remove(header::REFERER);
    }
    next.run(request).await
}

/// Middleware for server functions (attack 32): a change must come from a page of ours. Browsers always say where a
/// form post comes from; what says nothing is not a browser, and has the REST API.
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

/// Middleware for the REST API: an unsafe call with our cookie must say where it comes from, or that it is no form.
pub async fn no_forged_calls(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // Where there is a token the cookie does not count; any other `Authorization` leaves it to count.
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
