//! Uploads (FILE-2, FILE-3): planning them, asking how far they are, giving them up. Receiving their bytes is in [`receive`], what a
//! form sends in [`form`], and where files can be sent in [`place`].
//!
//! # Invariants
//! - Nobody but who began an upload goes on with it, and rights are checked at every request anew.
//! - A plan takes a handful of statements, however many files it names.

pub mod form;
pub mod output;
pub mod place;
pub mod receive;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{
        access::Act,
        audit::Action,
        fields::Fields,
        file::{FilePath, Side},
        id::{ResourceId, UploadId},
        job::go_on,
        licence::{allows, making},
        permit::{self, Permit},
        refusal::Refusal,
        resource::Kind,
        storage::fits,
        text::FieldIssue,
        time::Timestamp,
        upload::{
            ABANDONED_KEPT_MILLIS, Fingerprint, MAX_OPEN_UPLOADS, MAX_PLANNED_FILES, OnConflict, OpenUpload, PlanState,
            Verdict, check_size, decide, may_change_files,
        },
    },
    server::{
        context::{Ctx, JobPrincipal, Principal},
        error::{Error, Result},
        files::RunningSum,
        store::{Tx, dataset_file, licence, resource, storage, upload},
    },
    view::{
        Page,
        file::{PlannedFileView, UploadPlanView, UploadView},
        query::{PlannedFileQuery, UploadPlanQuery},
    },
};

use super::{
    access::{self, AccessPath},
    audit::{self, AuditEvent},
    pager::Pager,
};

/// Who sends the bytes of an upload.
#[derive(Debug, Clone)]
pub enum Sender {
    /// A person, or a machine in its account.
    Person(Principal),
    /// An engine, for the job that it is at (JOB-6).
    Engine(JobPrincipal),
}

/// A file that somebody wants to upload.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlannedFileForm {
    /// Its path in the dataset, like `100MEDIA/DJI_0001.JPG`.
    pub path: String,
    /// How large it is.
    pub bytes: i64,
    /// When it was changed last, like `2026-11-21T18:00:00Z`. A file of the same path, size and time counts as the same.
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub modified: String,
}

/// Files that somebody wants to upload.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlanForm {
    /// `input` (the default) or `output`.
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub side: String,
    /// `ask` (the default), `keep_both`, `replace` or `skip`: what happens where another file has the path.
    #[serde(deserialize_with = "super::null_is_empty")]
    #[schema(value_type = Option<String>)]
    pub on_conflict: String,
    /// 1 to 500 files.
    pub files: Vec<PlannedFileForm>,
}

impl From<PlannedFileQuery> for PlannedFileForm {
    fn from(PlannedFileQuery { path, bytes, modified }: PlannedFileQuery) -> Self {
        Self { path, bytes, modified }
    }
}

impl From<UploadPlanQuery> for PlanForm {
    fn from(UploadPlanQuery { on_conflict, files, .. }: UploadPlanQuery) -> Self {
        Self { side: String::new(), on_conflict, files: files.into_iter().map(Into::into).collect() }
    }
}

/// A file of a plan, read.
struct Wanted {
    /// As it was sent.
    sent: String,
    read: std::result::Result<(FilePath, String, Fingerprint), String>,
}

impl Wanted {
    fn read(form: &PlannedFileForm, max_file_bytes: i64, seen: &mut BTreeSet<String>) -> Self {
        let modified = form.modified.trim();
        let modified_at = if modified.is_empty() {
            Ok(None)
        } else {
            Timestamp::parse_rfc3339(modified).map(Some).ok_or_else(|| FieldIssue::NotAMoment.to_string())
        };
        let read = FilePath::parse(&form.path).map_err(|issue| issue.to_string()).and_then(|path| {
            let modified_at = modified_at?;
            if form.bytes < 0 {
                return Err(FieldIssue::NotInRange(0, max_file_bytes).to_string());
            }
            check_size(form.bytes, max_file_bytes).map_err(|refusal| refusal.to_string())?;
            let key = path.key();
            if !seen.insert(key.clone()) {
                return Err(FieldIssue::Duplicate.to_string());
            }
            Ok((path, key, Fingerprint { bytes: form.bytes, modified_at }))
        });
        Self { sent: form.path.clone(), read }
    }
}

/// Says for each file whether and where to send it, and begins its upload (FILE-3). Rights, licence, size and storage are checked for
/// all of them before the first byte.
///
/// # Errors
/// `Invalid` at `side`, `on_conflict` and `files`; `NotFound`, `Forbidden`; `Licence` (LIC-6); `InputsHeld`; `QuotaExceeded`;
/// `BadRequest` where too many are under way.
pub async fn plan(ctx: &Ctx, by: &Principal, dataset: &str, form: &PlanForm) -> Result<UploadPlanView> {
    let dataset: ResourceId = super::subject(dataset)?;
    let read = ReadPlan::read(ctx, form)?;
    let planned = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let place = may_upload(tx, ctx, by, dataset, read.side, read.on_conflict).await?;
                // Nobody learns from a wrong value that something is there.
                read.wrong.clone()?;
                let (items, begun) = plan_in(tx, ctx, &place, read.on_conflict, &read.wanted).await?;
                if let Some(begun) = begun {
                    note_begun(tx, ctx, by, &place, read.on_conflict, &begun).await?;
                }
                Ok(UploadPlanView { items, may_replace: place.may_replace })
            })
        })
        .await;
    planned.map_err(same_plan_twice)
}

/// The same plan came twice at the same moment.
fn same_plan_twice(error: Error) -> Error {
    if error.is_taken() { Refusal::Conflict.into() } else { error }
}

/// A plan, read.
struct ReadPlan {
    side: Side,
    on_conflict: OnConflict,
    wanted: Vec<Wanted>,
    /// What is wrong with it as a whole.
    wrong: std::result::Result<(), Refusal>,
}

impl ReadPlan {
    fn read(ctx: &Ctx, form: &PlanForm) -> Result<Self> {
        let mut fields = Fields::default();
        let side = fields.check("side", or_default(&form.side, Side::parse));
        let on_conflict = fields.check("on_conflict", or_default(&form.on_conflict, OnConflict::parse));
        fields.check(
            "files",
            match form.files.len() {
                0 => Err(FieldIssue::Missing),
                n if n > MAX_PLANNED_FILES => Err(FieldIssue::TooMany(MAX_PLANNED_FILES)),
                _ => Ok(()),
            },
        );
        let wrong = fields.done();
        let max_file_bytes = ctx.files()?.limits().max_file_bytes;
        let mut seen = BTreeSet::new();
        let wanted: Vec<Wanted> = if wrong.is_ok() {
            form.files.iter().map(|file| Wanted::read(file, max_file_bytes, &mut seen)).collect()
        } else {
            Vec::new()
        };
        Ok(Self { side: side.unwrap_or_default(), on_conflict: on_conflict.unwrap_or_default(), wanted, wrong })
    }
}

/// What a field says, or the first value where it is empty.
fn or_default<T: Default>(
    text: &str,
    parse: impl Fn(&str) -> std::result::Result<T, FieldIssue>,
) -> std::result::Result<T, FieldIssue> {
    if text.trim().is_empty() { Ok(T::default()) } else { parse(text.trim()) }
}

/// A place that files may be sent to.
struct UploadPlace {
    permit: Permit,
    name: String,
    side: Side,
    /// Whether the caller may also replace files there.
    may_replace: bool,
}

/// Leave to add files to a dataset, and to take the place of others where that is wanted.
fn rights(by: &Principal, access_path: &AccessPath, on_conflict: OnConflict) -> Result<Permit> {
    let permit = permit::permit(by.who(), Act::Create, &access_path.facts)?;
    if on_conflict == OnConflict::Replace {
        permit::permit(by.who(), Act::Process, &access_path.facts)?;
        permit::permit(by.who(), Act::Trash, &access_path.facts)?;
    }
    Ok(permit)
}

async fn may_upload(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    dataset: ResourceId,
    side: Side,
    on_conflict: OnConflict,
) -> Result<UploadPlace> {
    let access_path = access::access_path(tx, by, dataset).await?;
    let found = resource::find(tx, dataset).await?.ok_or(Refusal::NotFound)?;
    let facts = found.dataset.as_ref().ok_or(Refusal::NotFound)?;
    let permit = rights(by, &access_path, on_conflict)?;
    let container = access_path.ancestors.get(1).map_or(Kind::Root, |step| step.kind);
    let licences = licence::list_of_account(tx, found.account, ctx.now()).await?;
    allows(&licences, making(Kind::Dataset, container), ctx.now())?;
    may_change_files(side, facts.status, found.live_jobs)?;
    let may_replace = rights(by, &access_path, OnConflict::Replace).is_ok();
    Ok(UploadPlace { permit, name: found.name, side, may_replace })
}

/// What a plan begins.
struct Begun {
    files: usize,
    bytes: i64,
}

/// Carries a plan out; what it begins, if anything.
async fn plan_in(
    tx: &mut Tx,
    ctx: &Ctx,
    place: &UploadPlace,
    on_conflict: OnConflict,
    wanted: &[Wanted],
) -> Result<(Vec<PlannedFileView>, Option<Begun>)> {
    let (permit, side, now) = (&place.permit, place.side, ctx.now());
    let expires_at = now.plus_days(ctx.files()?.limits().upload_days);
    let keys: Vec<String> =
        wanted.iter().filter_map(|file| file.read.as_ref().ok()).map(|(_, key, _)| key.clone()).collect();
    let there = dataset_file::list_by_keys(tx, permit.resource(), side, &keys).await?;
    let own: BTreeMap<String, (OpenUpload, i64, Timestamp)> = upload::list_open_by_keys(tx, permit, side, &keys)
        .await?
        .into_iter()
        .map(|(key, open, received, expires_at)| (key, (open, received, expires_at)))
        .collect();
    let (mut begun, mut resumed, mut given_up) = (Vec::new(), Vec::new(), Vec::new());
    let (mut more, mut freed) = (0_i64, 0_i64);
    let mut planned = Vec::with_capacity(wanted.len());
    for file in wanted {
        let answer = |state, upload, reason| PlannedFileView { path: file.sent.clone(), state, upload, reason };
        let (path, key, fingerprint) = match &file.read {
            Ok(read) => read,
            Err(reason) => {
                planned.push(answer(PlanState::Refused, None, Some(reason.clone())));
                continue;
            }
        };
        let view = |id, received| UploadView {
            id,
            side,
            path: path.to_string(),
            bytes: fingerprint.bytes,
            received,
            modified_at: fingerprint.modified_at,
            expires_at,
        };
        let open = own.get(key);
        // One that nobody went on with for too long is not gone on with.
        let alive = open.filter(|(_, _, until)| *until > now).map(|(open, ..)| *open);
        let other = there.get(key).map(|(_, other)| *other);
        planned.push(match decide(*fingerprint, other, alive, on_conflict) {
            Verdict::Begin { .. } => {
                if let Some((old, ..)) = open {
                    given_up.push(old.id);
                    freed = freed.saturating_add(old.fingerprint.bytes);
                }
                more = more.saturating_add(fingerprint.bytes);
                let id = UploadId(ctx.id());
                begun.push(upload::NewUpload {
                    id,
                    path: path.to_string(),
                    path_key: key.clone(),
                    fingerprint: *fingerprint,
                });
                answer(PlanState::New, Some(view(id, 0)), None)
            }
            Verdict::GoOn(id) => {
                resumed.push(id);
                answer(PlanState::Resume, Some(view(id, open.map_or(0, |(_, received, _)| *received))), None)
            }
            Verdict::Present => answer(PlanState::Present, None, None),
            Verdict::Conflict(reason) => answer(PlanState::Conflict, None, Some(reason.to_owned())),
        });
    }
    upload::update_plan(tx, permit, &resumed, on_conflict, expires_at).await?;
    if begun.is_empty() {
        return Ok((planned, None));
    }
    let under_way = upload::count_open(tx, permit.resource()).await?;
    if under_way + i64::try_from(begun.len()).unwrap_or(i64::MAX) > MAX_OPEN_UPLOADS {
        return Err(Refusal::BadRequest(format!(
            "This dataset has {under_way} uploads under way, and {MAX_OPEN_UPLOADS} is the most. Finish or discard some first."
        ))
        .into());
    }
    if let Some(limit) = storage::find_limit(tx, permit.organization()).await? {
        let used = storage::sum_used(tx, permit.organization()).await?;
        fits(Some(limit), used.saturating_sub(freed), more)?;
    }
    upload::delete(tx, &given_up, now.plus_millis(ABANDONED_KEPT_MILLIS)).await?;
    let nothing = RunningSum::default().state();
    let common = upload::NewUploads { side, on_conflict, hash_state: &nothing.hash_state, at: now, expires_at };
    upload::insert_all(tx, permit, &common, &begun).await?;
    Ok((planned, Some(Begun { files: begun.len(), bytes: more })))
}

/// Notes in the audit log what a plan began.
async fn note_begun(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    place: &UploadPlace,
    on_conflict: OnConflict,
    begun: &Begun,
) -> Result<()> {
    let (permit, side) = (&place.permit, place.side);
    let files = if begun.files == 1 { "1 file".to_owned() } else { format!("{} files", begun.files) };
    let event = AuditEvent {
        organization: Some(permit.organization()),
        after: Some(serde_json::json!({
            "resource": permit.resource(), "side": side, "files": begun.files, "bytes": begun.bytes, "on_conflict": on_conflict,
        })),
        resources: vec![permit.resource()],
        ..AuditEvent::new(Action::FilesUploadStarted, format!("began to upload {files} to “{}”", place.name))
    };
    audit::record(tx, ctx, by, event).await
}

fn view(upload: upload::Upload) -> UploadView {
    UploadView {
        id: upload.id,
        side: upload.side,
        path: upload.path,
        bytes: upload.bytes,
        received: upload.received,
        modified_at: upload.modified_at,
        expires_at: upload.expires_at,
    }
}

/// An upload of the sender's that they may go on with: a person as long as they have the rights, an engine as long as its lease is
/// the job's.
async fn own(tx: &mut Tx, by: &Sender, id: UploadId) -> Result<(upload::Upload, Permit)> {
    match by {
        Sender::Person(by) => {
            let upload = upload::find(tx, id, by.person).await?.ok_or(Refusal::NotFound)?;
            let access_path = access::access_path(tx, by, upload.dataset).await?;
            let permit = rights(by, &access_path, upload.on_conflict)?;
            Ok((upload, permit))
        }
        Sender::Engine(by) => {
            let upload = upload::find_of_job(tx, id, by.job).await?.ok_or(Refusal::NotFound)?;
            output::is_held(tx, by).await?;
            let permit = go_on(upload.person, upload.organization, upload.dataset);
            Ok((upload, permit))
        }
    }
}

/// How far an upload of the sender's is.
///
/// # Errors
/// `NotFound` if it is none of theirs, or they do not see its dataset any more; `Forbidden`; `LeaseLost`; `UploadExpired`.
pub async fn show(ctx: &Ctx, by: &Sender, id: &str) -> Result<UploadView> {
    let id: UploadId = super::subject(id)?;
    let (upload, _) = own(&mut ctx.db().read().await?, by, id).await?;
    if upload.file_number.is_none() && upload.expires_at <= ctx.now() {
        return Err(Refusal::UploadExpired.into());
    }
    Ok(view(upload))
}

/// Gives an upload of the sender's up. One that has become a file is none any more.
///
/// # Errors
/// `NotFound`, `Forbidden`; `LeaseLost`.
pub async fn discard(ctx: &Ctx, by: &Sender, id: &str) -> Result<()> {
    let id: UploadId = super::subject(id)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (upload, _) = own(tx, by, id).await?;
                if upload.file_number.is_some() {
                    return Err(Refusal::NotFound.into());
                }
                upload::delete(tx, &[id], ctx.now().plus_millis(ABANDONED_KEPT_MILLIS)).await?;
                Ok(())
            })
        })
        .await
}

/// The caller's uploads into a dataset that are under way.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` at `limit` or `cursor`.
pub async fn list(
    ctx: &Ctx,
    by: &Principal,
    dataset: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<UploadView>> {
    let dataset: ResourceId = super::subject(dataset)?;
    let limit = super::limit(limit)?;
    let mut tx = ctx.db().read().await?;
    access::permit(&mut tx, by, Act::Create, dataset).await?;
    let pager = Pager::new(format!("{dataset} uploads"));
    let after = pager.read(cursor)?.unwrap_or(UploadId(uuid::Uuid::nil()));
    let uploads = upload::list_open(&mut tx, dataset, by.person, after, limit + 1).await?;
    Ok(pager.page(uploads, limit, |upload| upload.id)?.map(view))
}

/// Gives all uploads of the caller's into a dataset up; how many.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub async fn discard_all(ctx: &Ctx, by: &Principal, dataset: &str) -> Result<u64> {
    let dataset: ResourceId = super::subject(dataset)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                access::permit(tx, by, Act::Create, dataset).await?;
                let first = UploadId(uuid::Uuid::nil());
                let uploads = upload::list_open(tx, dataset, by.person, first, MAX_OPEN_UPLOADS).await?;
                let ids: Vec<UploadId> = uploads.iter().map(|upload| upload.id).collect();
                Ok(upload::delete(tx, &ids, ctx.now().plus_millis(ABANDONED_KEPT_MILLIS)).await?)
            })
        })
        .await
}
