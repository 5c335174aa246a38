//! Who a request is from: the session's cookie, the person behind it, and the network address; found out once a request
//! and handed on in its extensions.

use axum::http::{HeaderMap, HeaderValue, header};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer,
    cookie::{Cookie, SameSite, time::Duration},
};

use super::{
    config::Settings,
    context::{Client, Ctx, KeyPrincipal, Principal},
    error::{Error, Result},
    store::session::{self as sessions, ADDRESS, DEVICE, PERSON, SEEN, Sessions},
};
use crate::domain::id::PersonId;

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
pub const SESSION_DAYS: i64 = 14;

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

/// The cookies of a request. What cannot be read of them is left out, and nothing else with it.
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
pub(super) fn failed(error: tower_sessions::session::Error) -> Error {
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
