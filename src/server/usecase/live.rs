//! Seeing what others change while it happens: who looks at a container is told that something changed there, and asks
//! again what there is. So is who looks at the jobs of an organization: it is watched by its id, as a resource is.
//!
//! # Invariants
//! - Who watches may see what is watched: that is checked at the beginning, at every change, and every few seconds.
//!   Whoever may no longer see it, or is signed out, is told nothing more.
//! - Nothing but "changed" is told.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use tokio::{
    sync::{broadcast, watch},
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};

use crate::domain::{
    id::{OrganizationId, PersonId, ResourceId},
    refusal::Refusal,
};

use super::{
    super::{
        context::{Client, Ctx, Principal},
        error::Result,
        live::StreamSlot,
        store::{live::Change, membership, session::Id},
    },
    access, session,
};

/// How often is checked whether somebody may still watch, and a sign of life given.
const CHECKED_EVERY: Duration = Duration::from_secs(10);
/// Changes that come one after the other within so long are told as one.
const TOGETHER: Duration = Duration::from_millis(60);

/// So many resources are watched by one stream: one for each window of a browser that is looked at.
const MAX_WATCHED: usize = 64;

/// What is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiveEvent {
    /// Something changed in a resource, or, where none is named, in what is shared with the person: ask again.
    Changed(Option<ResourceId>),
    /// A resource, one of several, may no longer be seen: nothing more is told of it.
    Gone(ResourceId),
    /// Nothing changed, and the stream is alive.
    Alive,
}

/// What somebody watches, for as long as they do.
#[derive(Debug)]
pub struct Watch {
    ctx: Ctx,
    by: Principal,
    session: Option<Id>,
    what: BTreeSet<ResourceId>,
    /// Whether what is shared with them is watched too; then the stream goes on without its resources.
    mine: bool,
    changes: broadcast::Receiver<Change>,
    stopped: watch::Receiver<bool>,
    checks: tokio::time::Interval,
    /// What was heard and was not looked into yet.
    heard: BTreeSet<Option<ResourceId>>,
    /// What is told next.
    told: VecDeque<LiveEvent>,
    _place: StreamSlot,
}

/// Begins to watch a resource, or, where there is none, what is shared with the person themselves. `session` is the one
/// they ask in; `missed` says that they watched before and may have missed something.
///
/// # Errors
/// `NotFound` if they may not see it; `RateLimited` if they watch too much already.
pub async fn watch(ctx: &Ctx, by: &Principal, session: Option<Id>, what: Option<&str>, missed: bool) -> Result<Watch> {
    let what = what.map(|id| super::id::<ResourceId>("id", id)).transpose().map_err(|_| Refusal::NotFound)?;
    let mine = what.is_none();
    let mut watch = begin(ctx, by, session, what.into_iter().collect(), mine, missed)?;
    if watch.gone().await?.is_some_and(|gone| gone.is_empty()) { Ok(watch) } else { Err(Refusal::NotFound.into()) }
}

/// Begins to watch what is shared with a person, and several resources beside it: what all windows of a browser show. Of a
/// resource that they may not see is told that it is gone, and the others go on.
///
/// # Errors
/// `BadRequest` if these are too many; `RateLimited` if they watch too much already.
pub async fn watch_several(
    ctx: &Ctx,
    by: &Principal,
    session: Option<Id>,
    what: &[String],
    missed: bool,
) -> Result<Watch> {
    if what.len() > MAX_WATCHED {
        return Err(Refusal::BadRequest(format!("One stream can watch at most {MAX_WATCHED} resources.")).into());
    }
    let what: Option<BTreeSet<ResourceId>> = what.iter().map(|id| super::id("id", id).ok()).collect();
    let mut watch = begin(ctx, by, session, what.ok_or(Refusal::NotFound)?, true, missed)?;
    let gone = watch.gone().await?.ok_or(Refusal::NotFound)?;
    watch.told.extend(gone.into_iter().map(LiveEvent::Gone));
    Ok(watch)
}

fn begin(
    ctx: &Ctx,
    by: &Principal,
    session: Option<Id>,
    what: BTreeSet<ResourceId>,
    mine: bool,
    missed: bool,
) -> Result<Watch> {
    let place = ctx.live().place(by.person)?;
    let mut checks = interval_at(Instant::now() + CHECKED_EVERY, CHECKED_EVERY);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watch = Watch {
        ctx: ctx.clone(),
        by: by.clone(),
        session,
        what,
        mine,
        // Heard from before the check on: what happens meanwhile is not missed.
        changes: ctx.db().changes(),
        stopped: ctx.live().stopped(),
        checks,
        heard: BTreeSet::new(),
        told: VecDeque::new(),
        _place: place,
    };
    if missed {
        watch.heard = watch.all();
    }
    Ok(watch)
}

impl Watch {
    /// What is told next; `None` at the end.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            if *self.stopped.borrow_and_update() {
                return None;
            }
            if let Some(told) = self.told.pop_front() {
                return Some(told);
            }
            if !self.heard.is_empty() {
                let heard = std::mem::take(&mut self.heard);
                self.look().await?;
                let still = heard.into_iter().filter(|about| about.is_none_or(|id| self.what.contains(&id)));
                self.told.extend(still.map(LiveEvent::Changed));
                continue;
            }
            tokio::select! {
                heard = self.changes.recv() => {
                    let about = match heard {
                        Ok(change) => self.about(&change),
                        Err(broadcast::error::RecvError::Lagged(_)) => self.all(),
                        Err(broadcast::error::RecvError::Closed) => return None,
                    };
                    if !about.is_empty() {
                        self.heard = about;
                        sleep(TOGETHER).await;
                        // What came meanwhile is told with it.
                        self.drain_pending();
                    }
                }
                _ = self.checks.tick() => {
                    self.look().await?;
                    self.told.push_back(LiveEvent::Alive);
                }
                stopped = self.stopped.changed() => if stopped.is_err() {
                    return None;
                },
            }
        }
    }

    /// Takes what has come without waiting for more.
    fn drain_pending(&mut self) {
        loop {
            match self.changes.try_recv() {
                Ok(change) => {
                    let about = self.about(&change);
                    self.heard.extend(about);
                }
                Err(broadcast::error::TryRecvError::Lagged(_)) => self.heard = self.all(),
                Err(_) => return,
            }
        }
    }

    /// Everything that is watched.
    fn all(&self) -> BTreeSet<Option<ResourceId>> {
        self.what.iter().copied().map(Some).chain(self.mine.then_some(None)).collect()
    }

    /// What of that a change is about. Where somebody's access changed, all of it may have.
    fn about(&self, change: &Change) -> BTreeSet<Option<ResourceId>> {
        let PersonId(person) = self.by.person;
        if change.is_about(person) {
            return self.all();
        }
        self.what.iter().copied().filter(|ResourceId(id)| change.is_about(*id)).map(Some).collect()
    }

    /// Looks whether they may still watch, and tells what is gone; `None` where the stream ends. A database that is away
    /// ends it, and the browser asks again later.
    async fn look(&mut self) -> Option<()> {
        let gone = self.gone().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a stream of changes ends");
            None
        })?;
        if !self.mine && !gone.is_empty() {
            return None;
        }
        self.told.extend(gone.into_iter().map(LiveEvent::Gone));
        Some(())
    }

    /// Which of the resources they may no longer see; these are not watched any more. `None` if nothing may be told at all,
    /// because their session ended.
    async fn gone(&mut self) -> Result<Option<Vec<ResourceId>>> {
        if let Some(id) = self.session {
            let client = Client { address: self.by.address.clone(), ..Client::default() };
            let found = session::principal(&self.ctx, id, &client).await?;
            if found.is_none_or(|(principal, _)| principal.person != self.by.person) {
                return Ok(None);
            }
        }
        if self.what.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let what: Vec<ResourceId> = self.what.iter().copied().collect();
        let mut tx = self.ctx.db().read().await?;
        let reach = access::access_paths(&mut tx, self.by.person, &what).await?;
        let mut gone: Vec<ResourceId> =
            what.into_iter().filter(|id| reach.get(id).is_none_or(|reach| reach.level().is_none())).collect();
        // What is no resource may be an organization of theirs: its jobs are watched.
        let organizations: Vec<OrganizationId> = gone.iter().map(|id| OrganizationId(id.0)).collect();
        if !organizations.is_empty() {
            let own = membership::list_among(&mut tx, self.by.person, &organizations).await?;
            gone.retain(|id| !own.contains(&OrganizationId(id.0)));
        }
        for id in &gone {
            self.what.remove(id);
        }
        Ok(Some(gone))
    }
}
