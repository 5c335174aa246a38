//! `/operator/…`: what the operator's command line does, for machines with an operator
//! key. Nobody's session counts here.

use axum::{
    extract::{FromRequestParts, Path, Request, State},
    http::{StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        id::{LicenceId, MailId, OperatorKeyId, ResourceId},
        licence::Amount,
        mail::MailState,
        refusal::Refusal,
        resource::DatasetStatus,
    },
    server::{
        context::Ctx,
        error::{Error, at_field},
        limit::{Key, network},
        session::Caller,
        usecase::{
            self,
            licence::operator::{GrantForm, OwnedLicence},
            mail::Entry,
            operator::Operator,
            operator_key::KeyView,
        },
    },
};

use super::{
    Json, PageBody, PageParams, Params,
    apps::AppBody,
    billing::RequestBody,
    licences::LicenceBody,
    orgs::StorageBody,
    problem::Problem,
    resources::DatasetStatusSetBody,
    tickets::{OperatorThreadBody, OperatorTicketBody, TicketTextInput},
};

/// The caller of an operation with a valid operator key.
#[derive(Clone, Debug)]
pub struct OperatorSession {
    /// The key.
    pub key: OperatorKeyId,
    operator: Operator,
}

/// Middleware: checks the operator key of a call under `/operator/`. Wrong keys count like failed sign-ins.
pub async fn identify(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !path.trim_start_matches("/api/v1").starts_with("/operator/") {
        return next.run(request).await;
    }
    let secret = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim().to_owned());
    let Some(secret) = secret else { return refused() };
    let address = request.extensions().get::<Caller>().and_then(|caller| caller.client.address.clone());
    let limited = [Key::failures(format!("operator {}", network(address.as_deref())))];
    let known = ctx.limits().guard(&limited, |refusal| *refusal == Refusal::Unauthenticated, async {
        let known = usecase::operator_key::authenticate(&ctx, &secret, address).await?;
        known.ok_or_else(|| Refusal::Unauthenticated.into())
    });
    match known.await {
        Ok((key, operator)) => {
            request.extensions_mut().insert(OperatorSession { key, operator });
            next.run(request).await
        }
        Err(Error::Refused(Refusal::Unauthenticated)) => refused(),
        Err(error) => Problem::from(error).into_response(),
    }
}

fn refused() -> Response {
    let text = "Send a valid operator key: Authorization: Bearer cho_….";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", text.to_owned()).into_response()
}

/// The operator who is calling. Without a valid key, 401.
pub struct CurrentOperator(pub Operator);

impl<S: Sync> FromRequestParts<S> for CurrentOperator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        parts.extensions.get::<OperatorSession>().map(|operating| Self(operating.operator.clone())).ok_or_else(refused)
    }
}

fn licence_id(text: &str) -> crate::server::error::Result<LicenceId> {
    text.parse().map_err(|_| Refusal::NotFound.into())
}

/// Whose licences, and which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct LicenceParams {
    /// Org ID or id of an organization. Default: all.
    org: String,
    /// Where the page starts.
    cursor: String,
    /// 1 to 200.
    limit: Option<i64>,
}

/// A licence, and who has it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnedLicenceBody {
    org_id: String,
    #[serde(flatten)]
    licence: LicenceBody,
}

impl From<OwnedLicence> for OwnedLicenceBody {
    fn from(owned: OwnedLicence) -> Self {
        Self { org_id: owned.org_id, licence: owned.licence.into() }
    }
}

/// All licences, oldest first.
#[utoipa::path(get, path = "/operator/licences", tag = "operator", params(LicenceParams),
    responses((status = 200, body = PageBody<OwnedLicenceBody>), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn licences(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
    Params(params): Params<LicenceParams>,
) -> Result<Json<PageBody<OwnedLicenceBody>>, Problem> {
    let page = usecase::licence::operator::list_as_operator(&ctx, &params.org, &params.cursor, params.limit).await?;
    Ok(Json(PageBody::of(page, Into::into)))
}

/// Grant a licence. Datasets that wait for credits there start.
#[utoipa::path(post, path = "/operator/licences", tag = "operator", request_body = GrantForm,
    responses((status = 201, body = LicenceBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn grant(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Json(form): Json<GrantForm>,
) -> Result<(StatusCode, Json<LicenceBody>), Problem> {
    let id = usecase::licence::operator::grant_as(&ctx, &operator, &form).await?;
    Ok((StatusCode::CREATED, Json(usecase::licence::operator::show_as_operator(&ctx, id).await?.into())))
}

/// A licence.
#[utoipa::path(get, path = "/operator/licences/{id}", tag = "operator", params(("id" = String, Path)),
    responses((status = 200, body = LicenceBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn licence(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
    Path(id): Path<String>,
) -> Result<Json<LicenceBody>, Problem> {
    Ok(Json(usecase::licence::operator::show_as_operator(&ctx, licence_id(&id)?).await?.into()))
}

/// A new last day.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExtendInput {
    /// The new last day, like `2027-12-31`; not before the licence begins.
    until: String,
}

/// Change the last day of a licence. This can make an expired licence active again.
#[utoipa::path(post, path = "/operator/licences/{id}/extend", tag = "operator", params(("id" = String, Path)), request_body = ExtendInput,
    responses((status = 200, body = LicenceBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn extend(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(id): Path<String>,
    Json(body): Json<ExtendInput>,
) -> Result<Json<LicenceBody>, Problem> {
    Ok(Json(usecase::licence::operator::extend(&ctx, &operator, licence_id(&id)?, &body.until).await?.into()))
}

/// End a licence now.
#[utoipa::path(post, path = "/operator/licences/{id}/expire", tag = "operator", params(("id" = String, Path)),
    responses((status = 200, body = LicenceBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn expire(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(id): Path<String>,
) -> Result<Json<LicenceBody>, Problem> {
    Ok(Json(usecase::licence::operator::expire_as(&ctx, &operator, licence_id(&id)?).await?.into()))
}

/// The amount to add.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopUpInput {
    images: i64,
    projects: i64,
    credits: i64,
}

/// Add to the balance of a licence, as an entry of kind `grant` in its ledger. Datasets that wait for credits there
/// start.
#[utoipa::path(post, path = "/operator/licences/{id}/top-up", tag = "operator", params(("id" = String, Path)), request_body = TopUpInput,
    responses((status = 200, body = LicenceBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn top_up(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(id): Path<String>,
    Json(body): Json<TopUpInput>,
) -> Result<Json<LicenceBody>, Problem> {
    let TopUpInput { images, projects, credits } = body;
    let wanted = Amount { images, projects, credits };
    Ok(Json(usecase::licence::operator::top_up(&ctx, &operator, licence_id(&id)?, wanted).await?.into()))
}

/// Which requests.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct RequestParams {
    /// `open`, `answered`, `declined` or `withdrawn`. Default: all.
    state: String,
    /// Where the page starts.
    cursor: String,
    /// 1 to 200.
    limit: Option<i64>,
}

/// Requests of Owners, newest first.
#[utoipa::path(get, path = "/operator/requests", tag = "operator", params(RequestParams),
    responses((status = 200, body = PageBody<RequestBody>), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn requests(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
    Params(params): Params<RequestParams>,
) -> Result<Json<PageBody<RequestBody>>, Problem> {
    let page = usecase::purchase_request::list_requests(&ctx, &params.state, &params.cursor, params.limit).await?;
    Ok(Json(PageBody::of(page, Into::into)))
}

/// One request of an Owner.
#[utoipa::path(get, path = "/operator/requests/{id}", tag = "operator", params(("id" = String, Path)),
    responses((status = 200, body = RequestBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn request(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
    Path(id): Path<String>,
) -> Result<Json<RequestBody>, Problem> {
    Ok(Json(usecase::purchase_request::show_request(&ctx, &id).await?.into()))
}

/// An answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerInput {
    /// `answered` or `declined`.
    state: String,
    /// The text for the Owners.
    text: String,
}

/// Answer or decline a request. The organization's Owners get a mail.
#[utoipa::path(post, path = "/operator/requests/{id}/answer", tag = "operator", params(("id" = String, Path)), request_body = AnswerInput,
    responses((status = 200, body = RequestBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn answer(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(id): Path<String>,
    Json(body): Json<AnswerInput>,
) -> Result<Json<RequestBody>, Problem> {
    Ok(Json(usecase::purchase_request::answer(&ctx, &operator, &id, &body.state, &body.text).await?.into()))
}

/// Which tickets.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct TicketParams {
    /// `open`, `answered` or `closed`. Default: all.
    state: String,
    /// Where the page starts.
    cursor: String,
    /// 1 to 200.
    limit: Option<i64>,
}

/// Tickets of people who contacted support, newest first.
#[utoipa::path(get, path = "/operator/tickets", tag = "operator", params(TicketParams),
    responses((status = 200, body = PageBody<OperatorTicketBody>), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn tickets(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
    Params(params): Params<TicketParams>,
) -> Result<Json<PageBody<OperatorTicketBody>>, Problem> {
    let page = usecase::ticket::list_as_operator(&ctx, &params.state, &params.cursor, params.limit).await?;
    Ok(Json(PageBody::of(page, Into::into)))
}

/// A ticket with its thread.
#[utoipa::path(get, path = "/operator/tickets/{number}", tag = "operator", params(("number" = String, Path)),
    responses((status = 200, body = OperatorThreadBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn ticket(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
    Path(number): Path<String>,
) -> Result<Json<OperatorThreadBody>, Problem> {
    Ok(Json(usecase::ticket::show_as_operator(&ctx, &number).await?.into()))
}

/// Answer in a ticket. Its requester gets a mail.
#[utoipa::path(post, path = "/operator/tickets/{number}/answer", tag = "operator", params(("number" = String, Path)), request_body = TicketTextInput,
    responses((status = 200, body = OperatorThreadBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn answer_ticket(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(number): Path<String>,
    Json(body): Json<TicketTextInput>,
) -> Result<Json<OperatorThreadBody>, Problem> {
    Ok(Json(usecase::ticket::answer(&ctx, &operator, &number, &body.text).await?.into()))
}

/// Close a ticket. Nobody gets a mail; one that is closed stays as it is.
#[utoipa::path(post, path = "/operator/tickets/{number}/close", tag = "operator", params(("number" = String, Path)),
    responses((status = 200, body = OperatorThreadBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn close_ticket(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(number): Path<String>,
) -> Result<Json<OperatorThreadBody>, Problem> {
    Ok(Json(usecase::ticket::close_as_operator(&ctx, &operator, &number).await?.into()))
}

/// A key of this API, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyBody {
    id: String,
    name: String,
    created_at: String,
    /// Accurate to a few minutes.
    last_used_at: Option<String>,
    revoked_at: Option<String>,
}

impl From<KeyView> for KeyBody {
    fn from(view: KeyView) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name,
            created_at: view.created_at.rfc3339(),
            last_used_at: view.last_used_at.map(crate::domain::time::Timestamp::rfc3339),
            revoked_at: view.revoked_at.map(crate::domain::time::Timestamp::rfc3339),
        }
    }
}

/// The keys of this API, oldest first, including revoked ones.
#[utoipa::path(get, path = "/operator/keys", tag = "operator", params(PageParams),
    responses((status = 200, body = PageBody<KeyBody>), (status = 401, body = Problem)))]
pub async fn keys(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
    Params(params): Params<PageParams>,
) -> Result<Json<PageBody<KeyBody>>, Problem> {
    Ok(Json(PageBody::of(usecase::operator_key::list_keys(&ctx, &params.cursor, params.limit).await?, Into::into)))
}

/// A key to create.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyInput {
    /// What it is for.
    name: String,
}

/// A new key. `key` is shown only once.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewKeyBody {
    key: String,
    #[serde(flatten)]
    about: KeyBody,
}

/// Create a key of this API. The response is not kept for an `Idempotency-Key`.
#[utoipa::path(post, path = "/operator/keys", tag = "operator", request_body = KeyInput,
    responses((status = 201, body = NewKeyBody), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn create_key(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Json(body): Json<KeyInput>,
) -> Result<(StatusCode, Json<NewKeyBody>), Problem> {
    let (about, key) = usecase::operator_key::create_key(&ctx, &operator, &body.name).await?;
    Ok((StatusCode::CREATED, Json(NewKeyBody { key, about: about.into() })))
}

/// Revoke a key at once.
#[utoipa::path(delete, path = "/operator/keys/{id}", tag = "operator", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke_key(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    usecase::operator_key::revoke_key(&ctx, &operator, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A plan.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlanInput {
    /// `essential`, `premier` or `enterprise`.
    plan: String,
}

/// The plan that an organization had, and has.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanSetBody {
    before: &'static str,
    plan: &'static str,
}

/// Change the plan of an organization. Refused while it uses more than the new plan allows.
#[utoipa::path(put, path = "/operator/orgs/{org}/plan", tag = "operator", params(("org" = String, Path)), request_body = PlanInput,
    responses((status = 200, body = PlanSetBody), (status = 401, body = Problem), (status = 402, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn set_plan(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(org): Path<String>,
    Json(body): Json<PlanInput>,
) -> Result<Json<PlanSetBody>, Problem> {
    let (before, plan) = usecase::plan::set_as(&ctx, &operator, &org, &body.plan).await?;
    Ok(Json(PlanSetBody { before: before.as_str(), plan: plan.as_str() }))
}

/// How much an organization may store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageInput {
    /// In bytes; null for no limit. Has to be sent: what was forgotten lifts no limit.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    limit: Option<i64>,
}

/// Limit how much an organization may store. A limit that is exceeded already deletes nothing; nothing is added until there is room.
#[utoipa::path(put, path = "/operator/orgs/{org}/storage", tag = "operator", params(("org" = String, Path)), request_body = StorageInput,
    responses((status = 200, body = StorageBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn set_storage(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(org): Path<String>,
    Json(body): Json<StorageInput>,
) -> Result<Json<StorageBody>, Problem> {
    Ok(Json(usecase::storage::set_as(&ctx, &operator, &org, body.limit).await?.into()))
}

/// The status of a dataset.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StatusInput {
    /// `draft`, `queued`, `waiting_for_credits`, `processing`, `processed` or `failed`.
    status: String,
}

/// Set the status of a dataset. The first step towards processing is charged once, if a licence can pay; a failure is
/// refunded.
#[utoipa::path(put, path = "/operator/datasets/{id}/status", tag = "operator", params(("id" = String, Path)), request_body = StatusInput,
    responses((status = 200, body = DatasetStatusSetBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn set_status(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(id): Path<String>,
    Json(body): Json<StatusInput>,
) -> Result<Json<DatasetStatusSetBody>, Problem> {
    let id: ResourceId = id.parse().map_err(|_| Problem::refusal(&Refusal::NotFound))?;
    let status = DatasetStatus::parse(&body.status).map_err(at_field("status"))?;
    let set = usecase::dataset::set_status_as(&ctx, &operator, id, status).await?;
    Ok(Json(DatasetStatusSetBody { status: set.status.as_str(), charged: set.charged.into() }))
}

/// Authorizes everybody to run an app.
#[utoipa::path(put, path = "/operator/apps/{slug}/everybody", tag = "operator", params(("slug" = String, Path)),
    responses((status = 200, body = AppBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn authorize_everybody(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(slug): Path<String>,
) -> Result<Json<AppBody>, Problem> {
    Ok(Json(usecase::app::authorize_everybody(&ctx, &operator, &slug, true).await?.into()))
}

/// Ends that everybody may run an app. Those whom the app names itself stay authorized.
#[utoipa::path(delete, path = "/operator/apps/{slug}/everybody", tag = "operator", params(("slug" = String, Path)),
    responses((status = 200, body = AppBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn unauthorize_everybody(
    State(ctx): State<Ctx>,
    CurrentOperator(operator): CurrentOperator,
    Path(slug): Path<String>,
) -> Result<Json<AppBody>, Problem> {
    Ok(Json(usecase::app::authorize_everybody(&ctx, &operator, &slug, false).await?.into()))
}

/// Which mail.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct MailParams {
    /// `waiting`, `sent` or `failed`. Default: all.
    state: String,
    /// 1 to 200. Default: 50.
    limit: Option<i64>,
}

/// A mail, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailBody {
    id: String,
    to: String,
    subject: String,
    /// `waiting`, `sent` or `failed`.
    state: &'static str,
    /// How often delivery was tried.
    attempts: i64,
    /// When delivery is tried next, while it waits.
    next_attempt_at: Option<String>,
    sent_at: Option<String>,
    /// Why the last attempt failed.
    last_error: Option<String>,
}

impl From<Entry> for MailBody {
    fn from(mail: Entry) -> Self {
        Self {
            id: mail.id.to_string(),
            to: mail.recipient,
            subject: mail.subject,
            state: mail.state.as_str(),
            attempts: mail.attempts,
            next_attempt_at: (mail.state == MailState::Waiting).then(|| mail.next_attempt_at.rfc3339()),
            sent_at: mail.sent_at.map(crate::domain::time::Timestamp::rfc3339),
            last_error: mail.last_error,
        }
    }
}

/// The newest mail, or the newest of a state.
#[utoipa::path(get, path = "/operator/mail", tag = "operator", params(MailParams),
    responses((status = 200, body = PageBody<MailBody>), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn mail(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
    Params(params): Params<MailParams>,
) -> Result<Json<PageBody<MailBody>>, Problem> {
    let state = match params.state.as_str() {
        "" => None,
        word => Some(MailState::parse(word).map_err(at_field("state"))?),
    };
    let mails = usecase::mail::list(&ctx, state, usecase::limit(params.limit)?).await?;
    Ok(Json(PageBody { items: mails.into_iter().map(Into::into).collect(), next_cursor: None }))
}

/// Retry a mail that has failed or waits for its next attempt.
#[utoipa::path(post, path = "/operator/mail/{id}/retry", tag = "operator", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn retry_mail(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: MailId = id.parse().map_err(|_| Problem::refusal(&Refusal::NotFound))?;
    usecase::mail::retry(&ctx, id).await?;
    ctx.mail_posted().notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// How many.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetriedBody {
    retried: u64,
}

/// Retry all mail that has failed.
#[utoipa::path(post, path = "/operator/mail/retry", tag = "operator",
    responses((status = 200, body = RetriedBody), (status = 401, body = Problem)))]
pub async fn retry_all_mail(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
) -> Result<Json<RetriedBody>, Problem> {
    let retried = usecase::mail::retry_failed(&ctx).await?;
    ctx.mail_posted().notify_one();
    Ok(Json(RetriedBody { retried }))
}

/// The result for one invariant.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingBody {
    /// The invariant, in words.
    invariant: String,
    /// How many rows break it; 0 is healthy.
    broken: u64,
}

/// Whether all invariants hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoctorBody {
    healthy: bool,
    findings: Vec<FindingBody>,
}

/// Check every invariant of the database without changing it. It reads everything, so it takes a while.
#[utoipa::path(get, path = "/operator/doctor", tag = "operator",
    responses((status = 200, body = DoctorBody), (status = 401, body = Problem)))]
pub async fn doctor(
    State(ctx): State<Ctx>,
    CurrentOperator(_operator): CurrentOperator,
) -> Result<Json<DoctorBody>, Problem> {
    let findings = crate::server::doctor::examine(&ctx).await?;
    Ok(Json(DoctorBody {
        healthy: findings.iter().all(|finding| finding.broken == 0),
        findings: findings
            .into_iter()
            .map(|finding| FindingBody { invariant: finding.invariant, broken: finding.broken })
            .collect(),
    }))
}
