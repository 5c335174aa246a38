//! The people of an organization as a list: members, invitations and people from outside, sorted and in pages (PEOPLE-1,
//! PEOPLE-9, PEOPLE-11).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{
    domain::{
        id::{OrganizationId, PersonId},
        name::search_key,
        people_visibility::{VisiblePeople, visible_people},
        refusal::Refusal,
        role::{Permission, Role},
        text::{Email, FieldIssue},
        time::Timestamp,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{
            Tx, account, grant, invitation,
            membership::{self, Cursor, Member, PeopleFilter, Sort},
            organization as organizations, resource,
        },
        usecase::{self, organization, pager::Pager},
    },
    view::{
        OrganizationMembership, Page,
        people::{PersonRow, PersonStatus},
    },
};

/// How many people from outside are listed at most.
pub(super) const EXTERNALS: i64 = 1_000;

/// Which people are wanted, as texts.
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

/// A [`PeopleQuery`], parsed.
pub(super) struct Query {
    pattern: String,
    role: Option<Role>,
    status: Option<PersonStatus>,
    sort: Sort,
    descending: bool,
    limit: i64,
    pager: Pager<ListCursor>,
    after: Option<ListCursor>,
}

/// Where a page starts. A list has parts, one behind the other: sorted by role, these are people, invitations and Externals;
/// sorted by status, one for each status; sorted otherwise, the list is one part.
#[derive(Clone, Serialize, Deserialize)]
struct ListCursor {
    part: i64,
    after: Cursor,
}

pub(super) fn read(organization: OrganizationId, query: &PeopleQuery) -> Result<Query> {
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
    // A whole address is folded like addresses, anything else like names.
    let typed = Email::parse(&query.query).map_or_else(|_| search_key(&query.query), |email| email.key());
    if typed.chars().count() > 255 {
        return Err(Refusal::field("query", FieldIssue::TooLong(255)).into());
    }
    // `!` is the escape character of the store's LIKE patterns.
    let escaped = typed.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    let pattern = if escaped.is_empty() { "%".to_owned() } else { format!("%{escaped}%") };
    let pager = Pager::new(format!("{organization} {} {} {} {typed}", query.sort, query.role, query.status));
    let after = pager.read(&query.cursor)?;
    Ok(Query { pattern, role, status, sort, descending, limit: usecase::limit(query.limit)?, pager, after })
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
        // A machine belongs to one account. People whose role counts in other accounts only do not exist for it; invitations
        // and Externals belong to no account, so it is not told of them here.
        rows.items.retain(|row| {
            row.status == PersonStatus::Active
                && row.accounts.as_ref().is_none_or(|chosen| chosen.iter().any(|(id, _)| *id == machine.account))
        });
    }
    Ok(rows)
}

pub(super) async fn seen(
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

/// What somebody may see of an organization's people.
pub(super) async fn sight(tx: &mut Tx, organization: &OrganizationMembership) -> Result<VisiblePeople> {
    let found = organizations::find(tx, organization.id).await?.ok_or(Refusal::NotFound)?;
    let shown_to = found.details.people_visible_to;
    Ok(if organization.personal { VisiblePeople::Nobody } else { visible_people(organization.role, shown_to) })
}

/// Whether somebody manages people. Nobody else is told who is limited to which accounts.
pub(super) fn manages(at: &OrganizationMembership) -> bool {
    at.role.is_some_and(|role| crate::domain::role::may(role, Permission::ManagePeople))
}

/// Adds to each person on a page the accounts they are limited to, if they are (ACCT-2).
pub(super) async fn tell_accounts(tx: &mut Tx, organization: OrganizationId, rows: &mut [PersonRow]) -> Result<()> {
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

/// One page of people, invitations and Externals. These are in different tables, and a union of them cannot be read in order
/// from an index. So each table is asked for a whole page from the cursor on; the rows are then sorted together and cut.
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
        // Nobody who is invited was ever seen, so by last visit they are all at rank 0. A cursor at a higher rank is
        // before all of them in a descending list, and behind all of them in an ascending one.
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
        // Who is external follows from grants, so the database cannot page through them by an index. They are few: all are
        // loaded, and those before the cursor are dropped here.
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
    let mine = grant::list_shared(tx, person, organization, usecase::MAX_PAGE_SIZE).await?;
    let above = resource::list_ancestors(tx, person, &mine).await?;
    let resources: Vec<_> = above.iter().map(|step| step.id).collect::<BTreeSet<_>>().into_iter().collect();
    let mut people: BTreeSet<PersonId> =
        grant::list_people(tx, &resources, usecase::MAX_PAGE_SIZE).await?.into_iter().collect();
    people.insert(person);
    let people: Vec<PersonId> = people.into_iter().collect();
    let mut members = membership::list_by_id(tx, organization, &people).await?;
    members.sort_by(|a, b| (&a.name_key, a.id).cmp(&(&b.name_key, b.id)));
    Ok(Page { items: members.into_iter().map(row_of_member).collect(), next_cursor: None })
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

/// A row, and its place in the list.
struct Placed {
    cursor: ListCursor,
    row: PersonRow,
}

/// The part of a list that somebody is in, by their status.
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

/// The number that a list is sorted by before its text: the role, or when somebody was last seen, with 0 for never. Lists
/// sorted by a text have 0 throughout.
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

pub(super) fn row_of_member(member: Member) -> PersonRow {
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

pub(super) fn row_of_external(external: grant::External) -> PersonRow {
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
