//! Long work that goes on behind the scenes: copying, deleting and transferring more than a request should wait for.

use serde::{Deserialize, Serialize};

use super::{
    access::Permit,
    id::{OrganizationId, PersonId, ResourceId},
    refusal::Refusal,
    text::Problem,
};

/// Up to so many items are copied, deleted or, in the browser, transferred at once, while the request waits.
pub const AT_ONCE: u64 = 2_000;

/// How many things one request may ask to have copied that are together more than [`AT_ONCE`]: each is a job of its own.
pub const MOST_JOBS: usize = 50;

/// How long is shown what became of a job, in milliseconds.
pub const SHOWN_AFTER_END: i64 = 10 * 60_000;

/// What a job does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Makes a copy of something and everything in it.
    Copy,
    /// Deletes something for good with everything that went to the trash with it.
    Delete,
    /// Moves or transfers items, all of it in one step (XFER-16).
    Transfer,
}

impl JobKind {
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

    /// Reads [`JobKind::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or(Problem::NotAChoice)
    }
}

/// How far a job is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Being done, or waiting for a worker.
    Running,
    /// All of it was done.
    Done,
    /// Nothing of it was done.
    Failed,
    /// Whoever began it ended it before it was done.
    Cancelled,
}

impl JobState {
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

    /// Reads [`JobState::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|state| state.word() == word).ok_or(Problem::NotAChoice)
    }
}

/// Leave to go on with what nobody sees yet, or any more: whoever began had leave to begin, and what comes of it is
/// decided anew when it is shown.
pub const fn go_on(person: PersonId, organization: OrganizationId, hidden: ResourceId) -> Permit {
    Permit::of_work(person, organization, hidden)
}

/// What cannot be cancelled because it has ended, whichever way.
pub fn has_ended(state: JobState) -> Refusal {
    Refusal::BadRequest(match state {
        JobState::Done => "This finished before it could be cancelled.".to_owned(),
        JobState::Running => "This cannot be cancelled.".to_owned(),
        JobState::Failed | JobState::Cancelled => "This has already ended.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_jobs_are_read_as_they_are_written() {
        for kind in JobKind::ALL {
            assert_eq!(JobKind::parse(kind.word()), Ok(kind));
        }
        for state in JobState::ALL {
            assert_eq!(JobState::parse(state.word()), Ok(state));
        }
        assert!(JobKind::parse("").is_err() && JobState::parse("").is_err());
    }
}
