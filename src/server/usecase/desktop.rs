//! What desktop programs ask (LIC-5, SET-1): which licences they may take, a seat of one, that they still run, and that they let
//! go. Of the caller's default organization alone, so that nobody uses up the seats of another by accident; a machine with a
//! credential key (AUTH-6) takes those of its key's account.

use std::collections::BTreeMap;

use crate::{
    domain::{
        audit::Action,
        id::{AccountId, LicenceId, OrganizationId, PersonId},
        key::Scope,
        licence::Product,
        refusal::Refusal,
        role::Role,
        seat::{self as rules, HEARTBEAT_INTERVAL_MILLIS, STALE_AFTER_MILLIS},
        time::Timestamp,
    },
    view::{
        Control, LicenceState, OrganizationMembership,
        licence::LicenceView,
        seat::{DesktopLicence, DesktopView},
    },
};

use super::{
    super::{
        context::{Actor, Ctx},
        error::{Result, at_field},
        store::{Tx, account, loan, membership, organization as organizations, person, seat},
    },
    audit::{self, AuditEvent},
    licence as licences,
    seat::{HeldLicence, held},
};

/// The organization whose desktop licences somebody's programs take, and whose Drive gets uploads that name no place: the default one
/// (SET-1), else the only one. A personal space counts where there is nothing else.
///
/// # Errors
/// `ChooseOrganization` where there are several and none is the default.
pub(crate) async fn organization_of(tx: &mut Tx, person: PersonId) -> Result<OrganizationMembership> {
    let default = person::find_profile(tx, person).await?.and_then(|profile| profile.default_organization_id);
    if let Some(id) = default.map(OrganizationId)
        && let Some((found, Some(role))) = organizations::find_with_role(tx, id, person).await?
    {
        let given = membership::find_limited(tx, id, person).await?;
        let (personal, shown_to) = (found.space_of.is_some(), found.details.people_visible_to);
        let belonging = OrganizationMembership::new(found.id, found.org_id, found.name, Some(role), personal, shown_to);
        return Ok(belonging.limited_to_accounts(given));
    }
    // Whether there is one, or several, shows at the first three: one of them at most is the personal space.
    let all = organizations::list_used(tx, person, 3).await?;
    let (spaces, others): (Vec<OrganizationMembership>, Vec<OrganizationMembership>) =
        all.into_iter().partition(|one| one.personal);
    let candidates = if others.is_empty() { spaces } else { others };
    match <[OrganizationMembership; 1]>::try_from(candidates) {
        Ok([only]) => Ok(only),
        Err(several) if several.is_empty() => Err(Refusal::NotFound.into()),
        Err(_) => Err(Refusal::ChooseOrganization.into()),
    }
}

/// The desktop licences that a program of the caller may take a seat of.
///
/// # Errors
/// `ChooseOrganization`; `Forbidden` for a key without the scope.
pub async fn list(ctx: &Ctx, by: &Actor) -> Result<DesktopView> {
    let now = ctx.now();
    let mut tx = ctx.db().read().await?;
    let (organization, org_id, name, roles, all) = match by {
        Actor::Person(by) => {
            let found = organization_of(&mut tx, by.person).await?;
            let roles = roles_by_licence(&mut tx, &found, by.person, now).await?;
            let all = licences::list::of_organization(&mut tx, found.id, now).await?;
            (found.id, found.org_id, found.name, Some(roles), all)
        }
        Actor::Key(by) => {
            by.scopes.allow(Scope::Desktop)?;
            let found = organizations::find(&mut tx, by.organization).await?.ok_or(Refusal::NotFound)?;
            let all = licences::list::of_accounts(&mut tx, found.id, &[by.account].into(), now).await?;
            (found.id, found.org_id, found.name, None, all)
        }
    };
    let mine = seat::list_of_holder(&mut tx, organization, by.holder(), now).await?;
    let licences = all
        .into_iter()
        .filter(|licence| licence.product == Product::Desktop && licence.state == LicenceState::Active)
        // One that is lent to others is theirs.
        .filter(|licence| licence.seats_used.is_some())
        .filter_map(|licence| {
            let under = licence.loan.as_ref().map(|loan| loan.id);
            let mine = mine.iter().find(|seat| seat.licence == licence.id && seat.loan == under);
            let mine = mine.map(|seat| seat.row.clone());
            let role = roles.as_ref().map(|roles| roles.of(&licence));
            // Those of accounts that somebody is limited away from are there for them only with a seat (ACCT-2).
            let is_elsewhere = roles.as_ref().is_some_and(|roles| roles.limited) && role == Some(Role::Member);
            if is_elsewhere && mine.is_none() {
                return None;
            }
            let others = licence.seats_used.unwrap_or(0).saturating_sub(u64::from(mine.is_some()));
            let given = mine.as_ref().is_some_and(|mine| mine.given_at.is_some());
            let total = u64::try_from(licence.seats.unwrap_or_default()).unwrap_or(0);
            let take = match may_take(role, given, total, others) {
                Ok(()) => Control::Enabled,
                Err(refusal) => Control::Disabled(refusal.to_string()),
            };
            Some(DesktopLicence { licence, mine, take })
        })
        .collect();
    Ok(DesktopView { org_id, name, licences })
}

/// What somebody's role is where each licence is used.
struct LicenceRoles {
    /// Whether they are limited to some accounts.
    limited: bool,
    in_accounts: BTreeMap<AccountId, Role>,
    /// The accounts that use borrowed licences now.
    borrowers: BTreeMap<LicenceId, AccountId>,
}

impl LicenceRoles {
    fn of(&self, licence: &LicenceView) -> Role {
        let account = self.borrowers.get(&licence.id).unwrap_or(&licence.account);
        self.in_accounts.get(account).copied().unwrap_or(Role::Member)
    }
}

async fn roles_by_licence(
    tx: &mut Tx,
    organization: &OrganizationMembership,
    person: PersonId,
    now: Timestamp,
) -> Result<LicenceRoles> {
    let in_accounts = account::list_roles(tx, organization.id, person).await?.into_iter().collect();
    let loans = loan::list_running(tx, organization.id, now).await?;
    let borrowers = loans.into_iter().map(|loan| (loan.licence, loan.borrower.account)).collect();
    Ok(LicenceRoles { limited: organization.limited.is_some(), in_accounts, borrowers })
}

/// Whether a seat may be taken: by somebody as their role allows, or by a machine, which has none.
fn may_take(role: Option<Role>, given: bool, seats: u64, others: u64) -> std::result::Result<(), Refusal> {
    match role {
        Some(role) => rules::take(role, given, seats, others),
        None => rules::take_by_key(seats, others),
    }
}

/// A seat that a program has.
#[derive(Debug, Clone)]
pub struct TakenSeat {
    /// Of which licence.
    pub licence: LicenceId,
    /// What it runs on.
    pub device: String,
    /// Since when.
    pub since: Timestamp,
    /// When it is free again unless something is heard of it.
    pub free_at: Timestamp,
}

impl TakenSeat {
    /// How often the program says that it still runs, in seconds.
    pub const HEARTBEAT_SECONDS: i64 = HEARTBEAT_INTERVAL_MILLIS / 1_000;
}

fn read_id(id: &str) -> Result<LicenceId> {
    Ok(id.trim().parse().map_err(|_| Refusal::NotFound)?)
}

/// A licence of the caller's organization, and their role in the account that uses it; for a machine, one of its key's account.
async fn usable(tx: &mut Tx, by: &Actor, id: LicenceId, now: Timestamp) -> Result<(HeldLicence, Option<Role>)> {
    match by {
        Actor::Person(by) => {
            let organization = organization_of(tx, by.person).await?;
            let held = held(tx, id, now).await?;
            if held.user != organization.id {
                return Err(Refusal::NotFound.into());
            }
            let role = membership::find_role_in(tx, held.account(), by.person).await?;
            Ok((held, Some(role.ok_or(Refusal::NotFound)?)))
        }
        Actor::Key(_) => find_usable_licence(tx, by, id, now).await,
    }
}

/// Takes a seat of a licence. Who has one takes it along to another device.
///
/// # Errors
/// `NotFound`; `Invalid` at `device`; `Forbidden` for who would have to be given one; `NoSeat`; `Licence`;
/// `ChooseOrganization`.
pub async fn take(ctx: &Ctx, by: &Actor, id: &str, device: &str) -> Result<TakenSeat> {
    let id = read_id(id)?;
    let device = rules::device(device);
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let (held, role) = usable(tx, by, id, ctx.now()).await?;
                // What one may not see does not exist, whatever else is wrong.
                let device = device.clone().map_err(at_field("device"))?;
                take_in(tx, ctx, by, &held, role, &device).await
            })
        })
        .await
}

async fn take_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Actor,
    held: &HeldLicence,
    role: Option<Role>,
    device: &str,
) -> Result<TakenSeat> {
    let (now, id, under, holder) = (ctx.now(), held.stored.licence.id, held.under(), by.holder());
    held.check_active(now)?;
    seat::delete_gone(tx, id, under, now).await?;
    let mine = seat::find(tx, id, holder.id()).await?;
    let given = mine.as_ref().is_some_and(|seat| seat.given_at.is_some());
    may_take(role, given, held.seats(), seat::count_others(tx, id, holder).await?)?;
    let running = mine.and_then(|seat| seat.taken).filter(|taken| taken.is_fresh(now));
    let since = match &running {
        Some(taken) if taken.device == device => {
            seat::update_seen(tx, id, under, holder, device, now).await?;
            taken.since
        }
        before => {
            seat::upsert_taken(tx, &held.place(under, holder), device, now).await?;
            let summary = format!("took a seat of a {} licence on “{device}”", held.stored.licence.product.label());
            let what = AuditEvent {
                organization: Some(held.user),
                before: before.as_ref().map(|taken| serde_json::json!({ "licence": id, "device": taken.device })),
                after: Some(serde_json::json!({ "licence": id, "device": device })),
                ..AuditEvent::new(Action::SeatTaken, summary)
            };
            audit::note_actor(tx, ctx, by, what).await?;
            now
        }
    };
    Ok(TakenSeat { licence: id, device: device.to_owned(), since, free_at: now.plus_millis(STALE_AFTER_MILLIS) })
}

/// A program says that it still runs.
///
/// # Errors
/// `SeatLost` if it has no seat any more; `NotFound`.
pub async fn heartbeat(ctx: &Ctx, by: &Actor, id: &str, device: &str) -> Result<TakenSeat> {
    let id = read_id(id)?;
    let device = device.trim().to_owned();
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let now = ctx.now();
                let (held, role) = find_usable_licence(tx, by, id, now).await?;
                held.check_active(now)?;
                let mine = seat::find(tx, id, by.holder().id()).await?.ok_or(Refusal::SeatLost)?;
                let takes_any = role.map_or(Ok(true), |role| rules::needs_a_given_seat(role).map(|needs| !needs))?;
                if !takes_any && mine.given_at.is_none() {
                    return Err(Refusal::SeatLost.into());
                }
                if !seat::update_seen(tx, id, held.under(), by.holder(), &device, now).await? {
                    return Err(Refusal::SeatLost.into());
                }
                let since = mine.taken.map_or(now, |taken| taken.since);
                Ok(TakenSeat {
                    licence: id,
                    device: device.clone(),
                    since,
                    free_at: now.plus_millis(STALE_AFTER_MILLIS),
                })
            })
        })
        .await
}

/// A program lets go of its seat. What was given stays given; one that is not its own any more is left alone.
///
/// # Errors
/// `NotFound`.
pub async fn release(ctx: &Ctx, by: &Actor, id: &str, device: &str) -> Result<()> {
    let id = read_id(id)?;
    let device = device.trim().to_owned();
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let now = ctx.now();
                let (held, _) = find_usable_licence(tx, by, id, now).await?;
                let mine = seat::find(tx, id, by.holder().id()).await?.filter(|seat| seat.loan == held.under());
                if mine.is_none_or(|seat| seat.occupied(now).is_none_or(|taken| taken.device != device)) {
                    return Ok(());
                }
                seat::release(tx, id, by.holder()).await?;
                let summary = format!("released a seat of a {} licence", held.stored.licence.product.label());
                let what = AuditEvent {
                    organization: Some(held.user),
                    before: Some(serde_json::json!({ "licence": id, "device": device })),
                    ..AuditEvent::new(Action::SeatLetGo, summary)
                };
                audit::note_actor(tx, ctx, by, what).await
            })
        })
        .await
}

/// A licence that an organization of the caller uses: a seat that was taken goes on, whichever organization is the default now.
/// For a machine, one that its key's account uses.
async fn find_usable_licence(
    tx: &mut Tx,
    by: &Actor,
    id: LicenceId,
    now: Timestamp,
) -> Result<(HeldLicence, Option<Role>)> {
    let held = held(tx, id, now).await?;
    match by {
        Actor::Person(by) => {
            let role = membership::find_role_in(tx, held.account(), by.person).await?.ok_or(Refusal::NotFound)?;
            Ok((held, Some(role)))
        }
        Actor::Key(by) if held.account() == by.account => {
            by.scopes.allow(Scope::Desktop)?;
            Ok((held, None))
        }
        Actor::Key(_) => Err(Refusal::NotFound.into()),
    }
}
