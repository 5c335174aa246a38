//! A read-only field with a **Copy** button, which needs a script.

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;

use super::{icon::Icon, markup::escaped};

/// The field and the button.
#[component]
pub fn CopyField(
    value: String,
    /// The accessible name of the field.
    #[prop(into)]
    label: String,
    action: &'static str,
    /// The accessible name of the button, where its words are not enough.
    #[prop(optional, into)]
    action_label: Option<String>,
) -> impl IntoView {
    // Not `Session::hydrated`: content inside `Suspense` hydrates after the page did, and must first render as the
    // server sent it.
    let ready = RwSignal::new(false);
    Effect::new(move |_| ready.set(true));
    let field = NodeRef::<html::Input>::new();
    let said = RwSignal::new("");
    let copy = move |_| {
        let Some(field) = field.get_untracked() else { return };
        field.select();
        // The clipboard API exists only in secure contexts; elsewhere people copy the selected text themselves.
        if !window().is_secure_context() {
            said.set("Press Ctrl+C to copy it.");
            return;
        }
        let copied = JsFuture::from(window().navigator().clipboard().write_text(&field.value()));
        spawn_local(async move {
            said.set(if copied.await.is_ok() { "Copied" } else { "Press Ctrl+C to copy it." });
        });
    };
    view! {
        <div class="copy">
            <input node_ref=field class="input" type="text" readonly=true value=value aria-label=label/>
            {move || ready.get().then(|| view! {
                <button type="button" class="button" aria-label=action_label.clone() on:click=copy><Icon name="copy"/>{action}</button>
            })}
            <span class="small said" aria-live="polite" inner_html=move || escaped(said.get())></span>
        </div>
    }
}
