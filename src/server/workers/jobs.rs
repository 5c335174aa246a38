//! Looks after jobs whose engines were lost, and ends those whose time is over (JOB-6). Idempotent: whoever comes second finds nothing.

use std::time::Duration;

use tokio::sync::watch;

use crate::server::{context::Ctx, error::Result, usecase::engine};

/// How often to look.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// How many jobs one round looks after: what is left over comes in the next one.
const MAX_ROUND: usize = 500;

/// Looks until it is told to stop.
pub async fn run(ctx: Ctx, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = run_due(&ctx).await {
            tracing::warn!(%error, "could not look after jobs whose engines were lost; trying again later");
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Looks after what is due; how many jobs.
///
/// # Errors
/// The database; what was done before stays done.
pub async fn run_due(ctx: &Ctx) -> Result<usize> {
    let mut done = 0;
    while done < MAX_ROUND && engine::expire_next(ctx).await? {
        done += 1;
        // Another task may have to write: on SQLite all wait for one connection.
        tokio::task::yield_now().await;
    }
    Ok(done)
}
