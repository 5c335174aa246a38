//! The page of an organization's transfers: its receipts, or its offers (XFER-18).

use crate::{
    domain::{
        refusal::Refusal,
        role::{Permission, Role, may},
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        usecase::{
            offer::{self, list::OfferQuery},
            organization,
            transfer::receipts::{ReceiptQuery, page},
        },
    },
    view::transfer::TransfersView,
};

/// How many receipts or offers the page shows.
const PAGE_SIZE: i64 = 50;

/// The page of an organization's transfers: its receipts, or with `offers` its offers.
///
/// # Errors
/// `NotFound` for who has neither: for them there is no such page; `Invalid` at a field of the query.
pub async fn show(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    offers: bool,
    direction: &str,
    cursor: &str,
) -> Result<TransfersView> {
    let mut tx = ctx.db().read().await?;
    let belonging = organization::belonging(&mut tx, by, org).await?;
    let role = belonging.role.filter(|role| *role >= Role::Editor).ok_or(Refusal::NotFound)?;
    // Editors answer offers; receipts are for who may read the audit log.
    let reads = may(role, Permission::ReadAudit);
    let (direction, cursor, limit) = (direction.to_owned(), cursor.to_owned(), Some(PAGE_SIZE));
    let (mut receipts, mut waiting) = (None, None);
    if reads && !offers {
        receipts = Some(page(&mut tx, belonging.id, &ReceiptQuery { direction, cursor, limit }).await?);
    } else {
        let query = OfferQuery { direction, cursor, limit };
        waiting = Some(offer::list::page(&mut tx, ctx, by, &belonging, &query).await?);
    }
    Ok(TransfersView { organization: belonging, receipts, offers: waiting })
}
