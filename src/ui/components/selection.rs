//! Selecting rows of a table as in a file manager (PEOPLE-5): click, Shift, Ctrl, arrows, Ctrl+A. For tables whose rows are
//! all on the page.
//!
//! # Invariants
//! - The checkboxes are the truth: they work before WebAssembly arrives and are what the form sends. Everything here
//!   reads and sets them, and then counts again.
//! - Handlers are on the form, not on the rows: a hundred rows cost as much to bring to life as one.

use leptos::{
    ev::{Event, KeyboardEvent, MouseEvent},
    html,
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, PointerEvent};

/// The selection of one list.
#[derive(Clone, Copy)]
pub struct Selection {
    form: NodeRef<html::Form>,
    /// How many rows are selected.
    pub count: RwSignal<u64>,
    /// The row that a Shift-click extends from.
    anchor: StoredValue<usize>,
}

impl Selection {
    /// The selection of the list in this form, of which so many are checked by the server.
    pub fn new(form: NodeRef<html::Form>, checked: usize) -> Self {
        Self { form, count: RwSignal::new(checked as u64), anchor: StoredValue::new(0) }
    }

    fn rows(self) -> Vec<HtmlElement> {
        self.form.get_untracked().map_or_else(Vec::new, |form| all(&form, "tbody tr"))
    }

    /// The ids of the items that are checked.
    pub fn selected(self) -> Vec<String> {
        self.rows()
            .iter()
            .filter_map(checkbox)
            .filter(HtmlInputElement::checked)
            .map(|checkbox| checkbox.value())
            .collect()
    }

    /// Brings the rows to life: one of them takes the focus, the controls in them are reached by arrow keys.
    pub fn prepare(self) {
        let rows = self.rows();
        let active = rows.iter().position(|row| row.tab_index() == 0 && row.has_attribute("tabindex")).unwrap_or(0);
        for (index, row) in rows.iter().enumerate() {
            row.set_tab_index(if index == active { 0 } else { -1 });
            for control in controls(row) {
                control.set_tab_index(-1);
            }
        }
        self.add_up();
    }

    /// Reads the checkboxes: marks the rows, sets the box over them, adds up.
    pub fn add_up(self) {
        let rows = self.rows();
        let mut count = 0;
        for row in &rows {
            let checked = checkbox(row).is_some_and(|checkbox| checkbox.checked());
            set(row, "aria-selected", if checked { "true" } else { "false" });
            if checked {
                count += 1;
            }
        }
        if let Some(over) = self.box_over() {
            let some = count > 0;
            let every = some && count == rows.len() as u64;
            over.set_checked(every);
            over.set_indeterminate(some && !every);
        }
        if self.count.get_untracked() != count {
            self.count.set(count);
        }
    }

    fn box_over(self) -> Option<HtmlInputElement> {
        self.form.get_untracked()?.query_selector("input[data-all]").ok()??.dyn_into().ok()
    }

    /// Unchecks everything.
    pub fn clear(self) {
        for row in self.rows() {
            check(&row, false);
        }
        self.add_up();
    }

    /// Checks the rows between two, and only them unless `add`.
    fn range(self, from: usize, to: usize, add: bool) {
        let (low, high) = (from.min(to), from.max(to));
        for (index, row) in self.rows().iter().enumerate() {
            if (low..=high).contains(&index) {
                check(row, true);
            } else if !add {
                check(row, false);
            }
        }
    }

    /// Makes a row the one that Tab comes back to, and gives it the focus.
    fn focus(self, index: usize) {
        for (other, row) in self.rows().iter().enumerate() {
            row.set_tab_index(if other == index { 0 } else { -1 });
            if other == index {
                drop(row.focus());
            }
        }
    }

    /// A click somewhere in the list.
    pub fn click(self, event: &MouseEvent) {
        let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
        // A link in a menu: the list stays when the router opens a dialog over it, so the menu is closed here.
        if let Some(menu) = within(&target, "[popover]") {
            if within(&target, "a[href]").is_some() {
                drop(menu.hide_popover());
            }
            return;
        }
        let rows = self.rows();
        let Some(index) = rows.iter().position(|row| row.contains(Some(&target))) else { return };
        let Some(row) = rows.get(index) else { return };
        let on_checkbox = target.dyn_ref::<HtmlInputElement>().is_some();
        if within(&target, "a[href], button, label, input").is_some() && !on_checkbox {
            return;
        }
        let toggles = event.ctrl_key()
            || event.meta_key()
            || event.dyn_ref::<PointerEvent>().is_some_and(|pointer| pointer.pointer_type() == "touch");
        if event.shift_key() {
            self.range(self.anchor.get_value(), index, on_checkbox || toggles);
        } else {
            self.anchor.set_value(index);
            if !on_checkbox {
                let checked = checkbox(row).is_some_and(|checkbox| checkbox.checked());
                if !toggles {
                    for other in &rows {
                        check(other, false);
                    }
                }
                check(row, !toggles || !checked);
            }
        }
        if !on_checkbox {
            self.focus(index);
        }
        self.add_up();
    }

    /// A checkbox changed; the one in the heading stands for all.
    pub fn change(self, event: &Event) {
        if let Some(over) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
            && over.has_attribute("data-all")
        {
            for row in self.rows() {
                check(&row, over.checked());
            }
        }
        self.add_up();
    }

    /// A key. Single letters only while the grid has the focus (WCAG 2.1.4).
    pub fn key(self, event: &KeyboardEvent) {
        let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
        let rows = self.rows();
        let last = rows.len().saturating_sub(1);
        let Some(index) = rows.iter().position(|row| row.contains(Some(&target))) else {
            // From the headings, the keys lead into the rows.
            if within(&target, "thead").is_some() {
                match event.key().as_str() {
                    "ArrowDown" | "Home" => self.focus(0),
                    "End" => self.focus(last),
                    _ => return,
                }
                event.prevent_default();
            }
            return;
        };
        let Some(row) = rows.get(index) else { return };
        if within(&target, "[popover]").is_some() {
            step_in_menu(event, &target);
            return;
        }
        let on_row = row.is_same_node(Some(&target));
        let command = event.ctrl_key() || event.meta_key();
        match event.key().as_str() {
            "a" | "A" if command => self.range(0, last, true),
            "Escape" => {
                // With a menu open, the key is for the menu.
                let menu_open = document().query_selector(":popover-open").is_ok_and(|menu| menu.is_some());
                if menu_open || self.count.get_untracked() == 0 {
                    return;
                }
                self.clear();
            }
            "ArrowDown" if index < last => self.step(index, index + 1, event),
            "ArrowUp" if index > 0 => self.step(index, index - 1, event),
            "Home" if on_row => self.step(index, 0, event),
            "End" if on_row => self.step(index, last, event),
            "ArrowRight" | "ArrowLeft" => sideways(row, &target, event.key() == "ArrowRight"),
            " " if on_row => {
                let checked = checkbox(row).is_some_and(|checkbox| checkbox.checked());
                check(row, !checked);
                self.anchor.set_value(index);
            }
            _ => return,
        }
        event.prevent_default();
        self.add_up();
    }

    /// The focus goes to another row; with Shift, what lies between is selected.
    fn step(self, from: usize, to: usize, event: &KeyboardEvent) {
        if event.shift_key() {
            if self.count.get_untracked() == 0 {
                self.anchor.set_value(from);
            }
            self.range(self.anchor.get_value(), to, false);
        }
        self.focus(to);
    }
}

/// All elements that match, in order.
pub fn all(within: &Element, selector: &str) -> Vec<HtmlElement> {
    let Ok(found) = within.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

/// The element itself or the nearest around it that matches.
pub fn within(element: &Element, selector: &str) -> Option<HtmlElement> {
    element.closest(selector).ok().flatten()?.dyn_into().ok()
}

/// What can be used in a row, from left to right.
pub fn controls(row: &Element) -> Vec<HtmlElement> {
    all(row, "input.check, .name a, .act > button")
}

/// The checkbox that selects a row.
pub fn checkbox(row: &HtmlElement) -> Option<HtmlInputElement> {
    row.query_selector("input[name=item]").ok().flatten()?.dyn_into().ok()
}

/// Checks it or not.
pub fn check(row: &HtmlElement, checked: bool) {
    if let Some(checkbox) = checkbox(row) {
        checkbox.set_checked(checked);
    }
}

/// Setting an attribute fails only for names that are none.
pub fn set(element: &Element, attribute: &str, value: &str) {
    if element.get_attribute(attribute).as_deref() != Some(value) {
        drop(element.set_attribute(attribute, value));
    }
}

/// Left and right go from the row to the controls in it, and back.
pub fn sideways(row: &HtmlElement, from: &Element, forwards: bool) {
    let mut stops = vec![row.clone()];
    stops.extend(controls(row));
    let here = stops.iter().position(|stop| stop.is_same_node(Some(from))).unwrap_or(0);
    let to = if forwards { here + 1 } else { here.saturating_sub(1) };
    if let Some(stop) = stops.get(to) {
        drop(stop.focus());
    }
}

/// Up and down walk through an open menu of a row.
fn step_in_menu(event: &KeyboardEvent, target: &Element) {
    let Some(menu) = within(target, "[popover]") else { return };
    let entries = all(&menu, "a[href]");
    let here = entries.iter().position(|entry| entry.is_same_node(Some(target)));
    let to = match (event.key().as_str(), here) {
        ("ArrowDown", Some(index)) => (index + 1).min(entries.len().saturating_sub(1)),
        ("ArrowUp", Some(index)) => index.saturating_sub(1),
        ("ArrowDown" | "ArrowUp", None) => 0,
        _ => return,
    };
    event.prevent_default();
    if let Some(entry) = entries.get(to) {
        drop(entry.focus());
    }
}
