//! All routes, grouped by who calls them, and the layers around every response.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use leptos::{config::LeptosOptions, context::provide_context, nonce::use_nonce, prelude::use_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list_with_exclusions};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, CompressionLevel,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
    csrf::CsrfLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    services::ServeDir,
    set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
    trace::TraceLayer,
};

use crate::{
    rpc::{Failure, encoding},
    ui,
};

use super::{
    config::Settings,
    context::Ctx,
    docs,
    error::Error,
    inbox,
    middleware::{authenticate, cookies, forms, origin, pages, retry_later, same_person, view_as},
    preferences, rendering,
    rest::{self, idempotency, problem},
    session, shared, upload_form,
};

/// How long a response may take. A transfer of 100,000 items stays far below.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(2);

/// The state of the page routes.
#[derive(Clone, axum::extract::FromRef)]
struct App {
    ctx: Ctx,
    leptos: LeptosOptions,
}

/// The whole server as one router.
pub fn router(ctx: &Ctx, settings: &Settings, leptos: LeptosOptions) -> Router {
    let (routes, document) = rest::router();
    let document = Arc::new(document);
    rendering::install_executor();
    let (site, style_options) = (leptos.site_root.to_string(), leptos.clone());

    // Machines.
    let api = routes
        .calls
        // The last layer runs first: who asks is known before a request is recognized as a repeated one.
        .layer(from_fn_with_state(ctx.clone(), idempotency::once))
        .layer(from_fn_with_state(ctx.clone(), rest::operator::identify))
        .layer(from_fn(origin::no_forged_calls))
        .layer(from_fn(problem::with_request_id))
        .layer(DefaultBodyLimit::max(idempotency::MAX_BODY_BYTES))
        .with_state(ctx.clone());
    let api = Router::new()
        .nest("/api/v1", api)
        .route("/oauth/token", post(rest::keys::token).with_state(ctx.clone()))
        .route(
            "/api/v1/openapi.json",
            get({
                let document = document.clone();
                async move || Json(document.as_ref().clone())
            }),
        )
        .route("/api/docs", get(docs::page).with_state(docs::DocsPath::of(&leptos)));

    // Browsers: server functions.
    let functions = Router::new().route(
        "/fn/{*name}",
        post({
            let ctx = ctx.clone();
            move |request: Request| {
                let ctx = ctx.clone();
                async move {
                    leptos_axum::handle_server_fns_with_context(move || provide_context(ctx.clone()), request).await
                }
            }
        }),
    );

    // Browsers: pages.
    let app = App { ctx: ctx.clone(), leptos: leptos.clone() };
    let context = {
        let ctx = ctx.clone();
        move || {
            provide_context(ctx.clone());
            page_headers();
            page_of();
        }
    };
    let page_routes = Router::new()
        .leptos_routes_with_context(&app, page_list(), context.clone(), {
            let leptos = leptos.clone();
            move || ui::shell(leptos.clone())
        })
        .fallback(leptos_axum::render_app_async_with_context(context, {
            let leptos = leptos.clone();
            move || ui::shell(leptos.clone())
        }))
        .with_state(app)
        .layer(from_fn(rendering::in_turn))
        .layer(from_fn(preferences::remember_view_mode))
        .layer(from_fn_with_state(ctx.clone(), pages::redirect_old_org_id))
        .layer(from_fn(pages::require_sign_in));

    // `leptos_routes` adds a route for every server function, and these win over the wildcard above. So the layers for
    // server functions go around both routers.
    let browsers = functions
        .merge(page_routes)
        .layer(from_fn(reject_unreadable_arguments))
        .layer(from_fn(forms::remember_form))
        .layer(from_fn_with_state(ctx.clone(), same_person::same_person))
        .layer(from_fn_with_state(ctx.clone(), origin::own_referer))
        .layer(from_fn(origin::same_origin))
        .layer(DefaultBodyLimit::max(idempotency::MAX_BODY_BYTES));

    let mut dynamic = Router::new().merge(browsers).merge(api);
    if settings.inbox {
        dynamic = dynamic.merge(inbox::router(ctx.clone()));
    }
    let who_asks = from_fn_with_state(authenticate::Authenticator::new(ctx, settings), authenticate::authenticate);
    // Share links stay outside the CSRF layer. Their pages send no referrer, so browsers send `Origin: null` with the
    // password form, which that layer refuses. They change nothing that a forged request could use.
    let links = shared::router(ctx, &style_options)
        .merge(shared::viewer_router(ctx, &style_options))
        .layer(who_asks.clone())
        .layer(session::layer(ctx, settings))
        .layer(from_fn(retry_later::answer_unavailable));
    // The bytes that a link shows, under the same layers.
    let link_bytes = shared::bytes_router(ctx, &style_options)
        .layer(who_asks.clone())
        .layer(session::layer(ctx, settings))
        .layer(from_fn(retry_later::answer_unavailable))
        .layer(from_fn(cookies::readable_cookies))
        .layer(strict_transport_security(settings))
        .layer(from_fn(count));
    // Bytes of files (FILE-3, FILE-4): as long as they like and for as long as they take. So nothing around them limits, compresses,
    // times or keeps a body; they have limits of their own.
    let bytes = Router::new()
        .nest("/api/v1", routes.bytes.with_state(ctx.clone()))
        .merge(
            upload_form::router(ctx)
                .layer(from_fn_with_state(ctx.clone(), same_person::same_person))
                .layer(from_fn_with_state(ctx.clone(), origin::own_referer))
                .layer(from_fn(origin::same_origin)),
        )
        .layer(from_fn(origin::no_forged_calls))
        .layer(from_fn(problem::with_request_id))
        .layer(from_fn(view_as::refuse_changes))
        .layer(who_asks.clone())
        .layer(session::layer(ctx, settings))
        .layer(from_fn(retry_later::answer_unavailable))
        .layer(csrf(settings))
        .layer(from_fn(cookies::readable_cookies))
        .layer(from_fn_with_state(ctx.clone(), rest::uploads::tus))
        .layer(strict_transport_security(settings))
        .layer(from_fn(count));
    let dynamic = dynamic
        .layer(from_fn(view_as::refuse_changes))
        .layer(who_asks)
        .layer(session::layer(ctx, settings))
        .layer(from_fn(retry_later::answer_unavailable))
        .layer(csrf(settings))
        .merge(links)
        .layer(from_fn(cookies::readable_cookies))
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Precise(4))
                // Compression would hold events back until there is enough to compress.
                .compress_when(DefaultPredicate::new().and(NotForContentType::new("text/event-stream"))),
        )
        .layer(strict_transport_security(settings))
        .layer(from_fn(count));

    let all = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready).with_state(ctx.clone()))
        // Where password managers lead people (W3C, "A Well-Known URL for Changing Passwords").
        .route("/.well-known/change-password", get(async || Redirect::to("/account/security")))
        .merge(files(&site))
        .merge(dynamic)
        .layer(from_fn(options));
    enclosed(timed(all, REQUEST_TIMEOUT).merge(bytes).merge(link_bytes))
}

/// The layers around every response, also where a handler panics or takes longer than `timeout`.
pub fn answering(router: Router, timeout: Duration) -> Router {
    enclosed(timed(router, timeout))
}

fn timed(router: Router, timeout: Duration) -> Router {
    router.layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, timeout))
}

/// The layers around every response, however long it takes.
fn enclosed(router: Router) -> Router {
    router
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| panic_response()))
        .layer(from_fn(problem::in_the_api))
        .layer(from_fn(retry_later::retry_after))
        .layer(from_fn(security_headers))
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
            tracing::info_span!("request", method = %request.method(), path = %loggable(request.uri().path()), id)
        }))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(from_fn(forget_foreign_request_id))
}

/// A path for the log, without the tokens of links, which are secrets (attack 23).
fn loggable(path: &str) -> std::borrow::Cow<'_, str> {
    for secret in ["/s/", "/invitations/"] {
        if let Some(rest) = path.strip_prefix(secret) {
            let below = rest.find('/').map_or("", |at| &rest[at..]);
            return format!("{secret}…{below}").into();
        }
    }
    path.into()
}

/// Static files, compressed by the build. Names under `/pkg` contain a hash of the content, so browsers keep these for a year.
fn files(site: &str) -> Router {
    let immutable = SetResponseHeaderLayer::if_not_present(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    let a_day = SetResponseHeaderLayer::if_not_present(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=86400"),
    );
    let dir = |path: &str| ServeDir::new(format!("{site}{path}")).precompressed_br().precompressed_gzip();
    let file = |name: &str| {
        tower_http::services::ServeFile::new(format!("{site}/{name}")).precompressed_br().precompressed_gzip()
    };
    let pkg = Router::new().nest_service("/pkg", dir("/pkg")).layer(immutable);
    let rest = Router::new()
        .route_service("/favicon.svg", file("favicon.svg"))
        .route_service("/icons.svg", file("icons.svg"))
        .layer(a_day);
    // A worker has the policy of the response that delivered its script. This one opens an event stream.
    let policy = SetResponseHeaderLayer::if_not_present(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; connect-src 'self'; frame-ancestors 'none'"),
    );
    let worker = Router::new().route_service("/live.js", file("live.js")).layer(policy);
    Router::new().merge(pkg).merge(rest).merge(worker)
}

/// Refuses cross-site requests with an unsafe method (attack 32).
fn csrf(settings: &Settings) -> CsrfLayer {
    let layer = CsrfLayer::new();
    // `add_trusted_origin` fails for a malformed URL only, and the configuration has checked this one.
    layer.clone().add_trusted_origin(&settings.public_url).unwrap_or(layer)
}

/// HSTS, where the public URL is HTTPS.
fn strict_transport_security(
    settings: &Settings,
) -> tower::util::Either<SetResponseHeaderLayer<HeaderValue>, tower::layer::util::Identity> {
    tower::util::option_layer(settings.public_url.starts_with("https://").then(|| {
        SetResponseHeaderLayer::if_not_present(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        )
    }))
}

/// The pages that Leptos routes. The viewer of a link is asked for at a door of its own ([`shared`]).
fn page_list() -> Vec<AxumRouteListing> {
    generate_route_list_with_exclusions(ui::App, Some(vec![shared::VIEWER_ROUTE.to_owned()]))
}

/// Tells the page that is being rendered whose it is: it writes that into the addresses of its forms (see
/// [`same_person`]).
fn page_of() {
    let person = use_context::<axum::http::request::Parts>()
        .and_then(|parts| parts.extensions.get::<session::Caller>().and_then(|caller| caller.principal.clone()));
    if let Some(by) = person {
        provide_context(ui::session::PageOf(by.person));
    }
}

/// The content security policy of a page: only scripts and styles with the nonce of this response run (attack 35).
fn page_headers() {
    let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else { return };
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Middleware: the security headers of every response. `Referrer-Policy` is `same-origin` and not stricter, because a form
/// without WebAssembly is redirected to the page in its `Referer`.
async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let mut set = |name: HeaderName, value: &'static str| {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=()");
    set(header::CACHE_CONTROL, "no-store");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    response
}

/// Middleware: answers OPTIONS with the allowed methods (RFC 9110, 9.3.7). The REST API answers by itself, for each
/// operation. There are no CORS headers, so pages of other sites are granted nothing.
async fn options(request: Request, next: Next) -> Response {
    if *request.method() != Method::OPTIONS {
        return next.run(request).await;
    }
    let methods: &[&str] = match request.uri().path() {
        path if path.starts_with("/api/v1/") && path != "/api/v1/openapi.json" => return next.run(request).await,
        path if path.starts_with("/fn/") || path == "/oauth/token" => &["POST"],
        path if path.starts_with("/s/") => &["GET", "POST"],
        _ => &["GET"],
    };
    rest::contract::options(methods.iter().copied())
}

/// Middleware: drops a request id that came from outside, so that nobody can forge one in the log.
async fn forget_foreign_request_id(mut request: Request, next: Next) -> Response {
    request.headers_mut().remove("x-request-id");
    next.run(request).await
}

/// Middleware for server functions: turns 500 into 400 where Leptos could not read the arguments, as that is the sender's
/// mistake (attack 45). Leptos reports it as `Failure::Transport`; our own failures are other variants.
async fn reject_unreadable_arguments(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR || !response.headers().contains_key("serverfnerror") {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, idempotency::MAX_BODY_BYTES).await.unwrap_or_default();
    if matches!(encoding::decode(&bytes), Ok(Failure::Transport(_))) {
        parts.status = StatusCode::BAD_REQUEST;
    }
    Response::from_parts(parts, bytes.into())
}

/// Middleware: counts responses and measures how long they took.
async fn count(request: Request, next: Next) -> Response {
    let method = known_method(request.method());
    let kind = match request.uri().path() {
        path if path.starts_with("/api/") => "api",
        path if path.starts_with("/fn/") => "function",
        _ => "page",
    };
    let start = std::time::Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("http_requests_total", "kind" => kind, "method" => method, "status" => status).increment(1);
    metrics::histogram!("http_request_seconds", "kind" => kind).record(start.elapsed().as_secs_f64());
    response
}

/// A method as a label of the metrics. Clients may invent methods, and each one would become a time series.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// How long `/readyz` may take. A load balancer asks every few seconds and gives up about then.
const READY_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether the database answers, is up to date, and can be written.
async fn ready(State(ctx): State<Ctx>) -> Response {
    let asked = async {
        let is_current = ctx.db().is_current().await.map_err(Error::from)?;
        if is_current {
            ctx.db().check_writable(ctx.id(), ctx.now().0).await.map_err(Error::from)?;
        }
        Ok::<_, Error>(is_current)
    };
    let words = match tokio::time::timeout(READY_TIMEOUT, asked).await {
        Ok(Ok(true)) => return "ready".into_response(),
        Ok(Ok(false)) => "the database is not up to date",
        Ok(Err(error)) => {
            tracing::error!(%error, "not ready");
            "the database does not answer, or cannot be written"
        }
        Err(_) => {
            tracing::error!("not ready: the database does not answer in time");
            "the database does not answer in time"
        }
    };
    (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
}

/// The response where a handler panicked: no details, but a request id in the header (attack 65).
fn panic_response() -> Response {
    const PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Something went wrong</title>\
        <h1>Something went wrong on our side</h1><p>Nothing was lost. Go back and try again. If it happens again, tell us \
        the request id of this answer.</p></html>";
    let mut response = (StatusCode::INTERNAL_SERVER_ERROR, PAGE).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::{Method, known_method, loggable};

    #[test]
    fn methods_that_somebody_invents_are_no_series_of_their_own() {
        for (method, counted) in
            [("GET", "GET"), ("DELETE", "DELETE"), ("TRACE", "other"), ("X-1", "other"), ("get", "other")]
        {
            assert_eq!(known_method(&Method::from_bytes(method.as_bytes()).expect("a method")), counted);
        }
    }

    #[test]
    fn attack_23_no_token_of_a_link_is_in_the_log() {
        for (path, logged) in [
            ("/s/XymfV6SIr5t", "/s/…"),
            ("/s/XymfV6SIr5t/01a20152", "/s/…/01a20152"),
            ("/invitations/XymfV6SIr5t", "/invitations/…"),
            ("/o/alpine-survey/drive", "/o/alpine-survey/drive"),
            ("/api/v1/invitations/accept", "/api/v1/invitations/accept"),
        ] {
            assert_eq!(loggable(path), logged);
        }
    }
}
