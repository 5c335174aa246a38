//! What only the server draws.

use leptos::prelude::*;

/// A view without listeners that is in the page from the server, and that the browser leaves as it is until something else takes its
/// place. So the browser has no code for it. Where the browser draws the page by itself, it is empty.
pub fn server_only(view: impl FnOnce() -> AnyView) -> AnyView {
    #[cfg(feature = "ssr")]
    let html = view().to_html();
    #[cfg(not(feature = "ssr"))]
    let html = {
        drop(view);
        String::new()
    };
    view! { <div class="server-only" inner_html=html></div> }.into_any()
}
