//! `/orgs/{org}/people`: the list, roles, removing, leaving.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{
        cap::{Caps, CapsForm},
        id::{AccountId, PersonId},
        refusal::Refusal,
        role::Role,
        time::Timestamp,
    },
    server::{
        context::Ctx,
        usecase::{
            self,
            people::{self, create::NewPersonForm, list::PeopleQuery},
        },
    },
    view::people::PersonRow,
};

use super::{CurrentPerson, Json, PageBody, Params, problem::Problem};

/// Someone who is in an organization, is invited to it, or has access to something in it from outside.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonRowBody {
    /// Null for an invitation.
    person: Option<String>,
    name: String,
    email: String,
    /// Null for an External.
    role: Option<&'static str>,
    /// `active`, `invited`, `expired` or `external`.
    status: &'static str,
    last_seen: Option<String>,
    /// The id of the invitation.
    invitation: Option<String>,
    /// When the invitation stops working.
    expires_at: Option<String>,
    /// For an External: how many resources they were given access to.
    resources: u64,
    /// The ids of the only accounts in which their role applies; null if it applies in all, and if the caller does not
    /// manage people.
    accounts: Option<Vec<String>>,
}

impl From<PersonRow> for PersonRowBody {
    fn from(row: PersonRow) -> Self {
        Self {
            person: row.person.map(|id| id.to_string()),
            name: row.name,
            email: row.email,
            role: row.role.map(Role::as_str),
            status: row.status.as_str(),
            last_seen: row.last_seen.map(Timestamp::rfc3339),
            invitation: row.invitation.map(|id| id.to_string()),
            expires_at: row.expires_at.map(Timestamp::rfc3339),
            resources: row.resources,
            accounts: row.accounts.map(|accounts| accounts.into_iter().map(|(id, _)| id.to_string()).collect()),
        }
    }
}

/// The people of an organization, those invited, and those from outside with access to something in it.
#[utoipa::path(get, path = "/orgs/{org}/people", tag = "organizations", params(("org" = String, Path), PeopleQuery),
    responses((status = 200, body = PageBody<PersonRowBody>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(query): Params<PeopleQuery>,
) -> Result<Json<PageBody<PersonRowBody>>, Problem> {
    Ok(Json(PageBody::of(people::list::list(&ctx, &by, &org, &query).await?, Into::into)))
}

/// Creates a person's account in the organization; they set their password from a mailed link. Owners only.
#[utoipa::path(post, path = "/orgs/{org}/people", tag = "organizations", request_body = NewPersonForm,
    params(("org" = String, Path)),
    responses((status = 201, body = PersonRowBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Json(form): Json<NewPersonForm>,
) -> Result<(StatusCode, Json<PersonRowBody>), Problem> {
    let row = people::create::create(&ctx, &by, &org, &form).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// A role to give.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RoleBody {
    /// `owner`, `manager`, `editor`, `reader` or `member`.
    role: String,
}

impl RoleBody {
    /// The word.
    pub fn role(&self) -> &str {
        &self.role
    }
}

/// Changes to a person. Fields that are not sent stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PersonChangeBody {
    /// `owner`, `manager`, `editor`, `reader` or `member`.
    role: Option<String>,
    /// The ids of the only accounts in which their role will apply; `null` for all.
    #[schema(value_type = Option<Vec<String>>)]
    accounts: AccountsSent,
}

/// The accounts as they were sent.
#[derive(Debug, Default, Serialize)]
#[serde(untagged)]
enum AccountsSent {
    /// Not at all.
    #[default]
    Not,
    /// As `null`.
    All,
    /// Their ids.
    Only(Vec<String>),
}

impl<'de> Deserialize<'de> for AccountsSent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Serde calls this only for a field that was sent; `default` stands for one that was not.
        Ok(Option::<Vec<String>>::deserialize(deserializer)?.map_or(Self::All, Self::Only))
    }
}

/// A person after the change.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonRoleBody {
    person: String,
    role: &'static str,
    /// The ids of the only accounts in which their role applies; null for all.
    accounts: Option<Vec<String>>,
}

/// Changes a person's role, the accounts in which it counts, or both.
#[utoipa::path(patch, path = "/orgs/{org}/people/{person}", tag = "organizations", request_body = PersonChangeBody,
    params(("org" = String, Path), ("person" = String, Path)),
    responses((status = 200, body = PersonRoleBody), (status = 402, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change_role(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, person)): Path<(String, String)>,
    Json(body): Json<PersonChangeBody>,
) -> Result<Json<PersonRoleBody>, Problem> {
    let id: PersonId = person.parse().map_err(|_| Problem::refusal(&Refusal::NotFound))?;
    let accounts = match body.accounts {
        AccountsSent::Not => people::role::AccountLimits::Stay,
        AccountsSent::All => people::role::AccountLimits::None,
        AccountsSent::Only(ids) => people::role::AccountLimits::To(
            ids.iter().map(|id| usecase::id("accounts", id)).collect::<Result<Vec<AccountId>, _>>()?,
        ),
    };
    let change = people::role::Change { role: body.role, accounts };
    let (role, accounts) = people::role::change(&ctx, &by, &org, id, change).await?;
    Ok(Json(PersonRoleBody {
        person: id.to_string(),
        role: role.as_str(),
        accounts: accounts.map(|ids| ids.into_iter().map(|id| id.to_string()).collect()),
    }))
}

/// What a membership lets through to a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct CapsBody {
    /// The highest level that comes through what was granted to the organization: `reader`, `uploader`, `editor` or `manager`.
    level: &'static str,
    /// Whether the person may run the apps that the organization may use.
    apps: bool,
    /// Whether the person may start what the organization pays for.
    billable: bool,
}

impl From<Caps> for CapsBody {
    fn from(caps: Caps) -> Self {
        Self { level: caps.max_level.as_str(), apps: caps.apps, billable: caps.billable }
    }
}

/// What a membership is to let through; what is not sent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CapsChangeBody {
    level: Option<String>,
    apps: Option<bool>,
    billable: Option<bool>,
}

/// What somebody's membership lets through to them.
#[utoipa::path(get, path = "/orgs/{org}/people/{person}/caps", tag = "organizations", params(("org" = String, Path), ("person" = String, Path)),
    responses((status = 200, body = CapsBody), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn caps(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, person)): Path<(String, String)>,
) -> Result<Json<CapsBody>, Problem> {
    let id: PersonId = person.parse().map_err(|_| Problem::refusal(&Refusal::NotFound))?;
    Ok(Json(people::caps::show(&ctx, &by, &org, id).await?.into()))
}

/// Changes what somebody's membership lets through to them. A new role takes it back.
#[utoipa::path(patch, path = "/orgs/{org}/people/{person}/caps", tag = "organizations", request_body = CapsChangeBody,
    params(("org" = String, Path), ("person" = String, Path)),
    responses((status = 200, body = CapsBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change_caps(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, person)): Path<(String, String)>,
    Json(body): Json<CapsChangeBody>,
) -> Result<Json<CapsBody>, Problem> {
    let id: PersonId = person.parse().map_err(|_| Problem::refusal(&Refusal::NotFound))?;
    let form = CapsForm { level: body.level, apps: body.apps, billable: body.billable };
    Ok(Json(people::caps::change(&ctx, &by, &org, id, &form).await?.into()))
}

/// People to remove.
#[derive(Debug, Default, Deserialize, ToSchema)]
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
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Json(body): Json<RemoveBody>,
) -> Result<StatusCode, Problem> {
    let people =
        body.people.iter().map(|person| usecase::id("people", person)).collect::<Result<Vec<PersonId>, _>>()?;
    people::remove::remove(&ctx, &by, &org, people).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves the organization.
#[utoipa::path(delete, path = "/orgs/{org}/people/me", tag = "organizations", params(("org" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn leave(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
) -> Result<StatusCode, Problem> {
    people::remove::leave(&ctx, &by, &org).await?;
    Ok(StatusCode::NO_CONTENT)
}
