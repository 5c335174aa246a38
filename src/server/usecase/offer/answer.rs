//! Accepting, declining and withdrawing an offer.

use crate::{
    domain::{
        audit::Action,
        {id::OfferId, offer::OfferState, refusal::Refusal},
    },
    paths,
    server::{
        context::{Ctx, Principal},
        error::Result,
        mail::{self, EmailMessage},
        store::{
            Tx,
            offer::{self, Answer, Offer},
            organization as organizations, person,
        },
        usecase::{
            audit::{self, AuditEvent},
            transfer,
        },
    },
    view::{
        ReceiptView,
        transfer::{OfferView, TransferDirection},
    },
};

use super::{
    plan::{destination_or_root, find_answerable, plan_in},
    show::{id_of, seen, view},
};

/// **Accept**: transfers what was offered, all of it or nothing, once.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `OfferClosed` if it was answered, withdrawn, is too old or void; `Blocked` with
/// everything that is in the way; `PlanChanged` if the digest is of another plan.
pub async fn accept(
    ctx: &Ctx,
    by: &Principal,
    id: &str,
    destination: &str,
    confirmed: Option<String>,
) -> Result<ReceiptView> {
    let id = id_of(id)?;
    let done: Result<ReceiptView> = ctx
        .db()
        .write(|tx, _| Box::pin(async { accept_in(tx, ctx, by, id, destination, confirmed.as_deref()).await }))
        .await;
    match done {
        Err(error) if error.is_taken() => Err(Refusal::Conflict.into()),
        done => done,
    }
}

async fn accept_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    id: OfferId,
    destination: &str,
    confirmed: Option<&str>,
) -> Result<ReceiptView> {
    let mut of = find_answerable(tx, ctx, by, id).await?;
    let destination = destination_or_root(tx, &of, destination).await?;
    let (loaded, plan) = plan_in(tx, ctx, by, &of, destination).await?;
    let digest = transfer::load::digest_of(&plan)?;
    if confirmed.is_some_and(|confirmed| confirmed != digest) {
        return Err(Refusal::PlanChanged.into());
    }
    let moved = transfer::execute::carry_out(tx, ctx, by, loaded, plan, digest, None).await?;
    of.transfer = Some(moved.receipt.id);
    answer(tx, ctx, by, &of, OfferState::Accepted).await?;
    Ok(moved.receipt)
}

/// **Decline**: nothing moves.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `OfferClosed`.
pub async fn decline(ctx: &Ctx, by: &Principal, id: &str) -> Result<OfferView> {
    let id = id_of(id)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let of = find_answerable(tx, ctx, by, id).await?;
                answer(tx, ctx, by, &of, OfferState::Declined).await?;
                let (of, standing) = seen(tx, by, id).await?;
                view(tx, ctx, by, of, standing, TransferDirection::In).await
            })
        })
        .await
}

/// **Withdraw**: who made it, or an Owner or Manager of the source.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `OfferClosed`.
pub async fn withdraw(ctx: &Ctx, by: &Principal, id: &str) -> Result<OfferView> {
    let id = id_of(id)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (of, standing) = seen(tx, by, id).await?;
                if !standing.may_withdraw() {
                    let text = "Only the organization that made an offer can withdraw it. You can decline it.";
                    return Err(Refusal::Forbidden(text.to_owned()).into());
                }
                of.now(ctx.now()).open()?;
                answer(tx, ctx, by, &of, OfferState::Withdrawn).await?;
                let (of, standing) = seen(tx, by, id).await?;
                view(tx, ctx, by, of, standing, TransferDirection::Out).await
            })
        })
        .await
}

/// Records an answer, in the offer and in both logs, and sends an email to the offerer.
async fn answer(tx: &mut Tx, ctx: &Ctx, by: &Principal, of: &Offer, state: OfferState) -> Result<()> {
    let noted = Answer { state, by: by.person, name: &by.name, transfer: of.transfer, at: ctx.now() };
    // Of two answers at the same moment, one changes the open offer, and the other is refused with what it is now.
    if !offer::update_answered(tx, of.id, &noted).await? {
        let now = offer::find(tx, of.id).await?.map_or(OfferState::Void, |of| of.now(ctx.now()));
        return Err(now.closed().into());
    }
    let what = of.what.what();
    let (done, action) = match state {
        OfferState::Accepted => ("accepted", Action::OfferAccepted),
        OfferState::Declined => ("declined", Action::OfferDeclined),
        _ => ("withdrew", Action::OfferWithdrawn),
    };
    // The source must not learn who the target's people are. In its log, the target declines, not a person. Who accepted is
    // in the receipt anyway.
    let anonymous = Principal { name: of.target_name.clone(), ..by.clone() };
    for (there, organization) in [(false, of.source), (true, of.target)] {
        let actor = if state == OfferState::Declined && !there { &anonymous } else { by };
        let other = if there { format!("from {}", of.source_name) } else { format!("to {}", of.target_name) };
        let event = AuditEvent {
            organization: Some(organization),
            resources: of.items.iter().map(|item| item.id).collect(),
            transfer: of.transfer,
            ..AuditEvent::new(action, format!("{done} the offer of {what} {other}"))
        };
        audit::record(tx, ctx, actor, event).await?;
    }
    if state == OfferState::Withdrawn {
        return Ok(());
    }
    let Some(offerer) = person::find(tx, of.person).await? else { return Ok(()) };
    // An offerer who has left the source gets no email about it.
    let in_source = organizations::find_with_role(tx, of.source, of.person).await?;
    let Some((source, Some(_))) = in_source else { return Ok(()) };
    let path = paths::offer(&source.org_id, &of.id.to_string());
    let message = EmailMessage::OfferAnswered {
        organization: &of.target_name,
        path: &path,
        what: &what,
        accepted: state == OfferState::Accepted,
    };
    mail::post(tx, ctx, &offerer.email, &message).await?;
    Ok(())
}
