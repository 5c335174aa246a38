//! Where the focus goes. Only ever called in the browser.

use leptos::prelude::*;
use web_sys::Element;

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
