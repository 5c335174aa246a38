//! `/orgs/{org}/licences` and `/licences/{id}/ledger`.

use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        licence::{Amount, Family, Model},
        view::{EntryView, LicenceView},
    },
    server::{
        context::{Actor, Ctx},
        usecase,
    },
};

use super::{ByAny, Json, PageBody, PageParams, Params, problem::Problem};

/// What there is in all and what has been used of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageBody {
    total: i64,
    used: i64,
}

/// A licence.
#[derive(Debug, Serialize, ToSchema)]
pub struct LicenceBody {
    id: String,
    product: &'static str,
    /// `desktop` or `cloud`.
    family: &'static str,
    /// The product's name without its family; the same as `product`.
    tier: &'static str,
    /// `images_projects` or `credits`; null for desktop.
    model: Option<&'static str>,
    /// Images & Projects only.
    images: Option<UsageBody>,
    /// Images & Projects only.
    projects: Option<UsageBody>,
    /// What is left; Credits only.
    credits: Option<i64>,
    seats: Option<i64>,
    /// `upcoming`, `active` or `expired`.
    state: &'static str,
    active_from: String,
    active_until: Option<String>,
    account: String,
    /// How many seats are given or taken; desktop only, and not while it is lent to another organization.
    seats_used: Option<u64>,
    /// That it is lent to, or borrowed from, another account now (ACCT-3).
    loan: Option<LoanTermBody>,
}

/// That a licence is lent, or borrowed.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoanTermBody {
    /// The loan.
    id: String,
    /// `lent`: who owns it cannot use it. `borrowed`: it is another organization's.
    direction: &'static str,
    /// The organization on the other side.
    organization: String,
    /// The Sharing ID on the other side.
    sharing_id: String,
    /// Its last day.
    until: String,
}

impl From<LicenceView> for LicenceBody {
    fn from(view: LicenceView) -> Self {
        let by_images = view.model == Some(Model::ImagesProjects);
        let usage = |part: fn(&Amount) -> i64| {
            by_images.then(|| UsageBody { total: part(&view.total), used: part(&view.used) })
        };
        Self {
            id: view.id.to_string(),
            product: view.product.word(),
            family: match view.product.family() {
                Family::Desktop => "desktop",
                Family::Cloud => "cloud",
            },
            tier: view.product.word(),
            model: view.model.map(Model::word),
            images: usage(|amount| amount.images),
            projects: usage(|amount| amount.projects),
            credits: (view.model == Some(Model::Credits)).then_some(view.left.credits),
            seats: view.seats,
            state: view.state.word(),
            active_from: view.active_from.rfc3339(),
            active_until: view.active_until.map(crate::domain::time::Timestamp::rfc3339),
            account: view.account.to_string(),
            seats_used: view.seats_used,
            loan: view.loan.map(|loan| LoanTermBody {
                id: loan.id.to_string(),
                direction: loan.direction.word(),
                organization: loan.other,
                sharing_id: loan.sharing_id,
                until: loan.until.iso(),
            }),
        }
    }
}

/// The licences of an organization.
#[utoipa::path(get, path = "/orgs/{org}/licences", tag = "licences", params(("org" = String, Path)),
    responses((status = 200, body = PageBody<LicenceBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    ByAny(by): ByAny,
    Path(org): Path<String>,
) -> Result<Json<PageBody<LicenceBody>>, Problem> {
    let licences = match by {
        Actor::Person(by) => usecase::licence::list(&ctx, &by, &org).await?,
        Actor::Key(by) => usecase::licence::list_by_key(&ctx, &by, &org).await?,
    };
    let items = licences.into_iter().map(Into::into).collect();
    Ok(Json(PageBody { items, next_cursor: None }))
}

/// One change of what is left of a licence.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryBody {
    at: String,
    /// `grant`, `spend`, `refund`, `transfer_out` or `transfer_in`.
    kind: &'static str,
    images: i64,
    projects: i64,
    credits: i64,
    transfer: Option<String>,
    resource: Option<String>,
}

impl From<EntryView> for EntryBody {
    fn from(entry: EntryView) -> Self {
        Self {
            at: entry.at.rfc3339(),
            kind: entry.kind.word(),
            images: entry.change.images,
            projects: entry.change.projects,
            credits: entry.change.credits,
            transfer: entry.transfer.map(|id| id.to_string()),
            resource: entry.resource.map(|id| id.to_string()),
        }
    }
}

/// A licence's ledger, newest first.
#[utoipa::path(get, path = "/licences/{id}/ledger", tag = "licences", params(("id" = String, Path), PageParams),
    responses((status = 200, body = PageBody<EntryBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn ledger(
    State(ctx): State<Ctx>,
    ByAny(by): ByAny,
    Path(id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<PageBody<EntryBody>>, Problem> {
    let id: crate::domain::id::LicenceId =
        id.parse().map_err(|_| Problem::refusal(&crate::domain::refusal::Refusal::NotFound))?;
    let page = match by {
        Actor::Person(by) => usecase::licence::ledger(&ctx, &by, &id.to_string(), &params.cursor, params.limit).await?,
        Actor::Key(by) => {
            usecase::licence::ledger_by_key(&ctx, &by, &id.to_string(), &params.cursor, params.limit).await?
        }
    };
    Ok(Json(PageBody::of(page, Into::into)))
}
