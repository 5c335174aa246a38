//! The filters of the list.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use super::route::Listing;
use crate::{
    domain::resource::{DatasetStatus, Kind},
    ui::{paths, words},
};

/// The filters of the list: a GET form, so that they work without WebAssembly.
#[component]
pub fn Filters(listing: Listing) -> impl IntoView {
    let chosen = |value: &str, now: &str| value == now;
    let kinds = Kind::CREATABLE
        .map(|kind| view! { <option value=kind.as_str() selected=chosen(kind.as_str(), &listing.kind)>{words::kinds(kind)}</option> })
        .collect_view();
    let states = DatasetStatus::ALL
        .map(|status| view! { <option value=status.as_str() selected=chosen(status.as_str(), &listing.status)>{status.label()}</option> })
        .collect_view();
    let (action, q, sort) = (paths::drive(&listing.org, &listing.resource), listing.q.clone(), listing.sort.clone());
    let view_as = listing.view_as.clone();
    let navigate = use_navigate();
    let form = NodeRef::<html::Form>::new();
    let go = move || {
        let Some(form) = form.get_untracked() else { return };
        let value = |name: &str| -> String {
            let found = form.query_selector(&format!("select[name={name}]")).ok().flatten();
            found
                .and_then(|found| found.dyn_into::<web_sys::HtmlSelectElement>().ok())
                .map(|found| found.value())
                .unwrap_or_default()
        };
        let narrowed =
            Listing { kind: value("kind"), status: value("status"), cursor: String::new(), ..listing.clone() };
        navigate(&narrowed.address(), NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    let go_on_submit = go.clone();
    view! {
        <form
            node_ref=form
            class="filters"
            method="get"
            action=action
            aria-label="Filters"
            on:change=move |_| go()
            on:submit=move |event| {
                event.prevent_default();
                go_on_submit();
            }
        >
            {(!q.is_empty()).then(|| view! { <input type="hidden" name="q" value=q/> })}
            {(!sort.is_empty()).then(|| view! { <input type="hidden" name="sort" value=sort/> })}
            {(!view_as.is_empty()).then(|| view! { <input type="hidden" name="as" value=view_as/> })}
            <select name="kind" aria-label="Kind" class="input"><option value="">"All kinds"</option>{kinds}</select>
            <select name="status" aria-label="Status" class="input"><option value="">"Any status"</option>{states}</select>
            <noscript><button type="submit" class="button">"Filter"</button></noscript>
        </form>
    }
}
