//! Table `membership`: who belongs where, with what role.

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, read};
use crate::domain::{
    id::{OrganizationId, PersonId},
    role::{Role, RolePermit},
    time::Timestamp,
};

/// Where a role sorts: Owners first.
const fn rank(role: Role) -> i64 {
    match role {
        Role::Owner => 0,
        Role::Manager => 1,
        Role::Editor => 2,
        Role::Reader => 3,
        Role::Member => 4,
    }
}

/// A person's role in an organization.
///
/// # Errors
/// The database.
pub async fn find_role(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Option<Role>> {
    let row: Option<(String,)> = tx
        .sql("SELECT role FROM membership WHERE organization_id = $1 AND person_id = $2")
        .bind(organization.0)
        .bind(person.0)
        .optional()
        .await?;
    row.map(|(role,)| read("membership", "role", &role, Role::parse)).transpose()
}

/// Adds a person to the permit's organization.
///
/// # Errors
/// `Taken` if they are in it.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, person: PersonId, role: Role, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO membership (organization_id, person_id, role, created_at, role_rank, name_key, email_key)
         SELECT $1, p.id, $3, $4, $5, p.name_key, p.email_key FROM person p WHERE p.id = $2",
    )
    .bind(permit.organization().0)
    .bind(person.0)
    .bind(role.word())
    .bind(at.0)
    .bind(rank(role))
    .execute()
    .await
    .map(|_| ())
}

/// Changes a person's role; whether they were in the organization.
///
/// # Errors
/// The database.
pub async fn update_role(tx: &mut Tx, permit: &RolePermit, person: PersonId, role: Role) -> Result<bool> {
    tx.sql("UPDATE membership SET role = $3, role_rank = $4 WHERE organization_id = $1 AND person_id = $2")
        .bind(permit.organization().0)
        .bind(person.0)
        .bind(role.word())
        .bind(rank(role))
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Takes a person out of the organization; whether they were in it.
///
/// # Errors
/// The database.
pub async fn delete(tx: &mut Tx, permit: &RolePermit, person: PersonId) -> Result<bool> {
    tx.sql("DELETE FROM membership WHERE organization_id = $1 AND person_id = $2")
        .bind(permit.organization().0)
        .bind(person.0)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// How many Owners an organization has (ORG-3).
///
/// # Errors
/// The database.
pub async fn count_owners(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    let owners = tx
        .sql("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1 AND role = 'owner'")
        .bind(organization.0)
        .number()
        .await?;
    Ok(u64::try_from(owners).unwrap_or(0))
}

/// How many people belong to an organization.
///
/// # Errors
/// The database.
pub async fn count(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    let people = tx
        .sql("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1")
        .bind(organization.0)
        .number()
        .await?;
    Ok(u64::try_from(people).unwrap_or(0))
}

/// One of the Owners of an organization.
///
/// # Errors
/// The database.
pub async fn find_any_owner(tx: &mut Tx, organization: OrganizationId) -> Result<Option<PersonId>> {
    let row: Option<(Uuid,)> = tx
        .sql(
            "SELECT person_id FROM membership WHERE organization_id = $1 AND role = 'owner' ORDER BY person_id LIMIT 1",
        )
        .bind(organization.0)
        .optional()
        .await?;
    Ok(row.map(|(person,)| PersonId(person)))
}

/// The names of the first Owners of an organization.
///
/// # Errors
/// The database.
pub async fn list_owner_names(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .sql(
            "SELECT p.first_name || ' ' || p.last_name AS name FROM membership m JOIN person p ON p.id = m.person_id
             WHERE m.organization_id = $1 AND m.role = 'owner' ORDER BY m.person_id LIMIT 10",
        )
        .bind(organization.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// Somebody who may be able to reach what moves, with their role in the target organization.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their role in the target organization.
    pub target_role: Option<Role>,
}

#[derive(FromRow)]
struct CandidateRow {
    id: Uuid,
    name: String,
    target_role: Option<String>,
}

impl CandidateRow {
    fn into_candidate(self) -> Result<Candidate> {
        let target_role = self.target_role.map(|role| read("membership", "role", &role, Role::parse)).transpose()?;
        Ok(Candidate { id: PersonId(self.id), name: self.name, target_role })
    }
}

/// The people of `source` who see all of it by their role, without those who see all of `target` by theirs (they lose
/// nothing): how many, and the first `limit` of them by name.
///
/// # Errors
/// The database.
pub async fn list_candidates(
    tx: &mut Tx,
    source: OrganizationId,
    target: OrganizationId,
    limit: usize,
) -> Result<(u64, Vec<Candidate>)> {
    let total = tx
        .sql(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM membership s
             WHERE s.organization_id = $1 AND s.role <> 'member' AND NOT EXISTS (
                SELECT 1 FROM membership t WHERE t.organization_id = $2 AND t.person_id = s.person_id AND t.role <> 'member')",
        )
        .bind(source.0)
        .bind(target.0)
        .number()
        .await?;
    let rows: Vec<CandidateRow> = tx
        .sql(
            "SELECT p.id, p.first_name || ' ' || p.last_name AS name, t.role AS target_role
             FROM membership s JOIN person p ON p.id = s.person_id
             LEFT JOIN membership t ON t.organization_id = $2 AND t.person_id = s.person_id
             WHERE s.organization_id = $1 AND s.role <> 'member' AND (t.role IS NULL OR t.role = 'member')
             ORDER BY s.person_id LIMIT CAST($3 AS BIGINT)",
        )
        .bind(source.0)
        .bind(target.0)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .all()
        .await?;
    let candidates = rows.into_iter().map(CandidateRow::into_candidate).collect::<Result<Vec<_>>>()?;
    Ok((u64::try_from(total).unwrap_or(0), candidates))
}

/// People by id, and everyone in the organizations given, with their role in `target`; at most `limit` of each.
///
/// # Errors
/// The database.
pub async fn list_grantees(
    tx: &mut Tx,
    people: &[PersonId],
    organizations: &[OrganizationId],
    target: OrganizationId,
    limit: usize,
) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    for chunk in people.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|person| person.0).collect();
        let rows: Vec<CandidateRow> = tx
            .sql_list(
                "SELECT p.id, p.first_name || ' ' || p.last_name AS name, t.role AS target_role
                 FROM person p LEFT JOIN membership t ON t.person_id = p.id AND t.organization_id = {1}
                 WHERE p.id IN ({ids}) LIMIT CAST({2} AS BIGINT)",
                &ids,
            )
            .bind(target.0)
            .bind(limit)
            .all()
            .await?;
        for row in rows {
            found.push(row.into_candidate()?);
        }
    }
    for chunk in organizations.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|organization| organization.0).collect();
        let rows: Vec<CandidateRow> = tx
            .sql_list(
                "SELECT DISTINCT p.id, p.first_name || ' ' || p.last_name AS name, t.role AS target_role
                 FROM membership m JOIN person p ON p.id = m.person_id
                 LEFT JOIN membership t ON t.person_id = p.id AND t.organization_id = {1}
                 WHERE m.organization_id IN ({ids}) LIMIT CAST({2} AS BIGINT)",
                &ids,
            )
            .bind(target.0)
            .bind(limit)
            .all()
            .await?;
        for row in rows {
            found.push(row.into_candidate()?);
        }
    }
    Ok(found)
}
