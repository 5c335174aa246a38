//! Selecting rows that are not loaded yet: they are loaded first.

use leptos::{prelude::*, task::spawn_local};

use super::Selection;
use crate::domain::resource::MAX_ITEMS;

impl Selection {
    /// Loads the list until these items are found, and selects them.
    pub(super) fn find(self, items: Vec<String>) {
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

    pub(super) fn stop_gathering(self) {
        self.turn.update_value(|turn| *turn += 1);
        if self.gathering.get_untracked().is_some() {
            self.gathering.set(None);
        }
    }

    /// How many items **Select all** would select, at most [`MAX_ITEMS`]. `None` unless everything loaded is selected
    /// and there is more.
    pub fn could_select(self) -> Option<usize> {
        let count = usize::try_from(self.sums.get().count).unwrap_or(usize::MAX);
        let total = self.rows.total.get();
        let loaded = self.rows.loaded();
        (self.rows.can_load_more() && count > 1 && count >= loaded && count < total.min(MAX_ITEMS))
            .then(|| total.min(MAX_ITEMS))
    }

    /// While **Select all** loads the rest of the list: how many rows are loaded.
    pub fn gathered(self) -> Option<usize> {
        self.gathering.get()
    }

    /// Selects everything in the folder, loading what is missing.
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

    /// Selects what is loaded; once that is selected, everything (ux.md, "Selection").
    pub(super) fn everything(self) {
        if untrack(|| self.could_select()).is_some() {
            self.gather();
        } else {
            self.range(0, self.rows.total.get_untracked(), true);
        }
    }
}
