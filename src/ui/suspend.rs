//! What is built from loaded data, and built again whenever the data is loaded again.

use std::future::Future;

use leptos::{prelude::*, reactive::computed::ScopedFuture, tachys::reactive_graph::OwnedView};

/// Shows what `load` builds, inside a `Transition` or `Suspense`. It is called again whenever a signal changes that it reads, or a
/// resource that it awaits.
///
/// What it builds has an owner that lives as long as it is on the page. A `Suspend` by itself disposes of all values as soon as it is
/// called again, while what it built stays on the page until the answer is there: a button that is pressed in between, or a closure that
/// runs, would find its values disposed of and end WebAssembly.
pub fn rebuilt<F, V>(load: impl Fn() -> F + Send + 'static) -> impl Fn() -> Suspend<OwnedView<V>> + Send + 'static
where
    F: Future<Output = V> + Send + 'static,
    V: Send + 'static,
{
    let around = Owner::current().unwrap_or_default();
    move || {
        let owner = around.child();
        let content = owner.with(&load);
        Suspend::new(async move {
            // Made here, so that what it awaits is followed by this `Suspend`.
            let content = owner.with(|| ScopedFuture::new(content));
            OwnedView::new_with_owner(content.await, owner)
        })
    }
}
