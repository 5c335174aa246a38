//! `/signup`, `/session`, `/me`.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use utoipa::ToSchema;

use crate::{
    domain::view::{Belonging, PersonView},
    server::{context::Ctx, session, usecase},
};

use super::{By, From, Json, orgs::role_word, problem::Problem};

/// Who wants to sign up.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignUpBody {
    first_name: String,
    last_name: String,
    email: String,
    /// 12 to 128 characters.
    password: String,
}

/// Who wants to sign in.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignInBody {
    email: String,
    password: String,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonBody {
    id: String,
    email: String,
    first_name: String,
    last_name: String,
    email_verified: bool,
}

impl std::convert::From<PersonView> for PersonBody {
    fn from(person: PersonView) -> Self {
        Self {
            id: person.id.to_string(),
            email: person.email,
            first_name: person.first_name,
            last_name: person.last_name,
            email_verified: person.email_verified,
        }
    }
}

/// Signs up, and in.
#[utoipa::path(post, path = "/signup", tag = "session", request_body = SignUpBody,
    responses((status = 201, body = PersonBody), (status = 422, body = Problem)))]
pub async fn sign_up(
    State(ctx): State<Ctx>,
    From(client): From,
    session: Session,
    Json(body): Json<SignUpBody>,
) -> Result<(StatusCode, Json<PersonBody>), Problem> {
    let person =
        usecase::session::sign_up(&ctx, &client, &body.first_name, &body.last_name, &body.email, &body.password)
            .await?;
    session::start(&session, person.id).await?;
    Ok((StatusCode::CREATED, Json(person.into())))
}

/// Signs in: the answer sets the session cookie.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignInBody,
    responses((status = 200, body = PersonBody), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn sign_in(
    State(ctx): State<Ctx>,
    From(client): From,
    session: Session,
    Json(body): Json<SignInBody>,
) -> Result<Json<PersonBody>, Problem> {
    let person = usecase::session::sign_in(&ctx, &client, &body.email, &body.password).await?;
    session::start(&session, person.id).await?;
    Ok(Json(person.into()))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
pub async fn sign_out(session: Session) -> Result<StatusCode, Problem> {
    session::end(&session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One of my organizations.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyOrganization {
    id: String,
    org_id: String,
    name: String,
    role: Option<&'static str>,
}

impl std::convert::From<Belonging> for MyOrganization {
    fn from(belonging: Belonging) -> Self {
        Self {
            id: belonging.id.to_string(),
            org_id: belonging.org_id,
            name: belonging.name,
            role: role_word(belonging.role),
        }
    }
}

/// My personal space.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpaceBody {
    id: String,
    org_id: String,
    /// The root of its Drive.
    root: String,
}

/// Me.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeBody {
    #[serde(flatten)]
    person: PersonBody,
    organizations: Vec<MyOrganization>,
    /// My personal space (SPACE-1), while I have one.
    space: Option<SpaceBody>,
}

/// Who is signed in, and where they belong.
#[utoipa::path(get, path = "/me", tag = "session", responses((status = 200, body = MeBody), (status = 401, body = Problem)))]
pub async fn me(State(ctx): State<Ctx>, By(by): By) -> Result<Json<MeBody>, Problem> {
    let (session, root) = usecase::session::me(&ctx, &by).await?;
    let person = session.person.ok_or_else(|| Problem::refusal(&crate::domain::refusal::Refusal::Unauthenticated))?;
    let (spaces, organizations): (Vec<_>, Vec<_>) = session.organizations.into_iter().partition(|one| one.personal);
    let root = root.map(|root| root.to_string()).unwrap_or_default();
    let space =
        spaces.into_iter().next().map(|space| SpaceBody { id: space.id.to_string(), org_id: space.org_id, root });
    Ok(Json(MeBody {
        person: person.into(),
        organizations: organizations.into_iter().map(Into::into).collect(),
        space,
    }))
}
