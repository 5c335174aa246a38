//! The tree of folders beside the list (DRIVE-2): links, and drop targets.

use leptos::prelude::*;

use super::route::Listing;
use crate::{domain::resource::Kind, ui::components::icon::Icon, view::TreeFolder};

/// The tree, as nested lists of links.
#[component]
pub fn Tree(
    /// The folders from top to bottom.
    tree: Vec<TreeFolder>,
    /// Whether the organization has several accounts.
    several: bool,
    listing: Listing,
) -> impl IntoView {
    (tree.len() > 1).then(|| {
        view! {
            <nav class="tree" aria-label="Folders">{branches(&tree, several, &listing)}</nav>
        }
    })
}

/// The branches at the depth of the first one, each with its children.
fn branches(tree: &[TreeFolder], several: bool, listing: &Listing) -> AnyView {
    let Some(depth) = tree.first().map(|branch| branch.depth) else { return ().into_any() };
    let mut items = Vec::new();
    let mut rest = tree;
    while let Some((branch, behind)) = rest.split_first() {
        let below = behind.iter().take_while(|other| other.depth > depth).count();
        let (inside, next) = behind.split_at(below);
        let root = branch.kind == Kind::Root;
        let id = branch.id.to_string();
        let name = branch.name.clone();
        let href = listing.container(if root && !several { "" } else { &id });
        items.push(view! {
            <li>
                <a
                    href=href
                    class="branch"
                    class:open=branch.open
                    aria-current=branch.current.then_some("page")
                    data-drop=id
                    data-kind=branch.kind.as_str()
                    data-name=name.clone()
                >
                    <Icon name=if root { "drive" } else { "folder" }/>
                    <span>{name.clone()}</span>
                </a>
                {(!inside.is_empty()).then(|| branches(inside, several, listing))}
            </li>
        });
        rest = next;
    }
    view! { <ul>{items}</ul> }.into_any()
}
