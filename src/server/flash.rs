//! What the next page shows once, after a form without script: a message, or the refused form with what was typed.
//!
//! It travels in a cookie of a few minutes, so that whoever is not signed in leaves nothing in the database (F2 of the
//! attacks). Only what somebody who is signed in filled in, and what is too long for a cookie, waits in the database: one
//! form for each person, of a bounded length, and for minutes too.
//!
//! # Invariants
//! - The cookie is signed: no other site of this host can put words on our pages.
//! - What somebody typed is shown to nobody else who signs in in the same browser.
//! - Passwords and tokens are never part of it.

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{id::PersonId, time::Timestamp},
    rpc::{Flash, FormFlash},
};

use super::{
    context::{Ctx, same_digest},
    error::{Error, Result},
    session,
    store::kept_form,
};

/// How long it waits for its page, in milliseconds.
const LIFETIME_MILLIS: i64 = 5 * 60_000;
/// How much fits into the cookie: browsers keep 4,096 bytes of one, and base64 makes a third more of this.
const IN_COOKIE: usize = 2_600;
/// The longest value that is kept where not all of them fit into the cookie.
const VALUE: usize = 300;
/// The longest form that waits in the database: a list of 500 people with what is known of each.
const IN_DATABASE: usize = 128 * 1024;

/// What is in the cookie.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Who it is for; nobody who is signed in where it is not said.
    whose: Option<PersonId>,
    until: i64,
    /// The message or the form waits in the database.
    #[serde(default)]
    stored: bool,
    flash: Flash,
}

fn name(ctx: &Ctx) -> String {
    session::cookie_name(ctx.public_url(), "-said")
}

fn set(ctx: &Ctx, value: &str, seconds: i64) -> Option<HeaderValue> {
    session::set_cookie(&name(ctx), value, "/", seconds, session::is_secure(ctx.public_url()))
}

fn text(kept: &Kept) -> String {
    serde_json::to_string(kept).unwrap_or_default()
}

/// The header that leaves something for the next page of `whose`, or of somebody who is not signed in.
pub async fn set_flash(ctx: &Ctx, whose: Option<PersonId>, flash: Flash) -> Option<HeaderValue> {
    let until = ctx.now().plus_millis(LIFETIME_MILLIS).0;
    let mut kept = Kept { whose, until, stored: false, flash };
    if text(&kept).len() > IN_COOKIE {
        match whose {
            Some(person) if store(ctx, person, &kept.flash, Timestamp(until)).await => {
                kept = Kept { stored: true, flash: Flash::default(), ..kept };
            }
            _ => shorten(&mut kept),
        }
    }
    let json = text(&kept);
    if json.len() > IN_COOKIE {
        tracing::warn!("a message for the next page was too long");
        return None;
    }
    let payload = URL_SAFE_NO_PAD.encode(json);
    let signed = ctx.secret().said(&payload);
    set(ctx, &format!("{payload}.{signed}"), LIFETIME_MILLIS / 1_000)
}

/// Keeps a form in the database; whether it did.
async fn store(ctx: &Ctx, person: PersonId, flash: &Flash, until: Timestamp) -> bool {
    let Ok(data) = serde_json::to_string(flash) else { return false };
    if data.len() > IN_DATABASE {
        return false;
    }
    let kept: Result<()> =
        ctx.db().write(|tx, _| Box::pin(async { Ok(kept_form::upsert(tx, person, &data, until).await?) })).await;
    if let Err(error) = &kept {
        tracing::warn!(%error, "could not keep a form for the next page");
    }
    kept.is_ok()
}

/// Leaves long values out, and where that is not enough all of them. Why the form was refused stays.
fn shorten(kept: &mut Kept) {
    if let Some(form) = &mut kept.flash.form {
        form.values.retain(|(_, value)| value.len() <= VALUE);
    }
    if text(kept).len() > IN_COOKIE
        && let Some(FormFlash { values, .. }) = &mut kept.flash.form
    {
        values.clear();
    }
}

/// What waits for this page of `whose`, and the header that ends its waiting.
pub async fn take(ctx: &Ctx, whose: Option<PersonId>, headers: &HeaderMap) -> Option<(Flash, HeaderValue)> {
    let value = session::cookie_value(headers, &name(ctx))?;
    let gone = set(ctx, "", 0)?;
    Some((read(ctx, whose, &value).await.unwrap_or_default(), gone))
}

async fn read(ctx: &Ctx, whose: Option<PersonId>, value: &str) -> Option<Flash> {
    let (payload, signed) = value.split_once('.')?;
    if !same_digest(&ctx.secret().said(payload), signed) {
        return None;
    }
    let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let kept: Kept = serde_json::from_slice(&json).ok()?;
    if kept.until <= ctx.now().0 {
        return None;
    }
    let flash = match (kept.stored, kept.whose) {
        (true, Some(person)) if kept.whose == whose => taken(ctx, person).await?,
        (true, _) => return None,
        (false, _) => kept.flash,
    };
    match (kept.whose, whose) {
        (Some(left), Some(here)) if left != here => None,
        // The session has ended with what was done: the message is still for who did it, what they typed is not.
        (Some(_), None) => Some(Flash { form: None, undo: None, ..flash }),
        _ => Some(flash),
    }
}

async fn taken(ctx: &Ctx, person: PersonId) -> Option<Flash> {
    let now = ctx.now();
    let found: Result<Option<String>> =
        ctx.db().write(|tx, _| Box::pin(async { kept_form::take(tx, person, now).await.map_err(Error::from) })).await;
    found.ok().flatten().and_then(|data| serde_json::from_str(&data).ok())
}
