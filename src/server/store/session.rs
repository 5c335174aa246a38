//! Table `session`: tower-sessions' records, kept in our database under the digest of their id (AUTH-3).

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::FromRow;
pub use tower_sessions::session::Id;
use tower_sessions::{SessionStore, cookie::time::OffsetDateTime, session::Record, session_store};
use uuid::Uuid;

use super::{Db, DbError, Result, Tx, person::PersonRow};
use crate::{
    domain::{time::Timestamp, view::PersonView},
    server::context::digest,
};

/// The session's entry that holds who is signed in.
pub const PERSON: &str = "person";

/// Keeps sessions in the database. The cookie's id is never stored: a copy of the table signs nobody in.
#[derive(Clone, Debug)]
pub struct Sessions {
    db: Db,
}

impl Sessions {
    /// Sessions kept in a database.
    pub const fn new(db: Db) -> Self {
        Self { db }
    }
}

fn key(id: Id) -> String {
    digest(&id.0.to_be_bytes())
}

fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// Now by the machine's clock, as tower-sessions dates its records.
#[expect(clippy::disallowed_methods, reason = "records are dated by tower-sessions, with the machine's clock")]
fn machine_time() -> i64 {
    millis(OffsetDateTime::now_utc())
}

fn backend(error: impl std::fmt::Display) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}

/// A record's data as JSON, and the person in it.
fn columns(record: &Record) -> session_store::Result<(String, Option<Uuid>)> {
    let data = serde_json::to_string(&record.data).map_err(|error| session_store::Error::Encode(error.to_string()))?;
    let person = record.data.get(PERSON).and_then(|value| value.as_str()).and_then(|id| id.parse().ok());
    Ok((data, person))
}

#[derive(FromRow)]
struct SessionRow {
    data: String,
    expires_at: i64,
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let (data, person) = columns(record)?;
        let (id_hash, expires_at, created_at) = (key(record.id), millis(record.expiry_date), machine_time());
        self.db
            .write(|tx| {
                let (id_hash, data) = (id_hash.clone(), data.clone());
                Box::pin(async move {
                    tx.sql(
                        "INSERT INTO session (id_hash, person_id, data, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
                    )
                    .bind(id_hash)
                    .bind(person)
                    .bind(data)
                    .bind(created_at)
                    .bind(expires_at)
                    .execute()
                    .await
                })
            })
            .await
            .map(|_: u64| ())
            .map_err(|error: DbError| backend(error))
    }

    /// Changes a session that is there: one that was ended meanwhile stays ended.
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let (data, person) = columns(record)?;
        let (id_hash, expires_at) = (key(record.id), millis(record.expiry_date));
        self.db
            .write(|tx| {
                let (id_hash, data) = (id_hash.clone(), data.clone());
                Box::pin(async move {
                    tx.sql("UPDATE session SET person_id = $2, data = $3, expires_at = $4 WHERE id_hash = $1")
                        .bind(id_hash)
                        .bind(person)
                        .bind(data)
                        .bind(expires_at)
                        .execute()
                        .await
                })
            })
            .await
            .map(|_: u64| ())
            .map_err(|error: DbError| backend(error))
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let mut tx = self.db.read().await.map_err(backend)?;
        let row: Option<SessionRow> = tx
            .sql("SELECT data, expires_at FROM session WHERE id_hash = $1")
            .bind(key(*id))
            .optional()
            .await
            .map_err(backend)?;
        let Some(row) = row else { return Ok(None) };
        if row.expires_at <= machine_time() {
            return Ok(None);
        }
        let data: HashMap<String, serde_json::Value> =
            serde_json::from_str(&row.data).map_err(|error| session_store::Error::Decode(error.to_string()))?;
        let expiry_date =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.expires_at) * 1_000_000).map_err(backend)?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.db
            .write(|tx| {
                let id_hash = key(*id);
                Box::pin(async move { tx.sql("DELETE FROM session WHERE id_hash = $1").bind(id_hash).execute().await })
            })
            .await
            .map(|_: u64| ())
            .map_err(|error: DbError| backend(error))
    }
}

/// The person whose session it is, by the id in the cookie; nobody where it has expired, was ended, or is nobody's.
///
/// # Errors
/// The database.
pub async fn find_person(tx: &mut Tx, id: Id) -> Result<Option<PersonView>> {
    let row: Option<PersonRow> = tx
        .sql(
            "SELECT p.id, p.email, p.first_name, p.last_name, p.email_verified
             FROM session s JOIN person p ON p.id = s.person_id WHERE s.id_hash = $1 AND s.expires_at > $2",
        )
        .bind(key(id))
        .bind(machine_time())
        .optional()
        .await?;
    Ok(row.map(Into::into))
}

/// Forgets sessions that have expired; how many there were.
///
/// # Errors
/// The database.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    tx.sql("DELETE FROM session WHERE expires_at <= $1").bind(now.0).execute().await
}
