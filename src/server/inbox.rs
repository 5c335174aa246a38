//! The development inbox: the mails of a server without SMTP, on loopback only (MAIL-1).

use askama::Template;
use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

use crate::domain::{refusal::Refusal, time::Timestamp};

use super::{config::is_loopback, context::Ctx, error::Error, rest::problem::Problem, store::outbox};

/// How many mails are shown.
const MAX_LISTED: i64 = 200;

/// `/dev/inbox` and `/dev/inbox.json`.
pub fn router(ctx: Ctx) -> Router {
    Router::new()
        .route("/dev/inbox.json", get(json))
        .route("/dev/inbox", get(page))
        .layer(from_fn(require_loopback_host))
        .with_state(ctx)
}

/// Middleware: the `Host` header must be a loopback name. Otherwise a site could point its own name at 127.0.0.1 (DNS
/// rebinding) and read the mails as same-origin; its browser would still send that name as `Host`.
async fn require_loopback_host(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let ours = host.is_none_or(|host| host.to_str().is_ok_and(|host| is_loopback(&format!("http://{host}"))));
    if ours {
        next.run(request).await
    } else {
        Problem::refusal(&Refusal::Forbidden("The inbox is available at localhost only.".to_owned())).into_response()
    }
}

#[derive(Serialize)]
struct MailBody {
    to: String,
    subject: String,
    text: String,
    html: String,
    at: String,
}

async fn load(ctx: &Ctx) -> Result<Vec<MailBody>, Problem> {
    let mut tx = ctx.db().read().await.map_err(Error::from)?;
    let mails = outbox::list_newest(&mut tx, MAX_LISTED).await.map_err(Error::from)?;
    Ok(mails
        .into_iter()
        .map(|mail| MailBody {
            to: mail.recipient,
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            at: Timestamp(mail.created_at).rfc3339(),
        })
        .collect())
}

async fn json(State(ctx): State<Ctx>) -> Result<Json<Vec<MailBody>>, Problem> {
    load(&ctx).await.map(Json)
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct Page<'a> {
    mails: &'a [MailBody],
    public_url: &'a str,
}

impl MailBody {
    /// The text part, split so that the template can link the addresses of this server.
    fn pieces(&self, public_url: &str) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        for word in self.text.split_inclusive(char::is_whitespace) {
            let address = word.trim_end();
            let own = address.strip_prefix(public_url).is_some_and(|rest| rest.starts_with('/'));
            if own {
                let (address, blank) = word.split_at(address.len());
                pieces.push(Piece { text: address, link: true });
                pieces.push(Piece { text: blank, link: false });
            } else {
                pieces.push(Piece { text: word, link: false });
            }
        }
        pieces
    }
}

struct Piece<'a> {
    text: &'a str,
    link: bool,
}

/// The mails contain text of other people, so the page may load nothing. The frames around HTML parts are sandboxed too.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

async fn page(State(ctx): State<Ctx>) -> Result<Response, Problem> {
    let mails = load(&ctx).await?;
    let page = Page { mails: &mails, public_url: ctx.public_url() };
    let html = page.render().map_err(|error| Error::Internal(format!("the inbox could not be shown: {error}")))?;
    let mut response = Html(html).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}
