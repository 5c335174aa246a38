//! What taking an offer would do, and what is in the way (XFER-15).

use crate::{
    domain::{
        blocker::{Blocker, BlockerCode},
        id::{OfferId, ResourceId},
        refusal::Refusal,
        transfer::{Plan, offer as rules},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{
            Tx, account,
            offer::{self, Offer},
        },
        usecase::{
            self, access,
            transfer::{
                self,
                load::{Parties, PlanInput},
            },
        },
    },
    view::PlanView,
};

use super::{
    make::digest_of,
    show::{id_of, seen},
};

/// What taking an offer would do, and what is in the way (XFER-15).
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `OfferClosed`; `Invalid` at `destination`.
pub async fn plan(ctx: &Ctx, by: &Principal, id: &str, destination: &str) -> Result<PlanView> {
    let id = id_of(id)?;
    let mut tx = ctx.db().read().await?;
    let of = find_answerable(&mut tx, ctx, by, id).await?;
    let destination = destination_or_root(&mut tx, &of, destination).await?;
    let (loaded, plan) = plan_in(&mut tx, ctx, by, &of, destination).await?;
    let digest = transfer::load::digest_of(&plan)?;
    Ok(plan_view(&loaded, plan, digest))
}

/// An offer that somebody may answer now.
pub(super) async fn find_answerable(tx: &mut Tx, ctx: &Ctx, by: &Principal, id: OfferId) -> Result<Offer> {
    let (of, standing) = seen(tx, by, id).await?;
    if !standing.may_answer() {
        let text = "Only Editors, Managers and Owners of the organization it is offered to answer an offer.";
        return Err(Refusal::Forbidden(text.to_owned()).into());
    }
    of.now(ctx.now()).open()?;
    Ok(of)
}

/// The chosen destination of offered items; the root of the target's Drive if none is chosen.
pub(super) async fn destination_or_root(tx: &mut Tx, of: &Offer, destination: &str) -> Result<ResourceId> {
    if destination.is_empty() {
        let accounts = account::list(tx, of.target).await?;
        return Ok(accounts.first().map(|account| account.root).ok_or(Refusal::NotFound)?);
    }
    usecase::id("destination", destination)
}

/// Plans the transfer of an offer: the offerer's right in the source, the taker's in the target.
pub(super) async fn plan_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    of: &Offer,
    destination: ResourceId,
) -> Result<(PlanInput, Plan)> {
    let items = offer::list_items(tx, of.id).await?;
    let loaded = transfer::load::load(tx, ctx, Parties { giver: of.person, by }, &items, destination).await;
    let loaded = match loaded {
        // Either the destination does not exist for the taker, or the items do not exist for the offerer any more. If the
        // taker sees the destination, it is the latter, and saying so reveals nothing.
        Err(Error::Refused(Refusal::NotFound)) if may_receive_at(tx, by, of, destination).await? => {
            let text = format!("{}, who offered this, no longer has access to it.", of.person_name);
            let blocker = Blocker { code: BlockerCode::SourceRoleTooLow, resource: None, name: None, message: text };
            return Err(Refusal::Blocked(vec![blocker]).into());
        }
        loaded => loaded?,
    };
    if loaded.facts.target.organization != of.target {
        return Err(Refusal::NotFound.into());
    }
    // What is offered now against what was offered: the taker agreed to nothing that came into a folder since.
    let now = rules::offering(&loaded.facts.source, &loaded.facts.items, ctx.now());
    let plan = rules::take(&loaded.facts, &of.person_name, digest_of(&now)? == of.digest);
    Ok((loaded, plan))
}

async fn may_receive_at(tx: &mut Tx, by: &Principal, of: &Offer, destination: ResourceId) -> Result<bool> {
    let access_path = access::access_paths(tx, by.person, &[destination]).await?.remove(&destination);
    Ok(access_path
        .is_some_and(|access_path| access_path.level().is_some() && access_path.facts.organization == of.target))
}

pub(super) fn plan_view(loaded: &PlanInput, mut plan: Plan, digest: String) -> PlanView {
    // The target must not learn the names of the source's people and links from an offer. After the transfer, the receipt
    // has them, for those who may read it.
    plan.effects.people_losing_access.first.clear();
    plan.effects.links_stopped.first.clear();
    PlanView {
        digest,
        source_name: loaded.facts.source.name.clone(),
        target_name: loaded.facts.target.name.clone(),
        target_org_id: loaded.target_org_id().to_owned(),
        may_take_access: false,
        plan,
    }
}
