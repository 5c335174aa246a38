//! Sessions and their cookies, and the [`Caller`]: who sent a request, found out once by middleware and passed on in the
//! request's extensions.

use axum::http::{HeaderMap, HeaderValue, header};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer,
    cookie::{Cookie, SameSite, time::Duration},
};

use super::{
    config::Settings,
    context::{Client, Ctx, JobPrincipal, KeyPrincipal, Principal},
    error::{Error, Result},
    store::session::{self as sessions, ADDRESS, DEVICE, PERSON, SEEN, Sessions},
};
use crate::domain::id::PersonId;

/// Who sent a request.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The signed-in person.
    pub principal: Option<Principal>,
    /// Its network address and device.
    pub client: Client,
    /// The credential key of a machine, if the request has one of its tokens (AUTH-6).
    pub key: Option<KeyPrincipal>,
    /// The engine, if the request has the token of a job (JOB-6).
    pub job: Option<JobPrincipal>,
    /// Whether the request has a token that does not work.
    pub bad_token: bool,
}

/// The cookie that remembers that the password of a link was given. Its path says for which link.
pub const LINK_COOKIE: &str = "commonhold-link";

/// How long a session lasts without being used.
pub const SESSION_DAYS: i64 = 14;

/// Whether people come over HTTPS.
pub fn is_secure(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

/// The name of a cookie. It contains the port of the public URL, because browsers send the cookies of a host to all its
/// ports, and another installation may listen on one of them. Over HTTPS it has the prefix `__Host-`, which browsers accept
/// only for a `Secure` cookie of this very host.
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

/// The cookies of a request. Unreadable ones are left out.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'_>> {
    let values = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    values.flat_map(|value| value.split(|byte| *byte == b';')).filter_map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        let is_text = pair.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t'));
        is_text.then(|| Cookie::parse(pair).ok()).flatten()
    })
}

/// The value of one cookie of a request.
pub fn cookie_value(headers: &HeaderMap, name: &str) -> Option<String> {
    cookies(headers).find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
}

/// The header that has a browser keep a cookie for so many seconds, where no script of a page can read it.
pub fn set_cookie(name: &str, value: &str, path: &str, seconds: i64, secure: bool) -> Option<HeaderValue> {
    let cookie = Cookie::build((name, value))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .path(path)
        .max_age(Duration::seconds(seconds));
    HeaderValue::try_from(cookie.build().to_string()).ok()
}

/// The layer that keeps sessions.
pub fn layer(ctx: &Ctx, settings: &Settings) -> SessionManagerLayer<Sessions> {
    SessionManagerLayer::new(Sessions::new(ctx.db().clone()))
        .with_name(cookie_name(&settings.public_url, ""))
        .with_secure(is_secure(&settings.public_url))
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(Duration::days(SESSION_DAYS)))
}

/// Makes the session a person's, under a new id (AUTH-3, attack 30).
pub async fn start(session: &Session, ctx: &Ctx, person: PersonId, client: &Client) -> Result<()> {
    // Data of whoever was signed in before must not reach the next person.
    session.clear().await;
    session.cycle_id().await.map_err(session_error)?;
    session.insert(DEVICE, &client.device).await.map_err(session_error)?;
    if let Some(address) = &client.address {
        session.insert(ADDRESS, address).await.map_err(session_error)?;
    }
    session.insert(SEEN, ctx.now().0).await.map_err(session_error)?;
    session.insert(PERSON, person).await.map_err(session_error)
}

/// Ends the session: in the database and in the browser.
pub async fn end(session: &Session) -> Result<()> {
    // The database comes first: if that fails, cookie and session both stay valid, and the person can try again.
    session.delete().await.map_err(session_error)?;
    session.flush().await.map_err(session_error)
}

/// An error of the session store as ours.
pub(super) fn session_error(error: tower_sessions::session::Error) -> Error {
    match sessions::later(&error) {
        Some(refusal) => refusal.into(),
        None => Error::Internal(error.to_string()),
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
}
