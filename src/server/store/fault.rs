//! Faults to order: one statement of a write that the database does not answer. With them tests see that what is written
//! is written as a whole or not at all, wherever it is interrupted.
//!
//! # Invariants
//! - They exist in builds for debugging only; a released program has nothing that could order one.
//! - They strike between `BEGIN` and `COMMIT`, never a statement that only reads on a connection for reading.

use super::DbError;

/// What the database answers instead of doing what a statement asks.
#[cfg(debug_assertions)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is gone: the write fails.
    Gone,
    /// Another transaction was in the way: the write is tried again.
    Contended,
}

#[cfg(debug_assertions)]
tokio::task_local! {
    /// How many statements of writes still pass, and what then strikes, once.
    static ORDERED: std::cell::Cell<Option<(u32, Fault)>>;
}

/// Does `work`, while the given statement of its writes, counted from 0, is struck; `COMMIT` counts as one. Also whether
/// there were as many as that.
#[cfg(debug_assertions)]
pub async fn striking<T>(statement: u32, fault: Fault, work: impl Future<Output = T>) -> (T, bool) {
    let ordered = std::cell::Cell::new(Some((statement, fault)));
    let working = async {
        let answer = work.await;
        (answer, ORDERED.with(|ordered| ordered.get().is_none()))
    };
    ORDERED.scope(ordered, working).await
}

/// What strikes the next statement of a write, if anything does.
#[cfg(debug_assertions)]
pub(super) fn next() -> Option<DbError> {
    let struck = ORDERED.try_with(|ordered| {
        let (passing, fault) = ordered.get()?;
        ordered.set(passing.checked_sub(1).map(|passing| (passing, fault)));
        (passing == 0).then_some(fault)
    });
    Some(match struck.ok()?? {
        Fault::Gone => DbError::Unavailable(sqlx::Error::PoolClosed),
        Fault::Contended => DbError::Contended,
    })
}

/// In a released program nothing does.
#[cfg(not(debug_assertions))]
pub(super) const fn next() -> Option<DbError> {
    None
}
