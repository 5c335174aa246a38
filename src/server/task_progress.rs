//! How far the long work is that this node is at just now (XFER-16). What is one transaction tells nothing to the database
//! while it goes on, so it is counted here: whoever asks this node is told, and can end it. Other nodes, and this one after
//! a restart, know that there is work, and not how far it is.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::domain::id::TaskId;

/// The work that this node is at.
#[derive(Debug, Default)]
pub struct TaskRegistry {
    running: Arc<Mutex<HashMap<TaskId, Arc<TaskProgress>>>>,
    stopping: AtomicBool,
}

/// One piece of it.
#[derive(Debug, Default)]
pub struct TaskProgress {
    done: AtomicU64,
    cancelled: AtomicBool,
    interrupted: AtomicBool,
}

/// Work that goes on as long as this is kept.
#[derive(Debug)]
pub struct TaskGuard {
    id: TaskId,
    progress: Arc<TaskProgress>,
    all: Arc<Mutex<HashMap<TaskId, Arc<TaskProgress>>>>,
}

impl TaskRegistry {
    /// Begins to count a piece of work.
    pub fn begin(&self, id: TaskId) -> TaskGuard {
        let progress = Arc::new(TaskProgress::default());
        progress.interrupted.store(self.stopping.load(Ordering::SeqCst), Ordering::SeqCst);
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id, progress.clone());
        TaskGuard { id, progress, all: self.running.clone() }
    }

    /// A piece of work that this node is at.
    pub fn find(&self, id: TaskId) -> Option<Arc<TaskProgress>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Ends all of it, and what begins later: this node stops, and whoever comes next begins it anew.
    pub fn interrupt(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        for progress in self.running.lock().unwrap_or_else(PoisonError::into_inner).values() {
            progress.interrupted.store(true, Ordering::SeqCst);
        }
    }
}

impl TaskProgress {
    /// How many items are done.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Counts: another transaction was in the way, and all of it begins anew.
    pub fn begin_anew(&self) {
        self.done.store(0, Ordering::Relaxed);
    }

    /// Counts items that are done; `false` if it is to end.
    pub fn goes_on(&self, done: u64) -> bool {
        self.done.fetch_add(done, Ordering::Relaxed);
        !self.is_cancelled() && !self.is_interrupted()
    }

    /// Somebody wants it to end.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// Whether somebody wants it to end.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Whether the node stops.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }
}

impl TaskGuard {
    /// What is counted.
    pub fn progress(&self) -> Arc<TaskProgress> {
        self.progress.clone()
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xfer_16_work_is_counted_while_it_goes_on_and_can_be_ended() {
        let tasks = TaskRegistry::default();
        let id = TaskId(uuid::Uuid::from_u128(1));
        assert!(tasks.find(id).is_none());
        let running = tasks.begin(id);
        assert!(running.progress().goes_on(3) && running.progress().goes_on(4));
        let seen = tasks.find(id).expect("it goes on");
        assert_eq!(seen.done(), 7);
        seen.cancel();
        assert!(!running.progress().goes_on(1) && running.progress().is_cancelled());
        running.progress().begin_anew();
        assert_eq!(seen.done(), 0);
        drop(running);
        assert!(tasks.find(id).is_none(), "it has ended");
        tasks.interrupt();
        assert!(!tasks.begin(id).progress().goes_on(0), "this node stops");
    }
}
