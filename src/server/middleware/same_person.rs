//! Refuses a change from another person's page.

use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use url::form_urlencoded;

use super::{
    super::{
        context::Ctx,
        flash,
        request::{accepts_html, referring_path},
        session::Caller,
    },
    refused_function,
};
use crate::{domain::refusal::Refusal, paths::UPLOAD_FORM, rpc::Flash};

/// The query parameter in the addresses of forms that says whose page they are on.
pub const PAGE_OF: &str = "page_of";

/// Middleware for server functions and the form that uploads: refuses a change from a page that was rendered for another person. Somebody has signed in
/// with the same browser in another tab since then, and would act in their name without noticing.
pub async fn same_person(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let page_of = form_urlencoded::parse(query).find(|(name, _)| *name == *PAGE_OF).map(|(_, id)| id.into_owned());
    let by = request.extensions().get::<Caller>().and_then(|caller| caller.principal.clone());
    let (Some(page_of), Some(by)) = (page_of, by) else { return next.run(request).await };
    let path = request.uri().path();
    let changes = path.starts_with("/fn/") || path.starts_with(UPLOAD_FORM);
    if !changes || page_of == by.person.to_string() {
        return next.run(request).await;
    }
    let refusal = Refusal::SignedInAs(by.name.clone());
    if accepts_html(request.headers()) {
        // The page is loaded anew, as theirs.
        let back = referring_path(&ctx, request.headers()).unwrap_or_else(|| "/".to_owned());
        let flash = Flash { toast: Some(refusal.to_string()), ..Flash::default() };
        let mut response = Redirect::to(&back).into_response();
        if let Some(cookie) = flash::set_flash(&ctx, Some(by.person), flash).await {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        return response;
    }
    refused_function(refusal)
}
