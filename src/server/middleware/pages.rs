//! Redirects of pages: to Sign in, and from an earlier Org ID to the present one.

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use super::super::{context::Ctx, session::Caller, usecase};

/// Middleware: redirects private pages to Sign in, which leads back afterwards.
pub async fn require_sign_in(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let private =
        ["/o/", "/organizations/", "/account", "/apps", "/support"].iter().any(|beginning| path.starts_with(beginning));
    let caller = request.extensions().get::<Caller>();
    let nobody = caller.is_none_or(|caller| caller.principal.is_none());
    if private && nobody && matches!(*request.method(), Method::GET | Method::HEAD) {
        let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let next: String = serde_urlencoded::to_string([("next", wanted)]).unwrap_or_default();
        return Redirect::to(&format!("/signin?{next}")).into_response();
    }
    next.run(request).await
}

/// Middleware: redirects a page under an earlier Org ID of an organization to the same page under the present one (ORG-5), for
/// people who may see it. The redirect is temporary (302), as another organization may take the old Org ID.
pub async fn redirect_old_org_id(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let old = request.uri().path().strip_prefix("/o/").map(|path| path.split('/').next().unwrap_or_default());
    let by = request.extensions().get::<Caller>().and_then(|caller| caller.principal.clone());
    if let (Some(old), Some(by), &(Method::GET | Method::HEAD)) = (old, by, request.method()) {
        match usecase::settings::new_org_id(&ctx, &by, old).await {
            Ok(Some(new)) => {
                let whole = request.uri().path_and_query().map_or("", |path| path.as_str());
                let rest = whole.strip_prefix("/o/").and_then(|path| path.strip_prefix(old)).unwrap_or_default();
                let to = format!("/o/{new}{rest}");
                return (StatusCode::FOUND, [(header::LOCATION, to)]).into_response();
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "could not look up an old Org ID"),
        }
    }
    next.run(request).await
}
