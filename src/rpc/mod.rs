//! The browser's door: server functions, each a signature and a body that hands on to one use case.
//!
//! # Invariants
//! - No body decides anything or touches the store; it finds out who is asking and calls `server::usecase`.
//! - Every function that changes something returns [`Done`] and works from a plain form post: then the answer is a
//!   redirect to [`Done::to`], and a refusal comes back with the form as it was filled in ([`FormFlash`]).
//! - What a form posts is flat text, as forms send it, or a form's own type with its fields beside the others. What a page
//!   asks for is one value, a type of [`crate::view::query`]. Reading them is the domain's task.

pub mod access;
pub mod accounts;
pub mod activity;
pub mod annotation;
pub mod app;
pub mod billing;
pub mod drive;
pub mod encoding;
pub mod file;
pub mod first_steps;
pub mod invitation;
pub mod job;
pub mod key;
pub mod licence;
pub mod link;
pub mod loan;
pub mod my_account;
pub mod offer;
pub mod organization;
pub mod outcome;
pub mod people;
pub mod preferences;
pub mod restriction;
pub mod seat;
pub mod session;
pub mod settings;
pub mod survey;
pub mod task;
pub mod ticket;
pub mod transfer;
pub mod trash;
pub mod upload;
pub mod viewer;

use leptos::{
    prelude::Resource,
    server_fn::error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use encoding::{Postcard, PostcardEncoding};

use crate::domain::refusal::Refusal;

/// Why a server function did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Failure {
    /// A rule said no.
    #[error("{0}")]
    Refused(Refusal),
    /// An internal error. The log has the details under this request id.
    #[error(
        "Something went wrong on our side. Nothing was lost; try again. If it happens again, tell us this number: {request_id}"
    )]
    Unexpected {
        /// The request id.
        request_id: String,
    },
    /// The response did not arrive, or it could not be read: the page may be older than the server.
    #[error("The connection was interrupted. Try again, or reload the page.")]
    Transport(String),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl FromServerFnError for Failure {
    type Encoder = PostcardEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self::Transport(error.to_string())
    }
}

/// Data that a page has asked for with [`ask`].
pub type Asked<T> = Resource<T, PostcardEncoding>;

/// Asks the server for data, and again whenever `source` changes. The page that the server rendered contains the first answer.
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

/// The response to a form: which page shows the change, and the message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The page to show next: a path of this site.
    pub to: String,
    /// The message to show there; empty for none.
    pub toast: String,
    /// The token to undo the change, if that is offered.
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
    /// The token to undo the change that the message is about.
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
