//! The bridge between server functions and use cases: who is asking, and what the response is.
//!
//! A refusal is sent as it is. Every other error goes to the log, and the browser gets a request id. A form that was posted
//! without WebAssembly is answered with a redirect, and its message or refusal waits in a cookie for the next page (see
//! `flash`).

use axum::http::{HeaderValue, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};
use tower_sessions::Session;

use crate::{
    domain::{
        id::{KeyId, PersonId},
        refusal::Refusal,
    },
    rpc::{Done, Failure, Flash, FormFlash},
    view::{PersonView, key::NewSecret},
};

use super::{
    context::{Client, Ctx, Principal},
    error::{Error, Result},
    flash,
    http_status::status_of,
    middleware::{forms::SubmittedForm, retry_later::NotedRefusal},
    request::{accepts_html, local_path, organization_of, referring_path},
    session::{self, Caller},
};

fn parts() -> Option<Parts> {
    use_context::<Parts>()
}

/// The server's context.
///
/// # Errors
/// `Unexpected` if the router did not provide it, which is a bug.
pub fn ctx() -> std::result::Result<Ctx, Failure> {
    use_context::<Ctx>().ok_or_else(|| hide(&Error::Internal("no context was provided".to_owned())))
}

/// The client that sent the request.
pub fn client() -> Client {
    parts().and_then(|parts| parts.extensions.get::<Caller>().map(|caller| caller.client.clone())).unwrap_or_default()
}

/// Who is asking, if somebody is signed in. Middleware has found out already ([`Caller`]).
pub fn current_person() -> Option<Principal> {
    parts().and_then(|parts| parts.extensions.get::<Caller>().and_then(|caller| caller.principal.clone()))
}

/// What the browser kept since the password of a link was given.
pub fn link_key() -> Option<String> {
    parts().and_then(|parts| session::cookie_value(&parts.headers, session::LINK_COOKIE))
}

/// The context and who is asking.
///
/// # Errors
/// `Unauthenticated` if nobody is signed in.
pub async fn signed_in() -> std::result::Result<(Ctx, Principal), Failure> {
    let ctx = ctx()?;
    match current_person() {
        Some(by) => Ok((ctx, by)),
        None => refuse(Refusal::Unauthenticated.into()).await,
    }
}

/// Answers a page with what it asked for.
pub fn read<T>(answer: Result<T>) -> std::result::Result<T, Failure> {
    answer.map_err(failure)
}

/// Answers a form. `next` says which page shows the change, and the message.
pub async fn done<T, D: Into<Done>>(
    answer: Result<T>,
    next: impl FnOnce(&T) -> D,
) -> std::result::Result<Done, Failure> {
    match answer {
        Ok(value) => Ok(redirect(next(&value).into()).await),
        Err(error) => refuse(error).await,
    }
}

/// Answers signing in or up: the session becomes the person's, under a new id (AUTH-3).
pub async fn signed_in_as(ctx: &Ctx, answer: Result<PersonView>, next: &str) -> std::result::Result<Done, Failure> {
    match answer {
        Ok(person) => {
            start_session(ctx, person.id).await.map_err(failure)?;
            let to = match local_path(next) {
                Some(next) => next,
                None => super::usecase::session::landing(ctx, person.id)
                    .await
                    .map_err(failure)?
                    .map_or_else(|| "/".to_owned(), |org_id| format!("/o/{org_id}")),
            };
            Ok(redirect(Done { to, toast: String::new(), undo: None }).await)
        }
        Err(error) => refuse(error).await,
    }
}

async fn start_session(ctx: &Ctx, person: PersonId) -> Result<()> {
    match current_session() {
        Some(session) => session::start(&session, ctx, person, &client()).await,
        None => Err(Error::Internal("no session layer".to_owned())),
    }
}

/// Answers a change that also gives the session a new id (AUTH-3): a new password.
pub async fn done_in_new_session(
    ctx: &Ctx,
    by: &Principal,
    answer: Result<()>,
    to: &str,
    toast: &str,
) -> std::result::Result<Done, Failure> {
    match answer {
        Ok(()) => {
            start_session(ctx, by.person).await.map_err(failure)?;
            Ok(redirect(Done { to: to.to_owned(), toast: toast.to_owned(), undo: None }).await)
        }
        Err(error) => refuse(error).await,
    }
}

/// Answers a change that ends the session: a deleted account.
pub async fn done_and_signed_out(answer: Result<()>, toast: &str) -> std::result::Result<Done, Failure> {
    match answer {
        Ok(()) => {
            if let Some(session) = current_session() {
                session::end(&session).await.map_err(failure)?;
            }
            // The next page is nobody's, although this request was still made by the person whose account is gone.
            Ok(redirect_as(Done { to: "/".to_owned(), toast: toast.to_owned(), undo: None }, None).await)
        }
        Err(error) => refuse(error).await,
    }
}

/// Answers signing out.
pub async fn signed_out() -> std::result::Result<Done, Failure> {
    if let Some(session) = current_session() {
        session::end(&session).await.map_err(failure)?;
    }
    Ok(redirect(Done { to: "/".to_owned(), toast: String::new(), undo: None }).await)
}

/// The flash that waits for this page. It is shown once.
pub async fn take_flash() -> Flash {
    let (Some(parts), Ok(ctx)) = (parts(), ctx()) else { return Flash::default() };
    let whose = current_person().map(|by| by.person);
    match flash::take(&ctx, whose, &parts.headers).await {
        Some((flash, gone)) => {
            add_cookie(gone);
            flash
        }
        None => Flash::default(),
    }
}

fn add_cookie(cookie: HeaderValue) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.append_header(header::SET_COOKIE, cookie);
    }
}

/// The field of the session in which the secret of a new key waits for the page that shows it (AUTH-6).
const SECRET: &str = "secret";

/// A secret as the session keeps it in the database: masked with a value that only the browser has.
#[derive(Serialize, Deserialize)]
struct MaskedSecret {
    key: KeyId,
    name: String,
    client_id: String,
    secret: Vec<u8>,
}

/// Masks a secret, or unmasks it. The mask is derived from the session id in the cookie, of which the database has only a digest,
/// and from the key, so that each mask is used for one secret. SHA-512 gives 64 bytes, so no secret may be longer.
fn mask(session: &Session, key: KeyId, secret: &[u8]) -> Option<Vec<u8>> {
    let id = session.id().filter(|_| secret.len() <= 64)?;
    let mask = Sha512::digest([b"new secret ".as_slice(), &id.0.to_be_bytes(), key.0.as_bytes()].concat());
    Some(secret.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect())
}

/// Keeps the secret of a new key for the next page.
pub async fn keep_secret(new: &NewSecret) {
    let Some(session) = current_session() else { return };
    let Some(secret) = mask(&session, new.key, new.secret.as_bytes()) else { return };
    let masked = MaskedSecret { key: new.key, name: new.name.clone(), client_id: new.client_id.clone(), secret };
    if let Err(error) = session.insert(SECRET, &masked).await {
        tracing::warn!(%error, "lost the secret of a key");
    }
}

/// The secret of a key that was just created. It is shown once.
pub async fn take_secret(key: &str) -> Option<NewSecret> {
    let session = current_session().filter(|_| !key.is_empty())?;
    let masked = session.get::<MaskedSecret>(SECRET).await.ok().flatten().filter(|one| one.key.to_string() == key)?;
    session.remove::<MaskedSecret>(SECRET).await.ok()?;
    let secret = String::from_utf8(mask(&session, masked.key, &masked.secret)?).ok()?;
    Some(NewSecret { key: masked.key, name: masked.name, client_id: masked.client_id, secret })
}

/// The page that a form came from, if it is a path of this site; else `otherwise`.
pub fn back_to(back: &str, otherwise: &str) -> String {
    local_path(back).unwrap_or_else(|| otherwise.to_owned())
}

/// A path with more query parameters.
pub fn with_query(path: &str, more: &[(&str, &str)]) -> String {
    let query = serde_urlencoded::to_string(more).unwrap_or_default();
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}{query}")
}

fn current_session() -> Option<Session> {
    parts().and_then(|parts| parts.extensions.get::<Session>().cloned())
}

/// Whether this is a form post of a browser without WebAssembly. It follows redirects and decodes nothing.
fn is_plain_form(parts: &Parts) -> bool {
    is_server_function(parts) && accepts_html(&parts.headers)
}

fn is_server_function(parts: &Parts) -> bool {
    parts.uri.path().starts_with("/fn/")
}

/// The Org ID in the address of the page, or an empty text.
pub fn shown_organization() -> String {
    parts().and_then(|parts| organization_of(parts.uri.path(), &parts.headers)).unwrap_or_default()
}

/// Redirects a plain form, and keeps its message for the next page. With WebAssembly the form component does both in the browser.
async fn redirect(done: Done) -> Done {
    let whose = current_person().map(|by| by.person);
    redirect_as(done, whose).await
}

/// [`redirect`] to a page of `whose`.
async fn redirect_as(done: Done, whose: Option<PersonId>) -> Done {
    if parts().is_some_and(|parts| is_plain_form(&parts)) {
        if !done.toast.is_empty() {
            set_flash(whose, Flash { toast: Some(done.toast.clone()), undo: done.undo.clone(), form: None }).await;
        }
        leptos_axum::redirect(&done.to);
    }
    done
}

async fn set_flash(whose: Option<PersonId>, flash: Flash) {
    let Ok(ctx) = ctx() else { return };
    if let Some(cookie) = flash::set_flash(&ctx, whose, flash).await {
        add_cookie(cookie);
    }
}

/// Refuses a request. A plain form is redirected to its page, which shows it again as it was filled in.
async fn refuse<T: FromRedirect>(error: Error) -> std::result::Result<T, Failure> {
    let is_later = error.later().is_some();
    let failure = failure(error);
    // While the database is unavailable the next page could not be shown either. Middleware answers with a page that says so.
    let Some(parts) = parts().filter(|parts| is_plain_form(parts) && !is_later) else { return Err(failure) };
    let back = ctx().ok().and_then(|ctx| referring_path(&ctx, &parts.headers));
    let back = back.unwrap_or_else(|| "/".to_owned());
    let values = parts.extensions.get::<SubmittedForm>().map(SubmittedForm::values).unwrap_or_default();
    let form = FormFlash { action: parts.uri.path().to_owned(), values, failure: failure.clone() };
    set_flash(current_person().map(|by| by.person), Flash { form: Some(form), ..Flash::default() }).await;
    leptos_axum::redirect(&back);
    T::redirected(back).ok_or(failure)
}

/// What a function returns if its plain form was refused, besides the redirect.
trait FromRedirect: Sized {
    fn redirected(to: String) -> Option<Self>;
}

impl FromRedirect for Done {
    fn redirected(to: String) -> Option<Self> {
        Some(Self { to, toast: String::new(), undo: None })
    }
}

impl FromRedirect for (Ctx, Principal) {
    fn redirected(_: String) -> Option<Self> {
        None
    }
}

/// What the browser may see of an error. For a server function this also sets the HTTP status.
pub fn failure(error: Error) -> Failure {
    let status = status_of(&error);
    let failure = match (error.later(), error) {
        (Some(refusal), error) => {
            tracing::error!(%error, "cannot answer a request right now");
            if let Some(noted) = parts().and_then(|parts| parts.extensions.get::<NotedRefusal>().cloned()) {
                noted.note(refusal.clone());
            }
            Failure::Refused(refusal)
        }
        (None, Error::Refused(refusal)) => Failure::Refused(refusal),
        (None, hidden) => hide(&hidden),
    };
    if parts().is_some_and(|parts| is_server_function(&parts))
        && let Some(response) = use_context::<ResponseOptions>()
    {
        response.set_status(status);
    }
    failure
}

fn hide(error: &Error) -> Failure {
    let request_id = parts()
        .and_then(|parts| parts.headers.get("x-request-id").and_then(|id| id.to_str().ok().map(str::to_owned)))
        .unwrap_or_default();
    tracing::error!(%error, request_id, "a request failed with an internal error");
    Failure::Unexpected { request_id }
}
