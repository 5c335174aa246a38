//! `/orgs/{org}/invitations` for who invites, `/invitations/…` for who is invited. Tokens travel by mail alone.

use axum::{
    Extension,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{id::InvitationId, invitation_review::ReviewedInvitee, refusal::Refusal, time::Timestamp},
    server::{
        context::Ctx,
        error::Error,
        session::Caller,
        usecase::invitation::{self, list::Delivery, review::InviteForm, show::InvitationRef},
    },
    view::people::{InvitationRow, PendingInvitation},
};

use super::{CurrentPerson, Json, PageBody, Params, orgs::MyOrganization, people::RoleBody, problem::Problem};

/// People to invite.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InvitationsBody {
    /// 1 to 500.
    invitations: Vec<InviteForm>,
}

/// The new invitation.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeBody {
    id: String,
    expires_at: String,
}

/// The result of inviting one person.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResultBody {
    email: String,
    /// `invited`, `already_member`, `already_invited` or `invalid`.
    outcome: &'static str,
    /// Why they were not invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<MadeBody>,
}

impl From<ReviewedInvitee> for ResultBody {
    fn from(verdict: ReviewedInvitee) -> Self {
        let made = verdict.invitation.zip(verdict.expires_at);
        Self {
            email: verdict.email,
            outcome: verdict.outcome.as_str(),
            message: verdict.why,
            invitation: made.map(|(id, at)| MadeBody { id: id.to_string(), expires_at: at.rfc3339() }),
        }
    }
}

/// The result of inviting each person, in the same order.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResultsBody {
    results: Vec<ResultBody>,
}

/// How people are invited.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct InviteParams {
    /// With `true`, no one is invited: the response says what would happen, and `invited` means that a person would be
    /// invited.
    preview: bool,
}

/// Invites people. Each gets a result of their own, and all valid invitations are sent. With `?preview=true`, nothing
/// is sent.
#[utoipa::path(post, path = "/orgs/{org}/invitations", tag = "organizations", request_body = InvitationsBody,
    params(("org" = String, Path), InviteParams),
    responses((status = 200, body = ResultsBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(params): Params<InviteParams>,
    Json(body): Json<InvitationsBody>,
) -> Result<Json<ResultsBody>, Problem> {
    let people = body.invitations;
    let verdicts = if params.preview {
        invitation::send::preview(&ctx, &by, &org, people).await?
    } else {
        invitation::send::invite(&ctx, &by, &org, people).await?
    };
    Ok(Json(ResultsBody { results: verdicts.into_iter().map(Into::into).collect() }))
}

/// Which invitations are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct InvitationParams {
    /// `pending` (including expired ones), `accepted`, `declined` or `revoked`. Default: `pending`.
    status: String,
    /// Where the page starts: `next_cursor` of the one before.
    cursor: String,
    /// 1 to 200. Default: 50.
    limit: Option<i64>,
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationBody {
    id: String,
    email: String,
    name: Option<String>,
    /// Null if it gives access from outside, without a membership.
    role: Option<&'static str>,
    /// `pending`, `accepted`, `declined` or `revoked`.
    status: &'static str,
    /// Who invited.
    invited_by: String,
    created_at: String,
    /// When its link was last mailed.
    sent_at: String,
    expires_at: String,
    resource: Option<String>,
    level: Option<&'static str>,
    /// The state of the mail with its link; null if that is no longer known.
    delivery: Option<DeliveryBody>,
    /// The names of the only accounts in which the role will apply; empty for all.
    accounts: Vec<String>,
    /// Whether its sender has been removed or has lost the right to send it. It is then refused until someone with that
    /// right sends it again.
    sender_lost: bool,
}

/// The state of a mail.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryBody {
    /// `waiting`, `sent` or `failed`.
    state: &'static str,
    /// Why the last attempt failed.
    reason: Option<String>,
}

impl InvitationBody {
    fn of((row, delivery): (InvitationRow, Option<Delivery>)) -> Self {
        Self {
            delivery: delivery.map(|mail| DeliveryBody { state: mail.state.as_str(), reason: mail.last_error }),
            id: row.id.to_string(),
            email: row.email,
            name: row.name,
            role: (!row.external).then(|| row.role.as_str()),
            status: row.state.as_str(),
            invited_by: row.invited_by,
            created_at: row.created_at.rfc3339(),
            sent_at: row.sent_at.rfc3339(),
            expires_at: row.expires_at.rfc3339(),
            resource: row.resource.map(|id| id.to_string()),
            level: row.level.map(crate::domain::access::Level::as_str),
            accounts: row.accounts,
            sender_lost: row.sender_lost,
        }
    }
}

/// The invitations of an organization, by name. Their tokens are only in the mails.
#[utoipa::path(get, path = "/orgs/{org}/invitations", tag = "organizations", params(("org" = String, Path), InvitationParams),
    responses((status = 200, body = PageBody<InvitationBody>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(params): Params<InvitationParams>,
) -> Result<Json<PageBody<InvitationBody>>, Problem> {
    let page =
        invitation::list::list_with_delivery(&ctx, &by, &org, &params.status, &params.cursor, params.limit).await?;
    Ok(Json(PageBody::of(page, InvitationBody::of)))
}

fn id(text: &str) -> Result<InvitationId, Error> {
    text.parse().map_err(|_| Refusal::NotFound.into())
}

/// The new role of an invitation.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationRoleBody {
    id: String,
    role: &'static str,
}

/// Changes the role of a pending invitation.
#[utoipa::path(patch, path = "/orgs/{org}/invitations/{id}", tag = "organizations", request_body = RoleBody,
    params(("org" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = InvitationRoleBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 410, body = Problem)))]
pub async fn change_role(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, invitation)): Path<(String, String)>,
    Json(body): Json<RoleBody>,
) -> Result<Json<InvitationRoleBody>, Problem> {
    let (_, role) = invitation::change::change_role(&ctx, &by, &org, id(&invitation)?, body.role()).await?;
    Ok(Json(InvitationRoleBody { id: invitation, role: role.as_str() }))
}

/// Revokes an invitation: its link stops working.
#[utoipa::path(delete, path = "/orgs/{org}/invitations/{id}", tag = "organizations",
    params(("org" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 410, body = Problem)))]
pub async fn revoke(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, invitation)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    invitation::change::revoke(&ctx, &by, &org, id(&invitation)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mails an invitation again with a new link. The old link stops working.
#[utoipa::path(post, path = "/orgs/{org}/invitations/{id}/resend", tag = "organizations",
    params(("org" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = MadeBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 410, body = Problem), (status = 429, body = Problem)))]
pub async fn resend(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((org, invitation)): Path<(String, String)>,
) -> Result<Json<MadeBody>, Problem> {
    let (_, expires_at) = invitation::change::resend(&ctx, &by, &org, id(&invitation)?).await?;
    Ok(Json(MadeBody { id: invitation, expires_at: expires_at.rfc3339() }))
}

/// The invitation: by `token` from the mailed link, or by `id`, which needs a verified address.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerBody {
    token: String,
    id: String,
}

/// The result of accepting.
#[derive(Debug, Serialize, ToSchema)]
pub struct JoinedBody {
    organization: MyOrganization,
    /// The organization that the personal space became, if it held anything.
    space: Option<MyOrganization>,
}

/// A mailed link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InvitationLinkBody {
    /// The part after `/invitations/` in the link.
    token: String,
}

/// An invitation, as shown to anyone who has its link.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenedBody {
    /// The organization's name.
    organization: String,
    org_id: String,
    invited_by: String,
    /// The address it is for.
    email: String,
    name: Option<String>,
    /// Null if it gives access from outside, without a membership.
    role: Option<&'static str>,
    /// For a `member`: the name of the resource they get access to.
    resource: Option<String>,
    /// `pending`, `accepted`, `declined` or `revoked`.
    status: &'static str,
    expires_at: String,
    /// Whether it has expired.
    expired: bool,
    /// Whether an account with this address exists.
    has_account: bool,
    /// Whether the caller is in the organization.
    inside: bool,
}

/// Reads an invitation by the token of its mailed link. This changes nothing.
#[utoipa::path(post, path = "/invitations/show", tag = "organizations", request_body = InvitationLinkBody,
    responses((status = 200, body = OpenedBody), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    caller: Option<Extension<Caller>>,
    Json(body): Json<InvitationLinkBody>,
) -> Result<Json<OpenedBody>, Problem> {
    let by = caller.and_then(|Extension(caller)| caller.principal);
    let view = invitation::show::open(&ctx, by.as_ref(), body.token.trim()).await?;
    Ok(Json(OpenedBody {
        organization: view.organization,
        org_id: view.org_id,
        invited_by: view.invited_by,
        email: view.email,
        name: view.name,
        role: (!view.external).then(|| view.role.as_str()),
        resource: view.resource,
        status: view.state.as_str(),
        expires_at: view.expires_at.rfc3339(),
        expired: view.expired,
        has_account: view.has_account,
        inside: view.inside,
    }))
}

/// Accepts an invitation.
#[utoipa::path(post, path = "/invitations/accept", tag = "organizations", request_body = AnswerBody,
    responses((status = 200, body = JoinedBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 410, body = Problem)))]
pub async fn accept(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<AnswerBody>,
) -> Result<Json<JoinedBody>, Problem> {
    let joined = invitation::answer::accept(&ctx, &by, &InvitationRef::read(&body.token, &body.id)?).await?;
    Ok(Json(JoinedBody { organization: joined.organization.into(), space: joined.space.map(Into::into) }))
}

/// Declines an invitation.
#[utoipa::path(post, path = "/invitations/decline", tag = "organizations", request_body = AnswerBody,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 410, body = Problem)))]
pub async fn decline(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<AnswerBody>,
) -> Result<StatusCode, Problem> {
    invitation::answer::decline(&ctx, &by, &InvitationRef::read(&body.token, &body.id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An invitation that waits for my answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingBody {
    id: String,
    /// The organization's name; null until my address is verified.
    organization: Option<String>,
    /// Who invited; null until my address is verified.
    invited_by: Option<String>,
    /// Null if it gives access from outside, without a membership.
    role: Option<&'static str>,
    expires_at: String,
}

impl From<PendingInvitation> for WaitingBody {
    fn from(waiting: PendingInvitation) -> Self {
        Self {
            id: waiting.id.to_string(),
            organization: waiting.organization,
            invited_by: waiting.invited_by,
            role: (!waiting.external).then(|| waiting.role.as_str()),
            expires_at: Timestamp::rfc3339(waiting.expires_at),
        }
    }
}
