//! Table `licence_loan`: which licence is lent to which account, and until when (ACCT-3).

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, read};
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
    /// The organization.
    pub organization: OrganizationId,
    /// Its account.
    pub account: AccountId,
    /// What the organization was called when it was lent.
    pub name: String,
    /// The account's Sharing ID then.
    pub sharing_id: String,
}

/// A loan as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loan {
    /// Id.
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
/// `Taken` if it is lent and that was not marked as ended.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, person_name: &str, loan: &Loan) -> Result<()> {
    tx.sql(
        "INSERT INTO licence_loan (id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
            lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, person_id, person_name, started_at, ends_at, ended_at, end_reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL, NULL)",
    )
    .bind(loan.id.0)
    .bind(loan.licence.0)
    .bind(permit.organization().0)
    .bind(loan.lender.account.0)
    .bind(loan.borrower.organization.0)
    .bind(loan.borrower.account.0)
    .bind(loan.lender.name.clone())
    .bind(loan.lender.sharing_id.clone())
    .bind(loan.borrower.name.clone())
    .bind(loan.borrower.sharing_id.clone())
    .bind(permit.person().0)
    .bind(person_name.to_owned())
    .bind(loan.term.lent_at.0)
    .bind(loan.term.ends_at.0)
    .execute()
    .await
    .map(|_| ())
}

#[derive(FromRow)]
struct LoanRow {
    id: Uuid,
    licence_id: Uuid,
    lender_organization_id: Uuid,
    lender_account_id: Uuid,
    borrower_organization_id: Uuid,
    borrower_account_id: Uuid,
    lender_name: String,
    lender_sharing_id: String,
    borrower_name: String,
    borrower_sharing_id: String,
    started_at: i64,
    ends_at: i64,
    ended_at: Option<i64>,
    end_reason: Option<String>,
}

fn term(started_at: i64, ends_at: i64, ended_at: Option<i64>, end_reason: Option<&str>) -> Result<LoanPeriod> {
    let how = end_reason.map(|word| read("licence_loan", "end_reason", word, LoanEnd::parse)).transpose()?;
    Ok(LoanPeriod {
        lent_at: Timestamp(started_at),
        ends_at: Timestamp(ends_at),
        ended: ended_at.zip(how).map(|(at, how)| (Timestamp(at), how)),
    })
}

impl TryFrom<LoanRow> for Loan {
    type Error = super::DbError;

    fn try_from(row: LoanRow) -> Result<Self> {
        Ok(Self {
            id: LoanId(row.id),
            licence: LicenceId(row.licence_id),
            lender: Side {
                organization: OrganizationId(row.lender_organization_id),
                account: AccountId(row.lender_account_id),
                name: row.lender_name,
                sharing_id: row.lender_sharing_id,
            },
            borrower: Side {
                organization: OrganizationId(row.borrower_organization_id),
                account: AccountId(row.borrower_account_id),
                name: row.borrower_name,
                sharing_id: row.borrower_sharing_id,
            },
            term: term(row.started_at, row.ends_at, row.ended_at, row.end_reason.as_deref())?,
        })
    }
}

/// A loan by id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: LoanId) -> Result<Option<Loan>> {
    let row: Option<LoanRow> = tx
        .sql(
            "SELECT id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
                lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, started_at, ends_at, ended_at, end_reason
             FROM licence_loan WHERE id = $1",
        )
        .bind(id.0)
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// The loan of a licence that runs at a moment.
///
/// # Errors
/// The database.
pub async fn find_running(tx: &mut Tx, licence: LicenceId, now: Timestamp) -> Result<Option<Loan>> {
    let row: Option<LoanRow> = tx
        .sql(
            "SELECT id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
                lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, started_at, ends_at, ended_at, end_reason
             FROM licence_loan WHERE licence_id = $1 AND ended_at IS NULL AND ends_at > $2",
        )
        .bind(licence.0)
        .bind(now.0)
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// The loans that run at a moment and that an organization is a side of.
///
/// # Errors
/// The database.
pub async fn list_running(tx: &mut Tx, organization: OrganizationId, now: Timestamp) -> Result<Vec<Loan>> {
    let rows: Vec<LoanRow> = tx
        .sql(
            "SELECT id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
                lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, started_at, ends_at, ended_at, end_reason
             FROM licence_loan WHERE lender_organization_id = $1 AND ended_at IS NULL AND ends_at > $2
             UNION ALL
             SELECT id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
                lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, started_at, ends_at, ended_at, end_reason
             FROM licence_loan WHERE borrower_organization_id = $1 AND ended_at IS NULL AND ends_at > $2 AND lender_organization_id <> $1
             LIMIT 2000",
        )
        .bind(organization.0)
        .bind(now.0)
        .all()
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Marks a loan that ran out as ended, so that its licence can be lent again.
///
/// # Errors
/// The database.
pub async fn close_run_out(tx: &mut Tx, permit: &RolePermit, licence: LicenceId, now: Timestamp) -> Result<()> {
    tx.sql(
        "UPDATE licence_loan SET ended_at = ends_at, end_reason = 'ran_out'
         WHERE licence_id = $1 AND ended_at IS NULL AND ends_at <= $2 AND lender_organization_id = $3",
    )
    .bind(licence.0)
    .bind(now.0)
    .bind(permit.organization().0)
    .execute()
    .await
    .map(|_| ())
}

/// Ends a loan that the permit's organization is a side of; whether it ran.
///
/// # Errors
/// The database.
pub async fn end(tx: &mut Tx, permit: &RolePermit, id: LoanId, at: Timestamp, how: LoanEnd) -> Result<bool> {
    tx.sql(
        "UPDATE licence_loan SET ended_at = $2, end_reason = $3
         WHERE id = $1 AND ended_at IS NULL AND ends_at > $2 AND (lender_organization_id = $4 OR borrower_organization_id = $4)",
    )
    .bind(id.0)
    .bind(at.0)
    .bind(how.as_str())
    .bind(permit.organization().0)
    .execute()
    .await
    .map(|rows| rows > 0)
}

#[derive(FromRow)]
struct ListedLoanRow {
    id: Uuid,
    licence_id: Uuid,
    product: String,
    model: Option<String>,
    seats: Option<i64>,
    other_name: String,
    other_sharing_id: String,
    own_sharing_id: String,
    person_name: String,
    started_at: i64,
    ends_at: i64,
    ended_at: Option<i64>,
    end_reason: Option<String>,
    images: i64,
    projects: i64,
    credits: i64,
}

/// One page of the loans of an organization from one side, newest first, with what was used of the licence meanwhile. Among
/// accounts of one organization they are lent.
///
/// # Errors
/// The database.
pub async fn list(
    tx: &mut Tx,
    organization: OrganizationId,
    direction: LoanDirection,
    before: Option<LoanId>,
    limit: i64,
) -> Result<Vec<LoanView>> {
    // What was used is what left the books and did not come back.
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
        tx.sql(sql).bind(organization.0).bind(before.map_or(Uuid::max(), |loan| loan.0)).bind(limit).all().await?;
    rows.into_iter()
        .map(|row| {
            Ok(LoanView {
                id: LoanId(row.id),
                direction,
                licence: LicenceId(row.licence_id),
                product: read("licence", "product", &row.product, Product::parse)?,
                model: row.model.map(|model| read("licence", "model", &model, Model::parse)).transpose()?,
                seats: row.seats,
                other: row.other_name,
                other_sharing_id: row.other_sharing_id,
                own_sharing_id: row.own_sharing_id,
                lent_by: row.person_name,
                term: term(row.started_at, row.ends_at, row.ended_at, row.end_reason.as_deref())?,
                // What the lender got back meanwhile for work of before is nothing that the borrower used.
                used: Amount { images: row.images.max(0), projects: row.projects.max(0), credits: row.credits.max(0) },
            })
        })
        .collect()
}
