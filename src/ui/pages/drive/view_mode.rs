//! The switches for the display of the list, and the popover with the keyboard shortcuts.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    route::{Listing, ViewMode},
    shortcuts::{SHORTCUTS, in_list, on_shortcut, outside_fields},
};
use crate::{
    rpc::preferences::RememberViewMode,
    ui::{components::icon::Icon, form_action::FormAction, paths},
};

/// Switches between rows and tiles, and shows or hides the details panel.
#[component]
pub fn ViewModeSwitch(listing: Listing) -> impl IntoView {
    let view_mode = listing.view_mode;
    let tiles = listing.with_view(ViewMode { grid: !view_mode.grid, said: true, ..view_mode });
    let remember = FormAction::<RememberViewMode>::new();
    let on_tiles = move |_| {
        remember.dispatch(RememberViewMode { view_mode: if view_mode.grid { "list" } else { "grid" }.to_owned() });
    };
    let panel = listing.with_view(ViewMode { details: !view_mode.details, ..view_mode });
    let (panel_by_key, navigate) = (panel.clone(), use_navigate());
    on_shortcut("i", in_list, move || {
        navigate(&panel_by_key, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    });
    let keys = NodeRef::<leptos::html::Div>::new();
    on_shortcut("?", outside_fields, move || {
        if let Some(keys) = keys.get_untracked() {
            drop(keys.show_popover());
        }
    });
    let shortcuts = SHORTCUTS
        .map(|(keys, what)| view! { <div class="fact"><dt><kbd>{keys}</kbd></dt><dd>{what}</dd></div> })
        .collect_view();
    let (words, icon) = if view_mode.grid { ("Show as list", "menu") } else { ("Show as grid", "grid") };
    view! {
        <div class="view-modes">
            <a class="button icon-only quiet" href=tiles on:click=on_tiles aria-label=words title=words data-noscroll=""><Icon name=icon/></a>
            <a class="button icon-only quiet" class:on=view_mode.details href=panel aria-label="Details" title="Details (i)" aria-expanded=view_mode.details.to_string() data-noscroll=""><Icon name="info"/></a>
            <button type="button" class="button icon-only quiet from-desktop" popovertarget="keys" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)"><Icon name="keyboard"/></button>
            <div node_ref=keys id="keys" popover="auto" class="menu keys" role="dialog" aria-label="Keyboard shortcuts">
                <div class="bar">
                    <h2>"Keyboard shortcuts"</h2>
                    <button type="button" class="button icon-only quiet end" popovertarget="keys" popovertargetaction="hide" aria-label="Close">
                        <Icon name="close"/>
                    </button>
                </div>
                <dl class="facts">{shortcuts}</dl>
                <p class="small">"You can turn off single-key shortcuts in " <a href=paths::account("")>"My account"</a> "."</p>
            </div>
        </div>
    }
}
