//! Sending a form to a server function, and the answer to it.
//!
//! This replaces Leptos' `ServerAction`, which is generic: the browser's code would have a copy of it for every server
//! function, with a parser from form fields to arguments and a serializer back to fields. Here the fields are sent as
//! they are, as a form without WebAssembly sends them, so one copy serves every function.

use std::{future::Future, marker::PhantomData, pin::Pin, sync::Arc};

use leptos::{
    ev::SubmitEvent,
    form::form_data_from_event,
    prelude::*,
    server_fn::{
        ContentType, ServerFn,
        client::Client,
        codec::{IntoReq, PostUrl},
        error::{FromServerFnError, ServerFnErrorErr},
        request::ClientReq,
        response::ClientRes,
    },
};
use web_sys::UrlSearchParams;

use super::session::Session;
use crate::rpc::{Done, Failure, PostcardEncoding, encoding, session::SignOut};

type FormResult = Result<Done, Failure>;
type Post = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = FormResult> + Send>> + Send + Sync>;

/// Calls a server function that changes something, and keeps the last answer.
pub struct FormAction<F> {
    any: AnyFormAction,
    function: PhantomData<fn(F)>,
}

/// A [`FormAction`] without its type parameter.
#[derive(Clone, Copy)]
pub struct AnyFormAction {
    url: &'static str,
    session: Option<Session>,
    posts: Action<Post, FormResult>,
}

impl<F> Clone for FormAction<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for FormAction<F> {}

impl<F> Default for FormAction<F>
where
    F: ServerFn<Output = Done, Error = Failure> + Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<F> FormAction<F>
where
    F: ServerFn<Output = Done, Error = Failure> + Clone + Send + Sync + 'static,
{
    /// An action for this function, with nothing sent yet.
    pub fn new() -> Self {
        Self { any: AnyFormAction::new(F::url()), function: PhantomData }
    }

    /// Sends it with these arguments.
    pub fn dispatch(self, input: F)
    where
        F: IntoReq<PostUrl, Request, Failure>,
    {
        let url = self.any.sent_from();
        self.any.send(Arc::new(move || {
            let request = input.clone().into_req(&url, PostcardEncoding::CONTENT_TYPE);
            Box::pin(async move { answer(request?).await })
        }));
    }
}

impl<F> FormAction<F> {
    /// This action without its type parameter.
    pub fn any(self) -> AnyFormAction {
        self.any
    }

    /// The address that its form posts to.
    pub fn url(self) -> &'static str {
        self.any.url
    }

    /// Sends it with what is in a form that is being submitted.
    pub fn submit(self, event: &SubmitEvent) {
        self.any.submit(event);
    }

    pub fn value(self) -> MappedSignal<Option<FormResult>> {
        self.any.value()
    }

    /// Whether an answer is awaited.
    pub fn pending(self) -> Memo<bool> {
        self.any.pending()
    }
}

/// The server function that a form's address names.
pub fn function_of(action: &str) -> &str {
    action.split('?').next().unwrap_or_default()
}

impl AnyFormAction {
    fn new(url: &'static str) -> Self {
        Self { url, session: use_context(), posts: Action::new(|post: &Post| post()) }
    }

    /// The address to send to, with the person that the page was rendered for ([`Session::sent_from`]).
    pub fn sent_from(self) -> String {
        self.session.map_or_else(|| self.url.to_owned(), |session| session.sent_from(self.url))
    }

    fn send(self, post: Post) {
        self.posts.dispatch(post);
    }

    /// The address that its form posts to.
    pub fn url(self) -> &'static str {
        self.url
    }

    /// Sends it with what is in a form that is being submitted.
    pub fn submit(self, event: &SubmitEvent) {
        let fields = form_data_from_event(event)
            .ok()
            .and_then(|form| UrlSearchParams::new_with_str_sequence_sequence(&form).ok());
        let url = self.sent_from();
        match fields {
            Some(fields) => {
                let fields = String::from(fields.to_string());
                self.send(Arc::new(move || Box::pin(post(url.clone(), fields.clone()))));
            }
            None => self.value().set(Some(Err(Failure::Transport("the form could not be read".to_owned())))),
        }
    }

    pub fn value(self) -> MappedSignal<Option<FormResult>> {
        self.posts.value()
    }

    /// Whether an answer is awaited.
    pub fn pending(self) -> Memo<bool> {
        self.posts.pending()
    }
}

/// All server functions share one client.
type Browser = <SignOut as ServerFn>::Client;
type Request = <Browser as Client<Failure>>::Request;

/// Does what Leptos does for each function. Only forms sent without WebAssembly are answered by a redirect, so none is
/// handled here.
async fn post(url: String, fields: String) -> FormResult {
    let request = <Request as ClientReq<Failure>>::try_new_post(
        &url,
        PostUrl::CONTENT_TYPE,
        PostcardEncoding::CONTENT_TYPE,
        fields,
    )?;
    answer(request).await
}

async fn answer(request: Request) -> FormResult {
    let response = <Browser as Client<Failure>>::send(request).await?;
    let refused = (400..=599).contains(&ClientRes::<Failure>::status(&response));
    let body = ClientRes::<Failure>::try_into_bytes(response).await?;
    if refused {
        return Err(Failure::de(body));
    }
    encoding::decode(&body)
        .map_err(|error| Failure::from_server_fn_error(ServerFnErrorErr::Deserialization(error.to_string())))
}
