//! The REST API, version 1: one file per resource, and the OpenAPI document generated from them (API-1).
//!
//! # Invariants
//! - A handler reads the request, calls one use case, and writes the answer; it decides nothing.
//! - Bodies refuse unknown fields. Missing fields are empty here, and the domain reports them.
//! - Where a call sends what a use case takes, the use case's own form or query is the body or the parameters.

pub mod access;
pub mod accounts;
pub mod annotations;
pub mod apps;
pub mod audit;
pub mod billing;
pub mod contract;
pub mod desktop;
pub(in crate::server) mod download;
pub mod engine;
pub mod events;
pub mod export;
pub mod files;
pub mod idempotency;
pub mod invitations;
pub mod jobs;
pub mod keys;
pub mod layers;
pub mod licences;
pub mod links;
pub mod loans;
pub mod my_account;
pub mod offers;
pub mod operator;
pub mod orgs;
pub mod people;
pub mod problem;
pub mod receipts;
pub mod resources;
pub mod restrictions;
pub mod seats;
pub mod session;
pub mod tasks;
pub mod transfers;
pub mod trash;
pub mod uploads;
pub mod zips;

use std::marker::PhantomData;

use axum::{
    Router,
    extract::{
        DefaultBodyLimit, FromRequest, FromRequestParts, Query, Request,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{StatusCode, request::Parts},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

use crate::domain::{annotation::MAX_IMPORT_BYTES, refusal::Refusal, requester::PeopleOnly};

use super::{
    context::{Actor, Client, Ctx, JobPrincipal, Principal},
    session::Caller,
    usecase::upload::Sender,
};
use problem::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Commonhold",
        version = "1",
        description = "Organizations own licences and data, people act through roles, and work is transferred between organizations without anything being lost. Errors are RFC 9457 problem details with a stable `code`. Unknown query parameters and fields are refused. Lists are pages: pass `next_cursor` back as `cursor`. Unsafe calls take an `Idempotency-Key`. Calls that use the session cookie and do not come from a browser send `X-Requested-With: commonhold`."
    ),
    tags(
        (name = "session", description = "Signing up, in and out"),
        (name = "account", description = "My account: sessions, password, email, profile, my data"),
        (name = "organizations", description = "Organizations and their people"),
        (name = "drive", description = "Folders, sites, assets and datasets"),
        (name = "files", description = "The files of datasets: uploads by tus 1.0 after a plan, lists, downloads with ranges, alone and as ZIP"),
        (name = "annotations", description = "What people draw on datasets, with lengths and areas, as JSON, GeoJSON and CSV"),
        (name = "apps", description = "What processes datasets: published by organizations in versions that never change, run by who is authorized"),
        (name = "jobs", description = "Apps running on datasets: started, watched, cancelled, run again"),
        (name = "engine", description = "Engines: take jobs with a key that has the scope `engine`, then work with the token of the job: `Authorization: Bearer chj_…`"),
        (name = "transfers", description = "Moving within an organization and transferring between two"),
        (name = "licences", description = "Licences, their ledgers, and the audit log"),
        (name = "billing", description = "Billing contacts, and requests to the operator for licences; Owners only"),
        (name = "operator", description = "Granting licences and answering requests, with an operator key: `Authorization: Bearer cho_…`"),
        (name = "keys", description = "Credential keys: how machines get a token at `POST /oauth/token` (client credentials)"),
        (name = "desktop", description = "Desktop licences for programs on people's computers, and their seats"),
    )
)]
struct Document;

/// The operations outside `/api/v1`.
#[derive(OpenApi)]
#[openapi(paths(keys::token))]
struct OauthDocument;

fn api() -> OpenApiRouter<Ctx> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(session::sign_up))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(session::me, my_account::update, my_account::delete))
        .routes(routes!(session::shared))
        .routes(routes!(my_account::sessions, my_account::end_other_sessions))
        .routes(routes!(my_account::end_session))
        .routes(routes!(my_account::change_password))
        .routes(routes!(my_account::change_email))
        .routes(routes!(my_account::send_verification))
        .routes(routes!(my_account::verify_email))
        .routes(routes!(my_account::forgot_password))
        .routes(routes!(my_account::reset_password))
        .routes(routes!(my_account::privacy, my_account::save_privacy))
        .routes(routes!(my_account::export))
        .routes(routes!(orgs::list, orgs::create))
        .routes(routes!(orgs::show, orgs::change, orgs::delete))
        .routes(routes!(orgs::restore))
        .routes(routes!(orgs::legal, orgs::change_legal))
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::change, accounts::delete))
        .routes(routes!(people::list, people::create))
        .routes(routes!(people::leave))
        .routes(routes!(people::remove))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::change_role, invitations::revoke))
        .routes(routes!(invitations::resend))
        .routes(routes!(invitations::show))
        .routes(routes!(invitations::accept))
        .routes(routes!(invitations::decline))
        .routes(routes!(people::change_role))
        .routes(routes!(people::caps, people::change_caps))
        .routes(routes!(licences::list))
        .routes(routes!(licences::ledger))
        .routes(routes!(licences::export))
        .routes(routes!(seats::list, seats::give))
        .routes(routes!(seats::free))
        .routes(routes!(loans::list, loans::create))
        .routes(routes!(loans::end))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(resources::change_dataset))
        .routes(routes!(desktop::list))
        .routes(routes!(desktop::take))
        .routes(routes!(desktop::heartbeat))
        .routes(routes!(desktop::release))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(resources::create))
        .routes(routes!(resources::show, resources::rename, trash::delete))
        .routes(routes!(resources::children))
        .routes(routes!(resources::shared))
        .routes(routes!(access::list))
        .routes(routes!(access::why))
        .routes(routes!(access::give))
        .routes(routes!(access::remove))
        .routes(routes!(resources::search))
        .routes(routes!(trash::put_all))
        .routes(routes!(trash::restore_all))
        .routes(routes!(trash::put))
        .routes(routes!(trash::restore))
        .routes(routes!(trash::list, trash::empty))
        .routes(routes!(trash::copy))
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::show, tasks::cancel))
        .routes(routes!(tasks::undo))
        .routes(routes!(accounts::share_copy))
        .routes(routes!(trash::assign))
        .routes(routes!(trash::unassign))
        .routes(routes!(restrictions::show, restrictions::change))
        .routes(routes!(links::list, links::create))
        .routes(routes!(links::revoke))
        .routes(routes!(events::resource))
        .routes(routes!(events::mine))
        .routes(routes!(transfers::plan))
        .routes(routes!(transfers::create))
        .routes(routes!(transfers::show))
        .routes(routes!(billing::contacts, billing::add_contact))
        .routes(routes!(billing::change_contact, billing::remove_contact))
        .routes(routes!(billing::requests, billing::request))
        .routes(routes!(billing::withdraw))
        .routes(routes!(operator::licences, operator::grant))
        .routes(routes!(operator::licence))
        .routes(routes!(operator::extend))
        .routes(routes!(operator::expire))
        .routes(routes!(operator::top_up))
        .routes(routes!(operator::requests))
        .routes(routes!(operator::request))
        .routes(routes!(operator::answer))
        .routes(routes!(operator::keys, operator::create_key))
        .routes(routes!(operator::revoke_key))
        .routes(routes!(operator::set_plan))
        .routes(routes!(operator::set_storage))
        .routes(routes!(operator::set_status))
        .routes(routes!(operator::authorize_everybody, operator::unauthorize_everybody))
        .routes(routes!(operator::mail))
        .routes(routes!(operator::retry_all_mail))
        .routes(routes!(operator::retry_mail))
        .routes(routes!(operator::doctor))
        .routes(routes!(receipts::list))
        .routes(routes!(receipts::export))
        .routes(routes!(receipts::export_one))
        .routes(routes!(receipts::undo))
        .routes(routes!(offers::create))
        .routes(routes!(offers::list))
        .routes(routes!(offers::show, offers::withdraw))
        .routes(routes!(offers::plan))
        .routes(routes!(offers::accept))
        .routes(routes!(offers::decline))
        .routes(routes!(uploads::plan_new))
        .routes(routes!(uploads::list, uploads::plan, uploads::discard_all))
        .routes(routes!(files::list))
        .routes(routes!(files::show, files::change, files::delete))
        .routes(routes!(files::delete_all))
        .routes(routes!(layers::list))
        .routes(routes!(annotations::list, annotations::create))
        .routes(routes!(annotations::change, annotations::delete))
        .routes(routes!(annotations::as_geojson))
        .routes(routes!(annotations::as_csv))
        .routes(routes!(annotations::import).layer(DefaultBodyLimit::max(MAX_IMPORT_BYTES)))
        .routes(routes!(engine::claim))
        .routes(routes!(engine::heartbeat))
        .routes(routes!(engine::log))
        .routes(routes!(engine::inputs))
        .routes(routes!(engine::outputs))
        .routes(routes!(engine::complete))
        .routes(routes!(engine::fail))
        .routes(routes!(engine::release))
        .routes(routes!(jobs::list_of_dataset, jobs::create))
        .routes(routes!(jobs::list_of))
        .routes(routes!(jobs::show))
        .routes(routes!(jobs::log))
        .routes(routes!(jobs::log_text))
        .routes(routes!(events::job_log))
        .routes(routes!(jobs::cancel))
        .routes(routes!(jobs::again))
        .routes(routes!(apps::list))
        .routes(routes!(apps::show, apps::change))
        .routes(routes!(apps::publish_version))
        .routes(routes!(apps::authorize, apps::unauthorize))
        .routes(routes!(apps::list_of, apps::create))
}

/// The operations whose bodies are as long as files. They are outside the layers that limit, compress, time or keep bodies.
fn byte_api() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(uploads::create))
        .routes(routes!(uploads::show, uploads::send, uploads::discard))
        .routes(routes!(files::content))
        .routes(routes!(engine::input))
        .routes(routes!(files::preview))
        .routes(routes!(layers::content))
        .routes(routes!(layers::tile))
        .routes(routes!(zips::dataset))
        .routes(routes!(zips::folder))
}

/// The routes of the API below its prefix.
pub struct Routes {
    pub calls: Router<Ctx>,
    /// Those that receive and send the bytes of files.
    pub bytes: Router<Ctx>,
}

/// The routes of the API, and its OpenAPI document.
pub fn router() -> (Routes, utoipa::openapi::OpenApi) {
    let (calls, mut document) = api().split_for_parts();
    let (bytes, of_bytes) = byte_api().split_for_parts();
    document.merge(of_bytes);
    let contract = contract::complete(&mut document);
    document.merge(OauthDocument::openapi());
    let calls = calls
        .route_layer(from_fn_with_state(contract.clone(), contract::enforce))
        .fallback(async || Problem::refusal(&Refusal::NotFound));
    let bytes = bytes.route_layer(from_fn_with_state(contract, contract::enforce));
    (Routes { calls, bytes }, document)
}

/// The caller: a signed-in person, or a machine that may call this operation (see [`contract`]). Without one, 401.
pub struct CurrentPerson(pub Principal);

impl<S: Sync> FromRequestParts<S> for CurrentPerson {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Caller>() {
            Some(Caller { principal: Some(principal), .. }) => Ok(Self(principal.clone())),
            // `contract::enforce` has checked its scopes.
            Some(Caller { key: Some(key), .. }) if parts.extensions.get::<contract::Admitted>().is_some() => {
                Ok(Self(key.principal()))
            }
            Some(Caller { key: Some(_), .. }) => Err(Problem::refusal(&PeopleOnly::Personal.refusal())),
            caller => Err(nobody(caller)),
        }
    }
}

/// The problem for a request without a known caller.
fn nobody(caller: Option<&Caller>) -> Problem {
    match caller {
        Some(Caller { bad_token: true, .. }) => Problem::new(
            StatusCode::UNAUTHORIZED,
            Refusal::Unauthenticated.code(),
            "This token does not work: it has expired, or its key was revoked. Ask for a new one at /oauth/token."
                .to_owned(),
        )
        .for_a_bad_token(),
        _ => Problem::refusal(&Refusal::Unauthenticated),
    }
}

/// The caller, where people and machines are told apart. Without one, 401.
pub struct CurrentActor(pub Actor);

impl<S: Sync> FromRequestParts<S> for CurrentActor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Caller>() {
            Some(Caller { principal: Some(principal), .. }) => Ok(Self(Actor::Person(principal.clone()))),
            Some(Caller { key: Some(key), .. }) => Ok(Self(Actor::Key(key.clone()))),
            caller => Err(nobody(caller)),
        }
    }
}

/// The engine that is at a job, by the token of that job. Without one, 401.
pub struct CurrentJob(pub JobPrincipal);

impl<S: Sync> FromRequestParts<S> for CurrentJob {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Caller>() {
            Some(Caller { job: Some(job), .. }) => Ok(Self(job.clone())),
            caller => Err(nobody(caller)),
        }
    }
}

/// Who sends the bytes of an upload: a person or a machine, or an engine for its job.
pub struct CurrentSender(pub Sender);

impl<S: Sync> FromRequestParts<S> for CurrentSender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Caller>() {
            Some(Caller { job: Some(job), .. }) => Ok(Self(Sender::Engine(job.clone()))),
            _ => {
                CurrentPerson::from_request_parts(parts, state).await.map(|CurrentPerson(by)| Self(Sender::Person(by)))
            }
        }
    }
}

/// The client that sent a request.
pub struct ClientInfo(pub Client);

impl<S: Sync> FromRequestParts<S> for ClientInfo {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Caller>().map(|caller| caller.client.clone()).unwrap_or_default()))
    }
}

/// A JSON body. An unreadable one, or an unknown field, is a 400.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<Object<T>>::from_request(request, state).await {
            Ok(axum::Json(Object(body))) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid", "The body is too large.".to_owned()))
            }
            Err(rejection) => Err(Problem::new(StatusCode::BAD_REQUEST, "invalid", readable(&rejection.body_text()))),
        }
    }
}

/// A body that must be a JSON object. Serde also reads a struct from an array of its fields in their order, which the contract
/// does not promise.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A query string. An unknown or unreadable parameter is a 400.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::<T>::from_request_parts(parts, state).await.map(|Query(params)| Self(params)).map_err(
            |rejection: QueryRejection| {
                Problem::new(StatusCode::BAD_REQUEST, "invalid", readable(&rejection.body_text()))
            },
        )
    }
}

/// axum's message without its mention of Rust types.
fn readable(text: &str) -> String {
    text.trim_start_matches("Failed to deserialize the JSON body into the target type: ")
        .trim_start_matches("Failed to deserialize query string: ")
        .to_owned()
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageParams {
    /// Where the page starts: `next_cursor` of the one before.
    #[serde(default)]
    pub cursor: String,
    /// 1 to 200. Default: 50.
    pub limit: Option<i64>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody<T: ToSchema> {
    /// The rows.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T: ToSchema> PageBody<T> {
    /// A page of a use case, with each row converted to its body.
    pub fn of<U>(page: crate::view::Page<U>, row: impl Fn(U) -> T) -> Self {
        Self { items: page.items.into_iter().map(row).collect(), next_cursor: page.next_cursor }
    }
}
