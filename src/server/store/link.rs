//! Table `share_link` (LINK-1).

use super::{Result, Tx};
use crate::domain::{access::Permit, id::LinkId, time::Timestamp};

/// Adds a link to the permit's resource.
///
/// # Errors
/// The database.
pub async fn insert(
    tx: &mut Tx,
    permit: &Permit,
    id: LinkId,
    token_hash: &str,
    at: Timestamp,
    expires_at: Option<Timestamp>,
) -> Result<()> {
    tx.sql(
        "INSERT INTO share_link (id, resource_id, token_hash, state, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, 'active', $4, $5, $6)",
    )
    .bind(id.0)
    .bind(permit.resource().0)
    .bind(token_hash.to_owned())
    .bind(permit.person().0)
    .bind(at.0)
    .bind(expires_at.map(|at| at.0))
    .execute()
    .await
    .map(|_| ())
}

/// What a link's state is, by the digest of its token: `active`, `revoked` or `moved`. Links of an organization that was
/// deleted are nobody's.
///
/// # Errors
/// The database.
pub async fn find_state(tx: &mut Tx, token_hash: &str) -> Result<Option<String>> {
    let row: Option<(String,)> = tx
        .sql(
            "SELECT s.state FROM share_link s JOIN resource r ON r.id = s.resource_id
             JOIN living_organization l ON l.id = r.organization_id WHERE s.token_hash = $1 AND r.trashed_with IS NULL",
        )
        .bind(token_hash.to_owned())
        .optional()
        .await?;
    Ok(row.map(|(state,)| state))
}
