//! Drops unreadable cookies.

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::super::session::cookies;

/// Middleware: drops cookies with bytes beyond ASCII. The session layer ignores a `Cookie` header that has one, and another
/// program on this host could sign people out with it.
pub async fn readable_cookies(mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.get_all(header::COOKIE).iter().any(|value| value.to_str().is_err()) {
        let readable: Vec<String> = cookies(headers).map(|cookie| cookie.to_string()).collect();
        match HeaderValue::from_str(&readable.join("; ")) {
            Ok(value) if !value.is_empty() => request.headers_mut().insert(header::COOKIE, value),
            _ => request.headers_mut().remove(header::COOKIE),
        };
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    #[test]
    fn attack_31_a_cookie_that_cannot_be_read_takes_no_other_with_it() {
        let value = HeaderValue::from_bytes(b"a=1; theirs=\xe9t\xe9; b=2").expect("a value");
        let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
        assert_eq!(cookies(&headers).map(|cookie| cookie.to_string()).collect::<Vec<_>>(), ["a=1", "b=2"]);
    }
}
