//! How somebody likes their pages, in this browser: kept in a cookie, so that the server renders them that way at once.

use serde::{Deserialize, Serialize};

/// What is remembered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UiPreferences {
    /// Whether the Drive is shown as tiles.
    pub grid: bool,
    /// Whether single-character shortcuts are on (WCAG 2.1.4).
    pub letter_keys: bool,
}

impl Default for UiPreferences {
    fn default() -> Self {
        Self { grid: false, letter_keys: true }
    }
}

impl UiPreferences {
    pub const COOKIE: &'static str = "preferences";

    /// Reads the value of the cookie: words separated by dots. Unknown words are ignored.
    pub fn parse(value: &str) -> Self {
        value.split('.').fold(Self::default(), |preferences, word| match word {
            "grid" => Self { grid: true, ..preferences },
            "no-letters" => Self { letter_keys: false, ..preferences },
            _ => preferences,
        })
    }

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
    fn drive_2_preferences_are_read_as_they_are_written_and_nonsense_is_none() {
        for (grid, letter_keys) in [(false, false), (false, true), (true, false), (true, true)] {
            let preferences = UiPreferences { grid, letter_keys };
            assert_eq!(UiPreferences::parse(&preferences.text()), preferences);
        }
        assert_eq!(UiPreferences::parse("x.<script>.grid"), UiPreferences { grid: true, ..UiPreferences::default() });
        assert_eq!(UiPreferences::parse(""), UiPreferences::default());
    }
}
