//! Code splitting: pages whose code is not in the main module.
//!
//! `lazy!` puts a page into a bundle. What only the pages of one bundle need is in that bundle's file; what several
//! bundles share is in one shared file; what the frame needs is in the main file. `tools/site` takes the compiled
//! module apart so. The server names a page's files in its head, and the browser fetches all of them at once.
//!
//! # Invariants
//! - A page is hydrated once all its code is loaded. Until then, and if loading fails, it stays the page that the
//!   server sent.
//! - If the code of a page that somebody navigates to cannot be loaded, the browser loads the page from the server.

use std::{future::Future, pin::Pin};

use leptos::{prelude::*, wasm_split::SplitLoaderError};
use leptos_router::ChooseView;

use super::{location::current_address, status::preload};

/// Resolves when a bundle's code is loaded, or could not be.
type Coming<T> = Pin<Box<dyn Future<Output = Result<T, SplitLoaderError>>>>;

/// A page in a bundle. Made by `lazy!`.
#[derive(Clone, Copy)]
pub struct Lazy {
    pub bundle: &'static str,
    /// Fetches the code and shows the page.
    pub page: fn() -> Coming<AnyView>,
    pub code: fn() -> Coming<()>,
}

impl ChooseView for Lazy {
    async fn choose(self) -> AnyView {
        preload(self.bundle);
        let address = current_address();
        match (self.page)().await {
            Ok(page) => page,
            Err(_) => {
                // If this fails too, the browser shows why, as for any link.
                drop(window().location().assign(&address.get_untracked()));
                std::future::pending().await
            }
        }
    }

    /// Never resolves if the code cannot be loaded, so that the page is not hydrated without it.
    async fn preload(&self) {
        if (self.code)().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// `lazy!(bundle, Page)`: a page in a bundle, for a route's `view`.
macro_rules! lazy {
    ($bundle:ident, $page:ident) => {{
        #[leptos::wasm_split::wasm_split($bundle, wasm_split_path = ::leptos::wasm_split, fallible, preload(code))]
        fn page() -> Result<leptos::prelude::AnyView, leptos::wasm_split::SplitLoaderError> {
            Ok(leptos::prelude::IntoAny::into_any($page()))
        }
        $crate::ui::lazy::Lazy { bundle: stringify!($bundle), page: || Box::pin(page()), code: || Box::pin(code()) }
    }};
}
pub(crate) use lazy;

/// `in_bundle!(bundle, Type, value)`: fetches a bundle, and answers a value of its code. For what is no page.
macro_rules! in_bundle {
    ($bundle:ident, $answer:ty, $value:expr) => {{
        #[leptos::wasm_split::wasm_split($bundle, wasm_split_path = ::leptos::wasm_split, fallible)]
        fn value() -> Result<$answer, leptos::wasm_split::SplitLoaderError> {
            Ok($value)
        }
        value()
    }};
}
pub(crate) use in_bundle;
