//! Licences and their books: looking (people) and granting (the operator).

use std::collections::BTreeMap;

use crate::domain::{
    id::{EntryId, LicenceId, OrganizationId},
    key::Scope,
    licence::{Amount, EntryKind, Family, Model, Product},
    loan::Direction,
    refusal::Refusal,
    role::{Permission, allow},
    text::{Fields, Problem, key},
    time::{Day, Timestamp},
    view::{EntryView, LicenceState, LicenceView, LoanTerm, Page},
};

use super::{
    super::{
        context::{Ctx, KeyPrincipal, Principal},
        error::{Error, Result},
        store::{Tx, account, licence, loan, membership, organization, seat},
    },
    audit::{self, Happened},
};

/// A licence as pages and the API show it.
pub fn view(stored: &licence::StoredLicence, now: Timestamp) -> LicenceView {
    let licence = &stored.licence;
    let state = if licence.has_expired(now) {
        LicenceState::Expired
    } else if licence.is_active(now) {
        LicenceState::Active
    } else {
        LicenceState::Upcoming
    };
    LicenceView {
        id: licence.id,
        account: stored.account,
        product: licence.product,
        model: licence.model,
        state,
        active_from: licence.active_from,
        active_until: licence.active_until,
        seats: stored.seats,
        total: licence.total(),
        used: licence.used(),
        left: licence.left,
        seats_used: None,
        loan: None,
    }
}

/// That a licence is lent, or borrowed, as one side of its loan sees it.
pub(super) fn loan_term(loan: &loan::Loan, organization: OrganizationId) -> LoanTerm {
    let (direction, other) = if loan.lender.organization == organization {
        (Direction::Lent, &loan.borrower)
    } else {
        (Direction::Borrowed, &loan.lender)
    };
    LoanTerm {
        id: loan.id,
        direction,
        other: other.name.clone(),
        sharing_id: other.sharing_id.clone(),
        until: loan.term.last_day(),
    }
}

/// Whether a loan's licence is used by an organization: as the borrower, or among its own accounts.
fn uses(loan: &loan::Loan, organization: OrganizationId) -> bool {
    loan.borrower.organization == organization
}

/// The licences of an organization with what it lends and borrows, and with what is used of their seats (LIC-5, ACCT-3).
///
/// # Errors
/// The database.
pub(super) async fn of_organization(
    tx: &mut Tx,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<Vec<LicenceView>> {
    let mut stored = licence::list(tx, organization).await?;
    let loans: BTreeMap<LicenceId, loan::Loan> =
        loan::list_running(tx, organization, now).await?.into_iter().map(|loan| (loan.licence, loan)).collect();
    if loans.values().any(|loan| loan.lender.organization != organization) {
        stored.extend(licence::list_borrowed(tx, organization, now).await?);
    }
    // Who owns a licence sees its seats while it uses it; so does who borrows it.
    let seated: Vec<LicenceId> = stored
        .iter()
        .filter(|stored| stored.licence.product == Product::Desktop)
        .map(|stored| stored.licence.id)
        .filter(|id| loans.get(id).is_none_or(|loan| uses(loan, organization)))
        .collect();
    let counts = seat::count(tx, &seated, now).await?;
    let views = stored.iter().map(|stored| {
        let id = stored.licence.id;
        let loan = loans.get(&id);
        let used = counts.iter().find(|(licence, under, _)| *licence == id && *under == loan.map(|loan| loan.id));
        let mut view = view(stored, now);
        // Nobody holds a seat of a licence that is not active.
        let used = used.filter(|_| view.state == LicenceState::Active).map_or(0, |(.., used)| *used);
        view.seats_used = seated.contains(&id).then_some(used);
        view.loan = loan.map(|loan| loan_term(loan, organization));
        view
    });
    Ok(views.collect())
}

/// The licences of an organization.
///
/// # Errors
/// `NotFound` and `Forbidden` by role.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str) -> Result<Vec<LicenceView>> {
    let mut tx = ctx.db().read().await?;
    let permit = super::organization::permit(&mut tx, by, org, Permission::ViewUsage).await?;
    of_organization(&mut tx, permit.organization(), ctx.now()).await
}

/// The licences of a machine's account, for a key with the scope `read` (AUTH-6).
///
/// # Errors
/// `NotFound` for another organization than the key's; `Forbidden` without the scope.
pub async fn list_by_key(ctx: &Ctx, by: &KeyPrincipal, org: &str) -> Result<Vec<LicenceView>> {
    let mut tx = ctx.db().read().await?;
    let asked = match org.parse::<OrganizationId>() {
        Ok(id) => Some(id),
        Err(_) => organization::find_id(&mut tx, &key(org)).await?,
    };
    if asked != Some(by.organization) {
        return Err(Refusal::NotFound.into());
    }
    by.scopes.allow(Scope::Read)?;
    let mut licences = of_organization(&mut tx, by.organization, ctx.now()).await?;
    licences.retain(|licence| licence.account == by.account);
    Ok(licences)
}

/// One page of the ledger of a licence of a machine's account, for a key with the scope `read` (AUTH-6).
///
/// # Errors
/// `NotFound` for a licence of another account; `Forbidden` without the scope.
pub async fn ledger_by_key(
    ctx: &Ctx,
    by: &KeyPrincipal,
    id: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<EntryView>> {
    let limit = super::limit(limit)?;
    let id: LicenceId = super::id("id", id)?;
    let mut tx = ctx.db().read().await?;
    licence::find(&mut tx, id).await?.filter(|stored| stored.account == by.account).ok_or(Refusal::NotFound)?;
    by.scopes.allow(Scope::Read)?;
    entries(&mut tx, id, cursor, limit).await
}

/// One page of a ledger.
async fn entries(tx: &mut Tx, id: LicenceId, cursor: &str, limit: i64) -> Result<Page<EntryView>> {
    let before: Option<EntryId> =
        super::read_cursor(cursor, 1)?.map(|parts| super::id("cursor", &parts[0])).transpose()?;
    let entries = licence::list_entries(tx, id, before, limit + 1).await?;
    let page = super::page(entries, limit, |(id, _)| super::cursor(&[&id.to_string()]));
    Ok(Page { items: page.items.into_iter().map(|(_, entry)| entry).collect(), next_cursor: page.next_cursor })
}

/// One page of a licence's ledger, newest first.
///
/// # Errors
/// `NotFound` and `Forbidden` by role.
pub async fn ledger(ctx: &Ctx, by: &Principal, id: &str, cursor: &str, limit: Option<i64>) -> Result<Page<EntryView>> {
    let limit = super::limit(limit)?;
    let id: LicenceId = super::id("id", id)?;
    let mut tx = ctx.db().read().await?;
    let stored = licence::find(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
    let role = membership::find_role(&mut tx, stored.organization, by.person).await?;
    allow(by.person, stored.organization, role, Permission::ViewUsage)?;
    entries(&mut tx, id, cursor, limit).await
}

/// What the operator grants, unread.
#[derive(Debug, Clone, Default)]
pub struct GrantForm {
    /// Org ID or id.
    pub org: String,
    /// Product, like `cloud-pro`.
    pub product: String,
    /// `images-projects` or `credits`; cloud only.
    pub model: Option<String>,
    /// Images, for Images & Projects.
    pub images: i64,
    /// Projects, for Images & Projects.
    pub projects: i64,
    /// Credits, for Credits.
    pub credits: i64,
    /// Seats; desktop only.
    pub seats: Option<i64>,
    /// First day; today where it is empty.
    pub from: Option<String>,
    /// Last day; without end where it is empty.
    pub until: Option<String>,
}

/// The most of anything that one grant gives.
const MOST: i64 = 1_000_000_000_000;

/// Grants a licence to an organization's first account (LIC-1): the operator's command line.
///
/// # Errors
/// `Invalid` with the problem of every field; `NotFound` for an unknown organization.
pub async fn grant(ctx: &Ctx, form: &GrantForm) -> Result<LicenceId> {
    let mut fields = Fields::default();
    let product = fields.check("product", Product::parse(&form.product));
    let model = fields.check("model", form.model.as_deref().map(Model::parse).transpose());
    for (field, amount) in [("images", form.images), ("projects", form.projects), ("credits", form.credits)] {
        fields.check(field, if (0..=MOST).contains(&amount) { Ok(()) } else { Err(Problem::NotInRange(0, MOST)) });
    }
    fields.check(
        "seats",
        if form.seats.is_none_or(|seats| (1..=1_000_000).contains(&seats)) {
            Ok(())
        } else {
            Err(Problem::NotInRange(1, 1_000_000))
        },
    );
    let mut day = |field: &str, text: &Option<String>| {
        fields
            .check(field, text.as_deref().map(|text| Day::parse_iso(text).ok_or(Problem::NotADay)).transpose())
            .flatten()
    };
    let from = day("from", &form.from);
    let until = day("until", &form.until);
    if let (Some(product), Some(model)) = (product, model) {
        let needs = product.family() == Family::Cloud;
        if needs != model.is_some() {
            fields.check::<()>("model", Err(if needs { Problem::Missing } else { Problem::NotForThisKind }));
        }
        let unsuitable = match model {
            Some(Model::ImagesProjects) => form.credits != 0,
            Some(Model::Credits) => form.images != 0 || form.projects != 0,
            None => form.credits != 0 || form.images != 0 || form.projects != 0,
        };
        if unsuitable {
            fields.check::<()>("model", Err(Problem::NotForThisKind));
        }
    }
    fields.done()?;
    let (Some(product), Some(model)) = (product, model) else { return Err(Refusal::Invalid(Vec::new()).into()) };
    let now = ctx.now();
    let active_from = from.map_or(now, Day::start);
    // The last day is still a day of the licence.
    let active_until = until.map(|day| day.start().plus_days(1));
    let (ctx_in, org, seats) = (ctx.clone(), form.org.clone(), form.seats);
    let change = Amount { images: form.images, projects: form.projects, credits: form.credits };
    ctx.db()
        .write(move |tx| {
            let (ctx, org) = (ctx_in.clone(), org.clone());
            Box::pin(async move {
                let organization = match org.parse() {
                    Ok(id) => organization::find(tx, id).await?,
                    Err(_) => match organization::find_id(tx, &key(&org)).await? {
                        Some(id) => organization::find(tx, id).await?,
                        None => None,
                    },
                };
                let organization = organization.ok_or(Refusal::NotFound)?;
                let account = account::list(tx, organization.id).await?.into_iter().next().ok_or(Refusal::NotFound)?;
                let id = LicenceId(ctx.id());
                let new = licence::NewLicence {
                    id,
                    organization: organization.id,
                    account: account.id,
                    product,
                    model,
                    seats,
                    active_from,
                    active_until,
                    at: now,
                };
                licence::insert(tx, &new).await?;
                if !change.is_nothing() {
                    let entry = licence::NewEntry {
                        id: EntryId(ctx.id()),
                        licence: id,
                        kind: EntryKind::Grant,
                        change,
                        transfer: None,
                        resource: None,
                        at: now,
                    };
                    licence::append(tx, &entry).await?;
                }
                let what = Happened {
                    organization: Some(organization.id),
                    action: "licence.granted",
                    summary: format!("granted a {} licence", product.title()),
                    after: Some(
                        serde_json::json!({ "licence": id, "product": product, "model": model, "amount": change }),
                    ),
                    ..Happened::default()
                };
                audit::note_operator(tx, &ctx, what).await?;
                Ok::<_, Error>(id)
            })
        })
        .await
}

/// Ends a licence now: the operator's command line.
///
/// # Errors
/// `NotFound`.
pub async fn expire(ctx: &Ctx, id: LicenceId) -> Result<()> {
    let now = ctx.now();
    let ctx_in = ctx.clone();
    ctx.db()
        .write(move |tx| {
            let ctx = ctx_in.clone();
            Box::pin(async move {
                let stored = licence::find(tx, id).await?.ok_or(Refusal::NotFound)?;
                licence::update_active_until(tx, id, now).await?;
                let what = Happened {
                    organization: Some(stored.organization),
                    action: "licence.expired",
                    summary: format!("ended a {} licence", stored.licence.product.title()),
                    before: Some(serde_json::json!({ "licence": id, "active_until": stored.licence.active_until })),
                    after: Some(serde_json::json!({ "licence": id, "active_until": now })),
                    ..Happened::default()
                };
                audit::note_operator(tx, &ctx, what).await
            })
        })
        .await
}
