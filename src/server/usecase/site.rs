//! Sites: putting datasets into one and taking them out again (XFER-5, LIC-4), and its timeline (DRIVE-6).

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        access::Act,
        id::{OrganizationId, ResourceId},
        licence::{Entitlement, allows},
        permit::permit as permit_on,
        refusal::Refusal,
        resource::Kind,
        site::{already_in_site, not_a_dataset, not_in_a_site, outside_not_seen, several_of_this_name},
        text::Name,
        undo::Inverse,
    },
    view::task::TimelineView,
};

use super::{
    super::{
        context::{Ctx, Principal},
        error::{Result, at_field},
        store::{Tx, licence, resource, site},
    },
    access::{self, AccessPath},
    drive, transfer, trash, undo,
};

/// How many sites of one name are looked at.
const SAME_NAME: i64 = 50;
/// How many sites are offered in the dialog.
const OFFERED: i64 = 200;
/// How many datasets a timeline shows.
const ON_TIMELINE: i64 = 200;

/// Which site is meant.
#[derive(Debug, Clone)]
pub enum SiteChoice {
    /// This one.
    Site(ResourceId),
    /// The one that is called like this, or a new one.
    Named(Name),
}

/// Datasets were put into a site, or taken out.
#[derive(Debug, Clone)]
pub struct Assigned {
    /// The datasets.
    pub items: Vec<ResourceId>,
    /// The page of the container they are in now.
    pub container_path: String,
    /// What there is to say.
    pub toast: String,
    /// How to take it back, if that is offered.
    pub undo: Option<String>,
}

/// Reads which site is meant: its id, or its name.
///
/// # Errors
/// `Invalid` at `site` or `site_name`.
pub fn wanted(id: &str, name: &str) -> Result<SiteChoice> {
    if id.trim().is_empty() {
        Ok(SiteChoice::Named(Name::parse(name).map_err(at_field("site_name"))?))
    } else {
        Ok(SiteChoice::Site(super::id("site", id)?))
    }
}

/// What happened in a transaction of [`assign`] or [`unassign`].
struct Put {
    organization: OrganizationId,
    container: ResourceId,
    toast: String,
    inverses: Vec<Inverse>,
    /// The site, if it was made for this.
    made: Option<ResourceId>,
}

/// Puts datasets into a site: one that is there, or a new one beside the first of them. All of them or none.
///
/// # Errors
/// `NotFound` if one does not exist for the caller; `Forbidden` for a level; `Licence` (LIC-4, LIC-6); `Blocked` with
/// everything that is in the way of the move; `BadRequest` if it is no dataset, or the name is not of one site alone.
pub async fn assign(ctx: &Ctx, by: &Principal, items: Vec<ResourceId>, site: SiteChoice) -> Result<Assigned> {
    let put: Result<Put> =
        ctx.db().write(|tx, _| Box::pin(async { assign_in(tx, ctx, by, &items, &site).await })).await;
    done(ctx, by, items, put).await
}

async fn done(ctx: &Ctx, by: &Principal, items: Vec<ResourceId>, put: Result<Put>) -> Result<Assigned> {
    let put = match put {
        Err(error) if error.is_taken() => return Err(Refusal::Conflict.into()),
        put => put?,
    };
    // Several moves at once are not taken back in one step.
    let undo = match <[Inverse; 1]>::try_from(put.inverses) {
        Ok([inverse]) => {
            let inverse = match put.made {
                Some(site) => Inverse::Unassign { put_back: Box::new(inverse), site },
                None => inverse,
            };
            undo::offer(ctx, by, inverse).await
        }
        Err(_) => None,
    };
    let mut tx = ctx.db().read().await?;
    let container_path = drive::container_path(&mut tx, put.organization, Some(put.container)).await?;
    Ok(Assigned { items, container_path, toast: put.toast, undo })
}

/// The ways to datasets that the caller sees.
async fn datasets(tx: &mut Tx, by: &Principal, items: &[ResourceId]) -> Result<Vec<AccessPath>> {
    let mut access_paths = access::access_paths(tx, by.person, items).await?;
    let mut found = Vec::with_capacity(items.len());
    for id in items {
        let access_path =
            access_paths.remove(id).filter(|access_path| access_path.level().is_some()).ok_or(Refusal::NotFound)?;
        permit_on(by.who(), Act::Move, &access_path.facts)?;
        if access_path.ancestors.first().is_none_or(|step| step.kind != Kind::Dataset) {
            let name = access_path.ancestors.first().map(|step| step.name.clone()).unwrap_or_default();
            return Err(not_a_dataset(&name).into());
        }
        found.push(access_path);
    }
    Ok(found)
}

fn names(access_paths: &[AccessPath]) -> Vec<String> {
    access_paths.iter().filter_map(|access_path| access_path.ancestors.first()).map(|step| step.name.clone()).collect()
}

async fn assign_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, items: &[ResourceId], wanted: &SiteChoice) -> Result<Put> {
    let access_paths = datasets(tx, by, items).await?;
    let first = resource::find(tx, *items.first().ok_or(Refusal::NotFound)?).await?.ok_or(Refusal::NotFound)?;
    let (site, name, made) = match wanted {
        SiteChoice::Site(id) => {
            let found = access::access_path(tx, by, *id).await?;
            let step = found.ancestors.first().ok_or(Refusal::NotFound)?;
            if step.kind != Kind::Site {
                return Err(Refusal::field("site", crate::domain::text::FieldIssue::NotAChoice).into());
            }
            if step.organization != first.organization {
                return Err(Refusal::NotFound.into());
            }
            (*id, step.name.clone(), None)
        }
        SiteChoice::Named(name) => match find_named(tx, by, &first, name).await? {
            Some(found) => (found, name.as_str().to_owned(), None),
            None => {
                let in_site = access_paths.iter().find(|access_path| in_site(access_path));
                if let Some(step) = in_site.and_then(|access_path| access_path.ancestors.first()) {
                    return Err(Refusal::Blocked(vec![already_in_site(step.id, &step.name)]).into());
                }
                let licences = licence::list_of_account(tx, first.account, ctx.now()).await?;
                allows(&licences, Entitlement::Sites, ctx.now())?;
                let beside = first.parent.ok_or(Refusal::NotFound)?;
                let made = drive::create_in(tx, ctx, by, beside, Kind::Site, name, None).await?;
                (made.resource.id, made.resource.name, Some(made.resource.id))
            }
        },
    };
    let moved = transfer::transfer_in(tx, ctx, by, items, site, None, None).await?;
    Ok(Put {
        organization: first.organization,
        container: site,
        toast: format!("Assigned {} to “{name}”", trash::what(&names(&access_paths))),
        inverses: moved.inverse.into_iter().collect(),
        made,
    })
}

fn in_site(access_path: &AccessPath) -> bool {
    access_path.ancestors.get(1).is_some_and(|container| container.kind == Kind::Site)
}

/// The site of a name that the caller may put something into: beside the dataset, or else the only one.
async fn find_named(
    tx: &mut Tx,
    by: &Principal,
    dataset: &resource::Resource,
    name: &Name,
) -> Result<Option<ResourceId>> {
    let sites = site::list_by_name(tx, dataset.account, &name.key(), SAME_NAME).await?;
    let ids: Vec<ResourceId> = sites.iter().map(|(id, _)| *id).collect();
    let access_paths = access::access_paths(tx, by.person, &ids).await?;
    let visible: Vec<&(ResourceId, ResourceId)> = sites
        .iter()
        .filter(|(id, _)| access_paths.get(id).is_some_and(|access_path| access_path.level().is_some()))
        .collect();
    if let Some((beside, _)) = visible.iter().find(|(_, container)| Some(*container) == dataset.parent) {
        return Ok(Some(*beside));
    }
    match visible.as_slice() {
        [] => Ok(None),
        [(only, _)] => Ok(Some(*only)),
        several => Err(several_of_this_name(name.as_str(), several.len()).into()),
    }
}

/// Takes datasets out of their sites, to where each site is. All of them or none.
///
/// # Errors
/// `NotFound` if one does not exist for the caller; `Forbidden`; `Blocked` with everything that is in the way;
/// `BadRequest` if one is in no site.
pub async fn unassign(ctx: &Ctx, by: &Principal, items: Vec<ResourceId>) -> Result<Assigned> {
    let put: Result<Put> = ctx.db().write(|tx, _| Box::pin(async { unassign_in(tx, ctx, by, &items).await })).await;
    done(ctx, by, items, put).await
}

async fn unassign_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, items: &[ResourceId]) -> Result<Put> {
    let access_paths = datasets(tx, by, items).await?;
    let mut groups: BTreeMap<ResourceId, Vec<ResourceId>> = BTreeMap::new();
    let mut sites = BTreeSet::new();
    for access_path in &access_paths {
        let (Some(item), Some(site), Some(around)) =
            (access_path.ancestors.first(), access_path.ancestors.get(1), access_path.ancestors.get(2))
        else {
            return Err(Refusal::NotFound.into());
        };
        if site.kind != Kind::Site {
            return Err(not_in_a_site(&item.name).into());
        }
        sites.insert(site.name.clone());
        groups.entry(around.id).or_default().push(item.id);
    }
    let (mut inverses, mut to) = (Vec::new(), None);
    let containers: Vec<ResourceId> = groups.keys().copied().collect();
    let around = access::access_paths(tx, by.person, &containers).await?;
    for (container, items) in groups {
        if around.get(&container).and_then(AccessPath::level).is_none() {
            return Err(outside_not_seen().into());
        }
        let moved = transfer::transfer_in(tx, ctx, by, &items, container, None, None).await?;
        to = Some((moved.receipt.plan.source, container));
        inverses.extend(moved.inverse);
    }
    let (organization, container) = to.ok_or(Refusal::NotFound)?;
    let sites: Vec<String> = sites.into_iter().collect();
    let from = match sites.as_slice() {
        [one] => format!("“{one}”"),
        several => format!("{} sites", several.len()),
    };
    let toast = format!("Removed {} from {from}", trash::what(&names(&access_paths)));
    Ok(Put { organization, container, toast, inverses, made: None })
}

/// The names of sites that datasets could be assigned to, for who may put something into them.
///
/// # Errors
/// `NotFound` if the first of the items does not exist for the caller; `Invalid` at `items`.
pub async fn offered(ctx: &Ctx, by: &Principal, items: &str) -> Result<Vec<String>> {
    let items = transfer::read_items(items)?;
    let mut tx = ctx.db().read().await?;
    let first = *items.first().ok_or(Refusal::NotFound)?;
    access::access_path(&mut tx, by, first).await?;
    let dataset = resource::find(&mut tx, first).await?.ok_or(Refusal::NotFound)?;
    let sites = site::list(&mut tx, dataset.account, OFFERED).await?;
    let ids: Vec<ResourceId> = sites.iter().map(|(id, _)| *id).collect();
    let access_paths = access::access_paths(&mut tx, by.person, &ids).await?;
    let may = |id: &ResourceId| {
        access_paths.get(id).is_some_and(|access_path| permit_on(by.who(), Act::Move, &access_path.facts).is_ok())
    };
    let mut names: Vec<String> = sites.into_iter().filter(|(id, _)| may(id)).map(|(_, name)| name).collect();
    names.dedup();
    Ok(names)
}

/// The timeline of a site that the reader is known to see: the newest of its datasets whose day is known, oldest first.
///
/// # Errors
/// The database.
pub async fn timeline(tx: &mut Tx, id: ResourceId) -> Result<TimelineView> {
    let newest = site::list_captured(tx, id, ON_TIMELINE + 1).await?;
    let shown = usize::try_from(ON_TIMELINE).unwrap_or(usize::MAX);
    let more = newest.len() > shown;
    let mut datasets: Vec<_> = newest.into_iter().take(shown).collect();
    datasets.reverse();
    Ok(TimelineView { datasets, more })
}
