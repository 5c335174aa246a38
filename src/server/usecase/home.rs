//! Home of an organization (ORG-7).

use crate::{
    domain::role::{Permission, may},
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{audit as audit_store, membership},
        usecase::organization::find_with_role,
    },
    view::{HomeView, OrganizationMembership, activity::RecentActivity},
};

/// Home of an organization (ORG-7), cut down to what the role may see.
///
/// # Errors
/// `NotFound` if the reader may not see it.
pub async fn show(ctx: &Ctx, by: &Principal, org: &str) -> Result<HomeView> {
    let mut tx = ctx.db().read().await?;
    let (found, role) = find_with_role(&mut tx, by, org).await?;
    let may = |permission| role.is_some_and(|role| may(role, permission));
    let given = membership::find_limited(&mut tx, found.id, by.person).await?;
    let caps = membership::find_caps(&mut tx, found.id, by.person).await?;
    let limits = caps.map(|(role, caps)| caps.words(role)).unwrap_or_default();
    let legal = may(Permission::ViewLegal).then(|| found.legal.clone());
    let sees_people = role.is_some_and(|role| found.details.people_visible_to.shows_to(role));
    let people = if sees_people { Some(membership::count(&mut tx, found.id).await?) } else { None };
    let owners = if sees_people { membership::list_owner_names(&mut tx, found.id).await? } else { Vec::new() };
    let managed = super::licence::list::accounts_with_usage(&mut tx, found.id, by.person).await?;
    let licences = if managed.is_empty() {
        None
    } else {
        Some(super::licence::list::of_accounts(&mut tx, found.id, &managed, ctx.now()).await?)
    };
    let storage =
        if may(Permission::ViewLegal) { Some(super::storage::of_organization(&mut tx, found.id).await?) } else { None };
    let activity = if may(Permission::ReadAudit) {
        let lines = audit_store::list(&mut tx, found.id, &audit_store::Filter::default(), None, 8).await?;
        Some(lines.into_iter().map(|(_, line)| RecentActivity::from(line)).collect())
    } else {
        None
    };
    let (personal, shown_to) = (found.space_of.is_some(), found.details.people_visible_to);
    let belonging = OrganizationMembership::new(found.id, found.org_id, found.name, role, personal, shown_to)
        .limited_to_accounts(given);
    let offers = super::offer::list::waiting(&mut tx, ctx, by, &belonging).await?;
    Ok(HomeView {
        organization: belonging,
        limits,
        kind: found.kind,
        plan: found.plan,
        country: found.legal.country.clone(),
        created_at: found.created_at,
        legal,
        people,
        owners,
        licences,
        storage,
        activity,
        offers,
    })
}
