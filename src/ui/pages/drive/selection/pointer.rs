//! Clicks, touches and context menus on the rows.

use std::{collections::BTreeMap, time::Duration};

use leptos::{
    ev::{Event, MouseEvent},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, PointerEvent};

use super::{RowMenu, Selection, TouchPress, follow, row_index};
use crate::ui::components::dom::{all, element_of, set, within};

/// How long a touch must last to select the row.
const LONG_PRESS: Duration = Duration::from_millis(500);
/// How far the finger may move meanwhile, in pixels.
const MAX_PRESS_MOVE_PX: i32 = 12;

impl Selection {
    /// The pointer was pressed somewhere: outside the list, the focus no longer belongs to it.
    pub fn pointed(self, event: &PointerEvent) {
        let at = element_of(event.target());
        if at.is_none_or(|at| self.form.get_untracked().is_none_or(|form| !form.contains(Some(&at)))) {
            self.inside.set_value(false);
        }
    }

    /// A click somewhere in the list.
    pub fn click(self, event: &MouseEvent) {
        let Some(target) = element_of(event.target()) else { return };
        let Some(row) = within(&target, "tbody tr[data-id]") else { return };
        let at = row_index(&row);
        if let Some(button) = within(&target, ".act > button") {
            event.prevent_default();
            let rect = button.get_bounding_client_rect();
            self.open_menu(at, &button, rect.right(), (rect.top(), rect.bottom()));
            return;
        }
        let on_checkbox = target.dyn_ref::<HtmlInputElement>().is_some();
        let picking = self.sums.get_untracked().count > 0;
        let link = within(&target, ".name a[href]");
        let long = self.finger.with_value(|finger| finger.is_some_and(|finger| finger.long));
        let by_touch = event.dyn_ref::<PointerEvent>().is_some_and(|pointer| pointer.pointer_type() == "touch");
        // By touch, the name selects like the rest of the row once anything is selected, or after a long press.
        if link.is_some() && by_touch && (long || picking) {
            event.prevent_default();
        } else if within(&target, "a[href], button, label, input").is_some() && !on_checkbox {
            return;
        }
        if self.finger.try_update_value(Option::take).flatten().is_some_and(|finger| finger.long) {
            return event.prevent_default();
        }
        let touch = event.dyn_ref::<PointerEvent>().is_some_and(|pointer| pointer.pointer_type() == "touch");
        // A tap opens, as usual on a phone; once something is selected, it selects.
        if touch && !on_checkbox && self.sums.get_untracked().count == 0 {
            return follow(&row, ".name a");
        }
        let toggles = event.ctrl_key() || event.meta_key() || touch;
        if event.shift_key() {
            self.range(self.anchored(at), at, on_checkbox || toggles);
        } else {
            self.set_anchor(at);
            let was = row.get_attribute("data-id").is_some_and(|id| self.has(&id));
            if !on_checkbox && !toggles {
                self.stop_gathering();
                self.picked.set_value(BTreeMap::new());
            }
            self.pick_at(at, !(on_checkbox || toggles) || !was);
        }
        if !on_checkbox {
            self.focus(at);
        }
        self.add_up();
    }

    /// Opens the menu of a row.
    pub(super) fn open_menu(self, at: usize, from: &Element, x: f64, (above, below): (f64, f64)) {
        let Some(row) = self.rows.at(at) else { return };
        let id = row.id.to_string();
        // `dialog` finds the opener by this attribute, to return the focus when the menu or its dialog closes.
        for other in self.form.get_untracked().map_or_else(Vec::new, |form| all(&form, "[popovertarget=row-menu]")) {
            drop(other.remove_attribute("popovertarget"));
        }
        set(from, "popovertarget", "row-menu");
        let items = if self.has(&id) { self.selected() } else { vec![id] };
        self.active.set_value(at);
        self.menu.set(Some(RowMenu { row, items, x, above, below }));
    }

    /// The pointer is pressed: a touch may become a long press.
    pub fn press(self, event: &PointerEvent) {
        self.lift();
        let Some(target) = element_of(event.target()) else { return };
        let Some(row) = within(&target, "tbody tr[data-id]") else { return };
        if event.pointer_type() != "touch" || within(&target, "button, label, input").is_some() {
            return;
        }
        let at = row_index(&row);
        let waiting = set_timeout_with_handle(move || self.select_by_finger(at), LONG_PRESS);
        if let Ok(waiting) = waiting {
            self.finger.set_value(Some(TouchPress { x: event.client_x(), y: event.client_y(), waiting, long: false }));
        }
    }

    /// The finger moves: it scrolls, so this is no long press.
    pub fn press_moves(self, event: &PointerEvent) {
        let moved = self.finger.with_value(|finger| {
            finger.is_some_and(|finger| {
                (finger.x - event.client_x()).abs() > MAX_PRESS_MOVE_PX
                    || (finger.y - event.client_y()).abs() > MAX_PRESS_MOVE_PX
            })
        });
        if moved {
            self.lift();
        }
    }

    /// The pointer is released or cancelled.
    pub fn press_ends(self) {
        if self.finger.with_value(|finger| finger.is_some_and(|finger| !finger.long)) {
            self.lift();
        }
    }

    pub(super) fn lift(self) {
        if let Some(finger) = self.finger.try_update_value(Option::take).flatten() {
            finger.waiting.clear();
        }
    }

    /// Whether a touch is on a row, which must not start a drag.
    pub fn is_pressed(self) -> bool {
        self.finger.with_value(Option::is_some)
    }

    /// A long press: toggles the row.
    pub(super) fn select_by_finger(self, at: usize) {
        self.finger.update_value(|finger| {
            if let Some(finger) = finger {
                finger.long = true;
            }
        });
        self.set_anchor(at);
        self.active.set_value(at);
        let was = self.rows.at(at).is_some_and(|row| self.has(&row.id.to_string()));
        self.pick_at(at, !was);
        self.add_up();
    }

    /// Opens the context menu of a row, by mouse or key. By touch, a long press selects instead.
    pub fn context_menu(self, event: &MouseEvent) {
        let Some(target) = element_of(event.target()) else { return };
        let Some(row) = within(&target, "tbody tr[data-id]") else { return };
        event.prevent_default();
        if event.dyn_ref::<PointerEvent>().is_some_and(|pointer| pointer.pointer_type() == "touch") {
            return;
        }
        let (mut x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        let mut edges = (y, y);
        if event.button() != 2 {
            let rect = row.get_bounding_client_rect();
            (x, edges) = (rect.left() + 60.0, (rect.top(), rect.bottom()));
        }
        let at = row_index(&row);
        // Releasing the button outside a popover closes it. Where the button is still down, the menu opens after the
        // release.
        if event.button() == 2 && event.buttons() != 0 {
            self.held.set_value(Some((at, x, edges)));
        } else {
            self.open_context_menu(at, x, edges);
        }
    }

    /// The mouse button was released.
    pub fn let_go(self) {
        if let Some((at, x, edges)) = self.held.try_update_value(Option::take).flatten() {
            set_timeout(move || self.open_context_menu(at, x, edges), Duration::ZERO);
        }
    }

    pub(super) fn open_context_menu(self, at: usize, x: f64, edges: (f64, f64)) {
        // Searched again by its position, because the row may have been rendered anew since the button was pressed.
        let form = self.form.try_get_untracked().flatten();
        let rows = form.map_or_else(Vec::new, |form| all(&form, "tbody tr[data-id]"));
        let Some(row) = rows.into_iter().find(|row| row_index(row) == at) else { return };
        let button = row.query_selector(".act > button").ok().flatten();
        self.open_menu(at, button.as_ref().unwrap_or(&row), x, edges);
    }

    /// A double click on a row opens it.
    pub fn open(self, event: &MouseEvent) {
        let Some(target) = element_of(event.target()) else { return };
        if within(&target, "a[href], button, label, input, [popover]").is_none()
            && let Some(row) = within(&target, "tbody tr[data-id]")
        {
            follow(&row, ".name a");
        }
    }

    /// A checkbox changed. **Select all** selects what is loaded and, pressed again, everything.
    pub fn change(self, event: &Event) {
        if let Some(over) = element_of(event.target()).and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
            && over.has_attribute("data-all")
        {
            if over.checked() {
                self.everything();
            } else {
                self.picked.set_value(BTreeMap::new());
            }
            self.add_up();
        }
    }
}
