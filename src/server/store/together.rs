//! One transaction for all that a request changes, and for the answer it gets (API-1).
//!
//! A use case writes in a transaction of its own, and only then is the answer made. If the program ended between the two, sending the
//! request again would do it twice. So where that matters ([`Db::together`]) the transaction of the first write stays open: the same
//! task reads and writes in it from then on, and at the end the answer is stored in it, too. Use cases know nothing of this, so
//! that none can forget it.
//!
//! # Invariants
//! - Only the task that [`Db::together`] runs is in the transaction; what it hands to others is not.
//! - A refused write rolls back its own part alone, to a savepoint, as if it had been a transaction.
//! - When a statement fails because of other transactions or of the connection, nothing more is written, and nothing committed.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use super::{
    Db, DbError, Result, Tx,
    db::{Outcome, Work, WriteAttempts, roll_back},
};

tokio::task_local! {
    static UNIT: Arc<Unit>;
}

/// The transaction that the running task is in, if it is in one.
pub(super) fn current() -> Option<Arc<Unit>> {
    UNIT.try_with(Clone::clone).ok()
}

/// Does some work in the middle of a transaction.
pub(super) async fn during<T>(unit: Arc<Unit>, work: impl Future<Output = T>) -> T {
    UNIT.scope(unit, work).await
}

/// The open transaction, in which the running task reads what it wrote. `None` before its first write, and inside a write, which
/// has the connection already.
pub(super) fn held(is_sqlite: bool) -> Option<Tx> {
    let unit = current()?;
    let begun = unit.state.try_lock().is_ok_and(|state| state.tx.is_some());
    begun.then(|| Tx::Held(SharedTransaction { unit, is_sqlite }))
}

/// The transaction of one request.
#[derive(Debug)]
pub(super) struct Unit {
    tries: WriteAttempts,
    state: Mutex<BatchState>,
}

#[derive(Debug, Default)]
struct BatchState {
    /// None before the first write, and after the last.
    tx: Option<Tx>,
    ended: Option<Ended>,
}

/// Why nothing more can be written.
#[derive(Debug, Clone, Copy)]
enum Ended {
    /// Another transaction was in the way: everything is done again.
    Contended,
    /// The same, for a long write: it is done again alone.
    NeedsExclusive,
    /// Others were in the way for so many seconds.
    Busy(u64),
    /// The database cannot be reached, or the task that wrote was cancelled.
    Away,
}

impl Ended {
    fn of(error: &DbError) -> Self {
        match error {
            DbError::Contended => Self::Contended,
            DbError::NeedsExclusive => Self::NeedsExclusive,
            DbError::Busy(seconds) => Self::Busy(*seconds),
            _ => Self::Away,
        }
    }

    fn error(self) -> DbError {
        match self {
            Self::Contended => DbError::Contended,
            Self::NeedsExclusive => DbError::NeedsExclusive,
            Self::Busy(seconds) => DbError::Busy(seconds),
            Self::Away => DbError::Unavailable(sqlx::Error::PoolClosed),
        }
    }
}

impl Unit {
    pub(super) fn new(tries: &WriteAttempts) -> Self {
        Self { tries: tries.clone(), state: Mutex::new(BatchState::default()) }
    }

    /// One write among several ([`Db::write`]).
    ///
    /// # Errors
    /// The work did not begin, or was done and is not written. What it was refused for is its own answer.
    pub(super) async fn write(&self, db: &Db, work: &mut dyn Work) -> Result<()> {
        let mut state = self.state.lock().await;
        if let Some(ended) = state.ended {
            return Err(ended.error());
        }
        let is_first = state.tx.is_none();
        let mut tx = match state.tx.take() {
            Some(tx) => tx,
            None => match db.begin(&self.tries).await {
                Ok(tx) => tx,
                Err(error) => {
                    state.ended = Some(Ended::of(&error));
                    return Err(error);
                }
            },
        };
        // This stays if the task is cancelled on the way: what was written is gone with the transaction.
        state.ended = Some(Ended::Away);
        // The first write needs no savepoint: if it is refused, there is nothing else in the transaction to keep.
        if !is_first {
            tx.simple("SAVEPOINT part").await?;
        }
        let outcome = work.run(&mut tx).await;
        let goes_on = match outcome {
            Outcome::Done if is_first => Ok(Some(tx)),
            Outcome::Done => tx.simple("RELEASE SAVEPOINT part").await.map(|()| Some(tx)),
            Outcome::Contended { needs_exclusive } => {
                let why = if needs_exclusive { Ended::NeedsExclusive } else { Ended::Contended };
                roll_back(tx).await;
                state.ended = Some(why);
                return Ok(());
            }
            Outcome::Refused if is_first => {
                roll_back(tx).await;
                Ok(None)
            }
            // What the refused write recorded for live updates stays recorded: a notification too many is harmless.
            Outcome::Refused => tx.simple("ROLLBACK TO SAVEPOINT part").await.map(|()| Some(tx)),
        };
        match goes_on {
            Ok(tx) => {
                state.tx = tx;
                state.ended = None;
                Ok(())
            }
            Err(error) => {
                state.ended = Some(Ended::of(&error));
                // A refusal keeps its own reason; a success becomes an error, because it is not written.
                if matches!(outcome, Outcome::Done) { Err(error) } else { Ok(()) }
            }
        }
    }

    /// The transaction, to end it; a new one where nothing was written.
    ///
    /// # Errors
    /// Nothing can be written any more.
    pub(super) async fn take(&self, db: &Db) -> Result<Tx> {
        let mut state = self.state.lock().await;
        match (state.ended, state.tx.take()) {
            (Some(ended), _) => Err(ended.error()),
            (None, Some(tx)) => Ok(tx),
            (None, None) => db.begin(&self.tries).await,
        }
    }
}

/// Reads in the transaction of the running task. A mutex makes its statements take turns, because a task may read concurrently.
#[derive(Debug, Clone)]
pub struct SharedTransaction {
    unit: Arc<Unit>,
    is_sqlite: bool,
}

/// The transaction while a statement runs.
pub(super) struct Locked<'a>(MutexGuard<'a, BatchState>);

impl std::ops::Deref for Locked<'_> {
    type Target = Option<Tx>;

    fn deref(&self) -> &Option<Tx> {
        &self.0.tx
    }
}

impl std::ops::DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Option<Tx> {
        &mut self.0.tx
    }
}

impl SharedTransaction {
    pub(super) const fn is_sqlite(&self) -> bool {
        self.is_sqlite
    }

    pub(super) async fn lock(&self) -> Locked<'_> {
        Locked(self.unit.state.lock().await)
    }
}
