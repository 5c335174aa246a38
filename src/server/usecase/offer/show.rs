//! A single offer, as far as its viewer may see it.

use crate::{
    domain::{
        id::OfferId,
        offer::{OfferState, OfferViewer},
        refusal::Refusal,
        role::Role,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{
            Tx,
            offer::{self, Offer},
            organization as organizations,
        },
        usecase,
    },
    view::transfer::{OfferView, TransferDirection},
};

/// One offer.
///
/// # Errors
/// `NotFound` for who is not of either side's Owners and Managers, the target's Editors, or who made it.
pub async fn show(ctx: &Ctx, by: &Principal, id: &str) -> Result<OfferView> {
    let id = id_of(id)?;
    let mut tx = ctx.db().read().await?;
    let (of, standing) = seen(&mut tx, by, id).await?;
    view(&mut tx, ctx, by, of, standing, side_of(standing)).await
}

pub(super) fn id_of(text: &str) -> Result<OfferId> {
    usecase::id("id", text).map_err(|_| Refusal::NotFound.into())
}

/// An offer that somebody may see, and in which roles they see it.
pub(super) async fn seen(tx: &mut Tx, by: &Principal, id: OfferId) -> Result<(Offer, OfferViewer)> {
    let of = offer::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let standing = viewer_of(tx, by, &of).await?;
    if standing.sees() { Ok((of, standing)) } else { Err(Refusal::NotFound.into()) }
}

pub(super) async fn viewer_of(tx: &mut Tx, by: &Principal, of: &Offer) -> Result<OfferViewer> {
    // In a deleted organization nobody has a role, so its offers do not exist for anybody.
    let role = async |tx: &mut Tx, id| -> Result<Option<Option<Role>>> {
        Ok(organizations::find_with_role(tx, id, by.person).await?.map(|(_, role)| role))
    };
    let (in_source, in_target) = (role(tx, of.source).await?, role(tx, of.target).await?);
    Ok(OfferViewer { in_source: in_source.flatten(), in_target: in_target.flatten(), made_it: of.person == by.person })
}

/// The side from which an offer is shown to somebody who belongs to both.
fn side_of(standing: OfferViewer) -> TransferDirection {
    if standing.may_answer() { TransferDirection::In } else { TransferDirection::Out }
}

pub(super) async fn view(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    of: Offer,
    standing: OfferViewer,
    direction: TransferDirection,
) -> Result<OfferView> {
    let target_org_id = match standing.in_target {
        Some(_) => organizations::find(tx, of.target).await?.map(|found| found.org_id),
        None => None,
    };
    Ok(view_for(ctx, by, of, standing, direction, target_org_id))
}

/// An offer as far as somebody with this standing may see it. It runs no statement, because lists call it for each row.
pub(super) fn view_for(
    ctx: &Ctx,
    by: &Principal,
    of: Offer,
    standing: OfferViewer,
    direction: TransferDirection,
    target_org_id: Option<String>,
) -> OfferView {
    let state = of.now(ctx.now());
    let open = state == OfferState::Open;
    let shown = standing.sees_who_answered(state, of.answered_by == Some(by.person));
    OfferView {
        id: of.id,
        direction,
        state,
        source: of.source,
        source_name: of.source_name,
        target_name: of.target_name,
        target_org_id,
        by_name: of.person_name,
        note: of.note,
        items: of.items,
        what: of.what,
        created_at: of.created_at,
        expires_at: of.expires_at,
        answered_at: of.answered_at,
        answered_by_name: of.answered_name.filter(|_| shown),
        transfer: of.transfer,
        may_answer: open && standing.may_answer(),
        may_withdraw: open && standing.may_withdraw(),
    }
}
