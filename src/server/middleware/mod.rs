//! Middleware: one file for each subject. `server/router.rs` says where each one applies, and in which order.

pub mod authenticate;
pub mod cookies;
pub mod forms;
pub mod origin;
pub mod pages;
pub mod retry_later;
pub mod same_person;
pub mod view_as;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use leptos::server_fn::{ContentType, error::FromServerFnError};

use super::http_status::status_of_refusal;
use crate::{
    domain::refusal::Refusal,
    rpc::{Failure, PostcardEncoding},
};

/// The answer of a server function that middleware refused to call.
fn refused_function(refusal: Refusal) -> Response {
    let kind = [(header::CONTENT_TYPE, PostcardEncoding::CONTENT_TYPE)];
    (status_of_refusal(&refusal), kind, Failure::Refused(refusal).ser()).into_response()
}
