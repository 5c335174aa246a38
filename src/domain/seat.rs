//! Seats of desktop licences (LIC-5, ROLE): who may take one, who may be given one, and when one is free again.
//!
//! A seat is *given* (reserved for somebody, who may take it at any time), *taken* (a program of theirs runs on it), or both.
//! One person holds at most one seat of a licence. Programs send a heartbeat. One that sends none for [`STALE_AFTER_MILLIS`] has
//! lost its seat.

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use super::{
    id::{KeyId, LoanId, PersonId},
    refusal::Refusal,
    role::{Affiliation, Cell, Permission, Role, cell},
    text::{FieldIssue, line, number},
    time::Timestamp,
};

const MINUTE: i64 = 60_000;

/// How often a program says that it still runs, in milliseconds.
pub const HEARTBEAT_INTERVAL_MILLIS: i64 = 5 * MINUTE;

/// A seat is free again when nothing was heard of it for so many milliseconds: three heartbeats were missed.
pub const STALE_AFTER_MILLIS: i64 = 3 * HEARTBEAT_INTERVAL_MILLIS;

/// The longest name of a device.
const MAX_DEVICE_LENGTH: usize = 100;

/// What a program says that it runs on.
///
/// # Errors
/// Empty, too long, or with control characters.
pub fn device(text: &str) -> Result<String, FieldIssue> {
    line(text, MAX_DEVICE_LENGTH)
}

/// Who holds a seat: a person, or a machine with a credential key (AUTH-6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// Somebody.
    Person(PersonId),
    /// A machine.
    Key(KeyId),
}

impl Holder {
    /// The id of the person, or of the key.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Person(PersonId(id)) | Self::Key(KeyId(id)) => id,
        }
    }

    /// The person, if it is one.
    pub const fn person(self) -> Option<PersonId> {
        match self {
            Self::Person(id) => Some(id),
            Self::Key(_) => None,
        }
    }

    /// The key, if it is one.
    pub const fn key(self) -> Option<KeyId> {
        match self {
            Self::Person(_) => None,
            Self::Key(id) => Some(id),
        }
    }
}

impl From<PersonId> for Holder {
    fn from(id: PersonId) -> Self {
        Self::Person(id)
    }
}

impl From<KeyId> for Holder {
    fn from(id: KeyId) -> Self {
        Self::Key(id)
    }
}

/// A seat of a licence as the rules see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seat {
    /// Who holds it.
    pub holder: Holder,
    /// The loan under which it is held; `None` where the organization owns the licence.
    pub loan: Option<LoanId>,
    /// Since when it is reserved for them. `None` if it is not.
    pub given_at: Option<Timestamp>,
    /// What took it, if it is taken.
    pub taken: Option<SeatTaken>,
}

/// A program that runs on a seat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeatTaken {
    /// What it runs on.
    pub device: String,
    pub since: Timestamp,
    /// The time of the last heartbeat.
    pub seen: Timestamp,
}

impl SeatTaken {
    /// Whether the program was heard of lately.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.seen.plus_millis(STALE_AFTER_MILLIS)
    }
}

impl Seat {
    /// The program that runs on it now.
    pub fn occupied(&self, now: Timestamp) -> Option<&SeatTaken> {
        self.taken.as_ref().filter(|taken| taken.is_fresh(now))
    }

    /// Whether it counts: given, or taken by a program that still runs.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.given_at.is_some() || self.occupied(now).is_some()
    }
}

/// ROLE, "Use desktop licences": whether a role may take a free seat without being given one, or only one that was given.
///
/// # Errors
/// `Forbidden` where neither.
pub fn needs_a_given_seat(role: Role) -> Result<bool, Refusal> {
    match cell(Permission::UseDesktopLicences, Affiliation::In(role)) {
        Cell::IfSeated => Ok(true),
        Cell::Yes | Cell::NotTheLast => Ok(false),
        Cell::No | Cell::ToView | Cell::ByLevel => {
            Err(Refusal::Forbidden("Your role cannot use desktop licences.".to_owned()))
        }
    }
}

/// Why there is no room for one more.
fn full(seats: u64) -> Refusal {
    Refusal::NoSeat(match seats {
        0 => "This licence has no seats.".to_owned(),
        1 => "The only seat of this licence is in use. Wait until it is released.".to_owned(),
        seats => {
            format!(
                "All {} seats of this licence are in use. Wait until one is released.",
                number(i64::try_from(seats).unwrap_or(i64::MAX))
            )
        }
    })
}

/// Whether somebody may take a seat: `others` are in use by others, given or taken; `given` says that one is kept for them.
///
/// # Errors
/// `Forbidden` for who would have to be given one; `NoSeat` when all are in use.
pub fn take(role: Role, given: bool, seats: u64, others: u64) -> Result<(), Refusal> {
    if needs_a_given_seat(role)? && !given {
        return Err(Refusal::Forbidden(format!(
            "As {}, you need a seat from an Owner or Manager to use a desktop licence.",
            role.with_article()
        )));
    }
    // A given seat is already counted.
    if given || others < seats { Ok(()) } else { Err(full(seats)) }
}

/// Whether a machine may take a seat: any that is free, as who made its key might. `others` are in use by others.
///
/// # Errors
/// `NoSeat` when all are in use.
pub fn take_by_key(seats: u64, others: u64) -> Result<(), Refusal> {
    if others < seats { Ok(()) } else { Err(full(seats)) }
}

/// Whether a seat can be given to somebody with this role: `given` says that one was.
///
/// # Errors
/// `Invalid` at `person`; `NoSeat` when all are in use by others.
pub fn give(role: Role, given: bool, seats: u64, others: u64) -> Result<(), Refusal> {
    let at = |problem| Err(Refusal::field("person", problem));
    match needs_a_given_seat(role) {
        Ok(true) if given => at(FieldIssue::SeatedAlready),
        Ok(true) if others < seats => Ok(()),
        Ok(true) => Err(full(seats)),
        Ok(false) => at(FieldIssue::NeedsNoSeat),
        Err(_) => at(FieldIssue::NotAChoice),
    }
}

/// What a change of role does to the seats that somebody holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeatChange {
    /// Nothing.
    Keep,
    /// They are free: the new role takes a seat only where it is given one.
    Free,
    /// What was kept for them is not any more: the new role takes whichever is free. A program that runs goes on.
    Unreserve,
}

/// What a change of role does to seats.
pub fn after_role(before: Role, after: Role) -> SeatChange {
    match (needs_a_given_seat(before), needs_a_given_seat(after)) {
        (Ok(true), Ok(false)) => SeatChange::Unreserve,
        (Ok(before), Ok(after)) if before == after => SeatChange::Keep,
        _ => SeatChange::Free,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::{id, row, table};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn seat(given: bool, seen: Option<i64>) -> Seat {
        Seat {
            holder: Holder::Person(PersonId(id(1))),
            loan: None,
            given_at: given.then_some(NOW.plus_days(-9)),
            taken: seen.map(|ago| SeatTaken {
                device: "Desk".to_owned(),
                since: NOW.plus_days(-1),
                seen: NOW.plus_millis(-ago),
            }),
        }
    }

    #[test]
    fn lic_5_a_seat_counts_while_it_is_given_or_was_heard_of_lately() {
        for (given, seen, occupied, counts) in [
            (false, None, false, false),
            (true, None, false, true),
            (false, Some(0), true, true),
            (false, Some(STALE_AFTER_MILLIS - 1), true, true),
            (false, Some(STALE_AFTER_MILLIS), false, false),
            (true, Some(STALE_AFTER_MILLIS), false, true),
            // A clock that went back a little.
            (false, Some(-5), true, true),
        ] {
            let seat = seat(given, seen);
            assert_eq!((seat.occupied(NOW).is_some(), seat.counts(NOW)), (occupied, counts), "{seat:?}");
        }
    }

    #[test]
    fn lic_5_role_who_takes_a_seat_and_who_is_given_one() {
        let words = |answer: Result<(), Refusal>| match answer {
            Ok(()) => "yes".to_owned(),
            Err(Refusal::NoSeat(_)) => "all in use".to_owned(),
            Err(Refusal::Forbidden(text)) if text.contains("need a seat from") => "once given".to_owned(),
            Err(Refusal::Invalid(fields)) => fields.iter().map(|field| format!("{:?}", field.problem)).collect(),
            Err(other) => panic!("{other:?}"),
        };
        let mut rows = vec![row(["role", "given", "one free: take", "give", "none free: take", "give"])];
        for role in Role::ALL {
            for given in [false, true] {
                rows.push(vec![
                    role.label().to_owned(),
                    if given { "yes" } else { "no" }.to_owned(),
                    words(take(role, given, 3, 2)),
                    words(give(role, given, 3, 2)),
                    words(take(role, given, 3, 3)),
                    words(give(role, given, 3, 3)),
                ]);
            }
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn lic_5_a_refusal_says_how_many_there_are() {
        let text = |seats| take(Role::Owner, false, seats, seats).map_err(|refusal| refusal.to_string());
        for (seats, words) in [(0, "has no seats"), (1, "The only seat"), (1_500, "All 1,500 seats")] {
            assert!(text(seats).is_err_and(|text| text.contains(words)), "{seats}");
        }
    }

    #[test]
    fn lic_5_a_change_of_role_frees_what_the_new_one_does_not_allow() {
        for (before, after, then) in [
            (Role::Owner, Role::Editor, SeatChange::Keep),
            (Role::Reader, Role::Member, SeatChange::Keep),
            (Role::Editor, Role::Reader, SeatChange::Free),
            (Role::Manager, Role::Member, SeatChange::Free),
            (Role::Member, Role::Manager, SeatChange::Unreserve),
        ] {
            assert_eq!(after_role(before, after), then, "{before:?} to {after:?}");
        }
    }

    #[test]
    fn lic_5_a_device_has_a_name() {
        assert_eq!(device(" Anna's desk "), Ok("Anna's desk".to_owned()));
        assert_eq!(device(" "), Err(FieldIssue::Missing));
        assert_eq!(device(&"x".repeat(101)), Err(FieldIssue::TooLong(100)));
    }

    proptest! {
        /// Whoever takes, is given, goes silent or lets go, in whatever order: given and taken together are never more than
        /// there are.
        #[test]
        fn lic_5_given_and_taken_never_exceed_the_seats(
            seats in 0_u64..4,
            steps in proptest::collection::vec((0_usize..6, 0_usize..4), 0..60),
        ) {
            let roles = [Role::Owner, Role::Editor, Role::Reader, Role::Member, Role::Reader, Role::Manager];
            // Given, taken; for each of six people.
            let mut held = [(false, false); 6];
            for (who, act) in steps {
                let others = held.iter().enumerate().filter(|(at, (g, t))| *at != who && (*g || *t)).count() as u64;
                match act {
                    0 if take(roles[who], held[who].0, seats, others).is_ok() => held[who].1 = true,
                    1 if give(roles[who], held[who].0, seats, others).is_ok() => held[who].0 = true,
                    2 => held[who].1 = false,
                    3 => held[who] = (false, false),
                    _ => {}
                }
                prop_assert!(held.iter().filter(|(g, t)| *g || *t).count() as u64 <= seats);
                for (role, (given, taken)) in roles.iter().zip(held) {
                    prop_assert!(!given || needs_a_given_seat(*role) == Ok(true));
                    prop_assert!(!taken || given || needs_a_given_seat(*role) == Ok(false));
                }
            }
        }
    }
}
