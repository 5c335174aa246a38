//! The offers of an organization and to it: the list, and what Home and the Drive show of them.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    domain::{
        offer::{OfferState, OfferViewer},
        refusal::Refusal,
        role::Role,
    },
    server::{
        context::{Ctx, Principal},
        error::{Result, at_field},
        store::{
            Tx,
            offer::{self, Offer},
        },
        usecase::{self, organization, pager::Pager},
    },
    view::{
        OrganizationMembership, Page,
        transfer::{OfferView, OfferedItem, TransferDirection},
    },
};

use super::show::view_for;

/// How many offered items the Drive marks at most.
const SHOWN_OFFERED: i64 = 1_000;
/// How many offers Home shows.
const ON_HOME: i64 = 5;

/// Which offers are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct OfferQuery {
    /// `in` (to the organization) or `out` (by it). Default: `in`.
    pub direction: String,
    /// Where the page starts.
    pub cursor: String,
    /// 1 to 200.
    pub limit: Option<i64>,
}

/// The offers to an organization or of it, newest first. Default: those to it.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str, query: &OfferQuery) -> Result<Page<OfferView>> {
    let mut tx = ctx.db().read().await?;
    let belonging = organization::belonging(&mut tx, by, org).await?;
    page(&mut tx, ctx, by, &belonging, query).await
}

/// [`list`] within a page that shows more, for an organization that was looked up already.
pub async fn page(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    belonging: &OrganizationMembership,
    query: &OfferQuery,
) -> Result<Page<OfferView>> {
    let limit = usecase::limit(query.limit)?;
    let direction = match query.direction.as_str() {
        "" => TransferDirection::In,
        word => TransferDirection::parse(word).map_err(at_field("direction"))?,
    };
    let role = belonging.role.ok_or(Refusal::NotFound)?;
    // Somebody who is not a Manager sees only what they offered themselves.
    let mine = match direction {
        TransferDirection::In if role < Role::Editor => {
            return Err(Refusal::Forbidden(
                "Only Editors, Managers and Owners see the offers to an organization.".to_owned(),
            )
            .into());
        }
        TransferDirection::Out if role < Role::Manager => Some(by.person),
        TransferDirection::In | TransferDirection::Out => None,
    };
    let pager = Pager::new("offers");
    let before = pager.read(&query.cursor)?;
    let wanted = offer::OfferFilter { organization: belonging.id, direction, by: mine, before, limit: limit + 1 };
    let rows = offer::list(tx, &wanted).await?;
    Ok(pager.page(rows, limit, |of| of.id)?.map(|of| view_of_side(ctx, by, belonging, of, direction)))
}

/// An offer in a list, as one side sees it.
fn view_of_side(
    ctx: &Ctx,
    by: &Principal,
    belonging: &OrganizationMembership,
    of: Offer,
    direction: TransferDirection,
) -> OfferView {
    let standing = match direction {
        TransferDirection::Out => {
            OfferViewer { in_source: belonging.role, in_target: None, made_it: of.person == by.person }
        }
        TransferDirection::In => OfferViewer { in_source: None, in_target: belonging.role, made_it: false },
    };
    let target_org_id = (direction == TransferDirection::In).then(|| belonging.org_id.clone());
    view_for(ctx, by, of, standing, direction, target_org_id)
}

/// The offers that an organization has not answered, for its Home.
pub async fn waiting(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    belonging: &OrganizationMembership,
) -> Result<Vec<OfferView>> {
    if belonging.role.is_none_or(|role| role < Role::Editor) {
        return Ok(Vec::new());
    }
    let waiting = offer::list_waiting(tx, belonging.id, ctx.now(), ON_HOME).await?;
    let views = waiting.into_iter().map(|of| view_of_side(ctx, by, belonging, of, TransferDirection::In));
    Ok(views.filter(|of| of.state == OfferState::Open).collect())
}

/// The items of an organization that are offered to another one, for its Owners and Managers.
pub async fn offered(tx: &mut Tx, ctx: &Ctx, belonging: &OrganizationMembership) -> Result<Vec<OfferedItem>> {
    if belonging.role.is_none_or(|role| role < Role::Manager) {
        return Ok(Vec::new());
    }
    Ok(offer::list_open(tx, belonging.id, ctx.now(), SHOWN_OFFERED).await?)
}
