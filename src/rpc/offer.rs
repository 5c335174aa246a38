//! Offers, lists of receipts, and taking a transfer back (XFER-18).

use leptos::prelude::*;

use super::{Done, Failure, Text};
use crate::view::transfer::{OfferPageView, OfferPlanView, TransfersView};

/// What would be offered, and what is in the way of it on this side. `items` is a list of resource ids with commas between
/// them.
#[server(output = Text)]
pub async fn offering(items: String) -> Result<OfferPlanView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::offer::preview(&ctx, &by, &items).await)
}

/// **Send offer**. Leads to the offer.
#[server(output = Text)]
pub async fn send_offer(
    #[server(default)] items: String,
    #[server(default)] target: String,
    #[server(default)] note: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let sent = usecase::offer::send(&ctx, &by, &items, &target, &note).await;
    response::done(sent, |next| (next.to.clone(), next.toast.clone())).await
}

/// The page of an offer in an organization; for who may take it, with the place `inside` (empty for the root).
#[server(output = Text)]
pub async fn offer_page(org: String, id: String, inside: String, cursor: String) -> Result<OfferPageView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::offer::show_page(&ctx, &by, &org, &id, &inside, &cursor).await)
}

/// **Accept**: does what the plan with this digest said. Leads to the receipt.
#[server(output = Text)]
pub async fn accept_offer(
    #[server(default)] offer: String,
    #[server(default)] org: String,
    #[server(default)] destination: String,
    #[server(default)] digest: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let taken = usecase::offer::accept_confirmed(&ctx, &by, &offer, &org, &destination, &digest).await;
    response::done(taken, |next| (next.to.clone(), next.toast.clone())).await
}

/// **Decline**. Leads to `back`.
#[server(output = Text)]
pub async fn decline_offer(#[server(default)] offer: String, #[server(default)] back: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let declined = usecase::offer::decline(&ctx, &by, &offer).await;
    response::done(declined, |offer| (response::back_to(&back, "/"), format!("Declined {}", offer.what.what()))).await
}

/// **Withdraw**. Leads to `back`.
#[server(output = Text)]
pub async fn withdraw_offer(
    #[server(default)] offer: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let withdrawn = usecase::offer::withdraw(&ctx, &by, &offer).await;
    let told = |what: String| format!("Withdrew the offer of {what}");
    response::done(withdrawn, |offer| (response::back_to(&back, "/"), told(offer.what.what()))).await
}

/// The page of an organization's transfers: its receipts, or its offers with `offers`.
#[server(output = Text)]
pub async fn transfers_page(
    org: String,
    #[server(default)] offers: bool,
    direction: String,
    cursor: String,
) -> Result<TransfersView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::receipts::show_page(&ctx, &by, &org, offers, &direction, &cursor).await)
}

/// **Undo transfer**. Leads to the receipt of that, in the organization it went back to.
#[server(output = Text)]
pub async fn undo_transfer(#[server(default)] transfer: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let undone = usecase::reversal::undo(&ctx, &by, &transfer).await;
    response::done(undone, |receipt| {
        let org = receipt.target_org_id.clone().unwrap_or_default();
        let what = receipt.plan.summary().what();
        (format!("/o/{org}/transfers/{}", receipt.id), format!("Moved {what} back to {}", receipt.target_name))
    })
    .await
}
