//! Seats of desktop licences (LIC-5).

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::{query::SeatsQuery, seat::SeatsView};

/// The page Seats: all desktop licences of an organization, or one of them.
#[server(output = Postcard)]
pub async fn seats_page(#[server(default)] query: SeatsQuery) -> Result<SeatsView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let SeatsQuery { org, licence, cursor, giving } = query;
    response::read(usecase::seat::show(&ctx, &by, &org, &licence, &cursor, giving).await)
}

/// **Give a seat**: to who has this address.
#[server(output = Postcard)]
pub async fn give_seat(
    #[server(default)] org: String,
    #[server(default)] licence: String,
    #[server(default)] person: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let given = usecase::seat::give(&ctx, &by, &licence, &person).await;
    let page = response::back_to(&back, &crate::paths::seats(&org));
    response::done(given, |row| (page, format!("Gave {} a seat", row.name))).await
}

/// **Take back**, or **Release**: frees somebody's seat.
#[server(output = Postcard)]
pub async fn free_seat(
    #[server(default)] org: String,
    #[server(default)] licence: String,
    #[server(default)] holder: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let freed = usecase::seat::free(&ctx, &by, &licence, &holder).await;
    let page = response::back_to(&back, &crate::paths::seats(&org));
    response::done(freed, |name| (page, format!("The seat of {name} is free"))).await
}
