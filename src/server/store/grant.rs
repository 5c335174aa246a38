//! Table `access_grant`: who was given what level on which resource, by hand or carried along with a move.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, live, values::from_columns};
use crate::{
    domain::{
        access::Level,
        cap::through,
        id::{AccountId, GrantId, OrganizationId, PersonId, ResourceId},
        permit::{Permit, RolePermit},
        profile::OwnPermit,
        resource::Kind,
        role::Role,
        time::Timestamp,
        transfer::{GrantFact, Grantee},
    },
    view::SharedResourceView,
};

/// A grant to be added to a resource of the permit's organization. A transfer with one permit adds the grants that it carries
/// over to every item.
#[derive(Debug, Clone, Copy)]
pub struct NewGrant {
    pub id: GrantId,
    pub resource: ResourceId,
    pub grantee: Grantee,
    pub level: Level,
    /// Carried over from a move, not made by hand.
    pub carried: bool,
    pub at: Timestamp,
}

/// Grants a level. An existing grant of the same sort is set to it.
pub async fn upsert(tx: &mut Tx, permit: &Permit, new: &NewGrant) -> Result<()> {
    let (person, organization) = match new.grantee {
        Grantee::Person(person) => (Some(person.0), None),
        Grantee::Organization(organization) => (None, Some(organization.0)),
    };
    // ON CONFLICT has to name the partial unique index of the row, and each sort of grantee has its own.
    let sql = match new.grantee {
        Grantee::Person(_) => {
            "INSERT INTO access_grant (id, resource_id, person_id, organization_id, level, carried, created_by, created_at, owner_organization_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (resource_id, person_id, carried) WHERE person_id IS NOT NULL DO UPDATE SET level = $5"
        }
        Grantee::Organization(_) => {
            "INSERT INTO access_grant (id, resource_id, person_id, organization_id, level, carried, created_by, created_at, owner_organization_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (resource_id, organization_id, carried) WHERE organization_id IS NOT NULL DO UPDATE SET level = $5"
        }
    };
    tx.sql(sql)
        .bind(new.id)
        .bind(new.resource)
        .bind(person)
        .bind(organization)
        .bind(new.level)
        .bind(new.carried)
        .bind(permit.person())
        .bind(new.at)
        .bind(permit.organization())
        .execute()
        .await?;
    if let Grantee::Person(person) = new.grantee {
        live::touch_person(tx, person);
    }
    live::touch(tx, &[new.resource]).await
}

/// Gives levels that come along with a move (XFER-3), each on its own resource. An existing one is set to it.
pub async fn upsert_carried(tx: &mut Tx, permit: &Permit, new: &[NewGrant]) -> Result<()> {
    let (mut people, mut organizations) = (Vec::new(), Vec::new());
    for grant in new {
        let row = |grantee: Uuid| (grant.id.0, grant.resource.0, grantee, grant.level);
        match grant.grantee {
            Grantee::Person(person) => {
                live::touch_person(tx, person);
                people.push(row(person.0));
            }
            Grantee::Organization(organization) => organizations.push(row(organization.0)),
        }
    }
    let Some(at) = new.first().map(|grant| grant.at) else { return Ok(()) };
    // Without a WHERE, SQLite would take ON CONFLICT for the join condition of the SELECT. DISTINCT drops the rows that
    // pad the list, because PostgreSQL refuses to update one row twice.
    for (rows, sql) in [
        (
            people,
            "INSERT INTO access_grant (id, resource_id, person_id, level, carried, created_by, created_at, owner_organization_id)
             WITH listed(id, resource_id, grantee, level) AS (VALUES {rows:4})
             SELECT DISTINCT listed.id, listed.resource_id, listed.grantee, listed.level, {1}, {2}, {3}, {4} FROM listed WHERE listed.level <> ''
             ON CONFLICT (resource_id, person_id, carried) WHERE person_id IS NOT NULL DO UPDATE SET level = excluded.level",
        ),
        (
            organizations,
            "INSERT INTO access_grant (id, resource_id, organization_id, level, carried, created_by, created_at, owner_organization_id)
             WITH listed(id, resource_id, grantee, level) AS (VALUES {rows:4})
             SELECT DISTINCT listed.id, listed.resource_id, listed.grantee, listed.level, {1}, {2}, {3}, {4} FROM listed WHERE listed.level <> ''
             ON CONFLICT (resource_id, organization_id, carried) WHERE organization_id IS NOT NULL DO UPDATE SET level = excluded.level",
        ),
    ] {
        for chunk in rows.chunks(CHUNK) {
            tx.sql_rows(sql, chunk, |statement, (id, resource, grantee, level)| {
                statement.bind(*id).bind(*resource).bind(*grantee).bind(*level)
            })
            .bind(true)
            .bind(permit.person())
            .bind(at)
            .bind(permit.organization())
            .execute()
            .await?;
        }
    }
    let resources: Vec<ResourceId> = new.iter().map(|grant| grant.resource).collect();
    live::touch(tx, &resources).await
}

/// A grant as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct StoredGrant {
    pub id: GrantId,
    #[sqlx(rename = "resource_id")]
    pub resource: ResourceId,
    #[sqlx(flatten)]
    pub grantee: Grantee,
    pub level: Level,
    /// Carried over from a move, not made by hand.
    pub carried: bool,
}

/// A grant by id.
pub async fn find(tx: &mut Tx, id: GrantId) -> Result<Option<StoredGrant>> {
    tx.sql("SELECT id, resource_id, person_id, organization_id, level, carried FROM access_grant WHERE id = $1")
        .bind(id)
        .optional()
        .await
}

/// What somebody was given on one resource itself: by hand, carried along, or both.
pub async fn find_of(tx: &mut Tx, resource: ResourceId, to: Grantee) -> Result<Vec<StoredGrant>> {
    let (person, organization) = match to {
        Grantee::Person(person) => (Some(person.0), None),
        Grantee::Organization(organization) => (None, Some(organization.0)),
    };
    tx.sql(
        "SELECT id, resource_id, person_id, organization_id, level, carried FROM access_grant
         WHERE resource_id = $1 AND (person_id = $2 OR organization_id = $3)",
    )
    .bind(resource)
    .bind(person)
    .bind(organization)
    .all()
    .await
}

/// A grant as **Manage access** lists it.
#[derive(Debug, Clone, FromRow)]
pub struct ListedGrant {
    #[sqlx(flatten)]
    pub grant: StoredGrant,
    /// The person's or the organization's name.
    pub name: String,
    /// The person's address, or the Org ID.
    pub address: String,
    /// The person's role in the organization that owns the resource, if they have one.
    pub role: Option<Role>,
}

/// A page of grants starts after this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantCursor {
    /// 0 for a grant on the resource itself, 1 for one above it.
    pub rank: i64,
    pub id: Uuid,
}

impl GrantCursor {
    /// Before the first grant.
    pub const START: Self = Self { rank: -1, id: Uuid::nil() };
}

/// One page of the grants on a resource and on what is above it: its own first, then in the order they were made. Grants
/// to a deleted organization reach nobody and are left out.
pub async fn list_on_way(
    tx: &mut Tx,
    resource: ResourceId,
    way: &[ResourceId],
    after: GrantCursor,
    limit: i64,
) -> Result<Vec<ListedGrant>> {
    let ids: Vec<_> = way.iter().take(CHUNK).copied().collect();
    // A grant to a person has no organization, so `o.deleted_at` is NULL for it and it passes.
    tx.sql_list(
        "SELECT g.id, g.resource_id, g.person_id, g.organization_id, g.level, g.carried,
            COALESCE(p.first_name || ' ' || p.last_name, o.name) AS name, COALESCE(p.email, o.org_id) AS address, m.role
         FROM access_grant g LEFT JOIN person p ON p.id = g.person_id LEFT JOIN organization o ON o.id = g.organization_id
         LEFT JOIN membership m ON m.organization_id = g.owner_organization_id AND m.person_id = g.person_id
         WHERE g.resource_id IN ({ids}) AND o.deleted_at IS NULL
            AND ((CASE WHEN g.resource_id = {1} THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END) > {2}
                OR ((CASE WHEN g.resource_id = {1} THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END) = {2} AND g.id > {3}))
         ORDER BY (CASE WHEN g.resource_id = {1} THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END), g.id LIMIT CAST({4} AS BIGINT)",
        &ids,
    )
    .bind(resource)
    .bind(after.rank)
    .bind(after.id)
    .bind(limit)
    .all()
    .await
}

/// The grants made by hand on some resources, to be taken away (XFER-2); at most `limit` of each chunk.
pub async fn list_by_hand(tx: &mut Tx, resources: &[ResourceId], limit: i64) -> Result<Vec<ListedGrant>> {
    let mut listed = Vec::new();
    for chunk in resources.chunks(CHUNK) {
        let rows: Vec<ListedGrant> = tx
            .sql_list(
                "SELECT g.id, g.resource_id, g.person_id, g.organization_id, g.level, g.carried,
                    COALESCE(p.first_name || ' ' || p.last_name, o.name) AS name, COALESCE(p.email, o.org_id) AS address, NULL AS role
                 FROM access_grant g LEFT JOIN person p ON p.id = g.person_id LEFT JOIN organization o ON o.id = g.organization_id
                 WHERE g.resource_id IN ({ids}) AND NOT g.carried LIMIT CAST({1} AS BIGINT)",
                chunk,
            )
            .bind(limit)
            .all()
            .await?;
        listed.extend(rows);
    }
    Ok(listed)
}

/// A grant that reaches somebody, as "Why can they see this?" tells it.
#[derive(Debug, Clone, FromRow)]
pub struct AccessHolder {
    #[sqlx(flatten)]
    pub grant: StoredGrant,
    /// The organization it was given to, where it was not given to the person.
    pub through: Option<String>,
    /// The highest level that the person's membership there lets through (JOB-5).
    pub max_level: Option<Level>,
    /// Who made it, or moved what it came along with.
    #[sqlx(rename = "made_by")]
    pub by: Option<String>,
    #[sqlx(rename = "created_at")]
    pub at: Timestamp,
}

/// Every grant that reaches one person on a way up, and the organization it was given to where it was not to them.
pub async fn list_reaching(tx: &mut Tx, person: PersonId, way: &[ResourceId]) -> Result<Vec<AccessHolder>> {
    let ids: Vec<_> = way.iter().take(CHUNK).copied().collect();
    tx.sql_list(
        "SELECT g.id, g.resource_id, g.person_id, g.organization_id, g.level, g.carried,
            o.name AS through, p.first_name || ' ' || p.last_name AS made_by, g.created_at,
            (SELECT COALESCE(m.max_level, 'editor') FROM membership m WHERE m.organization_id = g.organization_id AND m.person_id = {1}) AS max_level
         FROM access_grant g LEFT JOIN organization o ON o.id = g.organization_id LEFT JOIN person p ON p.id = g.created_by
         WHERE g.resource_id IN ({ids}) AND (g.person_id = {1}
            OR g.organization_id IN (SELECT organization_id FROM active_membership WHERE person_id = {1}))",
        &ids,
    )
    .bind(person)
    .all()
    .await
}

/// Ends a grant on the permit's resource; returns whether it existed.
pub async fn delete(tx: &mut Tx, permit: &Permit, id: GrantId) -> Result<bool> {
    let ended = tx
        .sql("DELETE FROM access_grant WHERE id = $1 AND resource_id = $2")
        .bind(id)
        .bind(permit.resource())
        .execute()
        .await?;
    live::touch(tx, &[permit.resource()]).await?;
    Ok(ended > 0)
}

/// Ends the carried grants on resources (XFER-5).
pub async fn delete_carried(tx: &mut Tx, _permit: &Permit, resources: &[ResourceId]) -> Result<()> {
    for chunk in resources.chunks(CHUNK) {
        tx.sql_list("DELETE FROM access_grant WHERE carried = {1} AND resource_id IN ({ids})", chunk)
            .bind(true)
            .execute()
            .await?;
    }
    live::touch(tx, resources).await
}

/// Ends the carried grants that a move made at a moment on what it moved: the move is taken back.
pub async fn delete_carried_at(tx: &mut Tx, _permit: &Permit, resources: &[ResourceId], at: Timestamp) -> Result<()> {
    for chunk in resources.chunks(CHUNK) {
        tx.sql_list(
            "DELETE FROM access_grant WHERE carried = {1} AND created_at = {2} AND resource_id IN ({ids})",
            chunk,
        )
        .bind(true)
        .bind(at)
        .execute()
        .await?;
    }
    live::touch(tx, resources).await
}

/// Ends everything that was granted to some people in the permit's organization: their access ends with their membership
/// (PEOPLE-5).
pub async fn delete_of_people(tx: &mut Tx, permit: &RolePermit, people: &[PersonId]) -> Result<u64> {
    let mut ended = 0;
    for chunk in people.chunks(CHUNK) {
        for person in chunk {
            live::touch_person(tx, *person);
        }
        ended += tx
            .sql_list("DELETE FROM access_grant WHERE owner_organization_id = {1} AND person_id IN ({ids})", chunk)
            .bind(permit.organization())
            .execute()
            .await?;
        // Taking back a transfer must not restore their grants either.
        tx.sql_list(
            "DELETE FROM transfer_reversal_grant WHERE owner_organization_id = {1} AND person_id IN ({ids})",
            chunk,
        )
        .bind(permit.organization())
        .execute()
        .await?;
    }
    Ok(ended)
}

/// Which of some people were given access to something in an organization.
pub async fn list_known(tx: &mut Tx, organization: OrganizationId, people: &[PersonId]) -> Result<Vec<PersonId>> {
    let mut known = Vec::new();
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<PersonId> = tx
            .sql_list("SELECT DISTINCT person_id FROM access_grant WHERE owner_organization_id = {1} AND person_id IN ({ids})", chunk)
            .bind(organization)
            .column()
            .await?;
        known.extend(rows);
    }
    Ok(known)
}

/// Somebody outside an organization who reaches something in it (PEOPLE-9).
#[derive(Debug, Clone, FromRow)]
pub struct External {
    pub id: PersonId,
    /// The sort key of their name.
    pub name_key: String,
    /// Their email's comparison key.
    pub email_key: String,
    pub name: String,
    pub email: String,
    /// When they were last here.
    #[sqlx(rename = "last_seen_at")]
    pub last_seen: Option<Timestamp>,
    /// How many resources they were given access to.
    #[sqlx(try_from = "i64")]
    pub resources: u64,
}

/// The people outside an organization who were given access to something in it, whose name or email is like `pattern`; at
/// most `limit`, by name.
pub async fn list_externals(
    tx: &mut Tx,
    organization: OrganizationId,
    pattern: &str,
    limit: i64,
) -> Result<Vec<External>> {
    tx.sql(
        "SELECT p.id, p.name_key, p.email_key, p.first_name || ' ' || p.last_name AS name, p.email, p.last_seen_at, e.resources
         FROM (SELECT g.person_id, CAST(COUNT(DISTINCT g.resource_id) AS BIGINT) AS resources
               FROM access_grant g JOIN resource r ON r.id = g.resource_id
               WHERE g.owner_organization_id = $1 AND g.person_id IS NOT NULL AND r.trashed_with IS NULL GROUP BY g.person_id) e
         JOIN person p ON p.id = e.person_id
         WHERE NOT EXISTS (SELECT 1 FROM membership m WHERE m.organization_id = $1 AND m.person_id = e.person_id)
            AND (p.name_search LIKE $2 ESCAPE '!' OR p.email_key LIKE $2 ESCAPE '!')
         ORDER BY p.name_key, p.id LIMIT CAST($3 AS BIGINT)",
    )
    .bind(organization)
    .bind(pattern.to_owned())
    .bind(limit)
    .all()
    .await
}

/// What some people were given access to in an organization, with name and level; at most `limit` in all.
pub async fn list_reached(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[PersonId],
    limit: i64,
) -> Result<Vec<(PersonId, String, Level)>> {
    let mut reached = Vec::new();
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<(PersonId, String, Level)> = tx
            .sql_list(
                "SELECT g.person_id, r.name, g.level FROM access_grant g JOIN resource r ON r.id = g.resource_id
                 WHERE g.owner_organization_id = {1} AND g.person_id IN ({ids}) AND r.trashed_with IS NULL LIMIT CAST({2} AS BIGINT)",
                chunk,
            )
            .bind(organization)
            .bind(limit)
            .all()
            .await?;
        reached.extend(rows);
    }
    Ok(reached)
}

/// The people who were given access to any of some resources, at most `limit` of each chunk (PEOPLE-11).
pub async fn list_people(tx: &mut Tx, resources: &[ResourceId], limit: i64) -> Result<Vec<PersonId>> {
    let mut people = Vec::new();
    for chunk in resources.chunks(CHUNK) {
        let rows: Vec<PersonId> = tx
            .sql_list(
                "SELECT DISTINCT person_id FROM access_grant WHERE resource_id IN ({ids}) AND person_id IS NOT NULL LIMIT CAST({1} AS BIGINT)",
                chunk,
            )
            .bind(limit)
            .column()
            .await?;
        people.extend(rows);
    }
    Ok(people)
}

/// Ends everything that was granted to a person, wherever it is: their account is being deleted (SET-2).
pub async fn delete_own(tx: &mut Tx, permit: &OwnPermit) -> Result<u64> {
    // Taking back a transfer must not restore them either.
    tx.sql("DELETE FROM transfer_reversal_grant WHERE person_id = $1").bind(permit.person()).execute().await?;
    tx.sql("DELETE FROM access_grant WHERE person_id = $1").bind(permit.person()).execute().await
}

/// Something that was granted to somebody, for the export of their data.
#[derive(Debug, Clone, FromRow)]
pub struct OwnGrant {
    /// The grant's id.
    pub id: Uuid,
    pub resource_id: Uuid,
    /// Its name.
    pub resource: String,
    /// The organization that owns it.
    pub organization: String,
    pub level: String,
    pub created_at: i64,
}

/// What was granted to a person, behind a grant's id.
pub async fn list_own(tx: &mut Tx, person: PersonId, after: Uuid, limit: i64) -> Result<Vec<OwnGrant>> {
    tx.sql(
        "SELECT g.id, g.resource_id, r.name AS resource, o.name AS organization, g.level, g.created_at
         FROM access_grant g JOIN resource r ON r.id = g.resource_id JOIN organization o ON o.id = r.organization_id
         WHERE g.person_id = $1 AND g.id > $2 AND o.deleted_at IS NULL AND r.trashed_with IS NULL ORDER BY g.id LIMIT CAST($3 AS BIGINT)",
    )
    .bind(person)
    .bind(after)
    .bind(limit)
    .all()
    .await
}

/// Something that reaches a person by a grant, in an organization they are not in.
#[derive(Debug, Clone, FromRow)]
pub struct SharedWith {
    /// The newest grant, which settles its place.
    #[sqlx(rename = "id")]
    pub grant: Uuid,
    /// What, and whose; the level is that of this grant alone.
    #[sqlx(flatten)]
    pub view: SharedResourceView,
}

from_columns! {
    SharedResourceView: organization_id: OrganizationId, org_id: String, organization_name: String, resource_id: ResourceId,
        name: String, kind: Kind, level: Level;
    Self { organization: organization_id, org_id, organization_name, resource: resource_id, name, kind, level }
}

/// What was last shared with a person from outside, or with one of these organizations of theirs: only the newest grants
/// are read, so that the cost does not grow with their number.
pub async fn list_shared_lately(
    tx: &mut Tx,
    person: PersonId,
    organizations: &[OrganizationId],
    limit: i64,
) -> Result<Vec<SharedWith>> {
    // SQL has no empty list. No organization has a person's id, so this matches nothing.
    let mut ids: Vec<_> = organizations.iter().take(CHUNK).copied().collect();
    if ids.is_empty() {
        ids.push(OrganizationId(person.0));
    }
    // SQLite accepts ORDER BY and LIMIT inside a part of a UNION only in a subquery.
    tx.sql_list(
        "WITH mine(id, resource_id, level) AS (
            SELECT * FROM (SELECT g.id, g.resource_id, g.level FROM access_grant g
                WHERE g.person_id = {1} ORDER BY g.id DESC LIMIT 50) AS own
            UNION ALL
            SELECT * FROM (SELECT g.id, g.resource_id, g.level FROM access_grant g
                WHERE g.organization_id IN ({ids}) ORDER BY g.id DESC LIMIT 50) AS given)
         SELECT mine.id, r.id AS resource_id, r.name, r.kind, o.id AS organization_id, o.org_id, o.name AS organization_name, mine.level
         FROM mine CROSS JOIN resource r CROSS JOIN organization o
         WHERE r.id = mine.resource_id AND r.trashed_with IS NULL AND o.id = r.organization_id AND o.deleted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.organization_id = o.id AND m.person_id = {1})
         ORDER BY mine.id DESC LIMIT CAST({2} AS BIGINT)",
        &ids,
    )
    .bind(person)
    .bind(limit)
    .all()
    .await
}

/// One page of everything that is shared with a person from outside, or with an organization of theirs, the newest grant first;
/// behind the grant `after`, if one is given. A resource comes once for each grant on it.
pub async fn list_shared_with(
    tx: &mut Tx,
    person: PersonId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SharedWith>> {
    tx.sql(
        "WITH mine(id, resource_id, level) AS (
            SELECT g.id, g.resource_id, g.level FROM access_grant g WHERE g.person_id = $1 AND g.id < $2
            UNION ALL
            SELECT g.id, g.resource_id, g.level FROM active_membership l CROSS JOIN access_grant g
            WHERE l.person_id = $1 AND g.organization_id = l.organization_id AND g.id < $2)
         SELECT mine.id, r.id AS resource_id, r.name, r.kind, o.id AS organization_id, o.org_id, o.name AS organization_name, mine.level
         FROM mine CROSS JOIN resource r CROSS JOIN organization o
         WHERE r.id = mine.resource_id AND r.trashed_with IS NULL AND o.id = r.organization_id AND o.deleted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.organization_id = o.id AND m.person_id = $1)
         ORDER BY mine.id DESC LIMIT CAST($3 AS BIGINT)",
    )
    .bind(person)
    .bind(after.unwrap_or(Uuid::max()))
    .bind(limit)
    .all()
    .await
}

/// The levels on some resources that reach one person: granted to them, or to an organization they belong to. What an
/// organization that was deleted owns, or was given, reaches nobody.
pub async fn list_levels(tx: &mut Tx, person: PersonId, resources: &[ResourceId]) -> Result<Vec<(ResourceId, Level)>> {
    let mut levels = Vec::new();
    for chunk in resources.chunks(CHUNK) {
        let rows: Vec<(ResourceId, Level, Option<Level>)> = tx
            .sql_list(
                "SELECT g.resource_id, g.level, (SELECT COALESCE(m.max_level, 'editor') FROM membership m WHERE m.organization_id = g.organization_id AND m.person_id = {1}) AS max_level FROM access_grant g JOIN resource r ON r.id = g.resource_id
                 JOIN active_organization l ON l.id = r.organization_id
                 WHERE g.resource_id IN ({ids}) AND (g.person_id = {1}
                    OR g.organization_id IN (SELECT organization_id FROM active_membership WHERE person_id = {1}))",
                chunk,
            )
            .bind(person)
            .all()
            .await?;
        levels.extend(rows.into_iter().map(|(id, level, cap)| (id, through(level, cap))));
    }
    Ok(levels)
}

/// What is shared with a person ($1) in an organization ($2), unless that was deleted. The query starts
/// from their grants, so that the size of the organization does not matter.
macro_rules! shared {
    ($rest:literal) => {
        concat!(
            "WITH mine(resource_id) AS (
                SELECT g.resource_id FROM access_grant g JOIN active_organization l ON l.id = g.owner_organization_id
                WHERE g.owner_organization_id = $2 AND g.person_id = $1
                UNION ALL
                SELECT g.resource_id FROM access_grant g JOIN active_organization l ON l.id = g.owner_organization_id
                WHERE g.owner_organization_id = $2 AND g.organization_id IN (SELECT organization_id FROM active_membership WHERE person_id = $1)
             ) ",
            $rest
        )
    };
}

/// The resources of one organization on which a person has a level by grant: what is shared with them, the newest first.
pub async fn list_shared(
    tx: &mut Tx,
    person: PersonId,
    organization: OrganizationId,
    limit: i64,
) -> Result<Vec<ResourceId>> {
    tx.sql(shared!(
        "SELECT DISTINCT r.id FROM mine CROSS JOIN resource r
             WHERE r.id = mine.resource_id AND r.trashed_with IS NULL ORDER BY r.id DESC LIMIT CAST($3 AS BIGINT)"
    ))
    .bind(person)
    .bind(organization)
    .bind(limit)
    .column()
    .await
}

/// Whether anything of an organization is shared with a person.
pub async fn any_shared(tx: &mut Tx, person: PersonId, organization: OrganizationId) -> Result<bool> {
    tx.sql(shared!(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM mine CROSS JOIN resource r
             WHERE r.id = mine.resource_id AND r.trashed_with IS NULL LIMIT 1) AS first"
    ))
    .bind(person)
    .bind(organization)
    .count()
    .await
    .map(|found| found > 0)
}

/// Whether something of an organization that is in none of some accounts is shared with a person.
pub async fn any_shared_elsewhere(
    tx: &mut Tx,
    person: PersonId,
    organization: OrganizationId,
    accounts: &[AccountId],
) -> Result<bool> {
    if accounts.is_empty() {
        return Ok(false);
    }
    let ids: Vec<_> = accounts.iter().take(CHUNK).copied().collect();
    tx.sql_list(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM (
                SELECT g.resource_id FROM access_grant g WHERE g.owner_organization_id = {2} AND g.person_id = {1}
                UNION ALL
                SELECT g.resource_id FROM access_grant g WHERE g.owner_organization_id = {2}
                    AND g.organization_id IN (SELECT organization_id FROM active_membership WHERE person_id = {1})) AS mine
            CROSS JOIN resource r WHERE r.id = mine.resource_id AND r.trashed_with IS NULL AND r.account_id NOT IN ({ids})
            LIMIT 1) AS first",
        &ids,
    )
    .bind(person)
    .bind(organization)
    .number()
    .await
    .map(|n| n > 0)
}

/// A page of shared resources starts after this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedCursor {
    /// Where the kind sorts: folders first.
    pub rank: i64,
    /// The name's sort key.
    pub name_key: String,
    /// Breaks ties.
    pub id: Uuid,
}

/// One page of the resources of one organization on which a person has a level by grant, folders first, by name.
pub async fn list_shared_page(
    tx: &mut Tx,
    person: PersonId,
    organization: OrganizationId,
    after: Option<&SharedCursor>,
    limit: i64,
) -> Result<Vec<(ResourceId, SharedCursor)>> {
    let start = SharedCursor { rank: -1, name_key: String::new(), id: Uuid::nil() };
    let after = after.unwrap_or(&start);
    let rows: Vec<(i64, String, Uuid)> = tx
        .sql(
            shared!(
                "SELECT DISTINCT r.kind_rank, r.name_key, r.id FROM mine CROSS JOIN resource r
                 WHERE r.id = mine.resource_id AND r.trashed_with IS NULL AND (r.kind_rank, r.name_key, r.id) > ($3, $4, $5)
                 ORDER BY r.kind_rank, r.name_key, r.id LIMIT CAST($6 AS BIGINT)"
            ),
        )
        .bind(person)
        .bind(organization)
        .bind(after.rank)
        .bind(after.name_key.clone())
        .bind(after.id)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(rank, name_key, id)| (ResourceId(id), SharedCursor { rank, name_key, id })).collect())
}

#[derive(FromRow)]
struct GrantRow {
    resource_id: ResourceId,
    #[sqlx(flatten)]
    grantee: Grantee,
    name: String,
    level: Level,
    carried: bool,
}

/// Every grant on some resources, as the transfer rules see them.
pub async fn list_facts(tx: &mut Tx, resources: &[ResourceId]) -> Result<Vec<(ResourceId, GrantFact)>> {
    let mut facts = Vec::new();
    for chunk in resources.chunks(CHUNK) {
        let rows: Vec<GrantRow> = tx
            .sql_list(
                "SELECT g.resource_id, g.person_id, g.organization_id, COALESCE(p.first_name || ' ' || p.last_name, o.name) AS name, g.level, g.carried
                 FROM access_grant g LEFT JOIN person p ON p.id = g.person_id LEFT JOIN organization o ON o.id = g.organization_id
                 WHERE g.resource_id IN ({ids}) ORDER BY g.id",
                chunk,
            )
            .all()
            .await?;
        facts.extend(rows.into_iter().map(|row| {
            let GrantRow { resource_id, grantee, name, level, carried } = row;
            (resource_id, GrantFact { grantee, name, level, carried })
        }));
    }
    Ok(facts)
}
