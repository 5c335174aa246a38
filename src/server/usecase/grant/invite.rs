//! Giving access to an address that the organization does not know: it is invited (ACCESS-2).

use crate::{
    domain::{
        access::Level,
        audit::Action,
        grant::{InviteAs, NewAccess},
        permit::{RolePermit, allow},
        refusal::Refusal,
        role::{Affiliation, Permission, Role},
        text::Email,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, invitation, organization as organizations, resource},
        usecase::{
            audit::{self, AuditEvent},
            invitation as invitations,
        },
    },
    view::access::WaitingAccess,
};

use super::managed::{ManagedResource, team_access};

/// Invites an address that the organization does not know, or adds to the invitation that waits for it.
pub(super) async fn ask(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    managed: &ManagedResource,
    email: &Email,
    level: Level,
    way: InviteAs,
) -> Result<WaitingAccess> {
    let id = managed.id();
    let gift = NewAccess { own: managed.own()?, name: email.as_str(), standing: way.standing(), from: None, to: level };
    let found = resource::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let member = if way == InviteAs::Member { Some(member_permit(by, managed)?) } else { None };
    let pending = invitation::find_pending(tx, managed.permit.organization(), &email.key(), ctx.now()).await?;
    // An invitation that waits has a role, which decides what may be given with it, whatever was asked for.
    let standing = match &pending {
        Some(waiting) if !waiting.external => Affiliation::In(waiting.role),
        _ => way.standing(),
    };
    NewAccess { standing, ..gift }.check()?;
    team_access(tx, ctx, found.account).await??;
    let Some(waiting) = pending else {
        let owner = organizations::find(tx, managed.permit.organization()).await?.ok_or(Refusal::NotFound)?;
        if member.is_some() && owner.space_of.is_some() {
            return Err(Refusal::NotFound.into());
        }
        let asked = invitations::send::AccessInvitation { email, resource: id, name: managed.name(), level };
        let (invitation, expires_at) =
            invitations::send::ask(tx, ctx, by, &managed.permit, member.as_ref(), &asked).await?;
        return Ok(WaitingAccess { invitation, email: email.as_str().to_owned(), level, way, expires_at });
    };
    invitation::upsert_grant(tx, &managed.permit, waiting.id, level, ctx.now()).await?;
    if let Some(member) = member.filter(|_| waiting.external) {
        invitation::update_role(tx, &member, waiting.id, Role::Member).await?;
    }
    let way = if waiting.external { way } else { InviteAs::Member };
    let summary = format!(
        "gave {} {} access to {}, once the invitation is accepted",
        waiting.email,
        level.label(),
        managed.words()
    );
    let what = AuditEvent {
        organization: Some(managed.permit.organization()),
        after: Some(
            serde_json::json!({ "resource": id, "email": waiting.email, "level": level, "invitation": waiting.id }),
        ),
        resources: vec![id],
        ..AuditEvent::new(Action::AccessGiven, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    Ok(WaitingAccess { invitation: waiting.id, email: waiting.email, level, way, expires_at: waiting.expires_at })
}

/// A permit to invite Members into the resource's organization.
fn member_permit(by: &Principal, managed: &ManagedResource) -> Result<RolePermit> {
    let facts = &managed.access_path.facts;
    // Somebody who manages only this resource sees the organization, so this is "forbidden", not "not found".
    facts.role.ok_or_else(|| {
        Refusal::Forbidden(
            "Only Owners and Managers of the organization can invite Members. Share it with someone outside instead."
                .to_owned(),
        )
    })?;
    Ok(allow(by.who(), facts.organization, facts.role, Permission::ManagePeople)?)
}
