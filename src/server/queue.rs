//! A fair queue for hashing passwords. A hash takes a core for tens of milliseconds, so a client that has many computed at once
//! would keep everybody else from signing in (attacks 43, 60).
//!
//! # Invariants
//! - Checks and new passwords have separate lanes. New passwords never take the last core from checks, and neither lane
//!   starves the other.
//! - Within a lane, clients take turns. If a lane is full, the client with the most entries loses one.
//! - A client that disconnects gives its place back.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::domain::refusal::Refusal;

/// The maximum length of a lane.
const MAX_LANE_LENGTH: usize = 64;

/// What a caller wants to hash for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    /// Checking a password: signing in, or opening a link.
    Check,
    /// Hashing a new password: signing up, or setting one.
    New,
}

/// The waiting callers of one lane.
#[derive(Debug, Default)]
struct LaneQueue {
    /// Each waiting client, in the order of their turns.
    turns: VecDeque<String>,
    waiting: HashMap<String, VecDeque<oneshot::Sender<Turn>>>,
    length: usize,
}

impl LaneQueue {
    /// Makes room for one more entry of a client; false if there is none. In a full lane the client with the most entries loses
    /// one, unless that is this client.
    fn make_room(&mut self, client: &str) -> bool {
        if self.length < MAX_LANE_LENGTH {
            return true;
        }
        self.drop_disconnected();
        if self.length < MAX_LANE_LENGTH {
            return true;
        }
        let own = self.waiting.get(client).map_or(0, VecDeque::len);
        let most = self.waiting.iter().max_by_key(|(_, theirs)| theirs.len()).map(|(name, _)| name.clone());
        // Only a client that has at least as many entries left as this one then has loses one.
        let Some(most) = most.filter(|name| self.waiting.get(name).map_or(0, VecDeque::len) > own + 1) else {
            return false;
        };
        // Dropping the sender refuses that caller.
        if let Some(theirs) = self.waiting.get_mut(&most) {
            theirs.pop_back();
            self.length -= 1;
        }
        true
    }

    fn drop_disconnected(&mut self) {
        for theirs in self.waiting.values_mut() {
            theirs.retain(|one| !one.is_closed());
        }
        self.waiting.retain(|_, theirs| !theirs.is_empty());
        let waiting = &self.waiting;
        self.turns.retain(|client| waiting.contains_key(client));
        self.length = self.waiting.values().map(VecDeque::len).sum();
    }

    fn push(&mut self, client: &str) -> oneshot::Receiver<Turn> {
        let (go, gone) = oneshot::channel();
        let theirs = self.waiting.entry(client.to_owned()).or_default();
        if theirs.is_empty() {
            self.turns.push_back(client.to_owned());
        }
        theirs.push_back(go);
        self.length += 1;
        gone
    }

    /// Takes the next caller off the lane.
    fn pop(&mut self) -> Option<oneshot::Sender<Turn>> {
        let client = self.turns.pop_front()?;
        let theirs = self.waiting.get_mut(&client)?;
        let next = theirs.pop_front();
        self.length -= usize::from(next.is_some());
        if theirs.is_empty() {
            self.waiting.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        next
    }
}

#[derive(Debug, Default)]
struct QueueState {
    running: usize,
    running_new: usize,
    last: Option<Lane>,
    checks: LaneQueue,
    news: LaneQueue,
}

impl QueueState {
    fn line(&mut self, lane: Lane) -> &mut LaneQueue {
        match lane {
            Lane::Check => &mut self.checks,
            Lane::New => &mut self.news,
        }
    }
}

#[derive(Debug)]
struct Inner {
    cores: usize,
    state: Mutex<QueueState>,
}

/// The queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Inner>);

/// Permission to use a core; dropping it gives the core back.
#[derive(Debug)]
pub struct Turn {
    queue: Option<Queue>,
    lane: Lane,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.end(self.lane);
        }
    }
}

impl Queue {
    /// A queue for this number of cores.
    pub fn new(cores: usize) -> Self {
        Self(Arc::new(Inner { cores: cores.max(1), state: Mutex::new(QueueState::default()) }))
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// `RateLimited` if too many are waiting.
    pub async fn enter(&self, lane: Lane, client: &str) -> Result<Turn, Refusal> {
        let turn = {
            let mut state = self.state();
            if !state.line(lane).make_room(client) {
                return Err(Refusal::RateLimited(1));
            }
            let turn = state.line(lane).push(client);
            self.start_waiting(&mut state);
            turn
        };
        turn.await.map_err(|_| Refusal::RateLimited(1))
    }

    /// Starts waiting callers while there are free cores.
    fn start_waiting(&self, state: &mut QueueState) {
        while state.running < self.0.cores {
            let Some(lane) = self.next_lane(state) else { return };
            // A client whose callers have all disconnected may still have a turn.
            let Some(go) = state.line(lane).pop() else { continue };
            match go.send(Turn { queue: Some(self.clone()), lane }) {
                Ok(()) => {
                    state.running += 1;
                    state.running_new += usize::from(lane == Lane::New);
                    state.last = Some(lane);
                }
                // The caller has disconnected. This turn was never counted, so it must not be given back.
                Err(mut turn) => turn.queue = None,
            }
        }
    }

    /// The lane to serve next: alternately, but new passwords never get all cores, unless there is only one.
    fn next_lane(&self, state: &QueueState) -> Option<Lane> {
        let most_new = self.0.cores.saturating_sub(1).max(1);
        let (checks, news) =
            (!state.checks.turns.is_empty(), !state.news.turns.is_empty() && state.running_new < most_new);
        match (checks, news) {
            (false, false) => None,
            (true, false) => Some(Lane::Check),
            (false, true) => Some(Lane::New),
            (true, true) => Some(if state.last == Some(Lane::Check) { Lane::New } else { Lane::Check }),
        }
    }

    fn end(&self, lane: Lane) {
        let mut state = self.state();
        state.running -= 1;
        state.running_new -= usize::from(lane == Lane::New);
        self.start_waiting(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has somebody wait, and says so once they do.
    async fn waits(queue: &Queue, lane: Lane, client: &str) -> tokio::task::JoinHandle<Result<Turn, Refusal>> {
        let theirs = || queue.state().line(lane).waiting.get(client).map_or(0, VecDeque::len);
        let before = theirs();
        let (asked, name) = (queue.clone(), client.to_owned());
        let task = tokio::spawn(async move { asked.enter(lane, &name).await });
        while !task.is_finished() && theirs() == before {
            tokio::task::yield_now().await;
        }
        task
    }

    #[tokio::test]
    async fn attack_43_who_has_most_waiting_gives_way_and_others_are_served_in_turn() {
        let queue = Queue::new(1);
        let busy = queue.enter(Lane::Check, "greedy").await.expect("free");
        let mut greedy = Vec::new();
        for _ in 0..MAX_LANE_LENGTH {
            greedy.push(waits(&queue, Lane::Check, "greedy").await);
        }
        assert_eq!(queue.enter(Lane::Check, "greedy").await.err(), Some(Refusal::RateLimited(1)));
        let honest = waits(&queue, Lane::Check, "honest").await;
        drop(busy);
        // At most one of the greedy ones comes before.
        let first = greedy.remove(0).await.expect("well").expect("the one that waited longest");
        assert!(!honest.is_finished());
        drop(first);
        let honest = honest.await.expect("well").expect("the second turn");
        drop(honest);
        let mut refused = 0;
        for one in greedy {
            refused += usize::from(one.await.expect("well").is_err());
        }
        assert_eq!(refused, 1, "one had to give way");
    }

    #[tokio::test]
    async fn auth_1_new_passwords_never_take_the_last_core_from_checks() {
        let queue = Queue::new(2);
        let _signing_up = queue.enter(Lane::New, "greedy").await.expect("free");
        let second = waits(&queue, Lane::New, "greedy").await;
        tokio::task::yield_now().await;
        assert!(!second.is_finished(), "it waits although a core is free");
        let signing_in = queue.enter(Lane::Check, "honest").await.expect("at once");
        drop(signing_in);
        assert!(!second.is_finished());
        second.abort();
    }

    #[tokio::test]
    async fn auth_3_who_hangs_up_gives_their_place_back() {
        let queue = Queue::new(1);
        let busy = queue.enter(Lane::Check, "a").await.expect("free");
        let gone = waits(&queue, Lane::Check, "b").await;
        gone.abort();
        let _ = gone.await;
        drop(busy);
        drop(queue.enter(Lane::Check, "c").await.expect("free again"));
        assert_eq!(queue.state().running, 0);
    }
}
