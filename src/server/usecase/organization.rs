//! Organizations as their people see them: finding one, lists, and leave to do what a role may (ORG).

use std::collections::BTreeSet;

use crate::{
    domain::{
        account::sharing_id,
        id::{OrganizationId, PersonId, ResourceId},
        name::search_key,
        organization::{OrganizationKind, becomes_organization},
        permit::{allow, allow_to_look},
        plan::PlanTier,
        refusal::Refusal,
        role::{Permission, Role},
        text::{FieldIssue, key},
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        store::{Tx, account, grant, membership, organization},
        usecase::{access, pager::Pager},
    },
    view::{OrganizationMembership, Page, SharedResourceView},
};

/// An organization as the API shows it.
#[derive(Debug, Clone)]
pub struct OrganizationView {
    /// Id.
    pub id: OrganizationId,
    /// Org ID.
    pub org_id: String,
    /// Display name.
    pub name: String,
    /// Legal definition.
    pub kind: OrganizationKind,
    /// My role.
    pub role: Option<Role>,
    /// Plan.
    pub plan: PlanTier,
    /// The accounts whose Drive I see, with their Sharing IDs, oldest first.
    pub accounts: Vec<(account::Account, String)>,
}

/// Makes a personal space an organization if it has to become one (PEOPLE-4b, SPACE-1); whether it did. To be called after
/// whatever may be the reason: work that came into it, a licence, or a membership elsewhere. Nothing happens to an
/// organization.
pub async fn turn_space(tx: &mut Tx, id: OrganizationId) -> Result<bool> {
    let Some(space) = organization::find_space_facts(tx, id).await? else { return Ok(false) };
    if !becomes_organization(space) {
        return Ok(false);
    }
    organization::release_space(tx, id).await?;
    Ok(true)
}

/// [`turn_space`] of somebody's personal space; the organization that it became.
pub async fn turn_space_of(tx: &mut Tx, person: PersonId) -> Result<Option<OrganizationId>> {
    let Some(space) = organization::find_space(tx, person).await? else { return Ok(None) };
    Ok(turn_space(tx, space).await?.then_some(space))
}

/// The organization behind an Org ID or an id, for somebody who may see it: a member, or who reaches something in it.
///
/// # Errors
/// `NotFound` for everybody else.
pub async fn find(tx: &mut Tx, by: &Principal, org: &str) -> Result<organization::Organization> {
    find_with_role(tx, by, org).await.map(|(found, _)| found)
}

/// [`find`], with the role that they have in it.
///
/// # Errors
/// See [`find`].
pub async fn find_with_role(
    tx: &mut Tx,
    by: &Principal,
    org: &str,
) -> Result<(organization::Organization, Option<Role>)> {
    let id = match org.parse::<OrganizationId>() {
        Ok(id) => Some(id),
        Err(_) => organization::find_id(tx, &key(org)).await?,
    };
    let id = id.ok_or(Refusal::NotFound)?;
    let (found, role) = organization::find_with_role(tx, id, by.person).await?.ok_or(Refusal::NotFound)?;
    if role.is_none() && grant::list_shared(tx, by.person, id, 1).await?.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    Ok((found, role))
}

/// How somebody belongs to an organization they may see.
///
/// # Errors
/// `NotFound` if they may not.
pub async fn belonging(tx: &mut Tx, by: &Principal, org: &str) -> Result<OrganizationMembership> {
    let (found, role) = find_with_role(tx, by, org).await?;
    let shown_to = found.details.people_visible_to;
    let given = membership::find_limited(tx, found.id, by.person).await?;
    let personal = found.space_of.is_some();
    Ok(OrganizationMembership::new(found.id, found.org_id, found.name, role, personal, shown_to)
        .limited_to_accounts(given))
}

/// One organization, for the API.
///
/// # Errors
/// `NotFound` if the caller may not see it.
pub async fn show(ctx: &Ctx, by: &Principal, org: &str) -> Result<OrganizationView> {
    let mut tx = ctx.db().read().await?;
    let (found, role) = find_with_role(&mut tx, by, org).await?;
    // A Member or an External learns of the organization what the shared resource says, not its accounts.
    let accounts = account::list_visible(&mut tx, found.id, by.person).await?;
    let accounts = accounts
        .into_iter()
        .map(|account| {
            let sharing = sharing_id(&found.org_id, &account.account_id);
            (account, sharing)
        })
        .collect();
    Ok(OrganizationView {
        id: found.id,
        org_id: found.org_id,
        name: found.name,
        kind: found.kind,
        role,
        plan: found.plan,
        accounts,
    })
}

/// One page of the organizations of the caller by name, their personal space among them; `query` is what the name contains.
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn list(
    ctx: &Ctx,
    by: &Principal,
    query: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<OrganizationMembership>> {
    let mut tx = ctx.db().read().await?;
    list_in(&mut tx, by, query, cursor, super::limit(limit)?).await
}

/// [`list`] in a transaction.
///
/// # Errors
/// `Invalid` at a field of the query.
pub(crate) async fn list_in(
    tx: &mut Tx,
    by: &Principal,
    query: &str,
    cursor: &str,
    limit: i64,
) -> Result<Page<OrganizationMembership>> {
    let typed = search_key(query);
    if typed.chars().count() > 255 {
        return Err(Refusal::field("query", FieldIssue::TooLong(255)).into());
    }
    // `!` is the escape character of the LIKE that this becomes part of.
    let escaped = typed.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    let pager = Pager::new(format!("organizations {typed}"));
    let after = pager.read(cursor)?.unwrap_or_default();
    let rows = organization::list_by_name(tx, by.person, &format!("%{escaped}%"), &after, limit + 1).await?;
    Ok(pager.page(rows, limit, |(_, after)| after.clone())?.map(|(one, _)| one))
}

/// How many organizations the switcher names.
const MAX_IN_SWITCHER: i64 = 20;

/// The organizations that the frame of a page names: those used last, the personal space behind them, and the one that is shown
/// (`org`, if it is one of theirs). Whether there are more.
pub(crate) async fn listed(tx: &mut Tx, by: &Principal, org: &str) -> Result<(Vec<OrganizationMembership>, bool)> {
    let mut used = organization::list_used(tx, by.person, MAX_IN_SWITCHER + 1).await?;
    let more = i64::try_from(used.len()).is_ok_and(|many| many > MAX_IN_SWITCHER);
    if more {
        used.pop();
    }
    let known = used.iter().any(|one| one.org_id.eq_ignore_ascii_case(org) || one.id.to_string() == org);
    if more && !known && !org.is_empty() {
        match belonging(tx, by, org).await {
            Ok(shown) if shown.role.is_some() => used.insert(0, shown),
            Ok(_) | Err(Error::Refused(Refusal::NotFound)) => {}
            Err(error) => return Err(error),
        }
    }
    used.sort_by_key(|one| one.personal);
    Ok((used, more))
}

/// What organizations that the caller is not in share with them, or with an organization of theirs, the newest first (PEOPLE-9).
///
/// # Errors
/// `Invalid` at a field of the query.
pub async fn shared_with(
    ctx: &Ctx,
    by: &Principal,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<SharedResourceView>> {
    let limit = super::limit(limit)?;
    let pager = Pager::new("shared");
    let after = pager.read(cursor)?;
    let mut tx = ctx.db().read().await?;
    let rows = grant::list_shared_with(&mut tx, by.person, after, limit + 1).await?;
    let page = pager.page(rows, limit, |last| last.grant)?;
    Ok(Page { items: levels_of(&mut tx, by, page.items).await?, next_cursor: page.next_cursor })
}

/// The first of what is shared with somebody, for the frame of a page.
pub(crate) async fn shared_lately(
    tx: &mut Tx,
    by: &Principal,
    listed: &[OrganizationMembership],
) -> Result<Vec<SharedResourceView>> {
    let ids: Vec<OrganizationId> = listed.iter().map(|one| one.id).collect();
    let rows = grant::list_shared_lately(tx, by.person, &ids, SHARED).await?;
    if rows.is_empty() { Ok(Vec::new()) } else { levels_of(tx, by, rows).await }
}

/// How much of what is shared the switcher names.
const SHARED: i64 = 5;

/// Each thing once, with the level that counts on it.
async fn levels_of(tx: &mut Tx, by: &Principal, rows: Vec<grant::SharedWith>) -> Result<Vec<SharedResourceView>> {
    let mut seen = BTreeSet::new();
    let mut shared: Vec<SharedResourceView> =
        rows.into_iter().map(|row| row.view).filter(|view| seen.insert(view.resource)).collect();
    let ids: Vec<ResourceId> = seen.into_iter().collect();
    for (id, access_path) in access::access_paths(tx, by.person, &ids).await? {
        if let (Some(view), Some(level)) = (shared.iter_mut().find(|view| view.resource == id), access_path.level()) {
            view.level = level;
        }
    }
    Ok(shared)
}

/// Leave to do, as one of an organization, what a permission says.
///
/// # Errors
/// `NotFound` or `Forbidden`.
pub async fn permit(
    tx: &mut Tx,
    by: &Principal,
    org: &str,
    permission: Permission,
) -> Result<crate::domain::permit::RolePermit> {
    let (found, role) = find_with_role(tx, by, org).await?;
    Ok(allow(by.who(), found.id, role, permission)?)
}

/// Leave to look at what a permission is about: see [`allow_to_look`].
///
/// # Errors
/// `NotFound` or `Forbidden`.
pub async fn permit_to_look(
    tx: &mut Tx,
    by: &Principal,
    org: &str,
    permission: Permission,
) -> Result<crate::domain::permit::RolePermit> {
    let (found, role) = find_with_role(tx, by, org).await?;
    Ok(allow_to_look(by.who(), found.id, role, permission)?)
}
