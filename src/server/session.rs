//! Who a request is from: the session's cookie, the person behind it, and the network address; found out once a request
//! and handed on in its extensions.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer,
    cookie::{SameSite, time::Duration},
    session::Id,
};

use crate::domain::{device::device, id::PersonId, refusal::Refusal, time::Timestamp};

use super::{
    answer::{accepts_html, organization_of},
    config::Settings,
    context::{Client, Ctx, KeyPrincipal, Principal},
    error::{Error, Result},
    rest::problem::Problem,
    store::session::{ADDRESS, DEVICE, PERSON, SEEN, Sessions, Use, key, touch},
    usecase,
};

/// Who a request is from.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The signed-in person.
    pub principal: Option<Principal>,
    /// Where from.
    pub client: Client,
    /// The credential key of a machine that sent a token of it (AUTH-6).
    pub key: Option<KeyPrincipal>,
    /// A token was sent that does not work.
    pub bad_token: bool,
    /// The session could not be read because the database is away: not the same as nobody.
    pub unavailable: bool,
}

/// How long a session lasts without being used.
const DAYS: i64 = 14;
/// Using a session is noted once in so many milliseconds at most: most requests write nothing.
const NOTED_EVERY: i64 = 5 * 60_000;

/// The cookie's name. Over HTTPS it has the `__Host-` prefix, which browsers take only when it is Secure and for this
/// host alone.
const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-commonhold" } else { "commonhold" }
}

/// The layer that keeps sessions.
pub fn layer(ctx: &Ctx, settings: &Settings) -> SessionManagerLayer<Sessions> {
    let secure = settings.public_url.starts_with("https://");
    SessionManagerLayer::new(Sessions::new(ctx.db().clone()))
        .with_name(cookie_name(secure))
        .with_secure(secure)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(Duration::days(DAYS)))
}

/// Makes the session a person's, under a new id (AUTH-3, attack 30).
///
/// # Errors
/// The database.
pub async fn start(session: &Session, ctx: &Ctx, person: PersonId, client: &Client) -> Result<()> {
    let failed = |error: tower_sessions::session::Error| Error::Internal(error.to_string());
    // What an earlier person left does not pass to the next.
    session.clear().await;
    session.cycle_id().await.map_err(failed)?;
    session.insert(DEVICE, &client.device).await.map_err(failed)?;
    if let Some(address) = &client.address {
        session.insert(ADDRESS, address).await.map_err(failed)?;
    }
    session.insert(SEEN, ctx.now().0).await.map_err(failed)?;
    session.insert(PERSON, person).await.map_err(failed)
}

/// Ends the session, here and in the database.
///
/// # Errors
/// The database.
pub async fn end(session: &Session) -> Result<()> {
    session.flush().await.map_err(|error| Error::Internal(error.to_string()))
}

/// What [`identify`] needs to know.
#[derive(Clone, Debug)]
pub struct Identifying {
    ctx: Ctx,
    proxies: Arc<[IpAddr]>,
    secure: bool,
    visits: Visits,
}

/// Which organization somebody's pages were of last, and when that was noted: so that most requests write nothing. Each node has
/// its own, and forgets them all when there are many.
#[derive(Clone, Debug, Default)]
struct Visits(Arc<Mutex<HashMap<PersonId, (String, i64)>>>);

/// How many are kept.
const MOST_VISITS: usize = 10_000;

impl Visits {
    /// Whether a visit is to be noted: of another organization than the last one, or after a while.
    fn is_due(&self, person: PersonId, org: &str, now: i64) -> bool {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if visits.get(&person).is_some_and(|(last, at)| last == org && now - at < NOTED_EVERY) {
            return false;
        }
        if visits.len() >= MOST_VISITS {
            visits.clear();
        }
        visits.insert(person, (org.to_owned(), now));
        true
    }
}

impl Identifying {
    /// From the configuration.
    pub fn new(ctx: &Ctx, settings: &Settings) -> Self {
        let secure = settings.public_url.starts_with("https://");
        let proxies = Arc::from(settings.trusted_proxies.as_slice());
        Self { ctx: ctx.clone(), proxies, secure, visits: Visits::default() }
    }
}

/// Middleware: finds out who is asking, and notes now and then that they did (AUTH-4).
pub async fn identify(
    State(Identifying { ctx, proxies, secure, visits }): State<Identifying>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let address = peer.map(|peer| client_address(peer, request.headers(), &proxies).to_string());
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let mut caller = Caller { client: Client { address, device: device(agent) }, ..Caller::default() };
    let mut seen = None;
    if let Some(token) = bearer(request.uri().path(), request.headers()) {
        // Whoever sends a token asks with it alone, whatever cookie comes along.
        match usecase::key::identify(&ctx, token, &caller.client).await {
            Ok(Some(key)) => caller.key = Some(key),
            Ok(None) => caller.bad_token = true,
            Err(error) => {
                tracing::error!(%error, "whose token this is could not be read");
                caller.unavailable = true;
            }
        }
    } else if request.headers().contains_key(header::COOKIE) {
        match find_principal(&ctx, &session, &caller.client).await {
            Ok(found) => {
                let (principal, last) = found.unzip();
                caller.principal = principal;
                seen = last.flatten();
            }
            Err(error) => {
                tracing::error!(%error, "who is asking could not be read");
                caller.unavailable = true;
            }
        }
    }
    let due = match &mut caller.principal {
        Some(principal) => {
            principal.session = session.id().map(key);
            let seen = seen.map_or(0, |at: Timestamp| at.0);
            if ctx.now().0 - seen >= NOTED_EVERY { session.id().map(|id| (id, principal.person)) } else { None }
        }
        None => None,
    };
    if let Some((id, person)) = due {
        note_use(&ctx, id, person, &caller.client);
    }
    if let Some(principal) = &caller.principal
        && let Some(org) = organization_of(request.uri().path(), request.headers())
        && visits.is_due(principal.person, &org, ctx.now().0)
    {
        note_visit(&ctx, principal.person, org);
    }
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    // The cookie lasts as long as the session: both count from their last use. Where the session itself changed, its layer
    // sends the cookie.
    if let Some((id, _)) = due
        && session.id() == Some(id)
        && !session.is_modified()
    {
        let (name, secure) = (cookie_name(secure), if secure { "; Secure" } else { "" });
        let lasts = DAYS * 86_400;
        let cookie = format!("{name}={id}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age={lasts}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// The bearer token of a call of the REST API. The operator's part of it has tokens of its own.
fn bearer<'a>(path: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    if !path.starts_with("/api/v1/") || path.starts_with("/api/v1/operator") {
        return None;
    }
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Notes that a session is used, off the path of the request.
fn note_use(ctx: &Ctx, id: Id, person: PersonId, client: &Client) {
    let (ctx, at) = (ctx.clone(), ctx.now());
    let how = Use {
        person,
        device: client.device.clone(),
        address: client.address.clone(),
        at,
        not_since: at.plus_millis(-NOTED_EVERY),
        expires_at: at.plus_days(DAYS),
    };
    tokio::spawn(async move {
        let noted: Result<bool> = ctx
            .db()
            .write(move |tx| {
                let how = how.clone();
                Box::pin(async move { Ok(touch(tx, id, &how).await?) })
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(%error, "the use of a session could not be noted");
        }
    });
}

/// Notes which organization's pages somebody looks at, off the path of the request.
fn note_visit(ctx: &Ctx, person: PersonId, org: String) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        if let Err(error) = usecase::session::note_organization(&ctx, person, &org).await {
            tracing::warn!(%error, "which organization is looked at could not be noted");
        }
    });
}

async fn find_principal(
    ctx: &Ctx,
    session: &Session,
    client: &Client,
) -> Result<Option<(Principal, Option<Timestamp>)>> {
    let Some(id) = session.id() else { return Ok(None) };
    let principal = usecase::session::principal(ctx, id, client).await?;
    if principal.is_none() {
        // Nobody's: looking whether it is there at all lets go of the cookie of one that is not.
        session.get_value(PERSON).await.map_err(|error| Error::Internal(error.to_string()))?;
    }
    Ok(principal)
}

/// Where a request really came from: the address that connected, or, behind proxies of ours, the last one that a proxy
/// of ours was connected from (attack 42).
fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    if !proxies.contains(&peer) {
        return peer;
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|hop| hop.trim().parse::<IpAddr>().ok())
        .rfind(|hop| !proxies.contains(hop))
        .unwrap_or(peer)
}

/// Middleware: pages that need somebody lead to Sign in, and back afterwards.
pub async fn guard(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let private = path.starts_with("/o/") || path.starts_with("/organizations/") || path.starts_with("/account");
    let caller = request.extensions().get::<Caller>();
    let nobody = caller.is_none_or(|caller| caller.principal.is_none() && !caller.unavailable);
    if private && nobody && matches!(*request.method(), Method::GET | Method::HEAD) {
        let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let next: String = serde_urlencoded::to_string([("next", wanted)]).unwrap_or_default();
        return Redirect::to(&format!("/signin?{next}")).into_response();
    }
    next.run(request).await
}

/// Middleware: a page under an Org ID that its organization had before leads to the same page under the one it has now
/// (ORG-5), for who may see it. For now only: somebody else may take the old one.
pub async fn lead_on(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
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
            Err(error) => tracing::error!(%error, "an old Org ID could not be looked up"),
        }
    }
    next.run(request).await
}

/// What a form without WebAssembly sent, kept so that a refusal can show it again.
#[derive(Clone, Debug)]
pub struct SubmittedForm(axum::body::Bytes);

/// The longest form that is kept.
const LONGEST_FORM: usize = 64 * 1024;

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
pub async fn keep_form(request: Request, next: Next) -> Response {
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    if !is_form || !accepts_html(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match axum::body::to_bytes(body, 1024 * 1024).await {
        Ok(bytes) => {
            if bytes.len() <= LONGEST_FORM {
                parts.extensions.insert(SubmittedForm(bytes.clone()));
            }
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
        Err(_) => axum::http::StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    }
}

/// Middleware for server functions (attack 32): a change must come from a page of ours. Browsers always say where a
/// form post comes from; what says nothing is not a browser, and has the REST API.
pub async fn same_origin(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let says = request.headers().contains_key(header::ORIGIN) || request.headers().contains_key("sec-fetch-site");
    if safe || says {
        next.run(request).await
    } else {
        Problem::refusal(&Refusal::Forbidden("This request does not say where it comes from.".to_owned()))
            .into_response()
    }
}

/// Middleware for the REST API: an unsafe call with our cookie must say where it comes from, or that it is no form.
pub async fn no_forged_calls(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let by_cookie = headers.contains_key(header::COOKIE) && !headers.contains_key(header::AUTHORIZATION);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_42_a_client_cannot_choose_its_address() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let headers = |value: &'static str| {
            HeaderMap::from_iter([("x-forwarded-for".parse().expect("a name"), value.parse().expect("a value"))])
        };
        let proxies = [ip("10.0.0.1"), ip("10.0.0.2")];
        for (peer, forwarded, client) in [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
            ("10.0.0.1", "nonsense", "10.0.0.1"),
        ] {
            assert_eq!(client_address(ip(peer), &headers(forwarded), &proxies), ip(client), "{peer} {forwarded}");
        }
    }
}
