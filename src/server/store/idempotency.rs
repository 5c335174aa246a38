//! Table `idempotency_key` (API-1): the first answer to a request is given again.

use sqlx::FromRow;

use super::{Result, Tx};
use crate::domain::time::Timestamp;

/// What is known about a key of one caller.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Known {
    /// Digest of method, path and body.
    pub request_hash: String,
    /// The answer's status; `None` while it is still being made.
    pub status: Option<i64>,
    /// The answer's body.
    pub body: Option<String>,
}

/// How long a request may go unanswered before it counts as lost, in milliseconds: longer than any answer takes.
const UNANSWERED: i64 = 180_000;

/// Claims a key for a request: `None` if it was free and is now ours, else what is known about it.
///
/// # Errors
/// The database.
pub async fn claim(tx: &mut Tx, caller: &str, key: &str, request_hash: &str, at: Timestamp) -> Result<Option<Known>> {
    let claimed = tx
        .sql(
            "INSERT INTO idempotency_key (caller, key, request_hash, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (caller, key) DO NOTHING",
        )
        .bind(caller.to_owned())
        .bind(key.to_owned())
        .bind(request_hash.to_owned())
        .bind(at.0)
        .execute()
        .await?;
    if claimed > 0 {
        return Ok(None);
    }
    // A request whose node went down is answered by nobody: after a while the next one may.
    let taken_over = tx
        .sql(
            "UPDATE idempotency_key SET created_at = $5 WHERE caller = $1 AND key = $2 AND request_hash = $3
                AND status IS NULL AND created_at < $4",
        )
        .bind(caller.to_owned())
        .bind(key.to_owned())
        .bind(request_hash.to_owned())
        .bind(at.plus_millis(-UNANSWERED).0)
        .bind(at.0)
        .execute()
        .await?;
    if taken_over > 0 {
        return Ok(None);
    }
    tx.sql("SELECT request_hash, status, body FROM idempotency_key WHERE caller = $1 AND key = $2")
        .bind(caller.to_owned())
        .bind(key.to_owned())
        .optional()
        .await
}

/// Keeps the answer to a request.
///
/// # Errors
/// The database.
pub async fn update_answer(tx: &mut Tx, caller: &str, key: &str, status: u16, body: &str) -> Result<()> {
    tx.sql("UPDATE idempotency_key SET status = $3, body = $4 WHERE caller = $1 AND key = $2")
        .bind(caller.to_owned())
        .bind(key.to_owned())
        .bind(i64::from(status))
        .bind(body.to_owned())
        .execute()
        .await
        .map(|_| ())
}

/// Gives a key back: its request was not answered, or not in a way worth keeping.
///
/// # Errors
/// The database.
pub async fn delete(tx: &mut Tx, caller: &str, key: &str) -> Result<()> {
    tx.sql("DELETE FROM idempotency_key WHERE caller = $1 AND key = $2")
        .bind(caller.to_owned())
        .bind(key.to_owned())
        .execute()
        .await
        .map(|_| ())
}

/// Forgets keys that are older than a moment.
///
/// # Errors
/// The database.
pub async fn delete_before(tx: &mut Tx, at: Timestamp) -> Result<u64> {
    tx.sql("DELETE FROM idempotency_key WHERE created_at < $1").bind(at.0).execute().await
}
