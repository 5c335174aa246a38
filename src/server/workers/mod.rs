//! What happens by itself, again and again: each job idempotent, so that several nodes may run it and a crash costs
//! nothing.

use std::time::Duration;

use crate::domain::one_time_link::forgotten_before;

use super::{
    context::Ctx,
    error::{Error, Result},
    store::{idempotency, one_time_link, session},
};

/// How often is tidied up.
const EVERY: Duration = Duration::from_mins(10);
/// How long answers are kept for requests that are sent again, in days.
const KEEP_ANSWERS: i64 = 2;

/// Starts the workers; they end with the runtime.
pub fn start(ctx: &Ctx) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        loop {
            if let Err(error) = tidy(&ctx).await {
                tracing::warn!(%error, "tidying up failed and is tried again later");
            }
            tokio::time::sleep(EVERY).await;
        }
    });
}

/// Forgets sessions that have expired, links that stopped working long ago, and answers that nobody will ask for again.
///
/// # Errors
/// The database.
pub async fn tidy(ctx: &Ctx) -> Result<()> {
    let now = ctx.now();
    ctx.db()
        .write(move |tx| {
            Box::pin(async move {
                session::delete_expired(tx, now).await?;
                one_time_link::delete_expired_before(tx, forgotten_before(now)).await?;
                idempotency::delete_before(tx, now.plus_days(-KEEP_ANSWERS)).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}
