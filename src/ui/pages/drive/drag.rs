//! Dragging items onto a folder, a breadcrumb or the tree (DRIVE-3). **Move to** does the same by keyboard and by
//! touch.
//!
//! # Invariants
//! - One set of handlers serves the whole page: a drop target is any element with `data-drop`, a container's id.
//! - The dragged items are kept here and not in the drag event: a folder may open under the pointer, and the row that
//!   the drag began on is then no longer on the page.

use leptos::{ev::DragEvent, html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use web_sys::{Element, HtmlElement};

use super::{route::Listing, selection::Selection, virtual_rows::VirtualRows};
use crate::{
    domain::{command::Command, resource::Kind},
    rpc::transfer::MoveHere,
    ui::{
        components::{
            dom::{all, element_of, within},
            toast::Toaster,
        },
        form_action::FormAction,
        session::Session,
        words,
    },
    view::{Control, RowView},
};

/// How long the pointer rests on a folder before it opens, in milliseconds.
const OPEN_DELAY_MS: u64 = 700;

/// The drag that is going on, if any.
#[derive(Clone, Copy)]
pub struct Drag {
    items: RwSignal<Vec<RowView>>,
    /// The drop target under the pointer, and why it refuses the items, if it does.
    over: RwSignal<Option<(String, Option<String>)>>,
    /// The text beside the pointer, which screen readers announce as well.
    said: RwSignal<String>,
    waiting: StoredValue<Option<TimeoutHandle>>,
    ghost: NodeRef<html::Div>,
    action: FormAction<MoveHere>,
}

impl Drag {
    /// No drag.
    pub fn nothing() -> Self {
        Self {
            items: RwSignal::new(Vec::new()),
            over: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            waiting: StoredValue::new(None),
            ghost: NodeRef::new(),
            action: FormAction::new(),
        }
    }

    /// Starts to drag a row, or the whole selection if the row is part of it.
    pub fn start(self, event: &DragEvent, selection: Selection, rows: VirtualRows) {
        let Some(row) = element_of(event.target()).and_then(|target| within(&target, "tr[data-id]")) else { return };
        // A long press selects; it does not drag.
        if selection.is_pressed() {
            event.prevent_default();
            return;
        }
        let id = row.get_attribute("data-id").unwrap_or_default();
        let Some(own) = rows.place_of(&id).and_then(|target| rows.at(target)) else { return };
        let items = if selection.has(&id) { selection.picked() } else { vec![own] };
        let movable = |row: &RowView| {
            rows.controls(row).iter().any(|(command, on)| *command == Command::Move && *on == Control::Enabled)
        };
        if !items.iter().all(movable) {
            event.prevent_default();
            return;
        }
        let what = named(&items);
        if let Some(data) = event.data_transfer() {
            data.set_effect_allowed("move");
            drop(data.set_data("text/plain", &what));
            if let Some(ghost) = self.ghost.get_untracked() {
                ghost.set_text_content(Some(&what));
                data.set_drag_image(&ghost, -12, -12);
            }
        }
        self.said.set(format!("Picked up {what}."));
        if let Some(body) = document().body() {
            // Live updates wait while it is there (`live::is_busy`).
            drop(body.set_attribute("data-dragging", ""));
        }
        self.items.set(items);
    }

    /// The pointer is over something: shows whether the items can be dropped there.
    pub fn over(self, event: &DragEvent, go: impl Fn(String) + 'static) {
        if self.items.with_untracked(Vec::is_empty) {
            return;
        }
        let target = element_of(event.target()).and_then(|target| within(&target, "[data-drop]"));
        let Some(target) = target else {
            self.leave();
            return;
        };
        let id = target.get_attribute("data-drop").unwrap_or_default();
        let refusal = self.refusal(&target, &id);
        if refusal.is_none() {
            // Only a cancelled event allows a drop here.
            event.prevent_default();
            if let Some(data) = event.data_transfer() {
                data.set_drop_effect("move");
            }
        }
        // `dragover` repeats while the pointer rests; only another target starts the timer anew.
        if self.over.with_untracked(|over| over.as_ref().is_some_and(|(before, _)| *before == id)) {
            return;
        }
        self.leave();
        let name = target.get_attribute("data-name").unwrap_or_default();
        self.said.set(match &refusal {
            None => format!("Over “{name}”."),
            Some(why) => why.clone(),
        });
        mark(&target, Some(refusal.is_none()));
        self.over.set(Some((id.clone(), refusal)));
        // A container opens after a moment; a dataset has nothing to open.
        if target.get_attribute("data-kind").as_deref() != Some(Kind::Dataset.as_str()) {
            let timer = set_timeout_with_handle(
                move || {
                    let is_over = self.over.try_with_untracked(|over| over.as_ref().is_some_and(|(now, _)| *now == id));
                    if is_over == Some(true) {
                        go(id.clone());
                    }
                },
                std::time::Duration::from_millis(OPEN_DELAY_MS),
            );
            self.waiting.set_value(timer.ok());
        }
    }

    /// The pointer left the drop target.
    fn leave(self) {
        if let Some(timer) = self.waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
        if self.over.with_untracked(Option::is_some) {
            self.over.set(None);
        }
        if let Some(body) = document().body() {
            for marked in all(&body, "[data-dropping]") {
                mark(&marked, None);
            }
        }
    }

    /// Why the items cannot go there. The server decides again on the drop.
    fn refusal(self, target: &Element, id: &str) -> Option<String> {
        let kind = target.get_attribute("data-kind").and_then(|word| Kind::parse(&word).ok())?;
        self.items.with_untracked(|items| {
            if items.iter().any(|item| item.id.to_string() == id) {
                return Some("An item cannot move into itself.".to_owned());
            }
            let misfit = items.iter().find(|item| !kind.may_hold(item.kind))?;
            Some(match kind {
                Kind::Dataset => "A dataset holds files, not other items.".to_owned(),
                _ => format!(
                    "{} can hold only datasets: “{}” cannot go there.",
                    crate::domain::resource::a(kind),
                    misfit.name
                ),
            })
        })
    }

    /// Moves the items to where they are dropped.
    pub fn drop(self, event: &DragEvent, listing: &Listing) {
        let items: Vec<String> =
            self.items.with_untracked(|items| items.iter().map(|item| item.id.to_string()).collect());
        let target = element_of(event.target()).and_then(|target| within(&target, "[data-drop]"));
        if let Some(target) = target.filter(|_| !items.is_empty()) {
            event.prevent_default();
            let destination = target.get_attribute("data-drop").unwrap_or_default();
            if self.refusal(&target, &destination).is_none() {
                self.action.dispatch(MoveHere { items: items.join(","), destination, back: listing.address() });
            }
        }
        // `dragend` does not reach the page if the row is gone, for example because a folder opened under the pointer.
        self.end();
    }

    /// The drag is over.
    pub fn end(self) {
        self.leave();
        if let Some(body) = document().body() {
            drop(body.remove_attribute("data-dragging"));
        }
        self.items.set(Vec::new());
    }
}

/// “A”, or "3 items".
fn named(items: &[RowView]) -> String {
    match items {
        [one] => format!("“{}”", one.name),
        several => words::totalled(several.len() as u64, "item", "items"),
    }
}

fn mark(target: &HtmlElement, fits: Option<bool>) {
    match fits {
        Some(true) => drop(target.set_attribute("data-dropping", "yes")),
        Some(false) => drop(target.set_attribute("data-dropping", "no")),
        None => drop(target.remove_attribute("data-dropping")),
    }
}

/// The label beside the pointer, the live region, and the answer to a drop.
#[component]
pub fn DragLayer(drag: Drag, listing: Memo<Listing>) -> impl IntoView {
    let session = Session::get();
    let toaster = Toaster::get();
    let navigate = use_navigate();
    Effect::new(move |_| {
        let answer = drag.action.value().get();
        untrack(|| match answer {
            Some(Ok(done)) => {
                // A dialog to confirm, or blockers, are shown; otherwise the page stays.
                if done.to.contains("dialog=") {
                    navigate(&done.to, NavigateOptions { scroll: false, ..NavigateOptions::default() });
                } else {
                    drag.said.set(done.toast.clone());
                    toaster.show_with_undo(&done.toast, done.undo.clone());
                    session.refresh();
                }
            }
            Some(Err(failure)) => {
                drag.said.set(failure.to_string());
                toaster.show(&failure.to_string());
                session.refresh();
            }
            None => {}
        });
    });
    // Another list is shown: the drop target under the pointer is gone.
    Effect::new(move |before: Option<()>| {
        listing.track();
        if before.is_some() {
            untrack(|| drag.leave());
        }
    });
    let why_not = move || drag.over.get().and_then(|(_, refusal)| refusal);
    view! {
        <div class="drag-ghost" node_ref=drag.ghost aria-hidden="true"></div>
        <div class="drag-note" class:shown=move || why_not().is_some() aria-hidden="true">{why_not}</div>
        <p class="visually-hidden" aria-live="assertive">{move || drag.said.get()}</p>
    }
}
