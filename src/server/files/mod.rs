//! Where the bytes of files are: objects in a folder, or in S3 (FILE-1). The only place that names `object_store`.
//!
//! An object is written once under an id that is never used again, read by ranges, and deleted. Which objects there are is known from
//! the database alone; nothing here is listed but for `commonhold doctor --files`.
//!
//! # Invariants
//! - Names of people's files are never part of an object's name.
//! - What [`PieceWriter::finish`] has answered for is on the disk.

mod blocking;
mod config;
#[cfg(feature = "s3")]
mod s3;
mod sum;
mod turns;
mod zip;

pub use blocking::{Failure, ObjectOutput, StoredReader};
pub use config::{StorageArgs, StoragePlace};
pub use sum::{PieceSum, RunningSum, SumState, hex};
pub use turns::Turn;
pub use zip::{Zip, ZipEntry, ZipPart};

use std::{
    collections::BTreeMap,
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path as FilesystemPath, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use object_store::{
    GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt, buffered::BufWriter, local::LocalFileSystem,
    path::Path,
};
use tokio::io::AsyncWriteExt;

use crate::domain::{
    id::{ObjectId, PersonId},
    upload::{DEFAULT_GRACE_HOURS, DEFAULT_MAX_FILE_BYTES, DEFAULT_UPLOAD_DAYS},
};

use turns::Turns;

/// How many bytes a folder is written and read by.
const FOLDER_PART_BYTES: usize = 1024 * 1024;

/// How many parts of an object are written at the same moment.
const MAX_CONCURRENT_PARTS: usize = 2;

/// How long a sender may send nothing in the middle of a body, or too little.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What storage answers when it fails.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is no such object.
    #[error("the object {0} is missing from storage")]
    Missing(ObjectId),
    /// It cannot be reached, or is full.
    #[error("storage does not answer or is full: {0}")]
    Unavailable(String),
}

/// What storage answers.
pub type Result<T> = std::result::Result<T, StorageError>;

/// What an operator says about files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileLimits {
    /// How large a file may be.
    pub max_file_bytes: i64,
    /// How many days an upload waits for its next byte.
    pub upload_days: i64,
    /// How many hours bytes are kept after their last file was deleted for good.
    pub grace_hours: i64,
    /// How long a sender may send nothing in the middle of a body, or too little.
    pub patience: Duration,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            max_file_bytes: DEFAULT_MAX_FILE_BYTES,
            upload_days: DEFAULT_UPLOAD_DAYS,
            grace_hours: DEFAULT_GRACE_HOURS,
            patience: PATIENCE,
        }
    }
}

/// The storage of every cluster. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Files(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where clusters are that have no place of their own.
    default: Place,
    clusters: BTreeMap<String, Place>,
    limits: FileLimits,
    turns: Arc<Turns>,
}

/// A folder or a bucket.
#[derive(Debug)]
struct Place {
    store: Arc<dyn ObjectStore>,
    /// Below which all objects are.
    prefix: Path,
    /// The folder, where it is one.
    folder: Option<PathBuf>,
    part_bytes: usize,
}

/// Where an object is within a place. The digits are the last of the id, which are random, so that folders fill evenly.
fn object_path(prefix: &Path, object: ObjectId) -> Path {
    let digits = object.0.simple().to_string();
    let part = |from: usize| digits.get(from..from + 2).unwrap_or_default().to_owned();
    prefix.clone().join("pieces").join(part(28)).join(part(30)).join(object.0.to_string())
}

fn unavailable(error: object_store::Error) -> StorageError {
    StorageError::Unavailable(error.to_string())
}

impl Place {
    fn folder(folder: &FilesystemPath) -> std::result::Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| {
            format!("Files cannot be stored in {}: {error}. Give a writable folder.", folder.display())
        };
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let folder = folder.canonicalize().map_err(|error| failed(&error))?;
        let store = LocalFileSystem::new_with_prefix(&folder).map_err(|error| failed(&error))?.with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            prefix: Path::default(),
            folder: Some(folder),
            part_bytes: FOLDER_PART_BYTES,
        })
    }

    fn path(&self, object: ObjectId) -> Path {
        object_path(&self.prefix, object)
    }
}

impl Files {
    /// One folder for every cluster.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub fn in_folder(folder: &FilesystemPath, limits: FileLimits) -> std::result::Result<Self, String> {
        Self::open(&StoragePlace::Folder(folder.to_owned()), &[], limits)
    }

    /// A place for each named cluster, and one for the others.
    ///
    /// # Errors
    /// A place cannot be opened, in a sentence for the operator.
    pub fn open(
        default: &StoragePlace,
        clusters: &[(String, StoragePlace)],
        limits: FileLimits,
    ) -> std::result::Result<Self, String> {
        let default = open_place(default)?;
        let clusters = clusters
            .iter()
            .map(|(cluster, place)| Ok((cluster.clone(), open_place(place)?)))
            .collect::<std::result::Result<BTreeMap<_, _>, String>>()?;
        Ok(Self(Arc::new(Inner { default, clusters, limits, turns: Arc::default() })))
    }

    /// What the operator says about files.
    pub fn limits(&self) -> FileLimits {
        self.0.limits
    }

    /// A turn to receive bytes from a person; `None` where this node receives as much as it can, or as it may from one person.
    pub fn turn(&self, person: PersonId) -> Option<Turn> {
        self.0.turns.take(person)
    }

    fn place(&self, cluster: &str) -> &Place {
        self.0.clusters.get(cluster).unwrap_or(&self.0.default)
    }

    /// Begins to write an object.
    pub fn write(&self, cluster: &str, object: ObjectId) -> PieceWriter {
        let place = self.place(cluster);
        let writer = BufWriter::with_capacity(place.store.clone(), place.path(object), place.part_bytes)
            .with_max_concurrency(MAX_CONCURRENT_PARTS);
        PieceWriter { writer }
    }

    /// A range of what objects with these sizes are together, in chunks. The first chunk is read before this returns.
    ///
    /// # Errors
    /// The first chunk cannot be read; what fails later ends the stream with an error.
    pub async fn read(
        &self,
        cluster: &str,
        pieces: &[(ObjectId, i64)],
        range: Range<i64>,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let place = self.place(cluster);
        let chunks = chunks_of(pieces, range, i64::try_from(place.part_bytes).unwrap_or(i64::MAX));
        let (store, prefix) = (place.store.clone(), place.prefix.clone());
        let mut parts = stream::iter(chunks)
            .then(move |(object, range)| {
                let (store, path) = (store.clone(), object_path(&prefix, object));
                async move { read_chunk(store.as_ref(), &path, object, range).await }
            })
            .boxed();
        Ok(match parts.next().await {
            Some(first) => stream::once(std::future::ready(Ok(first?))).chain(parts).boxed(),
            None => parts,
        })
    }

    /// All of what objects with these sizes are together.
    ///
    /// # Errors
    /// A part cannot be read.
    pub async fn read_whole(&self, cluster: &str, pieces: &[(ObjectId, i64)]) -> Result<Bytes> {
        let bytes: i64 = pieces.iter().map(|(_, bytes)| bytes).sum();
        let mut chunks = self.read(cluster, pieces, 0..bytes).await?;
        let mut whole = BytesMut::with_capacity(usize::try_from(bytes).unwrap_or(0));
        while let Some(chunk) = chunks.try_next().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// Deletes an object, and what a crash left of it. One that is not there counts as deleted.
    ///
    /// # Errors
    /// Storage does not answer.
    pub async fn delete(&self, cluster: &str, object: ObjectId) -> Result<()> {
        let place = self.place(cluster);
        let path = place.path(object);
        match place.store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(unavailable(error)),
        }
        if let Some(folder) = &place.folder {
            // What is written goes to a file of this name first.
            let unfinished = folder.join(format!("{path}#1"));
            match std::fs::remove_file(&unfinished) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StorageError::Unavailable(error.to_string()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How large an object is; `None` where there is none.
    ///
    /// # Errors
    /// Storage does not answer.
    pub async fn size(&self, cluster: &str, object: ObjectId) -> Result<Option<i64>> {
        let place = self.place(cluster);
        match place.store.head(&place.path(object)).await {
            Ok(found) => Ok(Some(i64::try_from(found.size).unwrap_or(i64::MAX))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Every object in every place, for `commonhold doctor --files` and tests; what is none of ours has no id.
    pub fn list(&self) -> BoxStream<'_, Result<Option<ObjectId>>> {
        let places = std::iter::once(&self.0.default).chain(self.0.clusters.values());
        stream::iter(places)
            .flat_map(|place| {
                let below = place.prefix.clone().join("pieces");
                place
                    .store
                    .list(Some(&below))
                    .map_err(unavailable)
                    .map_ok(|found| found.location.filename().and_then(|name| name.parse().ok()))
            })
            .boxed()
    }
}

fn open_place(place: &StoragePlace) -> std::result::Result<Place, String> {
    match place {
        StoragePlace::Folder(folder) => Place::folder(folder),
        #[cfg(feature = "s3")]
        StoragePlace::S3 { bucket, prefix } => s3::open(bucket, prefix),
        #[cfg(not(feature = "s3"))]
        StoragePlace::S3 { .. } => Err(
            "This program was built without S3. Build it with `--features s3`, or give a folder: file:///srv/files."
                .to_owned(),
        ),
    }
}

async fn read_chunk(store: &dyn ObjectStore, path: &Path, object: ObjectId, range: Range<u64>) -> Result<Bytes> {
    let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
    let failed = |error| match error {
        object_store::Error::NotFound { .. } => StorageError::Missing(object),
        error => unavailable(error),
    };
    let found = store.get_opts(path, options).await.map_err(failed)?;
    let chunk = match found.payload {
        GetResultPayload::File(file, _) => read_file(file, range.clone()).await?,
        GetResultPayload::Stream(_) => found.bytes().await.map_err(failed)?,
    };
    if chunk.len() as u64 != range.end - range.start {
        return Err(StorageError::Missing(object));
    }
    metrics::counter!("storage_read_bytes_total").increment(chunk.len() as u64);
    Ok(chunk)
}

/// A range of a file, as far as the file goes. The buffer is made here, by one of few threads: each thread that waits for the disk
/// would keep the memory of what it once made, and there are hundreds of them.
async fn read_file(file: std::fs::File, range: Range<u64>) -> Result<Bytes> {
    let failed = |error: &dyn std::fmt::Display| StorageError::Unavailable(error.to_string());
    let length = usize::try_from(range.end - range.start).map_err(|error| failed(&error))?;
    let mut buffer = vec![0; length];
    let reading = tokio::task::spawn_blocking(move || {
        let mut filled = 0;
        while filled < length {
            match file.read_at(&mut buffer[filled..], range.start + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        buffer.truncate(filled);
        Ok(Bytes::from(buffer))
    });
    reading.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
}

/// Which ranges of which objects are a range of all of them, none longer than `longest`.
fn chunks_of(pieces: &[(ObjectId, i64)], range: Range<i64>, longest: i64) -> Vec<(ObjectId, Range<u64>)> {
    let mut chunks = Vec::new();
    let mut begins = 0;
    for (object, bytes) in pieces {
        let (mut from, to) = ((range.start - begins).clamp(0, *bytes), (range.end - begins).clamp(0, *bytes));
        while from < to {
            let end = to.min(from.saturating_add(longest));
            chunks.push((*object, from.unsigned_abs()..end.unsigned_abs()));
            from = end;
        }
        begins += bytes;
    }
    chunks
}

/// An object that is being written.
#[derive(Debug)]
pub struct PieceWriter {
    writer: BufWriter,
}

impl PieceWriter {
    /// Adds bytes.
    ///
    /// # Errors
    /// Storage does not answer, or is full.
    pub async fn put(&mut self, bytes: Bytes) -> Result<()> {
        let count = bytes.len() as u64;
        self.writer.put(bytes).await.map_err(unavailable)?;
        metrics::counter!("storage_written_bytes_total").increment(count);
        Ok(())
    }

    /// Ends the object: from now on it is there, also after a power cut.
    ///
    /// # Errors
    /// Storage does not answer, or is full.
    pub async fn finish(mut self) -> Result<()> {
        self.writer.shutdown().await.map_err(|error| StorageError::Unavailable(error.to_string()))
    }

    /// Gives the object up. What is left of it is deleted with its row.
    pub async fn abort(mut self) {
        if let Err(error) = self.writer.abort().await {
            tracing::debug!(%error, "what was written of an object is left to the sweeper");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(number: u128) -> ObjectId {
        ObjectId(uuid::Uuid::from_u128(number))
    }

    fn storage() -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::in_folder(folder.path(), FileLimits::default()).expect("storage");
        (folder, files)
    }

    async fn put(files: &Files, id: ObjectId, bytes: &[u8]) {
        let mut writer = files.write("eu", id);
        for chunk in bytes.chunks(100_000) {
            writer.put(Bytes::copy_from_slice(chunk)).await.expect("written");
        }
        writer.finish().await.expect("finished");
    }

    async fn get(files: &Files, pieces: &[(ObjectId, i64)], range: Range<i64>) -> Vec<u8> {
        let stream = files.read("eu", pieces, range).await.expect("read");
        stream.try_fold(Vec::new(), |all, chunk| async move { Ok([&all[..], &chunk].concat()) }).await.expect("read")
    }

    #[test]
    fn file_1_a_range_over_several_objects_is_cut_at_their_ends() {
        let pieces = [(object(1), 10), (object(2), 5), (object(3), 10)];
        assert_eq!(chunks_of(&pieces, 0..25, 100), [(object(1), 0..10), (object(2), 0..5), (object(3), 0..10)]);
        assert_eq!(chunks_of(&pieces, 9..16, 100), [(object(1), 9..10), (object(2), 0..5), (object(3), 0..1)]);
        assert_eq!(chunks_of(&pieces, 10..15, 2), [(object(2), 0..2), (object(2), 2..4), (object(2), 4..5)]);
        assert_eq!(chunks_of(&pieces, 25..25, 2), []);
        assert_eq!(chunks_of(&[], 0..0, 2), []);
    }

    #[tokio::test]
    async fn file_1_what_was_written_is_read_by_ranges_and_deleted() {
        let (_folder, files) = storage();
        // Larger than a part, so that the object is written in several.
        let large: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[1] ^ n.to_le_bytes()[0]).collect();
        put(&files, object(1), &large).await;
        put(&files, object(2), b"small").await;
        let pieces = [(object(1), 3_000_000), (object(2), 5)];
        let whole = [&large[..], b"small"].concat();
        assert_eq!(get(&files, &pieces, 0..3_000_005).await, whole);
        assert_eq!(get(&files, &pieces, 2_999_990..3_000_003).await, whole[2_999_990..3_000_003]);
        assert_eq!(files.size("eu", object(1)).await.expect("an answer"), Some(3_000_000));
        let listed: Vec<_> = files.list().try_collect().await.expect("a list");
        assert_eq!(listed.len(), 2);
        for _ in 0..2 {
            files.delete("eu", object(1)).await.expect("deleted");
        }
        assert_eq!(files.size("eu", object(1)).await.expect("an answer"), None);
        let gone = files.read("eu", &pieces, 0..10).await.err();
        assert!(matches!(gone, Some(StorageError::Missing(id)) if id == object(1)), "{gone:?}");
    }

    /// How many files there are below a folder.
    fn count_files(folder: &FilesystemPath) -> usize {
        let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
    }

    #[tokio::test]
    async fn file_1_an_object_that_was_given_up_or_never_finished_leaves_nothing_once_it_is_deleted() {
        let (folder, files) = storage();
        let mut given_up = files.write("eu", object(1));
        given_up.put(Bytes::from(vec![7; 2_500_000])).await.expect("written");
        given_up.abort().await;
        let mut cut = files.write("eu", object(2));
        cut.put(Bytes::from(vec![7; 2_500_000])).await.expect("written");
        std::mem::forget(cut);
        for id in [object(1), object(2)] {
            files.delete("eu", id).await.expect("deleted");
        }
        assert_eq!(count_files(folder.path()), 0);
    }

    #[test]
    fn attack_38_an_object_is_called_by_its_id_alone() {
        let path = object_path(&Path::from("tenant"), object(0x1234_5678)).to_string();
        assert_eq!(path, "tenant/pieces/56/78/00000000-0000-0000-0000-000012345678");
    }
}
