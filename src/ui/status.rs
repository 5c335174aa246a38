//! What a page tells the HTTP layer, and the head of its document. The only file of the user interface that knows which side it runs on.

/// Sets the status code of the page that is being rendered on the server; nothing in the browser.
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

/// Sends the browser to another page of this site while the server still renders this one. In the browser the caller
/// navigates instead. `to` comes from [`super::paths`], so it is plain ASCII as a header has to be.
pub fn redirect(to: &str) {
    #[cfg(feature = "ssr")]
    leptos_axum::redirect(to);
    #[cfg(not(feature = "ssr"))]
    let _ = to;
}

/// Text as it stands in the head of a page: `leptos_meta` writes a title into the HTML as it is, so on the server it is
/// escaped here (attack 36); in the browser a title is text.
pub fn in_head(text: String) -> String {
    #[cfg(feature = "ssr")]
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text
}

/// Names the files of a bundle in the head of the page, on the server. Leptos would do so at the end of rendering, where it finds
/// the names only as long as the same thread happens to go on.
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
                // It goes into the head when it is rendered; where it stands there is nothing.
                drop(link.to_html());
            }
            let href = format!("{folder}/{loader}");
            drop(view! { <Link rel="modulepreload" href crossorigin="anonymous"/> }.to_html());
        });
    }
    #[cfg(not(feature = "ssr"))]
    let _ = bundle;
}
