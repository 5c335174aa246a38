//! `/orgs/{org}/loans` and `/loans/{id}`: licences lent and borrowed (ACCT-3).

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{licence::Amount, loan::LoanEnd, time::Timestamp},
    server::{
        context::Ctx,
        usecase::loan::{self, LoanForm},
    },
    view::loan::LoanView,
};

use super::{CurrentPerson, Json, PageBody, PageParams, Params, problem::Problem};

/// What was used of a licence during a loan.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsedBody {
    images: i64,
    projects: i64,
    credits: i64,
}

impl std::convert::From<Amount> for UsedBody {
    fn from(amount: Amount) -> Self {
        Self { images: amount.images, projects: amount.projects, credits: amount.credits }
    }
}

/// A loan, as seen from the organization in the path.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoanBody {
    id: String,
    /// `lent` or `borrowed`.
    direction: &'static str,
    licence: String,
    product: &'static str,
    /// `images_projects` or `credits`; null for desktop.
    model: Option<&'static str>,
    seats: Option<i64>,
    /// The organization on the other side.
    organization: String,
    /// The Sharing ID on the other side.
    sharing_id: String,
    /// The Sharing ID on this side.
    own_sharing_id: String,
    lent_by: String,
    lent_at: String,
    /// Its last day.
    until: String,
    /// `running`, `called_back`, `returned` or `ran_out`.
    state: &'static str,
    ended_at: Option<String>,
    used: UsedBody,
}

impl LoanBody {
    fn of(view: LoanView, now: Timestamp) -> Self {
        let end = view.term.end(now);
        Self {
            id: view.id.to_string(),
            direction: view.direction.as_str(),
            licence: view.licence.to_string(),
            product: view.product.as_str(),
            model: view.model.map(crate::domain::licence::Model::as_str),
            seats: view.seats,
            organization: view.other,
            sharing_id: view.other_sharing_id,
            own_sharing_id: view.own_sharing_id,
            lent_by: view.lent_by,
            lent_at: view.term.lent_at.rfc3339(),
            until: view.term.last_day().iso(),
            state: end.map_or("running", |(_, how)| LoanEnd::as_str(how)),
            ended_at: end.map(|(at, _)| at.rfc3339()),
            used: view.used.into(),
        }
    }
}

/// The licences that an organization lends and borrows, or did, newest first.
#[utoipa::path(get, path = "/orgs/{org}/loans", tag = "licences", params(("org" = String, Path), PageParams),
    responses((status = 200, body = PageBody<LoanBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<PageBody<LoanBody>>, Problem> {
    let page = loan::list(&ctx, &by, &org, &params.cursor, params.limit).await?;
    let now = ctx.now();
    Ok(Json(PageBody::of(page, |view| LoanBody::of(view, now))))
}

/// A licence to lend.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewLoanBody {
    /// The id of an active licence of this organization.
    licence: String,
    /// The Sharing ID of the borrower, in any case.
    sharing_id: String,
    /// The last day, like `2026-12-31`.
    until: String,
}

/// Lends a licence to the account with a Sharing ID. Until the end of the last day, only that account can use it.
#[utoipa::path(post, path = "/orgs/{org}/loans", tag = "licences", params(("org" = String, Path)), request_body = NewLoanBody,
    responses((status = 201, body = LoanBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Json(body): Json<NewLoanBody>,
) -> Result<(StatusCode, Json<LoanBody>), Problem> {
    let form = LoanForm { licence: body.licence, sharing_id: body.sharing_id, until: body.until };
    let view = loan::lend(&ctx, &by, &org, &form).await?;
    Ok((StatusCode::CREATED, Json(LoanBody::of(view, ctx.now()))))
}

/// Ends a loan now: the lender calls it back, or the borrower returns it. What was used is not given back.
#[utoipa::path(delete, path = "/loans/{id}", tag = "licences", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn end(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    loan::end(&ctx, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
