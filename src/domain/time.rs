//! Moments and days, in UTC, without a clock: the domain is told what time it is.

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

const DAY_MILLIS: i64 = 86_400_000;

impl Timestamp {
    /// The moment `millis` milliseconds later (earlier if negative), saturating.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The moment `days` days of 24 hours later (earlier if negative), saturating.
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_millis(days.saturating_mul(DAY_MILLIS))
    }

    /// The day this moment falls on.
    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(DAY_MILLIS))
    }

    /// The same time of day one calendar month earlier; where that month is shorter, its last day. This is the
    /// "month" of XFER-12.
    pub fn one_month_earlier(self) -> Self {
        let (year, month, day) = self.day().civil();
        let (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
        let day = day.min(days_in_month(year, month));
        Self(Day::from_civil(year, month, day).0 * DAY_MILLIS + self.0.rem_euclid(DAY_MILLIS))
    }

    /// RFC 3339 in UTC with milliseconds, as the REST API writes every time.
    pub fn rfc3339(self) -> String {
        let (year, month, day) = self.day().civil();
        let millis = self.0.rem_euclid(DAY_MILLIS);
        let (seconds, millis) = (millis / 1000, millis % 1000);
        if !(0..=9999).contains(&year) {
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            return format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z");
        }
        // Digit by digit: lists write two of these a row, and formatting was an eighth of what such a list costs.
        let mut text = String::with_capacity(24);
        for (number, digits, then) in [
            (year, 4, '-'),
            (month, 2, '-'),
            (day, 2, 'T'),
            (seconds / 3600, 2, ':'),
            (seconds / 60 % 60, 2, ':'),
            (seconds % 60, 2, '.'),
            (millis, 3, 'Z'),
        ] {
            let mut unit = 10_i64.pow(digits - 1);
            while unit > 0 {
                text.push(char::from(b'0' + u8::try_from(number / unit % 10).unwrap_or_default()));
                unit /= 10;
            }
            text.push(then);
        }
        text
    }

    /// Reads RFC 3339: `2026-11-21T19:05:03Z`, with or without a fraction, in UTC or with an offset like `+01:00`; `None`
    /// for anything else. What is finer than a millisecond is dropped.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (day, rest) = text.split_at_checked(10)?;
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (clock, rest) = rest.split_at_checked(8)?;
        let two = |at: usize| -> Option<i64> {
            let digits = clock.get(at..at + 2).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
            digits.parse().ok()
        };
        let (hour, minute, second) = (two(0)?, two(3)?, two(6)?);
        let colons = clock.as_bytes().get(2) == Some(&b':') && clock.as_bytes().get(5) == Some(&b':');
        if !colons || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
            None => ("0", rest),
        };
        let millis: i64 = format!("{fraction:0<3}").get(..3).filter(|_| !fraction.is_empty())?.parse().ok()?;
        let offset = match zone {
            "Z" | "z" => 0,
            zone => {
                let sign = if zone.starts_with('-') { -1 } else { 1 };
                let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
                let number = |part: &str| {
                    (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i64>().ok())?
                };
                let (hours, minutes) = (number(hours)?, number(minutes)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                sign * (hours * 60 + minutes) * 60_000
            }
        };
        let since_midnight = ((hour * 60 + minute) * 60 + second) * 1000 + millis;
        Some(Day::parse_iso(day)?.start().plus_millis(since_midnight - offset))
    }

    /// "3 Nov 2026, 14:05" in UTC, as pages show a moment.
    pub fn words(self) -> String {
        let minutes = self.0.rem_euclid(DAY_MILLIS) / 60_000;
        format!("{}, {:02}:{:02} UTC", self.day().words(), minutes / 60, minutes % 60)
    }
}

/// A calendar day: days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i64);

impl Day {
    /// The day's first moment.
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0 * DAY_MILLIS)
    }

    /// Year, month (1 to 12) and day (1 to 31) in the proleptic Gregorian calendar, by Howard Hinnant's
    /// `civil_from_days`.
    pub const fn civil(self) -> (i64, i64, i64) {
        let z = self.0 + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, day)
    }

    /// The day of a year, month (1 to 12) and day of the month, by Howard Hinnant's `days_from_civil`.
    pub const fn from_civil(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted = (month + 9) % 12;
        let day_of_year = (153 * shifted + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// `2026-11-03`, as forms and the REST API write a day.
    pub fn iso(self) -> String {
        let (year, month, day) = self.civil();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// Reads `2026-11-03`; `None` for anything else, impossible days included.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |part: &str, length: usize| -> Option<i64> {
            (part.len() == length && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
        };
        let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
        let possible =
            parts.next().is_none() && (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
        possible.then(|| Self::from_civil(year, month, day))
    }

    /// "3 Nov 2026", as pages show a day.
    pub fn words(self) -> String {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (year, month, day) = self.civil();
        let name = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"");
        format!("{day} {name} {year}")
    }
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_to_text_and_back() {
        for text in ["1970-01-01", "2000-02-29", "2026-11-21", "1969-12-31", "2100-03-01"] {
            assert_eq!(Day::parse_iso(text).map(Day::iso).as_deref(), Some(text));
        }
        for wrong in ["", "2026-13-01", "2026-02-29", "26-1-1", "2026-11-21T00:00", "2026-11", "a-b-c", "2026-00-10"] {
            assert_eq!(Day::parse_iso(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_month_earlier_keeps_to_the_calendar() {
        let at = |text: &str| Day::parse_iso(text).map(Day::start).unwrap_or_default().plus_millis(3_600_000);
        assert_eq!(at("2026-11-21").one_month_earlier(), at("2026-10-21"));
        assert_eq!(at("2026-03-31").one_month_earlier(), at("2026-02-28"));
        assert_eq!(at("2024-03-31").one_month_earlier(), at("2024-02-29"));
        assert_eq!(at("2026-01-15").one_month_earlier(), at("2025-12-15"));
    }

    #[test]
    fn moments_are_read_as_rfc3339() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-21T19:05:03.007Z", 1_795_287_903_007),
            ("2026-11-21T20:05:03.0079+01:00", 1_795_287_903_007),
            ("2026-11-21T14:35:03.007-04:30", 1_795_287_903_007),
            ("1969-12-31T23:59:59.9z", -100),
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), Some(Timestamp(millis)), "{text}");
        }
        for wrong in [
            "",
            "2026-11-21",
            "2026-11-21T19:05Z",
            "2026-11-21T24:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-11-21T19:05:03",
            "2026-11-21T19:05:03.Z",
            "2026-11-21T19:05:03.",
            "2026-11-21T19:05:03+1:00",
            "2026-11-21T19-05-03Z",
            "2026-11-21T+1:05:03Z",
            "2026-11-2é19:05:03Z",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn moments_are_written_as_rfc3339() {
        assert_eq!(Timestamp(0).rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(1_795_287_903_007).rfc3339(), "2026-11-21T19:05:03.007Z");
        assert_eq!(Timestamp(-1).rfc3339(), "1969-12-31T23:59:59.999Z");
    }
}
