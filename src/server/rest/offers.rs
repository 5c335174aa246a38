//! `/offers` and `/orgs/{org}/offers` (XFER-18).

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    server::{
        context::Ctx,
        usecase::{self, offer::list::OfferQuery},
    },
    view::transfer::OfferView,
};

use super::{
    CurrentPerson, Json, PageBody, Params,
    problem::Problem,
    transfers::{PlanBody, ReceiptBody},
};

/// The items to offer, and the recipient.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OfferRequest {
    /// Ids of resources of one organization, each once; at most 1,000.
    items: Vec<String>,
    /// The Org ID of another organization, in any case.
    target: String,
    /// A note for the recipient; at most 500 characters.
    note: String,
}

/// Where the offered items would go.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OfferPlanRequest {
    /// The id of a container in the receiving organization. Default: the root of its Drive.
    destination: String,
}

/// Where the offered items are to go.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AcceptRequest {
    /// The id of a container in the receiving organization. Default: the root of its Drive.
    destination: String,
    /// The plan's digest: if the facts have changed since, nothing is done.
    digest: Option<String>,
}

/// One of the items.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferedBody {
    id: String,
    name: String,
}

/// An offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferBody {
    id: String,
    /// `out` or `in`, seen from the caller's organization.
    direction: &'static str,
    /// `open`, `accepted`, `declined`, `withdrawn`, `expired` or `void`.
    state: &'static str,
    source: String,
    source_name: String,
    target_name: String,
    by_name: String,
    note: String,
    /// The first hundred of the items.
    items: Vec<OfferedBody>,
    items_count: u64,
    /// Folders, sites and assets, at any depth.
    folders: u64,
    datasets: u64,
    images: i64,
    created_at: String,
    expires_at: String,
    answered_at: Option<String>,
    answered_by_name: Option<String>,
    /// The receipt, once it was accepted.
    transfer: Option<String>,
    /// Whether the caller may accept or decline it now.
    may_answer: bool,
    /// Whether the caller may withdraw it now.
    may_withdraw: bool,
}

impl From<OfferView> for OfferBody {
    fn from(offer: OfferView) -> Self {
        Self {
            id: offer.id.to_string(),
            direction: offer.direction.as_str(),
            state: offer.state.as_str(),
            source: offer.source.to_string(),
            source_name: offer.source_name,
            target_name: offer.target_name,
            by_name: offer.by_name,
            note: offer.note,
            items: offer
                .items
                .into_iter()
                .map(|item| OfferedBody { id: item.id.to_string(), name: item.name })
                .collect(),
            items_count: offer.what.items,
            folders: offer.what.folders,
            datasets: offer.what.datasets,
            images: offer.what.images,
            created_at: offer.created_at.rfc3339(),
            expires_at: offer.expires_at.rfc3339(),
            answered_at: offer.answered_at.map(crate::domain::time::Timestamp::rfc3339),
            answered_by_name: offer.answered_by_name,
            transfer: offer.transfer.map(|id| id.to_string()),
            may_answer: offer.may_answer,
            may_withdraw: offer.may_withdraw,
        }
    }
}

/// Offers items to an organization in which the caller may not create anything. Its Owners and Managers are mailed and
/// have 7 days to answer.
#[utoipa::path(post, path = "/offers", tag = "transfers", request_body = OfferRequest,
    responses((status = 201, body = OfferBody), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<OfferRequest>,
) -> Result<(StatusCode, Json<OfferBody>), Problem> {
    let items = usecase::items(&body.items)?;
    let made = usecase::offer::make::make(&ctx, &by, &items, &body.target, &body.note).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Offers to an organization, or by it, newest first.
#[utoipa::path(get, path = "/orgs/{org}/offers", tag = "transfers", params(("org" = String, Path), OfferQuery),
    responses((status = 200, body = PageBody<OfferBody>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(query): Params<OfferQuery>,
) -> Result<Json<PageBody<OfferBody>>, Problem> {
    Ok(Json(PageBody::of(usecase::offer::list::list(&ctx, &by, &org, &query).await?, Into::into)))
}

/// An offer, for both sides.
#[utoipa::path(get, path = "/offers/{id}", tag = "transfers", params(("id" = String, Path)),
    responses((status = 200, body = OfferBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<Json<OfferBody>, Problem> {
    Ok(Json(usecase::offer::show::show(&ctx, &by, &id).await?.into()))
}

/// The plan of accepting an offer. Nothing is changed.
#[utoipa::path(post, path = "/offers/{id}/plan", tag = "transfers", params(("id" = String, Path)), request_body = OfferPlanRequest,
    responses((status = 200, body = PlanBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn plan(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(body): Json<OfferPlanRequest>,
) -> Result<Json<PlanBody>, Problem> {
    let view = usecase::offer::plan::plan(&ctx, &by, &id, &body.destination).await?;
    Ok(Json(PlanBody::of(&view.plan, Some(view.digest))))
}

/// Accepts an offer: all of it or nothing, once.
#[utoipa::path(post, path = "/offers/{id}/accept", tag = "transfers", params(("id" = String, Path)), request_body = AcceptRequest,
    responses((status = 201, body = ReceiptBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn accept(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(body): Json<AcceptRequest>,
) -> Result<(StatusCode, Json<ReceiptBody>), Problem> {
    let receipt = usecase::offer::answer::accept(&ctx, &by, &id, &body.destination, body.digest).await?;
    Ok((StatusCode::CREATED, Json(receipt.into())))
}

/// Declines an offer.
#[utoipa::path(post, path = "/offers/{id}/decline", tag = "transfers", params(("id" = String, Path)),
    responses((status = 200, body = OfferBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn decline(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<Json<OfferBody>, Problem> {
    Ok(Json(usecase::offer::answer::decline(&ctx, &by, &id).await?.into()))
}

/// Withdraws an offer.
#[utoipa::path(delete, path = "/offers/{id}", tag = "transfers", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn withdraw(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    usecase::offer::answer::withdraw(&ctx, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
