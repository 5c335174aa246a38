//! The same request twice has one effect (API-1): the first answer is given again.

use crate::domain::refusal::Refusal;

use super::super::{
    context::Ctx,
    error::{Error, Result},
    store::idempotency::{self, Known},
};

/// What to do with a request that has an Idempotency-Key.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// Answer it: it is the first.
    First,
    /// Give this answer again.
    Again {
        /// Its status.
        status: u16,
        /// Its body.
        body: String,
    },
}

/// Claims a key for a request, or finds the answer it got.
///
/// # Errors
/// `IdempotencyMismatch` if the key was used for another request; `Conflict` while the first is still being answered.
pub async fn begin(ctx: &Ctx, caller: &str, key: &str, request_hash: &str) -> Result<Turn> {
    let now = ctx.now();
    let (caller, key, hash) = (caller.to_owned(), key.to_owned(), request_hash.to_owned());
    let known: Result<Option<Known>> = ctx
        .db()
        .write(move |tx| {
            let (caller, key, hash) = (caller.clone(), key.clone(), hash.clone());
            Box::pin(async move { Ok(idempotency::claim(tx, &caller, &key, &hash, now).await?) })
        })
        .await;
    match known? {
        None => Ok(Turn::First),
        Some(known) if known.request_hash != request_hash => Err(Refusal::IdempotencyMismatch.into()),
        Some(Known { status: Some(status), body, .. }) => {
            Ok(Turn::Again { status: u16::try_from(status).unwrap_or(500), body: body.unwrap_or_default() })
        }
        Some(_) => Err(Refusal::Conflict.into()),
    }
}

/// Keeps the answer; or, with none, gives the key back so that the request can be tried again.
///
/// # Errors
/// The database.
pub async fn finish(ctx: &Ctx, caller: &str, key: &str, answer: Option<(u16, String)>) -> Result<()> {
    let (caller, key) = (caller.to_owned(), key.to_owned());
    ctx.db()
        .write(move |tx| {
            let (caller, key, answer) = (caller.clone(), key.clone(), answer.clone());
            Box::pin(async move {
                match answer {
                    Some((status, body)) => idempotency::update_answer(tx, &caller, &key, status, &body).await?,
                    None => idempotency::delete(tx, &caller, &key).await?,
                }
                Ok::<_, Error>(())
            })
        })
        .await
}
