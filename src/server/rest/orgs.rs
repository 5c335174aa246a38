//! `/orgs`.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{organization::NewOrganizationForm, role::Role},
    server::{
        context::Ctx,
        usecase::{self, organization::OrganizationView},
    },
};

use super::{By, Json, PageBody, problem::Problem, session::MyOrganization};

/// A role in the API's words.
pub const fn role_word(role: Option<Role>) -> Option<&'static str> {
    match role {
        Some(role) => Some(role.word()),
        None => None,
    }
}

/// An organization to be created.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewOrganizationBody {
    name: String,
    /// `business` or `individual`.
    kind: String,
    /// ISO 3166 two-letter code.
    country: String,
    legal_name: Option<String>,
    vat_number: Option<String>,
    address: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
}

/// An account of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountBody {
    id: String,
    account_id: String,
    name: String,
    sharing_id: String,
    /// The root of its Drive.
    root: String,
}

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationBody {
    id: String,
    org_id: String,
    name: String,
    kind: &'static str,
    /// My role in it; null for an External.
    role: Option<&'static str>,
    plan: &'static str,
    accounts: Vec<AccountBody>,
}

impl From<OrganizationView> for OrganizationBody {
    fn from(view: OrganizationView) -> Self {
        Self {
            id: view.id.to_string(),
            org_id: view.org_id,
            name: view.name,
            kind: view.kind.word(),
            role: role_word(view.role),
            plan: view.plan.word(),
            accounts: view
                .accounts
                .into_iter()
                .map(|(account, sharing_id)| AccountBody {
                    id: account.id.to_string(),
                    account_id: account.account_id,
                    name: account.name,
                    sharing_id,
                    root: account.root.to_string(),
                })
                .collect(),
        }
    }
}

/// My organizations, by name.
#[utoipa::path(get, path = "/orgs", tag = "organizations",
    responses((status = 200, body = PageBody<MyOrganization>), (status = 401, body = Problem)))]
pub async fn list(State(ctx): State<Ctx>, By(by): By) -> Result<Json<PageBody<MyOrganization>>, Problem> {
    let mine = usecase::organization::list(&ctx, &by).await?;
    let items = mine.into_iter().filter(|one| !one.personal).map(Into::into).collect();
    Ok(Json(PageBody { items, next_cursor: None }))
}

/// Creates an organization; the caller becomes its Owner.
#[utoipa::path(post, path = "/orgs", tag = "organizations", request_body = NewOrganizationBody,
    responses((status = 201, body = OrganizationBody), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    By(by): By,
    Json(body): Json<NewOrganizationBody>,
) -> Result<(StatusCode, Json<OrganizationBody>), Problem> {
    let form = NewOrganizationForm {
        name: body.name,
        kind: body.kind,
        country: body.country,
        legal_name: body.legal_name.unwrap_or_default(),
        vat_number: body.vat_number.unwrap_or_default(),
        address: body.address.unwrap_or_default(),
        postal_code: body.postal_code.unwrap_or_default(),
        city: body.city.unwrap_or_default(),
    };
    let created = usecase::organization::create(&ctx, &by, &form).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// One organization.
#[utoipa::path(get, path = "/orgs/{org}", tag = "organizations", params(("org" = String, Path, description = "Org ID or UUID")),
    responses((status = 200, body = OrganizationBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    By(by): By,
    Path(org): Path<String>,
) -> Result<Json<OrganizationBody>, Problem> {
    Ok(Json(usecase::organization::show(&ctx, &by, &org).await?.into()))
}
