//! How far a dataset has come, and what processing costs (DRIVE-6, LIC-2). Set by an engine or by the operator, never by
//! a person.

use crate::domain::{
    access::operate,
    id::{AccountId, EntryId, LicenceId, ResourceId},
    key::Scope,
    licence::{Amount, EntryKind, MEGAPIXELS, affordable_images, governing, price, spend},
    refusal::Refusal,
    resource::Status,
    text::Problem,
};

use super::{
    super::{
        context::{Ctx, KeyPrincipal, Principal},
        error::{Error, Result},
        store::{Tx, licence, loan, organization, resource, waiting},
    },
    access,
    audit::{self, Happened},
};

/// What came of setting a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusSet {
    /// The status it has now: Waiting for credits where Queued or Processing could not be paid.
    pub status: Status,
    /// What was charged, or given back.
    pub charged: Amount,
}

/// Sets a dataset's status. The first step towards processing is charged once; what fails is refunded. The operator may
/// say Processed where no licence paid: then nothing is charged.
///
/// # Errors
/// `NotFound` if it is no dataset.
pub async fn set_status(ctx: &Ctx, id: ResourceId, status: Status) -> Result<StatusSet> {
    let ctx_in = ctx.clone();
    ctx.db()
        .write(move |tx| {
            let ctx = ctx_in.clone();
            Box::pin(async move { set_status_in(tx, &ctx, None, id, status).await })
        })
        .await
}

/// Sets the status of a dataset of a machine's account, for a key with the scope `engine` (AUTH-6). What no licence pays waits.
///
/// # Errors
/// `NotFound` if it is no dataset of that account; `Forbidden` without the scope; `Invalid` at `status`.
pub async fn set_by_key(ctx: &Ctx, by: &KeyPrincipal, id: &str, status: &str) -> Result<StatusSet> {
    let id: ResourceId = id.trim().parse().map_err(|_| Refusal::NotFound)?;
    let status = Status::parse(status).ok().filter(|status| status.is_said_by_engines());
    let (ctx_in, by) = (ctx.clone(), by.clone());
    ctx.db()
        .write(move |tx| {
            let (ctx, by) = (ctx_in.clone(), by.clone());
            Box::pin(async move {
                let found = resource::find(tx, id).await?.filter(|found| found.account == by.account);
                found.filter(|found| found.dataset.is_some()).ok_or(Refusal::NotFound)?;
                by.scopes.allow(Scope::Engine)?;
                let status = status.ok_or_else(|| Refusal::field("status", Problem::NotAChoice))?;
                set_status_in(tx, &ctx, Some(&by), id, status).await
            })
        })
        .await
}

/// What a person is told who would set a status.
///
/// # Errors
/// `NotFound` for who cannot see it; `Forbidden`.
pub async fn refuse_person(ctx: &Ctx, by: &Principal, id: &str) -> Result<StatusSet> {
    let id: ResourceId = id.trim().parse().map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    access::reach(&mut tx, by, id).await?;
    let text = "The status of a dataset is set by an engine, with a credential key that has the scope “engine”.";
    Err(Refusal::Forbidden(text.to_owned()).into())
}

async fn set_status_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: Option<&KeyPrincipal>,
    id: ResourceId,
    wanted: Status,
) -> Result<StatusSet> {
    let found = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let dataset = found.dataset.as_ref().ok_or(Refusal::NotFound)?;
    // Nothing goes on in an organization that was deleted.
    organization::find(tx, found.organization).await?.ok_or(Refusal::NotFound)?;
    let maker = found.created_by.ok_or(Refusal::NotFound)?;
    let permit = operate(maker, found.organization, id);
    let now = ctx.now();
    let (mut status, mut charged_to, mut charged) =
        (wanted.when_paid(found.charged_to.is_some()), found.charged_to, Amount::default());
    let pays = matches!(wanted, Status::Queued | Status::Processing | Status::Processed);
    if pays && charged_to.is_none() {
        let licences = licence::list_of_account(tx, found.account, now).await?;
        let paid = match governing(&licences, now).filter(|licence| licence.is_active(now)) {
            Some(licence) => {
                let cost = licence.model.map_or(Amount::default(), |model| price(model, dataset.images, MEGAPIXELS));
                book(tx, ctx, licence.id, EntryKind::Spend, cost.negated(), id).await?.then_some((licence.id, cost))
            }
            None => None,
        };
        match paid {
            Some((licence, cost)) => (charged_to, charged) = (Some(licence), cost),
            None if wanted != Status::Processed || by.is_some() => status = Status::WaitingForCredits,
            None => {}
        }
    }
    let mut given_back = None;
    if wanted == Status::Failed
        && let Some(licence) = charged_to.take()
    {
        let model = licence::find(tx, licence).await?.and_then(|stored| stored.licence.model);
        let cost = model.map_or(Amount::default(), |model| price(model, dataset.images, MEGAPIXELS));
        book(tx, ctx, licence, EntryKind::Refund, cost, id).await?;
        charged = cost.negated();
        given_back = Some(licence).filter(|_| !cost.is_nothing());
    }
    resource::update_status(tx, &permit, status, charged_to, now).await?;
    let what = Happened {
        organization: Some(found.organization),
        action: "dataset.status_set",
        summary: format!("set “{}” to {}", found.name, status.title()),
        before: Some(serde_json::json!({ "resource": id, "status": dataset.status })),
        after: Some(serde_json::json!({ "resource": id, "status": status, "charged": charged })),
        ..Happened::default()
    };
    match by {
        Some(by) => audit::note_key(tx, ctx, by, what).await?,
        None => audit::note_operator(tx, ctx, what).await?,
    }
    if let Some(licence) = given_back {
        // It is enough for something that waits, perhaps.
        start_waiting_with(tx, ctx, licence).await?;
    }
    Ok(StatusSet { status, charged })
}

/// How many datasets that waited are started in one transaction.
const STARTED_AT_ONCE: i64 = 50;

/// Starts what waits for credits in an account and can be paid now, what has waited longest first (LIC-2); what is too
/// dear goes on waiting, and does not keep smaller ones from starting. At most [`STARTED_AT_ONCE`] in one transaction;
/// whether there may be more. Then the worker is told, and goes on.
///
/// # Errors
/// The database.
pub(super) async fn start_waiting(tx: &mut Tx, ctx: &Ctx, account: AccountId) -> Result<bool> {
    let now = ctx.now();
    let licences = licence::list_of_account(tx, account, now).await?;
    let Some(governing) = governing(&licences, now).filter(|licence| licence.is_active(now)) else { return Ok(false) };
    let (Some(model), id) = (governing.model, governing.id) else { return Ok(false) };
    let mut left = governing.left;
    let Some(most) = affordable_images(model, left, MEGAPIXELS) else { return Ok(false) };
    let datasets = waiting::list(tx, account, most, STARTED_AT_ONCE).await?;
    let Some(first) = datasets.first() else { return Ok(false) };
    // Nothing goes on in an organization that was deleted.
    if organization::find(tx, first.organization).await?.is_none() {
        return Ok(false);
    }
    let more = i64::try_from(datasets.len()).is_ok_and(|count| count == STARTED_AT_ONCE);
    for dataset in datasets {
        let cost = price(model, dataset.images, MEGAPIXELS);
        let Ok(after) = spend(left, cost) else { continue };
        if !book(tx, ctx, id, EntryKind::Spend, cost.negated(), dataset.id).await? {
            return Err(Error::Internal("a licence has less left than it said in the same transaction".to_owned()));
        }
        left = after;
        let permit = operate(dataset.created_by, dataset.organization, dataset.id);
        resource::update_status(tx, &permit, Status::Queued, Some(id), now).await?;
        let what = Happened {
            organization: Some(dataset.organization),
            action: "dataset.status_set",
            summary: format!("started “{}”, which had waited for credits", dataset.name),
            before: Some(serde_json::json!({ "resource": dataset.id, "status": Status::WaitingForCredits })),
            after: Some(serde_json::json!({ "resource": dataset.id, "status": Status::Queued, "charged": cost })),
            ..Happened::default()
        };
        audit::note_by_itself(tx, ctx, what).await?;
    }
    if more {
        ctx.credits_came().notify_one();
    }
    Ok(more)
}

/// Starts what waits where a licence is used, after it got more: in the account that borrows it, else in its own.
///
/// # Errors
/// The database.
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
    let most = payer.and_then(|licence| affordable_images(licence.model?, licence.left, MEGAPIXELS));
    let starts = match most {
        Some(most) => !waiting::list(&mut tx, account, most, 1).await?.is_empty(),
        None => false,
    };
    drop(tx);
    let mut more = starts;
    while more {
        let ctx_in = ctx.clone();
        let started: Result<bool> = ctx
            .db()
            .write(move |tx| {
                let ctx = ctx_in.clone();
                Box::pin(async move { start_waiting(tx, &ctx, account).await })
            })
            .await;
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
