//! Offers (XFER-18): items offered to an organization where one has no right. What is offered, and when it can be taken,
//! is decided by [`super::transfer::offer`].

use serde::{Deserialize, Serialize};

use super::{
    refusal::Refusal,
    role::Role,
    text::{FieldIssue, line},
    time::Timestamp,
};

/// How many days an offer can be accepted.
pub const OPEN_DAYS: i64 = 7;

/// The most items of one offer.
pub const MAX_ITEMS: usize = 1_000;

/// The most offers of one person in a day, because each sends a mail (attack 27).
pub const MAX_OFFERS_PER_DAY: u64 = 50;

/// How long a note may be.
const MAX_NOTE_LENGTH: usize = 500;

/// What became of an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferState {
    /// It waits for an answer.
    Open,
    /// The items were transferred.
    Accepted,
    /// The target does not want them.
    Declined,
    /// The source took it back.
    Withdrawn,
    /// Nobody answered in time.
    Expired,
    /// Something that was offered is not there any more.
    Void,
}

words! {
    OfferState
    Open => "open", "Open";
    Accepted => "accepted", "Accepted";
    Declined => "declined", "Declined";
    Withdrawn => "withdrawn", "Withdrawn";
    Expired => "expired", "Expired";
    Void => "void", "Void";
}

impl OfferState {
    /// The state now of an offer that was stored with this one. An open offer expires with time, and is void once an item is
    /// gone. Neither is stored.
    pub fn now(self, expires_at: Timestamp, all_there: bool, now: Timestamp) -> Self {
        match self {
            Self::Open if expires_at <= now => Self::Expired,
            Self::Open if !all_there => Self::Void,
            noted => noted,
        }
    }

    /// Whether it can still be answered or withdrawn.
    ///
    /// # Errors
    /// `OfferClosed`, saying what became of it.
    pub fn open(self) -> Result<(), Refusal> {
        if self == Self::Open { Ok(()) } else { Err(self.closed()) }
    }

    /// The refusal to answer or withdraw an offer that is in this state.
    pub fn closed(self) -> Refusal {
        let text = match self {
            Self::Open => "This offer is waiting for an answer.",
            Self::Accepted => "This offer has already been accepted.",
            Self::Declined => "This offer has been declined.",
            Self::Withdrawn => "This offer has been withdrawn.",
            Self::Expired => "This offer has expired. Ask for a new one.",
            Self::Void => "This offer is void: something in it was moved, trashed or deleted. Ask for a new one.",
        };
        Refusal::OfferClosed(text.to_owned())
    }
}

/// A person who opens an offer, with what decides what they may do.
#[derive(Clone, Copy, Debug)]
pub struct OfferViewer {
    /// Their role in the organization that offers.
    pub in_source: Option<Role>,
    /// Their role in the organization it is offered to.
    pub in_target: Option<Role>,
    /// Whether they made it.
    pub made_it: bool,
}

impl OfferViewer {
    /// Whether they can see the offer: Owners and Managers of the source, the person who made it while they are a member there,
    /// and whoever may answer it.
    pub fn sees(self) -> bool {
        self.sees_as_source() || self.may_answer()
    }

    /// Whether they see it from the side that offers.
    pub fn sees_as_source(self) -> bool {
        self.in_source.is_some_and(|role| role >= Role::Manager) || (self.made_it && self.in_source.is_some())
    }

    /// Whether they may accept or decline: Editors and above of the target (XFER-6).
    pub fn may_answer(self) -> bool {
        self.in_target.is_some_and(|role| role >= Role::Editor)
    }

    /// Whether they learn who answered. Each side learns that the other one declined or withdrew, but not which person did;
    /// `answered` says that it was the viewer.
    pub fn sees_who_answered(self, state: OfferState, answered: bool) -> bool {
        match state {
            OfferState::Accepted => true,
            OfferState::Declined => self.in_target.is_some(),
            OfferState::Open | OfferState::Withdrawn | OfferState::Expired | OfferState::Void => {
                self.sees_as_source() || answered
            }
        }
    }

    /// Whether they may withdraw it.
    pub fn may_withdraw(self) -> bool {
        self.sees_as_source()
    }
}

/// Reads a note to go with an offer; it may be empty.
///
/// # Errors
/// Too long, or with control characters.
pub fn read_note(text: &str) -> Result<String, FieldIssue> {
    match line(text, MAX_NOTE_LENGTH) {
        Err(FieldIssue::Missing) => Ok(String::new()),
        note => note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xfer_18_time_and_what_is_gone_close_an_open_offer_and_no_other() {
        let (before, at, after) = (Timestamp(9), Timestamp(10), Timestamp(11));
        assert_eq!(OfferState::Open.now(at, true, before), OfferState::Open);
        assert_eq!(OfferState::Open.now(at, true, at), OfferState::Expired, "seven days are over at their end");
        assert_eq!(OfferState::Open.now(at, false, before), OfferState::Void);
        assert_eq!(OfferState::Open.now(at, false, after), OfferState::Expired);
        for state in [OfferState::Accepted, OfferState::Declined, OfferState::Withdrawn] {
            assert_eq!(state.now(at, false, after), state);
            assert_eq!(state.open(), Err(state.closed()));
        }
        assert_eq!(OfferState::Open.open(), Ok(()));
    }

    #[test]
    fn xfer_18_who_sees_answers_and_withdraws() {
        let table: Vec<String> =
            [None, Some(Role::Member), Some(Role::Reader), Some(Role::Editor), Some(Role::Manager), Some(Role::Owner)]
                .into_iter()
                .map(|role| {
                    let standing = |in_source, in_target, made_it| OfferViewer { in_source, in_target, made_it };
                    let (source, made, target) =
                        (standing(role, None, false), standing(role, None, true), standing(None, role, false));
                    format!(
                        "{:<8} source: {} maker: {} target: {}",
                        role.map_or("nobody", Role::label),
                        if source.may_withdraw() { "withdraws" } else { "-" },
                        if made.may_withdraw() { "withdraws" } else { "-" },
                        if target.may_answer() && target.sees() { "answers" } else { "-" },
                    )
                })
                .collect();
        assert_eq!(
            table,
            [
                "nobody   source: - maker: - target: -",
                "Member   source: - maker: withdraws target: -",
                "Reader   source: - maker: withdraws target: -",
                "Editor   source: - maker: withdraws target: answers",
                "Manager  source: withdraws maker: withdraws target: answers",
                "Owner    source: withdraws maker: withdraws target: answers",
            ]
        );
    }

    #[test]
    fn xfer_18_a_note_may_be_empty_and_is_one_line() {
        assert_eq!(read_note("  "), Ok(String::new()));
        assert_eq!(read_note(" As agreed. "), Ok("As agreed.".to_owned()));
        assert_eq!(read_note(&"a".repeat(501)), Err(FieldIssue::TooLong(500)));
        assert_eq!(read_note("a\nb"), Err(FieldIssue::ControlCharacters));
    }
}
