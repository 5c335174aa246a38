//! What a membership lets through to a person (JOB-5): seen and changed by who manages people.

use crate::{
    domain::{
        audit::Action,
        cap::{Caps, CapsForm, may_cap},
        id::{OrganizationId, PersonId},
        refusal::Refusal,
        role::{Permission, Role},
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, membership},
        usecase::{
            audit::{self, AuditEvent},
            key as keys, organization,
        },
    },
    view::people::CapsView,
};

/// The caps of somebody's membership.
///
/// # Errors
/// `NotFound`; `Forbidden` by role.
pub async fn show(ctx: &Ctx, by: &Principal, org: &str, person: PersonId) -> Result<Caps> {
    let mut tx = ctx.db().read().await?;
    let permit = organization::permit_to_look(&mut tx, by, org, Permission::ManagePeople).await?;
    keys::reach_the_whole(&mut tx, by, permit.organization()).await?;
    let found = membership::find_caps(&mut tx, permit.organization(), person).await?;
    Ok(found.ok_or(Refusal::NotFound)?.1)
}

/// What the dialog **Limits** shows to somebody with a role; nothing where they may not change the limits of this person.
pub(super) async fn dialog(
    tx: &mut Tx,
    organization: OrganizationId,
    (by, me): (Option<Role>, PersonId),
    person: PersonId,
) -> Result<Option<CapsView>> {
    let found = membership::find_caps(tx, organization, person).await?;
    let (Some((role, caps)), Some(by)) = (found, by) else { return Ok(None) };
    if may_cap(by, role, person == me).is_err() {
        return Ok(None);
    }
    let name = membership::list_by_id(tx, organization, &[person]).await?.into_iter().next();
    Ok(name.map(|member| CapsView { person, name: member.name, role, caps }))
}

/// Changes the caps of somebody's membership; what is not given stays. A new role takes them away again.
///
/// # Errors
/// `NotFound`; `Forbidden` by ROLE-3; `BadRequest` for an Owner; `Invalid` at `level`.
pub async fn change(ctx: &Ctx, by: &Principal, org: &str, person: PersonId, form: &CapsForm) -> Result<Caps> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let permit = organization::permit(tx, by, org, Permission::ManagePeople).await?;
                let (role, before) =
                    membership::find_caps(tx, permit.organization(), person).await?.ok_or(Refusal::NotFound)?;
                keys::reach_the_whole(tx, by, permit.organization()).await?;
                by.who().may_touch(role)?;
                may_cap(permit.role(), role, by.key.is_none() && person == by.person)?;
                let caps = form.read(before)?;
                if caps != before {
                    membership::update_caps(tx, &permit, person, caps).await?;
                    let name = membership::list_by_id(tx, permit.organization(), &[person]).await?.into_iter().next();
                    let name = name.map(|member| member.name).unwrap_or_default();
                    let what = AuditEvent {
                        organization: Some(permit.organization()),
                        before: Some(serde_json::json!({ "person": person, "caps": before })),
                        after: Some(serde_json::json!({ "person": person, "caps": caps })),
                        ..AuditEvent::new(
                            Action::PersonCapped,
                            format!("changed what {name} gets through the organization"),
                        )
                    };
                    audit::record(tx, ctx, by, what).await?;
                }
                Ok(caps)
            })
        })
        .await
}
