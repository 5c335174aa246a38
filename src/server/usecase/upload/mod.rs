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
        file::{FilePath, Side, clash},
        id::{PersonId, ResourceId, UploadId},
        job::go_on,
        licence::{allows, making},
        permit::{self, Permit},
        refusal::Refusal,
        requester::Requester,
        resource::Kind,
        text::FieldIssue,
        time::Timestamp,
        upload::{
            ABANDONED_KEPT_MILLIS, Fingerprint, MAX_PLANNED_FILES, OnConflict, OpenUpload, PlanState, Verdict,
            check_size, decide, expires_at, may_begin, may_change_files,
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
        file::{OpenUploadView, PlannedFileView, UploadPlanView, UploadView},
        query::{PlannedFileQuery, UploadPlanQuery},
    },
};

use super::{
    access::{self, AccessPath},
    audit::{self, AuditEvent},
    pager::Pager,
    storage::check_room,
};

/// Who sends the bytes of an upload.
#[derive(Debug, Clone)]
pub enum Sender {
    /// A person, or a machine in its account.
    Person(Principal),
    /// An engine, for the job that it is at (JOB-6).
    Engine(JobPrincipal),
}

impl Sender {
    /// Whose turns to send it takes: a person's, or those of the machine.
    pub const fn person(&self) -> PersonId {
        match self {
            Self::Person(by) => by.person,
            Self::Engine(by) => by.identity,
        }
    }

    /// Who asks, where it is a person or acts as one.
    fn requester(&self) -> Option<Requester<'_>> {
        match self {
            Self::Person(by) => Some(by.who()),
            Self::Engine(_) => None,
        }
    }
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

/// What the files before one in a plan take, by their keys.
#[derive(Default)]
struct Seen {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
}

/// A file of a plan, read.
struct Wanted {
    /// As it was sent.
    sent: String,
    read: std::result::Result<(FilePath, String, Fingerprint), String>,
}

impl Wanted {
    fn read(form: &PlannedFileForm, max_file_bytes: i64, seen: &mut Seen) -> Self {
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
            if let Some(clash) = clash(&path, |key| seen.files.contains(key), |key| seen.folders.contains(key)) {
                return Err(clash.to_string());
            }
            if !seen.files.insert(key.clone()) {
                return Err(FieldIssue::Duplicate.to_string());
            }
            seen.folders.extend(path.folder_keys());
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
                let (items, begun) = plan_in(tx, ctx, by, (&place, read.on_conflict), &read.wanted).await?;
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
        let mut seen = Seen::default();
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

/// What a plan decides about its files, one after the other: those of a person, and the outputs of a job.
struct Planning<'a> {
    ctx: &'a Ctx,
    side: Side,
    on_conflict: OnConflict,
    now: Timestamp,
    /// How many days an upload waits for its next byte.
    days: i64,
    /// What is under way by the keys of paths: how much was received, and until when it is kept.
    open: BTreeMap<String, (OpenUpload, i64, Timestamp)>,
    /// The answers, in the order of the files.
    planned: Vec<PlannedFileView>,
    resumed: Vec<UploadId>,
    given_up: Vec<UploadId>,
    /// How many bytes begin, and how many are given up for them.
    more: i64,
    freed: i64,
}

impl<'a> Planning<'a> {
    fn new(
        ctx: &'a Ctx,
        side: Side,
        on_conflict: OnConflict,
        open: Vec<(String, OpenUpload, i64, Timestamp)>,
    ) -> Result<Self> {
        Ok(Self {
            ctx,
            side,
            on_conflict,
            now: ctx.now(),
            days: ctx.files()?.limits().upload_days,
            open: open.into_iter().map(|(key, open, received, until)| (key, (open, received, until))).collect(),
            planned: Vec::new(),
            resumed: Vec::new(),
            given_up: Vec::new(),
            more: 0,
            freed: 0,
        })
    }

    fn expires_at(&self, begun: bool) -> Timestamp {
        expires_at(self.now, begun, self.days)
    }

    fn refuse(&mut self, file: &Wanted, reason: String) {
        self.answer(file, PlanState::Refused, None, Some(reason));
    }

    fn answer(&mut self, file: &Wanted, state: PlanState, upload: Option<UploadView>, reason: Option<String>) {
        self.planned.push(PlannedFileView { path: file.sent.clone(), state, upload, reason });
    }

    /// Decides about a file of which another one has the path, or none; the upload that begins, if one does.
    fn decide(
        &mut self,
        file: &Wanted,
        (path, key, fingerprint): &(FilePath, String, Fingerprint),
        other: Option<Fingerprint>,
    ) -> Option<upload::NewUpload> {
        let open = self.open.get(key).copied();
        // One that nobody went on with for too long is not gone on with.
        let alive = open.filter(|(_, _, until)| *until > self.now).map(|(open, ..)| open);
        let view = |id, received, expires_at| UploadView {
            id,
            side: self.side,
            path: path.to_string(),
            bytes: fingerprint.bytes,
            received,
            modified_at: fingerprint.modified_at,
            expires_at,
        };
        match decide(*fingerprint, other, alive, self.on_conflict) {
            Verdict::Begin { .. } => {
                let id = UploadId(self.ctx.id());
                let view = view(id, 0, self.expires_at(false));
                if let Some((old, ..)) = open {
                    self.given_up.push(old.id);
                    self.freed = self.freed.saturating_add(old.fingerprint.bytes);
                }
                self.more = self.more.saturating_add(fingerprint.bytes);
                self.answer(file, PlanState::New, Some(view), None);
                let (path, path_key) = (path.to_string(), key.clone());
                return Some(upload::NewUpload { id, path, path_key, fingerprint: *fingerprint });
            }
            Verdict::GoOn(id) => {
                let received = open.map_or(0, |(_, received, _)| received);
                let view = view(id, received, self.expires_at(received > 0));
                self.resumed.push(id);
                self.answer(file, PlanState::Resume, Some(view), None);
            }
            Verdict::Present => self.answer(file, PlanState::Present, None, None),
            Verdict::Conflict(reason) => self.answer(file, PlanState::Conflict, None, Some(reason.to_owned())),
        }
        None
    }

    /// Whether so many uploads may begin and have room, and gives up what they take the place of.
    async fn make_way(
        &self,
        tx: &mut Tx,
        permit: &Permit,
        requester: Option<Requester<'_>>,
        begun: usize,
    ) -> Result<()> {
        let (own, all) = upload::count_open(tx, permit.resource(), permit.person()).await?;
        let ended = i64::try_from(self.given_up.len()).unwrap_or(0);
        may_begin(i64::try_from(begun).unwrap_or(i64::MAX), own - ended, all - ended)?;
        check_room(tx, requester, permit.organization(), self.freed, self.more).await?;
        upload::delete(tx, &self.given_up, self.now.plus_millis(ABANDONED_KEPT_MILLIS)).await?;
        Ok(())
    }
}

/// Carries a plan out; what it begins, if anything.
async fn plan_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    (place, on_conflict): (&UploadPlace, OnConflict),
    wanted: &[Wanted],
) -> Result<(Vec<PlannedFileView>, Option<Begun>)> {
    let (permit, side) = (&place.permit, place.side);
    let keys: Vec<String> =
        wanted.iter().filter_map(|file| file.read.as_ref().ok()).map(|(_, key, _)| key.clone()).collect();
    let there = dataset_file::list_by_keys(tx, permit.resource(), side, &keys).await?;
    let folders = dataset_file::list_folder_keys(tx, permit.resource(), side, &keys).await?;
    let around: BTreeSet<String> =
        wanted.iter().filter_map(|file| file.read.as_ref().ok()).flat_map(|(path, ..)| path.folder_keys()).collect();
    let around: Vec<String> = around.into_iter().collect();
    let around = dataset_file::list_by_keys(tx, permit.resource(), side, &around).await?;
    let open = upload::list_open_by_keys(tx, permit, side, &keys).await?;
    let mut planning = Planning::new(ctx, side, on_conflict, open)?;
    let mut begun = Vec::new();
    for file in wanted {
        let read = match &file.read {
            Ok(read) => read,
            Err(reason) => {
                planning.refuse(file, reason.clone());
                continue;
            }
        };
        let other = there.get(&read.1).map(|(_, other)| *other);
        let clash = clash(&read.0, |key| around.contains_key(key), |key| folders.contains(key));
        match clash.filter(|_| other.is_none()) {
            Some(clash) => planning.refuse(file, clash.to_string()),
            None => begun.extend(planning.decide(file, read, other)),
        }
    }
    let lives = (planning.expires_at(true), planning.expires_at(false));
    upload::update_plan(tx, permit, &planning.resumed, on_conflict, lives).await?;
    if begun.is_empty() {
        return Ok((planning.planned, None));
    }
    planning.make_way(tx, permit, Some(by.who()), begun.len()).await?;
    let nothing = RunningSum::default().state();
    let (hash_state, expires_at) = (nothing.hash_state.as_str(), lives.1);
    let common = upload::NewUploads { side, on_conflict, hash_state, at: planning.now, expires_at };
    upload::insert_all(tx, permit, &common, &begun).await?;
    Ok((planning.planned, Some(Begun { files: begun.len(), bytes: planning.more })))
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

/// An upload of the sender's that they may go on with.
struct OwnUpload {
    upload: upload::Upload,
    permit: Permit,
    /// Of a person. An engine has its lease instead.
    access_path: Option<AccessPath>,
}

/// A person may go on as long as they have the rights, an engine as long as its lease is the job's.
async fn own(tx: &mut Tx, by: &Sender, id: UploadId) -> Result<OwnUpload> {
    match by {
        Sender::Person(by) => {
            let upload = upload::find(tx, id, by.person).await?.ok_or(Refusal::NotFound)?;
            let access_path = access::access_path(tx, by, upload.dataset).await?;
            let permit = rights(by, &access_path, upload.on_conflict)?;
            Ok(OwnUpload { upload, permit, access_path: Some(access_path) })
        }
        Sender::Engine(by) => {
            let upload = upload::find_of_job(tx, id, by.job).await?.ok_or(Refusal::NotFound)?;
            output::is_held(tx, by).await?;
            let permit = go_on(upload.person, upload.organization, upload.dataset);
            Ok(OwnUpload { upload, permit, access_path: None })
        }
    }
}

impl OwnUpload {
    /// Whether it may receive bytes and become a file now: what the plan asked is asked anew (FILE-3, LIC-6), but for the rights, which
    /// [`own`] has asked, and the room, which [`check_room_of`] does.
    async fn check_place(&self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        may_change_files(self.upload.side, self.upload.status, self.upload.live_jobs)?;
        // A job that was started is carried out, whatever becomes of the licence meanwhile.
        let Some(access_path) = &self.access_path else { return Ok(()) };
        let account = access_path.ancestors.first().ok_or(Refusal::NotFound)?.account;
        let container = access_path.ancestors.get(1).map_or(Kind::Root, |step| step.kind);
        let licences = licence::list_of_account(tx, account, now).await?;
        Ok(allows(&licences, making(Kind::Dataset, container), now)?)
    }
}

/// Whether the storage of the organization still has the room that an upload of the sender's has reserved. It is asked outside of the
/// transaction that writes, because it is a sum over everything, and others wait for that one. What cannot be gone on with for another
/// reason is no matter here.
async fn check_room_of(ctx: &Ctx, by: &Sender, id: UploadId) -> Result<()> {
    let mut tx = ctx.db().read().await?;
    let found = match by {
        Sender::Person(by) => upload::find(&mut tx, id, by.person).await?,
        Sender::Engine(by) => upload::find_of_job(&mut tx, id, by.job).await?,
    };
    let Some(upload) = found else { return Ok(()) };
    if upload.file_number.is_some() || storage::find_limit(&mut tx, upload.organization).await?.is_none() {
        return Ok(());
    }
    // Who has lost the right to it is told that, and nothing of storage.
    let OwnUpload { upload, .. } = own(&mut tx, by, id).await?;
    check_room(&mut tx, by.requester(), upload.organization, upload.bytes, upload.bytes).await
}

/// How far an upload of the sender's is.
///
/// # Errors
/// `NotFound` if it is none of theirs, or they do not see its dataset any more; `Forbidden`; `LeaseLost`; `UploadExpired`.
pub async fn show(ctx: &Ctx, by: &Sender, id: &str) -> Result<UploadView> {
    let id: UploadId = super::subject(id)?;
    let OwnUpload { upload, .. } = own(&mut ctx.db().read().await?, by, id).await?;
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
                let OwnUpload { upload, .. } = own(tx, by, id).await?;
                if upload.file_number.is_some() {
                    return Err(Refusal::NotFound.into());
                }
                upload::delete(tx, &[id], ctx.now().plus_millis(ABANDONED_KEPT_MILLIS)).await?;
                Ok(())
            })
        })
        .await
}

/// Whose uploads into a dataset somebody reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    Own,
    /// Everybody's for who may change the dataset's files, and else their own.
    All,
}

/// Leave to look at uploads into a dataset, and whether they are everybody's.
async fn reached(tx: &mut Tx, by: &Principal, dataset: ResourceId, reach: Reach) -> Result<(Permit, bool)> {
    let (permit, access_path) = access::permit(tx, by, Act::Create, dataset).await?;
    let all = reach == Reach::All && permit::permit(by.who(), Act::Process, &access_path.facts).is_ok();
    Ok((permit, all))
}

/// The uploads into a dataset that are under way: everybody's for who may change its files, and else the caller's. What they reserve
/// is everybody's room.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` at `limit` or `cursor`.
pub async fn list(
    ctx: &Ctx,
    by: &Principal,
    dataset: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<OpenUploadView>> {
    let dataset: ResourceId = super::subject(dataset)?;
    let limit = super::limit(limit)?;
    let mut tx = ctx.db().read().await?;
    let (_, all) = reached(&mut tx, by, dataset, Reach::All).await?;
    let pager = Pager::new(format!("{dataset} uploads {all}"));
    let after = pager.read(cursor)?.unwrap_or(FIRST);
    let uploads = if all {
        upload::list_all_open(&mut tx, dataset, after, limit + 1).await?
    } else {
        upload::list_open(&mut tx, dataset, by.person, after.1, limit + 1).await?
    };
    let page = pager.page(uploads, limit, |upload| (upload.person, upload.id))?;
    Ok(page.map(|upload| OpenUploadView {
        person: upload.person,
        person_name: upload.person_name.clone(),
        upload: view(upload),
    }))
}

/// Before every upload of everybody.
const FIRST: (PersonId, UploadId) = (PersonId(uuid::Uuid::nil()), UploadId(uuid::Uuid::nil()));

/// How many uploads are given up in one transaction.
const DISCARD_BATCH: i64 = 10_000;

/// Gives uploads into a dataset up; how many. That somebody ended those of others is in the audit log.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub async fn discard_all(ctx: &Ctx, by: &Principal, dataset: &str, reach: Reach) -> Result<u64> {
    let dataset: ResourceId = super::subject(dataset)?;
    let mut discarded = 0;
    loop {
        let step: Result<u64> =
            ctx.db().write(|tx, _| Box::pin(async { discard_some_in(tx, ctx, by, dataset, reach).await })).await;
        let step = step?;
        discarded += step;
        if i64::try_from(step).unwrap_or(0) < DISCARD_BATCH {
            return Ok(discarded);
        }
    }
}

async fn discard_some_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, dataset: ResourceId, reach: Reach) -> Result<u64> {
    let (permit, all) = reached(tx, by, dataset, reach).await?;
    let uploads = if all {
        upload::list_all_open(tx, dataset, FIRST, DISCARD_BATCH).await?
    } else {
        upload::list_open(tx, dataset, by.person, FIRST.1, DISCARD_BATCH).await?
    };
    let ids: Vec<UploadId> = uploads.iter().map(|upload| upload.id).collect();
    let discarded = upload::delete(tx, &ids, ctx.now().plus_millis(ABANDONED_KEPT_MILLIS)).await?;
    let others: BTreeSet<PersonId> =
        uploads.iter().map(|upload| upload.person).filter(|person| *person != by.person).collect();
    if !others.is_empty() {
        let name = resource::find(tx, dataset).await?.ok_or(Refusal::NotFound)?.name;
        let number = uploads.iter().filter(|upload| upload.person != by.person).count();
        let what = if number == 1 { "an unfinished upload".to_owned() } else { format!("{number} unfinished uploads") };
        let event = AuditEvent {
            organization: Some(permit.organization()),
            before: Some(serde_json::json!({ "resource": dataset, "uploads": number, "people": others })),
            resources: vec![dataset],
            ..AuditEvent::new(Action::FilesUploadDiscarded, format!("discarded {what} of others to “{name}”"))
        };
        audit::record(tx, ctx, by, event).await?;
    }
    Ok(discarded)
}

/// Those of some senders who may not send to their dataset any more. Being in the trash takes no right away: it may come back.
///
/// # Errors
/// The database.
pub(crate) async fn without_access(
    tx: &mut Tx,
    senders: &[(ResourceId, PersonId)],
) -> Result<Vec<(ResourceId, PersonId)>> {
    let mut datasets: BTreeMap<PersonId, Vec<ResourceId>> = BTreeMap::new();
    for (dataset, person) in senders {
        datasets.entry(*person).or_default().push(*dataset);
    }
    let mut lost = Vec::new();
    // A question for each of a few people, however many files they send.
    for (person, datasets) in datasets {
        let ways = access::access_paths_in_trash(tx, person, &datasets).await?;
        let may_send = |dataset: &ResourceId| {
            ways.get(dataset)
                .is_some_and(|way| permit::permit(Requester::person(person), Act::Create, &way.facts).is_ok())
        };
        lost.extend(datasets.iter().filter(|dataset| !may_send(dataset)).map(|dataset| (*dataset, person)));
    }
    Ok(lost)
}
