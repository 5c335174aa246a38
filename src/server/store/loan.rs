//! Table `licence_loan`: which licence is lent to which account, and until when (ACCT-3).

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, values::from_columns};
use crate::{
    domain::{
        id::{AccountId, LicenceId, LoanId, OrganizationId},
        licence::{Amount, Model, Product},
        loan::{LoanDirection, LoanEnd, LoanPeriod},
        permit::RolePermit,
        time::Timestamp,
    },
    view::loan::LoanView,
};

/// One side of a loan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    pub organization: OrganizationId,
    pub account: AccountId,
    /// What the organization was called when it was lent.
    pub name: String,
    /// The account's Sharing ID then.
    pub sharing_id: String,
}

/// A loan as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loan {
    pub id: LoanId,
    /// What is lent.
    pub licence: LicenceId,
    /// Whose it is.
    pub lender: Side,
    /// Who uses it.
    pub borrower: Side,
    /// From when to when.
    pub term: LoanPeriod,
}

/// Lends a licence of the permit's organization.
///
/// # Errors
/// `Taken` if the licence is on a loan that is not marked as ended.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, person_name: &str, loan: &Loan) -> Result<()> {
    tx.sql(
        "INSERT INTO licence_loan (id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
            lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, person_id, person_name, started_at, ends_at, ended_at, end_reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL, NULL)",
    )
    .bind(loan.id)
    .bind(loan.licence)
    .bind(permit.organization())
    .bind(loan.lender.account)
    .bind(loan.borrower.organization)
    .bind(loan.borrower.account)
    .bind(loan.lender.name.clone())
    .bind(loan.lender.sharing_id.clone())
    .bind(loan.borrower.name.clone())
    .bind(loan.borrower.sharing_id.clone())
    .bind(permit.person())
    .bind(person_name.to_owned())
    .bind(loan.term.lent_at)
    .bind(loan.term.ends_at)
    .execute()
    .await
    .map(|_| ())
}

from_columns! {
    LoanPeriod: started_at: Timestamp, ends_at: Timestamp, ended_at: Option<Timestamp>, end_reason: Option<LoanEnd>;
    Self { lent_at: started_at, ends_at, ended: ended_at.zip(end_reason) }
}

from_columns! {
    Loan: id: LoanId, licence_id: LicenceId, lender_organization_id: OrganizationId, lender_account_id: AccountId,
        borrower_organization_id: OrganizationId, borrower_account_id: AccountId, lender_name: String,
        lender_sharing_id: String, borrower_name: String, borrower_sharing_id: String, started_at: Timestamp,
        ends_at: Timestamp, ended_at: Option<Timestamp>, end_reason: Option<LoanEnd>;
    Self {
        id,
        licence: licence_id,
        lender: Side {
            organization: lender_organization_id,
            account: lender_account_id,
            name: lender_name,
            sharing_id: lender_sharing_id,
        },
        borrower: Side {
            organization: borrower_organization_id,
            account: borrower_account_id,
            name: borrower_name,
            sharing_id: borrower_sharing_id,
        },
        term: LoanPeriod { lent_at: started_at, ends_at, ended: ended_at.zip(end_reason) },
    }
}

/// A loan by id.
pub async fn find(tx: &mut Tx, id: LoanId) -> Result<Option<Loan>> {
    tx.sql(
        "SELECT id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
            lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, started_at, ends_at, ended_at, end_reason
         FROM licence_loan WHERE id = $1",
    )
    .bind(id)
    .optional()
    .await
}

/// The loan of a licence that runs at a moment.
pub async fn find_running(tx: &mut Tx, licence: LicenceId, now: Timestamp) -> Result<Option<Loan>> {
    tx.sql(
        "SELECT id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
            lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, started_at, ends_at, ended_at, end_reason
         FROM licence_loan WHERE licence_id = $1 AND ended_at IS NULL AND ends_at > $2",
    )
    .bind(licence)
    .bind(now)
    .optional()
    .await
}

/// The loans that run at a moment and that an organization is a side of.
pub async fn list_running(tx: &mut Tx, organization: OrganizationId, now: Timestamp) -> Result<Vec<Loan>> {
    tx.sql(
        "SELECT id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
            lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, started_at, ends_at, ended_at, end_reason
         FROM licence_loan WHERE lender_organization_id = $1 AND ended_at IS NULL AND ends_at > $2
         UNION ALL
         SELECT id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
            lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, started_at, ends_at, ended_at, end_reason
         FROM licence_loan WHERE borrower_organization_id = $1 AND ended_at IS NULL AND ends_at > $2 AND lender_organization_id <> $1
         LIMIT 2000",
    )
    .bind(organization)
    .bind(now)
    .all()
    .await
}

/// Marks a loan that ran out as ended, so that its licence can be lent again.
pub async fn close_run_out(tx: &mut Tx, permit: &RolePermit, licence: LicenceId, now: Timestamp) -> Result<()> {
    tx.sql(
        "UPDATE licence_loan SET ended_at = ends_at, end_reason = 'ran_out'
         WHERE licence_id = $1 AND ended_at IS NULL AND ends_at <= $2 AND lender_organization_id = $3",
    )
    .bind(licence)
    .bind(now)
    .bind(permit.organization())
    .execute()
    .await
    .map(|_| ())
}

/// Ends a loan that the permit's organization is a side of; whether it ran.
pub async fn end(tx: &mut Tx, permit: &RolePermit, id: LoanId, at: Timestamp, how: LoanEnd) -> Result<bool> {
    tx.sql(
        "UPDATE licence_loan SET ended_at = $2, end_reason = $3
         WHERE id = $1 AND ended_at IS NULL AND ends_at > $2 AND (lender_organization_id = $4 OR borrower_organization_id = $4)",
    )
    .bind(id)
    .bind(at)
    .bind(how)
    .bind(permit.organization())
    .execute()
    .await
    .map(|rows| rows > 0)
}

#[derive(FromRow)]
struct ListedLoanRow {
    id: LoanId,
    licence_id: LicenceId,
    product: Product,
    model: Option<Model>,
    seats: Option<i64>,
    other_name: String,
    other_sharing_id: String,
    own_sharing_id: String,
    person_name: String,
    #[sqlx(flatten)]
    term: LoanPeriod,
    images: i64,
    projects: i64,
    credits: i64,
}

/// One page of the loans of an organization from one side, newest first, with what was used of the licence meanwhile. Among
/// accounts of one organization they are lent.
pub async fn list(
    tx: &mut Tx,
    organization: OrganizationId,
    direction: LoanDirection,
    before: Option<LoanId>,
    limit: i64,
) -> Result<Vec<LoanView>> {
    // Used is what was spent and not refunded.
    let sql = match direction {
        LoanDirection::Lent => {
            "SELECT o.id, o.licence_id, l.product, l.model, l.seats, o.borrower_name AS other_name,
                o.borrower_sharing_id AS other_sharing_id, o.lender_sharing_id AS own_sharing_id,
                o.person_name, o.started_at, o.ends_at, o.ended_at, o.end_reason,
                (SELECT CAST(COALESCE(-SUM(e.images), 0) AS BIGINT) FROM ledger_entry e WHERE e.licence_id = o.licence_id
                    AND e.created_at >= o.started_at AND e.created_at < COALESCE(o.ended_at, o.ends_at) AND e.kind <> 'grant') AS images,
                (SELECT CAST(COALESCE(-SUM(e.projects), 0) AS BIGINT) FROM ledger_entry e WHERE e.licence_id = o.licence_id
                    AND e.created_at >= o.started_at AND e.created_at < COALESCE(o.ended_at, o.ends_at) AND e.kind <> 'grant') AS projects,
                (SELECT CAST(COALESCE(-SUM(e.credits), 0) AS BIGINT) FROM ledger_entry e WHERE e.licence_id = o.licence_id
                    AND e.created_at >= o.started_at AND e.created_at < COALESCE(o.ended_at, o.ends_at) AND e.kind <> 'grant') AS credits
             FROM licence_loan o JOIN licence l ON l.id = o.licence_id
             WHERE o.lender_organization_id = $1 AND o.id < $2 ORDER BY o.id DESC LIMIT CAST($3 AS BIGINT)"
        }
        LoanDirection::Borrowed => {
            "SELECT o.id, o.licence_id, l.product, l.model, l.seats, o.lender_name AS other_name,
                o.lender_sharing_id AS other_sharing_id, o.borrower_sharing_id AS own_sharing_id,
                o.person_name, o.started_at, o.ends_at, o.ended_at, o.end_reason,
                (SELECT CAST(COALESCE(-SUM(e.images), 0) AS BIGINT) FROM ledger_entry e WHERE e.licence_id = o.licence_id
                    AND e.created_at >= o.started_at AND e.created_at < COALESCE(o.ended_at, o.ends_at) AND e.kind <> 'grant') AS images,
                (SELECT CAST(COALESCE(-SUM(e.projects), 0) AS BIGINT) FROM ledger_entry e WHERE e.licence_id = o.licence_id
                    AND e.created_at >= o.started_at AND e.created_at < COALESCE(o.ended_at, o.ends_at) AND e.kind <> 'grant') AS projects,
                (SELECT CAST(COALESCE(-SUM(e.credits), 0) AS BIGINT) FROM ledger_entry e WHERE e.licence_id = o.licence_id
                    AND e.created_at >= o.started_at AND e.created_at < COALESCE(o.ended_at, o.ends_at) AND e.kind <> 'grant') AS credits
             FROM licence_loan o JOIN licence l ON l.id = o.licence_id
             WHERE o.borrower_organization_id = $1 AND o.lender_organization_id <> $1 AND o.id < $2
             ORDER BY o.id DESC LIMIT CAST($3 AS BIGINT)"
        }
    };
    let rows: Vec<ListedLoanRow> =
        tx.sql(sql).bind(organization).bind(before.map_or(Uuid::max(), |loan| loan.0)).bind(limit).all().await?;
    Ok(rows
        .into_iter()
        .map(|row| LoanView {
            id: row.id,
            direction,
            licence: row.licence_id,
            product: row.product,
            model: row.model,
            seats: row.seats,
            other: row.other_name,
            other_sharing_id: row.other_sharing_id,
            own_sharing_id: row.own_sharing_id,
            lent_by: row.person_name,
            term: row.term,
            // A refund for work from before the loan must not count as negative use.
            used: Amount { images: row.images.max(0), projects: row.projects.max(0), credits: row.credits.max(0) },
        })
        .collect())
}
