//! A button that opens a list of links. A `popover`, so the browser opens and closes it without any script.

use leptos::{ev::KeyboardEvent, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// A menu. Its entries are links, not `menuitem`s: they can be opened in a new tab, and Tab goes through them. Arrow
/// keys work as well once WebAssembly is there.
#[component]
pub fn Menu(
    /// An id that nothing else on the page has.
    #[prop(into)]
    id: String,
    /// The accessible name of the button, where what is on it is not enough.
    #[prop(optional, into)]
    label: Option<String>,
    /// The class of the button.
    class: &'static str,
    /// What is on the button.
    #[prop(into)]
    button: ViewFnOnce,
    /// The entries.
    children: Children,
) -> impl IntoView {
    let opener = NodeRef::<html::Button>::new();
    let list = NodeRef::<html::Div>::new();
    view! {
        <button node_ref=opener type="button" class=class popovertarget=id.clone() aria-label=label on:keydown=move |event| open_by_key(&event, list)>
            {button.run()}
        </button>
        <div node_ref=list id=id popover="auto" class="menu" on:click=move |event| close_after(&event, list) on:keydown=move |event| step_by_key(&event, list, opener)>
            {children()}
        </div>
    }
    .into_any()
}

/// The entries that can take the focus.
fn entries(list: &HtmlElement) -> Vec<HtmlElement> {
    let Ok(found) = list.query_selector_all("a[href]:not([hidden]), button:not([disabled])") else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into::<HtmlElement>().ok()).collect()
}

/// Focus may fail only for elements that are gone.
fn focus(element: Option<&HtmlElement>) {
    if let Some(element) = element {
        drop(element.focus());
    }
}

/// The down arrow on the button opens the list and goes to its first entry.
fn open_by_key(event: &KeyboardEvent, list: NodeRef<html::Div>) {
    if event.key() == "ArrowDown"
        && let Some(list) = list.get_untracked()
    {
        event.prevent_default();
        drop(list.show_popover());
        focus(entries(&list).first());
    }
}

/// Following a link closes the list it is in; with the router, the page it is on may well stay.
fn close_after(event: &leptos::ev::MouseEvent, list: NodeRef<html::Div>) {
    let on_link = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|target| target.closest("a[href]").is_ok_and(|link| link.is_some()));
    if on_link && let Some(list) = list.get_untracked() {
        drop(list.hide_popover());
    }
}

/// Arrows, Home and End walk through the entries.
fn step_by_key(event: &KeyboardEvent, list: NodeRef<html::Div>, opener: NodeRef<html::Button>) {
    let Some(list) = list.get_untracked() else { return };
    let all = entries(&list);
    let active = document().active_element();
    let here = all.iter().position(|entry| active.as_ref().is_some_and(|active| entry.is_same_node(Some(active))));
    let to = match (event.key().as_str(), here) {
        ("ArrowDown", Some(index)) if index + 1 < all.len() => index + 1,
        ("ArrowDown" | "Home", _) => 0,
        ("ArrowUp", Some(index)) if index > 0 => index - 1,
        ("ArrowUp" | "End", _) => all.len().saturating_sub(1),
        ("Escape", _) => {
            // The browser closes it; the focus goes back to where it came from.
            focus(opener.get_untracked().as_deref());
            return;
        }
        _ => return,
    };
    event.prevent_default();
    focus(all.get(to));
}
