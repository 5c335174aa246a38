//! Background tasks, and what a site's timeline and the dialogs about sites show.

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{ResourceId, TaskId, TransferId, UndoId},
    resource::Status,
    task::{TaskKind, TaskState},
    time::{Day, Timestamp},
};

/// A piece of long work, as who began it sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TaskView {
    /// Id.
    pub id: TaskId,
    /// What it does.
    pub kind: TaskKind,
    /// How far it is.
    pub state: TaskState,
    /// What it is about, as people call it.
    pub name: String,
    /// What it makes; not there until it is done.
    pub resource: Option<ResourceId>,
    /// The receipt of a transfer; not there until it is done.
    pub transfer: Option<TransferId>,
    /// How a move is taken back, while it can be.
    pub undo: Option<UndoId>,
    /// Whether it can be cancelled.
    pub cancellable: bool,
    /// How many items are done. What is one step (XFER-16) is only counted by the node that is at it; elsewhere this is 0.
    pub done: u64,
    /// How many there are in all, as far as was known at the beginning.
    pub total: u64,
    /// Why it failed, or what there is to say now that it is done.
    pub message: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A dataset on the timeline of its site (DRIVE-6).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Captured {
    /// Id.
    pub id: ResourceId,
    /// Name.
    pub name: String,
    /// When its images were taken.
    pub on: Day,
    /// How many.
    pub images: i64,
    /// How far it has come.
    pub status: Status,
}

/// The timeline of a site: the newest of its datasets whose day is known, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TimelineView {
    /// The datasets.
    pub datasets: Vec<Captured>,
    /// Whether there are older ones.
    pub more: bool,
}
