//! The log of a job (JOB-2, JOB-6): what an engine writes, cut to what is kept, and always shown as text.

use serde::{Deserialize, Serialize};

use super::file::is_hidden_control;

/// The longest line, in bytes; the rest of a longer one is left out.
pub const MAX_LINE_BYTES: usize = 4_096;

/// How many lines a job keeps. What comes behind them is left out, and the last one says so.
pub const MAX_LINES: i64 = 20_000;

/// How many bytes one call writes at most.
pub const MAX_CALL_BYTES: usize = 256 * 1024;

/// How many lines one call writes at most.
pub const MAX_CALL_LINES: usize = 2_000;

/// What is written behind the last line that is kept.
pub const LEFT_OUT: &str = "… more lines were left out";

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

    proptest! {
        #[test]
        fn job_6_nothing_of_a_terminal_is_left(line in "(\\PC|\u{1b}|\u{9b}|\\[|\\]|\u{7}|\n){0,80}") {
            let kept = clean(&line);
            prop_assert!(kept.chars().all(|c| !is_hidden_control(c)), "{kept:?}");
        }
    }
}
