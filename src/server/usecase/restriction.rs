//! Restrictions (POL-1): what is forbidden on a resource and where that comes from, and forbidding it.

use crate::{
    domain::{
        access::{Act, may_act},
        audit::Action,
        id::ResourceId,
        refusal::Refusal,
        restriction::{RestrictingResource, Restriction, RestrictionOrigin, Restrictions, origins},
    },
    view::restriction::RestrictionsView,
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, resource},
    },
    access::{self, AccessPath},
    audit::{self, AuditEvent},
};

/// Where the restrictions of a resource come from, each by name where the reader may see it.
pub fn origins_of(access_path: &AccessPath) -> Vec<RestrictionOrigin> {
    let visible = access_path.visible_path();
    let way: Vec<RestrictingResource> = access_path
        .ancestors
        .iter()
        .map(|step| RestrictingResource {
            shown: visible.iter().find(|crumb| crumb.id == step.id).map(|crumb| {
                let root = crumb.kind == crate::domain::resource::Kind::Root;
                (crumb.id, if root { crumb.kind.label().to_owned() } else { crumb.name.clone() })
            }),
            restrictions: step.restrictions,
        })
        .collect();
    origins(&way)
}

fn view(access_path: &AccessPath) -> Result<RestrictionsView> {
    let first = access_path.ancestors.first().ok_or(Refusal::NotFound)?;
    let level = access_path.level().ok_or(Refusal::NotFound)?;
    Ok(RestrictionsView {
        id: first.id,
        name: first.name.clone(),
        kind: first.kind,
        own: first.restrictions,
        effective: access_path.facts.restrictions,
        origins: origins_of(access_path),
        manages: may_act(Act::Restrict, level, access_path.facts.restrictions).is_ok(),
    })
}

/// What is forbidden on a resource, and where that comes from: for everybody who sees it.
///
/// # Errors
/// `NotFound` if the reader may not see it.
pub async fn show(ctx: &Ctx, by: &Principal, id: &str) -> Result<RestrictionsView> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    view(&access::access_path(&mut tx, by, id).await?)
}

/// Sets what is forbidden on a resource and everything below it.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub async fn update(ctx: &Ctx, by: &Principal, id: &str, restrictions: Restrictions) -> Result<RestrictionsView> {
    let id: ResourceId = super::id("id", id).map_err(|_| Refusal::NotFound)?;
    ctx.db().write(|tx, _| Box::pin(async { update_in(tx, ctx, by, id, restrictions).await })).await
}

async fn update_in(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    id: ResourceId,
    restrictions: Restrictions,
) -> Result<RestrictionsView> {
    let (permit, before) = access::permit(tx, by, Act::Restrict, id).await?;
    let before = view(&before)?;
    if before.own == restrictions {
        return Ok(before);
    }
    resource::update_restrictions(tx, &permit, restrictions, ctx.now()).await?;
    let root = before.kind == crate::domain::resource::Kind::Root;
    let what = if root { "the Drive".to_owned() } else { format!("“{}”", before.name) };
    let line = AuditEvent {
        organization: Some(permit.organization()),
        before: Some(words(id, before.own)),
        after: Some(words(id, restrictions)),
        resources: vec![id],
        ..AuditEvent::new(Action::ResourceRestricted, format!("changed the restrictions of {what}"))
    };
    audit::record(tx, ctx, by, line).await?;
    view(&access::access_path(tx, by, id).await?)
}

/// As the audit log keeps it.
fn words(id: ResourceId, restrictions: Restrictions) -> serde_json::Value {
    let answer = |what: Restriction| if restrictions.forbids(what) { what.closed() } else { what.open() };
    serde_json::json!({
        "resource": id,
        "copy": answer(Restriction::Copy),
        "delete": answer(Restriction::Delete),
        "download": answer(Restriction::Download),
    })
}
