//! The ledger of a licence: in pages, and exported.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    domain::{
        id::LicenceId,
        licence::EntryKind,
        permit::allow,
        refusal::Refusal,
        role::{Permission, Role, may},
        text::FieldIssue,
        time::Day,
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result, at_field},
        store::{Tx, account, licence, membership},
        usecase::{self, pager::Pager},
    },
    view::{EntryView, Page, licence::LedgerView, query},
};

use super::list::view;

/// How many entries an export has at most.
pub const MAX_EXPORT_ROWS: i64 = 100_000;
/// How many entries the page shows at once.
const ENTRIES: i64 = 50;

/// Which entries of a ledger are wanted, as texts.
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

/// One page of a licence's ledger, newest first.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn ledger(ctx: &Ctx, by: &Principal, id: &str, query: &LedgerQuery) -> Result<Page<EntryView>> {
    let limit = usecase::limit(query.limit)?;
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
    let id: LicenceId = usecase::id("id", &query.id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    let organization = usecase::organization::belonging(&mut tx, by, &query.org).await?;
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

/// Begins an export of entries.
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
    pub const fn licence(&self) -> LicenceId {
        self.stored.licence.id
    }

    /// The next entries; none at the end. A long export takes many requests of the database, so the right to read is checked
    /// for each.
    ///
    /// # Errors
    /// `NotFound` and `Forbidden` by role.
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
    let id: LicenceId = usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let stored = licence::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    may_see(tx, by, &stored).await?;
    Ok(stored)
}

/// Whether somebody may see a licence, by the role that counts in its account (ACCT-2). A licence of an account in which their
/// role does not count does not exist for them.
async fn may_see(tx: &mut Tx, by: &Principal, stored: &licence::StoredLicence) -> Result<()> {
    let roles = account::list_roles(tx, stored.organization, by.person).await?;
    let there = roles.iter().find(|(id, _)| *id == stored.account).map(|(_, role)| *role);
    // A machine has a role in its own account only, and no membership to fall back on.
    if there.is_none() && by.key.is_some() {
        return Err(Refusal::NotFound.into());
    }
    match there.or(membership::find_role(tx, stored.organization, by.person).await?) {
        // Somebody who is limited to other accounts counts as a Member in this one.
        Some(Role::Member) if roles.iter().any(|(_, role)| *role != Role::Member) => Err(Refusal::NotFound.into()),
        role => Ok(allow(by.who(), stored.organization, role, Permission::ViewUsage).map(|_| ())?),
    }
}
