//! Moving and transferring: choosing a place, the plan, doing it, the receipt (XFER-14, XFER-15).
//!
//! `items` is a list of resource ids with commas between them.

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::{DestinationView, PlanView, ReceiptView, query::DestinationsQuery};

/// What the dialogs **Move to** and **Copy to** show: a container, and what is in it.
#[server(output = Postcard)]
pub async fn destinations(#[server(default)] query: DestinationsQuery) -> Result<DestinationView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let DestinationsQuery { items, org, container, cursor, copying } = query;
    let shown = async {
        usecase::transfer::destinations::show(&ctx, &by, &items.parse()?, &org, &container, &cursor, copying).await
    };
    response::read(shown.await)
}

/// The plan, before anything is done (dry run).
#[server(output = Postcard)]
pub async fn plan_transfer(items: String, destination: String) -> Result<PlanView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let plan =
        async { usecase::transfer::plan(&ctx, &by, &items.parse()?, usecase::id("destination", &destination)?).await };
    response::read(plan.await)
}

/// **Move here**. Moves at once within the organization if nothing blocks it. Otherwise it leads to `back` with
/// `dialog=transfer`, which shows the plan to confirm, or what blocks it.
#[server(output = Postcard)]
pub async fn move_here(
    #[server(default)] items: String,
    #[server(default)] destination: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{request::local_path, server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let back = local_path(&back);
    let moved = async {
        let (items, destination) = (items.parse()?, usecase::id("destination", &destination)?);
        Box::pin(usecase::transfer::move_here(&ctx, &by, &items, destination)).await
    };
    response::done(moved.await, |moved| super::outcome::moved(moved, back.as_deref())).await
}

/// **Confirm transfer**: carries out the plan with this digest, or refuses if the facts have changed. Leads to the receipt
/// between two organizations, and to the destination within one. A large transfer becomes a background task, and leads to `back`.
#[server(output = Postcard)]
pub async fn confirm_transfer(
    #[server(default)] items: String,
    #[server(default)] destination: String,
    #[server(default)] digest: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{request::local_path, server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let back = local_path(&back);
    let moved = async {
        let (items, destination) = (items.parse()?, usecase::id("destination", &destination)?);
        Box::pin(usecase::transfer::confirm(&ctx, &by, &items, destination, usecase::confirmed_digest(digest)?)).await
    };
    response::done(moved.await, |moved| super::outcome::moved(moved, back.as_deref())).await
}

/// **Remove this access and move**: offered if nothing but granted access blocks a move (XFER-2). Between two organizations it
/// leads to the new plan, to be confirmed.
#[server(output = Postcard)]
pub async fn take_access_and_move(
    #[server(default)] items: String,
    #[server(default)] destination: String,
    #[server(default)] digest: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{request::local_path, server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let back = local_path(&back);
    let moved = async {
        let (items, destination) = (items.parse()?, usecase::id("destination", &destination)?);
        let confirmed = usecase::confirmed_digest(digest)?;
        Box::pin(usecase::transfer::take_access_and_move(&ctx, &by, &items, destination, &confirmed)).await
    };
    response::done(moved.await, |moved| super::outcome::moved(moved, back.as_deref())).await
}

/// The receipt of a finished transfer, for who may read the audit log of either organization and for who did it.
#[server(output = Postcard)]
pub async fn receipt(id: String) -> Result<ReceiptView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::transfer::receipts::show(&ctx, &by, &id).await)
}
