//! What every operation has in common: who may call it, which query parameters it takes, and the errors that any call may get.
//! The OpenAPI document says it, and [`enforce`] enforces it (API-1, AUTH-6).
//!
//! # Invariants
//! - Every operation of the document is in [`OPERATIONS`]. An operation that is missing there is for people only.
//! - A machine's call reaches a handler only through [`enforce`].

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use utoipa::openapi::{
    Content, HttpMethod, OpenApi, PathItem, Ref, RefOr, Required, ResponseBuilder, SecurityRequirement,
    path::{Operation, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Schema, Type},
    security::{
        ApiKey, ApiKeyValue, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes as FlowScopes,
        SecurityScheme,
    },
    server::Server,
};

use crate::{
    domain::{key::Scope, refusal::Refusal, requester::PeopleOnly},
    server::session::Caller,
};

use super::problem::Problem;

/// The path prefix of the operations.
pub const PREFIX: &str = "/api/v1";

/// Who may call an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Calls {
    /// Anybody: signing in and up, and following mailed links.
    Anyone,
    /// Signed-in people, and machines with a key that has one of these scopes.
    Scopes(&'static [Scope]),
    /// Signed-in people only, and why.
    People(PeopleOnly),
    /// The operator, with an operator key.
    Operator,
    /// An engine, with the token of its job.
    Job,
}

const READ: Calls = Calls::Scopes(&[Scope::Read]);
const WRITE: Calls = Calls::Scopes(&[Scope::Write]);
const PEOPLE: Calls = Calls::Scopes(&[Scope::People]);
const DESKTOP: Calls = Calls::Scopes(&[Scope::Desktop]);
/// What was begun with `write` is watched with it too.
const READ_OR_WRITE: Calls = Calls::Scopes(&[Scope::Read, Scope::Write]);
const PERSONAL: Calls = Calls::People(PeopleOnly::Personal);
const WHOLE: Calls = Calls::People(PeopleOnly::Whole);
const MONEY: Calls = Calls::People(PeopleOnly::Money);
const KEYS: Calls = Calls::People(PeopleOnly::Keys);
const PUBLISHING: Calls = Calls::People(PeopleOnly::Publishing);
const OUTSIDE: Calls = Calls::People(PeopleOnly::Outside);
const OPERATOR: Calls = Calls::Operator;
const ENGINE: Calls = Calls::Scopes(&[Scope::Engine]);
const JOB: Calls = Calls::Job;

/// Every operation, and who may call it.
#[rustfmt::skip]
pub const OPERATIONS: &[(&str, &str, Calls)] = &[
    ("POST",   "/signup",                               Calls::Anyone),
    ("POST",   "/session",                              Calls::Anyone),
    ("DELETE", "/session",                              Calls::Anyone),
    ("POST",   "/email/verify",                         Calls::Anyone),
    ("POST",   "/password/forgot",                      Calls::Anyone),
    ("POST",   "/password/reset",                       Calls::Anyone),
    ("POST",   "/invitations/show",                     Calls::Anyone),
    ("POST",   "/invitations/accept",                   PERSONAL),
    ("POST",   "/invitations/decline",                  PERSONAL),
    ("GET",    "/me",                                   PERSONAL),
    ("GET",    "/me/shared",                            PERSONAL),
    ("PATCH",  "/me",                                   PERSONAL),
    ("DELETE", "/me",                                   PERSONAL),
    ("POST",   "/me/email",                             PERSONAL),
    ("GET",    "/me/events",                            PERSONAL),
    ("GET",    "/me/export",                            PERSONAL),
    ("POST",   "/me/password",                          PERSONAL),
    ("GET",    "/me/privacy",                           PERSONAL),
    ("PUT",    "/me/privacy",                           PERSONAL),
    ("GET",    "/me/sessions",                          PERSONAL),
    ("DELETE", "/me/sessions",                          PERSONAL),
    ("DELETE", "/me/sessions/{id}",                     PERSONAL),
    ("POST",   "/me/verification",                      PERSONAL),
    ("GET",    "/orgs",                                 READ),
    ("POST",   "/orgs",                                 PERSONAL),
    ("GET",    "/orgs/{org}",                           READ),
    ("PATCH",  "/orgs/{org}",                           WHOLE),
    ("DELETE", "/orgs/{org}",                           WHOLE),
    ("POST",   "/orgs/{org}/restore",                   WHOLE),
    ("GET",    "/orgs/{org}/legal",                     WHOLE),
    ("PUT",    "/orgs/{org}/legal",                     WHOLE),
    ("GET",    "/orgs/{org}/accounts",                  READ),
    ("POST",   "/orgs/{org}/accounts",                  WHOLE),
    ("PATCH",  "/orgs/{org}/accounts/{id}",             WHOLE),
    ("DELETE", "/orgs/{org}/accounts/{id}",             WHOLE),
    ("GET",    "/orgs/{org}/people",                    READ),
    ("POST",   "/orgs/{org}/people",                    WHOLE),
    ("DELETE", "/orgs/{org}/people/me",                 PERSONAL),
    ("POST",   "/orgs/{org}/people/remove",             PEOPLE),
    ("PATCH",  "/orgs/{org}/people/{person}",           PEOPLE),
    ("GET",    "/orgs/{org}/people/{person}/caps",      READ),
    ("PATCH",  "/orgs/{org}/people/{person}/caps",      PEOPLE),
    ("GET",    "/orgs/{org}/invitations",               PEOPLE),
    ("POST",   "/orgs/{org}/invitations",               PEOPLE),
    ("PATCH",  "/orgs/{org}/invitations/{id}",          PEOPLE),
    ("DELETE", "/orgs/{org}/invitations/{id}",          PEOPLE),
    ("POST",   "/orgs/{org}/invitations/{id}/resend",   PEOPLE),
    ("GET",    "/orgs/{org}/audit",                     WHOLE),
    ("GET",    "/orgs/{org}/audit/export",              WHOLE),
    ("GET",    "/orgs/{org}/keys",                      KEYS),
    ("POST",   "/orgs/{org}/keys",                      KEYS),
    ("DELETE", "/orgs/{org}/keys/{id}",                 KEYS),
    ("GET",    "/orgs/{org}/licences",                  READ),
    ("GET",    "/licences/{id}/ledger",                 READ),
    ("GET",    "/licences/{id}/ledger/export",          READ),
    ("GET",    "/licences/{id}/seats",                  READ),
    ("POST",   "/licences/{id}/seats",                  MONEY),
    ("DELETE", "/licences/{id}/seats/{holder}",         MONEY),
    ("GET",    "/orgs/{org}/loans",                     READ),
    ("POST",   "/orgs/{org}/loans",                     MONEY),
    ("DELETE", "/loans/{id}",                           MONEY),
    ("GET",    "/orgs/{org}/billing/contacts",          MONEY),
    ("POST",   "/orgs/{org}/billing/contacts",          MONEY),
    ("PUT",    "/orgs/{org}/billing/contacts/{id}",     MONEY),
    ("DELETE", "/orgs/{org}/billing/contacts/{id}",     MONEY),
    ("GET",    "/orgs/{org}/billing/requests",          MONEY),
    ("POST",   "/orgs/{org}/billing/requests",          MONEY),
    ("POST",   "/orgs/{org}/billing/requests/{id}/withdraw", MONEY),
    ("GET",    "/desktop/licences",                     DESKTOP),
    ("POST",   "/desktop/licences/{id}/take",           DESKTOP),
    ("POST",   "/desktop/licences/{id}/heartbeat",      DESKTOP),
    ("POST",   "/desktop/licences/{id}/release",        DESKTOP),
    ("POST",   "/resources",                            WRITE),
    ("POST",   "/resources/trash",                      WRITE),
    ("POST",   "/resources/restore",                    WRITE),
    ("GET",    "/resources/{id}",                       READ),
    ("PATCH",  "/resources/{id}",                       WRITE),
    ("DELETE", "/resources/{id}",                       WRITE),
    ("GET",    "/resources/{id}/children",              READ),
    ("GET",    "/resources/{id}/events",                PERSONAL),
    ("PATCH",  "/resources/{id}/dataset",               WRITE),
    ("POST",   "/datasets",                             WRITE),
    ("POST",   "/datasets/{id}/uploads",                WRITE),
    ("GET",    "/datasets/{id}/uploads",                WRITE),
    ("DELETE", "/datasets/{id}/uploads",                WRITE),
    ("POST",   "/uploads",                              WRITE),
    ("HEAD",   "/uploads/{id}",                         WRITE),
    ("PATCH",  "/uploads/{id}",                         WRITE),
    ("DELETE", "/uploads/{id}",                         WRITE),
    ("GET",    "/datasets/{id}/files",                  READ),
    ("POST",   "/datasets/{id}/files/delete",           WRITE),
    ("GET",    "/datasets/{id}/files/{number}",         READ),
    ("PATCH",  "/datasets/{id}/files/{number}",         WRITE),
    ("DELETE", "/datasets/{id}/files/{number}",         WRITE),
    ("GET",    "/datasets/{id}/files/{number}/content", READ),
    ("GET",    "/datasets/{id}/files/{number}/preview", READ),
    ("GET",    "/datasets/{id}/layers",                 READ),
    ("GET",    "/datasets/{id}/layers/{number}/content", READ),
    ("GET",    "/datasets/{id}/layers/{number}/{level}/{x}/{y}", READ),
    ("GET",    "/datasets/{id}/annotations",            READ),
    ("POST",   "/datasets/{id}/annotations",            WRITE),
    ("PUT",    "/datasets/{id}/annotations/{number}",   WRITE),
    ("DELETE", "/datasets/{id}/annotations/{number}",   WRITE),
    ("GET",    "/datasets/{id}/annotations.geojson",    READ),
    ("GET",    "/datasets/{id}/annotations.csv",        READ),
    ("POST",   "/datasets/{id}/annotations/import",     WRITE),
    ("GET",    "/datasets/{id}/zip",                    READ),
    ("GET",    "/resources/{id}/zip",                   READ),
    ("POST",   "/engine/claim",                         ENGINE),
    ("POST",   "/engine/jobs/{id}/heartbeat",           JOB),
    ("POST",   "/engine/jobs/{id}/log",                 JOB),
    ("GET",    "/engine/jobs/{id}/inputs",              JOB),
    ("GET",    "/engine/jobs/{id}/inputs/{number}",     JOB),
    ("POST",   "/engine/jobs/{id}/outputs",             JOB),
    ("POST",   "/engine/jobs/{id}/complete",            JOB),
    ("POST",   "/engine/jobs/{id}/fail",                JOB),
    ("POST",   "/engine/jobs/{id}/release",             JOB),
    ("GET",    "/datasets/{id}/jobs",                   READ),
    ("POST",   "/datasets/{id}/jobs",                   WRITE),
    ("GET",    "/orgs/{org}/jobs",                      READ),
    ("GET",    "/jobs/{id}",                            READ_OR_WRITE),
    ("GET",    "/jobs/{id}/log",                        READ_OR_WRITE),
    ("GET",    "/jobs/{id}/log.txt",                    READ_OR_WRITE),
    ("GET",    "/jobs/{id}/log/events",                 PERSONAL),
    ("POST",   "/jobs/{id}/cancel",                     WRITE),
    ("POST",   "/jobs/{id}/again",                      WRITE),
    ("GET",    "/apps",                                 READ_OR_WRITE),
    ("GET",    "/apps/{slug}",                          READ_OR_WRITE),
    ("PATCH",  "/apps/{slug}",                          PUBLISHING),
    ("POST",   "/apps/{slug}/versions",                 PUBLISHING),
    ("PUT",    "/apps/{slug}/users/{user}",             PUBLISHING),
    ("DELETE", "/apps/{slug}/users/{user}",             PUBLISHING),
    ("GET",    "/orgs/{org}/apps",                      READ_OR_WRITE),
    ("POST",   "/orgs/{org}/apps",                      PUBLISHING),
    ("POST",   "/resources/{id}/trash",                 WRITE),
    ("POST",   "/resources/{id}/restore",               WRITE),
    ("POST",   "/resources/{id}/copy",                  WRITE),
    ("POST",   "/resources/{id}/share-copy",            OUTSIDE),
    ("POST",   "/resources/{id}/assign",                WRITE),
    ("POST",   "/resources/{id}/unassign",              WRITE),
    ("GET",    "/resources/{id}/restrictions",          READ),
    ("PUT",    "/resources/{id}/restrictions",          PUBLISHING),
    ("GET",    "/resources/{id}/links",                 READ),
    ("POST",   "/resources/{id}/links",                 PUBLISHING),
    ("DELETE", "/links/{id}",                           PUBLISHING),
    ("GET",    "/resources/{id}/access",                READ),
    ("GET",    "/resources/{id}/access/{person}",       READ),
    ("PUT",    "/resources/{id}/grants",                PEOPLE),
    ("DELETE", "/resources/{id}/grants/{grant}",        PEOPLE),
    ("GET",    "/orgs/{org}/search",                    READ),
    ("GET",    "/orgs/{org}/shared",                    READ),
    ("GET",    "/orgs/{org}/trash",                     READ),
    ("DELETE", "/orgs/{org}/trash",                     WRITE),
    ("GET",    "/orgs/{org}/tasks",                     READ_OR_WRITE),
    ("GET",    "/tasks/{id}",                           READ_OR_WRITE),
    ("DELETE", "/tasks/{id}",                           WRITE),
    ("POST",   "/undo",                                 WRITE),
    ("POST",   "/transfers/plan",                       READ_OR_WRITE),
    ("POST",   "/transfers",                            WRITE),
    ("GET",    "/transfers/{id}",                       READ),
    ("GET",    "/transfers/{id}/export",                READ),
    ("POST",   "/transfers/{id}/undo",                  OUTSIDE),
    ("GET",    "/orgs/{org}/transfers",                 READ),
    ("GET",    "/orgs/{org}/transfers/export",          READ),
    ("POST",   "/offers",                               OUTSIDE),
    ("GET",    "/offers/{id}",                          OUTSIDE),
    ("DELETE", "/offers/{id}",                          OUTSIDE),
    ("POST",   "/offers/{id}/plan",                     OUTSIDE),
    ("POST",   "/offers/{id}/accept",                   OUTSIDE),
    ("POST",   "/offers/{id}/decline",                  OUTSIDE),
    ("GET",    "/orgs/{org}/offers",                    OUTSIDE),
    ("GET",    "/operator/licences",                    OPERATOR),
    ("POST",   "/operator/licences",                    OPERATOR),
    ("GET",    "/operator/licences/{id}",               OPERATOR),
    ("POST",   "/operator/licences/{id}/extend",        OPERATOR),
    ("POST",   "/operator/licences/{id}/expire",        OPERATOR),
    ("POST",   "/operator/licences/{id}/top-up",        OPERATOR),
    ("GET",    "/operator/requests",                    OPERATOR),
    ("GET",    "/operator/requests/{id}",               OPERATOR),
    ("POST",   "/operator/requests/{id}/answer",        OPERATOR),
    ("GET",    "/operator/keys",                        OPERATOR),
    ("POST",   "/operator/keys",                        OPERATOR),
    ("DELETE", "/operator/keys/{id}",                   OPERATOR),
    ("PUT",    "/operator/orgs/{org}/plan",             OPERATOR),
    ("PUT",    "/operator/orgs/{org}/storage",          OPERATOR),
    ("PUT",    "/operator/datasets/{id}/status",        OPERATOR),
    ("PUT",    "/operator/apps/{slug}/everybody",       OPERATOR),
    ("DELETE", "/operator/apps/{slug}/everybody",       OPERATOR),
    ("GET",    "/operator/mail",                        OPERATOR),
    ("POST",   "/operator/mail/retry",                  OPERATOR),
    ("POST",   "/operator/mail/{id}/retry",             OPERATOR),
    ("GET",    "/operator/doctor",                      OPERATOR),
];

/// Who may call an operation, by its path below [`PREFIX`].
pub fn calls(method: &str, path: &str) -> Calls {
    OPERATIONS
        .iter()
        .find(|(of, at, _)| *of == method && *at == path)
        .map_or(Calls::People(PeopleOnly::Personal), |(.., calls)| *calls)
}

/// What [`enforce`] enforces for one operation.
#[derive(Debug, Clone)]
struct OperationRules {
    calls: Calls,
    query: Vec<String>,
}

/// What is enforced for every operation, by path and method.
#[derive(Debug, Clone, Default)]
pub struct Contract(Arc<BTreeMap<String, BTreeMap<String, OperationRules>>>);

/// Marks the request of a machine that [`enforce`] has let through.
#[derive(Debug, Clone, Copy)]
pub struct Admitted;

/// Middleware around every operation: refuses unknown query parameters and machines without the scope, and answers OPTIONS.
pub async fn enforce(State(contract): State<Contract>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let path = path.strip_prefix(PREFIX).unwrap_or(&path);
    let Some(methods) = contract.0.get(path) else { return next.run(request).await };
    if *request.method() == Method::OPTIONS {
        return options(methods.keys().map(String::as_str));
    }
    // HEAD is GET without a body, unless there is no GET: tus asks by it how far an upload is.
    let is_get = *request.method() == Method::HEAD && !methods.contains_key("HEAD");
    let method = if is_get { "GET" } else { request.method().as_str() };
    let Some(kept) = methods.get(method) else { return next.run(request).await };
    if let Some(unknown) = unknown_parameter(request.uri().query(), &kept.query) {
        return refuse_parameter(&unknown, &kept.query).into_response();
    }
    let key = request.extensions().get::<Caller>().and_then(|caller| caller.key.as_ref());
    if let Some(key) = key {
        match may_call(kept.calls, key.scopes.list()) {
            Ok(()) => {}
            Err(refusal) => return refusal.into_response(),
        }
        request.extensions_mut().insert(Admitted);
    }
    next.run(request).await
}

#[expect(clippy::result_large_err, reason = "as of every handler: a refusal is the rare answer")]
fn may_call(calls: Calls, has: &[Scope]) -> Result<(), Problem> {
    let wanted = match calls {
        Calls::Anyone => return Ok(()),
        Calls::Scopes(scopes) => scopes,
        Calls::People(why) => return Err(Problem::refusal(&why.refusal())),
        Calls::Operator => return Err(Problem::refusal(&PeopleOnly::Whole.refusal())),
        Calls::Job => {
            let text = "Send the token of the job, which came with it from /engine/claim.";
            return Err(Problem::refusal(&Refusal::Forbidden(text.to_owned())));
        }
    };
    if wanted.iter().any(|scope| has.contains(scope)) {
        return Ok(());
    }
    let words: Vec<&str> = wanted.iter().map(|scope| scope.as_str()).collect();
    let named = words.iter().map(|word| format!("“{word}”")).collect::<Vec<_>>().join(" or ");
    let text = format!("This key does not have the scope {named}. Create a key that has it.");
    Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", text).for_want_of_scope(&words.join(" ")))
}

/// The first parameter of a query that is not known.
fn unknown_parameter(query: Option<&str>, known: &[String]) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query?).unwrap_or_default();
    pairs.into_iter().map(|(name, _)| name).find(|name| !known.contains(name))
}

fn refuse_parameter(unknown: &str, known: &[String]) -> Problem {
    let takes = if known.is_empty() {
        "This call accepts none.".to_owned()
    } else {
        format!("This call accepts {}.", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
    };
    let shown: String = unknown.chars().take(64).collect();
    Problem::new(StatusCode::BAD_REQUEST, "invalid", format!("Unknown query parameter `{shown}`. {takes}"))
        .at_field(&shown, "Unknown parameter.")
}

/// The response to OPTIONS: the allowed methods.
pub fn options<'a>(methods: impl Iterator<Item = &'a str>) -> Response {
    let mut allowed: Vec<&str> = methods.collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.push("OPTIONS");
    allowed.sort_unstable();
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

const METHODS: [HttpMethod; 6] =
    [HttpMethod::Get, HttpMethod::Head, HttpMethod::Post, HttpMethod::Put, HttpMethod::Patch, HttpMethod::Delete];

const fn word(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Put => "PUT",
        HttpMethod::Post => "POST",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Trace => "TRACE",
    }
}

fn operation<'a>(item: &'a mut PathItem, method: &HttpMethod) -> Option<&'a mut Operation> {
    match method {
        HttpMethod::Get => item.get.as_mut(),
        HttpMethod::Put => item.put.as_mut(),
        HttpMethod::Post => item.post.as_mut(),
        HttpMethod::Delete => item.delete.as_mut(),
        HttpMethod::Patch => item.patch.as_mut(),
        HttpMethod::Head => item.head.as_mut(),
        HttpMethod::Options | HttpMethod::Trace => None,
    }
}

/// Adds what all operations have in common to the document that the handlers describe, and returns what [`enforce`] enforces.
pub fn complete(document: &mut OpenApi) -> Contract {
    let mut contract: BTreeMap<String, BTreeMap<String, OperationRules>> = BTreeMap::new();
    for (path, item) in &mut document.paths.paths {
        for method in &METHODS {
            let Some(operation) = operation(item, method) else { continue };
            let calls = calls(word(method), path);
            let query = describe(operation, method, path, calls);
            contract.entry(path.clone()).or_default().insert(word(method).to_owned(), OperationRules { calls, query });
        }
    }
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (format!("{PREFIX}{path}"), item)).collect();
    document.servers = Some(vec![Server::new("/")]);
    let components = document.components.get_or_insert_default();
    for schema in components.schemas.values_mut() {
        forget_defaults(schema);
    }
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            "__Host-commonhold-443",
            "A signed-in person: the cookie that `POST /api/v1/session` sets. Its name ends with the port of the public URL; over HTTP it has no `__Host-`. Unsafe calls that do not come from a browser send `X-Requested-With: commonhold` along.",
        ))),
    );
    let scopes = FlowScopes::from_iter(Scope::ALL.map(|scope| (scope.as_str(), scope.label())));
    components.add_security_scheme(
        "key",
        SecurityScheme::OAuth2(OAuth2::with_description(
            [Flow::ClientCredentials(ClientCredentials::new("/oauth/token", scopes))],
            "A program with a credential key of an account. It has no access outside that account.",
        )),
    );
    components.add_security_scheme(
        "operator",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("cho_…")
                .description(Some("The operator, with a key that `commonhold operator-key create` prints."))
                .build(),
        ),
    );
    components.add_security_scheme(
        "job",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("chj_…")
                .description(Some("An engine that is at a job, with the token that it got with it."))
                .build(),
        ),
    );
    Contract(Arc::new(contract))
}

/// Removes defaults from bodies: `required` says already what may be left out. Common client generators take a property with a
/// default for one that is always present.
fn forget_defaults(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    for property in object.properties.values_mut() {
        match property {
            RefOr::T(Schema::Object(of)) => of.default = None,
            RefOr::T(Schema::Array(of)) => of.default = None,
            RefOr::T(Schema::OneOf(of)) => of.default = None,
            RefOr::T(Schema::AllOf(of)) => of.default = None,
            RefOr::T(Schema::AnyOf(of)) => of.default = None,
            _ => {}
        }
    }
}

/// The description of a status that is not specific to an operation.
const fn meaning(status: &str) -> &'static str {
    match status.as_bytes() {
        b"400" => "The request cannot be read: it has an unknown field or query parameter, or is not JSON",
        b"401" => "No one is signed in, or the token is not valid",
        b"403" => "The caller may not do this; `detail` names the role, level or scope that is needed",
        b"404" => "This does not exist, or the caller may not see it",
        b"409" => "It conflicts with the current state, or a request with the same Idempotency-Key is in progress",
        b"422" => "A value is not valid: see `errors`",
        b"429" => "Too many requests: see the header Retry-After",
        _ => "The service cannot reach its data: see the header Retry-After",
    }
}

/// The POST operations that take no `Idempotency-Key`, and why not. All others take one, without any code of their own.
pub const EXEMPT: [(&str, &str); 9] = [
    ("/signup", "nobody asks yet, and the answer is a session, which a kept answer could not hand out"),
    ("/uploads", "its body may be a whole file; what was sent goes on where it was cut"),
    ("/engine/claim", "it may wait for long; a job that was taken and not heard of comes back when its lease runs out"),
    ("/session", "nobody asks yet, and the answer is a session"),
    (
        "/me/password",
        "the answer is a session under a new id; sent again it is refused, as the old password is wrong then",
    ),
    (
        "/me/email",
        "it is answered at a fixed moment, whatever happens; links that are mailed again take the place of earlier ones",
    ),
    ("/email/verify", "nobody has to be signed in; the link works once"),
    ("/password/forgot", "nobody has to be signed in; it is answered at a fixed moment, whatever happens"),
    ("/password/reset", "nobody has to be signed in; the link works once"),
];

/// Completes one operation, and returns its query parameters.
fn describe(operation: &mut Operation, method: &HttpMethod, path: &str, calls: Calls) -> Vec<String> {
    let unsafe_call = !matches!(method, HttpMethod::Get | HttpMethod::Head);
    operation.operation_id = Some(operation_id(word(method), path));
    let mut query = Vec::new();
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        // Parameters that the handlers declare and that are neither in the path nor headers are in the query.
        if parameter.parameter_in != ParameterIn::Header && !path.contains(&format!("{{{}}}", parameter.name)) {
            parameter.parameter_in = ParameterIn::Query;
            parameter.required = Required::False;
            query.push(parameter.name.clone());
        }
    }
    let call = path.strip_prefix("/api/v1").unwrap_or(path);
    let takes_key = EXEMPT.iter().all(|(without, _)| *without != call);
    // What an engine does with the token of its job is fenced by its lease.
    if matches!(method, HttpMethod::Post) && takes_key && calls != Calls::Job {
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("Requests with the same key, caller and body take effect once and get the same answer."))
            .schema(Some(Schema::Object(ObjectBuilder::new().schema_type(Type::String).build())))
            .build();
        operation.parameters.get_or_insert_default().push(RefOr::T(key));
    }
    operation.security = Some(security(calls));
    let mut statuses = vec!["400", "503"];
    if calls != Calls::Anyone {
        statuses.push("401");
    }
    if unsafe_call || matches!(calls, Calls::Scopes(_) | Calls::People(_)) {
        statuses.push("403");
    }
    if path.contains('{') {
        statuses.push("404");
    }
    if matches!(method, HttpMethod::Post) {
        statuses.extend(["409", "422"]);
    }
    if operation.request_body.is_some() || !query.is_empty() {
        statuses.push("422");
    }
    if unsafe_call || calls == Calls::Operator {
        statuses.push("429");
    }
    for status in statuses {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| {
            let problem = RefOr::Ref(Ref::from_schema_name("Problem"));
            let content = Content::new(Some(problem));
            RefOr::T(ResponseBuilder::new().description(meaning(status)).content("application/json", content).build())
        });
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            response.description = if status.starts_with('2') { "Done" } else { meaning(status) }.to_owned();
        }
        if !status.starts_with('2')
            && let Some(content) = response.content.shift_remove("application/json")
        {
            response.content.insert("application/problem+json".to_owned(), content);
        }
    }
    query
}

/// A name for generated clients: `get_orgs_org_people`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(['/', '-']).filter(|part| !part.is_empty());
    let words: Vec<&str> = words.map(|part| part.trim_matches(['{', '}'])).collect();
    format!("{}_{}", method.to_lowercase(), words.join("_"))
}

fn security(calls: Calls) -> Vec<SecurityRequirement> {
    let session = || SecurityRequirement::new::<_, [&str; 0], &str>("session", []);
    let key = |scope: &Scope| SecurityRequirement::new("key", [scope.as_str()]);
    match calls {
        Calls::Anyone => vec![SecurityRequirement::default()],
        Calls::Scopes(scopes) => std::iter::once(session()).chain(scopes.iter().map(key)).collect(),
        Calls::People(_) => vec![session()],
        Calls::Operator => vec![SecurityRequirement::new::<_, [&str; 0], &str>("operator", [])],
        Calls::Job => vec![SecurityRequirement::new::<_, [&str; 0], &str>("job", [])],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_1_every_operation_stands_once_in_the_table_and_the_table_has_no_other() {
        let (_, document) = super::super::router();
        let mut listed: Vec<String> =
            OPERATIONS.iter().map(|(method, path, _)| format!("{method} {PREFIX}{path}")).collect();
        let mut there = Vec::new();
        for (path, item) in document.paths.paths {
            let mut item = item;
            for method in &METHODS {
                if operation(&mut item, method).is_some() && path != "/oauth/token" {
                    there.push(format!("{} {path}", word(method)));
                }
            }
        }
        listed.sort();
        there.sort();
        assert_eq!(listed, there);
    }

    #[test]
    fn api_1_a_query_parameter_that_is_not_known_is_named() {
        let known = ["limit".to_owned(), "as".to_owned()];
        for (query, unknown) in [
            (None, None),
            (Some(""), None),
            (Some("limit=1&%61s=2"), None),
            (Some("nonsense=1"), Some("nonsense")),
            (Some("limit=1&Limit=2"), Some("Limit")),
            (Some("=1"), Some("")),
        ] {
            assert_eq!(unknown_parameter(query, &known).as_deref(), unknown, "{query:?}");
        }
    }

    #[test]
    fn api_1_names_for_generated_clients_are_unique() {
        let mut ids: Vec<String> = OPERATIONS.iter().map(|(method, path, _)| operation_id(method, path)).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
        assert_eq!(operation_id("POST", "/operator/licences/{id}/top-up"), "post_operator_licences_id_top_up");
    }
}
