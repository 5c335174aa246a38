//! Fault injection for tests: one statement of a write fails, or a request crashes. With it tests check that a write happens as a
//! whole or not at all, wherever it is interrupted.
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

/// When a program may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Everything is written, and not yet committed.
    BeforeCommit,
    /// Everything is committed, and nobody was answered.
    AfterCommit,
}

#[cfg(debug_assertions)]
tokio::task_local! {
    /// How many statements of writes still pass, and what then strikes, once.
    static ORDERED: std::cell::Cell<Option<(u32, Fault)>>;
    /// When to crash, once.
    static CRASH: std::sync::Arc<std::sync::Mutex<Option<Moment>>>;
}

/// Does `work` and fails the given statement of its writes, counted from 0; `COMMIT` counts as one. Also returns whether there were
/// that many statements.
#[cfg(debug_assertions)]
pub async fn striking<T>(statement: u32, fault: Fault, work: impl Future<Output = T>) -> (T, bool) {
    let ordered = std::cell::Cell::new(Some((statement, fault)));
    let working = async {
        let answer = work.await;
        (answer, ORDERED.with(|ordered| ordered.get().is_none()))
    };
    ORDERED.scope(ordered, working).await
}

/// Does `work`, whose request with an idempotency key crashes at a moment. Also returns whether it crashed.
#[cfg(debug_assertions)]
pub async fn crashing<T>(moment: Moment, work: impl Future<Output = T>) -> (T, bool) {
    let ordered = std::sync::Arc::new(std::sync::Mutex::new(Some(moment)));
    let answer = CRASH.scope(ordered.clone(), work).await;
    let crashed = ordered.lock().is_ok_and(|ordered| ordered.is_none());
    (answer, crashed)
}

/// Spawns `work` as a task that inherits an injected crash.
#[cfg(debug_assertions)]
pub fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
    match CRASH.try_with(Clone::clone) {
        Ok(ordered) => tokio::spawn(CRASH.scope(ordered, work)),
        Err(_) => tokio::spawn(work),
    }
}

/// Spawns `work` as a task.
#[cfg(not(debug_assertions))]
pub fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
    tokio::spawn(work)
}

/// Ends the running task if a test asked for it: it does nothing afterwards, as if the program had been killed.
#[cfg(debug_assertions)]
pub(super) fn crash(moment: Moment) {
    let now = CRASH.try_with(|ordered| {
        ordered.lock().is_ok_and(|mut ordered| ordered.take_if(|wanted| *wanted == moment).is_some())
    });
    if now.unwrap_or(false) {
        std::panic::resume_unwind(Box::new("a test ordered a crash"));
    }
}

/// A release build has no faults.
#[cfg(not(debug_assertions))]
pub(super) const fn crash(_: Moment) {}

/// The injected error of the next statement of a write, if there is one.
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

/// A release build has no faults.
#[cfg(not(debug_assertions))]
pub(super) const fn next() -> Option<DbError> {
    None
}
