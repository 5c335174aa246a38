//! Who reaches what: the facts that `domain::access` decides on.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    access::{self, Act, Level, Lineage, Permit},
    id::{OrganizationId, PersonId, ResourceId},
    refusal::Refusal,
    role::Role,
    view::Crumb,
};

use super::super::{
    context::Principal,
    error::Result,
    store::{
        Tx, grant, membership,
        resource::{self, Step},
    },
};

/// One person's way to one resource.
#[derive(Debug, Clone)]
pub struct Reach {
    /// From the resource up to its root.
    pub steps: Vec<Step>,
    /// What decides.
    pub lineage: Lineage,
    /// The levels granted on each step.
    granted: Vec<(ResourceId, Level)>,
}

impl Reach {
    /// The person's level on the resource; `None`: it does not exist for them.
    pub fn level(&self) -> Option<Level> {
        self.lineage.level()
    }

    /// From the topmost thing that the person may see down to the resource (ACCESS-3: a folder on the way to what was
    /// granted is not shown).
    pub fn visible_path(&self) -> Vec<Crumb> {
        let mut path: Vec<Crumb> = Vec::new();
        for (distance, step) in self.steps.iter().enumerate() {
            let above: BTreeSet<ResourceId> = self.steps.iter().skip(distance).map(|step| step.id).collect();
            let grants = self.granted.iter().filter(|(id, _)| above.contains(id)).map(|(_, level)| *level).collect();
            let lineage = Lineage { resource: step.id, grants, ..self.lineage.clone() };
            if lineage.level().is_none() {
                break;
            }
            path.push(Crumb { id: step.id, name: step.name.clone(), kind: step.kind });
        }
        path.reverse();
        path
    }

    /// How deep the resource is; a root is at 0.
    pub fn depth(&self) -> i64 {
        self.steps.last().map_or(0, |root| root.distance)
    }
}

/// A person's ways to resources. Those that do not exist are left out; those they may not see are in it, without a
/// level.
///
/// # Errors
/// The database.
pub async fn reaches(tx: &mut Tx, person: PersonId, ids: &[ResourceId]) -> Result<BTreeMap<ResourceId, Reach>> {
    let steps = resource::list_lineages(tx, ids).await?;
    let on_the_way: Vec<ResourceId> = steps.iter().map(|step| step.id).collect::<BTreeSet<_>>().into_iter().collect();
    let levels = grant::list_levels(tx, person, &on_the_way).await?;
    let mut roles: BTreeMap<OrganizationId, Option<Role>> = BTreeMap::new();
    for organization in steps.iter().map(|step| step.organization).collect::<BTreeSet<_>>() {
        roles.insert(organization, membership::find_role(tx, organization, person).await?);
    }
    let mut ways: BTreeMap<ResourceId, Vec<Step>> = BTreeMap::new();
    for step in steps {
        ways.entry(step.start).or_default().push(step);
    }
    Ok(ways
        .into_iter()
        .filter_map(|(id, steps)| {
            let organization = steps.first()?.organization;
            let granted: Vec<(ResourceId, Level)> =
                levels.iter().filter(|(on, _)| steps.iter().any(|step| step.id == *on)).copied().collect();
            let lineage = Lineage {
                resource: id,
                organization,
                role: roles.get(&organization).copied().flatten(),
                grants: granted.iter().map(|(_, level)| *level).collect(),
            };
            Some((id, Reach { steps, lineage, granted }))
        })
        .collect())
}

/// A person's way to one resource that they may see.
///
/// # Errors
/// `NotFound` if it does not exist for them.
pub async fn reach(tx: &mut Tx, by: &Principal, id: ResourceId) -> Result<Reach> {
    let reach = reaches(tx, by.person, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    reach.level().ok_or(Refusal::NotFound)?;
    Ok(reach)
}

/// Leave to do something with one resource, and the way to it.
///
/// # Errors
/// `NotFound` or `Forbidden`: see [`access::permit`].
pub async fn permit(tx: &mut Tx, by: &Principal, act: Act, id: ResourceId) -> Result<(Permit, Reach)> {
    let reach = reaches(tx, by.person, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    let permit = access::permit(by.person, act, &reach.lineage)?;
    Ok((permit, reach))
}
