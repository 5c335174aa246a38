//! Display preferences, in a cookie of their own: read at the start of a page, written when somebody changes one.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::Response,
};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use tower_sessions::cookie::{Cookie, SameSite, time::Duration};

use crate::{
    rpc::{Done, Failure},
    view::preferences::UiPreferences,
};

use super::{server_fn_response::done, session::cookie_value};

/// How long the cookie lasts: a year.
const COOKIE_SECONDS: i64 = 365 * 86_400;

/// The preferences in the cookie of a request.
fn of(headers: &HeaderMap) -> UiPreferences {
    cookie_value(headers, UiPreferences::COOKIE).map(|value| UiPreferences::parse(&value)).unwrap_or_default()
}

/// The preferences of the request that is being answered.
pub fn read() -> UiPreferences {
    use_context::<Parts>().map(|parts| of(&parts.headers)).unwrap_or_default()
}

fn cookie(preferences: UiPreferences) -> Option<HeaderValue> {
    let cookie = Cookie::build((UiPreferences::COOKIE, preferences.text()))
        .same_site(SameSite::Lax)
        .path("/")
        .max_age(Duration::seconds(COOKIE_SECONDS));
    HeaderValue::try_from(cookie.build().to_string()).ok()
}

/// Keeps the preferences in the browser, and redirects.
pub async fn keep(preferences: UiPreferences, to: &str, toast: &str) -> Result<Done, Failure> {
    if let (Some(response), Some(cookie)) = (use_context::<ResponseOptions>(), cookie(preferences)) {
        response.append_header(header::SET_COOKIE, cookie);
    }
    done(Ok(()), |()| (to.to_owned(), toast.to_owned())).await
}

/// Middleware for pages: remembers whether the Drive was opened as tiles or as rows, also without WebAssembly.
pub async fn remember_view_mode(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let in_drive = path.strip_prefix("/o/").and_then(|path| path.split('/').nth(1)) == Some("drive");
    let view = request.uri().query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("view="));
    let preferences = of(request.headers());
    let wanted = match view {
        Some("grid") => UiPreferences { grid: true, ..preferences },
        Some("list") => UiPreferences { grid: false, ..preferences },
        _ => preferences,
    };
    let keep = in_drive && *request.method() == Method::GET && wanted != preferences;
    let mut response = next.run(request).await;
    if let Some(cookie) = cookie(wanted).filter(|_| keep) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drive_2_the_cookie_is_found_among_others() {
        let headers =
            HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("a=1; preferences=grid; b=preferences"))]);
        assert!(of(&headers).grid);
        assert_eq!(of(&HeaderMap::new()), UiPreferences::default());
    }
}
