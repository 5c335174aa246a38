//! The list of a container: a grid one can select in, with a toolbar for what is selected (DRIVE-2, DRIVE-3).
//!
//! It is a form of checkboxes whose buttons lead to dialogs, so selecting and moving need no WebAssembly; `selection`
//! adds what people know from file managers.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use super::{
    place::Listing,
    selection::{Selection, Sums},
};
use crate::{
    domain::{
        command::{Command, control},
        resource::Kind,
        time::Timestamp,
        view::{Control, DriveView, RowView},
    },
    ui::{
        components::{
            button::{ButtonLink, Tone},
            empty::Empty,
            icon::Icon,
            markup::{Markup, Written},
            table::{Order, SortHeader},
        },
        paths, words,
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
            let command = pressed(&event).unwrap_or(Command::Move);
            if !items.is_empty() {
                let to = listing.dialog(command, &items);
                navigate(&to, NavigateOptions { scroll: false, ..NavigateOptions::default() });
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
    let controls = {
        let (resource, lacking) = (drive.resource.clone(), drive.lacking.clone());
        move |row: &RowView| -> Vec<(Command, Control)> {
            let target = row.target(resource.as_ref());
            Command::OFFERED.into_iter().map(|command| (command, control(command, target, &lacking))).collect()
        }
    };
    // A button over the list where it could be used on a row; whether on those selected is found when they are.
    let several: Vec<Command> = Command::OFFERED
        .into_iter()
        .filter(|command| command.takes_several())
        .filter(|wanted| {
            let offers =
                |row: &RowView| controls(row).iter().any(|(command, on)| command == wanted && *on != Control::Absent);
            drive.rows.items.iter().any(offers)
        })
        .collect();
    let above = drive.resource.as_ref().map(|resource| resource.restrictions).unwrap_or_default();
    let rows = {
        let listing = listing.clone();
        let rows = drive.rows.items;
        view! {
            <For
                each=move || rows.clone()
                // Everything that is shown is part of the key: a row that changed in any way is a new row.
                key=move |row| (row.id, row.modified_at, row.name.clone(), row.grants, row.dataset.as_ref().map(|dataset| (dataset.status, dataset.images, dataset.bytes)), (row.level, above.and(row.restrictions)))
                let(row)
            >
                {row_of(&row, &listing, &controls(&row), selected.contains(&row.id.to_string()), now)}
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
                <Toolbar selection commands=several/>
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
fn Toolbar(selection: Selection, commands: Vec<Command>) -> impl IntoView {
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
    let buttons = commands
        .into_iter()
        .map(|command| {
            let (word, why) = (command.word(), move || selection.why_not(command));
            view! {
                <button type="submit" class="button" name="dialog" value=word disabled=move || why().is_some() title=why>
                    <Icon name=command.icon()/>
                    {command.title()}
                </button>
            }
        })
        .collect_view();
    view! {
        <div class="selection" role="toolbar" aria-label="Selection">
            <span aria-live="polite">{words}</span>
            <span class="sum num">{sums}</span>
            {buttons}
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

/// The words of the commands that can be used, for the toolbar.
fn usable(controls: &[(Command, Control)]) -> String {
    let usable = controls.iter().filter(|(_, control)| *control == Control::Enabled);
    usable.map(|(command, _)| command.word()).collect::<Vec<_>>().join(" ")
}

/// The command of the button that a form was sent with.
fn pressed(event: &leptos::ev::SubmitEvent) -> Option<Command> {
    let button: web_sys::HtmlButtonElement = event.submitter()?.dyn_into().ok()?;
    Command::parse(&button.value())
}

/// One resource. There are many of them, so that each is written in one go.
fn row_of(row: &RowView, listing: &Listing, controls: &[(Command, Control)], checked: bool, now: Timestamp) -> Written {
    let id = row.id.to_string();
    let href = paths::drive(&listing.org, &id);
    let menu_id = format!("menu-{id}");
    let (images, bytes) = row.dataset.as_ref().map_or((0, 0), |dataset| (dataset.images, dataset.bytes));
    let cell = |class: &'static str| [("role", "gridcell"), ("class", class)];
    let mut cells = Markup::with_room(2_500);

    cells.open("td", &cell("first"));
    cells.open("label", &[("class", "check-target")]);
    let select = format!("Select {}", row.name);
    let mut check =
        vec![("class", "check"), ("type", "checkbox"), ("name", "item"), ("value", &id), ("aria-label", &select)];
    if checked {
        check.push(("checked", ""));
    }
    cells.open("input", &check);
    cells.close("label");
    cells.close("td");

    cells.open("td", &cell("name-cell"));
    cells.open("span", &[("class", "name")]);
    cells.icon(words::kind_icon(row.kind));
    cells.with("a", &[("href", &href)], &row.name);
    cells.close("span");
    cells.close("td");

    cells.open("td", &cell("status-cell"));
    match &row.dataset {
        Some(dataset) => cells.with("span", &[("class", words::status_tone(dataset.status))], dataset.status.title()),
        None => cells.with("span", &[("class", "small")], row.kind.title()),
    }
    cells.close("td");

    cells.open("td", &cell("end num m images-cell"));
    if row.dataset.is_some() {
        cells.text(&words::count(images));
    }
    cells.with("span", &[("class", "unit")], " images");
    cells.close("td");

    let size = match &row.dataset {
        None => String::new(),
        Some(_) if bytes > 0 => words::size(bytes),
        Some(_) => "—".to_owned(),
    };
    cells.with("td", &cell("end num m from-tablet"), &size);
    cells.with("td", &cell("m from-desktop"), row.created_by_name.as_deref().unwrap_or_default());

    cells.open("td", &cell("m num from-tablet"));
    let (exact, in_full) = (row.modified_at.rfc3339(), row.modified_at.words());
    cells.with("time", &[("datetime", &exact), ("title", &in_full)], &words::day(row.modified_at.day(), now));
    cells.close("td");

    cells.with("td", &cell("m from-desktop"), &words::access(row.access, row.grants));

    cells.open("td", &cell("act"));
    let options = format!("More options for {}", row.name);
    let class = "button icon-only quiet";
    cells
        .open("button", &[("type", "button"), ("class", class), ("popovertarget", &menu_id), ("aria-label", &options)]);
    cells.icon("more");
    cells.close("button");
    cells.open("div", &[("id", &menu_id), ("popover", "auto"), ("class", "menu")]);
    cells.with("a", &[("href", &href)], "Open");
    let items = [id.clone()];
    for (command, control) in controls {
        match control {
            Control::Absent => {}
            Control::Disabled(reason) => {
                cells.open("span", &[("class", "menu-off"), ("title", reason)]);
                cells.text(command.title());
                cells.with("small", &[("class", "menu-note")], reason);
                cells.close("span");
            }
            Control::Enabled => {
                let href = listing.dialog(*command, &items);
                let act = [("href", href.as_str()), ("data-act", command.word()), ("data-noscroll", "")];
                cells.with("a", &act, command.title());
            }
        }
    }
    cells.close("div");
    cells.close("td");

    let attributes = vec![
        ("role", "row".to_owned()),
        ("class", row.kind.word().to_owned()),
        ("data-id", id),
        ("data-images", images.to_string()),
        ("data-bytes", bytes.to_string()),
        ("data-can", usable(controls)),
        ("aria-label", row.name.clone()),
        ("aria-selected", checked.to_string()),
    ];
    Written::new("tr", attributes, cells)
}
