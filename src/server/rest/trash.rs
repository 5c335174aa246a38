//! `/resources/{id}/trash`, `…/restore`, `…/copy`, `…/assign`, `…/unassign`, and `/orgs/{org}/trash`.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{id::ResourceId, items::Items, refusal::Refusal},
    server::{
        context::{Ctx, Principal},
        error, usecase,
    },
    view::trash::TrashRow,
};

use super::{
    CurrentPerson, Json, PageBody, PageParams, Params,
    problem::Problem,
    resources::{ChildBody, ResourceBody},
    tasks::{TaskBody, undoing},
};

fn id(text: &str) -> error::Result<ResourceId> {
    text.parse().map_err(|_| Refusal::NotFound.into())
}

async fn shown(ctx: &Ctx, by: &Principal, id: &str) -> Result<Json<ResourceBody>, Problem> {
    Ok(Json(usecase::drive::show::show(ctx, by, id).await?.into()))
}

/// Moves a resource to the trash, with everything in it. It stays there for 30 days.
#[utoipa::path(post, path = "/resources/{id}/trash", tag = "drive", params(("id" = String, Path)),
    responses((status = 204, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn put(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
) -> Result<(StatusCode, HeaderMap), Problem> {
    let done = usecase::trash::put(&ctx, &by, &Items::one(id(&path)?)).await?;
    Ok((StatusCode::NO_CONTENT, undoing(done.undo.as_deref())))
}

/// Several resources of one organization.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ItemsBody {
    /// Their ids, 1 to 10,000.
    items: Vec<String>,
}

/// Moves several resources to the trash, all of them or none.
#[utoipa::path(post, path = "/resources/trash", tag = "drive", request_body = ItemsBody,
    responses((status = 204, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn put_all(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<ItemsBody>,
) -> Result<(StatusCode, HeaderMap), Problem> {
    let items = usecase::items(&body.items)?;
    let done = usecase::trash::put(&ctx, &by, &items).await?;
    Ok((StatusCode::NO_CONTENT, undoing(done.undo.as_deref())))
}

/// Restores several resources from the trash, all of them or none.
#[utoipa::path(post, path = "/resources/restore", tag = "drive", request_body = ItemsBody,
    responses((status = 200, body = PageBody<ChildBody>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn restore_all(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<ItemsBody>,
) -> Result<Json<PageBody<ChildBody>>, Problem> {
    let items = usecase::items(&body.items)?;
    let restored = usecase::trash::restore_shown(&ctx, &by, &items).await?;
    Ok(Json(PageBody { items: restored.into_iter().map(Into::into).collect(), next_cursor: None }))
}

/// Restores a resource from the trash to where it was, or to the root of the Drive if that no longer exists; with a
/// number added if its name is taken.
#[utoipa::path(post, path = "/resources/{id}/restore", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = ResourceBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn restore(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
) -> Result<Json<ResourceBody>, Problem> {
    usecase::trash::restore(&ctx, &by, &Items::one(id(&path)?)).await?;
    shown(&ctx, &by, &path).await
}

/// Deletes a resource for good; from the trash only.
#[utoipa::path(delete, path = "/resources/{id}", tag = "drive", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
) -> Result<StatusCode, Problem> {
    let item = id(&path)?;
    match usecase::trash::delete(&ctx, &by, &Items::one(item)).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        // `NotFound` also means "not in the trash". Somebody who sees the resource elsewhere may be told which of the two it is.
        Err(error::Error::Refused(Refusal::NotFound)) if usecase::drive::show::show(&ctx, &by, &path).await.is_ok() => {
            let text = "Only what is in the trash can be deleted for good. Move it to the trash first.";
            Err(Problem::new(StatusCode::CONFLICT, "conflict", text.to_owned()))
        }
        Err(other) => Err(other.into()),
    }
}

/// Something in the trash.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrashedBody {
    id: String,
    kind: &'static str,
    name: String,
    trashed_at: String,
    trashed_by: Option<String>,
    trashed_by_name: Option<String>,
    /// The container it was in, if the caller may see that.
    parent: Option<String>,
    /// When it is deleted for good.
    kept_until: String,
}

impl From<TrashRow> for TrashedBody {
    fn from(row: TrashRow) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind.as_str(),
            name: row.name,
            trashed_at: row.at.rfc3339(),
            trashed_by: row.by.map(|by| by.to_string()),
            trashed_by_name: row.by_name,
            parent: row.from.map(|crumb| crumb.id.to_string()),
            kept_until: row.kept_until.rfc3339(),
        }
    }
}

/// The trash of an organization, newest first; as far as the caller could put things there.
#[utoipa::path(get, path = "/orgs/{org}/trash", tag = "drive", params(("org" = String, Path), PageParams),
    responses((status = 200, body = PageBody<TrashedBody>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<PageBody<TrashedBody>>, Problem> {
    let limit = Some(params.limit.unwrap_or(usecase::DEFAULT_PAGE_SIZE));
    let view = usecase::trash::list(&ctx, &by, &org, &params.cursor, limit).await?;
    Ok(Json(PageBody::of(view.rows, Into::into)))
}

/// Deletes everything in the trash that the caller may delete.
#[utoipa::path(delete, path = "/orgs/{org}/trash", tag = "drive", params(("org" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn empty(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
) -> Result<StatusCode, Problem> {
    usecase::trash::empty(&ctx, &by, &org).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where to put a copy.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CopyBody {
    destination: String,
}

/// A copy, or the work that makes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum CopiedBody {
    /// The copy.
    Resource(Box<ResourceBody>),
    /// The work; ask `/tasks/{id}` how far it is.
    Task(Box<TaskBody>),
}

/// Copies a resource with everything in it, inside its organization. Up to 2,000 items are copied at once (201); more
/// are copied in the background (202), and appear when the copy is complete.
#[utoipa::path(post, path = "/resources/{id}/copy", tag = "drive", params(("id" = String, Path)), request_body = CopyBody,
    responses((status = 201, body = ResourceBody), (status = 202, body = TaskBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn copy(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
    Json(body): Json<CopyBody>,
) -> Result<(StatusCode, Json<CopiedBody>), Problem> {
    let (item, destination) = (id(&path)?, usecase::id("destination", &body.destination)?);
    let copied = usecase::copy::copy(&ctx, &by, &Items::one(item), destination).await?;
    match (copied.made.into_iter().next(), copied.tasks.into_iter().next()) {
        (Some((made, _)), _) => Ok((StatusCode::CREATED, Json(CopiedBody::Resource(Box::new(made.into()))))),
        (None, Some(task)) => Ok((StatusCode::ACCEPTED, Json(CopiedBody::Task(Box::new(task.into()))))),
        (None, None) => Err(Problem::refusal(&Refusal::NotFound)),
    }
}

/// Which site.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AssignBody {
    /// A site's id; or
    site: String,
    /// the name of a site, existing or new.
    site_name: String,
}

/// Assigns a dataset to a site. A site with a new name is created next to it.
#[utoipa::path(post, path = "/resources/{id}/assign", tag = "drive", params(("id" = String, Path)), request_body = AssignBody,
    responses((status = 200, body = ResourceBody, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn assign(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
    Json(body): Json<AssignBody>,
) -> Result<(HeaderMap, Json<ResourceBody>), Problem> {
    let item = id(&path)?;
    // First of all the caller must see the resource: an error about the site would reveal that the resource exists.
    usecase::drive::show::show(&ctx, &by, &path).await?;
    let site = usecase::site::wanted(&body.site, &body.site_name)?;
    let assigned = usecase::site::assign(&ctx, &by, &Items::one(item), &site).await?;
    Ok((undoing(assigned.undo.as_deref()), shown(&ctx, &by, &path).await?))
}

/// Removes a dataset from its site, to the container of the site.
#[utoipa::path(post, path = "/resources/{id}/unassign", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = ResourceBody, headers(("undo-token" = String, description = "How to undo it: see `POST /undo`"))), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn unassign(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
) -> Result<(HeaderMap, Json<ResourceBody>), Problem> {
    let taken = usecase::site::unassign(&ctx, &by, &Items::one(id(&path)?)).await?;
    Ok((undoing(taken.undo.as_deref()), shown(&ctx, &by, &path).await?))
}
