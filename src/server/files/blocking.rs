//! Stored files for code that blocks: read at any place, or written from the beginning to the end. For threads of their own, never for
//! tasks of the server.

use std::{
    collections::VecDeque,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use tokio::runtime::Handle;

use super::{Files, PieceSum, PieceWriter, Result, RunningSum};
use crate::domain::id::ObjectId;

/// How much is read at once.
const BLOCK_BYTES: i64 = 1024 * 1024;

/// How many blocks are kept.
const MAX_BLOCKS: usize = 16;

/// How much is written at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Says whether storage failed, also where somebody in between makes another error of it.
#[derive(Debug, Clone, Default)]
pub struct Failure(Arc<AtomicBool>);

impl Failure {
    fn note<T>(&self, result: Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            self.0.store(true, Ordering::SeqCst);
            io::Error::other(error)
        })
    }

    /// Whether anything failed.
    pub fn happened(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A stored file that is read at any place. A few blocks of it are in memory.
#[derive(Debug)]
pub struct StoredReader {
    files: Files,
    cluster: String,
    pieces: Vec<(ObjectId, i64)>,
    bytes: i64,
    at: i64,
    /// Blocks by their numbers, the one that was used last in front.
    blocks: VecDeque<(i64, Bytes)>,
    handle: Handle,
    failure: Failure,
    ended: Arc<AtomicBool>,
}

impl StoredReader {
    /// The file that objects with these sizes are together. It is made within the runtime of the server. Once it is to end, it reads
    /// nothing more: whoever unpacks a large piece asks nobody else.
    pub fn new(
        files: &Files,
        cluster: &str,
        pieces: &[(ObjectId, i64)],
        failure: &Failure,
        ended: &Arc<AtomicBool>,
    ) -> Self {
        Self {
            files: files.clone(),
            cluster: cluster.to_owned(),
            pieces: pieces.to_vec(),
            bytes: pieces.iter().map(|(_, bytes)| bytes).sum(),
            at: 0,
            blocks: VecDeque::new(),
            handle: Handle::current(),
            failure: failure.clone(),
            ended: ended.clone(),
        }
    }

    fn block(&mut self, number: i64) -> io::Result<Bytes> {
        if self.ended.load(Ordering::SeqCst) {
            return Err(io::Error::other("the server stops"));
        }
        if let Some(at) = self.blocks.iter().position(|(known, _)| *known == number)
            && let Some(block) = self.blocks.remove(at)
        {
            self.blocks.push_front(block.clone());
            return Ok(block.1);
        }
        let from = number * BLOCK_BYTES;
        let to = (from + BLOCK_BYTES).min(self.bytes);
        let read = self.handle.block_on(async {
            let mut chunks = self.files.read(&self.cluster, &self.pieces, from..to).await?;
            let mut block = BytesMut::new();
            while let Some(chunk) = chunks.try_next().await? {
                block.extend_from_slice(&chunk);
            }
            Ok(block.freeze())
        });
        let block = self.failure.note(read)?;
        self.blocks.truncate(MAX_BLOCKS - 1);
        self.blocks.push_front((number, block.clone()));
        Ok(block)
    }
}

impl Read for StoredReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.bytes || out.is_empty() {
            return Ok(0);
        }
        let number = self.at / BLOCK_BYTES;
        let block = self.block(number)?;
        let from = usize::try_from(self.at - number * BLOCK_BYTES).unwrap_or(usize::MAX);
        let here = block.get(from..).unwrap_or_default();
        let count = here.len().min(out.len());
        if let (Some(to), Some(here)) = (out.get_mut(..count), here.get(..count)) {
            to.copy_from_slice(here);
        }
        self.at += i64::try_from(count).unwrap_or(0);
        Ok(count)
    }
}

impl Seek for StoredReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => i64::try_from(at).ok(),
            SeekFrom::End(by) => self.bytes.checked_add(by),
            SeekFrom::Current(by) => self.at.checked_add(by),
        };
        let at = at.filter(|at| *at >= 0).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.at = at;
        Ok(at.unsigned_abs())
    }
}

/// An object that is written from the beginning to the end, and its checksums.
#[derive(Debug)]
pub struct ObjectOutput {
    writer: PieceWriter,
    sum: RunningSum,
    bytes: i64,
    buffer: BytesMut,
    handle: Handle,
    failure: Failure,
}

impl ObjectOutput {
    /// Begins to write an object. It is made within the runtime of the server.
    pub fn new(files: &Files, cluster: &str, object: ObjectId, failure: &Failure) -> Self {
        Self {
            writer: files.write(cluster, object),
            sum: RunningSum::default(),
            bytes: 0,
            buffer: BytesMut::with_capacity(CHUNK_BYTES),
            handle: Handle::current(),
            failure: failure.clone(),
        }
    }

    /// Ends the object: from now on it is there, also after a power cut. How many bytes it has, and their checksums.
    ///
    /// # Errors
    /// Storage does not answer, or is full.
    pub fn finish(mut self) -> io::Result<(i64, PieceSum)> {
        self.send()?;
        let finished = self.handle.block_on(self.writer.finish());
        self.failure.note(finished)?;
        Ok((self.bytes, self.sum.sum()))
    }

    /// Gives the object up. What is left of it is deleted with its row.
    pub fn abort(self) {
        self.handle.block_on(self.writer.abort());
    }

    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = self.buffer.split().freeze();
        self.sum.update(&chunk);
        self.bytes += i64::try_from(chunk.len()).unwrap_or(0);
        let put = self.handle.block_on(self.writer.put(chunk));
        self.failure.note(put)
    }
}

impl Write for ObjectOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::files::FileLimits;

    fn object(number: u128) -> ObjectId {
        ObjectId(uuid::Uuid::from_u128(number))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn file_1_what_blocking_code_writes_it_reads_at_any_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::in_folder(folder.path(), FileLimits::default()).expect("storage");
        let failure = Failure::default();
        let mut sizes = Vec::new();
        let whole: Vec<u8> = (0..20_000_000_u32).map(|n| n.to_le_bytes()[1] ^ n.to_le_bytes()[2]).collect();
        for (number, part) in (1..).zip(whole.chunks(7_000_001)) {
            let (mut output, part) = (ObjectOutput::new(&files, "eu", object(number), &failure), part.to_vec());
            let written = tokio::task::spawn_blocking(move || {
                output.write_all(&part).expect("written");
                output.finish().expect("finished")
            });
            let (bytes, sum) = written.await.expect("it ends");
            sizes.push((object(number), bytes));
            assert_eq!(sum.sha256.len(), 64);
        }
        let ended = Arc::new(AtomicBool::new(false));
        let mut reader = StoredReader::new(&files, "eu", &sizes, &failure, &ended);
        let mut missing = StoredReader::new(&files, "eu", &[(object(99), 5)], &failure, &ended);
        tokio::task::spawn_blocking(move || {
            for from in [0, 6_999_990, 19_999_000, 123, 14_000_000, 0] {
                reader.seek(SeekFrom::Start(from)).expect("there");
                let mut read = vec![0; 1_000];
                reader.read_exact(&mut read).expect("read");
                let from = usize::try_from(from).expect("fits");
                assert_eq!(read, whole[from..from + 1_000]);
            }
            assert!(reader.blocks.len() <= MAX_BLOCKS);
            assert_eq!(reader.seek(SeekFrom::End(-1)).expect("there"), 19_999_999);
            assert_eq!(reader.read(&mut [0; 9]).expect("read"), 1);
            assert_eq!(reader.read(&mut [0; 9]).expect("the end"), 0);
            assert!(reader.seek(SeekFrom::Current(-30_000_000)).is_err());
            assert!(reader.seek(SeekFrom::Start(u64::MAX)).is_err());
            reader.rewind().expect("there");
            ended.store(true, Ordering::SeqCst);
            assert!(reader.read(&mut [0; 9]).is_err(), "it has ended");
            ended.store(false, Ordering::SeqCst);
        })
        .await
        .expect("it ends");
        assert!(!failure.happened());
        let read = tokio::task::spawn_blocking(move || missing.read(&mut [0; 5]).is_err());
        assert!(read.await.expect("it ends") && failure.happened());
    }
}
