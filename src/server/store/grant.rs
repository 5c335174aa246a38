//! Table `access_grant`: who was given what level on which resource, by hand or carried along with a move.

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, read};
use crate::domain::{
    access::{Level, Permit},
    id::{GrantId, OrganizationId, PersonId, ResourceId},
    role::RolePermit,
    time::Timestamp,
    transfer::{GrantFact, Grantee},
};

/// A grant to be added to the permit's resource.
#[derive(Debug, Clone, Copy)]
pub struct NewGrant {
    /// Id.
    pub id: GrantId,
    /// The resource.
    pub resource: ResourceId,
    /// To whom.
    pub grantee: Grantee,
    /// How much.
    pub level: Level,
    /// Carried along with a move, not made by hand.
    pub carried: bool,
    /// Now.
    pub at: Timestamp,
}

/// Gives a level. A grant of the same sort that is there already is set to it.
///
/// # Errors
/// The database.
pub async fn upsert(tx: &mut Tx, permit: &Permit, new: &NewGrant) -> Result<()> {
    let (person, organization) = match new.grantee {
        Grantee::Person(person) => (Some(person.0), None),
        Grantee::Organization(organization) => (None, Some(organization.0)),
    };
    let sql = match new.grantee {
        Grantee::Person(_) => {
            "INSERT INTO access_grant (id, resource_id, person_id, organization_id, level, carried, created_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (resource_id, person_id, carried) WHERE person_id IS NOT NULL DO UPDATE SET level = $5"
        }
        Grantee::Organization(_) => {
            "INSERT INTO access_grant (id, resource_id, person_id, organization_id, level, carried, created_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (resource_id, organization_id, carried) WHERE organization_id IS NOT NULL DO UPDATE SET level = $5"
        }
    };
    tx.sql(sql)
        .bind(new.id.0)
        .bind(new.resource.0)
        .bind(person)
        .bind(organization)
        .bind(new.level.word())
        .bind(new.carried)
        .bind(permit.person().0)
        .bind(new.at.0)
        .execute()
        .await
        .map(|_| ())
}

/// Ends the carried grants on resources (XFER-5).
///
/// # Errors
/// The database.
pub async fn delete_carried(tx: &mut Tx, _permit: &Permit, resources: &[ResourceId]) -> Result<()> {
    for chunk in resources.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|id| id.0).collect();
        tx.sql_list("DELETE FROM access_grant WHERE carried = {1} AND resource_id IN ({ids})", &ids)
            .bind(true)
            .execute()
            .await?;
    }
    Ok(())
}

/// Ends everything that was granted to a person in the permit's organization: their access ends with their membership
/// (PEOPLE-5).
///
/// # Errors
/// The database.
pub async fn delete_of_person(tx: &mut Tx, permit: &RolePermit, person: PersonId) -> Result<u64> {
    tx.sql(
        "DELETE FROM access_grant WHERE person_id = $1 AND EXISTS (
            SELECT 1 FROM resource r WHERE r.id = access_grant.resource_id AND r.organization_id = $2)",
    )
    .bind(person.0)
    .bind(permit.organization().0)
    .execute()
    .await
}

/// The levels on some resources that reach one person: granted to them, or to an organization they belong to.
///
/// # Errors
/// The database.
pub async fn list_levels(tx: &mut Tx, person: PersonId, resources: &[ResourceId]) -> Result<Vec<(ResourceId, Level)>> {
    let mut levels = Vec::new();
    for chunk in resources.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|id| id.0).collect();
        let rows: Vec<(Uuid, String)> = tx
            .sql_list(
                "SELECT resource_id, level FROM access_grant WHERE resource_id IN ({ids}) AND (person_id = {1}
                    OR organization_id IN (SELECT organization_id FROM membership WHERE person_id = {1}))",
                &ids,
            )
            .bind(person.0)
            .all()
            .await?;
        for (resource, level) in rows {
            levels.push((ResourceId(resource), read("access_grant", "level", &level, Level::parse)?));
        }
    }
    Ok(levels)
}

/// The resources of one organization on which a person has a level by grant: what is shared with them.
///
/// # Errors
/// The database.
pub async fn list_shared(
    tx: &mut Tx,
    person: PersonId,
    organization: OrganizationId,
    limit: i64,
) -> Result<Vec<ResourceId>> {
    let rows: Vec<(Uuid,)> = tx
        .sql(
            "SELECT DISTINCT g.resource_id FROM access_grant g JOIN resource r ON r.id = g.resource_id
             WHERE r.organization_id = $2 AND (g.person_id = $1
                OR g.organization_id IN (SELECT organization_id FROM membership WHERE person_id = $1))
             LIMIT CAST($3 AS BIGINT)",
        )
        .bind(person.0)
        .bind(organization.0)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| ResourceId(id)).collect())
}

#[derive(FromRow)]
struct GrantRow {
    resource_id: Uuid,
    person_id: Option<Uuid>,
    organization_id: Option<Uuid>,
    name: String,
    level: String,
    carried: bool,
}

/// Every grant on some resources, as the transfer rules see them.
///
/// # Errors
/// The database.
pub async fn list_facts(tx: &mut Tx, resources: &[ResourceId]) -> Result<Vec<(ResourceId, GrantFact)>> {
    let mut facts = Vec::new();
    for chunk in resources.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|id| id.0).collect();
        let rows: Vec<GrantRow> = tx
            .sql_list(
                "SELECT g.resource_id, g.person_id, g.organization_id, COALESCE(p.first_name || ' ' || p.last_name, o.name) AS name, g.level, g.carried
                 FROM access_grant g LEFT JOIN person p ON p.id = g.person_id LEFT JOIN organization o ON o.id = g.organization_id
                 WHERE g.resource_id IN ({ids}) ORDER BY g.id",
                &ids,
            )
            .all()
            .await?;
        for row in rows {
            let grantee = match (row.person_id, row.organization_id) {
                (Some(person), _) => Grantee::Person(PersonId(person)),
                (None, Some(organization)) => Grantee::Organization(OrganizationId(organization)),
                (None, None) => continue,
            };
            let level = read("access_grant", "level", &row.level, Level::parse)?;
            facts.push((
                ResourceId(row.resource_id),
                GrantFact { grantee, name: row.name, level, carried: row.carried },
            ));
        }
    }
    Ok(facts)
}
