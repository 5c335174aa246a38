//! Table `resource`, the datasets that wait for credits (LIC-2).

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::domain::{
    id::{AccountId, JobId, OrganizationId, PersonId, ResourceId},
    job::Affordable,
    time::Timestamp,
};

/// A dataset that waits: for the operator, who wanted it processed, or for a job.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Waiting {
    pub id: ResourceId,
    /// The organization that owns it.
    #[sqlx(rename = "organization_id")]
    pub organization: OrganizationId,
    pub name: String,
    /// Number of images.
    pub images: i64,
    pub waiting_since: Timestamp,
    /// Who made it.
    pub created_by: PersonId,
    /// The job that waits.
    #[sqlx(rename = "job_id")]
    pub job: Option<JobId>,
}

impl Waiting {
    /// Its place in the queue of its account.
    pub const fn place(&self) -> (Timestamp, ResourceId) {
        (self.waiting_since, self.id)
    }
}

/// What waits in an account behind a place and can be paid, as far as the number of images says, what waits longest first. What is in the
/// trash does not wait.
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    most: Affordable,
    behind: Option<(Timestamp, ResourceId)>,
    limit: i64,
) -> Result<Vec<Waiting>> {
    let (since, id) = behind.unwrap_or((Timestamp(0), ResourceId(Uuid::nil())));
    tx.sql(
        "SELECT r.id, r.organization_id, r.name, r.images, r.waiting_since, r.created_by,
            (SELECT j.id FROM job j WHERE j.dataset_id = r.id AND j.exclusive AND j.ended_at IS NULL) AS job_id
         FROM resource r
         WHERE r.account_id = $1 AND r.waiting_since IS NOT NULL AND r.trashed_with IS NULL AND r.created_by IS NOT NULL
            AND (((r.charged_to IS NULL OR $3) AND r.images <= $2) OR (r.charged_to IS NOT NULL AND NOT $3 AND r.images - r.paid_images <= $4))
            AND (r.waiting_since, r.id) > ($6, $7)
         ORDER BY r.waiting_since, r.id LIMIT CAST($5 AS BIGINT)",
    )
    .bind(account)
    .bind(most.images)
    .bind(most.pays_each)
    .bind(most.unpaid_images)
    .bind(limit)
    .bind(since)
    .bind(id)
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
