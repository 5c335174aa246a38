//! Buttons, links that look like buttons, and buttons that cannot be pressed and say why.

use leptos::prelude::*;

use super::icon::Icon;

/// How much a button matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tone {
    /// One of several equal buttons.
    #[default]
    Plain,
    /// The main action of the page or dialog.
    Primary,
    /// A minor action.
    Quiet,
    /// An action that cannot be undone.
    Danger,
}

impl Tone {
    pub const fn class(self) -> &'static str {
        match self {
            Self::Plain => "button",
            Self::Primary => "button primary",
            Self::Quiet => "button quiet",
            Self::Danger => "button danger",
        }
    }
}

/// A link that looks like a button.
#[component]
pub fn ButtonLink(
    #[prop(into)] href: String,
    #[prop(optional)] tone: Tone,
    #[prop(optional)] icon: Option<&'static str>,
    /// Whether the page keeps its scroll position: for links that open or close a dialog.
    #[prop(optional)]
    in_place: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <a class=tone.class() href=href data-noscroll=in_place.then_some("")>
            {icon.map(|name| view! { <Icon name/> })}
            {children()}
        </a>
    }
}

/// A button that cannot be pressed now, and why. The reason is visible, not only a tooltip: touch has no hover.
#[component]
pub fn BlockedButton(
    label: &'static str,
    /// Why it cannot be pressed.
    #[prop(into)]
    reason: String,
    #[prop(optional)] tone: Tone,
    #[prop(optional)] icon: Option<&'static str>,
    /// Whether the page already shows the reason nearby: then it is for screen readers only.
    #[prop(optional)]
    reason_shown: bool,
) -> impl IntoView {
    let id = format!("why-{}", label.to_lowercase().replace(' ', "-"));
    view! {
        <span class="blocked">
            <button type="button" class=tone.class() disabled=true title=reason.clone() aria-describedby=id.clone()>
                {icon.map(|name| view! { <Icon name/> })}
                {label}
            </button>
            <small id=id class=reason_shown.then_some("visually-hidden")>{reason}</small>
        </span>
    }
}
