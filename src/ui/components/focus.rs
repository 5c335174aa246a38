//! Where the focus goes. Only ever called in the browser.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlTextAreaElement, Node};

/// Does something with an element as soon as it is on the page. A view that was just loaded is made before it takes the
/// place of the one before; until then its elements can neither be focused nor opened.
pub fn once_connected(element: &Element, then: impl FnOnce() + 'static) {
    wait(element.clone(), 120, then);
}

/// Does something with an element that takes the focus away from whoever is typing in it, and gives it back.
pub fn keeping_focus_in(element: &Element, change: impl FnOnce()) {
    let active = document().active_element().filter(|active| {
        let node: &Node = active;
        element.contains(Some(node)) && !element.is_same_node(Some(node))
    });
    let place = active.as_ref().and_then(selection);
    change();
    let Some(active) = active.and_then(|active| active.dyn_into::<HtmlElement>().ok()) else { return };
    drop(active.focus());
    let Some((start, end)) = place else { return };
    if let Some(input) = active.dyn_ref::<HtmlInputElement>() {
        drop(input.set_selection_range(start, end));
    } else if let Some(area) = active.dyn_ref::<HtmlTextAreaElement>() {
        drop(area.set_selection_range(start, end));
    }
}

/// From where to where something is selected in a field; nothing for fields of which one cannot tell, like an email's.
fn selection(element: &Element) -> Option<(u32, u32)> {
    let (start, end) = if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        (input.selection_start(), input.selection_end())
    } else {
        let area = element.dyn_ref::<HtmlTextAreaElement>()?;
        (area.selection_start(), area.selection_end())
    };
    start.ok().flatten().zip(end.ok().flatten())
}

/// Whether somebody is in a field.
pub fn typing() -> bool {
    document()
        .active_element()
        .is_some_and(|active| matches!(active.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA"))
}

/// Whether nobody and nothing on the page has the focus.
pub fn nowhere() -> bool {
    document().active_element().is_none_or(|active| active.tag_name() == "BODY")
}

/// Gives the focus to what a page begins with, for want of a better place: its heading.
pub fn to_heading() {
    let heading = document().query_selector("main h1").ok().flatten();
    if let Some(heading) = heading.and_then(|heading| heading.dyn_into::<HtmlElement>().ok()) {
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        drop(heading.focus_with_options(&options));
    }
}

fn wait(element: Element, frames: u32, then: impl FnOnce() + 'static) {
    if element.is_connected() {
        then();
    } else if frames > 0 {
        request_animation_frame(move || wait(element, frames - 1, then));
    }
}
