//! The licences of an organization, with what it lends and borrows, for who may see usage (LIC-5, ACCT-3).

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        id::{AccountId, LicenceId, OrganizationId, PersonId},
        licence::{Licence, Product},
        loan::LoanDirection,
        permit::allow,
        refusal::Refusal,
        role::{Permission, may},
        time::Timestamp,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, account, licence, loan, seat},
        usecase,
    },
    view::{
        LicenceLoan, LicenceState, LicenceView,
        licence::{AccountLicences, LicencesView},
    },
};

/// The licences of an organization.
///
/// # Errors
/// `NotFound` and `Forbidden` by role.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str) -> Result<Vec<LicenceView>> {
    let mut tx = ctx.db().read().await?;
    let (found, role) = usecase::organization::find_with_role(&mut tx, by, org).await?;
    let managed = accounts_with_usage(&mut tx, found.id, by.person).await?;
    if managed.is_empty() {
        allow(by.who(), found.id, role, Permission::ViewUsage)?;
    }
    of_accounts(&mut tx, found.id, &managed, ctx.now()).await
}

/// The page Licences.
///
/// # Errors
/// `NotFound` for who may not see usage: for them there is no such page.
pub async fn page(ctx: &Ctx, by: &Principal, org: &str) -> Result<LicencesView> {
    let mut tx = ctx.db().read().await?;
    let organization = usecase::organization::belonging(&mut tx, by, org).await?;
    let managed = accounts_with_usage(&mut tx, organization.id, by.person).await?;
    if managed.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    let now = ctx.now();
    let mut accounts: Vec<AccountLicences> = account::list(&mut tx, organization.id)
        .await?
        .into_iter()
        .filter(|account| managed.contains(&account.id))
        .map(|account| AccountLicences { id: account.id, name: account.name, licences: Vec::new() })
        .collect();
    for licence in of_organization(&mut tx, organization.id, now).await? {
        if let Some(account) = accounts.iter_mut().find(|account| account.id == licence.account) {
            account.licences.push(licence);
        }
    }
    let has = |permission| organization.role.is_some_and(|role| may(role, permission));
    let may_buy = has(Permission::ManageBilling);
    let seats_and_loans = has(Permission::ManageAccounts);
    Ok(LicencesView { organization, accounts, may_buy, manages: seats_and_loans })
}

/// The accounts of an organization whose usage somebody may see: all of them, or those in which their role counts (ACCT-2).
pub async fn accounts_with_usage(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
) -> Result<BTreeSet<AccountId>> {
    let roles = account::list_roles(tx, organization, person).await?;
    Ok(roles.into_iter().filter(|(_, role)| may(*role, Permission::ViewUsage)).map(|(id, _)| id).collect())
}

/// The licences of some accounts of an organization, with what they lend and borrow.
pub async fn of_accounts(
    tx: &mut Tx,
    organization: OrganizationId,
    accounts: &BTreeSet<AccountId>,
    now: Timestamp,
) -> Result<Vec<LicenceView>> {
    let mut licences = of_organization(tx, organization, now).await?;
    licences.retain(|licence| accounts.contains(&licence.account));
    Ok(licences)
}

/// The licences of an organization with what it lends and borrows, and with what is used of their seats (LIC-5, ACCT-3).
pub async fn of_organization(tx: &mut Tx, organization: OrganizationId, now: Timestamp) -> Result<Vec<LicenceView>> {
    let mut stored = licence::list(tx, organization).await?;
    let loans: BTreeMap<LicenceId, loan::Loan> =
        loan::list_running(tx, organization, now).await?.into_iter().map(|loan| (loan.licence, loan)).collect();
    if loans.values().any(|loan| loan.lender.organization != organization) {
        stored.extend(licence::list_borrowed(tx, organization, now).await?);
    }
    // The seats of a licence are shown to the organization that uses it now: the borrower while it is lent, else its owner.
    let seated: Vec<LicenceId> = stored
        .iter()
        .filter(|stored| stored.licence.product == Product::Desktop)
        .map(|stored| stored.licence.id)
        .filter(|id| loans.get(id).is_none_or(|loan| is_used_by(loan, organization)))
        .collect();
    let counts = seat::count(tx, &seated, now).await?;
    let views = stored.iter().map(|stored| {
        let id = stored.licence.id;
        let loan = loans.get(&id);
        let used = counts.iter().find(|(licence, under, _)| *licence == id && *under == loan.map(|loan| loan.id));
        let mut view = view(stored, now);
        // Seats of an expired licence are still in the table, but nobody holds them.
        let used = used.filter(|_| view.state == LicenceState::Active).map_or(0, |(.., used)| *used);
        view.seats_used = seated.contains(&id).then_some(used);
        view.loan = loan.map(|loan| loan_term(loan, organization));
        view
    });
    Ok(views.collect())
}

/// A licence as pages and the API show it.
pub fn view(stored: &licence::StoredLicence, now: Timestamp) -> LicenceView {
    let licence = &stored.licence;
    let state = state(licence, now);
    LicenceView {
        id: licence.id,
        account: stored.account,
        product: licence.product,
        model: licence.model,
        state,
        active_from: licence.active_from,
        active_until: licence.active_until,
        seats: stored.seats,
        trial: stored.licence.trial,
        total: licence.total(),
        used: licence.used(),
        left: licence.left,
        seats_used: None,
        loan: None,
    }
}

fn state(licence: &Licence, now: Timestamp) -> LicenceState {
    if licence.has_expired(now) {
        LicenceState::Expired
    } else if licence.is_active(now) {
        LicenceState::Active
    } else {
        LicenceState::Upcoming
    }
}

/// The loan of a licence, as one side of it sees it.
pub fn loan_term(loan: &loan::Loan, organization: OrganizationId) -> LicenceLoan {
    let (direction, other) = if loan.lender.organization == organization {
        (LoanDirection::Lent, &loan.borrower)
    } else {
        (LoanDirection::Borrowed, &loan.lender)
    };
    LicenceLoan {
        id: loan.id,
        direction,
        other: other.name.clone(),
        sharing_id: other.sharing_id.clone(),
        until: loan.term.last_day(),
    }
}

/// Whether a loan's licence is used by an organization: as the borrower, or among its own accounts.
fn is_used_by(loan: &loan::Loan, organization: OrganizationId) -> bool {
    loan.borrower.organization == organization
}
