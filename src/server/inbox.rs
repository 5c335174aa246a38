//! The development inbox: mail of a server without SMTP, on loopback only (MAIL-1, api.md "Running it").

use axum::{Json, Router, extract::State, response::Html, routing::get};
use serde::Serialize;

use crate::domain::time::Timestamp;

use super::{context::Ctx, rest::problem::Problem, store::outbox};

/// How many mails are shown.
const SHOWN: i64 = 200;

/// `/dev/inbox` and `/dev/inbox.json`.
pub fn router(ctx: Ctx) -> Router {
    Router::new().route("/dev/inbox.json", get(json)).route("/dev/inbox", get(page)).with_state(ctx)
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
    let mut tx = ctx.db().read().await.map_err(super::error::Error::from)?;
    let mails = outbox::list_newest(&mut tx, SHOWN).await.map_err(super::error::Error::from)?;
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

async fn page(State(ctx): State<Ctx>) -> Result<Html<String>, Problem> {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mails = load(&ctx).await?;
    let rows: String = mails
        .iter()
        .map(|mail| {
            let (to, subject, at, text) =
                (escape(&mail.to), escape(&mail.subject), escape(&mail.at), escape(&mail.text));
            format!("<article><h2>{subject}</h2><p>To {to}, {at}</p><pre>{text}</pre></article>")
        })
        .collect();
    let empty = if mails.is_empty() { "<p>No mail yet.</p>" } else { "" };
    Ok(Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Development inbox</title><h1>Development inbox</h1>{empty}{rows}</html>"
    )))
}
