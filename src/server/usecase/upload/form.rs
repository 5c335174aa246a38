//! Files of a form without script (FILE-2): they come one after the other in one body, and none says how large it is.
//!
//! So a file reserves what is left of the body, and is complete when its part of the body ends. A form cannot ask in the middle: what
//! happens where a name is taken is said before the files.
//!
//! # Invariants
//! - Of a file that is refused or cut nothing stays, no upload that is under way either.

use futures::Stream;

use crate::{
    domain::{
        audit::Action,
        file::Side,
        id::{ResourceId, UploadId},
        refusal::Refusal,
        resource::Kind,
        upload::{ABANDONED_KEPT_MILLIS, OnConflict, PlanState, check_size},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result, at_field},
        store::{resource, upload},
        usecase::{
            access,
            audit::{self, AuditEvent},
        },
    },
    view::outcome::DriveLocation,
};

use super::{
    PlannedFileForm, Sender, Wanted, may_upload, or_default,
    place::{name_of, new_dataset},
    plan_in,
    receive::{Arriving, ReceiveRequest, receive},
};

/// A file of a form.
#[derive(Debug, Clone)]
pub struct FormFile {
    /// Its path, as the browser names it.
    pub path: String,
    /// How large it can be at most, by what is left of the form.
    pub most: i64,
}

/// What came of a file of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    Added,
    /// The very same file was there.
    Present,
    /// Another file has the name, and the form said to skip then.
    Skipped,
}

/// Where a form sends its files.
#[derive(Debug, Clone, Copy)]
pub struct FormPlace {
    dataset: ResourceId,
    on_conflict: OnConflict,
}

/// Whether a form may send files, before the first one is taken. Where it does not say what happens to names that are taken, both stay.
/// What is sent to a container becomes a new dataset there, called `name` or after the day; that is returned with its organization.
///
/// # Errors
/// `Invalid` at `on_conflict` and `name`; `NotFound`, `Forbidden`; `Licence` (LIC-6); `InputsHeld`.
pub async fn begin(
    ctx: &Ctx,
    by: &Principal,
    to: &str,
    (on_conflict, name): (&str, &str),
) -> Result<(FormPlace, Option<DriveLocation>)> {
    let to: ResourceId = crate::server::usecase::subject(to)?;
    let name = name_of(ctx, name);
    let on_conflict = if on_conflict.trim().is_empty() {
        OnConflict::KeepBoth
    } else {
        or_default(on_conflict, OnConflict::parse).map_err(at_field("on_conflict"))?
    };
    let begun: Result<(ResourceId, Option<DriveLocation>)> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                access::access_path(tx, by, to).await?;
                let kind = resource::find(tx, to).await?.ok_or(Refusal::NotFound)?.kind;
                let (dataset, made) = if kind == Kind::Dataset {
                    (to, None)
                } else {
                    let name = name.clone().map_err(at_field("name"))?;
                    let (dataset, _, location) = new_dataset(tx, ctx, by, to, &name).await?;
                    (dataset, Some(DriveLocation { container: Some(dataset), ..location }))
                };
                let place = may_upload(tx, ctx, by, dataset, Side::Input, on_conflict).await?;
                let event = AuditEvent {
                    organization: Some(place.permit.organization()),
                    after: Some(
                        serde_json::json!({ "resource": dataset, "side": Side::Input, "on_conflict": on_conflict }),
                    ),
                    resources: vec![dataset],
                    ..AuditEvent::new(Action::FilesUploadStarted, format!("began to upload files to “{}”", place.name))
                };
                audit::record(tx, ctx, by, event).await?;
                Ok((dataset, made))
            })
        })
        .await;
    let (dataset, made) = begun?;
    Ok((FormPlace { dataset, on_conflict }, made))
}

/// Receives a file of a form. Rights, licence and storage are asked anew for each.
///
/// # Errors
/// As [`super::plan`] and [`receive`]; `BadRequest` for a name that no file can have, and for a body that was cut.
pub async fn receive_file(
    ctx: &Ctx,
    by: &Principal,
    place: FormPlace,
    file: &FormFile,
    body: impl Stream<Item = Arriving> + Send + Unpin,
) -> Result<Sent> {
    let max_file_bytes = ctx.files()?.limits().max_file_bytes;
    let most = file.most.clamp(0, max_file_bytes);
    let Some(id) = reserve(ctx, by, place, file, most).await? else { return Ok(Sent::Skipped) };
    let request = ReceiveRequest { ends_file: true, ..ReceiveRequest::default() };
    let received = receive(ctx, &Sender::Person(by.clone()), &id.to_string(), &request, body).await;
    match received {
        Ok(received) => Ok(if received.present { Sent::Present } else { Sent::Added }),
        Err(error) => {
            discard(ctx, id).await;
            Err(match error {
                // More came than the file was said to have at most: than a file may have, or than the form was said to have.
                Error::Refused(Refusal::TooLarge(_)) if file.most > max_file_bytes => {
                    check_size(file.most, max_file_bytes).err().map_or(error, Error::from)
                }
                error => error,
            })
        }
    }
}

/// Begins the upload of a file. Nothing where it is to be skipped.
async fn reserve(ctx: &Ctx, by: &Principal, place: FormPlace, file: &FormFile, most: i64) -> Result<Option<UploadId>> {
    let planned = PlannedFileForm { path: file.path.clone(), bytes: most, modified: String::new() };
    let wanted = [Wanted::read(&planned, most, &mut super::Seen::default())];
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let to = may_upload(tx, ctx, by, place.dataset, Side::Input, place.on_conflict).await?;
                let (planned, _) = plan_in(tx, ctx, by, (&to, place.on_conflict), &wanted).await?;
                let planned = planned.into_iter().next().ok_or(Refusal::NotFound)?;
                match (planned.state, planned.upload) {
                    (PlanState::New, Some(upload)) => Ok(Some(upload.id)),
                    (PlanState::Conflict, _) => Ok(None),
                    _ => Err(Refusal::BadRequest(planned.reason.unwrap_or_default()).into()),
                }
            })
        })
        .await
}

/// Leaves nothing of an upload. Whoever lost the right to send it is no reason to keep it.
async fn discard(ctx: &Ctx, id: UploadId) {
    let not_before = ctx.now().plus_millis(ABANDONED_KEPT_MILLIS);
    let discarded: Result<u64> =
        ctx.db().write(|tx, _| Box::pin(async { Ok(upload::delete(tx, &[id], not_before).await?) })).await;
    if let Err(error) = discarded {
        tracing::warn!(%error, "the upload of a form stays until it expires");
    }
}
