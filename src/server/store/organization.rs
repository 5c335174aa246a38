//! Tables `organization` and `org_alias`.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, values::from_columns};
use crate::{
    domain::{
        id::{OrganizationId, PersonId},
        legal::LegalInformation,
        name::{search_key, sort_key},
        organization::{OrganizationDetails, OrganizationKind, Space, restorable_until},
        people_visibility::PeopleVisibility,
        permit::RolePermit,
        plan::{PlanPermit, PlanTier},
        role::Role,
        time::Timestamp,
    },
    view::{OrganizationMembership, settings::DeletedView},
};

/// An organization to be added, with an Org ID that seemed free.
#[derive(Debug)]
pub struct NewOrganizationRow<'a> {
    /// Org ID as shown.
    pub org_id: &'a str,
    /// The Org ID's comparison key.
    pub org_key: &'a str,
    /// Display name.
    pub name: &'a str,
    /// Legal definition.
    pub kind: OrganizationKind,
    pub plan: PlanTier,
    /// The person whose personal space it is (SPACE-1).
    pub space_of: Option<PersonId>,
    /// Legal information.
    pub legal: &'a LegalInformation,
    /// How many bytes it may store; `None` for no limit.
    pub storage_limit: Option<i64>,
    pub at: Timestamp,
}

/// Adds an organization.
///
/// # Errors
/// `Taken` if the Org ID is.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, new: &NewOrganizationRow<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO organization (id, org_id, org_id_key, name, kind, plan, space_of, country, legal_name, address, postal_code, city, vat_number, created_at, name_key, name_search, people_visible_to, storage_limit)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(permit.organization())
    .bind(new.org_id.to_owned())
    .bind(new.org_key.to_owned())
    .bind(new.name.to_owned())
    .bind(new.kind)
    .bind(new.plan)
    .bind(new.space_of)
    .bind(new.legal.country.clone())
    .bind(new.legal.legal_name.clone())
    .bind(new.legal.address.clone())
    .bind(new.legal.postal_code.clone())
    .bind(new.legal.city.clone())
    .bind(new.legal.vat_number.clone())
    .bind(new.at)
    .bind(sort_key(new.name))
    .bind(search_key(new.name))
    .bind(PeopleVisibility::default())
    .bind(new.storage_limit)
    .execute()
    .await
    .map(|_| ())
}

/// The `~` of the upper bound sorts behind every character of an Org ID.
/// The Org IDs in use, by key, that are `key` or `key-` and a number: to find a free one.
pub async fn taken_keys(tx: &mut Tx, key: &str) -> Result<Vec<String>> {
    tx.sql(
        "SELECT org_id_key FROM organization WHERE org_id_key >= $1 AND org_id_key < $2
         UNION SELECT org_id_key FROM org_alias WHERE org_id_key >= $1 AND org_id_key < $2
         LIMIT 5000",
    )
    .bind(key.to_owned())
    .bind(format!("{key}-~"))
    .column()
    .await
}

/// An organization with all its own columns.
#[derive(Debug, Clone, FromRow)]
pub struct Organization {
    pub id: OrganizationId,
    pub org_id: String,
    /// Display name.
    pub name: String,
    /// Legal definition.
    pub kind: OrganizationKind,
    pub plan: PlanTier,
    /// The person whose personal space it is.
    pub space_of: Option<PersonId>,
    /// Legal information.
    #[sqlx(flatten)]
    pub legal: LegalInformation,
    /// What Owners and Managers may change; it repeats the name.
    #[sqlx(flatten)]
    pub details: OrganizationDetails,
    /// When it was created.
    pub created_at: Timestamp,
}

from_columns! {
    LegalInformation: legal_name: Option<String>, address: Option<String>, postal_code: Option<String>, city: Option<String>,
        country: String, vat_number: Option<String>, vat_exempt: bool, legal_contact: Option<String>,
        protection_officer_name: Option<String>, protection_officer_position: Option<String>,
        protection_officer_phone: Option<String>;
    Self {
        legal_name,
        address,
        postal_code,
        city,
        country,
        vat_number,
        vat_exempt,
        legal_contact,
        officer_name: protection_officer_name,
        officer_position: protection_officer_position,
        officer_phone: protection_officer_phone,
    }
}

from_columns! {
    OrganizationDetails: name: String, website: Option<String>, industry: Option<String>, language: Option<String>,
        cluster: Option<String>, people_visible_to: PeopleVisibility;
    Self { name, website, industry, language, cluster, people_visible_to }
}

/// An organization by id; nothing for one that was deleted.
pub async fn find(tx: &mut Tx, id: OrganizationId) -> Result<Option<Organization>> {
    tx.sql(
        "SELECT o.id, o.org_id, o.name, o.kind, o.plan, o.space_of, o.country, o.legal_name, o.address, o.postal_code, o.city, o.vat_number,
            o.vat_exempt, o.legal_contact, o.protection_officer_name, o.protection_officer_position, o.protection_officer_phone,
            o.website, o.industry, o.language, o.cluster, o.people_visible_to, o.created_at
         FROM organization o JOIN active_organization l ON l.id = o.id WHERE o.id = $1",
    )
    .bind(id)
    .optional()
    .await
}

#[derive(FromRow)]
struct WithRoleRow {
    #[sqlx(flatten)]
    organization: Organization,
    role: Option<Role>,
}

/// An organization by id, and a person's role in it; nothing for one that was deleted.
pub async fn find_with_role(
    tx: &mut Tx,
    id: OrganizationId,
    person: PersonId,
) -> Result<Option<(Organization, Option<Role>)>> {
    let row: Option<WithRoleRow> = tx
        .sql(
            "SELECT o.id, o.org_id, o.name, o.kind, o.plan, o.space_of, o.country, o.legal_name, o.address, o.postal_code, o.city, o.vat_number,
                o.vat_exempt, o.legal_contact, o.protection_officer_name, o.protection_officer_position, o.protection_officer_phone,
                o.website, o.industry, o.language, o.cluster, o.people_visible_to, o.created_at,
                COALESCE((SELECT m.role FROM active_membership m WHERE m.organization_id = o.id AND m.person_id = $2),
                    (SELECT 'manager' FROM active_machine k WHERE k.organization_id = o.id AND k.person_id = $2)) AS role
             FROM organization o JOIN active_organization l ON l.id = o.id WHERE o.id = $1",
        )
        .bind(id)
        .bind(person)
        .optional()
        .await?;
    Ok(row.map(|row| (row.organization, row.role)))
}

/// The organization that an Org ID's key leads to: the one that has it, else the one that had it before (ORG-5). Deleted ones
/// are not found.
pub async fn find_id(tx: &mut Tx, org_key: &str) -> Result<Option<OrganizationId>> {
    tx.sql(
        "SELECT l.id FROM active_organization l WHERE l.id = COALESCE(
            (SELECT id FROM organization WHERE org_id_key = $1),
            (SELECT organization_id FROM org_alias WHERE org_id_key = $1))",
    )
    .bind(org_key.to_owned())
    .value()
    .await
}

from_columns! {
    OrganizationMembership: id: OrganizationId, org_id: String, name: String, role: Role, assigned_role: Role,
        limited: bool, space_of: Option<PersonId>, people_visible_to: PeopleVisibility;
    Self::new(id, org_id, name, Some(role), space_of.is_some(), people_visible_to)
        .limited_to_accounts(limited.then_some(assigned_role))
}

/// How many deleted organizations of one person are ever listed.
pub const BELONGINGS: i64 = 1_000;

/// The organizations that a person used last, the last one first.
pub async fn list_used(tx: &mut Tx, person: PersonId, limit: i64) -> Result<Vec<OrganizationMembership>> {
    // CROSS JOIN fixes the order of the join: from the person's memberships to their organizations.
    let rows: Vec<OrganizationMembership> = tx
        .sql(
            "SELECT o.id, o.org_id, o.name, m.role, m.assigned_role, m.limited, o.space_of, o.people_visible_to
             FROM active_membership m CROSS JOIN organization o
             WHERE m.person_id = $1 AND o.id = m.organization_id
             ORDER BY m.last_used_at DESC, m.organization_id DESC LIMIT CAST($2 AS BIGINT)",
        )
        .bind(person)
        .bind(limit)
        .all()
        .await?;
    if rows.is_empty() {
        let machine = list_of_machine(tx, person, "%").await?;
        return Ok(machine.into_iter().map(|row| row.belonging).collect());
    }
    Ok(rows)
}

/// An organization, and when it was founded.
#[derive(Debug, Clone, FromRow)]
pub struct Founded {
    pub id: OrganizationId,
    pub org_id: String,
    pub name: String,
    pub created_at: Timestamp,
}

/// The newest organization that a person owns, other than a personal space.
pub async fn find_newest_owned(tx: &mut Tx, person: PersonId) -> Result<Option<Founded>> {
    // Ids are in the order of their making. CROSS JOIN fixes the order of the join, as in [`list_used`].
    tx.sql(
        "SELECT o.id, o.org_id, o.name, o.created_at FROM membership m CROSS JOIN organization o CROSS JOIN active_organization l
         WHERE m.person_id = $1 AND m.role = 'owner' AND o.id = m.organization_id AND l.id = o.id AND o.space_of IS NULL
         ORDER BY m.organization_id DESC LIMIT 1",
    )
    .bind(person)
    .optional()
    .await
}

/// The organization of a credential key, which is in no `active_membership` (AUTH-6): none for a person.
async fn list_of_machine(tx: &mut Tx, person: PersonId, pattern: &str) -> Result<Vec<MineRow>> {
    tx.sql(
        "SELECT o.id, o.org_id, o.name, 'manager' AS role, 'manager' AS assigned_role, FALSE AS limited, o.space_of, o.people_visible_to,
            o.name_key AS organization_name_key
         FROM active_machine k JOIN organization o ON o.id = k.organization_id
         WHERE k.person_id = $1 AND o.name_search LIKE $2 ESCAPE '!'",
    )
    .bind(person)
    .bind(pattern.to_owned())
    .all()
    .await
}

/// A page of somebody's organizations starts after this one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// The name's sort key.
    pub key: String,
    /// Breaks ties.
    pub id: Uuid,
}

#[derive(FromRow)]
struct MineRow {
    #[sqlx(flatten)]
    belonging: OrganizationMembership,
    organization_name_key: String,
}

/// One page of a person's organizations by name, whose name is like `pattern` (`!` escapes); with the place of each.
pub async fn list_by_name(
    tx: &mut Tx,
    person: PersonId,
    pattern: &str,
    after: &Cursor,
    limit: i64,
) -> Result<Vec<(OrganizationMembership, Cursor)>> {
    // The table walks its index in the order of the list; the view beside it says which role counts.
    let rows: Vec<MineRow> = tx
        .sql(
            "SELECT o.id, o.org_id, o.name, m.role, m.assigned_role, m.limited, o.space_of, o.people_visible_to, mine.organization_name_key
             FROM membership mine CROSS JOIN active_membership m CROSS JOIN organization o
             WHERE mine.person_id = $1 AND (mine.organization_name_key, mine.organization_id) > ($3, $4)
                AND mine.organization_name_search LIKE $2 ESCAPE '!'
                AND m.organization_id = mine.organization_id AND m.person_id = mine.person_id AND o.id = mine.organization_id
             ORDER BY mine.organization_name_key, mine.organization_id LIMIT CAST($5 AS BIGINT)",
        )
        .bind(person)
        .bind(pattern.to_owned())
        .bind(after.key.clone())
        .bind(after.id)
        .bind(limit)
        .all()
        .await?;
    let rows = if rows.is_empty() && after.id.is_nil() { list_of_machine(tx, person, pattern).await? } else { rows };
    Ok(rows
        .into_iter()
        .map(|row| {
            let after = Cursor { key: row.organization_name_key, id: row.belonging.id.0 };
            (row.belonging, after)
        })
        .collect())
}

/// Somebody's personal space (SPACE-1).
pub async fn find_space(tx: &mut Tx, person: PersonId) -> Result<Option<OrganizationId>> {
    tx.sql("SELECT id FROM organization WHERE space_of = $1").bind(person).value().await
}

from_columns! {
    Space: belongs_elsewhere: bool, holds_resources: bool, holds_licences: bool;
    Self { belongs_elsewhere, holds_resources, holds_licences }
}

/// What decides whether a personal space stays one (SPACE-1); nothing for an organization.
pub async fn find_space_facts(tx: &mut Tx, id: OrganizationId) -> Result<Option<Space>> {
    tx.sql(
        "SELECT EXISTS (SELECT 1 FROM membership m WHERE m.person_id = o.space_of AND m.organization_id <> o.id) AS belongs_elsewhere,
            EXISTS (SELECT 1 FROM account a JOIN resource r ON r.parent_id = a.root_id
                WHERE a.deleted_at IS NULL AND a.organization_id = o.id) AS holds_resources,
            EXISTS (SELECT 1 FROM licence l WHERE l.organization_id = o.id AND l.product <> 'discovery') AS holds_licences
         FROM organization o WHERE o.id = $1 AND o.space_of IS NOT NULL",
    )
    .bind(id)
    .optional()
    .await
}

/// Makes a personal space an ordinary organization (SPACE-1).
pub async fn release_space(tx: &mut Tx, id: OrganizationId) -> Result<()> {
    tx.sql("UPDATE organization SET space_of = NULL WHERE id = $1").bind(id).execute().await.map(|_| ())
}

/// Closes a personal space for good, with the account of whose it was (SET-2); its row no longer tells whose it was.
pub async fn close_space(tx: &mut Tx, permit: &RolePermit, at: Timestamp) -> Result<()> {
    const NAME: &str = "Deleted space";
    let org_id = format!("deleted-{}", permit.organization().0.simple());
    tx.sql(
        "UPDATE organization SET name = $2, name_key = $6, name_search = $7, org_id = $3, org_id_key = $3, space_of = NULL, country = $4,
            legal_name = NULL, address = NULL, postal_code = NULL, city = NULL, vat_number = NULL, legal_contact = NULL,
            protection_officer_name = NULL, protection_officer_position = NULL, protection_officer_phone = NULL, website = NULL,
            industry = NULL, language = NULL, cluster = NULL, deleted_at = $5 WHERE id = $1",
    )
    .bind(permit.organization())
    .bind(NAME)
    .bind(org_id)
    .bind("")
    .bind(at)
    .bind(sort_key(NAME))
    .bind(search_key(NAME))
    .execute()
    .await?;
    tx.sql("DELETE FROM org_alias WHERE organization_id = $1").bind(permit.organization()).execute().await.map(|_| ())
}

/// The Org ID that an organization has now, by the key of one that it had before (ORG-5); nothing while somebody has that
/// one.
pub async fn find_new_org_id(tx: &mut Tx, old_key: &str) -> Result<Option<String>> {
    tx.sql(
        "SELECT o.org_id FROM org_alias a JOIN organization o ON o.id = a.organization_id
         JOIN active_organization l ON l.id = o.id
         WHERE a.org_id_key = $1 AND NOT EXISTS (SELECT 1 FROM organization WHERE org_id_key = $1)",
    )
    .bind(old_key.to_owned())
    .value()
    .await
}

/// Whether an organization other than the permit's has an Org ID, a deleted one among them. One that only had it before
/// does not count: it is taken from them (ORG-5).
pub async fn is_taken(tx: &mut Tx, permit: &RolePermit, org_key: &str) -> Result<bool> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM organization WHERE org_id_key = $1 AND id <> $2")
        .bind(org_key.to_owned())
        .bind(permit.organization())
        .number()
        .await
        .map(|others| others > 0)
}

/// Gives the permit's organization another Org ID (ORG-5). Whoever had it before loses it, and the old one goes on
/// leading here.
///
/// # Errors
/// `Taken` if an organization has it.
pub async fn update_org_id(
    tx: &mut Tx,
    permit: &RolePermit,
    (old_key, new_key): (&str, &str),
    org_id: &str,
    at: Timestamp,
) -> Result<()> {
    tx.sql("UPDATE organization SET org_id = $2, org_id_key = $3 WHERE id = $1")
        .bind(permit.organization())
        .bind(org_id.to_owned())
        .bind(new_key.to_owned())
        .execute()
        .await?;
    // If only upper and lower case changed, an alias would lead to the organization's own Org ID.
    if old_key == new_key {
        return Ok(());
    }
    tx.sql("DELETE FROM org_alias WHERE org_id_key = $1").bind(new_key.to_owned()).execute().await?;
    tx.sql(
        "INSERT INTO org_alias (org_id_key, organization_id, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (org_id_key) DO UPDATE SET organization_id = $2, created_at = $3",
    )
    .bind(old_key.to_owned())
    .bind(permit.organization())
    .bind(at)
    .execute()
    .await
    .map(|_| ())
}

/// Changes legal information (ORG-4).
pub async fn update_legal(tx: &mut Tx, permit: &RolePermit, legal: &LegalInformation) -> Result<()> {
    tx.sql(
        "UPDATE organization SET country = $2, legal_name = $3, address = $4, postal_code = $5, city = $6, vat_number = $7,
            vat_exempt = $8, legal_contact = $9, protection_officer_name = $10, protection_officer_position = $11,
            protection_officer_phone = $12
         WHERE id = $1",
    )
    .bind(permit.organization())
    .bind(legal.country.clone())
    .bind(legal.legal_name.clone())
    .bind(legal.address.clone())
    .bind(legal.postal_code.clone())
    .bind(legal.city.clone())
    .bind(legal.vat_number.clone())
    .bind(legal.vat_exempt)
    .bind(legal.legal_contact.clone())
    .bind(legal.officer_name.clone())
    .bind(legal.officer_position.clone())
    .bind(legal.officer_phone.clone())
    .execute()
    .await
    .map(|_| ())
}

/// Dates the permit's organization: only the demo does.
pub async fn update_created_at(tx: &mut Tx, permit: &RolePermit, at: Timestamp) -> Result<()> {
    tx.sql("UPDATE organization SET created_at = $2 WHERE id = $1")
        .bind(permit.organization())
        .bind(at)
        .execute()
        .await
        .map(|_| ())
}

/// Gives an organization another plan (ACCT-2): the operator alone does.
pub async fn update_plan(tx: &mut Tx, permit: &PlanPermit) -> Result<()> {
    tx.sql("UPDATE organization SET plan = $2 WHERE id = $1")
        .bind(permit.organization())
        .bind(permit.plan())
        .execute()
        .await
        .map(|_| ())
}

/// Changes what Owners and Managers change (ORG-4, PEOPLE-11).
pub async fn update_details(tx: &mut Tx, permit: &RolePermit, details: &OrganizationDetails) -> Result<()> {
    tx.sql(
        "UPDATE organization SET name = $2, website = $3, industry = $4, language = $5, cluster = $6, people_visible_to = $7,
            name_key = $8, name_search = $9 WHERE id = $1",
    )
    .bind(permit.organization())
    .bind(details.name.clone())
    .bind(details.website.clone())
    .bind(details.industry.clone())
    .bind(details.language.clone())
    .bind(details.cluster.clone())
    .bind(details.people_visible_to)
    .bind(sort_key(&details.name))
    .bind(search_key(&details.name))
    .execute()
    .await?;
    // Memberships carry a copy of the name, by which people sort and search their organizations.
    // The last condition spares the rows where other details were saved and the name stayed the same.
    tx.sql(
        "UPDATE membership SET organization_name_key = $2, organization_name_search = $3
         WHERE organization_id = $1 AND organization_name_key <> $2",
    )
    .bind(permit.organization())
    .bind(sort_key(&details.name))
    .bind(search_key(&details.name))
    .execute()
    .await
    .map(|_| ())
}

/// Deletes the permit's organization, or restores it with `None`. Nothing else of it changes.
pub async fn update_deleted_at(tx: &mut Tx, permit: &RolePermit, deleted_at: Option<Timestamp>) -> Result<()> {
    tx.sql("UPDATE organization SET deleted_at = $2, deleted_by = $3 WHERE id = $1")
        .bind(permit.organization())
        .bind(deleted_at)
        .bind(deleted_at.map(|_| permit.person().0))
        .execute()
        .await
        .map(|_| ())
}

from_columns! {
    DeletedView: id: OrganizationId, org_id: String, name: String, deleted_at: Timestamp;
    Self { id, org_id, name, deleted_at, until: restorable_until(deleted_at) }
}

/// The organizations of an Owner that were deleted after a moment, the newest first: what they may restore.
pub async fn list_deleted(tx: &mut Tx, owner: PersonId, after: Timestamp) -> Result<Vec<DeletedView>> {
    // CROSS JOIN fixes the order of the join: from the person to their organizations.
    tx.sql(
        "SELECT o.id, o.org_id, o.name, o.deleted_at FROM membership m CROSS JOIN organization o
         WHERE m.person_id = $1 AND m.role = 'owner' AND o.id = m.organization_id AND o.deleted_at > $2
         ORDER BY o.deleted_at DESC, o.id LIMIT CAST($3 AS BIGINT)",
    )
    .bind(owner)
    .bind(after)
    .bind(BELONGINGS)
    .all()
    .await
}
