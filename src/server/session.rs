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

use crate::{
    domain::{device::device, id::PersonId, refusal::Refusal, time::Timestamp},
    rpc::{Failure, Flash},
};
use url::form_urlencoded;

use super::{
    answer::{accepts_html, local_path, organization_of},
    config::{Network, Settings},
    context::{Client, Ctx, KeyPrincipal, Principal},
    error::{Error, Result},
    flash, later,
    rest::problem::Problem,
    store::session::{self as sessions, ADDRESS, DEVICE, PERSON, SEEN, Sessions, Use, key, touch},
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
}

/// How long a session lasts without being used.
const DAYS: i64 = 14;
/// Using a session is noted once in so many milliseconds at most: most requests write nothing.
const NOTED_EVERY: i64 = 5 * 60_000;

/// Whether people come over HTTPS.
pub fn is_secure(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

/// A cookie's name. The port of the public URL is in it, as browsers hand the cookies of a host to all its ports, and there
/// may be another installation on one of them. Over HTTPS it has the `__Host-` prefix, which browsers take only when it is
/// Secure and for this host alone.
pub fn cookie_name(public_url: &str, what: &str) -> String {
    let secure = is_secure(public_url);
    let host = public_url.split("://").nth(1).unwrap_or_default();
    // An IPv6 address has colons of its own, in brackets.
    let after = host.rsplit(']').next().unwrap_or_default();
    let port = after.rsplit_once(':').map(|(_, port)| port).filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
    let port = port.unwrap_or(if secure { "443" } else { "80" });
    let prefix = if secure { "__Host-" } else { "" };
    format!("{prefix}commonhold{what}-{port}")
}

/// The cookies of a request, one `name=value` each. What cannot be read of them is left out, and nothing else with it.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    values.flat_map(|value| value.split(|byte| *byte == b';')).filter_map(|pair| {
        std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t')))
            .map(str::trim)
    })
}

/// Middleware: hands on the cookies that can be read. One of another program on this host that has a byte beyond ASCII
/// would have the whole header ignored, and sign people out.
pub async fn readable_cookies(mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.get_all(header::COOKIE).iter().any(|value| value.to_str().is_err()) {
        let readable: Vec<String> = cookies(headers).map(str::to_owned).collect();
        match HeaderValue::from_str(&readable.join("; ")) {
            Ok(value) if !value.is_empty() => request.headers_mut().insert(header::COOKIE, value),
            _ => request.headers_mut().remove(header::COOKIE),
        };
    }
    next.run(request).await
}

/// The layer that keeps sessions.
pub fn layer(ctx: &Ctx, settings: &Settings) -> SessionManagerLayer<Sessions> {
    SessionManagerLayer::new(Sessions::new(ctx.db().clone()))
        .with_name(cookie_name(&settings.public_url, ""))
        .with_secure(is_secure(&settings.public_url))
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
    // In the database first: where that fails the cookie stays as good as the session is, and one can try again.
    session.delete().await.map_err(failed)?;
    session.flush().await.map_err(failed)
}

/// Why a session could not be kept or read.
fn failed(error: tower_sessions::session::Error) -> Error {
    match sessions::later(&error) {
        Some(refusal) => refusal.into(),
        None => Error::Internal(error.to_string()),
    }
}

/// Answers who asks while nobody can be told from anybody: the cookie stays as good as it was.
fn unknown(request: &Request, error: &Error) -> Response {
    tracing::error!(%error, "could not read the session of a request");
    let refusal = error.later().unwrap_or(Refusal::Unavailable);
    later::answer(request.uri().path(), request.headers(), refusal)
}

/// What [`identify`] needs to know.
#[derive(Clone, Debug)]
pub struct Identifying {
    ctx: Ctx,
    proxies: Arc<[Network]>,
    cookie: Arc<str>,
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
        Self {
            ctx: ctx.clone(),
            proxies: Arc::from(settings.trusted_proxies.as_slice()),
            cookie: cookie_name(&settings.public_url, "").into(),
            secure: is_secure(&settings.public_url),
            visits: Visits::default(),
        }
    }
}

/// Middleware: finds out who is asking, and notes now and then that they did (AUTH-4).
pub async fn identify(
    State(Identifying { ctx, proxies, cookie, secure, visits }): State<Identifying>,
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
            Err(error) => return unknown(&request, &error),
        }
    } else if request.headers().contains_key(header::COOKIE) {
        match find_principal(&ctx, &session, &caller.client).await {
            Ok(found) => {
                let (principal, last) = found.unzip();
                caller.principal = principal;
                seen = last.flatten();
            }
            Err(error) => return unknown(&request, &error),
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
        let secure = if secure { "; Secure" } else { "" };
        let lasts = DAYS * 86_400;
        let cookie = format!("{cookie}={id}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age={lasts}");
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
    token_of(headers)
}

fn token_of(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
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
            tracing::warn!(%error, "could not record the use of a session");
        }
    });
}

/// Notes which organization's pages somebody looks at, off the path of the request.
fn note_visit(ctx: &Ctx, person: PersonId, org: String) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        if let Err(error) = usecase::session::note_organization(&ctx, person, &org).await {
            tracing::warn!(%error, "could not record which organization is open");
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
        session.get_value(PERSON).await.map_err(failed)?;
    }
    Ok(principal)
}

/// Where a request really came from: the address that connected, or, behind proxies of ours, the last one that a proxy
/// of ours was connected from (attack 42). What stands before a hop that cannot be read may be anybody's word, so then it is
/// the one that connected.
fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let peer = peer.to_canonical();
    let ours = |ip: IpAddr| proxies.iter().any(|network| network.contains(ip));
    if !ours(peer) {
        return peer;
    }
    let hops: Vec<&[u8]> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    hops.into_iter().rev().map(hop).find(|hop| hop.is_none_or(|ip| !ours(ip))).flatten().unwrap_or(peer)
}

/// One hop: an address, with or without a port, and an IPv6 one with or without brackets.
fn hop(bytes: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(bytes).ok()?.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    ip.ok().map(|ip| ip.to_canonical())
}

/// What a page says in the addresses of its forms: whose it is.
pub const PAGE_OF: &str = "page_of";

/// Middleware for server functions: a change from a page of somebody else is refused. In another tab of the same browser
/// another person has signed in meanwhile, and the page still says who was there before.
pub async fn same_person(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let page_of = form_urlencoded::parse(query).find(|(name, _)| *name == *PAGE_OF).map(|(_, id)| id.into_owned());
    let by = request.extensions().get::<Caller>().and_then(|caller| caller.principal.clone());
    let (Some(page_of), Some(by)) = (page_of, by) else { return next.run(request).await };
    if !request.uri().path().starts_with("/fn/") || page_of == by.person.to_string() {
        return next.run(request).await;
    }
    let refusal = Refusal::SignedInAs(by.name.clone());
    if accepts_html(request.headers()) {
        // The page is loaded anew, as theirs.
        let back = referring_path(&ctx, request.headers()).unwrap_or_else(|| "/".to_owned());
        let flash = Flash { toast: Some(refusal.to_string()), ..Flash::default() };
        let mut response = Redirect::to(&back).into_response();
        if let Some(cookie) = flash::leave(&ctx, Some(by.person), flash).await {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        return response;
    }
    let text = serde_json::to_string(&Failure::Refused(refusal)).unwrap_or_default();
    (StatusCode::CONFLICT, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// The page of ours that a request came from, as a path: that of its `Referer`, if this names our host.
pub fn referring_path(ctx: &Ctx, headers: &HeaderMap) -> Option<String> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let (_, rest) = referer.split_once("://")?;
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let own = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let public = ctx.public_url().split("://").nth(1);
    if [own, public].into_iter().flatten().any(|ours| ours.eq_ignore_ascii_case(host)) {
        local_path(path)
    } else {
        None
    }
}

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

/// Middleware: pages that need somebody lead to Sign in, and back afterwards.
pub async fn guard(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let private = path.starts_with("/o/") || path.starts_with("/organizations/") || path.starts_with("/account");
    let caller = request.extensions().get::<Caller>();
    let nobody = caller.is_none_or(|caller| caller.principal.is_none());
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
            Err(error) => tracing::error!(%error, "could not look up an old Org ID"),
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
        Problem::refusal(&Refusal::Forbidden("This request does not say which site it comes from.".to_owned()))
            .into_response()
    }
}

/// Middleware for the REST API: an unsafe call with our cookie must say where it comes from, or that it is no form.
pub async fn no_forged_calls(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // Where there is a token the cookie does not count; any other `Authorization` leaves it to count.
    let by_cookie = headers.contains_key(header::COOKIE) && token_of(headers).is_none();
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
    fn auth_3_two_installations_on_one_host_have_cookies_of_their_own() {
        for (url, name) in [
            ("http://localhost:3000", "commonhold-3000"),
            ("http://localhost:3001", "commonhold-3001"),
            ("http://[::1]:3000", "commonhold-3000"),
            ("http://[::1]", "commonhold-80"),
            ("https://hold.example.com", "__Host-commonhold-443"),
            ("https://hold.example.com:8443", "__Host-commonhold-8443"),
        ] {
            assert_eq!(cookie_name(url, ""), name, "{url}");
        }
        assert_eq!(cookie_name("https://hold.example.com", "-said"), "__Host-commonhold-said-443");
    }

    #[test]
    fn attack_31_a_cookie_that_cannot_be_read_takes_no_other_with_it() {
        let value = HeaderValue::from_bytes(b"a=1; theirs=\xe9t\xe9; b=2").expect("a value");
        let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
        assert_eq!(cookies(&headers).collect::<Vec<_>>(), ["a=1", "b=2"]);
    }

    #[test]
    fn attack_42_a_client_cannot_choose_its_address() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let headers = |value: &'static str| {
            HeaderMap::from_iter([("x-forwarded-for".parse().expect("a name"), value.parse().expect("a value"))])
        };
        let proxies =
            ["10.0.0.0/30", "::ffff:192.0.2.1", "2001:db8::/32"].map(|text| Network::parse(text).expect("one"));
        for (peer, forwarded, client) in [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
            ("10.0.0.1", "nonsense", "10.0.0.1"),
            // A dual-stack listener says it so.
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("192.0.2.1", "::ffff:198.51.100.1", "198.51.100.1"),
            ("2001:db8::1", "2001:db9::7", "2001:db9::7"),
            ("10.0.0.4", "198.51.100.1", "10.0.0.4"),
            // With a port, as some proxies write it.
            ("10.0.0.1", "6.6.6.6, 203.0.113.8:4711", "203.0.113.8"),
            ("10.0.0.1", "6.6.6.6, [2001:db9::1]:4711", "2001:db9::1"),
            ("10.0.0.1", "6.6.6.6, \"[2001:db9::1]\"", "2001:db9::1"),
            // What stands before a hop that cannot be read is anybody's word.
            ("10.0.0.1", "6.6.6.6, unknown", "10.0.0.1"),
            ("10.0.0.1", "6.6.6.6, _hidden, 10.0.0.2", "10.0.0.1"),
            ("10.0.0.1", "6.6.6.6,", "10.0.0.1"),
            ("10.0.0.1", "10.0.0.2", "10.0.0.1"),
        ] {
            assert_eq!(client_address(ip(peer), &headers(forwarded), &proxies), ip(client), "{peer} {forwarded}");
        }
    }
}
