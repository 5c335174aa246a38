//! Icons: one sprite, drawn by us, coloured by the text around it.

use leptos::prelude::*;

/// One icon of `public/icons.svg`. It only ever accompanies words, so it is hidden from screen readers.
#[component]
pub fn Icon(
    /// The symbol's id.
    name: &'static str,
) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use href=format!("/icons.svg#{name}")></use>
        </svg>
    }
}
