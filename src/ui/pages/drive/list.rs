//! The list of a container: a grid one can select in, with a toolbar for what is selected (DRIVE-2, DRIVE-3).
//!
//! It is a form of checkboxes whose buttons lead to dialogs, so selecting and moving need no WebAssembly; `selection`
//! adds what people know from file managers.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    place::Listing,
    selection::{Selection, Sums},
};
use crate::{
    domain::{
        resource::Kind,
        time::Timestamp,
        view::{Control, DriveView, RowView},
    },
    ui::{
        components::{
            button::{BlockedButton, ButtonLink, Tone},
            empty::Empty,
            icon::Icon,
            table::{Order, SortHeader},
        },
        paths,
        words::{self, When},
    },
};

/// The list, or what stands there when it is empty.
#[component]
pub fn List(drive: DriveView, listing: Listing, selected: Vec<String>, now: Timestamp) -> impl IntoView {
    if drive.rows.items.is_empty() && listing.cursor.is_empty() {
        view! { <EmptyList drive listing/> }.into_any()
    } else {
        view! { <Grid drive listing selected now/> }.into_any()
    }
}

/// One sentence that says what belongs here, and the way to make it.
#[component]
fn EmptyList(drive: DriveView, listing: Listing) -> impl IntoView {
    let (icon, sentence, first) = match drive.resource.as_ref().map(|resource| resource.kind) {
        None => ("people", "Nothing has been shared with you here yet.", None),
        Some(Kind::Root) => {
            ("drive", "This Drive is empty. Folders, sites, assets and datasets go here.", Some(Kind::Folder))
        }
        Some(Kind::Folder) => ("folder", "This folder is empty.", Some(Kind::Dataset)),
        Some(Kind::Site) => ("site", "No datasets of this site yet.", Some(Kind::Dataset)),
        Some(Kind::Asset) => ("asset", "No datasets of this asset yet.", Some(Kind::Dataset)),
        Some(Kind::Dataset) => ("dataset", "No files yet.", None),
    };
    let action = first.filter(|_| drive.create == Control::Enabled).map(|kind| {
        view! { <ButtonLink href=listing.new_dialog(kind) icon="plus" tone=Tone::Primary in_place=true>{format!("Create a {}", kind.title().to_lowercase())}</ButtonLink> }
    });
    view! {
        <section class="panel">
            <Empty icon sentence>{action}</Empty>
        </section>
    }
}

/// The grid with everything around it.
#[component]
fn Grid(drive: DriveView, listing: Listing, selected: Vec<String>, now: Timestamp) -> impl IntoView {
    let form = NodeRef::<html::Form>::new();
    let initially = selected.iter().filter(|id| drive.rows.items.iter().any(|row| row.id.to_string() == **id)).count();
    let selection = Selection::new(form, initially);
    let shown = drive.rows.items.len() as u64;
    let total = drive.resource.as_ref().map(|resource| resource.children_count);
    let navigate = use_navigate();
    let on_submit = {
        let listing = listing.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let items = selection.selected();
            if !items.is_empty() {
                navigate(&listing.move_items(items), NavigateOptions { scroll: false, ..NavigateOptions::default() });
            }
        }
    };
    // Rows that are here already may have been checked before WebAssembly arrived, and new ones join the grid.
    Effect::new(move |_| {
        if form.get().is_some() {
            selection.prepare();
        }
    });
    let count_line = match total {
        Some(total) if total > shown => {
            format!("{} of {}", words::total(shown), words::totalled(total, "item", "items"))
        }
        _ => words::totalled(shown, "item", "items"),
    };
    let header = view! { <Heads listing=listing.clone()/> };
    let change = drive.change.clone();
    let rows = {
        let listing = listing.clone();
        let rows = drive.rows.items;
        view! {
            <For
                each=move || rows.clone()
                // Everything that is shown is part of the key: a row that changed in any way is a new row.
                key=|row| (row.id, row.modified_at, row.name.clone(), row.grants, row.dataset.as_ref().map(|dataset| (dataset.status, dataset.images, dataset.bytes)))
                let(row)
            >
                <Row checked=selected.contains(&row.id.to_string()) row listing=listing.clone() change=change.clone() now/>
            </For>
        }
        .into_any()
    };
    let more = (drive.rows.next_cursor.is_some() || !listing.cursor.is_empty()).then(|| {
        view! {
            <nav class="pages" aria-label="Pages">
                {(!listing.cursor.is_empty()).then(|| view! { <ButtonLink href=listing.page("")>"From the start"</ButtonLink> })}
                {drive.rows.next_cursor.map(|cursor| view! { <ButtonLink href=listing.page(&cursor)>"Show more"</ButtonLink> })}
            </nav>
        }
    });
    view! {
        <form
            node_ref=form
            class="drive"
            method="get"
            action=paths::drive(&listing.org, &listing.resource)
            on:submit=on_submit
            on:click=move |event| selection.click(&event)
            on:dblclick=move |event| selection.open(&event)
            on:change=move |event| selection.change(&event)
            on:keydown=move |event| selection.key(&event)
        >
            {(!listing.sort.is_empty()).then(|| view! { <input type="hidden" name="sort" value=listing.sort.clone()/> })}
            {(!listing.cursor.is_empty()).then(|| view! { <input type="hidden" name="cursor" value=listing.cursor.clone()/> })}
            <div class="drive-bar">
                <p class="drive-count small num">{count_line}</p>
                <Toolbar selection change=drive.change.clone()/>
            </div>
            <div class="panel">
                <table class="list grid" role="grid" aria-label="Drive" aria-multiselectable="true" aria-rowcount=total.map_or_else(|| "-1".to_owned(), |total| (total + 1).to_string())>
                    {header}
                    <tbody role="rowgroup">{rows}</tbody>
                </table>
            </div>
            {more}
        </form>
    }
}

/// What is selected, and what can be done with it. The style sheet shows it when something is checked.
#[component]
fn Toolbar(selection: Selection, change: Control) -> impl IntoView {
    let words = move || {
        let Sums { count, .. } = selection.sums.get();
        if count == 0 { "Selected".to_owned() } else { format!("{} selected", words::total(count)) }
    };
    let sums = move || {
        let Sums { images, bytes, .. } = selection.sums.get();
        let images = (images > 0).then(|| words::counted(images, "image", "images"));
        let bytes = (bytes > 0).then(|| words::size(bytes));
        images.into_iter().chain(bytes).collect::<Vec<_>>().join(" · ")
    };
    let move_to = match change {
        Control::Absent => ().into_any(),
        Control::Disabled(reason) => view! { <BlockedButton label="Move to" reason icon="move"/> }.into_any(),
        Control::Enabled => view! {
            <button type="submit" class="button" name="dialog" value="move">
                <Icon name="move"/>
                "Move to"
            </button>
        }
        .into_any(),
    };
    view! {
        <div class="selection" role="toolbar" aria-label="Selection">
            <span aria-live="polite">{words}</span>
            <span class="sum num">{sums}</span>
            {move_to}
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

/// The headings of the columns.
#[component]
fn Heads(listing: Listing) -> impl IntoView {
    let sort = if listing.sort.is_empty() { "name".to_owned() } else { listing.sort.clone() };
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
                {head("Status", "kind", "from-phone")}
                <th role="columnheader" scope="col" class="end from-phone">"Images"</th>
                {head("Size", "size", "end from-tablet")}
                <th role="columnheader" scope="col" class="from-desktop">"Owner"</th>
                {head("Modified", "modified_at", "from-tablet")}
                <th role="columnheader" scope="col" class="from-desktop">"Access"</th>
                <th role="columnheader" scope="col" class="act"><span class="unseen">"Options"</span></th>
            </tr>
        </thead>
    }
    .into_any()
}

/// One resource.
#[component]
fn Row(row: RowView, listing: Listing, change: Control, checked: bool, now: Timestamp) -> impl IntoView {
    let id = row.id.to_string();
    let href = paths::drive(&listing.org, &id);
    let (images, bytes) = row.dataset.as_ref().map_or((0, 0), |dataset| (dataset.images, dataset.bytes));
    let status = match &row.dataset {
        Some(dataset) => {
            view! { <span class=words::status_tone(dataset.status)>{dataset.status.title()}</span> }.into_any()
        }
        None => view! { <span class="small">{row.kind.title()}</span> }.into_any(),
    };
    let menu_id = format!("menu-{id}");
    let more = match change {
        Control::Absent => ().into_any(),
        Control::Disabled(reason) => view! { <p class="menu-note">{reason}</p> }.into_any(),
        Control::Enabled => view! {
            <a href=listing.rename_dialog(&id) data-act="rename" data-noscroll="">"Rename"</a>
            <a href=listing.move_items(vec![id.clone()]) data-act="move" data-noscroll="">"Move to"</a>
        }
        .into_any(),
    };
    view! {
        <tr role="row" class=row.kind.word() data-id=id.clone() data-images=images.to_string() data-bytes=bytes.to_string() aria-label=row.name.clone() aria-selected=if checked { "true" } else { "false" }>
            <td role="gridcell" class="first">
                <label class="check-target">
                    <input class="check" type="checkbox" name="item" value=id.clone() aria-label=format!("Select {}", row.name) checked=checked/>
                </label>
            </td>
            <td role="gridcell" class="name-cell">
                <span class="name">
                    <Icon name=words::kind_icon(row.kind)/>
                    <a href=href.clone()>{row.name.clone()}</a>
                </span>
            </td>
            <td role="gridcell" class="status-cell">{status}</td>
            <td role="gridcell" class="end num m images-cell">{row.dataset.as_ref().map(|dataset| words::count(dataset.images))}<span class="unit">" images"</span></td>
            <td role="gridcell" class="end num m from-tablet">{row.dataset.as_ref().map(|dataset| if dataset.bytes > 0 { words::size(dataset.bytes) } else { "—".to_owned() })}</td>
            <td role="gridcell" class="m from-desktop">{row.created_by_name}</td>
            <td role="gridcell" class="m num from-tablet"><When at=row.modified_at now/></td>
            <td role="gridcell" class="m from-desktop">{words::access(row.access, row.grants)}</td>
            <td role="gridcell" class="act">
                <button type="button" class="button icon-only quiet" popovertarget=menu_id.clone() aria-label=format!("More options for {}", row.name)>
                    <Icon name="more"/>
                </button>
                <div id=menu_id popover="auto" class="menu">
                    <a href=href>"Open"</a>
                    {more}
                </div>
            </td>
        </tr>
    }
    .into_any()
}
