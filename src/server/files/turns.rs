//! Turns to receive bytes: so many for the node, and fewer for each person, so that nobody takes them all (FILE-3).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::{id::PersonId, upload::MAX_RECEIVING_OF_PERSON};

/// How many requests of a node receive bytes at the same moment.
const MAX_RECEIVING: usize = 64;

/// The turns of a node.
#[derive(Debug)]
pub struct Turns {
    node: Arc<Semaphore>,
    taken: Mutex<BTreeMap<PersonId, usize>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { node: Arc::new(Semaphore::new(MAX_RECEIVING)), taken: Mutex::default() }
    }
}

impl Turns {
    /// A turn for a person; `None` where the node, or this person, has none left.
    pub fn take(self: &Arc<Self>, person: PersonId) -> Option<Turn> {
        let of_node = self.node.clone().try_acquire_owned().ok()?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.entry(person).or_default();
        if *own >= MAX_RECEIVING_OF_PERSON {
            return None;
        }
        *own += 1;
        Some(Turn { turns: self.clone(), person, _of_node: of_node })
    }
}

/// Leave to receive bytes, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    turns: Arc<Turns>,
    person: PersonId,
    _of_node: OwnedSemaphorePermit,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut taken = self.turns.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.person) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> PersonId {
        PersonId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn attack_40_nobody_takes_all_turns_of_a_node() {
        let turns = Arc::new(Turns::default());
        let mut held: Vec<Turn> = (0..MAX_RECEIVING_OF_PERSON).filter_map(|_| turns.take(person(1))).collect();
        assert_eq!(held.len(), MAX_RECEIVING_OF_PERSON);
        assert!(turns.take(person(1)).is_none());
        assert!(turns.take(person(2)).is_some(), "and it was given back at once");
        held.pop();
        assert!(turns.take(person(1)).is_some());
        drop(held);
        assert_eq!(turns.node.available_permits(), MAX_RECEIVING);
        assert!(turns.taken.lock().expect("not poisoned").is_empty(), "nobody is remembered");
        let all: Vec<Turn> = (0..1_000).filter_map(|number| turns.take(person(number))).collect();
        assert_eq!(all.len(), MAX_RECEIVING);
    }
}
