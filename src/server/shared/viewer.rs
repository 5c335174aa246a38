//! The viewer of a dataset that a link shows (VIEW-4), `/s/{token}/view/{dataset}`.
//!
//! It is the same page as inside, so unlike the other pages of links it has scripts: our own, and those that Leptos writes into this
//! response, which its policy names by a nonce. Whether the link shows the dataset is asked before anything is rendered.
//!
//! # Invariants
//! - Nobody is signed in on this page, whoever visits it.
//! - Wrong, revoked and expired links get the same answer as everywhere below `/s/`.

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::get,
};
use leptos::{config::LeptosOptions, context::provide_context, nonce::use_nonce, prelude::use_context};
use leptos_axum::{ResponseOptions, render_app_async_with_context};
use serde::Deserialize;

use super::{
    super::{
        context::Ctx,
        rendering,
        session::{Caller, LINK_COOKIE, cookie_value},
        usecase::link::{self, LinkDoor, LinkRequest},
    },
    Content, LinkState, Style, client, refused, render, style_sheet, unlisted,
};
use crate::{domain::refusal::Refusal, paths, ui};

/// The route, as it is in the table of pages.
pub const VIEWER_ROUTE: &str = "/s/{token}/view/{dataset}";

#[derive(Clone, axum::extract::FromRef)]
struct ViewerState {
    ctx: Ctx,
    style: Style,
    leptos: LeptosOptions,
}

/// The route of the viewer.
pub fn viewer_router(ctx: &Ctx, options: &LeptosOptions) -> Router {
    let LinkState { ctx, style } = LinkState { ctx: ctx.clone(), style: Style(style_sheet(options)) };
    Router::new()
        .route(VIEWER_ROUTE, get(show))
        .with_state(ViewerState { ctx, style, leptos: options.clone() })
        .layer(from_fn(rendering::in_turn))
        .layer(from_fn(unlisted))
}

#[derive(Debug, Deserialize)]
struct ViewerPath {
    token: String,
    dataset: String,
}

async fn show(
    State(ViewerState { ctx, style, leptos }): State<ViewerState>,
    caller: Option<axum::Extension<Caller>>,
    headers: HeaderMap,
    address: Result<Path<ViewerPath>, PathRejection>,
    mut request: Request,
) -> Response {
    let Ok(Path(ViewerPath { token, dataset })) = address else {
        return refused(&style, &Refusal::NotFound.into());
    };
    let asked = LinkRequest {
        token: token.clone(),
        resource: Some(dataset.clone()),
        opened: cookie_value(&headers, LINK_COOKIE),
        ..LinkRequest::default()
    };
    let client = client(caller);
    match link::door(&ctx, &client, &asked).await {
        Ok(LinkDoor::Open) => {}
        Ok(LinkDoor::Locked) => {
            // That page has the form for the password, and leads here.
            let to = paths::link_target(&token, &dataset);
            return (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
        }
        Ok(LinkDoor::Moved) => return render(&style, StatusCode::GONE, "This has moved", Content::Moved),
        Err(error) => return refused(&style, &error),
    }
    request.extensions_mut().remove::<tower_sessions::Session>();
    request.extensions_mut().insert(Caller { client, ..Caller::default() });
    let context = move || {
        provide_context(ctx.clone());
        policy();
    };
    render_app_async_with_context(context, move || ui::shell(leptos.clone()))(request).await
}

/// The policy of this page alone: its own scripts and WebAssembly, and nothing of anybody else's.
fn policy() {
    let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else { return };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}
