//! First steps (ORG-9): what is left to do, and hiding it in this browser.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::first_steps::FirstStepsView;

/// The first steps for the Home of an organization, or for the welcome page where `org` is empty.
#[server(output = Postcard)]
pub async fn first_steps(#[server(default)] org: String) -> Result<Option<FirstStepsView>, Failure> {
    use crate::server::{preferences, server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let hidden = !preferences::read().first_steps;
    response::read(usecase::first_steps::show(&ctx, &by, &org, hidden).await)
}

/// **Hide**: first steps are not shown in this browser any more. Leads back to the page.
#[server(output = Postcard)]
pub async fn hide_first_steps(#[server(default)] back: String) -> Result<Done, Failure> {
    use crate::server::server_fn_response::back_to;
    use crate::server::{preferences, server_fn_response::signed_in};
    use crate::view::preferences::UiPreferences;
    signed_in().await?;
    let preferences = UiPreferences { first_steps: false, ..preferences::read() };
    let to = back_to(&back, "/");
    preferences::keep(preferences, &to, "Hid the first steps. My account shows them again.").await
}

/// Saves whether first steps are shown: where `first_steps` says nothing, they are not.
#[server(output = Postcard)]
pub async fn save_first_steps(#[server(default)] first_steps: String) -> Result<Done, Failure> {
    use crate::server::{preferences, server_fn_response::signed_in};
    use crate::view::preferences::UiPreferences;
    signed_in().await?;
    let preferences = UiPreferences { first_steps: !first_steps.is_empty(), ..preferences::read() };
    preferences::keep(preferences, "/account", "Saved").await
}
