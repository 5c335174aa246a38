//! Tables `licence` and `ledger_entry`: what an account may use, and the append-only books of it (LIC-3).

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, read};
use crate::domain::{
    id::{AccountId, EntryId, LicenceId, OrganizationId, ResourceId, TransferId},
    licence::{Amount, EntryKind, Licence, Model, Product},
    time::Timestamp,
    view::EntryView,
};

/// A licence to be added; its allowance comes with its first ledger entry.
#[derive(Debug, Clone)]
pub struct NewLicence {
    /// Id.
    pub id: LicenceId,
    /// The organization.
    pub organization: OrganizationId,
    /// Its account.
    pub account: AccountId,
    /// Product.
    pub product: Product,
    /// Billing model; cloud only.
    pub model: Option<Model>,
    /// Seats; desktop only.
    pub seats: Option<i64>,
    /// First active moment.
    pub active_from: Timestamp,
    /// First moment not active any more.
    pub active_until: Option<Timestamp>,
    /// Now.
    pub at: Timestamp,
}

/// Adds a licence with nothing in it.
///
/// # Errors
/// The database.
pub async fn insert(tx: &mut Tx, new: &NewLicence) -> Result<()> {
    tx.sql(
        "INSERT INTO licence (id, organization_id, account_id, product, model, seats, active_from, active_until,
            images_granted, projects_granted, credits_granted, images_left, projects_left, credits_left, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, 0, 0, $9)",
    )
    .bind(new.id.0)
    .bind(new.organization.0)
    .bind(new.account.0)
    .bind(new.product.word())
    .bind(new.model.map(Model::word))
    .bind(new.seats)
    .bind(new.active_from.0)
    .bind(new.active_until.map(|until| until.0))
    .bind(new.at.0)
    .execute()
    .await
    .map(|_| ())
}

/// A licence with where it belongs.
#[derive(Debug, Clone)]
pub struct StoredLicence {
    /// The organization.
    pub organization: OrganizationId,
    /// Its account.
    pub account: AccountId,
    /// Seats; desktop only.
    pub seats: Option<i64>,
    /// The licence as the rules see it.
    pub licence: Licence,
}

#[derive(FromRow)]
struct LicenceRow {
    id: Uuid,
    organization_id: Uuid,
    account_id: Uuid,
    product: String,
    model: Option<String>,
    seats: Option<i64>,
    active_from: i64,
    active_until: Option<i64>,
    images_granted: i64,
    projects_granted: i64,
    credits_granted: i64,
    images_left: i64,
    projects_left: i64,
    credits_left: i64,
}

impl TryFrom<LicenceRow> for StoredLicence {
    type Error = super::DbError;

    fn try_from(row: LicenceRow) -> Result<Self> {
        let model = row.model.map(|model| read("licence", "model", &model, Model::parse)).transpose()?;
        Ok(Self {
            organization: OrganizationId(row.organization_id),
            account: AccountId(row.account_id),
            seats: row.seats,
            licence: Licence {
                id: LicenceId(row.id),
                product: read("licence", "product", &row.product, Product::parse)?,
                model,
                active_from: Timestamp(row.active_from),
                active_until: row.active_until.map(Timestamp),
                granted: Amount {
                    images: row.images_granted,
                    projects: row.projects_granted,
                    credits: row.credits_granted,
                },
                left: Amount { images: row.images_left, projects: row.projects_left, credits: row.credits_left },
            },
        })
    }
}

/// The licences of an account, oldest first.
///
/// # Errors
/// The database.
pub async fn list_of_account(tx: &mut Tx, account: AccountId) -> Result<Vec<Licence>> {
    let rows: Vec<LicenceRow> = tx
        .sql(
            "SELECT id, organization_id, account_id, product, model, seats, active_from, active_until,
                images_granted, projects_granted, credits_granted, images_left, projects_left, credits_left
             FROM licence WHERE account_id = $1 ORDER BY id LIMIT 1000",
        )
        .bind(account.0)
        .all()
        .await?;
    rows.into_iter().map(|row| StoredLicence::try_from(row).map(|stored| stored.licence)).collect()
}

/// The licences of an organization, oldest first.
///
/// # Errors
/// The database.
pub async fn list(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<StoredLicence>> {
    let rows: Vec<LicenceRow> = tx
        .sql(
            "SELECT id, organization_id, account_id, product, model, seats, active_from, active_until,
                images_granted, projects_granted, credits_granted, images_left, projects_left, credits_left
             FROM licence WHERE organization_id = $1 ORDER BY id LIMIT 1000",
        )
        .bind(organization.0)
        .all()
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// A licence by id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: LicenceId) -> Result<Option<StoredLicence>> {
    let row: Option<LicenceRow> = tx
        .sql(
            "SELECT id, organization_id, account_id, product, model, seats, active_from, active_until,
                images_granted, projects_granted, credits_granted, images_left, projects_left, credits_left
             FROM licence WHERE id = $1",
        )
        .bind(id.0)
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// Sets the first moment at which a licence is not active any more.
///
/// # Errors
/// The database.
pub async fn update_active_until(tx: &mut Tx, id: LicenceId, until: Timestamp) -> Result<bool> {
    tx.sql("UPDATE licence SET active_until = $2 WHERE id = $1")
        .bind(id.0)
        .bind(until.0)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Ends whatever of an account has not ended yet, as it is being deleted: what was free.
///
/// # Errors
/// The database.
pub async fn end_of_account(tx: &mut Tx, account: AccountId, at: Timestamp) -> Result<u64> {
    tx.sql("UPDATE licence SET active_until = $2 WHERE account_id = $1 AND (active_until IS NULL OR active_until > $2)")
        .bind(account.0)
        .bind(at.0)
        .execute()
        .await
}

/// One change of what is left.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry {
    /// Id.
    pub id: EntryId,
    /// The licence.
    pub licence: LicenceId,
    /// Why.
    pub kind: EntryKind,
    /// The change.
    pub change: Amount,
    /// The transfer it belongs to.
    pub transfer: Option<TransferId>,
    /// The dataset it is about.
    pub resource: Option<ResourceId>,
    /// Now.
    pub at: Timestamp,
}

/// Writes an entry and changes what is left by it, unless that would fall below zero: then nothing is written and the
/// answer is `false` (LIC-2, also when many spend at once).
///
/// # Errors
/// The database.
pub async fn append(tx: &mut Tx, entry: &NewEntry) -> Result<bool> {
    let granted = if entry.kind == EntryKind::Grant { entry.change } else { Amount::default() };
    let changed = tx
        .sql(
            "UPDATE licence SET images_left = images_left + $2, projects_left = projects_left + $3, credits_left = credits_left + $4,
                images_granted = images_granted + $5, projects_granted = projects_granted + $6, credits_granted = credits_granted + $7
             WHERE id = $1 AND images_left + $2 >= 0 AND projects_left + $3 >= 0 AND credits_left + $4 >= 0",
        )
        .bind(entry.licence.0)
        .bind(entry.change.images)
        .bind(entry.change.projects)
        .bind(entry.change.credits)
        .bind(granted.images)
        .bind(granted.projects)
        .bind(granted.credits)
        .execute()
        .await?;
    if changed == 0 {
        return Ok(false);
    }
    tx.sql(
        "INSERT INTO ledger_entry (id, licence_id, kind, images, projects, credits, transfer_id, resource_id, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(entry.id.0)
    .bind(entry.licence.0)
    .bind(entry.kind.word())
    .bind(entry.change.images)
    .bind(entry.change.projects)
    .bind(entry.change.credits)
    .bind(entry.transfer.map(|transfer| transfer.0))
    .bind(entry.resource.map(|resource| resource.0))
    .bind(entry.at.0)
    .execute()
    .await?;
    Ok(true)
}

#[derive(FromRow)]
struct EntryRow {
    id: Uuid,
    kind: String,
    images: i64,
    projects: i64,
    credits: i64,
    transfer_id: Option<Uuid>,
    resource_id: Option<Uuid>,
    at: i64,
}

/// One page of a licence's ledger, newest first: the entries with their ids.
///
/// # Errors
/// The database.
pub async fn list_entries(
    tx: &mut Tx,
    licence: LicenceId,
    before: Option<EntryId>,
    limit: i64,
) -> Result<Vec<(EntryId, EntryView)>> {
    let rows: Vec<EntryRow> = tx
        .sql(
            "SELECT id, kind, images, projects, credits, transfer_id, resource_id, at FROM ledger_entry
             WHERE licence_id = $1 AND id < $2 ORDER BY id DESC LIMIT CAST($3 AS BIGINT)",
        )
        .bind(licence.0)
        .bind(before.map_or(Uuid::max(), |entry| entry.0))
        .bind(limit)
        .all()
        .await?;
    rows.into_iter()
        .map(|row| {
            let entry = EntryView {
                at: Timestamp(row.at),
                kind: read("ledger_entry", "kind", &row.kind, EntryKind::parse)?,
                change: Amount { images: row.images, projects: row.projects, credits: row.credits },
                transfer: row.transfer_id.map(TransferId),
                resource: row.resource_id.map(ResourceId),
            };
            Ok((EntryId(row.id), entry))
        })
        .collect()
}
