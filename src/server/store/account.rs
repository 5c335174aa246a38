//! Table `account`.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::domain::{
    id::{AccountId, OrganizationId, ResourceId},
    role::RolePermit,
    time::Timestamp,
};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Id.
    pub id: AccountId,
    /// The organization it is of.
    pub organization: OrganizationId,
    /// Name.
    pub name: String,
    /// Account ID.
    pub account_id: String,
    /// The root of its Drive.
    pub root: ResourceId,
}

#[derive(FromRow)]
struct AccountRow {
    id: Uuid,
    organization_id: Uuid,
    name: String,
    account_id: String,
    root_id: Uuid,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: AccountId(row.id),
            organization: OrganizationId(row.organization_id),
            name: row.name,
            account_id: row.account_id,
            root: ResourceId(row.root_id),
        }
    }
}

/// Adds an account.
///
/// # Errors
/// `Taken` if the organization has this Account ID.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, account: &Account, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO account (id, organization_id, name, account_id, account_key, root_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(account.id.0)
    .bind(permit.organization().0)
    .bind(account.name.clone())
    .bind(account.account_id.clone())
    .bind(crate::domain::text::key(&account.account_id))
    .bind(account.root.0)
    .bind(at.0)
    .execute()
    .await
    .map(|_| ())
}

/// The accounts of an organization, oldest first.
///
/// # Errors
/// The database.
pub async fn list(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Account>> {
    let rows: Vec<AccountRow> = tx
        .sql(
            "SELECT id, organization_id, name, account_id, root_id FROM account
             WHERE organization_id = $1 ORDER BY id LIMIT 1000",
        )
        .bind(organization.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The account behind a Sharing ID (ACCT-1), whichever organization it is of; one that was deleted has none. An Org ID
/// that an organization had before goes on leading to it (ORG-5).
///
/// # Errors
/// The database.
pub async fn find_by_sharing_id(tx: &mut Tx, org_key: &str, account_key: &str) -> Result<Option<Account>> {
    let row: Option<AccountRow> = tx
        .sql(
            "SELECT a.id, a.organization_id, a.name, a.account_id, a.root_id
             FROM account a JOIN living_organization l ON l.id = a.organization_id
             WHERE a.account_key = $2 AND a.organization_id = COALESCE(
                (SELECT id FROM organization WHERE org_key = $1),
                (SELECT organization_id FROM org_alias WHERE org_key = $1))",
        )
        .bind(org_key.to_owned())
        .bind(account_key.to_owned())
        .optional()
        .await?;
    Ok(row.map(Into::into))
}
