//! Single-use links that are mailed (AUTH-2, AUTH-5, PEOPLE-8, SET-1): what each is for, how long it works, and how
//! often one is sent.

use serde::{Deserialize, Serialize};

use super::{
    refusal::Refusal,
    time::{Day, Timestamp},
};

/// What a link is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Prove the address that somebody signed up with (AUTH-2).
    VerifyEmail,
    /// Prove an address that is to take the place of another (SET-1).
    ChangeEmail,
    /// A new password for who forgot it (AUTH-5).
    ResetPassword,
    /// A first password for whose account an Owner created (PEOPLE-8).
    SetPassword,
}

/// How many days the link works that sets a first password.
pub const SET_PASSWORD_DAYS: i64 = 14;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A link is sent again after so many milliseconds at the earliest.
const RESEND_INTERVAL_MILLIS: i64 = MINUTE;
/// So many links for one purpose go to one person in an hour at most: nobody's inbox is filled by others.
pub const MAX_PER_HOUR: usize = 4;

words! {
    Purpose
    VerifyEmail => "verify_email";
    ChangeEmail => "change_email";
    ResetPassword => "reset_password";
    SetPassword => "set_password";
}

impl Purpose {
    /// Whether it leads to the page that proves an address; the others lead to the one that sets a password.
    pub const fn proves_address(self) -> bool {
        matches!(self, Self::VerifyEmail | Self::ChangeEmail)
    }

    /// When a link that is made now stops working.
    pub const fn expires(self, now: Timestamp) -> Timestamp {
        match self {
            Self::VerifyEmail | Self::ChangeEmail => now.plus_days(7),
            Self::ResetPassword => now.plus_millis(HOUR),
            Self::SetPassword => now.plus_days(SET_PASSWORD_DAYS),
        }
    }
}

/// What a link can still do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum LinkState {
    /// It works, once.
    Open,
    Used,
    /// It is too old, or a newer one took its place.
    Expired,
    /// There is no such link.
    Unknown,
}

impl LinkState {
    /// The state of a link that is known.
    pub fn of(used_at: Option<Timestamp>, expires_at: Timestamp, now: Timestamp) -> Self {
        if used_at.is_some() {
            Self::Used
        } else if now >= expires_at {
            Self::Expired
        } else {
            Self::Open
        }
    }

    /// Why it cannot be used, if so.
    ///
    /// # Errors
    /// `LinkUsed`, `LinkExpired`, or `NotFound` for one that does not exist.
    pub fn open(self) -> Result<(), Refusal> {
        match self {
            Self::Open => Ok(()),
            Self::Used => Err(Refusal::LinkUsed),
            Self::Expired => Err(Refusal::LinkExpired),
            Self::Unknown => Err(Refusal::NotFound),
        }
    }
}

/// Whether another link may be sent, from when those of the last hour were: one a minute, a few an hour.
///
/// # Errors
/// `RateLimited` with the seconds to wait.
pub fn may_send(sent: &[Timestamp], now: Timestamp) -> Result<(), Refusal> {
    let mut recent: Vec<i64> = sent.iter().map(|at| at.0).filter(|at| now.0 - at < HOUR).collect();
    recent.sort_unstable();
    let after_pause = recent.last().map_or(0, |newest| newest + RESEND_INTERVAL_MILLIS - now.0);
    // Once the fourth newest is an hour old, fewer than `MAX_PER_HOUR` are left in the hour.
    let after_hour =
        recent.len().checked_sub(MAX_PER_HOUR).and_then(|n| recent.get(n)).map_or(0, |at| at + HOUR - now.0);
    match after_pause.max(after_hour) {
        wait if wait > 0 => Err(Refusal::RateLimited(u64::try_from((wait + 999) / 1000).unwrap_or(1))),
        _ => Ok(()),
    }
}

/// The moment from which [`may_send`] looks at what was sent.
pub const fn an_hour_before(now: Timestamp) -> Timestamp {
    now.plus_millis(-HOUR)
}

/// How long a link is remembered after it stopped working, so that its page can say why: until this day's start.
pub fn forgotten_before(now: Timestamp) -> Timestamp {
    Day(now.day().0 - 30).start()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    #[test]
    fn auth_2_auth_5_each_link_works_for_its_own_time_and_once() {
        for (purpose, millis) in [
            (Purpose::VerifyEmail, 7 * 24 * HOUR),
            (Purpose::ChangeEmail, 7 * 24 * HOUR),
            (Purpose::ResetPassword, HOUR),
            (Purpose::SetPassword, 14 * 24 * HOUR),
        ] {
            assert_eq!(Purpose::parse(purpose.as_str()), Ok(purpose));
            let expires = purpose.expires(NOW);
            assert_eq!(expires, NOW.plus_millis(millis), "{purpose:?}");
            assert_eq!(LinkState::of(None, expires, expires.plus_millis(-1)), LinkState::Open);
            assert_eq!(LinkState::of(None, expires, expires), LinkState::Expired);
            assert_eq!(LinkState::of(Some(NOW), expires, NOW), LinkState::Used);
            assert_eq!(LinkState::of(Some(NOW), expires, expires), LinkState::Used, "used says more than expired");
        }
    }

    #[test]
    fn auth_2_a_link_that_does_not_work_says_why() {
        assert_eq!(LinkState::Open.open(), Ok(()));
        assert_eq!(LinkState::Used.open(), Err(Refusal::LinkUsed));
        assert_eq!(LinkState::Expired.open(), Err(Refusal::LinkExpired));
        assert_eq!(LinkState::Unknown.open(), Err(Refusal::NotFound));
    }

    #[test]
    fn attack_27_links_are_sent_once_a_minute_and_a_few_times_an_hour() {
        let at = |millis: i64| NOW.plus_millis(-millis);
        for (sent, wait) in [
            (vec![], None),
            (vec![at(0)], Some(60)),
            (vec![at(59_999)], Some(1)),
            (vec![at(MINUTE)], None),
            (vec![at(20 * MINUTE), at(10 * MINUTE), at(5 * MINUTE)], None),
            (vec![at(50 * MINUTE), at(20 * MINUTE), at(10 * MINUTE), at(5 * MINUTE)], Some(600)),
            (vec![at(HOUR), at(20 * MINUTE), at(10 * MINUTE), at(5 * MINUTE)], None),
        ] {
            let expected = wait.map_or(Ok(()), |seconds| Err(Refusal::RateLimited(seconds)));
            assert_eq!(may_send(&sent, NOW), expected, "{sent:?}");
        }
    }
}
