//! A client of the REST API and of the pages, with its own cookies.

use std::sync::Mutex;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, header},
};
use commonhold::{
    domain::id::{AccountId, OrganizationId, PersonId, ResourceId},
    rpc::{
        PostcardEncoding,
        encoding::{DecodeError, decode},
    },
};
use leptos::server_fn::ContentType;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{
    PASSWORD, TestApp,
    page_data::{readable, text_of},
};

/// Somebody, signed in or not.
pub struct Person {
    app: TestApp,
    pub id: PersonId,
    pub name: String,
    pub email: String,
    cookie: Mutex<Option<String>>,
    /// The cookie with the message for the next page.
    said: Mutex<Option<String>>,
}

impl Clone for Person {
    fn clone(&self) -> Self {
        Self {
            app: self.app.clone(),
            id: self.id,
            name: self.name.clone(),
            email: self.email.clone(),
            cookie: Mutex::new(self.cookie()),
            said: Mutex::new(None),
        }
    }
}

/// An organization, as its founder knows it.
#[derive(Clone, Debug)]
pub struct Org {
    pub id: OrganizationId,
    #[expect(clippy::struct_field_names, reason = "what it is called everywhere")]
    pub org_id: String,
    pub root: ResourceId,
    pub account: AccountId,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// As text: that of a page with its data, and what a server function sent.
    pub body: String,
    pub bytes: Bytes,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON ({}): {}", self.status, self.body))
    }

    /// What a server function sent.
    pub fn decoded<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        decode(&self.bytes)
    }

    /// Asserts the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The stable code of a problem.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The fields that a problem names.
    pub fn fields(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error["field"].as_str().map(str::to_owned)).collect()
    }

    /// The codes of the blockers that a plan or a problem lists.
    pub fn blockers(&self) -> Vec<String> {
        let blockers = self.json()["blockers"].as_array().cloned().unwrap_or_default();
        blockers.iter().filter_map(|blocker| blocker["code"].as_str().map(str::to_owned)).collect()
    }

    /// The names in a list.
    pub fn names(&self) -> Vec<String> {
        let items = self.json()["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["name"].as_str().map(str::to_owned)).collect()
    }
}

/// The result of some work. Panics with its name after a minute.
pub async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_mins(1), work)
        .await
        .unwrap_or_else(|_| panic!("{what} did not end within a minute"))
}

impl Person {
    pub fn nobody(app: &TestApp) -> Self {
        let id = PersonId(uuid::Uuid::nil());
        let (cookie, said) = (Mutex::new(None), Mutex::new(None));
        Self { app: app.clone(), id, name: String::new(), email: String::new(), cookie, said }
    }

    /// Signs somebody up and follows the mailed link.
    pub async fn sign_up(app: &TestApp, first_name: &str, last_name: &str, email: &str) -> Self {
        let person = Self::sign_up_unproved(app, first_name, last_name, email).await;
        app.verify(&person).await;
        person
    }

    /// Signs somebody up who does not follow the mailed link.
    pub async fn sign_up_unproved(app: &TestApp, first_name: &str, last_name: &str, email: &str) -> Self {
        let nobody = Self::nobody(app);
        let body = json!({ "first_name": first_name, "last_name": last_name, "email": email, "password": PASSWORD });
        let answer = nobody.post("/api/v1/signup", &body).await.expect(201).json();
        let id = answer["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        Self { id, name: format!("{first_name} {last_name}"), email: email.to_owned(), ..nobody }
    }

    /// The same person at another node, signed in there.
    pub async fn at(&self, app: &TestApp) -> Self {
        Self { app: app.clone(), ..self.clone() }.elsewhere().await
    }

    /// The same person in another browser.
    pub async fn elsewhere(&self) -> Self {
        let other = Self { cookie: Mutex::new(None), ..self.clone() };
        other.post("/api/v1/session", &json!({ "email": self.email, "password": PASSWORD })).await.expect(200);
        other
    }

    pub fn cookie(&self) -> Option<String> {
        self.cookie.lock().expect("not poisoned").clone()
    }

    pub fn set_cookie(&self, cookie: Option<&str>) {
        *self.cookie.lock().expect("not poisoned") = cookie.map(str::to_owned);
    }

    /// Sends a request with the cookies, and keeps those that come back.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let said = self.said.lock().expect("not poisoned").clone();
        let cookies: Vec<String> = [self.cookie(), said].into_iter().flatten().collect();
        if !cookies.is_empty() && !request.headers().contains_key(header::COOKIE) {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().expect("a header"));
        }
        let asked = format!("{} {}", request.method(), request.uri());
        let (parts, body) =
            in_time(&asked, self.app.router().oneshot(request)).await.expect("the router answers").into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let text = set.to_str().expect("a header");
            let pair = text.split(';').next().unwrap_or_default();
            let gone = text.contains("Max-Age=0") || pair.ends_with('=');
            let kept = if pair.contains("-said-") { &self.said } else { &self.cookie };
            *kept.lock().expect("not poisoned") = (!gone).then(|| pair.to_owned());
        }
        let bytes = in_time(&asked, axum::body::to_bytes(body, usize::MAX)).await.expect("a body");
        let kind = parts.headers.get(header::CONTENT_TYPE).map_or(&[][..], |kind| kind.as_bytes());
        let body = if kind == PostcardEncoding::CONTENT_TYPE.as_bytes() {
            text_of(&bytes)
        } else if kind.starts_with(b"text/html") {
            readable(&String::from_utf8_lossy(&bytes))
        } else {
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, bytes }
    }

    /// A call of the REST API with additional headers.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("x-requested-with", "commonhold");
        // Uploads ask for the version of their protocol; nothing else minds.
        if headers.iter().all(|(name, _)| *name != "tus-resumable") {
            request = request.header("tus-resumable", "1.0.0");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.expect("a request")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body), &[]).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None, &[]).await
    }

    /// Sends bytes of an upload from an offset on.
    pub async fn send_bytes(&self, url: &str, offset: usize, bytes: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(url)
            .header("x-requested-with", "commonhold")
            .header("tus-resumable", "1.0.0")
            .header(header::CONTENT_TYPE, "application/offset+octet-stream")
            .header("upload-offset", offset.to_string())
            .body(bytes.into());
        self.send(request.expect("a request")).await
    }

    /// Uploads a file to the images of a dataset; its number.
    pub async fn upload(&self, dataset: ResourceId, path: &str, bytes: &[u8]) -> i64 {
        let file = json!({ "path": path, "bytes": bytes.len(), "modified": "2026-11-20T10:00:00Z" });
        let planned = self.post(&format!("/api/v1/datasets/{dataset}/uploads"), &json!({ "files": [file] })).await;
        let planned = planned.expect(200).json();
        let url = planned["items"][0]["upload"]["url"].as_str().unwrap_or_else(|| panic!("no upload: {planned}"));
        self.send_bytes(url, 0, bytes.to_vec()).await.expect(204);
        let listed = self.get(&format!("/api/v1/datasets/{dataset}/files?limit=200")).await.expect(200).json();
        let files = listed["items"].as_array().cloned().unwrap_or_default();
        let file =
            files.iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("{path} is not in {listed}"));
        file["number"].as_i64().expect("a number")
    }

    /// A page, as a browser asks for it.
    pub async fn page(&self, path: &str) -> Answer {
        let request = Request::builder().uri(path).header(header::ACCEPT, "text/html").body(Body::empty());
        self.send(request.expect("a request")).await
    }

    /// A form, as a browser without WebAssembly sends it from the page `from`.
    pub async fn form(&self, function: &str, from: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).expect("fields");
        let request = Request::builder()
            .method(Method::POST)
            .uri(function)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/html,application/xhtml+xml")
            .header(header::HOST, "localhost:3000")
            .header(header::ORIGIN, "http://localhost:3000")
            .header("sec-fetch-site", "same-origin")
            .header(header::REFERER, format!("http://localhost:3000{from}"))
            .body(Body::from(body));
        self.send(request.expect("a request")).await
    }

    /// An organization of an individual, who becomes its Owner.
    pub async fn create_org(&self, name: &str) -> Org {
        let body = json!({ "name": name, "kind": "individual", "country": "CH" });
        let answer = self.post("/api/v1/orgs", &body).await.expect(201).json();
        let account = &answer["accounts"][0];
        Org {
            id: read(&answer["id"]),
            org_id: answer["org_id"].as_str().expect("an Org ID").to_owned(),
            root: read(&account["root"]),
            account: read(&account["id"]),
        }
    }

    pub async fn create(&self, parent: ResourceId, kind: &str, name: &str) -> Answer {
        self.post("/api/v1/resources", &json!({ "parent": parent, "kind": kind, "name": name })).await
    }

    pub async fn folder(&self, parent: ResourceId, name: &str) -> ResourceId {
        read(&self.create(parent, "folder", name).await.expect(201).json()["id"])
    }

    pub async fn site(&self, parent: ResourceId, name: &str) -> ResourceId {
        read(&self.create(parent, "site", name).await.expect(201).json()["id"])
    }

    /// A draft with so many images.
    pub async fn dataset(&self, parent: ResourceId, name: &str, images: i64) -> ResourceId {
        let body = json!({ "parent": parent, "kind": "dataset", "name": name, "dataset": { "images": images } });
        read(&self.post("/api/v1/resources", &body).await.expect(201).json()["id"])
    }

    pub async fn rename(&self, id: ResourceId, name: &str) -> Answer {
        self.patch(&format!("/api/v1/resources/{id}"), &json!({ "name": name })).await
    }

    pub async fn show(&self, id: ResourceId) -> Answer {
        self.get(&format!("/api/v1/resources/{id}")).await
    }

    pub async fn children(&self, id: ResourceId, query: &str) -> Answer {
        self.get(&format!("/api/v1/resources/{id}/children{query}")).await
    }

    /// Gives access; `to` says to whom, like `{ "email": … }`.
    pub async fn give(&self, id: ResourceId, to: Value, level: &str) -> Answer {
        let mut body = to;
        body["level"] = json!(level);
        self.call(Method::PUT, &format!("/api/v1/resources/{id}/grants"), Some(&body), &[]).await
    }

    pub async fn take(&self, id: ResourceId, grant: &str) -> Answer {
        self.delete(&format!("/api/v1/resources/{id}/grants/{grant}")).await
    }

    /// Who can reach something.
    pub async fn access(&self, id: ResourceId, query: &str) -> Answer {
        self.get(&format!("/api/v1/resources/{id}/access{query}")).await
    }

    pub async fn plan(&self, items: &[ResourceId], destination: ResourceId) -> Answer {
        self.post("/api/v1/transfers/plan", &json!({ "items": items, "destination": destination })).await
    }

    pub async fn transfer(&self, items: &[ResourceId], destination: ResourceId) -> Answer {
        self.post("/api/v1/transfers", &json!({ "items": items, "destination": destination })).await
    }

    pub async fn confirm(&self, items: &[ResourceId], destination: ResourceId, digest: &str) -> Answer {
        let body = json!({ "items": items, "destination": destination, "digest": digest });
        self.post("/api/v1/transfers", &body).await
    }

    pub async fn trash(&self, id: ResourceId) -> Answer {
        self.post(&format!("/api/v1/resources/{id}/trash"), &json!({})).await
    }

    pub async fn restore(&self, id: ResourceId) -> Answer {
        self.post(&format!("/api/v1/resources/{id}/restore"), &json!({})).await
    }

    /// Deletes for good, from the trash.
    pub async fn delete_for_good(&self, id: ResourceId) -> Answer {
        self.delete(&format!("/api/v1/resources/{id}")).await
    }

    /// The names in the trash of an organization, newest first.
    pub async fn in_trash(&self, org: &Org) -> Vec<String> {
        self.get(&format!("/api/v1/orgs/{}/trash", org.org_id)).await.expect(200).names()
    }

    pub async fn copy(&self, id: ResourceId, destination: ResourceId) -> Answer {
        self.post(&format!("/api/v1/resources/{id}/copy"), &json!({ "destination": destination })).await
    }

    /// Assigns to a site by its name.
    pub async fn assign(&self, id: ResourceId, site_name: &str) -> Answer {
        self.post(&format!("/api/v1/resources/{id}/assign"), &json!({ "site_name": site_name })).await
    }

    pub async fn unassign(&self, id: ResourceId) -> Answer {
        self.post(&format!("/api/v1/resources/{id}/unassign"), &json!({})).await
    }

    pub async fn leave(&self, org: &Org) -> Answer {
        self.delete(&format!("/api/v1/orgs/{}/people/me", org.org_id)).await
    }

    pub async fn change_role(&self, org: &Org, person: PersonId, role: &str) -> Answer {
        self.patch(&format!("/api/v1/orgs/{}/people/{person}", org.org_id), &json!({ "role": role })).await
    }

    pub async fn remove(&self, org: &Org, people: &[PersonId]) -> Answer {
        self.post(&format!("/api/v1/orgs/{}/people/remove", org.org_id), &json!({ "people": people })).await
    }

    /// Invites somebody; the invitation's id.
    pub async fn invite(&self, org: &Org, email: &str, role: &str) -> String {
        let body = json!({ "invitations": [{ "email": email, "role": role }] });
        let answer = self.post(&format!("/api/v1/orgs/{}/invitations", org.org_id), &body).await.expect(200).json();
        assert_eq!(answer["results"][0]["outcome"], "invited", "{answer}");
        answer["results"][0]["invitation"]["id"].as_str().expect("an id").to_owned()
    }

    /// Accepts an invitation by the token of its link.
    pub async fn accept(&self, token: &str) -> Answer {
        self.post("/api/v1/invitations/accept", &json!({ "token": token })).await
    }

    /// The actions in an organization's audit log, newest first.
    pub async fn audit(&self, org: &Org) -> Vec<String> {
        let answer = self.get(&format!("/api/v1/orgs/{}/audit", org.org_id)).await.expect(200).json();
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|line| line["action"].as_str().map(str::to_owned)).collect()
    }
}

/// Reads an id.
pub fn read<T: std::str::FromStr>(value: &Value) -> T {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("not an id: {value}"))
}

/// JSON without what differs between runs: ids become `[id]`, moments `[at]`, digests `[digest]`.
pub fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), redacted(value))).collect(),
        Value::Array(items) => items.iter().map(redacted).collect(),
        Value::String(text) if uuid::Uuid::parse_str(text).is_ok() => json!("[id]"),
        Value::String(text) if text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T' => json!("[at]"),
        Value::String(text) if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) => json!("[digest]"),
        Value::String(text) if text.contains("@example.com") => json!("[email]"),
        other => other.clone(),
    }
}
