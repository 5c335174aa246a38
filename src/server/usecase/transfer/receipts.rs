//! Showing, listing and exporting receipts (XFER-18).

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    domain::{
        id::{OrganizationId, TransferId},
        permit::allow_to_look,
        refusal::Refusal,
        role::Permission,
    },
    server::{
        context::{Ctx, Principal},
        error::{Result, at_field},
        store::{Tx, membership, organization as organizations, transfer},
        usecase::{
            key, organization,
            pager::Pager,
            transfer::{
                receipt::{readable, receipt_view},
                undo,
            },
        },
    },
    view::{
        Page, ReceiptView,
        transfer::{TransferDirection, TransferRow},
    },
};

/// How many lines an export has at most.
pub const MAX_EXPORT_ROWS: i64 = 100_000;

/// How many lines of an export are read at a time.
const EXPORT_BATCH_SIZE: i64 = 500;

/// Which receipts are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiptQuery {
    /// `in` or `out`. Default: both.
    pub direction: String,
    /// Where the page starts.
    pub cursor: String,
    /// 1 to 200.
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

pub(crate) async fn page(tx: &mut Tx, organization: OrganizationId, query: &ReceiptQuery) -> Result<Page<TransferRow>> {
    let limit = crate::server::usecase::limit(query.limit)?;
    let wanted = direction(&query.direction)?;
    let pager = Pager::new("receipts");
    let before = pager.read(&query.cursor)?;
    let rows = rows(tx, organization, wanted, before, limit + 1).await?;
    pager.page(rows, limit, |row| row.id)
}

/// The receipt of a finished transfer (XFER-18), for who did it and for who may read the audit log of either side.
///
/// # Errors
/// `NotFound` for everybody else.
pub async fn show(ctx: &Ctx, by: &Principal, id: &str) -> Result<ReceiptView> {
    let id: TransferId = crate::server::usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    let (record, in_target) = readable(&mut tx, by, id).await?;
    let target_org_id = match in_target {
        Some(_) => organizations::find(&mut tx, record.target).await?.map(|found| found.org_id),
        None => None,
    };
    let undo = undo::control(&mut tx, ctx, by, &record).await?;
    Ok(receipt_view(record, target_org_id, undo))
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
