//! Table `view_as_session`: who looked at an organization's Drive as somebody else sees it, and when that began.

use super::{Result, Tx};
use crate::domain::{
    id::{OrganizationId, PersonId},
    permit::RolePermit,
    time::Timestamp,
};

/// When somebody last began to look as another.
///
/// # Errors
/// The database.
pub async fn find(
    tx: &mut Tx,
    organization: OrganizationId,
    viewer: PersonId,
    person: PersonId,
) -> Result<Option<Timestamp>> {
    let row: Option<(i64,)> = tx
        .sql("SELECT started_at FROM view_as_session WHERE organization_id = $1 AND viewer_id = $2 AND viewed_person_id = $3")
        .bind(organization.0)
        .bind(viewer.0)
        .bind(person.0)
        .optional()
        .await?;
    Ok(row.map(|(at,)| Timestamp(at)))
}

/// Notes that the permit's person begins to look as another.
///
/// # Errors
/// The database.
pub async fn upsert(tx: &mut Tx, permit: &RolePermit, person: PersonId, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO view_as_session (organization_id, viewer_id, viewed_person_id, started_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organization_id, viewer_id, viewed_person_id) DO UPDATE SET started_at = $4",
    )
    .bind(permit.organization().0)
    .bind(permit.person().0)
    .bind(person.0)
    .bind(at.0)
    .execute()
    .await
    .map(|_| ())
}
