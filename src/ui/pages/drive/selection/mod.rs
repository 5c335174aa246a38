//! Selecting in the list as in a file manager (DRIVE-3). What is selected is kept and shown here; `pointer` and
//! `keyboard` change it, and `select_all` selects rows that are not loaded yet.
//!
//! # Invariants
//! - Before WebAssembly arrives, checkboxes are all there is: they are what the form sends. From then on what is picked
//!   is kept by id, because a long list has most of its rows not on the page, and the checkboxes show it.
//! - Handlers are on the form, not on the rows: a hundred rows take no longer to hydrate than one.

mod keyboard;
mod pointer;
mod select_all;

use std::collections::BTreeMap;

use leptos::{ev::FocusEvent, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement, HtmlInputElement};

use super::virtual_rows::VirtualRows;
use crate::{
    domain::command::Command,
    ui::{
        components::{
            dom::{all, element_of, set, within},
            focus::{nowhere, to_heading},
            selection::{check, checkbox},
        },
        session::Session,
    },
    view::{Control, RowView},
};

/// Totals of the selection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub count: u64,
    /// The images of the selected datasets.
    pub images: i64,
    pub bytes: i64,
}

/// The menu of a row: for which items, and where it opens.
#[derive(Clone, Debug, PartialEq)]
pub struct RowMenu {
    /// The row it was opened on.
    pub row: RowView,
    /// The items it acts on: all that are selected if the row is among them.
    pub items: Vec<String>,
    /// Where, in pixels from the left of the window.
    pub x: f64,
    /// The upper edge of what it opens from, in pixels from the window's top.
    pub above: f64,
    /// Its lower edge.
    pub below: f64,
}

#[derive(Clone, Copy)]
pub struct Selection {
    /// The form the list is in.
    pub form: NodeRef<html::Form>,
    rows: VirtualRows,
    picked: StoredValue<BTreeMap<String, RowView>>,
    /// Items that the address selects and that are not loaded yet.
    further: StoredValue<Vec<String>>,
    /// Totals of the selection.
    pub sums: RwSignal<Sums>,
    /// Commands that are not possible with the whole selection.
    cannot: RwSignal<Vec<Command>>,
    /// A command that a key asked for, and its items.
    pub asked: RwSignal<Option<(Command, Vec<String>)>>,
    pub menu: RwSignal<Option<RowMenu>>,
    /// The row that a Shift-click extends from. By id, because sorting changes positions.
    anchor: StoredValue<Option<String>>,
    /// The position of the row that Tab reaches (roving `tabindex`).
    active: StoredValue<usize>,
    /// Whether that row takes the focus as soon as it is rendered.
    wants_focus: StoredValue<bool>,
    /// Whether the focus belongs to the list, even while the focused row is not rendered.
    inside: StoredValue<bool>,
    /// While **Select all** loads the rest of the list: how many rows are loaded.
    gathering: RwSignal<Option<usize>>,
    /// Incremented to cancel loading that is still going on, with every new list and when the selection is cleared.
    turn: StoredValue<u64>,
    /// A touch that may become a long press.
    finger: StoredValue<Option<TouchPress>>,
    /// The context menu that opens once the mouse button is released.
    held: StoredValue<Option<HeldMenu>>,
    session: Session,
}

/// The row, the menu's position from the left, and the upper and lower edge of what it opens from.
type HeldMenu = (usize, f64, (f64, f64));

/// A touch on a row.
#[derive(Clone, Copy)]
struct TouchPress {
    x: i32,
    y: i32,
    waiting: TimeoutHandle,
    /// Whether it was a long press, which selects; the click that follows is then ignored.
    long: bool,
}

impl Selection {
    pub fn new(rows: VirtualRows, session: Session) -> Self {
        Self {
            form: NodeRef::new(),
            rows,
            picked: StoredValue::new(BTreeMap::new()),
            further: StoredValue::new(Vec::new()),
            sums: RwSignal::new(Sums::default()),
            cannot: RwSignal::new(Vec::new()),
            asked: RwSignal::new(None),
            menu: RwSignal::new(None),
            anchor: StoredValue::new(None),
            active: StoredValue::new(0),
            wants_focus: StoredValue::new(false),
            inside: StoredValue::new(false),
            gathering: RwSignal::new(None),
            turn: StoredValue::new(0),
            finger: StoredValue::new(None),
            held: StoredValue::new(None),
            session,
        }
    }

    /// Another list is shown: selects these of its items.
    pub fn show_list(self, items: &[String]) {
        self.menu.set(None);
        self.picked.set_value(BTreeMap::new());
        self.anchor.set_value(None);
        self.active.set_value(0);
        self.wants_focus.set_value(false);
        self.inside.set_value(false);
        self.stop_gathering();
        let mut further = Vec::new();
        for item in items {
            match self.rows.place_of(item).and_then(|row_index| self.rows.at(row_index)) {
                Some(row) => self.pick(row, true),
                None => further.push(item.clone()),
            }
        }
        self.further.set_value(further);
        self.add_up();
    }

    /// The same rows are shown in another order: selection and anchor stay.
    pub fn reordered(self) {
        self.menu.set(None);
        self.active.set_value(0);
        self.wants_focus.set_value(false);
        self.stop_gathering();
        self.add_up();
    }

    /// The same list was loaded again: keeps the selection, with current rows.
    pub fn reloaded(self) {
        self.menu.set(None);
        let ids: Vec<String> = self.picked.with_value(|picked| picked.keys().cloned().collect());
        let all_known = self.rows.all_known();
        for id in ids {
            match self.rows.place_of(&id).and_then(|row_index| self.rows.at(row_index)) {
                Some(row) => self.pick(row, true),
                // It is gone. In a long list it may merely not be loaded.
                None if all_known => self.picked.update_value(|picked| {
                    picked.remove(&id);
                }),
                None => {}
            }
        }
        // This also runs on the server, where there is no form and no document.
        let had = self.form.get_untracked().is_some_and(|form| {
            document().active_element().is_some_and(|active| {
                form.contains(Some(&active)) || (self.inside.get_value() && active.tag_name() == "BODY")
            })
        });
        // After rows were removed, the next row is at their position, or the last one if they were at the end.
        let last = self.rows.total.get_untracked().saturating_sub(1);
        self.active.update_value(|active| *active = (*active).min(last));
        self.add_up();
        // Set last, so that the rows that are about to be replaced do not take the focus.
        self.wants_focus.set_value(had);
    }

    /// No row is left: moves the focus from the list to the page's heading.
    pub fn emptied(self) {
        let had = self.wants_focus.get_value() || self.inside.get_value();
        if had && nowhere() {
            self.wants_focus.set_value(false);
            // The live update about this change renders the page once more, and the new heading must then take the
            // focus again.
            self.inside.set_value(true);
            to_heading();
        }
    }

    /// Why a command is not possible with the selection; `None` if it is. The menu of a single item gives the reason.
    pub fn why_not(self, command: Command) -> Option<&'static str> {
        let off = self.cannot.with(|cannot| cannot.contains(&command));
        off.then_some("This is not possible for all selected items. Open the menu of an item to see why.")
    }

    fn elements(self) -> Vec<HtmlElement> {
        self.form.get_untracked().map_or_else(Vec::new, |form| all(&form, "tbody tr[data-id]"))
    }

    /// The ids of the items that are selected.
    pub fn selected(self) -> Vec<String> {
        self.picked.with_value(|picked| picked.keys().cloned().collect())
    }

    /// What is selected, as rows.
    pub fn picked(self) -> Vec<RowView> {
        self.picked.with_value(|picked| picked.values().cloned().collect())
    }

    /// Whether an item is selected.
    pub fn has(self, id: &str) -> bool {
        self.picked.with_value(|picked| picked.contains_key(id))
    }

    fn pick(self, row: RowView, on: bool) {
        self.picked.update_value(|picked| {
            if on {
                picked.insert(row.id.to_string(), row);
            } else {
                picked.remove(&row.id.to_string());
            }
        });
    }

    fn pick_at(self, row_index: usize, on: bool) {
        if let Some(row) = self.rows.at(row_index) {
            self.pick(row, on);
        }
    }

    /// Takes over from the checkboxes after hydration. From now on Tab reaches one row, and arrow keys the controls in
    /// it.
    pub fn prepare(self) {
        if let Some(table) = self.table() {
            table.set_tab_index(-1);
        }
        for element in self.elements() {
            if checkbox(&element).is_some_and(|checkbox| checkbox.checked()) {
                self.pick_at(row_index(&element), true);
            }
        }
        self.add_up();
        let further = self.further.try_update_value(std::mem::take).unwrap_or_default();
        if !further.is_empty() {
            self.find(further);
        }
    }

    /// Computes the totals and the possible commands.
    fn add_up(self) {
        let mut sums = Sums::default();
        let mut cannot: Vec<Command> = Vec::new();
        self.picked.with_value(|picked| {
            for row in picked.values() {
                sums.count += 1;
                if let Some(dataset) = &row.dataset {
                    sums.images += dataset.images;
                    sums.bytes += dataset.bytes;
                }
                for (command, on) in self.rows.controls(row) {
                    if on != Control::Enabled && !cannot.contains(&command) {
                        cannot.push(command);
                    }
                }
            }
        });
        // A signal that is set runs its effects even if the value is the same.
        if self.cannot.with_untracked(|before| *before != cannot) {
            self.cannot.set(cannot);
        }
        if self.sums.get_untracked() != sums {
            self.sums.set(sums);
        }
        self.show();
    }

    /// The table. It holds the focus while the focused row is not rendered.
    fn table(self) -> Option<HtmlElement> {
        self.form.get_untracked()?.query_selector("table").ok()??.dyn_into().ok()
    }

    /// Whether the focused row was scrolled out of the page, so that no element has the focus.
    fn is_adrift(self) -> bool {
        let Some(table) = self.table() else { return false };
        let nowhere = document().active_element().is_none_or(|active| {
            active.is_same_node(Some(&table)) || document().body().is_some_and(|body| active.is_same_node(Some(&body)))
        });
        self.inside.get_value() && nowhere
    }

    /// The focus entered a row: from now on Tab reaches that row.
    pub fn focus_in(self, event: &FocusEvent) {
        self.inside.set_value(true);
        let row = element_of(event.target()).and_then(|target| within(&target, "tbody tr[data-id]"));
        // While a row waits for the focus, `active` is its position already.
        if let Some(row) = row.filter(|_| !self.wants_focus.get_value()) {
            self.active.set_value(row_index(&row));
        }
    }

    /// The focus left an element of the list.
    pub fn focus_out(self, event: &FocusEvent) {
        // Without a related target the focused row was removed, or the window lost the focus: the list keeps it.
        let to = element_of(event.related_target());
        if to.is_some_and(|to| self.form.get_untracked().is_none_or(|form| !form.contains(Some(&to)))) {
            self.inside.set_value(false);
        }
    }

    /// Updates the rendered rows: checkboxes, `aria-selected`, `tabindex`, focus.
    pub fn show(self) {
        let elements = self.elements();
        let active = self.active.get_value();
        let reachable = elements.iter().any(|row| row_index(row) == active);
        let adrift = self.is_adrift();
        if !reachable && self.wants_focus.get_value() && active < self.rows.total.get_untracked() {
            self.rows.scroll_to(active);
        }
        if !reachable
            && adrift
            && let Some(table) = self.table()
        {
            focus_quietly(&table);
        }
        for (at, row) in elements.iter().enumerate() {
            let picked = row.get_attribute("data-id").is_some_and(|id| self.has(&id));
            check(row, picked);
            set(row, "aria-selected", if picked { "true" } else { "false" });
            // While the active row is not on the page, Tab reaches the first one that is, so that the list
            // stays reachable.
            let tabbed = if reachable { row_index(row) == active } else { at == 0 };
            row.set_tab_index(if tabbed { 0 } else { -1 });
            for control in controls(row) {
                control.set_tab_index(-1);
            }
            if row_index(row) == active && self.wants_focus.get_value() {
                self.wants_focus.set_value(false);
                self.inside.set_value(true);
                drop(row.focus());
            } else if row_index(row) == active && adrift {
                focus_quietly(row);
            }
        }
        let over = self.form.get_untracked().and_then(|form| form.query_selector("input[data-all]").ok()?);
        if let Some(over) = over.and_then(|over| over.dyn_into::<HtmlInputElement>().ok()) {
            let count = self.sums.get_untracked().count;
            let every = count > 0 && count == self.rows.total.get_untracked() as u64;
            over.set_checked(every);
            over.set_indeterminate(count > 0 && !every);
        }
    }

    /// Unselects everything.
    pub fn clear(self) {
        self.stop_gathering();
        self.picked.set_value(BTreeMap::new());
        self.add_up();
    }

    /// Selects the rows of a range; without `add`, unselects all others.
    fn range(self, from: usize, to: usize, add: bool) {
        if !add {
            self.stop_gathering();
            self.picked.set_value(BTreeMap::new());
        }
        for row in self.rows.between(from, to) {
            self.pick(row, true);
        }
    }

    /// Scrolls a row into view and gives it the focus.
    fn focus(self, to: usize) {
        self.active.set_value(to);
        self.wants_focus.set_value(true);
        self.rows.reveal(to, move || self.show());
    }

    /// The commands of a row's menu: those of the row, or, for several items, those that all of them allow.
    pub fn offers(self, row: &RowView, items: &[String]) -> Vec<(Command, Control)> {
        let controls = self.rows.controls(row);
        if items.len() <= 1 {
            return controls;
        }
        let several = controls.into_iter().filter(|(command, on)| command.takes_several() && *on != Control::Absent);
        several
            .map(|(command, _)| {
                let on = self.why_not(command).map_or(Control::Enabled, |why| Control::Disabled(why.to_owned()));
                (command, on)
            })
            .collect()
    }

    /// Whether everything in a row can be downloaded.
    pub fn download(self, row: &RowView) -> Control {
        self.rows.download(row)
    }

    /// Sets the row that a Shift-click extends from.
    fn set_anchor(self, at: usize) {
        self.anchor.set_value(self.rows.at(at).map(|row| row.id.to_string()));
    }

    /// The position of the anchor; `instead` if there is none, or it is not loaded.
    fn anchored(self, instead: usize) -> usize {
        self.anchor.with_value(|anchor| anchor.as_ref().and_then(|id| self.rows.place_of(id))).unwrap_or(instead)
    }
}

/// Moves the focus without scrolling.
fn focus_quietly(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    drop(element.focus_with_options(&options));
}

/// The position of a row in the whole list.
fn row_index(row: &Element) -> usize {
    // `aria-rowindex` starts at 1, which is the heading.
    number(row, "aria-rowindex").saturating_sub(2)
}

fn number(row: &Element, attribute: &str) -> usize {
    row.get_attribute(attribute).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Clicks the first link or button that matches.
fn follow(inside: &Element, selector: &str) {
    if let Ok(Some(found)) = inside.query_selector(selector)
        && let Ok(found) = found.dyn_into::<HtmlElement>()
    {
        found.click();
    }
}

/// The controls in a row, from left to right.
fn controls(row: &Element) -> Vec<HtmlElement> {
    all(row, "input.check, .name a, .act > button")
}
