//! Planning the outputs of a job (JOB-6): an engine sends them as files are sent, and nobody sees them until the job is done.

use crate::{
    domain::{
        app::OutputRole,
        file::Side,
        id::JobId,
        job::go_on,
        refusal::Refusal,
        text::FieldIssue,
        upload::{MAX_PLANNED_FILES, OnConflict},
    },
    server::{
        context::{Ctx, JobPrincipal},
        error::Result,
        files::RunningSum,
        store::{Tx, job, job_output, upload},
    },
    view::file::PlannedFileView,
};

use super::{PlannedFileForm, Planning, Seen, Wanted, same_plan_twice};

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
    let keys: Vec<String> =
        wanted.iter().filter_map(|(file, _)| file.read.as_ref().ok()).map(|(_, key, _)| key.clone()).collect();
    let there = job_output::list_by_keys(tx, found.id, &keys).await?;
    let open = upload::list_open_of_job_by_keys(tx, found.id, &keys).await?;
    let mut planning = Planning::new(ctx, Side::Output, OnConflict::Replace, open)?;
    let mut begun = Vec::new();
    for (file, role) in wanted {
        match &file.read {
            Ok(read) => {
                let other = there.get(&read.1).map(|(_, other)| *other);
                begun.extend(planning.decide(file, read, other).map(|new| (new, *role)));
            }
            Err(reason) => planning.refuse(file, reason.clone()),
        }
    }
    if begun.is_empty() {
        return Ok(planning.planned);
    }
    // An engine is told no numbers of an organization's storage.
    planning.make_way(tx, &permit, None, begun.len()).await?;
    let nothing = RunningSum::default().state();
    let common = upload::NewUploads {
        side: Side::Output,
        on_conflict: OnConflict::Replace,
        hash_state: &nothing.hash_state,
        at: planning.now,
        expires_at: planning.expires_at(false),
    };
    upload::insert_outputs(tx, &permit, &common, found.id, &begun).await?;
    Ok(planning.planned)
}
