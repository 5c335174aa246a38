//! Who reaches what: the facts that `domain::access` decides on.

use std::collections::BTreeMap;

use crate::domain::{
    access::{self, Act, Level, Lineage, Permit},
    id::{PersonId, ResourceId},
    refusal::Refusal,
    restriction::Restrictions,
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
pub struct Reach {
    /// From the resource up to its root.
    pub steps: Vec<Step>,
    /// What decides.
    pub lineage: Lineage,
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
            let above = self.steps.iter().skip(distance);
            let restrictions = above.clone().fold(Restrictions::default(), |all, step| all.and(step.restrictions));
            let grants = above.flat_map(|step| step.levels.iter().copied()).collect();
            let lineage = Lineage { resource: step.id, grants, restrictions, ..self.lineage.clone() };
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
    Ok(of_steps(resource::list_ways(tx, person, ids).await?))
}

/// [`reaches`] of what is in the trash: by the same roles and grants as before it went there.
///
/// # Errors
/// The database.
pub async fn reaches_in_trash(
    tx: &mut Tx,
    person: PersonId,
    ids: &[ResourceId],
) -> Result<BTreeMap<ResourceId, Reach>> {
    Ok(of_steps(resource::list_ways_in_trash(tx, person, ids).await?))
}

fn of_steps(steps: Vec<Step>) -> BTreeMap<ResourceId, Reach> {
    let mut ways: BTreeMap<ResourceId, Vec<Step>> = BTreeMap::new();
    for step in steps {
        ways.entry(step.start).or_default().push(step);
    }
    ways.into_iter()
        .filter_map(|(id, steps)| {
            let first = steps.first()?;
            let lineage = Lineage {
                resource: id,
                organization: first.organization,
                role: first.role,
                grants: steps.iter().flat_map(|step| step.levels.iter().copied()).collect(),
                restrictions: steps.iter().fold(Restrictions::default(), |all, step| all.and(step.restrictions)),
            };
            Some((id, Reach { steps, lineage }))
        })
        .collect()
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

/// Leave to look at what an act is about, and the way to the resource: see [`access::permit_to_look`].
///
/// # Errors
/// `NotFound` or `Forbidden`.
pub async fn permit_to_look(tx: &mut Tx, by: &Principal, act: Act, id: ResourceId) -> Result<(Permit, Reach)> {
    let reach = reaches(tx, by.person, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    let permit = access::permit_to_look(by.who(), act, &reach.lineage)?;
    Ok((permit, reach))
}

/// Leave to do something with one resource, and the way to it.
///
/// # Errors
/// `NotFound` or `Forbidden`: see [`access::permit`].
pub async fn permit(tx: &mut Tx, by: &Principal, act: Act, id: ResourceId) -> Result<(Permit, Reach)> {
    let reach = reaches(tx, by.person, &[id]).await?.remove(&id).ok_or(Refusal::NotFound)?;
    let permit = access::permit(by.who(), act, &reach.lineage)?;
    Ok((permit, reach))
}
