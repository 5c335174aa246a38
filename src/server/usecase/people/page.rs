//! The page Manage People: the list, and what its dialogs show.

use std::collections::BTreeSet;

use crate::{
    domain::{
        id::{InvitationId, OrganizationId, PersonId, ResourceId},
        licence::Entitlement,
        people_visibility::VisiblePeople,
        plan::may_limit,
        refusal::Refusal,
        time::Timestamp,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, account, grant, invitation, membership, organization as organizations, resource},
        usecase::{
            self, access,
            accounts::{self, AccountNames},
            organization,
        },
    },
    view::{
        Crumb,
        people::{PeopleView, PersonRow, PersonStatus},
        query,
    },
};

use super::{
    caps,
    list::{EXTERNALS, PeopleQuery, manages, read, row_of_external, row_of_member, seen, sight, tell_accounts},
    remove::MAX_PEOPLE_PER_CHANGE,
};

/// How many rows a page of people has in the browser.
const PAGE_SIZE: i64 = 100;
/// How many of the resources that an External reaches are named.
const REACHES: usize = 3;

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
    // Somebody who sees only some people is not told how many there are (PEOPLE-11, ACCESS-3).
    let count = if everyone { membership::count(&mut tx, at.id).await? } else { rows.items.len() as u64 };
    let inviting = manages && dialog.inviting;
    let places = if inviting { places(&mut tx, by, at.id, &dialog.resource).await? } else { Vec::new() };
    let members_lacking = if manages { lacking_for_members(&mut tx, at.id, now).await? } else { None };
    let limits = match dialog.limits_of.parse::<PersonId>() {
        Ok(person) if manages => Some(accounts::limits(&mut tx, by, &org, person).await?),
        _ => None,
    };
    let caps = match dialog.caps_of.parse::<PersonId>() {
        Ok(person) if manages => caps::dialog(&mut tx, at.id, (at.role, by.person), person).await?,
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
        caps,
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

/// Why no licence of an organization allows Members, if none does (LIC-4, LIC-6). One account that allows them is enough
/// here, because the form does not know yet in which account the chosen resource will be.
async fn lacking_for_members(tx: &mut Tx, organization: OrganizationId, now: Timestamp) -> Result<Option<String>> {
    let allowed = usecase::licence::entitlement::allowed_in_any(tx, organization, Entitlement::TeamAccess, now).await?;
    Ok(allowed.err().map(|refusal| refusal.to_string()))
}

/// Adds to each External on a page what they reach (PEOPLE-9).
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

/// What a Member can be invited to: the resource in the page's address, and what is at the top of the organization's Drive.
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
