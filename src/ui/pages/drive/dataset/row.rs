//! The row of a file, written as one piece of markup, as those of the Drive are. The style sheet lays it out as a tile.

use crate::{
    domain::{
        file::{Media, Side},
        photo::{PhotoFault, PhotoState, PreviewSize, preview_sides},
        time::Timestamp,
    },
    paths,
    ui::{
        components::markup::{Markup, Written},
        words,
    },
    view::file::FileView,
};

use super::super::route::Listing;

/// The icon of what a file holds.
pub const fn media_icon(media: Media) -> &'static str {
    match media {
        Media::Mp4 => "film",
        media if media.is_image() => "dataset",
        _ => "file",
    }
}

/// A preview, as `<img>` needs it.
pub struct Preview {
    pub address: String,
    /// In pixels, so that nothing moves when it comes.
    pub width: String,
    pub height: String,
}

/// Width and height of the preview of a file, if it has one.
pub fn preview_pixels(file: &FileView, size: PreviewSize) -> Option<(u32, u32)> {
    let photo = file.photo.as_ref().filter(|photo| photo.state == PhotoState::Made)?;
    let pixels = |length: Option<i64>| length.and_then(|length| u32::try_from(length).ok());
    Some(preview_sides(pixels(photo.width)?, pixels(photo.height)?, size))
}

/// The preview of a file, if it has one.
pub fn preview(dataset: &str, file: &FileView, size: PreviewSize) -> Option<Preview> {
    let (width, height) = preview_pixels(file, size)?;
    let address = paths::file_preview(dataset, file.number, size.pixels());
    Some(Preview { address, width: width.to_string(), height: height.to_string() })
}

/// What is to be said of a file on its picture: the class and the words of each badge.
pub fn badges(file: &FileView) -> Vec<(&'static str, &'static str)> {
    let mut badges: Vec<(&'static str, &'static str)> = Vec::new();
    if file.left_out {
        badges.push(("tag", "Left out"));
    }
    if file.is_no_image_by_that_name() {
        badges.push(("tag warn", "Not an image"));
    }
    // Of results, such as maps of many kinds, nothing is to be found wrong.
    if let Some(photo) = file.photo.as_ref().filter(|_| file.side == Side::Input) {
        match photo.state {
            PhotoState::Made => badges.extend(photo.faults.iter().map(|fault| match fault {
                PhotoFault::NoPosition => ("tag", fault.label()),
                _ => ("tag warn", fault.label()),
            })),
            PhotoState::Failed => badges.push(("tag warn", photo.state.label())),
            PhotoState::Waiting => {}
        }
    }
    badges
}

/// The row of a file.
pub fn file_row(
    index: usize,
    file: &FileView,
    listing: &Listing,
    checked: bool,
    downloads: bool,
    now: Timestamp,
) -> Written {
    let number = file.number.to_string();
    let cell = |class: &'static str| [("role", "gridcell"), ("class", class)];
    let mut cells = Markup::with_room(1_500);

    cells.open("td", &cell("first"));
    cells.open("label", &[("class", "check-target")]);
    let select = format!("Select {}", file.path);
    let mut check =
        vec![("class", "check"), ("type", "checkbox"), ("name", "item"), ("value", &number), ("aria-label", &select)];
    if checked {
        check.push(("checked", ""));
    }
    cells.open("input", &check);
    cells.close("label");
    cells.close("td");

    cells.open("td", &cell("picture"));
    match preview(&listing.resource, file, PreviewSize::Small) {
        Some(Preview { address, width, height }) => cells.open(
            "img",
            &[
                ("src", &address),
                ("alt", file.name()),
                ("width", &width),
                ("height", &height),
                ("loading", "lazy"),
                ("decoding", "async"),
            ],
        ),
        None => cells.icon(media_icon(file.media)),
    }
    let badges = badges(file);
    if !badges.is_empty() {
        cells.open("span", &[("class", "badges")]);
        for (class, words) in badges {
            cells.with("span", &[("class", class)], words);
        }
        cells.close("span");
    }
    cells.close("td");

    cells.open("td", &cell("name-cell"));
    let href = listing.show_file(file.number);
    cells.open("a", &[("href", &href), ("title", &file.path), ("data-opens", ""), ("data-noscroll", "")]);
    let folder = file.path.strip_suffix(file.name()).unwrap_or_default();
    if !folder.is_empty() {
        cells.with("span", &[("class", "folder")], folder);
    }
    cells.text(file.name());
    cells.close("a");
    cells.close("td");

    cells.with("td", &cell("m type-cell"), file.media.label());
    cells.with("td", &cell("end num m size-cell"), &words::size(file.bytes));

    cells.open("td", &cell("m num added-cell"));
    let (exact, in_full) = (file.created_at.rfc3339(), file.created_at.words());
    cells.with("time", &[("datetime", &exact), ("title", &in_full)], &words::day(file.created_at.day(), now));
    cells.close("td");

    cells.open("td", &cell("act"));
    if downloads {
        let (href, label) = (paths::file_content(&listing.resource, file.number), format!("Download {}", file.path));
        cells.open(
            "a",
            &[
                ("class", "button icon-only quiet"),
                // The router must leave it to the browser, which stays on this page.
                ("rel", "external"),
                ("download", ""),
                ("href", &href),
                ("aria-label", &label),
            ],
        );
        cells.icon("download");
        cells.close("a");
    }
    cells.close("td");

    let attributes = vec![
        ("role", "row".to_owned()),
        ("class", if file.left_out { "file-row left-out" } else { "file-row" }.to_owned()),
        ("data-bytes", file.bytes.to_string()),
        // `aria-rowindex` counts from 1, and the headings are the first row.
        ("aria-rowindex", (index + 2).to_string()),
        ("aria-label", file.path.clone()),
        ("aria-selected", checked.to_string()),
    ];
    Written::new("tr", attributes, cells)
}
