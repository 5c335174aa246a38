//! What the viewer shows of a dataset (VIEW-1 to VIEW-4): layers, where photos were taken, and what people drew.

use serde::{Deserialize, Serialize};

use crate::domain::{
    annotation::{Annotation, AnnotationKind},
    command::Control,
    id::{PersonId, ResourceId},
    layer::{LayerKind, LayerState},
    photo::Position,
    time::{Day, Timestamp},
};

/// A dataset in the viewer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ViewerView {
    /// The id of the dataset.
    pub dataset: String,
    pub name: String,
    /// When its images were taken.
    pub captured_on: Option<Day>,
    /// What it can be compared with: the other datasets of its site that have a day and a place, newest first (VIEW-6).
    pub others: Vec<OtherDataset>,
    /// From the lowest to the highest.
    pub layers: Vec<LayerView>,
    pub photos: Vec<PhotoOnMap>,
    /// Whether there are more photos than [`MAX_PHOTOS`].
    pub more_photos: bool,
    pub annotations: Vec<AnnotationView>,
    /// Whether what is drawn is saved; the reason is shown where it is not (ROLE-4, LIC-6).
    pub save: Control,
    /// Whether results may be downloaded.
    pub download: Control,
    /// Whether the reader may process the dataset anew.
    pub may_process: bool,
}

/// A dataset that another one can be compared with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OtherDataset {
    pub id: ResourceId,
    pub name: String,
    pub captured_on: Day,
}

/// A raster that a job made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LayerView {
    /// The number of the result among the dataset's files.
    pub number: i64,
    pub kind: LayerKind,
    pub title: String,
    pub state: LayerState,
    /// Whether it was made of other images than the dataset has now (JOB-3).
    pub outdated: bool,
    /// Pixels of the finest level.
    pub width: u32,
    pub height: u32,
    /// How many levels there are; level 0 is the coarsest, and each has twice as many pixels a side as the one before.
    pub levels: u32,
    /// Where pixels are: a grid of `GRID` by `GRID` places spread evenly over the raster, its edges among them, row by row from
    /// the upper left corner.
    pub grid: Vec<Position>,
}

/// How many photos are on the map at most.
pub const MAX_PHOTOS: i64 = 10_000;

/// How many places a side [`LayerView::grid`] has.
pub const GRID: usize = 17;

/// A photo that knows where it was taken.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PhotoOnMap {
    /// The number of the file in the dataset.
    pub number: i64,
    pub path: String,
    pub at: Position,
    /// What it sees on the ground, as far as *Survey index* knows.
    pub footprint: Option<[Position; 4]>,
    pub left_out: bool,
}

/// Something that somebody drew, and what is measured of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AnnotationView {
    pub number: i64,
    pub kind: AnnotationKind,
    pub annotation: Annotation,
    /// Rises by one with each change.
    pub version: i64,
    /// The name of who drew it. `None` for visitors of a link.
    pub created_by: Option<String>,
    /// Their id. `None` for visitors of a link.
    pub created_by_id: Option<PersonId>,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// What may have changed while somebody looks at a dataset: others draw, and layers become ready.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ViewerChanges {
    pub layers: Vec<LayerView>,
    pub annotations: Vec<AnnotationView>,
    pub save: Control,
    pub download: Control,
}

impl LayerView {
    /// Whether there are tiles to show.
    pub fn is_ready(&self) -> bool {
        self.state == LayerState::Ready
    }
}

/// What became of a drawing that was to be saved or deleted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum AnnotationSaved {
    /// It is saved.
    Saved {
        annotation: Box<AnnotationView>,
        /// How to take it back, if that is offered.
        undo: Option<String>,
    },
    /// It is deleted.
    Deleted {
        /// What it was.
        annotation: Box<AnnotationView>,
        /// How to take it back, if that is offered.
        undo: Option<String>,
    },
    /// Somebody else changed it first, so nothing was done. This is what it is now.
    Changed(Box<AnnotationView>),
}
