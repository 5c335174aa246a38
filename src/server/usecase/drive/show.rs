//! A single resource, and where it is in the Drive.

use crate::{
    domain::{
        id::{OrganizationId, ResourceId},
        refusal::Refusal,
        resource::Kind,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, account, organization as organizations, resource},
        usecase::{
            access::{self, AccessPath},
            accounts::AccountNames,
            restriction, view_as,
        },
    },
    view::{ResourceView, outcome::DriveLocation},
};

/// One resource.
///
/// # Errors
/// `NotFound` if the reader may not see it.
pub async fn show(ctx: &Ctx, by: &Principal, id: &str) -> Result<ResourceView> {
    show_as(ctx, by, id, "").await
}

/// One resource as somebody else sees it; as the reader does where `view_as` is empty.
///
/// # Errors
/// `NotFound` if either may not see it; `Forbidden` for who may not look as another.
pub async fn show_as(ctx: &Ctx, by: &Principal, id: &str, view_as: &str) -> Result<ResourceView> {
    let id: ResourceId = crate::server::usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let by = &view_as::at_resource(ctx, by, id, view_as).await?.by;
    let mut tx = ctx.db().read().await?;
    let access_path = access::access_path(&mut tx, by, id).await?;
    view(&mut tx, by, id, &access_path, i64::MAX).await
}

/// One resource; what is in it is counted up to `most`.
pub(super) async fn view(
    tx: &mut Tx,
    by: &Principal,
    id: ResourceId,
    access_path: &AccessPath,
    most: i64,
) -> Result<ResourceView> {
    let names = AccountNames::of(tx, by, access_path.facts.organization).await?;
    let shown = resource::find_shown(tx, id, most).await?.ok_or(Refusal::NotFound)?;
    let resource::ResourceDetails { resource: found, created_by_name, access, children } = shown;
    let level = access_path.level().ok_or(Refusal::NotFound)?;
    let mut path = access_path.visible_path();
    names.label(&mut path);
    let account_name = names.of_account(found.account);
    Ok(ResourceView {
        id,
        kind: found.kind,
        name: account_name.clone().filter(|_| found.kind == Kind::Root).unwrap_or(found.name),
        organization: found.organization,
        account: found.account,
        account_name,
        parent: found.parent.filter(|parent| path.iter().any(|crumb| crumb.id == *parent)),
        path,
        level,
        access,
        dataset: found.dataset,
        created_at: found.created_at,
        modified_at: found.modified_at,
        created_by: found.created_by,
        created_by_name,
        children_count: children,
        in_site: access_path.ancestors.get(1).is_some_and(|container| container.kind == Kind::Site),
        restrictions: access_path.facts.restrictions,
        restricted_by: restriction::origins_of(access_path),
    })
}

/// One resource, in the middle of a change.
pub(crate) async fn view_in(tx: &mut Tx, by: &Principal, id: ResourceId) -> Result<ResourceView> {
    let access_path = access::access_path(tx, by, id).await?;
    view(tx, by, id, &access_path, i64::MAX).await
}

/// Where a container is in the Drive; the first root where there is none.
pub(crate) async fn location(
    tx: &mut Tx,
    organization: OrganizationId,
    container: Option<ResourceId>,
) -> Result<DriveLocation> {
    let found = organizations::find(tx, organization).await?.ok_or(Refusal::NotFound)?;
    let is_first_root = match container {
        None => true,
        Some(id) => account::list(tx, organization).await?.first().is_some_and(|account| account.root == id),
    };
    Ok(DriveLocation { org_id: found.org_id, container: container.filter(|_| !is_first_root) })
}
