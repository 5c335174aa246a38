//! What people see.
//!
//! - `routes` is the table of pages, `location` how a page reads its address; `paths` writes every address.
//! - `session` is what every page shares: who is signed in, what to reload, what to say.
//! - `hydration` brings the server's page to life, also where others have changed it meanwhile.
//! - `lazy` puts pages into bundles, files that are fetched when one of their pages is shown.
//! - `sending` is a change on its way to the server.
//! - `layout` is the frame around a page, `switcher` the organization switcher in it, `trouble` what is shown instead of
//!   a page that could not be.
//! - `sales` is the way to **Contact sales**.
//! - `undo` is the button that takes a change back.
//! - `words` is how values are written: numbers, sizes, times.
//! - `pages` has one file per page, `components` the small design system under them.
//!
//! # Invariants
//! - Every page is complete HTML without WebAssembly: links, plain forms, dialogs that live in the address.
//! - What is inside `Suspend` makes no resource and no `Suspense` of its own. Both are numbered as they are made, and the server
//!   makes them later than the browser does: the browser would take one resource for another.
//! - The browser's first rendering equals the server's: no clock, no locale, no chance. What only the browser knows is
//!   added in an `Effect`.

pub mod components;
pub mod error_page;
pub mod form_action;
pub mod hydration;
pub mod layout;
pub mod lazy;
pub mod location;
pub mod pages;
pub mod paths;
pub mod routes;
pub mod sales;
pub mod session;
pub mod status;
pub mod switcher;
pub mod undo;
pub mod words;

use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::components::Router;

use components::toast::{Toaster, Toasts};
use session::Session;

/// The sign of the product, for tabs.
const FAVICON: &str = "/favicon.svg";

/// The document around [`App`], for the server.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href=FAVICON type="image/svg+xml"/>
                <script nonce=use_nonce()>{hydration::BEFORE}</script>
                <HashedStylesheet options=options.clone() id="leptos"/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The whole application.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let routing = RwSignal::new(false);
    view! {
        <Router set_is_routing=routing>
            <Everything routing/>
        </Router>
    }
}

/// What is under every address.
#[component]
fn Everything(
    /// Whether a page is on its way.
    routing: RwSignal<bool>,
) -> impl IntoView {
    Toaster::provide();
    let session = Session::provide();

    Effect::new(move |_| {
        session.hydrated.set(true);
        if let Some(root) = document().document_element() {
            // Failing to mark the page costs nothing but a measurement.
            drop(root.set_attribute("data-hydrated", ""));
        }
        if let Some(performance) = window().performance() {
            drop(performance.mark("hydrated"));
        }
    });

    Effect::new(move |before: Option<bool>| {
        let now = routing.get();
        if before == Some(true) && !now {
            session.stay();
        }
        now
    });
    Effect::new(move |_| {
        let icon = session.shown_hue().map_or_else(|| FAVICON.to_owned(), words::favicon);
        if let Ok(Some(link)) = document().query_selector("link[rel=icon]") {
            // A tab without its organization's colour is still that tab.
            drop(link.set_attribute("href", &icon));
        }
    });

    view! {
        <Title formatter=move |title: String| {
            status::in_head(session.tab(title))
        }/>
        <div class="routing" class:busy=move || routing.get() aria-hidden="true"></div>
        <routes::Pages/>
        <Toasts undo=|token| view! { <undo::Undo token/> }.into_any()>
            <layout::FlashMessage/>
        </Toasts>
    }
}
