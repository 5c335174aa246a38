//! The list of a container: a grid one can select in, with a toolbar for what is selected (DRIVE-2, DRIVE-3).
//!
//! It is a form of checkboxes whose buttons lead to dialogs, so selecting and moving need no WebAssembly; `selection`
//! adds what people know from file managers, `window` keeps only those rows on the page that are looked at.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use super::{
    immediate::ImmediateCommand,
    route::{Listing, MAX_SELECTED, root_of},
    selection::{RowMenu, Selection, Sums},
    virtual_rows::{VirtualRows, element_of},
};
use crate::{
    domain::{
        command::{Command, control},
        resource::{DatasetStatus, Kind, MAX_ITEMS},
        time::Timestamp,
    },
    ui::{
        components::{
            button::{ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Empty,
            focus::once_connected,
            icon::Icon,
            markup::{Markup, Written, escaped},
            selection::{all, within},
            table::{Order, SortHeader},
        },
        paths, words,
    },
    view::{Control, DriveView, MAX_COUNTED_ROWS, RowView},
};

/// The list, or what stands there when it is empty.
#[component]
pub fn List(
    drive: DriveView,
    listing: Listing,
    selection: Selection,
    rows: VirtualRows,
    now: Timestamp,
) -> impl IntoView {
    if drive.rows.items.is_empty() && listing.cursor.is_empty() {
        view! { <EmptyList drive listing selection/> }.into_any()
    } else {
        view! { <Grid drive listing selection rows now/> }.into_any()
    }
}

/// One sentence that says what belongs here, and the way to make it.
#[component]
fn EmptyList(drive: DriveView, listing: Listing, selection: Selection) -> impl IntoView {
    // The last row is gone: the focus that was in the list goes to the heading, not to nowhere.
    let here = NodeRef::<html::Section>::new();
    Effect::new(move |_| {
        if let Some(here) = here.get() {
            once_connected(&here, move || request_animation_frame(move || selection.emptied()));
        }
    });
    if !listing.q.is_empty() || listing.is_filtered() {
        let nothing = match listing.q.as_str() {
            "" => "Nothing here is of this kind or in this state.".to_owned(),
            q => format!("Nothing found for “{q}”. Names are found by how their words begin."),
        };
        let back = if listing.is_filtered() { listing.unfiltered() } else { listing.container("") };
        let words = if listing.is_filtered() { "Clear filters" } else { "Back to Drive" };
        return view! {
            <section node_ref=here class="panel">
                <p class="pick-empty" role="status">{nothing}</p>
                <div class="empty-way"><ButtonLink href=back>{words}</ButtonLink></div>
            </section>
        }
        .into_any();
    }
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
        view! { <ButtonLink href=listing.new_dialog(kind) icon="plus" tone=Tone::Primary in_place=true>{format!("Create a {}", kind.label().to_lowercase())}</ButtonLink> }
    });
    view! {
        <section node_ref=here class="panel">
            <Empty icon sentence>{action}</Empty>
        </section>
    }
    .into_any()
}

/// The grid with everything around it.
#[component]
fn Grid(drive: DriveView, listing: Listing, selection: Selection, rows: VirtualRows, now: Timestamp) -> impl IntoView {
    let form = selection.form;
    let shown = drive.rows.items.len();
    let navigate = use_navigate();
    let at_once = ImmediateCommand::new(listing.address());
    let on_submit = {
        let (listing, navigate) = (listing.clone(), navigate.clone());
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let items = selection.selected();
            let command = pressed(&event).unwrap_or(Command::Move);
            if !items.is_empty() && !at_once.run(command, &items) {
                let to = listing.dialog(command, &items);
                navigate(&to, NavigateOptions { scroll: false, ..NavigateOptions::default() });
            }
        }
    };
    // A command asked for by a key, for one row.
    Effect::new({
        let listing = listing.clone();
        move |_| {
            if let Some((command, items)) = selection.asked.get() {
                selection.asked.set(None);
                if at_once.run(command, &items) {
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
    // Rows that are here already may have been checked before WebAssembly arrived.
    Effect::new(move |_| {
        if form.get().is_some() {
            selection.prepare();
            rows.fit();
        }
    });
    // Rows come and go with scrolling: each shows what is picked.
    Effect::new(move |before: Option<()>| {
        rows.visible();
        rows.total.track();
        if before.is_some() {
            request_animation_frame(move || {
                rows.fit();
                selection.show();
            });
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
    let scrolled = window_event_listener(leptos::ev::scroll, move |_| rows.fit());
    let resized = window_event_listener(leptos::ev::resize, move |_| rows.fit());
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
                i64::try_from(total).is_ok_and(|total| total > MAX_COUNTED_ROWS) && rows.is_counted(),
            ) {
                (true, _) if cut || paged => format!("{} on this page", words::totalled(shown as u64, "item", "items")),
                (_, false) => words::totalled(total as u64, "item", "items"),
                (_, true) => format!("More than {} items", words::count(MAX_COUNTED_ROWS)),
            }
        }
    };
    let header = view! { <Heads listing=listing.clone()/> };
    // A button over the list where it could be used on a row; whether on those selected is found when they are.
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
                // Everything that is shown is part of the key: a row that changed in any way is a new row.
                key=|(row_index, row)| (*row_index, row.as_ref().map(|row| (row.id, row.modified_at, row.name.clone(), row.grants, row.level, row.restrictions, row.dataset.as_ref().map(|dataset| (dataset.status, dataset.images, dataset.bytes)))))
                let((row_index, row))
            >
                {match row {
                    Some(row) => {
                        let picked = selection.has(&row.id.to_string());
                        row_of(row_index, &row, &listing, &rows.controls(&row), picked, now)
                    }
                    None => waiting(row_index),
                }}
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
    let picking = move || selection.sums.with(|sums| sums.count > 0);
    // What is scrolled through needs no links once it can be.
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
            {at_once.refusal()}
            <div class="drive-bar">
                <p class="drive-count small num" inner_html=move || escaped(&count_line())></p>
                <Toolbar selection commands=several/>
            </div>
            <div class="panel">
                <table class="list grid" role="grid" aria-label="Drive" aria-multiselectable="true" aria-rowcount=move || (rows.total.get() + 1).to_string()>
                    {header}
                    <tbody role="rowgroup" node_ref=rows.body>
                        <tr node_ref=rows.above class="room" aria-hidden="true" hidden=true></tr>
                        {lines}
                        <tr node_ref=rows.below class="room" aria-hidden="true" hidden=true></tr>
                    </tbody>
                </table>
            </div>
            {more}
        </form>
        <OpenMenu selection listing at_once/>
    }
}

/// Puts what is selected into the address, so that a reload, Back and a copied link show it again (DRIVE-2). Not while a
/// dialog is open: its address says what it is about. Only what the address says changes; nothing is loaded.
fn write_address(listing: &Listing, selection: &Selection) {
    let Ok(now) = window().location().search() else { return };
    if now.contains("dialog=") || now.contains("menu=") {
        return;
    }
    let items = selection.selected();
    let selected = if items.len() > MAX_SELECTED { Vec::new() } else { items };
    let wanted = Listing { selected, ..listing.clone() }.address();
    let (path, query) = wanted.split_once('?').unwrap_or((&wanted, ""));
    let here = window().location().pathname().is_ok_and(|here| here == path);
    if here
        && now.trim_start_matches('?') != query
        && let Ok(history) = window().history()
        && let Ok(state) = history.state()
    {
        drop(history.replace_state_with_url(&state, "", Some(&wanted)));
    }
}

/// The widest window in which the list is laid out for a phone, in pixels: the number of the style sheet.
const PHONE: f64 = 720.0;

/// The room between a menu and what it opened from, and between it and the edge of the window, in pixels.
const GAP: f64 = 4.0;

/// The menu of a row, by its button or as context menu: one for the whole list, filled when it opens.
#[component]
fn OpenMenu(selection: Selection, listing: Listing, at_once: ImmediateCommand) -> impl IntoView {
    let element = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let (Some(element), Some(RowMenu { x, above, below, .. })) = (element.get(), selection.menu.get()) else {
            return;
        };
        let style = web_sys::HtmlElement::style(&element);
        for property in ["left", "top", "max-block-size"] {
            drop(style.remove_property(property));
        }
        drop(element.show_popover());
        let side =
            |size: Result<wasm_bindgen::JsValue, _>| size.ok().and_then(|size| size.as_f64()).unwrap_or(f64::MAX);
        let (wide, high) = (side(window().inner_width()), side(window().inner_height()));
        // On a phone it is a sheet at the bottom; the style sheet puts it there.
        if wide > PHONE {
            // It is as large as it is only now that it is shown. It never covers what it opened from: there, the second
            // click of a double click would be on an entry.
            let (width, height) = (f64::from(element.offset_width()), f64::from(element.offset_height()));
            let left = if x + width + 2.0 * GAP > wide { (x - width).max(2.0 * GAP) } else { x };
            let (under, over) = (high - below - 3.0 * GAP, above - 3.0 * GAP);
            let top = if height <= under || under >= over { below + GAP } else { above - GAP - height.min(over) };
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
        let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key();
        let command = link.get_attribute("data-act").and_then(|word| Command::parse(&word));
        let items = selection.menu.with_untracked(|menu| menu.as_ref().map(|menu| menu.items.clone()));
        if let (Some(command), Some(items), false) = (command, items, elsewhere)
            && at_once.run(command, &items)
        {
            event.prevent_default();
            selection.clear();
        }
        if let Some(element) = element.get_untracked() {
            drop(element.hide_popover());
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let Some(element) = element.get_untracked() else { return };
        let entries = all(&element, "a[href]");
        let active = document().active_element();
        let here =
            entries.iter().position(|entry| active.as_ref().is_some_and(|active| entry.is_same_node(Some(active))));
        let last = entries.len().saturating_sub(1);
        let to = match (event.key().as_str(), here) {
            ("ArrowDown", Some(at)) => (at + 1).min(last),
            ("ArrowUp", Some(at)) => at.saturating_sub(1),
            ("ArrowDown" | "Home", _) => 0,
            ("End" | "ArrowUp", _) => last,
            _ => return,
        };
        event.prevent_default();
        if let Some(entry) = entries.get(to) {
            drop(entry.focus());
        }
    };
    let entries = move || {
        selection.menu.get().map(|RowMenu { row, items, .. }| {
            let commands = selection.offers(&row, &items);
            let open = (items.len() == 1).then(|| listing.container(&row.id.to_string()));
            let about =
                if items.len() == 1 { row.name.clone() } else { words::totalled(items.len() as u64, "item", "items") };
            view! {
                <p class="menu-title">{about}</p>
                <Entries listing=listing.clone() items commands open/>
            }
        })
    };
    view! {
        <div node_ref=element id="row-menu" popover="auto" class="menu at-point" on:click=on_click on:keydown=on_key>{entries}</div>
    }
}

/// What can be done with items, as links to its dialogs.
#[component]
fn Entries(
    listing: Listing,
    items: Vec<String>,
    commands: Vec<(Command, Control)>,
    open: Option<String>,
) -> impl IntoView {
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
            // What takes something away stands apart, at the end.
            match command {
                Command::Trash => view! { <div class="menu-foot">{entry}</div> }.into_any(),
                _ => entry,
            }
        })
        .collect_view();
    view! {
        {open.map(|href| view! { <a href=href><Icon name="arrow-right"/>"Open"</a> })}
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
        view! {
            <Dialog label="Options" heading=row.name.clone() close=close.clone()>
                <DialogBody><div class="menu-list"><Entries listing items=vec![item] commands open/></div></DialogBody>
                <DialogButtons close>""</DialogButtons>
            </Dialog>
        }
    })
}

/// What narrows the list down: a form, so that it works without WebAssembly.
#[component]
pub fn Filters(listing: Listing) -> impl IntoView {
    let chosen = |value: &str, now: &str| value == now;
    let kinds = Kind::CREATABLE
        .map(|kind| view! { <option value=kind.as_str() selected=chosen(kind.as_str(), &listing.kind)>{words::kinds(kind)}</option> })
        .collect_view();
    let states = DatasetStatus::ALL
        .map(|status| view! { <option value=status.as_str() selected=chosen(status.as_str(), &listing.status)>{status.label()}</option> })
        .collect_view();
    let (action, q, sort) = (paths::drive(&listing.org, &listing.resource), listing.q.clone(), listing.sort.clone());
    let view_as = listing.view_as.clone();
    let navigate = use_navigate();
    let form = NodeRef::<html::Form>::new();
    let go = move || {
        let Some(form) = form.get_untracked() else { return };
        let value = |name: &str| -> String {
            let found = form.query_selector(&format!("select[name={name}]")).ok().flatten();
            found
                .and_then(|found| found.dyn_into::<web_sys::HtmlSelectElement>().ok())
                .map(|found| found.value())
                .unwrap_or_default()
        };
        let narrowed =
            Listing { kind: value("kind"), status: value("status"), cursor: String::new(), ..listing.clone() };
        navigate(&narrowed.address(), NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    let go_on_submit = go.clone();
    view! {
        <form
            node_ref=form
            class="filters"
            method="get"
            action=action
            aria-label="Filters"
            on:change=move |_| go()
            on:submit=move |event| {
                event.prevent_default();
                go_on_submit();
            }
        >
            {(!q.is_empty()).then(|| view! { <input type="hidden" name="q" value=q/> })}
            {(!sort.is_empty()).then(|| view! { <input type="hidden" name="sort" value=sort/> })}
            {(!view_as.is_empty()).then(|| view! { <input type="hidden" name="as" value=view_as/> })}
            <select name="kind" aria-label="Kind" class="input"><option value="">"All kinds"</option>{kinds}</select>
            <select name="status" aria-label="Status" class="input"><option value="">"Any status"</option>{states}</select>
            <noscript><button type="submit" class="button">"Filter"</button></noscript>
        </form>
    }
}

/// What is selected, and what can be done with it. The style sheet shows it when something is checked.
#[component]
fn Toolbar(selection: Selection, commands: Vec<Command>) -> impl IntoView {
    let words = move || {
        let Sums { count, .. } = selection.sums.get();
        match selection.gathered() {
            Some(loaded) => format!("Selecting… {} loaded", words::total(loaded as u64)),
            None if count == 0 => "Selected".to_owned(),
            None => format!("{} selected", words::total(count)),
        }
    };
    // All that is loaded is selected, and there is more.
    let more = move || {
        let could = selection.could_select().filter(|_| selection.gathered().is_none());
        could.map(|most| {
            let all = if most < MAX_ITEMS { "Select all" } else { "Select the first" };
            view! {
                <button type="button" class="button select-all" on:click=move |_| selection.gather()>
                    {format!("{all} {}", words::total(most as u64))}
                </button>
            }
        })
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
            let (word, why) = (command.as_str(), move || selection.why_not(command));
            view! {
                <button type="submit" class="button" name="dialog" value=word disabled=move || why().is_some() title=why>
                    <Icon name=command.icon()/>
                    {command.label()}
                </button>
            }
        })
        .collect_view();
    view! {
        <div class="selection" role="toolbar" aria-label="Selection">
            <span class="two-lines">
                <span aria-live="polite" inner_html=move || escaped(&words())></span>
                <small class="sum num" inner_html=move || escaped(&sums())></small>
            </span>
            {more}
            <span class="gap"></span>
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
                <th role="columnheader" scope="col" class="act"><span class="unseen">"Options"</span></th>
            </tr>
        </thead>
    }
    .into_any()
}

/// The command of the button that a form was sent with.
fn pressed(event: &leptos::ev::SubmitEvent) -> Option<Command> {
    let button: web_sys::HtmlButtonElement = event.submitter()?.dyn_into().ok()?;
    Command::parse(&button.value())
}

/// One resource. There are many of them, so that each is written in one go.
fn row_of(
    row_index: usize,
    row: &RowView,
    listing: &Listing,
    controls: &[(Command, Control)],
    checked: bool,
    now: Timestamp,
) -> Written {
    let id = row.id.to_string();
    let href = listing.container(&id);
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
    cells.with("a", &[("href", &href), ("title", &row.name)], &row.name);
    cells.close("span");
    cells.close("td");

    cells.with("td", &cell("m col kind-col"), row.kind.label());

    cells.open("td", &cell("status-cell"));
    match &row.dataset {
        Some(dataset) => cells.with(
            "span",
            &[("class", words::status_tone(dataset.status)), ("title", dataset.status.label())],
            dataset.status.label(),
        ),
        // Where there is no room for a column of kinds.
        None => cells.with("span", &[("class", "small kind-word")], row.kind.label()),
    }
    cells.close("td");

    cells.open("td", &cell("end num m col images-col images-cell"));
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
    cells.with("td", &cell("end num m col size-col"), &size);
    match &row.place {
        // Of what comes from all over, where it is says more than who made it.
        Some(place) => {
            cells.open("td", &cell("m col place-col"));
            let root = place.kind == Kind::Root;
            let inside = if root { root_of(place.id, row.account_name.is_some()) } else { place.id.to_string() };
            let href = listing.container(&inside);
            cells.with("a", &[("href", &href), ("class", "in-place"), ("title", &place.name)], &place.name);
            // Of several accounts, which one; a root is called by it already.
            if let Some(account) = row.account_name.as_deref().filter(|_| !root) {
                cells.with("small", &[("class", "of-account")], account);
            }
            cells.close("td");
        }
        None => {
            let owner = row.created_by_name.as_deref().unwrap_or_default();
            let column = if listing.q.is_empty() { "m col owner-col" } else { "m col place-col" };
            cells.with("td", &[("role", "gridcell"), ("class", column), ("title", owner)], owner);
        }
    }

    cells.open("td", &cell("m num col modified-col"));
    let (exact, in_full) = (row.modified_at.rfc3339(), row.modified_at.words());
    cells.with("time", &[("datetime", &exact), ("title", &in_full)], &words::day(row.modified_at.day(), now));
    cells.close("td");

    let access = words::access(row.access, row.grants);
    cells.with("td", &[("role", "gridcell"), ("class", "m col access-col"), ("title", &access)], &access);

    cells.open("td", &cell("act"));
    let options = format!("More options for {}", row.name);
    cells.open(
        "button",
        &[
            ("type", "submit"),
            ("name", "menu"),
            ("value", &id),
            ("class", "button icon-only quiet"),
            ("aria-label", &options),
            ("aria-haspopup", "menu"),
        ],
    );
    cells.icon("more");
    cells.close("button");
    cells.close("td");

    let attributes = vec![
        ("role", "row".to_owned()),
        ("class", row.kind.as_str().to_owned()),
        ("data-id", id),
        ("data-kind", row.kind.as_str().to_owned()),
        ("aria-rowindex", (row_index + 2).to_string()),
        ("aria-label", row.name.clone()),
        ("aria-selected", checked.to_string()),
    ];
    let mut attributes = attributes;
    if row.kind != Kind::Dataset {
        attributes.push(("data-drop", row.id.to_string()));
        attributes.push(("data-name", row.name.clone()));
    }
    if controls.iter().any(|(command, on)| *command == Command::Move && *on == Control::Enabled) {
        attributes.push(("draggable", "true".to_owned()));
    }
    Written::new("tr", attributes, cells)
}

/// The place of a row that is on its way.
fn waiting(row_index: usize) -> Written {
    let mut cells = Markup::with_room(64);
    cells.open("td", &[("colspan", "10")]);
    cells.with("span", &[("class", "waiting")], "");
    cells.close("td");
    Written::new(
        "tr",
        vec![("class", "wait".to_owned()), ("role", "row".to_owned()), ("aria-rowindex", (row_index + 2).to_string())],
        cells,
    )
}
