//! How far a dataset has come, as the operator says (DRIVE-6, LIC-2), and what is in it, as those say who may change it. Mostly its
//! status follows from its jobs: see [`super::job`].

use crate::{
    domain::{
        access::Act,
        audit::Action,
        fields::Fields,
        id::ResourceId,
        job::may_set_status,
        licence::{Amount, DEFAULT_MEGAPIXELS, EntryKind, governing, price},
        permit::operate,
        refusal::Refusal,
        resource::{DatasetStatus, may_count_anew},
        text::FieldIssue,
        time::Day,
    },
    view::{DatasetView, ResourceView},
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, job, licence, organization, resource},
    },
    access,
    audit::{self, AuditEvent},
    drive::change::MAX_DATASET_AMOUNT,
    operator::Operator,
    waiting::{book, start_waiting, start_waiting_with},
};

/// What came of setting a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusSet {
    /// The status it has now: Waiting for credits where Queued or Processing could not be paid.
    pub status: DatasetStatus,
    /// What was charged, or given back.
    pub charged: Amount,
}

/// Sets a dataset's status. The first step towards processing is charged once; what fails is refunded. The operator may
/// say Processed where no licence paid: then nothing is charged.
///
/// # Errors
/// `NotFound` if it is no dataset.
pub async fn set_status(ctx: &Ctx, id: ResourceId, status: DatasetStatus) -> Result<StatusSet> {
    set_status_as(ctx, &Operator::command_line(), id, status).await
}

/// [`set_status`], for the operator as whoever they are.
///
/// # Errors
/// See [`set_status`].
pub async fn set_status_as(ctx: &Ctx, operator: &Operator, id: ResourceId, status: DatasetStatus) -> Result<StatusSet> {
    ctx.db().write(|tx, _| Box::pin(async { set_status_in(tx, ctx, operator, id, status).await })).await
}

/// What is to be known of a dataset, unread; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct FactsForm {
    /// How many images.
    pub images: Option<i64>,
    /// How large.
    pub bytes: Option<i64>,
    /// A day; empty for none.
    pub captured_on: Option<String>,
}

/// Changes what is known of a dataset (DRIVE-6): images, size and the day it was captured on. A dataset that waits for credits may
/// start by it.
///
/// # Errors
/// `Invalid` with the problem of every field; `NotFound` if it is no dataset that the caller sees; `Forbidden`; `BadRequest` for
/// images that were counted already.
pub async fn change_facts(ctx: &Ctx, by: &Principal, id: &str, form: &FactsForm) -> Result<ResourceView> {
    let id: ResourceId = id.trim().parse().map_err(|_| Refusal::NotFound)?;
    let mut fields = Fields::default();
    let mut number = |field: &str, number: Option<i64>| {
        let fits = |number| {
            if (0..=MAX_DATASET_AMOUNT).contains(&number) {
                Ok(number)
            } else {
                Err(FieldIssue::NotInRange(0, MAX_DATASET_AMOUNT))
            }
        };
        number.and_then(|number| fields.check(field, fits(number)))
    };
    let (images, bytes) = (number("images", form.images), number("bytes", form.bytes));
    let captured_on = form.captured_on.as_deref().map(str::trim).and_then(|text| {
        let day = if text.is_empty() { Ok(None) } else { Day::parse_iso(text).map(Some).ok_or(FieldIssue::NotADay) };
        fields.check("captured_on", day)
    });
    let wrong = fields.done();
    ctx.db()
        .write(|tx, _| Box::pin(async {
                // Nobody learns from a wrong value that something is there.
                let (permit, _) = access::permit(tx, by, Act::Process, id).await?;
                let found = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
                let before = found.dataset.clone().ok_or(Refusal::NotFound)?;
                wrong.clone()?;
                let after = DatasetView {
                    images: images.unwrap_or(before.images),
                    bytes: bytes.unwrap_or(before.bytes),
                    captured_on: captured_on.unwrap_or(before.captured_on),
                    ..before.clone()
                };
                if before.files > 0 && (after.images, after.bytes) != (before.images, before.bytes) {
                    let text = "The images and the size of this dataset follow from its files. Add or delete files instead.";
                    return Err(Refusal::BadRequest(text.to_owned()).into());
                }
                if after.images != before.images {
                    may_count_anew(before.status, found.live_jobs)?;
                }
                if after != before {
                    resource::update_facts(tx, &permit, &after, ctx.now()).await?;
                    let told = |view: &DatasetView| {
                        serde_json::json!({
                            "resource": id, "images": view.images, "bytes": view.bytes, "captured_on": view.captured_on.map(Day::iso),
                        })
                    };
                    let summary = format!("changed the details of “{}”", found.name);
                    let what = AuditEvent {
                        organization: Some(found.organization),
                        before: Some(told(&before)),
                        after: Some(told(&after)),
                        resources: vec![id],
                        ..AuditEvent::new(Action::DatasetChanged, summary)
                    };
                    audit::record(tx, ctx, by, what).await?;
                    if before.status == DatasetStatus::WaitingForCredits {
                        // Fewer images may be enough for what is left.
                        start_waiting(tx, ctx, found.account).await?;
                    }
                }
                super::drive::show::view_in(tx, by, id).await
            }))
        .await
}

async fn set_status_in(
    tx: &mut Tx,
    ctx: &Ctx,
    operator: &Operator,
    id: ResourceId,
    wanted: DatasetStatus,
) -> Result<StatusSet> {
    let found = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let dataset = found.dataset.as_ref().ok_or(Refusal::NotFound)?;
    let (_, processing, _) = job::count_live(tx, id, found.organization).await?;
    may_set_status(processing > 0)?;
    // Nothing goes on in an organization that was deleted.
    organization::find(tx, found.organization).await?.ok_or(Refusal::NotFound)?;
    let maker = found.created_by.ok_or(Refusal::NotFound)?;
    let permit = operate(maker, found.organization, id);
    let now = ctx.now();
    let (mut status, mut charged_to, mut charged) =
        (wanted.when_paid(found.charged_to.is_some()), found.charged_to, Amount::default());
    let pays = matches!(wanted, DatasetStatus::Queued | DatasetStatus::Processing | DatasetStatus::Processed);
    if pays && charged_to.is_none() {
        let licences = licence::list_of_account(tx, found.account, now).await?;
        let paid = match governing(&licences, now).filter(|licence| licence.is_active(now)) {
            Some(licence) => {
                let cost =
                    licence.model.map_or(Amount::default(), |model| price(model, dataset.images, DEFAULT_MEGAPIXELS));
                book(tx, ctx, licence.id, EntryKind::Spend, cost.negated(), (id, None))
                    .await?
                    .then_some((licence.id, cost))
            }
            None => None,
        };
        match paid {
            Some((licence, cost)) => (charged_to, charged) = (Some(licence), cost),
            None if wanted != DatasetStatus::Processed => status = DatasetStatus::WaitingForCredits,
            None => {}
        }
    }
    let mut given_back = None;
    if wanted == DatasetStatus::Failed
        && let Some(licence) = charged_to.take()
    {
        // Images may have come and gone since; what was charged is known.
        let model = licence::find(tx, licence).await?.and_then(|stored| stored.licence.model);
        let cost = model.map_or(Amount::default(), |model| price(model, found.charged_images, DEFAULT_MEGAPIXELS));
        book(tx, ctx, licence, EntryKind::Refund, cost, (id, None)).await?;
        charged = cost.negated();
        given_back = Some(licence).filter(|_| !cost.is_nothing());
    }
    resource::update_status(tx, &permit, status, charged_to, now).await?;
    let what = AuditEvent {
        organization: Some(found.organization),
        before: Some(serde_json::json!({ "resource": id, "status": dataset.status })),
        after: Some(serde_json::json!({ "resource": id, "status": status, "charged": charged })),
        resources: vec![id],
        ..AuditEvent::new(Action::DatasetStatusSet, format!("set “{}” to {}", found.name, status.label()))
    };
    audit::note_as(tx, ctx, operator, what).await?;
    if let Some(licence) = given_back {
        // It is enough for something that waits, perhaps.
        start_waiting_with(tx, ctx, licence).await?;
    }
    Ok(StatusSet { status, charged })
}
