//! Whose photos and layers wait for a worker (FILE-5, VIEW-1), for the turns that `workers::turns` gives.
//!
//! Each person is found by one step through an index, however many files of theirs wait. The list begins behind a person, goes around
//! once, and has an end, so that nobody is never listed.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::domain::{id::PersonId, layer::Lane, time::Timestamp};

/// How many people are listed at most.
const MAX_WAITING: i64 = 100;

/// A person with something that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Waiting {
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    /// The organization in which that is. The person, where it is in none any more.
    #[sqlx(rename = "organization_id")]
    pub organization: Uuid,
}

/// People with a photo that is due, those after a person first.
pub async fn list_with_photos(tx: &mut Tx, now: Timestamp, after: PersonId) -> Result<Vec<Waiting>> {
    tx.sql(
        "WITH RECURSIVE listed(person_id) AS (
            SELECT (SELECT p.person_id FROM photo p WHERE p.state = 'waiting' AND p.person_id > $2 ORDER BY p.person_id LIMIT 1)
            UNION
            SELECT COALESCE(
                (SELECT p.person_id FROM photo p WHERE p.state = 'waiting' AND p.person_id > listed.person_id ORDER BY p.person_id LIMIT 1),
                (SELECT p.person_id FROM photo p WHERE p.state = 'waiting' AND p.person_id IS NOT NULL ORDER BY p.person_id LIMIT 1))
            FROM listed)
         SELECT first.person_id, first.organization_id FROM (
            SELECT listed.person_id, (
                SELECT COALESCE(p.organization_id, p.person_id) FROM photo p
                WHERE p.state = 'waiting' AND p.person_id = listed.person_id AND p.due_at <= $1 ORDER BY p.due_at LIMIT 1) AS organization_id
            FROM listed) AS first
         WHERE first.organization_id IS NOT NULL LIMIT CAST($3 AS BIGINT)",
    )
    .bind(now)
    .bind(after)
    .bind(MAX_WAITING)
    .all()
    .await
}

/// People with a layer that is due in a lane, those after a person first.
pub async fn list_with_layers(tx: &mut Tx, lane: Lane, now: Timestamp, after: PersonId) -> Result<Vec<Waiting>> {
    tx.sql(
        "WITH RECURSIVE listed(person_id) AS (
            SELECT (SELECT l.person_id FROM view_layer l WHERE l.state = 'waiting' AND l.is_slow = $4 AND l.person_id > $2
                ORDER BY l.person_id LIMIT 1)
            UNION
            SELECT COALESCE(
                (SELECT l.person_id FROM view_layer l WHERE l.state = 'waiting' AND l.is_slow = $4 AND l.person_id > listed.person_id
                    ORDER BY l.person_id LIMIT 1),
                (SELECT l.person_id FROM view_layer l WHERE l.state = 'waiting' AND l.is_slow = $4 AND l.person_id IS NOT NULL
                    ORDER BY l.person_id LIMIT 1))
            FROM listed)
         SELECT first.person_id, first.organization_id FROM (
            SELECT listed.person_id, (
                SELECT COALESCE(l.organization_id, l.person_id) FROM view_layer l
                WHERE l.state = 'waiting' AND l.is_slow = $4 AND l.person_id = listed.person_id AND l.due_at <= $1
                ORDER BY l.due_at LIMIT 1) AS organization_id
            FROM listed) AS first
         WHERE first.organization_id IS NOT NULL LIMIT CAST($3 AS BIGINT)",
    )
    .bind(now)
    .bind(after)
    .bind(MAX_WAITING)
    .bind(lane == Lane::Slow)
    .all()
    .await
}
