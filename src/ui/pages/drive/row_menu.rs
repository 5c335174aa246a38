//! The menu of a row: as a popover, and, for a browser without WebAssembly, as a dialog.

use leptos::{html, prelude::*};

use super::{
    immediate::ImmediateCommand,
    route::Listing,
    selection::{RowMenu, Selection},
};
use crate::{
    domain::command::{Command, control},
    paths,
    ui::{
        components::{
            dialog::{Dialog, DialogBody, DialogButtons},
            dom::{all, element_of, walk_by_key, within},
            icon::Icon,
        },
        words,
    },
    view::{Control, DriveView},
};

/// Up to this width, in pixels, the style sheet lays the list out for a phone.
const PHONE_MAX_WIDTH_PX: f64 = 720.0;

/// The gap between a menu and its button, and the edge of the window, in pixels.
const GAP_PX: f64 = 4.0;

/// The menu of a row, opened by its button or as a context menu. One popover serves the whole list.
#[component]
pub fn RowMenuPopover(selection: Selection, listing: Listing, immediate: ImmediateCommand) -> impl IntoView {
    let element = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let (Some(element), Some(RowMenu { x, above, below, .. })) = (element.get(), selection.menu.get()) else {
            return;
        };
        let style = web_sys::HtmlElement::style(&element);
        // What was set the last time would distort the size that is measured below.
        for property in ["left", "top", "max-block-size"] {
            drop(style.remove_property(property));
        }
        drop(element.show_popover());
        let side =
            |size: Result<wasm_bindgen::JsValue, _>| size.ok().and_then(|size| size.as_f64()).unwrap_or(f64::MAX);
        let (wide, high) = (side(window().inner_width()), side(window().inner_height()));
        // On a phone the style sheet makes it a sheet at the bottom.
        if wide > PHONE_MAX_WIDTH_PX {
            // Its size is known only once it is shown. It must not cover what it opened from, or the second click of a
            // double click would hit an entry.
            let (width, height) = (f64::from(element.offset_width()), f64::from(element.offset_height()));
            let left = if x + width + 2.0 * GAP_PX > wide { (x - width).max(2.0 * GAP_PX) } else { x };
            let (under, over) = (high - below - 3.0 * GAP_PX, above - 3.0 * GAP_PX);
            let top = if height <= under || under >= over { below + GAP_PX } else { above - GAP_PX - height.min(over) };
            for (property, value) in [("left", left), ("top", top)] {
                drop(style.set_property(property, &format!("{value}px")));
            }
            if height > under.max(over) {
                drop(style.set_property("max-block-size", &format!("{}px", under.max(over))));
            }
        }
        if let Some(first) = all(&element, "a[href]").first() {
            drop(first.focus());
        }
    });
    let on_click = move |event: leptos::ev::MouseEvent| {
        let Some(link) = element_of(event.target()).and_then(|target| within(&target, "a[href]")) else { return };
        // With a modifier the browser opens the dialog's address in a new tab or window.
        let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key();
        let command = link.get_attribute("data-act").and_then(|word| Command::parse(&word));
        let items = selection.menu.with_untracked(|menu| menu.as_ref().map(|menu| menu.items.clone()));
        if let (Some(command), Some(items), false) = (command, items, elsewhere)
            && immediate.run(command, &items)
        {
            event.prevent_default();
            selection.clear();
        }
        if let Some(element) = element.get_untracked() {
            drop(element.hide_popover());
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if let Some(element) = element.get_untracked() {
            walk_by_key(&event, &all(&element, "a[href]"), false);
        }
    };
    let entries = move || {
        selection.menu.get().map(|RowMenu { row, items, .. }| {
            let commands = selection.offers(&row, &items);
            let single = items.len() == 1;
            let open = single.then(|| listing.container(&row.id.to_string()));
            let download = if single { selection.download(&row) } else { Control::Absent };
            let about =
                if items.len() == 1 { row.name.clone() } else { words::totalled(items.len() as u64, "item", "items") };
            view! {
                <p class="menu-title">{about}</p>
                <Entries listing=listing.clone() items commands open download/>
            }
        })
    };
    view! {
        <div node_ref=element id="row-menu" popover="auto" class="menu at-point" on:click=on_click on:keydown=on_key>{entries}</div>
    }
}

/// The commands for items, as links to their dialogs.
#[component]
fn Entries(
    listing: Listing,
    items: Vec<String>,
    commands: Vec<(Command, Control)>,
    open: Option<String>,
    /// Whether all that is in the one item can be downloaded.
    download: Control,
) -> impl IntoView {
    let download = match (download, items.first()) {
        (Control::Absent, _) | (_, None) => ().into_any(),
        (Control::Disabled(reason), _) => view! {
            <span class="menu-off with-icon"><Icon name="download"/>"Download"<small class="menu-note">{reason}</small></span>
        }
        .into_any(),
        (Control::Enabled, Some(item)) => view! {
            // The router must leave it to the browser, which stays on this page.
            <a rel="external" download="" href=paths::resource_zip(item)><Icon name="download"/>"Download"</a>
        }
        .into_any(),
    };
    let entries = commands
        .into_iter()
        .map(|(command, on)| {
            let entry = match on {
                Control::Absent => return ().into_any(),
                Control::Disabled(reason) => view! {
                    <span class="menu-off with-icon"><Icon name=command.icon()/>{command.label()}<small class="menu-note">{reason}</small></span>
                }
                .into_any(),
                Control::Enabled => view! {
                    <a href=listing.dialog(command, &items) data-act=command.as_str() data-noscroll=""><Icon name=command.icon()/>{command.label()}</a>
                }
                .into_any(),
            };
            // The destructive command comes last, set apart.
            match command {
                Command::Trash => view! { <div class="menu-foot">{entry}</div> }.into_any(),
                _ => entry,
            }
        })
        .collect_view();
    view! {
        {open.map(|href| view! { <a href=href><Icon name="arrow-right"/>"Open"</a> })}
        {download}
        {entries}
    }
}

/// The menu of a row as a dialog, for a browser without WebAssembly.
#[component]
pub fn MenuDialog(item: String, listing: Listing, drive: DriveView) -> impl IntoView {
    let row = drive.rows.items.into_iter().find(|row| row.id.to_string() == item);
    row.map(|row| {
        let target = row.target(drive.resource.as_ref());
        let offered = |command| match drive.view_as {
            Some(_) => Control::Absent,
            None => control(command, target, &drive.lacking),
        };
        let commands: Vec<(Command, Control)> =
            Command::ALL.into_iter().map(|command| (command, offered(command))).collect();
        let close = listing.address();
        let open = Some(listing.container(&item));
        let download = match drive.view_as {
            Some(_) => Control::Absent,
            None => row.download(drive.resource.as_ref()),
        };
        view! {
            <Dialog label="Options" heading=row.name.clone() close=close.clone()>
                <DialogBody><div class="menu-list"><Entries listing items=vec![item] commands open download/></div></DialogBody>
                <DialogButtons close>""</DialogButtons>
            </Dialog>
        }
    })
}
