//! The links between the pages of a list.

use leptos::prelude::*;

use super::button::ButtonLink;

/// "Back to the start" and "Next page", each where there is such a page; nothing for a list of one page.
#[component]
pub fn Pages(
    /// The address of the first page, where this is another one.
    start: Option<String>,
    /// The address of the next page.
    next: Option<String>,
    #[prop(default = "Pages")] label: &'static str,
    /// What the two links say.
    #[prop(default = ["Back to the start", "Next page"])]
    words: [&'static str; 2],
) -> impl IntoView {
    let [to_start, to_next] = words;
    (start.is_some() || next.is_some()).then(|| {
        view! {
            <nav class="pages" aria-label=label>
                {start.map(|href| view! { <ButtonLink href>{to_start}</ButtonLink> })}
                {next.map(|href| view! { <ButtonLink href>{to_next}</ButtonLink> })}
            </nav>
        }
    })
}
