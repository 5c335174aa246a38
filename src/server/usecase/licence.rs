//! Licences and their books: looking (people), and granting, topping up, extending and ending (the operator).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        audit::Action,
        billing::{self as rules, MAX_GRANT_AMOUNT, MAX_SEATS},
        fields::Fields,
        id::{AccountId, EntryId, LicenceId, OrganizationId, PersonId},
        licence::{
            Amount, Entitlement, EntryKind, Family, Licence, Model, Product, allows_in_any, entitlement_for_role,
        },
        loan::LoanDirection,
        permit::allow,
        refusal::Refusal,
        role::{Permission, Role, may},
        text::{FieldIssue, key as folded},
        time::{Day, Timestamp},
    },
    view::{
        EntryView, LicenceLoan, LicenceState, LicenceView, Page,
        licence::{AccountLicences, LedgerView, LicencesView},
        query,
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result, at_field},
        store::{Tx, account, licence, loan, membership, organization, seat},
    },
    audit::{self, AuditEvent},
    dataset,
    operator::{self, Operator},
    pager::Pager,
};

/// Whether the licences of at least one account of an organization allow a use of it (LIC-4, LIC-6).
///
/// # Errors
/// The database; inside, why none of them does.
pub(super) async fn allowed_in_any(
    tx: &mut Tx,
    organization: OrganizationId,
    wanted: Entitlement,
    now: Timestamp,
) -> Result<std::result::Result<(), Refusal>> {
    let usable = licence::list_usable(tx, organization, now).await?;
    let of = |account: AccountId| -> Vec<Licence> {
        usable.iter().filter(|one| one.account == account).map(|one| one.licence.clone()).collect()
    };
    let accounts: Vec<Vec<Licence>> =
        account::list(tx, organization).await?.into_iter().map(|account| of(account.id)).collect();
    Ok(allows_in_any(&accounts, wanted, now))
}

/// LIC-4: whether an organization may have somebody in this role: Members take Team Access Control.
///
/// # Errors
/// `Licence`, saying what is missing.
pub(super) async fn allow_role(tx: &mut Tx, organization: OrganizationId, role: Role, now: Timestamp) -> Result<()> {
    Ok(allowed_in_any(tx, organization, entitlement_for_role(role), now).await??)
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

/// That a licence is lent, or borrowed, as one side of its loan sees it.
pub(super) fn loan_term(loan: &loan::Loan, organization: OrganizationId) -> LicenceLoan {
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

/// The licences of an organization with what it lends and borrows, and with what is used of their seats (LIC-5, ACCT-3).
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
        .filter(|id| loans.get(id).is_none_or(|loan| is_used_by(loan, organization)))
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
    let (found, role) = super::organization::find_with_role(&mut tx, by, org).await?;
    let managed = accounts_with_usage(&mut tx, found.id, by.person).await?;
    if managed.is_empty() {
        allow(by.who(), found.id, role, Permission::ViewUsage)?;
    }
    of_accounts(&mut tx, found.id, &managed, ctx.now()).await
}

/// The licences of some accounts of an organization, with what they lend and borrow.
pub(super) async fn of_accounts(
    tx: &mut Tx,
    organization: OrganizationId,
    accounts: &BTreeSet<AccountId>,
    now: Timestamp,
) -> Result<Vec<LicenceView>> {
    let mut licences = of_organization(tx, organization, now).await?;
    licences.retain(|licence| accounts.contains(&licence.account));
    Ok(licences)
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

/// The page Licences.
///
/// # Errors
/// `NotFound` for who may not see usage: for them there is no such page.
pub async fn page(ctx: &Ctx, by: &Principal, org: &str) -> Result<LicencesView> {
    let mut tx = ctx.db().read().await?;
    let organization = super::organization::belonging(&mut tx, by, org).await?;
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

/// Which entries of a ledger are wanted, unread.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerQuery {
    /// `grant`, `spend`, `refund`, `transfer_out` or `transfer_in`.
    pub kind: Option<String>,
    /// A day: not before it.
    pub from: Option<String>,
    /// A day: not after it.
    pub to: Option<String>,
    /// Where the page starts.
    pub cursor: Option<String>,
    /// 1 to 200.
    pub limit: Option<i64>,
}

/// How many entries an export has at most.
pub const MAX_EXPORT_ROWS: i64 = 100_000;
/// How many entries the page shows at once.
const ENTRIES: i64 = 50;

fn filter(query: &LedgerQuery) -> Result<licence::EntryFilter> {
    let text =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let day = |field, text: Option<String>| match text {
        None => Ok(None),
        Some(text) => Day::parse_iso(&text).map(Some).ok_or_else(|| Refusal::field(field, FieldIssue::NotADay)),
    };
    Ok(licence::EntryFilter {
        kind: text(&query.kind).map(|word| EntryKind::parse(&word)).transpose().map_err(at_field("kind"))?,
        from: day("from", text(&query.from))?.map(Day::start),
        to: day("to", text(&query.to))?.map(|day| day.start().plus_days(1)),
    })
}

fn pager() -> Pager<licence::Cursor> {
    Pager::new("ledger")
}

const fn cursor(entry: &EntryView) -> licence::Cursor {
    licence::Cursor { at: entry.at, number: entry.number }
}

/// A licence, for who may see the usage of its organization.
async fn find(tx: &mut Tx, by: &Principal, id: &str) -> Result<licence::StoredLicence> {
    let id: LicenceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let stored = licence::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    may_see(tx, by, &stored).await?;
    Ok(stored)
}

/// Whether somebody may see a licence: by the role that counts in its account (ACCT-2). What is in an account that their role
/// does not count in does not exist.
async fn may_see(tx: &mut Tx, by: &Principal, stored: &licence::StoredLicence) -> Result<()> {
    let roles = account::list_roles(tx, stored.organization, by.person).await?;
    let there = roles.iter().find(|(id, _)| *id == stored.account).map(|(_, role)| *role);
    if there.is_none() && by.key.is_some() {
        return Err(Refusal::NotFound.into());
    }
    match there.or(membership::find_role(tx, stored.organization, by.person).await?) {
        Some(Role::Member) if roles.iter().any(|(_, role)| *role != Role::Member) => Err(Refusal::NotFound.into()),
        role => Ok(allow(by.who(), stored.organization, role, Permission::ViewUsage).map(|_| ())?),
    }
}

/// One page of a licence's ledger, newest first.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn ledger(ctx: &Ctx, by: &Principal, id: &str, query: &LedgerQuery) -> Result<Page<EntryView>> {
    let limit = super::limit(query.limit)?;
    let (filter, before) = (filter(query)?, pager().read(query.cursor.as_deref().unwrap_or_default())?);
    let mut tx = ctx.db().read().await?;
    let stored = find(&mut tx, by, id).await?;
    let entries = licence::list_entries(&mut tx, &stored, &filter, before, limit + 1).await?;
    pager().page(entries, limit, cursor)
}

/// A licence's own page.
///
/// # Errors
/// `NotFound` for who may not see usage, and for a licence of another organization; `Invalid` at a field of the query.
pub async fn ledger_page(ctx: &Ctx, by: &Principal, query: &query::LedgerQuery) -> Result<LedgerView> {
    let filtered = LedgerQuery {
        kind: Some(query.kind.clone()),
        from: Some(query.from.clone()),
        to: Some(query.to.clone()),
        ..LedgerQuery::default()
    };
    let filter = filter(&filtered)?;
    let (before, after) = (pager().read(&query.older)?, pager().read(&query.newer)?);
    let id: LicenceId = super::id("id", &query.id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    let organization = super::organization::belonging(&mut tx, by, &query.org).await?;
    let stored = licence::find(&mut tx, id)
        .await?
        .filter(|stored| stored.organization == organization.id)
        .ok_or(Refusal::NotFound)?;
    // For who may not see usage there is no such page.
    may_see(&mut tx, by, &stored).await.map_err(|error| match error {
        Error::Refused(_) => Refusal::NotFound.into(),
        other => other,
    })?;
    let rows = match after {
        Some(after) => licence::list_newer_entries(&mut tx, &stored, &filter, after, ENTRIES + 1).await?,
        None => licence::list_entries(&mut tx, &stored, &filter, before, ENTRIES + 1).await?,
    };
    let (entries, older, newer) = pager().page_between(rows, ENTRIES, (before.as_ref(), after.as_ref()), cursor)?;
    let accounts = account::list_visible(&mut tx, organization.id, by.person).await?;
    let account_name = if accounts.len() > 1 {
        accounts.into_iter().find(|account| account.id == stored.account).map(|account| account.name)
    } else {
        None
    };
    let may_buy = organization.role.is_some_and(|role| may(role, Permission::ManageBilling));
    let licence = view(&stored, ctx.now());
    Ok(LedgerView { organization, licence, account_name, entries, older, newer, may_buy })
}

/// Reads which entries are to be exported, and whether there are more of them than an export has.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn begin_export(ctx: &Ctx, by: &Principal, id: &str, query: &LedgerQuery) -> Result<Export> {
    let filter = filter(query)?;
    let mut tx = ctx.db().read().await?;
    let stored = find(&mut tx, by, id).await?;
    let truncated = licence::has_more_entries_than(&mut tx, stored.licence.id, &filter, MAX_EXPORT_ROWS).await?;
    Ok(Export { by: by.clone(), stored, filter, truncated, behind: None, left: MAX_EXPORT_ROWS })
}

/// An export under way: where it is, and how many entries it may still have.
#[derive(Debug, Clone)]
pub struct Export {
    by: Principal,
    stored: licence::StoredLicence,
    filter: licence::EntryFilter,
    /// Whether there are more entries than an export has.
    pub truncated: bool,
    behind: Option<licence::Cursor>,
    left: i64,
}

impl Export {
    /// The licence.
    pub const fn licence(&self) -> LicenceId {
        self.stored.licence.id
    }

    /// The next entries; none at the end. Whoever lost the right to read meanwhile is refused.
    ///
    /// # Errors
    /// `NotFound` and `Forbidden` by role; the database.
    pub async fn next(&mut self, ctx: &Ctx) -> Result<Vec<EntryView>> {
        const EXPORT_BATCH_SIZE: i64 = 1_000;
        let limit = EXPORT_BATCH_SIZE.min(self.left);
        if limit <= 0 {
            return Ok(Vec::new());
        }
        let mut tx = ctx.db().read().await?;
        may_see(&mut tx, &self.by, &self.stored).await?;
        let entries = licence::list_entries(&mut tx, &self.stored, &self.filter, self.behind, limit).await?;
        self.behind = entries.last().map(cursor);
        // A page that is not full is the last.
        let full = i64::try_from(entries.len()).is_ok_and(|count| count == limit);
        self.left = if full { self.left - limit } else { 0 };
        Ok(entries)
    }
}

/// A licence to grant.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GrantForm {
    /// Account ID or id. Optional if the organization has one account.
    pub account: Option<String>,
    /// Org ID or id.
    pub org: String,
    /// `discovery`, `desktop`, `cloud`, `cloud_pro`, `cloud_teams` or `cloud_enterprise`.
    pub product: String,
    /// `images_projects` or `credits`; cloud only.
    pub model: Option<String>,
    pub images: i64,
    pub projects: i64,
    pub credits: i64,
    /// Desktop only.
    pub seats: Option<i64>,
    /// The first day. Default: today.
    pub from: Option<String>,
    /// The last day. Default: no end.
    pub until: Option<String>,
}

/// Grants a licence to an account of an organization (LIC-1): the operator's command line.
///
/// # Errors
/// `Invalid` with the problem of every field, an unknown account and one that has to be named among them; `NotFound` for an
/// unknown organization.
pub async fn grant(ctx: &Ctx, form: &GrantForm) -> Result<LicenceId> {
    grant_as(ctx, &Operator::command_line(), form).await
}

/// [`grant`], by whoever acts as the operator. What waits for credits there starts.
///
/// # Errors
/// As [`grant`].
pub async fn grant_as(ctx: &Ctx, operator: &Operator, form: &GrantForm) -> Result<LicenceId> {
    let mut fields = Fields::default();
    let product = fields.check("product", Product::parse(&form.product));
    let model = fields.check("model", form.model.as_deref().map(Model::parse).transpose());
    for (field, amount) in [("images", form.images), ("projects", form.projects), ("credits", form.credits)] {
        fields.check(
            field,
            if (0..=MAX_GRANT_AMOUNT).contains(&amount) {
                Ok(())
            } else {
                Err(FieldIssue::NotInRange(0, MAX_GRANT_AMOUNT))
            },
        );
    }
    fields.check(
        "seats",
        if form.seats.is_none_or(|seats| (1..=MAX_SEATS).contains(&seats)) {
            Ok(())
        } else {
            Err(FieldIssue::NotInRange(1, MAX_SEATS))
        },
    );
    let mut day = |field: &str, text: &Option<String>| {
        fields
            .check(field, text.as_deref().map(|text| Day::parse_iso(text).ok_or(FieldIssue::NotADay)).transpose())
            .flatten()
    };
    let from = day("from", &form.from);
    let until = day("until", &form.until);
    if let (Some(product), Some(model)) = (product, model) {
        let needs = product.family() == Family::Cloud;
        if needs != model.is_some() {
            fields.check::<()>("model", Err(if needs { FieldIssue::Missing } else { FieldIssue::NotForThisKind }));
        }
        let unsuitable = match model {
            Some(Model::ImagesProjects) => form.credits != 0,
            Some(Model::Credits) => form.images != 0 || form.projects != 0,
            None => form.credits != 0 || form.images != 0 || form.projects != 0,
        };
        if unsuitable {
            fields.check::<()>("model", Err(FieldIssue::NotForThisKind));
        }
    }
    if form.seats.is_some() && product.is_some_and(|product| product != Product::Desktop) {
        fields.check::<()>("seats", Err(FieldIssue::NotForThisLicence));
    }
    let now = ctx.now();
    if until.is_some_and(|until| until < from.unwrap_or(now.day())) {
        fields.check::<()>("until", Err(FieldIssue::BeforeItBegins));
    }
    fields.done()?;
    let (Some(product), Some(model)) = (product, model) else { return Err(Refusal::Invalid(Vec::new()).into()) };
    // Not this moment: a clock that is set back would have it begin later.
    let active_from = from.unwrap_or(now.day()).start();
    // The last day is still a day of the licence.
    let active_until = until.map(|day| day.start().plus_days(1));
    let (org, named, seats) = (form.org.clone(), form.account.clone(), form.seats);
    let change = Amount { images: form.images, projects: form.projects, credits: form.credits };
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let organization = operator::find_organization(tx, &org).await?;
                let account = account_for(tx, organization.id, named.as_deref()).await?;
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
                super::organization::turn_space(tx, organization.id).await?;
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
                let what = AuditEvent {
                    organization: Some(organization.id),
                    after: Some(
                        serde_json::json!({ "licence": id, "product": product, "model": model, "amount": change }),
                    ),
                    ..AuditEvent::new(Action::LicenceGranted, format!("granted a {} licence", product.label()))
                };
                audit::note_as(tx, ctx, operator, what).await?;
                dataset::start_waiting(tx, ctx, account.id).await?;
                Ok::<_, Error>(id)
            })
        })
        .await
}

/// The account of an organization that the operator means: the one that is named, or the only one.
async fn account_for(tx: &mut Tx, organization: OrganizationId, named: Option<&str>) -> Result<account::Account> {
    let all = account::list(tx, organization).await?;
    let found = match named.map(str::trim).filter(|named| !named.is_empty()) {
        Some(named) => {
            let (id, wanted) = (named.parse::<AccountId>().ok(), folded(named));
            all.into_iter()
                .find(|one| Some(one.id) == id || folded(&one.account_id) == wanted)
                .ok_or_else(|| Refusal::field("account", FieldIssue::NotAChoice))
        }
        None if all.len() > 1 => Err(Refusal::field("account", FieldIssue::SeveralAccounts)),
        None => all.into_iter().next().ok_or(Refusal::NotFound),
    };
    Ok(found?)
}

/// A licence that the operator means, of an organization that is there.
async fn find_as_operator(tx: &mut Tx, id: LicenceId) -> Result<licence::StoredLicence> {
    let stored = licence::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    organization::find(tx, stored.organization).await?.ok_or(Refusal::NotFound)?;
    // What has ended with its account stays ended.
    account::find(tx, stored.account).await?.ok_or(Refusal::NotFound)?;
    Ok(stored)
}

/// Adds to what a licence has (**top up**): an entry in its books. What waits for credits there starts.
///
/// # Errors
/// `NotFound`; `Invalid` with the problem of every field.
pub async fn top_up(ctx: &Ctx, operator: &Operator, id: LicenceId, wanted: Amount) -> Result<LicenceView> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let stored = find_as_operator(tx, id).await?;
                let change = rules::top_up(&stored.licence, wanted)?;
                let entry = licence::NewEntry {
                    id: EntryId(ctx.id()),
                    licence: id,
                    kind: EntryKind::Grant,
                    change,
                    transfer: None,
                    resource: None,
                    at: ctx.now(),
                };
                licence::append(tx, &entry).await?;
                let after = licence::find(tx, id).await?.ok_or(Refusal::NotFound)?;
                let summary = format!("topped up a {} licence", stored.licence.product.label());
                let what = AuditEvent {
                    organization: Some(stored.organization),
                    before: Some(serde_json::json!({ "licence": id, "left": stored.licence.left })),
                    after: Some(serde_json::json!({ "licence": id, "left": after.licence.left, "amount": change })),
                    ..AuditEvent::new(Action::LicenceToppedUp, summary)
                };
                audit::note_as(tx, ctx, operator, what).await?;
                dataset::start_waiting_with(tx, ctx, id).await?;
                show_in(tx, ctx, id).await
            })
        })
        .await
}

/// Gives a licence another last day (**extend**); one that has expired comes alive again by it, and what waits for credits
/// there starts.
///
/// # Errors
/// `NotFound`; `Invalid` at `until`.
pub async fn extend(ctx: &Ctx, operator: &Operator, id: LicenceId, until: &str) -> Result<LicenceView> {
    ctx.db()
        .write(|tx, _| Box::pin(async {
                let stored = find_as_operator(tx, id).await?;
                let end = rules::new_end(stored.licence.active_from, until)?;
                licence::update_active_until(tx, id, end).await?;
                let summary = format!(
                        "set the last day of a {} licence to {}",
                        stored.licence.product.label(),
                        crate::domain::licence::last_day(end).words()
                    );
                let what = AuditEvent {
                    organization: Some(stored.organization),
                    before: Some(serde_json::json!({ "licence": id, "active_until": stored.licence.active_until.map(Timestamp::rfc3339) })),
                    after: Some(serde_json::json!({ "licence": id, "active_until": end.rfc3339() })),
                    ..AuditEvent::new(Action::LicenceExtended, summary)
                };
                audit::note_as(tx, ctx, operator, what).await?;
                dataset::start_waiting_with(tx, ctx, id).await?;
                show_in(tx, ctx, id).await
            }))
        .await
}

/// Ends a licence now, if it has not ended: the operator's command line.
///
/// # Errors
/// `NotFound`.
pub async fn expire(ctx: &Ctx, id: LicenceId) -> Result<()> {
    expire_as(ctx, &Operator::command_line(), id).await.map(|_| ())
}

/// [`expire`], by whoever acts as the operator.
///
/// # Errors
/// `NotFound`.
pub async fn expire_as(ctx: &Ctx, operator: &Operator, id: LicenceId) -> Result<LicenceView> {
    let now = ctx.now();
    ctx.db()
        .write(|tx, _| Box::pin(async {
                let stored = licence::find(tx, id).await?.ok_or(Refusal::NotFound)?;
                if stored.licence.has_expired(now) {
                    // When it ended stays as it was: it says which licence ended last (XFER-12).
                    return show_in(tx, ctx, id).await;
                }
                licence::update_active_until(tx, id, now).await?;
                let summary = format!("ended a {} licence", stored.licence.product.label());
                let what = AuditEvent {
                    organization: Some(stored.organization),
                    before: Some(serde_json::json!({ "licence": id, "active_until": stored.licence.active_until.map(Timestamp::rfc3339) })),
                    after: Some(serde_json::json!({ "licence": id, "active_until": now.rfc3339() })),
                    ..AuditEvent::new(Action::LicenceExpired, summary)
                };
                audit::note_as(tx, ctx, operator, what).await?;
                show_in(tx, ctx, id).await
            }))
        .await
}

async fn show_in(tx: &mut Tx, ctx: &Ctx, id: LicenceId) -> Result<LicenceView> {
    let stored = licence::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    Ok(view(&stored, ctx.now()))
}

/// A licence, for the operator.
///
/// # Errors
/// `NotFound`.
pub async fn show_as_operator(ctx: &Ctx, id: LicenceId) -> Result<LicenceView> {
    show_in(&mut ctx.db().read().await?, ctx, id).await
}

/// A licence in the operator's list, with the Org ID of who has it.
#[derive(Debug, Clone)]
pub struct OwnedLicence {
    /// The licence.
    pub licence: LicenceView,
    /// The Org ID.
    pub org_id: String,
}

/// One page of all licences there are, or of an organization's, oldest first, for the operator.
///
/// # Errors
/// `NotFound` for an unknown organization; `Invalid` at a field of the query.
pub async fn list_as_operator(ctx: &Ctx, org: &str, cursor: &str, limit: Option<i64>) -> Result<Page<OwnedLicence>> {
    let limit = super::limit(limit)?;
    let pager = Pager::new("licences");
    let behind = pager.read(cursor)?;
    let mut tx = ctx.db().read().await?;
    let organization = match org.trim() {
        "" => None,
        org => Some(operator::find_organization(&mut tx, org).await?.id),
    };
    let now = ctx.now();
    let rows = licence::list_all(&mut tx, organization, behind, limit + 1).await?;
    let page = pager.page(rows, limit, |(stored, _)| stored.licence.id)?;
    Ok(page.map(|(stored, org_id)| OwnedLicence { licence: view(&stored, now), org_id }))
}
