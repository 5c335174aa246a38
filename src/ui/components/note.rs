//! A tinted box that draws attention within a page.

use leptos::prelude::*;

use super::icon::Icon;

/// What a note is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mood {
    /// Good to know.
    #[default]
    Info,
    /// Look before you go on.
    Warning,
    /// Something is wrong.
    Bad,
}

/// The box, with an icon.
#[component]
pub fn Note(
    /// What it is about.
    #[prop(optional)]
    mood: Mood,
    /// What it says.
    children: Children,
) -> impl IntoView {
    let (class, icon) = match mood {
        Mood::Info => ("note info", "info"),
        Mood::Warning => ("note warn", "warning"),
        Mood::Bad => ("note bad", "warning"),
    };
    view! {
        <div class=class>
            <Icon name=icon/>
            <div class="note-body">{children()}</div>
        </div>
    }
}
