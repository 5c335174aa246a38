//! Seeing what others change while it happens: who looks at a container is told that something changed there, and asks
//! again what there is.
//!
//! # Invariants
//! - Who watches may see what is watched: that is checked at the beginning, at every change, and every few seconds.
//!   Whoever may no longer see it, or is signed out, is told nothing more.
//! - Nothing but "changed" is told.

use std::time::Duration;

use tokio::{
    sync::{broadcast, watch},
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};

use crate::domain::{
    id::{PersonId, ResourceId},
    refusal::Refusal,
};

use super::{
    super::{
        context::{Client, Ctx, Principal},
        error::Result,
        live::Place,
        store::{live::Change, session::Id},
    },
    access, session,
};

/// How often is checked whether somebody may still watch, and a sign of life given.
const CHECKED_EVERY: Duration = Duration::from_secs(10);
/// Changes that come one after the other within so long are told as one.
const TOGETHER: Duration = Duration::from_millis(60);

/// What is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// Something changed: ask again.
    Changed,
    /// Nothing changed, and the stream is alive.
    Alive,
}

/// What somebody watches, for as long as they do.
#[derive(Debug)]
pub struct Watch {
    ctx: Ctx,
    by: Principal,
    session: Option<Id>,
    what: Option<ResourceId>,
    changes: broadcast::Receiver<Change>,
    stopped: watch::Receiver<bool>,
    checks: tokio::time::Interval,
    /// What was heard and is not told yet.
    heard: bool,
    _place: Place,
}

/// Begins to watch a resource, or, where there is none, what is shared with the person themselves. `session` is the one
/// they ask in; `missed` says that they watched before and may have missed something.
///
/// # Errors
/// `NotFound` if they may not see it; `RateLimited` if they watch too much already.
pub async fn watch(ctx: &Ctx, by: &Principal, session: Option<Id>, what: Option<&str>, missed: bool) -> Result<Watch> {
    let what = what.map(|id| super::id::<ResourceId>("id", id)).transpose().map_err(|_| Refusal::NotFound)?;
    let place = ctx.live().place(by.person)?;
    let mut checks = interval_at(Instant::now() + CHECKED_EVERY, CHECKED_EVERY);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watch = Watch {
        ctx: ctx.clone(),
        by: by.clone(),
        session,
        what,
        // Heard from before the check on: what happens meanwhile is not missed.
        changes: ctx.db().changes(),
        stopped: ctx.live().stopped(),
        checks,
        heard: missed,
        _place: place,
    };
    if watch.may_watch().await? { Ok(watch) } else { Err(Refusal::NotFound.into()) }
}

impl Watch {
    /// What is told next; `None` at the end.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            if *self.stopped.borrow_and_update() {
                return None;
            }
            if self.heard {
                self.heard = false;
                return self.still().await.then_some(Told::Changed);
            }
            tokio::select! {
                heard = self.changes.recv() => {
                    let about = match heard {
                        Ok(change) => self.is_about(&change),
                        Err(broadcast::error::RecvError::Lagged(_)) => true,
                        Err(broadcast::error::RecvError::Closed) => return None,
                    };
                    if about {
                        sleep(TOGETHER).await;
                        // What came meanwhile is told with it.
                        self.changes = self.changes.resubscribe();
                        self.heard = true;
                    }
                }
                _ = self.checks.tick() => return self.still().await.then_some(Told::Alive),
                stopped = self.stopped.changed() => if stopped.is_err() {
                    return None;
                },
            }
        }
    }

    fn is_about(&self, change: &Change) -> bool {
        let PersonId(person) = self.by.person;
        self.what.is_some_and(|ResourceId(id)| change.is_about(id)) || change.is_about(person)
    }

    /// Whether they may still watch; a database that is away ends it, and the browser asks again later.
    async fn still(&self) -> bool {
        self.may_watch().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a stream of changes ends");
            false
        })
    }

    async fn may_watch(&self) -> Result<bool> {
        if let Some(id) = self.session {
            let client = Client { address: self.by.address.clone(), ..Client::default() };
            let found = session::principal(&self.ctx, id, &client).await?;
            if found.is_none_or(|(principal, _)| principal.person != self.by.person) {
                return Ok(false);
            }
        }
        let Some(what) = self.what else { return Ok(true) };
        let mut tx = self.ctx.db().read().await?;
        let reach = access::reaches(&mut tx, self.by.person, &[what]).await?;
        Ok(reach.get(&what).is_some_and(|reach| reach.level().is_some()))
    }
}
