//! What a page sets in the HTTP response and in the document's head. The only file of the user interface that
//! distinguishes server and browser.

/// Sets the response's status code on the server; does nothing in the browser.
pub fn set_status(code: u16) {
    #[cfg(feature = "ssr")]
    if let (Some(response), Ok(status)) =
        (leptos::prelude::use_context::<leptos_axum::ResponseOptions>(), http::StatusCode::from_u16(code))
    {
        response.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = code;
}

/// Redirects to another page of this site while the server renders; in the browser the caller navigates instead. `to`
/// comes from [`super::paths`], so it is plain ASCII as a header must be.
pub fn redirect(to: &str) {
    #[cfg(feature = "ssr")]
    leptos_axum::redirect(to);
    #[cfg(not(feature = "ssr"))]
    let _ = to;
}

/// Escapes text for the head of the document (attack 36): `leptos_meta` writes titles into the HTML unescaped. In the
/// browser a title is set as text and needs no escaping.
pub fn in_head(text: String) -> String {
    #[cfg(feature = "ssr")]
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text
}

/// Adds preload links for the files of a bundle to the head, on the server. Leptos would do so at the end of rendering,
/// where it reads the names from a context that is lost if rendering continues on another thread.
pub fn preload(bundle: &str) {
    #[cfg(feature = "ssr")]
    {
        use leptos::prelude::*;
        use leptos_meta::Link;

        let Some(leptos::WasmSplitManifest(manifest)) = use_context() else { return };
        manifest.with_value(|(folder, bundles, loader)| {
            for file in bundles.get(bundle).into_iter().flatten() {
                let href = format!("{folder}/{file}.wasm");
                let link =
                    view! { <Link rel="preload" href as_="fetch" type_="application/wasm" crossorigin="anonymous"/> };
                // Rendering a `Link` registers it for the head; its own HTML is empty.
                drop(link.to_html());
            }
            let href = format!("{folder}/{loader}");
            drop(view! { <Link rel="modulepreload" href crossorigin="anonymous"/> }.to_html());
        });
    }
    #[cfg(not(feature = "ssr"))]
    let _ = bundle;
}
