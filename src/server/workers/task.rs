//! Goes on with long work (see [`crate::server::usecase::task`]), a step at a time under a lease. A step that a crash
//! takes away is done again by whoever comes when the lease has run out; what was done before stays done.

use std::time::Duration;

use tokio::sync::watch;

use crate::server::{context::Ctx, error::Result, usecase::task};

/// How often to look for work.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Works until it is told to stop.
pub async fn run(ctx: Ctx, mut stop: watch::Receiver<bool>) {
    if let Err(error) = task::begin_again(&ctx).await {
        tracing::warn!(%error, "tasks left by a stopped process continue when their leases expire");
    }
    while !*stop.borrow() {
        if let Err(error) = drain(&ctx, &stop).await {
            tracing::warn!(%error, "a task did not continue; trying again later");
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Does what there is to do, or as much as fits in before it is told to stop.
pub async fn drain(ctx: &Ctx, stop: &watch::Receiver<bool>) -> Result<()> {
    while let Some(mut held) = task::claim(ctx).await? {
        loop {
            if *stop.borrow() {
                return task::release(ctx, &held).await;
            }
            match task::step(ctx, held).await? {
                Some(next) => held = next,
                None => break,
            }
            // Another task may have to write: on SQLite all wait for one connection.
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
