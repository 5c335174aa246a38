//! What the operator does with licences: granting, topping up, extending and ending them (LIC-1).

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        audit::Action,
        billing::{self as rules, MAX_GRANT_AMOUNT, MAX_SEATS},
        fields::Fields,
        id::{AccountId, EntryId, LicenceId, OrganizationId},
        licence::{Amount, EntryKind, Family, Model, Product},
        refusal::Refusal,
        text::{FieldIssue, key as folded},
        time::{Day, Timestamp},
    },
    server::{
        context::Ctx,
        error::{Error, Result},
        store::{Tx, account, licence, organization},
        usecase::{
            self,
            audit::{self, AuditEvent},
            operator::{self, Operator},
            pager::Pager,
            waiting,
        },
    },
    view::{LicenceView, Page},
};

use super::list::view;

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
    // The start of the day, not this moment: with a clock that is set back, the licence would not have begun yet.
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
                    trial: false,
                    active_from,
                    active_until,
                    at: now,
                };
                licence::insert(tx, &new).await?;
                // A licence may be the reason that a personal space becomes an organization (SPACE-1).
                usecase::organization::turn_space(tx, organization.id).await?;
                if !change.is_nothing() {
                    let entry = licence::NewEntry {
                        id: EntryId(ctx.id()),
                        licence: id,
                        kind: EntryKind::Grant,
                        change,
                        transfer: None,
                        resource: None,
                        job: None,
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
                waiting::start_waiting(tx, ctx, account.id).await?;
                Ok::<_, Error>(id)
            })
        })
        .await
}

/// The account that the operator named, or the only one of the organization.
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

/// A licence of an organization and an account that are not deleted.
async fn find_as_operator(tx: &mut Tx, id: LicenceId) -> Result<licence::StoredLicence> {
    let stored = licence::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    organization::find(tx, stored.organization).await?.ok_or(Refusal::NotFound)?;
    // The licences of a deleted account ended with it, and cannot be extended.
    account::find(tx, stored.account).await?.ok_or(Refusal::NotFound)?;
    Ok(stored)
}

/// Adds to the balance of a licence (**top up**), as an entry in its ledger. Datasets that waited for credits start.
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
                    job: None,
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
                waiting::start_waiting_with(tx, ctx, id).await?;
                show_in(tx, ctx, id).await
            })
        })
        .await
}

/// Changes the last day of a licence (**extend**). This can make an expired licence active again, and datasets that waited for
/// credits start.
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
                waiting::start_waiting_with(tx, ctx, id).await?;
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
                    // Its end is not changed: which licence ended last still counts (XFER-12).
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

/// A licence, whoever has it.
///
/// # Errors
/// `NotFound`.
pub async fn show_as_operator(ctx: &Ctx, id: LicenceId) -> Result<LicenceView> {
    show_in(&mut ctx.db().read().await?, ctx, id).await
}

/// A licence in the operator's list, with the Org ID of who has it.
#[derive(Debug, Clone)]
pub struct OwnedLicence {
    pub licence: LicenceView,
    pub org_id: String,
}

/// One page of all licences, or of those of an organization, oldest first.
///
/// # Errors
/// `NotFound` for an unknown organization; `Invalid` at a field of the query.
pub async fn list_as_operator(ctx: &Ctx, org: &str, cursor: &str, limit: Option<i64>) -> Result<Page<OwnedLicence>> {
    let limit = usecase::limit(limit)?;
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
