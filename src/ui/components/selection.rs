//! Selecting rows of a table by clicks, with Shift and Ctrl as in a file manager (PEOPLE-5). For tables whose rows are
//! all on the page; the Drive has its own selection, whose rows mostly are not.
//!
//! # Invariants
//! - The checkboxes are the truth: they work before WebAssembly arrives and are what the form sends. Everything here
//!   reads and sets them, and then counts again.
//! - Handlers are on the form, not on the rows: a hundred rows take no longer to hydrate than one.

use leptos::{
    ev::{Event, MouseEvent},
    html,
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement, PointerEvent};

use super::dom::{all, element_of, set, within};

#[derive(Clone, Copy)]
pub struct Selection {
    form: NodeRef<html::Form>,
    /// How many rows are selected.
    pub count: RwSignal<u64>,
    /// The row that a Shift-click extends from.
    anchor: StoredValue<usize>,
}

impl Selection {
    /// The selection of the table in this form. `checked` is how many rows the server rendered checked.
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

    /// Reads the checkboxes: marks the rows, sets **Select all**, counts.
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

    /// Checks the rows of a range; without `add`, unchecks all others.
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

    /// Gives a row the focus and makes it the only one that Tab reaches (roving `tabindex`).
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
        let Some(target) = element_of(event.target()) else { return };
        // The router opens the dialog over this page without replacing it, so the menu must be closed here.
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
        // Touch has no Ctrl key, so a tap adds a row or takes it away.
        let toggles = event.ctrl_key()
            || event.meta_key()
            || event.dyn_ref::<PointerEvent>().is_some_and(|pointer| pointer.pointer_type() == "touch");
        if event.shift_key() {
            self.range(self.anchor.get_value(), index, on_checkbox || toggles);
        } else {
            self.anchor.set_value(index);
            // A click on the checkbox itself has changed it already.
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

    /// A checkbox changed; the one in the heading selects all rows.
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
}

/// The checkbox that selects a row.
pub fn checkbox(row: &HtmlElement) -> Option<HtmlInputElement> {
    row.query_selector("input[name=item]").ok().flatten()?.dyn_into().ok()
}

/// Sets the checkbox of a row.
pub fn check(row: &HtmlElement, checked: bool) {
    if let Some(checkbox) = checkbox(row) {
        checkbox.set_checked(checked);
    }
}
