//! The open event streams of this node: how many a person may have, and how all of them end at shutdown.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::domain::{id::PersonId, refusal::Refusal};

/// How many streams one person may have on a node. A visible tab has one.
const MAX_STREAMS_PER_PERSON: usize = 16;
/// How many streams a node may have.
const MAX_STREAMS: usize = 10_000;

/// The streams of this node.
#[derive(Debug)]
pub struct Live {
    open: Arc<Mutex<HashMap<PersonId, usize>>>,
    stop: watch::Sender<bool>,
}

impl Default for Live {
    fn default() -> Self {
        Self { open: Arc::default(), stop: watch::Sender::new(false) }
    }
}

impl Live {
    /// Takes a slot for one more stream of a person.
    ///
    /// # Errors
    /// `RateLimited` if the person, or the node, has too many.
    pub fn place(&self, person: PersonId) -> Result<StreamSlot, Refusal> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        if open.get(&person).is_some_and(|own| *own >= MAX_STREAMS_PER_PERSON) || all >= MAX_STREAMS {
            return Err(Refusal::RateLimited(10));
        }
        *open.entry(person).or_default() += 1;
        Ok(StreamSlot { person, open: self.open.clone() })
    }

    /// The number of open streams.
    pub fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Ends all streams, and every stream that opens later: the node is shutting down.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Becomes true when the node shuts down.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

/// The slot of one stream. Dropping it frees the slot.
#[derive(Debug)]
pub struct StreamSlot {
    person: PersonId,
    open: Arc<Mutex<HashMap<PersonId, usize>>>,
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.person) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drive_live_streams_are_bounded_and_places_come_back() {
        let live = Live::default();
        let (anna, john) = (PersonId(uuid::Uuid::from_u128(1)), PersonId(uuid::Uuid::from_u128(2)));
        let mut places: Vec<StreamSlot> =
            (0..MAX_STREAMS_PER_PERSON).map(|_| live.place(anna).expect("a place")).collect();
        assert_eq!(live.place(anna).err(), Some(Refusal::RateLimited(10)));
        let other = live.place(john).expect("others are not held up");
        assert_eq!(live.count(), MAX_STREAMS_PER_PERSON + 1);
        places.pop();
        places.push(live.place(anna).expect("a place came back"));
        drop((places, other));
        assert_eq!(live.count(), 0);
    }
}
