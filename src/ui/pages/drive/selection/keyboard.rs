//! Keys in the list: moving between rows, selecting, and commands.

use leptos::{ev::KeyboardEvent, prelude::*};
use web_sys::{Element, HtmlElement};

use super::{Selection, controls, follow, row_index};
use crate::{
    domain::command::Command,
    ui::components::dom::{element_of, within},
    view::Control,
};

/// How many rows Page Up and Page Down move.
const ROWS_PER_PAGE_KEY: usize = 10;

impl Selection {
    /// Handles a key. Single letters work only while the grid has the focus (WCAG 2.1.4).
    pub fn key(self, event: &KeyboardEvent) {
        let Some(target) = element_of(event.target()) else { return };
        let last = self.rows.total.get_untracked().saturating_sub(1);
        let Some(row) = within(&target, "tbody tr[data-id]") else {
            // The focused row was scrolled out of the page: keys continue from its position.
            if self.table().is_some_and(|table| table.is_same_node(Some(&target))) {
                return self.key_without_row(event, last);
            }
            // From the headings, arrow keys lead into the rows.
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
        let at = row_index(&row);
        let on_row = row.is_same_node(Some(&target));
        let command = event.ctrl_key() || event.meta_key();
        match event.key().as_str() {
            "a" | "A" if command => self.everything(),
            "Escape" => {
                // An open menu handles the key.
                let menu_open = document().query_selector(":popover-open").is_ok_and(|menu| menu.is_some());
                if menu_open || self.sums.get_untracked().count == 0 {
                    return;
                }
                self.clear();
            }
            // The last breadcrumb but one is the folder above.
            "ArrowUp" if event.alt_key() => follow(
                &document().body().map_or_else(|| row.clone().into(), Element::from),
                ".crumbs li:nth-last-child(2) a",
            ),
            "ArrowRight" | "ArrowLeft" => sideways(&row, &target, event.key() == "ArrowRight"),
            " " if on_row => {
                let was = row.get_attribute("data-id").is_some_and(|id| self.has(&id));
                self.pick_at(at, !was);
                self.set_anchor(at);
            }
            "Enter" if on_row => follow(&row, ".name a"),
            "F2" => self.ask(&row, Command::Rename),
            "Delete" if on_row => self.ask(&row, Command::Trash),
            "m" | "M" if on_row && self.session.letter_keys() && !command && !event.alt_key() => {
                self.ask(&row, Command::Move);
            }
            "x" | "X" if on_row && command => self.ask(&row, Command::Move),
            // From a control inside the row only arrows move on. At either end they are left to the browser, which
            // scrolls.
            pressed => {
                let is_arrow = pressed.starts_with("Arrow");
                let to = row_by_key(pressed, at, last).filter(|to| if is_arrow { *to != at } else { on_row });
                let Some(to) = to else { return };
                self.step(at, to, event);
            }
        }
        event.prevent_default();
        self.add_up();
    }

    /// Handles a key while the focused row is not on the page.
    pub(super) fn key_without_row(self, event: &KeyboardEvent, last: usize) {
        let at = self.active.get_value().min(last);
        match event.key().as_str() {
            "a" | "A" if event.ctrl_key() || event.meta_key() => self.everything(),
            "Escape" if self.sums.get_untracked().count > 0 => self.clear(),
            pressed => match row_by_key(pressed, at, last) {
                Some(to) => self.step(at, to, event),
                None => return,
            },
        }
        event.prevent_default();
        self.add_up();
    }

    /// Runs a command by its key, for the selection or else for the row.
    pub(super) fn ask(self, row: &HtmlElement, command: Command) {
        let several = self.sums.get_untracked().count > 0 && command.takes_several();
        if several && let Some(form) = self.form.get_untracked() {
            follow(&form, &format!(".selection button[value={}]:not([disabled])", command.as_str()));
            return;
        }
        let at = row_index(row);
        let Some(view) = self.rows.at(at) else { return };
        let usable = self.rows.controls(&view).iter().any(|(other, on)| *other == command && *on == Control::Enabled);
        if usable {
            let items = vec![view.id.to_string()];
            self.asked.set(Some((command, items)));
        }
    }

    /// Moves the focus to another row; with Shift, selects the range.
    pub(super) fn step(self, from: usize, to: usize, event: &KeyboardEvent) {
        if event.shift_key() {
            if self.sums.get_untracked().count == 0 {
                self.set_anchor(from);
            }
            self.range(self.anchored(from), to, false);
        }
        self.focus(to);
    }
}

/// Left and right move between the row and the controls in it.
fn sideways(row: &HtmlElement, from: &Element, forwards: bool) {
    let mut stops = vec![row.clone()];
    stops.extend(controls(row));
    let here = stops.iter().position(|stop| stop.is_same_node(Some(from))).unwrap_or(0);
    let to = if forwards { here + 1 } else { here.saturating_sub(1) };
    if let Some(stop) = stops.get(to) {
        drop(stop.focus());
    }
}

/// The row that a key leads to from the row `at`; `None` for keys that lead nowhere.
fn row_by_key(key: &str, at: usize, last: usize) -> Option<usize> {
    match key {
        "ArrowDown" => Some((at + 1).min(last)),
        "ArrowUp" => Some(at.saturating_sub(1)),
        "PageDown" => Some((at + ROWS_PER_PAGE_KEY).min(last)),
        "PageUp" => Some(at.saturating_sub(ROWS_PER_PAGE_KEY)),
        "Home" => Some(0),
        "End" => Some(last),
        _ => None,
    }
}
