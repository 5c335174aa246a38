//! The search field of the Drive.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    route::Listing,
    shortcuts::{on_shortcut, outside_fields},
};
use crate::ui::{components::icon::Icon, paths, session::Session};

/// **Search** through the whole organization: a GET form.
#[component]
pub fn SearchField(
    listing: Listing,
    /// The organization's name.
    organization: String,
) -> impl IntoView {
    let action = paths::drive(&listing.org, "");
    let navigate = use_navigate();
    let input = NodeRef::<leptos::html::Input>::new();
    let session = Session::get();
    let view_as = listing.view_as.clone();
    let q = listing.q.clone();
    let search = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let q = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        navigate(&listing.search(q.trim()), NavigateOptions::default());
    };
    on_shortcut("/", outside_fields, move || {
        if let Some(input) = input.get_untracked() {
            drop(input.focus());
        }
    });
    view! {
        <form class="drive-search" role="search" method="get" action=action on:submit=search>
            <Icon name="search"/>
            {(!view_as.is_empty()).then(|| view! { <input type="hidden" name="as" value=view_as/> })}
            <input node_ref=input type="search" name="q" aria-label="Search" placeholder=format!("Search {organization}") value=q maxlength="200" autocomplete="off"/>
            <kbd aria-hidden="true" hidden=move || !(session.hydrated.get() && session.letter_keys())>"/"</kbd>
        </form>
    }
}
