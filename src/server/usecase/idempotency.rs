//! The same request twice has one effect (API-1): the first answer is given again.
//!
//! A request with a key is carried out in one transaction, and its answer is kept in that ([`super::super::store::Db::together`]).
//! So there is no moment at which it is done and its answer is not known, whenever the program ends. No use case has to do anything
//! for it.
//!
//! # Invariants
//! - An answer is kept sealed, whatever is in it: who has a copy of the database reads no secret there.
//! - Who may less than when the answer was given gets it again only if they would not be refused today.

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{KeyId, OperatorKeyId, PersonId},
    key::Scopes,
    refusal::Refusal,
};

use super::super::{
    context::Ctx,
    error::{Error, Result},
    store::{
        Tx, fault,
        idempotency::{self, AccessSnapshot, Claim, Known},
    },
};

/// Who sends a request that has a key.
#[derive(Debug, Clone)]
pub enum Asker {
    /// A signed-in person.
    Person(PersonId),
    /// A machine with a credential key, and what that may do.
    Key(KeyId, Scopes),
    /// The operator, with a key.
    Operator(OperatorKeyId),
}

impl Asker {
    /// Whose key it is: one of another asker is another one.
    fn as_str(&self) -> String {
        match self {
            Self::Person(id) => id.to_string(),
            Self::Key(id, _) => format!("key {id}"),
            Self::Operator(id) => format!("operator {id}"),
        }
    }

    /// What they may do now. Whose key works may do as much as ever, but for its scopes.
    async fn standing(&self, tx: &mut Tx) -> Result<Vec<AccessSnapshot>> {
        Ok(match self {
            Self::Person(id) => idempotency::list_standing(tx, *id).await?,
            Self::Key(_, scopes) => scopes.text().split_whitespace().map(AccessSnapshot::scope).collect(),
            Self::Operator(_) => Vec::new(),
        })
    }
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

/// What to do with a request that has an Idempotency-Key.
#[derive(Debug)]
pub enum Turn {
    /// Carry it out: it is the first.
    First(Claim),
    /// Give this answer again.
    Again(Answer),
    /// See whether it would be refused today, because its sender lost a right meanwhile; if not, give this answer again.
    AgainIfAllowed(Answer),
}

/// Claims a key for a request, or finds the answer it got.
///
/// # Errors
/// `IdempotencyMismatch` if the key was used for another request; `Conflict` while the first is still being answered.
pub async fn begin(ctx: &Ctx, asker: &Asker, key: &str, request: &[&[u8]]) -> Result<Turn> {
    let now = ctx.now();
    // What is sent may be a password: only who has the installation's secret can try whether it was this one.
    let request_hash = ctx.secret().request_digest(request);
    let claim = Claim { id: ctx.id(), caller: asker.as_str(), key: key.to_owned(), request_hash };
    let (wanted, by) = (&claim, &asker);
    let found: Result<Option<(Known, Vec<AccessSnapshot>)>> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                Ok(match idempotency::claim(tx, wanted, now).await? {
                    None => None,
                    Some(known) => Some((known, by.standing(tx).await?)),
                })
            })
        })
        .await;
    let Some((known, standing)) = found? else { return Ok(Turn::First(claim)) };
    if known.request_hash != claim.request_hash {
        return Err(Refusal::IdempotencyMismatch.into());
    }
    let (Some(_), Some(sealed)) = (known.status, &known.body) else {
        return Err(Refusal::Conflict.into());
    };
    let opened = ctx.secret().open(known.claim, sealed).and_then(|text| serde_json::from_str::<Answer>(&text).ok());
    let Some(answer) = opened else {
        return Err(Error::Internal("a stored answer was sealed with another secret".to_owned()));
    };
    let kept = known.standing.unwrap_or_default();
    let lost = kept.split_whitespace().any(|line| {
        let had = AccessSnapshot::read(line);
        !had.is_some_and(|had| standing.iter().any(|now| now.covers(&had)))
    });
    Ok(if lost { Turn::AgainIfAllowed(answer) } else { Turn::Again(answer) })
}

/// Carries out a request that has a claim, and keeps its answer with what it did; `None` is for answers that are not worth keeping,
/// and then nothing of it is done. It goes on if whoever asked hangs up.
///
/// # Errors
/// `Conflict` if somebody else has the claim by now; the database. Then nothing was done.
pub async fn carry_out<T, W, Fut>(
    ctx: &Ctx,
    asker: Asker,
    claim: Claim,
    work: W,
    answer: fn(&T) -> Option<Answer>,
) -> Result<T>
where
    W: FnMut() -> Fut + Send + 'static,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + Sync + 'static,
{
    let ctx = ctx.clone();
    let running = fault::spawn(async move {
        let kept = std::sync::atomic::AtomicBool::new(false);
        let (ctx_in, claim_in, kept_in) = (&ctx, &claim, &kept);
        let done = ctx
            .db()
            .together(work, move |tx, done| {
                let (ctx, claim, asker) = (ctx_in.clone(), claim_in.clone(), asker.clone());
                let answer = answer(done);
                kept_in.store(answer.is_some(), std::sync::atomic::Ordering::SeqCst);
                Box::pin(async move {
                    let Some(answer) = answer else { return Ok(false) };
                    let standing = asker.standing(tx).await?;
                    let standing = standing.iter().map(AccessSnapshot::text).collect::<Vec<_>>().join("\n");
                    let text = serde_json::to_string(&answer).map_err(|error| Error::Internal(error.to_string()))?;
                    let sealed = ctx.secret().seal(claim.id, &text);
                    if idempotency::update_answer(tx, &claim, answer.status, &sealed, &standing).await? {
                        Ok(true)
                    } else {
                        Err(Refusal::Conflict.into())
                    }
                })
            })
            .await;
        if done.is_err() || !kept.into_inner() {
            give_back(&ctx, claim).await;
        }
        done
    });
    running.await.map_err(|error| Error::Internal(format!("a call ended without an answer: {error}")))?
}

/// What a request would be answered now. Nothing of it is done.
///
/// # Errors
/// The database.
pub async fn rehearse<T, W, Fut>(ctx: &Ctx, work: W) -> Result<T>
where
    W: FnMut() -> Fut + Send,
    Fut: Future<Output = T> + Send,
    T: Send + Sync,
{
    ctx.db().together(work, |_, _| Box::pin(async { Ok::<_, Error>(false) })).await
}

/// Lets the request be tried again.
async fn give_back(ctx: &Ctx, claim: Claim) {
    let given: Result<()> =
        ctx.db().write(|tx, _| Box::pin(async { Ok(idempotency::delete(tx, &claim).await?) })).await;
    if let Err(error) = given {
        tracing::warn!(%error, "a key is free again only after a while");
    }
}
