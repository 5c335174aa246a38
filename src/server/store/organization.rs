//! Tables `organization` and `org_alias`.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, read};
use crate::domain::{
    id::{OrganizationId, PersonId},
    organization::{OrganizationKind, PlanTier},
    role::{Role, RolePermit},
    time::Timestamp,
    view::{Belonging, LegalView},
};

/// An organization to be added, with an Org ID that seemed free.
#[derive(Debug)]
pub struct NewOrganizationRow<'a> {
    /// Org ID as shown.
    pub org_id: &'a str,
    /// Org ID as compared.
    pub org_key: &'a str,
    /// Display name.
    pub name: &'a str,
    /// Legal definition.
    pub kind: OrganizationKind,
    /// Plan.
    pub plan: PlanTier,
    /// The person whose personal space it is (SPACE-1).
    pub space_of: Option<PersonId>,
    /// Legal information.
    pub legal: &'a LegalView,
    /// Now.
    pub at: Timestamp,
}

/// Adds an organization.
///
/// # Errors
/// `Taken` if the Org ID is.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, new: &NewOrganizationRow<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO organization (id, org_id, org_key, name, kind, plan, space_of, country, legal_name, address, postal_code, city, vat_number, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(permit.organization().0)
    .bind(new.org_id.to_owned())
    .bind(new.org_key.to_owned())
    .bind(new.name.to_owned())
    .bind(new.kind.word())
    .bind(new.plan.word())
    .bind(new.space_of.map(|person| person.0))
    .bind(new.legal.country.clone())
    .bind(new.legal.legal_name.clone())
    .bind(new.legal.address.clone())
    .bind(new.legal.postal_code.clone())
    .bind(new.legal.city.clone())
    .bind(new.legal.vat_number.clone())
    .bind(new.at.0)
    .execute()
    .await
    .map(|_| ())
}

/// The Org IDs in use, by key, that are `key` or `key-` and a number: to find a free one.
///
/// # Errors
/// The database.
pub async fn taken_keys(tx: &mut Tx, key: &str) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .sql(
            "SELECT org_key FROM organization WHERE org_key >= $1 AND org_key < $2
             UNION SELECT org_key FROM org_alias WHERE org_key >= $1 AND org_key < $2
             LIMIT 5000",
        )
        .bind(key.to_owned())
        .bind(format!("{key}-~"))
        .all()
        .await?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

/// An organization with all its own columns.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Id.
    pub id: OrganizationId,
    /// Org ID.
    pub org_id: String,
    /// Display name.
    pub name: String,
    /// Legal definition.
    pub kind: OrganizationKind,
    /// Plan.
    pub plan: PlanTier,
    /// The person whose personal space it is.
    pub space_of: Option<PersonId>,
    /// Legal information.
    pub legal: LegalView,
    /// When it was created.
    pub created_at: Timestamp,
}

#[derive(FromRow)]
struct OrganizationRow {
    id: Uuid,
    org_id: String,
    name: String,
    kind: String,
    plan: String,
    space_of: Option<Uuid>,
    country: String,
    legal_name: Option<String>,
    address: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    vat_number: Option<String>,
    created_at: i64,
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = super::DbError;

    fn try_from(row: OrganizationRow) -> Result<Self> {
        Ok(Self {
            id: OrganizationId(row.id),
            org_id: row.org_id,
            name: row.name,
            kind: read("organization", "kind", &row.kind, OrganizationKind::parse)?,
            plan: read("organization", "plan", &row.plan, PlanTier::parse)?,
            space_of: row.space_of.map(PersonId),
            legal: LegalView {
                legal_name: row.legal_name,
                address: row.address,
                postal_code: row.postal_code,
                city: row.city,
                country: row.country,
                vat_number: row.vat_number,
            },
            created_at: Timestamp(row.created_at),
        })
    }
}

/// An organization by id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: OrganizationId) -> Result<Option<Organization>> {
    let row: Option<OrganizationRow> = tx
        .sql(
            "SELECT id, org_id, name, kind, plan, space_of, country, legal_name, address, postal_code, city, vat_number, created_at
             FROM organization WHERE id = $1",
        )
        .bind(id.0)
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

#[derive(FromRow)]
struct WithRoleRow {
    #[sqlx(flatten)]
    organization: OrganizationRow,
    role: Option<String>,
}

/// An organization by id, and a person's role in it.
///
/// # Errors
/// The database.
pub async fn find_with_role(
    tx: &mut Tx,
    id: OrganizationId,
    person: PersonId,
) -> Result<Option<(Organization, Option<Role>)>> {
    let row: Option<WithRoleRow> = tx
        .sql(
            "SELECT o.id, o.org_id, o.name, o.kind, o.plan, o.space_of, o.country, o.legal_name, o.address, o.postal_code, o.city, o.vat_number, o.created_at, m.role
             FROM organization o LEFT JOIN membership m ON m.organization_id = o.id AND m.person_id = $2 WHERE o.id = $1",
        )
        .bind(id.0)
        .bind(person.0)
        .optional()
        .await?;
    let Some(row) = row else { return Ok(None) };
    let role = row.role.map(|role| read("membership", "role", &role, Role::parse)).transpose()?;
    Ok(Some((row.organization.try_into()?, role)))
}

/// The id behind an Org ID's key: of the organization that has it, else of one that had it before (ORG-5).
///
/// # Errors
/// The database.
pub async fn find_id(tx: &mut Tx, org_key: &str) -> Result<Option<OrganizationId>> {
    let row: Option<(Uuid,)> = tx
        .sql(
            "SELECT COALESCE(
                (SELECT id FROM organization WHERE org_key = $1),
                (SELECT organization_id FROM org_alias WHERE org_key = $1)) AS id
             WHERE EXISTS (SELECT 1 FROM organization WHERE org_key = $1) OR EXISTS (SELECT 1 FROM org_alias WHERE org_key = $1)",
        )
        .bind(org_key.to_owned())
        .optional()
        .await?;
    Ok(row.map(|(id,)| OrganizationId(id)))
}

#[derive(FromRow)]
struct BelongingRow {
    id: Uuid,
    org_id: String,
    name: String,
    role: String,
    space_of: Option<Uuid>,
}

impl BelongingRow {
    fn into_view(self) -> Result<Belonging> {
        Ok(Belonging {
            id: OrganizationId(self.id),
            org_id: self.org_id,
            name: self.name,
            role: Some(read("membership", "role", &self.role, Role::parse)?),
            personal: self.space_of.is_some(),
        })
    }
}

/// How many organizations of one person are ever listed.
pub const BELONGINGS: i64 = 1_000;

/// Every organization a person belongs to, by name.
///
/// # Errors
/// The database.
pub async fn list_of_person(tx: &mut Tx, person: PersonId) -> Result<Vec<Belonging>> {
    let rows: Vec<BelongingRow> = tx
        .sql(
            "SELECT o.id, o.org_id, o.name, m.role, o.space_of
             FROM membership m JOIN organization o ON o.id = m.organization_id
             WHERE m.person_id = $1 ORDER BY o.name, o.id LIMIT CAST($2 AS BIGINT)",
        )
        .bind(person.0)
        .bind(BELONGINGS)
        .all()
        .await?;
    rows.into_iter().map(BelongingRow::into_view).collect()
}

/// Makes a person's personal space an ordinary organization if it holds anything (SPACE-1); whether it did.
///
/// # Errors
/// The database.
pub async fn release_space(tx: &mut Tx, person: PersonId) -> Result<bool> {
    tx.sql(
        "UPDATE organization SET space_of = NULL WHERE space_of = $1 AND EXISTS (
            SELECT 1 FROM account a JOIN resource r ON r.parent_id = a.root_id WHERE a.organization_id = organization.id)",
    )
    .bind(person.0)
    .execute()
    .await
    .map(|rows| rows > 0)
}
