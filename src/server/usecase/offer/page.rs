//! The page of an offer; for who may take it, with a place where the items could go.

use crate::{
    domain::{
        blocker::Blocker,
        id::{PersonId, ResourceId},
        offer::OfferState,
        refusal::Refusal,
        resource::Kind,
        transfer::Plan,
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, offer::Offer},
        usecase::{access, drive, organization, transfer},
    },
    view::{
        DestinationRow, PlanView,
        transfer::{OfferDestinationView, OfferPageView, OfferView, TransferDirection},
    },
};

use super::{
    plan::{destination_or_root, plan_in, plan_view},
    show::{id_of, seen, view},
};

/// The page of an offer in one of the two organizations. For somebody who may take it, it has a destination and the plan for
/// it.
///
/// # Errors
/// `NotFound` if the offer or the organization is not there for the caller, or the offer is none of that organization's.
pub async fn show_page(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    id: &str,
    container: &str,
    cursor: &str,
) -> Result<OfferPageView> {
    let id = id_of(id)?;
    let mut tx = ctx.db().read().await?;
    let belonging = organization::belonging(&mut tx, by, org).await?;
    let (of, standing) = seen(&mut tx, by, id).await?;
    let direction = if belonging.id == of.target { TransferDirection::In } else { TransferDirection::Out };
    let there = match direction {
        TransferDirection::In => standing.may_answer(),
        TransferDirection::Out => belonging.id == of.source && standing.sees_as_source(),
    };
    if !there {
        return Err(Refusal::NotFound.into());
    }
    let open = of.now(ctx.now()) == OfferState::Open;
    let place = if direction == TransferDirection::In && open {
        Some(place_view(&mut tx, ctx, by, &of, container, cursor).await?)
    } else {
        None
    };
    let offer = view(&mut tx, ctx, by, of, standing, direction).await?;
    let offer = match direction {
        TransferDirection::In => OfferView { may_withdraw: false, ..offer },
        TransferDirection::Out => OfferView { may_answer: false, ..offer },
    };
    Ok(OfferPageView { organization: belonging, offer, place })
}

async fn place_view(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    of: &Offer,
    container: &str,
    cursor: &str,
) -> Result<OfferDestinationView> {
    let destination = destination_or_root(tx, of, container).await.map_err(|_| Refusal::NotFound)?;
    let access_path = access::access_path(tx, by, destination).await?;
    if access_path.facts.organization != of.target {
        return Err(Refusal::NotFound.into());
    }
    let query = drive::list::ListQuery {
        cursor: cursor.to_owned(),
        kind: Some(Kind::Folder.as_str().to_owned()),
        ..drive::list::ListQuery::default()
    };
    let rows = drive::list::list(tx, by, &access_path, &query, drive::list::PAGE_SIZE).await?;
    let row = |row: crate::view::RowView| DestinationRow { id: row.id, kind: row.kind, name: row.name, why_not: None };
    let rows = rows.map(row);
    let plan = match plan_in(tx, ctx, by, of, destination).await {
        Ok((loaded, plan)) => {
            let digest = transfer::load::digest_of(&plan)?;
            plan_view(&loaded, plan, digest)
        }
        // The planning ended there, so the page shows only this.
        Err(Error::Refused(Refusal::Blocked(blockers))) => blocked(of, destination, blockers, by.person),
        Err(error) => return Err(error),
    };
    Ok(OfferDestinationView { destination, path: access_path.visible_path(), rows, plan })
}

/// A plan that has blockers and nothing else.
fn blocked(of: &Offer, destination: ResourceId, blockers: Vec<Blocker>, person: PersonId) -> PlanView {
    let plan = Plan {
        scope: crate::domain::transfer::Scope::Between,
        person,
        source: of.source,
        target: of.target,
        destination: crate::domain::transfer::NamedResource { id: destination, name: of.target_name.clone() },
        destination_kind: Kind::Root,
        items: of.items.clone(),
        folders: of.what.folders,
        datasets: of.what.datasets,
        images: of.what.images,
        blockers,
        more_blockers: 0,
        effects: crate::domain::transfer::Effects::default(),
    };
    PlanView {
        plan,
        digest: String::new(),
        source_name: of.source_name.clone(),
        target_name: of.target_name.clone(),
        target_org_id: String::new(),
        may_take_access: false,
    }
}
