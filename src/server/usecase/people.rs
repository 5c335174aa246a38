//! Manage People: who is in an organization, roles, removing, leaving (PEOPLE-1, PEOPLE-5 to PEOPLE-7, PEOPLE-9, PEOPLE-11,
//! ROLE-3, ORG-3).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        account::may_be_limited,
        audit::Action,
        fields::Fields,
        id::{AccountId, InvitationId, OrganizationId, PersonId, ResourceId},
        licence::Entitlement,
        name::search_key,
        people_visibility::{VisiblePeople, visible_people},
        permit::{RolePermit, allow},
        plan::{may_give, may_limit},
        refusal::Refusal,
        role::{Permission, Role},
        role_change::{asks_first, change_role as may_change_role, keep_an_owner},
        text::{Email, FieldIssue, Name, Password},
        time::Timestamp,
    },
    view::{
        Crumb, OrganizationMembership, Page,
        people::{PeopleView, PersonRow, PersonStatus},
        query,
    },
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Error, Result},
        limit::{Key, network},
        mail::{self, EmailMessage},
        store::{
            Tx, account, grant, invitation,
            membership::{self, Cursor, Member, PeopleFilter, Sort},
            organization as organizations, person, resource, seat,
        },
    },
    access,
    accounts::{self, AccountNames},
    audit::{self, AuditEvent},
    key as keys,
    mail_limit::{MailBudget, may_email_strangers},
    my_account, organization,
    pager::Pager,
};

/// How many rows a page of people has in the browser.
const PAGE_SIZE: i64 = 100;
/// How many people from outside are listed at most.
const EXTERNALS: i64 = 1_000;
/// How many of the things an External reaches are named.
const REACHES: usize = 3;
/// How many people are acted on at a time.
const MAX_PEOPLE_PER_CHANGE: usize = 1_000;

/// Which people are wanted, unread.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleQuery {
    /// Text in the name or email.
    pub query: String,
    /// Only this role.
    pub role: String,
    /// `active`, `invited`, `expired` or `external`.
    pub status: String,
    /// `name`, `email`, `role`, `status` or `last_seen`; with `-` in front for descending order.
    pub sort: String,
    /// Where the page starts: `next_cursor` of the one before.
    pub cursor: String,
    /// 1 to 200. Default: 50.
    pub limit: Option<i64>,
}

/// A [`PeopleQuery`], read.
struct Query {
    pattern: String,
    role: Option<Role>,
    status: Option<PersonStatus>,
    sort: Sort,
    descending: bool,
    limit: i64,
    pager: Pager<ListCursor>,
    after: Option<ListCursor>,
}

/// Where a page starts. By role, people come first, then invitations, then Externals; by status, each status is a part.
#[derive(Clone, Serialize, Deserialize)]
struct ListCursor {
    part: i64,
    after: Cursor,
}

fn read(organization: OrganizationId, query: &PeopleQuery) -> Result<Query> {
    let (word, descending) = query.sort.strip_prefix('-').map_or((query.sort.as_str(), false), |word| (word, true));
    let sort = match word {
        "" | "name" => Sort::Name,
        "email" => Sort::Email,
        "role" => Sort::Role,
        "status" => Sort::Status,
        "last_seen" => Sort::LastSeen,
        _ => return Err(Refusal::field("sort", FieldIssue::NotAChoice).into()),
    };
    let role = match query.role.as_str() {
        "" => None,
        word => Some(Role::parse(word).map_err(|problem| Refusal::field("role", problem))?),
    };
    let status = match query.status.as_str() {
        "" => None,
        word => Some(PersonStatus::parse(word).map_err(|problem| Refusal::field("status", problem))?),
    };
    // A whole address is looked for as addresses are compared, anything else as names are found.
    let typed = Email::parse(&query.query).map_or_else(|_| search_key(&query.query), |email| email.key());
    if typed.chars().count() > 255 {
        return Err(Refusal::field("query", FieldIssue::TooLong(255)).into());
    }
    let escaped = typed.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    let pattern = if escaped.is_empty() { "%".to_owned() } else { format!("%{escaped}%") };
    let pager = Pager::new(format!("{organization} {} {} {} {typed}", query.sort, query.role, query.status));
    let after = pager.read(&query.cursor)?;
    Ok(Query { pattern, role, status, sort, descending, limit: super::limit(query.limit)?, pager, after })
}

/// A row, and where it stands.
struct Placed {
    cursor: ListCursor,
    row: PersonRow,
}

/// In which part of a list somebody stands, by their status.
fn section_of(query: &Query, status: PersonStatus) -> i64 {
    match (query.sort, status) {
        (Sort::Name | Sort::Email | Sort::LastSeen, _) | (Sort::Role, PersonStatus::Active) => 0,
        (Sort::Role, PersonStatus::Invited | PersonStatus::Expired) => 1,
        (Sort::Role, PersonStatus::External) => 2,
        (Sort::Status, status) => {
            let place = match status {
                PersonStatus::Active => 0,
                PersonStatus::Invited => 1,
                PersonStatus::Expired => 2,
                PersonStatus::External => 3,
            };
            if query.descending { 3 - place } else { place }
        }
    }
}

/// What a list is sorted by before the name, where it is: the role, or when somebody was last here; 0 for never.
fn rank_in(sort: Sort, role: Option<Role>, last_seen: Option<Timestamp>) -> i64 {
    match sort {
        Sort::Role => role.map_or(0, membership::rank),
        Sort::LastSeen => last_seen.map_or(0, |at| at.0),
        Sort::Name | Sort::Email | Sort::Status => 0,
    }
}

fn of_member(member: Member, query: &Query) -> Placed {
    let key = if query.sort == Sort::Email { member.email_key.clone() } else { member.name_key.clone() };
    Placed {
        cursor: ListCursor {
            part: section_of(query, PersonStatus::Active),
            after: Cursor { rank: rank_in(query.sort, Some(member.role), member.last_seen), key, id: member.id.0 },
        },
        row: row_of_member(member),
    }
}

fn row_of_member(member: Member) -> PersonRow {
    PersonRow {
        person: Some(member.id),
        invitation: None,
        name: member.name,
        email: member.email,
        role: Some(member.role),
        status: PersonStatus::Active,
        last_seen: member.last_seen,
        expires_at: None,
        resources: 0,
        reaches: Vec::new(),
        accounts: None,
    }
}

fn of_invited(invited: invitation::Invited, query: &Query, now: Timestamp) -> Placed {
    let key = if query.sort == Sort::Email { invited.email_key.clone() } else { invited.name_key.clone() };
    let status = if now < invited.expires_at { PersonStatus::Invited } else { PersonStatus::Expired };
    Placed {
        cursor: ListCursor { part: section_of(query, status), after: Cursor { rank: 0, key, id: invited.id.0 } },
        row: PersonRow {
            person: None,
            invitation: Some(invited.id),
            name: invited.name.unwrap_or_default(),
            email: invited.email,
            role: invited.role,
            status,
            last_seen: None,
            expires_at: Some(invited.expires_at),
            resources: 0,
            reaches: Vec::new(),
            accounts: None,
        },
    }
}

fn of_external(external: grant::External, query: &Query) -> Placed {
    let key = if query.sort == Sort::Email { external.email_key.clone() } else { external.name_key.clone() };
    Placed {
        cursor: ListCursor {
            part: section_of(query, PersonStatus::External),
            after: Cursor { rank: rank_in(query.sort, None, external.last_seen), key, id: external.id.0 },
        },
        row: row_of_external(external),
    }
}

fn row_of_external(external: grant::External) -> PersonRow {
    PersonRow {
        person: Some(external.id),
        invitation: None,
        name: external.name,
        email: external.email,
        role: None,
        status: PersonStatus::External,
        last_seen: external.last_seen,
        expires_at: None,
        resources: external.resources,
        reaches: Vec::new(),
        accounts: None,
    }
}

/// What the store is asked for: one more than the page has.
fn people_filter<'a>(query: &'a Query, after: &'a Cursor) -> PeopleFilter<'a> {
    PeopleFilter {
        pattern: &query.pattern,
        role: query.role,
        sort: query.sort,
        descending: query.descending,
        after,
        limit: query.limit + 1,
    }
}

/// One page of people, invitations and Externals.
async fn page(tx: &mut Tx, organization: OrganizationId, query: &Query, now: Timestamp) -> Result<Page<PersonRow>> {
    let wants = |status: PersonStatus| query.status.is_none_or(|wanted| wanted == status);
    let start = Cursor::start(query.descending);
    // Where each part begins: behind the cursor if it stands in that part, at the start if the cursor is in an earlier one,
    // nowhere if it is in a later one.
    let from = |status: PersonStatus| {
        let part = section_of(query, status);
        match &query.after {
            None => Some(start.clone()),
            Some(position) if position.part == part => Some(position.after.clone()),
            Some(position) if position.part < part => Some(start.clone()),
            Some(_) => None,
        }
    };
    let mut placed: Vec<Placed> = Vec::new();
    if let Some(after) = from(PersonStatus::Active).filter(|_| wants(PersonStatus::Active)) {
        let members = membership::list(tx, organization, &people_filter(query, &after)).await?;
        placed.extend(members.into_iter().map(|member| of_member(member, query)));
    }
    // Invitations are one list, but by status they are two.
    let lists: &[&[PersonStatus]] = match query.sort {
        Sort::Status => &[&[PersonStatus::Invited], &[PersonStatus::Expired]],
        _ => &[&[PersonStatus::Invited, PersonStatus::Expired]],
    };
    for list in lists {
        let which = |status: PersonStatus| list.contains(&status) && wants(status);
        let which = (which(PersonStatus::Invited), which(PersonStatus::Expired));
        // Nobody who is invited was ever seen: all of them stand where those stand who were not.
        let after = list.first().and_then(|status| from(*status)).and_then(|after| match query.sort {
            Sort::LastSeen if after.rank <= 0 => Some(Cursor { rank: 0, ..after }),
            Sort::LastSeen if query.descending => Some(start.clone()),
            Sort::LastSeen => None,
            _ => Some(after),
        });
        if let Some(after) = after.filter(|_| which.0 || which.1) {
            let invited = invitation::list_pending(tx, organization, &people_filter(query, &after), which, now).await?;
            placed.extend(invited.into_iter().map(|invited| of_invited(invited, query, now)));
        }
    }
    if let Some(after) = from(PersonStatus::External).filter(|_| wants(PersonStatus::External) && query.role.is_none())
    {
        let externals = grant::list_externals(tx, organization, &query.pattern, EXTERNALS).await?;
        let behind = |placed: &Placed| {
            let place = |after: &Cursor| {
                (if query.sort == Sort::LastSeen { after.rank } else { 0 }, after.key.clone(), after.id)
            };
            let (here, there) = (place(&placed.cursor.after), place(&after));
            if query.descending { here < there } else { here > there }
        };
        placed.extend(externals.into_iter().map(|external| of_external(external, query)).filter(behind));
    }
    placed.sort_by(|Placed { cursor: a, .. }, Placed { cursor: b, .. }| {
        let order = (a.after.rank, &a.after.key, a.after.id).cmp(&(b.after.rank, &b.after.key, b.after.id));
        a.part.cmp(&b.part).then(if query.descending { order.reverse() } else { order })
    });
    Ok(query.pager.page(placed, query.limit, |last| last.cursor.clone())?.map(|placed| placed.row))
}

/// The people somebody shares a resource with (PEOPLE-11): those who were given access to what they were given access to,
/// or to something above it.
async fn shared(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Page<PersonRow>> {
    let mine = grant::list_shared(tx, person, organization, super::MAX_PAGE_SIZE).await?;
    let above = resource::list_ancestors(tx, person, &mine).await?;
    let resources: Vec<_> = above.iter().map(|step| step.id).collect::<BTreeSet<_>>().into_iter().collect();
    let mut people: BTreeSet<PersonId> =
        grant::list_people(tx, &resources, super::MAX_PAGE_SIZE).await?.into_iter().collect();
    people.insert(person);
    let people: Vec<PersonId> = people.into_iter().collect();
    let mut members = membership::list_by_id(tx, organization, &people).await?;
    members.sort_by(|a, b| (&a.name_key, a.id).cmp(&(&b.name_key, b.id)));
    Ok(Page { items: members.into_iter().map(row_of_member).collect(), next_cursor: None })
}

/// What asking which addresses have an account is counted under.
fn asking_key(by: &Principal) -> Key {
    Key::failures(format!("create-person:{}", by.person))
}

/// What somebody may see of an organization's people.
async fn sight(tx: &mut Tx, organization: &OrganizationMembership) -> Result<VisiblePeople> {
    let found = organizations::find(tx, organization.id).await?.ok_or(Refusal::NotFound)?;
    let shown_to = found.details.people_visible_to;
    Ok(if organization.personal { VisiblePeople::Nobody } else { visible_people(organization.role, shown_to) })
}

async fn seen(
    tx: &mut Tx,
    by: &Principal,
    at: &OrganizationMembership,
    query: &Query,
    now: Timestamp,
) -> Result<Page<PersonRow>> {
    match sight(tx, at).await? {
        VisiblePeople::Everyone => page(tx, at.id, query, now).await,
        VisiblePeople::Shared => shared(tx, at.id, by.person).await,
        VisiblePeople::Nobody => Err(Refusal::NotFound.into()),
    }
}

/// One page of the people of an organization, for the API (PEOPLE-1).
///
/// # Errors
/// `NotFound` for who may not see the list; `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, org: &str, query: &PeopleQuery) -> Result<Page<PersonRow>> {
    let mut tx = ctx.db().read().await?;
    let at = organization::belonging(&mut tx, by, org).await?;
    let query = read(at.id, query)?;
    by.who().may_look()?;
    let mut rows = seen(&mut tx, by, &at, &query, ctx.now()).await?;
    if manages(&at) {
        tell_accounts(&mut tx, at.id, &mut rows.items).await?;
    }
    if let Some(machine) = &by.key
        && account::count(&mut tx, at.id).await? > 1
    {
        // Who has to do with other accounts only does not exist for it; who was given something is told by that.
        rows.items.retain(|row| {
            row.status == PersonStatus::Active
                && row.accounts.as_ref().is_none_or(|chosen| chosen.iter().any(|(id, _)| *id == machine.account))
        });
    }
    Ok(rows)
}

/// Whether somebody manages people; who is limited to which accounts is for them.
fn manages(at: &OrganizationMembership) -> bool {
    at.role.is_some_and(|role| crate::domain::role::may(role, Permission::ManagePeople))
}

/// Tells of each person on a page to which accounts they are limited, if they are (ACCT-2).
async fn tell_accounts(tx: &mut Tx, organization: OrganizationId, rows: &mut [PersonRow]) -> Result<()> {
    let people: Vec<PersonId> =
        rows.iter().filter(|row| row.status == PersonStatus::Active).filter_map(|row| row.person).collect();
    if people.is_empty() {
        return Ok(());
    }
    let limits = account::list_limits(tx, organization, &people).await?;
    if limits.is_empty() {
        return Ok(());
    }
    let all = account::list(tx, organization).await?;
    for (person, id) in limits {
        if let Some(row) = rows.iter_mut().find(|row| row.person == Some(person)) {
            let chosen = row.accounts.get_or_insert_default();
            chosen.extend(all.iter().filter(|account| Some(account.id) == id).map(|one| (one.id, one.name.clone())));
        }
    }
    Ok(())
}

/// Why no licence of an organization allows Members, if so (LIC-4, LIC-6); of several accounts, one
/// that allows it is enough here, and what is chosen is checked by its own.
async fn lacking_for_members(tx: &mut Tx, organization: OrganizationId, now: Timestamp) -> Result<Option<String>> {
    let allowed = super::licence::allowed_in_any(tx, organization, Entitlement::TeamAccess, now).await?;
    Ok(allowed.err().map(|refusal| refusal.to_string()))
}

/// The page Manage People.
///
/// # Errors
/// `NotFound` for who may not see the list; `Invalid` at a field of the query.
pub async fn view(ctx: &Ctx, by: &Principal, page: &query::PeopleQuery) -> Result<PeopleView> {
    let query::PeopleQuery { org, query, role, status, sort, cursor, dialog } = page.clone();
    let mut tx = ctx.db().read().await?;
    let at = organization::belonging(&mut tx, by, &org).await?;
    let query = read(at.id, &PeopleQuery { query, role, status, sort, cursor, limit: Some(PAGE_SIZE) })?;
    let now = ctx.now();
    let mut rows = seen(&mut tx, by, &at, &query, now).await?;
    tell_reaches(&mut tx, at.id, &mut rows.items).await?;
    let manages = manages(&at);
    if manages {
        tell_accounts(&mut tx, at.id, &mut rows.items).await?;
    }
    let everyone = sight(&mut tx, &at).await? == VisiblePeople::Everyone;
    let chosen = if manages { find_chosen(&mut tx, at.id, &dialog.chosen, now).await? } else { Vec::new() };
    let waiting = if everyone { invitation::count_pending(&mut tx, at.id).await? } else { 0 };
    // Whoever sees some people only is not told how many there are (PEOPLE-11, ACCESS-3).
    let count = if everyone { membership::count(&mut tx, at.id).await? } else { rows.items.len() as u64 };
    let inviting = manages && dialog.inviting;
    let places = if inviting { places(&mut tx, by, at.id, &dialog.resource).await? } else { Vec::new() };
    let members_lacking = if manages { lacking_for_members(&mut tx, at.id, now).await? } else { None };
    let limits = match dialog.limits_of.parse::<PersonId>() {
        Ok(person) if manages => Some(accounts::limits(&mut tx, by, &org, person).await?),
        _ => None,
    };
    let found = organizations::find(&mut tx, at.id).await?.ok_or(Refusal::NotFound)?;
    let accounts = if manages { account::count(&mut tx, at.id).await? } else { 0 };
    let account_choices = if inviting && accounts > 1 && may_limit(found.plan).is_ok() {
        account::list(&mut tx, at.id).await?.into_iter().map(|account| (account.id, account.name)).collect()
    } else {
        Vec::new()
    };
    Ok(PeopleView {
        limits,
        plan: found.plan,
        accounts,
        account_choices,
        places,
        members_lacking,
        rows,
        people: count,
        waiting,
        owners: if manages { membership::count_owners(&mut tx, at.id).await? } else { 0 },
        me: by.person,
        chosen,
        organization: at,
    })
}

/// Tells of each External on a page what they reach (PEOPLE-9).
async fn tell_reaches(tx: &mut Tx, organization: OrganizationId, rows: &mut [PersonRow]) -> Result<()> {
    let externals: Vec<PersonId> =
        rows.iter().filter(|row| row.status == PersonStatus::External).filter_map(|row| row.person).collect();
    if externals.is_empty() {
        return Ok(());
    }
    for (person, name, level) in grant::list_reached(tx, organization, &externals, EXTERNALS).await? {
        if let Some(row) = rows.iter_mut().find(|row| row.person == Some(person) && row.reaches.len() < REACHES) {
            row.reaches.push((name, level));
        }
    }
    Ok(())
}

/// What a Member can be invited to: what came along, and what is at the top of the organization's Drive.
async fn places(tx: &mut Tx, by: &Principal, organization: OrganizationId, resource: &str) -> Result<Vec<Crumb>> {
    let mut places = Vec::new();
    if let Ok(id) = resource.trim().parse::<ResourceId>()
        && let Some(reach) = access::access_paths(tx, by.person, &[id]).await?.remove(&id)
        && reach.facts.organization == organization
        && reach.level().is_some()
        && let Some(step) = reach.ancestors.first()
    {
        places.push(Crumb { id, name: step.name.clone(), kind: step.kind });
    }
    let visible = account::list_visible(tx, organization, by.person).await?;
    let roots: Vec<ResourceId> = visible.iter().map(|account| account.root).collect();
    let names = AccountNames::among(visible);
    let first = places.first().map(|place| place.id);
    for (id, kind, name, account) in resource::list_tops(tx, &roots, PAGE_SIZE).await? {
        if Some(id) != first {
            // Two accounts may have something of the same name at their top.
            let name = names.of_account(account).map_or(name.clone(), |account| format!("{account}: {name}"));
            places.push(Crumb { id, name, kind });
        }
    }
    Ok(places)
}

/// The people and invitations behind some ids; those that are not of this organization are left out.
async fn find_chosen(
    tx: &mut Tx,
    organization: OrganizationId,
    chosen: &str,
    now: Timestamp,
) -> Result<Vec<PersonRow>> {
    let ids: Vec<uuid::Uuid> =
        chosen.split(',').filter_map(|id| id.trim().parse().ok()).take(MAX_PEOPLE_PER_CHANGE).collect();
    let Some(first) = ids.first() else { return Ok(Vec::new()) };
    let people: Vec<PersonId> = ids.iter().copied().map(PersonId).collect();
    let mut found: Vec<PersonRow> =
        membership::list_by_id(tx, organization, &people).await?.into_iter().map(row_of_member).collect();
    if found.len() < ids.len() {
        let known: BTreeSet<PersonId> = grant::list_known(tx, organization, &people).await?.into_iter().collect();
        if !known.is_empty() {
            let externals = grant::list_externals(tx, organization, "%", EXTERNALS).await?;
            found.extend(externals.into_iter().filter(|external| known.contains(&external.id)).map(row_of_external));
        }
    }
    // A dialog is about one invitation at most.
    if found.is_empty()
        && let Some(one) =
            invitation::find(tx, InvitationId(*first)).await?.filter(|one| one.organization == organization)
    {
        let expired = now >= one.expires_at;
        found.push(PersonRow {
            person: None,
            invitation: Some(one.id),
            name: one.name.unwrap_or_default(),
            email: one.email,
            role: (!one.external).then_some(one.role),
            status: if expired { PersonStatus::Expired } else { PersonStatus::Invited },
            last_seen: None,
            expires_at: Some(one.expires_at),
            resources: 0,
            reaches: Vec::new(),
            accounts: None,
        });
    }
    Ok(found)
}

/// What came of a wish to change a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleChange {
    /// It is changed; their name, and the role now.
    Done(String, Role),
    /// It is asked about first (ROLE-3).
    Ask,
}

/// Changes somebody's role (PEOPLE-6). Without `confirmed`, what is asked about first is not done.
///
/// # Errors
/// `LastOwner`; `Forbidden` by ROLE-3; `NotFound`.
pub async fn change_role(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    person: PersonId,
    role: &str,
    confirmed: bool,
) -> Result<RoleChange> {
    let role = Role::parse(role).map_err(|problem: FieldIssue| Refusal::field("role", problem))?;
    ctx.db().write(|tx, _| Box::pin(async { change_role_in(tx, ctx, by, org, person, role, confirmed).await })).await
}

/// What is to change of a person; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Another role.
    pub role: Option<String>,
    /// The accounts in which it counts (ACCT-2).
    pub accounts: AccountLimits,
}

/// What is to become of the accounts in which somebody's role counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AccountLimits {
    /// Nothing.
    #[default]
    Stay,
    /// It counts in all of them.
    None,
    /// It counts in these alone.
    To(Vec<AccountId>),
}

/// Changes what is given, all of it or nothing, without asking first; for the API. Their role and the accounts they are
/// limited to, afterwards.
///
/// # Errors
/// As [`change_role`] and [`accounts::limit_person`]; `Invalid` at `role` where nothing is given.
pub async fn change(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    person: PersonId,
    change: Change,
) -> Result<(Role, Option<Vec<AccountId>>)> {
    if change.role.is_none() && change.accounts == AccountLimits::Stay {
        return Err(Refusal::field("role", FieldIssue::Missing).into());
    }
    let role = change.role.as_deref().map(Role::parse).transpose();
    let role = role.map_err(|problem: FieldIssue| Refusal::field("role", problem))?;
    let wanted = change.accounts;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                if let Some(role) = role {
                    change_role_in(tx, ctx, by, org, person, role, true).await?;
                }
                match &wanted {
                    AccountLimits::Stay => {}
                    AccountLimits::None => drop(accounts::limit_in(tx, ctx, by, org, person, None).await?),
                    AccountLimits::To(ids) => drop(accounts::limit_in(tx, ctx, by, org, person, Some(ids)).await?),
                }
                let at = organization::find(tx, by, org).await?;
                let member = membership::list_by_id(tx, at.id, &[person]).await?.into_iter().next();
                let limits = account::list_limits(tx, at.id, &[person]).await?;
                let limited = !limits.is_empty();
                let chosen = limited.then(|| limits.into_iter().filter_map(|(_, id)| id).collect());
                Ok((member.ok_or(Refusal::NotFound)?.role, chosen))
            })
        })
        .await
}

async fn change_role_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    person: PersonId,
    role: Role,
    confirmed: bool,
) -> Result<RoleChange> {
    let permit = organization::permit(tx, by, org, Permission::ManagePeople).await?;
    let found = membership::list_by_id(tx, permit.organization(), &[person]).await?;
    let member = found.into_iter().next().ok_or(Refusal::NotFound)?;
    let before = member.role;
    keys::reach_the_whole(tx, by, permit.organization()).await?;
    by.who().may_touch(before.max(role))?;
    may_change_role(permit.role(), before, role)?;
    let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
    if role != before {
        may_give(at.plan, role)?;
    }
    if before == Role::Owner && role != Role::Owner {
        keep_an_owner(membership::count_owners(tx, permit.organization()).await?, 1)?;
    }
    if before == role {
        return Ok(RoleChange::Done(member.name, role));
    }
    super::licence::allow_role(tx, permit.organization(), role, ctx.now()).await?;
    if !confirmed && asks_first(person == by.person, before, role) {
        return Ok(RoleChange::Ask);
    }
    membership::update_role(tx, &permit, person, role).await?;
    super::seat::role_changed(tx, &permit, person, before, role).await?;
    if may_be_limited(role).is_err() {
        // An Owner stands above every account.
        account::update_limits(tx, &permit, person, None).await?;
    }
    let summary = format!("changed the role of {} from {} to {}", member.name, before.label(), role.label());
    let what = AuditEvent {
        organization: Some(permit.organization()),
        before: Some(serde_json::json!({ "person": person, "role": before })),
        after: Some(serde_json::json!({ "person": person, "role": role })),
        ..AuditEvent::new(Action::RoleChanged, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    if person != by.person {
        let message = if role == Role::Owner {
            EmailMessage::OwnershipGiven { organization: &at.name, org_id: &at.org_id, by: &by.name }
        } else {
            EmailMessage::RoleChanged {
                organization: &at.name,
                org_id: &at.org_id,
                by: &by.name,
                from: before,
                to: role,
            }
        };
        mail::post(tx, ctx, &member.email, &message).await?;
    }
    Ok(RoleChange::Done(member.name, role))
}

/// Takes people out of an organization, all or none (PEOPLE-5); an External loses what they were given (PEOPLE-9). What
/// they made stays. Answers how many they were.
///
/// # Errors
/// `LastOwner`; `Forbidden` by ROLE-3; `NotFound` if one of them is neither in it nor reaches anything; `Invalid` for an
/// empty list.
pub async fn remove(ctx: &Ctx, by: &Principal, org: &str, people: Vec<PersonId>) -> Result<usize> {
    let people: Vec<PersonId> = people.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    if people.is_empty() {
        return Err(Refusal::field("people", FieldIssue::Missing).into());
    }
    if people.len() > MAX_PEOPLE_PER_CHANGE {
        return Err(Refusal::field("people", FieldIssue::TooMany(MAX_PEOPLE_PER_CHANGE)).into());
    }
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = organization::permit(tx, by, org, Permission::ManagePeople).await?;
                let members = membership::list_by_id(tx, permit.organization(), &people).await?;
                if members.len() < people.len() {
                    let inside: BTreeSet<PersonId> = members.iter().map(|member| member.id).collect();
                    let outside: Vec<PersonId> =
                        people.iter().filter(|person| !inside.contains(person)).copied().collect();
                    let known = grant::list_known(tx, permit.organization(), &outside).await?;
                    if known.len() < outside.len() {
                        return Err(Refusal::NotFound.into());
                    }
                }
                keys::reach_the_whole(tx, by, permit.organization()).await?;
                for member in &members {
                    by.who().may_touch(member.role)?;
                    may_change_role(permit.role(), member.role, Role::Member)?;
                }
                take_out(tx, ctx, by, &permit, &people, &members, Action::PersonRemoved).await?;
                let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
                for member in members.iter().filter(|member| member.id != by.person) {
                    let message = EmailMessage::Removed { organization: &at.name, by: &by.name };
                    mail::post(tx, ctx, &member.email, &message).await?;
                }
                Ok(people.len())
            })
        })
        .await
}

/// Leaves an organization (PEOPLE-7).
///
/// # Errors
/// `LastOwner`; `NotFound` if the caller is not in it.
pub async fn leave(ctx: &Ctx, by: &Principal, org: &str) -> Result<()> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = organization::find(tx, by, org).await?;
                let role = membership::find_role(tx, found.id, by.person).await?;
                let permit = allow(by.who(), found.id, role, Permission::Leave)?;
                let me = membership::list_by_id(tx, found.id, &[by.person]).await?;
                take_out(tx, ctx, by, &permit, &[by.person], &me, Action::PersonLeft).await
            })
        })
        .await
}

/// Ends memberships and what was granted, and writes a line for each. `members` are those of the people who are in it.
async fn take_out(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    permit: &RolePermit,
    people: &[PersonId],
    members: &[Member],
    action: Action,
) -> Result<()> {
    let leaving = members.iter().filter(|member| member.role == Role::Owner).count() as u64;
    keep_an_owner(membership::count_owners(tx, permit.organization()).await?, leaving)?;
    membership::delete(tx, permit, people).await?;
    grant::delete_of_people(tx, permit, people).await?;
    seat::delete_of_people(tx, permit, people).await?;
    for person in people {
        let member = members.iter().find(|member| member.id == *person);
        let summary = match member {
            Some(_) if *person == by.person => "left".to_owned(),
            Some(member) => format!("removed {}", member.name),
            None => "removed a person from outside".to_owned(),
        };
        let what = AuditEvent {
            organization: Some(permit.organization()),
            before: Some(serde_json::json!({ "person": person, "role": member.map(|member| member.role) })),
            ..AuditEvent::new(action, summary)
        };
        audit::record(tx, ctx, by, what).await?;
    }
    Ok(())
}

/// A person to create an account for.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewPersonForm {
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    /// `owner`, `manager`, `editor`, `reader` or `member`.
    pub role: String,
}

/// Creates a person's account directly (PEOPLE-8): they are in the organization at once, and set their password from a
/// mailed link, which proves the address.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` with the problem of every field, an address that is known among them.
pub async fn create(ctx: &Ctx, by: &Principal, org: &str, form: &NewPersonForm) -> Result<PersonRow> {
    let mut fields = Fields::default();
    let first_name = fields.check("first_name", Name::parse(&form.first_name));
    let last_name = fields.check("last_name", Name::parse(&form.last_name));
    let email = fields.check("email", Email::parse(&form.email));
    let role = fields.check("role", Role::parse(&form.role));
    {
        // Who may not do this is told so, and nothing about the fields.
        let mut tx = ctx.db().read().await?;
        organization::permit(&mut tx, by, org, Permission::CreatePerson).await?;
    }
    fields.done()?;
    let (Some(first_name), Some(last_name), Some(email), Some(role)) = (first_name, last_name, email, role) else {
        return Err(Refusal::Invalid(Vec::new()).into());
    };
    // An address that has an account is told as what it is; asking for many of them is limited like guessing passwords.
    let asking = [asking_key(by)];
    let budget = MailBudget::about(ctx, by, 1)?;
    let tried = ctx.limits().admit(&asking).await?;
    // Nobody knows this password: the account opens with the mailed link alone.
    let unknown = Password::parse(&ctx.token()).map_err(|problem| Refusal::field("password", problem))?;
    let password_hash = ctx.hasher().hash(&network(by.address.as_deref()), &unknown).await?;
    let id = PersonId(ctx.id());
    let row = PersonRow {
        person: Some(id),
        invitation: None,
        name: crate::domain::person::full_name(first_name.as_str(), last_name.as_str()),
        email: email.as_str().to_owned(),
        role: Some(role),
        status: PersonStatus::Active,
        last_seen: None,
        expires_at: None,
        resources: 0,
        reaches: Vec::new(),
        accounts: None,
    };
    let created: Result<()> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = organization::permit(tx, by, org, Permission::CreatePerson).await?;
                may_email_strangers(tx, ctx, by, permit.organization(), 1).await?;
                let at = organizations::find(tx, permit.organization()).await?.ok_or(Refusal::NotFound)?;
                if at.space_of.is_some() {
                    return Err(Refusal::NotFound.into());
                }
                may_change_role(permit.role(), Role::Member, role)?;
                may_give(at.plan, role)?;
                super::licence::allow_role(tx, permit.organization(), role, ctx.now()).await?;
                let new = person::NewPerson {
                    id,
                    email: email.as_str(),
                    email_key: &email.key(),
                    first_name: first_name.as_str(),
                    last_name: last_name.as_str(),
                    password_hash: &password_hash,
                    cluster: crate::domain::resource::CLUSTERS[0].0,
                    at: ctx.now(),
                };
                match person::insert(tx, &new).await.map_err(Error::from) {
                    Err(error) if error.is_taken() => {
                        return Err(Refusal::field("email", FieldIssue::KnownAlready).into());
                    }
                    inserted => inserted?,
                }
                membership::insert(tx, &permit, id, role, ctx.now()).await?;
                let summary = format!("created an account for {} as {}", row.name, role.with_article());
                let what = AuditEvent {
                    organization: Some(permit.organization()),
                    after: Some(serde_json::json!({ "person": id, "email": email.as_str(), "role": role })),
                    ..AuditEvent::new(Action::PersonCreated, summary)
                };
                audit::record(tx, ctx, by, what).await?;
                my_account::invite_to_set_password(tx, ctx, id, email.as_str(), &at.name, by).await
            })
        })
        .await;
    tried.settle(matches!(&created, Err(Error::Refused(Refusal::Invalid(_)))));
    created?;
    budget.sent(1);
    Ok(row)
}
