//! A host in memory, for tests.

use std::{
    collections::BTreeMap,
    io::Cursor,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::*;

/// A host in memory.
#[derive(Default)]
pub struct Memory {
    pub previews: BTreeMap<i64, Bytes>,
    pub files: Mutex<BTreeMap<&'static str, Vec<u8>>>,
    pub progress: Mutex<Vec<(u16, &'static str)>>,
    pub opened: AtomicUsize,
    /// Stops the app when so much is done.
    pub stop_at: Option<u16>,
}

impl Memory {
    pub fn file(&self, name: &str) -> Vec<u8> {
        self.files.lock().expect("a lock").get(name).cloned().unwrap_or_default()
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.file(name)).expect("JSON")
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.files.lock().expect("a lock").keys().copied().collect()
    }
}

impl Host for Memory {
    type File = Cursor<Vec<u8>>;

    fn preview(&self, photo: &SurveyPhoto) -> Result<Option<Bytes>, Ended> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        Ok(self.previews.get(&photo.number).cloned())
    }

    fn create(&self, _: &'static str) -> Result<Self::File, Ended> {
        Ok(Cursor::default())
    }

    fn keep(&self, name: &'static str, file: Self::File) -> Result<(), Ended> {
        let before = self.files.lock().expect("a lock").insert(name, file.into_inner());
        assert!(before.is_none(), "{name} is written once");
        Ok(())
    }

    fn progress(&self, thousandths: u16, step: &'static str) -> Result<(), Ended> {
        self.progress.lock().expect("a lock").push((thousandths, step));
        if self.stop_at.is_some_and(|stop| thousandths >= stop) { Err(Ended::Stopped) } else { Ok(()) }
    }
}
