//! Table `idempotency_key` (API-1): the first answer to a request is given again.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, values::from_columns};
use crate::{
    domain::{access::Level, id::PersonId, role::Role, time::Timestamp},
    server::context::digest,
};

/// What is known about a key of one caller.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Known {
    /// Digest of method, path, query and body.
    pub request_hash: String,
    /// The answer's status; `None` while it is still being made.
    pub status: Option<i64>,
    /// The answer, sealed.
    pub body: Option<String>,
    /// Whose claim it was.
    pub claim: Uuid,
    /// What the caller could do when it was given.
    pub standing: Option<String>,
}

/// Who claims which key for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Names this claim among all.
    pub id: Uuid,
    /// Who asks.
    pub caller: String,
    pub key: String,
    /// Digest of method, path and body.
    pub request_hash: String,
}

/// How long a request may go unanswered before it counts as lost, in milliseconds: longer than any answer takes.
pub const UNANSWERED: i64 = 180_000;

/// Claims a key for a request: `None` if it was free and is now ours, else what is known about it.
pub async fn claim(tx: &mut Tx, wanted: &Claim, at: Timestamp) -> Result<Option<Known>> {
    let claimed = tx
        .sql(
            "INSERT INTO idempotency_key (caller, key, request_hash, created_at, claim_id) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (caller, key) DO NOTHING",
        )
        .bind(wanted.caller.clone())
        .bind(wanted.key.clone())
        .bind(wanted.request_hash.clone())
        .bind(at)
        .bind(wanted.id)
        .execute()
        .await?;
    if claimed > 0 {
        return Ok(None);
    }
    // If a node goes down, its request is never answered and its transaction is gone, so that after a while another request may take
    // the claim over. If the node is only slow, its work is rolled back: it no longer holds the claim.
    let taken_over = tx
        .sql(
            "UPDATE idempotency_key SET created_at = $5, claim_id = $6 WHERE caller = $1 AND key = $2 AND request_hash = $3
                AND status IS NULL AND created_at < $4",
        )
        .bind(wanted.caller.clone())
        .bind(wanted.key.clone())
        .bind(wanted.request_hash.clone())
        .bind(at.plus_millis(-UNANSWERED).0)
        .bind(at)
        .bind(wanted.id)
        .execute()
        .await?;
    if taken_over > 0 {
        return Ok(None);
    }
    tx.sql("SELECT request_hash, status, body, claim_id AS claim, caller_access AS standing FROM idempotency_key WHERE caller = $1 AND key = $2")
        .bind(wanted.caller.clone())
        .bind(wanted.key.clone())
        .optional()
        .await
}

/// Stores the answer to a request, in the transaction of what it did; `false` if another request holds the claim by now.
pub async fn update_answer(tx: &mut Tx, claim: &Claim, status: u16, sealed: &str, standing: &str) -> Result<bool> {
    tx.sql(
        "UPDATE idempotency_key SET status = $4, body = $5, caller_access = $6
         WHERE caller = $1 AND key = $2 AND claim_id = $3 AND status IS NULL",
    )
    .bind(claim.caller.clone())
    .bind(claim.key.clone())
    .bind(claim.id)
    .bind(i64::from(status))
    .bind(sealed.to_owned())
    .bind(standing.to_owned())
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Gives a claim back: its request was not answered, or not in a way worth keeping.
pub async fn delete(tx: &mut Tx, claim: &Claim) -> Result<()> {
    tx.sql("DELETE FROM idempotency_key WHERE caller = $1 AND key = $2 AND claim_id = $3 AND status IS NULL")
        .bind(claim.caller.clone())
        .bind(claim.key.clone())
        .bind(claim.id)
        .execute()
        .await
        .map(|_| ())
}

/// Forgets keys that are older than a moment.
pub async fn delete_before(tx: &mut Tx, at: Timestamp) -> Result<u64> {
    tx.sql("DELETE FROM idempotency_key WHERE created_at < $1").bind(at).execute().await
}

/// How many of somebody's roles and grants are compared; nobody has as many.
const MAX_RIGHTS: i64 = 3_000;

/// What somebody may do in one place: a digest of the place, and how much.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessSnapshot {
    place: String,
    height: u8,
}

impl AccessSnapshot {
    fn of(place: &str, height: u8) -> Self {
        Self { place: digest(place.as_bytes())[..16].to_owned(), height }
    }

    /// That somebody has a scope.
    pub fn scope(word: &str) -> Self {
        Self::of(word, 1)
    }

    /// As it is kept.
    pub fn text(&self) -> String {
        format!("{}.{}", self.place, self.height)
    }

    /// Reads what was kept.
    pub fn read(text: &str) -> Option<Self> {
        let (place, height) = text.split_once('.')?;
        Some(Self { place: place.to_owned(), height: height.parse().ok()? })
    }

    /// Whether this is as much as another one in the same place, or more.
    pub fn covers(&self, other: &Self) -> bool {
        self.place == other.place && self.height >= other.height
    }
}

// Roles and levels are each in the order of what they allow, so their numbers compare.
from_columns! {
    AccessSnapshot: place: Uuid, role: Option<Role>, level: Option<Level>;
    Self::of(&place.to_string(), role.map(|role| role as u8).or(level.map(|level| level as u8)).unwrap_or_default())
}

/// What somebody may do where: roles in organizations and their accounts, and what was given to them or to their organizations.
/// Compared with an earlier list, they tell whether somebody has lost access since.
pub async fn list_standing(tx: &mut Tx, person: PersonId) -> Result<Vec<AccessSnapshot>> {
    tx.sql(
        "SELECT organization_id AS place, role, CAST(NULL AS TEXT) AS level FROM active_membership WHERE person_id = $1
         UNION ALL SELECT account_id, role, NULL FROM account_membership WHERE person_id = $1
         UNION ALL SELECT resource_id, NULL, level FROM access_grant WHERE person_id = $1
         UNION ALL SELECT g.resource_id, NULL, g.level FROM active_membership m JOIN access_grant g ON g.organization_id = m.organization_id
            WHERE m.person_id = $1
         LIMIT CAST($2 AS BIGINT)",
    )
    .bind(person)
    .bind(MAX_RIGHTS)
    .all()
    .await
}
