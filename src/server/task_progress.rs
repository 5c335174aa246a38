//! The progress of the background tasks that this node is running (XFER-16). A task is one transaction, and others cannot read
//! from the database how far it is. So the progress is kept in memory, where this node can report it and cancel the task. Other
//! nodes, and this one after a restart, know that there is a task but not how far it is.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::domain::id::TaskId;

/// The tasks that this node is running.
#[derive(Debug, Default)]
pub struct TaskRegistry {
    running: Arc<Mutex<HashMap<TaskId, Arc<TaskProgress>>>>,
    stopping: AtomicBool,
}

/// The progress of one task.
#[derive(Debug, Default)]
pub struct TaskProgress {
    done: AtomicU64,
    cancelled: AtomicBool,
    interrupted: AtomicBool,
}

/// Registers a task as running until it is dropped.
#[derive(Debug)]
pub struct TaskGuard {
    id: TaskId,
    progress: Arc<TaskProgress>,
    all: Arc<Mutex<HashMap<TaskId, Arc<TaskProgress>>>>,
}

impl TaskRegistry {
    /// Registers a task.
    pub fn begin(&self, id: TaskId) -> TaskGuard {
        let progress = Arc::new(TaskProgress::default());
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id, progress.clone());
        // Read after inserting: `interrupt` sets the flag first, so whichever of the two comes later marks the task.
        if self.stopping.load(Ordering::SeqCst) {
            progress.interrupted.store(true, Ordering::SeqCst);
        }
        TaskGuard { id, progress, all: self.running.clone() }
    }

    /// The progress of a task, if this node is running it.
    pub fn find(&self, id: TaskId) -> Option<Arc<TaskProgress>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Interrupts all tasks, and those that start later: the node is shutting down. Another node, or this one after its restart,
    /// starts them again from the beginning.
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

    /// Starts the count again, because the transaction was rolled back after a conflict and runs again.
    pub fn restart(&self) {
        self.done.store(0, Ordering::Relaxed);
    }

    /// Counts items that are done. False if the task has to stop.
    pub fn goes_on(&self, done: u64) -> bool {
        self.done.fetch_add(done, Ordering::Relaxed);
        !self.is_cancelled() && !self.is_interrupted()
    }

    /// Cancels the task.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// Whether the task was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Whether the node is shutting down.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }
}

impl TaskGuard {
    /// The progress of this task.
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
        running.progress().restart();
        assert_eq!(seen.done(), 0);
        drop(running);
        assert!(tasks.find(id).is_none(), "it has ended");
        tasks.interrupt();
        assert!(!tasks.begin(id).progress().goes_on(0), "this node stops");
    }
}
