//! Loans of licences (ACCT-3): lending, calling back, returning, and what both sides see.
//!
//! # Invariants
//! - Nothing is lent twice: a licence has one loan that runs at most, whatever happens at the same moment.
//! - What governs an account asks `store::licence::list_of_account`, which knows what is lent and what is borrowed. So nobody
//!   ever uses the same licence from two sides.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        account::{SharingId, sharing_id},
        audit::Action,
        fields::Fields,
        id::{LicenceId, LoanId, OrganizationId},
        loan::{self as rules, LoanDirection, LoanEnd, LoanPeriod},
        permit::{RolePermit, allow},
        refusal::Refusal,
        role::{Permission, may},
        text::FieldIssue,
    },
    view::{
        Control, Page,
        loan::{LoanView, LoansView},
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::Result,
        mail::{self, EmailMessage},
        store::{Tx, account, licence, loan, membership, organization as organizations, seat},
    },
    audit::{self, AuditEvent},
    licence as licences, organization,
    pager::Pager,
};

/// How many loans the page shows at a time.
const PAGE_SIZE: i64 = 50;

/// A licence to lend.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoanForm {
    /// The id of an active licence of this organization.
    pub licence: String,
    /// The Sharing ID of the borrower, in any case.
    pub sharing_id: String,
    /// The last day, like `2026-12-31`.
    pub until: String,
}

/// Lent and borrowed, newest first.
async fn page(tx: &mut Tx, organization: OrganizationId, cursor: &str, limit: i64) -> Result<Page<LoanView>> {
    let pager = Pager::new("loans");
    let before = pager.read(cursor)?;
    let mut loans = loan::list(tx, organization, LoanDirection::Lent, before, limit + 1).await?;
    loans.extend(loan::list(tx, organization, LoanDirection::Borrowed, before, limit + 1).await?);
    loans.sort_by_key(|loan| std::cmp::Reverse(loan.id));
    pager.page(loans, limit, |last| last.id)
}

/// One page of the loans of an organization, for the API.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at `cursor` or `limit`.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str, cursor: &str, limit: Option<i64>) -> Result<Page<LoanView>> {
    let limit = super::limit(limit)?;
    let mut tx = ctx.db().read().await?;
    let permit = organization::permit_to_look(&mut tx, by, org, Permission::ManageAccounts).await?;
    super::key::reach_the_whole(&mut tx, by, permit.organization()).await?;
    page(&mut tx, permit.organization(), cursor, limit).await
}

/// The page Loans.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at `cursor`.
pub async fn show(ctx: &Ctx, by: &Principal, org: &str, cursor: &str) -> Result<LoansView> {
    let now = ctx.now();
    let mut tx = ctx.db().read().await?;
    let at = organization::belonging(&mut tx, by, org).await?;
    allow(by.who(), at.id, at.role, Permission::ManageAccounts)?;
    let loans = page(&mut tx, at.id, cursor, PAGE_SIZE).await?;
    let own = licence::list(&mut tx, at.id).await?;
    let away: Vec<LicenceId> = loan::list_running(&mut tx, at.id, now).await?.iter().map(|loan| loan.licence).collect();
    let lendable: Vec<_> = own
        .iter()
        .filter(|stored| rules::lendable(&stored.licence, away.contains(&stored.licence.id), now).is_ok())
        .map(|stored| licences::list::view(stored, now))
        .collect();
    let lend = if lendable.is_empty() {
        Control::Disabled("This organization has no active licence that it could lend.".to_owned())
    } else {
        Control::Enabled
    };
    Ok(LoansView { organization: at, loans, lendable, lend })
}

/// **Lend** (ACCT-3): from now until the end of a day, the account behind a Sharing ID uses a licence, and the one that owns it
/// does not. Seats that people have of it are freed.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `EmailUnverified`; `Invalid` with the problem of every field; `Conflict` for who was
/// slower.
pub async fn lend(ctx: &Ctx, by: &Principal, org: &str, form: &LoanForm) -> Result<LoanView> {
    let lent: Result<LoanView> =
        ctx.db().write(|tx, _| Box::pin(async { lend_in(tx, ctx, by, org, form).await })).await;
    match lent {
        Err(error) if error.is_taken() => Err(Refusal::Conflict.into()),
        lent => lent,
    }
}

async fn lend_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, org: &str, form: &LoanForm) -> Result<LoanView> {
    let now = ctx.now();
    let permit = organization::permit(tx, by, org, Permission::ManageAccounts).await?;
    // The borrower's Owners get an email, so the sender's own address has to be proven.
    super::mail_limit::proved(tx, by).await?;
    let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    let mut fields = Fields::default();
    let stored = fields.check("licence", own_licence(tx, &permit, &form.licence, now).await?);
    let to = fields.check("sharing_id", SharingId::parse(&form.sharing_id));
    let until = fields.check("until", rules::last_day(&form.until, now));
    let target = match to {
        None => None,
        Some(to) => {
            let found = account::find_by_sharing_id(tx, &to.org_key, &to.account_key).await?;
            let same = stored.as_ref().zip(found.as_ref()).is_some_and(|(stored, found)| stored.account == found.id);
            let found = match found {
                None => Err(FieldIssue::NoSuchSharingId),
                Some(_) if same => Err(FieldIssue::SameAccount),
                Some(found) => Ok(found),
            };
            fields.check("sharing_id", found)
        }
    };
    fields.done()?;
    let (Some(stored), Some(target), Some(until)) = (stored, target, until) else {
        return Err(Refusal::Invalid(Vec::new()).into());
    };
    let borrower = organizations::find(tx, target.organization).await?.ok_or(Refusal::NotFound)?;
    let accounts = account::list(tx, at.id).await?;
    let from = accounts.iter().find(|account| account.id == stored.account).ok_or(Refusal::NotFound)?;
    let new = loan::Loan {
        id: LoanId(ctx.id()),
        licence: stored.licence.id,
        lender: loan::Side {
            organization: at.id,
            account: stored.account,
            name: at.name.clone(),
            sharing_id: sharing_id(&at.org_id, &from.account_id),
        },
        borrower: loan::Side {
            organization: borrower.id,
            account: target.id,
            name: borrower.name.clone(),
            sharing_id: sharing_id(&borrower.org_id, &target.account_id),
        },
        term: LoanPeriod { lent_at: now, ends_at: until.start().plus_days(1), ended: None },
    };
    // A loan that ran out is closed by nobody at its end, and the unique index on running loans would still see it.
    loan::close_run_out(tx, &permit, new.licence, now).await?;
    loan::insert(tx, &permit, &by.name, &new).await?;
    seat::delete_of_licence(tx, &permit, new.licence).await?;
    // What waits for credits there can be paid now, perhaps (LIC-2).
    super::waiting::start_waiting_with(tx, ctx, new.licence).await?;
    let product = stored.licence.product.label();
    let (lender_is, borrower_is) = (&new.lender, &new.borrower);
    let day = until.words();
    let out = format!("lent a {product} licence to {} ({}) until {day}", borrower_is.name, borrower_is.sharing_id);
    let into = format!("lent {} a {product} licence of {} until {day}", borrower_is.sharing_id, lender_is.name);
    let state = serde_json::json!({
        "loan": new.id, "licence": new.licence, "from": lender_is.sharing_id, "to": borrower_is.sharing_id, "until": until.iso()
    });
    note(tx, ctx, by, &new, (Action::LoanMade, out), (Action::LoanReceived, into), None, Some(state)).await?;
    let message = EmailMessage::LicenceLent {
        organization: &borrower.name,
        org_id: &borrower.org_id,
        lender: &at.name,
        licence: product,
        account: &borrower_is.sharing_id,
        by: &by.name,
        until,
    };
    tell_owners(tx, ctx, by, borrower.id, &message).await?;
    Ok(LoanView {
        id: new.id,
        direction: LoanDirection::Lent,
        licence: new.licence,
        product: stored.licence.product,
        model: stored.licence.model,
        seats: stored.seats,
        other: new.borrower.name,
        other_sharing_id: new.borrower.sharing_id,
        own_sharing_id: new.lender.sharing_id,
        lent_by: by.name.clone(),
        term: new.term,
        used: crate::domain::licence::Amount::default(),
    })
}

/// A licence of the permit's organization that can be lent; what is not its own is none of the values there are.
async fn own_licence(
    tx: &mut Tx,
    permit: &RolePermit,
    id: &str,
    now: crate::domain::time::Timestamp,
) -> Result<std::result::Result<licence::StoredLicence, FieldIssue>> {
    let id = id.trim();
    if id.is_empty() {
        return Ok(Err(FieldIssue::Missing));
    }
    let Ok(id) = id.parse::<LicenceId>() else { return Ok(Err(FieldIssue::NotAChoice)) };
    let Some(stored) = licence::find(tx, id).await? else { return Ok(Err(FieldIssue::NotAChoice)) };
    let loan = loan::find_running(tx, id, now).await?;
    if stored.organization != permit.organization() {
        let borrowed = loan.is_some_and(|loan| loan.borrower.organization == permit.organization());
        let text = "This licence is borrowed. Borrowed licences cannot be lent.".to_owned();
        return Ok(Err(if borrowed { FieldIssue::NotLendable(text) } else { FieldIssue::NotAChoice }));
    }
    Ok(rules::lendable(&stored.licence, loan.is_some(), now).map(|()| stored))
}

/// Ends a loan now: the lender calls the licence back, the borrower returns it (ACCT-3). What was used stays used; seats of
/// it are free. Answers how it ended.
///
/// # Errors
/// `NotFound` for who is in neither organization; `Forbidden` by role; `Conflict` if it had ended.
pub async fn end(ctx: &Ctx, by: &Principal, id: &str) -> Result<LoanEnd> {
    let id: LoanId = id.trim().parse().map_err(|_| Refusal::NotFound)?;
    ctx.db().write(|tx, _| Box::pin(async { end_in(tx, ctx, by, id).await })).await
}

async fn end_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, id: LoanId) -> Result<LoanEnd> {
    let now = ctx.now();
    let found = loan::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let (lender, borrower) = (found.lender.organization, found.borrower.organization);
    let in_lender = membership::find_role(tx, lender, by.person).await?;
    let in_borrower = membership::find_role(tx, borrower, by.person).await?;
    let manages =
        |role: Option<crate::domain::role::Role>| role.is_some_and(|role| may(role, Permission::ManageAccounts));
    let (permit, how) = match rules::ending(manages(in_lender), manages(in_borrower)) {
        Some(LoanEnd::CalledBack) => {
            (allow(by.who(), lender, in_lender, Permission::ManageAccounts)?, LoanEnd::CalledBack)
        }
        Some(how) => (allow(by.who(), borrower, in_borrower, Permission::ManageAccounts)?, how),
        // Whoever is in one of them is told what it takes; nobody else learns that there is such a loan.
        None => {
            let (organization, role) = if in_lender.is_some() { (lender, in_lender) } else { (borrower, in_borrower) };
            (allow(by.who(), organization, role, Permission::ManageAccounts)?, LoanEnd::Returned)
        }
    };
    if !loan::end(tx, &permit, id, now, how).await? {
        return Err(Refusal::Conflict.into());
    }
    seat::delete_of_licence(tx, &permit, found.licence).await?;
    super::waiting::start_waiting_with(tx, ctx, found.licence).await?;
    let stored = licence::find(tx, found.licence).await?.ok_or(Refusal::NotFound)?;
    let product = stored.licence.product.label();
    let (action, out, into) = match how {
        LoanEnd::CalledBack => (
            Action::LoanCalledBack,
            format!("called back a {product} licence that was lent to {}", found.borrower.name),
            format!("called back a {product} licence of {} that was borrowed", found.lender.name),
        ),
        LoanEnd::Returned | LoanEnd::RanOut => (
            Action::LoanReturned,
            format!("returned a {product} licence that was lent to {}", found.borrower.name),
            format!("returned a {product} licence of {} that was borrowed", found.lender.name),
        ),
    };
    let state = serde_json::json!({ "loan": id, "licence": found.licence });
    note(tx, ctx, by, &found, (action, out), (action, into), Some(state), None).await?;
    let told = if how == LoanEnd::CalledBack { borrower } else { lender };
    // One that was deleted has nobody to be told.
    if let Some(told) = organizations::find(tx, told).await? {
        let message = EmailMessage::LoanEnded {
            organization: &told.name,
            org_id: &told.org_id,
            licence: product,
            by: &by.name,
            how,
        };
        tell_owners(tx, ctx, by, told.id, &message).await?;
    }
    Ok(how)
}

/// Writes what happened into the audit logs of both sides; among accounts of one organization once.
async fn note(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    loan: &loan::Loan,
    (action, summary): (Action, String),
    (action_there, summary_there): (Action, String),
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> Result<()> {
    let (lender, borrower) = (loan.lender.organization, loan.borrower.organization);
    let line = |organization, action, summary| AuditEvent {
        organization: Some(organization),
        before: before.clone(),
        after: after.clone(),
        ..AuditEvent::new(action, summary)
    };
    audit::record(tx, ctx, by, line(lender, action, summary)).await?;
    if lender != borrower {
        audit::record(tx, ctx, by, line(borrower, action_there, summary_there)).await?;
    }
    Ok(())
}

/// Writes to the Owners of an organization, but for who did it.
async fn tell_owners(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    organization: OrganizationId,
    message: &EmailMessage<'_>,
) -> Result<()> {
    for address in membership::list_owner_addresses(tx, organization).await? {
        if crate::domain::text::key(&address) != by.email_key {
            mail::post(tx, ctx, &address, message).await?;
        }
    }
    Ok(())
}
