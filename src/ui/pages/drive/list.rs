//! What a container holds: its grid, or a sentence where it is empty (DRIVE-2).

use leptos::{html, prelude::*};

use super::{grid::Grid, route::Listing, selection::Selection, virtual_rows::VirtualRows};
use crate::{
    domain::{resource::Kind, time::Timestamp},
    ui::components::{
        button::{ButtonLink, Tone},
        dom::while_there,
        empty::Empty,
        focus::once_connected,
    },
    view::{Control, DriveView},
};

/// The grid, or a placeholder if it is empty.
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

/// Says what belongs here, with a button to create it.
#[component]
fn EmptyList(drive: DriveView, listing: Listing, selection: Selection) -> impl IntoView {
    // If the last row was just removed, the focus was in it and must go somewhere: to the heading.
    let here = NodeRef::<html::Section>::new();
    Effect::new(move |_| {
        if let Some(here) = here.get() {
            let emptied = while_there(move || selection.emptied());
            once_connected(&here, move || request_animation_frame(emptied));
        }
    });
    if !listing.q.is_empty() || listing.is_filtered() {
        let nothing = match listing.q.as_str() {
            "" => "Nothing here matches these filters.".to_owned(),
            q => format!("Nothing found for “{q}”. Search matches the beginning of words."),
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
        Some(Kind::Root) => (
            "drive",
            "This Drive is empty. Upload a folder of photos, or create a dataset or a folder for them first.",
            Some(Kind::Dataset),
        ),
        Some(Kind::Folder) => ("folder", "This folder is empty.", Some(Kind::Dataset)),
        Some(Kind::Site) => ("site", "No datasets in this site yet.", Some(Kind::Dataset)),
        Some(Kind::Asset) => ("asset", "No datasets in this asset yet.", Some(Kind::Dataset)),
        Some(Kind::Dataset) => ("dataset", "No files yet.", None),
    };
    let action = first.filter(|_| drive.create == Control::Enabled).map(|kind| {
        view! { <ButtonLink href=listing.new_dialog(kind) icon="plus" tone=Tone::Primary in_place=true>{format!("Create a {}", kind.label().to_lowercase())}</ButtonLink> }
    });
    let is_root = drive.resource.as_ref().is_some_and(|resource| resource.kind == Kind::Root);
    let folder = (is_root && drive.create == Control::Enabled).then(|| {
        view! { <ButtonLink href=listing.new_dialog(Kind::Folder) icon="folder" in_place=true>"Create a folder"</ButtonLink> }
    });
    view! {
        <section node_ref=here class="panel">
            <Empty icon sentence>{action}{folder}</Empty>
        </section>
    }
    .into_any()
}
