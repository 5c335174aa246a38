//! Taking access away (ACCESS-2), also everything that was given by hand at once (XFER-2).

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        access::Act,
        audit::Action,
        grant::may_touch,
        id::{GrantId, InvitationId, ResourceId},
        refusal::Refusal,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, grant, invitation, outbox},
        usecase::{
            self,
            access::{self, AccessPath},
            audit::{self, AuditEvent},
        },
    },
};

use super::{
    managed::{ManagedResource, topic},
    recipient::name_of,
};

/// Takes away a grant on the very resource, made by hand or carried along; or, by the id of an invitation, the access that
/// waits there until it is accepted. Answers whose it was.
///
/// # Errors
/// `NotFound` and `Forbidden`, also for a grant on something else.
pub async fn remove(ctx: &Ctx, by: &Principal, id: &str, grant_id: &str) -> Result<String> {
    let id: ResourceId = usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let grant_id: GrantId = usecase::id("grant", grant_id).map_err(|_| Refusal::NotFound)?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let managed = ManagedResource::of(tx, by, id).await?;
                let found = grant::find(tx, grant_id).await?.filter(|found| found.resource == id);
                let Some(found) = found else {
                    return take_back(tx, ctx, by, &managed, InvitationId(grant_id.0)).await;
                };
                let name = name_of(tx, found.grantee).await?;
                take(tx, ctx, by, &managed, found, &name).await?;
                Ok(name)
            })
        })
        .await
}

/// Ends a grant.
async fn take(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    managed: &ManagedResource,
    found: grant::StoredGrant,
    name: &str,
) -> Result<()> {
    may_touch(managed.own()?, Some(found.level))?;
    if !grant::delete(tx, &managed.permit, found.id).await? {
        return Err(Refusal::NotFound.into());
    }
    // An email that still waits would tell of access that is gone.
    outbox::delete_held_about(tx, &topic(managed, found.grantee), ctx.now()).await?;
    let summary = format!("removed the {} access of {name} to {}", found.level.label(), managed.words());
    let what = AuditEvent {
        organization: Some(managed.permit.organization()),
        before: Some(serde_json::json!({
            "resource": managed.id(), "to": found.grantee, "name": name, "level": found.level, "carried": found.carried,
        })),
        resources: vec![managed.id()],
        ..AuditEvent::new(Action::AccessRemoved, summary)
    };
    audit::record(tx, ctx, by, what).await
}

/// Takes back access that waits with an invitation. An invitation from outside that promises nothing else is revoked, because
/// accepting it would give nothing.
async fn take_back(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    managed: &ManagedResource,
    id: InvitationId,
) -> Result<String> {
    let found = invitation::find(tx, id)
        .await?
        .filter(|found| found.organization == managed.permit.organization())
        .filter(|found| found.state == crate::domain::invitation::InvitationState::Pending)
        .ok_or(Refusal::NotFound)?;
    if !invitation::delete_grant(tx, &managed.permit, id).await? {
        return Err(Refusal::NotFound.into());
    }
    let others = found.reach.is_some_and(|(resource, _)| resource != managed.id())
        || !invitation::list_grants(tx, id).await?.is_empty();
    if found.external && !others {
        invitation::update_state(tx, id, crate::domain::invitation::InvitationState::Revoked, ctx.now()).await?;
    }
    let summary = format!("revoked the access of {} to {}", found.email, managed.words());
    let what = AuditEvent {
        organization: Some(managed.permit.organization()),
        before: Some(serde_json::json!({ "resource": managed.id(), "email": found.email, "invitation": id })),
        resources: vec![managed.id()],
        ..AuditEvent::new(Action::AccessRemoved, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(found.email)
}

/// Takes away all access that was given by hand on some resources, in the transaction of the transfer that it blocks (XFER-2).
/// Answers how many grants ended.
///
/// # Errors
/// `NotFound` and `Forbidden` if the caller may not manage the access to one of them; the transaction must end then.
pub async fn take_by_hand(tx: &mut Tx, ctx: &Ctx, by: &Principal, resources: &[ResourceId]) -> Result<usize> {
    let listed = grant::list_by_hand(tx, resources, 100_000).await?;
    let on: Vec<ResourceId> =
        listed.iter().map(|one| one.grant.resource).collect::<BTreeSet<_>>().into_iter().collect();
    let mut managed = BTreeMap::new();
    for (id, access_path) in access::access_paths(tx, by.person, &on).await? {
        let permit = crate::domain::permit::permit(by.who(), Act::GiveAccess, &access_path.facts)?;
        managed.insert(id, ManagedResource { permit, visible: access_path.visible_path(), access_path });
    }
    for one in &listed {
        let managed = managed.get(&one.grant.resource).ok_or(Refusal::NotFound)?;
        take(tx, ctx, by, managed, one.grant, &one.name).await?;
    }
    Ok(listed.len())
}

/// Whether somebody may manage the access to all of these resources, of which there must be at least one.
pub async fn may_take_by_hand(tx: &mut Tx, by: &Principal, resources: &[ResourceId]) -> Result<bool> {
    let access_paths = access::access_paths(tx, by.person, resources).await?;
    let manages = |id| {
        access_paths.get(id).is_some_and(|access_path: &AccessPath| {
            crate::domain::permit::permit(by.who(), Act::GiveAccess, &access_path.facts).is_ok()
        })
    };
    Ok(!resources.is_empty() && resources.iter().all(manages))
}
