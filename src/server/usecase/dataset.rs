//! How far a dataset has come, and what processing costs (DRIVE-6, LIC-2). Set by an engine or by the operator, never by
//! a person.

use crate::domain::{
    access::operate,
    id::{EntryId, LicenceId, ResourceId},
    key::Scope,
    licence::{Amount, EntryKind, MEGAPIXELS, governing, price},
    refusal::Refusal,
    resource::Status,
    text::Problem,
};

use super::{
    super::{
        context::{Ctx, KeyPrincipal, Principal},
        error::Result,
        store::{Tx, licence, organization, resource},
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
    let status = Status::parse(status)
        .ok()
        .filter(|status| matches!(status, Status::Queued | Status::Processing | Status::Processed | Status::Failed));
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
    let (mut status, mut charged_to, mut charged) = (wanted, found.charged_to, Amount::default());
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
    if wanted == Status::Failed
        && let Some(licence) = charged_to.take()
    {
        let model = licence::find(tx, licence).await?.and_then(|stored| stored.licence.model);
        let cost = model.map_or(Amount::default(), |model| price(model, dataset.images, MEGAPIXELS));
        book(tx, ctx, licence, EntryKind::Refund, cost, id).await?;
        charged = cost.negated();
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
    Ok(StatusSet { status, charged })
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
