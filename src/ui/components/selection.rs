//! Selecting rows of a table by clicks and by keys, with Shift and Ctrl as in a file manager (PEOPLE-5, FILE-1). For tables
//! whose rows are all on the page; the Drive has its own selection, whose rows mostly are not. Rows may be laid out as
//! tiles.
//!
//! # Invariants
//! - The checkboxes are the truth: they work before WebAssembly arrives and are what the form sends. Everything here
//!   reads and sets them, and then counts again. What was counted is kept for when the rows are rendered anew.
//! - Handlers are on the form, not on the rows: a hundred rows take no longer to hydrate than one.

use std::collections::BTreeSet;

use leptos::{
    ev::{Event, KeyboardEvent, MouseEvent},
    html,
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, PointerEvent};

use super::dom::{all, element_of, set, within};

/// The link in a row that opens what the row is about.
const OPENS: &str = "a[data-opens]";

#[derive(Clone, Copy)]
pub struct Selection {
    form: NodeRef<html::Form>,
    /// How many rows are selected.
    pub count: RwSignal<u64>,
    /// The sum of their attributes `data-bytes`.
    pub bytes: RwSignal<i64>,
    /// Their ids, as they were counted last.
    chosen: StoredValue<BTreeSet<String>>,
    /// The row that a Shift-click extends from.
    anchor: StoredValue<usize>,
    /// The row that takes the focus once the rows are rendered anew.
    wants_focus: StoredValue<Option<usize>>,
}

impl Selection {
    /// The selection of the table in this form. `checked` is how many rows the server rendered checked.
    pub fn new(form: NodeRef<html::Form>, checked: usize) -> Self {
        Self {
            form,
            count: RwSignal::new(checked as u64),
            bytes: RwSignal::new(0),
            chosen: StoredValue::new(BTreeSet::new()),
            anchor: StoredValue::new(0),
            wants_focus: StoredValue::new(None),
        }
    }

    /// The form that the table is in.
    pub fn form(self) -> NodeRef<html::Form> {
        self.form
    }

    /// Another list is shown: these of its rows are selected.
    pub fn show_list(self, chosen: impl IntoIterator<Item = String>) {
        self.chosen.set_value(chosen.into_iter().collect());
        self.anchor.set_value(0);
        self.wants_focus.set_value(None);
    }

    /// The same list is rendered anew: what is gone from it is no longer selected.
    pub fn reloaded(self, is_there: impl Fn(&str) -> bool) {
        self.chosen.update_value(|chosen| chosen.retain(|id| is_there(id)));
        // This also runs on the server, where there is no form and no document.
        let at = self.form.get_untracked().and_then(|form| {
            let active = document().active_element().filter(|active| form.contains(Some(active)))?;
            self.rows().iter().position(|row| row.contains(Some(&active)))
        });
        self.wants_focus.set_value(at);
    }

    /// Whether a row is to be rendered as selected.
    pub fn has(self, id: &str) -> bool {
        self.chosen.with_value(|chosen| chosen.contains(id))
    }

    /// After the rows have been rendered: counts, and makes one row the only one that Tab reaches. Arrow keys lead to the
    /// others, and to the controls in them.
    pub fn prepare(self) {
        let rows = self.rows();
        self.add_up();
        let active = rows.iter().position(|row| row.tab_index() == 0).unwrap_or(0);
        for (index, row) in rows.iter().enumerate() {
            row.set_tab_index(if index == active { 0 } else { -1 });
            for control in controls(row) {
                control.set_tab_index(-1);
            }
        }
        // After rows were removed, the next row is at their position, or the last one if they were at the end.
        let wanted = self.wants_focus.try_update_value(std::mem::take).flatten();
        let lost = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
        if let Some(index) = wanted.filter(|_| lost && !rows.is_empty()) {
            self.focus(index.min(rows.len() - 1));
        }
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
        let (mut count, mut bytes, mut chosen) = (0, 0, BTreeSet::new());
        for row in &rows {
            let checked = checkbox(row).filter(HtmlInputElement::checked);
            set(row, "aria-selected", if checked.is_some() { "true" } else { "false" });
            if let Some(checked) = checked {
                count += 1;
                bytes += row.get_attribute("data-bytes").and_then(|bytes| bytes.parse().ok()).unwrap_or(0_i64);
                chosen.insert(checked.value());
            }
        }
        self.chosen.set_value(chosen);
        if let Some(over) = self.box_over() {
            let some = count > 0;
            let every = some && count == rows.len() as u64;
            over.set_checked(every);
            over.set_indeterminate(some && !every);
        }
        if self.bytes.get_untracked() != bytes {
            self.bytes.set(bytes);
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
        // Touch has no Ctrl key, so a tap adds a row or takes it away; the first one opens what can be opened.
        let is_touch = event.dyn_ref::<PointerEvent>().is_some_and(|pointer| pointer.pointer_type() == "touch");
        if is_touch && !on_checkbox && self.count.get_untracked() == 0 && follow(row, OPENS) {
            return;
        }
        let toggles = event.ctrl_key() || event.meta_key() || is_touch;
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

    /// A double click opens what a row is about.
    pub fn open(self, event: &MouseEvent) {
        let Some(target) = element_of(event.target()) else { return };
        if within(&target, "a[href], button, label, input").is_none()
            && let Some(row) = within(&target, "tbody tr")
        {
            follow(&row, OPENS);
        }
    }

    /// A key in the list. `commands` are keys with the values of the buttons that they press, for the selection or else for
    /// the row.
    pub fn key(self, event: &KeyboardEvent, commands: &[(&str, &str)]) {
        let Some(target) = element_of(event.target()) else { return };
        let rows = self.rows();
        let last = rows.len().saturating_sub(1);
        let found = rows.iter().enumerate().find(|(_, row)| row.contains(Some(&target)));
        let Some((at, row)) = found else {
            // From the headings, arrow keys lead into the rows.
            if within(&target, "thead").is_some() && event.key() == "ArrowDown" {
                self.focus(0);
                event.prevent_default();
            }
            return;
        };
        let on_row = row.is_same_node(Some(&target));
        let columns = columns(&rows);
        let pressed = event.key();
        match pressed.as_str() {
            "a" | "A" if event.ctrl_key() || event.meta_key() => self.range(0, last, true),
            "Escape" if self.count.get_untracked() > 0 => self.clear(),
            "Escape" => return,
            " " if on_row => {
                let checked = checkbox(row).is_some_and(|checkbox| checkbox.checked());
                check(row, !checked);
                self.anchor.set_value(at);
            }
            "Enter" if on_row => drop(follow(row, OPENS)),
            "ArrowRight" | "ArrowLeft" if columns == 1 => sideways(row, &target, pressed == "ArrowRight"),
            _ => {
                if let Some((_, button)) = commands.iter().find(|(key, _)| (on_row || *key == "F2") && *key == pressed)
                {
                    if !checkbox(row).is_some_and(|checkbox| checkbox.checked()) {
                        self.range(at, at, false);
                        self.add_up();
                    }
                    if let Some(form) = self.form.get_untracked() {
                        follow(&form, &format!(".selection button[value={button}]:not([disabled])"));
                    }
                } else {
                    // At either end arrows are left to the browser, which scrolls.
                    let Some(to) = row_by_key(&pressed, at, last, columns).filter(|to| *to != at) else { return };
                    if event.shift_key() {
                        if self.count.get_untracked() == 0 {
                            self.anchor.set_value(at);
                        }
                        self.range(self.anchor.get_value(), to, false);
                    }
                    self.focus(to);
                }
            }
        }
        event.prevent_default();
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

/// Clicks the first link or button that matches; whether there is one.
fn follow(inside: &Element, selector: &str) -> bool {
    let found = inside.query_selector(selector).ok().flatten().and_then(|found| found.dyn_into::<HtmlElement>().ok());
    if let Some(found) = &found {
        found.click();
    }
    found.is_some()
}

/// The controls in a row, in order.
fn controls(row: &Element) -> Vec<HtmlElement> {
    all(row, "input, a[href], button")
}

/// Left and right move between a row and the controls in it.
fn sideways(row: &HtmlElement, from: &Element, forwards: bool) {
    let mut stops = vec![row.clone()];
    stops.extend(controls(row));
    let here = stops.iter().position(|stop| stop.is_same_node(Some(from))).unwrap_or(0);
    let to = if forwards { here + 1 } else { here.saturating_sub(1) };
    if let Some(stop) = stops.get(to) {
        drop(stop.focus());
    }
}

/// How many rows are beside each other: several where they are laid out as tiles.
fn columns(rows: &[HtmlElement]) -> usize {
    let first = rows.first().map(HtmlElement::offset_top);
    rows.iter().take_while(|row| Some(row.offset_top()) == first).count().max(1)
}

/// The row that a key leads to from the row `at`; `None` for keys that lead nowhere.
fn row_by_key(key: &str, at: usize, last: usize, columns: usize) -> Option<usize> {
    match key {
        "ArrowDown" => Some(if at + columns > last { at } else { at + columns }),
        "ArrowUp" => Some(at.checked_sub(columns).unwrap_or(at)),
        "ArrowRight" => Some((at + 1).min(last)),
        "ArrowLeft" => Some(at.saturating_sub(1)),
        "Home" => Some(0),
        "End" => Some(last),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drive_3_arrows_move_by_rows_and_in_tiles_by_columns() {
        assert_eq!(row_by_key("ArrowDown", 3, 9, 1), Some(4));
        assert_eq!(row_by_key("ArrowDown", 3, 9, 4), Some(7));
        assert_eq!(row_by_key("ArrowDown", 8, 9, 4), Some(8), "no tile is below");
        assert_eq!(row_by_key("ArrowUp", 3, 9, 4), Some(3));
        assert_eq!(row_by_key("ArrowRight", 9, 9, 4), Some(9));
        assert_eq!(row_by_key("End", 0, 9, 4), Some(9));
        assert_eq!(row_by_key("x", 0, 9, 1), None);
    }
}
