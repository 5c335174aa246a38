//! The grid of a container, with a toolbar for what is selected (DRIVE-2, DRIVE-3).
//!
//! It is a form of checkboxes whose buttons lead to dialogs, so selecting and moving need no WebAssembly. `selection`
//! adds what people know from file managers; `virtual_rows` keeps only those rows on the page that are in or near the
//! window.

use std::hash::{DefaultHasher, Hash, Hasher};

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use super::{
    immediate::ImmediateCommand,
    route::{Listing, MAX_SELECTED},
    row::{placeholder_row, resource_row},
    row_menu::RowMenuPopover,
    selection::Selection,
    toolbar::Toolbar,
    virtual_rows::VirtualRows,
};
use crate::{
    domain::{command::Command, time::Timestamp},
    paths,
    ui::{
        components::{
            dom::while_there,
            markup::escaped,
            pages::Pages,
            table::{Order, SortHeader},
        },
        words,
    },
    view::{Control, DriveView, MAX_COUNTED_ROWS, RowView},
};

/// The form around the grid, with toolbar and row menu.
#[component]
pub fn Grid(
    drive: DriveView,
    listing: Listing,
    selection: Selection,
    rows: VirtualRows,
    now: Timestamp,
) -> impl IntoView {
    let form = selection.form;
    let shown = drive.rows.items.len();
    let navigate = use_navigate();
    let immediate = ImmediateCommand::new(listing.address());
    let on_submit = {
        let (listing, navigate) = (listing.clone(), navigate.clone());
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let items = selection.selected();
            let command = pressed(&event).unwrap_or(Command::Move);
            if !items.is_empty() && !immediate.run(command, &items) {
                let to = listing.dialog(command, &items);
                navigate(&to, NavigateOptions { scroll: false, ..NavigateOptions::default() });
            }
        }
    };
    // A key asked for a command.
    Effect::new({
        let listing = listing.clone();
        move |_| {
            if let Some((command, items)) = selection.asked.get() {
                selection.asked.set(None);
                if immediate.run(command, &items) {
                    selection.clear();
                    return;
                }
                navigate(
                    &listing.dialog(command, &items),
                    NavigateOptions { scroll: false, ..NavigateOptions::default() },
                );
            }
        }
    });
    // Rows may have been checked before hydration.
    Effect::new(move |_| {
        if form.get().is_some() {
            selection.prepare();
            rows.render_rows_in_view();
        }
    });
    // Scrolling renders other rows, which must show whether they are selected.
    Effect::new(move |before: Option<()>| {
        rows.visible();
        rows.total.track();
        if before.is_some() {
            request_animation_frame(while_there(move || {
                rows.render_rows_in_view();
                selection.show();
            }));
        }
    });
    Effect::new({
        let listing = listing.clone();
        move |before: Option<()>| {
            selection.sums.track();
            if before.is_some() {
                write_address(&listing, &selection);
            }
        }
    });
    let scrolled = window_event_listener(leptos::ev::scroll, move |_| rows.render_rows_in_view());
    let resized = window_event_listener(leptos::ev::resize, move |_| rows.render_rows_in_view());
    let pointed = window_event_listener(leptos::ev::pointerdown, move |event| selection.pointed(&event));
    let let_go = window_event_listener(leptos::ev::pointerup, move |_| selection.let_go());
    on_cleanup(move || {
        scrolled.remove();
        resized.remove();
        pointed.remove();
        let_go.remove();
    });
    let count_line = {
        let searching = !listing.q.is_empty();
        let (paged, cut) = (!listing.cursor.is_empty(), drive.rows.next_cursor.is_some());
        move || {
            let total = rows.total.get();
            match (
                searching || paged,
                i64::try_from(total).is_ok_and(|total| total > MAX_COUNTED_ROWS) && rows.is_total_capped(),
            ) {
                (true, _) if cut || paged => format!("{} on this page", words::totalled(shown as u64, "item", "items")),
                (_, false) => words::totalled(total as u64, "item", "items"),
                (_, true) => format!("More than {} items", words::count(MAX_COUNTED_ROWS)),
            }
        }
    };
    let header = view! { <ColumnHeadings listing=listing.clone()/> };
    // The toolbar has every command that at least one row offers; for the selected rows it may then be disabled.
    let several: Vec<Command> = Command::ALL
        .into_iter()
        .filter(|command| command.takes_several())
        .filter(|wanted| {
            let offers = |row: &RowView| {
                rows.controls(row).iter().any(|(command, on)| command == wanted && *on != Control::Absent)
            };
            drive.rows.items.iter().any(offers)
        })
        .collect();
    let lines = {
        let listing = listing.clone();
        view! {
            <For
                each=move || rows.visible()
                // Rows are written as markup, so a row of which anything changed must be a new one.
                key=move |(row_index, row)| {
                    let mut hasher = DefaultHasher::new();
                    row.as_ref().map(|row| (row, rows.controls(row))).hash(&mut hasher);
                    (*row_index, hasher.finish())
                }
                let((row_index, row))
            >
                {match row {
                    Some(row) => {
                        let picked = selection.has(&row.id.to_string());
                        resource_row(row_index, &row, &listing, &rows.controls(&row), picked, now)
                    }
                    None => placeholder_row(row_index),
                }}
            </For>
        }
        .into_any()
    };
    let start = (!listing.cursor.is_empty()).then(|| listing.page(""));
    let next = drive.rows.next_cursor.map(|cursor| listing.page(&cursor));
    let pages = view! { <Pages start next/> };
    let picking = move || selection.sums.with(|sums| sums.count > 0);
    // With virtual scrolling, the style sheet hides the page links.
    let whole = listing.cursor.is_empty() && listing.q.is_empty();
    let hidden = |name: &'static str, value: &str| {
        (!value.is_empty()).then(|| view! { <input type="hidden" name=name value=value.to_owned()/> })
    };
    view! {
        <form
            node_ref=form
            class="drive"
            class:whole=whole
            class:as-tiles=listing.view_mode.grid
            class:found=!listing.q.is_empty()
            class:picking=picking
            method="get"
            action=paths::drive(&listing.org, &listing.resource)
            on:submit=on_submit
            on:click=move |event| selection.click(&event)
            on:dblclick=move |event| selection.open(&event)
            on:contextmenu=move |event| selection.context_menu(&event)
            on:change=move |event| selection.change(&event)
            on:keydown=move |event| selection.key(&event)
            on:focusin=move |event| selection.focus_in(&event)
            on:focusout=move |event| selection.focus_out(&event)
            on:pointerdown=move |event| selection.press(&event)
            on:pointermove=move |event| selection.press_moves(&event)
            on:pointerup=move |_| selection.press_ends()
            on:pointercancel=move |_| selection.press_ends()
        >
            {hidden("as", &listing.view_as)}
            {hidden("q", &listing.q)}
            {hidden("kind", &listing.kind)}
            {hidden("status", &listing.status)}
            {hidden("sort", &listing.sort)}
            {hidden("cursor", &listing.cursor)}
            {hidden("view", listing.view_mode.as_str())}
            {hidden("details", if listing.view_mode.details { "1" } else { "" })}
            {immediate.refusal()}
            <div class="drive-bar">
                // Set as markup, as the heading of a `Dialog` is: a page translator replaces text nodes.
                <p class="drive-count small num" inner_html=move || escaped(&count_line())></p>
                <Toolbar selection commands=several/>
            </div>
            <div class="panel">
                <table class="list grid" role="grid" aria-label="Drive" aria-multiselectable="true" aria-rowcount=move || (rows.total.get() + 1).to_string()>
                    {header}
                    <tbody role="rowgroup" node_ref=rows.body>
                        <tr node_ref=rows.above class="spacer" aria-hidden="true" hidden=true></tr>
                        {lines}
                        <tr node_ref=rows.below class="spacer" aria-hidden="true" hidden=true></tr>
                    </tbody>
                </table>
            </div>
            {pages}
        </form>
        <RowMenuPopover selection listing immediate/>
    }
}

/// Puts the selection into the address, so that a reload, Back and a copied link restore it (DRIVE-2).
fn write_address(listing: &Listing, selection: &Selection) {
    let items = selection.selected();
    let selected = if items.len() > MAX_SELECTED { Vec::new() } else { items };
    write_query(&Listing { selected, ..listing.clone() }.address());
}

/// Shows another query of the page that is shown in the address bar. It bypasses the router, so nothing is loaded. Not while a
/// dialog is open, whose address names its items.
pub fn write_query(wanted: &str) {
    let Ok(now) = window().location().search() else { return };
    if ["dialog=", "menu=", "file="].iter().any(|open| now.contains(open)) {
        return;
    }
    let (path, query) = wanted.split_once('?').unwrap_or((wanted, ""));
    let here = window().location().pathname().is_ok_and(|here| here == path);
    if here
        && now.trim_start_matches('?') != query
        && let Ok(history) = window().history()
        && let Ok(state) = history.state()
    {
        drop(history.replace_state_with_url(&state, "", Some(wanted)));
    }
}

/// The column headings.
#[component]
fn ColumnHeadings(listing: Listing) -> impl IntoView {
    let sort = if listing.sort.is_empty() { "name".to_owned() } else { listing.sort.clone() };
    let searching = !listing.q.is_empty();
    let head = move |label: &'static str, column: &'static str, class: &'static str| {
        let (order, next) = if sort == column {
            (Order::Ascending, format!("-{column}"))
        } else if sort.strip_prefix('-') == Some(column) {
            (Order::Descending, column.to_owned())
        } else {
            (Order::None, column.to_owned())
        };
        view! { <SortHeader label order href=listing.sorted(&next) class/> }.into_any()
    };
    view! {
        <thead role="rowgroup">
            <tr role="row">
                <th role="columnheader" scope="col" class="first">
                    <label class="check-target">
                        <input class="check" type="checkbox" data-all="" aria-label="Select all"/>
                    </label>
                </th>
                {head("Name", "name", "name-head")}
                {head("Kind", "kind", "col kind-col")}
                {head("Status", "status", "col status-col")}
                {head("Images", "images", "end col images-col")}
                {head("Size", "size", "end col size-col")}
                {if searching {
                    view! { <th role="columnheader" scope="col" class="col place-col">"Location"</th> }.into_any()
                } else {
                    head("Owner", "owner", "col owner-col")
                }}
                {head("Modified", "modified_at", "col modified-col")}
                <th role="columnheader" scope="col" class="col access-col">"Access"</th>
                <th role="columnheader" scope="col" class="act"><span class="visually-hidden">"Options"</span></th>
            </tr>
        </thead>
    }
    .into_any()
}

/// The command of the button that submitted the form.
fn pressed(event: &leptos::ev::SubmitEvent) -> Option<Command> {
    let button: web_sys::HtmlButtonElement = event.submitter()?.dyn_into().ok()?;
    Command::parse(&button.value())
}
