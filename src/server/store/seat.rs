//! Table `seat`: who was given a seat of a desktop licence, and what runs on it (LIC-5).
//!
//! A row is a seat of the licence as whoever may use it just now uses it: rows of another loan than the one that runs, and rows
//! that are neither given nor were heard of lately, are nothing any more, and go with the next change.

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, read};
use crate::{
    domain::{
        id::{KeyId, LicenceId, LoanId, OrganizationId, PersonId},
        permit::RolePermit,
        role::Role,
        seat::{Holder, STALE_AFTER_MILLIS, Seat, SeatTaken},
        time::Timestamp,
    },
    view::seat::SeatRow,
};

/// The moment since which something must have been heard of a seat that is taken.
const fn heard_since(now: Timestamp) -> i64 {
    now.plus_millis(-STALE_AFTER_MILLIS).0
}

/// Who holds a seat, as it is stored.
fn holder(id: Uuid, key: Option<Uuid>) -> Holder {
    key.map_or(Holder::Person(PersonId(id)), |key| Holder::Key(KeyId(key)))
}

#[derive(FromRow)]
struct StoredRow {
    holder_id: Uuid,
    key_id: Option<Uuid>,
    loan_id: Option<Uuid>,
    assigned_at: Option<i64>,
    device: Option<String>,
    taken_at: Option<i64>,
    last_seen_at: Option<i64>,
}

/// What somebody has of a licence: the person or the key with this id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, licence: LicenceId, holder_id: Uuid) -> Result<Option<Seat>> {
    let row: Option<StoredRow> = tx
        .sql(
            "SELECT holder_id, key_id, loan_id, assigned_at, device, taken_at, last_seen_at FROM seat
             WHERE licence_id = $1 AND holder_id = $2",
        )
        .bind(licence.0)
        .bind(holder_id)
        .optional()
        .await?;
    Ok(row.map(|row| Seat {
        holder: holder(row.holder_id, row.key_id),
        loan: row.loan_id.map(LoanId),
        given_at: row.assigned_at.map(Timestamp),
        taken: match (row.device, row.taken_at, row.last_seen_at) {
            (Some(device), Some(since), Some(seen)) => {
                Some(SeatTaken { device, since: Timestamp(since), seen: Timestamp(seen) })
            }
            _ => None,
        },
    }))
}

/// Lets go of the rows of a licence that are nothing any more.
///
/// # Errors
/// The database.
pub async fn delete_gone(tx: &mut Tx, licence: LicenceId, loan: Option<LoanId>, now: Timestamp) -> Result<()> {
    tx.sql(
        "DELETE FROM seat WHERE licence_id = $1
            AND (loan_id IS DISTINCT FROM $2 OR (assigned_at IS NULL AND last_seen_at <= $3))",
    )
    .bind(licence.0)
    .bind(loan.map(|loan| loan.0))
    .bind(heard_since(now))
    .execute()
    .await
    .map(|_| ())
}

/// How many seats of a licence are in use by others, once what is nothing any more is gone.
///
/// # Errors
/// The database.
pub async fn count_others(tx: &mut Tx, licence: LicenceId, holder: Holder) -> Result<u64> {
    let others = tx
        .sql("SELECT CAST(COUNT(*) AS BIGINT) FROM seat WHERE licence_id = $1 AND holder_id <> $2")
        .bind(licence.0)
        .bind(holder.id())
        .number()
        .await?;
    Ok(u64::try_from(others).unwrap_or(0))
}

/// Where a seat is, and whose.
#[derive(Debug, Clone, Copy)]
pub struct SeatScope {
    /// Of which licence.
    pub licence: LicenceId,
    /// Of which organization's people.
    pub organization: OrganizationId,
    /// Under which loan.
    pub loan: Option<LoanId>,
    /// Whose.
    pub holder: Holder,
}

/// Notes what runs on somebody's seat, from now on.
///
/// # Errors
/// The database.
pub async fn upsert_taken(tx: &mut Tx, place: &SeatScope, device: &str, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO seat (licence_id, holder_id, person_id, key_id, organization_id, loan_id, assigned_at, assigned_by_name, device, taken_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, NULL, NULL, $7, $8, $8)
         ON CONFLICT (licence_id, holder_id) DO UPDATE SET device = $7, taken_at = $8, last_seen_at = $8",
    )
    .bind(place.licence.0)
    .bind(place.holder.id())
    .bind(place.holder.person().map(|id| id.0))
    .bind(place.holder.key().map(|id| id.0))
    .bind(place.organization.0)
    .bind(place.loan.map(|loan| loan.0))
    .bind(device.to_owned())
    .bind(at.0)
    .execute()
    .await
    .map(|_| ())
}

/// Keeps a seat for somebody.
///
/// # Errors
/// The database.
pub async fn upsert_given(
    tx: &mut Tx,
    permit: &RolePermit,
    licence: LicenceId,
    loan: Option<LoanId>,
    person: PersonId,
    by_name: &str,
    at: Timestamp,
) -> Result<()> {
    tx.sql(
        "INSERT INTO seat (licence_id, holder_id, person_id, key_id, organization_id, loan_id, assigned_at, assigned_by_name, device, taken_at, last_seen_at)
         VALUES ($1, $2, $2, NULL, $3, $4, $5, $6, NULL, NULL, NULL)
         ON CONFLICT (licence_id, holder_id) DO UPDATE SET assigned_at = $5, assigned_by_name = $6",
    )
    .bind(licence.0)
    .bind(person.0)
    .bind(permit.organization().0)
    .bind(loan.map(|loan| loan.0))
    .bind(at.0)
    .bind(by_name.to_owned())
    .execute()
    .await
    .map(|_| ())
}

/// Notes that the program on somebody's seat still runs; whether it has that seat.
///
/// # Errors
/// The database.
pub async fn update_seen(
    tx: &mut Tx,
    licence: LicenceId,
    loan: Option<LoanId>,
    holder: Holder,
    device: &str,
    now: Timestamp,
) -> Result<bool> {
    tx.sql(
        "UPDATE seat SET last_seen_at = $5 WHERE licence_id = $1 AND holder_id = $2 AND device = $3
            AND loan_id IS NOT DISTINCT FROM $4 AND last_seen_at > $6",
    )
    .bind(licence.0)
    .bind(holder.id())
    .bind(device.to_owned())
    .bind(loan.map(|loan| loan.0))
    .bind(now.0)
    .bind(heard_since(now))
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// The program on a seat lets go of it: what was given stays given.
///
/// # Errors
/// The database.
pub async fn release(tx: &mut Tx, licence: LicenceId, holder: Holder) -> Result<()> {
    tx.sql(
        "UPDATE seat SET device = NULL, taken_at = NULL, last_seen_at = NULL
         WHERE licence_id = $1 AND holder_id = $2 AND assigned_at IS NOT NULL",
    )
    .bind(licence.0)
    .bind(holder.id())
    .execute()
    .await?;
    tx.sql("DELETE FROM seat WHERE licence_id = $1 AND holder_id = $2 AND assigned_at IS NULL")
        .bind(licence.0)
        .bind(holder.id())
        .execute()
        .await
        .map(|_| ())
}

/// Frees the seat that somebody, or a key, of the permit's organization has, given or taken; whether they had one.
///
/// # Errors
/// The database.
pub async fn delete(tx: &mut Tx, permit: &RolePermit, licence: LicenceId, holder: Holder) -> Result<bool> {
    tx.sql("DELETE FROM seat WHERE licence_id = $1 AND holder_id = $2 AND organization_id = $3")
        .bind(licence.0)
        .bind(holder.id())
        .bind(permit.organization().0)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Frees every seat of a key that was revoked.
///
/// # Errors
/// The database.
pub async fn delete_of_key(tx: &mut Tx, permit: &RolePermit, key: KeyId) -> Result<u64> {
    tx.sql("DELETE FROM seat WHERE holder_id = $1 AND organization_id = $2")
        .bind(key.0)
        .bind(permit.organization().0)
        .execute()
        .await
}

/// Frees every seat of a licence: whoever uses it changes (ACCT-3).
///
/// # Errors
/// The database.
pub async fn delete_of_licence(tx: &mut Tx, _: &RolePermit, licence: LicenceId) -> Result<u64> {
    tx.sql("DELETE FROM seat WHERE licence_id = $1").bind(licence.0).execute().await
}

/// Frees every seat that people of the permit's organization have.
///
/// # Errors
/// The database.
pub async fn delete_of_people(tx: &mut Tx, permit: &RolePermit, people: &[PersonId]) -> Result<u64> {
    let mut freed = 0;
    for chunk in people.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|person| person.0).collect();
        freed += tx
            .sql_list("DELETE FROM seat WHERE organization_id = {1} AND holder_id IN ({ids})", &ids)
            .bind(permit.organization().0)
            .execute()
            .await?;
    }
    Ok(freed)
}

/// Nothing is kept for somebody of the permit's organization any more; what runs goes on.
///
/// # Errors
/// The database.
pub async fn unreserve(tx: &mut Tx, permit: &RolePermit, person: PersonId) -> Result<()> {
    tx.sql("DELETE FROM seat WHERE organization_id = $1 AND holder_id = $2 AND last_seen_at IS NULL")
        .bind(permit.organization().0)
        .bind(person.0)
        .execute()
        .await?;
    tx.sql("UPDATE seat SET assigned_at = NULL, assigned_by_name = NULL WHERE organization_id = $1 AND holder_id = $2")
        .bind(permit.organization().0)
        .bind(person.0)
        .execute()
        .await
        .map(|_| ())
}

/// How many seats of some licences are in use at a moment, by licence and loan.
///
/// # Errors
/// The database.
pub async fn count(
    tx: &mut Tx,
    licences: &[LicenceId],
    now: Timestamp,
) -> Result<Vec<(LicenceId, Option<LoanId>, u64)>> {
    let mut counts = Vec::new();
    for chunk in licences.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|licence| licence.0).collect();
        let rows: Vec<(Uuid, Option<Uuid>, i64)> = tx
            .sql_list(
                "SELECT licence_id, loan_id, CAST(COUNT(*) AS BIGINT) FROM seat
                 WHERE licence_id IN ({ids}) AND (assigned_at IS NOT NULL OR last_seen_at > {1}) GROUP BY licence_id, loan_id",
                &ids,
            )
            .bind(heard_since(now))
            .all()
            .await?;
        counts.extend(
            rows.into_iter().map(|(licence, loan, seats)| {
                (LicenceId(licence), loan.map(LoanId), u64::try_from(seats).unwrap_or(0))
            }),
        );
    }
    Ok(counts)
}

/// A seat with whose it is, as lists show it.
#[derive(Debug, Clone)]
pub struct ListedSeat {
    /// Of which licence.
    pub licence: LicenceId,
    /// Under which loan.
    pub loan: Option<LoanId>,
    /// The seat; what runs on it only where it was heard of lately.
    pub row: SeatRow,
}

#[derive(FromRow)]
struct ListedSeatRow {
    licence_id: Uuid,
    loan_id: Option<Uuid>,
    holder_id: Uuid,
    key_id: Option<Uuid>,
    name: String,
    email: Option<String>,
    role: Option<String>,
    assigned_at: Option<i64>,
    assigned_by_name: Option<String>,
    device: Option<String>,
    taken_at: Option<i64>,
    last_seen_at: Option<i64>,
}

impl ListedSeatRow {
    fn read(self, now: Timestamp) -> Result<ListedSeat> {
        let fresh = self.last_seen_at.is_some_and(|seen| seen > heard_since(now));
        Ok(ListedSeat {
            licence: LicenceId(self.licence_id),
            loan: self.loan_id.map(LoanId),
            row: SeatRow {
                holder: holder(self.holder_id, self.key_id),
                name: self.name,
                email: self.email,
                role: self.role.map(|role| read("membership", "role", &role, Role::parse)).transpose()?,
                given_at: self.assigned_at.map(Timestamp),
                given_by: self.assigned_by_name,
                device: self.device.filter(|_| fresh),
                since: self.taken_at.filter(|_| fresh).map(Timestamp),
                seen: self.last_seen_at.filter(|_| fresh).map(Timestamp),
            },
        })
    }
}

/// Seats with who holds them: people who are in the organization, and keys.
macro_rules! listed {
    ($wanted:literal) => {
        concat!(
            "SELECT s.licence_id, s.loan_id, s.holder_id, s.key_id, COALESCE(p.first_name || ' ' || p.last_name, k.name) AS name,
                p.email, m.role, s.assigned_at, s.assigned_by_name, s.device, s.taken_at, s.last_seen_at
             FROM seat s
             LEFT JOIN person p ON p.id = s.person_id
             LEFT JOIN membership m ON m.organization_id = s.organization_id AND m.person_id = s.person_id
             LEFT JOIN credential_key k ON k.id = s.key_id
             WHERE (m.person_id IS NOT NULL OR k.id IS NOT NULL) AND ",
            $wanted
        )
    };
}

/// The seats of some licences that are in use at a moment, at most `limit`: licence by licence, holders by id.
///
/// # Errors
/// The database.
pub async fn list(tx: &mut Tx, licences: &[LicenceId], now: Timestamp, limit: i64) -> Result<Vec<ListedSeat>> {
    let ids: Vec<Uuid> = licences.iter().take(CHUNK).map(|licence| licence.0).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ListedSeatRow> = tx
        .sql_list(
            listed!(
                "s.licence_id IN ({ids}) AND (s.assigned_at IS NOT NULL OR s.last_seen_at > {1})
             ORDER BY s.licence_id, s.holder_id LIMIT CAST({2} AS BIGINT)"
            ),
            &ids,
        )
        .bind(heard_since(now))
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(|row| row.read(now)).collect()
}

/// The seats that somebody has of licences that an organization uses, or used.
///
/// # Errors
/// The database.
pub async fn list_of_holder(
    tx: &mut Tx,
    organization: OrganizationId,
    holder: Holder,
    now: Timestamp,
) -> Result<Vec<ListedSeat>> {
    let rows: Vec<ListedSeatRow> = tx
        .sql(listed!(
            "s.organization_id = $1 AND s.holder_id = $2 AND (s.assigned_at IS NOT NULL OR s.last_seen_at > $3) LIMIT 1000"
        ))
        .bind(organization.0)
        .bind(holder.id())
        .bind(heard_since(now))
        .all()
        .await?;
    rows.into_iter().map(|row| row.read(now)).collect()
}

/// A seat of mine, wherever it is.
#[derive(Debug, Clone, FromRow)]
pub struct OwnSeat {
    /// Of which licence.
    pub licence_id: Uuid,
    /// As one of which organization.
    pub organization_id: Uuid,
    /// Since when it is kept for me, if it is.
    pub given_at: Option<i64>,
    /// What took it last.
    pub device: Option<String>,
    /// When that was.
    pub taken_at: Option<i64>,
    /// When something was last heard of it.
    pub seen_at: Option<i64>,
}

/// Everything that is written down of somebody's seats.
///
/// # Errors
/// The database.
pub async fn list_own(tx: &mut Tx, person: PersonId, limit: i64) -> Result<Vec<OwnSeat>> {
    tx.sql(
        "SELECT licence_id, organization_id, assigned_at AS given_at, device, taken_at, last_seen_at AS seen_at FROM seat
         WHERE holder_id = $1 LIMIT CAST($2 AS BIGINT)",
    )
    .bind(person.0)
    .bind(limit)
    .all()
    .await
}

/// One page of the seats of a licence that are in use at a moment, holders by id.
///
/// # Errors
/// The database.
pub async fn list_of_licence(
    tx: &mut Tx,
    licence: LicenceId,
    loan: Option<LoanId>,
    now: Timestamp,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SeatRow>> {
    let rows: Vec<ListedSeatRow> = tx
        .sql(listed!(
            "s.licence_id = $1 AND s.holder_id > $2 AND s.loan_id IS NOT DISTINCT FROM $3
                AND (s.assigned_at IS NOT NULL OR s.last_seen_at > $4)
             ORDER BY s.holder_id LIMIT CAST($5 AS BIGINT)"
        ))
        .bind(licence.0)
        .bind(after.unwrap_or(Uuid::nil()))
        .bind(loan.map(|loan| loan.0))
        .bind(heard_since(now))
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(|row| row.read(now).map(|listed| listed.row)).collect()
}
