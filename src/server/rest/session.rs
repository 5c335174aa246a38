//! `/signup`, `/session`, `/me`.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use utoipa::ToSchema;

use crate::{
    server::{
        context::{Ctx, Principal},
        session,
        usecase::{self, session::SignUpForm},
    },
    view::{PersonView, SharedResourceView, my_account::ProfileView},
};

use super::{ClientInfo, CurrentPerson, Json, PageBody, PageParams, Params, orgs::MyOrganization, problem::Problem};

/// Who wants to sign in.
#[derive(Debug, Default, Deserialize, ToSchema)]
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

impl From<PersonView> for PersonBody {
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

/// Signs up and signs in. Where sign-up is restricted, it needs an invitation.
#[utoipa::path(post, path = "/signup", tag = "session", request_body = SignUpForm,
    responses((status = 201, body = PersonBody), (status = 403, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn sign_up(
    State(ctx): State<Ctx>,
    ClientInfo(client): ClientInfo,
    session: Session,
    Json(form): Json<SignUpForm>,
) -> Result<(StatusCode, Json<PersonBody>), Problem> {
    let person = usecase::session::sign_up(&ctx, &client, &form).await?;
    session::start(&session, &ctx, person.id, &client).await?;
    Ok((StatusCode::CREATED, Json(person.into())))
}

/// Signs in: the answer sets the session cookie.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignInBody,
    responses((status = 200, body = PersonBody), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn sign_in(
    State(ctx): State<Ctx>,
    ClientInfo(client): ClientInfo,
    session: Session,
    Json(body): Json<SignInBody>,
) -> Result<Json<PersonBody>, Problem> {
    let person = usecase::session::sign_in(&ctx, &client, &body.email, &body.password).await?;
    session::start(&session, &ctx, person.id, &client).await?;
    Ok(Json(person.into()))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
pub async fn sign_out(session: Session) -> Result<StatusCode, Problem> {
    session::end(&session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Something shared with me by an organization that I am not in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SharedBody {
    organization: SharingBody,
    /// The id of what is shared.
    resource: String,
    name: String,
    /// `root`, `folder`, `site`, `asset` or `dataset`.
    kind: &'static str,
    /// My level on it: `reader`, `uploader` or `editor`.
    level: &'static str,
}

/// The organization that shares something.
#[derive(Debug, Serialize, ToSchema)]
pub struct SharingBody {
    id: String,
    org_id: String,
    name: String,
}

impl From<SharedResourceView> for SharedBody {
    fn from(view: SharedResourceView) -> Self {
        Self {
            organization: SharingBody {
                id: view.organization.to_string(),
                org_id: view.org_id,
                name: view.organization_name,
            },
            resource: view.resource.to_string(),
            name: view.name,
            kind: view.kind.as_str(),
            level: view.level.as_str(),
        }
    }
}

/// What organizations that I am not in share with me, or with an organization of mine, the newest first.
#[utoipa::path(get, path = "/me/shared", tag = "session", params(PageParams),
    responses((status = 200, body = PageBody<SharedBody>), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn shared(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Params(params): Params<PageParams>,
) -> Result<Json<PageBody<SharedBody>>, Problem> {
    let page = usecase::organization::shared_with(&ctx, &by, &params.cursor, params.limit).await?;
    Ok(Json(PageBody::of(page, Into::into)))
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
    /// The id of the organization that opens after signing in.
    default_organization: Option<String>,
    /// Where my new work is processed and stored by default.
    cluster: String,
    language: String,
    /// My first 50 organizations by name, and my default one; `GET /orgs` lists all.
    organizations: Vec<MyOrganization>,
    /// The `cursor` for `GET /orgs` to continue after these; null if these are all.
    organizations_next_cursor: Option<String>,
    /// The latest things shared with me by organizations that I am not in, at most 20; `GET /me/shared` lists all.
    shared: Vec<SharedBody>,
    /// My personal space (SPACE-1), while I have one.
    space: Option<SpaceBody>,
    /// Invitations that wait for my answer.
    invitations: Vec<super::invitations::WaitingBody>,
}

/// Who is signed in, and where they belong.
#[utoipa::path(get, path = "/me", tag = "session", responses((status = 200, body = MeBody), (status = 401, body = Problem)))]
pub async fn me(State(ctx): State<Ctx>, CurrentPerson(by): CurrentPerson) -> Result<Json<MeBody>, Problem> {
    let profile = usecase::my_account::profile(&ctx, &by).await?;
    me_body(&ctx, &by, profile).await.map(Json)
}

/// The response of `GET /me`.
pub async fn me_body(ctx: &Ctx, by: &Principal, profile: ProfileView) -> Result<MeBody, Problem> {
    let (spaces, organizations): (Vec<_>, Vec<_>) = profile.organizations.into_iter().partition(|one| one.personal);
    let space = match spaces.into_iter().next() {
        None => None,
        Some(space) => {
            let shown = usecase::organization::show(ctx, by, &space.id.to_string()).await?;
            let root = shown.accounts.first().map(|(account, _)| account.root.to_string()).unwrap_or_default();
            Some(SpaceBody { id: space.id.to_string(), org_id: space.org_id, root })
        }
    };
    Ok(MeBody {
        person: profile.person.into(),
        default_organization: profile.default_organization.map(|id| id.to_string()),
        cluster: profile.cluster,
        language: profile.language,
        organizations: organizations.into_iter().map(Into::into).collect(),
        organizations_next_cursor: profile.more_organizations,
        shared: usecase::organization::shared_with(ctx, by, "", Some(20))
            .await?
            .items
            .into_iter()
            .map(Into::into)
            .collect(),
        space,
        invitations: usecase::invitation::show::mine(ctx, by).await?.into_iter().map(Into::into).collect(),
    })
}
