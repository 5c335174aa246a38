//! Moving the focus. Only called in the browser.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement, HtmlInputElement, HtmlTextAreaElement, Node};

/// Calls `then` once the element is connected to the document. A new view is built before it replaces the old one, and
/// until then its elements can be neither focused nor opened.
pub fn once_connected(element: &Element, then: impl FnOnce() + 'static) {
    // 120 frames are about two seconds: an element that is never connected must not be waited for for ever.
    wait(element.clone(), 120, then);
}

/// Makes a change that takes the focus out of an element, and restores focus and text selection.
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

/// The text selection of a field; `None` for types that have none, such as `email`.
fn selection(element: &Element) -> Option<(u32, u32)> {
    let (start, end) = if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        (input.selection_start(), input.selection_end())
    } else {
        let area = element.dyn_ref::<HtmlTextAreaElement>()?;
        (area.selection_start(), area.selection_end())
    };
    start.ok().flatten().zip(end.ok().flatten())
}

/// Whether a form field has the focus.
pub fn typing() -> bool {
    document()
        .active_element()
        .is_some_and(|active| matches!(active.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA"))
}

/// Whether no element has the focus.
pub fn nowhere() -> bool {
    document().active_element().is_none_or(|active| active.tag_name() == "BODY")
}

/// Moves the focus to the page's heading, where there is no better place for it.
pub fn to_heading() {
    let heading = document().query_selector("main h1").ok().flatten();
    if let Some(heading) = heading.and_then(|heading| heading.dyn_into::<HtmlElement>().ok()) {
        if !heading.has_attribute("tabindex") {
            heading.set_tab_index(-1);
        }
        let options = FocusOptions::new();
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
