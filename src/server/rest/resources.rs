//! `/resources`.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    server::{
        context::Ctx,
        usecase::{
            self,
            drive::{change::NewResourceForm, list::ListQuery},
            search::SearchQuery,
        },
    },
    view::{Crumb, DatasetView, ResourceView, RowView},
};

use super::{CurrentPerson, Json, PageBody, Params, problem::Problem, tasks::undoing};

/// What a dataset has besides a name.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatasetBody {
    status: &'static str,
    images: i64,
    bytes: i64,
    cluster: String,
    captured_on: Option<String>,
    /// How many files it has. With any, `images` and `bytes` follow from them.
    files: i64,
}

impl From<DatasetView> for DatasetBody {
    fn from(view: DatasetView) -> Self {
        Self {
            status: view.status.as_str(),
            images: view.images,
            bytes: view.bytes,
            cluster: view.cluster,
            captured_on: view.captured_on.map(crate::domain::time::Day::iso),
            files: view.files,
        }
    }
}

/// A step of a path.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrumbBody {
    id: String,
    name: String,
}

impl From<Crumb> for CrumbBody {
    fn from(crumb: Crumb) -> Self {
        Self { id: crumb.id.to_string(), name: crumb.name }
    }
}

/// A root, folder, site, asset or dataset.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceBody {
    id: String,
    /// `root`, `folder`, `site`, `asset` or `dataset`.
    kind: &'static str,
    name: String,
    organization: String,
    account: String,
    parent: Option<String>,
    /// From the topmost resource that the caller may see down to this one.
    path: Vec<CrumbBody>,
    /// The caller's level: `reader`, `uploader`, `editor` or `manager`.
    level: &'static str,
    /// `inherited`, `direct` or `carried`.
    access: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<DatasetBody>,
    created_at: String,
    modified_at: String,
    created_by: Option<String>,
    children_count: u64,
}

impl From<ResourceView> for ResourceBody {
    fn from(view: ResourceView) -> Self {
        Self {
            id: view.id.to_string(),
            kind: view.kind.as_str(),
            name: view.name,
            organization: view.organization.to_string(),
            account: view.account.to_string(),
            parent: view.parent.map(|id| id.to_string()),
            path: view.path.into_iter().map(Into::into).collect(),
            level: view.level.as_str(),
            access: view.access.as_str(),
            dataset: view.dataset.map(Into::into),
            created_at: view.created_at.rfc3339(),
            modified_at: view.modified_at.rfc3339(),
            created_by: view.created_by.map(|id| id.to_string()),
            children_count: view.children_count,
        }
    }
}

/// The details of a dataset.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewDatasetBody {
    images: Option<i64>,
    bytes: Option<i64>,
    /// A day like `2026-11-21`.
    captured_on: Option<String>,
    cluster: Option<String>,
}

/// A new resource in a container.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewResourceBody {
    parent: String,
    /// `folder`, `site`, `asset` or `dataset`.
    kind: String,
    name: String,
    /// Datasets only.
    dataset: Option<NewDatasetBody>,
}

/// Creates a folder, site, asset or dataset.
#[utoipa::path(post, path = "/resources", tag = "drive", request_body = NewResourceBody,
    responses((status = 201, body = ResourceBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<NewResourceBody>,
) -> Result<(StatusCode, Json<ResourceBody>), Problem> {
    let dataset = body.dataset.unwrap_or_default();
    let text = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let form = NewResourceForm {
        parent: body.parent,
        kind: body.kind,
        name: body.name,
        images: text(dataset.images),
        bytes: text(dataset.bytes),
        captured_on: dataset.captured_on.unwrap_or_default(),
        cluster: dataset.cluster.unwrap_or_default(),
    };
    let created = usecase::drive::change::create(&ctx, &by, &form).await?;
    Ok((StatusCode::CREATED, Json(created.resource.into())))
}

/// As whom something is looked at.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct AsParams {
    /// A person's id, to answer as that person would see it. For Owners and Managers of the organization.
    #[serde(rename = "as")]
    #[param(rename = "as")]
    view_as: String,
}

/// One resource.
#[utoipa::path(get, path = "/resources/{id}", tag = "drive", params(("id" = String, Path), AsParams),
    responses((status = 200, body = ResourceBody), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(params): Params<AsParams>,
) -> Result<Json<ResourceBody>, Problem> {
    Ok(Json(usecase::drive::show::show_as(&ctx, &by, &id, &params.view_as).await?.into()))
}

/// A new name.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RenameBody {
    name: String,
}

/// Gives a resource another name.
#[utoipa::path(patch, path = "/resources/{id}", tag = "drive", params(("id" = String, Path)), request_body = RenameBody,
    responses((status = 200, body = ResourceBody, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn rename(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(body): Json<RenameBody>,
) -> Result<(HeaderMap, Json<ResourceBody>), Problem> {
    let (changed, undo) = usecase::drive::change::rename_with_undo(&ctx, &by, &id, &body.name).await?;
    Ok((undoing(undo.as_deref()), Json(changed.resource.into())))
}

/// What is to be changed about a dataset without files; what is not sent stays.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DatasetChangeBody {
    /// The number of images. Fixed while a job works on them.
    images: Option<i64>,
    /// How large it is.
    bytes: Option<i64>,
    /// A day like `2026-11-21`; empty for none.
    captured_on: Option<String>,
}

/// Changes `images`, `bytes` and `captured_on` of a dataset, for Editors and credential keys with the scope `write`. Its status follows
/// from its jobs.
#[utoipa::path(patch, path = "/resources/{id}/dataset", tag = "drive", params(("id" = String, Path)), request_body = DatasetChangeBody,
    responses((status = 200, body = ResourceBody), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change_dataset(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(body): Json<DatasetChangeBody>,
) -> Result<Json<ResourceBody>, Problem> {
    let facts = usecase::dataset::FactsForm { images: body.images, bytes: body.bytes, captured_on: body.captured_on };
    Ok(Json(usecase::dataset::change_facts(&ctx, &by, &id, &facts).await?.into()))
}

/// The status that a dataset has now.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatasetStatusSetBody {
    /// `waiting_for_credits` if the balance was too low.
    pub status: &'static str,
    /// What was charged; negative for a refund.
    pub charged: super::loans::UsedBody,
}

/// One row of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChildBody {
    id: String,
    kind: &'static str,
    name: String,
    access: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<DatasetBody>,
    created_at: String,
    modified_at: String,
    /// The caller's level: `reader`, `uploader`, `editor` or `manager`.
    level: &'static str,
    /// What it is in: in search results only, if the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<CrumbBody>,
}

impl From<RowView> for ChildBody {
    fn from(row: RowView) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind.as_str(),
            name: row.name,
            access: row.access.as_str(),
            dataset: row.dataset.map(Into::into),
            created_at: row.created_at.rfc3339(),
            modified_at: row.modified_at.rfc3339(),
            level: row.level.as_str(),
            place: row.place.map(Into::into),
        }
    }
}

/// What is in a container.
#[utoipa::path(get, path = "/resources/{id}/children", tag = "drive", params(("id" = String, Path), ListQuery),
    responses((status = 200, body = PageBody<ChildBody>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn children(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(query): Params<ListQuery>,
) -> Result<Json<PageBody<ChildBody>>, Problem> {
    Ok(Json(PageBody::of(usecase::drive::list::children(&ctx, &by, &id, &query).await?, Into::into)))
}

/// Which page of what is shared.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct SharedParams {
    /// Where the page starts: `next_cursor` of the one before.
    cursor: String,
    /// 1 to 200. Default: 50.
    limit: Option<i64>,
    /// A person's id, to answer as that person would see it. For Owners and Managers of the organization.
    #[serde(rename = "as")]
    #[param(rename = "as")]
    view_as: String,
}

/// What was shared with the caller in an organization: everything on which they, or an organization of theirs, were given
/// access; folders first, by name.
#[utoipa::path(get, path = "/orgs/{org}/shared", tag = "drive", params(("org" = String, Path), SharedParams),
    responses((status = 200, body = PageBody<ChildBody>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn shared(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(params): Params<SharedParams>,
) -> Result<Json<PageBody<ChildBody>>, Problem> {
    let SharedParams { cursor, limit, view_as } = params;
    let page = usecase::drive::list::shared_with_me(&ctx, &by, &org, &cursor, limit, &view_as).await?;
    Ok(Json(PageBody::of(page, Into::into)))
}

/// Searches the names of everything in an organization that the caller may see. A page with fewer items than requested
/// may still have a next page: see `next_cursor`.
#[utoipa::path(get, path = "/orgs/{org}/search", tag = "drive", params(("org" = String, Path), SearchQuery),
    responses((status = 200, body = PageBody<ChildBody>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn search(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(query): Params<SearchQuery>,
) -> Result<Json<PageBody<ChildBody>>, Problem> {
    Ok(Json(PageBody::of(usecase::search::search(&ctx, &by, &org, &query).await?, Into::into)))
}
