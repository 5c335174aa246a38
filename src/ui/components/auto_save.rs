//! Forms that are saved as they are changed.
//!
//! # Invariants
//! - A change made while a save is under way is sent after it, with everything else that the form holds by then.
//! - The fields are never filled again while the page is shown: what the page loads after a save is older than what was
//!   changed during it. So these forms belong in [`content_built_once`](crate::ui::page::content_built_once).

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

/// Around a form that is saved as it is changed.
#[component]
pub fn AutoSaved(
    /// Whether a save is under way.
    pending: Memo<bool>,
    children: Children,
) -> impl IntoView {
    let around = NodeRef::<html::Div>::new();
    let changed_since = StoredValue::new(false);
    let submit = move || {
        let form = around.get_untracked().and_then(|around| around.query_selector("form").ok().flatten());
        if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
            drop(form.request_submit());
        }
    };
    Effect::new(move |_| {
        if !pending.get() && changed_since.get_value() {
            changed_since.set_value(false);
            submit();
        }
    });
    let changed = move |_| {
        if pending.get_untracked() {
            changed_since.set_value(true);
        } else {
            submit();
        }
    };
    view! { <div node_ref=around on:change=changed>{children()}</div> }
}
