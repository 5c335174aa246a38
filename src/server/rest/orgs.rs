//! `/orgs`.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        legal::{LegalForm, LegalInformation},
        organization::{NewOrganizationForm, OrganizationDetails, SettingsForm},
        resource::CLUSTERS,
        role::Role,
    },
    server::{
        context::Ctx,
        usecase::{self, organization::OrganizationView},
    },
    view::{OrganizationMembership, file::StorageView, settings::DeletedView},
};

use super::{CurrentPerson, Json, PageBody, Params, problem::Problem};

/// An organization to create.
#[derive(Debug, Default, Deserialize, ToSchema)]
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
    /// Id.
    pub id: String,
    /// The Account ID, unique in the organization regardless of case.
    pub account_id: String,
    /// Name.
    pub name: String,
    /// The name of the account as a destination, for any organization.
    pub sharing_id: String,
    /// The root of its Drive.
    pub root: String,
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
    /// What Owners and Managers see and change.
    #[serde(flatten)]
    settings: Option<SettingsBody>,
}

/// Changes to an organization by Owners and Managers.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingsBody {
    website: Option<String>,
    industry: Option<String>,
    language: Option<String>,
    /// Where new work is processed and stored.
    cluster: String,
    /// `everyone` or `managers`.
    people_visible_to: &'static str,
    storage: StorageBody,
}

/// How much an organization stores.
#[derive(Debug, Serialize, ToSchema)]
pub struct StorageBody {
    /// In bytes; null for no limit. The operator sets it.
    limit: Option<i64>,
    /// In bytes, with the trash and what is on its way.
    used: i64,
}

impl From<StorageView> for StorageBody {
    fn from(view: StorageView) -> Self {
        Self { limit: view.limit, used: view.used }
    }
}

impl From<(OrganizationDetails, StorageView)> for SettingsBody {
    fn from((view, storage): (OrganizationDetails, StorageView)) -> Self {
        Self {
            website: view.website,
            industry: view.industry,
            language: view.language,
            cluster: view.cluster.unwrap_or_else(|| CLUSTERS[0].0.to_owned()),
            people_visible_to: view.people_visible_to.as_str(),
            storage: storage.into(),
        }
    }
}

impl From<OrganizationView> for OrganizationBody {
    fn from(view: OrganizationView) -> Self {
        Self {
            settings: None,
            id: view.id.to_string(),
            org_id: view.org_id,
            name: view.name,
            kind: view.kind.as_str(),
            role: view.role.map(Role::as_str),
            plan: view.plan.as_str(),
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

/// One of my organizations.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyOrganization {
    id: String,
    org_id: String,
    name: String,
    role: Option<&'static str>,
    /// For a deleted one: until when it can be restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    restorable_until: Option<String>,
}

impl From<OrganizationMembership> for MyOrganization {
    fn from(belonging: OrganizationMembership) -> Self {
        Self {
            restorable_until: None,
            id: belonging.id.to_string(),
            org_id: belonging.org_id,
            name: belonging.name,
            role: belonging.role.map(Role::as_str),
        }
    }
}

impl From<DeletedView> for MyOrganization {
    /// One that the caller, its Owner, can restore.
    fn from(view: DeletedView) -> Self {
        Self {
            id: view.id.to_string(),
            org_id: view.org_id,
            name: view.name,
            role: Some(Role::Owner.as_str()),
            restorable_until: Some(view.until.rfc3339()),
        }
    }
}

/// Which of my organizations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ListParams {
    /// Only deleted organizations that I can restore as an Owner.
    deleted: bool,
    /// Text in the name.
    query: String,
    /// Where the page starts: `next_cursor` of the one before.
    cursor: String,
    /// 1 to 200. Default: 50.
    limit: Option<i64>,
}

/// My organizations, by name. The page that would have my personal space has one entry less.
#[utoipa::path(get, path = "/orgs", tag = "organizations", params(ListParams),
    responses((status = 200, body = PageBody<MyOrganization>), (status = 401, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Params(params): Params<ListParams>,
) -> Result<Json<PageBody<MyOrganization>>, Problem> {
    if params.deleted {
        let items = usecase::settings::deleted(&ctx, &by).await?.into_iter().map(Into::into).collect();
        return Ok(Json(PageBody { items, next_cursor: None }));
    }
    let page = usecase::organization::list(&ctx, &by, &params.query, &params.cursor, params.limit).await?;
    let items = page.items.into_iter().filter(|one| !one.personal).map(Into::into).collect();
    Ok(Json(PageBody { items, next_cursor: page.next_cursor }))
}

/// Creates an organization; the caller becomes its Owner.
#[utoipa::path(post, path = "/orgs", tag = "organizations", request_body = NewOrganizationBody,
    responses((status = 201, body = OrganizationBody), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
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
    let created = usecase::founding::create(&ctx, &by, &form).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// One organization.
#[utoipa::path(get, path = "/orgs/{org}", tag = "organizations", params(("org" = String, Path, description = "Org ID or UUID")),
    responses((status = 200, body = OrganizationBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
) -> Result<Json<OrganizationBody>, Problem> {
    shown(&ctx, &by, &org).await
}

async fn shown(
    ctx: &Ctx,
    by: &crate::server::context::Principal,
    org: &str,
) -> Result<Json<OrganizationBody>, Problem> {
    let view = usecase::organization::show(ctx, by, org).await?;
    let settings = match usecase::settings::details(ctx, by, org).await? {
        Some(details) => Some((details, usecase::storage::show(ctx, view.id).await?).into()),
        None => None,
    };
    Ok(Json(OrganizationBody { settings, ..view.into() }))
}

/// A field that was sent, `null` among them: that empties it.
fn sent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| Some(text.unwrap_or_default()))
}

/// Changes to an organization. Fields that are not sent stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangesBody {
    #[serde(deserialize_with = "sent")]
    name: Option<String>,
    /// Owners only. The old Org ID keeps working until another organization takes it.
    #[serde(deserialize_with = "sent")]
    org_id: Option<String>,
    #[serde(deserialize_with = "sent")]
    website: Option<String>,
    #[serde(deserialize_with = "sent")]
    industry: Option<String>,
    /// Two-letter code.
    #[serde(deserialize_with = "sent")]
    language: Option<String>,
    /// Where new work is processed and stored.
    #[serde(deserialize_with = "sent")]
    cluster: Option<String>,
    /// `everyone` or `managers`.
    #[serde(deserialize_with = "sent")]
    people_visible_to: Option<String>,
}

/// Changes an organization, each field by its own permission, all of them or none.
#[utoipa::path(patch, path = "/orgs/{org}", tag = "organizations", request_body = ChangesBody, params(("org" = String, Path)),
    responses((status = 200, body = OrganizationBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Json(body): Json<ChangesBody>,
) -> Result<Json<OrganizationBody>, Problem> {
    let form = SettingsForm {
        name: body.name,
        org_id: body.org_id,
        website: body.website,
        industry: body.industry,
        language: body.language,
        cluster: body.cluster,
        people_visible_to: body.people_visible_to,
    };
    let org_id = usecase::settings::change(&ctx, &by, &org, &form).await?;
    shown(&ctx, &by, &org_id).await
}

/// The confirmation that an organization is to be deleted, in the body or in the query.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ConfirmBody {
    /// The organization's name.
    confirm: Option<String>,
}

/// Deletes an organization. Its Owners can restore it for 30 days.
#[utoipa::path(delete, path = "/orgs/{org}", tag = "organizations", params(("org" = String, Path), ConfirmBody), request_body = Option<ConfirmBody>,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn delete(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(params): Params<ConfirmBody>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let sent: ConfirmBody = if body.is_empty() {
        params
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "invalid", error.to_string()))?
    };
    usecase::settings::delete(&ctx, &by, &org, sent.confirm.as_deref().unwrap_or_default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restores an organization that was deleted, as it was.
#[utoipa::path(post, path = "/orgs/{org}/restore", tag = "organizations", params(("org" = String, Path)),
    responses((status = 200, body = OrganizationBody), (status = 404, body = Problem)))]
pub async fn restore(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
) -> Result<Json<OrganizationBody>, Problem> {
    let restored = usecase::settings::restore(&ctx, &by, &org).await?;
    shown(&ctx, &by, &restored.id.to_string()).await
}

/// The data protection officer of an organization.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OfficerBody {
    name: Option<String>,
    position: Option<String>,
    phone: Option<String>,
}

/// Legal information.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LegalBody {
    /// Business only.
    legal_name: Option<String>,
    address: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    /// ISO 3166 two-letter code.
    country: Option<String>,
    /// Business only. Optional if `vat_exempt` is true.
    vat_number: Option<String>,
    vat_exempt: bool,
    legal_contact: Option<String>,
    protection_officer: OfficerBody,
}

impl From<LegalInformation> for LegalBody {
    fn from(view: LegalInformation) -> Self {
        Self {
            legal_name: view.legal_name,
            address: view.address,
            postal_code: view.postal_code,
            city: view.city,
            country: Some(view.country),
            vat_number: view.vat_number,
            vat_exempt: view.vat_exempt,
            legal_contact: view.legal_contact,
            protection_officer: OfficerBody {
                name: view.officer_name,
                position: view.officer_position,
                phone: view.officer_phone,
            },
        }
    }
}

/// Legal information of an organization, for its Owners and Managers.
#[utoipa::path(get, path = "/orgs/{org}/legal", tag = "organizations", params(("org" = String, Path)),
    responses((status = 200, body = LegalBody), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn legal(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
) -> Result<Json<LegalBody>, Problem> {
    Ok(Json(usecase::settings::legal(&ctx, &by, &org).await?.into()))
}

/// Sets all of it. Owners only.
#[utoipa::path(put, path = "/orgs/{org}/legal", tag = "organizations", request_body = LegalBody, params(("org" = String, Path)),
    responses((status = 200, body = LegalBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change_legal(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Json(body): Json<LegalBody>,
) -> Result<Json<LegalBody>, Problem> {
    let form = LegalForm {
        legal_name: body.legal_name.unwrap_or_default(),
        address: body.address.unwrap_or_default(),
        postal_code: body.postal_code.unwrap_or_default(),
        city: body.city.unwrap_or_default(),
        country: body.country.unwrap_or_default(),
        vat_number: body.vat_number.unwrap_or_default(),
        vat_exempt: body.vat_exempt,
        legal_contact: body.legal_contact.unwrap_or_default(),
        officer_name: body.protection_officer.name.unwrap_or_default(),
        officer_position: body.protection_officer.position.unwrap_or_default(),
        officer_phone: body.protection_officer.phone.unwrap_or_default(),
    };
    let (legal, _) = usecase::settings::change_legal(&ctx, &by, &org, &form, None).await?;
    Ok(Json(legal.into()))
}
