//! Table `resource`, the datasets that wait for credits (LIC-2).

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::domain::id::{AccountId, OrganizationId, PersonId, ResourceId};

/// A dataset that waits.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Waiting {
    pub id: ResourceId,
    /// The organization that owns it.
    #[sqlx(rename = "organization_id")]
    pub organization: OrganizationId,
    pub name: String,
    /// Number of images.
    pub images: i64,
    /// Who made it.
    pub created_by: PersonId,
}

/// What waits in an account and has at most so many images, what waits longest first. What is in the trash does not wait.
pub async fn list(tx: &mut Tx, account: AccountId, most_images: i64, limit: i64) -> Result<Vec<Waiting>> {
    tx.sql(
        "SELECT id, organization_id, name, images, created_by FROM resource
         WHERE account_id = $1 AND waiting_since IS NOT NULL AND trashed_with IS NULL AND images <= $2 AND created_by IS NOT NULL
         ORDER BY waiting_since, id LIMIT CAST($3 AS BIGINT)",
    )
    .bind(account)
    .bind(most_images)
    .bind(limit)
    .all()
    .await
}

/// The next account in which something waits, by id, behind one.
pub async fn find_account(tx: &mut Tx, behind: Option<AccountId>) -> Result<Option<AccountId>> {
    tx.sql(
        "SELECT account_id FROM resource WHERE waiting_since IS NOT NULL AND account_id > $1
         ORDER BY account_id, waiting_since, id LIMIT 1",
    )
    .bind(behind.map_or(Uuid::nil(), |account| account.0))
    .value()
    .await
}
