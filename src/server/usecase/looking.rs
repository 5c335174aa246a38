//! **View as**: a Drive as somebody else sees it, for who manages access (ACCESS-2, ACCESS-3).
//!
//! # Invariants
//! - Reading only. What is read is read with the other's own role and grants, by the same use cases as they read it by.
//! - Whose resources are shown is one organization in which the viewer may give access to everything; other organizations
//!   of the person do not exist here.
//! - A look is in the audit log before anything is shown.

use crate::domain::{
    id::{OrganizationId, PersonId, ResourceId},
    looking::{begins, look_as, through_both},
    person::full_name,
    refusal::Refusal,
    role::Role,
    view::looking::Looking,
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, grant, looking, membership, person},
    },
    access,
    audit::{self, Happened},
    organization,
};

/// Through whose eyes something is read.
#[derive(Debug, Clone)]
pub struct Eyes {
    /// Whose role and grants count. For reading only.
    pub by: Principal,
    /// Who that is, if it is not the caller.
    pub looking: Option<Looking>,
}

/// Through whose eyes the Drive of an organization is read: the caller's own where `person` is empty.
///
/// # Errors
/// `NotFound` if the caller does not see the organization, or it does not know the person; `Forbidden` for who does not
/// manage access there.
pub async fn in_organization(ctx: &Ctx, by: &Principal, org: &str, person: &str) -> Result<Eyes> {
    if person.is_empty() {
        return Ok(Eyes { by: by.clone(), looking: None });
    }
    let person = read(person)?;
    let mut tx = ctx.db().read().await?;
    let (found, role) = organization::find_with_role(&mut tx, by, org).await?;
    look(tx, ctx, by, found.id, role, person).await
}

/// The same for one resource, which the caller has to see, and so has the person.
///
/// # Errors
/// See [`in_organization`].
pub async fn at_resource(ctx: &Ctx, by: &Principal, id: ResourceId, person: &str) -> Result<Eyes> {
    if person.is_empty() {
        return Ok(Eyes { by: by.clone(), looking: None });
    }
    let person = read(person)?;
    let mut tx = ctx.db().read().await?;
    let own = access::reach(&mut tx, by, id).await?;
    let theirs = access::reaches(&mut tx, person, &[id]).await?.remove(&id);
    let (organization, role) = (own.lineage.organization, own.lineage.role);
    let eyes = look(tx, ctx, by, organization, role, person).await?;
    through_both(own.level(), theirs.and_then(|theirs| theirs.level())).ok_or(Refusal::NotFound)?;
    Ok(eyes)
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
async fn look(
    mut tx: Tx,
    ctx: &Ctx,
    by: &Principal,
    organization: OrganizationId,
    role: Option<Role>,
    id: PersonId,
) -> Result<Eyes> {
    let (their_role, known) = is_known(&mut tx, organization, id).await?;
    look_as(by.who(), organization, role, id, known)?;
    let found = person::find(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
    let before = looking::find(&mut tx, organization, by.person, id).await?;
    drop(tx);
    let name = full_name(&found.first_name, &found.last_name);
    if begins(before, ctx.now()) {
        begin(ctx, by, organization, id, &name).await?;
    }
    let looking = Looking { person: id, name: name.clone(), role: their_role };
    Ok(Eyes { by: Principal { person: id, name, email_key: String::new(), ..by.clone() }, looking: Some(looking) })
}

async fn begin(ctx: &Ctx, by: &Principal, organization: OrganizationId, id: PersonId, name: &str) -> Result<()> {
    let (ctx_in, by_in, name_in) = (ctx.clone(), by.clone(), name.to_owned());
    ctx.db()
        .write(move |tx| {
            let (ctx, by, name) = (ctx_in.clone(), by_in.clone(), name_in.clone());
            Box::pin(async move {
                let role = membership::find_role(tx, organization, by.person).await?;
                let (_, known) = is_known(tx, organization, id).await?;
                let permit = look_as(by.who(), organization, role, id, known)?;
                // Two pages at once begin one look.
                if !begins(looking::find(tx, organization, by.person, id).await?, ctx.now()) {
                    return Ok(());
                }
                looking::upsert(tx, &permit, id, ctx.now()).await?;
                let what = Happened {
                    organization: Some(organization),
                    action: "access.viewed_as",
                    summary: format!("viewed the Drive as {name}"),
                    after: Some(serde_json::json!({ "person": id, "name": name })),
                    ..Happened::default()
                };
                audit::note(tx, &ctx, &by, what).await
            })
        })
        .await
}
