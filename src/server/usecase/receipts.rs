//! Lists of receipts (XFER-18), for who may read the audit log of an organization; and the page of its transfers.

use crate::{
    domain::{
        id::{OrganizationId, TransferId},
        permit::allow_to_look,
        refusal::Refusal,
        role::{Permission, Role, may},
    },
    view::{
        Page,
        transfer::{TransferDirection, TransferRow, TransfersView},
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Result, at_field},
        store::{Tx, membership, transfer},
    },
    key,
    offer::{self, OfferQuery},
    organization,
};

/// How many lines an export has at most.
pub const MAX_EXPORT_ROWS: i64 = 100_000;
/// How many receipts or offers the page shows.
const PAGE_SIZE: i64 = 50;
/// How many lines of an export are read at a time.
const EXPORT_BATCH_SIZE: i64 = 500;

/// Which receipts are wanted.
#[derive(Debug, Default, Clone)]
pub struct ReceiptQuery {
    /// `in` or `out`; both where it is empty.
    pub direction: String,
    /// Where the page starts.
    pub cursor: String,
    /// How many.
    pub limit: Option<i64>,
}

fn direction(text: &str) -> Result<Option<TransferDirection>> {
    match text {
        "" => Ok(None),
        word => Ok(Some(TransferDirection::parse(word).map_err(at_field("direction"))?)),
    }
}

/// Receipts of one direction, or of both by when they were.
async fn rows(
    tx: &mut Tx,
    organization: OrganizationId,
    wanted: Option<TransferDirection>,
    before: Option<TransferId>,
    limit: i64,
) -> Result<Vec<TransferRow>> {
    let mut rows = Vec::new();
    for direction in
        TransferDirection::ALL.into_iter().filter(|direction| wanted.is_none_or(|wanted| wanted == *direction))
    {
        rows.extend(transfer::list(tx, organization, direction, before, limit).await?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}

async fn page(tx: &mut Tx, organization: OrganizationId, query: &ReceiptQuery) -> Result<Page<TransferRow>> {
    let limit = super::limit(query.limit)?;
    let wanted = direction(&query.direction)?;
    let before = match super::read_cursor(&query.cursor, 1)? {
        Some(parts) => Some(super::id("cursor", &parts[0])?),
        None => None,
    };
    let rows = rows(tx, organization, wanted, before, limit + 1).await?;
    Ok(super::page(rows, limit, |row| super::cursor(&[&row.id.to_string()])))
}

/// Receipts of transfers out of an organization and into it, newest first.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str, query: &ReceiptQuery) -> Result<Page<TransferRow>> {
    let mut tx = ctx.db().read().await?;
    let permit = organization::permit_to_look(&mut tx, by, org, Permission::ReadAudit).await?;
    key::reach_the_whole(&mut tx, by, permit.organization()).await?;
    page(&mut tx, permit.organization(), query).await
}

/// The page of an organization's transfers: its receipts, or with `offers` its offers.
///
/// # Errors
/// `NotFound` for who has neither: for them there is no such page; `Invalid` at a field of the query.
pub async fn show_page(
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
        waiting = Some(offer::page(&mut tx, ctx, by, &belonging, &query).await?);
    }
    Ok(TransfersView { organization: belonging, receipts, offers: waiting })
}

/// An export of receipts, read a part at a time.
#[derive(Debug)]
pub struct Export {
    /// Whether there are more than it has.
    pub truncated: bool,
    by: Principal,
    organization: OrganizationId,
    direction: Option<TransferDirection>,
    before: Option<TransferId>,
    left: i64,
}

/// Begins an export.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at `direction`.
pub async fn begin_export(ctx: &Ctx, by: &Principal, org: &str, wanted: &str) -> Result<Export> {
    let mut tx = ctx.db().read().await?;
    let permit = organization::permit_to_look(&mut tx, by, org, Permission::ReadAudit).await?;
    key::reach_the_whole(&mut tx, by, permit.organization()).await?;
    let (organization, direction) = (permit.organization(), direction(wanted)?);
    let truncated = transfer::has_more_than(&mut tx, organization, direction, MAX_EXPORT_ROWS).await?;
    Ok(Export { truncated, by: by.clone(), organization, direction, before: None, left: MAX_EXPORT_ROWS })
}

impl Export {
    /// The next lines; none at the end. Whoever lost the right to read meanwhile is refused.
    ///
    /// # Errors
    /// `NotFound` and `Forbidden` by role; the database.
    pub async fn next(&mut self, ctx: &Ctx) -> Result<Vec<TransferRow>> {
        let limit = self.left.min(EXPORT_BATCH_SIZE);
        if limit <= 0 {
            return Ok(Vec::new());
        }
        let mut tx = ctx.db().read().await?;
        let role = membership::find_role(&mut tx, self.organization, self.by.person).await?;
        allow_to_look(self.by.who(), self.organization, role, Permission::ReadAudit)?;
        let rows = rows(&mut tx, self.organization, self.direction, self.before, limit).await?;
        self.left -= limit;
        match rows.last() {
            Some(last) if rows.len() == usize::try_from(limit).unwrap_or(usize::MAX) => self.before = Some(last.id),
            _ => self.left = 0,
        }
        Ok(rows)
    }
}
