//! **View as**: a Drive as somebody else sees it, for who manages access (ACCESS-2, ACCESS-3).
//!
//! # Invariants
//! - Reading only. What is read is read with the other's own role and grants, by the same use cases as they read it by.
//! - Whose resources are shown is one organization in which the viewer may give access to everything; other organizations
//!   of the person do not exist here.
//! - A look is in the audit log before anything is shown.

use crate::{
    domain::{
        audit::Action,
        id::{OrganizationId, PersonId, ResourceId},
        person::full_name,
        refusal::Refusal,
        role::Role,
        view_as::{authorize, needs_audit, visible_level},
    },
    view::view_as::ViewAs,
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, grant, membership, person, view_as},
    },
    access,
    audit::{self, AuditEvent},
    organization,
};

/// Through whose eyes something is read.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Whose role and grants count. For reading only.
    pub by: Principal,
    /// Who that is, if it is not the caller.
    pub view_as: Option<ViewAs>,
}

/// Through whose eyes the Drive of an organization is read: the caller's own where `person` is empty.
///
/// # Errors
/// `NotFound` if the caller does not see the organization, or it does not know the person; `Forbidden` for who does not
/// manage access there.
pub async fn in_organization(ctx: &Ctx, by: &Principal, org: &str, person: &str) -> Result<Viewer> {
    if person.is_empty() {
        return Ok(Viewer { by: by.clone(), view_as: None });
    }
    let person = read(person)?;
    let mut tx = ctx.db().read().await?;
    let (found, role) = organization::find_with_role(&mut tx, by, org).await?;
    resolve(tx, ctx, by, found.id, role, person).await
}

/// The same for one resource, which the caller has to see, and so has the person.
///
/// # Errors
/// See [`in_organization`].
pub async fn at_resource(ctx: &Ctx, by: &Principal, id: ResourceId, person: &str) -> Result<Viewer> {
    if person.is_empty() {
        return Ok(Viewer { by: by.clone(), view_as: None });
    }
    let person = read(person)?;
    let mut tx = ctx.db().read().await?;
    let own = access::access_path(&mut tx, by, id).await?;
    let theirs = access::access_paths(&mut tx, person, &[id]).await?.remove(&id);
    let (organization, role) = (own.facts.organization, own.facts.role);
    let viewer = resolve(tx, ctx, by, organization, role, person).await?;
    visible_level(own.level(), theirs.and_then(|theirs| theirs.level())).ok_or(Refusal::NotFound)?;
    Ok(viewer)
}

fn read(person: &str) -> Result<PersonId> {
    Ok(super::id("as", person).map_err(|_| Refusal::NotFound)?)
}

/// Whether an organization knows somebody: they belong to it, or were given something in it.
async fn is_known(tx: &mut Tx, organization: OrganizationId, id: PersonId) -> Result<(Option<Role>, bool)> {
    let role = membership::find_role(tx, organization, id).await?;
    let known = role.is_some() || !grant::list_known(tx, organization, &[id]).await?.is_empty();
    Ok((role, known))
}

/// Checks that the caller may, and writes down that a look begins.
async fn resolve(
    mut tx: Tx,
    ctx: &Ctx,
    by: &Principal,
    organization: OrganizationId,
    role: Option<Role>,
    id: PersonId,
) -> Result<Viewer> {
    let (their_role, known) = is_known(&mut tx, organization, id).await?;
    authorize(by.who(), organization, role, id, known)?;
    let found = person::find(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
    let before = view_as::find(&mut tx, organization, by.person, id).await?;
    drop(tx);
    let name = full_name(&found.first_name, &found.last_name);
    if needs_audit(before, ctx.now()) {
        record_start(ctx, by, organization, id, &name).await?;
    }
    let view_as = ViewAs { person: id, name: name.clone(), role: their_role };
    Ok(Viewer { by: Principal { person: id, name, email_key: String::new(), ..by.clone() }, view_as: Some(view_as) })
}

async fn record_start(ctx: &Ctx, by: &Principal, organization: OrganizationId, id: PersonId, name: &str) -> Result<()> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let role = membership::find_role(tx, organization, by.person).await?;
                let (_, known) = is_known(tx, organization, id).await?;
                let permit = authorize(by.who(), organization, role, id, known)?;
                // Two pages at once begin one look.
                if !needs_audit(view_as::find(tx, organization, by.person, id).await?, ctx.now()) {
                    return Ok(());
                }
                view_as::upsert(tx, &permit, id, ctx.now()).await?;
                let what = AuditEvent {
                    organization: Some(organization),
                    after: Some(serde_json::json!({ "person": id, "name": name })),
                    ..AuditEvent::new(Action::AccessViewedAs, format!("viewed the Drive as {name}"))
                };
                audit::record(tx, ctx, by, what).await
            })
        })
        .await
}
