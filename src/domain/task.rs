//! Long work that goes on behind the scenes: copying, deleting and transferring more than a request should wait for.

use serde::{Deserialize, Serialize};

use super::{
    id::{OrganizationId, PersonId, ResourceId},
    permit::Permit,
    refusal::Refusal,
};

/// Up to so many items are copied, deleted or, in the browser, transferred at once, while the request waits.
pub const MAX_INLINE_ITEMS: u64 = 2_000;

/// How many things one request may ask to have copied that are together more than [`MAX_INLINE_ITEMS`]: each is a task of its own.
pub const MAX_TASKS: usize = 50;

/// How long is shown what became of a task, in milliseconds.
pub const SHOWN_AFTER_END_MILLIS: i64 = 10 * 60_000;

/// What a task does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Makes a copy of something and everything in it.
    Copy,
    /// Deletes something for good with everything that went to the trash with it.
    Delete,
    /// Moves or transfers items, all of it in one step (XFER-16).
    Transfer,
}

words! {
    TaskKind
    Copy => "copy";
    Delete => "delete";
    Transfer => "transfer";
}

/// How far a task is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Being done, or waiting for a worker.
    Running,
    /// All of it was done.
    Done,
    /// Nothing of it was done.
    Failed,
    /// Whoever began it ended it before it was done.
    Cancelled,
}

words! {
    TaskState
    Running => "running";
    Done => "done";
    Failed => "failed";
    Cancelled => "cancelled";
}

/// A permit to continue a task whose items are hidden. The person was allowed to start the task, and the result is checked
/// again when it becomes visible.
pub const fn go_on(person: PersonId, organization: OrganizationId, hidden: ResourceId) -> Permit {
    Permit::of_task(person, organization, hidden)
}

/// What cannot be cancelled because it has ended, whichever way.
pub fn has_ended(state: TaskState) -> Refusal {
    Refusal::BadRequest(match state {
        TaskState::Done => "This finished before it could be cancelled.".to_owned(),
        TaskState::Running => "This cannot be cancelled.".to_owned(),
        TaskState::Failed | TaskState::Cancelled => "This has already ended.".to_owned(),
    })
}
