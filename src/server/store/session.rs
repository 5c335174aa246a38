//! Table `session`: tower-sessions' records, kept in our database under the digest of their id (AUTH-3).

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::FromRow;
pub use tower_sessions::session::Id;
use tower_sessions::{SessionStore, cookie::time::OffsetDateTime, session::Record, session_store};
use uuid::Uuid;

use super::{Db, DbError, Result, Tx};
use crate::{
    domain::{
        id::{PersonId, SessionId},
        refusal::Refusal,
        time::Timestamp,
    },
    server::context::digest,
    view::{PersonView, my_account::SessionItem},
};

/// The session's entry that holds who is signed in.
pub const PERSON: &str = "person";
/// The entry that holds what the browser said it is when the session began.
pub const DEVICE: &str = "device";
/// The entry that holds the network address that the session began from.
pub const ADDRESS: &str = "address";
/// The entry that holds when the session was last used, in unix milliseconds. It is a column, and no part of the data.
pub const SEEN: &str = "seen";

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

/// The digest under which a session is stored.
pub fn key(id: Id) -> String {
    digest(&id.0.to_be_bytes())
}

/// The public id of a session. Neither the cookie's id nor the stored digest can be derived from it.
fn public_id(id: Id) -> Uuid {
    let digest = digest(&[b"outside ".as_slice(), &id.0.to_be_bytes()].concat());
    Uuid::parse_str(&digest[..32]).unwrap_or_default()
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

tokio::task_local! {
    /// Why sessions could not be stored or read, if they could not.
    static AWAY: std::cell::Cell<Option<Refusal>>;
}

/// Does some work. Also returns why sessions could not be stored or read meanwhile, if they could not.
pub async fn noticing<T>(work: impl Future<Output = T>) -> (T, Option<Refusal>) {
    AWAY.scope(std::cell::Cell::new(None), async move {
        let done = work.await;
        (done, AWAY.with(std::cell::Cell::take))
    })
    .await
}

/// The refusal behind an error of the session library, which keeps nothing but its text. `None` for errors that will not pass.
pub fn later(error: &tower_sessions::session::Error) -> Option<Refusal> {
    let tower_sessions::session::Error::Store(session_store::Error::Backend(text)) = error else { return None };
    match text.strip_prefix(LATER)? {
        "" => Some(Refusal::Unavailable),
        seconds => seconds.parse().ok().map(Refusal::Busy),
    }
}

/// The prefix of the text of a temporary error.
const LATER: &str = "later ";

/// An error of the database, as the session library knows it.
fn failed(error: DbError) -> session_store::Error {
    let (refusal, text) = match &error {
        DbError::Unavailable(_) => (Refusal::Unavailable, LATER.to_owned()),
        DbError::Busy(seconds) => (Refusal::Busy(*seconds), format!("{LATER}{seconds}")),
        _ => return backend(error),
    };
    tracing::error!(%error, "could not store or read a session");
    // Outside of [`noticing`] there is nobody to tell.
    let _ = AWAY.try_with(|away| away.set(Some(refusal)));
    session_store::Error::Backend(text)
}

/// A record's data as JSON, and the person in it.
fn columns(record: &Record) -> session_store::Result<(String, Option<Uuid>)> {
    let kept: HashMap<&String, &serde_json::Value> = record.data.iter().filter(|(name, _)| *name != SEEN).collect();
    let data = serde_json::to_string(&kept).map_err(|error| session_store::Error::Encode(error.to_string()))?;
    let person = record.data.get(PERSON).and_then(|value| value.as_str()).and_then(|id| id.parse().ok());
    Ok((data, person))
}

#[derive(FromRow)]
struct SessionRow {
    data: String,
    expires_at: i64,
    last_seen_at: i64,
}

fn text(record: &Record, name: &str) -> Option<String> {
    record.data.get(name).and_then(|value| value.as_str()).map(str::to_owned)
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let (data, person) = columns(record)?;
        let (id_hash, id, expires_at) = (key(record.id), public_id(record.id), millis(record.expiry_date));
        let (device, address) = (text(record, DEVICE), text(record, ADDRESS));
        let created_at = record.data.get(SEEN).and_then(serde_json::Value::as_i64).unwrap_or_else(machine_time);
        self.db
            .write(|tx, _| Box::pin(async {
                    tx.sql(
                        "INSERT INTO session (id_hash, person_id, data, created_at, expires_at, public_id, device, ip_address, last_seen_at)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $4)",
                    )
                    .bind(id_hash.as_str())
                    .bind(person)
                    .bind(data.as_str())
                    .bind(created_at)
                    .bind(expires_at)
                    .bind(id)
                    .bind(device.clone())
                    .bind(address.clone())
                    .execute()
                    .await?;
                    match person {
                        Some(person) => update_person_seen(tx, person, created_at).await,
                        None => Ok(()),
                    }
                }))
            .await
            .map_err(failed)
    }

    /// Changes an existing session only, so that one that was ended meanwhile stays ended.
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let (data, person) = columns(record)?;
        let (id_hash, expires_at) = (key(record.id), millis(record.expiry_date));
        self.db
            .write(|tx, _| {
                Box::pin(async {
                    tx.sql("UPDATE session SET person_id = $2, data = $3, expires_at = $4 WHERE id_hash = $1")
                        .bind(id_hash.as_str())
                        .bind(person)
                        .bind(data.as_str())
                        .bind(expires_at)
                        .execute()
                        .await
                })
            })
            .await
            .map(|_: u64| ())
            .map_err(failed)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let mut tx = self.db.read().await.map_err(failed)?;
        let row: Option<SessionRow> = tx
            .sql("SELECT data, expires_at, last_seen_at FROM session WHERE id_hash = $1")
            .bind(key(*id))
            .optional()
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        if row.expires_at <= machine_time() {
            return Ok(None);
        }
        let mut data: HashMap<String, serde_json::Value> =
            serde_json::from_str(&row.data).map_err(|error| session_store::Error::Decode(error.to_string()))?;
        data.insert(SEEN.to_owned(), row.last_seen_at.into());
        let expiry_date =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.expires_at) * 1_000_000).map_err(backend)?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.db
            .write(|tx, _| {
                let id_hash = key(*id);
                Box::pin(async { tx.sql("DELETE FROM session WHERE id_hash = $1").bind(id_hash).execute().await })
            })
            .await
            .map(|_: u64| ())
            .map_err(failed)
    }
}

async fn update_person_seen(tx: &mut Tx, person: Uuid, at: i64) -> Result<()> {
    // Requests of one person may be recorded out of order, and an older one must not set the time back.
    let later = tx
        .sql("UPDATE person SET last_seen_at = $2 WHERE id = $1 AND (last_seen_at IS NULL OR last_seen_at < $2)")
        .bind(person)
        .bind(at)
        .execute()
        .await?;
    if later == 0 {
        return Ok(());
    }
    // Memberships carry a copy, by which lists of people are sorted (PEOPLE-1).
    tx.sql("UPDATE membership SET last_seen_at = $2 WHERE person_id = $1")
        .bind(person)
        .bind(at)
        .execute()
        .await
        .map(|_| ())
}

/// How a session is being used now.
#[derive(Debug, Clone)]
pub struct Use {
    /// Whose it is.
    pub person: PersonId,
    /// What the browser says it is.
    pub device: String,
    /// The network address.
    pub address: Option<String>,
    pub at: Timestamp,
    /// The session is left alone if it was seen after this moment, because another request was faster.
    pub not_since: Timestamp,
    /// Until when it lasts if nobody uses it any more.
    pub expires_at: Timestamp,
}

/// Notes that a session is used, and its person with it; whether it was there and due.
pub async fn touch(tx: &mut Tx, id: Id, how: &Use) -> Result<bool> {
    let due = tx
        .sql(
            "UPDATE session SET last_seen_at = $2, expires_at = $3, device = $4, ip_address = $5
             WHERE id_hash = $1 AND last_seen_at <= $6",
        )
        .bind(key(id))
        .bind(how.at)
        .bind(how.expires_at)
        .bind(how.device.clone())
        .bind(how.address.clone())
        .bind(how.not_since)
        .execute()
        .await?
        > 0;
    if due {
        update_person_seen(tx, how.person.0, how.at.0).await?;
    }
    Ok(due)
}

#[derive(FromRow)]
struct ListedSessionRow {
    public_id: SessionId,
    id_hash: String,
    device: Option<String>,
    ip_address: Option<String>,
    created_at: Timestamp,
    last_seen_at: Timestamp,
}

/// The sessions of a person that have not expired, the one used last first. `current` is the digest of the one that asks.
pub async fn list_of_person(
    tx: &mut Tx,
    person: PersonId,
    current: Option<&str>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SessionItem>> {
    let rows: Vec<ListedSessionRow> = tx
        .sql(
            "SELECT public_id, id_hash, device, ip_address, created_at, last_seen_at FROM session
             WHERE person_id = $1 AND expires_at > $2 ORDER BY last_seen_at DESC, public_id LIMIT CAST($3 AS BIGINT)",
        )
        .bind(person)
        .bind(now)
        .bind(limit)
        .all()
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| SessionItem {
            id: row.public_id,
            device: row.device.unwrap_or_else(|| crate::domain::device::device("")),
            address: row.ip_address,
            created_at: row.created_at,
            last_seen: row.last_seen_at,
            current: current == Some(row.id_hash.as_str()),
        })
        .collect())
}

/// Whether a person has a session that was last used at an address.
pub async fn has_at(tx: &mut Tx, person: PersonId, address: &str, now: Timestamp) -> Result<bool> {
    let found: Option<PersonId> = tx
        .sql("SELECT person_id FROM session WHERE person_id = $1 AND ip_address = $2 AND expires_at > $3 LIMIT 1")
        .bind(person)
        .bind(address.to_owned())
        .bind(now)
        .value()
        .await?;
    Ok(found.is_some())
}

/// Ends one session of a person; returns whether there was one.
pub async fn delete(tx: &mut Tx, person: PersonId, id: SessionId) -> Result<bool> {
    tx.sql("DELETE FROM session WHERE public_id = $1 AND person_id = $2")
        .bind(id)
        .bind(person)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Ends every session of a person but the one with this digest; returns how many there were.
pub async fn delete_of_person(tx: &mut Tx, person: PersonId, except: Option<&str>) -> Result<u64> {
    // No digest is empty, so without an exception every session ends.
    tx.sql("DELETE FROM session WHERE person_id = $1 AND id_hash <> $2")
        .bind(person)
        .bind(except.unwrap_or_default().to_owned())
        .execute()
        .await
}

#[derive(FromRow)]
struct WhoRow {
    #[sqlx(flatten)]
    person: PersonView,
    last_seen_at: Option<Timestamp>,
}

/// The person whose session it is, by the id in the cookie, and when it was seen last; `None` if it has expired or was
/// ended, or nobody is signed in.
pub async fn find_person(tx: &mut Tx, id: Id) -> Result<Option<(PersonView, Option<Timestamp>)>> {
    let row: Option<WhoRow> = tx
        .sql(
            "SELECT p.id, p.email, p.first_name, p.last_name, p.email_verified, s.last_seen_at
             FROM session s JOIN person p ON p.id = s.person_id WHERE s.id_hash = $1 AND s.expires_at > $2 AND p.deleted_at IS NULL",
        )
        .bind(key(id))
        .bind(machine_time())
        .optional()
        .await?;
    Ok(row.map(|row| (row.person, row.last_seen_at)))
}

/// Forgets sessions that have expired; returns how many there were.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    tx.sql("DELETE FROM session WHERE expires_at <= $1").bind(now).execute().await
}
