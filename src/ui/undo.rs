//! **Undo** (DRIVE-4): a small form in the message that tells of a change, so that it works without WebAssembly too.

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

/// The button. It leads back to the page that it was pressed on.
#[component]
pub fn Undo(
    /// The token that came with the change.
    token: String,
) -> impl IntoView {
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
