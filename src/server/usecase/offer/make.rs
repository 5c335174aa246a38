//! Offering items to another organization.

use crate::{
    domain::{
        audit::Action,
        blocker::{Blocker, BlockerCode},
        id::{OfferId, OrganizationId, PersonId, ResourceId},
        items::Items,
        offer::{MAX_ITEMS, MAX_OFFERS_PER_DAY, OPEN_DAYS, OfferState, read_note},
        refusal::Refusal,
        role::{Permission, may},
        text::{FieldIssue, Identifier},
        transfer::{
            Summary,
            offer::{self as rules, OfferPlan},
        },
    },
    paths,
    server::{
        context::{Ctx, Principal, digest},
        error::{Error, Result, at_field},
        limit::Key,
        mail::{self, EmailMessage},
        store::{
            Tx, membership,
            offer::{self, Offer},
            organization as organizations,
        },
        usecase::{
            audit::{self, AuditEvent},
            mail_limit::{MailBudget, proved},
            transfer,
        },
    },
    view::{
        outcome::OfferSent,
        transfer::{OfferPlanView, OfferView, TransferDirection},
    },
};

use super::show::{view, viewer_of};

/// How many items an offer names.
const MAX_NAMED_ITEMS: usize = 100;
/// How many people get an email about an offer at most.
const TOLD: i64 = 50;

/// What would be offered, before it is.
///
/// # Errors
/// `NotFound` if an item does not exist for the caller; `Invalid` at `items`.
pub async fn preview(ctx: &Ctx, by: &Principal, items: &Items) -> Result<OfferPlanView> {
    check_count(items)?;
    let mut tx = ctx.db().read().await?;
    let (offering, _, source_name) = plan_offer(&mut tx, ctx, by.person, items).await?;
    Ok(OfferPlanView { offering, source_name })
}

/// Offers items to the organization with an Org ID.
///
/// # Errors
/// `Invalid` at `items`, `target` or `note`; `NotFound` if an item does not exist for the caller; `Blocked` with everything
/// that is in the way on this side; `EmailUnverified`; `RateLimited` for guessed Org IDs, and for very many offers.
pub async fn make(ctx: &Ctx, by: &Principal, items: &Items, target: &str, note: &str) -> Result<OfferView> {
    check_count(items)?;
    let note = read_note(note).map_err(at_field("note"))?;
    // The target is looked up before the transaction: guesses are counted in memory, and a transaction may run twice.
    let found = {
        let mut tx = ctx.db().read().await?;
        // Who may not even see the items learns nothing of Org IDs here.
        plan_offer(&mut tx, ctx, by.person, items).await?;
        find_target(&mut tx, ctx, by, target).await?
    };
    let budget = MailBudget::about(ctx, by, 1)?;
    let made: Result<OfferView> =
        ctx.db().write(|tx, _| Box::pin(async { make_in(tx, ctx, by, items, &found, &note).await })).await;
    let made = made?;
    budget.sent(1);
    Ok(made)
}

/// [`make`], and whether who made the offer may open its page.
///
/// # Errors
/// See [`make`].
pub async fn send(ctx: &Ctx, by: &Principal, items: &Items, target: &str, note: &str) -> Result<OfferSent> {
    let offer = make(ctx, by, items, target, note).await?;
    let mut tx = ctx.db().read().await?;
    let source = organizations::find(&mut tx, offer.source).await?.ok_or(Refusal::NotFound)?;
    let role = membership::find_role(&mut tx, source.id, by.person).await?;
    let may_open = role.is_some_and(|role| may(role, Permission::ReadAudit));
    Ok(OfferSent { offer, source_org_id: source.org_id, may_open })
}

async fn make_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    items: &Items,
    found: &organizations::Organization,
    note: &str,
) -> Result<OfferView> {
    proved(tx, by).await?;
    let now = ctx.now();
    let (offering, source, source_name) = plan_offer(tx, ctx, by.person, items).await?;
    if source == found.id {
        return Err(Refusal::field("target", FieldIssue::OwnOrganization).into());
    }
    if !offering.is_clear() {
        return Err(Refusal::Blocked(offering.blockers).into());
    }
    if offer::count_made_by(tx, by.person, now.plus_days(-1)).await? >= MAX_OFFERS_PER_DAY {
        return Err(Refusal::RateLimited(3_600).into());
    }
    let name = match offering.items.as_slice() {
        [one] => Some(one.name.clone()),
        _ => None,
    };
    let new = Offer {
        id: OfferId(ctx.id()),
        source,
        target: found.id,
        person: by.person,
        person_name: by.name.clone(),
        source_name,
        target_name: found.name.clone(),
        note: note.to_owned(),
        state: OfferState::Open,
        digest: digest_of(&offering)?,
        what: Summary {
            name,
            items: offering.items.len() as u64,
            folders: offering.folders,
            datasets: offering.datasets,
            images: offering.images,
            model_pair: None,
        },
        items: offering.items.iter().take(MAX_NAMED_ITEMS).cloned().collect(),
        created_at: now,
        expires_at: now.plus_days(OPEN_DAYS),
        answered_at: None,
        answered_by: None,
        answered_name: None,
        transfer: None,
        all_there: true,
    };
    let topmost: Vec<ResourceId> = offering.items.iter().map(|item| item.id).collect();
    offer::insert(tx, &new, &topmost).await?;
    let what = new.what.what();
    let message = EmailMessage::TransferOffered {
        organization: &new.target_name,
        path: &paths::offer(&found.org_id, &new.id.to_string()),
        source: &new.source_name,
        by: &by.name,
        what: &what,
        note: &new.note,
        days: OPEN_DAYS,
        expires_at: new.expires_at,
    };
    for address in offer::list_addresses(tx, found.id, TOLD).await? {
        mail::post(tx, ctx, &address, &message).await?;
    }
    record_both(tx, ctx, by, &new, (Action::OfferMade, Action::OfferReceived), |there| {
        if there {
            format!("offered {what} of {} to this organization", new.source_name)
        } else {
            format!("offered {what} to {}", new.target_name)
        }
    })
    .await?;
    let standing = viewer_of(tx, by, &new).await?;
    view(tx, ctx, by, new, standing, TransferDirection::Out).await
}

fn check_count(items: &Items) -> Result<()> {
    if items.len() > MAX_ITEMS { Err(Refusal::field("items", FieldIssue::TooMany(MAX_ITEMS)).into()) } else { Ok(()) }
}

/// What is offered, and what is in the way. One thing in the way is an item that is offered already.
async fn plan_offer(
    tx: &mut Tx,
    ctx: &Ctx,
    by: PersonId,
    items: &[ResourceId],
) -> Result<(OfferPlan, OrganizationId, String)> {
    let (source, prepared) = transfer::load::load_offered(tx, ctx, by, items).await?;
    let mut offering = rules::offering(&source, &prepared, ctx.now());
    for (resource, _, target) in offer::list_open_of(tx, items, ctx.now()).await? {
        let Some(item) = offering.items.iter().find(|item| item.id == resource) else { continue };
        let message = format!("“{}” is already offered to {target}. Withdraw that offer first.", item.name);
        let (code, name) = (BlockerCode::ChangedSince, Some(item.name.clone()));
        offering.blockers.push(Blocker { code, resource: Some(resource), name, message });
    }
    Ok((offering, source.organization, source.name))
}

/// The digest of what is offered. It is stored with the offer, and compared when somebody takes it.
pub(super) fn digest_of(offering: &OfferPlan) -> Result<String> {
    let json = serde_json::to_vec(&offering.content()).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(digest(&json))
}

/// The organization behind an Org ID, in upper or lower case. Wrong guesses are limited. That an Org ID exists is no secret
/// otherwise: founding an organization tells that it is taken.
async fn find_target(tx: &mut Tx, ctx: &Ctx, by: &Principal, target: &str) -> Result<organizations::Organization> {
    let keys = [Key::failures(format!("offer {}", by.person))];
    ctx.limits().take(&keys, 1)?;
    let org_id = Identifier::parse(target).map_err(at_field("target"))?;
    let found = match organizations::find_id(tx, &org_id.key()).await? {
        Some(id) => organizations::find(tx, id).await?,
        None => None,
    };
    match found.filter(|found| found.space_of.is_none()) {
        Some(found) => {
            ctx.limits().give_back(&keys, 1);
            Ok(found)
        }
        None => Err(Refusal::field("target", FieldIssue::NoSuchOrganization).into()),
    }
}

/// Records the event in the logs of both organizations.
async fn record_both(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    of: &Offer,
    actions: (Action, Action),
    summary: impl Fn(bool) -> String,
) -> Result<()> {
    for (there, organization, action) in [(false, of.source, actions.0), (true, of.target, actions.1)] {
        let items: Vec<_> = of.items.iter().collect();
        let event = AuditEvent {
            organization: Some(organization),
            transfer: of.transfer,
            after: Some(serde_json::json!({ "offer": of.id, "items": items })),
            resources: of.items.iter().map(|item| item.id).collect(),
            ..AuditEvent::new(action, summary(there))
        };
        audit::record(tx, ctx, by, event).await?;
    }
    Ok(())
}
