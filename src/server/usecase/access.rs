//! Who reaches what: the facts that `domain::access` decides on.

use std::collections::BTreeMap;

use crate::{
    domain::{
        access::{AccessFacts, Act, Level},
        id::{PersonId, ResourceId},
        permit::{self, Permit},
        refusal::Refusal,
        restriction::Restrictions,
    },
    view::Crumb,
};

use super::super::{
    context::Principal,
    error::Result,
    store::{
        Tx,
        resource::{self, Step},
    },
};

/// One person's way to one resource.
#[derive(Debug, Clone)]
pub struct AccessPath {
    /// From the resource up to its root.
    pub ancestors: Vec<Step>,
    /// What decides.
    pub facts: AccessFacts,
}

impl AccessPath {
    /// The person's level on the resource; `None`: it does not exist for them.
    pub fn level(&self) -> Option<Level> {
        self.facts.level()
    }

    /// From the topmost thing that the person may see down to the resource (ACCESS-3: a folder on the way to what was
    /// granted is not shown).
    pub fn visible_path(&self) -> Vec<Crumb> {
        let mut path: Vec<Crumb> = Vec::new();
        for (distance, ancestor) in self.ancestors.iter().enumerate() {
            let above = self.ancestors.iter().skip(distance);
            let restrictions =
                above.clone().fold(Restrictions::default(), |all, ancestor| all.and(ancestor.restrictions));
            let grants = above.flat_map(|ancestor| ancestor.levels.iter().copied()).collect();
            let facts = AccessFacts { resource: ancestor.id, grants, restrictions, ..self.facts.clone() };
            if facts.level().is_none() {
                break;
            }
            path.push(Crumb { id: ancestor.id, name: ancestor.name.clone(), kind: ancestor.kind });
        }
        path.reverse();
        path
    }

    /// How deep the resource is; a root is at 0.
    pub fn depth(&self) -> i64 {
        self.ancestors.last().map_or(0, |root| root.distance)
    }
}

/// A person's ways to resources. Those that do not exist are left out; those they may not see are in it, without a
/// level.
///
/// # Errors
/// The database.
pub async fn access_paths(
    tx: &mut Tx,
    person: PersonId,
    ids: &[ResourceId],
) -> Result<BTreeMap<ResourceId, AccessPath>> {
    Ok(group_by_resource(resource::list_ancestors(tx, person, ids).await?))
}

/// [`access_paths`] of what is in the trash: by the same roles and grants as before it went there.
///
/// # Errors
/// The database.
pub async fn access_paths_in_trash(
    tx: &mut Tx,
    person: PersonId,
    ids: &[ResourceId],
) -> Result<BTreeMap<ResourceId, AccessPath>> {
    Ok(group_by_resource(resource::list_ancestors_in_trash(tx, person, ids).await?))
}

fn group_by_resource(ancestors: Vec<Step>) -> BTreeMap<ResourceId, AccessPath> {
    let mut by_resource: BTreeMap<ResourceId, Vec<Step>> = BTreeMap::new();
    for ancestor in ancestors {
        by_resource.entry(ancestor.start).or_default().push(ancestor);
    }
    by_resource
        .into_iter()
        .filter_map(|(id, ancestors)| {
            let first = ancestors.first()?;
            let facts = AccessFacts {
                resource: id,
                organization: first.organization,
                role: first.role,
                grants: ancestors.iter().flat_map(|ancestor| ancestor.levels.iter().copied()).collect(),
                restrictions: ancestors
                    .iter()
                    .fold(Restrictions::default(), |all, ancestor| all.and(ancestor.restrictions)),
            };
            Some((id, AccessPath { ancestors, facts }))
        })
        .collect()
}

/// A person's way to one resource that they may see.
///
/// # Errors
/// `NotFound` if it does not exist for them.
pub async fn access_path(tx: &mut Tx, by: &Principal, id: ResourceId) -> Result<AccessPath> {
    let access_path = access_paths(tx, by.person, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    access_path.level().ok_or(Refusal::NotFound)?;
    Ok(access_path)
}

/// Leave to look at what an act is about, and the way to the resource: see [`permit::permit_to_look`].
///
/// # Errors
/// `NotFound` or `Forbidden`.
pub async fn permit_to_look(tx: &mut Tx, by: &Principal, act: Act, id: ResourceId) -> Result<(Permit, AccessPath)> {
    let access_path = access_paths(tx, by.person, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    let permit = permit::permit_to_look(by.who(), act, &access_path.facts)?;
    Ok((permit, access_path))
}

/// Leave to do something with one resource, and the way to it.
///
/// # Errors
/// `NotFound` or `Forbidden`: see [`permit::permit`].
pub async fn permit(tx: &mut Tx, by: &Principal, act: Act, id: ResourceId) -> Result<(Permit, AccessPath)> {
    let access_path = access_paths(tx, by.person, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    let permit = permit::permit(by.who(), act, &access_path.facts)?;
    Ok((permit, access_path))
}
