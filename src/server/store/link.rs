//! Table `share_link` (LINK-1). Only the digests of tokens stand here. Links of what is in the trash, and of an
//! organization that was deleted, are nobody's while that lasts.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, read};
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
    /// Id.
    pub id: LinkId,
    /// Digest of the token in it.
    pub token_hash: &'a str,
    /// Hash of its password, if it has one.
    pub password_hash: Option<&'a str>,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
    /// Now.
    pub at: Timestamp,
}

/// Adds a link to the permit's resource.
///
/// # Errors
/// The database.
pub async fn insert(tx: &mut Tx, permit: &Permit, new: &NewLink<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO share_link (id, resource_id, token_hash, state, password_hash, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, 'active', $4, $5, $6, $7)",
    )
    .bind(new.id.0)
    .bind(permit.resource().0)
    .bind(new.token_hash.to_owned())
    .bind(new.password_hash.map(str::to_owned))
    .bind(permit.person().0)
    .bind(new.at.0)
    .bind(new.expires_at.map(|at| at.0))
    .execute()
    .await
    .map(|_| ())
}

/// A link.
#[derive(Debug, Clone)]
pub struct Link {
    /// Id.
    pub id: LinkId,
    /// What it shows.
    pub resource: ResourceId,
    /// Whose that is.
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

#[derive(FromRow)]
struct LinkRow {
    id: Uuid,
    resource_id: Uuid,
    organization_id: Uuid,
    token_hash: String,
    state: String,
    password_hash: Option<String>,
    expires_at: Option<i64>,
    created_at: i64,
    created_by_name: Option<String>,
    last_opened_at: Option<i64>,
}

impl LinkRow {
    fn into_link(self) -> Result<Link> {
        Ok(Link {
            id: LinkId(self.id),
            resource: ResourceId(self.resource_id),
            organization: OrganizationId(self.organization_id),
            token_hash: self.token_hash,
            state: read("share_link", "state", &self.state, ShareLinkState::parse)?,
            password_hash: self.password_hash,
            expires_at: self.expires_at.map(Timestamp),
            created_at: Timestamp(self.created_at),
            created_by_name: self.created_by_name,
            last_opened_at: self.last_opened_at.map(Timestamp),
        })
    }
}

/// What is read of a link. Kept as one text so that all questions get the same.
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
///
/// # Errors
/// The database.
pub async fn find_by_token(tx: &mut Tx, token_hash: &str) -> Result<Option<Link>> {
    let row: Option<LinkRow> = tx.sql(links!("s.token_hash = $1")).bind(token_hash.to_owned()).optional().await?;
    row.map(LinkRow::into_link).transpose()
}

/// A link by its id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: LinkId) -> Result<Option<Link>> {
    let row: Option<LinkRow> = tx.sql(links!("s.id = $1")).bind(id.0).optional().await?;
    row.map(LinkRow::into_link).transpose()
}

/// The links of a resource that nobody switched off, newest first.
///
/// # Errors
/// The database.
pub async fn list(tx: &mut Tx, resource: ResourceId, limit: i64) -> Result<Vec<Link>> {
    let rows: Vec<LinkRow> = tx
        .sql(links!(
            "s.resource_id = $1 AND s.state <> 'revoked' ORDER BY s.created_at DESC, s.id DESC LIMIT CAST($2 AS BIGINT)"
        ))
        .bind(resource.0)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(LinkRow::into_link).collect()
}

/// How many links of a resource work.
///
/// # Errors
/// The database.
pub async fn count_active(tx: &mut Tx, resource: ResourceId, now: Timestamp) -> Result<u64> {
    let count = tx
        .sql(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM share_link
             WHERE resource_id = $1 AND state = 'active' AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(resource.0)
        .bind(now.0)
        .number()
        .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Switches a link of the permit's resource off; whether it was on.
///
/// # Errors
/// The database.
pub async fn update_revoked(tx: &mut Tx, permit: &Permit, id: LinkId) -> Result<bool> {
    tx.sql("UPDATE share_link SET state = 'revoked' WHERE id = $1 AND resource_id = $2 AND state = 'active'")
        .bind(id.0)
        .bind(permit.resource().0)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Notes that a link was opened, unless that was noted after `not_since`. No permit: whoever has the link opens it.
///
/// # Errors
/// The database.
pub async fn update_opened(tx: &mut Tx, id: LinkId, at: Timestamp, not_since: Timestamp) -> Result<bool> {
    tx.sql(
        "UPDATE share_link SET last_opened_at = $2 WHERE id = $1 AND (last_opened_at IS NULL OR last_opened_at <= $3)",
    )
    .bind(id.0)
    .bind(at.0)
    .bind(not_since.0)
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// From `top` down to something that is it, or below it; empty for everything else, what is in the trash included.
///
/// # Errors
/// The database.
pub async fn list_path(tx: &mut Tx, top: ResourceId, id: ResourceId) -> Result<Vec<Crumb>> {
    let mut rows: Vec<(i64, Uuid, String, String)> = tx
        .sql(
            "WITH RECURSIVE up(distance, id, parent_id, kind, name) AS (
                SELECT CAST(0 AS BIGINT), r.id, r.parent_id, r.kind, r.name FROM resource r WHERE r.id = $1 AND r.trashed_with IS NULL
                UNION ALL
                SELECT up.distance + 1, r.id, r.parent_id, r.kind, r.name FROM up JOIN resource r ON r.id = up.parent_id
                WHERE up.id <> $2 AND up.distance < 100
             )
             SELECT distance, id, kind, name FROM up",
        )
        .bind(id.0)
        .bind(top.0)
        .all()
        .await?;
    rows.sort_by_key(|(distance, ..)| std::cmp::Reverse(*distance));
    if rows.first().is_none_or(|(_, first, _, _)| *first != top.0) {
        return Ok(Vec::new());
    }
    rows.into_iter()
        .map(|(_, id, kind, name)| {
            Ok(Crumb { id: ResourceId(id), name, kind: read("resource", "kind", &kind, Kind::parse)? })
        })
        .collect()
}
