//! Forms that are saved as they are changed.
//!
//! # Invariants
//! - A change made while a save is under way is sent after it, with everything else that the form holds by then.
//! - While a save is under way or due, values that the page loads again do not reach the fields: they are older than
//!   what the fields hold, and would put back what was chosen meanwhile. The form may be built anew all the same, so what
//!   its fields hold is taken along.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlFormElement, HtmlInputElement, HtmlSelectElement};

/// Saves one form. Made outside `Suspend`: the form is built anew whenever its values are loaded again, and what is
/// still to be saved must outlive that.
pub struct AutoSave<T: Send + Sync + 'static> {
    pending: Memo<bool>,
    /// Whether something changed since the save that is under way was sent.
    changed_since: StoredValue<bool>,
    /// The values that the fields were last built from.
    shown: StoredValue<Option<T>>,
    /// What the fields held when the form was built anew with changes that are not saved yet.
    held: StoredValue<Vec<Held>>,
    around: NodeRef<html::Div>,
}

/// What one field of a form holds.
#[derive(Clone)]
struct Held {
    name: String,
    value: String,
    checked: bool,
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
            held: StoredValue::new(Vec::new()),
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

    /// The values to build the fields from: the loaded ones, or, until everything is saved, the same as before; what was
    /// typed or chosen in the fields is put back once they are built.
    pub fn values(self, loaded: T) -> T {
        let unsaved = self.pending.get_untracked() || self.changed_since.get_value();
        match self.shown.get_value().filter(|_| unsaved) {
            Some(shown) => {
                if let Some(form) = self.form() {
                    self.held.set_value(fields(&form).into_iter().map(|field| field.held()).collect());
                }
                shown
            }
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

    fn form(self) -> Option<HtmlFormElement> {
        let around = self.around.get_untracked()?;
        around.query_selector("form").ok().flatten()?.dyn_into().ok()
    }

    fn submit(self) {
        if let Some(form) = self.form() {
            drop(form.request_submit());
        }
    }

    /// Puts back into a form that was built anew what its fields held before.
    fn restore(self) {
        let held = self.held.get_value();
        if held.is_empty() {
            return;
        }
        self.held.set_value(Vec::new());
        for field in self.form().map(|form| fields(&form)).unwrap_or_default() {
            if let Some(held) = held.iter().find(|held| held.name == field.name()) {
                field.hold(held);
            }
        }
    }
}

/// A field that people fill in.
enum FormField {
    Input(HtmlInputElement),
    Select(HtmlSelectElement),
}

impl FormField {
    fn name(&self) -> String {
        match self {
            Self::Input(input) => input.name(),
            Self::Select(select) => select.name(),
        }
    }

    fn held(&self) -> Held {
        let name = self.name();
        match self {
            Self::Input(input) => Held { name, value: input.value(), checked: input.checked() },
            Self::Select(select) => Held { name, value: select.value(), checked: false },
        }
    }

    fn hold(&self, held: &Held) {
        match self {
            Self::Input(input) if matches!(input.type_().as_str(), "checkbox" | "radio") => {
                input.set_checked(held.checked);
            }
            Self::Input(input) => input.set_value(&held.value),
            Self::Select(select) => select.set_value(&held.value),
        }
    }
}

/// The fields of a form, without what it sends along unseen.
fn fields(form: &HtmlFormElement) -> Vec<FormField> {
    let elements = form.elements();
    (0..elements.length())
        .filter_map(|at| elements.item(at))
        .filter_map(|element| match element.dyn_into::<HtmlInputElement>() {
            Ok(input) => (input.type_() != "hidden").then_some(FormField::Input(input)),
            Err(element) => element.dyn_into::<HtmlSelectElement>().ok().map(FormField::Select),
        })
        .collect()
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
    Effect::new(move |_| auto_save.restore());
    view! { <div node_ref=auto_save.around on:change=move |_| auto_save.changed()>{children()}</div> }
}
