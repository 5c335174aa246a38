//! "Why can they see this?" (ACCESS-1)

use crate::{
    domain::{
        access::Level,
        grant::{AccessOrigin, left_without_each},
        id::{PersonId, ResourceId},
        refusal::Refusal,
        transfer::Grantee,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::grant,
        usecase::{self, access},
    },
    view::{
        Crumb,
        access::{AccessReason, WhyView},
    },
};

use super::{
    managed::ManagedResource,
    recipient::{find_receiver, name_of},
};

/// "Why can they see this?": every reason, the highest first (ACCESS-1), and what would be left without it.
///
/// # Errors
/// `NotFound` and `Forbidden` for who does not manage the resource; `NotFound` for a person whom the organization does not
/// know.
pub async fn why(ctx: &Ctx, by: &Principal, id: &str, person_id: &str) -> Result<WhyView> {
    let id: ResourceId = usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let person_id: PersonId = usecase::id("person", person_id).map_err(|_| Refusal::NotFound)?;
    let mut tx = ctx.db().read().await?;
    let managed = ManagedResource::with_view(&mut tx, by, id).await?;
    let theirs = access::access_paths(&mut tx, person_id, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    // Somebody who neither reaches the resource nor is known in its organization does not exist for the caller.
    let known = find_receiver(&mut tx, &managed, person_id).await?;
    let looks = known.is_some() && person_id != by.person && managed.may_view_as();
    let name = match (known, theirs.level()) {
        (Some(receiver), _) => receiver.name,
        (None, Some(_)) => name_of(&mut tx, Grantee::Person(person_id)).await?,
        (None, None) => return Err(Refusal::NotFound.into()),
    };
    let role = theirs.facts.role;
    let mut reasons: Vec<AccessReason> = role
        .and_then(|role| crate::domain::access::role_level(role).map(|level| (role, level)))
        .map(|(role, level)| AccessReason {
            level,
            origin: AccessOrigin::Role,
            role: Some(role),
            through: None,
            from: None,
            carried: false,
            by: None,
            at: None,
            left: None,
        })
        .into_iter()
        .collect();
    for found in grant::list_reaching(&mut tx, person_id, &managed.way()).await? {
        let here = found.grant.resource == id;
        reasons.push(AccessReason {
            level: crate::domain::cap::through(found.grant.level, found.max_level),
            origin: AccessOrigin::of_grant(here, found.grant.carried),
            role: None,
            through: found.through,
            from: managed.crumb(found.grant.resource).filter(|_| !here),
            carried: found.grant.carried,
            by: found.by,
            at: Some(found.at),
            left: None,
        });
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.level));
    let levels: Vec<Level> = reasons.iter().map(|reason| reason.level).collect();
    for (reason, left) in reasons.iter_mut().zip(left_without_each(&levels)) {
        reason.left = left;
    }
    let resource = Crumb { id, name: managed.name().to_owned(), kind: managed.kind() };
    Ok(WhyView { person: person_id, name, resource, looks, level: theirs.level(), reasons })
}
