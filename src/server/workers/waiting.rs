//! Starts what waits for credits (LIC-2) where a use case left something over: more datasets than one transaction starts, a
//! licence whose first day has come, something that was restored or moved to where there is enough.

use std::time::Duration;

use tokio::sync::watch;

use crate::server::{context::Ctx, error::Result, usecase::waiting as credits};

/// How often to look for what can start.
const POLL_INTERVAL: Duration = Duration::from_secs(15);
/// When to look after a use case on this node left something over: its transaction commits in a moment,
/// or a little later.
const RETRY_AFTER_CHANGE: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(250), Duration::from_secs(1)];

/// Starts what can be started, until it is told to stop.
pub async fn run(ctx: Ctx, mut stop: watch::Receiver<bool>) {
    // The first look comes at once: something may have become possible while no server ran.
    let mut soon = RETRY_AFTER_CHANGE.iter();
    while !*stop.borrow() {
        let wait = soon.next().copied().unwrap_or(POLL_INTERVAL);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = ctx.credits_came().notified() => { soon = RETRY_AFTER_CHANGE.iter(); continue; }
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = round(&ctx, &stop).await {
            tracing::warn!(%error, "could not start datasets that wait for credits; trying again later");
        }
    }
}

/// Looks at every account in which something waits, one after the other.
///
/// # Errors
/// The database; what was started before stays so.
pub async fn round(ctx: &Ctx, stop: &watch::Receiver<bool>) -> Result<()> {
    let mut behind = None;
    while !*stop.borrow() {
        match credits::start_waiting_behind(ctx, behind).await? {
            Some(account) => behind = Some(account),
            None => return Ok(()),
        }
        // Another task may have to write: on SQLite all wait for one connection.
        tokio::task::yield_now().await;
    }
    Ok(())
}
