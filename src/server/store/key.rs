//! Tables `credential_key` and `access_token`: how machines sign in (AUTH-6).

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, read};
use crate::{
    domain::{
        id::{AccountId, KeyId, OrganizationId},
        key::{MAX_KEYS, Scopes, client_id},
        name::{search_key, sort_key},
        permit::RolePermit,
        person::full_name,
        time::Timestamp,
    },
    view::key::KeyView,
};

/// A key to be added to the permit's organization.
#[derive(Debug, Clone)]
pub struct NewKey<'a> {
    /// Id.
    pub id: KeyId,
    /// Its account.
    pub account: AccountId,
    /// What it is called.
    pub name: &'a str,
    /// The digest of its secret.
    pub secret_hash: &'a str,
    /// What it may do.
    pub scopes: &'a Scopes,
    /// Who makes it.
    pub by_name: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// Adds a key, and the identity that its machine acts under.
///
/// # Errors
/// The database.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, new: &NewKey<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO credential_key (id, organization_id, account_id, name, secret_hash, scopes, created_by, created_by_name, created_at,
            last_used_at, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL)",
    )
    .bind(new.id.0)
    .bind(permit.organization().0)
    .bind(new.account.0)
    .bind(new.name.to_owned())
    .bind(new.secret_hash.to_owned())
    .bind(new.scopes.text())
    .bind(permit.person().0)
    .bind(new.by_name.to_owned())
    .bind(new.at.0)
    .execute()
    .await?;
    // Nobody signs in as it, and no list of people has it: see table `person` in the migrations.
    tx.sql(
        "INSERT INTO person (id, email, email_key, email_verified, first_name, last_name, password_hash, language, cluster, created_at, name_key, name_search, deleted_at)
         VALUES ($1, '', $2, $3, $4, '(key)', '', 'en', '', $5, $6, $7, $5)",
    )
    .bind(new.id.0)
    .bind(format!("key {}", new.id))
    .bind(false)
    .bind(new.name.to_owned())
    .bind(new.at.0)
    .bind(sort_key(&full_name(new.name, "(key)")))
    .bind(search_key(&full_name(new.name, "(key)")))
    .execute()
    .await
    .map(|_| ())
}

/// The names of the keys of an organization, newest first, working or not: for who filters the audit log.
///
/// # Errors
/// The database.
pub async fn list_names(tx: &mut Tx, organization: OrganizationId, limit: i64) -> Result<Vec<(KeyId, String)>> {
    let rows: Vec<(Uuid, String)> = tx
        .sql("SELECT id, name FROM credential_key WHERE organization_id = $1 ORDER BY id DESC LIMIT CAST($2 AS BIGINT)")
        .bind(organization.0)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id, name)| (KeyId(id), name)).collect())
}

/// A key that works, for who signs in with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Id.
    pub id: KeyId,
    /// The organization.
    pub organization: OrganizationId,
    /// Its account.
    pub account: AccountId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
}

#[derive(FromRow)]
struct KeyRow {
    id: Uuid,
    organization_id: Uuid,
    account_id: Uuid,
    name: String,
    scopes: String,
}

impl TryFrom<KeyRow> for Key {
    type Error = super::DbError;

    fn try_from(row: KeyRow) -> Result<Self> {
        Ok(Self {
            id: KeyId(row.id),
            organization: OrganizationId(row.organization_id),
            account: AccountId(row.account_id),
            name: row.name,
            scopes: read("credential_key", "scopes", &row.scopes, Scopes::read)?,
        })
    }
}

/// A key by its id and the digest of its secret; one that was revoked, or of an account or organization that was deleted, is none.
///
/// # Errors
/// The database.
pub async fn find_by_secret(tx: &mut Tx, id: KeyId, secret_hash: &str) -> Result<Option<Key>> {
    let row: Option<KeyRow> = tx
        .sql(
            "SELECT k.id, k.organization_id, k.account_id, k.name, k.scopes
             FROM credential_key k JOIN active_organization o ON o.id = k.organization_id
             JOIN account a ON a.id = k.account_id AND a.deleted_at IS NULL
             WHERE k.id = $1 AND k.secret_hash = $2 AND k.revoked_at IS NULL",
        )
        .bind(id.0)
        .bind(secret_hash.to_owned())
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// A key that works, by its id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: KeyId) -> Result<Option<Key>> {
    let row: Option<KeyRow> = tx
        .sql(
            "SELECT k.id, k.organization_id, k.account_id, k.name, k.scopes FROM credential_key k
             JOIN active_machine m ON m.person_id = k.id WHERE k.id = $1",
        )
        .bind(id.0)
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// A key by the digest of a token of it that still works.
///
/// # Errors
/// The database.
pub async fn find_by_token(tx: &mut Tx, token_hash: &str, now: Timestamp) -> Result<Option<Key>> {
    let row: Option<KeyRow> = tx
        .sql(
            "SELECT k.id, k.organization_id, k.account_id, k.name, k.scopes
             FROM access_token t JOIN credential_key k ON k.id = t.key_id JOIN active_organization o ON o.id = k.organization_id
             JOIN account a ON a.id = k.account_id AND a.deleted_at IS NULL
             WHERE t.token_hash = $1 AND t.expires_at > $2 AND k.revoked_at IS NULL",
        )
        .bind(token_hash.to_owned())
        .bind(now.0)
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

#[derive(FromRow)]
struct ListedKeyRow {
    id: Uuid,
    name: String,
    handle: String,
    scopes: String,
    created_by_name: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

/// The keys of an organization that work, newest first.
///
/// # Errors
/// The database.
pub async fn list(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<KeyView>> {
    let rows: Vec<ListedKeyRow> = tx
        .sql(
            "SELECT k.id, k.name, a.handle, k.scopes, k.created_by_name, k.created_at, k.last_used_at
             FROM credential_key k JOIN account a ON a.id = k.account_id AND a.deleted_at IS NULL
             WHERE k.organization_id = $1 AND k.revoked_at IS NULL ORDER BY k.id DESC LIMIT CAST($2 AS BIGINT)",
        )
        .bind(organization.0)
        .bind(i64::try_from(MAX_KEYS).unwrap_or(i64::MAX))
        .all()
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(KeyView {
                id: KeyId(row.id),
                name: row.name,
                client_id: client_id(KeyId(row.id)),
                account: row.handle,
                scopes: read("credential_key", "scopes", &row.scopes, Scopes::read)?,
                created_by: row.created_by_name,
                created_at: Timestamp(row.created_at),
                last_used_at: row.last_used_at.map(Timestamp),
            })
        })
        .collect()
}

/// Revokes a key of the permit's organization, and its tokens; its name, if it worked.
///
/// # Errors
/// The database.
pub async fn revoke(tx: &mut Tx, permit: &RolePermit, id: KeyId, at: Timestamp) -> Result<Option<String>> {
    let row: Option<(String,)> = tx
        .sql(
            "UPDATE credential_key SET revoked_at = $3 WHERE id = $1 AND organization_id = $2 AND revoked_at IS NULL
             RETURNING name",
        )
        .bind(id.0)
        .bind(permit.organization().0)
        .bind(at.0)
        .optional()
        .await?;
    if row.is_some() {
        tx.sql("DELETE FROM access_token WHERE key_id = $1").bind(id.0).execute().await?;
    }
    Ok(row.map(|(name,)| name))
}

/// What a key of the permit's organization is called, working or not.
///
/// # Errors
/// The database.
pub async fn find_name(tx: &mut Tx, permit: &RolePermit, id: KeyId) -> Result<Option<String>> {
    let row: Option<(String,)> = tx
        .sql("SELECT name FROM credential_key WHERE id = $1 AND organization_id = $2")
        .bind(id.0)
        .bind(permit.organization().0)
        .optional()
        .await?;
    Ok(row.map(|(name,)| name))
}

/// Hands out a token, notes that its key is used, and lets go of tokens that are over.
///
/// # Errors
/// The database.
pub async fn insert_token(
    tx: &mut Tx,
    key: KeyId,
    token_hash: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    tx.sql("DELETE FROM access_token WHERE expires_at <= $1").bind(now.0).execute().await?;
    tx.sql("INSERT INTO access_token (token_hash, key_id, expires_at) VALUES ($1, $2, $3)")
        .bind(token_hash.to_owned())
        .bind(key.0)
        .bind(expires_at.0)
        .execute()
        .await?;
    tx.sql("UPDATE credential_key SET last_used_at = $2 WHERE id = $1")
        .bind(key.0)
        .bind(now.0)
        .execute()
        .await
        .map(|_| ())
}
