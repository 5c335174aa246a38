//! Whose photos are opened and whose layers are made next (FILE-5, VIEW-1): those of whoever took least of a node's time lately.
//!
//! Time is counted and not files, because one file may take a minute. It counts for the person who sent the files, and for the organization
//! they are in, and the larger of the two decides. So an organization with many people has no more turns than one with a single person,
//! and a person with many organizations has no more than one with a single organization (attack 102). A turn counts while it runs, so
//! that nobody counts as having taken nothing while a file of theirs takes minutes. All workers of a node share what they know. It is
//! forgotten little by little, and by a restart.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use uuid::Uuid;

use crate::{domain::id::PersonId, server::store::turn::Waiting};

/// After this time half of what somebody took is forgotten.
const HALF_LIFE: Duration = Duration::from_mins(10);
/// Of how many people and organizations is known what they took. Beyond, who took least is forgotten first.
const MAX_KNOWN: usize = 4_096;
/// How long a turn is to take, for files like those of the last turn of the same person. No file of a turn is begun later.
pub const TURN: Duration = Duration::from_secs(10);

/// What somebody took.
#[derive(Debug, Clone, Copy)]
struct Took {
    seconds: f64,
    /// When that was so.
    at: Instant,
    /// How long each file of the last turn took.
    each: Duration,
}

impl Took {
    fn seconds_at(&self, now: Instant) -> f64 {
        let halvings = now.saturating_duration_since(self.at).as_secs_f64() / HALF_LIFE.as_secs_f64();
        self.seconds * (-halvings).exp2()
    }
}

/// What everybody took of a node's time. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Spent(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    took: BTreeMap<Uuid, Took>,
    /// Whose turns run, and since when: one for each worker.
    running: Vec<(Waiting, Instant)>,
}

impl Known {
    /// What a person or an organization took, with the turns that run.
    fn seconds(&self, who: Uuid, now: Instant) -> f64 {
        let running = self.running.iter().filter(|(whose, _)| whose.person.0 == who || whose.organization == who);
        let running: f64 = running.map(|(_, since)| now.saturating_duration_since(*since).as_secs_f64()).sum();
        self.took.get(&who).map_or(0.0, |took| took.seconds_at(now)) + running
    }
}

/// A turn that runs, until this is dropped.
#[must_use]
#[derive(Debug)]
pub struct Running {
    spent: Spent,
    turn: (Waiting, Instant),
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut known = self.spent.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = known.running.iter().position(|turn| *turn == self.turn) {
            known.running.swap_remove(at);
        }
    }
}

/// The turns that a worker gives.
#[derive(Debug)]
pub struct Turns {
    spent: Spent,
    /// Whose turn was last: of those who took the same, who comes behind is next.
    served: PersonId,
}

impl Turns {
    pub fn new(spent: Spent) -> Self {
        Self { spent, served: PersonId(Uuid::nil()) }
    }

    /// Behind whom the list of those who wait begins.
    pub const fn served(&self) -> PersonId {
        self.served
    }

    /// Whose turn is next, of those who wait. Of people whose organizations took the same, it is that of who took less; who comes first
    /// in the list, where that is the same too.
    pub fn next(&mut self, waiting: &[Waiting], now: Instant) -> Option<Waiting> {
        let known = self.spent.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = waiting.iter().map(|one| {
            let own = known.seconds(one.person.0, now);
            (own.max(known.seconds(one.organization, now)), own, *one)
        });
        let (_, _, next) = taken.min_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)))?;
        self.served = next.person;
        Some(next)
    }

    /// Begins a turn: its time counts while it runs.
    pub fn begin(&self, whose: Waiting, now: Instant) -> Running {
        self.spent.0.lock().unwrap_or_else(PoisonError::into_inner).running.push((whose, now));
        Running { spent: self.spent.clone(), turn: (whose, now) }
    }

    /// How many files the turn of a person has, of so many at most: one, until it is known how long theirs take.
    pub fn files(&self, person: PersonId, most: usize) -> usize {
        let known = self.spent.0.lock().unwrap_or_else(PoisonError::into_inner);
        let each = known.took.get(&person.0).map_or(TURN, |took| took.each).as_millis().max(1);
        usize::try_from(TURN.as_millis().div_ceil(each)).unwrap_or(most).min(most).max(1)
    }

    /// Notes that files of a person took so long, each in its organization.
    pub fn note(&self, person: PersonId, organizations: &[Uuid], took: Duration, now: Instant) {
        let Some(each) = u32::try_from(organizations.len()).ok().and_then(|files| took.checked_div(files)) else {
            return;
        };
        let mut known = self.spent.0.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut known.took, person.0, took, each, now);
        for organization in organizations.iter().filter(|organization| **organization != person.0) {
            note(&mut known.took, *organization, each, each, now);
        }
    }
}

fn note(known: &mut BTreeMap<Uuid, Took>, who: Uuid, took: Duration, each: Duration, now: Instant) {
    if known.len() >= MAX_KNOWN && !known.contains_key(&who) {
        let least = known.iter().min_by(|one, other| one.1.seconds_at(now).total_cmp(&other.1.seconds_at(now)));
        if let Some(least) = least.map(|(who, _)| *who) {
            known.remove(&least);
        }
    }
    let seconds = known.get(&who).map_or(0.0, |before| before.seconds_at(now)) + took.as_secs_f64();
    known.insert(who, Took { seconds, at: now, each });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn waiting(person: u128, organization: u128) -> Waiting {
        Waiting { person: PersonId(Uuid::from_u128(person)), organization: Uuid::from_u128(organization) }
    }

    /// Gives turns that take a second each, to people who always wait: how many each of them got.
    fn given(people: &[Waiting], rounds: usize) -> BTreeMap<PersonId, usize> {
        let (mut turns, mut now, mut given) = (Turns::new(Spent::default()), Instant::now(), BTreeMap::new());
        for _ in 0..rounds {
            // As the store lists them: those behind who was served first.
            let (before, behind): (Vec<Waiting>, Vec<Waiting>) =
                people.iter().partition(|one| one.person <= turns.served());
            let next = turns.next(&[behind, before].concat(), now).expect("somebody waits");
            now += SECOND;
            turns.note(next.person, &[next.organization], SECOND, now);
            *given.entry(next.person).or_default() += 1;
        }
        given
    }

    #[test]
    fn file_5_attack_102_neither_many_organizations_nor_many_people_have_more_turns() {
        // One person with twenty organizations, an organization with twenty people, and one of each.
        let mut people: Vec<Waiting> = (0..20).map(|organization| waiting(1, 100 + organization)).collect();
        people.extend((0..20).map(|person| waiting(10 + person, 200)));
        people.push(waiting(50, 300));
        let given = given(&people, 300);
        let of = |person: u128| given.get(&PersonId(Uuid::from_u128(person))).copied().unwrap_or(0);
        let crowd: usize = (0..20).map(|person| of(10 + person)).sum();
        for (told, turns) in [("many organizations", of(1)), ("many people", crowd), ("one of each", of(50))] {
            assert!((90..=110).contains(&turns), "{told}: {turns}");
        }
        assert!((0..20).all(|person| of(10 + person) > 0), "and nobody of the many is left out: {given:?}");
    }

    #[test]
    fn file_5_attack_102_time_counts_and_is_forgotten() {
        let (mut turns, begun) = (Turns::new(Spent::default()), Instant::now());
        let (one, other) = (waiting(1, 1), waiting(2, 2));
        assert_eq!(turns.next(&[], begun), None);
        // One file that took a minute counts as much as sixty that took a second each.
        turns.note(one.person, &[one.organization], 60 * SECOND, begun);
        for _ in 0..59 {
            assert_eq!(turns.next(&[one, other], begun), Some(other));
            turns.note(other.person, &[other.organization], SECOND, begun);
        }
        turns.note(other.person, &[other.organization], 2 * SECOND, begun);
        assert_eq!(turns.next(&[one, other], begun), Some(one));
        turns.note(one.person, &[one.organization], 3_600 * SECOND, begun);
        let later = begun + 20 * HALF_LIFE;
        turns.note(other.person, &[other.organization], SECOND, later);
        assert_eq!(turns.next(&[other, one], later), Some(one), "an hour is forgotten after some hours");
    }

    #[test]
    fn file_5_attack_102_a_turn_counts_while_it_runs() {
        let (spent, begun) = (Spent::default(), Instant::now());
        let (slow, mut fast) = (Turns::new(spent.clone()), Turns::new(spent.clone()));
        let (one, other, colleague) = (waiting(1, 10), waiting(2, 20), waiting(3, 10));
        fast.note(other.person, &[other.organization], 5 * SECOND, begun);
        assert_eq!(fast.next(&[one, other], begun), Some(one));
        let running = slow.begin(one, begun);
        assert_eq!(fast.next(&[one, other], begun + SECOND), Some(one), "one second is less than five");
        let later = begun + 60 * SECOND;
        assert_eq!(fast.next(&[one, colleague, other], later), Some(other), "a minute is more");
        slow.note(one.person, &[one.organization], 60 * SECOND, later);
        drop(running);
        assert!(spent.0.lock().expect("nobody panics").running.is_empty());
        assert_eq!(fast.next(&[one, other], later), Some(other), "it counts when it has ended");
        let none = slow.begin(colleague, later);
        drop(none);
        let took = spent.0.lock().expect("nobody panics").seconds(Uuid::from_u128(10), later + 60 * SECOND);
        assert!(took < 61.0, "a turn that took nothing counts as nothing: {took}");
    }

    #[test]
    fn file_5_attack_101_a_turn_has_as_many_files_as_fit_into_it() {
        let (turns, now, one) = (Turns::new(Spent::default()), Instant::now(), waiting(1, 2));
        assert_eq!(turns.files(one.person, 28), 1, "nobody knows how long theirs take");
        for (took, of, files) in
            [(250, 1, 28), (7_000, 28, 28), (6_000, 1, 2), (12_000, 2, 2), (90_000, 2, 1), (0, 2, 28)]
        {
            turns.note(one.person, &vec![one.organization; of], Duration::from_millis(took), now);
            assert_eq!(turns.files(one.person, 28), files, "{of} in {took} ms");
        }
    }

    #[test]
    fn file_5_attack_102_what_is_known_is_bounded() {
        let (turns, now) = (Turns::new(Spent::default()), Instant::now());
        turns.note(waiting(1, 2).person, &[waiting(1, 2).organization], 9 * SECOND, now);
        for number in 0..u128::try_from(MAX_KNOWN).expect("small") {
            let one = waiting(1_000 + 2 * number, 1_001 + 2 * number);
            turns.note(one.person, &[one.organization], SECOND, now);
        }
        let known = turns.spent.0.lock().expect("nobody panics");
        assert_eq!(known.took.len(), MAX_KNOWN);
        assert!(known.took.contains_key(&Uuid::from_u128(1)), "who took most is known");
    }
}
