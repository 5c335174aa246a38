//! Icons of one sprite, in the colour of the text around them.

use leptos::prelude::*;

/// An icon of `public/icons.svg`. It only accompanies words, so it is hidden from screen readers.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use href=format!("/icons.svg#{name}")></use>
        </svg>
    }
}
