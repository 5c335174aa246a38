//! `/licences/{id}/seats`: who holds a seat of a desktop licence (LIC-5).

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{role::Role, time::Timestamp},
    server::{context::Ctx, usecase::seat},
    view::seat::SeatRow,
};

use super::{CurrentPerson, Json, PageParams, Params, problem::Problem};

/// A seat and who holds it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatBody {
    /// The person; null for a machine.
    person: Option<String>,
    /// The credential key of the machine that holds it; null for a person.
    key: Option<String>,
    /// The name of the person or the key.
    name: String,
    email: Option<String>,
    /// `owner`, `manager`, `editor`, `reader` or `member`; null for a machine.
    role: Option<&'static str>,
    /// Whether it is reserved for them, in use or not.
    given: bool,
    given_at: Option<String>,
    /// The device that uses it; null while none does.
    device: Option<String>,
    /// Since when.
    taken_at: Option<String>,
    /// The last heartbeat.
    last_seen: Option<String>,
}

impl From<SeatRow> for SeatBody {
    fn from(row: SeatRow) -> Self {
        Self {
            person: row.holder.person().map(|id| id.to_string()),
            key: row.holder.key().map(|id| id.to_string()),
            name: row.name,
            email: row.email,
            role: row.role.map(Role::as_str),
            given: row.given_at.is_some(),
            given_at: row.given_at.map(Timestamp::rfc3339),
            device: row.device,
            taken_at: row.since.map(Timestamp::rfc3339),
            last_seen: row.seen.map(Timestamp::rfc3339),
        }
    }
}

/// The seats of a licence.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatsBody {
    /// How many there are.
    total: u64,
    /// How many are given or taken.
    used: u64,
    /// The seats in use or given.
    items: Vec<SeatBody>,
    /// What to pass as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// The seats of a desktop licence: given, taken by a program, or both. While it is lent, only the borrower sees them.
#[utoipa::path(get, path = "/licences/{id}/seats", tag = "licences", params(("id" = String, Path), PageParams),
    responses((status = 200, body = SeatsBody), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<SeatsBody>, Problem> {
    let seats = seat::list(&ctx, &by, &id, &params.cursor, params.limit).await?;
    Ok(Json(SeatsBody {
        total: seats.total,
        used: seats.used,
        items: seats.page.items.into_iter().map(Into::into).collect(),
        next_cursor: seats.page.next_cursor,
    }))
}

/// The person to give a seat to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GiveSeatBody {
    /// The id or the email address of a Reader or Member.
    person: String,
}

/// Reserves a seat for a Reader or Member.
#[utoipa::path(post, path = "/licences/{id}/seats", tag = "licences", params(("id" = String, Path)), request_body = GiveSeatBody,
    responses((status = 201, body = SeatBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn give(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(body): Json<GiveSeatBody>,
) -> Result<(StatusCode, Json<SeatBody>), Problem> {
    let row = seat::give(&ctx, &by, &id, &body.person).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Frees the seat of a person, or of a machine by its key's id. A reserved seat is taken back, and a running program
/// loses it.
#[utoipa::path(delete, path = "/licences/{id}/seats/{holder}", tag = "licences", params(("id" = String, Path), ("holder" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn free(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, holder)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    seat::free(&ctx, &by, &id, &holder).await?;
    Ok(StatusCode::NO_CONTENT)
}
