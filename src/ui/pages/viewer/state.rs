//! What the viewer knows while somebody looks: where they look, what is drawn, and what is selected.
//!
//! # Invariants
//! - Everything that is shown of the map follows from these values. `anchor` is the viewport that the drawing was made for; until
//!   it is made anew, what is shown is moved as a whole.

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::code::Code;

use crate::{
    domain::{
        annotation::{Annotation, AnnotationKind, Colour},
        command::Control,
        layer::LayerKind,
        measure::{Measured, Units},
        on_map::Handle,
        photo::{Position, PreviewSize},
        time::{Day, Timestamp},
        viewport::{
            CompareMode, Compared, Ground, LookedAt, Placement, SLIDER_START, ShownLayers, Tile, ViewerAddress,
            Viewport,
        },
    },
    paths::{self, Address},
    view::viewer::{AnnotationView, LayerView, OtherDataset, PhotoOnMap, ViewerChanges, ViewerView},
};

/// From where a dataset is looked at. It says which addresses lead to its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Door {
    Person {
        org: String,
        dataset: String,
    },
    /// Somebody with a link.
    Link {
        token: String,
        dataset: String,
    },
}

impl Door {
    pub fn dataset(&self) -> &str {
        match self {
            Self::Person { dataset, .. } | Self::Link { dataset, .. } => dataset,
        }
    }

    pub const fn is_link(&self) -> bool {
        matches!(self, Self::Link { .. })
    }

    /// The viewer itself.
    pub fn viewer(&self) -> String {
        match self {
            Self::Person { org, dataset } => paths::viewer(org, dataset),
            Self::Link { token, dataset } => paths::link_viewer(token, dataset),
        }
    }

    /// The viewer, showing something.
    pub fn showing(&self, address: &ViewerAddress) -> String {
        let parameters = address.parameters().into_iter();
        parameters.fold(Address::new(self.viewer()), |to, (name, value)| to.with(name, value)).text()
    }

    /// The page of the dataset.
    pub fn page(&self) -> String {
        match self {
            Self::Person { org, dataset } => paths::drive(org, dataset),
            Self::Link { token, dataset } => paths::link_target(token, dataset),
        }
    }

    /// The page of a photo, which leads back to the viewer as it is at this address.
    pub fn photo(&self, number: i64, from: &ViewerAddress) -> String {
        let page = Address::new(self.page());
        let page = if self.is_link() { page } else { page.with("tab", "images") };
        let back = self.showing(from);
        let back = back.split_once('?').map_or("", |(_, parameters)| parameters);
        page.with("file", number.to_string()).with("map", back).text()
    }

    pub fn preview(&self, number: i64, size: PreviewSize) -> String {
        match self {
            Self::Person { dataset, .. } => paths::file_preview(dataset, number, size.pixels()),
            Self::Link { token, dataset } => paths::link_file_preview(token, dataset, number, size.pixels()),
        }
    }

    pub fn tile(&self, layer: i64, Tile { level, x, y }: Tile) -> String {
        let token = match self {
            Self::Person { .. } => None,
            Self::Link { token, .. } => Some(token.as_str()),
        };
        paths::layer_tile(token, self.dataset(), layer, (level, x, y))
    }

    /// The dialog that processes the dataset.
    pub fn process(&self) -> String {
        Address::new(self.page()).with("dialog", "process").text()
    }

    /// All results as a ZIP.
    pub fn results(&self) -> String {
        match self {
            Self::Person { dataset, .. } => paths::dataset_zip(dataset, "output", &[]),
            Self::Link { .. } => format!("{}/zip?side=output", self.page()),
        }
    }
}

/// What a press on the map does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tool {
    #[default]
    Select,
    Draw(AnnotationKind),
}

impl Tool {
    pub const ALL: [Self; 5] = [
        Self::Select,
        Self::Draw(AnnotationKind::Point),
        Self::Draw(AnnotationKind::Line),
        Self::Draw(AnnotationKind::Area),
        Self::Draw(AnnotationKind::Text),
    ];

    pub const fn label(self) -> &'static str {
        match self {
            Self::Select => "Select",
            Self::Draw(kind) => kind.label(),
        }
    }

    pub const fn icon(self) -> &'static str {
        match self {
            Self::Select => "cursor",
            Self::Draw(kind) => kind_icon(kind),
        }
    }

    /// What to do with it, for the line under the tools.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Select => "",
            Self::Draw(AnnotationKind::Point) => "Press where the point is to be.",
            Self::Draw(AnnotationKind::Text) => "Press where the text is to be.",
            Self::Draw(AnnotationKind::Line) => "Press along the line. Press its last point again to end it.",
            Self::Draw(AnnotationKind::Area) => "Press around the area. Press its first point again to close it.",
        }
    }
}

pub const fn kind_icon(kind: AnnotationKind) -> &'static str {
    match kind {
        AnnotationKind::Point => "site",
        AnnotationKind::Line => "line",
        AnnotationKind::Area => "area",
        AnnotationKind::Text => "text",
    }
}

/// What the server has of a drawing.
#[derive(Clone, PartialEq, Debug)]
pub struct Saved {
    pub number: i64,
    pub version: i64,
    pub created_by: Option<String>,
    pub created_at: Timestamp,
    /// As it is on the server.
    pub annotation: Annotation,
}

impl From<AnnotationView> for Saved {
    fn from(view: AnnotationView) -> Self {
        Self {
            number: view.number,
            version: view.version,
            created_by: view.created_by,
            created_at: view.created_at,
            annotation: view.annotation,
        }
    }
}

/// Something that somebody drew.
#[derive(Clone, PartialEq, Debug)]
pub struct Drawing {
    /// Of this page alone.
    pub key: u32,
    pub kind: AnnotationKind,
    pub annotation: Annotation,
    /// `None` where it is on this page only.
    pub saved: Option<Saved>,
    /// An answer of the server is awaited.
    pub is_busy: bool,
    /// Why it is not saved.
    pub trouble: Option<Trouble>,
}

/// Why a drawing is not saved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The server cannot be reached. It is sent again by itself.
    Unreachable,
    /// The server said no.
    Refused(String),
}

impl Drawing {
    pub fn measured(&self) -> Measured {
        self.kind.measure(&self.annotation.places)
    }

    /// What it is called: its name, or what it is.
    pub fn title(&self) -> String {
        if self.annotation.name.is_empty() { self.kind.label().to_owned() } else { self.annotation.name.clone() }
    }

    /// Whether it was sent for the first time, and is what the server has by now.
    fn is_sent_as(&self, view: &AnnotationView) -> bool {
        self.is_busy
            && self.saved.is_none()
            && self.kind == view.kind
            && self.annotation.places == view.annotation.places
    }

    /// Whether it was sent for the first time and the answer was lost, while the server has it.
    fn is_lost_as(&self, view: &AnnotationView) -> bool {
        self.is_unsent()
            && self.saved.is_none()
            && self.kind == view.kind
            && self.annotation.places == view.annotation.places
    }

    /// Whether it is to be sent again.
    pub fn is_unsent(&self) -> bool {
        self.trouble == Some(Trouble::Unreachable)
    }

    /// Whether it is as the server has it.
    pub fn is_clean(&self) -> bool {
        self.saved.as_ref().is_some_and(|saved| saved.annotation == self.annotation)
    }
}

/// Two people changed the same drawing.
#[derive(Clone, PartialEq, Debug)]
pub struct Conflict {
    pub key: u32,
    pub yours: Annotation,
    pub theirs: AnnotationView,
}

/// A part of the page that is a sheet on a small screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sheet {
    Layers,
    Drawings,
}

/// A point of a drawing that a press holds, or the middle of a side.
#[derive(Clone, PartialEq, Debug)]
pub struct Held {
    pub key: u32,
    pub handle: Handle,
    /// How the drawing was before.
    pub before: Annotation,
}

/// What can be taken back.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    /// A drawing was added, or was so before it was changed.
    Drawn { key: u32, before: Option<Annotation> },
    /// A drawing was deleted where drawings are saved; with how the server takes it back, once it has answered.
    Deleted { drawing: Drawing, token: Option<String> },
    /// What was being drawn was given up.
    Dropped { kind: AnnotationKind, places: Vec<Position> },
    /// So many drawings were imported; with how the server takes it back.
    Imported { count: usize, token: String },
}

/// How many changes can be taken back.
const MAX_CHANGES: usize = 100;

/// A message with, if it is about a change, **Undo**.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// Another one for each message.
    pub number: u64,
    pub text: String,
    pub undo: bool,
}

/// The viewer.
#[derive(Clone, Copy)]
pub struct Viewer {
    pub door: StoredValue<Door>,
    pub name: StoredValue<String>,
    pub captured_on: Option<Day>,
    /// What the dataset can be compared with.
    pub others: StoredValue<Vec<OtherDataset>>,
    /// The second dataset. It shares the viewport, the tools and the drawings of the first.
    pub compared: RwSignal<Option<Viewer>>,
    pub compare_mode: RwSignal<CompareMode>,
    /// Whether **Swap** was pressed, which leaves the page.
    pub swaps: StoredValue<bool>,
    /// Where the slider is, in hundredths of the map.
    pub slider: RwSignal<u8>,
    /// Whether the pointer is, or was last, on the map of the second dataset.
    pub pressed_second: RwSignal<bool>,
    /// Whether this is the second dataset.
    pub is_second: bool,
    pub now: StoredValue<Timestamp>,
    /// What the address said.
    pub looked_at: StoredValue<Option<LookedAt>>,
    pub photos: StoredValue<Vec<PhotoOnMap>>,
    pub more_photos: bool,
    /// Whether the reader may process the dataset anew.
    pub may_process: bool,
    pub save: RwSignal<Control>,
    pub download: RwSignal<Control>,
    pub layers: RwSignal<Vec<LayerView>>,
    pub shown: RwSignal<ShownLayers>,
    pub viewport: RwSignal<Viewport>,
    pub anchor: RwSignal<Viewport>,
    pub units: RwSignal<Units>,
    /// The photo that is shown.
    pub photo: RwSignal<Option<i64>>,
    pub tool: RwSignal<Tool>,
    /// The places so far of what is being drawn.
    pub draft: RwSignal<Vec<Position>>,
    /// Where the pointer is on the map.
    pub pointer: RwSignal<Option<(f64, f64)>>,
    pub drawings: RwSignal<Vec<Drawing>>,
    pub selected: RwSignal<Option<u32>>,
    pub conflict: RwSignal<Option<Conflict>>,
    pub said: RwSignal<Said>,
    pub sheet: RwSignal<Option<Sheet>>,
    /// Whether the panels are folded away on a large screen: layers and drawings.
    pub folded: RwSignal<(bool, bool)>,
    /// Whether drawings that could not be sent are sent again in a while.
    pub retries: StoredValue<bool>,
    /// The bundle `viewer_tools`, once it is there.
    pub code: RwSignal<Option<Code>>,
    /// Why the second dataset that the address asks for is not shown.
    pub not_compared: Option<&'static str>,
    /// The drawing that keys move a point of, as it was before, and what saves it once they rest.
    pub moving: StoredValue<Option<(u32, Annotation)>>,
    pub moving_rest: StoredValue<Option<TimeoutHandle>>,
    changes: StoredValue<Vec<Change>>,
    next_key: StoredValue<u32>,
}

/// Everything that has a place, to begin with.
fn places(view: &ViewerView) -> Vec<Position> {
    let layers = view.layers.iter().flat_map(|layer| layer.grid.iter().copied());
    let photos = view.photos.iter().map(|photo| photo.at);
    let mut places: Vec<Position> = layers.chain(photos).collect();
    if places.is_empty() {
        places = view.annotations.iter().flat_map(|one| one.annotation.places.iter().copied()).collect();
    }
    places
}

/// What is shown of the layers at first: what people most want to see.
fn best_layer(layers: &[LayerView]) -> Option<i64> {
    let wanted = [LayerKind::Orthophoto, LayerKind::Mosaic, LayerKind::Elevation, LayerKind::Coverage];
    let of = |kind| layers.iter().rev().find(move |layer| layer.kind == kind && layer.is_ready());
    wanted.into_iter().find_map(of).map(|layer| layer.number)
}

impl Viewer {
    /// `None` where nothing has a place.
    pub fn new(view: ViewerView, door: Door, address: &ViewerAddress, now: Timestamp) -> Option<Self> {
        let ground = Ground::over(&places(&view))?;
        let viewport = Viewport::at(ground, 900.0, 640.0, address.looked_at);
        let there: Vec<i64> = view.layers.iter().map(|layer| layer.number).collect();
        let shown = ShownLayers::of(address.layers.as_ref(), &there, best_layer(&view.layers), !view.photos.is_empty());
        let drawings: Vec<Drawing> =
            view.annotations.into_iter().zip(0..).map(|(one, key)| drawing_of(one, key)).collect();
        let next_key = u32::try_from(drawings.len()).unwrap_or(0);
        Some(Self {
            door: StoredValue::new(door),
            name: StoredValue::new(view.name),
            captured_on: view.captured_on,
            others: StoredValue::new(view.others),
            compared: RwSignal::new(None),
            swaps: StoredValue::new(false),
            compare_mode: RwSignal::new(address.compared.as_ref().map(|compared| compared.mode).unwrap_or_default()),
            slider: RwSignal::new(SLIDER_START),
            pressed_second: RwSignal::new(false),
            is_second: false,
            now: StoredValue::new(now),
            looked_at: StoredValue::new(address.looked_at),
            photos: StoredValue::new(view.photos),
            more_photos: view.more_photos,
            may_process: view.may_process,
            save: RwSignal::new(view.save),
            download: RwSignal::new(view.download),
            layers: RwSignal::new(view.layers),
            shown: RwSignal::new(shown),
            viewport: RwSignal::new(viewport),
            anchor: RwSignal::new(viewport),
            units: RwSignal::new(address.units),
            photo: RwSignal::new(address.photo),
            tool: RwSignal::new(Tool::Select),
            draft: RwSignal::new(Vec::new()),
            pointer: RwSignal::new(None),
            drawings: RwSignal::new(drawings),
            selected: RwSignal::new(None),
            conflict: RwSignal::new(None),
            said: RwSignal::new(Said::default()),
            sheet: RwSignal::new(None),
            folded: RwSignal::new((false, false)),
            retries: StoredValue::new(false),
            code: RwSignal::new(None),
            not_compared: None,
            moving: StoredValue::new(None),
            moving_rest: StoredValue::new(None),
            changes: StoredValue::new(Vec::new()),
            next_key: StoredValue::new(next_key),
        })
    }

    /// The address that shows the same.
    pub fn address(self) -> ViewerAddress {
        ViewerAddress {
            looked_at: self.viewport.with(Viewport::looked_at),
            layers: Some(self.shown.get()),
            photo: self.photo.get(),
            units: self.units.get(),
            compared: self.compared.get().and_then(|second| {
                Some(Compared {
                    dataset: second.door.with_value(|door| door.dataset().parse().ok())?,
                    mode: self.compare_mode.get(),
                    layers: Some(second.shown.get()),
                })
            }),
        }
    }

    /// The viewer of a second dataset on the same map. `None` where nothing of it has a place.
    pub fn second(self, view: ViewerView, layers: Option<&ShownLayers>) -> Option<Self> {
        if places(&view).is_empty() {
            return None;
        }
        let there: Vec<i64> = view.layers.iter().map(|layer| layer.number).collect();
        let best = best_layer(&view.layers);
        // Positions of photos cover the picture, so they are shown where there is no picture.
        let shown = ShownLayers::of(layers, &there, best, best.is_none());
        let door = self.door.with_value(|door| match door {
            Door::Person { org, .. } => Door::Person { org: org.clone(), dataset: view.dataset },
            Door::Link { token, .. } => Door::Link { token: token.clone(), dataset: view.dataset },
        });
        Some(Self {
            door: StoredValue::new(door),
            name: StoredValue::new(view.name),
            captured_on: view.captured_on,
            photos: StoredValue::new(view.photos),
            more_photos: view.more_photos,
            may_process: view.may_process,
            download: RwSignal::new(view.download),
            layers: RwSignal::new(view.layers),
            shown: RwSignal::new(shown),
            photo: RwSignal::new(None),
            compared: RwSignal::new(None),
            is_second: true,
            ..self
        })
    }

    /// The dataset whose map was pressed last.
    pub fn pressed(self) -> Self {
        self.compared.get_untracked().filter(|_| self.pressed_second.get_untracked()).unwrap_or(self)
    }

    /// Whether drawings are kept.
    pub fn saves(self) -> bool {
        self.save.with_untracked(|save| *save == Control::Enabled)
    }

    /// Whether a drawing may be changed here: what others saved is only read where nothing is saved.
    pub fn may_change(self, drawing: &Drawing) -> bool {
        drawing.saved.is_none() || self.saves()
    }

    pub fn say(self, text: impl Into<String>) {
        self.tell(text.into(), false);
    }

    /// Says what was done, and offers to take it back.
    pub fn say_done(self, text: impl Into<String>) {
        self.tell(text.into(), true);
    }

    fn tell(self, text: String, undo: bool) {
        self.said.update(|said| *said = Said { number: said.number + 1, text, undo });
    }

    pub fn push(self, right: f64, down: f64) {
        self.viewport.update(|viewport| *viewport = viewport.pushed(right, down));
    }

    pub fn zoom(self, levels: f64, about: Option<(f64, f64)>) {
        self.viewport.update(|viewport| {
            let (width, height) = viewport.size();
            *viewport = viewport.zoomed(levels, about.unwrap_or((width / 2.0, height / 2.0)));
        });
    }

    pub fn show_all(self) {
        self.viewport.update(|viewport| {
            let (width, height) = viewport.size();
            *viewport = Viewport::whole(*viewport.ground(), width, height);
        });
    }

    /// The drawing with this key.
    pub fn drawing(self, key: u32) -> Option<Drawing> {
        self.drawings.with_untracked(|drawings| drawings.iter().find(|one| one.key == key).cloned())
    }

    /// Changes a drawing.
    pub fn change(self, key: u32, change: impl FnOnce(&mut Drawing)) {
        self.drawings.update(|drawings| {
            if let Some(drawing) = drawings.iter_mut().find(|one| one.key == key) {
                change(drawing);
            }
        });
    }

    pub fn next_key(self) -> u32 {
        let key = self.next_key.get_value();
        self.next_key.set_value(key + 1);
        key
    }

    /// Remembers a change that can be taken back.
    pub fn remember(self, change: Change) {
        self.changes.update_value(|changes| {
            if changes.len() >= MAX_CHANGES {
                changes.remove(0);
            }
            changes.push(change);
        });
    }

    /// Notes how the server takes the deletion of a drawing back; `None` where it was not deleted after all, so that there is nothing
    /// to take back.
    pub fn note_deletion(self, key: u32, answer: Option<Option<String>>) {
        self.changes.try_update_value(|changes| {
            let is_deletion = |change: &Change| matches!(change, Change::Deleted { drawing, .. } if drawing.key == key);
            let Some(at) = changes.iter().rposition(is_deletion) else { return };
            match (answer, changes.get_mut(at)) {
                (Some(answered), Some(Change::Deleted { token, .. })) => *token = answered,
                _ => drop(changes.remove(at)),
            }
        });
    }

    /// The last change that was not taken back.
    pub fn last_change(self) -> Option<Change> {
        self.changes.try_update_value(Vec::pop).flatten()
    }

    /// Selects a drawing, and makes sure that it is seen.
    pub fn show_drawing(self, key: u32) {
        self.selected.set(Some(key));
        if let Some(drawing) = self.drawing(key) {
            self.viewport.update(|viewport| {
                let inside =
                    drawing.annotation.places.iter().all(|place| viewport.shows(viewport.spot_of(*place), -20.0));
                if !inside {
                    *viewport = viewport.around(&drawing.annotation.places);
                }
            });
        }
    }

    /// Where a layer lies.
    pub fn placement(self, layer: &LayerView) -> Option<Placement> {
        let ground = self.viewport.with_untracked(|viewport| *viewport.ground());
        Placement::of(&ground, (layer.width, layer.height), &layer.grid)
    }

    /// Takes what has changed on the server. What is being changed here stays.
    pub fn merge(self, changes: ViewerChanges) {
        let ViewerChanges { layers, annotations, save, download } = changes;
        if self.save.with_untracked(|before| *before != save) {
            self.save.set(save);
        }
        if self.download.with_untracked(|before| *before != download) {
            self.download.set(download);
        }
        self.merge_layers(layers);
        self.merge_annotations(annotations);
    }

    /// Takes the layers that there are.
    pub fn merge_layers(self, layers: Vec<LayerView>) {
        if self.layers.with_untracked(|before| *before != layers) {
            let (there, best): (Vec<i64>, _) = (layers.iter().map(|layer| layer.number).collect(), best_layer(&layers));
            let nothing_shown = self.shown.with_untracked(|shown| !shown.rasters.iter().any(|layer| layer.shown));
            self.layers.set(layers);
            self.shown.update(|shown| {
                let named = (!nothing_shown).then_some(&*shown);
                let footprints = shown.footprints;
                *shown = ShownLayers { footprints, ..ShownLayers::of(named, &there, best, shown.photos) };
            });
        }
    }

    /// Takes the drawings that the server has.
    pub fn merge_annotations(self, annotations: Vec<AnnotationView>) {
        let mut next = self.next_key.get_value();
        let merged = self.drawings.with_untracked(|drawings| {
            let number_of = |drawing: &Drawing| drawing.saved.as_ref().map(|saved| saved.number);
            let mut merged: Vec<Drawing> = Vec::with_capacity(annotations.len());
            for one in annotations {
                match drawings.iter().find(|drawing| number_of(drawing) == Some(one.number)) {
                    // Something newer is on its way, or is being decided.
                    Some(mine) if mine.is_busy || !mine.is_clean() => merged.push(mine.clone()),
                    Some(mine) if mine.saved.as_ref().is_some_and(|saved| saved.version >= one.version) => {
                        merged.push(mine.clone());
                    }
                    Some(mine) => merged.push(drawing_of(one, mine.key)),
                    // It was drawn here, and the answer has not come yet.
                    None if drawings.iter().any(|mine| mine.is_sent_as(&one)) => {}
                    // It was drawn here, and the answer will never come.
                    None if let Some(mine) = drawings.iter().find(|mine| mine.is_lost_as(&one)) => {
                        let trouble = (mine.annotation != one.annotation).then_some(Trouble::Unreachable);
                        merged.push(Drawing { saved: Some(one.into()), trouble, ..mine.clone() });
                    }
                    None => {
                        merged.push(drawing_of(one, next));
                        next += 1;
                    }
                }
            }
            // What is on this page only, and what has just been sent.
            let kept = |drawing: &&Drawing| {
                let known = merged.iter().any(|one| one.key == drawing.key);
                !known && (drawing.saved.is_none() || drawing.is_busy)
            };
            let own: Vec<Drawing> = drawings.iter().filter(kept).cloned().collect();
            merged.extend(own);
            (merged != *drawings).then_some(merged)
        });
        self.next_key.set_value(next);
        if let Some(merged) = merged {
            if let Some(key) = self.selected.get_untracked()
                && !merged.iter().any(|drawing| drawing.key == key)
            {
                self.selected.set(None);
            }
            self.drawings.set(merged);
        }
    }
}

/// A drawing that the server has.
pub fn drawing_of(view: AnnotationView, key: u32) -> Drawing {
    let (kind, annotation) = (view.kind, view.annotation.clone());
    Drawing { key, kind, annotation, saved: Some(view.into()), is_busy: false, trouble: None }
}

/// The class that gives a drawing its colour.
pub const fn colour_class(colour: Colour) -> &'static str {
    match colour {
        Colour::Yellow => "viewer-yellow",
        Colour::Red => "viewer-red",
        Colour::Green => "viewer-green",
        Colour::Blue => "viewer-blue",
        Colour::White => "viewer-white",
    }
}
