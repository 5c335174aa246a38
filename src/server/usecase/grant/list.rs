//! Who can reach a resource: the list, and the dialog **Manage access** (ACCESS-2).

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        grant::{AccessOrigin, InviteAs},
        id::ResourceId,
        refusal::Refusal,
        role::{Permission, may},
        transfer::Grantee,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{
            Tx,
            grant::{self, GrantCursor},
            invitation,
            membership::{self, Cursor},
            organization as organizations, resource,
        },
        usecase::{self, pager::Pager},
    },
    view::{
        Control, Crumb, Page,
        access::{AccessRow, AccessView, RoleCount, WaitingAccess},
    },
};

use super::managed::{ManagedResource, team_access};

/// How many rows the dialog shows at a time.
const PAGE_SIZE: i64 = 100;
/// How many waiting invitations are shown of one resource at most.
const WAITING: i64 = 200;

/// One page of who can reach a resource, with level and source: grants first, then people by role (ACCESS-2).
///
/// # Errors
/// `NotFound` and `Forbidden` for who does not manage it; `Invalid` at a field of the query.
pub async fn list(ctx: &Ctx, by: &Principal, id: &str, cursor: &str, limit: Option<i64>) -> Result<Page<AccessRow>> {
    let id: ResourceId = usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let limit = usecase::limit(limit)?;
    let mut tx = ctx.db().read().await?;
    let managed = ManagedResource::with_view(&mut tx, by, id).await?;
    let after = match read_position(id, cursor)? {
        ListCursor::Roles(after) => return roles_page(&mut tx, &managed, &after, limit).await,
        ListCursor::Grants(after) => after,
    };
    let (mut items, next_cursor) = grants_page(&mut tx, &managed, after, limit).await?;
    if next_cursor.is_some() {
        return Ok(Page { items, next_cursor });
    }
    let room = limit - i64::try_from(items.len()).unwrap_or(limit);
    if room == 0 {
        let next_cursor = Some(pager(id).write(&ListCursor::Roles(Cursor::start(false)))?);
        return Ok(Page { items, next_cursor });
    }
    let people = roles_page(&mut tx, &managed, &Cursor::start(false), room).await?;
    items.extend(people.items);
    Ok(Page { items, next_cursor: people.next_cursor })
}

/// What the dialog **Manage access** shows: a page of grants, or of the people by role where `shown` is `roles`.
///
/// # Errors
/// `NotFound` and `Forbidden` for who does not manage it; `Invalid` at the cursor.
pub async fn view(ctx: &Ctx, by: &Principal, id: &str, shown: &str, cursor: &str) -> Result<AccessView> {
    let id: ResourceId = usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    let managed = ManagedResource::of(&mut tx, by, id).await?;
    let (by_role, rows) = match read_position(id, cursor)? {
        ListCursor::Roles(after) => (true, roles_page(&mut tx, &managed, &after, PAGE_SIZE).await?),
        ListCursor::Grants(_) if shown == "roles" => {
            (true, roles_page(&mut tx, &managed, &Cursor::start(false), PAGE_SIZE).await?)
        }
        ListCursor::Grants(after) => {
            let (items, next_cursor) = grants_page(&mut tx, &managed, after, PAGE_SIZE).await?;
            (false, Page { items, next_cursor })
        }
    };
    let mut roles: Vec<RoleCount> =
        membership::count_by_role(&mut tx, managed.permit.organization(), managed.account()?)
            .await?
            .into_iter()
            .filter(|(role, _)| crate::domain::access::role_level(*role).is_some())
            .map(|(role, people)| RoleCount { role, people })
            .collect();
    roles.sort_by_key(|count| std::cmp::Reverse(count.role));
    let found = resource::find(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
    let owner = organizations::find(&mut tx, found.organization).await?.ok_or(Refusal::NotFound)?;
    let role = managed.access_path.facts.role;
    Ok(AccessView {
        resource: managed.visible.last().cloned().unwrap_or(Crumb { id, name: found.name, kind: found.kind }),
        organization: owner.id,
        organization_name: owner.name,
        me: by.person,
        rows,
        by_role,
        roles,
        waiting: list_waiting(&mut tx, ctx, &managed).await?,
        give: match team_access(&mut tx, ctx, found.account).await? {
            Ok(()) => Control::Enabled,
            Err(refusal) => Control::Disabled(refusal.to_string()),
        },
        looks: managed.may_view_as(),
        invites: owner.space_of.is_none() && role.is_some_and(|role| may(role, Permission::ManagePeople)),
    })
}

/// The access to a resource that waits for somebody to accept an invitation, for the API.
///
/// # Errors
/// `NotFound` and `Forbidden` for who does not manage it.
pub async fn waiting(ctx: &Ctx, by: &Principal, id: &str) -> Result<Vec<WaitingAccess>> {
    let id: ResourceId = usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    let managed = ManagedResource::with_view(&mut tx, by, id).await?;
    list_waiting(&mut tx, ctx, &managed).await
}

async fn list_waiting(tx: &mut Tx, ctx: &Ctx, managed: &ManagedResource) -> Result<Vec<WaitingAccess>> {
    let found = invitation::list_on(tx, managed.id(), ctx.now(), WAITING).await?;
    Ok(found
        .into_iter()
        .map(|one| WaitingAccess {
            invitation: one.id,
            email: one.email,
            level: one.level,
            way: if one.external { InviteAs::External } else { InviteAs::Member },
            expires_at: one.expires_at,
        })
        .collect())
}

/// One page of the grants, with the cursor of the next page of them, if there is one.
async fn grants_page(
    tx: &mut Tx,
    managed: &ManagedResource,
    after: GrantCursor,
    limit: i64,
) -> Result<(Vec<AccessRow>, Option<String>)> {
    let id = managed.id();
    let listed = grant::list_on_way(tx, id, &managed.way(), after, limit + 1).await?;
    let page = pager(id).page(listed, limit, |last| {
        ListCursor::Grants(GrantCursor { rank: i64::from(last.grant.resource != id), id: last.grant.id.0 })
    })?;
    Ok((page.items.into_iter().map(|listed| managed.row(listed)).collect(), page.next_cursor))
}

/// One page of the people who reach it by their role.
async fn roles_page(tx: &mut Tx, managed: &ManagedResource, after: &Cursor, limit: i64) -> Result<Page<AccessRow>> {
    let members =
        membership::list_reaching(tx, managed.permit.organization(), managed.account()?, after, limit + 1).await?;
    let page = pager(managed.id()).page(members, limit, |last| {
        ListCursor::Roles(Cursor { rank: membership::rank(last.role), key: last.name_key.clone(), id: last.id.0 })
    })?;
    Ok(Page { items: page.items.into_iter().filter_map(row_of_role).collect(), next_cursor: page.next_cursor })
}

fn row_of_role(member: membership::Member) -> Option<AccessRow> {
    Some(AccessRow {
        who: Grantee::Person(member.id),
        name: member.name,
        address: None,
        role: Some(member.role),
        level: crate::domain::access::role_level(member.role)?,
        origin: AccessOrigin::Role,
        from: None,
        grant: None,
    })
}

/// Where a page of the list starts: among the grants, or among the people by role, who come after all grants.
#[derive(Serialize, Deserialize)]
enum ListCursor {
    Grants(GrantCursor),
    Roles(Cursor),
}

fn pager(id: ResourceId) -> Pager<ListCursor> {
    Pager::new(format!("{id} access"))
}

fn read_position(id: ResourceId, cursor: &str) -> Result<ListCursor> {
    Ok(pager(id).read(cursor)?.unwrap_or(ListCursor::Grants(GrantCursor::START)))
}
