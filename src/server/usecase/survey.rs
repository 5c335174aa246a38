//! What the built-in apps made of a dataset, as a page (JOB-4): it is read from the results themselves.

use std::collections::BTreeSet;

use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::Semaphore;

use crate::{
    domain::{
        access::Act,
        app::BuiltIn,
        command::Control,
        file::{MAX_CHOSEN_FILES, Side},
        file_command::{FileCommand, FilesTarget, control},
        id::ResourceId,
        photo::{Position, PreviewSize, preview_sides},
        qc::QcReport,
        refusal::Refusal,
        survey::{
            Index,
            map::{PlacedPhoto, SurveyMap},
        },
        time::Timestamp,
        upload::may_change_files,
    },
    server::{
        builtin::{qc_report, survey_index},
        context::{Ctx, Principal},
        error::Result,
        store::{
            Tx, app, blob,
            dataset_file::{self, AppResult},
            photo, resource,
        },
    },
    view::survey::{IndexView, ReportView, SurveyView},
};

use super::{access, outdated, view_as};

/// The largest result that is read for a page. Those of ten thousand photos are smaller.
const MAX_READ_BYTES: i64 = 48 * 1024 * 1024;

/// How many of these pages are made at once on a node: each may hold all of these results.
pub(super) static TURNS: Semaphore = Semaphore::const_new(2);

/// How many photos of a finding the page shows; the file has all of them.
const SHOWN_PHOTOS: usize = 60;

/// What the built-in apps made of a dataset, for who may see it; what somebody else sees of it where `view_as` says whom.
///
/// # Errors
/// `NotFound`; `Forbidden` for who may not look as another; `Unavailable` where storage does not answer.
pub async fn show(ctx: &Ctx, by: &Principal, dataset: &str, view_as: &str) -> Result<SurveyView> {
    let dataset: ResourceId = super::subject(dataset)?;
    // Before a connection to the database is held.
    let _turn = TURNS.acquire().await.ok();
    let seen_as = view_as::at_resource(ctx, by, dataset, view_as).await?;
    let mut tx = ctx.db().read().await?;
    let (_, access_path) = access::permit(&mut tx, &seen_as.by, Act::View, dataset).await?;
    let found = resource::find(&mut tx, dataset).await?.ok_or(Refusal::NotFound)?;
    let facts = found.dataset.as_ref().ok_or(Refusal::NotFound)?;
    let images = facts.images;
    let held = may_change_files(Side::Input, facts.status, found.live_jobs).is_err();
    let target = access_path.level().map(|level| FilesTarget {
        side: Side::Input,
        level,
        restrictions: access_path.facts.restrictions,
        held,
    });
    let outdated = outdated::numbers(&mut tx, dataset).await?;
    let index = results(&mut tx, dataset, BuiltIn::SurveyIndex).await?;
    let report = results(&mut tx, dataset, BuiltIn::QcReport).await?;
    let index = match read::<Index>(ctx, &mut tx, &index, survey_index::INDEX_JSON).await? {
        None => None,
        Some((of, read)) => {
            let map = map(ctx, &mut tx, &index, &read).await?;
            let mosaic = mosaic(&mut tx, &index, &read).await?;
            let outdated = outdated.contains(&of.number);
            Some(IndexView { index: read, map, mosaic, made_at: of.created_at, images, outdated })
        }
    };
    let report = match read::<QcReport>(ctx, &mut tx, &report, qc_report::QC_JSON).await? {
        None => None,
        Some((of, read)) => {
            let leave_out = target.map_or(Control::Absent, |target| control(FileCommand::LeaveOut, target));
            let outdated = outdated.contains(&of.number);
            Some(report_view(&mut tx, dataset, read, (of.created_at, images, outdated, leave_out)).await?)
        }
    };
    Ok(SurveyView { index, report })
}

/// The results of a built-in app.
pub(super) async fn results(tx: &mut Tx, dataset: ResourceId, which: BuiltIn) -> Result<Vec<AppResult>> {
    match app::find(tx, which.facts().slug).await? {
        Some(app) => Ok(dataset_file::list_of_app(tx, dataset, app.id).await?),
        None => Ok(Vec::new()),
    }
}

/// A result that is JSON, if it is there and of today's form: one of an earlier version of the app may be of another.
pub(super) async fn read<T: DeserializeOwned>(
    ctx: &Ctx,
    tx: &mut Tx,
    results: &[AppResult],
    path: &str,
) -> Result<Option<(AppResult, T)>> {
    let Some(result) = results.iter().find(|result| result.name() == path && result.bytes <= MAX_READ_BYTES) else {
        return Ok(None);
    };
    let pieces = blob::list_pieces(tx, result.blob_id).await?;
    let bytes = ctx.files()?.read_whole(&result.cluster, &pieces).await?;
    Ok(serde_json::from_slice(&bytes).ok().map(|read| (result.clone(), read)))
}

#[derive(Deserialize)]
struct Features<C> {
    features: Vec<Feature<C>>,
}

#[derive(Deserialize)]
struct Feature<C> {
    geometry: Geometry<C>,
    properties: Properties,
}

#[derive(Deserialize)]
struct Geometry<C> {
    coordinates: C,
}

#[derive(Deserialize)]
struct Properties {
    number: i64,
    path: String,
    flight: Option<i64>,
    line: Option<i64>,
}

/// A position as GeoJSON writes it.
pub(super) fn position([longitude, latitude]: [f64; 2]) -> Option<Position> {
    let nano = |degrees: f64| crate::domain::geo::whole(degrees * 1e9);
    Position::new(nano(latitude), nano(longitude))
}

async fn map(ctx: &Ctx, tx: &mut Tx, results: &[AppResult], index: &Index) -> Result<Option<SurveyMap>> {
    let Some(bounds) = index.bounds else { return Ok(None) };
    let photos = read::<Features<[f64; 2]>>(ctx, tx, results, survey_index::PHOTOS_GEOJSON).await?;
    let shapes = read::<Features<Vec<Vec<[f64; 2]>>>>(ctx, tx, results, survey_index::FOOTPRINTS_GEOJSON).await?;
    let Some((_, photos)) = photos else { return Ok(None) };
    let placed = photos.features.into_iter().filter_map(|feature| {
        let Properties { number, path, flight, line } = feature.properties;
        Some(PlacedPhoto { number, path, at: position(feature.geometry.coordinates)?, line: flight.zip(line) })
    });
    let shapes = shapes.into_iter().flat_map(|(_, shapes)| shapes.features).filter_map(|feature| {
        let ring: Vec<Position> = feature.geometry.coordinates.first()?.iter().filter_map(|at| position(*at)).collect();
        // The last corner is the first once more.
        ring.get(..4)?.try_into().ok()
    });
    let (placed, shapes): (Vec<PlacedPhoto>, Vec<[Position; 4]>) = (placed.collect(), shapes.collect());
    Ok(SurveyMap::of(&placed, &shapes, [bounds.west, bounds.south, bounds.east, bounds.north]))
}

/// The mosaic's picture, with its size on the page.
async fn mosaic(tx: &mut Tx, results: &[AppResult], index: &Index) -> Result<Option<(i64, u32, u32)>> {
    let Some(picture) = results.iter().find(|result| result.name() == survey_index::MOSAIC_JPG) else {
        return Ok(None);
    };
    let made = photo::find_preview(tx, picture.blob_id, PreviewSize::Large).await?;
    let sides = index.mosaic.map(|mosaic| preview_sides(mosaic.columns, mosaic.rows, PreviewSize::Large));
    Ok(made.and(sides).map(|(width, height)| (picture.number, width, height)))
}

async fn report_view(
    tx: &mut Tx,
    dataset: ResourceId,
    mut report: QcReport,
    (made_at, images, outdated, leave_out): (Timestamp, i64, bool, Control),
) -> Result<ReportView> {
    let named: BTreeSet<i64> =
        report.findings.iter().flat_map(|finding| &finding.photos).map(|photo| photo.number).collect();
    let named: Vec<i64> = named.into_iter().collect();
    let there = dataset_file::list_by_numbers(tx, dataset, &named).await?;
    let left_out: BTreeSet<i64> = there.iter().filter(|file| file.left_out).map(|file| file.number).collect();
    let there: BTreeSet<i64> = there.iter().map(|file| file.number).collect();
    // What was deleted since is nothing to look at.
    for finding in &mut report.findings {
        finding.photos.retain(|photo| there.contains(&photo.number));
    }
    report.findings.retain(|finding| !finding.photos.is_empty());
    let photos: Vec<usize> = report.findings.iter().map(|finding| finding.photos.len()).collect();
    let proposed = report.findings.iter().map(|finding| {
        let proposed = finding.photos.iter().filter(|photo| photo.leave_out).map(|photo| photo.number);
        proposed.filter(|number| !left_out.contains(number)).take(MAX_CHOSEN_FILES).collect()
    });
    let proposed = proposed.collect();
    for finding in &mut report.findings {
        finding.photos.truncate(SHOWN_PHOTOS);
    }
    Ok(ReportView { report, photos, proposed, left_out, made_at, images, outdated, leave_out })
}
