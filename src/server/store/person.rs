//! Table `person`.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, values::from_columns};
use crate::{
    domain::{
        id::{OrganizationId, PersonId},
        name::{search_key, sort_key},
        person::full_name,
        profile::OwnPermit,
        time::Timestamp,
    },
    view::PersonView,
};

/// Someone who just signed up.
#[derive(Debug)]
pub struct NewPerson<'a> {
    pub id: PersonId,
    /// Email as typed.
    pub email: &'a str,
    /// The email's comparison key.
    pub email_key: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    /// PHC string.
    pub password_hash: &'a str,
    /// Where new data is processed and stored.
    pub cluster: &'a str,
    pub at: Timestamp,
}

/// Adds a person.
///
/// # Errors
/// `Taken` if the email is.
pub async fn insert(tx: &mut Tx, new: &NewPerson<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO person (id, email, email_key, email_verified, first_name, last_name, password_hash, language, cluster, created_at, name_key, name_search)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(new.id)
    .bind(new.email.to_owned())
    .bind(new.email_key.to_owned())
    .bind(false)
    .bind(new.first_name.to_owned())
    .bind(new.last_name.to_owned())
    .bind(new.password_hash.to_owned())
    .bind("en")
    .bind(new.cluster.to_owned())
    .bind(new.at)
    .bind(sort_key(&full_name(new.first_name, new.last_name)))
    .bind(search_key(&full_name(new.first_name, new.last_name)))
    .execute()
    .await
    .map(|_| ())
}

from_columns! {
    PersonView: id: PersonId, email: String, first_name: String, last_name: String, email_verified: bool;
    Self { id, email, first_name, last_name, email_verified }
}

/// A person by id, unless they deleted their account.
pub async fn find(tx: &mut Tx, id: PersonId) -> Result<Option<PersonView>> {
    tx.sql("SELECT id, email, first_name, last_name, email_verified FROM person WHERE id = $1 AND deleted_at IS NULL")
        .bind(id)
        .optional()
        .await
}

/// What signing in checks.
#[derive(Debug, FromRow)]
pub struct Credentials {
    pub id: Uuid,
    /// PHC string.
    pub password_hash: String,
}

/// The credentials behind an email, by its key.
pub async fn find_credentials(tx: &mut Tx, email_key: &str) -> Result<Option<Credentials>> {
    // Deleted accounts and credential keys need no condition: their `email_key` has a shape that no address has.
    tx.sql("SELECT id, password_hash FROM person WHERE email_key = $1").bind(email_key.to_owned()).optional().await
}

/// A person by email key: for the operator's command line.
pub async fn find_by_email(tx: &mut Tx, email_key: &str) -> Result<Option<PersonView>> {
    tx.sql("SELECT id, email, first_name, last_name, email_verified FROM person WHERE email_key = $1")
        .bind(email_key.to_owned())
        .optional()
        .await
}

/// Whether there is anybody: the database is empty otherwise.
pub async fn any(tx: &mut Tx) -> Result<bool> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM person LIMIT 1) AS first_row")
        .number()
        .await
        .map(|n| n > 0)
}

/// What a person has besides what everybody may be shown.
#[derive(Debug, Clone, FromRow)]
pub struct Profile {
    pub language: String,
    /// Where what they create is processed and stored.
    pub cluster: String,
    /// Where sign-in leads.
    pub default_organization_id: Option<Uuid>,
    /// PHC string.
    pub password_hash: String,
    /// Consent to usage statistics; false if never asked.
    pub allows_usage_statistics: bool,
    /// Consent to product news; false if never asked.
    pub allows_product_news: bool,
    /// When they signed up.
    pub created_at: i64,
}

/// A person's profile.
pub async fn find_profile(tx: &mut Tx, id: PersonId) -> Result<Option<Profile>> {
    tx.sql(
        "SELECT language, cluster, default_organization_id, password_hash, allows_usage_statistics, allows_product_news, created_at
         FROM person WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id)
    .optional()
    .await
}

/// The Org ID of the organization that a person's sign-in leads to, while they belong to it.
pub async fn find_default_org_id(tx: &mut Tx, id: PersonId) -> Result<Option<String>> {
    tx.sql(
        "SELECT o.org_id FROM person p JOIN organization o ON o.id = p.default_organization_id
         JOIN membership m ON m.organization_id = o.id AND m.person_id = p.id WHERE p.id = $1 AND o.deleted_at IS NULL",
    )
    .bind(id)
    .value()
    .await
}

/// Changes a person's names, wherever they are copied to (PEOPLE-1).
pub async fn update_name(tx: &mut Tx, permit: &OwnPermit, first_name: &str, last_name: &str) -> Result<()> {
    let name = full_name(first_name, last_name);
    let (name_key, name_search) = (sort_key(&name), search_key(&name));
    tx.sql("UPDATE person SET first_name = $2, last_name = $3, name_key = $4, name_search = $5 WHERE id = $1")
        .bind(permit.person())
        .bind(first_name.to_owned())
        .bind(last_name.to_owned())
        .bind(name_key.clone())
        .bind(name_search.clone())
        .execute()
        .await?;
    tx.sql("UPDATE membership SET name_key = $2, name_search = $3 WHERE person_id = $1")
        .bind(permit.person())
        .bind(name_key.clone())
        .bind(name_search)
        .execute()
        .await?;
    tx.sql("UPDATE resource SET owner_name_key = $2 WHERE created_by = $1")
        .bind(permit.person())
        .bind(name_key)
        .execute()
        .await
        .map(|_| ())
}

/// Changes a person's email to a proven one, wherever it is copied to (SET-1).
///
/// # Errors
/// `Taken` if it is somebody else's.
pub async fn update_email(tx: &mut Tx, permit: &OwnPermit, email: &str, email_key: &str) -> Result<()> {
    tx.sql("UPDATE person SET email = $2, email_key = $3, email_verified = $4 WHERE id = $1")
        .bind(permit.person())
        .bind(email.to_owned())
        .bind(email_key.to_owned())
        .bind(true)
        .execute()
        .await?;
    tx.sql("UPDATE membership SET email_key = $2 WHERE person_id = $1")
        .bind(permit.person())
        .bind(email_key.to_owned())
        .execute()
        .await
        .map(|_| ())
}

/// Notes that a person's address is proven (AUTH-2).
pub async fn update_verified(tx: &mut Tx, id: PersonId) -> Result<()> {
    tx.sql("UPDATE person SET email_verified = $2 WHERE id = $1").bind(id).bind(true).execute().await.map(|_| ())
}

/// Changes a person's password.
pub async fn update_password(tx: &mut Tx, id: PersonId, password_hash: &str) -> Result<()> {
    tx.sql("UPDATE person SET password_hash = $2 WHERE id = $1")
        .bind(id)
        .bind(password_hash.to_owned())
        .execute()
        .await
        .map(|_| ())
}

/// Changes what a person prefers (SET-1).
pub async fn update_preferences(
    tx: &mut Tx,
    id: PersonId,
    language: &str,
    cluster: &str,
    default_organization: Option<OrganizationId>,
) -> Result<()> {
    tx.sql("UPDATE person SET language = $2, cluster = $3, default_organization_id = $4 WHERE id = $1")
        .bind(id)
        .bind(language.to_owned())
        .bind(cluster.to_owned())
        .bind(default_organization)
        .execute()
        .await
        .map(|_| ())
}

/// Changes what a person agrees to (SET-2).
pub async fn update_consents(tx: &mut Tx, id: PersonId, usage_statistics: bool, product_news: bool) -> Result<()> {
    tx.sql("UPDATE person SET allows_usage_statistics = $2, allows_product_news = $3 WHERE id = $1")
        .bind(id)
        .bind(usage_statistics)
        .bind(product_news)
        .execute()
        .await
        .map(|_| ())
}

/// Removes everything from a person's row that tells who they were, and frees their address (SET-2). The row stays, because
/// what they made refers to it.
pub async fn anonymize(tx: &mut Tx, permit: &OwnPermit, at: Timestamp) -> Result<()> {
    tx.sql(
        "UPDATE person SET email = $2, email_key = $3, email_verified = $4, first_name = $5, last_name = $6, name_key = $7, name_search = $9,
            password_hash = $2, default_organization_id = NULL, last_seen_at = NULL, allows_usage_statistics = FALSE,
            allows_product_news = FALSE, deleted_at = $8 WHERE id = $1",
    )
    .bind(permit.person())
    .bind("")
    // No address has this shape, so that nobody can sign up or in with it.
    .bind(format!("deleted {}", permit.person().0))
    .bind(false)
    .bind("Deleted")
    .bind("person")
    .bind(sort_key("Deleted person"))
    .bind(at)
    .bind(search_key("Deleted person"))
    .execute()
    .await?;
    tx.sql("UPDATE resource SET owner_name_key = $2 WHERE created_by = $1")
        .bind(permit.person())
        .bind(sort_key("Deleted person"))
        .execute()
        .await
        .map(|_| ())
}
