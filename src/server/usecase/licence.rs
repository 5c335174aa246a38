//! Licences and their books: looking (people) and granting (the operator).

use std::collections::BTreeSet;

use crate::domain::{
    id::{AccountId, EntryId, LicenceId, OrganizationId, PersonId},
    licence::{Amount, EntryKind, Family, Model, Product},
    refusal::Refusal,
    role::{Permission, Role, allow, may},
    text::{Fields, Problem, key},
    time::{Day, Timestamp},
    view::{EntryView, LicenceState, LicenceView, Page},
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, account, licence, membership},
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
    }
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
        allow(by.person, found.id, role, Permission::ViewUsage)?;
    }
    let now = ctx.now();
    let stored = licence::list(&mut tx, found.id).await?;
    Ok(stored.iter().filter(|stored| managed.contains(&stored.account)).map(|stored| view(stored, now)).collect())
}

/// The accounts of an organization whose usage somebody may see: all of them, or those in which their role counts (ACCT-2).
///
/// # Errors
/// The database.
pub async fn accounts_with_usage(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
) -> Result<BTreeSet<AccountId>> {
    let roles = account::list_roles(tx, organization, person).await?;
    Ok(roles.into_iter().filter(|(_, role)| may(*role, Permission::ViewUsage)).map(|(id, _)| id).collect())
}

/// One page of a licence's ledger, newest first.
///
/// # Errors
/// `NotFound` and `Forbidden` by role.
pub async fn ledger(ctx: &Ctx, by: &Principal, id: &str, cursor: &str, limit: Option<i64>) -> Result<Page<EntryView>> {
    let limit = super::limit(limit)?;
    let id: LicenceId = super::id("id", id)?;
    let before: Option<EntryId> =
        super::read_cursor(cursor, 1)?.map(|parts| super::id("cursor", &parts[0])).transpose()?;
    let mut tx = ctx.db().read().await?;
    let stored = licence::find(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
    let roles = account::list_roles(&mut tx, stored.organization, by.person).await?;
    let there = roles.iter().find(|(id, _)| *id == stored.account).map(|(_, role)| *role);
    match there.or(membership::find_role(&mut tx, stored.organization, by.person).await?) {
        // What is in an account that one's role does not count in does not exist.
        Some(Role::Member) if roles.iter().any(|(_, role)| *role != Role::Member) => {
            return Err(Refusal::NotFound.into());
        }
        role => allow(by.person, stored.organization, role, Permission::ViewUsage)?,
    };
    let entries = licence::list_entries(&mut tx, id, before, limit + 1).await?;
    let page = super::page(entries, limit, |(id, _)| super::cursor(&[&id.to_string()]));
    Ok(Page { items: page.items.into_iter().map(|(_, entry)| entry).collect(), next_cursor: page.next_cursor })
}

/// What the operator grants, unread.
#[derive(Debug, Clone, Default)]
pub struct GrantForm {
    /// Org ID or id.
    pub org: String,
    /// Account ID or id; may be left out where the organization has one account.
    pub account: Option<String>,
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

/// Grants a licence to an account of an organization (LIC-1): the operator's command line.
///
/// # Errors
/// `Invalid` with the problem of every field, an unknown account and one that has to be named among them; `NotFound` for an
/// unknown organization.
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
    let (ctx_in, org, named, seats) = (ctx.clone(), form.org.clone(), form.account.clone(), form.seats);
    let change = Amount { images: form.images, projects: form.projects, credits: form.credits };
    ctx.db()
        .write(move |tx| {
            let (ctx, org, named) = (ctx_in.clone(), org.clone(), named.clone());
            Box::pin(async move {
                let organization = super::plan::find_for_operator(tx, &org).await?;
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

/// The account of an organization that the operator means: the one that is named, or the only one.
async fn account_for(tx: &mut Tx, organization: OrganizationId, named: Option<&str>) -> Result<account::Account> {
    let all = account::list(tx, organization).await?;
    let found = match named.map(str::trim).filter(|named| !named.is_empty()) {
        Some(named) => {
            let (id, wanted) = (named.parse::<AccountId>().ok(), key(named));
            all.into_iter()
                .find(|one| Some(one.id) == id || key(&one.account_id) == wanted)
                .ok_or_else(|| Refusal::field("account", Problem::NotAChoice))
        }
        None if all.len() > 1 => Err(Refusal::field("account", Problem::SeveralAccounts)),
        None => all.into_iter().next().ok_or(Refusal::NotFound),
    };
    Ok(found?)
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
