//! `/orgs/{org}/licences`, `/licences/{id}/ledger` and its export.

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        licence::{Amount, Family, Model},
        spreadsheet::escape_formula,
    },
    server::{
        context::Ctx,
        error::Result as Answer,
        usecase::{
            self,
            licence::ledger::{Export, LedgerQuery, MAX_EXPORT_ROWS},
        },
    },
    view::{EntryView, LicenceView},
};

use super::{
    CurrentPerson, Json, PageBody, Params,
    export::{self, Format, Row, Rows},
    problem::Problem,
};

/// The total amount, and what has been used of it.
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
    /// Whether it was given for a while to try it out.
    trial: bool,
    /// `upcoming`, `active` or `expired`.
    state: &'static str,
    active_from: String,
    active_until: Option<String>,
    account: String,
    /// How many seats are given or taken; desktop only, and null while it is lent to another organization.
    seats_used: Option<u64>,
    /// The loan to or from another account that is running now (ACCT-3).
    loan: Option<LoanTermBody>,
}

/// That a licence is lent, or borrowed.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoanTermBody {
    /// The loan.
    id: String,
    /// `lent`: its owner cannot use it. `borrowed`: it belongs to another organization.
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
            product: view.product.as_str(),
            family: match view.product.family() {
                Family::Desktop => "desktop",
                Family::Cloud => "cloud",
            },
            tier: view.product.as_str(),
            model: view.model.map(Model::as_str),
            images: usage(|amount| amount.images),
            projects: usage(|amount| amount.projects),
            credits: (view.model == Some(Model::Credits)).then_some(view.left.credits),
            seats: view.seats,
            trial: view.trial,
            state: view.state.as_str(),
            active_from: view.active_from.rfc3339(),
            active_until: view.active_until.map(crate::domain::time::Timestamp::rfc3339),
            account: view.account.to_string(),
            seats_used: view.seats_used,
            loan: view.loan.map(|loan| LoanTermBody {
                id: loan.id.to_string(),
                direction: loan.direction.as_str(),
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
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
) -> Result<Json<PageBody<LicenceBody>>, Problem> {
    let items = usecase::licence::list::list(&ctx, &by, &org).await?.into_iter().map(Into::into).collect();
    Ok(Json(PageBody { items, next_cursor: None }))
}

/// One change of what is left of a licence.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryBody {
    /// Its number in the books of the licence, from 1.
    number: i64,
    at: String,
    /// `grant`, `spend`, `refund`, `transfer_out` or `transfer_in`.
    kind: &'static str,
    images: i64,
    projects: i64,
    credits: i64,
    /// What was left after it.
    images_after: i64,
    /// What was left after it.
    projects_after: i64,
    /// What was left after it.
    credits_after: i64,
    transfer: Option<String>,
    resource: Option<String>,
    /// What that is called, while it is in the organization.
    resource_name: Option<String>,
    /// The job it is about.
    job: Option<String>,
    /// What the app of that job is called.
    app_title: Option<String>,
}

impl From<EntryView> for EntryBody {
    fn from(entry: EntryView) -> Self {
        Self {
            number: entry.number,
            at: entry.at.rfc3339(),
            kind: entry.kind.as_str(),
            images: entry.change.images,
            projects: entry.change.projects,
            credits: entry.change.credits,
            images_after: entry.left.images,
            projects_after: entry.left.projects,
            credits_after: entry.left.credits,
            transfer: entry.transfer.map(|id| id.to_string()),
            resource: entry.resource.map(|id| id.to_string()),
            resource_name: entry.resource_name,
            job: entry.job.map(|id| id.to_string()),
            app_title: entry.app_title,
        }
    }
}

/// A licence's ledger, newest first.
#[utoipa::path(get, path = "/licences/{id}/ledger", tag = "licences", params(("id" = String, Path), LedgerQuery),
    responses((status = 200, body = PageBody<EntryBody>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn ledger(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(query): Params<LedgerQuery>,
) -> Result<Json<PageBody<EntryBody>>, Problem> {
    Ok(Json(PageBody::of(usecase::licence::ledger::ledger(&ctx, &by, &id, &query).await?, Into::into)))
}

/// Which entries, and as what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ExportParams {
    /// `csv` or `json`. Default: `csv`.
    format: Option<String>,
    /// `grant`, `spend`, `refund`, `transfer_out` or `transfer_in`.
    kind: Option<String>,
    /// A day: not before it.
    from: Option<String>,
    /// A day: not after it.
    to: Option<String>,
}

/// A licence's ledger as a file, newest first: at most 100,000 entries, as the header `x-row-limit` says; `x-truncated`
/// says whether there are more.
#[utoipa::path(get, path = "/licences/{id}/ledger/export", tag = "licences", params(("id" = String, Path), ExportParams),
    responses((status = 200, description = "The file"), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let ExportParams { format, kind, from, to } = params;
    let query = LedgerQuery { kind, from, to, ..LedgerQuery::default() };
    let export = usecase::licence::ledger::begin_export(&ctx, &by, &id, &query).await?;
    let format = Format::read(format.as_deref())?;
    let (name, truncated) = (format!("ledger-{}", export.licence()), export.truncated);
    Ok(export::answer(ctx, export, format, &name, MAX_EXPORT_ROWS, truncated))
}

impl Rows for Export {
    type Row = EntryBody;

    async fn part(&mut self, ctx: &Ctx) -> Answer<Vec<EntryBody>> {
        Ok(self.next(ctx).await?.into_iter().map(Into::into).collect())
    }
}

impl Row for EntryBody {
    const HEADER: &'static [&'static str] = &[
        "number",
        "at",
        "kind",
        "images",
        "projects",
        "credits",
        "images_after",
        "projects_after",
        "credits_after",
        "transfer",
        "resource",
        "resource_name",
        "job",
        "app_title",
    ];

    fn cells(self) -> Vec<String> {
        // Only the names are text that people wrote. Numbers are not escaped, so that negative ones stay numbers.
        vec![
            self.number.to_string(),
            self.at,
            self.kind.to_owned(),
            self.images.to_string(),
            self.projects.to_string(),
            self.credits.to_string(),
            self.images_after.to_string(),
            self.projects_after.to_string(),
            self.credits_after.to_string(),
            self.transfer.unwrap_or_default(),
            self.resource.unwrap_or_default(),
            escape_formula(self.resource_name.unwrap_or_default()),
            self.job.unwrap_or_default(),
            escape_formula(self.app_title.unwrap_or_default()),
        ]
    }
}
