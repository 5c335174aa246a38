//! `/orgs/{org}/accounts`: the accounts of an organization.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{account::AccountForm, id::ResourceId, items::Items, refusal::Refusal},
    server::{
        context::Ctx,
        usecase::{accounts, copy},
    },
    view::accounts::AccountRow,
};

use super::{CurrentPerson, Json, PageBody, orgs::AccountBody, problem::Problem, tasks::TaskBody};

impl From<AccountRow> for AccountBody {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id.to_string(),
            account_id: row.account_id,
            name: row.name,
            sharing_id: row.sharing_id,
            root: row.root.to_string(),
        }
    }
}

/// A new account, or changes to one. For changes, fields that are not sent stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccountChangeBody {
    name: Option<String>,
    /// 2 to 40 letters, digits and single hyphens; unique in the organization regardless of case. Made from the name if
    /// it is empty or not given for a new account.
    account_id: Option<String>,
}

impl From<AccountChangeBody> for AccountForm {
    fn from(body: AccountChangeBody) -> Self {
        Self { name: body.name, account_id: body.account_id }
    }
}

/// The accounts of an organization whose Drives I see, oldest first.
#[utoipa::path(get, path = "/orgs/{org}/accounts", tag = "organizations", params(("org" = String, Path)),
    responses((status = 200, body = PageBody<AccountBody>), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
) -> Result<Json<PageBody<AccountBody>>, Problem> {
    let items = accounts::list(&ctx, &by, &org).await?.into_iter().map(Into::into).collect();
    Ok(Json(PageBody { items, next_cursor: None }))
}

/// Creates an account, if the plan allows it. Owners and Managers.
#[utoipa::path(post, path = "/orgs/{org}/accounts", tag = "organizations", request_body = AccountChangeBody,
    params(("org" = String, Path)),
    responses((status = 201, body = AccountBody), (status = 402, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Json(body): Json<AccountChangeBody>,
) -> Result<(StatusCode, Json<AccountBody>), Problem> {
    let row = accounts::create(&ctx, &by, &org, &body.into()).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Changes name and Account ID of an account. Owners and Managers.
#[utoipa::path(patch, path = "/orgs/{org}/accounts/{id}", tag = "organizations", request_body = AccountChangeBody,
    params(("org" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = AccountBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, id)): Path<(String, String)>,
    Json(body): Json<AccountChangeBody>,
) -> Result<Json<AccountBody>, Problem> {
    Ok(Json(accounts::change(&ctx, &by, &org, &id, &body.into()).await?.into()))
}

/// Deletes an account that is empty, has no bought licence that has not ended, and is not the last.
#[utoipa::path(delete, path = "/orgs/{org}/accounts/{id}", tag = "organizations", params(("org" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    accounts::delete(&ctx, &by, &org, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The recipient of a copy.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShareCopyBody {
    /// Org ID, slash, Account ID, in any case.
    sharing_id: String,
}

/// The result of sharing a copy.
#[derive(Debug, Serialize, ToSchema)]
pub struct SharedCopyBody {
    /// How many copies are complete.
    copies: u64,
    /// The task that makes a copy; its progress is at `/tasks/{id}`.
    task: Option<TaskBody>,
}

/// Shares a copy of a resource and everything in it with the account that has a Sharing ID, in any organization. It
/// appears in the root of that account's Drive. Up to 2,000 items are copied at once (201); more in the background
/// (202). Access and links are not copied. Owners and Managers.
#[utoipa::path(post, path = "/resources/{id}/share-copy", tag = "drive", params(("id" = String, Path)), request_body = ShareCopyBody,
    responses((status = 201, body = SharedCopyBody), (status = 202, body = SharedCopyBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn share_copy(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(path): Path<String>,
    Json(body): Json<ShareCopyBody>,
) -> Result<(StatusCode, Json<SharedCopyBody>), Problem> {
    let item: ResourceId = path.parse().map_err(|_| Problem::refusal(&Refusal::NotFound))?;
    let shared = copy::share(&ctx, &by, &Items::one(item), &body.sharing_id).await?;
    let task = shared.tasks.into_iter().next().map(Into::into);
    let status = if task.is_some() { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    Ok((status, Json(SharedCopyBody { copies: shared.made, task })))
}
