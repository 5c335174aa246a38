//! `/me` and below, `/password`, `/email`: my account (AUTH-2, AUTH-4, AUTH-5, SET-1, SET-2).

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize};
use tower_sessions::Session;
use utoipa::ToSchema;

use crate::{
    domain::profile::ProfileForm,
    server::{context::Ctx, session, usecase::my_account},
    view::my_account::SessionItem,
};

use super::{ClientInfo, CurrentPerson, Json, PageBody, problem::Problem, session::MeBody};

/// Changes to my profile. Fields that are not sent stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileBody {
    first_name: Option<String>,
    last_name: Option<String>,
    /// `en`, `de`, `es`, `fr`, `it` or `ja`.
    language: Option<String>,
    cluster: Option<String>,
    /// An Org ID or id of an organization of mine; null for none.
    #[serde(deserialize_with = "given")]
    default_organization: Option<String>,
}

/// Tells null, which is read as an empty text, from what was left out.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(value).map(|given| Some(given.unwrap_or_default()))
}

/// Changes my profile.
#[utoipa::path(patch, path = "/me", tag = "account", request_body = ProfileBody,
    responses((status = 200, body = MeBody), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn update(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<ProfileBody>,
) -> Result<Json<MeBody>, Problem> {
    let form = ProfileForm {
        first_name: body.first_name,
        last_name: body.last_name,
        language: body.language,
        cluster: body.cluster,
        default_organization: body.default_organization,
    };
    let profile = my_account::update_profile(&ctx, &by, &form).await?;
    super::session::me_body(&ctx, &by, profile).await.map(Json)
}

/// A confirmation that my account is to be deleted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeleteBody {
    password: String,
    /// My email address.
    confirm: String,
    /// Whether the work in my personal space is to be deleted as well.
    delete_space: bool,
}

/// Deletes my account, for good.
#[utoipa::path(delete, path = "/me", tag = "account", request_body = DeleteBody,
    responses((status = 204), (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn delete(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    session: Session,
    Json(body): Json<DeleteBody>,
) -> Result<StatusCode, Problem> {
    my_account::delete(&ctx, &by, &body.password, &body.confirm, body.delete_space).await?;
    session::end(&session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One of my sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionBody {
    id: String,
    /// Browser and operating system, as reported by the browser.
    device: String,
    /// Network address.
    address: Option<String>,
    created_at: String,
    /// Accurate to a few minutes.
    last_seen: String,
    /// Whether it is the current session.
    current: bool,
}

impl From<SessionItem> for SessionBody {
    fn from(item: SessionItem) -> Self {
        Self {
            id: item.id.to_string(),
            device: item.device,
            address: item.address,
            created_at: item.created_at.rfc3339(),
            last_seen: item.last_seen.rfc3339(),
            current: item.current,
        }
    }
}

/// Where I am signed in; at most 200, the one used last first.
#[utoipa::path(get, path = "/me/sessions", tag = "account",
    responses((status = 200, body = PageBody<SessionBody>), (status = 401, body = Problem)))]
pub async fn sessions(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
) -> Result<Json<PageBody<SessionBody>>, Problem> {
    let items = my_account::sessions(&ctx, &by).await?.into_iter().map(Into::into).collect();
    Ok(Json(PageBody { items, next_cursor: None }))
}

/// Ends all my sessions but this one.
#[utoipa::path(delete, path = "/me/sessions", tag = "account", responses((status = 204), (status = 401, body = Problem)))]
pub async fn end_other_sessions(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
) -> Result<StatusCode, Problem> {
    my_account::end_other_sessions(&ctx, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one of my sessions.
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "account", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn end_session(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    my_account::end_session(&ctx, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new password of mine.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangePasswordBody {
    /// The current password.
    current: String,
    /// 12 to 128 characters.
    password: String,
}

/// Changes my password: my other sessions end, and the answer sets a new session cookie.
#[utoipa::path(post, path = "/me/password", tag = "account", request_body = ChangePasswordBody,
    responses((status = 204), (status = 401, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn change_password(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    ClientInfo(client): ClientInfo,
    session: Session,
    Json(body): Json<ChangePasswordBody>,
) -> Result<StatusCode, Problem> {
    my_account::change_password(&ctx, &by, &body.current, &body.password).await?;
    session::start(&session, &ctx, by.person, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new email address of mine.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeEmailBody {
    email: String,
    /// My password.
    password: String,
}

/// Requests a new email address. A link is mailed to it; nothing changes until the link is used.
#[utoipa::path(post, path = "/me/email", tag = "account", request_body = ChangeEmailBody,
    responses((status = 202), (status = 401, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn change_email(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<ChangeEmailBody>,
) -> Result<StatusCode, Problem> {
    my_account::change_email(&ctx, &by, &body.email, &body.password).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Mails the link to verify my address again.
#[utoipa::path(post, path = "/me/verification", tag = "account",
    responses((status = 202), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn send_verification(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
) -> Result<StatusCode, Problem> {
    my_account::send_verification_again(&ctx, &by).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The token of a mailed link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenBody {
    token: String,
}

/// Verifies an email address with the token of a mailed link. Needs no sign-in.
#[utoipa::path(post, path = "/email/verify", tag = "account", request_body = TokenBody,
    responses((status = 204), (status = 404, body = Problem), (status = 410, body = Problem)))]
pub async fn verify_email(
    State(ctx): State<Ctx>,
    ClientInfo(client): ClientInfo,
    Json(body): Json<TokenBody>,
) -> Result<StatusCode, Problem> {
    my_account::verify_email(&ctx, &client, &body.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The account whose password was forgotten.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForgotBody {
    email: String,
}

/// Mails a link to set a new password if the account exists. The response does not say whether it does.
#[utoipa::path(post, path = "/password/forgot", tag = "account", request_body = ForgotBody,
    responses((status = 202), (status = 429, body = Problem)))]
pub async fn forgot_password(
    State(ctx): State<Ctx>,
    ClientInfo(client): ClientInfo,
    Json(body): Json<ForgotBody>,
) -> Result<StatusCode, Problem> {
    my_account::forgot_password(&ctx, &client, &body.email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A new password, with the token of a mailed link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResetBody {
    token: String,
    /// 12 to 128 characters.
    password: String,
}

/// Sets a password with the token of a mailed link. All sessions of the account end.
#[utoipa::path(post, path = "/password/reset", tag = "account", request_body = ResetBody,
    responses((status = 204), (status = 404, body = Problem), (status = 410, body = Problem), (status = 422, body = Problem)))]
pub async fn reset_password(
    State(ctx): State<Ctx>,
    ClientInfo(client): ClientInfo,
    Json(body): Json<ResetBody>,
) -> Result<StatusCode, Problem> {
    my_account::reset_password(&ctx, &client, &body.token, &body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// My consents.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivacyBody {
    /// Whether my use of the service may be counted.
    usage_statistics: bool,
    /// Whether news about the product may be mailed to me.
    product_news: bool,
}

/// My consents. One that was never given is false.
#[utoipa::path(get, path = "/me/privacy", tag = "account", responses((status = 200, body = PrivacyBody), (status = 401, body = Problem)))]
pub async fn privacy(State(ctx): State<Ctx>, CurrentPerson(by): CurrentPerson) -> Result<Json<PrivacyBody>, Problem> {
    let me = my_account::profile(&ctx, &by).await?;
    Ok(Json(PrivacyBody { usage_statistics: me.allows_usage_statistics, product_news: me.allows_product_news }))
}

/// Saves my consents.
#[utoipa::path(put, path = "/me/privacy", tag = "account", request_body = PrivacyBody,
    responses((status = 200, body = PrivacyBody), (status = 401, body = Problem)))]
pub async fn save_privacy(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Json(body): Json<PrivacyBody>,
) -> Result<Json<PrivacyBody>, Problem> {
    my_account::update_consents(&ctx, &by, body.usage_statistics, body.product_news).await?;
    Ok(Json(body))
}

/// Everything about me, as a ZIP of JSON files.
#[utoipa::path(get, path = "/me/export", tag = "account",
    responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 401, body = Problem)))]
pub async fn export(State(ctx): State<Ctx>, CurrentPerson(by): CurrentPerson) -> Result<Response, Problem> {
    let archive = Box::pin(my_account::export(&ctx, &by)).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"commonhold-my-data.zip\""),
    ];
    Ok((headers, archive).into_response())
}
