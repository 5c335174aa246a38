//! The toolbar over the list, with the commands for the selection.

use leptos::prelude::*;

use super::selection::{Selection, Sums};
use crate::{
    domain::{command::Command, resource::MAX_ITEMS},
    ui::{
        components::{icon::Icon, markup::escaped},
        words,
    },
};

/// The toolbar. The style sheet shows it while something is checked.
#[component]
pub fn Toolbar(selection: Selection, commands: Vec<Command>) -> impl IntoView {
    let words = move || {
        let Sums { count, .. } = selection.sums.get();
        match selection.gathered() {
            Some(loaded) => format!("Selecting… {} loaded", words::total(loaded as u64)),
            None if count == 0 => "Selected".to_owned(),
            None => format!("{} selected", words::total(count)),
        }
    };
    // Offered once everything loaded is selected and there is more.
    let more = move || {
        let could = selection.could_select().filter(|_| selection.gathered().is_none());
        could.map(|most| {
            let all = if most < MAX_ITEMS { "Select all" } else { "Select the first" };
            view! {
                <button type="button" class="button select-all" on:click=move |_| selection.gather()>
                    {format!("{all} {}", words::total(most as u64))}
                </button>
            }
        })
    };
    let sums = move || {
        let Sums { images, bytes, .. } = selection.sums.get();
        let images = (images > 0).then(|| words::counted(images, "image", "images"));
        let bytes = (bytes > 0).then(|| words::size(bytes));
        images.into_iter().chain(bytes).collect::<Vec<_>>().join(" · ")
    };
    let buttons = commands
        .into_iter()
        .map(|command| {
            let (word, why) = (command.as_str(), move || selection.why_not(command));
            view! {
                <button type="submit" class="button" name="dialog" value=word disabled=move || why().is_some() title=why>
                    <Icon name=command.icon()/>
                    {command.label()}
                </button>
            }
        })
        .collect_view();
    view! {
        <div class="selection" role="toolbar" aria-label="Selection">
            <span class="two-lines">
                // Set as markup, as the heading of a `Dialog` is: a page translator replaces text nodes.
                <span aria-live="polite" inner_html=move || escaped(&words())></span>
                <small class="sum num" inner_html=move || escaped(&sums())></small>
            </span>
            {more}
            <span class="gap"></span>
            {buttons}
            // Without WebAssembly the browser itself unchecks the boxes, because the button resets the form.
            <button type="reset" class="button icon-only quiet" aria-label="Clear selection" on:click=move |event| {
                event.prevent_default();
                selection.clear();
            }>
                <Icon name="close"/>
            </button>
        </div>
    }
    .into_any()
}
