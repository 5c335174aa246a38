//! Keys that work anywhere on the page of a container (ux.md, "Keyboard"). The list has keys of its own.

use leptos::{
    ev::{KeyboardEvent, keydown},
    prelude::*,
};

use crate::ui::{
    components::dom::{element_of, within},
    session::Session,
};

/// The keyboard shortcuts, as the popover lists them.
pub const SHORTCUTS: [(&str, &str); 12] = [
    ("↑ ↓", "Move between rows; hold Shift to select"),
    ("Space", "Select"),
    ("Ctrl A", "Select all loaded rows; press again to select everything"),
    ("Esc", "Clear selection"),
    ("Enter", "Open"),
    ("Alt ↑", "Go up one folder"),
    ("F2", "Rename"),
    ("M", "Move to"),
    ("Delete", "Move to trash"),
    ("I", "Show or hide details"),
    ("/", "Search"),
    ("?", "These shortcuts"),
];

/// Calls `run` when a key is pressed where it `applies`, unless single letters are switched off (WCAG 2.1.4).
pub fn on_shortcut(key: &'static str, applies: fn(&KeyboardEvent) -> bool, run: impl Fn() + 'static) {
    let session = Session::get();
    let listener = window_event_listener(keydown, move |event| {
        if event.key() == key && session.letter_keys() && applies(&event) {
            event.prevent_default();
            run();
        }
    });
    on_cleanup(move || listener.remove());
}

/// Whether the key was pressed in the list, without a modifier that makes it another command.
pub fn in_list(event: &KeyboardEvent) -> bool {
    let in_row = element_of(event.target()).is_some_and(|target| within(&target, "tr[data-id]").is_some());
    in_row && !event.ctrl_key() && !event.meta_key() && !event.alt_key()
}

/// Whether the key was pressed where it is not typed into a field, and outside any dialog.
pub fn outside_fields(event: &KeyboardEvent) -> bool {
    element_of(event.target())
        .is_none_or(|target| within(&target, "input:not([type=checkbox]), select, textarea, dialog").is_none())
}
