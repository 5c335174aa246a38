//! The skeleton of a page: what is shown while its data is loaded, and instead of it where it cannot be had.
//!
//! The content of a page is a future. It awaits [`Session::context`](super::session::Session::context) and the page's
//! resources, and returns a view, or the failure to show instead. It runs inside `Suspend`, so the page must make its
//! resources before (see the invariants of [`crate::ui`]).

use std::{future::Future, pin::Pin, sync::Arc};

use leptos::{prelude::*, reactive::computed::ScopedFuture};

use super::{
    components::{
        dialog::{DialogBody, DialogButtons},
        empty::Skeleton,
        note::{Note, Severity},
    },
    error_page::ErrorPage,
    layout::{Frame, Section},
    suspend::rebuilt,
};
use crate::rpc::Failure;

type Content = Pin<Box<dyn Future<Output = Result<AnyView, Failure>> + Send>>;
/// Called again whenever a signal changes that it reads before it returns its future. A trait object, so that the
/// bundle has one `Transition` and not one for each page.
type LoadContent = Arc<dyn Fn() -> Content + Send + Sync>;

/// A signed-in page: [`content`] in the [`Frame`].
pub fn page<F>(
    section: Section,
    org: impl Into<Signal<String>>,
    load: impl Fn() -> F + Send + Sync + 'static,
) -> AnyView
where
    F: Future<Output = Result<AnyView, Failure>> + Send + 'static,
{
    let org: Signal<String> = org.into();
    let content = content(load);
    view! { <Frame section org>{content}</Frame> }.into_any()
}

/// The content of a page, or the error page.
pub fn content<F>(load: impl Fn() -> F + Send + Sync + 'static) -> AnyView
where
    F: Future<Output = Result<AnyView, Failure>> + Send + 'static,
{
    page_content(Arc::new(move || Box::pin(load())))
}

/// Content that is loaded and built once, and left alone when what it awaited is loaded again. Closures inside it may still
/// read resources.
pub fn content_built_once<F>(load: impl Fn() -> F + Send + Sync + 'static) -> AnyView
where
    F: Future<Output = Result<AnyView, Failure>> + Send + 'static,
{
    content(move || ScopedFuture::new_untracked(load()))
}

/// The content of a dialog that leads back to `close`, or why there is none.
pub fn dialog_content<F>(close: String, load: impl Fn() -> F + Send + Sync + 'static) -> AnyView
where
    F: Future<Output = Result<AnyView, Failure>> + Send + 'static,
{
    dialog_content_view(close, Arc::new(move || Box::pin(load())))
}

fn page_content(load: LoadContent) -> AnyView {
    view! {
        <Transition fallback=Skeleton>
            {rebuilt(move || {
                let content = load();
                async move {
                    content.await.unwrap_or_else(|failure| view! { <ErrorPage failure/> }.into_any())
                }
            })}
        </Transition>
    }
    .into_any()
}

fn dialog_content_view(close: String, load: LoadContent) -> AnyView {
    view! {
        <Transition fallback=move || view! { <DialogBody><Skeleton/></DialogBody> }>
            {rebuilt(move || {
                let (content, close) = (load(), close.clone());
                async move {
                    content.await.unwrap_or_else(|failure| {
                        view! {
                            <DialogBody><Note severity=Severity::Error><p role="alert">{failure.to_string()}</p></Note></DialogBody>
                            <DialogButtons close>""</DialogButtons>
                        }
                        .into_any()
                    })
                }
            })}
        </Transition>
    }
    .into_any()
}
