//! Table `seat`: who was given a seat of a desktop licence, and what runs on it (LIC-5).
//!
//! A row counts only for whoever may use the licence now. A row of a loan that does not run, or of a seat that is neither assigned nor
//! was heard of lately, is stale: it is ignored, and the next change deletes it.

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, values::from_columns};
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

/// A taken seat that was last heard of before this moment is stale.
const fn heard_since(now: Timestamp) -> Timestamp {
    now.plus_millis(-STALE_AFTER_MILLIS)
}

/// Who holds a seat, as it is stored.
fn holder(id: Uuid, key: Option<Uuid>) -> Holder {
    key.map_or(Holder::Person(PersonId(id)), |key| Holder::Key(KeyId(key)))
}

from_columns! {
    Seat: holder_id: Uuid,
    key_id: Option<Uuid>,
    loan_id: Option<LoanId>,
    assigned_at: Option<Timestamp>,
    device: Option<String>,
    taken_at: Option<Timestamp>,
    last_seen_at: Option<Timestamp>;
    Self {
        holder: holder(holder_id, key_id),
        loan: loan_id,
        given_at: assigned_at,
        taken: device.zip(taken_at).zip(last_seen_at).map(|((device, since), seen)| SeatTaken { device, since, seen }),
}
}

/// What somebody has of a licence: the person or the key with this id.
pub async fn find(tx: &mut Tx, licence: LicenceId, holder_id: Uuid) -> Result<Option<Seat>> {
    tx.sql(
        "SELECT holder_id, key_id, loan_id, assigned_at, device, taken_at, last_seen_at FROM seat
         WHERE licence_id = $1 AND holder_id = $2",
    )
    .bind(licence)
    .bind(holder_id)
    .optional()
    .await
}

/// Deletes the stale rows of a licence.
pub async fn delete_gone(tx: &mut Tx, licence: LicenceId, loan: Option<LoanId>, now: Timestamp) -> Result<()> {
    tx.sql(
        "DELETE FROM seat WHERE licence_id = $1
            AND (loan_id IS DISTINCT FROM $2 OR (assigned_at IS NULL AND last_seen_at <= $3))",
    )
    .bind(licence)
    .bind(loan)
    .bind(heard_since(now))
    .execute()
    .await
    .map(|_| ())
}

/// How many seats of a licence others use. Call [`delete_gone`] first: stale rows are counted too.
pub async fn count_others(tx: &mut Tx, licence: LicenceId, holder: Holder) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM seat WHERE licence_id = $1 AND holder_id <> $2")
        .bind(licence)
        .bind(holder.id())
        .count()
        .await
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
pub async fn upsert_taken(tx: &mut Tx, place: &SeatScope, device: &str, at: Timestamp) -> Result<()> {
    // A row that is there already is of the same loan, because callers delete those of other loans first
    // ([`delete_gone`]).
    tx.sql(
        "INSERT INTO seat (licence_id, holder_id, person_id, key_id, organization_id, loan_id, assigned_at, assigned_by_name, device, taken_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, NULL, NULL, $7, $8, $8)
         ON CONFLICT (licence_id, holder_id) DO UPDATE SET device = $7, taken_at = $8, last_seen_at = $8",
    )
    .bind(place.licence)
    .bind(place.holder.id())
    .bind(place.holder.person())
    .bind(place.holder.key())
    .bind(place.organization)
    .bind(place.loan)
    .bind(device.to_owned())
    .bind(at)
    .execute()
    .await
    .map(|_| ())
}

/// Keeps a seat for somebody.
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
    .bind(licence)
    .bind(person)
    .bind(permit.organization())
    .bind(loan)
    .bind(at)
    .bind(by_name.to_owned())
    .execute()
    .await
    .map(|_| ())
}

/// Notes that the program on somebody's seat still runs; whether it has that seat.
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
    .bind(licence)
    .bind(holder.id())
    .bind(device.to_owned())
    .bind(loan)
    .bind(now)
    .bind(heard_since(now))
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Frees the seat that a program ran on; an assigned seat stays assigned.
pub async fn release(tx: &mut Tx, licence: LicenceId, holder: Holder) -> Result<()> {
    tx.sql(
        "UPDATE seat SET device = NULL, taken_at = NULL, last_seen_at = NULL
         WHERE licence_id = $1 AND holder_id = $2 AND assigned_at IS NOT NULL",
    )
    .bind(licence)
    .bind(holder.id())
    .execute()
    .await?;
    tx.sql("DELETE FROM seat WHERE licence_id = $1 AND holder_id = $2 AND assigned_at IS NULL")
        .bind(licence)
        .bind(holder.id())
        .execute()
        .await
        .map(|_| ())
}

/// Frees the seat that somebody, or a key, of the permit's organization has, given or taken; whether they had one.
pub async fn delete(tx: &mut Tx, permit: &RolePermit, licence: LicenceId, holder: Holder) -> Result<bool> {
    tx.sql("DELETE FROM seat WHERE licence_id = $1 AND holder_id = $2 AND organization_id = $3")
        .bind(licence)
        .bind(holder.id())
        .bind(permit.organization())
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Frees every seat of a key that was revoked.
pub async fn delete_of_key(tx: &mut Tx, permit: &RolePermit, key: KeyId) -> Result<u64> {
    tx.sql("DELETE FROM seat WHERE holder_id = $1 AND organization_id = $2")
        .bind(key)
        .bind(permit.organization())
        .execute()
        .await
}

/// Frees every seat of a licence: whoever uses it changes (ACCT-3).
pub async fn delete_of_licence(tx: &mut Tx, _: &RolePermit, licence: LicenceId) -> Result<u64> {
    tx.sql("DELETE FROM seat WHERE licence_id = $1").bind(licence).execute().await
}

/// Frees every seat that people of the permit's organization have.
pub async fn delete_of_people(tx: &mut Tx, permit: &RolePermit, people: &[PersonId]) -> Result<u64> {
    let mut freed = 0;
    for chunk in people.chunks(CHUNK) {
        freed += tx
            .sql_list("DELETE FROM seat WHERE organization_id = {1} AND holder_id IN ({ids})", chunk)
            .bind(permit.organization())
            .execute()
            .await?;
    }
    Ok(freed)
}

/// Unassigns the seats of somebody of the permit's organization; what runs on one goes on.
pub async fn unreserve(tx: &mut Tx, permit: &RolePermit, person: PersonId) -> Result<()> {
    tx.sql("DELETE FROM seat WHERE organization_id = $1 AND holder_id = $2 AND last_seen_at IS NULL")
        .bind(permit.organization())
        .bind(person)
        .execute()
        .await?;
    tx.sql("UPDATE seat SET assigned_at = NULL, assigned_by_name = NULL WHERE organization_id = $1 AND holder_id = $2")
        .bind(permit.organization())
        .bind(person)
        .execute()
        .await
        .map(|_| ())
}

/// How many seats of some licences are in use at a moment, by licence and loan.
pub async fn count(
    tx: &mut Tx,
    licences: &[LicenceId],
    now: Timestamp,
) -> Result<Vec<(LicenceId, Option<LoanId>, u64)>> {
    let mut counts = Vec::new();
    for chunk in licences.chunks(CHUNK) {
        let rows: Vec<(LicenceId, Option<LoanId>, i64)> = tx
            .sql_list(
                "SELECT licence_id, loan_id, CAST(COUNT(*) AS BIGINT) FROM seat
                 WHERE licence_id IN ({ids}) AND (assigned_at IS NOT NULL OR last_seen_at > {1}) GROUP BY licence_id, loan_id",
                chunk,
            )
            .bind(heard_since(now))
            .all()
            .await?;
        counts
            .extend(rows.into_iter().map(|(licence, loan, seats)| (licence, loan, u64::try_from(seats).unwrap_or(0))));
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
    licence_id: LicenceId,
    loan_id: Option<LoanId>,
    holder_id: Uuid,
    key_id: Option<Uuid>,
    name: String,
    email: Option<String>,
    role: Option<Role>,
    assigned_at: Option<Timestamp>,
    assigned_by_name: Option<String>,
    device: Option<String>,
    taken_at: Option<Timestamp>,
    last_seen_at: Option<Timestamp>,
}

impl ListedSeatRow {
    fn at(self, now: Timestamp) -> ListedSeat {
        let fresh = self.last_seen_at.is_some_and(|seen| seen > heard_since(now));
        ListedSeat {
            licence: self.licence_id,
            loan: self.loan_id,
            row: SeatRow {
                holder: holder(self.holder_id, self.key_id),
                name: self.name,
                email: self.email,
                role: self.role,
                given_at: self.assigned_at,
                given_by: self.assigned_by_name,
                device: self.device.filter(|_| fresh),
                since: self.taken_at.filter(|_| fresh),
                seen: self.last_seen_at.filter(|_| fresh),
            },
        }
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
pub async fn list(tx: &mut Tx, licences: &[LicenceId], now: Timestamp, limit: i64) -> Result<Vec<ListedSeat>> {
    let ids: Vec<_> = licences.iter().take(CHUNK).copied().collect();
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
    Ok(rows.into_iter().map(|row| row.at(now)).collect())
}

/// The seats that somebody has of licences that an organization uses, or used.
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
        .bind(organization)
        .bind(holder.id())
        .bind(heard_since(now))
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.at(now)).collect())
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
pub async fn list_own(tx: &mut Tx, person: PersonId, limit: i64) -> Result<Vec<OwnSeat>> {
    tx.sql(
        "SELECT licence_id, organization_id, assigned_at AS given_at, device, taken_at, last_seen_at AS seen_at FROM seat
         WHERE holder_id = $1 LIMIT CAST($2 AS BIGINT)",
    )
    .bind(person)
    .bind(limit)
    .all()
    .await
}

/// One page of the seats of a licence that are in use at a moment, holders by id.
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
        .bind(licence)
        .bind(after.unwrap_or(Uuid::nil()))
        .bind(loan)
        .bind(heard_since(now))
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.at(now).row).collect())
}
