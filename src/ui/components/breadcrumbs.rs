//! Breadcrumbs: the path to the current page.

use leptos::prelude::*;

use super::menu::Menu;

/// One step of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub label: String,
    /// The link; `None` for the current page.
    pub href: Option<String>,
    /// For drag and drop: the id and kind of the container that items dropped here move into.
    pub holds: Option<(String, &'static str)>,
}

impl Step {
    /// A step with a link.
    pub fn to(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: Some(href.into()), holds: None }
    }

    /// The current page.
    pub fn here(label: impl Into<String>) -> Self {
        Self { label: label.into(), href: None, holds: None }
    }

    /// Makes the step a drop target.
    #[must_use]
    pub fn holding(self, id: String, kind: &'static str) -> Self {
        Self { holds: Some((id, kind)), ..self }
    }
}

/// How many steps are shown before the middle ones go into a menu.
const MAX_VISIBLE_STEPS: usize = 4;

/// A breadcrumb. Long ones keep the first and the last two steps and put the rest into a menu.
#[component]
pub fn Breadcrumbs(
    #[prop(default = "Breadcrumb")] label: &'static str,
    /// An id that no other breadcrumb on the page has.
    id: &'static str,
    /// The steps; the last is the current page.
    steps: Vec<Step>,
    /// Whether the last step is the page's heading.
    #[prop(optional)]
    heading: bool,
    /// Whether the links stay inside a dialog: the page keeps its scroll position, and Back closes the dialog.
    #[prop(optional)]
    in_place: bool,
) -> impl IntoView {
    let mut steps = steps;
    let hidden: Vec<Step> =
        if steps.len() > MAX_VISIBLE_STEPS { steps.drain(1..steps.len() - 2).collect() } else { Vec::new() };
    let mut hidden = (!hidden.is_empty()).then_some(hidden);
    let noscroll = in_place.then_some("");
    let items = steps
        .into_iter()
        .enumerate()
        .map(|(index, step)| {
            let middle = if index == 1 { hidden.take() } else { None };
            let middle = middle.map(|steps| {
                let links = steps
                    .into_iter()
                    .map(|step| view! { <a href=step.href.unwrap_or_default() data-noscroll=noscroll prop:replace=in_place>{step.label}</a> })
                    .collect_view();
                view! {
                    <li>
                        <Menu id=format!("{id}-more") label="Steps in between" class="crumbs-more" button=|| view! { "…" }.into_any()>
                            {links}
                        </Menu>
                    </li>
                }
            });
            let this = match step.href {
                Some(href) => {
                    let (drop, kind) = step.holds.unzip();
                    let name = drop.is_some().then(|| step.label.clone());
                    view! { <li><a href=href data-noscroll=noscroll prop:replace=in_place data-drop=drop data-kind=kind data-name=name>{step.label}</a></li> }.into_any()
                }
                None if heading => view! { <li aria-current="page"><h1 tabindex="-1">{step.label}</h1></li> }.into_any(),
                None => view! { <li aria-current="page"><span>{step.label}</span></li> }.into_any(),
            };
            view! {
                {middle}
                {this}
            }
        })
        .collect_view();
    view! {
        <nav class="crumbs" class:plain=!heading aria-label=label>
            <ol>{items}</ol>
        </nav>
    }
}
