//! Refuses changes in **View as**: while somebody looks at the Drive as another person, neither a call with `as` nor a page
//! that is shown this way may change anything.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use leptos::server_fn::ServerFn;

use crate::{
    domain::view_as::read_only,
    paths::UPLOAD_FORM,
    rpc::{
        annotation::Annotations,
        drive::{DrivePage, DriveRows},
        file::{DatasetFiles, FilePage},
        preferences::RememberViewMode,
        session::{PageStart, SignOut},
    },
};

use super::{super::rest::problem::Problem, refused_function};

/// The server functions that such a page may still call: reading, and leaving.
const READS: [&str; 8] = [
    Annotations::PATH,
    DrivePage::PATH,
    DriveRows::PATH,
    DatasetFiles::PATH,
    FilePage::PATH,
    PageStart::PATH,
    RememberViewMode::PATH,
    SignOut::PATH,
];

/// Middleware: refuses every other unsafe request.
pub async fn refuse_changes(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let path = request.uri().path();
    let (api, form) = (path.starts_with("/api/"), path.starts_with("/fn/") || path.starts_with(UPLOAD_FORM));
    if safe || !(api || form) {
        return next.run(request).await;
    }
    let looks = names_viewer(request.uri()) || comes_from_view_as(request.headers());
    let reads = READS.contains(&path);
    match (looks, api) {
        (true, true) => Problem::refusal(&read_only()).into_response(),
        (true, false) if !reads => refused_function(read_only()),
        _ => next.run(request).await,
    }
}

/// Whether a query has `as`.
fn names_viewer(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default().as_bytes();
    url::form_urlencoded::parse(query).any(|(name, person)| name == "as" && !person.is_empty())
}

/// Whether a request was sent by a page of the Drive in **View as**.
fn comes_from_view_as(headers: &HeaderMap) -> bool {
    let from =
        headers.get(header::REFERER).and_then(|from| from.to_str().ok()).and_then(|from| from.parse::<Uri>().ok());
    from.is_some_and(|from| {
        let mut segments = from.path().split('/').skip(1);
        let drive = (segments.next(), segments.nth(1)) == (Some("o"), Some("drive"));
        drive && names_viewer(&from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_3_a_page_that_is_shown_as_somebody_else_sees_it_is_known_by_its_address() {
        let from = |referer: &'static str| {
            let headers = HeaderMap::from_iter([(header::REFERER, referer.parse().expect("a value"))]);
            comes_from_view_as(&headers)
        };
        assert!(from("http://localhost:3000/o/alpine/drive?as=1"));
        assert!(from("https://example.com/o/alpine/drive/2?q=x&as=1"));
        assert!(from("http://localhost:3000/o/alpine/drive?%61s=1"));
        assert!(from("http://localhost:3000/o/alpine/drive?a%73=1"));
        for other in [
            "http://localhost:3000/o/alpine/drive",
            "http://localhost:3000/o/alpine/drive?as=",
            "http://localhost:3000/o/alpine/drive?has=1",
            "http://localhost:3000/o/alpine/drive?q=as%3D1",
            "http://localhost:3000/o/alpine/people?as=1",
            "nonsense",
        ] {
            assert!(!from(other), "{other}");
        }
        assert!(!comes_from_view_as(&HeaderMap::new()));
    }
}
