//! Messages that come and go: `role=status`, so that they are read out without taking the focus.

use leptos::prelude::*;

use super::icon::Icon;

/// Where messages are handed in.
#[derive(Clone, Copy)]
pub struct Toaster {
    shown: RwSignal<Option<(u64, String, Option<String>)>>,
}

impl Toaster {
    /// Makes it, once, at the root.
    pub fn provide() {
        provide_context(Self { shown: RwSignal::new(None) });
    }

    /// The context.
    pub fn get() -> Self {
        expect_context()
    }

    /// Shows a message instead of the one before; an empty one is none.
    pub fn show(self, message: &str) {
        self.show_with_undo(message, None);
    }

    /// Shows a message with a button that takes back what it tells of, where there is a token to do so with.
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

/// The place where messages appear. It is on every page from the start: a live region that comes with its message is
/// not read out. `children` is a message that came with the page.
#[component]
pub fn Toasts(
    /// The button that takes a change back, by its token.
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

/// One message. It leaves by itself (the style sheet lets it, after much more than ten seconds, and not while it is
/// pointed at), or when it is dismissed.
#[component]
pub fn Toast(
    /// What it says.
    #[prop(into)]
    message: String,
    /// A button beside it.
    #[prop(optional_no_strip)]
    button: Option<AnyView>,
    /// Called when it is dismissed.
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
