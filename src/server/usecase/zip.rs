//! Several files at once, as a ZIP that can be resumed: chosen ones, a dataset's, or those of all datasets in a folder (FILE-4).

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    future::ready,
    stream::{self, BoxStream},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::{
    domain::{
        access::Act,
        file::{Side, parse_numbers},
        id::{BlobId, ObjectId, ResourceId},
        refusal::Refusal,
        resource::Kind,
        restriction::Restriction,
        zip::{
            MAX_ZIP_FILES, MAX_ZIP_OBJECTS, Zipped, folder_names, nothing_there, paths_in_zip, restricted_inside,
            too_much,
        },
    },
    server::{
        context::{Ctx, Principal},
        error::{Result, at_field},
        files::{Files, StorageError, Zip, ZipEntry, ZipPart, hex},
        store::{
            Tx, blob,
            dataset_file::{self, TakenFile},
            resource,
            subtree::{self, Below},
        },
    },
};

use super::access;

/// Which files of a dataset are in its ZIP.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ZipQuery {
    /// `input` (Images), `output` (Results), or `all`. Default: `all`.
    pub side: String,
    /// Only the files with these numbers: `1-50,60`.
    pub numbers: String,
}

/// Files as one ZIP. Its bytes follow from the names and contents of the files, so that a download goes on where it was cut.
#[derive(Debug, Clone)]
pub struct ZipContent {
    /// What it is called, without its ending.
    pub name: String,
    /// A digest of what is in it: the same means the same bytes.
    pub tag: String,
    zip: Arc<Zip>,
    contents: Arc<Vec<StoredContent>>,
}

/// Where the bytes of a file are.
#[derive(Debug)]
struct StoredContent {
    cluster: String,
    pieces: Vec<(ObjectId, i64)>,
}

impl ZipContent {
    /// How long it is.
    pub fn bytes(&self) -> i64 {
        i64::try_from(self.zip.bytes()).unwrap_or(i64::MAX)
    }

    /// A range of its bytes. The first bytes of the first file in it are read before this returns.
    ///
    /// # Errors
    /// `Unavailable` where storage does not answer; `Internal` where an object is missing.
    pub async fn read(
        &self,
        ctx: &Ctx,
        range: Range<i64>,
    ) -> Result<BoxStream<'static, std::result::Result<Bytes, StorageError>>> {
        let files = ctx.files()?.clone();
        let range = range.start.max(0).unsigned_abs()..range.end.max(0).unsigned_abs();
        let mut parts = self.zip.parts(range).into_iter();
        let mut begin = stream::empty().boxed();
        for part in parts.by_ref() {
            let is_content = matches!(part, ZipPart::Content { .. });
            begin = begin.chain(open(&files, &self.contents, part).await?).boxed();
            if is_content {
                break;
            }
        }
        let contents = self.contents.clone();
        let rest = stream::iter(parts)
            .then(move |part| {
                let (files, contents) = (files.clone(), contents.clone());
                async move { open(&files, &contents, part).await }
            })
            .try_flatten();
        Ok(begin.chain(rest).boxed())
    }
}

/// The bytes of a part of a ZIP.
async fn open(
    files: &Files,
    contents: &[StoredContent],
    part: ZipPart,
) -> std::result::Result<BoxStream<'static, std::result::Result<Bytes, StorageError>>, StorageError> {
    match part {
        ZipPart::Bytes(bytes) => Ok(stream::once(ready(Ok(bytes))).boxed()),
        ZipPart::Content { entry, range } => match contents.get(entry) {
            Some(content) => {
                let range = range.start.cast_signed()..range.end.cast_signed();
                files.read(&content.cluster, &content.pieces, range).await
            }
            None => Ok(stream::empty().boxed()),
        },
    }
}

/// The files of a dataset, or some of them, as a ZIP.
///
/// # Errors
/// `NotFound`, also for a number that no file has; `Forbidden` where downloading is restricted; `Invalid` at `side` or `numbers`;
/// `BadRequest` for nothing and for more than a ZIP holds.
pub async fn dataset(ctx: &Ctx, by: &Principal, id: &str, query: &ZipQuery) -> Result<ZipContent> {
    let id: ResourceId = super::subject(id)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::Download, id).await?;
    dataset_in(&mut tx, id, query).await
}

/// [`dataset`], for whom has been found to be allowed to take it.
pub(super) async fn dataset_in(tx: &mut Tx, id: ResourceId, query: &ZipQuery) -> Result<ZipContent> {
    let found = resource::find(tx, id).await?.filter(|found| found.kind == Kind::Dataset);
    let found = found.ok_or(Refusal::NotFound)?;
    let side = match query.side.as_str() {
        "" | "all" => None,
        word => Some(Side::parse(word).map_err(at_field("side"))?),
    };
    let numbers = match query.numbers.as_str() {
        "" => None,
        text => Some(parse_numbers(text)?),
    };
    let files = match &numbers {
        Some(numbers) => {
            let mut files = dataset_file::list_chosen(tx, id, numbers).await?;
            files.retain(|file| side.is_none_or(|side| file.side == side));
            if files.len() != numbers.len() {
                return Err(Refusal::NotFound.into());
            }
            files
        }
        None => dataset_file::list_all(tx, &[id], side, at_most_files()).await?,
    };
    if files.len() > MAX_ZIP_FILES {
        return Err(too_much().into());
    }
    zip_of(tx, found.name, &BTreeMap::from([(id, String::new())]), files).await
}

/// The files of all datasets below a container as a ZIP, in folders as they are in the Drive.
///
/// # Errors
/// `NotFound`; `Forbidden` where downloading is restricted, also of anything inside; `BadRequest` for nothing and for more than a
/// ZIP holds.
pub async fn folder(ctx: &Ctx, by: &Principal, id: &str) -> Result<ZipContent> {
    let id: ResourceId = super::subject(id)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::Download, id).await?;
    let found = resource::find(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
    if let Some(inside) = subtree::list_restricted(&mut tx, &[id], Restriction::Download, 1).await?.first() {
        return Err(restricted_inside(&inside.name).into());
    }
    let below = subtree::list_below(&mut tx, id, at_most_files()).await?;
    if below.len() > MAX_ZIP_FILES {
        return Err(too_much().into());
    }
    let folders = folders(id, &below);
    let datasets: Vec<ResourceId> =
        below.iter().filter(|below| below.kind == Kind::Dataset).map(|below| below.id).collect();
    let files = dataset_file::list_all(&mut tx, &datasets, None, at_most_files()).await?;
    if files.len() > MAX_ZIP_FILES {
        return Err(too_much().into());
    }
    let name = if found.kind == Kind::Root { Kind::Root.label().to_owned() } else { found.name };
    zip_of(&mut tx, name, &folders, files).await
}

/// One more than a ZIP holds, so that more is noticed.
fn at_most_files() -> i64 {
    i64::try_from(MAX_ZIP_FILES).unwrap_or(i64::MAX).saturating_add(1)
}

/// Where each resource below a container is in the ZIP: "", "Dams/", "Dams/Week 46/".
fn folders(top: ResourceId, below: &[Below]) -> BTreeMap<ResourceId, String> {
    let mut children: BTreeMap<ResourceId, Vec<&Below>> = BTreeMap::new();
    for one in below {
        if let Some(parent) = one.parent_id.filter(|_| one.id != top) {
            children.entry(parent).or_default().push(one);
        }
    }
    let mut folders = BTreeMap::from([(top, String::new())]);
    let mut waiting = vec![top];
    while let Some(container) = waiting.pop() {
        let mut inside = children.remove(&container).unwrap_or_default();
        inside.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        let around = folders.get(&container).cloned().unwrap_or_default();
        let names = folder_names(inside.iter().map(|one| one.name.as_str()));
        for (one, name) in inside.iter().zip(names) {
            folders.insert(one.id, format!("{around}{name}/"));
            waiting.push(one.id);
        }
    }
    folders
}

/// A ZIP of files; `folders` says where the files of each dataset go.
async fn zip_of(
    tx: &mut Tx,
    name: String,
    folders: &BTreeMap<ResourceId, String>,
    files: Vec<TakenFile>,
) -> Result<ZipContent> {
    let has = |side: Side| -> BTreeSet<ResourceId> {
        files.iter().filter(|file| file.side == side).map(|file| file.dataset_id).collect()
    };
    let both: BTreeSet<ResourceId> = has(Side::Input).intersection(&has(Side::Output)).copied().collect();
    let mut files: Vec<(&str, TakenFile)> = files
        .into_iter()
        .filter_map(|file| folders.get(&file.dataset_id).map(|folder| (folder.as_str(), file)))
        .collect();
    files.sort_unstable_by(|(a_folder, a), (b_folder, b)| {
        (a_folder, a.dataset_id, a.side, &a.path_sort, a.number).cmp(&(
            b_folder,
            b.dataset_id,
            b.side,
            &b.path_sort,
            b.number,
        ))
    });
    if files.is_empty() {
        return Err(nothing_there().into());
    }
    let blobs: BTreeSet<BlobId> = files.iter().map(|(_, file)| file.blob_id).collect();
    let blobs: Vec<BlobId> = blobs.into_iter().collect();
    let limit = i64::try_from(MAX_ZIP_OBJECTS).unwrap_or(i64::MAX).saturating_add(1);
    let pieces = blob::list_pieces_of(tx, &blobs, limit).await?;
    let mut digest = Sha256::new();
    let (mut entries, mut contents, mut objects) =
        (Vec::with_capacity(files.len()), Vec::with_capacity(files.len()), 0);
    let zipped: Vec<Zipped<'_>> = files
        .iter()
        .map(|(folder, file)| {
            let both = both.contains(&file.dataset_id);
            Zipped { folder, both, side: file.side, path: &file.path }
        })
        .collect();
    let written = paths_in_zip(&zipped);
    for ((_, file), path) in files.into_iter().zip(written) {
        let pieces = pieces.get(&file.blob_id).cloned().unwrap_or_default();
        objects += pieces.len();
        if objects > MAX_ZIP_OBJECTS {
            return Err(too_much().into());
        }
        // No part has a line break in it, so the same lines are the same files.
        digest.update(format!("{path}\n{}\n{}\n", file.sha256, file.modified_at.0));
        entries.push(ZipEntry {
            name: path,
            bytes: u64::try_from(file.bytes).unwrap_or_default(),
            crc32: u32::try_from(file.crc32).unwrap_or_default(),
            modified_at: file.modified_at,
        });
        contents.push(StoredContent { cluster: file.cluster, pieces });
    }
    let tag = hex(&digest.finalize());
    Ok(ZipContent { name, tag, zip: Arc::new(Zip::new(entries)), contents: Arc::new(contents) })
}
