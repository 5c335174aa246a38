//! `/desktop/licences`: what programs on people's computers ask (LIC-5, SET-1).

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::time::Timestamp,
    server::{
        context::Ctx,
        usecase::desktop::{self, TakenSeat},
    },
    view::{Control, seat::DesktopLicence},
};

use super::{CurrentActor, Json, problem::Problem};

/// A desktop licence, and whether a program can take a seat of it now.
#[derive(Debug, Serialize, ToSchema)]
pub struct DesktopLicenceBody {
    id: String,
    /// `desktop`.
    product: &'static str,
    /// How many seats there are.
    seats: i64,
    /// How many are given or taken.
    used: u64,
    active_until: Option<String>,
    /// If it is borrowed: the organization that lends it.
    borrowed_from: Option<String>,
    /// Whether a seat is reserved for the caller.
    given: bool,
    /// The device on which the caller has a seat; null if there is none.
    device: Option<String>,
    /// Whether the caller may take a seat now.
    may_take: bool,
    /// Why not.
    why_not: Option<String>,
}

impl From<DesktopLicence> for DesktopLicenceBody {
    fn from(view: DesktopLicence) -> Self {
        let (may_take, why_not) = match view.take {
            Control::Enabled => (true, None),
            Control::Disabled(reason) => (false, Some(reason)),
            Control::Absent => (false, None),
        };
        Self {
            id: view.licence.id.to_string(),
            product: view.licence.product.as_str(),
            seats: view.licence.seats.unwrap_or_default(),
            used: view.licence.seats_used.unwrap_or_default(),
            active_until: view.licence.active_until.map(Timestamp::rfc3339),
            borrowed_from: view.licence.loan.map(|loan| loan.other),
            given: view.mine.as_ref().is_some_and(|mine| mine.given_at.is_some()),
            device: view.mine.and_then(|mine| mine.device),
            may_take,
            why_not,
        }
    }
}

/// The licences that a program can use.
#[derive(Debug, Serialize, ToSchema)]
pub struct DesktopBody {
    /// The Org ID of the organization that has these licences: the caller's default organization, else their only one;
    /// for a machine, that of its key.
    org_id: String,
    /// The organization's name.
    organization: String,
    /// Its active desktop licences.
    items: Vec<DesktopLicenceBody>,
    /// How often a program that has a seat sends a heartbeat, in seconds.
    heartbeat_seconds: i64,
}

/// The desktop licences that a program of the caller may use, from their default organization, else from their only
/// one.
/// With several and no default, 409 `choose_organization`. With the token of a key that has the scope `desktop`: those of its
/// account.
#[utoipa::path(get, path = "/desktop/licences", tag = "desktop",
    responses((status = 200, body = DesktopBody), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub async fn list(State(ctx): State<Ctx>, CurrentActor(by): CurrentActor) -> Result<Json<DesktopBody>, Problem> {
    let view = desktop::list(&ctx, &by).await?;
    Ok(Json(DesktopBody {
        org_id: view.org_id,
        organization: view.name,
        items: view.licences.into_iter().map(Into::into).collect(),
        heartbeat_seconds: TakenSeat::HEARTBEAT_SECONDS,
    }))
}

/// What a program runs on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceBody {
    /// A name for the device, up to 100 characters.
    device: String,
}

/// A seat that a program has.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenBody {
    licence: String,
    device: String,
    taken_at: String,
    /// When it is released unless a heartbeat arrives before.
    free_at: String,
    /// How often to send a heartbeat, in seconds.
    heartbeat_seconds: i64,
}

impl From<TakenSeat> for TakenBody {
    fn from(taken: TakenSeat) -> Self {
        Self {
            licence: taken.licence.to_string(),
            device: taken.device,
            taken_at: taken.since.rfc3339(),
            free_at: taken.free_at.rfc3339(),
            heartbeat_seconds: TakenSeat::HEARTBEAT_SECONDS,
        }
    }
}

/// Takes a seat. A caller who has one already moves it to this device.
#[utoipa::path(post, path = "/desktop/licences/{id}/take", tag = "desktop", params(("id" = String, Path)), request_body = DeviceBody,
    responses((status = 200, body = TakenBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn take(
    State(ctx): State<Ctx>,
    CurrentActor(by): CurrentActor,
    Path(id): Path<String>,
    Json(body): Json<DeviceBody>,
) -> Result<Json<TakenBody>, Problem> {
    Ok(Json(desktop::take(&ctx, &by, &id, &body.device).await?.into()))
}

/// Sends a heartbeat. A seat without one for 15 minutes is released; then the answer is 409 `seat_lost`.
#[utoipa::path(post, path = "/desktop/licences/{id}/heartbeat", tag = "desktop", params(("id" = String, Path)), request_body = DeviceBody,
    responses((status = 200, body = TakenBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn heartbeat(
    State(ctx): State<Ctx>,
    CurrentActor(by): CurrentActor,
    Path(id): Path<String>,
    Json(body): Json<DeviceBody>,
) -> Result<Json<TakenBody>, Problem> {
    Ok(Json(desktop::heartbeat(&ctx, &by, &id, &body.device).await?.into()))
}

/// Releases a seat. A reserved seat stays reserved.
#[utoipa::path(post, path = "/desktop/licences/{id}/release", tag = "desktop", params(("id" = String, Path)), request_body = DeviceBody,
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn release(
    State(ctx): State<Ctx>,
    CurrentActor(by): CurrentActor,
    Path(id): Path<String>,
    Json(body): Json<DeviceBody>,
) -> Result<StatusCode, Problem> {
    desktop::release(&ctx, &by, &id, &body.device).await?;
    Ok(StatusCode::NO_CONTENT)
}
