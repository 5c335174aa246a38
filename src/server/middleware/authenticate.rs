//! Finds out once per request who sent it: by bearer token or session cookie, and from which network address.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use tower_sessions::{Session, session::Id};

use super::{
    super::{
        config::{Network, Settings},
        context::{Client, Ctx, Principal},
        error::{Error, Result},
        request::{bearer_token, organization_of},
        session::{Caller, SESSION_DAYS, cookie_name, is_secure, session_error, set_cookie},
        store::session::{PERSON, Use, key, touch},
        usecase,
    },
    retry_later,
};
use crate::domain::{device::device, id::PersonId, refusal::Refusal, time::Timestamp};

/// How often the use of a session is recorded at most, so that most requests write nothing.
const USE_RECORD_INTERVAL_MILLIS: i64 = 5 * 60_000;

/// The state of [`authenticate`].
#[derive(Clone, Debug)]
pub struct Authenticator {
    ctx: Ctx,
    proxies: Arc<[Network]>,
    cookie: Arc<str>,
    secure: bool,
    visits: Visits,
}

/// The organization that each person opened last, and when that was recorded, so that most requests write nothing. It is a
/// cache of this node, and cleared when it is full.
#[derive(Clone, Debug, Default)]
struct Visits(Arc<Mutex<HashMap<PersonId, (String, i64)>>>);

/// The size of that cache.
const MAX_VISITS: usize = 10_000;

impl Visits {
    /// Whether to record a visit: it is of another organization than the last one, or the last record is old.
    fn is_due(&self, person: PersonId, org: &str, now: i64) -> bool {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if visits.get(&person).is_some_and(|(last, at)| last == org && now - at < USE_RECORD_INTERVAL_MILLIS) {
            return false;
        }
        if visits.len() >= MAX_VISITS {
            visits.clear();
        }
        visits.insert(person, (org.to_owned(), now));
        true
    }
}

impl Authenticator {
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

/// Middleware: finds out who sent the request, and records now and then that their session is used (AUTH-4).
pub async fn authenticate(
    State(Authenticator { ctx, proxies, cookie, secure, visits }): State<Authenticator>,
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
        // With a token, only the token counts. A cookie beside it is ignored.
        if token.starts_with(usecase::engine::TOKEN_PREFIX) {
            match usecase::engine::identify(&ctx, token, caller.client.address.clone()).await {
                Ok(Some(job)) => caller.job = Some(job),
                Ok(None) => caller.bad_token = true,
                Err(error) => return sessions_unavailable(&request, &error),
            }
            request.extensions_mut().insert(caller);
            return next.run(request).await;
        }
        match usecase::key::identify(&ctx, token, &caller.client).await {
            Ok(Some(key)) => caller.key = Some(key),
            Ok(None) => caller.bad_token = true,
            Err(error) => return sessions_unavailable(&request, &error),
        }
    } else if request.headers().contains_key(header::COOKIE) {
        match find_principal(&ctx, &session, &caller.client).await {
            Ok(found) => {
                let (principal, last) = found.unzip();
                caller.principal = principal;
                seen = last.flatten();
            }
            Err(error) => return sessions_unavailable(&request, &error),
        }
    }
    let due = match &mut caller.principal {
        Some(principal) => {
            principal.session = session.id().map(key);
            let seen = seen.map_or(0, |at: Timestamp| at.0);
            if ctx.now().0 - seen >= USE_RECORD_INTERVAL_MILLIS {
                session.id().map(|id| (id, principal.person))
            } else {
                None
            }
        }
        None => None,
    };
    if let Some((id, person)) = due {
        record_use(&ctx, id, person, &caller.client);
    }
    if let Some(principal) = &caller.principal
        && let Some(org) = organization_of(request.uri().path(), request.headers())
        && visits.is_due(principal.person, &org, ctx.now().0)
    {
        record_visit(&ctx, principal.person, org);
    }
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    // Session and cookie both expire a while after their last use, so the cookie is renewed together with the session. If the
    // session changed, the session layer sends the cookie itself.
    if let Some((id, _)) = due
        && session.id() == Some(id)
        && !session.is_modified()
    {
        let lasts = SESSION_DAYS * 86_400;
        if let Some(cookie) = set_cookie(&cookie, &id.to_string(), "/", lasts, secure) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// The bearer token of a call of the REST API. Operator keys are checked elsewhere (`rest/operator.rs`).
fn bearer<'a>(path: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    if !path.starts_with("/api/v1/") || path.starts_with("/api/v1/operator") {
        return None;
    }
    bearer_token(headers)
}

/// Records in the background that a session is used.
fn record_use(ctx: &Ctx, id: Id, person: PersonId, client: &Client) {
    let (ctx, at) = (ctx.clone(), ctx.now());
    let how = Use {
        person,
        device: client.device.clone(),
        address: client.address.clone(),
        at,
        not_since: at.plus_millis(-USE_RECORD_INTERVAL_MILLIS),
        expires_at: at.plus_days(SESSION_DAYS),
    };
    tokio::spawn(async move {
        let noted: Result<bool> = ctx.db().write(|tx, _| Box::pin(async { Ok(touch(tx, id, &how).await?) })).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "could not record the use of a session");
        }
    });
}

/// Records in the background which organization a person has opened.
fn record_visit(ctx: &Ctx, person: PersonId, org: String) {
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
        // Loading the session makes its layer remove the cookie of a session that is gone.
        session.get_value(PERSON).await.map_err(session_error)?;
    }
    Ok(principal)
}

/// The address of the client: the peer, or behind trusted proxies the last address in `X-Forwarded-For` that is not a trusted
/// proxy (attack 42). Everything left of an unreadable hop may be forged, so then it is the peer.
fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    // A socket that listens on IPv6 shows an IPv4 client as `::ffff:a.b.c.d`.
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

/// An entry of `X-Forwarded-For`: an address, with or without a port; IPv6 with or without brackets.
fn hop(bytes: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(bytes).ok()?.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    ip.ok().map(|ip| ip.to_canonical())
}

/// The response while sessions cannot be read. It leaves the cookie as it is, so that nobody is signed out.
fn sessions_unavailable(request: &Request, error: &Error) -> Response {
    tracing::error!(%error, "could not read the session of a request");
    let refusal = error.later().unwrap_or(Refusal::Unavailable);
    retry_later::unavailable(request.uri().path(), request.headers(), refusal)
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
