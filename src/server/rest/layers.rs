//! `/datasets/{id}/layers` (VIEW-1).

use axum::{
    extract::{Path, State},
    http::{HeaderMap, Method},
    response::Response,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        layer::{LayerKind, LayerState},
        photo::Position,
        survey::MOSAIC_NOTE,
    },
    server::{
        context::Ctx,
        usecase::layer::{self, LayerBytes, TileAddress},
    },
    view::viewer::LayerView,
};

use super::{
    CurrentPerson, Json,
    download::{Disposition, Download},
    problem::Problem,
};

/// The layers of a dataset.
#[derive(Debug, Serialize, ToSchema)]
pub struct LayersBody {
    /// From the lowest to the highest.
    items: Vec<LayerBody>,
}

/// A raster that a job made.
#[derive(Debug, Serialize, ToSchema)]
pub struct LayerBody {
    /// The number of the result among the dataset's files.
    number: i64,
    /// `mosaic`, `orthophoto`, `elevation` or `coverage`.
    kind: &'static str,
    title: String,
    /// `waiting`, `ready` or `failed` (`problem` says why).
    state: &'static str,
    /// Whether it was made of other images than the dataset has now.
    outdated: bool,
    problem: Option<String>,
    /// Pixels of the finest level; 0 while it is not ready, like `levels`.
    width: u32,
    height: u32,
    /// Level 0 is the coarsest; each has twice as many pixels a side as the one before, in tiles of 512 pixels.
    levels: u32,
    /// The westernmost, southernmost, easternmost and northernmost degree; null while it is not ready. Across 180 degrees, the westernmost is
    /// the larger one, as in GeoJSON.
    bounds: Option<[f64; 4]>,
    /// 17 by 17 places spread evenly over the raster, its edges among them, as `[longitude, latitude]` in degrees, row by row from the
    /// upper left corner.
    grid: Vec<[f64; 2]>,
    /// What has to be known of how it was made; empty for nothing.
    attribution: &'static str,
}

/// Nanodegrees in degrees.
#[expect(clippy::cast_precision_loss, reason = "a position has fewer digits than a float")]
fn degrees(value: i64) -> f64 {
    value as f64 / 1e9
}

/// Half of the earth, in nanodegrees of longitude.
const HALF: i64 = 180_000_000_000;

fn bounds(grid: &[Position]) -> Option<[f64; 4]> {
    let longitudes = grid.iter().map(|at| at.longitude);
    let latitudes = grid.iter().map(|at| at.latitude);
    let (mut west, mut east) = (longitudes.clone().min()?, longitudes.clone().max()?);
    // No layer reaches over half of the earth.
    if east - west > HALF {
        west = longitudes.clone().filter(|longitude| *longitude >= 0).min()?;
        east = longitudes.filter(|longitude| *longitude < 0).max()?;
    }
    Some([degrees(west), degrees(latitudes.clone().min()?), degrees(east), degrees(latitudes.max()?)])
}

impl From<LayerView> for LayerBody {
    fn from(view: LayerView) -> Self {
        Self {
            number: view.number,
            kind: view.kind.as_str(),
            title: view.title,
            state: view.state.as_str(),
            outdated: view.outdated,
            width: view.width,
            height: view.height,
            levels: view.levels,
            bounds: bounds(&view.grid),
            grid: view.grid.iter().map(|at| [degrees(at.longitude), degrees(at.latitude)]).collect(),
            attribution: if view.kind == LayerKind::Mosaic { MOSAIC_NOTE } else { "" },
            problem: match view.state {
                LayerState::Failed(problem) => Some(problem),
                LayerState::Waiting | LayerState::Ready => None,
            },
        }
    }
}

/// The layers of a dataset: the rasters that its jobs made. What cannot be shown is among them, and says why.
#[utoipa::path(get, path = "/datasets/{id}/layers", tag = "files", params(("id" = String, Path)),
    responses((status = 200, body = LayersBody), (status = 404, body = Problem)))]
pub async fn list(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path(id): Path<String>,
) -> Result<Json<LayersBody>, Problem> {
    Ok(Json(LayersBody { items: layer::list(&ctx, &by, &id).await?.into_iter().map(Into::into).collect() }))
}

/// A tile of a layer, of 512 by 512 pixels, that the server encoded: a JPEG, or, where pixels are missing, a WebP in which they are
/// transparent. Outside of the raster a JPEG is white. Layers that were made before there were such tiles have JPEGs only, which are white
/// there. A tile never changes, so browsers may keep it, for the person that they got it for. Whoever asks again is checked again.
#[utoipa::path(get, path = "/datasets/{id}/layers/{number}/{level}/{x}/{y}", tag = "files",
    params(("id" = String, Path), ("number" = i64, Path), ("level" = u32, Path), ("x" = u32, Path), ("y" = u32, Path)),
    responses((status = 200, content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))), (status = 206, content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))), (status = 304), (status = 404, body = Problem), (status = 412, body = Problem), (status = 416, body = Problem)))]
pub async fn tile(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number, level, x, y)): Path<(String, String, String, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tile = layer::tile(&ctx, &by, &id, &number, &TileAddress { level, x, y }).await?;
    download_of(&tile).answer(&method, &headers, |part| tile.read(&ctx, part)).await
}

/// A tile, as browsers show it.
pub(in crate::server) fn download_of(tile: &LayerBytes) -> Download<'_> {
    Download { disposition: Disposition::Inline, media: tile.media.as_str(), bytes: tile.bytes, tag: &tile.tag }
}

/// All tiles of a layer in one file: a cloud optimized GeoTIFF, which programs for maps read as they need it.
#[utoipa::path(get, path = "/datasets/{id}/layers/{number}/content", tag = "files",
    params(("id" = String, Path), ("number" = i64, Path), ("Range" = Option<String>, Header), ("If-Range" = Option<String>, Header)),
    responses((status = 200, body = Vec<u8>, content_type = "image/tiff"), (status = 206, body = Vec<u8>, content_type = "image/tiff"), (status = 304), (status = 403, body = Problem), (status = 404, body = Problem), (status = 412, body = Problem), (status = 416, body = Problem)))]
pub async fn content(
    State(ctx): State<Ctx>,
    CurrentPerson(by): CurrentPerson,
    Path((id, number)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let whole = layer::content(&ctx, &by, &id, &number).await?;
    let download = Download {
        disposition: Disposition::Attachment(&whole.name),
        media: whole.media.as_str(),
        bytes: whole.bytes,
        tag: &whole.tag,
    };
    download.answer(&method, &headers, |part| whole.read(&ctx, part)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn view_1_the_bounds_of_a_raster_across_180_degrees_are_not_those_of_the_earth() {
        let of = |places: &[[i64; 2]]| {
            let at = |[longitude, latitude]: &[i64; 2]| Position {
                latitude: latitude * 1_000_000_000,
                longitude: longitude * 1_000_000_000,
            };
            bounds(&places.iter().map(at).collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[[8, 47], [9, 46], [-2, 45]]), Some([-2.0, 45.0, 9.0, 47.0]));
        assert_eq!(of(&[[178, -17], [180, -17], [-179, -18], [-178, -16]]), Some([178.0, -18.0, -178.0, -16.0]));
    }
}
