//! What the preview mosaic is made of: which photos, how large, and when there is none.

use std::collections::BTreeMap;

use super::Survey;
use crate::domain::{
    geo::{Grid, median},
    photo::PreviewSize,
};

/// What is said of every mosaic.
pub const MOSAIC_NOTE: &str = "Placed by GPS and heading; edges do not match. Not a measured orthophoto.";

/// How large a pixel of the mosaic is at least, in pixels of a photo.
const MOSAIC_PIXEL: f64 = 4.0;

/// The most pixels in a row and in a column.
const MAX_SIDE: u32 = 16_384;

/// How far from its middle a photo is used at most, in pixels of the mosaic. So whoever makes it has few rows in memory at once.
const MAX_REACH: f64 = 2_048.0;

/// Why there is no mosaic, for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoMosaic {
    #[error(
        "No mosaic: no photo can be laid on the ground. That takes its position, height above the ground, heading and focal length."
    )]
    NothingPlaced,
}

/// How the mosaic is made.
#[derive(Clone, PartialEq, Debug)]
pub struct MosaicPlan {
    pub grid: Grid,
    /// The photos that it is made of, the northernmost first, by how far north they are used.
    pub photos: Vec<usize>,
    /// How far from its middle a photo is used at most, in metres.
    pub reach: f64,
}

impl MosaicPlan {
    /// Of the photos of the area that one kind of camera took: the one with the most of them. A thermal camera beside it would be every
    /// other patch.
    ///
    /// # Errors
    /// Why there is none.
    pub fn of(survey: &Survey<'_>) -> Result<Self, NoMosaic> {
        let mut kinds: BTreeMap<(Option<String>, u32, u32), Vec<usize>> = BTreeMap::new();
        for (index, _) in survey.placed() {
            if let Some((photo, measured)) = survey.photos.get(index).and_then(|photo| Some((photo, photo.measured()?)))
            {
                kinds.entry((photo.facts.camera(), measured.width, measured.height)).or_default().push(index);
            }
        }
        // Of two with as many photos, the first in the alphabet.
        let kinds = kinds.into_iter().rev().max_by_key(|(_, photos)| photos.len());
        let Some(((_, width, height), mut photos)) = kinds else { return Err(NoMosaic::NothingPlaced) };
        let sample = median(photos.iter().filter_map(|index| survey.sample(*index)).collect());
        let in_preview = f64::from(width.max(height)) / f64::from(PreviewSize::Large.pixels());
        let cell = sample.unwrap_or(0.0) * in_preview.max(MOSAIC_PIXEL);
        let footprints = photos.iter().filter_map(|index| Some(&survey.view(*index)?.footprint));
        let grid = Grid::over(footprints, cell, MAX_SIDE).ok_or(NoMosaic::NothingPlaced)?;
        let reach = MAX_REACH * grid.cell;
        let north = |index: &usize| {
            survey.view(*index).map_or(f64::NEG_INFINITY, |view| {
                let corners = view.footprint.iter().map(|corner| corner.north);
                corners.fold(f64::NEG_INFINITY, f64::max).min(view.centre.north + reach)
            })
        };
        photos.sort_by(|one, other| north(other).total_cmp(&north(one)));
        Ok(Self { grid, photos, reach })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::lawn_mower, *};

    #[test]
    fn job_4_a_mosaic_has_a_quarter_of_the_resolution_of_its_photos() {
        let photos = lawn_mower(3, 6);
        let survey = Survey::of(&photos);
        let plan = MosaicPlan::of(&survey).expect("a plan");
        assert!((plan.grid.cell - 4.0 * 0.027_414).abs() < 1e-4, "{:?}", plan.grid);
        assert_eq!(plan.photos.len(), 18);
        // From the north to the south, through all lines.
        let norths: Vec<f64> =
            plan.photos.iter().map(|index| survey.view(*index).expect("a view").centre.north).collect();
        assert!(norths.windows(2).all(|pair| pair[0] >= pair[1] - 1e-6), "{norths:?}");
    }

    #[test]
    fn job_4_a_mosaic_is_no_finer_than_previews_and_no_larger_than_it_may_be() {
        let mut photos = lawn_mower(3, 6);
        for photo in &mut photos {
            photo.opened.as_mut().expect("opened").width = 14_204;
            photo.opened.as_mut().expect("opened").height = 10_652;
        }
        let survey = Survey::of(&photos);
        let plan = MosaicPlan::of(&survey).expect("a plan");
        let sample = survey.typical_sample().expect("a size");
        assert!((plan.grid.cell / sample - 14_204.0 / 1_600.0).abs() < 1e-9);
        let photos = lawn_mower(100, 6);
        let plan = MosaicPlan::of(&Survey::of(&photos)).expect("a plan");
        assert_eq!(plan.grid.columns, MAX_SIDE);
    }

    #[test]
    fn job_4_a_mosaic_is_of_one_kind_of_camera() {
        let mut photos = lawn_mower(2, 5);
        for photo in &mut photos[..4] {
            photo.facts.model = Some("Thermal".to_owned());
        }
        photos[9].facts.height_mm = None;
        photos[9].facts.altitude_mm = Some(1_200_000);
        let survey = Survey::of(&photos);
        let mut made_of = MosaicPlan::of(&survey).expect("a plan").photos;
        made_of.sort_unstable();
        assert_eq!(made_of, [4, 5, 6, 7, 8]);
        for photo in &mut photos {
            photo.facts.yaw_mdeg = None;
        }
        assert_eq!(MosaicPlan::of(&Survey::of(&photos)), Err(NoMosaic::NothingPlaced));
    }
}
