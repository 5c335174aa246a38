//! How far a dataset has come, and what processing costs (DRIVE-6, LIC-2). Set by an engine or by the operator, never by
//! a person; what is in it is said by who may change it.

use crate::{
    domain::{
        access::Act,
        audit::Action,
        fields::Fields,
        id::{AccountId, EntryId, LicenceId, ResourceId},
        key::Scope,
        licence::{Amount, DEFAULT_MEGAPIXELS, EntryKind, affordable_images, governing, price, spend},
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
        context::{Ctx, KeyPrincipal, Principal},
        error::{Error, Result},
        store::{Tx, licence, loan, organization, resource, waiting},
    },
    access,
    audit::{self, AuditEvent},
    drive::change::MAX_DATASET_AMOUNT,
    operator::Operator,
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
    ctx.db().write(|tx, _| Box::pin(async { set_status_in(tx, ctx, By::Operator(operator), id, status).await })).await
}

/// Who says how far a dataset has come.
#[derive(Debug, Clone, Copy)]
enum By<'a> {
    Engine(&'a KeyPrincipal),
    Operator(&'a Operator),
}

/// Sets the status of a dataset of a machine's account, for a key with the scope `engine` (AUTH-6). What no licence pays waits.
///
/// # Errors
/// `NotFound` if it is no dataset of that account; `Forbidden` without the scope; `Invalid` at `status`.
pub async fn set_by_key(ctx: &Ctx, by: &KeyPrincipal, id: &str, status: &str) -> Result<StatusSet> {
    let id: ResourceId = id.trim().parse().map_err(|_| Refusal::NotFound)?;
    let status = DatasetStatus::parse(status).ok().filter(|status| status.is_said_by_engines());
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = resource::find(tx, id).await?.filter(|found| found.account == by.account);
                found.filter(|found| found.dataset.is_some()).ok_or(Refusal::NotFound)?;
                by.scopes.allow(Scope::Engine)?;
                let status = status.ok_or_else(|| Refusal::field("status", FieldIssue::NotAChoice))?;
                set_status_in(tx, ctx, By::Engine(by), id, status).await
            })
        })
        .await
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

impl FactsForm {
    /// Whether nothing is to be changed.
    pub const fn is_empty(&self) -> bool {
        self.images.is_none() && self.bytes.is_none() && self.captured_on.is_none()
    }
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
                    may_count_anew(before.status, found.charged_to.is_some())?;
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

/// What a person is told who would set a status.
///
/// # Errors
/// `NotFound` for who cannot see it; `Forbidden`.
pub async fn refuse_person(ctx: &Ctx, by: &Principal, id: &str) -> Result<StatusSet> {
    let id: ResourceId = id.trim().parse().map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    access::access_path(&mut tx, by, id).await?;
    let text = "Only an engine can set the status of a dataset, with a credential key that has the scope “engine”.";
    Err(Refusal::Forbidden(text.to_owned()).into())
}

async fn set_status_in(tx: &mut Tx, ctx: &Ctx, by: By<'_>, id: ResourceId, wanted: DatasetStatus) -> Result<StatusSet> {
    let found = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let dataset = found.dataset.as_ref().ok_or(Refusal::NotFound)?;
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
                book(tx, ctx, licence.id, EntryKind::Spend, cost.negated(), id).await?.then_some((licence.id, cost))
            }
            None => None,
        };
        match paid {
            Some((licence, cost)) => (charged_to, charged) = (Some(licence), cost),
            None if wanted != DatasetStatus::Processed || matches!(by, By::Engine(_)) => {
                status = DatasetStatus::WaitingForCredits;
            }
            None => {}
        }
    }
    let mut given_back = None;
    if wanted == DatasetStatus::Failed
        && let Some(licence) = charged_to.take()
    {
        // The images cannot have changed since they were charged (`may_count_anew`), so this is the
        // price that was paid.
        let model = licence::find(tx, licence).await?.and_then(|stored| stored.licence.model);
        let cost = model.map_or(Amount::default(), |model| price(model, dataset.images, DEFAULT_MEGAPIXELS));
        book(tx, ctx, licence, EntryKind::Refund, cost, id).await?;
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
    match by {
        By::Engine(by) => audit::note_key(tx, ctx, by, what).await?,
        By::Operator(operator) => audit::note_as(tx, ctx, operator, what).await?,
    }
    if let Some(licence) = given_back {
        // It is enough for something that waits, perhaps.
        start_waiting_with(tx, ctx, licence).await?;
    }
    Ok(StatusSet { status, charged })
}

/// How many datasets that waited are started in one transaction.
const START_BATCH_SIZE: i64 = 50;

/// Starts what waits for credits in an account and can be paid now, what has waited longest first (LIC-2); what is too
/// dear goes on waiting, and does not keep smaller ones from starting. At most [`START_BATCH_SIZE`] in one transaction;
/// whether there may be more. Then the worker is told, and goes on.
pub(super) async fn start_waiting(tx: &mut Tx, ctx: &Ctx, account: AccountId) -> Result<bool> {
    let now = ctx.now();
    let licences = licence::list_of_account(tx, account, now).await?;
    let Some(governing) = governing(&licences, now).filter(|licence| licence.is_active(now)) else { return Ok(false) };
    let (Some(model), id) = (governing.model, governing.id) else { return Ok(false) };
    let mut left = governing.left;
    let Some(most) = affordable_images(model, left, DEFAULT_MEGAPIXELS) else { return Ok(false) };
    let datasets = waiting::list(tx, account, most, START_BATCH_SIZE).await?;
    let Some(first) = datasets.first() else { return Ok(false) };
    // Nothing goes on in an organization that was deleted.
    if organization::find(tx, first.organization).await?.is_none() {
        return Ok(false);
    }
    let more = i64::try_from(datasets.len()).is_ok_and(|count| count == START_BATCH_SIZE);
    for dataset in datasets {
        let cost = price(model, dataset.images, DEFAULT_MEGAPIXELS);
        let Ok(after) = spend(left, cost) else { continue };
        if !book(tx, ctx, id, EntryKind::Spend, cost.negated(), dataset.id).await? {
            return Err(Error::Internal("a licence has less left than it said in the same transaction".to_owned()));
        }
        left = after;
        let permit = operate(dataset.created_by, dataset.organization, dataset.id);
        resource::update_status(tx, &permit, DatasetStatus::Queued, Some(id), now).await?;
        let summary = format!("started “{}”, which was waiting for credits", dataset.name);
        let what = AuditEvent {
            organization: Some(dataset.organization),
            before: Some(serde_json::json!({ "resource": dataset.id, "status": DatasetStatus::WaitingForCredits })),
            after: Some(
                serde_json::json!({ "resource": dataset.id, "status": DatasetStatus::Queued, "charged": cost }),
            ),
            resources: vec![dataset.id],
            ..AuditEvent::new(Action::DatasetStatusSet, summary)
        };
        audit::note_by_itself(tx, ctx, what).await?;
    }
    if more {
        // The worker may wake before this is committed and find nothing. It looks again every few seconds by itself.
        ctx.credits_came().notify_one();
    }
    Ok(more)
}

/// Starts what waits where a licence is used, after it got more: in the account that borrows it, else in its own.
pub(super) async fn start_waiting_with(tx: &mut Tx, ctx: &Ctx, id: LicenceId) -> Result<bool> {
    let Some(stored) = licence::find(tx, id).await? else { return Ok(false) };
    let loan = loan::find_running(tx, id, ctx.now()).await?;
    start_waiting(tx, ctx, loan.map_or(stored.account, |loan| loan.borrower.account)).await
}

/// Starts what waits in the next account behind one in which something waits, as far as it can be paid; that account, or
/// nothing where there is none behind.
///
/// # Errors
/// The database; what was started before stays so.
pub async fn start_waiting_behind(ctx: &Ctx, behind: Option<AccountId>) -> Result<Option<AccountId>> {
    let mut tx = ctx.db().read().await?;
    let Some(account) = waiting::find_account(&mut tx, behind).await? else { return Ok(None) };
    // Most of what waits goes on waiting: looked at first, so that nobody else is kept from writing for it.
    let now = ctx.now();
    let licences = licence::list_of_account(&mut tx, account, now).await?;
    let payer = governing(&licences, now).filter(|licence| licence.is_active(now));
    let most = payer.and_then(|licence| affordable_images(licence.model?, licence.left, DEFAULT_MEGAPIXELS));
    let starts = match most {
        Some(most) => !waiting::list(&mut tx, account, most, 1).await?.is_empty(),
        None => false,
    };
    drop(tx);
    let mut more = starts;
    while more {
        let started: Result<bool> =
            ctx.db().write(|tx, _| Box::pin(async { start_waiting(tx, ctx, account).await })).await;
        more = started?;
    }
    Ok(Some(account))
}

async fn book(
    tx: &mut Tx,
    ctx: &Ctx,
    licence: LicenceId,
    kind: EntryKind,
    change: Amount,
    resource: ResourceId,
) -> Result<bool> {
    let entry = licence::NewEntry {
        id: EntryId(ctx.id()),
        licence,
        kind,
        change,
        transfer: None,
        resource: Some(resource),
        at: ctx.now(),
    };
    Ok(licence::append(tx, &entry).await?)
}
