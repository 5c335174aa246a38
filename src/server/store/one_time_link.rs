//! Table `one_time_link`: single-use links that were mailed (AUTH-2, AUTH-5, PEOPLE-8, SET-1). Only the digest of what is in
//! the link stands here.

use sqlx::FromRow;

use super::{Result, Tx};
use crate::domain::{
    id::{OneTimeLinkId, PersonId},
    one_time_link::Purpose,
    time::Timestamp,
};

/// A link to be mailed.
#[derive(Debug)]
pub struct NewLink<'a> {
    pub id: OneTimeLinkId,
    pub person: PersonId,
    /// What for.
    pub purpose: Purpose,
    /// Digest of the token in it.
    pub token_hash: &'a str,
    /// The address that it is mailed to.
    pub email: &'a str,
    pub at: Timestamp,
}

/// Adds a link.
pub async fn insert(tx: &mut Tx, new: &NewLink<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO one_time_link (id, person_id, purpose, token_hash, email, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.id)
    .bind(new.person)
    .bind(new.purpose)
    .bind(new.token_hash.to_owned())
    .bind(new.email.to_owned())
    .bind(new.at)
    .bind(new.purpose.expires(new.at).0)
    .execute()
    .await
    .map(|_| ())
}

/// A link.
#[derive(Debug, Clone, FromRow)]
pub struct OneTimeLink {
    pub id: OneTimeLinkId,
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    /// What for.
    pub purpose: Purpose,
    /// The address that it was mailed to.
    pub email: String,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// A link by the digest of its token.
pub async fn find(tx: &mut Tx, token_hash: &str) -> Result<Option<OneTimeLink>> {
    tx.sql("SELECT id, person_id, purpose, email, expires_at, used_at FROM one_time_link WHERE token_hash = $1")
        .bind(token_hash.to_owned())
        .optional()
        .await
}

/// The newest link of a person for a purpose that still works.
pub async fn find_open(tx: &mut Tx, person: PersonId, purpose: Purpose, now: Timestamp) -> Result<Option<OneTimeLink>> {
    tx.sql(
        "SELECT id, person_id, purpose, email, expires_at, used_at FROM one_time_link
         WHERE person_id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 ORDER BY created_at DESC LIMIT 1",
    )
    .bind(person)
    .bind(purpose)
    .bind(now)
    .optional()
    .await
}

/// When links for a purpose were sent to a person, since a moment; the newest ones.
pub async fn list_sent(tx: &mut Tx, person: PersonId, purpose: Purpose, since: Timestamp) -> Result<Vec<Timestamp>> {
    tx.sql(
        "SELECT created_at FROM one_time_link WHERE person_id = $1 AND purpose = $2 AND created_at > $3
         ORDER BY created_at DESC LIMIT 20",
    )
    .bind(person)
    .bind(purpose)
    .bind(since)
    .column()
    .await
}

/// Uses a link, once: whether it had not been used before.
pub async fn update_used(tx: &mut Tx, id: OneTimeLinkId, at: Timestamp) -> Result<bool> {
    tx.sql("UPDATE one_time_link SET used_at = $2 WHERE id = $1 AND used_at IS NULL")
        .bind(id)
        .bind(at)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Has the unused links of a person for a purpose expire now: a newer one takes their place, or nothing is left to do.
pub async fn update_expired(tx: &mut Tx, person: PersonId, purpose: Purpose, at: Timestamp) -> Result<()> {
    tx.sql(
        "UPDATE one_time_link SET expires_at = $3 WHERE person_id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3",
    )
    .bind(person)
    .bind(purpose)
    .bind(at)
    .execute()
    .await
    .map(|_| ())
}

/// Forgets every link of a person.
pub async fn delete_of_person(tx: &mut Tx, person: PersonId) -> Result<u64> {
    tx.sql("DELETE FROM one_time_link WHERE person_id = $1").bind(person).execute().await
}

/// Forgets links that stopped working before a moment; returns how many there were.
pub async fn delete_expired_before(tx: &mut Tx, moment: Timestamp) -> Result<u64> {
    tx.sql("DELETE FROM one_time_link WHERE expires_at < $1").bind(moment).execute().await
}
