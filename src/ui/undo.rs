//! **Undo** (DRIVE-4): a form inside the message about a change, so that it works without WebAssembly.

use leptos::prelude::*;

use super::{
    components::{
        button::Tone,
        field::Hidden,
        form::{Form, Submit},
    },
    form_action::FormAction,
    location::current_address,
};
use crate::rpc::trash::UndoChange;

/// The button. It leads back to the current page.
#[component]
pub fn Undo(token: String) -> impl IntoView {
    let action = FormAction::<UndoChange>::new();
    let address = current_address();
    view! {
        <Form action flash=None class="undo">
            <Hidden name="token" value=token/>
            <input type="hidden" name="back" value=move || address.get()/>
            <Submit label="Undo" tone=Tone::Quiet/>
        </Form>
    }
}
