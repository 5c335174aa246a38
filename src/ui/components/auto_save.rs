//! Forms that are saved as they are changed.
//!
//! # Invariants
//! - A change made while a save is under way is sent after it, with everything else that the form holds by then.
//! - While a save is under way or due, the fields are not built from values that the page loads again, but from those of
//!   before.
//!
//! Known gap (SET-1): if the form is built anew at that moment, it shows the values of before until the last answer comes.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

/// Saves one form. Made outside `Suspend`: the form is built anew whenever its values are loaded again, and what is
/// still to be saved must outlive that.
pub struct AutoSave<T: Send + Sync + 'static> {
    pending: Memo<bool>,
    /// Whether something changed since the save that is under way was sent.
    changed_since: StoredValue<bool>,
    /// The values that the fields were last built from.
    shown: StoredValue<Option<T>>,
    around: NodeRef<html::Div>,
}

impl<T: Send + Sync + 'static> Clone for AutoSave<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for AutoSave<T> {}

impl<T: Clone + Send + Sync + 'static> AutoSave<T> {
    /// `pending` tells whether a save is under way.
    pub fn new(pending: Memo<bool>) -> Self {
        let auto_save = Self {
            pending,
            changed_since: StoredValue::new(false),
            shown: StoredValue::new(None),
            around: NodeRef::new(),
        };
        Effect::new(move |_| {
            if !pending.get() && auto_save.changed_since.get_value() {
                auto_save.changed_since.set_value(false);
                auto_save.submit();
            }
        });
        auto_save
    }

    /// The values to build the fields from: the loaded ones, or, until everything is saved, the same as before. The
    /// same values mostly leave the fields alone, with what was typed or chosen in them.
    pub fn values(self, loaded: T) -> T {
        let unsaved = self.pending.get_untracked() || self.changed_since.get_value();
        match self.shown.get_value().filter(|_| unsaved) {
            Some(shown) => shown,
            None => {
                self.shown.set_value(Some(loaded.clone()));
                loaded
            }
        }
    }

    fn changed(self) {
        if self.pending.get_untracked() {
            self.changed_since.set_value(true);
        } else {
            self.submit();
        }
    }

    fn submit(self) {
        let form = self.around.get_untracked().and_then(|around| around.query_selector("form").ok().flatten());
        if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
            drop(form.request_submit());
        }
    }
}

/// Around a form that is saved as it is changed.
#[component]
pub fn AutoSaved<T>(
    /// What saves it.
    auto_save: AutoSave<T>,
    children: Children,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
{
    view! { <div node_ref=auto_save.around on:change=move |_| auto_save.changed()>{children()}</div> }
}
