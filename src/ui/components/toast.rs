//! Messages that come and go: `role=status`, so that they are read out without taking the focus.

use leptos::prelude::*;

use super::icon::Icon;

/// Where messages are handed in.
#[derive(Clone, Copy)]
pub struct Toaster {
    shown: RwSignal<Option<(u64, String)>>,
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
        if !message.is_empty() {
            self.shown.update(|shown| {
                let number = shown.as_ref().map_or(0, |(number, _)| number + 1);
                *shown = Some((number, message.to_owned()));
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
    /// A message that came with the page.
    children: Children,
) -> impl IntoView {
    let toaster = Toaster::get();
    view! {
        <div class="toasts" role="status">
            {children()}
            <For each=move || toaster.shown.get() key=|(number, _)| *number let((_, message))>
                <Toast message dismiss=Callback::new(move |()| toaster.clear())/>
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
    /// Called when it is dismissed.
    dismiss: Callback<()>,
) -> impl IntoView {
    view! {
        <div class="toast">
            <span>{message}</span>
            <button type="button" class="toast-close" aria-label="Dismiss" on:click=move |_| dismiss.run(())>
                <Icon name="close"/>
            </button>
        </div>
    }
}
