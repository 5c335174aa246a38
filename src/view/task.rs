//! Background tasks, and what a site's timeline and the dialogs about sites show.

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{ResourceId, TaskId, TransferId, UndoId},
    resource::DatasetStatus,
    site::distance,
    task::{TaskKind, TaskState},
    time::{Day, Timestamp},
};

/// A task, as the person who started it sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TaskView {
    pub id: TaskId,
    /// What it does.
    pub kind: TaskKind,
    /// How far it is.
    pub state: TaskState,
    /// The name of what it is about.
    pub name: String,
    /// What it creates, once it is done.
    pub resource: Option<ResourceId>,
    /// The receipt of a transfer, once it is done.
    pub transfer: Option<TransferId>,
    /// The undo of a move, while it is possible.
    pub undo: Option<UndoId>,
    /// Whether it can be cancelled.
    pub cancellable: bool,
    /// How many items are done. A task of one transaction (XFER-16) is counted in the memory of its node only; other nodes say 0.
    pub done: u64,
    /// How many there are in all, as far as was known at the beginning.
    pub total: u64,
    /// Why it failed, or what there is to say now that it is done.
    pub message: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// A dataset on the timeline of its site (DRIVE-6).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TimelineDataset {
    pub id: ResourceId,
    pub name: String,
    /// When its images were taken.
    pub on: Day,
    pub images: i64,
    pub status: DatasetStatus,
    /// Whether the viewer has something to show of it.
    pub has_place: bool,
}

/// The timeline of a site: the newest of its datasets whose day is known, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TimelineView {
    pub datasets: Vec<TimelineDataset>,
    /// Whether there are older ones.
    pub more: bool,
}

/// A dataset as a timeline shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimelineStop {
    pub dataset: TimelineDataset,
    /// How far it is from the one before, in steps.
    pub gap: u8,
    /// The last one before it that the viewer shows too, and its day: what it can be compared with (VIEW-6).
    pub earlier: Option<(ResourceId, Day)>,
}

impl TimelineView {
    /// The datasets, each with its gap and what it can be compared with.
    pub fn stops(&self) -> Vec<TimelineStop> {
        let (mut before, mut shown_before) = (None, None);
        let stop = |dataset: &TimelineDataset| TimelineStop {
            gap: before.replace(dataset.on).map_or(0, |before| distance(before, dataset.on)),
            earlier: if dataset.has_place { shown_before.replace((dataset.id, dataset.on)) } else { None },
            dataset: dataset.clone(),
        };
        self.datasets.iter().map(stop).collect()
    }
}
