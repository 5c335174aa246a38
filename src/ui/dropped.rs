//! Files that are dropped on a page. Where nothing takes them, the browser would show the file in place of the page, and what
//! was typed there would be lost.

use leptos::{ev::DragEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::Element;

/// Keeps every page where a file is dropped on it. What takes files, a field or a place for them, still does.
pub fn keep_pages() {
    let over = window_event_listener(leptos::ev::dragover, |event| refuse(&event));
    let dropped = window_event_listener(leptos::ev::drop, |event| refuse(&event));
    on_cleanup(move || {
        over.remove();
        dropped.remove();
    });
}

/// Says no to files that nobody said yes to.
fn refuse(event: &DragEvent) {
    let Some(transfer) = event.data_transfer() else { return };
    // Which files they are is told when they are dropped; that they are files, before.
    let files = transfer.types().iter().any(|kind| kind.as_string().as_deref() == Some("Files"));
    let taken = event.default_prevented()
        || event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .is_some_and(|target| target.closest("input[type=file]").is_ok_and(|field| field.is_some()));
    if files && !taken {
        event.prevent_default();
        transfer.set_drop_effect("none");
    }
}
