//! How somebody likes their pages, in this browser.

use leptos::prelude::*;

use super::{Done, Failure, Text};

/// Remembers whether lists of the Drive are looked at as tiles: `grid`, or else as rows.
#[server(output = Text)]
pub async fn remember_look(#[server(default)] look: String) -> Result<Done, Failure> {
    use crate::domain::view::habits::Habits;
    use crate::server::answer::{habits, keep_habits, signed_in};
    signed_in().await?;
    keep_habits(Habits { grid: look == "grid", ..habits() }, "/", "").await
}

/// Saves whether single letters and signs are commands: where `letter_keys` says nothing, they are not (WCAG 2.1.4).
#[server(output = Text)]
pub async fn save_keys(#[server(default)] letter_keys: String) -> Result<Done, Failure> {
    use crate::domain::view::habits::Habits;
    use crate::server::answer::{habits, keep_habits, signed_in};
    signed_in().await?;
    keep_habits(Habits { letter_keys: !letter_keys.is_empty(), ..habits() }, "/account", "Saved").await
}
