//! Who looks at what just now: how many streams of changes somebody has, and when all of them end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::domain::{id::PersonId, refusal::Refusal};

/// So many streams one person has on a node at a time: a tab that is looked at has one.
const STREAMS: usize = 16;
/// So many streams a node has in all.
const ALL_STREAMS: usize = 10_000;

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
    /// Takes a place for one more stream of somebody.
    ///
    /// # Errors
    /// `RateLimited` if they, or all together, have too many.
    pub fn place(&self, person: PersonId) -> Result<StreamSlot, Refusal> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let own = open.entry(person).or_default();
        if *own >= STREAMS || all >= ALL_STREAMS {
            return Err(Refusal::RateLimited(10));
        }
        *own += 1;
        Ok(StreamSlot { person, open: self.open.clone() })
    }

    /// How many streams there are.
    pub fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Ends every stream, and every one that begins later: this node stops.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Tells when this node stops.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

/// The place of one stream; it is free again when this is dropped.
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
        let mut places: Vec<StreamSlot> = (0..STREAMS).map(|_| live.place(anna).expect("a place")).collect();
        assert_eq!(live.place(anna).err(), Some(Refusal::RateLimited(10)));
        let other = live.place(john).expect("others are not held up");
        assert_eq!(live.count(), STREAMS + 1);
        places.pop();
        places.push(live.place(anna).expect("a place came back"));
        drop((places, other));
        assert_eq!(live.count(), 0);
    }
}
