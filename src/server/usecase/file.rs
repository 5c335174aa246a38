//! The files of a dataset (FILE-1, FILE-4): listing, taking, renaming, leaving out and deleting them.

use std::{collections::BTreeSet, ops::Range};

use bytes::Bytes;
use futures::stream::BoxStream;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        access::Act,
        audit::Action,
        file::{FilePath, MAX_PATH_BYTES, PathClash, Side, check_numbers, clash},
        id::{ObjectId, OrganizationId, ResourceId},
        permit::{self, Permit},
        photo::{PreviewSize, faults, typical_sharpness},
        refusal::Refusal,
        resource::DatasetStatus,
        text::FieldIssue,
        undo::{self, Inverse},
        upload::{may_change_files, may_leave_out},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result, at_field},
        files::StorageError,
        store::{
            Tx, blob,
            dataset_file::{self, FileRef, StoredFile},
            deleted_file, photo,
            resource::{self, Resource},
        },
    },
    view::{
        Page,
        file::{DatasetFiles, FileView, FileWithNeighbours},
        outcome::{FileRenamed, FilesDeleted, LeftOut},
    },
};

use super::{
    access,
    audit::{self, AuditEvent},
    pager::Pager,
    storage::check_room,
    undo_token, view_as,
    waiting::start_waiting,
};

/// How many files a page of the browser shows: rows of two to six tiles are full.
pub const PAGE_SIZE: i64 = 120;

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
    /// A person's id, to answer as that person would see it. For Owners and Managers of the organization.
    #[serde(rename = "as")]
    #[param(rename = "as")]
    pub view_as: String,
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
/// `NotFound`; `Invalid` at `side`, `limit` or `cursor`; `Forbidden` for who may not look as another.
pub async fn list(ctx: &Ctx, by: &Principal, dataset: &str, query: &FilesQuery) -> Result<Page<FileView>> {
    let dataset: ResourceId = super::subject(dataset)?;
    let by = &view_as::at_resource(ctx, by, dataset, &query.view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::View, dataset).await?;
    let limit = super::limit(query.limit)?;
    list_in(&mut tx, dataset, query, limit).await
}

/// [`list`], for whom has been found to see the dataset.
pub(super) async fn list_in(
    tx: &mut Tx,
    dataset: ResourceId,
    query: &FilesQuery,
    limit: i64,
) -> Result<Page<FileView>> {
    dataset_of(tx, dataset).await?;
    let side = match query.side.as_str() {
        "" => Side::Input,
        word => Side::parse(word).map_err(at_field("side"))?,
    };
    let pager = Pager::new(format!("{dataset} files {}", side.as_str()));
    let after = pager.read(&query.cursor)?;
    if query.query.len() > MAX_PATH_BYTES {
        // No path is that long, and SQLite takes no pattern of any length.
        return Err(Refusal::field("query", FieldIssue::TooManyBytes(MAX_PATH_BYTES)).into());
    }
    let wanted = crate::domain::file::search_key(&query.query);
    let listed = dataset_file::Listed {
        dataset,
        side,
        query: Some(wanted.as_str()).filter(|wanted| !wanted.is_empty()),
        after,
        limit: limit + 1,
    };
    let files = dataset_file::list(tx, &listed).await?;
    let files = judged(tx, dataset, files).await?;
    pager.page(files, limit, |file| (crate::domain::name::sort_key(&file.path), file.number))
}

/// A dataset, with how far it has come.
pub(super) async fn dataset_of(tx: &mut Tx, id: ResourceId) -> Result<(Resource, DatasetStatus)> {
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

/// One file with its neighbours in the list, as somebody else sees it where `view_as` says whom.
///
/// # Errors
/// `NotFound`; `Forbidden` for who may not look as another.
pub async fn page(ctx: &Ctx, by: &Principal, dataset: &str, number: &str, view_as: &str) -> Result<FileWithNeighbours> {
    let dataset: ResourceId = super::subject(dataset)?;
    let by = &view_as::at_resource(ctx, by, dataset, view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::View, dataset).await?;
    page_in(&mut tx, dataset, number).await
}

/// [`page`], for whom has been found to see the dataset.
pub(super) async fn page_in(tx: &mut Tx, dataset: ResourceId, number: &str) -> Result<FileWithNeighbours> {
    let file = judged_one(tx, dataset, number).await?;
    let sort = crate::domain::name::sort_key(&file.path);
    let (previous, next) = dataset_file::find_neighbours(tx, dataset, file.side, &sort, file.number).await?;
    Ok(FileWithNeighbours { file, previous, next })
}

/// What a dataset holds, for who may see it. Its `overview` says when its photos were taken, which takes a look at each.
pub(crate) async fn summary(tx: &mut Tx, dataset: ResourceId, overview: bool) -> Result<DatasetFiles> {
    let (found, status) = dataset_of(tx, dataset).await?;
    let (files, bytes) = found.dataset.as_ref().map_or((0, 0), |facts| (facts.files, facts.bytes));
    let held = may_change_files(Side::Input, status, found.live_jobs).is_err();
    // Without files the bytes are what somebody typed.
    if files == 0 {
        return Ok(DatasetFiles { held, ..DatasetFiles::default() });
    }
    let (outputs, output_bytes) = dataset_file::count_outputs(tx, dataset).await?;
    let taken = if overview { photo::find_span(tx, dataset).await? } else { None };
    Ok(DatasetFiles {
        inputs: files - outputs,
        input_bytes: bytes - output_bytes,
        outputs,
        output_bytes,
        jobs: 0,
        held,
        taken,
    })
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
    content_in(&mut tx, dataset, number).await
}

/// [`content`], for whom has been found to be allowed to take it.
pub(super) async fn content_in(tx: &mut Tx, dataset: ResourceId, number: &str) -> Result<FileContent> {
    let found = file_of(tx, dataset, number).await?;
    let pieces = blob::list_pieces(tx, found.blob).await?;
    Ok(FileContent { file: found.file, cluster: found.cluster, pieces })
}

/// The bytes of an input of a job (JOB-6): whether its engine may have them was asked before.
pub(super) async fn input_content(tx: &mut Tx, dataset: ResourceId, number: &str) -> Result<FileContent> {
    let found = file_of(tx, dataset, number).await?;
    if found.file.side != Side::Input || found.file.left_out {
        return Err(Refusal::NotFound.into());
    }
    let pieces = blob::list_pieces(tx, found.blob).await?;
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
    /// A range of its bytes. The first of them are read before this returns.
    ///
    /// # Errors
    /// `Unavailable` where storage does not answer; `Internal` where it is missing.
    pub async fn read(
        &self,
        ctx: &Ctx,
        range: Range<i64>,
    ) -> Result<BoxStream<'static, std::result::Result<Bytes, StorageError>>> {
        Ok(ctx.files()?.read(&self.cluster, &[(self.object, self.bytes)], range).await?)
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
    preview_in(&mut tx, dataset, number, size).await
}

/// [`preview`], for whom has been found to see the dataset.
pub(super) async fn preview_in(tx: &mut Tx, dataset: ResourceId, number: &str, size: &str) -> Result<Preview> {
    let size = match size {
        "" => PreviewSize::default(),
        size => PreviewSize::parse(size).map_err(at_field("size"))?,
    };
    let stored = file_of(tx, dataset, number).await?;
    let (object, bytes) = photo::find_preview(tx, stored.blob, size).await?.ok_or(Refusal::NotFound)?;
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
    Ok(changed(ctx, by, dataset, number, form).await?.1)
}

/// [`change`] of the path, with a token to take it back.
///
/// # Errors
/// See [`change`].
pub async fn rename_with_undo(
    ctx: &Ctx,
    by: &Principal,
    dataset: &str,
    number: &str,
    path: &str,
) -> Result<FileRenamed> {
    let dataset: ResourceId = super::subject(dataset)?;
    let form = FileForm { path: Some(path.to_owned()), left_out: None };
    let (before, after) = changed(ctx, by, dataset, number, &form).await?;
    let (from, to) = (after.path.clone(), before.path);
    let undo = if from == to {
        None
    } else {
        undo_token::issue(ctx, by, Inverse::RenameFile { dataset, number: after.number, from, to }).await
    };
    Ok(FileRenamed { path: after.path, undo })
}

/// What is in the way of a path that no file has, if anything: a file and a folder never have one name (FILE-1).
pub(super) async fn find_clash(
    tx: &mut Tx,
    dataset: ResourceId,
    side: Side,
    path: &FilePath,
) -> Result<Option<PathClash>> {
    let files = dataset_file::list_by_keys(tx, dataset, side, &path.folder_keys()).await?;
    let folders = dataset_file::list_folder_keys(tx, dataset, side, &[path.key()]).await?;
    Ok(clash(path, |key| files.contains_key(key), |key| folders.contains(key)))
}

/// Refuses a path that a file has just got. Asked afterwards, because what the file was called before is in nobody's way.
async fn check_clash(tx: &mut Tx, dataset: ResourceId, side: Side, path: &FilePath) -> Result<()> {
    match find_clash(tx, dataset, side, path).await? {
        Some(clash) => Err(Refusal::FileConflict(clash.to_string()).into()),
        None => Ok(()),
    }
}

/// A file before a change, without what is wrong with it, and after.
async fn changed(
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    number: &str,
    form: &FileForm,
) -> Result<(FileView, FileView)> {
    let path = form.path.as_deref().map(FilePath::parse).transpose().map_err(|problem| Refusal::field("path", problem));
    let changed = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let (permit, found, status) = changeable(tx, by, dataset, false).await?;
                let before = file_of(tx, dataset, number).await?.file;
                let path = path.clone()?;
                if let Some(path) = path.as_ref().filter(|path| path.as_str() != before.path) {
                    // Engines know images by their paths.
                    may_change_files(before.side, status, found.live_jobs)?;
                    dataset_file::update_path(tx, &permit, before.number, path, ctx.now()).await?;
                    check_clash(tx, dataset, before.side, path).await?;
                }
                if let Some(left_out) = form.left_out.filter(|left_out| *left_out != before.left_out) {
                    may_leave_out(before.side)?;
                    may_change_files(before.side, status, found.live_jobs)?;
                    dataset_file::update_left_out(tx, &permit, &[before.number], left_out, ctx.now()).await?;
                    start_if_waiting(tx, ctx, &found, status).await?;
                }
                let after = judged_one(tx, dataset, number).await?;
                record_change(tx, ctx, by, &permit, &found, (&before, &after)).await?;
                Ok((before, after))
            })
        })
        .await;
    match changed {
        Err(error) if Error::is_taken(&error) => {
            Err(Refusal::FileConflict("Another file has this path. Choose another one.".to_owned()).into())
        }
        changed => changed,
    }
}

/// Gives a file its old path back, in the middle of a change (DRIVE-4).
///
/// # Errors
/// As [`change`]; `Conflict` if its path has been changed since; `Taken` if another file has the old one.
pub(crate) async fn rename_back_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    number: i64,
    (from, to): (&str, &str),
) -> Result<()> {
    let (permit, found, status) = changeable(tx, by, dataset, false).await?;
    let before = file_of(tx, dataset, &number.to_string()).await?.file;
    if before.path != from {
        return Err(Refusal::Conflict.into());
    }
    may_change_files(before.side, status, found.live_jobs)?;
    let path = FilePath::parse(to).map_err(at_field("path"))?;
    dataset_file::update_path(tx, &permit, number, &path, ctx.now()).await?;
    check_clash(tx, dataset, before.side, &path).await?;
    let after = FileView { path: path.to_string(), ..before.clone() };
    record_change(tx, ctx, by, &permit, &found, (&before, &after)).await
}

/// Records what was changed about a file, if anything was.
async fn record_change(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    permit: &Permit,
    found: &Resource,
    (before, after): (&FileView, &FileView),
) -> Result<()> {
    // What is wrong with a photo is no change of the file.
    if (&after.path, after.left_out) == (&before.path, before.left_out) {
        return Ok(());
    }
    let told = |file: &FileView| serde_json::json!({ "resource": found.id, "number": file.number, "path": file.path, "left_out": file.left_out });
    let summary = match (after.left_out, before.left_out) {
        (true, false) => format!("left “{}” of “{}” out", after.path, found.name),
        (false, true) => format!("took “{}” of “{}” in again", after.path, found.name),
        _ => format!("renamed “{}” of “{}” to “{}”", before.path, found.name, after.path),
    };
    let event = AuditEvent {
        organization: Some(permit.organization()),
        before: Some(told(before)),
        after: Some(told(after)),
        resources: vec![found.id],
        ..AuditEvent::new(Action::FilesChanged, summary)
    };
    audit::record(tx, ctx, by, event).await
}

/// Leaves files out of what is processed and counted, or takes them in again; all of them or none (FILE-1).
///
/// # Errors
/// `Invalid` at `numbers`; `NotFound` if one is not there; `Forbidden`; `InputsHeld`.
pub async fn leave_out(ctx: &Ctx, by: &Principal, dataset: &str, numbers: &[i64], left_out: bool) -> Result<LeftOut> {
    let dataset: ResourceId = super::subject(dataset)?;
    let checked = check_numbers(numbers);
    let changed = ctx
        .db()
        .write(|tx, _| Box::pin(async { leave_out_in(tx, ctx, by, dataset, checked.clone(), left_out).await }))
        .await?;
    let numbers: Vec<i64> = changed.iter().map(|file| file.number).collect();
    let undo = if numbers.is_empty() {
        None
    } else {
        undo_token::issue(ctx, by, Inverse::LeaveOut { dataset, numbers, left_out: !left_out }).await
    };
    Ok(LeftOut { files: changed.into_iter().map(|file| file.path).collect(), left_out, undo })
}

/// [`leave_out`], in the middle of a change: the files that were not so before.
pub(crate) async fn leave_out_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    numbers: std::result::Result<Vec<i64>, Refusal>,
    left_out: bool,
) -> Result<Vec<FileRef>> {
    let (permit, found, status) = changeable(tx, by, dataset, false).await?;
    let mut files = files_of(tx, dataset, &numbers?).await?;
    for file in &files {
        may_change_files(file.side, status, found.live_jobs)?;
    }
    files.retain(|file| file.left_out != left_out);
    if files.is_empty() {
        return Ok(files);
    }
    let changed: Vec<i64> = files.iter().map(|file| file.number).collect();
    dataset_file::update_left_out(tx, &permit, &changed, left_out, ctx.now()).await?;
    start_if_waiting(tx, ctx, &found, status).await?;
    let (what, first) = named(&files);
    let summary = if left_out {
        format!("left {what} of “{}” out", found.name)
    } else {
        format!("took {what} of “{}” in again", found.name)
    };
    let told = |left_out: bool| serde_json::json!({ "resource": dataset, "files": files.len(), "first": first, "left_out": left_out });
    let event = AuditEvent {
        organization: Some(permit.organization()),
        before: Some(told(!left_out)),
        after: Some(told(left_out)),
        resources: vec![dataset],
        ..AuditEvent::new(Action::FilesChanged, summary)
    };
    audit::record(tx, ctx, by, event).await?;
    Ok(files)
}

/// Every one of these files.
async fn files_of(tx: &mut Tx, dataset: ResourceId, numbers: &[i64]) -> Result<Vec<FileRef>> {
    let files = dataset_file::list_by_numbers(tx, dataset, numbers).await?;
    if files.len() == numbers.len() { Ok(files) } else { Err(Refusal::NotFound.into()) }
}

/// Files in the words of the audit log, and the paths of the first ones.
fn named(files: &[FileRef]) -> (String, Vec<String>) {
    let what = match files {
        [one] => format!("“{}”", one.path),
        several => format!("{} files", several.len()),
    };
    (what, files.iter().take(MAX_NAMED_FILES).map(|file| file.path.clone()).collect())
}

/// Deletes files, with a token to take it back; all of them or none. What nobody brings back within a day is gone, and its bytes are
/// freed (FILE-6).
///
/// # Errors
/// `Invalid` at `numbers`; `NotFound` if one is not there; `Forbidden` (POL-1); `InputsHeld`.
pub async fn delete(ctx: &Ctx, by: &Principal, dataset: &str, numbers: &[i64]) -> Result<FilesDeleted> {
    let dataset: ResourceId = super::subject(dataset)?;
    let checked = check_numbers(numbers);
    let deleted: Result<(OrganizationId, Vec<FileRef>)> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let (permit, found, status) = changeable(tx, by, dataset, true).await?;
                let numbers = checked.clone()?;
                let files = files_of(tx, dataset, &numbers).await?;
                for file in &files {
                    may_change_files(file.side, status, found.live_jobs)?;
                }
                deleted_file::insert(tx, &permit, &numbers, ctx.now()).await?;
                dataset_file::delete(tx, &permit, &numbers, ctx.now()).await?;
                start_if_waiting(tx, ctx, &found, status).await?;
                let (what, first) = named(&files);
                let event = AuditEvent {
                    organization: Some(permit.organization()),
                    before: Some(serde_json::json!({ "resource": dataset, "files": files.len(), "first": first })),
                    resources: vec![dataset],
                    ..AuditEvent::new(Action::FilesDeleted, format!("deleted {what} of “{}”", found.name))
                };
                audit::record(tx, ctx, by, event).await?;
                Ok((permit.organization(), files))
            })
        })
        .await;
    let (organization, files) = deleted?;
    let numbers = files.iter().map(|file| file.number).collect();
    let undo = undo_token::issue(ctx, by, Inverse::RestoreFiles { dataset, organization, numbers }).await;
    Ok(FilesDeleted { files: files.into_iter().map(|file| file.path).collect(), undo })
}

/// Brings files back that were deleted, in the middle of a change (DRIVE-4): all of them or none. Their paths.
///
/// # Errors
/// As [`change`]; `BadRequest` if they are gone; `Conflict` if the dataset was transferred; `FileConflict` where something else has a
/// path by now; `QuotaExceeded`.
pub(crate) async fn restore_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    organization: OrganizationId,
    numbers: &[i64],
) -> Result<Vec<String>> {
    let (permit, found, status) = changeable(tx, by, dataset, false).await?;
    let files = deleted_file::list_by_numbers(tx, dataset, numbers).await?;
    if files.is_empty() || files.len() != numbers.len() {
        return Err(undo::gone().into());
    }
    let cluster = found.dataset.as_ref().map(|facts| facts.cluster.as_str()).unwrap_or_default();
    if permit.organization() != organization || files.iter().any(|file| file.cluster != cluster) {
        return Err(Refusal::Conflict.into());
    }
    for side in Side::ALL {
        let wanted: Vec<FilePath> = files
            .iter()
            .filter(|file| file.side == side)
            .map(|file| FilePath::parse(&file.path).map_err(at_field("path")))
            .collect::<std::result::Result<_, _>>()?;
        if !wanted.is_empty() {
            may_change_files(side, status, found.live_jobs)?;
            check_paths(tx, dataset, side, &wanted).await?;
        }
    }
    let bytes = files.iter().map(|file| file.bytes).sum();
    check_room(tx, Some(by.who()), organization, 0, bytes).await?;
    deleted_file::restore(tx, &permit, &files).await?;
    let inputs = files.iter().any(|file| file.side == Side::Input);
    dataset_file::recount_restored(tx, &permit, inputs, ctx.now()).await?;
    start_if_waiting(tx, ctx, &found, status).await?;
    let restored: Vec<FileRef> = dataset_file::list_by_numbers(tx, dataset, numbers).await?;
    let (what, first) = named(&restored);
    let event = AuditEvent {
        organization: Some(organization),
        after: Some(serde_json::json!({ "resource": dataset, "files": restored.len(), "first": first })),
        resources: vec![dataset],
        ..AuditEvent::new(Action::FilesRestored, format!("brought {what} of “{}” back", found.name))
    };
    audit::record(tx, ctx, by, event).await?;
    Ok(restored.into_iter().map(|file| file.path).collect())
}

/// Refuses paths of files that are to come back where something else has one by now.
async fn check_paths(tx: &mut Tx, dataset: ResourceId, side: Side, wanted: &[FilePath]) -> Result<()> {
    let keys: Vec<String> = wanted.iter().map(FilePath::key).collect();
    let around: BTreeSet<String> = wanted.iter().flat_map(FilePath::folder_keys).chain(keys.iter().cloned()).collect();
    let around: Vec<String> = around.into_iter().collect();
    let there = dataset_file::list_by_keys(tx, dataset, side, &around).await?;
    let folders = dataset_file::list_folder_keys(tx, dataset, side, &keys).await?;
    for path in wanted {
        if there.contains_key(&path.key()) {
            let text = format!("Another file is called “{path}” by now. Rename or delete it first, and undo then.");
            return Err(Refusal::FileConflict(text).into());
        }
        if let Some(clash) = clash(path, |key| there.contains_key(key), |key| folders.contains(key)) {
            return Err(Refusal::FileConflict(clash.to_string()).into());
        }
    }
    Ok(())
}

/// How many paths an entry of the audit log names at most.
const MAX_NAMED_FILES: usize = 100;
