//! The flash: what the next page shows once after a form without script. It is a message, or the refused form as it was
//! filled in.
//!
//! It travels in a cookie that lasts a few minutes, so that nobody who is not signed in writes to the database.
//! Only a form that is too long for a cookie is kept in the database, and only for somebody who is signed in: one form per
//! person, of limited length, for the same few minutes.
//!
//! # Invariants
//! - The cookie is signed: no other site on this host can put text on our pages.
//! - A filled-in form is never shown to another person who signs in with the same browser.
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

/// How long a flash waits for its page.
const LIFETIME_MILLIS: i64 = 5 * 60_000;
/// The longest flash in a cookie, as JSON. Browsers limit a cookie to 4,096 bytes, and base64 adds a third.
const MAX_COOKIE_BYTES: usize = 2_600;
/// The longest value of a field that is kept if the form does not fit into the cookie.
const MAX_VALUE_BYTES: usize = 300;
/// The longest form that is kept in the database: enough for an invitation list of 500 people.
const MAX_STORED_BYTES: usize = 128 * 1024;

/// The content of the cookie.
#[derive(Serialize, Deserialize)]
struct FlashCookie {
    /// Whom it is for; `None` for somebody who is not signed in.
    whose: Option<PersonId>,
    until: i64,
    /// Whether the flash itself is in the database.
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

fn text(kept: &FlashCookie) -> String {
    serde_json::to_string(kept).unwrap_or_default()
}

/// The `Set-Cookie` header that keeps a flash for the next page of `whose`, or of somebody who is not signed in.
pub async fn set_flash(ctx: &Ctx, whose: Option<PersonId>, flash: Flash) -> Option<HeaderValue> {
    let until = ctx.now().plus_millis(LIFETIME_MILLIS).0;
    let mut kept = FlashCookie { whose, until, stored: false, flash };
    if text(&kept).len() > MAX_COOKIE_BYTES {
        match whose {
            Some(person) if store(ctx, person, &kept.flash, Timestamp(until)).await => {
                kept = FlashCookie { stored: true, flash: Flash::default(), ..kept };
            }
            _ => shorten(&mut kept),
        }
    }
    let json = text(&kept);
    if json.len() > MAX_COOKIE_BYTES {
        tracing::warn!("a message for the next page was too long");
        return None;
    }
    let payload = URL_SAFE_NO_PAD.encode(json);
    let signed = ctx.secret().flash_signature(&payload);
    set(ctx, &format!("{payload}.{signed}"), LIFETIME_MILLIS / 1_000)
}

/// Keeps a form in the database, and tells whether it could.
async fn store(ctx: &Ctx, person: PersonId, flash: &Flash, until: Timestamp) -> bool {
    let Ok(data) = serde_json::to_string(flash) else { return false };
    if data.len() > MAX_STORED_BYTES {
        return false;
    }
    let kept: Result<()> =
        ctx.db().write(|tx, _| Box::pin(async { Ok(kept_form::upsert(tx, person, &data, until).await?) })).await;
    if let Err(error) = &kept {
        tracing::warn!(%error, "could not keep a form for the next page");
    }
    kept.is_ok()
}

/// Drops long values, or all values if that is not enough. The refusal itself stays.
fn shorten(kept: &mut FlashCookie) {
    if let Some(form) = &mut kept.flash.form {
        form.values.retain(|(_, value)| value.len() <= MAX_VALUE_BYTES);
    }
    if text(kept).len() > MAX_COOKIE_BYTES
        && let Some(FormFlash { values, .. }) = &mut kept.flash.form
    {
        values.clear();
    }
}

/// The flash for this page of `whose`, and the `Set-Cookie` header that removes it.
pub async fn take(ctx: &Ctx, whose: Option<PersonId>, headers: &HeaderMap) -> Option<(Flash, HeaderValue)> {
    let value = session::cookie_value(headers, &name(ctx))?;
    let gone = set(ctx, "", 0)?;
    Some((read(ctx, whose, &value).await.unwrap_or_default(), gone))
}

async fn read(ctx: &Ctx, whose: Option<PersonId>, value: &str) -> Option<Flash> {
    let (payload, signed) = value.split_once('.')?;
    if !same_digest(&ctx.secret().flash_signature(payload), signed) {
        return None;
    }
    let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let kept: FlashCookie = serde_json::from_slice(&json).ok()?;
    if kept.until <= ctx.now().0 {
        return None;
    }
    let flash = match (kept.stored, kept.whose) {
        (true, Some(person)) if kept.whose == whose => take_stored(ctx, person).await?,
        (true, _) => return None,
        (false, _) => kept.flash,
    };
    match (kept.whose, whose) {
        (Some(left), Some(here)) if left != here => None,
        // The change ended the session, so nobody is signed in now. The message is still for them; what they typed is not
        // shown any more.
        (Some(_), None) => Some(Flash { form: None, undo: None, ..flash }),
        _ => Some(flash),
    }
}

async fn take_stored(ctx: &Ctx, person: PersonId) -> Option<Flash> {
    let now = ctx.now();
    let found: Result<Option<String>> =
        ctx.db().write(|tx, _| Box::pin(async { kept_form::take(tx, person, now).await.map_err(Error::from) })).await;
    found.ok().flatten().and_then(|data| serde_json::from_str(&data).ok())
}
