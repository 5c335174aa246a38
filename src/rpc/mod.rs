//! The browser's door: server functions, each a signature and a body that hands on to one use case.
//!
//! # Invariants
//! - No body decides anything or touches the store; it finds out who is asking and calls `server::usecase`.
//! - Every function that changes something returns [`Done`] and works from a plain form post: then the answer is a
//!   redirect to [`Done::to`], and a refusal comes back with the form as it was filled in ([`FormFlash`]).
//! - Arguments are flat text and ids, as forms send them; reading them is the domain's task.

pub mod access;
pub mod account;
pub mod accounts;
pub mod activity;
pub mod billing;
pub mod drive;
pub mod invitation;
mod json;
pub mod key;
pub mod licence;
pub mod link;
pub mod loan;
pub mod offer;
pub mod organization;
pub mod outcome;
pub mod people;
pub mod preferences;
pub mod restriction;
pub mod seat;
pub mod session;
pub mod settings;
pub mod task;
pub mod transfer;
pub mod trash;

use leptos::{
    prelude::Resource,
    server::codee,
    server_fn::{
        Bytes, ContentType, Decodes, Encodes, Format, FormatType,
        codec::Post,
        error::{FromServerFnError, ServerFnErrorErr},
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::domain::refusal::Refusal;

/// Why a server function did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Failure {
    /// A rule said no.
    #[error("{0}")]
    Refused(Refusal),
    /// Something went wrong inside; the log has more under this request id.
    #[error(
        "Something went wrong on our side. Nothing was lost; try again. If it happens again, tell us this number: {request_id}"
    )]
    Unexpected {
        /// The request id.
        request_id: String,
    },
    /// The answer did not arrive, or an older page met a newer server.
    #[error("The connection was interrupted. Try again, or reload the page.")]
    Transport(String),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl FromServerFnError for Failure {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self::Transport(error.to_string())
    }
}

/// JSON, read as text. What a page brings along ([`Asked`]) is read the same way, so that the browser has one reader for
/// each type instead of two.
pub struct JsonText;

/// How every server function answers.
pub type Text = Post<JsonText>;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = String;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string())?;
        json::from_str(text).map_err(|error| error.to_string())
    }
}

impl<T: Serialize> codee::Encoder<T> for JsonText {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> codee::Decoder<T> for JsonText {
    type Error = json::Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        json::from_str(text)
    }
}

/// What a page asks the server for: [`ask`].
pub type Asked<T> = Resource<T, JsonText>;

/// Asks the server, again whenever `source` changes. What was known when the page was rendered comes with it.
pub fn ask<S, T, Fut>(
    source: impl Fn() -> S + Send + Sync + 'static,
    request: impl Fn(S) -> Fut + Send + Sync + 'static,
) -> Asked<T>
where
    S: Clone + PartialEq + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    Fut: Future<Output = T> + Send + 'static,
{
    Resource::new_with_options(source, request, false)
}

/// A change was made: where to look at it, and what to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The page to show next: a path of this site.
    pub to: String,
    /// The message to show there; empty for none.
    pub toast: String,
    /// The token to take the change back with, if that is offered.
    #[serde(default)]
    pub undo: Option<String>,
}

impl From<(String, String)> for Done {
    fn from((to, toast): (String, String)) -> Self {
        Self { to, toast, undo: None }
    }
}

/// What is shown once on the next page, for a browser without WebAssembly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// A message.
    pub toast: Option<String>,
    /// The token to take back what it tells of.
    #[serde(default)]
    pub undo: Option<String>,
    /// A form that was refused.
    pub form: Option<FormFlash>,
}

/// A refused form, to be shown again as it was filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormFlash {
    /// The path that it was posted to.
    pub action: String,
    /// Its fields, without passwords.
    pub values: Vec<(String, String)>,
    /// Why it was refused.
    pub failure: Failure,
}
