//! Selecting in the list as in a file manager (DRIVE-3): click, Shift, Ctrl, arrows, Ctrl+A; and the keys that rename,
//! move and open.
//!
//! # Invariants
//! - Before WebAssembly arrives, checkboxes are all there is: they are what the form sends. From then on what is picked is
//!   kept by id, because a long list has most of its rows not on the page, and the checkboxes show it.
//! - Handlers are on the form, not on the rows: a hundred rows cost as much to bring to life as one.

use std::{collections::BTreeMap, time::Duration};

use leptos::{
    ev::{Event, FocusEvent, KeyboardEvent, MouseEvent},
    html,
    prelude::*,
    task::spawn_local,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement, HtmlInputElement, PointerEvent};

use super::virtual_rows::{VirtualRows, element_of};
use crate::{
    domain::{command::Command, resource::MAX_ITEMS},
    ui::{
        components::{
            focus::{nowhere, to_heading},
            selection::{all, check, checkbox, controls, set, sideways, within},
        },
        session::Session,
    },
    view::{Control, RowView},
};

/// What is selected, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many items.
    pub count: u64,
    /// Images of the datasets among them.
    pub images: i64,
    /// Their size.
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
    /// The upper edge of what it opens from, in pixels from the top of the window.
    pub above: f64,
    /// Its lower edge.
    pub below: f64,
}

/// The selection of one list.
#[derive(Clone, Copy)]
pub struct Selection {
    /// The form the list is in.
    pub form: NodeRef<html::Form>,
    rows: VirtualRows,
    picked: StoredValue<BTreeMap<String, RowView>>,
    /// What is to be picked and was not loaded with the page.
    further: StoredValue<Vec<String>>,
    /// What is selected, added up.
    pub sums: RwSignal<Sums>,
    /// What cannot be done with what is selected.
    cannot: RwSignal<Vec<Command>>,
    /// A command that a key asked for, and its items.
    pub asked: RwSignal<Option<(Command, Vec<String>)>>,
    /// The menu that is open.
    pub menu: RwSignal<Option<RowMenu>>,
    /// The row that a Shift-click extends from, by its id: in another order it is elsewhere.
    anchor: StoredValue<Option<String>>,
    /// The row that Tab comes back to.
    active: StoredValue<usize>,
    /// Whether that row is to have the focus as soon as it is on the page: the list was drawn anew, or it is on its way.
    wants_focus: StoredValue<bool>,
    /// Whether the focus is in the list, also while the row that has it is not on the page.
    inside: StoredValue<bool>,
    /// How many rows are loaded while everything is being selected.
    gathering: RwSignal<Option<usize>>,
    /// Counts up with each list and whenever the selection is let go of: what was begun before ends.
    turn: StoredValue<u64>,
    /// A finger that has not moved yet, and the row under it.
    finger: StoredValue<Option<TouchPress>>,
    /// The row and the place of a menu that opens once the mouse's button is let go of.
    held: StoredValue<Option<HeldMenu>>,
    session: Session,
}

/// A row, where its menu opens from the left, and its upper and lower edge.
type HeldMenu = (usize, f64, (f64, f64));

/// A finger on a row.
#[derive(Clone, Copy)]
struct TouchPress {
    x: i32,
    y: i32,
    waiting: TimeoutHandle,
    /// Whether it has been there long enough to select: then what follows is no tap.
    long: bool,
}

/// How long a finger stays on a row to select it.
const LONG_PRESS: Duration = Duration::from_millis(500);
/// How far it may move meanwhile, in pixels.
const STEADY: i32 = 12;

impl Selection {
    /// The selection of a list.
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

    /// Begins with these items of the list, and no others: another list is shown now.
    pub fn begin(self, items: &[String]) {
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

    /// Picks items that are further down in the list than what is loaded, as far as they are found there.
    fn find(self, items: Vec<String>) {
        let turn = self.turn.get_value();
        let goes_on = move || self.turn.try_get_value() == Some(turn);
        let most = self.rows.total.get_untracked().min(MAX_ITEMS);
        spawn_local(async move {
            let missing = |items: &[String]| items.iter().any(|item| self.rows.place_of(item).is_none());
            let searched = items.clone();
            Box::pin(self.rows.load(most, move |_| goes_on() && missing(&searched))).await;
            if goes_on() {
                for row in items.iter().filter_map(|item| self.rows.place_of(item)).filter_map(|at| self.rows.at(at)) {
                    self.pick(row, true);
                }
                self.add_up();
            }
        });
    }

    /// The same rows in another order: what is picked stays, and so does the row that a Shift-click extends from.
    pub fn reorder(self) {
        self.menu.set(None);
        self.active.set_value(0);
        self.wants_focus.set_value(false);
        self.stop_gathering();
        self.add_up();
    }

    /// The same list was loaded again: what is picked is kept as it is now.
    pub fn renew(self) {
        self.menu.set(None);
        let ids: Vec<String> = self.picked.with_value(|picked| picked.keys().cloned().collect());
        let all_known = self.rows.all_known();
        for id in ids {
            match self.rows.place_of(&id).and_then(|row_index| self.rows.at(row_index)) {
                Some(row) => self.pick(row, true),
                // It is not here any more. Of a long list, it may only not be known at the moment.
                None if all_known => self.picked.update_value(|picked| {
                    picked.remove(&id);
                }),
                None => {}
            }
        }
        // On the server, which may run this as well, there is no list yet and no document.
        let had = self.form.get_untracked().is_some_and(|form| {
            document().active_element().is_some_and(|active| {
                form.contains(Some(&active)) || (self.inside.get_value() && active.tag_name() == "BODY")
            })
        });
        // Where rows went, what was behind them has moved up: the next row is at their place, the last one at the end.
        let last = self.rows.total.get_untracked().saturating_sub(1);
        self.active.update_value(|active| *active = (*active).min(last));
        self.add_up();
        // Only now: the rows that are on the page until they are drawn anew do not take it.
        self.wants_focus.set_value(had);
    }

    /// There is no row left: the focus that was in the list goes to the heading of the page.
    pub fn emptied(self) {
        let had = self.wants_focus.get_value() || self.inside.get_value();
        if had && nowhere() {
            self.wants_focus.set_value(false);
            // The page may be drawn once more, as others hear of the change too: then the new heading takes it.
            self.inside.set_value(true);
            to_heading();
        }
    }

    fn stop_gathering(self) {
        self.turn.update_value(|turn| *turn += 1);
        if self.gathering.get_untracked().is_some() {
            self.gathering.set(None);
        }
    }

    /// How many items there are in all, where all that is loaded is selected and there are more; at most as many as one
    /// command takes.
    pub fn could_select(self) -> Option<usize> {
        let count = usize::try_from(self.sums.get().count).unwrap_or(usize::MAX);
        let total = self.rows.total.get();
        let loaded = self.rows.loaded();
        (self.rows.can_be_had() && count > 1 && count >= loaded && count < total.min(MAX_ITEMS))
            .then(|| total.min(MAX_ITEMS))
    }

    /// How many rows are there by now, while everything is being selected.
    pub fn gathered(self) -> Option<usize> {
        self.gathering.get()
    }

    /// Selects everything in the folder: what is not loaded yet is.
    pub fn gather(self) {
        let most = self.rows.total.get_untracked().min(MAX_ITEMS);
        self.stop_gathering();
        let turn = self.turn.get_value();
        let goes_on = move || self.turn.try_get_value() == Some(turn);
        self.gathering.set(Some(0));
        spawn_local(async move {
            let said = move |loaded| {
                if goes_on() {
                    self.gathering.set(Some(loaded));
                }
                goes_on()
            };
            let whole = Box::pin(self.rows.load(most, said)).await;
            if goes_on() {
                self.gathering.set(None);
                if whole {
                    self.range(0, most.saturating_sub(1), true);
                    self.add_up();
                }
            }
        });
    }

    /// Why a command is not for what is selected; `None`: it is. Of one item, its menu says more.
    pub fn why_not(self, command: Command) -> Option<&'static str> {
        let off = self.cannot.with(|cannot| cannot.contains(&command));
        off.then_some("This is not possible for all selected items. Open the menu of an item to see why.")
    }

    /// The rows on the page.
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

    /// Brings the list to life: what was checked before is picked, one row takes the focus, the controls in rows are
    /// reached by arrow keys.
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

    /// Adds up what is picked, and what can be done with all of it.
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
        if self.cannot.with_untracked(|before| *before != cannot) {
            self.cannot.set(cannot);
        }
        if self.sums.get_untracked() != sums {
            self.sums.set(sums);
        }
        self.show();
    }

    /// The table around the rows: it has the focus while the row that had it is not on the page.
    fn table(self) -> Option<HtmlElement> {
        self.form.get_untracked()?.query_selector("table").ok()??.dyn_into().ok()
    }

    /// Whether the focus belongs to the list and no row has it: the one that had it left the page.
    fn is_adrift(self) -> bool {
        let Some(table) = self.table() else { return false };
        let nowhere = document().active_element().is_none_or(|active| {
            active.is_same_node(Some(&table)) || document().body().is_some_and(|body| active.is_same_node(Some(&body)))
        });
        self.inside.get_value() && nowhere
    }

    /// Something in the list got the focus: Tab comes back to its row.
    pub fn focus_in(self, event: &FocusEvent) {
        self.inside.set_value(true);
        let row = element_of(event.target()).and_then(|target| within(&target, "tbody tr[data-id]"));
        if let Some(row) = row.filter(|_| !self.wants_focus.get_value()) {
            self.active.set_value(row_index(&row));
        }
    }

    /// Something in the list lost the focus to something else.
    pub fn focus_out(self, event: &FocusEvent) {
        let to = element_of(event.related_target());
        if to.is_some_and(|to| self.form.get_untracked().is_none_or(|form| !form.contains(Some(&to)))) {
            self.inside.set_value(false);
        }
    }

    /// Somebody pointed elsewhere.
    pub fn pointed(self, event: &PointerEvent) {
        let at = element_of(event.target());
        if at.is_none_or(|at| self.form.get_untracked().is_none_or(|form| !form.contains(Some(&at)))) {
            self.inside.set_value(false);
        }
    }

    /// Has the rows on the page show what is picked, and which of them Tab comes back to.
    pub fn show(self) {
        let elements = self.elements();
        let active = self.active.get_value();
        let reachable = elements.iter().any(|row| row_index(row) == active);
        let adrift = self.is_adrift();
        if !reachable && self.wants_focus.get_value() && active < self.rows.total.get_untracked() {
            self.rows.bring(active);
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

    /// Selects the rows between two, and only them unless `add`.
    fn range(self, from: usize, to: usize, add: bool) {
        if !add {
            self.picked.set_value(BTreeMap::new());
        }
        for row in self.rows.between(from, to) {
            self.pick(row, true);
        }
    }

    /// Everything that has been loaded (ux.md, "Selection"); once that is selected, everything there is.
    fn everything(self) {
        if untrack(|| self.could_select()).is_some() {
            self.gather();
        } else {
            self.range(0, self.rows.total.get_untracked(), true);
        }
    }

    /// Makes a row the one that Tab comes back to, brings it into view and gives it the focus.
    fn focus(self, to: usize) {
        self.active.set_value(to);
        self.wants_focus.set_value(true);
        self.rows.reveal(to, move || self.show());
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
        // With a finger, the name is as good a place to select at as any other.
        if link.is_some() && by_touch && (long || picking) {
            event.prevent_default();
        } else if within(&target, "a[href], button, label, input").is_some() && !on_checkbox {
            return;
        }
        if self.finger.try_update_value(Option::take).flatten().is_some_and(|finger| finger.long) {
            return event.prevent_default();
        }
        let touch = event.dyn_ref::<PointerEvent>().is_some_and(|pointer| pointer.pointer_type() == "touch");
        // A tap opens, as everywhere on a phone; once something is selected, it selects.
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
                self.picked.set_value(BTreeMap::new());
            }
            self.pick_at(at, !(on_checkbox || toggles) || !was);
        }
        if !on_checkbox {
            self.focus(at);
        }
        self.add_up();
    }

    /// What can be done with items of this menu: with one what its row allows, with several what all of them allow.
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

    /// Opens the menu of a row.
    fn open_menu(self, at: usize, from: &Element, x: f64, (above, below): (f64, f64)) {
        let Some(row) = self.rows.at(at) else { return };
        let id = row.id.to_string();
        // Where the focus goes back to when the menu or its dialog is closed.
        for other in self.form.get_untracked().map_or_else(Vec::new, |form| all(&form, "[popovertarget=row-menu]")) {
            drop(other.remove_attribute("popovertarget"));
        }
        set(from, "popovertarget", "row-menu");
        let items = if self.has(&id) { self.selected() } else { vec![id] };
        self.active.set_value(at);
        self.menu.set(Some(RowMenu { row, items, x, above, below }));
    }

    /// A pointer goes down: a finger that stays selects the row under it.
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

    /// It moves: then it scrolls.
    pub fn press_moves(self, event: &PointerEvent) {
        let moved = self.finger.with_value(|finger| {
            finger.is_some_and(|finger| {
                (finger.x - event.client_x()).abs() > STEADY || (finger.y - event.client_y()).abs() > STEADY
            })
        });
        if moved {
            self.lift();
        }
    }

    /// It goes up, or is taken away.
    pub fn press_ends(self) {
        if self.finger.with_value(|finger| finger.is_some_and(|finger| !finger.long)) {
            self.lift();
        }
    }

    fn lift(self) {
        if let Some(finger) = self.finger.try_update_value(Option::take).flatten() {
            finger.waiting.clear();
        }
    }

    /// Whether a finger is on a row: then nothing is dragged.
    pub fn is_pressed(self) -> bool {
        self.finger.with_value(Option::is_some)
    }

    /// The finger was there long enough.
    fn select_by_finger(self, at: usize) {
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

    /// The context menu of a row, by the pointer or by the key for it. A finger that stays selects instead.
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
        // Letting go of the button beside a popover closes it: where it is still down, the menu waits for that.
        if event.button() == 2 && event.buttons() != 0 {
            self.held.set_value(Some((at, x, edges)));
        } else {
            self.open_context_menu(at, x, edges);
        }
    }

    /// A button of the mouse was let go of.
    pub fn let_go(self) {
        if let Some((at, x, edges)) = self.held.try_update_value(Option::take).flatten() {
            set_timeout(move || self.open_context_menu(at, x, edges), Duration::ZERO);
        }
    }

    fn open_context_menu(self, at: usize, x: f64, edges: (f64, f64)) {
        let rows = self.form.get_untracked().map_or_else(Vec::new, |form| all(&form, "tbody tr[data-id]"));
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

    /// The checkbox over the list changed: it stands for all that are loaded.
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

    /// A key. Single letters only while the grid has the focus (WCAG 2.1.4).
    pub fn key(self, event: &KeyboardEvent) {
        let Some(target) = element_of(event.target()) else { return };
        let last = self.rows.total.get_untracked().saturating_sub(1);
        let Some(row) = within(&target, "tbody tr[data-id]") else {
            // The row is not on the page: the keys go on from where it is.
            if self.table().is_some_and(|table| table.is_same_node(Some(&target))) {
                return self.key_without_row(event, last);
            }
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
        let at = row_index(&row);
        let on_row = row.is_same_node(Some(&target));
        let command = event.ctrl_key() || event.meta_key();
        match event.key().as_str() {
            "a" | "A" if command => self.everything(),
            "Escape" => {
                // With a menu open, the key is for the menu.
                let menu_open = document().query_selector(":popover-open").is_ok_and(|menu| menu.is_some());
                if menu_open || self.sums.get_untracked().count == 0 {
                    return;
                }
                self.clear();
            }
            "ArrowUp" if event.alt_key() => follow(
                &document().body().map_or_else(|| row.clone().into(), Element::from),
                ".crumbs li:nth-last-child(2) a",
            ),
            "ArrowDown" if at < last => self.step(at, at + 1, event),
            "ArrowUp" if at > 0 => self.step(at, at - 1, event),
            "PageDown" if on_row => self.step(at, (at + 10).min(last), event),
            "PageUp" if on_row => self.step(at, at.saturating_sub(10), event),
            "Home" if on_row => self.step(at, 0, event),
            "End" if on_row => self.step(at, last, event),
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
            _ => return,
        }
        event.prevent_default();
        self.add_up();
    }

    /// A key while the row that had the focus is not on the page.
    fn key_without_row(self, event: &KeyboardEvent, last: usize) {
        let at = self.active.get_value().min(last);
        match event.key().as_str() {
            "a" | "A" if event.ctrl_key() || event.meta_key() => self.everything(),
            "Escape" if self.sums.get_untracked().count > 0 => self.clear(),
            "ArrowDown" => self.step(at, (at + 1).min(last), event),
            "ArrowUp" => self.step(at, at.saturating_sub(1), event),
            "PageDown" => self.step(at, (at + 10).min(last), event),
            "PageUp" => self.step(at, at.saturating_sub(10), event),
            "Home" => self.step(at, 0, event),
            "End" => self.step(at, last, event),
            _ => return,
        }
        event.prevent_default();
        self.add_up();
    }

    /// A command by its key: for what is selected, or for the row.
    fn ask(self, row: &HtmlElement, command: Command) {
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

    /// The focus goes to another row; with Shift, what lies between is selected.
    fn step(self, from: usize, to: usize, event: &KeyboardEvent) {
        if event.shift_key() {
            if self.sums.get_untracked().count == 0 {
                self.set_anchor(from);
            }
            self.range(self.anchored(from), to, false);
        }
        self.focus(to);
    }

    /// Makes a row the one that a Shift-click extends from.
    fn set_anchor(self, at: usize) {
        self.anchor.set_value(self.rows.at(at).map(|row| row.id.to_string()));
    }

    /// Where that row is; `instead` where it is none, or is not known in this order.
    fn anchored(self, instead: usize) -> usize {
        self.anchor.with_value(|anchor| anchor.as_ref().and_then(|id| self.rows.place_of(id))).unwrap_or(instead)
    }
}

/// Gives the focus without scrolling.
fn focus_quietly(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    drop(element.focus_with_options(&options));
}

/// The place of a row in the whole list.
fn row_index(row: &Element) -> usize {
    // The heading is row 1.
    number(row, "aria-rowindex").saturating_sub(2)
}

fn number(row: &Element, attribute: &str) -> usize {
    row.get_attribute(attribute).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Clicks what is found there, be it link or button.
fn follow(inside: &Element, selector: &str) {
    if let Ok(Some(found)) = inside.query_selector(selector)
        && let Ok(found) = found.dyn_into::<HtmlElement>()
    {
        found.click();
    }
}
