//! Tables `account` and `membership_account`: the accounts of an organization, and whose role counts in which of them.
//!
//! # Invariants
//! - Nothing here finds a deleted account; its row stays for the books of its ended licences.

use sqlx::FromRow;

use super::{CHUNK, Result, Tx, live};
use crate::domain::{
    id::{AccountId, OrganizationId, PersonId, ResourceId},
    permit::RolePermit,
    role::Role,
    text::{Identifier, Name},
    time::Timestamp,
};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Account {
    pub id: AccountId,
    #[sqlx(rename = "organization_id")]
    pub organization: OrganizationId,
    pub name: String,
    #[sqlx(rename = "handle")]
    pub account_id: String,
    /// The root of its Drive.
    #[sqlx(rename = "root_id")]
    pub root: ResourceId,
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
    .bind(account.id)
    .bind(permit.organization())
    .bind(account.name.clone())
    .bind(account.account_id.clone())
    .bind(crate::domain::text::key(&account.account_id))
    .bind(account.root)
    .bind(at)
    .execute()
    .await
    .map(|_| ())
}

/// The accounts of an organization, oldest first.
pub async fn list(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Account>> {
    tx.sql(
        "SELECT id, organization_id, name, handle, root_id FROM account
         WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 1000",
    )
    .bind(organization)
    .all()
    .await
}

/// The account behind a Sharing ID (ACCT-1), whichever organization it is of; one that was deleted has none. An Org ID
/// that an organization had before goes on leading to it (ORG-5).
pub async fn find_by_sharing_id(tx: &mut Tx, org_key: &str, account_key: &str) -> Result<Option<Account>> {
    // COALESCE asks the earlier Org IDs only where no organization has this one now.
    tx.sql(
        "SELECT a.id, a.organization_id, a.name, a.handle, a.root_id
         FROM account a JOIN active_organization l ON l.id = a.organization_id
         WHERE a.handle_key = $2 AND a.deleted_at IS NULL AND a.organization_id = COALESCE(
            (SELECT id FROM organization WHERE org_id_key = $1),
            (SELECT organization_id FROM org_alias WHERE org_id_key = $1))",
    )
    .bind(org_key.to_owned())
    .bind(account_key.to_owned())
    .optional()
    .await
}

/// How many accounts an organization has.
pub async fn count(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM account WHERE organization_id = $1 AND deleted_at IS NULL")
        .bind(organization)
        .count()
        .await
}

/// An account by id.
pub async fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Account>> {
    tx.sql(
        "SELECT id, organization_id, name, handle, root_id FROM account
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id)
    .optional()
    .await
}

/// The accounts of an organization whose Drive somebody sees from its root on, by role or because they were given access to
/// the root; oldest first.
pub async fn list_visible(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Vec<Account>> {
    tx.sql(
        "SELECT a.id, a.organization_id, a.name, a.handle, a.root_id
         FROM active_organization l CROSS JOIN account a
         WHERE l.id = $1 AND a.organization_id = $1 AND a.deleted_at IS NULL AND (
            EXISTS (SELECT 1 FROM account_role m WHERE m.account_id = a.id AND m.person_id = $2 AND m.role <> 'member')
            OR EXISTS (SELECT 1 FROM access_grant g WHERE g.resource_id = a.root_id AND (g.person_id = $2
                OR g.organization_id IN (SELECT organization_id FROM active_membership WHERE person_id = $2))))
         ORDER BY a.id LIMIT 1000",
    )
    .bind(organization)
    .bind(person)
    .all()
    .await
}

/// The accounts that somebody sees (see [`list_visible`]) in those of their organizations that have several, by organization,
/// oldest first.
pub async fn list_of_person(tx: &mut Tx, person: PersonId, organizations: &[OrganizationId]) -> Result<Vec<Account>> {
    if organizations.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = organizations.iter().take(CHUNK).copied().collect();
    tx.sql_list(
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
    .bind(person)
    .all()
    .await
}

/// The role that counts for somebody in each account of an organization: Member where they are limited to others.
pub async fn list_roles(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Vec<(AccountId, Role)>> {
    tx.sql(
        "SELECT account_id, role FROM account_membership WHERE organization_id = $1 AND person_id = $2
         UNION ALL SELECT account_id, 'manager' FROM active_machine WHERE organization_id = $1 AND person_id = $2 LIMIT 1000",
    )
    .bind(organization)
    .bind(person)
    .all()
    .await
}

/// The keys of an organization's Account IDs that are `key`, or `key-` and a number: to find a free one.
pub async fn list_taken_keys(tx: &mut Tx, organization: OrganizationId, key: &str) -> Result<Vec<String>> {
    tx.sql(
        "SELECT handle_key FROM account
         WHERE organization_id = $1 AND handle_key >= $2 AND handle_key < $3 LIMIT 1000",
    )
    .bind(organization)
    .bind(key.to_owned())
    // `~` sorts behind every character of an Account ID.
    .bind(format!("{key}-~"))
    .column()
    .await
}

/// Gives an account of the permit's organization another name and Account ID; returns whether it existed.
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
    .bind(id)
    .bind(permit.organization())
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

/// Whether the Drive and the trash of each account of an organization hold anything. Everything in an account is below its
/// root, in the trash or not, so that looking at one level is enough.
pub async fn list_held(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<(AccountId, AccountContents)>> {
    let rows: Vec<(AccountId, bool, bool)> = tx
        .sql(
            "SELECT a.id,
                EXISTS (SELECT 1 FROM resource r WHERE r.parent_id = a.root_id AND r.trashed_with IS NULL),
                EXISTS (SELECT 1 FROM resource r WHERE r.parent_id = a.root_id AND r.trashed_with IS NOT NULL)
             FROM account a WHERE a.organization_id = $1 AND a.deleted_at IS NULL LIMIT 1000",
        )
        .bind(organization)
        .all()
        .await?;
    let held = |(id, in_drive, in_trash)| (id, AccountContents { in_drive, in_trash });
    Ok(rows.into_iter().map(held).collect())
}

/// Deletes an empty account of the permit's organization, with its root and the access to that. Its row stays for the books
/// of its ended licences, and its Account ID is free.
pub async fn delete(tx: &mut Tx, permit: &RolePermit, account: &Account, at: Timestamp) -> Result<bool> {
    live::touch(tx, &[account.root]).await?;
    tx.sql("DELETE FROM membership_account WHERE account_id = $1").bind(account.id).execute().await?;
    let deleted = tx
        .sql(
            "UPDATE account SET deleted_at = $3, handle_key = $4
             WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL",
        )
        .bind(account.id)
        .bind(permit.organization())
        .bind(at)
        // No Account ID contains a slash, so this key can never be taken.
        .bind(format!("deleted/{}", account.id))
        .execute()
        .await?;
    tx.sql("DELETE FROM resource WHERE id = $1 AND organization_id = $2")
        .bind(account.root)
        .bind(permit.organization())
        .execute()
        .await?;
    Ok(deleted > 0)
}

/// Limits people of the permit's organization to some of its accounts, or to none with `None`: then their role counts
/// everywhere. Whether the person was in it.
pub async fn update_limits(
    tx: &mut Tx,
    permit: &RolePermit,
    person: PersonId,
    accounts: Option<&[AccountId]>,
) -> Result<bool> {
    live::touch_person(tx, person);
    let found = tx
        .sql("UPDATE membership SET limited = $3 WHERE organization_id = $1 AND person_id = $2")
        .bind(permit.organization())
        .bind(person)
        .bind(accounts.is_some())
        .execute()
        .await?;
    tx.sql("DELETE FROM membership_account WHERE organization_id = $1 AND person_id = $2")
        .bind(permit.organization())
        .bind(person)
        .execute()
        .await?;
    // The SELECT leaves out accounts of other organizations, whatever ids were sent.
    for chunk in accounts.unwrap_or_default().chunks(CHUNK) {
        tx.sql_list(
            "INSERT INTO membership_account (organization_id, person_id, account_id)
             SELECT a.organization_id, {2}, a.id FROM account a
             WHERE a.organization_id = {1} AND a.deleted_at IS NULL AND a.id IN ({ids})",
            chunk,
        )
        .bind(permit.organization())
        .bind(person)
        .execute()
        .await?;
    }
    Ok(found > 0)
}

/// Which of some people of an organization are limited to chosen accounts, and to which; an account comes once for each.
pub async fn list_limits(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[PersonId],
) -> Result<Vec<(PersonId, Option<AccountId>)>> {
    let mut limits = Vec::new();
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<(PersonId, Option<AccountId>)> = tx
            .sql_list(
                "SELECT m.person_id, c.account_id FROM membership m
                 LEFT JOIN membership_account c ON c.organization_id = m.organization_id AND c.person_id = m.person_id
                 WHERE m.organization_id = {1} AND m.person_id IN ({ids}) AND m.limited = {2}",
                chunk,
            )
            .bind(organization)
            .bind(true)
            .all()
            .await?;
        limits.extend(rows);
    }
    Ok(limits)
}

/// How many people of an organization are limited to chosen accounts (ACCT-2).
pub async fn count_limited(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1 AND limited")
        .bind(organization)
        .count()
        .await
}
