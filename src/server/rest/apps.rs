//! `/apps` and `/orgs/{org}/apps` (JOB-1).

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    domain::app::{AppForm, AppOption, AppOptionForm, NewAppForm, NewVersionForm, OptionKind, OutputRole},
    server::{context::Ctx, usecase::app},
    view::app::{AppPageView, AppUserView, AppVersionView, AppView},
};

use super::{CurrentPerson, Json, PageBody, PageParams, Params, problem::Problem};

/// Who publishes an app.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublisherBody {
    id: String,
    name: String,
}

/// An app.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppBody {
    id: String,
    slug: String,
    title: String,
    summary: String,
    /// Null for what is built in.
    publisher: Option<PublisherBody>,
    /// `free` or `processing`.
    price: &'static str,
    /// Whether its success makes a dataset Processed.
    makes_processed: bool,
    /// Whether everybody may run it.
    everybody: bool,
    /// `draft`, `published` or `withdrawn`.
    state: &'static str,
    /// The number of the newest version; 0 for none.
    version: i64,
    created_at: String,
}

impl From<AppView> for AppBody {
    fn from(view: AppView) -> Self {
        Self {
            id: view.id.to_string(),
            slug: view.slug,
            title: view.title,
            summary: view.summary,
            publisher: view.publisher.map(|(id, name)| PublisherBody { id: id.to_string(), name }),
            price: view.price.as_str(),
            makes_processed: view.makes_processed,
            everybody: view.everybody,
            state: view.state.as_str(),
            version: view.last_version,
            created_at: view.created_at.rfc3339(),
        }
    }
}

/// An option of a version, in the shape of `NodeODM`.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppOptionBody {
    name: String,
    /// `int`, `float`, `string`, `bool` or `enum`.
    r#type: String,
    /// What it is where nobody says: a text, a number or a boolean.
    #[schema(value_type = Object)]
    value: Value,
    /// For `enum` the list of its values, else a text.
    #[schema(value_type = Object)]
    domain: Value,
    help: String,
}

/// A value as a text: machines send numbers and booleans as what they are.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value of an option as what it is.
pub(super) fn as_value(kind: OptionKind, text: &str) -> Value {
    match kind {
        OptionKind::Int => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        OptionKind::Float => text.parse::<f64>().map_or_else(|_| text.into(), Value::from),
        OptionKind::Bool => Value::Bool(text == "true"),
        OptionKind::String | OptionKind::Enum => text.into(),
    }
}

impl From<AppOptionBody> for AppOptionForm {
    fn from(body: AppOptionBody) -> Self {
        let (domain, choices) = match &body.domain {
            Value::Array(values) => (String::new(), values.iter().map(as_text).collect()),
            other => (as_text(other), Vec::new()),
        };
        Self { name: body.name, kind: body.r#type, value: as_text(&body.value), domain, choices, help: body.help }
    }
}

impl From<AppOption> for AppOptionBody {
    fn from(option: AppOption) -> Self {
        let domain = if option.kind == OptionKind::Enum {
            option.choices.into_iter().map(Value::from).collect()
        } else {
            option.domain.into()
        };
        Self {
            value: as_value(option.kind, &option.value),
            name: option.name,
            r#type: option.kind.as_str().to_owned(),
            domain,
            help: option.help,
        }
    }
}

/// A version of an app. It never changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppVersionBody {
    version: i64,
    label: String,
    options: Vec<AppOptionBody>,
    /// The roles of the files that it writes.
    outputs: Vec<&'static str>,
    timeout_minutes: i64,
    notes: String,
    created_by_name: String,
    created_at: String,
}

impl From<AppVersionView> for AppVersionBody {
    fn from(view: AppVersionView) -> Self {
        Self {
            version: view.number,
            label: view.label,
            options: view.options.into_iter().map(Into::into).collect(),
            outputs: view.outputs.into_iter().map(OutputRole::as_str).collect(),
            timeout_minutes: view.timeout_minutes,
            notes: view.notes,
            created_by_name: view.created_by_name,
            created_at: view.created_at.rfc3339(),
        }
    }
}

/// A person or an organization that may run an app.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppUserBody {
    id: String,
    name: String,
    /// `person` or `organization`.
    kind: &'static str,
    created_at: String,
}

impl From<AppUserView> for AppUserBody {
    fn from(view: AppUserView) -> Self {
        Self {
            id: view.id,
            name: view.name,
            kind: if view.is_organization { "organization" } else { "person" },
            created_at: view.created_at.rfc3339(),
        }
    }
}

/// An app with its newest versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppPageBody {
    #[serde(flatten)]
    app: AppBody,
    /// Newest first.
    versions: Vec<AppVersionBody>,
    /// Who is authorized, for who publishes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<AppUserBody>>,
}

impl From<AppPageView> for AppPageBody {
    fn from(view: AppPageView) -> Self {
        Self {
            app: view.app.into(),
            versions: view.versions.into_iter().map(Into::into).collect(),
            users: view.users.map(|users| users.into_iter().map(Into::into).collect()),
        }
    }
}

/// The published apps that the caller may run, by slug.
#[utoipa::path(get, path = "/apps", tag = "apps", params(PageParams),
    responses((status = 200, body = PageBody<AppBody>)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Params(page): Params<PageParams>,
) -> Result<Json<PageBody<AppBody>>, Problem> {
    Ok(Json(PageBody::of(app::list_usable(&ctx, &by, &page.cursor, page.limit).await?, Into::into)))
}

/// The apps that an organization publishes, by slug. Drafts are for its Owners and Managers.
#[utoipa::path(get, path = "/orgs/{org}/apps", tag = "apps", params(("org" = String, Path), PageParams),
    responses((status = 200, body = PageBody<AppBody>), (status = 404, body = Problem)))]
pub async fn list_of(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Params(page): Params<PageParams>,
) -> Result<Json<PageBody<AppBody>>, Problem> {
    Ok(Json(PageBody::of(app::list_of(&ctx, &by, &org, &page.cursor, page.limit).await?, Into::into)))
}

/// A new app.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewAppBody {
    /// 2 to 40 letters, digits and single hyphens; claimed for good.
    slug: String,
    title: String,
    summary: Option<String>,
    /// `free` or `processing`: what processing costs (LIC-2).
    price: String,
    /// Whether its success makes a dataset Processed. Default: false.
    makes_processed: bool,
}

/// Creates an app as a draft. Add a version, then publish it.
#[utoipa::path(post, path = "/orgs/{org}/apps", tag = "apps", params(("org" = String, Path)), request_body = NewAppBody,
    responses((status = 201, body = AppBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(org): Path<String>,
    Json(body): Json<NewAppBody>,
) -> Result<(StatusCode, Json<AppBody>), Problem> {
    let form = NewAppForm {
        slug: body.slug,
        title: body.title,
        summary: body.summary.unwrap_or_default(),
        price: body.price,
        makes_processed: body.makes_processed,
    };
    Ok((StatusCode::CREATED, Json(app::create(&ctx, &by, &org, &form).await?.into())))
}

/// One app, for who may run it or publishes it. For others the refusal names the reason.
#[utoipa::path(get, path = "/apps/{slug}", tag = "apps", params(("slug" = String, Path)),
    responses((status = 200, body = AppPageBody), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn show(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(slug): Path<String>,
) -> Result<Json<AppPageBody>, Problem> {
    Ok(Json(app::show(&ctx, &by, &slug).await?.into()))
}

/// Changes of an app; what is not given stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppChangeBody {
    title: Option<String>,
    summary: Option<String>,
    /// `published` or `withdrawn`.
    state: Option<String>,
}

/// Changes an app, publishes it, or withdraws it. Jobs that began go on.
#[utoipa::path(patch, path = "/apps/{slug}", tag = "apps", params(("slug" = String, Path)), request_body = AppChangeBody,
    responses((status = 200, body = AppBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(slug): Path<String>,
    Json(body): Json<AppChangeBody>,
) -> Result<Json<AppBody>, Problem> {
    let form = AppForm { title: body.title, summary: body.summary, state: body.state };
    Ok(Json(app::change(&ctx, &by, &slug, &form).await?.into()))
}

/// A new version.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewAppVersionBody {
    /// What people call it, like `1.4`.
    label: String,
    options: Vec<AppOptionBody>,
    /// The roles of the files that it writes, like `orthophoto` or `report`.
    outputs: Vec<String>,
    /// 1 to 10,080. Default: a day.
    timeout_minutes: Option<i64>,
    notes: Option<String>,
}

/// Adds a version to an app. It never changes afterwards.
#[utoipa::path(post, path = "/apps/{slug}/versions", tag = "apps", params(("slug" = String, Path)), request_body = NewAppVersionBody,
    responses((status = 201, body = AppVersionBody), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn publish_version(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(slug): Path<String>,
    Json(body): Json<NewAppVersionBody>,
) -> Result<(StatusCode, Json<AppVersionBody>), Problem> {
    let form = NewVersionForm {
        label: body.label,
        options: body.options.into_iter().map(Into::into).collect(),
        outputs: body.outputs,
        timeout_minutes: body.timeout_minutes,
        notes: body.notes.unwrap_or_default(),
    };
    Ok((StatusCode::CREATED, Json(app::publish_version(&ctx, &by, &slug, &form).await?.into())))
}

/// Authorizes an organization (its Org ID or id) or a person (their id) to use an app.
#[utoipa::path(put, path = "/apps/{slug}/users/{user}", tag = "apps", params(("slug" = String, Path), ("user" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn authorize(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((slug, user)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app::authorize(&ctx, &by, &slug, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the use of an app by an organization or a person. Jobs that began go on.
#[utoipa::path(delete, path = "/apps/{slug}/users/{user}", tag = "apps", params(("slug" = String, Path), ("user" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn unauthorize(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((slug, user)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    app::unauthorize(&ctx, &by, &slug, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
