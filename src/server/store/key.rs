//! Tables `credential_key` and `access_token`: how machines sign in (AUTH-6).

use sqlx::FromRow;

use super::{Result, Tx, values::from_columns};
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
    pub id: KeyId,
    pub account: AccountId,
    /// What it is called.
    pub name: &'a str,
    /// The digest of its secret.
    pub secret_hash: &'a str,
    /// What it may do.
    pub scopes: &'a Scopes,
    /// Who makes it.
    pub by_name: &'a str,
    pub at: Timestamp,
}

/// Adds a key, and the row of `person` as which its machine acts.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, new: &NewKey<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO credential_key (id, organization_id, account_id, name, secret_hash, scopes, created_by, created_by_name, created_at,
            last_used_at, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL)",
    )
    .bind(new.id)
    .bind(permit.organization())
    .bind(new.account)
    .bind(new.name.to_owned())
    .bind(new.secret_hash.to_owned())
    .bind(new.scopes.text())
    .bind(permit.person())
    .bind(new.by_name.to_owned())
    .bind(new.at)
    .execute()
    .await?;
    // Nobody can sign in as this person, and no list shows it: see table `person` in the migrations.
    tx.sql(
        "INSERT INTO person (id, email, email_key, email_verified, first_name, last_name, password_hash, language, cluster, created_at, name_key, name_search, deleted_at)
         VALUES ($1, '', $2, $3, $4, '(key)', '', 'en', '', $5, $6, $7, $5)",
    )
    .bind(new.id)
    // The space keeps it apart from every address, because `email_key` is unique.
    .bind(format!("key {}", new.id))
    .bind(false)
    .bind(new.name.to_owned())
    .bind(new.at)
    .bind(sort_key(&full_name(new.name, "(key)")))
    .bind(search_key(&full_name(new.name, "(key)")))
    .execute()
    .await
    .map(|_| ())
}

/// The names of the keys of an organization, newest first, working or not: for the filter of the audit log.
pub async fn list_names(tx: &mut Tx, organization: OrganizationId, limit: i64) -> Result<Vec<(KeyId, String)>> {
    tx.sql("SELECT id, name FROM credential_key WHERE organization_id = $1 ORDER BY id DESC LIMIT CAST($2 AS BIGINT)")
        .bind(organization)
        .bind(limit)
        .all()
        .await
}

/// A key that works, for who signs in with it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Key {
    pub id: KeyId,
    #[sqlx(rename = "organization_id")]
    pub organization: OrganizationId,
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
}

/// A key by its id and the digest of its secret; a revoked key, or one of a deleted account or organization, is not found.
pub async fn find_by_secret(tx: &mut Tx, id: KeyId, secret_hash: &str) -> Result<Option<Key>> {
    tx.sql(
        "SELECT k.id, k.organization_id, k.account_id, k.name, k.scopes
         FROM credential_key k JOIN active_organization o ON o.id = k.organization_id
         JOIN account a ON a.id = k.account_id AND a.deleted_at IS NULL
         WHERE k.id = $1 AND k.secret_hash = $2 AND k.revoked_at IS NULL",
    )
    .bind(id)
    .bind(secret_hash.to_owned())
    .optional()
    .await
}

/// A key that works, by its id.
pub async fn find(tx: &mut Tx, id: KeyId) -> Result<Option<Key>> {
    tx.sql(
        "SELECT k.id, k.organization_id, k.account_id, k.name, k.scopes FROM credential_key k
         JOIN active_machine m ON m.person_id = k.id WHERE k.id = $1",
    )
    .bind(id)
    .optional()
    .await
}

/// A key by the digest of a token of it that still works.
pub async fn find_by_token(tx: &mut Tx, token_hash: &str, now: Timestamp) -> Result<Option<Key>> {
    tx.sql(
        "SELECT k.id, k.organization_id, k.account_id, k.name, k.scopes
         FROM access_token t JOIN credential_key k ON k.id = t.key_id JOIN active_organization o ON o.id = k.organization_id
         JOIN account a ON a.id = k.account_id AND a.deleted_at IS NULL
         WHERE t.token_hash = $1 AND t.expires_at > $2 AND k.revoked_at IS NULL",
    )
    .bind(token_hash.to_owned())
    .bind(now)
    .optional()
    .await
}

from_columns! {
    KeyView: id: KeyId, name: String, handle: String, scopes: Scopes, created_by_name: String, created_at: Timestamp,
        last_used_at: Option<Timestamp>;
    Self {
        id,
        name,
        client_id: client_id(id),
        account: handle,
        scopes,
        created_by: created_by_name,
        created_at,
        last_used_at,
    }
}

/// The keys of an organization that work, newest first.
pub async fn list(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<KeyView>> {
    tx.sql(
        "SELECT k.id, k.name, a.handle, k.scopes, k.created_by_name, k.created_at, k.last_used_at
         FROM credential_key k JOIN account a ON a.id = k.account_id AND a.deleted_at IS NULL
         WHERE k.organization_id = $1 AND k.revoked_at IS NULL ORDER BY k.id DESC LIMIT CAST($2 AS BIGINT)",
    )
    .bind(organization)
    .bind(i64::try_from(MAX_KEYS).unwrap_or(i64::MAX))
    .all()
    .await
}

/// Revokes a key of the permit's organization and its tokens; returns the key's name if it still worked.
pub async fn revoke(tx: &mut Tx, permit: &RolePermit, id: KeyId, at: Timestamp) -> Result<Option<String>> {
    let row: Option<(String,)> = tx
        .sql(
            "UPDATE credential_key SET revoked_at = $3 WHERE id = $1 AND organization_id = $2 AND revoked_at IS NULL
             RETURNING name",
        )
        .bind(id)
        .bind(permit.organization())
        .bind(at)
        .optional()
        .await?;
    if row.is_some() {
        tx.sql("DELETE FROM access_token WHERE key_id = $1").bind(id).execute().await?;
    }
    Ok(row.map(|(name,)| name))
}

/// What a key of the permit's organization is called, working or not.
pub async fn find_name(tx: &mut Tx, permit: &RolePermit, id: KeyId) -> Result<Option<String>> {
    tx.sql("SELECT name FROM credential_key WHERE id = $1 AND organization_id = $2")
        .bind(id)
        .bind(permit.organization())
        .value()
        .await
}

/// Hands out a token, notes that its key is used, and deletes expired tokens.
pub async fn insert_token(
    tx: &mut Tx,
    key: KeyId,
    token_hash: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    tx.sql("DELETE FROM access_token WHERE expires_at <= $1").bind(now).execute().await?;
    tx.sql("INSERT INTO access_token (token_hash, key_id, expires_at) VALUES ($1, $2, $3)")
        .bind(token_hash.to_owned())
        .bind(key)
        .bind(expires_at)
        .execute()
        .await?;
    tx.sql("UPDATE credential_key SET last_used_at = $2 WHERE id = $1").bind(key).bind(now).execute().await.map(|_| ())
}
