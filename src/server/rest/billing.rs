//! `/orgs/{org}/billing/…`: contacts, and asking the operator for licences (ORG-4, ORG-8).

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{
        billing::{ContactForm, RequestForm},
        licence::{Model, Product},
    },
    server::{context::Ctx, usecase},
    view::billing::{ContactView, RequestView},
};

use super::{CurrentPerson, Json, PageBody, PageParams, Params, problem::Problem};

/// A billing contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactBody {
    id: String,
    name: String,
    email: String,
    phone: Option<String>,
}

impl From<ContactView> for ContactBody {
    fn from(view: ContactView) -> Self {
        Self { id: view.id.to_string(), name: view.name, email: view.email, phone: view.phone }
    }
}

/// A billing contact to save.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactInput {
    name: String,
    email: String,
    phone: Option<String>,
}

impl ContactInput {
    fn form(self) -> ContactForm {
        ContactForm { name: self.name, email: self.email, phone: self.phone.unwrap_or_default() }
    }
}

/// The billing contacts of an organization, oldest first; Owners.
#[utoipa::path(get, path = "/orgs/{org}/billing/contacts", tag = "billing", params(("org" = String, Path)),
    responses((status = 200, body = PageBody<ContactBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn contacts(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
) -> Result<Json<PageBody<ContactBody>>, Problem> {
    let items = usecase::billing::contacts(&ctx, &by, &org).await?.into_iter().map(Into::into).collect();
    Ok(Json(PageBody { items, next_cursor: None }))
}

/// Add a billing contact; Owners.
#[utoipa::path(post, path = "/orgs/{org}/billing/contacts", tag = "billing", params(("org" = String, Path)), request_body = ContactInput,
    responses((status = 201, body = ContactBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn add_contact(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Json(body): Json<ContactInput>,
) -> Result<(StatusCode, Json<ContactBody>), Problem> {
    let added = usecase::billing::add_contact(&ctx, &by, &org, &body.form()).await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// Set all of a billing contact; Owners.
#[utoipa::path(put, path = "/orgs/{org}/billing/contacts/{id}", tag = "billing", params(("org" = String, Path), ("id" = String, Path)), request_body = ContactInput,
    responses((status = 200, body = ContactBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change_contact(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, id)): Path<(String, String)>,
    Json(body): Json<ContactInput>,
) -> Result<Json<ContactBody>, Problem> {
    Ok(Json(usecase::billing::change_contact(&ctx, &by, &org, &id, &body.form()).await?.into()))
}

/// Remove a billing contact; Owners.
#[utoipa::path(delete, path = "/orgs/{org}/billing/contacts/{id}", tag = "billing", params(("org" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn remove_contact(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    usecase::billing::remove_contact(&ctx, &by, &org, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A request of an organization to the operator, and the answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestBody {
    id: String,
    organization: String,
    org_id: String,
    organization_name: String,
    by_name: String,
    product: Option<&'static str>,
    model: Option<&'static str>,
    images: Option<i64>,
    projects: Option<i64>,
    credits: Option<i64>,
    seats: Option<i64>,
    message: Option<String>,
    contact_name: String,
    contact_email: String,
    contact_phone: Option<String>,
    /// `open`, `answered`, `declined` or `withdrawn`.
    state: &'static str,
    answer: Option<String>,
    created_at: String,
    closed_at: Option<String>,
}

impl From<RequestView> for RequestBody {
    fn from(view: RequestView) -> Self {
        Self {
            id: view.id.to_string(),
            organization: view.organization.to_string(),
            org_id: view.org_id,
            organization_name: view.organization_name,
            by_name: view.by_name,
            product: view.product.map(Product::as_str),
            model: view.model.map(Model::as_str),
            images: view.images,
            projects: view.projects,
            credits: view.credits,
            seats: view.seats,
            message: view.message,
            contact_name: view.contact_name,
            contact_email: view.contact_email,
            contact_phone: view.contact_phone,
            state: view.state.as_str(),
            answer: view.answer,
            created_at: view.created_at.rfc3339(),
            closed_at: view.closed_at.map(crate::domain::time::Timestamp::rfc3339),
        }
    }
}

/// The request: a product, a text, or both; and a contact for the answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestInput {
    /// `desktop`, `cloud`, `cloud_pro`, `cloud_teams` or `cloud_enterprise`.
    product: Option<String>,
    /// `images_projects` or `credits`; cloud only.
    model: Option<String>,
    images: Option<i64>,
    projects: Option<i64>,
    credits: Option<i64>,
    /// Desktop only.
    seats: Option<i64>,
    message: Option<String>,
    contact_name: String,
    contact_email: String,
    contact_phone: Option<String>,
}

impl RequestInput {
    fn form(self) -> RequestForm {
        let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        RequestForm {
            product: self.product.unwrap_or_default(),
            model: self.model.unwrap_or_default(),
            images: number(self.images),
            projects: number(self.projects),
            credits: number(self.credits),
            seats: number(self.seats),
            message: self.message.unwrap_or_default(),
            contact_name: self.contact_name,
            contact_email: self.contact_email,
            contact_phone: self.contact_phone.unwrap_or_default(),
        }
    }
}

/// The requests of an organization to the operator, newest first; Owners.
#[utoipa::path(get, path = "/orgs/{org}/billing/requests", tag = "billing", params(("org" = String, Path), PageParams),
    responses((status = 200, body = PageBody<RequestBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn requests(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<PageBody<RequestBody>>, Problem> {
    let page = usecase::billing::requests(&ctx, &by, &org, &params.cursor, params.limit).await?;
    Ok(Json(PageBody::of(page, Into::into)))
}

/// Ask the operator for a licence; Owners, ten times a day.
#[utoipa::path(post, path = "/orgs/{org}/billing/requests", tag = "billing", params(("org" = String, Path)), request_body = RequestInput,
    responses((status = 201, body = RequestBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn request(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Json(body): Json<RequestInput>,
) -> Result<(StatusCode, Json<RequestBody>), Problem> {
    let asked = usecase::billing::request(&ctx, &by, &org, &body.form()).await?;
    Ok((StatusCode::CREATED, Json(asked.into())))
}

/// Withdraw a request that has not been answered yet; Owners.
#[utoipa::path(post, path = "/orgs/{org}/billing/requests/{id}/withdraw", tag = "billing", params(("org" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = RequestBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn withdraw(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, id)): Path<(String, String)>,
) -> Result<Json<RequestBody>, Problem> {
    Ok(Json(usecase::billing::withdraw(&ctx, &by, &org, &id).await?.into()))
}
