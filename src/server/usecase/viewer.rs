//! What the viewer shows of a dataset (VIEW-1 to VIEW-4), and of a second one beside it (VIEW-6), for a person and for somebody with a link.
//!
//! # Invariants
//! - A link's visitor learns no name of a person, and nothing above the resource that the link shows.
//! - Who may see a dataset may look at it in the viewer; what is restricted there is downloading (POL-1).
//! - A dataset is compared only with another one of the same site, and only by who sees both (attacks 93 and 94).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    domain::{
        access::Act,
        annotation::{NotSaved, save_control},
        app::BuiltIn,
        command::Control,
        file::Side,
        file_command::{self, FileCommand, FilesTarget},
        id::{AccountId, ResourceId},
        permit::permit as permit_on,
        photo::Position,
        refusal::Refusal,
        resource::Kind,
        share_link::may_visit,
    },
    server::{
        builtin::survey_index,
        context::{Client, Ctx, Principal},
        error::Result,
        store::{
            Tx, photo,
            resource::{self, Resource},
        },
    },
    view::viewer::{MAX_PHOTOS, OtherDataset, PhotoOnMap, ViewerChanges, ViewerView},
};

use super::{
    access::{self, AccessPath},
    annotation, layer,
    link::{self, LinkRequest},
    site, survey,
};

/// The viewer of a dataset, for who may see it.
///
/// # Errors
/// `NotFound`; `Unavailable` where storage does not answer.
pub async fn show(ctx: &Ctx, by: &Principal, dataset: &str) -> Result<ViewerView> {
    let dataset: ResourceId = super::subject(dataset)?;
    // Before a connection to the database is held.
    let _turn = survey::TURNS.acquire().await.ok();
    let mut tx = ctx.db().read().await?;
    let (_, access_path) = access::permit(&mut tx, by, Act::View, dataset).await?;
    let found = dataset_of(&mut tx, dataset).await?;
    let (photos, more_photos) = photos(ctx, &mut tx, dataset).await?;
    let mut others = match site_of(&access_path) {
        Some(site) => others(&mut tx, site, dataset).await?,
        None => Vec::new(),
    };
    let ids: Vec<ResourceId> = others.iter().map(|other| other.id).collect();
    let ways = access::access_paths(&mut tx, by.person, &ids).await?;
    others.retain(|other| ways.get(&other.id).is_some_and(|way| permit_on(by.who(), Act::View, &way.facts).is_ok()));
    Ok(ViewerView {
        dataset: dataset.to_string(),
        name: found.name,
        captured_on: found.dataset.and_then(|facts| facts.captured_on),
        others,
        layers: layer::list_in(&mut tx, dataset).await?,
        photos,
        more_photos,
        annotations: annotation::list_all_in(&mut tx, dataset).await?,
        save: save(&mut tx, ctx, &access_path, found.account).await?,
        download: download(&access_path),
        may_process: permit_on(by.who(), Act::Process, &access_path.facts).is_ok(),
    })
}

/// The dataset `with`, to be compared with a dataset of the same site, for who may see both. Its drawings are left out: those of the
/// first dataset are on both maps.
///
/// # Errors
/// `NotFound`, also where they are not in the same site; `Unavailable` where storage does not answer.
pub async fn compare(ctx: &Ctx, by: &Principal, dataset: &str, with: &str) -> Result<ViewerView> {
    let (dataset, with): (ResourceId, ResourceId) = (super::subject(dataset)?, super::subject(with)?);
    let _turn = survey::TURNS.acquire().await.ok();
    let mut tx = ctx.db().read().await?;
    let (_, first) = access::permit(&mut tx, by, Act::View, dataset).await?;
    let (_, second) = access::permit(&mut tx, by, Act::View, with).await?;
    if dataset == with || site_of(&first).is_none() || site_of(&first) != site_of(&second) {
        return Err(Refusal::NotFound.into());
    }
    let may_process = permit_on(by.who(), Act::Process, &second.facts).is_ok();
    second_view(ctx, &mut tx, with, download(&second), may_process).await
}

/// What may have changed since, for who may see it.
///
/// # Errors
/// `NotFound`.
pub async fn changes(ctx: &Ctx, by: &Principal, dataset: &str) -> Result<ViewerChanges> {
    let dataset: ResourceId = super::subject(dataset)?;
    let mut tx = ctx.db().read().await?;
    let (_, access_path) = access::permit(&mut tx, by, Act::View, dataset).await?;
    let found = dataset_of(&mut tx, dataset).await?;
    Ok(ViewerChanges {
        layers: layer::list_in(&mut tx, dataset).await?,
        annotations: annotation::list_all_in(&mut tx, dataset).await?,
        save: save(&mut tx, ctx, &access_path, found.account).await?,
        download: download(&access_path),
    })
}

/// The viewer of a dataset that a link shows: without names, and nothing is saved (VIEW-4).
///
/// # Errors
/// `NotFound` for a link that is wrong, revoked, expired or locked, and for what it does not show; `RateLimited`.
pub async fn visit(ctx: &Ctx, client: &Client, asked: &LinkRequest) -> Result<ViewerView> {
    let _turn = survey::TURNS.acquire().await.ok();
    let (mut tx, dataset) = link::open_dataset(ctx, client, asked, Act::View).await?;
    let found = dataset_of(&mut tx, dataset).await?;
    let (photos, more_photos) = photos(ctx, &mut tx, dataset).await?;
    let download = download_of_visitor(&mut tx, dataset).await?;
    let others = match link::site_shown(&mut tx, asked, dataset).await? {
        Some(site) => others(&mut tx, site, dataset).await?,
        None => Vec::new(),
    };
    Ok(ViewerView {
        dataset: dataset.to_string(),
        name: found.name,
        captured_on: found.dataset.and_then(|facts| facts.captured_on),
        others,
        layers: layer::list_in(&mut tx, dataset).await?,
        photos,
        more_photos,
        annotations: annotation::list_all_for_visitor(&mut tx, dataset).await?,
        save: save_control(Some(NotSaved::Link)),
        download,
        may_process: false,
    })
}

/// [`compare`] for a visitor of a link, which shows both, and their site.
///
/// # Errors
/// `NotFound` as for [`visit`], and where the link does not show both or they are not in the same site; `RateLimited`.
pub async fn visit_compared(ctx: &Ctx, client: &Client, asked: &LinkRequest, with: &str) -> Result<ViewerView> {
    let with: ResourceId = super::subject(with)?;
    let _turn = survey::TURNS.acquire().await.ok();
    let (mut tx, dataset) = link::open_dataset(ctx, client, asked, Act::View).await?;
    let site = link::site_shown(&mut tx, asked, dataset).await?;
    if dataset == with || site.is_none() || site != link::site_shown(&mut tx, asked, with).await? {
        return Err(Refusal::NotFound.into());
    }
    may_visit(Act::View, link::restrictions(&mut tx, with).await?)?;
    let download = download_of_visitor(&mut tx, with).await?;
    second_view(ctx, &mut tx, with, download, false).await
}

/// The site that a dataset is in.
fn site_of(access_path: &AccessPath) -> Option<ResourceId> {
    access_path.ancestors.get(1).filter(|above| above.kind == Kind::Site).map(|above| above.id)
}

/// What a dataset can be compared with, newest first: what else the timeline of its site shows that has a place.
async fn others(tx: &mut Tx, site: ResourceId, dataset: ResourceId) -> Result<Vec<OtherDataset>> {
    let timeline = site::timeline(tx, site).await?;
    let others = timeline.datasets.into_iter().rev().filter(|other| other.has_place && other.id != dataset);
    Ok(others.map(|other| OtherDataset { id: other.id, name: other.name, captured_on: other.on }).collect())
}

/// What the second map of a comparison shows, for whom has been found to see it.
async fn second_view(
    ctx: &Ctx,
    tx: &mut Tx,
    dataset: ResourceId,
    download: Control,
    may_process: bool,
) -> Result<ViewerView> {
    let found = dataset_of(tx, dataset).await?;
    let (photos, more_photos) = photos(ctx, tx, dataset).await?;
    Ok(ViewerView {
        dataset: dataset.to_string(),
        name: found.name,
        captured_on: found.dataset.and_then(|facts| facts.captured_on),
        others: Vec::new(),
        layers: layer::list_in(tx, dataset).await?,
        photos,
        more_photos,
        annotations: Vec::new(),
        save: Control::Absent,
        download,
        may_process,
    })
}

async fn download_of_visitor(tx: &mut Tx, dataset: ResourceId) -> Result<Control> {
    let restrictions = link::restrictions(tx, dataset).await?;
    Ok(may_visit(Act::Download, restrictions)
        .map_or_else(|refusal| Control::Disabled(refusal.to_string()), |()| Control::Enabled))
}

async fn dataset_of(tx: &mut Tx, id: ResourceId) -> Result<Resource> {
    let found = resource::find(tx, id).await?.filter(|found| found.kind == Kind::Dataset);
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// Whether what is drawn is saved.
async fn save(tx: &mut Tx, ctx: &Ctx, access_path: &AccessPath, account: AccountId) -> Result<Control> {
    let not_saved = annotation::find_not_saved(tx, ctx, &access_path.facts, account).await?;
    Ok(save_control(not_saved))
}

fn download(access_path: &AccessPath) -> Control {
    let Some(level) = access_path.level() else { return Control::Absent };
    let target = FilesTarget { side: Side::Output, level, restrictions: access_path.facts.restrictions, held: false };
    file_command::control(FileCommand::Download, target)
}

#[derive(Deserialize)]
struct Footprints {
    features: Vec<Footprint>,
}

#[derive(Deserialize)]
struct Footprint {
    geometry: Outline,
    properties: Number,
}

#[derive(Deserialize)]
struct Outline {
    coordinates: Vec<Vec<[f64; 2]>>,
}

#[derive(Deserialize)]
struct Number {
    number: i64,
}

/// The photos that know where they were taken, with what they see as far as *Survey index* knows; and whether there are more.
async fn photos(ctx: &Ctx, tx: &mut Tx, dataset: ResourceId) -> Result<(Vec<PhotoOnMap>, bool)> {
    let mut places = photo::list_places(tx, dataset, MAX_PHOTOS + 1).await?;
    let most = usize::try_from(MAX_PHOTOS).unwrap_or(usize::MAX);
    let more = places.len() > most;
    places.truncate(most);
    if places.is_empty() {
        return Ok((Vec::new(), false));
    }
    let results = survey::results(tx, dataset, BuiltIn::SurveyIndex).await?;
    let shapes = survey::read::<Footprints>(ctx, tx, &results, survey_index::FOOTPRINTS_GEOJSON).await?;
    let mut shapes: BTreeMap<i64, [Position; 4]> = shapes
        .into_iter()
        .flat_map(|(_, shapes)| shapes.features)
        .filter_map(|shape| {
            let ring = shape.geometry.coordinates.first()?;
            let corners: Vec<Position> = ring.iter().filter_map(|corner| survey::position(*corner)).collect();
            // The last corner is the first once more.
            Some((shape.properties.number, corners.get(..4)?.try_into().ok()?))
        })
        .collect();
    let photos = places.into_iter().filter_map(|found| {
        Some(PhotoOnMap {
            at: Position::new(found.latitude, found.longitude)?,
            footprint: shapes.remove(&found.number),
            number: found.number,
            path: found.path,
            left_out: found.left_out,
        })
    });
    Ok((photos.collect(), more))
}
