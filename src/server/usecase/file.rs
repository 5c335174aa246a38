//! The files of a dataset (FILE-1, FILE-4): listing, taking, renaming, leaving out and deleting them.

use std::ops::Range;

use bytes::Bytes;
use futures::stream::BoxStream;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        access::Act,
        audit::Action,
        file::{FilePath, MAX_DELETED_FILES, Side},
        id::{ObjectId, ResourceId},
        permit::{self, Permit},
        photo::{PreviewSize, faults, typical_sharpness},
        refusal::Refusal,
        resource::DatasetStatus,
        text::FieldIssue,
        upload::may_change_files,
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result, at_field},
        files::StorageError,
        store::{
            Tx, blob,
            dataset_file::{self, StoredFile},
            photo,
            resource::{self, Resource},
        },
    },
    view::{Page, file::FileView},
};

use super::{
    access,
    audit::{self, AuditEvent},
    dataset::start_waiting,
    pager::Pager,
};

/// Which files of a dataset are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct FilesQuery {
    /// `input` (the default) or `output`.
    pub side: String,
    /// Only files with this in their path.
    pub query: String,
    /// Where the page starts: `next_cursor` of the one before.
    pub cursor: String,
    /// 1 to 200. Default: 50.
    pub limit: Option<i64>,
}

/// What is to be changed about a file; what is not given stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FileForm {
    /// Another path.
    pub path: Option<String>,
    /// Whether it is left out of what is processed and counted.
    pub left_out: Option<bool>,
}

/// The files of one place of a dataset, in the order of their paths.
///
/// # Errors
/// `NotFound`; `Invalid` at `side`, `limit` or `cursor`.
pub async fn list(ctx: &Ctx, by: &Principal, dataset: &str, query: &FilesQuery) -> Result<Page<FileView>> {
    let dataset: ResourceId = super::subject(dataset)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::View, dataset).await?;
    dataset_of(&mut tx, dataset).await?;
    let limit = super::limit(query.limit)?;
    let side = match query.side.as_str() {
        "" => Side::Input,
        word => Side::parse(word).map_err(at_field("side"))?,
    };
    let pager = Pager::new(format!("{dataset} files {}", side.as_str()));
    let after = pager.read(&query.cursor)?;
    let wanted = crate::domain::file::search_key(&query.query);
    let listed = dataset_file::Listed {
        dataset,
        side,
        query: Some(wanted.as_str()).filter(|wanted| !wanted.is_empty()),
        after,
        limit: limit + 1,
    };
    let files = dataset_file::list(&mut tx, &listed).await?;
    let files = judged(&mut tx, dataset, files).await?;
    pager.page(files, limit, |file| (crate::domain::name::sort_key(&file.path), file.number))
}

/// A dataset, with how far it has come.
async fn dataset_of(tx: &mut Tx, id: ResourceId) -> Result<(Resource, DatasetStatus)> {
    let found = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let status = found.dataset.as_ref().map(|facts| facts.status).ok_or(Refusal::NotFound)?;
    Ok((found, status))
}

async fn file_of(tx: &mut Tx, dataset: ResourceId, number: &str) -> Result<StoredFile> {
    let number: i64 = number.parse().map_err(|_| Refusal::NotFound)?;
    Ok(dataset_file::find(tx, dataset, number).await?.ok_or(Refusal::NotFound)?)
}

/// Files with what is wrong with the photos among them, compared with the others of their dataset (FILE-5).
async fn judged(tx: &mut Tx, dataset: ResourceId, files: Vec<StoredFile>) -> Result<Vec<FileView>> {
    let typical = if files.iter().any(|file| file.sharpness.is_some()) {
        typical_sharpness(photo::list_sharpness(tx, dataset).await?)
    } else {
        None
    };
    let judge = |stored: StoredFile| {
        let mut file = stored.file;
        if let (Some(photo), Some(sharpness), Some(luminance)) = (&mut file.photo, stored.sharpness, &stored.luminance)
        {
            photo.faults = faults(photo.facts.position, luminance, sharpness, typical);
        }
        file
    };
    Ok(files.into_iter().map(judge).collect())
}

/// One file with what is wrong with it.
async fn judged_one(tx: &mut Tx, dataset: ResourceId, number: &str) -> Result<FileView> {
    let stored = file_of(tx, dataset, number).await?;
    Ok(judged(tx, dataset, vec![stored]).await?.pop().ok_or(Refusal::NotFound)?)
}

/// One file.
///
/// # Errors
/// `NotFound`.
pub async fn show(ctx: &Ctx, by: &Principal, dataset: &str, number: &str) -> Result<FileView> {
    let dataset: ResourceId = super::subject(dataset)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::View, dataset).await?;
    judged_one(&mut tx, dataset, number).await
}

/// A file whose bytes somebody may take.
#[derive(Debug, Clone)]
pub struct FileContent {
    pub file: FileView,
    cluster: String,
    pieces: Vec<(ObjectId, i64)>,
}

impl FileContent {
    /// A range of its bytes. The first of them are read before this returns.
    ///
    /// # Errors
    /// `Unavailable` where storage does not answer; `Internal` where an object is missing.
    pub async fn read(
        &self,
        ctx: &Ctx,
        range: Range<i64>,
    ) -> Result<BoxStream<'static, std::result::Result<Bytes, StorageError>>> {
        Ok(ctx.files()?.read(&self.cluster, &self.pieces, range).await?)
    }
}

/// The bytes of a file, for who may download it (FILE-4, POL-1).
///
/// # Errors
/// `NotFound`; `Forbidden` where downloading is restricted.
pub async fn content(ctx: &Ctx, by: &Principal, dataset: &str, number: &str) -> Result<FileContent> {
    let dataset: ResourceId = super::subject(dataset)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::Download, dataset).await?;
    let found = file_of(&mut tx, dataset, number).await?;
    let pieces = blob::list_pieces(&mut tx, found.blob).await?;
    Ok(FileContent { file: found.file, cluster: found.cluster, pieces })
}

/// A preview of a photo: a JPEG that the server encoded.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Where it is. No other preview has it, ever.
    pub object: ObjectId,
    pub bytes: i64,
    cluster: String,
}

impl Preview {
    /// Its bytes. The first of them are read before this returns.
    ///
    /// # Errors
    /// `Unavailable` where storage does not answer; `Internal` where it is missing.
    pub async fn read(&self, ctx: &Ctx) -> Result<BoxStream<'static, std::result::Result<Bytes, StorageError>>> {
        Ok(ctx.files()?.read(&self.cluster, &[(self.object, self.bytes)], 0..self.bytes).await?)
    }
}

/// A preview of a photo, for who may see the dataset: that downloading is restricted takes no previews away (FILE-5, POL-1).
///
/// # Errors
/// `NotFound`, also while there is none; `Invalid` at `size`.
pub async fn preview(ctx: &Ctx, by: &Principal, dataset: &str, number: &str, size: &str) -> Result<Preview> {
    let dataset: ResourceId = super::subject(dataset)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::View, dataset).await?;
    let size = match size {
        "" => PreviewSize::default(),
        size => PreviewSize::parse(size).map_err(at_field("size"))?,
    };
    let stored = file_of(&mut tx, dataset, number).await?;
    let (object, bytes) = photo::find_preview(&mut tx, stored.blob, size).await?.ok_or(Refusal::NotFound)?;
    Ok(Preview { object, bytes, cluster: stored.cluster })
}

/// Leave to change the files of a dataset, and the dataset.
async fn changeable(
    tx: &mut Tx,
    by: &Principal,
    dataset: ResourceId,
    deletes: bool,
) -> Result<(Permit, Resource, DatasetStatus)> {
    let (permit, access_path) = access::permit(tx, by, Act::Process, dataset).await?;
    if deletes {
        permit::permit(by.who(), Act::Trash, &access_path.facts)?;
    }
    let (found, status) = dataset_of(tx, dataset).await?;
    Ok((permit, found, status))
}

/// What is left of a dataset may be paid for now.
async fn start_if_waiting(tx: &mut Tx, ctx: &Ctx, found: &Resource, status: DatasetStatus) -> Result<()> {
    if status == DatasetStatus::WaitingForCredits {
        start_waiting(tx, ctx, found.account).await?;
    }
    Ok(())
}

/// Renames a file, leaves it out, or takes it in again (FILE-1).
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` at `path`; `FileConflict` where another file has the path; `InputsHeld`.
pub async fn change(ctx: &Ctx, by: &Principal, dataset: &str, number: &str, form: &FileForm) -> Result<FileView> {
    let dataset: ResourceId = super::subject(dataset)?;
    let path = form.path.as_deref().map(FilePath::parse).transpose().map_err(at_field("path"));
    let path = match path {
        Ok(path) => Ok(path),
        Err(Error::Refused(refusal)) => Err(refusal),
        Err(other) => return Err(other),
    };
    let changed = ctx.db().write(|tx, _| {
        Box::pin(async {
            let (permit, found, status) = changeable(tx, by, dataset, false).await?;
            let before = judged_one(tx, dataset, number).await?;
            let path = path.clone()?;
            let now = ctx.now();
            if let Some(path) = path.as_ref().filter(|path| path.as_str() != before.path) {
                dataset_file::update_path(tx, &permit, before.number, path, now).await?;
            }
            if let Some(left_out) = form.left_out.filter(|left_out| *left_out != before.left_out) {
                may_change_files(before.side, status, found.charged_to.is_some())?;
                dataset_file::update_left_out(tx, &permit, before.number, left_out, now).await?;
                start_if_waiting(tx, ctx, &found, status).await?;
            }
            let after = judged_one(tx, dataset, number).await?;
            if (&after.path, after.left_out) != (&before.path, before.left_out) {
                let told = |file: &FileView| serde_json::json!({ "resource": dataset, "number": file.number, "path": file.path, "left_out": file.left_out });
                let summary = match (after.left_out, before.left_out) {
                    (true, false) => format!("left “{}” of “{}” out", after.path, found.name),
                    (false, true) => format!("took “{}” of “{}” in again", after.path, found.name),
                    _ => format!("renamed “{}” of “{}” to “{}”", before.path, found.name, after.path),
                };
                let event = AuditEvent {
                    organization: Some(permit.organization()),
                    before: Some(told(&before)),
                    after: Some(told(&after)),
                    resources: vec![dataset],
                    ..AuditEvent::new(Action::FilesChanged, summary)
                };
                audit::record(tx, ctx, by, event).await?;
            }
            Ok(after)
        })
    }).await;
    match changed {
        Err(error) if Error::is_taken(&error) => {
            Err(Refusal::FileConflict("Another file has this path. Choose another one.".to_owned()).into())
        }
        changed => changed,
    }
}

/// Deletes files for good; their bytes are freed after a day (FILE-6). All of them or none.
///
/// # Errors
/// `Invalid` at `numbers`; `NotFound` if one is not there; `Forbidden` (POL-1); `InputsHeld`.
pub async fn delete(ctx: &Ctx, by: &Principal, dataset: &str, numbers: &[i64]) -> Result<u64> {
    let dataset: ResourceId = super::subject(dataset)?;
    let mut unique = numbers.to_vec();
    unique.sort_unstable();
    unique.dedup();
    let wrong = match numbers.len() {
        0 => Err(Refusal::field("numbers", FieldIssue::Missing)),
        n if n > MAX_DELETED_FILES => Err(Refusal::field("numbers", FieldIssue::TooMany(MAX_DELETED_FILES))),
        _ => Ok(()),
    };
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (permit, found, status) = changeable(tx, by, dataset, true).await?;
                wrong.clone()?;
                let files = dataset_file::list_by_numbers(tx, dataset, &unique).await?;
                if files.len() != unique.len() {
                    return Err(Refusal::NotFound.into());
                }
                for file in &files {
                    may_change_files(file.side, status, found.charged_to.is_some())?;
                }
                let deleted = dataset_file::delete(tx, &permit, &unique, ctx.now()).await?;
                start_if_waiting(tx, ctx, &found, status).await?;
                let names: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
                let what = match names.as_slice() {
                    [one] => format!("“{one}”"),
                    several => format!("{} files", several.len()),
                };
                let first: Vec<&String> = names.iter().take(MAX_NAMED_FILES).collect();
                let event = AuditEvent {
                    organization: Some(permit.organization()),
                    before: Some(serde_json::json!({ "resource": dataset, "files": names.len(), "first": first })),
                    resources: vec![dataset],
                    ..AuditEvent::new(Action::FilesDeleted, format!("deleted {what} of “{}” for good", found.name))
                };
                audit::record(tx, ctx, by, event).await?;
                Ok(deleted)
            })
        })
        .await
}

/// How many paths an entry of the audit log names at most.
const MAX_NAMED_FILES: usize = 100;
