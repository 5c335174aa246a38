//! `/resources/{id}/restrictions`.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::restriction::Restrictions,
    server::{
        context::Ctx,
        usecase::{self, restriction},
    },
    view::restriction::RestrictionsView,
};

use super::{CurrentPerson, Json, problem::Problem};

/// Restrictions on a resource: true for what is forbidden.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RestrictionsBody {
    /// No one may copy it.
    copy: bool,
    /// Only Managers of it may delete it.
    delete: bool,
    /// No one may download it.
    download: bool,
}

impl From<Restrictions> for RestrictionsBody {
    fn from(Restrictions { copy, delete, download }: Restrictions) -> Self {
        Self { copy, delete, download }
    }
}

/// Where a restriction comes from.
#[derive(Debug, Serialize, ToSchema)]
pub struct OriginBody {
    /// `copy`, `delete` or `download`.
    restriction: &'static str,
    /// The resource that sets it; null if the caller does not see it.
    resource: Option<String>,
    /// Its name, or "a folder above" if the caller does not see it.
    name: String,
}

/// The restrictions of a resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct RestrictedBody {
    /// The restrictions set on the resource itself, as set by PUT.
    copy: bool,
    /// See `copy`.
    delete: bool,
    /// See `copy`.
    download: bool,
    /// The restrictions that apply, including those from above.
    effective: RestrictionsBody,
    /// Where each restriction comes from.
    sources: Vec<OriginBody>,
}

impl From<RestrictionsView> for RestrictedBody {
    fn from(view: RestrictionsView) -> Self {
        let sources = view.origins.into_iter().map(|origin| {
            let (resource, name) = origin.from.unzip();
            OriginBody {
                restriction: origin.what.as_str(),
                resource: resource.map(|id| id.to_string()),
                name: name.unwrap_or_else(|| "a folder above".to_owned()),
            }
        });
        Self {
            copy: view.own.copy,
            delete: view.own.delete,
            download: view.own.download,
            effective: view.effective.into(),
            sources: sources.collect(),
        }
    }
}

/// The restrictions on a resource, and where they come from.
#[utoipa::path(get, path = "/resources/{id}/restrictions", tag = "drive", params(("id" = String, Path)),
    responses((status = 200, body = RestrictedBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<Json<RestrictedBody>, Problem> {
    Ok(Json(restriction::show(&ctx, &by, &id).await?.into()))
}

/// Sets the restrictions on a resource and everything in it. What is left out is not restricted.
#[utoipa::path(put, path = "/resources/{id}/restrictions", tag = "drive", params(("id" = String, Path)), request_body = RestrictionsBody,
    responses((status = 200, body = RestrictedBody), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn change(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Json(body): Json<RestrictionsBody>,
) -> Result<Json<RestrictedBody>, Problem> {
    let RestrictionsBody { copy, delete, download } = body;
    let changed = usecase::restriction::update(&ctx, &by, &id, Restrictions { copy, delete, download }).await?;
    Ok(Json(changed.into()))
}
