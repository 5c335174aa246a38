//! Background tasks, and what a site's timeline and the dialogs about sites show.

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{ResourceId, TaskId, TransferId, UndoId},
    resource::DatasetStatus,
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
