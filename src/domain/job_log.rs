//! The log of a job (JOB-2, JOB-6): what an engine writes, cut to what is kept, and always shown as text.

use serde::{Deserialize, Serialize};

use super::file::is_hidden_control;

/// The longest line, in bytes; the rest of a longer one is left out.
pub const MAX_LINE_BYTES: usize = 4_096;

/// How many lines a job keeps. What comes behind them is left out, and the last one says so.
pub const MAX_LINES: i64 = 20_000;

/// How many bytes of text a job keeps. What comes behind them is left out like what comes behind [`MAX_LINES`].
pub const MAX_LOG_BYTES: i64 = 16 * 1024 * 1024;

/// How many bytes one call writes at most.
pub const MAX_CALL_BYTES: usize = 256 * 1024;

/// How many lines one call writes at most.
pub const MAX_CALL_LINES: usize = 2_000;

/// What is written behind the last line that is kept.
pub const LEFT_OUT: &str = "… more lines were left out";

/// How many lines a log has, and how many bytes of text an engine wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogSize {
    pub lines: i64,
    pub bytes: i64,
}

/// What becomes of a line that an engine writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// It is kept, if it is not there already.
    Kept,
    /// There is no room for it: [`LEFT_OUT`] is written in its place.
    Full,
    /// It is left out, as others were before it.
    None,
}

impl LogSize {
    /// Whether nothing that an engine writes is kept any more.
    pub const fn is_full(self) -> bool {
        self.lines > MAX_LINES || self.bytes > MAX_LOG_BYTES
    }

    /// Counts a line with a number and so many bytes.
    pub fn take(&mut self, number: i64, bytes: usize) -> Room {
        if number <= self.lines {
            return Room::Kept;
        }
        if self.is_full() {
            return Room::None;
        }
        // Lines that are passed over may still come, and are not counted then.
        let wide = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        let passed_over = number.saturating_sub(self.lines + 1).saturating_mul(wide(MAX_LINE_BYTES));
        self.lines = number.min(MAX_LINES + 1);
        self.bytes = self.bytes.saturating_add(passed_over).saturating_add(wide(bytes));
        if self.is_full() {
            self.bytes = MAX_LOG_BYTES + 1;
            return Room::Full;
        }
        Room::Kept
    }
}

/// How much a line matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Debug,
    #[default]
    Info,
    Warning,
    Error,
}

words! {
    LogLevel
    Debug => "debug", "Debug";
    Info => "info", "Info";
    Warning => "warning", "Warning";
    Error => "error", "Error";
}

/// A line as it is kept: without escape sequences of terminals and other invisible characters, and not too long.
pub fn clean(line: &str) -> String {
    let mut kept = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let shown = match c {
            '\u{1B}' => {
                skip_escape(&mut chars);
                continue;
            }
            // The control sequence introducer as one character.
            '\u{9B}' => {
                skip_parameters(&mut chars);
                continue;
            }
            '\t' => ' ',
            c if is_hidden_control(c) => continue,
            c => c,
        };
        if kept.len() + shown.len_utf8() > MAX_LINE_BYTES {
            break;
        }
        kept.push(shown);
    }
    kept
}

/// Skips an escape sequence behind its first character: colours, movements of the cursor, titles of windows, links.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next_if(|c| matches!(c, '[' | ']' | 'P' | 'X' | '^' | '_' | ' '..='/')) {
        Some('[') => skip_parameters(chars),
        // A text that ends with a bell or with the string terminator.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next() {
                if matches!(c, '\u{7}' | '\u{9C}') || (c == '\u{1B}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        // A designation of a character set has one more character.
        Some(_) | None => {
            chars.next();
        }
    }
}

/// Skips parameters up to the final character of a control sequence.
fn skip_parameters(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    chars.next_if(|c| matches!(c, '@'..='~'));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn job_6_a_line_is_kept_as_text() {
        for (line, kept) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m and \u{1b}[1;4mbold", "red and bold"),
            ("\u{1b}]0;the title of a window\u{7}text", "text"),
            ("\u{1b}]8;;https://example.com\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9b}2Jgone", "gone"),
            ("a\tb\u{0}c\u{202e}d\re", "a bcde"),
            ("\u{1b}", ""),
            ("\u{1b}(Bascii", "ascii"),
        ] {
            assert_eq!(clean(line), kept, "{line:?}");
        }
        assert_eq!(clean(&"é".repeat(1_000_000)).len(), MAX_LINE_BYTES);
    }

    #[test]
    fn job_2_a_log_is_full_by_its_lines_or_by_its_bytes() {
        let mut size = LogSize { lines: 0, bytes: 0 };
        assert_eq!([1, 2, 2, 1].map(|number| size.take(number, 10)), [Room::Kept; 4]);
        assert_eq!(size, LogSize { lines: 2, bytes: 20 });
        let mut long = LogSize { lines: MAX_LINES - 1, bytes: 20 };
        let last = [MAX_LINES, MAX_LINES + 1, MAX_LINES + 2, MAX_LINES + 1].map(|number| long.take(number, 10));
        assert_eq!(last, [Room::Kept, Room::Full, Room::None, Room::Kept]);
        let mut heavy = LogSize { lines: 5, bytes: MAX_LOG_BYTES - 10 };
        assert_eq!([6, 7, 8, 7].map(|number| heavy.take(number, 10)), [Room::Kept, Room::Full, Room::None, Room::Kept]);
        assert_eq!(heavy.lines, 7);
        // Room is kept for lines that are passed over, so that filling them in later goes past no limit.
        let mut with_gap = LogSize { lines: 1, bytes: 20 };
        assert_eq!(with_gap.take(4, 10), Room::Kept);
        assert_eq!(with_gap, LogSize { lines: 4, bytes: 30 + 2 * 4_096 });
        assert_eq!(with_gap.take(MAX_LINES, 10), Room::Full);
    }

    proptest! {
        #[test]
        fn job_6_nothing_of_a_terminal_is_left(line in "(\\PC|\u{1b}|\u{9b}|\\[|\\]|\u{7}|\n){0,80}") {
            let kept = clean(&line);
            prop_assert!(kept.chars().all(|c| !is_hidden_control(c)), "{kept:?}");
        }
    }
}
