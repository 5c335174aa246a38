//! Offers (XFER-18): whoever may transfer out of an organization, and has no right in another, offers it the items; there
//! somebody takes them, or not. Every rule is checked when it is offered, as far as it can be, and all of them again when
//! it is taken.
//!
//! # Invariants
//! - Who offers learns the target's name, and nothing else of it.
//! - An offer is taken once: that it is not open any more is written in the transaction of the transfer.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    domain::{
        blocker::{Blocker, BlockerCode},
        id::{OfferId, OrganizationId, PersonId, ResourceId},
        items::Items,
        offer::{MAX_ITEMS, MAX_OFFERS_PER_DAY, OPEN_DAYS, OfferState, OfferViewer, read_note},
        refusal::Refusal,
        resource::Kind,
        role::{Permission, Role, may},
        text::{FieldIssue, Identifier},
        transfer::{
            Plan, Summary,
            offer::{self as rules, OfferPlan},
        },
    },
    paths,
    view::{
        DestinationRow, OrganizationMembership, Page, PlanView, ReceiptView,
        outcome::OfferSent,
        transfer::{OfferDestinationView, OfferPageView, OfferPlanView, OfferView, OfferedItem, TransferDirection},
    },
};

use super::{
    super::{
        context::{Ctx, Principal, digest},
        error::{Error, Result, at_field},
        limit::Key,
        mail::{self, EmailMessage},
        store::{
            Tx, account, membership,
            offer::{self, Answer, Offer},
            organization as organizations,
        },
    },
    access,
    audit::{self, AuditEvent},
    drive,
    mail_limit::{MailBudget, proved},
    organization,
    transfer::{
        self,
        load::{Parties, PlanInput},
    },
};

/// How many items an offer names.
const MAX_NAMED_ITEMS: usize = 100;
/// How many people are told of an offer.
const TOLD: i64 = 50;
/// How many offered items the Drive knows of.
const SHOWN_OFFERED: i64 = 1_000;
/// How many offers Home shows.
const ON_HOME: i64 = 5;

fn digest_of(offering: &OfferPlan) -> Result<String> {
    let json = serde_json::to_vec(&offering.content()).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(digest(&json))
}

/// What is offered, and what is in the way: also that one of the items is offered already.
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

fn check_count(items: &Items) -> Result<()> {
    if items.len() > MAX_ITEMS { Err(Refusal::field("items", FieldIssue::TooMany(MAX_ITEMS)).into()) } else { Ok(()) }
}

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

/// The organization behind an Org ID, in any case. Who guesses is slowed down: it tells no more than that an Org ID is taken,
/// which founding an organization tells as well.
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

/// Offers items to the organization with an Org ID.
///
/// # Errors
/// `Invalid` at `items`, `target` or `note`; `NotFound` if an item does not exist for the caller; `Blocked` with everything
/// that is in the way on this side; `EmailUnverified`; `RateLimited` for guessed Org IDs, and for very many offers.
pub async fn make(ctx: &Ctx, by: &Principal, items: &Items, target: &str, note: &str) -> Result<OfferView> {
    check_count(items)?;
    let note = read_note(note).map_err(at_field("note"))?;
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
    record_both(tx, ctx, by, &new, ("offer.made", "offer.received"), |there| {
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

/// A line in both logs.
async fn record_both(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    of: &Offer,
    actions: (&'static str, &'static str),
    summary: impl Fn(bool) -> String,
) -> Result<()> {
    for (there, organization, action) in [(false, of.source, actions.0), (true, of.target, actions.1)] {
        let items: Vec<_> = of.items.iter().collect();
        let event = AuditEvent {
            organization: Some(organization),
            action,
            summary: summary(there),
            transfer: of.transfer,
            after: Some(serde_json::json!({ "offer": of.id, "items": items })),
            resources: of.items.iter().map(|item| item.id).collect(),
            ..AuditEvent::default()
        };
        audit::record(tx, ctx, by, event).await?;
    }
    Ok(())
}

async fn viewer_of(tx: &mut Tx, by: &Principal, of: &Offer) -> Result<OfferViewer> {
    // What a deleted organization offered, or was offered, is not there for anybody.
    let role = async |tx: &mut Tx, id| -> Result<Option<Option<Role>>> {
        Ok(organizations::find_with_role(tx, id, by.person).await?.map(|(_, role)| role))
    };
    let (in_source, in_target) = (role(tx, of.source).await?, role(tx, of.target).await?);
    Ok(OfferViewer { in_source: in_source.flatten(), in_target: in_target.flatten(), made_it: of.person == by.person })
}

async fn view(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    of: Offer,
    standing: OfferViewer,
    direction: TransferDirection,
) -> Result<OfferView> {
    let state = of.now(ctx.now());
    let open = state == OfferState::Open;
    let target_org_id = match standing.in_target {
        Some(_) => organizations::find(tx, of.target).await?.map(|found| found.org_id),
        None => None,
    };
    // Who of the target declined is nothing that the source learns, nor who of the source withdrew that the target does.
    let shown = match state {
        OfferState::Accepted => true,
        OfferState::Declined => standing.in_target.is_some(),
        _ => standing.sees_as_source() || of.answered_by == Some(by.person),
    };
    Ok(OfferView {
        id: of.id,
        direction,
        state,
        source: of.source,
        source_name: of.source_name,
        target_name: of.target_name,
        target_org_id,
        by_name: of.person_name,
        note: of.note,
        items: of.items,
        what: of.what,
        created_at: of.created_at,
        expires_at: of.expires_at,
        answered_at: of.answered_at,
        answered_by_name: of.answered_name.filter(|_| shown),
        transfer: of.transfer,
        may_answer: open && standing.may_answer(),
        may_withdraw: open && standing.may_withdraw(),
    })
}

/// An offer that somebody sees, and how they stand to it.
async fn seen(tx: &mut Tx, by: &Principal, id: OfferId) -> Result<(Offer, OfferViewer)> {
    let of = offer::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let standing = viewer_of(tx, by, &of).await?;
    if standing.sees() { Ok((of, standing)) } else { Err(Refusal::NotFound.into()) }
}

/// From which side somebody looks at an offer, who may look from both.
fn side_of(standing: OfferViewer) -> TransferDirection {
    if standing.may_answer() { TransferDirection::In } else { TransferDirection::Out }
}

fn id_of(text: &str) -> Result<OfferId> {
    super::id("id", text).map_err(|_| Refusal::NotFound.into())
}

/// One offer.
///
/// # Errors
/// `NotFound` for who is not of either side's Owners and Managers, the target's Editors, or who made it.
pub async fn show(ctx: &Ctx, by: &Principal, id: &str) -> Result<OfferView> {
    let id = id_of(id)?;
    let mut tx = ctx.db().read().await?;
    let (of, standing) = seen(&mut tx, by, id).await?;
    view(&mut tx, ctx, by, of, standing, side_of(standing)).await
}

/// Which offers are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct OfferQuery {
    /// `in` (to the organization) or `out` (by it). Default: `in`.
    pub direction: String,
    /// Where the page starts.
    pub cursor: String,
    /// 1 to 200.
    pub limit: Option<i64>,
}

/// Offers of an organization, or to it, newest first: those to it where nobody says.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str, query: &OfferQuery) -> Result<Page<OfferView>> {
    let mut tx = ctx.db().read().await?;
    let belonging = organization::belonging(&mut tx, by, org).await?;
    page(&mut tx, ctx, by, &belonging, query).await
}

pub(super) async fn page(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    belonging: &OrganizationMembership,
    query: &OfferQuery,
) -> Result<Page<OfferView>> {
    let limit = super::limit(query.limit)?;
    let direction = match query.direction.as_str() {
        "" => TransferDirection::In,
        word => TransferDirection::parse(word).map_err(at_field("direction"))?,
    };
    let role = belonging.role.ok_or(Refusal::NotFound)?;
    // Who is not a Manager sees what they offered themselves.
    let mine = match direction {
        TransferDirection::In if role < Role::Editor => {
            return Err(Refusal::Forbidden(
                "Only Editors, Managers and Owners see the offers to an organization.".to_owned(),
            )
            .into());
        }
        TransferDirection::Out if role < Role::Manager => Some(by.person),
        TransferDirection::In | TransferDirection::Out => None,
    };
    let before = match super::read_cursor(&query.cursor, 1)? {
        Some(parts) => Some(super::id("cursor", &parts[0])?),
        None => None,
    };
    let wanted = offer::OfferFilter { organization: belonging.id, direction, by: mine, before, limit: limit + 1 };
    let rows = offer::list(tx, &wanted).await?;
    let rows = super::page(rows, limit, |of| super::cursor(&[&of.id.to_string()]));
    let items = rows.items.into_iter().map(|of| view_of_side(ctx, by, belonging, of, direction)).collect();
    Ok(Page { items, next_cursor: rows.next_cursor })
}

/// An offer in a list, as one side sees it: nothing more is asked for it.
fn view_of_side(
    ctx: &Ctx,
    by: &Principal,
    belonging: &OrganizationMembership,
    of: Offer,
    direction: TransferDirection,
) -> OfferView {
    let standing = match direction {
        TransferDirection::Out => {
            OfferViewer { in_source: belonging.role, in_target: None, made_it: of.person == by.person }
        }
        TransferDirection::In => OfferViewer { in_source: None, in_target: belonging.role, made_it: false },
    };
    let state = of.now(ctx.now());
    let open = state == OfferState::Open;
    let shown = match (state, direction) {
        (OfferState::Accepted, _) | (OfferState::Declined, TransferDirection::In) => true,
        (OfferState::Declined, TransferDirection::Out) => false,
        (_, direction) => direction == TransferDirection::Out,
    };
    OfferView {
        id: of.id,
        direction,
        state,
        source: of.source,
        source_name: of.source_name,
        target_name: of.target_name,
        target_org_id: Some(belonging.org_id.clone()).filter(|_| direction == TransferDirection::In),
        by_name: of.person_name,
        note: of.note,
        items: of.items,
        what: of.what,
        created_at: of.created_at,
        expires_at: of.expires_at,
        answered_at: of.answered_at,
        answered_by_name: of.answered_name.filter(|_| shown),
        transfer: of.transfer,
        may_answer: open && standing.may_answer(),
        may_withdraw: open && standing.may_withdraw(),
    }
}

/// The offers that wait for an answer of an organization: for its Home.
pub(super) async fn waiting(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    belonging: &OrganizationMembership,
) -> Result<Vec<OfferView>> {
    if belonging.role.is_none_or(|role| role < Role::Editor) {
        return Ok(Vec::new());
    }
    let waiting = offer::list_waiting(tx, belonging.id, ctx.now(), ON_HOME).await?;
    let views = waiting.into_iter().map(|of| view_of_side(ctx, by, belonging, of, TransferDirection::In));
    Ok(views.filter(|of| of.state == OfferState::Open).collect())
}

/// What of an organization is offered to another now, for its Owners and Managers.
pub(super) async fn offered(tx: &mut Tx, ctx: &Ctx, belonging: &OrganizationMembership) -> Result<Vec<OfferedItem>> {
    if belonging.role.is_none_or(|role| role < Role::Manager) {
        return Ok(Vec::new());
    }
    Ok(offer::list_open(tx, belonging.id, ctx.now(), SHOWN_OFFERED).await?)
}

/// Where offered items go where nobody says: the root of the target's Drive.
async fn destination_or_root(tx: &mut Tx, of: &Offer, destination: &str) -> Result<ResourceId> {
    if destination.is_empty() {
        let accounts = account::list(tx, of.target).await?;
        return Ok(accounts.first().map(|account| account.root).ok_or(Refusal::NotFound)?);
    }
    super::id("destination", destination)
}

/// Plans the transfer of an offer: the offerer's right in the source, the taker's in the target.
async fn plan_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    of: &Offer,
    destination: ResourceId,
) -> Result<(PlanInput, Plan)> {
    let items = offer::list_items(tx, of.id).await?;
    let loaded = transfer::load::load(tx, ctx, Parties { giver: of.person, by }, &items, destination).await;
    let loaded = match loaded {
        // The items are there, so it is who offered them who does not see them any more, or the place.
        Err(Error::Refused(Refusal::NotFound)) if may_receive_at(tx, by, of, destination).await? => {
            let text = format!("{}, who offered this, no longer has access to it.", of.person_name);
            let blocker = Blocker { code: BlockerCode::SourceRoleTooLow, resource: None, name: None, message: text };
            return Err(Refusal::Blocked(vec![blocker]).into());
        }
        loaded => loaded?,
    };
    if loaded.facts.target.organization != of.target {
        return Err(Refusal::NotFound.into());
    }
    let now = rules::offering(&loaded.facts.source, &loaded.facts.items, ctx.now());
    let plan = rules::take(&loaded.facts, &of.person_name, digest_of(&now)? == of.digest);
    Ok((loaded, plan))
}

async fn may_receive_at(tx: &mut Tx, by: &Principal, of: &Offer, destination: ResourceId) -> Result<bool> {
    let access_path = access::access_paths(tx, by.person, &[destination]).await?.remove(&destination);
    Ok(access_path
        .is_some_and(|access_path| access_path.level().is_some() && access_path.facts.organization == of.target))
}

/// An offer that somebody may answer now.
async fn find_answerable(tx: &mut Tx, ctx: &Ctx, by: &Principal, id: OfferId) -> Result<Offer> {
    let (of, standing) = seen(tx, by, id).await?;
    if !standing.may_answer() {
        let text = "Only Editors, Managers and Owners of the organization it is offered to answer an offer.";
        return Err(Refusal::Forbidden(text.to_owned()).into());
    }
    of.now(ctx.now()).open()?;
    Ok(of)
}

fn plan_view(loaded: &PlanInput, mut plan: Plan, digest: String) -> PlanView {
    // Names of people and of links of the source are told once it is done, to who may read the receipt.
    plan.effects.people_losing_access.first.clear();
    plan.effects.links_stopped.first.clear();
    PlanView {
        digest,
        source_name: loaded.facts.source.name.clone(),
        target_name: loaded.facts.target.name.clone(),
        target_org_id: loaded.target_org_id().to_owned(),
        may_take_access: false,
        plan,
    }
}

/// What taking an offer would do, and what is in the way (XFER-15).
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `OfferClosed`; `Invalid` at `destination`.
pub async fn plan(ctx: &Ctx, by: &Principal, id: &str, destination: &str) -> Result<PlanView> {
    let id = id_of(id)?;
    let mut tx = ctx.db().read().await?;
    let of = find_answerable(&mut tx, ctx, by, id).await?;
    let destination = destination_or_root(&mut tx, &of, destination).await?;
    let (loaded, plan) = plan_in(&mut tx, ctx, by, &of, destination).await?;
    let digest = transfer::load::digest_of(&plan)?;
    Ok(plan_view(&loaded, plan, digest))
}

/// **Accept**: transfers what was offered, all of it or nothing, once.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `OfferClosed` if it was answered, withdrawn, is too old or void; `Blocked` with
/// everything that is in the way; `PlanChanged` if the digest is of another plan.
pub async fn accept(
    ctx: &Ctx,
    by: &Principal,
    id: &str,
    destination: &str,
    confirmed: Option<String>,
) -> Result<ReceiptView> {
    let id = id_of(id)?;
    let done: Result<ReceiptView> = ctx
        .db()
        .write(|tx, _| Box::pin(async { accept_in(tx, ctx, by, id, destination, confirmed.as_deref()).await }))
        .await;
    match done {
        Err(error) if error.is_taken() => Err(Refusal::Conflict.into()),
        done => done,
    }
}

async fn accept_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    id: OfferId,
    destination: &str,
    confirmed: Option<&str>,
) -> Result<ReceiptView> {
    let mut of = find_answerable(tx, ctx, by, id).await?;
    let destination = destination_or_root(tx, &of, destination).await?;
    let (loaded, plan) = plan_in(tx, ctx, by, &of, destination).await?;
    let digest = transfer::load::digest_of(&plan)?;
    if confirmed.is_some_and(|confirmed| confirmed != digest) {
        return Err(Refusal::PlanChanged.into());
    }
    let moved = transfer::execute::carry_out(tx, ctx, by, loaded, plan, digest, None).await?;
    of.transfer = Some(moved.receipt.id);
    answer(tx, ctx, by, &of, OfferState::Accepted).await?;
    Ok(moved.receipt)
}

/// Notes an answer, in the offer and in both logs, and tells who offered.
async fn answer(tx: &mut Tx, ctx: &Ctx, by: &Principal, of: &Offer, state: OfferState) -> Result<()> {
    let noted = Answer { state, by: by.person, name: &by.name, transfer: of.transfer, at: ctx.now() };
    if !offer::update_answered(tx, of.id, &noted).await? {
        let now = offer::find(tx, of.id).await?.map_or(OfferState::Void, |of| of.now(ctx.now()));
        return Err(now.closed().into());
    }
    let what = of.what.what();
    let (done, actions) = match state {
        OfferState::Accepted => ("accepted", ("offer.accepted", "offer.accepted")),
        OfferState::Declined => ("declined", ("offer.declined", "offer.declined")),
        _ => ("withdrew", ("offer.withdrawn", "offer.withdrawn")),
    };
    // Who of the other side did it is told where that side is told who they are: in the receipt.
    let anonymous = Principal { name: of.target_name.clone(), ..by.clone() };
    for (there, organization, action) in [(false, of.source, actions.0), (true, of.target, actions.1)] {
        let actor = if state == OfferState::Declined && !there { &anonymous } else { by };
        let event = AuditEvent {
            organization: Some(organization),
            action,
            summary: format!(
                "{done} the offer of {what} {}",
                if there { format!("from {}", of.source_name) } else { format!("to {}", of.target_name) }
            ),
            resources: of.items.iter().map(|item| item.id).collect(),
            transfer: of.transfer,
            ..AuditEvent::default()
        };
        audit::record(tx, ctx, actor, event).await?;
    }
    if state == OfferState::Withdrawn {
        return Ok(());
    }
    let Some(offerer) = super::super::store::person::find(tx, of.person).await? else { return Ok(()) };
    let in_source = organizations::find_with_role(tx, of.source, of.person).await?;
    let Some((source, Some(_))) = in_source else { return Ok(()) };
    let path = paths::offer(&source.org_id, &of.id.to_string());
    let message = EmailMessage::OfferAnswered {
        organization: &of.target_name,
        path: &path,
        what: &what,
        accepted: state == OfferState::Accepted,
    };
    mail::post(tx, ctx, &offerer.email, &message).await?;
    Ok(())
}

/// **Decline**: nothing moves.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `OfferClosed`.
pub async fn decline(ctx: &Ctx, by: &Principal, id: &str) -> Result<OfferView> {
    let id = id_of(id)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let of = find_answerable(tx, ctx, by, id).await?;
                answer(tx, ctx, by, &of, OfferState::Declined).await?;
                let (of, standing) = seen(tx, by, id).await?;
                view(tx, ctx, by, of, standing, TransferDirection::In).await
            })
        })
        .await
}

/// **Withdraw**: who made it, or an Owner or Manager of the source.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `OfferClosed`.
pub async fn withdraw(ctx: &Ctx, by: &Principal, id: &str) -> Result<OfferView> {
    let id = id_of(id)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (of, standing) = seen(tx, by, id).await?;
                if !standing.may_withdraw() {
                    let text = "Only the organization that made an offer can withdraw it. You can decline it.";
                    return Err(Refusal::Forbidden(text.to_owned()).into());
                }
                of.now(ctx.now()).open()?;
                answer(tx, ctx, by, &of, OfferState::Withdrawn).await?;
                let (of, standing) = seen(tx, by, id).await?;
                view(tx, ctx, by, of, standing, TransferDirection::Out).await
            })
        })
        .await
}

/// The page of an offer in one of both organizations; for who may take it, with a place it could go to.
///
/// # Errors
/// `NotFound` if the offer or the organization is not there for the caller, or the offer is none of that organization's.
pub async fn show_page(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    id: &str,
    container: &str,
    cursor: &str,
) -> Result<OfferPageView> {
    let id = id_of(id)?;
    let mut tx = ctx.db().read().await?;
    let belonging = organization::belonging(&mut tx, by, org).await?;
    let (of, standing) = seen(&mut tx, by, id).await?;
    let direction = if belonging.id == of.target { TransferDirection::In } else { TransferDirection::Out };
    let there = match direction {
        TransferDirection::In => standing.may_answer(),
        TransferDirection::Out => belonging.id == of.source && standing.sees_as_source(),
    };
    if !there {
        return Err(Refusal::NotFound.into());
    }
    let open = of.now(ctx.now()) == OfferState::Open;
    let place = if direction == TransferDirection::In && open {
        Some(place_view(&mut tx, ctx, by, &of, container, cursor).await?)
    } else {
        None
    };
    let offer = view(&mut tx, ctx, by, of, standing, direction).await?;
    let offer = match direction {
        TransferDirection::In => OfferView { may_withdraw: false, ..offer },
        TransferDirection::Out => OfferView { may_answer: false, ..offer },
    };
    Ok(OfferPageView { organization: belonging, offer, place })
}

async fn place_view(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    of: &Offer,
    container: &str,
    cursor: &str,
) -> Result<OfferDestinationView> {
    let destination = destination_or_root(tx, of, container).await.map_err(|_| Refusal::NotFound)?;
    let access_path = access::access_path(tx, by, destination).await?;
    if access_path.facts.organization != of.target {
        return Err(Refusal::NotFound.into());
    }
    let query = drive::list::ListQuery {
        cursor: cursor.to_owned(),
        kind: Some(Kind::Folder.as_str().to_owned()),
        ..drive::list::ListQuery::default()
    };
    let rows = drive::list::list(tx, by, &access_path, &query, drive::list::PAGE_SIZE).await?;
    let row = |row: crate::view::RowView| DestinationRow { id: row.id, kind: row.kind, name: row.name, why_not: None };
    let rows = Page { items: rows.items.into_iter().map(row).collect(), next_cursor: rows.next_cursor };
    let plan = match plan_in(tx, ctx, by, of, destination).await {
        Ok((loaded, plan)) => {
            let digest = transfer::load::digest_of(&plan)?;
            plan_view(&loaded, plan, digest)
        }
        // Nothing else is looked at then.
        Err(Error::Refused(Refusal::Blocked(blockers))) => blocked(of, destination, blockers, by.person),
        Err(error) => return Err(error),
    };
    Ok(OfferDestinationView { destination, path: access_path.visible_path(), rows, plan })
}

/// A plan that is nothing but what is in its way.
fn blocked(of: &Offer, destination: ResourceId, blockers: Vec<Blocker>, person: PersonId) -> PlanView {
    let plan = Plan {
        scope: crate::domain::transfer::Scope::Between,
        person,
        source: of.source,
        target: of.target,
        destination: crate::domain::transfer::NamedResource { id: destination, name: of.target_name.clone() },
        items: of.items.clone(),
        folders: of.what.folders,
        datasets: of.what.datasets,
        images: of.what.images,
        blockers,
        more_blockers: 0,
        effects: crate::domain::transfer::Effects::default(),
    };
    PlanView {
        plan,
        digest: String::new(),
        source_name: of.source_name.clone(),
        target_name: of.target_name.clone(),
        target_org_id: String::new(),
        may_take_access: false,
    }
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
