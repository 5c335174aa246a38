//! Loans of licences (ACCT-3): an account lends a licence to the account behind a Sharing ID until a day. While it is lent, the
//! borrower uses it and the lender does not; what governs an account are its own licences that are not lent, and those it
//! borrows. A loan ends by itself: whether it runs is a matter of the clock.

use serde::{Deserialize, Serialize};

use super::{
    licence::{Licence, Product},
    text::FieldIssue,
    time::{Day, Timestamp},
};

/// How far away the end of a loan may be, in days: ten years.
const MAX_LOAN_DAYS: i64 = 3_653;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanEnd {
    /// The lender called it back.
    CalledBack,
    /// The borrower returned it.
    Returned,
    /// Its last day is over.
    RanOut,
}

words! {
    LoanEnd
    CalledBack => "called_back", "Called back";
    Returned => "returned", "Returned";
    RanOut => "ran_out", "Ended";
}

/// From which side a loan is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanDirection {
    /// From the lender's.
    Lent,
    /// From the borrower's.
    Borrowed,
}

words! {
    LoanDirection
    Lent => "lent";
    Borrowed => "borrowed";
}

/// From when to when a licence is lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoanPeriod {
    /// The first moment.
    pub lent_at: Timestamp,
    /// The first moment at which it is not lent any more, unless it ended before.
    pub ends_at: Timestamp,
    /// When it ended before that, and how.
    pub ended: Option<(Timestamp, LoanEnd)>,
}

impl LoanPeriod {
    /// Whether the licence is lent at a moment.
    pub fn runs(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.ends_at
    }

    /// When and how it ended, if it has.
    pub fn end(&self, now: Timestamp) -> Option<(Timestamp, LoanEnd)> {
        self.ended.or_else(|| (self.ends_at <= now).then_some((self.ends_at, LoanEnd::RanOut)))
    }

    pub const fn last_day(&self) -> Day {
        self.ends_at.plus_millis(-1).day()
    }
}

/// Reads the last day of a loan.
///
/// # Errors
/// Empty, not a day, over already, or more than ten years away.
pub fn last_day(text: &str, now: Timestamp) -> Result<Day, FieldIssue> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldIssue::Missing);
    }
    let day = Day::parse_iso(text).ok_or(FieldIssue::NotADay)?;
    if day < now.day() || day.0 > now.day().0 + MAX_LOAN_DAYS { Err(FieldIssue::NotSoonEnough) } else { Ok(day) }
}

/// Whether an organization can lend a licence of its own: it is active, not lent already, and not the free Discovery licence.
///
/// # Errors
/// `NotLendable`, saying why.
pub fn lendable(licence: &Licence, lent: bool, now: Timestamp) -> Result<(), FieldIssue> {
    let no = |text: &str| Err(FieldIssue::NotLendable(text.to_owned()));
    if licence.product == Product::Discovery {
        no("Every organization has Discovery, so it cannot be lent.")
    } else if licence.has_expired(now) {
        no("This licence has expired. Only active licences can be lent.")
    } else if !licence.is_active(now) {
        no("This licence has not started yet. Only active licences can be lent.")
    } else if lent {
        no("This licence is already lent. Call it back first.")
    } else {
        Ok(())
    }
}

/// How a loan ends when somebody ends it who acts for the lender, the borrower, or both. Whoever acts for both ends it as the
/// lender.
pub const fn ending(lender: bool, borrower: bool) -> Option<LoanEnd> {
    match (lender, borrower) {
        (true, _) => Some(LoanEnd::CalledBack),
        (false, true) => Some(LoanEnd::Returned),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::LicenceId, licence::Amount, testing::id};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn licence(product: Product, from: i64, until: i64) -> Licence {
        Licence {
            id: LicenceId(id(1)),
            product,
            model: None,
            active_from: NOW.plus_days(from),
            active_until: Some(NOW.plus_days(until)),
            trial: false,
            granted: Amount::default(),
            left: Amount::default(),
        }
    }

    #[test]
    fn acct_3_a_loan_runs_until_its_last_day_is_over_or_somebody_ends_it() {
        let term = LoanPeriod { lent_at: NOW, ends_at: NOW.plus_days(2), ended: None };
        assert!(term.runs(NOW) && term.runs(NOW.plus_days(2).plus_millis(-1)) && !term.runs(NOW.plus_days(2)));
        assert_eq!(term.end(NOW.plus_days(1)), None);
        assert_eq!(term.end(NOW.plus_days(5)), Some((NOW.plus_days(2), LoanEnd::RanOut)));
        let ended = LoanPeriod { ended: Some((NOW.plus_days(1), LoanEnd::Returned)), ..term };
        assert!(!ended.runs(NOW));
        assert_eq!(ended.end(NOW.plus_days(5)), Some((NOW.plus_days(1), LoanEnd::Returned)));
        let day = Day::from_civil(2026, 12, 3);
        let term = LoanPeriod { ends_at: day.start().plus_days(1), ..term };
        assert_eq!(term.last_day(), day);
    }

    #[test]
    fn acct_3_the_last_day_of_a_loan_is_today_or_later() {
        let today = NOW.day();
        for (text, read) in [
            (today.iso(), Ok(today)),
            (format!(" {} ", Day(today.0 + 1).iso()), Ok(Day(today.0 + 1))),
            (Day(today.0 + MAX_LOAN_DAYS).iso(), Ok(Day(today.0 + MAX_LOAN_DAYS))),
            (Day(today.0 - 1).iso(), Err(FieldIssue::NotSoonEnough)),
            (Day(today.0 + MAX_LOAN_DAYS + 1).iso(), Err(FieldIssue::NotSoonEnough)),
            ("9999-12-31".to_owned(), Err(FieldIssue::NotSoonEnough)),
            (String::new(), Err(FieldIssue::Missing)),
            ("tomorrow".to_owned(), Err(FieldIssue::NotADay)),
            ("2026-02-30".to_owned(), Err(FieldIssue::NotADay)),
        ] {
            assert_eq!(last_day(&text, NOW), read, "{text}");
        }
    }

    #[test]
    fn acct_3_only_an_active_licence_that_is_not_lent_is_lent() {
        let why = |licence: &Licence, lent| lendable(licence, lent, NOW).err().map(|problem| problem.to_string());
        assert_eq!(why(&licence(Product::CloudPro, -1, 1), false), None);
        assert_eq!(why(&licence(Product::Desktop, -1, 1), false), None);
        for (licence, lent, word) in [
            (licence(Product::Discovery, -1, 1), false, "Discovery"),
            (licence(Product::CloudPro, -9, -1), false, "expired"),
            (licence(Product::CloudPro, 1, 9), false, "not started"),
            (licence(Product::CloudPro, -1, 1), true, "already lent"),
        ] {
            assert!(why(&licence, lent).is_some_and(|text| text.contains(word)), "{word}");
        }
    }

    #[test]
    fn acct_3_the_lender_calls_back_and_the_borrower_returns() {
        assert_eq!(ending(true, false), Some(LoanEnd::CalledBack));
        assert_eq!(ending(true, true), Some(LoanEnd::CalledBack));
        assert_eq!(ending(false, true), Some(LoanEnd::Returned));
        assert_eq!(ending(false, false), None);
        for ended in LoanEnd::ALL {
            assert_eq!(LoanEnd::parse(ended.as_str()), Ok(ended));
        }
    }
}
