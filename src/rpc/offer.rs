//! Offers and lists of receipts (XFER-18), and undoing a transfer (XFER-19).

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::{
    query::{OfferQuery, TransfersQuery},
    transfer::{OfferPageView, OfferPlanView, TransfersView},
};

/// What would be offered, and what is in the way of it on this side. `items` is a list of resource ids with commas between
/// them.
#[server(output = Postcard)]
pub async fn offering(items: String) -> Result<OfferPlanView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(async { usecase::offer::make::preview(&ctx, &by, &items.parse()?).await }.await)
}

/// **Send offer**. Leads to the offer.
#[server(output = Postcard)]
pub async fn send_offer(
    #[server(default)] items: String,
    #[server(default)] target: String,
    #[server(default)] note: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let sent = async { usecase::offer::make::send(&ctx, &by, &items.parse()?, &target, &note).await }.await;
    response::done(sent, super::outcome::offer_sent).await
}

/// The page of an offer in an organization; for who may take it, with a place to put it.
#[server(output = Postcard)]
pub async fn offer_page(#[server(default)] query: OfferQuery) -> Result<OfferPageView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let OfferQuery { org, id, inside, cursor } = query;
    response::read(usecase::offer::page::show_page(&ctx, &by, &org, &id, &inside, &cursor).await)
}

/// **Accept**: does what the plan with this digest said. Leads to the receipt.
#[server(output = Postcard)]
pub async fn accept_offer(
    #[server(default)] offer: String,
    #[server(default)] org: String,
    #[server(default)] destination: String,
    #[server(default)] digest: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let accepted = async {
        let confirmed = usecase::confirmed_digest(digest)?;
        usecase::offer::answer::accept(&ctx, &by, &offer, &destination, Some(confirmed)).await
    };
    response::done(accepted.await, |receipt| super::outcome::offer_accepted(receipt, &org)).await
}

/// **Decline**. Leads to `back`.
#[server(output = Postcard)]
pub async fn decline_offer(#[server(default)] offer: String, #[server(default)] back: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let declined = usecase::offer::answer::decline(&ctx, &by, &offer).await;
    response::done(declined, |offer| (response::back_to(&back, "/"), format!("Declined {}", offer.what.what()))).await
}

/// **Withdraw**. Leads to `back`.
#[server(output = Postcard)]
pub async fn withdraw_offer(
    #[server(default)] offer: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let withdrawn = usecase::offer::answer::withdraw(&ctx, &by, &offer).await;
    let told = |what: String| format!("Withdrew the offer of {what}");
    response::done(withdrawn, |offer| (response::back_to(&back, "/"), told(offer.what.what()))).await
}

/// The page of an organization's transfers: its receipts, or its offers.
#[server(output = Postcard)]
pub async fn transfers_page(#[server(default)] query: TransfersQuery) -> Result<TransfersView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let TransfersQuery { org, offers, direction, cursor } = query;
    response::read(usecase::transfers_page::show(&ctx, &by, &org, offers, &direction, &cursor).await)
}

/// **Undo transfer**. Leads to the receipt of that, in the organization it went back to.
#[server(output = Postcard)]
pub async fn undo_transfer(#[server(default)] transfer: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let undone = usecase::transfer::undo::undo(&ctx, &by, &transfer).await;
    response::done(undone, super::outcome::transfer_undone).await
}
