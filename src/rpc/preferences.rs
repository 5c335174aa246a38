//! How somebody likes their pages, in this browser.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};

/// Remembers whether lists of the Drive are looked at as tiles: `grid`, or else as rows.
#[server(output = Postcard)]
pub async fn remember_view_mode(#[server(default)] view_mode: String) -> Result<Done, Failure> {
    use crate::server::{preferences, server_fn_response::signed_in};
    use crate::view::preferences::UiPreferences;
    signed_in().await?;
    preferences::keep(UiPreferences { grid: view_mode == "grid", ..preferences::read() }, "/", "").await
}

/// Saves whether single letters and signs are commands: where `letter_keys` says nothing, they are not (WCAG 2.1.4).
#[server(output = Postcard)]
pub async fn save_letter_keys(#[server(default)] letter_keys: String) -> Result<Done, Failure> {
    use crate::server::{preferences, server_fn_response::signed_in};
    use crate::view::preferences::UiPreferences;
    signed_in().await?;
    preferences::keep(
        UiPreferences { letter_keys: !letter_keys.is_empty(), ..preferences::read() },
        "/account",
        "Saved",
    )
    .await
}
