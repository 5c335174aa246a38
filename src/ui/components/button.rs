//! Buttons, links that look like buttons, and buttons that cannot be pressed and say why.

use leptos::prelude::*;

use super::icon::Icon;

/// How much a button matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tone {
    /// One of several.
    #[default]
    Plain,
    /// The one to press.
    Primary,
    /// In the background.
    Quiet,
    /// What cannot be taken back.
    Danger,
}

impl Tone {
    /// The class.
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
    /// Where it leads.
    #[prop(into)]
    href: String,
    /// How much it matters.
    #[prop(optional)]
    tone: Tone,
    /// An icon before the words.
    #[prop(optional)]
    icon: Option<&'static str>,
    /// Whether the page stays where it is scrolled to: for links that open or close a dialog.
    #[prop(optional)]
    in_place: bool,
    /// The words.
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
    /// The words on it.
    label: &'static str,
    /// Why it cannot be pressed.
    #[prop(into)]
    reason: String,
    /// How much it matters.
    #[prop(optional)]
    tone: Tone,
    /// An icon before the words.
    #[prop(optional)]
    icon: Option<&'static str>,
    /// Whether the page says the reason beside it already: then it is here for who listens only.
    #[prop(optional)]
    told: bool,
) -> impl IntoView {
    let id = format!("why-{}", label.to_lowercase().replace(' ', "-"));
    view! {
        <span class="blocked">
            <button type="button" class=tone.class() disabled=true title=reason.clone() aria-describedby=id.clone()>
                {icon.map(|name| view! { <Icon name/> })}
                {label}
            </button>
            <small id=id class=told.then_some("unseen")>{reason}</small>
        </span>
    }
}
