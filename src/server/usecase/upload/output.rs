//! Planning the outputs of a job (JOB-6): an engine sends them as files are sent, and nobody sees them until the job is done.

use std::collections::BTreeMap;

use crate::{
    domain::{
        app::OutputRole,
        file::Side,
        id::{JobId, UploadId},
        job::go_on,
        refusal::Refusal,
        text::FieldIssue,
        time::Timestamp,
        upload::{
            ABANDONED_KEPT_MILLIS, MAX_PLANNED_FILES, OnConflict, OpenUpload, PlanState, Verdict, decide, expires_at,
            may_begin,
        },
    },
    server::{
        context::{Ctx, JobPrincipal},
        error::Result,
        files::RunningSum,
        store::{Tx, job, job_output, upload},
        usecase::storage::check_room,
    },
    view::file::{PlannedFileView, UploadView},
};

use super::{PlannedFileForm, Seen, Wanted, same_plan_twice};

/// A file that an engine wants to send.
#[derive(Debug, Clone, Default)]
pub struct OutputForm {
    pub file: PlannedFileForm,
    /// What it is; `other` where it is empty.
    pub role: String,
}

/// Whether a lease is the job's, for uploads of it.
pub(super) async fn is_held(tx: &mut Tx, by: &JobPrincipal) -> Result<job::Job> {
    let found = job::find(tx, by.job).await?.ok_or(Refusal::NotFound)?;
    if found.lease == Some(by.lease) { Ok(found) } else { Err(Refusal::LeaseLost.into()) }
}

/// Says for each output whether and where to send it, and begins its upload. Another output of the same path is replaced.
///
/// # Errors
/// `NotFound` for another job; `LeaseLost`; `Invalid` at `outputs`; `QuotaExceeded`; `BadRequest` where too many are under way.
pub async fn plan(
    ctx: &Ctx,
    by: &JobPrincipal,
    id: &str,
    lease: &str,
    outputs: &[OutputForm],
) -> Result<Vec<PlannedFileView>> {
    let id: JobId = super::super::subject(id.trim())?;
    if id != by.job {
        return Err(Refusal::NotFound.into());
    }
    match outputs.len() {
        0 => return Err(Refusal::field("outputs", FieldIssue::Missing).into()),
        count if count > MAX_PLANNED_FILES => {
            return Err(Refusal::field("outputs", FieldIssue::TooMany(MAX_PLANNED_FILES)).into());
        }
        _ => {}
    }
    if lease.trim().parse() != Ok(by.lease) {
        return Err(Refusal::LeaseLost.into());
    }
    let max_file_bytes = ctx.files()?.limits().max_file_bytes;
    let mut seen = Seen::default();
    let mut read = Vec::with_capacity(outputs.len());
    for output in outputs {
        let role = match output.role.trim() {
            "" => OutputRole::default(),
            word => OutputRole::parse(word).map_err(|issue| Refusal::field("outputs", issue))?,
        };
        read.push((Wanted::read(&output.file, max_file_bytes, &mut seen), role));
    }
    let planned = ctx.db().write(|tx, _| Box::pin(async { plan_in(tx, ctx, by, &read).await })).await;
    planned.map_err(same_plan_twice)
}

async fn plan_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &JobPrincipal,
    wanted: &[(Wanted, OutputRole)],
) -> Result<Vec<PlannedFileView>> {
    let found = is_held(tx, by).await?;
    let dataset = job::find_dataset(tx, found.dataset).await?.ok_or(Refusal::LeaseLost)?;
    let permit = go_on(by.identity, dataset.organization, found.dataset);
    let now = ctx.now();
    let days = ctx.files()?.limits().upload_days;
    let keys: Vec<String> =
        wanted.iter().filter_map(|(file, _)| file.read.as_ref().ok()).map(|(_, key, _)| key.clone()).collect();
    let there = job_output::list_by_keys(tx, found.id, &keys).await?;
    let open_uploads: BTreeMap<String, (OpenUpload, i64, Timestamp)> =
        upload::list_open_of_job_by_keys(tx, found.id, &keys)
            .await?
            .into_iter()
            .map(|(key, open, received, expires_at)| (key, (open, received, expires_at)))
            .collect();
    let (mut begun, mut given_up, mut planned) = (Vec::new(), Vec::new(), Vec::with_capacity(wanted.len()));
    let (mut more, mut freed) = (0_i64, 0_i64);
    for (file, role) in wanted {
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
            side: Side::Output,
            path: path.to_string(),
            bytes: fingerprint.bytes,
            received,
            modified_at: fingerprint.modified_at,
            expires_at: expires_at(now, received > 0, days),
        };
        let open = open_uploads.get(key);
        let alive = open.filter(|(_, _, until)| *until > now).map(|(open, ..)| *open);
        let other = there.get(key).map(|(_, other)| *other);
        planned.push(match decide(*fingerprint, other, alive, OnConflict::Replace) {
            Verdict::Begin { .. } => {
                if let Some((old, ..)) = open {
                    given_up.push(old.id);
                    freed = freed.saturating_add(old.fingerprint.bytes);
                }
                more = more.saturating_add(fingerprint.bytes);
                let id = UploadId(ctx.id());
                let new =
                    upload::NewUpload { id, path: path.to_string(), path_key: key.clone(), fingerprint: *fingerprint };
                begun.push((new, *role));
                answer(PlanState::New, Some(view(id, 0)), None)
            }
            Verdict::GoOn(id) => {
                answer(PlanState::Resume, Some(view(id, open.map_or(0, |(_, received, _)| *received))), None)
            }
            Verdict::Present => answer(PlanState::Present, None, None),
            Verdict::Conflict(reason) => answer(PlanState::Conflict, None, Some(reason.to_owned())),
        });
    }
    if begun.is_empty() {
        return Ok(planned);
    }
    let (own, all) = upload::count_open(tx, found.dataset, permit.person()).await?;
    let ended = i64::try_from(given_up.len()).unwrap_or(0);
    may_begin(i64::try_from(begun.len()).unwrap_or(i64::MAX), own - ended, all - ended)?;
    check_room(tx, None, dataset.organization, freed, more).await?;
    upload::delete(tx, &given_up, now.plus_millis(ABANDONED_KEPT_MILLIS)).await?;
    let nothing = RunningSum::default().state();
    let common = upload::NewUploads {
        side: Side::Output,
        on_conflict: OnConflict::Replace,
        hash_state: &nothing.hash_state,
        at: now,
        expires_at: expires_at(now, false, days),
    };
    upload::insert_outputs(tx, &permit, &common, found.id, &begun).await?;
    Ok(planned)
}
