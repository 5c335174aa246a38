//! Where the focus goes. Only ever called in the browser.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement};

/// Does something with an element as soon as it is on the page. A view that was just loaded is made before it takes the
/// place of the one before; until then its elements can neither be focused nor opened.
pub fn once_connected(element: &Element, then: impl FnOnce() + 'static) {
    wait(element.clone(), 120, then);
}

fn wait(element: Element, frames: u32, then: impl FnOnce() + 'static) {
    if element.is_connected() {
        then();
    } else if frames > 0 {
        request_animation_frame(move || wait(element, frames - 1, then));
    }
}

/// Gives the focus to the heading of the page: where there is nothing better, so that it is never nowhere.
pub fn focus_heading() {
    if let Ok(Some(heading)) = document().query_selector("main h1")
        && let Ok(heading) = heading.dyn_into::<HtmlElement>()
    {
        if !heading.has_attribute("tabindex") {
            heading.set_tab_index(-1);
        }
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        drop(heading.focus_with_options(&options));
    }
}

/// Whether the focus is nowhere: what had it is gone.
pub fn is_nowhere() -> bool {
    document().active_element().is_none_or(|active| active.tag_name() == "BODY")
}
