//! Tables `account` and `membership_account`: the accounts of an organization, and whose role counts in which of them.
//!
//! # Invariants
//! - An account that was deleted is found by nothing here; its row stays for the books of its ended licences.

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, live, read};
use crate::domain::{
    id::{AccountId, OrganizationId, PersonId, ResourceId},
    permit::RolePermit,
    role::Role,
    text::{Identifier, Name},
    time::Timestamp,
};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Id.
    pub id: AccountId,
    /// The organization it is of.
    pub organization: OrganizationId,
    /// Name.
    pub name: String,
    /// Account ID.
    pub account_id: String,
    /// The root of its Drive.
    pub root: ResourceId,
}

#[derive(FromRow)]
struct AccountRow {
    id: Uuid,
    organization_id: Uuid,
    name: String,
    handle: String,
    root_id: Uuid,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: AccountId(row.id),
            organization: OrganizationId(row.organization_id),
            name: row.name,
            account_id: row.handle,
            root: ResourceId(row.root_id),
        }
    }
}

/// Adds an account.
///
/// # Errors
/// `Taken` if the organization has this Account ID.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, account: &Account, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO account (id, organization_id, name, handle, handle_key, root_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(account.id.0)
    .bind(permit.organization().0)
    .bind(account.name.clone())
    .bind(account.account_id.clone())
    .bind(crate::domain::text::key(&account.account_id))
    .bind(account.root.0)
    .bind(at.0)
    .execute()
    .await
    .map(|_| ())
}

/// The accounts of an organization, oldest first.
///
/// # Errors
/// The database.
pub async fn list(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Account>> {
    let rows: Vec<AccountRow> = tx
        .sql(
            "SELECT id, organization_id, name, handle, root_id FROM account
             WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 1000",
        )
        .bind(organization.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The account behind a Sharing ID (ACCT-1), whichever organization it is of; one that was deleted has none. An Org ID
/// that an organization had before goes on leading to it (ORG-5).
///
/// # Errors
/// The database.
pub async fn find_by_sharing_id(tx: &mut Tx, org_key: &str, account_key: &str) -> Result<Option<Account>> {
    let row: Option<AccountRow> = tx
        .sql(
            "SELECT a.id, a.organization_id, a.name, a.handle, a.root_id
             FROM account a JOIN active_organization l ON l.id = a.organization_id
             WHERE a.handle_key = $2 AND a.deleted_at IS NULL AND a.organization_id = COALESCE(
                (SELECT id FROM organization WHERE org_id_key = $1),
                (SELECT organization_id FROM org_alias WHERE org_id_key = $1))",
        )
        .bind(org_key.to_owned())
        .bind(account_key.to_owned())
        .optional()
        .await?;
    Ok(row.map(Into::into))
}

/// How many accounts an organization has.
///
/// # Errors
/// The database.
pub async fn count(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    let accounts = tx
        .sql("SELECT CAST(COUNT(*) AS BIGINT) FROM account WHERE organization_id = $1 AND deleted_at IS NULL")
        .bind(organization.0)
        .number()
        .await?;
    Ok(u64::try_from(accounts).unwrap_or(0))
}

/// An account by id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Account>> {
    let row: Option<AccountRow> = tx
        .sql(
            "SELECT id, organization_id, name, handle, root_id FROM account
             WHERE id = $1 AND deleted_at IS NULL",
        )
        .bind(id.0)
        .optional()
        .await?;
    Ok(row.map(Into::into))
}

/// The accounts of an organization whose Drive somebody sees from its root on, by role or because they were given access to
/// the root; oldest first.
///
/// # Errors
/// The database.
pub async fn list_visible(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Vec<Account>> {
    let rows: Vec<AccountRow> = tx
        .sql(
            "SELECT a.id, a.organization_id, a.name, a.handle, a.root_id
             FROM active_organization l CROSS JOIN account a
             WHERE l.id = $1 AND a.organization_id = $1 AND a.deleted_at IS NULL AND (
                EXISTS (SELECT 1 FROM account_role m WHERE m.account_id = a.id AND m.person_id = $2 AND m.role <> 'member')
                OR EXISTS (SELECT 1 FROM access_grant g WHERE g.resource_id = a.root_id AND (g.person_id = $2
                    OR g.organization_id IN (SELECT organization_id FROM active_membership WHERE person_id = $2))))
             ORDER BY a.id LIMIT 1000",
        )
        .bind(organization.0)
        .bind(person.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The accounts that somebody sees (see [`list_visible`]) in those of their organizations that have several, by organization,
/// oldest first.
///
/// # Errors
/// The database.
pub async fn list_of_person(tx: &mut Tx, person: PersonId, organizations: &[OrganizationId]) -> Result<Vec<Account>> {
    if organizations.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = organizations.iter().take(CHUNK).map(|id| id.0).collect();
    let rows: Vec<AccountRow> = tx
        .sql_list(
            "SELECT a.id, a.organization_id, a.name, a.handle, a.root_id
             FROM active_membership p CROSS JOIN account a
             WHERE p.person_id = {1} AND p.organization_id IN ({ids}) AND a.organization_id = p.organization_id AND a.deleted_at IS NULL
                AND EXISTS (SELECT 1 FROM account b WHERE b.organization_id = p.organization_id AND b.id <> a.id AND b.deleted_at IS NULL)
                AND (EXISTS (SELECT 1 FROM account_membership m WHERE m.account_id = a.id AND m.person_id = {1} AND m.role <> 'member')
                    OR EXISTS (SELECT 1 FROM access_grant g WHERE g.resource_id = a.root_id AND (g.person_id = {1}
                        OR g.organization_id IN (SELECT organization_id FROM active_membership WHERE person_id = {1}))))
             ORDER BY a.organization_id, a.id LIMIT 1000",
            &ids,
        )
        .bind(person.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The role that counts for somebody in each account of an organization: Member where they are limited to others.
///
/// # Errors
/// The database.
pub async fn list_roles(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Vec<(AccountId, Role)>> {
    let rows: Vec<(Uuid, String)> = tx
        .sql(
            "SELECT account_id, role FROM account_membership WHERE organization_id = $1 AND person_id = $2
             UNION ALL SELECT account_id, 'manager' FROM active_machine WHERE organization_id = $1 AND person_id = $2 LIMIT 1000",
        )
        .bind(organization.0)
        .bind(person.0)
        .all()
        .await?;
    rows.into_iter().map(|(id, role)| Ok((AccountId(id), read("membership", "role", &role, Role::parse)?))).collect()
}

/// The keys of an organization's Account IDs that are `key`, or `key-` and a number: to find a free one.
///
/// # Errors
/// The database.
pub async fn list_taken_keys(tx: &mut Tx, organization: OrganizationId, key: &str) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .sql(
            "SELECT handle_key FROM account
             WHERE organization_id = $1 AND handle_key >= $2 AND handle_key < $3 LIMIT 1000",
        )
        .bind(organization.0)
        .bind(key.to_owned())
        .bind(format!("{key}-~"))
        .all()
        .await?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

/// Gives an account of the permit's organization another name and Account ID; whether it was there.
///
/// # Errors
/// `Taken` if another account of the organization has this Account ID.
pub async fn update(
    tx: &mut Tx,
    permit: &RolePermit,
    id: AccountId,
    name: &Name,
    account_id: &Identifier,
) -> Result<bool> {
    tx.sql(
        "UPDATE account SET name = $3, handle = $4, handle_key = $5
         WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL",
    )
    .bind(id.0)
    .bind(permit.organization().0)
    .bind(name.as_str().to_owned())
    .bind(account_id.as_str().to_owned())
    .bind(account_id.key())
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// What an account holds that keeps it from being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountContents {
    /// Whether its Drive holds anything.
    pub in_drive: bool,
    /// Whether its trash holds anything, or something is being made or deleted there.
    pub in_trash: bool,
}

/// Whether the Drive and the trash of each account of an organization hold anything. Whatever is in an account is below its
/// root, in the trash or not: one level tells.
///
/// # Errors
/// The database.
pub async fn list_held(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<(AccountId, AccountContents)>> {
    let rows: Vec<(Uuid, i64, i64)> = tx
        .sql(
            "SELECT a.id,
                CAST(CASE WHEN EXISTS (SELECT 1 FROM resource r WHERE r.parent_id = a.root_id AND r.trashed_with IS NULL) THEN 1 ELSE 0 END AS BIGINT),
                CAST(CASE WHEN EXISTS (SELECT 1 FROM resource r WHERE r.parent_id = a.root_id AND r.trashed_with IS NOT NULL) THEN 1 ELSE 0 END AS BIGINT)
             FROM account a WHERE a.organization_id = $1 AND a.deleted_at IS NULL LIMIT 1000",
        )
        .bind(organization.0)
        .all()
        .await?;
    let held = |(id, there, hidden)| (AccountId(id), AccountContents { in_drive: there > 0, in_trash: hidden > 0 });
    Ok(rows.into_iter().map(held).collect())
}

/// Deletes an empty account of the permit's organization, with its root and the access to that. Its row stays for the books
/// of its ended licences, and its Account ID is free.
///
/// # Errors
/// The database; also if it is not empty.
pub async fn delete(tx: &mut Tx, permit: &RolePermit, account: &Account, at: Timestamp) -> Result<bool> {
    live::touch(tx, &[account.root]).await?;
    tx.sql("DELETE FROM membership_account WHERE account_id = $1").bind(account.id.0).execute().await?;
    let deleted = tx
        .sql(
            "UPDATE account SET deleted_at = $3, handle_key = $4
             WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL",
        )
        .bind(account.id.0)
        .bind(permit.organization().0)
        .bind(at.0)
        // No Account ID has a slash in it.
        .bind(format!("deleted/{}", account.id))
        .execute()
        .await?;
    tx.sql("DELETE FROM resource WHERE id = $1 AND organization_id = $2")
        .bind(account.root.0)
        .bind(permit.organization().0)
        .execute()
        .await?;
    Ok(deleted > 0)
}

/// Limits people of the permit's organization to some of its accounts, or to none with `None`: then their role counts
/// everywhere. Whether the person was in it.
///
/// # Errors
/// The database.
pub async fn update_limits(
    tx: &mut Tx,
    permit: &RolePermit,
    person: PersonId,
    accounts: Option<&[AccountId]>,
) -> Result<bool> {
    live::touch_person(tx, person);
    let found = tx
        .sql("UPDATE membership SET limited = $3 WHERE organization_id = $1 AND person_id = $2")
        .bind(permit.organization().0)
        .bind(person.0)
        .bind(accounts.is_some())
        .execute()
        .await?;
    tx.sql("DELETE FROM membership_account WHERE organization_id = $1 AND person_id = $2")
        .bind(permit.organization().0)
        .bind(person.0)
        .execute()
        .await?;
    for chunk in accounts.unwrap_or_default().chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|id| id.0).collect();
        tx.sql_list(
            "INSERT INTO membership_account (organization_id, person_id, account_id)
             SELECT a.organization_id, {2}, a.id FROM account a
             WHERE a.organization_id = {1} AND a.deleted_at IS NULL AND a.id IN ({ids})",
            &ids,
        )
        .bind(permit.organization().0)
        .bind(person.0)
        .execute()
        .await?;
    }
    Ok(found > 0)
}

/// Which of some people of an organization are limited to chosen accounts, and to which; an account comes once for each.
///
/// # Errors
/// The database.
pub async fn list_limits(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[PersonId],
) -> Result<Vec<(PersonId, Option<AccountId>)>> {
    let mut limits = Vec::new();
    for chunk in people.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|person| person.0).collect();
        let rows: Vec<(Uuid, Option<Uuid>)> = tx
            .sql_list(
                "SELECT m.person_id, c.account_id FROM membership m
                 LEFT JOIN membership_account c ON c.organization_id = m.organization_id AND c.person_id = m.person_id
                 WHERE m.organization_id = {1} AND m.person_id IN ({ids}) AND m.limited = {2}",
                &ids,
            )
            .bind(organization.0)
            .bind(true)
            .all()
            .await?;
        limits.extend(rows.into_iter().map(|(person, account)| (PersonId(person), account.map(AccountId))));
    }
    Ok(limits)
}

/// How many people of an organization are limited to chosen accounts (ACCT-2).
///
/// # Errors
/// The database.
pub async fn count_limited(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    let limited = tx
        .sql("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1 AND limited")
        .bind(organization.0)
        .number()
        .await?;
    Ok(u64::try_from(limited).unwrap_or(0))
}
