//! `/transfers`: the plan, the transfer, the receipt.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{
        licence::Model,
        transfer::{AccessChange, Grantee, Plan, Scope, SideEffect},
    },
    server::{context::Ctx, usecase},
    view::{Control, ReceiptView},
};

use super::{
    CurrentPerson, Json,
    problem::{BlockerBody, Problem},
    tasks::{TaskBody, undoing},
};

/// The items to move, and the destination.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlanRequest {
    /// Ids of resources of one organization, each once; at most 10,000.
    items: Vec<String>,
    /// The id of a container.
    destination: String,
}

/// The items to move, and the destination.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TransferRequest {
    /// Ids of resources of one organization, each once; at most 10,000.
    items: Vec<String>,
    /// The id of a container.
    destination: String,
    /// The plan's digest: if the facts have changed since, nothing is done.
    digest: Option<String>,
    /// Whether to run in the background: then the response is a task.
    background: bool,
}

/// The effect on one side's ledger. Images and projects are null if the side is not on Images & Projects, credits if it
/// is not on Credits.
#[derive(Debug, Serialize, ToSchema)]
pub struct SideBody {
    organization: String,
    name: String,
    model: Option<&'static str>,
    /// Images used before.
    images_before: Option<i64>,
    /// Images used after.
    images_after: Option<i64>,
    /// Projects used before.
    projects_before: Option<i64>,
    /// Projects used after.
    projects_after: Option<i64>,
    /// Credits left before.
    credits_before: Option<i64>,
    /// Credits left after.
    credits_after: Option<i64>,
}

impl From<&SideEffect> for SideBody {
    fn from(side: &SideEffect) -> Self {
        let (before, after) = side.used();
        let images = side.model == Some(Model::ImagesProjects);
        let credits = side.model == Some(Model::Credits);
        Self {
            organization: side.organization.to_string(),
            name: side.name.clone(),
            model: side.model.map(Model::as_str),
            images_before: images.then_some(before.images),
            images_after: images.then_some(after.images),
            projects_before: images.then_some(before.projects),
            projects_after: images.then_some(after.projects),
            credits_before: credits.then_some(side.left_before.credits),
            credits_after: credits.then_some(side.left_after.credits),
        }
    }
}

/// A person who can reach the items now and will not afterwards.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonNameBody {
    person: String,
    name: String,
}

/// An item that is renamed because its name is taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct RenamedBody {
    id: String,
    from: String,
    to: String,
}

/// A person, or everyone in an organization, and their level.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReachedBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
    name: String,
    /// `reader`, `uploader`, `editor` or `manager`.
    level: &'static str,
}

impl From<&AccessChange> for ReachedBody {
    fn from(reached: &AccessChange) -> Self {
        let (person, organization) = match reached.grantee {
            Grantee::Person(id) => (Some(id.to_string()), None),
            Grantee::Organization(id) => (None, Some(id.to_string())),
        };
        Self { person, organization, name: reached.name.clone(), level: reached.level.as_str() }
    }
}

/// Other effects of the move.
#[derive(Debug, Serialize, ToSchema)]
pub struct EffectsBody {
    /// Like `images_projects_to_credits`; null within one organization.
    model_pair: Option<String>,
    source: Option<SideBody>,
    target: Option<SideBody>,
    /// How many share links stop working.
    links_stopped: u64,
    people_losing_access: Vec<PersonNameBody>,
    /// How many people lose access in all; the list may be shorter.
    people_losing_access_count: u64,
    /// Within one organization: who gets access, or more of it, by grants at the destination.
    gaining_access: Vec<ReachedBody>,
    /// Within one organization: who keeps access by a carried grant.
    keeping_access: Vec<ReachedBody>,
    /// Within one organization: who loses what they have by a grant, with the level they had.
    losing_access: Vec<ReachedBody>,
    renamed: Vec<RenamedBody>,
}

/// What a transfer would do, and what is in its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanBody {
    /// `within` or `between`.
    scope: &'static str,
    /// How many items move.
    items: usize,
    /// Folders, sites and assets that move, at any depth.
    folders: u64,
    datasets: u64,
    images: i64,
    blockers: Vec<BlockerBody>,
    /// How many more blockers there are than listed.
    more_blockers: u64,
    effects: EffectsBody,
    /// Send it back with the transfer.
    digest: Option<String>,
}

impl PlanBody {
    pub(super) fn of(plan: &Plan, digest: Option<String>) -> Self {
        let effects = &plan.effects;
        Self {
            scope: scope_word(plan.scope),
            items: plan.items.len(),
            folders: plan.folders,
            datasets: plan.datasets,
            images: plan.images,
            blockers: plan.blockers.iter().map(Into::into).collect(),
            more_blockers: plan.more_blockers,
            effects: EffectsBody {
                model_pair: effects
                    .model_pair
                    .map(|pair| format!("{}_to_{}", pair.source.as_str(), pair.target.as_str())),
                source: effects.source.as_ref().map(Into::into),
                target: effects.target.as_ref().map(Into::into),
                links_stopped: effects.links_stopped.total,
                people_losing_access: effects
                    .people_losing_access
                    .first
                    .iter()
                    .map(|person| PersonNameBody { person: person.id.to_string(), name: person.name.clone() })
                    .collect(),
                people_losing_access_count: effects.people_losing_access.total,
                gaining_access: effects.gaining.first.iter().map(Into::into).collect(),
                keeping_access: effects.keeping.first.iter().map(Into::into).collect(),
                losing_access: effects.losing.first.iter().map(Into::into).collect(),
                renamed: effects
                    .renamed
                    .iter()
                    .map(|renamed| RenamedBody {
                        id: renamed.id.to_string(),
                        from: renamed.from.clone(),
                        to: renamed.to.clone(),
                    })
                    .collect(),
            },
            digest,
        }
    }
}

const fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Within => "within",
        Scope::Between => "between",
    }
}

/// The plan of a transfer: every blocker and every effect. Nothing is changed.
#[utoipa::path(post, path = "/transfers/plan", tag = "transfers", request_body = PlanRequest,
    responses((status = 200, body = PlanBody), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn plan(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<PlanRequest>,
) -> Result<Json<PlanBody>, Problem> {
    let items = usecase::items(&body.items)?;
    let destination = usecase::id("destination", &body.destination)?;
    let view = usecase::transfer::plan(&ctx, &by, &items, destination).await?;
    Ok(Json(PlanBody::of(&view.plan, Some(view.digest))))
}

/// The receipt of a finished transfer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptBody {
    id: String,
    at: String,
    by: String,
    by_name: String,
    source: String,
    source_name: String,
    target: String,
    target_name: String,
    destination: String,
    /// Ids of the items that moved.
    moved: Vec<String>,
    /// The transfer that this one undid.
    undoes: Option<String>,
    /// The transfer that undid this one.
    undone_by: Option<String>,
    /// Whether the caller may undo it now.
    can_undo: bool,
    /// Why not, if it is currently not possible.
    why_not_undo: Option<String>,
    #[serde(flatten)]
    plan: PlanBody,
}

impl From<ReceiptView> for ReceiptBody {
    fn from(receipt: ReceiptView) -> Self {
        let why_not_undo = match &receipt.undo {
            Control::Disabled(reason) => Some(reason.clone()),
            Control::Enabled | Control::Absent => None,
        };
        Self {
            undoes: receipt.undoes.map(|id| id.to_string()),
            undone_by: receipt.undone_by.map(|id| id.to_string()),
            can_undo: receipt.undo == Control::Enabled,
            why_not_undo,
            id: receipt.id.to_string(),
            at: receipt.at.rfc3339(),
            by: receipt.by.to_string(),
            by_name: receipt.by_name,
            source: receipt.plan.source.to_string(),
            source_name: receipt.source_name,
            target: receipt.plan.target.to_string(),
            target_name: receipt.target_name,
            destination: receipt.plan.destination.id.to_string(),
            moved: receipt.plan.items.iter().map(|item| item.id.to_string()).collect(),
            plan: PlanBody::of(&receipt.plan, None),
        }
    }
}

/// A receipt, or the work that leads to one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum TransferredBody {
    /// It is done.
    Receipt(Box<ReceiptBody>),
    /// It goes on; ask `/tasks/{id}` how far it is.
    Task(Box<TaskBody>),
}

/// Moves or transfers, all of it or nothing. With `background`, the response does not wait (202): `/tasks/{id}`, from
/// the header `Location`, has the progress and, at the end, the receipt's id.
#[utoipa::path(post, path = "/transfers", tag = "transfers", request_body = TransferRequest,
    responses((status = 201, body = ReceiptBody, headers(("undo-token" = String, description = "How to undo a move within an organization: see `POST /undo`"))), (status = 202, body = TaskBody), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<TransferRequest>,
) -> Result<(StatusCode, HeaderMap, Json<TransferredBody>), Problem> {
    let items = usecase::items(&body.items)?;
    let destination = usecase::id("destination", &body.destination)?;
    let mut headers = HeaderMap::new();
    if body.background {
        let task = usecase::transfer::begin(&ctx, &by, &items, destination, body.digest).await?;
        if let Ok(place) = format!("/api/v1/tasks/{}", task.id).parse() {
            headers.insert(header::LOCATION, place);
        }
        return Ok((StatusCode::ACCEPTED, headers, Json(TransferredBody::Task(Box::new(task.into())))));
    }
    let (receipt, undo) = usecase::transfer::transfer_with_undo(&ctx, &by, &items, destination, body.digest).await?;
    headers.extend(undoing(undo.as_deref()));
    Ok((StatusCode::CREATED, headers, Json(TransferredBody::Receipt(Box::new(receipt.into())))))
}

/// The receipt of a finished transfer.
#[utoipa::path(get, path = "/transfers/{id}", tag = "transfers", params(("id" = String, Path)),
    responses((status = 200, body = ReceiptBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<Json<ReceiptBody>, Problem> {
    Ok(Json(usecase::transfer::receipts::show(&ctx, &by, &id).await?.into()))
}
