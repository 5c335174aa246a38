//! How somebody likes their pages, in this browser: kept in a cookie, so that the server renders them that way at once.

use serde::{Deserialize, Serialize};

/// What is remembered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Habits {
    /// Lists of the Drive as tiles.
    pub grid: bool,
    /// Whether single letters and signs are commands (WCAG 2.1.4).
    pub letter_keys: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self { grid: false, letter_keys: true }
    }
}

impl Habits {
    /// The name of the cookie.
    pub const COOKIE: &'static str = "habits";

    /// Reads the value of the cookie: words with dots between them. Whatever else it says is nothing.
    pub fn parse(value: &str) -> Self {
        value.split('.').fold(Self::default(), |habits, word| match word {
            "grid" => Self { grid: true, ..habits },
            "no-letters" => Self { letter_keys: false, ..habits },
            _ => habits,
        })
    }

    /// The value of the cookie.
    pub fn text(self) -> String {
        let words = [(self.grid, "grid"), (!self.letter_keys, "no-letters")];
        let said: Vec<&str> = words.into_iter().filter(|(said, _)| *said).map(|(_, word)| word).collect();
        if said.is_empty() { "none".to_owned() } else { said.join(".") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drive_2_habits_are_read_as_they_are_written_and_nonsense_is_none() {
        for (grid, letter_keys) in [(false, false), (false, true), (true, false), (true, true)] {
            let habits = Habits { grid, letter_keys };
            assert_eq!(Habits::parse(&habits.text()), habits);
        }
        assert_eq!(Habits::parse("x.<script>.grid"), Habits { grid: true, ..Habits::default() });
        assert_eq!(Habits::parse(""), Habits::default());
    }
}
