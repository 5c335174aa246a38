//! `/support/tickets…`: what people ask the operator, and the thread of each (HELP-1). The operator's side is in
//! [`super::operator`].

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::ticket::TicketForm,
    server::{context::Ctx, usecase},
    view::ticket::{OperatorThreadView, OperatorTicketView, TicketMessageView, TicketThreadView, TicketView},
};

use super::{CurrentPerson, Json, PageBody, PageParams, Params, problem::Problem};

/// A ticket, without its thread.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketBody {
    number: i64,
    subject: String,
    /// `open`: support writes next; `answered`: the requester does; `closed`.
    state: &'static str,
    /// The organization that it is about.
    org_id: Option<String>,
    organization_name: Option<String>,
    /// The page that the requester came from.
    page: Option<String>,
    /// The request that failed there.
    request_id: Option<String>,
    /// How many messages its thread has.
    message_count: i64,
    created_at: String,
    /// When somebody wrote or closed it last.
    updated_at: String,
}

impl From<TicketView> for TicketBody {
    fn from(view: TicketView) -> Self {
        let (org_id, organization_name) = view.organization.unzip();
        Self {
            number: view.number,
            subject: view.subject,
            state: view.state.as_str(),
            org_id,
            organization_name,
            page: view.page,
            request_id: view.request_id,
            message_count: view.messages,
            created_at: view.created_at.rfc3339(),
            updated_at: view.updated_at.rfc3339(),
        }
    }
}

/// One message of a thread.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketMessageBody {
    /// From 1 in each ticket.
    number: i64,
    /// Who wrote it: `requester` or `operator`.
    from: &'static str,
    text: String,
    created_at: String,
}

impl From<TicketMessageView> for TicketMessageBody {
    fn from(view: TicketMessageView) -> Self {
        Self { number: view.number, from: view.side.as_str(), text: view.text, created_at: view.created_at.rfc3339() }
    }
}

/// A ticket with its thread, the oldest message first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketThreadBody {
    #[serde(flatten)]
    ticket: TicketBody,
    messages: Vec<TicketMessageBody>,
}

impl From<TicketThreadView> for TicketThreadBody {
    fn from(view: TicketThreadView) -> Self {
        Self { ticket: view.ticket.into(), messages: view.messages.into_iter().map(Into::into).collect() }
    }
}

/// Who opened a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketRequesterBody {
    id: String,
    first_name: String,
    last_name: String,
    email: String,
    /// Whether they have proven that the address is theirs.
    email_verified: bool,
}

/// A ticket as the operator lists it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorTicketBody {
    #[serde(flatten)]
    ticket: TicketBody,
    requester: TicketRequesterBody,
}

impl From<OperatorTicketView> for OperatorTicketBody {
    fn from(view: OperatorTicketView) -> Self {
        let person = view.requester;
        Self {
            ticket: view.ticket.into(),
            requester: TicketRequesterBody {
                id: person.id.to_string(),
                first_name: person.first_name,
                last_name: person.last_name,
                email: person.email,
                email_verified: person.email_verified,
            },
        }
    }
}

/// One message of a thread, and who answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorTicketMessageBody {
    #[serde(flatten)]
    message: TicketMessageBody,
    /// What the audit log calls the operator who wrote it; null where the requester did.
    author: Option<String>,
}

/// A ticket with its thread, as the operator sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorThreadBody {
    #[serde(flatten)]
    about: OperatorTicketBody,
    messages: Vec<OperatorTicketMessageBody>,
}

impl From<OperatorThreadView> for OperatorThreadBody {
    fn from(view: OperatorThreadView) -> Self {
        let messages = view
            .messages
            .into_iter()
            .map(|(message, author)| OperatorTicketMessageBody { message: message.into(), author })
            .collect();
        Self { about: view.about.into(), messages }
    }
}

/// My tickets, newest first.
#[utoipa::path(get, path = "/support/tickets", tag = "support", params(PageParams),
    responses((status = 200, body = PageBody<TicketBody>), (status = 422, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Params(params): Params<PageParams>,
) -> Result<Json<PageBody<TicketBody>>, Problem> {
    let page = usecase::ticket::list(&ctx, &by, &params.cursor, params.limit).await?;
    Ok(Json(PageBody::of(page, Into::into)))
}

/// What to ask the operator.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TicketInput {
    /// One line of at most 120 characters.
    subject: String,
    /// At most 5,000 characters.
    message: String,
    /// The Org ID or the id of an organization of mine that it is about.
    org: Option<String>,
    /// The page that it is about, like `/o/alpine-survey/drive`.
    page: Option<String>,
    /// The `request_id` of the answer that it is about.
    request_id: Option<String>,
}

impl TicketInput {
    fn form(self) -> TicketForm {
        TicketForm {
            subject: self.subject,
            message: self.message,
            org: self.org.unwrap_or_default(),
            page: self.page.unwrap_or_default(),
            request_id: self.request_id.unwrap_or_default(),
        }
    }
}

/// Contact support: open a ticket, ten times a day. The operator is mailed, if they said where they read mail.
#[utoipa::path(post, path = "/support/tickets", tag = "support", request_body = TicketInput,
    responses((status = 201, body = TicketThreadBody), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn open(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<TicketInput>,
) -> Result<(StatusCode, Json<TicketThreadBody>), Problem> {
    let opened = usecase::ticket::open(&ctx, &by, &body.form()).await?;
    Ok((StatusCode::CREATED, Json(opened.into())))
}

/// A ticket of mine with its thread.
#[utoipa::path(get, path = "/support/tickets/{number}", tag = "support", params(("number" = String, Path)),
    responses((status = 200, body = TicketThreadBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(number): Path<String>,
) -> Result<Json<TicketThreadBody>, Problem> {
    Ok(Json(usecase::ticket::show(&ctx, &by, &number).await?.into()))
}

/// A message.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TicketTextInput {
    /// At most 5,000 characters.
    pub text: String,
}

/// Write in a ticket of mine. It opens a closed ticket again.
#[utoipa::path(post, path = "/support/tickets/{number}/messages", tag = "support", params(("number" = String, Path)), request_body = TicketTextInput,
    responses((status = 201, body = TicketThreadBody), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn reply(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(number): Path<String>,
    Json(body): Json<TicketTextInput>,
) -> Result<(StatusCode, Json<TicketThreadBody>), Problem> {
    let replied = usecase::ticket::reply(&ctx, &by, &number, &body.text).await?;
    Ok((StatusCode::CREATED, Json(replied.into())))
}

/// Close a ticket of mine. One that is closed stays as it is.
#[utoipa::path(post, path = "/support/tickets/{number}/close", tag = "support", params(("number" = String, Path)),
    responses((status = 200, body = TicketThreadBody), (status = 404, body = Problem)))]
pub async fn close(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(number): Path<String>,
) -> Result<Json<TicketThreadBody>, Problem> {
    Ok(Json(usecase::ticket::close(&ctx, &by, &number).await?.into()))
}
