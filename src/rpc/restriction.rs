//! Restrictions (POL-1).

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::restriction::RestrictionsView;

/// What is forbidden on an item, and where that comes from.
#[server(output = Postcard)]
pub async fn restrictions_page(#[server(default)] item: String) -> Result<RestrictionsView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::restriction::show(&ctx, &by, &item).await)
}

/// **Save** in **Restrictions**: "yes" forbids. Leads to `back`, the page the dialog was opened on.
#[server(output = Postcard)]
pub async fn save_restrictions(
    #[server(default)] id: String,
    #[server(default)] copy: String,
    #[server(default)] delete: String,
    #[server(default)] download: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let [copy, delete, download] = [copy, delete, download].map(|answer| answer == "yes");
    let wanted = crate::domain::restriction::Restrictions { copy, delete, download };
    let saved = usecase::restriction::update(&ctx, &by, &id, wanted).await;
    response::done(saved, |_| (response::back_to(&back, "/"), "Saved the restrictions".to_owned())).await
}
