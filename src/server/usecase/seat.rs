//! Seats of desktop licences (LIC-5): who holds one, giving and freeing them; and what becomes of them when people go or change
//! their role. Programs take them in [`super::desktop`].

use uuid::Uuid;

use crate::{
    domain::{
        audit::Action,
        id::{AccountId, LicenceId, LoanId, OrganizationId, PersonId},
        licence::Product,
        permit::{RolePermit, allow, allow_to_look},
        refusal::Refusal,
        role::{Permission, Role, may},
        seat::{self as rules, Holder, SeatChange, after_role},
        text::{FieldIssue, key},
        time::Timestamp,
    },
    view::{
        Control, LicenceLoan, LicenceState, LicenceView, Page,
        seat::{LicenceSeats, SeatRow, SeatsView},
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, key as credential_key, licence, loan, membership, organization as organizations, seat},
    },
    audit::{self, AuditEvent},
    licence as licences, organization,
    pager::Pager,
};

/// How many seats the page of all licences shows at most.
const PAGE_SIZE: i64 = 300;
/// How many Readers and Members the dialog offers.
const PEOPLE: i64 = 200;

/// A desktop licence as whoever may use it now holds it.
pub(super) struct HeldLicence {
    /// The licence.
    pub stored: licence::StoredLicence,
    /// Whose people use it: the owner's, or the borrower's.
    pub user: OrganizationId,
    /// The loan that runs.
    pub loan: Option<loan::Loan>,
}

impl HeldLicence {
    /// The loan under which its seats are held.
    pub fn under(&self) -> Option<LoanId> {
        self.loan.as_ref().map(|loan| loan.id)
    }

    /// How many seats it has.
    pub fn seats(&self) -> u64 {
        u64::try_from(self.stored.seats.unwrap_or_default()).unwrap_or(0)
    }

    /// Where somebody's seat of it is.
    pub const fn place(&self, under: Option<LoanId>, holder: Holder) -> seat::SeatScope {
        seat::SeatScope { licence: self.stored.licence.id, organization: self.user, loan: under, holder }
    }

    /// The account that uses it now.
    pub fn account(&self) -> AccountId {
        self.loan.as_ref().map_or(self.stored.account, |loan| loan.borrower.account)
    }

    /// Whether its seats can be used now.
    ///
    /// # Errors
    /// `Licence`, saying why not.
    pub fn check_active(&self, now: Timestamp) -> std::result::Result<(), Refusal> {
        let licence = &self.stored.licence;
        if licence.is_active(now) {
            Ok(())
        } else if licence.has_expired(now) {
            Err(Refusal::Licence(
                "This desktop licence has expired. Owners can get a new one under Licences.".to_owned(),
            ))
        } else {
            Err(Refusal::Licence(format!("This desktop licence starts on {}.", licence.active_from.day().words())))
        }
    }
}

/// A desktop licence by id, whoever asks.
///
/// # Errors
/// `NotFound` if there is none, or its owner was deleted.
pub(super) async fn held(tx: &mut Tx, id: LicenceId, now: Timestamp) -> Result<HeldLicence> {
    let stored = licence::find(tx, id).await?.filter(|stored| stored.licence.product == Product::Desktop);
    let stored = stored.ok_or(Refusal::NotFound)?;
    organizations::find(tx, stored.organization).await?.ok_or(Refusal::NotFound)?;
    let loan = loan::find_running(tx, id, now).await?;
    let user = loan.as_ref().map_or(stored.organization, |loan| loan.borrower.organization);
    Ok(HeldLicence { stored, user, loan })
}

/// A desktop licence for who manages its seats. Who lent it sees that it is away.
///
/// # Errors
/// `NotFound` and `Forbidden` by role.
async fn managed(tx: &mut Tx, by: &Principal, id: &str, now: Timestamp) -> Result<(HeldLicence, RolePermit)> {
    let id: LicenceId = id.trim().parse().map_err(|_| Refusal::NotFound)?;
    let held = held(tx, id, now).await?;
    let role = membership::find_role(tx, held.user, by.person).await?;
    let (owner, user) = (held.stored.organization, held.user);
    // Whoever manages accounts on both sides acts for the borrower, whose seats they are while the loan runs.
    if owner != user && !role.is_some_and(|role| may(role, Permission::ManageAccounts)) {
        let in_owner = membership::find_role(tx, owner, by.person).await?;
        if in_owner.is_some() {
            return Ok((held, allow(by.who(), owner, in_owner, Permission::ManageAccounts)?));
        }
    }
    Ok((held, allow(by.who(), user, role, Permission::ManageAccounts)?))
}

/// A desktop licence that the account of a machine uses, for it to look at.
async fn of_machine(
    tx: &mut Tx,
    by: &Principal,
    account: AccountId,
    id: &str,
    now: Timestamp,
) -> Result<(HeldLicence, RolePermit)> {
    let id: LicenceId = id.trim().parse().map_err(|_| Refusal::NotFound)?;
    let held = held(tx, id, now).await?;
    if held.account() != account {
        return Err(Refusal::NotFound.into());
    }
    let role = membership::find_role(tx, held.user, by.person).await?;
    let permit = allow_to_look(by.who(), held.user, role, Permission::ManageAccounts)?;
    Ok((held, permit))
}

/// What the owner is told of a licence that is away.
fn lent_refusal(held: &HeldLicence, permit: &RolePermit) -> Option<Refusal> {
    let loan = held.loan.as_ref().filter(|_| permit.organization() != held.user)?;
    Some(Refusal::Licence(format!(
        "This licence is lent to {} until {}. Its seats are theirs until then.",
        loan.borrower.name,
        loan.term.last_day().words()
    )))
}

/// The seats of one licence, for the API.
#[derive(Debug, Clone)]
pub struct SeatsOf {
    /// How many there are.
    pub total: u64,
    /// How many are given or taken.
    pub used: u64,
    /// That it is lent, or borrowed.
    pub loan: Option<LicenceLoan>,
    /// Who holds one.
    pub page: Page<SeatRow>,
}

/// A cursor is the id of the holder behind whom a page begins.
fn pager() -> Pager<Uuid> {
    Pager::new("seats")
}

/// One page of who holds a seat of a licence (LIC-5).
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at `cursor` or `limit`.
pub async fn list(ctx: &Ctx, by: &Principal, id: &str, cursor: &str, limit: Option<i64>) -> Result<SeatsOf> {
    let limit = super::limit(limit)?;
    let now = ctx.now();
    let mut tx = ctx.db().read().await?;
    let (held, permit) = match &by.key {
        Some(machine) => of_machine(&mut tx, by, machine.account, id, now).await?,
        None => managed(&mut tx, by, id, now).await?,
    };
    let loan = held.loan.as_ref().map(|loan| licences::list::loan_term(loan, permit.organization()));
    let total = held.seats();
    if lent_refusal(&held, &permit).is_some() || !held.stored.licence.is_active(now) {
        return Ok(SeatsOf { total, used: 0, loan, page: Page { items: Vec::new(), next_cursor: None } });
    }
    let after = pager().read(cursor)?;
    let licence = held.stored.licence.id;
    let used = seat::count(&mut tx, &[licence], now).await?;
    let used = used.into_iter().find(|(_, under, _)| *under == held.under()).map_or(0, |(.., used)| used);
    let rows = seat::list_of_licence(&mut tx, licence, held.under(), now, after, limit + 1).await?;
    let page = pager().page(rows, limit, |last| last.holder.id())?;
    Ok(SeatsOf { total, used, loan, page })
}

/// The page of all desktop licences of an organization with their seats; with `only`, of one of them, page by page.
///
/// # Errors
/// `NotFound` and `Forbidden` by role.
pub async fn show(ctx: &Ctx, by: &Principal, org: &str, only: &str, cursor: &str, giving: bool) -> Result<SeatsView> {
    let now = ctx.now();
    let mut tx = ctx.db().read().await?;
    let at = organization::belonging(&mut tx, by, org).await?;
    allow(by.who(), at.id, at.role, Permission::ManageAccounts)?;
    let all = licences::list::of_organization(&mut tx, at.id, now).await?;
    let wanted: Vec<LicenceView> = all
        .into_iter()
        .filter(|licence| licence.product == Product::Desktop)
        .filter(|licence| only.is_empty() || licence.id.to_string() == only)
        .collect();
    if wanted.is_empty() && !only.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    let ids: Vec<LicenceId> = wanted
        .iter()
        .filter(|licence| licence.seats_used.is_some() && licence.state == LicenceState::Active)
        .map(|licence| licence.id)
        .collect();
    let mut pages: Vec<(LicenceId, Page<SeatRow>)> = Vec::new();
    match (ids.as_slice(), only.is_empty()) {
        ([one], false) => {
            let after = pager().read(cursor)?;
            let under = wanted.first().and_then(|licence| licence.loan.as_ref()).map(|loan| loan.id);
            let rows = seat::list_of_licence(&mut tx, *one, under, now, after, super::MAX_PAGE_SIZE + 1).await?;
            let page = pager().page(rows, super::MAX_PAGE_SIZE, |last| last.holder.id())?;
            pages.push((*one, page));
        }
        _ => {
            let rows = seat::list(&mut tx, &ids, now, PAGE_SIZE).await?;
            pages.extend(ids.iter().map(|id| {
                let under = wanted.iter().find(|licence| licence.id == *id).and_then(|licence| licence.loan.as_ref());
                let under = under.map(|loan| loan.id);
                let items = rows.iter().filter(|row| row.licence == *id && row.loan == under);
                (*id, Page { items: items.map(|row| row.row.clone()).collect(), next_cursor: None })
            }));
        }
    }
    let people = if giving {
        let mut found = Vec::new();
        for role in [Role::Reader, Role::Member] {
            let after = membership::Cursor::start(false);
            let wanted = membership::PeopleFilter {
                pattern: "%",
                role: Some(role),
                sort: membership::Sort::Name,
                descending: false,
                after: &after,
                limit: PEOPLE / 2,
            };
            found.extend(membership::list(&mut tx, at.id, &wanted).await?);
        }
        found.into_iter().map(|member| (member.name, member.email)).collect()
    } else {
        Vec::new()
    };
    let licences = wanted
        .into_iter()
        .map(|licence| {
            let seats = pages.iter().position(|(id, _)| *id == licence.id).map(|at| pages.swap_remove(at).1);
            let seats = seats.unwrap_or(Page { items: Vec::new(), next_cursor: None });
            let total = u64::try_from(licence.seats.unwrap_or_default()).unwrap_or(0);
            let give = match (licence.seats_used, licence.state) {
                (Some(used), LicenceState::Active) => match rules::give(Role::Reader, false, total, used) {
                    Ok(()) => Control::Enabled,
                    Err(refusal) => Control::Disabled(refusal.to_string()),
                },
                _ => Control::Absent,
            };
            LicenceSeats { licence, seats, give }
        })
        .collect();
    Ok(SeatsView { organization: at, licences, people })
}

/// Gives a seat to a Reader or Member (LIC-5): their id, or their address.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at `person`; `NoSeat`; `Licence` where it is not active, or lent.
pub async fn give(ctx: &Ctx, by: &Principal, id: &str, person: &str) -> Result<SeatRow> {
    ctx.db().write(|tx, _| Box::pin(async { give_in(tx, ctx, by, id, person).await })).await
}

async fn give_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, id: &str, person: &str) -> Result<SeatRow> {
    let now = ctx.now();
    let (held, permit) = managed(tx, by, id, now).await?;
    if let Some(away) = lent_refusal(&held, &permit) {
        return Err(away.into());
    }
    held.check_active(now)?;
    let person = person.trim();
    if person.is_empty() {
        return Err(Refusal::field("person", FieldIssue::Missing).into());
    }
    let member = match person.parse::<PersonId>() {
        Ok(id) => membership::list_by_id(tx, permit.organization(), &[id]).await?.into_iter().next(),
        Err(_) => membership::find_by_email(tx, permit.organization(), &key(person)).await?,
    };
    let member = member.ok_or_else(|| Refusal::field("person", FieldIssue::NotInOrganization))?;
    let (licence, under) = (held.stored.licence.id, held.under());
    // Seats of programs that went silent, and those held under another loan, must not count as used.
    seat::delete_gone(tx, licence, under, now).await?;
    let has = seat::find(tx, licence, member.id.0).await?;
    let given = has.as_ref().is_some_and(|seat| seat.given_at.is_some());
    let others = seat::count_others(tx, licence, member.id.into()).await?;
    // Who is limited to other accounts is a Member in this one, and takes no seat by their role (ACCT-2).
    let role = membership::find_role_in(tx, held.account(), member.id).await?.unwrap_or(member.role);
    rules::give(role, given, held.seats(), others)?;
    seat::upsert_given(tx, &permit, licence, under, member.id, &by.name, now).await?;
    let summary = format!("gave {} a seat of a {} licence", member.name, held.stored.licence.product.label());
    let what = AuditEvent {
        organization: Some(permit.organization()),
        after: Some(serde_json::json!({ "licence": licence, "person": member.id })),
        ..AuditEvent::new(Action::SeatGiven, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    let taken = has.and_then(|seat| seat.taken);
    Ok(SeatRow {
        holder: member.id.into(),
        name: member.name,
        email: Some(member.email),
        role: Some(member.role),
        given_at: Some(now),
        given_by: Some(by.name.clone()),
        device: taken.as_ref().map(|taken| taken.device.clone()),
        since: taken.as_ref().map(|taken| taken.since),
        seen: taken.map(|taken| taken.seen),
    })
}

/// Frees the seat that somebody or a machine has: what was given is taken back, what runs on it loses it (LIC-5). Answers their
/// name.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `NotFound` if they have none.
pub async fn free(ctx: &Ctx, by: &Principal, id: &str, holder: &str) -> Result<String> {
    ctx.db().write(|tx, _| Box::pin(async { free_in(tx, ctx, by, id, holder).await })).await
}

async fn free_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, id: &str, holder: &str) -> Result<String> {
    let now = ctx.now();
    let (held, permit) = managed(tx, by, id, now).await?;
    if let Some(away) = lent_refusal(&held, &permit) {
        return Err(away.into());
    }
    let holder: Uuid = holder.trim().parse().map_err(|_| Refusal::NotFound)?;
    let licence = held.stored.licence.id;
    seat::delete_gone(tx, licence, held.under(), now).await?;
    let has = seat::find(tx, licence, holder).await?.ok_or(Refusal::NotFound)?;
    let name = match has.holder {
        Holder::Person(person) => {
            let member = membership::list_by_id(tx, permit.organization(), &[person]).await?.into_iter().next();
            member.map(|member| member.name)
        }
        Holder::Key(key) => credential_key::find_name(tx, &permit, key).await?,
    };
    let name = name.ok_or(Refusal::NotFound)?;
    seat::delete(tx, &permit, licence, has.holder).await?;
    let product = held.stored.licence.product.label();
    let (action, summary) = if has.given_at.is_some() {
        (Action::SeatTakenBack, format!("took back the seat of {name} of a {product} licence"))
    } else {
        (Action::SeatReleased, format!("released the seat of {name} of a {product} licence"))
    };
    let what = AuditEvent {
        organization: Some(permit.organization()),
        before: Some(serde_json::json!({
            "licence": licence, "holder": holder, "device": has.taken.as_ref().map(|taken| &taken.device)
        })),
        ..AuditEvent::new(action, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(name)
}

/// What a change of role does to somebody's seats, in its transaction.
pub(super) async fn role_changed(
    tx: &mut Tx,
    permit: &RolePermit,
    person: PersonId,
    before: Role,
    after: Role,
) -> Result<()> {
    match after_role(before, after) {
        SeatChange::Keep => {}
        SeatChange::Free => {
            seat::delete_of_people(tx, permit, &[person]).await?;
        }
        SeatChange::Unreserve => seat::unreserve(tx, permit, person).await?,
    }
    Ok(())
}
