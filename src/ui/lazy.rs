//! Code splitting: pages whose code is not in the main module.
//!
//! `lazy!` puts a page into a bundle. What only the pages of one bundle need is in that bundle's file; what several
//! bundles share is in one shared file; what the frame needs is in the main file. `tools/site` takes the compiled
//! module apart so. The server names a page's files in its head, and the browser fetches all of them at once.
//!
//! # Invariants
//! - A page is hydrated once all its code is loaded. Until then, and if loading fails, it stays the page that the
//!   server sent.
//! - If the code of a page that somebody navigates to cannot be loaded, the browser loads the page from the server. Not without a
//!   connection: then the page that is shown stays, with what is being uploaded, and the other one comes when the connection is back.

use std::{future::Future, pin::Pin};

use leptos::{prelude::*, wasm_split::SplitLoaderError};
use leptos_router::ChooseView;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Promise;

use super::{components::toast::Toaster, location::current_address, status::preload};

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
        let (address, toaster) = (current_address(), use_context::<Toaster>());
        loop {
            match (self.page)().await {
                Ok(page) => return page,
                Err(_) if !window().navigator().on_line() => {
                    if let Some(toaster) = toaster {
                        toaster.show("You are offline. The page opens when the connection is back.");
                    }
                    back_online().await;
                }
                Err(_) => {
                    // If this fails too, the browser shows why, as for any link.
                    drop(window().location().assign(&address.get_untracked()));
                    return std::future::pending().await;
                }
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

/// Resolves when the browser has a connection again.
async fn back_online() {
    let back = Promise::new(&mut |done, _| window().set_ononline(Some(&done)));
    drop(JsFuture::from(back).await);
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
