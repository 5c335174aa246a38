//! A row of the list, written as one piece of markup: lists have many rows, and building a view tree for each is
//! slower.

use super::route::{Listing, root_of};
use crate::{
    domain::{command::Command, photo::PreviewSize, resource::Kind, time::Timestamp},
    paths,
    ui::{
        components::markup::{Markup, Written},
        words,
    },
    view::{Control, RowView},
};

/// The row of a resource.
pub fn resource_row(
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
    match row.picture {
        // The name beside it says what it is.
        Some(number) => {
            let address = paths::file_preview(&id, number, PreviewSize::Small.pixels());
            let image = [
                ("class", "dataset-picture"),
                ("src", &address),
                ("alt", ""),
                ("loading", "lazy"),
                ("decoding", "async"),
                ("draggable", "false"),
            ];
            cells.open("img", &image);
        }
        None => cells.icon(words::kind_icon(row.kind)),
    }
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
        // Shown where there is no room for the column of kinds.
        None => cells.with("span", &[("class", "small kind-word")], row.kind.label()),
    }
    cells.close("td");

    cells.open("td", &cell("end num m col images-col images-cell"));
    if row.dataset.is_some() {
        cells.text(&words::count(images));
    }
    cells.with("span", &[("class", "unit")], if images == 1 { " image" } else { " images" });
    cells.close("td");

    let size = match &row.dataset {
        None => String::new(),
        Some(_) if bytes > 0 => words::size(bytes),
        Some(_) => "—".to_owned(),
    };
    cells.with("td", &cell("end num m col size-col"), &size);
    match &row.place {
        // In search results, the location says more than the owner.
        Some(place) => {
            cells.open("td", &cell("m col place-col"));
            let root = place.kind == Kind::Root;
            let inside = if root { root_of(place.id, row.account_name.is_some()) } else { place.id.to_string() };
            let href = listing.container(&inside);
            cells.with("a", &[("href", &href), ("class", "in-place"), ("title", &place.name)], &place.name);
            // With several accounts, the one it is in; a root has that name already.
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
    // Without WebAssembly this button sends the form, and the page that comes back shows the menu as a dialog.
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
        // `aria-rowindex` counts from 1, and the headings are the first row.
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

/// A row that is still loading.
pub fn placeholder_row(row_index: usize) -> Written {
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
