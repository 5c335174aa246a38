//! The bridge between server functions and use cases: who asks, and what may travel back.
//!
//! A refusal travels as it is; everything else stays here, in the log, behind a request id. A form that was posted
//! without WebAssembly is answered with a redirect, and what there is to say travels in a cookie to the next page.

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

pub use super::preferences::{keep as keep_preferences, read as preferences};

fn parts() -> Option<Parts> {
    use_context::<Parts>()
}

/// The server's context.
///
/// # Errors
/// `Unexpected` if the router did not provide it: a defect.
pub fn ctx() -> std::result::Result<Ctx, Failure> {
    use_context::<Ctx>().ok_or_else(|| hide(&Error::Internal("no context was provided".to_owned())))
}

/// Where the request came from.
pub fn client() -> Client {
    parts().and_then(|parts| parts.extensions.get::<Caller>().map(|caller| caller.client.clone())).unwrap_or_default()
}

fn caller() -> Option<Principal> {
    parts().and_then(|parts| parts.extensions.get::<Caller>().and_then(|caller| caller.principal.clone()))
}

/// Who is asking, if anybody is signed in. The middleware has found out already, and answered itself where it could not.
///
/// # Errors
/// None; fallible as what else a page begins with.
pub async fn maybe_signed_in(_ctx: &Ctx) -> std::result::Result<Option<Principal>, Failure> {
    Ok(caller())
}

/// The context and who is asking.
///
/// # Errors
/// `Unauthenticated` if nobody is signed in.
pub async fn signed_in() -> std::result::Result<(Ctx, Principal), Failure> {
    let ctx = ctx()?;
    match caller() {
        Some(by) => Ok((ctx, by)),
        None => refuse(Refusal::Unauthenticated.into()).await,
    }
}

/// What a page asked for.
///
/// # Errors
/// The use case's refusal, or `Unexpected`.
pub fn read<T>(answer: Result<T>) -> std::result::Result<T, Failure> {
    answer.map_err(failure)
}

/// What a form changed: where to look at it, and what to say.
///
/// # Errors
/// The use case's refusal, or `Unexpected`.
pub async fn done<T, D: Into<Done>>(
    answer: Result<T>,
    next: impl FnOnce(&T) -> D,
) -> std::result::Result<Done, Failure> {
    match answer {
        Ok(value) => Ok(redirect(next(&value).into()).await),
        Err(error) => refuse_form(error).await,
    }
}

/// A person signed in or up: the session becomes theirs, under a new id (AUTH-3).
///
/// # Errors
/// The use case's refusal, or `Unexpected`.
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
        Err(error) => refuse_form(error).await,
    }
}

async fn start_session(ctx: &Ctx, person: PersonId) -> Result<()> {
    match current_session() {
        Some(session) => session::start(&session, ctx, person, &client()).await,
        None => Err(Error::Internal("no session layer".to_owned())),
    }
}

/// What a form changed that also changes the session's id (AUTH-3): a new password.
///
/// # Errors
/// The use case's refusal, or `Unexpected`.
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
        Err(error) => refuse_form(error).await,
    }
}

/// What a form changed that ends the session with it: a deleted account.
///
/// # Errors
/// The use case's refusal, or `Unexpected`.
pub async fn done_and_signed_out(answer: Result<()>, toast: &str) -> std::result::Result<Done, Failure> {
    match answer {
        Ok(()) => {
            if let Some(session) = current_session() {
                session::end(&session).await.map_err(failure)?;
            }
            Ok(redirect_as(Done { to: "/".to_owned(), toast: toast.to_owned(), undo: None }, None).await)
        }
        Err(error) => refuse_form(error).await,
    }
}

/// Ends the session.
///
/// # Errors
/// `Unexpected` if the database is away.
pub async fn signed_out() -> std::result::Result<Done, Failure> {
    if let Some(session) = current_session() {
        session::end(&session).await.map_err(failure)?;
    }
    Ok(redirect(Done { to: "/".to_owned(), toast: String::new(), undo: None }).await)
}

/// What waits for this page, once.
pub async fn take_flash() -> Flash {
    let (Some(parts), Ok(ctx)) = (parts(), ctx()) else { return Flash::default() };
    let whose = caller().map(|by| by.person);
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

/// Where the secret of a key that was just made waits for the page that shows it (AUTH-6).
const SECRET: &str = "secret";

/// A secret as it waits in the database: covered by what only the browser has.
#[derive(Serialize, Deserialize)]
struct MaskedSecret {
    key: KeyId,
    name: String,
    client_id: String,
    secret: Vec<u8>,
}

/// Covers a secret, or takes the cover off. It follows from the cookie, of which the database has a digest alone, and from the
/// key, so that it is used for one secret only; that is never longer than 64 bytes.
fn mask(session: &Session, key: KeyId, secret: &[u8]) -> Option<Vec<u8>> {
    let id = session.id().filter(|_| secret.len() <= 64)?;
    let mask = Sha512::digest([b"new secret ".as_slice(), &id.0.to_be_bytes(), key.0.as_bytes()].concat());
    Some(secret.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect())
}

/// Leaves the secret of a new key for the next page.
pub async fn leave_secret(new: &NewSecret) {
    let Some(session) = current_session() else { return };
    let Some(secret) = mask(&session, new.key, new.secret.as_bytes()) else { return };
    let masked = MaskedSecret { key: new.key, name: new.name.clone(), client_id: new.client_id.clone(), secret };
    if let Err(error) = session.insert(SECRET, &masked).await {
        tracing::warn!(%error, "lost the secret of a key");
    }
}

/// The secret that waits of the key that was just made, once.
pub async fn take_secret(key: &str) -> Option<NewSecret> {
    let session = current_session().filter(|_| !key.is_empty())?;
    let masked = session.get::<MaskedSecret>(SECRET).await.ok().flatten().filter(|one| one.key.to_string() == key)?;
    session.remove::<MaskedSecret>(SECRET).await.ok()?;
    let secret = String::from_utf8(mask(&session, masked.key, &masked.secret)?).ok()?;
    Some(NewSecret { key: masked.key, name: masked.name, client_id: masked.client_id, secret })
}

/// The page a form came from, without its dialog, if it is one of this site; else `otherwise`.
pub fn back_to(back: &str, otherwise: &str) -> String {
    local_path(back).unwrap_or_else(|| otherwise.to_owned())
}

/// A path with more in its query.
pub fn with_query(path: &str, more: &[(&str, &str)]) -> String {
    let query = serde_urlencoded::to_string(more).unwrap_or_default();
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}{query}")
}

fn current_session() -> Option<Session> {
    parts().and_then(|parts| parts.extensions.get::<Session>().cloned())
}

/// Whether this is a form post of a browser without WebAssembly, which follows redirects.
fn is_plain_form(parts: &Parts) -> bool {
    is_server_function(parts) && accepts_html(&parts.headers)
}

fn is_server_function(parts: &Parts) -> bool {
    parts.uri.path().starts_with("/fn/")
}

/// The Org ID of the organization that is shown, if one is.
pub fn shown_organization() -> String {
    parts().and_then(|parts| organization_of(parts.uri.path(), &parts.headers)).unwrap_or_default()
}

/// Leads a plain form on; what there is to say waits for the next page. With WebAssembly the form does both itself.
async fn redirect(done: Done) -> Done {
    let whose = caller().map(|by| by.person);
    redirect_as(done, whose).await
}

/// [`redirect`], to a page of `whose`.
async fn redirect_as(done: Done, whose: Option<PersonId>) -> Done {
    if parts().is_some_and(|parts| is_plain_form(&parts)) {
        if !done.toast.is_empty() {
            leave(whose, Flash { toast: Some(done.toast.clone()), undo: done.undo.clone(), form: None }).await;
        }
        leptos_axum::redirect(&done.to);
    }
    done
}

async fn leave(whose: Option<PersonId>, flash: Flash) {
    let Ok(ctx) = ctx() else { return };
    if let Some(cookie) = flash::set_flash(&ctx, whose, flash).await {
        add_cookie(cookie);
    }
}

/// Refuses a form: a plain one is led back to its page, which shows it again as it was filled in.
async fn refuse_form(error: Error) -> std::result::Result<Done, Failure> {
    refuse(error).await
}

async fn refuse<T: FromRedirect>(error: Error) -> std::result::Result<T, Failure> {
    let is_later = error.later().is_some();
    let failure = failure(error);
    // Where nothing can be kept, nothing is left for the next page: the answer is a page that says so.
    let Some(parts) = parts().filter(|parts| is_plain_form(parts) && !is_later) else { return Err(failure) };
    let back = ctx().ok().and_then(|ctx| referring_path(&ctx, &parts.headers));
    let back = back.unwrap_or_else(|| "/".to_owned());
    let values = parts.extensions.get::<SubmittedForm>().map(SubmittedForm::values).unwrap_or_default();
    let form = FormFlash { action: parts.uri.path().to_owned(), values, failure: failure.clone() };
    leave(caller().map(|by| by.person), Flash { form: Some(form), ..Flash::default() }).await;
    leptos_axum::redirect(&back);
    T::redirected(back).ok_or(failure)
}

/// What a refused plain form is answered with besides the redirect.
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

/// What may travel to the browser of an error, with the status set where a server function answers.
fn failure(error: Error) -> Failure {
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
