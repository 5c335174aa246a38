//! `/resources/{id}/access` and `/resources/{id}/grants` (ACCESS-2).

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::transfer::Grantee,
    server::{
        context::Ctx,
        usecase::grant::{self, recipient::GiveForm},
    },
    view::access::{AccessGiven, AccessReason, AccessRow, WaitingAccess},
};

use super::{CurrentPerson, Json, PageParams, Params, problem::Problem, resources::CrumbBody};

/// One reason why someone has access to a resource: a role or a grant.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessBody {
    /// The person, unless it is an `organization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// Everyone in this organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
    name: String,
    /// `reader`, `uploader`, `editor` or `manager`.
    level: &'static str,
    /// `role`, `inherited`, `direct` or `carried`.
    source: &'static str,
    /// Where an inherited grant is, if the caller may see that.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<CrumbBody>,
    /// The grant's id. An inherited grant can only be removed where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
    /// The person's role in the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// Of a grant: the person's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Of a grant to an organization: its Org ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    org_id: Option<String>,
}

impl From<AccessRow> for AccessBody {
    fn from(row: AccessRow) -> Self {
        let (person, organization, email, org_id) = match row.who {
            Grantee::Person(id) => (Some(id.to_string()), None, row.address, None),
            Grantee::Organization(id) => (None, Some(id.to_string()), None, row.address),
        };
        Self {
            person,
            organization,
            name: row.name,
            level: row.level.as_str(),
            source: row.origin.as_str(),
            from: row.from.map(Into::into),
            grant: row.grant.map(|id| id.to_string()),
            role: row.role.map(crate::domain::role::Role::as_str),
            email,
            org_id,
        }
    }
}

/// Access that waits until an invitation is accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingAccessBody {
    /// The invitation's id; as the id of a grant, it takes this back.
    id: String,
    email: String,
    level: &'static str,
    /// `external` or `member`.
    #[serde(rename = "as")]
    way: &'static str,
    expires_at: String,
}

impl From<WaitingAccess> for WaitingAccessBody {
    fn from(waiting: WaitingAccess) -> Self {
        Self {
            id: waiting.invitation.to_string(),
            email: waiting.email,
            level: waiting.level.as_str(),
            way: waiting.way.as_str(),
            expires_at: waiting.expires_at.rfc3339(),
        }
    }
}

/// One page of who can reach a resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessPageBody {
    /// Grants first, those on the resource itself before those above it; then people by their role.
    items: Vec<AccessBody>,
    next_cursor: Option<String>,
    /// On the first page: access that waits until an invitation is accepted.
    waiting: Vec<WaitingAccessBody>,
}

/// Who has access to a resource, with level and source; for its Managers.
#[utoipa::path(get, path = "/resources/{id}/access", tag = "drive", params(("id" = String, Path), PageParams),
    responses((status = 200, body = AccessPageBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<AccessPageBody>, Problem> {
    let page = grant::list::list(&ctx, &by, &id, &params.cursor, params.limit).await?;
    let waiting = if params.cursor.is_empty() { grant::list::waiting(&ctx, &by, &id).await? } else { Vec::new() };
    Ok(Json(AccessPageBody {
        items: page.items.into_iter().map(Into::into).collect(),
        next_cursor: page.next_cursor,
        waiting: waiting.into_iter().map(Into::into).collect(),
    }))
}

/// One reason why a person has access to a resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonBody {
    /// The level it gives.
    level: &'static str,
    /// `role`, `inherited`, `direct` or `carried`.
    source: &'static str,
    /// The role in the organization, if the reason is a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// The name of the organization that it was given to, if it was not given to the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<String>,
    /// Where an inherited grant is, if the caller may see that.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<CrumbBody>,
    /// Whether the grant was carried over from a move, here or where it is inherited from.
    carried: bool,
    /// Who made the grant, or moved the item that it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// The level the person would have without this; null for none.
    left: Option<&'static str>,
}

impl From<AccessReason> for ReasonBody {
    fn from(reason: AccessReason) -> Self {
        Self {
            level: reason.level.as_str(),
            source: reason.origin.as_str(),
            role: reason.role.map(crate::domain::role::Role::as_str),
            through: reason.through,
            from: reason.from.map(Into::into),
            carried: reason.carried,
            by: reason.by,
            at: reason.at.map(crate::domain::time::Timestamp::rfc3339),
            left: reason.left.map(crate::domain::access::Level::as_str),
        }
    }
}

/// Why a person has access to a resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhyBody {
    person: String,
    name: String,
    /// The highest of the reasons; null for someone without access.
    level: Option<&'static str>,
    /// Every reason, the highest first.
    reasons: Vec<ReasonBody>,
}

/// Why a person has access to a resource: every role and grant, and the level without it; for its Managers.
#[utoipa::path(get, path = "/resources/{id}/access/{person}", tag = "drive", params(("id" = String, Path), ("person" = String, Path)),
    responses((status = 200, body = WhyBody), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn why(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, person)): Path<(String, String)>,
) -> Result<Json<WhyBody>, Problem> {
    let why = grant::why::why(&ctx, &by, &id, &person).await?;
    Ok(Json(WhyBody {
        person: why.person.to_string(),
        name: why.name,
        level: why.level.map(crate::domain::access::Level::as_str),
        reasons: why.reasons.into_iter().map(Into::into).collect(),
    }))
}

/// The result of giving access.
#[derive(Debug, Serialize, ToSchema)]
pub struct GivenBody {
    /// `given`, or `invited`: they get access when they accept.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<AccessBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<WaitingAccessBody>,
}

/// Gives access, or changes its level.
#[utoipa::path(put, path = "/resources/{id}/grants", tag = "drive", params(("id" = String, Path)), request_body = GiveForm,
    responses((status = 200, body = GivenBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn give(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(form): Json<GiveForm>,
) -> Result<Json<GivenBody>, Problem> {
    Ok(Json(match grant::give::give(&ctx, &by, &id, &form).await? {
        AccessGiven::Now(row) => GivenBody { outcome: "given", access: Some(row.into()), invitation: None },
        AccessGiven::Invited(waiting) => {
            GivenBody { outcome: "invited", access: None, invitation: Some(waiting.into()) }
        }
    }))
}

/// Removes access that was given on this resource or carried over from a move, or that waits for an invitation.
#[utoipa::path(delete, path = "/resources/{id}/grants/{grant}", tag = "drive", params(("id" = String, Path), ("grant" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn remove(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, grant_id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    grant::take::remove(&ctx, &by, &id, &grant_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
