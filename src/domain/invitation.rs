//! Invitations into an organization (PEOPLE-3, PEOPLE-10).

use serde::{Deserialize, Serialize};

use super::{text::Problem, time::Timestamp};

/// How long an invitation's link works, in days.
pub const DAYS: i64 = 14;

/// What became of an invitation. Expired is not stored: it is pending, and late.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waiting for an answer.
    Pending,
    /// Accepted: used up.
    Accepted,
    /// Declined by the invited person.
    Declined,
    /// Taken back by the organization.
    Revoked,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Accepted, Self::Declined, Self::Revoked];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
        }
    }

    /// Reads [`State::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|state| state.word() == word).ok_or(Problem::NotAChoice)
    }

    /// Whether it can still be accepted.
    pub fn is_open(self, expires_at: Timestamp, now: Timestamp) -> bool {
        self == Self::Pending && now < expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_3_an_invitation_can_be_accepted_while_it_is_pending_and_for_14_days() {
        let sent = Timestamp(1_800_000_000_000);
        let expires = sent.plus_days(DAYS);
        for state in State::ALL {
            assert_eq!(State::parse(state.word()), Ok(state));
            let pending = state == State::Pending;
            for (moment, in_time) in [(sent, true), (expires.plus_millis(-1), true), (expires, false)] {
                assert_eq!(state.is_open(expires, moment), pending && in_time, "{state:?}, {}", moment.words());
            }
        }
    }
}
