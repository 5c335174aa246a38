//! Reading request headers: the bearer token, whether the sender shows HTML, and the page that a request came from.

use axum::http::{HeaderMap, header};

use super::context::Ctx;

/// The bearer token of a request.
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

/// Whether the sender of a request shows HTML: a browser that sent a form or follows a link, not a script.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"))
}

/// A path of this site to redirect to. It begins with one slash, and no browser can read it as another host (attack 24).
pub fn local_path(text: &str) -> Option<String> {
    let text = text.trim();
    let second = text.chars().nth(1);
    let plain = text.starts_with('/')
        && !matches!(second, Some('/' | '\\'))
        && text.len() <= 32_000
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && !text.to_ascii_lowercase().starts_with("/%2f")
        && !text.to_ascii_lowercase().starts_with("/%5c");
    // Browsers remove dot segments, and what remains could begin with two slashes, like another host.
    let path = text.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
    let dots = path.split('/').any(|part| matches!(part, "." | ".."));
    (plain && !dots).then(|| text.to_owned())
}

/// The Org ID of the page that a request is for: the page itself, or for a server function the page it was sent from.
pub fn organization_of(path: &str, headers: &HeaderMap) -> Option<String> {
    let from = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).and_then(|referer| {
        referer.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest.get(at..).unwrap_or_default()))
    });
    let page = if path.starts_with("/fn/") { from? } else { path };
    let org = page.strip_prefix("/o/")?.split(['/', '?']).next()?;
    (!org.is_empty() && org.len() <= 100).then(|| org.to_owned())
}

/// The path of the page that a request came from, if its `Referer` names our host.
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

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn attack_24_redirects_stay_on_this_site() {
        for good in ["/", "/o/alpine/drive?sort=-name&item=1", "/o/a%20b", "/o/a?q=../..//x", "/o/a..b/.c"] {
            assert_eq!(local_path(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "//evil.example",
            "https:evil",
            "https://evil.example",
            "/\\evil",
            "\\\\evil",
            "javascript:alert(1)",
            "/%2f%2fevil",
            "/%5Cevil",
            "/a\nb",
            "evil",
            "@evil",
            "/\tevil",
            "/ä",
            "/..//evil.example",
            "/.//evil.example",
            "/a/../..//evil.example",
            "/%2e%2e//evil.example",
            "/a/.%2E//evil.example?x",
        ] {
            assert_eq!(local_path(bad), None, "{bad:?}");
        }
    }
}
