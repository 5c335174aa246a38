//! What people see.
//!
//! - `routes` is the table of pages, `location` how a page reads its address; [`crate::paths`] writes every address.
//! - `session` is what every page shares: the signed-in person, messages, and when data is loaded again.
//! - `hydration` hydrates the server's page, even if browser extensions have changed it.
//! - `lazy` splits the code of pages into bundles that are fetched on demand.
//! - `form_action` sends a form to a server function.
//! - `suspend` builds what is shown of loaded data, again whenever it is loaded again.
//! - `page` is the skeleton that most pages share, `layout` the frame around it, `switcher` the organization switcher
//!   in the frame, `error_page` what is shown where a page cannot be.
//! - `sales` is the way to **Contact sales**, `email_banner` the reminder to verify one's address.
//! - `undo` is the button that takes a change back.
//! - `uploads` sends files, in a bundle of its own.
//! - `words` is how values are written: numbers, sizes, times.
//! - `pages` has one file per page, `components` the small design system under them.
//!
//! # Invariants
//! - Every page is complete HTML without WebAssembly: links, plain forms, dialogs that live in the address.
//! - Nothing inside `Suspend` makes a resource or a `Suspense`. Both are numbered in the order in which they are made,
//!   and inside `Suspend` that order differs between server and browser: the browser would read one resource's data as
//!   another's.
//! - The browser's first rendering equals the server's, so it depends on no clock, no locale and no random number. What
//!   only the browser knows is added in an `Effect`.

pub mod components;
pub mod email_banner;
pub mod error_page;
pub mod form_action;
pub mod hydration;
pub mod layout;
pub mod lazy;
pub mod live;
pub mod location;
pub mod page;
pub mod pages;
pub mod routes;
pub mod sales;
pub mod session;
pub mod status;
pub mod suspend;
pub mod switcher;
pub mod undo;
pub mod uploads;
pub mod words;

use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::components::Router;

use components::toast::{Toaster, Toasts};
use session::Session;

/// The product's icon for browser tabs.
const FAVICON: &str = "/favicon.svg";

/// The HTML document around [`App`], rendered by the server.
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

/// What every page has: the session, the routes, the messages.
#[component]
fn Everything(
    /// Whether the router is loading a page.
    routing: RwSignal<bool>,
) -> impl IntoView {
    Toaster::provide();
    let session = Session::provide();
    uploads::Uploads::provide();

    Effect::new(move |_| {
        session.hydrated.set(true);
        if let Some(root) = document().document_element() {
            // The attribute is for tests and measurements; nothing else depends on it.
            drop(root.set_attribute("data-hydrated", ""));
        }
        if let Some(performance) = window().performance() {
            drop(performance.mark("hydrated"));
        }
    });

    // `arrived` ends it when another page is shown; this ends it when only the query has changed.
    Effect::new(move |before: Option<bool>| {
        let now = routing.get();
        if before == Some(true) && !now {
            session.clear_leaving();
        }
        now
    });
    Effect::new(move |_| {
        let icon = session.shown_hue().map_or_else(|| FAVICON.to_owned(), words::favicon);
        if let Ok(Some(link)) = document().query_selector("link[rel=icon]") {
            // The icon's colour is decoration; a failure changes nothing else.
            drop(link.set_attribute("href", &icon));
        }
    });

    let tab_title = session.tab_title();
    view! {
        <Title formatter=move |title: String| status::in_head(tab_title(title))/>
        <div class="routing" class:busy=move || routing.get() aria-hidden="true"></div>
        <routes::Pages/>
        <uploads::UploadsRoot/>
        <Toasts undo=|token| view! { <undo::Undo token/> }.into_any()>
            <layout::FlashMessage/>
        </Toasts>
    }
}
