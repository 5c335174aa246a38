//! The dialog that asks into which dataset chosen files go (FILE-2). It is not in the address, as other dialogs are: the files that it is
//! about are in this window only.

use leptos::{ev, html, prelude::*};

use super::{
    Uploads,
    engine::{self, Choice, QuestionView},
};
use crate::ui::{
    components::{button::Tone, focus::once_connected, icon::Icon},
    words,
};

/// How many names of datasets are told.
const MAX_NAMED: usize = 3;

/// Which of the choices is marked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marked {
    New,
    Each,
    Selected,
}

#[component]
pub(super) fn ChoiceDialog(uploads: Uploads, question: QuestionView) -> impl IntoView {
    let QuestionView { files, container, dataset, name, each, .. } = question;
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = element.get() {
            once_connected(&dialog.clone(), move || drop(dialog.show_modal()));
        }
    });
    let marked = RwSignal::new(if dataset.is_some() { Marked::Selected } else { Marked::New });
    let (name, problem) = (RwSignal::new(name), RwSignal::new(None::<&'static str>));
    let close = move || {
        // Closing it gives the focus back to where it was; the element goes away afterwards.
        if let Some(dialog) = element.get_untracked() {
            dialog.close();
        }
        engine::answer(uploads, None);
    };
    let start = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let choice = match marked.get_untracked() {
            Marked::New => {
                let name = name.get_untracked().trim().to_owned();
                if name.is_empty() {
                    return problem.set(Some("Enter a name."));
                }
                Choice::New(name)
            }
            Marked::Each => Choice::Each,
            Marked::Selected => Choice::Selected,
        };
        if let Some(dialog) = element.get_untracked() {
            dialog.close();
        }
        engine::answer(uploads, Some(choice));
    };
    let heading = format!("Upload {} to “{container}”", words::totalled(files as u64, "file", "files"));
    let (label, several) = (heading.clone(), each.len());
    let named = {
        let mut named = each.iter().take(MAX_NAMED).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
        if several > MAX_NAMED {
            named.push_str(", …");
        }
        named
    };
    view! {
        <dialog node_ref=element class="dialog upload-choice" aria-label=label on:cancel=move |event: ev::Event| {
            event.prevent_default();
            close();
        }>
            <header>
                <h2>{heading}</h2>
                <button type="button" class="button icon-only quiet" aria-label="Close" on:click=move |_| close()><Icon name="close"/></button>
            </header>
            <form class="dialog-form" novalidate=true on:submit=start>
                <div class="dialog-body">
                    <fieldset class="field">
                        <legend class="visually-hidden">"Where the files go"</legend>
                        {dataset.map(|dataset| view! { <Destination marked own=Marked::Selected label=format!("Into the selected dataset “{dataset}”")/> })}
                        <Destination marked own=Marked::New label="Into one new dataset"/>
                        {(several > 1).then(|| view! {
                            <Destination marked own=Marked::Each label=format!("One dataset for each folder: {named}")/>
                        })}
                    </fieldset>
                    <div class="field" hidden=move || marked.get() != Marked::New>
                        <label for="upload-name">"Name of the new dataset"</label>
                        <input class="input" id="upload-name" type="text" maxlength="255" autocomplete="off" prop:value=name
                            aria-invalid=move || problem.get().is_some().then_some("true") aria-describedby="upload-name-problem"
                            on:input=move |event| {
                                problem.set(None);
                                name.set(event_target_value(&event));
                            }/>
                        <p class="problem" id="upload-name-problem" role="alert">{move || problem.get()}</p>
                    </div>
                </div>
                <footer>
                    <button type="button" class=Tone::Plain.class() on:click=move |_| close()>"Cancel"</button>
                    <button type="submit" class=Tone::Primary.class()>"Upload"</button>
                </footer>
            </form>
        </dialog>
    }
}

/// One of the choices.
#[component]
fn Destination(marked: RwSignal<Marked>, own: Marked, #[prop(into)] label: String) -> impl IntoView {
    view! {
        <label class="radio">
            <input type="radio" name="upload-to" prop:checked=move || marked.get() == own on:change=move |_| marked.set(own)/>
            {label}
        </label>
    }
}
