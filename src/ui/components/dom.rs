//! Finding elements on the page, and walking through them by keys. Only ever called in the browser.

use leptos::{ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlElement};

/// All elements that match, in order.
pub fn all(within: &Element, selector: &str) -> Vec<HtmlElement> {
    let Ok(found) = within.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

/// The element itself or the nearest around it that matches.
pub fn within(element: &Element, selector: &str) -> Option<HtmlElement> {
    element.closest(selector).ok().flatten()?.dyn_into().ok()
}

/// The target of an event as an element.
pub fn element_of(target: Option<EventTarget>) -> Option<Element> {
    target.and_then(|target| target.dyn_into::<Element>().ok())
}

/// Sets an attribute if it differs. This can fail only for invalid attribute names.
pub fn set(element: &Element, attribute: &str, value: &str) {
    if element.get_attribute(attribute).as_deref() != Some(value) {
        drop(element.set_attribute(attribute, value));
    }
}

/// Moves the focus through the entries of a menu by Arrow Up, Arrow Down, Home and End; other keys do nothing. Where it
/// `wraps`, an arrow at either end leads to the other one.
pub fn walk_by_key(event: &KeyboardEvent, entries: &[HtmlElement], wraps: bool) {
    let active = document().active_element();
    let current =
        entries.iter().position(|entry| active.as_ref().is_some_and(|active| entry.is_same_node(Some(active))));
    let last = entries.len().saturating_sub(1);
    let to = match (event.key().as_str(), current) {
        ("ArrowDown", Some(index)) if index < last => index + 1,
        ("ArrowUp", Some(index)) if index > 0 => index - 1,
        ("ArrowDown" | "ArrowUp", Some(index)) if !wraps => index,
        ("ArrowDown" | "Home", _) => 0,
        ("ArrowUp" | "End", _) => last,
        _ => return,
    };
    event.prevent_default();
    if let Some(entry) = entries.get(to) {
        drop(entry.focus());
    }
}

/// Something for a later frame or moment, done only if what it is of is still there by then. What asks for it may be gone: a page that was
/// left disposes of its values, and reading one then ends WebAssembly.
pub fn while_there(then: impl FnOnce() + 'static) -> impl FnOnce() + 'static {
    let there = StoredValue::new(());
    move || {
        if there.try_get_value().is_some() {
            then();
        }
    }
}
