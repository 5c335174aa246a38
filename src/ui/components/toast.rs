//! Short messages. They have `role=status`: screen readers announce them, and the focus stays where it is.

use leptos::prelude::*;

use super::icon::Icon;

/// Shows messages.
#[derive(Clone, Copy)]
pub struct Toaster {
    shown: RwSignal<Option<(u64, String, Option<String>)>>,
}

impl Toaster {
    /// Makes it, once, at the root.
    pub fn provide() {
        provide_context(Self { shown: RwSignal::new(None) });
    }

    pub fn get() -> Self {
        expect_context()
    }

    /// Shows a message in place of the previous one; an empty text shows none.
    pub fn show(self, message: &str) {
        self.show_with_undo(message, None);
    }

    /// Shows a message, with an **Undo** button if there is a token for it.
    pub fn show_with_undo(self, message: &str, undo: Option<String>) {
        if !message.is_empty() {
            self.shown.update(|shown| {
                let number = shown.as_ref().map_or(0, |(number, ..)| number + 1);
                *shown = Some((number, message.to_owned(), undo));
            });
        }
    }

    fn clear(self) {
        self.shown.set(None);
    }
}

/// The region where messages appear. It is on every page from the start: screen readers do not announce a live region
/// that is inserted together with its message.
#[component]
pub fn Toasts(
    /// Makes the **Undo** button for a token.
    undo: fn(String) -> AnyView,
    /// A message that came with the page.
    children: Children,
) -> impl IntoView {
    let toaster = Toaster::get();
    view! {
        <div class="toasts" role="status">
            {children()}
            <For each=move || toaster.shown.get() key=|(number, ..)| *number let((_, message, token))>
                <Toast message button=token.map(undo) dismiss=Callback::new(move |()| toaster.clear())/>
            </For>
        </div>
    }
}

/// One message. It disappears when dismissed, or by the style sheet's animation after well over ten seconds, and not
/// while the pointer is over it.
#[component]
pub fn Toast(
    #[prop(into)] message: String,
    #[prop(optional_no_strip)] button: Option<AnyView>,
    dismiss: Callback<()>,
) -> impl IntoView {
    view! {
        <div class="toast">
            <span>{message}</span>
            {button}
            <button type="button" class="toast-close" aria-label="Dismiss" on:click=move |_| dismiss.run(())>
                <Icon name="close"/>
            </button>
        </div>
    }
}
