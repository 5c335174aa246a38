//! Table `undo`: what somebody did and can take back for a while. The text is the domain's, as JSON.

use super::{Result, Tx};
use crate::domain::{
    id::{PersonId, UndoId},
    time::Timestamp,
};

/// Writes down how somebody takes a change of theirs back.
pub async fn insert(tx: &mut Tx, id: UndoId, person: PersonId, what: &str, at: Timestamp) -> Result<()> {
    tx.sql("INSERT INTO undo (id, person_id, inverse, created_at) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(person)
        .bind(what.to_owned())
        .bind(at)
        .execute()
        .await
        .map(|_| ())
}

/// Returns and deletes it, for its person alone.
pub async fn take(tx: &mut Tx, id: UndoId, person: PersonId) -> Result<Option<String>> {
    // One statement reads and deletes, so that of two requests at once only one gets it.
    tx.sql("DELETE FROM undo WHERE id = $1 AND person_id = $2 RETURNING inverse").bind(id).bind(person).value().await
}

/// Forgets what was done before a moment.
pub async fn delete_before(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.sql("DELETE FROM undo WHERE created_at < $1").bind(before).execute().await
}
