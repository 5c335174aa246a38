//! What can go wrong on the server. A [`Refusal`] may travel to the browser; everything else is hidden behind a request
//! id by the two doors (`answer.rs` for server functions, `rest/problem.rs` for the REST API).

use crate::domain::{
    refusal::Refusal,
    text::{FieldError, FieldIssue},
};

use super::store::{AsDbError, DbError};

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database said no, or nothing.
    #[error(transparent)]
    Store(DbError),
    /// A defect of ours.
    #[error("{0}")]
    Internal(String),
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            // Whoever sent it can do something about it.
            DbError::NotText => Self::Refused(Refusal::BadRequest("Remove null characters.".to_owned())),
            error => Self::Store(error),
        }
    }
}

/// What use cases answer.
pub type Result<T> = std::result::Result<T, Error>;

impl AsDbError for Error {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }

    fn needs_exclusive(&self) -> bool {
        matches!(self, Self::Store(error) if error.needs_exclusive())
    }
}

impl Error {
    /// Whether it can be tried again later, as the database is away or others are in the way: 503, not 500.
    pub fn is_unavailable(&self) -> bool {
        self.later().is_some()
    }

    /// What to tell who may try again later.
    pub fn later(&self) -> Option<Refusal> {
        match self {
            Self::Store(DbError::Unavailable(_)) => Some(Refusal::Unavailable),
            Self::Store(DbError::Busy(seconds)) => Some(Refusal::Busy(*seconds)),
            Self::Store(DbError::Contended | DbError::NeedsExclusive) => Some(Refusal::Busy(0)),
            Self::Refused(refusal @ (Refusal::Unavailable | Refusal::Busy(_))) => Some(refusal.clone()),
            _ => None,
        }
    }

    /// Whether a unique value is taken.
    pub const fn is_taken(&self) -> bool {
        matches!(self, Self::Store(DbError::Taken))
    }
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Refused(Refusal::Invalid(vec![error]))
    }
}

/// A problem at a field, as an error.
pub fn at_field(field: &'static str) -> impl Fn(FieldIssue) -> Error {
    move |problem| FieldError::new(field, problem).into()
}
