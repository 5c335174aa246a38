//! What stands where there is nothing yet, or nothing to see.

use leptos::prelude::*;

use super::icon::Icon;

/// One sentence that says what this is, and one thing to do about it.
#[component]
pub fn Empty(
    /// An icon.
    icon: &'static str,
    /// The sentence.
    #[prop(into)]
    sentence: String,
    /// The thing to do.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-icon"><Icon name=icon/></span>
            <p>{sentence}</p>
            {children.map(|children| view! { <div class="bar">{children()}</div> })}
        </div>
    }
}

/// Grey lines where content is about to be. They appear only after a moment (style sheet), so that quick answers do not
/// flicker.
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
