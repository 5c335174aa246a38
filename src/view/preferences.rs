//! How somebody likes their pages, in this browser: kept in a cookie, so that the server renders them that way at once.

use serde::{Deserialize, Serialize};

/// What is remembered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UiPreferences {
    /// Whether the Drive is shown as tiles.
    pub grid: bool,
    /// Whether single-character shortcuts are on (WCAG 2.1.4).
    pub letter_keys: bool,
    /// Whether first steps are shown while something of them is left to do (ORG-9).
    pub first_steps: bool,
}

impl Default for UiPreferences {
    fn default() -> Self {
        Self { grid: false, letter_keys: true, first_steps: true }
    }
}

impl UiPreferences {
    pub const COOKIE: &'static str = "preferences";

    /// Reads the value of the cookie: words separated by dots. Unknown words are ignored.
    pub fn parse(value: &str) -> Self {
        value.split('.').fold(Self::default(), |preferences, word| match word {
            "grid" => Self { grid: true, ..preferences },
            "no-letters" => Self { letter_keys: false, ..preferences },
            "no-steps" => Self { first_steps: false, ..preferences },
            _ => preferences,
        })
    }

    pub fn text(self) -> String {
        let words = [(self.grid, "grid"), (!self.letter_keys, "no-letters"), (!self.first_steps, "no-steps")];
        let said: Vec<&str> = words.into_iter().filter(|(said, _)| *said).map(|(_, word)| word).collect();
        if said.is_empty() { "none".to_owned() } else { said.join(".") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drive_2_preferences_are_read_as_they_are_written_and_nonsense_is_none() {
        for bits in 0..8_u8 {
            let said = |bit: u8| bits & bit != 0;
            let preferences = UiPreferences { grid: said(1), letter_keys: said(2), first_steps: said(4) };
            assert_eq!(UiPreferences::parse(&preferences.text()), preferences);
        }
        assert_eq!(UiPreferences::parse("x.<script>.grid"), UiPreferences { grid: true, ..UiPreferences::default() });
        assert_eq!(UiPreferences::parse(""), UiPreferences::default());
    }
}
