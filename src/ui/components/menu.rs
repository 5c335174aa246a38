//! A button that opens a list of links. A `popover`, so the browser opens and closes it without any script.

use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    html,
    prelude::*,
};
use web_sys::HtmlElement;

use super::dom::{all, element_of, walk_by_key, within};

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
    all(list, "a[href]:not([hidden]), button:not([disabled])")
}

/// The down arrow on the button opens the list and goes to its first entry.
fn open_by_key(event: &KeyboardEvent, list: NodeRef<html::Div>) {
    if event.key() == "ArrowDown"
        && let Some(list) = list.get_untracked()
    {
        event.prevent_default();
        drop(list.show_popover());
        if let Some(first) = entries(&list).first() {
            drop(first.focus());
        }
    }
}

/// Following a link closes the list it is in; with the router, the page it is on may well stay.
fn close_after(event: &MouseEvent, list: NodeRef<html::Div>) {
    let on_link = element_of(event.target()).is_some_and(|target| within(&target, "a[href]").is_some());
    if on_link && let Some(list) = list.get_untracked() {
        drop(list.hide_popover());
    }
}

fn step_by_key(event: &KeyboardEvent, list: NodeRef<html::Div>, opener: NodeRef<html::Button>) {
    if event.key() == "Escape" {
        // The browser closes the list; the focus goes back to the button that opened it.
        if let Some(opener) = opener.get_untracked() {
            drop(opener.focus());
        }
    } else if let Some(list) = list.get_untracked() {
        walk_by_key(event, &entries(&list), true);
    }
}
