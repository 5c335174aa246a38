//! `/orgs/{org}/people`: roles, removing, leaving.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{id::PersonId, refusal::Refusal},
    server::{
        context::Ctx,
        usecase::{self, people},
    },
};

use super::{By, Json, problem::Problem};

/// A role to be given.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RoleBody {
    /// `owner`, `manager`, `editor`, `reader` or `member`.
    role: String,
}

/// The role a person has now.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonRoleBody {
    person: String,
    role: &'static str,
}

/// Changes a person's role.
#[utoipa::path(patch, path = "/orgs/{org}/people/{person}", tag = "organizations", request_body = RoleBody,
    params(("org" = String, Path), ("person" = String, Path)),
    responses((status = 200, body = PersonRoleBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn change_role(
    State(ctx): State<Ctx>,
    By(by): By,
    Path((org, person)): Path<(String, String)>,
    Json(body): Json<RoleBody>,
) -> Result<Json<PersonRoleBody>, Problem> {
    let person: PersonId = person.parse().map_err(|_| Problem::refusal(&Refusal::NotFound))?;
    let role = people::change_role(&ctx, &by, &org, person, &body.role).await?;
    Ok(Json(PersonRoleBody { person: person.to_string(), role: role.word() }))
}

/// People to be removed.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RemoveBody {
    people: Vec<String>,
}

/// Removes people, all of them or none.
#[utoipa::path(post, path = "/orgs/{org}/people/remove", tag = "organizations", request_body = RemoveBody,
    params(("org" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove(
    State(ctx): State<Ctx>,
    By(by): By,
    Path(org): Path<String>,
    Json(body): Json<RemoveBody>,
) -> Result<StatusCode, Problem> {
    let people =
        body.people.iter().map(|person| usecase::id("people", person)).collect::<Result<Vec<PersonId>, _>>()?;
    people::remove(&ctx, &by, &org, people).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves the organization.
#[utoipa::path(delete, path = "/orgs/{org}/people/me", tag = "organizations", params(("org" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn leave(State(ctx): State<Ctx>, By(by): By, Path(org): Path<String>) -> Result<StatusCode, Problem> {
    people::leave(&ctx, &by, &org).await?;
    Ok(StatusCode::NO_CONTENT)
}
