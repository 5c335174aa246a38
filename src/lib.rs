//! Commonhold: organizations own licences and data, people act through roles, and work moves between organizations
//! without anything being lost.
//!
//! Five rooms, see `ARCHITECTURE.md`:
//! - [`domain`]: the rules, pure, shared by browser and server. Start with `access` and `transfer`.
//! - [`view`]: what is shown, read models that pages and the REST API share.
//! - [`rpc`]: the browser's door, one server function per thing a page asks for.
//! - `ui`: what people see, rendered on the server and brought to life in the browser.
//! - [`paths`]: every address of the user interface, for pages, redirects and links in mails.
//! - `server`: everything that exists only on the server. Start with `server::run`.

// Views are types as deep as their pages.
#![recursion_limit = "512"]

pub mod domain;
pub mod paths;
pub mod rpc;
#[cfg(feature = "ssr")]
pub mod server;
pub mod ui;
pub mod view;

/// Brings the server-rendered page to life. Called once by the WebAssembly module's loader.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    ui::routes::preload_current_page().await;
    ui::hydration::begin();
    leptos::mount::hydrate_body(ui::App);
    ui::hydration::complete();
}
