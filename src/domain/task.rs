//! Long work that goes on behind the scenes: copying, deleting and transferring more than a request should wait for.

use serde::{Deserialize, Serialize};

use super::{
    access::Permit,
    id::{OrganizationId, PersonId, ResourceId},
    refusal::Refusal,
    text::FieldIssue,
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

impl TaskKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Copy, Self::Delete, Self::Transfer];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Delete => "delete",
            Self::Transfer => "transfer",
        }
    }

    /// Reads [`TaskKind::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, FieldIssue> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or(FieldIssue::NotAChoice)
    }
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

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads [`TaskState::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, FieldIssue> {
        Self::ALL.into_iter().find(|state| state.word() == word).ok_or(FieldIssue::NotAChoice)
    }
}

/// Leave to go on with what nobody sees yet, or any more: whoever began had leave to begin, and what comes of it is
/// decided anew when it is shown.
pub const fn go_on(person: PersonId, organization: OrganizationId, hidden: ResourceId) -> Permit {
    Permit::of_task(person, organization, hidden)
}

/// What cannot be cancelled because it has ended, whichever way.
pub fn has_ended(state: TaskState) -> Refusal {
    Refusal::BadRequest(match state {
        TaskState::Done => "This was done before it could be cancelled.".to_owned(),
        TaskState::Running => "This cannot be cancelled.".to_owned(),
        TaskState::Failed | TaskState::Cancelled => "This has ended already.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_words_are_read_as_they_are_written() {
        for kind in TaskKind::ALL {
            assert_eq!(TaskKind::parse(kind.word()), Ok(kind));
        }
        for state in TaskState::ALL {
            assert_eq!(TaskState::parse(state.word()), Ok(state));
        }
        assert!(TaskKind::parse("").is_err() && TaskState::parse("").is_err());
    }
}
