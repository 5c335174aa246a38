//! The folder that a job is worked in, and bytes that arrive for it.
//!
//! # Invariants
//! - Every name in it is one of ours: no name of a dataset or of an archive becomes a path.
//! - It belongs to who runs the program alone, and is gone when the job is.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::JoinHandle};

/// How many pieces wait for the disk at most.
const WAITING_PIECES: usize = 4;

/// A folder that is removed with what is in it.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one; its name is nobody else's.
    pub fn new(inside: &Path, name: &str) -> io::Result<Self> {
        let path = inside.join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// The place of a file that the program names.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes bytes into a file as they arrive, on a thread that may wait for the disk, and sums them up.
#[derive(Debug)]
pub struct Sink {
    pieces: mpsc::Sender<Bytes>,
    writer: JoinHandle<io::Result<String>>,
}

impl Sink {
    pub fn new(path: PathBuf) -> Self {
        let (pieces, mut arriving) = mpsc::channel::<Bytes>(WAITING_PIECES);
        let writer = tokio::task::spawn_blocking(move || {
            let (mut file, mut sum) = (File::create(path)?, Sha256::new());
            while let Some(piece) = arriving.blocking_recv() {
                sum.update(&piece);
                file.write_all(&piece)?;
            }
            file.flush()?;
            let sum = sum.finalize();
            Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect())
        });
        Self { pieces, writer }
    }

    /// Takes the next bytes. Where the disk is full, `finish` says so.
    pub async fn write(&self, piece: Bytes) {
        let _ = self.pieces.send(piece).await;
    }

    /// The SHA-256 of what was written.
    pub async fn finish(self) -> Result<String, String> {
        drop(self.pieces);
        match self.writer.await {
            Ok(written) => written.map_err(|error| format!("The work folder cannot be written to: {error}")),
            Err(error) => Err(error.to_string()),
        }
    }
}
