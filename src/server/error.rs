//! Errors of the server. A [`Refusal`] is shown to the person who asked. Everything else goes to the log, and they get a request
//! id (`server_fn_response.rs` for server functions, `rest/problem.rs` for the REST API).

use crate::domain::{
    refusal::Refusal,
    text::{FieldError, FieldIssue},
};

use super::{
    files::StorageError,
    store::{AsDbError, DbError},
};

/// The error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database failed.
    #[error(transparent)]
    Store(DbError),
    /// A bug.
    #[error("{0}")]
    Internal(String),
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            // A null character in the input: the sender can remove it.
            DbError::NotText => Self::Refused(Refusal::BadRequest("Remove null characters.".to_owned())),
            error => Self::Store(error),
        }
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Missing(_) => Self::Internal(error.to_string()),
            StorageError::Unavailable(_) => {
                tracing::error!(%error, "storage failed");
                Self::Refused(Refusal::Unavailable)
            }
        }
    }
}

/// The result of a use case.
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
    /// Whether a retry may help, as the database is unreachable or busy: 503 instead of 500.
    pub fn is_unavailable(&self) -> bool {
        self.later().is_some()
    }

    /// The refusal for such an error.
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
