//! Placeholders: for an empty list, and while content is loading.

use leptos::prelude::*;

use super::icon::Icon;

/// An empty state: one sentence that says what belongs here, and one action.
#[component]
pub fn Empty(
    icon: &'static str,
    #[prop(into)] sentence: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-icon"><Icon name=icon/></span>
            <p>{sentence}</p>
            {children.map(|children| view! { <div class="bar">{children()}</div> })}
        </div>
    }
}

/// Grey lines while content is loading. The style sheet delays them, so that quick answers do not flicker.
#[component]
pub fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" aria-hidden="true">
            <i></i>
            <i></i>
            <i></i>
            <i></i>
        </div>
    }
}
