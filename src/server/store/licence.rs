//! Tables `licence` and `ledger_entry`: what an account may use, and the append-only books of it (LIC-3).

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, values::from_columns};
use crate::{
    domain::{
        id::{AccountId, EntryId, JobId, LicenceId, OrganizationId, ResourceId, TransferId},
        licence::{Amount, EntryKind, Licence, Model, Product},
        time::Timestamp,
    },
    view::EntryView,
};

/// A licence to be added; its allowance comes with its first ledger entry.
#[derive(Debug, Clone)]
pub struct NewLicence {
    pub id: LicenceId,
    pub organization: OrganizationId,
    pub account: AccountId,
    pub product: Product,
    /// Billing model; cloud only.
    pub model: Option<Model>,
    /// Seats; desktop only.
    pub seats: Option<i64>,
    /// Whether it is given to try it out (LIC-7).
    pub trial: bool,
    /// First active moment.
    pub active_from: Timestamp,
    /// First moment not active any more.
    pub active_until: Option<Timestamp>,
    pub at: Timestamp,
}

/// Adds a licence with nothing in it.
pub async fn insert(tx: &mut Tx, new: &NewLicence) -> Result<()> {
    tx.sql(
        "INSERT INTO licence (id, organization_id, account_id, product, model, seats, trial, active_from, active_until,
            images_granted, projects_granted, credits_granted, images_left, projects_left, credits_left, entry_count, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, 0, 0, 0, 0, 0, $10)",
    )
    .bind(new.id)
    .bind(new.organization)
    .bind(new.account)
    .bind(new.product)
    .bind(new.model)
    .bind(new.seats)
    .bind(new.trial)
    .bind(new.active_from)
    .bind(new.active_until)
    .bind(new.at)
    .execute()
    .await
    .map(|_| ())
}

/// A licence with where it belongs.
#[derive(Debug, Clone, FromRow)]
pub struct StoredLicence {
    #[sqlx(rename = "organization_id")]
    pub organization: OrganizationId,
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    /// Seats; desktop only.
    pub seats: Option<i64>,
    /// The licence as the rules see it.
    #[sqlx(flatten)]
    pub licence: Licence,
}

from_columns! {
    Licence: id: LicenceId, product: Product, model: Option<Model>, trial: bool, active_from: Timestamp,
        active_until: Option<Timestamp>, images_granted: i64, projects_granted: i64, credits_granted: i64,
        images_left: i64, projects_left: i64, credits_left: i64;
    Self {
        id,
        product,
        model,
        trial,
        active_from,
        active_until,
        granted: Amount { images: images_granted, projects: projects_granted, credits: credits_granted },
        left: Amount { images: images_left, projects: projects_left, credits: credits_left },
    }
}

/// The licences that an account can use at a moment (ACCT-3), in no order: its own that are not lent, and those it borrows.
/// Nothing else decides that: every question about an account's licences comes here.
pub async fn list_of_account(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<Vec<Licence>> {
    // The licences of a deleted organization are gone, also for those who borrow them.
    tx.sql(
        "SELECT l.id, l.organization_id, l.account_id, l.product, l.model, l.seats, l.trial, l.active_from, l.active_until,
            l.images_granted, l.projects_granted, l.credits_granted, l.images_left, l.projects_left, l.credits_left
         FROM licence l WHERE l.account_id = $1 AND NOT EXISTS (
            SELECT 1 FROM licence_loan o WHERE o.licence_id = l.id AND o.ended_at IS NULL AND o.ends_at > $2)
         UNION ALL
         SELECT l.id, l.organization_id, l.account_id, l.product, l.model, l.seats, l.trial, l.active_from, l.active_until,
            l.images_granted, l.projects_granted, l.credits_granted, l.images_left, l.projects_left, l.credits_left
         FROM licence_loan o JOIN licence l ON l.id = o.licence_id JOIN active_organization v ON v.id = l.organization_id
         WHERE o.borrower_account_id = $1 AND o.ended_at IS NULL AND o.ends_at > $2
         LIMIT 1000",
    )
    .bind(account)
    .bind(now)
    .all()
    .await
}

/// The licences that the accounts of an organization can use at a moment (ACCT-3), each in the account that can: see
/// [`list_of_account`].
pub async fn list_usable(tx: &mut Tx, organization: OrganizationId, now: Timestamp) -> Result<Vec<StoredLicence>> {
    tx.sql(
        "SELECT l.id, l.organization_id, l.account_id, l.product, l.model, l.seats, l.trial, l.active_from, l.active_until,
            l.images_granted, l.projects_granted, l.credits_granted, l.images_left, l.projects_left, l.credits_left
         FROM licence l WHERE l.organization_id = $1 AND NOT EXISTS (
            SELECT 1 FROM licence_loan o WHERE o.licence_id = l.id AND o.ended_at IS NULL AND o.ends_at > $2)
         UNION ALL
         SELECT l.id, l.organization_id, o.borrower_account_id AS account_id, l.product, l.model, l.seats, l.trial, l.active_from, l.active_until,
            l.images_granted, l.projects_granted, l.credits_granted, l.images_left, l.projects_left, l.credits_left
         FROM licence_loan o JOIN licence l ON l.id = o.licence_id JOIN active_organization v ON v.id = l.organization_id
         WHERE o.borrower_organization_id = $1 AND o.ended_at IS NULL AND o.ends_at > $2
         LIMIT 1000",
    )
    .bind(organization)
    .bind(now)
    .all()
    .await
}

/// The licences that an organization borrows from others at a moment, each with the account that borrows it.
pub async fn list_borrowed(tx: &mut Tx, organization: OrganizationId, now: Timestamp) -> Result<Vec<StoredLicence>> {
    tx.sql(
        "SELECT l.id, l.organization_id, o.borrower_account_id AS account_id, l.product, l.model, l.seats, l.trial, l.active_from, l.active_until,
            l.images_granted, l.projects_granted, l.credits_granted, l.images_left, l.projects_left, l.credits_left
         FROM licence_loan o JOIN licence l ON l.id = o.licence_id JOIN active_organization v ON v.id = l.organization_id
         WHERE o.borrower_organization_id = $1 AND o.ended_at IS NULL AND o.ends_at > $2
            AND o.lender_organization_id <> $1 LIMIT 1000",
    )
    .bind(organization)
    .bind(now)
    .all()
    .await
}

/// The licences of an organization, oldest first.
pub async fn list(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<StoredLicence>> {
    tx.sql(
        "SELECT id, organization_id, account_id, product, model, seats, trial, active_from, active_until,
            images_granted, projects_granted, credits_granted, images_left, projects_left, credits_left
         FROM licence WHERE organization_id = $1 ORDER BY id LIMIT 1000",
    )
    .bind(organization)
    .all()
    .await
}

#[derive(FromRow)]
struct OwnedRow {
    org_id: String,
    #[sqlx(flatten)]
    licence: StoredLicence,
}

/// A page of all licences there are, or of an organization's, oldest first, after a given one, each with the Org ID of its organization:
/// what the operator lists.
pub async fn list_all(
    tx: &mut Tx,
    organization: Option<OrganizationId>,
    behind: Option<LicenceId>,
    limit: i64,
) -> Result<Vec<(StoredLicence, String)>> {
    let behind = behind.map_or(Uuid::nil(), |id| id.0);
    let rows: Vec<OwnedRow> = match organization {
        Some(organization) => {
            tx.sql(
                "SELECT o.org_id, l.id, l.organization_id, l.account_id, l.product, l.model, l.seats, l.trial, l.active_from, l.active_until,
                    l.images_granted, l.projects_granted, l.credits_granted, l.images_left, l.projects_left, l.credits_left
                 FROM licence l JOIN organization o ON o.id = l.organization_id
                 WHERE l.organization_id = $2 AND l.id > $1 ORDER BY l.id LIMIT CAST($3 AS BIGINT)",
            )
            .bind(behind)
            .bind(organization)
            .bind(limit)
            .all()
            .await?
        }
        None => {
            tx.sql(
                "SELECT o.org_id, l.id, l.organization_id, l.account_id, l.product, l.model, l.seats, l.trial, l.active_from, l.active_until,
                    l.images_granted, l.projects_granted, l.credits_granted, l.images_left, l.projects_left, l.credits_left
                 FROM licence l JOIN organization o ON o.id = l.organization_id
                 WHERE l.id > $1 ORDER BY l.id LIMIT CAST($2 AS BIGINT)",
            )
            .bind(behind)
            .bind(limit)
            .all()
            .await?
        }
    };
    Ok(rows.into_iter().map(|row| (row.licence, row.org_id)).collect())
}

/// A licence by id.
pub async fn find(tx: &mut Tx, id: LicenceId) -> Result<Option<StoredLicence>> {
    tx.sql(
        "SELECT id, organization_id, account_id, product, model, seats, trial, active_from, active_until,
            images_granted, projects_granted, credits_granted, images_left, projects_left, credits_left
         FROM licence WHERE id = $1",
    )
    .bind(id)
    .optional()
    .await
}

/// Sets the first moment at which a licence is not active any more. Nobody has been told of that end yet (LIC-8).
pub async fn update_active_until(tx: &mut Tx, id: LicenceId, until: Timestamp) -> Result<bool> {
    tx.sql("UPDATE licence SET active_until = $2, end_told = FALSE WHERE id = $1")
        .bind(id)
        .bind(until)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// A licence whose Owners are to be told that it ends (LIC-8).
#[derive(Debug, Clone, FromRow)]
pub struct EndingLicence {
    pub id: LicenceId,
    #[sqlx(rename = "organization_id")]
    pub organization: OrganizationId,
    pub organization_name: String,
    pub org_id: String,
    pub product: Product,
    pub trial: bool,
    pub active_until: Timestamp,
    /// The organization that it is lent to now.
    pub borrower_name: Option<String>,
}

/// The first licence that ends after `now` and not after `latest`, and whose end was not told yet. Nobody is told about those of
/// a deleted organization.
pub async fn find_ending(tx: &mut Tx, now: Timestamp, latest: Timestamp) -> Result<Option<EndingLicence>> {
    tx.sql(
        "SELECT l.id, l.organization_id, o.name AS organization_name, o.org_id, l.product, l.trial, l.active_until,
            (SELECT b.borrower_name FROM licence_loan b WHERE b.licence_id = l.id AND b.ended_at IS NULL AND b.ends_at > $1
                AND b.borrower_organization_id <> l.organization_id) AS borrower_name
         FROM licence l JOIN organization o ON o.id = l.organization_id JOIN active_organization a ON a.id = o.id
         WHERE NOT l.end_told AND l.active_until > $1 AND l.active_until <= $2
         ORDER BY l.active_until, l.id LIMIT 1",
    )
    .bind(now)
    .bind(latest)
    .optional()
    .await
}

/// Notes that the end of a licence was told; whether it was not noted before.
pub async fn update_end_told(tx: &mut Tx, id: LicenceId) -> Result<bool> {
    tx.sql("UPDATE licence SET end_told = TRUE WHERE id = $1 AND NOT end_told")
        .bind(id)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Ends the licences of an account that is being deleted, as far as they have not ended.
pub async fn end_of_account(tx: &mut Tx, account: AccountId, at: Timestamp) -> Result<u64> {
    tx.sql("UPDATE licence SET active_until = $2 WHERE account_id = $1 AND (active_until IS NULL OR active_until > $2)")
        .bind(account)
        .bind(at)
        .execute()
        .await
}

/// One change of what is left.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry {
    pub id: EntryId,
    pub licence: LicenceId,
    /// Why.
    pub kind: EntryKind,
    pub change: Amount,
    /// The transfer it belongs to.
    pub transfer: Option<TransferId>,
    /// The dataset it is about.
    pub resource: Option<ResourceId>,
    /// The job it is about.
    pub job: Option<JobId>,
    pub at: Timestamp,
}

/// The licence's totals after an entry.
#[derive(FromRow)]
struct BooksRow {
    entry_count: i64,
    last_entry_at: i64,
    images_left: i64,
    projects_left: i64,
    credits_left: i64,
}

/// Writes an entry and applies it to the balance; `false`, with nothing written, if the balance would fall below zero (LIC-2).
/// The check is part of the UPDATE, so that it also holds when many spend at once. The entry gets the licence's next number and
/// the balance after it, and is never dated before the previous entry.
pub async fn append(tx: &mut Tx, entry: &NewEntry) -> Result<bool> {
    let granted = if entry.kind == EntryKind::Grant { entry.change } else { Amount::default() };
    // The time is chosen by CASE because the two databases have no function in common for the greater of two values.
    let books: Option<BooksRow> = tx
        .sql(
            "UPDATE licence SET images_left = images_left + $2, projects_left = projects_left + $3, credits_left = credits_left + $4,
                images_granted = images_granted + $5, projects_granted = projects_granted + $6, credits_granted = credits_granted + $7,
                entry_count = entry_count + 1, last_entry_at = CASE WHEN last_entry_at > $8 THEN last_entry_at ELSE $8 END
             WHERE id = $1 AND images_left + $2 >= 0 AND projects_left + $3 >= 0 AND credits_left + $4 >= 0
             RETURNING entry_count, last_entry_at, images_left, projects_left, credits_left",
        )
        .bind(entry.licence)
        .bind(entry.change.images)
        .bind(entry.change.projects)
        .bind(entry.change.credits)
        .bind(granted.images)
        .bind(granted.projects)
        .bind(granted.credits)
        .bind(entry.at)
        .optional()
        .await?;
    let Some(books) = books else { return Ok(false) };
    tx.sql(
        "INSERT INTO ledger_entry (id, licence_id, kind, images, projects, credits, transfer_id, resource_id, created_at,
            number, images_after, projects_after, credits_after, job_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(entry.id)
    .bind(entry.licence)
    .bind(entry.kind)
    .bind(entry.change.images)
    .bind(entry.change.projects)
    .bind(entry.change.credits)
    .bind(entry.transfer)
    .bind(entry.resource)
    .bind(books.last_entry_at)
    .bind(books.entry_count)
    .bind(books.images_left)
    .bind(books.projects_left)
    .bind(books.credits_left)
    .bind(entry.job)
    .execute()
    .await?;
    Ok(true)
}

/// Which entries of a ledger are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct EntryFilter {
    /// Only of this kind.
    pub kind: Option<EntryKind>,
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

/// Where a page of a ledger begins or ends. Times and numbers grow together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cursor {
    /// When the entry was written.
    pub at: Timestamp,
    /// Its number in the licence's books.
    pub number: i64,
}

from_columns! {
    EntryView: number: i64, kind: EntryKind, images: i64, projects: i64, credits: i64, images_after: i64,
        projects_after: i64, credits_after: i64, transfer_id: Option<TransferId>, resource_id: Option<ResourceId>,
        resource_name: Option<String>, created_at: Timestamp, job_id: Option<JobId>, app_title: Option<String>;
    Self {
        number,
        at: created_at,
        kind,
        change: Amount { images, projects, credits },
        left: Amount { images: images_after, projects: projects_after, credits: credits_after },
        transfer: transfer_id,
        resource: resource_id,
        resource_name,
        job: job_id,
        app_title,
    }
}

/// The columns of an entry, once for all filters. A resource that has left the organization is shown without its name (ACCESS-3), and
/// a job only where who sees the ledger sees the job: it is of the account that the licence is of (JOB-3).
macro_rules! entries {
    ($where_and_order:literal) => {
        concat!(
            "SELECT e.number, e.kind, e.images, e.projects, e.credits, e.images_after, e.projects_after, e.credits_after,
                e.transfer_id, e.resource_id, r.name AS resource_name, e.created_at, j.id AS job_id, a.title AS app_title
             FROM ledger_entry e LEFT JOIN resource r ON r.id = e.resource_id AND r.organization_id = $2 AND r.trashed_with IS NULL
             LEFT JOIN job j ON j.id = e.job_id AND j.account_id = (SELECT l.account_id FROM licence l WHERE l.id = e.licence_id)
             LEFT JOIN app a ON a.id = j.app_id
             WHERE e.licence_id = $1 AND ",
            $where_and_order
        )
    };
}

/// One page of a licence's ledger, newest first, after a given entry.
pub async fn list_entries(
    tx: &mut Tx,
    licence: &StoredLicence,
    filter: &EntryFilter,
    before: Option<Cursor>,
    limit: i64,
) -> Result<Vec<EntryView>> {
    // The end of the period and the cursor become one upper bound, so that a single range of the index answers the query.
    let end = Cursor { at: filter.to.unwrap_or(Timestamp(i64::MAX)), number: 0 };
    let start = before.map_or(end, |before| before.min(end));
    let sql = if filter.kind.is_some() {
        entries!(
            "(e.kind, e.created_at) >= ($7, $3) AND (e.kind, e.created_at, e.number) < ($7, $4, $5)
             ORDER BY e.kind DESC, e.created_at DESC, e.number DESC LIMIT CAST($6 AS BIGINT)"
        )
    } else {
        entries!(
            "e.created_at >= $3 AND (e.created_at, e.number) < ($4, $5) ORDER BY e.created_at DESC, e.number DESC LIMIT CAST($6 AS BIGINT)"
        )
    };
    page(tx, sql, licence, filter, filter.from.unwrap_or(Timestamp(i64::MIN)), start, limit).await
}

/// The page before an entry: the `limit` entries that follow it in time, oldest first.
pub async fn list_newer_entries(
    tx: &mut Tx,
    licence: &StoredLicence,
    filter: &EntryFilter,
    after: Cursor,
    limit: i64,
) -> Result<Vec<EntryView>> {
    let begin = Cursor { at: filter.from.unwrap_or(Timestamp(i64::MIN)), number: 0 };
    let sql = if filter.kind.is_some() {
        entries!(
            "(e.kind, e.created_at) < ($7, $3) AND (e.kind, e.created_at, e.number) > ($7, $4, $5)
             ORDER BY e.kind, e.created_at, e.number LIMIT CAST($6 AS BIGINT)"
        )
    } else {
        entries!(
            "e.created_at < $3 AND (e.created_at, e.number) > ($4, $5) ORDER BY e.created_at, e.number LIMIT CAST($6 AS BIGINT)"
        )
    };
    page(tx, sql, licence, filter, filter.to.unwrap_or(Timestamp(i64::MAX)), after.max(begin), limit).await
}

/// Whether more than `entries` entries pass a filter.
pub async fn has_more_entries_than(
    tx: &mut Tx,
    licence: LicenceId,
    filter: &EntryFilter,
    entries: i64,
) -> Result<bool> {
    let sql = if filter.kind.is_some() {
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS line FROM ledger_entry
         WHERE licence_id = $1 AND kind = $5 AND created_at >= $2 AND created_at < $3 LIMIT CAST($4 AS BIGINT)) AS first"
    } else {
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS line FROM ledger_entry
         WHERE licence_id = $1 AND created_at >= $2 AND created_at < $3 LIMIT CAST($4 AS BIGINT)) AS first"
    };
    let mut statement = tx
        .sql(sql)
        .bind(licence)
        .bind(filter.from.map_or(i64::MIN, |at| at.0))
        .bind(filter.to.map_or(i64::MAX, |at| at.0))
        .bind(entries + 1);
    if let Some(kind) = filter.kind {
        statement = statement.bind(kind);
    }
    statement.number().await.map(|count| count > entries)
}

async fn page(
    tx: &mut Tx,
    sql: &'static str,
    licence: &StoredLicence,
    filter: &EntryFilter,
    far: Timestamp,
    near: Cursor,
    limit: i64,
) -> Result<Vec<EntryView>> {
    let mut statement = tx
        .sql(sql)
        .bind(licence.licence.id)
        .bind(licence.organization)
        .bind(far)
        .bind(near.at)
        .bind(near.number)
        .bind(limit);
    if let Some(kind) = filter.kind {
        statement = statement.bind(kind);
    }
    statement.all().await
}
