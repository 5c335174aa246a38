//! Uploads in the browser (FILE-2): buttons, dropping, and a panel that stays while people go from page to page.
//!
//! This file and [`entry`] are with the pages. What sends, and the panel, are a bundle of their own, fetched when somebody chooses
//! files: `queue` decides, `engine` talks to the browser, `panel` and `choice_dialog` show.
//!
//! # Invariants
//! - No file is ever in memory: a request sends a slice of it from the disk.
//! - A file that is dropped anywhere never replaces the page.

mod browser;
mod choice;
mod choice_dialog;
mod engine;
pub mod entry;
mod panel;
pub mod plain_form;
mod queue;

use leptos::{
    ev::{self, DragEvent, Event},
    html,
    prelude::*,
    task::spawn_local,
};
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, Element, File, FileSystemEntry, HtmlInputElement};

use super::{
    components::{
        dom::{all, element_of, within},
        toast::Toaster,
    },
    lazy::in_bundle,
    session::Session,
};
use crate::domain::resource::Kind;

/// Where files can go, as far as a page knows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Target {
    /// The container that a new dataset can be made in: its id and name.
    pub container: Option<(String, String)>,
    /// A dataset that they can be added to: its id and name.
    pub dataset: Option<(String, String)>,
}

/// Files that somebody chose or dropped.
pub enum Chosen {
    Files(Vec<File>),
    /// What a drop holds: folders, which are read once the page has time, and files.
    Dropped(Vec<FileSystemEntry>, Vec<File>),
}

/// Draws the panel.
type DrawPanel = fn(Uploads) -> AnyView;

/// What the bundle `upload` has for the others.
pub struct Code {
    panel: DrawPanel,
    /// Takes files.
    take: fn(Uploads, Target, Chosen),
}

/// The uploads of this window.
#[derive(Clone, Copy)]
pub struct Uploads {
    /// What draws the panel, once there is something to draw.
    panel: RwSignal<Option<DrawPanel>>,
    /// Raised whenever the queue has changed.
    version: RwSignal<u64>,
    /// The datasets that something is sent to.
    under_way: RwSignal<Vec<String>>,
    /// What is under the pointer while files are dragged.
    over: RwSignal<Option<String>>,
    /// Whether something of this page is dragged: a browser makes a file of a picture.
    is_own_drag: StoredValue<bool>,
    /// What opens the browser's dialogs for files and for a folder.
    inputs: (NodeRef<html::Input>, NodeRef<html::Input>),
    /// Where what is chosen there goes.
    picked_for: StoredValue<Target>,
    /// Behind a handle, because all of it is copied into every handler.
    session: StoredValue<Session>,
    toaster: Toaster,
}

impl Uploads {
    /// Creates and provides them, once, at the root.
    pub fn provide() {
        let uploads = Self {
            panel: RwSignal::new(None),
            version: RwSignal::new(0),
            under_way: RwSignal::new(Vec::new()),
            over: RwSignal::new(None),
            is_own_drag: StoredValue::new(false),
            inputs: (NodeRef::new(), NodeRef::new()),
            picked_for: StoredValue::new(Target::default()),
            session: StoredValue::new(Session::get()),
            toaster: Toaster::get(),
        };
        provide_context(uploads);
        Effect::new(move |_| {
            // For as long as the window is open.
            drop(window_event_listener(ev::dragstart, move |_| uploads.is_own_drag.set_value(true)));
            drop(window_event_listener(ev::dragend, move |_| uploads.is_own_drag.set_value(false)));
            drop(window_event_listener(ev::dragover, move |event| uploads.over(&event)));
            drop(window_event_listener(ev::drop, move |event| uploads.dropped(&event)));
            drop(window_event_listener(ev::dragleave, move |event| {
                // Without a related target the pointer has left the window.
                if event.related_target().is_none() {
                    uploads.leave();
                }
            }));
        });
    }

    pub fn get() -> Self {
        expect_context()
    }

    fn session(self) -> Session {
        self.session.get_value()
    }

    /// Whether something is being sent to a dataset.
    pub fn is_under_way(self, dataset: &str) -> bool {
        self.under_way.with(|datasets| datasets.iter().any(|one| one == dataset))
    }

    /// Opens the browser's dialog for files, or for a folder.
    pub fn pick(self, target: Target, is_folder: bool) {
        let dataset = target.dataset.clone().or_else(selected_dataset);
        self.picked_for.set_value(Target { dataset, ..target });
        let input = if is_folder { self.inputs.1 } else { self.inputs.0 };
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    }

    /// Somebody has chosen files.
    fn picked(self, event: &Event) {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let files = input.files();
        let files: Vec<File> =
            files.map(|list| (0..list.length()).filter_map(|index| list.get(index)).collect()).unwrap_or_default();
        // So that the same files can be chosen again.
        input.set_value("");
        if !files.is_empty() {
            self.offer(self.picked_for.get_value(), Chosen::Files(files));
        }
    }

    /// Takes files to upload: asks where to, if there is a choice, and begins.
    pub fn offer(self, target: Target, chosen: Chosen) {
        spawn_local(async move {
            match in_bundle!(upload, Code, Code { panel: panel::panel, take: engine::take }).await {
                Ok(code) => {
                    (code.take)(self, target, chosen);
                    if self.panel.with_untracked(Option::is_none) {
                        self.panel.set(Some(code.panel));
                    }
                }
                Err(_) => {
                    self.toaster.show("The upload could not begin, because the connection was interrupted. Try again.");
                }
            }
        });
    }

    /// Files are dragged over the page.
    fn over(self, event: &DragEvent) {
        let Some(data) = files_of(event) else { return };
        // Without this the browser opens a file that is dropped in place of the page.
        event.prevent_default();
        let place = drop_place(event).filter(|_| !self.is_own_drag.get_value());
        data.set_drop_effect(if place.is_some() { "copy" } else { "none" });
        let name = place.as_ref().map(|(_, _, name)| name.clone());
        if self.over.with_untracked(|over| *over == name) && place.is_none() {
            return;
        }
        unmark();
        if let Some((element, _, _)) = &place {
            drop(element.set_attribute(DROPPING, "yes"));
        }
        if self.over.with_untracked(|over| *over != name) {
            self.over.set(name);
        }
    }

    fn leave(self) {
        unmark();
        self.over.set(None);
    }

    fn dropped(self, event: &DragEvent) {
        let Some(data) = files_of(event) else { return };
        event.prevent_default();
        self.leave();
        // If the element that was dragged is gone by now, no other event says that it is over.
        let is_own = self.is_own_drag.try_update_value(std::mem::take).unwrap_or_default();
        let Some((_, target, _)) = drop_place(event).filter(|_| !is_own) else { return };
        // The list of items is empty as soon as this event is over.
        let items = data.items();
        let (mut entries, mut files) = (Vec::new(), Vec::new());
        for item in (0..items.length()).filter_map(|index| items.get(index)) {
            match item.webkit_get_as_entry() {
                Ok(Some(entry)) => entries.push(entry),
                // Not from a disk, so it is no folder.
                _ => files.extend(item.get_as_file().ok().flatten()),
            }
        }
        if !(entries.is_empty() && files.is_empty()) {
            self.offer(target, Chosen::Dropped(entries, files));
        }
    }
}

/// Marks what files would be dropped on; the style sheet and the dragging of rows know it too.
const DROPPING: &str = "data-dropping";

fn unmark() {
    if let Some(body) = document().body() {
        for marked in all(&body, "[data-dropping]") {
            drop(marked.remove_attribute(DROPPING));
        }
    }
}

/// The data of a drag, if it holds files. What is dropped on a field for files is that field's.
fn files_of(event: &DragEvent) -> Option<DataTransfer> {
    if element_of(event.target()).is_some_and(|target| within(&target, "input[type=file]").is_some()) {
        return None;
    }
    let data = event.data_transfer()?;
    let files = data.types().iter().any(|kind| kind.as_string().as_deref() == Some("Files"));
    files.then_some(data)
}

/// Where files under the pointer would go: the element, the target, and its name. The page says it in attributes: `data-upload` is the id of
/// what it shows, empty where nothing can be added to that; rows, steps and folders of the tree say what they are.
fn drop_place(event: &DragEvent) -> Option<(Element, Target, String)> {
    let target = element_of(event.target())?;
    // A dialog that is open is not the page behind it.
    if within(&target, "dialog").is_some() {
        return None;
    }
    let page = document().query_selector("[data-upload]").ok().flatten()?;
    let shown = facts(&page, "data-upload", "data-upload-name");
    let is_dataset = page.get_attribute("data-upload-kind").as_deref() == Some(Kind::Dataset.as_str());
    let row = within(&target, "tr[data-id]").map(|row| (facts(&row, "data-id", "aria-label"), row));
    let step = || within(&target, "[data-drop]").map(|step| (facts(&step, "data-drop", "data-name"), step));
    if let Some((Some(there), element)) = row.or_else(step) {
        let kind = element.get_attribute("data-kind");
        let name = there.1.clone();
        let target = if kind.as_deref() == Some(Kind::Dataset.as_str()) {
            Target { container: shown.filter(|_| !is_dataset), dataset: Some(there) }
        } else {
            Target { container: Some(there), dataset: None }
        };
        return Some((element.into(), target, name));
    }
    // The whole page under the frame's rail, also where its list is short.
    let shown = shown.filter(|_| within(&target, "main").is_some())?;
    let name = shown.1.clone();
    let target = if is_dataset {
        Target { container: None, dataset: Some(shown) }
    } else {
        Target { container: Some(shown), dataset: selected_dataset() }
    };
    Some((page, target, name))
}

/// An id and a name from two attributes; nothing where the id is empty.
fn facts(element: &Element, id: &str, name: &str) -> Option<(String, String)> {
    let id = element.get_attribute(id).filter(|id| !id.is_empty())?;
    Some((id, element.get_attribute(name).unwrap_or_default()))
}

/// The dataset that is selected in the list, if it is a single one.
fn selected_dataset() -> Option<(String, String)> {
    let selected = document().query_selector_all("tr[data-id][aria-selected=true]").ok()?;
    let row = selected.item(0).filter(|_| selected.length() == 1)?.dyn_into::<Element>().ok()?;
    let is_dataset = row.get_attribute("data-kind").as_deref() == Some(Kind::Dataset.as_str());
    facts(&row, "data-id", "aria-label").filter(|_| is_dataset)
}

/// The panel of the uploads, and what a drop would do. At the root, outside of all pages.
#[component]
pub fn UploadsRoot() -> impl IntoView {
    let uploads = Uploads::get();
    let (files, folder) = uploads.inputs;
    Effect::new(move |_| {
        if let Some(folder) = folder.get() {
            // Not in the list of attributes that Leptos knows.
            drop(folder.set_attribute("webkitdirectory", ""));
        }
    });
    view! {
        // Here, and not on the pages: a page that loads its data again while the dialog is open would lose what is chosen in it.
        <input node_ref=files type="file" hidden=true multiple=true aria-label="Upload files" on:change=move |event| uploads.picked(&event)/>
        <input node_ref=folder type="file" hidden=true multiple=true aria-label="Upload folder" on:change=move |event| uploads.picked(&event)/>
        <div class="drag-note" class:shown=move || uploads.over.with(Option::is_some) aria-hidden="true">
            {move || uploads.over.get().map(|name| format!("Drop to upload to “{name}”"))}
        </div>
        {move || uploads.panel.get().map(|panel| panel(uploads))}
    }
}
