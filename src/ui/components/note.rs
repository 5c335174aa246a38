//! A tinted box that draws attention within a page.

use leptos::prelude::*;

use super::icon::Icon;

/// How serious a note is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Severity {
    /// Good to know.
    #[default]
    Info,
    /// Think before you continue.
    Warning,
    /// Something is wrong.
    Error,
}

#[component]
pub fn Note(
    /// What it is about.
    #[prop(optional)]
    severity: Severity,
    children: Children,
) -> impl IntoView {
    let (class, icon) = match severity {
        Severity::Info => ("note info", "info"),
        Severity::Warning => ("note warn", "warning"),
        Severity::Error => ("note bad", "warning"),
    };
    view! {
        <div class=class>
            <Icon name=icon/>
            <div class="note-body">{children()}</div>
        </div>
    }
}
