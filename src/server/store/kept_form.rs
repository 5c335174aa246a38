//! Table `remembered_form`: a refused form that is too long for a cookie, until the next page takes it. The text is JSON of the
//! door's.

use super::{Result, Tx};
use crate::domain::{id::PersonId, time::Timestamp};

/// Keeps a form of somebody, in place of the one before.
pub async fn upsert(tx: &mut Tx, person: PersonId, data: &str, expires_at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO remembered_form (person_id, data, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (person_id) DO UPDATE SET data = $2, expires_at = $3",
    )
    .bind(person)
    .bind(data.to_owned())
    .bind(expires_at)
    .execute()
    .await
    .map(|_| ())
}

/// Returns and deletes it.
pub async fn take(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<Option<String>> {
    let row: Option<(String, i64)> = tx
        .sql("DELETE FROM remembered_form WHERE person_id = $1 RETURNING data, expires_at")
        .bind(person)
        .optional()
        .await?;
    Ok(row.filter(|(_, expires_at)| *expires_at > now.0).map(|(data, _)| data))
}

/// Deletes forms that nobody came back for; returns how many there were.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    tx.sql("DELETE FROM remembered_form WHERE expires_at <= $1").bind(now).execute().await
}
