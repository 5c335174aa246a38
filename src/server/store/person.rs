//! Table `person`.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::domain::{id::PersonId, person::full_name, text::key, time::Timestamp, view::PersonView};

/// Someone who just signed up.
#[derive(Debug)]
pub struct NewPerson<'a> {
    /// Id.
    pub id: PersonId,
    /// Email as typed.
    pub email: &'a str,
    /// Email as compared.
    pub email_key: &'a str,
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// PHC string.
    pub password_hash: &'a str,
    /// Where new data is processed and stored.
    pub cluster: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// Adds a person.
///
/// # Errors
/// `Taken` if the email is.
pub async fn insert(tx: &mut Tx, new: &NewPerson<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO person (id, email, email_key, email_verified, first_name, last_name, password_hash, language, cluster, created_at, name_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(new.id.0)
    .bind(new.email.to_owned())
    .bind(new.email_key.to_owned())
    .bind(false)
    .bind(new.first_name.to_owned())
    .bind(new.last_name.to_owned())
    .bind(new.password_hash.to_owned())
    .bind("en")
    .bind(new.cluster.to_owned())
    .bind(new.at.0)
    .bind(key(&full_name(new.first_name, new.last_name)))
    .execute()
    .await
    .map(|_| ())
}

/// A row of what pages mention of a person.
#[derive(FromRow)]
pub(super) struct PersonRow {
    id: Uuid,
    email: String,
    first_name: String,
    last_name: String,
    email_verified: bool,
}

impl From<PersonRow> for PersonView {
    fn from(row: PersonRow) -> Self {
        Self {
            id: PersonId(row.id),
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            email_verified: row.email_verified,
        }
    }
}

/// A person by id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: PersonId) -> Result<Option<PersonView>> {
    let row: Option<PersonRow> = tx
        .sql("SELECT id, email, first_name, last_name, email_verified FROM person WHERE id = $1")
        .bind(id.0)
        .optional()
        .await?;
    Ok(row.map(Into::into))
}

/// What signing in checks.
#[derive(Debug, FromRow)]
pub struct Credentials {
    /// Id.
    pub id: Uuid,
    /// PHC string.
    pub password_hash: String,
}

/// The credentials behind an email, by its key.
///
/// # Errors
/// The database.
pub async fn find_credentials(tx: &mut Tx, email_key: &str) -> Result<Option<Credentials>> {
    tx.sql("SELECT id, password_hash FROM person WHERE email_key = $1").bind(email_key.to_owned()).optional().await
}

/// A person by email key: for the operator's command line.
///
/// # Errors
/// The database.
pub async fn find_by_email(tx: &mut Tx, email_key: &str) -> Result<Option<PersonView>> {
    let row: Option<PersonRow> = tx
        .sql("SELECT id, email, first_name, last_name, email_verified FROM person WHERE email_key = $1")
        .bind(email_key.to_owned())
        .optional()
        .await?;
    Ok(row.map(Into::into))
}

/// How many people there are: whether the database is empty.
///
/// # Errors
/// The database.
pub async fn any(tx: &mut Tx) -> Result<bool> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM person LIMIT 1) AS first_row")
        .number()
        .await
        .map(|n| n > 0)
}
