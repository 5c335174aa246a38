//! Table `share_link` (LINK-1). It holds digests of tokens only. A link is not found while its resource is in the trash or its
//! organization is deleted.

use sqlx::FromRow;

use super::{Result, Tx};
use crate::{
    domain::{
        id::{LinkId, OrganizationId, ResourceId},
        permit::Permit,
        resource::Kind,
        share_link::ShareLinkState,
        time::Timestamp,
    },
    view::Crumb,
};

/// A link to be added to the permit's resource.
#[derive(Debug)]
pub struct NewLink<'a> {
    pub id: LinkId,
    /// Digest of the token in it.
    pub token_hash: &'a str,
    /// Hash of its password, if it has one.
    pub password_hash: Option<&'a str>,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
    pub at: Timestamp,
}

/// Adds a link to the permit's resource.
pub async fn insert(tx: &mut Tx, permit: &Permit, new: &NewLink<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO share_link (id, resource_id, token_hash, state, password_hash, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, 'active', $4, $5, $6, $7)",
    )
    .bind(new.id)
    .bind(permit.resource())
    .bind(new.token_hash.to_owned())
    .bind(new.password_hash.map(str::to_owned))
    .bind(permit.person())
    .bind(new.at)
    .bind(new.expires_at)
    .execute()
    .await
    .map(|_| ())
}

/// A link.
#[derive(Debug, Clone, FromRow)]
pub struct Link {
    pub id: LinkId,
    /// What it shows.
    #[sqlx(rename = "resource_id")]
    pub resource: ResourceId,
    /// Whose that is.
    #[sqlx(rename = "organization_id")]
    pub organization: OrganizationId,
    /// Digest of its token.
    pub token_hash: String,
    /// What was done with it.
    pub state: ShareLinkState,
    /// Hash of its password, if it has one.
    pub password_hash: Option<String>,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by_name: Option<String>,
    /// When it was last opened, to the hour.
    pub last_opened_at: Option<Timestamp>,
}

/// The columns of a link, once for all queries.
macro_rules! links {
    ($where_and_order:literal) => {
        concat!(
            "SELECT s.id, s.resource_id, r.organization_id, s.token_hash, s.state, s.password_hash, s.expires_at, s.created_at,
                p.first_name || ' ' || p.last_name AS created_by_name, s.last_opened_at
             FROM share_link s JOIN resource r ON r.id = s.resource_id
             JOIN active_organization l ON l.id = r.organization_id
             LEFT JOIN person p ON p.id = s.created_by WHERE r.trashed_with IS NULL AND ",
            $where_and_order
        )
    };
}

/// A link by the digest of its token.
pub async fn find_by_token(tx: &mut Tx, token_hash: &str) -> Result<Option<Link>> {
    tx.sql(links!("s.token_hash = $1")).bind(token_hash.to_owned()).optional().await
}

/// A link by its id.
pub async fn find(tx: &mut Tx, id: LinkId) -> Result<Option<Link>> {
    tx.sql(links!("s.id = $1")).bind(id).optional().await
}

/// The links of a resource that nobody switched off, newest first.
pub async fn list(tx: &mut Tx, resource: ResourceId, limit: i64) -> Result<Vec<Link>> {
    tx.sql(links!(
        "s.resource_id = $1 AND s.state <> 'revoked' ORDER BY s.created_at DESC, s.id DESC LIMIT CAST($2 AS BIGINT)"
    ))
    .bind(resource)
    .bind(limit)
    .all()
    .await
}

/// How many links of a resource work.
pub async fn count_active(tx: &mut Tx, resource: ResourceId, now: Timestamp) -> Result<u64> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM share_link
         WHERE resource_id = $1 AND state = 'active' AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(resource)
    .bind(now)
    .count()
    .await
}

/// Switches a link of the permit's resource off; whether it was on.
pub async fn update_revoked(tx: &mut Tx, permit: &Permit, id: LinkId) -> Result<bool> {
    tx.sql("UPDATE share_link SET state = 'revoked' WHERE id = $1 AND resource_id = $2 AND state = 'active'")
        .bind(id)
        .bind(permit.resource())
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Notes that a link was opened, unless that was noted after `not_since`. No permit: whoever has the link opens it.
pub async fn update_opened(tx: &mut Tx, id: LinkId, at: Timestamp, not_since: Timestamp) -> Result<bool> {
    tx.sql(
        "UPDATE share_link SET last_opened_at = $2 WHERE id = $1 AND (last_opened_at IS NULL OR last_opened_at <= $3)",
    )
    .bind(id)
    .bind(at)
    .bind(not_since)
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// The path from `top` down to a resource; empty unless the resource is `top` or below it, and not in the trash.
pub async fn list_path(tx: &mut Tx, top: ResourceId, id: ResourceId) -> Result<Vec<Crumb>> {
    // Only the start is checked for the trash: what is outside the trash is never inside something that is in it.
    let mut rows: Vec<(i64, ResourceId, Kind, String)> = tx
        .sql(
            "WITH RECURSIVE up(distance, id, parent_id, kind, name) AS (
                SELECT CAST(0 AS BIGINT), r.id, r.parent_id, r.kind, r.name FROM resource r WHERE r.id = $1 AND r.trashed_with IS NULL
                UNION ALL
                SELECT up.distance + 1, r.id, r.parent_id, r.kind, r.name FROM up JOIN resource r ON r.id = up.parent_id
                WHERE up.id <> $2 AND up.distance < 100
             )
             SELECT distance, id, kind, name FROM up",
        )
        .bind(id)
        .bind(top)
        .all()
        .await?;
    rows.sort_by_key(|(distance, ..)| std::cmp::Reverse(*distance));
    if rows.first().is_none_or(|(_, first, _, _)| *first != top) {
        return Ok(Vec::new());
    }
    Ok(rows.into_iter().map(|(_, id, kind, name)| Crumb { id, name, kind }).collect())
}
